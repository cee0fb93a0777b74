//! Check of message keys: exact counting per recipient needs all messages to one recipient in one partition.
//!
//! What was approved is remembered in the partition of the message, so that it can be written in the transaction
//! of the decision. Records without a key are spread over all partitions, and the same key in two partitions means
//! that producers disagree about the partitioner or that partitions were added. Invariant: keys are compared and
//! forgotten, never shown; nothing is committed. Absent: whether two keys mean one recipient, nobody can tell that.

use std::collections::{HashMap, HashSet};
use std::ops::ControlFlow;
use std::time::Duration;

use super::Finding;
use crate::config::Config;
use crate::kafka::Sight;
use crate::kafka::failure::KafkaFailure;
use crate::kafka::native::Record;
use crate::kafka::observer::{Edge, Look, Looked, Observer};
use crate::kafka::preflight::ClusterInfo;

/// Newest records looked at, of each partition.
const RECORDS_MAX: u32 = 500;
/// Partitions looked at: bounds memory and time on a large topic.
const PARTITIONS_MAX: u32 = 64;
/// Longest time to read them.
const READ_MAX: Duration = Duration::from_secs(10);

/// What the newest messages' keys are like.
#[derive(Default)]
struct Sample {
    n_records: usize,
    n_without_key: usize,
    /// Partition each key was first seen in.
    seen_in: HashMap<Vec<u8>, i32>,
    spread: HashSet<Vec<u8>>,
}

impl Sample {
    fn add(&mut self, partition: i32, key: Option<&[u8]>) {
        self.n_records += 1;
        let Some(key) = key else {
            self.n_without_key += 1;
            return;
        };
        let first = *self.seen_in.entry(key.to_vec()).or_insert(partition);
        if first != partition {
            self.spread.insert(key.to_vec());
        }
    }
}

pub(super) fn check(config: &Config, cluster: &ClusterInfo) -> Vec<Finding> {
    let topics = &config.topics.outbound_messages;
    let each = topics.iter().filter_map(|topic| check_topics(config, cluster, &[topic]));
    let mut findings: Vec<Finding> = each.collect();
    if topics.len() > 1 {
        // one key in two partitions of two topics is counted twice
        let all: Vec<&String> = topics.iter().collect();
        findings.extend(check_topics(config, cluster, &all));
    }
    findings
}

/// These topics together.
fn check_topics(config: &Config, cluster: &ClusterInfo, topics: &[&String]) -> Option<Finding> {
    let names: Vec<&str> = topics.iter().map(|topic| topic.as_str()).collect();
    let check = match names.as_slice() {
        [one] => format!("topic {one}: keys"),
        several => format!("topics {}: keys together", several.join(", ")),
    };
    let mut sample = Sample::default();
    for topic in names {
        let n_partitions = cluster.require(topic).ok()?.partitions;
        let read = visit_newest(config, topic, n_partitions, &mut |record| {
            sample.add(record.partition, record.key);
        });
        if let Err(failure) = read {
            return Some(Finding::skip(check, failure.cause));
        }
    }
    Some(judge(check, &sample))
}

fn judge(check: String, sample: &Sample) -> Finding {
    const FIX: &str = "give each message its recipient's contact id as key, and let all producers use one partitioner; counting \
                       per recipient (frequency caps, one confirmation, one request) is exact only when all messages to one \
                       recipient go to one partition";
    let Sample { n_records, n_without_key, seen_in, spread } = sample;
    let mut found = Vec::new();
    if *n_without_key > 0 {
        found.push(format!("{n_without_key} have no key"));
    }
    if !spread.is_empty() {
        found.push(format!("{} of {} keys are in several partitions", spread.len(), seen_in.len()));
    }
    if *n_records == 0 {
        return Finding::skip(check, "no messages yet");
    }
    if found.is_empty() {
        return Finding::pass(
            check,
            format!(
                "the newest {n_records} messages have keys, each in one partition: caps are exact"
            ),
        );
    }
    Finding::warn(check, format!("of the newest {n_records} messages {}", found.join(", ")), FIX)
}

/// Visits the newest records of a topic, committed or not; what has not come in time is left out.
pub(super) fn visit_newest(
    config: &Config,
    topic: &str,
    n_partitions: u32,
    visit: &mut dyn FnMut(&Record<'_>),
) -> Result<(), KafkaFailure> {
    let look = Look {
        topic,
        n_partitions: n_partitions.min(PARTITIONS_MAX),
        at: Edge::Newest,
        records_max: RECORDS_MAX,
        sight: Sight::Everything,
        limit: READ_MAX,
        doing: &format!("reading topic `{topic}`"),
    };
    let looked = Observer::of(config).look(&look, &mut |record| {
        visit(record);
        ControlFlow::Continue(())
    })?;
    match looked {
        Looked::Whole | Looked::Enough | Looked::Late(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_do_not_decide_the_partition_are_found_and_not_shown() {
        let judged = |records: &[(i32, Option<&str>)]| {
            let mut sample = Sample::default();
            records
                .iter()
                .for_each(|(partition, key)| sample.add(*partition, key.map(str::as_bytes)));
            judge(String::from("keys"), &sample)
        };
        assert_eq!(judged(&[]).verdict.name(), "SKIP");
        assert_eq!(
            judged(&[(0, Some("a")), (0, Some("a")), (1, Some("b"))]).verdict.name(),
            "PASS"
        );
        let without = judged(&[(0, Some("a")), (1, None)]);
        assert_eq!(
            (without.verdict.name(), &*without.found),
            ("WARN", "of the newest 2 messages 1 have no key")
        );
        let spread = judged(&[(0, Some("ana")), (1, Some("ana")), (2, Some("ana"))]);
        assert!(spread.found.ends_with("1 of 1 keys are in several partitions"), "{spread:?}");
        assert!(!format!("{spread:?}").contains("ana"));
        assert!(spread.fix.says("go to one partition"));
    }
}

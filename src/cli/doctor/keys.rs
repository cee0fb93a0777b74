//! Check of message keys: exact counting per recipient needs all messages to one recipient in one partition.
//!
//! What was approved is remembered in the partition of the message, so that it can be written in the transaction
//! of the decision. Records without a key are spread over all partitions, and the same key in two partitions means
//! that producers disagree about the partitioner or that partitions were added. Invariant: keys are compared and
//! forgotten, never shown; nothing is committed. Absent: whether two keys mean one recipient, nobody can tell that.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::KafkaError;
use rdkafka::message::{BorrowedMessage, Message as _};
use rdkafka::{Offset, TopicPartitionList};

use super::Finding;
use crate::config::Config;
use crate::kafka::failure::{KafkaFailure, Witness};
use crate::kafka::preflight::ClusterInfo;

/// Newest records looked at, of each partition.
const RECORDS_MAX: i64 = 500;
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

pub(super) fn check(config: &Config, cluster: &ClusterInfo) -> Option<Finding> {
    let topic = &config.topics.outbound_message;
    let n_partitions = cluster.require(topic).ok()?.partitions;
    let check = format!("topic {topic}: keys");
    let mut sample = Sample::default();
    let read = read_newest(config, topic, n_partitions, &mut |message| {
        sample.add(message.partition(), message.key());
    });
    Some(match read {
        Ok(()) => judge(check, &sample),
        Err(failure) => Finding::skip(check, failure.cause),
    })
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

/// Reads the newest records of a topic; what has not come in time is left out.
pub(super) fn read_newest(
    config: &Config,
    topic: &str,
    n_partitions: u32,
    visit: &mut dyn FnMut(&BorrowedMessage<'_>),
) -> Result<(), KafkaFailure> {
    let n_partitions = i32::try_from(n_partitions.min(PARTITIONS_MAX)).unwrap_or(0);
    let doing = format!("reading topic `{topic}`");
    let failed = |error: KafkaError| KafkaFailure::new(&error, &doing);
    let mut client = config.client_base();
    client
        // Assigned by hand: the group is not joined, and nothing is committed.
        .set("group.id", &config.kafka.group_id)
        .set("enable.auto.commit", "false")
        .set("enable.auto.offset.store", "false")
        .set("enable.partition.eof", "true")
        .set("isolation.level", "read_uncommitted")
        .set("fetch.wait.max.ms", "100")
        .set("queued.max.messages.kbytes", "16384")
        .set("auto.offset.reset", "earliest");
    let consumer: BaseConsumer<Witness> =
        client.create_with_context(Witness::default()).map_err(failed)?;
    let mut assignment = TopicPartitionList::new();
    for partition in 0..n_partitions {
        let from = Offset::OffsetTail(RECORDS_MAX);
        assignment.add_partition_offset(topic, partition, from).map_err(failed)?;
    }
    consumer.assign(&assignment).map_err(failed)?;
    let began = Instant::now();
    let mut at_end = HashSet::new();
    while at_end.len() < assignment.count() && began.elapsed() < READ_MAX {
        match consumer.poll(Duration::from_millis(100)) {
            Some(Ok(message)) if !at_end.contains(&message.partition()) => {
                visit(&message);
            }
            Some(Err(KafkaError::PartitionEOF(partition))) => {
                at_end.insert(partition);
            }
            // Rights have a check of their own.
            Some(Ok(_) | Err(_)) | None => {}
        }
    }
    Ok(())
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

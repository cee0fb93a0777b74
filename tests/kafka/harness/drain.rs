//! Waiting until every message has its answer, and if that does not happen, saying which have none.
//!
//! The wait ends when nothing has moved for a minute, not at a deadline. The report shows for each input
//! partition what is undecided and what the group has committed: lost and late look different there.

use crate::harness::environment;
use crate::harness::load::Stage;
use crate::harness::readers::{During, Record, read_all};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::{ClientConfig, TopicPartitionList};
use std::collections::{BTreeMap, HashSet};
use std::time::{Duration, Instant};

/// How long nothing may move.
const PATIENCE: Duration = Duration::from_secs(60);

/// Waits until everything in the ledger is decided.
pub(crate) fn drained(stage: &Stage, during: &During) {
    drained_while(stage, during, || {});
}

/// The same, and does `meanwhile` in between: a supervisor's work.
pub(crate) fn drained_while(stage: &Stage, during: &During, mut meanwhile: impl FnMut()) {
    let wanted = stage.ledger.n_messages();
    let (mut last, mut moved) = (during.count(), Instant::now());
    while last < wanted {
        std::thread::sleep(Duration::from_millis(10));
        meanwhile();
        let now = during.count();
        if now != last {
            (last, moved) = (now, Instant::now());
        }
        if moved.elapsed() > PATIENCE {
            let report = report(stage, during);
            panic!("stuck for {PATIENCE:?} at {last} of {wanted} messages\n{report}");
        }
    }
}

fn report(stage: &Stage, during: &During) -> String {
    let topic = &stage.topics.outbound;
    let inputs = read_all(&stage.bootstrap, &[topic]);
    let seen = during.records();
    let decided: HashSet<&str> = seen.iter().filter_map(|r| r.header("gate-source")).collect();
    let mut undecided: BTreeMap<i32, Vec<i64>> = BTreeMap::new();
    for input in inputs.iter().filter(|input| !decided.contains(input.place().as_str())) {
        undecided.entry(input.partition).or_default().push(input.offset);
    }
    let committed = committed(stage, &inputs);
    let mut report = String::new();
    for (partition, offsets) in undecided {
        let end = inputs.iter().filter(|r| r.partition == partition).map(|r| r.offset + 1).max();
        let (first, last) = (offsets.first(), offsets.last());
        report += &format!(
            "  {topic}/{partition}: {} undecided, {first:?} to {last:?}, end {end:?}, committed {:?}\n",
            offsets.len(),
            committed.get(&partition),
        );
    }
    report
        + &format!(
            "  {} inputs in the log, {} outputs seen, {} sources, now {}",
            inputs.len(),
            seen.len(),
            decided.len(),
            jiff::Timestamp::now()
        )
}

fn committed(stage: &Stage, inputs: &[Record]) -> BTreeMap<i32, String> {
    let topic = &stage.topics.outbound;
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", &stage.bootstrap);
    config.set("group.id", environment::group_of(topic));
    let consumer: BaseConsumer = config.create().expect("a consumer can be made");
    let mut query = TopicPartitionList::new();
    for partition in inputs.iter().map(|r| r.partition).collect::<HashSet<_>>() {
        query.add_partition(topic, partition);
    }
    let answer = consumer.committed_offsets(query, Duration::from_secs(30));
    let answer = answer.expect("the broker tells committed offsets");
    let elements = answer.elements();
    elements.iter().map(|e| (e.partition(), format!("{:?}", e.offset()))).collect()
}

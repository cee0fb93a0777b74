//! Whether the topics hold sample traffic only: the oldest and the newest records of each partition are looked at.
//!
//! Why so: a wrong `-c` is how samples would get into production, and a topic in use betrays itself by its records.
//! A flag that one always has to give is soon given without thinking; this one is needed only where it matters. An
//! empty topic is taken: sample contacts live at reserved addresses, so what lands there reaches nobody.

use std::time::{Duration, Instant};

use rdkafka::TopicPartitionList;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::KafkaError;
use rdkafka::message::{BorrowedMessage, Headers as _, Message as _};
use rdkafka::{Offset, consumer::DefaultConsumerContext};

use super::super::{ExitCode, Failure};
use crate::config::Config;
use crate::generate::{HEADER, HEADER_VALUE};
use crate::headers::PROBE_CONTACTS;
use crate::kafka::failure::KafkaFailure;
use crate::kafka::preflight::ClusterInfo;

/// Records looked at, at each end of each partition.
const LOOK: i64 = 20;
/// Longest look at one topic.
const LOOK_MAX: Duration = Duration::from_secs(10);
const POLL: Duration = Duration::from_millis(100);
const DOING: &str = "looking at what the topics hold";

type Client = BaseConsumer<DefaultConsumerContext>;

/// Nothing but samples in both inputs.
pub(super) fn only_samples(config: &Config, cluster: &ClusterInfo) -> Result<(), Failure> {
    let mut client = config.client_base();
    client
        // needed to read at all, and the one that access lists allow; it is neither joined nor written to
        .set("group.id", &config.kafka.group_id)
        .set("enable.auto.commit", "false")
        .set("enable.auto.offset.store", "false")
        .set("enable.partition.eof", "true")
        .set("auto.offset.reset", "earliest")
        .set("fetch.wait.max.ms", "50");
    let client: Client = client.create().map_err(|error| KafkaFailure::new(&error, DOING))?;
    for topic in [&config.topics.consent_change, &config.topics.outbound_message] {
        let partitions = i32::try_from(cluster.require(topic)?.partitions).unwrap_or(i32::MAX);
        for end in [Offset::Beginning, Offset::OffsetTail(LOOK)] {
            if let Some((partition, offset)) = foreign(&client, topic, partitions, end)? {
                return Err(refusal(topic, partition, offset));
            }
        }
    }
    Ok(())
}

fn refusal(topic: &str, partition: i32, offset: i64) -> Failure {
    Failure::new(
        ExitCode::Config,
        format!(
            "`{topic}` is used by somebody else: partition {partition} offset {offset} is no sample traffic, and whoever \
             reads there would take samples for real\n    fix: give samples topics of their own, or say `--force` if this \
             cluster is only for trying things out"
        ),
    )
}

/// The first record that is no sample, among the [`LOOK`] from `end` on of each partition.
fn foreign(
    client: &Client,
    topic: &str,
    partitions: i32,
    end: Offset,
) -> Result<Option<(i32, i64)>, Failure> {
    let failed = |error: &KafkaError| KafkaFailure::new(error, DOING);
    let mut assignment = TopicPartitionList::new();
    for partition in 0..partitions {
        assignment.add_partition_offset(topic, partition, end).map_err(|error| failed(&error))?;
    }
    client.assign(&assignment).map_err(|error| failed(&error))?;
    let mut n_left = vec![LOOK; usize::try_from(partitions).unwrap_or_default()];
    let began = Instant::now();
    while n_left.iter().any(|n| *n > 0) {
        if began.elapsed() > LOOK_MAX {
            let why =
                format!("{DOING}: `{topic}` could not be read within {} s", LOOK_MAX.as_secs());
            return Err(Failure::new(ExitCode::TryAgain, why));
        }
        let left = |partition: i32| usize::try_from(partition).ok();
        match client.poll(POLL) {
            None => {}
            Some(Ok(message)) => {
                if !is_sample(&message) {
                    return Ok(Some((message.partition(), message.offset())));
                }
                if let Some(n) = left(message.partition()).and_then(|nth| n_left.get_mut(nth)) {
                    *n -= 1;
                }
            }
            Some(Err(KafkaError::PartitionEOF(partition))) => {
                if let Some(n) = left(partition).and_then(|nth| n_left.get_mut(nth)) {
                    *n = 0;
                }
            }
            // the weather passes or ends in the time-out above; a missing right does not
            Some(Err(error)) => {
                let failure = failed(&error);
                if failure.class != crate::kafka::failure::Class::TryAgain {
                    return Err(failure.into());
                }
            }
        }
    }
    Ok(None)
}

fn is_sample(message: &BorrowedMessage<'_>) -> bool {
    let is_marked = message.headers().is_some_and(|headers| {
        headers.iter().any(|h| h.key == HEADER && h.value == Some(HEADER_VALUE.as_bytes()))
    });
    // a running gate's own probe may write there
    is_marked || message.key().is_some_and(|key| key.starts_with(PROBE_CONTACTS.as_bytes()))
}

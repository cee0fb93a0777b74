//! Reads topics once, from given offsets to their present end, committed records only.

use super::context::GateContext;
use super::is_unreadable_batch;
use super::native::{BatchReader, NativeError, Polled, Record};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::{ClientConfig, Offset, TopicPartitionList};
use std::collections::HashMap;
use std::time::{Duration, Instant};

/// Records taken at once.
const RECORDS_MAX: usize = 1_000;
/// How long one poll waits.
const POLL_WAIT: Duration = Duration::from_millis(100);

/// A scan did not come to its end.
#[derive(Debug, thiserror::Error)]
pub enum ScanError {
    /// rdkafka refused.
    #[error("scan: {0}")]
    Kafka(#[from] KafkaError),
    /// librdkafka refused.
    #[error("scan: {0}")]
    Native(#[from] NativeError),
    /// It took too long.
    #[error("scan of `{topic}` did not reach its end within {seconds} s")]
    Timeout {
        /// A topic that is not done.
        topic: String,
        /// The limit.
        seconds: u64,
    },
    /// A batch cannot be unpacked: what stands in it, and how far it goes, is not known.
    #[error(
        "scan: a batch in partition {partition} at offset {offset} cannot be unpacked: {error}"
    )]
    UnreadableBatch {
        /// Partition.
        partition: i32,
        /// Where the batch begins.
        offset: i64,
        /// What librdkafka says.
        error: NativeError,
    },
}

/// Where a scan begins, and where it ended: next offset per topic and partition.
pub type Positions = HashMap<(String, i32), i64>;

/// The partitions of a topic, each at the first offset whose timestamp is at least `since_ms`, or at the
/// beginning when `since_ms` is `None`.
///
/// # Errors
/// When the broker does not answer.
pub fn positions_since(
    config: &ClientConfig,
    topics: &[&str],
    since_ms: Option<i64>,
    timeout: Duration,
) -> Result<Positions, ScanError> {
    let consumer: BaseConsumer<GateContext> = config.create_with_context(GateContext::default())?;
    let mut query = TopicPartitionList::new();
    for topic in topics {
        let metadata = consumer.fetch_metadata(Some(topic), timeout)?;
        for partition in metadata.topics().iter().flat_map(|t| t.partitions()) {
            let from = since_ms.map_or(Offset::Beginning, Offset::Offset);
            query.add_partition_offset(topic, partition.id(), from)?;
        }
    }
    let answer = consumer.offsets_for_times(query, timeout)?;
    let mut positions = Positions::new();
    for element in answer.elements() {
        element.error()?;
        // no record that young: nothing to read, which the end offset says
        let from = element.offset().to_raw().unwrap_or(-1);
        positions.insert((element.topic().to_owned(), element.partition()), from);
    }
    Ok(positions)
}

/// Visits every record from `from` to the end of each partition and returns where it stopped.
///
/// # Errors
/// When the broker does not answer or the end is not reached within `timeout`.
pub fn scan(
    config: &ClientConfig,
    from: &Positions,
    timeout: Duration,
    visit: &mut dyn FnMut(&Record<'_>),
) -> Result<Positions, ScanError> {
    scan_up_to(config, from, &Positions::new(), timeout, visit)
}

/// The same, not content with an end before `up_to`: what lies there is not committed yet, and may be.
///
/// # Errors
/// As [`scan`].
pub fn scan_up_to(
    config: &ClientConfig,
    from: &Positions,
    up_to: &Positions,
    timeout: Duration,
    visit: &mut dyn FnMut(&Record<'_>),
) -> Result<Positions, ScanError> {
    let consumer: BaseConsumer<GateContext> = config.create_with_context(GateContext::default())?;
    let mut assignment = TopicPartitionList::new();
    for ((topic, partition), offset) in from {
        let offset = if *offset < 0 { Offset::End } else { Offset::Offset(*offset) };
        assignment.add_partition_offset(topic, *partition, offset)?;
    }
    consumer.assign(&assignment)?;
    let mut reader = BatchReader::new(consumer, RECORDS_MAX)?;
    let mut ends = Positions::new();
    let deadline = Instant::now() + timeout;
    while ends.len() < from.len() {
        if Instant::now() > deadline {
            let unfinished = from.keys().find(|key| !ends.contains_key(*key));
            return Err(ScanError::Timeout {
                topic: unfinished.map(|(topic, _)| topic.clone()).unwrap_or_default(),
                seconds: timeout.as_secs(),
            });
        }
        for polled in reader.poll(POLL_WAIT).iter() {
            match polled {
                Polled::Record(record) => visit(&record),
                Polled::EndOfPartition { topic, partition, next_offset } => {
                    let place = (topic.to_owned(), partition);
                    if up_to.get(&place).is_none_or(|end| *end <= next_offset) {
                        ends.insert(place, next_offset);
                    }
                }
                // what is read behind it would hide that something is missing
                Polled::Error { partition, offset, error } if is_unreadable_batch(&error) => {
                    return Err(ScanError::UnreadableBatch { partition, offset, error });
                }
                // transient errors pass or end in the time-out above
                Polled::Error { partition, error, .. } => {
                    tracing::debug!(partition, %error, "while scanning");
                }
            }
        }
    }
    Ok(ends)
}

/// What comes first in a partition from an offset on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum First {
    /// A committed record.
    Record {
        /// Where.
        offset: i64,
    },
    /// A batch that cannot be unpacked.
    UnreadableBatch {
        /// Where it begins, which may be before the offset that was asked for.
        offset: i64,
    },
    /// Nothing.
    End,
}

/// What comes first at `from` or behind it in the partition.
///
/// # Errors
/// When nothing at all is met within `timeout`, not even the end.
pub fn first(
    config: &ClientConfig,
    topic: &str,
    partition: i32,
    from: i64,
    timeout: Duration,
) -> Result<First, ScanError> {
    let consumer: BaseConsumer<GateContext> = config.create_with_context(GateContext::default())?;
    let mut assignment = TopicPartitionList::new();
    assignment.add_partition_offset(topic, partition, Offset::Offset(from))?;
    consumer.assign(&assignment)?;
    let mut reader = BatchReader::new(consumer, RECORDS_MAX)?;
    let deadline = Instant::now() + timeout;
    while Instant::now() < deadline {
        for polled in reader.poll(POLL_WAIT).iter() {
            match polled {
                Polled::Record(record) => return Ok(First::Record { offset: record.offset }),
                Polled::EndOfPartition { .. } => return Ok(First::End),
                Polled::Error { offset, error, .. } if is_unreadable_batch(&error) => {
                    return Ok(First::UnreadableBatch { offset });
                }
                Polled::Error { error, .. } => {
                    tracing::debug!(partition, %error, "while scanning");
                }
            }
        }
    }
    Err(ScanError::Timeout { topic: topic.to_owned(), seconds: timeout.as_secs() })
}

/// The first offset behind the batch that stands at `at` and cannot be unpacked. Nobody tells how many records are in
/// such a batch, so its end is looked for: from within, the batch is met again.
///
/// # Errors
/// As [`first`].
pub fn offset_behind_batch(
    config: &ClientConfig,
    topic: &str,
    partition: i32,
    at: i64,
    timeout: Duration,
) -> Result<i64, ScanError> {
    let consumer: BaseConsumer<GateContext> = config.create_with_context(GateContext::default())?;
    let (_, end) = consumer.fetch_watermarks(topic, partition, timeout)?;
    let (mut inside, mut behind) = (at, end.max(at + 1));
    while behind - inside > 1 {
        let middle = inside + (behind - inside) / 2;
        match first(config, topic, partition, middle, timeout)? {
            First::UnreadableBatch { offset } if offset <= at => inside = middle,
            First::UnreadableBatch { .. } | First::Record { .. } | First::End => behind = middle,
        }
    }
    Ok(behind)
}

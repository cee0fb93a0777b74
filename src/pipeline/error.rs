//! What ends a lane.

use super::fencing::FENCINGS_MAX;
use crate::approvals::SentError;
use crate::kafka::native::NativeError;
use crate::store::StoreError;
use rdkafka::error::KafkaError;

/// The lane cannot go on; the process must stop.
#[derive(Debug, thiserror::Error)]
pub enum LaneError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The store of approvals failed.
    #[error(transparent)]
    Sent(#[from] SentError),
    /// The decision log cannot be written.
    #[error("decision log: {0}")]
    Log(#[from] gate_log::BatchError),
    /// The producer is refused for good.
    #[error("producer: {0}")]
    Producer(NativeError),
    /// Another program uses our transactional id or group instance id.
    #[error(
        "fenced {FENCINGS_MAX} times within a minute: is another instance running with the same `instance_id`? {0}"
    )]
    Fenced(String),
    /// Too many producers do not come back.
    #[error("calls into librdkafka do not come back, several times; starting again")]
    Abandoned,
    /// The inbox is refused.
    #[error("{0}")]
    Inbox(NativeError),
    /// The group has given our place to another member with our id.
    #[error(
        "consumer: {0}. More than {FENCINGS_MAX} times within a minute: is another instance running with the same `instance_id`?"
    )]
    MemberFenced(KafkaError),
    /// The consumer does not bring what lies in a partition.
    #[error(
        "nothing comes of `{topic}` partition {partition} although a record waits at offset {next_offset} or behind; \
         more than {FENCINGS_MAX} times within a minute, starting again"
    )]
    StandsStill {
        /// The input topic.
        topic: String,
        /// The partition.
        partition: i32,
        /// What should have come.
        next_offset: i64,
    },
    /// The group does not say where a partition goes on.
    #[error(
        "the committed offsets of partitions given to us stayed unknown: the brokers are away, or a transaction \
         with offsets of the group does not end (`kafka-transactions.sh list`); starting again"
    )]
    NoStartingPoint,
    /// The consumer is refused for good.
    #[error("consumer: {0}")]
    Consumer(KafkaError),
    /// The committed position of a partition is no longer in the log.
    #[error(
        "a committed offset of `{topics}` is outside the log: messages were deleted before they were judged, or the topic was \
         recreated; nothing is skipped silently. Decide where to go on and set it with `kafka-consumer-groups.sh --group \
         {group} --topic TOPIC --reset-offsets`, then start again"
    )]
    OffsetLost {
        /// The input topics, of which it is one.
        topics: String,
        /// The group.
        group: String,
    },
}

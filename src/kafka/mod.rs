//! Kafka as the gate uses it: client settings by role, and the few native calls.
//!
//! Every setting that a promise depends on is spelled out here, because librdkafka's defaults are made for
//! other programs.

pub mod bulk;
pub mod context;
pub mod failure;
pub mod murmur2;
pub mod native;
pub mod observer;
pub mod offsets;
pub mod preflight;
pub mod scan;
pub mod source;
pub mod writer;

use rdkafka::ClientConfig;
use std::time::Duration;

pub use context::{GateContext, Rebalance};

/// How long a blocking request to the broker may take before the caller looks at its own clock again.
pub const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);

/// What a consumer has unless the operator says otherwise, with the names it goes by: bounds of what one answer of a
/// broker becomes in memory. It counts packed bytes, and a batch may unpack to a thousand times as much and more
/// (`docs/sizing.md`), so answers are small; a batch larger than that comes alone.
const CONSUMER_DEFAULTS: [(&[&str], &str); 3] = [
    (&["fetch.message.max.bytes", "max.partition.fetch.bytes"], "262144"),
    (&["fetch.max.bytes", "message.max.bytes"], "1000000"),
    // The largest that a batch of zstd may be unpacked; librdkafka guesses its size in steps of three, so a third of this
    // is always read. What is larger is a batch nobody can unpack, and its partition is held by name.
    (&["receive.message.max.bytes", "fetch.max.bytes", "message.max.bytes"], "268435456"),
];

/// Sets what the operator has not set, under whichever name.
fn set_defaults(config: &mut ClientConfig, base: &ClientConfig, defaults: &[(&[&str], &str)]) {
    for (names, value) in defaults {
        if let Some(name) = names.first()
            && names.iter().all(|name| base.get(name).is_none())
        {
            config.set(*name, *value);
        }
    }
}

/// Settings every consumer shares: read only what is committed, never move offsets by itself.
fn consumer(base: &ClientConfig, group_id: &str) -> ClientConfig {
    let mut config = base.clone();
    for (key, value) in [
        ("isolation.level", "read_committed"),
        ("enable.auto.commit", "false"),
        ("enable.auto.offset.store", "false"),
        // a lost offset is an error, never a silent reset
        ("auto.offset.reset", "error"),
        ("check.crcs", "true"),
        ("fetch.queue.backoff.ms", "20"),
        ("fetch.error.backoff.ms", "100"),
        ("topic.metadata.refresh.interval.ms", "30000"),
        ("reconnect.backoff.ms", "50"),
        ("reconnect.backoff.max.ms", "1000"),
    ] {
        config.set(key, value);
    }
    config.set("group.id", group_id);
    set_defaults(&mut config, base, &CONSUMER_DEFAULTS);
    config
}

/// The consent reader: assigned by hand, needs to know every end of partition. It shares the group's id for
/// the sake of access lists but never joins and never commits.
#[must_use]
pub fn consent_reader(base: &ClientConfig, group_id: &str) -> ClientConfig {
    let mut config = consumer(base, group_id);
    for (key, value) in [
        ("enable.partition.eof", "true"),
        // an end of partition behind control records is reported with the next fetch: keep that short
        ("fetch.wait.max.ms", "10"),
        ("queued.min.messages", "100000"),
        ("queued.max.messages.kbytes", "16384"),
    ] {
        config.set(key, value);
    }
    config
}

/// Reads a topic once from end to end (output tails, dead letters).
#[must_use]
pub fn scanner(base: &ClientConfig, group_id: &str) -> ClientConfig {
    consent_reader(base, group_id)
}

/// Which records somebody sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sight {
    /// Those of transactions that are committed, as every reader should.
    Committed,
    /// All of them: a transaction that somebody left open hides nothing.
    Everything,
}

/// Whoever looks at a topic for a while (`observer.rs`): assigned by hand, and what was deleted meanwhile is not missed.
#[must_use]
pub fn observer(base: &ClientConfig, group_id: &str, sight: Sight) -> ClientConfig {
    let mut config = consumer(base, group_id);
    let isolation = match sight {
        Sight::Committed => "read_committed",
        Sight::Everything => "read_uncommitted",
    };
    for (key, value) in [
        ("isolation.level", isolation),
        ("enable.partition.eof", "true"),
        ("auto.offset.reset", "earliest"),
        ("fetch.wait.max.ms", "100"),
        ("queued.max.messages.kbytes", "16384"),
    ] {
        config.set(key, value);
    }
    config
}

/// The probe's reader of the outputs: a careful sender, who reads what is committed and moves no offsets. It is
/// assigned by hand, to few partitions, for as long as a decision is awaited.
#[must_use]
pub fn probe_reader(base: &ClientConfig, group_id: &str) -> ClientConfig {
    let mut config = consumer(base, group_id);
    for (key, value) in [
        ("enable.partition.eof", "false"),
        ("fetch.wait.max.ms", "50"),
        ("queued.min.messages", "1000"),
        ("queued.max.messages.kbytes", "4096"),
    ] {
        config.set(key, value);
    }
    config
}

/// The probe's writer of both inputs: one record at a time, acknowledged by all replicas, given up in time.
#[must_use]
pub fn probe_producer(base: &ClientConfig, timeout: Duration) -> ClientConfig {
    let mut config = base.clone();
    for (key, value) in [
        ("acks", "all"),
        ("enable.idempotence", "true"),
        ("linger.ms", "0"),
        ("topic.metadata.refresh.interval.ms", "30000"),
        ("reconnect.backoff.ms", "50"),
        ("reconnect.backoff.max.ms", "1000"),
    ] {
        config.set(key, value);
    }
    config.set("message.timeout.ms", timeout.as_millis().to_string());
    config
}

/// The archive's writer: one record at a time, acknowledged by all replicas, given up in time. Without idempotence, since the
/// same record twice is one, and since brokers before 3.0 want a right for it.
#[must_use]
pub fn archive_producer(base: &ClientConfig, timeout: Duration) -> ClientConfig {
    let mut config = base.clone();
    for (key, value) in [
        ("acks", "all"),
        ("enable.idempotence", "false"),
        ("linger.ms", "0"),
        // the key decides the partition as in the Java clients
        ("partitioner", "murmur2_random"),
        // what may pass is the topic's to say, not the client's
        ("message.max.bytes", "2000000"),
        ("reconnect.backoff.ms", "50"),
        ("reconnect.backoff.max.ms", "1000"),
    ] {
        config.set(key, value);
    }
    config.set("message.timeout.ms", timeout.as_millis().to_string());
    config
}

/// The door's writer: many requests share it, each waits until all replicas have its records, in order and each once. What it
/// holds is bounded: whoever comes when it is full is sent away.
#[must_use]
pub fn door_producer(base: &ClientConfig, timeout: Duration) -> ClientConfig {
    let mut config = archive_producer(base, timeout);
    for (key, value) in [
        ("enable.idempotence", "true"),
        // requests that come together share a batch; nobody notices two milliseconds
        ("linger.ms", "2"),
        ("queue.buffering.max.messages", "100000"),
        ("queue.buffering.max.kbytes", "262144"),
    ] {
        config.set(key, value);
    }
    config
}

/// The barrier's own handle: end offsets of everything acknowledged, committed or not.
#[must_use]
pub fn end_offset_query(base: &ClientConfig) -> ClientConfig {
    let mut config = base.clone();
    config.set("isolation.level", "read_uncommitted");
    config.set("reconnect.backoff.ms", "50").set("reconnect.backoff.max.ms", "1000");
    // A leader that has moved is found with the next refresh, and batches wait for the answer meanwhile: 20 to 40 s
    // were seen with 30 s.
    config.set("topic.metadata.refresh.interval.ms", "3000");
    config
}

/// Committed end offsets, to tell why the reader gets no further.
#[must_use]
pub fn committed_end_query(base: &ClientConfig) -> ClientConfig {
    let mut config = end_offset_query(base);
    config.set("isolation.level", "read_committed");
    config
}

/// A lane's group member: static, so that a restart takes its partitions back without a rebalance.
#[must_use]
pub fn lane_consumer(
    base: &ClientConfig,
    group_id: &str,
    group_instance_id: &str,
    session_timeout: Duration,
) -> ClientConfig {
    let mut config = consumer(base, group_id);
    let session_ms = session_timeout.as_millis();
    config.set("group.instance.id", group_instance_id);
    config.set("session.timeout.ms", session_ms.to_string());
    // also how soon a member hears that the group has changed
    config.set("heartbeat.interval.ms", (session_ms / 12).clamp(1, 1_000).to_string());
    for (key, value) in [
        ("group.protocol", "classic"),
        // Eager: every generation of the group gives out all partitions. A cooperative one needs a second round,
        // which is lost when static members come back in between (a broker's restart): the partitions that were
        // to move then belong to nobody.
        ("partition.assignment.strategy", "range"),
        ("queued.min.messages", "10000"),
        ("queued.max.messages.kbytes", "4096"),
    ] {
        config.set(key, value);
    }
    config
}

/// What a producer has unless the operator says otherwise, with the names it goes by.
const PRODUCER_DEFAULTS: [(&[&str], &str); 3] = [
    // The flush before a commit sends at once, whatever this says. Sending before it, in pieces, fills the five
    // requests a partition may have in flight, and librdkafka's thread then spins until one returns: half of the
    // gate's CPU time, as measured.
    (&["linger.ms", "queue.buffering.max.ms"], "1000"),
    // Offsets and partitions join a transaction one after the other, and not while the markers of the last are being
    // written: whoever comes too early is sent back. librdkafka's own pause before it asks again, 100 ms, was most
    // of the time a message took at low load. It doubles with each attempt, up to `retry.backoff.max.ms`.
    (&["retry.backoff.ms"], "2"),
    // the decision headers of a batch are nearly alike: half the bytes on disk, and a third of the broker's time
    (&["compression.type", "compression.codec"], "lz4"),
];

/// A lane's producer. `transactional_id` is stable, so that a restart fences and finishes its predecessor.
#[must_use]
pub fn lane_producer(
    base: &ClientConfig,
    transactional_id: &str,
    transaction_timeout: Duration,
) -> ClientConfig {
    let mut config = base.clone();
    config.set("transactional.id", transactional_id);
    config.set("transaction.timeout.ms", transaction_timeout.as_millis().to_string());
    set_defaults(&mut config, base, &PRODUCER_DEFAULTS);
    for (key, value) in [
        ("acks", "all"),
        ("enable.idempotence", "true"),
        // the source's key decides the partition as in the Java clients
        ("partitioner", "murmur2_random"),
        ("delivery.report.only.error", "true"),
        // a batch of the largest size and a record of approvals for each of its messages
        ("queue.buffering.max.messages", "250000"),
        // what may pass is the topic's to say (max.message.bytes), not the client's
        ("message.max.bytes", "1000000000"),
        ("topic.metadata.refresh.interval.ms", "30000"),
        ("reconnect.backoff.ms", "50"),
        ("reconnect.backoff.max.ms", "1000"),
    ] {
        config.set(key, value);
    }
    config
}

/// Whether the broker refuses us for good: credentials or access lists, which no retry mends.
#[must_use]
pub fn is_refused(error: &native::NativeError) -> bool {
    use rdkafka::error::RDKafkaErrorCode as Code;
    matches!(
        error.code,
        Code::TopicAuthorizationFailed
            | Code::GroupAuthorizationFailed
            | Code::ClusterAuthorizationFailed
            | Code::TransactionalIdAuthorizationFailed
            | Code::SaslAuthenticationFailed
    )
}

/// The same for what a consumer reports.
#[must_use]
pub fn is_consumer_refused(error: &rdkafka::error::KafkaError) -> bool {
    use rdkafka::error::RDKafkaErrorCode as Code;
    matches!(
        error.rdkafka_error_code(),
        Some(
            Code::TopicAuthorizationFailed
                | Code::GroupAuthorizationFailed
                | Code::Authentication
                | Code::SaslAuthenticationFailed
        )
    )
}

/// Whether a consumer was told that its position lies outside of the log.
#[must_use]
pub fn is_offset_lost(code: rdkafka::error::RDKafkaErrorCode) -> bool {
    use rdkafka::error::RDKafkaErrorCode as Code;
    matches!(code, Code::AutoOffsetReset | Code::OffsetOutOfRange)
}

/// Where a batch that cannot be unpacked stands, by what is next in its partition and what librdkafka says. The batch
/// may begin before what is next; a gap before it is no longer than any that compaction or transactions leave, and
/// anything further was read out of the middle of a damaged record.
#[must_use]
pub fn place_of_batch(next_offset: i64, told: i64) -> i64 {
    const GAP_MAX: i64 = 1 << 32;
    if (next_offset..next_offset.saturating_add(GAP_MAX)).contains(&told) {
        told
    } else {
        next_offset
    }
}

/// Whether a consumer cannot make records of what it has fetched, while the brokers are well: a batch that is too
/// large unpacked, damaged on its way or on a disk, or of a kind it does not know. librdkafka asks again for ever, or
/// goes on behind it; neither may happen silently.
#[must_use]
pub fn is_unreadable_batch(error: &native::NativeError) -> bool {
    is_unreadable_code(error.code)
}

/// The same by its code.
#[must_use]
pub fn is_unreadable_code(code: rdkafka::error::RDKafkaErrorCode) -> bool {
    use rdkafka::error::RDKafkaErrorCode as Code;
    matches!(
        code,
        Code::BadCompression
            | Code::BadMessage
            | Code::InvalidMessage
            | Code::InvalidMessageSize
            | Code::MessageSizeTooLarge
            | Code::NotImplemented
            | Code::CriticalSystemResource
            // what a broker says that cannot read its own log
            | Code::Unknown
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_stands_at_or_behind_what_is_next_and_never_at_nonsense() {
        assert_eq!(place_of_batch(5, 5), 5);
        assert_eq!(place_of_batch(5, 9), 9, "a gap");
        assert_eq!(place_of_batch(5, 3), 5, "it begins before");
        assert_eq!(place_of_batch(5, 8_097_869_497_937_715_573), 5, "letters of a record");
        assert_eq!(place_of_batch(0, -1), 0);
    }
    use rdkafka::consumer::BaseConsumer;

    fn base(pairs: &[(&str, &str)]) -> ClientConfig {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", "127.0.0.1:1").set("log_level", "0");
        for (name, value) in pairs {
            config.set(*name, *value);
        }
        config
    }

    #[test]
    fn what_the_operator_sets_stays_and_every_client_can_be_made() {
        for set in [
            &[][..],
            &[("receive.message.max.bytes", "2000000000")],
            &[("receive.message.max.bytes", "60000000")],
            &[("fetch.max.bytes", "500000000")],
            &[("message.max.bytes", "500000000")],
            &[("message.max.bytes", "2000")],
            &[("max.partition.fetch.bytes", "8000000")],
        ] {
            let base = base(set);
            let session = Duration::from_secs(10);
            for config in [
                consent_reader(&base, "group"),
                lane_consumer(&base, "group", "member", session),
                probe_reader(&base, "group"),
                observer(&base, "group", Sight::Everything),
                end_offset_query(&base),
            ] {
                config.create::<BaseConsumer>().unwrap();
                for (name, value) in set {
                    assert_eq!(config.get(name), Some(*value), "{name}");
                }
            }
        }
    }
}

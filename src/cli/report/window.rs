//! What a report reads: a window of record time, from the first record in it to the ends as they were at the start.
//!
//! The ends are asked read uncommitted and everything is read committed up to there, so a transaction that was open at the
//! start is waited for: what it approves belongs to the window. Nothing is bounded by time at the far end, since clocks of
//! brokers differ and a younger record may stand before an older one.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use gate_core::Timestamp;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};

use super::{ExitCode, Failure};
use crate::config::Config;
use crate::kafka::native::{BatchReader, NativeError, Polled, Record};
use crate::kafka::offsets::offsets;
use crate::kafka::scan::{ScanError, positions_since};
use crate::kafka::{self, GateContext, is_offset_lost, is_refused, is_unreadable_batch};
use crate::kafka_errors::KafkaFailure;

/// Records taken at once.
const RECORDS_MAX: usize = 1_000;
const POLL_WAIT: Duration = Duration::from_millis(100);
/// Longest wait for an answer of the brokers.
const ANSWER_MAX: Duration = Duration::from_secs(30);
/// How long nothing may come: longer than any transaction of the gate stays open.
const PATIENCE: Duration = Duration::from_secs(60);
/// Record time of the oldest record there is.
const OLDEST_MS: i64 = 0;

/// From an instant on, and before another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Window {
    pub(super) from: jiff::Timestamp,
    pub(super) to: jiff::Timestamp,
}

impl Window {
    pub(super) fn new(from: jiff::Timestamp, to: jiff::Timestamp) -> Result<Self, Failure> {
        if from < to {
            return Ok(Self { from, to });
        }
        let reason = format!("the window is empty: --from {from} is not before --to {to}");
        Err(Failure::new(ExitCode::Usage, reason))
    }

    /// Record times have milliseconds; one that shares its millisecond with the bound is inside.
    pub(super) fn contains(&self, record_ms: i64) -> bool {
        let begin_ms = self.begin_ms();
        // the first millisecond that lies wholly outside
        let to_ms = self.to.as_millisecond();
        let is_exact = i128::from(to_ms) * 1_000_000 == self.to.as_nanosecond();
        record_ms >= begin_ms && (record_ms < to_ms || (record_ms == to_ms && !is_exact))
    }

    fn begin_ms(&self) -> i64 {
        self.from.as_nanosecond().div_euclid(1_000_000).try_into().unwrap_or(i64::MIN)
    }

    pub(super) fn is_over(&self, now: Timestamp) -> bool {
        self.to.as_microsecond() <= now.as_micros()
    }
}

/// What the brokers say of one partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Marks {
    /// Where the log begins.
    pub(super) begin: i64,
    /// The oldest record there is.
    pub(super) oldest: Option<i64>,
    /// The first record of the window, or younger.
    pub(super) from: Option<i64>,
    /// Next offset at the start of the report.
    pub(super) end: i64,
}

impl Marks {
    /// Whether older records have been deleted and none is left that is older than the window: some of the window may
    /// have been among them.
    pub(super) fn is_cut_off(&self) -> bool {
        self.begin > 0 && self.oldest == self.from
    }

    fn is_to_read(&self) -> bool {
        self.from.is_some_and(|from| from < self.end)
    }
}

/// A topic's partitions, each with its marks.
pub(super) type Stretch = BTreeMap<i32, Marks>;

/// Asks the brokers where the window lies in a topic.
pub(super) fn stretch(config: &Config, topic: &str, window: &Window) -> Result<Stretch, Failure> {
    let doing = format!("looking for the window in topic `{topic}`");
    let query = kafka::end_offset_query(&config.client_base());
    let at = |since_ms: i64| -> Result<BTreeMap<i32, Option<i64>>, Failure> {
        let found = positions_since(&query, &[topic], Some(since_ms), ANSWER_MAX)
            .map_err(|error| scan_failure(&error, &doing))?;
        let offset = |offset: i64| (offset >= 0).then_some(offset);
        Ok(found.into_iter().map(|((_, partition), at)| (partition, offset(at))).collect())
    };
    // In this order, what is written or deleted in between can only make the report say that it may lack something.
    let from = at(window.begin_ms().max(OLDEST_MS))?;
    let partitions: Vec<i32> = from.keys().copied().collect();
    let ends = edges(&query, topic, &partitions, Offset::End, &doing)?;
    let oldest = at(OLDEST_MS)?;
    let begins = edges(&query, topic, &partitions, Offset::Beginning, &doing)?;
    let marks = partitions.into_iter().map(|partition| {
        let of = |found: &BTreeMap<i32, i64>| found.get(&partition).copied().unwrap_or(0);
        let marks = Marks {
            begin: of(&begins),
            oldest: oldest.get(&partition).copied().flatten(),
            from: from.get(&partition).copied().flatten(),
            end: of(&ends),
        };
        (partition, marks)
    });
    Ok(marks.collect())
}

fn edges(
    query: &ClientConfig,
    topic: &str,
    partitions: &[i32],
    place: Offset,
    doing: &str,
) -> Result<BTreeMap<i32, i64>, Failure> {
    let client: BaseConsumer<GateContext> = query
        .create_with_context(GateContext::default())
        .map_err(|error| KafkaFailure::new(&error, doing))?;
    offsets(&client, topic, partitions.iter().copied(), place, ANSWER_MAX).map_err(
        |(partition, error)| {
            let place = partition.map_or_else(String::new, |it| format!(", partition {it}"));
            KafkaFailure::new(&error, format!("{doing}{place}")).into()
        },
    )
}

fn scan_failure(error: &ScanError, doing: &str) -> Failure {
    match error {
        ScanError::Kafka(error) => KafkaFailure::new(error, doing).into(),
        ScanError::Native(error) => KafkaFailure::from_code(error.code, doing, None).into(),
        ScanError::Timeout { .. } | ScanError::UnreadableBatch { .. } => {
            Failure::new(ExitCode::TryAgain, format!("{doing}: {error}"))
        }
    }
}

/// Visits every committed record of the stretch. A record that cannot be visited ends it.
pub(super) fn read(
    config: &Config,
    topic: &str,
    stretch: &Stretch,
    visit: &mut dyn FnMut(&Record<'_>) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut open: BTreeMap<i32, Open> = stretch
        .iter()
        .filter(|(_, marks)| marks.is_to_read())
        .map(|(partition, marks)| {
            (*partition, Open { next: marks.from.unwrap_or(0), end: marks.end })
        })
        .collect();
    let mut reader = reader(config, topic, &open)?;
    let mut moved = Instant::now();
    while !open.is_empty() {
        for polled in reader.poll(POLL_WAIT).iter() {
            match polled {
                Polled::Record(record) => {
                    moved = Instant::now();
                    let Some(place) = open.get_mut(&record.partition) else { continue };
                    if record.offset < place.end {
                        visit(&record)?;
                    }
                    place.next = record.offset.saturating_add(1);
                }
                Polled::EndOfPartition { partition, next_offset, .. } => {
                    moved = Instant::now();
                    if let Some(place) = open.get_mut(&partition) {
                        place.next = next_offset;
                    }
                }
                Polled::Error { partition, offset, error } => {
                    let next = open.get(&partition).map_or(offset, |place| place.next);
                    end_if_hopeless(topic, partition, (next, offset), &error)?;
                }
            }
        }
        let done: Vec<i32> = open
            .iter()
            .filter(|(_, at)| at.next >= at.end)
            .map(|(partition, _)| *partition)
            .collect();
        leave(reader.consumer(), topic, &done);
        open.retain(|partition, _| !done.contains(partition));
        if moved.elapsed() > PATIENCE {
            return Err(stuck(topic, &open));
        }
    }
    Ok(())
}

/// A partition that is not read to its end.
#[derive(Debug, Clone, Copy)]
struct Open {
    next: i64,
    end: i64,
}

fn reader(
    config: &Config,
    topic: &str,
    open: &BTreeMap<i32, Open>,
) -> Result<BatchReader<GateContext>, Failure> {
    let doing = format!("reading topic `{topic}`");
    let scanner = kafka::scanner(&config.client_base(), &config.kafka.group_id);
    let consumer: BaseConsumer<GateContext> = scanner
        .create_with_context(GateContext::default())
        .map_err(|error| KafkaFailure::new(&error, &doing))?;
    let mut assignment = TopicPartitionList::new();
    for (partition, place) in open {
        assignment
            .add_partition_offset(topic, *partition, Offset::Offset(place.next))
            .map_err(|error| KafkaFailure::new(&error, &doing))?;
    }
    consumer.assign(&assignment).map_err(|error| KafkaFailure::new(&error, &doing))?;
    BatchReader::new(consumer, RECORDS_MAX)
        .map_err(|error| KafkaFailure::from_code(error.code, doing, Some(&error.text)).into())
}

/// What is read no further need not be fetched any more; that it is would cost time and nothing else.
fn leave(consumer: &BaseConsumer<GateContext>, topic: &str, partitions: &[i32]) {
    let mut done = TopicPartitionList::new();
    for partition in partitions {
        done.add_partition(topic, *partition);
    }
    if done.count() > 0
        && let Err(error) = consumer.pause(&done)
    {
        tracing::debug!(topic, %error, "cannot pause what is read");
    }
}

/// Brokers may come and go; what will not come back, or would be passed over, ends the report with its place.
fn end_if_hopeless(
    topic: &str,
    partition: i32,
    (next, told): (i64, i64),
    error: &NativeError,
) -> Result<(), Failure> {
    let place = format!("reading `{topic}` partition {partition} offset {next}");
    if is_refused(error) {
        let doing = format!("reading topic `{topic}`");
        return Err(KafkaFailure::from_code(error.code, doing, Some(&error.text)).into());
    }
    if is_offset_lost(error.code) {
        let reason = format!("{place}: the record was deleted while the report read; run it again");
        return Err(Failure::new(ExitCode::TryAgain, reason));
    }
    if partition >= 0 && is_unreadable_batch(error) {
        let at = kafka::place_of_batch(next, told);
        let reason = format!(
            "reading `{topic}` partition {partition} offset {at}: a batch cannot be unpacked, and what stands in it is \
             not known: {error}. The runbook UnreadableBatch says what to do"
        );
        return Err(Failure::new(ExitCode::TryAgain, reason));
    }
    tracing::debug!(topic, partition, %error, "while reading");
    Ok(())
}

fn stuck(topic: &str, open: &BTreeMap<i32, Open>) -> Failure {
    let places: Vec<String> = open
        .iter()
        .map(|(partition, at)| format!("partition {partition} at offset {} of {}", at.next, at.end))
        .collect();
    let reason = format!(
        "reading `{topic}`: nothing came for {} s, {}; are the brokers there, and is no transaction left open?",
        PATIENCE.as_secs(),
        places.join(", ")
    );
    Failure::new(ExitCode::TryAgain, reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(from: &str, to: &str) -> Result<Window, Failure> {
        Window::new(from.parse().unwrap(), to.parse().unwrap())
    }

    #[test]
    fn a_window_holds_its_beginning_and_not_its_end() {
        let window = window("1970-01-01T00:00:01Z", "1970-01-01T00:00:02Z").unwrap();
        let inside: Vec<i64> =
            [999, 1_000, 1_999, 2_000].into_iter().filter(|ms| window.contains(*ms)).collect();
        assert_eq!(inside, [1_000, 1_999]);
        assert!(!window.is_over(Timestamp::from_micros(1_999_999)));
        assert!(window.is_over(Timestamp::from_micros(2_000_000)));
    }

    #[test]
    fn a_bound_within_a_millisecond_takes_all_of_it() {
        let window = window("1970-01-01T00:00:01.0005Z", "1970-01-01T00:00:02.0005Z").unwrap();
        let inside: Vec<i64> =
            [999, 1_000, 2_000, 2_001].into_iter().filter(|ms| window.contains(*ms)).collect();
        assert_eq!(inside, [1_000, 2_000]);
        assert_eq!(window.begin_ms(), 1_000);
    }

    #[test]
    fn an_empty_window_is_a_mistake() {
        let at = "2026-11-20T00:00:00Z";
        assert_eq!(window(at, at).unwrap_err().code(), ExitCode::Usage);
        assert!(window("2026-11-21T00:00:00Z", at).is_err());
        assert!(window(at, "2026-11-20T00:00:00.001Z").is_ok());
    }

    #[test]
    fn a_window_is_cut_off_only_when_nothing_older_is_left() {
        let marks = |begin, oldest, from, end| Marks { begin, oldest, from, end };
        assert!(!marks(0, Some(0), Some(0), 9).is_cut_off(), "nothing was ever deleted");
        assert!(!marks(0, None, None, 0).is_cut_off(), "nothing was ever written");
        assert!(marks(5, Some(5), Some(5), 9).is_cut_off(), "the oldest record is in the window");
        assert!(!marks(5, Some(5), Some(6), 9).is_cut_off(), "an older one is left");
        assert!(!marks(5, Some(5), None, 9).is_cut_off(), "all are older");
        assert!(marks(5, None, None, 5).is_cut_off(), "all are deleted");
    }

    #[test]
    fn nothing_is_read_behind_the_end() {
        let marks = |from, end| Marks { begin: 0, oldest: Some(0), from, end };
        assert!(marks(Some(8), 9).is_to_read());
        assert!(!marks(Some(9), 9).is_to_read(), "written since");
        assert!(!marks(None, 9).is_to_read());
    }

    #[test]
    fn errors_name_their_place() {
        let error = |code| NativeError {
            operation: "consume",
            code,
            text: "said".to_owned(),
            is_fatal: false,
            requires_abort: false,
        };
        use rdkafka::error::RDKafkaErrorCode as Code;
        let end = |code| end_if_hopeless("approved", 3, (17, 17), &error(code));
        assert!(end(Code::BrokerTransportFailure).is_ok(), "brokers come back");
        for code in [Code::BadCompression, Code::OffsetOutOfRange] {
            let failure = format!("{:?}", end(code).unwrap_err());
            assert!(failure.contains("`approved` partition 3 offset 17"), "{failure}");
        }
        let failure = end(Code::TopicAuthorizationFailed).unwrap_err();
        assert_eq!(failure.code(), ExitCode::Credentials);
        let open = BTreeMap::from([(3, Open { next: 17, end: 20 })]);
        let failure = format!("{:?}", stuck("approved", &open));
        assert!(failure.contains("partition 3 at offset 17 of 20"), "{failure}");
    }
}

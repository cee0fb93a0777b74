//! Reads topics once, from given offsets to their present end, or to ends that were asked for before; committed records only.

use super::context::GateContext;
use super::native::{BatchReader, NativeError, Polled, Record};
use super::{is_offset_lost, is_refused, is_unreadable_batch, place_of_batch};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::{ClientConfig, Offset, TopicPartitionList};
use std::collections::{BTreeSet, HashMap};
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
    /// librdkafka refused, or the broker did for good.
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
    /// Nothing came for too long.
    #[error(
        "nothing came for {seconds} s, `{topic}` partition {partition} stands at offset {next} of {end}; are the brokers \
         there, and is no transaction left open?"
    )]
    Stalled {
        /// A topic that is not done.
        topic: String,
        /// A partition of it.
        partition: i32,
        /// What is next in it.
        next: i64,
        /// Where it is to end; "its end" when that was not asked for.
        end: String,
        /// The limit.
        seconds: u64,
    },
    /// Retention was faster.
    #[error(
        "`{topic}` partition {partition} offset {next}: the record was deleted while it was read; run it again"
    )]
    OffsetLost {
        /// Topic.
        topic: String,
        /// Partition.
        partition: i32,
        /// What was next.
        next: i64,
    },
    /// A batch cannot be unpacked: what stands in it, and how far it goes, is not known.
    #[error(
        "`{topic}` partition {partition} offset {offset}: a batch cannot be unpacked, and what stands in it is not known: \
         {error}. The runbook UnreadableBatch says what to do"
    )]
    UnreadableBatch {
        /// Topic.
        topic: String,
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

/// How long a scan may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patience {
    /// In all: for whoever has other things to do.
    Whole(Duration),
    /// Without anything coming: a long log takes its time.
    Silence(Duration),
}

/// One reading of some partitions.
#[derive(Clone, Copy)]
pub struct Scan<'s> {
    /// Settings of a [`super::scanner`].
    pub config: &'s ClientConfig,
    /// Where to begin; a negative offset is the end.
    pub from: &'s Positions,
    /// Ends that were asked for before: nothing behind them is visited, and no present end before them is enough, since
    /// what lies there is not committed yet and may be. A partition without one is read to its present end.
    pub up_to: &'s Positions,
    /// When to give up.
    pub patience: Patience,
}

impl Scan<'_> {
    /// Visits every committed record and returns where each partition ended. Brokers may come and go meanwhile; what will not
    /// come back, or would be passed over, ends the scan with its place. So does a record that cannot be visited.
    ///
    /// # Errors
    /// A partition was not read to its end, or the visitor's own.
    pub fn read<E: From<ScanError>>(
        &self,
        visit: &mut dyn FnMut(&Record<'_>) -> Result<(), E>,
    ) -> Result<Positions, E> {
        let mut open = Open::of(self);
        if open.is_empty() {
            return Ok(open.ended);
        }
        let mut reader = self.reader(&open)?;
        let (began, mut moved) = (Instant::now(), Instant::now());
        while !open.is_empty() {
            let batch = reader.poll(POLL_WAIT);
            for polled in batch.iter() {
                match polled {
                    Polled::Record(record) => {
                        moved = Instant::now();
                        if open.admits(&record) {
                            visit(&record)?;
                        }
                    }
                    Polled::EndOfPartition { topic, partition, next_offset } => {
                        moved = Instant::now();
                        open.reached_end(topic, partition, next_offset);
                    }
                    Polled::Error { partition, offset, error } => {
                        open.end_if_hopeless(partition, offset, error)?;
                    }
                }
            }
            drop(batch);
            leave(reader.consumer(), &open.take_done());
            self.give_up_in_time(&open, began, moved)?;
        }
        Ok(open.ended)
    }

    fn reader(&self, open: &Open) -> Result<BatchReader<GateContext>, ScanError> {
        let consumer: BaseConsumer<GateContext> =
            self.config.create_with_context(GateContext::default())?;
        let mut assignment = TopicPartitionList::new();
        for ((topic, partition), place) in &open.places {
            let from = if place.next < 0 { Offset::End } else { Offset::Offset(place.next) };
            assignment.add_partition_offset(topic, *partition, from)?;
        }
        consumer.assign(&assignment)?;
        Ok(BatchReader::new(consumer, RECORDS_MAX)?)
    }

    fn give_up_in_time(
        &self,
        open: &Open,
        began: Instant,
        moved: Instant,
    ) -> Result<(), ScanError> {
        let Some(((topic, partition), place)) = open.places.iter().next() else { return Ok(()) };
        let topic = topic.clone();
        match self.patience {
            Patience::Whole(limit) if began.elapsed() > limit => {
                Err(ScanError::Timeout { topic, seconds: limit.as_secs() })
            }
            Patience::Silence(limit) if moved.elapsed() > limit => Err(ScanError::Stalled {
                topic,
                partition: *partition,
                next: place.next,
                end: place.end.map_or_else(|| "its end".to_owned(), |end| end.to_string()),
                seconds: limit.as_secs(),
            }),
            Patience::Whole(_) | Patience::Silence(_) => Ok(()),
        }
    }
}

/// A partition that is not read to its end.
#[derive(Debug, Clone, Copy)]
struct Place {
    next: i64,
    end: Option<i64>,
    is_done: bool,
}

/// Partitions that are not read to their ends, and where the others ended.
struct Open {
    places: HashMap<(String, i32), Place>,
    ended: Positions,
}

impl Open {
    fn of(scan: &Scan<'_>) -> Self {
        let mut open = Self { places: HashMap::new(), ended: Positions::new() };
        for (key, next) in scan.from {
            let end = scan.up_to.get(key).copied();
            if end.is_some_and(|end| *next >= end) {
                open.ended.insert(key.clone(), *next);
            } else {
                open.places.insert(key.clone(), Place { next: *next, end, is_done: false });
            }
        }
        open
    }

    fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    fn place(&mut self, topic: &str, partition: i32) -> Option<&mut Place> {
        let key = (topic.to_owned(), partition);
        self.places.get_mut(&key).filter(|place| !place.is_done)
    }

    /// Whether a record is to be visited; what comes behind the end only says that it was reached.
    fn admits(&mut self, record: &Record<'_>) -> bool {
        let Some(place) = self.place(record.topic, record.partition) else { return false };
        let is_before_end = place.end.is_none_or(|end| record.offset < end);
        place.next = record.offset.saturating_add(1);
        place.is_done = place.end.is_some_and(|end| place.next >= end);
        is_before_end
    }

    fn reached_end(&mut self, topic: &str, partition: i32, next_offset: i64) {
        if let Some(place) = self.place(topic, partition) {
            place.next = next_offset;
            place.is_done = place.end.is_none_or(|end| next_offset >= end);
        }
    }

    fn take_done(&mut self) -> Vec<(String, i32)> {
        let done = self.places.extract_if(|_, place| place.is_done);
        let done: Vec<_> = done.map(|(key, place)| (key, place.next)).collect();
        self.ended.extend(done.iter().cloned());
        done.into_iter().map(|(key, _)| key).collect()
    }

    fn end_if_hopeless(
        &self,
        partition: i32,
        offset: i64,
        error: NativeError,
    ) -> Result<(), ScanError> {
        if is_refused(&error) {
            return Err(error.into());
        }
        // an error names its partition and not its topic: the first that is open there is the best guess
        let found = self.places.iter().find(|((_, of), _)| *of == partition);
        let topic = found.map(|((topic, _), _)| topic.clone()).unwrap_or_default();
        let next = found.map_or(offset, |(_, place)| place.next);
        if is_offset_lost(error.code) {
            return Err(ScanError::OffsetLost { topic, partition, next });
        }
        // what is read behind it would hide that something is missing
        if partition >= 0 && is_unreadable_batch(&error) {
            let offset = place_of_batch(next, offset);
            return Err(ScanError::UnreadableBatch { topic, partition, offset, error });
        }
        // the rest passes or ends in the caller's patience
        tracing::debug!(topic, partition, %error, "while scanning");
        Ok(())
    }
}

/// What is read no further need not be fetched any more; that it is would cost time and nothing else.
fn leave(consumer: &BaseConsumer<GateContext>, partitions: &[(String, i32)]) {
    let mut done = TopicPartitionList::new();
    for (topic, partition) in partitions {
        done.add_partition(topic, *partition);
    }
    if done.count() > 0
        && let Err(error) = consumer.pause(&done)
    {
        tracing::debug!(%error, "cannot pause what is read");
    }
}

/// Visits every record from `from` to the end of each partition, not content with an end before `up_to`, and returns
/// where it stopped.
///
/// # Errors
/// When the broker does not answer or the end is not reached within `timeout`.
pub fn scan_up_to(
    config: &ClientConfig,
    from: &Positions,
    up_to: &Positions,
    timeout: Duration,
    visit: &mut dyn FnMut(&Record<'_>),
) -> Result<Positions, ScanError> {
    Scan { config, from, up_to, patience: Patience::Whole(timeout) }.read(&mut |record| {
        visit(record);
        Ok(())
    })
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
    /// The log does not hold that offset, nor can it come next: deleted, or beyond its end.
    Outside,
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
    first_shown(config, topic, partition, from, timeout, &mut |_| {})
}

/// The same; a record is shown to `take`.
///
/// # Errors
/// As [`first`].
pub fn first_shown(
    config: &ClientConfig,
    topic: &str,
    partition: i32,
    from: i64,
    timeout: Duration,
    take: &mut dyn FnMut(&Record<'_>),
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
                Polled::Record(record) => {
                    take(&record);
                    return Ok(First::Record { offset: record.offset });
                }
                Polled::EndOfPartition { .. } => return Ok(First::End),
                Polled::Error { offset, error, .. } if is_unreadable_batch(&error) => {
                    return Ok(First::UnreadableBatch { offset });
                }
                Polled::Error { error, .. } if is_offset_lost(error.code) => {
                    return Ok(First::Outside);
                }
                Polled::Error { error, .. } => {
                    tracing::debug!(partition, %error, "while scanning");
                }
            }
        }
    }
    Err(ScanError::Timeout { topic: topic.to_owned(), seconds: timeout.as_secs() })
}

/// Records between two places that are read over rather than jumped over: a jump costs a question to the broker.
const NEAR: i64 = 2_000;

/// Reads records here and there. It keeps its connections, so who asks often keeps one.
pub struct PlaceReader(BatchReader<GateContext>);

impl PlaceReader {
    /// # Errors
    /// librdkafka refuses a setting.
    pub fn new(config: &ClientConfig) -> Result<Self, ScanError> {
        let consumer: BaseConsumer<GateContext> =
            config.create_with_context(GateContext::default())?;
        Ok(Self(BatchReader::new(consumer, RECORDS_MAX)?))
    }

    /// Shows the records at these places, each partition in its order. One that is not there any more, or cannot be unpacked,
    /// is left out.
    ///
    /// # Errors
    /// Not all of them were met within `timeout`.
    pub fn show(
        &mut self,
        topic: &str,
        places: &BTreeSet<(i32, i64)>,
        timeout: Duration,
        take: &mut dyn FnMut(&Record<'_>),
    ) -> Result<(), ScanError> {
        let reader = &mut self.0;
        let deadline = Instant::now() + timeout;
        let mut wanted = places.iter().copied().peekable();
        while let Some((partition, from)) = wanted.peek().copied() {
            let mut assignment = TopicPartitionList::new();
            assignment.add_partition_offset(topic, partition, Offset::Offset(from))?;
            reader.consumer().assign(&assignment)?;
            let mut is_near = true;
            while is_near {
                if Instant::now() >= deadline {
                    let seconds = timeout.as_secs();
                    return Err(ScanError::Timeout { topic: topic.to_owned(), seconds });
                }
                for polled in reader.poll(POLL_WAIT).iter() {
                    let is_record = matches!(polled, Polled::Record(_));
                    let passed = match polled {
                        Polled::Record(record) if record.partition == partition => {
                            if wanted.peek() == Some(&(partition, record.offset)) {
                                take(&record);
                            }
                            record.offset
                        }
                        Polled::Record(_) => continue,
                        // nothing comes behind it
                        Polled::EndOfPartition { partition: ended, .. } if ended == partition => {
                            i64::MAX
                        }
                        Polled::EndOfPartition { .. } => continue,
                        Polled::Error { offset, error, .. } if is_unreadable_batch(&error) => {
                            offset.max(from)
                        }
                        Polled::Error { error, .. } if is_offset_lost(error.code) => from,
                        Polled::Error { error, .. } => {
                            tracing::debug!(partition, %error, "while reading places");
                            continue;
                        }
                    };
                    while wanted.next_if(|(it, at)| *it == partition && *at <= passed).is_some() {}
                    let next = wanted.peek().filter(|(it, _)| *it == partition);
                    is_near = next.is_some_and(|(_, at)| at.saturating_sub(passed) <= NEAR);
                    // an error stops the partition where it is
                    is_near &= is_record;
                    if !is_near {
                        break;
                    }
                }
            }
        }
        Ok(())
    }
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
            First::UnreadableBatch { .. } | First::Record { .. } | First::End | First::Outside => {
                behind = middle
            }
        }
    }
    Ok(behind)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rdkafka::error::RDKafkaErrorCode as Code;

    fn positions(places: &[(i32, i64)]) -> Positions {
        places.iter().map(|(partition, at)| (("t".to_owned(), *partition), *at)).collect()
    }

    fn open(from: &[(i32, i64)], up_to: &[(i32, i64)]) -> Open {
        let config = ClientConfig::new();
        let patience = Patience::Silence(Duration::from_secs(1));
        let (from, up_to) = (positions(from), positions(up_to));
        Open::of(&Scan { config: &config, from: &from, up_to: &up_to, patience })
    }

    #[test]
    fn what_is_at_its_end_is_not_read_at_all() {
        let open = open(&[(0, 8), (1, 9), (2, 10)], &[(0, 9), (1, 9), (2, 9)]);
        assert_eq!(open.places.keys().map(|(_, partition)| *partition).collect::<Vec<_>>(), [0]);
        assert_eq!(open.ended, positions(&[(1, 9), (2, 10)]));
    }

    #[test]
    fn an_end_that_was_asked_for_is_waited_for_and_a_present_end_is_taken_as_it_is() {
        let mut open = open(&[(0, 0), (1, 0)], &[(0, 9)]);
        open.reached_end("t", 0, 8);
        open.reached_end("t", 1, 8);
        assert_eq!(open.take_done(), [("t".to_owned(), 1)], "something open lies before 9");
        open.reached_end("t", 0, 9);
        assert_eq!(open.take_done(), [("t".to_owned(), 0)]);
        assert!(open.is_empty());
        assert_eq!(open.ended, positions(&[(0, 9), (1, 8)]));
    }

    #[test]
    fn errors_name_their_place_and_only_what_stays_wrong_ends_it() {
        let open = open(&[(3, 17)], &[(3, 20)]);
        let end = |code| {
            let text = "said".to_owned();
            let error = NativeError {
                operation: "consume",
                code,
                text,
                is_fatal: false,
                requires_abort: false,
            };
            open.end_if_hopeless(3, 17, error)
        };
        assert!(end(Code::BrokerTransportFailure).is_ok(), "brokers come back");
        for code in [Code::BadCompression, Code::OffsetOutOfRange] {
            let said = end(code).unwrap_err().to_string();
            assert!(said.contains("`t` partition 3 offset 17"), "{said}");
        }
        assert!(matches!(end(Code::TopicAuthorizationFailed), Err(ScanError::Native(_))));
    }

    #[test]
    fn whoever_gives_up_says_where_it_stood() {
        let config = ClientConfig::new();
        let (from, up_to) = (positions(&[(3, 17)]), positions(&[(3, 20)]));
        let said = |patience| {
            let scan = Scan { config: &config, from: &from, up_to: &up_to, patience };
            let long_ago = Instant::now().checked_sub(Duration::from_secs(5)).unwrap();
            let now = Instant::now();
            let open = Open::of(&scan);
            let waited = scan.give_up_in_time(&open, long_ago, long_ago);
            let moving = scan.give_up_in_time(&open, long_ago, now);
            (waited.map_err(|error| error.to_string()), moving.is_ok())
        };
        let (waited, moving) = said(Patience::Silence(Duration::from_secs(2)));
        assert!(waited.unwrap_err().contains("partition 3 stands at offset 17 of 20"));
        assert!(moving, "a long log takes its time");
        let (waited, moving) = said(Patience::Whole(Duration::from_secs(2)));
        assert!(waited.unwrap_err().contains("`t`") && !moving);
        assert!(said(Patience::Whole(Duration::from_secs(60))).0.is_ok());
    }
}

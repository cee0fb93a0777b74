//! Before a partition is decided: everything that was approved in it before must be known.
//!
//! The changelog is read from the checkpoint of the local store to its present end. Why that misses nothing:
//!
//! 1. Committed offsets were asked for, stable ones, after the group had given us the partition. A transaction
//!    of a former owner whose offsets the group had accepted is therefore over; one whose offsets it had not
//!    accepted cannot commit any more, because its generation is stale (a producer never commits without
//!    offsets, and never offsets without a valid generation).
//! 2. Over means decided. Its markers may still be on their way to the changelog, and its records are in there
//!    already, since a commit is asked for only after they were acknowledged. So the end is asked for
//!    afterwards, read uncommitted, which counts them; and then read committed up to that end, which no reader
//!    gets past before every transaction below it has its marker.
//! 3. What is appended from now on is ours, or aborted.
//!
//! After a transaction of our own whose end is unknown the same holds: the fresh producer has finished it
//! (`init_transactions`), and what it left is read back here.
//!
//! Rows are joined with what is known and never taken away (`approvals/changelog.rs`); what no gate has written is counted,
//! named in the log by its place, and counts against its recipient.
//!
//! INVARIANT: a partition is in `restored` only between the end of a restore and the next moment something
//! about it is not known. A checkpoint moves only over records that are in the store.

use super::{Batch, Lane, Setback};
use crate::approvals::{
    Checkpoint, Horizon, LogRecord, Reading, Restored, Row, RowError, RowKey, Trail,
};
use crate::barrier::Hold;
use crate::kafka::native::{BatchReader, NativeError, Polled, Record};
use crate::kafka::offsets::offsets;
use crate::kafka::{GateContext, REQUEST_TIMEOUT, is_unreadable_batch};
use crate::metrics::HoldCause;
use gate_core::Timestamp;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::{Offset, TopicPartitionList};
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

/// How long one turn reads before the group is served again.
const TURN: Duration = Duration::from_millis(500);
const POLL_WAIT: Duration = Duration::from_millis(20);
/// Records taken at once.
const RECORDS_MAX: usize = 2_000;
/// Records of one restore that cannot be used and may still be replaced by a later one of their key.
const UNREADABLE_MAX: usize = 1_000;
/// Pause before a changelog with such records is read again.
const UNREADABLE_RETRY: Duration = Duration::from_secs(5);
/// How often checkpoints follow our own writes; what is behind them is read again after a crash.
const CHECKPOINT_INTERVAL: Duration = Duration::from_secs(30);
/// Rows known better than the changelog says that wait to be written again. More stay in the local store alone.
const REPAIRS_MAX: usize = 100_000;
/// Of them, written with one transaction.
const REPAIRS_PER_BATCH: usize = 500;

/// What a lane knows about the changelog.
#[derive(Default)]
pub(super) struct Approvals {
    restored: BTreeSet<i32>,
    restoring: Option<Restoring>,
    /// Ends asked for while the partition was ours; they become checkpoints with the next commit.
    ends: BTreeMap<i32, Checkpoint>,
    /// When the newest row of each partition was written.
    newest: BTreeMap<i32, Timestamp>,
    asked_at: Option<Instant>,
    unreadable: Option<(Instant, Hold)>,
    /// Rows of which the changelog says less than is known.
    repairs: BTreeSet<RowKey>,
}

/// A restore under way.
struct Restoring {
    reader: BatchReader<GateContext>,
    partitions: BTreeMap<i32, Progress>,
    trails: BTreeMap<i32, Trail>,
    unreadable: BTreeMap<(i32, Vec<u8>), Unreadable>,
    began: Instant,
}

#[derive(Clone, Copy)]
struct Progress {
    next: i64,
    end: i64,
}

#[derive(Clone, Copy)]
struct Unreadable {
    offset: i64,
    error: RowError,
}

impl Approvals {
    /// The partition is somebody else's, or new.
    pub(super) fn forget(&mut self, partition: i32) {
        self.restored.remove(&partition);
        self.ends.remove(&partition);
        self.repairs.retain(|key| key.partition != partition);
        self.restoring = None;
    }

    /// A transaction ended in a way nobody knows: the changelog may have more than the store.
    pub(super) fn forget_all(&mut self) {
        self.restored.clear();
        self.ends.clear();
        self.restoring = None;
    }

    /// When a row written at `now` says that it was: later than every row of its partition, whatever clocks have said.
    pub(super) fn written(&self, partition: i32, now: Timestamp) -> Timestamp {
        let before = self.newest.get(&partition);
        let next = before.map(|before| before.saturating_add(Duration::from_micros(1)));
        next.map_or(now, |next| next.max(now))
    }

    fn saw_written(&mut self, partition: i32, written: Option<Timestamp>) {
        if let Some(written) = written {
            let known = self.newest.entry(partition).or_insert(written);
            *known = written.max(*known);
        }
    }

    /// Rows of these partitions that are to be written again, as many as one transaction takes.
    pub(super) fn repairs(&self, is_in_hand: impl Fn(i32) -> bool) -> Vec<RowKey> {
        let due = self.repairs.iter().filter(|key| is_in_hand(key.partition));
        due.take(REPAIRS_PER_BATCH).copied().collect()
    }
}

impl<'c> Lane<'c> {
    /// Reads back what is missing, for a moment.
    ///
    /// # Errors
    /// A hold while it is not done: the group must be served in between.
    pub(super) fn restore(&mut self, batch: &Batch<'c>) -> Result<(), Setback> {
        if batch.next_offsets().keys().all(|p| self.approvals.restored.contains(p)) {
            return Ok(());
        }
        if let Some((at, hold)) = &self.approvals.unreadable {
            if at.elapsed() < UNREADABLE_RETRY {
                return Err(Setback::Hold(hold.clone()));
            }
            self.approvals.unreadable = None;
        }
        if fault_no_restore() {
            let in_hand = batch.next_offsets().keys().copied();
            let in_hand = in_hand.inspect(|p| self.parts.sent.claim(*p, self.number));
            self.approvals.restored.extend(in_hand);
            return Ok(());
        }
        // all that are in hand, so that the next batch need not wait again
        let in_hand = self.next_up.keys().chain(batch.next_offsets().keys());
        let wanted: BTreeSet<i32> = in_hand.copied().collect();
        let wanted: BTreeSet<i32> = wanted.difference(&self.approvals.restored).copied().collect();
        let under_way = self.approvals.restoring.take();
        let under_way = under_way.filter(|it| it.partitions.keys().eq(wanted.iter()));
        let mut restoring = match under_way {
            Some(restoring) => restoring,
            None => match self.begin_restore(&wanted)? {
                Some(restoring) => restoring,
                None => return Ok(()),
            },
        };
        let result = self.read_back(&mut restoring);
        if result.is_ok() {
            self.parts.metrics.sent_restore.observe(restoring.began.elapsed().as_secs_f64());
            tracing::debug!(lane = self.number, partitions = ?wanted, "approvals read back");
        } else if self.approvals.unreadable.is_none() {
            self.approvals.restoring = Some(restoring);
        }
        result
    }

    /// Finds out what must be read; `None` when nothing must.
    fn begin_restore(&mut self, wanted: &BTreeSet<i32>) -> Result<Option<Restoring>, Setback> {
        let began = Instant::now();
        let topic = self.parts.sent_topic.clone();
        let ask = |place| {
            let client = &self.parts.sent_ends;
            offsets(client, &topic, wanted.iter().copied(), place, REQUEST_TIMEOUT)
                .map_err(|(partition, error)| unavailable(&topic, partition, &error))
        };
        // read uncommitted: records of transactions that are still open must be waited for
        let (begins, ends) = (ask(Offset::Beginning)?, ask(Offset::End)?);
        let (mut partitions, mut trails) = (BTreeMap::new(), BTreeMap::new());
        for (partition, end) in ends {
            self.parts.sent.claim(partition, self.number);
            let begin = begins.get(&partition).copied().unwrap_or(0);
            let Checkpoint { mut next, mut newest } = self.parts.sent.checkpoint(partition)?;
            if next > end {
                tracing::warn!(
                    %topic, partition, next, end,
                    "the changelog of approvals ends before what is known of it: it is another one now, and read whole"
                );
                self.parts.sent.forget(partition)?;
                (next, newest) = (0, None);
            }
            if begin > next {
                tracing::error!(
                    %topic, partition, next, begin,
                    "records of the changelog of approvals were deleted before they were read: what was approved in them is \
                     not counted. Set cleanup.policy=compact without delete"
                );
                next = begin;
            }
            self.approvals.saw_written(partition, newest);
            if next >= end {
                self.approvals.restored.insert(partition);
            } else {
                trails.insert(partition, newest);
                partitions.insert(partition, Progress { next, end });
            }
        }
        if partitions.is_empty() {
            return Ok(None);
        }
        let reader =
            self.reader_of(&partitions).map_err(|error| unavailable(&topic, None, &error))?;
        Ok(Some(Restoring { reader, partitions, trails, unreadable: BTreeMap::new(), began }))
    }

    fn reader_of(
        &self,
        partitions: &BTreeMap<i32, Progress>,
    ) -> Result<BatchReader<GateContext>, KafkaError> {
        let config = &self.parts.scan_config;
        let consumer: BaseConsumer<GateContext> =
            config.create_with_context(GateContext::default())?;
        let mut assignment = TopicPartitionList::new();
        for (partition, progress) in partitions {
            let from = Offset::Offset(progress.next);
            assignment.add_partition_offset(&self.parts.sent_topic, *partition, from)?;
        }
        consumer.assign(&assignment)?;
        BatchReader::new(consumer, RECORDS_MAX)
            .map_err(|error| KafkaError::MessageConsumption(error.code))
    }

    /// Reads for one turn; done when every partition has come to its end.
    fn read_back(&mut self, restoring: &mut Restoring) -> Result<(), Setback> {
        let policies = self.parts.policies.current();
        let horizon = Horizon::of(&policies, crate::clock::now());
        let deadline = Instant::now() + TURN;
        let mut trouble = None;
        while !restoring.partitions.is_empty() {
            if Instant::now() > deadline {
                return Err(Setback::Hold(self.not_there_yet(restoring, trouble)));
            }
            let Restoring { reader, partitions, trails, unreadable, .. } = restoring;
            let polled = reader.poll(POLL_WAIT);
            let mut records = Vec::new();
            for entry in polled.iter() {
                match entry {
                    Polled::Record(record) => {
                        let Some(progress) = partitions.get_mut(&record.partition) else {
                            continue;
                        };
                        progress.next = record.offset + 1;
                        self.parts.metrics.sent_restored.inc();
                        records.push(log_record(&record));
                    }
                    Polled::EndOfPartition { partition, next_offset, .. } => {
                        if let Some(progress) = partitions.get_mut(&partition) {
                            progress.next = progress.next.max(next_offset);
                        }
                    }
                    // what lies behind it would be counted without it
                    Polled::Error { partition, offset, error } if is_unreadable_batch(&error) => {
                        let hold = self.unreadable_batch(partition, offset, &error);
                        self.approvals.unreadable = Some((Instant::now(), hold.clone()));
                        return Err(Setback::Hold(hold));
                    }
                    // passes, or shows in the hold
                    Polled::Error { error, .. } => trouble = Some(error.text),
                }
            }
            let reading = Reading {
                seal: &self.seal,
                horizon,
                transaction_timeout: self.parts.transaction_timeout,
            };
            let restored = reading.join(&self.parts.sent, &records, trails)?;
            note_unreadable(unreadable, &records, &restored);
            // a checkpoint must not pass what is not in the store
            let checkpoints = partitions.iter().map(|(partition, progress)| {
                let newest = trails.get(partition).copied().flatten();
                (*partition, Checkpoint { next: progress.next, newest })
            });
            let is_whole = |partition: i32| !unreadable.keys().any(|(of, _)| *of == partition);
            let checkpoints = checkpoints.filter(|(partition, _)| is_whole(*partition));
            let rows = restored.rows.iter().map(|(key, row)| (*key, Some(row.as_slice())));
            self.parts.sent.write(self.number, rows, checkpoints)?;
            drop(polled);
            self.note_strangers(&restored);
            let is_over = unreadable.len() > UNREADABLE_MAX;
            let (done, open): (BTreeMap<_, _>, BTreeMap<_, _>) = std::mem::take(partitions)
                .into_iter()
                .partition(|(_, progress)| progress.next >= progress.end);
            let stuck = unreadable.iter().find(|((of, _), _)| is_over || done.contains_key(of));
            if let Some(((partition, _), why)) = stuck {
                let hold = self.unreadable(*partition, *why);
                self.approvals.unreadable = Some((Instant::now(), hold.clone()));
                return Err(Setback::Hold(hold));
            }
            for partition in done.keys() {
                self.approvals.saw_written(*partition, trails.get(partition).copied().flatten());
            }
            *partitions = open;
            self.approvals.restored.extend(done.keys());
        }
        Ok(())
    }

    /// Counts what no gate has written, says where it is, and remembers which rows are to be written again.
    fn note_strangers(&mut self, restored: &Restored) {
        for (partition, offset, kind) in &restored.foreign {
            self.parts.metrics.sent_foreign.of(*kind).inc();
            if let Some(n_suppressed) = self.strangers.admit(kind.as_str(), i64::from(*partition)) {
                tracing::warn!(
                    topic = %self.parts.sent_topic,
                    partition,
                    offset,
                    kind = kind.as_str(),
                    n_suppressed,
                    "a record of the changelog of approvals was not written there by a gate: its recipient gets nothing \
                     that is capped until the longest window is over. Only the gate may write to that topic"
                );
            }
        }
        let repairs = &mut self.approvals.repairs;
        for key in &restored.whole {
            repairs.remove(key);
        }
        for key in &restored.repairs {
            if repairs.len() < REPAIRS_MAX {
                repairs.insert(*key);
            }
        }
    }

    fn not_there_yet(&self, restoring: &Restoring, trouble: Option<String>) -> Hold {
        let topic = &self.parts.sent_topic;
        let first = restoring.partitions.iter().next();
        let (partition, Progress { next, end }) = first
            .map_or((-1, Progress { next: 0, end: 0 }), |(partition, progress)| {
                (*partition, *progress)
            });
        let n_others = restoring.partitions.len().saturating_sub(1);
        let trouble = trouble.map(|text| format!("; {text}")).unwrap_or_default();
        hold(
            HoldCause::SentRestoring,
            format!(
                "`{topic}` partition {partition} is read up to offset {next}, must be to {end}; {n_others} others; if it stands \
                 still, a transaction of a former owner is open until it times out{trouble}"
            ),
        )
    }

    fn unreadable(&self, partition: i32, why: Unreadable) -> Hold {
        let topic = &self.parts.sent_topic;
        let Unreadable { offset, error } = why;
        let fix = match error {
            RowError::OtherPepper => {
                "give all instances the same `state.pepper_file`; if it was changed or is lost, stop every instance, delete the \
                 topic (it is compacted: its records cannot be deleted), run `consent-gate topics create`, and counting begins \
                 anew"
            }
            RowError::Malformed => {
                "run the newest version; a record that is none of ours is passed over after a null value with the same \
                 key was written to that partition, and its recipient gets nothing capped until the longest window is over"
            }
        };
        hold(
            HoldCause::SentUnreadable,
            format!("`{topic}` partition {partition} offset {offset} {error}: {fix}"),
        )
    }

    fn unreadable_batch(&self, partition: i32, offset: i64, error: &NativeError) -> Hold {
        let topic = &self.parts.sent_topic;
        hold(
            HoldCause::SentUnreadable,
            format!(
                "`{topic}` partition {partition} offset {offset}: a batch cannot be unpacked: {error}"
            ),
        )
    }

    /// Now and then asks where the changelog ends. Everything before that end is in the store: no transaction
    /// of ours is open, and rows are written at each commit. It is only kept for now: that nobody else has
    /// written meanwhile is known when the next transaction commits, since that takes a valid generation.
    pub(super) fn ask_ends(&mut self) {
        let asked_at = self.approvals.asked_at.get_or_insert_with(Instant::now);
        if asked_at.elapsed() < CHECKPOINT_INTERVAL {
            return;
        }
        *asked_at = Instant::now();
        let partitions = self.approvals.restored.iter().copied();
        let topic = &self.parts.sent_topic;
        match offsets(&self.parts.sent_ends, topic, partitions, Offset::End, REQUEST_TIMEOUT) {
            Ok(ends) => {
                let newest = &self.approvals.newest;
                let checkpoint = |(partition, next)| {
                    (partition, Checkpoint { next, newest: newest.get(&partition).copied() })
                };
                self.approvals.ends = ends.into_iter().map(checkpoint).collect();
            }
            Err((partition, error)) => {
                tracing::debug!(lane = self.number, ?partition, %error, "no checkpoint this time");
            }
        }
    }

    /// The transaction is committed: its rows, and the ends asked for before it as checkpoints.
    pub(super) fn write_rows(&mut self, rows: &[(RowKey, Vec<u8>)]) -> Result<(), Setback> {
        let ends = std::mem::take(&mut self.approvals.ends);
        for (key, row) in rows {
            self.approvals.repairs.remove(key);
            self.approvals.saw_written(key.partition, Row::written_at(row));
        }
        let rows = rows.iter().map(|(key, row)| (*key, Some(row.as_slice())));
        let has_checkpoints = !ends.is_empty();
        self.parts.sent.write(self.number, rows, ends)?;
        if has_checkpoints {
            self.parts.sent.flush_now_and_then()?;
        }
        Ok(())
    }
}

/// A record of the changelog, as `sent` reads it.
pub(crate) fn log_record<'r>(record: &Record<'r>) -> LogRecord<'r> {
    LogRecord {
        partition: record.partition,
        offset: record.offset,
        timestamp_ms: record.timestamp_ms,
        key: record.key.unwrap_or_default(),
        value: record.value,
    }
}

/// A record that is no row may still be replaced by a later one of its key.
fn note_unreadable(
    unreadable: &mut BTreeMap<(i32, Vec<u8>), Unreadable>,
    records: &[LogRecord<'_>],
    restored: &Restored,
) {
    if unreadable.is_empty() && restored.unreadable.is_empty() {
        return;
    }
    let found = restored.unreadable.iter();
    let found: BTreeMap<_, _> = found.map(|(of, at, error)| ((*of, *at), *error)).collect();
    for record in records {
        let place = (record.partition, record.key.to_vec());
        match found.get(&(record.partition, record.offset)) {
            Some(error) => {
                unreadable.insert(place, Unreadable { offset: record.offset, error: *error });
            }
            None => {
                unreadable.remove(&place);
            }
        }
    }
}

/// Test-only: shows that the tests see a gate that does not read back what was approved.
#[cfg(feature = "fault-injection")]
fn fault_no_restore() -> bool {
    std::env::var("CONSENT_GATE_FAULT").is_ok_and(|fault| fault == "no_sent_restore")
}

#[cfg(not(feature = "fault-injection"))]
const fn fault_no_restore() -> bool {
    false
}

fn hold(cause: HoldCause, detail: String) -> Hold {
    Hold { cause, detail, consent_partition: None }
}

fn unavailable(topic: &str, partition: Option<i32>, error: &KafkaError) -> Setback {
    let which = partition.map(|number| format!(" partition {number}")).unwrap_or_default();
    let detail = format!(
        "`{topic}`{which} cannot be asked for its end: {error}. It needs as many partitions as the messages"
    );
    Setback::Hold(hold(HoldCause::BrokerUnavailable, detail))
}

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

mod changelog;
mod holds;

pub(super) use changelog::{Changelog, ChangelogReader, Entry};

use super::Setback;
use crate::approvals::{
    Checkpoint, Horizon, KeptRows, LogRecord, Reading, Restored, Row, RowError, RowKey, RowSeal,
    SentError, SentStore, Trail,
};
use crate::barrier::Hold;
use crate::logging::Limited;
use crate::metrics::Metrics;
use gate_core::Timestamp;
use gate_engine::Seal as _;
use rdkafka::Offset;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long one turn reads before the group is served again.
const TURN: Duration = Duration::from_millis(500);
const POLL_WAIT: Duration = Duration::from_millis(20);
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

/// What approvals are restored into, and how they are judged.
pub(super) struct ApprovalsParts {
    /// Which lane this is.
    pub(super) lane: usize,
    /// Where they are kept.
    pub(super) sent: Arc<SentStore>,
    /// Makes and checks the tags of rows.
    pub(super) seal: RowSeal,
    /// The changelog's topic.
    pub(super) topic: String,
    /// How long a gate may take from judging to the row being in the log.
    pub(super) transaction_timeout: Duration,
    /// Counts.
    pub(super) metrics: Arc<Metrics>,
}

/// What a lane knows about the changelog.
pub(super) struct Approvals<R> {
    parts: ApprovalsParts,
    strangers: Limited,
    restored: BTreeSet<i32>,
    restoring: Option<Restoring<R>>,
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
struct Restoring<R> {
    reader: R,
    progress: Reached,
    began: Instant,
}

/// How far a restore has come.
struct Reached {
    partitions: BTreeMap<i32, Progress>,
    trails: BTreeMap<i32, Trail>,
    unreadable: BTreeMap<(i32, Vec<u8>), Unreadable>,
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

impl<R: ChangelogReader> Approvals<R> {
    /// Nothing is read back yet.
    pub(super) fn new(parts: ApprovalsParts) -> Self {
        Self {
            parts,
            strangers: Limited::new(),
            restored: BTreeSet::new(),
            restoring: None,
            ends: BTreeMap::new(),
            newest: BTreeMap::new(),
            asked_at: None,
            unreadable: None,
            repairs: BTreeSet::new(),
        }
    }

    /// Rows as they are kept, for whoever judges by them.
    pub(super) fn kept(&self) -> KeptRows<'_> {
        KeptRows { store: &self.parts.sent, pepper_id: self.parts.seal.pepper_id() }
    }

    /// Makes the tags of rows.
    pub(super) fn seal(&self) -> &RowSeal {
        &self.parts.seal
    }

    /// The partition is somebody else's, or new.
    pub(super) fn forget(&mut self, partition: i32) {
        self.restored.remove(&partition);
        self.parts.sent.doubts(partition, self.parts.lane);
        self.ends.remove(&partition);
        self.repairs.retain(|key| key.partition != partition);
        self.restoring = None;
    }

    /// A transaction ended in a way nobody knows: the changelog may have more than the store.
    pub(super) fn forget_all(&mut self) {
        for partition in std::mem::take(&mut self.restored) {
            self.parts.sent.doubts(partition, self.parts.lane);
        }
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

    /// Whether all that was approved in these partitions is known.
    pub(super) fn knows(&self, mut partitions: impl Iterator<Item = i32>) -> bool {
        partitions.all(|partition| self.restored.contains(&partition))
    }

    /// Reads back what is missing of these partitions, for a moment.
    ///
    /// # Errors
    /// A hold while it is not done: the group must be served in between.
    pub(super) fn restore<C: Changelog<Reader = R>>(
        &mut self,
        wanted: impl Iterator<Item = i32>,
        changelog: &C,
        horizon: Horizon,
    ) -> Result<(), Setback> {
        if let Some((at, hold)) = &self.unreadable {
            if at.elapsed() < UNREADABLE_RETRY {
                return Err(Setback::Hold(hold.clone()));
            }
            self.unreadable = None;
        }
        let wanted: BTreeSet<i32> = wanted.filter(|p| !self.restored.contains(p)).collect();
        if fault_no_restore() {
            wanted.iter().for_each(|partition| self.parts.sent.claim(*partition, self.parts.lane));
            self.note_restored(wanted);
            return Ok(());
        }
        let under_way = self.restoring.take();
        let is_same = |it: &Restoring<R>| it.progress.partitions.keys().eq(wanted.iter());
        let mut restoring = match under_way.filter(is_same) {
            Some(restoring) => restoring,
            None => match self.begin(&wanted, changelog)? {
                Some(restoring) => restoring,
                None => return Ok(()),
            },
        };
        let result = self.read_back(&mut restoring, horizon);
        if result.is_ok() {
            self.parts.metrics.sent_restore.observe(restoring.began.elapsed().as_secs_f64());
            tracing::debug!(lane = self.parts.lane, partitions = ?wanted, "approvals read back");
        } else if self.unreadable.is_none() {
            self.restoring = Some(restoring);
        }
        result
    }

    /// Finds out what must be read; `None` when nothing must.
    fn begin<C: Changelog<Reader = R>>(
        &mut self,
        wanted: &BTreeSet<i32>,
        changelog: &C,
    ) -> Result<Option<Restoring<R>>, Setback> {
        let began = Instant::now();
        let ask = |place| {
            let found = changelog.offsets(wanted.iter().copied(), place);
            found.map_err(|(partition, error)| self.parts.unavailable(partition, &error))
        };
        let (begins, ends) = (ask(Offset::Beginning)?, ask(Offset::End)?);
        let (mut partitions, mut trails) = (BTreeMap::new(), BTreeMap::new());
        for (partition, end) in ends {
            let begin = begins.get(&partition).copied().unwrap_or(0);
            let Checkpoint { next, newest } = self.checkpoint(partition, begin, end)?;
            self.saw_written(partition, newest);
            if next >= end {
                self.note_restored([partition]);
            } else {
                trails.insert(partition, newest);
                partitions.insert(partition, Progress { next, end });
            }
        }
        if partitions.is_empty() {
            return Ok(None);
        }
        let from = partitions.iter().map(|(partition, progress)| (*partition, progress.next));
        let reader =
            changelog.reader(from).map_err(|error| self.parts.unavailable(None, &error))?;
        let progress = Reached { partitions, trails, unreadable: BTreeMap::new() };
        Ok(Some(Restoring { reader, progress, began }))
    }

    /// Where reading goes on in a partition of the changelog that holds what lies between these offsets.
    fn checkpoint(&self, partition: i32, begin: i64, end: i64) -> Result<Checkpoint, SentError> {
        let topic = &self.parts.topic;
        self.parts.sent.claim(partition, self.parts.lane);
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
        Ok(Checkpoint { next, newest })
    }

    /// Reads for one turn; done when every partition has come to its end.
    fn read_back(&mut self, restoring: &mut Restoring<R>, horizon: Horizon) -> Result<(), Setback> {
        let deadline = Instant::now() + TURN;
        let mut trouble = None;
        let Restoring { reader, progress, .. } = restoring;
        while !progress.partitions.is_empty() {
            if Instant::now() > deadline {
                return Err(Setback::Hold(self.parts.not_there_yet(progress, trouble)));
            }
            reader.read(POLL_WAIT, |entries| {
                let records = self.follow(progress, entries, &mut trouble)?;
                self.join(progress, &records, horizon)
            })?;
        }
        Ok(())
    }

    /// Notes how far reading has come; the records among what was read.
    fn follow<'r>(
        &mut self,
        progress: &mut Reached,
        entries: Vec<Entry<'r>>,
        trouble: &mut Option<String>,
    ) -> Result<Vec<LogRecord<'r>>, Setback> {
        let mut records = Vec::with_capacity(entries.len());
        for entry in entries {
            match entry {
                Entry::Record(record) => {
                    let Some(reached) = progress.partitions.get_mut(&record.partition) else {
                        continue;
                    };
                    reached.next = record.offset + 1;
                    self.parts.metrics.sent_restored.inc();
                    records.push(record);
                }
                Entry::End { partition, next_offset } => {
                    if let Some(reached) = progress.partitions.get_mut(&partition) {
                        reached.next = reached.next.max(next_offset);
                    }
                }
                // what lies behind it would be counted without it
                Entry::UnreadableBatch { partition, offset, error } => {
                    return Err(self.stuck(self.parts.unreadable_batch(partition, offset, &error)));
                }
                Entry::Trouble(text) => *trouble = Some(text),
            }
        }
        Ok(records)
    }

    /// Joins records with what is known, and ends the partitions that have come to their end.
    fn join(
        &mut self,
        progress: &mut Reached,
        records: &[LogRecord<'_>],
        horizon: Horizon,
    ) -> Result<(), Setback> {
        let Reached { partitions, trails, unreadable } = progress;
        let reading = Reading {
            seal: &self.parts.seal,
            horizon,
            transaction_timeout: self.parts.transaction_timeout,
        };
        let restored = reading.join(&self.parts.sent, records, trails)?;
        note_unreadable(unreadable, records, &restored);
        // a checkpoint must not pass what is not in the store
        let checkpoints = partitions.iter().map(|(partition, reached)| {
            let newest = trails.get(partition).copied().flatten();
            (*partition, Checkpoint { next: reached.next, newest })
        });
        let is_whole = |partition: i32| !unreadable.keys().any(|(of, _)| *of == partition);
        let checkpoints = checkpoints.filter(|(partition, _)| is_whole(*partition));
        let rows = restored.rows.iter().map(|(key, row)| (*key, Some(row.as_slice())));
        self.parts.sent.write(self.parts.lane, rows, checkpoints)?;
        self.note_strangers(&restored);
        let is_over = unreadable.len() > UNREADABLE_MAX;
        let (done, open): (BTreeMap<_, _>, BTreeMap<_, _>) = std::mem::take(partitions)
            .into_iter()
            .partition(|(_, reached)| reached.next >= reached.end);
        let stuck = unreadable.iter().find(|((of, _), _)| is_over || done.contains_key(of));
        if let Some(((partition, _), why)) = stuck {
            return Err(self.stuck(self.parts.unreadable(*partition, *why)));
        }
        for partition in done.keys() {
            self.saw_written(*partition, trails.get(partition).copied().flatten());
        }
        *partitions = open;
        self.note_restored(done.into_keys());
        Ok(())
    }

    /// All that was approved in these partitions is known.
    fn note_restored(&mut self, partitions: impl IntoIterator<Item = i32>) {
        for partition in partitions {
            self.restored.insert(partition);
            self.parts.sent.knows(partition, self.parts.lane);
        }
    }

    /// Nothing is read for a while.
    fn stuck(&mut self, hold: Hold) -> Setback {
        self.unreadable = Some((Instant::now(), hold.clone()));
        Setback::Hold(hold)
    }

    /// Counts what no gate has written, says where it is, and remembers which rows are to be written again.
    fn note_strangers(&mut self, restored: &Restored) {
        for (partition, offset, kind) in &restored.foreign {
            self.parts.metrics.sent_foreign.of(*kind).inc();
            if let Some(n_suppressed) = self.strangers.admit(kind.as_str(), i64::from(*partition)) {
                tracing::warn!(
                    topic = %self.parts.topic,
                    partition,
                    offset,
                    kind = kind.as_str(),
                    n_suppressed,
                    "a record of the changelog of approvals was not written there by a gate: its recipient gets nothing \
                     that is capped until the longest window is over. Only the gate may write to that topic"
                );
            }
        }
        for key in &restored.whole {
            self.repairs.remove(key);
        }
        for key in &restored.repairs {
            if self.repairs.len() < REPAIRS_MAX {
                self.repairs.insert(*key);
            }
        }
    }

    /// Now and then asks where the changelog ends. Everything before that end is in the store: no transaction
    /// of ours is open, and rows are written at each commit. It is only kept for now: that nobody else has
    /// written meanwhile is known when the next transaction commits, since that takes a valid generation.
    pub(super) fn ask_ends(&mut self, changelog: &impl Changelog<Reader = R>) {
        let asked_at = self.asked_at.get_or_insert_with(Instant::now);
        if asked_at.elapsed() < CHECKPOINT_INTERVAL {
            return;
        }
        *asked_at = Instant::now();
        match changelog.offsets(self.restored.iter().copied(), Offset::End) {
            Ok(ends) => {
                let checkpoint = |(partition, next)| {
                    let newest = self.newest.get(&partition).copied();
                    (partition, Checkpoint { next, newest })
                };
                self.ends = ends.into_iter().map(checkpoint).collect();
            }
            Err((partition, error)) => {
                tracing::debug!(lane = self.parts.lane, ?partition, %error, "no checkpoint this time");
            }
        }
    }

    /// The transaction is committed: its rows, and the ends asked for before it as checkpoints.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub(super) fn write_rows(&mut self, rows: &[(RowKey, Vec<u8>)]) -> Result<(), SentError> {
        let ends = std::mem::take(&mut self.ends);
        for (key, row) in rows {
            self.repairs.remove(key);
            self.saw_written(key.partition, Row::written_at(row));
        }
        let rows = rows.iter().map(|(key, row)| (*key, Some(row.as_slice())));
        let has_checkpoints = !ends.is_empty();
        self.parts.sent.write(self.parts.lane, rows, ends)?;
        if has_checkpoints {
            self.parts.sent.flush_now_and_then()?;
        }
        Ok(())
    }
}

/// A lane that ends knows nothing any more, however it ends.
impl<R> Drop for Approvals<R> {
    fn drop(&mut self) {
        for partition in &self.restored {
            self.parts.sent.doubts(*partition, self.parts.lane);
        }
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

//! Writing: the fold of the consent topic, by its single owner.
//!
//! [`Writer::apply`] joins one event into the states it speaks about, [`Writer::advance`] notes how far
//! the log was read, [`Writer::receive`] how far its record times came, [`Writer::commit`] writes all of
//! it in one batch. When a batch outgrows its bound, `apply` commits what is complete by itself: states may run
//! ahead of positions, never behind.
//!
//! INVARIANT: whenever a contact is stored, its erasures and what the person refused without naming an address
//! are stored in the states of all addresses it was seen with, in the same batch; and whenever an address is stored,
//! what was refused there is stored in the states of those that took its place. So they reach an address however the
//! events are ordered.
//! INVARIANT: after an error nothing more is written; the process stops and starts again from disk.

use super::layout::{self, COLUMN_FAMILIES, META, Memory, STATE, TIMELINE};
use super::overlay::Overlay;
use super::row::{COVERING_FACTS_MAX, Row, coverer};
use super::snapshot::Inner;
use super::timeline::{self, Source};
use super::{Identity, PARTITIONS_MAX, StoreError, header};
use gate_core::{ConsentState, Placement, SubjectKey, Subjects, Timestamp};
use gate_engine::{Change, Scratch, Table};
use rocksdb::{FlushOptions, ReadOptions, WriteBatch, WriteOptions};
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Keys of one multi-get while prefetching.
const PREFETCH_KEYS_MAX: usize = 1024;

/// The single owner of writes.
pub struct Writer {
    inner: Arc<Inner>,
    positions: Vec<i64>,
    /// The greatest record time of each partition before its position, stored with it.
    times: Vec<Timestamp>,
    /// The same of what was received since, which may still be set back.
    received: Vec<Timestamp>,
    progress_changed: bool,
    overlay: Overlay,
    /// Timeline entries of the uncommitted events; states are added at commit.
    batch: WriteBatch,
    batch_bytes_max: usize,
    wait_at_bytes: usize,
    read: ReadOptions,
    write: WriteOptions,
    scratch: Scratch,
    /// A row that is being put together.
    row_bytes: Vec<u8>,
    stopped: bool,
}

impl Writer {
    pub(super) fn new(inner: Arc<Inner>, memory: &Memory) -> Result<Self, StoreError> {
        let read = layout::read_options();
        let times = inner.times(&read)?;
        Ok(Self {
            positions: inner.positions(&read)?,
            received: times.clone(),
            times,
            progress_changed: false,
            overlay: Overlay::default(),
            batch: WriteBatch::default(),
            batch_bytes_max: memory.batch_bytes,
            wait_at_bytes: memory.wait_at_bytes,
            read,
            write: layout::write_options(),
            scratch: Scratch::default(),
            row_bytes: Vec::new(),
            stopped: false,
            inner,
        })
    }

    /// The next offset of each partition, uncommitted advances included.
    #[must_use]
    pub fn positions(&self) -> &[i64] {
        &self.positions
    }

    /// Notes that a record dated `at` stands at the end of what is applied of `partition`, and says how far that
    /// log has come: the greatest record time up to and including it. Reading on from the same position gives the
    /// same answers, also after a crash: what is stored beside a position is what was received before
    /// [`Writer::advance`] came there.
    pub fn receive(&mut self, partition: i32, at: Timestamp) -> Timestamp {
        let index = usize::try_from(partition).ok();
        let Some(log) = index.and_then(|index| self.received.get_mut(index)) else {
            return at; // `advance` refuses the partition
        };
        *log = at.max(*log);
        *log
    }

    /// A partition is read again from its position: what was received behind it is received anew.
    pub fn set_back(&mut self, partition: i32) {
        let index = usize::try_from(partition).unwrap_or(usize::MAX);
        if let (Some(received), Some(at)) = (self.received.get_mut(index), self.times.get(index)) {
            *received = *at;
        }
    }

    /// Loads states that the next events will need, in one sorted read. Optional; what does not fit the
    /// batch's memory is left for `apply` to load.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] and [`StoreError::Io`].
    pub fn prefetch(&mut self, subjects: &[SubjectKey]) -> Result<(), StoreError> {
        self.running()?;
        let missing = subjects.iter().copied();
        let mut missing: Vec<SubjectKey> =
            missing.filter(|subject| !self.overlay.contains(*subject)).collect();
        missing.sort_unstable();
        missing.dedup();
        for keys in missing.chunks(PREFETCH_KEYS_MAX) {
            if self.pending_bytes() > self.batch_bytes_max {
                break;
            }
            let state = self.inner.family(STATE)?;
            let raw = keys.iter().map(|key| &key.0);
            let db = &self.inner.db;
            let found = db.batched_multi_get_cf_opt(state, raw, true, &self.read);
            for (subject, found) in keys.iter().zip(found) {
                let found = found.map_err(|error| self.inner.fail(&error))?;
                self.overlay.load(*subject, found.as_deref().unwrap_or_default());
            }
        }
        Ok(())
    }

    /// Joins an event into the states of its subjects and notes it in their timelines. Returns whether
    /// any state changed; a redelivery changes none.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`], [`StoreError::Io`], [`StoreError::Stopped`].
    pub fn apply(
        &mut self,
        subjects: Subjects,
        placement: &Placement<'_>,
        source: Source,
    ) -> Result<bool, StoreError> {
        self.running()?;
        if self.pending_bytes() > self.batch_bytes_max {
            self.commit()?;
        }
        let result = self.fold(subjects, placement, source);
        self.stopped |= result.is_err();
        result
    }

    fn fold(
        &mut self,
        subjects: Subjects,
        placement: &Placement<'_>,
        source: Source,
    ) -> Result<bool, StoreError> {
        let mut scratch = std::mem::take(&mut self.scratch);
        let mut event = Event { writer: self, source };
        let folded = gate_engine::fold(&mut event, &mut scratch, subjects, placement);
        self.scratch = scratch;
        folded
    }

    /// Keeps the row of the contact that covers this address true to the address's new state.
    fn keep_covered(&mut self, change: &Change<'_>) -> Result<(), StoreError> {
        let (before, after) = (coverer(change.before), coverer(change.encoded));
        if let Some(contact) = before.filter(|_| before != after) {
            self.cover(contact, change.subject, false)?;
        }
        if let Some(contact) = after {
            self.cover(contact, change.subject, true)?;
        }
        Ok(())
    }

    /// Notes in a contact's row whether it covers the address.
    fn cover(
        &mut self,
        contact: SubjectKey,
        address: SubjectKey,
        is_covered: bool,
    ) -> Result<(), StoreError> {
        self.load(contact)?;
        let row = self.row(contact)?;
        if row.covers(address) == is_covered {
            return Ok(());
        }
        let mut bytes = Vec::with_capacity(row.state.len() + 128);
        let is_written = if is_covered {
            let state = ConsentState::decode(row.state);
            state.is_ok_and(|state| state.facts().len() <= COVERING_FACTS_MAX)
                && row.write_covering(address, &mut bytes)
        } else {
            row.write_uncovering(address, &mut bytes);
            true
        };
        if is_written {
            self.overlay.put(contact, &bytes);
        }
        Ok(())
    }

    /// The row of a loaded subject.
    fn row(&self, subject: SubjectKey) -> Result<Row<'_>, StoreError> {
        let bytes = self.overlay.get(subject).unwrap_or_default();
        let damaged = || self.inner.damaged("a stored consent state cannot be read");
        Row::read(bytes).ok_or_else(damaged)
    }

    /// Whether a record that could be read has said anything about this subject, uncommitted ones included. It stays
    /// so for good: a state loses facts, but never all of them.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`], [`StoreError::Io`], [`StoreError::Stopped`].
    pub fn is_known(&mut self, subject: SubjectKey) -> Result<bool, StoreError> {
        self.running()?;
        let mut scratch = std::mem::take(&mut self.scratch);
        // nothing is noted, so it does not matter where
        let mut event = Event { writer: self, source: Source { partition: 0, offset: 0 } };
        let is_known = gate_engine::is_known(&mut event, &mut scratch, subject);
        self.scratch = scratch;
        is_known
    }

    fn load(&mut self, subject: SubjectKey) -> Result<(), StoreError> {
        if self.overlay.contains(subject) {
            return Ok(());
        }
        let state = self.inner.family(STATE)?;
        let found = self
            .inner
            .db
            .get_pinned_cf_opt(state, subject.0, &self.read)
            .map_err(|error| self.inner.fail(&error))?;
        self.overlay.load(subject, found.as_deref().unwrap_or_default());
        Ok(())
    }

    /// Notes that everything of `partition` before `next_offset` is applied.
    ///
    /// # Errors
    /// [`StoreError::Partitions`] for an unknown partition; [`StoreError::Corrupt`] when it would go back.
    pub fn advance(&mut self, partition: i32, next_offset: i64) -> Result<(), StoreError> {
        self.running()?;
        let known = self.positions.len() as u64;
        let index = usize::try_from(partition).ok();
        let Some(position) = index.and_then(|index| self.positions.get_mut(index)) else {
            return Err(StoreError::Partitions {
                found: u64::try_from(partition).map_or(0, |partition| partition + 1),
                known,
                max: PARTITIONS_MAX,
            });
        };
        if next_offset < *position {
            self.stopped = true;
            return Err(self.inner.damaged("a position went back"));
        }
        self.progress_changed |= next_offset != *position;
        *position = next_offset;
        let index = index.unwrap_or(usize::MAX);
        if let (Some(at), Some(received)) = (self.times.get_mut(index), self.received.get(index)) {
            self.progress_changed |= at != received;
            *at = *received;
        }
        Ok(())
    }

    /// Partitions were added to the topic: from now on there are `n_partitions`, of which nothing is read yet. Header
    /// and positions are written in one batch, with everything before it.
    ///
    /// # Errors
    /// [`StoreError::Partitions`] when there are too many; else as [`Writer::commit`].
    pub fn add_partitions(&mut self, n_partitions: usize) -> Result<(), StoreError> {
        self.running()?;
        let found = u32::try_from(n_partitions).unwrap_or(u32::MAX);
        if found > PARTITIONS_MAX {
            let known = self.positions.len() as u64;
            return Err(StoreError::Partitions {
                found: u64::from(found),
                known,
                max: PARTITIONS_MAX,
            });
        }
        if n_partitions <= self.positions.len() {
            return Ok(());
        }
        let positions = header::with_added(std::mem::take(&mut self.positions), n_partitions);
        self.positions = positions;
        self.times = header::with_added(std::mem::take(&mut self.times), n_partitions);
        self.received = header::with_added(std::mem::take(&mut self.received), n_partitions);
        self.progress_changed = true;
        // before the write: whoever reads the new positions must expect them
        self.inner.partitions.1.store(n_partitions, Ordering::Release);
        let identity = Identity { partitions: found, ..self.inner.identity.clone() };
        let meta = self.inner.family(META)?;
        self.batch.put_cf(meta, header::HEADER_KEY, header::encode(&identity));
        self.commit()
    }

    /// Writes states, timeline and positions in one batch; readers see all of it or nothing. Waits for a
    /// flush when memtables outgrew their share of memory.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`], [`StoreError::Io`], [`StoreError::Stopped`].
    pub fn commit(&mut self) -> Result<(), StoreError> {
        self.running()?;
        let result = self.write();
        self.stopped |= result.is_err();
        result
    }

    fn write(&mut self) -> Result<(), StoreError> {
        let room = self.batch.size_in_bytes().min(self.batch_bytes_max);
        let mut batch = std::mem::replace(&mut self.batch, WriteBatch::with_capacity_bytes(room));
        let state = self.inner.family(STATE)?;
        for (subject, bytes) in self.overlay.changes() {
            batch.put_cf(state, subject.0, bytes);
        }
        if self.progress_changed {
            let meta = self.inner.family(META)?;
            batch.put_cf(meta, header::POSITIONS_KEY, header::encode_positions(&self.positions));
            batch.put_cf(meta, header::TIMES_KEY, header::encode_times(&self.times));
        }
        if !batch.is_empty() {
            let written = self.inner.db.write_opt(batch, &self.write);
            written.map_err(|error| self.inner.fail(&error))?;
        }
        self.overlay.clear();
        self.progress_changed = false;
        if self.inner.memtables.get_usage() > self.wait_at_bytes {
            self.flush_all()?;
        }
        Ok(())
    }

    /// Makes everything committed durable: after a crash the store stands here or later.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`], [`StoreError::Io`], [`StoreError::Stopped`].
    pub fn flush(&mut self) -> Result<(), StoreError> {
        self.running()?;
        let result = self.flush_all();
        self.stopped |= result.is_err();
        result
    }

    fn flush_all(&self) -> Result<(), StoreError> {
        let families = COLUMN_FAMILIES.map(|name| self.inner.family(name));
        let families = families.into_iter().collect::<Result<Vec<_>, _>>()?;
        let families: Vec<_> = families.iter().collect();
        let mut options = FlushOptions::default();
        options.set_wait(true);
        let flushed = self.inner.db.flush_cfs_opt(&families, &options);
        flushed.map_err(|error| self.inner.fail(&error))
    }

    pub(super) fn pending_bytes(&self) -> usize {
        self.overlay.used_bytes() + self.batch.size_in_bytes()
    }

    fn running(&self) -> Result<(), StoreError> {
        if self.stopped {
            return Err(StoreError::Stopped { dir: self.inner.dir.clone() });
        }
        Ok(())
    }
}

/// The writer's states while one event is folded into them.
struct Event<'w> {
    writer: &'w mut Writer,
    source: Source,
}

impl Table for Event<'_> {
    type Error = StoreError;

    fn load(&mut self, subject: SubjectKey, out: &mut Vec<u8>) -> Result<(), StoreError> {
        self.writer.load(subject)?;
        out.extend_from_slice(self.writer.row(subject)?.state);
        Ok(())
    }

    fn note(&mut self, change: &Change<'_>) -> Result<(), StoreError> {
        let writer = &mut *self.writer;
        let timeline = writer.inner.family(TIMELINE)?;
        timeline::note(change, self.source, timeline, &mut writer.batch);
        if !change.is_changed {
            return Ok(());
        }
        let mut bytes = std::mem::take(&mut writer.row_bytes);
        bytes.clear();
        let row = writer.row(change.subject)?;
        row.write_with_state(change.encoded, change.state.facts().len(), &mut bytes);
        writer.overlay.put(change.subject, &bytes);
        writer.row_bytes = bytes;
        if change.is_address { writer.keep_covered(change) } else { Ok(()) }
    }

    fn damaged(&self) -> StoreError {
        self.writer.inner.damaged("a stored consent state cannot be read")
    }
}

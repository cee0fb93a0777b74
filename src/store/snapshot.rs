//! Reading: the shared handle and a consistent moment of it.
//!
//! A lane takes one [`Snapshot`] per batch, after its barrier. INVARIANT: states and positions of a
//! snapshot belong together: the states hold at least what the positions cover.
//!
//! Damage found while reading marks the directory before the error is returned, so that the next start
//! rebuilds even if nobody looks at the error.

use super::layout::{self, COLUMN_FAMILIES, META, STATE, TIMELINE};
use super::row::Row;
use super::{Identity, RebuildReason, StoreError, header, marker};
use gate_core::{SubjectKey, Timestamp};
use rocksdb::{
    Cache, ColumnFamily, DB, DBPinnableSlice, Options, ReadOptions, WriteBufferManager, properties,
    statistics::Ticker,
};
use std::fs::File;
use std::io;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// The open database, shared by readers and the writer.
pub(super) struct Inner {
    pub(super) db: DB, // first, so that it is closed before the lock is released
    pub(super) dir: PathBuf,
    pub(super) memtables: WriteBufferManager,
    pub(super) cache: Cache,
    /// Shares RocksDB's counters with the options the database was opened with.
    pub(super) tickers: Options,
    /// Partitions at the opening, and now: a snapshot may be older than the last that were added.
    pub(super) partitions: (usize, AtomicUsize),
    /// Whose fold it is, as it was opened.
    pub(super) identity: Identity,
    pub(super) _lock: File,
}

impl Inner {
    pub(super) fn family(&self, name: &str) -> Result<&ColumnFamily, StoreError> {
        let found = self.db.cf_handle(name);
        found.ok_or_else(|| self.damaged("a column family is missing"))
    }

    /// What a RocksDB error means; leaves the marker when it means damage.
    pub(super) fn fail(&self, error: &rocksdb::Error) -> StoreError {
        let error = StoreError::of_rocksdb(&self.dir, error);
        if matches!(error, StoreError::Corrupt { .. }) {
            self.mark();
        }
        error
    }

    pub(super) fn damaged(&self, what: &str) -> StoreError {
        self.mark();
        StoreError::corrupt(&self.dir, what)
    }

    fn mark(&self) {
        if let Err(error) = marker::mark_for_rebuild(&self.dir, RebuildReason::Damaged) {
            tracing::error!(%error, "the damaged store is not marked: delete it before the next start");
        }
    }

    /// The stored next offsets.
    pub(super) fn positions(&self, options: &ReadOptions) -> Result<Vec<i64>, StoreError> {
        let stored = self
            .db
            .get_pinned_cf_opt(self.family(META)?, header::POSITIONS_KEY, options)
            .map_err(|error| self.fail(&error))?
            .ok_or_else(|| self.damaged("the positions are missing"))?;
        let n_stored = stored.len() / size_of::<i64>();
        let (n_before, n_now) = (self.partitions.0, self.partitions.1.load(Ordering::Acquire));
        header::decode_positions(&stored, n_stored)
            .filter(|_| (n_before..=n_now).contains(&n_stored))
            .ok_or_else(|| self.damaged("the positions cannot be read"))
    }

    /// The stored record times, how far the log of each partition has come.
    pub(super) fn times(&self, options: &ReadOptions) -> Result<Vec<Timestamp>, StoreError> {
        let stored = self
            .db
            .get_pinned_cf_opt(self.family(META)?, header::TIMES_KEY, options)
            .map_err(|error| self.fail(&error))?
            .ok_or_else(|| self.damaged("the record times are missing"))?;
        header::decode_times(&stored, self.partitions.1.load(Ordering::Acquire))
            .ok_or_else(|| self.damaged("the record times cannot be read"))
    }
}

/// The consent store, shared by all threads.
pub struct Store {
    pub(super) inner: Arc<Inner>,
}

/// Figures for metrics and readiness.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StoreStats {
    /// Bytes of live table files on disk.
    pub disk_bytes: u64,
    /// Subjects, estimated: a subject changed since it was last compacted counts more than once.
    pub subjects: u64,
    /// Bytes of memtables.
    pub memtable_bytes: u64,
    /// Bytes in the cache, which the memtables are charged to.
    pub cache_bytes: u64,
    /// Blocks found in the cache since the store was opened.
    pub cache_hits: u64,
    /// Blocks read from disk since then.
    pub cache_misses: u64,
    /// What compaction has to rewrite, estimated.
    pub compaction_pending_bytes: u64,
    /// Compactions running now.
    pub compactions_running: u64,
    /// How long writes were slowed down or stopped since the store was opened.
    pub stalled: Duration,
    /// Whether no write is taken now.
    pub is_write_stopped: bool,
}

/// Room on the file system of the state directory, as far as a user without privileges may use it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DiskSpace {
    /// Free.
    pub free_bytes: u64,
    /// Taken or free.
    pub total_bytes: u64,
}

impl Store {
    /// The present moment.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot<'_> {
        let moment = self.inner.db.snapshot();
        let mut options = layout::read_options();
        options.set_snapshot(&moment);
        Snapshot { inner: &self.inner, options, moment }
    }

    /// Sizes, for metrics.
    #[must_use]
    pub fn stats(&self) -> StoreStats {
        let inner = &self.inner;
        let int_of = |name: &str, property| {
            let family = inner.db.cf_handle(name)?;
            inner.db.property_int_value_cf(family, property).ok()?
        };
        let sum_of = |property| -> u64 {
            COLUMN_FAMILIES.into_iter().filter_map(|name| int_of(name, property)).sum()
        };
        let ticker = |ticker| inner.tickers.get_ticker_count(ticker);
        StoreStats {
            disk_bytes: sum_of(properties::LIVE_SST_FILES_SIZE),
            subjects: int_of(STATE, properties::ESTIMATE_NUM_KEYS).unwrap_or_default(),
            memtable_bytes: inner.memtables.get_usage() as u64,
            cache_bytes: inner.cache.get_usage() as u64,
            cache_hits: ticker(Ticker::BlockCacheHit),
            cache_misses: ticker(Ticker::BlockCacheMiss),
            compaction_pending_bytes: sum_of(properties::ESTIMATE_PENDING_COMPACTION_BYTES),
            // of the whole database, whichever family is asked
            compactions_running: int_of(STATE, properties::NUM_RUNNING_COMPACTIONS)
                .unwrap_or_default(),
            stalled: Duration::from_micros(ticker(Ticker::StallMicros)),
            is_write_stopped: int_of(STATE, properties::IS_WRITE_STOPPED).is_some_and(|n| n > 0),
        }
    }

    /// Room on the disk, for metrics.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn disk_space(&self) -> io::Result<DiskSpace> {
        let found = rustix::fs::statvfs(&self.inner.dir)?;
        // blocks kept for root are neither free nor taken for us, as `df` shows it
        let usable = found.f_blocks.saturating_sub(found.f_bfree).saturating_add(found.f_bavail);
        let bytes = |blocks: u64| blocks.saturating_mul(found.f_frsize);
        Ok(DiskSpace { free_bytes: bytes(found.f_bavail), total_bytes: bytes(usable) })
    }

    /// Reports that a state read from this store does not decode: marks the directory and returns the
    /// error to stop with.
    #[must_use]
    pub fn unreadable_state(&self) -> StoreError {
        self.inner.damaged("a stored consent state cannot be read")
    }

    /// Leaves word that this store must not be used after the process ends or it is opened again.
    ///
    /// # Errors
    /// As [`super::mark_for_rebuild`].
    pub fn mark_for_rebuild(&self, reason: RebuildReason) -> Result<(), StoreError> {
        marker::mark_for_rebuild(&self.inner.dir, reason)
    }

    /// The state directory.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.inner.dir
    }
}

/// States and positions of one moment.
pub struct Snapshot<'a> {
    inner: &'a Inner,
    options: ReadOptions, // refers to `moment`; RocksDB reads it only while a query runs
    moment: rocksdb::Snapshot<'a>,
}

/// The bytes of a stored state, borrowed from the block cache. Never empty.
pub struct PinnedState<'a> {
    row: DBPinnableSlice<'a>,
    /// Where the state begins in the row.
    state_at: usize,
}

impl<'a> PinnedState<'a> {
    fn of(row: DBPinnableSlice<'a>) -> Option<Self> {
        let state_at = row.len() - Row::read(&row)?.state.len();
        (state_at > 0).then_some(Self { row, state_at })
    }

    /// Whether this contact's state says all that the address's says, so that a message to both is decided
    /// without reading the address.
    #[must_use]
    pub fn covers(&self, address: SubjectKey) -> bool {
        Row::read(&self.row).is_some_and(|row| row.covers(address))
    }
}

impl Deref for PinnedState<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.row.get(self.state_at..).unwrap_or_default()
    }
}

impl<'a> Snapshot<'a> {
    /// The next offset of each consent partition: everything before it is part of the states.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] and [`StoreError::Io`].
    pub fn positions(&self) -> Result<Vec<i64>, StoreError> {
        self.inner.positions(&self.options)
    }

    /// Which moment this is: grows with every commit.
    #[must_use]
    pub fn sequence(&self) -> u64 {
        self.moment.sequence_number()
    }

    /// The states of many subjects in one sorted read; result i belongs to `keys[i]`.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] and [`StoreError::Io`]; nothing is returned then, since half an answer
    /// could approve.
    pub fn states(&self, keys: &[SubjectKey]) -> Result<Vec<Option<PinnedState<'a>>>, StoreError> {
        let mut order: Vec<(&SubjectKey, usize)> =
            keys.iter().enumerate().map(|(i, key)| (key, i)).collect();
        // as numbers, which compare at once
        order.sort_unstable_by_key(|(key, _)| u128::from_be_bytes(key.0));
        let found = self.inner.db.batched_multi_get_cf_opt(
            self.inner.family(STATE)?,
            order.iter().map(|(key, _)| &key.0),
            true,
            &self.options,
        );
        let mut states: Vec<Option<PinnedState<'a>>> = Vec::new();
        states.resize_with(keys.len(), || None);
        for ((_, index), found) in order.into_iter().zip(found) {
            let found = found.map_err(|error| self.inner.fail(&error))?;
            if let Some(place) = states.get_mut(index) {
                let Some(row) = found else { continue };
                let damaged = || self.inner.damaged("a stored consent state cannot be read");
                *place = Some(PinnedState::of(row).ok_or_else(damaged)?);
            }
        }
        Ok(states)
    }

    /// Visits timeline entries in `[from, to)`, greatest key first, until `visit` says `false`.
    pub(super) fn scan_timeline_backwards(
        &self,
        (from, to): (Vec<u8>, Vec<u8>),
        mut visit: impl FnMut(&[u8], &[u8]) -> Result<bool, &'static str>,
    ) -> Result<(), StoreError> {
        let mut options = layout::scan_options();
        options.set_snapshot(&self.moment);
        options.set_iterate_lower_bound(from);
        options.set_iterate_upper_bound(to);
        let family = self.inner.family(TIMELINE)?;
        let mut entries = self.inner.db.raw_iterator_cf_opt(family, options);
        entries.seek_to_last();
        while let Some((key, value)) = entries.item() {
            match visit(key, value) {
                Ok(true) => entries.prev(),
                Ok(false) => return Ok(()),
                Err(what) => return Err(self.inner.damaged(what)),
            }
        }
        entries.status().map_err(|error| self.inner.fail(&error))
    }
}

impl gate_engine::States for Snapshot<'_> {
    type State<'s>
        = PinnedState<'s>
    where
        Self: 's;
    type Error = StoreError;

    fn states(&self, keys: &[SubjectKey]) -> Result<Vec<Option<PinnedState<'_>>>, StoreError> {
        Snapshot::states(self, keys)
    }

    fn covers(contact: &PinnedState<'_>, address: SubjectKey) -> bool {
        contact.covers(address)
    }

    fn damaged(&self) -> StoreError {
        self.inner.damaged("a stored consent state cannot be read")
    }
}

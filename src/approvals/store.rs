//! Rows and checkpoints on local disk.
//!
//! | key | value |
//! |---|---|
//! | partition 4 (BE) ‖ subject 16 | a row |
//! | `0xff c` ‖ partition 4 (BE) | checkpoint: next offset of the changelog up to which the rows are complete, and when the newest row before it was written (µs, LE; `i64::MIN` when none was) |
//! | `0xff h` | identity |
//!
//! INVARIANT: a checkpoint is written together with, or after, every row it covers, and there is one column
//! family: whatever a crash leaves on disk, no checkpoint stands before its rows. Rows may be ahead of the
//! checkpoint; reading the changelog from there again changes nothing, since the last record of a key wins.

use super::SentError;
use gate_core::Timestamp;
use gate_engine::{Row, RowKey, StoredApprovals};
use rocksdb::{DB, ErrorKind, FlushOptions, ReadOptions, WriteBatch, WriteOptions};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

/// Says to the next start that the store must not be used.
pub(super) const DISCARD_FILE: &str = "DISCARD";
pub(super) const HEADER_KEY: &[u8] = b"\xffh";
const CHECKPOINT_PREFIX: [u8; 2] = *b"\xffc";
/// How often memtables go to disk; what is lost with them is read again from the changelog.
const FLUSH_INTERVAL: Duration = Duration::from_secs(30);
/// Characters of a RocksDB message that reach an error text.
const ERROR_CHARS_MAX: usize = 200;

fn bytes_of(key: RowKey) -> [u8; 20] {
    let mut bytes = [0; 20];
    let (partition, subject) = bytes.split_at_mut(4);
    partition.copy_from_slice(&key.partition.to_be_bytes());
    subject.copy_from_slice(&key.subject.0);
    bytes
}

/// The local store of approvals, shared by all lanes. Each lane writes the rows of its own partitions.
pub struct SentStore {
    pub(super) db: DB,
    pub(super) dir: PathBuf,
    pub(super) flushed_at: Mutex<Instant>,
    /// Which lane a partition belongs to. Locked for reading by every write, which is shared.
    owners: RwLock<BTreeMap<i32, usize>>,
    /// Partitions in which all that was approved is known now, and to which lane.
    known: RwLock<BTreeMap<i32, usize>>,
}

/// How far a partition of the changelog is in the rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Checkpoint {
    /// Everything before this offset.
    pub next: i64,
    /// When the newest row of ours before it was written.
    pub newest: Option<Timestamp>,
}

impl SentStore {
    pub(super) fn new(db: DB, dir: &Path) -> Self {
        Self {
            db,
            dir: dir.to_owned(),
            flushed_at: Mutex::new(Instant::now()),
            owners: RwLock::default(),
            known: RwLock::default(),
        }
    }

    /// From now on the rows of the partition are all that was approved in it: the lane says so when it has read them
    /// back, and writes each one as it is committed.
    pub fn knows(&self, partition: i32, lane: usize) {
        self.known.write().unwrap_or_else(PoisonError::into_inner).insert(partition, lane);
    }

    /// The lane does not know any more; another one may.
    pub fn doubts(&self, partition: i32, lane: usize) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if known.get(&partition) == Some(&lane) {
            known.remove(&partition);
        }
    }

    /// The partitions whose rows are all that was approved in them, but for what is being committed.
    #[must_use]
    pub fn known(&self) -> Vec<i32> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.keys().copied().collect()
    }

    /// From now on only this lane writes rows of the partition. A lane that was put out of the group between a
    /// commit and the write of its rows would otherwise overwrite newer ones; its own are in the changelog.
    pub fn claim(&self, partition: i32, lane: usize) {
        let mut owners = self.owners.write().unwrap_or_else(PoisonError::into_inner);
        owners.insert(partition, lane);
    }

    /// How much of `partition` is in the rows.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn checkpoint(&self, partition: i32) -> Result<Checkpoint, SentError> {
        let found = self.db.get_pinned_opt(checkpoint_key(partition), &read_options());
        let Some(stored) = found.map_err(|error| self.fail(&error))? else {
            return Ok(Checkpoint::default());
        };
        let checkpoint = Checkpoint::decode(&stored);
        checkpoint.ok_or_else(|| self.damaged("a checkpoint cannot be read"))
    }

    /// The rows of these recipients, in their order, in one sorted read.
    ///
    /// # Errors
    /// When one cannot be read; nothing is returned then, since half an answer could approve.
    pub fn rows(&self, keys: &[RowKey]) -> Result<Vec<Option<Vec<u8>>>, SentError> {
        let mut order: Vec<(RowKey, usize)> = keys.iter().copied().zip(0..).collect();
        order.sort_unstable();
        let sorted: Vec<[u8; 20]> = order.iter().map(|(key, _)| bytes_of(*key)).collect();
        let Some(family) = self.db.cf_handle(rocksdb::DEFAULT_COLUMN_FAMILY_NAME) else {
            return Err(self.damaged("the column family is missing"));
        };
        let found = self.db.batched_multi_get_cf_opt(family, &sorted, true, &read_options());
        let mut rows = vec![None; keys.len()];
        for ((_, index), found) in order.into_iter().zip(found) {
            let found = found.map_err(|error| self.fail(&error))?;
            if let Some(place) = rows.get_mut(index) {
                *place = found.map(|row| row.to_vec());
            }
        }
        Ok(rows)
    }

    /// Writes rows (`None` deletes) and checkpoints in one batch, those of partitions the lane has claimed.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn write<'r>(
        &self,
        lane: usize,
        rows: impl IntoIterator<Item = (RowKey, Option<&'r [u8]>)>,
        checkpoints: impl IntoIterator<Item = (i32, Checkpoint)>,
    ) -> Result<(), SentError> {
        let owners = self.owners.read().unwrap_or_else(PoisonError::into_inner);
        let is_ours = |partition: i32| owners.get(&partition) == Some(&lane);
        let mut batch = WriteBatch::default();
        for (key, row) in rows.into_iter().filter(|(key, _)| is_ours(key.partition)) {
            match row {
                Some(row) => batch.put(bytes_of(key), row),
                None => batch.delete(bytes_of(key)),
            }
        }
        for (partition, checkpoint) in checkpoints.into_iter().filter(|(of, _)| is_ours(*of)) {
            batch.put(checkpoint_key(partition), checkpoint.encode());
        }
        if batch.is_empty() {
            return Ok(());
        }
        self.db.write_opt(batch, &write_options()).map_err(|error| self.fail(&error))
    }

    /// Forgets a partition, because its changelog is another one now.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn forget(&self, partition: i32) -> Result<(), SentError> {
        let mut batch = WriteBatch::default();
        batch.delete_range(partition.to_be_bytes(), partition.saturating_add(1).to_be_bytes());
        batch.delete(checkpoint_key(partition));
        self.db.write_opt(batch, &write_options()).map_err(|error| self.fail(&error))
    }

    /// Starts a flush if the last one was long ago. Does not wait for it.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn flush_now_and_then(&self) -> Result<(), SentError> {
        let mut flushed_at = self.flushed_at.lock().unwrap_or_else(PoisonError::into_inner);
        if flushed_at.elapsed() < FLUSH_INTERVAL {
            return Ok(());
        }
        *flushed_at = Instant::now();
        drop(flushed_at);
        self.flush(false)
    }

    /// Brings everything written to disk.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn flush(&self, wait: bool) -> Result<(), SentError> {
        let mut options = FlushOptions::default();
        options.set_wait(wait);
        self.db.flush_opt(&options).map_err(|error| self.fail(&error))
    }

    /// Says that a row read from this store is no row, and that the store must not be used again.
    pub fn unreadable_row(&self) -> SentError {
        self.damaged("a stored row cannot be read")
    }

    pub(super) fn fail(&self, error: &rocksdb::Error) -> SentError {
        let what = text_of(error);
        if is_damage(error) {
            return self.damaged(&what);
        }
        SentError::Io { dir: self.dir.clone(), what }
    }

    fn damaged(&self, what: &str) -> SentError {
        if let Err(error) = std::fs::File::create(self.dir.join(DISCARD_FILE)) {
            tracing::error!(%error, "the damaged store of approvals is not marked: delete it before the next start");
        }
        SentError::Damaged { dir: self.dir.clone(), what: what.to_owned() }
    }
}

pub(super) fn is_damage(error: &rocksdb::Error) -> bool {
    let text: &str = error.as_ref();
    match error.kind() {
        ErrorKind::Corruption
        | ErrorKind::NotFound
        | ErrorKind::NotSupported
        | ErrorKind::InvalidArgument => true,
        ErrorKind::IOError => text.contains("No such file or directory"),
        _ => false,
    }
}

/// RocksDB prints damaged keys in hexadecimal; keep the kind of damage only.
pub(super) fn text_of(error: &rocksdb::Error) -> String {
    let text: &str = error.as_ref();
    let names_a_key = text.to_ascii_lowercase().contains("key");
    let shown = if names_a_key { text.split(':').next().unwrap_or_default() } else { text };
    shown.chars().take(ERROR_CHARS_MAX).collect()
}

impl Checkpoint {
    fn encode(self) -> Vec<u8> {
        let newest = self.newest.unwrap_or(Timestamp::MIN);
        [self.next.to_le_bytes(), newest.as_micros().to_le_bytes()].concat()
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let (next, newest) = bytes.split_first_chunk::<8>()?;
        let newest = Timestamp::from_micros(i64::from_le_bytes(newest.try_into().ok()?));
        let newest = Some(newest).filter(|newest| *newest > Timestamp::MIN);
        Some(Self { next: i64::from_le_bytes(*next), newest })
    }
}

fn checkpoint_key(partition: i32) -> [u8; 6] {
    let [a, b] = CHECKPOINT_PREFIX;
    let [c, d, e, f] = partition.to_be_bytes();
    [a, b, c, d, e, f]
}

pub(super) fn read_options() -> ReadOptions {
    let mut options = ReadOptions::default();
    options.set_verify_checksums(true);
    options
}

/// No write-ahead log: Kafka has it.
pub(super) fn write_options() -> WriteOptions {
    let mut options = WriteOptions::default();
    options.disable_wal(true);
    options
}

/// The rows of a store, as a gate with this pepper reads them.
pub struct KeptRows<'s> {
    /// Where they are.
    pub store: &'s SentStore,
    /// Which pepper they must have been written with.
    pub pepper_id: [u8; 8],
}

impl StoredApprovals for KeptRows<'_> {
    type Error = SentError;

    fn rows(&self, keys: &[RowKey]) -> Result<Vec<Option<Row>>, SentError> {
        let row = |stored: Option<Vec<u8>>| match stored {
            None => Ok(None),
            Some(bytes) => Row::decode(&bytes, self.pepper_id)
                .map(Some)
                .map_err(|_| self.store.unreadable_row()),
        };
        self.store.rows(keys)?.into_iter().map(row).collect()
    }
}

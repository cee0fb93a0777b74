//! Opening: reuse what matches and is sound, move everything else aside.
//!
//! INVARIANT: a store is reused only if there is no marker, RocksDB opens it without creating anything,
//! its header is that of the wanted identity (with fewer partitions, when some were added to the same topic), its
//! positions and times are exact and `verify.rs` finds nothing. In
//! every other case of damage or mismatch the gate starts from an empty store and reads the topic again, or
//! from a checkpoint that passes the same checks, and reads what came after it.
//! A busy directory or a failing disk is not damage: it is an error, and the store stays where it is.

use super::checkpoint::{self, FillFrom};
use super::layout::{DB_DIR, Layout};
use super::reuse::{open_database, reuse, write_meta};
use super::snapshot::Inner;
use super::{Identity, MEMORY_BYTES_MIN, PARTITIONS_MAX, RebuildReason, Store, StoreError, Writer};
use super::{header, marker, quarantine};
use crate::files;
use gate_core::Timestamp;
use rocksdb::DB;
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

const LOCK_FILE: &str = "LOCK";
/// What became of the store that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Opened {
    /// There was none.
    Fresh,
    /// It goes on from its positions.
    Reused,
    /// It was moved aside and a fresh one opened: everything is read again from the log.
    Quarantined {
        /// Why.
        reason: RebuildReason,
        /// Where it is now.
        moved_to: PathBuf,
    },
    /// There was none, or it was moved aside, and it was filled from a checkpoint: it goes on from there.
    Restored {
        /// The name of the checkpoint.
        checkpoint: String,
        /// What was there before: why it was moved aside, and to where.
        quarantined: Option<(RebuildReason, PathBuf)>,
    },
}

impl Store {
    /// Opens the store in `dir`, creating it when needed.
    ///
    /// # Errors
    /// [`StoreError::Memory`] and [`StoreError::Partitions`] for what cannot hold,
    /// [`StoreError::Locked`] when another process has it, [`StoreError::Io`] when the disk refuses.
    /// Damage and mismatch are no errors: see [`Opened::Quarantined`].
    pub fn open(
        dir: &Path,
        identity: &Identity,
        memory_bytes: usize,
    ) -> Result<(Self, Writer, Opened), StoreError> {
        Self::open_from(dir, identity, memory_bytes, None)
    }

    /// The same, filling an empty store from a checkpoint when there is one that can be used. A store in which
    /// nothing has been read yet counts as empty.
    ///
    /// # Errors
    /// As [`Store::open`], and [`StoreError::Interrupted`] when it was asked to stop. A checkpoint that cannot be
    /// used is no error: the source is told.
    pub fn open_from(
        dir: &Path,
        identity: &Identity,
        memory_bytes: usize,
        source: Option<&FillFrom<'_>>,
    ) -> Result<(Self, Writer, Opened), StoreError> {
        check_bounds(identity, memory_bytes)?;
        let io = |doing: &'static str| move |error| StoreError::io(dir, doing, &error);
        // states are pseudonymous, not anonymous
        files::private_dir(dir).map_err(io("create the state directory"))?;
        let lock = lock(dir)?;
        remove_half_created(dir).map_err(io("remove a store that was never filled"))?;
        checkpoint::remove_stage(dir).map_err(io("remove half a checkpoint"))?;
        let exists = fs::exists(dir.join(DB_DIR)).map_err(io("look for a store"))?;
        let marked = marker::read(dir).map_err(io("read the rebuild marker"))?;
        let layout = Layout::new(memory_bytes);
        let found = match (exists, marked) {
            (false, _) => None,
            (true, Some(reason)) => Some(Err(reason)),
            (true, None) => Some(reuse(dir, identity, &layout)?),
        };
        let (db, opened) = match found {
            Some(Ok(reused)) if source.is_some() && reused.positions.iter().all(|at| *at == 0) => {
                drop(reused);
                remove_empty(dir).map_err(io("remove an empty store"))?;
                fill_or_create(dir, identity, &layout, source, None)?
            }
            Some(Ok(reused)) => (reused.db, Opened::Reused),
            Some(Err(reason)) => {
                let moved_to = quarantine::move_aside(dir, reason)
                    .map_err(io("move the store into quarantine"))?;
                fill_or_create(dir, identity, &layout, source, Some((reason, moved_to)))?
            }
            None => {
                marker::clear_rebuild(dir).map_err(io("remove the rebuild marker"))?;
                fill_or_create(dir, identity, &layout, source, None)?
            }
        };
        let inner = Arc::new(Inner {
            db,
            dir: dir.to_path_buf(),
            memtables: layout.memtables,
            cache: layout.cache,
            tickers: layout.tickers,
            partitions: (
                identity.partitions as usize,
                AtomicUsize::new(identity.partitions as usize),
            ),
            identity: identity.clone(),
            _lock: lock,
        });
        let writer = Writer::new(Arc::clone(&inner), &layout.memory)?;
        Ok((Self { inner }, writer, opened))
    }
}

/// A store where there is none: from a checkpoint, or a fresh one.
fn fill_or_create(
    dir: &Path,
    identity: &Identity,
    layout: &Layout,
    source: Option<&FillFrom<'_>>,
    quarantined: Option<(RebuildReason, PathBuf)>,
) -> Result<(DB, Opened), StoreError> {
    if let Some(source) = source
        && let Some((db, checkpoint)) = checkpoint::fill(dir, identity, layout, source)?
    {
        return Ok((db, Opened::Restored { checkpoint, quarantined }));
    }
    let opened = match quarantined {
        Some((reason, moved_to)) => Opened::Quarantined { reason, moved_to },
        None => Opened::Fresh,
    };
    Ok((create(dir, identity, layout)?, opened))
}

fn check_bounds(identity: &Identity, memory_bytes: usize) -> Result<(), StoreError> {
    if memory_bytes < MEMORY_BYTES_MIN {
        return Err(StoreError::Memory { bytes: memory_bytes, min: MEMORY_BYTES_MIN });
    }
    if identity.partitions > PARTITIONS_MAX {
        return Err(StoreError::Partitions {
            found: u64::from(identity.partitions),
            known: 0,
            max: PARTITIONS_MAX,
        });
    }
    Ok(())
}

/// Our own lock, beside RocksDB's: the directory is renamed before RocksDB looks at it.
fn lock(dir: &Path) -> Result<File, StoreError> {
    let io = |error| StoreError::io(dir, "lock the state directory", &error);
    let file = File::create(dir.join(LOCK_FILE)).map_err(io)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreError::Locked { dir: dir.to_path_buf() }),
        Err(TryLockError::Error(error)) => Err(io(error)),
    }
}

/// A process that was stopped while creating a store left nothing worth keeping.
fn remove_half_created(dir: &Path) -> io::Result<()> {
    let db = dir.join(DB_DIR);
    if marker::is_half_created(dir)? && fs::exists(&db)? {
        fs::remove_dir_all(&db)?;
        marker::sync_dir(dir)?;
    }
    Ok(())
}

/// A store in which nothing was read yet makes room, in a way that a crash cannot leave half of.
fn remove_empty(dir: &Path) -> io::Result<()> {
    marker::start_creating(dir)?;
    remove_half_created(dir)
}

fn create(dir: &Path, identity: &Identity, layout: &Layout) -> Result<DB, StoreError> {
    let fail = |error: rocksdb::Error| StoreError::of_rocksdb(dir, &error);
    let io = |error| StoreError::io(dir, "create the store", &error);
    marker::start_creating(dir).map_err(io)?;
    // before RocksDB makes it with a mode of its own
    files::private_dir(&dir.join(DB_DIR)).map_err(io)?;
    let db = open_database(dir, layout, true).map_err(fail)?;
    let n_partitions = identity.partitions as usize;
    let positions = header::encode_positions(&vec![0; n_partitions]);
    let times = header::encode_times(&vec![Timestamp::default(); n_partitions]);
    let meta = [
        (header::HEADER_KEY, header::encode(identity)),
        (header::POSITIONS_KEY, positions),
        (header::TIMES_KEY, times),
    ];
    write_meta(&db, &meta).map_err(fail)?;
    marker::end_creating(dir).map_err(io)?;
    Ok(db)
}

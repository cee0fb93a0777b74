//! Opening: go on with what matches and is sound, delete and begin again otherwise.
//!
//! A busy directory or a failing disk is no damage: it is an error, and the index stays where it is.

use crate::Inner;
use crate::index::{Index, Opened};
use crate::layout::{DB_DIR, Layout};
use crate::marker::private_dir;
use crate::reuse::{Found, reuse};
use crate::{
    Identity, IndexError, MEMORY_BYTES_MIN, Rebuilt, SEAL_BYTES, Seal, Settings, Writer, marker,
};
use std::fs::{self, File, TryLockError};
use std::hash::{BuildHasher as _, RandomState};
use std::io;
use std::path::Path;
use std::sync::Arc;

const LOCK_FILE: &str = "LOCK";

impl Index {
    /// Opens the index in `dir` with a seal of this opening alone: see [`Index::open_sealed`].
    ///
    /// # Errors
    /// As there.
    pub fn open(
        dir: &Path,
        identity: &Identity,
        settings: &Settings,
    ) -> Result<Opened, IndexError> {
        let halves = [RandomState::new(), RandomState::new()];
        let seal = move |bytes: &[u8]| {
            let mut sealed = [0; SEAL_BYTES];
            for (to, half) in sealed.as_chunks_mut::<8>().0.iter_mut().zip(&halves) {
                *to = half.hash_one(bytes).to_be_bytes();
            }
            sealed
        };
        Self::open_sealed(dir, identity, settings, Box::new(seal))
    }

    /// Opens the index in `dir`, creating it when needed. What belongs to another identity, was written by another version or
    /// is damaged is deleted: see [`Opened::rebuilt`]. Cursors of an earlier opening go on when `seal` is the same as then.
    ///
    /// # Errors
    /// [`IndexError::NotOurs`] when something else lies there, [`IndexError::InUse`] when another process has it,
    /// [`IndexError::Memory`] for a bound that cannot hold, [`IndexError::Io`] when the disk refuses.
    pub fn open_sealed(
        dir: &Path,
        identity: &Identity,
        settings: &Settings,
        seal: Box<Seal>,
    ) -> Result<Opened, IndexError> {
        if settings.memory_bytes < MEMORY_BYTES_MIN {
            let bytes = settings.memory_bytes;
            return Err(IndexError::Memory { bytes, min: MEMORY_BYTES_MIN });
        }
        let io = |doing: &'static str| move |error: io::Error| IndexError::io(dir, doing, &error);
        private_dir(dir).map_err(io("create the directory"))?;
        if !marker::is_ours(dir).map_err(io("look for the marker"))? {
            if !is_empty(dir).map_err(io("look into the directory"))? {
                return Err(IndexError::NotOurs { dir: dir.to_path_buf() });
            }
            marker::make_ours(dir).map_err(io("mark the directory"))?;
        }
        let lock = lock(dir)?;
        let layout = Layout::new(settings.memory_bytes);
        let exists = fs::exists(dir.join(DB_DIR)).map_err(io("look for an index"))?;
        let is_marked = marker::is_marked(dir).map_err(io("look for a mark"))?;
        let found = match (exists, is_marked) {
            (false, _) => Err(None),
            (true, true) => Err(Some(Rebuilt::Damaged)),
            (true, false) => reuse(dir, identity, &layout)?.map_err(Some),
        };
        let (found, rebuilt) = match found {
            Ok(found) => (found, None),
            Err(why) => {
                clear(dir).map_err(io("delete the old index"))?;
                (Found::create(dir, identity, &layout)?, why)
            }
        };
        let inner = Arc::new(Inner {
            db: found.db,
            dir: dir.to_path_buf(),
            settings: *settings,
            words: Default::default(),
            floors: Arc::clone(&layout.floors),
            memtables: layout.memtables,
            cache: layout.cache,
            seal,
            birth: found.birth,
            _lock: lock,
        });
        let writer = Writer::new(Arc::clone(&inner), found.state, found.notes)?;
        Ok(Opened { index: Self { inner }, writer, rebuilt })
    }
}

/// Deletes the database of a directory that carries our marker.
fn clear(dir: &Path) -> io::Result<()> {
    match fs::remove_dir_all(dir.join(DB_DIR)) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    marker::sync_dir(dir)?;
    marker::clear(dir)
}

/// Whether nothing lies there.
fn is_empty(dir: &Path) -> io::Result<bool> {
    Ok(fs::read_dir(dir)?.next().is_none())
}

/// Our own lock, beside RocksDB's: the database is deleted before RocksDB looks at it.
fn lock(dir: &Path) -> Result<File, IndexError> {
    let io = |error| IndexError::io(dir, "lock the directory", &error);
    let file = File::create(dir.join(LOCK_FILE)).map_err(io)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(IndexError::InUse { dir: dir.to_path_buf() }),
        Err(TryLockError::Error(error)) => Err(io(error)),
    }
}

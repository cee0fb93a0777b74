//! Making a checkpoint of the open store, while it is written to and read.
//!
//! RocksDB first puts a checkpoint of its own beside the store, of links only: one flush, some milliseconds.
//! What then takes time (hashing, copying to another disk) works on those links, bound to a pace, and neither
//! the writer nor a lane waits for it.
//!
//! Table files that the last checkpoint of this process had are linked from there and not hashed again: within
//! one open database a number is given to one table file only. That is remembered in memory, not read from disk,
//! since a database filled from a checkpoint gives the same numbers anew.

use super::files::{self, Pace, Placed};
use super::manifest::{FILES_MAX, FileEntry, Manifest, is_database_file, is_table};
use super::{Checkpoints, MAKING, name_of};
use crate::store::layout::META;
use crate::store::{Identity, Store, header, marker};
use jiff::Timestamp;
use rocksdb::checkpoint::Checkpoint;
use rocksdb::{ColumnFamilyDescriptor, DB, Options};
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Beside the database in the state directory, so that links are always possible.
const STAGE_DIR: &str = "checkpoint";
/// Where RocksDB begins one; left behind by a crash.
const STAGE_BEGUN_DIR: &str = "checkpoint.tmp";

/// Why a checkpoint was not made. The store is not touched by it and goes on.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// RocksDB cannot make one.
    #[error("RocksDB makes no checkpoint: {0}")]
    Database(String),
    /// A disk refused.
    #[error("cannot {doing} `{}`: {error}", path.display())]
    Io {
        /// What was tried.
        doing: &'static str,
        /// Where.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
}

/// A checkpoint that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    /// `INSTANCE@TIME`.
    pub name: String,
    /// Unix milliseconds of it.
    pub made_at_ms: i64,
    /// Bytes of its files.
    pub bytes: u64,
    /// How many of them have no other name on this file system.
    pub bytes_copied: u64,
    /// What could not be removed afterwards, if anything.
    pub left_behind: Option<String>,
}

/// Makes the checkpoints of one open store, one after the other.
pub struct Maker {
    checkpoints: Checkpoints,
    last: Option<Last>,
}

/// The table files of the last one.
struct Last {
    dir: PathBuf,
    tables: BTreeMap<String, FileEntry>,
}

impl Maker {
    /// For one store, as long as it is open.
    #[must_use]
    pub fn new(checkpoints: Checkpoints) -> Self {
        Self { checkpoints, last: None }
    }

    /// When the newest one of this instance was made that is there already. Asks the disk, which may hang.
    ///
    /// # Errors
    /// When the directory cannot be read.
    pub fn newest(&self) -> io::Result<Option<Timestamp>> {
        self.checkpoints.newest_own()
    }

    /// Makes one, then removes what is over.
    ///
    /// # Errors
    /// A disk refused, or `pace` said stop. What was begun is removed; the checkpoints before it stay.
    pub fn make(&mut self, store: &Store, pace: Pace<'_>) -> Result<Made, CheckpointError> {
        let stage = Stage::take(store)?;
        let (identity, positions) = read_meta(&stage.0)?;
        let made_at = Timestamp::now();
        let name = name_of(&self.checkpoints.instance_id, made_at);
        let parent = self.checkpoints.dir.clone();
        let making = parent.join(format!("{name}{MAKING}"));
        let io = |doing, path: &Path| {
            let path = path.to_path_buf();
            move |error| CheckpointError::Io { doing, path, error }
        };
        files::create_dir(&parent).map_err(io("create", &parent))?;
        let published = self.publish(&stage.0, &making, pace).and_then(|(files, bytes_copied)| {
            let instance_id = &self.checkpoints.instance_id;
            let made_at_ms = made_at.as_millisecond();
            let manifest = Manifest::new(&identity, instance_id, made_at_ms, positions, files);
            manifest.write(&making, &self.checkpoints.seal)?;
            marker::sync_dir(&making)?;
            fs::rename(&making, parent.join(&name))?;
            marker::sync_dir(&parent)?;
            Ok((manifest, bytes_copied))
        });
        let (manifest, bytes_copied) = match published {
            Ok(published) => published,
            Err(error) => {
                // what cannot be removed now is removed after the next one
                files::remove_dir(&making).ok();
                return Err(io("write", &making)(error));
            }
        };
        let bytes = manifest.bytes();
        let tables = manifest.files.into_iter().filter(|file| is_table(&file.name));
        let tables = tables.map(|file| (file.name.clone(), file)).collect();
        self.last = Some(Last { dir: parent.join(&name), tables });
        let cleaned = [stage.remove(), self.checkpoints.clean_up(&name, Timestamp::now())];
        let left_behind = cleaned.into_iter().find_map(Result::err).map(|error| error.to_string());
        Ok(Made { name, made_at_ms: manifest.made_at_ms, bytes, bytes_copied, left_behind })
    }

    /// Brings every file to its place; what they are, and how many bytes were copied.
    fn publish(
        &self,
        stage: &Path,
        making: &Path,
        pace: Pace<'_>,
    ) -> io::Result<(Vec<FileEntry>, u64)> {
        files::create_dir(making)?;
        let mut entries = Vec::new();
        let mut bytes_copied = 0;
        for name in names(stage)? {
            let entry = match self.known(stage, making, &name)? {
                Some(entry) => entry,
                None => {
                    let (entry, placed) = files::place(stage, making, &name, pace)?;
                    bytes_copied += if placed == Placed::Copied { entry.bytes } else { 0 };
                    entry
                }
            };
            entries.push(entry);
        }
        Ok((entries, bytes_copied))
    }

    /// Places a table file that the last checkpoint had.
    fn known(&self, stage: &Path, making: &Path, name: &str) -> io::Result<Option<FileEntry>> {
        let Some(last) = &self.last else { return Ok(None) };
        let Some(entry) = last.tables.get(name) else { return Ok(None) };
        if fs::metadata(stage.join(name))?.len() != entry.bytes {
            return Ok(None);
        }
        let target = making.join(name);
        if files::link(&stage.join(name), &target)? {
            return Ok(Some(entry.clone()));
        }
        // another file system: the bytes are there already, unless somebody removed them
        match files::link(&last.dir.join(name), &target) {
            Ok(true) if fs::metadata(&target)?.len() == entry.bytes => Ok(Some(entry.clone())),
            Ok(true) => fs::remove_file(&target).map(|()| None),
            Ok(false) => Ok(None),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// Removes what a crash left of one that was being made in this state directory.
pub(in crate::store) fn remove_stage(state_dir: &Path) -> io::Result<()> {
    [STAGE_DIR, STAGE_BEGUN_DIR]
        .into_iter()
        .try_for_each(|name| files::remove_dir(&state_dir.join(name)))
}

/// RocksDB's own checkpoint beside the store; removed when dropped.
struct Stage(PathBuf);

impl Stage {
    fn take(store: &Store) -> Result<Self, CheckpointError> {
        let dir = store.inner.dir.join(STAGE_DIR);
        remove_stage(&store.inner.dir).map_err(|error| CheckpointError::Io {
            doing: "remove",
            path: dir.clone(),
            error,
        })?;
        let database = |error: rocksdb::Error| CheckpointError::Database(error.to_string());
        let checkpoint = Checkpoint::new(&store.inner.db).map_err(database)?;
        let stage = Self(dir); // before it is made, so that half of one is removed
        checkpoint.create_checkpoint(&stage.0).map_err(database)?;
        Ok(stage)
    }

    fn remove(self) -> io::Result<()> {
        files::remove_dir(&self.0)
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        files::remove_dir(&self.0).ok(); // the next one removes it
    }
}

/// Whose fold the checkpoint is and where it stands: from inside, not from the store, which has gone on.
fn read_meta(stage: &Path) -> Result<(Identity, Vec<i64>), CheckpointError> {
    let failed = |error: rocksdb::Error| CheckpointError::Database(error.to_string());
    let absent = || CheckpointError::Database("its header or positions cannot be read".to_owned());
    let options = Options::default();
    let families =
        ["default", META].map(|name| ColumnFamilyDescriptor::new(name, Options::default()));
    let db = DB::open_cf_descriptors_read_only(&options, stage, families, false).map_err(failed)?;
    let meta = db.cf_handle(META).ok_or_else(absent)?;
    let read = |key| db.get_cf(meta, key).map_err(failed)?.ok_or_else(absent);
    let identity = header::decode(&read(header::HEADER_KEY)?).map_err(|_| absent())?;
    let positions = read(header::POSITIONS_KEY)?;
    let positions = header::decode_positions(&positions, identity.partitions as usize);
    Ok((identity, positions.ok_or_else(absent)?))
}

/// The files of a database, in order; what else lies there (the info log of `read_meta`) is not part of it.
fn names(stage: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(stage)? {
        if let Ok(name) = entry?.file_name().into_string()
            && is_database_file(&name)
        {
            names.push(name);
        }
    }
    if names.len() > FILES_MAX {
        return Err(io::Error::other("a store of more files than a checkpoint may have"));
    }
    names.sort_unstable();
    Ok(names)
}

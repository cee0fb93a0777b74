//! Files beside the store that say what to make of it.
//!
//! `REBUILD`: a running process that finds damage cannot move the open store aside, so it leaves word for
//! the next start. `CREATING`: the store is being created, empty or from a checkpoint, so one that was cut off
//! there is deleted, not kept as evidence.
//!
//! INVARIANT: once `REBUILD` is on disk, no later start reads states or positions of this store. While
//! `CREATING` is, no state was ever committed to it: it holds nothing but what can be had again.

use super::{RebuildReason, StoreError};
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

const REBUILD: &str = "REBUILD";
const CREATING: &str = "CREATING";
/// A marker holds one short word; more than this is not read.
const MARKER_BYTES_MAX: usize = 64;

/// Leaves word in state directory `dir` that its store must not be used again: the next
/// [`super::Store::open`] moves it aside and starts an empty one.
///
/// # Errors
/// When the marker cannot be written. The store is then still in place: delete `dir` by hand.
pub fn mark_for_rebuild(dir: &Path, reason: RebuildReason) -> Result<(), StoreError> {
    write(dir, reason).map_err(|error| StoreError::io(dir, "mark the store for a rebuild", &error))
}

fn write(dir: &Path, reason: RebuildReason) -> io::Result<()> {
    // existence is enough: on a full disk the word may be missing
    let mut file = File::create(dir.join(REBUILD))?;
    let worded = file.write_all(reason.as_str().as_bytes()).and_then(|()| file.sync_all());
    sync_dir(dir).and(worded)
}

/// The reason the last process left, if it left a marker.
pub(super) fn read(dir: &Path) -> io::Result<Option<RebuildReason>> {
    match fs::read(dir.join(REBUILD)) {
        Ok(bytes) => {
            let word = bytes.get(..bytes.len().min(MARKER_BYTES_MAX));
            let known = word.and_then(RebuildReason::from_bytes);
            Ok(Some(known.unwrap_or(RebuildReason::Damaged)))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// The store was moved aside or there is none.
pub(super) fn clear_rebuild(dir: &Path) -> io::Result<()> {
    remove(dir, REBUILD)
}

pub(super) fn start_creating(dir: &Path) -> io::Result<()> {
    File::create(dir.join(CREATING))?;
    sync_dir(dir)
}

pub(super) fn is_half_created(dir: &Path) -> io::Result<bool> {
    fs::exists(dir.join(CREATING))
}

pub(super) fn end_creating(dir: &Path) -> io::Result<()> {
    remove(dir, CREATING)
}

fn remove(dir: &Path, name: &str) -> io::Result<()> {
    match fs::remove_file(dir.join(name)) {
        Ok(()) => sync_dir(dir),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

/// Makes created, renamed and removed names in `dir` durable.
pub(super) fn sync_dir(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

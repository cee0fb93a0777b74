//! The `REBUILD` marker: a running process that finds damage cannot move the open store aside, so it
//! leaves word for the next start.
//!
//! INVARIANT: once the marker is on disk, no later start reads states or positions of this store.

use super::{RebuildReason, StoreError};
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

const MARKER: &str = "REBUILD";
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
    let mut file = File::create(dir.join(MARKER))?;
    let worded = file.write_all(reason.as_str().as_bytes()).and_then(|()| file.sync_all());
    sync_dir(dir).and(worded)
}

/// The reason the last process left, if it left a marker.
pub(super) fn read(dir: &Path) -> io::Result<Option<RebuildReason>> {
    match fs::read(dir.join(MARKER)) {
        Ok(bytes) => {
            let word = bytes.get(..bytes.len().min(MARKER_BYTES_MAX));
            let known = word.and_then(RebuildReason::from_bytes);
            Ok(Some(known.unwrap_or(RebuildReason::Damaged)))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

pub(super) fn clear(dir: &Path) -> io::Result<()> {
    match fs::remove_file(dir.join(MARKER)) {
        Ok(()) => sync_dir(dir),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

/// Makes created, renamed and removed names in `dir` durable.
pub(super) fn sync_dir(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

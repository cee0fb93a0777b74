//! Files beside the database that say what to make of a directory.
//!
//! `CONSENT-GATE-INDEX`: the directory is this crate's; without it nothing is ever deleted. `REBUILD`: a running process has
//! found damage and leaves word for the next start.

use std::fs::{self, DirBuilder, File};
use std::io::{self, Write as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;

const OURS: &str = "CONSENT-GATE-INDEX";
const OURS_TEXT: &str =
    "Index of a consent-gate desk, built from Kafka. It may be deleted while no desk runs.\n";
const REBUILD: &str = "REBUILD";

/// Whether the directory carries the marker.
pub(crate) fn is_ours(dir: &Path) -> io::Result<bool> {
    fs::exists(dir.join(OURS))
}

/// Makes the directory this crate's.
pub(crate) fn make_ours(dir: &Path) -> io::Result<()> {
    let mut file = File::create(dir.join(OURS))?;
    file.write_all(OURS_TEXT.as_bytes())?;
    file.sync_all()?;
    sync_dir(dir)
}

/// Leaves word that the index must not be used again.
pub(crate) fn mark_for_rebuild(dir: &Path) -> io::Result<()> {
    File::create(dir.join(REBUILD))?.sync_all()?;
    sync_dir(dir)
}

pub(crate) fn is_marked(dir: &Path) -> io::Result<bool> {
    fs::exists(dir.join(REBUILD))
}

/// What was marked is deleted.
pub(crate) fn clear(dir: &Path) -> io::Result<()> {
    match fs::remove_file(dir.join(REBUILD)) {
        Ok(()) => sync_dir(dir),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

/// Makes created, renamed and removed names in `dir` durable.
pub(crate) fn sync_dir(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

/// Nobody else has anything to look for there: what is kept is pseudonymous, not anonymous.
pub(crate) fn private_dir(dir: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(dir)
}

//! Moving a store aside: it is kept for people to look at, and never read again by the gate.
//!
//! INVARIANT: the rename is on disk before a fresh store is created, so a crash in between leaves no
//! store rather than a wrong one. At most [`KEPT_MAX`] old stores use up disk.

use super::RebuildReason;
use super::layout::DB_DIR;
use super::marker::{self, sync_dir};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

const QUARANTINE_DIR: &str = "quarantine";
/// Stores kept in quarantine, newest first.
const KEPT_MAX: usize = 2;

/// Renames the store in `dir` into quarantine and returns where it is now.
pub(super) fn move_aside(dir: &Path, reason: RebuildReason) -> io::Result<PathBuf> {
    let quarantine = dir.join(QUARANTINE_DIR);
    crate::files::private_dir(&quarantine)?;
    // to the microsecond, so that names sort by age and no two are alike
    let stamp = jiff::Timestamp::now().strftime("%Y%m%dT%H%M%S%.6fZ");
    let target = quarantine.join(format!("{stamp}-{reason}"));
    fs::rename(dir.join(DB_DIR), &target)?;
    sync_dir(&quarantine)?;
    sync_dir(dir)?;
    marker::clear_rebuild(dir)?;
    delete_oldest(&quarantine)?;
    Ok(target)
}

fn delete_oldest(quarantine: &Path) -> io::Result<()> {
    let mut kept = Vec::new();
    for entry in fs::read_dir(quarantine)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            kept.push(entry.path());
        }
    }
    kept.sort_unstable();
    let n_old = kept.len().saturating_sub(KEPT_MAX);
    for path in kept.iter().take(n_old) {
        fs::remove_dir_all(path)?;
    }
    Ok(())
}

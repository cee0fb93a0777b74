//! Filling an empty state directory from a checkpoint.
//!
//! The best one is the one that covers most of the log. It must have the wanted identity, the log must go on
//! from its positions, every file must have the length and hash its manifest names, and then the store goes
//! through everything a store found on disk goes through (`open.rs`). The first that fails anything is left
//! alone and the next is tried; without one left the caller begins from nothing.
//!
//! INVARIANT: the marker `CREATING` stands from before the first file to after the last check, so what a crash
//! leaves in between is deleted at the next start.

use super::files::{self, Pace};
use super::manifest::FileEntry;
use super::{Checkpoints, Found, Rejection};
use crate::store::layout::{DB_DIR, Layout};
use crate::store::reuse::{Reused, reuse};
use crate::store::{Identity, RebuildReason, StoreError, header, marker};
use rocksdb::DB;
use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Checkpoints that are copied before the log is folded instead.
const TRIES_MAX: usize = 4;
/// How often the directory is looked at again because its owner removed what was about to be used.
const LOOKS_MAX: usize = 3;
/// Files read at a time.
const THREADS_MAX: usize = 4;

/// Where to fill an empty store from.
pub struct FillFrom<'a> {
    /// The directory.
    pub checkpoints: &'a Checkpoints,
    /// Whether the log goes on from these positions.
    pub continues: &'a dyn Fn(&[i64]) -> Result<(), RebuildReason>,
    /// Told about each one that is not used.
    pub rejected: &'a dyn Fn(&str, &Rejection),
    /// Asked after each piece of work.
    pub pace: Pace<'a>,
}

/// Fills the empty directory `dir`. `None` when there is no checkpoint that can be used; then there is no
/// database either.
pub(in crate::store) fn fill(
    dir: &Path,
    identity: &Identity,
    layout: &Layout,
    source: &FillFrom<'_>,
) -> Result<Option<(DB, String)>, StoreError> {
    let io = |doing| move |error| StoreError::io(dir, doing, &error);
    let mut seen = BTreeSet::new();
    let mut n_tries = 0;
    for _ in 0..LOOKS_MAX {
        let mut is_any_gone = false;
        for found in candidates(identity, source, &mut seen) {
            if n_tries == TRIES_MAX {
                return Ok(None);
            }
            n_tries += 1;
            marker::start_creating(dir).map_err(io("fill the store from a checkpoint"))?;
            match try_one(dir, identity, layout, source, &found) {
                Ok(db) => {
                    marker::end_creating(dir).map_err(io("keep the store of a checkpoint"))?;
                    return Ok(Some((db, found.name)));
                }
                Err(rejection) => {
                    files::remove_dir(&dir.join(DB_DIR)).map_err(io("remove half a store"))?;
                    if !(source.pace)(0) {
                        return Err(StoreError::Interrupted { dir: dir.to_path_buf() });
                    }
                    is_any_gone |= matches!(rejection, Rejection::Gone);
                    (source.rejected)(&found.name, &rejection);
                }
            }
        }
        if !is_any_gone {
            break;
        }
    }
    Ok(None)
}

/// Those of this log that it continues and that were not seen before, the one that saves most work first.
fn candidates(
    identity: &Identity,
    source: &FillFrom<'_>,
    seen: &mut BTreeSet<String>,
) -> Vec<Found> {
    let list = match source.checkpoints.list() {
        Ok(list) => list,
        Err(error) => {
            let rejection = Rejection::io("list the checkpoints", &error);
            (source.rejected)(&source.checkpoints.dir.display().to_string(), &rejection);
            return Vec::new();
        }
    };
    let mut candidates = Vec::new();
    for found in list {
        if !seen.insert(found.name.clone()) {
            continue;
        }
        let checked = match &found.manifest {
            Ok(manifest) => manifest.check(identity).and_then(|()| {
                (source.continues)(&manifest.positions).map_err(Rejection::Log)?;
                Ok(manifest.changes())
            }),
            Err(Rejection::Gone) => continue, // being removed while it was listed
            Err(_) => Ok(0),
        };
        match (checked, &found.manifest) {
            (Ok(changes), Ok(_)) => candidates.push((changes, found)),
            (Ok(_), Err(rejection)) => (source.rejected)(&found.name, rejection),
            (Err(rejection), _) => (source.rejected)(&found.name, &rejection),
        }
    }
    // the list is newest first, and the sort keeps that among equals
    candidates.sort_by_key(|(changes, _)| std::cmp::Reverse(*changes));
    candidates.into_iter().map(|(_, found)| found).collect()
}

fn try_one(
    dir: &Path,
    identity: &Identity,
    layout: &Layout,
    source: &FillFrom<'_>,
    found: &Found,
) -> Result<DB, Rejection> {
    let Ok(manifest) = &found.manifest else { return Err(Rejection::Gone) };
    let database = dir.join(DB_DIR);
    let refused = |error| Rejection::Io { doing: "fill the state directory", error };
    files::create_dir(&database).map_err(refused)?;
    place_all(&found.path, &database, &manifest.files, source.pace)?;
    marker::sync_dir(&database).map_err(refused)?;
    let reused =
        reuse(dir, identity, layout).map_err(|error| Rejection::Unsound(error.to_string()))?;
    let Reused { db, positions } =
        reused.map_err(|reason| Rejection::Unsound(reason.to_string()))?;
    if positions != header::with_added(manifest.positions.clone(), positions.len()) {
        return Err(Rejection::Positions);
    }
    Ok(db)
}

/// Places every file and compares it with its entry, several at a time. The first failure ends it.
fn place_all(from: &Path, to: &Path, files: &[FileEntry], pace: Pace<'_>) -> Result<(), Rejection> {
    let next = AtomicUsize::new(0);
    let work = || {
        while let Some(wanted) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
            let placed = files::place(from, to, &wanted.name, pace);
            let placed = placed.map_err(|error| match error.kind() {
                ErrorKind::NotFound if from.exists() => Rejection::File(wanted.name.clone()),
                _ => Rejection::io("copy its files", &error),
            });
            if placed.as_ref().is_ok_and(|(entry, _)| entry == wanted) {
                continue;
            }
            next.store(files.len(), Ordering::Relaxed); // the others need not go on
            return Err(match placed {
                Ok(_) => Rejection::File(wanted.name.clone()),
                Err(rejection) => rejection,
            });
        }
        Ok(())
    };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..cores.min(THREADS_MAX)).map(|_| scope.spawn(work)).collect();
        let results = threads.into_iter().map(|thread| match thread.join() {
            Ok(result) => result,
            Err(panic) => std::panic::resume_unwind(panic),
        });
        // all are waited for, then the first failure counts
        results.fold(Ok(()), Result::and)
    })
}

//! Checkpoints: consistent copies of the store, from which an empty one is filled instead of folding the whole
//! topic again.
//!
//! A checkpoint is a directory `INSTANCE@TIME` with RocksDB's files and a sealed manifest. The positions in it
//! were written in the same batch as the states they cover, so it stands at one moment of the log, and the fold
//! goes on from there as after a restart. Joining is idempotent and does not depend on order: whatever is read
//! again, or was in the states already, changes nothing.
//!
//! Several instances may share the directory. Each makes and thins out its own, and uses anybody's: that is how
//! a new instance gets its state. What is unfinished or on its way out has a suffix and is never looked at.
//!
//! INVARIANT: a checkpoint gets its name when it is whole and on disk, and loses it before its first file is
//! removed. INVARIANT: a checkpoint is a copy like the store itself, never the truth: what does not match the log,
//! the seal or a hash is not used, and without one the topic is folded from its beginning.
//!
//! Deliberately absent: approvals (their changelog is theirs), a way to use a checkpoint whose topic has no known
//! id, and encryption (states name no person, see `store.rs`).

mod files;
mod fill;
mod make;
mod manifest;

pub use files::Pace;
pub use fill::FillFrom;
pub(super) use fill::fill;
pub(super) use make::remove_stage;
pub use make::{CheckpointError, Made, Maker};
pub use manifest::{FileEntry, Manifest, Seal};

use super::RebuildReason;
use jiff::Timestamp;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Between instance and time in a name; no instance id holds one.
const SEPARATOR: char = '@';
/// To the microsecond, so that names of an instance sort by age and no two are alike.
const STAMP: &str = "%Y%m%dT%H%M%S%.6fZ";
const MAKING: &str = ".making";
const DELETING: &str = ".deleting";
/// Entries of the directory that are looked at.
const ENTRIES_MAX: usize = 10_000;
/// Nothing is called abandoned before this.
const ABANDONED_MIN: Duration = Duration::from_secs(3600);

/// The directory of checkpoints, and this instance's share of it.
#[derive(Clone)]
pub struct Checkpoints {
    dir: PathBuf,
    instance_id: String,
    keep: usize,
    /// What is older belongs to nobody any more.
    abandoned_after: Duration,
    seal: Seal,
}

/// Why a checkpoint is not used.
#[derive(Debug, thiserror::Error)]
pub enum Rejection {
    /// The manifest is not one.
    #[error("its manifest cannot be used: {0}")]
    Manifest(&'static str),
    /// The manifest was changed, or made with another pepper.
    #[error("its seal is wrong: it was changed, or made with another pepper")]
    Seal,
    /// It is a fold of another log, or made by another version.
    #[error("it does not match: {0}")]
    Foreign(RebuildReason),
    /// Nobody can tell whether the topic is still the one it was made from.
    #[error("the id of the consent topic was not known when it was made, or is not known now")]
    TopicIdUnknown,
    /// A file is not what the manifest says.
    #[error("its file `{0}` is not what the manifest says")]
    File(String),
    /// The store inside stands at other positions than the manifest says.
    #[error("its positions are not those of its manifest")]
    Positions,
    /// The log does not continue it.
    #[error("the log does not continue it: {0}")]
    Log(RebuildReason),
    /// The store inside does not pass the checks that every store passes.
    #[error("the store in it is not sound: {0}")]
    Unsound(String),
    /// It was removed meanwhile.
    #[error("it was removed meanwhile")]
    Gone,
    /// A disk refused, its own or that of the state.
    #[error("cannot {doing}: {error}")]
    Io {
        /// What was tried.
        doing: &'static str,
        /// What the system said.
        error: io::Error,
    },
}

impl Rejection {
    fn io(doing: &'static str, error: &io::Error) -> Self {
        match error.kind() {
            ErrorKind::NotFound => Self::Gone,
            kind => Self::Io { doing, error: io::Error::new(kind, error.to_string()) },
        }
    }
}

/// A checkpoint that was found.
pub struct Found {
    /// `INSTANCE@TIME`.
    pub name: String,
    /// Where it lies.
    pub path: PathBuf,
    /// When it was made, by its name.
    pub made_at: Timestamp,
    /// What it says about itself, or why that cannot be used.
    pub manifest: Result<Manifest, Rejection>,
}

impl Checkpoints {
    /// Those in `dir`. This instance keeps its newest `keep` and makes one every `interval`; nothing is read or
    /// made yet.
    #[must_use]
    pub fn new(dir: &Path, instance_id: &str, keep: usize, interval: Duration, seal: Seal) -> Self {
        let rounds = u32::try_from(keep).unwrap_or(u32::MAX).saturating_add(1);
        Self {
            dir: dir.to_path_buf(),
            instance_id: instance_id.to_owned(),
            keep: keep.max(1),
            abandoned_after: interval.saturating_mul(rounds).max(ABANDONED_MIN),
            seal,
        }
    }

    /// What is there, newest first. Whether the files are sound is for [`Found::verify`].
    ///
    /// # Errors
    /// The directory cannot be read; one that does not exist is empty.
    pub fn list(&self) -> io::Result<Vec<Found>> {
        let mut found: Vec<Found> = self
            .names()?
            .into_iter()
            .filter_map(|name| {
                let made_at = made_at(&name)?;
                let path = self.dir.join(&name);
                let manifest = Manifest::read(&path, &self.seal);
                Some(Found { name, path, made_at, manifest })
            })
            .collect();
        found.sort_by(|a, b| b.made_at.cmp(&a.made_at).then_with(|| b.name.cmp(&a.name)));
        Ok(found)
    }

    /// When this instance last made one that is still there.
    ///
    /// # Errors
    /// The directory cannot be read.
    pub(in crate::store) fn newest_own(&self) -> io::Result<Option<Timestamp>> {
        let names = self.names()?;
        Ok(names.iter().filter(|name| self.is_own(name)).filter_map(|name| made_at(name)).max())
    }

    /// Names in the directory, unfinished ones and foreign files included.
    fn names(&self) -> io::Result<Vec<String>> {
        let entries = match fs::read_dir(&self.dir) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let mut names = Vec::new();
        for entry in entries.take(ENTRIES_MAX) {
            if let Ok(name) = entry?.file_name().into_string() {
                names.push(name);
            }
        }
        Ok(names)
    }

    fn is_own(&self, name: &str) -> bool {
        instance_of(name) == Some(self.instance_id.as_str())
    }

    /// Removes what is over: this instance's older ones and unfinished ones, and what others have abandoned.
    /// `made` was made just now and stays, whatever a clock that was set back makes of its name: so there is
    /// always a newer one than those that go. What cannot be removed keeps nothing else from being removed.
    fn clean_up(&self, made: &str, now: Timestamp) -> io::Result<()> {
        let names = self.names()?;
        let mut older: Vec<&String> = names
            .iter()
            .filter(|name| self.is_own(name) && made_at(name).is_some() && *name != made)
            .collect();
        older.sort_unstable_by(|a, b| b.cmp(a));
        let old: Vec<&String> = older.into_iter().skip(self.keep - 1).collect();
        let is_going = |name: &&String| old.contains(name) || self.is_over(name, now);
        let removals = names.iter().filter(is_going).map(|name| self.remove(name));
        removals.fold(Ok(()), io::Result::and)
    }

    #[cfg(test)]
    pub(in crate::store) fn remove_all_own(&self) -> io::Result<()> {
        let names = self.names()?;
        names.iter().filter(|name| self.is_own(name)).try_for_each(|name| self.remove(name))
    }

    /// Whether nobody needs it: a removal that was cut off, an unfinished one of ours (there is one maker, and
    /// it is here), or something older than any instance that runs leaves lying.
    fn is_over(&self, name: &str, now: Timestamp) -> bool {
        let finished = [MAKING, DELETING].iter().find_map(|suffix| name.strip_suffix(suffix));
        let Some(made_at) = made_at(finished.unwrap_or(name)) else {
            return false; // nothing of ours
        };
        if name.ends_with(DELETING) {
            return true;
        }
        let is_unfinished = finished.is_some();
        // a clock that is far ahead must not keep one for ever either
        let age = now.duration_since(made_at).unsigned_abs();
        (is_unfinished && self.is_own(name)) || age > self.abandoned_after
    }

    /// Takes the name away first, so that nobody begins to use half a checkpoint. Somebody else may be doing
    /// the same.
    fn remove(&self, name: &str) -> io::Result<()> {
        let mut path = self.dir.join(name);
        if !name.ends_with(DELETING) {
            let out = self.dir.join(format!("{name}{DELETING}"));
            match fs::rename(&path, &out) {
                Ok(()) => path = out,
                Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        files::remove_dir(&path)
    }
}

impl Found {
    /// Compares every file with the manifest. Reads all of it.
    ///
    /// # Errors
    /// The first thing that is wrong; [`Rejection::Gone`] when its owner removed it meanwhile.
    pub fn verify(&self, pace: Pace<'_>) -> Result<(), Rejection> {
        let Ok(manifest) = &self.manifest else { return Ok(()) };
        for file in &manifest.files {
            let (bytes, sha256) =
                files::hash(&self.path.join(&file.name), pace).map_err(|error| {
                    match error.kind() {
                        ErrorKind::NotFound if self.path.exists() => {
                            Rejection::File(file.name.clone())
                        }
                        _ => Rejection::io("read it", &error),
                    }
                })?;
            if (bytes, &sha256) != (file.bytes, &file.sha256) {
                return Err(Rejection::File(file.name.clone()));
            }
        }
        Ok(())
    }
}

fn name_of(instance_id: &str, made_at: Timestamp) -> String {
    format!("{instance_id}{SEPARATOR}{}", made_at.strftime(STAMP))
}

/// `None` for what is no checkpoint.
fn made_at(name: &str) -> Option<Timestamp> {
    let (_, stamp) = name.rsplit_once(SEPARATOR)?;
    let time = jiff::civil::DateTime::strptime("%Y%m%dT%H%M%S%.fZ", stamp).ok()?;
    jiff::tz::Offset::UTC.to_timestamp(time).ok()
}

fn instance_of(name: &str) -> Option<&str> {
    name.rsplit_once(SEPARATOR).map(|(instance, _)| instance)
}

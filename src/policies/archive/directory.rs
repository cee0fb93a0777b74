//! Policy sets as files: `state.dir/policies/REVISION.json.zst`, each whole or not there, and never overwritten.
//!
//! A set is written under another name, synced, and linked to its own; a link fails where a rename would replace. A file
//! that is damaged stays as it is for a person to see, and is told with its path. Absent: removal; what is too much is told.

use super::super::revision::Revision;
use super::set::{KeptSet, SET_BYTES_MAX, SetError};
use crate::files;
use std::ffi::OsStr;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// The directory below `state.dir`.
const DIR: &str = "policies";
/// What a name ends with.
const EXTENSION: &str = ".json.zst";
/// Sets that are kept as files: 52 MB of ours. What comes then is only in the topic.
pub(super) const SETS_MAX: usize = 1_000;
/// Entries that are looked at.
const ENTRIES_MAX: usize = 8_192;

/// A set cannot be kept as a file, or not be read from one.
#[derive(Debug, thiserror::Error)]
pub(super) enum DirectoryError {
    /// The disk refuses.
    #[error("`{}`: {source}", path.display())]
    Io {
        /// Where.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file is not what it should be.
    #[error("`{}`: {source}; move it away: the gate writes the set in force anew, the topic has the others", path.display())]
    Damaged {
        /// Which.
        path: PathBuf,
        /// What is wrong.
        source: SetError,
    },
    /// There are as many as there may be.
    #[error("`{}` holds {SETS_MAX} policy sets, and no more are kept there: move old ones away, the topic has them", dir.display())]
    Full {
        /// Where.
        dir: PathBuf,
    },
    /// The set itself.
    #[error(transparent)]
    Set(#[from] SetError),
}

/// The files.
#[derive(Clone, Debug)]
pub(super) struct Directory {
    path: PathBuf,
}

impl Directory {
    /// That of this state; it need not exist.
    #[must_use]
    pub(super) fn of(state_dir: &Path) -> Self {
        Self { path: state_dir.join(DIR) }
    }

    /// Where it is.
    #[must_use]
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    fn file_of(&self, revision: &Revision) -> PathBuf {
        self.path.join(format!("{revision}{EXTENSION}"))
    }

    /// Keeps a set, unless it is there; `false` when it was.
    ///
    /// # Errors
    /// The disk refuses, there are too many, the set is too large, or the file that is there is damaged.
    pub(super) fn keep(&self, set: &KeptSet) -> Result<bool, DirectoryError> {
        if self.get(set.revision())?.is_some() {
            return Ok(false);
        }
        let bytes = set.encode()?;
        files::private_dir(&self.path).map_err(io(&self.path))?;
        if self.revisions()?.len() >= SETS_MAX {
            return Err(DirectoryError::Full { dir: self.path.clone() });
        }
        let draft = self.path.join(format!(".{}.draft", set.revision()));
        // of a process that was killed over it; the state has one gate at a time
        match fs::remove_file(&draft) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(io(&draft)(error)),
            _ => {}
        }
        let written = write(&draft, &bytes)
            .and_then(|()| match fs::hard_link(&draft, self.file_of(set.revision())) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
                other => other,
            })
            .and_then(|()| fs::File::open(&self.path)?.sync_all());
        let removed = fs::remove_file(&draft);
        written.map_err(io(&draft))?;
        removed.map_err(io(&draft))?;
        Ok(true)
    }

    /// The set of this revision, if it is there.
    ///
    /// # Errors
    /// It cannot be read, or is not that set.
    pub(super) fn get(&self, revision: &Revision) -> Result<Option<KeptSet>, DirectoryError> {
        let path = self.file_of(revision);
        let bytes = match files::read(&path, SET_BYTES_MAX as u64) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            bytes => bytes.map_err(io(&path))?,
        };
        let set = KeptSet::decode(&bytes).and_then(|set| match set.revision() {
            found if found == revision => Ok(set),
            found => {
                Err(SetError::Revision { found: found.clone(), said: revision.as_str().to_owned() })
            }
        });
        set.map(Some).map_err(|source| DirectoryError::Damaged { path, source })
    }

    /// The revisions that have a file, whatever it holds; none where there is no directory.
    ///
    /// # Errors
    /// The directory cannot be read.
    pub(super) fn revisions(&self) -> Result<Vec<Revision>, DirectoryError> {
        let entries = match fs::read_dir(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(io(&self.path))?,
        };
        let mut found = Vec::new();
        for entry in entries.take(ENTRIES_MAX) {
            let name = entry.map_err(io(&self.path))?.file_name();
            found.extend(revision_of(&name));
        }
        found.sort();
        Ok(found)
    }
}

fn revision_of(name: &OsStr) -> Option<Revision> {
    Revision::parse(name.to_str()?.strip_suffix(EXTENSION)?)
}

fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = files::create_private(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn io(path: &Path) -> impl Fn(io::Error) -> DirectoryError {
    let path = path.to_owned();
    move |source| DirectoryError::Io { path: path.clone(), source }
}

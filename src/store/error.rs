//! What can go wrong with the store, by what the process must do about it.
//!
//! RocksDB reports text. It is sorted here once into damage (rebuild), a busy directory (wait) and
//! everything else (the disk). INVARIANT: no error text carries a key or a value, so RocksDB messages
//! that speak of keys are cut.

use crate::exit::ExitCode;
use rocksdb::ErrorKind;
use std::io;
use std::path::{Path, PathBuf};

/// Bytes of a RocksDB message that reach an error text.
pub(super) const ERROR_TEXT_MAX: usize = 400;

/// Why the store cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Stored data is not what was written. The directory is marked: the next start moves it aside.
    #[error(
        "consent store in `{}` is damaged ({what}); restart the gate: it moves the store aside and rebuilds it from the consent topic",
        dir.display()
    )]
    Corrupt {
        /// The state directory.
        dir: PathBuf,
        /// What was found, without contact data.
        what: String,
    },
    /// The disk refused: full, read-only, gone, not permitted.
    #[error(
        "consent store in `{}` cannot be used ({what}); check free space, permissions and health of the disk under state.dir, then restart the gate",
        dir.display()
    )]
    Io {
        /// The state directory.
        dir: PathBuf,
        /// What the system said.
        what: String,
    },
    /// Another process has the directory open.
    #[error(
        "state directory `{}` is in use by another process; stop that process or give this instance its own state.dir",
        dir.display()
    )]
    Locked {
        /// The state directory.
        dir: PathBuf,
    },
    /// It was asked to stop before the store was filled; what had been copied is removed.
    #[error("filling the consent store in `{}` was interrupted; the next start begins again", dir.display())]
    Interrupted {
        /// The state directory.
        dir: PathBuf,
    },
    /// The memory budget is too small to hold.
    #[error("state.memory_bytes is `{bytes}`, the store needs at least `{min}`; raise it")]
    Memory {
        /// What was configured.
        bytes: usize,
        /// What is needed.
        min: usize,
    },
    /// A partition the store does not cover.
    #[error(
        "the consent topic has `{found}` partitions, the store is open for `{known}` of at most `{max}`; restart the gate so that it sees the new ones"
    )]
    Partitions {
        /// Partitions seen.
        found: u64,
        /// Partitions the store was opened with.
        known: u64,
        /// The bound.
        max: u32,
    },
    /// A write failed before; RocksDB cannot be told to go on, so nothing more is written.
    #[error("consent store in `{}` stopped after a failed write; restart the gate", dir.display())]
    Stopped {
        /// The state directory.
        dir: PathBuf,
    },
}

impl StoreError {
    /// How the process ends (docs/failures.md, Exit codes).
    #[must_use]
    pub fn exit_code(&self) -> ExitCode {
        match self {
            Self::Corrupt { .. } | Self::Io { .. } | Self::Stopped { .. } => ExitCode::Storage,
            Self::Locked { .. } | Self::Partitions { .. } | Self::Interrupted { .. } => {
                ExitCode::TryAgain
            }
            Self::Memory { .. } => ExitCode::Config,
        }
    }

    pub(super) fn io(dir: &Path, doing: &str, error: &io::Error) -> Self {
        Self::Io { dir: dir.to_path_buf(), what: format!("{doing}: {error}") }
    }

    pub(super) fn corrupt(dir: &Path, what: impl Into<String>) -> Self {
        Self::Corrupt { dir: dir.to_path_buf(), what: what.into() }
    }

    /// Sorts what RocksDB said. Does not mark the directory: `Inner::fail` and `open` do.
    pub(super) fn of_rocksdb(dir: &Path, error: &rocksdb::Error) -> Self {
        let text: &str = error.as_ref();
        match error.kind() {
            ErrorKind::Corruption
            | ErrorKind::NotFound
            | ErrorKind::NotSupported
            | ErrorKind::InvalidArgument => Self::corrupt(dir, without_keys(text)),
            // a file that the manifest names is gone
            ErrorKind::IOError if text.contains("No such file or directory") => {
                Self::corrupt(dir, without_keys(text))
            }
            ErrorKind::IOError if text.contains("lock") && is_lock_refusal(text) => {
                Self::Locked { dir: dir.to_path_buf() }
            }
            ErrorKind::IOError
            | ErrorKind::MergeInProgress
            | ErrorKind::Incomplete
            | ErrorKind::ShutdownInProgress
            | ErrorKind::TimedOut
            | ErrorKind::Aborted
            | ErrorKind::Busy
            | ErrorKind::Expired
            | ErrorKind::TryAgain
            | ErrorKind::CompactionTooLarge
            | ErrorKind::ColumnFamilyDropped
            | ErrorKind::Unknown => Self::Io { dir: dir.to_path_buf(), what: without_keys(text) },
        }
    }
}

fn is_lock_refusal(text: &str) -> bool {
    text.contains("Resource temporarily unavailable")
        || text.contains("lock hold by current process")
        || text.contains("No locks available")
}

/// RocksDB prints damaged keys in hexadecimal; keep the kind of damage only.
fn without_keys(text: &str) -> String {
    let names_a_key = text.to_ascii_lowercase().contains("key");
    let shown = if names_a_key { text.split(':').next().unwrap_or_default() } else { text };
    shown.chars().take(ERROR_TEXT_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::without_keys;

    #[test]
    fn a_message_about_a_key_loses_the_key() {
        let shown = without_keys("Corruption: bad internal key: 'A1B2C3' in /x/000012.sst");
        assert_eq!(shown, "Corruption");
    }

    #[test]
    fn a_message_without_a_key_stays() {
        let text = "Corruption: block checksum mismatch: stored = 1, computed = 2 in /x/000012.sst";
        assert_eq!(without_keys(text), text);
    }
}

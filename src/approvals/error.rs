//! Why approvals cannot be remembered.

use crate::exit::ExitCode;
use std::path::{Path, PathBuf};

/// The local store of approvals cannot go on. Whatever it is, the changelog in Kafka has everything.
#[derive(Debug, thiserror::Error)]
pub enum SentError {
    /// Stored data is not what was written. The next start discards the store.
    #[error(
        "the store of approvals in `{}` is damaged ({what}); restart the gate: it discards the store and reads the \
         changelog again",
        dir.display()
    )]
    Damaged {
        /// The directory.
        dir: PathBuf,
        /// What was found, without keys.
        what: String,
    },
    /// The disk refused.
    #[error(
        "the store of approvals in `{}` cannot be used ({what}); check free space, permissions and health of the disk \
         under state.dir, then restart the gate",
        dir.display()
    )]
    Io {
        /// The directory.
        dir: PathBuf,
        /// What the system said.
        what: String,
    },
}

impl SentError {
    /// How the process ends (docs/failures.md, Exit codes).
    #[must_use]
    pub fn exit_code(&self) -> ExitCode {
        ExitCode::Storage
    }

    pub(super) fn io(dir: &Path, doing: &str, error: &std::io::Error) -> Self {
        Self::Io { dir: dir.to_owned(), what: format!("{doing}: {error}") }
    }
}

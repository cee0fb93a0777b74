//! What can go wrong with an index, by what its process must do about it.
//!
//! INVARIANT: no error text carries a key or a value of the index, so messages of RocksDB that speak of keys are cut.

use rocksdb::ErrorKind;
use std::io;
use std::path::{Path, PathBuf};

/// Bytes of a RocksDB message that reach an error text.
const TEXT_MAX: usize = 400;

/// Why the index cannot go on, or does not answer.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// The directory holds something that is no index.
    #[error(
        "`{}` holds files that are no index of a desk, and nothing is deleted there; name an empty or a new directory",
        dir.display()
    )]
    NotOurs {
        /// The directory.
        dir: PathBuf,
    },
    /// Another process has the directory open.
    #[error(
        "the index in `{}` is in use by another process; stop that process or give this desk its own directory",
        dir.display()
    )]
    InUse {
        /// The directory.
        dir: PathBuf,
    },
    /// The memory budget is too small.
    #[error("the index may use `{bytes}` bytes of memory and needs at least `{min}`; raise it")]
    Memory {
        /// What was configured.
        bytes: usize,
        /// What is needed.
        min: usize,
    },
    /// The disk refused: full, read-only, gone, not permitted.
    #[error(
        "the index in `{}` cannot be used ({what}); check free space, permissions and health of the disk, then restart the desk",
        dir.display()
    )]
    Io {
        /// The directory.
        dir: PathBuf,
        /// What the system said.
        what: String,
    },
    /// What is stored is not what was written. The directory is marked: the next start builds it again.
    #[error(
        "the index in `{}` is damaged ({what}); restart the desk: it deletes the index and builds it again from Kafka",
        dir.display()
    )]
    Damaged {
        /// The directory.
        dir: PathBuf,
        /// What was found.
        what: String,
    },
    /// A write failed before; nothing more is written.
    #[error("the index in `{}` stopped after a failed write; restart the desk", dir.display())]
    Stopped {
        /// The directory.
        dir: PathBuf,
    },
    /// A cursor that this index has not given out for this question.
    #[error(
        "the cursor is none of this question, is older than a day, or the index was built again since; ask again without a cursor"
    )]
    Cursor,
}

/// Why an index was deleted and begun again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rebuilt {
    /// It was built from another cluster.
    OtherCluster,
    /// It was built from other topics.
    OtherTopic,
    /// One of its topics was deleted and made again.
    TopicRecreated,
    /// Its people were hashed with another pepper.
    OtherPepper,
    /// Another version has written it.
    OtherFormat,
    /// It was damaged, or its creation was cut off.
    Damaged,
}

impl Rebuilt {
    /// A word for logs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OtherCluster => "other_cluster",
            Self::OtherTopic => "other_topic",
            Self::TopicRecreated => "topic_recreated",
            Self::OtherPepper => "other_pepper",
            Self::OtherFormat => "other_format",
            Self::Damaged => "damaged",
        }
    }
}

impl std::fmt::Display for Rebuilt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl IndexError {
    pub(crate) fn io(dir: &Path, doing: &str, error: &io::Error) -> Self {
        Self::Io { dir: dir.to_path_buf(), what: format!("{doing}: {error}") }
    }

    pub(crate) fn damaged(dir: &Path, what: &str) -> Self {
        Self::Damaged { dir: dir.to_path_buf(), what: what.to_owned() }
    }

    /// Sorts what RocksDB said into damage, a busy directory and a disk that refuses.
    pub(crate) fn of_rocksdb(dir: &Path, error: &rocksdb::Error) -> Self {
        let text: &str = error.as_ref();
        match error.kind() {
            ErrorKind::Corruption
            | ErrorKind::NotFound
            | ErrorKind::NotSupported
            | ErrorKind::InvalidArgument => Self::damaged(dir, &without_keys(text)),
            // a file that the manifest names is gone
            ErrorKind::IOError if text.contains("No such file or directory") => {
                Self::damaged(dir, &without_keys(text))
            }
            ErrorKind::IOError if is_lock_refusal(text) => Self::InUse { dir: dir.to_path_buf() },
            _ => Self::Io { dir: dir.to_path_buf(), what: without_keys(text) },
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
    shown.chars().take(TEXT_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::without_keys;

    #[test]
    fn a_message_about_a_key_loses_the_key() {
        let shown = without_keys("Corruption: bad internal key: 'A1B2C3' in /x/000012.sst");
        assert_eq!(shown, "Corruption");
        let whole =
            "Corruption: block checksum mismatch: stored = 1, computed = 2 in /x/000012.sst";
        assert_eq!(without_keys(whole), whole);
    }
}

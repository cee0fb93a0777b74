//! Moving a store aside: it is kept for people to look at, and never read again by the gate.
//!
//! INVARIANT: the rename is on disk before a fresh store is created, so a crash in between leaves no
//! store rather than a wrong one. At most [`KEPT_MAX`] old stores use up disk.

use super::layout::DB_DIR;
use super::marker::{self, sync_dir};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

const QUARANTINE_DIR: &str = "quarantine";
/// Stores kept in quarantine, newest first.
const KEPT_MAX: usize = 2;

macro_rules! reasons {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        /// Why a store is not reused. The words appear in directory names and logs: a closed set.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum RebuildReason { $($(#[$doc])* $name,)* }

        impl RebuildReason {
            const ALL: &[Self] = &[$(Self::$name),*];

            /// The word for it.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }
    };
}

reasons! {
    /// It was folded from another Kafka cluster.
    OtherCluster = "other-cluster",
    /// It was folded from another topic.
    OtherTopic = "other-topic",
    /// The topic was deleted and created again.
    TopicRecreated = "topic-recreated",
    /// The topic has another number of partitions.
    PartitionsChanged = "partitions-changed",
    /// Its subject keys were made with another pepper.
    OtherPepper = "other-pepper",
    /// Its states have another format.
    StateFormat = "state-format",
    /// Its column families, keys or header have another layout.
    StoreLayout = "store-layout",
    /// It has no readable header.
    NoHeader = "no-header",
    /// Stored data is not what was written.
    Damaged = "damaged",
    /// The topic no longer holds the records after its positions, so it cannot catch up.
    LogTruncated = "log-truncated",
    /// The topic ends before its positions.
    AheadOfLog = "ahead-of-log",
    /// Somebody asked for it.
    Requested = "requested",
}

impl RebuildReason {
    pub(super) fn from_bytes(word: &[u8]) -> Option<Self> {
        let mut all = Self::ALL.iter().copied();
        all.find(|reason| reason.as_str().as_bytes() == word)
    }
}

impl std::fmt::Display for RebuildReason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

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

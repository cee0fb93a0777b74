//! What was taken in lately, so that what a provider sends again is answered and not written again.
//!
//! A record of the same event id is no second refusal for the gate, but one with a later time is: a text without a time of its
//! own gets that of its arrival, and a repeated STOP must not beat an opt-in that came in between. So it is remembered here, for
//! longer than any provider repeats. Only what Kafka has acknowledged is remembered; what is lost with the disk is written twice.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use gate_intake::Window;
use gate_ledger::sha256;
use rocksdb::{DB, Options, WriteBatch};

use crate::clock::now;

/// Bytes of a key: the beginning of a SHA-256.
const KEY_BYTES: usize = 16;
/// No hash: it is shorter.
const TRIED: &[u8] = b"tried";
/// Memory for what is not on disk yet.
const BUFFER_BYTES: usize = 8 << 20;

/// The window cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the memory of what was taken in lately cannot be used: {0}")]
pub(super) struct SeenError(#[from] rocksdb::Error);

/// The window.
pub(super) struct Seen {
    db: DB,
    kept: Duration,
}

/// What is remembered, as a hash.
fn hashed(key: &str) -> [u8; KEY_BYTES] {
    let mut out = [0; KEY_BYTES];
    for (to, from) in out.iter_mut().zip(sha256(&[key.as_bytes()]).0) {
        *to = from;
    }
    out
}

impl Seen {
    /// # Errors
    /// The directory cannot be used, or another door has it.
    pub(super) fn open(dir: &Path, kept: Duration) -> Result<Self, SeenError> {
        let mut options = Options::default();
        options.create_if_missing(true);
        options.set_write_buffer_size(BUFFER_BYTES);
        options.set_max_open_files(64);
        options.set_keep_log_file_num(2);
        Ok(Self { db: DB::open_with_ttl(&options, dir, kept)?, kept })
    }

    /// # Errors
    /// The disk.
    fn has(&self, key: &str) -> Result<bool, SeenError> {
        // RocksDB drops what is older when it compacts, which on a quiet door may be never
        let at = self.db.get_pinned(hashed(key))?.and_then(|it| <[u8; 8]>::try_from(&*it).ok());
        let kept = i64::try_from(self.kept.as_micros()).unwrap_or(i64::MAX);
        Ok(at.is_some_and(|at| now().as_micros().saturating_sub(i64::from_be_bytes(at)) < kept))
    }

    /// Writes and reads something that stands for nothing.
    ///
    /// # Errors
    /// The disk.
    pub(super) fn try_out(&self) -> Result<(), SeenError> {
        self.db.put(TRIED, now().as_micros().to_be_bytes())?;
        self.db.get_pinned(TRIED)?;
        Ok(())
    }

    /// # Errors
    /// The disk.
    pub(super) fn remember(&self, keys: &[String]) -> Result<(), SeenError> {
        if keys.is_empty() {
            return Ok(());
        }
        let mut batch = WriteBatch::default();
        let at = now().as_micros().to_be_bytes();
        keys.iter().for_each(|key| batch.put(hashed(key), at));
        Ok(self.db.write(batch)?)
    }
}

/// The window as gate-intake asks it. What the disk does not tell is not answered: the request has to come again.
pub(super) struct Remembered<'s> {
    seen: &'s Seen,
    is_whole: AtomicBool,
}

impl<'s> Remembered<'s> {
    pub(super) fn of(seen: &'s Seen) -> Self {
        Self { seen, is_whole: AtomicBool::new(true) }
    }

    /// Whether every question was answered.
    pub(super) fn is_whole(&self) -> bool {
        self.is_whole.load(Ordering::Relaxed)
    }
}

impl Window for Remembered<'_> {
    fn knows(&self, key: &str) -> bool {
        self.seen.has(key).unwrap_or_else(|error| {
            tracing::error!(%error, "the window of what came lately cannot be read");
            self.is_whole.store(false, Ordering::Relaxed);
            false
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_taken_in_is_known_after_a_restart() {
        let dir = tempfile::tempdir().unwrap();
        let day = Duration::from_secs(24 * 3600);
        let seen = Seen::open(dir.path(), day).unwrap();
        assert!(!Remembered::of(&seen).knows("a/SM1"));
        seen.remember(&["a/SM1".to_owned()]).unwrap();
        let window = Remembered::of(&seen);
        assert!(window.knows("a/SM1") && !window.knows("b/SM1") && window.is_whole());
        assert!(Seen::open(dir.path(), day).is_err(), "another door has it");
        drop(seen);
        let again = Seen::open(dir.path(), day).unwrap();
        assert!(again.has("a/SM1").unwrap());
        drop(again);
        assert!(!Seen::open(dir.path(), Duration::ZERO).unwrap().has("a/SM1").unwrap(), "over");
    }
}

//! Makes a checkpoint of the store now and then, beside everything else.
//!
//! Nothing waits for it and nothing depends on it: when a disk refuses, that is logged and counted, the former
//! checkpoints stay, and the next round tries again.
//!
//! Deliberately absent: a heartbeat. A network disk that hangs may stop this thread for good, and that is no
//! reason to restart a gate that decides.

use crate::metrics::{CheckpointResult, Metrics};
use crate::shutdown::Shutdown;
use crate::store::{Maker, Store};
use jiff::Timestamp;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Granularity of waiting, so that a stop is noticed.
const NAP: Duration = Duration::from_millis(100);
/// Bytes read, hashed and perhaps copied in a second: a tenth of a core, and of what disks do.
const BYTES_PER_SECOND_MAX: f64 = (64 << 20) as f64;
/// The first one of an instance that has none is not left until a long interval is over.
const FIRST_AFTER_MAX: Duration = Duration::from_secs(60);

/// What the thread works with.
pub(super) struct CheckpointerParts {
    /// Makes them.
    pub maker: Maker,
    /// What is copied.
    pub store: Arc<Store>,
    /// From one to the next.
    pub interval: Duration,
    /// Counts.
    pub metrics: Arc<Metrics>,
    /// When to stop.
    pub shutdown: Shutdown,
}

/// The thread.
pub(super) struct Checkpointer {
    parts: CheckpointerParts,
}

impl Checkpointer {
    /// Nothing is made before [`Checkpointer::run`].
    #[must_use]
    pub(super) fn new(parts: CheckpointerParts) -> Self {
        Self { parts }
    }

    /// Makes checkpoints until shutdown.
    pub(super) fn run(mut self) {
        let mut wait = self.first_wait();
        let mut since = Instant::now();
        while !self.parts.shutdown.is_requested() {
            if since.elapsed() >= wait {
                since = Instant::now();
                wait = self.parts.interval;
                self.make();
            }
            std::thread::sleep(NAP);
        }
    }

    /// Counted from the newest one there is, so that a gate that often restarts makes them too.
    fn first_wait(&self) -> Duration {
        let interval = self.parts.interval;
        match self.parts.maker.newest() {
            Ok(Some(newest)) => {
                self.parts.metrics.checkpoint_last_success.set(newest.as_second());
                let age = Timestamp::now().duration_since(newest);
                interval.saturating_sub(Duration::try_from(age).unwrap_or_default())
            }
            Ok(None) => interval.min(FIRST_AFTER_MAX),
            Err(error) => {
                tracing::warn!(%error, "the directory of checkpoints cannot be read");
                interval.min(FIRST_AFTER_MAX)
            }
        }
    }

    fn make(&mut self) {
        let parts = &mut self.parts;
        let (began, shutdown) = (Instant::now(), &parts.shutdown);
        let pace = Pacer { began, bytes: 0.into() };
        let made = parts.maker.make(&parts.store, &|n_bytes| pace.keep(n_bytes, shutdown));
        let seconds = began.elapsed().as_secs_f64();
        match made {
            Ok(made) => {
                parts.metrics.checkpoints.of(CheckpointResult::Made).inc();
                parts.metrics.checkpoint.observe(seconds);
                parts.metrics.checkpoint_last_success.set(made.made_at_ms / 1_000);
                let (bytes, bytes_copied) = (made.bytes, made.bytes_copied);
                tracing::info!(name = made.name, bytes, bytes_copied, seconds, "checkpoint made");
                if let Some(error) = made.left_behind {
                    tracing::warn!(error, "old checkpoints cannot be removed; trying again later");
                }
            }
            Err(_) if shutdown.is_requested() => {}
            Err(error) => {
                parts.metrics.checkpoints.of(CheckpointResult::Failed).inc();
                parts.metrics.checkpoint.observe(seconds);
                tracing::error!(%error, "no checkpoint was made; the former ones stay, the next round tries again");
            }
        }
    }
}

/// Holds the work to [`BYTES_PER_SECOND_MAX`].
struct Pacer {
    began: Instant,
    bytes: std::sync::atomic::AtomicU64,
}

impl Pacer {
    /// Waits until that many more bytes are due; `false` when it is time to stop.
    fn keep(&self, n_bytes: usize, shutdown: &Shutdown) -> bool {
        use std::sync::atomic::Ordering::Relaxed;
        let n_bytes = n_bytes as u64;
        let bytes = self.bytes.fetch_add(n_bytes, Relaxed).saturating_add(n_bytes);
        let due = Duration::from_secs_f64(bytes as f64 / BYTES_PER_SECOND_MAX);
        while !shutdown.is_requested() {
            let left = due.saturating_sub(self.began.elapsed());
            if left.is_zero() {
                return true;
            }
            std::thread::sleep(left.min(NAP));
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_is_held_to_its_pace_and_ends_when_asked() {
        let (pacer, shutdown) =
            (Pacer { began: Instant::now(), bytes: 0.into() }, Shutdown::default());
        assert!(pacer.keep(1 << 20, &shutdown));
        assert!(pacer.keep(9 << 20, &shutdown));
        assert!(pacer.began.elapsed() >= Duration::from_millis(150), "10 MiB of 64 a second");
        shutdown.request();
        assert!(!pacer.keep(1, &shutdown));
    }
}

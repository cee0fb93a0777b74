//! Heartbeats: is every thread of ours still moving?
//!
//! A thread beats once per turn of its loop. `/livez` fails only when one has been silent for longer
//! than it said it might be: then the process is stuck and a restart is the remedy. A hold, a
//! rebalance or brokers that are away must never get here, so every wait in a loop is bounded well
//! below [`SILENCE_MAX`], or announced with [`Heart::allow`].

use crate::metrics::{Bound, Metrics};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// A thread that panicked ends the process (`logging::panic`), so a poisoned lock is still good here.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How long a thread may go without a beat before the process counts as stuck. The longest turn of a
/// loop is a lane that gives a transaction up (three time-outs of 10 s) and reconciles (half a minute
/// of reading, and a handful of requests of 5 s) while the brokers answer slowly.
pub(super) const SILENCE_MAX: Duration = Duration::from_secs(180);

/// Threads that can register; more than any configuration starts.
const THREADS_MAX: usize = 1_024;

/// The beats of all threads.
#[derive(Default)]
pub(super) struct Hearts {
    threads: Arc<Mutex<Vec<Arc<Thread>>>>,
}

struct Thread {
    name: String,
    start: Instant,
    /// Milliseconds after `start`.
    beat_ms: AtomicU64,
    silence_ms_max: AtomicU64,
}

/// The heart of one thread. Dropped when the thread ends in order; a thread that dies unwinding stays
/// registered, so that it is missed.
pub struct Heart {
    thread: Arc<Thread>,
    threads: Arc<Mutex<Vec<Arc<Thread>>>>,
}

impl Hearts {
    /// Registers a thread, which is alive now.
    pub(super) fn register(&self, name: String, metrics: &Metrics) -> Heart {
        let thread = Arc::new(Thread {
            name,
            start: Instant::now(),
            beat_ms: AtomicU64::new(0),
            silence_ms_max: AtomicU64::new(milliseconds(SILENCE_MAX)),
        });
        let mut threads = lock(&self.threads);
        if threads.len() < THREADS_MAX {
            threads.push(Arc::clone(&thread));
        } else {
            metrics.bound_reached(Bound::Threads);
        }
        Heart { thread, threads: Arc::clone(&self.threads) }
    }

    /// Name and silence of each thread that is stuck at `now`.
    pub(super) fn stuck(&self, now: Instant) -> Vec<(String, Duration)> {
        let threads = lock(&self.threads);
        let stuck = threads.iter().filter_map(|thread| {
            let silence = thread.silence(now);
            let silence_max = Duration::from_millis(thread.silence_ms_max.load(Ordering::Relaxed));
            (silence > silence_max).then(|| (thread.name.clone(), silence))
        });
        stuck.collect()
    }
}

impl Thread {
    fn silence(&self, now: Instant) -> Duration {
        let beat = Duration::from_millis(self.beat_ms.load(Ordering::Relaxed));
        now.saturating_duration_since(self.start).saturating_sub(beat)
    }
}

impl Heart {
    /// The thread moves. One store to memory of its own: call it every turn.
    pub fn beat(&self) {
        let beat_ms = milliseconds(self.thread.start.elapsed());
        self.thread.beat_ms.store(beat_ms, Ordering::Relaxed);
    }

    /// Beats, and announces that the next beat may take as long as `silence` (opening the store, …);
    /// [`Heart::usual`] ends it.
    pub fn allow(&self, silence: Duration) {
        let silence_ms = milliseconds(silence.max(SILENCE_MAX));
        self.thread.silence_ms_max.store(silence_ms, Ordering::Relaxed);
        self.beat();
    }

    /// Beats, and takes [`Heart::allow`] back.
    pub fn usual(&self) {
        self.allow(SILENCE_MAX);
    }
}

impl Drop for Heart {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            lock(&self.threads).retain(|thread| !Arc::ptr_eq(thread, &self.thread));
        }
    }
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::TopicNames;

    fn metrics() -> Arc<Metrics> {
        Metrics::new(TopicNames::default()).unwrap()
    }

    #[test]
    fn a_silent_thread_is_missed_and_a_beating_one_is_not() {
        let hearts = Hearts::default();
        let heart = hearts.register("lane 0".into(), &metrics());
        heart.beat();
        let now = Instant::now();
        assert!(hearts.stuck(now).is_empty());
        assert!(hearts.stuck(now + SILENCE_MAX - Duration::from_secs(1)).is_empty());
        let stuck = hearts.stuck(now + SILENCE_MAX + Duration::from_secs(1));
        assert_eq!(stuck.len(), 1);
        assert_eq!(stuck[0].0, "lane 0");
    }

    #[test]
    fn an_announced_silence_is_no_alarm() {
        let hearts = Hearts::default();
        let heart = hearts.register("store".into(), &metrics());
        heart.allow(SILENCE_MAX * 10);
        let later = Instant::now() + SILENCE_MAX * 2;
        assert!(hearts.stuck(later).is_empty());
        heart.usual();
        assert_eq!(hearts.stuck(later).len(), 1);
    }

    #[test]
    fn a_thread_that_ends_in_order_is_forgotten_and_one_that_dies_is_missed() {
        let hearts = Hearts::default();
        drop(hearts.register("ends".into(), &metrics()));
        let heart = hearts.register("dies".into(), &metrics());
        let died = std::thread::spawn(move || {
            let _heart = heart;
            std::panic::resume_unwind(Box::new("dies on purpose"));
        })
        .join();
        assert!(died.is_err());
        let stuck = hearts.stuck(Instant::now() + SILENCE_MAX * 2);
        assert_eq!(stuck.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["dies"]);
    }

    #[test]
    fn the_number_of_threads_is_bounded() {
        let (hearts, metrics) = (Hearts::default(), metrics());
        let all: Vec<Heart> =
            (0..THREADS_MAX + 2).map(|n| hearts.register(format!("{n}"), &metrics)).collect();
        assert_eq!(lock(&hearts.threads).len(), THREADS_MAX);
        assert_eq!(metrics.bounds_reached.of(Bound::Threads).get(), 2);
        drop(all);
        assert!(lock(&hearts.threads).is_empty());
    }
}

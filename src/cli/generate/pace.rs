//! When the next record is due.

use std::time::{Duration, Instant};

/// What could not be sent in time is not made up for in one burst: more than this is forgotten.
const BEHIND_MAX: Duration = Duration::from_secs(1);

/// An even beat.
#[derive(Debug)]
pub(super) struct Pace {
    per_second: f64,
    began: Instant,
    n: u64,
}

impl Pace {
    /// So many a second from now on; 0 is without a beat.
    pub(super) fn new(per_second: f64, now: Instant) -> Self {
        Self { per_second, began: now, n: 0 }
    }

    /// How long to wait for the next record; nothing when it is due.
    pub(super) fn wait(&mut self, now: Instant) -> Duration {
        if self.per_second <= 0.0 {
            return Duration::ZERO;
        }
        let due_s = self.n as f64 / self.per_second;
        let due = self.began + Duration::try_from_secs_f64(due_s).unwrap_or(Duration::MAX / 4);
        if let Some(behind) = now.checked_duration_since(due).filter(|behind| *behind > BEHIND_MAX)
        {
            self.began += behind;
        }
        due.saturating_duration_since(now)
    }

    /// One was sent.
    pub(super) fn sent(&mut self) {
        self.n += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sends whatever is due for so many milliseconds, one look a millisecond.
    fn run(pace: &mut Pace, from: Instant, millis: u64) -> u64 {
        let n_before = pace.n;
        for ms in 0..millis {
            while pace.wait(from + Duration::from_millis(ms)).is_zero()
                && pace.n < n_before + 10_000
            {
                pace.sent();
            }
        }
        pace.n - n_before
    }

    #[test]
    fn so_many_a_second_and_no_burst_after_a_pause() {
        let now = Instant::now();
        let mut pace = Pace::new(50.0, now);
        assert_eq!(run(&mut pace, now, 2_000), 100);
        // away for a minute: one second of it is made up for
        let n = run(&mut pace, now + Duration::from_secs(62), 1_000);
        assert!((50..=101).contains(&n), "{n}");
        let mut slow = Pace::new(0.5, now);
        assert_eq!(run(&mut slow, now, 4_000), 2);
        assert_eq!(slow.wait(now), Duration::from_secs(4));
        assert!(Pace::new(0.0, now).wait(now).is_zero());
    }
}

//! Thinning out warnings that repeat.
//!
//! A producer that writes rubbish, or a broker that flaps, would otherwise turn the log into the
//! bottleneck. At most one line per key and [`WINDOW`] passes; the next one says how many did not.
//! Keys are a name of ours and a number (a partition, mostly), bounded in number; whatever does not
//! fit shares one key.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// One line per key in this time.
const WINDOW: Duration = Duration::from_secs(10);

/// Keys remembered at a time.
const KEYS_MAX: usize = 256;

/// The key of everything that has none of its own.
const OVERFLOW: (&str, i64) = ("overflow", 0);

/// A rate limiter for log lines.
///
/// ```
/// let warnings = consent_gate::logging::Limited::new();
/// if let Some(suppressed) = warnings.admit("unreadable", 3) {
///     tracing::warn!(partition = 3, suppressed, "a record cannot be read");
/// }
/// assert!(warnings.admit("unreadable", 3).is_none(), "too soon");
/// ```
#[derive(Default)]
pub struct Limited {
    lines: Mutex<HashMap<(&'static str, i64), Line>>,
}

struct Line {
    written: Instant,
    suppressed: u64,
}

impl Limited {
    /// A limiter that has seen nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether to write the line now: `Some(n)` means yes, and that `n` like it were suppressed.
    #[must_use]
    pub fn admit(&self, name: &'static str, number: i64) -> Option<u64> {
        self.admit_at((name, number), Instant::now())
    }

    fn admit_at(&self, key: (&'static str, i64), now: Instant) -> Option<u64> {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        let mut key = key;
        if !lines.contains_key(&key) && lines.len() >= KEYS_MAX {
            // Counts of keys that never came back are lost with them.
            lines.retain(|_, line| !line.is_over(now));
            if lines.len() >= KEYS_MAX {
                key = OVERFLOW;
            }
        }
        let Some(line) = lines.get_mut(&key) else {
            lines.insert(key, Line { written: now, suppressed: 0 });
            return Some(0);
        };
        if line.is_over(now) {
            line.written = now;
            Some(std::mem::take(&mut line.suppressed))
        } else {
            line.suppressed = line.suppressed.saturating_add(1);
            None
        }
    }
}

impl Line {
    fn is_over(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.written) >= WINDOW
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_a_window_and_the_next_tells_what_was_left_out() {
        let (limited, start) = (Limited::new(), Instant::now());
        assert_eq!(limited.admit_at(("a", 1), start), Some(0));
        for _ in 0..41 {
            assert_eq!(limited.admit_at(("a", 1), start + WINDOW / 2), None);
        }
        assert_eq!(limited.admit_at(("a", 2), start + WINDOW / 2), Some(0), "another key");
        assert_eq!(limited.admit_at(("a", 1), start + WINDOW), Some(41));
        assert_eq!(limited.admit_at(("a", 1), start + WINDOW * 2), Some(0));
    }

    #[test]
    fn keys_are_bounded_and_what_does_not_fit_shares_one() {
        let (limited, start) = (Limited::new(), Instant::now());
        let max = i64::try_from(KEYS_MAX).unwrap();
        for number in 0..max {
            assert_eq!(limited.admit_at(("p", number), start), Some(0));
        }
        assert_eq!(limited.admit_at(("p", max), start), Some(0), "the first of the shared key");
        assert_eq!(limited.admit_at(("p", max + 1), start), None);
        assert_eq!(limited.admit_at(("q", 0), start), None);
        assert!(limited.lines.lock().unwrap().len() <= KEYS_MAX + 1);
        // Once the windows are over there is room again.
        assert_eq!(limited.admit_at(("q", 0), start + WINDOW), Some(0));
        assert_eq!(limited.admit_at(("q", 1), start + WINDOW), Some(0));
        assert!(limited.lines.lock().unwrap().len() <= KEYS_MAX + 1);
    }

    #[test]
    fn a_flood_of_fresh_keys_costs_bounded_memory() {
        let (limited, start) = (Limited::new(), Instant::now());
        for number in 0..10_000_i64 {
            let now = start + Duration::from_millis(number.unsigned_abs());
            let _ = limited.admit_at(("p", number), now);
        }
        assert!(limited.lines.lock().unwrap().len() <= KEYS_MAX + 1);
    }
}

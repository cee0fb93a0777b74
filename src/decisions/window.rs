//! A window of record time.

use gate_core::Timestamp;

use crate::exit::{ExitCode, Failure};

/// From an instant on, and before another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Window {
    pub(crate) from: jiff::Timestamp,
    pub(crate) to: jiff::Timestamp,
}

impl Window {
    pub(crate) fn new(from: jiff::Timestamp, to: jiff::Timestamp) -> Result<Self, Failure> {
        if from < to {
            return Ok(Self { from, to });
        }
        let reason = format!("the window is empty: --from {from} is not before --to {to}");
        Err(Failure::new(ExitCode::Usage, reason))
    }

    /// Record times have milliseconds; one that shares its millisecond with the bound is inside.
    pub(crate) fn contains(&self, record_ms: i64) -> bool {
        let begin_ms = self.begin_ms();
        // the first millisecond that lies wholly outside
        let to_ms = self.to.as_millisecond();
        let is_exact = i128::from(to_ms) * 1_000_000 == self.to.as_nanosecond();
        record_ms >= begin_ms && (record_ms < to_ms || (record_ms == to_ms && !is_exact))
    }

    pub(super) fn begin_ms(&self) -> i64 {
        self.from.as_nanosecond().div_euclid(1_000_000).try_into().unwrap_or(i64::MIN)
    }

    pub(crate) fn is_over(&self, now: Timestamp) -> bool {
        self.to.as_microsecond() <= now.as_micros()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(from: &str, to: &str) -> Result<Window, Failure> {
        Window::new(from.parse().unwrap(), to.parse().unwrap())
    }

    #[test]
    fn a_window_holds_its_beginning_and_not_its_end() {
        let window = window("1970-01-01T00:00:01Z", "1970-01-01T00:00:02Z").unwrap();
        let inside: Vec<i64> =
            [999, 1_000, 1_999, 2_000].into_iter().filter(|ms| window.contains(*ms)).collect();
        assert_eq!(inside, [1_000, 1_999]);
        assert!(!window.is_over(Timestamp::from_micros(1_999_999)));
        assert!(window.is_over(Timestamp::from_micros(2_000_000)));
    }

    #[test]
    fn a_bound_within_a_millisecond_takes_all_of_it() {
        let window = window("1970-01-01T00:00:01.0005Z", "1970-01-01T00:00:02.0005Z").unwrap();
        let inside: Vec<i64> =
            [999, 1_000, 2_000, 2_001].into_iter().filter(|ms| window.contains(*ms)).collect();
        assert_eq!(inside, [1_000, 2_000]);
        assert_eq!(window.begin_ms(), 1_000);
    }

    #[test]
    fn an_empty_window_is_a_mistake() {
        let at = "2026-11-20T00:00:00Z";
        assert_eq!(window(at, at).unwrap_err().code(), ExitCode::Usage);
        assert!(window("2026-11-21T00:00:00Z", at).is_err());
        assert!(window(at, "2026-11-20T00:00:00.001Z").is_ok());
    }
}

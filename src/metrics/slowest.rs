//! The slowest of the last minute: what a histogram's buckets round away and a maximum since the start never
//! forgets.
//!
//! INVARIANT: 60 numbers, one for each second of the last minute. A value is forgotten 59 to 60 s after it came.

use super::lock;
use std::sync::Mutex;
use std::time::Instant;

/// How far back it looks.
const WINDOW_SECONDS: usize = 60;

/// The largest value of each of the last [`WINDOW_SECONDS`] seconds.
pub(super) struct Slowest {
    began: Instant,
    /// The second since the beginning and its largest value; the place is the second modulo the window.
    seconds: Mutex<[(u64, f64); WINDOW_SECONDS]>,
}

impl Default for Slowest {
    fn default() -> Self {
        Self { began: Instant::now(), seconds: Mutex::new([(0, 0.0); WINDOW_SECONDS]) }
    }
}

impl Slowest {
    /// Something took so many seconds, and ended now.
    pub(super) fn note(&self, took: f64) {
        self.note_at(self.began.elapsed().as_secs(), took);
    }

    /// The largest value of the last minute; 0 when there was none.
    pub(super) fn seconds(&self) -> f64 {
        self.seconds_at(self.began.elapsed().as_secs())
    }

    fn note_at(&self, second: u64, took: f64) {
        let place = usize::try_from(second).unwrap_or(0) % WINDOW_SECONDS;
        let mut seconds = lock(&self.seconds);
        if let Some((noted, slowest)) = seconds.get_mut(place) {
            *slowest = if *noted == second { slowest.max(took) } else { took };
            *noted = second;
        }
    }

    fn seconds_at(&self, second: u64) -> f64 {
        let oldest = second.saturating_sub(WINDOW_SECONDS as u64 - 1);
        let seconds = lock(&self.seconds);
        let recent = seconds.iter().filter(|(noted, _)| (oldest..=second).contains(noted));
        recent.map(|(_, slowest)| *slowest).fold(0.0, f64::max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_remembers_a_minute_and_no_more() {
        let slowest = Slowest::default();
        assert_eq!(slowest.seconds_at(0), 0.0);
        slowest.note_at(0, 3.0);
        slowest.note_at(0, 1.0);
        slowest.note_at(10, 2.0);
        assert_eq!(slowest.seconds_at(10), 3.0);
        assert_eq!(slowest.seconds_at(59), 3.0);
        assert_eq!(slowest.seconds_at(60), 2.0, "the first has left the window");
        assert_eq!(slowest.seconds_at(69), 2.0);
        assert_eq!(slowest.seconds_at(70), 0.0);
        // the place of second 10 is used again
        slowest.note_at(70, 0.5);
        assert_eq!(slowest.seconds_at(70), 0.5);
        assert_eq!(slowest.seconds_at(1_000_000), 0.0);
    }
}

//! Two instances with one id would fence each other for ever; a lane gives up instead.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// How often something that ends a client may happen within [`WINDOW`] before the lane gives up.
pub(super) const FENCINGS_MAX: usize = 5;
/// See [`FENCINGS_MAX`].
const WINDOW: Duration = Duration::from_secs(60);

/// Counts how often a client was put out.
#[derive(Default)]
pub(super) struct Fencings {
    at: VecDeque<Instant>,
}

impl Fencings {
    /// It happened again. Returns whether that is too often.
    pub(super) fn note(&mut self, now: Instant) -> bool {
        self.at.retain(|at| now.saturating_duration_since(*at) < WINDOW);
        if self.at.len() == FENCINGS_MAX {
            return true;
        }
        self.at.push_back(now);
        false
    }
}

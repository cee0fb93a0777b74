//! Whether what was taken in is in force: every gate has applied it.

use std::time::{Duration, Instant};

use super::Door;
use super::topic::Written;

/// What is known of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Enforced {
    /// All gates have applied it.
    Yes,
    /// Not within the time; it is before anything else is decided all the same.
    NotYet,
    /// No gate is configured.
    Unknown,
}

impl Enforced {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Yes => "enforced",
            Self::NotYet => "accepted",
            Self::Unknown => "unknown",
        }
    }
}

/// Waits until all gates have applied these places, for as long as the configuration says.
pub(super) async fn wait(door: &Door, places: &[Written]) -> Enforced {
    if door.config.door.gates.is_empty() {
        return Enforced::Unknown;
    }
    // a place that nobody can name is one that nobody can have applied
    if places.is_empty() || places.iter().any(|place| place.offset < 0) {
        return Enforced::NotYet;
    }
    let n = places.iter().map(|place| place.partition).max().unwrap_or(-1);
    let mut at_least = vec![0i64; usize::try_from(n + 1).unwrap_or(0)];
    for place in places {
        let at = usize::try_from(place.partition).ok().and_then(|at| at_least.get_mut(at));
        if let Some(at) = at {
            *at = (*at).max(place.offset.saturating_add(1));
        }
    }
    let began = Instant::now();
    let within: Duration = door.config.door.enforced_wait;
    match tokio::time::timeout(within, door.gates.have_applied(&at_least)).await {
        Ok(Ok(())) => {
            door.metrics.enforced_seconds.observe(began.elapsed().as_secs_f64());
            Enforced::Yes
        }
        Ok(Err(error)) => {
            tracing::warn!(%error, "a gate does not say whether a change is in force");
            Enforced::NotYet
        }
        Err(_) => Enforced::NotYet,
    }
}

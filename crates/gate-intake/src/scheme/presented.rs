//! What a scheme is applied with, and what every scheme asks of it.

use crate::limits::AHEAD_SECONDS_MAX;
use crate::outcome::{Refusal, seconds};
use crate::request::Request;
use gate_core::Timestamp;

/// What a scheme is applied with.
pub(crate) struct Presented<'r> {
    pub(crate) request: &'r Request,
    /// The configured URL with the raw query.
    pub(crate) url: Option<&'r str>,
    pub(crate) now: Timestamp,
}

/// The word behind `Bearer`.
pub(crate) fn bearer(header: &str) -> Option<&str> {
    let (kind, word) = header.split_once(' ')?;
    kind.eq_ignore_ascii_case("bearer").then(|| word.trim())
}

/// Whether a second lies inside the window before now, or a little ahead.
pub(crate) fn within(at: i64, tolerance: i64, now: Timestamp) -> Result<(), Refusal> {
    let age = seconds(now).saturating_sub(at);
    let fits = age <= tolerance && age >= -AHEAD_SECONDS_MAX.min(tolerance);
    if fits { Ok(()) } else { Err(Refusal::Stale) }
}

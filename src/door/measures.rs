//! What watchers are told.

use super::Door;

/// All metrics as text.
pub(super) fn text(door: &Door) -> String {
    let n_free = door.seats.available_permits();
    let n_at_work = door.config.door.requests_max.saturating_sub(n_free);
    door.metrics.at_work.set(i64::try_from(n_at_work).unwrap_or(i64::MAX));
    door.metrics.encode().unwrap_or_else(|error| {
        tracing::error!(%error, "metrics cannot be written");
        String::new()
    })
}

//! What watchers are told.

use super::Door;

/// All metrics as text.
pub(super) fn text(door: &Door) -> String {
    let n_at_work = door.room.n_at_work() + door.links_room.n_at_work();
    door.metrics.at_work.set(i64::try_from(n_at_work).unwrap_or(i64::MAX));
    door.metrics.encode().unwrap_or_else(|error| {
        tracing::error!(%error, "metrics cannot be written");
        String::new()
    })
}

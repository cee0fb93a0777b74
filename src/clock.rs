//! This machine's clock, as a value.

use gate_core::Timestamp;
use std::time::{SystemTime, UNIX_EPOCH};

/// What time it is, read once where something begins (per batch, in a lane) and handed on as a value. A clock from before 1970
/// counts as 1970.
#[must_use]
pub fn now() -> Timestamp {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_micros(i64::try_from(elapsed.as_micros()).unwrap_or(i64::MAX))
}

/// The same in milliseconds.
pub(crate) fn now_millis() -> i64 {
    now().as_micros().div_euclid(1_000)
}

/// Milliseconds since 1970 as RFC 3339 in UTC.
pub(crate) fn utc(millis: i64) -> String {
    jiff::Timestamp::from_millisecond(millis)
        .map_or_else(|_| "-".to_owned(), |time| format!("{time:.3}"))
}

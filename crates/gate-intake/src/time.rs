//! Times as providers write them. What is no instant with a stated zone is none.

use gate_core::Timestamp;
use jiff::civil::DateTime;
use serde_json::Value;

/// RFC 3339 with an offset.
pub(crate) fn rfc3339(text: &str) -> Option<Timestamp> {
    let at: jiff::Timestamp = text.trim().parse().ok()?;
    Some(Timestamp::from_micros(at.as_microsecond()))
}

/// Seconds since 1970, whole or not, as number or text.
pub(crate) fn seconds(value: &Value) -> Option<Timestamp> {
    if let Some(whole) = whole(value) {
        return Some(Timestamp::from_micros(whole.checked_mul(1_000_000)?));
    }
    let float = match value {
        Value::Number(number) => number.as_f64()?,
        Value::String(text) => text.trim().parse().ok()?,
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
    };
    let micros = (float * 1e6).round();
    // beyond it, a double no longer holds single microseconds, and no person acted then
    #[allow(clippy::cast_possible_truncation, reason = "checked against what fits")]
    (micros.is_finite() && micros.abs() < 9e15).then(|| Timestamp::from_micros(micros as i64))
}

/// Milliseconds since 1970, as number or text.
pub(crate) fn millis(value: &Value) -> Option<Timestamp> {
    whole(value).and_then(|number| number.checked_mul(1_000)).map(Timestamp::from_micros)
}

fn whole(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.trim().parse().ok(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// `2026-11-24 10:00:00`, which the provider means in UTC.
pub(crate) fn civil_utc(text: &str) -> Option<Timestamp> {
    let civil: DateTime = text.trim().parse().ok()?;
    let at = jiff::tz::Offset::UTC.to_timestamp(civil).ok()?;
    Some(Timestamp::from_micros(at.as_microsecond()))
}

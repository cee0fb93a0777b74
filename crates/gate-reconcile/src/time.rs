//! Times as lists and files write them, and as calls want them. What is no instant is none.

use gate_core::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::fmt::rfc2822;
use jiff::tz::Offset;
use serde_json::Value;

/// What is more than this many digits is milliseconds: in seconds it would be the year 5138.
const SECONDS_DIGITS_MAX: usize = 11;

fn of(at: jiff::Timestamp) -> Timestamp {
    Timestamp::from_micros(at.as_microsecond())
}

/// Seconds since 1970, whole or not, as number or text; or a text as [`text`] reads it.
pub(crate) fn value(value: &Value) -> Option<Timestamp> {
    match value {
        Value::Number(number) => number.as_f64().and_then(seconds),
        Value::String(written) => text(written),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

fn seconds(seconds: f64) -> Option<Timestamp> {
    let micros = (seconds * 1e6).round();
    // beyond it a double no longer holds single microseconds, and no person acted then
    #[allow(clippy::cast_possible_truncation, reason = "checked against what fits")]
    (micros.is_finite() && micros.abs() < 9e15).then(|| Timestamp::from_micros(micros as i64))
}

/// RFC 3339, RFC 2822, seconds or milliseconds since 1970, `2026-11-24 10:00:00` (in UTC), or a date. A date is its last
/// instant: a refusal of that day stands against whatever was agreed on that day.
pub(crate) fn text(written: &str) -> Option<Timestamp> {
    let written = written.trim();
    if !written.is_empty() && written.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
        let whole = written.split('.').next().unwrap_or_default();
        let number: f64 = written.parse().ok()?;
        return seconds(if whole.len() > SECONDS_DIGITS_MAX { number / 1e3 } else { number });
    }
    if let Ok(at) = written.parse::<jiff::Timestamp>() {
        return Some(of(at));
    }
    // Mailgun writes `UTC`, which RFC 2822 does not know
    let zoned = written.strip_suffix("UTC").map(|rest| format!("{rest}+0000"));
    if let Ok(at) =
        rfc2822::DateTimeParser::new().parse_timestamp(zoned.as_deref().unwrap_or(written))
    {
        return Some(of(at));
    }
    let civil = written.trim_end_matches("UTC").trim_end();
    if let Ok(date) = civil.parse::<Date>()
        && civil.len() <= "2026-11-24".len()
    {
        let end = date.at(23, 59, 59, 999_999_000);
        return Offset::UTC.to_timestamp(end).ok().map(of);
    }
    let at: DateTime = civil.parse().ok()?;
    Offset::UTC.to_timestamp(at).ok().map(of)
}

/// `2026-11-24T10:00:00Z`, to the second.
pub(crate) fn rfc3339(at: Timestamp) -> Option<String> {
    let at = jiff::Timestamp::from_second(at.as_micros().div_euclid(1_000_000)).ok()?;
    Some(at.to_string())
}

/// `Tue, 24 Nov 2026 10:00:00 GMT`.
pub(crate) fn rfc2822(at: Timestamp) -> Option<String> {
    let at = jiff::Timestamp::from_second(at.as_micros().div_euclid(1_000_000)).ok()?;
    rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&at).ok()
}

/// `20261124T100000Z`.
pub(crate) fn compact(at: Timestamp) -> Option<String> {
    let text = rfc3339(at)?;
    Some(text.chars().filter(|c| !matches!(c, '-' | ':')).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_lists_write_them() {
        let at = Timestamp::from_micros(1_319_194_975_000_000);
        for written in [
            "Fri, 21 Oct 2011 11:02:55 GMT",
            "Fri, 21 Oct 2011 11:02:55 UTC",
            "Fri, 21 Oct 2011 13:02:55 +0200",
            "2011-10-21T11:02:55Z",
            "2011-10-21T13:02:55+02:00",
            "2011-10-21 11:02:55",
            "2011-10-21 11:02:55 UTC",
            "2011-10-21T11:02:55",
            " 1319194975 ",
            "1319194975000",
            "1319194975.0",
        ] {
            assert_eq!(text(written), Some(at), "{written}");
        }
        assert_eq!(text("2011-10-21"), Some(Timestamp::from_micros(1_319_241_599_999_999)));
        for written in ["", "yesterday", "2011-13-41", "..", "1e99", "99999999999999999999999"] {
            assert_eq!(text(written), None, "{written}");
        }
        assert_eq!(rfc3339(at).as_deref(), Some("2011-10-21T11:02:55Z"));
        assert_eq!(compact(at).as_deref(), Some("20111021T110255Z"));
        assert_eq!(rfc2822(at).as_deref(), Some("Fri, 21 Oct 2011 11:02:55 GMT"));
        assert_eq!(rfc3339(Timestamp::MAX), None);
    }
}

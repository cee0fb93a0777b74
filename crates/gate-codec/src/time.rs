//! Instants and dates as text: RFC 3339 with a mandatory offset, and ISO calendar dates.
//!
//! Taken besides, since each names one instant: an offset without its colon (`+0000`), and `[UTC]` behind an offset of
//! zero, as Java prints it. Another zone in brackets may contradict the offset, so it is refused.
//!
//! In JSON a whole number is milliseconds since 1970, if it is one of the years 2000 to 2099. No count of seconds or
//! microseconds of any year from 1970 to 30000 lies in that range, so units cannot be mixed up.
//!
//! jiff reads a superset of RFC 3339 (bracketed zones, offsets with seconds, week dates); its wider forms
//! are refused first, so that no two readers disagree about an instant. Instants outside 1900 to 2200 are
//! refused in every format: a producer that mixes up units must not date a refusal to 1970 or to the year 56000.
//! Leap second 60 is read as 59, as jiff does.

use gate_core::Timestamp;
use jiff::civil::Date;
use jiff::fmt::temporal::DateTimeParser;

/// 1900-01-01T00:00:00Z in microseconds.
const INSTANT_MIN: i64 = -2_208_988_800_000_000;
/// 2200-01-01T00:00:00Z in microseconds.
const INSTANT_END: i64 = 7_258_118_400_000_000;
/// 2000-01-01T00:00:00Z in milliseconds.
const MILLIS_MIN: i64 = 946_684_800_000;
/// 2100-01-01T00:00:00Z in milliseconds.
const MILLIS_END: i64 = 4_102_444_800_000;
/// Longest RFC 3339 text: nine fractional digits and an offset are 35.
const TEXT_BYTES_MAX: usize = 40;
const MICROS_PER_DAY: i64 = 86_400_000_000;

static PARSER: DateTimeParser = DateTimeParser::new();

/// Reads an RFC 3339 date-time; below a microsecond it is cut off towards the past.
#[must_use]
pub fn parse_instant(text: &str) -> Option<Timestamp> {
    let (text, is_in_utc) = match text.strip_suffix("[UTC]") {
        Some(text) => (text, true),
        None => (text, false),
    };
    let offset = offset_of(text.as_bytes())?;
    if is_in_utc && offset.iter().any(|byte| (b'1'..=b'9').contains(byte)) {
        return None;
    }
    let parsed = PARSER.parse_timestamp(text).ok()?;
    instant(i64::try_from(parsed.as_nanosecond().div_euclid(1_000)).ok()?)
}

/// An instant from milliseconds, if they are of a year in which there is e-mail and cannot be another unit.
pub(super) fn epoch_millis(millis: i64) -> Option<Timestamp> {
    (MILLIS_MIN..MILLIS_END).contains(&millis).then(|| Timestamp::from_millis(millis))
}

/// An instant from microseconds, if a person can have acted then.
#[must_use]
pub fn instant(micros: i64) -> Option<Timestamp> {
    (INSTANT_MIN..INSTANT_END).contains(&micros).then(|| Timestamp::from_micros(micros))
}

/// Writes an instant as RFC 3339 in UTC.
pub(super) fn format_instant(at: Timestamp) -> Option<String> {
    let at = jiff::Timestamp::from_microsecond(at.as_micros()).ok()?;
    Some(at.to_string())
}

/// Reads `YYYY-MM-DD` as days since 1970-01-01.
#[must_use]
pub fn parse_date(text: &str) -> Option<i32> {
    let shape: &[u8; 10] = text.as_bytes().try_into().ok()?;
    let dashes = [4, 7].iter().all(|&at| shape.get(at) == Some(&b'-'));
    let n_digits = shape.iter().filter(|byte| byte.is_ascii_digit()).count();
    if !dashes || n_digits != 8 {
        return None;
    }
    let date: Date = PARSER.parse_date(text).ok()?;
    let since = date.since(Date::constant(1970, 1, 1)).ok()?;
    days(i64::from(since.get_days()))
}

/// A date from days since 1970-01-01, if a person can have been born then.
#[must_use]
pub fn days(days: i64) -> Option<i32> {
    instant(days.checked_mul(MICROS_PER_DAY)?)?;
    i32::try_from(days).ok()
}

/// Writes days since 1970-01-01 as `YYYY-MM-DD`.
pub(super) fn format_date(days: i32) -> Option<String> {
    let span = jiff::Span::new().try_days(days).ok()?;
    Some(Date::constant(1970, 1, 1).checked_add(span).ok()?.to_string())
}

/// The offset of `2026-01-02T03:04:05[.6](Z|+07:08|+0708)`, and of nothing wider.
fn offset_of(text: &[u8]) -> Option<&[u8]> {
    let shape = |at: usize, want: u8| match (text.get(at), want) {
        (Some(byte), b'9') => byte.is_ascii_digit(),
        (Some(b't' | b' '), b'T') => true,
        (Some(byte), want) => *byte == want,
        (None, _) => false,
    };
    let head = b"9999-99-99T99:99:99";
    if text.len() > TEXT_BYTES_MAX || !head.iter().enumerate().all(|(at, want)| shape(at, *want)) {
        return None;
    }
    let mut rest = text.get(head.len()..).unwrap_or_default();
    if let Some(fraction) = rest.strip_prefix(b".") {
        let n_digits = fraction.iter().take_while(|b| b.is_ascii_digit()).count();
        if n_digits == 0 {
            return None;
        }
        rest = fraction.get(n_digits..).unwrap_or_default();
    }
    let is_offset = match rest {
        [b'Z' | b'z'] => true,
        [b'+' | b'-', h1, h2, b':', m1, m2] | [b'+' | b'-', h1, h2, m1, m2] => {
            let is_digits = [h1, h2, m1, m2].into_iter().all(u8::is_ascii_digit);
            is_digits && [h1, h2] <= [&b'2', &b'3'] && *m1 <= b'5'
        }
        _ => false,
    };
    is_offset.then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants() {
        for (text, micros) in [
            ("1970-01-01T00:00:00Z", 0),
            ("1970-01-01T00:00:00.000001Z", 1),
            ("1970-01-01T00:00:00.0000019Z", 1),
            ("1969-12-31T23:59:59.9999999Z", -1),
            ("1970-01-01t01:00:00+01:00", 0),
            ("1970-01-01 00:00:00-00:00", 0),
            ("1969-12-31T16:00:00-08:00", 0),
            ("2016-12-31T23:59:60Z", 1_483_228_799_000_000),
            ("2026-03-02T12:00:00Z", 1_772_452_800_000_000),
            ("2026-03-02T12:00:00+0000", 1_772_452_800_000_000),
            ("2026-03-02T13:30:00+0130", 1_772_452_800_000_000),
            ("2026-03-02 04:00:00.000-0800", 1_772_452_800_000_000),
            ("2026-03-02T12:00:00Z[UTC]", 1_772_452_800_000_000),
            ("2026-03-02T12:00:00.000000+00:00[UTC]", 1_772_452_800_000_000),
            ("2026-03-02T12:00:00-0000[UTC]", 1_772_452_800_000_000),
        ] {
            let read = parse_instant(text).map(Timestamp::as_micros);
            assert_eq!(read, Some(micros), "{text}");
        }
    }

    #[test]
    fn not_instants() {
        for text in [
            "",
            "2026-03-02",
            "2026-03-02T12:00:00",
            "2026-03-02T12:00Z",
            "2026-03-02T12:00:00+01",
            "2026-03-02T12:00:00+01000",
            "2026-03-02T12:00:00+1",
            "2026-03-02T12:00:00+01:00[UTC]",
            "2026-03-02T12:00:00-0100[UTC]",
            "2026-03-02T12:00:00[UTC]",
            "2026-03-02T12:00:00Z[utc]",
            "2026-03-02T12:00:00Z[UTC][UTC]",
            "2026-03-02T12:00:00+2400",
            "2026-03-02T12:00:00+24:00",
            "2026-03-02T12:00:00-01:60",
            "2026-03-02T12:00:00+01:00:00",
            "2026-03-02T12:00:00Z[Europe/London]",
            "2026-03-02T12:00:00.Z",
            "2026-03-02T12:00:00,5Z",
            "2026-03-02T25:00:00Z",
            "2026-02-30T12:00:00Z",
            " 2026-03-02T12:00:00Z",
            "2026-03-02T12:00:00Z ",
            "20260302T120000Z",
            "+002026-03-02T12:00:00Z",
            "1899-12-31T23:59:59Z",
            "2200-01-01T00:00:00Z",
            "9999-12-31T23:59:59Z",
            "1772452800",
            "2026-03-02T12:00:00.0000000000000000000000001Z",
        ] {
            assert_eq!(parse_instant(text), None, "{text}");
        }
    }

    /// The units of one moment cannot be taken for one another, whatever the moment.
    #[test]
    fn a_number_is_milliseconds_or_nothing() {
        assert_eq!(epoch_millis(1_772_452_800_000), parse_instant("2026-03-02T12:00:00Z"));
        assert_eq!(epoch_millis(946_684_800_000), parse_instant("2000-01-01T00:00:00Z"));
        for number in [0, -1, 1, 946_684_799_999, 4_102_444_800_000, i64::MAX, i64::MIN] {
            assert_eq!(epoch_millis(number), None, "{number}");
        }
        for year in 1971..2200 {
            let at: jiff::Timestamp = format!("{year}-01-01T00:00:00Z").parse().unwrap();
            let seconds = at.as_second();
            for other in [seconds, seconds * 1_000_000, seconds * 1_000_000_000] {
                assert_eq!(epoch_millis(other), None, "{year}");
            }
        }
    }

    #[test]
    fn dates() {
        assert_eq!(parse_date("1970-01-01"), Some(0));
        assert_eq!(parse_date("1969-12-31"), Some(-1));
        assert_eq!(parse_date("2008-02-29"), Some(13_938));
        for text in ["2007-02-29", "2008-2-9", "20080229", "2008-02-29T00", "1899-12-31", ""] {
            assert_eq!(parse_date(text), None, "{text}");
        }
        assert_eq!(format_date(13_938).as_deref(), Some("2008-02-29"));
        let at = parse_instant("2026-03-02T12:00:00.25+01:00").unwrap();
        assert_eq!(format_instant(at).as_deref(), Some("2026-03-02T11:00:00.25Z"));
    }
}

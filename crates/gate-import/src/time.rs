//! When a person acted, as lists write it. A time without its zone is none until the plan names one.
//!
//! A day without a time, and a time that a clock shows twice, may be several instants. A refusal then counts from the last of
//! them and a permission from the first, as in mappings (docs/mapping.md).

use gate_core::Timestamp;
use jiff::civil::{DateTime, Time};
use jiff::fmt::strtime;
use jiff::fmt::temporal::DateTimeParser;
use jiff::tz::{AmbiguousOffset, TimeZone, TimeZoneDatabase};

/// Longest time as text, and longest pattern, in bytes.
const TEXT_BYTES_MAX: usize = 64;

static PARSER: DateTimeParser = DateTimeParser::new();

/// How times are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TimeFormat {
    /// RFC 3339; or a date, or a date with a time, as ISO 8601 has it, in a zone.
    Iso,
    /// A count since 1970; so many microseconds are one.
    Epoch(i64),
    /// By a pattern, as `strptime` has it, in a zone.
    Pattern { pattern: Box<str>, has_time: bool },
}

/// The first and the last instant that may be meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Moment {
    pub(crate) first: Timestamp,
    pub(crate) last: Timestamp,
}

impl Moment {
    pub(crate) const fn exactly(at: Timestamp) -> Self {
        Self { first: at, last: at }
    }
}

/// Why a text is no time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TimeError {
    /// Not written so.
    Bad,
    /// Which zone?
    NoZone,
}

/// The time zone of that name, from the data that is compiled in.
pub(crate) fn zone(name: &str) -> Option<TimeZone> {
    TimeZoneDatabase::bundled().get(name).ok()
}

impl TimeFormat {
    /// The format that a plan names.
    ///
    /// # Errors
    /// What is wrong with the pattern.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        Ok(match text {
            "iso" | "rfc3339" => Self::Iso,
            "epoch_s" => Self::Epoch(1_000_000),
            "epoch_ms" => Self::Epoch(1_000),
            "epoch_us" => Self::Epoch(1),
            pattern => return Self::pattern(pattern),
        })
    }

    fn pattern(pattern: &str) -> Result<Self, String> {
        if pattern.len() > TEXT_BYTES_MAX || !pattern.contains('%') {
            return Err("is no format; name iso, epoch_s, epoch_ms, epoch_us or a pattern such as \"%d.%m.%Y %H:%M\"".into());
        }
        // what it writes it must read again, or it forgets a part
        let sample = jiff::civil::date(2026, 11, 23).at(17, 48, 59, 0);
        let written = strtime::format(pattern, sample).map_err(|_| {
            "has a directive that is not known, or one of an offset or a zone; name `zone` instead"
        })?;
        let parsed =
            strtime::parse(pattern, &written).map_err(|_| "does not read what it writes")?;
        if !parsed.to_date().is_ok_and(|date| date == sample.date()) {
            return Err("does not say year, month and day".into());
        }
        let time = parsed.hour().and_then(|_| parsed.to_time().ok());
        let has_time = time.is_some_and(|time| (time.hour(), time.minute()) == (17, 48));
        if parsed.hour().is_some() && !has_time {
            return Err("says the hour, and not which half of the day or which minute".into());
        }
        Ok(Self::Pattern { pattern: pattern.into(), has_time })
    }

    /// Reads a time, in a zone where it names none.
    pub(crate) fn read(&self, text: &str, zone: Option<&TimeZone>) -> Result<Moment, TimeError> {
        let text = text.trim();
        if text.len() > TEXT_BYTES_MAX {
            return Err(TimeError::Bad);
        }
        match self {
            Self::Iso => match gate_codec::parse_instant(text) {
                Some(at) => Ok(Moment::exactly(at)),
                None => {
                    let has_time = text.len() > 10;
                    let at = civil(text).ok_or(TimeError::Bad)?;
                    within(at, has_time, zone)
                }
            },
            Self::Epoch(micros) => epoch(text, *micros).map(Moment::exactly).ok_or(TimeError::Bad),
            Self::Pattern { pattern, has_time } => {
                let parsed = strtime::parse(&**pattern, text).map_err(|_| TimeError::Bad)?;
                let at = if *has_time {
                    parsed.to_datetime()
                } else {
                    parsed.to_date().map(|date| date.to_datetime(Time::midnight()))
                };
                within(at.map_err(|_| TimeError::Bad)?, *has_time, zone)
            }
        }
    }
}

/// `2026-11-23`, `2026-11-23 17:48`, `2026-11-23T17:48:59.5`, and nothing that has an offset.
fn civil(text: &str) -> Option<DateTime> {
    let bytes = text.as_bytes();
    let is_part =
        |byte: &u8| byte.is_ascii_digit() || matches!(byte, b'-' | b':' | b'.' | b'T' | b' ');
    let n_dashes = bytes.iter().filter(|byte| **byte == b'-').count();
    let is_shaped = bytes.get(4) == Some(&b'-')
        && bytes.get(7) == Some(&b'-')
        && n_dashes == 2
        && (bytes.len() == 10 || bytes.len() >= 16)
        && bytes.iter().all(is_part);
    if !is_shaped {
        return None;
    }
    PARSER.parse_datetime(text).ok()
}

/// What a clock in the zone shows so; nothing when no clock ever does.
fn within(at: DateTime, has_time: bool, zone: Option<&TimeZone>) -> Result<Moment, TimeError> {
    let zone = zone.ok_or(TimeError::NoZone)?;
    let end = if has_time { at } else { at.date().to_datetime(Time::MAX) };
    let first = instant(zone, at, false).ok_or(TimeError::Bad)?;
    let last = instant(zone, end, true).ok_or(TimeError::Bad)?;
    Ok(Moment { first, last })
}

/// The instant a clock in this zone shows this time: of two, when it is put back, the `last` or the first.
fn instant(zone: &TimeZone, at: DateTime, last: bool) -> Option<Timestamp> {
    let shown = zone.to_ambiguous_timestamp(at);
    if matches!(shown.offset(), AmbiguousOffset::Gap { .. }) {
        return None;
    }
    let shown = if last { shown.later() } else { shown.earlier() }.ok()?;
    gate_codec::instant(shown.as_microsecond())
}

/// A count since 1970, whole or with a fraction.
fn epoch(text: &str, micros: i64) -> Option<Timestamp> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let whole: i64 = whole.parse().ok()?;
    let mut at = whole.checked_mul(micros)?;
    let mut unit = micros / 10;
    for digit in fraction.bytes() {
        at = at.checked_add(i64::from(digit - b'0').checked_mul(unit)?)?;
        unit /= 10;
    }
    gate_codec::instant(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(format: &str, text: &str, zoned: Option<&str>) -> Result<(i64, i64), TimeError> {
        let zoned = zoned.map(|name| zone(name).unwrap());
        let moment = TimeFormat::parse(format).unwrap().read(text, zoned.as_ref())?;
        Ok((moment.first.as_micros() / 1_000_000, moment.last.as_micros() / 1_000_000))
    }

    #[test]
    fn times() {
        let berlin = Some("Europe/Berlin");
        for (format, text, zone, expected) in [
            ("iso", "2026-11-03T10:00:00Z", None, (1_793_700_000, 1_793_700_000)),
            ("iso", "2026-11-03 11:00:00", berlin, (1_793_700_000, 1_793_700_000)),
            ("iso", " 2026-11-03T11:00 ", berlin, (1_793_700_000, 1_793_700_000)),
            ("iso", "2026-11-03", Some("UTC"), (1_793_664_000, 1_793_750_399)),
            // a clock that is put back shows it twice
            ("iso", "2026-10-25 02:30:00", berlin, (1_792_888_200, 1_792_891_800)),
            ("%d.%m.%Y %H:%M", "3.11.2026 11:00", berlin, (1_793_700_000, 1_793_700_000)),
            ("%m/%d/%Y", "11/03/2026", Some("UTC"), (1_793_664_000, 1_793_750_399)),
            ("epoch_s", "1793700000", None, (1_793_700_000, 1_793_700_000)),
            ("epoch_s", "1793700000.75", None, (1_793_700_000, 1_793_700_000)),
            ("epoch_ms", "1793700000123", None, (1_793_700_000, 1_793_700_000)),
        ] {
            assert_eq!(read(format, text, zone), Ok(expected), "{text}");
        }
    }

    #[test]
    fn no_times() {
        for (format, text, zone, error) in [
            ("iso", "2026-11-03 11:00:00", None, TimeError::NoZone),
            ("iso", "2026-11-03", None, TimeError::NoZone),
            ("%d.%m.%Y", "03.11.2026", None, TimeError::NoZone),
            ("iso", "03.11.2026", Some("UTC"), TimeError::Bad),
            ("iso", "2026-03-29 02:30:00", Some("Europe/Berlin"), TimeError::Bad),
            ("iso", "2026-11-03 11:00+01", Some("UTC"), TimeError::Bad),
            ("iso", "2026-11-03 11:00-01:00", Some("UTC"), TimeError::Bad),
            ("iso", "2026-13-03", Some("UTC"), TimeError::Bad),
            ("iso", "0000-00-00 00:00:00", Some("UTC"), TimeError::Bad),
            ("%d.%m.%Y", "2026-11-03", Some("UTC"), TimeError::Bad),
            ("epoch_s", "1793700000123", None, TimeError::Bad),
            ("epoch_s", "soon", None, TimeError::Bad),
            ("epoch_s", "1.-5", None, TimeError::Bad),
            ("epoch_s", "99999999999999999999", None, TimeError::Bad),
        ] {
            assert_eq!(read(format, text, zone), Err(error), "{text}");
        }
    }

    #[test]
    fn patterns_that_forget_a_part() {
        for pattern in ["%d.%m.", "%Y-%m-%d %I:%M", "%Y-%m-%d %H", "%Q", "%Y-%m-%d %z", "soon"] {
            assert!(TimeFormat::parse(pattern).is_err(), "{pattern}");
        }
    }
}

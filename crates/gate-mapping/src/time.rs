//! How a producer writes instants, and which instants a written one may be.
//!
//! Text without an offset, or without a time of day, may mean several. A refusal then counts from the last of them, and
//! everything else from the first, so that neither a clock put back nor a missing hour dates a refusal behind a consent that
//! came before it.

use crate::raw::Raw;
use gate_codec::Class;
use gate_core::Timestamp;
use jiff::civil::{DateTime, Time};
use jiff::fmt::strtime;
use jiff::tz::TimeZone;

/// Longest instant or date as text, in bytes.
const TEXT_BYTES_MAX: usize = 64;
/// Longest pattern, in bytes.
const PATTERN_BYTES_MAX: usize = 64;

/// A unit of time since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    Seconds,
    Millis,
    Micros,
}

impl Unit {
    const fn micros(self) -> i64 {
        match self {
            Self::Seconds => 1_000_000,
            Self::Millis => 1_000,
            Self::Micros => 1,
        }
    }
}

/// How instants are written.
#[derive(Clone, Debug)]
pub(crate) enum TimeFormat {
    /// RFC 3339 with an offset.
    Rfc3339,
    /// A count since 1970-01-01T00:00:00Z, as a number or its digits.
    Epoch(Unit),
    /// Text by a pattern, in a zone.
    Pattern { pattern: Box<str>, zone: TimeZone, has_time: bool },
}

/// The first and the last instant that was meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Moment {
    pub(crate) first: Timestamp,
    pub(crate) last: Timestamp,
}

impl Moment {
    const fn exactly(at: Timestamp) -> Self {
        Self { first: at, last: at }
    }
}

impl TimeFormat {
    /// Reads an instant.
    pub(crate) fn read(&self, raw: &Raw<'_>) -> Result<Moment, Class> {
        match (self, raw) {
            (Self::Epoch(unit), raw) => epoch(*unit, raw).map(Moment::exactly),
            (_, Raw::Text(text)) => self.text(text).ok_or(Class::BadTimestamp),
            _ => Err(Class::WrongType),
        }
    }

    fn text(&self, text: &str) -> Option<Moment> {
        let text = text.trim();
        match self {
            _ if text.len() > TEXT_BYTES_MAX => None,
            Self::Rfc3339 => gate_codec::parse_instant(text).map(Moment::exactly),
            Self::Pattern { pattern, zone, has_time } => {
                let parsed = strtime::parse(&**pattern, text).ok()?;
                if *has_time {
                    let at = parsed.to_datetime().ok()?;
                    Some(Moment {
                        first: at_most(zone, at, false)?,
                        last: at_most(zone, at, true)?,
                    })
                } else {
                    let date = parsed.to_date().ok()?;
                    Some(Moment {
                        first: at_most(zone, date.to_datetime(Time::midnight()), false)?,
                        last: at_most(zone, date.to_datetime(Time::MAX), true)?,
                    })
                }
            }
            Self::Epoch(_) => None,
        }
    }

    /// A pattern that reads a whole date, in this zone; the error says what is wrong with it.
    pub(crate) fn pattern(pattern: &str, zone: TimeZone) -> Result<Self, String> {
        if pattern.len() > PATTERN_BYTES_MAX {
            return Err(format!("is longer than {PATTERN_BYTES_MAX} bytes"));
        }
        // what it writes it must read again, or it forgets a part
        let sample = jiff::civil::date(2026, 11, 23).at(17, 48, 59, 0);
        let written = strtime::format(pattern, sample).map_err(|_| {
            "has a directive that is not known, or one of an offset or a zone".to_owned()
        })?;
        let parsed = strtime::parse(pattern, &written)
            .map_err(|_| "does not read what it writes".to_owned())?;
        let has_date = parsed.to_date().is_ok_and(|date| date == sample.date());
        if !has_date {
            return Err("does not say year, month and day".to_owned());
        }
        let time = parsed.hour().and_then(|_| parsed.to_time().ok());
        let has_time = time.is_some_and(|time| (time.hour(), time.minute()) == (17, 48));
        if parsed.hour().is_some() && !has_time {
            return Err("says the hour, and not which half of the day or which minute".to_owned());
        }
        Ok(Self::Pattern { pattern: pattern.into(), zone, has_time })
    }
}

/// The instant a clock in this zone shows this time: of two, when it is put back, the `last` or the first; `None` when it is
/// put forward and never shows it.
fn at_most(zone: &TimeZone, at: DateTime, last: bool) -> Option<Timestamp> {
    let shown = zone.to_ambiguous_timestamp(at);
    if matches!(shown.offset(), jiff::tz::AmbiguousOffset::Gap { .. }) {
        return None;
    }
    let shown = if last { shown.later() } else { shown.earlier() }.ok()?;
    gate_codec::instant(shown.as_microsecond())
}

/// A count since 1970 in a stated unit.
fn epoch(unit: Unit, raw: &Raw<'_>) -> Result<Timestamp, Class> {
    let count = match raw {
        Raw::Whole(count) => *count,
        Raw::Text(text) => text.trim().parse().map_err(|_| Class::BadTimestamp)?,
        Raw::Fraction(count) if count.is_finite() && count.abs() < 1e15 => {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_precision_loss,
                reason = "bounded; what is out of range is refused below"
            )]
            let micros = (count * unit.micros() as f64).floor() as i64;
            return gate_codec::instant(micros).ok_or(Class::BadTimestamp);
        }
        Raw::Great(_) | Raw::Fraction(_) => return Err(Class::BadTimestamp),
        _ => return Err(Class::WrongType),
    };
    let micros = count.checked_mul(unit.micros()).ok_or(Class::BadTimestamp)?;
    gate_codec::instant(micros).ok_or(Class::BadTimestamp)
}

/// A date: `YYYY-MM-DD`, or days since 1970 as Avro has them.
pub(crate) fn date(raw: &Raw<'_>) -> Result<i32, Class> {
    match raw {
        Raw::Text(text) => gate_codec::parse_date(text.trim()).ok_or(Class::BadTimestamp),
        _ => Err(Class::WrongType),
    }
}

/// A date in a pattern.
pub(crate) fn date_by(format: &TimeFormat, raw: &Raw<'_>) -> Result<i32, Class> {
    let Raw::Text(text) = raw else { return Err(Class::WrongType) };
    let TimeFormat::Pattern { pattern, .. } = format else { return Err(Class::BadTimestamp) };
    let text = text.trim();
    let parsed = (text.len() <= TEXT_BYTES_MAX).then(|| strtime::parse(&**pattern, text).ok());
    let date =
        parsed.flatten().and_then(|parsed| parsed.to_date().ok()).ok_or(Class::BadTimestamp)?;
    let since = date.since(jiff::civil::date(1970, 1, 1)).map_err(|_| Class::BadTimestamp)?;
    gate_codec::days(i64::from(since.get_days())).ok_or(Class::BadTimestamp)
}

/// A date as the count of days that Avro writes.
pub(crate) fn date_of_days(raw: &Raw<'_>) -> Result<i32, Class> {
    match raw {
        Raw::Whole(days) => gate_codec::days(*days).ok_or(Class::BadTimestamp),
        _ => Err(Class::WrongType),
    }
}

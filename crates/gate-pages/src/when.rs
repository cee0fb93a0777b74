//! Dates: RFC 3339 in, the parts that a page shows out; always UTC on the desk.

use jiff::Timestamp;
use jiff::tz::Offset;

/// The parts of an instant in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Moment {
    pub(crate) year: i16,
    pub(crate) month: i8,
    pub(crate) day: i8,
    /// 1 is Monday.
    pub(crate) weekday: i8,
    hour: i8,
    minute: i8,
    second: i8,
    /// Milliseconds since 1970.
    pub(crate) ms: i64,
}

impl Moment {
    /// `None` for what is no RFC 3339 instant.
    pub(crate) fn of(text: &str) -> Option<Self> {
        let at: Timestamp = text.parse().ok()?;
        let civil = Offset::UTC.to_datetime(at);
        Some(Self {
            year: civil.year(),
            month: civil.month(),
            day: civil.day(),
            weekday: civil.weekday().to_monday_one_offset(),
            hour: civil.hour(),
            minute: civil.minute(),
            second: civil.second(),
            ms: at.as_millisecond(),
        })
    }

    /// The instant this many milliseconds after 1970.
    pub(crate) fn at_ms(ms: i64) -> Option<Self> {
        Self::of(&Timestamp::from_millisecond(ms).ok()?.to_string())
    }

    /// "18:30:00", without seconds "18:30".
    pub(crate) fn clock(&self, seconds: bool) -> String {
        let Self { hour, minute, second, .. } = self;
        if seconds {
            format!("{hour:02}:{minute:02}:{second:02}")
        } else {
            format!("{hour:02}:{minute:02}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_read_in_utc() {
        let m = Moment::of("2026-11-20T19:30:05.250+01:00").unwrap();
        assert_eq!((m.year, m.month, m.day, m.weekday), (2026, 11, 20, 5));
        assert_eq!(m.clock(true), "18:30:05");
        assert_eq!(Moment::at_ms(m.ms), Some(m));
        assert_eq!(Moment::of("yesterday"), None);
    }
}

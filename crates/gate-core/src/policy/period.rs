//! Calendar periods, added in UTC with the day clamped to the end of the month (state rule 10).

use crate::{RelationshipKind, Timestamp};
use jiff::civil::{Date, DateTime};
use jiff::tz::Offset;
use jiff::{Span, ToSpan as _};

/// A calendar period: months and days, or none at all (`unlimited`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    months: i32,
    days: i32,
}

/// Longest period, in months and in days: a hundred years.
const MONTHS_MAX: i32 = 1_200;
const DAYS_MAX: i32 = 36_600;

impl Period {
    /// No end.
    pub const UNLIMITED: Self = Self { months: i32::MAX, days: 0 };
    /// Twelve months.
    pub const YEAR: Self = Self { months: 12, days: 0 };

    /// Months, or days; `None` beyond a hundred years or below one day.
    #[must_use]
    pub fn new(months: i32, days: i32) -> Option<Self> {
        let is_sound = (0..=MONTHS_MAX).contains(&months)
            && (0..=DAYS_MAX).contains(&days)
            && months + days > 0;
        is_sound.then_some(Self { months, days })
    }

    /// Its months and days; one without end has none.
    #[must_use]
    pub fn parts(self) -> Option<(i32, i32)> {
        (!self.is_unlimited()).then_some((self.months, self.days))
    }

    /// Whether it never ends.
    #[must_use]
    pub fn is_unlimited(self) -> bool {
        self.months == i32::MAX
    }

    /// The first instant at which it is over: valid while `now < anchor + period`.
    #[must_use]
    pub fn end(self, anchor: Timestamp) -> Timestamp {
        if self.is_unlimited() {
            return Timestamp::MAX;
        }
        let shifted = || {
            let from = jiff::Timestamp::from_microsecond(anchor.as_micros()).ok()?;
            let civil: DateTime = Offset::UTC.to_datetime(from);
            let to = civil.checked_add(self.span()).ok()?;
            Offset::UTC.to_timestamp(to).ok()
        };
        // an anchor outside the calendar proves nothing: already over
        shifted().map_or(Timestamp::MIN, |to: jiff::Timestamp| {
            Timestamp::from_micros(to.as_microsecond())
        })
    }

    /// Whether it still runs at `now`.
    #[must_use]
    pub fn is_running(self, anchor: Timestamp, now: Timestamp) -> bool {
        now < self.end(anchor)
    }

    fn span(self) -> Span {
        self.months.months().days(self.days)
    }
}

/// Whether somebody born on `birth` is younger than `years` on `today`, both as days since 1970-01-01. Somebody
/// born on 29 February comes of age on 1 March of a common year: the year of life is full when its last day has
/// passed (BGB 187(2), 188(2)). Clamping, as [`Period::end`] does, would be the stricter reading of a duration and
/// the laxer one of an age.
pub(crate) fn is_younger(birth: i32, years: u8, today: i32) -> bool {
    let epoch = Date::constant(1970, 1, 1);
    let date = |days: i32| epoch.checked_add(Span::new().try_days(days).ok()?).ok();
    let of_age = date(birth).and_then(|birth| {
        let birthday = birth.checked_add(i32::from(years).years()).ok()?;
        let is_clamped = birthday.day() != birth.day();
        if is_clamped { birthday.tomorrow().ok() } else { Some(birthday) }
    });
    match (of_age, date(today)) {
        (Some(of_age), Some(today)) => today < of_age,
        _ => true,
    }
}

/// How long a kind of relationship supports a basis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KindRule {
    /// The kind.
    pub kind: RelationshipKind,
    /// How long.
    pub period: Period,
    /// Unlimited while the latest event of the kind says that the relationship runs.
    pub while_running: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        let at: jiff::Timestamp = text.parse().unwrap();
        Timestamp::from_micros(at.as_microsecond())
    }

    #[test]
    fn months_clamp_to_their_end() {
        for (anchor, months, days, end) in [
            ("2024-02-29T10:00:00Z", 24, 0, "2026-02-28T10:00:00Z"),
            ("2026-01-31T00:00:00Z", 1, 0, "2026-02-28T00:00:00Z"),
            ("2026-03-31T23:59:59.999999Z", 1, 0, "2026-04-30T23:59:59.999999Z"),
            ("2025-12-05T15:00:00Z", 6, 0, "2026-06-05T15:00:00Z"),
            ("2026-03-28T01:30:00Z", 0, 28, "2026-04-25T01:30:00Z"),
        ] {
            let period = Period::new(months, days).unwrap();
            assert_eq!(period.end(at(anchor)), at(end), "{anchor}");
            let before = Timestamp::from_micros(at(end).as_micros() - 1);
            assert!(period.is_running(at(anchor), before), "{anchor}");
            assert!(!period.is_running(at(anchor), at(end)), "{anchor}");
        }
    }

    #[test]
    fn what_cannot_be_counted_is_over() {
        let period = Period::new(24, 0).unwrap();
        assert_eq!(period.end(Timestamp::MAX), Timestamp::MIN);
        assert_eq!(period.end(at("9998-01-01T00:00:00Z")), Timestamp::MIN);
        assert_eq!(Period::UNLIMITED.end(Timestamp::MIN), Timestamp::MAX);
        for (months, days) in [(0, 0), (-1, 0), (0, -1), (1_201, 0), (0, 36_601)] {
            assert_eq!(Period::new(months, days), None);
        }
    }

    #[test]
    fn a_period_is_its_months_and_days() {
        for (months, days) in [(1_200, 0), (0, 36_600), (12, 3), (0, 1)] {
            let period = Period::new(months, days).unwrap();
            assert_eq!((period.parts(), period.is_unlimited()), (Some((months, days)), false));
        }
        assert_eq!((Period::UNLIMITED.parts(), Period::UNLIMITED.is_unlimited()), (None, true));
    }

    #[test]
    fn birthdays() {
        let days = |text: &str| {
            let date: Date = text.parse().unwrap();
            date.since(Date::constant(1970, 1, 1)).unwrap().get_days()
        };
        for (birth, years, today, is_minor) in [
            ("2010-03-02", 16, "2026-03-01", true),
            ("2010-03-02", 16, "2026-03-02", false),
            ("2008-02-29", 18, "2026-02-27", true),
            ("2008-02-29", 18, "2026-02-28", true),
            ("2008-02-29", 18, "2026-03-01", false),
            ("2008-02-29", 16, "2024-02-28", true),
            ("2008-02-29", 16, "2024-02-29", false),
            ("2008-02-28", 18, "2026-02-27", true),
            ("2008-02-28", 18, "2026-02-28", false),
            ("2008-03-01", 18, "2026-02-28", true),
            ("2008-03-01", 18, "2026-03-01", false),
            // 1900 and 2100 have no 29 February
            ("2084-02-29", 16, "2100-02-28", true),
            ("2084-02-29", 16, "2100-03-01", false),
            ("2027-01-01", 13, "2026-03-02", true),
        ] {
            assert_eq!(is_younger(days(birth), years, days(today)), is_minor, "{birth} {today}");
        }
        assert!(is_younger(i32::MAX, 1, 0));
    }
}

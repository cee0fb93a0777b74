//! Allowed hours in the recipient's local time, safe across every change of the clock.
//!
//! Windows are half-open `[start, end)`. An instant is open when its own local time lies in a window, so a
//! repeated hour is open both times and a skipped hour never is. The next opening is the first such instant.

use super::Exemption;
use crate::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{Span, ToSpan as _};

/// Minutes of a day.
const DAY_MINUTES: u16 = 24 * 60;
/// How many days ahead an opening is looked for: longer closed times do not exist in law.
const DAYS_AHEAD_MAX: i32 = 15;

/// An allowed window of a day, in minutes since midnight, half-open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    start: u16,
    end: u16,
}

impl Window {
    /// From minutes since midnight; `None` unless `start < end <= 24:00`.
    #[must_use]
    pub fn new(start: u16, end: u16) -> Option<Self> {
        (start < end && end <= DAY_MINUTES).then_some(Self { start, end })
    }

    /// First minute.
    #[must_use]
    pub fn start(self) -> u16 {
        self.start
    }

    /// First minute that is closed again.
    #[must_use]
    pub fn end(self) -> u16 {
        self.end
    }

    fn contains(self, minute: u16) -> bool {
        self.start <= minute && minute < self.end
    }
}

/// Windows on public holidays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holidays {
    /// Index of the calendar.
    pub calendar: u16,
    /// Windows on its dates; none is closed.
    pub open: Vec<Window>,
}

/// Allowed hours.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hours {
    /// Windows per weekday, Monday first.
    pub days: [Vec<Window>; 7],
    /// Public holidays.
    pub holidays: Option<Holidays>,
    /// What frees from them.
    pub exempt: Exemption,
}

/// Public holidays, as days since 1970-01-01.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Calendar {
    /// Its name.
    pub id: String,
    /// First day it knows about.
    pub covers_from: i32,
    /// Last day it knows about.
    pub covers_until: i32,
    /// The holidays, sorted.
    pub dates: Vec<i32>,
}

/// The calendar knows nothing about the day: nobody can say whether it is a holiday.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BeyondCalendar;

impl Hours {
    /// The first instant from `from` on at which sending is allowed; `None` when there is none soon.
    /// `civil` is the local time of `from`, looked up once for all rules of a zone.
    pub(crate) fn opening(
        &self,
        calendar: Option<&Calendar>,
        zone: &TimeZone,
        from: Timestamp,
        civil: Option<DateTime>,
    ) -> Result<Option<Timestamp>, BeyondCalendar> {
        let Some(civil) = civil else { return Ok(None) };
        if self.is_open(calendar, civil)? {
            return Ok(Some(from));
        }
        let mut date = civil.date();
        for _ in 0..=DAYS_AHEAD_MAX {
            // not the first window: where an hour is repeated another may open before it does again
            let windows = self.windows(calendar, date)?.iter();
            let openings = windows.filter_map(|window| first_instant(zone, date, *window, from));
            if let Some(at) = openings.min() {
                return Ok(Some(at));
            }
            let Ok(next) = date.checked_add(1.days()) else { return Ok(None) };
            date = next;
        }
        Ok(None)
    }

    fn is_open(
        &self,
        calendar: Option<&Calendar>,
        civil: DateTime,
    ) -> Result<bool, BeyondCalendar> {
        let minute = minute_of(civil.time());
        Ok(self.windows(calendar, civil.date())?.iter().any(|window| window.contains(minute)))
    }

    fn windows(
        &self,
        calendar: Option<&Calendar>,
        date: Date,
    ) -> Result<&[Window], BeyondCalendar> {
        if let Some(holidays) = &self.holidays {
            let calendar = calendar.ok_or(BeyondCalendar)?;
            let day = days_since_epoch(date);
            if day < calendar.covers_from || day > calendar.covers_until {
                return Err(BeyondCalendar);
            }
            if calendar.dates.binary_search(&day).is_ok() {
                return Ok(&holidays.open);
            }
        }
        let weekday = usize::try_from(date.weekday().to_monday_zero_offset()).unwrap_or_default();
        Ok(self.days.get(weekday).map_or(&[], Vec::as_slice))
    }
}

/// The first instant at or after `from` whose local time lies in `window` of `date`.
fn first_instant(
    zone: &TimeZone,
    date: Date,
    window: Window,
    from: Timestamp,
) -> Option<Timestamp> {
    let start = date.to_datetime(Time::midnight()).checked_add(minutes(window.start)).ok()?;
    let ambiguous = zone.to_ambiguous_timestamp(start);
    let is_inside = |at: &Timestamp| {
        local(zone, *at).is_some_and(|civil| {
            civil.date() == date && *at >= from && window.contains(minute_of(civil.time()))
        })
    };
    let candidates = match ambiguous.offset() {
        AmbiguousOffset::Unambiguous { offset } => [offset.to_timestamp(start).ok(), None],
        // the clock was set back: the window opens the first time round, or once more the second
        AmbiguousOffset::Fold { before, after } => {
            [before.to_timestamp(start).ok(), after.to_timestamp(start).ok()]
        }
        // the clock skips the opening: the window opens at the jump, if it is open then
        AmbiguousOffset::Gap { after, .. } => {
            let earlier = after.to_timestamp(start).ok()?;
            [zone.following(earlier).next().map(|jump| jump.timestamp()), None]
        }
    };
    // an hour that is repeated inside the window opens it again at the moment the clock is set back
    let again = candidates.first().copied().flatten().and_then(|at| zone.following(at).next());
    let again = again.map(|transition| transition.timestamp());
    candidates.into_iter().chain([again]).flatten().map(instant).filter(is_inside).min()
}

fn minutes(of: u16) -> Span {
    i64::from(of).minutes()
}

fn minute_of(time: Time) -> u16 {
    let minute = i32::from(time.hour()) * 60 + i32::from(time.minute());
    u16::try_from(minute).unwrap_or(DAY_MINUTES)
}

fn instant(at: jiff::Timestamp) -> Timestamp {
    Timestamp::from_micros(at.as_microsecond())
}

/// The local time of an instant.
pub(crate) fn local(zone: &TimeZone, at: Timestamp) -> Option<DateTime> {
    let at = jiff::Timestamp::from_microsecond(at.as_micros()).ok()?;
    Some(zone.to_datetime(at))
}

fn days_since_epoch(date: Date) -> i32 {
    date.since(Date::constant(1970, 1, 1)).map_or(i32::MAX, |span| span.get_days())
}

/// The local date as days since 1970-01-01.
pub(crate) fn local_date(zone: &TimeZone, at: Timestamp) -> i32 {
    local(zone, at).map_or(i32::MIN, |civil| days_since_epoch(civil.date()))
}

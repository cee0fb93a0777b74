//! Which minutes of a week are open by all rules together, and how two weeks differ.

use super::{Effect, Found};
use crate::words;
use gate_core::policy::Rule;

/// Minutes of a day.
const DAY_MINUTES: u16 = 24 * 60;

/// Differences of the allowed hours, without regard to what frees from them, and of days to holidays.
pub(super) fn hours(old: &[Rule], new: &[Rule]) -> Vec<Found> {
    let mut out = Vec::new();
    for (effect, verb, from, to) in
        [(Effect::DefersMore, "closed", old, new), (Effect::PermitsMore, "open", new, old)]
    {
        // minutes that the one has open and the other has not
        let lost = (0..7)
            .map(|day| spans(|minute| is_open(from, day, minute) && !is_open(to, day, minute)));
        out.extend(grouped(&lost.collect::<Vec<_>>()).into_iter().map(|(days, spans)| Found {
            effect,
            sentence: format!("{days} {spans} is {verb} now"),
        }));
        let on_holidays =
            spans(|minute| is_open_on_holidays(from, minute) && !is_open_on_holidays(to, minute));
        if !on_holidays.is_empty() && has_holidays(from, to) {
            let sentence = format!("on public holidays {} is {verb} now", on_holidays.join(", "));
            out.push(Found { effect, sentence });
        }
    }
    out
}

fn is_open(rules: &[Rule], day: usize, minute: u16) -> bool {
    rules.iter().filter_map(|rule| rule.hours.as_ref()).all(|hours| {
        let windows = hours.days.get(day).map_or(&[][..], Vec::as_slice);
        windows.iter().any(|window| window.start() <= minute && minute < window.end())
    })
}

/// Whether the minute is open on a holiday that is a working day otherwise; which day does not matter where the
/// holidays have windows of their own.
fn is_open_on_holidays(rules: &[Rule], minute: u16) -> bool {
    let holidays = rules.iter().filter_map(|rule| rule.hours.as_ref()?.holidays.as_ref());
    holidays.into_iter().all(|holidays| {
        holidays.open.iter().any(|window| window.start() <= minute && minute < window.end())
    })
}

fn has_holidays(one: &[Rule], other: &[Rule]) -> bool {
    let has = |rules: &[Rule]| {
        rules.iter().any(|rule| rule.hours.as_ref().is_some_and(|hours| hours.holidays.is_some()))
    };
    has(one) || has(other)
}

/// Runs of minutes, as people write them.
fn spans(is_in: impl Fn(u16) -> bool) -> Vec<String> {
    let mut out = Vec::new();
    let mut began = None;
    for minute in 0..=DAY_MINUTES {
        match (began, minute < DAY_MINUTES && is_in(minute)) {
            (None, true) => began = Some(minute),
            (Some(start), false) => {
                out.push(words::span_of_day(start, minute));
                began = None;
            }
            _ => {}
        }
    }
    out
}

/// Days with the same runs together.
fn grouped(days: &[Vec<String>]) -> Vec<(String, String)> {
    let mut out: Vec<(usize, usize, String)> = Vec::new();
    for (day, spans) in days.iter().enumerate() {
        let spans = spans.join(", ");
        match out.last_mut() {
            Some((_, last, known)) if *known == spans => *last = day,
            _ => out.push((day, day, spans)),
        }
    }
    let lost = out.into_iter().filter(|(.., spans)| !spans.is_empty());
    lost.map(|(first, last, spans)| (words::days(first, last), spans)).collect()
}

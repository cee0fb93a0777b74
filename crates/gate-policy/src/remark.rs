//! What is worth a look in packs that are valid: no source, past dates, reviews, calendars that run out.
//!
//! A remark holds between two instants, so that compiling needs no clock: the shell asks which hold now.

use crate::reader::Reader;
use gate_core::Timestamp;
use gate_core::policy::{self, Rule, Status};
use gate_located::Place;
use jiff::ToSpan as _;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// How long before a calendar runs out, or a review is due, it is worth a remark.
const DAYS_AHEAD: i64 = 90;

/// Holds always.
const ALWAYS: (Timestamp, Timestamp) = (Timestamp::MIN, Timestamp::MAX);

/// About a rule: nothing was read for it, or it has had its time.
pub(crate) fn on_rule(reader: &mut Reader<'_>, at: Place, rule: &Rule) {
    let is_own_choice = rule.provenance.status.iter().all(|status| *status == Status::P);
    if rule.provenance.sources.is_empty() && !is_own_choice {
        let reason = format!("`{}` names no source", rule.label);
        reader.remark(at, ALWAYS, reason, "add `source`, with where it was read in `sources`");
    }
    if rule.until != Timestamp::MAX {
        let reason = format!("`{}` does not apply any more", rule.label);
        let remedy = "delete it once no case looks at its time";
        reader.remark(at, (rule.until, Timestamp::MAX), reason, remedy);
    }
}

/// About a pack: its review and its sign-off.
pub(crate) fn on_pack(reader: &mut Reader<'_>, at: Place, pack: &policy::Pack, zone: &TimeZone) {
    let code = pack.code.as_str();
    let remedy = "read the pack again, then set a new `version` and `review_by`";
    match pack.review_by {
        None => {
            let reason = format!("`{code}` names no day until which it is reviewed");
            reader.remark(at, ALWAYS, reason, "add `review_by: YYYY-MM-DD`");
        }
        Some(day) => {
            let near = ahead_of(day, zone);
            let reason = format!("the review of `{code}` is due by {day}");
            reader.remark(at, (near, pack.overdue_from), reason, remedy);
            let reason = format!("the review of `{code}` is overdue since {day}");
            reader.remark(at, (pack.overdue_from, Timestamp::MAX), reason, remedy);
        }
    }
    if pack.signed_off.is_none() {
        let reason = format!("`{code}` is not signed off");
        let remedy = "let a lawyer read it: `signed_off: {by: NAME, on: YYYY-MM-DD}`";
        reader.remark(at, ALWAYS, reason, remedy);
        reader.as_note();
    }
}

/// About an announced change whose day has come after the pack's version was written.
pub(crate) fn on_change(
    reader: &mut Reader<'_>,
    at: Place,
    (day, from): (Date, Timestamp),
    version: &str,
) {
    if written_in(version).is_some_and(|written| day >= written) {
        let reason = format!("the change of {day} has come since version {version}");
        let remedy = "see that the rules say it, then set a new `version`";
        reader.remark(at, (from, Timestamp::MAX), reason, remedy);
    }
}

/// About holidays that nobody knows for long.
pub(crate) fn on_calendars(reader: &mut Reader<'_>, covers_until: Date) {
    let since = ahead_of(covers_until, &TimeZone::UTC);
    let reason = format!(
        "the holidays run out on {covers_until}; rules that ask for them block from then on"
    );
    let place = Place::default();
    reader.remark(
        place,
        (since, Timestamp::MAX),
        reason,
        "add the next years, and correct `# covers:`",
    );
}

fn ahead_of(day: Date, zone: &TimeZone) -> Timestamp {
    let near = day.checked_sub(DAYS_AHEAD.days()).ok();
    near.and_then(|day| crate::reader::start_of(day, zone)).unwrap_or(Timestamp::MIN)
}

/// The first day of the month a version is named after, such as `2026.11`.
fn written_in(version: &str) -> Option<Date> {
    let mut numbers = version.splitn(3, '.');
    let (year, month) = (numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?);
    Date::new(year, month, 1).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_that_name_a_month() {
        assert_eq!(written_in("2026.11"), Date::new(2026, 11, 1).ok());
        assert_eq!(written_in("2026.11.2"), Date::new(2026, 11, 1).ok());
        for other in ["1", "2026", "2026.13", "a.b", ""] {
            assert_eq!(written_in(other), None, "{other}");
        }
    }
}

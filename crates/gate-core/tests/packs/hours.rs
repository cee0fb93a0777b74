//! Step 14: allowed hours in the recipient's local time, across every change of the clock, on holidays, and in
//! several zones at once.

use crate::harness::check::*;
use crate::harness::policies::*;
use crate::harness::*;
use gate_core::policy::*;
use gate_core::*;

const DEFERRED: &str = "deferred.quiet_hours [quiet_hours]";
const CLOSED: &str = "blocked.quiet_hours [quiet_hours]";
const UNAVAILABLE: &str = "blocked.policy_unavailable [policy_unavailable]";
const NEW_YORK: &str = "America/New_York";
const LORD_HOWE: &str = "Australia/Lord_Howe";

fn keeping(hours: Hours) -> PolicySet {
    only([base("AA/base").having(|rule| rule.hours = Some(hours))])
}

fn offer(zone: &'static str) -> OutboundMessage<'static> {
    in_aa(message()).but(|m| m.tz = Some(zone.into()))
}

/// Consent given long before any instant of these tests.
fn consent() -> Vec<Event> {
    vec![opt_in(-1_000_000)]
}

/// Decides at `now` and expects to go out then, or at the later instant `opens`.
#[track_caller]
fn opens(policies: &PolicySet, message: &OutboundMessage<'_>, now: &str, opens: &str) {
    let expected = if now == opens { APPROVED } else { DEFERRED };
    let decision = check_by(policies, &consent(), message, utc(now), expected);
    let not_before = (now != opens).then(|| utc(opens));
    assert_eq!(decision.not_before(), not_before, "{now}: {:?}", decision.not_before());
    assert_eq!((decision.basis().is_some(), decision.counts_as()), (now == opens, None));
    // and then it does
    let then = World::of(&consent()).decide_by(policies, message, &[], utc(opens));
    assert_eq!(then.outcome(), Outcome::Approved, "{opens}");
}

#[test]
fn windows_are_half_open_in_local_time() {
    let policies = keeping(daily(&["08:00-21:00"]));
    let chicago = offer("America/Chicago");
    for (now, at) in [
        ("2026-03-02T13:30:00Z", "2026-03-02T14:00:00Z"),
        ("2026-03-02T13:59:59.999999Z", "2026-03-02T14:00:00Z"),
        ("2026-03-02T14:00:00Z", "2026-03-02T14:00:00Z"),
        ("2026-03-03T02:59:59.999999Z", "2026-03-03T02:59:59.999999Z"),
        ("2026-03-03T03:00:00Z", "2026-03-03T14:00:00Z"),
        ("2026-03-03T06:00:00Z", "2026-03-03T14:00:00Z"),
        // the clock is set forward on 8 March
        ("2026-03-08T03:00:00Z", "2026-03-08T13:00:00Z"),
        // and back on 1 November
        ("2026-11-01T03:00:00Z", "2026-11-01T14:00:00Z"),
    ] {
        opens(&policies, &chicago, now, at);
    }
    let tokyo = offer("Asia/Tokyo");
    opens(&policies, &tokyo, "2026-03-02T12:00:00Z", "2026-03-02T23:00:00Z");
}

#[test]
fn several_windows_a_day() {
    let policies = keeping(daily(&["10:00-13:00", "14:00-20:00"]));
    let utc_offer = offer("Etc/UTC");
    opens(&policies, &utc_offer, "2027-03-01T09:00:00Z", "2027-03-01T10:00:00Z");
    opens(&policies, &utc_offer, "2027-03-01T13:00:00Z", "2027-03-01T14:00:00Z");
    opens(&policies, &utc_offer, "2027-03-01T20:00:00Z", "2027-03-02T10:00:00Z");
    let around_midnight = keeping(daily(&["00:00-06:00", "20:00-24:00"]));
    opens(&around_midnight, &utc_offer, "2027-03-01T23:59:59Z", "2027-03-01T23:59:59Z");
    opens(&around_midnight, &utc_offer, "2027-03-02T00:00:00Z", "2027-03-02T00:00:00Z");
    opens(&around_midnight, &utc_offer, "2027-03-02T06:00:00Z", "2027-03-02T20:00:00Z");
    let always = keeping(daily(&["00:00-24:00"]));
    opens(&always, &utc_offer, "2027-03-02T03:00:00Z", "2027-03-02T03:00:00Z");
}

#[test]
fn windows_may_be_listed_in_any_order() {
    let policies = keeping(daily(&["14:00-20:00", "10:00-13:00"]));
    opens(&policies, &offer("Etc/UTC"), "2027-03-01T09:00:00Z", "2027-03-01T10:00:00Z");
}

#[test]
fn days_that_are_not_open_are_skipped() {
    let mut hours = daily(&["09:00-17:00"]);
    hours.days[5] = vec![window("12:00-13:00")];
    hours.days[6] = Vec::new();
    let policies = keeping(hours);
    let utc_offer = offer("Etc/UTC");
    // 2027-03-05 is a Friday
    opens(&policies, &utc_offer, "2027-03-05T17:00:00Z", "2027-03-06T12:00:00Z");
    opens(&policies, &utc_offer, "2027-03-06T13:00:00Z", "2027-03-08T09:00:00Z");
    opens(&policies, &utc_offer, "2027-03-07T12:30:00Z", "2027-03-08T09:00:00Z");
    // which day it is depends on the place
    opens(&policies, &offer("Asia/Tokyo"), "2027-03-06T23:30:00Z", "2027-03-08T00:00:00Z");
    let mut once_a_week = Hours::default();
    once_a_week.days[2] = vec![window("09:00-10:00")];
    opens(&keeping(once_a_week), &utc_offer, "2027-03-03T10:00:00Z", "2027-03-10T09:00:00Z");
    let never = keeping(Hours::default());
    let decision = check_by(&never, &consent(), &utc_offer, utc("2027-03-03T10:00:00Z"), CLOSED);
    assert_eq!((decision.outcome(), decision.not_before()), (Outcome::Blocked, None));
}

/// 2027-03-14, 02:00 becomes 03:00 in New York, at 07:00 UTC.
#[test]
fn an_hour_that_is_skipped_is_never_open() {
    let rows = [
        ("02:00-04:00", "2027-03-14T06:00:00Z", "2027-03-14T07:00:00Z"),
        ("02:30-04:00", "2027-03-14T06:59:59Z", "2027-03-14T07:00:00Z"),
        ("03:00-04:00", "2027-03-14T06:30:00Z", "2027-03-14T07:00:00Z"),
        // wholly skipped: the next day
        ("02:00-03:00", "2027-03-14T06:00:00Z", "2027-03-15T06:00:00Z"),
        ("02:15-02:45", "2027-03-14T06:30:00Z", "2027-03-15T06:15:00Z"),
        ("01:00-03:00", "2027-03-14T06:59:59Z", "2027-03-14T06:59:59Z"),
        ("01:00-03:00", "2027-03-14T07:00:00Z", "2027-03-15T05:00:00Z"),
    ];
    for (window, now, at) in rows {
        opens(&keeping(daily(&[window])), &offer(NEW_YORK), now, at);
    }
    // two windows, one of them skipped
    let two = keeping(daily(&["02:10-02:20", "03:30-04:00"]));
    opens(&two, &offer(NEW_YORK), "2027-03-14T06:30:00Z", "2027-03-14T07:30:00Z");
}

/// 2027-11-07, 02:00 becomes 01:00 in New York, at 06:00 UTC.
#[test]
fn an_hour_that_is_repeated_is_open_both_times() {
    let rows = [
        ("01:00-02:00", "2027-11-07T04:59:00Z", "2027-11-07T05:00:00Z"),
        ("01:00-02:00", "2027-11-07T05:59:59Z", "2027-11-07T05:59:59Z"),
        ("01:00-02:00", "2027-11-07T06:00:00Z", "2027-11-07T06:00:00Z"),
        ("01:00-02:00", "2027-11-07T06:59:59Z", "2027-11-07T06:59:59Z"),
        ("01:00-02:00", "2027-11-07T07:00:00Z", "2027-11-08T06:00:00Z"),
        // a part of it
        ("01:15-01:45", "2027-11-07T05:00:00Z", "2027-11-07T05:15:00Z"),
        ("01:15-01:45", "2027-11-07T05:45:00Z", "2027-11-07T06:15:00Z"),
        ("01:15-01:45", "2027-11-07T06:45:00Z", "2027-11-08T06:15:00Z"),
        // into it
        ("00:30-01:30", "2027-11-07T05:30:00Z", "2027-11-07T06:00:00Z"),
        ("00:30-01:30", "2027-11-07T06:30:00Z", "2027-11-08T05:30:00Z"),
        // out of it
        ("01:30-02:30", "2027-11-07T05:10:00Z", "2027-11-07T05:30:00Z"),
        ("01:30-02:30", "2027-11-07T06:00:00Z", "2027-11-07T06:30:00Z"),
        ("01:30-02:30", "2027-11-07T07:29:59Z", "2027-11-07T07:29:59Z"),
        // around it
        ("00:00-03:00", "2027-11-07T06:00:00Z", "2027-11-07T06:00:00Z"),
        // after it
        ("02:00-03:00", "2027-11-07T06:00:00Z", "2027-11-07T07:00:00Z"),
    ];
    for (window, now, at) in rows {
        opens(&keeping(daily(&[window])), &offer(NEW_YORK), now, at);
    }
}

/// Of two windows in a repeated hour the second opens for the first time before the first does again.
#[test]
fn the_earliest_of_several_windows_in_a_repeated_hour() {
    let policies = keeping(daily(&["01:10-01:20", "01:40-01:50"]));
    for (now, at) in [
        ("2027-11-07T05:20:00Z", "2027-11-07T05:40:00Z"),
        ("2027-11-07T05:50:00Z", "2027-11-07T06:10:00Z"),
        ("2027-11-07T06:20:00Z", "2027-11-07T06:40:00Z"),
        ("2027-11-07T06:50:00Z", "2027-11-08T06:10:00Z"),
    ] {
        opens(&policies, &offer(NEW_YORK), now, at);
    }
}

/// Lord Howe sets its clock by half an hour: back at 02:00 on 2027-04-04 (15:00 UTC the day before), forward at
/// 02:00 on 2027-10-03 (15:30 UTC the day before).
#[test]
fn half_an_hour_that_is_repeated_or_skipped() {
    for (window, now, at) in [
        ("01:30-02:00", "2027-04-03T14:00:00Z", "2027-04-03T14:30:00Z"),
        ("01:30-02:00", "2027-04-03T15:00:00Z", "2027-04-03T15:00:00Z"),
        ("01:30-02:00", "2027-04-03T15:30:00Z", "2027-04-04T15:00:00Z"),
        ("01:00-01:45", "2027-04-03T14:45:00Z", "2027-04-03T15:00:00Z"),
        ("01:00-01:45", "2027-04-03T15:15:00Z", "2027-04-04T14:30:00Z"),
        ("02:15-03:00", "2027-10-02T15:00:00Z", "2027-10-02T15:30:00Z"),
        ("02:00-02:30", "2027-10-02T15:00:00Z", "2027-10-03T15:00:00Z"),
    ] {
        opens(&keeping(daily(&[window])), &offer(LORD_HOWE), now, at);
    }
}

#[test]
fn a_time_must_be_allowed_in_every_zone_and_by_every_rule() {
    let eight_to_nine = || daily(&["08:00-21:00"]);
    let zoned = |hours, zones: &[&'static str]| {
        policies([land("AA", [base("AA/base").having(|rule| rule.hours = Some(hours))])
            .having(|land| land.zones = zones.to_vec())])
    };
    let east = zoned(eight_to_nine(), &[NEW_YORK, "America/Chicago"]);
    let nowhere = in_aa(message());
    opens(&east, &nowhere, "2027-03-01T12:30:00Z", "2027-03-01T14:00:00Z");
    opens(&east, &nowhere, "2027-03-01T13:30:00Z", "2027-03-01T14:00:00Z");
    opens(&east, &nowhere, "2027-03-02T01:59:59Z", "2027-03-02T01:59:59Z");
    opens(&east, &nowhere, "2027-03-02T02:00:00Z", "2027-03-02T14:00:00Z");
    // a declared zone is enough
    opens(&east, &offer(NEW_YORK), "2027-03-01T13:00:00Z", "2027-03-01T13:00:00Z");
    // an addition narrows, for one day or every day
    let mut weekend = daily(&["00:00-24:00"]);
    weekend.days[6] = Vec::new();
    let more = addition("AA/more").having(|rule| rule.hours = Some(weekend));
    let later = addition("AA/later").having(|rule| rule.hours = Some(daily(&["10:00-24:00"])));
    let policies =
        only([base("AA/base").having(|rule| rule.hours = Some(eight_to_nine())), more, later]);
    // 2027-03-06 is a Saturday
    opens(&policies, &offer("Etc/UTC"), "2027-03-06T09:00:00Z", "2027-03-06T10:00:00Z");
    opens(&policies, &offer("Etc/UTC"), "2027-03-06T22:00:00Z", "2027-03-08T10:00:00Z");
}

/// Two candidate jurisdictions: the latest of their openings that suits both.
#[test]
fn of_two_candidates_the_latest_opening_counts() {
    let keeps =
        |label: &str, window: &str| base(label).having(|rule| rule.hours = Some(daily(&[window])));
    let mut parts = parts([
        land("AA", [keeps("AA/base", "08:00-12:00")]),
        land("BB", [keeps("BB/base", "10:00-20:00")]),
    ]);
    numbered_as(&mut parts, &[("44", &["BB"], &["Europe/London"])]);
    let policies = PolicySet::new(parts).unwrap();
    let text = in_aa(sms());
    let consent = [opt_in(-1_000_000).sms()];
    let not_before =
        |now: &str| World::of(&consent).decide_by(&policies, &text, &[], utc(now)).not_before();
    assert_eq!(not_before("2027-03-01T07:00:00Z"), Some(utc("2027-03-01T10:00:00Z")));
    assert_eq!(not_before("2027-03-01T09:00:00Z"), Some(utc("2027-03-01T10:00:00Z")));
    assert_eq!(not_before("2027-03-01T11:00:00Z"), None);
    assert_eq!(not_before("2027-03-01T12:00:00Z"), Some(utc("2027-03-02T10:00:00Z")));
}

#[test]
fn hours_that_never_open_together_block() {
    let now = utc("2027-03-01T12:00:00Z");
    let apart = |one: &[&str], other: &[&str]| {
        let more = addition("AA/more").having(|rule| rule.hours = Some(daily(other)));
        only([base("AA/base").having(|rule| rule.hours = Some(daily(one))), more])
    };
    let utc_offer = offer("Etc/UTC");
    check_by(&apart(&["08:00-10:00"], &["10:00-12:00"]), &consent(), &utc_offer, now, CLOSED);
    check_by(
        &apart(&["08:00-09:00", "20:00-21:00"], &["09:00-20:00"]),
        &consent(),
        &utc_offer,
        now,
        CLOSED,
    );
    opens(
        &apart(&["08:00-10:01"], &["10:00-12:00"]),
        &utc_offer,
        "2027-03-01T12:00:00Z",
        "2027-03-02T10:00:00Z",
    );
    // zones half a world apart
    let far = policies([land(
        "AA",
        [base("AA/base").having(|rule| rule.hours = Some(daily(&["09:00-12:00"])))],
    )
    .having(|land| land.zones = vec!["Asia/Tokyo", NEW_YORK])]);
    check_by(&far, &consent(), &in_aa(message()), now, CLOSED);
    // days that never meet
    let day = |nth: usize| {
        let mut hours = Hours::default();
        hours.days[nth] = vec![window("09:00-17:00")];
        hours
    };
    let on = |one, other: Hours| {
        let more = addition("AA/more").having(|rule| rule.hours = Some(other));
        only([base("AA/base").having(|rule| rule.hours = Some(day(one))), more])
    };
    check_by(&on(0, day(3)), &consent(), &utc_offer, now, CLOSED);
    let mut either = day(3);
    either.days[5] = vec![window("16:00-20:00")];
    opens(&on(5, either), &utc_offer, "2027-03-01T12:00:00Z", "2027-03-06T16:00:00Z");
}

/// Windows that miss each other by turns for two days are no reason to give up.
#[test]
fn hours_that_open_together_only_later() {
    let turns = |first: u16| {
        let window = |hour: u16| Window::new(hour * 60, hour * 60 + 60).unwrap();
        let day: Vec<Window> = (first..24).step_by(2).map(window).collect();
        Hours { days: std::array::from_fn(|_| day.clone()), ..Hours::default() }
    };
    let mut odd = turns(1);
    odd.days[2] = vec![window("00:00-24:00")];
    let more = addition("AA/more").having(|rule| rule.hours = Some(odd));
    let policies = only([base("AA/base").having(|rule| rule.hours = Some(turns(0))), more]);
    // from a Monday to the Wednesday
    opens(&policies, &offer("Etc/UTC"), "2027-03-01T00:30:00Z", "2027-03-03T00:00:00Z");
}

#[test]
fn holidays_have_hours_of_their_own_or_none() {
    let set = |open: &[&str]| {
        let mut hours = daily(&["08:00-20:00"]);
        let open = open.iter().map(|text| window(text)).collect();
        hours.holidays = Some(Holidays { calendar: 0, open });
        let mut parts =
            parts([land("AA", [base("AA/base").having(|rule| rule.hours = Some(hours))])]);
        let covers = ("2027-01-01", "2027-12-31");
        parts.calendars = vec![calendar(covers, &["2027-03-01", "2027-03-02", "2027-12-31"])];
        PolicySet::new(parts).unwrap()
    };
    let closed = set(&[]);
    let tokyo = offer("Asia/Tokyo");
    let utc_offer = offer("Etc/UTC");
    opens(&closed, &utc_offer, "2027-02-28T19:59:59Z", "2027-02-28T19:59:59Z");
    opens(&closed, &utc_offer, "2027-02-28T20:00:00Z", "2027-03-03T08:00:00Z");
    opens(&closed, &utc_offer, "2027-03-01T12:00:00Z", "2027-03-03T08:00:00Z");
    // by the local date
    opens(&closed, &tokyo, "2027-02-28T23:30:00Z", "2027-03-02T23:00:00Z");
    let short = set(&["10:00-12:00"]);
    opens(&short, &utc_offer, "2027-03-01T09:00:00Z", "2027-03-01T10:00:00Z");
    opens(&short, &utc_offer, "2027-03-01T12:00:00Z", "2027-03-02T10:00:00Z");
    // beyond the calendar nobody knows what is a holiday
    for now in ["2026-12-31T23:59:59Z", "2028-01-01T12:00:00Z", "2027-12-31T12:00:00Z"] {
        check_by(&closed, &consent(), &utc_offer, utc(now), UNAVAILABLE);
    }
    check_by(&short, &consent(), &utc_offer, utc("2027-12-31T12:00:00Z"), UNAVAILABLE);
    opens(&short, &utc_offer, "2027-12-31T11:59:59Z", "2027-12-31T11:59:59Z");
    opens(&closed, &utc_offer, "2027-01-01T00:00:00Z", "2027-01-01T08:00:00Z");
    // it ends there by the local date as well
    check_by(&closed, &consent(), &tokyo, utc("2027-12-31T15:00:00Z"), UNAVAILABLE);
    opens(&closed, &tokyo, "2026-12-31T23:30:00Z", "2026-12-31T23:30:00Z");
    // what else is against it is said too
    check_by(
        &closed,
        &[],
        &utc_offer,
        utc("2028-01-01T12:00:00Z"),
        "blocked.policy_unavailable [policy_unavailable no_consent]",
    );
}

#[test]
fn a_closed_time_without_end_blocks() {
    let mut hours = daily(&["08:00-20:00"]);
    hours.holidays = Some(Holidays { calendar: 0, open: Vec::new() });
    let mut parts = parts([land("AA", [base("AA/base").having(|rule| rule.hours = Some(hours))])]);
    let march: Vec<String> = (1..=31).map(|day| format!("2027-03-{day:02}")).collect();
    let dates: Vec<&str> = march.iter().map(String::as_str).collect();
    parts.calendars = vec![calendar(("2027-01-01", "2027-12-31"), &dates)];
    let policies = PolicySet::new(parts).unwrap();
    let utc_offer = offer("Etc/UTC");
    check_by(&policies, &consent(), &utc_offer, utc("2027-03-01T12:00:00Z"), CLOSED);
    opens(&policies, &utc_offer, "2027-03-20T12:00:00Z", "2027-04-01T08:00:00Z");
}

#[test]
fn an_unknown_zone_blocks_where_there_are_hours() {
    let nowhere = |rule| policies([land("AA", [rule]).having(|land| land.zones = Vec::new())]);
    let keeps = base("AA/base").having(|rule| rule.hours = Some(daily(&["00:00-24:00"])));
    let closed = nowhere(keeps);
    let now = utc("2027-03-01T12:00:00Z");
    let decision = check_by(&closed, &consent(), &in_aa(message()), now, CLOSED);
    assert_eq!(decision.considered().zone_source, ZoneSource::Unknown);
    opens(&closed, &offer("Etc/UTC"), "2027-03-01T12:00:00Z", "2027-03-01T12:00:00Z");
    check_by(&nowhere(base("AA/base")), &consent(), &in_aa(message()), now, APPROVED);
}

/// A candidate jurisdiction whose zones nobody knows may be anywhere, whatever is known of the others.
#[test]
fn one_unknown_zone_of_several_is_unknown() {
    let keeps = |label: &str| base(label).having(|r| r.hours = Some(daily(&["00:00-24:00"])));
    let mut parts = parts([
        land("AA", [keeps("AA/base")]).having(|land| land.zones = vec!["Europe/London"]),
        land(STRICT, [base("STRICT/base")]).having(|land| land.zones = Vec::new()),
    ]);
    numbered_as(&mut parts, &[("44", &["AA"], &[])]);
    let policies = PolicySet::new(parts).unwrap();
    let text = sms().but(|m| m.jurisdiction = Some("ZZ".into()));
    let consent = [opt_in(-1_000_000).sms()];
    let now = utc("2027-03-01T12:00:00Z");
    let decision = check_by(&policies, &consent, &text, now, CLOSED);
    assert_eq!(decision.considered().zone_source, ZoneSource::Unknown);
    check_by(&policies, &consent, &text.but(|m| m.jurisdiction = None), now, APPROVED);
}

/// Quiet hours defer only what nothing else blocks; then they are one reason of several.
#[test]
fn quiet_hours_stand_behind_every_other_reason() {
    let policies = keeping(daily(&["08:00-20:00"]));
    let night = utc("2027-03-01T03:00:00Z");
    let with = |history: &[Event], expected: &str| {
        let decision = check_by(&policies, history, &offer("Etc/UTC"), night, expected);
        assert_eq!((decision.outcome(), decision.not_before()), (Outcome::Blocked, None));
    };
    with(&[], "blocked.no_consent [no_consent quiet_hours]");
    with(&[opt_in(1), opt_out(2)], "blocked.opted_out [opted_out no_consent quiet_hours]");
    let order = exempt(offer("Etc/UTC"), Category::Service);
    check_by(&policies, &[], &order, night, "approved.transactional");
}

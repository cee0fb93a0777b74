//! The first page in its states, and the probe.

use gate_pages::{
    Bin, Checks, Corner, EmptyPage, Frame, Hold, LastRound, OverviewPage, ProbeCheck, ProbeDay,
    ProbePage, ProbeState, Promise, Range, Rates, ReasonCount, Round, RoundEnd, ShareChange,
    ShareOf, Trial, Waiting, WaitingKind,
};

use super::decisions::rows;
use super::{Sample, building, frame, held, list, place, reason, s, sample, viewer};

/// A wave around `middle`, the same in each run.
fn wave(at: usize, middle: u64) -> u64 {
    const SHAPE: [u64; 12] = [42, 38, 40, 45, 60, 85, 120, 150, 155, 140, 110, 70];
    middle * (SHAPE[at * 12 / 48 % 12] + (at * 7 % 11) as u64) / 100
}

fn rates(range: Range) -> Rates {
    let (steps, seconds) = match range {
        Range::Hour => (60, 60),
        Range::Day => (48, 1_800),
        Range::Week => (56, 10_800),
        Range::Month => (60, 43_200),
    };
    let start: i64 = 1_795_986_000 + 86_400 * 20;
    let bins: Vec<Bin> = (0..steps)
        .map(|at| {
            let jump = if (32..36).contains(&at) { 2 } else { 1 };
            let ms = (start + at as i64 * i64::from(seconds)) * 1_000;
            Bin {
                at: jiff::Timestamp::from_millisecond(ms).expect("in range").to_string(),
                approved: wave(at, 55_000) * 3 / (2 + jump),
                blocked: wave(at, 31_000) * jump,
                deferred: if !(20..44).contains(&at) { wave(at, 6_000) } else { 900 },
            }
        })
        .collect();
    let sum = |of: fn(&Bin) -> u64| bins.iter().map(of).sum();
    Rates {
        per_second: Some(50.4),
        approved: sum(|b| b.approved),
        blocked: sum(|b| b.blocked),
        deferred: sum(|b| b.deferred),
        p50_ms: Some(15.0),
        p99_ms: Some(47.0),
        bins,
        bin_seconds: seconds,
    }
}

fn reasons() -> Vec<ReasonCount> {
    let codes = [
        ("blocked.no_consent", 486_310),
        ("blocked.opted_out", 352_904),
        ("blocked.scope_mismatch", 214_118),
        ("blocked.frequency_cap", 141_722),
        ("deferred.quiet_hours", 130_637),
        ("blocked.content_requirement", 96_340),
        ("blocked.pending_confirmation", 71_508),
        ("blocked.complaint", 52_271),
        ("blocked.consent_expired", 38_066),
        ("blocked.registry_stale", 27_915),
    ];
    let count = |(code, count): (&str, u64)| ReasonCount {
        reason: reason(code),
        count,
        over_time: (0..24).map(|at| wave(at * 2, count / 24)).collect(),
    };
    codes.into_iter().map(count).collect()
}

fn checks() -> Checks {
    Checks {
        approved_after_opt_out: Some(0),
        opt_outs: 48_310,
        messages: 4_354_560,
        probe: Some(ProbeCheck {
            state: ProbeState::Passed,
            seconds: 3,
            rounds: 8_616,
            unanswered: 2,
        }),
        last_hold: Some((s("2026-11-29T17:01:00Z"), s("2026-11-29T17:05:00Z"))),
        last_hold_record: Some(place("consent-change", 3, 48_120)),
    }
}

fn promise() -> Promise {
    Promise {
        promised_ms: 5_000.0,
        p50_ms: Some(8.0),
        p99_ms: Some(12.0),
        max_ms: Some(1_400.0),
        late: 0,
        opt_outs: 48_310,
    }
}

pub(super) fn hold() -> Hold {
    Hold {
        sentence: s("One consent record cannot be read, and nobody can tell whose it is."),
        code: s("consent_poison"),
        since: s("2026-11-29T17:01:41Z"),
        partitions: 4,
        partitions_all: 4,
        waiting: Some(4_811),
        oldest_seconds: Some(90),
        record: Some(place("consent-change", 3, 48_120)),
    }
}

fn overview() -> OverviewPage {
    let change = ShareChange {
        of: ShareOf::Reason(reason("blocked.scope_mismatch")),
        before: (25_712, 4_166_154),
        now: (188_406, 501_300),
        since: s("2026-11-29T14:00:00Z"),
        campaign: s("winter-sale"),
        brand: s("trails"),
        channel: s("sms"),
    };
    let nowhere = || [String::new(), String::new(), String::new()];
    let [campaign, brand, channel] = nowhere();
    let less = ShareChange {
        of: ShareOf::Approved,
        before: (2_541_354, 4_166_154),
        now: (190_494, 501_300),
        campaign,
        brand,
        channel,
        ..change.clone()
    };
    let [campaign, brand, channel] = nowhere();
    let fell = ShareChange {
        of: ShareOf::Reason(reason("blocked.frequency_cap")),
        before: (416_615, 4_166_154),
        now: (0, 501_300),
        campaign,
        brand,
        channel,
        ..change.clone()
    };
    let waiting = |kind, count, sentence: &str| Waiting { kind, count, sentence: s(sentence) };
    OverviewPage {
        range: Range::Day,
        hold: None,
        promise: promise(),
        checks: checks(),
        rates: rates(Range::Day),
        reasons: reasons(),
        more_reasons: (9, 13_942),
        changes: vec![change, less, fell],
        waiting: vec![
            waiting(WaitingKind::DeadLetters, 32, "Their people get no marketing"),
            waiting(WaitingKind::SilentSources, 1, "shop-till: nothing for 26 h"),
        ],
        trial: Some(Trial {
            revision: s("8e21b7f0a3c4"),
            in_force: s("5c0f55de85c5"),
            since: s("2026-11-27T10:12:00Z"),
            more_approved: 0,
            more_deferred: 1_815,
            more_blocked: 303,
        }),
        just_stopped: rows()
            .into_iter()
            .filter(|row| !row.reason.code.starts_with("approved"))
            .take(5)
            .collect(),
    }
}

pub(super) fn samples(all: &mut Vec<Sample>) {
    all.push(sample("overview", frame("/"), &overview()));
    let late = Promise { max_ms: Some(6_500.0), late: 1, ..promise() };
    let waits =
        ProbeCheck { state: ProbeState::Waiting, seconds: 82, rounds: 8_616, unanswered: 3 };
    let stopped = OverviewPage {
        hold: Some(hold()),
        promise: late,
        checks: Checks { probe: Some(waits), last_hold: None, ..checks() },
        rates: Rates { per_second: Some(0.0), ..rates(Range::Day) },
        ..overview()
    };
    all.push(sample("overview-held", held("/"), &stopped));
    let uncounted = Promise { max_ms: Some(6_500.0), ..promise() };
    let slow = Promise { p99_ms: Some(4_200.0), max_ms: Some(70_000.0), late: 12, ..promise() };
    let violated = ProbeCheck { state: ProbeState::Violated, seconds: 9, rounds: 1, unanswered: 0 };
    let bad = OverviewPage {
        range: Range::Week,
        promise: slow,
        checks: Checks { approved_after_opt_out: Some(1), probe: Some(violated), ..checks() },
        rates: rates(Range::Week),
        ..overview()
    };
    all.push(sample("overview-violated", frame("/?range=week"), &bad));
    let observe = Frame {
        observe: true,
        stale_seconds: Some(42),
        building: Some(building()),
        ..viewer("/?range=month")
    };
    let nothing = OverviewPage {
        range: Range::Month,
        promise: Promise { promised_ms: 5_000.0, ..Promise::default() },
        rates: Rates { bins: rates(Range::Month).bins, bin_seconds: 43_200, ..Rates::default() },
        ..OverviewPage::default()
    };
    all.push(sample("overview-building", Frame { corner: Corner::Unknown, ..observe }, &nothing));
    let error = ProbeCheck { state: ProbeState::Error, seconds: 60, rounds: 0, unanswered: 0 };
    let hour = OverviewPage {
        range: Range::Hour,
        rates: rates(Range::Hour),
        promise: uncounted,
        checks: Checks { probe: Some(error), ..checks() },
        ..overview()
    };
    let catching_up = Corner::NotReady { instances: list(&["gate-2"]) };
    all.push(sample(
        "overview-hour",
        Frame { corner: catching_up, ..viewer("/?range=hour") },
        &hour,
    ));
    empty(all);
    probe(all);
}

fn empty(all: &mut Vec<Sample>) {
    let ready = EmptyPage {
        instances: list(&["gate-1"]),
        uptime_seconds: 240,
        packs: 16,
        consent_records: 1_204_871,
        consent_topic: s("consent-change"),
        outbound_topic: s("outbound-message"),
        approved_topic: s("approved-message"),
    };
    all.push(sample("empty", frame("/"), &ready));
    let nothing = EmptyPage { instances: Vec::new(), consent_records: 0, packs: 0, ..ready };
    all.push(sample("empty-no-gate", Frame { corner: Corner::GatesAway, ..frame("/") }, &nothing));
}

fn probe(all: &mut Vec<Sample>) {
    let rounds: Vec<Round> = (0..90_u64)
        .map(|at| Round {
            at: format!("2026-11-29T20:{:02}:{:02}Z", 57 + at / 45, at % 45),
            end: RoundEnd::Passed,
            took_ms: Some(if at == 61 { 64 } else { 16 + at * 7 % 9 }),
        })
        .collect();
    let day = |day: &str, unanswered, violated| ProbeDay {
        day: s(day),
        rounds: 8_640,
        passed: 8_640 - unanswered - violated,
        unanswered,
        violated,
    };
    let last = LastRound {
        at: s("2026-11-29T21:12:01Z"),
        partition: 2,
        opted_in_ms: Some(2),
        approved_ms: Some(19),
        opted_out_ms: Some(2),
        blocked_ms: Some(18),
    };
    let page = ProbePage {
        state: Some(ProbeState::Passed),
        sentence: s(""),
        every_seconds: 10,
        seconds: 3,
        rounds: 8_616,
        took_ms: Some(18),
        violations: 0,
        last_rounds: rounds.clone(),
        days: vec![
            day("2026-11-29T00:00:00Z", 2, 0),
            day("2026-11-28T00:00:00Z", 0, 0),
            day("2026-11-27T00:00:00Z", 3, 0),
        ],
        last: Some(last.clone()),
    };
    all.push(sample("probe", frame("/probe"), &page));
    let mut broken = rounds;
    broken[80].end = RoundEnd::Unanswered;
    broken[80].took_ms = None;
    broken[88].end = RoundEnd::Violated;
    let violated = ProbePage {
        state: Some(ProbeState::Violated),
        sentence: s("The message of round 88 was approved."),
        violations: 1,
        last_rounds: broken,
        days: vec![day("2026-11-29T00:00:00Z", 1, 1)],
        last: Some(LastRound { blocked_ms: None, ..last }),
        ..page
    };
    all.push(sample("probe-violated", frame("/probe"), &violated));
    all.push(sample("probe-off", viewer("/probe"), &ProbePage::default()));
}

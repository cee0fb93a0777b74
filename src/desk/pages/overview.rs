//! The first page, and the probe's.

use gate_pages::{
    Bin, Checks, EmptyPage, Hold, OverviewPage, ProbeCheck, ProbePage, ProbeState, Promise, Range,
    Rates, ReasonCount, ShareChange, ShareOf,
};

use super::super::ask;
use super::super::ask::changed::ChangeAnswer;
use super::super::ask::overview::OverviewAnswer;
use super::super::ask::status::{self, GateAnswer, ProbeAnswer, probe_of};
use super::super::reply::Reply;
use super::{Page, parts};
use crate::answers::Problem;
use crate::clock::{now, utc};
use crate::status::Histogram;

/// Within how long an opt-out counts, in seconds: the objective that alerts are made by (deploy/prometheus/rules).
const PROMISED_S: f64 = 5.0;

pub(super) async fn overview(page: &Page<'_>) -> Result<Reply, Problem> {
    let answer = ask::overview::answer(page.desk, page.asked).await?;
    if answer.index_since.is_none() && page.frame.building.is_none() {
        return page.ok(empty(page, &answer).render(&page.frame, page.language));
    }
    page.ok(view(&answer).render(&page.frame, page.language))
}

fn view(answer: &OverviewAnswer) -> OverviewPage {
    OverviewPage {
        range: Range::from_code(answer.range).unwrap_or_default(),
        hold: hold(&answer.gates),
        promise: promise(&answer.gates),
        checks: Checks { probe: probe_check(&probe_of(&answer.gates)), ..Checks::default() },
        rates: rates(answer),
        reasons: answer
            .reasons
            .iter()
            .map(|it| ReasonCount {
                reason: parts::reason(outcome_of(&it.reason), &it.reason),
                count: it.n,
                over_time: it.over_time.clone(),
            })
            .collect(),
        more_reasons: (answer.more_reasons as u64, answer.more_messages),
        changes: answer.changed.iter().map(change).collect(),
        just_stopped: parts::rows(&answer.just_stopped),
        ..OverviewPage::default()
    }
}

fn change(change: &ChangeAnswer) -> ShareChange {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    ShareChange {
        of: match change.what.as_str() {
            "approved" => ShareOf::Approved,
            code => ShareOf::Reason(parts::reason(outcome_of(code), code)),
        },
        before: (change.before, change.before_of),
        now: (change.now, change.now_of),
        since: change.since.clone(),
        campaign: text(&change.campaign),
        brand: text(&change.brand),
        channel: text(&change.channel),
    }
}

/// The word before the dot of a code.
fn outcome_of(code: &str) -> &str {
    code.split_once('.').map_or("blocked", |(outcome, _)| outcome)
}

fn rates(answer: &OverviewAnswer) -> Rates {
    let latency = sum(&answer.gates, |status| &status.messages.latency);
    let millis =
        |share: f64| latency.as_ref().and_then(|it| it.quantile(share)).map(|s| s * 1_000.0);
    Rates {
        per_second: None,
        approved: answer.approved,
        blocked: answer.blocked,
        deferred: answer.deferred,
        p50_ms: millis(0.5),
        p99_ms: millis(0.99),
        bins: answer
            .over_time
            .iter()
            .map(|it| Bin {
                at: it.begin.clone(),
                approved: it.approved,
                blocked: it.blocked,
                deferred: it.deferred,
            })
            .collect(),
        bin_seconds: u32::try_from(answer.stretch_s).unwrap_or(1_800),
    }
}

/// The same histogram of all gates together.
fn sum(gates: &[GateAnswer], of: fn(&crate::status::Snapshot) -> &Histogram) -> Option<Histogram> {
    let mut histograms = gates.iter().filter_map(|gate| gate.status.as_ref()).map(of);
    let mut all = histograms.next()?.clone();
    histograms.for_each(|histogram| all.add(histogram));
    Some(all)
}

fn promise(gates: &[GateAnswer]) -> Promise {
    let enforced = sum(gates, |status| &status.consent.enforcement);
    let millis =
        |share: f64| enforced.as_ref().and_then(|it| it.quantile(share)).map(|s| s * 1_000.0);
    let statuses = gates.iter().filter_map(|gate| gate.status.as_ref());
    let max = statuses.clone().map(|status| status.consent.enforcement_max_s).fold(0.0, f64::max);
    let opt_outs = statuses.filter_map(|status| status.consent.actions.get("opt_out")).max();
    Promise {
        promised_ms: PROMISED_S * 1_000.0,
        p50_ms: millis(0.5),
        p99_ms: millis(0.99),
        max_ms: (max > 0.0).then_some(max * 1_000.0),
        late: enforced.as_ref().map_or(0, |it| it.n.saturating_sub(within(it, PROMISED_S))),
        opt_outs: opt_outs.copied().unwrap_or_default(),
    }
}

/// How many took no longer, by the bucket of that bound.
fn within(histogram: &Histogram, seconds: f64) -> u64 {
    let mut buckets = histogram.buckets.iter();
    // of other bounds nothing is known, and nothing is said
    buckets.find(|bucket| bucket.up_to_s >= seconds).map_or(histogram.n, |bucket| bucket.n)
}

/// What holds longest, if anything does.
pub(super) fn hold(gates: &[GateAnswer]) -> Option<Hold> {
    let statuses = gates.iter().filter_map(|gate| gate.status.as_ref());
    let holds = statuses.flat_map(|status| status.holds.iter().map(move |hold| (status, hold)));
    let (status, hold) = holds.max_by_key(|(_, hold)| hold.seconds)?;
    let since = status.now_ms - i64::try_from(hold.seconds).unwrap_or_default() * 1_000;
    let record = hold
        .places
        .iter()
        .find_map(|place| Some(parts::place(&place.topic, place.partition, place.offset?)));
    let n_partitions = status.messages.lag.partitions.len();
    Some(Hold {
        sentence: ask::decisions::sentence(&hold.detail),
        code: hold.cause.clone(),
        since: utc(since),
        partitions: u32::try_from(hold.n_partitions).unwrap_or(u32::MAX),
        partitions_all: u32::try_from(n_partitions).unwrap_or(u32::MAX),
        waiting: u64::try_from(status.messages.lag.records).ok(),
        // whole seconds are shown
        oldest_seconds: Some(status.messages.lag.seconds as u64),
        record,
    })
}

fn seconds_since(last: Option<f64>) -> u64 {
    let now = now().as_micros() as f64 / 1e6;
    last.map_or(0, |last| (now - last).max(0.0) as u64)
}

fn probe_state(probe: &ProbeAnswer) -> ProbeState {
    let violated = probe.rounds.get("violated").is_some_and(|n| *n > 0);
    match (probe.up, violated) {
        (_, true) => ProbeState::Violated,
        (true, false) => ProbeState::Passed,
        (false, false) => ProbeState::Waiting,
    }
}

fn probe_check(probe: &ProbeAnswer) -> Option<ProbeCheck> {
    probe.enabled.then(|| ProbeCheck {
        state: probe_state(probe),
        seconds: seconds_since(probe.last_success_s),
        rounds: probe.rounds.values().sum(),
        unanswered: probe.rounds.iter().filter(|(name, _)| *name != "passed").map(|(_, n)| n).sum(),
    })
}

pub(super) async fn probe(page: &Page<'_>) -> Result<Reply, Problem> {
    let probe = status::probe(page.desk).await;
    let view = ProbePage {
        state: probe.enabled.then(|| probe_state(&probe)),
        every_seconds: page.desk.config.probe.interval.as_secs(),
        seconds: seconds_since(probe.last_success_s),
        rounds: probe.rounds.values().sum(),
        violations: probe.rounds.get("violated").copied().unwrap_or_default(),
        ..ProbePage::default()
    };
    page.ok(view.render(&page.frame, page.language))
}

/// Before the first decision.
fn empty(page: &Page<'_>, answer: &OverviewAnswer) -> EmptyPage {
    let ready = answer.gates.iter().filter_map(|gate| Some((gate, gate.status.as_ref()?)));
    let ready: Vec<_> = ready.filter(|(_, status)| status.readiness.ready).collect();
    let topics = &page.desk.config.topics;
    let uptime = ready.iter().map(|(_, status)| (status.now_ms - status.started_ms) / 1_000).max();
    EmptyPage {
        instances: ready.iter().map(|(gate, _)| gate.address.clone()).collect(),
        uptime_seconds: u64::try_from(uptime.unwrap_or_default()).unwrap_or_default(),
        packs: page.desk.policies.current().packs().len() as u64,
        consent_records: ready
            .iter()
            .map(|(_, status)| status.consent.results.values().sum::<u64>())
            .max()
            .unwrap_or_default(),
        consent_topic: topics.consent_change.clone(),
        outbound_topic: topics.outbound_messages.join(", "),
        approved_topic: topics.outputs.approved.clone(),
    }
}

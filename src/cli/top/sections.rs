//! What each section says, line by line; the most important first, since lines are cut at the screen's edge. Pure.

use super::figures::{Decisions, Figures, Latency};
use super::ink::{Ink, Section, Tone, plain};
use super::number::{UNKNOWN, age, bars, bytes, count, or_unknown, percent, rate, span};
use super::{View, hold};
use gate_core::{Outcome, Reason};
use ratatui::text::Line;

/// An opt-out has to be in force after so many seconds: 99.9% of them, and all of them.
const OBJECTIVE_S: f64 = 5.0;
const LIMIT_S: f64 = 60.0;
/// Least share of a disk that should be free.
const DISK_FREE_MIN: f64 = 0.1;
/// Bars beside the rate of decisions.
const BARS_WIDTH: usize = 20;

fn quantiles(latency: Option<Latency>) -> String {
    let of = |value: fn(Latency) -> f64| or_unknown(latency.map(value), span);
    format!("p50 {}  p99 {}", of(|l| l.p50), of(|l| l.p99))
}

/// Odd when there is any.
fn odd(text: String, value: Option<f64>) -> (String, Tone) {
    (text, if value.is_some_and(|n| n > 0.0) { Tone::Odd } else { Tone::Plain })
}

pub(super) fn promise(view: &View, figures: &Figures, ink: Ink) -> Section {
    let p99 = figures.enforcement.map(|latency| latency.p99);
    // 0 is what a gate says when nothing was enforced lately
    let max = Some(figures.enforcement_max).filter(|seconds| *seconds > 0.0);
    let over = |value: Option<f64>, limit| value.is_some_and(|seconds| seconds > limit);
    let (verdict, tone) = match () {
        () if view.stale.is_some() => ("", Tone::Quiet),
        () if over(p99, OBJECTIVE_S) || over(max, LIMIT_S) => ("  TOO SLOW", Tone::Bad),
        () if over(max, OBJECTIVE_S) => ("  one was slow", Tone::Odd),
        () if p99.is_some() => ("  kept", Tone::Good),
        () => ("  no change within a minute", Tone::Quiet),
    };
    let enforced = ink.line([
        plain(format!(
            "opt-outs in force after {}  max {}  of {OBJECTIVE_S} s",
            quantiles(figures.enforcement),
            or_unknown(max, span)
        )),
        (verdict.to_owned(), tone),
    ]);
    let lines = vec![enforced, probe(view, figures, ink)];
    Section { title: "PROMISE", aside: String::new(), lines, n_min: 2, rank: 0 }
}

/// Whether anything was approved that should not have been, which only the probe can tell.
fn probe(view: &View, figures: &Figures, ink: Ink) -> Line<'static> {
    let probe = &figures.probe;
    if !probe.is_enabled {
        let off = "probe off (`probe.enabled` lets it watch)";
        return ink.line([plain(format!("approved after an opt-out {UNKNOWN}  {off}"))]);
    }
    let rounds = |result: &str| probe.rounds.get(result).map_or(0.0, |n| *n as f64);
    let (violated, n_bad) = (rounds("violated"), rounds("timed_out") + rounds("error"));
    let state = match (probe.is_up, probe.success) {
        (true, _) => ("passed".to_owned(), Tone::Good),
        (false, None) => ("has not passed yet".to_owned(), Tone::Odd),
        (false, Some(_)) => ("FAILS".to_owned(), Tone::Bad),
    };
    let ago = or_unknown(probe.success.map(|at| view.now_unix - at), age);
    let tone = if violated > 0.0 { Tone::Bad } else { Tone::Good };
    ink.line([
        plain("approved after an opt-out "),
        (count(violated), tone),
        plain("  probe "),
        state,
        plain(format!(
            "  last passed {ago} ago  {} rounds, {} without answer",
            count(rounds("passed") + violated + n_bad),
            count(n_bad)
        )),
    ])
}

pub(super) fn decisions(view: &View, figures: &Figures, ink: Ink) -> Section {
    let decided = figures.decisions.as_ref();
    let mut parts = Vec::new();
    for outcome in [Outcome::Approved, Outcome::Blocked, Outcome::Deferred] {
        let value = decided.map(|d| d.outcomes.get(outcome.as_str()).copied().unwrap_or_default());
        let share = decided.filter(|d| d.all() > 0.0).and_then(|d| Some(value? / d.all()));
        let share = share.map_or_else(String::new, |share| format!(" {}", percent(share)));
        parts.push(plain(format!("{} {}{share}   ", outcome.as_str(), or_unknown(value, rate))));
    }
    let mut lines = vec![ink.line(parts)];
    for (code, per_second) in decided.map(|d| d.blocked.as_slice()).unwrap_or_default() {
        let known = Reason::ALL.iter();
        let mut known = known.filter(|reason| reason.outcome() == Outcome::Blocked);
        let (meaning, tone) = match known.find(|reason| reason.short_code() == code) {
            Some(reason) if reason.is_healthy() => (reason.meaning(), Tone::Quiet),
            Some(reason) => (reason.meaning(), Tone::Odd),
            None => (UNKNOWN, Tone::Quiet),
        };
        let mark = if tone == Tone::Odd { "fix me: " } else { "" };
        lines.push(ink.line([
            plain(format!("  {code:<22} {:>8}  ", rate(*per_second))),
            (format!("{mark}{meaning}"), tone),
        ]));
    }
    let first_bar = view.bars.len().saturating_sub(BARS_WIDTH);
    let bars = bars(view.bars.get(first_bar..).unwrap_or_default());
    let all = or_unknown(decided.map(Decisions::all), rate);
    let aside = format!("{all} {bars} took {}", quantiles(figures.decision_latency));
    Section { title: "DECISIONS", aside, lines, n_min: 1, rank: 4 }
}

pub(super) fn intake(view: &View, figures: &Figures, ink: Ink) -> Section {
    let all = figures.changes.as_ref().map(|changes| changes.iter().map(|(_, rate)| rate).sum());
    let actions = match figures.changes.as_deref() {
        None => UNKNOWN.to_owned(),
        Some([]) => "no changes".to_owned(),
        Some(changes) => {
            // those without a readable action are counted below
            let known = changes.iter().filter(|(action, _)| action != "unknown");
            let shown = known.map(|(action, rate_s)| format!("{action} {}", rate(*rate_s)));
            shown.collect::<Vec<_>>().join("  ")
        }
    };
    let of = |names: &[&str]| {
        let by = figures.results.as_ref()?;
        Some(names.iter().filter_map(|name| by.get(*name)).sum::<f64>())
    };
    let (unreadable, skewed) = (of(&["unreadable"]), of(&["clamped", "quarantined"]));
    let results = ink.line([
        odd(format!("unreadable {}  ", or_unknown(unreadable, rate)), unreadable),
        odd(format!("clock skew {}  ", or_unknown(skewed, rate)), skewed),
        plain(format!("duplicate {}  ", or_unknown(of(&["duplicate"]), rate))),
        plain(format!("dead letters {}", count(figures.dead_letters))),
    ]);
    let quietest = figures.silent_source.as_ref().map_or_else(String::new, |(source, at)| {
        format!("  quietest source {source}, {} ago", age(view.now_unix - at))
    });
    let aside = format!("{}{quietest}", or_unknown(all, rate));
    let lines = vec![ink.line([plain(actions)]), results];
    Section { title: "CONSENT INTAKE", aside, lines, n_min: 1, rank: 3 }
}

pub(super) fn stream(figures: &Figures, ink: Ink) -> Section {
    let longest = figures.lags.iter().map(|lag| lag.topic.chars().count()).max();
    let width = longest.unwrap_or_default().clamp(16, 40);
    let mut lines = Vec::new();
    for lag in &figures.lags {
        let worst = lag.worst.as_ref().map_or_else(String::new, |partition| {
            format!("  worst partition {}: {}", partition.partition, span(partition.seconds))
        });
        lines.push(ink.line([plain(format!(
            "{:<width$}  {:>8} behind  {:>8} waiting{worst}",
            lag.topic,
            span(lag.seconds),
            count(lag.records),
        ))]));
    }
    let ended = |name: &str| {
        figures.transactions.as_ref().map(|by| by.get(name).copied().unwrap_or_default())
    };
    let committed = or_unknown(ended("committed"), rate);
    let mut parts = vec![plain(format!("commits {committed}  {}", quantiles(figures.commit)))];
    for name in ["aborted", "fenced", "indeterminate"] {
        let value = ended(name);
        // the rarest is shown when there is one
        if name != "indeterminate" || value.is_some_and(|rate| rate > 0.0) {
            parts.push(odd(format!("  {name} {}", or_unknown(value, rate)), value));
        }
    }
    parts.push(plain(format!("  recycled {}", count(figures.recycled))));
    lines.push(ink.line(parts));
    Section { title: "STREAM", aside: String::new(), n_min: lines.len().min(3), lines, rank: 2 }
}

pub(super) fn holds(figures: &Figures, ink: Ink) -> Section {
    let mut lines = Vec::new();
    if figures.held.is_empty() {
        lines.push(ink.line([("none".to_owned(), Tone::Good)]));
    }
    let mut held: Vec<(&String, f64)> = figures.held.iter().map(|(cause, n)| (cause, *n)).collect();
    held.sort_by(|one, other| other.1.total_cmp(&one.1));
    for (cause, n) in held {
        let what = if n > 1.0 { "partitions" } else { "partition" };
        let what = format!("{cause} in {} {what}", count(n));
        lines.push(ink.line([(what, Tone::Bad)]));
        lines.push(ink.line([plain(format!("  {}", hold::advice(cause)))]));
    }
    Section { title: "HOLDS", aside: String::new(), n_min: lines.len().min(2), lines, rank: 1 }
}

pub(super) fn state(figures: &Figures, ink: Ink) -> Section {
    let disk_tone = match figures.disk_free {
        Some(share) if share < DISK_FREE_MIN => Tone::Bad,
        Some(_) | None => Tone::Plain,
    };
    let left = figures.restore_remaining;
    let restored = if left > 0.0 {
        (format!("restoring: {} records left  ", count(left)), Tone::Odd)
    } else {
        plain("restored  ")
    };
    let first = ink.line([
        restored,
        plain(format!(
            "{} subjects  {} on disk  cache {} of {}",
            count(figures.subjects),
            bytes(figures.store_bytes),
            or_unknown(figures.cache_hits, percent),
            bytes(figures.cache_bytes),
        )),
        (format!("  disk {} free", or_unknown(figures.disk_free, percent)), disk_tone),
    ]);
    let errors = figures.store_read_errors;
    let errors_tone = if errors > 0.0 { Tone::Bad } else { Tone::Plain };
    let mut second = vec![
        (format!("read errors {}", count(errors)), errors_tone),
        plain(format!("  to compact {}", bytes(figures.compaction_pending))),
        plain(format!("  memory {}", or_unknown(figures.resident_bytes, bytes))),
    ];
    if figures.is_write_stopped {
        second.insert(0, ("WRITES STOPPED  ".to_owned(), Tone::Bad));
    }
    let lines = vec![first, ink.line(second)];
    Section { title: "STATE", aside: String::new(), lines, n_min: 1, rank: 5 }
}

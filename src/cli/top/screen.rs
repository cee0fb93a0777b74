//! How it looks: a [`View`] as lines, for a terminal of any size or for a page of text. Pure.
//!
//! Sections give way when there is little room: first their later lines, then whole ones, the promise and holds last.
//! Colour never carries a meaning alone.

use super::figures::{Decisions, Figures, Latency, Standing};
use super::number::{UNKNOWN, age, bars, bytes, count, or_unknown, percent, rate, span};
use super::{View, hold};
use gate_core::{Outcome, Reason};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};

/// An opt-out has to be in force after so many seconds: 99.9% of them, and all of them.
const OBJECTIVE_S: f64 = 5.0;
const LIMIT_S: f64 = 60.0;
/// Least share of a disk that should be free.
const DISK_FREE_MIN: f64 = 0.1;
/// Bars beside the rate of decisions.
const BARS_WIDTH: usize = 24;

/// What a piece of text says beside its words.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tone {
    Plain,
    Quiet,
    Strong,
    Good,
    Bad,
    Odd,
}

#[derive(Clone, Copy)]
struct Ink {
    has_colour: bool,
    is_stale: bool,
}

impl Ink {
    fn style(self, tone: Tone) -> Style {
        let colour = |style: Style, colour| if self.has_colour { style.fg(colour) } else { style };
        let bold = Style::new().add_modifier(Modifier::BOLD);
        match tone {
            // nothing old may look good
            _ if self.is_stale => Style::new().add_modifier(Modifier::DIM),
            Tone::Plain => Style::new(),
            Tone::Quiet => Style::new().add_modifier(Modifier::DIM),
            Tone::Strong => bold,
            Tone::Good => colour(bold, Color::Green),
            Tone::Bad => colour(bold.add_modifier(Modifier::REVERSED), Color::Red),
            Tone::Odd => colour(bold, Color::Yellow),
        }
    }

    fn span(self, text: impl Into<String>, tone: Tone) -> Span<'static> {
        Span::styled(text.into(), self.style(tone))
    }

    fn line(self, parts: impl IntoIterator<Item = (String, Tone)>) -> Line<'static> {
        Line::from(parts.into_iter().map(|(text, tone)| self.span(text, tone)).collect::<Vec<_>>())
    }
}

fn plain(text: impl Into<String>) -> (String, Tone) {
    (text.into(), Tone::Plain)
}

/// A titled part of the screen.
struct Section {
    title: &'static str,
    /// What stands beside the title.
    aside: String,
    lines: Vec<Line<'static>>,
    /// Lines it is worth showing with.
    n_min: usize,
    /// Who gives way last has the lowest.
    rank: u8,
}

/// The whole screen.
pub(super) fn lines(view: &View, width: u16, height: u16) -> Vec<Line<'static>> {
    let (width, height) = (usize::from(width), usize::from(height));
    let ink = Ink { has_colour: view.has_colour, is_stale: false };
    let mut out = vec![header(view, ink)];
    out.extend(notices(view, ink).into_iter().take((height / 8).max(1)));
    let footer = footer(view, ink);
    let room = height.saturating_sub(out.len() + 1);
    match &view.figures {
        None => out.push(ink.line([("no figures yet".to_owned(), Tone::Quiet)])),
        Some(figures) => {
            let ink = Ink { is_stale: view.stale.is_some(), ..ink };
            let old = view.stale.map(|age| format!("{} old", span(age.as_secs_f64())));
            for section in fitted(sections(view, figures, ink), room) {
                let aside = match &old {
                    Some(old) => old.clone(),
                    None => section.aside,
                };
                out.push(title(section.title, &aside, width, ink));
                out.extend(section.lines);
            }
        }
    }
    out.truncate(height.saturating_sub(1));
    out.push(footer);
    out.into_iter().map(|line| cut(line, width)).collect()
}

fn sections(view: &View, figures: &Figures, ink: Ink) -> Vec<Section> {
    vec![
        promise(view, figures, ink),
        decisions(view, figures, ink),
        intake(view, figures, ink),
        stream(figures, ink),
        holds(figures, ink),
        state(figures, ink),
    ]
}

/// As much of the sections as there is room for, titles included.
fn fitted(mut sections: Vec<Section>, room: usize) -> Vec<Section> {
    let n_least = |sections: &[Section]| sections.iter().map(|s| 1 + s.n_min).sum::<usize>();
    while n_least(&sections) > room && sections.len() > 1 {
        let last = sections.iter().enumerate().max_by_key(|(_, section)| section.rank);
        let Some((index, _)) = last else { break };
        sections.remove(index);
    }
    let mut left = room.saturating_sub(n_least(&sections));
    let mut by_rank: Vec<&mut Section> = sections.iter_mut().collect();
    by_rank.sort_by_key(|section| section.rank);
    for section in by_rank {
        let n_more = section.lines.len().saturating_sub(section.n_min).min(left);
        left -= n_more;
        section.lines.truncate(section.n_min + n_more);
    }
    sections
}

fn title(title: &str, aside: &str, width: usize, ink: Ink) -> Line<'static> {
    let aside = if aside.is_empty() { String::new() } else { format!(" {aside}") };
    let used = title.chars().count() + aside.chars().count() + 1;
    let rule = format!(" {}", "─".repeat(width.saturating_sub(used)));
    ink.line([(title.to_owned(), Tone::Strong), (aside, Tone::Plain), (rule, Tone::Quiet)])
}

/// Cuts a line at the screen's edge and says so.
fn cut(line: Line<'static>, width: usize) -> Line<'static> {
    if line.width() <= width {
        return line;
    }
    let mut left = width.saturating_sub(1);
    let mut spans = Vec::new();
    for span in line.spans {
        let text: String = span.content.chars().take(left).collect();
        left -= text.chars().count();
        spans.push(Span::styled(text, span.style));
    }
    spans.push(Span::raw("…"));
    Line::from(spans)
}

fn header(view: &View, ink: Ink) -> Line<'static> {
    let n_of = |wanted: fn(&Standing) -> bool| {
        view.standings.iter().filter(|(_, standing)| wanted(standing)).count()
    };
    let n_unreachable = n_of(|s| matches!(s, Standing::Unreachable { .. }));
    let n_unready = n_of(|s| matches!(s, Standing::NotReady(_)));
    let n_unknown = n_of(|s| matches!(s, Standing::Unknown));
    let (state, tone) = match (n_unreachable, n_unready, n_unknown) {
        (0, 0, 0) => ("READY".to_owned(), Tone::Good),
        (0, 0, _) => ("asking".to_owned(), Tone::Quiet),
        _ if view.standings.len() == 1 && n_unreachable == 1 => {
            ("UNREACHABLE".to_owned(), Tone::Bad)
        }
        _ if view.standings.len() == 1 => ("NOT READY".to_owned(), Tone::Bad),
        _ => {
            let n_ready = n_of(|s| *s == Standing::Ready);
            let parts =
                [(n_ready, "ready"), (n_unready, "NOT READY"), (n_unreachable, "UNREACHABLE")];
            let parts = parts.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}"));
            (parts.collect::<Vec<_>>().join(", "), Tone::Bad)
        }
    };
    let who = match view.standings.as_slice() {
        [(name, _)] => name.clone(),
        all => format!("{} instances", all.len()),
    };
    let figures = view.figures.as_ref();
    let version = figures.and_then(|f| f.version.clone()).unwrap_or_else(|| UNKNOWN.to_owned());
    let mut parts = vec![
        (format!("consent-gate {version}"), Tone::Strong),
        plain(format!("  {who}  ")),
        (state, tone),
    ];
    if let Some(figures) = figures.filter(|_| view.stale.is_none()) {
        let up = figures.started.map(|started| view.now_unix - started);
        let revision = figures.policy_revision.clone().unwrap_or_else(|| UNKNOWN.to_owned());
        parts.push(plain(format!("  up {}  policies {revision}", or_unknown(up, age))));
        if figures.policy_is_rejected {
            parts.push(("  NEW POLICIES REJECTED".to_owned(), Tone::Bad));
        }
    }
    ink.line(parts)
}

/// What is wrong with instances, one line each.
fn notices(view: &View, ink: Ink) -> Vec<Line<'static>> {
    let mut out = Vec::new();
    let has_others = view.standings.len() > 1;
    for (name, standing) in &view.standings {
        let name = if has_others { format!("{name}: ") } else { String::new() };
        match standing {
            Standing::Unknown | Standing::Ready => {}
            Standing::NotReady(reasons) => {
                for reason in reasons {
                    out.push(ink.line([(format!("{name}{reason}"), Tone::Odd)]));
                }
            }
            Standing::Unreachable { why, silent, age } => {
                let left = match (view.stale, age) {
                    (None, Some(_)) => "; its figures are left out".to_owned(),
                    (None, None) => String::new(),
                    (Some(_), Some(age)) => {
                        format!("; what it said last is {} old", span(age.as_secs_f64()))
                    }
                    (Some(_), None) => String::new(),
                };
                let silent = span(silent.as_secs_f64());
                let text = format!("{name}no answer for {silent}: {why}{left}");
                out.push(ink.line([(text, Tone::Bad)]));
            }
        }
    }
    out
}

fn footer(view: &View, ink: Ink) -> Line<'static> {
    match view.paused {
        Some(since) => ink.line([
            (format!("PAUSED for {}", span(since.as_secs_f64())), Tone::Odd),
            ("   p go on   q quit".to_owned(), Tone::Quiet),
        ]),
        None => ink.line([("q quit   p pause".to_owned(), Tone::Quiet)]),
    }
}

fn quantiles(latency: Option<Latency>) -> String {
    let of = |value: fn(Latency) -> f64| or_unknown(latency.map(value), span);
    format!("p50 {}  p99 {}", of(|l| l.p50), of(|l| l.p99))
}

fn promise(view: &View, figures: &Figures, ink: Ink) -> Section {
    let p99 = figures.enforcement.map(|latency| latency.p99);
    let max = figures.enforcement_max;
    let over = |value: Option<f64>, limit| value.is_some_and(|seconds| seconds > limit);
    let (verdict, tone) = match () {
        () if over(p99, OBJECTIVE_S) || over(max, LIMIT_S) => ("  TOO SLOW", Tone::Bad),
        () if over(max, OBJECTIVE_S) => ("  one was slow", Tone::Odd),
        () if p99.is_some() => ("  kept", Tone::Good),
        () => ("  no change within a minute", Tone::Quiet),
    };
    let enforced = ink.line([
        plain(format!(
            "opt-outs in force after  {}  max {}  objective {OBJECTIVE_S} s",
            quantiles(figures.enforcement),
            or_unknown(max, span)
        )),
        (verdict.to_owned(), tone),
    ]);
    Section {
        title: "PROMISE",
        aside: String::new(),
        lines: vec![enforced, probe(view, figures, ink)],
        n_min: 2,
        rank: 0,
    }
}

fn probe(view: &View, figures: &Figures, ink: Ink) -> Line<'static> {
    let Some(probe) = &figures.probe else {
        return ink.line([plain(format!("probe {UNKNOWN}  approved after an opt-out {UNKNOWN}"))]);
    };
    if !probe.is_enabled {
        let text = format!(
            "probe off  approved after an opt-out {UNKNOWN} (`probe.enabled` makes it watch)"
        );
        return ink.line([plain(text)]);
    }
    let rounds = |result: &str| probe.rounds.get(result).copied().unwrap_or_default();
    let (violated, n_bad) = (rounds("violated"), rounds("timed_out") + rounds("error"));
    let state = match (probe.is_up, probe.success) {
        (true, _) => ("passed".to_owned(), Tone::Good),
        (false, None) => ("has not passed yet".to_owned(), Tone::Odd),
        (false, Some(_)) => ("FAILS".to_owned(), Tone::Bad),
    };
    let ago = or_unknown(probe.success.map(|at| view.now_unix - at), age);
    let tone = if violated > 0.0 { Tone::Bad } else { Tone::Good };
    ink.line([
        plain("probe "),
        state,
        plain(format!(
            "  last passed {ago} ago  rounds {} passed, {} not",
            count(rounds("passed")),
            count(n_bad)
        )),
        plain("  approved after an opt-out "),
        (count(violated), tone),
    ])
}

fn decisions(view: &View, figures: &Figures, ink: Ink) -> Section {
    let decided = figures.decisions.as_ref();
    let n_bars = view.bars.len().saturating_sub(BARS_WIDTH);
    let bars = bars(view.bars.get(n_bars..).unwrap_or_default());
    let all = or_unknown(decided.map(Decisions::all), rate);
    let mut parts = Vec::new();
    for outcome in [Outcome::Approved, Outcome::Blocked, Outcome::Deferred] {
        let value = decided.map(|d| d.outcomes.get(outcome.as_str()).copied().unwrap_or_default());
        let share = decided.filter(|d| d.all() > 0.0).and_then(|d| Some(value? / d.all()));
        let share = share.map_or_else(String::new, |share| format!(" {}", percent(share)));
        parts.push(plain(format!("{} {}{share}   ", outcome.as_str(), or_unknown(value, rate))));
    }
    parts.push(plain(format!("took {}", quantiles(figures.decision_latency))));
    let mut lines = vec![ink.line(parts)];
    for (code, per_second) in decided.map(|d| d.blocked.as_slice()).unwrap_or_default() {
        let reason = Reason::ALL
            .iter()
            .find(|reason| reason.outcome() == Outcome::Blocked && reason.short_code() == code);
        let (meaning, tone) = match reason {
            Some(reason) if reason.is_healthy() => (reason.meaning(), Tone::Quiet),
            Some(reason) => (reason.meaning(), Tone::Odd),
            None => (UNKNOWN, Tone::Quiet),
        };
        let mark = if tone == Tone::Odd { "fix me: " } else { "" };
        lines.push(ink.line([
            plain(format!("  {code:<22} {:>9}  ", rate(*per_second))),
            (format!("{mark}{meaning}"), tone),
        ]));
    }
    Section { title: "DECISIONS", aside: format!("{all} {bars}"), lines, n_min: 1, rank: 4 }
}

fn intake(view: &View, figures: &Figures, ink: Ink) -> Section {
    let all = figures.changes.as_ref().map(|changes| changes.iter().map(|(_, rate)| rate).sum());
    let actions = match figures.changes.as_deref() {
        None => UNKNOWN.to_owned(),
        Some([]) => "no changes".to_owned(),
        Some(changes) => {
            let shown = changes
                .iter()
                .map(|(action, per_second)| format!("{action} {}", rate(*per_second)));
            shown.collect::<Vec<_>>().join("  ")
        }
    };
    let result = |name: &str| {
        let value = figures.results.as_ref().map(|by| by.get(name).copied().unwrap_or_default());
        let is_odd =
            value.is_some_and(|rate| rate > 0.0) && matches!(name, "unreadable" | "quarantined");
        (
            format!("{name} {}  ", or_unknown(value, rate)),
            if is_odd { Tone::Odd } else { Tone::Plain },
        )
    };
    let mut parts: Vec<(String, Tone)> =
        ["duplicate", "clamped", "quarantined", "unreadable"].map(result).to_vec();
    parts.push(plain(format!("dead letters {}", or_unknown(figures.dead_letters, count))));
    if let Some((source, at)) = &figures.silent_source {
        parts.push(plain(format!("  quietest source {source}, {} ago", age(view.now_unix - at))));
    }
    Section {
        title: "CONSENT INTAKE",
        aside: or_unknown(all, rate),
        lines: vec![ink.line([plain(actions)]), ink.line(parts)],
        n_min: 1,
        rank: 3,
    }
}

fn stream(figures: &Figures, ink: Ink) -> Section {
    let longest =
        figures.lags.iter().map(|lag| lag.topic.chars().count()).max().unwrap_or_default();
    let width = longest.clamp(16, 40);
    let mut lines = Vec::new();
    for lag in &figures.lags {
        let topic = &lag.topic;
        let worst = lag.worst.as_ref().map_or_else(String::new, |partition| {
            let seconds = or_unknown(partition.seconds, span);
            let records = or_unknown(partition.records, count);
            format!("   worst partition {}: {seconds}, {records}", partition.partition)
        });
        lines.push(ink.line([plain(format!(
            "{topic:<width$}  {:>8} behind  {:>9} waiting{worst}",
            or_unknown(lag.seconds, span),
            or_unknown(lag.records, count),
        ))]));
    }
    let result = |name: &str| {
        let value =
            figures.transactions.as_ref().map(|by| by.get(name).copied().unwrap_or_default());
        let is_odd = value.is_some_and(|rate| rate > 0.0) && name != "committed";
        (
            format!("  {name} {}", or_unknown(value, rate)),
            if is_odd { Tone::Odd } else { Tone::Plain },
        )
    };
    let mut parts = vec![plain(format!("commits {}", quantiles(figures.commit)))];
    parts.extend(["committed", "aborted", "fenced", "indeterminate"].map(result));
    parts.push(plain(format!("  producers recycled {}", or_unknown(figures.recycled, count))));
    lines.push(ink.line(parts));
    Section { title: "STREAM", aside: String::new(), n_min: lines.len().min(3), lines, rank: 2 }
}

fn holds(figures: &Figures, ink: Ink) -> Section {
    let mut lines = Vec::new();
    match &figures.held {
        None => lines.push(ink.line([plain(UNKNOWN)])),
        Some(held) if held.is_empty() => lines.push(ink.line([("none".to_owned(), Tone::Good)])),
        Some(held) => {
            let mut held: Vec<(&String, f64)> = held.iter().map(|(cause, n)| (cause, *n)).collect();
            held.sort_by(|one, other| other.1.total_cmp(&one.1));
            for (cause, n) in held {
                lines.push(ink.line([
                    (format!("{cause} in {}", count(n)), Tone::Bad),
                    plain(format!("  {}", hold::advice(cause))),
                ]));
            }
        }
    }
    Section { title: "HOLDS", aside: String::new(), n_min: 1, lines, rank: 1 }
}

fn state(figures: &Figures, ink: Ink) -> Section {
    let disk_tone = match figures.disk_free {
        Some(share) if share < DISK_FREE_MIN => Tone::Bad,
        Some(_) | None => Tone::Plain,
    };
    let restored = match figures.restore_remaining {
        None => plain(""),
        Some(left) if left > 0.0 => {
            (format!("  restoring, {} records left", count(left)), Tone::Odd)
        }
        Some(_) => plain("  restored"),
    };
    let first = ink.line([
        plain(format!(
            "{} subjects  {} on disk  cache hits {} of {}",
            or_unknown(figures.subjects, count),
            or_unknown(figures.store_bytes, bytes),
            or_unknown(figures.cache_hits, percent),
            or_unknown(figures.cache_bytes, bytes),
        )),
        (format!("  disk {} free", or_unknown(figures.disk_free, percent)), disk_tone),
        restored,
    ]);
    let errors = figures.store_read_errors;
    let errors_tone = if errors.is_some_and(|n| n > 0.0) { Tone::Bad } else { Tone::Plain };
    let mut second = vec![
        plain(format!("to compact {}", or_unknown(figures.compaction_pending, bytes))),
        (format!("  read errors {}", or_unknown(errors, count)), errors_tone),
        plain(format!("  memory {}", or_unknown(figures.resident_bytes, bytes))),
    ];
    if figures.is_write_stopped {
        second.push(("  WRITES STOPPED".to_owned(), Tone::Bad));
    }
    Section {
        title: "STATE",
        aside: String::new(),
        lines: vec![first, ink.line(second)],
        n_min: 1,
        rank: 5,
    }
}

//! The tables people read, on a terminal and in the page: medians, and ratios within one run.

use crate::figures::{
    Crowd, Door, DoorRun, Figures, Latency, Origin, Restore, RestoreRun, SHARES, Scaling,
    Throughput, ThroughputRun, Who,
};
use crate::stats::median;
use crate::targets;
use anyhow::Result;
use comfy_table::{CellAlignment, ContentArrangement, Table, TableStyle, presets};
use std::io::Write;

/// How a table is drawn.
#[derive(Clone, Copy)]
pub(crate) enum Style {
    /// For a terminal.
    Terminal,
    /// For a page.
    Markdown,
}

/// Prints what there is.
pub(crate) fn print(figures: &Figures) -> Result<()> {
    let mut out = std::io::stdout().lock();
    for table in all(figures, Style::Terminal) {
        writeln!(out, "{}\n", table.trim_fmt())?;
    }
    Ok(())
}

fn all(figures: &Figures, style: Style) -> Vec<Table> {
    let mut tables = Vec::new();
    tables.extend(figures.throughput.as_ref().map(|section| throughput(&section.figures, style)));
    tables.extend(figures.latency.as_ref().map(|section| latency(&section.figures, style)));
    tables.extend(figures.door.as_ref().map(|section| door(&section.figures, style)));
    tables.extend(figures.restore.as_ref().map(|section| restore(&section.figures, style)));
    tables.extend(figures.scaling.as_ref().map(|section| lanes(&section.figures, style)));
    tables.extend(figures.scaling.as_ref().map(|section| contacts(&section.figures, style)));
    tables.push(of_targets(figures, style));
    tables
}

/// Targets and what was found.
pub(crate) fn of_targets(figures: &Figures, style: Style) -> Table {
    let mut table = empty(style, &["target", "wanted", "found", "met"]);
    for target in targets::all(figures) {
        let is_met = match target.is_met {
            Some(true) => "yes",
            Some(false) => "NO",
            None => "",
        };
        let found = target.found.unwrap_or_else(|| "not measured".to_owned());
        table.add_row([target.what, target.wanted, &found, is_met]);
    }
    table
}

/// Messages a second, CPU, memory.
pub(crate) fn throughput(figures: &Throughput, style: Style) -> Table {
    let head = [
        "throughput",
        "messages/s",
        "× peer",
        "× floor",
        "CPU-s per million",
        "broker CPU-s per million",
        "peak MiB",
        "runs",
    ];
    let mut table = empty(style, &head);
    let rate = |who| median(figures.of(who, |run| run.window.messages_per_s()));
    for who in [Who::Gate, Who::GateAvro, Who::Floor, Who::Peer] {
        let n_runs = figures.of(who, |_| 0.0).count();
        if n_runs == 0 {
            table.add_row([who.title(), "missing"]);
            continue;
        }
        let ratio = |to| rate(who).zip(rate(to)).map(|(ours, theirs)| ours / theirs);
        let of = |figure: fn(&ThroughputRun) -> f64| median(figures.of(who, figure));
        table.add_row([
            who.title().to_owned(),
            number(rate(who), 0),
            number(ratio(Who::Peer), 2),
            number(ratio(Who::Floor), 2),
            number(of(|run| run.window.cpu_s_per_million()), 2),
            number(of(|run| run.window.broker_cpu_s / run.window.messages as f64 * 1e6), 2),
            number(of(|run| run.peak_rss_mib), 0),
            n_runs.to_string(),
        ]);
    }
    table
}

/// The door by load: medians over the rounds.
pub(crate) fn door(figures: &Door, style: Style) -> Table {
    let head = [
        "load",
        "posts/s",
        "changes/s",
        "p50 ms",
        "p99 ms",
        "max ms",
        "sent again",
        "answered for",
        "lost",
        "door CPU-s per 1,000 posts",
        "door MiB",
        "rounds",
    ];
    let mut table = empty(style, &head);
    let mut shown = Vec::new();
    for run in &figures.runs {
        let load = (run.wanted_per_s, run.changes_each, run.crowd);
        if shown.contains(&load) {
            continue;
        }
        shown.push(load);
        let same = || {
            let runs = figures.runs.iter();
            runs.filter(move |run| (run.wanted_per_s, run.changes_each, run.crowd) == load)
        };
        let of = |figure: fn(&DoorRun) -> f64| median(same().map(figure));
        let sum =
            |figure: fn(&DoorRun) -> u64| number(Some(same().map(figure).sum::<u64>() as f64), 0);
        let mut words = run.wanted_per_s.map_or_else(
            || "as fast as answers come".to_owned(),
            |rate| format!("{} a second", number(Some(f64::from(rate)), 0)),
        );
        if run.changes_each > 1 {
            words += &format!(", {} changes each", run.changes_each);
        }
        let held = same().map(|run| run.connections_held).min().unwrap_or_default();
        let held = number(Some(held as f64), 0);
        match run.crowd {
            None => {}
            Some(Crowd::Idle) => words += &format!(", beside {held} silent connections"),
            Some(Crowd::Slow) => words += &format!(", beside {held} slow ones"),
        }
        table.add_row([
            words,
            number(of(DoorRun::posts_per_s), 0),
            number(of(|run| run.acknowledged as f64 / run.seconds), 0),
            number(of(|run| run.percentiles_ms[0]), 1),
            number(of(|run| run.percentiles_ms[2]), 1),
            number(of(|run| run.percentiles_ms[4]), 1),
            sum(|run| run.again),
            sum(|run| run.acknowledged),
            sum(|run| run.lost),
            number(of(|run| run.door_cpu_s / run.posts as f64 * 1e3), 2),
            number(of(|run| run.peak_rss_mib), 0),
            same().count().to_string(),
        ]);
    }
    table
}

/// Milliseconds by rate.
pub(crate) fn latency(figures: &Latency, style: Style) -> Table {
    let head =
        ["latency, ms", "messages/s", "p50", "p90", "p99", "p99.9", "max", "missing", "runs"];
    let mut table = empty(style, &head);
    for rate in crate::latency::RATES {
        for who in [Who::Gate, Who::Peer] {
            let runs: Vec<_> =
                figures.runs.iter().filter(|run| run.who == who && run.rate == rate).collect();
            if runs.is_empty() {
                table.add_row([who.title(), &rate.to_string(), "missing"]);
                continue;
            }
            let mut row = vec![who.title().to_owned(), rate.to_string()];
            row.extend((0..SHARES.len()).map(|place| {
                let ms = runs.iter().filter_map(|run| run.percentiles_ms.get(place).copied());
                number(median(ms), 1)
            }));
            row.push(runs.iter().map(|run| run.missing).sum::<u64>().to_string());
            row.push(runs.len().to_string());
            table.add_row(row);
        }
    }
    table
}

/// From an empty store to ready.
pub(crate) fn restore(figures: &Restore, style: Style) -> Table {
    let head = [
        "restore",
        "changes",
        "seconds",
        "changes/s",
        "CPU-s per million",
        "peak MiB",
        "checkpoint MiB",
        "runs",
    ];
    let mut table = empty(style, &head);
    let contenders = [
        (Who::Gate, Origin::Log),
        (Who::Gate, Origin::Linked),
        (Who::Gate, Origin::Copied),
        (Who::Peer, Origin::Log),
    ];
    for (who, origin) in contenders {
        let runs: Vec<_> = figures.of(who, origin).collect();
        let title = format!("{}{}", who.title(), from(origin));
        if runs.is_empty() {
            table.add_row([title, "missing".to_owned()]);
        } else {
            table.add_row(restored(title, &runs));
        }
    }
    if let Some(large) = &figures.large {
        for run in std::iter::once(&large.restore).chain(&large.checkpoints) {
            let title =
                format!("gate, {} M contacts{}", large.contacts / 1_000_000, from(run.origin));
            table.add_row(restored(title, &[run]));
        }
    }
    table
}

fn from(origin: Origin) -> &'static str {
    match origin {
        Origin::Log => "",
        Origin::Linked => ", checkpoint, linked",
        Origin::Copied => ", checkpoint, copied",
    }
}

/// A row of medians.
fn restored(title: String, runs: &[&RestoreRun]) -> [String; 8] {
    let of = |figure: fn(&RestoreRun) -> f64| median(runs.iter().map(|run| figure(run)));
    let mib = runs.iter().filter_map(|run| run.checkpoint_bytes);
    [
        title,
        number(of(|run| run.changes as f64), 0),
        number(of(|run| run.seconds), 2),
        number(of(RestoreRun::rate), 0),
        number(of(|run| run.cpu_s / run.changes as f64 * 1e6), 2),
        number(of(|run| run.peak_rss_mib.unwrap_or(run.rss_mib)), 0),
        number(median(mib.map(|bytes| bytes as f64 / f64::from(1 << 20))), 0),
        runs.len().to_string(),
    ]
}

/// Throughput by lanes.
pub(crate) fn lanes(figures: &Scaling, style: Style) -> Table {
    let mut table = empty(style, &["lanes", "messages/s", "CPU-s per million", "peak MiB", "runs"]);
    for lanes in figures.numbers_of_lanes() {
        let of = |figure: fn(&ThroughputRun) -> f64| median(figures.with_lanes(lanes).map(figure));
        table.add_row([
            lanes.to_string(),
            number(of(|run| run.window.messages_per_s()), 0),
            number(of(|run| run.window.cpu_s_per_million()), 2),
            number(of(|run| run.peak_rss_mib), 0),
            figures.with_lanes(lanes).count().to_string(),
        ]);
    }
    table
}

/// The store as it grows.
pub(crate) fn contacts(figures: &Scaling, style: Style) -> Table {
    let head = [
        "contacts",
        "µs per known",
        "its CPU",
        "µs per unknown",
        "its CPU",
        "MiB",
        "GiB on disk",
        "changes/s",
    ];
    let mut table = empty(style, &head);
    for size in &figures.store {
        table.add_row([
            number(Some(size.contacts as f64), 0),
            number(Some(size.known_us), 2),
            number(Some(size.known_cpu_us), 2),
            number(Some(size.unknown_us), 2),
            number(Some(size.unknown_cpu_us), 2),
            number(Some(size.rss_mib), 0),
            number(Some(size.disk_bytes as f64 / f64::from(1 << 30)), 2),
            number(Some(size.changes_per_s), 0),
        ]);
    }
    table
}

fn empty(style: Style, head: &[&str]) -> Table {
    let style: TableStyle = match style {
        Style::Terminal => presets::NOTHING,
        Style::Markdown => presets::ASCII_MARKDOWN,
    };
    let mut table = Table::new();
    table.load_style(style).set_content_arrangement(ContentArrangement::Disabled).set_header(head);
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

/// A number with thousands set apart; a dash when there is none.
pub(crate) fn number(value: Option<f64>, decimals: usize) -> String {
    let Some(value) = value else { return "–".to_owned() };
    let text = format!("{value:.decimals$}");
    let (whole, rest) = text.split_at(text.find('.').unwrap_or(text.len()));
    let digits: Vec<char> = whole.chars().collect();
    let groups: Vec<String> = digits.rchunks(3).rev().map(|group| group.iter().collect()).collect();
    format!("{}{rest}", groups.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped() {
        assert_eq!(number(Some(1_234_567.0), 0), "1,234,567");
        assert_eq!(number(Some(123.456), 2), "123.46");
        assert_eq!(number(Some(1_000.5), 1), "1,000.5");
        assert_eq!(number(None, 1), "–");
    }
}

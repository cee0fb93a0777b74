//! Screens as they are drawn, from pages as instances serve them. The pictures are in `screens/`; after a change that is
//! meant, `UPDATE_GOLDEN=1 cargo test --release --lib top` draws them anew: read them before they are committed.

use super::exposition::Exposition;
use super::figures::{Figures, Instance, Readiness, Scraped, Standing};
use super::reading::Reading;
use super::{App, View, screen};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::style::Color;
use ratatui::widgets::Paragraph;
use std::collections::VecDeque;
use std::fmt::Write as _;
use std::time::{Duration, Instant};

/// The wall clock of the pictures.
const NOW_UNIX: f64 = 1_795_600_000.0;

fn series(out: &mut String, name: &str, labels: &str, value: f64) {
    let braces = if labels.is_empty() { String::new() } else { format!("{{{labels}}}") };
    writeln!(out, "consent_gate_{name}{braces} {value}").unwrap();
}

/// A histogram of `n` values of which most are near `typical`.
fn histogram(out: &mut String, name: &str, n: f64, typical: f64) {
    for (le, share) in
        [(typical / 2.0, 0.1), (typical, 0.6), (typical * 4.0, 0.995), (typical * 10.0, 1.0)]
    {
        series(out, &format!("{name}_bucket"), &format!("le=\"{le}\""), (n * share).round());
    }
    series(out, &format!("{name}_bucket"), "le=\"+Inf\"", n);
}

/// What a gate of today serves after so many seconds of an even load.
fn page(seconds: f64) -> String {
    let mut out = String::new();
    let o = &mut out;
    series(o, "build_info", "version=\"0.1.0\",revision=\"abc\"", 1.0);
    series(o, "policy_revision_info", "revision=\"5e05dfd7c833\"", 1.0);
    series(o, "policy_rejected", "", 0.0);
    writeln!(o, "process_start_time_seconds {}", NOW_UNIX - 11_520.0).unwrap();
    writeln!(o, "process_resident_memory_bytes 220200960").unwrap();
    for (outcome, reason, rate) in [
        ("approved", "express_consent", 24.0),
        ("approved", "transactional", 6.0),
        ("blocked", "opted_out", 8.2),
        ("blocked", "no_consent", 5.1),
        ("blocked", "scope_mismatch", 2.4),
        ("blocked", "complaint", 1.1),
        ("blocked", "invalid_message", 0.5),
        ("blocked", "frequency_cap", 0.3),
        ("blocked", "erased", 0.04),
        ("blocked", "minor", 0.0),
        ("deferred", "quiet_hours", 4.4),
    ] {
        let labels = format!("outcome=\"{outcome}\",reason=\"{reason}\",channel=\"email\"");
        series(o, "decisions_total", &labels, rate * seconds);
    }
    histogram(o, "enforcement_latency_seconds", 5.0 * seconds, 0.004);
    series(o, "enforcement_latency_max_seconds", "", 0.041);
    histogram(o, "decision_latency_seconds", 52.0 * seconds, 0.012);
    histogram(o, "commit_seconds", 20.0 * seconds, 0.005);
    series(o, "probe_enabled", "", 1.0);
    series(o, "probe_up", "", 1.0);
    series(o, "probe_last_success_timestamp_seconds", "", NOW_UNIX - 4.0);
    for (result, n) in [("passed", 1_152.0), ("violated", 0.0), ("timed_out", 1.0), ("error", 0.0)]
    {
        series(o, "probe_rounds_total", &format!("result=\"{result}\""), n);
    }
    for (action, result, rate) in [
        ("opt_in", "applied", 2.5),
        ("opt_out", "applied", 1.2),
        ("inbound_sms", "applied", 0.6),
        ("inbound_sms", "no_effect", 0.2),
        ("relationship", "applied", 0.4),
        ("relationship", "duplicate", 0.05),
        ("unknown", "unreadable", 0.02),
        ("erase", "applied", 0.0),
    ] {
        let labels = format!("action=\"{action}\",result=\"{result}\"");
        series(o, "consent_changes_total", &labels, rate * seconds);
    }
    series(o, "dead_letters_total", "", 3.0);
    for (source, ago) in [("crm", 190.0), ("web-shop", 2.0), ("other", 9_000.0)] {
        let labels = format!("source=\"{source}\"");
        series(o, "source_last_change_timestamp_seconds", &labels, NOW_UNIX - ago);
    }
    for (topic, records, age) in [("consent-change", 0.0, 0.0), ("outbound-message", 14.0, 0.21)] {
        series(o, "lag_records", &format!("topic=\"{topic}\""), records);
        series(o, "lag_seconds", &format!("topic=\"{topic}\""), age);
        for partition in 0..4 {
            let labels = format!("topic=\"{topic}\",partition=\"{partition}\"");
            let is_behind = partition == 3;
            series(o, "partition_lag_records", &labels, if is_behind { records } else { 0.0 });
            series(o, "partition_lag_seconds", &labels, if is_behind { age } else { 0.0 });
        }
    }
    for (result, rate) in
        [("committed", 20.0), ("aborted", 0.0), ("fenced", 0.0), ("indeterminate", 0.0)]
    {
        series(o, "transactions_total", &format!("result=\"{result}\""), rate * seconds);
    }
    series(o, "producer_recycles_total", "cause=\"timed_out\"", 0.0);
    for cause in ["barrier_timeout", "consent_poison", "restoring"] {
        series(o, "held_partitions", &format!("cause=\"{cause}\""), 0.0);
    }
    series(o, "subjects", "", 41_233.0);
    series(o, "store_bytes", "", 13_107_200.0);
    series(o, "store_read_errors_total", "", 0.0);
    series(o, "restore_remaining_records", "", 0.0);
    series(o, "store_cache_hits_total", "", 980.0 * seconds);
    series(o, "store_cache_misses_total", "", 20.0 * seconds);
    series(o, "store_cache_bytes", "", 67_108_864.0);
    series(o, "store_compaction_pending_bytes", "", 0.0);
    series(o, "store_write_stopped", "", 0.0);
    series(o, "disk_free_bytes", "", 41.0e9);
    series(o, "disk_total_bytes", "", 100.0e9);
    out
}

/// Replaces the values of a series.
fn with(page: &str, series: &str, value: &str) -> String {
    let start = format!("consent_gate_{series} ");
    assert!(page.contains(&start), "{series}");
    let line = |line: &str| match line.starts_with(&start) {
        true => format!("{start}{value}\n"),
        false => format!("{line}\n"),
    };
    page.lines().map(line).collect()
}

fn scraped(at: Instant, page: &str, readiness: Readiness) -> Scraped {
    let reading = Reading::of(&Exposition::parse(page).unwrap());
    Scraped { at, answer: Ok((Box::new(reading), readiness)) }
}

fn app(names: &[&str]) -> App {
    App {
        instances: names.iter().map(|name| Instance::new((*name).to_owned())).collect(),
        bars: VecDeque::new(),
        paused: None,
        has_colour: true,
    }
}

/// Half a minute of scrapes of one gate; the clock after it.
fn watched(change: impl Fn(&str) -> String, readiness: &Readiness) -> (App, Instant) {
    let began = Instant::now();
    let mut app = app(&["127.0.0.1:8080"]);
    let mut now = began;
    for tick in 0..16_u32 {
        now = began + Duration::from_secs(2) * tick;
        let page = change(&page(100.0 + 2.0 * f64::from(tick)));
        app.take(vec![scraped(now, &page, readiness.clone())]);
    }
    (app, now)
}

fn view(app: &App, now: Instant) -> View {
    View { now_unix: NOW_UNIX, ..app.view(now) }
}

/// Draws as the program does.
fn drawn(view: &View, width: u16, height: u16) -> Terminal<TestBackend> {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    let lines = screen::lines(view, width, height);
    terminal.draw(|frame| frame.render_widget(Paragraph::new(lines), frame.area())).unwrap();
    terminal
}

fn text(terminal: &Terminal<TestBackend>) -> String {
    let buffer = terminal.backend().buffer();
    let row = |y| {
        let cells = (0..buffer.area.width).filter_map(|x| buffer.cell((x, y)));
        let row: String = cells.map(ratatui::buffer::Cell::symbol).collect();
        row.trim_end().to_owned() + "\n"
    };
    (0..buffer.area.height).map(row).collect()
}

#[track_caller]
fn assert_picture(name: &str, view: &View, width: u16, height: u16) {
    let drawn = text(&drawn(view, width, height));
    let file = format!("{name}-{width}x{height}.txt");
    let path =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/cli/top/screens").join(&file);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &drawn).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(drawn == kept, "{file} is another one now:\n{drawn}\nbefore:\n{kept}");
}

#[test]
fn a_healthy_gate() {
    let (app, now) = watched(str::to_owned, &Readiness::Ready);
    let view = view(&app, now);
    assert_picture("healthy", &view, 80, 24);
    assert_picture("healthy", &view, 120, 40);
    assert_picture("healthy", &view, 40, 12);
}

#[test]
fn a_gate_that_holds() {
    let reason =
        "lane 0: consent_poison for 12 s: `consent-change` partition 1 offset 42, malformed";
    let readiness = Readiness::Not(vec![reason.to_owned()]);
    let held = |page: &str| {
        let page = with(page, "held_partitions{cause=\"consent_poison\"}", "4");
        let page = with(&page, "lag_seconds{topic=\"outbound-message\"}", "12.4");
        let page = with(&page, "lag_records{topic=\"outbound-message\"}", "622");
        let page = with(&page, "enforcement_latency_max_seconds", "0");
        with(&page, "probe_up", "0")
    };
    let (app, now) = watched(held, &readiness);
    let view = view(&app, now);
    assert_picture("held", &view, 80, 24);
    assert_picture("held", &view, 120, 40);
}

/// Old figures are called old, and nothing about them looks good.
#[test]
fn a_gate_that_does_not_answer() {
    let (mut app, now) = watched(str::to_owned, &Readiness::Ready);
    let refused = || Err("connection refused".to_owned());
    app.take(vec![Scraped { at: now + Duration::from_secs(2), answer: refused() }]);
    app.take(vec![Scraped { at: now + Duration::from_secs(4), answer: refused() }]);
    let view = view(&app, now + Duration::from_secs(14));
    assert_eq!(view.stale, Some(Duration::from_secs(14)));
    assert_picture("unreachable", &view, 80, 24);
    assert_picture("unreachable", &view, 120, 40);
    let terminal = drawn(&view, 120, 40);
    let is_green = |cell: &ratatui::buffer::Cell| cell.fg == Color::Green;
    assert!(!terminal.backend().buffer().content().iter().any(is_green), "old figures look good");
    // and once it answers, its former figures are no basis for rates
    app.take(vec![scraped(now + Duration::from_secs(60), &page(10.0), Readiness::Ready)]);
    let view = View { now_unix: NOW_UNIX, ..app.view(now + Duration::from_secs(60)) };
    assert_eq!(view.figures.unwrap().decisions, None);
}

#[test]
fn nothing_was_ever_heard() {
    let mut app = app(&["127.0.0.1:8080"]);
    let now = Instant::now();
    let view_of = |app: &App| text(&drawn(&view(app, now), 80, 24));
    assert!(view_of(&app).contains("asking"));
    app.take(vec![Scraped { at: now, answer: Err("connection refused".to_owned()) }]);
    let shown = view_of(&app);
    assert!(shown.contains("UNREACHABLE") && shown.contains("connection refused"), "{shown}");
    assert!(!shown.contains("PROMISE"), "{shown}");
}

/// A metric that an older version does not have is a dash, not a zero.
#[test]
fn an_older_version() {
    let old = |page: &str| {
        let new = [
            "probe_",
            "enforcement_latency_max",
            "commit_",
            "partition_lag",
            "store_cache",
            "disk_",
            "restore_",
        ];
        let is_old =
            |line: &&str| !new.iter().any(|name| line.starts_with(&format!("consent_gate_{name}")));
        page.lines().filter(is_old).map(|line| format!("{line}\n")).collect()
    };
    let (app, now) = watched(old, &Readiness::Ready);
    let shown = text(&drawn(&view(&app, now), 120, 40));
    for dash in [
        "max –",
        "approved after an opt-out –  probe –",
        "cache – of –",
        "disk – free",
        "/s  p50 –  p99 –  aborted",
    ] {
        assert!(shown.contains(dash), "{dash}:\n{shown}");
    }
}

/// What every instance does is not counted twice; what is shared out is added.
#[test]
fn three_instances() {
    let began = Instant::now();
    let mut app = app(&["gate-1:8080", "gate-2:8080", "gate-3:8080"]);
    for tick in 0..5_u32 {
        let at = began + Duration::from_secs(2) * tick;
        let page = page(100.0 + 2.0 * f64::from(tick));
        // of the message partitions each has its own
        let own = |name: &str| {
            page.replace(
                "topic=\"outbound-message\",partition=\"",
                &format!("topic=\"outbound-message\",partition=\"{name}"),
            )
        };
        let third = match tick {
            0..3 => scraped(at, &own("3"), Readiness::Ready),
            _ => Scraped { at, answer: Err("no answer within 3 s".to_owned()) },
        };
        let not_ready =
            Readiness::Not(vec!["lane 1: waiting for the consumer group, 0 partitions".to_owned()]);
        app.take(vec![
            scraped(at, &own("1"), Readiness::Ready),
            scraped(at, &own("2"), not_ready),
            third,
        ]);
    }
    let view = view(&app, began + Duration::from_secs(8));
    assert_eq!(view.stale, None);
    assert_eq!(view.standings[0].1, Standing::Ready);
    let figures: &Figures = view.figures.as_ref().unwrap();
    let near = |value: f64, wanted: f64| (value - wanted).abs() < 0.01;
    assert!(near(figures.decisions.as_ref().unwrap().outcomes["approved"], 60.0));
    assert!(near(figures.changes.as_ref().unwrap()[0].1, 2.5), "{:?}", figures.changes);
    assert_eq!(figures.subjects, Some(41_233.0));
    let waiting: Vec<Option<f64>> = figures.lags.iter().map(|lag| lag.records).collect();
    assert_eq!(waiting, [Some(0.0), Some(28.0)]);
    assert_picture("three", &view, 120, 40);
}

/// However small, it draws; and no line is longer than the screen.
#[test]
fn every_size_is_drawn() {
    let (app, now) = watched(str::to_owned, &Readiness::Not(vec!["why".to_owned(); 9]));
    let view = view(&app, now);
    for width in [1, 2, 10, 39, 79, 80, 81, 200] {
        for height in [1, 2, 3, 8, 16, 23, 24, 25, 60] {
            let lines = screen::lines(&view, width, height);
            assert!(lines.len() <= usize::from(height), "{width}x{height}");
            assert!(
                lines.iter().all(|line| line.width() <= usize::from(width)),
                "{width}x{height}"
            );
        }
    }
    let shown = text(&drawn(&view, 80, 10));
    assert!(
        shown.contains("PROMISE") && shown.contains("HOLDS") && !shown.contains("STATE"),
        "{shown}"
    );
}

#[test]
fn without_colours() {
    let (mut app, now) = watched(str::to_owned, &Readiness::Ready);
    let colours = |app: &App| {
        let terminal = drawn(&view(app, now), 80, 24);
        let is_coloured =
            |cell: &&ratatui::buffer::Cell| cell.fg != Color::Reset || cell.bg != Color::Reset;
        terminal.backend().buffer().content().iter().filter(is_coloured).count()
    };
    assert!(colours(&app) > 0);
    app.has_colour = false;
    assert_eq!(colours(&app), 0);
}

/// On paper there are no keys to press.
#[test]
fn a_page_of_text() {
    let (app, now) = watched(str::to_owned, &Readiness::Ready);
    let page = |is_page| {
        let view = View { is_page, ..view(&app, now) };
        screen::lines(&view, 100, 60).iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    };
    assert!(page(false).contains("q quit") && !page(true).contains("q quit"));
    assert!(page(true).contains("memory 210 MiB"), "{}", page(true));
}

#[test]
fn every_hold_has_advice() {
    use crate::metrics::{HoldCause, Labels as _};
    for cause in HoldCause::all() {
        assert!(super::hold::advice(cause.as_str()).len() > 10, "{cause:?}");
    }
    assert_eq!(super::hold::advice("of-tomorrow"), "–");
}

//! Screens as they are drawn, from snapshots as instances serve them. The pictures are in `screens/`; after a change that is
//! meant, `UPDATE_GOLDEN=1 cargo test --release --lib top` draws them anew: read them before they are committed.

use super::figures::{Answer, Figures, Instance, Scraped, Standing};
use super::{App, View, screen};
use crate::metrics::PartitionLag;
use crate::status::{
    Bucket, Counts, Held, Histogram, Intake, Lag, Messages, Policies, Probe, Readiness, Snapshot,
    Store, Transactions,
};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::style::Color;
use ratatui::widgets::Paragraph;
use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

/// The wall clock of the pictures.
const NOW_UNIX: f64 = 1_795_600_000.0;

fn counts(of: &[(&str, f64)]) -> Counts {
    of.iter().map(|(name, n)| ((*name).to_owned(), whole(*n))).collect()
}

fn whole(n: f64) -> u64 {
    n.round() as u64
}

/// A histogram of `n` values of which most are near `typical`.
fn histogram(n: f64, typical: f64) -> Histogram {
    let bounds =
        [(typical / 2.0, 0.1), (typical, 0.6), (typical * 4.0, 0.995), (typical * 10.0, 1.0)];
    let bucket = |(up_to_s, share): (f64, f64)| Bucket { up_to_s, n: whole(n * share) };
    Histogram { n: whole(n), buckets: bounds.map(bucket).to_vec() }
}

fn lag(topic: &str, records: i64, seconds: f64) -> Lag {
    let partition = |partition| PartitionLag {
        partition,
        records: if partition == 3 { records } else { 0 },
        seconds: if partition == 3 { seconds } else { 0.0 },
    };
    Lag { topic: topic.to_owned(), records, seconds, partitions: (0..4).map(partition).collect() }
}

/// What a gate says after so many seconds of an even load.
fn snapshot(seconds: f64) -> Snapshot {
    let mut decisions: BTreeMap<String, Counts> = BTreeMap::new();
    for (outcome, reason, rate) in [
        ("approved", "express_consent", 24.0),
        ("approved", "transactional", 6.0),
        ("blocked", "opted_out", 8.2),
        ("blocked", "no_consent", 5.1),
        ("blocked", "scope_mismatch", 2.4),
        ("blocked", "complaint", 1.1),
        ("blocked", "invalid_message", 0.5),
        ("blocked", "frequency_cap", 0.3),
        ("blocked", "erased", 0.1),
        ("blocked", "minor", 0.0),
        ("deferred", "quiet_hours", 4.4),
    ] {
        let of = decisions.entry(outcome.to_owned()).or_default();
        of.insert(reason.to_owned(), whole(rate * seconds));
    }
    Snapshot {
        readiness: Readiness { ready: true, reasons: Vec::new(), checks: Vec::new() },
        version: "0.1.0".to_owned(),
        revision: "abc".to_owned(),
        started_ms: (NOW_UNIX as i64 - 11_520) * 1_000,
        now_ms: NOW_UNIX as i64 * 1_000,
        policies: Policies { revision: Some("5e05dfd7c833".to_owned()), rejected: false },
        messages: Messages {
            lags: None,
            lag: lag("outbound-message", 14, 0.21),
            decisions,
            latency: histogram(52.0 * seconds, 0.012),
        },
        consent: Intake {
            lag: lag("consent-change", 0, 0.0),
            restore_remaining: 0,
            actions: counts(&[
                ("opt_in", 2.5 * seconds),
                ("opt_out", 1.2 * seconds),
                ("inbound_sms", 0.8 * seconds),
                ("relationship", 0.5 * seconds),
                ("unknown", 0.1 * seconds),
                ("erase", 0.0),
            ]),
            results: counts(&[
                ("applied", 4.7 * seconds),
                ("no_effect", 0.2 * seconds),
                ("duplicate", 0.1 * seconds),
                ("unreadable", 0.1 * seconds),
            ]),
            dead_letters: 3,
            sources: [("crm", 190.0), ("web-shop", 2.0), ("other", 9_000.0)]
                .map(|(source, ago)| (source.to_owned(), NOW_UNIX - ago))
                .into(),
            enforcement: histogram(5.0 * seconds, 0.004),
            enforcement_max_s: 0.041,
        },
        transactions: Transactions {
            results: counts(&[
                ("committed", 20.0 * seconds),
                ("aborted", 0.0),
                ("fenced", 0.0),
                ("indeterminate", 0.0),
            ]),
            commit: histogram(20.0 * seconds, 0.005),
            recycled: 0,
        },
        holds: Vec::new(),
        probe: Probe {
            enabled: true,
            up: true,
            last_success_s: Some(NOW_UNIX - 4.0),
            rounds: counts(&[
                ("passed", 1_152.0),
                ("violated", 0.0),
                ("timed_out", 1.0),
                ("error", 0.0),
            ]),
        },
        store: Store {
            subjects: 41_233,
            bytes: 13_107_200,
            read_errors: 0,
            cache_hits: whole(980.0 * seconds),
            cache_misses: whole(20.0 * seconds),
            cache_bytes: 67_108_864,
            compaction_pending_bytes: 0,
            write_stopped: false,
            disk_free_bytes: 41_000_000_000,
            disk_total_bytes: 100_000_000_000,
        },
        memory_bytes: Some(220_200_960),
    }
}

fn not_ready(reasons: &[&str]) -> Readiness {
    let reasons = reasons.iter().map(|why| (*why).to_owned()).collect();
    Readiness { ready: false, reasons, checks: Vec::new() }
}

/// As it comes over the wire.
fn scraped(at: Instant, snapshot: &Snapshot) -> Scraped {
    let sent = serde_json::to_vec(snapshot).unwrap();
    let snapshot = serde_json::from_slice(&sent).unwrap();
    Scraped { at, answer: Ok(Answer::Snapshot(snapshot)) }
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
fn watched(change: impl Fn(&mut Snapshot)) -> (App, Instant) {
    let began = Instant::now();
    let mut app = app(&["127.0.0.1:8080"]);
    let mut now = began;
    for tick in 0..16_u32 {
        now = began + Duration::from_secs(2) * tick;
        let mut snapshot = snapshot(100.0 + 2.0 * f64::from(tick));
        change(&mut snapshot);
        app.take(vec![scraped(now, &snapshot)]);
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
    let (app, now) = watched(|_| {});
    let view = view(&app, now);
    assert_picture("healthy", &view, 80, 24);
    assert_picture("healthy", &view, 120, 40);
    assert_picture("healthy", &view, 40, 12);
}

#[test]
fn a_gate_that_holds() {
    let reason =
        "lane 0: consent_poison for 12 s: `consent-change` partition 1 offset 42, malformed";
    let (app, now) = watched(|snapshot| {
        snapshot.readiness = not_ready(&[reason]);
        let held = |holder: &str, n_partitions| Held {
            holder: holder.to_owned(),
            cause: "consent_poison".to_owned(),
            seconds: 12,
            n_partitions,
            places: Vec::new(),
            detail: String::new(),
        };
        snapshot.holds = vec![held("consent reader", 1), held("lane 0", 3)];
        snapshot.messages.lag.seconds = 12.4;
        snapshot.messages.lag.records = 622;
        snapshot.consent.enforcement_max_s = 0.0;
        snapshot.probe.up = false;
    });
    let view = view(&app, now);
    assert_picture("held", &view, 80, 24);
    assert_picture("held", &view, 120, 40);
}

/// Old figures are called old, and nothing about them looks good.
#[test]
fn a_gate_that_does_not_answer() {
    let (mut app, now) = watched(|_| {});
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
    app.take(vec![scraped(now + Duration::from_secs(60), &snapshot(10.0))]);
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

/// A gate that has no `/status` yet says so in words, and has no figures rather than zeros.
#[test]
fn an_older_version() {
    let mut app = app(&["gate-1:8080", "gate-2:8080"]);
    let began = Instant::now();
    for tick in 0..3_u32 {
        let at = began + Duration::from_secs(2) * tick;
        let older = Answer::Older(not_ready(&["lane 0: starting, 0 partitions"]));
        let newer = scraped(at, &snapshot(100.0 + 2.0 * f64::from(tick)));
        app.take(vec![newer, Scraped { at, answer: Ok(older) }]);
    }
    let now = began + Duration::from_secs(4);
    let view = View { now_unix: NOW_UNIX, ..app.view(now) };
    let decided = view.figures.as_ref().unwrap().decisions.as_ref().unwrap();
    assert!((decided.outcomes["approved"] - 30.0).abs() < 0.01, "the one that tells is shown");
    assert_picture("older", &view, 120, 40);

    app.instances.remove(0);
    let alone = text(&drawn(&self::view(&app, now), 120, 40));
    assert!(alone.starts_with("OLDER VERSION") && alone.contains("no figures yet"), "{alone}");
    // after its upgrade
    app.take(vec![scraped(now + Duration::from_secs(2), &snapshot(5.0))]);
    assert_eq!(app.instances[0].standing(now), Standing::Ready);
}

/// A server that says so is nobody's terminal.
#[test]
fn nothing_moves_the_cursor() {
    let (app, now) = watched(|snapshot| {
        snapshot.version = "\u{1b}[2J0.1.0\u{7}".to_owned();
        snapshot.readiness = not_ready(&["\u{1b}[31mred\r\n"]);
        snapshot.consent.lag.topic = "a\u{1b}b".to_owned();
    });
    let lines = screen::lines(&View { is_page: true, ..view(&app, now) }, 100, 60);
    for line in &lines {
        assert!(!line.to_string().contains(char::is_control), "{line:?}");
    }
    assert!(lines.iter().any(|line| line.to_string().contains("[2J0.1.0")));
}

/// What every instance does is not counted twice; what is shared out is added.
#[test]
fn three_instances() {
    let began = Instant::now();
    let mut app = app(&["gate-1:8080", "gate-2:8080", "gate-3:8080"]);
    for tick in 0..5_u32 {
        let at = began + Duration::from_secs(2) * tick;
        let snapshot = snapshot(100.0 + 2.0 * f64::from(tick));
        // of the message partitions each has its own
        let own = |nth: i32| {
            let mut own = snapshot.clone();
            for lag in &mut own.messages.lag.partitions {
                lag.partition += nth * 10;
            }
            own
        };
        let third = match tick {
            0..3 => scraped(at, &own(3)),
            _ => Scraped { at, answer: Err("no answer within 3 s".to_owned()) },
        };
        let mut second = own(2);
        second.readiness = not_ready(&["lane 1: waiting for the consumer group, 0 partitions"]);
        app.take(vec![scraped(at, &own(1)), scraped(at, &second), third]);
    }
    let view = view(&app, began + Duration::from_secs(8));
    assert_eq!(view.stale, None);
    assert_eq!(view.standings[0].1, Standing::Ready);
    let figures: &Figures = view.figures.as_ref().unwrap();
    let near = |value: f64, wanted: f64| (value - wanted).abs() < 0.01;
    assert!(near(figures.decisions.as_ref().unwrap().outcomes["approved"], 60.0));
    assert!(near(figures.changes.as_ref().unwrap()[0].1, 2.5), "{:?}", figures.changes);
    assert_eq!(figures.subjects, 41_233.0);
    assert_eq!([0, 1].map(|topic: usize| figures.lags[topic].records), [0.0, 28.0]);
    assert_picture("three", &view, 120, 40);
}

/// However small, it draws; and no line is longer than the screen.
#[test]
fn every_size_is_drawn() {
    let (app, now) = watched(|snapshot| snapshot.readiness = not_ready(&["why"; 9]));
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
    let (mut app, now) = watched(|_| {});
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
    let (app, now) = watched(|_| {});
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

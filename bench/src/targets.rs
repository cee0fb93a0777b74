//! What was promised, what was found, and whether that is enough: one row a target, computed from the figures.
//! A row without its figures says "not measured"; nothing is filled in.

use crate::figures::{
    Barrier, Check, Desk, Door, DoorRun, Enforcement, Figures, LargeRestore, Latency, LatencyRun,
    Origin, Recovery, Restore, RestoreRun, Takeover, Throughput, ThroughputRun, Who,
};
use crate::stats::{median, percentile};

/// One target.
pub(crate) struct Target {
    /// What is measured.
    pub(crate) what: &'static str,
    /// What is wanted, in words.
    pub(crate) wanted: &'static str,
    /// What was found, in words; `None` when it was not measured.
    pub(crate) found: Option<String>,
    /// Whether that is enough.
    pub(crate) is_met: Option<bool>,
}

/// The session time-out of the gate under measurement, its default.
const SESSION_TIMEOUT_MS: f64 = 8_000.0;

/// All targets, in the order of the issue that set them.
pub(crate) fn all(figures: &Figures) -> Vec<Target> {
    let throughput = figures.throughput.as_ref().map(|section| &section.figures);
    let latency = figures.latency.as_ref().map(|section| &section.figures);
    let enforcement = figures.enforcement.as_ref().map(|section| &section.figures);
    let restore = figures.restore.as_ref().map(|section| &section.figures);
    let recovery = figures.recovery.as_ref().map(|section| &section.figures);
    let barrier = figures.barrier.as_ref().map(|section| &section.figures);
    let mut targets = of_throughput(throughput);
    targets.push(of_large_memory(restore));
    targets.extend(of_latency(latency));
    targets.push(of_enforcement(enforcement));
    targets.push(of_check(figures.check.as_ref().map(|section| &section.figures)));
    targets.extend(of_door(figures.door.as_ref().map(|section| &section.figures)));
    targets.extend(of_desk(figures.desk.as_ref().map(|section| &section.figures)));
    targets.extend(of_restore(restore));
    targets.extend(of_recovery(recovery));
    targets.extend(of_barrier(barrier));
    targets
}

/// A row: `found` in words, and the number the limit is about.
fn row(
    what: &'static str,
    wanted: &'static str,
    found: Option<(f64, String)>,
    is_enough: impl Fn(f64) -> bool,
) -> Target {
    let is_met = found.as_ref().map(|(value, _)| is_enough(*value));
    Target { what, wanted, found: found.map(|(_, words)| words), is_met }
}

fn of_throughput(figures: Option<&Throughput>) -> Vec<Target> {
    let of = |who, figure: fn(&ThroughputRun) -> f64| median(figures?.of(who, figure));
    let rate: fn(&ThroughputRun) -> f64 = |run| run.window.messages_per_s();
    let cpu: fn(&ThroughputRun) -> f64 = |run| run.window.cpu_s_per_million();
    let peak: fn(&ThroughputRun) -> f64 = |run| run.peak_rss_mib;
    let ratio = |figure, who, to| {
        let ratio = of(who, figure)? / of(to, figure)?;
        Some((ratio, format!("{ratio:.2} ×")))
    };
    let memory = [Who::Gate, Who::GateAvro].into_iter().filter_map(|who| of(who, peak));
    let memory = memory.reduce(f64::max).map(|mib| (mib, format!("{mib:.0} MiB")));
    vec![
        row(
            "throughput, JSON, to Kafka Streams",
            "≥ 4 ×",
            ratio(rate, Who::Gate, Who::Peer),
            |x| x >= 4.0,
        ),
        row(
            "throughput, JSON, to the floor",
            "≥ 0.5 ×",
            ratio(rate, Who::Gate, Who::Floor),
            |x| x >= 0.5,
        ),
        row("throughput, Avro to JSON", "≥ 1 ×", ratio(rate, Who::GateAvro, Who::Gate), |x| {
            x >= 1.0
        }),
        row(
            "CPU per message to Kafka Streams",
            "≤ 0.25 ×",
            ratio(cpu, Who::Gate, Who::Peer),
            |x| x <= 0.25,
        ),
        row("peak memory under load", "≤ 250 MiB", memory, |mib| mib <= 250.0),
    ]
}

fn of_large_memory(figures: Option<&Restore>) -> Target {
    let found = figures.and_then(|figures| figures.large.as_ref()).map(|large| {
        let restore = large.restore.peak_rss_mib.unwrap_or(large.restore.rss_mib);
        let load = large.load.peak_rss_mib;
        (restore.max(load), format!("{restore:.0} MiB restoring, {load:.0} MiB under load"))
    });
    row("peak memory with 10 M contacts", "≤ 512 MiB", found, |mib| mib <= 512.0)
}

fn of_latency(figures: Option<&Latency>) -> Vec<Target> {
    let at = |rate, place: usize| {
        let runs = figures?.runs.iter().filter(|run| run.who == Who::Gate && run.rate == rate);
        let ms = median(runs.filter_map(|run| run.percentiles_ms.get(place).copied()))?;
        Some((ms, format!("{ms:.1} ms")))
    };
    vec![
        row("latency at 2,000/s, p50", "≤ 10 ms", at(2_000, 0), |ms| ms <= 10.0),
        row("latency at 2,000/s, p99", "≤ 30 ms", at(2_000, 2), |ms| ms <= 30.0),
        row("latency at 20,000/s, p99", "≤ 60 ms", at(20_000, 2), |ms| ms <= 60.0),
    ]
}

fn of_enforcement(figures: Option<&Enforcement>) -> Target {
    let found = figures.and_then(|figures| {
        let sorted = figures.sorted_ms();
        let [p50, p99, max] = [0.5, 0.99, 1.0].map(|share| percentile(&sorted, share));
        let n = sorted.len();
        let words = format!("{:.1} ms (p50 {:.1}, max {:.1}, n = {n})", p99?, p50?, max?);
        Some((p99?, words))
    });
    row("opt-out acknowledged → applied under full load, p99", "≤ 50 ms", found, |ms| {
        ms <= 50.0
    })
}

fn of_check(figures: Option<&Check>) -> Target {
    let found = figures.and_then(|figures| {
        let sorted = figures.sorted_ms();
        let [p50, p99] = [0.5, 0.99].map(|share| percentile(&sorted, share));
        let (n, rounds) = (sorted.len(), &figures.rounds);
        let wrong: u64 = rounds.iter().map(|round| round.wrong).sum();
        let refused: u64 = rounds.iter().map(|round| round.refused).sum();
        let words =
            format!("{:.1} ms (p50 {:.1}, n = {n}, {wrong} wrong, {refused} refused)", p99?, p50?);
        // an answer that is wrong or missing is not quick
        let counted = if wrong + refused == 0 { p99? } else { f64::INFINITY };
        Some((counted, words))
    });
    row("500 checks/s under full load, p99", "≤ 20 ms", found, |ms| ms <= 20.0)
}

fn of_door(figures: Option<&Door>) -> Vec<Target> {
    let wanted = Some(crate::door::POSTS_PER_S);
    let paced = || {
        let runs = figures.into_iter().flat_map(|figures| &figures.runs);
        runs.filter(|run| run.wanted_per_s == wanted)
    };
    let rate = median(paced().map(DoorRun::posts_per_s));
    let rate = rate.map(|rate| (rate, format!("{rate:.0} posts/s")));
    let all = || figures.into_iter().flat_map(|figures| &figures.runs);
    let lost = figures.map(|_| {
        let lost: u64 = all().map(|run| run.lost).sum();
        let acknowledged: u64 = all().map(|run| run.acknowledged).sum();
        (lost as f64, format!("{lost} of {acknowledged}"))
    });
    let enforced = figures.and_then(|figures| {
        let mut sorted = figures.enforced_ms.clone();
        sorted.sort_by(f64::total_cmp);
        let [p50, p99] = [0.5, 0.99].map(|share| percentile(&sorted, share));
        Some((p99?, format!("{:.1} ms (p50 {:.1}, n = {})", p99?, p50?, sorted.len())))
    });
    vec![
        // the last posts are answered a moment after the load is over
        row("door: posts answered a second, of 2,000 due", "≥ 1,980/s", rate, |rate| {
            rate >= 1_980.0
        }),
        row("door: answered for and not in Kafka", "0", lost, |lost| lost == 0.0),
        row("door: opt-out posted → in force, quiet, p99", "≤ 1,000 ms", enforced, |ms| {
            ms <= 1_000.0
        }),
    ]
}

fn of_desk(figures: Option<&Desk>) -> Vec<Target> {
    let of = |what| {
        let sorted = figures?.sorted_ms(what);
        let [p50, p99, max] = [0.5, 0.99, 1.0].map(|share| percentile(&sorted, share));
        let n = sorted.len();
        let words = format!("{:.1} ms (p50 {:.1}, max {:.1}, n = {n})", p99?, p50?, max?);
        Some((p99?, words))
    };
    vec![
        row(
            "desk: person with 500 events, 5,000 decisions, p99",
            "≤ 200 ms",
            of("person"),
            |ms| ms <= 200.0,
        ),
        row("desk: decision explained, p99", "≤ 200 ms", of("decision"), |ms| ms <= 200.0),
    ]
}

fn of_restore(figures: Option<&Restore>) -> Vec<Target> {
    let words = |rate: f64| (rate, format!("{:.2} M changes/s", rate / 1e6));
    let rate = |origin| {
        let runs = figures?.of(Who::Gate, origin);
        median(runs.map(RestoreRun::rate)).map(words)
    };
    let large = figures.and_then(|figures| figures.large.as_ref());
    let of_large = |origin| {
        let large: &LargeRestore = large?;
        let mut runs = std::iter::once(&large.restore).chain(&large.checkpoints);
        runs.find(|run| run.origin == origin).map(|run| words(run.rate()))
    };
    let names = [
        ("restore by folding the topic", "the same with 10 M contacts", Origin::Log),
        ("restore from a checkpoint, linked", "the same with 10 M contacts", Origin::Linked),
        ("restore from a checkpoint, copied", "the same with 10 M contacts", Origin::Copied),
    ];
    let wanted = "≥ 1.0 M changes/s";
    let rows = names.map(|(small, ten, origin)| {
        [
            row(small, wanted, rate(origin), |rate| rate >= 1e6),
            row(ten, wanted, of_large(origin), |rate| rate >= 1e6),
        ]
    });
    rows.into_iter().flatten().collect()
}

fn of_recovery(figures: Option<&Recovery>) -> Vec<Target> {
    let seconds = |values: Vec<f64>| {
        let (median, max) = (median(values.clone())?, values.into_iter().reduce(f64::max)?);
        let words = format!("max {:.2} s, median {:.2} s", max / 1e3, median / 1e3);
        Some((max, words))
    };
    let again = figures.and_then(|figures| seconds(figures.again_ms.clone()));
    let of_takeovers =
        |value: fn(&Takeover) -> f64| seconds(figures?.takeovers.iter().map(value).collect());
    let takeover = of_takeovers(|one| one.decided_ms);
    let visible = of_takeovers(|one| one.visible_ms);
    let unblocked = figures.and_then(|figures| seconds(figures.unblocked_ms.clone()));
    vec![
        row("kill -9 → first new decision, same instance", "≤ 2 s", again, |ms| ms <= 2_000.0),
        row("kill -9 → a second instance decides everything", "≤ 9 s", takeover, |ms| {
            ms <= SESSION_TIMEOUT_MS + 1_000.0
        }),
        row("kill -9 → its readers go on, a second instance lives", "≤ 10 s", visible, |ms| {
            ms <= 10_000.0
        }),
        row("kill -9, nobody restarts → readers unblocked", "≤ 10 s", unblocked, |ms| {
            ms <= 10_000.0
        }),
    ]
}

fn of_barrier(figures: Option<&Barrier>) -> Vec<Target> {
    let rate = |who| {
        let runs = figures?.throughput.iter().filter(|run| run.who == who);
        median(runs.map(|run| run.window.messages_per_s()))
    };
    let p50 = |who| {
        let runs = figures?.latency.iter().filter(|run: &&LatencyRun| run.who == who);
        median(runs.filter_map(|run| run.percentiles_ms.first().copied()))
    };
    let (with, without) = (Who::Gate, Who::GateWithoutBarrier);
    let share = rate(with).zip(rate(without)).map(|(with, without)| 1.0 - with / without);
    let added = p50(with).zip(p50(without)).map(|(with, without)| with - without);
    let share = share.map(|share| (share, format!("{:.1} %", share * 100.0)));
    let added = added.map(|ms| (ms, format!("{ms:.1} ms")));
    vec![
        row("the barrier's share of throughput", "≤ 5 %", share, |share| share <= 0.05),
        row("the barrier's share of p50 at 2,000/s", "≤ 2 ms", added, |ms| ms <= 2.0),
    ]
}

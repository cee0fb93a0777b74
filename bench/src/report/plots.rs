//! Which curves are drawn, from which figures.

use super::chart::{Axis, Chart, Mark, Series};
use crate::figures::{
    Enforcement, Figures, Latency, Recovery, Restore, SHARES, Scaling, Throughput, ThroughputRun,
    Who,
};
use crate::latency::RATES;
use crate::stats::median;

/// A plot and the name of its file.
pub(super) struct Plot {
    /// Without a directory.
    pub(super) file: &'static str,
    /// What to draw.
    pub(super) chart: Chart,
}

/// All that there are figures for.
pub(super) fn all(figures: &Figures) -> Vec<Plot> {
    let mut plots = Vec::new();
    if let Some(section) = &figures.throughput {
        plots.push(Plot { file: "throughput.svg", chart: throughput(&section.figures) });
        plots.push(Plot { file: "cpu.svg", chart: cpu(&section.figures) });
    }
    if let Some(section) = &figures.latency {
        plots.push(Plot { file: "latency.svg", chart: latency(&section.figures) });
    }
    if let Some(section) = &figures.enforcement {
        plots.push(Plot { file: "enforcement.svg", chart: enforcement(&section.figures) });
    }
    if let Some(section) = &figures.restore {
        plots.extend(restore(&section.figures));
    }
    if let Some(section) = &figures.recovery {
        plots.push(Plot { file: "recovery.svg", chart: recovery(&section.figures) });
    }
    if let Some(section) = &figures.scaling {
        plots.push(Plot { file: "lanes.svg", chart: lanes(&section.figures) });
        plots.push(Plot { file: "contacts.svg", chart: contacts(&section.figures) });
    }
    plots
}

const CONTENDERS: [Who; 4] = [Who::Gate, Who::GateAvro, Who::Floor, Who::Peer];

fn throughput(figures: &Throughput) -> Chart {
    let title = "Throughput over a backlog, exactly once";
    by_contender(figures, title, "messages/s", |run| run.window.messages_per_s())
}

fn cpu(figures: &Throughput) -> Chart {
    let title = "CPU of the process";
    by_contender(figures, title, "CPU-seconds per million messages", |run| {
        run.window.cpu_s_per_million()
    })
}

fn by_contender(
    figures: &Throughput,
    title: &str,
    label: &str,
    figure: fn(&ThroughputRun) -> f64,
) -> Chart {
    let place = |n: usize| n as f64;
    let present = CONTENDERS.iter().enumerate();
    let medians = present.clone().filter_map(|(n, who)| {
        let median = median(figures.of(*who, figure))?;
        Some((place(n), median))
    });
    let runs = present.flat_map(|(n, who)| figures.of(*who, figure).map(move |y| (place(n), y)));
    Chart {
        title: title.to_owned(),
        x: Axis::names("", CONTENDERS.map(|who| who.title().to_owned()).to_vec()),
        y: Axis::linear(label),
        series: vec![
            Series { name: "median".to_owned(), mark: Mark::Bars, points: medians.collect() },
            Series { name: "each run".to_owned(), mark: Mark::Dots, points: runs.collect() },
        ],
    }
}

fn latency(figures: &Latency) -> Chart {
    let mut series = Vec::new();
    for rate in RATES {
        for who in [Who::Gate, Who::Peer] {
            let runs: Vec<_> =
                figures.runs.iter().filter(|run| run.who == who && run.rate == rate).collect();
            let points = (0..SHARES.len()).filter_map(|place| {
                let ms = runs.iter().filter_map(|run| run.percentiles_ms.get(place).copied());
                Some((place as f64, median(ms)?))
            });
            let name = format!("{}, {rate}/s", who.title());
            series.push(Series { name, mark: Mark::Line, points: points.collect() });
        }
    }
    series.retain(|series| !series.points.is_empty());
    let names = ["p50", "p90", "p99", "p99.9", "max"].map(str::to_owned).to_vec();
    Chart {
        title: "Latency, due to visible for read_committed readers (medians of the runs)"
            .to_owned(),
        x: Axis::names("", names),
        y: Axis::log("ms"),
        series,
    }
}

fn enforcement(figures: &Enforcement) -> Chart {
    let sorted = figures.sorted_ms();
    let n = sorted.len() as f64;
    let points = (1_u32..).zip(&sorted).map(|(rank, ms)| (*ms, f64::from(rank) / n * 100.0));
    Chart {
        title: "Opt-out acknowledged → applied, under full message load".to_owned(),
        x: Axis::log("ms"),
        y: Axis::linear("% of the opt-outs at most"),
        series: vec![Series {
            name: format!("{} opt-outs", sorted.len()),
            mark: Mark::Curve,
            points: points.collect(),
        }],
    }
}

fn restore(figures: &Restore) -> Vec<Plot> {
    let Some(large) = &figures.large else { return Vec::new() };
    let course = &large.restore.course;
    let name = format!("{} M contacts", large.contacts / 1_000_000);
    let chart = |title: &str, label: &str, points: Vec<(f64, f64)>| Chart {
        title: title.to_owned(),
        x: Axis::linear("seconds since the start of the process"),
        y: Axis::linear(label),
        series: vec![Series { name: name.clone(), mark: Mark::Line, points }],
    };
    let applied = course.iter().map(|[at, applied, _]| (*at, *applied)).collect();
    let memory = course.iter().map(|[at, _, mib]| (*at, *mib)).collect();
    vec![
        Plot {
            file: "restore.svg",
            chart: chart("Restore into an empty store", "changes applied", applied),
        },
        Plot {
            file: "restore-memory.svg",
            chart: chart("Memory while restoring", "resident MiB", memory),
        },
    ]
}

fn recovery(figures: &Recovery) -> Chart {
    let decided: Vec<f64> = figures.takeovers.iter().map(|one| one.decided_ms).collect();
    let visible: Vec<f64> = figures.takeovers.iter().map(|one| one.visible_ms).collect();
    let groups: [(&str, &[f64]); 4] = [
        ("same instance", &figures.again_ms),
        ("second decides", &decided),
        ("second, visible", &visible),
        ("readers unblocked", &figures.unblocked_ms),
    ];
    let points = (0_u32..)
        .zip(&groups)
        .flat_map(|(n, (_, values))| values.iter().map(move |ms| (f64::from(n), ms / 1e3)));
    Chart {
        title: "After kill -9".to_owned(),
        x: Axis::names("", groups.iter().map(|(name, _)| (*name).to_owned()).collect()),
        y: Axis::log("seconds"),
        series: vec![Series {
            name: "each kill".to_owned(),
            mark: Mark::Dots,
            points: points.collect(),
        }],
    }
}

fn lanes(figures: &Scaling) -> Chart {
    let numbers = figures.numbers_of_lanes();
    let rate = |run: &ThroughputRun| run.window.messages_per_s();
    let medians = (0_u32..).zip(&numbers).filter_map(|(n, lanes)| {
        Some((f64::from(n), median(figures.with_lanes(*lanes).map(rate))?))
    });
    let runs = (0_u32..).zip(&numbers).flat_map(|(n, lanes)| {
        figures.with_lanes(*lanes).map(move |run| (f64::from(n), rate(run)))
    });
    Chart {
        title: "Throughput by lanes".to_owned(),
        x: Axis::names("lanes", numbers.iter().map(ToString::to_string).collect()),
        y: Axis::linear("messages/s"),
        series: vec![
            Series { name: "median".to_owned(), mark: Mark::Bars, points: medians.collect() },
            Series { name: "each run".to_owned(), mark: Mark::Dots, points: runs.collect() },
        ],
    }
}

fn contacts(figures: &Scaling) -> Chart {
    let of = |figure: fn(&crate::figures::StoreSize) -> f64| {
        figures.store.iter().map(|size| (size.contacts as f64, figure(size))).collect()
    };
    Chart {
        title: "What a lookup costs as the contacts grow (random over all, in batches)".to_owned(),
        x: Axis::log("contacts"),
        y: Axis::linear("µs a lookup"),
        series: vec![
            Series { name: "known".to_owned(), mark: Mark::Line, points: of(|s| s.known_us) },
            Series {
                name: "known, CPU".to_owned(),
                mark: Mark::Line,
                points: of(|s| s.known_cpu_us),
            },
            Series { name: "unknown".to_owned(), mark: Mark::Line, points: of(|s| s.unknown_us) },
        ],
    }
}

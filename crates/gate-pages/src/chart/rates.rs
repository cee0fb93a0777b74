//! Decisions over time: approved above the line, blocked and deferred below.

use serde::{Deserialize, Serialize};

use super::{Bar, length, percent, pixels};
use crate::parts::Outcome;

/// Decisions over the chosen span.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Rates {
    /// Decisions a second now, if known.
    pub per_second: Option<f64>,
    /// Approved in all.
    pub approved: u64,
    /// Blocked in all.
    pub blocked: u64,
    /// Deferred in all.
    pub deferred: u64,
    /// Half of the decisions took so long, in milliseconds.
    pub p50_ms: Option<f64>,
    /// 99 of 100 took no longer, in milliseconds.
    pub p99_ms: Option<f64>,
    /// The same over time, oldest first, in even steps; the last may not be full yet.
    pub bins: Vec<Bin>,
    /// Length of a step, in seconds.
    pub bin_seconds: u32,
}

/// Decisions of one step of time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bin {
    /// Its begin, RFC 3339.
    pub at: String,
    /// Approved.
    pub approved: u64,
    /// Blocked.
    pub blocked: u64,
    /// Deferred.
    pub deferred: u64,
}

impl Rates {
    /// All decisions.
    pub(crate) fn total(&self) -> u64 {
        self.approved.saturating_add(self.blocked).saturating_add(self.deferred)
    }

    /// The three counts with their outcome, in the order of the page.
    pub(crate) fn totals(&self) -> [(Outcome, u64); 3] {
        [
            (Outcome::Approved, self.approved),
            (Outcome::Blocked, self.blocked),
            (Outcome::Deferred, self.deferred),
        ]
    }

    /// What did not go out in a step, as a rate per second.
    pub(crate) fn rate_stopped(&self, bin: &Bin) -> f64 {
        self.rate(&bin.blocked.saturating_add(bin.deferred))
    }

    /// A count of a step as a rate per second.
    pub(crate) fn rate(&self, count: &u64) -> f64 {
        length(*count) / f64::from(self.bin_seconds.max(1))
    }

    /// Every so many steps a row of the table beside the chart, at most [`ROWS_MAX`].
    pub(crate) fn rows(&self) -> impl Iterator<Item = &Bin> {
        self.bins.iter().step_by(self.bins.len().div_ceil(ROWS_MAX).max(1))
    }

    /// The step with most decisions that were not approved.
    pub(crate) fn worst(&self) -> Option<&Bin> {
        let stopped = |b: &&Bin| b.blocked.saturating_add(b.deferred);
        self.bins.iter().max_by_key(stopped).filter(|b| stopped(b) > 0)
    }

    /// The step with most approvals.
    pub(crate) fn best(&self) -> Option<&Bin> {
        self.bins.iter().max_by_key(|b| b.approved).filter(|b| b.approved > 0)
    }

    pub(crate) fn plot(&self) -> Plot {
        plot(&self.bins, self.bin_seconds)
    }
}

/// Rows of the table beside the chart.
const ROWS_MAX: usize = 12;
/// Words under the chart.
const WORDS_MAX: usize = 8;
/// Pixels above and below that hold no bar: words stand there.
const TOP: f64 = 18.0;
const BOTTOM: f64 = 22.0;
/// Height of the whole in pixels.
const HEIGHT: f64 = 202.0;
/// Pixels between bars above and below, for the line.
const GAP: f64 = 2.0;
/// How much of its step a bar fills.
const FILLED: f64 = 0.78;
/// The right edge, where the words of the scale stand, in percent.
const WIDE: f64 = 94.0;

/// Where things stand.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Plot {
    pub(crate) approved: Vec<Bar>,
    pub(crate) blocked: Vec<Bar>,
    pub(crate) deferred: Vec<Bar>,
    /// The line's height.
    pub(crate) axis: String,
    /// Lines of the scale: height, height of the words, decisions a second.
    pub(crate) grid: Vec<(String, String, f64)>,
    /// Words under the chart: place, index of the step, and whether narrow screens leave it out.
    pub(crate) words: Vec<(String, usize, bool)>,
}

fn plot(bins: &[Bin], seconds: u32) -> Plot {
    let rate = |count: u64| length(count) / f64::from(seconds.max(1));
    let above = bins.iter().map(|b| rate(b.approved)).fold(0.0, f64::max);
    let below = bins.iter().map(|b| rate(b.blocked.saturating_add(b.deferred))).fold(0.0, f64::max);
    let room = HEIGHT - TOP - BOTTOM - GAP;
    let scale = if above + below > 0.0 { room / (above + below) } else { 0.0 };
    // a side without anything still gets its place
    let axis = if above + below > 0.0 { TOP + above * scale } else { HEIGHT / 2.0 };
    let step = WIDE / length(bins.len().max(1) as u64);
    let width = percent(step * FILLED);
    let mut plot = Plot {
        approved: Vec::new(),
        blocked: Vec::new(),
        deferred: Vec::new(),
        axis: pixels(axis + GAP / 2.0),
        grid: grid(above, below, scale, axis),
        words: Vec::new(),
    };
    let mut x = 0.0;
    for bin in bins {
        let bar = |y: f64, height: f64| Bar {
            x: percent(x),
            width: width.clone(),
            y: pixels(y),
            height: pixels(height),
        };
        let up = rate(bin.approved) * scale;
        let no = rate(bin.blocked) * scale;
        let later = rate(bin.deferred) * scale;
        if up > 0.0 {
            plot.approved.push(bar(axis - up, up));
        }
        if no > 0.0 {
            plot.blocked.push(bar(axis + GAP, no));
        }
        if later > 0.0 {
            plot.deferred.push(bar(axis + GAP + no, later));
        }
        x += step;
    }
    let every = bins.len().div_ceil(WORDS_MAX).max(1);
    for (word, at) in (0..bins.len()).step_by(every).enumerate() {
        let middle = step * (length(at as u64) + FILLED / 2.0);
        plot.words.push((percent(middle.max(2.0)), at, word % 2 == 1));
    }
    plot
}

/// Lines at round numbers, two or three on the taller side.
fn grid(above: f64, below: f64, scale: f64, axis: f64) -> Vec<(String, String, f64)> {
    let tallest = above.max(below);
    if tallest <= 0.0 || scale <= 0.0 {
        return Vec::new();
    }
    let step = round_step(tallest);
    let mut lines = Vec::new();
    let mut value = step;
    while value <= above {
        let y = axis - value * scale;
        lines.push((pixels(y), pixels(y - 5.0), value));
        value += step;
    }
    value = step;
    while value <= below {
        let y = axis + GAP + value * scale;
        lines.push((pixels(y), pixels(y + 12.0), value));
        value += step;
    }
    lines
}

/// The step of a scale: 1, 2 or 5 times a power of ten, so that at most three fit into `tallest`.
fn round_step(tallest: f64) -> f64 {
    let power = 10_f64.powf((tallest / 3.0).log10().floor());
    let steps = [1.0, 2.0, 2.5, 5.0, 10.0];
    let step = steps.into_iter().map(|s| s * power).find(|step| tallest / step <= 3.0);
    step.unwrap_or(tallest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bin(approved: u64, blocked: u64, deferred: u64) -> Bin {
        Bin { at: "2026-11-29T12:00:00Z".to_owned(), approved, blocked, deferred }
    }

    fn px(text: &str) -> f64 {
        text.parse().unwrap()
    }

    #[test]
    fn bars_stand_on_both_sides_of_the_line_and_fit() {
        let p = plot(&[bin(600, 300, 60), bin(0, 0, 0), bin(1200, 0, 0)], 60);
        assert_eq!((p.approved.len(), p.blocked.len(), p.deferred.len()), (2, 1, 1));
        let axis = px(&p.axis);
        for bar in &p.approved {
            assert!((px(&bar.y) + px(&bar.height) - (axis - 1.0)).abs() < 0.2, "{bar:?}");
        }
        assert_eq!(px(&p.approved[1].y), TOP, "the tallest fills");
        let (no, later) = (&p.blocked[0], &p.deferred[0]);
        assert!((px(&no.y) - (axis + 1.0)).abs() < 0.2);
        assert!((px(&no.y) + px(&no.height) - px(&later.y)).abs() < 0.2, "one below the other");
        assert!(px(&later.y) + px(&later.height) <= HEIGHT - BOTTOM + 0.2);
        assert_eq!(p.approved[1].x, "62.67%");
    }

    #[test]
    fn the_scale_is_round() {
        let values: Vec<f64> = plot(&[bin(3_240, 1_500, 0)], 60).grid.iter().map(|g| g.2).collect();
        assert_eq!(values, [20.0, 40.0, 20.0]);
        for tallest in [0.0003, 0.7, 1.0, 2.9, 3.1, 99.0, 1e9] {
            let lines = tallest / round_step(tallest);
            assert!((1.0..=3.0).contains(&lines), "{tallest}: {lines}");
        }
    }

    #[test]
    fn nothing_is_nothing() {
        let p = plot(&[bin(0, 0, 0)], 0);
        assert!(p.approved.is_empty() && p.grid.is_empty());
        assert_eq!(plot(&[], 60).words.len(), 0);
    }

    #[test]
    fn a_table_has_at_most_a_dozen_rows() {
        let rates = Rates { bins: vec![bin(1, 1, 1); 49], ..Rates::default() };
        assert!((9..=ROWS_MAX).contains(&rates.rows().count()));
        assert_eq!(Rates { bins: vec![bin(1, 1, 1); 5], ..Rates::default() }.rows().count(), 5);
        assert_eq!(rates.plot().words.len(), 7);
    }
}

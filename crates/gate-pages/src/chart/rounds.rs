//! The last rounds of the probe: how long it took from the opt-out to the blocked message.

use serde::{Deserialize, Serialize};

use super::{Bar, length, percent, pixels};

/// One round of the probe.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Round {
    /// When, RFC 3339.
    pub at: String,
    /// How it ended.
    pub end: RoundEnd,
    /// How long it took, in milliseconds, if it ended.
    pub took_ms: Option<u64>,
}

/// How a round ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RoundEnd {
    /// Blocked, as it should be.
    Passed,
    /// No answer.
    Unanswered,
    /// Approved.
    Violated,
}

/// Where bars end, in pixels.
const FLOOR: f64 = 84.0;
/// Pixels above for words.
const TOP: f64 = 14.0;
/// How much of its step a bar fills.
const FILLED: f64 = 0.66;
/// A bar that stands for something is seen.
const LEAST: f64 = 2.0;

/// Where things stand.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Plot {
    pub(crate) passed: Vec<Bar>,
    /// Rounds without an answer, at full height.
    pub(crate) unanswered: Vec<Bar>,
    /// Rounds that ended badly, at full height.
    pub(crate) violated: Vec<Bar>,
    /// The line of the scale, if there is one: height, height of the words, milliseconds.
    pub(crate) line: Option<(String, String, u64)>,
}

pub(crate) fn plot(rounds: &[Round]) -> Plot {
    let longest = rounds.iter().filter_map(|r| r.took_ms).max().unwrap_or(0);
    let tallest = length(longest.max(1));
    let step = 100.0 / length(rounds.len().max(1) as u64);
    let mut out =
        Plot { passed: Vec::new(), unanswered: Vec::new(), violated: Vec::new(), line: None };
    let mut x = 0.0;
    for round in rounds {
        let share = match round.end {
            RoundEnd::Passed => length(round.took_ms.unwrap_or(0)) / tallest,
            RoundEnd::Unanswered | RoundEnd::Violated => 1.0,
        };
        let height = (share * (FLOOR - TOP)).max(LEAST);
        let bar = Bar {
            x: percent(x),
            width: percent(step * FILLED),
            y: pixels(FLOOR - height),
            height: pixels(height),
        };
        match round.end {
            RoundEnd::Passed => out.passed.push(bar),
            RoundEnd::Unanswered => out.unanswered.push(bar),
            RoundEnd::Violated => out.violated.push(bar),
        }
        x += step;
    }
    let round = [1_u64, 2, 5].into_iter().flat_map(|n| (0..7).map(move |p| n * 10_u64.pow(p)));
    let line = round.filter(|ms| *ms <= longest).max();
    out.line = line.map(|ms| {
        let y = FLOOR - length(ms) / tallest * (FLOOR - TOP);
        (pixels(y), pixels(y - 4.0), ms)
    });
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round(end: RoundEnd, took_ms: Option<u64>) -> Round {
        Round { at: String::new(), end, took_ms }
    }

    #[test]
    fn what_has_no_answer_stands_out() {
        let p = plot(&[
            round(RoundEnd::Passed, Some(18)),
            round(RoundEnd::Unanswered, None),
            round(RoundEnd::Violated, Some(3)),
            round(RoundEnd::Passed, Some(64)),
        ]);
        assert_eq!((p.passed.len(), p.unanswered.len(), p.violated.len()), (2, 1, 1));
        assert_eq!((p.passed[1].y.as_str(), p.passed[1].x.as_str()), ("14.0", "75.00%"));
        assert_eq!(p.violated[0].height, "70.0");
        assert_eq!(p.line, Some(("29.3".to_owned(), "25.3".to_owned(), 50)));
    }

    #[test]
    fn no_rounds() {
        assert_eq!(plot(&[]).line, None);
    }
}

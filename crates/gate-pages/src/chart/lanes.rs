//! What a person said, as bars over time: agreed, refused, and the messages of that time.

use serde::{Deserialize, Serialize};

use super::percent;
use crate::when::Moment;

/// Bars for the channels and purposes that matter.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lanes {
    /// Left end, RFC 3339.
    pub from: String,
    /// Right end (the present), RFC 3339.
    pub until: String,
    /// The lanes.
    pub lanes: Vec<Lane>,
}

/// One channel and purpose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lane {
    /// Code of the channel.
    pub channel: String,
    /// Purpose in words; may be empty.
    pub purpose: String,
    /// Stretches in which consent or a refusal stood, in order.
    pub spans: Vec<Span>,
    /// Messages.
    pub messages: Vec<Tick>,
}

/// A stretch of time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// From, RFC 3339.
    pub from: String,
    /// Until, RFC 3339; `None`: it still stands.
    pub until: Option<String>,
    /// Agreed, or else refused.
    pub agreed: bool,
}

/// A message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tick {
    /// When, RFC 3339.
    pub at: String,
    /// Approved, or else not.
    pub approved: bool,
}

/// As many messages are drawn in a lane.
const TICKS_MAX: usize = 200;
/// A stretch that was there is seen, in percent.
const LEAST: f64 = 0.4;

/// Where a lane's things stand.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct LanePlot {
    /// x, width, agreed.
    pub(crate) spans: Vec<(String, String, bool)>,
    /// x, approved.
    pub(crate) ticks: Vec<(String, bool)>,
}

impl Lanes {
    fn place(&self, at: &str) -> Option<f64> {
        let (from, until) = (Moment::of(&self.from)?.ms, Moment::of(&self.until)?.ms);
        let whole = until.checked_sub(from).filter(|ms| *ms > 0)?;
        let part = Moment::of(at)?.ms.checked_sub(from)?;
        #[expect(clippy::cast_precision_loss, reason = "a length on a page")]
        Some((part as f64 / whole as f64 * 100.0).clamp(0.0, 100.0))
    }

    pub(crate) fn plot(&self, lane: &Lane) -> LanePlot {
        let spans = lane.spans.iter().filter_map(|span| {
            let from = self.place(&span.from)?;
            let until = match &span.until {
                Some(at) => self.place(at)?,
                None => 100.0,
            };
            let width = (until - from).max(LEAST);
            Some((percent(from.min(100.0 - LEAST)), percent(width), span.agreed))
        });
        let ticks = lane.messages.iter().take(TICKS_MAX);
        let ticks = ticks.filter_map(|t| Some((percent(self.place(&t.at)?.min(99.6)), t.approved)));
        LanePlot { spans: spans.collect(), ticks: ticks.collect() }
    }

    /// Days under the lanes: place and instant, four even steps without the ends.
    pub(crate) fn days(&self) -> Vec<(String, String)> {
        let ends = Moment::of(&self.from).zip(Moment::of(&self.until));
        let Some((from, until)) = ends else { return Vec::new() };
        let step = until.ms.saturating_sub(from.ms) / 4;
        let days = (1..4_i64).filter_map(|n| {
            let ms = from.ms.checked_add(step.checked_mul(n)?)?;
            let civil = Moment::at_ms(ms)?;
            let text = format!("{:04}-{:02}-{:02}T00:00:00Z", civil.year, civil.month, civil.day);
            Some((percent(self.place(&text)?), text))
        });
        days.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lanes() -> Lanes {
        Lanes {
            from: "2026-11-01T00:00:00Z".to_owned(),
            until: "2026-11-21T00:00:00Z".to_owned(),
            lanes: Vec::new(),
        }
    }

    fn span(from: &str, until: Option<&str>, agreed: bool) -> Span {
        Span { from: from.to_owned(), until: until.map(str::to_owned), agreed }
    }

    #[test]
    fn stretches_stand_where_time_says() {
        let lane = Lane {
            channel: "email".to_owned(),
            purpose: String::new(),
            spans: vec![
                span("2026-11-02T00:00:00Z", Some("2026-11-11T00:00:00Z"), true),
                span("2026-11-11T00:00:00Z", None, false),
                span("2026-10-01T00:00:00Z", Some("2026-10-02T00:00:00Z"), true),
                span("not a date", None, false),
            ],
            messages: vec![Tick { at: "2026-11-06T00:00:00Z".to_owned(), approved: true }],
        };
        let plot = lanes().plot(&lane);
        let wanted =
            [("5.00%", "45.00%", true), ("50.00%", "50.00%", false), ("0.00%", "0.40%", true)];
        let seen: Vec<_> =
            plot.spans.iter().map(|(x, w, a)| (x.as_str(), w.as_str(), *a)).collect();
        assert_eq!(seen, wanted);
        assert_eq!(plot.ticks, [("25.00%".to_owned(), true)]);
    }

    #[test]
    fn days_are_even_and_an_empty_time_has_none() {
        let days = lanes().days();
        assert_eq!(days[1], ("50.00%".to_owned(), "2026-11-11T00:00:00Z".to_owned()));
        assert_eq!(days.len(), 3);
        let same = Lanes { until: "2026-11-01T00:00:00Z".to_owned(), ..lanes() };
        assert!(same.days().is_empty());
    }
}

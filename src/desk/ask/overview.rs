//! The first look: is the promise kept, how many decisions by outcome and reason, what holds, what was stopped last.

use std::sync::Arc;

use gate_core::Timestamp;
use gate_index::{Bucket, Dimension, Filter, Label, Window};
use serde::Serialize;
use utoipa::ToSchema;

use super::super::Desk;
use super::super::asked::Asked;
use super::blocking;
use super::changed::{ChangeAnswer, changed};
use super::decisions::{RowAnswer, meaning, storage};
use super::status::{GateAnswer, gates};
use crate::answers::Problem;
use crate::clock::now;
use crate::headers::rfc3339;

/// Reasons that are shown.
const REASONS_MAX: usize = 10;
/// Messages that were stopped last.
const STOPPED: usize = 5;
/// Spans, and the stretch that counts are made over in each.
const RANGES: [(&str, i64, Bucket, i64); 4] = [
    ("hour", 3_600, Bucket::HalfHour, 1_800),
    ("day", 86_400, Bucket::HalfHour, 1_800),
    ("week", 7 * 86_400, Bucket::Hour, 3_600),
    ("month", 30 * 86_400, Bucket::Day, 86_400),
];

/// The first look.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::desk) struct OverviewAnswer {
    /// `hour`, `day`, `week` or `month`.
    pub(in crate::desk) range: &'static str,
    pub(in crate::desk) since: String,
    /// Seconds of a stretch.
    pub(in crate::desk) stretch_s: i64,
    pub(in crate::desk) approved: u64,
    pub(in crate::desk) blocked: u64,
    pub(in crate::desk) deferred: u64,
    /// By stretch, the oldest first.
    pub(in crate::desk) over_time: Vec<StretchAnswer>,
    /// What stopped messages, the commonest first.
    pub(in crate::desk) reasons: Vec<ReasonAnswer>,
    /// Reasons beyond those.
    pub(in crate::desk) more_reasons: usize,
    /// Their messages.
    pub(in crate::desk) more_messages: u64,
    /// Shares of all decisions that are not as usual, the largest difference first; whatever the range is.
    pub(in crate::desk) changed: Vec<ChangeAnswer>,
    /// The last messages that were not approved.
    pub(in crate::desk) just_stopped: Vec<RowAnswer>,
    pub(in crate::desk) gates: Vec<GateAnswer>,
    /// The oldest decision in the index.
    pub(in crate::desk) index_since: Option<String>,
}

/// Counts of a stretch of time.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub(in crate::desk) struct StretchAnswer {
    pub(in crate::desk) begin: String,
    pub(in crate::desk) approved: u64,
    pub(in crate::desk) blocked: u64,
    pub(in crate::desk) deferred: u64,
}

/// How often a reason stopped a message.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(in crate::desk) struct ReasonAnswer {
    pub(in crate::desk) reason: String,
    pub(in crate::desk) meaning: String,
    pub(in crate::desk) n: u64,
    /// By the same stretches.
    pub(in crate::desk) over_time: Vec<u64>,
}

/// # Errors
/// The index cannot be read.
pub(in crate::desk) async fn answer(
    desk: &Arc<Desk>,
    asked: &Asked,
) -> Result<OverviewAnswer, Problem> {
    asked.query.only(&["range", "lang"])?;
    let names = RANGES.map(|(name, ..)| name).join(", ");
    let range = asked.query.parse("range", &format!("must be one of: {names}"), |text| {
        RANGES.iter().position(|(name, ..)| *name == text)
    })?;
    let range = range.unwrap_or(1);
    let gates = gates(desk);
    let counted = blocking(desk, move |desk| {
        let (_, seconds, bucket, stretch) = *RANGES.get(range).unwrap_or(&RANGES[1]);
        let end = now().as_micros();
        let stretch_micros = stretch * 1_000_000;
        // whole stretches, the running one among them
        let last = end - end.rem_euclid(stretch_micros);
        let first = last + stretch_micros - seconds * 1_000_000;
        let window = Window {
            since: Some(Timestamp::from_micros(first)),
            until: None,
            utc_offset_seconds: 0,
        };
        let by = [Dimension::Outcome, Dimension::Reason];
        let counts =
            desk.index.counts(&window, &Filter::default(), &by, bucket).map_err(storage)?;
        let n = usize::try_from(seconds / stretch).unwrap_or(1);
        let mut tally = Tally::new(first, stretch_micros, n);
        for row in &counts.rows {
            tally.add(row);
        }
        let mut stopped = Vec::new();
        for outcome in ["blocked", "deferred"] {
            let filter = Filter {
                outcome: Some(outcome.to_owned()),
                since: window.since,
                ..Filter::default()
            };
            stopped.extend(desk.index.list(&filter, None, STOPPED).map_err(storage)?.items);
        }
        stopped.sort_by_key(|row| std::cmp::Reverse(row.evaluated_at));
        stopped.truncate(STOPPED);
        let oldest = desk.index.figures().map_err(storage)?.oldest;
        let changed = changed(desk, now())?;
        Ok((tally, stopped, changed, oldest, first, stretch))
    });
    let (gates, counted) = tokio::join!(gates, counted);
    let (tally, stopped, changed, oldest, first, stretch_s) = counted?;
    let sum = |of: fn(&StretchAnswer) -> u64| tally.over_time.iter().map(of).sum();
    let (approved, blocked, deferred) =
        (sum(|it| it.approved), sum(|it| it.blocked), sum(|it| it.deferred));
    let (reasons, rest) = tally.reasons();
    Ok(OverviewAnswer {
        range: RANGES.get(range).map_or("day", |(name, ..)| *name),
        since: rfc3339(Timestamp::from_micros(first)),
        stretch_s,
        approved,
        blocked,
        deferred,
        over_time: tally.over_time,
        more_reasons: rest.len(),
        more_messages: rest.iter().map(|reason| reason.n).sum(),
        reasons,
        changed,
        just_stopped: stopped.iter().map(RowAnswer::of).collect(),
        gates,
        index_since: oldest.map(rfc3339),
    })
}

struct Tally {
    first: i64,
    stretch: i64,
    over_time: Vec<StretchAnswer>,
    by_reason: std::collections::BTreeMap<String, Vec<u64>>,
}

impl Tally {
    fn new(first: i64, stretch: i64, n: usize) -> Self {
        let begin = |nth: i64| rfc3339(Timestamp::from_micros(first + nth * stretch));
        let over_time = (0..).take(n);
        let over_time =
            over_time.map(|nth| StretchAnswer { begin: begin(nth), ..Default::default() });
        Self { first, stretch, over_time: over_time.collect(), by_reason: Default::default() }
    }

    fn add(&mut self, row: &gate_index::Count) {
        let at = (row.begin.as_micros() - self.first).div_euclid(self.stretch);
        let Ok(at) = usize::try_from(at) else { return };
        let label = |nth: usize| match row.labels.get(nth) {
            Some(Label::Named(text)) => text.to_string(),
            Some(Label::Other) => "other".to_owned(),
            Some(Label::Absent) | None => String::new(),
        };
        let n_stretches = self.over_time.len();
        let Some(stretch) = self.over_time.get_mut(at) else { return };
        match label(0).as_str() {
            "approved" => stretch.approved += row.n,
            "deferred" => stretch.deferred += row.n,
            _ => stretch.blocked += row.n,
        }
        if label(0) != "approved" {
            let over_time = self.by_reason.entry(label(1)).or_insert_with(|| vec![0; n_stretches]);
            if let Some(n) = over_time.get_mut(at) {
                *n += row.n;
            }
        }
    }

    /// The commonest, and the rest.
    fn reasons(&self) -> (Vec<ReasonAnswer>, Vec<ReasonAnswer>) {
        let mut reasons: Vec<ReasonAnswer> = self
            .by_reason
            .iter()
            .map(|(code, over_time)| ReasonAnswer {
                reason: code.clone(),
                meaning: meaning(code),
                n: over_time.iter().sum(),
                over_time: over_time.clone(),
            })
            .collect();
        reasons.sort_by(|one, other| other.n.cmp(&one.n).then(one.reason.cmp(&other.reason)));
        let rest = reasons.split_off(reasons.len().min(REASONS_MAX));
        (reasons, rest)
    }
}

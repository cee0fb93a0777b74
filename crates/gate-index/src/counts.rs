//! How many decisions, by what and by when.

use crate::bucket;
use crate::filter::Sieve;
use crate::half_hour::HALF_HOUR_MICROS;
use crate::index::{Index, Moment};
use crate::key::sorted;
use crate::layout::COUNTS;
use crate::word::{Context, Verdict};
use crate::{Filter, IndexError};
use gate_core::Timestamp;
use std::collections::BTreeMap;

/// Rows of an answer; what is beyond is counted as "other" of its time.
pub const ROWS_MAX: usize = 10_000;
/// Series that are looked at for one answer; the newest.
pub const SERIES_SCANNED_MAX: usize = 5_000_000;
const HOUR_MICROS: i64 = 2 * HALF_HOUR_MICROS;
const DAY_MICROS: i64 = 24 * HOUR_MICROS;

/// What decisions are counted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Dimension {
    /// Approved, blocked or deferred.
    Outcome,
    /// The code of the reason.
    Reason,
    /// The channel.
    Channel,
    /// Each candidate: a decision with several counts in each.
    Jurisdiction,
    /// The purpose.
    Purpose,
    /// The brand.
    Brand,
    /// The controller.
    Controller,
    /// The campaign.
    Campaign,
}

/// Stretches of time that decisions are counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bucket {
    /// Half hours.
    HalfHour,
    /// Hours.
    Hour,
    /// Days, each from midnight by [`Window::utc_offset_seconds`].
    Day,
    /// All in one.
    Whole,
}

/// From when until when, in whole half hours: one that is touched counts whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Window {
    /// From then on; `None`: from the oldest.
    pub since: Option<Timestamp>,
    /// Before then; `None`: until the newest.
    pub until: Option<Timestamp>,
    /// Where days begin, east of Greenwich.
    pub utc_offset_seconds: i32,
}

/// A decision's value in one dimension.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Label {
    /// It names this one.
    Named(Box<str>),
    /// It names none.
    Absent,
    /// There was no room for its value.
    Other,
}

/// How many decisions have these values at this time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Count {
    /// When its stretch begins; of [`Bucket::Whole`], the beginning of the window.
    pub begin: Timestamp,
    /// In the order that was asked for.
    pub labels: Vec<Label>,
    /// Decisions.
    pub n: u64,
}

/// How many decisions there are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// By time, then by labels.
    pub rows: Vec<Count>,
    /// Decisions, each once.
    pub n_decisions: u64,
    /// Those of which something was counted as "other".
    pub n_others: u64,
    /// Those that are only known as "others" and may not be what was asked for: not among the above.
    pub n_uncertain: u64,
    /// From when on it counts; later than was asked for if older ones are gone, or were too many.
    pub since: Timestamp,
    /// Until when.
    pub until: Option<Timestamp>,
    /// More than [`SERIES_SCANNED_MAX`]: what is older than `since` was not looked at.
    pub is_cut_off: bool,
}

impl Index {
    /// Counts the decisions that a filter means; `since` and `until` of the filter do not matter, those of the window do.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub fn counts(
        &self,
        window: &Window,
        filter: &Filter,
        by: &[Dimension],
        bucket: Bucket,
    ) -> Result<Counts, IndexError> {
        let inner = &*self.inner;
        let moment = Moment::of(inner);
        let floor = inner.floor();
        let since = window.since.map_or(floor, |since| since.max(floor)).as_micros();
        let first = bucket::of(since);
        let end = window
            .until
            .map(|until| bucket::of(until.as_micros().saturating_add(HALF_HOUR_MICROS - 1)));
        let mut options = moment.options();
        options.set_iterate_lower_bound(sorted(first));
        if let Some(end) = end {
            options.set_iterate_upper_bound(sorted(end.max(first)));
        }
        let at =
            |half_hour: i64| Timestamp::from_micros(half_hour.saturating_mul(HALF_HOUR_MICROS));
        let mut counts = Counts { since: at(first), until: end.map(at), ..Counts::default() };
        let mut sieve = Sieve::new(inner, filter);
        let mut groups = Groups { by, rows: BTreeMap::new() };
        let mut entries = inner.db.raw_iterator_cf_opt(inner.family(COUNTS)?, options);
        entries.seek_to_last();
        let mut n_scanned = 0;
        let mut latest = None;
        while let Some((key, value)) = entries.item() {
            let entry = bucket::of_key(key).zip(bucket::of_value(value));
            let ((half_hour, series), n) =
                entry.ok_or_else(|| inner.damaged("a count cannot be read"))?;
            // only between half hours: each counts whole or not at all
            if n_scanned >= SERIES_SCANNED_MAX && latest != Some(half_hour) {
                counts.is_cut_off = true;
                counts.since = latest.map_or(counts.since, at);
                break;
            }
            latest = Some(half_hour);
            n_scanned += 1;
            entries.prev();
            match sieve.meant(series)? {
                Meant::No => continue,
                Meant::Perhaps => {
                    counts.n_uncertain += n;
                    continue;
                }
                Meant::Yes => {}
            }
            let begin = bucket.begin(half_hour, window.utc_offset_seconds).unwrap_or(counts.since);
            let verdict = inner.words.verdicts.get(inner, series.0)?;
            let context = inner.words.contexts.get(inner, series.1)?;
            counts.n_decisions += n;
            counts.n_others += if groups.add(begin, &verdict, &context, n) { n } else { 0 };
        }
        entries.status().map_err(|error| inner.fail(&error))?;
        counts.rows = groups.rows();
        Ok(counts)
    }
}

impl Bucket {
    fn begin(self, half_hour: i64, utc_offset_seconds: i32) -> Option<Timestamp> {
        let offset = i64::from(utc_offset_seconds) * 1_000_000;
        let (length, offset) = match self {
            Self::HalfHour => (HALF_HOUR_MICROS, 0),
            Self::Hour => (HOUR_MICROS, 0),
            Self::Day => (DAY_MICROS, offset),
            Self::Whole => return None,
        };
        let at = half_hour.saturating_mul(HALF_HOUR_MICROS).saturating_add(offset);
        let begin = at.saturating_sub(at.rem_euclid(length)).saturating_sub(offset);
        Some(Timestamp::from_micros(begin))
    }
}

/// Whether a series is meant.
enum Meant {
    Yes,
    No,
    /// What it stands for is not known well enough.
    Perhaps,
}

impl Sieve<'_> {
    fn meant(&mut self, (verdict, context): bucket::Series) -> Result<Meant, IndexError> {
        if (verdict != 0 && !self.verdict(verdict)?) || (context != 0 && !self.context(context)?) {
            return Ok(Meant::No);
        }
        let Filter { outcome, reason, channel, jurisdiction, .. } = self.filter;
        let Filter { purpose, brand, controller, campaign, .. } = self.filter;
        let is_some = |texts: [&Option<String>; 4]| texts.iter().any(|text| text.is_some());
        let is_unknown = (verdict == 0 && is_some([outcome, reason, channel, jurisdiction]))
            || (context == 0 && is_some([purpose, brand, controller, campaign]));
        Ok(if is_unknown { Meant::Perhaps } else { Meant::Yes })
    }
}

struct Groups<'a> {
    by: &'a [Dimension],
    rows: BTreeMap<(Timestamp, Vec<Label>), u64>,
}

impl Groups<'_> {
    /// Counts in each of its rows, several with several jurisdictions. `true` when some label is "other".
    fn add(&mut self, begin: Timestamp, verdict: &Verdict, context: &Context, n: u64) -> bool {
        let mut keys = vec![Vec::with_capacity(self.by.len())];
        for dimension in self.by {
            let mut labels = labels(*dimension, verdict, context);
            labels.sort_unstable();
            labels.dedup();
            keys = keys
                .iter()
                .flat_map(|key: &Vec<Label>| {
                    labels
                        .iter()
                        .map(|label| [key.as_slice(), std::slice::from_ref(label)].concat())
                })
                .collect();
        }
        let mut is_other = false;
        for labels in keys {
            let mut key = (begin, labels);
            if self.rows.len() >= ROWS_MAX && !self.rows.contains_key(&key) {
                key.1 = vec![Label::Other; self.by.len()];
            }
            is_other |= key.1.contains(&Label::Other);
            *self.rows.entry(key).or_default() += n;
        }
        is_other
    }

    fn rows(self) -> Vec<Count> {
        let row = |((begin, labels), n)| Count { begin, labels, n };
        self.rows.into_iter().map(row).collect()
    }
}

fn labels(dimension: Dimension, verdict: &Verdict, context: &Context) -> Vec<Label> {
    let one = |is_other: bool, text: Option<&str>| {
        vec![match text {
            _ if is_other => Label::Other,
            Some(text) => Label::Named(text.into()),
            None => Label::Absent,
        }]
    };
    let of_verdict = |text| one(verdict.is_other, text);
    let of_context = |text: &Option<Box<str>>| one(context.is_other, text.as_deref());
    match dimension {
        Dimension::Outcome => of_verdict(Some(&verdict.outcome)),
        Dimension::Reason => of_verdict(Some(&verdict.reason)),
        Dimension::Channel => of_verdict(verdict.channel.as_deref()),
        Dimension::Jurisdiction if verdict.jurisdictions.is_empty() => of_verdict(None),
        Dimension::Jurisdiction => {
            verdict.jurisdictions.iter().map(|code| Label::Named(code.clone())).collect()
        }
        Dimension::Purpose => of_context(&context.purpose),
        Dimension::Brand => of_context(&context.brand),
        Dimension::Controller => of_context(&context.controller),
        Dimension::Campaign => of_context(&context.campaign),
    }
}

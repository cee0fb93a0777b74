//! What is not as usual: shares of all decisions in the last hour, beside those of the day before it.
//!
//! A share is unusual when it has left a band around its usual one: as wide as half hours differ among each other, and as chance
//! makes so few messages differ. What was never seen before has no width but the least.

use std::collections::{BTreeMap, BTreeSet};

use gate_core::Timestamp;
use gate_index::{Bucket, Count, Dimension, Filter, HALF_HOUR_MICROS, Label, Window};
use serde::Serialize;
use utoipa::ToSchema;

use super::super::Desk;
use super::decisions::{meaning, storage};
use crate::exit::Failure;
use crate::headers::rfc3339;

/// Changes that are shown, the largest first.
const CHANGES_MAX: usize = 3;
/// Half hours of now: the running one, and the one before, so that there are never few minutes alone.
const NOW_HALF_HOURS: i64 = 2;
/// Half hours before that.
const BEFORE_HALF_HOURS: i64 = 48;
/// Half hours with enough decisions that make a usual share.
const KNOWN_MIN: usize = 12;
/// Decisions of a half hour that make it one of them.
const HALF_HOUR_DECISIONS_MIN: u64 = 50;
/// Decisions of now that are enough to speak of shares.
const NOW_DECISIONS_MIN: u64 = 100;
/// Half of the band, in standard deviations.
const DEVIATIONS: f64 = 3.0;
/// Half of the narrowest band: less is nobody's business.
const BAND_MIN: f64 = 0.02;

/// A share of all decisions that is not as usual.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(in crate::desk) struct ChangeAnswer {
    /// `approved`, or the code of a reason that stopped messages.
    pub(in crate::desk) what: String,
    /// The reason in a sentence.
    pub(in crate::desk) meaning: String,
    /// How many there were in the hours before.
    pub(in crate::desk) before: u64,
    /// Of so many decisions.
    pub(in crate::desk) before_of: u64,
    /// How many there are since then.
    pub(in crate::desk) now: u64,
    /// Of so many decisions.
    pub(in crate::desk) now_of: u64,
    pub(in crate::desk) since: String,
    /// Campaign, brand and channel of more than half of them, if there are such.
    pub(in crate::desk) campaign: Option<String>,
    pub(in crate::desk) brand: Option<String>,
    pub(in crate::desk) channel: Option<String>,
}

/// What is not as usual at this time.
///
/// # Errors
/// The index cannot be read.
pub(super) fn changed(desk: &Desk, now: Timestamp) -> Result<Vec<ChangeAnswer>, Failure> {
    let running = now.as_micros().div_euclid(HALF_HOUR_MICROS);
    let first = running - (NOW_HALF_HOURS - 1);
    let at = |half_hour: i64| Timestamp::from_micros(half_hour.saturating_mul(HALF_HOUR_MICROS));
    let window = |since: i64| Window { since: Some(at(since)), until: None, utc_offset_seconds: 0 };
    let by = [Dimension::Outcome, Dimension::Reason];
    let counts = desk
        .index
        .counts(&window(first - BEFORE_HALF_HOURS), &Filter::default(), &by, Bucket::HalfHour)
        .map_err(storage)?;
    if counts.is_cut_off {
        return Ok(Vec::new());
    }
    let mut changes = Shares::of(&counts.rows, first).unusual();
    for change in &mut changes {
        let text = |text: &str| Some(text.to_owned());
        let filter = match change.what.as_str() {
            "approved" => Filter { outcome: text("approved"), ..Filter::default() },
            code => Filter { reason: text(code), ..Filter::default() },
        };
        let by = [Dimension::Campaign, Dimension::Brand, Dimension::Channel];
        let found = desk.index.counts(&window(first), &filter, &by, Bucket::Whole);
        let found = found.map_err(storage)?;
        change.since = rfc3339(at(first));
        let most = found.rows.iter().max_by_key(|row| row.n);
        let Some(most) = most.filter(|row| row.n.saturating_mul(2) > found.n_decisions) else {
            continue;
        };
        let named = |nth: usize| match most.labels.get(nth) {
            Some(Label::Named(name)) => Some(name.to_string()),
            Some(Label::Absent | Label::Other) | None => None,
        };
        (change.campaign, change.brand, change.channel) = (named(0), named(1), named(2));
    }
    Ok(changes)
}

/// Decisions by half hour.
#[derive(Default)]
struct Shares {
    /// All of them.
    all: BTreeMap<i64, u64>,
    /// By what became of them.
    of: BTreeMap<String, BTreeMap<i64, u64>>,
    /// Where now begins.
    first: i64,
}

impl Shares {
    fn of(rows: &[Count], first: i64) -> Self {
        let mut shares = Self { first, ..Self::default() };
        for row in rows {
            let label = |nth: usize| match row.labels.get(nth) {
                Some(Label::Named(name)) => Some(&**name),
                Some(Label::Absent | Label::Other) | None => None,
            };
            let half_hour = row.begin.as_micros().div_euclid(HALF_HOUR_MICROS);
            *shares.all.entry(half_hour).or_default() += row.n;
            let what = match label(0) {
                Some("approved") => Some("approved"),
                Some(_) => label(1),
                None => None,
            };
            if let Some(what) = what {
                let of = shares.of.entry(what.to_owned()).or_default();
                *of.entry(half_hour).or_default() += row.n;
            }
        }
        shares
    }

    /// What has left its band, the largest difference first.
    fn unusual(&self) -> Vec<ChangeAnswer> {
        let before: BTreeSet<i64> = self
            .all
            .iter()
            .filter(|(at, n)| **at < self.first && **n >= HALF_HOUR_DECISIONS_MIN)
            .map(|(at, _)| *at)
            .collect();
        let now_of: u64 = self.all.range(self.first..).map(|(_, n)| n).sum();
        if before.len() < KNOWN_MIN || now_of < NOW_DECISIONS_MIN {
            return Vec::new();
        }
        let n_of = |of: &BTreeMap<i64, u64>, at: &i64| of.get(at).copied().unwrap_or(0);
        let mut found: Vec<(f64, ChangeAnswer)> = Vec::new();
        for (what, of) in &self.of {
            let known: Vec<(u64, u64)> =
                before.iter().map(|at| (n_of(of, at), n_of(&self.all, at))).collect();
            let now: u64 = of.range(self.first..).map(|(_, n)| n).sum();
            let Some(by) = left_band(&known, (now, now_of)) else { continue };
            let change = ChangeAnswer {
                what: what.clone(),
                meaning: if what == "approved" { String::new() } else { meaning(what) },
                before: known.iter().map(|(n, _)| n).sum(),
                before_of: known.iter().map(|(_, all)| all).sum(),
                now,
                now_of,
                since: String::new(),
                campaign: None,
                brand: None,
                channel: None,
            };
            found.push((by, change));
        }
        found.sort_by(|(one, _), (other, _)| other.total_cmp(one));
        found.truncate(CHANGES_MAX);
        found.into_iter().map(|(_, change)| change).collect()
    }
}

fn share((part, whole): (u64, u64)) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

/// By how much a share differs from the usual one, if that is more than the band around it.
fn left_band(before: &[(u64, u64)], now: (u64, u64)) -> Option<f64> {
    let all = before.iter().fold((0, 0), |sum, it| (sum.0 + it.0, sum.1 + it.1));
    let usual = share(all);
    let weighed = |it: &(u64, u64)| it.1 as f64 * (share(*it) - usual).powi(2);
    let spread = before.iter().map(weighed).sum::<f64>() / (all.1.max(1) as f64);
    let chance = usual * (1.0 - usual) / (now.1.max(1) as f64);
    let band = (DEVIATIONS * (spread + chance).sqrt()).max(BAND_MIN);
    let by = (share(now) - usual).abs();
    (by > band).then_some(by)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: i64 = 1_000_000;

    fn row(half_hour: i64, outcome: &str, reason: &str, n: u64) -> Count {
        Count {
            begin: Timestamp::from_micros(half_hour * HALF_HOUR_MICROS),
            labels: vec![Label::Named(outcome.into()), Label::Named(reason.into())],
            n,
        }
    }

    /// A day of which 60 of 100 are approved and 10 have no consent, give or take, and what is now.
    fn rows(now: &[(&str, &str, u64)]) -> Vec<Count> {
        let mut rows = Vec::new();
        for nth in 1..=BEFORE_HALF_HOURS {
            let more = u64::try_from(nth % 5).unwrap();
            rows.push(row(FIRST - nth, "approved", "approved.express_consent", 600 + 4 * more));
            rows.push(row(FIRST - nth, "blocked", "blocked.opted_out", 300 - 4 * more));
            rows.push(row(FIRST - nth, "blocked", "blocked.no_consent", 100));
        }
        rows.extend(now.iter().map(|(outcome, reason, n)| row(FIRST, outcome, reason, *n)));
        rows
    }

    fn found(rows: &[Count]) -> Vec<(String, u64, u64)> {
        let changes = Shares::of(rows, FIRST).unusual();
        changes.into_iter().map(|it| (it.what, it.now, it.now_of)).collect()
    }

    #[test]
    fn a_share_that_left_its_band_is_told_and_no_other() {
        let usual = [
            ("approved", "approved.express_consent", 610),
            ("blocked", "blocked.opted_out", 292),
            ("blocked", "blocked.no_consent", 98),
        ];
        assert!(found(&rows(&usual)).is_empty());
        let fewer = [
            ("approved", "approved.express_consent", 300),
            ("approved", "approved.soft_opt_in", 100),
            ("blocked", "blocked.opted_out", 290),
            ("blocked", "blocked.no_consent", 310),
        ];
        let expected = [("blocked.no_consent", 310, 1_000), ("approved", 400, 1_000)]
            .map(|(what, n, all)| (what.to_owned(), n, all));
        assert_eq!(found(&rows(&fewer)), expected, "the largest first, approvals as one");
        // never seen before, and gone
        let other = [
            ("approved", "approved.express_consent", 605),
            ("blocked", "blocked.opted_out", 295),
            ("blocked", "blocked.content_requirement", 100),
        ];
        let whats: Vec<String> = found(&rows(&other)).into_iter().map(|it| it.0).collect();
        assert!(whats.contains(&"blocked.content_requirement".to_owned()), "{whats:?}");
        assert!(whats.contains(&"blocked.no_consent".to_owned()), "{whats:?}");
        assert_eq!(whats.len(), 2);
    }

    #[test]
    fn few_messages_and_few_hours_tell_nothing() {
        let few = [("blocked", "blocked.no_consent", NOW_DECISIONS_MIN - 1)];
        assert!(found(&rows(&few)).is_empty());
        let enough = [("blocked", "blocked.no_consent", NOW_DECISIONS_MIN)];
        assert!(!found(&rows(&enough)).is_empty());
        let mut short = rows(&enough);
        let known = i64::try_from(KNOWN_MIN).unwrap();
        short.retain(|row| row.begin.as_micros() > (FIRST - known) * HALF_HOUR_MICROS);
        assert!(found(&short).is_empty());
        assert!(found(&[]).is_empty());
    }

    #[test]
    fn a_share_that_always_differs_has_a_wide_band() {
        let before = |low, high| {
            (0..48).map(|nth| (if nth % 2 == 0 { low } else { high }, 100)).collect::<Vec<_>>()
        };
        assert_eq!(left_band(&before(10, 90), (90, 100)), None);
        assert!(left_band(&before(49, 51), (90, 100)).is_some());
        // the same share of ten messages is chance
        assert_eq!(left_band(&before(49, 51), (9, 10)), None);
        // half of the narrowest band
        assert_eq!(left_band(&before(0, 0), (2, 100)), None);
        assert!(left_band(&before(0, 0), (3, 100)).is_some());
        assert_eq!(left_band(&[], (0, 0)), None);
    }
}

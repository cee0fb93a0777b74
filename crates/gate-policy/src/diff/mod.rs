//! What a change of packs means, in words, for whoever signs it off.
//!
//! Two sets are compared rule by rule as a message would meet them: per jurisdiction, channel and kind of
//! recipient, on a day. Each difference is a sentence and a verdict: does it permit, forbid or defer more?
//! Where the order of two rules is not plain, it is `other`: a person decides. What is the same by meaning
//! (a split rule, another id) is no difference.
//!
//! Deliberately absent: the clock, files, and whether a change is lawful.

mod compare;
mod hours;

use crate::words;
use compare::compare;
use gate_core::policy::{Code, Jurisdiction, PolicySet, Rule};
use gate_core::{Channel, RecipientKind, Timestamp};
use std::collections::BTreeMap;
use std::fmt;

/// What a difference leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effect {
    /// A message may go out that was blocked.
    PermitsMore,
    /// A message is blocked that could go out.
    ForbidsMore,
    /// A message waits that could go out at once.
    DefersMore,
    /// Neither, both, or not plain: a person has to look.
    Other,
}

impl Effect {
    /// For people.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PermitsMore => "permits more",
            Self::ForbidsMore => "forbids more",
            Self::DefersMore => "defers more",
            Self::Other => "other",
        }
    }
}

/// A difference in one place, before places with the same one are joined.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Found {
    pub(crate) effect: Effect,
    pub(crate) sentence: String,
}

/// One difference, wherever it is found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// What it leads to.
    pub effect: Effect,
    /// Codes of the jurisdictions.
    pub jurisdictions: Vec<String>,
    /// Channels; empty when it is about all messages.
    pub channels: Vec<&'static str>,
    /// Kinds of recipient; empty when it is about all.
    pub recipients: Vec<&'static str>,
    /// The day it begins, where that is after the first day looked at.
    pub from: Option<String>,
    /// What is different, as a sentence.
    pub sentence: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.effect.as_str(), self.jurisdictions.join(" "))?;
        if !self.channels.is_empty() {
            write!(f, ", {}", self.channels.join(" "))?;
        }
        if !self.recipients.is_empty() {
            write!(f, ", to a {}", self.recipients.join(" or "))?;
        }
        if let Some(from) = &self.from {
            write!(f, ", from {from} on")?;
        }
        write!(f, ": {}", self.sentence)
    }
}

/// Where a difference is found: from which of the days on, in which channel, for which kind.
type Place = (usize, Option<Channel>, Option<RecipientKind>);

/// All differences between two sets on the day of `first` and on each later day at which a rule of either begins
/// or ends; only on `first` when `is_that_day_only`.
#[must_use]
pub fn differences(
    before: &PolicySet,
    after: &PolicySet,
    first: Timestamp,
    is_that_day_only: bool,
) -> Vec<Difference> {
    let days = if is_that_day_only { vec![first] } else { days(before, after, first) };
    let mut joined: BTreeMap<(Effect, String, Vec<Place>), Vec<String>> = BTreeMap::new();
    for code in codes(before, after) {
        for (found, places) in in_land(before, after, code, &days) {
            let key = (found.effect, found.sentence, places);
            joined.entry(key).or_default().push(code.as_str().to_owned());
        }
    }
    let mut out = Vec::new();
    for ((effect, sentence, places), jurisdictions) in joined {
        for (nth, day) in days.iter().enumerate() {
            let here: Vec<&Place> = places.iter().filter(|(from, ..)| *from == nth).collect();
            if here.is_empty() {
                continue;
            }
            out.push(Difference {
                effect,
                jurisdictions: jurisdictions.clone(),
                channels: channels(&here),
                recipients: recipients(&here),
                from: (nth > 0).then(|| dated(before, after, &jurisdictions, *day)),
                sentence: sentence.clone(),
            });
        }
    }
    out
}

/// The day by the calendar of the first jurisdiction's law.
fn dated(before: &PolicySet, after: &PolicySet, codes: &[String], at: Timestamp) -> String {
    let found = [after, before].into_iter().find_map(|set| {
        let mut lands = set.parts().jurisdictions.iter();
        let land =
            lands.find(|land| codes.first().is_some_and(|code| code == land.code.as_str()))?;
        Some(words::day(at, land, set))
    });
    found.unwrap_or_default()
}

fn channels(places: &[&Place]) -> Vec<&'static str> {
    let is_there = |channel: &Channel| places.iter().any(|(_, found, _)| *found == Some(*channel));
    let found: Vec<Channel> = Channel::ALL.into_iter().filter(is_there).collect();
    let all = found.len() == Channel::ALL.len();
    if all { Vec::new() } else { found.into_iter().map(Channel::as_str).collect() }
}

fn recipients(places: &[&Place]) -> Vec<&'static str> {
    let is_there = |kind: &RecipientKind| places.iter().any(|(.., found)| *found == Some(*kind));
    let found: Vec<RecipientKind> = RecipientKind::ALL.into_iter().filter(is_there).collect();
    let all = found.len() == RecipientKind::ALL.len();
    if all { Vec::new() } else { found.into_iter().map(RecipientKind::as_str).collect() }
}

/// Codes of both sets.
fn codes(before: &PolicySet, after: &PolicySet) -> Vec<Code> {
    let of = |set: &PolicySet| set.parts().jurisdictions.iter().map(|land| land.code).collect();
    let mut codes: Vec<Code> = of(before);
    codes.extend::<Vec<Code>>(of(after));
    codes.sort_unstable();
    codes.dedup();
    codes
}

/// The first day and each later one at which a rule begins or ends.
fn days(before: &PolicySet, after: &PolicySet, first: Timestamp) -> Vec<Timestamp> {
    let rules = before.rules().iter().chain(after.rules());
    let mut days: Vec<Timestamp> = rules.flat_map(|rule| [rule.from, rule.until]).collect();
    days.retain(|day| first < *day && *day != Timestamp::MAX);
    days.push(first);
    days.sort_unstable();
    days.dedup();
    days
}

/// What differs in a jurisdiction, each with the places where it begins to.
fn in_land(
    before: &PolicySet,
    after: &PolicySet,
    code: Code,
    days: &[Timestamp],
) -> BTreeMap<Found, Vec<Place>> {
    let mut out: BTreeMap<Found, Vec<Place>> = BTreeMap::new();
    let land =
        |set: &PolicySet| set.parts().jurisdictions.iter().position(|land| land.code == code);
    let of = |set: &PolicySet| -> Option<Jurisdiction> {
        land(set).and_then(|at| set.parts().jurisdictions.get(at)).cloned()
    };
    let (old, new) = match (of(before), of(after)) {
        (Some(old), Some(new)) => (old, new),
        (old, _) => {
            let sentence = if old.is_some() {
                "it has no rules of its own any more; those for its country or for an unknown place apply"
            } else {
                "it has rules of its own now"
            };
            out.insert(other(sentence.to_owned()), vec![(0, None, None)]);
            return out;
        }
    };
    if let Some(found) = compare::ages(old.minor_below, new.minor_below) {
        out.entry(found).or_default().push((0, None, None));
    }
    for channel in Channel::ALL {
        for kind in RecipientKind::ALL {
            let mut former: Vec<Found> = Vec::new();
            for (nth, day) in days.iter().enumerate() {
                let rules = |set: &'_ PolicySet, land: &Jurisdiction| -> Vec<Rule> {
                    let rules = set.rules_for(land, channel, kind, *day);
                    rules.filter_map(|index| set.rule(index)).cloned().collect()
                };
                let found = compare(&rules(before, &old), &rules(after, &new));
                for new in found.iter().filter(|found| !former.contains(found)) {
                    out.entry(new.clone()).or_default().push((nth, Some(channel), Some(kind)));
                }
                former = found;
            }
        }
    }
    out
}

pub(crate) fn other(sentence: String) -> Found {
    Found { effect: Effect::Other, sentence }
}

//! What a reconciliation came to, in numbers: the report and the gauge. No address, no key.

use crate::finding::Finding;
use crate::frame::Frame;
use crate::kind::{Class, Kind};
use crate::remedy::Remedy;
use crate::time;
use gate_core::Timestamp;
use serde::Serialize;
use std::collections::BTreeMap;

/// The numbers of one reconciliation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The source.
    pub source: String,
    /// Its provider.
    pub provider: String,
    /// The channel.
    pub channel: String,
    /// When it began: what came later is not compared. RFC 3339.
    pub at: String,
    /// Entries of the provider's that were read.
    pub n_entries: u64,
    /// Items of its lists that are no suppressions.
    pub n_skipped: u64,
    /// Entries whose address is none of the channel's: they are compared with nobody. Look at them.
    pub n_unusable: u64,
    /// Lines of an export that could not be used: they may be refusals.
    pub n_problems: u64,
    /// The beginning of our own topic is gone: what was said there, refusals too, is compared with nothing.
    pub is_cut_off: bool,
    /// People whose state was read here.
    pub n_people: u64,
    /// Findings by class and kind, without those that are 0.
    pub classes: BTreeMap<&'static str, BTreeMap<&'static str, u64>>,
    /// Findings by what would mend them.
    pub remedies: BTreeMap<&'static str, u64>,
    /// Consent changes written here, when asked for.
    pub n_written_here: u64,
    /// Refusals written there, when asked for.
    pub n_written_there: u64,
    /// Refusals that the provider did not take.
    pub n_refused_there: u64,
}

impl Report {
    /// Begins one.
    #[must_use]
    pub fn new(frame: &Frame, provider: &str, now: Timestamp) -> Self {
        Self {
            source: frame.source.clone(),
            provider: provider.to_owned(),
            channel: frame.channel.as_str().to_owned(),
            at: time::rfc3339(now).unwrap_or_default(),
            ..Self::default()
        }
    }

    /// Counts a finding and what would mend it.
    pub fn add(&mut self, finding: &Finding, remedy: &Remedy) {
        *self
            .classes
            .entry(finding.class.as_str())
            .or_default()
            .entry(finding.kind.as_str())
            .or_default() += 1;
        *self.remedies.entry(remedy.as_str()).or_default() += 1;
    }

    /// How many findings there are of a class.
    #[must_use]
    pub fn n(&self, class: Class) -> u64 {
        self.classes.get(class.as_str()).map_or(0, |kinds| kinds.values().sum())
    }

    /// Entries and lines of the provider's that were compared with nobody: each may be a refusal.
    #[must_use]
    pub const fn n_uncompared(&self) -> u64 {
        self.n_problems + self.n_unusable
    }

    /// Whether both sides refuse the same, everything was compared, and the provider took what was written.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.n_uncompared() == 0
            && self.n_refused_there == 0
            && !self.is_cut_off
            && Class::ALL
                .into_iter()
                .filter(|class| class.is_drift())
                .all(|class| self.n(class) == 0)
    }

    /// The values of the gauge `consent_gate_suppression_drift`: every direction and kind, also those that are 0, so that a
    /// series goes back when the drift is mended. What was compared with nobody is direction `uncompared`. 41 series a source.
    #[must_use]
    pub fn drift(&self) -> Vec<Drift<'_>> {
        let directions = Class::ALL.into_iter().filter(|class| class.is_drift());
        let each =
            directions.flat_map(|class| Kind::ALL.into_iter().map(move |kind| (class, kind)));
        each.map(|(class, kind)| Drift {
            source: &self.source,
            direction: class.as_str(),
            kind: kind.as_str(),
            value: self
                .classes
                .get(class.as_str())
                .and_then(|kinds| kinds.get(kind.as_str()))
                .copied()
                .unwrap_or(0),
        })
        .chain(std::iter::once(Drift {
            source: &self.source,
            direction: "uncompared",
            kind: Kind::Unjudged.as_str(),
            value: self.n_uncompared(),
        }))
        .collect()
    }
}

/// One value of the gauge. Labels are closed sets and the source's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Drift<'r> {
    /// The source.
    pub source: &'r str,
    /// `only_here`, `only_there`, `overtaken`, `undated`, `uncompared`.
    pub direction: &'static str,
    /// What it is.
    pub kind: &'static str,
    /// How many people and lanes.
    pub value: u64,
}

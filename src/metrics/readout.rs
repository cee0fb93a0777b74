//! The metrics read back by the program itself, for the status snapshot: sums over what nobody asks for.

use super::labels::Labels;
use super::{Changed, Decided, Family, Metrics};
use prometheus::core::{Collector, Metric as _};
use prometheus::proto::MetricFamily;
use prometheus::{Histogram, IntCounter};
use std::collections::BTreeMap;

/// The buckets of a histogram, without the one that has no bound.
#[derive(Clone, Debug, PartialEq)]
pub struct Buckets {
    /// How many values there are.
    pub n: u64,
    /// Each bound and how many values are not above it.
    pub up_to: Vec<(f64, u64)>,
}

impl<L: Labels> Family<IntCounter, L> {
    /// The sums by one text of each member.
    pub fn sums(&self, name: impl Fn(L) -> &'static str) -> BTreeMap<String, u64> {
        let mut sums = BTreeMap::new();
        for member in L::all() {
            let sum: &mut u64 = sums.entry(name(member).to_owned()).or_default();
            *sum = sum.saturating_add(self.of(member).get());
        }
        sums
    }

    /// The sum over all members.
    #[must_use]
    pub fn sum(&self) -> u64 {
        L::all().into_iter().map(|member| self.of(member).get()).fold(0, u64::saturating_add)
    }
}

impl Metrics {
    /// Decisions by outcome and reason.
    #[must_use]
    pub fn decisions_by_reason(&self) -> BTreeMap<String, BTreeMap<String, u64>> {
        let mut sums: BTreeMap<String, BTreeMap<String, u64>> = BTreeMap::new();
        for member in Decided::all() {
            let outcome = sums.entry(member.0.outcome().as_str().to_owned()).or_default();
            let sum = outcome.entry(member.0.short_code().to_owned()).or_default();
            *sum = sum.saturating_add(self.decisions.of(member).get());
        }
        sums
    }

    /// Consent changes by action.
    #[must_use]
    pub fn changes_by_action(&self) -> BTreeMap<String, u64> {
        self.consent_changes.sums(Changed::action)
    }

    /// Consent changes by what became of them.
    #[must_use]
    pub fn changes_by_result(&self) -> BTreeMap<String, u64> {
        self.consent_changes.sums(|Changed(_, result)| result.as_str())
    }

    /// When the newest change of each source was appended, Unix seconds; 0: none since the start.
    #[must_use]
    pub fn source_last_changes(&self) -> BTreeMap<String, f64> {
        let families = self.source_last_change.collect();
        labelled(&families).map(|(source, at)| (source.to_owned(), at)).collect()
    }

    /// The revision of the policies in force, once there are any.
    #[must_use]
    pub fn policy_revision(&self) -> Option<String> {
        let families = self.policy_revision_info.collect();
        labelled(&families).find(|(_, value)| *value > 0.0).map(|(name, _)| name.to_owned())
    }

    /// The slowest enforcement of the last minute in seconds; 0: there was none.
    #[must_use]
    pub fn enforcement_max_s(&self) -> f64 {
        self.slowest_enforcement.seconds()
    }

    /// When the process started, Unix milliseconds.
    #[must_use]
    pub const fn process_start_ms(&self) -> i64 {
        self.process_start_ms
    }

    /// Resident memory of the process in bytes, where the system tells.
    #[must_use]
    pub fn resident_bytes(&self) -> Option<u64> {
        #[cfg(target_os = "linux")]
        {
            let families = prometheus::process_collector::ProcessCollector::for_self().collect();
            let memory = families.iter().find(|it| it.name() == "process_resident_memory_bytes")?;
            let bytes = memory.get_metric().first()?.get_gauge().get_value();
            // whole and below the machine's memory
            Some(bytes.max(0.0) as u64)
        }
        #[cfg(not(target_os = "linux"))]
        None
    }
}

/// What a histogram counted so far.
#[must_use]
pub fn buckets(histogram: &Histogram) -> Buckets {
    let metric = histogram.metric();
    let histogram = metric.get_histogram();
    let bounded = histogram.get_bucket().iter().filter(|bucket| bucket.upper_bound().is_finite());
    Buckets {
        n: histogram.get_sample_count(),
        up_to: bounded.map(|bucket| (bucket.upper_bound(), bucket.cumulative_count())).collect(),
    }
}

/// The first label's value and the value of each series of a gauge.
fn labelled(families: &[MetricFamily]) -> impl Iterator<Item = (&str, f64)> {
    let series = families.iter().flat_map(MetricFamily::get_metric);
    series.filter_map(|one| Some((one.get_label().first()?.value(), one.get_gauge().get_value())))
}

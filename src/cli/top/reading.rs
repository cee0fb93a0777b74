//! What one instance says at one time, by name. A metric that the instance does not have is `None`, never 0.

use super::exposition::{Exposition, Sample};
use std::collections::BTreeMap;

/// Values by one label.
pub(super) type By = BTreeMap<String, f64>;

/// Counts of a histogram's buckets, each with everything below its bound, by bound.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Histogram(pub(super) Vec<(f64, f64)>);

/// One partition.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Partition {
    pub(super) topic: String,
    pub(super) partition: String,
    pub(super) records: Option<f64>,
    pub(super) seconds: Option<f64>,
}

/// One scrape.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Reading {
    pub(super) version: Option<String>,
    pub(super) policy_revision: Option<String>,
    pub(super) policy_rejected: Option<f64>,
    /// Unix seconds.
    pub(super) started: Option<f64>,
    /// By outcome and reason.
    pub(super) decisions: Option<BTreeMap<(String, String), f64>>,
    pub(super) enforcement: Option<Histogram>,
    pub(super) enforcement_max: Option<f64>,
    pub(super) decision_latency: Option<Histogram>,
    pub(super) probe_enabled: Option<f64>,
    pub(super) probe_up: Option<f64>,
    pub(super) probe_success: Option<f64>,
    pub(super) probe_rounds: Option<By>,
    pub(super) changes_by_action: Option<By>,
    pub(super) changes_by_result: Option<By>,
    pub(super) dead_letters: Option<f64>,
    /// Unix seconds by source.
    pub(super) sources: Option<By>,
    pub(super) lag_records: Option<By>,
    pub(super) lag_seconds: Option<By>,
    pub(super) partitions: Vec<Partition>,
    pub(super) commit: Option<Histogram>,
    pub(super) transactions: Option<By>,
    pub(super) recycled: Option<f64>,
    pub(super) held: Option<By>,
    pub(super) subjects: Option<f64>,
    pub(super) store_bytes: Option<f64>,
    pub(super) store_read_errors: Option<f64>,
    pub(super) restore_remaining: Option<f64>,
    pub(super) cache_hits: Option<f64>,
    pub(super) cache_misses: Option<f64>,
    pub(super) cache_bytes: Option<f64>,
    pub(super) compaction_pending: Option<f64>,
    pub(super) write_stopped: Option<f64>,
    pub(super) disk_free: Option<f64>,
    pub(super) disk_total: Option<f64>,
    pub(super) resident_bytes: Option<f64>,
}

impl Reading {
    pub(super) fn of(page: &Exposition) -> Self {
        let gate = |name: &str| format!("consent_gate_{name}");
        let sum = |name: &str| page.sum(&gate(name));
        let by = |name: &str, label: &str| page.by(&gate(name), label);
        let label = |name: &str, label: &str| {
            let samples = page.all(&gate(name))?;
            let in_force = samples.iter().find(|sample| sample.value > 0.0)?;
            Some(in_force.label(label).to_owned())
        };
        Self {
            version: label("build_info", "version"),
            policy_revision: label("policy_revision_info", "revision"),
            policy_rejected: sum("policy_rejected"),
            started: page.sum("process_start_time_seconds"),
            decisions: decisions(page),
            enforcement: histogram(page, &gate("enforcement_latency_seconds")),
            enforcement_max: sum("enforcement_latency_max_seconds"),
            decision_latency: histogram(page, &gate("decision_latency_seconds")),
            probe_enabled: sum("probe_enabled"),
            probe_up: sum("probe_up"),
            probe_success: sum("probe_last_success_timestamp_seconds"),
            probe_rounds: by("probe_rounds_total", "result"),
            changes_by_action: by("consent_changes_total", "action"),
            changes_by_result: by("consent_changes_total", "result"),
            dead_letters: sum("dead_letters_total"),
            sources: by("source_last_change_timestamp_seconds", "source"),
            lag_records: by("lag_records", "topic"),
            lag_seconds: by("lag_seconds", "topic"),
            partitions: partitions(page),
            commit: histogram(page, &gate("commit_seconds")),
            transactions: by("transactions_total", "result"),
            recycled: sum("producer_recycles_total"),
            held: by("held_partitions", "cause"),
            subjects: sum("subjects"),
            store_bytes: sum("store_bytes"),
            store_read_errors: sum("store_read_errors_total"),
            restore_remaining: sum("restore_remaining_records"),
            cache_hits: sum("store_cache_hits_total"),
            cache_misses: sum("store_cache_misses_total"),
            cache_bytes: sum("store_cache_bytes"),
            compaction_pending: sum("store_compaction_pending_bytes"),
            write_stopped: sum("store_write_stopped"),
            disk_free: sum("disk_free_bytes"),
            disk_total: sum("disk_total_bytes"),
            resident_bytes: page.sum("process_resident_memory_bytes"),
        }
    }

    /// Whether it is a gate's page at all.
    pub(super) fn is_of_a_gate(&self) -> bool {
        self.version.is_some() || self.decisions.is_some()
    }
}

fn decisions(page: &Exposition) -> Option<BTreeMap<(String, String), f64>> {
    let mut sums = BTreeMap::new();
    for sample in page.all("consent_gate_decisions_total")? {
        let key = (sample.label("outcome").to_owned(), sample.label("reason").to_owned());
        *sums.entry(key).or_insert(0.0) += sample.value;
    }
    Some(sums)
}

fn histogram(page: &Exposition, name: &str) -> Option<Histogram> {
    let samples = page.all(&format!("{name}_bucket"))?;
    let bound = |sample: &Sample| sample.label("le").parse().ok();
    let mut buckets: Vec<(f64, f64)> =
        samples.iter().filter_map(|sample| Some((bound(sample)?, sample.value))).collect();
    buckets.sort_by(|one, other| one.0.total_cmp(&other.0));
    Some(Histogram(buckets))
}

fn partitions(page: &Exposition) -> Vec<Partition> {
    let mut found: BTreeMap<(String, String), Partition> = BTreeMap::new();
    let names = ["consent_gate_partition_lag_records", "consent_gate_partition_lag_seconds"];
    for (is_seconds, name) in [false, true].into_iter().zip(names) {
        for sample in page.all(name).unwrap_or_default() {
            let (topic, partition) = (sample.label("topic"), sample.label("partition"));
            let entry = found.entry((topic.to_owned(), partition.to_owned()));
            let entry = entry.or_insert_with(|| Partition {
                topic: topic.to_owned(),
                partition: partition.to_owned(),
                records: None,
                seconds: None,
            });
            let slot = if is_seconds { &mut entry.seconds } else { &mut entry.records };
            *slot = Some(sample.value);
        }
    }
    found.into_values().collect()
}

impl Histogram {
    /// What came in since `before`; everything when it was started again meanwhile.
    pub(super) fn since(&self, before: &Self) -> Self {
        let is_same = self.0.len() == before.0.len()
            && self.0.iter().zip(&before.0).all(|(new, old)| new.0 == old.0 && new.1 >= old.1);
        if !is_same {
            return self.clone();
        }
        Self(self.0.iter().zip(&before.0).map(|(new, old)| (new.0, new.1 - old.1)).collect())
    }

    /// Both together; of other buckets nothing is taken.
    pub(super) fn add(&mut self, other: &Self) {
        if self.0.is_empty() {
            self.clone_from(other);
        } else if self.0.len() == other.0.len() {
            for (mine, theirs) in self.0.iter_mut().zip(&other.0) {
                mine.1 += theirs.1;
            }
        }
    }

    /// How many.
    pub(super) fn n(&self) -> f64 {
        self.0.last().map_or(0.0, |(_, n)| *n)
    }

    /// The value that a share of all is below, between the bounds of its bucket; `None` when there is nothing.
    /// Above the last bound, that bound.
    pub(super) fn quantile(&self, share: f64) -> Option<f64> {
        let n = self.n();
        if n <= 0.0 {
            return None;
        }
        let rank = share * n;
        let (mut low, mut n_below) = (0.0, 0.0);
        for (bound, n_up_to) in &self.0 {
            if *n_up_to >= rank {
                if bound.is_infinite() {
                    return Some(low);
                }
                let n_here = n_up_to - n_below;
                let part = if n_here > 0.0 { (rank - n_below) / n_here } else { 1.0 };
                return Some(low + (bound - low) * part);
            }
            (low, n_below) = (*bound, *n_up_to);
        }
        Some(low)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_lie_in_their_bucket() {
        let histogram =
            Histogram(vec![(0.1, 50.0), (1.0, 90.0), (10.0, 100.0), (f64::INFINITY, 100.0)]);
        assert_eq!(histogram.quantile(0.5), Some(0.1));
        assert_eq!(histogram.quantile(0.25), Some(0.05));
        assert!((histogram.quantile(0.99).unwrap() - 9.1).abs() < 1e-9);
        let slow = Histogram(vec![(0.1, 0.0), (f64::INFINITY, 4.0)]);
        assert_eq!(slow.quantile(0.5), Some(0.1), "above the last bound");
        assert_eq!(Histogram::default().quantile(0.5), None);
        assert_eq!(Histogram(vec![(1.0, 0.0)]).quantile(0.5), None);
    }

    #[test]
    fn a_restart_counts_from_nothing() {
        let before = Histogram(vec![(1.0, 10.0), (f64::INFINITY, 12.0)]);
        let after = Histogram(vec![(1.0, 11.0), (f64::INFINITY, 15.0)]);
        assert_eq!(after.since(&before), Histogram(vec![(1.0, 1.0), (f64::INFINITY, 3.0)]));
        let again = Histogram(vec![(1.0, 2.0), (f64::INFINITY, 2.0)]);
        assert_eq!(again.since(&before), again);
    }

    #[test]
    fn a_page_of_the_gate_has_what_is_asked_for() {
        let metrics = crate::metrics::Metrics::new(crate::metrics::TopicNames::default()).unwrap();
        let page = Exposition::parse(&metrics.encode().unwrap()).unwrap();
        let reading = Reading::of(&page);
        assert!(reading.is_of_a_gate());
        let there = [
            reading.policy_rejected,
            reading.dead_letters,
            reading.recycled,
            reading.subjects,
            reading.store_bytes,
            reading.store_read_errors,
        ];
        assert!(there.iter().all(Option::is_some), "{there:?}");
        assert!(reading.enforcement.is_some() && reading.decision_latency.is_some());
        assert!(reading.transactions.is_some() && reading.held.is_some());
        assert!(reading.changes_by_action.is_some() && reading.changes_by_result.is_some());
        assert!(!Reading::of(&Exposition::parse("go_threads 7\n").unwrap()).is_of_a_gate());
    }
}

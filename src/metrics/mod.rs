//! Every metric, declared once with its name, unit, labels and help.
//!
//! Names and labels are public API (docs/reference/metrics.md): add, deprecate, never rename. Label
//! values are closed sets (`labels.rs`), or bounded and out of the configuration or partition numbers; a metric never carries a
//! contact, an address or anything else out of a record. `docs/reference/metrics.md` is generated
//! from these declarations and compared in a test.
//!
//! Lanes count through a [`Tally`], which keeps an aborted batch out of the numbers. Gauges that
//! describe where the gate stands are written by `status::Status`, from the same facts as `/readyz`; what the
//! store and the disk say is fetched by the monitor's thread, so that no scrape waits for them.
//!
//! Deliberately absent: the global default registry. Each [`Metrics`] has its own, so that tests run
//! side by side.

mod counted;
mod declare;
mod desk;
mod door;
mod labels;
mod ledger;
mod named;
mod partitions;
mod process;
mod readout;
mod reference;
mod slowest;
mod sources;
mod tally;
mod tokens;

pub use counted::{Changed, Decided, INVALID_CLASSES, Invalid, ProbeRecord, Requested};
pub use declare::{Declaration, Family};
pub use desk::DeskMetrics;
pub use door::DoorMetrics;
pub use labels::{
    Bound, CheckpointResult, ConsentResult, DeskAct, DeskTopic, DoorBound, ForeignRow, HoldCause,
    Labels, LinkResult, OUTBOUND_TOPICS_MAX, PolicyArchive, PolicyReload, ProbeRecipient,
    ProbeResult, RebalanceEvent, RecycleCause, Route, StatusClass, Topic, TopicNames,
    TransactionResult,
};
pub use ledger::LedgerMetrics;
pub use named::{NAMED_BYTES_MAX, NAMED_MAX, NAMED_OTHER, Named, NamedPlaces};
pub use partitions::PartitionLag;
pub use readout::{Buckets, buckets};
pub use reference::reference_page;
pub use sources::{SOURCE_BYTES_MAX, SOURCE_OTHER, SOURCES_MAX, Sources};
pub use tally::Tally;
pub use tokens::CountTokens;

use declare::{Registrar, Spec};
use prometheus::{
    Counter, Gauge, GaugeVec, Histogram, IntCounter, IntCounterVec, IntGauge, IntGaugeVec,
    Registry, TextEncoder,
};
use slowest::Slowest;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

/// Version and revision of this program.
pub const BUILD: (&str, &str) = (
    env!("CARGO_PKG_VERSION"),
    match option_env!("CONSENT_GATE_REVISION") {
        Some(revision) => revision,
        None => "unknown",
    },
);

/// Partitions of one topic that get a series of their own; the rest is counted as bound reached.
pub const PARTITION_SERIES_MAX: usize = 1_024;

/// Policy packs that get a series of their own.
pub const POLICY_SERIES_MAX: usize = 256;

/// From a decision within a millisecond to a minute of waiting.
const LATENCY_SECONDS: &[f64] =
    &[0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0];

/// From one round trip to a barrier that gave up.
const BARRIER_SECONDS: &[f64] =
    &[0.000_5, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0];

/// From one message at rest to full batches under load.
const BATCH_RECORDS: &[f64] =
    &[1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1_000.0, 2_000.0, 5_000.0, 10_000.0];

/// From a few links to many contacts copied to another disk at the pace that is allowed.
const CHECKPOINT_SECONDS: &[f64] =
    &[0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0];

/// A metric that cannot be declared or printed: a mistake in this program.
#[derive(Debug, thiserror::Error)]
pub enum MetricsError {
    /// Two metrics share a name, or a name or label is not allowed.
    #[error("a metric cannot be declared: {0}")]
    Declaration(prometheus::Error),
    /// The registry could not be written as text.
    #[error("the metrics cannot be written: {0}")]
    Encoding(prometheus::Error),
}

macro_rules! metrics {
    ($($field:ident: $type:ty = $method:ident($name:literal, $unit:literal $(, $more:expr)*): $help:literal;)*) => {
        /// The metrics of one process; shared as `Arc<Metrics>`.
        pub struct Metrics {
            registry: Registry,
            topics: TopicNames,
            declarations: Vec<Declaration>,
            process_start_ms: i64,
            poisoned: Mutex<BTreeMap<i32, i64>>,
            lagging: Mutex<BTreeSet<(Topic, i32)>>,
            reviewed: Mutex<BTreeSet<String>>,
            slowest_enforcement: Slowest,
            named: OnceLock<Named>,
            $(#[doc = $help] pub $field: $type,)*
        }

        impl Metrics {
            /// Declares everything in a registry of its own.
            ///
            /// # Errors
            /// A declaration that contradicts itself: a mistake in this program.
            pub fn new(topics: TopicNames) -> Result<Arc<Self>, MetricsError> {
                Self::declare(topics).map(Arc::new).map_err(MetricsError::Declaration)
            }

            fn declare(topics: TopicNames) -> prometheus::Result<Self> {
                let registry = Registry::new();
                #[cfg(target_os = "linux")]
                registry.register(Box::new(
                    prometheus::process_collector::ProcessCollector::for_self(),
                ))?;
                let mut registrar =
                    Registrar { registry: &registry, topics: &topics, declarations: Vec::new() };
                $(let $field = registrar.$method(
                    &Spec { name: $name, unit: $unit, help: $help } $(, $more)*
                )?;)*
                let declarations = registrar.declarations;
                let metrics = Self {
                    registry,
                    topics,
                    declarations,
                    process_start_ms: now_ms(),
                    poisoned: Mutex::default(),
                    reviewed: Mutex::default(),
                    lagging: Mutex::default(),
                    slowest_enforcement: Slowest::default(),
                    named: OnceLock::new(),
                    $($field,)*
                };
                metrics.describe_build()?;
                Ok(metrics)
            }
        }
    };
}

metrics! {
    decisions: Family<IntCounter, Decided> = counters("consent_gate_decisions_total", "records"):
        "Decisions whose transaction was committed, by outcome, reason and channel.";
    brand_decisions: IntCounterVec = bounded_counters("consent_gate_brand_decisions_total", "records", &["brand", "outcome"]):
        "Decisions by the brand of their message: those of `metrics.brands`, and `other`. No series without a list.";
    campaign_decisions: IntCounterVec = bounded_counters("consent_gate_campaign_decisions_total", "records", &["campaign", "outcome"]):
        "Decisions by `attributes.campaign` of their message: those of `metrics.campaigns`, and `other`. No series without a list.";
    decision_latency: Histogram = histogram("consent_gate_decision_latency_seconds", "seconds", LATENCY_SECONDS):
        "From the record timestamp of a message to the commit of its decision.";
    enforcement_latency: Histogram = histogram("consent_gate_enforcement_latency_seconds", "seconds", LATENCY_SECONDS):
        "From the record timestamp of a consent change to its being applied. Changes older than the process are replay and are left out.";
    enforcement_max: Gauge = seconds_gauge("consent_gate_enforcement_latency_max_seconds", "seconds"):
        "The slowest enforcement among the consent changes applied in the last 60 s; 0 when there were none.";
    barrier: Histogram = histogram("consent_gate_barrier_seconds", "seconds", BARRIER_SECONDS):
        "How long a batch waited until consent had caught up with it.";
    held_partitions: Family<IntGauge, HoldCause> = gauges("consent_gate_held_partitions", "partitions"):
        "Partitions that wait instead of being decided, by cause. /readyz names them.";
    consent_poison: IntGaugeVec = bounded_gauges("consent_gate_consent_poison", "records", &["topic", "partition", "offset"]):
        "1 while the gate is held on a consent change nobody can read, at this place. Released with `consent-gate consent skip`.";
    consent_held: IntGaugeVec = bounded_gauges("consent_gate_consent_held", "partitions", &["topic", "partition", "cause"]):
        "1 while messages are held because this consent partition is not applied up to its end, by cause.";
    consent_changes: Family<IntCounter, Changed> = counters("consent_gate_consent_changes_total", "records"):
        "Consent changes taken up, by action and what became of them.";
    source_changes: IntCounterVec = bounded_counters("consent_gate_source_changes_total", "records", &["source"]):
        "Readable consent changes by the `source` they name: those of `metrics.sources`, and `other`.";
    source_last_change: GaugeVec = bounded_seconds_gauges("consent_gate_source_last_change_timestamp_seconds", "seconds", &["source"]):
        "When the newest consent change of a source was appended to its topic, Unix time; 0 = none since the process started.";
    applied_offset: IntGaugeVec = bounded_gauges("consent_gate_applied_offset", "offset", &["partition"]):
        "Next offset of each consent partition: everything before it is applied.";
    lag_records: Family<IntGauge, Topic> = gauges("consent_gate_lag_records", "records"):
        "Records of this instance's partitions that are not applied or decided yet.";
    lag_seconds: Family<Gauge, Topic> = seconds_gauges("consent_gate_lag_seconds", "seconds"):
        "How old the work is that is not done yet, in the worst partition; 0 when nothing waits.";
    partition_lag_records: IntGaugeVec = bounded_gauges("consent_gate_partition_lag_records", "records", &["topic", "partition"]):
        "Records of a partition of this instance that are not applied or decided yet.";
    partition_lag_seconds: GaugeVec = bounded_seconds_gauges("consent_gate_partition_lag_seconds", "seconds", &["topic", "partition"]):
        "How old the oldest of them is; 0 when nothing waits.";
    restore_remaining: IntGauge = gauge("consent_gate_restore_remaining_records", "records"):
        "Consent records that were in the topic when the process started and are not applied yet; 0 = restored.";
    transactions: Family<IntCounter, TransactionResult> = counters("consent_gate_transactions_total", "transactions"):
        "Transactions by how they ended.";
    commit: Histogram = histogram("consent_gate_commit_seconds", "seconds", BARRIER_SECONDS):
        "From a transaction's first EndTxn request to its acknowledgement.";
    end_txn_retries: IntCounter = counter("consent_gate_end_txn_retries_total", "requests"):
        "EndTxn requests sent again for the same transaction; each one makes the gate recycle a producer.";
    producer_recycles: Family<IntCounter, RecycleCause> = counters("consent_gate_producer_recycles_total", "producers"):
        "Transactional producers thrown away and reconciled, by cause.";
    batch_records: Histogram = histogram("consent_gate_batch_records", "records", BATCH_RECORDS):
        "Messages decided in one transaction.";
    logged_records: IntCounter = counter("consent_gate_decision_log_records_total", "records"):
        "Records written to the decision log, one for each batch and partition.";
    logged_bytes: IntCounter = counter("consent_gate_decision_log_bytes_total", "bytes"):
        "Bytes written to the decision log, before they are compressed.";
    logged_reconstructed: IntCounter = counter("consent_gate_decision_log_reconstructed_total", "records"):
        "Decisions whose record the brokers had lost in a transaction committed in part: written again from what their outputs say.";
    invalid_records: Family<IntCounter, Invalid> = counters("consent_gate_invalid_records_total", "records"):
        "Records that could not be read, by topic and class.";
    dead_letters: IntCounter = counter("consent_gate_dead_letters_total", "records"):
        "Unreadable consent changes copied to the dead letter topic.";
    dropped_headers: IntCounter = counter("consent_gate_dropped_headers_total", "headers"):
        "Incoming headers dropped because their name is reserved for the gate (gate-*).";
    unsubscribe_links: Family<IntCounter, LinkResult> = counters("consent_gate_unsubscribe_links_total", "messages"):
        "Approved e-mails that were to carry an unsubscribe link (`unsubscribe.enabled`), by what became of it.";
    stale_messages: IntCounter = counter("consent_gate_stale_messages_total", "messages"):
        "Messages the client library handed out although they were not next (fetched before a rebalance, or twice); dropped, and fetched again if due.";
    rebalances: Family<IntCounter, RebalanceEvent> = counters("consent_gate_rebalances_total", "events"):
        "Rebalance events over all lanes.";
    store_bytes: IntGauge = gauge("consent_gate_store_bytes", "bytes"):
        "Bytes of the consent store on disk.";
    subjects: IntGauge = gauge("consent_gate_subjects", "subjects"):
        "Contacts and addresses with stored state; an estimate of the store.";
    store_read_errors: IntCounter = counter("consent_gate_store_read_errors_total", "reads"):
        "Reads of the consent store that failed.";
    store_cache_hits: IntCounter = counter("consent_gate_store_cache_hits_total", "blocks"):
        "Blocks of the consent store (data, index, filter) found in its cache.";
    store_cache_misses: IntCounter = counter("consent_gate_store_cache_misses_total", "blocks"):
        "Blocks of the consent store that had to be read from disk.";
    store_cache_bytes: IntGauge = gauge("consent_gate_store_cache_bytes", "bytes"):
        "Bytes in the cache of the consent store, memtables included.";
    store_compaction_pending_bytes: IntGauge = gauge("consent_gate_store_compaction_pending_bytes", "bytes"):
        "Estimate of what compaction of the consent store has to rewrite.";
    store_compactions_running: IntGauge = gauge("consent_gate_store_compactions_running", "compactions"):
        "Compactions of the consent store that run now.";
    store_stall: Counter = seconds_counter("consent_gate_store_stall_seconds_total", "seconds"):
        "Time the consent store slowed its writer down or stopped it, because flushes or compaction lag behind.";
    store_write_stopped: IntGauge = gauge("consent_gate_store_write_stopped", "stores"):
        "1 while the consent store takes no writes.";
    disk_free_bytes: IntGauge = gauge("consent_gate_disk_free_bytes", "bytes"):
        "Free bytes on the file system of `state.dir`, as far as a user without privileges may use them.";
    disk_total_bytes: IntGauge = gauge("consent_gate_disk_total_bytes", "bytes"):
        "All bytes of that file system that such a user may use, taken or free.";
    sent_restored: IntCounter = counter("consent_gate_sent_restored_records_total", "records"):
        "Records of the changelog of approvals read back, after a start, a rebalance or an unknown end of a transaction.";
    sent_restore: Histogram = histogram("consent_gate_sent_restore_seconds", "seconds", LATENCY_SECONDS):
        "How long messages waited until the approvals in their partitions were read back.";
    brokers_clock_ahead: Gauge = seconds_gauge("consent_gate_brokers_clock_ahead_seconds", "seconds"):
        "How far the brokers' clock was ahead of this machine's at the last own write to a topic with `LogAppendTime`; negative when it was behind. More than 300 s either way is a hold.";
    sent_foreign: Family<IntCounter, ForeignRow> = counters("consent_gate_sent_foreign_records_total", "records"):
        "Records of the changelog of approvals that no gate has written there, by kind. Their recipients get nothing capped until the longest window is over.";
    bounds_reached: Family<IntCounter, Bound> = counters("consent_gate_bound_reached_total", "events"):
        "How often a limit of the program was reached.";
    build_info: IntGaugeVec = bounded_gauges("consent_gate_build_info", "programs", &["version", "revision"]):
        "Always 1: which program runs.";
    policy_info: IntGaugeVec = bounded_gauges("consent_gate_policy_info", "packs", &["pack", "version"]):
        "1 for each policy pack in force.";
    policy_reloads: Family<IntCounter, PolicyReload> = counters("consent_gate_policy_reloads_total", "attempts"):
        "Attempts to load the policy packs again, by what became of them.";
    policy_rejected: IntGauge = gauge("consent_gate_policy_rejected", "sets"):
        "1 while the policy files on disk are not valid and the former set stays in force.";
    policy_review_overdue: IntGaugeVec = bounded_gauges("consent_gate_policy_review_overdue", "packs", &["pack"]):
        "1 for a policy pack in force that is past its review date (`review_by`), 0 for one that is not or names none.";
    policy_revision_info: IntGaugeVec = bounded_gauges("consent_gate_policy_revision_info", "sets", &["revision"]):
        "1 for the revision of the policy set in force, as named in decision headers.";
    policy_sets_unkept: Family<IntGauge, PolicyArchive> = gauges("consent_gate_policy_sets_unkept", "sets"):
        "Policy sets that came into force since the start and are not kept there yet. Decisions go on; who recomputes them needs the files from elsewhere.";
    policy_archive_failures: Family<IntCounter, PolicyArchive> = counters("consent_gate_policy_archive_failures_total", "attempts"):
        "Attempts to keep a policy set that failed, by place. The log says why; the topic is tried again.";
    probe_enabled: IntGauge = gauge("consent_gate_probe_enabled", "probes"):
        "1 when this instance runs the synthetic probe (`probe.enabled`).";
    probe_rounds: Family<IntCounter, ProbeResult> = counters("consent_gate_probe_rounds_total", "rounds"):
        "Rounds of the probe by result. `violated`: a message was approved after its opt-out had been acknowledged.";
    probe_records: Family<IntCounter, ProbeRecord> = counters("consent_gate_probe_records_total", "records"):
        "Consent changes taken up and messages decided in the name of the probe, which no other count has, by topic and recipient. `other`: to a real address, so not by a probe.";
    probe_up: IntGauge = gauge("consent_gate_probe_up", "probes"):
        "1 when the last round of the probe passed; 0 when it did not, or none has ended yet.";
    probe_last_success: Gauge = seconds_gauge("consent_gate_probe_last_success_timestamp_seconds", "seconds"):
        "When a round of the probe last passed, Unix time; 0 = never since the process started.";
    probe_seconds: Histogram = histogram("consent_gate_probe_seconds", "seconds", LATENCY_SECONDS):
        "From the acknowledgement of the probe's opt-out to a read-committed reader seeing its next message blocked.";
    checkpoints: Family<IntCounter, CheckpointResult> = counters("consent_gate_checkpoints_total", "checkpoints"):
        "Checkpoints of the consent store, by what became of them.";
    checkpoint_last_success: IntGauge = gauge("consent_gate_checkpoint_last_success_timestamp_seconds", "seconds"):
        "Unix time of this instance's newest checkpoint; 0 while there is none.";
    checkpoint: Histogram = histogram("consent_gate_checkpoint_seconds", "seconds", CHECKPOINT_SECONDS):
        "How long making a checkpoint took, failed ones included. It goes on beside everything else and is slowed down on purpose.";
    http_requests: Family<IntCounter, Requested> = counters("consent_gate_http_requests_total", "requests"):
        "Requests to the HTTP server, by route and by what kind of answer they got.";
    check_seconds: Histogram = histogram("consent_gate_check_seconds", "seconds", BARRIER_SECONDS):
        "From the head of a request to `/v1/check` to its answer, whatever it is.";
    checked_messages: IntCounter = counter("consent_gate_checked_messages_total", "messages"):
        "Messages that `/v1/check` has answered about. They are in no other count.";
    token_reloads: Family<IntCounter, PolicyReload> = counters("consent_gate_token_reloads_total", "attempts"):
        "Attempts to load `http.tokens_file` again, by what became of them.";
    tokens_rejected: IntGauge = gauge("consent_gate_tokens_rejected", "files"):
        "1 while `http.tokens_file` on disk is not valid and the former tokens stay in force.";
}

impl Metrics {
    /// Counts a limit that was reached.
    pub fn bound_reached(&self, bound: Bound) {
        self.bounds_reached.of(bound).inc();
    }

    /// Counts decisions by these brands and campaigns from now on; to be called once, before the first decision.
    pub fn count_by_name(&self, brands: &[String], campaigns: &[String]) {
        self.named.get_or_init(|| Named::new(self, brands, campaigns));
    }

    /// Decisions by brand and campaign; `None` before [`Metrics::count_by_name`].
    #[must_use]
    pub fn named(&self) -> Option<&Named> {
        self.named.get()
    }

    /// Counts a record that could not be read.
    pub fn invalid(&self, topic: Topic, class: &str) {
        self.invalid_records.of(Invalid::new(topic, class)).inc();
    }

    /// Notes that a consent change appended at `record_ms` (Unix time) is applied now.
    pub fn enforced(&self, record_ms: i64) {
        if record_ms >= self.process_start_ms {
            let took = seconds_between(record_ms, now_ms());
            self.enforcement_latency.observe(took);
            self.slowest_enforcement.note(took);
        }
    }

    /// Counts a record in the name of the probe.
    pub fn probe_record(&self, topic: Topic, recipient: ProbeRecipient) {
        self.probe_records.of(ProbeRecord(topic, recipient)).inc();
    }

    /// A round of the probe ended.
    pub fn probe_ended(&self, result: ProbeResult) {
        self.probe_rounds.of(result).inc();
        let has_passed = result == ProbeResult::Passed;
        self.probe_up.set(i64::from(has_passed));
        if has_passed {
            self.probe_last_success.set(seconds_between(0, now_ms()));
        }
    }

    /// Publishes the packs in force and forgets the former ones.
    pub fn set_policies<'a>(&self, packs: impl IntoIterator<Item = (&'a str, &'a str)>) {
        self.policy_info.reset();
        for (n_packs, (pack, version)) in packs.into_iter().enumerate() {
            if n_packs >= POLICY_SERIES_MAX {
                self.bound_reached(Bound::PolicySeries);
                break;
            }
            set(&self.policy_info, &[pack, version], 1);
        }
    }

    /// Publishes which packs in force are past their review, and forgets packs that are in force no more.
    pub fn set_policy_reviews<'a>(&self, packs: impl IntoIterator<Item = (&'a str, bool)>) {
        let mut known = lock(&self.reviewed);
        let mut former = std::mem::take(&mut *known);
        for (pack, is_overdue) in packs {
            if known.len() >= POLICY_SERIES_MAX {
                self.bound_reached(Bound::PolicySeries);
                break;
            }
            set(&self.policy_review_overdue, &[pack], i64::from(is_overdue));
            known.insert(former.take(pack).unwrap_or_else(|| pack.to_owned()));
        }
        for pack in former {
            // it was there, or it never will be
            self.policy_review_overdue.remove_label_values(&[pack.as_str()]).ok();
        }
    }

    /// Publishes the revision of the policies in force and forgets the former one.
    pub fn set_policy_revision(&self, revision: &str) {
        self.policy_revision_info.reset();
        set(&self.policy_revision_info, &[revision], 1);
    }

    /// Publishes the consent change the gate is held on: at most one for each partition.
    pub fn set_poison(&self, partition: i32, offset: i64) {
        let mut poisoned = lock(&self.poisoned);
        if !poisoned.contains_key(&partition) && poisoned.len() >= PARTITION_SERIES_MAX {
            self.bound_reached(Bound::PartitionSeries);
            return;
        }
        if let Some(former) = poisoned.insert(partition, offset) {
            self.remove_poison(partition, former);
        }
        let (partition, offset) = (partition.to_string(), offset.to_string());
        set(&self.consent_poison, &[&self.topics.consent_change, &partition, &offset], 1);
    }

    /// Takes the place of [`Metrics::set_poison`] back once the gate goes on.
    pub fn clear_poison(&self, partition: i32) {
        if let Some(offset) = lock(&self.poisoned).remove(&partition) {
            self.remove_poison(partition, offset);
        }
    }

    /// Publishes which consent partition messages are held for: the one the barrier waits for now.
    pub fn set_consent_held(&self, partition: i32, cause: HoldCause) {
        self.consent_held.reset();
        let values = [self.topics.consent_change.as_str(), &partition.to_string(), cause.as_str()];
        set(&self.consent_held, &values, 1);
    }

    /// Nothing is held for a consent partition any more. A lane that still is says so again.
    pub fn clear_consent_held(&self) {
        self.consent_held.reset();
    }

    /// Publishes how far a consent partition is applied.
    pub fn set_applied_offset(&self, partition: usize, next_offset: i64) {
        if partition < PARTITION_SERIES_MAX {
            set(&self.applied_offset, &[&partition.to_string()], next_offset);
        }
    }

    /// The configured topic names.
    #[must_use]
    pub fn topics(&self) -> &TopicNames {
        &self.topics
    }

    /// What was declared, in the order of declaration.
    #[must_use]
    pub fn declarations(&self) -> &[Declaration] {
        &self.declarations
    }

    /// Everything in the Prometheus text format.
    ///
    /// # Errors
    /// The registry could not be written: a mistake in this program.
    pub fn encode(&self) -> Result<String, MetricsError> {
        self.enforcement_max.set(self.slowest_enforcement.seconds());
        TextEncoder::new().encode_to_string(&self.registry.gather()).map_err(MetricsError::Encoding)
    }

    fn remove_poison(&self, partition: i32, offset: i64) {
        let (partition, offset) = (partition.to_string(), offset.to_string());
        let place = [self.topics.consent_change.as_str(), &partition, &offset];
        // Only this map adds series, so the series exists; were it gone, that is what we want.
        self.consent_poison.remove_label_values(&place).ok();
    }

    fn describe_build(&self) -> prometheus::Result<()> {
        let (version, revision) = BUILD;
        self.build_info.get_metric_with_label_values(&[version, revision])?.set(1);
        Ok(())
    }
}

/// Sets a series of a bounded gauge; the number of values is right by construction (tested).
fn set(gauge: &IntGaugeVec, values: &[&str], value: i64) {
    if let Ok(child) = gauge.get_metric_with_label_values(values) {
        child.set(value);
    }
}

/// Seconds from one Unix time in milliseconds to another; clocks that disagree give 0.
fn seconds_between(from_ms: i64, to_ms: i64) -> f64 {
    let elapsed_ms = to_ms.saturating_sub(from_ms).max(0);
    std::time::Duration::from_millis(elapsed_ms.unsigned_abs()).as_secs_f64()
}

/// The wall clock in Unix milliseconds.
fn now_ms() -> i64 {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(elapsed.as_millis()).unwrap_or(i64::MAX)
}

/// A thread that panicked ends the process (`logging::panic`), so a poisoned lock is still good here.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;

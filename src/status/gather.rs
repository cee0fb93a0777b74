//! What the board and the metrics know, as one [`Snapshot`].

use super::histogram::{Bucket, Histogram};
use super::snapshot::{
    Held, Intake, Lag, Messages, Policies, Probe, Readiness, Snapshot, Store, Transactions,
};
use crate::metrics::{Buckets, Metrics, ProbeResult, TransactionResult, buckets};

/// What stands on the board at one moment.
pub(super) struct Standing {
    pub(super) readiness: Readiness,
    pub(super) consent: Lag,
    pub(super) restore_remaining: i64,
    /// Of each topic with messages.
    pub(super) messages: Vec<Lag>,
    pub(super) holds: Vec<Held>,
    /// Unix milliseconds.
    pub(super) now_ms: i64,
}

/// The board's side and the metrics' side together.
pub(super) fn snapshot(metrics: &Metrics, standing: Standing) -> Snapshot {
    let Standing { readiness, consent, restore_remaining, messages, holds, now_ms } = standing;
    let (version, revision) = crate::metrics::BUILD;
    Snapshot {
        readiness,
        version: version.to_owned(),
        revision: revision.to_owned(),
        started_ms: metrics.process_start_ms(),
        now_ms,
        policies: Policies {
            revision: metrics.policy_revision(),
            rejected: metrics.policy_rejected.get() > 0,
        },
        messages: Messages {
            lag: Lag::sum(&messages),
            lags: (messages.len() > 1).then_some(messages),
            decisions: metrics.decisions_by_reason(),
            latency: histogram(buckets(&metrics.decision_latency)),
        },
        consent: Intake {
            lag: consent,
            restore_remaining,
            actions: metrics.changes_by_action(),
            results: metrics.changes_by_result(),
            dead_letters: metrics.dead_letters.get(),
            sources: metrics.source_last_changes(),
            enforcement: histogram(buckets(&metrics.enforcement_latency)),
            enforcement_max_s: metrics.enforcement_max_s(),
        },
        transactions: Transactions {
            results: metrics.transactions.sums(TransactionResult::as_str),
            commit: histogram(buckets(&metrics.commit)),
            recycled: metrics.producer_recycles.sum(),
        },
        holds,
        probe: Probe {
            enabled: metrics.probe_enabled.get() > 0,
            up: metrics.probe_up.get() > 0,
            last_success_s: Some(metrics.probe_last_success.get()).filter(|at| *at > 0.0),
            rounds: metrics.probe_rounds.sums(ProbeResult::as_str),
        },
        store: store(metrics),
        memory_bytes: metrics.resident_bytes(),
    }
}

fn store(metrics: &Metrics) -> Store {
    let whole = |value: i64| value.max(0).unsigned_abs();
    Store {
        subjects: whole(metrics.subjects.get()),
        bytes: whole(metrics.store_bytes.get()),
        read_errors: metrics.store_read_errors.get(),
        cache_hits: metrics.store_cache_hits.get(),
        cache_misses: metrics.store_cache_misses.get(),
        cache_bytes: whole(metrics.store_cache_bytes.get()),
        compaction_pending_bytes: whole(metrics.store_compaction_pending_bytes.get()),
        write_stopped: metrics.store_write_stopped.get() > 0,
        disk_free_bytes: whole(metrics.disk_free_bytes.get()),
        disk_total_bytes: whole(metrics.disk_total_bytes.get()),
    }
}

fn histogram(counted: Buckets) -> Histogram {
    let bucket = |(up_to_s, n)| Bucket { up_to_s, n };
    Histogram { n: counted.n, buckets: counted.up_to.into_iter().map(bucket).collect() }
}

//! What the ledger counts, and since when it stands still.

use super::MetricsError;
use super::declare::Declaration;
use super::process::process_metrics;
use prometheus::{Gauge, IntCounter, IntGauge};
use std::ops::Deref;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

process_metrics! {
    /// What is served.
    LedgerFigures of "ledger" {
        leaves: IntGauge = gauge("consent_gate_ledger_leaves", "leaves"):
            "Decisions, consent changes and gaps that the newest checkpoint covers.";
        checkpoints: IntCounter = counter("consent_gate_ledger_checkpoints_total", "checkpoints"):
            "Checkpoints signed since the start.";
        last_checkpoint: Gauge = seconds_gauge("consent_gate_ledger_last_checkpoint_timestamp_seconds", "seconds"):
            "When the newest checkpoint was signed; 0 before the first.";
        behind: Gauge = seconds_gauge("consent_gate_ledger_behind_seconds", "seconds"):
            "Whatever was committed so long ago is covered by a checkpoint; grows while Kafka or the storage is away.";
        lag: IntGauge = gauge("consent_gate_ledger_lag_records", "records"):
            "Offsets of the two topics that are not read yet, at the last look.";
        kafka_errors: IntCounter = counter("consent_gate_ledger_kafka_errors_total", "rounds"):
            "Rounds of reading that ended in an error of Kafka and are tried again.";
        gap_records: IntCounter = counter("consent_gate_ledger_gap_records_total", "offsets"):
            "Offsets that were deleted before the ledger came to them: the retention is shorter than the ledger was away.";
        unreadable_records: IntCounter = counter("consent_gate_ledger_unreadable_records_total", "records"):
            "Records of the decision log that are none, covered by their bytes.";
        archive_rows: IntCounter = counter("consent_gate_ledger_archive_rows_total", "rows"):
            "Decisions written to Parquet files.";
        archive_files: IntCounter = counter("consent_gate_ledger_archive_files_total", "files"):
            "Parquet files written.";
        archive_errors: IntCounter = counter("consent_gate_ledger_archive_errors_total", "rounds"):
            "Rounds of the archive that ended in an error and are tried again.";
        archive_waiting: Gauge = seconds_gauge("consent_gate_ledger_archive_waiting_seconds", "seconds"):
            "For how long the oldest decision in memory waits for its Parquet file; 0 when none does.";
    }
}

/// All metrics of a ledger.
pub struct LedgerMetrics {
    figures: LedgerFigures,
    began: Instant,
    /// Milliseconds from `began` to when the ledger last moved.
    moved: AtomicU64,
    /// Milliseconds from `began` to what is covered.
    covered: AtomicU64,
}

impl Deref for LedgerMetrics {
    type Target = LedgerFigures;

    fn deref(&self) -> &LedgerFigures {
        &self.figures
    }
}

impl LedgerMetrics {
    /// Nothing counted yet.
    ///
    /// # Errors
    /// A declaration is wrong: a mistake in this program.
    pub fn new() -> Result<Self, MetricsError> {
        let (began, moved, covered) = (Instant::now(), AtomicU64::new(0), AtomicU64::new(0));
        Ok(Self { figures: LedgerFigures::new()?, began, moved, covered })
    }

    /// What was declared.
    #[must_use]
    pub fn declarations(&self) -> &[Declaration] {
        self.figures.declarations()
    }

    /// Everything in the Prometheus text format.
    ///
    /// # Errors
    /// The registry could not be written: a mistake in this program.
    pub fn encode(&self) -> Result<String, MetricsError> {
        let covered = Duration::from_millis(self.covered.load(Ordering::Relaxed));
        self.behind.set(self.began.elapsed().saturating_sub(covered).as_secs_f64());
        self.figures.encode()
    }

    /// The ledger has moved.
    pub fn beat(&self) {
        let millis = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.moved.store(millis, Ordering::Relaxed);
    }

    /// How long it has not.
    #[must_use]
    pub fn still_for(&self) -> Duration {
        let moved = Duration::from_millis(self.moved.load(Ordering::Relaxed));
        self.began.elapsed().saturating_sub(moved)
    }

    /// Publishes what the newest checkpoint covers.
    pub fn set_leaves(&self, n: u64) {
        self.leaves.set(i64::try_from(n).unwrap_or(i64::MAX));
    }

    /// Publishes when it was signed, in seconds since 1970.
    pub fn set_last_checkpoint(&self, second: i64) {
        self.last_checkpoint.set(Duration::from_secs(second.unsigned_abs()).as_secs_f64());
    }

    /// Whatever was committed before then is covered.
    pub fn set_covered(&self, at: Instant) {
        let millis = at.saturating_duration_since(self.began).as_millis();
        self.covered.store(u64::try_from(millis).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// Publishes how many offsets are not read yet.
    pub fn set_lag(&self, n: i64) {
        self.lag.set(n);
    }
}

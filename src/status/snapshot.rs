//! Where one instance stands, as one value: the body of `/status`, and the JSON body of `/readyz` within it.
//!
//! The gate writes it, and `consent-gate top` and `doctor` read it: one type, so that what is shown cannot part from what
//! is served. Counts run since the process started; a rate is the difference of two snapshots. Names of fields are public
//! (`docs/reference/status.md`, which a test compares): add, deprecate, never rename. A field that is added later is an
//! `Option` with `#[serde(default)]`, because instances of two versions run side by side during an upgrade.
//!
//! INVARIANT: topic names, partitions, offsets, numbers and the names of closed or configured sets; nothing that was read
//! from a record.

use super::histogram::Histogram;
use crate::metrics::PartitionLag;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The longest body anybody needs to read: twice the partitions that are listed, each in a hundred bytes, and holds.
pub const SNAPSHOT_BYTES_MAX: usize = 4 << 20;

/// Partitions of one topic that are listed; the sums are over all.
pub const PARTITIONS_LISTED_MAX: usize = 1_024;

/// Counts by the members of a closed set.
pub type Counts = BTreeMap<String, u64>;

/// Where one instance stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Snapshot {
    /// Whether messages are being decided; what `/readyz` says.
    #[serde(flatten)]
    pub readiness: Readiness,
    /// The program's version.
    pub version: String,
    /// The commit it was built from, or `unknown`.
    pub revision: String,
    /// When the process started, Unix milliseconds.
    pub started_ms: i64,
    /// When this was written, Unix milliseconds.
    pub now_ms: i64,
    /// The policies in force.
    pub policies: Policies,
    /// Messages and what became of them.
    pub messages: Messages,
    /// Consent changes and what became of them.
    pub consent: Intake,
    /// Transactions of all lanes.
    pub transactions: Transactions,
    /// What waits instead of going on.
    pub holds: Vec<Held>,
    /// The synthetic probe.
    pub probe: Probe,
    /// The consent store and its disk.
    pub store: Store,
    /// Resident memory of the process in bytes, where the system tells.
    pub memory_bytes: Option<u64>,
}

/// Whether messages are being decided, and if not, why not: the JSON body of `/readyz`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Readiness {
    /// Everything is in order.
    pub ready: bool,
    /// What is not, one line each.
    pub reasons: Vec<String>,
    /// Everything that was looked at.
    pub checks: Vec<Check>,
}

/// One thing that has to be in order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// What is checked: `consent`, `lane 0`, …
    pub name: String,
    /// Whether it is in order.
    #[serde(rename = "ok")]
    pub is_ok: bool,
    /// How it stands.
    pub detail: String,
}

/// The policies in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policies {
    /// Their revision, as in the headers of decisions; absent until they are loaded.
    pub revision: Option<String>,
    /// The files on disk are not valid, so the former set stays in force.
    pub rejected: bool,
}

/// Messages of this instance's partitions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Messages {
    /// What waits; of several topics the names with commas between, and equally numbered partitions together.
    pub lag: Lag,
    /// What waits in each topic, if there are several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lags: Option<Vec<Lag>>,
    /// Committed decisions: outcome, then reason, then how many.
    pub decisions: BTreeMap<String, Counts>,
    /// From the record timestamp of a message to the commit of its decision.
    pub latency: Histogram,
}

/// Consent changes; every instance reads them all.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Intake {
    /// What waits.
    pub lag: Lag,
    /// Records that were there at the start and are not applied yet; 0: restored.
    pub restore_remaining: i64,
    /// Changes taken up, by action.
    pub actions: Counts,
    /// The same, by what became of them.
    pub results: Counts,
    /// Unreadable ones copied to the dead letter topic.
    pub dead_letters: u64,
    /// When the newest change of each configured source was appended, Unix seconds; 0: none since the start.
    pub sources: BTreeMap<String, f64>,
    /// From the record timestamp of a change to its being applied.
    pub enforcement: Histogram,
    /// The slowest of the last minute in seconds; 0: there was none.
    pub enforcement_max_s: f64,
}

/// What waits in one topic.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Lag {
    /// The configured name of the topic.
    pub topic: String,
    /// Records that wait in all partitions of this instance.
    pub records: i64,
    /// How old the oldest of them is, in seconds; 0: nothing waits.
    pub seconds: f64,
    /// By partition, the first [`PARTITIONS_LISTED_MAX`].
    pub partitions: Vec<PartitionLag>,
}

/// Transactions of all lanes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Transactions {
    /// By how they ended.
    pub results: Counts,
    /// From the first request to end one to its acknowledgement.
    pub commit: Histogram,
    /// Producers thrown away and reconciled.
    pub recycled: u64,
}

/// Something that waits instead of going on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// Who waits: `consent reader` or `lane 0`, …
    pub holder: String,
    /// Why, by its name in `docs/failures.md`.
    pub cause: String,
    /// For how many seconds.
    pub seconds: u64,
    /// How many partitions wait; 1 when none is named.
    pub n_partitions: u64,
    /// Some of them.
    pub places: Vec<HeldPlace>,
    /// What else there is to say: numbers, names of topics and classes.
    pub detail: String,
}

/// A partition that waits, and the record it stands at when that is known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldPlace {
    /// The topic.
    pub topic: String,
    /// The partition.
    pub partition: i32,
    /// The record that stops it.
    pub offset: Option<i64>,
}

/// What the synthetic probe says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Probe {
    /// This instance runs it.
    pub enabled: bool,
    /// Its last round passed.
    pub up: bool,
    /// When a round last passed, Unix seconds; absent: never since the start.
    pub last_success_s: Option<f64>,
    /// Rounds by result.
    pub rounds: Counts,
}

/// The consent store and its disk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Store {
    /// Contacts and addresses with stored state; an estimate.
    pub subjects: u64,
    /// Bytes on disk.
    pub bytes: u64,
    /// Reads that failed.
    pub read_errors: u64,
    /// Blocks found in the cache.
    pub cache_hits: u64,
    /// Blocks read from disk.
    pub cache_misses: u64,
    /// Bytes in the cache.
    pub cache_bytes: u64,
    /// Bytes that compaction has to rewrite; an estimate.
    pub compaction_pending_bytes: u64,
    /// It takes no writes.
    pub write_stopped: bool,
    /// Free bytes on its disk, for a user without privileges.
    pub disk_free_bytes: u64,
    /// All bytes of that disk; 0: not known.
    pub disk_total_bytes: u64,
}

impl Lag {
    /// Of several topics together.
    pub(super) fn sum(lags: &[Self]) -> Self {
        let mut partitions: BTreeMap<i32, PartitionLag> = BTreeMap::new();
        for lag in lags.iter().flat_map(|lag| &lag.partitions) {
            let none = PartitionLag { partition: lag.partition, records: 0, seconds: 0.0 };
            let sum = partitions.entry(lag.partition).or_insert(none);
            sum.records = sum.records.saturating_add(lag.records);
            sum.seconds = sum.seconds.max(lag.seconds);
        }
        let names: Vec<&str> = lags.iter().map(|lag| lag.topic.as_str()).collect();
        Self {
            topic: names.join(", "),
            records: lags.iter().map(|lag| lag.records).fold(0, i64::saturating_add),
            seconds: lags.iter().map(|lag| lag.seconds).fold(0.0, f64::max),
            partitions: partitions.into_values().take(PARTITIONS_LISTED_MAX).collect(),
        }
    }

    /// From the lag of each partition.
    pub(super) fn of(topic: &str, partitions: &[PartitionLag]) -> Self {
        Self {
            topic: topic.to_owned(),
            records: partitions.iter().map(|lag| lag.records).fold(0, i64::saturating_add),
            seconds: partitions.iter().map(|lag| lag.seconds).fold(0.0, f64::max),
            partitions: partitions.iter().copied().take(PARTITIONS_LISTED_MAX).collect(),
        }
    }
}

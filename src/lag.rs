//! How far the lanes have come in the input topic: written at each commit, read by the monitor.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// Next offset and newest decided record timestamp, by partition of the input topic.
#[derive(Default)]
pub struct OutboundPositions {
    partitions: Mutex<BTreeMap<i32, OutboundPosition>>,
}

/// One partition's position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutboundPosition {
    /// Everything before it is decided and committed.
    pub next_offset: i64,
    /// Timestamp of the newest decided record, Unix milliseconds.
    pub record_ms: Option<i64>,
}

impl OutboundPositions {
    /// A commit reached `next_offset`.
    pub fn set(&self, partition: i32, next_offset: i64, record_ms: Option<i64>) {
        let position = OutboundPosition { next_offset, record_ms };
        self.partitions.lock().unwrap_or_else(PoisonError::into_inner).insert(partition, position);
    }

    /// The partition belongs to somebody else now.
    pub fn forget(&self, partition: i32) {
        self.partitions.lock().unwrap_or_else(PoisonError::into_inner).remove(&partition);
    }

    /// All positions.
    #[must_use]
    pub fn all(&self) -> BTreeMap<i32, OutboundPosition> {
        self.partitions.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

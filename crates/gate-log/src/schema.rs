//! The schema of the log's records, compiled in.
//!
//! Written in the single-object encoding: a record names its schema by fingerprint, so that whoever reads it in ten years
//! needs this file and no registry. When the schema changes, its released text moves to `schemas/released/` and is read on.

use std::sync::LazyLock;

/// The schema of a record of the decision log.
pub const DECISION_BATCH_SCHEMA: &str = include_str!("../../../schemas/decision-batch.avsc");

/// What the single-object encoding begins with.
pub(crate) const MARKER: [u8; 2] = [0xC3, 0x01];

static PARSED: LazyLock<Option<serde_avro_fast::Schema>> =
    LazyLock::new(|| DECISION_BATCH_SCHEMA.parse().ok());

/// The schema; `None` only when the file in the repository is broken, which tests see.
pub(crate) fn parsed() -> Option<&'static serde_avro_fast::Schema> {
    PARSED.as_ref()
}

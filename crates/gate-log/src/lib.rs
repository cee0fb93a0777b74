//! Decisions in words: what a header of an output and the decision log say of them, and read back.
//!
//! ```text
//! Decision + PolicySet ─ shape ─┬─ header: compact JSON beside a message
//!                               └─ writer ─▶ batch (Avro, `schemas/decision-batch.avsc`) ─▶ entry ─▶ the same JSON
//! ```
//! Invariants: header and log say the same of a decision, because both are made from one [`Shape`]; neither holds an address,
//! a contact id or content. People are prefixes of keyed hashes.
//!
//! Deliberately absent: Kafka, clocks, how people become keys.

#![forbid(unsafe_code)]
#![deny(
    clippy::wildcard_enum_match_arm,
    clippy::match_wildcard_for_single_variants,
    reason = "what is added to an enum is looked at wherever its kinds are told apart"
)]

mod batch;
mod context;
mod entry;
mod header;
mod instant;
mod schema;
mod shape;
mod source;
#[cfg(test)]
mod tests;
mod writer;

pub use batch::{
    ADDRESS_BYTES, BatchError, CONTACT_BYTES, Context, DecisionBatch, EVIDENCE_BYTES, Instant,
};
pub use context::BatchContext;
pub use entry::Entry;
pub use header::{HeaderWriter, Written};
pub use instant::{hex, rfc3339};
pub use schema::DECISION_BATCH_SCHEMA;
pub use shape::{DetailWords, Shape, detail_json};
pub use source::SourceRef;
pub use writer::{
    Decided, LogRecord, LogWriter, RECORD_BYTES_MAX, RECORD_DECISIONS_MAX, Reconstructed,
};

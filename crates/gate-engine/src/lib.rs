//! The gate without Kafka and without a store.
//!
//! ```text
//! consent record ─▶ understand ─▶ fold ─▶ any Table of states
//! candidate messages + States + approvals + policies + now ─▶ judge ─▶ decisions, rows of approvals
//! ```
//!
//! The lane, the reader, decision cases, `explain` and the probe's rehearsal all go through here, so that what is tried is
//! what runs. Where states and approvals lie is handed in ([`Table`], [`States`], [`StoredApprovals`]), and so is how people
//! become keys ([`Keys`]) and how rows are sealed ([`Seal`]).
//!
//! INVARIANT: pure. No clock, no randomness, no I/O, no thread: the same input gives the same output.

#![forbid(unsafe_code)]
#![deny(
    clippy::wildcard_enum_match_arm,
    clippy::match_wildcard_for_single_variants,
    reason = "what is added to an enum is looked at wherever its kinds are told apart"
)]

mod approvals;
mod case;
mod fold;
mod judge;
mod keys;
mod memory;
mod understand;

pub use approvals::{
    FORMAT, History, Horizon, Row, RowError, RowKey, Seal, Stored, TAG_BYTES, Tag, TagFound,
};
pub use case::{CaseError, CaseRunner, Expected, Verdict};
pub use fold::{Change, Scratch, Table, fold, is_known};
pub use judge::{
    Decoded, Inputs, JudgeError, Judged, People, Record, States, StoredApprovals, judge,
    judge_traced,
};
pub use keys::Keys;
pub use memory::{Memory, MemoryError};
pub use understand::{
    INVALID_ADDRESS, Owner, Suspects, Understood, possible_refusal, suspects, suspects_of,
    understand,
};

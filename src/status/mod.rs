//! Where the gate stands: the board that lanes and the consent reader write on ([`Status`]).
//!
//! `/readyz`, `/livez`, `/status` and the gauges of `/metrics` are read from it, so that the four never contradict each
//! other; `snapshot.rs` is what `/status` says.
//!
//! INVARIANT: nothing here decides, and nothing here asks Kafka, the registry or the store. A gate
//! whose brokers are gone is held and not ready, but alive: restarting it would not help.

mod board;
mod consent;
mod gather;
mod heart;
mod histogram;
mod holds;
mod lag;
mod membership;
mod snapshot;

pub use crate::kafka::source::SourcePartition;
pub use board::Status;
pub use heart::Heart;
pub use histogram::{Bucket, Histogram};
pub use holds::{Holder, Place};
pub use lag::{Ends, OutboundPositions, Waiting};
pub use membership::Membership;
pub use snapshot::{
    Check, Counts, Held, HeldPlace, Intake, Lag, Messages, PARTITIONS_LISTED_MAX, Policies, Probe,
    Readiness, SNAPSHOT_BYTES_MAX, Snapshot, Store, Transactions,
};

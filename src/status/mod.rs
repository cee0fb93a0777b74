//! Where the gate stands: the board that lanes and the consent reader write on ([`Status`]).
//!
//! `/readyz`, `/livez` and the gauges of `/metrics` are read from it, so that the three never contradict each other.
//!
//! INVARIANT: nothing here decides, and nothing here asks Kafka, the registry or the store. A gate
//! whose brokers are gone is held and not ready, but alive: restarting it would not help.

mod board;
mod consent;
mod heart;
mod holds;
mod lag;
mod readiness;

pub use board::Status;
pub use heart::Heart;
pub use holds::{Holder, Place};
pub use lag::{Ends, OutboundPositions, Waiting};
pub use readiness::{Check, Membership, Readiness};

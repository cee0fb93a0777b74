//! Watching the gate: where it stands ([`Status`]) and the HTTP server that tells it.
//!
//! Lanes and the consent reader write what they do into the [`Status`]; `/readyz`, `/livez` and the
//! gauges of `/metrics` are read from it, so that the three never contradict each other.
//!
//! INVARIANT: nothing here decides, and nothing here asks Kafka, the registry or the store. A gate
//! whose brokers are gone is held and not ready, but alive: restarting it would not help.

mod consent;
mod heart;
mod holds;
mod http;
mod pages;
mod readiness;
mod seats;
mod status;

pub use heart::Heart;
pub use holds::{Holder, Place};
pub use http::{OpsError, Server, serve};
pub use pages::{Front, FrontPage};
pub use readiness::{Check, Membership, Readiness};
pub use status::Status;

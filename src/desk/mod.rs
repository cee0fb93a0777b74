//! The desk: where people and programs look decisions up, and see what is held of a person and why.
//!
//! ```text
//! decision log, consent-change ─▶ follower ─▶ index ─┐
//! gates (/v1/subject, /v1/check, /status) ───────────┼─▶ ask/ ─▶ answers ─┬─ JSON  (/v1)
//! Kafka, where the index says (explanation/) ────────┘                    └─ pages (pages/ ─▶ gate-pages)
//!                                        every look at a person ─▶ topics.access_log, before the answer
//! ```
//! A process of its own (`consent-gate desk`): it reads what the gate writes and decides nothing.
//!
//! INVARIANT: an address that somebody types is hashed, kept in memory while its handle lives, and never stored or logged.
//! INVARIANT: there is no route beside the table in `routes.rs`, and who may not ask is told so before anything is looked up.
//!
//! Deliberately absent: TLS (a proxy does that), a copy of the consent state (the gate has it), writing to any topic but the
//! access log.

mod access_log;
mod admission;
mod ask;
mod asked;
mod cursor;
mod fields;
mod follower;
mod handle;
mod measures;
mod openapi;
mod pages;
mod places;
mod progress;
mod reply;
mod roles;
mod routes;
mod server;
mod session;
mod start;
#[cfg(test)]
mod tests;
mod watchers;
mod work_account;

pub use start::{Running, start};

use std::sync::Arc;

use gate_index::Index;

use crate::access::Access;
use crate::config::Config;
use crate::identity::Pepper;
use crate::policies::Policies;

/// What all requests share.
pub(crate) struct Desk {
    config: Arc<Config>,
    /// The tokens in force; none lets nobody in.
    access: Option<Arc<Access>>,
    /// What forms must send back where nobody is asked who they are: the demo, on loopback alone.
    visitors: Option<String>,
    cookies: session::Cookies,
    sessions: session::Sessions,
    /// The identity provider, where one is configured.
    work_accounts: Option<work_account::WorkAccounts>,
    handles: handle::Handles,
    /// Host and port of `desk.public_url`.
    public_host: Option<String>,
    access_log: access_log::AccessLog,
    gates: crate::gates::Gates,
    index: Index,
    places: places::Readers,
    pepper: Pepper,
    /// The sets that explanations are made with.
    policies: Arc<Policies>,
    /// How many questions may read Kafka at a time.
    readers: tokio::sync::Semaphore,
    /// How far the index has come.
    progress: Arc<progress::Progress>,
    metrics: crate::metrics::DeskMetrics,
}

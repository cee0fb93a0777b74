//! The plumbing of consent-gate: Kafka in, decisions out, exactly once.
//!
//! ```text
//!  consent-change ──▶ reader ──▶ fold (gate-core) ──▶ store
//!                       every partition                 │ snapshot
//!  outbound-message ─▶ pipeline: dequeue ─▶ begin + offsets ─▶ barrier ─▶ decide (gate-core) ─▶ produce ─▶ commit
//! ```
//!
//! Reading order: `crates/gate-core/src/decide/mod.rs` (the law), `pipeline/mod.rs` (the main path), `reader/mod.rs`,
//! `barrier/mod.rs`, `service/mod.rs` (what runs), then what you came for.
//!
//! Who may import whom stands in `tests/rooms.rs`: no room knows one that knows it, and inside a room no file does.
//! `unsafe` lives in `kafka/native` alone.

pub mod access;
pub mod answers;
pub mod approvals;
pub mod barrier;
pub mod cli;
pub mod clock;
pub mod config;
pub(crate) mod decisions;
pub mod demo;
pub mod desk;
pub mod door;
pub mod exit;
pub(crate) mod explanation;
pub mod files;
pub(crate) mod gates;
pub mod generate;
pub mod headers;
pub mod http;
pub mod identity;
pub mod kafka;
pub mod ledger;
pub(crate) mod links;
pub mod logging;
pub mod metrics;
pub mod outputs;
pub mod pipeline;
pub mod policies;
pub mod probe;
pub mod reader;
pub mod records;
pub mod registry;
pub mod service;
pub mod shutdown;
pub mod status;
pub mod store;
pub(crate) mod unresolved;

/// One allocator for Rust and both C libraries: RocksDB's arenas fragment glibc's.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

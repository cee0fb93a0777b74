//! The plumbing of consent-gate: Kafka in, decisions out, exactly once.
//!
//! ```text
//!  consent-change ──▶ reader ──▶ fold (gate-core) ──▶ store
//!                       every partition                 │ snapshot
//!  outbound-message ─▶ pipeline: dequeue ─▶ begin + offsets ─▶ barrier ─▶ decide (gate-core) ─▶ produce ─▶ commit
//! ```
//!
//! Reading order: `crates/gate-core/src/decide.rs` (the law), `pipeline.rs` (the main path), `reader.rs`,
//! `barrier.rs`, `service.rs` (what runs), then what you came for.
//!
//! Who may import whom: `registry`, `store`, `kafka`, `metrics` and `config` know the crates below and nothing of
//! each other; `pipeline` and `reader` use them; `service` starts everything; `cli` and `demo` start `service`.
//! `unsafe` lives in `kafka/native.rs` alone.

pub mod applied;
pub mod barrier;
pub mod campaign;
pub mod cases;
pub mod checkpointer;
pub mod cli;
pub mod common_pepper;
pub mod config;
pub mod consent_topic;
pub mod dead_letter;
pub mod demo;
pub mod evidence;
pub mod files;
pub mod generate;
pub mod identity;
pub mod kafka;
pub mod kafka_errors;
pub mod lag;
pub mod logging;
pub mod metrics;
pub mod monitor;
pub mod ops;
pub mod peers;
pub mod pipeline;
pub mod policies;
pub mod preflight;
pub mod probe;
pub mod reader;
pub mod record;
pub mod registry;
pub mod sent;
pub mod service;
pub mod store;

/// One allocator for Rust and both C libraries: RocksDB's arenas fragment glibc's.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

//! The ledger: a process of its own that makes what the gate has decided, and what consent changes were there, evident to tampering.
//!
//! ```text
//! decision log ─┐
//!               ├▶ follow (rounds) ─▶ leaf ─▶ gate-ledger's writer ─▶ storage: tiles, salts, signed checkpoints
//! consent ──────┘
//! decision log ──▶ archive ─▶ Parquet files by day
//! verify: checkpoints and tiles (gate-ledger) ─▶ compare, window by window, with what Kafka says now
//! ```
//! Invariants: one leaf for each decision and change, over restarts and kills; a checkpoint covers whole records and says how far
//! in Kafka it goes. The ledger reads what is committed and writes nothing into Kafka.
//!
//! Deliberately absent: people. A leaf is a place and a commitment; what it commits to has keyed hashes only.

pub mod archive;
pub mod compare;
mod directory;
mod error;
pub mod find;
mod follow;
pub mod forget;
mod key;
pub mod leaf;
mod run;
mod storage;
pub mod verify;

pub use directory::{Directory, Lock};
pub use error::LedgerError;
pub use key::{key_of, public_key};
pub use run::run;
pub use storage::Storage;

//! The plumbing of consent-gate: Kafka in, decisions out, exactly once.
//!
//! The law is in `crates/gate-core`; start there with `decide.rs`.

pub mod cli;
pub mod config;
pub mod kafka_errors;
pub mod preflight;

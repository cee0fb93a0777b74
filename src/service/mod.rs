//! Starts everything, watches it, and stops it: one reader, the lanes, the monitor, HTTP.
//!
//! ```text
//! config ─▶ preflight ─▶ pepper (the group's), store ─▶ reader thread
//!                                                    ├▶ lane threads (pipeline)
//!                                                    ├▶ monitor thread, orphans thread, policies and their keeper
//!                                                    └▶ HTTP, signals (tokio)
//! ```
//!
//! Whatever thread ends first with an error stops the rest, and its error decides the exit code.
//! The gate never mends itself by guessing: it stops, and the next start goes on from what is committed.

mod answers;
mod asking;
mod checkpointer;
pub mod common_pepper;
mod lanes;
mod monitor;
mod orphans;
mod registry;
mod start;
mod stop;
mod stores;
#[cfg(test)]
mod tests;

pub(crate) use registry::{consent_records, encoding, message_records, message_records_by_topic};
pub use start::{Running, start};
pub use stop::RunError;

use crate::config::Config;
use crate::shutdown::{Shutdown, on_signals};

/// Runs until a signal or a failure.
///
/// # Errors
/// What stopped it, with its exit code.
pub fn run(config: &Config) -> Result<(), RunError> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(RunError::Runtime)?;
    let shutdown = Shutdown::default();
    on_signals(&runtime, &shutdown).map_err(RunError::Runtime)?;
    let Some(running) = start(config, runtime.handle(), shutdown, None)? else {
        return Ok(()); // asked to stop before it began
    };
    running.wait()
}

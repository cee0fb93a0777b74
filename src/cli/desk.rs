//! `consent-gate desk`: pages and API for people who look decisions up, until SIGTERM or Ctrl-C.

use super::{ConfigFile, ExitCode, Failure};
use crate::desk;
use crate::exit::OrFail as _;
use crate::shutdown::{Shutdown, on_signals};

pub(super) fn run(file: &ConfigFile) -> Result<(), Failure> {
    let config = super::run::begin(file)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .or_fail(ExitCode::Internal)?;
    let shutdown = Shutdown::default();
    on_signals(&runtime, &shutdown).or_fail(ExitCode::Internal)?;
    runtime.block_on(async {
        let running = desk::start(config, &shutdown, false).await?;
        running.wait().await;
        Ok::<(), Failure>(())
    })?;
    tracing::info!("stopped cleanly");
    Ok(())
}

//! `consent-gate desk`: pages and API for people who look decisions up, until SIGTERM or Ctrl-C.

use super::{ConfigFile, ExitCode, Failure};
use crate::config;
use crate::desk;
use crate::exit::OrFail as _;
use crate::logging::LogFormat;
use crate::shutdown::{Shutdown, on_signals};

pub(super) fn run(file: &ConfigFile) -> Result<(), Failure> {
    // whatever is written from here on is for this user alone
    rustix::process::umask(rustix::fs::Mode::RWXG | rustix::fs::Mode::RWXO);
    let config = file.load()?;
    let format = match config.log.format {
        config::LogFormat::Auto => None,
        config::LogFormat::Json => Some(LogFormat::Json),
        config::LogFormat::Text => Some(LogFormat::Text),
    };
    crate::logging::init(config.log.level.as_str(), format).or_fail(ExitCode::Internal)?;
    tracing::info!(version = env!("CARGO_PKG_VERSION"), "the desk starts");
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

//! `consent-gate run`: the service, until SIGTERM or Ctrl-C.

use super::{ConfigFile, ExitCode, Failure};
use crate::config;
use crate::exit::OrFail as _;
use crate::logging::LogFormat;

pub(super) fn run(file: &ConfigFile) -> Result<(), Failure> {
    let config = begin(file)?;
    crate::service::run(&config)?;
    tracing::info!("stopped cleanly");
    Ok(())
}

/// How every process that goes on until it is stopped begins.
pub(super) fn begin(file: &ConfigFile) -> Result<config::Config, Failure> {
    // whatever is written from here on is for this user alone
    rustix::process::umask(rustix::fs::Mode::RWXG | rustix::fs::Mode::RWXO);
    let config = file.load()?;
    let format = match config.log.format {
        config::LogFormat::Auto => None,
        config::LogFormat::Json => Some(LogFormat::Json),
        config::LogFormat::Text => Some(LogFormat::Text),
    };
    crate::logging::init(config.log.level.as_str(), format).or_fail(ExitCode::Internal)?;
    tracing::info!(version = env!("CARGO_PKG_VERSION"), instance_id = %config.instance_id, "starting");
    Ok(config)
}

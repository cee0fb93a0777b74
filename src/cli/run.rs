//! `consent-gate run`: the service, until SIGTERM or Ctrl-C.

use super::{ConfigFile, ExitCode, Failure};
use crate::service::RunError;

pub(super) fn run(file: &ConfigFile) -> Result<(), Failure> {
    let config = file.load()?;
    crate::logging::init(config.log.level.name())
        .map_err(|error| Failure::new(ExitCode::Internal, error))?;
    tracing::info!(version = env!("CARGO_PKG_VERSION"), instance_id = %config.instance_id, "starting");
    crate::service::run(&config)?;
    tracing::info!("stopped cleanly");
    Ok(())
}

impl From<RunError> for Failure {
    fn from(error: RunError) -> Self {
        Self::new(ExitCode::of(error.exit_code()), error)
    }
}

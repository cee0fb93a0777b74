//! `consent-gate run`: the service, until SIGTERM or Ctrl-C.

use super::{ConfigFile, Failure};

pub(super) fn run(file: &ConfigFile) -> Result<(), Failure> {
    let config = file.load()?;
    let cluster = crate::preflight::preflight(&config)?;
    cluster.require_all()?;
    pipeline(config)
}

/// Placeholder until `crate::pipeline::run` is there.
fn pipeline(_config: crate::config::Config) -> Result<(), Failure> {
    Err(Failure::new(
        super::ExitCode::Internal,
        "this build has no pipeline yet",
    ))
}

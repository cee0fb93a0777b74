//! `consent-gate demo`: the same pipeline on a Kafka inside this process; needs nothing else.

use crate::exit::OrFail as _;
use clap::Args;

use super::{ExitCode, Failure};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// End after the cast, with an error if a decision differs from the table
    #[arg(long)]
    once: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    // the demo talks to a person: only what goes wrong is logged
    crate::logging::init("error", None).or_fail(ExitCode::Internal)?;
    crate::demo::run(arguments.once).map_err(|error| Failure::of(error.exit_code(), error))
}

//! `consent-gate demo`: the same pipeline on a Kafka inside this process; needs nothing else.

use clap::Args;

use super::Failure;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// End after the cast, with an error if a decision differs from the table
    #[arg(long)]
    once: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    demo(arguments.once)
}

/// Placeholder until `crate::demo::run` is there.
fn demo(_once: bool) -> Result<(), Failure> {
    Err(Failure::new(
        super::ExitCode::Internal,
        "this build has no demo yet",
    ))
}

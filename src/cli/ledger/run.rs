//! `consent-gate ledger run`.

use crate::cli::{ConfigFile, Failure};
use clap::Args;

#[derive(Debug, Args)]
pub(in crate::cli) struct Arguments {
    #[command(flatten)]
    file: ConfigFile,
    /// Go on although a topic has another id than before: it was restored record for record, at the same offsets
    #[arg(long)]
    accept_topics: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let config = crate::cli::run::begin(&arguments.file)?;
    crate::ledger::run(&config, arguments.accept_topics)?;
    tracing::info!("stopped cleanly");
    Ok(())
}

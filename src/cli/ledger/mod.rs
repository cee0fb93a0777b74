//! `consent-gate ledger`: follows decisions and consent changes into a log that shows tampering, verifies it, and proves from it.

mod forget;
mod prove;
mod run;
mod verify;

use super::{ConfigFile, Failure};
use crate::ledger::LedgerError;
use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(super) enum LedgerCommand {
    /// Follow decisions and consent changes into the ledger until SIGTERM or Ctrl-C
    Run(run::Arguments),
    /// Compare checkpoints, tiles and Kafka; name the first record that is not as signed; exit 1 if there is one
    Verify(verify::Arguments),
    /// Write a proof, as JSON, that a decision or a consent change is in the ledger
    Prove(prove::Arguments),
    /// Delete the salts of what is about a person, after an erasure; the ledger verifies as before
    Forget(forget::Arguments),
    /// Print the public key that checks the ledger's signatures
    Key(ConfigFile),
}

pub(super) fn run(command: &LedgerCommand) -> Result<(), Failure> {
    match command {
        LedgerCommand::Run(arguments) => run::run(arguments),
        LedgerCommand::Verify(arguments) => verify::run(arguments),
        LedgerCommand::Prove(arguments) => prove::run(arguments),
        LedgerCommand::Forget(arguments) => forget::run(arguments),
        LedgerCommand::Key(file) => {
            let key = crate::ledger::public_key(&file.load()?.ledger)?;
            Ok(super::output::print(&key.to_string())?)
        }
    }
}

impl From<LedgerError> for Failure {
    fn from(error: LedgerError) -> Self {
        Self::of(error.exit_code(), error)
    }
}

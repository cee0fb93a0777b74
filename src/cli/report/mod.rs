//! `consent-gate report`: what a privacy officer is asked for, from what the gate has written and how it is set up.
//!
//! Without a name, it counts decisions since a point in time. `affected` and that one read the decision log like any careful reader: committed records, assigned by hand, nothing committed, no
//! group joined. `processing` reads configuration and packs and asks nobody. INVARIANT: a report that may lack something says so
//! and ends with 1; no address and no contact id leaves here in clear.

mod account;
mod affected;
mod counts;
mod duty;
mod found;
mod groups;
mod item;
mod lines;
mod measures;
mod processing;
mod question;
mod tally;

use clap::{Args, Subcommand};

use super::{ConfigFile, ExitCode, Failure, output};
use crate::cli::moment::{instant, moment};
use crate::decisions::{Outcome, decision, one_line, window};

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(super) struct Report {
    #[command(subcommand)]
    report: Option<Kind>,
    #[command(flatten)]
    counts: counts::Arguments,
}

#[derive(Debug, Subcommand)]
enum Kind {
    /// Who was written to in a window of time: counts, hashed recipients, and the duties to notify with their clock
    Affected(question::Arguments),
    /// The record of processing activities (GDPR art. 30), as far as configuration and packs know it
    Processing(processing::Arguments),
}

pub(super) fn run(command: &Report) -> Result<(), Failure> {
    match &command.report {
        Some(Kind::Affected(arguments)) => affected::run(arguments),
        Some(Kind::Processing(arguments)) => processing::run(arguments),
        None => counts::run(&command.counts),
    }
}

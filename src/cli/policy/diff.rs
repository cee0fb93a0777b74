//! `consent-gate policy diff`: what a change of packs means, a sentence a line.

use super::super::{ExitCode, Failure, output};
use crate::cli::failure::OrFail as _;
use clap::Args;
use gate_core::Timestamp;
use gate_policy::diff::{Difference, differences};
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(in crate::cli) struct Arguments {
    /// Directory of the former packs
    before: PathBuf,
    /// Directory of the new packs
    after: PathBuf,
    /// Only the rules in force on this day, YYYY-MM-DD in UTC [default: today and each later day at which a rule changes]
    #[arg(long, value_name = "DATE")]
    on: Option<jiff::civil::Date>,
    /// One object a difference: {effect, jurisdictions, channels, recipients, from, sentence}
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let before = super::load(Some(&arguments.before), None)?;
    let after = super::load(Some(&arguments.after), None)?;
    let first = match arguments.on {
        None => Timestamp::from_millis(output::now_millis()),
        // noon: the same day by the clock of nearly every law
        Some(day) => day
            .at(12, 0, 0, 0)
            .in_tz("UTC")
            .map(|at| Timestamp::from_micros(at.timestamp().as_microsecond()))
            .or_fail(ExitCode::Usage)?,
    };
    let found = differences(&before, &after, first, arguments.on.is_some());
    for difference in &found {
        if arguments.json { json(difference)? } else { output::print(&difference.to_string())? }
    }
    if found.is_empty() {
        if !arguments.json {
            output::print("no difference in what is decided, by whom, or on what it rests")?;
        }
        return Ok(());
    }
    Err(Failure::silent(ExitCode::No))
}

fn json(difference: &Difference) -> Result<(), Failure> {
    output::print_json(&serde_json::json!({
        "effect": difference.effect.as_str(), "jurisdictions": difference.jurisdictions,
        "channels": difference.channels, "recipients": difference.recipients,
        "from": difference.from, "sentence": difference.sentence,
    }))
}

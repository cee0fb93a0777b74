//! `consent-gate policy diff`: what a change of packs means, a sentence a line.

use super::super::{ExitCode, Failure, output};
use crate::config::Config;
use crate::exit::OrFail as _;
use crate::policies::archive;
use clap::Args;
use gate_core::{PolicySet, Timestamp};
use gate_policy::diff::{Difference, differences};
use std::path::{Path, PathBuf};

#[derive(Debug, Args)]
pub(in crate::cli) struct Arguments {
    /// Directory of the former packs, or `@REVISION` of a kept set
    before: PathBuf,
    /// Directory of the new packs, or `@REVISION` of a kept set
    after: PathBuf,
    /// Configuration file (YAML), which says where revisions are kept
    #[arg(short = 'c', long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Only the rules in force on this day, YYYY-MM-DD in UTC [default: today and each later day at which a rule changes]
    #[arg(long, value_name = "DATE")]
    on: Option<jiff::civil::Date>,
    /// One object a difference: {effect, jurisdictions, channels, recipients, from, sentence}
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let config = arguments.config.as_deref().map(Config::load).transpose()?;
    let before = load(&arguments.before, config.as_ref())?;
    let after = load(&arguments.after, config.as_ref())?;
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

/// A directory's set, or a kept one.
fn load(which: &Path, config: Option<&Config>) -> Result<PolicySet, Failure> {
    let Some(revision) = which.to_str().and_then(|text| text.strip_prefix('@')) else {
        let tz_dir = config.and_then(|config| config.policies.tz_dir.as_deref());
        return super::load(Some(which), tz_dir);
    };
    let Some(config) = config else {
        let text = format!(
            "`@{revision}` needs the configuration (-c FILE), which says where revisions are kept; a directory of that name is `./@{revision}`"
        );
        return Err(Failure::new(ExitCode::Usage, text));
    };
    let former =
        archive::load(config, revision).map_err(|error| Failure::new(error.exit_code(), error))?;
    if let Some(other) = &former.other_zones {
        output::note(&format!("note: {revision}: {other}"));
    }
    Ok(former.set)
}

fn json(difference: &Difference) -> Result<(), Failure> {
    output::print_json(&serde_json::json!({
        "effect": difference.effect.as_str(), "jurisdictions": difference.jurisdictions,
        "channels": difference.channels, "recipients": difference.recipients,
        "from": difference.from, "sentence": difference.sentence,
    }))
}

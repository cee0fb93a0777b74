//! `consent-gate policy check`: problems make packs invalid; warnings and notes are for whoever keeps them.

use super::super::{ExitCode, Failure, output};
use crate::policies::{Loaded, PolicyFailure, PolicySource};
use clap::Args;
use gate_core::{PolicySet, Timestamp};
use gate_policy::{Problem, Remark};
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(in crate::cli) struct Arguments {
    /// Directory of packs [default: the packs built into this program]
    dir: Option<PathBuf>,
    /// Directory of compiled time zones [default: built in]
    #[arg(long, value_name = "DIR")]
    tz_dir: Option<PathBuf>,
    /// Problems, warnings and notes as JSON lines
    #[arg(long)]
    json: bool,
    /// Exit with 1 when there are warnings: no source, past dates, a review that is due, holidays that run out
    #[arg(long)]
    strict: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let source = PolicySource { dir: arguments.dir.clone(), tz_dir: arguments.tz_dir.clone() };
    match source.read() {
        Ok(Loaded { set, remarks, .. }) => {
            let now = Timestamp::from_millis(output::now_millis());
            let remarks: Vec<Remark> =
                remarks.into_iter().filter(|remark| remark.holds_at(now)).collect();
            let n_warnings = remarks.iter().filter(|remark| !remark.is_note).count();
            if arguments.json {
                remarks.iter().try_for_each(|remark| json(level(remark), &remark.problem))?;
            } else {
                remarks.iter().try_for_each(shown)?;
                output::print(&table(&set))?;
                output::print(&valid(&set, n_warnings, remarks.len() - n_warnings))?;
            }
            if arguments.strict && n_warnings > 0 {
                return Err(Failure::silent(ExitCode::No));
            }
            Ok(())
        }
        Err(PolicyFailure::Invalid(problems)) => {
            if arguments.json {
                problems.0.iter().try_for_each(|problem| json("problem", problem))?;
            } else {
                output::print(&problems.to_string())?;
            }
            Err(Failure::silent(ExitCode::Config))
        }
        Err(error) => Err(Failure::new(ExitCode::Config, error)),
    }
}

fn level(remark: &Remark) -> &'static str {
    if remark.is_note { "note" } else { "warning" }
}

/// One line a remark: a set has many, and the files are at hand.
fn shown(remark: &Remark) -> Result<(), Failure> {
    let Problem { file, line, reason, remedy, .. } = &remark.problem;
    let place = if *line == 0 { file.clone() } else { format!("{file}:{line}") };
    Ok(output::print(&format!("{}: {place}: {reason}; {remedy}", level(remark)))?)
}

fn json(level: &str, problem: &Problem) -> Result<(), Failure> {
    output::print_json(&serde_json::json!({
        "level": level, "file": problem.file, "line": problem.line, "column": problem.column,
        "reason": problem.reason, "remedy": problem.remedy,
    }))
}

fn table(set: &PolicySet) -> String {
    let rows = set.packs().iter().zip(0u16..).map(|(pack, index)| {
        let n_rules = set.rules().iter().filter(|rule| rule.pack == index).count();
        let codes = set.parts().jurisdictions.iter();
        let n_codes = codes.filter(|jurisdiction| jurisdiction.pack == index).count();
        let review = pack.review_by.map_or_else(|| String::from("-"), |day| day.to_string());
        let code = pack.code.as_str().to_owned();
        [code, pack.version.clone(), review, n_rules.to_string(), n_codes.to_string()]
    });
    output::table(["PACK", "VERSION", "REVIEW BY", "RULES", "JURISDICTIONS"], rows)
}

fn valid(set: &PolicySet, n_warnings: usize, n_notes: usize) -> String {
    format!(
        "\nvalid: {} packs, {} rules; revision {}, time zones {}, numbers {}; {n_warnings} warnings, {n_notes} notes",
        set.packs().len(),
        set.rules().len(),
        set.revision(),
        set.tz_version(),
        set.numbering().version(),
    )
}

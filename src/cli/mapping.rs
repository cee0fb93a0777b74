//! `consent-gate mapping`: files that say how a producer's own records become ours, checked and tried before a gate reads by them.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use gate_mapping::{Mapping, Problem, READY, run_cases};
use serde_json::json;

use super::{ExitCode, Failure, output};
use crate::exit::OrFail as _;
use crate::files;

/// Bytes of a file of cases.
const CASES_BYTES_MAX: u64 = 16 << 20;

#[derive(Debug, Subcommand)]
pub(super) enum MappingCommand {
    /// Say everything that is wrong with mapping files, each with its place, reason and fix
    Check(CheckArguments),
    /// Run cases: a producer's record in, our record or the error out
    Test(TestArguments),
    /// Print a ready mapping to begin with, or list them
    Ready(ReadyArguments),
}

#[derive(Debug, Args)]
pub(super) struct CheckArguments {
    /// Mapping files (docs/mapping.md)
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// One object a problem {file, line, column, reason, fix}
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub(super) struct TestArguments {
    /// The mapping file
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Files of cases
    #[arg(required = true, value_name = "CASES")]
    cases: Vec<PathBuf>,
    /// One object a mismatch {file, line, name, difference}
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub(super) struct ReadyArguments {
    /// Which one; without it all are listed
    #[arg(value_name = "NAME")]
    name: Option<String>,
}

pub(super) fn run(command: &MappingCommand) -> Result<(), Failure> {
    match command {
        MappingCommand::Check(arguments) => check(arguments),
        MappingCommand::Test(arguments) => test(arguments),
        MappingCommand::Ready(arguments) => ready(arguments),
    }
}

fn check(arguments: &CheckArguments) -> Result<(), Failure> {
    let mut n_wrong = 0usize;
    for path in &arguments.files {
        match load(path)? {
            Ok(mapping) if !arguments.json => {
                let n_fields = mapping.fields().count();
                output::print(&format!("{}: is sound, {n_fields} fields", path.display()))?;
            }
            Ok(_) => {}
            Err(problems) => {
                n_wrong += 1;
                problems.iter().try_for_each(|problem| told(problem, arguments.json))?;
            }
        }
    }
    if n_wrong > 0 { Err(Failure::silent(ExitCode::No)) } else { Ok(()) }
}

fn test(arguments: &TestArguments) -> Result<(), Failure> {
    let mapping = match load(&arguments.file)? {
        Ok(mapping) => mapping,
        Err(problems) => {
            problems.iter().try_for_each(|problem| told(problem, arguments.json))?;
            return Err(Failure::silent(ExitCode::No));
        }
    };
    let (mut n_passed, mut n_failed) = (0usize, 0usize);
    for path in &arguments.cases {
        let name = path.display().to_string();
        let report = match run_cases(&mapping, &name, &read(path)?) {
            Ok(report) => report,
            Err(problems) => {
                problems.iter().try_for_each(|problem| told(problem, arguments.json))?;
                return Err(Failure::silent(ExitCode::Usage));
            }
        };
        n_passed += report.n_passed;
        n_failed += report.mismatches.len();
        for it in &report.mismatches {
            let (line, what, difference) = (it.line, &it.name, &it.difference);
            if arguments.json {
                output::print_json(
                    &json!({"file": name, "line": line, "name": what, "difference": difference}),
                )?;
            } else {
                output::print(&format!("{name}:{line}: {what}: {difference}"))?;
            }
        }
    }
    if !arguments.json {
        output::print(&format!("{n_passed} passed, {n_failed} failed"))?;
    }
    if n_passed + n_failed == 0 {
        return Err(Failure::new(ExitCode::Usage, "the files hold no case"));
    }
    if n_failed > 0 { Err(Failure::silent(ExitCode::No)) } else { Ok(()) }
}

fn ready(arguments: &ReadyArguments) -> Result<(), Failure> {
    let Some(name) = &arguments.name else {
        let names: Vec<&str> = READY.iter().map(|ready| ready.name).collect();
        return Ok(output::print(&names.join("\n"))?);
    };
    let found = READY.iter().find(|ready| ready.name == name.as_str()).ok_or_else(|| {
        Failure::new(
            ExitCode::Usage,
            "there is no ready mapping of that name; `consent-gate mapping ready` lists them",
        )
    })?;
    Ok(output::print(found.mapping.trim_end())?)
}

fn told(problem: &Problem, as_json: bool) -> Result<(), Failure> {
    let Problem { file, line, column, reason, fix } = problem;
    if as_json {
        return output::print_json(
            &json!({"file": file, "line": line, "column": column, "reason": reason, "fix": fix}),
        );
    }
    Ok(output::print(&problem.to_string())?)
}

fn read(path: &Path) -> Result<String, Failure> {
    files::read_text(path, CASES_BYTES_MAX)
        .or_fail_at(ExitCode::Usage, || format!("`{}`", path.display()))
}

/// A mapping, with the schemas it names looked for beside it.
pub(super) fn load(path: &Path) -> Result<Result<Mapping, Vec<Problem>>, Failure> {
    let loaded = crate::records::load(path)
        .or_fail_at(ExitCode::Usage, || format!("`{}`", path.display()))?;
    Ok(loaded.0)
}

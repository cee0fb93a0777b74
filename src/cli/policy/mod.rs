//! `consent-gate policy`: what is wrong with packs, and what they decide.

mod bundle;
mod check;
mod diff;
mod export;
mod revisions;

use super::{ExitCode, Failure, output};
use crate::exit::OrFail as _;
use crate::headers::rfc3339;
use crate::identity::Pepper;
use crate::policies::PolicySource;
use clap::{Args, Subcommand};
use gate_core::PolicySet;
use gate_engine::{CaseRunner, Expected, Verdict};
use gate_policy::{CaseFile, RawCase, read_cases};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

#[derive(Debug, Subcommand)]
pub(super) enum PolicyCommand {
    /// Report everything that is wrong with a directory of packs, with file, line and remedy, and what is worth a look
    Check(check::Arguments),
    /// Decide the cases of files and compare with what they expect
    Test(TestArguments),
    /// Print the rules of all jurisdictions as a Markdown page
    Table(TableArguments),
    /// Say in words what a change of packs permits, forbids or defers more; exit code 1 when there is a difference. `@REVISION` stands for a kept set (with -c)
    Diff(diff::Arguments),
    /// Print every reason code with its meaning and remedy, as a Markdown page
    Reasons,
    /// List the policy sets that are kept by revision, with their packs and where they are
    Revisions(revisions::Arguments),
    /// Write packs into a directory: the built-in ones with the cases that pin them down, to keep and change your own; or a kept set (--revision)
    Export(export::Arguments),
}

#[derive(Debug, Args)]
pub(super) struct TestArguments {
    /// Case files: JSON lines, or YAML (`*.yaml`)
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Directory of packs [default: the packs built into this program]
    #[arg(long, value_name = "DIR")]
    policies: Option<PathBuf>,
    /// One object a case: {id, outcome, reason, not_before, pass}
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub(super) struct TableArguments {
    /// Directory of packs [default: the packs built into this program]
    dir: Option<PathBuf>,
}

pub(super) fn run(command: &PolicyCommand) -> Result<(), Failure> {
    match command {
        PolicyCommand::Check(arguments) => check::run(arguments),
        PolicyCommand::Test(arguments) => test(arguments),
        PolicyCommand::Table(arguments) => {
            let set = load(arguments.dir.as_deref(), None)?;
            Ok(output::print(&gate_policy::law_table(&set))?)
        }
        PolicyCommand::Diff(arguments) => diff::run(arguments),
        PolicyCommand::Reasons => Ok(output::print(&super::reasons::page())?),
        PolicyCommand::Revisions(arguments) => revisions::run(arguments),
        PolicyCommand::Export(arguments) => export::run(arguments),
    }
}

/// Loads packs or ends with everything that is wrong with them.
pub(super) fn load(dir: Option<&Path>, tz_dir: Option<&Path>) -> Result<PolicySet, Failure> {
    let source = PolicySource { dir: dir.map(Path::to_owned), tz_dir: tz_dir.map(Path::to_owned) };
    source.load().or_fail(ExitCode::Config)
}

fn test(arguments: &TestArguments) -> Result<(), Failure> {
    let set = load(arguments.policies.as_deref(), None)?;
    let runner = CaseRunner::new(&set, Pepper::of_nobody()).or_fail(ExitCode::Internal)?;
    let (mut n_passed, mut n_failed) = (0usize, 0usize);
    for path in &arguments.files {
        let file = read(path)?;
        for case in &file.cases {
            let result = judge(&runner, &file, case, arguments.json)?;
            if result { n_passed += 1 } else { n_failed += 1 }
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

/// Reads a case file.
pub(super) fn read(path: &Path) -> Result<CaseFile, Failure> {
    let name = path.display().to_string();
    let text = std::fs::read_to_string(path)
        .or_fail_at(ExitCode::Usage, || format!("cannot read `{name}`"))?;
    read_cases(&name, &text).map_err(|problems| Failure::new(ExitCode::Usage, problems))
}

/// Whether every message of the case is decided as it says.
fn judge(
    runner: &CaseRunner<'_, Pepper>,
    file: &CaseFile,
    case: &RawCase,
    is_json: bool,
) -> Result<bool, Failure> {
    let id = id_of(case);
    let result = runner.expected(case).and_then(|expected| Ok((expected, runner.run(case)?)));
    let (expected, verdicts) = match result {
        Ok(both) => both,
        Err(error) => {
            if is_json {
                let line = serde_json::json!({"id": id, "pass": false, "error": error.to_string()});
                output::print_json(&line)?;
            } else {
                output::print(&format!(
                    "{id}  {}:{}\n  cannot be run: {error}\n",
                    file.name, case.line
                ))?;
            }
            return Ok(false);
        }
    };
    let n_messages = verdicts.len();
    let mut is_pass = true;
    for (n, (expected, verdict)) in (1..).zip(expected.iter().zip(&verdicts)) {
        // one of several is named by its number, from 1
        let id = if n_messages > 1 { format!("{id}/{n}") } else { id.clone() };
        is_pass &= show(&id, file, case, (expected, verdict), is_json)?;
    }
    Ok(is_pass)
}

fn show(
    id: &str,
    file: &CaseFile,
    case: &RawCase,
    (expected, verdict): (&Expected, &Verdict),
    is_json: bool,
) -> Result<bool, Failure> {
    let is_pass = verdict.is_as(expected);
    if is_json {
        let decision = &verdict.decision;
        let mut line = serde_json::json!({
            "id": id,
            "outcome": decision.outcome().as_str(),
            "reason": decision.reason().code(),
            "not_before": decision.not_before().map(rfc3339),
            "pass": is_pass,
        });
        if let (Some(line), false) = (line.as_object_mut(), verdict.remarks.is_empty()) {
            line.insert("notes".to_owned(), verdict.remarks.clone().into());
        }
        output::print_json(&line)?;
    } else if !is_pass {
        output::print(&mismatch(id, file, case, expected, verdict))?;
    } else {
        for remark in &verdict.remarks {
            output::note(&format!("{id}  {}:{}  note: {remark}", file.name, case.line));
        }
    }
    Ok(is_pass)
}

/// The case's id, or its line when it has none.
pub(super) fn id_of(case: &RawCase) -> String {
    let id = case.fields.get("id").and_then(serde_json::Value::as_str);
    id.map_or_else(|| format!("line-{}", case.line), str::to_owned)
}

fn mismatch(
    id: &str,
    file: &CaseFile,
    case: &RawCase,
    expected: &Expected,
    verdict: &Verdict,
) -> String {
    let decision = &verdict.decision;
    let title = case.fields.get("title").and_then(serde_json::Value::as_str).unwrap_or("-");
    let at = |at: Option<gate_core::Timestamp>| {
        at.map_or(String::new(), |at| format!("  not before {}", rfc3339(at)))
    };
    let mut out = format!("{id}  {title}  ({}:{})\n", file.name, case.line);
    let reason = expected.reason.as_deref().unwrap_or("(any reason)");
    // writing to a String cannot fail
    writeln!(out, "  - expected {:<8} {reason}{}", expected.outcome, at(expected.not_before)).ok();
    let outcome = decision.outcome().as_str();
    let code = decision.reason().code();
    writeln!(out, "  + actual   {outcome:<8} {code}{}", at(decision.not_before())).ok();
    out.push_str(&trace(verdict));
    out
}

/// The steps of a verdict, one a line.
pub(super) fn trace(verdict: &Verdict) -> String {
    let mut out = String::new();
    for (step, note) in &verdict.notes {
        writeln!(out, "    {:>2} {:<21} {note}", *step as u8, step.as_str()).ok();
    }
    let reasons: Vec<&str> =
        verdict.decision.reasons().iter().map(gate_core::Reason::code).collect();
    if reasons.len() > 1 {
        writeln!(out, "       all failing           {}", reasons.join(", ")).ok();
    }
    let warnings = verdict.decision.warnings();
    for warning in warnings.iter() {
        writeln!(out, "       {:<21} {}", warning.code(), warning.meaning()).ok();
    }
    for remark in &verdict.remarks {
        writeln!(out, "       note                  {remark}").ok();
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_exported_can_be_tested_where_it_lies_and_nothing_is_overwritten() {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path().join("policies");
        export::built_in(&dir).unwrap();
        let arguments = TestArguments {
            files: vec![dir.join("GB.cases.yaml")],
            policies: Some(dir.clone()),
            json: false,
        };
        test(&arguments).unwrap();
        std::fs::write(dir.join("GB.cases.yaml"), "mine").unwrap();
        export::built_in(&dir).unwrap();
        assert_eq!(std::fs::read_to_string(dir.join("GB.cases.yaml")).unwrap(), "mine");
    }
}

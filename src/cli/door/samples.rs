//! `consent-gate door try`: sample requests through the real handlers, their clock and certificates from the sample file, records
//! collected instead of written.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use crate::cli::{ExitCode, Failure, output};
use crate::exit::OrFail as _;
use crate::files;

/// Bytes of a sample file.
const FILE_BYTES_MAX: u64 = 16 << 20;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Files of sample requests (docs/door-sources.md); a directory stands for its `*.json`
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// One object a case {file, case, pass, mismatches}
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let (mut n_passed, mut n_failed) = (0usize, 0usize);
    for path in listed(&arguments.files)? {
        let name = path.display().to_string();
        let text = files::read_text(&path, FILE_BYTES_MAX)
            .or_fail_at(ExitCode::Usage, || format!("`{name}`"))?;
        let beside = path.parent().map(Path::to_owned).unwrap_or_default();
        let read = |file: &str| {
            files::read_text(&beside.join(file), FILE_BYTES_MAX)
                .map_err(|error| format!("`{file}` cannot be read: {error}"))
        };
        for result in gate_intake::run_sample_with(&text, &read).results {
            let passes = result.mismatches.is_empty();
            if passes {
                n_passed += 1
            } else {
                n_failed += 1
            }
            if arguments.json {
                output::print_json(&json!({
                    "file": name, "case": result.case, "pass": passes, "mismatches": result.mismatches,
                }))?;
            } else {
                for mismatch in &result.mismatches {
                    output::print(&format!("{name}: {}: {mismatch}", result.case))?;
                }
            }
        }
    }
    if !arguments.json {
        output::print(&format!("{n_passed} passed, {n_failed} failed"))?;
    }
    if n_passed + n_failed == 0 {
        return Err(Failure::new(ExitCode::Usage, "there is no sample request in these files"));
    }
    if n_failed > 0 {
        return Err(Failure::silent(ExitCode::No));
    }
    Ok(())
}

/// The files, and those in directories by their names.
fn listed(given: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let mut files = Vec::new();
    for path in given {
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        let entries = std::fs::read_dir(path)
            .or_fail_at(ExitCode::Usage, || format!("`{}`", path.display()))?;
        let mut found: Vec<PathBuf> = entries
            .filter_map(|entry| entry.ok().map(|entry| entry.path()))
            .filter(|path| path.extension().is_some_and(|it| it == "json"))
            .collect();
        found.sort();
        files.extend(found);
    }
    Ok(files)
}

//! `consent-gate policy export`: packs as files, the built-in ones to begin with, or a former set to look at.

use super::super::{ExitCode, Failure, output};
use super::bundle;
use crate::config::Config;
use crate::exit::OrFail as _;
use crate::policies::PolicySource;
use crate::policies::archive;
use clap::Args;
use gate_policy::File;
use std::path::{Path, PathBuf};

#[derive(Debug, Args)]
pub(in crate::cli) struct Arguments {
    /// Where to; files that are there already are not overwritten. With --revision it must not exist, or be empty
    dir: PathBuf,
    /// The files of this revision, as `policy revisions` lists it [default: the packs built into this program, and their cases]
    #[arg(long, value_name = "REVISION", requires = "config")]
    revision: Option<String>,
    /// Configuration file (YAML), which says where revisions are kept
    #[arg(short = 'c', long, value_name = "FILE", requires = "revision")]
    config: Option<PathBuf>,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    match (&arguments.revision, &arguments.config) {
        (Some(revision), Some(config)) => former(revision, config, &arguments.dir),
        (None | Some(_), None | Some(_)) => built_in(&arguments.dir),
    }
}

/// The packs of this program, and the cases that pin them down.
pub(super) fn built_in(dir: &Path) -> Result<(), Failure> {
    let files = gate_policy::bundled().into_iter().chain(bundle::cases());
    let mut n_written = 0usize;
    for file in files {
        let path = dir.join(&file.name);
        if path.exists() {
            output::print(&format!("kept     {}", path.display()))?;
            continue;
        }
        write(dir, &file)?;
        n_written += 1;
    }
    let dir = dir.display();
    Ok(output::print(&format!("{n_written} files written; set `policies.dir: {dir}` to use them"))?)
}

/// The files of a revision, and nothing beside them: another pack there would make it another set.
fn former(revision: &str, config: &Path, dir: &Path) -> Result<(), Failure> {
    let config = Config::load(config)?;
    let found =
        archive::find(&config, revision).map_err(|error| Failure::new(error.exit_code(), error))?;
    must_be_empty(dir)?;
    for file in found.set.files() {
        write(dir, file)?;
    }
    let n_files = found.set.files().len();
    output::print(&format!(
        "{n_files} files of policy set {revision} written to {} (from {})",
        dir.display(),
        found.home
    ))?;
    let here = PolicySource::of(&config.policies).zones().or_fail(ExitCode::Config)?;
    if here.version() != found.set.tz_version() {
        output::note(&format!(
            "note: it was judged with time zones {}, and here are {}: loaded from this directory it has another revision",
            found.set.tz_version(),
            here.version()
        ));
    }
    Ok(())
}

fn must_be_empty(dir: &Path) -> Result<(), Failure> {
    let is_empty = match std::fs::read_dir(dir) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => true,
        entries => entries
            .or_fail_at(ExitCode::Usage, || format!("cannot look into `{}`", dir.display()))?
            .next()
            .is_none(),
    };
    if is_empty {
        return Ok(());
    }
    let text = format!(
        "`{}` is not empty, and other files there would make it another set: name a directory that does not exist",
        dir.display()
    );
    Err(Failure::new(ExitCode::Usage, text))
}

fn write(dir: &Path, file: &File) -> Result<(), Failure> {
    let path = dir.join(&file.name);
    let failed = |path: &Path, error: &std::io::Error| {
        Failure::new(ExitCode::Storage, format!("cannot write `{}`: {error}", path.display()))
    };
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent).map_err(|error| failed(parent, &error))?;
    }
    std::fs::write(&path, &file.text).map_err(|error| failed(&path, &error))?;
    Ok(output::print(&format!("written  {}", path.display()))?)
}

//! Rows of both sides, sorted in runs that lie in files while they are compared.

use std::fs::{self, File};
use std::io::{self, BufReader, Write as _};
use std::path::{Path, PathBuf};

use gate_reconcile::{Merge, Row, Rows, Sorter};

use crate::cli::{ExitCode, Failure};
use crate::exit::OrFail as _;
use crate::files;

/// A directory of this process alone, removed at the end.
pub(super) struct Scratch(PathBuf);

impl Scratch {
    pub(super) fn new(parent: &Path) -> Result<Self, Failure> {
        let dir = parent.join(format!("consent-gate-reconcile-{}", std::process::id()));
        let at = || format!("`{}`", dir.display());
        // of an earlier process with our number that was killed
        if dir.exists() {
            fs::remove_dir_all(&dir).or_fail_at(ExitCode::Storage, at)?;
        }
        files::private_dir(&dir).or_fail_at(ExitCode::Storage, at)?;
        Ok(Self(dir))
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.0) {
            tracing::warn!(dir = %self.0.display(), %error, "cannot be removed: it holds addresses");
        }
    }
}

/// Rows that are collected.
pub(super) struct Runs<'d> {
    dir: &'d Path,
    sorter: Sorter,
    files: Vec<PathBuf>,
}

type Run = Box<dyn Iterator<Item = io::Result<Row>>>;

impl<'d> Runs<'d> {
    pub(super) fn new(dir: &'d Path) -> Self {
        Self { dir, sorter: Sorter::default(), files: Vec::new() }
    }

    pub(super) fn push(&mut self, row: Row) -> Result<(), Failure> {
        let full =
            self.sorter.push(row).map_err(|problem| Failure::new(ExitCode::Usage, problem))?;
        let Some(run) = full else { return Ok(()) };
        let path = self.dir.join(format!("run-{}", self.files.len()));
        let written = files::create_private(&path).and_then(|mut file| file.write_all(&run));
        written.or_fail_at(ExitCode::Storage, || format!("`{}`", path.display()))?;
        self.files.push(path);
        Ok(())
    }

    /// All of them in order.
    pub(super) fn merged(self) -> Result<Merge<Run>, Failure> {
        let mut runs: Vec<Run> = Vec::with_capacity(self.files.len() + 1);
        for path in &self.files {
            let file = File::open(path)
                .or_fail_at(ExitCode::Storage, || format!("`{}`", path.display()))?;
            runs.push(Box::new(Rows::new(BufReader::new(file))));
        }
        runs.push(Box::new(self.sorter.finish().into_iter().map(Ok)));
        Merge::new(runs).map_err(|error| Failure::new(ExitCode::Storage, error))
    }
}

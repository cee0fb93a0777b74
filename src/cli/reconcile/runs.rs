//! Rows of both sides, sorted in runs that lie in files while they are compared.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, BufReader, Seek as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use aws_lc_rs::rand;
use gate_reconcile::{Merge, Row, Rows, Sorter};

use crate::cli::{ExitCode, Failure};
use crate::exit::OrFail as _;
use crate::files::{DIR_MODE, FILE_MODE};
use crate::headers::hex;

/// Random bytes of a directory's name: containers share process ids, and whoever else may write there cannot guess it.
const NAME_BYTES: usize = 16;

/// A directory of this process alone, made by it and removed at the end.
pub(super) struct Scratch(PathBuf);

impl Scratch {
    pub(super) fn new(parent: &Path) -> Result<Self, Failure> {
        let mut name = [0; NAME_BYTES];
        rand::fill(&mut name)
            .map_err(|_| Failure::new(ExitCode::Internal, "the system has no randomness"))?;
        let dir = parent.join(format!("consent-gate-reconcile-{}", hex(&name)));
        let made = DirBuilder::new()
            .recursive(true)
            .mode(DIR_MODE)
            .create(parent)
            // fails where anything has that name: what is removed at the end is ours
            .and_then(|()| DirBuilder::new().mode(DIR_MODE).create(&dir));
        made.or_fail_at(ExitCode::Storage, || format!("`{}`", dir.display()))?;
        Ok(Self(dir))
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.0) {
            tracing::warn!(dir = %self.0.display(), %error, "cannot be removed: it holds the state of the people here, by keyed hashes");
        }
    }
}

/// Rows that are collected.
pub(super) struct Runs<'d> {
    dir: &'d Path,
    sorter: Sorter,
    files: Vec<File>,
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
        let file = spilled(&path, &run)
            .or_fail_at(ExitCode::Storage, || format!("`{}`", path.display()))?;
        self.files.push(file);
        Ok(())
    }

    /// All of them in order.
    pub(super) fn merged(self) -> Result<Merge<Run>, Failure> {
        let mut runs: Vec<Run> = Vec::with_capacity(self.files.len() + 1);
        for file in self.files {
            runs.push(Box::new(Rows::new(BufReader::new(file))));
        }
        runs.push(Box::new(self.sorter.finish().into_iter().map(Ok)));
        Merge::new(runs).map_err(|error| Failure::new(ExitCode::Storage, error))
    }
}

/// A file with that content, to be read from its beginning. It has no name any more: it holds addresses, and is gone with this
/// process however that ends.
fn spilled(path: &Path, bytes: &[u8]) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true).mode(FILE_MODE);
    let mut file = options.open(path)?;
    fs::remove_file(path)?;
    file.write_all(bytes)?;
    file.rewind()?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read as _;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn a_scratch_directory_is_of_one_run_and_for_nobody_else() {
        let parent = tempfile::tempdir().unwrap();
        let old = parent.path().join(format!("consent-gate-reconcile-{}", std::process::id()));
        fs::create_dir(&old).unwrap();
        let (one, other) =
            (Scratch::new(parent.path()).unwrap(), Scratch::new(parent.path()).unwrap());
        assert_ne!(one.path(), other.path());
        assert_eq!(one.path().metadata().unwrap().permissions().mode() & 0o777, 0o700);
        let gone = one.path().to_owned();
        drop(one);
        assert!(!gone.exists() && other.path().exists() && old.exists());
    }

    #[test]
    fn what_holds_addresses_has_no_name() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("run-0");
        let mut file = spilled(&path, b"ana@example.com").unwrap();
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
        let mut text = String::new();
        file.read_to_string(&mut text).unwrap();
        assert_eq!(text, "ana@example.com");
        // somebody else's, or a link to somebody else's, is not written to
        fs::write(&path, "other").unwrap();
        assert!(spilled(&path, b"ana@example.com").is_err());
        assert_eq!(fs::read(&path).unwrap(), b"other");
    }
}

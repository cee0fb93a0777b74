//! Files from one directory to another: linked where that is possible, copied where not, and hashed in any case.
//!
//! Table files never change once they are written, so a second name for one (a hard link) is as good as a
//! copy as long as the disk is sound. Everything else is copied: RocksDB appends to its manifest.
//!
//! INVARIANT: a file counts as there only when its length and hash were computed from what the new name leads
//! to. No partial file outlives an error: the caller removes the directory.

use super::manifest::{FileEntry, hex, is_table};
use crate::files::{DIR_MODE, FILE_MODE};
use aws_lc_rs::digest::{Context, SHA256};
use std::fs::{self, DirBuilder, File, Permissions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::Path;

const CHUNK_BYTES: usize = 1 << 20;

/// Told after each piece of work how many bytes it was; waits when that was too fast. `false` ends the work.
pub type Pace<'a> = &'a (dyn Fn(usize) -> bool + Sync);

/// How a file got its new name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Placed {
    /// Another name for the same bytes on disk.
    Linked,
    /// Bytes of its own.
    Copied,
}

/// A directory that nobody else reads, with those above it.
pub(super) fn create_dir(dir: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(DIR_MODE).create(dir)
}

/// Gives `name` of `from` a place in `to`: a link if it is a table file and the file system can, else a copy.
pub(super) fn place(
    from: &Path,
    to: &Path,
    name: &str,
    pace: Pace<'_>,
) -> io::Result<(FileEntry, Placed)> {
    let (source, target) = (from.join(name), to.join(name));
    if is_table(name) && link(&source, &target)? {
        // hashed under its new name, which nobody can take away meanwhile
        let (bytes, sha256) = hash(&target, pace)?;
        return Ok((FileEntry { name: name.to_owned(), bytes, sha256 }, Placed::Linked));
    }
    let mut out = crate::files::create_private(&target)?;
    let (bytes, sha256) = read(&source, pace, |chunk| out.write_all(chunk))?;
    out.sync_all()?;
    Ok((FileEntry { name: name.to_owned(), bytes, sha256 }, Placed::Copied))
}

/// Gives a file a second name; `false` when the file system cannot, or when the system forbids it.
pub(super) fn link(source: &Path, target: &Path) -> io::Result<bool> {
    match fs::hard_link(source, target) {
        Ok(()) => {}
        Err(error) if is_no_linking(&error) => return Ok(false),
        Err(error) => return Err(error),
    }
    match fs::set_permissions(target, Permissions::from_mode(FILE_MODE)) {
        // another user's file that this one may read
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {
            fs::remove_file(target)?;
            Ok(false)
        }
        result => result.map(|()| true),
    }
}

/// Another file system, one without links, too many of them, or another user's file.
fn is_no_linking(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::CrossesDevices
            | ErrorKind::Unsupported
            | ErrorKind::TooManyLinks
            | ErrorKind::PermissionDenied
    )
}

/// Length and SHA-256 of a file.
pub(super) fn hash(path: &Path, pace: Pace<'_>) -> io::Result<(u64, String)> {
    read(path, pace, |_| Ok(()))
}

fn read(
    path: &Path,
    pace: Pace<'_>,
    mut take: impl FnMut(&[u8]) -> io::Result<()>,
) -> io::Result<(u64, String)> {
    let mut file = File::open(path)?;
    let mut context = Context::new(&SHA256);
    let mut chunk = vec![0; CHUNK_BYTES];
    let mut bytes: u64 = 0;
    loop {
        let n_read = match file.read(&mut chunk) {
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            read => read?,
        };
        let Some(piece) = chunk.get(..n_read).filter(|piece| !piece.is_empty()) else {
            return Ok((bytes, hex(context.finish().as_ref())));
        };
        context.update(piece);
        take(piece)?;
        bytes = bytes.saturating_add(n_read as u64);
        if !pace(n_read) {
            return Err(io::Error::new(ErrorKind::Interrupted, "asked to stop"));
        }
    }
}

/// Removes a directory that may be gone, or be going, already.
pub(super) fn remove_dir(dir: &Path) -> io::Result<()> {
    match fs::remove_dir_all(dir) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

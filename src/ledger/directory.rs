//! A ledger's storage on a file system.
//!
//! A file gets its name when it is whole. Tiles are not synced one by one: `sync` waits for the whole file system, once a
//! checkpoint. What is not a tile (checkpoints) is synced at once, since it may be looked at after a loss of power.

use super::LedgerError;
use crate::files;
use gate_ledger::Store;
use rustix::fs::{FlockOperation, flock, syncfs};
use std::fs::{self, DirBuilder, File};
use std::io::{self, Write as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// Largest file that is read: a tile of 256 entries of a kilobyte, or a checkpoint of 10,000 partitions.
const FILE_BYTES_MAX: u64 = 4 << 20;
const DRAFTS: &str = ".drafts";
const LOCK: &str = ".lock";

/// A directory of tiles and checkpoints.
#[derive(Debug)]
pub struct Directory {
    root: PathBuf,
    n_drafts: AtomicU64,
}

impl Directory {
    /// A directory to read from.
    #[must_use]
    pub fn at(root: &Path) -> Self {
        Self { root: root.to_owned(), n_drafts: AtomicU64::new(0) }
    }

    /// Makes it if need be, and removes drafts that somebody killed has left. For who holds its [`Lock`].
    ///
    /// # Errors
    /// It cannot be made.
    pub fn make(root: &Path) -> Result<Self, LedgerError> {
        let io = |action| move |source| LedgerError::Io { action, path: root.to_owned(), source };
        let drafts = root.join(DRAFTS);
        match fs::remove_dir_all(&drafts) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(io("clean up")(error));
            }
            Ok(()) | Err(_) => {}
        }
        files::private_dir(&drafts).map_err(io("make"))?;
        Ok(Self::at(root))
    }

    /// Where it is.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The paths of the files below this one.
    ///
    /// # Errors
    /// A directory cannot be read.
    pub(super) fn list(&self, below: &str) -> io::Result<Vec<String>> {
        let (mut found, mut open) = (Vec::new(), vec![below.trim_end_matches('/').to_owned()]);
        while let Some(path) = open.pop() {
            let entries = match fs::read_dir(self.root.join(&path)) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                entries => entries?,
            };
            for entry in entries {
                let entry = entry?;
                let Ok(name) = entry.file_name().into_string() else { continue };
                let path = format!("{path}/{name}");
                if entry.file_type()?.is_dir() {
                    open.push(path);
                } else {
                    found.push(path);
                }
            }
        }
        Ok(found)
    }

    /// Writes a whole file that has no name yet.
    fn draft(&self, bytes: &[u8], is_synced: bool) -> io::Result<PathBuf> {
        let number = self.n_drafts.fetch_add(1, Ordering::Relaxed);
        // `forget` may write beside `run`
        let draft = self.root.join(DRAFTS).join(format!("{}-{number}", std::process::id()));
        let mut file = files::create_private(&draft)?;
        file.write_all(bytes)?;
        if is_synced {
            file.sync_all()?;
        }
        Ok(draft)
    }

    fn target(&self, path: &str) -> io::Result<PathBuf> {
        let target = self.root.join(path);
        if let Some(parent) = target.parent() {
            DirBuilder::new().recursive(true).mode(files::DIR_MODE).create(parent)?;
        }
        Ok(target)
    }
}

/// Whether whoever reads looks at it only after a checkpoint says that it is there.
pub(super) fn is_tile(path: &str) -> bool {
    path.starts_with("tile/")
}

impl Store for Directory {
    fn get(&self, path: &str) -> io::Result<Option<Vec<u8>>> {
        match files::read(&self.root.join(path), FILE_BYTES_MAX) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn put(&self, path: &str, bytes: &[u8]) -> io::Result<()> {
        let target = self.target(path)?;
        fs::rename(self.draft(bytes, !is_tile(path))?, target)
    }

    fn create(&self, path: &str, bytes: &[u8]) -> io::Result<bool> {
        let target = self.target(path)?;
        let draft = self.draft(bytes, true)?;
        // a hard link fails where a rename would replace
        let made = fs::hard_link(&draft, &target);
        fs::remove_file(&draft)?;
        match made {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn remove_all(&self, prefix: &str) -> io::Result<()> {
        match fs::remove_dir_all(self.root.join(prefix)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            done => done,
        }
    }

    fn sync(&self) -> io::Result<()> {
        Ok(syncfs(File::open(&self.root)?)?)
    }
}

/// Held by the one process that writes.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the lock of a directory, which is made if need be.
    ///
    /// # Errors
    /// Another process has it.
    pub fn take(root: &Path) -> Result<Self, LedgerError> {
        let path = root.join(LOCK);
        let io = |action| {
            let path = path.clone();
            move |source| LedgerError::Io { action, path, source }
        };
        files::private_dir(root).map_err(io("make the directory of"))?;
        let open = File::options().read(true).write(true).create(true).truncate(false).open(&path);
        let mut file = open.map_err(io("open"))?;
        if flock(&file, FlockOperation::NonBlockingLockExclusive).is_err() {
            let owner = files::read_text(&path, 1_024).unwrap_or_default();
            return Err(LedgerError::Locked {
                path: root.to_owned(),
                owner: owner.trim().to_owned(),
            });
        }
        let owner = format!("process {}\n", std::process::id());
        file.set_len(0).and_then(|()| file.write_all(owner.as_bytes())).map_err(io("write"))?;
        Ok(Self { _file: file })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_come_and_go_whole() {
        let dir = tempfile::tempdir().unwrap();
        let store = Directory::make(dir.path()).unwrap();
        assert_eq!(store.get("tile/0/000").unwrap(), None);
        store.put("tile/0/000.p/3", b"three").unwrap();
        store.put("tile/0/000.p/3", b"again").unwrap();
        assert_eq!(store.get("tile/0/000.p/3").unwrap().unwrap(), b"again");
        store.put("tile/0/x001/234", b"deep").unwrap();
        let mut listed = store.list("tile/0").unwrap();
        listed.sort();
        assert_eq!(listed, ["tile/0/000.p/3", "tile/0/x001/234"]);
        assert_eq!(store.list("tile/0/000.p/").unwrap(), ["tile/0/000.p/3"]);
        assert!(store.list("nothing").unwrap().is_empty());
        assert!(store.create("checkpoints/000", b"first").unwrap());
        assert!(!store.create("checkpoints/000", b"second").unwrap());
        assert_eq!(store.get("checkpoints/000").unwrap().unwrap(), b"first");
        store.remove_all("tile/0/000.p/").unwrap();
        store.remove_all("tile/0/000.p/").unwrap();
        assert_eq!(store.get("tile/0/000.p/3").unwrap(), None);
        store.sync().unwrap();
        assert_eq!(fs::read_dir(dir.path().join(DRAFTS)).unwrap().count(), 0);
    }

    #[test]
    fn one_at_a_time() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("ledger");
        let lock = Lock::take(&root).unwrap();
        let said = Lock::take(&root).unwrap_err().to_string();
        assert!(said.contains(&format!("process {}", std::process::id())), "{said}");
        drop(lock);
        Lock::take(&root).unwrap();
    }
}

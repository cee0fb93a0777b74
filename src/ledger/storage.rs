//! Where a ledger lies: a directory, or object storage (`ledger.store`).
//!
//! In object storage tiles are on their way many at a time; a checkpoint is made when all of them are there, and only if nobody
//! else has made it. One process writes there at a time, the one with the lease; in a directory it is the one with the lock.

use super::{Directory, LedgerError, Lock};
use crate::config::Ledger;
use crate::files;
use crate::shutdown::Shutdown;
use gate_ledger::Store;
use gate_log::hex;
use gate_objects::{Lease, Look, Objects, Watch};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The lease's path. It is no part of the log.
const LEASE: &str = "writer";
/// Below `ledger.dir`: who this writer is, over restarts.
const OWNER: &str = "writer-id";
const OWNER_BYTES_MAX: u64 = 128;
/// Between two looks at a lease that somebody else holds.
const LOOK_PAUSE: Duration = Duration::from_secs(5);
/// Looks at a wish to stop meanwhile.
const NAP: Duration = Duration::from_millis(50);

/// A ledger's storage.
pub enum Storage {
    /// A directory of this machine.
    Directory(Directory),
    /// Object storage; for whoever writes the log with the lease.
    Objects(Arc<Objects>, Option<Arc<Lease>>),
}

/// What whoever writes holds.
pub(super) struct Writing {
    /// The lock of `ledger.dir`.
    _lock: Lock,
    /// In object storage the lease too.
    pub(super) lease: Option<Arc<Lease>>,
}

impl Storage {
    /// What the configuration names, to read.
    ///
    /// # Errors
    /// It names nothing, or what is none.
    pub fn of(config: &Ledger) -> Result<Self, LedgerError> {
        match objects(config)? {
            Some(objects) => Ok(Self::Objects(objects, None)),
            None => Ok(Self::Directory(Directory::at(&local(config)?))),
        }
    }

    /// The same for whoever writes the log; waits for a lease that somebody else holds, until they are silent.
    ///
    /// # Errors
    /// Another process of this machine writes, the storage is none or cannot be asked, or this one is to stop.
    pub(super) fn to_write(
        config: &Ledger,
        shutdown: &Shutdown,
    ) -> Result<(Self, Writing), LedgerError> {
        let dir = local(config)?;
        let lock = Lock::take(&dir)?;
        let Some(objects) = objects(config)? else {
            let directory = Directory::make(&dir)?;
            return Ok((Self::Directory(directory), Writing { _lock: lock, lease: None }));
        };
        let lease = Arc::new(wait_for_lease(&objects, &dir, shutdown)?);
        let writing = Writing { _lock: lock, lease: Some(Arc::clone(&lease)) };
        Ok((Self::Objects(objects, Some(lease)), writing))
    }

    /// What may be written beside a log that somebody else writes, and whether nobody does.
    ///
    /// # Errors
    /// As [`Storage::of`].
    pub(super) fn beside(config: &Ledger) -> Result<(Self, Option<Writing>), LedgerError> {
        let dir = local(config)?;
        let lock = match Lock::take(&dir) {
            Ok(lock) => lock,
            Err(LedgerError::Locked { .. }) => return Ok((Self::of(config)?, None)),
            Err(error) => return Err(error),
        };
        let Some(objects) = objects(config)? else {
            let directory = Directory::at(&dir);
            return Ok((Self::Directory(directory), Some(Writing { _lock: lock, lease: None })));
        };
        let failed = io_error("ask for the lease in", objects.url());
        let look = Watch::new(&objects, LEASE, &owner(&dir)?).look(Instant::now());
        Ok(match look.map_err(failed)? {
            Look::Taken(lease) => {
                let lease = Arc::new(lease);
                let writing = Writing { _lock: lock, lease: Some(Arc::clone(&lease)) };
                (Self::Objects(objects, Some(lease)), Some(writing))
            }
            Look::Held { .. } => (Self::Objects(objects, None), None),
        })
    }

    /// How to call it.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Directory(directory) => directory.root().display().to_string(),
            Self::Objects(objects, _) => objects.url().to_owned(),
        }
    }

    /// The paths of whatever lies directly or deeper below this one.
    ///
    /// # Errors
    /// They cannot be listed now.
    pub fn list(&self, below: &str) -> io::Result<Vec<String>> {
        match self {
            Self::Directory(directory) => directory.list(below),
            Self::Objects(objects, _) => objects.list(below),
        }
    }
}

impl Writing {
    /// Lets others go on at once.
    pub(super) fn end(self) {
        if let Some(Err(error)) = self.lease.map(|lease| lease.release()) {
            tracing::warn!(%error, "the lease is not let go of; the next writer waits for five minutes");
        }
    }
}

/// Whether whoever has this lease may still write.
///
/// # Errors
/// It was not renewed in time, or is somebody else's.
pub(super) fn is_sure(lease: Option<&Arc<Lease>>) -> io::Result<()> {
    match lease {
        Some(lease) if !lease.is_sure(Instant::now()) => Err(io::Error::other(
            "the lease was not renewed in time, or somebody else has taken it over",
        )),
        Some(_) | None => Ok(()),
    }
}

fn wait_for_lease(
    objects: &Arc<Objects>,
    dir: &Path,
    shutdown: &Shutdown,
) -> Result<Lease, LedgerError> {
    let mut watch = Watch::new(objects, LEASE, &owner(dir)?);
    let mut known = String::new();
    while !shutdown.is_requested() {
        let look = watch.look(Instant::now());
        match look.map_err(io_error("ask for the lease in", objects.url()))? {
            Look::Taken(lease) => return Ok(lease),
            Look::Held { by, silent_for } if by != known => {
                let silent_for_s = silent_for.as_secs();
                tracing::warn!(
                    store = objects.url(),
                    by,
                    silent_for_s,
                    "another ledger writes there; this one takes over when it stops, or has been silent for five minutes"
                );
                known = by;
            }
            Look::Held { .. } => {}
        }
        let began = Instant::now();
        while began.elapsed() < LOOK_PAUSE && !shutdown.is_requested() {
            std::thread::sleep(NAP);
        }
    }
    Err(LedgerError::Stopped)
}

/// Who this writer is: as many as there are directories, and the same after a restart.
fn owner(dir: &Path) -> Result<String, LedgerError> {
    let path = dir.join(OWNER);
    let name = path.display().to_string();
    match files::read_text(&path, OWNER_BYTES_MAX) {
        Ok(known) => return Ok(known.trim().to_owned()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(io_error("read", &name)(error)),
    }
    let mut bytes = [0; 16];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| LedgerError::NoRandomness)?;
    let owner = hex(&bytes);
    files::create_whole(&path, owner.as_bytes()).map_err(io_error("make", &name))?;
    Ok(owner)
}

fn io_error(action: &'static str, path: &str) -> impl FnOnce(io::Error) -> LedgerError {
    let path = PathBuf::from(path);
    move |source| LedgerError::Io { action, path, source }
}

/// The directory of this machine in which whoever writes has its lock, and its drafts.
///
/// # Errors
/// None is named.
pub(super) fn local(config: &Ledger) -> Result<PathBuf, LedgerError> {
    config.dir.clone().ok_or(LedgerError::NoDirectory)
}

/// Object storage, if the configuration names some.
///
/// # Errors
/// What it names is none, or a directory.
pub(super) fn objects(config: &Ledger) -> Result<Option<Arc<Objects>>, LedgerError> {
    let Some(url) = config.store.as_deref() else { return Ok(None) };
    if url.starts_with("file:") {
        return Err(LedgerError::StoreIsDirectory);
    }
    Ok(Some(Arc::new(Objects::open(url)?)))
}

impl Store for Storage {
    fn get(&self, path: &str) -> io::Result<Option<Vec<u8>>> {
        match self {
            Self::Directory(directory) => directory.get(path),
            Self::Objects(objects, _) => objects.get(path),
        }
    }

    fn put(&self, path: &str, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Directory(directory) => directory.put(path, bytes),
            Self::Objects(objects, lease) => {
                is_sure(lease.as_ref())?;
                if super::directory::is_tile(path) {
                    objects.put_later(path, bytes)
                } else {
                    objects.put(path, bytes)
                }
            }
        }
    }

    fn create(&self, path: &str, bytes: &[u8]) -> io::Result<bool> {
        match self {
            Self::Directory(directory) => directory.create(path, bytes),
            Self::Objects(objects, lease) => {
                is_sure(lease.as_ref())?;
                objects.create(path, bytes)
            }
        }
    }

    fn remove_all(&self, prefix: &str) -> io::Result<()> {
        match self {
            Self::Directory(directory) => directory.remove_all(prefix),
            Self::Objects(objects, lease) => {
                is_sure(lease.as_ref())?;
                objects.list(prefix)?.iter().try_for_each(|path| objects.remove(path))
            }
        }
    }

    fn sync(&self) -> io::Result<()> {
        match self {
            Self::Directory(directory) => directory.sync(),
            Self::Objects(objects, _) => objects.flush(),
        }
    }
}

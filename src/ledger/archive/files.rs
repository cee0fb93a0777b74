//! The files: their names say which stretch of the decision log each of them has.

use crate::config::Ledger;
use crate::files::{self, private_dir};
use crate::ledger::LedgerError;
use crate::ledger::storage::{self, local};
use gate_objects::{Lease, Objects};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

const DRAFTS: &str = ".drafts";
/// Below where the ledger lies.
const PREFIX: &str = "parquet";

/// A stretch of a partition of the decision log, of one day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// The day in UTC: `2026-11-30`.
    pub day: String,
    /// Partition.
    pub partition: i32,
    /// Offset of its first record.
    pub first: i64,
    /// Offset of its last record.
    pub last: i64,
}

impl Stretch {
    fn name(&self) -> String {
        format!("{}-{}-{}.parquet", self.partition, self.first, self.last)
    }

    fn parse(day: &str, name: &str) -> Option<Self> {
        let mut parts = name.strip_suffix(".parquet")?.split('-');
        let partition = parts.next()?.parse().ok()?;
        let first = parts.next()?.parse().ok()?;
        let last = parts.next()?.parse().ok()?;
        let stretch = Self { day: day.to_owned(), partition, first, last };
        (parts.next().is_none() && stretch.name() == name).then_some(stretch)
    }
}

/// Where the files are.
enum Place {
    /// A directory, drafts below it.
    Directory(PathBuf),
    /// Object storage, below [`PREFIX`]; with who may write there.
    Objects(Arc<Objects>, Option<Arc<Lease>>),
}

/// The files.
pub struct Files {
    place: Place,
}

impl Files {
    /// Those of the configuration, to write: makes their directory if need be, and removes drafts that somebody killed has left.
    ///
    /// # Errors
    /// It cannot be made, or `ledger.store` is no storage.
    pub(in crate::ledger) fn to_write(
        config: &Ledger,
        lease: Option<&Arc<Lease>>,
    ) -> Result<Self, LedgerError> {
        if let Some(objects) = storage::objects(config)? {
            return Ok(Self { place: Place::Objects(objects, lease.cloned()) });
        }
        let root = local(config)?.join(PREFIX);
        Self::open(&root).map_err(|source| LedgerError::Io {
            action: "open the archive",
            path: root,
            source,
        })
    }

    /// Those of the configuration, to read; `None` when there is no directory of them.
    ///
    /// # Errors
    /// `ledger.store` is no storage.
    pub fn of(config: &Ledger) -> Result<Option<Self>, LedgerError> {
        if let Some(objects) = storage::objects(config)? {
            return Ok(Some(Self { place: Place::Objects(objects, None) }));
        }
        let root = local(config)?.join(PREFIX);
        Ok(root.is_dir().then_some(Self { place: Place::Directory(root) }))
    }

    pub(super) fn open(root: &Path) -> io::Result<Self> {
        let drafts = root.join(DRAFTS);
        match fs::remove_dir_all(&drafts) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
        private_dir(&drafts)?;
        Ok(Self { place: Place::Directory(root.to_owned()) })
    }

    /// What they are called by, for messages.
    #[must_use]
    pub fn name(&self) -> String {
        match &self.place {
            Place::Directory(root) => root.display().to_string(),
            Place::Objects(objects, _) => format!("{}/{PREFIX}", objects.url()),
        }
    }

    /// Where each partition goes on: behind the last of its files.
    ///
    /// # Errors
    /// They cannot be listed.
    pub fn next(&self) -> io::Result<BTreeMap<i32, i64>> {
        let mut next = BTreeMap::new();
        for Stretch { partition, last, .. } in self.list()? {
            let known = next.entry(partition).or_insert(0);
            *known = last.saturating_add(1).max(*known);
        }
        Ok(next)
    }

    /// All of them.
    ///
    /// # Errors
    /// They cannot be listed.
    pub fn list(&self) -> io::Result<Vec<Stretch>> {
        let mut found = Vec::new();
        match &self.place {
            Place::Directory(root) => {
                for day in fs::read_dir(root)? {
                    let day = day?;
                    let name = day.file_name();
                    let Some(date) = name.to_str().and_then(day_of) else { continue };
                    for file in fs::read_dir(day.path())? {
                        let name = file?.file_name();
                        found.extend(name.to_str().and_then(|name| Stretch::parse(date, name)));
                    }
                }
            }
            Place::Objects(objects, _) => {
                let paths = objects.list(PREFIX)?;
                let parts = paths.iter().filter_map(|path| {
                    let (day, name) =
                        path.strip_prefix(PREFIX)?.strip_prefix('/')?.split_once('/')?;
                    Stretch::parse(day_of(day)?, name)
                });
                found.extend(parts);
            }
        }
        Ok(found)
    }

    /// Reads the file of a stretch.
    ///
    /// # Errors
    /// It cannot be read.
    pub(super) fn read(&self, stretch: &Stretch) -> io::Result<Content> {
        match &self.place {
            Place::Directory(root) => {
                let day = root.join(format!("date={}", stretch.day));
                Ok(Content::File(File::open(day.join(stretch.name()))?))
            }
            Place::Objects(objects, _) => {
                let bytes = objects.get(&path_of(stretch))?;
                let bytes = bytes.ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?;
                Ok(Content::Bytes(bytes.into()))
            }
        }
    }

    /// Makes the file of a stretch; it gets its name when it is whole and kept.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn put(
        &self,
        stretch: &Stretch,
        write: impl FnOnce(&mut (dyn io::Write + Send)) -> io::Result<()>,
    ) -> io::Result<()> {
        match &self.place {
            Place::Directory(root) => put_file(root, stretch, write),
            Place::Objects(objects, lease) => {
                let mut bytes = Vec::new();
                write(&mut bytes)?;
                storage::is_sure(lease.as_ref())?;
                objects.put(&path_of(stretch), &bytes)
            }
        }
    }
}

/// A file's content, as it is read.
pub(super) enum Content {
    File(File),
    Bytes(bytes::Bytes),
}

fn path_of(stretch: &Stretch) -> String {
    format!("{PREFIX}/date={}/{}", stretch.day, stretch.name())
}

fn day_of(directory: &str) -> Option<&str> {
    directory.strip_prefix("date=")
}

fn put_file(
    root: &Path,
    stretch: &Stretch,
    write: impl FnOnce(&mut (dyn io::Write + Send)) -> io::Result<()>,
) -> io::Result<()> {
    let draft = root.join(DRAFTS).join(stretch.name());
    match fs::remove_file(&draft) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let mut file = files::create_private(&draft)?;
    write(&mut file)?;
    file.sync_all()?;
    let day = root.join(format!("date={}", stretch.day));
    private_dir(&day)?;
    fs::rename(&draft, day.join(stretch.name()))?;
    File::open(&day)?.sync_all()?;
    File::open(root)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_all_the_memory_there_is() {
        let dir = tempfile::tempdir().unwrap();
        let files = Files::open(dir.path()).unwrap();
        assert!(files.next().unwrap().is_empty());
        let put = |day: &str, partition, first, last| {
            let stretch = Stretch { day: day.to_owned(), partition, first, last };
            files.put(&stretch, |file| file.write_all(b"x")).unwrap();
        };
        put("2026-11-29", 0, 0, 7);
        put("2026-11-30", 0, 8, 20);
        put("2026-11-29", 3, 2, 2);
        fs::write(dir.path().join("date=2026-11-30/0-21-x.parquet"), b"").unwrap();
        fs::write(dir.path().join("date=2026-11-30/0-021-22.parquet"), b"").unwrap();
        let next = Files::open(dir.path()).unwrap().next().unwrap();
        assert_eq!(next, BTreeMap::from([(0, 21), (3, 3)]));
        let failed = files.put(
            &Stretch { day: "2026-11-30".to_owned(), partition: 0, first: 21, last: 22 },
            |_| Err(io::Error::other("no room")),
        );
        assert!(failed.is_err());
        assert_eq!(files.next().unwrap(), next, "a file that is not whole has no name");
    }
}

//! The files: their names say which stretch of the decision log each of them has.

use crate::files::{self, private_dir};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

const DRAFTS: &str = ".drafts";

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

/// The directory of the files.
pub struct Files {
    root: PathBuf,
}

impl Files {
    /// Makes it if need be, and removes drafts that somebody killed has left.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn open(root: &Path) -> io::Result<Self> {
        let drafts = root.join(DRAFTS);
        match fs::remove_dir_all(&drafts) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
        private_dir(&drafts)?;
        Ok(Self { root: root.to_owned() })
    }

    /// One to read from.
    #[must_use]
    pub fn at(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    /// Where the file of a stretch lies.
    #[must_use]
    pub fn path(&self, stretch: &Stretch) -> PathBuf {
        self.root.join(format!("date={}", stretch.day)).join(stretch.name())
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
        for day in fs::read_dir(&self.root)? {
            let day = day?;
            let name = day.file_name();
            let Some(date) = name.to_str().and_then(|name| name.strip_prefix("date=")) else {
                continue;
            };
            for file in fs::read_dir(day.path())? {
                let name = file?.file_name();
                found.extend(name.to_str().and_then(|name| Stretch::parse(date, name)));
            }
        }
        Ok(found)
    }

    /// Makes the file of a stretch; it gets its name when it is whole and synced.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn put(
        &self,
        stretch: &Stretch,
        write: impl FnOnce(File) -> io::Result<File>,
    ) -> io::Result<()> {
        let draft = self.root.join(DRAFTS).join(stretch.name());
        match fs::remove_file(&draft) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
        write(files::create_private(&draft)?)?.sync_all()?;
        let day = self.root.join(format!("date={}", stretch.day));
        private_dir(&day)?;
        fs::rename(&draft, self.path(stretch))?;
        File::open(&day)?.sync_all()?;
        File::open(&self.root)?.sync_all()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    #[test]
    fn names_are_all_the_memory_there_is() {
        let dir = tempfile::tempdir().unwrap();
        let files = Files::open(dir.path()).unwrap();
        assert!(files.next().unwrap().is_empty());
        let put = |day: &str, partition, first, last| {
            let stretch = Stretch { day: day.to_owned(), partition, first, last };
            files.put(&stretch, |mut file| file.write_all(b"x").map(|()| file)).unwrap();
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

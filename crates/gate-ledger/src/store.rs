//! Storage as the log needs it: whole files by path.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io;

/// Where tiles and checkpoints lie. Paths are relative, with `/` between their parts.
pub trait Store {
    /// A file's bytes; `None` when there is none.
    ///
    /// # Errors
    /// It cannot be read.
    fn get(&self, path: &str) -> io::Result<Option<Vec<u8>>>;

    /// Makes or replaces a file: whoever reads it sees the old one or the new one.
    ///
    /// # Errors
    /// It cannot be written.
    fn put(&self, path: &str, bytes: &[u8]) -> io::Result<()>;

    /// Makes a file that is not there; `false` when it is.
    ///
    /// # Errors
    /// It cannot be written.
    fn create(&self, path: &str, bytes: &[u8]) -> io::Result<bool>;

    /// Removes whatever has a path that begins so; nothing there is no error.
    ///
    /// # Errors
    /// Something cannot be removed.
    fn remove_all(&self, prefix: &str) -> io::Result<()>;

    /// Returns when everything written before outlives a loss of power.
    ///
    /// # Errors
    /// That is not known.
    fn sync(&self) -> io::Result<()>;
}

/// Storage in memory, for tests and for what is thrown away.
#[derive(Clone, Debug, Default)]
pub struct MemoryStore {
    files: RefCell<BTreeMap<String, Vec<u8>>>,
}

impl MemoryStore {
    /// Every path.
    #[must_use]
    pub fn paths(&self) -> Vec<String> {
        self.files.borrow().keys().cloned().collect()
    }
}

impl Store for MemoryStore {
    fn get(&self, path: &str) -> io::Result<Option<Vec<u8>>> {
        Ok(self.files.borrow().get(path).cloned())
    }

    fn put(&self, path: &str, bytes: &[u8]) -> io::Result<()> {
        self.files.borrow_mut().insert(path.to_owned(), bytes.to_vec());
        Ok(())
    }

    fn create(&self, path: &str, bytes: &[u8]) -> io::Result<bool> {
        let mut files = self.files.borrow_mut();
        if files.contains_key(path) {
            return Ok(false);
        }
        files.insert(path.to_owned(), bytes.to_vec());
        Ok(true)
    }

    fn remove_all(&self, prefix: &str) -> io::Result<()> {
        self.files.borrow_mut().retain(|path, _| !path.starts_with(prefix));
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        Ok(())
    }
}

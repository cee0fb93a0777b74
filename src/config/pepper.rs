//! The pepper: 32 random bytes that key every hash of a contact or address in the store.
//!
//! Whoever has it can test whether an address is in the store; so it is its own file, mode 0600, and wiped from memory.
//! Invariant: an existing file is never overwritten, and a half-written one is never left behind: the bytes go to a
//! file beside it, are synced, and get the name only if nobody has it.

use std::io::{Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

/// Length of a pepper.
pub const PEPPER_BYTES: usize = 32;

/// The bytes; no formatting shows them.
pub struct Pepper(Zeroizing<[u8; PEPPER_BYTES]>);

/// Why there is no pepper.
#[derive(Debug, thiserror::Error)]
pub enum PepperError {
    /// Reading, making or syncing failed.
    #[error("cannot {action} the pepper `{}`: {source}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// The file is not a pepper.
    #[error("`{}` is not a pepper: it must have exactly {PEPPER_BYTES} bytes; restore it from a backup, or move it away and let the gate make another, which rebuilds the store", path.display())]
    WrongLength {
        /// The file.
        path: PathBuf,
    },
    /// The system has no randomness.
    #[error("the operating system gives no random bytes for a pepper")]
    NoRandomness,
}

impl Pepper {
    /// Reads the file, or makes one with fresh random bytes and mode 0600.
    ///
    /// # Errors
    /// The file is not readable or not 32 bytes long, or cannot be made.
    pub fn load_or_create(path: &Path) -> Result<Self, PepperError> {
        if let Some(pepper) = Self::load(path)? {
            return Ok(pepper);
        }
        create(path)?;
        // Read what is there rather than what we made: another process may have been first.
        Self::load(path)?.ok_or_else(|| PepperError::Io {
            action: "read back",
            path: path.to_owned(),
            source: std::io::ErrorKind::NotFound.into(),
        })
    }

    /// Reads the file, if there is one.
    ///
    /// # Errors
    /// It is not readable, or not 32 bytes long.
    pub fn load(path: &Path) -> Result<Option<Self>, PepperError> {
        let file = match std::fs::File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(source) => {
                return Err(PepperError::Io { action: "open", path: path.to_owned(), source });
            }
        };
        let mut bytes = Zeroizing::new(Vec::with_capacity(PEPPER_BYTES + 1));
        file.take(PEPPER_BYTES as u64 + 1)
            .read_to_end(&mut bytes)
            .map_err(|source| PepperError::Io { action: "read", path: path.to_owned(), source })?;
        let mut pepper = Zeroizing::new([0; PEPPER_BYTES]);
        if bytes.len() != PEPPER_BYTES {
            return Err(PepperError::WrongLength { path: path.to_owned() });
        }
        pepper.copy_from_slice(&bytes);
        Ok(Some(Self(pepper)))
    }

    /// The bytes, for the keyed hash and for nobody else.
    #[must_use]
    pub fn expose(&self) -> &[u8; PEPPER_BYTES] {
        &self.0
    }
}

impl std::fmt::Debug for Pepper {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[redacted]")
    }
}

fn create(path: &Path) -> Result<(), PepperError> {
    let io = |action| move |source| PepperError::Io { action, path: path.to_owned(), source };
    let mut bytes = Zeroizing::new([0_u8; PEPPER_BYTES]);
    aws_lc_rs::rand::fill(bytes.as_mut_slice()).map_err(|_| PepperError::NoRandomness)?;
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    std::fs::create_dir_all(directory).map_err(io("make the directory of"))?;
    let mut draft_name = path.file_name().unwrap_or_default().to_owned();
    draft_name.push(format!(".{}.draft", std::process::id()));
    let draft = directory.join(draft_name);
    let written = std::fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&draft)
        .and_then(|mut file| {
            file.write_all(bytes.as_slice())?;
            file.sync_all()
        })
        // A hard link fails where a rename would replace.
        .and_then(|()| match std::fs::hard_link(&draft, path) {
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
            other => other,
        })
        .and_then(|()| std::fs::File::open(directory)?.sync_all());
    let removed = std::fs::remove_file(&draft);
    written.map_err(io("make"))?;
    removed.map_err(io("remove the draft of"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn it_is_made_once_and_then_read() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("state").join("pepper");
        let made = Pepper::load_or_create(&path).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_ne!(made.expose(), &[0; PEPPER_BYTES]);
        assert_eq!(Pepper::load_or_create(&path).unwrap().expose(), made.expose());
        let left: Vec<_> = std::fs::read_dir(path.parent().unwrap()).unwrap().collect();
        assert_eq!(left.len(), 1, "no draft is left behind");
        assert_eq!(format!("{made:?}"), "[redacted]");
    }

    #[test]
    fn a_file_of_another_length_is_refused_and_kept() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("pepper");
        for wrong in [&b""[..], &[1; 31], &[1; 33]] {
            std::fs::write(&path, wrong).unwrap();
            assert!(matches!(Pepper::load_or_create(&path), Err(PepperError::WrongLength { .. })));
            assert_eq!(std::fs::read(&path).unwrap(), wrong);
        }
    }

    #[test]
    fn of_two_makers_one_wins() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("pepper");
        std::fs::write(&path, [7; PEPPER_BYTES]).unwrap();
        create(&path).unwrap();
        assert_eq!(Pepper::load(&path).unwrap().unwrap().expose(), &[7; PEPPER_BYTES]);
    }
}

//! The pepper: 32 random bytes that key every hash of a contact or address in the store.
//!
//! Whoever has it can test whether an address is in the store; so it is its own file, mode 0600, and wiped from memory.
//! One that others can read or write is refused: they may know it, or have made it.
//! Invariant: an existing file is never overwritten, and a half-written one is never left behind: the bytes go to a
//! fresh file beside it, whose name nobody can foretell, are synced, and get the name only if nobody has it.

use std::fs::{DirBuilder, Metadata};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use crate::files;

use zeroize::Zeroizing;

/// Length of a pepper.
pub const PEPPER_BYTES: usize = 32;
/// Random bytes in the name of a draft.
const DRAFT_BYTES: usize = 16;
/// The user who may do everything anyway.
const ROOT: u32 = 0;

/// The bytes; no formatting shows them.
pub struct PepperFile(Zeroizing<[u8; PEPPER_BYTES]>);

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
    /// Others can read or write the file.
    #[error("the pepper `{}` has mode {mode:03o} and belongs to user {owner}: {who} may know or change it, and test addresses against the store; make it this user's own with `chmod 600`, and make another if it was read", path.display())]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
        /// Its owner's number.
        owner: u32,
        /// Who.
        who: &'static str,
    },
    /// The system has no randomness.
    #[error("the operating system gives no random bytes for a pepper")]
    NoRandomness,
}

impl PepperFile {
    /// Reads the file, or makes one with fresh random bytes and mode 0600.
    ///
    /// # Errors
    /// As [`PepperFile::load`], or it cannot be made.
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
    /// It is not a regular file, not readable, readable or writable by others, or not 32 bytes long.
    pub fn load(path: &Path) -> Result<Option<Self>, PepperError> {
        let io = |action| move |source| PepperError::Io { action, path: path.to_owned(), source };
        let (file, metadata) = match files::open_regular(path) {
            Ok(opened) => opened,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(io("open")(source)),
        };
        if let Some(who) = who_else(&metadata) {
            let (mode, owner) = (mode_of(&metadata), metadata.uid());
            return Err(PepperError::Exposed { path: path.to_owned(), mode, owner, who });
        }
        let mut bytes = Zeroizing::new(Vec::with_capacity(PEPPER_BYTES + 1));
        file.take(PEPPER_BYTES as u64 + 1).read_to_end(&mut bytes).map_err(io("read"))?;
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

impl std::fmt::Debug for PepperFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[redacted]")
    }
}

/// Who beside this user may read or write the file; `None` when nobody.
///
/// The group may read a file that is root's: secrets of Kubernetes belong to root and to the pod's own group.
fn who_else(metadata: &Metadata) -> Option<&'static str> {
    let (mode, owner) = (mode_of(metadata), metadata.uid());
    let this_user = rustix::process::geteuid().as_raw();
    if mode & 0o007 != 0 {
        Some("everybody on this machine")
    } else if mode & 0o030 != 0 || (mode & 0o040 != 0 && owner == this_user) {
        Some("its group")
    } else if ![this_user, ROOT].contains(&owner) {
        Some("another user")
    } else {
        None
    }
}

fn mode_of(metadata: &Metadata) -> u32 {
    metadata.permissions().mode() & 0o777
}

fn create(path: &Path) -> Result<(), PepperError> {
    let io = |action| move |source| PepperError::Io { action, path: path.to_owned(), source };
    let mut bytes = Zeroizing::new([0_u8; PEPPER_BYTES]);
    let mut draft_bytes = [0_u8; DRAFT_BYTES];
    for random in [bytes.as_mut_slice(), draft_bytes.as_mut_slice()] {
        aws_lc_rs::rand::fill(random).map_err(|_| PepperError::NoRandomness)?;
    }
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    DirBuilder::new()
        .recursive(true)
        .mode(files::DIR_MODE)
        .create(directory)
        .map_err(io("make the directory of"))?;
    let mut draft_name = path.file_name().unwrap_or_default().to_owned();
    draft_name.push(format!(".{}.draft", crate::headers::hex(&draft_bytes)));
    let draft = directory.join(draft_name);
    // Fresh or not at all: a name that leads elsewhere is never followed, and nothing is truncated.
    let mut file = files::create_private(&draft).map_err(io("make"))?;
    let written = file
        .write_all(bytes.as_slice())
        .and_then(|()| file.sync_all())
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

    #[test]
    fn it_is_made_once_and_then_read() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("state").join("pepper");
        let made = PepperFile::load_or_create(&path).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_ne!(made.expose(), &[0; PEPPER_BYTES]);
        assert_eq!(PepperFile::load_or_create(&path).unwrap().expose(), made.expose());
        let left: Vec<_> = std::fs::read_dir(path.parent().unwrap()).unwrap().collect();
        assert_eq!(left.len(), 1, "no draft is left behind");
        let above = std::fs::metadata(path.parent().unwrap()).unwrap();
        assert_eq!(above.permissions().mode() & 0o777, 0o700, "a directory of ours is private");
        assert_eq!(format!("{made:?}"), "[redacted]");
    }

    #[test]
    fn a_file_of_another_length_is_refused_and_kept() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("pepper");
        for wrong in [&b""[..], &[1; 31], &[1; 33]] {
            put(&path, wrong, 0o600);
            assert!(matches!(
                PepperFile::load_or_create(&path),
                Err(PepperError::WrongLength { .. })
            ));
            assert_eq!(std::fs::read(&path).unwrap(), wrong);
        }
    }

    #[test]
    fn of_two_makers_one_wins() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("pepper");
        put(&path, &[7; PEPPER_BYTES], 0o400);
        create(&path).unwrap();
        assert_eq!(PepperFile::load(&path).unwrap().unwrap().expose(), &[7; PEPPER_BYTES]);
    }

    /// Whoever may write beside it before the first start plants something under every name he can foretell.
    #[test]
    fn nothing_planted_is_written_to_or_waited_for() {
        let dir = tempfile::tempdir().unwrap();
        let (path, victim) = (dir.path().join("pepper"), dir.path().join("victim"));
        std::fs::write(&victim, "precious").unwrap();
        let foretold = format!("pepper.{}.draft", std::process::id());
        std::os::unix::fs::symlink(&victim, dir.path().join(foretold)).unwrap();
        let link = dir.path().join("link");
        std::os::unix::fs::symlink(&victim, &link).unwrap();
        files::create_private(&link).unwrap_err();
        files::create_private(&victim).unwrap_err();
        PepperFile::load_or_create(&path).unwrap();
        assert_eq!(std::fs::read(&victim).unwrap(), b"precious");
        assert!(path.symlink_metadata().unwrap().is_file(), "a file of its own");
        // in place of the pepper itself
        for plant in ["mkfifo", "mkdir"] {
            let path = dir.path().join(plant);
            assert!(std::process::Command::new(plant).arg(&path).status().unwrap().success());
            let error = PepperFile::load_or_create(&path).unwrap_err().to_string();
            assert!(error.contains("not a regular file"), "{error}");
        }
        let (endless, dangling) = (dir.path().join("endless"), dir.path().join("dangling"));
        std::os::unix::fs::symlink("/dev/zero", &endless).unwrap();
        std::os::unix::fs::symlink(dir.path().join("new"), &dangling).unwrap();
        for path in [&endless, &dangling] {
            assert!(matches!(PepperFile::load_or_create(path), Err(PepperError::Io { .. })));
        }
        assert!(!dir.path().join("new").exists(), "nothing is made behind a link");
    }

    #[test]
    fn one_that_others_can_read_or_write_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("pepper");
        for mode in [0o604, 0o602, 0o601, 0o640, 0o620, 0o610, 0o644, 0o666, 0o777] {
            put(&path, &[7; PEPPER_BYTES], mode);
            let refused = PepperFile::load_or_create(&path);
            assert!(matches!(refused, Err(PepperError::Exposed { .. })), "{mode:03o}");
        }
        for mode in [0o600, 0o400] {
            put(&path, &[7; PEPPER_BYTES], mode);
            PepperFile::load_or_create(&path).unwrap();
        }
    }

    fn put(path: &Path, bytes: &[u8], mode: u32) {
        std::fs::remove_file(path).ok();
        std::fs::write(path, bytes).unwrap();
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    }
}

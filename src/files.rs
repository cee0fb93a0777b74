//! Files and directories that the configuration names, on a machine that others use too.
//!
//! Whoever may write beside them can leave a pipe, a device or a link there: a pipe is opened without waiting for its
//! other end, nothing but a regular file is read, and no more of it than a named bound. What the gate makes itself
//! is for its own user alone.

use std::fs::{DirBuilder, File, Metadata, OpenOptions, Permissions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

/// Nobody else on the machine reads it.
pub const DIR_MODE: u32 = 0o700;
/// Nor anybody else writes it.
pub const FILE_MODE: u32 = 0o600;
/// Group and others.
const NOT_OURS: u32 = 0o077;
/// Others alone.
const EVERYBODY: u32 = 0o007;

/// Opens a regular file for reading. Links are followed, as secrets of Kubernetes are links.
///
/// # Errors
/// It cannot be opened, or is a pipe, device, socket or directory.
pub fn open_regular(path: &Path) -> io::Result<(File, Metadata)> {
    // without waiting: a pipe would be opened only once somebody writes to it
    let flags = libc::O_NONBLOCK | libc::O_NOCTTY;
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file"));
    }
    Ok((file, metadata))
}

/// Reads a regular file of at most so many bytes.
///
/// # Errors
/// As [`open_regular`], and when it is larger: [`io::ErrorKind::FileTooLarge`].
pub fn read(path: &Path, bytes_max: u64) -> io::Result<Vec<u8>> {
    let (file, _) = open_regular(path)?;
    let mut bytes = Vec::new();
    // by what is read, not by what the system says of its size: it may grow meanwhile
    file.take(bytes_max.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > bytes_max {
        let text = format!("it has more than {bytes_max} bytes");
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, text));
    }
    Ok(bytes)
}

/// The same as text.
///
/// # Errors
/// As [`read`], and when it is not UTF-8.
pub fn read_text(path: &Path, bytes_max: u64) -> io::Result<String> {
    let text = String::from_utf8(read(path, bytes_max)?);
    text.map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "it is not UTF-8"))
}

/// Makes a directory, and those above it, that nobody else reads; takes the rights of others away from one that is
/// there. One that belongs to somebody else keeps its mode, with a warning when everybody may look into it.
///
/// # Errors
/// It cannot be made or looked at.
pub fn private_dir(dir: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(DIR_MODE).create(dir)?;
    let mode = dir.metadata()?.permissions().mode();
    if mode & NOT_OURS == 0 {
        return Ok(());
    }
    match std::fs::set_permissions(dir, Permissions::from_mode(DIR_MODE)) {
        Ok(()) => tracing::info!(
            dir = %dir.display(),
            mode = format!("{:03o}", mode & 0o777),
            "others on this machine could look into a directory of the gate; its mode is 700 now"
        ),
        Err(error) if mode & EVERYBODY != 0 => tracing::warn!(
            dir = %dir.display(),
            mode = format!("{:03o}", mode & 0o777),
            %error,
            "everybody on this machine can look into a directory of the gate, which belongs to another user; give it \
             to the gate's user with mode 700"
        ),
        // a volume of Kubernetes belongs to root and to the pod's own group
        Err(_) => {}
    }
    Ok(())
}

/// A new file that nobody else reads.
///
/// # Errors
/// It is there already, or cannot be made.
pub fn create_private(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(FILE_MODE).open(path)
}

/// Makes a file with that content, readable for its owner alone: it is there whole or not at all, and never written over.
///
/// # Errors
/// It cannot be made, or a file of that name is there.
pub fn create_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut draft = path.as_os_str().to_owned();
    draft.push(format!(".{}.draft", std::process::id()));
    let draft = Path::new(&draft);
    let written = create_private(draft).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()?;
        // fails where a rename would replace
        std::fs::hard_link(draft, path)
    });
    let removed = std::fs::remove_file(draft);
    written.and(removed)
}

/// The same, in the place of whatever has that name: after a crash there is the old content or the new.
///
/// # Errors
/// It cannot be written.
pub fn replace_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut draft = path.as_os_str().to_owned();
    draft.push(".draft");
    let draft = Path::new(&draft);
    let options =
        OpenOptions::new().write(true).create(true).truncate(true).mode(FILE_MODE).clone();
    let mut file = options.open(draft)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(draft, path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixListener;

    fn mode(path: &Path) -> u32 {
        path.metadata().unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn nothing_but_a_regular_file_of_bounded_size_is_read() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        std::fs::write(&path, "12345").unwrap();
        assert_eq!(read_text(&path, 5).unwrap(), "12345");
        assert_eq!(read(&path, 4).unwrap_err().kind(), io::ErrorKind::FileTooLarge);
        let link = dir.path().join("link");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        assert_eq!(read(&link, 5).unwrap(), b"12345");
        std::fs::write(&path, b"\xff").unwrap();
        assert_eq!(read_text(&path, 5).unwrap_err().kind(), io::ErrorKind::InvalidData);
        // each of these would hang, or never end
        let pipe = dir.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let socket = dir.path().join("socket");
        let _listening = UnixListener::bind(&socket).unwrap();
        let endless = dir.path().join("endless");
        std::os::unix::fs::symlink("/dev/zero", &endless).unwrap();
        for path in [&pipe, &socket, &endless, &dir.path().to_owned()] {
            read(path, 5).unwrap_err();
        }
        assert_eq!(read(&dir.path().join("none"), 5).unwrap_err().kind(), io::ErrorKind::NotFound);
    }

    #[test]
    fn a_directory_of_ours_is_for_nobody_else() {
        let dir = tempfile::tempdir().unwrap();
        let (above, below) = (dir.path().join("a"), dir.path().join("a/b"));
        private_dir(&below).unwrap();
        assert_eq!((mode(&above), mode(&below)), (0o700, 0o700));
        std::fs::set_permissions(&below, Permissions::from_mode(0o755)).unwrap();
        private_dir(&below).unwrap();
        assert_eq!(mode(&below), 0o700);
        std::fs::write(dir.path().join("file"), "").unwrap();
        private_dir(&dir.path().join("file")).unwrap_err();
    }
}

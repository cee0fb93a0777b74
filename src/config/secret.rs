//! A value that must not be seen: wiped from memory when dropped, redacted when printed.
//!
//! Invariant: no formatting shows it; the only way to the text is [`Secret::expose`], which is easy to search for.

use std::fmt;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

/// A password, token or private key.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

/// Why a file could not serve as a secret.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The file could not be read.
    #[error("cannot read `{}`: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// The file is too large to be a secret.
    #[error("`{}` has more than {SECRET_BYTES_MAX} bytes", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
    },
    /// The text cannot be a secret.
    #[error("{0}")]
    Unusable(&'static str),
}

/// Enough for a private key in PEM, far too small for the wrong file to hurt.
const SECRET_BYTES_MAX: u64 = 64 * 1024;

impl Secret {
    /// Takes the text as it is.
    ///
    /// # Errors
    /// It is empty, or has a NUL byte, which no C library would let pass.
    pub fn new(text: String) -> Result<Self, SecretError> {
        let text = Zeroizing::new(text);
        if text.is_empty() {
            return Err(SecretError::Unusable("is empty"));
        }
        if text.contains('\0') {
            return Err(SecretError::Unusable("has a NUL byte in it"));
        }
        Ok(Self(text))
    }

    /// Reads a file; one line end at its end is not part of the secret.
    ///
    /// # Errors
    /// It cannot be read, is empty, too large, or not UTF-8.
    pub fn from_file(path: &Path) -> Result<Self, SecretError> {
        use std::io::Read as _;
        let unreadable = |source| SecretError::Unreadable { path: path.to_owned(), source };
        let mut bytes = Zeroizing::new(Vec::new());
        let (file, _) = crate::files::open_regular(path).map_err(unreadable)?;
        file.take(SECRET_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(unreadable)?;
        if bytes.len() as u64 > SECRET_BYTES_MAX {
            return Err(SecretError::TooLarge { path: path.to_owned() });
        }
        let text = std::str::from_utf8(&bytes)
            .map_err(|_| SecretError::Unusable("the file is not UTF-8"))?;
        let text = text.strip_suffix('\n').unwrap_or(text);
        let text = text.strip_suffix('\r').unwrap_or(text);
        if text.is_empty() {
            return Err(SecretError::Unusable("the file is empty"));
        }
        Self::new(text.to_owned())
    }

    /// The text itself, for the library that needs it and for nobody else.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_end_is_not_part_of_the_secret() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("secret");
        for (written, read) in [
            ("s3cret", "s3cret"),
            ("s3cret\n", "s3cret"),
            ("s3cret\r\n", "s3cret"),
            (" a \n\n", " a \n"),
        ] {
            std::fs::write(&path, written).unwrap();
            assert_eq!(Secret::from_file(&path).unwrap().expose(), read);
        }
        for unusable in [&b""[..], b"\n", b"\xff\xfe", b"a\0b"] {
            std::fs::write(&path, unusable).unwrap();
            assert!(Secret::from_file(&path).is_err());
        }
        std::fs::write(&path, vec![b'a'; 70_000]).unwrap();
        assert!(matches!(Secret::from_file(&path), Err(SecretError::TooLarge { .. })));
    }

    #[test]
    fn no_formatting_shows_it() {
        let secret = Secret::new("hunter2".to_owned()).unwrap();
        assert_eq!(
            format!("{secret:?} {:#?}", Some(&secret)),
            "[redacted] Some(\n    [redacted],\n)"
        );
    }
}

//! The revision of a policy set: its name in decisions, in the archive and on the command line.
//!
//! It is made of what the set says, so whoever has the files can tell whether they are those of a revision. Deliberately
//! absent: security against somebody who writes packs to collide; 48 bits tell honest sets apart.

use aws_lc_rs::digest::{Context, SHA256};
use gate_policy::File;
use std::fmt;

/// Bytes of the hash that are kept.
const BYTES: usize = 6;
/// Characters of a revision.
const CHARS: usize = BYTES * 2;

/// The first 12 hex digits of a SHA-256 over the version of the time zones and every name and text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Revision(String);

impl Revision {
    /// The revision of these files, which stand in the order of their names.
    #[must_use]
    pub fn of(files: &[File], tz_version: &str) -> Self {
        let mut context = Context::new(&SHA256);
        let mut part = |text: &str| {
            context.update(&(text.len() as u64).to_le_bytes());
            context.update(text.as_bytes());
        };
        part(tz_version);
        for file in files {
            part(&file.name);
            part(&file.text);
        }
        let digest = context.finish();
        Self(crate::headers::hex(digest.as_ref().get(..BYTES).unwrap_or_default()))
    }

    /// A text that is a revision: 12 hexadecimal digits in lower case, and nothing that could lead elsewhere in a path.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        (text.len() == CHARS && text.bytes().all(is_digit)).then(|| Self(text.to_owned()))
    }

    /// As it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_twelve_hex_digits_are_one() {
        assert_eq!(Revision::parse("5c0f55de85c5").unwrap().as_str(), "5c0f55de85c5");
        for text in
            ["", "5c0f55de85c", "5c0f55de85c55", "5C0F55DE85C5", "../../../etc", "５c0f55de85"]
        {
            assert_eq!(Revision::parse(text), None, "{text}");
        }
    }
}

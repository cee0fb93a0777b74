//! The keys that doors and whoever makes links share: what seals links, and what event ids are hashed with where a provider gives none.
//!
//! One line a key, `ID HEX`: 32 bytes as 64 hexadecimal digits. The last one seals new links, all of them open old ones; a line is
//! kept as long as somebody may still have a mail with its links, which is for years. All doors of one installation share the file.

use std::fmt::Write as _;
use std::io;
use std::path::Path;

use aws_lc_rs::{constant_time, hmac, rand};
use gate_intake::{IdKey, RING_MAX, TokenKeys};
use zeroize::Zeroizing;

use crate::exit::{ExitCode, Failure, OrFail as _};
use crate::{files, headers};

const KEY_BYTES: usize = 32;
/// Bytes of the file.
const FILE_BYTES_MAX: u64 = 64 << 10;

/// What doors share.
pub(crate) struct Keys {
    pub(crate) tokens: TokenKeys,
    pub(crate) ids: IdKey,
    /// What forms send back.
    forms: hmac::Key,
}

type Ring = Vec<(u32, [u8; KEY_BYTES])>;

impl Keys {
    /// Reads the file, or makes it with one key: a first start must not need a second step.
    ///
    /// # Errors
    /// It cannot be read, written or understood.
    pub(crate) fn load_or_make(path: &Path) -> Result<Self, Failure> {
        if !path.exists() {
            make(path).or_fail_at(ExitCode::Storage, || format!("`{}`", path.display()))?;
            tracing::warn!(
                path = %path.display(),
                "the door's keys were made; every door needs this file, and a copy of it somewhere safe: without it no link opens"
            );
        }
        Self::load(path)
    }

    /// Reads the file.
    ///
    /// # Errors
    /// It cannot be read or understood.
    pub(crate) fn load(path: &Path) -> Result<Self, Failure> {
        let name = path.display();
        let text = files::read_text(path, FILE_BYTES_MAX).map(Zeroizing::new);
        let text = text.or_fail_at(ExitCode::Config, || format!("`door.keys_file`: `{name}`"))?;
        Self::of(
            &parse(&text)
                .map_err(|why| Failure::new(ExitCode::Config, format!("{name}: {why}")))?,
        )
    }

    fn of(ring: &Ring) -> Result<Self, Failure> {
        let (Some((_, first)), Some((current, _))) = (ring.first(), ring.last()) else {
            return Err(Failure::new(ExitCode::Config, "there is no key"));
        };
        let key = hmac::Key::new(hmac::HMAC_SHA256, first);
        let derived = |label: &[u8]| {
            let mut out = [0; KEY_BYTES];
            for (to, from) in out.iter_mut().zip(hmac::sign(&key, label).as_ref()) {
                *to = *from;
            }
            out
        };
        let forms = derived(b"consent-gate door forms 1");
        Ok(Self {
            tokens: TokenKeys::new(ring, *current).or_fail(ExitCode::Config)?,
            ids: IdKey::new(derived(b"consent-gate door event ids 1")),
            forms: hmac::Key::new(hmac::HMAC_SHA256, &forms),
        })
    }

    /// What a form of the page of this token must send back: nobody knows it who has not seen that page.
    pub(crate) fn form(&self, token: &str) -> String {
        headers::hex(hmac::sign(&self.forms, token.as_bytes()).as_ref())
    }

    /// Whether a form has sent that.
    pub(crate) fn is_form(&self, token: &str, sent: &str) -> bool {
        let expected = self.form(token);
        constant_time::verify_slices_are_equal(expected.as_bytes(), sent.as_bytes()).is_ok()
    }
}

/// The file appears with its content or not at all, and one that came in between is not written over.
fn make(path: &Path) -> io::Result<()> {
    let none = || io::Error::other("the system gives no random bytes");
    // an id by chance: two doors that each made a file are told apart by it
    let mut id = [0; 4];
    rand::fill(&mut id).map_err(|_| none())?;
    let line = Zeroizing::new(line(u32::from_be_bytes(id).max(1)).map_err(|_| none())?);
    match files::create_whole(path, line.as_bytes()) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        other => other,
    }
}

/// A line with a new key.
///
/// # Errors
/// The system gives no random bytes.
pub(crate) fn line(id: u32) -> Result<String, Failure> {
    let mut bytes = Zeroizing::new([0; KEY_BYTES]);
    rand::fill(bytes.as_mut())
        .map_err(|_| Failure::new(ExitCode::TryAgain, "the system gives no random bytes"))?;
    let mut out = format!("{id} ");
    for byte in bytes.iter() {
        // writing to a String cannot fail
        write!(out, "{byte:02x}").ok();
    }
    out.push('\n');
    Ok(out)
}

/// The keys by their ids; no word of what stands in a line that is none.
fn parse(text: &str) -> Result<Ring, String> {
    let mut ring = Ring::new();
    for (nth, line) in (1..).zip(text.lines()) {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let wrong = || {
            format!(
                "line {nth} is no key: write a number, a blank and 64 hexadecimal digits, as `consent-gate unsubscribe key` prints them"
            )
        };
        let (id, hex) = line.split_once(char::is_whitespace).ok_or_else(wrong)?;
        let id = id.parse().map_err(|_| wrong())?;
        ring.push((id, headers::unhex(hex.trim()).ok_or_else(wrong)?));
    }
    match ring.len() {
        0 => Err("there is no key; `consent-gate unsubscribe key` prints one".to_owned()),
        n if n > RING_MAX => Err(format!("more than {RING_MAX} keys")),
        _ => Ok(ring),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gate_intake::{TokenContent, TokenKind};

    #[test]
    fn a_first_start_makes_a_key_and_a_second_key_opens_what_the_first_sealed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("keys");
        let first = Keys::load_or_make(&path).unwrap();
        let content =
            TokenContent { contact_id: Some("ana".to_owned()), ..TokenContent::default() };
        let link = first.tokens.mint(TokenKind::Unsubscribe, &content).unwrap();
        let text = std::fs::read_to_string(&path).unwrap() + &line(2).unwrap();
        std::fs::write(&path, text).unwrap();
        let both = Keys::load(&path).unwrap();
        assert!(both.tokens.open(&link).is_ok());
        assert_ne!(both.tokens.mint(TokenKind::Unsubscribe, &content).unwrap(), link);
    }

    #[test]
    fn a_line_that_is_no_key_is_named_and_not_told() {
        for wrong in ["", "# nothing\n", "1 secret", "x 00", &format!("1 {}", "z".repeat(64))] {
            let why = parse(wrong).unwrap_err();
            assert!(!why.contains("secret") && !why.contains('z'), "{why}");
        }
        assert_eq!(parse(&line(7).unwrap()).unwrap()[0].0, 7);
    }
}

//! Signed notes, as C2SP signed-note has them: a text, an empty line, and a line for each signature.

use crate::hash::{hex, sha256};
use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Ed25519 in the standard's list.
const ALGORITHM: u8 = 1;
const SEED_BYTES: usize = 32;
const PUBLIC_BYTES: usize = 32;
const SIGNATURE_BYTES: usize = 64;
const PRIVATE_PREFIX: &str = "PRIVATE+KEY+";
/// Before each signature: a long dash and a space.
const DASH: &str = "\u{2014} ";

/// Why something is no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Its name.
    #[error("a key's name is 1 to 200 characters without spaces, control characters and `+`")]
    Name,
    /// Its form.
    #[error("is no key in the form `NAME+HASH+KEY` of signed notes with Ed25519")]
    Form,
    /// Its check digits.
    #[error("is damaged: its hash is not that of its name and key")]
    Hash,
    /// Refused by the cryptography.
    #[error("is refused as a key of Ed25519")]
    Refused,
}

/// Why a note is not to be believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// Not a note.
    #[error("is no signed note")]
    Form,
    /// Not by this key.
    #[error("has no signature of this key")]
    Unsigned,
    /// Wrong.
    #[error("is not what was signed: its signature does not fit")]
    Forged,
}

/// Whoever may check signatures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    name: String,
    key: [u8; PUBLIC_BYTES],
}

/// Whoever may sign. It does not print itself.
pub struct SigningKey {
    seed: [u8; SEED_BYTES],
    pair: Ed25519KeyPair,
    public: PublicKey,
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SigningKey({})", self.public.name)
    }
}

fn check_name(name: &str) -> Result<(), KeyError> {
    let is_fine = |c: char| c != '+' && !c.is_whitespace() && !c.is_control();
    let len = name.chars().count();
    ((1..=200).contains(&len) && name.chars().all(is_fine)).then_some(()).ok_or(KeyError::Name)
}

fn with_algorithm(key: &[u8]) -> String {
    STANDARD.encode([&[ALGORITHM], key].concat())
}

fn without_algorithm(text: &str) -> Option<[u8; 32]> {
    let bytes = STANDARD.decode(text).ok()?;
    bytes.strip_prefix(&[ALGORITHM])?.try_into().ok()
}

impl PublicKey {
    /// Reads `NAME+HASH+KEY`.
    ///
    /// # Errors
    /// It is none.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let mut parts = text.trim().splitn(3, '+');
        let (Some(name), Some(hash), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(KeyError::Form);
        };
        check_name(name)?;
        let key = without_algorithm(key).ok_or(KeyError::Form)?;
        let public = Self { name: name.to_owned(), key };
        if hash != hex(&public.id()) {
            return Err(KeyError::Hash);
        }
        Ok(public)
    }

    /// Its name, which is also the log's.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The 32 bytes of Ed25519.
    #[must_use]
    pub fn bytes(&self) -> &[u8; PUBLIC_BYTES] {
        &self.key
    }

    fn id(&self) -> [u8; 4] {
        let hash = sha256(&[self.name.as_bytes(), b"\n", &[ALGORITHM], &self.key]).0;
        let [a, b, c, d, ..] = hash;
        [a, b, c, d]
    }

    /// The text of a note, when this key has signed it.
    ///
    /// # Errors
    /// It has not.
    pub fn open<'n>(&self, note: &'n [u8]) -> Result<&'n str, NoteError> {
        let (text, signatures) = parts(note).ok_or(NoteError::Form)?;
        let mine = format!("{DASH}{} ", self.name);
        let mut found = Err(NoteError::Unsigned);
        for line in signatures.lines() {
            let Some(signature) = line.strip_prefix(&mine) else { continue };
            let Ok(bytes) = STANDARD.decode(signature) else { return Err(NoteError::Form) };
            // another key of the same name is somebody else's
            let Some(signature) = bytes.strip_prefix(&self.id()) else { continue };
            let is_of_length = signature.len() == SIGNATURE_BYTES;
            let key = UnparsedPublicKey::new(&ED25519, &self.key);
            if !is_of_length || key.verify(text.as_bytes(), signature).is_err() {
                return Err(NoteError::Forged);
            }
            found = Ok(text);
        }
        found
    }
}

impl std::fmt::Display for PublicKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}+{}+{}", self.name, hex(&self.id()), with_algorithm(&self.key))
    }
}

impl SigningKey {
    /// The key of this seed: 32 random bytes.
    ///
    /// # Errors
    /// The name is none.
    pub fn of_seed(name: &str, seed: [u8; SEED_BYTES]) -> Result<Self, KeyError> {
        check_name(name)?;
        let pair = Ed25519KeyPair::from_seed_unchecked(&seed).map_err(|_| KeyError::Refused)?;
        let key = pair.public_key().as_ref().try_into().map_err(|_| KeyError::Refused)?;
        Ok(Self { seed, pair, public: PublicKey { name: name.to_owned(), key } })
    }

    /// Reads what [`SigningKey::to_secret_text`] writes.
    ///
    /// # Errors
    /// It is none.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let rest = text.trim().strip_prefix(PRIVATE_PREFIX).ok_or(KeyError::Form)?;
        let mut parts = rest.splitn(3, '+');
        let (Some(name), Some(hash), Some(seed)) = (parts.next(), parts.next(), parts.next())
        else {
            return Err(KeyError::Form);
        };
        let key = Self::of_seed(name, without_algorithm(seed).ok_or(KeyError::Form)?)?;
        if hash != hex(&key.public.id()) {
            return Err(KeyError::Hash);
        }
        Ok(key)
    }

    /// `PRIVATE+KEY+NAME+HASH+SEED`: the secret itself.
    #[must_use]
    pub fn to_secret_text(&self) -> String {
        let PublicKey { name, .. } = &self.public;
        let id = hex(&self.public.id());
        format!("{PRIVATE_PREFIX}{name}+{id}+{}", with_algorithm(&self.seed))
    }

    /// What checks its signatures.
    #[must_use]
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// A note with this text, which ends with a line end.
    #[must_use]
    pub fn sign(&self, text: &str) -> Vec<u8> {
        let signature = self.pair.sign(text.as_bytes());
        let signature = STANDARD.encode([&self.public.id(), signature.as_ref()].concat());
        format!("{text}\n{DASH}{} {signature}\n", self.public.name).into_bytes()
    }
}

/// Text and signatures of a note; nobody has checked them.
fn parts(note: &[u8]) -> Option<(&str, &str)> {
    let note = std::str::from_utf8(note).ok().filter(|note| note.ends_with('\n'))?;
    if note.chars().any(|c| c.is_control() && c != '\n') {
        return None;
    }
    // the last empty line parts them
    let at = note.rfind("\n\n")?;
    Some((note.get(..=at)?, note.get(at + 2..)?))
}

/// The text of a note whose signatures nobody has checked.
#[must_use]
pub fn signed_text(note: &[u8]) -> Option<&str> {
    parts(note).map(|(text, _)| text)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of C2SP signed-note, which Go's `sumdb/note` package has too.
    #[test]
    fn the_note_of_go() {
        let key = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
        let key = PublicKey::parse(key).unwrap();
        let text = "If you think cryptography is the answer to your problem,\n\
                    then you don't know what your problem is.\n";
        let note = format!(
            "{text}\n\u{2014} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
        );
        assert_eq!(key.open(note.as_bytes()), Ok(text));
        let forged = note.replace("answer", "Answer");
        assert_eq!(key.open(forged.as_bytes()), Err(NoteError::Forged));
        let private =
            "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
        let signing = SigningKey::parse(private).unwrap();
        assert_eq!(signing.sign(text), note.as_bytes());
        assert_eq!((signing.public(), signing.to_secret_text().as_str()), (&key, private));
    }

    #[test]
    fn what_is_no_key_or_not_signed_by_it() {
        let key = SigningKey::of_seed("log", [7; 32]).unwrap();
        let other = SigningKey::of_seed("log", [8; 32]).unwrap();
        let note = key.sign("one\ntwo\n");
        assert_eq!(key.public().open(&note), Ok("one\ntwo\n"));
        assert_eq!(other.public().open(&note), Err(NoteError::Unsigned), "of the same name");
        assert_eq!(key.public().open(b"one\n"), Err(NoteError::Form));
        assert_eq!(key.public().open(&note[..note.len() - 1]), Err(NoteError::Form));
        let text = key.public().to_string();
        assert_eq!(PublicKey::parse(&(text.clone() + "\n")).as_ref(), Ok(key.public()));
        assert_eq!(PublicKey::parse(&text.replace("log", "lag")), Err(KeyError::Hash));
        assert_eq!(PublicKey::parse("log+00"), Err(KeyError::Form));
        assert!(SigningKey::parse(&text).is_err());
        for name in ["", "a b", "a+b", "a\n"] {
            assert_eq!(SigningKey::of_seed(name, [0; 32]).unwrap_err(), KeyError::Name);
        }
        assert_eq!(format!("{key:?}"), "SigningKey(log)");
    }
}

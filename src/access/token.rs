//! A token in clear, and the hash that is kept of it.

use aws_lc_rs::{constant_time, digest, rand};
use zeroize::Zeroizing;

/// How every token begins, so that people and scanners for secrets know one when they see it.
pub const TOKEN_PREFIX: &str = "cgt_";
/// Random bytes of a token: nobody guesses them.
const RANDOM_BYTES: usize = 32;
const DIGEST_BYTES: usize = 32;

/// The system has no randomness.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the operating system gives no random bytes for a token")]
pub struct NoRandomness;

/// A token in clear. It does not print itself, and is wiped when dropped.
pub struct Token(Zeroizing<String>);

impl Token {
    /// A new one.
    ///
    /// # Errors
    /// When the system has no randomness.
    pub fn random() -> Result<Self, NoRandomness> {
        let mut bytes = Zeroizing::new([0; RANDOM_BYTES]);
        rand::fill(bytes.as_mut_slice()).map_err(|_| NoRandomness)?;
        let digits = Zeroizing::new(crate::headers::hex(bytes.as_slice()));
        Ok(Self(Zeroizing::new(format!("{TOKEN_PREFIX}{}", digits.as_str()))))
    }

    /// The text that its user sends.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// What is kept of it.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of(self.0.as_bytes())
    }
}

/// The SHA-256 hash of a token.
#[derive(Clone, PartialEq, Eq)]
pub struct Digest([u8; DIGEST_BYTES]);

impl Digest {
    /// How the file says which hash it is.
    pub(super) const SCHEME: &'static str = "sha256:";

    /// The hash of what somebody sends.
    #[must_use]
    pub fn of(token: &[u8]) -> Self {
        let hash = digest::digest(&digest::SHA256, token);
        let mut bytes = [0; DIGEST_BYTES];
        bytes.iter_mut().zip(hash.as_ref()).for_each(|(to, from)| *to = *from);
        Self(bytes)
    }

    /// Reads `sha256:` and 64 hexadecimal digits.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix(Self::SCHEME)?.as_bytes();
        if digits.len() != DIGEST_BYTES * 2 {
            return None;
        }
        let value = |digit: u8| char::from(digit).to_digit(16).and_then(|it| u8::try_from(it).ok());
        let mut bytes = [0; DIGEST_BYTES];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            let [high, low] = pair else { return None };
            *byte = value(*high)? << 4 | value(*low)?;
        }
        Some(Self(bytes))
    }

    /// As the file has it.
    #[must_use]
    pub fn text(&self) -> String {
        format!("{}{}", Self::SCHEME, crate::headers::hex(&self.0))
    }

    /// Whether both are the same, in a time that tells nothing about where they part.
    #[must_use]
    pub fn is(&self, other: &Self) -> bool {
        constant_time::verify_slices_are_equal(&self.0, &other.0).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_long_different_and_known_by_their_hash() {
        let (one, other) = (Token::random().unwrap(), Token::random().unwrap());
        assert_ne!(one.expose(), other.expose());
        assert_eq!(one.expose().len(), TOKEN_PREFIX.len() + 64);
        assert!(one.digest().is(&Digest::of(one.expose().as_bytes())));
        assert!(!one.digest().is(&other.digest()));
        let read = Digest::parse(&one.digest().text()).unwrap();
        assert!(read.is(&one.digest()));
    }

    /// Golden: files depend on it. The hash of nothing is in FIPS 180-2's examples.
    #[test]
    fn the_hash_is_sha_256_in_lower_case() {
        let nothing = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(Digest::of(b"").text(), nothing);
        for wrong in
            ["", "sha256:", "sha256:e3", &nothing[7..], &nothing[..70], &nothing.replace('e', "g")]
        {
            assert!(Digest::parse(wrong).is_none(), "{wrong}");
        }
    }
}

//! The few primitives that schemes and tokens are made of, over aws-lc-rs. Comparisons take constant time over decoded bytes.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::{digest, hmac, signature};
use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_encode_padding(true);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
const URL_SAFE: GeneralPurpose =
    GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT.with_encode_padding(false));

/// Bytes of base64 in the standard alphabet, with padding or without.
pub(crate) fn base64(text: &[u8]) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

/// Bytes of base64 in the alphabet of URLs, without padding.
pub(crate) fn base64url(text: &[u8]) -> Option<Vec<u8>> {
    (!text.contains(&b'=')).then(|| URL_SAFE.decode(text).ok()).flatten()
}

/// Base64 in the alphabet of URLs, without padding.
pub(crate) fn to_base64url(bytes: &[u8]) -> String {
    URL_SAFE.encode(bytes)
}

/// Bytes of hexadecimal digits in either case.
pub(crate) fn hex(text: &[u8]) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    if !text.len().is_multiple_of(2) {
        return None;
    }
    text.chunks_exact(2)
        .map(|pair| match pair {
            [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
            _ => None,
        })
        .collect()
}

/// Lower-case hexadecimal digits.
pub(crate) fn to_hex(bytes: &[u8]) -> String {
    let digits = |byte: &u8| [byte >> 4, byte & 15].map(|half| char::from_digit(half.into(), 16));
    bytes.iter().flat_map(digits).flatten().collect()
}

/// Which keyed hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mac {
    Sha1,
    Sha256,
    Sha384,
    Sha512,
}

impl Mac {
    const fn algorithm(self) -> hmac::Algorithm {
        match self {
            Self::Sha1 => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
            Self::Sha256 => hmac::HMAC_SHA256,
            Self::Sha384 => hmac::HMAC_SHA384,
            Self::Sha512 => hmac::HMAC_SHA512,
        }
    }

    /// Whether `tag` is the whole keyed hash of `message`.
    pub(crate) fn is_of(self, key: &[u8], message: &[u8], tag: &[u8]) -> bool {
        hmac::verify(&hmac::Key::new(self.algorithm(), key), message, tag).is_ok()
    }

    /// The keyed hash.
    pub(crate) fn of(self, key: &[u8], message: &[u8]) -> Vec<u8> {
        hmac::sign(&hmac::Key::new(self.algorithm(), key), message).as_ref().to_vec()
    }
}

/// SHA-256.
pub(crate) fn sha256(bytes: &[u8]) -> Vec<u8> {
    digest::digest(&digest::SHA256, bytes).as_ref().to_vec()
}

/// Whether two secrets are the same, compared by their hashes so that no length shows.
pub(crate) fn is_same(one: &[u8], other: &[u8]) -> bool {
    verify_slices_are_equal(&sha256(one), &sha256(other)).is_ok()
}

/// Which public-key signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PublicKey {
    Ed25519,
    /// ECDSA over P-256 with SHA-256, the signature in DER.
    P256,
    /// PKCS#1 v1.5 with SHA-1.
    RsaSha1,
    /// PKCS#1 v1.5 with SHA-256.
    RsaSha256,
}

impl PublicKey {
    /// Whether `tag` signs `message`. The key is raw (Ed25519) or SubjectPublicKeyInfo.
    pub(crate) fn signed(self, key: &[u8], message: &[u8], tag: &[u8]) -> bool {
        let algorithm: &'static dyn signature::VerificationAlgorithm = match self {
            Self::Ed25519 => &signature::ED25519,
            Self::P256 => &signature::ECDSA_P256_SHA256_ASN1,
            Self::RsaSha1 => &signature::RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY,
            Self::RsaSha256 => &signature::RSA_PKCS1_2048_8192_SHA256,
        };
        signature::UnparsedPublicKey::new(algorithm, key).verify(message, tag).is_ok()
    }
}

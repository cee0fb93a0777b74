//! Where an answer goes on: a key, signed together with the question it belongs to.
//!
//! The signature is SipHash under a key that is drawn when the index is opened, so a cursor that was guessed, damaged, made
//! for another question or before a restart is refused. It tells nothing that the page before has not.

use crate::IndexError;
use crate::Inner;
use gate_log::hex;
use std::hash::BuildHasher as _;

/// Bytes of a signature.
const TAG_BYTES: usize = 8;
/// Longest text that is looked at.
const TEXT_MAX: usize = 128;

fn tag(inner: &Inner, question: &[u8], key: &[u8]) -> [u8; TAG_BYTES] {
    inner.cursors.hash_one((question, key)).to_be_bytes()
}

pub(crate) fn write(inner: &Inner, question: &[u8], key: &[u8]) -> String {
    hex(&[key, &tag(inner, question, key)].concat())
}

/// The key that a cursor of this question stands for.
pub(crate) fn read<const N: usize>(
    inner: &Inner,
    question: &[u8],
    text: &str,
) -> Result<[u8; N], IndexError> {
    let bytes = (text.len() <= TEXT_MAX).then(|| of_hex(text)).flatten();
    let found = bytes.as_deref().and_then(|bytes| {
        let (key, signed) = bytes.split_first_chunk::<N>()?;
        (signed == tag(inner, question, key)).then_some(*key)
    });
    found.ok_or(IndexError::Cursor)
}

fn of_hex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let byte = |[high, low]: &[u8; 2]| Some(digit(*high)? << 4 | digit(*low)?);
    rest.is_empty().then(|| pairs.iter().map(byte).collect())?
}

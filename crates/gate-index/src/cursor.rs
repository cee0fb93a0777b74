//! Where an answer goes on: a key and its age, sealed together with the index and the question they belong to.
//!
//! Who opens the index brings the seal. With one that is the same after a restart, cursors go on after a restart; an index that is
//! built again gives its topics other numbers, so its birth is part of what is sealed. A cursor that was guessed, damaged, made for
//! another question, or is older than [`CURSOR_HALF_HOURS_MAX`] is refused. It tells nothing that the page before has not.
//!
//! Age is told by the bound that [`crate::Writer::expire`] moves, since nothing here has a clock.

use crate::IndexError;
use crate::Inner;
use crate::half_hour;
use gate_log::hex;

/// Bytes of a seal.
pub const SEAL_BYTES: usize = 16;
/// Half hours for which a cursor is good: a day.
pub const CURSOR_HALF_HOURS_MAX: i64 = 48;
/// Longest text that is looked at.
const TEXT_MAX: usize = 128;
/// Bytes of an age.
const AGE_BYTES: usize = 4;

/// Seals bytes with a secret: the same for the same, and nobody else can make it.
pub type Seal = dyn Fn(&[u8]) -> [u8; SEAL_BYTES] + Send + Sync;

/// The half hour that the bound stands at.
fn bound(inner: &Inner) -> i32 {
    let half_hour = half_hour::of(inner.floors.decisions());
    i32::try_from(half_hour).unwrap_or(if half_hour < 0 { i32::MIN } else { i32::MAX })
}

fn seal(inner: &Inner, question: &[u8], key_and_age: &[u8]) -> [u8; SEAL_BYTES] {
    // keys of a question are of one length, so no two of these read the same
    (inner.seal)(&[&inner.birth[..], key_and_age, question].concat())
}

pub(crate) fn write(inner: &Inner, question: &[u8], key: &[u8]) -> String {
    let mut bytes = [key, &bound(inner).to_be_bytes()].concat();
    let sealed = seal(inner, question, &bytes);
    bytes.extend_from_slice(&sealed);
    hex(&bytes)
}

/// The key that a cursor of this question stands for.
pub(crate) fn read<const N: usize>(
    inner: &Inner,
    question: &[u8],
    text: &str,
) -> Result<[u8; N], IndexError> {
    let bytes = (text.len() <= TEXT_MAX).then(|| of_hex(text)).flatten();
    let found = bytes.as_deref().and_then(|bytes| {
        let (key_and_age, sealed) = bytes.split_at_checked(N + AGE_BYTES)?;
        let (key, age) = key_and_age.split_first_chunk::<N>()?;
        let made = i32::from_be_bytes(age.try_into().ok()?);
        let age = i64::from(bound(inner)) - i64::from(made);
        let is_ours = is_same(sealed, &seal(inner, question, key_and_age));
        (is_ours && (0..=CURSOR_HALF_HOURS_MAX).contains(&age)).then_some(*key)
    });
    found.ok_or(IndexError::Cursor)
}

/// Whether both are the same, in a time that tells nothing of where they part.
fn is_same(one: &[u8], other: &[u8; SEAL_BYTES]) -> bool {
    one.len() == other.len()
        && one.iter().zip(other).fold(0, |parted, (one, other)| parted | (one ^ other)) == 0
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

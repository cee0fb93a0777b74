//! Places, people and the keys they become. Keys sort as what they stand for: by time, then by place.

use gate_core::{SubjectKey, Timestamp};
use std::fmt;

/// Bytes of a person's key that are kept.
pub const PREFIX_BYTES: usize = 6;

/// The topics that an index is built from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Log {
    /// The decision log.
    Decisions,
    /// The topic of consent changes.
    Consent,
}

impl Log {
    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Decisions => 0,
            Self::Consent => 1,
        }
    }

    pub(crate) const fn of_code(code: u8) -> Option<Self> {
        match code {
            0 => Some(Self::Decisions),
            1 => Some(Self::Consent),
            _ => None,
        }
    }
}

/// Where a record stands in its topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// Partition.
    pub partition: i32,
    /// Offset.
    pub offset: i64,
}

/// Where the message of a decision stands. As text: `outbound-message/3/42`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Source {
    /// Topic.
    pub topic: std::sync::Arc<str>,
    /// Partition.
    pub partition: i32,
    /// Offset.
    pub offset: i64,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.topic, self.partition, self.offset)
    }
}

/// The beginning of the keyed hash of a contact or an address; one bit of it tells which. Never printed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Prefix([u8; PREFIX_BYTES]);

impl Prefix {
    /// From its bytes. Zeros stand for nobody.
    #[must_use]
    pub fn new(bytes: [u8; PREFIX_BYTES]) -> Option<Self> {
        (bytes != [0; PREFIX_BYTES]).then_some(Self(bytes))
    }

    /// Of a whole key.
    #[must_use]
    pub fn of(key: SubjectKey) -> Option<Self> {
        Self::new(*key.0.first_chunk()?)
    }

    /// The bytes, for comparing with other records; not for people's eyes.
    #[must_use]
    pub fn expose(&self) -> &[u8; PREFIX_BYTES] {
        &self.0
    }
}

impl fmt::Debug for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<redacted>")
    }
}

/// Order of bytes as that of numbers.
pub(crate) fn sorted(number: i64) -> [u8; 8] {
    (number.cast_unsigned() ^ (1 << 63)).to_be_bytes()
}

pub(crate) fn of_sorted(bytes: [u8; 8]) -> i64 {
    (u64::from_be_bytes(bytes) ^ (1 << 63)).cast_signed()
}

fn sorted_small(number: i32) -> [u8; 4] {
    (number.cast_unsigned() ^ (1 << 31)).to_be_bytes()
}

fn of_sorted_small(bytes: [u8; 4]) -> i32 {
    (u32::from_be_bytes(bytes) ^ (1 << 31)).cast_signed()
}

/// Bytes of a [`SourceKey`].
pub(crate) const SOURCE_BYTES: usize = 2 + 4 + 8;
/// Bytes of a [`RowKey`].
pub(crate) const ROW_BYTES: usize = 8 + SOURCE_BYTES;
/// Bytes of a [`ChangeKey`].
pub(crate) const CHANGE_BYTES: usize = 8 + 4 + 8;

/// A message's place, its topic by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct SourceKey {
    pub(crate) topic: u16,
    pub(crate) partition: i32,
    pub(crate) offset: i64,
}

impl SourceKey {
    pub(crate) fn encode(self) -> [u8; SOURCE_BYTES] {
        let mut out = [0; SOURCE_BYTES];
        let parts: [&[u8]; 3] =
            [&self.topic.to_be_bytes(), &sorted_small(self.partition), &sorted(self.offset)];
        fill(&mut out, &parts);
        out
    }

    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let mut wire = crate::wire::Wire(bytes);
        let topic = u16::from_be_bytes(wire.array()?);
        let partition = of_sorted_small(wire.array()?);
        let offset = of_sorted(wire.array()?);
        wire.end()?;
        Some(Self { topic, partition, offset })
    }
}

/// What a row stands under: when it was decided, and about which message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct RowKey {
    pub(crate) at: Timestamp,
    pub(crate) source: SourceKey,
}

impl RowKey {
    /// Before all others of an instant.
    pub(crate) fn first_of(micros: i64) -> Self {
        let source = SourceKey { topic: 0, partition: i32::MIN, offset: i64::MIN };
        Self { at: Timestamp::from_micros(micros), source }
    }

    pub(crate) fn encode(self) -> [u8; ROW_BYTES] {
        let mut out = [0; ROW_BYTES];
        fill(&mut out, &[&sorted(self.at.as_micros()), &self.source.encode()]);
        out
    }

    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let (at, source) = bytes.split_first_chunk()?;
        let at = Timestamp::from_micros(of_sorted(*at));
        Some(Self { at, source: SourceKey::decode(source)? })
    }
}

/// What a consent change stands under, behind its person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ChangeKey {
    /// Milliseconds.
    pub(crate) received_ms: i64,
    pub(crate) place: Place,
}

impl ChangeKey {
    pub(crate) fn encode(self) -> [u8; CHANGE_BYTES] {
        let mut out = [0; CHANGE_BYTES];
        let parts: [&[u8]; 3] = [
            &sorted(self.received_ms),
            &sorted_small(self.place.partition),
            &sorted(self.place.offset),
        ];
        fill(&mut out, &parts);
        out
    }

    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let mut wire = crate::wire::Wire(bytes);
        let received_ms = of_sorted(wire.array()?);
        let partition = of_sorted_small(wire.array()?);
        let offset = of_sorted(wire.array()?);
        wire.end()?;
        Some(Self { received_ms, place: Place { partition, offset } })
    }
}

/// The key of a position, or of the highest offset of a stream: sorted by both.
pub(crate) fn stream_key(kind: u8, of: u16, partition: i32) -> [u8; 7] {
    let mut out = [0; 7];
    fill(&mut out, &[&[kind], &of.to_be_bytes(), &sorted_small(partition)]);
    out
}

pub(crate) fn of_stream_key(bytes: &[u8]) -> Option<(u16, i32)> {
    let mut wire = crate::wire::Wire(bytes);
    wire.byte()?;
    let of = u16::from_be_bytes(wire.array()?);
    let partition = of_sorted_small(wire.array()?);
    wire.end()?;
    Some((of, partition))
}

/// The parts behind each other; together they are as long as `out`.
pub(crate) fn fill(out: &mut [u8], parts: &[&[u8]]) {
    let bytes = parts.iter().copied().flatten();
    for (to, from) in out.iter_mut().zip(bytes) {
        *to = *from;
    }
}

/// Bytes of what messages are looked up by.
pub(crate) const MESSAGE_BYTES: usize = 6;

/// What a message id is looked up by: FNV-1a, stirred. Two that share it are told apart by the rows.
pub(crate) fn message_hash(id: &str) -> [u8; MESSAGE_BYTES] {
    let mut hash = 0xCBF2_9CE4_8422_2325u64;
    for byte in id.bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3);
    }
    hash = (hash ^ (hash >> 32)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let mut out = [0; MESSAGE_BYTES];
    fill(&mut out, &[&hash.to_be_bytes()]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_read_back_and_sort_as_what_they_stand_for() {
        let mut keys = Vec::new();
        for at in [i64::MIN, -1, 0, 1, i64::MAX] {
            for (topic, partition, offset) in [(0, -1, 5), (1, 0, -3), (1, 0, 7), (2, i32::MAX, 0)]
            {
                let source = SourceKey { topic, partition, offset };
                keys.push(RowKey { at: Timestamp::from_micros(at), source });
            }
        }
        let sorted: Vec<_> = keys.iter().map(|key| key.encode()).collect();
        assert!(keys.is_sorted() && sorted.is_sorted());
        for (key, bytes) in keys.iter().zip(&sorted) {
            assert_eq!(RowKey::decode(bytes), Some(*key));
            assert_eq!(RowKey::decode(&bytes[1..]), None);
        }
        let key = ChangeKey { received_ms: -5, place: Place { partition: 3, offset: 9 } };
        assert_eq!(ChangeKey::decode(&key.encode()), Some(key));
        assert_eq!(of_stream_key(&stream_key(b'p', 1, 7)), Some((1, 7)));
    }

    #[test]
    fn a_person_is_never_printed() {
        let person = Prefix::new([1, 2, 3, 4, 5, 6]).unwrap();
        assert_eq!(format!("{person:?}"), "<redacted>");
        assert_eq!(Prefix::new([0; 6]), None);
    }
}

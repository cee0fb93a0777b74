//! What the store says about itself: which log it is a fold of, and how far.
//!
//! Both values live in the `meta` column family. INVARIANT: decoding is strict (exact length, known
//! versions); anything else counts as another store's.

use super::{Identity, RebuildReason};
use gate_core::ConsentState;

/// Raise when column families, keys, rows, positions, timeline entries or this header change.
pub(super) const STORE_LAYOUT: u8 = 3;

pub(super) const HEADER_KEY: &[u8] = b"header";
pub(super) const POSITIONS_KEY: &[u8] = b"positions";

const MAGIC: &[u8; 8] = b"CGSTORE\0";

/// The bytes of the header of a store with this identity.
pub(super) fn encode(identity: &Identity) -> Vec<u8> {
    let mut out = MAGIC.to_vec();
    out.extend_from_slice(&[STORE_LAYOUT, ConsentState::FORMAT]);
    out.extend_from_slice(&identity.partitions.to_le_bytes());
    out.extend_from_slice(&identity.pepper_id);
    for text in [&identity.cluster_id, &identity.topic, &identity.topic_id] {
        out.extend_from_slice(&(text.len() as u64).to_le_bytes());
        out.extend_from_slice(text.as_bytes());
    }
    out
}

/// Whether a stored header belongs to `wanted`.
///
/// # Errors
/// Why it does not.
pub(super) fn check(stored: &[u8], wanted: &Identity) -> Result<TopicId, RebuildReason> {
    let found = decode(stored)?;
    check_identity(&found, wanted)?;
    let is_learned = found.topic_id.is_empty() && !wanted.topic_id.is_empty();
    Ok(if is_learned { TopicId::Learned } else { TopicId::Kept })
}

/// Whose log the store of this header is a fold of.
///
/// # Errors
/// It is not a header of this version.
pub(super) fn decode(stored: &[u8]) -> Result<Identity, RebuildReason> {
    let (head, rest) = stored.split_first_chunk::<10>().ok_or(RebuildReason::NoHeader)?;
    let [magic @ .., layout, format] = head;
    if magic != MAGIC {
        return Err(RebuildReason::NoHeader);
    }
    if *layout != STORE_LAYOUT {
        return Err(RebuildReason::StoreLayout);
    }
    if *format != ConsentState::FORMAT {
        return Err(RebuildReason::StateFormat);
    }
    decode_identity(rest).ok_or(RebuildReason::NoHeader)
}

/// Whether both are folds of the same log. An unknown topic id is not compared.
///
/// # Errors
/// What differs.
pub(super) fn check_identity(found: &Identity, wanted: &Identity) -> Result<(), RebuildReason> {
    let same = [
        (found.cluster_id == wanted.cluster_id, RebuildReason::OtherCluster),
        (found.topic == wanted.topic, RebuildReason::OtherTopic),
        (
            found.topic_id == wanted.topic_id
                || found.topic_id.is_empty()
                || wanted.topic_id.is_empty(),
            RebuildReason::TopicRecreated,
        ),
        (found.partitions == wanted.partitions, RebuildReason::PartitionsChanged),
        (found.pepper_id == wanted.pepper_id, RebuildReason::OtherPepper),
    ];
    match same.into_iter().find(|(same, _)| !same) {
        Some((_, reason)) => Err(reason),
        None => Ok(()),
    }
}

/// What became of the stored topic id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TopicId {
    /// As stored.
    Kept,
    /// It was unknown and is known now: the header must be written again.
    Learned,
}

fn decode_identity(input: &[u8]) -> Option<Identity> {
    let (partitions, input) = input.split_first_chunk::<4>()?;
    let (pepper_id, mut input) = input.split_first_chunk::<8>()?;
    let mut text = || {
        let (length, rest) = input.split_first_chunk::<8>()?;
        let length = usize::try_from(u64::from_le_bytes(*length)).ok()?;
        let (text, rest) = rest.split_at_checked(length)?;
        input = rest;
        String::from_utf8(text.to_vec()).ok()
    };
    let identity = Identity {
        cluster_id: text()?,
        topic: text()?,
        topic_id: text()?,
        partitions: u32::from_le_bytes(*partitions),
        pepper_id: *pepper_id,
    };
    input.is_empty().then_some(identity)
}

/// The bytes of the next offsets, one per partition.
pub(super) fn encode_positions(positions: &[i64]) -> Vec<u8> {
    positions.iter().flat_map(|position| position.to_le_bytes()).collect()
}

/// `None` unless there is one plausible offset for each of `n_partitions`.
pub(super) fn decode_positions(stored: &[u8], n_partitions: usize) -> Option<Vec<i64>> {
    let (chunks, rest) = stored.as_chunks::<8>();
    let positions: Vec<i64> = chunks.iter().copied().map(i64::from_le_bytes).collect();
    let plausible = rest.is_empty()
        && positions.len() == n_partitions
        && positions.iter().all(|position| *position >= 0);
    plausible.then_some(positions)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity() -> Identity {
        Identity {
            cluster_id: "cluster".into(),
            topic: "consent-change".into(),
            topic_id: "id".into(),
            partitions: 3,
            pepper_id: [7; 8],
        }
    }

    #[test]
    fn a_header_matches_itself_and_no_prefix_or_extension_of_it() {
        let bytes = encode(&identity());
        assert_eq!(check(&bytes, &identity()), Ok(TopicId::Kept));
        for end in 0..bytes.len() {
            assert!(check(&bytes[..end], &identity()).is_err(), "prefix {end}");
        }
        let longer = [bytes.as_slice(), &[0]].concat();
        assert!(check(&longer, &identity()).is_err());
    }

    #[test]
    fn no_single_bit_can_flip_unseen() {
        let bytes = encode(&identity());
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(check(&flipped, &identity()).is_err(), "bit {bit}");
        }
    }

    #[test]
    fn an_unknown_topic_id_is_learned() {
        let unknown = Identity { topic_id: String::new(), ..identity() };
        assert_eq!(check(&encode(&unknown), &identity()), Ok(TopicId::Learned));
        assert_eq!(check(&encode(&identity()), &unknown), Ok(TopicId::Kept));
    }

    #[test]
    fn positions_are_exact() {
        let bytes = encode_positions(&[1, 0, i64::MAX]);
        assert_eq!(decode_positions(&bytes, 3), Some(vec![1, 0, i64::MAX]));
        assert_eq!(decode_positions(&bytes, 2), None);
        assert_eq!(decode_positions(&bytes[1..], 3), None);
        assert_eq!(decode_positions(&encode_positions(&[-1]), 1), None);
    }
}

//! What the store says about itself: which log it is a fold of, and how far.
//!
//! All values live in the `meta` column family. INVARIANT: decoding is strict (exact length, known
//! versions); anything else counts as another store's.

use super::{Identity, RebuildReason};
use gate_core::{ConsentState, Timestamp};

/// Partitions of the consent topic; bounds the positions kept in memory and written with every commit.
pub const PARTITIONS_MAX: u32 = 100_000;

/// Raise when column families, keys, rows, positions, timeline entries or this header change.
pub(super) const STORE_LAYOUT: u8 = 3;

pub(super) const HEADER_KEY: &[u8] = b"header";
pub(super) const POSITIONS_KEY: &[u8] = b"positions";
pub(super) const TIMES_KEY: &[u8] = b"times";

const MAGIC: &[u8; 8] = b"CGSTORE\0";
/// The topic has no mapping.
const NO_MAPPING: [u8; 8] = [0; 8];

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
    // without a mapping the header is what it was before there were any
    if identity.mapping_id != NO_MAPPING {
        out.extend_from_slice(&identity.mapping_id);
    }
    out
}

/// Whether a stored header belongs to `wanted`, and what it says.
///
/// # Errors
/// Why it does not.
pub(super) fn check(stored: &[u8], wanted: &Identity) -> Result<Identity, RebuildReason> {
    let found = decode(stored)?;
    check_identity(&found, wanted)?;
    Ok(found)
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

/// Whether both are folds of the same log. An unknown topic id is not compared. A log that has more partitions now
/// is still the same, if that is certain: the fold goes on with the new ones from their beginning, which is as good
/// as having read them before.
///
/// # Errors
/// What differs.
pub(super) fn check_identity(found: &Identity, wanted: &Identity) -> Result<(), RebuildReason> {
    let is_same_topic = found.topic_id == wanted.topic_id && !found.topic_id.is_empty();
    let is_grown = is_same_topic && found.partitions < wanted.partitions;
    let same = [
        (found.cluster_id == wanted.cluster_id, RebuildReason::OtherCluster),
        (found.topic == wanted.topic, RebuildReason::OtherTopic),
        (
            found.topic_id == wanted.topic_id
                || found.topic_id.is_empty()
                || wanted.topic_id.is_empty(),
            RebuildReason::TopicRecreated,
        ),
        (found.partitions == wanted.partitions || is_grown, RebuildReason::PartitionsChanged),
        (found.pepper_id == wanted.pepper_id, RebuildReason::OtherPepper),
        (found.mapping_id == wanted.mapping_id, RebuildReason::OtherMapping),
    ];
    match same.into_iter().find(|(same, _)| !same) {
        Some((_, reason)) => Err(reason),
        None => Ok(()),
    }
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
    let (cluster_id, topic, topic_id) = (text()?, text()?, text()?);
    let mapping_id = match input.split_first_chunk::<8>() {
        None if input.is_empty() => NO_MAPPING,
        Some((id, [])) if *id != NO_MAPPING => *id,
        Some(_) | None => return None,
    };
    Some(Identity {
        cluster_id,
        topic,
        topic_id,
        partitions: u32::from_le_bytes(*partitions),
        pepper_id: *pepper_id,
        mapping_id,
    })
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

/// The bytes of the greatest record times, one per partition.
pub(super) fn encode_times(times: &[Timestamp]) -> Vec<u8> {
    times.iter().flat_map(|at| at.as_micros().to_le_bytes()).collect()
}

/// `None` unless there is one time for each of `n_partitions`, none before the epoch: that is "no record yet".
pub(super) fn decode_times(stored: &[u8], n_partitions: usize) -> Option<Vec<Timestamp>> {
    let micros = decode_positions(stored, n_partitions)?;
    Some(micros.into_iter().map(Timestamp::from_micros).collect())
}

/// The same positions, or times in microseconds, with those of partitions that were added: nothing of them has been read.
pub(super) fn with_added<T: Copy + Default>(mut known: Vec<T>, n_partitions: usize) -> Vec<T> {
    known.resize(n_partitions.max(known.len()), T::default());
    known
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
            mapping_id: [0; 8],
        }
    }

    #[test]
    fn a_header_matches_itself_and_no_prefix_or_extension_of_it() {
        let bytes = encode(&identity());
        assert_eq!(check(&bytes, &identity()), Ok(identity()));
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
            // fewer partitions of the same topic look like a topic that grew; the positions are as many as there were
            let is_seen = match check(&flipped, &identity()) {
                Err(_) => true,
                Ok(found) => {
                    let positions = encode_positions(&vec![0; identity().partitions as usize]);
                    found.partitions < identity().partitions
                        && decode_positions(&positions, found.partitions as usize).is_none()
                }
            };
            assert!(is_seen, "bit {bit}");
        }
    }

    #[test]
    fn a_fold_by_another_mapping_is_another_one() {
        let mapped = Identity { mapping_id: [3; 8], ..identity() };
        let other = Identity { mapping_id: [4; 8], ..identity() };
        assert_eq!(check(&encode(&mapped), &mapped), Ok(mapped.clone()));
        let pairs = [(&mapped, &other), (&mapped, &identity()), (&identity(), &mapped)];
        for (found, wanted) in pairs {
            assert_eq!(check(&encode(found), wanted), Err(RebuildReason::OtherMapping));
        }
    }

    #[test]
    fn an_unknown_topic_id_is_not_compared() {
        let unknown = Identity { topic_id: String::new(), ..identity() };
        assert_eq!(check(&encode(&unknown), &identity()), Ok(unknown.clone()));
        assert_eq!(check(&encode(&identity()), &unknown), Ok(identity()));
    }

    #[test]
    fn partitions_may_be_added_to_a_topic_whose_id_is_known() {
        let grown = Identity { partitions: 5, ..identity() };
        assert_eq!(check(&encode(&identity()), &grown), Ok(identity()));
        let changed = Err(RebuildReason::PartitionsChanged);
        assert_eq!(check(&encode(&grown), &identity()), changed, "partitions that are gone");
        for (before, now) in [("", "id"), ("id", ""), ("", "")] {
            let before = Identity { topic_id: before.into(), ..identity() };
            let now = Identity { topic_id: now.into(), ..grown.clone() };
            assert_eq!(check(&encode(&before), &now), changed, "it may be another topic");
        }
        let another = Identity { topic_id: "other".into(), ..grown };
        assert_eq!(check(&encode(&identity()), &another), Err(RebuildReason::TopicRecreated));
        assert_eq!(with_added(vec![7, 3], 4), [7, 3, 0, 0]);
        assert_eq!(with_added(vec![7, 3], 1), [7, 3]);
    }

    #[test]
    fn positions_are_exact() {
        let bytes = encode_positions(&[1, 0, i64::MAX]);
        assert_eq!(decode_positions(&bytes, 3), Some(vec![1, 0, i64::MAX]));
        assert_eq!(decode_positions(&bytes, 2), None);
        assert_eq!(decode_positions(&bytes[1..], 3), None);
        assert_eq!(decode_positions(&encode_positions(&[-1]), 1), None);
    }

    #[test]
    fn times_are_exact() {
        let times = [0, 1, i64::MAX].map(Timestamp::from_micros);
        let bytes = encode_times(&times);
        assert_eq!(decode_times(&bytes, 3), Some(times.to_vec()));
        assert_eq!(decode_times(&bytes, 2), None);
        assert_eq!(decode_times(&bytes[1..], 3), None);
        assert_eq!(decode_times(&encode_times(&[Timestamp::from_micros(-1)]), 1), None);
    }
}

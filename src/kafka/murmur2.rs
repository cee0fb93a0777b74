//! Which partition a key goes to: murmur2 as Kafka's Java clients and librdkafka's `murmur2` use it.
//!
//! Needed where a record must be looked for without reading the whole topic. The gate's producers let librdkafka
//! compute the same.

/// The partition of `n_partitions` for this key; 0 when there is none to choose from.
#[must_use]
pub fn partition_of(key: &[u8], n_partitions: i32) -> i32 {
    let positive = (hash(key) & 0x7fff_ffff).cast_signed();
    positive.checked_rem(n_partitions).unwrap_or(0)
}

const FACTOR: u32 = 0x5bd1_e995;
const SEED: u32 = 0x9747_b28c;

fn hash(key: &[u8]) -> u32 {
    let mixed = |word: u32| {
        let word = word.wrapping_mul(FACTOR);
        (word ^ (word >> 24)).wrapping_mul(FACTOR)
    };
    // Java's length is an int: a key that long cannot be written
    let mut hash = SEED ^ u32::try_from(key.len()).unwrap_or(u32::MAX);
    let (words, rest) = key.as_chunks::<4>();
    for word in words {
        hash = hash.wrapping_mul(FACTOR) ^ mixed(u32::from_le_bytes(*word));
    }
    if !rest.is_empty() {
        for (byte, shift) in rest.iter().zip([0, 8, 16]) {
            hash ^= u32::from(*byte) << shift;
        }
        hash = hash.wrapping_mul(FACTOR);
    }
    hash ^= hash >> 13;
    hash = hash.wrapping_mul(FACTOR);
    hash ^ (hash >> 15)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Kafka's own test vectors (`UtilsTest.testMurmur2`).
    #[test]
    fn it_is_the_hash_of_the_java_clients() {
        for (key, expected) in [
            ("21", -973_932_308i32),
            ("foobar", -790_332_482),
            ("a-little-bit-long-string", -985_981_536),
            ("a-little-bit-longer-string", -1_486_304_829),
            ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971),
            ("abc", 479_470_107),
        ] {
            assert_eq!(hash(key.as_bytes()).cast_signed(), expected, "{key}");
        }
    }

    #[test]
    fn every_key_has_a_partition() {
        for n_partitions in 1..20 {
            for key in ["", "a", "21", "foobar"] {
                let partition = partition_of(key.as_bytes(), n_partitions);
                assert!((0..n_partitions).contains(&partition));
            }
        }
        assert_eq!(partition_of(b"a", 0), 0);
    }
}

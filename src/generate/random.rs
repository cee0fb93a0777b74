//! Chance that comes out the same for the same seed, on every machine.
//!
//! `oorandom` (PCG) because its numbers are fixed by its algorithm and it needs nothing else; `rand`'s own
//! generators may change with a release. Not for secrets.

/// A sequence of numbers of its own for each pair of seed and stream.
#[derive(Debug)]
pub(super) struct Random(oorandom::Rand64);

impl Random {
    pub(super) fn new(seed: u64, stream: u64) -> Self {
        let mut inner = oorandom::Rand64::new((u128::from(seed) << 64) | u128::from(stream));
        // the first number still shows how close two seeds are
        let _: u64 = inner.rand_u64();
        Self(inner)
    }

    /// A number below `n`, or 0 when there is none.
    pub(super) fn below(&mut self, n: u64) -> u64 {
        if n == 0 { 0 } else { self.0.rand_range(0..n) }
    }

    /// A number from `low` to `high`, both included.
    pub(super) fn between(&mut self, low: u64, high: u64) -> u64 {
        low.saturating_add(self.below(high.saturating_sub(low).saturating_add(1)))
    }

    /// True in `share` of all cases; takes a number in any case, so that a share of 0 changes nothing else.
    pub(super) fn chance(&mut self, share: f64) -> bool {
        self.0.rand_float() < share
    }

    /// One of several, all alike.
    #[allow(clippy::indexing_slicing, reason = "`below(n)` is less than n, and N is not 0")]
    pub(super) fn pick<T: Copy, const N: usize>(&mut self, of: &[T; N]) -> T {
        const { assert!(N > 0, "nothing to pick from") };
        of[usize::try_from(self.below(N as u64)).unwrap_or_default()]
    }

    /// The index of one of several, as often as its weight says; 0 when there are none.
    pub(super) fn weighted(&mut self, weights: impl Iterator<Item = u32> + Clone) -> usize {
        let mut left = self.below(weights.clone().map(u64::from).sum());
        for (index, weight) in weights.enumerate() {
            match left.checked_sub(u64::from(weight)) {
                Some(rest) => left = rest,
                None => return index,
            }
        }
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_is_a_sequence_and_neighbours_differ() {
        let first = |seed, stream| Random::new(seed, stream).below(u64::MAX);
        assert_eq!(first(1, 2), first(1, 2));
        let all: std::collections::HashSet<u64> =
            (0..50).flat_map(|seed| (0..50).map(move |stream| first(seed, stream))).collect();
        assert_eq!(all.len(), 2_500);
        // the numbers of neighbouring streams are spread as those of one stream are
        let n_low = (0..10_000).filter(|stream| Random::new(7, *stream).below(10) == 0).count();
        assert!((800..1_200).contains(&n_low), "{n_low}");
    }

    #[test]
    fn weights_are_kept() {
        let mut random = Random::new(1, 0);
        let mut counts = [0_u32; 3];
        for _ in 0..10_000 {
            let index = random.weighted([70, 0, 30].into_iter());
            *counts.get_mut(index).unwrap() += 1;
        }
        assert_eq!(counts[1], 0);
        assert!((6_700..7_300).contains(&counts[0]), "{counts:?}");
        assert_eq!(random.weighted([].into_iter()), 0);
        assert!(!Random::new(1, 0).chance(0.0) && Random::new(1, 0).chance(1.0));
    }
}

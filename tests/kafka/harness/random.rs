//! Random numbers from a printed seed, so that a failure can be run again.

use crate::harness::environment;

/// SplitMix64: small, seedable, good enough to choose moments and mangle bytes.
#[derive(Clone, Debug)]
pub(crate) struct Random(u64);

impl Random {
    /// The seed is `CONSENT_GATE_TEST_SEED` or the clock; the test's captured output names it.
    pub(crate) fn new(test: &str) -> Self {
        let clock = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .map_or(1, |since| since.as_nanos() as u64);
        let seed = environment::count("SEED", clock as usize % 1_000_000_007) as u64;
        println!("{test}: CONSENT_GATE_TEST_SEED={seed}");
        Self(seed)
    }

    /// A generator with a given seed.
    pub(crate) fn seeded(seed: u64) -> Self {
        Self(seed)
    }

    /// The next 64 bits.
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number in `from..to`.
    pub(crate) fn range(&mut self, from: usize, to: usize) -> usize {
        from + (self.next() % (to - from).max(1) as u64) as usize
    }
}

//! How often something took how long: the buckets of a histogram, as they are served and as they are read.

use serde::{Deserialize, Serialize};

/// Counts by bound. Two of them, taken one after the other, say what came in between.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Histogram {
    /// How many there were.
    pub n: u64,
    /// Of these, how many were not above each bound; by bound, ascending.
    pub buckets: Vec<Bucket>,
}

/// One bound.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Bucket {
    /// The bound, in seconds.
    pub up_to_s: f64,
    /// How many were not above it.
    pub n: u64,
}

impl Histogram {
    /// What came in since `before`; everything when it was started again meanwhile.
    #[must_use]
    pub fn since(&self, before: &Self) -> Self {
        let is_same = self.has_bounds_of(before)
            && self.n >= before.n
            && self.buckets.iter().zip(&before.buckets).all(|(new, old)| new.n >= old.n);
        if !is_same {
            return self.clone();
        }
        let pairs = self.buckets.iter().zip(&before.buckets);
        let more = |(new, old): (&Bucket, &Bucket)| Bucket { n: new.n - old.n, ..*new };
        Self { n: self.n - before.n, buckets: pairs.map(more).collect() }
    }

    /// Both together; of other bounds nothing is taken.
    pub fn add(&mut self, other: &Self) {
        if self.buckets.is_empty() && self.n == 0 {
            self.clone_from(other);
        } else if self.has_bounds_of(other) {
            self.n = self.n.saturating_add(other.n);
            for (mine, theirs) in self.buckets.iter_mut().zip(&other.buckets) {
                mine.n = mine.n.saturating_add(theirs.n);
            }
        }
    }

    /// The seconds that a share of all took at most, between the bounds of their bucket; `None` when there is nothing.
    /// Above the last bound, that bound.
    #[must_use]
    pub fn quantile(&self, share: f64) -> Option<f64> {
        if self.n == 0 {
            return None;
        }
        let rank = share * self.n as f64;
        let (mut low, mut n_below) = (0.0, 0.0);
        for Bucket { up_to_s, n } in &self.buckets {
            let n_up_to = *n as f64;
            if n_up_to >= rank {
                let n_here = n_up_to - n_below;
                let part = if n_here > 0.0 { (rank - n_below) / n_here } else { 1.0 };
                return Some(low + (up_to_s - low) * part);
            }
            (low, n_below) = (*up_to_s, n_up_to);
        }
        Some(low)
    }

    fn has_bounds_of(&self, other: &Self) -> bool {
        self.buckets.len() == other.buckets.len()
            && self.buckets.iter().zip(&other.buckets).all(|(one, two)| one.up_to_s == two.up_to_s)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn histogram(n: u64, buckets: &[(f64, u64)]) -> Histogram {
        let buckets = buckets.iter().map(|&(up_to_s, n)| Bucket { up_to_s, n }).collect();
        Histogram { n, buckets }
    }

    #[test]
    fn quantiles_lie_in_their_bucket() {
        let mixed = histogram(100, &[(0.1, 50), (1.0, 90), (10.0, 100)]);
        assert_eq!(mixed.quantile(0.5), Some(0.1));
        assert_eq!(mixed.quantile(0.25), Some(0.05));
        assert!((mixed.quantile(0.99).unwrap() - 9.1).abs() < 1e-9);
        let slow = histogram(4, &[(0.1, 0)]);
        assert_eq!(slow.quantile(0.5), Some(0.1), "above the last bound");
        assert_eq!(Histogram::default().quantile(0.5), None);
        assert_eq!(histogram(0, &[(1.0, 0)]).quantile(0.5), None);
    }

    #[test]
    fn a_restart_counts_from_nothing() {
        let before = histogram(12, &[(1.0, 10)]);
        assert_eq!(histogram(15, &[(1.0, 11)]).since(&before), histogram(3, &[(1.0, 1)]));
        let again = histogram(2, &[(1.0, 2)]);
        assert_eq!(again.since(&before), again);
        let other = histogram(20, &[(2.0, 20)]);
        assert_eq!(other.since(&before), other, "other bounds are not compared");
    }

    #[test]
    fn instances_add_up_where_their_bounds_are_the_same() {
        let mut all = Histogram::default();
        all.add(&histogram(3, &[(1.0, 2)]));
        all.add(&histogram(5, &[(1.0, 1)]));
        all.add(&histogram(7, &[(9.0, 7)]));
        assert_eq!(all, histogram(8, &[(1.0, 3)]));
    }
}

//! What a stretch of the log says of a partition, beside what Kafka says now. Pure.
//!
//! As long as record after record is the one that a leaf commits to, nothing is kept. From the first that is not, what Kafka
//! says is kept, up to a bound, and matched with leaves by what it says and not by where it stands: so it is told whether
//! something was changed, dropped, inserted or moved.

use super::leaf::Leaf;
use gate_ledger::{Difference, Entry, Fault, Finding, Kind, Salt, first_difference};

/// Records that are kept from the first difference on.
const KEPT_MAX: usize = 20_000;
/// Leaves that a record is compared with to find out whose it is.
const TRIED_MAX: usize = 5_000;

/// A leaf as it stands in the log.
#[derive(Clone, Debug)]
pub struct Covered {
    /// Its number.
    pub index: u64,
    /// Its entry.
    pub entry: Entry,
    /// Its salt.
    pub salt: Salt,
}

/// How many were compared, and how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Decisions that Kafka has as the log has them.
    pub decisions: u64,
    /// Consent changes.
    pub changes: u64,
    /// Records of the decision log that are none.
    pub records: u64,
    /// Places of records that were gone before the ledger came.
    pub gaps: u64,
    /// Leaves whose records Kafka's retention has removed.
    pub gone: u64,
    /// Leaves whose salt was deleted: their place is there, what they say is not known any more.
    pub opaque: u64,
}

/// What was found in a partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// It.
    pub finding: Finding,
    /// All is there and in order, at other offsets: what is wrong elsewhere matters more.
    pub is_elsewhere: bool,
}

/// One partition, while Kafka is read.
#[derive(Debug)]
pub struct Comparison {
    leaves: Vec<Covered>,
    at: usize,
    kept: Vec<Leaf>,
    has_parted: bool,
    counts: Counts,
}

impl Comparison {
    /// What the log says of a partition; `begin` is the first offset that Kafka still has.
    #[must_use]
    pub fn new(leaves: Vec<Covered>, begin: i64) -> Self {
        let mut counts = Counts::default();
        let mut left = Vec::new();
        for leaf in leaves {
            if leaf.entry.kind == Kind::Gap {
                counts.gaps += 1;
            } else if leaf.entry.place.offset < begin {
                counts.gone += 1;
            } else {
                left.push(leaf);
            }
        }
        Self { leaves: left, at: 0, kept: Vec::new(), has_parted: false, counts }
    }

    /// Kinds of the leaves at this offset, the first of which says how the record was read.
    #[must_use]
    pub fn kind_at(&self, offset: i64) -> Option<Kind> {
        let at = self.leaves.get(self.at..)?;
        let place = at.partition_point(|it| it.entry.place.offset < offset);
        at.get(place).filter(|it| it.entry.place.offset == offset).map(|it| it.entry.kind)
    }

    /// What Kafka says next.
    pub fn take(&mut self, said: Leaf) {
        if !self.has_parted {
            let Some(next) = self.leaves.get(self.at) else {
                self.has_parted = true;
                return self.keep(said);
            };
            let is_there = next.entry.place == said.place;
            if is_there && is_it(next, &said) {
                self.count(next.entry.kind, next.salt.is_deleted());
                self.at += 1;
                return;
            }
            self.has_parted = true;
        }
        self.keep(said);
    }

    fn keep(&mut self, said: Leaf) {
        if self.kept.len() < KEPT_MAX {
            self.kept.push(said);
        }
    }

    fn count(&mut self, kind: Kind, is_opaque: bool) {
        let counts = &mut self.counts;
        match kind {
            _ if is_opaque => counts.opaque += 1,
            Kind::Decision => counts.decisions += 1,
            Kind::Change => counts.changes += 1,
            Kind::Record => counts.records += 1,
            Kind::Gap => counts.gaps += 1,
        }
    }

    /// What was found, once Kafka has said everything that the log covers.
    #[must_use]
    pub fn end(self) -> (Counts, Option<Told>) {
        let told = self.difference();
        (self.counts, told)
    }

    fn difference(&self) -> Option<Told> {
        let left = self.leaves.get(self.at..).unwrap_or_default();
        let signed: Vec<i64> = (0..).take(left.len()).collect();
        let found: Vec<i64> =
            self.kept.iter().zip(0..).map(|(said, nth)| whose(left, said, nth)).collect();
        let (nth, difference) = match first_difference(&signed, &found) {
            Some(found) => found,
            // all is there, and all in order, elsewhere
            None if self.has_parted => {
                return left.first().map(|leaf| moved(leaf, self.kept.first()));
            }
            None => return None,
        };
        // a copy with fewer offsets between has more of them before the end that is looked at
        let is_behind = difference == Difference::Inserted && nth >= left.len() && !left.is_empty();
        if is_behind && found.iter().zip(&signed).all(|(found, signed)| found == signed) {
            return left.first().map(|leaf| moved(leaf, self.kept.first()));
        }
        Some(told(
            difference,
            left.get(nth),
            self.kept.get(nth),
            nth.checked_sub(1)
                .and_then(|it| left.get(it))
                .or(self.at.checked_sub(1).and_then(|it| self.leaves.get(it))),
        ))
    }
}

/// Whether the record is what the leaf commits to, as far as that is known any more.
fn is_it(leaf: &Covered, said: &Leaf) -> bool {
    if leaf.salt.is_deleted() {
        leaf.entry.kind == said.kind && leaf.entry.about == said.about
    } else {
        said.is_said_by(&leaf.entry, &leaf.salt)
    }
}

/// Which of the leaves a record is; a number that none has, if it is none.
fn whose(left: &[Covered], said: &Leaf, nth: i64) -> i64 {
    let near = usize::try_from(nth).unwrap_or(0);
    let is_it_at = |at: usize| {
        left.get(at).is_some_and(|leaf| {
            // without its salt a change says nothing of itself but its place in the order
            let is_known = !leaf.salt.is_deleted() || leaf.entry.about.is_some() || at == near;
            is_known && is_it(leaf, said)
        })
    };
    // those beside it first, then all within reach
    let tried = [near, near.wrapping_add(1), near.wrapping_sub(1)].into_iter();
    let from = near.saturating_sub(TRIED_MAX / 2);
    let found = tried.chain(from..from.saturating_add(TRIED_MAX)).find(|at| is_it_at(*at));
    found.and_then(|at| i64::try_from(at).ok()).unwrap_or(-1 - nth)
}

fn moved(leaf: &Covered, said: Option<&Leaf>) -> Told {
    let is = said.map_or_else(|| "elsewhere".to_owned(), |said| format!("at {}", said.place));
    let finding = Finding {
        fault: Fault::Changed,
        leaf: Some(leaf.index),
        place: Some(leaf.entry.place.to_string()),
        says: format!(
            "in Kafka, {} stands {is} now, and what comes behind it likewise: the topic was written anew",
            leaf.entry.named()
        ),
    };
    Told { finding, is_elsewhere: true }
}

fn told(
    difference: Difference,
    leaf: Option<&Covered>,
    said: Option<&Leaf>,
    before: Option<&Covered>,
) -> Told {
    let name = |said: &Leaf| said.entry(&Salt::DELETED).named();
    let was = leaf.map(|leaf| leaf.entry.named()).unwrap_or_default();
    let is = said.map(name).unwrap_or_default();
    let behind = before.map_or_else(
        || "at the beginning of what is compared".to_owned(),
        |before| format!("behind {}", before.entry.named()),
    );
    let says = match difference {
        Difference::Changed => format!("in Kafka, {was} was changed"),
        Difference::Dropped => {
            format!("in Kafka, {was} was dropped; {is} has taken its place, {behind}")
        }
        Difference::Inserted => {
            format!("in Kafka, {is} was inserted, {behind}: the ledger does not have it")
        }
        Difference::Reordered => {
            format!("in Kafka, {was} was moved; {is} stands in its place, {behind}")
        }
        Difference::Cut => format!("in Kafka, {was} and what came behind it was cut off, {behind}"),
    };
    let place = match difference {
        Difference::Inserted => said.map(|said| said.place.to_string()),
        Difference::Changed | Difference::Dropped | Difference::Reordered | Difference::Cut => {
            leaf.map(|leaf| leaf.entry.place.to_string())
        }
    };
    let leaf = leaf.map(|leaf| leaf.index);
    Told { finding: Finding { fault: difference.into(), leaf, place, says }, is_elsewhere: false }
}

#[cfg(test)]
#[path = "compare_tests.rs"]
mod tests;

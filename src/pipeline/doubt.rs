//! What this process knows of its transactions and the brokers may not, for whoever takes a partition up.
//!
//! Two things. Transactions in doubt: their end is not known, and their lane has lost its place in the group. And how
//! far commits were *acknowledged*: brokers can forget the offsets of such a transaction (a marker dropped for want of a
//! leader, a coordinator that came back with less than it had acknowledged). A partition that comes back behind that
//! point is not simply decided again: its outputs are looked for first.

use super::batch::{Batch, Incoming};
use crate::kafka::scan::Positions;
use crate::kafka::source::SourcePartition;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

/// So many answers are remembered per partition, for commits that were acknowledged and are forgotten: a broker
/// forgets the last transaction, at most what came within its outage.
const REMEMBERED_ENDS_MAX: usize = 12;

/// What the brokers may not remember as this process does, by partition of the input topic.
#[derive(Default)]
pub struct InDoubt {
    partitions: Mutex<BTreeMap<SourcePartition, Doubt>>,
    acknowledged: Mutex<BTreeMap<SourcePartition, Acknowledged>>,
}

/// What was in a transaction whose end nobody knows yet. At most a batch.
#[derive(Clone)]
struct Doubt {
    outputs_from: Arc<Positions>,
    offsets: BTreeSet<i64>,
    next_offset: i64,
}

/// How far commits of a partition were acknowledged.
#[derive(Default)]
struct Acknowledged {
    next_offset: i64,
    /// From which offset on outputs stand behind which positions, the oldest first.
    outputs_from: VecDeque<(i64, Arc<Positions>)>,
}

/// Messages whose outputs are looked for before a partition is taken up, and where.
pub(super) struct Wanted {
    pub(super) outputs_from: Arc<Positions>,
    /// In doubt.
    pub(super) offsets: BTreeSet<i64>,
    /// Acknowledged, and not committed as the group remembers it.
    forgotten: Range<i64>,
}

impl Wanted {
    pub(super) fn contains(&self, offset: i64) -> bool {
        self.offsets.contains(&offset) || self.forgotten.contains(&offset)
    }
}

impl Acknowledged {
    /// `first` is asked for only where the ends were asked anew, which is seldom.
    fn note(
        &mut self,
        first: impl FnOnce() -> i64,
        next_offset: i64,
        outputs_from: &Arc<Positions>,
    ) {
        self.next_offset = next_offset;
        let newest = self.outputs_from.back();
        if newest.is_some_and(|(_, known)| Arc::ptr_eq(known, outputs_from)) {
            return;
        }
        if self.outputs_from.len() == REMEMBERED_ENDS_MAX {
            self.outputs_from.pop_front();
        }
        self.outputs_from.push_back((first(), Arc::clone(outputs_from)));
    }

    /// Where outputs of this message and those behind it stand at the earliest; as far back as is remembered.
    fn outputs_of(&self, offset: i64) -> Option<Arc<Positions>> {
        let mut newest_first = self.outputs_from.iter().rev();
        let found = newest_first.find(|(first, _)| *first <= offset);
        found.or(self.outputs_from.front()).map(|(_, positions)| Arc::clone(positions))
    }
}

impl InDoubt {
    /// A transaction with this batch was acknowledged.
    pub(super) fn acknowledged(&self, batch: &Batch<impl Incoming>, outputs_from: &Arc<Positions>) {
        let mut all = self.acknowledged.lock().unwrap_or_else(PoisonError::into_inner);
        for (partition, next_offset) in batch.next_offsets() {
            let first = || {
                let here = batch.in_hand().filter(|(of, _)| of == partition);
                here.map(|(_, offset)| offset).min().unwrap_or(*next_offset)
            };
            all.entry(*partition).or_default().note(first, *next_offset, outputs_from);
        }
    }

    /// What to look for in a partition that the group gives us from `committed` on; nothing when it remembers as much
    /// as we do.
    pub(super) fn wanted(&self, partition: SourcePartition, committed: i64) -> Option<Wanted> {
        // beyond it somebody else has gone on
        let doubt = self.of(partition).filter(|doubt| committed <= doubt.next_offset);
        let mut all = self.acknowledged.lock().unwrap_or_else(PoisonError::into_inner);
        let acknowledged = all.get(&partition);
        let next_offset = acknowledged.map_or(committed, |known| known.next_offset);
        let forgotten = committed..next_offset;
        let outputs_of_forgotten =
            acknowledged.filter(|_| !forgotten.is_empty()).and_then(|it| it.outputs_of(committed));
        if next_offset < committed {
            all.remove(&partition); // somebody else has gone on
        }
        match (doubt, outputs_of_forgotten) {
            // the doubt came after what was acknowledged
            (Some(doubt), outputs_from) => Some(Wanted {
                outputs_from: outputs_from.unwrap_or(doubt.outputs_from),
                offsets: doubt.offsets,
                forgotten,
            }),
            (None, Some(outputs_from)) => {
                Some(Wanted { outputs_from, offsets: BTreeSet::new(), forgotten })
            }
            (None, None) => None,
        }
    }

    pub(super) fn note(&self, batch: &Batch<impl Incoming>, outputs_from: &Arc<Positions>) {
        let mut partitions = self.partitions.lock().unwrap_or_else(PoisonError::into_inner);
        for (partition, next_offset) in batch.next_offsets() {
            let doubt = partitions.entry(*partition).or_insert_with(|| Doubt {
                outputs_from: Arc::clone(outputs_from),
                offsets: BTreeSet::new(),
                next_offset: *next_offset,
            });
            doubt.next_offset = doubt.next_offset.max(*next_offset);
        }
        for (partition, offset) in batch.in_hand() {
            if let Some(doubt) = partitions.get_mut(&partition) {
                doubt.offsets.insert(offset);
            }
        }
    }

    fn of(&self, partition: SourcePartition) -> Option<Doubt> {
        let partitions = self.partitions.lock().unwrap_or_else(PoisonError::into_inner);
        partitions.get(&partition).cloned()
    }

    pub(super) fn settled(&self, partition: SourcePartition) {
        self.partitions.lock().unwrap_or_else(PoisonError::into_inner).remove(&partition);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed assumption fails the test")]
mod tests {
    use super::*;

    fn source(partition: i32) -> SourcePartition {
        SourcePartition { topic: 0, partition }
    }

    fn ends(at: i64) -> Arc<Positions> {
        Arc::new([((String::from("approved"), 0), at)].into_iter().collect())
    }

    fn acknowledge(doubts: &InDoubt, first: i64, next_offset: i64, outputs_from: &Arc<Positions>) {
        let mut all = doubts.acknowledged.lock().unwrap();
        all.entry(source(0)).or_default().note(|| first, next_offset, outputs_from);
    }

    fn outputs_from(wanted: &Wanted) -> i64 {
        *wanted.outputs_from.values().next().unwrap()
    }

    #[test]
    fn what_was_acknowledged_and_is_forgotten_is_looked_for() {
        let doubts = InDoubt::default();
        let (early, late) = (ends(7), ends(70));
        acknowledge(&doubts, 0, 10, &early);
        acknowledge(&doubts, 10, 20, &early);
        acknowledge(&doubts, 20, 30, &late);
        assert!(doubts.wanted(source(0), 30).is_none(), "the group remembers as much");
        let wanted = doubts.wanted(source(0), 25).unwrap();
        assert_eq!((wanted.forgotten.clone(), outputs_from(&wanted)), (25..30, 70));
        assert!(!wanted.contains(24) && wanted.contains(25) && !wanted.contains(30));
        let wanted = doubts.wanted(source(0), 19).unwrap();
        assert_eq!((wanted.forgotten.clone(), outputs_from(&wanted)), (19..30, 7));
        assert!(doubts.wanted(source(1), 0).is_none(), "another partition");
    }

    #[test]
    fn where_somebody_else_has_gone_on_nothing_is_looked_for() {
        let doubts = InDoubt::default();
        acknowledge(&doubts, 0, 10, &ends(7));
        assert!(doubts.wanted(source(0), 11).is_none());
        assert!(doubts.wanted(source(0), 5).is_none(), "what we knew is old since then");
    }

    #[test]
    fn ends_are_remembered_for_a_while_and_the_oldest_serve_what_is_older() {
        let mut known = Acknowledged::default();
        for n in 0..2 * REMEMBERED_ENDS_MAX as i64 {
            known.note(|| n * 10, n * 10 + 10, &ends(n));
        }
        assert_eq!(known.outputs_from.len(), REMEMBERED_ENDS_MAX);
        let oldest = known.outputs_from.front().unwrap().1.values().next().copied();
        let found = known.outputs_of(0).unwrap();
        assert_eq!(found.values().next().copied(), oldest);
    }
}

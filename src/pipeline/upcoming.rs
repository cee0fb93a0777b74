//! What is next of each partition in hand, and nothing behind a batch nobody can unpack.
//!
//! A batch that is too large unpacked, damaged, or of a kind the client does not know: librdkafka then asks for it again for
//! ever or, when a checksum is wrong, goes on behind it. Here its partition stands before it, paused and named, and the
//! others go on. Now and then it is read again, since another replica may have it whole.
//!
//! INVARIANT: a message is taken once, in the order of its partition. What is not next is dropped: it was fetched for a
//! former life of the partition, or librdkafka hands it out a second time, and taken twice it would be decided twice.
//! INVARIANT: no message behind such a batch is decided before the batch was read: after a trouble its partition takes
//! nothing up until it has been sought back to where it stands.

use crate::kafka::native::{NativeError, Trouble};
use crate::kafka::source::SourcePartition;
use crate::kafka::{is_offset_lost, is_unreadable_batch, place_of_batch};
use rdkafka::Offset;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// How often a batch that nobody can unpack is read again. Unpacking a bomb in vain takes a core for a moment.
const RETRY_INTERVAL: Duration = Duration::from_secs(5);

/// Where a partition stands that met a batch nobody can unpack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    /// Before it; it could not be unpacked at that time.
    Before(Instant),
    /// It is being read again; what comes is the batch itself, or the same trouble.
    Again,
}

/// The partitions in hand.
#[derive(Default)]
pub(super) struct Upcoming {
    /// The starting point, then behind the last message.
    next: BTreeMap<SourcePartition, Offset>,
    standing: BTreeMap<SourcePartition, Standing>,
}

/// What one look into the inbox has brought beside messages that are next.
#[derive(Default)]
pub(super) struct Arrivals {
    /// Messages that were not next.
    pub(super) n_stale: u64,
    /// Partitions whose batch was read after all.
    pub(super) read: Vec<SourcePartition>,
    /// Batches nobody can unpack.
    pub(super) unreadable: Vec<Trouble>,
    /// Anything else.
    pub(super) errors: Vec<NativeError>,
}

impl Upcoming {
    /// A partition is taken up here.
    pub(super) fn take_up(&mut self, partition: SourcePartition, from: Offset) {
        self.next.insert(partition, from);
        self.standing.remove(&partition);
    }

    /// A partition is somebody else's. Returns whether it stood before a batch nobody can unpack, paused.
    pub(super) fn give_away(&mut self, partition: SourcePartition) -> bool {
        self.next.remove(&partition);
        self.standing.remove(&partition).is_some()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.next.is_empty()
    }

    /// Partitions in hand, and what is next of each.
    pub(super) fn iter(&self) -> impl Iterator<Item = (SourcePartition, Offset)> {
        self.next.iter().map(|(partition, next)| (*partition, *next))
    }

    /// What is next of a partition in hand.
    pub(super) fn next(&self, partition: SourcePartition) -> Option<Offset> {
        self.next.get(&partition).copied()
    }

    /// A partition that is missing beside the same one of another topic, of so many topics.
    pub(super) fn apart(&self, n_topics: usize) -> Option<SourcePartition> {
        if n_topics < 2 {
            return None;
        }
        let all = self.next.keys().flat_map(|source| {
            (0..n_topics).map(|topic| SourcePartition { topic, partition: source.partition })
        });
        all.into_iter().find(|source| !self.next.contains_key(source))
    }

    /// Whether this message is to be taken: then what lies behind it is next.
    pub(super) fn admit(
        &mut self,
        partition: SourcePartition,
        offset: i64,
        arrivals: &mut Arrivals,
    ) -> bool {
        let next = self.next.get_mut(&partition).filter(|next| is_due(**next, offset));
        let (Some(next), None | Some(Standing::Again)) = (next, self.standing.get(&partition))
        else {
            arrivals.n_stale += 1;
            return false;
        };
        *next = Offset::Offset(offset + 1);
        if self.standing.remove(&partition).is_some() {
            arrivals.read.push(partition);
        }
        true
    }

    /// Something came instead of messages.
    pub(super) fn meet(&mut self, trouble: Trouble, arrivals: &mut Arrivals) {
        let Some(partition) = trouble.source else {
            arrivals.errors.push(trouble.error);
            return;
        };
        if is_unreadable_batch(&trouble.error) {
            let stands_before = matches!(self.standing.get(&partition), Some(Standing::Before(_)));
            if stands_before || !self.next.contains_key(&partition) {
                return; // before the first one already, or of a former life of the partition
            }
            // at once: what follows in the partition stands behind it
            self.standing.insert(partition, Standing::Before(Instant::now()));
            arrivals.unreadable.push(trouble);
        } else if is_offset_lost(trouble.error.code) && self.standing.contains_key(&partition) {
            // librdkafka went on behind a damaged batch and found no log there; the partition is sought back
        } else {
            arrivals.errors.push(trouble.error);
        }
    }

    /// Where a partition stands that met such a batch at `offset`; `None` when it is not in hand.
    pub(super) fn stand_before(&mut self, partition: SourcePartition, offset: i64) -> Option<i64> {
        let next = self.next.get_mut(&partition)?;
        // what is next stays next: behind a damaged batch librdkafka reads offsets out of the middle of records
        Some(match next {
            Offset::Offset(next) => place_of_batch(*next, offset),
            _ => {
                let offset = place_of_batch(0, offset);
                *next = Offset::Offset(offset);
                offset
            }
        })
    }

    /// Partitions whose batch is to be read again, and where.
    pub(super) fn due_again(&self) -> Vec<(SourcePartition, Offset)> {
        let is_due = |standing: &Standing| match standing {
            Standing::Before(at) => at.elapsed() >= RETRY_INTERVAL,
            Standing::Again => false,
        };
        let due = self.standing.iter().filter(|(_, standing)| is_due(standing));
        due.filter_map(|(partition, _)| Some((*partition, self.next(*partition)?))).collect()
    }

    /// A partition was sought back to its batch, or could not be.
    pub(super) fn sought(&mut self, partition: SourcePartition, is_sought: bool) {
        let standing = if is_sought { Standing::Again } else { Standing::Before(Instant::now()) };
        self.standing.insert(partition, standing);
    }

    /// Every partition was sought back to what is next.
    pub(super) fn sought_all(&mut self) {
        self.standing.values_mut().for_each(|standing| *standing = Standing::Again);
    }

    /// Whether a partition stands before a batch nobody can unpack.
    pub(super) fn stands(&self, partition: SourcePartition) -> bool {
        self.standing.contains_key(&partition)
    }

    /// Whether any does.
    pub(super) fn any_stands(&self) -> bool {
        !self.standing.is_empty()
    }
}

/// Whether a partition that continues at `next` continues with this offset. Offsets between may be missing:
/// control records, or records that were compacted or deleted.
fn is_due(next: Offset, offset: i64) -> bool {
    match next {
        Offset::Offset(next) => offset >= next,
        _ => true,
    }
}

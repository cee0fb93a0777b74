//! Notices a partition that nothing comes from although records wait in it.
//!
//! Seen after brokers were killed under load: a member of the group in good standing whose client never fetches a
//! partition again. Nothing outside shows it but a lag that grows. A lane that stands still gets a new consumer.

use super::upcoming::Upcoming;
use crate::kafka::scan::{First, ScanError};
use crate::kafka::source::SourcePartition;
use rdkafka::Offset;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// How often positions are compared.
const INTERVAL: Duration = Duration::from_secs(5);
/// Comparisons in a row that find a partition where it was, although its end is further.
const STILL_MAX: u32 = 3;

/// Who looks into the input topic past the lane's own consumer.
pub(super) trait InputLog {
    /// Where these partitions end as far as is committed; `None` when the brokers do not say.
    fn ends(&self, partitions: Vec<SourcePartition>) -> Option<BTreeMap<SourcePartition, i64>>;
    /// What lies at an offset or behind it.
    fn first(&self, partition: SourcePartition, offset: i64) -> Result<First, ScanError>;
}

/// What the last comparison found.
#[derive(Default)]
pub(super) struct Standstill {
    compared_at: Option<Instant>,
    partitions: BTreeMap<SourcePartition, Place>,
}

/// A partition at the last comparison.
#[derive(Clone, Copy)]
struct Place {
    /// What was to be taken up next.
    next_offset: i64,
    /// How often it was found there with something behind it.
    n_still: u32,
    /// Up to here only control records lie behind it, which no consumer hands out.
    empty_up_to: i64,
}

/// A partition that nothing comes of.
#[derive(Debug)]
pub(super) struct Still {
    pub(super) partition: SourcePartition,
    /// What should have come.
    pub(super) next_offset: i64,
    /// What was found there, or why nobody can tell.
    pub(super) found: Result<First, ScanError>,
}

impl Standstill {
    /// To be called when nothing has come. `None` also when brokers do not say where partitions end, and between two
    /// comparisons.
    pub(super) fn look(
        &mut self,
        upcoming: &Upcoming,
        log: &impl InputLog,
        now: Instant,
    ) -> Option<Still> {
        let is_due = |at: Instant| now.saturating_duration_since(at) >= INTERVAL;
        if !self.compared_at.is_none_or(is_due) {
            return None;
        }
        self.compared_at = Some(now);
        let quiet = self.quiet(upcoming);
        let ends = log.ends(quiet)?;
        ends.into_iter().find_map(|(partition, end)| self.compare(partition, end, log))
    }

    /// Notes where partitions are; those that were there the last time. Why nothing comes of one that stands before a
    /// batch nobody can unpack is known, and said.
    fn quiet(&mut self, upcoming: &Upcoming) -> Vec<SourcePartition> {
        let before = std::mem::take(&mut self.partitions);
        let mut quiet = Vec::new();
        for (partition, next) in upcoming.iter() {
            let Offset::Offset(next_offset) = next else { continue };
            let same = before.get(&partition).filter(|place| place.next_offset == next_offset);
            if same.is_some() && !upcoming.stands(partition) {
                quiet.push(partition);
            }
            let place = same.copied().unwrap_or(Place { next_offset, n_still: 0, empty_up_to: 0 });
            self.partitions.insert(partition, place);
        }
        quiet
    }

    fn compare(
        &mut self,
        partition: SourcePartition,
        end_offset: i64,
        log: &impl InputLog,
    ) -> Option<Still> {
        let place = self.partitions.get_mut(&partition)?;
        if end_offset <= place.next_offset.max(place.empty_up_to) {
            place.n_still = 0;
            return None;
        }
        place.n_still += 1;
        if place.n_still < STILL_MAX {
            return None;
        }
        let next_offset = place.next_offset;
        match log.first(partition, next_offset) {
            Ok(First::End) => {
                (place.n_still, place.empty_up_to) = (0, end_offset);
                None
            }
            // a look that fails says as little as the consumer did: a new one is asked, which will say why
            found @ (Ok(First::Record { .. } | First::UnreadableBatch { .. } | First::Outside)
            | Err(_)) => Some(Still { partition, next_offset, found }),
        }
    }
}

//! Notices a partition that nothing comes from although records wait in it.
//!
//! Seen after brokers were killed under load: a member of the group in good standing whose client never fetches a
//! partition again. Nothing outside shows it but a lag that grows. A lane that stands still gets a new consumer.

use super::{Lane, LaneError};
use crate::kafka::REQUEST_TIMEOUT;
use crate::kafka::offsets::offsets;
use crate::kafka::scan::{First, first};
use rdkafka::Offset;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// How often positions are compared.
const INTERVAL: Duration = Duration::from_secs(5);
/// Comparisons in a row that find a partition where it was, although its end is further.
const STILL_MAX: u32 = 3;

/// What the last comparison found.
#[derive(Default)]
pub(super) struct Standstill {
    compared_at: Option<Instant>,
    partitions: BTreeMap<i32, Place>,
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

impl<'c> Lane<'c> {
    /// To be called when nothing has come.
    ///
    /// # Errors
    /// [`LaneError::StandsStill`] when a record was found that the consumer does not bring, or nobody can tell what
    /// is there. Brokers that do not say where a partition ends are no error.
    pub(super) fn look_for_standstill(&mut self) -> Result<(), LaneError> {
        let is_due = |at: Instant| at.elapsed() >= INTERVAL;
        if self.is_paused || !self.standstill.compared_at.is_none_or(is_due) {
            return Ok(());
        }
        self.standstill.compared_at = Some(Instant::now());
        let before = std::mem::take(&mut self.standstill.partitions);
        for (partition, next) in &self.next_up {
            let Offset::Offset(next_offset) = *next else { continue };
            let same = before.get(partition).filter(|place| place.next_offset == next_offset);
            let place = same.copied().unwrap_or(Place { next_offset, n_still: 0, empty_up_to: 0 });
            self.standstill.partitions.insert(*partition, place);
        }
        let quiet = self.standstill.partitions.iter();
        let quiet = quiet.filter(|(partition, place)| {
            before.get(partition).is_some_and(|known| known.next_offset == place.next_offset)
                // why nothing comes is known, and said
                && !self.unreadable.contains_key(partition)
        });
        let quiet: Vec<i32> = quiet.map(|(partition, _)| *partition).collect();
        let topic = &self.parts.outbound_topic;
        let client = &self.parts.committed_ends;
        let Ok(ends) = offsets(client, topic, quiet, Offset::End, REQUEST_TIMEOUT) else {
            return Ok(());
        };
        for (partition, end_offset) in ends {
            self.compare(partition, end_offset)?;
        }
        Ok(())
    }

    fn compare(&mut self, partition: i32, end_offset: i64) -> Result<(), LaneError> {
        let Some(place) = self.standstill.partitions.get_mut(&partition) else { return Ok(()) };
        if end_offset <= place.next_offset.max(place.empty_up_to) {
            place.n_still = 0;
            return Ok(());
        }
        place.n_still += 1;
        if place.n_still < STILL_MAX {
            return Ok(());
        }
        let (topic, next_offset) = (&self.parts.outbound_topic, place.next_offset);
        match first(&self.parts.scan_config, topic, partition, next_offset, REQUEST_TIMEOUT) {
            Ok(First::End) => {
                (place.n_still, place.empty_up_to) = (0, end_offset);
                Ok(())
            }
            // a look that fails says as little as the consumer did: a new one is asked, which will say why
            found @ (Ok(First::Record { .. } | First::UnreadableBatch { .. } | First::Outside)
            | Err(_)) => {
                tracing::warn!(
                    lane = self.number,
                    partition,
                    next_offset,
                    ?found,
                    "nothing comes of a partition"
                );
                Err(LaneError::StandsStill { topic: topic.clone(), partition, next_offset })
            }
        }
    }
}

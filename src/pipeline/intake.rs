//! What a lane takes from its inbox: of each partition what is next, and nothing behind a batch nobody can unpack.

use super::unreadable::Standing;
use super::{Batch, Lane, LaneError};
use crate::kafka::{is_offset_lost, is_unreadable_batch};
use rdkafka::Offset;
use rdkafka::error::KafkaError;
use std::time::{Duration, Instant};

impl<'c> Lane<'c> {
    /// Takes what is next of each partition in hand. What is not next is dropped: it was fetched for a former
    /// life of the partition, or librdkafka hands it out a second time; a message taken twice would be decided
    /// twice.
    pub(super) fn take(
        &mut self,
        wait: Duration,
        n_max: usize,
        batch: &mut Batch<'c>,
    ) -> Result<usize, LaneError> {
        let (mut n_stale, mut errors) = (0, Vec::new());
        let (mut unreadable, mut read) = (Vec::new(), Vec::new());
        let standings = &mut self.unreadable;
        let n_taken = self.inbox.poll(wait, n_max, |taken| match taken {
            Ok(message) => match self.next_up.get_mut(&message.partition()) {
                Some(next) if is_due(*next, message.offset()) => {
                    match standings.get(&message.partition()) {
                        Some(Standing::Before(_)) => return n_stale += 1,
                        Some(Standing::Again) if !read.contains(&message.partition()) => {
                            read.push(message.partition());
                        }
                        Some(Standing::Again) | None => {}
                    }
                    *next = Offset::Offset(message.offset() + 1);
                    batch.push(message);
                }
                Some(_) | None => n_stale += 1,
            },
            // at once: what follows in the partition stands behind it
            Err(trouble) if is_unreadable_batch(&trouble.error) => {
                if let Some(Standing::Before(_)) = standings.get(&trouble.partition) {
                    return; // it stands before the first one
                }
                standings.insert(trouble.partition, Standing::Before(Instant::now()));
                unreadable.push(trouble);
            }
            // librdkafka went on behind a damaged batch and found no log there; the partition is sought back
            Err(trouble)
                if is_offset_lost(trouble.error.code)
                    && standings.contains_key(&trouble.partition) => {}
            Err(trouble) => errors.push(trouble.error),
        });
        if n_stale > 0 {
            self.parts.metrics.stale_messages.inc_by(n_stale);
            tracing::debug!(lane = self.number, n_stale, "messages that are not next are dropped");
        }
        for partition in read {
            self.is_read_after_all(partition);
        }
        for trouble in &unreadable {
            // it may have been read, and been met by the next one
            self.unreadable.entry(trouble.partition).or_insert(Standing::Before(Instant::now()));
        }
        self.stand_before(&unreadable);
        for error in errors {
            self.consumer_error(KafkaError::MessageConsumption(error.code))?;
        }
        Ok(n_taken)
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

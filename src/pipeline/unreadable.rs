//! Batches of messages that the client cannot unpack.
//!
//! Too large unpacked, damaged, or of a kind it does not know: librdkafka then asks for the batch again for ever or, when
//! a checksum is wrong, goes on behind it. Here its partition stands before it, paused and named, and the others go
//! on. Now and then it is read again, since another replica may have it whole.
//!
//! INVARIANT: no message behind such a batch is decided before the batch was read: after a trouble its partition takes
//! nothing up until it has been sought back to where it stands.

use super::Lane;
use crate::kafka::native::Trouble;
use crate::kafka::{REQUEST_TIMEOUT, place_of_batch};
use crate::metrics::{HoldCause, Topic};
use crate::status::{Holder, Place};
use rdkafka::consumer::Consumer;
use rdkafka::{Offset, TopicPartitionList};
use std::time::{Duration, Instant};

/// How often such a batch is read again. Unpacking a bomb in vain takes a core for a moment.
const RETRY_INTERVAL: Duration = Duration::from_secs(5);

/// Where a partition stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// Before a batch that could not be unpacked at that time.
    Before(Instant),
    /// It is being read again; what comes is the batch itself, or the same trouble.
    Again,
}

impl<'c> Lane<'c> {
    /// Partitions that met such a batch are paused and named.
    pub(super) fn stand_before(&mut self, troubles: &[Trouble]) {
        for Trouble { partition, offset, error } in troubles {
            let Some(next) = self.next_up.get_mut(partition) else { continue };
            // what is next stays next: behind a damaged batch librdkafka reads offsets out of the middle of records
            let offset = match next {
                Offset::Offset(next) => place_of_batch(*next, *offset),
                _ => {
                    let offset = place_of_batch(0, *offset);
                    *next = Offset::Offset(offset);
                    offset
                }
            };
            self.pause_one(*partition);
            let place = Place {
                topic: Topic::OutboundMessage,
                partition: *partition,
                offset: Some(offset),
            };
            let (code, text) = (error.code, &error.text);
            if let Some(n_suppressed) =
                self.warnings.admit("unreadable_batch", i64::from(*partition))
            {
                tracing::warn!(
                    topic = %self.parts.outbound_topic, partition, offset, ?code, n_suppressed,
                    "a batch of messages cannot be unpacked; its partition stands before it: {text}"
                );
            }
            let detail = format!("partition {partition}: {code:?}: {text}");
            let holder = Holder::Lane(self.number);
            self.parts.status.hold(holder, HoldCause::UnreadableBatch, &[place], &detail);
        }
    }

    /// Reads batches again that could not be unpacked, and forgets those that could.
    pub(super) fn retry_unreadable(&mut self) {
        if self.is_paused {
            return; // going on begins with a seek everywhere
        }
        let is_due = |standing: &Standing| match standing {
            Standing::Before(at) => at.elapsed() >= RETRY_INTERVAL,
            Standing::Again => false,
        };
        let due = self.unreadable.iter().filter(|(_, standing)| is_due(standing));
        for partition in due.map(|(partition, _)| *partition).collect::<Vec<_>>() {
            let Some(next) = self.next_up.get(&partition) else { continue };
            let topic = &self.parts.outbound_topic;
            let sought = self.consumer.seek(topic, partition, *next, REQUEST_TIMEOUT);
            let resumed = sought.and_then(|()| self.consumer.resume(&self.only(partition)));
            let standing = match resumed {
                Ok(()) => Standing::Again,
                Err(error) => {
                    tracing::debug!(partition, %error, "cannot read a batch again");
                    Standing::Before(Instant::now())
                }
            };
            self.unreadable.insert(partition, standing);
        }
    }

    /// The batch was read after all.
    pub(super) fn is_read_after_all(&mut self, partition: i32) {
        self.unreadable.remove(&partition);
        let (holder, cause) = (Holder::Lane(self.number), HoldCause::UnreadableBatch);
        self.parts.status.release_place(holder, cause, Topic::OutboundMessage, partition);
    }

    /// A cause is over, but for partitions that stand before a batch of their own: one of consent may have been met.
    pub(super) fn release_cause(&self, cause: HoldCause) {
        let (holder, status) = (Holder::Lane(self.number), &self.parts.status);
        if cause != HoldCause::UnreadableBatch || self.unreadable.is_empty() {
            return status.release(holder, cause);
        }
        let others =
            self.next_up.keys().filter(|partition| !self.unreadable.contains_key(partition));
        for partition in others {
            status.release_place(holder, cause, Topic::OutboundMessage, *partition);
        }
    }

    fn pause_one(&self, partition: i32) {
        if let Err(error) = self.consumer.pause(&self.only(partition)) {
            tracing::warn!(lane = self.number, partition, %error, "cannot pause");
        }
    }

    fn only(&self, partition: i32) -> TopicPartitionList {
        let mut only = TopicPartitionList::with_capacity(1);
        only.add_partition(&self.parts.outbound_topic, partition);
        only
    }
}

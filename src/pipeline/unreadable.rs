//! A lane that met a batch of messages nobody can unpack (`upcoming.rs`): its partition is paused, named, and read again.

use super::Lane;
use crate::kafka::REQUEST_TIMEOUT;
use crate::kafka::native::Trouble;
use crate::metrics::{HoldCause, Topic};
use crate::status::{Holder, Place};
use rdkafka::TopicPartitionList;
use rdkafka::consumer::Consumer;

impl Lane<'_> {
    /// Partitions that met such a batch are paused and named.
    pub(super) fn stand_before(&mut self, troubles: &[Trouble]) {
        for Trouble { partition, offset, error } in troubles {
            let Some(offset) = self.upcoming.stand_before(*partition, *offset) else { continue };
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
                    topic = %self.settings.outbound_topic, partition, offset, ?code, n_suppressed,
                    "a batch of messages cannot be unpacked; its partition stands before it: {text}"
                );
            }
            let detail = format!("partition {partition}: {code:?}: {text}");
            let holder = Holder::Lane(self.number);
            self.shared.status.hold(holder, HoldCause::UnreadableBatch, &[place], &detail);
        }
    }

    /// Reads batches again that could not be unpacked, and forgets those that could.
    pub(super) fn retry_unreadable(&mut self) {
        if self.is_paused {
            return; // going on begins with a seek everywhere
        }
        for (partition, next) in self.upcoming.due_again() {
            let topic = &self.settings.outbound_topic;
            let sought = self.consumer.seek(topic, partition, next, REQUEST_TIMEOUT);
            let resumed = sought.and_then(|()| self.consumer.resume(&self.only(partition)));
            if let Err(error) = &resumed {
                tracing::debug!(partition, %error, "cannot read a batch again");
            }
            self.upcoming.sought(partition, resumed.is_ok());
        }
    }

    /// The batch was read after all.
    pub(super) fn is_read_after_all(&self, partition: i32) {
        let (holder, cause) = (Holder::Lane(self.number), HoldCause::UnreadableBatch);
        self.shared.status.release_place(holder, cause, Topic::OutboundMessage, partition);
    }

    /// A cause is over, but for partitions that stand before a batch of their own: one of consent may have been met.
    pub(super) fn release_cause(&self, cause: HoldCause) {
        let (holder, status) = (Holder::Lane(self.number), &self.shared.status);
        if cause != HoldCause::UnreadableBatch || !self.upcoming.any_stands() {
            return status.release(holder, cause);
        }
        let all = self.upcoming.iter().map(|(partition, _)| partition);
        for partition in all.filter(|partition| !self.upcoming.stands(*partition)) {
            status.release_place(holder, cause, Topic::OutboundMessage, partition);
        }
    }

    fn pause_one(&self, partition: i32) {
        if let Err(error) = self.consumer.pause(&self.only(partition)) {
            tracing::warn!(lane = self.number, partition, %error, "cannot pause");
        }
    }

    fn only(&self, partition: i32) -> TopicPartitionList {
        let mut only = TopicPartitionList::with_capacity(1);
        only.add_partition(&self.settings.outbound_topic, partition);
        only
    }
}

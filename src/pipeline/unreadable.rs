//! A lane that met a batch of messages nobody can unpack (`upcoming.rs`): its partition is paused, named, and read again.

use super::Lane;
use crate::kafka::REQUEST_TIMEOUT;
use crate::kafka::native::Trouble;
use crate::kafka::source::SourcePartition;
use crate::metrics::{HoldCause, Topic};
use crate::status::{Holder, Place};
use rdkafka::TopicPartitionList;
use rdkafka::consumer::Consumer;

impl Lane<'_> {
    /// Partitions that met such a batch are paused and named.
    pub(super) fn stand_before(&mut self, troubles: &[Trouble]) {
        for Trouble { source, offset, error } in troubles {
            let Some(source) = *source else { continue };
            let Some(offset) = self.upcoming.stand_before(source, *offset) else { continue };
            self.pause_one(source);
            let place = Place::of(source, Some(offset));
            let SourcePartition { topic, partition } = source;
            let topic = self.settings.topics.name(topic);
            let (code, text) = (error.code, &error.text);
            if let Some(n_suppressed) = self.warnings.admit("unreadable_batch", source.number()) {
                tracing::warn!(
                    %topic, partition, offset, ?code, n_suppressed,
                    "a batch of messages cannot be unpacked; its partition stands before it: {text}"
                );
            }
            let detail = format!("`{topic}` partition {partition}: {code:?}: {text}");
            let holder = Holder::Lane(self.number);
            self.shared.status.hold(holder, HoldCause::UnreadableBatch, &[place], &detail);
        }
    }

    /// Reads batches again that could not be unpacked, and forgets those that could.
    pub(super) fn retry_unreadable(&mut self) {
        if self.is_paused {
            return; // going on begins with a seek everywhere
        }
        for (source, next) in self.upcoming.due_again() {
            let topic = self.settings.topics.name(source.topic);
            let sought = self.consumer.seek(topic, source.partition, next, REQUEST_TIMEOUT);
            let resumed = sought.and_then(|()| self.consumer.resume(&self.only(source)));
            if let Err(error) = &resumed {
                let place = self.settings.topics.told(source);
                tracing::debug!(%place, %error, "cannot read a batch again");
            }
            self.upcoming.sought(source, resumed.is_ok());
        }
    }

    /// The batch was read after all.
    pub(super) fn is_read_after_all(&self, source: SourcePartition) {
        let (holder, cause) = (Holder::Lane(self.number), HoldCause::UnreadableBatch);
        self.shared.status.release_place(
            holder,
            cause,
            Topic::Outbound(source.topic),
            source.partition,
        );
    }

    /// A cause is over, but for partitions that stand before a batch of their own: one of consent may have been met.
    pub(super) fn release_cause(&self, cause: HoldCause) {
        let (holder, status) = (Holder::Lane(self.number), &self.shared.status);
        if cause != HoldCause::UnreadableBatch || !self.upcoming.any_stands() {
            return status.release(holder, cause);
        }
        let all = self.upcoming.iter().map(|(source, _)| source);
        for source in all.filter(|source| !self.upcoming.stands(*source)) {
            status.release_place(holder, cause, Topic::Outbound(source.topic), source.partition);
        }
    }

    fn pause_one(&self, source: SourcePartition) {
        if let Err(error) = self.consumer.pause(&self.only(source)) {
            let place = self.settings.topics.told(source);
            tracing::warn!(lane = self.number, %place, %error, "cannot pause");
        }
    }

    fn only(&self, source: SourcePartition) -> TopicPartitionList {
        self.settings.topics.to_list([source])
    }
}

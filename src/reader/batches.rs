//! Batches of consent changes that the client cannot unpack.
//!
//! Too large unpacked, damaged, or of a kind it does not know: librdkafka then asks for the batch again for ever or, when
//! a checksum is wrong, goes on behind it. Opt-outs may stand in it, so the partition stands before it, and the gate
//! holds through the barrier. Now and then it is read again, since another replica may have it whole. An operator
//! releases it like a record that nobody can read, by the offset it is named with; then all of the batch is passed.

use super::assignment::only;
use super::{Reader, Stand, place_of, progress_of};
use crate::kafka::native::NativeError;
use crate::kafka::scan::offset_behind_batch;
use crate::kafka::{GateContext, REQUEST_TIMEOUT, place_of_batch};
use crate::metrics::{HoldCause, Topic};
use crate::reader::dead_letter::{DeadLetter, Place, UNREADABLE_BATCH};
use crate::status::Holder;
use gate_engine::Owner;
use rdkafka::Offset;
use rdkafka::consumer::{BaseConsumer, Consumer};
use std::time::{Duration, Instant};

/// How often such a batch is read again. Unpacking a bomb in vain takes a core for a moment.
const RETRY_INTERVAL: Duration = Duration::from_secs(5);

/// A batch that stands in the way of its partition.
pub(super) struct BadBatch {
    /// The next offset of the partition, in the batch or before it.
    at: i64,
    tried_at: Instant,
    is_paused: bool,
}

impl Reader {
    /// The partition stands before it.
    pub(super) fn stand_before(&mut self, partition: i32, offset: i64, error: &NativeError) {
        let index = usize::try_from(partition).unwrap_or(usize::MAX);
        let Some(progress) = self.progress.get(index) else { return };
        if let Some(Stand::Poisoned(_) | Stand::Unreadable(_)) = self.stands.get(index) {
            return; // it stands before something else, or before the first of several
        }
        let at = place_of_batch(progress.next_offset, offset);
        self.bad_batches
            .insert(partition, BadBatch { at, tried_at: Instant::now(), is_paused: false });
        self.stand(partition, Stand::Unreadable(at));
        self.put_batch_aside((partition, at));
        let (code, text) = (error.code, &error.text);
        if let Some(n_suppressed) = self.warnings.admit("unreadable_batch", i64::from(partition)) {
            tracing::warn!(
                topic = %self.parts.topic, partition, offset = at, ?code, n_suppressed,
                "a batch of consent changes cannot be unpacked, and opt-outs may stand in it: the gate holds: {text}"
            );
        }
        let detail = format!("partition {partition}: {code:?}: {text}");
        let place = place_of(partition, at);
        self.parts.status.hold(Holder::Reader, HoldCause::UnreadableBatch, &[place], &detail);
    }

    /// A release counts only behind a dead letter. One that cannot be staged now is staged when the batch is read again.
    fn put_batch_aside(&mut self, place: Place) {
        let letter = DeadLetter {
            place,
            key: None,
            value: None,
            class: UNREADABLE_BATCH,
            field: None,
            owner: Owner::Unknown,
            is_applied: false,
            is_plain: false,
        };
        if let Err(error) = self.parts.dead_letters.stage(&letter) {
            tracing::warn!(%error, "an unreadable batch is not in the dead-letter topic yet; trying again");
        }
    }

    /// The partitions that stand before such a batch, and where.
    pub(super) fn stopped_before_batches(&self) -> Vec<(i32, i64)> {
        let standing = (0i32..).zip(&self.stands).filter_map(|(partition, stand)| match stand {
            Stand::Unreadable(at) => Some((partition, *at)),
            Stand::Reading | Stand::Seek(_) | Stand::Poisoned(_) => None,
        });
        standing.collect()
    }

    /// Pauses partitions that stand before such a batch, lets them try again, and notices when they are past it.
    pub(super) fn tend_bad_batches(&mut self, consumer: &BaseConsumer<GateContext>) {
        let partitions: Vec<i32> = self.bad_batches.keys().copied().collect();
        for partition in partitions {
            let index = usize::try_from(partition).unwrap_or(usize::MAX);
            let next_offset = self.progress.get(index).map_or(0, |progress| progress.next_offset);
            let is_standing = matches!(self.stands.get(index), Some(Stand::Unreadable(_)));
            let Some(bad) = self.bad_batches.get_mut(&partition) else { continue };
            let only = only(&self.parts.topic, partition);
            if !is_standing && next_offset > bad.at {
                let is_paused = bad.is_paused;
                if is_paused && consumer.resume(&only).is_err() {
                    continue; // with the next turn
                }
                self.bad_batches.remove(&partition);
                self.publish_unreadable(partition);
                let (cause, topic) = (HoldCause::UnreadableBatch, Topic::ConsentChange);
                self.parts.status.release_place(Holder::Reader, cause, topic, partition);
            } else if is_standing && !bad.is_paused {
                bad.is_paused = consumer.pause(&only).is_ok();
            } else if is_standing && bad.tried_at.elapsed() >= RETRY_INTERVAL {
                bad.tried_at = Instant::now();
                if self.is_read_again(consumer, partition, next_offset) {
                    if let Some(bad) = self.bad_batches.get_mut(&partition) {
                        bad.is_paused = false;
                    }
                    self.stand(partition, Stand::Reading);
                }
            }
        }
    }

    fn is_read_again(
        &self,
        consumer: &BaseConsumer<GateContext>,
        partition: i32,
        from: i64,
    ) -> bool {
        let to = Offset::Offset(from);
        let sought = consumer.seek(&self.parts.topic, partition, to, REQUEST_TIMEOUT);
        // after an offset out of range the client has stopped the partition: only a new assignment starts it
        let is_sought = sought.is_ok() || self.assign(consumer).is_ok();
        is_sought && consumer.resume(&only(&self.parts.topic, partition)).is_ok()
    }

    /// Where to go on when the batch at `at` is released: behind all of it. `None` while nobody can tell.
    pub(super) fn behind_batch(&self, partition: i32, at: i64) -> Option<i64> {
        let (config, topic) = (&self.parts.scan_config, &self.parts.topic);
        let behind = offset_behind_batch(config, topic, partition, at, REQUEST_TIMEOUT);
        behind
            .inspect_err(|error| {
                tracing::warn!(partition, at, %error, "where a batch ends is not known yet");
            })
            .ok()
    }

    pub(super) fn publish_unreadable(&mut self, partition: i32) {
        let is_unreadable = self.bad_batches.contains_key(&partition);
        if let Some(progress) = progress_of(&mut self.progress, partition) {
            progress.is_unreadable = is_unreadable;
        }
    }
}

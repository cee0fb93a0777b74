//! Partitions that stand at a record nobody can attribute: it may be anybody's refusal.
//!
//! Once a second each such record is looked at again. Its owner may have become known through another partition, its
//! schema may have been registered, an operator may have released it. After a restart it is read like any other, so a
//! changed configuration counts too. Its dead letter is written once.

use super::{Holder, Incoming, Kept, Reader, ReaderError, Stand, Taken, place_of};
use crate::metrics::{HoldCause, Topic};
use crate::reader::dead_letter::UNREADABLE_BATCH;
use gate_codec::Unreadable;
use std::time::{Duration, Instant};

/// How often the records that partitions stand at are looked at again.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);

impl Reader {
    pub(super) fn poison(&mut self, record: &Incoming<'_>, why: Unreadable) {
        let (partition, offset) = record.place();
        self.stand(partition, Stand::Poisoned(offset));
        let n_bytes = self.kept.values().map(Kept::n_bytes).sum();
        self.kept.insert(partition, Kept::of(record, why, n_bytes));
        let (class, field, remedy) = (why.class.as_str(), why.field, why.class.remedy());
        tracing::error!(
            topic = %self.parts.topic,
            partition,
            offset,
            class,
            field,
            remedy,
            "a consent change cannot be read and nobody can tell whose it is: the gate holds; look at it in the \
             dead-letter topic, mend what wrote it, then release it with `consent-gate consent skip`"
        );
        let detail = format!(
            "an unreadable consent change, {why} ({remedy}); nobody can tell whose it is: release it with \
             `consent-gate consent skip`"
        );
        let place = place_of(partition, offset);
        self.parts.status.hold(Holder::Reader, HoldCause::ConsentPoison, &[place], &detail);
    }

    /// Goes on behind records that are understood, attributed or released by now.
    pub(super) fn look_again(&mut self) -> Result<(), ReaderError> {
        let batches = self.stopped_before_batches();
        let is_idle = self.kept.is_empty() && batches.is_empty();
        if is_idle || self.looked_again_at.elapsed() < LOOK_INTERVAL {
            return Ok(());
        }
        self.looked_again_at = Instant::now();
        for (partition, at) in batches {
            // where it ends is looked for only then: each look unpacks it in vain
            if self.is_place_released((partition, at), UNREADABLE_BATCH)
                && let Some(next_offset) = self.behind_batch(partition, at)
            {
                self.reach(partition, next_offset);
                self.stand(partition, Stand::Seek(next_offset));
            }
        }
        let before = self.progress.clone();
        for (partition, kept) in std::mem::take(&mut self.kept) {
            match self.take(&kept.incoming(partition))? {
                Taken::Applied { .. } => self.go_on(partition, kept.offset() + 1),
                Taken::Poison(_) | Taken::Again(..) => {
                    self.kept.insert(partition, kept);
                }
            }
        }
        self.commit_letters(&before, &mut super::Folded::default());
        Ok(self.store()?)
    }

    fn go_on(&mut self, partition: i32, next_offset: i64) {
        self.reach(partition, next_offset);
        self.stand(partition, Stand::Seek(next_offset));
        let cause = HoldCause::ConsentPoison;
        let topic = Topic::ConsentChange;
        self.parts.status.release_place(Holder::Reader, cause, topic, partition);
    }
}

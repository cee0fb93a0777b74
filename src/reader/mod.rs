//! The consent reader: reads every partition of the consent topic, folds it into the store, and publishes
//! how far it has come.
//!
//! One thread owns the writer, so there are no locks. Positions are stored in the same write as the state
//! they cover and published after it; the barrier trusts nothing else.
//!
//! An unreadable change is treated as a possible opt-out (promise P3): it goes to the dead-letter topic,
//! and the contact it or its key names is blocked until a later valid event. When nobody can tell whose it is,
//! its partition stops here until somebody can or an operator releases it (`poison.rs`), which holds the whole gate
//! through the barrier.
//!
//! INVARIANT: a position is stored only when the dead letters of everything before it are committed.

mod ahead;
mod assignment;
mod batches;
pub mod dead_letter;
mod incoming;
mod intake;
mod poison;
mod review;
#[cfg(test)]
mod tests;

use self::incoming::{Incoming, Kept};

use crate::barrier::Barrier;
use crate::barrier::ConsentTopic;
use crate::barrier::{Applied, Progress};
use crate::identity::Pepper;
use crate::kafka::native::{BatchReader, NativeError, Polled, Record};
use crate::kafka::{GateContext, REQUEST_TIMEOUT, is_offset_lost, is_unreadable_batch};
use crate::logging::Limited;
use crate::metrics::{HoldCause, Metrics, Sources, Topic};
use crate::reader::dead_letter::{DeadLetters, Lost};
use crate::records::ConsentRecords;
use crate::shutdown::Shutdown;
use crate::status::{Holder, Place, Status};
use crate::store::{StoreError, Writer};
use batches::BadBatch;
use gate_codec::Unreadable;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::{ClientConfig, Offset};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The thread's name in heartbeats.
const THREAD: &str = "consent-reader";
/// Records folded between two writes.
const BATCH_RECORDS_MAX: usize = 10_000;
/// How long an idle poll waits.
const POLL_WAIT: Duration = Duration::from_millis(100);
/// Pause between attempts while something outside is away.
const RETRY_PAUSE: Duration = Duration::from_millis(250);

/// The reader cannot go on; the process must stop.
#[derive(Debug, thiserror::Error)]
pub enum ReaderError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// librdkafka refused.
    #[error("consent reader: {0}")]
    Native(#[from] NativeError),
    /// rdkafka refused.
    #[error("consent reader: {0}")]
    Kafka(#[from] rdkafka::error::KafkaError),
    /// The topic is another one of the same name.
    #[error("`{topic}` was deleted and made again; starting again builds the state from it")]
    TopicRecreated {
        /// The consent topic.
        topic: String,
    },
    /// Records that the state does not have yet are gone from the topic.
    #[error(
        "`{topic}` partition {partition}: offset {next_offset} is gone from the log, and an opt-out may have stood there, \
         so nothing is decided; starting again does not help. Publish all consent once more to a new topic with unlimited \
         retention and name it in `topics.consent_change` (`consent-gate doctor` explains)"
    )]
    LogTruncated {
        /// The consent topic.
        topic: String,
        /// Partition.
        partition: i32,
        /// The position that can no longer be read.
        next_offset: i64,
    },
}

/// What the reader works with.
pub struct ReaderParts {
    /// The consent topic.
    pub topic: String,
    /// What brokers say about it.
    pub consent_topic: Arc<ConsentTopic>,
    /// Asks them.
    pub barrier: Barrier,
    /// Settings for a look at a partition beside the reading.
    pub scan_config: ClientConfig,
    /// Reads consent changes.
    pub records: ConsentRecords,
    /// Hashes identities.
    pub pepper: Arc<Pepper>,
    /// Owns the state.
    pub writer: Writer,
    /// Where progress is published.
    pub applied: Arc<Applied>,
    /// Where unreadable changes go.
    pub dead_letters: DeadLetters,
    /// Where texts go that a person must read.
    pub review: DeadLetters,
    /// Counts.
    pub metrics: Arc<Metrics>,
    /// Counts by the system a change comes from.
    pub sources: Sources,
    /// Readiness.
    pub status: Arc<Status>,
    /// When to stop.
    pub shutdown: Shutdown,
    /// Largest value that is read.
    pub value_bytes_max: usize,
    /// Record keys are contact ids, so an unreadable change can be told whose it is.
    pub key_names_contact: bool,
    /// How often the state is flushed to disk.
    pub checkpoint_interval: Duration,
}

/// The reader's thread.
pub struct Reader {
    parts: ReaderParts,
    progress: Vec<Progress>,
    stands: Vec<Stand>,
    /// The records that stopped partitions stand at.
    kept: BTreeMap<i32, Kept>,
    bad_batches: BTreeMap<i32, BadBatch>,
    warnings: Limited,
    /// Of each partition, whether its last record was dated by the producer.
    dated_by_producers: Vec<bool>,
    /// Said once, which is enough: it is a setting of the topic.
    has_told_dating: bool,
    /// Something outside is away; over when a record is taken and nothing has to be read again.
    waits: bool,
    looked_again_at: Instant,
    checkpoint_at: Instant,
}

/// Where a partition stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stand {
    /// It is read as records come.
    Reading,
    /// It must be read from this offset again; until the consumer has moved there, whatever it delivers is
    /// not the next record and must not be taken for it.
    Seek(i64),
    /// It stands at the unreadable record with this offset.
    Poisoned(i64),
    /// It stands before a batch that the client cannot unpack; this is the next offset.
    Unreadable(i64),
}

/// What became of one record.
enum Taken {
    /// It is in the batch. What the synthetic probe says is no business of the counts.
    Applied { is_probe: bool },
    /// The partition stands at this record, which cannot be read for that reason.
    Poison(Unreadable),
    /// Something outside is away; try the record again.
    Again(HoldCause, String),
}

/// What became of a batch.
#[derive(Default)]
struct Folded {
    taken: Vec<FoldedRecord>,
}

/// A record that is in the batch.
struct FoldedRecord {
    partition: i32,
    timestamp_ms: i64,
    is_probe: bool,
}

impl Reader {
    /// Takes over; nothing is read before [`Reader::run`].
    #[must_use]
    pub fn new(parts: ReaderParts) -> Self {
        let progress: Vec<Progress> = parts
            .writer
            .positions()
            .iter()
            .map(|next_offset| Progress { next_offset: *next_offset, ..Progress::default() })
            .collect();
        let stands = vec![Stand::Reading; progress.len()];
        let now = Instant::now();
        Self {
            parts,
            dated_by_producers: vec![false; progress.len()],
            has_told_dating: false,
            progress,
            stands,
            kept: BTreeMap::new(),
            bad_batches: BTreeMap::new(),
            warnings: Limited::new(),
            waits: false,
            looked_again_at: now,
            checkpoint_at: now,
        }
    }

    /// Reads until shutdown, then flushes the state.
    ///
    /// # Errors
    /// When the store or the log is lost.
    pub fn run(mut self, consumer: BaseConsumer<GateContext>) -> Result<(), ReaderError> {
        self.assign(&consumer)?;
        let mut batches = BatchReader::new(consumer, BATCH_RECORDS_MAX)?;
        self.parts.status.consent_start(self.parts.writer.positions());
        let heart = self.parts.status.heart(THREAD);
        while !self.parts.shutdown.is_requested() {
            heart.beat();
            self.read_batch(&mut batches)?;
            self.seek(batches.consumer());
            self.tend_bad_batches(batches.consumer());
            self.add_partitions(batches.consumer())?;
            self.look_again()?;
            if self.checkpoint_at.elapsed() >= self.parts.checkpoint_interval {
                self.parts.writer.flush()?;
                self.checkpoint_at = Instant::now();
            }
        }
        self.parts.writer.flush()?;
        Ok(())
    }

    /// Folds one batch, puts aside what cannot be read, stores it, publishes it.
    fn read_batch(&mut self, batches: &mut BatchReader<GateContext>) -> Result<(), ReaderError> {
        let batch = batches.poll(POLL_WAIT);
        if batch.is_empty() {
            return Ok(());
        }
        let before = self.progress.clone();
        let mut folded = Folded::default();
        for polled in batch.iter() {
            match polled {
                Polled::Record(record) if self.is_next(record.partition, record.offset) => {
                    self.note_dating(&record);
                    self.fold(&Incoming::of(&record), &mut folded)?;
                }
                Polled::Record(record) if self.is_ahead(record.partition, record.offset) => {
                    self.look_ahead(&Incoming::of(&record))?;
                }
                Polled::Record(_) => {}
                Polled::EndOfPartition { partition, next_offset, .. } => {
                    if self.is_next(partition, next_offset) {
                        self.reach(partition, next_offset);
                        if let Some(progress) = progress_of(&mut self.progress, partition) {
                            progress.is_restored = true;
                        }
                    }
                }
                Polled::Error { partition, offset, error } => {
                    self.consumer_error(partition, offset, &error)?;
                }
            }
        }
        drop(batch);
        self.commit_letters(&before, &mut folded);
        self.store()?;
        self.warn_of_dating();
        let is_reading = !self.stands.iter().any(|stand| matches!(stand, Stand::Seek(_)));
        if self.waits && is_reading && !folded.taken.is_empty() {
            self.waits = false;
            for cause in [HoldCause::RegistryUnavailable, HoldCause::BrokerUnavailable] {
                self.parts.status.release(Holder::Reader, cause);
            }
        }
        self.report(&folded);
        Ok(())
    }

    /// Takes one record of a batch.
    fn fold(&mut self, record: &Incoming<'_>, folded: &mut Folded) -> Result<(), ReaderError> {
        match self.take(record)? {
            Taken::Applied { is_probe } => {
                self.reach(record.partition, record.offset + 1);
                folded.taken.push(FoldedRecord {
                    partition: record.partition,
                    timestamp_ms: record.timestamp_ms,
                    is_probe,
                });
            }
            Taken::Poison(why) => self.poison(record, why),
            Taken::Again(cause, detail) => {
                let place = place_of(record.partition, record.offset);
                self.parts.status.hold(Holder::Reader, cause, &[place], &detail);
                self.waits = true;
                self.stand(record.partition, Stand::Seek(record.offset));
            }
        }
        Ok(())
    }

    /// Commits the dead letters of a batch. Records whose letter is lost are read again.
    fn commit_letters(&mut self, before: &[Progress], folded: &mut Folded) {
        let committed = self.parts.dead_letters.commit();
        let n_written = self.parts.dead_letters.take_written();
        self.parts.metrics.dead_letters.inc_by(n_written);
        let for_review = self.parts.review.commit();
        for lost in [committed, for_review].into_iter().filter_map(Result::err) {
            self.lose(&lost, before, folded);
        }
    }

    /// Reads again what was not put aside.
    fn lose(&mut self, Lost { places, error }: &Lost, before: &[Progress], folded: &mut Folded) {
        for (partition, _) in places {
            self.set_back(*partition, before);
            folded.taken.retain(|record| record.partition != *partition);
        }
        let detail = format!("`{}`: {error}", self.parts.topic);
        let places: Vec<Place> =
            places.iter().map(|(partition, offset)| place_of(*partition, *offset)).collect();
        self.parts.status.hold(Holder::Reader, HoldCause::BrokerUnavailable, &places, &detail);
        self.waits = true;
    }

    /// A partition is read again from where it stood before: what was applied behind that is applied once more, which
    /// changes nothing, since it is received once more too.
    fn set_back(&mut self, partition: i32, before: &[Progress]) {
        let index = usize::try_from(partition).unwrap_or(usize::MAX);
        let (Some(progress), Some(before)) = (self.progress.get_mut(index), before.get(index))
        else {
            return;
        };
        *progress = *before;
        self.parts.writer.set_back(partition);
        self.stand(partition, Stand::Seek(before.next_offset));
        if self.kept.remove(&partition).is_some() {
            let (cause, topic) = (HoldCause::ConsentPoison, Topic::ConsentChange);
            self.parts.status.release_place(Holder::Reader, cause, topic, partition);
        }
    }

    /// Stores what was folded and how far, then publishes it.
    fn store(&mut self) -> Result<(), StoreError> {
        for (partition, progress) in (0i32..).zip(&self.progress) {
            self.parts.writer.advance(partition, progress.next_offset)?;
        }
        self.parts.writer.commit()?;
        self.parts.applied.publish(&self.progress);
        Ok(())
    }

    /// Counts what is in force now.
    fn report(&self, folded: &Folded) {
        let mut newest_ms: Vec<Option<i64>> = vec![None; self.progress.len()];
        for record in &folded.taken {
            if !record.is_probe {
                self.parts.metrics.enforced(record.timestamp_ms);
            }
            let index = usize::try_from(record.partition).unwrap_or(usize::MAX);
            if let Some(newest_ms) = newest_ms.get_mut(index) {
                *newest_ms = Some(record.timestamp_ms).max(*newest_ms);
            }
        }
        for ((partition, progress), newest_ms) in (0i32..).zip(&self.progress).zip(newest_ms) {
            self.parts.status.consent_applied(partition, progress.next_offset, newest_ms);
        }
    }

    fn note_dating(&mut self, record: &Record<'_>) {
        let index = usize::try_from(record.partition).unwrap_or(usize::MAX);
        if let Some(known) = self.dated_by_producers.get_mut(index) {
            *known = !record.is_dated_by_broker;
        }
    }

    /// Old records of a topic that was mended keep the dates of their producers, so the newest ones tell.
    fn warn_of_dating(&mut self) {
        let mut newest = self.progress.iter().zip(&self.dated_by_producers);
        if !self.has_told_dating && newest.any(|(progress, dated)| progress.is_restored && *dated) {
            self.has_told_dating = true;
            tracing::warn!(
                topic = %self.parts.topic,
                "producers date the changes of this topic, and a clock of theirs that is wrong may order one that cannot \
                 be read before older consent; set `message.timestamp.type=LogAppendTime` (`consent-gate doctor` \
                 prints the command)"
            );
        }
    }

    /// Whether a partition may go on at `offset`: it is being read, and that is not applied already.
    fn is_next(&self, partition: i32, offset: i64) -> bool {
        let index = usize::try_from(partition).unwrap_or(usize::MAX);
        self.stands.get(index) == Some(&Stand::Reading)
            && self.progress.get(index).is_some_and(|known| offset >= known.next_offset)
    }

    fn stand(&mut self, partition: i32, stand: Stand) {
        let index = usize::try_from(partition).unwrap_or(usize::MAX);
        if let Some(known) = self.stands.get_mut(index) {
            *known = stand;
        }
        if let Some(progress) = self.progress.get_mut(index) {
            progress.is_poisoned = matches!(stand, Stand::Poisoned(_));
        }
        self.publish_unreadable(partition);
    }

    /// Everything of a partition before `next_offset` is folded; stored with the batch.
    fn reach(&mut self, partition: i32, next_offset: i64) {
        if let Some(progress) = progress_of(&mut self.progress, partition) {
            progress.next_offset = next_offset;
        }
    }

    /// Moves the consumer back to where partitions must be read again.
    fn seek(&mut self, consumer: &BaseConsumer<GateContext>) {
        let wanted: Vec<(i32, i64)> = (0i32..)
            .zip(&self.stands)
            .filter_map(|(partition, stand)| match stand {
                Stand::Seek(offset) => Some((partition, *offset)),
                Stand::Reading | Stand::Poisoned(_) | Stand::Unreadable(_) => None,
            })
            .collect();
        if wanted.is_empty() {
            return;
        }
        std::thread::sleep(RETRY_PAUSE);
        for (partition, offset) in wanted {
            let to = Offset::Offset(offset);
            match consumer.seek(&self.parts.topic, partition, to, REQUEST_TIMEOUT) {
                Ok(()) => self.stand(partition, Stand::Reading),
                Err(error) => {
                    tracing::warn!(partition, offset, %error, "cannot seek in the consent topic; trying again");
                }
            }
        }
    }

    fn consumer_error(
        &mut self,
        partition: i32,
        offset: i64,
        error: &NativeError,
    ) -> Result<(), ReaderError> {
        match error.code {
            // librdkafka went on behind a damaged batch and found no log there; the partition is sought back
            code if is_offset_lost(code) && self.bad_batches.contains_key(&partition) => Ok(()),
            code if is_offset_lost(code) && self.is_another_topic() => {
                Err(ReaderError::TopicRecreated { topic: self.parts.topic.clone() })
            }
            code if is_offset_lost(code) => {
                let index = usize::try_from(partition).unwrap_or(usize::MAX);
                let next_offset = self.progress.get(index).map_or(-1, |known| known.next_offset);
                Err(ReaderError::LogTruncated {
                    topic: self.parts.topic.clone(),
                    partition,
                    next_offset,
                })
            }
            _ if is_unreadable_batch(error) => {
                self.stand_before(partition, offset, error);
                Ok(())
            }
            // librdkafka goes on by itself; the barrier holds meanwhile
            _ => {
                tracing::debug!(partition, %error, "consent reader");
                Ok(())
            }
        }
    }
}

fn place_of(partition: i32, offset: i64) -> Place {
    Place { topic: Topic::ConsentChange, partition, offset: Some(offset) }
}

fn progress_of(progress: &mut [Progress], partition: i32) -> Option<&mut Progress> {
    progress.get_mut(usize::try_from(partition).ok()?)
}

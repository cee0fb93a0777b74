//! The consent reader: reads every partition of the consent topic, folds it into the store, and publishes
//! how far it has come.
//!
//! One thread owns the writer, so there are no locks. Positions are stored in the same write as the state
//! they cover and published after it; the barrier trusts nothing else.
//!
//! An unreadable change is treated as a possible opt-out (promise P3): it goes to the dead-letter topic,
//! and the contact its key names is blocked until a later valid event. When nobody can tell whose it is,
//! its partition stops here until an operator releases it, which holds the whole gate through the barrier.

mod assignment;
mod batches;
mod intake;

use crate::applied::{Applied, Progress};
use crate::barrier::Barrier;
use crate::codec::Codec;
use crate::consent_topic::ConsentTopic;
use crate::dead_letter::DeadLetters;
use crate::identity::Pepper;
use crate::kafka::native::{BatchReader, NativeError, Polled};
use crate::kafka::{GateContext, REQUEST_TIMEOUT, is_unreadable_batch};
use crate::logging::Limited;
use crate::metrics::{Changed, ConsentResult, HoldCause, Metrics, Sources, Topic};
use crate::ops::{Holder, Place, Status};
use crate::service::Shutdown;
use crate::store::{StoreError, Writer};
use batches::BadBatch;
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
/// How often a stopped partition looks for its release.
const RELEASE_CHECK_INTERVAL: Duration = Duration::from_secs(1);

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
    pub codec: Arc<Codec>,
    /// Hashes identities.
    pub pepper: Arc<Pepper>,
    /// Owns the state.
    pub writer: Writer,
    /// Where progress is published.
    pub applied: Arc<Applied>,
    /// Where unreadable changes go.
    pub dead_letters: DeadLetters,
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
    bad_batches: BTreeMap<i32, BadBatch>,
    warnings: Limited,
    /// Something outside is away; over when a record is taken and nothing has to be read again.
    waits: bool,
    release_checked_at: Instant,
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
    /// The partition stands at this record.
    Poison,
    /// Something outside is away; try the record again.
    Again(HoldCause, String),
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
            progress,
            stands,
            bad_batches: BTreeMap::new(),
            warnings: Limited::new(),
            waits: false,
            release_checked_at: now,
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
            self.release_poison()?;
            if self.checkpoint_at.elapsed() >= self.parts.checkpoint_interval {
                self.parts.writer.flush()?;
                self.checkpoint_at = Instant::now();
            }
        }
        self.parts.writer.flush()?;
        Ok(())
    }

    /// Folds one batch, stores it, publishes it.
    fn read_batch(&mut self, batches: &mut BatchReader<GateContext>) -> Result<(), ReaderError> {
        let batch = batches.poll(POLL_WAIT);
        if batch.is_empty() {
            return Ok(());
        }
        let mut enforced: Vec<i64> = Vec::with_capacity(batch.len());
        let mut is_taken = false;
        let mut newest_ms: Vec<Option<i64>> = vec![None; self.progress.len()];
        for polled in batch.iter() {
            match polled {
                Polled::Record(record) if self.is_next(record.partition, record.offset) => {
                    match self.take(&record)? {
                        Taken::Applied { is_probe } => {
                            self.advance(record.partition, record.offset + 1)?;
                            is_taken = true;
                            enforced.extend((!is_probe).then_some(record.timestamp_ms));
                            let index = usize::try_from(record.partition).unwrap_or(usize::MAX);
                            if let Some(newest_ms) = newest_ms.get_mut(index) {
                                *newest_ms = Some(record.timestamp_ms).max(*newest_ms);
                            }
                        }
                        Taken::Poison => self.poison(record.partition, record.offset),
                        Taken::Again(cause, detail) => {
                            let place = place_of(record.partition, record.offset);
                            self.parts.status.hold(Holder::Reader, cause, &[place], &detail);
                            self.waits = true;
                            self.stand(record.partition, Stand::Seek(record.offset));
                        }
                    }
                }
                Polled::Record(_) => {}
                Polled::EndOfPartition { partition, next_offset, .. } => {
                    if self.is_next(partition, next_offset) {
                        self.advance(partition, next_offset)?;
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
        self.parts.writer.commit()?;
        self.parts.applied.publish(&self.progress);
        let is_reading = !self.stands.iter().any(|stand| matches!(stand, Stand::Seek(_)));
        if self.waits && is_reading && is_taken {
            self.waits = false;
            for cause in [HoldCause::RegistryUnavailable, HoldCause::BrokerUnavailable] {
                self.parts.status.release(Holder::Reader, cause);
            }
        }
        for record_ms in enforced {
            self.parts.metrics.enforced(record_ms);
        }
        for ((partition, progress), newest_ms) in (0i32..).zip(&self.progress).zip(newest_ms) {
            self.parts.status.consent_applied(partition, progress.next_offset, newest_ms);
        }
        Ok(())
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

    fn advance(&mut self, partition: i32, next_offset: i64) -> Result<(), StoreError> {
        self.parts.writer.advance(partition, next_offset)?;
        if let Some(progress) = progress_of(&mut self.progress, partition) {
            progress.next_offset = next_offset;
        }
        Ok(())
    }

    fn poison(&mut self, partition: i32, offset: i64) {
        self.stand(partition, Stand::Poisoned(offset));
        tracing::error!(
            topic = %self.parts.topic,
            partition,
            offset,
            "a consent change cannot be read and nobody can tell whose it is: the gate holds; look at it in the \
             dead-letter topic, then release it with `consent-gate consent skip`"
        );
        let place = place_of(partition, offset);
        let detail = "an unreadable consent change; release it with `consent-gate consent skip`";
        self.parts.status.hold(Holder::Reader, HoldCause::ConsentPoison, &[place], detail);
    }

    /// Where an operator is waited for.
    fn stopped(&self) -> impl Iterator<Item = (i32, Stand, i64)> {
        (0i32..).zip(&self.stands).filter_map(|(partition, stand)| match stand {
            Stand::Poisoned(offset) | Stand::Unreadable(offset) => {
                Some((partition, *stand, *offset))
            }
            Stand::Reading | Stand::Seek(_) => None,
        })
    }

    /// Goes on behind a record or batch that an operator released.
    fn release_poison(&mut self) -> Result<(), ReaderError> {
        let stopped: Vec<(i32, Stand, i64)> = self.stopped().collect();
        if stopped.is_empty() || self.release_checked_at.elapsed() < RELEASE_CHECK_INTERVAL {
            return Ok(());
        }
        self.release_checked_at = Instant::now();
        for (partition, stand, offset) in stopped {
            match self.parts.dead_letters.is_released(partition, offset) {
                Ok(false) => {}
                Ok(true) => {
                    let is_batch = matches!(stand, Stand::Unreadable(_));
                    let next_offset = if is_batch {
                        self.behind_batch(partition, offset)
                    } else {
                        Some(offset + 1)
                    };
                    let Some(next_offset) = next_offset else { continue };
                    tracing::warn!(
                        topic = %self.parts.topic, partition, offset, next_offset, is_batch,
                        "released by an operator; what can be kept of it is in the dead-letter topic"
                    );
                    self.advance(partition, next_offset)?;
                    self.stand(partition, Stand::Seek(next_offset));
                    self.parts.writer.commit()?;
                    self.parts.applied.publish(&self.progress);
                    let (cause, topic) = (HoldCause::ConsentPoison, Topic::ConsentChange);
                    self.parts.status.release_place(Holder::Reader, cause, topic, partition);
                    let changed = Changed(None, ConsentResult::Skipped);
                    self.parts.metrics.consent_changes.of(changed).inc();
                }
                Err(error) => tracing::warn!(%error, "cannot look for a release; trying again"),
            }
        }
        Ok(())
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
        use rdkafka::error::RDKafkaErrorCode as Code;
        match error.code {
            Code::AutoOffsetReset | Code::OffsetOutOfRange if self.is_another_topic() => {
                Err(ReaderError::TopicRecreated { topic: self.parts.topic.clone() })
            }
            Code::AutoOffsetReset | Code::OffsetOutOfRange => {
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

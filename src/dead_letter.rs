//! Unreadable consent changes go to `consent-dead-letter`, each exactly once, however many instances read it
//! and however often state is rebuilt.
//!
//! All instances share one transactional id. Who wants to write fences the others, reads the topic to its
//! committed end, and writes only what is not there yet. While its epoch lives nobody else can have written
//! since, so the known set stays true; a fenced writer starts over.
//!
//! The same topic carries the operators' releases (`consent-gate consent skip`): an audited record with
//! `gate-release` that every instance sees, also after a rebuild.

use crate::kafka::native::{NativeError, NativeHeaders, Record, TopicIndex, TransactionalProducer};
use crate::kafka::scan::{Positions, ScanError, positions_since, scan};
use crate::record::{DETAIL, RELEASE, SOURCE, SourceRef};
use rdkafka::ClientConfig;
use std::collections::HashSet;
use std::time::{Duration, Instant};

/// How long one attempt may take.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(20);
/// Dead letters remembered to avoid writing one twice; the topic should hold handfuls.
const KNOWN_MAX: usize = 1_000_000;

/// A dead letter could not be written or read now; try again.
#[derive(Debug, thiserror::Error)]
pub enum DeadLetterError {
    /// The producer.
    #[error("dead letter: {0}")]
    Producer(#[from] NativeError),
    /// The scan.
    #[error("dead letter: {0}")]
    Scan(#[from] ScanError),
    /// Too many to remember.
    #[error(
        "dead letter: the topic holds more than {KNOWN_MAX} records; find out which source writes unreadable changes"
    )]
    TooMany,
}

/// The place of a consent record.
type Place = (i32, i64);

/// Access to the dead-letter topic.
pub struct DeadLetters {
    producer_config: ClientConfig,
    scan_config: ClientConfig,
    topic: String,
    consent_topic: String,
    producer: Option<TransactionalProducer>,
    positions: Option<Positions>,
    written: HashSet<Place>,
    released: HashSet<Place>,
}

impl DeadLetters {
    /// `producer_config` carries the transactional id shared by all instances.
    #[must_use]
    pub fn new(
        producer_config: ClientConfig,
        scan_config: ClientConfig,
        topic: &str,
        consent_topic: &str,
    ) -> Self {
        Self {
            producer_config,
            scan_config,
            topic: topic.to_owned(),
            consent_topic: consent_topic.to_owned(),
            producer: None,
            positions: None,
            written: HashSet::new(),
            released: HashSet::new(),
        }
    }

    /// Writes the record unless it is there already; returns whether it wrote.
    ///
    /// # Errors
    /// When another instance took over meanwhile or the broker does not answer: call again.
    pub fn write(&mut self, record: &Record<'_>, class: &str) -> Result<bool, DeadLetterError> {
        let result = self.try_write(record, class);
        if result.is_err() {
            self.producer = None;
        }
        result
    }

    fn try_write(&mut self, record: &Record<'_>, class: &str) -> Result<bool, DeadLetterError> {
        let producer = match self.producer.take() {
            Some(producer) => producer,
            None => {
                let producer = TransactionalProducer::new(&self.producer_config, &[&self.topic])?;
                producer.init_transactions(ATTEMPT_TIMEOUT)?;
                // after the fence, so that nothing of an older writer can follow
                self.refresh()?;
                producer
            }
        };
        if self.written.len() >= KNOWN_MAX {
            return Err(DeadLetterError::TooMany);
        }
        let place = (record.partition, record.offset);
        if self.written.contains(&place) {
            self.producer = Some(producer);
            return Ok(false);
        }
        let source = SourceRef {
            topic: &self.consent_topic,
            partition: record.partition,
            record_offset: record.offset,
        };
        let mut headers = NativeHeaders::with_capacity(2);
        headers.push(SOURCE.as_bytes(), Some(source.to_string().as_bytes()));
        headers.push(DETAIL.as_bytes(), Some(format!("{{\"class\":\"{class}\"}}").as_bytes()));
        producer.begin()?;
        producer.produce(TopicIndex(0), record.key, record.value, headers)?;
        producer.commit(Instant::now() + ATTEMPT_TIMEOUT)?;
        self.written.insert(place);
        self.producer = Some(producer);
        Ok(true)
    }

    /// Whether an operator has released this consent record; reads what is new in the topic.
    ///
    /// # Errors
    /// When the broker does not answer.
    pub fn is_released(&mut self, partition: i32, offset: i64) -> Result<bool, DeadLetterError> {
        if !self.released.contains(&(partition, offset)) {
            self.refresh()?;
        }
        Ok(self.released.contains(&(partition, offset)))
    }

    fn refresh(&mut self) -> Result<(), ScanError> {
        let from = match self.positions.take() {
            Some(positions) => positions,
            None => positions_since(&self.scan_config, &[&self.topic], None, ATTEMPT_TIMEOUT)?,
        };
        let (consent_topic, written, released) =
            (&self.consent_topic, &mut self.written, &mut self.released);
        let ends = scan(&self.scan_config, &from, ATTEMPT_TIMEOUT, &mut |record| {
            let place = |header: Option<&[u8]>| {
                let text = std::str::from_utf8(header?).ok()?;
                let source = SourceRef::parse(text)?;
                (source.topic == consent_topic.as_str())
                    .then_some((source.partition, source.record_offset))
            };
            released.extend(place(record.header(c"gate-release")));
            written.extend(place(record.header(c"gate-source")));
        })?;
        self.positions = Some(ends);
        Ok(())
    }
}

const _: () = assert!(RELEASE.len() == "gate-release".len() && SOURCE.len() == "gate-source".len());

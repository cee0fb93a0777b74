//! Writes many records, one behind the other, each acknowledged by every replica in sync. What is on its way is bounded; whoever
//! writes faster waits.

use super::door_producer;
use super::failure::{Class, KafkaFailure, Witness};
use rdkafka::ClientConfig;
use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};
use rdkafka::message::OwnedHeaders;
use rdkafka::producer::{BaseProducer, BaseRecord, DeliveryResult, Producer as _, ProducerContext};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Longest wait for the brokers to store a record.
const WRITE_MAX: Duration = Duration::from_secs(60);
/// Beyond that, for the reports to reach us.
const GRACE: Duration = Duration::from_secs(5);
/// Between two looks at what became of the records.
const STEP: Duration = Duration::from_millis(50);
/// Records after which reports are served.
const SERVED_EACH: u64 = 500;

/// What became of the records.
struct Receipts {
    witness: Witness,
    doing: String,
    n_acknowledged: AtomicU64,
    failure: Mutex<Option<KafkaFailure>>,
}

impl ClientContext for Receipts {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, line: &str) {
        self.witness.log(level, facility, line);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.witness.error(error, reason);
    }
}

impl ProducerContext for Receipts {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        match result {
            Ok(_) => {
                self.n_acknowledged.fetch_add(1, Ordering::Relaxed);
            }
            Err((error, _)) => {
                let failure = KafkaFailure::new(error, &self.doing);
                let mut first = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
                first.get_or_insert(failure);
            }
        }
    }
}

/// Writes to one topic; for one thread.
pub struct BulkWriter {
    producer: BaseProducer<Receipts>,
    topic: String,
    headers: Option<OwnedHeaders>,
    n_sent: u64,
}

impl BulkWriter {
    /// One for this topic; `doing` is what to call it in a failure.
    ///
    /// # Errors
    /// librdkafka refuses a setting.
    pub fn new(base: &ClientConfig, topic: &str, doing: String) -> Result<Self, KafkaFailure> {
        let mut config = door_producer(base, WRITE_MAX);
        config.set("linger.ms", "20").set("compression.type", "lz4");
        let receipts = Receipts {
            witness: Witness::default(),
            doing: doing.clone(),
            n_acknowledged: AtomicU64::new(0),
            failure: Mutex::new(None),
        };
        let producer = config
            .create_with_context(receipts)
            .map_err(|error| KafkaFailure::new(&error, &doing))?;
        Ok(Self { producer, topic: topic.to_owned(), headers: None, n_sent: 0 })
    }

    /// The same with these headers on every record.
    #[must_use]
    pub fn with_headers(self, headers: OwnedHeaders) -> Self {
        Self { headers: Some(headers), ..self }
    }

    /// Puts a record on its way; waits while too many are.
    ///
    /// # Errors
    /// This record or one before it cannot be written. Those on their way may be there all the same.
    pub fn write(&mut self, key: Option<&[u8]>, value: &[u8]) -> Result<(), KafkaFailure> {
        let mut record = BaseRecord::<[u8], [u8]>::to(&self.topic).payload(value);
        record.key = key;
        record.headers = self.headers.clone();
        loop {
            match self.producer.send(record) {
                Ok(()) => break,
                Err((KafkaError::MessageProduction(Code::QueueFull), back)) => {
                    record = back;
                    self.producer.poll(STEP);
                    self.ok()?;
                }
                Err((error, _)) => return Err(self.failed(&error)),
            }
        }
        self.n_sent += 1;
        if self.n_sent.is_multiple_of(SERVED_EACH) {
            self.producer.poll(Duration::ZERO);
            self.ok()?;
        }
        Ok(())
    }

    /// Waits until all records are acknowledged.
    ///
    /// # Errors
    /// One of them is not.
    pub fn flush(&mut self) -> Result<(), KafkaFailure> {
        let deadline = Instant::now() + WRITE_MAX + GRACE;
        while self.n_acknowledged() < self.n_sent {
            self.producer.poll(STEP);
            self.ok()?;
            if Instant::now() > deadline {
                return Err(self.failed(&KafkaError::MessageProduction(Code::MessageTimedOut)));
            }
        }
        self.ok()
    }

    /// Records that are written for good.
    #[must_use]
    pub fn n_acknowledged(&self) -> u64 {
        self.producer.context().n_acknowledged.load(Ordering::Relaxed)
    }

    fn ok(&self) -> Result<(), KafkaFailure> {
        let receipts = self.producer.context();
        let failure = receipts.failure.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match failure.or_else(|| self.hopeless()) {
            Some(failure) => Err(self.told_better(failure)),
            None => Ok(()),
        }
    }

    /// What no waiting mends, such as a password.
    fn hopeless(&self) -> Option<KafkaFailure> {
        let receipts = self.producer.context();
        let reported = receipts.witness.failure(&receipts.doing);
        reported.filter(|reported| reported.class > Class::TryAgain)
    }

    fn failed(&self, error: &KafkaError) -> KafkaFailure {
        self.told_better(KafkaFailure::new(error, &self.producer.context().doing))
    }

    /// Of a time-out the client knows more.
    fn told_better(&self, failure: KafkaFailure) -> KafkaFailure {
        let receipts = self.producer.context();
        let reported = receipts.witness.failure(&receipts.doing);
        reported.filter(|reported| reported.class >= failure.class).unwrap_or(failure)
    }
}

//! Writes a record at a time, and waits until every replica in sync has it.

use super::archive_producer;
use super::failure::{KafkaFailure, Witness};
use rdkafka::ClientConfig;
use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};
use rdkafka::producer::{BaseProducer, BaseRecord, DeliveryResult, Producer as _, ProducerContext};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Longest wait for the brokers to store a record.
const WRITE_MAX: Duration = Duration::from_secs(10);
/// Beyond that, for the report to reach us.
const GRACE: Duration = Duration::from_secs(2);
/// After which the wish to stop is looked at.
const STEP: Duration = Duration::from_millis(50);

/// Keeps the report about the last record, and what the client says on the side.
#[derive(Default)]
struct Reports {
    witness: Witness,
    last: Mutex<Option<Result<(), KafkaError>>>,
}

impl ClientContext for Reports {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, line: &str) {
        self.witness.log(level, facility, line);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.witness.error(error, reason);
    }
}

impl ProducerContext for Reports {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        let report = match result {
            Ok(_) => Ok(()),
            Err((error, _)) => Err(error.clone()),
        };
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(report);
    }
}

/// Writes to one topic; for one thread at a time.
pub struct AcknowledgedWriter {
    producer: BaseProducer<Reports>,
    topic: String,
    doing: String,
}

impl AcknowledgedWriter {
    /// One for this topic; `doing` is what to call it in a failure.
    ///
    /// # Errors
    /// librdkafka refuses a setting.
    pub fn new(base: &ClientConfig, topic: &str, doing: String) -> Result<Self, KafkaFailure> {
        let producer = archive_producer(base, WRITE_MAX)
            .create_with_context(Reports::default())
            .map_err(|error| KafkaFailure::new(&error, &doing))?;
        Ok(Self { producer, topic: topic.to_owned(), doing })
    }

    /// What it does, in words.
    #[must_use]
    pub fn doing(&self) -> &str {
        &self.doing
    }

    /// Writes a record and waits; `false` when it was over before. After an error the record may be there all the same.
    ///
    /// # Errors
    /// It is too large, or the brokers do not take it in time.
    pub fn write(
        &mut self,
        key: &str,
        value: &[u8],
        is_over: &mut dyn FnMut() -> bool,
    ) -> Result<bool, KafkaFailure> {
        self.producer.context().last.lock().unwrap_or_else(PoisonError::into_inner).take();
        let record = BaseRecord::<str, [u8]>::to(&self.topic).key(key).payload(value);
        self.producer.send(record).map_err(|(error, _)| self.failed(&error))?;
        let deadline = Instant::now() + WRITE_MAX + GRACE;
        while Instant::now() < deadline {
            self.producer.poll(STEP);
            let last = self.producer.context().last.lock();
            if let Some(report) = last.unwrap_or_else(PoisonError::into_inner).take() {
                return report.map(|()| true).map_err(|error| self.failed(&error));
            }
            if is_over() {
                return Ok(false);
            }
        }
        Err(self.failed(&KafkaError::MessageProduction(Code::MessageTimedOut)))
    }

    /// Of a time-out the client knows more.
    fn failed(&self, error: &KafkaError) -> KafkaFailure {
        let failure = KafkaFailure::new(error, &self.doing);
        let reported = self.producer.context().witness.failure(&self.doing);
        reported.filter(|reported| reported.class >= failure.class).unwrap_or(failure)
    }
}

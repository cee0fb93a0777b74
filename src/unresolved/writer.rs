//! Writes what an operator decided: a handful of records, each acknowledged by all replicas in sync or reported.
//!
//! INVARIANT: a place is returned only for a record that the brokers have confirmed. Every record here may be written
//! twice without harm, so that after a failure the command is simply run again.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::ClientConfig;
use rdkafka::client::ClientContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{Message as _, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, DeliveryResult, Producer as _, ProducerContext};

use crate::config::Config;
use crate::exit::{ExitCode, Failure};
use crate::kafka::failure::{KafkaFailure, Witness};

/// Longest wait for the brokers to store a record.
const DELIVERY_MAX: Duration = Duration::from_secs(30);
/// Beyond that, for the report to reach us.
const GRACE: Duration = Duration::from_secs(10);
const STEP: Duration = Duration::from_millis(50);

/// A record to be written.
pub(crate) struct Outgoing {
    /// The partition, or the key decides.
    pub(crate) partition: Option<i32>,
    pub(crate) key: Option<Vec<u8>>,
    pub(crate) value: Option<Vec<u8>>,
    pub(crate) headers: OwnedHeaders,
}

/// Partition and offset of a confirmed record.
pub(crate) type Written = (i32, i64);

/// What became of the records, by their number.
#[derive(Default)]
struct Reports {
    witness: Witness,
    all: Mutex<Vec<(usize, Result<Written, KafkaError>)>>,
}

impl Reports {
    fn all(&self) -> MutexGuard<'_, Vec<(usize, Result<Written, KafkaError>)>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ClientContext for Reports {
    fn log(&self, level: rdkafka::config::RDKafkaLogLevel, facility: &str, line: &str) {
        self.witness.log(level, facility, line);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.witness.error(error, reason);
    }
}

impl ProducerContext for Reports {
    type DeliveryOpaque = usize;

    fn delivery(&self, result: &DeliveryResult<'_>, number: usize) {
        let report = match result {
            Ok(message) => Ok((message.partition(), message.offset())),
            Err((error, _)) => Err(error.clone()),
        };
        self.all().push((number, report));
    }
}

/// Writes to one topic.
pub(crate) struct Writer {
    producer: BaseProducer<Reports>,
    topic: String,
    doing: String,
}

impl Writer {
    /// `doing` is what failures call it.
    pub(crate) fn new(config: &Config, topic: &str, doing: String) -> Result<Self, Failure> {
        let mut client: ClientConfig = config.client_base();
        client
            .set("enable.idempotence", "true")
            .set("acks", "all")
            // the key decides the partition as in the Java clients
            .set("partitioner", "murmur2_random")
            .set("linger.ms", "5")
            // what may pass is the topic's to say, not the client's
            .set("message.max.bytes", "1000000000")
            .set("message.timeout.ms", DELIVERY_MAX.as_millis().to_string());
        let producer = client
            .create_with_context(Reports::default())
            .map_err(|error| KafkaFailure::new(&error, &doing))?;
        Ok(Self { producer, topic: topic.to_owned(), doing })
    }

    /// Writes one record.
    pub(crate) fn send(&self, record: &Outgoing) -> Result<Written, Failure> {
        let written = self.send_all(std::slice::from_ref(record), &mut |_| ())?;
        written.into_iter().next().ok_or_else(|| Failure::new(ExitCode::Internal, &self.doing))
    }

    /// Writes all of them and waits for each; `progress` hears how many are confirmed.
    pub(crate) fn send_all(
        &self,
        records: &[Outgoing],
        progress: &mut dyn FnMut(usize),
    ) -> Result<Vec<Written>, Failure> {
        let mut written: Vec<Option<Written>> = vec![None; records.len()];
        let mut n_written = 0;
        let mut to_send = records.iter().enumerate().peekable();
        let mut heard_at = Instant::now();
        while n_written < records.len() {
            while let Some((number, record)) = to_send.peek() {
                if !self.offer(*number, record)? {
                    break;
                }
                to_send.next();
            }
            self.producer.poll(STEP);
            for (number, report) in self.producer.context().all().drain(..) {
                heard_at = Instant::now();
                let place = report.map_err(|error| self.failed(&error, n_written))?;
                if let Some(slot) = written.get_mut(number) {
                    n_written += usize::from(slot.is_none());
                    *slot = Some(place);
                }
            }
            progress(n_written);
            if heard_at.elapsed() > DELIVERY_MAX + GRACE {
                let code = RDKafkaErrorCode::MessageTimedOut;
                return Err(self.failed(&KafkaError::MessageProduction(code), n_written));
            }
        }
        Ok(written.into_iter().flatten().collect())
    }

    /// Hands a record to the client; `false` when its queue is full for now.
    fn offer(&self, number: usize, record: &Outgoing) -> Result<bool, Failure> {
        let mut base = BaseRecord::<[u8], [u8], usize>::with_opaque_to(&self.topic, number)
            .headers(record.headers.clone());
        if let Some(partition) = record.partition {
            base = base.partition(partition);
        }
        if let Some(key) = &record.key {
            base = base.key(key.as_slice());
        }
        if let Some(value) = &record.value {
            base = base.payload(value.as_slice());
        }
        match self.producer.send(base) {
            Ok(()) => Ok(true),
            Err((error, _)) if error.rdkafka_error_code() == Some(RDKafkaErrorCode::QueueFull) => {
                Ok(false)
            }
            Err((error, _)) => Err(KafkaFailure::new(&error, &self.doing).into()),
        }
    }

    fn failed(&self, error: &KafkaError, n_written: usize) -> Failure {
        let reported = self.producer.context().witness.failure(&self.doing);
        let mut failure = reported.unwrap_or_else(|| KafkaFailure::new(error, &self.doing));
        if n_written > 0 {
            failure.cause = format!("{}; {n_written} records are written", failure.cause);
        }
        failure.fix = format!(
            "{}; then run the command again: what is written twice does no harm",
            failure.fix
        );
        failure.into()
    }
}

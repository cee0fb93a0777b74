//! The consent topic as the door writes it: a record counts as taken in when all replicas have it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::OwnedHeaders;
use rdkafka::producer::{FutureProducer, FutureRecord, Producer as _};

use crate::config::Config;
use crate::kafka::door_producer;
use crate::kafka::failure::{KafkaFailure, Witness};

/// Longest wait for the brokers; providers give up after 10 to 15 seconds.
const WRITE_MAX: Duration = Duration::from_secs(8);
/// Beyond that, for the report to reach us.
const GRACE: Duration = Duration::from_secs(1);
/// How long what is on its way may take at a stop.
const FLUSH_MAX: Duration = Duration::from_secs(10);

/// A record to write.
pub(super) struct Outgoing {
    pub(super) key: Option<Vec<u8>>,
    pub(super) value: Vec<u8>,
    pub(super) headers: OwnedHeaders,
}

/// Where it lies now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Written {
    pub(super) partition: i32,
    pub(super) offset: i64,
}

/// What the client says on the side, kept where we can ask for it.
struct Told(Arc<Witness>);

impl ClientContext for Told {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, line: &str) {
        self.0.log(level, facility, line);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.0.error(error, reason);
    }
}

/// A topic, for many requests at a time.
pub(super) struct Topic {
    producer: FutureProducer<Told>,
    told: Arc<Witness>,
    name: String,
    doing: String,
    /// Why the last record was not taken, and when; until one is.
    failed: Mutex<Option<(Instant, KafkaFailure)>>,
}

impl Topic {
    /// # Errors
    /// librdkafka refuses a setting.
    pub(super) fn open(config: &Config, name: &str) -> Result<Self, KafkaFailure> {
        let doing = format!("writing to topic `{name}`");
        let told = Arc::new(Witness::default());
        let producer = door_producer(&config.client_base(), WRITE_MAX)
            .create_with_context(Told(Arc::clone(&told)))
            .map_err(|error| KafkaFailure::new(&error, &doing))?;
        Ok(Self { producer, told, name: name.to_owned(), doing, failed: Mutex::default() })
    }

    /// Whether the client has given up for good, as librdkafka does when its idempotence is broken.
    pub(super) fn is_lost(&self) -> bool {
        self.producer.client().fatal_error().is_some()
    }

    /// Why the last record was not taken, where that was within this time.
    pub(super) fn failed_lately(&self, within: Duration) -> Option<KafkaFailure> {
        let failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        failed.as_ref().filter(|(at, _)| at.elapsed() < within).map(|(_, failure)| failure.clone())
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Writes all of them at once, and waits for each. One that failed may be there all the same.
    pub(super) async fn write(&self, records: &[Outgoing]) -> Vec<Result<Written, KafkaFailure>> {
        let sent = records.iter().map(|outgoing| {
            let mut record = FutureRecord::to(&self.name)
                .payload(outgoing.value.as_slice())
                .headers(outgoing.headers.clone());
            record.key = outgoing.key.as_deref();
            self.producer.send_result(record).map_err(|(error, _)| error)
        });
        // all are on their way before the first is waited for
        let sent: Vec<_> = sent.collect();
        let mut written = Vec::with_capacity(sent.len());
        let mut is_of_a_record = false;
        for sent in sent {
            written.push(match sent {
                Ok(delivery) => match tokio::time::timeout(WRITE_MAX + GRACE, delivery).await {
                    Ok(Ok(Ok(delivery))) => {
                        Ok(Written { partition: delivery.partition, offset: delivery.offset })
                    }
                    Ok(Ok(Err((error, _)))) => {
                        is_of_a_record |= is_about_a_record(&error);
                        Err(self.failed(&error))
                    }
                    Ok(Err(_)) | Err(_) => Err(self.failed(&timed_out())),
                },
                Err(error) => {
                    is_of_a_record |= is_about_a_record(&error);
                    Err(self.failed(&error))
                }
            });
        }
        // what is wrong with one record says nothing about the brokers
        if let Some(last) = written.last().filter(|_| !is_of_a_record) {
            let failed = last.as_ref().err().map(|failure| (Instant::now(), failure.clone()));
            *self.failed.lock().unwrap_or_else(PoisonError::into_inner) = failed;
        }
        written
    }

    /// Waits for what is still on its way.
    pub(super) fn flush(&self) {
        if let Err(error) = self.producer.flush(FLUSH_MAX) {
            tracing::error!(%error, topic = self.name, "not everything on its way was acknowledged; nobody was told that it was");
        }
    }

    /// Of a time-out the client knows more.
    fn failed(&self, error: &KafkaError) -> KafkaFailure {
        let failure = KafkaFailure::new(error, &self.doing);
        let reported = self.told.failure(&self.doing);
        reported.filter(|reported| reported.class >= failure.class).unwrap_or(failure)
    }
}

fn timed_out() -> KafkaError {
    KafkaError::MessageProduction(RDKafkaErrorCode::MessageTimedOut)
}

/// Whether brokers or client refuse this record alone.
fn is_about_a_record(error: &KafkaError) -> bool {
    matches!(
        error.rdkafka_error_code(),
        Some(RDKafkaErrorCode::MessageSizeTooLarge | RDKafkaErrorCode::InvalidRecord)
    )
}

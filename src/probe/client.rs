//! The probe as a stranger to the gate: it writes the inputs like any source and reads the outputs like any sender,
//! through the brokers and with clients of its own.
//!
//! It does not read whole outputs. A decision keeps the key of its message, and the key decides the partition, so one
//! partition of each output is read, from its committed end before the message was sent, while a decision is awaited.
//!
//! INVARIANT: every wait has a deadline and ends early when the process stops. One record is on its way at a time.

use super::round::Seen;
use crate::headers;
use crate::kafka::murmur2::partition_of;
use crate::kafka::native::header_of;
use crate::kafka::offsets::offsets_of_reader;
use crate::kafka::{self, GateContext};
use crate::records::plain_headers;
use crate::shutdown::Shutdown;
use gate_core::Outcome;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{BorrowedMessage, Message};
use rdkafka::producer::{BaseProducer, BaseRecord, DeliveryResult, Producer, ProducerContext};
use rdkafka::{ClientConfig, ClientContext, Offset, TopicPartitionList};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Longest step of a wait, after which the clock and the wish to stop are looked at.
const STEP: Duration = Duration::from_millis(50);
/// Longest question to the brokers.
const QUESTION_MAX: Duration = Duration::from_secs(2);

/// Why something was not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// Not in time.
    Overdue,
    /// Refused, or broken; says why.
    Failed(String),
    /// The process stops.
    Stopping,
}

/// A record the brokers have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Acknowledged {
    pub(super) partition: i32,
    pub(super) record_offset: i64,
    /// When the acknowledgement arrived.
    pub(super) at: Instant,
}

/// A record to be written.
pub(super) struct Outgoing<'a> {
    pub(super) topic: &'a str,
    pub(super) partition: i32,
    pub(super) key: &'a str,
    pub(super) value: &'a [u8],
}

type Report = (usize, Result<Acknowledged, KafkaError>);

/// Keeps the report about the last record.
#[derive(Default)]
struct Reports {
    log: GateContext,
    last: Mutex<Option<Report>>,
}

impl Reports {
    fn take(&self) -> Option<Report> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl ClientContext for Reports {
    fn error(&self, error: KafkaError, reason: &str) {
        self.log.error(error, reason);
    }
}

impl ProducerContext for Reports {
    type DeliveryOpaque = usize;

    fn delivery(&self, result: &DeliveryResult<'_>, ticket: usize) {
        let report = match result {
            Ok(record) => Ok(Acknowledged {
                partition: record.partition(),
                record_offset: record.offset(),
                at: Instant::now(),
            }),
            Err((error, _)) => Err(error.clone()),
        };
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some((ticket, report));
    }
}

/// The probe's connection to the brokers.
pub(super) struct Client {
    producer: BaseProducer<Reports>,
    reader: BaseConsumer<GateContext>,
    outputs: [String; 3],
    shutdown: Shutdown,
    /// The process stops, and what is sent now are the last words.
    is_leaving: bool,
    n_sent: usize,
}

impl Client {
    /// Nothing is asked yet.
    ///
    /// # Errors
    /// When librdkafka refuses a property.
    pub(super) fn new(
        base: &ClientConfig,
        group_id: &str,
        outputs: [String; 3],
        timeout: Duration,
        shutdown: Shutdown,
    ) -> Result<Self, KafkaError> {
        let producer =
            kafka::probe_producer(base, timeout).create_with_context(Reports::default())?;
        let reader =
            kafka::probe_reader(base, group_id).create_with_context(GateContext::default())?;
        Ok(Self { producer, reader, outputs, shutdown, is_leaving: false, n_sent: 0 })
    }

    /// Number of partitions of a topic.
    pub(super) fn n_partitions(&self, topic: &str) -> Result<i32, Trouble> {
        let metadata = self.reader.fetch_metadata(Some(topic), QUESTION_MAX).map_err(trouble)?;
        let found = metadata.topics().iter().find(|found| found.name() == topic);
        let n_partitions = found.filter(|found| found.error().is_none());
        match n_partitions.map_or(0, |found| found.partitions().len()) {
            0 => Err(Trouble::Failed(format!("`{topic}` is not there"))),
            n => Ok(i32::try_from(n).unwrap_or(i32::MAX)),
        }
    }

    /// Writes a record and waits for its acknowledgement.
    pub(super) fn send(
        &mut self,
        outgoing: &Outgoing<'_>,
        deadline: Instant,
    ) -> Result<Acknowledged, Trouble> {
        self.n_sent = self.n_sent.wrapping_add(1);
        let ticket = self.n_sent;
        let record = BaseRecord::with_opaque_to(outgoing.topic, ticket)
            .partition(outgoing.partition)
            .key(outgoing.key)
            .payload(outgoing.value)
            .headers(plain_headers());
        self.producer.send(record).map_err(|(error, _)| trouble(error))?;
        loop {
            self.producer.poll(step(deadline));
            match self.producer.context().take() {
                Some((reported, report)) if reported == ticket => return report.map_err(trouble),
                // a record that an earlier round gave up
                Some(_) | None => {}
            }
            self.look_up(deadline)?;
        }
    }

    /// Reads the outputs from here on, where decisions about messages with this key go.
    pub(super) fn watch(&self, key: &str) -> Result<(), Trouble> {
        let mut assignment = TopicPartitionList::new();
        for topic in &self.outputs {
            let partition = partition_of(key.as_bytes(), self.n_partitions(topic)?);
            let ends =
                offsets_of_reader(&self.reader, topic, [partition], Offset::End, QUESTION_MAX);
            let ends = ends.map_err(|(_, error)| trouble(error))?;
            let Some(end) = ends.get(&partition) else {
                return Err(Trouble::Overdue);
            };
            let from = Offset::Offset(*end);
            assignment.add_partition_offset(topic, partition, from).map_err(trouble)?;
        }
        self.reader.assign(&assignment).map_err(trouble)
    }

    /// Reads nothing any more.
    pub(super) fn unwatch(&self) {
        if let Err(error) = self.reader.unassign() {
            tracing::debug!(%error, "the probe cannot stop reading");
        }
    }

    /// Waits for the decision about the record that `source` names, and says when it was read.
    pub(super) fn decision(
        &self,
        source: &str,
        deadline: Instant,
    ) -> Result<(Seen, Instant), Trouble> {
        loop {
            match self.reader.poll(step(deadline)) {
                Some(Ok(message))
                    if header(&message, headers::SOURCE) == Some(source.as_bytes()) =>
                {
                    return seen(&message).map(|seen| (seen, Instant::now()));
                }
                Some(Ok(_)) => {}
                Some(Err(error)) => {
                    // away for a while is what the deadline is for
                    if let failed @ Trouble::Failed(_) = trouble(error) {
                        return Err(failed);
                    }
                }
                None => {}
            }
            self.look_up(deadline)?;
        }
    }

    /// Waits, and lets librdkafka tell what it has to say meanwhile.
    pub(super) fn nap_until(&self, due: Instant) -> Result<(), Trouble> {
        while Instant::now() < due {
            if self.shutdown.is_requested() {
                return Err(Trouble::Stopping);
            }
            self.producer.poll(Duration::ZERO);
            drop(self.reader.poll(Duration::ZERO));
            std::thread::sleep(STEP.min(due.saturating_duration_since(Instant::now())));
        }
        Ok(())
    }

    /// From now on only deadlines end a wait.
    pub(super) fn leave(&mut self) {
        self.is_leaving = true;
    }

    fn look_up(&self, deadline: Instant) -> Result<(), Trouble> {
        if !self.is_leaving && self.shutdown.is_requested() {
            Err(Trouble::Stopping)
        } else if Instant::now() >= deadline {
            Err(Trouble::Overdue)
        } else {
            Ok(())
        }
    }
}

fn step(deadline: Instant) -> Duration {
    STEP.min(deadline.saturating_duration_since(Instant::now()))
}

/// Brokers come and go: what passes by itself is a wait, not a fault.
fn trouble(error: KafkaError) -> Trouble {
    use RDKafkaErrorCode as Code;
    match error.rdkafka_error_code() {
        Some(
            Code::MessageTimedOut
            | Code::OperationTimedOut
            | Code::RequestTimedOut
            | Code::BrokerTransportFailure
            | Code::AllBrokersDown
            | Code::Resolve
            | Code::NotLeaderForPartition
            | Code::LeaderNotAvailable
            | Code::NotEnoughReplicas
            | Code::NotEnoughReplicasAfterAppend
            | Code::PartitionEOF,
        ) => Trouble::Overdue,
        _ => Trouble::Failed(error.to_string()),
    }
}

fn header<'m>(message: &'m BorrowedMessage<'_>, name: &str) -> Option<&'m [u8]> {
    let mut headers = (0..).map_while(|at| header_of(message, at));
    headers.find(|(key, _)| *key == name.as_bytes())?.1
}

fn seen(message: &BorrowedMessage<'_>) -> Result<Seen, Trouble> {
    let text = |name| header(message, name).and_then(|value| std::str::from_utf8(value).ok());
    let outcome = [Outcome::Approved, Outcome::Blocked, Outcome::Deferred]
        .into_iter()
        .find(|outcome| text(headers::OUTCOME) == Some(outcome.as_str()));
    let Some(outcome) = outcome else {
        return Err(Trouble::Failed(format!("a decision without `{}`", headers::OUTCOME)));
    };
    Ok(Seen {
        outcome,
        reason: text(headers::REASON).unwrap_or("no reason").to_owned(),
        is_marked: header(message, headers::PROBE) == Some(b"1"),
    })
}

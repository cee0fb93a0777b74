//! The stage: librdkafka's mock cluster, a producer for the cast, an audience that reads the decisions.

use super::cast::Scene;
use crate::headers::SourceRef;
use crate::kafka::GateContext;
use crate::kafka::native::{BatchReader, NativeError, Polled, mock_rebalance_delay};
use crate::outputs::Output;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::producer::{BaseProducer, BaseRecord, DeliveryResult, Producer, ProducerContext};
use rdkafka::{ClientConfig, ClientContext, Offset, TopicPartitionList};
use serde_json::Value;
use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Partitions of each topic.
const N_PARTITIONS: i32 = 2;
/// How long the mock may take to acknowledge.
const ACKNOWLEDGE_TIMEOUT: Duration = Duration::from_secs(10);
/// How long the audience waits for something to see.
const POLL_WAIT: Duration = Duration::from_millis(20);
/// Input records remembered, so that each is shown once.
const SOURCES_MAX: usize = 100_000;
const CONSENT: &str = "consent-change";
const OUTBOUND: &str = "outbound-message";

/// The mock cluster does not play along.
#[derive(Debug, thiserror::Error)]
pub enum StageError {
    /// rdkafka.
    #[error("demo cluster: {0}")]
    Kafka(#[from] KafkaError),
    /// librdkafka.
    #[error("demo cluster: {0}")]
    Native(#[from] NativeError),
    /// No mock cluster.
    #[error("demo cluster: librdkafka was built without its mock cluster")]
    NoCluster,
    /// No acknowledgement.
    #[error("demo cluster: a record was not acknowledged")]
    NotAcknowledged,
}

/// Counts acknowledgements.
#[derive(Default)]
pub(super) struct Acknowledgements {
    n_good: AtomicUsize,
}

impl ClientContext for Acknowledgements {}

impl ProducerContext for Acknowledgements {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        if result.is_ok() {
            self.n_good.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// The cluster and the producer that owns it.
pub(super) struct Stage {
    producer: BaseProducer<Acknowledgements>,
    bootstrap: String,
}

impl Stage {
    pub(super) fn new() -> Result<Self, StageError> {
        let mut config = ClientConfig::new();
        config.set("test.mock.num.brokers", "1").set("linger.ms", "0");
        let producer: BaseProducer<Acknowledgements> =
            config.create_with_context(Acknowledgements::default())?;
        mock_rebalance_delay(producer.client(), Duration::ZERO);
        let bootstrap = {
            let cluster = producer.client().mock_cluster().ok_or(StageError::NoCluster)?;
            let outputs = Output::ALL.iter().map(|output| output.row().name);
            for topic in [CONSENT, OUTBOUND].into_iter().chain(outputs) {
                cluster.create_topic(topic, N_PARTITIONS, 1)?;
            }
            cluster.bootstrap_servers()
        };
        Ok(Self { producer, bootstrap })
    }

    pub(super) fn bootstrap(&self) -> &str {
        &self.bootstrap
    }

    /// History, message, and what happens while the message waits; each acknowledged before the next.
    pub(super) fn play(&self, scene: &Scene) -> Result<(), StageError> {
        for change in &scene.before {
            self.consent(change)?;
        }
        self.message(&scene.message)?;
        for change in &scene.while_queued {
            self.consent(change)?;
        }
        Ok(())
    }

    /// Publishes a consent change; returns how long the acknowledgement took.
    pub(super) fn consent(&self, change: &Value) -> Result<Duration, StageError> {
        let key = change.get("contact_id").and_then(Value::as_str).unwrap_or_default();
        self.send(CONSENT, key, change)
    }

    pub(super) fn message(&self, message: &Value) -> Result<Duration, StageError> {
        let recipient = message.get("recipient").and_then(|r| r.get("contact_id"));
        self.send(OUTBOUND, recipient.and_then(Value::as_str).unwrap_or_default(), message)
    }

    fn send(&self, topic: &str, key: &str, value: &Value) -> Result<Duration, StageError> {
        let began = Instant::now();
        let good = &self.producer.context().n_good;
        let n_before = good.load(Ordering::Relaxed);
        let value = value.to_string();
        let record = BaseRecord::to(topic).key(key).payload(value.as_bytes());
        self.producer.send(record).map_err(|(error, _)| error)?;
        while good.load(Ordering::Relaxed) == n_before {
            if began.elapsed() > ACKNOWLEDGE_TIMEOUT {
                return Err(StageError::NotAcknowledged);
            }
            self.producer.poll(Duration::from_millis(1));
        }
        Ok(began.elapsed())
    }

    /// A reader of all outputs.
    pub(super) fn audience(&self) -> Result<Audience, StageError> {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", &self.bootstrap).set("group.id", "demo-audience");
        config.set("enable.auto.commit", "false").set("fetch.wait.max.ms", "10");
        let consumer: BaseConsumer<GateContext> =
            config.create_with_context(GateContext::default())?;
        let mut assignment = TopicPartitionList::new();
        for topic in Output::with_tail().map(|output| output.row().name) {
            for partition in 0..N_PARTITIONS {
                assignment.add_partition_offset(topic, partition, Offset::Beginning)?;
            }
        }
        consumer.assign(&assignment)?;
        let reader = BatchReader::new(consumer, 100)?;
        Ok(Audience { reader, sources: HashSet::new() })
    }
}

/// A decision as its readers see it.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) message_id: String,
    pub(super) reason: String,
    pub(super) at: Instant,
}

/// Reads the outputs.
pub(super) struct Audience {
    reader: BatchReader<GateContext>,
    sources: HashSet<(i32, i64)>,
}

impl Audience {
    /// Decisions that were not seen before, each input record once; waits a moment for the first.
    pub(super) fn poll(&mut self) -> Vec<Seen> {
        let mut seen = Vec::new();
        for polled in self.reader.poll(POLL_WAIT).iter() {
            let Polled::Record(record) = polled else {
                continue;
            };
            let text = |header| record.header(header).and_then(|t| std::str::from_utf8(t).ok());
            let source = text(c"gate-source").and_then(SourceRef::parse);
            let Some(source) = source else { continue };
            if self.sources.len() >= SOURCES_MAX {
                self.sources.clear(); // the mock repeats what is near, not what was long ago
            }
            if !self.sources.insert((source.partition, source.record_offset)) {
                continue;
            }
            let value: Option<Value> =
                record.value.and_then(|value| serde_json::from_slice(value).ok());
            let message_id = value.as_ref().and_then(|v| v.get("message_id")?.as_str());
            seen.push(Seen {
                message_id: message_id.unwrap_or_default().to_owned(),
                reason: text(c"gate-reason").unwrap_or_default().to_owned(),
                at: Instant::now(),
            });
        }
        seen
    }
}

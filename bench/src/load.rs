//! Fills topics with the data set, and checks that the broker has taken every record.

use crate::broker;
use crate::dataset::{Contact, Format, Message};
use crate::progress::say;
use anyhow::{Result, bail};
use rdkafka::ClientConfig;
use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::{BaseProducer, BaseRecord, DeliveryResult, Producer, ProducerContext};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

const FLUSH_MAX: Duration = Duration::from_secs(120);
/// Records between two looks at the delivery reports.
const POLL_EVERY: u64 = 1_000;

/// Where to load, and how much.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Where Kafka is; `consent-change` and `outbound-message` must exist
    bootstrap: String,
    /// Contacts with consent
    contacts: u64,
    /// Messages
    messages: u64,
    /// How values are written
    #[arg(long, value_enum, default_value = "json")]
    format: Format,
}

/// Loads the data set into topics of the usual names, to try things by hand.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let Arguments { bootstrap, contacts, messages: n_messages, format } = arguments;
    let client = broker::client(bootstrap);
    let n_changes = consent(&client, "consent-change", *format, *contacts)?;
    say(&format!("{n_changes} consent changes"));
    let backlog = (0..*n_messages).map(|n| Message::backlog(n, *contacts));
    let n_messages = messages(&client, "outbound-message", *format, backlog)?;
    say(&format!("{n_messages} messages"));
    Ok(())
}

/// Counts what the broker refused.
struct Refusals(Arc<AtomicU64>);

impl ClientContext for Refusals {
    fn log(&self, _: RDKafkaLogLevel, _: &str, _: &str) {}
    fn error(&self, _: KafkaError, _: &str) {}
}

impl ProducerContext for Refusals {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        if result.is_err() {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// A producer for many records.
pub(crate) struct Bulk {
    producer: BaseProducer<Refusals>,
    n_refused: Arc<AtomicU64>,
    n_sent: u64,
}

impl Bulk {
    /// Connects.
    pub(crate) fn new(client: &ClientConfig) -> Result<Self> {
        let mut config = client.clone();
        config.set("acks", "all").set("linger.ms", "10").set("partitioner", "murmur2_random");
        config.set("queue.buffering.max.messages", "200000");
        let n_refused = Arc::new(AtomicU64::new(0));
        let producer = config.create_with_context(Refusals(Arc::clone(&n_refused)))?;
        Ok(Self { producer, n_refused, n_sent: 0 })
    }

    /// Queues a record.
    pub(crate) fn send(&mut self, topic: &str, key: &str, value: &[u8]) -> Result<()> {
        let mut record = BaseRecord::to(topic).key(key).payload(value);
        self.n_sent += 1;
        if self.n_sent.is_multiple_of(POLL_EVERY) {
            self.producer.poll(Duration::ZERO);
        }
        loop {
            match self.producer.send(record) {
                Ok(()) => return Ok(()),
                Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), back)) => {
                    record = back;
                    self.producer.poll(Duration::from_millis(20));
                }
                Err((error, _)) => return Err(error.into()),
            }
        }
    }

    /// Waits until the broker has everything; how many records that were.
    pub(crate) fn finish(self) -> Result<u64> {
        self.producer.flush(FLUSH_MAX)?;
        let n_refused = self.n_refused.load(Ordering::Relaxed);
        if n_refused > 0 {
            bail!("the broker refused {n_refused} of {} records", self.n_sent);
        }
        Ok(self.n_sent)
    }
}

/// An opt-in of every contact and the opt-outs of the data set; how many changes that are.
pub(crate) fn consent(
    client: &ClientConfig,
    topic: &str,
    format: Format,
    contacts: u64,
) -> Result<u64> {
    let mut bulk = Bulk::new(client)?;
    for contact in (0..contacts).map(Contact::nth) {
        bulk.send(topic, &contact.id, &contact.opt_in().value(format)?)?;
    }
    for contact in (0..contacts).map(Contact::nth).filter(Contact::opts_out) {
        bulk.send(topic, &contact.id, &contact.opt_out().value(format)?)?;
    }
    bulk.finish()
}

/// Messages, each with the contact as its key.
pub(crate) fn messages(
    client: &ClientConfig,
    topic: &str,
    format: Format,
    messages: impl Iterator<Item = Message>,
) -> Result<u64> {
    let mut bulk = Bulk::new(client)?;
    for message in messages {
        bulk.send(topic, &message.contact.id, &message.value(format)?)?;
    }
    bulk.finish()
}

//! Producers: an acks=all one that reports when the broker acknowledged, and transactional ones.
//!
//! The moment of acknowledgement is what promise P1 is about, so it is taken in the delivery callback.

use rdkafka::ClientConfig;
use rdkafka::client::ClientContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{Header, Message, OwnedHeaders};
use rdkafka::producer::{
    BaseProducer, BaseRecord, DeliveryResult, Producer, ProducerContext, ThreadedProducer,
};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::{Duration, Instant};

/// A record on its way.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outgoing {
    /// `None`: by key.
    pub(crate) partition: Option<i32>,
    pub(crate) key: Option<Vec<u8>>,
    pub(crate) value: Option<Vec<u8>>,
    pub(crate) headers: Vec<(String, Option<Vec<u8>>)>,
    /// Record time in milliseconds; `None`: now.
    pub(crate) timestamp_ms: Option<i64>,
}

impl Outgoing {
    /// A record with key and value.
    pub(crate) fn new(key: impl Into<Vec<u8>>, value: Vec<u8>) -> Self {
        Self { key: Some(key.into()), value: Some(value), ..Self::default() }
    }

    /// With one more header.
    pub(crate) fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        let value = Some(value.as_ref().to_vec());
        self.headers.push((name.to_owned(), value));
        self
    }

    fn record<D: rdkafka::util::IntoOpaque>(
        &self,
        topic: &str,
        delivery_opaque: D,
        send: impl FnOnce(BaseRecord<'_, [u8], [u8], D>),
    ) {
        let headers = self.headers.iter().fold(OwnedHeaders::new(), |headers, (key, value)| {
            headers.insert(Header { key, value: value.as_deref() })
        });
        send(BaseRecord {
            topic,
            partition: self.partition,
            payload: self.value.as_deref(),
            key: self.key.as_deref(),
            timestamp: self.timestamp_ms,
            headers: (!self.headers.is_empty()).then_some(headers),
            delivery_opaque,
        });
    }
}

/// Where a record went, and when the test learned that the broker has it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Acked {
    pub(crate) partition: i32,
    pub(crate) offset: i64,
    pub(crate) at: Instant,
}

type Ticket = SyncSender<Result<Acked, KafkaError>>;

struct Tell;

impl ClientContext for Tell {
    fn log(&self, _: rdkafka::config::RDKafkaLogLevel, _: &str, _: &str) {}
    fn error(&self, _: KafkaError, _: &str) {}
}

impl ProducerContext for Tell {
    type DeliveryOpaque = Box<Ticket>;

    fn delivery(&self, result: &DeliveryResult<'_>, ticket: Box<Ticket>) {
        let told = match result {
            Ok(record) => Ok(Acked {
                partition: record.partition(),
                offset: record.offset(),
                at: Instant::now(),
            }),
            Err((error, _)) => Err(error.clone()),
        };
        ticket.try_send(told).ok(); // nobody waits for it any more
    }
}

/// Idempotent acks=all producer without lingering.
pub(crate) struct Plain(ThreadedProducer<Tell>);

/// The acknowledgement to come.
pub(crate) struct Receipt(Receiver<Result<Acked, KafkaError>>);

impl Receipt {
    /// Waits for the broker.
    pub(crate) fn wait(&self) -> Acked {
        let told = self.0.recv_timeout(Duration::from_secs(330));
        told.expect("the broker answers").expect("the record is acknowledged")
    }
}

fn config(bootstrap: &str) -> ClientConfig {
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", bootstrap)
        .set("acks", "all")
        .set("enable.idempotence", "true")
        .set("message.max.bytes", "8000000")
        .set("partitioner", "murmur2_random")
        .set("queue.buffering.max.messages", "1000000")
        .set("message.timeout.ms", "300000");
    config
}

impl Plain {
    /// Connects.
    pub(crate) fn new(bootstrap: &str) -> Self {
        let mut config = config(bootstrap);
        config.set("linger.ms", "0");
        let producer = config.create_with_context(Tell);
        Self(producer.expect("a producer can be made"))
    }

    /// Hands the record over and returns at once.
    pub(crate) fn start(&self, topic: &str, outgoing: &Outgoing) -> Receipt {
        let (ticket, receipt) = sync_channel(1);
        loop {
            let mut full = false;
            outgoing.record(topic, Box::new(ticket.clone()), |record| match self.0.send(record) {
                Ok(()) => {}
                Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), _)) => full = true,
                Err((error, _)) => panic!("the record cannot be produced: {error}"),
            });
            if !full {
                return Receipt(receipt);
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Hands the record over and waits for the broker.
    pub(crate) fn send(&self, topic: &str, outgoing: &Outgoing) -> Acked {
        self.start(topic, outgoing).wait()
    }

    /// All of them, acknowledged.
    pub(crate) fn send_all<'a>(
        &self,
        topic: &str,
        records: impl IntoIterator<Item = &'a Outgoing>,
    ) -> Vec<Acked> {
        let receipts: Vec<_> = records.into_iter().map(|r| self.start(topic, r)).collect();
        receipts.iter().map(Receipt::wait).collect()
    }
}

/// A transactional producer.
pub(crate) struct Transactional(BaseProducer<Quiet>);

struct Quiet;

impl ClientContext for Quiet {
    fn log(&self, _: rdkafka::config::RDKafkaLogLevel, _: &str, _: &str) {}
    fn error(&self, _: KafkaError, _: &str) {}
}

impl ProducerContext for Quiet {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        if let Err((error, _)) = result {
            // an abort purges what was not sent yet; anything else shows at the commit
            println!("a record of a transaction was not delivered: {error}");
        }
    }
}

const PATIENCE: Duration = Duration::from_secs(60);

impl Transactional {
    /// Connects and fences earlier producers of the same id. The broker aborts what stays open for `timeout`.
    pub(crate) fn new(bootstrap: &str, id: &str, timeout: Duration) -> Self {
        let mut config = config(bootstrap);
        config
            .set("linger.ms", "0")
            .set("transactional.id", id)
            .set("transaction.timeout.ms", timeout.as_millis().to_string());
        config.remove("message.timeout.ms");
        let producer: BaseProducer<Quiet> =
            config.create_with_context(Quiet).expect("a producer can be made");
        producer.init_transactions(PATIENCE).expect("transactions can be used");
        Self(producer)
    }

    /// Opens a transaction.
    pub(crate) fn begin(&self) {
        self.0.begin_transaction().expect("a transaction can be opened");
    }

    /// Writes a record inside the transaction and waits until the broker has it.
    pub(crate) fn write(&self, topic: &str, outgoing: &Outgoing) {
        outgoing.record(topic, (), |record| {
            self.0.send(record).map_err(|(error, _)| error).expect("the record can be produced");
        });
        // not flush(): it waits in steps of 100 ms
        let began = Instant::now();
        while self.0.in_flight_count() > 0 {
            self.0.poll(Duration::from_millis(1));
            assert!(began.elapsed() < PATIENCE, "the broker does not take the record");
        }
    }

    /// Commits; returns when the broker has acknowledged the commit.
    pub(crate) fn commit(&self) -> Instant {
        self.0.commit_transaction(PATIENCE).expect("the transaction can be committed");
        Instant::now()
    }

    /// Aborts.
    pub(crate) fn abort(&self) {
        self.0.abort_transaction(PATIENCE).expect("the transaction can be aborted");
    }
}

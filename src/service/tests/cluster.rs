//! A cluster of librdkafka's own, a gate on it, and somebody who writes and reads its topics.

use crate::config::Config;
use crate::headers::SourceRef;
use crate::kafka::GateContext;
use crate::kafka::native::{BatchReader, Polled, mock_rebalance_delay};
use crate::service::{RunError, Running, start};
use crate::shutdown::Shutdown;
use crate::status::Status;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, DeliveryResult, Producer, ProducerContext};
use rdkafka::{ClientConfig, ClientContext, Offset, TopicPartitionList};
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

pub(super) const CONSENT: &str = "consent-change";
pub(super) const OUTBOUND: &str = "outbound-message";
pub(super) const LETTERS: &str = "consent-dead-letter";
const OUTPUTS: [&str; 3] = ["approved-message", "blocked-message", "deferred-message"];
const PARTITIONS: i32 = 2;
/// The machine may be busy.
const PATIENCE: Duration = Duration::from_secs(60);

/// Keeps where the last record was acknowledged.
#[derive(Default)]
pub(super) struct Acknowledged(Mutex<Option<Result<(i32, i64), String>>>);

impl ClientContext for Acknowledged {}

impl ProducerContext for Acknowledged {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        use rdkafka::Message as _;
        let place = match result {
            Ok(message) => Ok((message.partition(), message.offset())),
            Err((error, _)) => Err(error.to_string()),
        };
        *self.0.lock().unwrap() = Some(place);
    }
}

/// The brokers, and a producer that owns them.
pub(super) struct Cluster {
    producer: BaseProducer<Acknowledged>,
    pub(super) bootstrap: String,
}

impl Cluster {
    pub(super) fn new() -> Self {
        let mut config = ClientConfig::new();
        config.set("test.mock.num.brokers", "1").set("linger.ms", "0");
        let producer: BaseProducer<Acknowledged> =
            config.create_with_context(Acknowledged::default()).unwrap();
        mock_rebalance_delay(producer.client(), Duration::ZERO);
        let bootstrap = {
            let cluster = producer.client().mock_cluster().unwrap();
            let own = [
                LETTERS,
                "consent-gate-review",
                "consent-gate-decisions",
                "consent-gate-sent",
                "consent-gate-policies",
            ];
            for topic in [CONSENT, OUTBOUND].into_iter().chain(own).chain(OUTPUTS) {
                cluster.create_topic(topic, PARTITIONS, 1).unwrap();
            }
            cluster.bootstrap_servers()
        };
        Self { producer, bootstrap }
    }

    /// What the brokers answer, each once, to the next requests of a kind.
    pub(super) fn answer(
        &self,
        request: rdkafka::types::RDKafkaApiKey,
        errors: &[rdkafka::types::RDKafkaRespErr],
    ) {
        self.producer.client().mock_cluster().unwrap().request_errors(request, errors);
    }

    /// From now on they answer such requests as ever.
    pub(super) fn answer_as_ever(&self, request: rdkafka::types::RDKafkaApiKey) {
        self.producer.client().mock_cluster().unwrap().clear_request_errors(request);
    }

    pub(super) fn broker(&self, is_up: bool) {
        let cluster = self.producer.client().mock_cluster().unwrap();
        let done = if is_up { cluster.broker_up(1) } else { cluster.broker_down(1) };
        done.unwrap();
    }

    /// Publishes and waits for the acknowledgement; where it lies.
    pub(super) fn publish(&self, record: BaseRecord<'_, [u8], [u8]>) -> (i32, i64) {
        let acknowledged = &self.producer.context().0;
        acknowledged.lock().unwrap().take();
        self.producer.send(record).map_err(|(error, _)| error).unwrap();
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            self.producer.poll(Duration::from_millis(1));
            if let Some(place) = acknowledged.lock().unwrap().take() {
                return place.unwrap();
            }
        }
        panic!("not acknowledged");
    }

    pub(super) fn consent(&self, change: &Value) -> (i32, i64) {
        let key = change["contact_id"].as_str().unwrap_or_default().to_owned();
        let value = change.to_string();
        self.publish(BaseRecord::to(CONSENT).key(key.as_bytes()).payload(value.as_bytes()))
    }

    /// Bytes nobody can read.
    pub(super) fn unreadable(&self, partition: i32, key: &str) -> (i32, i64) {
        let record = BaseRecord::to(CONSENT).partition(partition).key(key.as_bytes());
        self.publish(record.payload(b"nobody can read this"))
    }

    pub(super) fn send(&self, partition: i32, message: &Value) -> (i32, i64) {
        let key = message["recipient"]["contact_id"].as_str().unwrap_or_default().to_owned();
        let value = message.to_string();
        let record = BaseRecord::to(OUTBOUND).partition(partition).key(key.as_bytes());
        self.publish(record.payload(value.as_bytes()))
    }

    /// Releases the record with that dead letter, as `consent skip` does.
    pub(super) fn release(&self, letter: &Letter) {
        let mut headers = OwnedHeaders::new()
            .insert(Header { key: "gate-release", value: Some(&letter.source) })
            .insert(Header { key: "gate-detail", value: Some(r#"{"operator":"casey"}"#) });
        headers = headers.insert(Header { key: "gate-topic-id", value: Some(&letter.topic_id) });
        let record = BaseRecord::to(LETTERS).partition(letter.partition).key(&b""[..]);
        self.publish(record.payload(&b""[..]).headers(headers));
    }

    fn reader(&self, topics: &[&str]) -> BatchReader<GateContext> {
        let mut config = ClientConfig::new();
        config
            .set("bootstrap.servers", &self.bootstrap)
            .set("group.id", "audience")
            .set("enable.auto.commit", "false")
            .set("fetch.wait.max.ms", "10");
        let consumer: BaseConsumer<GateContext> =
            config.create_with_context(GateContext::default()).unwrap();
        let mut all = TopicPartitionList::new();
        for topic in topics {
            for partition in 0..PARTITIONS {
                all.add_partition_offset(topic, partition, Offset::Beginning).unwrap();
            }
        }
        consumer.assign(&all).unwrap();
        BatchReader::new(consumer, 1_000).unwrap()
    }

    /// Waits until so many messages have a decision; the reason of each, by its id.
    pub(super) fn decisions(&self, n: usize) -> BTreeMap<String, String> {
        let mut reader = self.reader(&OUTPUTS);
        let mut found = BTreeMap::new();
        let deadline = Instant::now() + PATIENCE;
        while found.len() < n {
            assert!(Instant::now() < deadline, "{} of {n} decided: {found:?}", found.len());
            for polled in reader.poll(Duration::from_millis(20)).iter() {
                let Polled::Record(record) = polled else { continue };
                let text = |header| {
                    let value = record.header(header).unwrap_or_default();
                    String::from_utf8_lossy(value).into_owned()
                };
                let source = text(c"gate-source");
                assert!(SourceRef::parse(&source).is_some(), "{source}");
                let id = record.value.and_then(|v| serde_json::from_slice::<Value>(v).ok());
                let id = id.and_then(|v| Some(v.get("message_id")?.as_str()?.to_owned()));
                let reason = text(c"gate-reason");
                let before = found.insert(id.unwrap_or(source), reason.clone());
                // the mock shows what was aborted, too: never two answers
                assert!(before.is_none_or(|before| before == reason));
            }
        }
        found
    }

    /// Waits for so many dead letters.
    pub(super) fn letters(&self, n: usize) -> Vec<Letter> {
        let mut reader = self.reader(&[LETTERS]);
        let mut letters = BTreeMap::new();
        let deadline = Instant::now() + PATIENCE;
        while letters.len() < n {
            assert!(Instant::now() < deadline, "{} of {n} dead letters", letters.len());
            for polled in reader.poll(Duration::from_millis(20)).iter() {
                let Polled::Record(record) = polled else { continue };
                let text = |header| {
                    let value = record.header(header)?;
                    Some(String::from_utf8_lossy(value).into_owned())
                };
                let Some(source) = text(c"gate-source") else { continue };
                let topic_id = text(c"gate-topic-id").unwrap_or_default();
                let detail = text(c"gate-detail").unwrap_or_default();
                let letter = Letter { partition: record.partition, source, topic_id, detail };
                letters.insert(letter.source.clone(), letter);
            }
        }
        letters.into_values().collect()
    }
}

/// A dead letter.
#[derive(Clone, Debug)]
pub(super) struct Letter {
    partition: i32,
    pub(super) source: String,
    topic_id: String,
    pub(super) detail: String,
}

/// A gate that runs until it is dropped.
pub(super) struct Gate {
    pub(super) status: Arc<Status>,
    pub(super) metrics: Arc<crate::metrics::Metrics>,
    shutdown: Shutdown,
    pub(super) http_address: SocketAddr,
    waiter: Option<JoinHandle<Result<(), RunError>>>,
    runtime: tokio::runtime::Runtime,
    dir: tempfile::TempDir,
}

impl Gate {
    pub(super) fn start(cluster: &Cluster) -> Self {
        Self::start_as(cluster, "gate-1", tempfile::tempdir().unwrap())
    }

    /// In this directory, which may hold the state of a former one.
    pub(super) fn start_as(cluster: &Cluster, instance_id: &str, dir: tempfile::TempDir) -> Self {
        Self::try_start(cluster, instance_id, dir).unwrap()
    }

    /// As [`Gate::start_as`].
    pub(super) fn try_start(
        cluster: &Cluster,
        instance_id: &str,
        dir: tempfile::TempDir,
    ) -> Result<Self, RunError> {
        let text = Self::config(cluster, instance_id, &dir);
        let config = Config::parse("test.yaml", &text, []).unwrap();
        Self::of(&config, dir)
    }

    /// One that machines may ask, with these tokens and more lines of configuration.
    pub(super) fn asked_by(cluster: &Cluster, tokens: &str, more: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("tokens.yaml");
        std::fs::write(&path, tokens).unwrap();
        let text = Self::config(cluster, "gate-1", &dir);
        let address = "\"127.0.0.1:0\"";
        let http = format!("{address}, tokens_file: {}", path.display());
        let text = text.replace(address, &http) + more;
        Self::of(&Config::parse("test.yaml", &text, []).unwrap(), dir).unwrap()
    }

    fn config(cluster: &Cluster, instance_id: &str, dir: &tempfile::TempDir) -> String {
        let (bootstrap, state) = (&cluster.bootstrap, dir.path().join("state"));
        format!(
            "instance_id: {instance_id}\nlanes: 1\nkafka:\n  bootstrap_servers: \"{bootstrap}\"\n\
             \x20 properties: {{fetch.wait.max.ms: 10}}\n\
             state: {{dir: {}, memory_bytes: 67108864}}\nhttp: {{listen: \"127.0.0.1:0\"}}\n",
            state.display()
        )
    }

    /// Asks as a machine does: status and body.
    pub(super) fn ask(&self, target: &str, token: &str, body: &Value) -> (u16, Value) {
        let body = body.to_string();
        let mut client = TcpStream::connect(self.http_address).unwrap();
        client.set_read_timeout(Some(PATIENCE)).unwrap();
        let head = format!(
            "POST {target} HTTP/1.1\r\nHost: gate\r\nConnection: close\r\nContent-Type: application/json\r\n\
             Authorization: Bearer {token}\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        client.write_all((head + &body).as_bytes()).unwrap();
        let mut answer = String::new();
        client.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let code = head.split(' ').nth(1).unwrap().parse().unwrap();
        (code, serde_json::from_str(body).unwrap())
    }

    fn of(config: &Config, dir: tempfile::TempDir) -> Result<Self, RunError> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let shutdown = Shutdown::default();
        let running = start(config, runtime.handle(), shutdown.clone(), None)?.unwrap();
        let Running { ref status, ref metrics, http_address, .. } = running;
        let (status, metrics) = (Arc::clone(status), Arc::clone(metrics));
        let waiter = Some(std::thread::spawn(move || running.wait()));
        Ok(Self { status, metrics, shutdown, http_address, waiter, runtime, dir })
    }

    /// Where its pepper lies.
    pub(super) fn pepper_file(&self) -> std::path::PathBuf {
        self.dir.path().join("state").join("pepper")
    }

    /// The sum over all labels of a metric.
    pub(super) fn count(&self, name: &str) -> u64 {
        let text = self.metrics.encode().unwrap();
        let values = text.lines().filter(|line| line.starts_with(name));
        let values = values.filter_map(|line| line.rsplit_once(' ')?.1.parse::<f64>().ok());
        values.sum::<f64>() as u64
    }

    /// Waits until everything is in order.
    pub(super) fn ready(self) -> Self {
        self.until("ready", |reasons| reasons.is_empty());
        self
    }

    /// Waits until it holds for a reason with this text.
    pub(super) fn held(&self, text: &str) {
        self.until(text, |reasons| reasons.iter().any(|reason| reason.contains(text)));
    }

    pub(super) fn until(&self, what: &str, is_so: impl Fn(&[String]) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let reasons = self.status.ready().reasons;
            if is_so(&reasons) {
                return;
            }
            assert!(Instant::now() < deadline, "{what}: {reasons:?}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Stops it; how it ended, and the directory with its state.
    pub(super) fn stop(mut self) -> (Result<(), RunError>, tempfile::TempDir) {
        self.shutdown.request();
        let ended = self.waiter.take().unwrap().join().unwrap();
        let dir = std::mem::replace(&mut self.dir, tempfile::tempdir().unwrap());
        (ended, dir)
    }

    /// How it ended by itself.
    pub(super) fn end(mut self) -> Result<(), RunError> {
        self.waiter.take().unwrap().join().unwrap()
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.shutdown.request();
        if let Some(waiter) = self.waiter.take() {
            drop(waiter.join());
        }
        let _guard = self.runtime.enter();
    }
}

//! Readers that see a topic as a careful consumer does: `read_committed`, by offset, from the beginning.
//!
//! One runs while the test runs (what it saw was real for somebody), one reads after it (what is there
//! for ever). The oracle compares both.

use crate::harness::environment::wait_until;
use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::KafkaError;
use rdkafka::message::{BorrowedMessage, Headers, Message};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// A record as it stands in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) topic: String,
    pub(crate) partition: i32,
    pub(crate) offset: i64,
    pub(crate) key: Option<Vec<u8>>,
    pub(crate) value: Option<Vec<u8>>,
    pub(crate) headers: Vec<(String, Option<Vec<u8>>)>,
}

impl Record {
    fn of(message: &BorrowedMessage<'_>) -> Self {
        let headers = message.headers().into_iter().flat_map(|all| {
            let all = all.iter();
            all.map(|header| (header.key.to_owned(), header.value.map(<[u8]>::to_vec)))
        });
        Self {
            topic: message.topic().to_owned(),
            partition: message.partition(),
            offset: message.offset(),
            key: message.key().map(<[u8]>::to_vec),
            value: message.payload().map(<[u8]>::to_vec),
            headers: headers.collect(),
        }
    }

    /// The only header of that name, as text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut all = self.headers.iter().filter(|(key, _)| key == name);
        let value = all.next()?.1.as_deref()?;
        if all.next().is_some() {
            return None;
        }
        std::str::from_utf8(value).ok()
    }

    /// `topic/partition/offset`.
    pub(crate) fn place(&self) -> String {
        format!("{}/{}/{}", self.topic, self.partition, self.offset)
    }
}

struct Silent;

impl ClientContext for Silent {
    fn log(&self, _: RDKafkaLogLevel, _: &str, _: &str) {}
    fn error(&self, _: KafkaError, _: &str) {}
}

impl ConsumerContext for Silent {}

fn consumer(bootstrap: &str, isolation: &str) -> BaseConsumer<Silent> {
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", bootstrap)
        .set("group.id", "oracle-never-joins")
        .set("isolation.level", isolation)
        .set("enable.auto.commit", "false")
        .set("auto.offset.reset", "error")
        .set("enable.partition.eof", "true")
        .set("check.crcs", "true")
        .set("fetch.wait.max.ms", "50")
        .set("fetch.message.max.bytes", "8388608")
        .set("topic.metadata.refresh.interval.ms", "30000");
    config.create_with_context(Silent).expect("a consumer can be made")
}

/// The topic's partitions, once each of them has a leader: right after its creation a broker may not know
/// them all, and a partition that is left out would never be read.
fn partitions(consumer: &BaseConsumer<Silent>, topic: &str) -> Vec<i32> {
    let mut found = Vec::new();
    wait_until(&format!("{topic} has leaders"), Duration::from_secs(60), || {
        let Ok(metadata) = consumer.fetch_metadata(Some(topic), Duration::from_secs(30)) else {
            return false;
        };
        let Some(topic) = metadata.topics().first().filter(|t| t.error().is_none()) else {
            return false;
        };
        found = topic.partitions().iter().map(|p| p.id()).collect();
        !found.is_empty() && topic.partitions().iter().all(|p| p.leader() >= 0)
    });
    found
}

fn assign(consumer: &BaseConsumer<Silent>, topics: &[&str]) {
    let mut list = TopicPartitionList::new();
    for topic in topics {
        for partition in partitions(consumer, topic) {
            let added = list.add_partition_offset(topic, partition, Offset::Offset(0));
            added.expect("a partition can be assigned");
        }
    }
    consumer.assign(&list).expect("partitions can be assigned");
}

/// A reader that runs beside the test.
pub(crate) struct During {
    seen: Arc<Mutex<Vec<(Instant, Record)>>>,
    /// What the consumer said, by text; shown when a test fails.
    errors: Arc<Mutex<BTreeMap<String, usize>>>,
    stop: Arc<AtomicBool>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl During {
    /// Starts to follow the topics.
    pub(crate) fn follow(bootstrap: &str, topics: &[&str]) -> Self {
        let consumer = consumer(bootstrap, "read_committed");
        assign(&consumer, topics);
        let seen: Arc<Mutex<Vec<(Instant, Record)>>> = Arc::default();
        let errors: Arc<Mutex<BTreeMap<String, usize>>> = Arc::default();
        let stop = Arc::new(AtomicBool::new(false));
        let thread = {
            let (seen, errors, stop) = (Arc::clone(&seen), Arc::clone(&errors), Arc::clone(&stop));
            std::thread::spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    match consumer.poll(Duration::from_millis(100)) {
                        Some(Ok(message)) => {
                            let record = Record::of(&message);
                            seen.lock().expect("no reader panicked").push((Instant::now(), record));
                        }
                        // the broker being away, or the end of a partition
                        Some(Err(error)) => {
                            let mut errors = errors.lock().expect("no reader panicked");
                            *errors.entry(error.to_string()).or_default() += 1;
                        }
                        None => {}
                    }
                }
            })
        };
        Self { seen, errors, stop, thread: Some(thread) }
    }

    /// How many records were seen so far.
    pub(crate) fn count(&self) -> usize {
        self.seen.lock().expect("no reader panicked").len()
    }

    /// How many records that satisfy `which` were seen so far.
    pub(crate) fn count_where(&self, which: impl Fn(&Record) -> bool) -> usize {
        let seen = self.seen.lock().expect("no reader panicked");
        seen.iter().filter(|(_, record)| which(record)).count()
    }

    /// When the record after the first `n` was seen.
    pub(crate) fn seen_at(&self, n: usize) -> Option<Instant> {
        let seen = self.seen.lock().expect("no reader panicked");
        seen.get(n).map(|(at, _)| *at)
    }

    /// What was seen so far.
    pub(crate) fn records(&self) -> Vec<Record> {
        let seen = self.seen.lock().expect("no reader panicked");
        seen.iter().map(|(_, record)| record.clone()).collect()
    }
}

impl Drop for During {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.join().ok(); // a reader that panicked has failed the test already
        }
        if std::thread::panicking() {
            let errors = self.errors.lock().map(|errors| errors.clone()).unwrap_or_default();
            println!("--- what the reader beside the test was told: {errors:#?}");
        }
    }
}

/// Every committed record of the topics. Waits for transactions that are still open: the broker ends them.
pub(crate) fn read_all(bootstrap: &str, topics: &[&str]) -> Vec<Record> {
    topics.iter().flat_map(|topic| read_topic(bootstrap, topic)).collect()
}

fn read_topic(bootstrap: &str, topic: &str) -> Vec<Record> {
    let committed = consumer(bootstrap, "read_committed");
    let all = consumer(bootstrap, "read_uncommitted");
    let ends = |handle: &BaseConsumer<Silent>| -> HashMap<i32, i64> {
        let partitions = partitions(handle, topic).into_iter();
        let end = |partition| {
            let marks = handle.fetch_watermarks(topic, partition, Duration::from_secs(30));
            (partition, marks.expect("the broker tells end offsets").1)
        };
        partitions.map(end).collect()
    };
    wait_until(&format!("no transaction is open on {topic}"), Duration::from_secs(60), || {
        ends(&committed) == ends(&all)
    });
    assign(&committed, &[topic]);
    let mut open: HashSet<i32> = partitions(&committed, topic).into_iter().collect();
    let mut records = Vec::new();
    let mut moved = Instant::now();
    while !open.is_empty() {
        match committed.poll(Duration::from_millis(100)) {
            Some(Ok(message)) => {
                records.push(Record::of(&message));
                moved = Instant::now();
            }
            Some(Err(KafkaError::PartitionEOF(partition))) => {
                open.remove(&partition);
                moved = Instant::now();
            }
            Some(Err(_)) | None => {}
        }
        assert!(moved.elapsed() < Duration::from_secs(60), "cannot read {topic} to its end");
    }
    records
}

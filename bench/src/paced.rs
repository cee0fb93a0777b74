//! An open-loop load: message `n` is due at `began + n / rate`, whatever became of the ones before, and its latency
//! counts from then. A producer that falls behind makes the figures worse, never better.

use crate::broker::Quiet;
use crate::dataset::{Format, Message};
use anyhow::{Result, anyhow};
use rdkafka::ClientConfig;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

const FLUSH_MAX: Duration = Duration::from_secs(60);
/// Records between two polls of the producer.
const POLL_EVERY: u64 = 256;

/// What to send, and how fast.
#[derive(Clone)]
pub(crate) struct Pace {
    /// Settings of a client.
    pub(crate) client: ClientConfig,
    /// Where to.
    pub(crate) topic: String,
    /// Messages a second.
    pub(crate) rate: u64,
    /// Messages at most.
    pub(crate) messages_max: u64,
    /// Contacts of the data set.
    pub(crate) contacts: u64,
    /// When message 0 is due.
    pub(crate) began: Instant,
}

impl Pace {
    /// When message `n` is due.
    pub(crate) fn due(&self, n: u64) -> Instant {
        self.began + Duration::from_nanos(n * (1_000_000_000 / self.rate))
    }
}

/// A load that runs until all is sent, or it is finished early.
pub(crate) struct Load {
    stop: Arc<AtomicBool>,
    n_sent: Arc<AtomicU64>,
    thread: Option<JoinHandle<Result<()>>>,
}

impl Load {
    /// Starts it.
    pub(crate) fn start(pace: Pace) -> Result<Self> {
        let mut config = pace.client.clone();
        config.set("acks", "all").set("enable.idempotence", "true").set("linger.ms", "0");
        config.set("partitioner", "murmur2_random").set("delivery.report.only.error", "true");
        let producer: BaseProducer<Quiet> = config.create_with_context(Quiet)?;
        // connected and informed before the first message is due
        producer.client().fetch_metadata(Some(&pace.topic), FLUSH_MAX)?;
        let (stop, n_sent) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let thread = {
            let (stop, n_sent) = (Arc::clone(&stop), Arc::clone(&n_sent));
            std::thread::spawn(move || send(&producer, &pace, &stop, &n_sent))
        };
        Ok(Self { stop, n_sent, thread: Some(thread) })
    }

    /// Messages sent so far.
    pub(crate) fn n_sent(&self) -> u64 {
        self.n_sent.load(Ordering::Relaxed)
    }

    /// Sends no more, and waits until the broker has what was sent; how many that are.
    pub(crate) fn stop(self) -> Result<u64> {
        self.stop.store(true, Ordering::Relaxed);
        self.join()
    }

    /// Waits until everything is sent and acknowledged.
    pub(crate) fn join(mut self) -> Result<u64> {
        if let Some(thread) = self.thread.take() {
            thread.join().map_err(|_| anyhow!("the paced producer panicked"))??;
        }
        Ok(self.n_sent())
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // whoever drops it early has an error of its own to tell
            thread.join().ok();
        }
    }
}

fn send(
    producer: &BaseProducer<Quiet>,
    pace: &Pace,
    stop: &AtomicBool,
    n_sent: &AtomicU64,
) -> Result<()> {
    for n in 0..pace.messages_max {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        std::thread::sleep(pace.due(n).saturating_duration_since(Instant::now()));
        let message = Message::paced(n, pace.contacts);
        let value = message.value(Format::Json)?;
        let record = BaseRecord::to(&pace.topic).key(&message.contact.id).payload(&value);
        producer.send(record).map_err(|(error, _)| error)?;
        n_sent.store(n + 1, Ordering::Relaxed);
        if n.is_multiple_of(POLL_EVERY) {
            producer.poll(Duration::ZERO);
        }
    }
    Ok(producer.flush(FLUSH_MAX)?)
}

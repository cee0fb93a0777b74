//! A `read_committed` reader of the outputs that notes when each message of a paced load was first seen: what
//! whoever sends the approved messages would see.

use crate::broker::{PARTITIONS, Quiet};
use crate::dataset::paced_number;
use anyhow::Result;
use consent_gate::kafka::native::{BatchReader, Polled};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

const RECORDS_MAX: usize = 10_000;
const POLL_WAIT: Duration = Duration::from_millis(50);
/// Stands for "not seen yet".
const NEVER: u64 = 0;

struct Shared {
    began: Instant,
    /// Per message, nanoseconds from `began` plus one.
    seen: Vec<AtomicU64>,
    n_seen: AtomicU64,
    /// Of whatever came last, also messages seen before.
    latest: AtomicU64,
    stop: AtomicBool,
}

/// The reader.
pub(crate) struct Arrivals {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl Arrivals {
    /// Follows these topics from their beginning; has room for `messages_max` messages.
    pub(crate) fn follow(
        client: &ClientConfig,
        topics: &[String],
        messages_max: u64,
    ) -> Result<Self> {
        let mut config = client.clone();
        config.set("group.id", "gate-bench-never-joins").set("isolation.level", "read_committed");
        config.set("enable.auto.commit", "false").set("auto.offset.reset", "error");
        let consumer: BaseConsumer<Quiet> = config.create_with_context(Quiet)?;
        let mut assignment = TopicPartitionList::new();
        for topic in topics {
            for partition in 0..PARTITIONS {
                assignment.add_partition_offset(topic, partition, Offset::Beginning)?;
            }
        }
        consumer.assign(&assignment)?;
        let reader = BatchReader::new(consumer, RECORDS_MAX)?;
        let shared = Arc::new(Shared {
            began: Instant::now(),
            seen: (0..messages_max).map(|_| AtomicU64::new(NEVER)).collect(),
            n_seen: AtomicU64::new(0),
            latest: AtomicU64::new(NEVER),
            stop: AtomicBool::new(false),
        });
        let thread = {
            let shared = Arc::clone(&shared);
            std::thread::spawn(move || read(reader, &shared))
        };
        Ok(Self { shared, thread: Some(thread) })
    }

    /// Distinct messages seen so far.
    pub(crate) fn n_seen(&self) -> u64 {
        self.shared.n_seen.load(Ordering::Acquire)
    }

    /// When message `n` was first seen.
    pub(crate) fn seen(&self, n: u64) -> Option<Instant> {
        let nanos = self.shared.seen.get(usize::try_from(n).ok()?)?.load(Ordering::Acquire);
        self.instant(nanos)
    }

    /// When anything was last seen.
    pub(crate) fn latest(&self) -> Option<Instant> {
        self.instant(self.shared.latest.load(Ordering::Acquire))
    }

    fn instant(&self, nanos: u64) -> Option<Instant> {
        (nanos != NEVER).then(|| self.shared.began + Duration::from_nanos(nanos))
    }
}

impl Drop for Arrivals {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // a reader that panicked has seen nothing more, which its owner has noticed
            thread.join().ok();
        }
    }
}

fn read(mut reader: BatchReader<Quiet>, shared: &Shared) {
    while !shared.stop.load(Ordering::Relaxed) {
        let batch = reader.poll(POLL_WAIT);
        let now = u64::try_from(shared.began.elapsed().as_nanos()).unwrap_or(u64::MAX).max(1);
        for polled in batch.iter() {
            // errors of the connection pass; what is missing in the end is reported as missing
            let Polled::Record(record) = polled else { continue };
            shared.latest.store(now, Ordering::Release);
            let number = record.value.and_then(paced_number).and_then(|n| usize::try_from(n).ok());
            let Some(slot) = number.and_then(|n| shared.seen.get(n)) else { continue };
            if slot.compare_exchange(NEVER, now, Ordering::AcqRel, Ordering::Relaxed).is_ok() {
                shared.n_seen.fetch_add(1, Ordering::AcqRel);
            }
        }
    }
}

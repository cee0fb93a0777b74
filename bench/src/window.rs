//! The measured window: from the first to the last committed offset of a consumer group.
//!
//! Gate, floor and peer are all looked at from outside and in the same way: how far the group has committed
//! its input. That is exact (inputs hold no control records), counts only what a transaction has committed,
//! and costs the process under measurement nothing. Start-up before the first commit does not count.

use crate::broker::{ANSWER_MAX, Broker, PARTITIONS, Quiet};
use crate::process;
use anyhow::{Result, bail};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::{Offset, TopicPartitionList};
use serde::{Deserialize, Serialize};
use std::time::{Duration, Instant};

/// How often the group is asked.
const SAMPLE_EVERY: Duration = Duration::from_millis(20);
/// Without any progress for so long, something is broken.
const STUCK_AFTER: Duration = Duration::from_secs(120);

/// What was committed between the first and the last look, and what it cost.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Window {
    /// Messages committed inside the window.
    pub(crate) messages: u64,
    /// Its length.
    pub(crate) seconds: f64,
    /// CPU of the process under measurement.
    pub(crate) cpu_s: f64,
    /// CPU of the broker.
    pub(crate) broker_cpu_s: f64,
}

/// A consumer group's committed offsets of one topic.
pub(crate) struct GroupProgress {
    observer: BaseConsumer<Quiet>,
    partitions: TopicPartitionList,
}

impl GroupProgress {
    /// Of this group in this topic.
    pub(crate) fn new(broker: &Broker, group: &str, topic: &str) -> Result<Self> {
        let mut partitions = TopicPartitionList::new();
        for partition in 0..PARTITIONS {
            partitions.add_partition(topic, partition);
        }
        Ok(Self { observer: broker.observer(group)?, partitions })
    }

    /// The next offset of each partition; 0 where nothing is committed.
    pub(crate) fn offsets(&self) -> Result<Vec<u64>> {
        // a coordinator that has just been made, or is moving, says so
        let ask = || self.observer.committed_offsets(self.partitions.clone(), ANSWER_MAX);
        let deadline = Instant::now() + ANSWER_MAX;
        let mut answer = ask();
        while answer.is_err() && Instant::now() < deadline {
            std::thread::sleep(SAMPLE_EVERY);
            answer = ask();
        }
        let committed = answer?;
        let offset = |offset| match offset {
            Offset::Offset(offset) => u64::try_from(offset).unwrap_or(0),
            _ => 0,
        };
        Ok(committed.elements().iter().map(|element| offset(element.offset())).collect())
    }

    /// Messages committed so far.
    pub(crate) fn committed(&self) -> Result<u64> {
        Ok(self.offsets()?.iter().sum())
    }
}

#[derive(Clone, Copy)]
struct Sample {
    at: Instant,
    messages: u64,
    cpu_s: f64,
    broker_cpu_s: f64,
}

/// The process under measurement.
pub(crate) trait Watched {
    /// Its id, as soon as it is there.
    fn pid(&self) -> Option<u32>;

    /// An error when it is not running any more.
    fn must_run(&mut self) -> Result<()>;
}

/// Waits until the group has committed all `messages` and gives the window.
pub(crate) fn measure(
    broker: &Broker,
    progress: &GroupProgress,
    messages: u64,
    watched: &mut dyn Watched,
) -> Result<Window> {
    let (mut first, mut pid) = (None, None);
    let mut moved = (0, Instant::now());
    loop {
        watched.must_run()?;
        let committed = progress.committed()?;
        let at = Instant::now();
        if committed != moved.0 {
            moved = (committed, at);
        }
        if moved.1.elapsed() > STUCK_AFTER {
            bail!("stuck at {committed} of {messages} messages for {} s", STUCK_AFTER.as_secs());
        }
        // a group that is set back for another run stands at its old end until then
        let is_under_way = first.is_some() || committed < messages;
        if committed > 0 && is_under_way {
            pid = pid.or_else(|| watched.pid());
        }
        if let Some(pid) = pid {
            let (cpu_s, broker_cpu_s) =
                (process::cpu_seconds(pid)?, process::cpu_seconds(broker.pid)?);
            let now = Sample { at, messages: committed, cpu_s, broker_cpu_s };
            let first = *first.get_or_insert(now);
            if committed >= messages {
                return Ok(between(first, now));
            }
        }
        std::thread::sleep(SAMPLE_EVERY.saturating_sub(at.elapsed()));
    }
}

fn between(first: Sample, last: Sample) -> Window {
    Window {
        messages: last.messages - first.messages,
        seconds: (last.at - first.at).as_secs_f64(),
        cpu_s: last.cpu_s - first.cpu_s,
        broker_cpu_s: last.broker_cpu_s - first.broker_cpu_s,
    }
}

impl Window {
    /// Messages a second.
    pub(crate) fn messages_per_s(&self) -> f64 {
        self.messages as f64 / self.seconds
    }

    /// CPU-seconds of the process per million messages.
    pub(crate) fn cpu_s_per_million(&self) -> f64 {
        self.cpu_s / self.messages as f64 * 1e6
    }
}

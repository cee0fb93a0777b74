//! What lies in Kafka of what was answered for: every record since the beginning of a run is read, and looked for by its event id.

use crate::broker::{ANSWER_MAX, Broker, PARTITIONS, Quiet};
use anyhow::{Result, bail};
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::message::Message as _;
use rdkafka::{Offset, TopicPartitionList};
use serde::Deserialize;
use std::collections::HashSet;
use std::time::{Duration, Instant};

/// Without any record for so long, something is broken.
const STUCK_AFTER: Duration = Duration::from_secs(60);

/// The end of the topic at the beginning of a run.
pub(super) struct Taken {
    topic: String,
    ends: Vec<i64>,
}

#[derive(Deserialize)]
struct Event {
    event_id: String,
}

impl Taken {
    pub(super) fn begin(broker: &Broker, topic: &str) -> Result<Self> {
        let consumer = broker.observer("door-taken")?;
        Ok(Self { topic: topic.to_owned(), ends: ends(&consumer, topic)? })
    }

    /// How many of these changes are not there.
    pub(super) fn lost(&self, broker: &Broker, acknowledged: &[u64]) -> Result<u64> {
        let consumer = broker.observer("door-taken")?;
        let ends = ends(&consumer, &self.topic)?;
        let mut from = TopicPartitionList::new();
        let mut left = 0;
        for (partition, (begin, end)) in (0..).zip(self.ends.iter().zip(&ends)) {
            from.add_partition_offset(&self.topic, partition, Offset::Offset(*begin))?;
            left += end - begin;
        }
        consumer.assign(&from)?;
        let mut missing: HashSet<u64> = acknowledged.iter().copied().collect();
        let mut moved = Instant::now();
        while left > 0 {
            match consumer.poll(Duration::from_millis(100)) {
                Some(record) => {
                    let record = record?;
                    let event =
                        record.payload().and_then(|value| serde_json::from_slice(value).ok());
                    // a source's name stands before the id
                    let id: Option<u64> = event.and_then(|Event { event_id }| {
                        event_id.rsplit(':').next().and_then(|id| id.parse().ok())
                    });
                    if let Some(id) = id {
                        missing.remove(&id);
                    }
                    (left, moved) = (left - 1, Instant::now());
                }
                None if moved.elapsed() > STUCK_AFTER => {
                    bail!("{left} records of {} cannot be read", self.topic);
                }
                None => {}
            }
        }
        Ok(missing.len() as u64)
    }
}

fn ends(consumer: &BaseConsumer<Quiet>, topic: &str) -> Result<Vec<i64>> {
    let end = |partition| Ok(consumer.fetch_watermarks(topic, partition, ANSWER_MAX)?.1);
    (0..PARTITIONS).map(end).collect()
}

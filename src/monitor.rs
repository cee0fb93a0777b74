//! Looks at the log from outside, once a second: ends and lags for readiness and metrics, the size of the
//! store, and whether the consent topic has grown partitions that nobody reads.

use crate::barrier::Barrier;
use crate::kafka::{GateContext, REQUEST_TIMEOUT};
use crate::lag::OutboundPositions;
use crate::metrics::Metrics;
use crate::ops::Status;
use crate::service::{RunError, Shutdown, n_partitions};
use crate::store::Store;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::{Offset, TopicPartitionList};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How often ends and lags are looked up.
const INTERVAL: Duration = Duration::from_secs(1);
/// How often the partition count is compared. Until then a new partition is not part of the barrier.
const PARTITIONS_INTERVAL: Duration = Duration::from_secs(5);
/// Granularity of waiting, so that a stop is noticed.
const NAP: Duration = Duration::from_millis(100);

/// What the monitor looks at.
pub struct MonitorParts {
    /// Asks for consent ends exactly as the lanes do.
    pub barrier: Barrier<GateContext>,
    /// The handle for questions.
    pub client: Arc<BaseConsumer<GateContext>>,
    /// The consent topic.
    pub consent_topic: String,
    /// Its partitions at the start.
    pub n_consent_partitions: usize,
    /// The input topic.
    pub outbound_topic: String,
    /// Where the lanes are.
    pub positions: Arc<OutboundPositions>,
    /// Its size.
    pub store: Arc<Store>,
    /// Counts.
    pub metrics: Arc<Metrics>,
    /// Readiness.
    pub status: Arc<Status>,
    /// When to stop.
    pub shutdown: Shutdown,
}

/// The monitor's thread.
pub struct Monitor {
    parts: MonitorParts,
}

impl Monitor {
    /// Nothing is asked before [`Monitor::run`].
    #[must_use]
    pub fn new(parts: MonitorParts) -> Self {
        Self { parts }
    }

    /// Looks until shutdown.
    ///
    /// # Errors
    /// When the consent topic has other partitions than at the start.
    pub fn run(self) -> Result<(), RunError> {
        let heart = self.parts.status.heart("monitor");
        let mut looked_at: Option<Instant> = None;
        let mut compared_at = Instant::now();
        while !self.parts.shutdown.is_requested() {
            heart.beat();
            if looked_at.is_none_or(|at| at.elapsed() >= INTERVAL) {
                looked_at = Some(Instant::now());
                self.look();
            }
            if compared_at.elapsed() >= PARTITIONS_INTERVAL {
                compared_at = Instant::now();
                self.compare_partitions()?;
            }
            std::thread::sleep(NAP);
        }
        Ok(())
    }

    fn look(&self) {
        let parts = &self.parts;
        // a broker that is away shows in the lanes' holds
        if let Ok(ends) = parts.barrier.end_offsets() {
            for (partition, end_offset) in (0i32..).zip(ends) {
                parts.status.consent_end(partition, end_offset);
            }
        }
        self.outbound_lag();
        let stats = parts.store.stats();
        parts.metrics.store_bytes.set(i64::try_from(stats.disk_bytes).unwrap_or(i64::MAX));
        parts.metrics.subjects.set(i64::try_from(stats.subjects).unwrap_or(i64::MAX));
        parts.status.publish();
    }

    /// The lag of this instance's partitions, reported under its first lane: lanes share one clock and one
    /// topic, and what operators need is the sum and the worst age.
    fn outbound_lag(&self) {
        let positions = self.parts.positions.all();
        let mut query = TopicPartitionList::new();
        for partition in positions.keys() {
            let topic = &self.parts.outbound_topic;
            if query.add_partition_offset(topic, *partition, Offset::End).is_err() {
                return;
            }
        }
        if positions.is_empty() {
            return self.parts.status.lane_lag(0, 0, None);
        }
        let Ok(answer) = self.parts.client.offsets_for_times(query, REQUEST_TIMEOUT) else {
            return;
        };
        let (mut n_waiting, mut oldest_ms): (i64, Option<i64>) = (0, None);
        for element in answer.elements() {
            let (Offset::Offset(end), Some(position)) =
                (element.offset(), positions.get(&element.partition()))
            else {
                continue;
            };
            let lag = end.saturating_sub(position.next_offset).max(0);
            n_waiting = n_waiting.saturating_add(lag);
            if lag > 0 {
                oldest_ms = oldest_ms.into_iter().chain(position.record_ms).min();
            }
        }
        self.parts.status.lane_lag(0, n_waiting, oldest_ms);
    }

    fn compare_partitions(&self) -> Result<(), RunError> {
        let parts = &self.parts;
        let Ok(now) = n_partitions(&parts.client, &parts.consent_topic) else {
            return Ok(());
        };
        // 0 is an answer of a broker that does not know the topic yet
        if now == 0 || now == parts.n_consent_partitions {
            return Ok(());
        }
        Err(RunError::PartitionsChanged {
            topic: parts.consent_topic.clone(),
            before: parts.n_consent_partitions,
            now,
        })
    }
}

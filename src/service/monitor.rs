//! Looks at the log from outside, once a second: ends and lags for readiness and metrics, the size of the
//! store, and whether the consent topic is still the one that was read from. Lanes ask that with each batch; this is
//! for a gate that has nothing to decide, and it is what ends the process.

use super::RunError;
use crate::barrier::Barrier;
use crate::barrier::ConsentTopic;
use crate::kafka::source::{SourcePartition, SourceTopics};
use crate::kafka::{GateContext, REQUEST_TIMEOUT};
use crate::metrics::Metrics;
use crate::shutdown::Shutdown;
use crate::status::Status;
use crate::status::{Ends, OutboundPositions, Waiting};
use crate::store::Store;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::{Offset, TopicPartitionList};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How often ends and lags are looked up.
const INTERVAL: Duration = Duration::from_secs(1);
/// Granularity of waiting, so that a stop is noticed.
const NAP: Duration = Duration::from_millis(100);

/// What the monitor looks at.
pub(super) struct MonitorParts {
    /// Asks for consent ends exactly as the lanes do.
    pub barrier: Barrier,
    /// The handle for questions.
    pub client: Arc<BaseConsumer<GateContext>>,
    /// The consent topic.
    pub consent_topic: Arc<ConsentTopic>,
    /// The input topics.
    pub outbound_topics: SourceTopics,
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
pub(super) struct Monitor {
    parts: MonitorParts,
    /// Where the message partitions ended at earlier looks.
    outbound_ends: BTreeMap<SourcePartition, Ends>,
}

impl Monitor {
    /// Nothing is asked before [`Monitor::run`].
    #[must_use]
    pub(super) fn new(parts: MonitorParts) -> Self {
        Self { parts, outbound_ends: BTreeMap::new() }
    }

    /// Looks until shutdown.
    ///
    /// # Errors
    /// When the consent topic is another one than at the start.
    pub(super) fn run(mut self) -> Result<(), RunError> {
        let heart = self.parts.status.heart("monitor");
        let mut looked_at: Option<Instant> = None;
        while !self.parts.shutdown.is_requested() {
            heart.beat();
            if looked_at.is_none_or(|at| at.elapsed() >= INTERVAL) {
                looked_at = Some(Instant::now());
                self.look();
            }
            let topic = &self.parts.consent_topic;
            if topic.is_another() {
                return Err(RunError::TopicRecreated { topic: topic.name().to_owned() });
            }
            std::thread::sleep(NAP);
        }
        Ok(())
    }

    fn look(&mut self) {
        let parts = &self.parts;
        // a broker that is away shows in the lanes' holds
        if let Ok(ends) = parts.barrier.end_offsets() {
            for (partition, end_offset) in (0i32..).zip(ends) {
                parts.status.consent_end(partition, end_offset);
            }
        }
        self.outbound_lag();
        self.look_at_store();
        self.parts.status.publish();
        self.look_at_topic();
    }

    /// What waits in this instance's message partitions. Ends of partitions that are gone are forgotten.
    fn outbound_lag(&mut self) {
        let positions = self.parts.positions.all();
        self.outbound_ends.retain(|partition, _| positions.contains_key(partition));
        let mut query = TopicPartitionList::new();
        let topics = &self.parts.outbound_topics;
        for source in positions.keys() {
            let (topic, partition) = (topics.name(source.topic), source.partition);
            if query.add_partition_offset(topic, partition, Offset::End).is_err() {
                return;
            }
        }
        if !positions.is_empty() {
            // a broker that is away shows in the lanes' holds; what waits grows older meanwhile
            if let Ok(answer) = self.parts.client.offsets_for_times(query, REQUEST_TIMEOUT) {
                let now = Instant::now();
                for element in answer.elements() {
                    let source = topics.find(element.topic(), element.partition());
                    if let (Offset::Offset(end), Some(source)) = (element.offset(), source) {
                        self.outbound_ends.entry(source).or_default().saw(end, now);
                    }
                }
                for (partition, ends) in &mut self.outbound_ends {
                    if let Some(at) = positions.get(partition) {
                        ends.reached(at.next_offset);
                    }
                }
            }
        }
        let waiting = positions.into_iter().map(|(source, position)| Waiting {
            source,
            next_offset: position.next_offset,
            record_ms: position.record_ms,
            ends: self.outbound_ends.get(&source).cloned().unwrap_or_default(),
        });
        self.parts.status.outbound_waiting(waiting.collect());
    }

    /// How the store is doing, and whether its disk has room.
    fn look_at_store(&self) {
        let MonitorParts { store, metrics, .. } = &self.parts;
        let stats = store.stats();
        let count = |bytes: u64| i64::try_from(bytes).unwrap_or(i64::MAX);
        metrics.store_bytes.set(count(stats.disk_bytes));
        metrics.subjects.set(count(stats.subjects));
        metrics.store_cache_bytes.set(count(stats.cache_bytes));
        metrics.store_compaction_pending_bytes.set(count(stats.compaction_pending_bytes));
        metrics.store_compactions_running.set(count(stats.compactions_running));
        metrics.store_write_stopped.set(i64::from(stats.is_write_stopped));
        // these only grow, and this is the only place that counts them
        let hits = &metrics.store_cache_hits;
        hits.inc_by(stats.cache_hits.saturating_sub(hits.get()));
        let misses = &metrics.store_cache_misses;
        misses.inc_by(stats.cache_misses.saturating_sub(misses.get()));
        let stalled = stats.stalled.as_secs_f64() - metrics.store_stall.get();
        metrics.store_stall.inc_by(stalled.max(0.0));
        match store.disk_space() {
            Ok(space) => {
                metrics.disk_free_bytes.set(count(space.free_bytes));
                metrics.disk_total_bytes.set(count(space.total_bytes));
            }
            // the last figures stay; a disk that is gone stops the gate at its next write
            Err(error) => tracing::debug!(%error, "the disk does not tell its size"),
        }
    }

    /// Who is in the cluster, and what the consent topic is. What is found is for everybody who looks at it.
    fn look_at_topic(&self) {
        let MonitorParts { client, consent_topic, barrier, .. } = &self.parts;
        match client.fetch_metadata(Some(consent_topic.name()), REQUEST_TIMEOUT) {
            Ok(metadata) => {
                let brokers = metadata.brokers().iter().map(rdkafka::metadata::MetadataBroker::id);
                consent_topic.know_brokers(brokers.collect(), client);
            }
            // shows in the lanes' holds
            Err(error) => tracing::debug!(%error, "the brokers of the cluster are not known"),
        }
        if let Err(hold) = barrier.check_whole_topic().finish() {
            tracing::debug!(detail = hold.detail, "looking at the consent topic");
        }
    }
}

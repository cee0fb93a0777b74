//! Starts the threads that decide.

use super::RunError;
use super::start::{Parts, Worker};
use crate::barrier::Barrier;
use crate::config::{self, DecisionHeader};
use crate::kafka;
use crate::kafka::source::SourceTopics;
use crate::pipeline::{Clients, LaneParts, PRODUCER_SUFFIXES, Settings, Shared, run_lane};
use crate::policies::Policies;
use crate::store::Store;
use rdkafka::Offset;
use std::sync::Arc;

impl Parts<'_> {
    /// The thread of one lane.
    pub(super) fn start_lane(
        &self,
        number: usize,
        store: &Arc<Store>,
        policies: &Arc<Policies>,
    ) -> Result<Worker, RunError> {
        let config = self.config;
        let group_id = &config.kafka.group_id;
        let member = format!("{}-lane-{number}", config.instance_id);
        let producer_config = |suffix| {
            let transactional_id = format!("{group_id}-{member}{suffix}");
            let timeout = config.kafka.transaction_timeout;
            kafka::lane_producer(&self.config.producer_base(), &transactional_id, timeout)
        };
        let shared = Shared {
            messages: Arc::clone(&self.messages),
            pepper: Arc::clone(&self.pepper),
            store: Arc::clone(store),
            sent: Arc::clone(&self.sent),
            barrier: self.barrier(),
            policies: Arc::clone(policies),
            metrics: Arc::clone(&self.metrics),
            status: Arc::clone(&self.status),
            in_doubt: Arc::clone(&self.in_doubt),
            positions: Arc::clone(&self.positions),
            shutdown: self.shutdown.clone(),
        };
        let clients = Clients {
            producer_configs: PRODUCER_SUFFIXES.map(producer_config),
            scan_config: self.scan_config(),
            ends: Arc::clone(&self.end_offsets),
            committed_ends: Arc::clone(&self.committed_ends),
        };
        let parts = LaneParts { shared, settings: self.lane_settings(), clients };
        let consumer_config =
            kafka::lane_consumer(&self.base, group_id, &member, config.kafka.session_timeout);
        self.spawn(&format!("lane-{number}"), move || {
            run_lane(number, &parts, &consumer_config)
                .map_err(|source| RunError::Lane { number, source })
        })
    }

    /// Whether consent has caught up.
    pub(super) fn barrier(&self) -> Barrier {
        Barrier::new(
            Arc::clone(&self.end_offsets),
            Arc::clone(&self.committed_ends),
            Arc::clone(&self.consent_topic),
            Arc::clone(&self.applied),
            self.config.consent.barrier_timeout,
        )
    }

    fn lane_settings(&self) -> Settings {
        let config = self.config;
        let topics = &config.topics;
        Settings {
            topics: SourceTopics::new(&topics.outbound_messages),
            group_id: config.kafka.group_id.clone(),
            consent_topic: topics.consent_change.clone(),
            instance_id: config.instance_id.clone(),
            has_full_headers: config.decisions.header == DecisionHeader::Full,
            links: self.links.clone(),
            outputs: topics.outputs.clone(),
            batch_messages_max: config.batch.messages_max,
            batch_bytes_max: config.batch.bytes_max,
            value_bytes_max: config.limits.value_bytes_max,
            transaction_timeout: config.kafka.transaction_timeout,
            start_at: match config.kafka.start_at {
                config::StartAt::Earliest => Offset::Beginning,
                config::StartAt::Latest => Offset::End,
            },
            leave_on_shutdown: config.kafka.leave_on_shutdown,
        }
    }
}

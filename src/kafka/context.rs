//! The context of every rdkafka client of the gate: logs, and turns callbacks into events.
//!
//! Nothing is decided inside a callback: a rebalance is recorded and handled by the lane that polls.

use crate::logging::Limited;
use rdkafka::consumer::{BaseConsumer, ConsumerContext};
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::types::RDKafkaRespErr;
use rdkafka::{ClientContext, Statistics, TopicPartitionList};
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

/// A change of the lane's assignment, to be carried out by its owner.
#[derive(Debug)]
pub enum Rebalance {
    /// Partitions are given to us.
    Assign(TopicPartitionList),
    /// Partitions are taken away; nothing of theirs may be committed afterwards.
    Revoke(TopicPartitionList),
}

/// Callbacks of one client.
#[derive(Default)]
pub struct GateContext {
    rebalances: Mutex<VecDeque<Rebalance>>,
    warnings: Limited,
}

impl GateContext {
    /// The next recorded rebalance.
    pub fn take_rebalance(&self) -> Option<Rebalance> {
        self.rebalances.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }

    fn push(&self, rebalance: Rebalance) {
        self.rebalances.lock().unwrap_or_else(PoisonError::into_inner).push_back(rebalance);
    }
}

impl ClientContext for GateContext {
    fn stats(&self, _statistics: Statistics) {}

    fn error(&self, error: KafkaError, reason: &str) {
        // librdkafka repeats itself with every attempt to connect
        let code = error.rdkafka_error_code().map_or(0, |code| code as i64);
        if let Some(n_suppressed) = self.warnings.admit("kafka", code) {
            tracing::warn!(target: "kafka", %error, n_suppressed, "{reason}");
        }
    }
}

impl ConsumerContext for GateContext {
    fn rebalance(
        &self,
        _consumer: &BaseConsumer<Self>,
        error: RDKafkaRespErr,
        partitions: &mut TopicPartitionList,
    ) {
        match error {
            RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS => {
                self.push(Rebalance::Assign(partitions.clone()));
            }
            // anything else gives up what we hold
            _ => self.push(Rebalance::Revoke(partitions.clone())),
        }
    }

    fn commit_callback(&self, _result: KafkaResult<()>, _offsets: &TopicPartitionList) {}
}

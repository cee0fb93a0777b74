//! A lane's producers, which take turns.
//!
//! The coordinator writes the markers of a transaction after it has acknowledged the commit, and sends the same
//! producer back until they are written; librdkafka then waits 20 ms and more before it asks again. The other
//! producers have all that time: at low load it was most of what a message waited.
//!
//! INVARIANT: a transaction begins after the one before it was acknowledged, whoever made it. So at most one is
//! open, outputs of a partition stand in the order of its messages, and the group keeps the later of two offsets
//! even when the markers of the earlier transaction arrive last (it compares where the commits stand in its log).

use super::{Batch, Lane, LaneError};
use crate::kafka::native::TransactionalProducer;
use crate::metrics::HoldCause;
use std::sync::Arc;

/// How many take turns: one commits while the others' markers are written. At 2,000/s p90 was 12.3 ms with two
/// and 10.8 with three.
const N: usize = 3;

/// Producers with a thread waiting inside that a lane may leave behind; each keeps its threads and buffers.
const ABANDONED_MAX: usize = 4;

/// What ends the transactional id of each: the first has none, as in versions that had one producer a lane.
pub const SUFFIXES: [&str; N] = ["", "-2", "-3"];

/// The producers of a lane; `None` where one was thrown away and is not replaced yet.
#[derive(Default)]
pub(super) struct Producers {
    ready: [Option<Arc<TransactionalProducer>>; N],
    turn: usize,
    /// Thrown away while a thread was still waiting inside of them.
    n_abandoned: usize,
}

impl Producers {
    /// Whose turn it is.
    pub(super) fn current(&self) -> Option<&Arc<TransactionalProducer>> {
        self.ready.get(self.turn)?.as_ref()
    }

    /// After a committed transaction.
    pub(super) fn take_turns(&mut self) {
        self.turn = (self.turn + 1) % N;
    }

    fn throw_away(&mut self) {
        let former = self.ready.get_mut(self.turn).and_then(Option::take);
        // only a call that has not come back holds another
        self.n_abandoned +=
            usize::from(former.is_some_and(|former| Arc::strong_count(&former) > 1));
    }

    fn replace(&mut self, producer: TransactionalProducer) {
        if let Some(place) = self.ready.get_mut(self.turn) {
            *place = Some(Arc::new(producer));
        }
    }
}

impl<'c> Lane<'c> {
    /// Fences an earlier process with our ids, and finishes what it left open.
    pub(super) fn start_producers(&mut self, batch: &mut Batch<'c>) -> Result<(), LaneError> {
        for _ in 0..N {
            self.renew_producer(batch)?;
            self.producers.take_turns();
        }
        Ok(())
    }

    /// A fresh epoch for the producer whose turn it is; waits as long as the coordinator is away.
    pub(super) fn renew_producer(&mut self, batch: &mut Batch<'c>) -> Result<(), LaneError> {
        self.producers.throw_away();
        if self.producers.n_abandoned > ABANDONED_MAX {
            return Err(LaneError::Abandoned);
        }
        let outputs = self.parts.output_topics.iter().map(String::as_str);
        let topics: Vec<&str> = outputs.chain([self.parts.sent_topic.as_str()]).collect();
        let Some(config) = self.parts.producer_configs.get(self.producers.turn) else {
            return Ok(()); // as many as there are turns
        };
        let producer = TransactionalProducer::new(config, &topics).map_err(LaneError::Producer)?;
        while !self.parts.shutdown.is_requested() {
            match producer.init_transactions(crate::kafka::REQUEST_TIMEOUT) {
                Ok(()) => {
                    self.producers.replace(producer);
                    return Ok(());
                }
                Err(error) if error.is_fatal => return Err(LaneError::Producer(error)),
                Err(error) => {
                    let detail = format!("transaction coordinator: {error}");
                    self.hold(HoldCause::BrokerUnavailable, &detail, batch);
                }
            }
            self.poll_held(batch)?;
        }
        Ok(())
    }
}

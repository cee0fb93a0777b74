//! A lane's producers, which take turns.
//!
//! The coordinator writes the markers of a transaction after it has acknowledged the commit, and sends the same
//! producer back until they are written; librdkafka then waits 20 ms and more before it asks again. The other
//! producers have all that time: at low load it was most of what a message waited.
//!
//! INVARIANT: a transaction begins after the one before it was acknowledged, whoever made it. So at most one is
//! open, outputs of a partition stand in the order of its messages, and the group keeps the later of two offsets
//! even when the markers of the earlier transaction arrive last (it compares where the commits stand in its log).

use super::parts::Settings;
use super::{Lane, LaneBatch, LaneError};
use crate::kafka::REQUEST_TIMEOUT;
use crate::kafka::native::{NativeError, TransactionalProducer, WrittenTopic};
use crate::metrics::HoldCause;
use crate::outputs::Output;
use rdkafka::ClientConfig;
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
    ///
    /// All at the same time: while an open transaction is being ended librdkafka asks again after half a second, which
    /// one after the other was most of what a killed gate took to decide again.
    pub(super) fn start_producers(&mut self, batch: &mut LaneBatch<'c>) -> Result<(), LaneError> {
        let settings = &*self.settings;
        std::thread::scope(|scope| {
            let start = |config| {
                let producer = producer(settings, config).ok()?;
                producer.init_transactions(REQUEST_TIMEOUT).ok().map(|()| Arc::new(producer))
            };
            let configs = self.clients.producer_configs.each_ref();
            let started = configs.map(|config| scope.spawn(move || start(config)));
            self.producers.ready = started.map(|started| started.join().ok().flatten());
        });
        // what did not work is tried one by one, and told
        for _ in 0..N {
            if self.producers.current().is_none() {
                self.renew_producer(batch)?;
            }
            self.producers.take_turns();
        }
        Ok(())
    }

    /// A fresh epoch for the producer whose turn it is; waits as long as the coordinator is away.
    pub(super) fn renew_producer(&mut self, batch: &mut LaneBatch<'c>) -> Result<(), LaneError> {
        self.producers.throw_away();
        if self.producers.n_abandoned > ABANDONED_MAX {
            return Err(LaneError::Abandoned);
        }
        let Some(config) = self.clients.producer_configs.get(self.producers.turn) else {
            return Ok(()); // as many as there are turns
        };
        let producer = producer(&self.settings, config).map_err(LaneError::Producer)?;
        while !self.shared.shutdown.is_requested() {
            match producer.init_transactions(REQUEST_TIMEOUT) {
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

fn producer(
    settings: &Settings,
    config: &ClientConfig,
) -> Result<TransactionalProducer, NativeError> {
    let written = |output: Output| WrittenTopic {
        name: settings.outputs.of(output).as_str(),
        properties: output.row().properties,
    };
    let topics: Vec<WrittenTopic<'_>> = Output::of_lane().map(written).collect();
    TransactionalProducer::new(config, &topics)
}

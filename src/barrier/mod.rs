//! The barrier: no message is judged before every consent change that the broker had acknowledged when the
//! message was taken up (promise P1).
//!
//! After a batch is dequeued the broker is asked for the end offsets of all consent partitions, on a handle
//! of its own that reads uncommitted: the consumer's cached watermarks miss acknowledged records, and
//! read-committed ends miss transactional opt-outs. Then the reader must have applied up to there.
//!
//! What the topic *is* is asked after that, and answered before anything is committed (`consent_topic.rs`): its ends
//! say nothing about partitions that were added, and nothing at all when it is another topic of the same name.
//!
//! Whatever goes wrong holds the batch; nothing here ever lets it through.
//!
//! (In stream processing "barrier" often means a checkpoint marker. Here it means: consent caught up.)

mod applied;
mod consent_topic;
mod hold;

pub use applied::{Applied, Behind, Progress};
pub use consent_topic::{ConsentTopic, SILENCE_MAX, TopicCheck};
pub use hold::Hold;

use crate::kafka::GateContext;
use crate::kafka::native::serve;
use crate::metrics::HoldCause;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::{Offset, TopicPartitionList};
use std::sync::Arc;
use std::time::Duration;

/// Asks for ends and waits for the reader. One per lane, the broker handles are shared.
#[derive(Clone)]
pub struct Barrier {
    client: Arc<BaseConsumer<GateContext>>,
    /// Reads committed ends; asked only to explain a hold.
    committed: Arc<BaseConsumer<GateContext>>,
    topic: Arc<ConsentTopic>,
    applied: Arc<Applied>,
    timeout: Duration,
}

impl Barrier {
    /// A barrier over all partitions of the consent topic: with replicated placement every message depends
    /// on every consent partition. (Another placement changes this one function's partitions.)
    pub fn new(
        client: Arc<BaseConsumer<GateContext>>,
        committed: Arc<BaseConsumer<GateContext>>,
        topic: Arc<ConsentTopic>,
        applied: Arc<Applied>,
        timeout: Duration,
    ) -> Self {
        Self { client, committed, topic, applied, timeout }
    }

    /// Asks what the consent topic is. To be called when its ends are known, and to be finished before what was
    /// judged with them is committed: then they were those of this topic, and of all its partitions.
    pub fn check_topic(&self, end_offsets: &[i64]) -> TopicCheck<'_> {
        #[cfg(feature = "fault-injection")]
        if fault_no_barrier() {
            return self.topic.ask_nobody();
        }
        let n_partitions = i32::try_from(end_offsets.len()).unwrap_or(i32::MAX);
        self.topic.ask(&self.client, n_partitions, self.timeout)
    }

    /// The same when no ends were asked for.
    pub fn check_whole_topic(&self) -> TopicCheck<'_> {
        self.topic.ask(&self.client, self.topic.n_partitions(), self.timeout)
    }

    /// Returns when everything before these ends is in the store.
    ///
    /// # Errors
    /// A [`Hold`] when that does not happen within the barrier time-out.
    pub fn wait_for(&self, end_offsets: &[i64]) -> Result<(), Hold> {
        if fault_no_barrier() {
            return Ok(());
        }
        self.applied.wait_for(end_offsets, self.timeout).map_err(|behind| self.explain(behind))
    }

    /// The ends to wait for: what was acknowledged before this call lies before them.
    ///
    /// # Errors
    /// As [`Barrier::end_offsets`].
    pub fn ends_to_wait_for(&self) -> Result<Vec<i64>, Hold> {
        if fault_no_barrier() {
            return Ok(Vec::new());
        }
        self.end_offsets()
    }

    /// The ends of all consent partitions as the broker knows them now, committed or not.
    ///
    /// # Errors
    /// When the broker does not answer for every partition.
    pub fn end_offsets(&self) -> Result<Vec<i64>, Hold> {
        self.ask(&self.client).map_err(|detail| Hold::new(HoldCause::BrokerUnavailable, detail))
    }

    fn ask(&self, client: &BaseConsumer<GateContext>) -> Result<Vec<i64>, String> {
        let topic = self.topic.name();
        let failed = |error: KafkaError| format!("end offsets of `{topic}`: {error}");
        let partitions = 0..self.topic.n_partitions();
        let n_partitions = partitions.len();
        let mut query = TopicPartitionList::with_capacity(n_partitions);
        for partition in partitions {
            query.add_partition_offset(topic, partition, Offset::End).map_err(failed)?;
        }
        let answer = client.offsets_for_times(query, self.timeout);
        serve(client.client());
        let answer = answer.map_err(failed)?;
        let mut end_offsets = Vec::with_capacity(n_partitions);
        for (expected, element) in (0i32..).zip(answer.elements()) {
            element.error().map_err(failed)?;
            match element.offset() {
                Offset::Offset(end) if element.partition() == expected => end_offsets.push(end),
                _ => break,
            }
        }
        if end_offsets.len() == n_partitions {
            Ok(end_offsets)
        } else {
            Err(format!("end offsets of `{topic}`: some are missing"))
        }
    }

    /// Why the reader has not come so far: an unreadable record or batch, records that an open transaction keeps from
    /// every reader, or simply not yet.
    fn explain(&self, behind: Behind) -> Hold {
        let Behind { partition, progress, end_offset } = behind;
        let next_offset = progress.next_offset;
        let committed_end = || {
            let ends = self.ask(&self.committed).ok()?;
            ends.get(usize::try_from(partition).ok()?).copied()
        };
        let cause = if progress.is_poisoned {
            HoldCause::ConsentPoison
        } else if progress.is_unreadable {
            HoldCause::UnreadableBatch
        } else if !progress.is_restored {
            HoldCause::Restoring
        } else if committed_end().is_some_and(|end| end <= next_offset) {
            HoldCause::OpenTransaction
        } else {
            HoldCause::BarrierTimeout
        };
        let detail = format!(
            "`{}` partition {partition} is applied up to offset {next_offset}, end is {end_offset}",
            self.topic.name()
        );
        Hold { cause, detail, consent_partition: Some(partition) }
    }
}

/// Test-only: lets the oracle prove that it sees a gate without a barrier.
#[cfg(feature = "fault-injection")]
fn fault_no_barrier() -> bool {
    std::env::var("CONSENT_GATE_FAULT").is_ok_and(|fault| fault == "no_barrier")
}

#[cfg(not(feature = "fault-injection"))]
const fn fault_no_barrier() -> bool {
    false
}

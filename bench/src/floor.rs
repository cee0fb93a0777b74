//! The floor: what the client library costs without any gate.
//!
//! The same lanes as the gate has, each a static member of one consumer group with one transactional producer,
//! with the very settings and native calls of the gate (`consent_gate::kafka`). A lane takes what is queued, up
//! to the gate's largest batch, produces key and value unchanged to one topic, adds its offsets, commits, and
//! begins again. Nothing is decoded, looked up, decided or stamped; there is no barrier and no second topic.
//!
//! Records are taken in native batches. Those must not meet a rebalance, so a lane first polls until the group is
//! balanced, then goes back to the beginning and starts.

use crate::broker::{self, PARTITIONS, Quiet};
use anyhow::{Context, Result, bail};
use consent_gate::kafka::native::{
    BatchReader, GroupMembership, NativeError, NativeHeaders, Polled, TopicIndex,
    TransactionalProducer, WrittenTopic,
};
use consent_gate::kafka::{lane_consumer, lane_producer};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::{Offset, TopicPartitionList};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Twice the gate's default for `batch.messages_max`: as fast as it gets.
const BATCH_MAX: usize = 10_000;
/// About the gate's defaults for `kafka.session_timeout_ms` and `kafka.transaction_timeout_ms`.
const TIMEOUT: Duration = Duration::from_secs(10);
/// How long the group must have stayed balanced before anybody starts.
const CALM: Duration = Duration::from_millis(500);
const JOIN_MAX: Duration = Duration::from_secs(60);
const POLL_WAIT: Duration = Duration::from_millis(100);
const OUTPUT: TopicIndex = TopicIndex(0);

/// What to pass through.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Where Kafka is
    #[arg(long)]
    pub(crate) bootstrap: String,
    /// Consumer group, a new one
    #[arg(long)]
    pub(crate) group: String,
    /// Topic to read from its beginning
    #[arg(long)]
    pub(crate) input: String,
    /// Topic to write
    #[arg(long)]
    pub(crate) output: String,
    /// Group members
    #[arg(long)]
    pub(crate) lanes: usize,
    /// Records to pass before it ends
    #[arg(long)]
    pub(crate) messages: u64,
}

/// What the lanes share.
struct Shared {
    committed: AtomicU64,
    /// Partitions of each lane, and when that last changed.
    assigned: Mutex<(Vec<usize>, Instant)>,
}

impl Shared {
    /// Notes a lane's partitions; whether everybody has had a fair share for a while.
    fn is_calm(&self, lane: usize, n_partitions: usize) -> bool {
        let mut guard = self.assigned.lock().unwrap_or_else(PoisonError::into_inner);
        let (lanes, changed) = &mut *guard;
        if let Some(known) = lanes.get_mut(lane)
            && *known != n_partitions
        {
            *known = n_partitions;
            *changed = Instant::now();
        }
        let least = PARTITIONS as usize / lanes.len();
        let is_fair = lanes.iter().all(|n| *n >= least);
        is_fair && lanes.iter().sum::<usize>() == PARTITIONS as usize && changed.elapsed() > CALM
    }
}

/// Passes records through until all are committed, then waits for standard input to close: whoever measures has
/// to look at a living process.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    pass(arguments)?;
    std::io::copy(&mut std::io::stdin(), &mut std::io::sink())?;
    Ok(())
}

fn pass(arguments: &Arguments) -> Result<()> {
    let shared = Shared {
        committed: AtomicU64::new(0),
        assigned: Mutex::new((vec![0; arguments.lanes], Instant::now())),
    };
    std::thread::scope(|scope| {
        let lanes: Vec<_> = (0..arguments.lanes)
            .map(|number| {
                let shared = &shared;
                scope.spawn(move || lane(number, arguments, shared))
            })
            .collect();
        lanes.into_iter().try_for_each(|lane| match lane.join() {
            Ok(result) => result,
            Err(_) => bail!("a lane panicked"),
        })
    })
}

fn lane(number: usize, arguments: &Arguments, shared: &Shared) -> Result<()> {
    let base = broker::client(&arguments.bootstrap);
    let member = format!("floor-lane-{number}");
    let producer_config = lane_producer(&base, &format!("{}-{member}", arguments.group), TIMEOUT);
    let producer =
        TransactionalProducer::new(&producer_config, &[WrittenTopic::named(&arguments.output)])?;
    let producer = Arc::new(producer);
    producer.init_transactions(TIMEOUT)?;
    let consumer = join(number, arguments, &member, shared)?;
    let mut reader = BatchReader::new(consumer, BATCH_MAX)?;
    while shared.committed.load(Ordering::Relaxed) < arguments.messages {
        let mut next_offsets = [None; PARTITIONS as usize];
        let mut n_records = 0;
        for polled in reader.poll(POLL_WAIT).iter() {
            match polled {
                Polled::Record(record) => {
                    if n_records == 0 {
                        producer.begin()?;
                    }
                    let headers = NativeHeaders::with_capacity(0);
                    producer.produce(OUTPUT, record.key, record.value, headers)?;
                    let place = next_offsets.get_mut(record.partition as usize);
                    *place.context("a partition nobody knows")? = Some(record.offset + 1);
                    n_records += 1;
                }
                Polled::EndOfPartition { .. } => {}
                Polled::Error { error, .. } => return Err(error.into()),
            }
        }
        if n_records > 0 {
            let membership =
                GroupMembership::of(reader.consumer()).context("no member of the group")?;
            commit(&producer, membership, &arguments.input, &next_offsets)?;
            shared.committed.fetch_add(n_records, Ordering::Relaxed);
        }
    }
    Ok(())
}

/// A member with its share of the partitions, standing at their beginning.
fn join(
    number: usize,
    arguments: &Arguments,
    member: &str,
    shared: &Shared,
) -> Result<BaseConsumer<Quiet>> {
    let base = broker::client(&arguments.bootstrap);
    let mut config = lane_consumer(&base, &arguments.group, member, TIMEOUT);
    config.set("auto.offset.reset", "earliest"); // the gate finds its own starting points
    let consumer: BaseConsumer<Quiet> = config.create_with_context(Quiet)?;
    consumer.subscribe(&[&arguments.input])?;
    let deadline = Instant::now() + JOIN_MAX;
    while !shared.is_calm(number, consumer.assignment()?.count()) {
        if Instant::now() > deadline {
            bail!("the group is not balanced within {} s", JOIN_MAX.as_secs());
        }
        // whatever comes is read again
        drop(consumer.poll(Duration::from_millis(20)));
    }
    for element in consumer.assignment()?.elements() {
        consumer.seek(element.topic(), element.partition(), Offset::Beginning, TIMEOUT)?;
    }
    Ok(consumer)
}

fn commit(
    producer: &Arc<TransactionalProducer>,
    membership: GroupMembership,
    topic: &str,
    next_offsets: &[Option<i64>],
) -> Result<(), NativeError> {
    let mut offsets = TopicPartitionList::with_capacity(next_offsets.len());
    for (partition, next_offset) in next_offsets.iter().enumerate() {
        if let Some(next_offset) = next_offset {
            let mut element = offsets.add_partition(topic, partition as i32);
            // refused only for offsets below zero, which the broker never hands out
            element.set_offset(Offset::Offset(*next_offset)).ok();
        }
    }
    let deadline = Instant::now() + TIMEOUT;
    let offsets = producer.send_offsets(offsets, membership, deadline)?;
    producer.flush(deadline);
    offsets.wait()?;
    producer.commit(deadline)
}

//! A client that looks: how the commands read topics by hand.
//!
//! It is assigned by hand and joins no group; it moves no offsets and writes nothing, so nobody can be disturbed by it.
//! It has the group's id because librdkafka reads nothing without one, and because that is the one access lists allow.
//! There are three ways to look: to the ends of a topic ([`Observer::read`]), at its newest or oldest records within a
//! time ([`Observer::look`]), and as records come until somebody says stop ([`Observer::follow`]).
//!
//! INVARIANT: no command makes a consumer of its own (`tests/tidy.rs` looks for it).

use super::context::GateContext;
use super::failure::{Class, KafkaFailure, Witness};
use super::native::{BatchReader, NativeError, Polled, Record, TopicFacts, topic_facts_of_any};
use super::offsets::offsets;
use super::scan::{
    First, Patience, PlaceReader, Positions, Scan, ScanError, first_shown, positions_since,
};
use super::{Sight, end_offset_query, observer, scanner};
use crate::config::Config;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};
use std::collections::{BTreeMap, HashMap};
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

/// Records taken at once.
const RECORDS_MAX: usize = 1_000;
/// How long one poll waits.
const POLL_WAIT: Duration = Duration::from_millis(100);

/// Whoever looks: the settings of its clients.
#[derive(Clone, Debug)]
pub struct Observer {
    base: ClientConfig,
    /// Settings of a client to which a lost offset is an error.
    scanner: ClientConfig,
    group_id: String,
}

/// A look at one topic that is bounded in records and in time.
#[derive(Clone, Copy, Debug)]
pub struct Look<'l> {
    /// The topic.
    pub topic: &'l str,
    /// Its partitions, from 0 on.
    pub n_partitions: u32,
    /// At which end.
    pub at: Edge,
    /// Records of each partition.
    pub records_max: u32,
    /// Which of them.
    pub sight: Sight,
    /// Longest time for all of it.
    pub limit: Duration,
    /// What to call it in a failure.
    pub doing: &'l str,
}

/// An end of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edge {
    /// Its oldest records.
    Oldest,
    /// Its newest records.
    Newest,
}

/// How a look ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Looked {
    /// Everything that was asked for was seen.
    Whole,
    /// The visitor had seen enough.
    Enough,
    /// Time was over; the reason, if the brokers gave one.
    Late(KafkaFailure),
}

/// Where one begins to follow.
#[derive(Clone, Copy, Debug)]
pub enum Start<'s> {
    /// With the oldest record there is.
    Beginning,
    /// With what comes from now on.
    End,
    /// At these places; where there is none, or a negative one, with what comes from now on.
    At(&'s Positions),
}

impl Observer {
    /// An observer of this configuration's brokers.
    #[must_use]
    pub fn of(config: &Config) -> Self {
        Self::new(config.client_base(), &config.kafka.group_id)
    }

    fn new(base: ClientConfig, group_id: &str) -> Self {
        let scanner = scanner(&base, group_id);
        Self { base, scanner, group_id: group_id.to_owned() }
    }

    /// A consumer for whoever moves it about by hand, within one command.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn consumer(&self, doing: &str) -> Result<BaseConsumer<Witness>, KafkaFailure> {
        self.scanner
            .create_with_context(Witness::default())
            .map_err(|error| KafkaFailure::new(&error, doing))
    }

    /// The first offset of each partition whose record time is at least `since_ms`, −1 where nothing is that young;
    /// with `None` the beginning.
    ///
    /// # Errors
    /// The brokers do not answer within `limit`.
    pub fn since(
        &self,
        topics: &[&str],
        since_ms: Option<i64>,
        limit: Duration,
    ) -> Result<Positions, ScanError> {
        positions_since(&end_offset_query(&self.base), topics, since_ms, limit)
    }

    /// Where these partitions begin or end ([`Offset::Beginning`], [`Offset::End`]), committed or not.
    ///
    /// # Errors
    /// The brokers do not answer for every partition within `limit`.
    pub fn edges(
        &self,
        topic: &str,
        partitions: &[i32],
        place: Offset,
        limit: Duration,
        doing: &str,
    ) -> Result<BTreeMap<i32, i64>, KafkaFailure> {
        let client = self.asking(doing)?;
        offsets(&client, topic, partitions.iter().copied(), place, limit).map_err(
            |(partition, error)| {
                let place = partition.map_or_else(String::new, |it| format!(", partition {it}"));
                KafkaFailure::new(&error, format!("{doing}{place}"))
            },
        )
    }

    /// What the brokers say of a topic, whatever its settings are.
    ///
    /// # Errors
    /// They do not answer within `limit`.
    pub fn facts(
        &self,
        topic: &str,
        limit: Duration,
        doing: &str,
    ) -> Result<TopicFacts, KafkaFailure> {
        topic_facts_of_any(self.asking(doing)?.client(), topic, limit)
            .map_err(|error| KafkaFailure::from_code(error.code, doing, None))
    }

    /// Visits every committed record from `from` to `up_to`, or to the present end where that has no place; see [`Scan`].
    ///
    /// # Errors
    /// A partition was not read to its end, or the visitor's own.
    pub fn read<E: From<ScanError>>(
        &self,
        from: &Positions,
        up_to: &Positions,
        patience: Patience,
        visit: &mut dyn FnMut(&Record<'_>) -> Result<(), E>,
    ) -> Result<Positions, E> {
        Scan { config: &self.scanner, from, up_to, patience }.read(visit)
    }

    /// What comes first at a place or behind it.
    ///
    /// # Errors
    /// Nothing at all is met within `limit`, not even the end.
    pub fn first(
        &self,
        topic: &str,
        partition: i32,
        offset: i64,
        limit: Duration,
    ) -> Result<First, ScanError> {
        self.first_shown(topic, partition, offset, limit, &mut |_| {})
    }

    /// The same; a record is shown to `take`.
    ///
    /// # Errors
    /// As [`Observer::first`].
    pub fn first_shown(
        &self,
        topic: &str,
        partition: i32,
        offset: i64,
        limit: Duration,
        take: &mut dyn FnMut(&Record<'_>),
    ) -> Result<First, ScanError> {
        first_shown(&self.scanner, topic, partition, offset, limit, take)
    }

    /// A reader of records here and there, which keeps its connections.
    ///
    /// # Errors
    /// librdkafka refuses a setting.
    pub fn place_reader(&self) -> Result<PlaceReader, ScanError> {
        PlaceReader::new(&self.scanner)
    }

    /// Visits some records at one end of a topic. Errors that may pass are waited out within its limit.
    ///
    /// # Errors
    /// A right is missing, or a client cannot be made.
    pub fn look(
        &self,
        look: &Look<'_>,
        visit: &mut dyn FnMut(&Record<'_>) -> ControlFlow<()>,
    ) -> Result<Looked, KafkaFailure> {
        self.look_until(look, &mut || false, visit)
    }

    /// The same, until `is_over`, which is asked at least every 100 ms.
    ///
    /// # Errors
    /// As [`Observer::look`].
    pub fn look_until(
        &self,
        look: &Look<'_>,
        is_over: &mut dyn FnMut() -> bool,
        visit: &mut dyn FnMut(&Record<'_>) -> ControlFlow<()>,
    ) -> Result<Looked, KafkaFailure> {
        let mut reader = self.reader(look.sight, look.doing)?;
        let n_each = i64::from(look.records_max);
        let from = match look.at {
            Edge::Oldest => Offset::Beginning,
            Edge::Newest => Offset::OffsetTail(n_each),
        };
        let n_partitions = i32::try_from(look.n_partitions).unwrap_or(i32::MAX);
        let places = (0..n_partitions).map(|partition| (look.topic, partition, from));
        assign(reader.consumer(), places, look.doing)?;
        let mut left: HashMap<i32, i64> = (0..n_partitions).map(|it| (it, n_each)).collect();
        let began = Instant::now();
        while !left.is_empty() {
            if is_over() {
                return Ok(Looked::Enough);
            }
            if began.elapsed() > look.limit {
                let said = reader.consumer().context().failure(look.doing);
                return Ok(Looked::Late(said.unwrap_or_else(|| {
                    KafkaFailure::from_code(Code::OperationTimedOut, look.doing, None)
                })));
            }
            let mut refused = None;
            for polled in reader.poll(POLL_WAIT).iter() {
                match polled {
                    Polled::Record(record) => {
                        let Some(n_left) = left.get_mut(&record.partition) else { continue };
                        *n_left -= 1;
                        if *n_left <= 0 {
                            left.remove(&record.partition);
                        }
                        if visit(&record).is_break() {
                            return Ok(Looked::Enough);
                        }
                    }
                    Polled::EndOfPartition { partition, .. } => drop(left.remove(&partition)),
                    // nothing here needs the group
                    Polled::Error { error, .. } if error.code == Code::GroupAuthorizationFailed => {
                    }
                    Polled::Error { error, .. } => refused = Some(error),
                }
            }
            if let Some(error) = refused {
                end_if_hopeless(&reader, &error, look.doing)?;
            }
        }
        Ok(Looked::Whole)
    }

    /// Goes along with these topics, each with its number of partitions.
    ///
    /// # Errors
    /// The client cannot be made.
    pub fn follow(
        &self,
        topics: &[(&str, u32)],
        start: Start<'_>,
        doing: &str,
    ) -> Result<Follower, KafkaFailure> {
        let reader = self.reader(Sight::Committed, doing)?;
        let places = topics.iter().flat_map(|(topic, n_partitions)| {
            let partitions = 0..i32::try_from(*n_partitions).unwrap_or(i32::MAX);
            partitions.map(move |partition| (*topic, partition, start.of(topic, partition)))
        });
        assign(reader.consumer(), places, doing)?;
        Ok(Follower { reader, doing: doing.to_owned() })
    }

    fn reader(&self, sight: Sight, doing: &str) -> Result<BatchReader<Witness>, KafkaFailure> {
        let consumer = observer(&self.base, &self.group_id, sight)
            .create_with_context(Witness::default())
            .map_err(|error| KafkaFailure::new(&error, doing))?;
        BatchReader::new(consumer, RECORDS_MAX)
            .map_err(|error| KafkaFailure::from_code(error.code, doing, Some(&error.text)))
    }

    fn asking(&self, doing: &str) -> Result<BaseConsumer<GateContext>, KafkaFailure> {
        end_offset_query(&self.base)
            .create_with_context(GateContext::default())
            .map_err(|error| KafkaFailure::new(&error, doing))
    }
}

impl Start<'_> {
    fn of(self, topic: &str, partition: i32) -> Offset {
        let Self::At(positions) = self else {
            return if matches!(self, Self::Beginning) { Offset::Beginning } else { Offset::End };
        };
        let found = positions.get(&(topic.to_owned(), partition)).filter(|at| **at >= 0);
        found.map_or(Offset::End, |at| Offset::Offset(*at))
    }
}

/// Goes along with topics as records are committed.
pub struct Follower {
    reader: BatchReader<Witness>,
    doing: String,
}

impl Follower {
    /// Visits what comes until `is_over`, which is asked at least every 100 ms and after each record, and returns where
    /// each partition goes on. Brokers may come and go meanwhile; a missing right does not come back by itself.
    ///
    /// # Errors
    /// A right is missing, or the visitor's own.
    pub fn until<E: From<KafkaFailure>>(
        mut self,
        is_over: &mut dyn FnMut() -> bool,
        visit: &mut dyn FnMut(&Record<'_>) -> Result<(), E>,
    ) -> Result<Positions, E> {
        let mut next = Positions::new();
        while !is_over() {
            let mut refused = None;
            for polled in self.reader.poll(POLL_WAIT).iter() {
                match polled {
                    Polled::Record(record) => {
                        visit(&record)?;
                        let place = (record.topic.to_owned(), record.partition);
                        next.insert(place, record.offset.saturating_add(1));
                        if is_over() {
                            return Ok(next);
                        }
                    }
                    Polled::EndOfPartition { .. } => {}
                    Polled::Error { error, .. } => refused = Some(error),
                }
            }
            if let Some(error) = refused {
                end_if_hopeless(&self.reader, &error, &self.doing)?;
            }
        }
        Ok(next)
    }
}

fn assign<'a>(
    consumer: &BaseConsumer<Witness>,
    places: impl Iterator<Item = (&'a str, i32, Offset)>,
    doing: &str,
) -> Result<(), KafkaFailure> {
    let failed = |error: KafkaError| KafkaFailure::new(&error, doing);
    let mut assignment = TopicPartitionList::new();
    for (topic, partition, offset) in places {
        assignment.add_partition_offset(topic, partition, offset).map_err(failed)?;
    }
    consumer.assign(&assignment).map_err(failed)
}

/// What passes by itself is waited for; of what does not, the most telling reason is said.
fn end_if_hopeless(
    reader: &BatchReader<Witness>,
    error: &NativeError,
    doing: &str,
) -> Result<(), KafkaFailure> {
    let failure = KafkaFailure::from_code(error.code, doing, Some(&error.text));
    match failure.class {
        Class::TryAgain => Ok(()),
        Class::Internal | Class::Config | Class::Credentials => {
            let reported = reader.consumer().context().failure(doing);
            Err(reported.filter(|reported| reported.class >= failure.class).unwrap_or(failure))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_begins_where_one_was_told_to() {
        let positions = Positions::from([(("t".to_owned(), 1), 7), (("t".to_owned(), 2), -1)]);
        let at = |start: Start<'_>| [0, 1, 2].map(|partition| start.of("t", partition));
        assert_eq!(at(Start::Beginning), [Offset::Beginning; 3]);
        assert_eq!(at(Start::End), [Offset::End; 3]);
        assert_eq!(
            at(Start::At(&positions)),
            [Offset::End, Offset::Offset(7), Offset::End],
            "nothing that young: what comes from now on"
        );
    }

    /// Whatever the operator has set, an observer moves nothing.
    #[test]
    fn an_observer_moves_nothing() {
        let mut base = ClientConfig::new();
        base.set("bootstrap.servers", "127.0.0.1:1").set("enable.auto.commit", "true");
        for sight in [Sight::Committed, Sight::Everything] {
            let config = observer(&base, "group", sight);
            for (key, value) in [
                ("enable.auto.commit", "false"),
                ("enable.auto.offset.store", "false"),
                ("group.id", "group"),
                ("enable.partition.eof", "true"),
            ] {
                assert_eq!(config.get(key), Some(value), "{key}");
            }
            let is_committed = config.get("isolation.level") == Some("read_committed");
            assert_eq!(is_committed, sight == Sight::Committed);
        }
    }

    /// Over librdkafka's mock cluster: both ends of a topic, bounded; a look that was stopped; following to a word.
    #[test]
    fn it_looks_at_both_ends_and_follows() {
        use rdkafka::mocking::MockCluster;
        use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _};
        let cluster = MockCluster::new(1).unwrap();
        cluster.create_topic("t", 2, 1).unwrap();
        let mut base = ClientConfig::new();
        base.set("bootstrap.servers", cluster.bootstrap_servers());
        let producer: BaseProducer = base.create().unwrap();
        for n in 0..10u8 {
            let value = [n];
            let record = BaseRecord::<[u8], [u8]>::to("t").partition(i32::from(n % 2));
            producer.send(record.payload(&value)).map_err(|(error, _)| error).unwrap();
        }
        producer.flush(Duration::from_secs(20)).unwrap();

        let observer = Observer::new(base, "nobody");
        let look = |at, records_max| Look {
            topic: "t",
            n_partitions: 2,
            at,
            records_max,
            sight: Sight::Committed,
            limit: Duration::from_secs(20),
            doing: "looking",
        };
        let seen = |look: Look<'_>| {
            let mut seen = Vec::new();
            let ended = observer.look(&look, &mut |record| {
                seen.push(record.value.unwrap()[0]);
                ControlFlow::Continue(())
            });
            seen.sort_unstable();
            (ended.unwrap(), seen)
        };
        assert_eq!(seen(look(Edge::Oldest, 2)), (Looked::Whole, vec![0, 1, 2, 3]));
        assert_eq!(seen(look(Edge::Newest, 1)), (Looked::Whole, vec![8, 9]));
        assert_eq!(seen(look(Edge::Oldest, 99)).1.len(), 10, "no more than there are");
        let first = observer.look(&look(Edge::Oldest, 9), &mut |_| ControlFlow::Break(()));
        assert_eq!(first.unwrap(), Looked::Enough);

        let from = Positions::from([(("t".to_owned(), 0), 3), (("t".to_owned(), 1), -1)]);
        let follower = observer.follow(&[("t", 2)], Start::At(&from), "following").unwrap();
        let seen = std::cell::RefCell::new(Vec::new());
        let next = follower.until(&mut || seen.borrow().len() == 2, &mut |record| {
            seen.borrow_mut().push(record.value.unwrap()[0]);
            Ok::<(), KafkaFailure>(())
        });
        assert_eq!(next.unwrap(), Positions::from([(("t".to_owned(), 0), 5)]));
        assert_eq!(*seen.borrow(), [6, 8]);
    }
}

//! What a lane asks of the brokers past its own consumer and producers.

use super::parts::{Clients, Settings};
use super::reconcile::{Tail, Tails};
use super::restore::{Changelog, ChangelogReader, Entry};
use super::standstill::InputLog;
use crate::approvals::LogRecord;
use crate::kafka::native::{BatchReader, Polled, Record};
use crate::kafka::offsets::offsets;
use crate::kafka::scan::{First, Positions, ScanError, first, scan_up_to};
use crate::kafka::source::SourcePartition;
use crate::kafka::{GateContext, REQUEST_TIMEOUT, is_unreadable_batch};
use crate::outputs::Output;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::{Offset, TopicPartitionList};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// Limit of one look into the outputs.
const TAIL_TIMEOUT: Duration = Duration::from_secs(30);
/// Records of the changelog taken at once.
const RECORDS_MAX: usize = 2_000;

/// The brokers.
#[derive(Clone)]
pub(super) struct Outside {
    pub(super) clients: Arc<Clients>,
    pub(super) settings: Arc<Settings>,
}

impl Outside {
    /// How far the group has these partitions.
    pub(super) fn committed(
        &self,
        consumer: &BaseConsumer<GateContext>,
        sources: impl Iterator<Item = SourcePartition>,
    ) -> Result<BTreeMap<SourcePartition, i64>, KafkaError> {
        let topics = &self.settings.topics;
        let query = topics.to_list(sources);
        let answer = consumer.committed_offsets(query, REQUEST_TIMEOUT)?;
        let mut committed = BTreeMap::new();
        for element in answer.elements() {
            element.error()?;
            let source = topics.find(element.topic(), element.partition());
            if let (Offset::Offset(next_offset), Some(source)) = (element.offset(), source) {
                committed.insert(source, next_offset);
            }
        }
        Ok(committed)
    }
}

impl Tails for Outside {
    fn ends(&self) -> Result<Positions, ScanError> {
        let client = &self.clients.ends;
        let mut ends = Positions::new();
        for output in Output::with_tail() {
            let topic = self.settings.outputs.of(output);
            let metadata = client.fetch_metadata(Some(topic), REQUEST_TIMEOUT)?;
            let partitions = metadata.topics().iter().flat_map(|t| t.partitions()).map(|p| p.id());
            let found = offsets(client, topic, partitions, Offset::End, REQUEST_TIMEOUT);
            let found = found.map_err(|(_, error)| error)?;
            ends.extend(
                found.into_iter().map(|(partition, end)| ((topic.clone(), partition), end)),
            );
        }
        Ok(ends)
    }

    fn read(
        &self,
        from: &Positions,
        to: &Positions,
        take: &mut dyn FnMut(Tail<'_>),
    ) -> Result<(), ScanError> {
        let log = &self.settings.outputs.decision_log;
        scan_up_to(&self.clients.scan_config, from, to, TAIL_TIMEOUT, &mut |record| {
            let text = |name| record.header(name).and_then(|it| std::str::from_utf8(it).ok());
            take(if record.topic == log {
                Tail::Log { value: record.value.unwrap_or_default() }
            } else {
                let (source, reason) = (text(c"gate-source"), text(c"gate-reason"));
                Tail::Output { topic: record.topic, source, reason }
            });
        })?;
        Ok(())
    }
}

impl InputLog for Outside {
    fn ends(&self, sources: Vec<SourcePartition>) -> Option<BTreeMap<SourcePartition, i64>> {
        let client = &self.clients.committed_ends;
        let mut ends = BTreeMap::new();
        for (place, topic) in self.settings.topics.names().enumerate() {
            let here = sources.iter().filter(|source| source.topic == place);
            let partitions = here.map(|source| source.partition);
            let found = offsets(client, topic, partitions, Offset::End, REQUEST_TIMEOUT).ok()?;
            let source = |(partition, end)| (SourcePartition { topic: place, partition }, end);
            ends.extend(found.into_iter().map(source));
        }
        Some(ends)
    }

    fn first(&self, source: SourcePartition, offset: i64) -> Result<First, ScanError> {
        let topic = self.settings.topics.name(source.topic);
        first(&self.clients.scan_config, topic, source.partition, offset, REQUEST_TIMEOUT)
    }
}

impl Changelog for Outside {
    type Reader = BatchReader<GateContext>;

    fn offsets(
        &self,
        partitions: impl Iterator<Item = i32>,
        place: Offset,
    ) -> Result<BTreeMap<i32, i64>, (Option<i32>, KafkaError)> {
        let topic = &self.settings.outputs.sent_log;
        offsets(&self.clients.ends, topic, partitions, place, REQUEST_TIMEOUT)
    }

    fn reader(&self, from: impl Iterator<Item = (i32, i64)>) -> Result<Self::Reader, KafkaError> {
        let config = &self.clients.scan_config;
        let consumer: BaseConsumer<GateContext> =
            config.create_with_context(GateContext::default())?;
        let mut assignment = TopicPartitionList::new();
        for (partition, next) in from {
            let from = Offset::Offset(next);
            assignment.add_partition_offset(&self.settings.outputs.sent_log, partition, from)?;
        }
        consumer.assign(&assignment)?;
        BatchReader::new(consumer, RECORDS_MAX)
            .map_err(|error| KafkaError::MessageConsumption(error.code))
    }
}

impl ChangelogReader for BatchReader<GateContext> {
    fn read<T>(&mut self, wait: Duration, take: impl FnOnce(Vec<Entry<'_>>) -> T) -> T {
        let polled = self.poll(wait);
        take(polled.iter().map(entry).collect())
    }
}

fn entry(polled: Polled<'_>) -> Entry<'_> {
    match polled {
        Polled::Record(record) => Entry::Record(log_record(&record)),
        Polled::EndOfPartition { partition, next_offset, .. } => {
            Entry::End { partition, next_offset }
        }
        Polled::Error { partition, offset, error } if is_unreadable_batch(&error) => {
            Entry::UnreadableBatch { partition, offset, error }
        }
        Polled::Error { error, .. } => Entry::Trouble(error.text),
    }
}

/// A record of the changelog, as `approvals` reads it.
pub(crate) fn log_record<'r>(record: &Record<'r>) -> LogRecord<'r> {
    LogRecord {
        partition: record.partition,
        offset: record.offset,
        timestamp_ms: record.timestamp_ms,
        key: record.key.unwrap_or_default(),
        value: record.value,
    }
}

//! Which partitions are read, and from where.

use super::{Reader, ReaderError, Stand};
use crate::barrier::Progress;
use crate::kafka::{GateContext, REQUEST_TIMEOUT};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::{Offset, TopicPartitionList};

impl Reader {
    /// Takes up every partition where the state ends.
    pub(super) fn assign(&self, consumer: &BaseConsumer<GateContext>) -> Result<(), ReaderError> {
        let mut assignment = TopicPartitionList::new();
        for (partition, progress) in (0i32..).zip(&self.progress) {
            let from = Offset::Offset(progress.next_offset);
            assignment.add_partition_offset(&self.parts.topic, partition, from)?;
        }
        consumer.assign(&assignment)?;
        Ok(())
    }

    /// Whether positions mean nothing any more because the topic was made again.
    pub(super) fn is_another_topic(&self) -> bool {
        // what it finds stays with the topic
        self.parts.barrier.check_whole_topic().finish().ok();
        self.parts.consent_topic.is_another()
    }

    /// Takes up partitions that were added to the topic, from their beginning. Lanes wait for their ends since they
    /// heard of them.
    pub(super) fn add_partitions(
        &mut self,
        consumer: &BaseConsumer<GateContext>,
    ) -> Result<(), ReaderError> {
        let wanted = usize::try_from(self.parts.consent_topic.n_partitions()).unwrap_or(0);
        let before = self.progress.len();
        if wanted <= before {
            return Ok(());
        }
        // also tells the client, which would look again only after a while
        let known =
            consumer.fetch_metadata(Some(&self.parts.topic), REQUEST_TIMEOUT).map(|found| {
                let topic = found.topics().iter().find(|topic| topic.name() == self.parts.topic);
                topic.map_or(0, |topic| topic.partitions().len())
            });
        match known {
            Ok(known) if known >= wanted => {}
            Ok(_) => return Ok(()), // a broker that is behind; asked again with the next turn
            Err(error) => {
                tracing::warn!(%error, "partitions were added to the consent topic and are not known yet");
                return Ok(());
            }
        }
        self.parts.writer.add_partitions(wanted)?;
        self.progress.resize(wanted, Progress::default());
        self.stands.resize(wanted, Stand::Reading);
        self.dated_by_producers.resize(wanted, false);
        self.parts.status.consent_added(wanted);
        // every partition is fetched anew from where it stands; what was fetched already is dropped
        self.assign(consumer)?;
        self.parts.applied.publish(&self.progress);
        tracing::info!(
            before,
            now = wanted,
            "added partitions of the consent topic are being read"
        );
        Ok(())
    }
}

/// A list of one partition.
pub(super) fn only(topic: &str, partition: i32) -> TopicPartitionList {
    let mut only = TopicPartitionList::with_capacity(1);
    only.add_partition(topic, partition);
    only
}

//! Asks the broker where partitions begin and end.

use super::context::GateContext;
use super::native::serve;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::{Offset, TopicPartitionList};
use std::collections::BTreeMap;
use std::time::Duration;

/// The offset of each of these partitions at `place`, `Offset::Beginning` or `Offset::End`, as the client's
/// isolation level sees it. For clients that are only asked questions: what they have queued is served on the way,
/// and librdkafka aborts the process when that is a message.
///
/// # Errors
/// When the broker does not answer for every partition; the number is that of the partition, if it is one.
pub fn offsets(
    client: &BaseConsumer<GateContext>,
    topic: &str,
    partitions: impl IntoIterator<Item = i32>,
    place: Offset,
    timeout: Duration,
) -> Result<BTreeMap<i32, i64>, (Option<i32>, KafkaError)> {
    let found = offsets_of_reader(client, topic, partitions, place, timeout);
    serve(client.client());
    found
}

/// The same for a client that also reads, and is polled by whoever reads with it.
///
/// # Errors
/// As [`offsets`].
pub fn offsets_of_reader(
    client: &BaseConsumer<GateContext>,
    topic: &str,
    partitions: impl IntoIterator<Item = i32>,
    place: Offset,
    timeout: Duration,
) -> Result<BTreeMap<i32, i64>, (Option<i32>, KafkaError)> {
    let mut query = TopicPartitionList::new();
    for partition in partitions {
        query.add_partition_offset(topic, partition, place).map_err(|error| (None, error))?;
    }
    if query.count() == 0 {
        return Ok(BTreeMap::new());
    }
    let answer = client.offsets_for_times(query, timeout).map_err(|error| (None, error))?;
    let mut found = BTreeMap::new();
    for element in answer.elements() {
        let partition = element.partition();
        element.error().map_err(|error| (Some(partition), error))?;
        let Offset::Offset(offset) = element.offset() else {
            let error = KafkaError::MetadataFetch(RDKafkaErrorCode::NoOffset);
            return Err((Some(partition), error));
        };
        found.insert(partition, offset);
    }
    Ok(found)
}

//! Partitions of the topics with messages: where the sources of decisions lie.
//!
//! There may be several such topics (`topics.outbound_message`), and partition 3 of one is not partition 3 of another. What
//! they do share is who decides them: equally numbered partitions of all topics go to one lane, since they share a partition
//! of the changelog of approvals.

use rdkafka::TopicPartitionList;
use std::fmt;
use std::sync::Arc;

/// A partition of one of the topics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SourcePartition {
    /// The topic, by its place among those of the configuration; nothing outside of this process knows that number.
    pub topic: usize,
    /// The partition.
    pub partition: i32,
}

impl SourcePartition {
    /// A partition of the first topic.
    #[cfg(test)]
    pub(crate) fn of_first(partition: i32) -> Self {
        Self { topic: 0, partition }
    }

    /// One number for both, different for each.
    #[must_use]
    pub fn number(self) -> i64 {
        let topic = i64::try_from(self.topic).unwrap_or(i64::from(i32::MAX));
        (topic << i32::BITS) | i64::from(self.partition)
    }
}

/// The topics with messages, in the order of the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceTopics(Arc<[String]>);

impl SourceTopics {
    /// As configured.
    #[must_use]
    pub fn new(names: &[String]) -> Self {
        Self(names.into())
    }

    /// Their names.
    pub fn names(&self) -> impl ExactSizeIterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// How many.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none, which no configuration says.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The name of a topic by its place.
    #[must_use]
    pub fn name(&self, topic: usize) -> &str {
        self.0.get(topic).map_or("", String::as_str)
    }

    /// The partition of this name; `None` when the topic is none of these.
    #[must_use]
    pub fn find(&self, topic: &str, partition: i32) -> Option<SourcePartition> {
        let topic = self.0.iter().position(|name| name == topic)?;
        Some(SourcePartition { topic, partition })
    }

    /// The partitions of a list, without those of other topics.
    pub fn of_list(&self, list: &TopicPartitionList) -> Vec<SourcePartition> {
        let elements = list.elements();
        elements.iter().filter_map(|it| self.find(it.topic(), it.partition())).collect()
    }

    /// These partitions as librdkafka takes them.
    pub fn to_list(
        &self,
        sources: impl IntoIterator<Item = SourcePartition>,
    ) -> TopicPartitionList {
        let mut list = TopicPartitionList::new();
        for SourcePartition { topic, partition } in sources {
            list.add_partition(self.name(topic), partition);
        }
        list
    }

    /// A partition in words, for logs and messages to people.
    #[must_use]
    pub fn told(&self, source: SourcePartition) -> Told<'_> {
        Told { topic: self.name(source.topic), partition: source.partition }
    }
}

/// `` `topic` partition 3 ``.
#[derive(Clone, Copy, Debug)]
pub struct Told<'t> {
    topic: &'t str,
    partition: i32,
}

impl fmt::Display for Told<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "`{}` partition {}", self.topic, self.partition)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rdkafka::Offset;

    fn topics() -> SourceTopics {
        SourceTopics::new(&["a".to_owned(), "b".to_owned()])
    }

    #[test]
    fn partitions_of_other_topics_are_left_out() {
        let mut list = TopicPartitionList::new();
        for (topic, partition) in [("b", 3), ("consent-change", 0), ("a", 3)] {
            list.add_partition_offset(topic, partition, Offset::Offset(7)).unwrap();
        }
        let of = |topic, partition| SourcePartition { topic, partition };
        assert_eq!(topics().of_list(&list), [of(1, 3), of(0, 3)]);
        let list = topics().to_list([of(1, 3), of(0, 3)]);
        let elements = list.elements();
        let names: Vec<_> = elements.iter().map(|it| (it.topic(), it.partition())).collect();
        assert_eq!(names, [("b", 3), ("a", 3)]);
    }

    #[test]
    fn a_partition_is_told_by_its_topic_and_numbered_apart() {
        let of = |topic, partition| SourcePartition { topic, partition };
        assert_eq!(topics().told(of(1, 3)).to_string(), "`b` partition 3");
        assert_eq!(topics().find("c", 3), None);
        let numbers = [of(0, 3), of(1, 3), of(1, i32::MAX), of(2, 0)].map(SourcePartition::number);
        assert!(numbers.is_sorted() && numbers.windows(2).all(|two| two[0] != two[1]));
    }
}

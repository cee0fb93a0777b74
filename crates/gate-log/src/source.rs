//! Where a record came from, as text: `outbound-message/3/42`.

/// Where a record came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SourceRef<'a> {
    /// Topic.
    pub topic: &'a str,
    /// Partition.
    pub partition: i32,
    /// Offset of this record.
    pub record_offset: i64,
}

impl std::fmt::Display for SourceRef<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}/{}", self.topic, self.partition, self.record_offset)
    }
}

impl<'a> SourceRef<'a> {
    /// Reads the header's text; `None` when it is no such reference.
    #[must_use]
    pub fn parse(text: &'a str) -> Option<Self> {
        let (rest, offset) = text.rsplit_once('/')?;
        let (topic, partition) = rest.rsplit_once('/')?;
        let record_offset: i64 = offset.parse().ok().filter(|offset| *offset >= 0)?;
        let partition: i32 = partition.parse().ok().filter(|partition| *partition >= 0)?;
        (!topic.is_empty()).then_some(Self { topic, partition, record_offset })
    }
}

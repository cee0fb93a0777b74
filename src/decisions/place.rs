//! Where a message lies, and where its decision does.

use crate::headers::SourceRef;

/// A message of one of the input topics.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct MessagePlace {
    pub(crate) topic: String,
    pub(crate) partition: i32,
    pub(crate) offset: i64,
}

impl MessagePlace {
    pub(crate) fn of(source: &SourceRef<'_>) -> Self {
        let SourceRef { topic, partition, record_offset } = *source;
        Self { topic: topic.to_owned(), partition, offset: record_offset }
    }

    /// As `gate-source` has it.
    pub(crate) fn source(&self) -> SourceRef<'_> {
        let Self { topic, partition, offset } = self;
        SourceRef { topic, partition: *partition, record_offset: *offset }
    }
}

//! The changelog of approvals, as far as a lane asks for it.

use crate::approvals::LogRecord;
use crate::kafka::native::NativeError;
use rdkafka::Offset;
use rdkafka::error::KafkaError;
use std::collections::BTreeMap;
use std::time::Duration;

/// Where it is, and who reads it.
pub(in crate::pipeline) trait Changelog {
    /// Reads it.
    type Reader: ChangelogReader;
    /// The offset of each of these partitions at its beginning or its end, read uncommitted: records of transactions
    /// that are still open must be waited for.
    fn offsets(
        &self,
        partitions: impl Iterator<Item = i32>,
        place: Offset,
    ) -> Result<BTreeMap<i32, i64>, (Option<i32>, KafkaError)>;
    /// Reads these partitions from there, committed records only.
    fn reader(&self, from: impl Iterator<Item = (i32, i64)>) -> Result<Self::Reader, KafkaError>;
}

/// Reads the changelog.
pub(in crate::pipeline) trait ChangelogReader {
    /// What comes next, after waiting no longer than that.
    fn read<T>(&mut self, wait: Duration, take: impl FnOnce(Vec<Entry<'_>>) -> T) -> T;
}

/// What comes of the changelog.
pub(in crate::pipeline) enum Entry<'r> {
    /// A record.
    Record(LogRecord<'r>),
    /// Everything before `next_offset` has been read, control and aborted records included.
    End { partition: i32, next_offset: i64 },
    /// A batch that nobody can unpack.
    UnreadableBatch { partition: i32, offset: i64, error: NativeError },
    /// Something that passes, or shows in the hold.
    Trouble(String),
}

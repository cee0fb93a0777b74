//! The shared handle: what readers and the writer have in common.

use crate::Inner;
use crate::key::{Log, Source, SourceKey, of_stream_key, stream_key};
use crate::layout::{META, SOURCES};
use crate::marker;
use crate::options::read_options;
use crate::row::DecisionRow;
use crate::state::POSITION;
use crate::{IndexError, Rebuilt, Writer};
use gate_core::Timestamp;
use gate_log::SourceRef;
use rocksdb::{ColumnFamily, ReadOptions};
use std::collections::BTreeMap;
use std::sync::Arc;

impl Inner {
    pub(crate) fn family(&self, name: &str) -> Result<&ColumnFamily, IndexError> {
        self.db.cf_handle(name).ok_or_else(|| self.damaged("a column family is missing"))
    }

    /// What a RocksDB error means; damage is marked, so that the next start builds the index again.
    pub(crate) fn fail(&self, error: &rocksdb::Error) -> IndexError {
        let error = IndexError::of_rocksdb(&self.dir, error);
        match error {
            IndexError::Damaged { what, .. } => self.damaged(&what),
            other => other,
        }
    }

    pub(crate) fn damaged(&self, what: &str) -> IndexError {
        match marker::mark_for_rebuild(&self.dir) {
            Ok(()) => IndexError::damaged(&self.dir, what),
            Err(error) => IndexError::io(&self.dir, "mark the damaged index", &error),
        }
    }

    pub(crate) fn source(&self, key: SourceKey) -> Result<Source, IndexError> {
        let topic = self.words.topics.get(self, key.topic.into())?;
        let SourceKey { partition, offset, .. } = key;
        Ok(Source { topic: Arc::clone(&topic.0), partition, offset })
    }

    /// The instant before which decisions are not read.
    pub(crate) fn floor(&self) -> Timestamp {
        Timestamp::from_micros(self.floors.decisions())
    }
}

/// One moment of the index: what is read under it belongs together.
pub(crate) struct Moment<'a> {
    pub(crate) inner: &'a Inner,
    snapshot: rocksdb::Snapshot<'a>,
}

impl<'a> Moment<'a> {
    pub(crate) fn of(inner: &'a Inner) -> Self {
        Self { inner, snapshot: inner.db.snapshot() }
    }

    pub(crate) fn options(&self) -> ReadOptions {
        let mut options = read_options();
        options.set_snapshot(&self.snapshot);
        options
    }

    pub(crate) fn get(&self, family: &str, key: &[u8]) -> Result<Option<Vec<u8>>, IndexError> {
        let family = self.inner.family(family)?;
        let found = self.inner.db.get_cf_opt(family, key, &self.options());
        found.map_err(|error| self.inner.fail(&error))
    }
}

/// The index, for readers; cheap to clone.
#[derive(Clone)]
pub struct Index {
    pub(crate) inner: Arc<Inner>,
}

/// An index that was opened.
pub struct Opened {
    /// For readers.
    pub index: Index,
    /// The only one that writes.
    pub writer: Writer,
    /// Why what was there has been deleted; `None` when it goes on, or when there was nothing.
    pub rebuilt: Option<Rebuilt>,
}

impl Index {
    /// The next offset of each partition that something was read of.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub fn positions(&self, log: Log) -> Result<BTreeMap<i32, i64>, IndexError> {
        let moment = Moment::of(&self.inner);
        let prefix = stream_key(POSITION, log.code().into(), 0);
        let prefix = prefix.get(..3).unwrap_or_default();
        read_streams(&moment, prefix).map(|found| {
            found.into_iter().map(|((_, partition), next)| (partition, next)).collect()
        })
    }

    /// The decision about a message.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub fn at(&self, source: &SourceRef<'_>) -> Result<Option<DecisionRow>, IndexError> {
        let Some(topic) = self.topic(source.topic)? else {
            return Ok(None);
        };
        let moment = Moment::of(&self.inner);
        let key = SourceKey { topic, partition: source.partition, offset: source.record_offset };
        let Some(row_key) = moment.get(SOURCES, &key.encode())? else {
            return Ok(None);
        };
        moment.row_of(key, &row_key)
    }

    /// The number of a topic of messages.
    fn topic(&self, name: &str) -> Result<Option<u16>, IndexError> {
        self.inner.number_of_topic(name)
    }
}

/// Numbers by what and partition, of keys that begin with `prefix`.
pub(crate) fn read_streams(
    moment: &Moment<'_>,
    prefix: &[u8],
) -> Result<BTreeMap<(u16, i32), i64>, IndexError> {
    let inner = moment.inner;
    let mut entries = inner.db.raw_iterator_cf_opt(inner.family(META)?, moment.options());
    let mut found = BTreeMap::new();
    entries.seek(prefix);
    while let Some((key, value)) = entries.item() {
        if !key.starts_with(prefix) {
            break;
        }
        let value = value.try_into().ok().map(i64::from_le_bytes);
        let entry = of_stream_key(key).zip(value);
        let (key, value) = entry.ok_or_else(|| inner.damaged("a position cannot be read"))?;
        found.insert(key, value);
        entries.next();
    }
    entries.status().map_err(|error| inner.fail(&error))?;
    Ok(found)
}

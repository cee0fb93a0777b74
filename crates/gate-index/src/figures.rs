//! What there is to say about the index itself.

use crate::Inner;
use crate::index::{Index, Moment};
use crate::key::{Log, RowKey, sorted};
use crate::layout::{FAMILIES, META, ROWS};
use crate::notes::{Gap, Notes, UnreadableRecord};
use crate::state::{NOTES_KEY, STATE_KEY, State};
use crate::{IndexError, LIMIT_MAX, Writer};
use gate_core::Timestamp;
use rocksdb::properties;

/// Figures for metrics, readiness and people.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Bytes of table files on disk.
    pub disk_bytes: u64,
    /// The same by column family, for those who tune it.
    pub disk_bytes_of: Vec<(&'static str, u64)>,
    /// Bytes of memory in the cache, what is not on disk yet among them.
    pub memory_bytes: u64,
    /// Decisions that are kept.
    pub n_decisions: u64,
    /// Consent changes that were taken in.
    pub n_changes: u64,
    /// The oldest decision.
    pub oldest: Option<Timestamp>,
    /// The newest decision.
    pub newest: Option<Timestamp>,
    /// Decisions before this are not kept any more; `None` before the first time that something has expired.
    pub kept_since: Option<Timestamp>,
    /// Decisions that took the place of another about the same message.
    pub n_replaced: u64,
    /// Decisions that were older than the bound when they came.
    pub n_too_old: u64,
    /// Bound hit: decisions that found no room in their half hour and were counted as "other".
    pub n_counted_as_other: u64,
    /// Bound hit: decisions of which a word is kept as "other".
    pub n_kept_as_other: u64,
    /// Records that nobody can read, by topic and class.
    pub n_unreadable: Vec<(Log, Box<str>, u64)>,
    /// The latest of them.
    pub unreadable: Vec<UnreadableRecord>,
    /// Stretches that were gone before they were read.
    pub n_gaps: u64,
    /// The latest of them.
    pub gaps: Vec<Gap>,
}

const _: () = assert!(crate::UNREADABLE_MAX <= LIMIT_MAX && crate::GAPS_MAX <= LIMIT_MAX);

impl Index {
    /// Figures of this moment.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub fn figures(&self) -> Result<Figures, IndexError> {
        let inner = &*self.inner;
        let moment = Moment::of(inner);
        let state = moment.get(META, STATE_KEY)?.and_then(|bytes| State::decode(&bytes));
        let state = state.ok_or_else(|| inner.damaged("its state cannot be read"))?;
        let notes = match moment.get(META, NOTES_KEY)? {
            Some(bytes) => Notes::decode(&bytes),
            None => Some(Notes::default()),
        };
        let notes = notes.ok_or_else(|| inner.damaged("its notes cannot be read"))?;
        let disk_bytes_of: Vec<_> = FAMILIES.into_iter().map(|it| (it, inner.disk(it))).collect();
        Ok(Figures {
            disk_bytes: disk_bytes_of.iter().map(|(_, bytes)| bytes).sum(),
            disk_bytes_of,
            memory_bytes: inner.cache.get_usage().max(inner.memtables.get_usage()) as u64,
            n_decisions: state.n_rows,
            n_changes: state.n_changes,
            oldest: moment.edge(false)?,
            newest: moment.edge(true)?,
            kept_since: (state.floor > i64::MIN).then(|| Timestamp::from_micros(state.floor)),
            n_replaced: state.n_replaced,
            n_too_old: state.n_too_old,
            n_counted_as_other: state.n_others,
            n_kept_as_other: state.n_without_words,
            n_unreadable: notes
                .n_unreadable
                .into_iter()
                .map(|((log, class), n)| (log, class, n))
                .collect(),
            unreadable: notes.unreadable.into(),
            n_gaps: notes.n_gaps,
            gaps: notes.gaps.into(),
        })
    }
}

impl Inner {
    fn disk(&self, family: &str) -> u64 {
        let family = self.db.cf_handle(family);
        let size = family.and_then(|family| {
            self.db.property_int_value_cf(family, properties::LIVE_SST_FILES_SIZE).ok()?
        });
        size.unwrap_or(0)
    }

    /// Puts everything on disk, all column families at one moment.
    pub(crate) fn flush(&self) -> Result<(), IndexError> {
        let families: Result<Vec<_>, _> = FAMILIES.iter().map(|name| self.family(name)).collect();
        let families = families?;
        let options = rocksdb::FlushOptions::default();
        self.db.flush_cfs_opt(&families, &options).map_err(|error| self.fail(&error))
    }
}

impl Writer {
    /// Packs everything, which is worth while after an index was built; takes seconds for each gigabyte.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn compact(&mut self) -> Result<(), IndexError> {
        self.flush()?;
        let inner = self.inner();
        for name in FAMILIES {
            inner.db.compact_range_cf(inner.family(name)?, None::<&[u8]>, None::<&[u8]>);
        }
        Ok(())
    }
}

impl Moment<'_> {
    /// The time of the newest or oldest row.
    fn edge(&self, is_newest: bool) -> Result<Option<Timestamp>, IndexError> {
        let inner = self.inner;
        let mut options = self.options();
        options.set_iterate_lower_bound(sorted(inner.floors.decisions()));
        let mut rows = inner.db.raw_iterator_cf_opt(inner.family(ROWS)?, options);
        if is_newest {
            rows.seek_to_last()
        } else {
            rows.seek_to_first()
        }
        rows.status().map_err(|error| inner.fail(&error))?;
        Ok(rows.key().and_then(RowKey::decode).map(|key| key.at))
    }
}

//! What a record of the changelog says, and whether a gate has written it, there and then.
//!
//! | record | is | what becomes of it |
//! |---|---|---|
//! | tagged, in its time and order | ours | joined; ends the marks of what lies before it, since whoever wrote it knew everything |
//! | of the format without tags, before any tagged row of its partition | ours, of a former version | joined |
//! | null value | a stranger's: no gate writes one | its recipient is marked |
//! | tag wrong | a stranger's | marked, nothing of it is believed |
//! | behind rows that were written later, or appended long after it was written | an old row written again | joined, and marked |
//! | without tag behind tagged rows | a stranger's: an old gate holds at a tagged row | joined, and marked |
//! | anything else | unreadable | the partition is held |
//!
//! Compaction keeps the last record of a key, so a stranger's may have taken the place of ours, and what ours said
//! is known only if it was read before. Hence the mark: its recipient gets nothing that is capped or allowed once
//! until the longest window is over. What was marked is written again with the next transaction, so that the
//! changelog is whole for whoever reads it next.
//!
//! INVARIANT: no record makes less of what is known of a recipient.

use super::{Horizon, Row, RowKey, RowSeal, SentError, SentStore};
use crate::metrics::ForeignRow;
use gate_core::{CLOCK_SKEW_MAX, SubjectKey, Timestamp};
use gate_engine::{RowError, Seal as _, Stored, TagFound};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// A record of the changelog.
#[derive(Clone, Copy)]
pub struct LogRecord<'r> {
    /// Partition.
    pub partition: i32,
    /// Offset.
    pub offset: i64,
    /// Its timestamp: the broker's if the topic has `LogAppendTime`, else the word of whoever wrote it.
    pub timestamp_ms: i64,
    /// Key; null is empty.
    pub key: &'r [u8],
    /// Value.
    pub value: Option<&'r [u8]>,
}

/// What was read of a partition so far: when the newest row of ours was written, if one was.
pub type Trail = Option<Timestamp>;

/// How records are judged in one turn.
pub struct Reading<'s> {
    /// Makes and checks tags.
    pub seal: &'s RowSeal,
    /// Now, and how far back approvals count.
    pub horizon: Horizon,
    /// How long a gate may take from judging a message to the row being in the log, beside clocks that differ.
    pub transaction_timeout: Duration,
}

/// What a record says.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// A row of ours, and when it was written.
    Ours(RowKey, Row, Timestamp),
    /// A row of a version without tags.
    Former(RowKey, Row),
    /// A stranger's doing, with what it cannot have made up.
    Foreign(RowKey, ForeignRow, Row),
    /// Nothing that counts.
    Nothing,
}

/// What a turn's records made of the rows.
#[derive(Default)]
pub struct Restored {
    /// Rows as they are now, for the store.
    pub rows: Vec<(RowKey, Vec<u8>)>,
    /// Those of which the changelog says less than is known: to be written again.
    pub repairs: BTreeSet<RowKey>,
    /// Those of which it says all that is known.
    pub whole: BTreeSet<RowKey>,
    /// Records of strangers: partition, offset and kind.
    pub foreign: Vec<(i32, i64, ForeignRow)>,
    /// Records that are no rows.
    pub unreadable: Vec<(i32, i64, RowError)>,
}

struct Known {
    row: Row,
    /// When the newest row of ours was written.
    written: Timestamp,
    /// Whether the last record of the key says all of it.
    is_whole: bool,
}

impl Reading<'_> {
    /// Joins records, in their order, with what the store knows of their recipients.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn join(
        &self,
        store: &SentStore,
        records: &[LogRecord<'_>],
        trails: &mut BTreeMap<i32, Trail>,
    ) -> Result<Restored, SentError> {
        let mut restored = Restored::default();
        let mut founds = Vec::with_capacity(records.len());
        for record in records {
            match self.examine(record, trails.entry(record.partition).or_default()) {
                Ok(Found::Nothing) => {}
                Ok(found) => {
                    if let Found::Foreign(_, kind, _) = found {
                        restored.foreign.push((record.partition, record.offset, kind));
                    }
                    founds.push((record.offset, found));
                }
                Err(error) => {
                    restored.unreadable.push((record.partition, record.offset, error));
                }
            }
        }
        let mut known = self.known(store, founds.iter().filter_map(|(_, found)| found.key()))?;
        for (offset, found) in &founds {
            let entry = found.key().and_then(|key| known.get_mut(&key));
            if let Some(entry) = entry {
                self.take(entry, found, *offset);
            }
        }
        for (key, Known { row, written, is_whole }) in known {
            if row.is_empty() {
                continue;
            }
            let list = if is_whole { &mut restored.whole } else { &mut restored.repairs };
            list.insert(key);
            restored.rows.push((key, row.encode(key, self.seal, written)));
        }
        Ok(restored)
    }

    /// What the store knows of these recipients.
    fn known(
        &self,
        store: &SentStore,
        keys: impl Iterator<Item = RowKey>,
    ) -> Result<BTreeMap<RowKey, Known>, SentError> {
        let keys: BTreeSet<RowKey> = keys.collect();
        let keys: Vec<RowKey> = keys.into_iter().collect();
        let mut known = BTreeMap::new();
        for (key, stored) in keys.iter().zip(store.rows(&keys)?) {
            let (mut row, mut written) = (Row::default(), Timestamp::MIN);
            if let Some(stored) = stored {
                row = Row::decode(&stored, self.seal.pepper_id())
                    .map_err(|_| store.unreadable_row())?;
                written = Row::written_at(&stored).unwrap_or(Timestamp::MIN);
            }
            row.prune(&self.horizon);
            known.insert(*key, Known { row, written, is_whole: false });
        }
        Ok(known)
    }

    fn take(&self, known: &mut Known, found: &Found, offset: i64) {
        let now = self.horizon.now;
        match found {
            Found::Ours(_, row, written) => {
                known.written = known.written.max(*written);
                let mut said = row.clone();
                said.prune(&self.horizon);
                known.row.forget_marks_before(offset);
                known.row.join(&said);
                known.is_whole = known.row == said;
            }
            Found::Former(_, row) => {
                let said = self.add(known, row, offset);
                known.is_whole = known.row == said;
            }
            Found::Foreign(_, _, row) => {
                self.add(known, row, offset);
                known.row.mark_lost(now, offset);
                known.is_whole = false;
            }
            Found::Nothing => {}
        }
    }

    /// Adds what nobody vouches for: it may count against its recipient, and push nothing out.
    fn add(&self, known: &mut Known, row: &Row, offset: i64) -> Row {
        let mut said = row.clone();
        said.end_at(self.horizon.now);
        said.prune(&self.horizon);
        if known.row.join(&said) {
            known.row.mark_lost(self.horizon.now, offset);
        }
        said
    }

    pub(super) fn examine(
        &self,
        record: &LogRecord<'_>,
        trail: &mut Trail,
    ) -> Result<Found, RowError> {
        let subject: Result<[u8; 16], _> = record.key.try_into();
        let Some(value) = record.value else {
            let key = subject.map(|subject| self.key(record, subject));
            let marked = |key| Found::Foreign(key, ForeignRow::Deleted, Row::default());
            return Ok(key.map_or(Found::Nothing, marked));
        };
        let key = self.key(record, subject.map_err(|_| RowError::Malformed)?);
        let stored = Row::examine(value, key, self.seal)?;
        if stored.pepper_id != self.seal.pepper_id() {
            return self.others(key, stored, record);
        }
        let is_late = self.is_late(&stored, record);
        let is_behind = trail.is_some_and(|newest| newest > stored.written);
        let Stored { written, tag, row, .. } = stored;
        Ok(match tag {
            TagFound::Wrong => Found::Foreign(key, ForeignRow::Forged, Row::default()),
            TagFound::Ours if is_late || is_behind => {
                Found::Foreign(key, ForeignRow::Replayed, row)
            }
            TagFound::Ours => {
                *trail = Some(written);
                Found::Ours(key, row, written)
            }
            TagFound::None if trail.is_some() || is_late => {
                Found::Foreign(key, ForeignRow::Untagged, row)
            }
            TagFound::None => Found::Former(key, row),
        })
    }

    /// A row of another pepper: nobody's approvals can be found in it. One that counts no more is nothing, unless it
    /// was written again, or under a key of ours.
    fn others(
        &self,
        key: RowKey,
        mut stored: Stored,
        record: &LogRecord<'_>,
    ) -> Result<Found, RowError> {
        let is_late = self.is_late(&stored, record);
        stored.row.prune(&self.horizon);
        if !stored.row.is_empty() {
            return Err(RowError::OtherPepper);
        }
        let forged = Found::Foreign(key, ForeignRow::Forged, Row::default());
        Ok(if is_late { forged } else { Found::Nothing })
    }

    fn key(&self, record: &LogRecord<'_>, subject: [u8; 16]) -> RowKey {
        RowKey { partition: record.partition, subject: SubjectKey(subject) }
    }

    /// Whether it was appended later than its writer can have taken.
    fn is_late(&self, stored: &Stored, record: &LogRecord<'_>) -> bool {
        let appended = Timestamp::from_millis(record.timestamp_ms);
        let latest = stored.written.saturating_add(CLOCK_SKEW_MAX);
        appended > latest.saturating_add(self.transaction_timeout)
    }
}

impl Found {
    fn key(&self) -> Option<RowKey> {
        match self {
            Self::Ours(key, _, _) | Self::Former(key, _) | Self::Foreign(key, _, _) => Some(*key),
            Self::Nothing => None,
        }
    }
}

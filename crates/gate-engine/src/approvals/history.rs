//! What was approved before, for the recipients of one batch: the committed rows, and on top of them what this
//! batch approves itself.
//!
//! Messages are decided in order and each sees the approvals before it, so a cap holds within a batch as it
//! does across batches. Nothing of it outlives the attempt: a batch that is judged again starts from the
//! committed rows.

use super::row::{Horizon, Row};
use super::seal::{RowKey, Seal};
use gate_core::{SentMessage, Timestamp};
use rustc_hash::FxHashMap;

/// The approvals of a batch's recipients.
#[derive(Debug)]
pub struct History {
    horizon: Horizon,
    rows: FxHashMap<RowKey, Entry>,
}

#[derive(Debug, Default)]
struct Entry {
    row: Row,
    is_changed: bool,
}

impl History {
    /// Reads the rows of these recipients, each once. `read` answers in the order of its keys.
    pub(crate) fn load<E>(
        mut keys: Vec<RowKey>,
        horizon: Horizon,
        read: impl FnOnce(&[RowKey]) -> Result<Vec<Option<Row>>, E>,
    ) -> Result<Self, E> {
        keys.sort_unstable();
        keys.dedup();
        let mut rows = FxHashMap::default();
        if !keys.is_empty() {
            for (key, stored) in keys.iter().zip(read(&keys)?) {
                let mut entry = Entry { row: stored.unwrap_or_default(), is_changed: false };
                entry.row.prune(&horizon);
                rows.insert(*key, entry);
            }
        }
        Ok(Self { horizon, rows })
    }

    /// What counts for this recipient; `None` when nobody asked for it in [`History::load`].
    pub(crate) fn of(&self, key: RowKey) -> Option<&Row> {
        self.rows.get(&key).map(|entry| &entry.row)
    }

    /// An approval that the next messages must see. Returns whether the row is full now.
    pub(crate) fn remember(&mut self, key: RowKey, sent: SentMessage) -> bool {
        let entry = self.rows.entry(key).or_default();
        entry.is_changed = true;
        entry.row.remember(sent, &self.horizon)
    }

    /// What was noted under a former key of the recipient counts under the present one, and is written there with the
    /// next approval.
    pub(crate) fn take_over(&mut self, key: RowKey, former: RowKey) {
        let noted = self.rows.get(&former).map(|entry| entry.row.clone());
        if let (Some(noted), Some(entry)) = (noted, self.rows.get_mut(&key)) {
            entry.row.join(&noted);
        }
    }

    /// The row is written with the decisions although nothing was added: the changelog says less.
    pub(crate) fn write_again(&mut self, key: RowKey) {
        if let Some(entry) = self.rows.get_mut(&key) {
            entry.is_changed = !entry.row.is_empty();
        }
    }

    /// The rows that are to be kept with the decisions.
    pub fn changes(self) -> impl Iterator<Item = (RowKey, Row)> {
        let changed = self.rows.into_iter().filter(|(_, entry)| entry.is_changed);
        changed.map(|(key, entry)| (key, entry.row))
    }

    /// The same as bytes for the changelog, `written` saying when by its partition and the time of the decisions.
    #[must_use]
    pub fn sealed(
        self,
        seal: &impl Seal,
        written: impl Fn(i32, Timestamp) -> Timestamp,
    ) -> Vec<(RowKey, Vec<u8>)> {
        let now = self.horizon.now;
        let encoded = self
            .changes()
            .map(|(key, row)| (key, row.encode(key, seal, written(key.partition, now))));
        encoded.collect()
    }
}

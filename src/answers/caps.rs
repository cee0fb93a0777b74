//! What a question counts approvals by: those of every partition that this instance knows.
//!
//! A lane counts by recipient and partition, and a message that is only asked about lies in none. Which one it would get
//! is its sender's choice, so a recipient's rows of all known partitions are joined: where one key is one recipient, as
//! `doctor` wants it, there is one. What other instances know is not here, and each answer says so.
//!
//! Each message of a question is judged as if it were the only one: it gets a partition number of its own (its place in
//! the question), so that no approval of the question counts for another.

use crate::approvals::{KeptRows, Row, RowKey, SentError};
use gate_engine::StoredApprovals;
use std::cell::RefCell;

/// Rows read for one question: a thousand messages on as many partitions are a million.
const ROWS_MAX: usize = 100_000;
/// Rows read at once.
const ROWS_AT_ONCE: usize = 4_096;

/// Whether caps were looked at for a message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Caps {
    /// No rule counts.
    #[default]
    None,
    /// By the rows of the partitions that are known.
    Looked,
    /// One row more would have been too many.
    TooMany,
}

/// Approvals as a question sees them.
pub(super) struct KnownRows<'k> {
    kept: KeptRows<'k>,
    partitions: &'k [i32],
    looked: RefCell<Vec<Caps>>,
}

impl<'k> KnownRows<'k> {
    /// For a question about so many messages.
    pub(super) fn new(kept: KeptRows<'k>, partitions: &'k [i32], n_messages: usize) -> Self {
        Self { kept, partitions, looked: RefCell::new(vec![Caps::None; n_messages]) }
    }

    /// What was looked at, for each message.
    pub(super) fn looked(self) -> Vec<Caps> {
        self.looked.into_inner()
    }

    fn note(&self, key: RowKey, caps: Caps) {
        let mut looked = self.looked.borrow_mut();
        let place = usize::try_from(key.partition).ok().and_then(|nth| looked.get_mut(nth));
        if let Some(place) = place {
            *place = caps;
        }
    }
}

impl StoredApprovals for KnownRows<'_> {
    type Error = SentError;

    fn rows(&self, keys: &[RowKey]) -> Result<Vec<Option<Row>>, SentError> {
        let per_key = self.partitions.len();
        let n_read = ROWS_MAX.checked_div(per_key).unwrap_or(keys.len());
        let mut rows = Vec::with_capacity(keys.len());
        let at_once = (ROWS_AT_ONCE.checked_div(per_key).unwrap_or(keys.len())).max(1);
        for chunk in keys.get(..n_read.min(keys.len())).unwrap_or_default().chunks(at_once) {
            let of = |key: &RowKey| {
                let subject = key.subject;
                self.partitions
                    .iter()
                    .map(move |partition| RowKey { partition: *partition, subject })
            };
            let real: Vec<RowKey> = chunk.iter().flat_map(of).collect();
            let mut found = self.kept.rows(&real)?.into_iter();
            for key in chunk {
                self.note(*key, Caps::Looked);
                rows.push(joined(found.by_ref().take(per_key)));
            }
        }
        for key in keys.iter().skip(rows.len()) {
            self.note(*key, Caps::TooMany);
            rows.push(None);
        }
        Ok(rows)
    }
}

fn joined(found: impl Iterator<Item = Option<Row>>) -> Option<Row> {
    found.flatten().reduce(|mut all, row| {
        // a row that has no room says "full" by its number of entries, which blocks
        all.join(&row);
        all
    })
}

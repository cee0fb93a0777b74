//! States and approvals in memory: for decision cases, rehearsals and tests.

use crate::approvals::{Row, RowKey};
use crate::fold::{Change, Table};
use crate::judge::{States, StoredApprovals};
use gate_core::{ConsentState, SubjectKey};
use std::collections::BTreeMap;

/// A gate's memory. Grows with what is folded into it.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    states: BTreeMap<SubjectKey, Vec<u8>>,
    rows: BTreeMap<RowKey, Row>,
}

/// Bytes in it that are no state: nothing but a mistake in this program makes them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a state in memory cannot be read")]
pub struct MemoryError;

impl Memory {
    /// The bytes of a subject's state; empty when nothing was said about it.
    #[must_use]
    pub fn state(&self, subject: SubjectKey) -> &[u8] {
        self.states.get(&subject).map(Vec::as_slice).unwrap_or_default()
    }

    /// Facts kept about everybody: what must not grow without an end.
    #[must_use]
    pub fn n_facts(&self) -> usize {
        let n_facts = |bytes: &Vec<u8>| ConsentState::decode(bytes).map_or(0, |s| s.facts().len());
        self.states.values().map(n_facts).sum()
    }

    /// Keeps the approvals of a judged batch.
    pub fn keep(&mut self, rows: impl IntoIterator<Item = (RowKey, Row)>) {
        self.rows.extend(rows);
    }
}

impl Table for Memory {
    type Error = MemoryError;

    fn load(&mut self, subject: SubjectKey, out: &mut Vec<u8>) -> Result<(), MemoryError> {
        out.extend_from_slice(self.state(subject));
        Ok(())
    }

    fn note(&mut self, change: &Change<'_>) -> Result<(), MemoryError> {
        if change.is_changed {
            self.states.insert(change.subject, change.encoded.to_vec());
        }
        Ok(())
    }

    fn damaged(&self) -> MemoryError {
        MemoryError
    }
}

impl States for Memory {
    type State<'s> = &'s [u8];
    type Error = MemoryError;

    fn states(&self, keys: &[SubjectKey]) -> Result<Vec<Option<&[u8]>>, MemoryError> {
        Ok(keys.iter().map(|key| self.states.get(key).map(Vec::as_slice)).collect())
    }

    fn covers(_: &&[u8], _: SubjectKey) -> bool {
        false
    }

    fn damaged(&self) -> MemoryError {
        MemoryError
    }
}

impl StoredApprovals for Memory {
    type Error = MemoryError;

    fn rows(&self, keys: &[RowKey]) -> Result<Vec<Option<Row>>, MemoryError> {
        Ok(keys.iter().map(|key| self.rows.get(key).cloned()).collect())
    }
}

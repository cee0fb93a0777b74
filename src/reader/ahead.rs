//! What lies behind a record that a partition stands at.
//!
//! A source that writes one record nobody can attribute often writes hundreds. Their dead letters are written while the
//! partition stands, so that an operator sees all of them and releases them together. Nothing is applied here; each
//! record is taken in its turn, and its owner may be known by then.

use super::incoming::Incoming;
use super::{Reader, ReaderError, Stand};
use gate_codec::{Class, DecodeError, Unreadable};
use gate_core::Receipt;
use gate_engine::{Owner, understand};

/// How many records behind the one it stands at. A longer burst is released in rounds.
const AHEAD_MAX: i64 = 10_000;

impl Reader {
    /// Whether the record lies closely behind the one that its partition stands at.
    pub(super) fn is_ahead(&self, partition: i32, offset: i64) -> bool {
        let index = usize::try_from(partition).unwrap_or(usize::MAX);
        match self.stands.get(index) {
            Some(Stand::Poisoned(at)) => offset > *at && offset - *at <= AHEAD_MAX,
            Some(Stand::Reading | Stand::Seek(_) | Stand::Unreadable(_)) | None => false,
        }
    }

    /// Puts the record aside if the partition would stop at it too.
    pub(super) fn look_ahead(&mut self, record: &Incoming<'_>) -> Result<(), ReaderError> {
        let Some(why) = self.why_unreadable(record) else { return Ok(()) };
        let suspects = self.suspects(record)?;
        if suspects.subjects.is_empty() {
            // what cannot be staged now is staged in its turn
            drop(self.put_aside(record, why, Owner::Unknown, false));
        }
        Ok(())
    }

    /// Why it cannot be read; `None` when it can, or when nobody can tell now.
    fn why_unreadable(&self, record: &Incoming<'_>) -> Option<Unreadable> {
        if record.value.is_some_and(|value| value.len() > self.parts.value_bytes_max) {
            return Some(Class::TooLarge.into());
        }
        match self.parts.records.read(record.value, record.origin()) {
            Err(DecodeError::Unreadable(why)) => Some(record.told(why)),
            // when it was received does not matter here
            Ok(changes) => changes.all().iter().find_map(|it| {
                understand(&*self.parts.pepper, &it.change, Receipt::default()).err()
            }),
            Err(DecodeError::Unavailable { .. }) => None,
        }
    }
}

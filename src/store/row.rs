//! A row of the `state` column family: a subject's state, and before it the addresses a contact covers.
//!
//! ```text
//! n 1 │ address key 16 × n │ ConsentState bytes
//! ```
//!
//! Most people have one address, and its state says only what the contact's state says: that they agreed. Such
//! an address is *covered*, and a message to that contact is decided without reading it, which halves the reads.
//!
//! INVARIANT: a contact covers an address only while [`ConsentState::only_repeats`] names that contact for the
//! address's state as stored in the same moment. The writer keeps it with every change of an address, in the
//! same batch; what is not covered is merely read. A state that is pruned could lose what its address repeats,
//! so a contact with many facts covers nothing.

use gate_core::{ConsentState, SubjectKey};

/// Addresses one contact covers at most.
const COVERED_MAX: usize = 4;
/// Facts of a contact that still covers addresses; far below every bound of a state.
pub(super) const COVERING_FACTS_MAX: usize = 64;
const KEY_BYTES: usize = 16;

/// A stored row. The empty row stands for a subject nobody knows.
#[derive(Clone, Copy, Default)]
pub(super) struct Row<'r> {
    covered: &'r [u8],
    pub(super) state: &'r [u8],
}

impl<'r> Row<'r> {
    /// Takes a row apart; `None` when it is none.
    pub(super) fn read(bytes: &'r [u8]) -> Option<Self> {
        let Some((n, rest)) = bytes.split_first() else { return Some(Self::default()) };
        let n = usize::from(*n);
        let (covered, state) = rest.split_at_checked(n * KEY_BYTES)?;
        (n <= COVERED_MAX && !state.is_empty()).then_some(Self { covered, state })
    }

    /// The addresses the contact covers.
    pub(super) fn covered(&self) -> impl Iterator<Item = SubjectKey> + use<'r> {
        let keys = self.covered.chunks_exact(KEY_BYTES);
        keys.filter_map(|key| key.try_into().ok().map(SubjectKey))
    }

    /// Whether the contact covers the address.
    pub(super) fn covers(&self, address: SubjectKey) -> bool {
        self.covered().any(|key| key == address)
    }

    /// Appends the row with another state, of so many facts.
    pub(super) fn write_with_state(&self, state: &[u8], n_facts: usize, out: &mut Vec<u8>) {
        let covered = if n_facts > COVERING_FACTS_MAX { &[] } else { self.covered };
        Row { covered, state }.write(out);
    }

    /// Appends the row as it is with this address covered; `false` when there is no room.
    pub(super) fn write_covering(&self, address: SubjectKey, out: &mut Vec<u8>) -> bool {
        let n = self.covered.len() / KEY_BYTES;
        let has_room = n < COVERED_MAX;
        if has_room {
            out.push(u8::try_from(n + 1).unwrap_or(u8::MAX)); // at most COVERED_MAX
            out.extend_from_slice(self.covered);
            out.extend_from_slice(&address.0);
            out.extend_from_slice(self.state);
        }
        has_room
    }

    /// Appends the row as it is with this address no longer covered.
    pub(super) fn write_uncovering(&self, address: SubjectKey, out: &mut Vec<u8>) {
        let keys = self.covered.chunks_exact(KEY_BYTES);
        let kept: Vec<u8> = keys.filter(|key| *key != address.0).flatten().copied().collect();
        Row { covered: &kept, state: self.state }.write(out);
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.push(u8::try_from(self.covered.len() / KEY_BYTES).unwrap_or(u8::MAX));
        out.extend_from_slice(self.covered);
        out.extend_from_slice(self.state);
    }
}

/// The contact that may cover an address with this state; `None` without a state.
pub(super) fn coverer(state: &[u8]) -> Option<SubjectKey> {
    if state.is_empty() {
        return None;
    }
    ConsentState::decode(state).ok()?.only_repeats()
}

#[cfg(test)]
mod tests {
    use super::Row;
    use gate_core::SubjectKey;

    #[test]
    fn addresses_are_covered_and_uncovered() {
        let key = |n| SubjectKey([n; 16]);
        let mut bytes = Vec::new();
        Row::default().write_with_state(b"state", 1, &mut bytes);
        assert_eq!(bytes, b"\0state");
        for n in 1..=5 {
            let mut next = Vec::new();
            let had_room = Row::read(&bytes).unwrap().write_covering(key(n), &mut next);
            assert_eq!(had_room, n <= 4);
            if had_room {
                bytes = next;
            }
        }
        let row = Row::read(&bytes).unwrap();
        assert_eq!(row.state, b"state");
        assert!((1..=4).all(|n| row.covers(key(n))) && !row.covers(key(5)));
        let mut fewer = Vec::new();
        row.write_uncovering(key(2), &mut fewer);
        let row = Row::read(&fewer).unwrap();
        assert!(row.covers(key(1)) && !row.covers(key(2)) && row.covers(key(3)));
        let mut none = Vec::new();
        row.write_with_state(b"many", 65, &mut none);
        assert_eq!(none, b"\0many");
    }

    #[test]
    fn what_is_no_row_is_refused() {
        assert!(Row::read(b"").is_some());
        for bad in [&b"\0"[..], b"\x01state", b"\x05", &[9; 200]] {
            assert!(Row::read(bad).is_none(), "{bad:?}");
        }
    }
}

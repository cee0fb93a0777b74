//! States read and changed since the last commit: the writer reads its own writes here.
//!
//! All bytes live in one arena that is emptied at commit, so a change allocates nothing once the arena
//! is warm. INVARIANT: the overlay holds for every key it knows what a read after the commit would find.

use gate_core::SubjectKey;
use rustc_hash::FxHashMap;

/// Keys are keyed hashes already, so an unkeyed fast hash cannot be attacked through them.
#[derive(Default)]
pub(super) struct Overlay {
    slots: FxHashMap<SubjectKey, Slot>,
    bytes: Vec<u8>,
}

#[derive(Clone, Copy)]
struct Slot {
    start: usize,
    length: usize, // 0: the subject is unknown
    room: usize,
    dirty: bool,
}

/// What a map entry costs beside its bytes.
const SLOT_BYTES: usize = 64;

impl Overlay {
    /// The bytes known for a subject, empty when it has no state; `None` when it was not loaded.
    pub(super) fn get(&self, subject: SubjectKey) -> Option<&[u8]> {
        let slot = self.slots.get(&subject)?;
        self.bytes.get(slot.start..slot.start + slot.length)
    }

    pub(super) fn contains(&self, subject: SubjectKey) -> bool {
        self.slots.contains_key(&subject)
    }

    /// Remembers what the database holds.
    pub(super) fn load(&mut self, subject: SubjectKey, stored: &[u8]) {
        self.store(subject, stored, false);
    }

    /// Remembers a change that is to be written.
    pub(super) fn put(&mut self, subject: SubjectKey, changed: &[u8]) {
        self.store(subject, changed, true);
    }

    fn store(&mut self, subject: SubjectKey, value: &[u8], dirty: bool) {
        let known = self.slots.get(&subject).copied();
        let fits = known.filter(|slot| slot.room >= value.len());
        let slot = match fits {
            Some(slot) => {
                if let Some(place) = self.bytes.get_mut(slot.start..slot.start + value.len()) {
                    place.copy_from_slice(value);
                }
                Slot { length: value.len(), dirty, ..slot }
            }
            None => {
                // a subject that grew once may grow again: leave room, so a busy one stays linear
                let room = value.len() * if known.is_some_and(|slot| slot.dirty) { 2 } else { 1 };
                let start = self.bytes.len();
                self.bytes.extend_from_slice(value);
                self.bytes.resize(start + room, 0);
                Slot { start, length: value.len(), room, dirty }
            }
        };
        self.slots.insert(subject, slot);
    }

    /// The changes, sorted by key so that the memtable is filled in order.
    pub(super) fn changes(&self) -> Vec<(SubjectKey, &[u8])> {
        let dirty = self.slots.iter().filter(|(_, slot)| slot.dirty);
        let mut changes: Vec<(SubjectKey, &[u8])> = dirty
            .filter_map(|(subject, slot)| {
                let bytes = self.bytes.get(slot.start..slot.start + slot.length)?;
                Some((*subject, bytes))
            })
            .collect();
        changes.sort_unstable_by_key(|(subject, _)| *subject);
        changes
    }

    pub(super) fn clear(&mut self) {
        self.slots.clear();
        self.bytes.clear();
    }

    /// Memory in use, for the bound.
    pub(super) fn used_bytes(&self) -> usize {
        self.bytes.len() + self.slots.len() * SLOT_BYTES
    }
}

#[cfg(test)]
mod tests {
    use super::Overlay;
    use gate_core::SubjectKey;

    #[test]
    fn the_last_value_is_read_and_only_changes_are_written() {
        let (one, two) = (SubjectKey([1; 16]), SubjectKey([2; 16]));
        let mut overlay = Overlay::default();
        overlay.load(two, b"as stored");
        overlay.load(one, b"");
        assert_eq!(overlay.get(one), Some(&b""[..]));
        assert_eq!(overlay.get(SubjectKey([3; 16])), None);
        overlay.put(one, b"a");
        overlay.put(one, b"longer");
        overlay.put(one, b"short");
        assert_eq!(overlay.changes(), vec![(one, &b"short"[..])]);
        overlay.put(two, b"changed");
        assert_eq!(overlay.changes(), vec![(one, &b"short"[..]), (two, &b"changed"[..])]);
        overlay.clear();
        assert_eq!(overlay.used_bytes(), 0);
    }
}

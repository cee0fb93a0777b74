//! What the index lacks: records nobody can read, and stretches that were gone before they were read. Of bounded size.

use crate::key::{Log, Place};
use crate::wire::{Wire, put_number, put_signed, put_text};
use std::collections::{BTreeMap, VecDeque};

/// Places of unreadable records that are kept, the latest.
pub const UNREADABLE_MAX: usize = 100;
/// Classes of unreadable records that are told apart; more are counted as `other`.
pub const CLASSES_MAX: usize = 32;
/// Gaps that are kept, the latest.
pub const GAPS_MAX: usize = 100;
const CLASS_BYTES_MAX: usize = 64;

/// A record that could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnreadableRecord {
    /// The topic.
    pub log: Log,
    /// Where it stands.
    pub place: Place,
    /// Why, such as `damaged`.
    pub class: Box<str>,
}

/// Offsets that were gone before they were read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    /// The topic.
    pub log: Log,
    /// Its partition.
    pub partition: i32,
    /// The first that is missing.
    pub from: i64,
    /// The next that was read.
    pub to: i64,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Notes {
    pub(crate) n_unreadable: BTreeMap<(Log, Box<str>), u64>,
    pub(crate) unreadable: VecDeque<UnreadableRecord>,
    pub(crate) n_gaps: u64,
    pub(crate) gaps: VecDeque<Gap>,
}

impl Notes {
    pub(crate) fn unreadable(&mut self, log: Log, place: Place, class: &str) {
        let end = class.floor_char_boundary(CLASS_BYTES_MAX);
        let class: Box<str> = class.get(..end).unwrap_or_default().into();
        let key = (log, class.clone());
        let has_room =
            self.n_unreadable.len() < CLASSES_MAX || self.n_unreadable.contains_key(&key);
        let key = if has_room { key } else { (log, "other".into()) };
        *self.n_unreadable.entry(key).or_default() += 1;
        if self.unreadable.len() >= UNREADABLE_MAX {
            self.unreadable.pop_front();
        }
        self.unreadable.push_back(UnreadableRecord { log, place, class });
    }

    pub(crate) fn gap(&mut self, gap: Gap) {
        self.n_gaps += 1;
        if self.gaps.len() >= GAPS_MAX {
            self.gaps.pop_front();
        }
        self.gaps.push_back(gap);
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        put_number(&mut out, self.n_unreadable.len() as u64);
        for ((log, class), n) in &self.n_unreadable {
            out.push(log.code());
            put_text(&mut out, Some(class));
            put_number(&mut out, *n);
        }
        put_number(&mut out, self.unreadable.len() as u64);
        for UnreadableRecord { log, place, class } in &self.unreadable {
            out.push(log.code());
            put_signed(&mut out, place.partition.into());
            put_signed(&mut out, place.offset);
            put_text(&mut out, Some(class));
        }
        put_number(&mut out, self.n_gaps);
        put_number(&mut out, self.gaps.len() as u64);
        for Gap { log, partition, from, to } in &self.gaps {
            out.push(log.code());
            put_signed(&mut out, (*partition).into());
            put_signed(&mut out, *from);
            put_signed(&mut out, *to);
        }
        out
    }

    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let mut wire = Wire(bytes);
        let mut notes = Self::default();
        for _ in 0..wire.number()? {
            let log = Log::of_code(wire.byte()?)?;
            let class = wire.text()??.into();
            notes.n_unreadable.insert((log, class), wire.number()?);
        }
        for _ in 0..wire.number()? {
            let log = Log::of_code(wire.byte()?)?;
            let place =
                Place { partition: wire.signed()?.try_into().ok()?, offset: wire.signed()? };
            let class = wire.text()??.into();
            notes.unreadable.push_back(UnreadableRecord { log, place, class });
        }
        notes.n_gaps = wire.number()?;
        for _ in 0..wire.number()? {
            let log = Log::of_code(wire.byte()?)?;
            let partition = wire.signed()?.try_into().ok()?;
            let (from, to) = (wire.signed()?, wire.signed()?);
            notes.gaps.push_back(Gap { log, partition, from, to });
        }
        wire.end()?;
        Some(notes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_are_bounded_and_read_back() {
        let mut notes = Notes::default();
        for n in 0..300i64 {
            let place = Place { partition: 1, offset: n };
            notes.unreadable(Log::Consent, place, &format!("class-{}", n % 50));
            notes.gap(Gap { log: Log::Decisions, partition: 0, from: n, to: n + 1 });
        }
        assert_eq!(notes.n_unreadable.len(), CLASSES_MAX + 1);
        assert_eq!(notes.n_unreadable.values().sum::<u64>(), 300);
        assert_eq!((notes.unreadable.len(), notes.gaps.len()), (UNREADABLE_MAX, GAPS_MAX));
        assert_eq!((notes.n_gaps, notes.gaps[0].from), (300, 200));
        let bytes = notes.encode();
        assert_eq!(Notes::decode(&bytes), Some(notes));
        assert!((0..bytes.len()).all(|end| Notes::decode(&bytes[..end]).is_none()));
    }
}

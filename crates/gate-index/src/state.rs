//! What the index says about itself: whose it is, and how far it has come.
//!
//! All values live in the `meta` column family. INVARIANT: decoding is strict; anything else counts as damage.

use crate::wire::{Wire, put_number, put_signed, put_text};
use crate::word::Kind;
use crate::{Identity, Rebuilt, Topic};

/// Raise when column families, keys, rows, words, counts or this file change.
const FORMAT: u8 = 2;
const MAGIC: &[u8; 8] = b"CGINDEX\0";

pub(crate) const HEADER_KEY: &[u8] = b"header";
pub(crate) const STATE_KEY: &[u8] = b"state";
pub(crate) const NOTES_KEY: &[u8] = b"notes";
pub(crate) const BIRTH_KEY: &[u8] = b"birth";
/// Bytes that tell an index from one that was built before or after it.
pub(crate) const BIRTH_BYTES: usize = 8;
/// What keys of positions begin with.
pub(crate) const POSITION: u8 = b'P';
/// What keys of highest offsets begin with.
pub(crate) const HIGHEST: u8 = b'H';

/// The bytes of the header of an index with this identity.
pub(crate) fn header(identity: &Identity) -> Vec<u8> {
    let mut out = MAGIC.to_vec();
    out.push(FORMAT);
    out.extend_from_slice(&identity.pepper_id);
    let Identity { cluster_id, decision_log, consent_change, pepper_id: _ } = identity;
    let (log, consent) = (decision_log, consent_change);
    for text in [cluster_id, &log.name, &log.id, &consent.name, &consent.id] {
        put_text(&mut out, Some(text));
    }
    out
}

/// Whether a stored header belongs to `wanted`; `true` when it should be written anew, since more is known now.
///
/// # Errors
/// Why it does not.
pub(crate) fn check_header(stored: &[u8], wanted: &Identity) -> Result<bool, Rebuilt> {
    let rest = stored.strip_prefix(MAGIC).ok_or(Rebuilt::Damaged)?;
    let (format, rest) = rest.split_first().ok_or(Rebuilt::Damaged)?;
    if *format != FORMAT {
        return Err(Rebuilt::OtherFormat);
    }
    let found = identity(rest).ok_or(Rebuilt::Damaged)?;
    let topics = [
        (&found.decision_log, &wanted.decision_log),
        (&found.consent_change, &wanted.consent_change),
    ];
    let is_same_id = |(found, wanted): &(&Topic, &Topic)| {
        found.id == wanted.id || found.id.is_empty() || wanted.id.is_empty()
    };
    let same = [
        (found.cluster_id == wanted.cluster_id, Rebuilt::OtherCluster),
        (topics.iter().all(|(found, wanted)| found.name == wanted.name), Rebuilt::OtherTopic),
        (topics.iter().all(is_same_id), Rebuilt::TopicRecreated),
        (found.pepper_id == wanted.pepper_id, Rebuilt::OtherPepper),
    ];
    match same.into_iter().find(|(same, _)| !same) {
        Some((_, why)) => Err(why),
        None => {
            Ok(topics.iter().any(|(found, wanted)| found.id.is_empty() && !wanted.id.is_empty()))
        }
    }
}

fn identity(bytes: &[u8]) -> Option<Identity> {
    let mut wire = Wire(bytes);
    let pepper_id = wire.array()?;
    let mut text = || wire.text()?.map(str::to_owned);
    let cluster_id = text()?;
    let decision_log = Topic { name: text()?, id: text()? };
    let consent_change = Topic { name: text()?, id: text()? };
    wire.end()?;
    Some(Identity { cluster_id, decision_log, consent_change, pepper_id })
}

/// Numbers of the whole index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct State {
    /// Decisions before this are gone; microseconds.
    pub(crate) floor: i64,
    /// Consent changes before this are gone; milliseconds.
    pub(crate) changes_floor_ms: i64,
    /// Rows that are kept.
    pub(crate) n_rows: u64,
    /// Decisions that replaced another about the same message.
    pub(crate) n_replaced: u64,
    /// Decisions that were older than the bound when they came.
    pub(crate) n_too_old: u64,
    /// Decisions that were counted as "other".
    pub(crate) n_others: u64,
    /// Decisions of which something is kept as "other".
    pub(crate) n_without_words: u64,
    /// Consent changes that were taken.
    pub(crate) n_changes: u64,
    /// The next number of each kind of word.
    pub(crate) next: [u32; Kind::N],
}

impl Default for State {
    fn default() -> Self {
        Self {
            floor: i64::MIN,
            changes_floor_ms: i64::MIN,
            n_rows: 0,
            n_replaced: 0,
            n_too_old: 0,
            n_others: 0,
            n_without_words: 0,
            n_changes: 0,
            next: [1; Kind::N],
        }
    }
}

impl State {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(64);
        put_signed(&mut out, self.floor);
        put_signed(&mut out, self.changes_floor_ms);
        let numbers = [
            self.n_rows,
            self.n_replaced,
            self.n_too_old,
            self.n_others,
            self.n_without_words,
            self.n_changes,
        ];
        numbers.iter().for_each(|number| put_number(&mut out, *number));
        self.next.iter().for_each(|number| put_number(&mut out, u64::from(*number)));
        out
    }

    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let mut wire = Wire(bytes);
        let mut state = Self {
            floor: wire.signed()?,
            changes_floor_ms: wire.signed()?,
            n_rows: wire.number()?,
            n_replaced: wire.number()?,
            n_too_old: wire.number()?,
            n_others: wire.number()?,
            n_without_words: wire.number()?,
            n_changes: wire.number()?,
            next: [0; Kind::N],
        };
        for next in &mut state.next {
            *next = wire.small().filter(|next| *next > 0)?;
        }
        wire.end()?;
        Some(state)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity() -> Identity {
        let topic = |name: &str| Topic { name: name.into(), id: format!("{name}-id") };
        Identity {
            cluster_id: "cluster".into(),
            decision_log: topic("log"),
            consent_change: topic("consent"),
            pepper_id: [7; 8],
        }
    }

    #[test]
    fn a_header_matches_itself_and_nothing_else() {
        let bytes = header(&identity());
        assert_eq!(check_header(&bytes, &identity()), Ok(false));
        for end in 0..bytes.len() {
            assert!(check_header(&bytes[..end], &identity()).is_err(), "prefix {end}");
        }
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(check_header(&flipped, &identity()).is_err(), "bit {bit}");
        }
        let mut other = identity();
        other.consent_change.id = "another".into();
        assert_eq!(check_header(&bytes, &other), Err(Rebuilt::TopicRecreated));
        other.consent_change.id = String::new();
        assert_eq!(check_header(&bytes, &other), Ok(false), "an unknown id is not compared");
        assert_eq!(check_header(&header(&other), &identity()), Ok(true), "and is learned");
    }

    #[test]
    fn a_state_reads_back() {
        let mut state = State { floor: -3, n_rows: 1 << 40, n_changes: 9, ..State::default() };
        state.next = [1, 2, 3, 4, 5, u32::MAX];
        let bytes = state.encode();
        assert_eq!(State::decode(&bytes), Some(state));
        assert!((0..bytes.len()).all(|end| State::decode(&bytes[..end]).is_none()));
    }
}

//! Timeline entries: which event said what about a subject, and where in the log it stands.
//!
//! Key: subject (16) ‖ at (8) ‖ event (8) ‖ partition (4) ‖ offset (8), each sorting as its value does.
//! Value: the facts the event placed on that subject, as the canonical bytes of a state. Joining all
//! entries of a subject therefore gives its state, and joining those at or before a consent position
//! gives the state at that position (promise P5).
//!
//! INVARIANT: no personal data: keyed hashes, instants, scopes and flags only.

use super::StoreError;
use super::layout::SUBJECT_BYTES;
use gate_core::{ConsentState, EventKey, Fact, FactKind, SubjectKey, Timestamp};
use gate_engine::Change;
use rocksdb::{ColumnFamily, WriteBatch};

const KEY_BYTES: usize = SUBJECT_BYTES + 8 + 8 + 4 + 8;
/// What tells the entries of one subject apart.
const PLACE_BYTES: usize = KEY_BYTES - SUBJECT_BYTES;

/// A place in a subject's timeline, from which one reads on. It names nobody: whose timeline it is must be said again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimelineCursor([u8; PLACE_BYTES]);

impl TimelineCursor {
    /// As text.
    #[must_use]
    pub fn text(&self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Reads the text; `None` when it is none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut place = [0; PLACE_BYTES];
        let is_digits = text.bytes().all(|byte| byte.is_ascii_hexdigit());
        if text.len() != PLACE_BYTES * 2 || !is_digits {
            return None;
        }
        for (nth, byte) in place.iter_mut().enumerate() {
            *byte = u8::from_str_radix(text.get(nth * 2..nth * 2 + 2)?, 16).ok()?;
        }
        Some(Self(place))
    }

    fn of(key: &[u8]) -> Option<Self> {
        key.get(SUBJECT_BYTES..)?.try_into().ok().map(Self)
    }
}

/// Where a consent change stands in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Source {
    /// Partition of the consent topic.
    pub partition: i32,
    /// Offset in it.
    pub offset: i64,
}

/// One event of a subject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimelineEntry {
    /// When it takes effect.
    pub at: Timestamp,
    /// The keyed hash of the event id; zero for an event that only linked contact and address. A small number for what was
    /// refused elsewhere: by the contact alone, or at the address before this one.
    pub event: EventKey,
    /// Where it stands in the log.
    pub source: Source,
    /// What it said, as `ConsentState` bytes.
    pub facts: Box<[u8]>,
}

/// Every statement is noted, whether or not it changed the state, so that a timeline does not depend
/// on the order of arrival. An erasure replaces what came before it by the state that is left
/// (promise P6); afterwards only what still counts is noted.
pub(super) fn note(
    change: &Change<'_>,
    source: Source,
    timeline: &ColumnFamily,
    batch: &mut WriteBatch,
) {
    let erases = |f: &Fact<'_>| f.kind.is_erasure();
    if change.is_changed && change.facts.iter().any(erases) {
        let (from, to) = range(change.subject);
        batch.delete_range_cf(timeline, from, to);
        batch.put_cf(timeline, entry_key(change, change.facts, source), change.encoded);
    } else if change.state.is_erased() {
        if change.is_changed {
            let kept = change.facts.iter().filter(|f| f.reaches_addresses());
            let kept: Vec<Fact<'_>> = kept.copied().collect();
            let mut said = ConsentState::default();
            said.join(kept.iter().copied());
            let mut bytes = Vec::new();
            said.encode(&mut bytes);
            batch.put_cf(timeline, entry_key(change, &kept, source), bytes);
        }
    } else if change.is_changed
        || (change.facts.iter().any(is_statement) && !change.state.facts().iter().any(erases))
    {
        batch.put_cf(timeline, entry_key(change, change.facts, source), change.said);
    }
}

fn entry_key(change: &Change<'_>, facts: &[Fact<'_>], source: Source) -> [u8; KEY_BYTES] {
    let mut key = key(change.subject, facts, source);
    let echo = change.echo.filter(|_| !facts.iter().any(|fact| fact.kind.is_erasure()));
    if let Some(nth) = echo {
        // the event, or another echo, may say something of the address with the same id at the same instant
        let event = SUBJECT_BYTES + 8;
        let place = key.iter_mut().skip(event);
        place.zip(nth.to_be_bytes()).for_each(|(byte, number)| *byte = number);
    }
    key
}

/// What the event is filed under: the first fact that is a statement.
fn key(subject: SubjectKey, facts: &[Fact<'_>], source: Source) -> [u8; KEY_BYTES] {
    let filed = facts.iter().find(|fact| is_statement(fact));
    let (at, event) = filed.map_or_else(Default::default, |fact| (fact.at, fact.event));
    let mut key = [0; KEY_BYTES];
    let mut rest = key.as_mut_slice();
    let mut append = |bytes: &[u8]| {
        if let Some((place, after)) = std::mem::take(&mut rest).split_at_mut_checked(bytes.len()) {
            place.copy_from_slice(bytes);
            rest = after;
        }
    };
    append(&subject.0);
    append(&ordered(at.as_micros()).to_be_bytes());
    append(&event.0);
    append(&source.partition.to_be_bytes());
    append(&source.offset.to_be_bytes());
    key
}

/// A link alone is no statement: it only says that contact and address belong together.
fn is_statement(fact: &Fact<'_>) -> bool {
    fact.kind != FactKind::Link
}

/// All keys of a subject lie in `[from, to)`.
fn range(subject: SubjectKey) -> (Vec<u8>, Vec<u8>) {
    let mut after = subject.0.to_vec();
    after.resize(KEY_BYTES + 1, 0xff); // longer than any key, so greater than the greatest
    (subject.0.to_vec(), after)
}

/// Reads a stored entry back.
fn decode(key: &[u8], value: &[u8]) -> Option<TimelineEntry> {
    let (_subject, rest) = key.split_first_chunk::<SUBJECT_BYTES>()?;
    let (at, rest) = rest.split_first_chunk::<8>()?;
    let (event, rest) = rest.split_first_chunk::<8>()?;
    let (partition, rest) = rest.split_first_chunk::<4>()?;
    let offset: &[u8; 8] = rest.try_into().ok()?;
    Some(TimelineEntry {
        at: Timestamp::from_micros(unordered(u64::from_be_bytes(*at))),
        event: EventKey(*event),
        source: Source {
            partition: i32::from_be_bytes(*partition),
            offset: i64::from_be_bytes(*offset),
        },
        facts: value.into(),
    })
}

/// Maps instants to numbers whose big-endian bytes sort alike, those before 1970 included.
fn ordered(micros: i64) -> u64 {
    micros.cast_unsigned() ^ (1 << 63)
}

fn unordered(bits: u64) -> i64 {
    (bits ^ (1 << 63)).cast_signed()
}

impl super::Snapshot<'_> {
    /// The newest `max` events of a subject, oldest first.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] and [`StoreError::Io`].
    pub fn timeline(
        &self,
        subject: SubjectKey,
        max: usize,
    ) -> Result<Vec<TimelineEntry>, StoreError> {
        Ok(self.timeline_before(subject, None, max)?.0)
    }

    /// The same before a place in it, and from where to read on when there are older ones.
    ///
    /// # Errors
    /// As [`super::Snapshot::timeline`].
    pub fn timeline_before(
        &self,
        subject: SubjectKey,
        before: Option<TimelineCursor>,
        max: usize,
    ) -> Result<(Vec<TimelineEntry>, Option<TimelineCursor>), StoreError> {
        let (mut entries, mut oldest, mut has_more) = (Vec::new(), None, false);
        let (from, end) = range(subject);
        let to = before.map_or(end, |place| [subject.0.as_slice(), &place.0].concat());
        self.scan_timeline_backwards((from, to), |key, value| {
            if entries.len() >= max {
                has_more = true;
                return Ok(false);
            }
            entries.push(decode(key, value).ok_or("a timeline key is damaged")?);
            oldest = TimelineCursor::of(key);
            Ok(true)
        })?;
        entries.reverse();
        Ok((entries, oldest.filter(|_| has_more)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_sort_by_instant_and_read_back() {
        let source = Source { partition: 3, offset: 77 };
        let mut last = Vec::new();
        for micros in [i64::MIN, -5, 0, 9, i64::MAX] {
            let at = Timestamp::from_micros(micros);
            let fact = Fact::new(FactKind::OptOut, EventKey([4; 8]), at, at);
            let key = key(SubjectKey([1; 16]), &[fact], source).to_vec();
            assert!(key > last);
            let read = decode(&key, b"x").unwrap();
            assert_eq!((read.at, read.event, read.source), (at, fact.event, source));
            last = key;
        }
    }

    #[test]
    fn a_range_holds_the_subject_and_nobody_else() {
        for subject in [[0; 16], [7; 16], [0xff; 16]] {
            let (from, to) = range(SubjectKey(subject));
            let least = [subject.as_slice(), &[0; 28]].concat();
            let greatest = [subject.as_slice(), &[0xff; 28]].concat();
            assert!(from <= least && greatest < to);
            let mut next = subject;
            if next[15] < 0xff {
                next[15] += 1;
                assert!(to.as_slice() < next.as_slice());
            }
        }
    }
}

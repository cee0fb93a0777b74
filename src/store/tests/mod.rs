//! Tests of the store against the law itself: a model that folds events with `ConsentState` in a map.

mod checkpoint;
mod coverage;
mod crash;
mod damage;
mod erasure;
mod limits;
mod partitions;
mod reuse;

use super::{Identity, Opened, Source, Store, Writer};
use gate_core::{
    Action, ConsentChange, ConsentState, ContactId, EventKey, Fact, Placement, Receipt, SubjectKey,
    Subjects, Timestamp, place,
};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::Path;

pub(super) const MEMORY: usize = super::MEMORY_BYTES_MIN;
pub(super) const PARTITIONS: u32 = 2;

/// Every known state, by subject.
pub(super) type States = BTreeMap<SubjectKey, Vec<u8>>;

pub(super) fn identity() -> Identity {
    Identity {
        cluster_id: "cluster-1".into(),
        topic: "consent-change".into(),
        topic_id: "topic-1".into(),
        partitions: PARTITIONS,
        pepper_id: [1; 8],
        mapping_id: [0; 8],
    }
}

/// In memory where the system has such a place: these tests wait for the disk otherwise.
pub(super) fn tempdir() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    let made = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
    made.unwrap()
}

pub(super) fn open(dir: &Path) -> (Store, Writer, Opened) {
    Store::open(dir, &identity(), MEMORY).unwrap()
}

/// A consent change, small enough to generate.
#[derive(Clone, Debug)]
pub(super) struct Event {
    pub(super) id: u64,
    pub(super) action: Action,
    pub(super) contact: Option<u64>,
    pub(super) address: Option<u64>,
    pub(super) at_seconds: i64,
    pub(super) received_seconds: i64,
}

impl Event {
    /// A stream of events that touches every kind of state: event `n` is always the same.
    pub(super) fn nth(n: u64, n_subjects: u64) -> Self {
        let mixed = mix(n);
        let actions = [
            Action::OptIn,
            Action::OptOut,
            Action::OptInConfirmed,
            Action::HardBounce,
            Action::OptIn,
            Action::Suppress,
            Action::Object,
            Action::Erase,
        ];
        let at = i64::try_from(mixed % 100_000).unwrap();
        Self {
            id: n,
            action: actions[(mixed >> 32) as usize % actions.len()],
            contact: (mixed & 3 != 0).then_some(mix(mixed) % n_subjects),
            address: (mixed & 3 != 1).then_some(mix(mixed ^ 1) % n_subjects),
            at_seconds: at,
            received_seconds: at + 1,
        }
    }

    pub(super) fn subjects(&self) -> Subjects {
        Subjects {
            contact: self.contact.map(|n| subject(1, n)),
            address: self.address.map(|n| subject(2, n)),
            // the next one takes its place
            successor: self
                .address
                .map(|n| subject(2, n + 1))
                .filter(|_| self.action == Action::AddressChanged),
            message: None,
            variant: 0,
        }
    }

    pub(super) fn placed<T>(&self, with: impl FnOnce(Subjects, &Placement<'_>) -> T) -> T {
        let seconds = |s: i64| Timestamp::from_micros(s * 1_000_000);
        let mut change = ConsentChange::new("event", seconds(self.at_seconds), self.action);
        change.contact_id = ContactId::new(Cow::Borrowed("somebody"));
        change.controller = Some("acme".into());
        change.purpose = Some("marketing.newsletter".into());
        let event = EventKey(mix(self.id).to_be_bytes());
        let subjects = self.subjects();
        let received = seconds(self.received_seconds);
        with(subjects, &place(&change, subjects, event, Receipt::by_broker(received)))
    }

    pub(super) fn apply(&self, writer: &mut Writer, source: Source) -> bool {
        self.placed(|subjects, placement| writer.apply(subjects, placement, source).unwrap())
    }
}

/// Applies event `n` of the stream and advances the partition it is in.
pub(super) fn apply_nth(writer: &mut Writer, n: u64, n_subjects: u64) {
    let source = source_of(n);
    Event::nth(n, n_subjects).apply(writer, source);
    writer.advance(source.partition, source.offset + 1).unwrap();
}

pub(super) fn source_of(n: u64) -> Source {
    Source {
        partition: (n % u64::from(PARTITIONS)) as i32,
        offset: (n / u64::from(PARTITIONS)) as i64,
    }
}

pub(super) fn subject(kind: u64, n: u64) -> SubjectKey {
    let halves = [mix(kind << 60 | n), mix(kind << 61 | n)].map(u64::to_be_bytes);
    SubjectKey(halves.as_flattened().try_into().unwrap())
}

/// splitmix64: keys and events that look random and are not.
pub(super) fn mix(n: u64) -> u64 {
    let n = n.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let n = (n ^ (n >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let n = (n ^ (n >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    n ^ (n >> 31)
}

/// The law without a store, closing over what contacts say about addresses after every event.
#[derive(Default)]
pub(super) struct Model {
    pub(super) states: States,
}

impl Model {
    /// The first `positions[p]` events of each partition `p`.
    pub(super) fn at(positions: &[i64], n_subjects: u64) -> Self {
        let mut model = Self::default();
        let n_events = positions.iter().max().copied().unwrap_or(0) as u64;
        for n in 0..n_events * u64::from(PARTITIONS) {
            let source = source_of(n);
            if source.offset < positions[source.partition as usize] {
                model.apply(&Event::nth(n, n_subjects));
            }
        }
        model
    }

    pub(super) fn apply(&mut self, event: &Event) {
        event.placed(|subjects, placement| {
            for (key, facts) in
                [(subjects.contact, &placement.contact), (subjects.address, &placement.address)]
            {
                if let Some(key) = key {
                    self.join(key, facts);
                }
            }
            let spoken = [subjects.contact, subjects.address];
            self.tell(spoken.into_iter().flatten().collect());
        });
    }

    /// Joins all that these say about addresses into theirs, and what those then say, until nothing changes.
    fn tell(&mut self, mut untold: Vec<SubjectKey>) {
        while let Some(subject) = untold.pop() {
            let Some(bytes) = self.states.get(&subject).cloned() else { continue };
            let state = ConsentState::decode(&bytes).unwrap();
            for (address, fact) in state.about_addresses() {
                if self.join(address, &[fact]) {
                    untold.push(address);
                }
            }
        }
    }

    /// Whether it changed anything.
    fn join(&mut self, key: SubjectKey, facts: &[Fact<'_>]) -> bool {
        if facts.is_empty() {
            return false;
        }
        let stored = self.states.remove(&key).unwrap_or_default();
        let mut state = ConsentState::default();
        if !stored.is_empty() {
            state.decode_into(&stored).unwrap();
        }
        state.join(facts.iter().copied());
        let mut bytes = Vec::new();
        state.encode(&mut bytes);
        let is_changed = bytes != stored;
        self.states.insert(key, bytes);
        is_changed
    }
}

/// Every state in the store.
pub(super) fn dump(store: &Store) -> States {
    let family = store.inner.family(super::layout::STATE).unwrap();
    let entries = store.inner.db.iterator_cf(family, rocksdb::IteratorMode::Start);
    let rows: States = entries
        .map(|entry| {
            let (key, value) = entry.unwrap();
            (SubjectKey(key.as_ref().try_into().unwrap()), value.into_vec())
        })
        .collect();
    let read = |row| super::row::Row::read(row).unwrap();
    for (contact, row) in &rows {
        for address in read(row).covered() {
            let state = ConsentState::decode(read(&rows[&address]).state).unwrap();
            assert_eq!(state.only_repeats(), Some(*contact), "covered, and not repeated");
        }
    }
    rows.iter().map(|(key, row)| (*key, read(row).state.to_vec())).collect()
}

pub(super) fn copy_dir(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_dir(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

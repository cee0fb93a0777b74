//! Any order, duplication and grouping of the same events ends in the same bytes, and in those of the law applied until
//! nothing changes any more.

use crate::people::hash;
use gate_core::{
    Action, ConsentChange, ConsentState, ContactId, EventKey, Fact, Placement, Receipt, SubjectKey,
    Subjects, Timestamp, place,
};
use gate_engine::{Change, Scratch, Table, fold, is_known};
use proptest::prelude::*;
use std::collections::BTreeMap;

const SUBJECTS: u64 = 4;

type States = BTreeMap<SubjectKey, Vec<u8>>;

/// A table that counts what it is asked.
#[derive(Default)]
struct Counted {
    states: States,
    n_noted: usize,
}

#[derive(Debug, PartialEq)]
struct Damaged;

impl Table for Counted {
    type Error = Damaged;

    fn load(&mut self, subject: SubjectKey, out: &mut Vec<u8>) -> Result<(), Damaged> {
        assert!(out.is_empty());
        out.extend_from_slice(self.states.get(&subject).map(Vec::as_slice).unwrap_or_default());
        Ok(())
    }

    fn note(&mut self, change: &Change<'_>) -> Result<(), Damaged> {
        self.n_noted += 1;
        let before = self.states.get(&change.subject).map(Vec::as_slice).unwrap_or_default();
        assert_eq!(change.before, before);
        assert_eq!(change.is_changed, change.encoded != before);
        self.states.insert(change.subject, change.encoded.to_vec());
        Ok(())
    }

    fn damaged(&self) -> Damaged {
        Damaged
    }
}

#[derive(Clone, Debug)]
struct Event {
    id: u64,
    action: Action,
    contact: Option<u64>,
    address: Option<u64>,
    at_seconds: i64,
    received_seconds: i64,
}

fn subject(kind: &str, n: u64) -> SubjectKey {
    SubjectKey(hash(kind, &n.to_string()))
}

impl Event {
    fn placed<T>(&self, with: impl FnOnce(Subjects, &Placement<'_>) -> T) -> T {
        let seconds = |s: i64| Timestamp::from_micros(s * 1_000_000);
        let mut change = ConsentChange::new("event", seconds(self.at_seconds), self.action);
        change.contact_id = ContactId::new("somebody".into());
        change.controller = Some("acme".into());
        change.purpose = Some("marketing.newsletter".into());
        let event = EventKey(*hash("event", &self.id.to_string()).first_chunk().unwrap());
        let moved = self.address.filter(|_| self.action == Action::AddressChanged);
        let subjects = Subjects {
            contact: self.contact.map(|n| subject("contact", n)),
            address: self.address.map(|n| subject("address", n)),
            // the next one takes its place
            successor: moved.map(|n| subject("address", n + 1)),
            ..Subjects::default()
        };
        let receipt = Receipt::by_broker(seconds(self.received_seconds));
        with(subjects, &place(&change, subjects, event, receipt))
    }

    fn fold(&self, table: &mut Counted) -> bool {
        let mut scratch = Scratch::default();
        self.placed(|subjects, placed| fold(table, &mut scratch, subjects, placed).unwrap())
    }
}

/// The law applied until nothing changes: every state tells all that it says about others, again and again.
#[derive(Default)]
struct Model(States);

impl Model {
    fn apply(&mut self, event: &Event) {
        event.placed(|subjects, placement| {
            let both =
                [(subjects.contact, &placement.contact), (subjects.address, &placement.address)];
            for (key, facts) in both {
                if let Some(key) = key {
                    self.join(key, facts);
                }
            }
        });
        while self.0.clone().iter().fold(false, |changed, (_, bytes)| {
            let state = ConsentState::decode(bytes).unwrap();
            let told: Vec<bool> =
                state.about_addresses().map(|(key, fact)| self.join(key, &[fact])).collect();
            changed | told.contains(&true)
        }) {}
    }

    fn join(&mut self, key: SubjectKey, facts: &[Fact<'_>]) -> bool {
        if facts.is_empty() {
            return false;
        }
        let stored = self.0.get(&key).cloned().unwrap_or_default();
        let mut state = ConsentState::decode(&stored).unwrap_or_default();
        state.join(facts.iter().copied());
        let mut bytes = Vec::new();
        state.encode(&mut bytes);
        let is_changed = bytes != stored;
        self.0.insert(key, bytes);
        is_changed
    }
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let action = prop::sample::select(vec![
        Action::Erase,
        Action::Erase,
        Action::OptIn,
        Action::OptInConfirmed,
        Action::OptOut,
        Action::OptOut,
        Action::Object,
        Action::HardBounce,
        Action::Suppress,
        Action::Sent,
        Action::AddressChanged,
        Action::AddressChanged,
    ]);
    let who = (0..SUBJECTS, 0..SUBJECTS, 0..5u8);
    let event = (action, who, 0..6i64, -1000..1000i64);
    prop::collection::vec(event, 1..14).prop_map(|events| {
        let events = events.into_iter().zip(0..);
        let event = |((action, (contact, address, known), at, late), id)| Event {
            id,
            action,
            contact: (known != 0).then_some(contact),
            address: (known != 1).then_some(address),
            at_seconds: at * 300,
            received_seconds: at * 300 + late, // before the event: clocks ran ahead
        };
        events.map(event).collect()
    })
}

proptest! {
    #[test]
    fn any_order_ends_where_the_law_ends(
        (events, shuffled) in events().prop_flat_map(|events| {
            let twice = [events.clone(), events.clone()].concat();
            (Just(events), Just(twice).prop_shuffle())
        })
    ) {
        let mut model = Model::default();
        events.iter().for_each(|event| model.apply(event));
        let backwards: Vec<Event> = events.iter().rev().cloned().collect();
        for order in [&events, &backwards, &shuffled] {
            let mut table = Counted::default();
            for event in order {
                event.fold(&mut table);
            }
            prop_assert_eq!(&table.states, &model.0);
            // whatever is told again changes nothing
            prop_assert!(order.iter().all(|event| !event.fold(&mut table)));
        }
    }
}

fn event(id: u64, action: Action, contact: Option<u64>, address: Option<u64>, at: i64) -> Event {
    Event { id, action, contact, address, at_seconds: at, received_seconds: at }
}

/// An event of somebody with many addresses touches two states, not all of them.
#[test]
fn what_says_nothing_new_about_addresses_does_not_touch_them() {
    let mut table = Counted::default();
    for n in 0..50 {
        event(n, Action::OptIn, Some(1), Some(n), 10).fold(&mut table);
    }
    let noted = |table: &mut Counted, event: &Event| {
        let before = table.n_noted;
        event.fold(table);
        table.n_noted - before
    };
    assert_eq!(noted(&mut table, &event(60, Action::OptIn, Some(1), Some(3), 20)), 2);
    // a refusal of the person reaches all of them, once
    let object = event(61, Action::Object, Some(1), None, 30);
    assert_eq!(noted(&mut table, &object), 51);
    assert_eq!(noted(&mut table, &object), 1);
}

/// A state that cannot be read stops: counted as empty it would forget a refusal.
#[test]
fn a_damaged_state_stops_the_fold() {
    let mut table = Counted::default();
    event(1, Action::OptOut, Some(1), Some(1), 10).fold(&mut table);
    for damaged in [subject("contact", 1), subject("address", 1)] {
        let mut table = Counted { states: table.states.clone(), n_noted: 0 };
        table.states.insert(damaged, b"\xff".to_vec());
        let mut scratch = Scratch::default();
        let opt_in = event(2, Action::OptIn, Some(1), Some(1), 20);
        let folded =
            opt_in.placed(|subjects, placed| fold(&mut table, &mut scratch, subjects, placed));
        assert_eq!(folded, Err(Damaged));
        assert_eq!(is_known(&mut table, &mut scratch, damaged), Err(Damaged));
    }
}

#[test]
fn somebody_is_known_from_the_first_record_that_could_be_read() {
    let (mut table, mut scratch) = (Counted::default(), Scratch::default());
    let ana = subject("contact", 1);
    assert_eq!(is_known(&mut table, &mut scratch, ana), Ok(false));
    let subjects = Subjects { contact: Some(ana), ..Subjects::default() };
    let receipt = Receipt::by_broker(Timestamp::from_micros(5));
    let unread = gate_engine::possible_refusal(subjects, EventKey([7; 8]), receipt);
    assert_eq!(fold(&mut table, &mut scratch, subjects, &unread), Ok(true));
    assert_eq!(is_known(&mut table, &mut scratch, ana), Ok(false), "unreadable ones name nobody");
    event(1, Action::OptIn, Some(1), None, 10).fold(&mut table);
    assert_eq!(is_known(&mut table, &mut scratch, ana), Ok(true));
    event(2, Action::Erase, Some(1), None, 20).fold(&mut table);
    assert_eq!(is_known(&mut table, &mut scratch, ana), Ok(true));
}

//! Order-freeness through the writer: any order, duplication and batching of the same events ends in the
//! same bytes, erasures included, and a timeline folds to its state.

use super::*;
use crate::store::timeline::TimelineEntry;
use proptest::prelude::*;

const SUBJECTS: u64 = 4;

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
        let events = events.into_iter().enumerate();
        events
            .map(|(id, (action, (contact, address, known), at, late))| Event {
                id: id as u64,
                action,
                contact: (known != 0).then_some(contact),
                address: (known != 1).then_some(address),
                at_seconds: at * 300,
                received_seconds: at * 300 + late, // before the event: clocks ran ahead
            })
            .collect()
    })
}

/// Folds events through a fresh store, committing after every `batch` of them.
fn fold(events: &[(usize, Event)], batch: usize) -> (tempfile::TempDir, Store, States) {
    let dir = tempdir();
    let (store, mut writer, _) = open(dir.path());
    for (n, (offset, event)) in events.iter().enumerate() {
        event.apply(&mut writer, Source { partition: 0, offset: *offset as i64 });
        if n % batch == batch - 1 {
            writer.commit().unwrap();
        }
    }
    writer.commit().unwrap();
    let states = dump(&store);
    (dir, store, states)
}

fn fold_timeline(entries: &[TimelineEntry]) -> Vec<u8> {
    let mut state = ConsentState::default();
    for entry in entries {
        state.join_state(&ConsentState::decode(&entry.facts).unwrap());
    }
    let mut bytes = Vec::new();
    state.encode(&mut bytes);
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn any_order_ends_in_the_same_bytes(
        (events, shuffled, batch) in events().prop_flat_map(|events| {
            let numbered: Vec<_> = events.into_iter().enumerate().collect();
            let twice = [numbered.clone(), numbered.clone()].concat();
            (Just(numbered), Just(twice).prop_shuffle(), 1..5usize)
        })
    ) {
        let mut model = Model::default();
        for (_, event) in &events {
            model.apply(event);
        }
        let mut reversed = events.clone();
        reversed.reverse();
        for order in [&events, &reversed, &shuffled] {
            let (_dir, store, states) = fold(order, batch);
            prop_assert_eq!(&states, &model.states);
            for (subject, state) in &states {
                let entries = store.snapshot().timeline(*subject, 1_000).unwrap();
                prop_assert_eq!(&fold_timeline(&entries), state);
            }
        }
    }
}

fn event(id: u64, action: Action, contact: Option<u64>, address: Option<u64>, at: i64) -> Event {
    Event { id, action, contact, address, at_seconds: at, received_seconds: at }
}

#[test]
fn an_erasure_leaves_no_permission_in_any_timeline() {
    let events = [
        event(1, Action::OptIn, Some(1), Some(1), 10),
        event(2, Action::OptIn, Some(1), Some(2), 20),
        event(3, Action::Erase, Some(1), None, 30),
        event(4, Action::OptIn, Some(1), Some(3), 25),
    ];
    for order in [[0, 1, 2, 3], [2, 1, 0, 3], [3, 2, 1, 0], [1, 3, 2, 0]] {
        let numbered: Vec<_> = order.iter().map(|n| (*n, events[*n].clone())).collect();
        let (_dir, store, states) = fold(&numbered, 1);
        assert_eq!(states.len(), 4);
        for subject in states.keys() {
            for entry in store.snapshot().timeline(*subject, 100).unwrap() {
                let said = ConsentState::decode(&entry.facts).unwrap();
                let permits = said.facts().iter().any(|fact| fact.kind.is_permissive());
                assert!(!permits, "order {order:?}");
            }
        }
    }
}

#[test]
fn an_erased_contact_with_many_addresses_reaches_all_of_them() {
    let dir = tempdir();
    let (store, mut writer, _) = open(dir.path());
    let mut model = Model::default();
    let many = 600;
    let links = (0..many).map(|n| event(n, Action::OptIn, Some(1), Some(n), 10));
    let erase = event(many, Action::Erase, Some(1), None, 20);
    for (n, event) in links.chain([erase]).enumerate() {
        event.apply(&mut writer, Source { partition: 0, offset: n as i64 });
        model.apply(&event);
    }
    writer.commit().unwrap();
    assert_eq!(dump(&store), model.states);
}

/// An objection by contact alone is the person's: every address hears of it once, and one that is seen later too.
#[test]
fn a_refusal_by_contact_reaches_every_address_and_is_noted_once() {
    let dir = tempdir();
    let (store, mut writer, _) = open(dir.path());
    let mut model = Model::default();
    let events = [
        event(0, Action::OptIn, Some(1), Some(1), 10),
        event(1, Action::Object, Some(1), None, 20),
        event(2, Action::OptIn, Some(1), Some(2), 30),
        event(3, Action::OptIn, Some(1), Some(1), 40),
        event(4, Action::OptIn, Some(1), Some(1), 50),
    ];
    for (n, event) in events.iter().enumerate() {
        event.apply(&mut writer, Source { partition: 0, offset: n as i64 });
        model.apply(event);
    }
    writer.commit().unwrap();
    assert_eq!(dump(&store), model.states);
    for address in [1, 2] {
        let entries = store.snapshot().timeline(subject(2, address), 100).unwrap();
        let objected = entries.iter().filter(|entry| {
            let said = ConsentState::decode(&entry.facts).unwrap();
            said.facts().iter().any(|fact| fact.kind == gate_core::FactKind::Objected)
        });
        assert_eq!(objected.count(), 1, "address {address}");
    }
}

#[test]
fn a_timeline_is_bounded_and_newest_last() {
    let dir = tempdir();
    let (store, mut writer, _) = open(dir.path());
    for n in 0..20 {
        let opt_in = event(n, Action::OptIn, Some(1), None, n as i64);
        opt_in.apply(&mut writer, source_of(n));
    }
    writer.commit().unwrap();
    let entries = store.snapshot().timeline(subject(1, 1), 3).unwrap();
    let sources: Vec<Source> = entries.iter().map(|entry| entry.source).collect();
    assert_eq!(sources, [source_of(17), source_of(18), source_of(19)]);
}

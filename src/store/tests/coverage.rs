//! A contact covers an address exactly while the address's state repeats the contact's.

use super::{Event, dump, open, subject, tempdir};
use crate::store::{Source, Store, Writer};
use gate_core::Action;

fn event(id: u64, action: Action, contact: Option<u64>, address: Option<u64>) -> Event {
    let at_seconds = 1_000 + i64::try_from(id).unwrap();
    Event { id, action, contact, address, at_seconds, received_seconds: at_seconds + 1 }
}

fn apply(writer: &mut Writer, event: &Event) {
    let offset = i64::try_from(event.id).unwrap();
    event.apply(writer, Source { partition: 0, offset });
    writer.commit().unwrap();
}

fn is_covered(store: &Store, contact: u64, address: u64) -> bool {
    dump(store); // checks what is covered
    let states = store.snapshot().states(&[subject(1, contact)]).unwrap();
    states[0].as_ref().is_some_and(|state| state.covers(subject(2, address)))
}

#[test]
fn an_agreement_covers_until_the_address_says_more() {
    use Action::{AddressReassigned, Erase, HardBounce, OptIn, OptOut};
    let enders: [(Action, Option<u64>, Option<u64>); 6] = [
        (OptOut, None, Some(7)),
        (OptOut, Some(1), Some(7)),
        (HardBounce, None, Some(7)),
        (AddressReassigned, Some(3), Some(7)),
        // another person's agreement for the same address, and the erasure of the first by contact id alone
        (OptIn, Some(2), Some(7)),
        (Erase, Some(1), None),
    ];
    for (action, contact, address) in enders {
        let dir = tempdir();
        let (store, mut writer, _) = open(dir.path());
        apply(&mut writer, &event(1, OptIn, Some(1), Some(7)));
        assert!(is_covered(&store, 1, 7));
        apply(&mut writer, &event(2, OptIn, Some(1), Some(7)));
        apply(&mut writer, &event(3, OptIn, Some(1), Some(8)));
        assert!(is_covered(&store, 1, 7) && is_covered(&store, 1, 8));
        assert!(!is_covered(&store, 2, 7));
        apply(&mut writer, &event(4, action, contact, address));
        assert!(!is_covered(&store, 1, 7), "{action:?} {contact:?} {address:?}");
        // and it stays so
        apply(&mut writer, &event(5, OptIn, Some(1), Some(7)));
        assert!(!is_covered(&store, 1, 7) && !is_covered(&store, 2, 7));
    }
}

#[test]
fn an_agreement_without_a_contact_is_read_where_it_is() {
    let dir = tempdir();
    let (store, mut writer, _) = open(dir.path());
    apply(&mut writer, &event(1, Action::OptIn, None, Some(7)));
    apply(&mut writer, &event(2, Action::OptIn, Some(1), Some(7)));
    assert!(!is_covered(&store, 1, 7));
}

/// A state with many facts may lose some that an address repeats, so it covers nothing.
#[test]
fn a_contact_with_many_facts_covers_nothing() {
    let dir = tempdir();
    let (store, mut writer, _) = open(dir.path());
    let mut ends = Vec::new();
    for id in 1..=70 {
        apply(&mut writer, &event(id, Action::OptIn, Some(1), Some(7)));
        ends.push(is_covered(&store, 1, 7));
    }
    assert!(ends.first() == Some(&true) && ends.last() == Some(&false));
    assert!(ends.is_sorted_by(|earlier, later| earlier >= later), "{ends:?}");
}

//! An address that took the place of another hears all that was refused there, and nothing that was permitted.
mod harness;

use gate_core::*;
use harness::check::*;
use harness::histories::{ADDRESSES, CONTACTS, Parts, any_messages, histories, messages, parts};
use harness::*;
use proptest::prelude::*;
use proptest::sample::{Index, select};

const OLD: &str = "ben@example.org";
const OLDER: &str = "ben@example.com";

/// The address of Ben's messages took the place of the old one.
fn moved(minutes: i64) -> Event {
    from_to(minutes, OLD, "ben@example.net")
}

fn from_to(minutes: i64, old: &'static str, new: &'static str) -> Event {
    event(Action::AddressChanged, at(minutes))
        .unscoped()
        .no_contact()
        .address(old)
        .with(|change| change.new_address = Address::new(new.into()))
}

fn theirs(event: Event) -> Event {
    event.no_contact().address(OLD)
}

#[test]
fn what_was_refused_at_the_old_address_holds_for_the_new_one() {
    let refused = |minutes| theirs(opt_out(minutes));
    let of = |action, minutes| theirs(event(action, at(minutes)));
    check_all! {
        "refused before": [opt_in(1), refused(2), moved(3)], message() => OPTED_OUT;
        "refused after": [opt_in(1), moved(2), refused(3)], message() => OPTED_OUT;
        "without a change of address": [opt_in(1), refused(2)], message() => APPROVED;
        "the other way round": [opt_in(1), refused(2), from_to(3, "ben@example.net", OLD)], message() => APPROVED;
        "another spelling of the old one":
            [opt_in(1), refused(2), from_to(3, " mailto:Ben@Example.ORG ", "ben@example.net")], message() => OPTED_OUT;
        "over two changes":
            [opt_in(1), opt_out(2).no_contact().address(OLDER), from_to(3, OLDER, OLD), moved(4)],
            message() => OPTED_OUT;
        "in a circle":
            [opt_in(1), refused(2), moved(3), from_to(4, "ben@example.net", OLD)], message() => OPTED_OUT;
        "to itself": [opt_in(1), from_to(2, OLD, OLD)], message() => APPROVED;
        "an objection": [opt_in(1), of(Action::Object, 2), moved(3)], message() => "blocked.objected";
        "a complaint": [opt_in(1), of(Action::Complaint, 2), moved(3)], message() => "blocked.complaint";
        "a suppression":
            [opt_in(1), theirs(event(Action::Suppress, at(2)).suppression(None)), moved(3)],
            message() => "blocked.suppressed_global";
        "what could not be read there":
            [opt_in(1), unreadable_record(None, Some(OLD), 2), moved(3)], message() => "blocked.consent_unreadable";
        "by a contact that was seen with the old one":
            [
                opt_in(1), event(Action::Sent, at(1)).contact("eve").address(OLD),
                event(Action::Object, at(2)).contact("eve").no_address(), moved(3)
            ],
            message() => "blocked.objected";
        "another channel": [opt_in(1), theirs(opt_out(2).sms()), moved(3)], message() => APPROVED;
        "a bounce is the old address's":
            [opt_in(1), of(Action::HardBounce, 2), moved(3)], message() => APPROVED;
        "so is a new holder":
            [opt_in(1), of(Action::AddressReassigned, 2), moved(3)], message() => APPROVED;
        "a proven opt-in at the new one lifts it":
            [refused(2), moved(3), opt_in(4)], message() => APPROVED;
        "one at the old one does not":
            [opt_in(1), opt_in(5).address(OLD), opt_out(3).no_contact(), moved(4)], message() => OPTED_OUT;
    }
}

#[test]
fn what_was_permitted_does_not_move() {
    check_all! {
        "consent": [opt_in(1).address(OLD), moved(2)], message() => "blocked.scope_mismatch";
        "by the person": [opt_in(1).address(OLD), moved(2).contact("ben")], message() => "blocked.scope_mismatch";
    }
}

/// Who changes an address is seen with both.
#[test]
fn a_refusal_by_the_contact_reaches_both() {
    let second = message().but(|m| m.contact_id = ContactId::new("ben-2".into()));
    let theirs = opt_in(1).contact("ben-2");
    let objected = event(Action::Object, at(3)).no_address();
    check_all! {
        "the new one": [theirs, moved(2).contact("ben"), objected], second => "blocked.objected";
    }
    let at_the_old = message().but(|m| {
        m.contact_id = ContactId::new("ben-2".into());
        m.address = Address::new(OLD.into());
    });
    check_all! {
        "the old one":
            [opt_in(1).contact("ben-2").address(OLD), moved(2).contact("ben"), event(Action::Object, at(3)).no_address()],
            at_the_old => "blocked.objected";
    }
}

#[test]
fn a_change_without_both_addresses_says_nothing() {
    let half = |edit: fn(&mut ConsentChange<'static>)| moved(2).contact("ben").with(edit);
    check_all! {
        "no new one": [opt_in(1), half(|c| c.new_address = None)], message() => APPROVED;
        "no old one": [opt_in(1), half(|c| c.address = None)], message() => APPROVED;
    }
}

/// So many refusals that the old address can no longer be judged: neither can the new one, whichever came first.
#[test]
fn an_old_address_that_cannot_be_judged_closes_the_new_one_in_any_order() {
    let refused = |nth: u64| {
        let brand: &'static str = format!("brand-{nth}").leak();
        let scope = Scope { brand: Some(brand), ..Scope::EVERYTHING };
        Fact { scope, ..Fact::new(FactKind::OptOut, EventKey(nth.to_le_bytes()), at(1), at(1)) }
    };
    let old = address_key(OLD, None, false);
    for n in [1_023, 1_025] {
        let all: Vec<_> = (0..n).map(refused).collect();
        let folded = |parts: [&[Fact<'static>]; 2]| {
            let mut world = World::of(&[opt_in(1)]);
            world.join(old, parts[0]);
            world.apply(&moved(2));
            world.join(old, parts[1]);
            world
        };
        let first = folded([&all, &[]]);
        assert_eq!(first.states, folded([&[], &all]).states, "{n}");
        assert_eq!(first.states, folded([&all[..700], &all[700..]]).states, "{n}");
        let decision = first.decide(&message(), at(NOW));
        let is_closed = decision.reason().code() == "blocked.state_unavailable";
        assert_eq!(is_closed, n > 1_024, "{}", decision.reason().code());
    }
}

fn moves() -> impl Strategy<Value = Event> {
    let address = || select(&ADDRESSES[..]);
    let who = prop_oneof![2 => Just(None), 1 => select(&CONTACTS[..]).prop_map(Some)];
    (address(), address(), who, 0..6i64).prop_map(|(old, new, who, minutes)| {
        from_to(minutes, old, new)
            .with(|change| change.contact_id = who.and_then(|id| ContactId::new(id.into())))
    })
}

proptest! {
    /// P4: changes of address among all else, in any order, twice, and over parts that are joined later.
    #[test]
    fn moves_fold_to_the_same_bytes_in_any_order(
        history in histories(0..10),
        moved in prop::collection::vec(moves(), 1..4),
        shuffled_by in prop::collection::vec(any::<u32>(), 16),
    ) {
        let log: Vec<Event> = history.into_iter().chain(moved).collect();
        let expected = World::of(&log);
        let mut order: Vec<usize> = (0..log.len()).collect();
        order.sort_by_key(|nth| shuffled_by[nth % shuffled_by.len()]);
        let shuffled = World::of(order.iter().chain(&order).map(|nth| &log[*nth]));
        prop_assert_eq!(&expected.states, &shuffled.states);
        let (left, right) = order.split_at(order.len() / 2);
        let mut joined = World::of(left.iter().map(|nth| &log[*nth]));
        joined.join_world(&World::of(right.iter().map(|nth| &log[*nth])));
        prop_assert_eq!(&expected.states, &joined.states);
    }

    /// A change of address never approves what was blocked.
    #[test]
    fn a_move_never_helps(
        history in histories(0..12),
        message in any_messages(),
        moved in moves(),
        place in any::<Index>(),
    ) {
        let before = World::of(&history).decide(&message, at(NOW));
        let mut history = history;
        history.insert(place.index(history.len() + 1), moved);
        let after = World::of(&history).decide(&message, at(NOW));
        prop_assert!(before.outcome() == Outcome::Approved || after.outcome() != Outcome::Approved);
    }

    /// A refusal of everything at an address blocks the one that took its place, whatever else happened before.
    #[test]
    fn a_refusal_is_never_lost_by_a_move(
        history in histories(0..12),
        message in messages(),
        old in select(&ADDRESSES[..]),
        refusal in parts(),
        places in (any::<Index>(), any::<Index>()),
    ) {
        let address = message.address.as_ref().and_then(|a| ADDRESSES.into_iter().find(|b| *b == a.expose()));
        let refusal = Parts {
            action: Action::OptOut, id: 100, who: (None, Some(old)), occurred: 6, received: 6, log: None,
            channel: ChannelScope::Any, purpose: None, controller: None, brand: None, ..refusal
        };
        let mut history = history;
        history.insert(places.0.index(history.len() + 1), refusal.event());
        if let Some(new) = address {
            history.insert(places.1.index(history.len() + 1), from_to(1, old, new));
        }
        let decision = World::of(&history).decide(&message, at(NOW));
        prop_assert_eq!(decision.outcome(), Outcome::Blocked);
    }
}

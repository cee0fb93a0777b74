//! A refusal that names only a contact is the person's: it reaches every address that is seen with the contact.
mod harness;

use gate_core::*;
use harness::check::*;
use harness::*;

/// Another record of the mailbox or number, of which nobody says that it is Ben's.
fn second(of: OutboundMessage<'static>) -> OutboundMessage<'static> {
    of.but(|m| m.contact_id = ContactId::new("ben-2".into()))
}

fn nobody(of: OutboundMessage<'static>) -> OutboundMessage<'static> {
    of.but(|m| m.contact_id = None)
}

#[test]
fn a_refusal_by_contact_alone_reaches_addresses_seen_with_it() {
    let theirs = |minutes| opt_in(minutes).contact("ben-2");
    let seen = |minutes| event(Action::Sent, at(minutes));
    let refused = |minutes| opt_out(minutes).no_address();
    let objected = |minutes| event(Action::Object, at(minutes)).no_address();
    check_all! {
        "opted out": [theirs(1), seen(1), refused(2)], second(message()) => OPTED_OUT;
        "objected": [theirs(1), seen(1), objected(2)], second(message()) => "blocked.objected";
        "complained":
            [theirs(1), seen(1), event(Action::Complaint, at(2)).no_address()],
            second(message()) => "blocked.complaint";
        "by a report that is an opt-out":
            [
                theirs(1), seen(1),
                event(Action::Complaint, at(2)).no_address().with(|c| c.format = Some("opt-out".into()))
            ],
            second(message()) => OPTED_OUT;
        "of a message that names nobody":
            [opt_in(1).no_contact(), seen(1), refused(2)], nobody(message()) => OPTED_OUT;
        "seen later": [theirs(1), refused(2), seen(9)], second(message()) => OPTED_OUT;
        "never seen": [theirs(1), refused(2)], second(message()) => APPROVED;
        "seen with somebody else":
            [theirs(1), refused(2), seen(3).contact("eve")], second(message()) => APPROVED;
        "another channel": [theirs(1), seen(1), refused(2).sms().no_address()], second(message()) => APPROVED;
        "another brand": [theirs(1), seen(1), refused(2).brand("zeta")], second(message()) => APPROVED;
        "nothing said of either":
            [theirs(1), seen(1), refused(2).unscoped()], second(message()) => OPTED_OUT;
        "one that names an address is about that address":
            [theirs(1), seen(1), opt_out(2).address("ben@example.org")], second(message()) => APPROVED;
        "an address that nobody can read names none":
            [theirs(1), seen(1), opt_out(2).address("ask at the desk")], second(message()) => OPTED_OUT;
        "a proven opt-in for that address lifts it there":
            [seen(1), refused(2), theirs(3)], second(message()) => APPROVED;
        "not at the same instant": [seen(1), refused(2), theirs(2)], second(message()) => OPTED_OUT;
        "a microsecond later":
            [seen(1), refused(2), theirs(2).with(|c| c.occurred_at = micros_later(at(2), 1))],
            second(message()) => APPROVED;
        "one without proof does not":
            [theirs(1), seen(1), refused(2), theirs(3).no_evidence()], second(message()) => OPTED_OUT;
        "nor one for another address":
            [theirs(1), seen(1), refused(2), theirs(3).address("ben@example.org")],
            second(message()) => OPTED_OUT;
        "nor one of the person for another record":
            [theirs(1), seen(1), refused(2), opt_in(3)], second(message()) => OPTED_OUT;
        "STOP of which only the contact is known, at that number":
            [opt_in(1).sms().contact("ben-2"), seen(1).sms(), texted(2, "stop").no_address()],
            second(sms()) => "blocked.opted_out [opted_out sender_stop no_consent]";
        "a receipt from there":
            [seen(1).sms(), texted(2, "stop").no_address()],
            second(exempt(sms(), Category::Service)) => STOPPED;
        "an operator's suppression is about its subject":
            [theirs(1), seen(1), event(Action::Suppress, at(2)).no_address().suppression(None)],
            second(message()) => APPROVED;
        "a bounce of nobody knows which address is the contact's":
            [theirs(1), seen(1), event(Action::HardBounce, at(2)).no_address()],
            second(message()) => APPROVED;
        "it outlives the erasure of the contact":
            [
                theirs(1), seen(1), refused(2),
                event(Action::Erase, at(3)).no_address().with(|c| c.keep_suppression = false)
            ],
            second(message()) => "blocked.opted_out [opted_out no_consent]";
        "also where the address is seen after it":
            [
                theirs(4), seen(9), refused(5),
                event(Action::Erase, at(3)).no_address().with(|c| c.keep_suppression = false)
            ],
            second(message()) => "blocked.opted_out [opted_out no_consent]";
        "it does not stand in for an unreadable change of the address":
            [
                theirs(1), seen(1), unreadable_record(None, Some("ben@example.net"), 2),
                opt_out(3).no_address().purpose("survey")
            ],
            second(message()) => "blocked.consent_unreadable [consent_unreadable]";
    }
}

/// Whichever comes first: the link, the erasure or the flood.
#[test]
fn more_refusals_by_contact_than_can_be_told_apart_reach_the_address_in_any_order() {
    let refused = |nth: u64| {
        let brand: &'static str = format!("brand-{nth}").leak();
        let scope = Scope { brand: Some(brand), ..Scope::EVERYTHING };
        let fact = Fact::new(FactKind::OptOut, EventKey(nth.to_le_bytes()), at(1), at(1));
        Fact { scope, flags: flags::ABOUT_CONTACT, ..fact }
    };
    let link = event(Action::Sent, at(1)).id("link");
    let erase = event(Action::Erase, at(2)).no_address().id("erase");
    let own = opt_in(3).contact("ben-2").id("own");
    let ben = ContactId::new("ben".into()).as_ref().map(contact_key);
    let address = address_key("ben@example.net", None, false).unwrap();
    // the erasure of the address is one as well
    for n in [1_023, 1_025] {
        let all: Vec<_> = (0..n).map(refused).collect();
        let folded = |before: &[&Event], within: &[&Event], after: &[&Event]| {
            let (head, tail) = all.split_at(700);
            let mut world = World::of(before.iter().copied());
            world.join(ben, head);
            within.iter().for_each(|event| world.apply(event));
            world.join(ben, tail);
            after.iter().for_each(|event| world.apply(event));
            world
        };
        let first = folded(&[&link, &erase, &own], &[], &[]);
        let last = folded(&[], &[], &[&own, &erase, &link]);
        let between = folded(&[&own], &[&link, &erase], &[]);
        assert_eq!(first.states, last.states, "{n}");
        assert_eq!(first.states, between.states, "{n}");
        let state = decode(&first.states[&address]);
        assert_eq!(state.is_saturated(), n > 1_024);
        let expected =
            if n > 1_024 { "blocked.state_unavailable" } else { "blocked.suppressed_address" };
        let plain = second(message()).but(|m| m.purpose = Some("survey".into()));
        let decision = first.decide(&plain, at(NOW));
        assert!(n > 1_024 || decision.reason().code() != "blocked.state_unavailable");
        assert!(n <= 1_024 || decision.reason().code() == expected);
    }
}

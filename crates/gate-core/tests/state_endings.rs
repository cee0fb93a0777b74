//! State rules 7 to 9 of `docs/law.md` section 10, as tables: what ends a refusal, who it reaches, and
//! erasure; then changes that cannot be read and facts that only packs look at.
mod harness;

use gate_core::*;
use harness::check::*;
use harness::*;

#[test]
fn rule_7_revival() {
    let relationship = |minutes| {
        event(Action::Relationship, at(minutes)).with(|change| {
            change.kind = Some(RelationshipKind::Purchase);
        })
    };
    check_all! {
        "a later opt-in revives": [opt_out(1), opt_in(2)], message() => APPROVED;
        "a later confirmation revives":
            [opt_out(1), event(Action::OptInConfirmed, at(2))], message() => APPROVED;
        "a later request does not":
            [opt_in(1), opt_out(2), event(Action::OptInRequested, at(3))],
            message() => "blocked.opted_out [opted_out pending_confirmation]";
        "a relationship never revives":
            [opt_in(1), opt_out(2), relationship(3)],
            message() => "blocked.opted_out [opted_out basis_not_accepted]";
        "nor one with another sender, which is reported as such":
            [opt_in(1), opt_out(2), relationship(3).brand("zeta")],
            message() => "blocked.opted_out [opted_out scope_mismatch]";
        "an opt-in of a narrower purpose does not revive another":
            [opt_out(1), opt_in(2).purpose("marketing.news")], message() => OPTED_OUT;
        "an opt-in of another brand does not":
            [opt_out(1).brand("any"), opt_in(2).brand("zeta")], message() => OPTED_OUT;
        "an opt-in on another channel does not":
            [opt_out(1).any_channel(), opt_in(2).channel(Channel::Push)], message() => OPTED_OUT;
        "an opt-in for another address does not":
            [opt_out(1), opt_in(2).address("ben@example.org")], message() => OPTED_OUT;
        "it revives from an objection":
            [event(Action::Object, at(1)), opt_in(2)], message() => APPROVED;
        "it revives from a complaint":
            [event(Action::Complaint, at(1)), opt_in(2)], message() => APPROVED;
        "an opt-in without evidence ends no refusal, also where it would permit nothing itself":
            [opt_in(1), opt_out(2), opt_in(3).no_evidence()],
            message() => "blocked.opted_out [opted_out evidence_incomplete]";
        "nor does one that claims another basis":
            [opt_in(1), opt_out(2), opt_in(3).with(|c| c.basis = Some(Basis::LegitimateInterest))],
            message() => "blocked.opted_out [opted_out basis_not_accepted]";
        "nor a confirmation of a request, when neither is proven":
            [
                opt_out(1),
                event(Action::OptInRequested, at(2)).no_evidence(),
                event(Action::OptInConfirmed, at(3)).no_evidence()
            ],
            message() => "blocked.opted_out [opted_out evidence_incomplete]";
        "a confirmation leans on the request's proof":
            [
                opt_out(1),
                event(Action::OptInRequested, at(2)),
                event(Action::OptInConfirmed, at(3)).no_evidence()
            ],
            message() => APPROVED;
        "the latest refusal counts":
            [opt_out(1), opt_in(2), opt_out(3), opt_in(4), opt_out(5)], message() => OPTED_OUT;
        "an older express act of another event stays dead after a narrower refusal":
            [
                opt_in(1),
                opt_out(2).purpose("marketing.offers.tents"),
                opt_in(3).purpose("marketing.offers.tents")
            ],
            message().but(|m| m.purpose = Some("marketing.offers.boats".into())) => APPROVED;
    }
}

#[test]
fn rule_7_operator_suppression_ends_only_by_unsuppress() {
    use SuppressionScope::{All, Marketing};
    let suppress = |minutes, scope| event(Action::Suppress, at(minutes)).suppression(scope);
    let unsuppress = |minutes, scope| event(Action::Unsuppress, at(minutes)).suppression(scope);
    let global = "blocked.suppressed_global";
    let order = || exempt(message(), Category::Transactional);
    check_all! {
        "opt-in does not":
            [suppress(1, Some(All)), opt_in(2), event(Action::OptInConfirmed, at(3))],
            message() => global;
        "unsuppress does":
            [suppress(1, Some(All)), opt_in(2), unsuppress(3, Some(All))], message() => APPROVED;
        "an earlier unsuppress does not":
            [opt_in(1), unsuppress(2, Some(All)), suppress(3, Some(All))], message() => global;
        "unsuppress marketing does not end all":
            [opt_in(1), suppress(2, Some(All)), unsuppress(3, Some(Marketing))],
            message() => global;
        "unsuppress all ends marketing":
            [opt_in(1), suppress(2, Some(Marketing)), unsuppress(3, Some(All))],
            message() => APPROVED;
        "unsuppress marketing ends marketing":
            [opt_in(1), suppress(2, Some(Marketing)), unsuppress(3, Some(Marketing))],
            message() => APPROVED;
        "suppress without a scope is all": [opt_in(1), suppress(2, None)], order() => global;
        "unsuppress without a scope is nothing":
            [opt_in(1), suppress(2, None), unsuppress(3, None)], message() => global;
        "marketing suppression":
            [opt_in(1), suppress(2, Some(Marketing))],
            message() => "blocked.suppressed_global [suppressed_global]";
        "marketing suppression lets a receipt pass":
            [suppress(2, Some(Marketing))], order() => "approved.transactional";
        "all stops a receipt": [suppress(2, Some(All))], order() => global;
        "by address, for another contact":
            [suppress(1, Some(All)).no_contact(), opt_in(2)], message() => global;
        "lifted for the address alone, not for the contact":
            [opt_in(1), suppress(2, Some(All)), unsuppress(3, Some(All)).no_contact()],
            message() => global;
        "lifted for the contact alone, not for the address":
            [opt_in(1), suppress(2, Some(All)), unsuppress(3, Some(All)).no_address()],
            message() => global;
        "of another brand":
            [opt_in(1), suppress(2, Some(All)).brand("zeta")], message() => APPROVED;
        "lifted for one channel only":
            [opt_in(1), suppress(2, Some(All)), unsuppress(3, Some(All)).channel(Channel::Email)],
            message() => global;
        "lifted for the scope it was set for":
            [
                opt_in(1),
                suppress(2, Some(All)).brand("acme"),
                unsuppress(3, Some(All)).brand("acme")
            ],
            message() => APPROVED;
        "lifted for another scope":
            [
                opt_in(1),
                suppress(2, Some(All)).brand("acme"),
                unsuppress(3, Some(All)).brand("zeta")
            ],
            message() => global;
    }
}

#[test]
fn rule_7_dead_addresses_end_only_by_a_verified_address_event() {
    let bounce = |minutes, smtp: &'static str| {
        event(Action::HardBounce, at(minutes)).with(|change| change.smtp = Some(smtp.into()))
    };
    let reassigned = |minutes| event(Action::AddressReassigned, at(minutes)).address(PHONE);
    let confirmed = |minutes| event(Action::OptInConfirmed, at(minutes));
    let dead = "blocked.undeliverable";
    let moved = "blocked.number_reassigned";
    let start = |minutes| texted(minutes, "start");
    let none = || event(Action::HardBounce, at(2));
    let order = || exempt(message(), Category::Transactional);
    check_all! {
        "5.1.1":
            [opt_in(1), bounce(2, "5.1.1")], message() => "blocked.undeliverable [undeliverable]";
        "5.2.1": [opt_in(1), bounce(2, "5.2.1")], message() => dead;
        "550 5.1.1 in full": [opt_in(1), bounce(2, "550 5.1.1 unknown")], message() => dead;
        "550 alone": [opt_in(1), bounce(2, "550")], message() => dead;
        "no code": [opt_in(1), none()], message() => dead;
        "a number that is no code": [opt_in(1), bounce(2, "4ever")], message() => dead;
        "4.2.2 is transient": [opt_in(1), bounce(2, "4.2.2")], message() => APPROVED;
        "450 is transient": [opt_in(1), bounce(2, "450 4.2.1 busy")], message() => APPROVED;
        "450 alone is transient": [opt_in(1), bounce(2, "450")], message() => APPROVED;
        "4.2.2 in full": [opt_in(1), bounce(2, "4.2.2 mailbox full")], message() => APPROVED;
        "5.7.1 in full": [opt_in(1), bounce(2, "5.7.1 refused")], message() => APPROVED;
        "5.1.1 in full": [opt_in(1), bounce(2, "5.1.1 4.2.2")], message() => dead;
        "5.7.1 is policy": [opt_in(1), bounce(2, "5.7.1")], message() => APPROVED;
        "550 5.7.1 is policy": [opt_in(1), bounce(2, "550 5.7.1 no")], message() => APPROVED;
        "a full mailbox is not dead": [opt_in(1), bounce(2, "552 5.2.2 full")], message() => APPROVED;
        "the sender's address was refused": [opt_in(1), bounce(2, "5.1.8")], message() => APPROVED;
        "a delivery report":
            [opt_in(1), bounce(2, "smtp; 550-5.1.1 no such user")], message() => dead;
        "no mail of any class": [bounce(2, "5.1.1")], order() => dead;
        "an opt-in does not verify": [bounce(1, "5.1.1"), opt_in(2)], message() => dead;
        "a confirmation does": [bounce(1, "5.1.1"), confirmed(2)], message() => APPROVED;
        "an earlier one does not": [confirmed(1), bounce(2, "5.1.1")], message() => dead;
        "one of another address does not":
            [opt_in(1), bounce(2, "5.1.1"), confirmed(3).address("ben@example.org")],
            message() => dead;
        "another address is not dead":
            [opt_in(1), bounce(2, "5.1.1").address("ben@example.org")], message() => APPROVED;
        "a bounce that names no address kills all of the contact's":
            [opt_in(1), bounce(2, "5.1.1").no_address()], message() => dead;
        "a bounce of the address kills it for every contact":
            [opt_in(1), bounce(2, "5.1.1").contact("dev")], message() => dead;
        "reassigned":
            [opt_in(1).sms(), reassigned(2)],
            sms() => "blocked.number_reassigned [number_reassigned no_consent]";
        "consent after it without proof": [reassigned(1), opt_in(2).sms()], sms() => moved;
        "confirmed after it": [reassigned(1), confirmed(2).sms()], sms() => APPROVED;
        "consent does not move to the new holder: START verifies the number and restores nothing":
            [opt_in(1).sms(), reassigned(2), start(3)], sms() => "blocked.no_consent [no_consent]";
        "START of the new holder and new consent":
            [opt_in(1).sms(), reassigned(2), start(3), opt_in(4).sms()], sms() => APPROVED;
        "YES is no proof": [opt_in(4).sms(), reassigned(2), texted(3, "yes")], sms() => moved;
    }
}

#[test]
fn rule_8_refusals_match_by_contact_or_by_address() {
    check_all! {
        "second contact, same address":
            [opt_in(1), opt_out(2).contact("dev")], message() => OPTED_OUT;
        "address alone": [opt_in(1), opt_out(2).no_contact()], message() => OPTED_OUT;
        "contact alone": [opt_in(1), opt_out(2).no_address()], message() => OPTED_OUT;
        "contact, by another address":
            [opt_in(1), opt_out(2).address("ben@example.org")], message() => OPTED_OUT;
        "another spelling of the address":
            [opt_in(1), opt_out(2).contact("dev").address("Ben B. <BEN@Example.NET.>")],
            message() => OPTED_OUT;
        "blanks around the contact id":
            [opt_in(1), opt_out(2).no_address().contact(" ben ")], message() => OPTED_OUT;
        "somebody else elsewhere":
            [opt_in(1), opt_out(2).contact("dev").address("dev@example.net")],
            message() => APPROVED;
        "a message that names only the address":
            [opt_in(1), opt_out(2).no_contact()],
            message().but(|m| m.contact_id = None) => OPTED_OUT;
        "an address that cannot be read still refuses for the contact":
            [opt_in(1), opt_out(2).address("ben@")], message() => OPTED_OUT;
        "a refusal of push that names the person by e-mail reaches e-mail":
            [opt_in(1), event(Action::Object, at(2)).channel(Channel::Push).no_contact()],
            message() => "blocked.objected";
    }
}

#[test]
fn rule_9_erasure() {
    let erase = |minutes| event(Action::Erase, at(minutes)).unscoped();
    let gone = "blocked.erased";
    let dev = |event: Event| event.contact("dev");
    let to_dev = || message().but(|m| m.contact_id = ContactId::new("dev".into()));
    let forget_all = |minutes| erase(minutes).with(|change| change.keep_suppression = false);
    check_all! {
        "the contact id is closed": [opt_in(1), erase(2)], message() => gone;
        "for good":
            [opt_in(1), erase(2), opt_in(3), event(Action::OptInConfirmed, at(4))],
            message() => gone;
        "for receipts too": [erase(2)], exempt(message(), Category::Transactional) => gone;
        "whatever address the message names": [erase(2).no_address(), opt_in(3)], message() => gone;
        "re-imported under a new id: the address is suppressed":
            [opt_in(1), erase(2), dev(opt_in(1))],
            to_dev() => "blocked.suppressed_address [suppressed_address no_consent]";
        "re-imported with a relationship":
            [opt_in(1), erase(2), dev(event(Action::Relationship, at(3)))],
            to_dev() => "blocked.suppressed_address";
        "a later express opt-in ends it":
            [opt_in(1), erase(2), dev(opt_in(3))], to_dev() => APPROVED;
        "a receipt to the address passes":
            [opt_in(1), erase(2)],
            exempt(to_dev(), Category::Transactional) => "approved.transactional";
        "the erasure names only the contact: its addresses are suppressed":
            [opt_in(1), erase(2).no_address(), dev(opt_in(1))],
            to_dev() => "blocked.suppressed_address";
        "also an address seen only afterwards":
            [erase(2).no_address(), opt_in(1), dev(opt_in(1))],
            to_dev() => "blocked.suppressed_address";
        "also for a message that names only the address":
            [opt_in(1), erase(2).no_address()],
            message().but(|m| m.contact_id = None)
                => "blocked.suppressed_address [suppressed_address no_consent]";
        "without suppression the address is free, but nothing is left":
            [opt_in(1), forget_all(2)], to_dev() => NO_CONSENT;
        "without suppression an earlier consent of another contact is gone too":
            [opt_in(1), forget_all(2), dev(opt_in(1))],
            to_dev() => "blocked.no_consent [no_consent]";
        "a refusal by the address outlives the erasure":
            [opt_out(1), forget_all(2), dev(opt_in(1))], to_dev() => OPTED_OUT;
        "an erasure of the address alone closes no contact":
            [opt_in(1), erase(2).no_contact(), opt_in(3)], message() => APPROVED;
        "START is no express opt-in after an erasure":
            [dev(opt_in(1).sms()), erase(2).address(PHONE), dev(texted(3, "start"))],
            sms().but(|m| m.contact_id = ContactId::new("dev".into()))
                => "blocked.suppressed_address [suppressed_address no_consent]";
        "two erasures: the later counts":
            [erase(2), dev(opt_in(3)), erase(4)], to_dev() => "blocked.suppressed_address";
        "two erasures, the later without suppression: the earlier still suppresses":
            [erase(2), forget_all(4)], to_dev() => "blocked.suppressed_address";
    }
}

#[test]
fn an_erased_contact_keeps_nothing() {
    let history = numbered(&[
        opt_in(1),
        opt_in(4), // the instant of the erasure is not after it
        opt_out(2),
        event(Action::Profile, at(3)).with(|change| change.birth_date_days = Some(4_321)),
        event(Action::Erase, at(4)).no_address(),
        opt_in(5).address("other@example.net"),
    ]);
    let world = World::of(&history);
    let ben = contact_key(&ContactId::new("ben".into()).unwrap());
    let state = decode(&world.states[&ben]);
    let kinds: Vec<_> = state.facts().iter().map(|fact| fact.kind).collect();
    assert_eq!(kinds, [FactKind::ErasedContact, FactKind::Link, FactKind::Link]);
    assert!(state.facts().iter().all(|fact| fact.scope == Scope::EVERYTHING));
    // the address keeps the refusal and the mark, and no permission that is older than the erasure
    let address = address_key("ben@example.net", None, false).unwrap();
    let state = decode(&world.states[&address]);
    let kinds: Vec<_> = state.facts().iter().map(|fact| fact.kind).collect();
    assert_eq!(kinds, [FactKind::OptOut, FactKind::ErasedAddress]);
}

#[test]
fn unreadable_changes_block_until_a_later_valid_event() {
    let about_contact = |minutes| unreadable_record(Some("ben"), None, minutes);
    let about_address = |minutes| unreadable_record(None, Some("ben@example.net"), minutes);
    let unread = "blocked.consent_unreadable [consent_unreadable]";
    check_all! {
        "by contact": [opt_in(1), about_contact(2)], message() => unread;
        "by address": [opt_in(1), about_address(2)], message() => unread;
        "nobody known":
            [about_contact(2)],
            message() => "blocked.consent_unreadable [consent_unreadable no_consent]";
        "of somebody else":
            [opt_in(1), unreadable_record(Some("dev"), None, 2)], message() => APPROVED;
        "a later opt-in ends it": [about_contact(2), opt_in(3)], message() => APPROVED;
        "of the address too": [about_address(2), opt_in(3)], message() => APPROVED;
        "a later refusal of the contact says something of the contact":
            [opt_in(1), about_contact(2), opt_out(3).no_address()],
            message() => "blocked.opted_out [opted_out no_consent]";
        "and nothing of the address":
            [opt_in(1), about_address(2), opt_out(3).no_address()],
            message() => "blocked.opted_out [opted_out consent_unreadable no_consent]";
        "later is by receipt, not by the act":
            [about_contact(2), opt_in(1).received(at(3))], message() => APPROVED;
        "received at the same instant does not":
            [opt_in(1).received(at(2)), about_contact(2)], message() => unread;
        "a redelivery of an older event does not":
            [opt_in(1).id("e"), about_contact(2), opt_in(1).id("e").received(at(3))],
            message() => unread;
        "an opt-in without evidence does not":
            [opt_in(1), about_contact(2), opt_in(3).no_evidence()],
            message() => "blocked.consent_unreadable [consent_unreadable]";
        "a quarantined event does not":
            [opt_in(1), about_contact(2), opt_in(90).received(at(3))], message() => unread;
        "an event of another contact does not":
            [opt_in(1), about_contact(2), opt_in(3).contact("dev")], message() => unread;
        "an event of another address does not":
            [opt_in(1), about_address(2), opt_in(3).address("ben@example.org")],
            message() => unread;
        "a later opt-out ends it and refuses":
            [opt_in(1), about_contact(2), opt_out(3)],
            message() => "blocked.opted_out [opted_out no_consent]";
        "two of them: the later counts":
            [about_contact(2), opt_in(3), about_contact(4)], message() => unread;
        "received nobody knows when: it stands":
            [
                opt_in(1),
                about_contact(2).received(Timestamp::default()),
                opt_in(3)
            ],
            message() => unread;
        "a possible opt-out stops no receipt":
            [about_contact(2)],
            exempt(message(), Category::Transactional) => "approved.transactional";
    }
}

/// Events that say nothing about consent leave no fact, and a text a person should see is flagged.
#[test]
fn placements_without_facts() {
    let placed = |event: Event| {
        let Record::Change { change, receipt } = event.record else { unreachable!() };
        let key = Some(SubjectKey([5; 16]));
        let placement = place(
            &change,
            Subjects { contact: key, address: key, ..Subjects::default() },
            EventKey([1; 8]),
            receipt,
        );
        let said = |facts: &[Fact<'_>]| facts.iter().filter(|f| f.kind != FactKind::Link).count();
        (said(&placement.contact) + said(&placement.address), placement.effect, placement.review)
    };
    let nothing = (0, Effect::None, false);
    let reported = |format: &'static str| {
        placed(event(Action::Complaint, at(1)).with(|change| change.format = Some(format.into())))
    };
    assert_eq!(reported("Not-Spam"), nothing);
    assert_eq!(reported("arf; auth-failure"), nothing);
    for format in ["arf", "abuse", "opt-out", "never heard of", " "] {
        assert_eq!(reported(format), (2, Effect::Facts, false), "{format}");
    }
    assert_eq!(placed(texted(1, "HELP")), nothing);
    assert_eq!(placed(texted(1, "Liked “Sale. Reply STOP to opt out”")), nothing);
    assert_eq!(placed(texted(1, "see you at the bus stop")), nothing);
    assert_eq!(placed(texted(1, "cancel my order")), (0, Effect::None, true));
    assert_eq!(placed(event(Action::Profile, at(1))), nothing);
    assert_eq!(placed(event(Action::Unsuppress, at(1))), nothing);
    assert_eq!(placed(event(Action::Sent, at(1))), (2, Effect::Facts, false));
    // a published address is a relationship of no kind
    assert_eq!(placed(event(Action::Relationship, at(1))), (2, Effect::Facts, false));
    assert_eq!(placed(opt_out(1)), (2, Effect::Facts, false));
    assert_eq!(placed(texted(1, "stop")), (4, Effect::Facts, false));
    // a refusal of texts covers the whole family; of another family it is one more
    let stop_by = |channel| placed(texted(1, "stop").channel(channel));
    assert_eq!(stop_by(Channel::Rcs), (4, Effect::Facts, false));
    assert_eq!(stop_by(Channel::Whatsapp), (6, Effect::Facts, false));
    // a change about nobody leaves nothing anywhere
    let nobody = Subjects { contact: None, address: None, ..Subjects::default() };
    for action in Action::ALL {
        let change = ConsentChange::new("e", at(1), action);
        let placement = place(&change, nobody, EventKey([1; 8]), Receipt::by_broker(at(1)));
        assert!(placement.contact.is_empty() && placement.address.is_empty(), "{action:?}");
    }
}

/// Registry results, relationships and profiles are kept for the jurisdiction packs; the strict policy
/// neither blocks nor approves by them.
#[test]
fn facts_for_later_packs_are_kept() {
    let listed = |listed| {
        event(Action::RegistryStatus, at(2)).sms().with(|change| {
            change.listed = listed;
            change.registry = Some("tps".into());
        })
    };
    let kinds = |event: Event| {
        let world = World::of(&numbered(&[event]));
        let key = address_key(PHONE, None, false).unwrap();
        let state = decode(&world.states[&key]);
        let facts = state.facts().iter();
        facts.map(|f| (f.kind, f.detail.map(str::to_owned))).collect::<Vec<_>>()
    };
    let tps = || Some("tps".to_owned());
    assert_eq!(kinds(listed(Some(true))), [(FactKind::RegistryListed, tps())]);
    assert_eq!(kinds(listed(None)), [(FactKind::RegistryListed, tps())]);
    assert_eq!(kinds(listed(Some(false))), [(FactKind::RegistryClear, tps())]);
    let bought = event(Action::Relationship, at(1)).sms().with(|change| {
        change.kind = Some(RelationshipKind::AccountFree);
        change.context_flags = flags::NOT_REFUSED | flags::DETAILS_OBTAINED_DIRECTLY;
        change.product_group = Some("tents".into());
    });
    let world = World::of(&numbered(std::slice::from_ref(&bought)));
    let key = address_key(PHONE, None, false).unwrap();
    let fact = decode(&world.states[&key]).facts()[0];
    assert_eq!(fact.relationship_kind(), Some(RelationshipKind::AccountFree));
    assert_eq!(fact.detail, Some("tents"));
    let kept = flags::NOT_REFUSED | flags::DETAILS_OBTAINED_DIRECTLY;
    assert_eq!(fact.flags & kept, kept);
    check(&[opt_in(1).sms(), listed(Some(true))], &sms(), at(NOW), APPROVED);
    let born = event(Action::Profile, at(1)).sms().with(|c| c.birth_date_days = Some(-1));
    let world = World::of(&numbered(&[born]));
    let key = address_key(PHONE, None, false).unwrap();
    let days = u32::try_from(decode(&world.states[&key]).facts()[0].flags).unwrap();
    assert_eq!(days.cast_signed(), -1);
}

/// A keyword speaks of a number and of the brand's marketing, whatever purpose the source writes beside it.
#[test]
fn keywords_name_no_purpose_of_their_own() {
    for text in ["stop", "start", "yes"] {
        let texted = texted(1, text).purpose("survey");
        let world = World::of(&numbered(&[texted]));
        let key = address_key(PHONE, None, false).unwrap();
        let state = decode(&world.states[&key]);
        assert!(!state.facts().is_empty());
        let expected = |f: &Fact<'_>| (f.kind == FactKind::OptOut).then_some("marketing");
        assert!(state.facts().iter().all(|f| f.scope.purpose == expected(f)), "{text}");
    }
}

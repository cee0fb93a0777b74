//! State rules 1 to 6 of `docs/law.md` section 10, as tables. Each row goes through one `check`
//! (`harness/check.rs`). Rules 7 to 9 are in `state_endings.rs`, texted replies in `replies.rs`, the order of
//! the steps, the classes and the sample cases in `evaluation.rs`.
mod harness;

use gate_core::*;
use harness::check::*;
use harness::*;

#[test]
fn rule_1_order_is_by_the_act_not_by_arrival() {
    check_all! {
        "in, out": [opt_in(1), opt_out(2)], message() => OPTED_OUT;
        "out, in": [opt_out(1), opt_in(2)], message() => APPROVED;
        "a late opt-out that is older than the opt-in":
            [opt_in(5), opt_out(2).received(at(50))], message() => APPROVED;
        "a late opt-out that is newer than the opt-in":
            [opt_in(5), opt_out(6).received(at(50))], message() => OPTED_OUT;
        "a late opt-in that is older than the opt-out":
            [opt_out(5), opt_in(2).received(at(50))], message() => OPTED_OUT;
    }
}

#[test]
fn rule_2_ties_are_restrictive() {
    let later = micros_later(at(3), 1);
    check_all! {
        "opt-out": [opt_in(3), opt_out(3)], message() => OPTED_OUT;
        "objection": [opt_in(3), event(Action::Object, at(3))], message() => "blocked.objected";
        "complaint": [opt_in(3), event(Action::Complaint, at(3))], message() => "blocked.complaint";
        "bounce against confirmation":
            [event(Action::OptInConfirmed, at(3)), event(Action::HardBounce, at(3))],
            message() => "blocked.undeliverable [undeliverable]";
        "suppress against unsuppress":
            [
                opt_in(1),
                event(Action::Suppress, at(3)).suppression(Some(SuppressionScope::All)),
                event(Action::Unsuppress, at(3)).suppression(Some(SuppressionScope::All))
            ],
            message() => "blocked.suppressed_global [suppressed_global]";
        "erased address against opt-in of another contact":
            [event(Action::Erase, at(3)).contact("dev"), opt_in(3)],
            message() => "blocked.suppressed_address [suppressed_address no_consent]";
        "STOP against START":
            [opt_in(1).sms(), texted(3, "STOP"), texted(3, "START")],
            sms() => "blocked.opted_out [opted_out sender_stop no_consent]";
        "one microsecond later is later":
            [opt_out(3), event(Action::OptIn, later)], message() => APPROVED;
        "one microsecond later refuses":
            [opt_in(3), event(Action::OptOut, later)], message() => OPTED_OUT;
    }
}

#[test]
fn rule_3_an_event_id_counts_once() {
    let narrow = || opt_in(1).purpose("marketing.newsletter");
    check_all! {
        "a redelivery changes nothing":
            [opt_in(1).id("e"), opt_in(1).id("e")], message() => APPROVED;
        "redelivered after the opt-out it does not revive":
            [opt_in(1).id("e"), opt_out(2), opt_in(1).id("e").received(at(9))],
            message() => OPTED_OUT;
        "permissive then permissive: the earliest act stands":
            [opt_in(1).id("e"), opt_out(2), opt_in(3).id("e")], message() => OPTED_OUT;
        "permissive then permissive: its narrow scope stands":
            [narrow().id("e"), opt_in(3).id("e")], message() => MISMATCH;
        "permissive then restrictive: both apply":
            [opt_in(1).id("e"), opt_out(2).id("e")], message() => OPTED_OUT;
        "restrictive then permissive: both apply, in the order of the acts":
            [opt_out(1).id("e"), opt_in(2).id("e")], message() => APPROVED;
        "restrictive and permissive at the same instant":
            [opt_out(2).id("e"), opt_in(2).id("e")], message() => OPTED_OUT;
        "restrictive then restrictive: the other scope applies too":
            [
                opt_in(1),
                opt_out(2).id("e").purpose("marketing.newsletter"),
                opt_out(2).id("e").purpose("marketing.offers")
            ],
            message() => OPTED_OUT;
        "restrictive then restrictive: the later instant applies too":
            [opt_out(2).id("e"), opt_in(3), opt_out(4).id("e")], message() => OPTED_OUT;
        "a conflict counts over both subjects: the earliest version names only the address":
            [opt_in(1).id("e").no_contact(), opt_out(2), opt_in(3).id("e")], message() => OPTED_OUT;
        "a conflict counts over both subjects: the earliest version names another contact":
            [opt_in(1).id("e").contact("dev"), opt_out(2), opt_in(3).id("e")],
            message() => OPTED_OUT;
        "a redelivery that adds the contact is no conflict":
            [opt_in(1).id("e").no_contact(), opt_in(1).id("e")], message() => APPROVED;
    }
}

#[test]
fn rule_4_clock_skew() {
    let limit = |minutes: i64| micros_later(at(minutes), 300_000_000);
    let beyond = |minutes: i64| micros_later(limit(minutes), 1);
    check_all! {
        "an opt-in exactly five minutes ahead counts":
            [event(Action::OptIn, limit(1)).received(at(1))], message() => APPROVED;
        "one microsecond more is quarantined":
            [event(Action::OptIn, beyond(1)).received(at(1))], message() => NO_CONSENT;
        "a redelivery does not free it: the earliest receipt stands":
            [
                event(Action::OptIn, beyond(1)).id("e").received(at(1)),
                event(Action::OptIn, beyond(1)).id("e").received(at(60))
            ],
            message() => NO_CONSENT;
        "an opt-out exactly five minutes ahead keeps its time and beats an opt-in before it":
            [event(Action::OptOut, limit(1)).received(at(1)), opt_in(4)], message() => OPTED_OUT;
        "one microsecond more takes the receipt time, so a later opt-in counts":
            [event(Action::OptOut, beyond(1)).received(at(1)), opt_in(4)], message() => APPROVED;
        "and it refuses from its receipt on":
            [opt_in(1), event(Action::OptOut, at(5_000)).received(at(2))], message() => OPTED_OUT;
        "the receipt time is a tie like any other":
            [opt_in(2), event(Action::OptOut, at(5_000)).received(at(2))], message() => OPTED_OUT;
        "a quarantined unsuppress lifts nothing":
            [
                opt_in(1),
                event(Action::Suppress, at(2)).suppression(Some(SuppressionScope::All)),
                event(Action::Unsuppress, at(500)).suppression(Some(SuppressionScope::All)).received(at(3))
            ],
            message() => "blocked.suppressed_global";
        "a redelivered refusal keeps its earliest receipt":
            [
                event(Action::OptOut, at(500)).id("e").received(at(2)),
                event(Action::OptOut, at(500)).id("e").received(at(9)),
                opt_in(5)
            ],
            message() => APPROVED;
        "one that claims another time is another refusal":
            [
                event(Action::OptOut, at(500)).id("e").received(at(2)),
                event(Action::OptOut, at(501)).id("e").received(at(9)),
                opt_in(5)
            ],
            message() => OPTED_OUT;
        "a receipt that nobody knows dates no refusal back":
            [opt_in(1), opt_out(2).received(Timestamp::default())], message() => OPTED_OUT;
        "a skewed erasure takes its receipt time":
            [event(Action::Erase, at(5_000)).contact("dev").received(at(2)), opt_in(3)],
            message() => APPROVED;
    }
}

#[test]
fn rule_4_effects_are_reported() {
    let subjects =
        Subjects { contact: Some(SubjectKey([1; 16])), address: None, ..Subjects::default() };
    let effect = |action, ahead_micros| {
        let change = ConsentChange::new("e", micros_later(at(0), ahead_micros), action);
        place(&change, subjects, EventKey([1; 8]), Receipt::by_broker(at(0))).effect
    };
    assert_eq!(effect(Action::OptIn, 300_000_000), Effect::Facts);
    assert_eq!(effect(Action::OptIn, 300_000_001), Effect::Quarantined);
    assert_eq!(effect(Action::OptOut, 300_000_000), Effect::Facts);
    assert_eq!(effect(Action::OptOut, 300_000_001), Effect::Clamped);
    assert_eq!(effect(Action::Erase, 300_000_001), Effect::Clamped);
    // a message that went out counts from its receipt on, whatever its clock said
    assert_eq!(effect(Action::Sent, 300_000_001), Effect::Facts);
}

#[test]
fn rule_5_negative_scope() {
    let refused = |refusal: Event| vec![opt_in(1), refusal];
    let texts =
        |refusal: Event| vec![opt_in(1).sms().channel(Channel::Rcs), refusal.address(PHONE)];
    let rcs = || sms().but(|m| m.channel = Some(Channel::Rcs));
    check_all! {
        "exact": {refused(opt_out(2))}, message() => OPTED_OUT;
        "other channel": {refused(opt_out(2).channel(Channel::Sms))}, message() => APPROVED;
        "any channel": {refused(opt_out(2).any_channel())}, message() => OPTED_OUT;
        "sms covers rcs": {texts(opt_out(2).channel(Channel::Sms))}, rcs() => OPTED_OUT;
        "mms covers rcs": {texts(opt_out(2).channel(Channel::Mms))}, rcs() => OPTED_OUT;
        "whatsapp does not cover rcs":
            {texts(opt_out(2).channel(Channel::Whatsapp))}, rcs() => APPROVED;
        "voice does not cover rcs":
            {texts(opt_out(2).channel(Channel::VoiceLive))}, rcs() => APPROVED;
        "parent purpose": {refused(opt_out(2).purpose("marketing"))}, message() => OPTED_OUT;
        "same purpose": {refused(opt_out(2).purpose("marketing.offers"))}, message() => OPTED_OUT;
        "child purpose":
            {refused(opt_out(2).purpose("marketing.offers.tents"))}, message() => APPROVED;
        "sibling purpose": {refused(opt_out(2).purpose("marketing.news"))}, message() => APPROVED;
        "no dotted prefix": {refused(opt_out(2).purpose("marketing.off"))}, message() => APPROVED;
        "purpose in capitals":
            {refused(opt_out(2).purpose("Marketing.OFFERS"))}, message() => OPTED_OUT;
        "no purpose": {refused(opt_out(2).purpose(None))}, message() => OPTED_OUT;
        "blank purpose": {refused(opt_out(2).purpose(" "))}, message() => OPTED_OUT;
        "other brand": {refused(opt_out(2).brand("zeta"))}, message() => APPROVED;
        "brand any": {refused(opt_out(2).brand("any"))}, message() => OPTED_OUT;
        "no brand": {refused(opt_out(2).brand(None))}, message() => OPTED_OUT;
        "blank brand": {refused(opt_out(2).brand(""))}, message() => OPTED_OUT;
        "brand in capitals and blanks":
            {refused(opt_out(2).brand(" ACME "))}, message() => OPTED_OUT;
        "other controller": {refused(opt_out(2).controller("zeta-ltd"))}, message() => APPROVED;
        "other controller, any brand":
            {refused(opt_out(2).controller("zeta-ltd").brand("any"))}, message() => APPROVED;
        "no controller": {refused(opt_out(2).controller(None))}, message() => OPTED_OUT;
        "blank controller": {refused(opt_out(2).controller("\t"))}, message() => OPTED_OUT;
        "nothing named": {refused(opt_out(2).unscoped())}, message() => OPTED_OUT;
        "an objection covers all channels, brands and marketing of the controller":
            {refused(event(Action::Object, at(2)).channel(Channel::Push).brand("zeta").purpose("marketing.news"))},
            message() => "blocked.objected [objected no_consent]";
        "an objection to another controller does not":
            {refused(event(Action::Object, at(2)).controller("zeta-ltd"))}, message() => APPROVED;
        "a complaint covers all brands and purposes on its channel":
            {refused(event(Action::Complaint, at(2)).brand("zeta").purpose("marketing.news"))},
            message() => "blocked.complaint [complaint no_consent]";
        "a complaint about texts does not cover e-mail":
            {refused(event(Action::Complaint, at(2)).channel(Channel::Sms))}, message() => APPROVED;
        "a complaint without a channel covers all":
            {refused(event(Action::Complaint, at(2)).any_channel())},
            message() => "blocked.complaint";
    }
}

/// What a message leaves open is covered by every refusal and by no permission.
#[test]
fn rule_5_a_message_that_does_not_say() {
    let history = || vec![opt_in(1), opt_out(2).brand("zeta").purpose("marketing.news")];
    check_all! {
        "says all": {history()}, message() => APPROVED;
        "no brand, no purpose":
            {history()},
            message().but(|m| (m.brand, m.purpose) = (None, None))
                => "blocked.opted_out [opted_out scope_mismatch]";
        "blank brand and purpose":
            {history()},
            message().but(|m| (m.brand, m.purpose) = (Some(" ".into()), Some("".into())))
                => "blocked.opted_out [opted_out scope_mismatch]";
        "brand any":
            {history()},
            message().but(|m| (m.brand, m.purpose) = (Some("any".into()), None))
                => "blocked.opted_out [opted_out scope_mismatch]";
        "no controller": {history()}, message().but(|m| m.controller = None) => MISMATCH;
    }
}

/// A refusal of marketing reaches every message judged as marketing, whatever purpose it claims.
#[test]
fn rule_5_mixed_content_counts_as_marketing() {
    let history =
        |refused| vec![opt_in(1).purpose("service"), opt_out(2).purpose(refused).brand("any")];
    let mixed = || exempt(message(), Category::Service).but(|m| m.content.promotional = None);
    check_all! {
        "refused marketing": {history("marketing")}, mixed() => OPTED_OUT;
        "refused something else": {history("survey")}, mixed() => APPROVED;
        "declared free of promotion":
            {history("marketing")},
            exempt(message(), Category::Service) => "approved.transactional";
    }
}

#[test]
fn rule_6_positive_scope_is_exact() {
    let given = |grant: Event| vec![grant];
    let on = |channel| sms().but(|m| m.channel = Some(channel));
    check_all! {
        "exact": {given(opt_in(1).purpose("marketing.offers"))}, message() => APPROVED;
        "parent purpose": {given(opt_in(1))}, message() => APPROVED;
        "child purpose":
            {given(opt_in(1).purpose("marketing.offers.tents"))}, message() => MISMATCH;
        "no dotted prefix": {given(opt_in(1).purpose("marketing.off"))}, message() => MISMATCH;
        "sibling purpose": {given(opt_in(1).purpose("marketing.news"))}, message() => MISMATCH;
        "purpose in capitals": {given(opt_in(1).purpose("Marketing"))}, message() => APPROVED;
        "no purpose": {given(opt_in(1).purpose(None))}, message() => MISMATCH;
        "blank purpose": {given(opt_in(1).purpose(""))}, message() => MISMATCH;
        "blank purpose on both sides":
            {given(opt_in(1).purpose(""))},
            message().but(|m| m.purpose = Some("".into())) => MISMATCH;
        "any channel names none": {given(opt_in(1).any_channel())}, message() => MISMATCH;
        "sms is not rcs": {given(opt_in(1).sms())}, on(Channel::Rcs) => MISMATCH;
        "sms is sms": {given(opt_in(1).sms())}, on(Channel::Sms) => APPROVED;
        "voice_auto is not voice_live":
            {given(opt_in(1).sms().channel(Channel::VoiceAuto))},
            on(Channel::VoiceLive) => MISMATCH;
        "all brands of the controller": {given(opt_in(1).brand("any"))}, message() => APPROVED;
        "all brands of another controller":
            {given(opt_in(1).brand("any").controller("zeta-ltd"))}, message() => MISMATCH;
        "other brand": {given(opt_in(1).brand("zeta"))}, message() => MISMATCH;
        "brand in capitals": {given(opt_in(1).brand("ACME"))}, message() => APPROVED;
        "no brand": {given(opt_in(1).brand(None))}, message() => MISMATCH;
        "blank brand on both sides":
            {given(opt_in(1).brand(" "))},
            message().but(|m| m.brand = Some(" ".into())) => MISMATCH;
        "no controller": {given(opt_in(1).controller(None))}, message() => MISMATCH;
        "blank controller on both sides":
            {given(opt_in(1).controller(""))},
            message().but(|m| m.controller = Some("".into())) => MISMATCH;
        "surrounding blanks are no difference":
            {given(opt_in(1).brand(" acme "))}, message() => APPROVED;
        "for another address": {given(opt_in(1).address("ben@example.org"))}, message() => MISMATCH;
        "for no address": {given(opt_in(1).no_address())}, message() => MISMATCH;
        "of nobody in particular at the address":
            {given(opt_in(1).no_contact())}, message() => APPROVED;
        "of somebody else at the address":
            {given(opt_in(1).contact("dev"))}, message() => NO_CONSENT;
        "of anybody at the address when the message names nobody":
            {given(opt_in(1))}, message().but(|m| m.contact_id = None) => APPROVED;
    }
}

/// An address's state need not be read where the contact's says the same: only where all of it does.
#[test]
fn an_address_that_only_repeats_its_contact() {
    let ben = contact_key(&ContactId::new("ben".into()).unwrap());
    let repeats = |history: &[Event]| {
        let world = World::of(&numbered(history));
        let address = address_key("ben@example.net", None, false).unwrap();
        decode(&world.states[&address]).only_repeats()
    };
    let repeated = [opt_in(1), event(Action::Relationship, at(2))];
    assert_eq!(repeats(&repeated[..1]), Some(ben));
    assert_eq!(repeats(&repeated), Some(ben));
    for alien in [
        opt_in(3).contact("dev"),
        opt_in(3).no_contact(),
        opt_out(3),
        event(Action::Sent, at(3)),
        unreadable_record(None, Some("ben@example.net"), 3),
    ] {
        let alien = std::slice::from_ref(&alien);
        assert_eq!(repeats(&[&repeated[..], alien].concat()), None, "{alien:?}");
        assert_ne!(repeats(alien), Some(ben), "{alien:?}");
    }
    assert_eq!(ConsentState::default().only_repeats(), None);
}

/// A source whose clock runs ahead may send one refusal twice with two times: both are kept, whatever the keyed
/// hash of its event looks like.
#[test]
fn rule_4_one_event_that_claims_two_times_is_two_refusals() {
    for event in [EventKey([0; 8]), EventKey([0xff; 8]), EventKey([0x5a; 8])] {
        let placed = |claimed| {
            let change = ConsentChange::new("e", at(claimed), Action::OptOut);
            let key = Some(SubjectKey([5; 16]));
            let subjects = Subjects { contact: key, address: None, ..Subjects::default() };
            place(&change, subjects, event, Receipt::by_broker(at(1))).contact[0].event
        };
        assert_eq!(placed(500), placed(500));
        assert_ne!(placed(500), placed(501));
        assert_ne!(placed(500), placed(1_000));
    }
}

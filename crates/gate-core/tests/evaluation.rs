//! The evaluation order of `docs/law.md` section 10 with `reasons[]`, the exempt classes, evidence, and
//! the sample cases that need no jurisdiction pack.
mod harness;

use gate_core::*;
use harness::check::*;
use harness::*;

#[test]
fn exempt_classes_need_no_consent_and_no_promotion() {
    for (name, expected) in [
        ("transactional", "approved.transactional"),
        ("service", "approved.transactional"),
        ("emergency", "approved.emergency"),
        ("legal_notice", "approved.legal_notice"),
        // rules of their own: `exempt.rs`
        ("optout_confirmation", "blocked.confirmation_window"),
        ("consent_request", "blocked.no_consent"),
        ("marketing", "blocked.no_consent"),
        ("newsletter", "blocked.no_consent"),
        ("Transactional", "blocked.no_consent"),
        ("", "blocked.no_consent"),
    ] {
        let of = |promotional| {
            exempt(message(), Category::parse(name)).but(|m| m.content.promotional = promotional)
        };
        check(&[], &of(Some(false)), at(NOW), expected);
        // promotional or unknown: marketing, whatever the category
        check(&[], &of(Some(true)), at(NOW), NO_CONSENT);
        check(&[], &of(None), at(NOW), NO_CONSENT);
        // and refusals of marketing count then
        check(&[opt_in(1), opt_out(2)], &of(None), at(NOW), OPTED_OUT);
    }
    let order = || exempt(message(), Category::Transactional);
    check_all! {
        "opt-out of everything": [opt_out(1).unscoped()], order() => "approved.transactional";
        "objection": [event(Action::Object, at(1))], order() => "approved.transactional";
        "complaint": [event(Action::Complaint, at(1))], order() => "approved.transactional";
    }
}

#[test]
fn evidence_is_method_and_notice_version() {
    let with = |method: Option<&'static str>, notice: Option<&'static str>| {
        opt_in(1).with(|change| {
            change.evidence = Some(Evidence {
                method: method.map(Into::into),
                notice_version: notice.map(Into::into),
                ..Evidence::default()
            });
        })
    };
    let based_on = |basis| opt_in(1).with(|change| change.basis = Some(basis));
    let incomplete = "blocked.evidence_incomplete [evidence_incomplete]";
    check_all! {
        "both": [with(Some("paper"), Some("n-2"))], message() => APPROVED;
        "no method": [with(None, Some("n-2"))], message() => incomplete;
        "no notice": [with(Some("paper"), None)], message() => incomplete;
        "blank method": [with(Some(" "), Some("n-2"))], message() => incomplete;
        "blank notice": [with(Some("paper"), Some(""))], message() => incomplete;
        "none": [opt_in(1).no_evidence()], message() => incomplete;
        "one with, one without": [opt_in(1), opt_in(2).no_evidence()], message() => APPROVED;
        "express_written": [based_on(Basis::ExpressWritten)], message() => APPROVED;
        "soft opt-in is not accepted":
            [based_on(Basis::SoftOptIn)], message() => "blocked.basis_not_accepted";
        "charity is not accepted":
            [based_on(Basis::CharitySoftOptIn)], message() => "blocked.basis_not_accepted";
        "implied is not accepted":
            [based_on(Basis::Implied)], message() => "blocked.basis_not_accepted";
        "interest is not accepted":
            [based_on(Basis::LegitimateInterest)], message() => "blocked.basis_not_accepted";
    }
}

/// Section 10, "Evaluation order": every failing step is listed, the first one is the reason.
#[test]
fn evaluation_order() {
    let everything_against = || {
        vec![
            opt_in(1).sms().no_evidence(),
            opt_out(2).sms(),
            texted(2, "stop"),
            event(Action::Object, at(2)).sms(),
            event(Action::Complaint, at(2)).sms(),
            event(Action::HardBounce, at(2)).address(PHONE),
            event(Action::AddressReassigned, at(2)).address(PHONE),
            event(Action::Suppress, at(2)).suppression(Some(SuppressionScope::All)).address(PHONE),
            event(Action::Suppress, at(2))
                .suppression(Some(SuppressionScope::Marketing))
                .address(PHONE),
            event(Action::Erase, at(2)).address(PHONE).contact("dev"),
            unreadable_record(None, Some(PHONE), 200),
        ]
    };
    let all = "undeliverable number_reassigned suppressed_global suppressed_address complaint objected \
               opted_out sender_stop consent_unreadable evidence_incomplete";
    check(&everything_against(), &sms(), at(NOW), &format!("blocked.undeliverable [{all}]"));
    let expired = sms().but(|m| m.expires_at = Some(at(1)));
    check(
        &everything_against(),
        &expired,
        at(NOW),
        &format!("blocked.message_expired [message_expired {all}]"),
    );
    let nameless = expired.but(|m| m.message_id = " ".into());
    check(
        &everything_against(),
        &nameless,
        at(NOW),
        &format!("blocked.invalid_message [invalid_message message_expired {all}]"),
    );
    let order = exempt(sms(), Category::Service);
    let stops_a_receipt = "undeliverable number_reassigned suppressed_global sender_stop";
    check(
        &everything_against(),
        &order,
        at(NOW),
        &format!("blocked.undeliverable [{stops_a_receipt}]"),
    );

    let broken = |edit: fn(&mut OutboundMessage<'static>)| message().but(edit);
    check_all! {
        "no channel":
            [opt_in(1)],
            broken(|m| m.channel = None) => "blocked.unsupported_channel [unsupported_channel]";
        "no id, no channel, expired":
            [],
            broken(|m| { (m.message_id, m.channel, m.expires_at) = ("".into(), None, Some(at(0))); })
                => "blocked.invalid_message [invalid_message unsupported_channel message_expired]";
        "no address":
            [opt_in(1)],
            broken(|m| m.address = None) => "blocked.missing_contact [missing_contact]";
        "no recipient":
            [], broken(|m| (m.address, m.contact_id) = (None, None)) => "blocked.missing_contact";
        "bad address":
            [opt_in(1)],
            broken(|m| m.address = Address::new("ben@".into()))
                => "blocked.invalid_address [invalid_address]";
        "an address of another kind":
            [opt_in(1)], broken(|m| m.channel = Some(Channel::Sms)) => "blocked.invalid_address";
        "no address, expired":
            [],
            broken(|m| (m.address, m.expires_at) = (None, Some(at(0))))
                => "blocked.message_expired [message_expired missing_contact]";
    }
}

#[test]
fn a_message_expires_at_its_very_instant() {
    let message = message().but(|m| m.expires_at = Some(at(9)));
    check(&[opt_in(1)], &message, micros_later(at(9), -1), APPROVED);
    check(&[opt_in(1)], &message, at(9), "blocked.message_expired [message_expired]");
    check(&[opt_in(1)], &message, micros_later(at(9), 1), "blocked.message_expired");
}

/// A subject with more refusals than the bound can no longer be judged; nothing is approved then.
#[test]
fn a_saturated_subject_blocks_everything() {
    let mut state = ConsentState::default();
    let purposes: Vec<_> = (0..2_000).map(|nth| format!("survey.{nth}")).collect();
    let refusals = purposes.iter().enumerate().map(|(nth, purpose)| {
        let event = EventKey((nth as u64).to_le_bytes());
        let mut fact = Fact::new(FactKind::OptOut, event, at(1), at(1));
        fact.scope.purpose = Some(purpose);
        fact
    });
    state.join(refusals);
    assert!(state.is_saturated());
    let key = SubjectKey([3; 16]);
    let other = ConsentState::default();
    let decided = |contact, address, message: &OutboundMessage<'_>| {
        let recipient = Recipient::new(contact, address);
        decide(&PolicySet::express_only(), recipient, message, at(NOW)).reason().code()
    };
    let order = exempt(message(), Category::Transactional);
    for message in [message(), order] {
        let unavailable = "blocked.state_unavailable";
        let known = |state| AddressLookup::Known(key, state);
        assert_eq!(decided(None, known(&state), &message), unavailable);
        assert_eq!(decided(Some((key, &state)), known(&other), &message), unavailable);
        assert_eq!(decided(Some((key, &state)), AddressLookup::Missing, &message), unavailable);
    }
    // an erasure still closes the contact for good and forgets the rest
    state.join([Fact::new(FactKind::ErasedContact, EventKey([9; 8]), at(2), at(2))]);
    assert!(state.is_erased() && !state.is_saturated());
}

/// What a decision says besides its reason.
#[test]
fn details() {
    let detail = |history: &[Event], message: &OutboundMessage<'_>| {
        World::of(&numbered(history)).decide(message, at(NOW)).detail()
    };
    for (refusal, scope) in [
        (opt_out(2), "purpose"),
        (opt_out(2).purpose(None), "channel"),
        (opt_out(2).purpose(None).any_channel(), "brand"),
        (opt_out(2).purpose(None).any_channel().brand(None), "sender"),
        (opt_out(2).unscoped(), "global"),
    ] {
        assert_eq!(detail(&[opt_in(1), refusal], &message()), Detail::Scope(scope));
    }
    // who texts STOP names no purpose
    let texted_stop = [opt_in(1).sms(), texted(2, "stop")];
    assert_eq!(detail(&texted_stop, &sms()), Detail::Scope("channel"));
    let latest = [opt_out(3).unscoped(), opt_out(2)];
    assert_eq!(detail(&latest, &message()), Detail::Scope("global"));
    let nameless = message().but(|m| m.message_id = "".into());
    assert_eq!(detail(&[opt_out(2)], &nameless), Detail::Class("missing_message_id"));
    assert_eq!(detail(&[opt_in(1)], &message()), Detail::None);
}

/// Which field is to blame, of the message or of the evidence.
#[test]
fn details_name_the_field() {
    let detail = |history: &[Event], message: OutboundMessage<'_>| {
        World::of(&numbered(history)).decide(&message, at(NOW)).detail()
    };
    for (absent, expected) in [
        (message().but(|m| m.brand = None), "brand"),
        (message().but(|m| m.controller = None), "controller"),
        (message().but(|m| m.purpose = None), "purpose"),
        (message().but(|m| m.address = None), "recipient.address"),
    ] {
        assert_eq!(detail(&[opt_in(1)], absent.clone()), Detail::Absent(expected));
        assert_eq!(detail(&[], absent), Detail::Absent(expected));
    }
    assert_eq!(detail(&[], message()), Detail::None);
    for (other, expected) in [
        (message().but(|m| m.brand = Some("other".into())), "brand"),
        (message().but(|m| m.controller = Some("other".into())), "controller"),
        (message().but(|m| m.purpose = Some("research".into())), "purpose"),
        (message().but(|m| m.channel = None), "channel"),
        (message().but(|m| m.address = Address::new("ben@".into())), "recipient.address"),
        (message().but(|m| m.expires_at = Some(at(0))), "expires_at"),
    ] {
        assert_eq!(detail(&[opt_in(1)], other), Detail::Field(expected));
    }
    let other_channel = opt_in(1).with(|change| change.channel = ChannelScope::Any);
    assert_eq!(detail(&[other_channel], message()), Detail::Field("channel"));
    let other_address =
        opt_in(1).with(|change| change.address = Address::new("x@example.net".into()));
    assert_eq!(detail(&[other_address], message()), Detail::Field("recipient.address"));
}

#[test]
fn details_name_the_missing_evidence() {
    let missing = |history: &[Event]| {
        let decision = World::of(&numbered(history)).decide(&message(), at(NOW));
        match decision.detail() {
            Detail::Evidence(lacks) => lacks.paths().collect::<Vec<_>>().join(" "),
            other => format!("{other:?}"),
        }
    };
    let without = |day, change: fn(&mut Evidence<'_>)| {
        opt_in(day).with(move |it| it.evidence.iter_mut().for_each(change))
    };
    assert_eq!(missing(&[opt_in(1).no_evidence()]), "evidence.method evidence.notice_version");
    let unversioned = || without(1, |evidence| evidence.notice_version = None);
    assert_eq!(missing(&[unversioned()]), "evidence.notice_version");
    // of several acts the one that lacks least is spoken of
    assert_eq!(missing(&[opt_in(2).no_evidence(), unversioned()]), "evidence.notice_version");
    assert_eq!(missing(&[unversioned(), opt_in(2).no_evidence()]), "evidence.notice_version");
    // of several that lack as much always the same one
    let unmethodical = || without(2, |evidence| evidence.method = None);
    assert_eq!(missing(&[unversioned(), unmethodical()]), "evidence.notice_version");
    assert_eq!(missing(&[unmethodical(), unversioned()]), "evidence.notice_version");
    // also where no rule would take the basis that was agreed to
    let interested = unversioned().with(|it| it.basis = Some(Basis::LegitimateInterest));
    assert_eq!(missing(&[interested]), "evidence.notice_version");
}

/// An approval names the basis and the event that proves it: the latest live one.
#[test]
fn approvals_name_their_evidence() {
    let written = opt_in(3).id("late").with(|change| change.basis = Some(Basis::ExpressWritten));
    let history = [opt_in(1).id("early"), written, opt_in(2).id("middle")];
    let decision = World::of(&history).decide(&message(), at(NOW));
    assert_eq!(decision.basis(), Some((Basis::ExpressWritten, event_key("late"))));
    let receipt = exempt(message(), Category::Service);
    assert_eq!(World::of(&history).decide(&receipt, at(NOW)).basis(), None);
}

#[test]
fn names_of_the_public_contract() {
    for action in Action::ALL {
        assert_eq!(Action::parse(action.as_str()), Some(action));
    }
    for basis in Basis::ALL {
        assert_eq!(Basis::parse(basis.as_str()), Some(basis));
    }
    for kind in RelationshipKind::ALL {
        assert_eq!(RelationshipKind::parse(kind.as_str()), Some(kind));
    }
    for channel in Channel::ALL {
        assert_eq!(Channel::parse(channel.as_str()), Some(channel));
        assert_eq!(ChannelScope::from_code(channel as u8), Some(ChannelScope::One(channel)));
    }
    assert_eq!(Channel::parse("fax"), None);
    assert_eq!(Action::parse("opt-out"), None);
    let mut codes: Vec<_> = Reason::ALL.iter().map(|reason| reason.code()).collect();
    codes.sort_unstable();
    codes.dedup();
    assert_eq!(codes.len(), Reason::ALL.len());
    for reason in Reason::ALL {
        assert_eq!(reason.code(), format!("{}.{}", reason.outcome().as_str(), reason.short_code()));
        assert!(!reason.meaning().is_empty());
        let mut reasons = Reasons::default();
        assert!(!reasons.contains(*reason));
        reasons.insert(*reason);
        assert!(reasons.contains(*reason));
        assert_eq!(reasons.iter().collect::<Vec<_>>(), [*reason]);
    }
    assert_eq!(
        Decision::block(Reasons::default(), Detail::None).reason(),
        Reason::StateUnavailable
    );
}

/// `domain/sample-cases.jsonl`, those whose answer does not need a jurisdiction pack. S05, S09 and S10
/// (soft opt-in, quiet hours, implied consent) need one: their like is in `packs/relationship.rs` and
/// `packs/hours.rs`.
#[test]
fn sample_cases() {
    let day = |day: i64| day * 1_440;
    let consent = || opt_in(day(10));
    let written = |change: &mut ConsentChange<'static>| {
        change.basis = Some(Basis::ExpressWritten);
        change.address = Address::new("+13125550147".into());
        if let Some(evidence) = &mut change.evidence {
            (evidence.signature, evidence.number_named, evidence.not_condition_of_purchase) =
                (true, true, true);
        }
    };
    let us_sms = || sms().but(|m| m.address = Address::new("+13125550147".into()));
    let order = || exempt(message(), Category::Transactional);
    check_all! {
        "S01": [consent()], message() => APPROVED;
        "S02": [consent(), opt_out(day(32))], message() => OPTED_OUT;
        "S03": [opt_out(day(32)), consent()], message() => OPTED_OUT;
        "S04": [], message() => NO_CONSENT;
        // with the GB pack: blocked.soft_opt_in_condition
        "S06":
            [
                event(Action::Relationship, at(day(15))).any_channel().purpose(None).with(|change| { change.kind = Some(RelationshipKind::Purchase); change.context_flags = flags::DETAILS_OBTAINED_DIRECTLY | flags::REFUSAL_OFFERED_AT_COLLECTION; })
            ],
            message() => "blocked.basis_not_accepted";
        "S07": [opt_out(day(32)).any_channel().no_address()], order() => "approved.transactional";
        "S08":
            [consent().sms().with(written), texted(day(32), "stop!").address("+13125550147")],
            us_sms() => OPTED_OUT;
        "S11":
            [event(Action::OptInRequested, at(day(51)))],
            message() => "blocked.pending_confirmation";
        "S12":
            [
                consent(),
                event(Action::HardBounce, at(day(41))).unscoped().with(|change| { change.smtp = Some("5.1.1".into()); })
            ],
            message() => "blocked.undeliverable";
    }
}

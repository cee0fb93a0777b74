//! Step 6 of `docs/law.md` section 10 for the two classes with a rule of their own: the one confirmation of
//! an opt-out and the one request for consent; and what packs ask of service messages.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::type_complexity,
    reason = "a test that meets the unexpected must fail"
)]
mod harness;

use gate_core::policy::*;
use gate_core::*;
use harness::check::*;
use harness::policies::*;
use harness::*;

fn confirmation() -> OutboundMessage<'static> {
    exempt(message(), Category::OptoutConfirmation)
}

fn confirmation_by_text() -> OutboundMessage<'static> {
    exempt(sms(), Category::OptoutConfirmation)
}

fn request() -> OutboundMessage<'static> {
    exempt(message(), Category::ConsentRequest).but(|m| m.purpose = Some("marketing".into()))
}

fn requested(minutes: i64) -> Event {
    event(Action::OptInRequested, at(minutes))
}

/// Another message that went out, as some other program reports it.
fn sent(minutes: i64, id: &'static str) -> Event {
    event(Action::Sent, at(minutes)).with(|change| change.message_id = Some(id.into()))
}

/// An earlier approval of the gate for the same sender.
fn approved(id: &str, kind: SentKind, minutes: i64, of: &OutboundMessage<'_>) -> SentMessage {
    SentMessage::new(of, of.channel.unwrap(), event_key(id), kind, at(minutes))
}

const CONFIRMED: &str = "approved.optout_confirmation";
const WINDOW: &str = "blocked.confirmation_window";
const DUPLICATE: &str = "blocked.confirmation_duplicate";
const ASKED: &str = "approved.consent_request";
const REPEATED: &str = "blocked.consent_request_repeated";

#[test]
fn a_confirmation_follows_an_opt_out_within_five_minutes() {
    let window = 5 * 60 * 1_000_000;
    check(&[opt_out(10)], &confirmation(), at(10), CONFIRMED);
    check(&[opt_out(10)], &confirmation(), micros_later(at(10), window), CONFIRMED);
    check(&[opt_out(10)], &confirmation(), micros_later(at(10), window + 1), WINDOW);
    check(&[opt_out(10)], &confirmation(), micros_later(at(10), -1), WINDOW);
    check_all! {
        by &PolicySet::express_only(), at at(12);
        "nothing to confirm":
            [], confirmation() => "blocked.confirmation_window [confirmation_window]";
        "consent is none": [opt_in(10)], confirmation() => WINDOW;
        "the latest opt-out counts":
            [opt_out(1).brand(None), opt_out(10)], confirmation() => CONFIRMED;
        "it needs no consent and no refusal stops it":
            [opt_out(10).unscoped(), event(Action::Complaint, at(1))], confirmation() => CONFIRMED;
        "an opt-out of another brand": [opt_out(10).brand("zeta")], confirmation() => WINDOW;
        "an opt-out of another channel":
            [opt_out(10).channel(Channel::Sms)], confirmation() => WINDOW;
        "by contact alone": [opt_out(10).no_address()], confirmation() => CONFIRMED;
        "by address alone": [opt_out(10).no_contact()], confirmation() => CONFIRMED;
        "an objection is no opt-out": [event(Action::Object, at(10))], confirmation() => WINDOW;
        "a complaint is none": [event(Action::Complaint, at(10))], confirmation() => WINDOW;
        "an operator's suppression is none, and stops it":
            [event(Action::Suppress, at(10)).suppression(None)],
            confirmation() => "blocked.suppressed_global [suppressed_global confirmation_window]";
        "one of marketing does not stop it":
            [
                opt_out(10),
                event(Action::Suppress, at(11)).suppression(Some(SuppressionScope::Marketing))
            ],
            confirmation() => CONFIRMED;
        "STOP, confirmed from the number that received it":
            [texted(10, "stop")], confirmation_by_text() => CONFIRMED;
        "STOP to another of our numbers stops the brand as well":
            [texted(10, "stop").to(Some(OTHER_NUMBER))], confirmation_by_text() => CONFIRMED;
        "STOP to another number for another brand":
            [texted(10, "stop").to(Some(OTHER_NUMBER)).brand("zeta")],
            confirmation_by_text() => WINDOW;
        "a dead address": [opt_out(10), event(Action::HardBounce, at(11))],
            confirmation() => "blocked.undeliverable [undeliverable]";
        "an erased contact": [opt_out(10), event(Action::Erase, at(11)).no_address()],
            confirmation() => "blocked.erased";
        "with promotion it is marketing":
            [opt_in(1), opt_out(10)],
            confirmation().but(|m| m.content.promotional = None) => OPTED_OUT;
        "a clock that ran ahead counts from the receipt":
            [event(Action::OptOut, at(5_000)).received(at(10))], confirmation() => CONFIRMED;
    }
}

#[test]
fn an_opt_out_is_confirmed_once() {
    let decided = |history: &[Event], message: &OutboundMessage<'_>, before: &[SentMessage]| {
        let policies = PolicySet::express_only();
        let world = World::of(&numbered(history));
        let decision = world.decide_by(&policies, message, before, at(14));
        (decision.reason().code(), decision.counts_as())
    };
    let once = (CONFIRMED, Some(SentKind::Confirmation));
    let twice = (DUPLICATE, None);
    let history = [opt_out(10)];
    let earlier = |id, minutes| approved(id, SentKind::Confirmation, minutes, &confirmation());
    assert_eq!(decided(&history, &confirmation(), &[]), once);
    assert_eq!(decided(&history, &confirmation(), &[earlier("m0", 11)]), twice);
    assert_eq!(decided(&history, &confirmation(), &[earlier("m0", 10)]), twice);
    assert_eq!(decided(&history, &confirmation(), &[earlier("m1", 11)]), once, "the same message");
    assert_eq!(decided(&history, &confirmation(), &[earlier("m0", 9)]), once, "of an older one");
    let again = [opt_out(10), opt_out(12)];
    assert_eq!(decided(&again, &confirmation(), &[earlier("m0", 11)]), once, "refused again");
    // other approvals are no confirmations of it
    let marketing = approved("m0", SentKind::Marketing, 11, &confirmation());
    assert_eq!(decided(&history, &confirmation(), &[marketing]), once);
    // nobody knows whether there was one
    let lost = |minutes| [SentMessage::unknown(at(minutes), event_key("place"))];
    assert_eq!(decided(&history, &confirmation(), &lost(10)), twice);
    assert_eq!(decided(&history, &confirmation(), &lost(9)), once, "lost before the opt-out");
    let elsewhere = approved("m0", SentKind::Confirmation, 11, &confirmation_by_text());
    assert_eq!(decided(&history, &confirmation(), &[elsewhere]), once, "another channel");
    let zeta = confirmation().but(|m| m.controller = Some("zeta-ltd".into()));
    let theirs = approved("m0", SentKind::Confirmation, 11, &zeta);
    assert_eq!(decided(&history, &confirmation(), &[theirs]), once, "another controller");
    let nobodys = confirmation().but(|m| m.controller = None);
    let unknown = approved("m0", SentKind::Confirmation, 11, &nobodys);
    assert_eq!(decided(&history, &confirmation(), &[unknown]), twice, "who knows whose");
    let family =
        exempt(sms(), Category::OptoutConfirmation).but(|m| m.channel = Some(Channel::Rcs));
    let stop = [texted(10, "stop")];
    let by_rcs = approved("m0", SentKind::Confirmation, 11, &family);
    assert_eq!(decided(&stop, &confirmation_by_text(), &[by_rcs]), twice, "the same family");
    // reported by somebody else: nothing but a confirmation may follow a STOP
    assert_eq!(decided(&[opt_out(10), sent(11, "m0")], &confirmation(), &[]), twice);
    assert_eq!(decided(&[opt_out(10), sent(10, "m0")], &confirmation(), &[]), twice);
    assert_eq!(decided(&[opt_out(10), sent(9, "m0")], &confirmation(), &[]), once);
    assert_eq!(decided(&[opt_out(10), sent(11, "m1")], &confirmation(), &[]), once, "itself");
    let by_text = sent(11, "m0").channel(Channel::Sms);
    assert_eq!(decided(&[opt_out(10), by_text], &confirmation(), &[]), once);
    let late = decided(&[opt_out(8), sent(9, "m0")], &confirmation(), &[]);
    assert_eq!(late, ("blocked.confirmation_window", None));
}

#[test]
fn a_request_for_consent_follows_a_request_of_the_person() {
    check_all! {
        "nobody asked": [], request() => "blocked.no_consent [no_consent]";
        "asked": [requested(1)], request() => ASKED;
        "asked for another purpose of the sender":
            [requested(1).purpose("survey")], request() => ASKED;
        "asked another brand": [requested(1).brand("zeta")], request() => NO_CONSENT;
        "asked another controller": [requested(1).controller("zeta-ltd")], request() => NO_CONSENT;
        "asked on another channel": [requested(1).channel(Channel::Push)], request() => NO_CONSENT;
        "asked on no channel": [requested(1).any_channel()], request() => NO_CONSENT;
        "asked for another address":
            [requested(1).address("ben@example.org")], request() => NO_CONSENT;
        "asked for no address": [requested(1).no_address()], request() => NO_CONSENT;
        "somebody else asked": [requested(1).contact("dev")], request() => NO_CONSENT;
        "asked in the future": [requested(500).received(at(1))], request() => NO_CONSENT;
        "consent is no request": [opt_in(1)], request() => NO_CONSENT;
        "refused before, then asked": [opt_out(1), requested(2)], request() => ASKED;
        "asked, then refused":
            [requested(1), opt_out(2)], request() => "blocked.opted_out [opted_out]";
        "asked and refused at once": [requested(2), opt_out(2)], request() => OPTED_OUT;
        "asked, then objected":
            [requested(1), event(Action::Object, at(2))], request() => OPTED_OUT;
        "refused": [opt_out(1)], request() => OPTED_OUT;
        "refused elsewhere": [requested(1), opt_out(2).brand("zeta")], request() => ASKED;
        "the sending number was stopped":
            [requested(1).sms(), texted(2, "stop")],
            exempt(sms(), Category::ConsentRequest) => "blocked.opted_out [opted_out sender_stop]";
        "asked again after the STOP: the number stays silent":
            [texted(1, "stop"), requested(2).sms()],
            exempt(sms(), Category::ConsentRequest) => STOPPED;
        "a dead address":
            [requested(1), event(Action::HardBounce, at(2))], request() => "blocked.undeliverable";
        "with promotion it is marketing":
            [requested(1)],
            request().but(|m| m.content.promotional = Some(true))
                => "blocked.pending_confirmation";
    }
}

#[test]
fn a_request_for_consent_goes_out_once() {
    let decided = |history: &[Event], before: &[SentMessage]| {
        let policies = PolicySet::express_only();
        let world = World::of(&numbered(history));
        let decision = world.decide_by(&policies, &request(), before, at(30));
        (decision.reason().code(), decision.counts_as())
    };
    let once = (ASKED, Some(SentKind::Request));
    let twice = (REPEATED, None);
    let earlier = |id, minutes| approved(id, SentKind::Request, minutes, &request());
    assert_eq!(decided(&[requested(10)], &[]), once);
    assert_eq!(decided(&[requested(10)], &[earlier("m0", 11)]), twice);
    assert_eq!(decided(&[requested(10)], &[earlier("m1", 11)]), once, "the same message");
    assert_eq!(decided(&[requested(10)], &[earlier("m0", 9)]), once, "an older one");
    assert_eq!(decided(&[requested(10), requested(12)], &[earlier("m0", 11)]), once, "asked again");
    assert_eq!(decided(&[requested(10), requested(11)], &[earlier("m0", 11)]), twice);
    let confirmation = approved("m0", SentKind::Confirmation, 11, &request());
    assert_eq!(decided(&[requested(10)], &[confirmation]), once);
    let lost = [SentMessage::unknown(at(11), event_key("place"))];
    assert_eq!(decided(&[requested(10)], &lost), twice, "nobody knows whether there was one");
    assert_eq!(decided(&[requested(12)], &lost), once, "asked for after that");
    let report = |purpose: &'static str| [requested(10), sent(11, "m0").purpose(purpose)];
    assert_eq!(decided(&report("marketing"), &[]), twice);
    assert_eq!(decided(&report("service.order"), &[]), once, "that was something else");
    assert_eq!(decided(&[requested(10), sent(11, "m0").purpose(None)], &[]), twice);
    assert_eq!(decided(&[], &[earlier("m0", 11)]), twice, "never asked, but was written to");
}

#[test]
fn packs_say_whether_one_may_ask_without_being_asked() {
    let set = |rule| only([base("base").having(|r| r.consent_request = rule)]);
    let ask = || in_aa(request());
    check_all! {
        by &set(ConsentRequest::Once), at at(NOW);
        "once": [], ask() => ASKED;
        "or when asked": [requested(1)], ask() => ASKED;
        "not after a refusal": [opt_out(1)], ask() => OPTED_OUT;
        "not again": [sent(1, "m0").purpose("marketing")], ask() => REPEATED;
        "again when asked": [sent(1, "m0").purpose("marketing"), requested(2)], ask() => ASKED;
        "elsewhere the strict pack counts": [], request() => NO_CONSENT;
    }
    check_all! {
        by &set(ConsentRequest::Never), at at(NOW);
        "never": [], ask() => NO_CONSENT;
        "not even when asked": [requested(1)], ask() => NO_CONSENT;
    }
    // of two candidates the stricter counts
    let once = base("once").having(|r| r.consent_request = ConsentRequest::Once);
    let mut parts = parts([land("AA", [once]), land("BB", [base("BB/base")])]);
    numbered_as(&mut parts, &[("44", &["BB"], &["Europe/London"])]);
    let policies = PolicySet::new(parts).unwrap();
    let text = || in_aa(exempt(sms(), Category::ConsentRequest));
    check_by(&policies, &[], &text(), at(NOW), NO_CONSENT);
    check_by(&policies, &[], &text().but(|m| m.jurisdiction_verified = true), at(NOW), ASKED);
}

#[test]
fn packs_can_ask_something_of_service_messages() {
    let asks = |element, consent| {
        only([base("base").having(|r| {
            r.transactional = Transactional {
                content: content(element),
                consent: bases(consent),
                ..Transactional::default()
            };
        })])
    };
    let order = || in_aa(exempt(message(), Category::Service));
    let receipt = "approved.transactional";
    let naming = |identity, unsubscribe| {
        order().but(|m| {
            (m.content.sender_identity, m.content.unsubscribe) = (identity, unsubscribe);
        })
    };
    let identity = asks(&[Element::SenderIdentity, Element::Unsubscribe], &[]);
    let missing = "blocked.content_requirement [content_requirement]";
    check_all! {
        by &identity, at at(NOW);
        "both": [], naming(Some(true), Some(true)) => receipt;
        "unknown": [], naming(Some(true), None) => missing;
        "false": [], naming(Some(false), Some(true)) => missing;
        "an emergency needs none":
            [], naming(None, None).but(|m| m.category = Category::Emergency)
                => "approved.emergency";
        "a legal notice needs none":
            [], naming(None, None).but(|m| m.category = Category::LegalNotice)
                => "approved.legal_notice";
        "marketing does not either": [opt_in(1)], in_aa(message()) => APPROVED;
    }
    let decision = check_by(&identity, &[], &naming(None, Some(true)), at(NOW), missing);
    assert_eq!(decision.detail(), Detail::Missing(content(&[Element::SenderIdentity])));
    let none = "blocked.no_consent [no_consent]";
    check_all! {
        by &asks(&[], &[Basis::Express]), at at(NOW);
        "none": [], order() => none;
        "for any purpose": [opt_in(1)], order() => receipt;
        "written": [opt_in(1).with(|c| c.basis = Some(Basis::ExpressWritten))], order() => receipt;
        "another basis": [opt_in(1).with(|c| c.basis = Some(Basis::Implied))], order() => none;
        "without evidence": [opt_in(1).no_evidence()], order() => none;
        "another channel": [opt_in(1).channel(Channel::Push)], order() => none;
        "another brand": [opt_in(1).brand("zeta")], order() => none;
        "another address": [opt_in(1).address("ben@example.org")], order() => none;
        "not confirmed": [requested(1)], order() => none;
        "confirmed": [event(Action::OptInConfirmed, at(1))], order() => receipt;
        "from the future": [opt_in(500).received(at(1))], order() => none;
        "a refusal of marketing leaves it alone": [opt_in(1), opt_out(2)], order() => receipt;
        "an objection leaves it alone":
            [opt_in(1), event(Action::Object, at(2))], order() => receipt;
        "a refusal of everything ends it": [opt_in(1), opt_out(2).purpose(None)], order() => none;
        "a refusal of the service ends it":
            [opt_in(1), opt_out(2).purpose("service")], order() => none;
        "one before does not": [opt_in(3), opt_out(2).purpose(None)], order() => receipt;
        "at the same instant it does": [opt_in(2), opt_out(2).purpose(None)], order() => none;
        "a message that does not say: refusals of marketing leave it alone":
            [opt_in(1), opt_out(2)], order().but(|m| m.purpose = None) => receipt;
        "a message that does not say: others do not":
            [opt_in(1), opt_out(2).purpose("survey")], order().but(|m| m.purpose = None) => none;
        "an erasure ends it":
            [opt_in(1).no_contact(), event(Action::Erase, at(2)).contact("dev")], order() => none;
        "an erasure of whoever had the address ends what Ben said for it":
            [opt_in(1), event(Action::Erase, at(2)).contact("dev")], order() => none;
        "STOP for another brand ends it on the number that received it":
            [opt_in(1).sms(), texted(2, "stop").brand("zeta")],
            in_aa(exempt(sms(), Category::Service))
                => "blocked.sender_stop [sender_stop no_consent]";
    }
    let written = asks(&[], &[Basis::ExpressWritten]);
    check_by(&written, &[opt_in(1)], &order(), at(NOW), none);
    let elsewhere = || {
        let text = in_aa(exempt(sms(), Category::Service));
        text.but(|m| m.sender_number = Some(OTHER_NUMBER.into()))
    };
    check_all! {
        by &asks(&[], &[Basis::Express]), at at(NOW);
        "STOP to the marketing number is no refusal of the fraud alert from another":
            [opt_in(1).sms(), texted(2, "stop")], elsewhere() => receipt;
        "STOPALL neither": [opt_in(1).sms(), texted(2, "stop all")], elsewhere() => receipt;
        "also where the message does not say its purpose":
            [opt_in(1).sms(), texted(2, "stop")], elsewhere().but(|m| m.purpose = None) => receipt;
        "STOP to that very number is":
            [opt_in(1).sms(), texted(2, "stop").to(Some(OTHER_NUMBER))],
            elsewhere() => "blocked.sender_stop [sender_stop no_consent]";
        "an opt-out without a purpose is one of everything":
            [opt_in(1).sms(), opt_out(2).sms().purpose(None)], elsewhere() => none;
    }
    // after the waiver one refusal ends all (47 CFR 64.1200(a)(10))
    let revoking = addition("revoke-all").having(|rule| {
        rule.channels = channels(&[Channel::Sms, Channel::VoiceAuto]);
        (rule.from, rule.revoke_all) = (at(50), true);
    });
    let asking = base("base").having(|r| r.transactional.consent = bases(&[Basis::Express]));
    let revoking = only([asking, revoking]);
    let stopped = [opt_in(1).sms(), texted(2, "stop")];
    check_by(&revoking, &stopped, &elsewhere(), micros_later(at(50), -1), receipt);
    check_by(&revoking, &stopped, &elsewhere(), at(50), none);
    check_all! {
        by &revoking, at at(NOW);
        "a refusal of everything by another channel of the rule":
            [opt_in(1).sms(), opt_out(2).channel(Channel::VoiceAuto).purpose(None)],
            elsewhere() => none;
        "one of marketing by a form says what it refuses":
            [opt_in(1).sms(), opt_out(2).channel(Channel::VoiceAuto)], elsewhere() => receipt;
        "consent again": [opt_in(1).sms(), texted(2, "stop"), opt_in(3).sms()], elsewhere() => receipt;
    }
    // an addition asks as well
    let adds = addition("more").having(|r| r.transactional.consent = bases(&[Basis::Express]));
    check_by(&only([base("base"), adds]), &[], &order(), at(NOW), none);
}

/// Who gives a number in a relationship agrees to texts of that relationship; it does instead of consent.
#[test]
fn a_relationship_does_instead_of_consent_for_service_messages() {
    let asks = |names: &[&str]| {
        let rule = base("base").having(|r| {
            r.transactional.consent = bases(&[Basis::Express]);
            r.transactional.relationships = names.iter().map(|name| condition(name)).collect();
        });
        only([rule])
    };
    let alert = || in_aa(exempt(sms(), Category::Service));
    let elsewhere = || alert().but(|m| m.sender_number = Some(OTHER_NUMBER.into()));
    let bought = |minutes| {
        event(Action::Relationship, at(minutes)).sms().any_channel().purpose(None).with(|c| {
            c.kind = Some(RelationshipKind::Purchase);
            c.context_flags = flags::DETAILS_OBTAINED_DIRECTLY;
        })
    };
    let receipt = "approved.transactional";
    let none = "blocked.no_consent [no_consent]";
    check_all! {
        by &asks(&["details_obtained_directly"]), at at(NOW);
        "nothing on file": [], alert() => none;
        "the number was given in a purchase": [bought(1)], alert() => receipt;
        "or without a kind": [bought(1).with(|c| c.kind = None)], alert() => receipt;
        "consent does as well": [opt_in(1).sms()], alert() => receipt;
        "not given directly": [bought(1).with(|c| c.context_flags = 0)], alert() => none;
        "given to another controller": [bought(1).controller("zeta-ltd")], alert() => none;
        "given to nobody knows whom": [bought(1).controller(None)], alert() => none;
        "no brand is any of the controller": [bought(1).brand(None)], alert() => receipt;
        "another brand": [bought(1).brand("zeta")], alert() => none;
        "another number": [bought(1).address("+447700900457")], alert() => none;
        "no number": [bought(1).no_address()], alert() => none;
        "another person's": [bought(1).contact("dev")], alert() => none;
        "another channel": [bought(1).channel(Channel::Email)], alert() => none;
        "for this channel": [bought(1).channel(Channel::Sms)], alert() => receipt;
        "for another purpose": [bought(1).purpose("service.other")], alert() => none;
        "for its parent": [bought(1).purpose("service")], alert() => receipt;
        "from the future": [bought(500).received(at(1))], alert() => none;
        "it has ended": [bought(1).with(|c| c.expires_at = Some(at(NOW)))], alert() => none;
        "it ends next":
            [bought(1).with(|c| c.expires_at = Some(micros_later(at(NOW), 1)))], alert() => receipt;
        "STOP to that number":
            [bought(1), texted(2, "stop")], alert() => "blocked.sender_stop [sender_stop no_consent]";
        "STOP to another number leaves it": [bought(1), texted(2, "stop")], elsewhere() => receipt;
        "a refusal of marketing leaves it": [bought(1), opt_out(2).sms()], alert() => receipt;
        "a refusal of everything ends it": [bought(1), opt_out(2).sms().purpose(None)], alert() => none;
        "at the same instant too": [bought(2), opt_out(2).sms().purpose(None)], alert() => none;
        "one before does not": [bought(3), opt_out(2).sms().purpose(None)], alert() => receipt;
        "a new holder of the number":
            [bought(1), event(Action::AddressReassigned, at(2)).sms()],
            alert() => "blocked.number_reassigned [number_reassigned no_consent]";
        "marketing needs more": [bought(1)], in_aa(sms()) => "blocked.basis_not_accepted";
    }
    check_all! {
        by &asks(&["details_obtained_directly", "not_refused"]), at at(NOW);
        "all of the flags": [bought(1)], alert() => none;
        "are needed":
            [bought(1).with(|c| c.context_flags |= flags::NOT_REFUSED)], alert() => receipt;
    }
    check_all! {
        by &asks(&[]), at at(NOW);
        "without any listed only consent does": [bought(1)], alert() => none;
    }
}

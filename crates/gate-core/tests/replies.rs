//! STOP, START, YES and double opt-in: `docs/law.md` section 5, as tables.
mod harness;

use gate_core::*;
use harness::check::*;
use harness::*;

#[test]
fn stop_and_start() {
    let consent = || opt_in(1).sms();
    let stop = |minutes| texted(minutes, "Stop!");
    let start = |minutes| texted(minutes, "START");
    let yes = |minutes| texted(minutes, "YES");
    let from_other = || sms().but(|m| m.sender_number = Some(OTHER_NUMBER.into()));
    let unknown = || sms().but(|m| m.sender_number = None);
    let zeta = || sms().but(|m| m.brand = Some("zeta".into()));
    let order = || exempt(sms(), Category::Transactional);
    let web_opt_out = |minutes| opt_out(minutes).sms().purpose(None);
    check_all! {
        "STOP":
            [consent(), stop(2)], sms() => "blocked.opted_out [opted_out sender_stop no_consent]";
        "STOP from another of our numbers stops the brand":
            [consent(), stop(2)], from_other() => "blocked.opted_out [opted_out no_consent]";
        "STOP stops another brand on the same number":
            [consent().brand("zeta"), stop(2)],
            zeta() => "blocked.sender_stop [sender_stop no_consent]";
        "STOP leaves another brand on another number":
            [consent().brand("zeta"), stop(2)],
            from_other().but(|m| m.brand = Some("zeta".into())) => APPROVED;
        "STOPALL stops every brand":
            [consent().brand("zeta"), texted(2, "stop all")],
            from_other().but(|m| m.brand = Some("zeta".into())) => OPTED_OUT;
        "STOP covers mms":
            [consent().channel(Channel::Mms), stop(2)],
            from_other().but(|m| m.channel = Some(Channel::Mms)) => OPTED_OUT;
        "STOP leaves e-mail": [opt_in(1), stop(2)], message() => APPROVED;
        "STOP stops a receipt from the number":
            [stop(2)], order() => "blocked.sender_stop [sender_stop]";
        "a receipt from another number passes":
            [stop(2)],
            order().but(|m| m.sender_number = Some(OTHER_NUMBER.into()))
                => "approved.transactional";
        "a receipt from who knows which number does not":
            [stop(2)], order().but(|m| m.sender_number = None) => STOPPED;
        "STOP to an unknown number stops all": [stop(2).to(None)], order() => STOPPED;
        "STOP to a blank number stops all": [stop(2).to(Some(" "))], order() => STOPPED;
        "the number written without its country code":
            [stop(2).to(Some("800 555 0199"))], order() => STOPPED;
        "the number as a provider of that channel writes it":
            [stop(2).to(Some("whatsapp:+18005550199"))], order() => STOPPED;
        "and before a national one":
            [stop(2).to(Some("sms:(800) 555-0199"))], order() => STOPPED;
        "a misspelt and polite one":
            [consent(), texted(2, "Could you please unsubcribe me")], sms() => OPTED_OUT;
        "a wrong number is a refusal of that number and brand":
            [consent(), texted(2, "Sorry, wrong number")],
            sms() => "blocked.opted_out [opted_out sender_stop no_consent]";
        "a reaction to our own text is none":
            [consent(), texted(2, "Liked “Sale. Reply STOP to opt out”")], sms() => APPROVED;
        "a question permits nothing": [consent(), stop(2), texted(3, "Start?")], sms() => OPTED_OUT;
        "STOP by a second contact with the phone":
            [consent(), stop(2).contact("dev")], sms() => OPTED_OUT;
        "everything from the number: a call too":
            [consent().channel(Channel::VoiceAuto), stop(2)],
            sms().but(|m| m.channel = Some(Channel::VoiceAuto))
                => "blocked.opted_out [opted_out sender_stop no_consent]";
        "an automated call of the brand from another number: revocation reaches robocalls":
            [consent().channel(Channel::VoiceAuto), stop(2)],
            from_other().but(|m| m.channel = Some(Channel::VoiceAuto))
                => "blocked.opted_out [opted_out no_consent]";
        "of another brand from another number passes":
            [consent().channel(Channel::VoiceAuto).brand("zeta"), stop(2)],
            from_other().but(|m| {
                (m.channel, m.brand) = (Some(Channel::VoiceAuto), Some("zeta".into()));
            }) => APPROVED;
        "of any brand after STOPALL":
            [consent().channel(Channel::VoiceAuto).brand("zeta"), texted(2, "stop all")],
            from_other().but(|m| {
                (m.channel, m.brand) = (Some(Channel::VoiceAuto), Some("zeta".into()));
            }) => OPTED_OUT;
        "a person who calls from another number passes":
            [consent().channel(Channel::VoiceLive), stop(2)],
            from_other().but(|m| m.channel = Some(Channel::VoiceLive)) => APPROVED;
        "a web opt-out of texts leaves automated calls":
            [consent().channel(Channel::VoiceAuto), web_opt_out(2)],
            from_other().but(|m| m.channel = Some(Channel::VoiceAuto)) => APPROVED;
        "START by text gives texts back, not automated calls":
            [consent().channel(Channel::VoiceAuto), stop(2), start(3)],
            sms().but(|m| m.channel = Some(Channel::VoiceAuto)) => OPTED_OUT;
        "a new consent to calls does":
            [stop(2), consent().channel(Channel::VoiceAuto).with(|c| c.occurred_at = at(3))],
            from_other().but(|m| m.channel = Some(Channel::VoiceAuto)) => APPROVED;
        "STOP written on WhatsApp stops WhatsApp":
            [consent().channel(Channel::Whatsapp), stop(2).channel(Channel::Whatsapp)],
            from_other().but(|m| m.channel = Some(Channel::Whatsapp)) => OPTED_OUT;
        "STOP written on WhatsApp stops texts":
            [consent(), stop(2).channel(Channel::Whatsapp)], from_other() => OPTED_OUT;
        "cancel my order is no STOP": [consent(), texted(2, "cancel my order")], sms() => APPROVED;
        "HELP changes nothing": [consent(), texted(2, "HELP")], sms() => APPROVED;
        // START
        "START restores proven consent": [consent(), stop(2), start(3)], sms() => APPROVED;
        "START creates none": [start(3)], sms() => NO_CONSENT;
        "START after STOP creates none":
            [stop(2), start(3)], sms() => "blocked.no_consent [no_consent]";
        "START restores no unproven consent":
            [consent().no_evidence(), stop(2), start(3)], sms() => "blocked.evidence_incomplete";
        "START before STOP": [consent(), start(2), stop(3)], sms() => OPTED_OUT;
        "START does not restore another brand":
            [consent().brand("zeta"), opt_out(2).sms().brand("zeta"), start(3)],
            zeta() => OPTED_OUT;
        "START of no brand restores none":
            [consent(), stop(2), start(3).brand(None)],
            sms() => "blocked.opted_out [opted_out no_consent]";
        "START to one number leaves the STOP of another":
            [consent(), stop(2), start(3).to(Some(OTHER_NUMBER))],
            sms() => "blocked.sender_stop [sender_stop no_consent]";
        "also where the message does not say its number":
            [consent(), stop(2), start(3).to(Some(OTHER_NUMBER))], unknown() => STOPPED;
        "START to no number leaves the STOP":
            [consent(), stop(2), start(3).to(None)], sms() => STOPPED;
        "START to the number lifts it for a message that does not say":
            [consent(), stop(2), start(3)], unknown() => APPROVED;
        "START to the number lifts a STOP to an unknown one, for that number":
            [consent(), stop(2).to(None), start(3)], sms() => APPROVED;
        "START lets receipts pass again": [stop(2), start(3)], order() => "approved.transactional";
        "START by another contact restores nothing for Ben":
            [consent(), stop(2), start(3).contact("dev")], sms() => OPTED_OUT;
        "START does not bring e-mail back":
            [opt_in(1), opt_out(2), start(3)], message() => OPTED_OUT;
        "START ends a web opt-out of the brand":
            [consent(), web_opt_out(2), start(3)], sms() => APPROVED;
        "a later web opt-in lifts STOP": [stop(1), opt_in(2).sms()], sms() => APPROVED;
        "START on WhatsApp does not restart texts":
            [consent(), opt_out(2).sms(), start(3).channel(Channel::Whatsapp)], sms() => OPTED_OUT;
        // YES
        "YES lifts a STOP": [consent(), stop(2), yes(3)], sms() => APPROVED;
        "YES lifts no web opt-out": [consent(), web_opt_out(2), yes(3)], sms() => OPTED_OUT;
        "YES lifts a STOP but not the web opt-out beside it":
            [consent(), web_opt_out(2), stop(3), yes(4)],
            sms() => "blocked.opted_out [opted_out no_consent]";
        "YES lifts no objection":
            [consent(), event(Action::Object, at(2)).sms(), yes(3)], sms() => "blocked.objected";
        "YES creates nothing": [yes(3)], sms() => NO_CONSENT;
    }
}

/// An appointment reminder asks for a YES from a number of its own: that is no answer to the STOP of another.
#[test]
fn yes_lifts_a_stop_only_at_the_number_that_was_stopped() {
    let consent = || opt_in(1).sms();
    let stop = |minutes| texted(minutes, "Stop!");
    let yes = |minutes| texted(minutes, "YES");
    let from_other = || sms().but(|m| m.sender_number = Some(OTHER_NUMBER.into()));
    let unknown = || sms().but(|m| m.sender_number = None);
    let order = || exempt(sms(), Category::Transactional);
    check_all! {
        "to another number, for a message from there":
            [consent(), stop(2), yes(3).to(Some(OTHER_NUMBER))],
            from_other() => "blocked.opted_out [opted_out no_consent]";
        "to another number, for a message from the stopped one":
            [consent(), stop(2), yes(3).to(Some(OTHER_NUMBER))],
            sms() => "blocked.opted_out [opted_out sender_stop no_consent]";
        "to the stopped number, for a message from there":
            [consent(), stop(2), yes(3)], sms() => APPROVED;
        "to the stopped number, for a message of the brand from another":
            [consent(), stop(2), yes(3)], from_other() => APPROVED;
        "to the stopped number, for a message that does not say":
            [consent(), stop(2), yes(3)], unknown() => APPROVED;
        "both numbers were stopped, one YES":
            [consent(), stop(2), stop(2).to(Some(OTHER_NUMBER)), yes(3)], sms() => OPTED_OUT;
        "both were stopped, YES to both":
            [
                consent(), stop(2), stop(2).to(Some(OTHER_NUMBER)), yes(3),
                yes(3).to(Some(OTHER_NUMBER))
            ],
            from_other() => APPROVED;
        "to the number a message is from, which nobody knows was stopped":
            [consent(), stop(2).to(None), yes(3)],
            sms() => "blocked.opted_out [opted_out sender_stop no_consent]";
        "to no number": [consent(), stop(2), yes(3).to(None)], sms() => OPTED_OUT;
        "a receipt from the number it was sent to, where another STOP reaches all":
            [stop(2).to(None), yes(3)], order() => STOPPED;
        "a receipt from the stopped number": [stop(2), yes(3)], order() => "approved.transactional";
        "at the instant of the STOP": [consent(), stop(2), yes(2)], sms() => OPTED_OUT;
        "a microsecond after it":
            [
                consent(), stop(2),
                yes(2).with(|c| c.occurred_at = micros_later(at(2), 1))
            ],
            sms() => APPROVED;
        "START to another number ends what the STOP refused of the brand":
            [consent(), stop(2), texted(3, "START").to(Some(OTHER_NUMBER))],
            from_other() => APPROVED;
    }
}

/// A provider's webhook names our number, and perhaps the brand it belongs to, but no company.
#[test]
fn start_without_a_controller_counts_where_number_and_brand_are_ours() {
    let consent = || opt_in(1).sms();
    let stop = |minutes| texted(minutes, "Stop!").controller(None);
    let start = |minutes| texted(minutes, "START").controller(None);
    let yes = |minutes| texted(minutes, "YES").controller(None);
    let from_other = || sms().but(|m| m.sender_number = Some(OTHER_NUMBER.into()));
    let web_opt_out = |minutes| opt_out(minutes).sms();
    check_all! {
        "to the number that was stopped, and the message's":
            [consent(), stop(2), start(3)], sms() => APPROVED;
        "a STOP that names the company":
            [consent(), stop(2).controller("acme-ltd"), start(3)], sms() => APPROVED;
        "to the number that was stopped, for a message from another":
            [consent(), stop(2), start(3)], from_other() => APPROVED;
        "to the message's number, an opt-out on the web": [consent(), web_opt_out(2), start(3)], sms() => APPROVED;
        "to another number, an opt-out on the web":
            [consent(), web_opt_out(2), start(3).to(Some(OTHER_NUMBER))], sms() => OPTED_OUT;
        "to no number": [consent(), stop(2), start(3).to(None)], sms() => OPTED_OUT;
        "of no brand": [consent(), stop(2), start(3).brand(None)], sms() => OPTED_OUT;
        "of another brand": [consent(), stop(2), start(3).brand("zeta")], sms() => OPTED_OUT;
        "of any brand of nobody knows whom":
            [consent(), stop(2), start(3).brand("any")], sms() => OPTED_OUT;
        "a message without a brand":
            [consent(), stop(2), start(3)], sms().but(|m| m.brand = None)
                => "blocked.opted_out";
        "at the instant of the STOP": [consent(), stop(2), start(2)], sms() => OPTED_OUT;
        "a microsecond after it":
            [
                consent(), stop(2),
                start(2).with(|c| c.occurred_at = micros_later(at(2), 1))
            ],
            sms() => APPROVED;
        "YES to the number that was stopped": [consent(), stop(2), yes(3)], sms() => APPROVED;
        "YES confirms nothing of nobody knows whom":
            [event(Action::OptInRequested, at(1)).sms(), yes(2)], sms()
                => "blocked.pending_confirmation";
        "it creates none": [start(3)], sms() => NO_CONSENT;
    }
}

/// One that says too little to end what stands is told, so that nobody wonders.
#[test]
fn start_without_effect_is_a_warning() {
    let consent = || opt_in(1).sms();
    let stop = |minutes| texted(minutes, "Stop!").controller(None);
    let start = |minutes| texted(minutes, "START").controller(None);
    let warned = |history: &[Event], message: OutboundMessage<'static>, expected: &str| {
        let decision = check_by(&PolicySet::express_only(), history, &message, at(NOW), expected);
        decision.warnings().iter().map(Warning::code).collect::<Vec<_>>().join(" ")
    };
    let idle = "warning.start_without_effect";
    assert_eq!(warned(&[consent(), stop(2), start(3).brand(None)], sms(), OPTED_OUT), idle);
    assert_eq!(warned(&[consent(), stop(2), start(3).to(None)], sms(), OPTED_OUT), idle);
    let named = texted(3, "START").to(None);
    assert_eq!(warned(&[consent(), stop(2), named], sms(), STOPPED), idle);
    let on_web = [consent(), opt_out(2).sms(), start(3).to(Some(OTHER_NUMBER))];
    assert_eq!(warned(&on_web, sms(), OPTED_OUT), idle);
    // one that did end it, that says whom it means, that is older, or that is another person's, is none
    assert_eq!(warned(&[consent(), stop(2), start(3)], sms(), APPROVED), "");
    let zeta = texted(3, "START").brand("zeta").to(Some(OTHER_NUMBER));
    assert_eq!(warned(&[consent(), stop(2), zeta], sms(), OPTED_OUT), "");
    assert_eq!(warned(&[consent(), start(2).brand(None), stop(3)], sms(), OPTED_OUT), "");
    assert_eq!(warned(&[consent(), start(2).brand(None), stop(2)], sms(), OPTED_OUT), "");
    let theirs = start(3).brand(None).contact("dev");
    assert_eq!(warned(&[consent(), stop(2), theirs], sms(), OPTED_OUT), "");
    let elsewhere = stop(1).brand("zeta").to(Some(OTHER_NUMBER));
    let vague = start(2).brand(None).to(None);
    assert_eq!(warned(&[consent(), elsewhere, vague, stop(3)], sms(), OPTED_OUT), "");
    let yes = texted(3, "YES").controller(None).brand(None);
    assert_eq!(warned(&[consent(), stop(2), yes], sms(), OPTED_OUT), "");
}

#[test]
fn double_opt_in() {
    let request = |minutes| event(Action::OptInRequested, at(minutes));
    let confirm = |minutes| event(Action::OptInConfirmed, at(minutes));
    let yes = |minutes| texted(minutes, "yes");
    let pending = "blocked.pending_confirmation";
    check_all! {
        "requested":
            [request(1)], message() => "blocked.pending_confirmation [pending_confirmation]";
        "requested for another channel":
            [request(1).channel(Channel::Push)], message() => NO_CONSENT;
        "confirmed": [request(1), confirm(2)], message() => APPROVED;
        "the confirmation leans on the request's evidence":
            [request(1), confirm(2).no_evidence()], message() => APPROVED;
        "not on a later one's": [request(3), confirm(2).no_evidence()], message() => pending;
        "not on one of another scope":
            [request(1).purpose("marketing.offers"), confirm(2).no_evidence()],
            message() => pending;
        "nobody has evidence":
            [request(1).no_evidence(), confirm(2).no_evidence()],
            message() => "blocked.evidence_incomplete [evidence_incomplete]";
        "not on another person's at a shared address":
            [request(1).contact("dev"), confirm(2).no_evidence()],
            message().but(|m| m.contact_id = None) => "blocked.evidence_incomplete";
        "not on its own past: refused in between":
            [request(1), confirm(2), opt_out(3), request(4)],
            message() => "blocked.opted_out [opted_out pending_confirmation]";
        // a link has one event id, however often its button is pressed (the door, gate-intake `confirmation.rs`)
        "pressed again after an opt-out, a link permits nothing":
            [request(1), confirm(2).id("c"), opt_out(3), confirm(4).id("c")],
            message() => "blocked.opted_out [opted_out no_consent]";
        "in any order":
            [confirm(4).id("c"), opt_out(3), confirm(2).id("c"), request(1)],
            message() => "blocked.opted_out [opted_out no_consent]";
        "a link of before an opt-out, first pressed after it, is a new act":
            [request(1), opt_out(2), confirm(3)], message() => APPROVED;
        // by text
        "YES confirms": [request(1).sms(), yes(2)], sms() => APPROVED;
        "START does not": [request(1).sms(), texted(2, "start")], sms() => pending;
        "YES before the request does not": [request(2).sms(), yes(1)], sms() => pending;
        "YES at the same instant does not": [request(2).sms(), yes(2)], sms() => pending;
        "YES to another brand does not": [request(1).sms(), yes(2).brand("zeta")], sms() => pending;
        "YES without evidence in the request":
            [request(1).sms().no_evidence(), yes(2)], sms() => "blocked.evidence_incomplete";
        "YES does not confirm a request by e-mail": [request(1), yes(2)], message() => pending;
        "YES of which only the number is known confirms what Ben asked for":
            [request(1).sms(), yes(2).no_contact()], sms() => APPROVED;
        "Ben's YES confirms a request of which only the number is known":
            [request(1).sms().no_contact(), yes(2)], sms() => APPROVED;
        "where the message names nobody either may be of whom only the number is known":
            [request(1).sms().no_contact(), yes(2)],
            sms().but(|m| m.contact_id = None) => APPROVED;
        "or both are Ben's":
            [request(1).sms(), yes(2)], sms().but(|m| m.contact_id = None) => APPROVED;
        "YES by another person does not":
            [request(1).sms(), yes(2).contact("dev")], sms() => pending;
        "nor where the message names nobody":
            [request(1).sms(), yes(2).contact("dev")],
            sms().but(|m| m.contact_id = None) => pending;
        "a refusal in between ends the request":
            [request(1).sms(), opt_out(2).sms(), yes(3)],
            sms() => "blocked.opted_out [opted_out pending_confirmation]";
        "a STOP in between ends the request":
            [request(1).sms(), texted(2, "stop"), yes(3)],
            sms() => "blocked.pending_confirmation [pending_confirmation]";
        "a refusal at the instant of YES":
            [request(1).sms(), opt_out(3).sms(), yes(3)], sms() => OPTED_OUT;
        "a refusal after it": [request(1).sms(), yes(2), opt_out(3).sms()], sms() => OPTED_OUT;
        "START does not bring back what a YES confirmed and a STOP ended":
            [request(1).sms(), yes(2), texted(3, "stop"), texted(4, "start")], sms() => pending;
        "nor what a refusal ended before the YES":
            [
                request(1).sms(), opt_out(2).sms(), yes(3), opt_out(5).sms(), texted(6, "start")
            ],
            sms() => pending;
        "a confirmed request revives from an earlier refusal":
            [opt_out(1).sms(), request(2).sms(), yes(3)], sms() => APPROVED;
    }
}

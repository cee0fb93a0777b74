//! A pack's `revoke_all`: one refusal on any of its rule's channels ends all marketing of the controller on all
//! of them (47 CFR 64.1200(a)(10) once its waiver is over).

use crate::harness::check::*;
use crate::harness::policies::*;
use crate::harness::*;
use gate_core::*;

fn revoking(base: policy::Rule) -> PolicySet {
    let all = addition("AA/revoke-all").having(|rule| {
        rule.channels = channels(&[Channel::Sms, Channel::Mms, Channel::VoiceAuto]);
        rule.revoke_all = true;
    });
    only([base, all])
}

fn text() -> OutboundMessage<'static> {
    in_aa(sms())
}

fn consent() -> Event {
    opt_in(1).sms()
}

/// A refusal of automated calls, for another brand and purpose.
fn refused(minutes: i64) -> Event {
    let refused = opt_out(minutes).address(PHONE).channel(Channel::VoiceAuto);
    refused.brand("zeta").purpose("survey")
}

#[test]
fn one_refusal_ends_all_of_the_channels() {
    check_all! {
        by &revoking(base("AA/base")), at at(NOW);
        "of another channel, brand and purpose":
            [consent(), refused(2)], text() => OPTED_OUT;
        "of a channel that the rule leaves out":
            [consent(), refused(2).channel(Channel::Email)], text() => APPROVED;
        "of a channel of its family that it leaves out":
            [consent(), refused(2).channel(Channel::Rcs)], text() => APPROVED;
        "of no channel": [consent(), refused(2).any_channel()], text() => OPTED_OUT;
        "of another controller":
            [consent(), refused(2).controller("zeta-ltd")], text() => APPROVED;
        "of whom nobody knows": [consent(), refused(2).controller(None)], text() => OPTED_OUT;
        "by another person with the number":
            [consent(), refused(2).contact("dev")], text() => OPTED_OUT;
        "by the person, for another number":
            [consent(), refused(2).address("+447700900457")], text() => OPTED_OUT;
        "by text for another brand":
            [consent(), texted(2, "stop").to(Some(OTHER_NUMBER)).brand("zeta")], text()
                => OPTED_OUT;
        "a channel of no such rule":
            [consent().channel(Channel::Rcs), refused(2)],
            text().but(|m| m.channel = Some(Channel::Rcs)) => APPROVED;
        "before the consent":
            [refused(1), consent().with(|c| { c.occurred_at = at(2); })], text() => APPROVED;
        "a receipt passes":
            [refused(2)], exempt(text(), Category::Service) => "approved.transactional";
        "elsewhere it does not": [consent(), refused(2)], sms() => APPROVED;
        "consent again": [consent(), refused(2), opt_in(3).sms()], text() => APPROVED;
        "consent again, on another channel":
            [consent(), refused(2), opt_in(3).sms().channel(Channel::VoiceAuto)], text()
                => OPTED_OUT;
        "START gives it back": [consent(), refused(2), texted(3, "start")], text() => APPROVED;
        "YES lifts no such refusal": [consent(), refused(2), texted(3, "yes")], text() => OPTED_OUT;
    }
    let free_rule = revoking(free("AA/free"));
    let decision =
        check_by(&free_rule, &[refused(2)], &text(), at(NOW), "blocked.opted_out [opted_out]");
    assert_eq!(decision.detail(), Detail::Scope("sender"));
    // the scope of a refusal that covers the message by itself is told first
    let both = [refused(2), opt_out(3).sms()];
    let decision = check_by(&free_rule, &both, &text(), at(NOW), OPTED_OUT);
    assert_eq!(decision.detail(), Detail::Scope("purpose"));
}

/// It ends consent as any refusal does: what comes after must stand by itself.
#[test]
fn what_it_ended_stays_ended() {
    check_all! {
        by &revoking(base("AA/base")), at at(NOW);
        "the consent that was given before":
            [consent(), refused(2)], text() => "blocked.opted_out [opted_out no_consent]";
        "consent again, without evidence":
            [consent(), refused(2), opt_in(3).sms().no_evidence()],
            // the refusal itself stands too: only consent that can be proven ends one
            text() => "blocked.opted_out [opted_out evidence_incomplete]";
    }
}

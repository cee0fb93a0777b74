//! What frees from a window, a cap or a prohibition: a basis that counts, or a relationship that runs.

use crate::harness::check::*;
use crate::harness::policies::*;
use crate::harness::*;
use gate_core::policy::*;
use gate_core::*;

const DEFERRED: &str = "deferred.quiet_hours [quiet_hours]";
const FREE: &str = "approved.opt_out_regime";
const PROHIBITED: &str = "blocked.basis_not_accepted [basis_not_accepted]";
/// `at(0)` is 08:00.
const NIGHT: i64 = 15 * 60;

fn by_consent() -> Exemption {
    Exemption { bases: bases(&[Basis::Express]), kinds: Vec::new() }
}

fn by_purchase_in(period: Period) -> Exemption {
    Exemption { bases: BasisSet::default(), kinds: vec![kind(RelationshipKind::Purchase, period)] }
}

/// No consent is needed, but it counts where it is given.
fn open(edit: impl FnOnce(&mut Rule)) -> Rule {
    free("AA/free").having(|rule| rule.bases = vec![BasisRule::express()]).having(edit)
}

fn kept(exempt: Exemption) -> PolicySet {
    let hours = daily(&["08:00-20:00"]).having(|hours| hours.exempt = exempt);
    only([open(|rule| rule.hours = Some(hours))])
}

/// Ben bought something and did not refuse.
fn purchase(minutes: i64) -> Event {
    event(Action::Relationship, at(minutes)).any_channel().purpose(None).with(|change| {
        change.kind = Some(RelationshipKind::Purchase);
        change.context_flags = flags::NOT_REFUSED;
    })
}

fn offer() -> OutboundMessage<'static> {
    in_aa(message()).but(|m| m.product_group = Some("tents".into()))
}

#[test]
fn consent_frees_from_hours() {
    check_all! {
        by &kept(by_consent()), at at(NIGHT);
        "nothing on file": [], offer() => DEFERRED;
        "consent": [opt_in(1)], offer() => APPROVED;
        "consent that was refused": [opt_in(1), opt_out(2)], offer() => "blocked.opted_out";
        "a purchase is no consent": [purchase(1)], offer() => DEFERRED;
        "without evidence": [opt_in(1).no_evidence()], offer() => DEFERRED;
        "for another brand": [opt_in(1).brand("zeta")], offer() => DEFERRED;
    }
    check_by(&kept(Exemption::default()), &[opt_in(1)], &offer(), at(NIGHT), DEFERRED);
    // where no zone is known, the exempt need none
    let nowhere = policies([land("AA", kept(by_consent()).parts().rules[..1].to_vec())
        .having(|land| land.zones = Vec::new())]);
    check_by(&nowhere, &[opt_in(1)], &offer(), at(NIGHT), APPROVED);
    check_by(&nowhere, &[], &offer(), at(NIGHT), "blocked.quiet_hours");
}

#[test]
fn a_relationship_frees_from_hours_while_it_runs() {
    let policies = kept(by_purchase_in(days(10)));
    // ten days after minute 60, at 09:00, and the same with 22:00 in between
    let after = |minutes: i64| at(10 * 1_440 + minutes);
    let bought = [purchase(NIGHT)];
    check_by(&policies, &bought, &offer(), micros_later(after(NIGHT), -1), FREE);
    check_by(&policies, &bought, &offer(), after(NIGHT), DEFERRED);
    let refusing = purchase(1).with(|change| change.context_flags = 0);
    check_by(&policies, &[refusing], &offer(), at(NIGHT), DEFERRED);
    check_by(&policies, &[purchase(1).brand("zeta")], &offer(), at(NIGHT), DEFERRED);
    check_by(&policies, &[purchase(1).contact("dev")], &offer(), at(NIGHT), DEFERRED);
    // each rule has exemptions of its own
    let other = addition("AA/more").having(|rule| rule.hours = Some(daily(&["00:00-21:00"])));
    let both = only([policies.rules()[0].clone(), other]);
    check_by(&both, &bought, &offer(), at(NIGHT + 1), DEFERRED);
    check_by(&both, &bought, &offer(), at(NIGHT + 1_440 - 121), FREE);
}

#[test]
fn an_exemption_frees_from_its_cap_alone() {
    let capped = |exempt: Exemption| {
        let cap = cap(1, 24, PerSender::Controller).having(|cap| cap.exempt = exempt);
        only([open(|rule| rule.caps = vec![cap])])
    };
    let before =
        SentMessage::new(&offer(), Channel::Email, event_key("a"), SentKind::Marketing, at(10));
    let decide = |policies: &PolicySet, history: &[Event]| {
        let world = World::of(&numbered(history));
        world.decide_by(policies, &offer(), std::slice::from_ref(&before), at(20))
    };
    let code = |policies: &PolicySet, history: &[Event]| decide(policies, history).reason().code();
    let by_basis = capped(by_consent());
    assert_eq!(code(&by_basis, &[]), "blocked.frequency_cap");
    assert_eq!(code(&by_basis, &[opt_in(1)]), APPROVED);
    assert_eq!(code(&by_basis, &[purchase(1)]), "blocked.frequency_cap");
    let by_kind = capped(by_purchase_in(months(18)));
    assert_eq!(code(&by_kind, &[purchase(1)]), FREE);
    assert_eq!(code(&by_kind, &[opt_in(1)]), "blocked.frequency_cap");
    // what was exempt counts for what is not
    assert_eq!(decide(&by_kind, &[purchase(1)]).counts_as(), Some(SentKind::Marketing));
    let other = addition("AA/more").having(|r| r.caps = vec![cap(1, 24, PerSender::Brand)]);
    let both = only([by_kind.rules()[0].clone(), other]);
    assert_eq!(code(&both, &[purchase(1)]), "blocked.frequency_cap");
}

fn prohibiting(edit: impl FnOnce(&mut Rule)) -> PolicySet {
    let addition = addition("AA/closed").having(|rule| {
        rule.prohibited_unless = Some(Exemption::default());
        edit(rule);
    });
    only([open(|_| {}), addition])
}

#[test]
fn an_addition_prohibits_what_it_is_about() {
    let about = |purposes: &[&str], groups: &[&str]| {
        let texts = |all: &[&str]| all.iter().map(|text| String::from(*text)).collect();
        let of = AppliesTo { purposes: texts(purposes), product_groups: texts(groups) };
        prohibiting(|rule| rule.applies_to = Some(of))
    };
    let group = |group: &'static str| offer().but(|m| m.product_group = Some(group.into()));
    let purpose = |purpose: &'static str| offer().but(|m| m.purpose = Some(purpose.into()));
    let silent = offer().but(|m| (m.purpose, m.product_group) = (None, None));
    check_all! {
        by &prohibiting(|_| {}), at at(9);
        "everything": [], offer() => PROHIBITED;
        "consent or not": [opt_in(1)], offer() => PROHIBITED;
        "even what says nothing": [], silent => PROHIBITED;
        "a receipt is none of its business":
            [], exempt(offer(), Category::Service) => "approved.transactional";
    }
    check_all! {
        by &about(&[], &["energy"]), at at(9);
        "the group": [], group("energy") => PROHIBITED;
        "however it is spelt": [], group(" Energy ") => PROHIBITED;
        "a part of it": [], group("energy.solar") => PROHIBITED;
        "another group": [], group("energyx") => FREE;
        "no group": [], offer().but(|m| m.product_group = None) => FREE;
        "consent or not, the group": [opt_in(1)], group("energy") => PROHIBITED;
        "consent, another group": [opt_in(1)], group("tents") => APPROVED;
    }
    check_all! {
        by &about(&["marketing.claims"], &["pensions"]), at at(9);
        "the purpose": [], purpose("marketing.claims") => PROHIBITED;
        "below it": [], purpose("marketing.claims.injury") => PROHIBITED;
        "above it": [], purpose("marketing") => FREE;
        "beside it": [], purpose("marketing.offers") => FREE;
        "or the group": [], group("pensions") => PROHIBITED;
        "neither is stated": [], silent => FREE;
    }
    let similar = about(&[], &["energy"]);
    let mut parts = similar.parts().clone();
    parts.similar = vec![(String::from("energy"), String::from("heating"))];
    let similar = PolicySet::new(parts).unwrap();
    check_by(&similar, &[], &group("heating"), at(9), PROHIBITED);
    check_by(&similar, &[], &group("tents"), at(9), FREE);
}

#[test]
fn a_prohibition_begins_and_ends_on_its_day() {
    let policies = prohibiting(|rule| (rule.from, rule.until) = (at(100), at(200)));
    for (now, expected) in [
        (micros_later(at(100), -1), FREE),
        (at(100), PROHIBITED),
        (micros_later(at(200), -1), PROHIBITED),
        (at(200), FREE),
    ] {
        check_by(&policies, &[], &offer(), now, expected);
    }
}

#[test]
fn what_frees_from_a_prohibition() {
    let by_basis = prohibiting(|rule| rule.prohibited_unless = Some(by_consent()));
    check_all! {
        by &by_basis, at at(9);
        "nothing": [], offer() => PROHIBITED;
        "consent": [opt_in(1)], offer() => APPROVED;
        "consent without evidence": [opt_in(1).no_evidence()], offer() => PROHIBITED;
        "a purchase": [purchase(1)], offer() => PROHIBITED;
    }
    // a contract that runs, and ten days after it ended
    let contract = KindRule { while_running: true, ..kind(RelationshipKind::Contract, days(10)) };
    let unless = Exemption { bases: BasisSet::default(), kinds: vec![contract] };
    let by_contract = prohibiting(|rule| rule.prohibited_unless = Some(unless));
    let stated = |minutes: i64, active: u64| {
        purchase(minutes).with(|change| {
            change.kind = Some(RelationshipKind::Contract);
            change.context_flags |= active;
        })
    };
    let running = || stated(0, flags::RELATIONSHIP_ACTIVE);
    let day = |n: i64| at(n * 1_440);
    check_by(&by_contract, &[running()], &offer(), day(400), FREE);
    let ended = [running(), stated(1_440, 0)];
    check_by(&by_contract, &ended, &offer(), micros_later(day(11), -1), FREE);
    check_by(&by_contract, &ended, &offer(), day(11), PROHIBITED);
    check_by(&by_contract, &[opt_in(1)], &offer(), day(2), PROHIBITED);
    // a refusal stands whatever frees from the prohibition
    check_by(&by_basis, &[opt_in(1), opt_out(2)], &offer(), at(9), "blocked.opted_out");
    // what it accepts is what the base rule accepts: consent that has run out frees from nothing
    let short = only([open(|rule| rule.bases[0].valid_for = days(3)), by_basis.rules()[1].clone()]);
    check_by(&short, &[opt_in(0)], &offer(), micros_later(day(3), -1), APPROVED);
    check_by(&short, &[opt_in(0)], &offer(), day(3), PROHIBITED);
}

//! Steps 9, 10 and 12: age, do-not-call registries and content.

use crate::harness::check::*;
use crate::harness::policies::*;
use crate::harness::*;
use gate_core::policy::*;
use gate_core::*;

const LISTED: &str = "blocked.dnc_registry [dnc_registry]";
const STALE: &str = "blocked.registry_stale [registry_stale]";
const FREE: &str = "approved.opt_out_regime";

/// The answer of a registry about the phone, on a day.
fn answer(day: i64, name: Option<&'static str>, listed: Option<bool>) -> Event {
    event(Action::RegistryStatus, at(day * 1_440)).unscoped().address(PHONE).with(|change| {
        change.registry = name.map(Into::into);
        change.listed = listed;
    })
}

fn clear(day: i64) -> Event {
    answer(day, Some("tps"), Some(false))
}

fn listed(day: i64) -> Event {
    answer(day, Some("tps"), Some(true))
}

fn asking(registry: Registry) -> PolicySet {
    only([free("AA/free").having(|rule| {
        rule.bases = vec![BasisRule::express(), by_purchase(Basis::Implied)];
        rule.registries = vec![registry];
    })])
}

fn call() -> OutboundMessage<'static> {
    in_aa(sms()).but(|m| m.channel = Some(Channel::VoiceLive))
}

fn on_day(n: i64) -> Timestamp {
    at(n * 1_440)
}

/// A purchase of somebody who did not refuse to be called.
fn purchase(day: i64) -> Event {
    event(Action::Relationship, on_day(day)).any_channel().purpose(None).address(PHONE).with(|c| {
        (c.kind, c.context_flags) = (Some(RelationshipKind::Purchase), flags::NOT_REFUSED);
    })
}

#[test]
fn a_registry_must_have_been_asked() {
    let policies = asking(registry("tps"));
    check_all! {
        by &policies, at on_day(20);
        "never asked": [], call() => STALE;
        "clear": [clear(1)], call() => FREE;
        "listed": [listed(1)], call() => LISTED;
        "unknown counts as listed": [answer(1, Some("tps"), None)], call() => LISTED;
        "listed, then clear": [listed(1), clear(2)], call() => FREE;
        "clear, then listed": [clear(1), listed(2)], call() => LISTED;
        "both at one instant": [clear(1), listed(1)], call() => LISTED;
        "another number": [clear(1).address("+447700900457")], call() => STALE;
        "another number is listed":
            [clear(1), listed(2).address("+447700900457")], call() => FREE;
        "asked for somebody else": [clear(1).contact("dev")], call() => FREE;
        "asked for nobody": [clear(1).no_contact()], call() => FREE;
        "no number was asked about": [clear(1).no_address()], call() => STALE;
        "listed, whoever it was asked for": [clear(1), listed(2).contact("dev")], call() => LISTED;
        "listed without a number: all of the contact's":
            [clear(1), listed(2).no_address()], call() => LISTED;
        "an answer from the future": [clear(500).received(on_day(1))], call() => STALE;
        "spellings of the name":
            [answer(1, Some(" T.P.S. "), Some(false))], call() => FREE;
        "another name": [answer(1, Some("ctps"), Some(false))], call() => STALE;
        "no name": [answer(1, None, Some(false))], call() => STALE;
        "a blank name": [answer(1, Some(" "), Some(false))], call() => STALE;
        "a receipt needs no registry":
            [], exempt(call(), Category::Service) => "approved.transactional";
    }
}

/// A listing in a registry that no pack knows counts for every registry: nobody can tell which it is.
#[test]
fn a_listing_in_an_unknown_registry_counts() {
    let tps = || free("AA/free").having(|rule| rule.registries = vec![registry("tps")]);
    let other = base("BB/base").having(|rule| rule.registries = vec![registry("usdnc")]);
    let policies = policies([land("AA", [tps()]), land("BB", [other])]);
    check_all! {
        by &policies, at on_day(20);
        "unknown": [clear(1), answer(2, Some("robinson"), Some(true))], call() => LISTED;
        "no name": [clear(1), answer(2, None, Some(true))], call() => LISTED;
        "a blank name": [clear(1), answer(2, Some(" "), Some(true))], call() => LISTED;
        "nothing but punctuation": [clear(1), answer(2, Some("--"), Some(true))], call() => LISTED;
        "that of another land": [clear(1), answer(2, Some("US-DNC"), Some(true))], call() => FREE;
        "cleared since": [answer(1, Some("robinson"), Some(true)), clear(2)], call() => FREE;
        "that it is clear there says nothing":
            [answer(2, Some("robinson"), Some(false))], call() => STALE;
    }
}

#[test]
fn an_answer_grows_old() {
    let policies = asking(registry("tps"));
    let last = micros_later(on_day(29), -1);
    let decision = check_by(&policies, &[clear(1)], &call(), last, FREE);
    assert_eq!(decision.registry_checked(), Some(on_day(1)));
    check_by(&policies, &[clear(1)], &call(), on_day(29), STALE);
    let renewed = check_by(&policies, &[clear(1), clear(10)], &call(), on_day(29), FREE);
    assert_eq!(renewed.registry_checked(), Some(on_day(10)));
    // a listing does not grow old
    check_by(&policies, &[listed(1)], &call(), on_day(4_000), LISTED);
}

#[test]
fn the_oldest_of_several_answers_is_named() {
    let rule = |label, id| addition(label).having(|rule| rule.registries = vec![registry(id)]);
    let policies = only([free("AA/free"), rule("AA/tps", "tps"), rule("AA/ctps", "ctps")]);
    let ctps = |day, listed| answer(day, Some("ctps"), Some(listed));
    let decision = check_by(&policies, &[clear(9), ctps(5, false)], &call(), on_day(20), FREE);
    assert_eq!(decision.registry_checked(), Some(on_day(5)));
    check_by(&policies, &[clear(9)], &call(), on_day(20), STALE);
    let both = "blocked.dnc_registry [dnc_registry registry_stale]";
    let decision = check_by(&policies, &[ctps(5, true)], &call(), on_day(20), both);
    assert_eq!(decision.registry_checked(), None);
    let none = check_by(&only([free("AA/free")]), &[clear(9)], &call(), on_day(20), FREE);
    assert_eq!(none.registry_checked(), None, "no registry had to be asked");
}

#[test]
fn a_live_basis_overrides_a_listing() {
    let overridden = |by: &[Basis]| asking(registry("tps").having(|r| r.overridden_by = bases(by)));
    let consent = || opt_in(1).sms().channel(Channel::VoiceLive);
    let written = || consent().with(|c| c.basis = Some(Basis::ExpressWritten));
    check_all! {
        by &overridden(&[Basis::Express]), at on_day(20);
        "consent": [listed(1), consent()], call() => APPROVED;
        "a later listing does not withdraw it": [consent(), listed(10)], call() => APPROVED;
        "nobody asked": [consent()], call() => APPROVED;
        "written consent is express consent": [listed(1), written()], call() => APPROVED;
        "without evidence": [listed(1), consent().no_evidence()], call() => LISTED;
        "for another brand": [listed(1), consent().brand("zeta")], call() => LISTED;
        "for another channel of the family":
            [listed(1), consent().channel(Channel::VoiceAuto)], call() => LISTED;
        "a basis that does not override": [listed(1), purchase(1)], call() => LISTED;
        "none": [listed(1)], call() => LISTED;
    }
    check_by(
        &overridden(&[Basis::Implied]),
        &[listed(1), purchase(1)],
        &call(),
        on_day(20),
        "approved.implied_consent",
    );
    let decision = check_by(
        &overridden(&[Basis::Express]),
        &[clear(9), consent()],
        &call(),
        on_day(20),
        APPROVED,
    );
    assert_eq!(decision.registry_checked(), None, "its answer was not needed");
}

/// As for calls in the US: any consent permits, only a signed one beats the registry.
#[test]
fn a_basis_can_permit_without_overriding() {
    let policies = only([free("AA/free").having(|rule| {
        let written = BasisRule::new(Basis::ExpressWritten)
            .having(|basis| basis.evidence |= flags::SIGNATURE);
        rule.bases = vec![BasisRule::express(), written];
        rule.registries =
            vec![registry("tps").having(|r| r.overridden_by = bases(&[Basis::ExpressWritten]))];
    })]);
    let written = |signature| {
        opt_in(1).sms().channel(Channel::VoiceLive).with(|change| {
            change.basis = Some(Basis::ExpressWritten);
            change.evidence.as_mut().unwrap().signature = signature;
        })
    };
    check_all! {
        by &policies, at on_day(20);
        "signed": [listed(2), written(true)], call() => APPROVED;
        "claimed to be written, but not signed": [listed(2), written(false)], call() => LISTED;
        "by word": [listed(2), opt_in(1).sms().channel(Channel::VoiceLive)], call() => LISTED;
        "by word, and not listed":
            [clear(2), opt_in(1).sms().channel(Channel::VoiceLive)], call() => APPROVED;
    }
}

#[test]
fn a_basis_that_has_run_out_overrides_nothing() {
    let three_days = |id: &str| {
        free(&format!("{id}/free")).having(|rule| {
            rule.bases = vec![BasisRule::express().having(|basis| basis.valid_for = days(3))];
            rule.registries =
                vec![registry("tps").having(|r| r.overridden_by = bases(&[Basis::Express]))];
        })
    };
    let consent = || opt_in(1).sms().channel(Channel::VoiceLive);
    let alone = only([three_days("AA")]);
    check_by(&alone, &[listed(1), consent()], &call(), on_day(2), APPROVED);
    check_by(&alone, &[listed(1), consent()], &call(), on_day(20), LISTED);
    // that it still counts in another candidate jurisdiction does not help: the strictest wins
    let elsewhere = free("BB/free").having(|rule| rule.bases = vec![BasisRule::express()]);
    let mut parts = parts([land("AA", [three_days("AA")]), land("BB", [elsewhere])]);
    numbered_as(&mut parts, &[("44", &["BB"], &["Europe/London"])]);
    let both = PolicySet::new(parts).unwrap();
    check_by(&both, &[listed(1), consent()], &call(), on_day(20), LISTED);
}

/// What counts by one pack overrides the registry of that pack, and of no other.
#[test]
fn each_pack_overrides_its_own_registry() {
    let consent = || opt_in(1).sms().channel(Channel::VoiceLive);
    let accepts = |label: &str| free(label).having(|rule| rule.bases = vec![BasisRule::express()]);
    let asks = |rule: Rule| {
        rule.having(|rule| {
            rule.registries =
                vec![registry("tps").having(|r| r.overridden_by = bases(&[Basis::Express]))];
        })
    };
    let both = |here: Rule, there: Rule| {
        let mut parts = parts([land("AA", [here]), land("BB", [there])]);
        numbered_as(&mut parts, &[("44", &["BB"], &["Europe/London"])]);
        PolicySet::new(parts).unwrap()
    };
    let history = [listed(1), consent()];
    let own = both(asks(accepts("AA/free")), free("BB/free"));
    check_by(&own, &history, &call(), on_day(20), FREE);
    let others = both(accepts("AA/free"), asks(free("BB/free")));
    check_by(&others, &history, &call(), on_day(20), LISTED);
    let second = both(free("AA/free"), asks(accepts("BB/free")));
    check_by(&second, &history, &call(), on_day(20), FREE);
    let first = both(asks(free("AA/free")), accepts("BB/free"));
    check_by(&first, &history, &call(), on_day(20), LISTED);
}

/// An addition asks for more; what it accepts beyond its base rule overrides nothing.
#[test]
fn an_addition_does_not_override_a_listing() {
    let alone = free("AA/free").having(|rule| {
        rule.bases = vec![BasisRule::express().having(|basis| basis.valid_for = days(3))];
        rule.registries =
            vec![registry("tps").having(|r| r.overridden_by = bases(&[Basis::Express]))];
    });
    let more = addition("AA/more").having(|rule| rule.bases = vec![BasisRule::express()]);
    let consent = opt_in(1).sms().channel(Channel::VoiceLive);
    let history = [listed(1), consent];
    check_by(&only([alone.clone()]), &history, &call(), on_day(20), LISTED);
    check_by(&only([alone, more]), &history, &call(), on_day(20), LISTED);
}

#[test]
fn a_relationship_overrides_a_listing_for_a_time() {
    let policies = asking(registry("tps").having(|r| {
        r.overridden_by_kinds = vec![kind(RelationshipKind::Purchase, days(10))];
    }));
    check_all! {
        by &policies, at on_day(20);
        "bought": [listed(1), purchase(11)], call() => "approved.implied_consent";
        "too long ago": [listed(1), purchase(10)], call() => LISTED;
        "too long ago, nobody asked": [purchase(10)], call() => STALE;
        "of another brand": [listed(1), purchase(11).brand("zeta")], call() => LISTED;
        "for another number":
            [listed(1), purchase(11).address("+447700900457")], call() => LISTED;
        "somebody else's": [listed(1), purchase(11).contact("dev")], call() => LISTED;
        "of somebody who refused, or nobody knows":
            [listed(1), purchase(11).with(|c| { c.context_flags = 0; })], call() => LISTED;
        "another kind":
            [listed(1), purchase(11).with(|c| { c.kind = Some(RelationshipKind::Inquiry); })],
            call() => LISTED;
        "refused since":
            [listed(1), purchase(11), opt_out(12 * 1_440).channel(Channel::VoiceLive).address(PHONE)],
            call() => "blocked.opted_out [opted_out dnc_registry]";
    }
}

#[test]
fn a_person_known_to_be_too_young_gets_no_marketing() {
    let in_land = |law_zone, years| {
        policies([land("AA", [free("AA/free")]).having(|land| {
            (land.law_zone, land.minor_below) = (law_zone, years);
        })])
    };
    let born = |minutes, date: &str| {
        let days = on(date);
        event(Action::Profile, at(minutes)).unscoped().with(|c| c.birth_date_days = Some(days))
    };
    let minor = "blocked.minor [minor]";
    let sixteen = in_land("Etc/UTC", Some(16));
    let decided = |policies: &PolicySet, history: &[Event], now: &str, expected: &str| {
        check_by(policies, history, &in_aa(message()), utc(now), expected);
    };
    let young = || born(1, "2011-06-15");
    decided(&sixteen, &[young()], "2027-06-14T23:59:59Z", minor);
    decided(&sixteen, &[young()], "2027-06-15T00:00:00Z", FREE);
    // by the calendar of the law
    let tokyo = in_land("Asia/Tokyo", Some(16));
    decided(&tokyo, &[young()], "2027-06-14T14:59:59Z", minor);
    decided(&tokyo, &[young()], "2027-06-14T15:00:00Z", FREE);
    let new_york = in_land("America/New_York", Some(16));
    decided(&new_york, &[young()], "2027-06-15T03:59:59Z", minor);
    decided(&new_york, &[young()], "2027-06-15T04:00:00Z", FREE);
    // an unknown age is no age, and no threshold is none
    decided(&sixteen, &[], "2027-03-01T00:00:00Z", FREE);
    decided(&in_land("Etc/UTC", None), &[young()], "2027-03-01T00:00:00Z", FREE);
    check_all! {
        by &sixteen, at at(NOW);
        "the latest statement counts": [young(), born(2, "1990-01-01")], in_aa(message()) => FREE;
        "whatever arrives last":
            [born(2, "2012-01-01"), born(1, "1990-01-01")], in_aa(message()) => minor;
        "not one from the future":
            [born(1, "2012-01-01"), born(500, "1990-01-01").received(at(2))],
            in_aa(message()) => minor;
        "somebody else's": [young().contact("dev")], in_aa(message()) => FREE;
        "at another address": [young().address("ben@example.org")], in_aa(message()) => minor;
        "born before 1970": [born(1, "1969-12-31")], in_aa(message()) => FREE;
        "born in the future": [born(1, "2040-01-01")], in_aa(message()) => minor;
        "a receipt":
            [young()], exempt(in_aa(message()), Category::Service) => "approved.transactional";
    }
    // each candidate has its threshold
    let mut parts = parts([
        land("AA", [free("AA/free")]).having(|land| land.minor_below = Some(13)),
        land("BB", [free("BB/free")]).having(|land| land.minor_below = Some(18)),
    ]);
    numbered_as(&mut parts, &[("44", &["BB"], &[])]);
    let both = PolicySet::new(parts).unwrap();
    check_by(&both, &[young()], &in_aa(sms()), at(NOW), minor);
    let verified = in_aa(sms()).but(|m| m.jurisdiction_verified = true);
    check_by(&both, &[young()], &verified, at(NOW), FREE);
}

#[test]
fn content_is_declared_element_by_element() {
    type Set = fn(&mut Content, Option<bool>);
    let setters: [(Element, Set); 8] = [
        (Element::SenderIdentity, |c, v| c.sender_identity = v),
        (Element::ContactAddress, |c, v| c.contact_address = v),
        (Element::PostalAddress, |c, v| c.postal_address = v),
        (Element::Unsubscribe, |c, v| c.unsubscribe = v),
        (Element::OneClick, |c, v| c.one_click = v),
        (Element::AdLabel, |c, v| c.ad_label = v),
        (Element::TemplateId, |c, v| c.template_id = v),
        (Element::HeaderId, |c, v| c.header_id = v),
    ];
    assert_eq!(Element::ALL.len(), setters.len());
    let missing = "blocked.content_requirement [content_requirement]";
    let asking = |elements: &[Element]| {
        only([base("AA/base").having(|rule| rule.content = content(elements))])
    };
    for (element, set) in setters {
        let policies = asking(&[element]);
        for (stated, expected) in [(Some(true), APPROVED), (Some(false), missing), (None, missing)]
        {
            let message = in_aa(message()).but(|m| set(&mut m.content, stated));
            let decision = check_by(&policies, &[opt_in(1)], &message, at(NOW), expected);
            if stated != Some(true) {
                assert_eq!(decision.detail(), Detail::Missing(content(&[element])));
            }
        }
    }
    // a postal address is a way to reach the sender, not the other way round
    let with = |set: Set| in_aa(message()).but(|m| set(&mut m.content, Some(true)));
    let contact = asking(&[Element::ContactAddress]);
    check_by(&contact, &[opt_in(1)], &with(|c, v| c.postal_address = v), at(NOW), APPROVED);
    let postal = asking(&[Element::PostalAddress]);
    check_by(&postal, &[opt_in(1)], &with(|c, v| c.contact_address = v), at(NOW), missing);
    // only where it is the reason it is the detail
    let decision = check_by(
        &postal,
        &[],
        &in_aa(message()),
        at(NOW),
        "blocked.no_consent [no_consent content_requirement]",
    );
    assert_eq!(decision.detail(), Detail::None);
}

/// One rule may name several registries; each must be clear.
#[test]
fn a_rule_with_several_registries() {
    let policies = only([free("AA/free").having(|rule| {
        rule.registries = vec![registry("tps"), registry("state")];
    })]);
    let state = |listed| answer(2, Some("state"), Some(listed));
    check_all! {
        by &policies, at on_day(20);
        "both clear": [clear(1), state(false)], call() => FREE;
        "one not asked": [clear(1)], call() => STALE;
        "listed in the second": [clear(1), state(true)], call() => LISTED;
        "listed in the first": [listed(1), state(false)], call() => LISTED;
    }
}

/// As in South Africa: whoever registered after agreeing has thought better of it.
#[test]
fn a_consent_can_have_to_be_younger_than_the_listing() {
    let policies = asking(registry("tps").having(|r| {
        r.overridden_by = bases(&[Basis::Express]);
        r.overridden_by_kinds = vec![kind(RelationshipKind::Purchase, days(100))];
        r.consent_after_listing = true;
    }));
    let consent = |minutes: i64| opt_in(minutes).sms().channel(Channel::VoiceLive);
    let day = |n: i64| n * 1_440;
    check_all! {
        by &policies, at on_day(20);
        "younger": [listed(5), consent(day(5) + 1)], call() => APPROVED;
        "of the same instant": [listed(5), consent(day(5))], call() => LISTED;
        "older": [listed(5), consent(day(5) - 1)], call() => LISTED;
        "older, the listing is gone": [consent(1), listed(5), clear(6)], call() => APPROVED;
        "older than one of two": [listed(5), consent(day(6)), listed(7)], call() => LISTED;
        "given again": [consent(1), listed(5), consent(day(6))], call() => APPROVED;
        "given again, the state has the events in the other order":
            [consent(1).id("#2"), listed(5), consent(day(6)).id("#0")], call() => APPROVED;
        "not listed, not asked": [consent(1)], call() => APPROVED;
        "a younger relationship": [listed(5), purchase(6)], call() => "approved.implied_consent";
        "an older one": [purchase(4), listed(5)], call() => LISTED;
    }
}

/// The single approach without being asked can need the registry: a pre-emptive block is for everybody.
#[test]
fn an_approach_can_need_the_registry() {
    let set = |asks| {
        only([base("AA/base").having(|rule| {
            rule.consent_request = ConsentRequest::Once;
            rule.approach_asks_registry = asks;
            rule.registries =
                vec![registry("tps").having(|r| r.overridden_by = bases(&[Basis::Express]))];
        })])
    };
    let request = || exempt(in_aa(sms()), Category::ConsentRequest);
    let asked = || event(Action::OptInRequested, on_day(1)).sms();
    let may = "approved.consent_request";
    check_all! {
        by &set(true), at on_day(20);
        "clear": [clear(1)], request() => may;
        "never asked": [], request() => STALE;
        "listed": [listed(1)], request() => LISTED;
        "the person asked for it": [listed(1), asked()], request() => may;
        "refused": [clear(1), opt_out(2).sms()], request() => "blocked.opted_out [opted_out]";
    }
    let decision = check_by(&set(true), &[clear(1)], &request(), micros_later(on_day(29), -1), may);
    assert_eq!(decision.registry_checked(), Some(on_day(1)));
    check_by(&set(true), &[clear(1)], &request(), on_day(29), STALE);
    check_by(&set(false), &[], &request(), on_day(20), may);
}

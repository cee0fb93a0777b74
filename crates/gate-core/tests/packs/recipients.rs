//! Rules by kind of recipient, and what bulk mailings need as well.

use crate::harness::check::*;
use crate::harness::policies::*;
use crate::harness::*;
use gate_core::policy::*;
use gate_core::*;

const FREE: &str = "approved.opt_out_regime";

fn kinds(all: &[RecipientKind]) -> Option<RecipientSet> {
    Some(all.iter().fold(RecipientSet::default(), |set, kind| set.with(*kind)))
}

fn to(kind: impl Into<Option<RecipientKind>>) -> OutboundMessage<'static> {
    let kind = kind.into();
    in_aa(message()).but(|m| m.kind = kind)
}

#[test]
fn one_base_rule_per_kind() {
    use RecipientKind::*;
    let companies = || free("AA/companies").having(|rule| rule.recipients = kinds(&[Business]));
    // whichever stands first in the pack
    for rules in [[base("AA/base"), companies()], [companies(), base("AA/base")]] {
        let policies = only(rules);
        check_all! {
            by &policies, at at(9);
            "a company": [], to(Business) => FREE;
            "a person": [], to(Person) => NO_CONSENT;
            "a sole trader": [], to(SoleTrader) => NO_CONSENT;
            "nobody knows": [], to(None) => NO_CONSENT;
            "a person who agreed": [opt_in(1)], to(Person) => APPROVED;
        }
    }
    // and no other: where a kind has a rule of its own that is the only one
    let policies = only([companies().having(|rule| rule.content = content(&[Element::AdLabel]))]);
    check_by(&policies, &[], &to(Business), at(9), "blocked.content_requirement");
    check_by(&policies, &[], &to(Person), at(9), "blocked.policy_unavailable");
    // until its day the rule for all others counts
    let later = companies().having(|rule| rule.from = at(100));
    let policies = only([base("AA/base"), later]);
    check_by(&policies, &[], &to(Business), micros_later(at(100), -1), NO_CONSENT);
    check_by(&policies, &[], &to(Business), at(100), FREE);
}

/// The rule follows the kind that counts, not the one the message claims.
#[test]
fn a_profile_makes_a_person_of_a_company() {
    let companies =
        free("AA/companies").having(|rule| rule.recipients = kinds(&[RecipientKind::Business]));
    let policies = only([base("AA/base"), companies]);
    let of = |kind| event(Action::Profile, at(1)).with(move |c| c.recipient_kind = Some(kind));
    let person = of(RecipientKind::Person);
    let company = of(RecipientKind::Business);
    check_all! {
        by &policies, at at(9);
        "nothing on file": [], to(RecipientKind::Business) => FREE;
        "a person on file": [person.clone()], to(RecipientKind::Business) => NO_CONSENT;
        "a company on file": [company.clone()], to(RecipientKind::Business) => FREE;
        "a company, said twice at one instant":
            [company.clone(), company.clone()], to(RecipientKind::Business) => FREE;
        "both at one instant: a person": [person, company], to(RecipientKind::Business) => NO_CONSENT;
    }
}

#[test]
fn additions_by_kind() {
    use RecipientKind::*;
    let more = addition("AA/more").having(|rule| {
        rule.recipients = kinds(&[Person, SoleTrader]);
        rule.content = content(&[Element::AdLabel]);
    });
    let policies = only([free("AA/free"), more]);
    check_by(&policies, &[], &to(Business), at(9), FREE);
    for kind in [Some(Person), Some(SoleTrader), None] {
        check_by(&policies, &[], &to(kind), at(9), "blocked.content_requirement");
    }
}

#[test]
fn caps_of_a_kind_depend_on_history() {
    use RecipientKind::*;
    let capped = |kind| {
        let more = addition("AA/more").having(|rule| {
            rule.recipients = kinds(&[kind]);
            rule.caps = vec![cap(1, 24, PerSender::Brand)];
        });
        only([free("AA/free"), more])
    };
    let depends = |kind, message| depends_on_history(&capped(kind), &message, None, at(9));
    assert!(depends(Person, to(Person)) && depends(Business, to(Business)));
    // what is on file may make a person of it
    assert!(depends(Person, to(Business)));
    assert!(!depends(Business, to(Person)) && !depends(Business, to(None)));
    // but not a sole trader
    assert!(!depends(SoleTrader, to(Business)));
}

#[test]
fn bulk_mailings_need_more() {
    let policies = only([free("AA/free").having(|rule| {
        rule.content = content(&[Element::Unsubscribe]);
        rule.bulk_content = content(&[Element::OneClick]);
    })]);
    let missing = |bulk: Option<bool>, one_click: Option<bool>| {
        let offer = in_aa(message()).but(|m| {
            (m.content.bulk, m.content.one_click) = (bulk, one_click);
            m.content.unsubscribe = Some(true);
        });
        World::default().decide_by(&policies, &offer, &[], at(9)).detail()
    };
    let one_click = Detail::Missing(content(&[Element::OneClick]));
    assert_eq!(missing(Some(true), None), one_click);
    assert_eq!(missing(Some(true), Some(false)), one_click);
    assert_eq!(missing(Some(true), Some(true)), Detail::None);
    assert_eq!(missing(Some(false), None), Detail::None);
    assert_eq!(missing(None, None), Detail::None);
}

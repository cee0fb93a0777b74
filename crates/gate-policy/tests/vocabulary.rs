//! What the keys of a pack are compiled to, and what is refused; `docs/reference/packs.md` describes them.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that meets the unexpected must fail"
)]

mod hand;

use gate_core::policy::*;
use gate_core::{Basis, RecipientKind, RelationshipKind, Timestamp};
use hand::*;
use jiff::civil::date;
use std::time::Duration;

fn opt_in(more: &str) -> String {
    pack("", &base(&format!("    regime: opt_in\n{more}")))
}

fn opt_out(more: &str) -> String {
    pack("", &base(&format!("    regime: opt_out\n{more}")))
}

fn months(n: i32) -> Period {
    Period::new(n, 0).unwrap()
}

fn bases(all: &[Basis]) -> BasisSet {
    all.iter().fold(BasisSet::default(), |set, basis| set.with(*basis))
}

#[test]
fn review_and_sign_off() {
    let top = "review_by: 2027-05-31\nsigned_off: {by: Dr. A. Lawyer, on: 2026-11-30}\n";
    let set = valid(&pack(top, &base("    regime: opt_out\n")));
    let found = &set.packs()[0];
    assert_eq!((found.code.as_str(), found.title.as_str()), ("AA", "Ayland"));
    assert_eq!(found.review_by, Some(date(2027, 5, 31)));
    let signed = SignOff { by: String::from("Dr. A. Lawyer"), on: date(2026, 11, 30) };
    assert_eq!(found.signed_off, Some(signed));
    // the day itself still counts, by the calendar of its law
    let midnight = utc("2027-05-31T22:00:00Z");
    assert_eq!(found.overdue_from, midnight);
    let before = Timestamp::from_micros(midnight.as_micros() - 1);
    assert!(!found.is_review_overdue(before) && found.is_review_overdue(midnight));
    assert_eq!(found.sources[1], (String::from("2"), String::from("a commentary")));
    let set = valid(&opt_out(""));
    let silent = &set.packs()[0];
    assert_eq!((silent.review_by, silent.signed_off.as_ref()), (None, None));
    assert!(!silent.is_review_overdue(Timestamp::from_micros(i64::MAX - 1)));
    let with = |top| pack(top, &base("    regime: opt_out\n"));
    refused(&with("review_by: 31.5.2027\n"), "`review_by` must be a calendar date", "YYYY-MM-DD");
    refused(&with("signed_off: {by: me}\n"), "`signed_off` lacks `on`", "add a line");
    refused(&with("reviewby: 2027-05-31\n"), "unknown key `reviewby`", "`review_by`");
}

#[test]
fn duties_after_a_breach() {
    let duties = |breach: &str| {
        valid(&pack(breach, &base("    regime: opt_out\n"))).packs()[0].breach.clone()
    };
    let one = "breach: {authority: the office, notify_within: PT72H, threshold: unless a risk is unlikely, \
               persons: where the risk is high, law: GDPR art. 33, status: [L1], source: [1]}\n";
    let [duty] = &duties(one)[..] else { panic!("one duty") };
    assert_eq!(duty.authority, "the office");
    assert_eq!(duty.notify_within, NotifyWithin::Within(Duration::from_secs(72 * 3_600)));
    assert_eq!(duty.threshold.as_deref(), Some("unless a risk is unlikely"));
    assert_eq!(duty.persons.as_deref(), Some("where the risk is high"));
    assert_eq!(duty.provenance.law, "GDPR art. 33");
    let two = "breach:\n  - {authority: one, notify_within: without delay, status: [K]}\n  \
               - {authority: other, notify_within: P30D, status: [L2]}\n";
    let found: Vec<_> = duties(two).iter().map(|duty| duty.notify_within).collect();
    let thirty_days = NotifyWithin::Within(Duration::from_secs(30 * 86_400));
    assert_eq!(found, [NotifyWithin::WithoutDelay, thirty_days]);
    let with = |breach: &str| pack(breach, &base("    regime: opt_out\n"));
    refused(
        &with("breach: {authority: a, notify_within: soon, status: [K]}\n"),
        "`notify_within`",
        "PT72H",
    );
    refused(
        &with("breach: {notify_within: PT72H, status: [K]}\n"),
        "lacks `authority`",
        "add a line",
    );
}

#[test]
fn where_a_rule_comes_from() {
    let more = "    law: Act 7, s. 2\n    source: [2, 1]\n    regime: opt_out\n";
    let found = rule(&pack("", &base(more).replace("[P]", "[L2, K]")), "base").provenance;
    assert_eq!(
        (found.law.as_str(), &found.sources[..]),
        ("Act 7, s. 2", &["2".into(), "1".into()][..])
    );
    assert_eq!(found.status, [Status::L2, Status::K]);
    assert!(found.status.contains(&Status::K));
    assert!(!rule(&opt_out(""), "base").provenance.status.contains(&Status::K));
}

#[test]
fn every_basis_can_be_valid_for_a_period() {
    let found = rule(
        &opt_in(
            "    bases:\n      express: {valid_for: P12M}\n      legitimate_interest: {valid_for: P3M}\n      \
             soft_opt_in:\n        valid_for: P6M\n        any_of:\n          \
             - {kinds: {purchase: P24M}, valid_for: P9M}\n          - {kinds: {purchase: P24M}}\n",
        ),
        "base",
    );
    let of = |basis| found.bases.iter().find(|rule| rule.basis == basis).unwrap();
    assert_eq!(of(Basis::Express).valid_for, months(12));
    assert_eq!(of(Basis::LegitimateInterest).valid_for, months(3));
    let soft = of(Basis::SoftOptIn);
    assert_eq!(soft.valid_for, months(6));
    assert_eq!((soft.grounds[0].valid_for, soft.grounds[1].valid_for), (Some(months(9)), None));
}

#[test]
fn an_interest_with_grounds() {
    let found = rule(
        &opt_in(
            "    bases:\n      legitimate_interest:\n        valid_for: P1Y\n        any_of:\n          \
             - {kinds: {purchase: P12M}, requires: [own_similar]}\n",
        ),
        "base",
    );
    assert_eq!(found.bases[0].grounds[0].requires, [Condition::OwnSimilar]);
    assert_eq!(found.bases[0].valid_for, months(12));
    let none = rule(&opt_in("    bases: {legitimate_interest: {}}\n"), "base");
    assert!(none.bases[0].grounds.is_empty());
    refused(
        &opt_in("    bases: {legitimate_interest: {any_of: []}}\n"),
        "`legitimate_interest` names no ground",
        "delete the basis",
    );
}

#[test]
fn what_frees_from_hours_and_caps() {
    let exempt = "{bases: [express_written], relationships: {purchase: P18M, contract: {period: P1M, running: true}}}";
    let found = rule(
        &opt_out(&format!(
            "    hours: {{windows: [{{days: [mon], open: [\"09:00-10:00\"]}}], exempt: {exempt}}}\n    \
             frequency:\n      - {{count: 3, window: PT24H, per: subject, exempt: {exempt}}}\n      \
             - {{count: 9, window: P30D, per: brand}}\n"
        )),
        "base",
    );
    let kind = |kind, period, while_running| KindRule { kind, period, while_running };
    let expected = Exemption {
        bases: bases(&[Basis::ExpressWritten]),
        kinds: vec![
            kind(RelationshipKind::Purchase, months(18), false),
            kind(RelationshipKind::Contract, months(1), true),
        ],
    };
    assert_eq!(found.hours.unwrap().exempt, expected);
    assert_eq!(found.caps[0].exempt, expected);
    assert!(found.caps[1].exempt.is_empty());
    let hours = |exempt: &str| {
        opt_out(&format!(
            "    hours: {{windows: [{{days: [mon], open: [\"09:00-10:00\"]}}], exempt: {exempt}}}\n"
        ))
    };
    refused(&hours("{}"), "`exempt` names neither a basis nor a relationship", "or delete it");
    refused(&hours("{basis: [express]}"), "unknown key `basis` in `exempt`", "`bases`");
    refused(
        &hours("{relationships: {contract: {period: P1M, running: yes}}}"),
        "`running` must be",
        "true",
    );
}

#[test]
fn additions_that_prohibit() {
    let closed = |more: &str| {
        with_additions(&format!(
            "  - id: closed\n    status: [P]\n    channels: [email]\n    regime: prohibited\n{more}"
        ))
    };
    let found = rule(
        &closed(
            "    applies_to: {purposes: [Marketing.Claims], product_groups: [\" Energy \"]}\n    \
             unless: {relationships: {contract: {period: P1D, running: true}}}\n",
        ),
        "closed",
    );
    let about = found.applies_to.unwrap();
    assert_eq!(about.purposes, ["marketing.claims"], "as messages are compared");
    assert_eq!(about.product_groups, ["energy"]);
    assert_eq!(found.regime, None, "it is no base rule");
    assert_eq!(found.prohibited_unless.unwrap().kinds[0].kind, RelationshipKind::Contract);
    assert_eq!(rule(&closed(""), "closed").prohibited_unless, Some(Exemption::default()));
    let plain = |more: &str| {
        with_additions(&format!("  - id: more\n    status: [P]\n    channels: [email]\n{more}"))
    };
    assert_eq!(rule(&plain(""), "more").prohibited_unless, None);
    refused(&plain("    regime: opt_in\n"), "an addition has no `regime`, unless", "delete it");
    refused(&plain("    unless: {bases: [express]}\n"), "`unless` belongs to", "prohibited");
    refused(&closed("    unless: {}\n"), "`unless` names neither", "delete it");
    refused(&plain("    applies_to: {}\n"), "`applies_to` names nothing", "product_groups");
    refused(&plain("    applies_to: {sectors: [a]}\n"), "unknown key `sectors`", "product_groups");
    refused(
        &opt_in("    bases: {express: {}}\n    applies_to: {purposes: [a]}\n"),
        "every message",
        "addition",
    );
}

#[test]
fn several_registries_and_their_age() {
    let one = "{ids: [T-P S], max_age: P28D, overridden_by: {bases: [express]}, consent_after_listing: true}";
    let found = rule(
        &opt_out(&format!(
            "    registry:\n      - {one}\n      - {{ids: [State], max_age: P1M}}\n"
        )),
        "base",
    );
    let [tps, state] = &found.registries[..] else { panic!("two registries") };
    assert_eq!((tps.ids[0].as_str(), tps.consent_after_listing), ("tps", true));
    assert_eq!((state.ids[0].as_str(), state.consent_after_listing), ("state", false));
    assert_eq!(rule(&opt_out(&format!("    registry: {one}\n")), "base").registries.len(), 1);
    assert!(rule(&opt_out(""), "base").registries.is_empty());
    refused(
        &opt_out("    registry: {ids: [a], max_age: P1M, consent_after_listing: true}\n"),
        "nothing overrides the registry",
        "overridden_by",
    );
}

#[test]
fn requests_that_ask_the_registry() {
    let with = |request: &str, registry: &str| {
        opt_in(&format!("    bases: {{express: {{}}}}\n    consent_request: {request}\n{registry}"))
    };
    let list = "    registry: {ids: [a], max_age: P1M}\n";
    let found = rule(&with("{mode: once, registry: true}", list), "base");
    assert_eq!((found.consent_request, found.approach_asks_registry), (ConsentRequest::Once, true));
    let found = rule(&with("once", list), "base");
    assert_eq!(
        (found.consent_request, found.approach_asks_registry),
        (ConsentRequest::Once, false)
    );
    let found = rule(&with("{mode: never}", ""), "base");
    assert_eq!(found.consent_request, ConsentRequest::Never);
    refused(&with("{mode: once, registry: true}", ""), "the rule names none", "registry");
    refused(&with("{mode: never, registry: true}", list), "without being asked", "mode: once");
    refused(&with("{registry: true}", list), "`consent_request` lacks `mode`", "add");
}

#[test]
fn content_of_bulk_mailings_and_relationships_for_service_messages() {
    let found = rule(
        &opt_out(
            "    content: [unsubscribe]\n    bulk_content: [one_click]\n    \
             transactional: {consent: [express], relationships: [details_obtained_directly]}\n",
        ),
        "base",
    );
    assert_eq!(found.bulk_content, ContentSet::default().with(Element::OneClick));
    assert_eq!(found.content, ContentSet::default().with(Element::Unsubscribe));
    let flags: Vec<_> =
        found.transactional.relationships.iter().map(|flag| flag.as_str()).collect();
    assert_eq!(flags, ["details_obtained_directly"]);
    refused(
        &opt_out("    transactional: {relationships: [details_obtained_directly]}\n"),
        "there is none",
        "consent: [express]",
    );
    refused(
        &opt_out("    transactional: {consent: [express], relationships: [own_similar]}\n"),
        "unknown flag of a relationship `own_similar`",
        "details_obtained_directly",
    );
}

/// Exactly one base rule per channel, day and kind of recipient.
#[test]
fn one_base_rule_for_each_kind_of_recipient() {
    let companies = |more: &str| {
        format!(
            "  - id: companies\n    status: [P]\n    channels: [email]\n    regime: opt_out\n{more}"
        )
    };
    let everybody = || base("    regime: opt_in\n    bases: {express: {}}\n");
    let set = |rules: &[String]| pack("", &rules.concat());
    let named = companies("    recipients: [business]\n");
    let found = rule(&set(&[everybody(), named.clone()]), "companies").recipients.unwrap();
    let kinds: Vec<_> = found.iter().collect();
    assert_eq!(kinds, [RecipientKind::Business]);
    valid(&set(&[named.clone(), everybody()]));
    let dated =
        companies("    recipients: [business]\n    from: 2027-01-01\n    until: 2028-01-01\n");
    valid(&set(&[everybody(), dated]));
    let renamed = |text: &str| text.replace("id: companies", "id: others");
    let others = renamed(&companies("    recipients: [business, sole_trader]\n"));
    refused(
        &set(&[everybody(), named.clone(), others]),
        "overlaps another base rule for email to a business",
        "name each kind in one rule a day",
    );
    refused(
        &set(&[everybody(), companies("")]),
        "overlaps another base rule for email",
        "so that one applies each day",
    );
    // two for all others
    refused(
        &set(&[everybody(), named.clone(), renamed(&companies(""))]),
        "overlaps another base rule for email to a person",
        "for all others",
    );
    let no_others = base("    recipients: [business]\n    regime: opt_out\n");
    refused(&pack("", &no_others), "no base rule for email to a person", "without `recipients`");
    let ending = base("    regime: opt_out\n    until: 2028-01-01\n");
    refused(
        &set(&[ending, named]),
        "no base rule for email to a person from 2027-12-31T23:00:00Z on",
        "add a rule for email",
    );
    let kinds = |list: &str| set(&[everybody(), companies(&format!("    recipients: {list}\n"))]);
    refused(&kinds("[company]"), "unknown kind of recipient `company`", "business");
    refused(&kinds("[]"), "names no kind of recipient", "for all then");
}

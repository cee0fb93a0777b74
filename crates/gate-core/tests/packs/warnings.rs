//! What a decision says besides its reason: warnings, which never change the outcome, and details.

use crate::harness::check::*;
use crate::harness::policies::*;
use crate::harness::*;
use gate_core::policy::*;
use gate_core::*;

fn warned(decision: &Decision) -> String {
    decision.warnings().iter().map(Warning::code).collect::<Vec<_>>().join(" ")
}

/// The warnings of an offer that is decided as `expected`.
#[track_caller]
fn warnings(
    policies: &PolicySet,
    history: &[Event],
    message: &OutboundMessage<'_>,
    now: Timestamp,
    expected: &str,
) -> String {
    warned(&check_by(policies, history, message, now, expected))
}

#[test]
fn jurisdiction_conflict() {
    let mut parts = parts([
        land("AA", [base("AA/base")]),
        land("AA-X", [base("AA/base")]).having(|land| land.pack = "AA"),
        land("BB", [base("BB/base")]),
    ]);
    numbered_as(&mut parts, &[("44", &["BB"], &[]), ("1", &["AA", "AA-X"], &[])]);
    let policies = PolicySet::new(parts).unwrap();
    let conflict = "warning.jurisdiction_conflict";
    let consent = [opt_in(1).sms()];
    assert_eq!(warnings(&policies, &consent, &in_aa(sms()), at(NOW), APPROVED), conflict);
    assert_eq!(warnings(&policies, &[], &in_aa(sms()), at(NOW), NO_CONSENT), conflict);
    let verified = in_aa(sms()).but(|m| m.jurisdiction_verified = true);
    assert_eq!(warnings(&policies, &consent, &verified, at(NOW), APPROVED), "");
    assert_eq!(warnings(&policies, &consent, &sms(), at(NOW), APPROVED), "");
    // a land and its part are no conflict
    let american = in_aa(sms()).but(|m| m.address = Address::new("+13125550147".into()));
    let theirs = [opt_in(1).sms().address("+13125550147")];
    assert_eq!(warnings(&policies, &theirs, &american, at(NOW), APPROVED), "");
    let elsewhere = american.but(|m| m.jurisdiction = Some("ZZ".into()));
    assert_eq!(warnings(&policies, &theirs, &elsewhere, at(NOW), APPROVED), conflict);
}

#[test]
fn clock_skew() {
    let policies = PolicySet::express_only();
    let skew = "warning.clock_skew";
    let of = |history: &[Event], expected: &str| {
        warnings(&policies, history, &message(), at(NOW), expected)
    };
    assert_eq!(of(&[opt_in(1)], APPROVED), "");
    assert_eq!(of(&[opt_in(1), opt_in(500).received(at(2))], APPROVED), skew);
    assert_eq!(of(&[opt_in(500).received(at(2))], NO_CONSENT), skew);
    assert_eq!(of(&[opt_in(1), opt_out(500).received(at(2))], OPTED_OUT), skew);
    assert_eq!(of(&[opt_in(1), opt_in(500).received(at(2)).contact("dev")], APPROVED), skew);
    // five minutes are the clock's, more are the source's
    assert_eq!(of(&[opt_in(1), opt_in(6).received(at(1))], APPROVED), "");
    assert_eq!(of(&[opt_in(0), opt_out(6).received(at(1))], OPTED_OUT), "");
    let more = opt_out(6).received(micros_later(at(1), -1));
    assert_eq!(of(&[opt_in(0), more], OPTED_OUT), skew);
}

#[test]
fn duplicate_conflict() {
    let policies = PolicySet::express_only();
    let conflict = "warning.duplicate_conflict";
    let of = |history: &[Event], expected: &str| {
        warnings(&policies, history, &message(), at(NOW), expected)
    };
    assert_eq!(of(&[opt_in(1).id("e"), opt_in(1).id("e").received(at(9))], APPROVED), "");
    assert_eq!(of(&[opt_in(1).id("e"), opt_in(3).id("e")], APPROVED), conflict);
    let narrower = opt_in(1).id("e").purpose("survey");
    assert_eq!(of(&[opt_in(1).id("e"), narrower], APPROVED), conflict);
    assert_eq!(of(&[opt_in(1).id("e"), opt_in(1).id("e").no_contact()], APPROVED), "");
    // evidence is part of what an event says
    let richer = opt_in(1).id("e").with(|change| {
        change.evidence.as_mut().unwrap().has_source = true;
    });
    assert_eq!(of(&[opt_in(1).id("e"), richer], APPROVED), conflict);
}

#[test]
fn tz_guess() {
    let keeps = |label: &str| base(label).having(|r| r.hours = Some(daily(&["00:00-24:00"])));
    let mut parts = parts([land("AA", [keeps("AA/base")]), land(STRICT, [base("STRICT/base")])]);
    numbered_as(&mut parts, &[("44", &["AA"], &["Europe/London"])]);
    let policies = PolicySet::new(parts).unwrap();
    let consent = [opt_in(1), opt_in(1).sms()];
    let of =
        |message: &OutboundMessage<'_>| warnings(&policies, &consent, message, at(NOW), APPROVED);
    let guess = "warning.tz_guess";
    assert_eq!(of(&in_aa(message())), guess);
    assert_eq!(of(&in_aa(sms())), guess);
    assert_eq!(of(&in_aa(message()).but(|m| m.tz = Some("Etc/UTC".into()))), "");
    assert_eq!(of(&message()), "", "no hours, so no zone is asked for");
}

#[test]
fn near_expiry_and_dormant_consent() {
    let dormancy = Dormancy { warn_after: Some(days(50)), block_after: days(100) };
    let express = BasisRule::express().having(|basis| {
        (basis.valid_for, basis.dormancy) = (days(200), Some(dormancy));
    });
    let policies = only([base("AA/base").having(|rule| rule.bases = vec![express])]);
    let day = |n: i64| at(n * 1_440);
    let asked = |n: i64| {
        event(Action::Relationship, day(n)).with(|c| c.kind = Some(RelationshipKind::Inquiry))
    };
    let of =
        |history: &[Event], now| warnings(&policies, history, &in_aa(message()), now, APPROVED);
    let (near, dormant) = ("warning.near_expiry", "warning.dormant_consent");
    let both = format!("{dormant} {near}");
    assert_eq!(of(&[opt_in(0)], day(49)), "");
    assert_eq!(of(&[opt_in(0)], day(50)), dormant);
    assert_eq!(of(&[opt_in(0)], micros_later(day(70), -1)), dormant);
    assert_eq!(of(&[opt_in(0)], day(70)), both);
    // kept alive, it ends by its own period
    let alive = [opt_in(0), asked(90), asked(160)];
    assert_eq!(of(&alive, day(169)), "");
    assert_eq!(of(&alive, day(170)), near);
    // no basis is needed, so none can run out
    let decision =
        World::default().decide_by(&only([free("AA/free")]), &in_aa(message()), &[], day(170));
    assert_eq!(warned(&decision), "");
    // of a blocked message the basis is not looked at
    let refused = [opt_in(0), opt_out(1).purpose("survey")];
    assert_eq!(of(&refused, day(70)), both);
    let expired =
        check_by(&policies, &[opt_in(0)], &in_aa(message()), day(100), "blocked.consent_expired");
    assert_eq!(warned(&expired), "");
}

/// Each pack that took part, from the first instant after its day; whatever is decided, it never changes.
#[test]
fn pack_review_overdue() {
    let mut parts = parts([land("AA", [base("AA/base")]), land("BB", [base("BB/base")])]);
    numbered_as(&mut parts, &[("44", &["BB"], &[])]);
    for (pack, overdue_from) in parts.packs.iter_mut().zip([at(500), at(600)]) {
        pack.overdue_from = overdue_from;
    }
    let policies = PolicySet::new(parts).unwrap();
    let overdue = "warning.pack_review_overdue";
    let of = |message: &OutboundMessage<'_>, now, expected: &str| {
        let history = [opt_in(0), opt_in(0).sms()];
        let warned = warnings(&policies, &history, message, now, expected);
        warned.replace("warning.jurisdiction_conflict", "").trim().to_owned()
    };
    assert_eq!(of(&in_aa(message()), micros_later(at(500), -1), APPROVED), "");
    assert_eq!(of(&in_aa(message()), at(500), APPROVED), overdue);
    assert_eq!(of(&message(), at(500), APPROVED), "", "the strict pack took part, no other");
    let theirs = sms().but(|m| m.jurisdiction = None);
    assert_eq!(of(&theirs, micros_later(at(600), -1), APPROVED), "");
    assert_eq!(of(&theirs, at(600), APPROVED), overdue);
    assert_eq!(of(&in_aa(sms()), at(550), APPROVED), overdue, "one of two candidates");
    // whatever is decided
    let nameless = in_aa(message()).but(|m| m.message_id = "".into());
    assert_eq!(of(&nameless, at(500), "blocked.invalid_message"), overdue);
    let homeless = in_aa(message()).but(|m| m.address = None);
    assert_eq!(of(&homeless, at(500), "blocked.missing_contact"), overdue);
    let receipt = exempt(in_aa(message()), Category::Service);
    assert_eq!(of(&receipt, at(500), "approved.transactional"), overdue);
}

#[test]
fn every_warning_has_a_code_and_a_meaning() {
    assert_eq!(Warning::ALL.len(), 8);
    let mut all = Warnings::default();
    assert!(all.is_empty());
    for warning in Warning::ALL {
        assert!(warning.code().starts_with("warning.") && !warning.meaning().is_empty());
        all.insert(*warning);
    }
    let warnings: Vec<_> = all.iter().collect();
    assert_eq!(warnings, Warning::ALL);
}

/// A detail belongs to the reason, not to what stands behind it.
#[test]
fn details_belong_to_the_reason() {
    let soft = by_purchase(Basis::SoftOptIn).having(|basis| {
        basis.grounds[0].requires = vec![condition("own_similar")];
    });
    let policies = only([base("AA/base").having(|rule| {
        rule.bases = vec![soft];
        rule.content = content(&[Element::AdLabel]);
    })]);
    let bought =
        || event(Action::Relationship, at(1)).with(|c| c.kind = Some(RelationshipKind::Purchase));
    let of = |history: &[Event], message: &OutboundMessage<'_>, expected: &str| {
        check_by(&policies, history, message, at(NOW), expected).detail()
    };
    let offer = || in_aa(message()).but(|m| m.product_group = Some("tents".into()));
    let tents = || bought().with(|c| c.product_group = Some("tents".into()));
    let nameless = || offer().but(|m| m.message_id = "".into());
    let behind = "soft_opt_in_condition content_requirement";
    // refused once, long before: that leaves the purchase alone
    let everything = [opt_out(0), bought()];
    let unreadable = format!("blocked.invalid_message [invalid_message opted_out {behind}]");
    let class = of(&everything, &nameless(), &unreadable);
    assert_eq!(class, Detail::Class("missing_message_id"));
    let refused = format!("blocked.opted_out [opted_out {behind}]");
    assert_eq!(of(&everything, &offer(), &refused), Detail::Scope("purpose"));
    let flag = of(&[bought()], &offer(), &format!("blocked.soft_opt_in_condition [{behind}]"));
    assert_eq!(flag, Detail::Flag("own_similar"));
    let missing = of(&[tents()], &offer(), "blocked.content_requirement [content_requirement]");
    assert_eq!(missing, Detail::Missing(content(&[Element::AdLabel])));
    assert_eq!(of(&[], &offer(), NO_CONSENT), Detail::None);
    assert_eq!(Decision::invalid("bad json").detail(), Detail::Class("bad json"));
}

/// Decisions that differ in nothing but the proving event and in instants explain themselves in the same words.
#[test]
fn decisions_of_one_shape() {
    let policies = only([base("AA/base").having(|rule| {
        rule.hours = Some(daily(&["10:00-12:00"]));
        rule.registries = vec![registry("tps")];
    })]);
    let decided = |id: &'static str, asked: i64, now: i64| {
        let clear = event(Action::RegistryStatus, at(asked)).unscoped().with(|change| {
            (change.registry, change.listed) = (Some("tps".into()), Some(false));
        });
        let world = World::of(&numbered(&[opt_in(1).id(id), clear]));
        world.decide_by(&policies, &in_aa(message()), &[], at(now))
    };
    // `at(0)` is 08:00
    let day = 1_440;
    let (one, other) = (decided("a", 2, 3 * day + 120), decided("b", 3, 4 * day + 121));
    assert_eq!(
        (one.outcome(), one.basis()),
        (Outcome::Approved, Some((Basis::Express, event_key("a"))))
    );
    assert_ne!(one, other);
    assert_eq!(one.shape(), other.shape());
    let (tonight, tomorrow) = (decided("a", 2, 3 * day), decided("a", 2, 4 * day));
    assert_eq!(tonight.outcome(), Outcome::Deferred);
    assert_ne!(tonight, tomorrow);
    assert_eq!(tonight.shape(), tomorrow.shape());
    assert_ne!(one.shape(), tonight.shape());
}

#[test]
fn a_declared_zone_is_known_by_its_name_or_is_not() {
    let policies = PolicySet::new(parts([land("AA", [base("AA/base")])])).unwrap();
    for known in ["Etc/UTC", " etc/utc "] {
        assert!(policies.knows_zone(known), "{known}");
    }
    for unknown in ["", "Etc", "Mars/Olympus", "Europe/Atlantis"] {
        assert!(!policies.knows_zone(unknown), "{unknown}");
    }
}

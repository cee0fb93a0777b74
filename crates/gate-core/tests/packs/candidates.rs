//! Where a recipient may be, which rules are in force there, and by whose clock the hours count.

use crate::harness::check::*;
use crate::harness::policies::*;
use crate::harness::*;
use gate_core::policy::*;
use gate_core::*;

const UNAVAILABLE: &str = "blocked.policy_unavailable";

/// Three lands of which each is told by what it asks for, and a strict rest.
fn three_lands() -> PolicyParts {
    let asking =
        |label: &str, element| base(label).having(|rule| rule.content = content(&[element]));
    let mut parts = parts([
        land("AA", [asking("AA/base", Element::SenderIdentity)])
            .having(|land| land.zones = vec!["Asia/Tokyo"]),
        land("BB", [asking("BB/base", Element::PostalAddress)])
            .having(|land| land.zones = vec!["America/New_York", "America/Chicago"]),
        land(
            "BB-X",
            [
                asking("BB/base", Element::PostalAddress),
                addition("BB/x").having(|rule| rule.content = content(&[Element::AdLabel])),
            ],
        )
        .having(|land| (land.pack, land.zones) = ("BB", vec!["America/Chicago"])),
        land(STRICT, [asking("STRICT/base", Element::OneClick)]),
    ]);
    parts.aliases = vec![(Code::parse("ALT").unwrap(), Code::parse("AA").unwrap())];
    numbered_as(
        &mut parts,
        &[
            ("44", &["AA"], &["Europe/London"]),
            ("1", &["BB"], &["America/New_York", "America/Chicago"]),
            ("1312", &["BB-X"], &["America/Chicago"]),
            ("1800", &[], &[]),
            ("1900", &["BB", "BB-X"], &[]),
        ],
    );
    parts
}

fn considered(policies: &PolicySet, message: &OutboundMessage<'_>) -> (String, String, String) {
    let decision = World::default().decide_by(policies, message, &[], at(NOW));
    let considered = decision.considered();
    let joined = |names: Vec<&str>| names.join(" ");
    (
        joined(considered.jurisdictions(policies).map(|land| land.code.as_str()).collect()),
        joined(considered.rules(policies).map(|rule| rule.label.as_str()).collect()),
        format!(
            "{}: {}",
            considered.zone_source.as_str(),
            joined(considered.zones(policies).map(|zone| zone.name.as_str()).collect())
        ),
    )
}

#[test]
fn candidates_are_the_declared_land_and_those_of_the_number() {
    let policies = PolicySet::new(three_lands()).unwrap();
    let text = |number: &'static str, declared: Option<&'static str>| {
        sms().but(|m| {
            m.address = Address::new(number.into());
            m.jurisdiction = declared.map(Into::into);
        })
    };
    let lands = |message: &OutboundMessage<'_>| considered(&policies, message).0;
    for (number, declared, expected) in [
        (PHONE, None, "AA"),
        (PHONE, Some("AA"), "AA"),
        (PHONE, Some("BB"), "BB AA"),
        (PHONE, Some(" bb-x "), "BB-X AA"),
        (PHONE, Some("alt"), "AA"),
        (PHONE, Some(" "), "AA"),
        (PHONE, Some("ZZ"), "STRICT AA"),
        (PHONE, Some("not a code"), "STRICT AA"),
        ("+12125550147", None, "BB"),
        ("+13125550147", None, "BB-X"),
        ("+13125550147", Some("BB"), "BB BB-X"),
        ("+19005550147", None, "BB BB-X"),
        ("+19005550147", Some("AA"), "AA BB BB-X"),
        // belongs to no place
        ("+18005550199", None, "STRICT"),
        ("+18005550199", Some("AA"), "AA"),
        // in no range
        ("+61491570156", None, "STRICT"),
    ] {
        assert_eq!(lands(&text(number, declared)), expected, "{number} {declared:?}");
    }
    // a verified declaration stands alone
    let verified = |declared| text(PHONE, declared).but(|m| m.jurisdiction_verified = true);
    assert_eq!(lands(&verified(Some("BB"))), "BB");
    assert_eq!(lands(&verified(Some("ZZ"))), "STRICT");
    assert_eq!(lands(&verified(None)), "AA", "nothing was declared");
    assert_eq!(lands(&verified(Some(""))), "AA", "a blank declaration is none");
    // an e-mail address says nothing about a place
    assert_eq!(lands(&message()), "STRICT");
    assert_eq!(
        lands(&message().but(|m| m.address = Address::new("ben@example.aa".into()))),
        "STRICT"
    );
    assert_eq!(lands(&in_aa(message())), "AA");
}

#[test]
fn an_unlisted_part_of_a_land_is_the_land_unless_all_its_parts_are_listed() {
    let of = |subdivided: &[&str], declared: &'static str| {
        let mut parts = three_lands();
        parts.subdivided = subdivided.iter().filter_map(|code| Code::parse(code)).collect();
        let policies = PolicySet::new(parts).unwrap();
        considered(&policies, &message().but(|m| m.jurisdiction = Some(declared.into()))).0
    };
    assert_eq!(of(&[], "BB-Y"), "BB");
    assert_eq!(of(&[], "AA-Y"), "AA");
    assert_eq!(of(&["BB"], "BB-Y"), "STRICT");
    assert_eq!(of(&["BB"], "BB-X"), "BB-X");
    assert_eq!(of(&["BB"], "BB"), "BB");
    assert_eq!(of(&["BB"], "AA-Y"), "AA");
    assert_eq!(of(&[], "ZZ-Y"), "STRICT");
}

#[test]
fn every_rule_of_every_candidate_must_be_fulfilled() {
    let policies = PolicySet::new(three_lands()).unwrap();
    let both = || {
        sms().but(|m| {
            m.address = Address::new("+13125550147".into());
            m.jurisdiction = Some("AA".into());
        })
    };
    let (lands, rules, _) = considered(&policies, &both());
    assert_eq!((&*lands, &*rules), ("AA BB-X", "AA/base BB/base BB/x"));
    let consent = [opt_in(1).sms().address("+13125550147")];
    let declaring = |set: fn(&mut Content)| both().but(|m| set(&mut m.content));
    let missing = |message: &OutboundMessage<'_>| {
        let world = World::of(&numbered(&consent));
        match world.decide_by(&policies, message, &[], at(NOW)).detail() {
            Detail::Missing(set) => set.iter().map(Element::as_str).collect::<Vec<_>>().join(" "),
            _ => String::new(),
        }
    };
    assert_eq!(missing(&both()), "sender_identity postal_address ad_label");
    assert_eq!(missing(&declaring(|c| c.sender_identity = Some(true))), "postal_address ad_label");
    let all = declaring(|c| {
        (c.sender_identity, c.postal_address, c.ad_label) = (Some(true), Some(true), Some(true));
    });
    assert_eq!(missing(&all), "");
    check_by(&policies, &consent, &all, at(NOW), APPROVED);
    // a rule that two candidates share is considered once
    let shared = both().but(|m| m.jurisdiction = Some("BB".into()));
    assert_eq!(considered(&policies, &shared).1, "BB/base BB/x");
}

#[test]
fn the_zones_are_declared_or_those_of_the_number_or_of_the_land() {
    let set = PolicySet::new(three_lands()).unwrap();
    let text = |number: &'static str, tz: Option<&'static str>, declared: Option<&'static str>| {
        let text = sms().but(|m| {
            m.address = Address::new(number.into());
            (m.tz, m.jurisdiction) = (tz.map(Into::into), declared.map(Into::into));
        });
        considered(&set, &text).2
    };
    assert_eq!(text(PHONE, Some("Asia/Tokyo"), None), "declared: Asia/Tokyo");
    assert_eq!(text(PHONE, Some(" asia/tokyo "), None), "declared: Asia/Tokyo");
    assert_eq!(text(PHONE, None, None), "number: Europe/London");
    assert_eq!(text(PHONE, Some(""), None), "number: Europe/London");
    // what was declared was known to somebody: the number must not overrule it
    assert_eq!(text(PHONE, Some("Mars/Olympus"), None), "unreadable: ");
    assert_eq!(text(PHONE, Some("Tokyo Time"), Some("BB")), "unreadable: ");
    assert_eq!(text(PHONE, Some("tokyo standard time"), None), "declared: Asia/Tokyo");
    assert_eq!(text(PHONE, Some("\u{200b}"), None), "number: Europe/London");
    assert_eq!(text("+12125550147", None, None), "number: America/New_York America/Chicago");
    assert_eq!(
        text("+19005550147", None, None),
        "jurisdiction: America/New_York America/Chicago America/Chicago"
    );
    assert_eq!(
        text("+18005550199", None, Some("BB")),
        "jurisdiction: America/New_York America/Chicago"
    );
    assert_eq!(text("+18005550199", None, None), "jurisdiction: Etc/UTC");
    assert_eq!(considered(&set, &in_aa(message())).2, "jurisdiction: Asia/Tokyo");
    let nowhere = policies([land("AA", [base("AA/base")]).having(|land| land.zones = vec![])]);
    assert_eq!(considered(&nowhere, &in_aa(message())).2, "unknown: ");
}

/// docs/law.md section 7: a postal address goes before a number's prefix, which only says where the number was given out.
#[test]
fn a_place_counts_beside_the_number_and_a_verified_one_before_it() {
    let set = PolicySet::new(three_lands()).unwrap();
    let text = |number: &'static str, declared: &'static str, verified: bool| {
        let text = sms().but(|m| {
            m.address = Address::new(number.into());
            (m.jurisdiction, m.jurisdiction_verified) = (Some(declared.into()), verified);
        });
        considered(&set, &text).2
    };
    assert_eq!(
        text(PHONE, "BB", false),
        "number and jurisdiction: Europe/London America/New_York America/Chicago"
    );
    assert_eq!(text(PHONE, "BB", true), "jurisdiction: America/New_York America/Chicago");
    assert_eq!(
        text("+12125550147", "BB-X", false),
        "number and jurisdiction: America/New_York America/Chicago America/Chicago"
    );
    assert_eq!(text("+12125550147", "BB-X", true), "jurisdiction: America/Chicago");
    // a part of a country with several zones is all of them, whatever the number says
    assert_eq!(
        text("+13125550147", "BB-X", false),
        "number and jurisdiction: America/Chicago America/Chicago"
    );
    // within a country that was declared, the number says where
    assert_eq!(text("+13125550147", "BB", false), "number: America/Chicago");
    assert_eq!(
        text("+13125550147", "BB", true),
        "jurisdiction: America/New_York America/Chicago",
        "verified is only the country"
    );
    assert_eq!(text(PHONE, "AA", false), "number: Europe/London");
    assert_eq!(text(PHONE, "AA", true), "jurisdiction: Asia/Tokyo");
    // a declared zone goes before both, also one that nobody knows
    let zoned = |tz: &'static str| {
        considered(
            &set,
            &sms().but(|m| {
                (m.jurisdiction, m.jurisdiction_verified) = (Some("BB".into()), true);
                m.tz = Some(tz.into());
            }),
        )
        .2
    };
    assert_eq!(zoned("Asia/Tokyo"), "declared: Asia/Tokyo");
    assert_eq!(zoned("Mars/Olympus"), "unreadable: ");
    // where the zones of the place are not known, the number's are all there is
    let mut parts = parts([land("CC", [base("CC/base")]).having(|land| land.zones = vec![])]);
    numbered_as(&mut parts, &[("44", &["CC"], &["Europe/London"])]);
    let nowhere = PolicySet::new(parts).unwrap();
    for verified in [false, true] {
        let text = sms().but(|m| {
            (m.jurisdiction, m.jurisdiction_verified) = (Some("CC".into()), verified);
        });
        assert_eq!(considered(&nowhere, &text).2, "number: Europe/London");
    }
}

#[test]
fn a_place_stays_verified_for_twelve_months() {
    let set = PolicySet::new(three_lands()).unwrap();
    let checked = utc("2026-02-28T12:00:00Z");
    let lands_at = |now| {
        let text = sms().but(|m| {
            (m.jurisdiction, m.jurisdiction_verified) = (Some("BB".into()), true);
            m.jurisdiction_verified_at = Some(checked);
        });
        let decision = World::default().decide_by(&set, &text, &[], now);
        let lands = decision.considered().jurisdictions(&set).map(|land| land.code.as_str());
        lands.collect::<Vec<_>>().join(" ")
    };
    let end = utc("2027-02-28T12:00:00Z");
    assert_eq!(lands_at(checked), "BB");
    assert_eq!(lands_at(micros_later(end, -1)), "BB");
    assert_eq!(lands_at(end), "BB AA", "the number is asked again");
    assert_eq!(lands_at(micros_later(end, 1)), "BB AA");
    // a clock may be five minutes ahead; what will be verified is not
    let skew = -5 * 60 * 1_000_000;
    assert_eq!(lands_at(micros_later(checked, skew)), "BB");
    assert_eq!(lands_at(micros_later(checked, skew - 1)), "BB AA");
    // the date alone verifies nothing
    let dated = sms().but(|m| {
        m.jurisdiction = Some("BB".into());
        m.jurisdiction_verified_at = Some(at(NOW));
    });
    assert_eq!(considered(&set, &dated).0, "BB AA");
}

#[test]
fn rules_apply_between_their_dates() {
    let (from, until) = (utc("2027-02-01T00:00:00Z"), utc("2027-03-01T00:00:00Z"));
    let opt_in_until = base("AA/opt-in").having(|rule| rule.until = from);
    let free_then = free("AA/free").having(|rule| (rule.from, rule.until) = (from, until));
    let policies = only([opt_in_until, free_then]);
    let moment = |from: Timestamp, micros| micros_later(from, micros);
    for (now, expected) in [
        (at(NOW - 100_000), NO_CONSENT),
        (moment(from, -1), NO_CONSENT),
        (from, "approved.opt_out_regime"),
        (moment(until, -1), "approved.opt_out_regime"),
        (until, UNAVAILABLE),
        (Timestamp::MAX, UNAVAILABLE),
    ] {
        check_by(&policies, &[], &in_aa(message()), now, expected);
    }
    let decision = check_by(&policies, &[], &in_aa(message()), from, "approved.opt_out_regime");
    let labels: Vec<_> = decision.considered().rules(&policies).map(|rule| &*rule.label).collect();
    assert_eq!(labels, ["AA/free"]);
    // an addition comes and goes on its own days
    let asks = addition("AA/more").having(|rule| {
        (rule.from, rule.content) = (from, content(&[Element::Unsubscribe]));
    });
    let policies = only([base("AA/base"), asks]);
    check_by(&policies, &[opt_in(1)], &in_aa(message()), moment(from, -1), APPROVED);
    check_by(&policies, &[opt_in(1)], &in_aa(message()), from, "blocked.content_requirement");
}

#[test]
fn without_a_base_rule_nothing_goes_out() {
    let by_text = base("AA/text").having(|rule| rule.channels = channels(&[Channel::Sms]));
    let policies = only([by_text, addition("AA/more")]);
    let order = || exempt(in_aa(message()), Category::Transactional);
    check_all! {
        by &policies, at at(NOW);
        "a channel without one":
            [opt_in(1)],
            in_aa(message()) => "blocked.policy_unavailable [policy_unavailable]";
        "a receipt neither": [], order() => UNAVAILABLE;
        "nor an emergency": [], order().but(|m| m.category = Category::Emergency) => UNAVAILABLE;
        "the other channel has one": [opt_in(1).sms()], in_aa(sms()) => APPROVED;
        "no channel is no pack's fault":
            [], in_aa(message()).but(|m| m.channel = None)
                => "blocked.unsupported_channel [unsupported_channel]";
        "nothing is known of the recipient then":
            [], in_aa(message()).but(|m| m.address = None)
                => "blocked.policy_unavailable [policy_unavailable missing_contact]";
    }
    // one of two candidates is enough
    let mut parts = parts([land("AA", [base("AA/base")]), land("BB", [addition("BB/more")])]);
    numbered_as(&mut parts, &[("44", &["BB"], &[])]);
    let policies = PolicySet::new(parts).unwrap();
    check_by(&policies, &[opt_in(1).sms()], &in_aa(sms()), at(NOW), UNAVAILABLE);
    let verified = in_aa(sms()).but(|m| m.jurisdiction_verified = true);
    check_by(&policies, &[opt_in(1).sms()], &verified, at(NOW), APPROVED);
}

/// What does not fit into the lists of a decision is not forgotten but blocks.
#[test]
fn more_candidates_or_rules_than_can_be_held_block() {
    let codes = ["AA", "BB", "CC", "DD", "EE", "FF", "GG"];
    let with_number_of = |n: usize| {
        let mut parts = parts(codes.map(|code| land(code, [base(&format!("{code}/base"))])));
        numbered_as(&mut parts, &[("44", &codes[..n], &[])]);
        PolicySet::new(parts).unwrap()
    };
    let consent = [opt_in(1).sms()];
    assert_eq!(CANDIDATES_MAX, 6);
    check_by(&with_number_of(6), &consent, &in_aa(sms()), at(NOW), APPROVED);
    check_by(&with_number_of(7), &consent, &in_aa(sms()), at(NOW), UNAVAILABLE);
    let with_rules = |n: usize| {
        let additions = (1..n).map(|nth| addition(&format!("AA/{nth}")));
        only([base("AA/base")].into_iter().chain(additions).collect::<Vec<_>>())
    };
    check_by(&with_rules(RULES_MAX), &[opt_in(1)], &in_aa(message()), at(NOW), APPROVED);
    check_by(&with_rules(RULES_MAX + 1), &[opt_in(1)], &in_aa(message()), at(NOW), UNAVAILABLE);
}

#[test]
fn a_set_says_what_it_is() {
    let policies = PolicySet::new(three_lands()).unwrap();
    assert_eq!((policies.revision(), policies.tz_version()), ("by hand", "posix"));
    assert_eq!(policies.numbering().version(), "test");
    let packs: Vec<_> = policies.packs().iter().map(|pack| pack.code.as_str()).collect();
    assert_eq!(packs, ["AA", "BB", "STRICT"]);
    assert!(!policies.has_caps());
    let capped = base("AA/base").having(|rule| rule.caps = vec![cap(1, 24, PerSender::Brand)]);
    assert!(only([capped]).has_caps());
    assert_eq!(policies.rule(0).map(|rule| &*rule.label), Some("AA/base"));
    assert!(policies.rule(99).is_none() && policies.jurisdiction(99).is_none());
    assert!(PolicySet::new(policies.parts().clone()).is_ok_and(|again| again == policies));
}

//! Step 11 for express acts: which basis a rule accepts, its evidence, its end, and how several rules combine.

use crate::harness::check::*;
use crate::harness::policies::*;
use crate::harness::*;
use gate_core::policy::*;
use gate_core::*;

const EXPIRED: &str = "blocked.consent_expired [consent_expired]";
const PENDING: &str = "blocked.pending_confirmation [pending_confirmation]";
const NOT_ACCEPTED: &str = "blocked.basis_not_accepted [basis_not_accepted]";
const INCOMPLETE: &str = "blocked.evidence_incomplete [evidence_incomplete]";

fn claiming(basis: Basis) -> Event {
    opt_in(1).with(|change| change.basis = Some(basis))
}

/// Written consent with the evidence that 47 CFR 64.1200(f) asks for, unless `edit` takes it away.
fn signed(edit: fn(&mut Evidence<'static>)) -> Event {
    claiming(Basis::ExpressWritten).with(|change| {
        let evidence = change.evidence.as_mut().unwrap();
        evidence.signature = true;
        evidence.number_named = true;
        evidence.not_condition_of_purchase = true;
        edit(evidence);
    })
}

fn purchase() -> Event {
    event(Action::Relationship, at(2)).with(|c| c.kind = Some(RelationshipKind::Purchase))
}

fn accepting(accepted: impl Into<Vec<BasisRule>>) -> PolicySet {
    only([base("AA/base").having(|rule| rule.bases = accepted.into())])
}

fn express(edit: impl FnOnce(&mut BasisRule)) -> BasisRule {
    BasisRule::express().having(edit)
}

#[test]
fn a_rule_accepts_the_bases_it_names() {
    for accepted in Basis::ALL {
        let policies = accepting([BasisRule::new(accepted)]);
        for claimed in Basis::ALL {
            use Basis::*;
            // written consent is express consent and more
            let is_accepted =
                claimed == accepted || (claimed, accepted) == (ExpressWritten, Express);
            let expected = match claimed {
                _ if !is_accepted => NOT_ACCEPTED,
                Express | ExpressWritten => APPROVED,
                LegitimateInterest => "approved.legitimate_interest",
                // their conditions stand in relationship events; the claim proves none
                SoftOptIn | CharitySoftOptIn | Implied => "blocked.soft_opt_in_condition",
            };
            let decision =
                check_by(&policies, &[claiming(claimed)], &in_aa(message()), at(NOW), expected);
            if decision.reason() == Reason::SoftOptInCondition {
                assert_eq!(decision.detail(), Detail::Flag("relationship"));
            }
            if decision.outcome() == Outcome::Approved {
                assert_eq!(decision.basis(), Some((claimed, event_key("#0"))));
            }
        }
    }
    let none = accepting([]);
    check_by(&none, &[opt_in(1)], &in_aa(message()), at(NOW), NOT_ACCEPTED);
    check_by(&none, &[], &in_aa(message()), at(NOW), "blocked.no_consent [no_consent]");
}

#[test]
fn evidence_is_what_the_basis_asks_for() {
    let asked = flags::SIGNATURE | flags::NUMBER_NAMED | flags::NOT_CONDITION_OF_PURCHASE;
    let written = accepting([BasisRule::new(Basis::ExpressWritten).having(|basis| {
        basis.evidence |= asked;
    })]);
    check_all! {
        by &written, at at(NOW);
        "all": [signed(|_| {})], in_aa(message()) => APPROVED;
        "no signature": [signed(|e| e.signature = false)], in_aa(message()) => INCOMPLETE;
        "no number": [signed(|e| e.number_named = false)], in_aa(message()) => INCOMPLETE;
        "a condition of purchase":
            [signed(|e| e.not_condition_of_purchase = false)], in_aa(message()) => INCOMPLETE;
        "no method": [signed(|e| e.method = None)], in_aa(message()) => INCOMPLETE;
        "express only, fully proven": [opt_in(1)], in_aa(message()) => NOT_ACCEPTED;
        "express only, not even proven":
            [opt_in(1).no_evidence()], in_aa(message()) => INCOMPLETE;
        "one with, one without":
            [signed(|_| {}), signed(|e| e.signature = false)], in_aa(message()) => APPROVED;
    }
    for (flag, set) in [
        (flags::NOTICE_TEXT, (|e| e.has_notice_text = true) as fn(&mut Evidence<'static>)),
        (flags::SOURCE, |e| e.has_source = true),
        (flags::LOCALE, |e| e.has_locale = true),
        (flags::TEMPLATE_ID, |e| e.has_template_id = true),
    ] {
        let policies = accepting([express(|basis| basis.evidence |= flag)]);
        check_by(&policies, &[opt_in(1)], &in_aa(message()), at(NOW), INCOMPLETE);
        let proven = opt_in(1).with(|change| set(change.evidence.as_mut().unwrap()));
        check_by(&policies, &[proven], &in_aa(message()), at(NOW), APPROVED);
    }
}

/// Written consent that lacks what written consent needs is still express consent.
#[test]
fn written_consent_falls_back_to_express() {
    let both = || {
        [
            BasisRule::new(Basis::ExpressWritten).having(|b| b.evidence |= flags::SIGNATURE),
            BasisRule::express(),
        ]
    };
    let unsigned = || claiming(Basis::ExpressWritten);
    check_by(
        &accepting([BasisRule::express()]),
        &[unsigned()],
        &in_aa(message()),
        at(NOW),
        APPROVED,
    );
    check_by(&accepting(both()), &[unsigned()], &in_aa(message()), at(NOW), APPROVED);
    let short = both().map(|basis| match basis.basis {
        Basis::ExpressWritten => BasisRule { valid_for: days(1), ..basis },
        _ => basis,
    });
    check_by(&accepting(short), &[signed(|_| {})], &in_aa(message()), at(NOW), APPROVED);
}

#[test]
fn consent_is_valid_for_a_period() {
    let policies = accepting([express(|basis| basis.valid_for = months(3))]);
    let given = |instant: &str| event(Action::OptIn, utc(instant));
    let decided = |history: &[Event], now: &str, expected: &str| {
        check_by(&policies, history, &in_aa(message()), utc(now), expected);
    };
    decided(&[given("2027-01-31T12:00:00Z")], "2027-04-30T11:59:59.999999Z", APPROVED);
    decided(&[given("2027-01-31T12:00:00Z")], "2027-04-30T12:00:00Z", EXPIRED);
    let renewed = [given("2026-01-31T12:00:00Z"), given("2027-01-31T12:00:00Z")];
    decided(&renewed, "2027-04-01T12:00:00Z", APPROVED);
    // a shorter newer basis never shortens an older one
    let both = accepting([
        BasisRule::express(),
        BasisRule::new(Basis::ExpressWritten).having(|basis| basis.valid_for = days(1)),
    ]);
    let written = event(Action::OptIn, at(500)).with(|c| c.basis = Some(Basis::ExpressWritten));
    check_by(&both, &[opt_in(1), written], &in_aa(message()), at(NOW), APPROVED);
    // a restart does not renew it
    let policies = accepting([express(|basis| basis.valid_for = days(1))]);
    let history = [opt_in(1).sms(), texted(10, "stop"), texted(1_400, "start")];
    check_by(&policies, &history, &in_aa(sms()), at(1_440), APPROVED);
    check_by(&policies, &history, &in_aa(sms()), at(1_441), EXPIRED);
}

#[test]
fn consent_lapses_when_the_person_has_not_acted_for_long() {
    let dormancy = Dormancy { warn_after: Some(days(20)), block_after: days(40) };
    let policies = accepting([express(|basis| basis.dormancy = Some(dormancy))]);
    let day = |n: i64| n * 1_440;
    let bought = |n: i64| {
        event(Action::Relationship, at(day(n))).with(|c| c.kind = Some(RelationshipKind::Purchase))
    };
    let on_day = |n: i64, history: &[Event], expected: &str| {
        let decision = check_by(&policies, history, &in_aa(message()), at(day(n)), expected);
        decision.warnings().iter().any(|warning| warning == Warning::DormantConsent)
    };
    let consent = || opt_in(day(0));
    assert!(!on_day(19, &[consent()], APPROVED));
    assert!(on_day(20, &[consent()], APPROVED), "the person is asked about");
    assert!(on_day(39, &[consent()], APPROVED));
    assert!(!on_day(40, &[consent()], EXPIRED));
    // acts of the person keep it alive
    assert!(!on_day(40, &[consent(), bought(30)], APPROVED));
    assert!(on_day(50, &[consent(), bought(30)], APPROVED));
    assert!(!on_day(45, &[consent(), opt_in(day(30)).purpose("survey")], APPROVED));
    let texts = |n: i64, history: &[Event], expected: &str| {
        check_by(&policies, history, &in_aa(sms()), at(day(n)), expected);
    };
    texts(45, &[consent().sms()], EXPIRED);
    texts(45, &[consent().sms(), texted(day(30), "START")], APPROVED);
    // these do not
    on_day(40, &[consent(), bought(30).contact("dev")], EXPIRED);
    on_day(40, &[consent(), bought(30).address("ben@example.org")], EXPIRED);
    on_day(40, &[consent(), bought(60).received(at(day(60)))], EXPIRED);
    on_day(40, &[consent(), event(Action::OptInRequested, at(day(30)))], PENDING);
    on_day(40, &[consent(), event(Action::Sent, at(day(30)))], EXPIRED);
    // nor an agreement that cannot be proven, or that claims another basis
    let unproven = opt_in(day(30)).purpose("survey").no_evidence();
    on_day(40, &[consent(), unproven], EXPIRED);
    let claimed = |c: &mut ConsentChange<'static>| c.basis = Some(Basis::LegitimateInterest);
    on_day(40, &[consent(), opt_in(day(30)).purpose("survey").with(claimed)], EXPIRED);
    // a published address is no act of the person: it has no kind
    on_day(40, &[consent(), event(Action::Relationship, at(day(30)))], EXPIRED);
    // the end of consent is the earlier of both
    let both = |basis: &mut BasisRule| {
        (basis.valid_for, basis.dormancy) = (days(10), Some(dormancy));
    };
    let policies = accepting([express(both)]);
    check_by(&policies, &[consent(), bought(9)], &in_aa(message()), at(day(10)), EXPIRED);
}

#[test]
fn double_opt_in_can_be_required() {
    let set =
        |double_opt_in| only([base("AA/base").having(|rule| rule.double_opt_in = double_opt_in)]);
    let request = |minutes| event(Action::OptInRequested, at(minutes));
    let confirm = |minutes| event(Action::OptInConfirmed, at(minutes));
    let consent = || opt_in(1).sms();
    check_all! {
        by &set(DoubleOptIn::Required), at at(NOW);
        "an opt-in waits": [opt_in(1)], in_aa(message()) => PENDING;
        "until it is confirmed": [opt_in(1), confirm(2)], in_aa(message()) => APPROVED;
        "a request too": [request(1)], in_aa(message()) => PENDING;
        "and then": [request(1), confirm(2)], in_aa(message()) => APPROVED;
        "confirmed without a word before": [confirm(2)], in_aa(message()) => APPROVED;
        "confirmed for another purpose":
            [opt_in(1), confirm(2).purpose("survey")],
            in_aa(message()) => PENDING;
        "confirmed for another address":
            [opt_in(1), confirm(2).address("ben@example.org")], in_aa(message()) => PENDING;
        "confirmed by another person":
            [opt_in(1), confirm(2).contact("dev")], in_aa(message()) => PENDING;
        "YES confirms a request": [request(1).sms(), texted(2, "yes")], in_aa(sms()) => APPROVED;
        "YES confirms no opt-in": [consent(), texted(2, "yes")], in_aa(sms()) => PENDING;
        "confirmed, refused, opted in again":
            [opt_in(1), confirm(2), opt_out(3), opt_in(4)], in_aa(message()) => PENDING;
        "confirmed, refused, confirmed again":
            [opt_in(1), confirm(2), opt_out(3), opt_in(4), confirm(5)],
            in_aa(message()) => APPROVED;
    }
    let history = numbered(&[opt_in(1), confirm(2)]);
    let required = set(DoubleOptIn::Required);
    let decision = World::of(&history).decide_by(&required, &in_aa(message()), &[], at(NOW));
    assert_eq!(decision.basis(), Some((Basis::Express, event_key("#1"))), "the confirmation");
    for at_once in [DoubleOptIn::Off, DoubleOptIn::Recommended] {
        check_by(&set(at_once), &[opt_in(1)], &in_aa(message()), at(NOW), APPROVED);
        check_by(&set(at_once), &[request(1)], &in_aa(message()), at(NOW), PENDING);
    }
}

/// The first that applies, in the order of step 11.
#[test]
fn of_several_shortcomings_the_first_in_order_is_reported() {
    let policies = accepting([
        BasisRule::express().having(|basis| basis.valid_for = days(1)),
        by_purchase(Basis::SoftOptIn).having(|basis| {
            basis.grounds[0].requires = vec![condition("details_obtained_directly")];
        }),
    ]);
    let bought =
        || event(Action::Relationship, at(1)).with(|c| c.kind = Some(RelationshipKind::Purchase));
    let all = [
        (event(Action::OptInRequested, at(1)), "pending_confirmation"),
        (opt_in(1).no_evidence(), "evidence_incomplete"),
        (opt_in(1), "consent_expired"),
        (claiming(Basis::Implied), "basis_not_accepted"),
        (bought(), "soft_opt_in_condition"),
        (opt_in(1).brand("zeta"), "scope_mismatch"),
    ];
    for (nth, (_, reason)) in all.iter().enumerate() {
        let history: Vec<Event> = all[nth..].iter().map(|(event, _)| event.clone()).collect();
        let expected = format!("blocked.{reason} [{reason}]");
        check_by(&policies, &history, &in_aa(message()), at(NOW), &expected);
    }
}

#[test]
fn regimes() {
    let set = |regime, accepted: &[Basis]| {
        only([base("AA/base").having(|rule| {
            rule.regime = Some(regime);
            rule.bases = accepted.iter().map(|basis| BasisRule::new(*basis)).collect();
        })])
    };
    check_all! {
        by &set(Regime::OptOut, &[Basis::Express]), at at(NOW);
        "nothing on file": [], in_aa(message()) => "approved.opt_out_regime";
        "consent on file is the better reason": [opt_in(1)], in_aa(message()) => APPROVED;
        "consent elsewhere is none":
            [opt_in(1).brand("zeta")], in_aa(message()) => "approved.opt_out_regime";
        "refused": [opt_out(1)], in_aa(message()) => "blocked.opted_out [opted_out]";
        "objected":
            [event(Action::Object, at(1))], in_aa(message()) => "blocked.objected [objected]";
        "refused and consented again": [opt_out(1), opt_in(2)], in_aa(message()) => APPROVED;
        "refused and consented again, unproven":
            [opt_out(1), opt_in(2).no_evidence()],
            in_aa(message()) => "blocked.opted_out [opted_out]";
        "refused, then a claim of something less than consent":
            [opt_out(1), opt_in(2).with(|c| c.basis = Some(Basis::Implied))],
            in_aa(message()) => "blocked.opted_out [opted_out]";
        "consented and refused": [opt_in(1), opt_out(2)], in_aa(message()) => OPTED_OUT;
        "a relationship after a refusal":
            [opt_out(1), purchase()], in_aa(message()) => OPTED_OUT;
        "an erased address":
            [event(Action::Erase, at(1)).contact("dev")],
            in_aa(message()) => "blocked.suppressed_address [suppressed_address]";
    }
    let interest = set(Regime::OptOut, &[Basis::Express, Basis::LegitimateInterest]);
    let decision =
        check_by(&interest, &[], &in_aa(message()), at(NOW), "approved.legitimate_interest");
    assert_eq!(decision.basis(), None);
    check_by(&interest, &[opt_in(1)], &in_aa(message()), at(NOW), APPROVED);
    check_all! {
        by &set(Regime::Prohibited, &[Basis::Express]), at at(NOW);
        "nothing helps": [opt_in(1)], in_aa(message()) => NOT_ACCEPTED;
        "nothing on file": [], in_aa(message()) => NOT_ACCEPTED;
        "a receipt passes":
            [], exempt(in_aa(message()), Category::Service) => "approved.transactional";
    }
}

#[test]
fn every_rule_needs_its_basis_and_the_weakest_gives_the_reason() {
    let purchase =
        || event(Action::Relationship, at(2)).with(|c| c.kind = Some(RelationshipKind::Purchase));
    let soft = || {
        base("AA/soft").having(|rule| {
            rule.bases = vec![BasisRule::express(), by_purchase(Basis::SoftOptIn)];
        })
    };
    let adding =
        |accepted: BasisRule| addition("AA/more").having(|rule| rule.bases = vec![accepted]);
    let cases = |policies: &PolicySet, expected: [&str; 4]| {
        let histories = [vec![], vec![opt_in(1)], vec![purchase()], vec![opt_in(1), purchase()]];
        for (history, expected) in histories.iter().zip(expected) {
            check_by(policies, history, &in_aa(message()), at(NOW), expected);
        }
    };
    let by_soft = "approved.soft_opt_in";
    let free_rule = || free("AA/free");
    cases(&only([soft()]), [NO_CONSENT, APPROVED, by_soft, APPROVED]);
    // an addition with bases needs one of them as well
    let express = adding(BasisRule::express());
    cases(&only([soft(), express.clone()]), [NO_CONSENT, APPROVED, NOT_ACCEPTED, APPROVED]);
    cases(&only([free_rule(), express]), [NO_CONSENT, APPROVED, NOT_ACCEPTED, APPROVED]);
    let implied = adding(by_purchase(Basis::Implied));
    cases(
        &only([soft(), implied]),
        [
            NO_CONSENT,
            "blocked.basis_not_accepted",
            "approved.implied_consent",
            "approved.implied_consent",
        ],
    );
    // whichever is asked first
    let implied_only = base("AA/implied").having(|r| r.bases = vec![by_purchase(Basis::Implied)]);
    let soft_too = adding(by_purchase(Basis::SoftOptIn));
    cases(
        &only([implied_only, soft_too]),
        [NO_CONSENT, NOT_ACCEPTED, "approved.implied_consent", "approved.implied_consent"],
    );
    // one without bases needs none
    cases(&only([soft(), addition("AA/none")]), [NO_CONSENT, APPROVED, by_soft, APPROVED]);
    // candidates: each needs its own
    let two = |theirs: Rule| {
        let mut parts = parts([land("AA", [soft()]), land("BB", [theirs])]);
        numbered_as(&mut parts, &[("44", &["BB"], &["Europe/London"])]);
        PolicySet::new(parts).unwrap()
    };
    let both = |policies: &PolicySet, history: &[Event], expected: &str| {
        let history: Vec<Event> = history.iter().map(|event| event.clone().sms()).collect();
        check_by(policies, &history, &in_aa(sms()), at(NOW), expected);
    };
    both(&two(base("BB/base")), &[purchase()], NOT_ACCEPTED);
    both(&two(base("BB/base")), &[opt_in(1), purchase()], APPROVED);
    both(&two(free("BB/base")), &[purchase()], by_soft);
    both(&two(free("BB/base")), &[], NO_CONSENT);
    let prohibited = base("BB/base").having(|rule| rule.regime = Some(Regime::Prohibited));
    both(&two(prohibited), &[opt_in(1)], NOT_ACCEPTED);
    let interest = free("BB/base").having(|rule| {
        rule.bases = vec![BasisRule::new(Basis::LegitimateInterest)];
    });
    both(&two(interest), &[opt_in(1)], APPROVED);
}

/// A confirmation says that the address is right; what was agreed to, and signed, stands in the request.
#[test]
fn a_confirmation_stands_on_its_request() {
    let request = |edit: fn(&mut Evidence<'static>)| {
        event(Action::OptInRequested, at(1)).with(|c| edit(c.evidence.as_mut().unwrap()))
    };
    let confirm = || event(Action::OptInConfirmed, at(2));
    let written = |event: Event| event.with(|c| c.basis = Some(Basis::ExpressWritten));
    let signed = accepting([BasisRule::new(Basis::ExpressWritten).having(|basis| {
        basis.evidence |= flags::SIGNATURE;
    })]);
    let sign: fn(&mut Evidence<'static>) = |evidence| evidence.signature = true;
    check_all! {
        by &signed, at at(NOW);
        "the request was signed": [written(request(sign)), confirm()], in_aa(message()) => APPROVED;
        "it was not": [written(request(|_| {})), confirm()], in_aa(message()) => INCOMPLETE;
        "it was signed, but for express consent only":
            [request(sign), confirm()], in_aa(message()) => NOT_ACCEPTED;
        "confirmed in writing, without a signature of its own":
            [written(request(sign)), written(confirm())], in_aa(message()) => INCOMPLETE;
    }
    // evidence of its own counts before that of a request which is worth no more
    let in_their_language = accepting([express(|basis| basis.evidence |= flags::LOCALE)]);
    let with_locale = confirm().with(|c| c.evidence.as_mut().unwrap().has_locale = true);
    check_by(
        &in_their_language,
        &[request(|_| {}), with_locale],
        &in_aa(message()),
        at(NOW),
        APPROVED,
    );
    // no other act of the person is one
    let history = [confirm().no_evidence(), opt_in(3).purpose("survey")];
    check_by(&accepting([BasisRule::express()]), &history, &in_aa(message()), at(NOW), INCOMPLETE);
}

/// Of two as strong and as old either would do; it is the same one every time.
#[test]
fn of_two_equal_bases_the_first_in_the_state_is_the_proof() {
    let history = [opt_in(1).id("a"), opt_in(1).id("b"), opt_in(1).id("c")];
    let first = ["a", "b", "c"].map(event_key).into_iter().min().unwrap();
    let policies = accepting([BasisRule::express()]);
    let decision = check_by(&policies, &history, &in_aa(message()), at(NOW), APPROVED);
    assert_eq!(decision.basis(), Some((Basis::Express, first)));
}

//! What an event may state besides: until when a permission counts, what a recipient is, and the one purpose that
//! can only be refused.
mod harness;

use gate_core::policy::BasisRule;
use gate_core::*;
use harness::check::*;
use harness::policies::*;
use harness::*;

const EXPIRED: &str = "blocked.consent_expired";

#[test]
fn a_permission_counts_until_the_end_its_source_states() {
    let until = |minutes, end: Timestamp| opt_in(minutes).with(|c| c.expires_at = Some(end));
    let now = at(NOW);
    check(&[until(1, micros_later(now, 1))], &message(), now, APPROVED);
    check(&[until(1, now)], &message(), now, "blocked.consent_expired [consent_expired]");
    check(&[until(1, micros_later(now, -1))], &message(), now, EXPIRED);
    let early = |c: &mut ConsentChange<'static>| c.expires_at = Some(at(5));
    check_all! {
        "an end at the act permits nothing": [until(5, at(5))], message() => EXPIRED;
        "nor one before it": [until(5, at(4))], message() => EXPIRED;
        "another consent without an end stays": [until(1, at(5)), opt_in(2)], message() => APPROVED;
        "a confirmation that ends": [event(Action::OptInConfirmed, at(1)).with(early)], message() => EXPIRED;
        "one that leans on a request that ends":
            [
                event(Action::OptInRequested, at(1)).with(early),
                event(Action::OptInConfirmed, at(2)).no_evidence()
            ],
            message() => EXPIRED;
        "what has ended no longer ends a refusal":
            [opt_out(1), until(2, at(5))],
            message() => "blocked.opted_out [opted_out consent_expired]";
        "what has not does": [opt_out(1), until(2, micros_later(at(NOW), 1))], message() => APPROVED;
        "redelivered with an earlier end": [until(1, at(NOW + 9)).id("e"), until(1, at(5)).id("e")],
            message() => EXPIRED;
        "redelivered with an end": [opt_in(1).id("e"), until(1, at(5)).id("e")], message() => EXPIRED;
        "redelivered with a later act and an earlier end":
            [opt_in(1).id("e"), until(3, at(5)).id("e")], message() => EXPIRED;
        "the end of another event ends nothing, whatever was redelivered":
            [opt_in(1).id("e"), opt_in(2).id("e"), until(3, at(5)).id("f")], message() => APPROVED;
        "an unsuppress that ends":
            [
                opt_in(1), event(Action::Suppress, at(2)).suppression(None),
                event(Action::Unsuppress, at(3)).suppression(Some(SuppressionScope::All)).with(early)
            ],
            message() => "blocked.suppressed_global";
        "a refusal has no end": [opt_in(1), opt_out(2).with(early)], message() => OPTED_OUT;
    }
    check_all! {
        "a confirmation that ended proves no address":
            [
                opt_in(1), event(Action::HardBounce, at(2)),
                event(Action::OptInConfirmed, at(3)).with(early)
            ],
            message() => "blocked.undeliverable [undeliverable]";
        "and one that stands does":
            [event(Action::HardBounce, at(2)), event(Action::OptInConfirmed, at(3))],
            message() => APPROVED;
        "nor a number":
            [
                event(Action::AddressReassigned, at(1)).address(PHONE), opt_in(2).sms(),
                event(Action::OptInConfirmed, at(3)).sms().with(early)
            ],
            sms() => "blocked.number_reassigned [number_reassigned]";
        "a START that ended gives no consent back":
            [opt_in(1).sms(), texted(2, "stop"), texted(3, "start").with(early)],
            sms() => "blocked.opted_out [opted_out sender_stop no_consent]";
        "a YES that ended confirms nothing":
            [
                event(Action::OptInRequested, at(1)).sms(),
                texted(2, "yes").with(early)
            ],
            sms() => "blocked.pending_confirmation [pending_confirmation]";
        "a change that ended leaves the doubt of an unreadable one":
            [opt_in(1), unreadable_record(Some("ben"), None, 2), until(3, at(5)).brand("zeta")],
            message() => "blocked.consent_unreadable [consent_unreadable]";
        "nor does a relationship that ended settle it":
            [
                opt_in(1), unreadable_record(Some("ben"), None, 2),
                event(Action::Relationship, at(3)).with(early)
            ],
            message() => "blocked.consent_unreadable [consent_unreadable]";
        "a request that ended proves no confirmation that ends a refusal":
            [
                opt_in(1), opt_out(1).purpose("marketing.offers"),
                event(Action::OptInRequested, at(2)).with(early),
                event(Action::OptInConfirmed, at(3)).no_evidence()
            ],
            message() => "blocked.opted_out [opted_out consent_expired]";
        "a confirmation with proof of its own does not end with the request it confirms":
            [
                event(Action::OptInRequested, at(1)).with(early).with(|c| {
                    c.basis = Some(Basis::ExpressWritten);
                }),
                event(Action::OptInConfirmed, at(2))
            ],
            message() => APPROVED;
    }
    // the permission is over before the person acted, whatever clock is ahead
    check(&[until(5, at(5))], &message(), at(4), EXPIRED);
    let purchase = |end| {
        event(Action::Relationship, at(1)).with(|c| {
            c.kind = Some(RelationshipKind::Purchase);
            c.expires_at = end;
        })
    };
    let implied = only([base("AA/base").having(|r| r.bases = vec![by_purchase(Basis::Implied)])]);
    let later = Some(micros_later(now, 1));
    check_by(&implied, &[purchase(None)], &in_aa(message()), now, "approved.implied_consent");
    check_by(&implied, &[purchase(later)], &in_aa(message()), now, "approved.implied_consent");
    check_by(&implied, &[purchase(Some(now))], &in_aa(message()), now, EXPIRED);
    // a pack's end counts as well, whichever is first
    let express = BasisRule::express().having(|basis| basis.valid_for = days(10));
    let short = only([base("AA/base").having(|r| r.bases = vec![express])]);
    let day = |n: i64| at(n * 1_440);
    let long = [until(0, day(99))];
    check_by(&short, &long, &in_aa(message()), micros_later(day(10), -1), APPROVED);
    check_by(&short, &long, &in_aa(message()), day(10), EXPIRED);
}

#[test]
fn what_has_ended_is_no_sign_of_life() {
    let dormancy = policy::Dormancy { warn_after: None, block_after: days(40) };
    let express = BasisRule::express().having(|basis| basis.dormancy = Some(dormancy));
    let policies = only([base("AA/base").having(|rule| rule.bases = vec![express])]);
    let day = |n: i64| at(n * 1_440);
    let purchase =
        |n| event(Action::Relationship, day(n)).with(|c| c.kind = Some(RelationshipKind::Purchase));
    let ended = |event: Event| event.with(|c| c.expires_at = Some(c.occurred_at));
    for (act, expected) in [
        (purchase(30), APPROVED),
        (purchase(30).with(|c| c.expires_at = Some(at(51 * 1_440))), APPROVED),
        (purchase(30).with(|c| c.expires_at = Some(at(50 * 1_440))), EXPIRED),
        (ended(purchase(30)), EXPIRED),
        (opt_in(30 * 1_440).purpose("marketing.news"), APPROVED),
        (ended(opt_in(30 * 1_440).purpose("marketing.news")), EXPIRED),
    ] {
        check_by(&policies, &[opt_in(0), act], &in_aa(message()), day(50), expected);
    }
}

#[test]
fn a_relationship_said_to_run_no_more_has_ended_whatever_end_is_stated_of_that() {
    let implied = only([base("AA/base").having(|r| {
        let mut basis = by_purchase(Basis::Implied);
        for ground in &mut basis.grounds {
            for kind in &mut ground.kinds {
                (kind.kind, kind.period, kind.while_running) =
                    (RelationshipKind::Contract, days(10), true);
            }
        }
        r.bases = vec![basis];
    })]);
    let day = |n: i64| at(n * 1_440);
    let contract = |n: i64, flags| {
        event(Action::Relationship, day(n)).with(|c| {
            (c.kind, c.context_flags) = (Some(RelationshipKind::Contract), flags);
        })
    };
    let runs = |n| contract(n, flags::RELATIONSHIP_ACTIVE);
    let check = |history: &[Event], expected| {
        check_by(&implied, history, &in_aa(message()), day(500), expected);
    };
    let over = |event: Event| event.with(|c| c.expires_at = Some(c.occurred_at));
    check(&[runs(0)], "approved.implied_consent");
    check(&[runs(0), contract(100, 0)], EXPIRED);
    check(&[runs(0), over(contract(100, 0))], EXPIRED);
    // nor does a version of the same event that says the reverse take it back
    check(&[runs(0), contract(100, 0).id("e"), over(runs(99)).id("e")], EXPIRED);
    check(&[runs(0), contract(100, 0), over(runs(101))], EXPIRED);
    check(&[runs(0), contract(100, 0), runs(101)], "approved.implied_consent");
}

#[test]
fn a_profile_that_ended_spares_nobody() {
    let free = base("AA/base").having(|rule| rule.regime = Some(policy::Regime::OptOut));
    let policies = policies([land("AA", [free]).having(|land| land.minor_below = Some(18))]);
    let born = |minutes, days| {
        event(Action::Profile, at(minutes)).unscoped().with(|c| c.birth_date_days = Some(days))
    };
    let (young, old) = (20_000, -9_000);
    let over = |event: Event| event.with(|c| c.expires_at = Some(at(9)));
    let free = "approved.opt_out_regime";
    let minor = "blocked.minor [minor]";
    check_all! {
        by &policies, at at(NOW);
        "one that stands": [born(1, young), born(2, old)], in_aa(message()) => free;
        "of an adult, that ended": [born(1, young), over(born(2, old))], in_aa(message()) => minor;
        "of a minor, that ended": [over(born(2, young))], in_aa(message()) => minor;
        "before one that stands": [over(born(1, young)), born(2, old)], in_aa(message()) => free;
        "at the instant of one that stands": [born(2, young), over(born(2, old))],
            in_aa(message()) => minor;
    }
}

#[test]
fn a_near_end_is_a_warning() {
    let until = opt_in(1).with(|c| c.expires_at = Some(at(NOW + 30 * 1_440)));
    let warned = |now| {
        let decision = check_by(
            &PolicySet::express_only(),
            std::slice::from_ref(&until),
            &message(),
            now,
            APPROVED,
        );
        decision.warnings().iter().map(Warning::code).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(warned(micros_later(at(NOW), -1)), "");
    assert_eq!(warned(at(NOW)), "warning.near_expiry");
}

/// What is on file can only make a person of somebody whom the message calls a business.
#[test]
fn a_business_is_one_where_message_and_profile_agree() {
    let is =
        |minutes, kind| event(Action::Profile, at(minutes)).with(|c| c.recipient_kind = Some(kind));
    let (person, business, trader) =
        (RecipientKind::Person, RecipientKind::Business, RecipientKind::SoleTrader);
    let shown = |history: &[Event], stated: Option<RecipientKind>| {
        let world = World::of(&numbered(history));
        let backwards = World::of(numbered(history).iter().rev());
        assert_eq!(world.states, backwards.states);
        let message = message().but(|m| m.kind = stated);
        let (_, notes) = world.explain(&PolicySet::express_only(), &message, &[], at(NOW));
        let found = notes.0.iter().find(|(step, _)| *step == Step::Available).unwrap().1.clone();
        match found.split_once("; a ") {
            Some((_, kind)) => kind.to_owned(),
            None => "person".to_owned(),
        }
    };
    assert_eq!(shown(&[], None), "person");
    assert_eq!(shown(&[], Some(business)), "business");
    assert_eq!(shown(&[], Some(trader)), "sole trader");
    assert_eq!(shown(&[is(1, business)], Some(business)), "business");
    assert_eq!(shown(&[is(1, person)], Some(business)), "person");
    assert_eq!(shown(&[is(1, trader)], Some(business)), "person");
    assert_eq!(shown(&[is(1, business)], Some(person)), "person");
    assert_eq!(shown(&[is(1, business)], None), "person", "unknown is a person");
    assert_eq!(shown(&[is(1, person), is(2, business)], Some(business)), "business", "the latest");
    assert_eq!(shown(&[is(2, person), is(1, business)], Some(business)), "person");
    assert_eq!(shown(&[is(1, trader), is(1, business)], Some(business)), "person", "a conflict");
    assert_eq!(shown(&[is(1, person).contact("dev")], Some(business)), "business", "another's");
    assert_eq!(shown(&[is(500, person).received(at(1))], Some(business)), "business");
    let elsewhere = is(1, person).address("ben@example.org");
    assert_eq!(shown(&[elsewhere], Some(business)), "business", "another address of Ben's");
    assert_eq!(shown(&[is(1, person).no_address()], Some(business)), "person");
    assert_eq!(shown(&[is(1, person).no_contact()], Some(business)), "person");
    // beside a birth date
    let both = is(1, person).with(|c| c.birth_date_days = Some(0));
    assert_eq!(shown(std::slice::from_ref(&both), Some(business)), "person");
    let decision =
        check_by(&PolicySet::express_only(), &[opt_in(1), both], &message(), at(NOW), APPROVED);
    assert!(decision.warnings().is_empty(), "two statements are no two versions of one");
}

#[test]
fn selling_data_can_only_be_refused() {
    let sale = |of: Event| of.purpose("sale_share");
    let about = |purpose: &'static str| message().but(|m| m.purpose = Some(purpose.into()));
    let free = only([free("AA/free")]);
    let receipt = || in_aa(exempt(message(), Category::Service));
    check_all! {
        "an opt-in permits nothing": [sale(opt_in(1))], about("sale_share") => MISMATCH;
        "of a part of it neither": [opt_in(1).purpose("sale_share.ads")], about("sale_share.ads") => MISMATCH;
        "and ends nothing":
            [opt_in(1), sale(opt_out(2)), sale(opt_in(3))],
            about("sale_share") => "blocked.opted_out [opted_out scope_mismatch]";
        "a refusal is none of marketing": [opt_in(1), sale(opt_out(2))], message() => APPROVED;
        "nor of a message that does not say":
            [opt_in(1), sale(opt_out(2))], message().but(|m| m.purpose = None)
                => "blocked.scope_mismatch [scope_mismatch]";
    }
    check_all! {
        by &free, at at(NOW);
        "not refused, judged like any other": [], in_aa(about("sale_share")) => "approved.opt_out_regime";
        "refused": [sale(opt_out(1))], in_aa(about("sale_share")) => "blocked.opted_out [opted_out]";
        "what is below it too": [sale(opt_out(1))], in_aa(about("sale_share.ads")) => OPTED_OUT;
        "not what is above it":
            [opt_out(1).purpose("sale_share.ads")], in_aa(about("sale_share")) => "approved.opt_out_regime";
        "a name that only begins alike": [sale(opt_out(1))], in_aa(about("sale_shares")) => "approved.opt_out_regime";
        "a refusal of marketing reaches all that is judged as marketing":
            [opt_out(1)], in_aa(about("sale_share")) => OPTED_OUT;
        "consent to it ends no refusal": [sale(opt_out(1)), sale(opt_in(2))], in_aa(about("sale_share")) => OPTED_OUT;
        "a receipt passes": [sale(opt_out(1))], receipt() => "approved.transactional";
        "one that is about selling does not":
            [sale(opt_out(1))], receipt().but(|m| m.purpose = Some("sale_share".into()))
                => "blocked.opted_out [opted_out]";
    }
    let decision =
        check_by(&free, &[sale(opt_out(1))], &in_aa(about("sale_share")), at(NOW), OPTED_OUT);
    assert_eq!(decision.detail(), Detail::Scope("purpose"));
    // it is no consent to service messages, and revokes none
    let asking = base("AA/base").having(|r| r.transactional.consent = bases(&[Basis::Express]));
    let all = addition("AA/revoke-all").having(|r| r.revoke_all = true);
    let policies = only([asking, all]);
    check_by(&policies, &[sale(opt_in(1))], &receipt(), at(NOW), NO_CONSENT);
    let refused = [opt_in(1), sale(opt_out(2))];
    check_by(&policies, &refused, &receipt(), at(NOW), "approved.transactional");
    check_by(&policies, &refused, &in_aa(message()), at(NOW), APPROVED);
    // nor an act that keeps consent alive
    let dormancy = policy::Dormancy { warn_after: None, block_after: days(100) };
    let express = policy::BasisRule::express().having(|basis| basis.dormancy = Some(dormancy));
    let policies = only([base("AA/base").having(|rule| rule.bases = vec![express])]);
    let day = |n: i64| at(n * 1_440);
    let awake = [
        opt_in(0),
        opt_in(0).with(|c| c.occurred_at = day(50)).purpose("survey").received(day(50)),
    ];
    check_by(&policies, &awake, &in_aa(message()), day(120), APPROVED);
    let asleep = [opt_in(0), sale(opt_in(0).with(|c| c.occurred_at = day(50)).received(day(50)))];
    check_by(&policies, &asleep, &in_aa(message()), day(120), EXPIRED);
}

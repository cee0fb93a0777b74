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

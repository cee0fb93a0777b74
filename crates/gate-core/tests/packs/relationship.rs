//! Step 11 for relationships: soft opt-in and implied consent by the grounds of a rule (docs/law.md section 4).

use crate::harness::check::*;
use crate::harness::policies::*;
use crate::harness::*;
use gate_core::policy::*;
use gate_core::*;

const SOFT: &str = "approved.soft_opt_in";
const IMPLIED: &str = "approved.implied_consent";
const CONDITION: &str = "blocked.soft_opt_in_condition [soft_opt_in_condition]";
const EXPIRED: &str = "blocked.consent_expired [consent_expired]";
const NOT_ACCEPTED: &str = "blocked.basis_not_accepted [basis_not_accepted]";

/// A relationship of Ben with Acme, as a source states it: no channel, no purpose.
fn relationship(minutes: i64, kind: RelationshipKind) -> Event {
    event(Action::Relationship, at(minutes)).any_channel().purpose(None).with(|change| {
        change.kind = Some(kind);
        change.product_group = Some("tents".into());
    })
}

fn purchase(minutes: i64) -> Event {
    relationship(minutes, RelationshipKind::Purchase)
}

fn flagged(event: Event, flags: u64) -> Event {
    event.with(|change| change.context_flags = flags)
}

fn ground(kinds: &[RelationshipKind], requires: &[&str]) -> Ground {
    Ground {
        kinds: kinds.iter().map(|one| kind(*one, months(24))).collect(),
        requires: requires.iter().map(|name| condition(name)).collect(),
        ..Ground::default()
    }
}

fn by_grounds(basis: Basis, grounds: impl Into<Vec<Ground>>) -> PolicySet {
    let basis = BasisRule { grounds: grounds.into(), ..BasisRule::new(basis) };
    only([base("AA/base").having(|rule| rule.bases = vec![BasisRule::express(), basis])])
}

fn offer() -> OutboundMessage<'static> {
    in_aa(message()).but(|m| {
        m.product_group = Some("tents".into());
        m.content.unsubscribe = Some(true);
    })
}

#[test]
fn a_relationship_names_the_sender_and_the_address() {
    use RelationshipKind::*;
    let policies = by_grounds(Basis::SoftOptIn, [ground(&[Purchase], &[])]);
    let mismatch = "blocked.scope_mismatch [scope_mismatch]";
    check_all! {
        by &policies, at at(NOW);
        "a purchase": [purchase(1)], offer() => SOFT;
        "for the channel": [purchase(1).channel(Channel::Email)], offer() => SOFT;
        "for another channel": [purchase(1).channel(Channel::Sms)], offer() => mismatch;
        "for the purpose": [purchase(1).purpose("marketing")], offer() => SOFT;
        "for another purpose": [purchase(1).purpose("survey")], offer() => mismatch;
        "all brands": [purchase(1).brand("any")], offer() => SOFT;
        "another brand": [purchase(1).brand("zeta")], offer() => mismatch;
        "no brand": [purchase(1).brand(None)], offer() => mismatch;
        "another controller: it cannot be transferred":
            [purchase(1).controller("zeta-ltd")], offer() => mismatch;
        "no controller": [purchase(1).controller(None)], offer() => mismatch;
        "another address": [purchase(1).address("ben@example.org")], offer() => mismatch;
        "no address": [purchase(1).no_address()], offer() => mismatch;
        "somebody else's": [purchase(1).contact("dev")], offer() => NO_CONSENT;
        "nobody's in particular": [purchase(1).no_contact()], offer() => SOFT;
        "from the future": [purchase(500).received(at(1))], offer() => NO_CONSENT;
        "of no kind": [purchase(1).with(|c| { c.kind = None; })], offer() => NOT_ACCEPTED;
        "of another kind": [relationship(1, Inquiry)], offer() => NOT_ACCEPTED;
        "refused later":
            [purchase(1), opt_out(2)], offer() => "blocked.opted_out [opted_out no_consent]";
        "refused before: a relationship never revives":
            [opt_out(1), purchase(2)], offer() => "blocked.opted_out [opted_out]";
        "refused and consented again: what came in between counts too":
            [opt_out(1), purchase(2), opt_in(3).purpose("marketing.offers")],
            offer() => APPROVED;
        "an agreement that cannot be proven ends no refusal (it did: a list that calls everybody agreed)":
            [opt_out(1), purchase(2), opt_in(3).no_evidence()], offer() => OPTED_OUT;
        "nor does a claim of a basis":
            [opt_out(1), purchase(2), opt_in(3).with(|c| c.basis = Some(Basis::SoftOptIn))],
            offer() => OPTED_OUT;
        "a refusal in between ends it for good":
            [purchase(1), opt_out(2), opt_in(3).no_evidence()],
            offer() => "blocked.opted_out [opted_out evidence_incomplete]";
        "STOP and START give it back":
            [purchase(1).address(PHONE), texted(2, "stop"), texted(3, "start")],
            in_aa(sms()) => SOFT;
    }
}

#[test]
fn every_flag_of_a_ground_must_be_true() {
    let names: Vec<&str> = Condition::all()
        .filter_map(|condition| match condition {
            Condition::Flag(_, name) => Some(name),
            _ => None,
        })
        .collect();
    assert_eq!(names.len(), 14);
    for name in names {
        let policies =
            by_grounds(Basis::SoftOptIn, [ground(&[RelationshipKind::Purchase], &[name])]);
        let Some(Condition::Flag(flag, _)) = Condition::parse(name) else { unreachable!() };
        check_by(&policies, &[flagged(purchase(1), flag)], &offer(), at(NOW), SOFT);
        let decision = check_by(&policies, &[purchase(1)], &offer(), at(NOW), CONDITION);
        assert_eq!(decision.detail(), Detail::Flag(name));
        let others = flagged(purchase(1), !flag & 0x0000_0000_03ff_f000);
        check_by(&policies, &[others], &offer(), at(NOW), CONDITION);
        // the name of the public contract, where `not_refused` is the `false` of `refused`
        let field = flags::CONTEXT.iter().find(|field| field.condition == name).unwrap();
        let of_contract = if field.name == "refused" { "not_refused" } else { field.name };
        assert_eq!((of_contract, field.kept), (name, field.name != "refused"));
        assert_eq!(field.flag, flag, "{name}");
    }
    assert_eq!(Condition::parse("refused"), None);
    for condition in Condition::all() {
        assert_eq!(Condition::parse(condition.as_str()), Some(condition));
    }
}

#[test]
fn the_first_false_condition_is_reported() {
    let required =
        ["details_obtained_directly", "not_refused", "own_similar", "message_unsubscribe"];
    let policies = by_grounds(Basis::SoftOptIn, [ground(&[RelationshipKind::Purchase], &required)]);
    let direct = flags::DETAILS_OBTAINED_DIRECTLY;
    let both = direct | flags::NOT_REFUSED;
    let silent = || offer().but(|m| m.content.unsubscribe = None);
    let other = || silent().but(|m| m.product_group = Some("boats".into()));
    for (flags, message, missing) in [
        (0, other(), "details_obtained_directly"),
        (direct, other(), "not_refused"),
        (both, other(), "own_similar"),
        (both, silent(), "message_unsubscribe"),
    ] {
        let history = [flagged(purchase(1), flags)];
        let decision = check_by(&policies, &history, &message, at(NOW), CONDITION);
        assert_eq!(decision.detail(), Detail::Flag(missing));
    }
    check_by(&policies, &[flagged(purchase(1), both)], &offer(), at(NOW), SOFT);
    // one relationship that fulfils all is enough; two halves are not
    let halves = [flagged(purchase(1), direct), flagged(purchase(2), flags::NOT_REFUSED)];
    check_by(&policies, &halves, &offer(), at(NOW), CONDITION);
    let whole = [flagged(purchase(1), direct), flagged(purchase(2), both)];
    check_by(&policies, &whole, &offer(), at(NOW), SOFT);
}

#[test]
fn forbidden_flags_must_not_be_true() {
    let published = ground(&[RelationshipKind::Interest], &["published_in_role"])
        .having(|ground| ground.forbids = vec![condition("no_spam_notice")]);
    let policies = by_grounds(Basis::Implied, [published]);
    let interest = |flags| flagged(relationship(1, RelationshipKind::Interest), flags);
    check_by(&policies, &[interest(flags::PUBLISHED_IN_ROLE)], &offer(), at(NOW), IMPLIED);
    let with_notice = [interest(flags::PUBLISHED_IN_ROLE | flags::NO_SPAM_NOTICE)];
    let decision = check_by(&policies, &with_notice, &offer(), at(NOW), CONDITION);
    assert_eq!(decision.detail(), Detail::Flag("no_spam_notice"));
}

#[test]
fn own_products_are_the_same_or_similar() {
    let mut parts =
        by_grounds(Basis::SoftOptIn, [ground(&[RelationshipKind::Purchase], &["own_similar"])])
            .parts()
            .clone();
    parts.similar = vec![("sleeping bags".into(), "tents".into())];
    let policies = PolicySet::new(parts).unwrap();
    let decided = |had: Option<&'static str>, advertised: Option<&'static str>, expected: &str| {
        let bought = purchase(1).with(|c| c.product_group = had.map(Into::into));
        let message = offer().but(|m| m.product_group = advertised.map(Into::into));
        check_by(&policies, &[bought], &message, at(NOW), expected);
    };
    decided(Some("tents"), Some("tents"), SOFT);
    decided(Some(" Tents "), Some("TENTS"), SOFT);
    decided(Some("tents"), Some("sleeping bags"), SOFT);
    decided(Some("Sleeping Bags"), Some("tents"), SOFT);
    decided(Some("tents"), Some("boats"), CONDITION);
    // one of a pair is similar to the other, not to everything
    decided(Some("boats"), Some("tents"), CONDITION);
    decided(Some("boats"), Some("sleeping bags"), CONDITION);
    decided(Some("sleeping bags"), Some("boats"), CONDITION);
    decided(Some("tents"), Some("tent"), CONDITION);
    decided(None, Some("tents"), CONDITION);
    decided(Some("tents"), None, CONDITION);
    decided(None, None, CONDITION);
    decided(Some(" "), Some(""), CONDITION);
}

#[test]
fn charities_may_write_for_their_purposes_since_a_date() {
    let from = utc("2027-02-05T00:00:00Z");
    let charity = ground(
        &[RelationshipKind::Donation],
        &["sender_is_charity", "message_sole_charitable_purpose"],
    )
    .having(|ground| ground.collected_from = Some(from));
    let policies = by_grounds(Basis::CharitySoftOptIn, [charity]);
    let donated = |when| {
        flagged(relationship(0, RelationshipKind::Donation), flags::SENDER_IS_CHARITY)
            .with(|change| change.occurred_at = when)
            .received(when)
    };
    let appeal = || offer().but(|m| m.sole_charitable_purpose = Some(true));
    let approved = "approved.charity_soft_opt_in";
    check_by(&policies, &[donated(from)], &appeal(), at(NOW), approved);
    let flag = |history: &[Event], message: &OutboundMessage<'_>| {
        check_by(&policies, history, message, at(NOW), CONDITION).detail()
    };
    let early = [donated(micros_later(from, -1))];
    assert_eq!(flag(&early, &appeal()), Detail::Flag("collected_from"));
    let missing = Detail::Flag("message_sole_charitable_purpose");
    assert_eq!(flag(&[donated(from)], &offer()), missing);
    let mixed = offer().but(|m| m.sole_charitable_purpose = Some(false));
    assert_eq!(flag(&[donated(from)], &mixed), missing);
}

#[test]
fn each_kind_has_its_period_and_each_act_its_own_clock() {
    use RelationshipKind::*;
    let implied = Ground {
        kinds: vec![
            kind(Purchase, months(24)),
            kind(Inquiry, months(6)),
            kind(Donation, Period::UNLIMITED),
        ],
        ..Ground::default()
    };
    let policies = by_grounds(Basis::Implied, [implied]);
    let on = |kind, instant: &str| {
        let when = utc(instant);
        relationship(0, kind).with(|change| change.occurred_at = when).received(when)
    };
    let decided = |history: &[Event], now: &str, expected: &str| {
        check_by(&policies, history, &offer(), utc(now), expected);
    };
    let inquiry = || on(Inquiry, "2027-01-05T15:00:00Z");
    decided(&[inquiry()], "2027-07-05T14:59:59.999999Z", IMPLIED);
    decided(&[inquiry()], "2027-07-05T15:00:00Z", EXPIRED);
    decided(&[on(Purchase, "2024-02-29T10:00:00Z")], "2026-02-28T09:59:59Z", IMPLIED);
    decided(&[on(Purchase, "2024-02-29T10:00:00Z")], "2026-02-28T10:00:00Z", EXPIRED);
    decided(&[on(Donation, "1999-01-01T00:00:00Z")], "2099-01-01T00:00:00Z", IMPLIED);
    // a newer and shorter basis never shortens an older one (state rule 11)
    let both = [on(Purchase, "2027-01-01T00:00:00Z"), inquiry()];
    decided(&both, "2028-12-31T00:00:00Z", IMPLIED);
    // the latest live one is the proof
    let world = World::of(&numbered(&both));
    let proof = |now| world.decide_by(&policies, &offer(), &[], utc(now)).basis();
    assert_eq!(proof("2027-06-01T00:00:00Z"), Some((Basis::Implied, event_key("#1"))));
    assert_eq!(proof("2027-08-01T00:00:00Z"), Some((Basis::Implied, event_key("#0"))));
}

#[test]
fn a_running_relationship_lasts_until_it_is_said_to_have_ended() {
    let contract = KindRule { while_running: true, ..kind(RelationshipKind::Contract, days(10)) };
    let implied = Ground { kinds: vec![contract], ..Ground::default() };
    let policies = by_grounds(Basis::Implied, [implied.clone()]);
    let day = |n: i64| n * 1_440;
    let runs =
        |n| flagged(relationship(day(n), RelationshipKind::Contract), flags::RELATIONSHIP_ACTIVE);
    let ended = |n| relationship(day(n), RelationshipKind::Contract);
    let on_day = |n: i64, history: &[Event], expected: &str| {
        check_by(&policies, history, &offer(), at(day(n)), expected);
    };
    on_day(9, &[ended(0)], IMPLIED);
    on_day(10, &[ended(0)], EXPIRED);
    on_day(5_000, &[runs(0)], IMPLIED);
    on_day(109, &[runs(0), ended(100)], IMPLIED);
    on_day(110, &[runs(0), ended(100)], EXPIRED);
    on_day(5_000, &[runs(0), ended(100), runs(101)], IMPLIED);
    on_day(5_000, &[ended(0), runs(1)], IMPLIED);
    // what is said about another brand, another kind, another person or in the future ends nothing
    on_day(5_000, &[runs(0), ended(100).brand("zeta")], IMPLIED);
    on_day(5_000, &[runs(0), purchase(day(100))], IMPLIED);
    on_day(5_000, &[runs(0), ended(100).contact("dev")], IMPLIED);
    on_day(5_000, &[runs(0), ended(100).received(at(day(1)))], IMPLIED);
    // where the rule does not care, the period counts
    let kinds = vec![KindRule { while_running: false, ..contract }];
    let fixed = by_grounds(Basis::Implied, [Ground { kinds, ..implied }]);
    check_by(&fixed, &[runs(0)], &offer(), at(day(10)), EXPIRED);
}

/// State rule 2: at the same instant the restrictive reading counts.
#[test]
fn a_relationship_that_runs_and_has_ended_at_one_instant_has_ended() {
    let contract = KindRule { while_running: true, ..kind(RelationshipKind::Contract, days(10)) };
    let policies =
        by_grounds(Basis::Implied, [Ground { kinds: vec![contract], ..Ground::default() }]);
    let ended = relationship(0, RelationshipKind::Contract);
    let runs = flagged(ended.clone(), flags::RELATIONSHIP_ACTIVE);
    check_by(&policies, &[runs.clone(), ended.clone()], &offer(), at(9 * 1_440), IMPLIED);
    check_by(&policies, &[runs, ended], &offer(), at(10 * 1_440), EXPIRED);
}

#[test]
fn a_ground_can_lapse_without_acts() {
    let dormant = ground(&[RelationshipKind::Purchase], &[]).having(|ground| {
        ground.dormancy = Some(Dormancy { warn_after: None, block_after: days(30) });
    });
    let policies = by_grounds(Basis::Implied, [dormant]);
    let day = |n: i64| at(n * 1_440);
    check_by(&policies, &[purchase(0)], &offer(), micros_later(day(30), -1), IMPLIED);
    check_by(&policies, &[purchase(0)], &offer(), day(30), EXPIRED);
    let asked_since = relationship(29 * 1_440, RelationshipKind::Inquiry);
    check_by(&policies, &[purchase(0), asked_since], &offer(), day(58), IMPLIED);
}

#[test]
fn one_ground_of_several_is_enough() {
    use RelationshipKind::*;
    let policies = by_grounds(
        Basis::SoftOptIn,
        [
            ground(&[Purchase], &["details_obtained_directly"]),
            ground(&[Purchase, Contract], &["objection_notice"]),
            ground(&[AccountFree], &["indirect_remuneration"]),
        ],
    );
    let decided = |event: Event, expected: &str| {
        check_by(&policies, &[event], &offer(), at(NOW), expected).detail()
    };
    decided(flagged(purchase(1), flags::DETAILS_OBTAINED_DIRECTLY), SOFT);
    decided(flagged(purchase(1), flags::OBJECTION_NOTICE), SOFT);
    decided(flagged(relationship(1, Contract), flags::OBJECTION_NOTICE), SOFT);
    decided(flagged(relationship(1, Contract), flags::DETAILS_OBTAINED_DIRECTLY), CONDITION);
    decided(flagged(relationship(1, AccountFree), flags::INDIRECT_REMUNERATION), SOFT);
    assert_eq!(decided(purchase(1), CONDITION), Detail::Flag("details_obtained_directly"));
    decided(relationship(1, Donation), NOT_ACCEPTED);
}

/// A published or handed-over address is no purchase and no contract: it has no kind.
#[test]
fn a_ground_can_accept_every_kind_and_none() {
    let published = Ground {
        any_kind: true,
        kinds: vec![kind(RelationshipKind::Inquiry, days(10))],
        ..ground(&[], &["published_in_role"])
    };
    let policies = by_grounds(Basis::Implied, [published]);
    let of = |kind, flags| flagged(purchase(1), flags).with(|change| change.kind = kind);
    let published = flags::PUBLISHED_IN_ROLE;
    let decided = |event: Event, day: i64, expected: &str| {
        check_by(&policies, &[event], &offer(), at(day * 1_440), expected);
    };
    decided(of(None, published), 50_000, IMPLIED);
    decided(of(None, 0), 1, CONDITION);
    decided(of(None, published).brand("zeta"), 1, "blocked.scope_mismatch [scope_mismatch]");
    for kind in RelationshipKind::ALL {
        // a kind that is listed as well keeps its period
        let long_after = if kind == RelationshipKind::Inquiry { EXPIRED } else { IMPLIED };
        decided(of(Some(kind), published), 50_000, long_after);
        decided(of(Some(kind), 0), 1, CONDITION);
    }
    decided(of(Some(RelationshipKind::Inquiry), published), 9, IMPLIED);
    // a ground of kinds does not accept what has none
    let by_kind = by_grounds(Basis::Implied, [ground(&RelationshipKind::ALL, &[])]);
    check_by(&by_kind, &[of(None, published)], &offer(), at(NOW), NOT_ACCEPTED);
}

#[test]
fn a_ground_can_be_about_some_relationships_only() {
    let published = Ground {
        any_kind: true,
        when: vec![condition("published_in_role"), condition("own_similar")],
        forbids: vec![condition("no_spam_notice")],
        ..Ground::default()
    };
    let policies = by_grounds(
        Basis::Implied,
        [published, ground(&[RelationshipKind::Purchase], &["not_refused"])],
    );
    let role = flags::PUBLISHED_IN_ROLE;
    let of = |flags, message: &OutboundMessage<'_>, expected: &str| {
        check_by(&policies, &[flagged(purchase(1), flags)], message, at(NOW), expected).detail()
    };
    let boats = offer().but(|m| m.product_group = Some("boats".into()));
    of(role, &offer(), IMPLIED);
    assert_eq!(
        of(role | flags::NO_SPAM_NOTICE, &offer(), CONDITION),
        Detail::Flag("no_spam_notice")
    );
    // none of its business: what lacks is a condition of the other ground
    assert_eq!(of(0, &offer(), CONDITION), Detail::Flag("not_refused"));
    assert_eq!(of(role, &boats, CONDITION), Detail::Flag("not_refused"));
    of(flags::NOT_REFUSED, &boats, IMPLIED);
    let alone =
        Ground { when: vec![condition("published_in_role")], any_kind: true, ..Ground::default() };
    let alone = by_grounds(Basis::Implied, [alone]);
    check_by(&alone, &[purchase(1)], &offer(), at(NOW), NOT_ACCEPTED);
}

#[test]
fn a_ground_can_apply_between_dates() {
    let (from, until) = (utc("2027-02-05T00:00:00Z"), utc("2027-03-05T00:00:00Z"));
    let dated = ground(&[RelationshipKind::Purchase], &[]).having(|ground| {
        (ground.from, ground.until) = (Some(from), Some(until));
    });
    let policies = by_grounds(Basis::Implied, [dated]);
    for (now, expected) in [
        (micros_later(from, -1), NOT_ACCEPTED),
        (from, IMPLIED),
        (micros_later(until, -1), IMPLIED),
        (until, NOT_ACCEPTED),
    ] {
        check_by(&policies, &[purchase(1)], &offer(), now, expected);
    }
}

/// State rule 11: the strongest live basis gives the reason.
#[test]
fn the_strongest_basis_gives_the_reason() {
    use RelationshipKind::*;
    let by = |basis, kinds: &[RelationshipKind]| BasisRule {
        grounds: vec![ground(kinds, &[])],
        ..BasisRule::new(basis)
    };
    let policies = only([base("AA/base").having(|rule| {
        rule.bases = vec![
            BasisRule::new(Basis::LegitimateInterest),
            by(Basis::Implied, &[Inquiry, Purchase]),
            by(Basis::SoftOptIn, &[Purchase]),
            by(Basis::CharitySoftOptIn, &[Donation]),
            BasisRule::express(),
        ];
    })]);
    let interest = opt_in(9).with(|c| c.basis = Some(Basis::LegitimateInterest));
    let mut history = Vec::new();
    for (event, expected) in [
        (interest, "approved.legitimate_interest"),
        (relationship(8, Inquiry), IMPLIED),
        (purchase(7), SOFT),
        (relationship(6, Donation), "approved.charity_soft_opt_in"),
        (opt_in(5), APPROVED),
    ] {
        history.push(event);
        let decision = check_by(&policies, &history, &offer(), at(NOW), expected);
        let newest = event_key(&format!("#{}", history.len() - 1));
        assert_eq!(decision.basis().map(|(_, event)| event), Some(newest));
    }
}

/// As in Ireland: whatever a purchase supports, at most a year after it (SI 336/2011 reg. 13(11)).
#[test]
fn a_basis_or_ground_is_valid_for_a_period_at_most() {
    use RelationshipKind::*;
    let running = KindRule { while_running: true, ..kind(Contract, months(24)) };
    let grounds = || {
        let kinds = vec![kind(Purchase, months(24)), kind(Inquiry, days(10)), running];
        Ground { kinds, ..Ground::default() }
    };
    let of_basis = BasisRule {
        grounds: vec![grounds()],
        valid_for: months(12),
        ..BasisRule::new(Basis::SoftOptIn)
    };
    let of_ground = BasisRule {
        grounds: vec![Ground { valid_for: Some(months(12)), ..grounds() }],
        ..BasisRule::new(Basis::SoftOptIn)
    };
    for basis in [of_basis, of_ground] {
        let policies = only([base("AA/base").having(|rule| rule.bases = vec![basis])]);
        let given = |kind| {
            let stated = event(Action::Relationship, utc("2027-01-31T12:00:00Z"));
            flagged(stated.any_channel().purpose(None), flags::RELATIONSHIP_ACTIVE)
                .with(|change| change.kind = Some(kind))
        };
        for kind in [Purchase, Contract] {
            let at_day = |now: &str, expected: &str| {
                check_by(&policies, &[given(kind)], &offer(), utc(now), expected);
            };
            at_day("2028-01-31T11:59:59.999999Z", SOFT);
            at_day("2028-01-31T12:00:00Z", EXPIRED);
        }
        // what its kind gives less keeps less
        check_by(&policies, &[given(Inquiry)], &offer(), utc("2027-02-10T11:59:59Z"), SOFT);
        check_by(&policies, &[given(Inquiry)], &offer(), utc("2027-02-10T12:00:00Z"), EXPIRED);
    }
}

/// As for calls in Spain: an interest counts only in those who bought something similar.
#[test]
fn an_interest_can_rest_on_a_relationship() {
    use RelationshipKind::*;
    const INTEREST: &str = "approved.legitimate_interest";
    let policies = by_grounds(Basis::LegitimateInterest, [ground(&[Purchase], &["own_similar"])]);
    let claimed = || opt_in(1).with(|change| change.basis = Some(Basis::LegitimateInterest));
    let boats = || purchase(1).with(|change| change.product_group = Some("boats".into()));
    check_all! {
        by &policies, at at(NOW);
        "a purchase": [purchase(1)], offer() => INTEREST;
        "of something else": [boats()], offer() => CONDITION;
        "another kind": [relationship(1, Inquiry)], offer() => NOT_ACCEPTED;
        "a claim proves nothing": [claimed()], offer() => CONDITION;
        "nothing": [], offer() => NO_CONSENT;
    }
    // without grounds the claim is enough, as before
    let claim = only([base("AA/base").having(|rule| {
        rule.bases = vec![BasisRule::new(Basis::LegitimateInterest)];
    })]);
    check_by(&claim, &[claimed()], &offer(), at(NOW), INTEREST);
    // where no basis is needed, an interest without its relationship is none
    let open = |basis: BasisRule| only([free("AA/free").having(|rule| rule.bases = vec![basis])]);
    let plain = open(BasisRule::new(Basis::LegitimateInterest));
    let grounded = open(policies.rules()[0].bases[1].clone());
    check_by(&plain, &[], &offer(), at(NOW), INTEREST);
    check_by(&grounded, &[], &offer(), at(NOW), "approved.opt_out_regime");
    check_by(&grounded, &[purchase(1)], &offer(), at(NOW), INTEREST);
}

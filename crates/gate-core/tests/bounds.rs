//! Beyond the bounds of a state (512 permissions of a kind, 1024 refusals, 1024 links, 128 messages sent): which
//! facts are dropped must not depend on arrival, and no refusal is lost in silence.
mod harness;

use gate_core::*;
use harness::histories::step;
use harness::*;
use proptest::prelude::*;

#[derive(Clone, Debug)]
struct Crowd {
    permissions: usize,
    relationships: usize,
    refusals: usize,
    links: usize,
    sent: usize,
    erased: u8,
    seed: u64,
}

fn crowds() -> impl Strategy<Value = Crowd> {
    let few_or_many = |max: usize| prop_oneof![0..40usize, max - 3..max + 60];
    let numbers = (
        few_or_many(512),
        few_or_many(512),
        few_or_many(1024),
        few_or_many(1024),
        few_or_many(128),
    );
    (numbers, 0..6u8, any::<u64>()).prop_map(
        |((permissions, relationships, refusals, links, sent), erased, seed)| Crowd {
            permissions,
            relationships,
            refusals,
            links,
            sent,
            erased,
            seed,
        },
    )
}

/// A small generator of its own: proptest would shrink thousands of facts for hours.
fn next(seed: &mut u64) -> u64 {
    *seed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mixed = (*seed ^ (*seed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed ^ (mixed >> 27)
}

fn facts_of(crowd: &Crowd) -> Vec<Fact<'static>> {
    let mut seed = crowd.seed;
    let mut facts = Vec::new();
    let mut add = |n: usize, kind: FactKind, facts: &mut Vec<Fact<'static>>| {
        for nth in 0..n {
            let random = next(&mut seed);
            // few instants, so that ties decide who stays
            let when = step((random % 7) as i64);
            let mut fact = Fact::new(kind, EventKey((nth as u64).to_le_bytes()), when, when);
            let mut key = [0; 16];
            key[..8].copy_from_slice(&(nth as u64).to_be_bytes());
            match kind {
                FactKind::Link => {
                    (fact.event, fact.at, fact.received) =
                        (EventKey::default(), Timestamp::default(), Timestamp::default());
                    fact.other = Some(SubjectKey(key));
                }
                FactKind::OptOut => fact.flags = (nth as u64) << 12, // a scope of its own
                _ => {}
            }
            facts.push(fact);
        }
    };
    add(crowd.permissions, FactKind::OptIn, &mut facts);
    add(crowd.relationships, FactKind::Relationship, &mut facts);
    add(crowd.refusals, FactKind::OptOut, &mut facts);
    add(crowd.links, FactKind::Link, &mut facts);
    add(crowd.sent, FactKind::Sent, &mut facts);
    match crowd.erased {
        0 => add(1, FactKind::ErasedContact, &mut facts),
        1 => add(1, FactKind::ErasedAddress, &mut facts),
        _ => {}
    }
    for last in (1..facts.len()).rev() {
        facts.swap(last, next(&mut seed) as usize % (last + 1));
    }
    facts
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, max_shrink_iters: 40, ..ProptestConfig::default() })]

    #[test]
    fn folds_to_the_same_bytes(crowd in crowds(), chunk in 1..900usize) {
        let facts = facts_of(&crowd);
        let mut whole = ConsentState::default();
        whole.join(facts.iter().copied());
        let mut chunked = ConsentState::default();
        for part in facts.rchunks(chunk.max(facts.len() / 12 + 1)) {
            chunked.join(part.iter().copied());
        }
        prop_assert_eq!(&whole, &chunked);
        let (left, right) = facts.split_at(facts.len() / 2);
        let mut halves = ConsentState::default();
        halves.join(left.iter().copied());
        let mut other = ConsentState::default();
        other.join(right.iter().copied());
        halves.join_state(&other);
        prop_assert_eq!(&whole, &halves);
        prop_assert!(invariants::state_round_trips(&whole));
        // bounded, and no refusal lost in silence
        let n = |kind: FactKind| whole.facts().iter().filter(|f| f.kind == kind).count();
        prop_assert!(n(FactKind::OptIn) <= 512 && n(FactKind::Relationship) <= 512);
        prop_assert!(n(FactKind::Link) <= 1024 && n(FactKind::Sent) <= SENT_MESSAGES_MAX);
        prop_assert_eq!(n(FactKind::Link), crowd.links.min(1024));
        if crowd.erased == 0 {
            prop_assert!(whole.is_erased() && !whole.is_saturated());
        } else {
            let n_refusals = crowd.refusals + usize::from(crowd.erased == 1);
            prop_assert_eq!(whole.is_saturated(), n_refusals > 1024);
            prop_assert!(whole.is_saturated() || n(FactKind::OptOut) == crowd.refusals);
        }
        if crowd.erased > 1 && !whole.is_saturated() {
            prop_assert_eq!(n(FactKind::OptIn), crowd.permissions.min(512));
            prop_assert_eq!(n(FactKind::Sent), crowd.sent.min(SENT_MESSAGES_MAX));
            for (kind, max) in [(FactKind::OptIn, 512), (FactKind::Sent, SENT_MESSAGES_MAX)] {
                let instants = |among: &[Fact<'_>]| {
                    let kept = among.iter().filter(|f| f.kind == kind);
                    let mut instants: Vec<_> = kept.map(|f| f.at).collect();
                    instants.sort_unstable_by(|a, b| b.cmp(a));
                    instants.truncate(max);
                    instants
                };
                prop_assert_eq!(instants(whole.facts()), instants(&facts), "the newest are kept");
            }
        }
    }
}

/// Clocks that run ahead make each refusal a fact of its own; beyond the bound nothing is approved.
#[test]
fn refusals_of_a_broken_clock_saturate() {
    let mut world = World::default();
    for nth in 0..1_030 {
        let ahead = event(Action::OptOut, at(10_000 + nth)).with(|change| {
            change.event_id = format!("{nth}").into();
        });
        world.apply(&ahead.received(at(1)));
    }
    world.apply(&opt_in(500).id("later"));
    assert_eq!(world.decide(&message(), at(1_000)).reason(), Reason::StateUnavailable);
    // erasures do not: the contact stays erased
    for nth in 0..1_030 {
        let erase = event(Action::Erase, at(10_000 + nth)).unscoped().with(|change| {
            change.event_id = format!("erase {nth}").into();
        });
        world.apply(&erase.contact("dev").received(at(1)));
    }
    let key = contact_key(&ContactId::new("dev".into()).unwrap());
    let kinds: Vec<_> = decode(&world.states[&key]).facts().iter().map(|f| f.kind).collect();
    assert_eq!(kinds, [FactKind::ErasedContact, FactKind::Link], "one erasure, the latest");
    let dev = message().but(|m| {
        m.contact_id = ContactId::new("dev".into());
        m.address = Address::new("dev@example.net".into());
    });
    assert_eq!(world.decide(&dev, at(1_000)).reason(), Reason::Erased);
}

/// A saturated state saturates whatever it is joined into, in either direction.
#[test]
fn saturation_is_joined() {
    let refusals = (0..1_100u32).map(|nth| {
        let event = EventKey(u64::from(nth).to_le_bytes());
        let mut fact = Fact::new(FactKind::OptOut, event, at(1), at(1));
        fact.flags = u64::from(nth) << 12;
        fact
    });
    let mut saturated = ConsentState::default();
    saturated.join(refusals);
    assert!(saturated.is_saturated() && saturated.facts().is_empty());
    let mut fresh = ConsentState::default();
    fresh.join([Fact::new(FactKind::OptIn, EventKey([1; 8]), at(1), at(1))]);
    let mut swapped = saturated.clone();
    swapped.join_state(&fresh);
    fresh.join_state(&saturated);
    assert!(fresh.is_saturated() && fresh.facts().is_empty());
    assert_eq!(fresh, swapped);
    assert!(invariants::state_round_trips(&fresh));
}

/// Joining searches by the canonical order, so a stored state out of order, or with a fact twice, is damage.
#[test]
fn stored_facts_stand_in_canonical_order() {
    let of = |kinds: &[FactKind]| {
        let mut state = ConsentState::default();
        state.join(kinds.iter().map(|kind| Fact::new(*kind, EventKey([1; 8]), at(1), at(1))));
        let mut bytes = Vec::new();
        state.encode(&mut bytes);
        bytes
    };
    // format, saturated, count, facts
    let facts = |kind| of(&[kind])[3..].to_vec();
    let stored = |parts: &[Vec<u8>]| {
        [vec![ConsentState::FORMAT, 0, parts.len() as u8], parts.concat()].concat()
    };
    let (out, grant) = (facts(FactKind::OptOut), facts(FactKind::OptIn));
    assert_eq!(stored(&[out.clone(), grant.clone()]), of(&[FactKind::OptIn, FactKind::OptOut]));
    assert!(ConsentState::decode(&stored(&[out.clone(), grant.clone()])).is_ok());
    assert!(ConsentState::decode(&stored(&[grant, out.clone()])).is_err());
    assert!(ConsentState::decode(&stored(&[out.clone(), out])).is_err());
}

/// Reports of one message with several stamps are one, whichever is heard first and whatever is dropped between.
#[test]
fn reports_of_one_message_fold_in_any_order() {
    let sent = |event: u64, minutes| {
        Fact::new(FactKind::Sent, EventKey(event.to_le_bytes()), at(minutes), at(minutes))
    };
    let others = (0..SENT_MESSAGES_MAX as u64).map(|nth| sent(nth, if nth == 0 { 7 } else { 20 }));
    let (early, late) = (sent(1_000, 5), sent(1_000, 9));
    let folded = |order: [Fact<'static>; 2]| {
        let mut state = ConsentState::default();
        state.join(others.clone());
        for fact in order {
            state.join([fact]);
        }
        assert_eq!(state.facts().len(), SENT_MESSAGES_MAX);
        state
    };
    assert_eq!(folded([early, late]), folded([late, early]));
}

/// Each class of facts has a bound of its own, and the next one over it is the first that goes.
#[test]
fn every_class_has_a_bound_of_its_own() {
    for (kind, max) in [
        (FactKind::OptIn, 512),
        (FactKind::Start, 512),
        (FactKind::Relationship, 512),
        (FactKind::Link, 1_024),
        (FactKind::Sent, SENT_MESSAGES_MAX),
    ] {
        let facts = (0..max as u64 + 1).map(|nth| {
            let key = [&[0; 8][..], &nth.to_be_bytes()].concat().try_into().ok();
            let event = EventKey(nth.to_le_bytes());
            Fact { other: key.map(SubjectKey), ..Fact::new(kind, event, at(nth as i64), at(1)) }
        });
        let of = |facts: Vec<Fact<'static>>| {
            let mut state = ConsentState::default();
            state.join(facts);
            let kept: Vec<_> = state.facts().iter().map(|fact| fact.at).collect();
            (kept.len(), kept.contains(&at(0)))
        };
        assert_eq!(of(facts.clone().take(max).collect()), (max, true), "{kind:?}");
        assert_eq!(of(facts.clone().collect()), (max, false), "{kind:?}: the oldest goes");
        // another class is not counted with it
        let other =
            if kind == FactKind::Relationship { FactKind::OptIn } else { FactKind::Relationship };
        let beside = [Fact::new(other, EventKey([9; 8]), at(0), at(1))];
        let both = facts.skip(1).chain(beside).collect();
        assert_eq!(of(both), (max + 1, true), "{kind:?}: one beside it stays");
    }
}

/// The last refusal that fits leaves a state that can be judged; one more does not.
#[test]
fn a_subject_saturates_beyond_the_bound_not_at_it() {
    let refusals = |n: u64| {
        let mut state = ConsentState::default();
        state.join((0..n).map(|nth| Fact {
            flags: nth << 12,
            ..Fact::new(FactKind::OptOut, EventKey([1; 8]), at(1), at(1))
        }));
        (state.is_saturated(), state.facts().len())
    };
    assert_eq!(refusals(1_024), (false, 1_024));
    assert_eq!(refusals(1_025), (true, 0));
}

/// So with what only the contact refused; one more leaves a mark that reaches the addresses the contact is seen with.
#[test]
fn a_contact_floods_its_addresses_beyond_the_bound_not_at_it() {
    let refusals = |n: u64| {
        let mut state = ConsentState::default();
        state.join((0..n).map(|nth| Fact {
            flags: flags::ABOUT_CONTACT | nth << 12,
            ..Fact::new(FactKind::OptOut, EventKey([1; 8]), at(1), at(1))
        }));
        (state.is_saturated(), state.facts().len(), state.facts().first().map(|fact| fact.kind))
    };
    assert_eq!(refusals(1_024), (false, 1_024, Some(FactKind::OptOut)));
    assert_eq!(refusals(1_025), (true, 1, Some(FactKind::Flooded)));
}

/// Whoever refuses every day fills no state: refusals of one scope are one fact, the latest.
#[test]
fn refusals_of_one_scope_are_one_fact() {
    let world = World::of(&numbered(&[opt_out(1), opt_out(3), opt_out(2)]));
    let ben = contact_key(&ContactId::new("ben".into()).unwrap());
    let state = decode(&world.states[&ben]);
    let refused: Vec<_> = state.facts().iter().filter(|f| f.kind == FactKind::OptOut).collect();
    assert_eq!(refused.len(), 1);
    assert_eq!((refused[0].at, refused[0].event), (at(3), event_key("#1")));
}

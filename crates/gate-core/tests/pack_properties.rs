//! Properties of decisions by random packs over random histories (`harness/lands.rs`): what is stricter never
//! approves more. 256 cases each; `PROPTEST_CASES=20000` for a longer look.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::type_complexity,
    reason = "a test that meets the unexpected must fail"
)]
mod harness;

use gate_core::policy::*;
use gate_core::*;
use harness::lands::*;
use harness::policies::*;
use harness::*;
use jiff::tz::TimeZone;
use proptest::prelude::*;
use proptest::sample::{Index, select, subsequence};

/// One way to ask for more, applied to a rule of a land.
#[derive(Clone, Debug)]
enum Tightening {
    RemoveBasis,
    AddEvidence,
    ShortenConsent(Period),
    AddDormancy(Dormancy),
    ShortenKind(Period),
    RemoveKind,
    StopRunning,
    AddCondition(Condition),
    NarrowGround(Condition),
    ForbidCondition(Condition),
    RemoveGround,
    RequireConfirmation,
    AddRegistry(Registry),
    ShortenCheck,
    RemoveOverrides,
    AddContent(ContentSet),
    AddCap(Cap),
    LowerCap,
    LengthenWindow,
    AddHours(Box<Hours>),
    CloseDay(usize),
    RaiseAge,
    AskForConsent,
    Prohibit,
    RevokeAll,
    AddTransactional,
    RemoveExemptions,
    ShortenGround(Period),
    WidenProhibition,
    AddRule(Box<Rule>),
}
use Tightening::*;

fn tightenings() -> impl Strategy<Value = Tightening> {
    prop_oneof![
        3 => Just(RemoveBasis),
        1 => Just(AddEvidence),
        1 => periods().prop_map(ShortenConsent),
        1 => dormancies().prop_map(AddDormancy),
        1 => periods().prop_map(ShortenKind),
        1 => Just(RemoveKind),
        1 => Just(StopRunning),
        1 => conditions().prop_map(AddCondition),
        1 => conditions().prop_map(NarrowGround),
        1 => conditions().prop_map(ForbidCondition),
        1 => Just(RemoveGround),
        1 => Just(RequireConfirmation),
        1 => registries().prop_map(AddRegistry),
        1 => Just(ShortenCheck),
        1 => Just(RemoveOverrides),
        1 => contents().prop_map(AddContent),
        1 => caps().prop_map(AddCap),
        1 => Just(LowerCap),
        1 => Just(LengthenWindow),
        1 => hours().prop_map(|hours| AddHours(Box::new(hours))),
        1 => (0..7usize).prop_map(CloseDay),
        1 => Just(RaiseAge),
        1 => Just(AskForConsent),
        1 => Just(Prohibit),
        1 => Just(RevokeAll),
        1 => Just(AddTransactional),
        2 => Just(RemoveExemptions),
        1 => periods().prop_map(ShortenGround),
        1 => Just(WidenProhibition),
        3 => additions().prop_map(|rule| AddRule(Box::new(rule))),
    ]
}

fn shorter(one: Period, other: Period) -> Period {
    let end = |period: Period| period.end(at(0));
    if end(one) < end(other) { one } else { other }
}

/// Makes the land ask for more, wherever it says anything of the kind.
fn tighten(land: &mut Land, which: Index, tightening: &Tightening) {
    let n_rules = land.rules.len();
    let rule = &mut land.rules[which.index(n_rules)];
    let is_base = rule.regime.is_some();
    let grounds = |rule: &mut Rule, edit: &mut dyn FnMut(&mut Ground)| {
        rule.bases.iter_mut().flat_map(|basis| &mut basis.grounds).for_each(edit);
    };
    match tightening {
        // an addition without bases asks for none
        RemoveBasis if rule.bases.len() > usize::from(!is_base) => {
            let nth = which.index(rule.bases.len());
            rule.bases.remove(nth);
        }
        AddEvidence => rule.bases.iter_mut().for_each(|basis| basis.evidence |= flags::SIGNATURE),
        ShortenConsent(period) => {
            for basis in &mut rule.bases {
                basis.valid_for = shorter(basis.valid_for, *period);
            }
        }
        AddDormancy(dormancy) => {
            for basis in &mut rule.bases {
                basis.dormancy.get_or_insert(*dormancy);
            }
            grounds(rule, &mut |ground| {
                ground.dormancy.get_or_insert(*dormancy);
            });
        }
        ShortenKind(period) => grounds(rule, &mut |ground| {
            for kind in &mut ground.kinds {
                kind.period = shorter(kind.period, *period);
            }
        }),
        // a kind that is not listed falls under `any_kind`
        RemoveKind => grounds(rule, &mut |ground| {
            if !ground.any_kind {
                ground.kinds.pop();
            }
        }),
        StopRunning => grounds(rule, &mut |ground| {
            ground.kinds.iter_mut().for_each(|kind| kind.while_running = false);
        }),
        AddCondition(condition) => grounds(rule, &mut |ground| ground.requires.push(*condition)),
        NarrowGround(condition) => grounds(rule, &mut |ground| ground.when.push(*condition)),
        ForbidCondition(condition) => grounds(rule, &mut |ground| ground.forbids.push(*condition)),
        RemoveGround => rule.bases.iter_mut().for_each(|basis| drop(basis.grounds.pop())),
        RequireConfirmation => rule.double_opt_in = DoubleOptIn::Required,
        AddRegistry(registry) => rule.registries.push(registry.clone()),
        ShortenCheck => rule.registries.iter_mut().for_each(|registry| registry.max_age = days(1)),
        RemoveOverrides => {
            for registry in &mut rule.registries {
                registry.overridden_by = BasisSet::default();
                registry.overridden_by_kinds.clear();
            }
        }
        AddContent(content) => rule.content = rule.content.union(*content),
        AddCap(cap) => rule.caps.push(cap.clone()),
        LowerCap => rule.caps.iter_mut().for_each(|cap| cap.count = cap.count.saturating_sub(1)),
        LengthenWindow => rule.caps.iter_mut().for_each(|cap| cap.window *= 3),
        AddHours(hours) => drop(rule.hours.get_or_insert_with(|| *hours.clone())),
        CloseDay(day) => {
            if let Some(hours) = &mut rule.hours {
                hours.days[*day].pop();
            }
        }
        RaiseAge => land.minor_below = Some(land.minor_below.unwrap_or_default() + 8),
        AskForConsent if is_base => rule.regime = Some(Regime::OptIn),
        Prohibit if is_base => rule.regime = Some(Regime::Prohibited),
        RevokeAll => rule.revoke_all = true,
        AddTransactional => {
            rule.transactional = Transactional {
                content: rule.transactional.content.union(content(&[Element::Unsubscribe])),
                consent: bases(&[Basis::Express]),
                relationships: Vec::new(),
            };
        }
        RemoveExemptions => {
            rule.hours.iter_mut().for_each(|hours| hours.exempt = Exemption::default());
            rule.caps.iter_mut().for_each(|cap| cap.exempt = Exemption::default());
            rule.prohibited_unless.iter_mut().for_each(|unless| *unless = Exemption::default());
        }
        ShortenGround(period) => grounds(rule, &mut |ground| {
            let known = ground.valid_for.unwrap_or(Period::UNLIMITED);
            ground.valid_for = Some(shorter(known, *period));
        }),
        WidenProhibition => rule.applies_to = None,
        AddRule(rule) => land.rules.push(*rule.clone()),
        _ => {}
    }
}

/// A message with a history for it.
fn offers_and_lives() -> impl Strategy<Value = (OutboundMessage<'static>, Vec<Event>)> {
    offers().prop_flat_map(|offer| {
        let channel = offer.channel.unwrap_or(Channel::Email);
        (Just(offer), biographies(channel))
    })
}

/// An agreement that proves nothing: evidence is missing or half of it is, or the basis is a mere claim.
fn unproven() -> impl Strategy<Value = Event> {
    let missing = select(&[(false, false), (true, false), (false, true)][..]);
    let claims = select(
        &[Basis::SoftOptIn, Basis::CharitySoftOptIn, Basis::Implied, Basis::LegitimateInterest][..],
    );
    let basis = prop_oneof![
        2 => Just(None),
        1 => Just(Some(Basis::Express)),
        1 => Just(Some(Basis::ExpressWritten)),
        2 => claims.prop_map(Some),
    ];
    (basis, missing, any::<bool>()).prop_map(|(basis, (has_method, has_notice), is_signed)| {
        opt_in(0).with(|change| {
            change.basis = basis;
            let evidence = change.evidence.as_mut().unwrap();
            evidence.signature = is_signed;
            let is_claimed =
                matches!(basis, Some(Basis::SoftOptIn | Basis::CharitySoftOptIn | Basis::Implied));
            if !is_claimed {
                evidence.method = evidence.method.take().filter(|_| has_method);
                evidence.notice_version = evidence.notice_version.take().filter(|_| has_notice);
            }
        })
    })
}

/// Instants at which some of the zones change their clocks, and one at which none does.
const CHANGES: [&str; 9] = [
    "2027-03-14T04:00:00Z",
    "2027-03-14T07:00:00Z",
    "2027-03-28T01:00:00Z",
    "2027-04-03T15:00:00Z",
    "2027-06-15T12:00:00Z",
    "2027-10-02T15:30:00Z",
    "2027-10-30T21:00:00Z",
    "2027-10-31T01:00:00Z",
    "2027-11-07T05:30:00Z",
];

/// Whether the local time of that instant lies in a window.
fn is_within(hours: &Hours, zone: &TimeZone, at: Timestamp) -> bool {
    let local = zone.to_datetime(jiff::Timestamp::from_microsecond(at.as_micros()).unwrap());
    let day = usize::try_from(local.weekday().to_monday_zero_offset()).unwrap();
    let minute = u16::try_from(i32::from(local.hour()) * 60 + i32::from(local.minute())).unwrap();
    hours.days[day].iter().any(|window| window.start() <= minute && minute < window.end())
}

proptest! {
    /// What a stricter set approves, a laxer one approves too.
    #[test]
    fn a_stricter_set_never_approves_more(
        land in lands("AA"),
        (offer, history) in offers_and_lives(),
        approved in approvals(),
        all in prop::collection::vec((any::<Index>(), tightenings()), 1..3),
        minutes in 0..1_440i64,
    ) {
        let world = World::of(&history);
        let decided = |land: &Land| {
            let policies = set_of(std::slice::from_ref(land), &["AA"]);
            world.decide_by(&policies, &offer, &approved, later_today(minutes))
        };
        let mut stricter = land.clone();
        for (which, tightening) in &all {
            tighten(&mut stricter, *which, tightening);
        }
        let (lax, strict) = (decided(&land), decided(&stricter));
        prop_assert!(
            lax.outcome() == Outcome::Approved || strict.outcome() != Outcome::Approved,
            "{} became {}", lax.reason().code(), strict.reason().code()
        );
        // nor earlier
        if let (Some(lax), Some(strict)) = (lax.not_before(), strict.not_before()) {
            prop_assert!(lax <= strict);
        }
    }

    /// Of several candidate jurisdictions the strictest counts: all approve, or none does. Where one of them
    /// makes a refusal end everything, it also ends what the others would have counted, so less is approved.
    #[test]
    fn candidates_approve_together_or_not_at_all(
        (one, other) in (lands("AA"), lands("BB")),
        (offer, history) in offers_and_lives(),
        approved in approvals(),
        minutes in 0..1_440i64,
    ) {
        let world = World::of(&history);
        // in one zone, whoever is asked
        let offer = offer.but(|m| m.tz = Some("Europe/London".into()));
        let revokes = |land: &Land| land.rules.iter().any(|rule| rule.revoke_all);
        let may_be_stricter = revokes(&one) || revokes(&other);
        let policies = set_of(&[one, other], &["BB"]);
        let approves = |offer: &OutboundMessage<'_>| {
            let decision = world.decide_by(&policies, offer, &approved, later_today(minutes));
            decision.outcome() == Outcome::Approved
        };
        let verified = |code: &'static str| offer.clone().but(|m| {
            (m.jurisdiction, m.jurisdiction_verified) = (Some(code.into()), true);
        });
        let has_number = offer.channel != Some(Channel::Email);
        let each = approves(&verified("AA")) && (!has_number || approves(&verified("BB")));
        let together = approves(&offer);
        prop_assert!(together == each || (each && may_be_stricter), "{together}, but apart {each}");
    }

    /// A missing permission never helps. That a contract ended or when somebody was born permits nothing.
    #[test]
    fn a_missing_permission_never_helps(
        land in lands("AA"),
        (offer, history) in offers_and_lives(),
        approved in approvals(),
        which in any::<Index>(),
    ) {
        let policies = set_of(&[land], &["AA"]);
        let nth = which.index(history.len());
        let Record::Change { change, .. } = &history[nth].record else { unreachable!() };
        let permits = match change.action {
            Action::OptIn | Action::OptInConfirmed | Action::OptInRequested => true,
            Action::RegistryStatus => change.listed == Some(false),
            Action::InboundSms => change.text.as_deref() != Some("stop"),
            Action::Relationship => {
                change.kind != Some(RelationshipKind::Contract)
                    || change.context_flags & flags::RELATIONSHIP_ACTIVE != 0
            }
            _ => false,
        };
        let decided = |history: &[Event]| {
            World::of(history).decide_by(&policies, &offer, &approved, later_today(600))
        };
        let mut without = history.clone();
        without.remove(nth);
        let (before, after) = (decided(&history), decided(&without));
        let helped =
            before.outcome() != Outcome::Approved && after.outcome() == Outcome::Approved;
        prop_assert!(
            !permits || !helped,
            "without {:?} {} became {}", change, before.reason().code(), after.reason().code()
        );
    }

    /// An agreement that cannot be proven never helps: for every history, message, clock and set of packs, with
    /// one more `opt_in` without method or notice version, or with a basis that its sender only claims, nothing
    /// is approved that was not approved without it. Of claims only `legitimate_interest` with evidence is left
    /// out: it is the sender's own balance, no word of the person, and permits where a pack accepts it; what it
    /// does to refusals stands in `a_claimed_interest_ends_no_refusal`.
    #[test]
    fn an_unproven_agreement_never_helps(
        land in lands("AA"),
        (offer, history) in offers_and_lives(),
        approved in approvals(),
        extra in unproven(),
        unread in prop::option::weighted(0.3, 0..=TODAY),
        day in 0..=TODAY,
        minutes in 0..1_440i64,
    ) {
        let policies = set_of(&[land], &["AA"]);
        let mut history = history;
        history.extend(unread.map(|day| {
            unreadable_record(Some("ben"), None, 0).received(on_day(day))
        }));
        let decided = |history: &[Event]| {
            World::of(history).decide_by(&policies, &offer, &approved, later_today(minutes))
        };
        let before = decided(&history);
        let channel = offer.channel.unwrap_or(Channel::Email);
        let extra = for_offer(extra.id("more").channel(channel), channel, on_day(day));
        history.push(extra.clone());
        let after = decided(&history);
        prop_assert!(
            before.outcome() == Outcome::Approved || after.outcome() != Outcome::Approved,
            "with {:?} {} became {}", extra, before.reason().code(), after.reason().code()
        );
    }

    /// What has come to its end permits nothing, by no pack: with one more permission, relationship, check or
    /// profile that has ended, of its own or as a version of an event on file, nothing is approved that was not
    /// approved without it.
    #[test]
    fn what_has_ended_never_helps(
        land in lands("AA"),
        ((offer, history), extra) in offers_and_lives().prop_flat_map(|(offer, history)| {
            let channel = offer.channel.unwrap_or(Channel::Email);
            (Just((offer, history)), biographies(channel))
        }),
        approved in approvals(),
        bounced in prop::option::weighted(0.2, 0..=TODAY),
        unread in prop::option::weighted(0.2, 0..=TODAY),
        version_of in prop::option::weighted(0.3, any::<Index>()),
        minutes in 0..1_440i64,
        ended in 0..2_000i64,
    ) {
        let policies = set_of(&[land], &["AA"]);
        let channel = offer.channel.unwrap_or(Channel::Email);
        let now = later_today(minutes);
        let mut history = history;
        history.extend(unread.map(|day| {
            unreadable_record(Some("ben"), None, 0).received(on_day(day))
        }));
        let bounce = |day| for_offer(event(Action::HardBounce, at(0)), channel, on_day(day));
        history.extend(bounced.map(bounce));
        let decided = |history: &[Event]| {
            World::of(history).decide_by(&policies, &offer, &approved, now)
        };
        let before = decided(&history);
        let id = version_of.map_or_else(|| "more".into(), |which| {
            match &history[which.index(history.len())].record {
                Record::Change { change, .. } => change.event_id.clone(),
                Record::Unreadable { .. } => "more".into(),
            }
        });
        let is_permission = |event: &&Event| match &event.record {
            Record::Change { change, .. } => match change.action {
                Action::OptIn | Action::OptInConfirmed | Action::OptInRequested
                | Action::Relationship | Action::Profile => true,
                Action::RegistryStatus => change.listed == Some(false),
                Action::InboundSms => change.text.as_deref() != Some("stop"),
                _ => false,
            },
            Record::Unreadable { .. } => false,
        };
        let extra = extra.iter().find(is_permission).cloned();
        prop_assume!(extra.is_some());
        let extra = extra.unwrap().with(|change| {
            change.event_id = id;
            change.expires_at = Some(Timestamp::from_micros(now.as_micros() - ended * 60_000_000));
        });
        history.push(extra.clone());
        let after = decided(&history);
        prop_assert!(
            before.outcome() == Outcome::Approved || after.outcome() != Outcome::Approved,
            "with {:?} {} became {}", extra, before.reason().code(), after.reason().code()
        );
    }

    /// A claimed interest, with evidence or without, never makes a refusal go away.
    #[test]
    fn a_claimed_interest_ends_no_refusal(
        land in lands("AA"),
        (offer, history) in offers_and_lives(),
        day in 0..=TODAY,
        minutes in 0..1_440i64,
    ) {
        let policies = set_of(&[land], &["AA"]);
        let decided = |history: &[Event]| {
            World::of(history).decide_by(&policies, &offer, &[], later_today(minutes)).reasons()
        };
        let before = decided(&history);
        let channel = offer.channel.unwrap_or(Channel::Email);
        let claim = opt_in(0).id("more").channel(channel).with(|change| {
            change.basis = Some(Basis::LegitimateInterest);
        });
        let after = decided(&[&history[..], &[for_offer(claim, channel, on_day(day))]].concat());
        for refused in [
            Reason::Complaint,
            Reason::Objected,
            Reason::OptedOut,
            Reason::SenderStop,
            Reason::SuppressedAddress,
            Reason::ConsentUnreadable,
        ] {
            prop_assert_eq!(before.contains(refused), after.contains(refused), "{}", refused.code());
        }
    }

    /// A further restriction never helps. (An erasure can: it forgets how old somebody is.)
    #[test]
    fn a_further_restriction_never_helps(
        land in lands("AA"),
        (offer, history) in offers_and_lives(),
        approved in approvals(),
        refusal in restrictions(Channel::Sms),
        day in 0..=TODAY,
        position in any::<Index>(),
    ) {
        let policies = set_of(&[land], &["AA"]);
        let decided = |history: &[Event]| {
            World::of(history).decide_by(&policies, &offer, &approved, later_today(600))
        };
        let before = decided(&history);
        let channel = offer.channel.unwrap_or(Channel::Email);
        let refusal = for_offer(refusal.id("more"), channel, on_day(day));
        let mut with = history.clone();
        with.insert(position.index(history.len() + 1), refusal.clone());
        let after = decided(&with);
        prop_assert!(
            before.outcome() == Outcome::Approved || after.outcome() != Outcome::Approved,
            "with {:?} {} became {}", refusal, before.reason().code(), after.reason().code()
        );
    }

    /// A further message that went out never helps either, whoever counted it.
    #[test]
    fn a_further_approval_never_helps(
        land in lands("AA"),
        (offer, history) in offers_and_lives(),
        approved in prop::collection::vec(approvals(), 2),
        minutes in 0..1_440i64,
    ) {
        let policies = set_of(&[land], &["AA"]);
        let world = World::of(&history);
        let approves = |approved: &[SentMessage]| {
            let decision = world.decide_by(&policies, &offer, approved, later_today(minutes));
            decision.outcome() == Outcome::Approved
        };
        let is_other = |sent: &SentMessage| sent.message != event_key(&offer.message_id);
        let fewer: Vec<_> = approved[0].iter().copied().filter(is_other).collect();
        let more: Vec<_> = approved.concat().into_iter().filter(is_other).collect();
        prop_assert!(approves(&fewer) || !approves(&more));
    }

    /// The decision is a function of its arguments; neither the order of the log nor of the list matters.
    #[test]
    fn the_order_of_arrival_does_not_matter(
        land in lands("AA"),
        (offer, history) in offers_and_lives(),
        approved in approvals(),
        shuffled_by in prop::collection::vec(any::<u32>(), 10),
        minutes in 0..1_440i64,
    ) {
        let policies = set_of(&[land], &["AA"]);
        let mut order: Vec<usize> = (0..history.len()).collect();
        order.sort_by_key(|nth| shuffled_by[*nth]);
        let shuffled = World::of(order.iter().map(|nth| &history[*nth]));
        let backwards: Vec<_> = approved.iter().rev().copied().collect();
        let now = later_today(minutes);
        let decision = World::of(&history).decide_by(&policies, &offer, &approved, now);
        prop_assert_eq!(decision, shuffled.decide_by(&policies, &offer, &backwards, now));
        prop_assert_eq!(decision.considered().jurisdictions.iter().count(), 1);
    }

    /// Hours: the instant a message may go out is open, and no earlier whole minute is.
    #[test]
    fn the_opening_is_the_first_open_instant(
        zones in subsequence(&ZONES[..], 1..3),
        all in prop::collection::vec(hours(), 1..3),
        change in select(&CHANGES[..]),
        seconds in -150_000..150_000i64,
    ) {
        let now = micros_later(utc(change), seconds * 1_000_000);
        let rules = all.iter().enumerate().map(|(nth, hours)| Rule {
            hours: Some(hours.clone()),
            ..if nth == 0 { free("base") } else { addition("more") }
        });
        let land = land("AA", rules.collect::<Vec<_>>())
            .having(|land| land.zones = zones.iter().map(|(name, _)| *name).collect());
        let decision = World::default().decide_by(&policies([land]), &in_aa(message()), &[], now);
        let zones: Vec<TimeZone> =
            zones.iter().map(|(_, posix)| TimeZone::posix(posix).unwrap()).collect();
        let is_open = |at| {
            zones.iter().all(|zone| all.iter().all(|hours| is_within(hours, zone, at)))
        };
        let minute = 60_000_000;
        let first_minute = now.as_micros().div_euclid(minute) + 1;
        let mut minutes = (first_minute..).map(|nth| Timestamp::from_micros(nth * minute));
        match (decision.outcome(), decision.not_before()) {
            (Outcome::Approved, None) => prop_assert!(is_open(now)),
            (Outcome::Deferred, Some(opening)) => {
                prop_assert!(!is_open(now) && is_open(opening) && opening > now);
                let earlier = minutes.find(|at| *at >= opening || is_open(*at));
                prop_assert_eq!(earlier, Some(opening));
            }
            _ => {
                prop_assert_eq!(decision.reason(), Reason::QuietHoursBlocked);
                let a_week = 7 * 24 * 60;
                prop_assert_eq!(minutes.step_by(5).take(a_week / 5).find(|at| is_open(*at)), None);
            }
        }
    }

    /// `decide` is total whatever the packs ask, whatever the message says, at any instant.
    #[test]
    fn decide_never_panics(
        lands in (lands("AA"), lands("BB")),
        facts in prop::collection::vec(harness::histories::facts(), 0..12),
        message in harness::histories::wild_messages(),
        approved in approvals(),
        now in harness::histories::instants(),
        declared in select(&[None, Some("AA"), Some("BB"), Some("??"), Some("AA-B")][..]),
    ) {
        let policies = set_of(&[lands.0, lands.1], &["BB", "AA"]);
        let message = message.but(|m| m.jurisdiction = declared.map(Into::into));
        let key = SubjectKey([1; 16]);
        let mut state = ConsentState::default();
        state.join(facts.iter().map(harness::histories::Stored::fact));
        let mut recipient = Recipient::new(Some((key, &state)), AddressLookup::Known(key, &state));
        (recipient.e164, recipient.approved) = (Some(PHONE), &approved);
        let decision = decide(&policies, recipient, &message, now);
        prop_assert!(invariants::decision_is_explained(&decision));
        let mut notes = Notes::default();
        prop_assert_eq!(decision, decide_traced(&policies, recipient, &message, now, &mut notes));
        prop_assert!(notes.0.is_sorted_by_key(|(step, _)| *step));
    }
}

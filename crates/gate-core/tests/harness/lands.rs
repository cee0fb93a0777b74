//! Random rules, and histories over two years for them to judge: few days, names and flags, so that periods run
//! out, registries grow old and conditions are met by halves.

use super::policies::*;
use super::*;
use gate_core::policy::*;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

/// The day messages are decided on, and the days on which something happened before.
pub const TODAY: i64 = 700;
const DAYS: [i64; 8] = [0, 60, 400, 600, 660, 690, 698, 699];

pub fn on_day(day: i64) -> Timestamp {
    at(day * 1_440)
}

/// Later today, so that windows of a day are met from both sides.
pub fn later_today(minutes: i64) -> Timestamp {
    at(TODAY * 1_440 + minutes)
}

/// Registries whose names are known to every set, and one that is known to none.
pub const REGISTRIES: [&str; 3] = ["tps", "ctps", "mystery"];
const FLAGS: [u64; 4] = [
    flags::NOT_REFUSED,
    flags::DETAILS_OBTAINED_DIRECTLY,
    flags::RELATIONSHIP_ACTIVE,
    flags::PUBLISHED_IN_ROLE,
];
const CONDITIONS: [&str; 4] =
    ["not_refused", "details_obtained_directly", "own_similar", "message_unsubscribe"];
pub const KINDS: [RelationshipKind; 3] =
    [RelationshipKind::Purchase, RelationshipKind::Inquiry, RelationshipKind::Contract];

fn sometimes<S: Strategy>(weight: f64, of: S) -> impl Strategy<Value = Option<S::Value>> {
    prop::option::weighted(weight, of)
}

pub fn periods() -> impl Strategy<Value = Period> {
    prop_oneof![
        3 => Just(Period::UNLIMITED),
        1 => Just(months(12)),
        1 => Just(days(90)),
        1 => Just(days(15)),
    ]
}

pub fn dormancies() -> impl Strategy<Value = Dormancy> {
    (periods(), sometimes(0.5, Just(days(30))))
        .prop_map(|(block_after, warn_after)| Dormancy { warn_after, block_after })
}

pub fn kind_rules() -> impl Strategy<Value = KindRule> {
    (select(&KINDS[..]), periods(), any::<bool>()).prop_map(|(kind, period, runs)| KindRule {
        kind,
        period,
        // only contracts run
        while_running: runs && kind == RelationshipKind::Contract,
    })
}

pub fn conditions() -> impl Strategy<Value = Condition> {
    select(&CONDITIONS[..]).prop_map(condition)
}

/// What frees from something: consent, a purchase or inquiry, or nothing at all.
fn exemptions() -> impl Strategy<Value = Exemption> {
    let freeing = subsequence(&[Basis::Express, Basis::Implied][..], 0..=2);
    (freeing, prop::collection::vec(kind_rules(), 0..2))
        .prop_map(|(freeing, kinds)| Exemption { bases: bases(&freeing), kinds })
}

fn abouts() -> impl Strategy<Value = AppliesTo> {
    let groups = subsequence(&["tents", "boats"][..], 1..=2);
    groups.prop_map(|groups| AppliesTo {
        purposes: Vec::new(),
        product_groups: groups.into_iter().map(String::from).collect(),
    })
}

fn grounds() -> impl Strategy<Value = Ground> {
    let kinds = prop::collection::vec(kind_rules(), 1..3);
    let some = || prop::collection::vec(conditions(), 0..2);
    let ends = (sometimes(0.1, dormancies()), sometimes(0.2, periods()));
    (kinds, any::<bool>(), some(), some(), ends).prop_map(
        |(kinds, any_kind, requires, when, (dormancy, valid_for))| Ground {
            valid_for,
            kinds,
            any_kind,
            requires,
            when,
            dormancy,
            ..Ground::default()
        },
    )
}

pub fn basis_rules() -> impl Strategy<Value = BasisRule> {
    let needs = prop_oneof![3 => Just(0), 1 => Just(flags::SIGNATURE)];
    let rest =
        (needs, periods(), sometimes(0.15, dormancies()), prop::collection::vec(grounds(), 1..3));
    let basis = select(
        &[
            Basis::Express,
            Basis::Express,
            Basis::ExpressWritten,
            Basis::SoftOptIn,
            Basis::Implied,
            Basis::LegitimateInterest,
        ][..],
    );
    (basis, rest).prop_map(|(basis, (evidence, valid_for, dormancy, grounds))| {
        let is_act = !matches!(basis, Basis::SoftOptIn | Basis::Implied);
        BasisRule {
            evidence: flags::EVIDENCE_REQUIRED | evidence,
            valid_for,
            dormancy,
            grounds: if is_act { Vec::new() } else { grounds },
            ..BasisRule::new(basis)
        }
    })
}

/// One rule for each basis at most, as packs have it.
pub fn accepted(lengths: std::ops::Range<usize>) -> impl Strategy<Value = Vec<BasisRule>> {
    prop::collection::vec(basis_rules(), lengths).prop_map(|mut all| {
        all.sort_by_key(|rule| rule.basis as u8);
        all.dedup_by_key(|rule| rule.basis);
        all
    })
}

pub fn registries() -> impl Strategy<Value = Registry> {
    let overriding =
        subsequence(&[Basis::Express, Basis::ExpressWritten, Basis::Implied][..], 0..=3);
    let ages = select(vec![days(1), days(5), days(45), months(24)]);
    (select(&REGISTRIES[..2]), ages, overriding, prop::collection::vec(kind_rules(), 0..2))
        .prop_map(|(name, max_age, overriding, kinds)| Registry {
            max_age,
            overridden_by: bases(&overriding),
            overridden_by_kinds: kinds,
            ..registry(name)
        })
}

pub fn contents() -> impl Strategy<Value = ContentSet> {
    subsequence(&[Element::SenderIdentity, Element::Unsubscribe][..], 0..=2)
        .prop_map(|elements| content(&elements))
}

pub fn caps() -> impl Strategy<Value = Cap> {
    let per = select(&[PerSender::Controller, PerSender::Brand, PerSender::Subject][..]);
    (1..4u32, select(&[1u64, 24, 72][..]), per, exemptions())
        .prop_map(|(count, hours, per, exempt)| Cap { exempt, ..cap(count, hours, per) })
}

/// Up to three windows a day on the quarter hours, in any order.
pub fn hours() -> impl Strategy<Value = Hours> {
    let window = (0..95u16, 1..60u16).prop_map(|(start, length)| {
        Window::new(start * 15, (start + length).min(96) * 15).unwrap()
    });
    let days = prop::collection::vec(prop::collection::vec(window, 0..3), 7);
    (days, exemptions()).prop_map(|(days, exempt)| Hours {
        days: days.try_into().unwrap(),
        exempt,
        ..Hours::default()
    })
}

fn transactionals() -> impl Strategy<Value = Transactional> {
    let consent = subsequence(&[Basis::Express][..], 0..=1).prop_map(|all| bases(&all));
    (contents(), consent).prop_map(|(content, consent)| Transactional {
        content,
        consent,
        ..Transactional::default()
    })
}

/// What base rules and additions have in common: sparse, so that approvals are common.
pub fn additions() -> impl Strategy<Value = Rule> {
    let common = (
        sometimes(0.15, registries()),
        sometimes(0.2, contents()),
        prop::collection::vec(caps(), 0..2),
        sometimes(0.15, hours()),
        sometimes(0.1, transactionals()),
    );
    let about = (sometimes(0.1, exemptions()), sometimes(0.2, abouts()));
    (accepted(0..3), prop::bool::weighted(0.1), common, about, any::<u32>()).prop_map(
        |(bases, revoke_all, (registry, content, caps, hours, transactional), about, id)| Rule {
            prohibited_unless: about.0,
            applies_to: about.1,
            bases,
            registries: registry.into_iter().collect(),
            content: content.unwrap_or_default(),
            caps,
            hours,
            transactional: transactional.unwrap_or_default(),
            revoke_all,
            ..addition(&format!("addition {id}"))
        },
    )
}

pub fn base_rules() -> impl Strategy<Value = Rule> {
    let regime = prop_oneof![4 => Just(Regime::OptIn), 3 => Just(Regime::OptOut)];
    let double = prop_oneof![6 => Just(DoubleOptIn::Off), 1 => Just(DoubleOptIn::Required)];
    (additions(), accepted(1..5), regime, double).prop_map(
        |(rule, bases, regime, double_opt_in)| Rule {
            regime: Some(regime),
            bases,
            double_opt_in,
            applies_to: None,
            label: format!("base {}", rule.label),
            ..rule
        },
    )
}

/// A land with its base rule and an addition or none.
pub fn lands(code: &'static str) -> impl Strategy<Value = Land> {
    (base_rules(), sometimes(0.3, additions()), sometimes(0.3, 10..20u8)).prop_map(
        move |(base, addition, minor_below)| Land {
            minor_below,
            ..land(code, Vec::from_iter([base].into_iter().chain(addition)))
        },
    )
}

/// A message to Ben in `AA`: by text, call or mail, mostly marketing.
pub fn offers() -> impl Strategy<Value = OutboundMessage<'static>> {
    let channel = select(&[Channel::Sms, Channel::VoiceLive, Channel::Email][..]);
    let declared = (prop::bool::weighted(0.8), prop::bool::weighted(0.8));
    let group = prop_oneof![3 => Just(Some("tents")), 1 => Just(Some("boats")), 1 => Just(None)];
    (channel, declared, group, prop::bool::weighted(0.15)).prop_map(
        |(channel, (identity, unsubscribe), group, is_service)| {
            let mut offer = in_aa(if channel == Channel::Email { message() } else { sms() });
            if is_service {
                offer = exempt(offer, Category::Service);
            }
            offer.channel = Some(channel);
            offer.product_group = group.map(Name::from);
            offer.content.sender_identity = identity.then_some(true);
            offer.content.unsubscribe = unsubscribe.then_some(true);
            offer
        },
    )
}

fn acts(channel: Channel) -> impl Strategy<Value = Event> {
    let action = prop_oneof![
        4 => Just(Action::OptIn),
        2 => Just(Action::OptInConfirmed),
        1 => Just(Action::OptInRequested),
    ];
    let basis = prop_oneof![
        4 => Just(None),
        2 => Just(Some(Basis::ExpressWritten)),
        1 => Just(Some(Basis::LegitimateInterest)),
        1 => Just(Some(Basis::SoftOptIn)),
    ];
    let brand = prop_oneof![6 => Just("acme"), 1 => Just("zeta")];
    (action, basis, any::<bool>(), prop::bool::weighted(0.9), brand).prop_map(
        move |(action, basis, is_signed, is_proven, brand)| {
            event(action, at(0)).channel(channel).brand(brand).with(|change| {
                change.basis = basis;
                match &mut change.evidence {
                    Some(evidence) if is_proven => evidence.signature = is_signed,
                    other => *other = None,
                }
            })
        },
    )
}

fn relationships() -> impl Strategy<Value = Event> {
    let group = prop_oneof![3 => Just(Some("tents")), 1 => Just(Some("boats"))];
    let kind = prop_oneof![6 => select(&KINDS[..]).prop_map(Some), 1 => Just(None)];
    (kind, subsequence(&FLAGS[..], 0..=4), group).prop_map(|(kind, flags, group)| {
        event(Action::Relationship, at(0)).any_channel().purpose(None).with(|change| {
            change.kind = kind;
            change.context_flags = flags.iter().fold(0, |all, flag| all | flag);
            change.product_group = group.map(Name::from);
        })
    })
}

fn checks() -> impl Strategy<Value = Event> {
    (select(&REGISTRIES[..]), prop::bool::weighted(0.3)).prop_map(|(name, listed)| {
        event(Action::RegistryStatus, at(0)).unscoped().with(|change| {
            (change.registry, change.listed) = (Some(name.into()), Some(listed));
        })
    })
}

/// What can only block: refusals, listings, bounces, suppressions, messages that went out.
pub fn restrictions(channel: Channel) -> impl Strategy<Value = Event> {
    let refusal = select(
        &[
            Action::OptOut,
            Action::OptOut,
            Action::Object,
            Action::Complaint,
            Action::HardBounce,
            Action::AddressReassigned,
            Action::Suppress,
            Action::Sent,
            Action::RegistryStatus,
        ][..],
    );
    let scope =
        (select(&["acme", "zeta", "any"][..]), select(&["marketing", "survey", "service"][..]));
    let channel =
        prop_oneof![3 => Just(channel), 1 => Just(Channel::Sms), 1 => Just(Channel::Push)];
    (refusal, scope, channel, 0..3usize).prop_map(|(action, (brand, purpose), channel, nth)| {
        event(action, at(0)).channel(channel).brand(brand).purpose(purpose).with(|change| {
            change.registry = Some(REGISTRIES[nth].into());
        })
    })
}

/// Permissive alone, with a refusal now and then; each event has an id and a day of its own choosing.
pub fn biographies(channel: Channel) -> impl Strategy<Value = Vec<Event>> {
    let texts = select(&["stop", "start", "yes"][..]);
    let one = prop_oneof![
        8 => acts(channel),
        6 => relationships(),
        5 => checks(),
        1 => restrictions(channel),
        1 => texts.prop_map(|text| texted(0, text)),
        1 => select(&[20_000, 10_000][..]).prop_map(|born| {
            event(Action::Profile, at(0)).unscoped().with(|c| c.birth_date_days = Some(born))
        }),
    ];
    prop::collection::vec((one, select(&DAYS[..])), 2..10).prop_map(move |events| {
        let dated = events.into_iter().map(|(event, day)| for_offer(event, channel, on_day(day)));
        numbered(&dated.collect::<Vec<_>>())
    })
}

/// The event at that instant, for the address that offers on the channel go to.
pub fn for_offer(event: Event, channel: Channel, when: Timestamp) -> Event {
    event.received(when).with(|change| {
        change.occurred_at = when;
        if channel != Channel::Email {
            change.address = Address::new(PHONE.into());
        }
    })
}

/// What the gate approved yesterday and today.
pub fn approvals() -> impl Strategy<Value = Vec<SentMessage>> {
    let one = (0..4u8, -2_000..300i64, offers()).prop_map(|(id, minutes, offer)| {
        let channel = offer.channel.unwrap();
        let key = event_key(&format!("m{id}"));
        SentMessage::new(&offer, channel, key, SentKind::Marketing, later_today(minutes))
    });
    prop::collection::vec(one, 0..3)
}

/// The set of a land, with a second one for phone numbers and a third that knows both registries.
pub fn set_of(lands: &[Land], of_numbers: &[&str]) -> PolicySet {
    let knows = REGISTRIES[..2].iter().map(|name| {
        base(&format!("ZZ/{name}")).having(|rule| rule.registries = vec![registry(name)])
    });
    let knowing = land("ZZ", knows.collect::<Vec<_>>());
    let mut parts = parts(lands.iter().cloned().chain([knowing]));
    numbered_as(&mut parts, &[("44", of_numbers, &["Europe/London"])]);
    PolicySet::new(parts).unwrap()
}

//! What stands here, beside what the gate decides about the same state.

use super::{NOW, frame};
use gate_core::canonical::Name;
use gate_core::{
    Action, AddressLookup, Basis, Channel, ChannelScope, ConsentChange, ConsentState, EventKey,
    Evidence, OutboundMessage, Outcome, PolicySet, Reason as Blocked, Receipt, Recipient,
    SubjectKey, Subjects, SuppressionScope, Timestamp, decide, place, unreadable,
};
use gate_intake::{Source, SourceSpec};
use gate_reconcile::{Class, Diff, Entry, Frame, Kind, Lane, Row, Said, standing};
use proptest::prelude::*;
use std::borrow::Cow;

const ADDRESS: SubjectKey = SubjectKey([1; 16]);

/// Stands for a change that cannot be read.
const UNREADABLE: Action = Action::Sent;

/// A change in few words.
#[derive(Clone, Debug)]
struct Said1 {
    action: Action,
    /// Minutes before now.
    before: i64,
    purpose: Option<&'static str>,
    channel: ChannelScope,
    controller: Option<&'static str>,
    brand: Option<&'static str>,
    is_proven: bool,
    basis: Option<Basis>,
    scope: Option<SuppressionScope>,
}

impl Said1 {
    fn new(action: Action, before: i64) -> Self {
        Self {
            action,
            before,
            purpose: None,
            channel: ChannelScope::One(Channel::Email),
            controller: Some("acme-ltd"),
            brand: Some("acme"),
            is_proven: true,
            basis: None,
            scope: None,
        }
    }

    fn of(self, purpose: &'static str) -> Self {
        Self { purpose: Some(purpose), ..self }
    }
}

fn name(text: Option<&'static str>) -> Option<Name<'static>> {
    text.and_then(|text| Name::new(text.into()))
}

fn rows_and<T>(said: &[Said1], look: impl FnOnce(&ConsentState<'_>, Vec<Row>) -> T) -> T {
    let changes: Vec<(ConsentChange<'_>, EventKey)> = said
        .iter()
        .enumerate()
        .map(|(index, said)| {
            let proof = Evidence {
                method: Some(Cow::Borrowed("form")),
                notice_version: Some(Cow::Borrowed("1")),
                ..Evidence::default()
            };
            let change = ConsentChange {
                event_id: Cow::Borrowed(""),
                occurred_at: Timestamp::from_micros(NOW.as_micros() - said.before * 60_000_000),
                action: said.action,
                contact_id: None,
                address: None,
                region: None,
                channel: said.channel,
                purpose: name(said.purpose),
                controller: name(said.controller),
                brand: name(said.brand),
                basis: said.basis,
                kind: None,
                context_flags: 0,
                product_group: None,
                evidence: said.is_proven.then_some(proof),
                text: None,
                to: None,
                registry: None,
                listed: None,
                smtp: None,
                format: None,
                scope: said.scope,
                keep_suppression: true,
                birth_date_days: None,
                message_id: None,
                expires_at: None,
                new_address: None,
                recipient_kind: None,
            };
            (change, EventKey([u8::try_from(index).unwrap(); 8]))
        })
        .collect();
    let mut state = ConsentState::default();
    for (change, event) in &changes {
        if change.action == UNREADABLE {
            state.join([unreadable(*event, Receipt::by_broker(change.occurred_at))]);
            continue;
        }
        let subjects = Subjects { address: Some(ADDRESS), ..Subjects::default() };
        let placed = place(change, subjects, *event, Receipt::by_broker(change.occurred_at));
        state.join(placed.address);
    }
    let rows = standing(&state, &frame(), ADDRESS, NOW);
    look(&state, rows)
}

fn rows(said: &[Said1]) -> Vec<Row> {
    rows_and(said, |_, rows| rows)
}

/// Lanes and kinds that are refused.
fn refused(said: &[Said1]) -> Vec<(Lane, Kind)> {
    let refused = rows(said).into_iter().filter(|row| row.said == Said::Refused);
    refused.map(|row| (row.lane, row.kind)).collect()
}

#[test]
fn refusals_come_into_their_lanes() {
    let opt_out = || Said1::new(Action::OptOut, 10);
    let all = Lane::Everything;
    for (said, expected) in [
        (vec![], vec![]),
        (vec![opt_out()], vec![(all, Kind::Unsubscribe)]),
        (vec![opt_out().of("marketing")], vec![(all, Kind::Unsubscribe)]),
        (vec![opt_out().of("marketing.newsletter")], vec![(Lane::Group(0), Kind::Group)]),
        (
            vec![opt_out().of("marketing.newsletter.weekly")],
            vec![(Lane::Partial, Kind::Unsubscribe)],
        ),
        (vec![opt_out().of("service.invoices")], vec![(Lane::Partial, Kind::Unsubscribe)]),
        (vec![opt_out().of("sale_share")], vec![]),
        (vec![Said1 { channel: ChannelScope::One(Channel::Sms), ..opt_out() }], vec![]),
        (vec![Said1 { channel: ChannelScope::Any, ..opt_out() }], vec![(all, Kind::Unsubscribe)]),
        (vec![Said1 { brand: Some("other"), ..opt_out() }], vec![]),
        (
            vec![Said1 { brand: None, controller: None, ..opt_out() }],
            vec![(all, Kind::Unsubscribe)],
        ),
        (vec![Said1 { controller: Some("other-ltd"), ..opt_out() }], vec![]),
        (vec![Said1::new(Action::Complaint, 1)], vec![(all, Kind::Complaint)]),
        (vec![Said1::new(Action::Object, 1)], vec![(all, Kind::Objection)]),
        (vec![Said1::new(Action::HardBounce, 1)], vec![(Lane::Closed, Kind::HardBounce)]),
        (vec![Said1::new(Action::Erase, 1)], vec![(all, Kind::Erasure)]),
        (vec![Said1::new(UNREADABLE, 1)], vec![(all, Kind::Unjudged)]),
        (vec![Said1::new(UNREADABLE, 9), Said1::new(Action::OptIn, 1)], vec![]),
        (
            vec![
                Said1::new(UNREADABLE, 9),
                Said1 { is_proven: false, ..Said1::new(Action::OptIn, 1) },
            ],
            vec![(all, Kind::Unjudged)],
        ),
        // agreed again to everything, or before, or without proof
        (vec![opt_out(), Said1::new(Action::OptIn, 5).of("marketing")], vec![]),
        (
            vec![opt_out(), Said1::new(Action::OptIn, 15).of("marketing")],
            vec![(all, Kind::Unsubscribe)],
        ),
        (
            vec![
                opt_out(),
                Said1 { is_proven: false, ..Said1::new(Action::OptIn, 5).of("marketing") },
            ],
            vec![(all, Kind::Unsubscribe)],
        ),
        (
            vec![Said1::new(Action::HardBounce, 9), Said1::new(Action::OptIn, 1).of("marketing")],
            vec![(Lane::Closed, Kind::HardBounce)],
        ),
        (
            vec![
                Said1::new(Action::HardBounce, 9),
                Said1::new(Action::OptInConfirmed, 1).of("marketing"),
            ],
            vec![],
        ),
    ] {
        assert_eq!(refused(&said), expected, "{said:?}");
    }
}

/// Written to the provider as everything, a refusal would stop what the person agreed to since.
#[test]
fn what_was_agreed_to_in_part_since_is_no_refusal_of_everything() {
    let opt_out = Said1::new(Action::OptOut, 10);
    let again = Said1::new(Action::OptIn, 5).of("marketing.newsletter");
    assert_eq!(refused(&[opt_out.clone(), again.clone()]), [(Lane::Group(1), Kind::Group)]);
    // the newsletter was refused alone after that
    let since = Said1::new(Action::OptOut, 2).of("marketing.newsletter");
    assert_eq!(
        refused(&[opt_out.clone(), again, since]),
        [(Lane::Group(1), Kind::Group), (Lane::Group(0), Kind::Group)]
    );
    let other = Said1::new(Action::OptIn, 5).of("marketing.surveys");
    let groups = refused(&[opt_out, other]);
    assert_eq!(groups, [(Lane::Group(0), Kind::Group), (Lane::Group(1), Kind::Group)]);
}

#[test]
fn operators_suppressions_end_as_operators_say() {
    let suppress = |scope, before| Said1 {
        scope,
        controller: None,
        brand: None,
        channel: ChannelScope::Any,
        ..Said1::new(Action::Suppress, before)
    };
    let end = |scope, before| Said1 { action: Action::Unsuppress, ..suppress(scope, before) };
    let all = Some(SuppressionScope::All);
    let marketing = Some(SuppressionScope::Marketing);
    let found = rows(&[suppress(all, 9)]);
    assert!(found[0].is_whole && found[0].is_writable);
    let found = rows(&[suppress(marketing, 9)]);
    assert!(!found[0].is_whole && found[0].is_writable);
    assert_eq!(
        refused(&[suppress(all, 9), end(marketing, 5)]),
        [(Lane::Everything, Kind::Suppression)]
    );
    assert_eq!(refused(&[suppress(all, 9), end(all, 5)]), []);
    assert_eq!(
        refused(&[suppress(marketing, 9), end(all, 15)]),
        [(Lane::Everything, Kind::Suppression)]
    );
    let agreed = Said1::new(Action::OptIn, 5).of("marketing");
    assert_eq!(refused(&[suppress(all, 9), agreed]), [(Lane::Everything, Kind::Suppression)]);
    assert!(!rows(&[Said1::new(Action::Erase, 1)])[0].is_writable);
}

#[test]
fn agreements_name_their_lanes() {
    let agreed = |said: &[Said1]| -> Vec<Lane> {
        let rows = rows(said).into_iter().filter(|row| row.said == Said::Agreed);
        rows.map(|row| row.lane).collect()
    };
    let opt_in = Said1::new(Action::OptIn, 5);
    assert_eq!(
        agreed(&[opt_in.clone().of("marketing.newsletter")]),
        [Lane::Everything, Lane::Group(0)]
    );
    assert_eq!(
        agreed(&[opt_in.clone().of("marketing")]),
        [Lane::Everything, Lane::Group(0), Lane::Group(1)]
    );
    let confirmed = Said1::new(Action::OptInConfirmed, 5).of("marketing.surveys");
    assert_eq!(agreed(&[confirmed]), [Lane::Everything, Lane::Closed]);
    let other = Said1 { brand: Some("other"), ..opt_in.of("marketing") };
    assert_eq!(agreed(&[other]), []);
}

/// Nothing less is safe: what a provider's group means on another channel is not known here.
#[test]
fn groups_of_another_channel_or_without_purpose_are_everything() {
    let yaml = "name: other\nprovider: sendgrid\ncontroller: acme-ltd\n\
                scopes: {'1': {purpose: marketing.news, channel: sms}, '2': {brand: acme}, '3': {purpose: Marketing.Offers}}\n";
    let source =
        Source::for_lists(SourceSpec::from_yaml(yaml).unwrap(), &|_| Err(String::new())).unwrap();
    let frame = Frame::of(&source).unwrap();
    let lane = |id: &str| {
        let entry = Entry::new("ana@example.com", gate_reconcile::Reason::Unsubscribe, None);
        frame.lane(&Entry { group: Some(id.into()), ..entry })
    };
    let all = Lane::Everything;
    assert_eq!(["1", "2", "3", "4"].map(lane), [all, all, Lane::Group(0), all]);
    assert_eq!(frame.group(0).map(|group| group.purpose.as_str()), Some("marketing.offers"));
}

/// A group of another brand is refused by what reaches that brand, and by nothing else.
#[test]
fn groups_of_another_brand_stand_for_themselves() {
    let yaml = "name: two\nprovider: sendgrid\ncontroller: acme-ltd\nbrand: acme\n\
                scopes: {'1': {purpose: marketing.news}, '2': {purpose: marketing.news, brand: Other}}\n";
    let source =
        Source::for_lists(SourceSpec::from_yaml(yaml).unwrap(), &|_| Err(String::new())).unwrap();
    let frame = Frame::of(&source).unwrap();
    assert_eq!(frame.marketing_groups(), [0]);
    let lanes = |said: &[Said1]| {
        rows_and(said, |state, _| {
            let rows = standing(state, &frame, ADDRESS, NOW).into_iter();
            rows.filter(|row| row.said == Said::Refused).collect::<Vec<_>>()
        })
    };
    let of = |rows: &[Row]| rows.iter().map(|row| row.lane).collect::<Vec<_>>();
    let own = lanes(&[Said1::new(Action::OptOut, 9)]);
    assert_eq!(of(&own), [Lane::Everything]);
    let all = lanes(&[Said1 { brand: None, ..Said1::new(Action::OptOut, 9) }]);
    assert_eq!(of(&all), [Lane::Everything, Lane::Group(1)]);
    let other = lanes(&[Said1 { brand: Some("other"), ..Said1::new(Action::OptOut, 9) }]);
    assert_eq!(of(&other), [Lane::Group(1)]);
    // the provider's entry in the other brand's group is not met by a refusal of ours
    let entry = Entry::new("ana@example.com", gate_reconcile::Reason::Unsubscribe, None);
    let class = |group: &str, here: &[Row]| {
        let entry = Entry { group: Some(group.into()), ..entry.clone() };
        let row = Row::there(&frame, &entry, |_| ADDRESS).unwrap();
        let mut rows = [here, &[row]].concat();
        rows.sort();
        let rows = rows.into_iter().map(Ok::<_, std::convert::Infallible>);
        let found: Vec<_> = Diff::new(rows, &frame).map(Result::unwrap).collect();
        found.into_iter().rfind(|one| !one.there.is_empty()).unwrap().class
    };
    assert_eq!(class("1", &own), Class::Both);
    assert_eq!(class("2", &own), Class::OnlyThere);
    assert_eq!(class("2", &all), Class::Both);
}

fn said() -> impl Strategy<Value = Said1> {
    let action = prop::sample::select(vec![
        Action::OptOut,
        Action::OptOut,
        Action::OptIn,
        Action::OptIn,
        Action::OptInConfirmed,
        Action::OptInRequested,
        Action::Object,
        Action::Complaint,
        Action::Suppress,
        Action::Unsuppress,
        Action::HardBounce,
        Action::Erase,
        UNREADABLE,
    ]);
    let purpose = prop::sample::select(vec![
        None,
        Some("any"),
        Some("marketing"),
        Some("marketing.newsletter"),
        Some("marketing.offers"),
        Some("marketing.surveys"),
        Some("service"),
        Some("sale_share"),
    ]);
    let channel = prop::sample::select(vec![
        ChannelScope::Any,
        ChannelScope::One(Channel::Email),
        ChannelScope::One(Channel::Email),
        ChannelScope::One(Channel::Sms),
    ]);
    let controller =
        prop::sample::select(vec![Some("acme-ltd"), Some("acme-ltd"), None, Some("other-ltd")]);
    let brand =
        prop::sample::select(vec![Some("acme"), Some("acme"), Some("any"), None, Some("other")]);
    let basis = prop::sample::select(vec![
        None,
        None,
        Some(Basis::Express),
        Some(Basis::LegitimateInterest),
    ]);
    let scope = prop::sample::select(vec![
        None,
        Some(SuppressionScope::All),
        Some(SuppressionScope::Marketing),
    ]);
    (action, 0_i64..30, purpose, channel, controller, brand, any::<bool>(), basis, scope).prop_map(
        |(action, before, purpose, channel, controller, brand, is_proven, basis, scope)| Said1 {
            action,
            before,
            purpose,
            channel,
            controller,
            brand,
            is_proven,
            basis,
            scope,
        },
    )
}

/// Whether the gate stops a message of this purpose for a refusal, and for the address.
fn decided(state: &ConsentState<'_>, purpose: &'static str) -> (bool, bool) {
    let message = OutboundMessage {
        purpose: name(Some(purpose)),
        controller: name(Some("acme-ltd")),
        brand: name(Some("acme")),
        ..OutboundMessage::new("m", Some(Channel::Email))
    };
    let recipient = Recipient::new(None, AddressLookup::Known(ADDRESS, state));
    let decision = decide(&PolicySet::express_only(), recipient, &message, NOW);
    let has =
        |reason| decision.outcome() != Outcome::Approved && decision.reasons().contains(reason);
    let refusals = [
        Blocked::OptedOut,
        Blocked::Objected,
        Blocked::Complaint,
        Blocked::SuppressedGlobal,
        Blocked::SuppressedAddress,
        Blocked::ConsentUnreadable,
    ];
    (refusals.into_iter().any(has), has(Blocked::Undeliverable) || has(Blocked::NumberReassigned))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// A group stands refused here if and only if the gate would stop its messages, and an address is closed likewise. What is
    /// refused of everything stops every message.
    #[test]
    fn what_stands_is_what_the_gate_decides(said in prop::collection::vec(said(), 0..7)) {
        rows_and(&said, |state, rows| {
            let stands = |lane: Lane| rows.iter().any(|row| row.said == Said::Refused && row.lane == lane);
            for (number, purpose) in [(0, "marketing.newsletter"), (1, "marketing.offers")] {
                let (is_refused, is_closed) = decided(state, purpose);
                let is_standing = stands(Lane::Group(number)) || stands(Lane::Everything);
                prop_assert_eq!(is_standing, is_refused, "{} {:?}", purpose, rows);
                prop_assert_eq!(stands(Lane::Closed), is_closed);
            }
            if stands(Lane::Everything) {
                prop_assert!(decided(state, "marketing.anything").0);
            }
            Ok(())
        })?;
    }
}

//! Typical messages with the state of their recipients, for the bench and the allocation test.

use gate_core::{
    Action, Address, AddressLookup, Basis, CanonicalAddress, Channel, ChannelScope, ConsentChange,
    ConsentState, ContactId, Content, Decision, EventKey, Evidence, OutboundMessage, PolicySet,
    Receipt, Recipient, RelationshipKind, SubjectKey, Subjects, Timestamp, decide, flags, place,
};

const CONTACT: SubjectKey = SubjectKey([1; 16]);
const ADDRESS: SubjectKey = SubjectKey([2; 16]);

/// A message and what the store holds about its recipient.
pub(crate) struct Scene {
    pub(crate) name: &'static str,
    pub(crate) reason: &'static str,
    contact: Vec<u8>,
    address: Vec<u8>,
    e164: Option<String>,
    message: OutboundMessage<'static>,
    now: Timestamp,
}

impl Scene {
    /// Decides once, states already decoded, as the lane does for each message.
    pub(crate) fn run<T>(
        &self,
        policies: &PolicySet,
        with: impl FnOnce(&dyn Fn() -> Decision) -> T,
    ) -> T {
        let contact = ConsentState::decode(&self.contact).unwrap();
        let address = ConsentState::decode(&self.address).unwrap();
        with(&|| {
            let recipient = Recipient {
                e164: self.e164.as_deref(),
                message: EventKey([9; 8]),
                ..Recipient::new(Some((CONTACT, &contact)), AddressLookup::Known(ADDRESS, &address))
            };
            decide(policies, recipient, &self.message, self.now)
        })
    }
}

fn at(text: &str) -> Timestamp {
    let at: jiff::Timestamp = text.parse().unwrap();
    Timestamp::from_micros(at.as_microsecond())
}

/// The shipped packs.
pub(crate) fn policies() -> PolicySet {
    let zones = gate_policy::TimeZones::bundled();
    gate_policy::compile(&gate_policy::bundled(), &zones, "bench".into()).unwrap()
}

/// Everyday traffic.
pub(crate) fn scenes() -> Vec<Scene> {
    let email = "ben@example.net";
    let phone = "+13125550147";
    let opt_in = |channel, address, basis| {
        let mut change = change("opt-in", Action::OptIn, "2026-01-10T16:00:00Z", address);
        change.channel = ChannelScope::One(channel);
        change.purpose = Some("marketing".into());
        change.basis = Some(basis);
        change.evidence = Some(Evidence {
            method: Some("web_form".into()),
            notice_version: Some("n-1".into()),
            signature: true,
            number_named: true,
            not_condition_of_purchase: true,
            ..Evidence::default()
        });
        change
    };
    let purchase = |n: usize| {
        let mut change = change("purchase", Action::Relationship, "2026-01-12T10:00:00Z", email);
        change.event_id = format!("purchase-{n}").into();
        change.kind = Some(RelationshipKind::Purchase);
        change.context_flags = flags::DETAILS_OBTAINED_DIRECTLY
            | flags::REFUSAL_OFFERED_AT_COLLECTION
            | flags::NOT_REFUSED;
        change.product_group = Some("tents".into());
        change
    };
    let opt_out = |address| {
        let mut change = change("opt-out", Action::OptOut, "2026-02-01T10:00:00Z", address);
        change.purpose = Some("marketing".into());
        change
    };
    let express = || opt_in(Channel::Email, email, Basis::Express);
    let written = || opt_in(Channel::Sms, phone, Basis::ExpressWritten);
    let scene = |name, reason, history: &[ConsentChange<'_>], message, now| {
        scene(name, reason, history, message, at(now))
    };
    let noon = "2026-03-02T18:00:00Z";
    let mail = |jurisdiction| message(Channel::Email, email, jurisdiction, None);
    let text = |jurisdiction, tz| message(Channel::Sms, phone, jurisdiction, tz);
    vec![
        scene("email GB express", "approved.express_consent", &[express()], mail("GB"), noon),
        scene(
            "email GB express, 4 purchases",
            "approved.express_consent",
            &[express(), purchase(1), purchase(2), purchase(3), purchase(4)],
            mail("GB"),
            noon,
        ),
        scene("email GB soft opt-in", "approved.soft_opt_in", &[purchase(1)], mail("GB"), noon),
        scene("email GB unknown", "blocked.no_consent", &[], mail("GB"), noon),
        scene(
            "email GB opted out",
            "blocked.opted_out",
            &[express(), opt_out(email)],
            mail("GB"),
            noon,
        ),
        scene("email US unknown", "approved.opt_out_regime", &[], mail("US-IL"), noon),
        scene(
            "sms US written, zone declared",
            "approved.express_consent",
            &[written()],
            text("US-IL", Some("America/Chicago")),
            noon,
        ),
        scene(
            "sms US written, zones by number",
            "approved.express_consent",
            &[written()],
            text("US-IL", None),
            noon,
        ),
        scene(
            "sms US-FL written, capped",
            "approved.express_consent",
            &[written()],
            text("US-FL", Some("America/New_York")),
            noon,
        ),
        scene(
            "sms US too early",
            "deferred.quiet_hours",
            &[written()],
            text("US-IL", Some("America/Chicago")),
            "2026-03-02T13:30:00Z",
        ),
    ]
}

fn change(
    id: &'static str,
    action: Action,
    when: &str,
    address: &'static str,
) -> ConsentChange<'static> {
    let mut change = ConsentChange::new(id, at(when), action);
    change.contact_id = ContactId::new("ben".into());
    change.address = Address::new(address.into());
    change.controller = Some("acme-ltd".into());
    change.brand = Some("acme".into());
    change
}

fn message(
    channel: Channel,
    address: &'static str,
    jurisdiction: &'static str,
    tz: Option<&'static str>,
) -> OutboundMessage<'static> {
    let yes = Some(true);
    OutboundMessage {
        purpose: Some("marketing.offers".into()),
        controller: Some("acme-ltd".into()),
        brand: Some("acme".into()),
        product_group: Some("tents".into()),
        content: Content {
            promotional: yes,
            sender_identity: yes,
            postal_address: yes,
            unsubscribe: yes,
            ..Content::default()
        },
        contact_id: ContactId::new("ben".into()),
        address: Address::new(address.into()),
        jurisdiction: Some(jurisdiction.into()),
        tz: tz.map(Into::into),
        ..OutboundMessage::new("m1", Some(channel))
    }
}

fn scene(
    name: &'static str,
    reason: &'static str,
    history: &[ConsentChange<'_>],
    message: OutboundMessage<'static>,
    now: Timestamp,
) -> Scene {
    let (mut contact, mut address) = (ConsentState::default(), ConsentState::default());
    let subjects =
        Subjects { contact: Some(CONTACT), address: Some(ADDRESS), ..Subjects::default() };
    let keys: Vec<EventKey> =
        (0..history.len()).map(|n| EventKey((n as u64 + 1).to_le_bytes())).collect();
    let placements: Vec<_> = history
        .iter()
        .zip(&keys)
        .map(|(change, key)| place(change, subjects, *key, Receipt::by_broker(change.occurred_at)))
        .collect();
    for placement in &placements {
        contact.join(placement.contact.iter().copied());
        address.join(placement.address.iter().copied());
    }
    let bytes = |state: &ConsentState<'_>| {
        let mut out = Vec::new();
        state.encode(&mut out);
        out
    };
    let channel = message.channel.unwrap();
    let raw = message.address.as_ref().unwrap().expose();
    let canonical = CanonicalAddress::of_recipient(raw, channel, None).unwrap();
    Scene {
        name,
        reason,
        contact: bytes(&contact),
        address: bytes(&address),
        e164: canonical.e164().map(str::to_owned),
        message,
        now,
    }
}

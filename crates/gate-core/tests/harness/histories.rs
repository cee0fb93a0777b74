//! Random histories, messages and facts from a small world, where ties, conflicts and collisions are the
//! rule: three contacts, three addresses, two brands, few event ids, six instants three minutes apart, so
//! that two steps ahead of the receipt is beyond the allowed clock skew.

use super::*;
use proptest::prelude::*;
use proptest::sample::select;

pub const CONTACTS: [&str; 3] = ["ben", "dev", "eve"];
pub const ADDRESSES: [&str; 3] = ["ben@example.net", "eve@example.net", PHONE];
pub const TEXTS: [&str; 5] = ["STOP", "STOP ALL", "START", "YES", "see you"];
pub const NOW: i64 = 1_000;

pub fn step(n: i64) -> Timestamp {
    at(3 * n)
}

/// The parts of a change, small enough to collide.
#[derive(Clone, Copy, Debug)]
pub struct Parts {
    pub action: Action,
    pub id: u8,
    pub who: (Option<&'static str>, Option<&'static str>),
    pub occurred: i64,
    pub received: i64,
    /// Dated by its producer, in a log that had come so many steps further.
    pub log: Option<i64>,
    pub channel: ChannelScope,
    pub purpose: Option<&'static str>,
    pub controller: Option<&'static str>,
    pub brand: Option<&'static str>,
    pub is_proven: bool,
    pub basis: Option<Basis>,
    pub scope: Option<SuppressionScope>,
    pub text: &'static str,
    pub number: Option<&'static str>,
    pub keeps: bool,
}

/// By the broker, or by a producer in a log that had come so many steps further.
pub fn receipt(received: i64, log: Option<i64>) -> Receipt {
    let at = step(received);
    log.map_or(Receipt::by_broker(at), |log| Receipt::by_producer(at, step(received + log)))
}

pub fn logs() -> impl Strategy<Value = Option<i64>> {
    prop_oneof![2 => Just(None), 1 => Just(Some(0)), 1 => (1..8i64).prop_map(Some)]
}

pub fn receipts() -> impl Strategy<Value = Receipt> {
    (-2..8i64, logs()).prop_map(|(received, log)| receipt(received, log))
}

impl Parts {
    pub fn receipt(&self) -> Receipt {
        receipt(self.received, self.log)
    }

    pub fn event(self) -> Event {
        let given =
            matches!(self.action, Action::OptIn | Action::OptInConfirmed | Action::OptInRequested);
        let is_text = self.action == Action::InboundSms;
        event(self.action, step(self.occurred)).with_receipt(self.receipt()).with(|change| {
            change.event_id = format!("e{}", self.id).into();
            change.contact_id = self.who.0.and_then(|id| ContactId::new(id.into()));
            change.address = self.who.1.and_then(|raw| Address::new(raw.into()));
            change.channel = if is_text { ChannelScope::Any } else { self.channel };
            change.purpose = self.purpose.map(Name::from);
            change.controller = self.controller.map(Name::from);
            change.brand = self.brand.map(Name::from);
            change.basis = self.basis.filter(|_| given);
            change.scope = self.scope;
            change.keep_suppression = self.keeps;
            change.smtp = (!self.keeps).then(|| "4.2.2".into());
            change.kind = self.keeps.then_some(RelationshipKind::Purchase);
            if self.action == Action::Sent && self.keeps {
                change.message_id = Some(format!("m{}", self.id % 4).into());
            }
            match &mut change.evidence {
                Some(evidence) if self.is_proven => evidence.has_source = self.keeps,
                other => *other = None,
            }
            if is_text {
                change.text = Some(self.text.into());
                change.to = self.number.map(Sender::from);
                if change.address.is_some() {
                    change.address = Address::new(PHONE.into());
                }
            }
        })
    }
}

pub fn actions() -> impl Strategy<Value = Action> {
    prop_oneof![
        8 => Just(Action::OptIn),
        3 => Just(Action::OptInConfirmed),
        3 => Just(Action::OptInRequested),
        5 => Just(Action::OptOut),
        6 => Just(Action::InboundSms),
        1 => Just(Action::Object),
        1 => Just(Action::Complaint),
        1 => Just(Action::HardBounce),
        1 => Just(Action::AddressReassigned),
        1 => Just(Action::Suppress),
        2 => Just(Action::Unsuppress),
        1 => Just(Action::Erase),
        1 => Just(Action::Relationship),
        2 => Just(Action::Sent),
    ]
}

pub fn channels() -> impl Strategy<Value = ChannelScope> {
    prop_oneof![
        4 => Just(ChannelScope::One(Channel::Email)),
        4 => Just(ChannelScope::One(Channel::Sms)),
        1 => Just(ChannelScope::One(Channel::Rcs)),
        1 => Just(ChannelScope::Any),
    ]
}

pub fn purposes() -> impl Strategy<Value = Option<&'static str>> {
    prop_oneof![
        6 => Just(Some("marketing")),
        2 => Just(Some("marketing.offers")),
        1 => Just(Some("marketing.news")),
        1 => Just(None),
    ]
}

pub fn brands() -> impl Strategy<Value = Option<&'static str>> {
    prop_oneof![
        6 => Just(Some("acme")),
        1 => Just(Some("zeta")),
        1 => Just(Some("any")),
        1 => Just(None),
    ]
}

pub fn controllers() -> impl Strategy<Value = Option<&'static str>> {
    prop_oneof![8 => Just(Some("acme-ltd")), 1 => Just(Some("zeta-ltd")), 1 => Just(None)]
}

pub fn people() -> impl Strategy<Value = (Option<&'static str>, Option<&'static str>)> {
    // mostly Ben, so that histories are about somebody
    let contact = prop_oneof![4 => Just("ben"), 1 => select(&CONTACTS[..])];
    let address =
        prop_oneof![2 => Just(ADDRESSES[0]), 2 => Just(PHONE), 1 => select(&ADDRESSES[..])];
    (contact, address, 0..9u8).prop_map(|(contact, address, names)| match names {
        0 | 2 => (Some(contact), None),
        1 => (None, Some(address)),
        _ => (Some(contact), Some(address)),
    })
}

pub fn parts() -> impl Strategy<Value = Parts> {
    let when = (0..6i64, prop_oneof![5 => Just(0i64), 2 => -3..4i64], logs());
    let scope = (channels(), purposes(), controllers(), brands());
    let suppression = prop_oneof![
        Just(None),
        Just(Some(SuppressionScope::All)),
        Just(Some(SuppressionScope::Marketing))
    ];
    let number =
        prop_oneof![4 => Just(Some(NUMBER)), 1 => Just(Some(OTHER_NUMBER)), 1 => Just(None)];
    let basis = prop_oneof![8 => Just(None), 1 => Just(Some(Basis::ExpressWritten)), 1 => Just(Some(Basis::SoftOptIn))];
    let rest =
        (prop::bool::weighted(0.8), basis, suppression, select(&TEXTS[..]), number, any::<bool>());
    (actions(), 0..12u8, people(), when, scope, rest).prop_map(
        |(action, id, who, (occurred, delay, log), (channel, purpose, controller, brand), rest)| {
            let (is_proven, basis, scope, text, number, keeps) = rest;
            // suppressions are mostly about everything, so that lifting them meets
            let is_wide = matches!(action, Action::Suppress | Action::Unsuppress) && keeps;
            Parts {
                action,
                id,
                who,
                occurred,
                received: occurred + delay,
                log,
                channel: if is_wide { ChannelScope::Any } else { channel },
                purpose: purpose.filter(|_| !is_wide),
                controller: controller.filter(|_| !is_wide),
                brand: brand.filter(|_| !is_wide),
                is_proven,
                basis,
                scope,
                text,
                number,
                keeps,
            }
        },
    )
}

pub fn unreadables() -> impl Strategy<Value = Event> {
    (people(), 0..6i64, logs()).prop_map(|((contact, address), received, log)| Event {
        record: Record::Unreadable { contact, address, receipt: receipt(received, log) },
    })
}

pub fn histories(lengths: std::ops::Range<usize>) -> impl Strategy<Value = Vec<Event>> {
    let one = prop_oneof![20 => parts().prop_map(Parts::event), 1 => unreadables()];
    prop::collection::vec(one, lengths)
}

/// Histories in which each event has an id of its own: no two versions of one event.
pub fn plain_histories(lengths: std::ops::Range<usize>) -> impl Strategy<Value = Vec<Event>> {
    prop::collection::vec(parts(), lengths).prop_map(|all| {
        let with_id = |(nth, parts): (usize, Parts)| Parts { id: nth as u8, ..parts }.event();
        all.into_iter().enumerate().map(with_id).collect()
    })
}

pub fn messages() -> impl Strategy<Value = OutboundMessage<'static>> {
    let contact = prop_oneof![6 => Just(Some("ben")), 1 => Just(Some("dev")), 1 => Just(None)];
    let brand = prop_oneof![6 => Just(Some("acme")), 1 => Just(Some("zeta")), 1 => Just(None)];
    let purpose = prop_oneof![4 => Just(Some("marketing.offers")), 1 => Just(Some("survey")), 1 => Just(None)];
    let number =
        prop_oneof![4 => Just(Some(NUMBER)), 1 => Just(Some(OTHER_NUMBER)), 1 => Just(None)];
    let channel =
        prop_oneof![3 => Just(Channel::Email), 3 => Just(Channel::Sms), 1 => Just(Channel::Rcs)];
    (channel, contact, brand, purpose, number).prop_map(
        |(channel, contact, brand, purpose, number)| {
            message().but(|m| {
                m.channel = Some(channel);
                m.contact_id = contact.and_then(|id| ContactId::new(id.into()));
                m.brand = brand.map(Name::from);
                m.purpose = purpose.map(Name::from);
                if channel != Channel::Email {
                    m.address = Address::new(PHONE.into());
                    m.sender_number = number.map(Sender::from);
                }
            })
        },
    )
}

/// An opt-in in the middle of the history that covers the message.
pub fn fitting_opt_in(message: &OutboundMessage<'_>, extra: Parts) -> Event {
    let is_email = message.channel == Some(Channel::Email);
    let opt_in = Parts {
        action: Action::OptIn,
        occurred: 3,
        received: 3,
        who: (Some("ben"), Some(if is_email { ADDRESSES[0] } else { PHONE })),
        channel: message.channel.map_or(ChannelScope::Any, ChannelScope::One),
        purpose: Some("marketing"),
        controller: Some("acme-ltd"),
        brand: Some("any"),
        is_proven: true,
        basis: None,
        ..extra
    };
    opt_in.event()
}

/// Marketing and exempt messages alike.
pub fn any_messages() -> impl Strategy<Value = OutboundMessage<'static>> {
    let category = prop_oneof![3 => Just(None), 1 => Just(Some(Category::Service))];
    (messages(), category).prop_map(|(message, category)| match category {
        None => message,
        Some(category) => exempt(message, category),
    })
}

/// A fact that owns its texts.
#[derive(Clone, Debug)]
pub struct Stored {
    pub kind: FactKind,
    pub channel: ChannelScope,
    pub texts: [Option<&'static str>; 4],
    pub flags: u64,
    pub other: Option<SubjectKey>,
    pub event: u8,
    pub at: Timestamp,
    pub received: Timestamp,
}

impl Stored {
    pub fn fact(&self) -> Fact<'static> {
        let mut fact = Fact::new(self.kind, EventKey([self.event; 8]), self.at, self.received);
        [fact.scope.controller, fact.scope.brand, fact.scope.purpose, fact.detail] = self.texts;
        (fact.scope.channel, fact.flags, fact.other) = (self.channel, self.flags, self.other);
        fact
    }
}

pub const KINDS: [FactKind; 26] = [
    FactKind::OptOut,
    FactKind::Objected,
    FactKind::Complaint,
    FactKind::SenderStop,
    FactKind::HardBounce,
    FactKind::Reassigned,
    FactKind::SuppressAll,
    FactKind::SuppressMarketing,
    FactKind::ErasedContact,
    FactKind::ErasedAddress,
    FactKind::RegistryListed,
    FactKind::Unreadable,
    FactKind::Flooded,
    FactKind::Link,
    FactKind::Sent,
    FactKind::Moved,
    FactKind::OptInRequested,
    FactKind::OptIn,
    FactKind::OptInConfirmed,
    FactKind::Start,
    FactKind::Relationship,
    FactKind::UnsuppressAll,
    FactKind::UnsuppressMarketing,
    FactKind::RegistryClear,
    FactKind::Profile,
    FactKind::Kind,
];

pub fn instants() -> impl Strategy<Value = Timestamp> {
    prop_oneof![
        4 => (0..6i64).prop_map(step),
        1 => Just(Timestamp::MIN),
        1 => Just(Timestamp::MAX),
        1 => any::<i64>().prop_map(Timestamp::from_micros),
    ]
}

pub fn facts() -> impl Strategy<Value = Stored> {
    let text = || prop_oneof![3 => Just(Some("acme")), 2 => Just(None), 1 => Just(Some("")), 1 => Just(Some("any")), 1 => Just(Some("é.ü"))];
    let flags = prop_oneof![
        3 => Just(0),
        3 => Just(flags::EVIDENCE_REQUIRED),
        1 => Just(flags::SKEWED),
        1 => Just(flags::ABOUT_CONTACT),
        1 => Just(flags::YES | flags::KEYWORD | flags::KEEP_SUPPRESSION),
        1 => any::<u64>(),
    ];
    let other = prop_oneof![2 => Just(None), 3 => Just(Some(SubjectKey([1; 16]))), 1 => Just(Some(SubjectKey([2; 16])))];
    let texts = (text(), text(), text(), text());
    (select(&KINDS[..]), channels(), texts, flags, other, 0..4u8, instants(), instants()).prop_map(
        |(kind, channel, (a, b, c, d), flags, other, event, at, received)| Stored {
            kind,
            channel,
            texts: [a, b, c, d],
            flags,
            other,
            event,
            at,
            received,
        },
    )
}

pub fn wild_messages() -> impl Strategy<Value = OutboundMessage<'static>> {
    let text = || {
        prop_oneof![
            2 => Just(Some(Cow::Borrowed("acme"))),
            1 => Just(None),
            1 => Just(Some(Cow::Borrowed(" "))),
            2 => "\\PC{0,12}".prop_map(|text| Some(Cow::Owned(text))),
        ]
    };
    let category = select(
        &[
            Category::Marketing,
            Category::Transactional,
            Category::Service,
            Category::Emergency,
            Category::LegalNotice,
            Category::OptoutConfirmation,
            Category::ConsentRequest,
        ][..],
    );
    let channel = prop::option::weighted(0.8, select(&Channel::ALL[..]));
    let expiry = prop::option::of(instants());
    (channel, category, (text(), text(), text(), text(), text()), expiry, any::<Option<bool>>())
        .prop_map(
            |(channel, category, (id, purpose, controller, brand, number), expiry, promotional)| {
                let mut message = OutboundMessage::new(id.clone().unwrap_or_default(), channel);
                message.contact_id = id.and_then(ContactId::new);
                (message.category, message.expires_at) = (category, expiry);
                let name = |text: Option<Cow<'static, str>>| text.map(Name::from);
                (message.purpose, message.controller, message.brand) =
                    (name(purpose), name(controller), name(brand));
                message.sender_number = number.map(Sender::from);
                message.content.promotional = promotional;
                message
            },
        )
}

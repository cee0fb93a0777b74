//! A world in memory: what the store and the reader do with the law, without disk, Kafka or pepper.
//!
//! States are kept as bytes, so every test goes through the encoding as production does. Keys come from
//! the standard hasher with its fixed seed: no secret, but stable and free of collisions in tests.
#![allow(
    dead_code,
    unused_macros,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::large_enum_variant,
    reason = "test code; each binary uses its own part"
)]

pub mod check;
pub mod histories;
pub mod lands;
pub mod oracle;
pub mod policies;

use gate_core::*;
use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::{Hash, Hasher};

/// An instant, in minutes after an arbitrary start well after 1970.
pub fn at(minutes: i64) -> Timestamp {
    Timestamp::from_millis(1_800_000_000_000 + minutes * 60_000)
}

pub fn micros_later(from: Timestamp, micros: i64) -> Timestamp {
    Timestamp::from_micros(from.as_micros() + micros)
}

/// One record of the consent log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Record {
    Change {
        change: ConsentChange<'static>,
        receipt: Receipt,
    },
    /// A record nobody could read, about a contact or an address that its key names.
    Unreadable {
        contact: Option<&'static str>,
        address: Option<&'static str>,
        receipt: Receipt,
    },
}

/// A consent change under construction. The defaults are a complete express opt-in of Ben by e-mail.
#[derive(Clone, Debug)]
pub struct Event {
    pub record: Record,
}

pub fn event(action: Action, occurred_at: Timestamp) -> Event {
    let mut change = ConsentChange::new("", occurred_at, action);
    change.contact_id = ContactId::new("ben".into());
    change.address = Address::new("ben@example.net".into());
    change.channel = ChannelScope::One(Channel::Email);
    change.purpose = Some("marketing".into());
    change.controller = Some("acme-ltd".into());
    change.brand = Some("acme".into());
    if matches!(action, Action::OptIn | Action::OptInConfirmed | Action::OptInRequested) {
        change.evidence = Some(Evidence {
            method: Some("web_form".into()),
            notice_version: Some("n-1".into()),
            ..Evidence::default()
        });
    }
    Event { record: Record::Change { change, receipt: Receipt::by_broker(occurred_at) } }
}

pub fn opt_in(minutes: i64) -> Event {
    event(Action::OptIn, at(minutes))
}

pub fn opt_out(minutes: i64) -> Event {
    event(Action::OptOut, at(minutes))
}

pub fn unreadable_record(
    contact: Option<&'static str>,
    address: Option<&'static str>,
    minutes: i64,
) -> Event {
    let receipt = Receipt::by_broker(at(minutes));
    Event { record: Record::Unreadable { contact, address, receipt } }
}

/// An inbound text of Ben's phone to our number.
pub fn texted(minutes: i64, text: &'static str) -> Event {
    event(Action::InboundSms, at(minutes)).sms().with(|change| {
        change.channel = ChannelScope::Any;
        change.purpose = None;
        change.text = Some(text.into());
        change.to = Some(NUMBER.into());
    })
}

pub const PHONE: &str = "+447700900456";
pub const NUMBER: &str = "+18005550199";
pub const OTHER_NUMBER: &str = "+18005550177";

impl Event {
    pub fn with(mut self, edit: impl FnOnce(&mut ConsentChange<'static>)) -> Self {
        if let Record::Change { change, .. } = &mut self.record {
            edit(change);
        }
        self
    }
    pub fn id(self, id: &'static str) -> Self {
        self.with(|change| change.event_id = id.into())
    }
    /// Dated by the broker.
    pub fn received(self, when: Timestamp) -> Self {
        self.with_receipt(Receipt::by_broker(when))
    }
    /// Dated by its producer, in a log that had come no further.
    pub fn produced(self, when: Timestamp) -> Self {
        self.with_receipt(Receipt::by_producer(when, when))
    }
    /// Dated by its producer, in a log that had come as far as `log`.
    pub fn produced_in(self, when: Timestamp, log: Timestamp) -> Self {
        self.with_receipt(Receipt::by_producer(when, log))
    }
    pub fn with_receipt(mut self, of: Receipt) -> Self {
        match &mut self.record {
            Record::Change { receipt, .. } | Record::Unreadable { receipt, .. } => *receipt = of,
        }
        self
    }
    pub fn receipt(&self) -> Receipt {
        match &self.record {
            Record::Change { receipt, .. } | Record::Unreadable { receipt, .. } => *receipt,
        }
    }
    pub fn contact(self, id: &'static str) -> Self {
        self.with(|change| change.contact_id = ContactId::new(id.into()))
    }
    pub fn address(self, address: &'static str) -> Self {
        self.with(|change| change.address = Address::new(address.into()))
    }
    pub fn no_contact(self) -> Self {
        self.with(|change| change.contact_id = None)
    }
    pub fn no_address(self) -> Self {
        self.with(|change| change.address = None)
    }
    pub fn channel(self, channel: Channel) -> Self {
        self.with(|change| change.channel = ChannelScope::One(channel))
    }
    pub fn any_channel(self) -> Self {
        self.with(|change| change.channel = ChannelScope::Any)
    }
    pub fn sms(self) -> Self {
        self.channel(Channel::Sms).address(PHONE)
    }
    pub fn purpose(self, purpose: impl Into<Option<&'static str>>) -> Self {
        let purpose = purpose.into();
        self.with(|change| change.purpose = purpose.map(Name::from))
    }
    pub fn brand(self, brand: impl Into<Option<&'static str>>) -> Self {
        let brand = brand.into();
        self.with(|change| change.brand = brand.map(Name::from))
    }
    pub fn controller(self, controller: impl Into<Option<&'static str>>) -> Self {
        let controller = controller.into();
        self.with(|change| change.controller = controller.map(Name::from))
    }
    /// Nothing but who and what: no channel, purpose, controller, brand.
    pub fn unscoped(self) -> Self {
        self.any_channel().purpose(None).controller(None).brand(None)
    }
    pub fn no_evidence(self) -> Self {
        self.with(|change| change.evidence = None)
    }
    pub fn suppression(self, scope: Option<SuppressionScope>) -> Self {
        self.unscoped().with(|change| change.scope = scope)
    }
    pub fn to(self, number: Option<&'static str>) -> Self {
        self.with(|change| change.to = number.map(Sender::from))
    }
}

/// A message of Acme to Ben by e-mail that promotes offers.
pub fn message() -> OutboundMessage<'static> {
    let mut message = OutboundMessage::new("m1", Some(Channel::Email));
    message.purpose = Some("marketing.offers".into());
    message.controller = Some("acme-ltd".into());
    message.brand = Some("acme".into());
    message.content.promotional = Some(true);
    message.contact_id = ContactId::new("ben".into());
    message.address = Address::new("ben@example.net".into());
    message
}

/// The same by SMS from our number.
pub fn sms() -> OutboundMessage<'static> {
    let mut message = message();
    message.channel = Some(Channel::Sms);
    message.address = Address::new(PHONE.into());
    message.sender_number = Some(NUMBER.into());
    message
}

/// A message of an exempt class without promotion.
pub fn exempt(of: OutboundMessage<'static>, category: Category) -> OutboundMessage<'static> {
    let mut message = of;
    message.category = category;
    message.purpose = Some("service.order".into());
    message.content.promotional = Some(false);
    message
}

/// Declared to be in the land of [`policies::only`].
pub fn in_aa(of: OutboundMessage<'static>) -> OutboundMessage<'static> {
    of.but(|message| message.jurisdiction = Some("AA".into()))
}

pub trait Edit: Sized {
    fn but(self, edit: impl FnOnce(&mut OutboundMessage<'static>)) -> OutboundMessage<'static>;
}

impl Edit for OutboundMessage<'static> {
    fn but(mut self, edit: impl FnOnce(&mut OutboundMessage<'static>)) -> OutboundMessage<'static> {
        edit(&mut self);
        self
    }
}

/// Consent states by subject, as the store keeps them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct World {
    pub states: BTreeMap<SubjectKey, Vec<u8>>,
}

impl World {
    pub fn of<'e>(history: impl IntoIterator<Item = &'e Event>) -> Self {
        let mut world = Self::default();
        for event in history {
            world.apply(event);
        }
        world
    }

    /// What the reader and the store do with one record.
    pub fn apply(&mut self, event: &Event) {
        match &event.record {
            Record::Change { change, receipt } => {
                let channel = match change.channel {
                    ChannelScope::Any => None,
                    ChannelScope::One(channel) => Some(channel),
                };
                let address = change.address.as_ref();
                let address =
                    address.and_then(|address| canonical(address.expose(), channel, false));
                let subjects = Subjects {
                    contact: change.contact_id.as_ref().map(contact_key),
                    address: address.as_ref().map(key_of),
                    successor: change
                        .new_address
                        .as_ref()
                        .and_then(|address| address_key(address.expose(), channel, false)),
                    message: change.message_id.as_deref().map(event_key),
                    variant: address.as_ref().map_or(0, CanonicalAddress::variant),
                };
                let placement = place(change, subjects, event_key(&change.event_id), *receipt);
                self.join(subjects.contact, &placement.contact);
                self.join(subjects.address, &placement.address);
            }
            Record::Unreadable { contact, address, receipt } => {
                let id = format!("unreadable {contact:?} {address:?} {receipt:?}");
                let fact = unreadable(event_key(&id), *receipt);
                let contact = contact.and_then(|id| ContactId::new(id.into()));
                self.join(contact.as_ref().map(contact_key), &[fact]);
                let address = address.and_then(|raw| address_key(raw, None, false));
                self.join(address, &[fact]);
            }
        }
    }

    /// Joins facts into a subject's state, and what a contact says about its addresses into theirs.
    pub fn join(&mut self, subject: Option<SubjectKey>, facts: &[Fact<'_>]) {
        let (Some(subject), false) = (subject, facts.is_empty()) else {
            return;
        };
        let stored = self.states.get(&subject).cloned().unwrap_or_default();
        let mut state = decode(&stored);
        state.join(facts.iter().copied());
        assert!(invariants::state_round_trips(&state), "a state does not read back as itself");
        let mut bytes = Vec::new();
        state.encode(&mut bytes);
        if bytes != stored {
            self.states.insert(subject, bytes.clone());
            self.tell_addresses(&state);
        }
    }

    /// Joins what a contact says about its addresses into their states.
    fn tell_addresses(&mut self, contact: &ConsentState<'_>) {
        let mut said = BTreeMap::<SubjectKey, Vec<Fact<'_>>>::new();
        for (address, fact) in contact.about_addresses() {
            said.entry(address).or_default().push(fact);
        }
        for (address, facts) in said {
            self.join(Some(address), &facts);
        }
    }

    /// Joins a world that saw another part of the log, state by state.
    pub fn join_world(&mut self, other: &Self) {
        let subjects: BTreeSet<_> =
            self.states.keys().chain(other.states.keys()).copied().collect();
        for subject in subjects {
            let Some(theirs) = other.states.get(&subject) else {
                continue;
            };
            let ours = self.states.get(&subject).cloned().unwrap_or_default();
            let mut state = decode(&ours);
            state.join_state(&decode(theirs));
            let mut bytes = Vec::new();
            state.encode(&mut bytes);
            self.states.insert(subject, bytes.clone());
            self.tell_addresses(&state);
        }
    }

    /// By the smallest policy set, with nothing approved before.
    pub fn decide(&self, message: &OutboundMessage<'_>, now: Timestamp) -> Decision {
        self.decide_by(&PolicySet::express_only(), message, &[], now)
    }

    pub fn decide_by(
        &self,
        policies: &PolicySet,
        message: &OutboundMessage<'_>,
        approved: &[SentMessage],
        now: Timestamp,
    ) -> Decision {
        self.explain(policies, message, approved, now).0
    }

    /// The decision with its notes. The same without a listener, and the same again.
    pub fn explain(
        &self,
        policies: &PolicySet,
        message: &OutboundMessage<'_>,
        approved: &[SentMessage],
        now: Timestamp,
    ) -> (Decision, Notes) {
        let address = message
            .address
            .as_ref()
            .map(|address| canonical(address.expose(), message.channel, message.channel.is_some()));
        let found = address.clone().flatten();
        let address = address.map(|address| address.as_ref().map(key_of));
        let contact = message.contact_id.as_ref().map(contact_key);
        let state_of = |key: &SubjectKey| self.states.get(key).map(|bytes| decode(bytes));
        let contact_state = contact.as_ref().and_then(&state_of).unwrap_or_default();
        let address_state = address.flatten().as_ref().and_then(&state_of).unwrap_or_default();
        let mut recipient = Recipient::new(
            contact.map(|key| (key, &contact_state)),
            match address {
                None => AddressLookup::Missing,
                Some(None) => AddressLookup::Invalid,
                Some(Some(key)) => AddressLookup::Known(key, &address_state),
            },
        );
        recipient.e164 = found.as_ref().and_then(CanonicalAddress::e164);
        recipient.variant = found.as_ref().map_or(0, CanonicalAddress::variant);
        recipient.message = event_key(&message.message_id);
        recipient.approved = approved;
        let decision = decide(policies, recipient, message, now);
        let mut notes = Notes::default();
        let again = decide_traced(policies, recipient, message, now, &mut notes);
        assert_eq!(decision, again, "a decision is a function of its inputs, listener or not");
        assert!(invariants::decision_is_explained(&decision), "unexplained: {decision:?}");
        if let (Some(contact), AddressLookup::Known(key, state)) = (contact, recipient.address)
            && state.only_repeats() == Some(contact)
        {
            let nothing = ConsentState::default();
            recipient.address = AddressLookup::Known(key, &nothing);
            let without = decide(policies, recipient, message, now);
            assert_eq!(decision, without, "the address's state only repeats the contact's");
        }
        (decision, notes)
    }
}

type Asked = (String, Option<Channel>, bool);

thread_local! {
    /// Raw address to canonical one: parsing phone numbers in a debug build is slow.
    static KNOWN: RefCell<HashMap<Asked, Option<CanonicalAddress>>> = RefCell::default();
}

pub fn address_key(raw: &str, channel: Option<Channel>, of_message: bool) -> Option<SubjectKey> {
    canonical(raw, channel, of_message).as_ref().map(key_of)
}

fn key_of(address: &CanonicalAddress) -> SubjectKey {
    subject_key(address.kind().as_str(), address.expose())
}

fn canonical(raw: &str, channel: Option<Channel>, of_message: bool) -> Option<CanonicalAddress> {
    let asked = (raw.to_owned(), channel, of_message);
    KNOWN.with_borrow_mut(|known| {
        let found = known.entry(asked).or_insert_with(|| {
            let canonical = match channel {
                Some(channel) if of_message => CanonicalAddress::of_recipient(raw, channel, None),
                Some(_) | None => CanonicalAddress::parse(raw, channel, None),
            };
            canonical.ok()
        });
        found.clone()
    })
}

pub fn decode(bytes: &[u8]) -> ConsentState<'_> {
    if bytes.is_empty() {
        return ConsentState::default();
    }
    ConsentState::decode(bytes).expect("stored states are canonical")
}

pub fn contact_key(id: &ContactId<'_>) -> SubjectKey {
    subject_key("contact", id.expose())
}

pub fn event_key(id: &str) -> EventKey {
    EventKey(hash(&("event", id)).to_le_bytes())
}

fn subject_key(kind: &str, text: &str) -> SubjectKey {
    let mut key = [0; 16];
    key[..8].copy_from_slice(&hash(&(kind, text, 1)).to_le_bytes());
    key[8..].copy_from_slice(&hash(&(kind, text, 2)).to_le_bytes());
    SubjectKey(key)
}

fn hash(of: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    of.hash(&mut hasher);
    hasher.finish()
}

/// Gives each event without an id one of its own.
pub fn numbered(history: &[Event]) -> Vec<Event> {
    let mut numbered = history.to_vec();
    for (nth, event) in numbered.iter_mut().enumerate() {
        if let Record::Change { change, .. } = &mut event.record
            && change.event_id.is_empty()
        {
            change.event_id = format!("#{nth}").into();
        }
    }
    numbered
}

//! Facts: what consent state is made of.
//!
//! One consent change becomes at most a handful of facts about a subject (a contact or an address). A
//! fact is either *restrictive* (it can only block), *permissive* (it can only help to approve), a *link*
//! (this contact was seen with that address; this address took the place of that one) or a *sent* message (it only
//! counts against frequency caps).
//! State is a set of facts, so joining two states is set union followed by the pruning in `consent.rs`.
//!
//! The encoding is the disk format: a change here raises `ConsentState::FORMAT`.

mod bytes;
pub mod flags;
mod role;

pub(crate) use bytes::{Reader, put_varint};
pub(crate) use role::Role;

use crate::listed::listed;
use crate::{
    Basis, ChannelScope, EventKey, Receipt, RecipientKind, RelationshipKind, SubjectKey, Timestamp,
};
use bytes::{put_text, unzigzag, zigzag};
use std::cmp::Ordering;

listed! {
    /// What a fact says.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
    #[repr(u8)]
    pub enum FactKind {
        /// The person opted out of the scope.
        OptOut = 1,
        /// GDPR art. 21 objection.
        Objected = 2,
        /// Spam report.
        Complaint = 3,
        /// STOP to the sending number in `detail`; no detail means every number.
        SenderStop = 4,
        /// The address does not accept mail.
        HardBounce = 5,
        /// The address has a new holder.
        Reassigned = 6,
        /// Operator suppression of every message.
        SuppressAll = 7,
        /// Operator suppression of marketing.
        SuppressMarketing = 8,
        /// The contact id was erased and is closed for good.
        ErasedContact = 9,
        /// The address belonged to an erased contact.
        ErasedAddress = 10,
        /// Listed in the registry in `detail`.
        RegistryListed = 11,
        /// A consent change of this subject could not be read: a possible opt-out.
        Unreadable = 12,
        /// So many refusals of the contact alone that nobody can tell them apart: it can no longer be judged, nor can
        /// the addresses it was seen with.
        Flooded = 13,
        /// The contact was seen with the address in `other`.
        Link = 16,
        /// A message went out; the event is the message's key, `detail` its product group.
        Sent = 17,
        /// The address in `other` took the place of this one.
        Moved = 18,
        /// Double opt-in asked for.
        OptInRequested = 32,
        /// The person agreed.
        OptIn = 33,
        /// The mailbox or number owner confirmed.
        OptInConfirmed = 34,
        /// START to the sending number in `detail`.
        Start = 35,
        /// A relationship; the kind is in the flags, the product group in `detail`.
        Relationship = 36,
        /// End of an operator suppression of every message.
        UnsuppressAll = 37,
        /// End of an operator suppression of marketing.
        UnsuppressMarketing = 38,
        /// Not listed in the registry in `detail`.
        RegistryClear = 39,
        /// Birth date: the flags hold the days since 1970-01-01.
        Profile = 40,
        /// A person or a business: the flags hold the code of the [`RecipientKind`].
        Kind = 41,
    }
}

impl FactKind {
    fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| *kind as u8 == code)
    }

    /// Whether it can only block.
    #[must_use]
    pub fn is_restrictive(self) -> bool {
        (self as u8) < Self::Link as u8
    }

    /// Whether it is an erasure, of a contact or of what an address was.
    #[must_use]
    pub fn is_erasure(self) -> bool {
        matches!(self, Self::ErasedContact | Self::ErasedAddress)
    }

    /// Whether it can only help to approve.
    #[must_use]
    pub fn is_permissive(self) -> bool {
        self as u8 >= Self::OptInRequested as u8
    }

    /// Whether it says that the person agreed, or was asked to: worth something only with proof.
    #[must_use]
    pub fn is_agreement(self) -> bool {
        matches!(self, Self::OptInRequested | Self::OptIn | Self::OptInConfirmed)
    }
}

/// What a fact speaks about. Absent means everything when restrictive and nothing when permissive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Scope<'a> {
    /// Channel.
    pub channel: ChannelScope,
    /// Legal entity.
    pub controller: Option<&'a str>,
    /// Trade name; `any` is all brands of the controller.
    pub brand: Option<&'a str>,
    /// Dotted purpose path.
    pub purpose: Option<&'a str>,
}

impl Scope<'_> {
    /// Everything.
    pub const EVERYTHING: Self =
        Self { channel: ChannelScope::Any, controller: None, brand: None, purpose: None };
}

/// One thing the gate knows about one subject. `Debug` shows no birth date, number or other subject.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Fact<'a> {
    /// What it says.
    pub kind: FactKind,
    /// What it speaks about.
    pub scope: Scope<'a>,
    /// Number, registry or product group, by kind; of a keyword opt-out the number that was stopped.
    pub detail: Option<&'a str>,
    /// Evidence, basis, context ([`flags`]).
    pub flags: u64,
    /// Of a permission: first instant at which it no longer counts, if its source states one.
    pub end: Option<Timestamp>,
    /// The other subject of the event: in a contact's state the address, in an address's state the contact.
    pub other: Option<SubjectKey>,
    /// The event behind it.
    pub event: EventKey,
    /// When the person acted, as the source says. A restriction that the broker received earlier: its receipt.
    /// [`Fact::effective_at`] says when it takes effect.
    pub at: Timestamp,
    /// Earliest receipt, of a skewed restriction the best that is known of it ([`crate::Receipt`]).
    pub received: Timestamp,
}

impl<'a> Fact<'a> {
    /// A fact about everything, at `at`.
    #[must_use]
    pub fn new(kind: FactKind, event: EventKey, at: Timestamp, received: Timestamp) -> Self {
        Self {
            kind,
            scope: Scope::EVERYTHING,
            detail: None,
            flags: 0,
            end: None,
            other: None,
            event,
            at,
            received,
        }
    }

    /// Permissive and more than five minutes ahead of its receipt: reported, never used (state rule 4).
    #[must_use]
    pub fn is_quarantined(&self) -> bool {
        self.kind.is_permissive() && Receipt::is_before(self.received, self.at)
    }

    /// From after the gate's clock: a permission that counts for nothing yet.
    #[must_use]
    pub fn is_ahead_of(&self, now: Timestamp) -> bool {
        self.kind.is_permissive() && Receipt::is_before(now, self.at)
    }

    /// Whether it reaches, or leads to, other addresses: what a state keeps when its contact is erased or when it can no
    /// longer be judged.
    #[must_use]
    pub fn reaches_addresses(&self) -> bool {
        matches!(self.kind, FactKind::Link | FactKind::Moved) || self.is_about_contact()
    }

    /// A refusal of which only the contact is known.
    #[must_use]
    pub fn is_about_contact(&self) -> bool {
        let is_refusal = self.kind.is_restrictive() && !self.kind.is_erasure();
        is_refusal && (self.flags & flags::ABOUT_CONTACT != 0 || self.kind == FactKind::Flooded)
    }

    /// What a fact about a contact says about each address the contact was seen with: an erasure, and what the
    /// person refused without naming an address (an objection is the person's, GDPR art. 21).
    #[must_use]
    pub fn about_addresses(&self) -> Option<Self> {
        if self.kind == FactKind::ErasedContact {
            return Some(Self { kind: FactKind::ErasedAddress, ..*self });
        }
        self.is_about_contact().then_some(*self)
    }

    /// What a fact about an address says about the one that took its place: every refusal. What is wrong with the old
    /// address (a bounce, a new holder, a listing) is wrong with that one alone.
    #[must_use]
    pub fn about_successor(&self) -> Option<Self> {
        let is_of_address = matches!(
            self.kind,
            FactKind::HardBounce | FactKind::Reassigned | FactKind::RegistryListed
        );
        (self.kind.is_restrictive() && !is_of_address).then_some(*self)
    }

    /// That so many things were refused that nobody can tell them apart.
    #[must_use]
    pub fn flood() -> Self {
        Self::timeless(FactKind::Flooded, EventKey::default())
    }

    /// That the contact was seen with the address `with`.
    #[must_use]
    pub fn link(with: SubjectKey) -> Self {
        Self { other: Some(with), ..Self::timeless(FactKind::Link, EventKey::default()) }
    }

    /// That the address `to` took the place of this one.
    #[must_use]
    pub fn moved(to: SubjectKey) -> Self {
        // not the event of a link: a timeline keeps apart what one record says and what it only leads to
        let event = EventKey(*b"moved\0\0\0");
        Self { other: Some(to), ..Self::timeless(FactKind::Moved, event) }
    }

    /// True whenever it was said, so that it is one fact however often it is.
    fn timeless(kind: FactKind, event: EventKey) -> Self {
        Self::new(kind, event, Timestamp::default(), Timestamp::default())
    }

    /// A restriction that claims to be from after its receipt.
    #[must_use]
    pub fn is_skewed(&self) -> bool {
        self.kind.is_restrictive() && self.flags & flags::SKEWED != 0
    }

    /// When a restriction (or a message that went out) takes effect, for a gate whose clock says `now`.
    ///
    /// One that claims to be from after its receipt has a source or a producer whose clock is wrong. While its
    /// claim is possible the claim stands, for the record may have been dated back. A claim that lies ahead of
    /// the gate's clock too is no instant at which anybody acted; then the receipt stands, so that a refusal
    /// dated years ahead does not outlive a later consent.
    #[must_use]
    pub fn effective_at(&self, now: Timestamp) -> Timestamp {
        let has_receipt =
            Receipt::is_known(self.received) && (self.is_skewed() || self.kind == FactKind::Sent);
        if has_receipt && Receipt::is_before(now, self.at) {
            self.at.min(self.received)
        } else {
            self.at
        }
    }

    /// Whether a restriction ends `permission`: what is not later than it (state rules 1 and 2), and where it
    /// is skewed also what was received no later than it.
    #[must_use]
    pub fn outdates(&self, permission: &Self, now: Timestamp) -> bool {
        permission.at <= self.effective_at(now)
            || (self.is_skewed() && permission.received <= self.received)
    }

    /// Until when an erasure ends permissions whatever the gate's clock says: what a fold, which has none, may
    /// forget.
    pub(crate) fn erases_until(&self) -> Timestamp {
        if self.is_skewed() { self.at.min(self.received) } else { self.at }
    }

    /// The basis claimed.
    #[must_use]
    pub fn basis(&self) -> Basis {
        let code = self.flags & flags::BASIS_MASK;
        Basis::ALL.into_iter().find(|basis| *basis as u64 == code).unwrap_or_default()
    }

    /// Which number of its line the address was that a permission was given for
    /// ([`CanonicalAddress::variant`](crate::CanonicalAddress::variant)). It counts for no other.
    #[must_use]
    pub fn variant(&self) -> u8 {
        if matches!(self.kind, FactKind::Profile | FactKind::Kind) {
            return 0; // their flags hold a date or a code
        }
        u8::try_from((self.flags & flags::VARIANT_MASK) >> flags::VARIANT_SHIFT).unwrap_or_default()
    }

    /// The kind of relationship; `None` unless the fact is one.
    #[must_use]
    pub fn relationship_kind(&self) -> Option<RelationshipKind> {
        let code = ((self.flags & flags::KIND_MASK) >> flags::KIND_SHIFT).checked_sub(1)?;
        RelationshipKind::ALL.into_iter().find(|kind| *kind as u64 == code)
    }

    /// What a profile says the recipient is; a code nobody knows is a person.
    #[must_use]
    pub fn recipient_kind(&self) -> Option<RecipientKind> {
        let is_code = |kind: &RecipientKind| *kind as u64 == self.flags;
        (self.kind == FactKind::Kind)
            .then(|| RecipientKind::ALL.into_iter().find(is_code).unwrap_or_default())
    }

    /// What two facts must share to be the same statement, in canonical order.
    ///
    /// Restrictive: one per scope, the latest wins, so the event is no part of it (unless it is skewed, where
    /// the earliest receipt of that event must win, as for a sent message; but a contact may be erased without
    /// end, so skewed erasures are one). Permissive: every version of every event is kept, so all but the
    /// receipt belongs to it.
    pub(crate) fn cmp_identity(&self, other: &Self) -> Ordering {
        let statement = |f: &Self| (f.kind, f.scope.channel, f.flags, f.other);
        statement(self)
            .cmp(&statement(other))
            .then_with(|| self.scope.cmp(&other.scope))
            .then_with(|| self.detail.cmp(&other.detail))
            .then_with(|| {
                if self.kind.is_permissive() {
                    (self.event, self.at, self.end).cmp(&(other.event, other.at, other.end))
                } else if self.kind == FactKind::Sent
                    || (self.is_skewed() && !self.kind.is_erasure())
                {
                    self.event.cmp(&other.event)
                } else {
                    Ordering::Equal
                }
            })
    }

    /// Orders the versions of one event: the earliest act first, then by content, so that two states which
    /// hold the same versions choose the same one. Whom a version names is no part of it.
    pub(crate) fn cmp_version(&self, other: &Self) -> Ordering {
        let content = |f: &Self| (f.at, f.kind, f.scope.channel, f.flags);
        content(self)
            .cmp(&content(other))
            .then_with(|| self.scope.cmp(&other.scope))
            .then_with(|| self.detail.cmp(&other.detail))
            .then_with(|| {
                let end = |f: &Self| f.end.unwrap_or(Timestamp::MAX);
                end(self).cmp(&end(other))
            })
    }

    /// Joins a fact with the same identity into this one; commutative, associative, idempotent.
    pub(crate) fn merge(&mut self, other: &Self) {
        if self.kind.is_permissive() {
            self.received = self.received.min(other.received);
        } else if self.is_skewed() && self.kind.is_erasure() {
            self.merge_erasure(other);
        } else if self.is_skewed() {
            // same event, same claim: an earlier `at` is the receipt of a broker, who knows
            self.at = self.at.min(other.at);
            self.received = self.received.min(other.received);
        } else {
            match (self.at, self.event).cmp(&(other.at, other.event)) {
                Ordering::Less => *self = *other,
                Ordering::Equal => self.received = self.received.min(other.received),
                Ordering::Greater => {}
            }
        }
    }

    /// Skewed erasures keep the latest of all claims, and as its receipt the latest of every other instant they
    /// name, so that a claim that nobody can believe never hides one that is possible.
    fn merge_erasure(&mut self, other: &Self) {
        let earlier = self.at.min(other.at);
        self.received = self.received.max(other.received);
        if self.at != other.at {
            self.received = self.received.max(earlier);
        }
        self.at = self.at.max(other.at);
        self.event = self.event.max(other.event);
    }

    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        out.push(self.kind as u8);
        out.push(self.scope.channel.code());
        put_varint(out, self.flags);
        out.extend_from_slice(&self.at.as_micros().to_le_bytes());
        put_varint(out, zigzag(self.received.as_micros().wrapping_sub(self.at.as_micros())));
        out.extend_from_slice(&self.event.0);
        match self.end {
            Some(end) => {
                out.push(1);
                out.extend_from_slice(&end.as_micros().to_le_bytes());
            }
            None => out.push(0),
        }
        match self.other {
            Some(key) => {
                out.push(1);
                out.extend_from_slice(&key.0);
            }
            None => out.push(0),
        }
        for text in [self.scope.controller, self.scope.brand, self.scope.purpose, self.detail] {
            put_text(out, text);
        }
    }

    pub(crate) fn decode(input: &mut Reader<'a>) -> Option<Self> {
        let kind = FactKind::from_code(input.byte()?)?;
        let channel = ChannelScope::from_code(input.byte()?)?;
        let flags = input.varint()?;
        let at = i64::from_le_bytes(input.array()?);
        let received = at.wrapping_add(unzigzag(input.varint()?));
        let event = EventKey(input.array()?);
        let end = match input.byte()? {
            0 => None,
            1 => Some(Timestamp::from_micros(i64::from_le_bytes(input.array()?))),
            _ => return None,
        };
        let other = match input.byte()? {
            0 => None,
            1 => Some(SubjectKey(input.array()?)),
            _ => return None,
        };
        let controller = input.text()?;
        let brand = input.text()?;
        let purpose = input.text()?;
        let detail = input.text()?;
        Some(Self {
            kind,
            scope: Scope { channel, controller, brand, purpose },
            detail,
            flags,
            end,
            other,
            event,
            at: Timestamp::from_micros(at),
            received: Timestamp::from_micros(received),
        })
    }
}

impl std::fmt::Debug for Fact<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut shown = f.debug_struct("Fact");
        shown.field("kind", &self.kind).field("scope", &self.scope);
        if self.kind != FactKind::Profile {
            shown.field("flags", &format_args!("{:#x}", self.flags));
        }
        shown.field("at", &self.at).field("received", &self.received).finish_non_exhaustive()
    }
}

//! The decision: may this message go out now?
//!
//! `decide` is a total function of its arguments. It walks the fifteen steps of docs/law.md section 10 in order;
//! the first failing step gives the reason, every failing step is listed. Unknown never approves. What a
//! jurisdiction asks is data (`policy/mod.rs`); with several candidate jurisdictions every rule of each must be
//! fulfilled, so the strictest wins.
//!
//! `refusal.rs` says what stands against a message (steps 4, 5, 7, 8), `exempt.rs` what needs no consent (6),
//! `limit.rs` what packs ask besides (9, 10, 12–14), `basis.rs` what permits it (11), `freed.rs` what frees from a rule.

mod basis;
mod exempt;
mod freed;
mod kind;
mod limit;
mod refusal;
mod shortfall;

use self::shortfall::Shortfall;
use crate::candidate::{Considered, consider};
use crate::consent::ConsentState;
use crate::decision::{Decision, Detail, Reason, Reasons, Warning, Warnings};
use crate::fact::{Fact, FactKind};
use crate::policy::{ContentSet, PolicySet, Rule};
use crate::reach::Addressed;
use crate::sent::{History, SentKind, SentMessage};
use crate::trace::{NoTrace, Step, Trace};
use crate::{Channel, EventKey, OutboundMessage, Outcome, RecipientKind, SubjectKey, Timestamp};

/// What the gate knows about a message's recipient.
#[derive(Clone, Copy)]
pub struct Recipient<'a> {
    /// The contact's key and state; `None` when the message names no contact id.
    pub contact: Option<(SubjectKey, &'a ConsentState<'a>)>,
    /// The address and its state.
    pub address: AddressLookup<'a>,
    /// The canonical phone number (E.164), when the channel delivers to one.
    pub e164: Option<&'a str>,
    /// Which number of its line that is ([`CanonicalAddress::variant`](crate::CanonicalAddress::variant)).
    pub variant: u8,
    /// The message's key, hashed like an event id.
    pub message: EventKey,
    /// What the gate has approved for this address before.
    pub approved: &'a [SentMessage],
}

impl<'a> Recipient<'a> {
    /// A recipient of whom only the states are known.
    #[must_use]
    pub fn new(
        contact: Option<(SubjectKey, &'a ConsentState<'a>)>,
        address: AddressLookup<'a>,
    ) -> Self {
        Self {
            contact,
            address,
            e164: None,
            variant: 0,
            message: EventKey::default(),
            approved: &[],
        }
    }
}

impl std::fmt::Debug for Recipient<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Recipient")
            .field("contact", &self.contact)
            .field("address", &self.address)
            .field("has_number", &self.e164.is_some())
            .field("n_approved", &self.approved.len())
            .finish()
    }
}

/// The outcome of looking up the message's address.
#[derive(Clone, Copy, Debug)]
pub enum AddressLookup<'a> {
    /// The message names none.
    Missing,
    /// It cannot be normalised.
    Invalid,
    /// Its key and state.
    Known(SubjectKey, &'a ConsentState<'a>),
}

/// Judges one message. Never panics, never approves what it does not know.
///
/// ```
/// use gate_core::*;
/// let state = ConsentState::default();
/// let recipient = Recipient::new(None, AddressLookup::Known(SubjectKey([7; 16]), &state));
/// let message = OutboundMessage::new("m1", Some(Channel::Email));
/// let decision = decide(&PolicySet::express_only(), recipient, &message, Timestamp::from_millis(0));
/// assert_eq!(decision.reason().code(), "blocked.no_consent");
/// ```
#[must_use]
pub fn decide(
    policies: &PolicySet,
    recipient: Recipient<'_>,
    message: &OutboundMessage<'_>,
    now: Timestamp,
) -> Decision {
    decide_traced(policies, recipient, message, now, &mut NoTrace)
}

/// [`decide`], telling `trace` what each step looked at.
#[must_use]
pub fn decide_traced(
    policies: &PolicySet,
    recipient: Recipient<'_>,
    message: &OutboundMessage<'_>,
    now: Timestamp,
    trace: &mut impl Trace,
) -> Decision {
    let mut failing = Reasons::default();
    let mut detail = Detail::None;
    // step 1: well-formed, known channel, not past its own expiry
    if message.message_id.trim().is_empty() {
        failing.insert(Reason::InvalidMessage);
        detail = Detail::Class("missing_message_id");
    }
    if message.channel.is_none() {
        failing.insert(Reason::UnsupportedChannel);
    }
    if message.expires_at.is_some_and(|expiry| now >= expiry) {
        failing.insert(Reason::MessageExpired);
    }
    trace.note(Step::WellFormed, || well_formed(message));
    // step 2: states that can be judged, and rules to judge by
    let contact = recipient.contact;
    if contact.is_some_and(|(_, state)| state.is_saturated())
        || matches!(recipient.address, AddressLookup::Known(_, state) if state.is_saturated())
    {
        failing.insert(Reason::StateUnavailable);
    }
    let kind = kind::of(message, &recipient, now);
    let considered = message
        .channel
        .and_then(|channel| consider(policies, message, channel, recipient.e164, kind, now));
    if message.channel.is_some() && considered.is_none() {
        failing.insert(Reason::PolicyUnavailable);
    }
    trace.note(Step::Available, || available(policies, considered.as_ref(), kind));
    // step 3: a destination
    let known = match recipient.address {
        AddressLookup::Missing => {
            failing.insert(Reason::MissingContact);
            None
        }
        AddressLookup::Invalid => {
            failing.insert(Reason::InvalidAddress);
            None
        }
        AddressLookup::Known(key, state) => Some((key, state)),
    };
    trace.note(Step::Destination, || match recipient.address {
        AddressLookup::Missing => String::from("the message names no address"),
        AddressLookup::Invalid => String::from("the address cannot be normalised"),
        AddressLookup::Known(..) => String::from("an address the channel can deliver to"),
    });
    // what follows needs the channel, the address, states that can be judged and rules
    let (Some(channel), Some((address_key, address)), Some(considered), false) =
        (message.channel, known, considered, failing.contains(Reason::StateUnavailable))
    else {
        let decision = Decision::block(failing, undelivered(failing, detail));
        trace.note(Step::Outcome, || decision.reason().code().to_owned());
        let considered = considered.unwrap_or_default();
        return decision.with_considered(considered, overdue_reviews(policies, &considered, now));
    };
    let contact = contact.map(|(_, state)| state);
    let judging = Judging {
        policies,
        considered,
        message,
        now,
        addressed: Addressed::new(channel, message),
        contact,
        address_key,
        variant: recipient.variant,
        address,
        forgotten_until: forgotten_until(address, now),
        has_versions: has_versions(contact, address),
        history: History {
            approved: recipient.approved,
            address: address.facts(),
            contact: contact.map(ConsentState::facts).unwrap_or_default(),
        },
        this: SentMessage::new(message, channel, recipient.message, SentKind::of(message), now),
        failing,
        first_detail: detail,
        refused_scope: None,
        shortfall: Shortfall::default(),
        missing_content: ContentSet::default(),
        warnings: overdue_reviews(policies, &considered, now),
        registry_checked: None,
        trace,
    };
    judging.run()
}

struct Judging<'a, T> {
    policies: &'a PolicySet,
    considered: Considered,
    message: &'a OutboundMessage<'a>,
    now: Timestamp,
    addressed: Addressed<'a>,
    contact: Option<&'a ConsentState<'a>>,
    address_key: SubjectKey,
    /// Which number of its line the message goes to: a permission for another one does not count.
    variant: u8,
    address: &'a ConsentState<'a>,
    /// What was permitted to the address no later is erased, as far as only the gate's clock can tell.
    forgotten_until: Option<Timestamp>,
    /// Some event was delivered more than once with different content; rare, and then each fact is asked.
    has_versions: bool,
    history: History<'a>,
    /// This message as it would be remembered.
    this: SentMessage,
    failing: Reasons,
    first_detail: Detail,
    refused_scope: Option<&'static str>,
    shortfall: Shortfall,
    missing_content: ContentSet,
    warnings: Warnings,
    registry_checked: Option<Timestamp>,
    trace: &'a mut T,
}

impl<'a, T: Trace> Judging<'a, T> {
    fn run(mut self) -> Decision {
        self.dead_address(); // step 4
        self.suppressed_or_erased(); // step 5
        if !self.message.is_marketing() {
            return self.exempt(); // step 6
        }
        self.trace.note(Step::Class, || String::from("judged as marketing"));
        self.marketing_suppression(); // step 7
        self.refusals(); // step 8
        self.age(); // step 9
        let bases = self.bases(); // step 11, asked first because a live basis can override a registry
        self.registries(&bases); // step 10
        let basis = self.basis(&bases);
        self.content(); // step 12
        self.frequency(&bases); // step 13
        let not_before = self.quiet_hours(&bases); // step 14
        self.warn(basis.as_ref());
        let decision = match (self.failing.first(), not_before, basis) {
            (None, None, Some(approval)) => {
                let proof = approval.live.map(|live| (live.basis, live.fact.event));
                let has_caps = self.rules().any(|rule| !rule.caps.is_empty());
                Decision::approve(approval.reason, proof)
                    .counting(has_caps.then_some(self.this.kind))
            }
            (None, Some(not_before), Some(_)) => Decision::defer(not_before),
            (_, not_before, _) => {
                if not_before.is_some() {
                    self.failing.insert(Reason::QuietHours);
                }
                self.block()
            }
        };
        self.finish(decision)
    }

    fn finish(self, decision: Decision) -> Decision {
        self.trace.note(Step::Outcome, || match decision.not_before() {
            Some(at) => format!("{}, not before {}", decision.reason().code(), readable(at)),
            None => decision.reason().code().to_owned(),
        });
        let registry_checked =
            if decision.outcome() == Outcome::Blocked { None } else { self.registry_checked };
        decision
            .with_considered(self.considered, self.warnings)
            .with_registry_checked(registry_checked)
    }

    /// A block with the detail that belongs to its reason.
    fn block(&self) -> Decision {
        let detail = match self.failing.first() {
            Some(Reason::OptedOut) => self.refused_scope.map_or(Detail::None, Detail::Scope),
            Some(Reason::SoftOptInCondition) => {
                self.shortfall.condition.map_or(Detail::None, Detail::Flag)
            }
            Some(Reason::EvidenceIncomplete) => {
                self.shortfall.evidence.map_or(Detail::None, Detail::Evidence)
            }
            Some(Reason::ScopeMismatch | Reason::NoConsent) => {
                let differs = || self.shortfall.mismatch.map_or(Detail::None, Detail::Field);
                self.addressed.unnamed().map_or_else(differs, Detail::Absent)
            }
            Some(Reason::ContentRequirement) => Detail::Missing(self.missing_content),
            _ => undelivered(self.failing, self.first_detail),
        };
        Decision::block(self.failing, detail)
    }

    fn rules(&self) -> impl Iterator<Item = &'a Rule> + use<'a, T> {
        let policies = self.policies;
        self.considered.rules.into_iter().filter_map(|index| policies.rule(index))
    }

    fn warn(&mut self, basis: Option<&basis::Approval<'a>>) {
        let mut jurisdictions = self.considered.jurisdictions(self.policies);
        let first = jurisdictions.next().map(|jurisdiction| jurisdiction.pack);
        if jurisdictions.any(|jurisdiction| Some(jurisdiction.pack) != first) {
            self.warnings.insert(Warning::JurisdictionConflict);
        }
        let is_odd = |f: &Fact<'_>| f.is_quarantined() || f.is_skewed() || f.is_ahead_of(self.now);
        if self.both().any(is_odd) {
            self.warnings.insert(Warning::ClockSkew);
        }
        if self.has_versions {
            self.warnings.insert(Warning::DuplicateConflict);
        }
        if let Some(live) = basis.and_then(|approval| approval.live.as_ref()) {
            if live.is_dormant {
                self.warnings.insert(Warning::DormantConsent);
            }
            if live.end <= self.now.saturating_add(NEAR_EXPIRY) {
                self.warnings.insert(Warning::NearExpiry);
            }
        }
    }

    /// Every fact about the contact or the address: what refuses matches by either (state rule 8).
    fn both(&self) -> impl Iterator<Item = &'a Fact<'a>> + use<'a, T> {
        let of_contact = self.contact.map(ConsentState::facts).unwrap_or_default();
        of_contact.iter().chain(self.known(self.address))
    }

    /// What a state holds, without what an erasure took from it as far as only the gate's clock tells.
    fn known(
        &self,
        state: &'a ConsentState<'a>,
    ) -> impl Iterator<Item = &'a Fact<'a>> + use<'a, T> {
        let until = std::ptr::eq(state, self.address).then_some(self.forgotten_until).flatten();
        let is_known =
            move |f: &&Fact<'_>| !f.kind.is_permissive() || until.is_none_or(|until| f.at > until);
        state.facts().iter().filter(is_known)
    }

    fn states(&self) -> impl Iterator<Item = &'a ConsentState<'a>> + use<'a, T> {
        self.contact.into_iter().chain([self.address])
    }

    /// Permissions of this person: with a contact id the contact's own and those of the address that name
    /// no contact, without one those of the address. Never another person's.
    fn permissions(&self) -> impl Iterator<Item = Permission<'a>> + use<'a, T> {
        let is_named = self.contact.is_some();
        let address_key = self.address_key;
        let variant = self.variant;
        let own = self.contact.map(ConsentState::facts).unwrap_or_default().iter();
        let own = own.map(move |fact| (fact, fact.other == Some(address_key)));
        let shared = self.known(self.address).filter(move |f| !is_named || f.other.is_none());
        let permissive = own.chain(shared.map(|fact| (fact, true)));
        let permissive = permissive.filter(|(fact, _)| fact.kind.is_permissive());
        permissive.map(move |(fact, of_line)| Permission {
            fact,
            for_address: of_line && fact.variant() == variant,
        })
    }

    /// Whether a permission that counts was given for the message's address and is `wanted`.
    fn any_granted(&self, wanted: impl Fn(&'a Fact<'a>) -> bool) -> bool {
        self.permissions().any(|p| p.for_address && wanted(p.fact) && self.counts(p.fact))
    }

    /// The same of what has not come to the end that its source stated.
    fn any_standing(&self, wanted: impl Fn(&'a Fact<'a>) -> bool) -> bool {
        self.any_granted(|fact| wanted(fact) && !self.is_over(fact))
    }

    /// Whether a permission has come to its stated end.
    fn is_over(&self, fact: &Fact<'_>) -> bool {
        self.end_of(fact) <= self.now
    }

    /// First instant at which a permission no longer counts: the earliest end that any version of its event states.
    fn end_of(&self, fact: &Fact<'_>) -> Timestamp {
        let own = fact.end.unwrap_or(Timestamp::MAX);
        if !self.has_versions {
            return own;
        }
        let is_version = |f: &&Fact<'_>| f.kind.is_permissive() && f.event == fact.event;
        self.both().filter(is_version).filter_map(|f| f.end).fold(own, Timestamp::min)
    }

    /// Whether a permissive fact counts: it is not from after its receipt nor after the gate's clock, and of
    /// several versions of one event it is the earliest (state rules 3 and 4). Both states are asked: a
    /// redelivery may name other people.
    fn counts(&self, fact: &Fact<'_>) -> bool {
        !fact.is_quarantined()
            && !fact.is_ahead_of(self.now)
            && (!self.has_versions || self.is_first_version(fact))
    }

    fn is_first_version(&self, fact: &Fact<'_>) -> bool {
        !self.both().any(|other| {
            other.event == fact.event
                && other.kind.is_permissive()
                && other.cmp_version(fact).is_lt()
        })
    }
}

/// The field behind what fails before anybody is looked up.
fn undelivered(failing: Reasons, detail: Detail) -> Detail {
    match failing.first() {
        Some(Reason::UnsupportedChannel) => Detail::Field("channel"),
        Some(Reason::MessageExpired) => Detail::Field("expires_at"),
        Some(Reason::MissingContact) => Detail::Absent("recipient.address"),
        Some(Reason::InvalidAddress) => Detail::Field("recipient.address"),
        _ => detail,
    }
}

/// The latest erasure of the address that its state could not carry out, not knowing the gate's clock.
fn forgotten_until(address: &ConsentState<'_>, now: Timestamp) -> Option<Timestamp> {
    let erased = address.facts().iter().filter(|fact| fact.kind == FactKind::ErasedAddress);
    erased.map(|fact| fact.effective_at(now)).max()
}

/// Says so when a pack that took part should have been reviewed by now.
fn overdue_reviews(policies: &PolicySet, considered: &Considered, now: Timestamp) -> Warnings {
    let mut warnings = Warnings::default();
    let packs = considered.jurisdictions(policies).filter_map(|land| policies.pack(land.pack));
    if packs.into_iter().any(|pack| pack.is_review_overdue(now)) {
        warnings.insert(Warning::PackReviewOverdue);
    }
    warnings
}

/// Whether two permissive facts are different versions of one event.
fn has_versions(contact: Option<&ConsentState<'_>>, address: &ConsentState<'_>) -> bool {
    let facts = || {
        let of_contact = contact.map(ConsentState::facts).unwrap_or_default().iter();
        of_contact.chain(address.facts()).filter(|fact| fact.kind.is_permissive())
    };
    facts().enumerate().any(|(at, one)| {
        facts().skip(at + 1).any(|other| one.event == other.event && one.cmp_version(other).is_ne())
    })
}

/// How soon a basis must run out to be worth a warning (P).
const NEAR_EXPIRY: std::time::Duration = std::time::Duration::from_secs(30 * 24 * 3600);

struct Permission<'a> {
    fact: &'a Fact<'a>,
    /// Given for the address of the message; one given for no address or another grants nothing.
    for_address: bool,
}

fn well_formed(message: &OutboundMessage<'_>) -> String {
    let channel = message.channel.map_or("unknown channel", Channel::as_str);
    let expiry = message.expires_at.map_or_else(
        || String::from("without an expiry of its own"),
        |at| format!("expires {}", readable(at)),
    );
    format!("channel {channel}, category {:?}, {expiry}", message.category)
}

fn available(policies: &PolicySet, considered: Option<&Considered>, kind: RecipientKind) -> String {
    let Some(considered) = considered else {
        return String::from("no rule in force for a candidate jurisdiction or the channel");
    };
    let jurisdictions: Vec<&str> =
        considered.jurisdictions(policies).map(|jurisdiction| jurisdiction.code.as_str()).collect();
    let rules: Vec<&str> = considered.rules(policies).map(|rule| rule.label.as_str()).collect();
    let kind = match kind {
        RecipientKind::Person => "",
        RecipientKind::Business => "; a business",
        RecipientKind::SoleTrader => "; a sole trader",
    };
    format!("jurisdictions {}; rules {}{kind}", jurisdictions.join(", "), rules.join(", "))
}

/// RFC 3339, for explanations.
fn readable(at: Timestamp) -> String {
    jiff::Timestamp::from_microsecond(at.as_micros())
        .map_or_else(|_| String::from("out of range"), |at| at.to_string())
}

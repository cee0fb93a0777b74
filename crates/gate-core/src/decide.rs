//! The decision: may this message go out now?
//!
//! `decide` is a total function of its arguments. It walks the fifteen steps of rules section 10 in order;
//! the first failing step gives the reason, every failing step is listed. Unknown never approves.
//!
//! Steps 9, 10 and 12–14 (age, registry, content, frequency, quiet hours) belong to jurisdiction packs; the
//! strict policy has none of them, and their place in the order is kept here.

use crate::decision::{Decision, Detail, Reason, Reasons};
use crate::fact::{Fact, FactKind, Scope, flags};
use crate::reach::Addressed;
use crate::{
    Basis, Category, ChannelScope, ConsentState, OutboundMessage, Policy, SubjectKey, Timestamp,
};

/// What the gate knows about a message's recipient.
#[derive(Clone, Copy, Debug)]
pub struct Recipient<'a> {
    /// The contact's key and state; `None` when the message names no contact id.
    pub contact: Option<(SubjectKey, &'a ConsentState<'a>)>,
    /// The address and its state.
    pub address: AddressLookup<'a>,
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
/// let recipient = Recipient { contact: None, address: AddressLookup::Known(SubjectKey([7; 16]), &state) };
/// let message = OutboundMessage::new("m1", Some(Channel::Email));
/// let decision = decide(&Policy::strict(), recipient, &message, Timestamp::from_millis(0));
/// assert_eq!(decision.reason().code(), "blocked.no_consent");
/// ```
#[must_use]
pub fn decide(
    _policy: &Policy,
    recipient: Recipient<'_>,
    message: &OutboundMessage<'_>,
    now: Timestamp,
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
    // step 2: states that can be judged
    let contact = recipient.contact;
    let is_saturated = |state: &ConsentState<'_>| state.is_saturated();
    if contact.is_some_and(|(_, state)| is_saturated(state))
        || matches!(recipient.address, AddressLookup::Known(_, state) if is_saturated(state))
    {
        failing.insert(Reason::StateUnavailable);
    }
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
    // what follows needs the channel, the address and states that can be judged
    let (Some(channel), Some((address_key, address)), false) =
        (message.channel, known, failing.contains(Reason::StateUnavailable))
    else {
        return Decision::block(failing, detail);
    };
    Judging {
        message,
        addressed: Addressed::new(channel, message),
        contact: contact.map(|(_, state)| state),
        address_key,
        address,
        failing,
        detail,
    }
    .run()
}

struct Judging<'a> {
    message: &'a OutboundMessage<'a>,
    addressed: Addressed<'a>,
    contact: Option<&'a ConsentState<'a>>,
    address_key: SubjectKey,
    address: &'a ConsentState<'a>,
    failing: Reasons,
    detail: Detail,
}

impl<'a> Judging<'a> {
    fn run(mut self) -> Decision {
        self.dead_address(); // step 4
        self.suppressed_or_erased(); // step 5
        if !self.message.is_marketing() {
            return self.exempt(); // step 6
        }
        self.marketing_suppression(); // step 7
        self.refusals(); // step 8
        // steps 9 and 10, age and registries, come with the jurisdiction packs
        let basis = self.basis(); // step 11
        // steps 12 to 14, content, frequency and quiet hours, come with the jurisdiction packs
        match basis {
            Ok(fact) if self.failing.is_empty() => {
                Decision::approve(Reason::ExpressConsent, Some((fact.basis(), fact.event)))
            }
            Ok(_) => Decision::block(self.failing, self.detail),
            Err(reason) => {
                self.failing.insert(reason);
                Decision::block(self.failing, self.detail)
            }
        }
    }

    /// Step 4: bounces and reassignment end only by a verified address event (state rule 7).
    fn dead_address(&mut self) {
        for (kind, reason) in [
            (FactKind::HardBounce, Reason::Undeliverable),
            (FactKind::Reassigned, Reason::NumberReassigned),
        ] {
            let dead = self.both().filter(|f| f.kind == kind).map(|f| f.at).max();
            if dead.is_some_and(|dead| !self.any_granted(|f| f.at > dead && is_proof_of_address(f)))
            {
                self.failing.insert(reason);
            }
        }
    }

    /// Step 5.
    fn suppressed_or_erased(&mut self) {
        if self.suppressed(FactKind::SuppressAll, &[FactKind::UnsuppressAll]) {
            self.failing.insert(Reason::SuppressedGlobal);
        }
        if self.contact.is_some_and(ConsentState::is_erased) {
            self.failing.insert(Reason::Erased);
        }
    }

    /// An operator suppression ends only by a later `unsuppress` of the same subject that reaches as far.
    fn suppressed(&self, suppress: FactKind, ends: &[FactKind]) -> bool {
        self.states().any(|state| {
            let is_lifted = |suppressed: &Fact<'_>| {
                state.facts().iter().any(|f| {
                    ends.contains(&f.kind)
                        && f.at > suppressed.at
                        && (f.scope == Scope::EVERYTHING || f.scope == suppressed.scope)
                        && self.counts(f)
                })
            };
            state.facts().iter().any(|f| {
                f.kind == suppress && self.addressed.sender_is_refused_by(&f.scope) && !is_lifted(f)
            })
        })
    }

    /// Step 6: an exempt class needs no consent, but a stopped number stays silent.
    fn exempt(mut self) -> Decision {
        let reason = match self.message.category {
            Category::Transactional | Category::Service => Reason::Transactional,
            Category::Emergency => Reason::Emergency,
            Category::LegalNotice => Reason::LegalNotice,
            // at most one confirmation and one request may go out: without the counters of the
            // jurisdiction packs the gate cannot know, so it sends none
            Category::OptoutConfirmation | Category::ConsentRequest | Category::Marketing => {
                self.failing.insert(Reason::PolicyUnavailable);
                return Decision::block(self.failing, self.detail);
            }
        };
        if self.is_number_stopped() {
            self.failing.insert(Reason::SenderStop);
        }
        if self.failing.is_empty() {
            Decision::approve(reason, None)
        } else {
            Decision::block(self.failing, self.detail)
        }
    }

    /// Step 7.
    fn marketing_suppression(&mut self) {
        let ends = [FactKind::UnsuppressMarketing, FactKind::UnsuppressAll];
        if self.suppressed(FactKind::SuppressMarketing, &ends) {
            self.failing.insert(Reason::SuppressedGlobal);
        }
        let is_blocked = self.both().any(|f| {
            f.kind == FactKind::ErasedAddress
                && f.flags & flags::KEEP_SUPPRESSION != 0
                && !self.is_revived(f)
        });
        if is_blocked {
            self.failing.insert(Reason::SuppressedAddress);
        }
    }

    /// Step 8: state rule 7. Every refusal that covers the message and has no later express act.
    fn refusals(&mut self) {
        for (kind, reason) in [
            (FactKind::Complaint, Reason::Complaint),
            (FactKind::Objected, Reason::Objected),
            (FactKind::OptOut, Reason::OptedOut),
        ] {
            let standing =
                self.both().filter(|f| f.kind == kind && self.covers(f) && !self.is_revived(f));
            if let Some(latest) = standing.max_by_key(|f| f.at) {
                if kind == FactKind::OptOut && self.detail == Detail::None {
                    self.detail = Detail::Scope(reach(&latest.scope));
                }
                self.failing.insert(reason);
            }
        }
        if self.is_number_stopped() {
            self.failing.insert(Reason::SenderStop);
        }
        if self.is_unreadable() {
            self.failing.insert(Reason::ConsentUnreadable);
        }
    }

    fn is_number_stopped(&self) -> bool {
        self.both().any(|f| f.kind == FactKind::SenderStop && self.covers(f) && !self.is_revived(f))
    }

    /// A possible opt-out stands until a later valid event about the same subject was received; an event
    /// from the future is none.
    fn is_unreadable(&self) -> bool {
        self.states().any(|state| {
            let facts = state.facts();
            let unread = facts.iter().filter(|f| f.kind == FactKind::Unreadable);
            unread.map(|f| f.at).max().is_some_and(|at| {
                !facts.iter().any(|f| {
                    f.received > at
                        && !matches!(f.kind, FactKind::Unreadable | FactKind::Link)
                        && !f.is_quarantined()
                })
            })
        })
    }

    /// Step 11: the latest live basis, or why there is none.
    fn basis(&self) -> Result<&'a Fact<'a>, Reason> {
        let mut best: Option<&Fact<'_>> = None;
        let (mut pending, mut incomplete, mut not_accepted, mut mismatch) =
            (false, false, false, false);
        for Permission { fact, for_address } in self.permissions() {
            if !self.counts(fact) {
                continue;
            }
            match fact.kind {
                FactKind::Relationship => not_accepted = true,
                FactKind::OptInRequested | FactKind::OptIn | FactKind::OptInConfirmed => {
                    let is_request = fact.kind == FactKind::OptInRequested;
                    if !for_address || !self.addressed.is_permitted_by(&fact.scope) {
                        mismatch |= !is_request;
                    } else if is_request && !self.is_confirmed_by_reply(fact) {
                        pending |= !self.is_confirmed(fact);
                    } else if !self.has_evidence(fact) {
                        incomplete = true;
                    } else if !matches!(fact.basis(), Basis::Express | Basis::ExpressWritten) {
                        not_accepted = true;
                    } else if !self.is_withdrawn(fact)
                        && best.is_none_or(|known| known.at < fact.at)
                    {
                        best = Some(fact);
                    }
                }
                _ => {}
            }
        }
        match best {
            Some(fact) => Ok(fact),
            None if pending => Err(Reason::PendingConfirmation),
            None if incomplete => Err(Reason::EvidenceIncomplete),
            None if not_accepted => Err(Reason::BasisNotAccepted),
            None if mismatch => Err(Reason::ScopeMismatch),
            None => Err(Reason::NoConsent),
        }
    }

    /// Rules section 9: `method` and `notice_version`. A confirmation may lean on the request it confirms.
    fn has_evidence(&self, fact: &Fact<'_>) -> bool {
        is_proven(fact)
            || (fact.kind == FactKind::OptInConfirmed
                && self.any_granted(|f| {
                    f.kind == FactKind::OptInRequested
                        && f.scope == fact.scope
                        && f.at <= fact.at
                        && is_proven(f)
                        && self.is_same_person(f, fact)
                }))
    }

    /// With a contact id every granted fact is that contact's or nobody's; without one the address may be
    /// shared, and one person's evidence proves nothing about another.
    fn is_same_person(&self, one: &Fact<'_>, other: &Fact<'_>) -> bool {
        self.contact.is_some() || one.other.is_none() || one.other == other.other
    }

    fn is_confirmed(&self, request: &Fact<'_>) -> bool {
        self.any_granted(|f| {
            f.kind == FactKind::OptInConfirmed && f.scope == request.scope && f.at >= request.at
        })
    }

    /// `YES` to a pending request confirms it, unless the person refused since the request. Refusals of one
    /// scope collapse into the latest, so nobody can tell whether one came between the request and the
    /// `YES`: any later one ends it, and START does not bring it back.
    fn is_confirmed_by_reply(&self, request: &Fact<'_>) -> bool {
        self.any_granted(|yes| {
            yes.kind == FactKind::Start
                && yes.flags & flags::YES != 0
                && yes.at > request.at
                && self.addressed.is_restarted_by(&yes.scope)
                && self.is_same_person(request, yes)
        }) && !self.both().any(|f| self.covers(f) && f.at >= request.at)
    }

    /// A refusal ends every earlier basis it covers; only a START gives an earlier one back, and never
    /// across an erasure or to a new holder of the number.
    fn is_withdrawn(&self, basis: &Fact<'_>) -> bool {
        self.both().any(|refusal| {
            self.covers(refusal)
                && refusal.at >= basis.at
                && !self.any_granted(|f| f.kind == FactKind::Start && self.ends(f, refusal))
        })
    }

    /// Tp > Tn: whether an express act that covers the message came after the refusal.
    fn is_revived(&self, refusal: &Fact<'_>) -> bool {
        self.any_granted(|act| self.ends(act, refusal))
    }

    /// Whether `act` is an express act that ends `refusal` for this message (state rule 7).
    fn ends(&self, act: &Fact<'_>, refusal: &Fact<'_>) -> bool {
        act.at > refusal.at
            && match act.kind {
                FactKind::OptIn | FactKind::OptInConfirmed => {
                    self.addressed.is_permitted_by(&act.scope)
                }
                FactKind::OptInRequested => {
                    self.addressed.is_permitted_by(&act.scope) && self.is_confirmed_by_reply(act)
                }
                FactKind::Start => match refusal.kind {
                    FactKind::SenderStop => {
                        self.addressed.number_is_restarted_by(act.detail, refusal.detail)
                    }
                    // they end by an express opt-in; START creates no consent and proves no identity
                    FactKind::ErasedAddress | FactKind::Reassigned => false,
                    _ => {
                        let is_meant =
                            act.flags & flags::YES == 0 || refusal.flags & flags::KEYWORD != 0;
                        is_meant && self.addressed.is_restarted_by(&act.scope)
                    }
                },
                _ => false,
            }
    }

    /// Whether a restrictive fact ends consent for this message.
    fn covers(&self, refusal: &Fact<'_>) -> bool {
        match refusal.kind {
            FactKind::OptOut | FactKind::Objected | FactKind::Complaint => {
                self.addressed.is_refused_by(&refusal.scope)
            }
            FactKind::SenderStop => self.addressed.number_is_stopped_by(refusal.detail),
            FactKind::ErasedAddress | FactKind::Reassigned => true,
            _ => false,
        }
    }

    fn states(&self) -> impl Iterator<Item = &'a ConsentState<'a>> + use<'a> {
        self.contact.into_iter().chain([self.address])
    }

    /// Every fact about the contact or the address: what refuses matches by either (state rule 8).
    fn both(&self) -> impl Iterator<Item = &'a Fact<'a>> + use<'a> {
        self.states().flat_map(ConsentState::facts)
    }

    /// Permissions of this person: with a contact id the contact's own and those of the address that name
    /// no contact, without one those of the address. Never another person's.
    fn permissions(&self) -> impl Iterator<Item = Permission<'a>> + use<'a> {
        let is_named = self.contact.is_some();
        let address_key = self.address_key;
        let own = self.contact.map(ConsentState::facts).unwrap_or_default().iter();
        let own =
            own.map(move |fact| Permission { fact, for_address: fact.other == Some(address_key) });
        let shared = self.address.facts().iter().filter(move |f| !is_named || f.other.is_none());
        let shared = shared.map(|fact| Permission { fact, for_address: true });
        own.chain(shared).filter(|permission| permission.fact.kind.is_permissive())
    }

    /// Whether a permission that counts was given for the message's address and is `wanted`.
    fn any_granted(&self, wanted: impl Fn(&Fact<'_>) -> bool) -> bool {
        self.permissions().any(|p| p.for_address && wanted(p.fact) && self.counts(p.fact))
    }

    /// Whether a permissive fact counts: it is not from the future, and of several versions of one event
    /// it is the earliest (state rules 3 and 4). Both states are asked: a redelivery may name other people.
    fn counts(&self, fact: &Fact<'_>) -> bool {
        !fact.is_quarantined()
            && !self.both().any(|other| {
                other.event == fact.event
                    && other.kind.is_permissive()
                    && other.cmp_version(fact).is_lt()
            })
    }
}

struct Permission<'a> {
    fact: &'a Fact<'a>,
    /// Given for the address of the message; one given for no address or another grants nothing.
    for_address: bool,
}

fn is_proven(fact: &Fact<'_>) -> bool {
    fact.flags & flags::EVIDENCE_REQUIRED == flags::EVIDENCE_REQUIRED
}

/// Proof that the address reaches the person: a confirmation, or START from the number. A bare `YES` is
/// an answer to whatever was asked last.
fn is_proof_of_address(fact: &Fact<'_>) -> bool {
    match fact.kind {
        FactKind::OptInConfirmed => true,
        FactKind::Start => fact.flags & flags::YES == 0,
        _ => false,
    }
}

/// How far an opt-out reaches, for the decision's detail.
fn reach(scope: &Scope<'_>) -> &'static str {
    match scope {
        Scope { purpose: Some(_), .. } => "purpose",
        Scope { channel: ChannelScope::One(_), .. } => "channel",
        Scope { brand: Some(_), .. } => "brand",
        Scope { controller: Some(_), .. } => "sender",
        Scope { .. } => "global",
    }
}

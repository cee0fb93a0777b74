//! The decision: may this message go out now?
//!
//! `decide` is a total function of its arguments. It walks the fifteen steps of rules section 10 in order;
//! the first failing step gives the reason, every failing step is listed. Unknown never approves.
//!
//! Steps 9, 10 and 12–14 (age, registry, content, frequency, quiet hours) belong to jurisdiction packs; the
//! strict policy has none of them, and their place in the order is kept here.

use crate::decision::{Decision, Detail, Reason, Reasons};
use crate::fact::{Fact, FactKind, Scope, flags};
use crate::{
    Basis, Category, Channel, ChannelScope, ConsentState, Family, OutboundMessage, Policy,
    SubjectKey, Timestamp, covers,
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
    // step 1: well-formed, known channel, not past its own expiry
    let Some(channel) = message.channel else {
        return stop(Reason::UnsupportedChannel);
    };
    if message.message_id.trim().is_empty() {
        return Decision::invalid("missing_message_id");
    }
    if message.expires_at.is_some_and(|expiry| now >= expiry) {
        return stop(Reason::MessageExpired);
    }
    // step 3: a destination (step 2 follows: it needs the states that this step finds)
    let (address_key, address) = match recipient.address {
        AddressLookup::Missing => return stop(Reason::MissingContact),
        AddressLookup::Invalid => return stop(Reason::InvalidAddress),
        AddressLookup::Known(key, state) => (key, state),
    };
    let contact = recipient.contact;
    // step 2: states that can be judged
    if address.is_saturated() || contact.is_some_and(|(_, state)| state.is_saturated()) {
        return stop(Reason::StateUnavailable);
    }
    Judging {
        message,
        channel,
        contact,
        address_key,
        address,
        failing: Reasons::default(),
    }
    .run()
}

fn stop(reason: Reason) -> Decision {
    let mut reasons = Reasons::default();
    reasons.insert(reason);
    Decision::block(reasons, Detail::None)
}

struct Judging<'a> {
    message: &'a OutboundMessage<'a>,
    channel: Channel,
    contact: Option<(SubjectKey, &'a ConsentState<'a>)>,
    address_key: SubjectKey,
    address: &'a ConsentState<'a>,
    failing: Reasons,
}

impl<'a> Judging<'a> {
    fn run(mut self) -> Decision {
        self.dead_address(); // step 4
        self.suppressed_or_erased(); // step 5
        if !self.message.is_marketing() {
            return self.exempt(); // step 6
        }
        self.marketing_suppression(); // step 7
        let detail = self.refusals(); // step 8
        // steps 9 and 10, age and registries, come with the jurisdiction packs
        let basis = self.basis(); // step 11
        // steps 12 to 14, content, frequency and quiet hours, come with the jurisdiction packs
        match basis {
            Ok(fact) if self.failing.is_empty() => {
                Decision::approve(Reason::ExpressConsent, Some((fact.basis(), fact.event)))
            }
            Ok(_) => Decision::block(self.failing, detail),
            Err(reason) => {
                self.failing.insert(reason);
                Decision::block(self.failing, detail)
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
            if dead.is_some_and(|dead| self.verified_at().is_none_or(|seen| seen <= dead)) {
                self.failing.insert(reason);
            }
        }
    }

    /// The latest proof that the address reaches the person: a confirmation, or a text from the number.
    fn verified_at(&self) -> Option<Timestamp> {
        let proofs = self.granted().filter(|f| match f.kind {
            FactKind::OptInConfirmed => true,
            FactKind::Start => f.flags & flags::YES == 0,
            _ => false,
        });
        proofs.map(|f| f.at).max()
    }

    /// Step 5.
    fn suppressed_or_erased(&mut self) {
        if self.suppressed(FactKind::SuppressAll, &[FactKind::UnsuppressAll]) {
            self.failing.insert(Reason::SuppressedGlobal);
        }
        if self.contact.is_some_and(|(_, state)| state.is_erased()) {
            self.failing.insert(Reason::Erased);
        }
    }

    /// An operator suppression ends only by a later `unsuppress` of the same subject that reaches as far.
    fn suppressed(&self, suppress: FactKind, ends: &[FactKind]) -> bool {
        let states = [self.contact.map(|(_, state)| state), Some(self.address)];
        states.into_iter().flatten().any(|state| {
            let lifted = |at: Timestamp, scope: Scope<'_>| {
                usable(state.facts()).any(|f| {
                    ends.contains(&f.kind)
                        && f.at > at
                        && (f.scope == Scope::EVERYTHING || f.scope == scope)
                })
            };
            state.facts().iter().any(|f| {
                f.kind == suppress && self.refuses_sender(&f.scope) && !lifted(f.at, f.scope)
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
                return Decision::block(self.failing, Detail::None);
            }
        };
        if self.stopped_number() {
            self.failing.insert(Reason::SenderStop);
        }
        if self.failing.is_empty() {
            Decision::approve(reason, None)
        } else {
            Decision::block(self.failing, Detail::None)
        }
    }

    /// Step 7.
    fn marketing_suppression(&mut self) {
        let ends = [FactKind::UnsuppressMarketing, FactKind::UnsuppressAll];
        if self.suppressed(FactKind::SuppressMarketing, &ends) {
            self.failing.insert(Reason::SuppressedGlobal);
        }
        let erased = self.both().filter(|f| {
            f.kind == FactKind::ErasedAddress && f.flags & flags::KEEP_SUPPRESSION != 0
        });
        if erased
            .map(|f| f.at)
            .max()
            .is_some_and(|at| !self.revived_after(at))
        {
            self.failing.insert(Reason::SuppressedAddress);
        }
    }

    /// Step 8: state rule 7. Every refusal that covers the message and has no later express act.
    fn refusals(&mut self) -> Detail {
        let mut detail = Detail::None;
        let mut widest: Option<Timestamp> = None;
        for (kind, reason) in [
            (FactKind::Complaint, Reason::Complaint),
            (FactKind::Objected, Reason::Objected),
            (FactKind::OptOut, Reason::OptedOut),
        ] {
            let standing = self
                .both()
                .filter(|f| f.kind == kind && self.refuses(&f.scope) && !self.revived_after(f.at));
            if let Some(latest) = standing.max_by_key(|f| f.at) {
                if kind == FactKind::OptOut && widest.is_none_or(|at| latest.at > at) {
                    widest = Some(latest.at);
                    detail = Detail::Scope(reach(&latest.scope));
                }
                self.failing.insert(reason);
            }
        }
        if self.stopped_number() {
            self.failing.insert(Reason::SenderStop);
        }
        if self.unreadable() {
            self.failing.insert(Reason::ConsentUnreadable);
        }
        detail
    }

    /// STOP to the sending number, not lifted by a later express act. A message that does not say which
    /// number it is sent from may be sent from the stopped one.
    fn stopped_number(&self) -> bool {
        let texted = matches!(self.channel.family(), Family::Text);
        texted
            && self.both().any(|f| {
                f.kind == FactKind::SenderStop
                    && same_number(f.detail, self.message.sender_number.as_deref())
                    && !self.number_restarted_after(f.at)
                    && !self.revived_after(f.at)
            })
    }

    fn number_restarted_after(&self, at: Timestamp) -> bool {
        self.granted().any(|f| {
            f.kind == FactKind::Start
                && f.at > at
                && f.detail.is_some()
                && same_number(f.detail, self.message.sender_number.as_deref())
        })
    }

    /// A possible opt-out stands until a later valid event about the same subject was received.
    fn unreadable(&self) -> bool {
        let states = [self.contact.map(|(_, state)| state), Some(self.address)];
        states.into_iter().flatten().any(|state| {
            let unread = state
                .facts()
                .iter()
                .filter(|f| f.kind == FactKind::Unreadable);
            unread.map(|f| f.at).max().is_some_and(|at| {
                !state.facts().iter().any(|f| {
                    !matches!(f.kind, FactKind::Unreadable | FactKind::Link) && f.received > at
                })
            })
        })
    }

    /// Step 11: the best live basis, or why there is none.
    fn basis(&self) -> Result<&'a Fact<'a>, Reason> {
        let mut best: Option<&Fact<'_>> = None;
        let (mut pending, mut incomplete, mut not_accepted, mut mismatch) =
            (false, false, false, false);
        for Permission { fact, for_address } in self.permissions() {
            match fact.kind {
                FactKind::OptInRequested => pending |= for_address && self.permits(&fact.scope),
                FactKind::Relationship => not_accepted = true,
                FactKind::OptIn | FactKind::OptInConfirmed => {
                    if !for_address || !self.permits(&fact.scope) {
                        mismatch = true;
                    } else if !self.has_evidence(fact) {
                        incomplete = true;
                    } else if !matches!(fact.basis(), Basis::Express | Basis::ExpressWritten) {
                        not_accepted = true;
                    } else if !self.withdrawn(fact) && best.is_none_or(|known| known.at < fact.at) {
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
        let complete =
            |f: &Fact<'_>| f.flags & flags::EVIDENCE_REQUIRED == flags::EVIDENCE_REQUIRED;
        complete(fact)
            || (fact.kind == FactKind::OptInConfirmed
                && self.granted().any(|f| {
                    f.kind == FactKind::OptInRequested
                        && f.scope == fact.scope
                        && f.at <= fact.at
                        && complete(f)
                }))
    }

    /// A refusal ends every earlier basis it covers; only a START gives an earlier one back.
    fn withdrawn(&self, basis: &Fact<'_>) -> bool {
        self.both().any(|f| {
            let refuses = match f.kind {
                FactKind::OptOut | FactKind::Objected | FactKind::Complaint => {
                    self.refuses(&f.scope)
                }
                FactKind::ErasedAddress | FactKind::Reassigned => true,
                _ => false,
            };
            refuses && f.at >= basis.at && !self.restored_after(f.at)
        })
    }

    fn restored_after(&self, at: Timestamp) -> bool {
        self.granted()
            .any(|f| f.kind == FactKind::Start && f.at > at && self.starts(f))
    }

    /// Whether an express act that covers the message came after `at` (Tp > Tn).
    fn revived_after(&self, at: Timestamp) -> bool {
        self.granted().any(|f| {
            f.kind.is_express_act()
                && f.at > at
                && if f.kind == FactKind::Start {
                    self.starts(f)
                } else {
                    self.permits(&f.scope)
                }
        })
    }

    /// START covers its brand and controller on the text channels, whatever the purpose.
    fn starts(&self, start: &Fact<'_>) -> bool {
        start.scope.channel.refuses(self.channel)
            && start.scope.channel != ChannelScope::Any
            && self.names_sender(&start.scope)
    }

    /// Negative scope (state rule 5): what is not named covers everything; what the message does not name
    /// is covered.
    fn refuses(&self, scope: &Scope<'_>) -> bool {
        let purpose = match (scope.purpose, self.message.purpose.as_deref()) {
            (Some(refused), Some(purpose)) => covers(refused, purpose),
            (None, _) | (Some(_), None) => true,
        };
        purpose && self.refuses_sender(scope)
    }

    fn refuses_sender(&self, scope: &Scope<'_>) -> bool {
        let reaches = |refused: Option<&str>, named: Option<&str>| match (refused, named) {
            (Some(refused), Some(named)) => refused == "any" || refused.eq_ignore_ascii_case(named),
            (None, _) | (Some(_), None) => true,
        };
        scope.channel.refuses(self.channel)
            && reaches(scope.controller, self.message.controller.as_deref())
            && reaches(scope.brand, self.message.brand.as_deref())
    }

    /// Positive scope (state rule 6): exactly the channel, the brand or all brands of the controller, the
    /// purpose or its parent.
    fn permits(&self, scope: &Scope<'_>) -> bool {
        let purpose = match (scope.purpose, self.message.purpose.as_deref()) {
            (Some(permitted), Some(purpose)) => covers(permitted, purpose),
            _ => false,
        };
        purpose && scope.channel.permits(self.channel) && self.names_sender(scope)
    }

    fn names_sender(&self, scope: &Scope<'_>) -> bool {
        let controller =
            scope.controller.is_some() && scope.controller == self.message.controller.as_deref();
        let brand = match scope.brand {
            Some("any") => true,
            Some(brand) => self.message.brand.as_deref() == Some(brand),
            None => false,
        };
        controller && brand
    }

    /// Every fact about the contact or the address: what refuses matches by either.
    fn both(&self) -> impl Iterator<Item = &'a Fact<'a>> + use<'a> {
        let contact = self
            .contact
            .map(|(_, state)| state.facts())
            .unwrap_or_default();
        contact.iter().chain(self.address.facts())
    }

    /// Permissions of this person: with a contact id the contact's own and those of the address that name
    /// no contact, without one those of the address. Never another person's.
    fn permissions(&self) -> impl Iterator<Item = Permission<'a>> + use<'a> {
        let named = self.contact.is_some();
        let address_key = self.address_key;
        let contact = self
            .contact
            .map(|(_, state)| state.facts())
            .unwrap_or_default();
        let own = usable(contact).map(move |fact| Permission {
            fact,
            for_address: fact.other == Some(address_key),
        });
        let shared = usable(self.address.facts()).filter(move |f| !named || f.other.is_none());
        own.chain(shared.map(|fact| Permission {
            fact,
            for_address: true,
        }))
    }

    /// Permissions that were given for the message's address: the only ones that grant anything.
    fn granted(&self) -> impl Iterator<Item = &'a Fact<'a>> + use<'a> {
        self.permissions().filter(|p| p.for_address).map(|p| p.fact)
    }
}

struct Permission<'a> {
    fact: &'a Fact<'a>,
    /// Given for the address of the message; one given for no address or another grants nothing.
    for_address: bool,
}

/// Permissive facts that count: not from the future, and of several versions of one event only the earliest
/// (state rules 3 and 4).
fn usable<'a>(facts: &'a [Fact<'a>]) -> impl Iterator<Item = &'a Fact<'a>> {
    facts
        .iter()
        .filter(move |f| f.kind.is_permissive() && !f.is_quarantined() && is_first(facts, f))
}

fn is_first(facts: &[Fact<'_>], fact: &Fact<'_>) -> bool {
    !facts.iter().any(|other| {
        other.event == fact.event
            && other.kind.is_permissive()
            && other
                .at
                .cmp(&fact.at)
                .then_with(|| other.cmp_identity(fact))
                .is_lt()
    })
}

/// Compares phone numbers by their digits; an unnamed one may be any.
fn same_number(a: Option<&str>, b: Option<&str>) -> bool {
    let (Some(a), Some(b)) = (a, b) else {
        return true;
    };
    let digits = |text: &'_ str| {
        text.chars()
            .filter(char::is_ascii_alphanumeric)
            .collect::<String>()
    };
    digits(a).eq_ignore_ascii_case(&digits(b))
}

/// How far an opt-out reaches, for the decision's detail.
fn reach(scope: &Scope<'_>) -> &'static str {
    match scope {
        Scope {
            purpose: Some(_), ..
        } => "purpose",
        Scope {
            channel: ChannelScope::One(_),
            ..
        } => "channel",
        Scope { brand: Some(_), .. } => "brand",
        Scope {
            controller: Some(_),
            ..
        } => "sender",
        Scope { .. } => "global",
    }
}

//! Consent state and its fold.
//!
//! The state of a subject is a set of facts with canonical bytes. Joining is union, then three prunings
//! that do not depend on arrival order, so the state is a join-semilattice (promise P4): any order, any
//! duplication and any split of the same events ends in the same bytes.
//!
//! 1. Restrictive facts with the same scope collapse into the latest; the earliest receipt stands for
//!    redeliveries.
//! 2. Refusals that name only a contact outlive its erasure, since they reach addresses that are seen with it later.
//!    An erasure removes what it erases for certain, whenever that arrives; where it depends on the gate's
//!    clock (a skewed erasure), the decision leaves the rest out.
//! 3. Bounds: the newest permissive facts are kept; too many restrictive scopes saturate the subject,
//!    which blocks everything. Losing a permission is safe, losing a refusal is not.
//!
//! Deliberately absent: hashing, storage, receipt clocks. The shell hands those in.

use crate::SubjectKey;
use crate::fact::{Fact, FactKind, Reader, put_varint};

/// Express acts (and other non-relationship permissions) kept per subject, newest first.
pub(crate) const EXPRESS_FACTS_MAX: usize = 512;
/// Relationship events kept per subject, newest first.
pub(crate) const RELATIONSHIP_FACTS_MAX: usize = 512;
/// Distinct restrictive scopes kept per subject before it saturates.
pub(crate) const RESTRICTIVE_FACTS_MAX: usize = 1024;
/// Messages sent that are kept per subject, newest first. No cap may count further (`FREQUENCY_COUNT_MAX`).
pub(crate) const SENT_FACTS_MAX: usize = 128;
/// Addresses remembered per contact, and successors per address. An erasure reaches no address beyond these unless it
/// names it.
pub(crate) const LINKS_MAX: usize = 1024;

/// Everything the gate knows about one contact or one address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConsentState<'a> {
    facts: Vec<Fact<'a>>,
    saturated: bool,
}

/// Stored bytes that are not a consent state. The store must quarantine itself and rebuild.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("stored consent state is damaged or of another format")]
pub struct StateError;

impl<'a> ConsentState<'a> {
    /// First byte of every stored state.
    pub const FORMAT: u8 = 3;

    /// Reads stored bytes, borrowing from them.
    ///
    /// # Errors
    /// When the bytes are of another format, truncated, trailing or otherwise not canonical.
    pub fn decode(bytes: &'a [u8]) -> Result<Self, StateError> {
        let mut state = Self::default();
        state.decode_into(bytes)?;
        Ok(state)
    }

    /// Like [`ConsentState::decode`], reusing this state's allocation.
    ///
    /// # Errors
    /// As [`ConsentState::decode`]; the state is empty afterwards.
    pub fn decode_into(&mut self, bytes: &'a [u8]) -> Result<(), StateError> {
        self.facts.clear();
        self.saturated = false;
        self.read(&mut Reader(bytes)).ok_or_else(|| {
            self.facts.clear();
            StateError
        })
    }

    fn read(&mut self, input: &mut Reader<'a>) -> Option<()> {
        (input.byte()? == Self::FORMAT).then_some(())?;
        self.saturated = match input.byte()? {
            0 => false,
            1 => true,
            _ => return None,
        };
        let n_facts = input.varint()?;
        for _ in 0..n_facts {
            let fact = Fact::decode(input)?;
            // joining searches by this order: a state out of order would keep a refusal twice or miss it
            let is_ascending =
                self.facts.last().is_none_or(|last| last.cmp_identity(&fact).is_lt());
            is_ascending.then(|| self.facts.push(fact))?;
        }
        input.0.is_empty().then_some(())
    }

    /// Appends the canonical bytes: equal states, equal bytes.
    pub fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&[Self::FORMAT, u8::from(self.saturated)]);
        put_varint(out, self.facts.len() as u64);
        for fact in &self.facts {
            fact.encode(out);
        }
    }

    /// The facts, in canonical order.
    #[must_use]
    pub fn facts(&self) -> &[Fact<'a>] {
        &self.facts
    }

    /// Whether so many restrictive scopes arrived that the subject can no longer be judged.
    #[must_use]
    pub fn is_saturated(&self) -> bool {
        self.saturated || self.is_flooded()
    }

    fn is_flooded(&self) -> bool {
        self.facts.iter().any(|fact| fact.kind == FactKind::Flooded)
    }

    /// The contact whose own state says all that this address's state says: every fact here is a permission of
    /// that contact. A message to it is decided alike without this state; the tests' harness compares the two
    /// for every decision it makes.
    #[must_use]
    pub fn only_repeats(&self) -> Option<SubjectKey> {
        let contact = self.facts.first()?.other?;
        let repeats = |fact: &Fact<'_>| fact.kind.is_permissive() && fact.other == Some(contact);
        (!self.saturated && self.facts.iter().all(repeats)).then_some(contact)
    }

    /// Whether this is an erased contact.
    #[must_use]
    pub fn is_erased(&self) -> bool {
        self.facts.iter().any(|fact| fact.kind == FactKind::ErasedContact)
    }

    /// Joins facts into the state. Commutative, associative, idempotent.
    pub fn join(&mut self, facts: impl IntoIterator<Item = Fact<'a>>) {
        for fact in facts {
            self.insert(&fact);
        }
        self.prune();
    }

    fn insert(&mut self, fact: &Fact<'a>) {
        match self.facts.binary_search_by(|known| known.cmp_identity(fact)) {
            Ok(at) => {
                if let Some(known) = self.facts.get_mut(at) {
                    known.merge(fact);
                }
            }
            Err(at) => self.facts.insert(at, *fact),
        }
    }

    /// Joins another state.
    pub fn join_state(&mut self, other: &Self) {
        self.saturated |= other.saturated;
        self.join(other.facts.iter().copied());
    }

    /// What a contact says about each address it was seen with: its erasure, and what the person refused without
    /// naming an address; and what an address says about the one that took its place: whatever was refused there. The
    /// shell joins these into the addresses' states, so that they reach an address however the events are ordered.
    pub fn about_addresses(&self) -> impl Iterator<Item = (SubjectKey, Fact<'a>)> + '_ {
        let of_contact = self.facts.iter().filter_map(Fact::about_addresses);
        let of_contact = of_contact.map(|said| (FactKind::Link, said));
        let of_address = self.to_successors().map(|said| (FactKind::Moved, said));
        of_contact
            .chain(of_address)
            .flat_map(|(kind, said)| self.leading_to(kind).map(move |address| (address, said)))
    }

    /// What an address says about each of those that took its place. A state that can no longer be judged has forgotten what was refused: then neither
    /// can they.
    pub fn to_successors(&self) -> impl Iterator<Item = Fact<'a>> + '_ {
        let flood = self.is_saturated().then(Fact::flood);
        self.facts.iter().filter_map(Fact::about_successor).chain(flood)
    }

    /// The addresses that this contact was seen with, or that took the place of this one.
    pub fn leading_to(&self, kind: FactKind) -> impl Iterator<Item = SubjectKey> + '_ {
        self.facts.iter().filter(move |fact| fact.kind == kind).filter_map(|fact| fact.other)
    }

    fn prune(&mut self) {
        let n_about_contact = self.facts.iter().filter(|f| f.is_about_contact()).count();
        if n_about_contact > RESTRICTIVE_FACTS_MAX {
            // an address may have heard of some of them: it must end as one that heard of none
            self.insert(&Fact::flood());
        }
        let is_flooded = self.is_flooded();
        if is_flooded {
            self.facts.retain(|f| !f.is_about_contact() || f.kind == FactKind::Flooded);
        }
        let is_erased = self.is_erased();
        if is_erased {
            self.facts.retain(|f| f.kind == FactKind::ErasedContact || f.reaches_addresses());
            self.saturated = false;
        }
        let erased = self.facts.iter().filter(|f| f.kind == FactKind::ErasedAddress);
        let erased_until = erased.map(Fact::erases_until).max();
        if let Some(until) = erased_until {
            self.facts.retain(|f| !f.kind.is_permissive() || f.at > until);
        }
        if !is_erased {
            let n_restrictive = self.facts.iter().filter(|f| f.kind.is_restrictive()).count();
            self.saturated |= is_flooded || n_restrictive > RESTRICTIVE_FACTS_MAX;
        }
        if self.saturated {
            self.facts.retain(Fact::reaches_addresses);
        }
        self.keep_newest(EXPRESS_FACTS_MAX, |kind| {
            kind.is_permissive() && kind != FactKind::Relationship
        });
        self.keep_newest(RELATIONSHIP_FACTS_MAX, |kind| kind == FactKind::Relationship);
        self.keep_newest(SENT_FACTS_MAX, |kind| kind == FactKind::Sent);
        self.keep_newest(LINKS_MAX, |kind| kind == FactKind::Link);
        self.keep_newest(LINKS_MAX, |kind| kind == FactKind::Moved);
    }

    /// Keeps the `max` newest facts of a class; ties by canonical order, so it stays order-free.
    fn keep_newest(&mut self, max: usize, class: impl Fn(FactKind) -> bool) {
        let n = self.facts.iter().filter(|f| class(f.kind)).count();
        for _ in max..n {
            let oldest = self
                .facts
                .iter()
                .enumerate()
                .filter(|(_, f)| class(f.kind))
                .min_by(|(_, a), (_, b)| a.at.cmp(&b.at).then_with(|| a.cmp_identity(b)))
                .map(|(index, _)| index);
            if let Some(oldest) = oldest {
                self.facts.remove(oldest);
            }
        }
    }
}

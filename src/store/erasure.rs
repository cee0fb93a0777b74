//! How the erasure of a contact reaches the addresses it was seen with.
//!
//! This is `ConsentState::erasures` cut down to what one event can have made new, so that an event of an
//! erased contact with a thousand addresses does not touch a thousand states. INVARIANT: when every event
//! joins its [`Closure`], the states are those of joining all `ConsentState::erasures` each time; a test
//! compares the two.

use gate_core::{ConsentState, Fact, FactKind, SubjectKey};

/// What an erased contact says about addresses, after one event.
#[derive(Default)]
pub(super) struct Closure {
    /// Every erasure of the contact: for the address of this event.
    pub(super) all: Vec<Fact<'static>>,
    /// The erasures of this event: for every address seen with the contact before.
    pub(super) new: Vec<Fact<'static>>,
    /// Those addresses; empty when this event brought no erasure.
    pub(super) links: Vec<SubjectKey>,
}

impl Closure {
    /// After joining `facts`, which made the erased contact's state `state`.
    pub(super) fn of(state: &ConsentState<'_>, facts: &[Fact<'_>], changed: bool) -> Self {
        let erasures = |facts: &[Fact<'_>]| -> Vec<Fact<'static>> {
            let erasures = facts.iter().filter(|f| f.kind == FactKind::ErasedContact);
            erasures.map(erased_address).collect()
        };
        let new = erasures(facts);
        let links = if changed && !new.is_empty() {
            let links = state.facts().iter().filter(|f| f.kind == FactKind::Link);
            links.filter_map(|link| link.other).collect()
        } else {
            Vec::new()
        };
        Self { all: erasures(state.facts()), new, links }
    }
}

/// The erasure of a contact as its addresses hold it: about everything, so it borrows nothing. A test
/// compares it with `ConsentState::erasures`.
fn erased_address(erased: &Fact<'_>) -> Fact<'static> {
    let kind = FactKind::ErasedAddress;
    let mut fact = Fact::new(kind, erased.event, erased.at, erased.received);
    fact.flags = erased.flags;
    fact
}

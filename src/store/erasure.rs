//! How what a contact says reaches the addresses it was seen with: its erasure, and what the person refused
//! without naming an address; and how what was refused at an address reaches the one that took its place.
//!
//! This is `ConsentState::about_addresses` cut down to what one event can have made new, so that an event of a
//! contact with a thousand addresses does not touch a thousand states. INVARIANT: when every event joins its
//! [`Closure`], the states are those of joining all `ConsentState::about_addresses` each time; a test compares
//! the two.

use gate_core::{ConsentState, Fact, FactKind, SubjectKey};

/// What a contact says about addresses, after one event. Facts are kept as the bytes of a state, since they borrow
/// from states that are about to change; empty where there are none.
#[derive(Default)]
pub(super) struct Closure {
    /// All that the contact says: for the address of this event.
    pub(super) all: Vec<u8>,
    /// What this event says: for every address seen with the contact before.
    pub(super) new: Vec<u8>,
    /// Those addresses; empty when this event brought nothing new.
    pub(super) links: Vec<SubjectKey>,
}

impl Closure {
    /// After joining `facts`, which made the contact's state `state`.
    pub(super) fn of(state: &ConsentState<'_>, facts: &[Fact<'_>], changed: bool) -> Self {
        let all = said(state.facts());
        if all.is_empty() {
            return Self::default();
        }
        // more refusals than can be told apart are a fact that no single event states
        let is_flooded = |fact: &&Fact<'_>| fact.kind == FactKind::Flooded;
        let flood = state.facts().iter().find(is_flooded).filter(|_| changed);
        let new: Vec<Fact<'_>> = facts.iter().chain(flood).copied().collect();
        let new = said(&new);
        let links = if changed && !new.is_empty() {
            state.leading_to(FactKind::Link).collect()
        } else {
            Vec::new()
        };
        Self { all, new, links }
    }
}

/// What an address says about those that took its place, after joining `facts`, which changed its state to `state`: to
/// a new one everything, to one that is known what is new.
pub(super) fn to_successors(
    state: &ConsentState<'_>,
    facts: &[Fact<'_>],
) -> Vec<(SubjectKey, Vec<u8>)> {
    let is_new = |address| {
        facts.iter().any(|fact| fact.kind == FactKind::Moved && fact.other == Some(address))
    };
    let flood = state.is_saturated().then(Fact::flood);
    let new = encoded(facts.iter().filter_map(Fact::about_successor).chain(flood));
    let successors = state.leading_to(FactKind::Moved);
    let told = successors.map(|address| {
        (address, if is_new(address) { encoded(state.to_successors()) } else { new.clone() })
    });
    told.filter(|(_, said)| !said.is_empty()).collect()
}

/// What facts of a contact say about its addresses.
fn said(facts: &[Fact<'_>]) -> Vec<u8> {
    encoded(facts.iter().filter_map(Fact::about_addresses))
}

/// Facts as the bytes of a state; empty where there are none.
fn encoded<'f>(facts: impl Iterator<Item = Fact<'f>>) -> Vec<u8> {
    let mut about = facts.peekable();
    let mut bytes = Vec::new();
    if about.peek().is_some() {
        let mut state = ConsentState::default();
        state.join(about);
        state.encode(&mut bytes);
    }
    bytes
}

//! How what a contact says reaches the addresses it was seen with: its erasure, and what the person refused
//! without naming an address.
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
            let links = state.facts().iter().filter(|f| f.kind == FactKind::Link);
            links.filter_map(|link| link.other).collect()
        } else {
            Vec::new()
        };
        Self { all, new, links }
    }
}

/// What facts of a contact say about its addresses.
fn said(facts: &[Fact<'_>]) -> Vec<u8> {
    let mut about = facts.iter().filter_map(Fact::about_addresses).peekable();
    let mut bytes = Vec::new();
    if about.peek().is_some() {
        let mut state = ConsentState::default();
        state.join(about);
        state.encode(&mut bytes);
    }
    bytes
}

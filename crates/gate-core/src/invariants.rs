//! Predicates that always hold: shared by property tests, the simulator and `debug_assert!`.

use crate::{ConsentState, Decision, Outcome};

/// A block names a failing reason, an approval none, and both agree with the outcome.
#[must_use]
pub fn decision_is_explained(decision: &Decision) -> bool {
    match decision.outcome() {
        Outcome::Approved => decision.reasons().is_empty(),
        Outcome::Blocked => decision.reasons().first() == Some(decision.reason()),
        Outcome::Deferred => decision.not_before().is_some(),
    }
}

/// Stored bytes read back as the same state.
#[must_use]
pub fn state_round_trips(state: &ConsentState<'_>) -> bool {
    let mut bytes = Vec::new();
    state.encode(&mut bytes);
    ConsentState::decode(&bytes).is_ok_and(|read| read == *state)
}

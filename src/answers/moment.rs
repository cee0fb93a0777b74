//! One moment that answers are true of: a snapshot of the consent state, policies and a time.

use super::questions::Freshness;
use super::wire::MomentAnswer;
use crate::clock::now;
use crate::headers::rfc3339;
use crate::policies::Policies;
use crate::store::{Snapshot, Store, StoreError};
use gate_core::{PolicySet, Timestamp};
use std::sync::Arc;

/// The moment of a turn.
pub(super) struct Moment<'a> {
    pub(super) snapshot: Snapshot<'a>,
    pub(super) policies: Arc<PolicySet>,
    pub(super) now: Timestamp,
    positions: Vec<i64>,
    consent_topic: &'a str,
    freshness: Freshness,
}

impl<'a> Moment<'a> {
    /// Now.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub(super) fn of(
        store: &'a Store,
        policies: &Policies,
        consent_topic: &'a str,
        freshness: Freshness,
    ) -> Result<Self, StoreError> {
        let snapshot = store.snapshot();
        let positions = snapshot.positions()?;
        let policies = policies.current();
        Ok(Self { snapshot, policies, now: now(), positions, consent_topic, freshness })
    }

    /// The topic that the state is a fold of.
    pub(super) fn consent_topic(&self) -> &'a str {
        self.consent_topic
    }

    /// As answers name it.
    pub(super) fn answer(&self) -> MomentAnswer {
        MomentAnswer {
            evaluated_at: rfc3339(self.now),
            policy_revision: self.policies.revision().to_owned(),
            tz_version: self.policies.tz_version().to_owned(),
            consent_topic: self.consent_topic.to_owned(),
            consent_position: self.positions.clone(),
            consent: match self.freshness {
                Freshness::Barrier => "barrier",
                Freshness::Stale => "stale",
            },
        }
    }
}

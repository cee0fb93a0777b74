//! What is wrong with what is on file, for the words that explain a block; it has no part in the decision.

use super::{Judging, Permission};
use crate::decision::MissingEvidence;
use crate::fact::FactKind;
use crate::trace::Trace;

/// The first of each kind.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Shortfall {
    /// A condition of a relationship that is false or unknown.
    pub(super) condition: Option<&'static str>,
    /// What the evidence lacks.
    pub(super) evidence: Option<MissingEvidence>,
    /// The field in which message and consent differ.
    pub(super) mismatch: Option<&'static str>,
}

impl Shortfall {
    pub(super) fn or(self, other: Self) -> Self {
        Self {
            condition: self.condition.or(other.condition),
            evidence: self.evidence.or(other.evidence),
            mismatch: self.mismatch.or(other.mismatch),
        }
    }

    pub(super) fn in_words(self) -> String {
        let evidence = self.evidence.into_iter().flat_map(MissingEvidence::paths);
        let named: Vec<&str> =
            self.condition.into_iter().chain(evidence).chain(self.mismatch).collect();
        if named.is_empty() { String::new() } else { format!(" ({})", named.join(", ")) }
    }
}

impl<'a, T: Trace> Judging<'a, T> {
    /// The field in which a permission differs from the message.
    pub(super) fn differs_in(&self, permission: &Permission<'a>) -> &'static str {
        if permission.for_address {
            let is_act = permission.fact.kind != FactKind::Relationship;
            self.addressed.differs_from(&permission.fact.scope, is_act)
        } else {
            "recipient.address"
        }
    }
}

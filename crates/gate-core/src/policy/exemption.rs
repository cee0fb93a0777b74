//! What frees a message from a window, a cap or a prohibition of a rule: a basis or a relationship that counts.

use super::{BasisSet, KindRule};

/// A live basis, or a relationship with the sender that still runs and in which the person did not refuse.
/// One is enough; with none of either nothing is freed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exemption {
    /// Bases, as the base rules of the same pack accept them.
    pub bases: BasisSet,
    /// Kinds of relationship, and for how long each.
    pub kinds: Vec<KindRule>,
}

impl Exemption {
    /// Whether nothing could ever fulfil it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bases.is_empty() && self.kinds.is_empty()
    }
}

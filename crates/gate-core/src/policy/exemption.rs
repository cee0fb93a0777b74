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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Period;
    use crate::{Basis, RelationshipKind};

    #[test]
    fn a_basis_or_a_relationship_can_free() {
        let bases = BasisSet::default().with(Basis::Express);
        let kind = RelationshipKind::Purchase;
        let kinds = vec![KindRule { kind, period: Period::YEAR, while_running: false }];
        assert!(Exemption::default().is_empty());
        assert!(!Exemption { bases, ..Exemption::default() }.is_empty());
        assert!(!Exemption { kinds, ..Exemption::default() }.is_empty());
    }
}

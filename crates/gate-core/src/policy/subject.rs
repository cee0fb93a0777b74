//! What an addition is about, where it is not about every message: purposes and product groups.

use super::PolicySet;
use crate::covers;
use crate::reach::named;

/// The messages an addition applies to: those of one of the purposes, or about one of the product groups. A
/// message that states neither is not matched, since nobody can tell what it is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AppliesTo {
    /// Canonical purposes, each with everything below it.
    pub purposes: Vec<String>,
    /// Canonical product groups, each with everything below it and what counts as similar.
    pub product_groups: Vec<String>,
}

impl AppliesTo {
    /// Whether a message of that purpose and product group is meant.
    pub(crate) fn matches(
        &self,
        policies: &PolicySet,
        purpose: Option<&str>,
        product_group: Option<&str>,
    ) -> bool {
        let (purpose, group) = (named(purpose), named(product_group));
        let is_meant = |of: &String| {
            group.is_some_and(|group| covers(of, group) || policies.are_similar(of, group))
        };
        purpose.is_some_and(|purpose| self.purposes.iter().any(|of| covers(of, purpose)))
            || self.product_groups.iter().any(is_meant)
    }
}

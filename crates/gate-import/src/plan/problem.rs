//! What is wrong with a plan, for people: key, reason, fix.

use std::fmt;

/// What is wrong with a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanProblem {
    /// The key, or the flag.
    pub key: String,
    /// What is wrong.
    pub reason: String,
    /// What to do.
    pub fix: String,
}

impl PlanProblem {
    pub(crate) fn new(
        key: impl Into<String>,
        reason: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        Self { key: key.into(), reason: reason.into(), fix: fix.into() }
    }
}

impl fmt::Display for PlanProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`: {}; {}", self.key, self.reason, self.fix)
    }
}

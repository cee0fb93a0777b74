//! What can be wrong with a source, and all of it at once.

use std::fmt;

/// What is wrong with a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceProblem {
    /// The key.
    pub key: String,
    /// What is wrong.
    pub reason: String,
    /// What to do.
    pub fix: String,
}

impl fmt::Display for SourceProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`: {}; {}", self.key, self.reason, self.fix)
    }
}

/// What was found so far.
#[derive(Default)]
pub(super) struct Problems(pub(super) Vec<SourceProblem>);

impl Problems {
    /// Something is wrong with a key.
    pub(super) fn wrong(&mut self, key: &str, reason: impl Into<String>, fix: impl Into<String>) {
        let (reason, fix) = (reason.into(), fix.into());
        self.0.push(SourceProblem { key: key.to_owned(), reason, fix });
    }
}

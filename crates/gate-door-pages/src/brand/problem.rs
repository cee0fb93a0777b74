//! What is wrong with a brand's configuration.

use std::fmt;

/// A key, why its value cannot be, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrandProblem {
    /// The key with the place it was read from: `door.brands[0].colours.light.brand`.
    pub key: String,
    /// What is wrong with its value.
    pub reason: String,
    /// What to do about it.
    pub fix: String,
}

impl fmt::Display for BrandProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`: {}; {}", self.key, self.reason, self.fix)
    }
}

impl std::error::Error for BrandProblem {}

/// Problems as they are found, with the place that all keys begin with.
pub(crate) struct Problems {
    at: String,
    pub(crate) found: Vec<BrandProblem>,
}

impl Problems {
    pub(crate) fn at(at: &str) -> Self {
        Self { at: at.to_owned(), found: Vec::new() }
    }

    pub(crate) fn add(&mut self, key: &str, reason: impl fmt::Display, fix: impl fmt::Display) {
        let key = if self.at.is_empty() { key.to_owned() } else { format!("{}.{key}", self.at) };
        self.found.push(BrandProblem { key, reason: reason.to_string(), fix: fix.to_string() });
    }
}

//! A setting that the input topics of messages share, or that each of them has for itself.

use std::collections::BTreeMap;

/// What holds for each topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ByTopic<T> {
    /// Where nothing else is said.
    pub(super) otherwise: T,
    pub(super) own: BTreeMap<String, T>,
}

impl<T> ByTopic<T> {
    /// The same for every topic.
    pub fn all(value: T) -> Self {
        Self { otherwise: value, own: BTreeMap::new() }
    }

    /// What holds for this topic.
    #[must_use]
    pub fn of(&self, topic: &str) -> &T {
        self.own.get(topic).unwrap_or(&self.otherwise)
    }

    /// The topics that have one of their own.
    pub(super) fn topics(&self) -> impl Iterator<Item = &str> {
        self.own.keys().map(String::as_str)
    }
}

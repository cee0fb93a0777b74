//! What waits for a person: consent changes that nobody can read, texts that may ask to stop, and how either is resolved.
//!
//! Letters and releases stand in topics (`topics.consent_dead_letter`, `topics.consent_review`); commands and the desk read and
//! write them here, each release by a person who answers for it.
//!
//! INVARIANT: released is only what the gate has a letter of and what this configuration cannot read in the original; a record
//! that takes the place of another is in the consent topic before the release is written.

pub(crate) mod original;
pub(crate) mod queue;
pub(crate) mod reading;
pub(crate) mod release;
pub(crate) mod releasing;
pub(crate) mod writer;

use std::fmt;

/// Where a consent change lies in `topics.consent_change`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Place {
    pub(crate) partition: i32,
    pub(crate) offset: i64,
}

impl Place {
    /// `topic/partition/offset`, as headers and pages write it.
    pub(crate) fn of(self, topic: &str) -> String {
        format!("{topic}/{self}")
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.partition, self.offset)
    }
}

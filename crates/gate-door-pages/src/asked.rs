//! A purpose that somebody is asked about, with the approved text that says what it means.

use serde::{Deserialize, Serialize};

use crate::notice::Notice;

/// A purpose and its text; shown to the letter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AskedText {
    /// The purpose's code; its words come from the brand.
    pub purpose: String,
    /// The approved text, of the version that was or will be agreed to.
    pub notice: Notice,
}

impl AskedText {
    /// What the box of a sign-up form sends: `marketing.newsletter 2026-11`. Neither codes nor versions have blanks.
    #[must_use]
    pub fn value(&self) -> String {
        format!("{} {}", self.purpose, self.notice.version())
    }
}

//! Where an import is, to be written down beside it: small, and checked when it goes on.

use crate::frame::Place;
use crate::ids::Import;
use serde::{Deserialize, Serialize};

/// An import that was begun, and how far it came. As JSON it is what a state file holds.
///
/// It is right only if the changes of all rows before it are acknowledged: write it down after the flush, not before. What is
/// written twice has the same event id and is one change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Resume {
    /// Which import.
    pub import: Import,
    /// Where its next row begins.
    pub(crate) place: Place,
    /// Rows before it.
    pub n_rows: u64,
    /// It was taken back. Its events have an end then, and the earliest end counts: whatever is written under this name once more
    /// permits nothing, so it is not written.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_undone: bool,
}

impl Resume {
    /// Of an import that has not begun.
    #[must_use]
    pub fn begin(import: Import) -> Self {
        Self { import, place: Place::default(), n_rows: 0, is_undone: false }
    }
}

//! Why a list cannot be read or written: where, what, and what to do. No value of the list is ever quoted: it is somebody's address.

use std::borrow::Cow;
use std::fmt;

/// A list or a call that cannot be used. What was read so far must not be compared: entries that were not read would look like
/// refusals that are only here.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct ListProblem {
    /// The list, file or call.
    pub list: String,
    /// JSON pointer, line or key; empty when it is about all of it.
    pub pointer: String,
    /// What is wrong.
    pub reason: Cow<'static, str>,
    /// What to do.
    pub fix: &'static str,
}

impl ListProblem {
    pub(crate) fn new(
        list: impl Into<String>,
        pointer: impl Into<String>,
        reason: impl Into<Cow<'static, str>>,
        fix: &'static str,
    ) -> Self {
        Self { list: list.into(), pointer: pointer.into(), reason: reason.into(), fix }
    }
}

impl fmt::Display for ListProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let space = if self.pointer.is_empty() { "" } else { " " };
        write!(f, "{}{space}{}: {}; {}", self.list, self.pointer, self.reason, self.fix)
    }
}

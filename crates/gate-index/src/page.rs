//! Answers in pages.

/// Longest page.
pub const LIMIT_MAX: usize = 1_000;

/// A part of an answer, newest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// What was found; no more than was asked for, and no more than [`LIMIT_MAX`].
    pub items: Vec<T>,
    /// Where to go on; `None` at the end.
    pub next: Option<String>,
    /// So much was looked at that it ended early: there may be more, even if nothing was found.
    pub is_cut_off: bool,
}

impl<T> Page<T> {
    pub(crate) fn empty() -> Self {
        Self { items: Vec::new(), next: None, is_cut_off: false }
    }
}

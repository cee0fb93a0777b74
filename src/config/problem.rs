//! What is wrong with a configuration: which key, where, why, and what to do.
//!
//! Invariant: a problem never carries the value of a secret; reasons quote values of open keys only.

use std::fmt;

/// Where a value was written.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// The file as a whole.
    File,
    /// In the file; both count from 1.
    Line {
        /// Line.
        line: usize,
        /// Column.
        column: usize,
    },
    /// An environment variable.
    Variable(String),
    /// Nowhere: the default holds.
    Default,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File => f.write_str("file"),
            Self::Line { line, .. } => write!(f, "line {line}"),
            Self::Variable(name) => f.write_str(name),
            Self::Default => f.write_str("default"),
        }
    }
}

/// One thing wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The key, e.g. `kafka.group_id`; empty if the file as a whole is meant.
    pub key: String,
    /// Where the value was written.
    pub place: Place,
    /// What is wrong with it.
    pub reason: String,
    /// What to do about it.
    pub fix: String,
}

impl Problem {
    pub(super) fn new(
        key: impl Into<String>,
        place: Place,
        reason: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        Self { key: key.into(), place, reason: reason.into(), fix: fix.into() }
    }

    /// Two lines, the first as editors and people know it: `file:line:column: what`.
    pub(super) fn render(&self, file: &str) -> String {
        let place = match &self.place {
            Place::File => file.to_owned(),
            Place::Line { line, column } => format!("{file}:{line}:{column}"),
            Place::Variable(name) => format!("environment {name}"),
            Place::Default => format!("{file} (not set)"),
        };
        let key = if self.key.is_empty() { String::new() } else { format!("`{}` ", self.key) };
        format!("{place}: {key}{}\n    fix: {}", self.reason, self.fix)
    }
}

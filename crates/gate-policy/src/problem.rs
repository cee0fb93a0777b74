//! What is wrong with a policy file, for people: file, line, excerpt, reason, remedy.

use gate_core::Timestamp;
use std::fmt;

/// One problem.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// The file.
    pub file: String,
    /// Line, from 1; 0 when the whole file is meant.
    pub line: usize,
    /// Column, from 1.
    pub column: usize,
    /// What is wrong.
    pub reason: String,
    /// What to do.
    pub remedy: String,
    /// The line's text.
    pub excerpt: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line == 0 {
            writeln!(f, "{}: {}", self.file, self.reason)?;
        } else {
            writeln!(f, "{}:{}:{}: {}", self.file, self.line, self.column, self.reason)?;
            writeln!(f, "{:>5} | {}", self.line, self.excerpt)?;
            writeln!(f, "      | {:>width$}", "^", width = self.column.max(1))?;
        }
        write!(f, "      = fix: {}", self.remedy)
    }
}

/// Everything that is wrong, in the order of files and lines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problems(pub Vec<Problem>);

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for problem in &self.0 {
            writeln!(f, "{problem}\n")?;
        }
        let n_files = {
            let mut files: Vec<&str> = self.0.iter().map(|problem| problem.file.as_str()).collect();
            files.dedup();
            files.len()
        };
        let (n, s) = (self.0.len(), if self.0.len() == 1 { "" } else { "s" });
        write!(f, "{n} problem{s} in {n_files} file{}", if n_files == 1 { "" } else { "s" })
    }
}

impl std::error::Error for Problems {}

/// Something worth a look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark {
    /// First instant it holds.
    pub since: Timestamp,
    /// First instant it no longer holds.
    pub until: Timestamp,
    /// Nothing is wrong; it is good to know.
    pub is_note: bool,
    /// Where, what, and what to do.
    pub problem: Problem,
}

impl Remark {
    /// Whether it holds at `now`.
    #[must_use]
    pub fn holds_at(&self, now: Timestamp) -> bool {
        self.since <= now && now < self.until
    }
}

//! What is wrong with a mapping or a file of cases, for people: file, line, reason, fix.

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
    pub fix: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line == 0 {
            writeln!(f, "{}: {}", self.file, self.reason)?;
        } else {
            writeln!(f, "{}:{}:{}: {}", self.file, self.line, self.column, self.reason)?;
        }
        write!(f, "      = fix: {}", self.fix)
    }
}

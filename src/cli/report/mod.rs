//! `consent-gate report`: what a privacy officer is asked for, from what the gate has written and how it is set up.
//!
//! `affected` reads the outputs like any careful sender: committed records, assigned by hand, nothing committed, no group
//! joined. `processing` reads configuration and packs and asks nobody. INVARIANT: a report that may lack something says so
//! and ends with 1; no address and no contact id leaves here in clear.

mod account;
mod affected;
mod decision;
mod duty;
mod lines;
mod measures;
mod processing;
mod recipient;
mod tally;
mod window;

use clap::{Subcommand, ValueEnum};

use super::{ConfigFile, ExitCode, Failure, output};
use crate::config;

#[derive(Debug, Subcommand)]
pub(super) enum Report {
    /// Who was written to in a window of time: counts, hashed recipients, and the duties to notify with their clock
    Affected(affected::Arguments),
    /// The record of processing activities (GDPR art. 30), as far as configuration and packs know it
    Processing(processing::Arguments),
}

pub(super) fn run(command: &Report) -> Result<(), Failure> {
    match command {
        Report::Affected(arguments) => affected::run(arguments),
        Report::Processing(arguments) => processing::run(arguments),
    }
}

/// Which decisions are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
enum Outcome {
    Approved,
    Blocked,
    Deferred,
}

impl Outcome {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Approved => "approved",
            Self::Blocked => "blocked",
            Self::Deferred => "deferred",
        }
    }

    fn topic(self, topics: &config::Topics) -> &str {
        match self {
            Self::Approved => &topics.approved,
            Self::Blocked => &topics.blocked,
            Self::Deferred => &topics.deferred,
        }
    }
}

/// An instant as people and logs write it, with its offset from UTC.
fn instant(text: &str) -> Result<jiff::Timestamp, String> {
    text.parse().map_err(|_| {
        "must be an instant with its offset (RFC 3339), such as 2026-11-20T18:30:00Z".to_owned()
    })
}

/// What came from outside must neither move the cursor nor break a table.
fn one_line(text: &str) -> String {
    const CHARS_MAX: usize = 200;
    text.chars().filter(|c| !c.is_control() && *c != '|').take(CHARS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_have_an_offset() {
        let utc = instant("2026-11-20T18:30:00Z").unwrap();
        assert_eq!(instant("2026-11-20T19:30:00+01:00").unwrap(), utc);
        for wrong in ["2026-11-20", "2026-11-20T18:30:00", "yesterday", ""] {
            assert!(instant(wrong).unwrap_err().contains("RFC 3339"), "{wrong:?}");
        }
    }

    #[test]
    fn text_from_outside_stays_in_its_cell() {
        assert_eq!(one_line("a\u{1b}[2J|b\nc"), "a[2Jbc");
        assert_eq!(one_line(&"x".repeat(300)).len(), 200);
    }
}

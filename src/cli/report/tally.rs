//! Counting: messages by day, jurisdiction and channel, and how many people they went to. Pure, and of bounded size.
//!
//! A message with several candidate jurisdictions had to fulfil the rules of each, so it counts in each; the total counts
//! it once. Days are those of UTC.

use gate_core::policy::Code;
use jiff::civil::Date;
use rustc_hash::FxHashSet;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Rows of the table; what comes beyond is in the total and in the file.
const CELLS_MAX: usize = 100_000;
/// Recipients told apart; some 32 MB.
const RECIPIENTS_MAX: usize = 1_000_000;
/// Names of rules, packs and reasons that are remembered.
const NAMES_MAX: usize = 5_000;

/// A row of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Cell {
    pub(super) day: Date,
    /// None where the message named no place and none could be found.
    pub(super) jurisdiction: Option<Code>,
    pub(super) channel: Option<&'static str>,
    pub(super) outcome: &'static str,
}

impl Cell {
    pub(super) fn jurisdiction(&self) -> &str {
        self.jurisdiction.as_ref().map_or("-", Code::as_str)
    }

    pub(super) fn json(&self, n: u64) -> Value {
        json!({
            "day": self.day.to_string(), "jurisdiction": self.jurisdiction.as_ref().map(Code::as_str),
            "channel": self.channel, "outcome": self.outcome, "messages": n,
        })
    }
}

/// How many messages, and where.
#[derive(Debug)]
pub(super) struct Tally {
    pub(super) n_messages: u64,
    cells: BTreeMap<Cell, u64>,
    cells_max: usize,
    /// Messages that found no place in the table any more.
    pub(super) n_beyond: u64,
}

impl Default for Tally {
    fn default() -> Self {
        Self::new(CELLS_MAX)
    }
}

impl Tally {
    fn new(cells_max: usize) -> Self {
        Self { n_messages: 0, cells: BTreeMap::new(), cells_max, n_beyond: 0 }
    }

    /// Counts one message: once in all, and once in each jurisdiction it was judged for.
    pub(super) fn count(&mut self, at: Cell, jurisdictions: &[Code]) {
        self.n_messages += 1;
        let mut is_beyond = false;
        if jurisdictions.is_empty() {
            is_beyond |= !self.enter(Cell { jurisdiction: None, ..at });
        }
        let mut before = BTreeSet::new();
        for code in jurisdictions.iter().filter(|code| before.insert(**code)) {
            is_beyond |= !self.enter(Cell { jurisdiction: Some(*code), ..at });
        }
        self.n_beyond += u64::from(is_beyond);
    }

    fn enter(&mut self, cell: Cell) -> bool {
        if self.cells.len() >= self.cells_max && !self.cells.contains_key(&cell) {
            return false;
        }
        *self.cells.entry(cell).or_default() += 1;
        true
    }

    /// Rows by day, then jurisdiction.
    pub(super) fn cells(&self) -> impl Iterator<Item = (&Cell, u64)> {
        self.cells.iter().map(|(cell, n)| (cell, *n))
    }
}

/// Recipients told apart by their keyed hashes, as long as there is room.
#[derive(Debug)]
pub(super) struct Recipients {
    seen: FxHashSet<Box<str>>,
    max: usize,
    is_full: bool,
}

impl Default for Recipients {
    fn default() -> Self {
        Self::new(RECIPIENTS_MAX)
    }
}

impl Recipients {
    fn new(max: usize) -> Self {
        Self { seen: FxHashSet::default(), max, is_full: false }
    }

    pub(super) fn add(&mut self, key: &str) {
        if self.seen.contains(key) {
            return;
        }
        if self.seen.len() < self.max {
            self.seen.insert(key.into());
        } else {
            self.is_full = true;
        }
    }

    /// How many there are; more than that when it is not exact.
    pub(super) fn n(&self) -> usize {
        self.seen.len()
    }

    pub(super) fn is_exact(&self) -> bool {
        !self.is_full
    }
}

/// Different names that were met, sorted; beyond a bound they are dropped.
#[derive(Debug, Default)]
pub(super) struct Names(BTreeSet<String>);

impl Names {
    pub(super) fn add<'n>(&mut self, names: impl IntoIterator<Item = &'n String>) {
        for name in names {
            if self.0.len() < NAMES_MAX && !self.0.contains(name) {
                self.0.insert(name.clone());
            }
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> Code {
        Code::parse(text).unwrap()
    }

    fn at(day: i8) -> Cell {
        let day = Date::new(2026, 11, day).unwrap();
        Cell { day, jurisdiction: None, channel: Some("email"), outcome: "approved" }
    }

    fn rows(tally: &Tally) -> Vec<(i8, &str, u64)> {
        tally.cells().map(|(cell, n)| (cell.day.day(), cell.jurisdiction(), n)).collect()
    }

    #[test]
    fn a_message_counts_in_each_of_its_jurisdictions_and_once_in_all() {
        let mut tally = Tally::default();
        tally.count(at(2), &[code("AA"), code("BB")]);
        tally.count(at(1), &[code("BB")]);
        tally.count(at(2), &[code("AA"), code("AA")]);
        tally.count(at(2), &[]);
        assert_eq!(rows(&tally), [(1, "BB", 1), (2, "-", 1), (2, "AA", 2), (2, "BB", 1)]);
        assert_eq!((tally.n_messages, tally.n_beyond), (4, 0));
    }

    #[test]
    fn channels_and_outcomes_are_rows_of_their_own() {
        let mut tally = Tally::default();
        for cell in [
            at(1),
            Cell { channel: Some("sms"), ..at(1) },
            Cell { outcome: "blocked", ..at(1) },
            at(1),
        ] {
            tally.count(cell, &[code("AA")]);
        }
        let counts: Vec<u64> = tally.cells().map(|(_, n)| n).collect();
        assert_eq!(counts, [2, 1, 1]);
    }

    #[test]
    fn a_full_table_loses_rows_and_no_message() {
        let mut tally = Tally::new(2);
        tally.count(at(1), &[code("AA")]);
        tally.count(at(1), &[code("BB")]);
        tally.count(at(1), &[code("CC"), code("DD")]);
        tally.count(at(1), &[code("AA")]);
        assert_eq!(rows(&tally), [(1, "AA", 2), (1, "BB", 1)]);
        assert_eq!((tally.n_messages, tally.n_beyond), (4, 1));
    }

    #[test]
    fn recipients_are_exact_up_to_the_bound() {
        let mut recipients = Recipients::new(2);
        for key in ["01", "02", "01", "02"] {
            recipients.add(key);
        }
        assert_eq!((recipients.n(), recipients.is_exact()), (2, true), "at the bound");
        recipients.add("03");
        assert_eq!((recipients.n(), recipients.is_exact()), (2, false), "beyond it");
    }

    #[test]
    fn names_are_kept_once() {
        let mut names = Names::default();
        names.add(&["b".to_owned(), "a".to_owned(), "b".to_owned()]);
        assert_eq!(names.iter().collect::<Vec<_>>(), ["a", "b"]);
    }
}

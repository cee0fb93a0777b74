//! The record of Protobuf's numbers, `schemas/consent-gate.numbers`: what was given once stays, whatever becomes of the order of
//! the Avro schemas. What is new takes the next number of its message or enum.

use std::collections::HashMap;
use std::fmt::Write as _;

const HEAD: &str = "\
# Numbers of fields and enum values in consent-gate.proto. A line is never changed and never removed: records that were written
# with it are read by it. `cargo run -p gate-mapping --example schemas` adds the lines of what is new.
";

/// The numbers given so far, in the order they were given.
pub(super) struct Numbers {
    /// Owner, name, number.
    given: Vec<(String, String, u32)>,
    by_name: HashMap<(String, String), u32>,
    highest: HashMap<String, u32>,
}

impl Numbers {
    /// Reads lines `Owner.name = 1`; `None` when one is something else, or a name or a number of an owner stands twice.
    pub(super) fn read(text: &str) -> Option<Self> {
        let mut numbers =
            Self { given: Vec::new(), by_name: HashMap::new(), highest: HashMap::new() };
        for line in text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
            let (path, number) = line.split_once(" = ")?;
            let (owner, name) = path.rsplit_once('.')?;
            let number = number.parse().ok().filter(|number| *number > 0)?;
            let is_taken =
                |it: &(String, String, u32)| it.0 == owner && (it.1 == name || it.2 == number);
            if numbers.given.iter().any(is_taken) {
                return None;
            }
            numbers.give(owner, name, number);
        }
        Some(numbers)
    }

    fn give(&mut self, owner: &str, name: &str, number: u32) {
        self.given.push((owner.to_owned(), name.to_owned(), number));
        self.by_name.insert((owner.to_owned(), name.to_owned()), number);
        let highest = self.highest.entry(owner.to_owned()).or_default();
        *highest = number.max(*highest);
    }

    /// The number of a field of a message, or of a value of an enum.
    pub(super) fn number(&mut self, owner: &str, name: &str) -> u32 {
        if let Some(number) = self.by_name.get(&(owner.to_owned(), name.to_owned())) {
            return *number;
        }
        let next = self.highest.get(owner).copied().unwrap_or_default() + 1;
        self.give(owner, name, next);
        next
    }

    /// The file.
    pub(super) fn text(&self) -> String {
        let mut text = HEAD.to_owned();
        for (owner, name, number) in &self.given {
            // a String takes everything
            let _written = writeln!(text, "{owner}.{name} = {number}");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_given_stays_and_what_is_new_comes_behind_it() {
        let mut numbers = Numbers::read("# a\nA.b = 7\nA.gone = 9\nA.In.b = 1\n").unwrap();
        assert_eq!(numbers.number("A", "new"), 10);
        assert_eq!(numbers.number("A", "b"), 7);
        assert_eq!(numbers.number("A.In", "c"), 2);
        assert_eq!(numbers.number("B", "b"), 1);
        let text = numbers.text();
        assert!(
            text.ends_with("A.b = 7\nA.gone = 9\nA.In.b = 1\nA.new = 10\nA.In.c = 2\nB.b = 1\n")
        );
        for broken in ["A.b", "b = 1", "A.b = 0", "A.b = x", "A.b = 1\nA.c = 1", "A.b = 1\nA.b = 2"]
        {
            assert!(Numbers::read(broken).is_none(), "{broken}");
        }
    }
}

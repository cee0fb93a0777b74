//! What a phone number says about where its holder may be: jurisdictions and zones by prefix.
//!
//! Numbers are portable, so this only adds candidates; it never takes one away.

/// A range of numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NumberRange {
    /// Leading digits of the E.164 number, without `+`.
    pub prefix: String,
    /// Indices of jurisdictions; empty for numbers that belong to no place.
    pub jurisdictions: Vec<u16>,
    /// Index of a zone set; an empty set when the range says nothing.
    pub zones: u16,
}

/// All ranges.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Numbering {
    version: String,
    /// Sorted by prefix.
    ranges: Vec<NumberRange>,
    /// By first digit: the lengths that occur, a bit each. Few do, so few are searched for.
    lengths: [u16; 10],
}

impl Numbering {
    /// From ranges; of two with one prefix the last stands.
    #[must_use]
    pub fn new(version: String, mut ranges: Vec<NumberRange>) -> Self {
        ranges.sort_by(|one, other| one.prefix.cmp(&other.prefix));
        let mut lengths = [0; 10];
        for range in &ranges {
            if let Some(known) = first_digit(&range.prefix).and_then(|d| lengths.get_mut(d)) {
                *known |= 1 << range.prefix.len().min(15);
            }
        }
        Self { version, ranges, lengths }
    }

    /// Version of the data.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The ranges.
    #[must_use]
    pub fn ranges(&self) -> &[NumberRange] {
        &self.ranges
    }

    /// The longest range a number lies in.
    #[must_use]
    pub fn find(&self, e164: &str) -> Option<&NumberRange> {
        let digits = e164.strip_prefix('+')?;
        let lengths = first_digit(digits).and_then(|digit| self.lengths.get(digit)).copied()?;
        let occur = |length: &usize| lengths & (1 << length) != 0;
        (1..=digits.len().min(15)).rev().filter(occur).find_map(|length| {
            let prefix = digits.get(..length)?;
            let at =
                self.ranges.binary_search_by(|range| range.prefix.as_str().cmp(prefix)).ok()?;
            self.ranges.get(at)
        })
    }
}

fn first_digit(digits: &str) -> Option<usize> {
    digits.bytes().next().filter(u8::is_ascii_digit).map(|digit| usize::from(digit - b'0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_prefix_wins() {
        let range = |prefix: &str, zones| NumberRange {
            prefix: prefix.to_owned(),
            jurisdictions: vec![],
            zones,
        };
        let ranges = vec![range("44", 1), range("1", 2), range("1312", 3), range("441481", 4)];
        let numbering = Numbering::new(String::from("test"), ranges);
        let zones = |number: &str| numbering.find(number).map(|range| range.zones);
        assert_eq!(zones("+13125550147"), Some(3));
        assert_eq!(zones("+14155550147"), Some(2));
        assert_eq!(zones("+447700900456"), Some(1));
        assert_eq!(zones("+441481900456"), Some(4));
        assert_eq!(zones("+99"), None);
        assert_eq!(zones("13125550147"), None);
        assert_eq!(zones("+"), None);
    }
}

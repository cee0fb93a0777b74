//! Messages counted by what is asked for. Pure, and of bounded size: what is beyond a bound is counted as `(others)`.

use std::collections::BTreeSet;

use clap::ValueEnum;
use rustc_hash::FxHashMap;
use serde_json::{Map, Value};

/// Different values of one dimension that are told apart.
pub(super) const VALUES_MAX: usize = 10_000;
/// Rows of the table.
pub(super) const ROWS_MAX: usize = 100_000;
/// Characters of a value; what comes behind them does not tell two apart.
const CHARS_MAX: usize = 200;

/// What messages can be counted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(super) enum Dimension {
    /// Approved, blocked or deferred
    Outcome,
    /// The code of the reason
    Reason,
    /// The channel
    Channel,
    /// Each candidate jurisdiction
    Jurisdiction,
    /// `purpose` of the message
    Purpose,
    /// `brand` of the message
    Brand,
    /// The attribute of the message that `decisions.campaign` names
    Campaign,
}

impl Dimension {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Outcome => "outcome",
            Self::Reason => "reason",
            Self::Channel => "channel",
            Self::Jurisdiction => "jurisdiction",
            Self::Purpose => "purpose",
            Self::Brand => "brand",
            Self::Campaign => "campaign",
        }
    }
}

/// A message's value in one dimension.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Label {
    Named(String),
    /// The message names none.
    Absent,
    /// Its value cannot be read.
    Unreadable,
}

impl Label {
    pub(super) fn of(text: Option<&str>) -> Self {
        text.map_or(Self::Absent, |text| Self::Named(text.to_owned()))
    }
}

const ABSENT: &str = "-";
const UNREADABLE: &str = "(unreadable)";
pub(super) const OTHERS: &str = "(others)";

/// The values of a dimension that are told apart.
#[derive(Debug)]
struct Values {
    places: FxHashMap<Box<str>, u32>,
    names: Vec<Box<str>>,
    max: usize,
}

impl Values {
    const FIXED: [&str; 3] = [ABSENT, UNREADABLE, OTHERS];
    const OTHERS: u32 = 2;

    fn new(max: usize) -> Self {
        let names = Self::FIXED.map(Box::from).into();
        Self { places: FxHashMap::default(), names, max }
    }

    fn place(&mut self, label: &Label) -> u32 {
        let name = match label {
            Label::Absent => return 0,
            Label::Unreadable => return 1,
            Label::Named(name) => name,
        };
        let cut = name.char_indices().nth(CHARS_MAX).map_or(name.len(), |(at, _)| at);
        let name = name.get(..cut).unwrap_or(name);
        if let Some(place) = self.places.get(name) {
            return *place;
        }
        if self.places.len() >= self.max {
            return Self::OTHERS;
        }
        let place = u32::try_from(self.names.len()).unwrap_or(Self::OTHERS);
        self.names.push(name.into());
        self.places.insert(name.into(), place);
        place
    }

    fn name(&self, place: u32) -> &str {
        usize::try_from(place).ok().and_then(|place| self.names.get(place)).map_or(OTHERS, |it| it)
    }
}

/// How many messages, by what.
#[derive(Debug)]
pub(super) struct Groups {
    pub(super) by: Vec<Dimension>,
    values: Vec<Values>,
    rows: FxHashMap<Vec<u32>, u64>,
    rows_max: usize,
    pub(super) n_messages: u64,
    /// Messages of which something was counted as `(others)`.
    pub(super) n_others: u64,
}

impl Groups {
    pub(super) fn new(by: Vec<Dimension>) -> Self {
        Self::with_bounds(by, VALUES_MAX, ROWS_MAX)
    }

    fn with_bounds(by: Vec<Dimension>, values_max: usize, rows_max: usize) -> Self {
        let values = by.iter().map(|_| Values::new(values_max)).collect();
        Self { by, values, rows: FxHashMap::default(), rows_max, n_messages: 0, n_others: 0 }
    }

    /// Counts one message, once in each of its rows: with several jurisdictions there are several. `label` is asked for
    /// the labels of a dimension; none is as one that is absent.
    pub(super) fn count(&mut self, mut labels: impl FnMut(Dimension) -> Vec<Label>) {
        self.n_messages += 1;
        let mut keys: BTreeSet<Vec<u32>> = BTreeSet::from([Vec::new()]);
        let mut is_other = false;
        for (dimension, values) in self.by.iter().zip(&mut self.values) {
            let mut of_it: Vec<u32> =
                labels(*dimension).iter().map(|label| values.place(label)).collect();
            if of_it.is_empty() {
                of_it.push(0);
            }
            is_other |= of_it.contains(&Values::OTHERS);
            keys = keys
                .iter()
                .flat_map(|key| of_it.iter().map(|place| [key.as_slice(), &[*place]].concat()))
                .collect();
        }
        for key in keys {
            let has_room = self.rows.len() < self.rows_max || self.rows.contains_key(&key);
            let key = if has_room { key } else { vec![Values::OTHERS; self.by.len()] };
            is_other |= !has_room;
            *self.rows.entry(key).or_default() += 1;
        }
        self.n_others += u64::from(is_other);
    }

    /// Rows with their labels, the largest first.
    pub(super) fn rows(&self) -> Vec<(Vec<&str>, u64)> {
        let named = |key: &Vec<u32>| -> Vec<&str> {
            key.iter().zip(&self.values).map(|(place, values)| values.name(*place)).collect()
        };
        let mut rows: Vec<(Vec<&str>, u64)> =
            self.rows.iter().map(|(key, n)| (named(key), *n)).collect();
        rows.sort_unstable_by(|(one, n_one), (other, n_other)| {
            n_other.cmp(n_one).then_with(|| one.cmp(other))
        });
        rows
    }

    /// A row as JSON; what a message does not name is null.
    pub(super) fn json(&self, labels: &[&str], n: u64) -> Value {
        let mut row = Map::new();
        for (dimension, label) in self.by.iter().zip(labels) {
            let label = if *label == ABSENT { Value::Null } else { Value::from(*label) };
            row.insert(dimension.as_str().to_owned(), label);
        }
        row.insert("messages".to_owned(), n.into());
        Value::Object(row)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(text: &str) -> Label {
        Label::Named(text.to_owned())
    }

    fn count(groups: &mut Groups, brand: Label, jurisdictions: &[&str]) {
        groups.count(|dimension| match dimension {
            Dimension::Brand => vec![brand.clone()],
            _ => jurisdictions.iter().map(|code| named(code)).collect(),
        });
    }

    fn rows(groups: &Groups) -> Vec<(String, u64)> {
        groups.rows().into_iter().map(|(labels, n)| (labels.join(" "), n)).collect()
    }

    #[test]
    fn a_message_counts_once_in_all_and_in_each_of_its_rows() {
        let mut groups = Groups::new(vec![Dimension::Brand, Dimension::Jurisdiction]);
        count(&mut groups, named("tents"), &["GB", "FR", "GB"]);
        count(&mut groups, named("tents"), &["GB"]);
        count(&mut groups, Label::Absent, &[]);
        count(&mut groups, Label::Unreadable, &[]);
        let wanted = [("tents GB", 2), ("(unreadable) -", 1), ("- -", 1), ("tents FR", 1)];
        assert_eq!(rows(&groups), wanted.map(|(labels, n)| (labels.to_owned(), n)));
        assert_eq!((groups.n_messages, groups.n_others), (4, 0));
        let json = groups.json(&["-", "GB"], 2).to_string();
        assert_eq!(json, r#"{"brand":null,"jurisdiction":"GB","messages":2}"#);
    }

    #[test]
    fn what_is_beyond_a_bound_is_counted_as_others_and_never_lost() {
        let mut groups = Groups::with_bounds(vec![Dimension::Brand], 2, 100);
        for brand in ["a", "b", "c", "d", "a"] {
            count(&mut groups, named(brand), &[]);
        }
        let wanted = [("(others)", 2), ("a", 2), ("b", 1)];
        assert_eq!(rows(&groups), wanted.map(|(labels, n)| (labels.to_owned(), n)));
        assert_eq!((groups.n_messages, groups.n_others), (5, 2));

        let by = vec![Dimension::Brand, Dimension::Jurisdiction];
        let mut groups = Groups::with_bounds(by, 100, 2);
        for code in ["GB", "FR", "DE", "IT", "GB"] {
            count(&mut groups, named("a"), &[code]);
        }
        let n: u64 = rows(&groups).iter().map(|(_, n)| n).sum();
        assert_eq!((n, groups.rows.len(), groups.n_others), (5, 3, 2));
        assert!(rows(&groups).contains(&("(others) (others)".to_owned(), 2)));
    }

    #[test]
    fn long_values_take_no_more_room_than_others() {
        let mut groups = Groups::new(vec![Dimension::Brand]);
        count(&mut groups, named(&"é".repeat(5_000)), &[]);
        assert_eq!(rows(&groups), [("é".repeat(CHARS_MAX), 1)]);
    }
}

//! What becomes of one field of ours, compiled: where its value comes from and what is done to it.

use crate::table::{Given, Table};
use crate::target::Takes;
use crate::time::TimeFormat;

/// A field of ours and its rule.
#[derive(Clone, Debug)]
pub(crate) struct Field {
    /// Its number among the targets of its record.
    pub(crate) index: usize,
    /// Its name, for complaints.
    pub(crate) name: &'static str,
    pub(crate) takes: Takes,
    pub(crate) rule: Rule,
}

/// Where a value comes from and what is done to it, in this order.
#[derive(Clone, Debug)]
pub(crate) struct Rule {
    pub(crate) source: Source,
    pub(crate) split: Option<Split>,
    pub(crate) lower: bool,
    /// Whole numbers stand for their digits.
    pub(crate) digits: bool,
    pub(crate) table: Option<Table>,
    pub(crate) time: Option<TimeRule>,
    /// What an absent value is.
    pub(crate) default: Option<Given>,
}

impl Rule {
    /// Only a source.
    pub(crate) const fn of(source: Source) -> Self {
        let (split, table, time, default) = (None, None, None, None);
        Self { source, split, lower: false, digits: false, table, time, default }
    }

    /// Nothing is done to what the source gives.
    pub(crate) const fn changes_nothing(&self) -> bool {
        self.split.is_none()
            && !self.lower
            && !self.digits
            && self.table.is_none()
            && self.time.is_none()
    }

    /// Whether everything it can give stands in the mapping: a constant, or a row of a table.
    pub(crate) fn is_closed(&self) -> bool {
        self.table.is_some()
            || match &self.source {
                Source::Constant(_) => true,
                Source::Value(_) | Source::Join(_) => false,
                Source::FirstOf(rules) => {
                    self.changes_nothing() && rules.iter().all(Self::is_closed)
                }
                Source::Choose(choices) => {
                    self.changes_nothing() && choices.iter().all(|(_, rule)| rule.is_closed())
                }
            }
    }

    /// The places it reads.
    pub(crate) fn places(&self, into: &mut Vec<Place>) {
        match &self.source {
            Source::Value(place) => into.push(*place),
            Source::Constant(_) => {}
            Source::Join(parts) => parts.iter().for_each(|part| {
                if let Part::Of(rule) = part {
                    rule.places(into);
                }
            }),
            Source::FirstOf(rules) => rules.iter().for_each(|rule| rule.places(into)),
            Source::Choose(choices) => choices.iter().for_each(|(conditions, rule)| {
                into.extend(conditions.iter().map(|condition| condition.place));
                rule.places(into);
            }),
        }
    }
}

/// Where a value comes from.
#[derive(Clone, Debug)]
pub(crate) enum Source {
    Value(Place),
    Constant(Given),
    /// All of them, one behind the other; when one is absent, all are.
    Join(Vec<Part>),
    /// The first that is there.
    FirstOf(Vec<Rule>),
    /// The first whose conditions hold.
    Choose(Vec<(Vec<Condition>, Rule)>),
}

/// A part of a joined text.
#[derive(Clone, Debug)]
pub(crate) enum Part {
    Text(Box<str>),
    Of(Rule),
}

/// Where a value was put.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// A slot of the record, its key or headers.
    Record(usize),
    /// A slot of the item.
    Item(usize),
    /// The name of the item in its object.
    ItemName,
    /// The number of the item, from 0.
    ItemNumber,
}

/// A part of a text.
#[derive(Clone, Debug)]
pub(crate) struct Split {
    pub(crate) by: Box<str>,
    pub(crate) take: Take,
}

/// Which part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Take {
    /// Before the first separator; all of it without one.
    First,
    /// After the first separator; nothing without one.
    Rest,
    /// After the last separator; nothing without one.
    Last,
}

/// How a time is written.
#[derive(Clone, Debug)]
pub(crate) enum TimeRule {
    Instant(TimeFormat),
    /// `YYYY-MM-DD`.
    Date,
    /// A date by a pattern.
    DateBy(TimeFormat),
    /// Days since 1970-01-01.
    Days,
}

/// A closed condition.
#[derive(Clone, Debug)]
pub(crate) struct Condition {
    pub(crate) place: Place,
    pub(crate) test: Test,
}

/// What must hold.
#[derive(Clone, Debug)]
pub(crate) enum Test {
    Present,
    Absent,
    OneOf(Vec<Box<str>>),
}

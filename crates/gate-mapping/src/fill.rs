//! From what was found in a record to a record of ours, field by field.

use crate::capture::{Item, Slots};
use crate::raw::Raw;
use crate::rule::{Condition, Field, Part, Place, Rule, Source, Split, Take, Test, TimeRule};
use crate::table::{self, Given, Said};
use crate::target::{Record, Slot, Takes};
use crate::time::{self, Moment, TimeFormat};
use gate_codec::{Class, NUMBER_MAX, Unreadable};
use gate_core::canonical::is_blank;
use std::borrow::Cow;

/// What rules read from.
#[derive(Clone, Copy)]
pub(crate) struct Scene<'s, 'a> {
    pub(crate) slots: &'s Slots<'a>,
    pub(crate) item: Option<(usize, &'s Item<'a>)>,
}

/// What a rule gives.
enum Value<'a> {
    Absent,
    Raw(Raw<'a>),
    Text(Cow<'a, str>),
    Flag(bool),
    Instant(Moment),
    Date(i32),
}

/// Which of the instants that a time may mean counts.
#[derive(Clone, Copy, PartialEq)]
enum Counts {
    First,
    Last,
    /// Only if it means one: nobody knows yet whether this refuses or permits.
    One,
}

impl Counts {
    fn of(action: &str) -> Self {
        match action {
            "inbound_sms" | "registry_status" => Self::One,
            "opt_in_requested" | "opt_in" | "opt_in_confirmed" | "relationship" | "unsuppress"
            | "profile" | "sent" | "address_changed" => Self::First,
            _ => Self::Last,
        }
    }
}

/// Fills a record. The action, if there is one, is the first field.
pub(crate) fn fill<'a, R: Record<'a>>(
    fields: &'a [Field],
    scene: Scene<'_, 'a>,
    record: &mut R,
) -> Result<(), Unreadable> {
    let mut counts = Counts::First;
    for field in fields {
        let of = |class: Class| class.in_field(field.name);
        let value = scene.rule(&field.rule).map_err(of)?;
        let Some(value) = fitting(field.takes, value).map_err(of)? else { continue };
        let Some(slot) = record.slot(field.index) else { continue };
        match (slot, value) {
            (Slot::Text(slot), Fitting::Text(text)) => {
                if field.name == "action" {
                    counts = Counts::of(&text);
                }
                *slot = Some(text);
            }
            (Slot::Flag(slot), Fitting::Flag(flag)) => *slot = Some(flag),
            (Slot::Instant(slot), Fitting::Instant(moment)) => {
                let counts = if field.name == "occurred_at" { counts } else { Counts::First };
                *slot = Some(match counts {
                    Counts::First => moment.first,
                    Counts::Last => moment.last,
                    Counts::One if moment.first == moment.last => moment.first,
                    Counts::One => return Err(of(Class::BadTimestamp)),
                });
            }
            (Slot::Date(slot), Fitting::Date(days)) => *slot = Some(days),
            _ => return Err(of(Class::WrongType)),
        }
    }
    Ok(())
}

/// A value as a field keeps it.
enum Fitting<'a> {
    Text(Cow<'a, str>),
    Flag(bool),
    Instant(Moment),
    Date(i32),
}

/// What a field makes of a value; `None` is absent.
fn fitting<'a>(takes: Takes, value: Value<'a>) -> Result<Option<Fitting<'a>>, Class> {
    let raw = match value {
        Value::Absent => return Ok(None),
        Value::Text(text) => {
            return match takes {
                Takes::Flag | Takes::Instant | Takes::Date => Err(Class::WrongType),
                _ => Ok(Some(text).filter(|text| !is_blank(text)).map(Fitting::Text)),
            };
        }
        Value::Flag(flag) => Raw::Flag(flag),
        Value::Instant(moment) => return Ok(Some(Fitting::Instant(moment))),
        Value::Date(days) => return Ok(Some(Fitting::Date(days))),
        Value::Raw(raw) if raw.is_absent() => return Ok(None),
        Value::Raw(raw) => raw,
    };
    match (takes, raw) {
        (Takes::Flag, Raw::Flag(flag)) => Ok(Some(Fitting::Flag(flag))),
        // a symbol is only ever given by a table or a constant
        (Takes::Symbol(_), _) => Err(Class::UnknownSymbol),
        (Takes::Instant, raw) => {
            TimeFormat::Rfc3339.read(&raw).map(|moment| Some(Fitting::Instant(moment)))
        }
        (Takes::Date, raw) => time::date(&raw).map(|days| Some(Fitting::Date(days))),
        (Takes::TextOrFlag, Raw::Flag(flag)) => {
            Ok(Some(Fitting::Text(Cow::Borrowed(if flag { "true" } else { "false" }))))
        }
        (Takes::Text | Takes::Id | Takes::Version | Takes::TextOrFlag, Raw::Text(text)) => {
            Ok(Some(Fitting::Text(text)))
        }
        (Takes::Id, raw) => match digits(&raw)? {
            None if matches!(raw, Raw::Unwritten) => Ok(None),
            None => Err(Class::InvalidValue),
            text => Ok(text.map(Fitting::Text)),
        },
        (Takes::Version, raw) => Ok(digits(&raw)?.map(Fitting::Text)),
        _ => Err(Class::WrongType),
    }
}

/// The digits of a whole number; `None` of zero, which is what programs write that know no id.
fn digits<'a>(raw: &Raw<'_>) -> Result<Option<Cow<'a, str>>, Class> {
    match raw {
        Raw::Unwritten | Raw::Whole(0) => Ok(None),
        Raw::Whole(number) => match u64::try_from(*number) {
            Ok(number) if number <= NUMBER_MAX => Ok(Some(Cow::Owned(number.to_string()))),
            Ok(_) => Err(Class::InvalidValue),
            Err(_) => Err(Class::WrongType),
        },
        Raw::Great(_) => Err(Class::InvalidValue),
        _ => Err(Class::WrongType),
    }
}

impl<'a> Scene<'_, 'a> {
    /// Whether any of these conditions holds.
    pub(crate) fn any(self, groups: &[Vec<Condition>]) -> Result<bool, Class> {
        for group in groups {
            if self.all(group)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn all(self, conditions: &[Condition]) -> Result<bool, Class> {
        for condition in conditions {
            if !self.holds(condition)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn holds(self, condition: &Condition) -> Result<bool, Class> {
        let raw = self.raw(condition.place);
        match &condition.test {
            // what stands where an object should be may be anything
            _ if matches!(raw, Raw::Elsewhere) => Err(Class::WrongType),
            Test::Present => Ok(!raw.is_absent()),
            Test::Absent => Ok(raw.is_absent()),
            Test::OneOf(_) if raw.is_absent() => Ok(false),
            Test::OneOf(values) => table::is_one_of(&raw, values).ok_or(Class::WrongType),
        }
    }

    /// The value at a place.
    fn raw(self, place: Place) -> Raw<'a> {
        match place {
            Place::Record(slot) => self.slots.get(slot).cloned().unwrap_or_default(),
            Place::Item(slot) => {
                let found = self.item.and_then(|(_, item)| item.slots.get(slot));
                found.cloned().unwrap_or_default()
            }
            Place::ItemName => {
                let name = self.item.and_then(|(_, item)| item.name.clone());
                name.map_or(Raw::Absent, Raw::Text)
            }
            Place::ItemNumber => {
                let number = self.item.and_then(|(number, _)| i64::try_from(number).ok());
                number.map_or(Raw::Absent, Raw::Whole)
            }
        }
    }

    fn rule(self, rule: &'a Rule) -> Result<Value<'a>, Class> {
        let value = match &rule.source {
            Source::Value(place) => Value::Raw(self.raw(*place)),
            Source::Constant(given) => return Ok(constant(given)),
            Source::Join(parts) => self.join(parts)?.map_or(Value::Absent, Value::Text),
            Source::FirstOf(rules) => self.first_of(rules)?,
            Source::Choose(choices) => self.choose(choices)?,
        };
        let value = transformed(rule, value)?;
        match (&rule.default, value) {
            (Some(default), Value::Absent) => Ok(constant(default)),
            (_, value) => Ok(value),
        }
    }

    fn first_of(self, rules: &'a [Rule]) -> Result<Value<'a>, Class> {
        for rule in rules {
            match self.rule(rule)? {
                Value::Absent => {}
                value => return Ok(value),
            }
        }
        Ok(Value::Absent)
    }

    fn choose(self, choices: &'a [(Vec<Condition>, Rule)]) -> Result<Value<'a>, Class> {
        for (conditions, rule) in choices {
            if self.all(conditions)? {
                return self.rule(rule);
            }
        }
        Ok(Value::Absent)
    }

    /// One text of several; nothing when a part is absent, or one id would stand for everybody.
    fn join(self, parts: &'a [Part]) -> Result<Option<Cow<'a, str>>, Class> {
        let mut joined = String::new();
        for part in parts {
            match part {
                Part::Text(text) => joined.push_str(text),
                Part::Of(rule) => match self.rule(rule)? {
                    Value::Absent => return Ok(None),
                    Value::Text(text) | Value::Raw(Raw::Text(text)) => joined.push_str(&text),
                    // the number of an item may be zero, an id may not
                    Value::Raw(Raw::Whole(0)) if is_item_number(rule) => joined.push('0'),
                    Value::Raw(raw) => match digits(&raw)? {
                        Some(text) => joined.push_str(&text),
                        None => return Ok(None),
                    },
                    Value::Flag(_) | Value::Instant(_) | Value::Date(_) => {
                        return Err(Class::WrongType);
                    }
                },
            }
            if joined.len() > gate_core::ADDRESS_BYTES_MAX {
                return Err(Class::InvalidValue);
            }
        }
        Ok(Some(Cow::Owned(joined)))
    }
}

const fn is_item_number(rule: &Rule) -> bool {
    matches!(rule.source, Source::Value(Place::ItemNumber))
}

fn constant(given: &Given) -> Value<'_> {
    match given {
        Given::Text(text) => Value::Text(Cow::Borrowed(text)),
        Given::Flag(flag) => Value::Flag(*flag),
        Given::Absent => Value::Absent,
    }
}

/// A value after everything its rule does to it.
fn transformed<'a>(rule: &'a Rule, value: Value<'a>) -> Result<Value<'a>, Class> {
    let is_absent = match &value {
        Value::Absent => true,
        Value::Raw(raw) => raw.is_absent(),
        Value::Text(text) => is_blank(text),
        Value::Flag(_) | Value::Instant(_) | Value::Date(_) => false,
    };
    if is_absent {
        return Ok(Value::Absent);
    }
    if rule.changes_nothing() {
        return Ok(value); // what a table of an inner rule gave stays known as such
    }
    let mut raw = match value {
        Value::Raw(raw) => raw,
        Value::Text(text) => Raw::Text(text),
        Value::Flag(flag) => Raw::Flag(flag),
        // what inner rules have read already
        done => return Ok(done),
    };
    if let Some(split) = &rule.split {
        match part_of(raw, split)? {
            Some(part) => raw = Raw::Text(part),
            None => return Ok(Value::Absent),
        }
    }
    if rule.lower {
        raw = lower(raw)?;
    }
    if let Some(table) = &rule.table {
        return Ok(match table.look_up(&raw)? {
            Said::Given(given) => constant(given),
            Said::Own(name) => Value::Text(Cow::Borrowed(name)),
        });
    }
    if let Some(time) = &rule.time {
        if matches!(raw, Raw::Unwritten) {
            return Ok(Value::Absent);
        }
        return match time {
            TimeRule::Instant(format) => format.read(&raw).map(Value::Instant),
            TimeRule::Date => time::date(&raw).map(Value::Date),
            TimeRule::DateBy(format) => time::date_by(format, &raw).map(Value::Date),
            TimeRule::Days => time::date_of_days(&raw).map(Value::Date),
        };
    }
    if rule.digits && !matches!(raw, Raw::Text(_)) {
        return Ok(digits(&raw)?.map_or(Value::Absent, Value::Text));
    }
    Ok(Value::Raw(raw))
}

fn part_of<'a>(raw: Raw<'a>, split: &Split) -> Result<Option<Cow<'a, str>>, Class> {
    let Raw::Text(text) = raw else { return Err(Class::WrongType) };
    let by = &*split.by;
    let part = match text {
        Cow::Borrowed(text) => cut(text, by, split.take).map(Cow::Borrowed),
        Cow::Owned(text) => cut(&text, by, split.take).map(|part| Cow::Owned(part.to_owned())),
    };
    Ok(part.filter(|part| !is_blank(part)))
}

fn cut<'t>(text: &'t str, by: &str, take: Take) -> Option<&'t str> {
    match take {
        Take::First => Some(text.split_once(by).map_or(text, |(first, _)| first)),
        Take::Rest => text.split_once(by).map(|(_, rest)| rest),
        Take::Last => text.rsplit_once(by).map(|(_, last)| last),
    }
}

fn lower(raw: Raw<'_>) -> Result<Raw<'_>, Class> {
    let Raw::Text(text) = raw else { return Err(Class::WrongType) };
    if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Ok(Raw::Text(Cow::Owned(text.to_ascii_lowercase())));
    }
    Ok(Raw::Text(text))
}

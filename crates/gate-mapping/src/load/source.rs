//! Sources and transforms: what stands behind a field of ours.

use super::constant;
use super::fields::Loader;
use super::reader::suggestion;
use crate::check::Shape;
use crate::path::{Path, Root};
use crate::rule::{Condition, Part, Place, Rule, Source, Split, Take, Test, TimeRule};
use crate::table::{Given, Table};
use crate::target::{Takes, Target};
use crate::time::{TimeFormat, Unit};
use gate_located::{Key, Node, Value};

/// Most parts, choices, conditions or nested rules of a field.
const PARTS_MAX: usize = 32;
/// Most rows of a table.
const ROWS_MAX: usize = 1_000;
/// Longest text a mapping splits by or joins with, in bytes.
const SEPARATOR_BYTES_MAX: usize = 64;

const SOURCES: [&str; 5] = ["path", "constant", "join", "first_of", "choose"];
const KEYS: [&str; 13] = [
    "path",
    "constant",
    "join",
    "first_of",
    "choose",
    "split",
    "lower",
    "digits",
    "values",
    "otherwise",
    "time",
    "zone",
    "default",
];

/// The entries of a rule.
struct Entries<'n>(Vec<(&'n Key, &'n Node)>);

impl<'n> Entries<'n> {
    fn get(&self, name: &str) -> Option<&'n Node> {
        self.0.iter().find(|(key, _)| key.name == name).map(|(_, node)| *node)
    }
}

impl Loader<'_, '_, '_> {
    /// What gives a field of ours.
    pub(super) fn rule(&mut self, node: &Node, target: &Target) -> Option<Rule> {
        self.nested(node, target, &KEYS)
    }

    fn nested(&mut self, node: &Node, target: &Target, keys: &[&str]) -> Option<Rule> {
        if let Value::Text(text) = &node.value {
            let (place, shape) = self.value(node, text, Some(target))?;
            let mut rule = Rule::of(Source::Value(place));
            self.fit(node, target, &mut rule, &shape, None);
            return Some(rule);
        }
        if !matches!(node.value, Value::Map(_)) {
            let reason = format!("`{}` cannot be {}", target.name, node.value.kind());
            self.reader.problem(
                node.place,
                reason,
                "write `$.path`, or `{constant: …}` for a fixed value",
            );
            return None;
        }
        let entries = Entries(self.reader.entries(node, "a source", keys));
        let (source, shape) = self.source(node, &entries, target)?;
        let mut rule = Rule::of(source);
        self.transforms(&entries, target, &mut rule)?;
        if let Some(shape) = shape {
            self.fit(node, target, &mut rule, &shape, entries.get("values"));
        }
        Some(rule)
    }

    /// Where a value comes from, and what the schema says of it; a source without a shape judges its own parts.
    fn source(
        &mut self,
        node: &Node,
        entries: &Entries<'_>,
        target: &Target,
    ) -> Option<(Source, Option<Shape>)> {
        let named: Vec<_> =
            entries.0.iter().filter(|(key, _)| SOURCES.contains(&key.name.as_str())).collect();
        let [(key, value)] = named.as_slice() else {
            let fix = "write exactly one of: path, constant, join, first_of, choose";
            self.reader.problem(node.place, "has no source, or more than one", fix);
            return None;
        };
        match key.name.as_str() {
            "path" => {
                let text = self.reader.text(value, "a path")?;
                let (place, shape) = self.value(value, text, Some(target))?;
                Some((Source::Value(place), Some(shape)))
            }
            "constant" => {
                let given = constant::given(self.reader, value, target, self.kind)?;
                if let Some((other, _)) =
                    entries.0.iter().find(|(key, _)| key.name != "constant" && key.name != "when")
                {
                    self.reader.problem(
                        other.place,
                        "changes a constant",
                        "write the constant as it shall be",
                    );
                }
                Some((Source::Constant(given), None))
            }
            "join" => Some((Source::Join(self.join(value, target)?), Some(Shape::Text))),
            "first_of" => {
                let rules = self.each_of(value, |loader, node| {
                    let rule = loader.nested(node, target, &KEYS)?;
                    if let Source::Constant(given) = &rule.source {
                        constant::unsaid(loader.reader, node, target, given);
                    }
                    Some(rule)
                })?;
                Some((Source::FirstOf(rules), None))
            }
            _ => {
                let choices = self.each_of(value, |loader, node| loader.choice(node, target))?;
                Some((Source::Choose(choices), None))
            }
        }
    }

    /// The items of a list, each read by `read`.
    fn each_of<T>(
        &mut self,
        node: &Node,
        mut read: impl FnMut(&mut Self, &Node) -> Option<T>,
    ) -> Option<Vec<T>> {
        let items = self.reader.items(node);
        if items.is_empty() || items.len() > PARTS_MAX {
            let reason = format!("must have between 1 and {PARTS_MAX} items");
            self.reader.problem(node.place, reason, "write a list");
            return None;
        }
        let read: Vec<_> = items.iter().filter_map(|item| read(self, item)).collect();
        (read.len() == items.len()).then_some(read)
    }

    fn choice(&mut self, node: &Node, target: &Target) -> Option<(Vec<Condition>, Rule)> {
        let mut keys = KEYS.to_vec();
        keys.push("when");
        let rule = self.nested(node, target, &keys)?;
        let entries = Entries(self.reader.entries(node, "a choice", &keys));
        let conditions = match entries.get("when") {
            Some(when) => self.conditions(when)?,
            None => Vec::new(),
        };
        if let Source::Constant(given) = &rule.source {
            let names = conditions.iter().any(|it| matches!(it.test, Test::OneOf(_)));
            let sees = conditions.iter().any(|it| matches!(it.test, Test::Present));
            // that something is there is no row for a permission
            if !(names || sees && target.name != "action") {
                constant::unsaid(self.reader, node, target, given);
            }
        }
        Some((conditions, rule))
    }

    fn join(&mut self, node: &Node, target: &Target) -> Option<Vec<Part>> {
        let part = Target { takes: Takes::Id, ..*target };
        let parts = self.each_of(node, |loader, node| match &node.value {
            Value::Text(text) if !is_source(text) => {
                if text.len() > SEPARATOR_BYTES_MAX {
                    loader.reader.problem(node.place, "is too long a text", "shorten it");
                }
                Some(Part::Text(text.as_str().into()))
            }
            _ => loader.nested(node, &part, &KEYS).map(Part::Of),
        })?;
        if !parts.iter().any(|part| matches!(part, Part::Of(_))) {
            self.reader.problem(node.place, "joins fixed texts only", "write it as `constant`");
        }
        Some(parts)
    }

    /// Conditions that must all hold.
    pub(super) fn conditions(&mut self, node: &Node) -> Option<Vec<Condition>> {
        self.each_of(node, Self::condition)
    }

    fn condition(&mut self, node: &Node) -> Option<Condition> {
        let entries = self.reader.entries(
            node,
            "a condition",
            &["path", "present", "absent", "equals", "in"],
        );
        let entries = Entries(entries);
        let Some(path) = entries.get("path") else {
            self.reader.problem(
                node.place,
                "a condition has no `path`",
                "write `{path: $.a, in: [x, y]}`",
            );
            return None;
        };
        let text = self.reader.text(path, "a path")?;
        let (place, shape) = self.value(path, text, None)?;
        let tests: Vec<_> = entries.0.iter().filter(|(key, _)| key.name != "path").collect();
        let [(key, value)] = tests.as_slice() else {
            let fix = "write exactly one of: present, absent, equals, in";
            self.reader.problem(
                node.place,
                "a condition tests nothing, or more than one thing",
                fix,
            );
            return None;
        };
        let test = match (key.name.as_str(), &value.value) {
            ("present", Value::Boolean(true)) | ("absent", Value::Boolean(false)) => Test::Present,
            ("absent", Value::Boolean(true)) | ("present", Value::Boolean(false)) => Test::Absent,
            ("equals", Value::Text(_) | Value::Integer(_) | Value::Boolean(_)) | ("in", _) => {
                Test::OneOf(self.each_of(value, |loader, node| loader.plain(node))?)
            }
            _ => {
                self.reader.problem(
                    value.place,
                    "is no test",
                    "write `present: true`, `equals: x` or `in: [x, y]`",
                );
                return None;
            }
        };
        if let (Test::OneOf(values), Shape::Symbols(symbols)) = (&test, &shape) {
            for value in values.iter().filter(|value| !symbols.iter().any(|it| it == &***value)) {
                let fix = suggestion(value, symbols.iter().map(String::as_str));
                self.reader.problem(node.place, format!("the schema's enum has no `{value}`"), fix);
            }
        }
        if let (Test::OneOf(_), Shape::Object | Shape::List | Shape::Bytes | Shape::Fraction) =
            (&test, &shape)
        {
            let reason = format!("`{text}` is {}, which equals nothing", shape.name());
            self.reader.problem(path.place, reason, "correct the path");
        }
        Some(Condition { place, test })
    }

    /// A value of the producer's, as it is compared.
    fn plain(&mut self, node: &Node) -> Option<Box<str>> {
        match &node.value {
            Value::Text(text) => Some(text.trim().into()),
            Value::Integer(number) => Some(number.to_string().into()),
            Value::Boolean(flag) => Some(if *flag { "true" } else { "false" }.into()),
            other => {
                let reason = format!("nothing equals {}", other.kind());
                self.reader.problem(
                    node.place,
                    reason,
                    "write a text, a whole number, `true` or `false`",
                );
                None
            }
        }
    }

    /// The place that a source names, and what the schema says of it.
    fn value(
        &mut self,
        node: &Node,
        text: &str,
        target: Option<&Target>,
    ) -> Option<(Place, Shape)> {
        match text {
            "key" => return Some((self.key(node)?, Shape::Text)),
            "index" if self.has_item() => return Some((Place::ItemNumber, Shape::Whole)),
            "@key" if self.has_item() => return Some((Place::ItemName, Shape::Text)),
            "index" | "@key" => {
                let fix = "add `each: $.list`";
                self.reader.problem(
                    node.place,
                    format!("`{text}` is of the item of `each`, which is not there"),
                    fix,
                );
                return None;
            }
            text => {
                if let Some(name) = text.strip_prefix("header:") {
                    return Some((self.header(node, name)?, Shape::Text));
                }
            }
        }
        let path = match Path::parse(text) {
            Ok(path) => path,
            Err(reason) => {
                let reason = format!("`{text}` is no source: it {reason}");
                let fix =
                    "write `$.path`, `header:NAME`, `key`, or `{constant: …}` for a fixed value";
                self.reader.problem(node.place, reason, fix);
                return None;
            }
        };
        let shape = self.walk(node, &path)?.shape();
        let is_root = path.steps.is_empty() && path.root == Root::Record;
        if is_root {
            self.reader.problem(node.place, "the whole record is no value", "name a field: `$.id`");
            return None;
        }
        Some((self.place(node, &path, target, &shape)?, shape))
    }

    fn transforms(
        &mut self,
        entries: &Entries<'_>,
        target: &Target,
        rule: &mut Rule,
    ) -> Option<()> {
        if let Some(node) = entries.get("split") {
            rule.split = Some(self.split(node)?);
        }
        for (name, flag) in [("lower", &mut rule.lower), ("digits", &mut rule.digits)] {
            if let Some(node) = entries.get(name) {
                *flag = matches!(node.value, Value::Boolean(true));
                if !*flag {
                    self.reader.problem(
                        node.place,
                        format!("`{name}` is `true` or not there"),
                        "write `true`",
                    );
                }
            }
        }
        if let Some(node) = entries.get("values") {
            rule.table = Some(self.table(node, entries.get("otherwise"), target)?);
        } else if let Some(node) = entries.get("otherwise") {
            self.reader.problem(
                node.place,
                "`otherwise` belongs to `values`",
                "add `values`, or use `default`",
            );
        }
        if let Some(node) = entries.get("time") {
            rule.time = Some(self.time(node, entries.get("zone"), target)?);
        } else if let Some(node) = entries.get("zone") {
            self.reader.problem(
                node.place,
                "`zone` belongs to a pattern in `time`",
                "add `time: \"%Y-%m-%d %H:%M:%S\"`",
            );
        }
        if let Some(node) = entries.get("default") {
            let given = constant::given(self.reader, node, target, self.kind)?;
            constant::unsaid(self.reader, node, target, &given);
            rule.default = Some(given);
        }
        Some(())
    }

    fn split(&mut self, node: &Node) -> Option<Split> {
        let entries = Entries(self.reader.entries(node, "`split`", &["by", "take"]));
        let (Some(by), Some(take)) = (entries.get("by"), entries.get("take")) else {
            self.reader.problem(
                node.place,
                "`split` needs `by` and `take`",
                "write `{by: \":\", take: first}`",
            );
            return None;
        };
        let by = self.reader.text(by, "a separator")?;
        if by.is_empty() || by.len() > SEPARATOR_BYTES_MAX {
            self.reader.problem(node.place, "is no separator", "write a short text");
            return None;
        }
        let words = [("first", Take::First), ("rest", Take::Rest), ("last", Take::Last)];
        let take = self.reader.word(take, "part", &words)?;
        Some(Split { by: by.into(), take })
    }

    fn table(&mut self, node: &Node, otherwise: Option<&Node>, target: &Target) -> Option<Table> {
        if let (Value::Text(text), Takes::Symbol(set)) = (&node.value, target.takes)
            && text == "ours"
        {
            if let Some(node) = otherwise {
                self.reader.problem(
                    node.place,
                    "our own names need no `otherwise`",
                    "take it out, or write the rows",
                );
            }
            return Some(Table::Ours(set));
        }
        let Value::Map(entries) = &node.value else {
            self.reader.problem(
                node.place,
                "`values` must be a mapping",
                "write `values: {THEIRS: ours}`",
            );
            return None;
        };
        if entries.is_empty() || entries.len() > ROWS_MAX {
            self.reader.problem(
                node.place,
                format!("must have between 1 and {ROWS_MAX} rows"),
                "write the rows",
            );
            return None;
        }
        let mut rows: Vec<(Box<str>, Given)> = Vec::new();
        for (key, value) in entries {
            let given = constant::given(self.reader, value, target, self.kind)?;
            let name = key.name.trim();
            if name.is_empty() {
                self.reader.problem(
                    key.place,
                    "a blank value is absent and in no table",
                    "use `default`",
                );
            }
            if rows.iter().any(|(known, _)| **known == *name) {
                self.reader.problem(key.place, format!("`{name}` stands twice"), "write it once");
            }
            rows.push((name.into(), given));
        }
        rows.sort_by(|one, other| one.0.cmp(&other.0));
        let otherwise = match otherwise {
            None => None,
            Some(node) => {
                let given = constant::given(self.reader, node, target, self.kind)?;
                constant::unsaid(self.reader, node, target, &given);
                Some(given)
            }
        };
        Some(Table::Rows { rows, otherwise })
    }

    fn time(&mut self, node: &Node, zone: Option<&Node>, target: &Target) -> Option<TimeRule> {
        let is_date = target.takes == Takes::Date;
        if !is_date && target.takes != Takes::Instant {
            let reason = format!("`{}` is no time", target.name);
            self.reader.problem(node.place, reason, "take `time` out");
            return None;
        }
        let text = self.reader.text(node, "`time`")?;
        if text.contains('%') {
            return self.pattern(node, text, zone, is_date);
        }
        if let Some(zone) = zone {
            self.reader.problem(zone.place, "`zone` is for patterns", "take it out");
        }
        let instants = [
            ("rfc3339", TimeRule::Instant(TimeFormat::Rfc3339)),
            ("epoch_s", TimeRule::Instant(TimeFormat::Epoch(Unit::Seconds))),
            ("epoch_ms", TimeRule::Instant(TimeFormat::Epoch(Unit::Millis))),
            ("epoch_us", TimeRule::Instant(TimeFormat::Epoch(Unit::Micros))),
        ];
        let dates = [("date", TimeRule::Date), ("days", TimeRule::Days)];
        let words: Vec<(&str, TimeRule)> = if is_date { dates.to_vec() } else { instants.to_vec() };
        let found = words.iter().find(|(word, _)| *word == text).map(|(_, rule)| rule.clone());
        if found.is_none() {
            let fix = suggestion(text, words.iter().map(|(word, _)| *word));
            let fix = format!("{fix}; or a pattern such as \"%Y-%m-%d %H:%M:%S\" with a `zone`");
            self.reader.problem(
                node.place,
                format!("`{text}` is no way to write `{}`", target.name),
                fix,
            );
        }
        found
    }

    fn pattern(
        &mut self,
        node: &Node,
        text: &str,
        zone: Option<&Node>,
        is_date: bool,
    ) -> Option<TimeRule> {
        let zone = match zone {
            Some(node) => {
                let name = self.reader.text(node, "a zone")?;
                let zone = self.zones.get(name).ok();
                if zone.is_none() {
                    self.reader.problem(
                        node.place,
                        format!("`{name}` is no time zone"),
                        "write `Europe/Berlin` or `UTC`",
                    );
                }
                zone?
            }
            None if is_date => jiff::tz::TimeZone::UTC,
            None => {
                let reason = "a pattern does not say in which zone its time is";
                self.reader.problem(
                    node.place,
                    reason,
                    "add `zone: Europe/Berlin`, or `zone: UTC`",
                );
                return None;
            }
        };
        match TimeFormat::pattern(text, zone) {
            Ok(format) if is_date => Some(TimeRule::DateBy(format)),
            Ok(format) => Some(TimeRule::Instant(format)),
            Err(reason) => {
                self.reader.problem(
                    node.place,
                    format!("the pattern {reason}"),
                    "see the table in docs/mapping.md",
                );
                None
            }
        }
    }

    /// Whether what the schema says can be what the field takes; fills in what the schema knows.
    fn fit(
        &mut self,
        node: &Node,
        target: &Target,
        rule: &mut Rule,
        shape: &Shape,
        values: Option<&Node>,
    ) {
        if let (Some(table), Some(values)) = (&rule.table, values) {
            let problems = rows_against(table, shape, rule.lower, rule.split.is_some());
            for (reason, fix) in problems {
                self.reader.problem(values.place, reason, fix);
            }
            return;
        }
        if rule.time.is_none() && rule.split.is_none() {
            rule.time = match (target.takes, shape) {
                (Takes::Instant, Shape::Instant(unit)) => {
                    Some(TimeRule::Instant(TimeFormat::Epoch(*unit)))
                }
                (Takes::Date, Shape::Days) => Some(TimeRule::Days),
                _ => None,
            };
        }
        let shape = if rule.split.is_some() { &Shape::Text } else { shape };
        if let Some((reason, fix)) = misfit(target, rule, shape) {
            self.reader.problem(node.place, format!("`{}`: {reason}", target.name), fix);
        }
    }
}

/// Whether a text of a `join` is a source, and not a text.
fn is_source(text: &str) -> bool {
    text.starts_with(['$', '@'])
        || text.starts_with("header:")
        || text.starts_with("key:$")
        || matches!(text, "key" | "index")
}

/// Why a value of this shape is nothing for a field.
fn misfit(target: &Target, rule: &Rule, shape: &Shape) -> Option<(String, &'static str)> {
    let has_epoch = matches!(&rule.time, Some(TimeRule::Instant(TimeFormat::Epoch(_))));
    let reason = |fix| Some((format!("this is {}", shape.name()), fix));
    match (target.takes, shape) {
        // it is asked for a table elsewhere
        (_, Shape::Any)
        | (Takes::Symbol(_), Shape::Text | Shape::Symbols(_) | Shape::Whole | Shape::Flag) => None,
        (
            Takes::Text | Takes::Id | Takes::Version | Takes::TextOrFlag,
            Shape::Text | Shape::Symbols(_),
        ) => None,
        (Takes::Id | Takes::Version, Shape::Whole) => None,
        (Takes::Text | Takes::TextOrFlag, Shape::Whole) if rule.digits => None,
        (Takes::Text | Takes::TextOrFlag, Shape::Whole) => {
            reason("add `digits: true` if its digits are meant")
        }
        (Takes::TextOrFlag | Takes::Flag, Shape::Flag) => None,
        (Takes::Flag, Shape::Text | Shape::Symbols(_) | Shape::Whole) => {
            reason("add `values: {\"Y\": true, \"N\": false}`")
        }
        (Takes::Instant, Shape::Instant(unit)) => match &rule.time {
            Some(TimeRule::Instant(TimeFormat::Epoch(stated))) if stated != unit => {
                reason("take `time` out: the schema says another unit")
            }
            Some(TimeRule::Instant(TimeFormat::Epoch(_))) => None,
            _ => reason("take `time` out: the schema says it"),
        },
        (Takes::Instant, Shape::Whole | Shape::Fraction) if has_epoch => None,
        (Takes::Instant, Shape::Whole | Shape::Fraction) => {
            reason("add `time: epoch_s`, `epoch_ms` or `epoch_us`: a number does not say its unit")
        }
        (Takes::Instant | Takes::Date, Shape::Text) => None,
        (Takes::Date, Shape::Days) => match rule.time {
            Some(TimeRule::Days) => None,
            _ => reason("take `time` out: the schema says it"),
        },
        (Takes::Date, Shape::Whole) if matches!(rule.time, Some(TimeRule::Days)) => None,
        _ => reason("name another path, or add a transform that gives what the field takes"),
    }
}

/// What is wrong with a table, given the values that the schema has.
fn rows_against(
    table: &Table,
    shape: &Shape,
    lower: bool,
    is_split: bool,
) -> Vec<(String, String)> {
    let names: Vec<String> = match shape {
        Shape::Symbols(symbols) if lower => {
            symbols.iter().map(|it| it.to_ascii_lowercase()).collect()
        }
        Shape::Symbols(symbols) => symbols.clone(),
        Shape::Flag => vec!["true".to_owned(), "false".to_owned()],
        Shape::Any | Shape::Text | Shape::Whole => return Vec::new(),
        _ if is_split => return Vec::new(),
        other => {
            return vec![(
                format!("this is {}, which is in no table", other.name()),
                "correct the path".into(),
            )];
        }
    };
    if is_split {
        return Vec::new();
    }
    let mut problems = Vec::new();
    match table {
        Table::Ours(set) => {
            for name in names.iter().filter(|name| set.own(name).is_none()) {
                let reason = format!("the schema's value `{name}` is no name of ours");
                problems.push((
                    reason,
                    format!("write the rows; ours are: {}", set.names().join(", ")),
                ));
            }
        }
        Table::Rows { rows, otherwise } => {
            let has = |name: &String| rows.iter().any(|(row, _)| **row == **name);
            for name in names.iter().filter(|name| otherwise.is_none() && !has(name)) {
                let reason = format!("the schema's value `{name}` has no row");
                problems.push((reason, format!("add `{name}: …`, or `otherwise`")));
            }
            for (row, _) in rows.iter().filter(|(row, _)| !names.iter().any(|name| **name == **row))
            {
                let fix = suggestion(row, names.iter().map(String::as_str));
                problems.push((format!("the schema has no value `{row}`"), fix));
            }
        }
    }
    problems
}

//! Sources and transforms: what stands behind a field of ours.

use super::constant;
use super::entries::Entries;
use super::fields::Loader;
use super::fit::{misfit, rows_against};
use super::reader::suggestion;
use crate::check::Shape;
use crate::path::{Path, Root};
use crate::rule::{Condition, Part, Place, Rule, Source, Test, TimeRule};
use crate::target::{Takes, Target};
use crate::time::TimeFormat;
use gate_located::{Node, Value};

/// Most parts, choices, conditions or nested rules of a field.
const PARTS_MAX: usize = 32;
/// Longest text a mapping splits by or joins with, in bytes.
pub(super) const SEPARATOR_BYTES_MAX: usize = 64;

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
        if let (Test::OneOf(values), Shape::Symbols { names: symbols, .. }) = (&test, &shape) {
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

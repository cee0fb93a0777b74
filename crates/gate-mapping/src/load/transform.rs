//! Transforms: what is done to a value.

use super::constant;
use super::entries::Entries;
use super::fields::Loader;
use super::reader::suggestion;
use super::source::SEPARATOR_BYTES_MAX;
use crate::rule::{Rule, Split, Take, TimeRule};
use crate::table::{Given, Table};
use crate::target::{Takes, Target};
use crate::time::{TimeFormat, Unit};
use gate_located::{Node, Value};

/// Most rows of a table.
const ROWS_MAX: usize = 1_000;

impl Loader<'_, '_, '_> {
    pub(super) fn transforms(
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
}

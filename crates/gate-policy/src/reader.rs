//! Walks over a tree and collects every problem instead of stopping at the first.

use crate::problem::{Problem, Remark};
use gate_core::Timestamp;
use gate_core::policy::Period;
use gate_located::{Key, Malformed, Manner, Node, Place, Value, nearest};
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// What packs and case files may look like.
const MANNER: Manner = Manner {
    bytes_max: crate::FILE_BYTES_MAX,
    scalar_bytes_max: 8 << 20,
    nodes_max: 200_000,
    depth_max: 24,
    aliases_max: 20_000,
    // a case file leans on few anchors hundreds of times; what they spell out is bounded above
    leans_on_anchors: true,
    keeps_repeated_keys: false,
    merges: true,
};

/// Edits between a word and the one that may have been meant.
const EDITS_MAX: usize = 2;

/// Reads one file.
pub(crate) struct Reader<'a> {
    file: &'a str,
    text: &'a str,
    problems: Vec<Problem>,
    remarks: Vec<Remark>,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(file: &'a str, text: &'a str) -> Self {
        Self { file, text, problems: Vec::new(), remarks: Vec::new() }
    }

    /// The file as a tree, unless it is none, which is a problem.
    pub(crate) fn document(&mut self) -> Option<Node> {
        match gate_located::parse(self.text, &MANNER) {
            Ok(node) => Some(node),
            Err(Malformed { place, reason }) => {
                let remedy = "correct the YAML; nothing else of this file was checked";
                self.problem(place, format!("is not YAML: {reason}"), remedy);
                None
            }
        }
    }

    pub(crate) fn finish(self) -> (Vec<Problem>, Vec<Remark>) {
        (self.problems, self.remarks)
    }

    pub(crate) fn is_sound(&self) -> bool {
        self.problems.is_empty()
    }

    pub(crate) fn problem(
        &mut self,
        at: Place,
        reason: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        let problem = self.at(at, reason, remedy);
        if !self.problems.contains(&problem) {
            self.problems.push(problem); // an alias is read wherever it is used, its problem named once
        }
    }

    /// Something worth looking at from `since` until `until`, with which the file is valid nevertheless.
    pub(crate) fn remark(
        &mut self,
        at: Place,
        (since, until): (Timestamp, Timestamp),
        reason: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        let remark = Remark { since, until, is_note: false, problem: self.at(at, reason, remedy) };
        if !self.remarks.contains(&remark) {
            self.remarks.push(remark);
        }
    }

    /// The latest remark is a note: nothing is wrong.
    pub(crate) fn as_note(&mut self) {
        if let Some(remark) = self.remarks.last_mut() {
            remark.is_note = true;
        }
    }

    fn at(&self, at: Place, reason: impl Into<String>, remedy: impl Into<String>) -> Problem {
        let excerpt = self.text.lines().nth(at.line.wrapping_sub(1)).unwrap_or_default();
        Problem {
            file: self.file.to_owned(),
            line: at.line,
            column: at.column,
            reason: reason.into(),
            remedy: remedy.into(),
            excerpt: excerpt.chars().take(160).collect(),
        }
    }

    /// The fields of a mapping; anything else is a problem.
    pub(crate) fn fields<'n>(&mut self, node: &'n Node, what: &'static str) -> Fields<'n> {
        let entries = match &node.value {
            Value::Map(entries) => entries.iter().map(|(key, value)| (key, value)).collect(),
            Value::Null => Vec::new(),
            other => {
                self.problem(
                    node.place,
                    format!("{what} must be a mapping, this is {}", other.kind()),
                    "write it as `key: value` lines",
                );
                Vec::new()
            }
        };
        Fields { place: node.place, what, entries }
    }

    /// The items of a list; a single value counts as a list of one.
    pub(crate) fn items<'n>(&mut self, node: &'n Node, what: &str) -> &'n [Node] {
        match &node.value {
            Value::List(items) => items,
            other => {
                self.problem(
                    node.place,
                    format!("{what} must be a list, this is {}", other.kind()),
                    "write `[a, b]` or one `- item` per line",
                );
                &[]
            }
        }
    }

    pub(crate) fn text<'n>(&mut self, node: &'n Node, what: &str) -> Option<&'n str> {
        match &node.value {
            Value::Text(text) if !text.trim().is_empty() => Some(text.trim()),
            other => {
                self.problem(
                    node.place,
                    format!("{what} must be a text, this is {}", other.kind()),
                    "write it in quotes",
                );
                None
            }
        }
    }

    /// `true` or `false`; anything else is a problem and counts as false.
    pub(crate) fn boolean(&mut self, node: &Node, what: &str) -> bool {
        if !matches!(node.value, Value::Boolean(_)) {
            let reason = format!("{what} must be true or false");
            self.problem(node.place, reason, "write `true` or `false`");
        }
        matches!(node.value, Value::Boolean(true))
    }

    pub(crate) fn whole(&mut self, node: &Node, what: &str, range: (i64, i64)) -> Option<i64> {
        match &node.value {
            Value::Integer(number) if (range.0.into()..=range.1.into()).contains(number) => {
                i64::try_from(*number).ok()
            }
            _ => {
                let (from, to) = range;
                self.problem(
                    node.place,
                    format!("{what} must be a whole number from {from} to {to}"),
                    "correct the number",
                );
                None
            }
        }
    }

    /// A word of a closed set.
    pub(crate) fn word<T: Copy>(
        &mut self,
        node: &Node,
        what: &str,
        words: &[(&str, T)],
    ) -> Option<T> {
        // YAML reads a bare `off` as text under strict booleans; `false` is what people mean by it too
        let text = match &node.value {
            Value::Text(text) => text.trim(),
            Value::Boolean(false) => "off",
            other => {
                let kind = other.kind();
                self.problem(
                    node.place,
                    format!("{what} must be a word, this is {kind}"),
                    format!("use one of: {}", list(words.iter().map(|(word, _)| *word))),
                );
                return None;
            }
        };
        if let Some((_, value)) = words.iter().find(|(word, _)| *word == text) {
            return Some(*value);
        }
        let near = nearest(text, words.iter().map(|(word, _)| *word), EDITS_MAX);
        let all = list(words.iter().map(|(word, _)| *word));
        let remedy = near.map_or_else(
            || format!("use one of: {all}"),
            |near| format!("did you mean `{near}`? Known: {all}"),
        );
        self.problem(node.place, format!("unknown {what} `{text}`"), remedy);
        None
    }

    /// A calendar date.
    pub(crate) fn date(&mut self, node: &Node, what: &str) -> Option<Date> {
        let date = match &node.value {
            Value::Text(text) => parse_date(text.trim()),
            _ => None,
        };
        if date.is_none() {
            self.problem(
                node.place,
                format!("{what} must be a calendar date"),
                "write it as YYYY-MM-DD",
            );
        }
        date
    }

    /// A calendar date as the first instant of that day in `zone`.
    pub(crate) fn day(&mut self, node: &Node, what: &str, zone: &TimeZone) -> Option<Timestamp> {
        start_of(self.date(node, what)?, zone)
    }

    /// An ISO 8601 calendar period, or `unlimited`.
    pub(crate) fn period(&mut self, node: &Node, what: &str) -> Option<Period> {
        let text = match &node.value {
            Value::Text(text) => text.trim(),
            _ => "",
        };
        let period = if text == "unlimited" { Some(Period::UNLIMITED) } else { parse_period(text) };
        if period.is_none() {
            self.problem(
                node.place,
                format!("{what} must be a calendar period"),
                "write months or days in ISO 8601, such as P24M, P1Y or P28D, or `unlimited`; no weeks, no hours",
            );
        }
        period
    }
}

/// The fields of one mapping; each is taken once, what is left over is unknown.
pub(crate) struct Fields<'n> {
    pub(crate) place: Place,
    what: &'static str,
    entries: Vec<(&'n Key, &'n Node)>,
}

impl<'n> Fields<'n> {
    /// Takes a field if it is there and not null.
    pub(crate) fn take(&mut self, name: &str) -> Option<&'n Node> {
        let at = self.entries.iter().position(|(key, _)| key.name == name)?;
        let (_, node) = self.entries.remove(at);
        (!matches!(node.value, Value::Null)).then_some(node)
    }

    /// Takes a field that must be there.
    pub(crate) fn require(&mut self, name: &str, reader: &mut Reader<'_>) -> Option<&'n Node> {
        let found = self.take(name);
        if found.is_none() {
            reader.problem(
                self.place,
                format!("{} lacks `{name}`", self.what),
                format!("add a line `{name}: ...`"),
            );
        }
        found
    }

    /// All that is left, for mappings with free keys.
    pub(crate) fn rest(&mut self) -> Vec<(&'n Key, &'n Node)> {
        std::mem::take(&mut self.entries)
    }

    /// Reports what nobody took.
    pub(crate) fn end(self, known: &[&str], reader: &mut Reader<'_>) {
        for (key, _) in self.entries {
            let near = nearest(&key.name, known.iter().copied(), EDITS_MAX);
            let remedy = near.map_or_else(
                || format!("delete it; {} knows: {}", self.what, list(known.iter().copied())),
                |near| format!("did you mean `{near}`?"),
            );
            let reason = format!("unknown key `{}` in {}", key.name, self.what);
            reader.problem(key.place, reason, remedy);
        }
    }
}

pub(crate) fn list<'w>(words: impl Iterator<Item = &'w str>) -> String {
    words.collect::<Vec<_>>().join(", ")
}

/// The first instant of a day in a zone.
pub(crate) fn start_of(date: Date, zone: &TimeZone) -> Option<Timestamp> {
    let midnight = zone.to_ambiguous_timestamp(date.to_datetime(jiff::civil::Time::midnight()));
    let at = midnight.compatible().ok()?;
    Some(Timestamp::from_micros(at.as_microsecond()))
}

/// `YYYY-MM-DD` and nothing wider, within the years the gate knows.
pub(crate) fn parse_date(text: &str) -> Option<Date> {
    let is_plain = text.len() == 10
        && text.bytes().enumerate().all(|(at, byte)| match at {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    let date: Date = is_plain.then(|| text.parse().ok()).flatten()?;
    (1900..2200).contains(&date.year()).then_some(date)
}

fn parse_period(text: &str) -> Option<Period> {
    let mut rest = text.strip_prefix('P')?;
    let (mut months, mut days) = (0i32, 0i32);
    for unit in ['Y', 'M', 'D'] {
        let Some((number, after)) = rest.split_once(unit) else { continue };
        if number.is_empty() || number.len() > 5 || !number.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let number: i32 = number.parse().ok()?;
        match unit {
            'Y' => months += number * 12,
            'M' => months += number,
            _ => days = number,
        }
        rest = after;
    }
    if rest.is_empty() { Period::new(months, days) } else { None }
}

/// An exact rolling window: `PT24H`, `P30D`, at most a year.
pub(crate) fn parse_window(text: &str) -> Option<std::time::Duration> {
    let rest = text.strip_prefix('P')?;
    let hours = match rest.strip_prefix('T') {
        Some(hours) => hours.strip_suffix('H')?.parse::<u64>().ok()?,
        None => rest.strip_suffix('D')?.parse::<u64>().ok()?.checked_mul(24)?,
    };
    (1..=366 * 24).contains(&hours).then(|| std::time::Duration::from_secs(hours * 3600))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_and_windows() {
        assert_eq!(parse_period("P24M"), Period::new(24, 0));
        assert_eq!(parse_period("P1Y6M"), Period::new(18, 0));
        assert_eq!(parse_period("P28D"), Period::new(0, 28));
        for bad in ["", "P", "24M", "P2W", "PT24H", "P1M1Y", "P-1M", "P0D", "P1.5M", "P24Mx"] {
            assert_eq!(parse_period(bad), None, "{bad}");
        }
        assert_eq!(parse_window("PT24H"), Some(std::time::Duration::from_secs(86_400)));
        assert_eq!(parse_window("P30D"), Some(std::time::Duration::from_secs(2_592_000)));
        for bad in ["", "P1M", "PT0H", "P999D", "PT1M", "24H"] {
            assert_eq!(parse_window(bad), None, "{bad}");
        }
    }
}

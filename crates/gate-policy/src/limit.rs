//! What a rule asks besides a basis: content, registry, frequency, hours.

use crate::basis::{basis_set, kinds};
use crate::compile::Names;
use crate::node::{Node, Value};
use crate::reader::{Reader, parse_window};
use gate_core::policy::{
    Cap, ContentSet, Element, FREQUENCY_COUNT_MAX, Holidays, Hours, PerSender, Registry,
    Transactional, Window,
};

const DAYS: [(&str, usize); 7] =
    [("mon", 0), ("tue", 1), ("wed", 2), ("thu", 3), ("fri", 4), ("sat", 5), ("sun", 6)];

pub(crate) fn content(reader: &mut Reader<'_>, node: &Node) -> ContentSet {
    let words: Vec<(&str, Element)> =
        Element::ALL.iter().map(|element| (element.as_str(), *element)).collect();
    let mut out = ContentSet::default();
    for item in reader.items(node, "`content`") {
        if let Some(element) = reader.word(item, "content element", &words) {
            out = out.with(element);
        }
    }
    out
}

pub(crate) fn registry(reader: &mut Reader<'_>, node: &Node) -> Option<Registry> {
    let mut fields = reader.fields(node, "`registry`");
    let mut ids = Vec::new();
    if let Some(node) = fields.require("ids", reader) {
        for item in reader.items(node, "`ids`") {
            if let Some(id) = reader.text(item, "a registry's name") {
                let plain = id.chars().filter(|c| c.is_alphanumeric());
                ids.push(plain.flat_map(char::to_lowercase).collect::<String>());
            }
        }
        if ids.iter().all(String::is_empty) {
            reader.problem(node.place, "the registry has no name", "write `ids: [NAME]`");
        }
    }
    let max_age =
        fields.require("max_age", reader).and_then(|node| reader.period(node, "`max_age`"));
    let mut out = Registry {
        ids,
        max_age: max_age?,
        overridden_by: gate_core::policy::BasisSet::default(),
        overridden_by_kinds: Vec::new(),
    };
    if let Some(node) = fields.take("overridden_by") {
        let mut by = reader.fields(node, "`overridden_by`");
        if let Some(node) = by.take("bases") {
            out.overridden_by = basis_set(reader, node);
        }
        if let Some(node) = by.take("relationships") {
            out.overridden_by_kinds = kinds(reader, node);
        }
        by.end(&["bases", "relationships"], reader);
    }
    fields.end(&["ids", "max_age", "overridden_by"], reader);
    Some(out)
}

pub(crate) fn caps(reader: &mut Reader<'_>, node: &Node) -> Vec<Cap> {
    let per = [
        ("sender", PerSender::Controller),
        ("brand", PerSender::Brand),
        ("subject", PerSender::Subject),
    ];
    let mut out = Vec::new();
    for item in reader.items(node, "`frequency`") {
        let mut fields = reader.fields(item, "a frequency cap");
        let count = fields
            .require("count", reader)
            .and_then(|node| reader.whole(node, "`count`", (1, i64::from(FREQUENCY_COUNT_MAX))));
        let window = fields.require("window", reader).and_then(|node| {
            let window = match &node.value {
                Value::Text(text) => parse_window(text.trim()),
                _ => None,
            };
            if window.is_none() {
                reader.problem(
                    node.place,
                    "`window` must be an exact duration",
                    "write hours or days in ISO 8601, such as PT24H or P30D, at most a year",
                );
            }
            window
        });
        let per = fields.require("per", reader).and_then(|node| reader.word(node, "`per`", &per));
        fields.end(&["count", "window", "per"], reader);
        if let (Some(count), Some(window), Some(per)) = (count, window, per) {
            out.push(Cap { count: u32::try_from(count).unwrap_or(1), window, per });
        }
    }
    out
}

pub(crate) fn transactional(reader: &mut Reader<'_>, node: &Node) -> Transactional {
    let mut fields = reader.fields(node, "`transactional`");
    let mut out = Transactional::default();
    if let Some(node) = fields.take("content") {
        out.content = content(reader, node);
    }
    if let Some(node) = fields.take("consent") {
        out.consent = basis_set(reader, node);
    }
    fields.end(&["content", "consent"], reader);
    out
}

pub(crate) fn hours(reader: &mut Reader<'_>, node: &Node, names: &Names) -> Option<Hours> {
    let mut fields = reader.fields(node, "`hours`");
    for name in ["law", "status", "source", "note"] {
        fields.take(name);
    }
    let mut out = Hours::default();
    if let Some(node) = fields.require("windows", reader) {
        for item in reader.items(node, "`windows`") {
            let mut entry = reader.fields(item, "an entry of `windows`");
            let days = entry.require("days", reader);
            let open = entry.require("open", reader).map(|node| windows(reader, node));
            entry.end(&["days", "open"], reader);
            let (Some(days), Some(open)) = (days, open) else { continue };
            for day in reader.items(days, "`days`") {
                let Some(index) = reader.word(day, "day", &DAYS) else { continue };
                let Some(slot) = out.days.get_mut(index) else { continue };
                if slot.is_empty() {
                    slot.clone_from(&open);
                } else {
                    reader.problem(day.place, "the day is listed twice", "list each day once");
                }
            }
        }
        if out.days.iter().all(Vec::is_empty) {
            reader.problem(
                node.place,
                "no day has an open window",
                "add a window or delete `hours`",
            );
        }
    }
    if let Some(node) = fields.take("holidays") {
        let mut entry = reader.fields(node, "`holidays`");
        let calendar = entry.require("calendar", reader).and_then(|node| {
            let name = reader.text(node, "`calendar`")?;
            let found = names.calendar(name);
            if found.is_none() {
                reader.problem(
                    node.place,
                    format!("no holidays of `{name}` in {}", crate::HOLIDAYS),
                    format!("known calendars: {}", names.calendars()),
                );
            }
            found
        });
        let open = entry.require("open", reader).map(|node| windows(reader, node));
        entry.end(&["calendar", "open"], reader);
        out.holidays = calendar.zip(open).map(|(calendar, open)| Holidays { calendar, open });
    }
    fields.end(&["windows", "holidays", "law", "status", "source", "note"], reader);
    Some(out)
}

fn windows(reader: &mut Reader<'_>, node: &Node) -> Vec<Window> {
    let mut out: Vec<Window> = Vec::new();
    for item in reader.items(node, "`open`") {
        let text = match &item.value {
            Value::Text(text) => text.trim(),
            _ => "",
        };
        let window =
            text.split_once('-').and_then(|(start, end)| Window::new(minute(start)?, minute(end)?));
        match window {
            Some(window) if out.iter().all(|known| known.end() <= window.start()) => {
                out.push(window);
            }
            Some(_) => reader.problem(
                item.place,
                format!("window `{text}` overlaps or precedes another of the same day"),
                "order the windows of a day, without overlap",
            ),
            None => reader.problem(
                item.place,
                format!("impossible window `{text}`"),
                "write \"HH:MM-HH:MM\" in quotes, start before end, `24:00` for midnight; split windows that cross midnight",
            ),
        }
    }
    out
}

fn minute(text: &str) -> Option<u16> {
    let (hour, minute) = text.trim().split_once(':')?;
    let digits = |part: &str| part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
    let (hour, minute): (u16, u16) = (digits(hour) && digits(minute))
        .then(|| Some((hour.parse().ok()?, minute.parse().ok()?)))
        .flatten()?;
    ((hour < 24 && minute < 60) || (hour == 24 && minute == 0)).then_some(hour * 60 + minute)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minutes() {
        for (text, expected) in [
            ("00:00", Some(0)),
            ("08:30", Some(510)),
            ("24:00", Some(1440)),
            ("24:01", None),
            ("8:00", None),
            ("08:60", None),
            ("-1:00", None),
        ] {
            assert_eq!(minute(text), expected, "{text}");
        }
    }
}

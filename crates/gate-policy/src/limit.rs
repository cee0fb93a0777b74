//! What a rule asks besides a basis: content, registry, frequency, hours.

use crate::basis::{basis_set, kinds};
use crate::names::Names;
use crate::reader::{Reader, parse_window};
use gate_core::policy::{
    Cap, Condition, ContentSet, Element, Exemption, FREQUENCY_COUNT_MAX, Holidays, Hours,
    PerSender, Registry, Transactional, Window,
};
use gate_located::{Node, Value};

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

/// One registry, or a list of several.
pub(crate) fn registries(reader: &mut Reader<'_>, node: &Node) -> Vec<Registry> {
    match &node.value {
        Value::List(items) => items.iter().filter_map(|item| registry(reader, item)).collect(),
        _ => registry(reader, node).into_iter().collect(),
    }
}

fn registry(reader: &mut Reader<'_>, node: &Node) -> Option<Registry> {
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
    let overridden_by = fields.take("overridden_by");
    let overridden_by =
        overridden_by.map(|node| exemption(reader, node, "`overridden_by`")).unwrap_or_default();
    let after = fields.take("consent_after_listing");
    let consent_after_listing =
        after.is_some_and(|node| reader.boolean(node, "`consent_after_listing`"));
    if let Some(node) = after.filter(|_| overridden_by.is_empty()) {
        let reason = "nothing overrides the registry, so `consent_after_listing` says nothing";
        reader.problem(node.place, reason, "add `overridden_by`, or delete it");
    }
    fields.end(&["ids", "max_age", "overridden_by", "consent_after_listing"], reader);
    Some(Registry {
        ids,
        max_age: max_age?,
        overridden_by: overridden_by.bases,
        overridden_by_kinds: overridden_by.kinds,
        consent_after_listing,
    })
}

/// `{bases: [...], relationships: {kind: period}}`: what frees from something.
pub(crate) fn exemption(reader: &mut Reader<'_>, node: &Node, what: &'static str) -> Exemption {
    let mut fields = reader.fields(node, what);
    let mut out = Exemption::default();
    if let Some(node) = fields.take("bases") {
        out.bases = basis_set(reader, node);
    }
    if let Some(node) = fields.take("relationships") {
        out.kinds = kinds(reader, node);
    }
    fields.end(&["bases", "relationships"], reader);
    if out.is_empty() && reader.is_sound() {
        reader.problem(
            node.place,
            format!("{what} names neither a basis nor a relationship"),
            "write `{bases: [express]}` or `{relationships: {purchase: P18M}}`, or delete it",
        );
    }
    out
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
        let exempt = fields.take("exempt").map(|node| exemption(reader, node, "`exempt`"));
        fields.end(&["count", "window", "per", "exempt"], reader);
        if let (Some(count), Some(window), Some(per)) = (count, window, per) {
            let count = u32::try_from(count).unwrap_or(1);
            out.push(Cap { count, window, per, exempt: exempt.unwrap_or_default() });
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
    if let Some(node) = fields.take("relationships") {
        let is_flag = |condition: &Condition| matches!(condition, Condition::Flag(..));
        let flags = Condition::all().filter(is_flag);
        let words: Vec<(&str, Condition)> = flags.map(|flag| (flag.as_str(), flag)).collect();
        for item in reader.items(node, "`relationships`") {
            out.relationships.extend(reader.word(item, "flag of a relationship", &words));
        }
        if out.consent.is_empty() {
            reader.problem(
                node.place,
                "`relationships` stand beside `consent`, and there is none",
                "add `consent: [express]`, or delete `relationships`: nothing is needed then",
            );
        }
    }
    fields.end(&["content", "consent", "relationships"], reader);
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
    if let Some(node) = fields.take("exempt") {
        out.exempt = exemption(reader, node, "`exempt`");
    }
    let known = ["windows", "holidays", "exempt", "law", "status", "source", "note"];
    fields.end(&known, reader);
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

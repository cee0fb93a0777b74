//! The data files beside the packs: number prefixes, zones of jurisdictions, holidays, similar product groups.
//!
//! Plain CSV without quotes, comments with `#`; a comment `# version: ...` names the version.

use crate::reader::{Reader, parse_date};
use gate_core::canonical::fold;
use gate_core::policy::{Calendar, Code};
use gate_located::Place;
use jiff::civil::Date;
use std::collections::BTreeMap;

/// A row of the prefixes.
pub(crate) struct Prefix {
    pub(crate) digits: String,
    pub(crate) jurisdictions: Vec<Code>,
    pub(crate) zones: Vec<String>,
    pub(crate) place: Place,
}

/// A row of the zones.
pub(crate) struct ZonesOf {
    pub(crate) code: Code,
    pub(crate) zones: Vec<String>,
    pub(crate) place: Place,
}

/// The lines of a CSV file below its header, with their numbers.
fn rows<'t>(reader: &mut Reader<'_>, text: &'t str, header: &str) -> Vec<(Place, Vec<&'t str>)> {
    let mut lines = text
        .lines()
        .zip(1..)
        .map(|(line, number)| (Place { line: number, column: 1 }, line.trim_end()))
        .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    let n_columns = header.split(',').count();
    match lines.next() {
        Some((_, line)) if line == header => {}
        found => {
            let place = found.map_or(Place::default(), |(place, _)| place);
            reader.problem(place, "the header is missing", format!("begin with `{header}`"));
            return Vec::new();
        }
    }
    let mut out = Vec::new();
    for (place, line) in lines {
        let columns: Vec<&str> = line.splitn(n_columns, ',').map(str::trim).collect();
        if columns.len() == n_columns {
            out.push((place, columns));
        } else {
            let reason = format!("a row needs {n_columns} columns");
            reader.problem(place, reason, format!("write `{header}`"));
        }
    }
    out
}

fn comment<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    text.lines()
        .filter_map(|line| line.strip_prefix("# ")?.strip_prefix(name)?.strip_prefix(": "))
        .map(str::trim)
        .next()
}

fn codes(reader: &mut Reader<'_>, place: Place, text: &str) -> Vec<Code> {
    let mut out = Vec::new();
    for word in text.split_ascii_whitespace() {
        match Code::parse(word) {
            Some(code) => out.push(code),
            None => reader.problem(
                place,
                format!("`{word}` is no jurisdiction code"),
                "use ISO 3166-1 or 3166-2",
            ),
        }
    }
    out
}

pub(crate) fn numbering(reader: &mut Reader<'_>, text: &str) -> (String, Vec<Prefix>) {
    let mut seen = BTreeMap::new();
    let mut out = Vec::new();
    for (place, columns) in rows(reader, text, "prefix,jurisdiction,zones") {
        let [digits, jurisdictions, zones] = columns.as_slice() else { continue };
        if digits.is_empty() || digits.len() > 15 || !digits.bytes().all(|b| b.is_ascii_digit()) {
            reader.problem(place, format!("`{digits}` is no prefix"), "write digits without `+`");
            continue;
        }
        if let Some(line) = seen.insert((*digits).to_owned(), place.line) {
            reader.problem(place, format!("prefix {digits} stands in line {line} too"), "keep one");
        }
        out.push(Prefix {
            digits: (*digits).to_owned(),
            jurisdictions: codes(reader, place, jurisdictions),
            zones: zones.split_ascii_whitespace().map(str::to_owned).collect(),
            place,
        });
    }
    let version = comment(text, "version").unwrap_or_default();
    if version.is_empty() {
        reader.problem(Place::default(), "the version is missing", "add a line `# version: ...`");
    }
    (version.to_owned(), out)
}

pub(crate) fn zones(reader: &mut Reader<'_>, text: &str) -> Vec<ZonesOf> {
    let mut out: Vec<ZonesOf> = Vec::new();
    for (place, columns) in rows(reader, text, "jurisdiction,zones") {
        let [code, zones] = columns.as_slice() else { continue };
        for code in codes(reader, place, code) {
            if out.iter().any(|row| row.code == code) {
                reader.problem(place, format!("{} stands twice", code.as_str()), "keep one row");
            }
            let zones = zones.split_ascii_whitespace().map(str::to_owned).collect();
            out.push(ZonesOf { code, zones, place });
        }
    }
    out
}

pub(crate) fn holidays(reader: &mut Reader<'_>, text: &str) -> Vec<Calendar> {
    let covers = comment(text, "covers").and_then(|covers| {
        let (from, until) = covers.split_once(' ')?;
        Some((parse_date(from)?, parse_date(until.trim())?))
    });
    let Some((covers_from, covers_until)) = covers else {
        reader.problem(
            Place::default(),
            "the covered time is missing",
            "add a line `# covers: YYYY-MM-DD YYYY-MM-DD`: outside of it nobody can say what is a holiday",
        );
        return Vec::new();
    };
    crate::remark::on_calendars(reader, covers_until);
    let (covers_from, covers_until) = (day(covers_from), day(covers_until));
    let mut calendars: BTreeMap<String, Vec<i32>> = BTreeMap::new();
    for (place, columns) in rows(reader, text, "calendar,date,name") {
        let [calendar, date, _] = columns.as_slice() else { continue };
        match parse_date(date).map(day) {
            Some(date) if (covers_from..=covers_until).contains(&date) => {
                calendars.entry((*calendar).to_owned()).or_default().push(date);
            }
            _ => reader.problem(
                place,
                format!("`{date}` is no date within the covered time"),
                "write YYYY-MM-DD",
            ),
        }
    }
    let calendar = |(id, mut dates): (String, Vec<i32>)| {
        dates.sort_unstable();
        dates.dedup();
        Calendar { id, covers_from, covers_until, dates }
    };
    calendars.into_iter().map(calendar).collect()
}

fn day(date: Date) -> i32 {
    date.since(Date::constant(1970, 1, 1)).map_or(0, |span| span.get_days())
}

/// Pairs of product groups that count as similar.
pub(crate) fn product_groups(
    reader: &mut Reader<'_>,
    node: &gate_located::Node,
) -> Vec<(String, String)> {
    let mut fields = reader.fields(node, "the file");
    let mut out = Vec::new();
    if let Some(node) = fields.require("similar", reader) {
        for item in reader.items(node, "`similar`") {
            let mut group = Vec::new();
            for name in reader.items(item, "a list of similar groups") {
                let text = reader.text(name, "a product group");
                group.extend(text.map(|text| fold(text).into_owned()));
            }
            for (index, one) in group.iter().enumerate() {
                out.extend(group.iter().skip(index + 1).map(|other| (one.clone(), other.clone())));
            }
        }
    }
    fields.end(&["similar"], reader);
    out.sort();
    out.dedup();
    out
}

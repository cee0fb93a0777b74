//! Cases of a mapping: a record in, our record or the error out.
//!
//! A file is a YAML list, or JSON Lines. What it prints quotes the file itself, which holds samples: nothing of a topic.

use crate::load::Reader;
use crate::mapping::{Changes, Mapping};
use crate::origin::Origin;
use crate::problem::Problem;
use crate::sample::{json_of, node_of, unhex};
use gate_codec::{
    DecodeError, Encoding, Kind, Salvaged, consent_of_record, encode_consent, encode_message,
    message_of_record, parse_instant,
};
use gate_core::ChannelScope;
use gate_located::{Node, Value as Yaml};
use serde_json::{Map, Value, json};
use std::fmt;

const KEYS: [&str; 10] =
    ["name", "in", "text", "hex", "key", "headers", "expect", "error", "ignored", "who"];

/// A case that came out otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// The line the case begins in.
    pub line: usize,
    /// Its name.
    pub name: String,
    /// What is different.
    pub difference: String,
}

/// How a file of cases came out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Cases as stated.
    pub n_passed: usize,
    /// The others.
    pub mismatches: Vec<Mismatch>,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Mismatch { line, name, difference } in &self.mismatches {
            writeln!(f, "line {line}: {name}: {difference}")?;
        }
        write!(f, "{} passed, {} failed", self.n_passed, self.mismatches.len())
    }
}

/// What comes in.
struct Input {
    value: Option<Vec<u8>>,
    /// Written as JSON, so that it has no framing.
    is_bare: bool,
    key: Option<Vec<u8>>,
    headers: Vec<(String, Vec<u8>)>,
}

/// What must come out.
enum Expected {
    Records(Vec<Value>),
    Ignored,
    Error(String),
}

/// Runs cases.
///
/// # Errors
/// Every problem of the file itself.
pub fn run_cases(mapping: &Mapping, file: &str, text: &str) -> Result<Report, Vec<Problem>> {
    let mut reader = Reader::new(file);
    let cases = read(&mut reader, text);
    let mut report = Report::default();
    for (line, case) in &cases {
        let Some((name, difference)) = run(&mut reader, mapping, case) else { continue };
        match difference {
            None => report.n_passed += 1,
            Some(difference) => report.mismatches.push(Mismatch { line: *line, name, difference }),
        }
    }
    if cases.is_empty() && reader.is_sound() {
        reader.problem(
            gate_located::Place::default(),
            "has no case",
            "write `- in: …` and `expect: …`",
        );
    }
    if reader.is_sound() { Ok(report) } else { Err(reader.finish()) }
}

/// The cases of a file and the lines they begin in.
fn read(reader: &mut Reader<'_>, text: &str) -> Vec<(usize, Node)> {
    if !text.trim_start().starts_with('{') {
        let Some(node) = reader.document(text) else { return Vec::new() };
        if matches!(node.value, Yaml::Null) {
            return Vec::new();
        }
        let items = reader.items(&node).iter();
        return items.map(|item| (item.place.line, item.clone())).collect();
    }
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let mut cases = Vec::new();
    for (index, line) in lines {
        match serde_json::from_str::<Value>(line) {
            Ok(value) => cases.push((index + 1, node_of(&value, index + 1))),
            Err(_) => {
                let place = gate_located::Place { line: index + 1, column: 1 };
                reader.problem(place, "is no JSON", "write one case a line");
            }
        }
    }
    cases
}

/// Runs one case: its name and what is different; `None` when it cannot be read, which is a problem of the file.
fn run(
    reader: &mut Reader<'_>,
    mapping: &Mapping,
    case: &Node,
) -> Option<(String, Option<String>)> {
    let entries = reader.entries(case, "a case", &KEYS);
    let find = |name: &str| entries.iter().find(|(key, _)| key.name == name).map(|(_, node)| *node);
    let name =
        find("name").and_then(|node| reader.text(node, "a name")).unwrap_or("case").to_owned();
    let input = input(reader, mapping, case, &find)?;
    let expected = expected(reader, case, &find)?;
    let headers: Vec<(&str, Option<&[u8]>)> =
        input.headers.iter().map(|(name, value)| (name.as_str(), Some(value.as_slice()))).collect();
    let headers = OfCase(&headers);
    let origin = Origin { key: input.key.as_deref(), headers: &headers };
    let value = input.value.as_deref();
    let got = outcome(mapping, value, origin, input.is_bare);
    let mut difference = compare(&expected, &got);
    if let Some(who) = find("who") {
        let people = mapping.who(value, origin, input.is_bare);
        let got = people.map_or(json!("nobody"), |people| people.iter().map(person).collect());
        let expected = match json_of(who) {
            one @ Value::Object(_) => Value::Array(vec![one]),
            other => other,
        };
        if expected != got {
            difference = difference.or(Some(format!("who: expected {expected}, got {got}")));
        }
    }
    Some((name, difference))
}

struct OfCase<'h>(&'h [(&'h str, Option<&'h [u8]>)]);

impl crate::origin::Headers for OfCase<'_> {
    fn get(&self, at: usize) -> Option<(&str, Option<&[u8]>)> {
        self.0.get(at).copied()
    }
}

fn person(who: &Salvaged<'_>) -> Value {
    let mut fields = Map::new();
    let mut put = |name: &str, text: Option<&str>| {
        text.map(|text| fields.insert(name.to_owned(), text.into()));
    };
    put("contact_id", who.contact_id.as_ref().map(|id| id.expose()));
    put("address", who.address.as_ref().map(|address| address.expose()));
    put("region", who.region.as_deref());
    if let ChannelScope::One(channel) = who.channel {
        put("channel", Some(channel.as_str()));
    }
    Value::Object(fields)
}

fn input<'n>(
    reader: &mut Reader<'_>,
    mapping: &Mapping,
    case: &Node,
    find: &impl Fn(&str) -> Option<&'n Node>,
) -> Option<Input> {
    let (value, is_bare) = match (find("in"), find("text"), find("hex")) {
        (Some(node), None, None) if matches!(node.value, Yaml::Null) => (None, true),
        (Some(node), None, None) => match mapping.encoded(&json_of(node)) {
            Ok(bytes) => (Some(bytes), true),
            Err(reason) => {
                reader.problem(
                    node.place,
                    format!("this record {reason}"),
                    "correct it, or write `hex`",
                );
                return None;
            }
        },
        (None, Some(node), None) => (Some(reader.text(node, "`text`")?.as_bytes().to_vec()), false),
        (None, None, Some(node)) => {
            let bytes = unhex(reader.text(node, "`hex`")?);
            if bytes.is_none() {
                reader.problem(node.place, "is not hexadecimal", "write two digits a byte");
            }
            (Some(bytes?), false)
        }
        _ => {
            reader.problem(
                case.place,
                "a case has one of `in`, `text` and `hex`",
                "write the record as `in`",
            );
            return None;
        }
    };
    let key =
        find("key").and_then(|node| reader.text(node, "a key")).map(|key| key.as_bytes().to_vec());
    let mut headers = Vec::new();
    if let Some(Yaml::Map(entries)) = find("headers").map(|node| &node.value) {
        for (name, value) in entries {
            headers.push((name.name.clone(), reader.text(value, "a header")?.as_bytes().to_vec()));
        }
    }
    Some(Input { value, is_bare, key, headers })
}

fn expected<'n>(
    reader: &mut Reader<'_>,
    case: &Node,
    find: &impl Fn(&str) -> Option<&'n Node>,
) -> Option<Expected> {
    match (find("expect"), find("error"), find("ignored")) {
        (Some(node), None, None) => Some(Expected::Records(match json_of(node) {
            Value::Array(records) => records,
            record => vec![record],
        })),
        (None, Some(node), None) => {
            Some(Expected::Error(reader.text(node, "an error")?.replace('`', "")))
        }
        (None, None, Some(_)) => Some(Expected::Ignored),
        _ => {
            let fix = "write the record of ours as `expect`, or `error: class: field`";
            reader.problem(case.place, "a case has one of `expect`, `error` and `ignored`", fix);
            None
        }
    }
}

/// What comes out, in words.
enum Outcome {
    Records(Vec<Value>),
    Ignored,
    Error { class: &'static str, whole: String },
}

fn outcome<'a>(
    mapping: &'a Mapping,
    value: Option<&'a [u8]>,
    origin: Origin<'a>,
    is_bare: bool,
) -> Outcome {
    let records = match mapping.kind() {
        Kind::ConsentChange => match mapping.changes(value, origin, is_bare) {
            Ok(Changes::Ignored) => return Outcome::Ignored,
            Ok(changes) => changes.into_records().map(consent).collect::<Result<Vec<_>, _>>(),
            Err(error) => Err(error),
        },
        Kind::OutboundMessage => {
            mapping.message(value, origin, is_bare).and_then(message).map(|record| vec![record])
        }
    };
    match records {
        Ok(records) => Outcome::Records(records),
        Err(DecodeError::Unreadable(why)) => {
            Outcome::Error { class: why.class.as_str(), whole: why.to_string().replace('`', "") }
        }
        Err(DecodeError::Unavailable { cause }) => {
            Outcome::Error { class: "unavailable", whole: format!("unavailable: {cause}") }
        }
    }
}

/// A record as JSON, if the gate can read it.
fn consent(record: gate_codec::ConsentChangeRecord<'_>) -> Result<Value, DecodeError> {
    let written = encode_consent(&record, Encoding::Json);
    consent_of_record(record)?;
    Ok(written.ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default())
}

fn message(record: gate_codec::OutboundMessageRecord<'_>) -> Result<Value, DecodeError> {
    let written = encode_message(&record, Encoding::Json);
    message_of_record(record)?;
    Ok(written.ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default())
}

fn compare(expected: &Expected, got: &Outcome) -> Option<String> {
    match (expected, got) {
        (Expected::Ignored, Outcome::Ignored) => None,
        (Expected::Error(expected), Outcome::Error { class, whole }) => {
            let is_same = expected == class || expected == whole;
            (!is_same).then(|| format!("expected {expected}, got {whole}"))
        }
        (Expected::Records(expected), Outcome::Records(got)) => {
            if expected.len() != got.len() {
                return Some(format!("expected {} records, got {}", expected.len(), got.len()));
            }
            let mut pairs = expected.iter().zip(got);
            pairs.find_map(|(expected, got)| different(expected, got, ""))
        }
        (expected, got) => Some(format!("expected {}, got {}", expected.name(), got.name())),
    }
}

impl Expected {
    fn name(&self) -> String {
        match self {
            Self::Records(_) => "a record".to_owned(),
            Self::Ignored => "to be ignored".to_owned(),
            Self::Error(error) => format!("the error {error}"),
        }
    }
}

impl Outcome {
    fn name(&self) -> String {
        match self {
            Self::Records(_) => "a record".to_owned(),
            Self::Ignored => "ignored".to_owned(),
            Self::Error { whole, .. } => format!("the error {whole}"),
        }
    }
}

/// The first field that differs.
fn different(expected: &Value, got: &Value, path: &str) -> Option<String> {
    if let (Value::Object(expected), Value::Object(got)) = (expected, got) {
        let names = expected.keys().chain(got.keys().filter(|name| !expected.contains_key(*name)));
        for name in names {
            let at = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
            let nothing = Value::Null;
            let (one, other) =
                (expected.get(name).unwrap_or(&nothing), got.get(name).unwrap_or(&nothing));
            if let Some(difference) = different(one, other, &at) {
                return Some(difference);
            }
        }
        return None;
    }
    let is_same = expected == got || same_instant(expected, got);
    (!is_same).then(|| format!("`{path}`: expected {expected}, got {got}"))
}

/// The same instant may be written with another offset.
fn same_instant(one: &Value, other: &Value) -> bool {
    let instant = |value: &Value| value.as_str().and_then(parse_instant);
    instant(one).is_some() && instant(one) == instant(other)
}

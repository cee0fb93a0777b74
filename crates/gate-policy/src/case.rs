//! Decision cases as written: JSON Lines, or YAML with defaults. What the records in them mean is the shell's
//! business; this file only finds them, with their lines.

use crate::problem::Problems;
use crate::reader::Reader;
use gate_located::{Node, Place, Value};
use serde_json::{Map, Value as Json};

/// Cases of one file.
#[derive(Clone, Debug, Default)]
pub struct CaseFile {
    /// Its name.
    pub name: String,
    /// The cases, in order.
    pub cases: Vec<RawCase>,
}

/// A case before its records are read.
#[derive(Clone, Debug)]
pub struct RawCase {
    /// Line, from 1.
    pub line: usize,
    /// The case's fields as docs/reference/packs.md names them, defaults filled in.
    pub fields: Map<String, Json>,
}

/// Most cases of a file.
const CASES_MAX: usize = 100_000;

/// Reads cases: a YAML file by its ending, JSON Lines otherwise.
///
/// # Errors
/// Every line that is no case.
pub fn read_cases(name: &str, text: &str) -> Result<CaseFile, Problems> {
    let mut reader = Reader::new(name, text);
    let cases = if name.ends_with(".yaml") || name.ends_with(".yml") {
        yaml(&mut reader)
    } else {
        json_lines(&mut reader, text)
    };
    let (problems, _) = reader.finish();
    if problems.is_empty() {
        Ok(CaseFile { name: name.to_owned(), cases })
    } else {
        Err(Problems(problems))
    }
}

fn json_lines(reader: &mut Reader<'_>, text: &str) -> Vec<RawCase> {
    let mut out = Vec::new();
    for (line, number) in text.lines().zip(1..) {
        if line.trim().is_empty() {
            continue;
        }
        match serde_json::from_str::<Json>(line) {
            Ok(Json::Object(fields)) if out.len() < CASES_MAX => {
                out.push(RawCase { line: number, fields });
            }
            Ok(Json::Object(_)) => {
                let place = Place { line: number, column: 1 };
                reader.problem(place, "too many cases", format!("at most {CASES_MAX} a file"));
                break;
            }
            Ok(_) => {
                let place = Place { line: number, column: 1 };
                reader.problem(place, "a case must be a JSON object", "write one object a line");
            }
            Err(error) => {
                let place = Place { line: number, column: error.column().max(1) };
                // the library's text may quote the input; its position and kind do not
                let reason = format!("is not JSON ({:?} error)", error.classify());
                reader.problem(place, reason, "write one JSON object a line");
            }
        }
    }
    out
}

fn yaml(reader: &mut Reader<'_>) -> Vec<RawCase> {
    let Some(node) = reader.document() else { return Vec::new() };
    let mut fields = reader.fields(&node, "a case file");
    let defaults = fields.take("defaults").map(json).unwrap_or_default();
    let event_defaults = fields.take("event_defaults").map(json).unwrap_or_default();
    fields.take("events");
    let cases = fields.require("cases", reader);
    fields.end(&["defaults", "event_defaults", "events", "cases"], reader);
    let mut out = Vec::new();
    for item in cases.map_or(&[][..], |node| reader.items(node, "`cases`")) {
        let mut case = defaults.clone();
        let own = json(item);
        let is_one = own.get("message").is_some() || own.get("now").is_some();
        merge(&mut case, own);
        let Json::Object(mut fields) = case else {
            reader.problem(item.place, "a case must be a mapping", "write `- id: ...`");
            continue;
        };
        let id = fields.get("id").and_then(Json::as_str).unwrap_or("case").to_owned();
        if !is_one {
            several(&mut fields, &id);
        }
        if let Some(Json::Array(history)) = fields.get_mut("history") {
            for (index, event) in history.iter_mut().enumerate() {
                let mut whole = event_defaults.clone();
                merge(&mut whole, std::mem::take(event));
                if let Json::Object(fields) = &mut whole {
                    fields
                        .entry("event_id")
                        .or_insert_with(|| format!("{id}-{}", index + 1).into());
                }
                *event = whole;
            }
        }
        out.push(RawCase { line: item.place.line, fields });
    }
    out
}

/// The messages of a case that has several: each on top of the default message, with an id of its own.
fn several(fields: &mut Map<String, Json>, id: &str) {
    let Some(Json::Array(messages)) = fields.get("messages") else { return };
    let mut messages = messages.clone();
    let default = fields.remove("message").unwrap_or_default();
    fields.remove("now");
    for (item, number) in messages.iter_mut().zip(1..) {
        let mut whole = Json::Object(Map::from_iter([("message".to_owned(), default.clone())]));
        if let Some(message) = whole.get_mut("message").and_then(Json::as_object_mut) {
            message.insert("message_id".to_owned(), format!("{id}-{number}").into());
        }
        merge(&mut whole, std::mem::take(item));
        *item = whole;
    }
    fields.insert("messages".to_owned(), messages.into());
}

/// Maps are merged field by field; anything else replaces.
fn merge(into: &mut Json, from: Json) {
    match (into, from) {
        (Json::Object(into), Json::Object(from)) => {
            for (key, value) in from {
                merge(into.entry(key).or_insert(Json::Null), value);
            }
        }
        (into, from) => *into = from,
    }
}

/// Beyond 64 bits a number is no longer exact in JSON.
fn number(value: i128) -> Json {
    i64::try_from(value).map_or_else(|_| (value as f64).into(), Json::from)
}

fn json(node: &Node) -> Json {
    match &node.value {
        Value::Null => Json::Null,
        Value::Boolean(value) => (*value).into(),
        Value::Integer(value) => number(*value),
        Value::Float(value) => (*value).into(),
        Value::Text(text) => text.clone().into(),
        Value::List(items) => items.iter().map(json).collect::<Vec<_>>().into(),
        Value::Map(entries) => Json::Object(
            entries.iter().map(|(key, value)| (key.name.clone(), json(value))).collect(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_merged_field_by_field() {
        let text = "defaults: {now: n, message: {a: 1, b: {c: 2}}}\nevent_defaults: {brand: x}\n\
                    cases:\n  - id: A\n    message: {b: {d: 3}}\n    history: [{action: opt_in}, {brand: null}]\n";
        let file = read_cases("x.cases.yaml", text).unwrap();
        let case = Json::Object(file.cases[0].fields.clone());
        assert_eq!(file.cases[0].line, 4);
        assert_eq!(case["message"], serde_json::json!({"a": 1, "b": {"c": 2, "d": 3}}));
        assert_eq!(case["history"][0]["event_id"], "A-1");
        assert_eq!(case["history"][0]["brand"], "x");
        assert_eq!(case["history"][1]["brand"], Json::Null);
    }

    #[test]
    fn the_default_message_stands_under_each_of_several() {
        let text = "defaults: {now: n, message: {message_id: m, a: 1}}\ncases:\n  - id: A\n    messages: [{at: x}, \
                    {at: y, message: {message_id: z, a: 2}}]\n  - {id: B, now: n, messages: []}\n";
        let file = read_cases("x.cases.yaml", text).unwrap();
        let case = Json::Object(file.cases[0].fields.clone());
        assert!(case.get("now").is_none() && case.get("message").is_none(), "{case}");
        assert_eq!(
            case["messages"],
            serde_json::json!([
                {"message": {"message_id": "A-1", "a": 1}, "at": "x"},
                {"message": {"message_id": "z", "a": 2}, "at": "y"},
            ])
        );
        // whoever writes both is told so by whoever runs it
        assert!(file.cases[1].fields.contains_key("now"));
    }

    #[test]
    fn every_bad_line_is_named() {
        let problems = read_cases("x.jsonl", "{}\n[]\n{\"a\": \n{}\n").unwrap_err();
        let lines: Vec<usize> = problems.0.iter().map(|problem| problem.line).collect();
        assert_eq!(lines, [2, 3]);
        let problems = read_cases("x.yaml", "cases: [1]\nother: 2\n").unwrap_err();
        assert_eq!(problems.0.len(), 2, "{problems}");
    }
}

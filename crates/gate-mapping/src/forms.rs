//! The records in other schema languages, generated from the Avro schemas so that they cannot drift: Protobuf and JSON Schema.
//!
//! `cargo run -p gate-mapping --example schemas` writes them into `schemas/`; a test compares. Numbers of Protobuf fields and enum
//! values are places in the Avro schema: it only ever grows at its end.

use apache_avro::Schema;
use apache_avro::schema::{EnumSchema, RecordField, RecordSchema};
use gate_codec::Kind;
use serde_json::{Map, Value, json};
use std::fmt::Write as _;

const KINDS: [Kind; 2] = [Kind::ConsentChange, Kind::OutboundMessage];

/// A generated file: its name in `schemas/` and its text; `None` when our own schemas cannot be parsed.
#[must_use]
pub fn forms() -> Option<Vec<(&'static str, String)>> {
    let [consent, message] = KINDS.map(|kind| gate_codec::parse_schema(kind.schema(), &[]));
    let (consent, message) = (consent?, message?);
    Some(vec![
        ("consent-gate.proto", proto(&[&consent, &message])),
        ("consent-change.schema.json", json_schema(&consent)?),
        ("outbound-message.schema.json", json_schema(&message)?),
    ])
}

/// The type inside of an optional one.
fn solid(schema: &Schema) -> &Schema {
    match schema {
        Schema::Union(union) => {
            union.variants().iter().find(|it| !matches!(it, Schema::Null)).unwrap_or(schema)
        }
        schema => schema,
    }
}

fn proto(schemas: &[&Schema]) -> String {
    let mut text = String::from(
        "// Generated from the Avro schemas: cargo run -p gate-mapping --example schemas\n\
         // A field left out is absent: everything on a refusal, nothing on a permission.\n\
         syntax = \"proto3\";\n\npackage consentgate;\n\nimport \"google/protobuf/timestamp.proto\";\n",
    );
    for schema in schemas {
        if let Schema::Record(record) = schema {
            proto_message(record, &mut text);
        }
    }
    text
}

/// Writes a message and, before it, the types it uses.
fn proto_message(record: &RecordSchema, text: &mut String) {
    for field in &record.fields {
        match solid(&field.schema) {
            Schema::Record(inner) => proto_message(inner, text),
            Schema::Enum(symbols) => proto_enum(symbols, text),
            _ => {}
        }
    }
    text.push('\n');
    comment(record.doc.as_deref(), "", text);
    line(text, &format!("message {} {{", record.name.name()));
    for (index, field) in record.fields.iter().enumerate() {
        comment(field.doc.as_deref(), "  ", text);
        line(text, &format!("  {} {} = {};", proto_type(field), field.name, index + 1));
    }
    line(text, "}");
}

fn proto_enum(symbols: &EnumSchema, text: &mut String) {
    let name = symbols.name.name();
    let prefix = shouting(name);
    line(text, &format!("\nenum {name} {{"));
    line(text, &format!("  {prefix}_UNSPECIFIED = 0;"));
    for (index, symbol) in symbols.symbols.iter().enumerate() {
        line(text, &format!("  {prefix}_{} = {};", symbol.to_uppercase(), index + 1));
    }
    line(text, "}");
}

fn proto_type(field: &RecordField) -> String {
    match solid(&field.schema) {
        Schema::String => "optional string".to_owned(),
        Schema::Bytes => "optional bytes".to_owned(),
        Schema::Boolean => "optional bool".to_owned(),
        Schema::TimestampMicros => "google.protobuf.Timestamp".to_owned(),
        // as in JSON: YYYY-MM-DD
        Schema::Date => "optional string".to_owned(),
        Schema::Map(_) => "map<string, string>".to_owned(),
        Schema::Record(record) => record.name.name().to_owned(),
        Schema::Enum(symbols) => format!("optional {}", symbols.name.name()),
        _ => "reserved".to_owned(),
    }
}

fn comment(doc: Option<&str>, indent: &str, text: &mut String) {
    if let Some(doc) = doc {
        line(text, &format!("{indent}// {doc}"));
    }
}

fn line(text: &mut String, line: &str) {
    // a String takes everything
    let _written = writeln!(text, "{line}");
}

/// `ChannelScope` as `CHANNEL_SCOPE`.
fn shouting(name: &str) -> String {
    let mut shouted = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !shouted.is_empty() {
            shouted.push('_');
        }
        shouted.extend(letter.to_uppercase());
    }
    shouted
}

fn json_schema(schema: &Schema) -> Option<String> {
    let Schema::Record(record) = schema else { return None };
    let Value::Object(object) = json_object(record, true) else { return None };
    let mut whole = Map::new();
    whole.insert("$schema".into(), "https://json-schema.org/draft/2020-12/schema".into());
    whole.insert(
        "$comment".into(),
        "Generated from the Avro schema: cargo run -p gate-mapping --example schemas".into(),
    );
    whole.insert("title".into(), record.name.name().into());
    whole.extend(object);
    if record.fields.iter().any(|field| field.name == "event_id") {
        whole.insert(
            "anyOf".into(),
            json!([{"required": ["contact_id"]}, {"required": ["address"]}]),
        );
    }
    serde_json::to_string_pretty(&whole).ok().map(|text| text + "\n")
}

fn json_object(record: &RecordSchema, is_root: bool) -> Value {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for field in &record.fields {
        let of = solid(&field.schema);
        let is_optional = !std::ptr::eq(of, &field.schema) || field.default.is_some();
        if !is_optional {
            required.push(Value::from(field.name.clone()));
        }
        let mut property = json_type(of, field);
        if let Value::Object(property) = &mut property {
            if let (false, Some(Value::Array(types))) = (is_optional, property.get("type")) {
                let of = types.first().cloned().unwrap_or_default();
                property.insert("type".into(), of);
            }
            if let Some(doc) = &field.doc {
                property.insert("description".into(), doc.clone().into());
            }
        }
        properties.insert(field.name.clone(), property);
    }
    let mut object = Map::new();
    if let (true, Some(doc)) = (is_root, &record.doc) {
        object.insert("description".into(), doc.clone().into());
    }
    object.insert("type".into(), "object".into());
    object.insert("properties".into(), properties.into());
    if !required.is_empty() {
        object.insert("required".into(), required.into());
    }
    object.into()
}

/// What JSON has at the place of an Avro type; null counts as absent.
fn json_type(schema: &Schema, field: &RecordField) -> Value {
    let is_carried = matches!(field.name.as_str(), "body" | "attributes");
    match schema {
        // carried as it is, and never read
        _ if is_carried => json!({}),
        Schema::Boolean => json!({"type": ["boolean", "null"]}),
        Schema::TimestampMicros => json!({"type": ["string", "null"], "format": "date-time"}),
        Schema::Date => json!({"type": ["string", "null"], "format": "date"}),
        Schema::Enum(symbols) => {
            let mut names: Vec<Value> = symbols.symbols.iter().cloned().map(Value::from).collect();
            if field.name == "action" {
                names.push("address_changed".into());
            } else {
                names.push(Value::Null);
            }
            json!({ "enum": names })
        }
        Schema::Map(_) => {
            json!({"type": ["object", "null"], "additionalProperties": {"type": ["string", "boolean", "integer", "null"]}})
        }
        Schema::Record(record) => json_object(record, false),
        _ => json!({"type": ["string", "null"]}),
    }
}

//! JSON Schema (2020-12) of the records that are written to the gate: it accepts what the reader of JSON accepts, as far as a
//! schema can say. Names and what they mean come from the Avro schemas; how JSON writes them comes from [`Written`], which a test
//! compares with the reader, field by field.
//!
//! What a schema cannot say stands in `schemas/README.md`.

use super::{patterns, solid};
use apache_avro::Schema;
use apache_avro::schema::{RecordField, RecordSchema};
use gate_codec::{ID_BYTES_MAX, NAME_BYTES_MAX, NUMBER_MAX};
use gate_core::ADDRESS_BYTES_MAX;
use serde_json::{Map, Value, json};

/// 2000-01-01T00:00:00Z in milliseconds: what a number of an instant is at least.
const MILLIS_MIN: i64 = 946_684_800_000;
/// The last millisecond of the year 2099.
const MILLIS_MAX: i64 = 4_102_444_799_999;
/// An action of JSON alone: old readers could not read Avro's enum with one more symbol.
const ADDRESS_CHANGED: &str = "address_changed";

/// What `evidence` holds that is read. Avro has a map of texts for it.
const EVIDENCE: [(&str, Written); 9] = [
    ("method", Written::Name),
    ("notice_version", Written::Version),
    ("notice_text_sha256", Written::Text),
    ("source", Written::Text),
    ("locale", Written::Text),
    ("template_id", Written::TextOrFlag),
    ("signature", Written::TextOrFlag),
    ("number_named", Written::TextOrFlag),
    ("not_condition_of_purchase", Written::TextOrFlag),
];

/// How JSON writes a text of Avro.
#[derive(Clone, Copy)]
enum Written {
    /// As a text, or its digits as a whole number that every program can hold.
    Id,
    /// As a text of bounded length.
    Name,
    /// As a name that is a dotted path.
    Path,
    /// As a text of an address's length.
    Address,
    /// As a text of any length.
    Text,
    /// As a name, or its digits as a whole number.
    Version,
    /// As a text, `true` or `false`.
    TextOrFlag,
    /// As anything; what is no text counts as absent, a text is a name.
    NameIfAny,
    /// As anything: it is carried, or what is no text counts as absent.
    Anything,
}

impl Written {
    /// That of the field with this path.
    fn of(path: &str) -> Self {
        match path {
            "event_id" | "message_id" | "contact_id" | "recipient.contact_id" => Self::Id,
            "purpose" => Self::Path,
            "address" | "new_address" | "recipient.address" => Self::Address,
            "text" | "smtp" => Self::Text,
            "recipient.kind" => Self::NameIfAny,
            "format" | "source" | "via" | "cause" | "body" | "attributes" => Self::Anything,
            _ => Self::Name,
        }
    }

    fn schema(self) -> Value {
        match self {
            Self::Id => json!({"type": ["string", "integer", "null"], "maxLength": ID_BYTES_MAX,
                "minimum": 1, "maximum": NUMBER_MAX}),
            Self::Name => json!({"type": ["string", "null"], "maxLength": NAME_BYTES_MAX}),
            Self::Path => json!({"type": ["string", "null"], "maxLength": NAME_BYTES_MAX,
                "pattern": patterns::path()}),
            Self::Address => json!({"type": ["string", "null"], "maxLength": ADDRESS_BYTES_MAX}),
            Self::Text => json!({"type": ["string", "null"]}),
            Self::Version => {
                json!({"type": ["string", "integer", "null"], "maxLength": NAME_BYTES_MAX,
                "minimum": 0, "maximum": NUMBER_MAX})
            }
            Self::TextOrFlag => json!({"type": ["string", "boolean", "null"]}),
            Self::NameIfAny => json!({"maxLength": NAME_BYTES_MAX}),
            Self::Anything => json!({}),
        }
    }
}

/// The schema of a consent change; `None` when the Avro schema is no record.
pub(super) fn consent_change(schema: &Schema) -> Option<String> {
    let Schema::Record(record) = schema else { return None };
    let mut whole = root(record);
    let kind = record.fields.iter().find(|field| field.name == "kind")?;
    let kind_of_relationship = json!({"properties": {"kind": symbols(kind, false)}});
    let kind_of_recipient = json!({"properties": {"kind": {"maxLength": NAME_BYTES_MAX}}});
    let (address, new_address) = (given("address"), given("new_address"));
    let is_profile = action_is("profile");
    let rules = json!([
        {"anyOf": [given("contact_id"), address]},
        {"if": is_profile, "then": kind_of_recipient, "else": kind_of_relationship},
        {"if": action_is(ADDRESS_CHANGED), "then": {"allOf": [address, new_address]}},
        {"if": {"allOf": [is_profile, new_address]}, "then": address},
    ]);
    whole.insert("allOf".into(), rules);
    written(&whole)
}

/// The schema of a message; `None` when the Avro schema is no record.
pub(super) fn outbound_message(schema: &Schema) -> Option<String> {
    let Schema::Record(record) = schema else { return None };
    written(&root(record))
}

fn written(whole: &Map<String, Value>) -> Option<String> {
    serde_json::to_string_pretty(whole).ok().map(|text| text + "\n")
}

fn root(record: &RecordSchema) -> Map<String, Value> {
    let mut whole = super::log_json::head(record);
    whole.extend(object(record, "", json!("object")));
    whole
}

/// An object with the fields of a record; `within` is the path of its field.
fn object(record: &RecordSchema, within: &str, types: Value) -> Map<String, Value> {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for field in &record.fields {
        let path = format!("{within}{}", field.name);
        let is_optional = matches!(field.schema, Schema::Union(_)) || field.default.is_some();
        let mut property = property(field, &path, !is_optional);
        if let (Value::Object(property), Some(doc)) = (&mut property, &field.doc) {
            property.insert("description".into(), doc.clone().into());
        }
        if !is_optional {
            required.push(Value::from(field.name.clone()));
        }
        properties.insert(field.name.clone(), property);
    }
    let mut object = Map::new();
    object.insert("type".into(), types);
    object.insert("properties".into(), properties.into());
    if !required.is_empty() {
        object.insert("required".into(), required.into());
    }
    object
}

/// What JSON has at the place of a field. Null and blank count as absent, so where it is required neither will do.
fn property(field: &RecordField, path: &str, is_required: bool) -> Value {
    let object_or_blank = || json!(["object", "string", "null"]);
    match solid(&field.schema) {
        Schema::Boolean => {
            json!({"type": ["boolean", "string", "null"], "pattern": patterns::blank()})
        }
        Schema::TimestampMicros if is_required => required(&instant(), &["string", "integer"]),
        Schema::TimestampMicros => instant(),
        Schema::Date => json!({"type": ["string", "null"], "pattern": patterns::date()}),
        // what it may be depends on the action
        Schema::Enum(_) if path == "kind" => Written::Name.schema(),
        Schema::Enum(_) => symbols(field, is_required),
        // carried, although Avro has a type for it
        Schema::Map(_) if path == "evidence" => evidence(object_or_blank()),
        Schema::Record(record) if is_required => {
            object(record, &format!("{path}."), json!("object")).into()
        }
        Schema::Record(record) => {
            let mut object = object(record, &format!("{path}."), object_or_blank());
            object.insert("pattern".into(), patterns::blank().into());
            object.into()
        }
        _ => {
            let of = Written::of(path);
            match of {
                Written::Id if is_required => required(&of.schema(), &["string", "integer"]),
                _ if is_required => required(&of.schema(), &["string"]),
                _ => of.schema(),
            }
        }
    }
}

/// The same without null and blank.
fn required(schema: &Value, types: &[&str]) -> Value {
    let visible = json!({"type": types, "pattern": patterns::visible()});
    json!({"allOf": [schema, visible]})
}

fn instant() -> Value {
    json!({"type": ["string", "integer", "null"], "pattern": patterns::instant(),
        "minimum": MILLIS_MIN, "maximum": MILLIS_MAX})
}

fn evidence(types: Value) -> Value {
    let of = EVIDENCE.map(|(name, of)| (name.to_owned(), of.schema()));
    let properties: Map<String, Value> = of.into_iter().collect();
    json!({"type": types, "pattern": patterns::blank(), "properties": properties})
}

/// A name of the closed set of a field. `enum` has them as they should be written, `pattern` whatever is read as one of them.
fn symbols(field: &RecordField, is_required: bool) -> Value {
    let Schema::Enum(of) = solid(&field.schema) else { return json!(false) };
    let only_json = (field.name == "action").then_some(ADDRESS_CHANGED);
    let names = || of.symbols.iter().map(String::as_str).chain(only_json);
    let mut listed: Vec<Value> = names().map(Value::from).collect();
    let pattern = if is_required {
        patterns::symbol(names())
    } else {
        listed.push(Value::Null);
        patterns::symbol_or_blank(names())
    };
    json!({"anyOf": [{"enum": listed}, {"type": "string", "pattern": pattern}]})
}

/// The field is there and not blank.
fn given(name: &str) -> Value {
    let there = json!({"type": ["string", "integer"], "pattern": patterns::visible()});
    json!({"properties": {name: there}, "required": [name]})
}

fn action_is(symbol: &str) -> Value {
    let pattern = patterns::symbol([symbol]);
    json!({"properties": {"action": {"type": "string", "pattern": pattern}}, "required": ["action"]})
}

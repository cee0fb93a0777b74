//! JSON Schema of the decision log, for who turns it into JSON: the gate writes it in Avro only. Instants are RFC 3339, bytes
//! base64, as most converters write them.

use super::solid;
use apache_avro::Schema;
use apache_avro::schema::RecordSchema;
use serde_json::{Map, Value, json};

/// The schema; `None` when the Avro schema is no record.
pub(super) fn decision_batch(schema: &Schema) -> Option<String> {
    let Schema::Record(record) = schema else { return None };
    let mut whole = head(record);
    let mut named = Map::new();
    let Value::Object(object) = object(record, &mut named) else { return None };
    whole.extend(object);
    whole.insert("$defs".into(), named.into());
    serde_json::to_string_pretty(&whole).ok().map(|text| text + "\n")
}

/// What every schema begins with.
pub(super) fn head(record: &RecordSchema) -> Map<String, Value> {
    let mut head = Map::new();
    let dialect = "https://json-schema.org/draft/2020-12/schema";
    head.insert("$schema".into(), dialect.into());
    let from = "Generated from the Avro schema: cargo run -p gate-mapping --example schemas";
    head.insert("$comment".into(), from.into());
    head.insert("title".into(), record.name.name().into());
    if let Some(doc) = &record.doc {
        head.insert("description".into(), doc.clone().into());
    }
    head
}

fn object(record: &RecordSchema, named: &mut Map<String, Value>) -> Value {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for field in &record.fields {
        let mut property = value(&field.schema, named);
        if let (Value::Object(property), Some(doc)) = (&mut property, &field.doc) {
            property.insert("description".into(), doc.clone().into());
        }
        if field.default.is_none() {
            required.push(Value::from(field.name.clone()));
        }
        properties.insert(field.name.clone(), property);
    }
    json!({"type": "object", "properties": properties, "required": required})
}

/// A value of this type; named records stand in `$defs`.
fn value(schema: &Schema, named: &mut Map<String, Value>) -> Value {
    if let Schema::Union(_) = schema {
        let solid = value(solid(schema), named);
        return json!({"anyOf": [solid, {"type": "null"}]});
    }
    match schema {
        Schema::Boolean => json!({"type": "boolean"}),
        Schema::Int => json!({"type": "integer", "minimum": i32::MIN, "maximum": i32::MAX}),
        Schema::Long => json!({"type": "integer", "minimum": i64::MIN, "maximum": i64::MAX}),
        Schema::TimestampMicros => json!({"type": "string", "format": "date-time"}),
        Schema::Bytes => json!({"type": "string", "contentEncoding": "base64"}),
        Schema::Array(array) => json!({"type": "array", "items": value(&array.items, named)}),
        Schema::Record(record) => {
            let of = object(record, named);
            named.insert(record.name.name().to_owned(), of);
            reference(record.name.name())
        }
        Schema::Ref { name } => reference(name.name()),
        _ => json!({"type": "string"}),
    }
}

fn reference(name: &str) -> Value {
    json!({"$ref": format!("#/$defs/{name}")})
}

//! An Avro encoder of a page: JSON in, the bytes of a given schema out, Confluent wire format around it.
//!
//! Written by hand so that the test's encoder and the gate's decoder share nothing but the specification.

use serde_json::{Map, Value};
use std::collections::HashMap;

/// A parsed schema.
#[derive(Debug)]
pub(crate) struct Schema {
    root: Value,
    named: HashMap<String, Value>,
}

impl Schema {
    /// Reads an `.avsc` text.
    pub(crate) fn parse(text: &str) -> Self {
        let root: Value = serde_json::from_str(text).expect("a schema is JSON");
        let mut named = HashMap::new();
        collect(&root, &mut named);
        Self { root, named }
    }

    /// The datum of `value`; absent fields take null.
    pub(crate) fn encode(&self, value: &Value) -> Vec<u8> {
        let mut out = Vec::new();
        self.write(&self.root, value, &mut out);
        out
    }

    /// Confluent wire format: a zero byte, the schema's id, the datum.
    pub(crate) fn framed(&self, schema_id: u32, value: &Value) -> Vec<u8> {
        let mut out = vec![0];
        out.extend_from_slice(&schema_id.to_be_bytes());
        out.extend(self.encode(value));
        out
    }

    fn write(&self, schema: &Value, value: &Value, out: &mut Vec<u8>) {
        match schema {
            Value::Array(branches) => {
                let (index, branch) = branches
                    .iter()
                    .enumerate()
                    .find(|(_, branch)| self.fits(branch, value))
                    .unwrap_or_else(|| panic!("no branch of {schema} fits"));
                long(index as i64, out);
                self.write(branch, value, out);
            }
            Value::String(name) => match self.named.get(name) {
                Some(schema) => self.write_complex(schema, value, out),
                None => write_primitive(name, value, out),
            },
            _ => self.write_complex(schema, value, out),
        }
    }

    fn write_complex(&self, schema: &Value, value: &Value, out: &mut Vec<u8>) {
        let kind = schema["type"].as_str().expect("a type");
        match kind {
            "record" => {
                for field in schema["fields"].as_array().expect("fields") {
                    let name = field["name"].as_str().expect("a field has a name");
                    let value = value
                        .get(name)
                        .unwrap_or_else(|| field.get("default").unwrap_or(&Value::Null));
                    self.write(&field["type"], value, out);
                }
            }
            "enum" => {
                let symbols = schema["symbols"].as_array().expect("symbols");
                let index = symbols.iter().position(|symbol| symbol == value);
                long(index.unwrap_or_else(|| panic!("no symbol {value}")) as i64, out);
            }
            "array" => {
                let items = value.as_array().map_or(&[][..], Vec::as_slice);
                if !items.is_empty() {
                    long(items.len() as i64, out);
                    items.iter().for_each(|item| self.write(&schema["items"], item, out));
                }
                long(0, out);
            }
            "map" => {
                let empty = Map::new();
                let entries = value.as_object().unwrap_or(&empty);
                if !entries.is_empty() {
                    long(entries.len() as i64, out);
                }
                for (key, value) in entries {
                    bytes(key.as_bytes(), out);
                    self.write(&schema["values"], value, out);
                }
                long(0, out);
            }
            "long" if value.is_string() => long(micros(value), out),
            "int" if value.is_string() => long(days(value), out),
            _ => write_primitive(kind, value, out),
        }
    }

    /// Whether a union's branch can hold the value.
    fn fits(&self, branch: &Value, value: &Value) -> bool {
        let kind = match branch {
            Value::String(name) => match self.named.get(name) {
                Some(schema) => return self.fits(schema, value),
                None => name.as_str(),
            },
            _ => branch["type"].as_str().unwrap_or(""),
        };
        match kind {
            "null" => value.is_null(),
            "boolean" => value.is_boolean(),
            "int" | "long" => {
                value.is_i64() || (branch.get("logicalType").is_some() && value.is_string())
            }
            "float" | "double" => value.is_number(),
            "string" | "bytes" => value.is_string(),
            "enum" => branch["symbols"].as_array().is_some_and(|symbols| symbols.contains(value)),
            "array" => value.is_array(),
            "record" | "map" => value.is_object(),
            _ => false,
        }
    }
}

fn collect(schema: &Value, named: &mut HashMap<String, Value>) {
    match schema {
        Value::Array(branches) => branches.iter().for_each(|branch| collect(branch, named)),
        Value::Object(object) => {
            if let Some(name) = object.get("name").and_then(Value::as_str)
                && matches!(object["type"].as_str(), Some("record" | "enum" | "fixed"))
            {
                named.insert(name.to_owned(), schema.clone());
                if let Some(namespace) = object.get("namespace").and_then(Value::as_str) {
                    named.insert(format!("{namespace}.{name}"), schema.clone());
                }
            }
            object.values().for_each(|part| collect(part, named));
        }
        _ => {}
    }
}

fn write_primitive(kind: &str, value: &Value, out: &mut Vec<u8>) {
    match kind {
        "null" => {}
        "boolean" => out.push(u8::from(value.as_bool().expect("a boolean"))),
        "int" | "long" => long(value.as_i64().expect("a whole number"), out),
        "double" => out.extend_from_slice(&value.as_f64().expect("a number").to_le_bytes()),
        "string" | "bytes" => bytes(value.as_str().expect("a string").as_bytes(), out),
        _ => panic!("this encoder does not know `{kind}`"),
    }
}

fn micros(value: &Value) -> i64 {
    let text = value.as_str().expect("a timestamp");
    let at: jiff::Timestamp = text.parse().expect("an RFC 3339 timestamp");
    at.as_microsecond()
}

fn days(value: &Value) -> i64 {
    let text = value.as_str().expect("a date");
    let day: jiff::civil::Date = text.parse().expect("a date as YYYY-MM-DD");
    let since = day.since(jiff::civil::date(1970, 1, 1)).expect("dates can be subtracted");
    i64::from(since.get_days())
}

fn bytes(bytes: &[u8], out: &mut Vec<u8>) {
    long(bytes.len() as i64, out);
    out.extend_from_slice(bytes);
}

/// Zigzag, then seven bits a byte.
pub(crate) fn long(value: i64, out: &mut Vec<u8>) {
    let mut rest = ((value << 1) ^ (value >> 63)) as u64;
    while rest >= 0x80 {
        out.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    out.push(rest as u8);
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// The examples of the Avro specification.
    #[test]
    fn it_writes_what_the_specification_shows() {
        let numbers: Vec<_> = [0, -1, 1, -64, 64]
            .iter()
            .map(|n| {
                let mut out = Vec::new();
                long(*n, &mut out);
                out
            })
            .collect();
        assert_eq!(numbers, [vec![0], vec![1], vec![2], vec![0x7f], vec![0x80, 1]]);
        let record = json!({"type": "record", "name": "test", "fields": [
            {"name": "a", "type": "long"}, {"name": "b", "type": "string"},
            {"name": "c", "type": ["null", "string"], "default": null},
            {"name": "d", "type": {"type": "array", "items": "long"}},
            {"name": "e", "type": {"type": "long", "logicalType": "timestamp-micros"}}]});
        let schema = Schema::parse(&record.to_string());
        let value = json!({"a": 27, "b": "foo", "d": [3, 27], "e": "1970-01-01T00:00:00.000001Z"});
        assert_eq!(schema.encode(&value), [0x36, 6, 0x66, 0x6f, 0x6f, 0, 4, 6, 0x36, 0, 2]);
        assert_eq!(
            schema.framed(1, &json!({"a": 0, "b": "", "c": "a", "e": 0}))[..5],
            [0, 0, 0, 0, 1]
        );
    }
}

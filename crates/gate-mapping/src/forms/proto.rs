//! Protobuf: each record as a message, each enum with an UNSPECIFIED in front, which a mapping has no row for: it is unreadable,
//! and never a permission. What only the decision log has is nested in its message, so that names do not meet.

use super::numbers::Numbers;
use super::solid;
use apache_avro::Schema;
use apache_avro::schema::{EnumSchema, RecordField, RecordSchema};
use std::fmt::Write as _;

const HEAD: &str = "\
// Generated from the Avro schemas: cargo run -p gate-mapping --example schemas
// A field left out is absent: everything on a refusal, nothing on a permission. An UNSPECIFIED is no value: do not write it.
syntax = \"proto3\";

package consentgate;

import \"google/protobuf/timestamp.proto\";
";

/// The file: records that are written to the gate, and the one that it writes.
pub(super) fn file(records: &[&Schema], log: &Schema, numbers: &mut Numbers) -> String {
    let mut writer = Writer { text: HEAD.to_owned(), numbers };
    for schema in records {
        if let Schema::Record(record) = schema {
            writer.types_of(record, "");
            writer.message(record, "", false);
        }
    }
    if let Schema::Record(record) = log {
        writer.message(record, "", true);
    }
    writer.text
}

struct Writer<'n> {
    text: String,
    numbers: &'n mut Numbers,
}

impl Writer<'_> {
    /// Writes the types that a record uses, each behind those it uses itself. `within` is the message they are nested in.
    fn types_of(&mut self, record: &RecordSchema, within: &str) {
        for field in &record.fields {
            match item(&field.schema) {
                Schema::Record(inner) => {
                    self.types_of(inner, within);
                    self.message(inner, within, false);
                }
                Schema::Enum(symbols) => self.symbols(symbols, within),
                _ => {}
            }
        }
    }

    fn message(&mut self, record: &RecordSchema, within: &str, has_nested: bool) {
        let name = record.name.name();
        let owner = if within.is_empty() { name.to_owned() } else { format!("{within}.{name}") };
        let indent = indent(within);
        self.line("");
        self.comment(record.doc.as_deref(), indent);
        self.line(&format!("{indent}message {name} {{"));
        if has_nested {
            self.types_of(record, name);
            self.line("");
        }
        for field in &record.fields {
            let has_nulls = has_null_items(&field.schema);
            self.comment(field.doc.as_deref(), &format!("{indent}  "));
            self.comment(has_nulls.then_some("Empty stands for null."), &format!("{indent}  "));
            let number = self.numbers.number(&owner, &field.name);
            self.line(&format!("{indent}  {} {} = {number};", type_of(field), field.name));
        }
        self.line(&format!("{indent}}}"));
    }

    fn symbols(&mut self, symbols: &EnumSchema, within: &str) {
        let name = symbols.name.name();
        let (indent, prefix) = (indent(within), shouting(name));
        self.line("");
        self.line(&format!("{indent}enum {name} {{"));
        self.line(&format!("{indent}  {prefix}_UNSPECIFIED = 0;"));
        for symbol in &symbols.symbols {
            let number = self.numbers.number(name, symbol);
            self.line(&format!("{indent}  {prefix}_{} = {number};", symbol.to_uppercase()));
        }
        self.line(&format!("{indent}}}"));
    }

    fn comment(&mut self, doc: Option<&str>, indent: &str) {
        if let Some(doc) = doc {
            self.line(&format!("{indent}// {doc}"));
        }
    }

    fn line(&mut self, line: &str) {
        // a String takes everything
        let _written = writeln!(self.text, "{line}");
    }
}

fn indent(within: &str) -> &'static str {
    if within.is_empty() { "" } else { "  " }
}

/// What a field holds, or each item of it.
fn item(schema: &Schema) -> &Schema {
    match solid(schema) {
        Schema::Array(array) => solid(&array.items),
        schema => schema,
    }
}

/// Whether items of a list may be null, which Protobuf has nothing for.
fn has_null_items(schema: &Schema) -> bool {
    matches!(solid(schema), Schema::Array(array) if matches!(*array.items, Schema::Union(_)))
}

fn type_of(field: &RecordField) -> String {
    let of = item(&field.schema);
    let name = match of {
        // as in JSON: YYYY-MM-DD
        Schema::String | Schema::Date => "string".to_owned(),
        Schema::Bytes => "bytes".to_owned(),
        Schema::Boolean => "bool".to_owned(),
        Schema::Int => "int32".to_owned(),
        Schema::Long => "int64".to_owned(),
        Schema::TimestampMicros => "google.protobuf.Timestamp".to_owned(),
        Schema::Map(_) => "map<string, string>".to_owned(),
        Schema::Record(record) => record.name.name().to_owned(),
        Schema::Enum(symbols) => symbols.name.name().to_owned(),
        Schema::Ref { name } => name.name().to_owned(),
        // does not compile, which a test says
        _ => "unsupported".to_owned(),
    };
    // messages and maps have presence of their own
    let is_message = matches!(
        of,
        Schema::TimestampMicros | Schema::Map(_) | Schema::Record(_) | Schema::Ref { .. }
    );
    match solid(&field.schema) {
        Schema::Array(_) => format!("repeated {name}"),
        _ if is_message => name,
        _ => format!("optional {name}"),
    }
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

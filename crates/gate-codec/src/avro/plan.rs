//! How data of one writer schema is read: decided once per schema, by rules stricter than Avro's own.
//!
//! apache-avro judges compatibility, serde_avro_fast reads. The fast path applies no promotion, so it is taken
//! only where every field we read has our type; otherwise each datum is walked over by the fast reader (budget,
//! repeated map keys, trailing bytes) and then resolved by apache-avro.
//!
//! Stricter than Avro: a `long` is no instant. Avro would let milliseconds or a bare number pass for our
//! microseconds, and a refusal dated to 1970 is a refusal that any consent overrules.

use crate::class::Class;
use crate::schemas::SCHEMA_BYTES_MAX;
use apache_avro::Schema;
use apache_avro::schema::RecordSchema;
use apache_avro::schema_compatibility::SchemaCompatibility;

/// Deepest nesting of a schema's JSON.
const SCHEMA_DEPTH_MAX: usize = 64;

/// How to read data of one writer schema.
#[derive(Debug)]
pub(crate) enum Plan {
    /// Every field we read has our type: decode directly.
    Fast(Box<serde_avro_fast::Schema>),
    /// Compatible after promotion: walk over it, then resolve.
    Resolve {
        /// The writer schema without logical types, for the walk.
        walk: Box<serde_avro_fast::Schema>,
        /// The writer schema.
        writer: Box<Schema>,
    },
}

impl Plan {
    /// Judges a writer schema against ours. `references` are the texts of the schemas it names from elsewhere.
    pub(crate) fn judge(reader: &Schema, text: &str, references: &[String]) -> Result<Self, Class> {
        Self::compile(reader, text, references).ok_or(Class::IncompatibleSchema)
    }

    fn compile(reader: &Schema, text: &str, references: &[String]) -> Option<Self> {
        let writer = parse_schema(text, references)?;
        SchemaCompatibility::can_read(&writer, reader).ok()?;
        if !units_agree(&writer, reader) {
            return None;
        }
        // without logical types, and with the references spelt out
        let canonical = writer.canonical_form();
        if same_types(&writer, reader) {
            let text = if references.is_empty() { text } else { &canonical };
            if let Ok(schema) = text.parse() {
                return Some(Self::Fast(Box::new(schema)));
            }
        }
        let walk = canonical.parse().ok()?;
        Some(Self::Resolve { walk: Box::new(walk), writer: Box::new(writer) })
    }
}

/// A record's schema from its text and the texts of those it names from elsewhere, spelt out; `None` when it is no record
/// or larger or deeper than is looked at.
#[must_use]
pub fn parse_schema(text: &str, references: &[String]) -> Option<Schema> {
    let texts = || std::iter::once(text).chain(references.iter().map(String::as_str));
    let n_bytes: usize = texts().map(str::len).sum();
    if n_bytes > SCHEMA_BYTES_MAX || texts().any(|text| json_depth(text) > SCHEMA_DEPTH_MAX) {
        return None;
    }
    let (mut schema, others) = Schema::parse_str_with_list(text, references).ok()?;
    if !references.is_empty() {
        schema.denormalize(&others).ok()?;
    }
    // an empty union would be "compatible" with anything
    matches!(schema, Schema::Record(_)).then_some(schema)
}

/// Whether what we read as an instant or a date was written as one, in the same unit.
fn units_agree(writer: &Schema, reader: &Schema) -> bool {
    match (writer, reader) {
        (Schema::Null, _) => true,
        (Schema::Union(writer), reader) => writer.variants().iter().all(|w| units_agree(w, reader)),
        (writer, Schema::Union(reader)) => {
            let mut units = reader.variants().iter().filter(|r| has_unit(r));
            match units.next() {
                Some(unit) => units_agree(writer, unit),
                None => reader.variants().iter().all(|r| units_agree(writer, r)),
            }
        }
        (writer, Schema::TimestampMicros) => matches!(writer, Schema::TimestampMicros),
        (writer, Schema::Date) => matches!(writer, Schema::Date),
        (Schema::Record(writer), Schema::Record(reader)) => reader.fields.iter().all(|r| {
            let written = writer.fields.iter().find(|w| w.name == r.name);
            written.is_none_or(|w| units_agree(&w.schema, &r.schema))
        }),
        _ => true,
    }
}

fn has_unit(schema: &Schema) -> bool {
    matches!(schema, Schema::TimestampMicros | Schema::Date)
}

/// Whether the fast reader sees what resolution would give. Symbols are matched by name while reading, and
/// an absent field reads as our default: null, or the empty map that nobody reads.
fn same_types(writer: &Schema, reader: &Schema) -> bool {
    match (writer, reader) {
        (Schema::Null, Schema::Null)
        | (Schema::Boolean, Schema::Boolean)
        | (Schema::String, Schema::String)
        | (Schema::Bytes, Schema::Bytes)
        | (Schema::TimestampMicros, Schema::TimestampMicros)
        | (Schema::Date, Schema::Date)
        | (Schema::Enum(_), Schema::Enum(_)) => true,
        (Schema::Map(writer), Schema::Map(reader)) => same_types(&writer.types, &reader.types),
        (Schema::Union(writer), Schema::Union(reader)) => {
            writer.variants().iter().all(|w| reader.variants().iter().any(|r| same_types(w, r)))
        }
        (writer, Schema::Union(reader)) => reader.variants().iter().any(|r| same_types(writer, r)),
        (Schema::Record(writer), Schema::Record(reader)) => same_fields(writer, reader),
        _ => false,
    }
}

fn same_fields(writer: &RecordSchema, reader: &RecordSchema) -> bool {
    let read =
        reader.fields.iter().all(|r| match writer.fields.iter().find(|w| w.name == r.name) {
            Some(w) => same_types(&w.schema, &r.schema),
            None => r.default.is_some(),
        });
    let carried = writer.fields.iter().filter(|w| !reader.fields.iter().any(|r| r.name == w.name));
    read && carried.into_iter().all(|w| is_plain(&w.schema))
}

/// Whether a carried field can be walked over without interpreting it.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "a type of Avro that we do not know is not plain"
)]
fn is_plain(schema: &Schema) -> bool {
    match schema {
        Schema::Null
        | Schema::Boolean
        | Schema::Int
        | Schema::Long
        | Schema::Float
        | Schema::Double
        | Schema::Bytes
        | Schema::String
        | Schema::Enum(_)
        | Schema::Fixed(_)
        | Schema::Date
        | Schema::TimestampMillis
        | Schema::TimestampMicros => true,
        Schema::Array(array) => is_plain(&array.items),
        Schema::Map(map) => is_plain(&map.types),
        Schema::Union(union) => union.variants().iter().all(is_plain),
        Schema::Record(record) => record.fields.iter().all(|field| is_plain(&field.schema)),
        _ => false,
    }
}

/// How deeply brackets nest in a JSON text, without parsing it: parsers recurse.
fn json_depth(text: &str) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    let (mut in_string, mut escaped) = (false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'[' | b'{' if !in_string => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

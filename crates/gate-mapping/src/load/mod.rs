//! From a mapping file to a compiled mapping, or everything that is wrong with it.

mod constant;
mod entries;
mod fields;
mod fit;
mod reader;
mod source;
mod transform;

pub use self::reader::FILE_BYTES_MAX;
pub(crate) use self::reader::{Reader, suggestion};

use self::fields::Loader;
use crate::avro::{AvroSource, Framing};
use crate::check::{AvroSchema, Cursor, JsonSchema, Sample};
use crate::mapping::{Format, Mapping};
use crate::problem::Problem;
use crate::wire::{self, ProtoSource};
use gate_codec::Kind;
use gate_located::{Key, Node, Place};
use jiff::tz::TimeZoneDatabase;
use prost_reflect::{DescriptorPool, MessageDescriptor};

/// What a mapping is compiled with.
#[derive(Clone, Copy)]
pub struct Given<'g> {
    /// The name of the mapping's file, for problems.
    pub file: &'g str,
    /// The files that a mapping names, as it names them; `None` when there is none.
    pub files: &'g dyn Fn(&str) -> Option<Vec<u8>>,
    /// The time zones that patterns are read in.
    pub zones: &'g TimeZoneDatabase,
}

const KEYS: [&str; 10] = [
    "description",
    "format",
    "record",
    "schema",
    "message",
    "sample",
    "framing",
    "each",
    "ignore",
    "fields",
];

#[derive(Clone, Copy, PartialEq)]
enum FormatName {
    Json,
    Avro,
    Protobuf,
}

/// The schema a mapping is checked against.
enum Schema {
    None,
    Avro(Box<AvroSchema>),
    Proto(MessageDescriptor),
    Json(JsonSchema),
    Sample(Sample),
}

/// Compiles a mapping.
///
/// # Errors
/// Every problem of the file, in the order of its lines.
pub fn compile(text: &str, given: &Given<'_>) -> Result<Mapping, Vec<Problem>> {
    let mut reader = Reader::new(given.file);
    let mapping = reader.document(text).and_then(|node| head(&mut reader, &node, given));
    match mapping {
        Some(mapping) if reader.is_sound() => Ok(mapping),
        _ => {
            if reader.is_sound() {
                reader.problem(Place::default(), "is no mapping", "see docs/mapping.md");
            }
            Err(reader.finish())
        }
    }
}

fn head(reader: &mut Reader<'_>, node: &Node, given: &Given<'_>) -> Option<Mapping> {
    let entries = reader.entries(node, "a mapping", &KEYS);
    let find = |name: &str| entries.iter().find(|(key, _)| key.name == name).map(|(_, node)| *node);
    let required = |reader: &mut Reader<'_>, name: &str| {
        let found = find(name);
        if found.is_none() {
            reader.problem(
                node.place,
                format!("has no `{name}`"),
                format!("add `{name}:`; see docs/mapping.md"),
            );
        }
        found
    };
    let formats = [
        ("json", FormatName::Json),
        ("avro", FormatName::Avro),
        ("protobuf", FormatName::Protobuf),
    ];
    let format = required(reader, "format").and_then(|it| reader.word(it, "format", &formats));
    let records =
        [("consent_change", Kind::ConsentChange), ("outbound_message", Kind::OutboundMessage)];
    let kind = required(reader, "record").and_then(|it| reader.word(it, "record", &records));
    let fields = required(reader, "fields");
    let (format, kind, fields) = (format?, kind?, fields?);
    let schema = schema(reader, &entries, format, given)?;
    let framing = framing(reader, find("framing"), format);
    let root = match &schema {
        Schema::None => Cursor::Any,
        Schema::Avro(schema) => schema.cursor(),
        Schema::Proto(message) => Cursor::of_message(message.clone()),
        Schema::Json(schema) => schema.cursor(),
        Schema::Sample(sample) => sample.cursor(),
    };
    let mut loader = Loader::new(reader, kind, root, given.zones);
    if let Some(each) = find("each") {
        loader.each(each);
    }
    loader.fields(fields);
    if let Some(ignore) = find("ignore") {
        loader.ignore(ignore);
    }
    let parts = loader.finish(node)?;
    let format = match schema {
        Schema::None | Schema::Json(_) | Schema::Sample(_) => Format::Json,
        Schema::Avro(schema) => Format::Avro(Box::new(AvroSource::new(
            *schema,
            framing,
            &parts.paths,
            parts.each.clone(),
        )?)),
        Schema::Proto(message) => Format::Protobuf(Box::new(ProtoSource::new(
            wire::compile(&message, &parts.tree)?,
            wire::compile(&message, &parts.who_tree)?,
            &message,
            framing,
        ))),
    };
    Some(Mapping::new(kind, format, parts))
}

fn framing(reader: &mut Reader<'_>, node: Option<&Node>, format: FormatName) -> Framing {
    let words = [
        ("confluent", Framing::Confluent),
        ("single-object", Framing::SingleObject),
        ("none", Framing::None),
    ];
    let Some(node) = node else { return Framing::Confluent };
    let framing = reader.word(node, "framing", &words).unwrap_or(Framing::Confluent);
    let is_wrong = match format {
        FormatName::Json => true,
        FormatName::Avro => false,
        FormatName::Protobuf => framing == Framing::SingleObject,
    };
    if is_wrong {
        let fix = "take `framing` out for JSON; Protobuf has `confluent` and `none`";
        reader.problem(node.place, "this format has no such framing", fix);
    }
    framing
}

/// The schema that the mapping names.
fn schema(
    reader: &mut Reader<'_>,
    entries: &[(&Key, &Node)],
    format: FormatName,
    given: &Given<'_>,
) -> Option<Schema> {
    let find = |name: &str| entries.iter().find(|(key, _)| key.name == name).map(|(_, node)| *node);
    let (schema, sample, message) = (find("schema"), find("sample"), find("message"));
    if let Some(node) = message.filter(|_| format != FormatName::Protobuf) {
        reader.problem(node.place, "`message` is for Protobuf", "take it out");
    }
    if let Some(node) = sample.filter(|_| format != FormatName::Json) {
        reader.problem(node.place, "`sample` is for JSON", "name the schema with `schema`");
    }
    let Some(node) = schema else {
        return match (format, sample) {
            (FormatName::Json, None) => Some(Schema::None),
            (FormatName::Json, Some(node)) => {
                let value = json(reader, node, given)?;
                Some(Schema::Sample(Sample(value)))
            }
            (FormatName::Avro | FormatName::Protobuf, _) => {
                let place = entries.first().map_or(Place::default(), |(key, _)| key.place);
                reader.problem(
                    place,
                    "has no `schema`",
                    "name the Avro schema, or the descriptor set",
                );
                None
            }
        };
    };
    match format {
        FormatName::Json => Some(Schema::Json(JsonSchema(json(reader, node, given)?))),
        FormatName::Avro => {
            let bytes = file(reader, node, given)?;
            let schema = std::str::from_utf8(&bytes).ok();
            let schema = schema.and_then(|text| gate_codec::parse_schema(text, &[]));
            if schema.is_none() {
                reader.problem(node.place, "is no Avro schema of a record", "name an .avsc file");
            }
            Some(Schema::Avro(Box::new(AvroSchema::new(schema?))))
        }
        FormatName::Protobuf => {
            let bytes = file(reader, node, given)?;
            let Ok(pool) = DescriptorPool::decode(bytes.as_slice()) else {
                let fix = "write one with `protoc --descriptor_set_out=FILE --include_imports`";
                reader.problem(node.place, "is no descriptor set", fix);
                return None;
            };
            let Some(name) = message.and_then(|node| reader.text(node, "message")) else {
                reader.problem(node.place, "has no `message`", "add `message: package.Name`");
                return None;
            };
            let found = pool.get_message_by_name(name);
            if found.is_none() {
                let names: Vec<_> =
                    pool.all_messages().map(|it| it.full_name().to_owned()).collect();
                let fix = suggestion(name, names.iter().map(String::as_str));
                let place = message.map_or(node.place, |node| node.place);
                reader.problem(place, format!("the descriptor set has no `{name}`"), fix);
            }
            Some(Schema::Proto(found?))
        }
    }
}

fn file(reader: &mut Reader<'_>, node: &Node, given: &Given<'_>) -> Option<Vec<u8>> {
    let name = reader.text(node, "a file name")?;
    let bytes = (given.files)(name);
    if bytes.is_none() {
        reader.problem(
            node.place,
            format!("`{name}` cannot be read"),
            "write the path from the mapping's folder",
        );
    }
    bytes
}

fn json(reader: &mut Reader<'_>, node: &Node, given: &Given<'_>) -> Option<serde_json::Value> {
    let bytes = file(reader, node, given)?;
    let value = serde_json::from_slice(&bytes).ok();
    if value.is_none() {
        reader.problem(
            node.place,
            "is no JSON",
            "name a JSON Schema with `schema`, or a record with `sample`",
        );
    }
    value
}

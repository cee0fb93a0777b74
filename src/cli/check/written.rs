//! How the records are written: the codec that reads them, and what they say in the words of JSON.
//!
//! Avro is read by one schema for all of the input, its own or ours, since no registry is asked here.

use super::Format;
use crate::cli::{ExitCode, Failure};
use crate::files;
use gate_codec::{
    Codec, CodecError, DecodeError, Encoding, Framing, Kind, encode_consent, encode_message,
    schema_id,
};
use serde_json::{Map, Value};
use std::path::{Path, PathBuf};

/// Largest file with a schema, in bytes.
const SCHEMA_BYTES_MAX: u64 = 1 << 20;

/// A format, and for Avro the schema it was written with.
pub(super) struct Written {
    pub(super) format: Format,
    /// The file and its text; else each kind has ours.
    schema: Option<(PathBuf, String)>,
}

impl Written {
    /// # Errors
    /// A schema for a format that has none, or one that is no text.
    pub(super) fn new(format: Format, schema: Option<&Path>) -> Result<Self, Failure> {
        let usage = |reason: String| Failure::new(ExitCode::Usage, reason);
        let Some(path) = schema else { return Ok(Self { format, schema: None }) };
        match format {
            Format::Json => {
                return Err(usage("`--schema` is for Avro: add `--format avro`".to_owned()));
            }
            Format::AvroSingleObject => {
                let reason = "`--schema` is not for `avro-single-object`: its values name one of our schemas by fingerprint";
                return Err(usage(reason.to_owned()));
            }
            Format::Avro | Format::AvroDatum => {}
        }
        let wrong = |error| usage(format!("cannot read the schema `{}`: {error}", path.display()));
        let bytes = files::read(path, SCHEMA_BYTES_MAX).map_err(wrong)?;
        let text = String::from_utf8(bytes)
            .map_err(|_| usage(format!("the schema `{}` is no text", path.display())))?;
        serde_json::from_str::<Value>(&text).map_err(|error| {
            usage(format!("the schema `{}` is no JSON: {error}", path.display()))
        })?;
        Ok(Self { format, schema: Some((path.to_owned(), text)) })
    }

    fn schema(&self, kind: Kind) -> &str {
        self.schema.as_ref().map_or(kind.schema(), |(_, text)| text)
    }

    pub(super) fn codec(&self, kind: Kind) -> Result<Codec, CodecError> {
        match self.format {
            Format::Json => Codec::new(gate_codec::Format::Json, kind, None),
            Format::AvroSingleObject => {
                Codec::new(gate_codec::Format::AvroSingleObject, kind, None)
            }
            Format::Avro => Codec::of_schema(kind, self.schema(kind), Framing::Confluent),
            Format::AvroDatum => Codec::of_schema(kind, self.schema(kind), Framing::Bare),
        }
    }

    /// The record in JSON: itself, or what the codec reads of it.
    pub(super) fn as_json(
        &self,
        codec: &Codec,
        kind: Kind,
        record: &[u8],
    ) -> Result<Value, Unshown> {
        if self.format == Format::Json {
            return Ok(serde_json::from_slice(record).unwrap_or_default());
        }
        let json = match kind {
            Kind::ConsentChange => {
                encode_consent(&codec.decode_consent_record(Some(record))?, Encoding::Json)
            }
            Kind::OutboundMessage => {
                encode_message(&codec.decode_message_record(Some(record))?, Encoding::Json)
            }
        };
        let json = json.map_err(|error| Unshown::Failed(error.to_string()))?;
        serde_json::from_slice(&json).map_err(|error| Unshown::Failed(error.to_string()))
    }

    /// An object with the names that a record has: in Avro those of its schema.
    pub(super) fn names(&self, kind: Kind, record: &Value) -> Value {
        match self.format {
            Format::Json => record.clone(),
            Format::AvroSingleObject => Value::Null,
            Format::Avro | Format::AvroDatum => {
                serde_json::from_str(self.schema(kind)).map_or(Value::Null, |it| names_of(&it))
            }
        }
    }

    /// What is to be known of how it was read, beside what it says.
    pub(super) fn note(&self, record: &[u8]) -> Option<String> {
        let by = match &self.schema {
            Some((path, _)) => format!("`{}`", path.display()),
            None => "the schema of this version".to_owned(),
        };
        match self.format {
            Format::Json | Format::AvroSingleObject => None,
            Format::Avro => schema_id(record).map(|id| {
                format!("read by {by}; the gate reads it by what `schema_registry.url` has under id {id}")
            }),
            Format::AvroDatum => Some(format!(
                "read by {by}; without a framing before it the gate does not read it"
            )),
        }
    }
}

/// Why a record cannot be written down in JSON.
pub(super) enum Unshown {
    Unread(DecodeError),
    /// A defect of this program.
    Failed(String),
}

impl From<DecodeError> for Unshown {
    fn from(error: DecodeError) -> Self {
        Self::Unread(error)
    }
}

/// The names of a record schema as an object, without values; `null` for any other.
fn names_of(schema: &Value) -> Value {
    let record = |it: &Value| it.get("type").is_some_and(|of| of == "record");
    let found = match schema {
        Value::Array(branches) => branches.iter().find(|branch| record(branch)),
        one => Some(one).filter(|one| record(one)),
    };
    let fields = found.and_then(|it| it.get("fields")).and_then(Value::as_array);
    let Some(fields) = fields else { return Value::Null };
    let named = fields.iter().filter_map(|field| {
        let name = field.get("name")?.as_str()?;
        Some((name.to_owned(), field.get("type").map_or(Value::Null, names_of)))
    });
    Value::Object(named.collect::<Map<_, _>>())
}

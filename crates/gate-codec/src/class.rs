//! Why a value cannot be read: a closed set of classes, used as metric label, in `detail.class` of a blocked
//! message and in the `gate-detail` header of a dead letter.
//!
//! Errors name a class and a field and nothing else: no value, no key, no parser message, because any of those
//! may quote a person's data (promise P6). Beside the class stands the path of the field, one of those in our schemas.

use std::fmt;

/// The kinds of unreadable value. Names are public API: add, never rename.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Class {
    /// The record has no value.
    NullValue,
    /// The value has no bytes.
    EmptyValue,
    /// More bytes than a value may have.
    TooLarge,
    /// Not of the configured format.
    Malformed,
    /// Ends too early.
    Truncated,
    /// Goes on after its end.
    TrailingBytes,
    /// Names a field twice.
    DuplicateKey,
    /// A field holds another type than its own.
    WrongType,
    /// A closed set of names does not hold this one.
    UnknownSymbol,
    /// A required field is absent or blank.
    MissingField,
    /// No instant with an offset, or one no person acted at.
    BadTimestamp,
    /// Nested too deeply.
    TooDeep,
    /// Too many values in one value.
    TooManyNodes,
    /// Text that is not UTF-8.
    BadUtf8,
    /// Does not begin as its framing must.
    WrongMagic,
    /// Written with a schema nobody knows.
    UnknownSchema,
    /// Written with a schema that ours cannot read.
    IncompatibleSchema,
    /// Of the right type and yet no possible value.
    InvalidValue,
    /// An address (or the region it is read with) nobody can use.
    InvalidAddress,
    /// A CloudEvents structured envelope: the record lies in its `data`.
    CloudEvent,
    /// A row of change data capture, or Kafka Connect's envelope of schema and payload.
    ChangeData,
    /// JSON behind the five bytes of a schema registry, as a JSON Schema serializer writes it.
    SchemaFramedJson,
    /// Of another format or framing than the one configured: Avro, JSON, Protobuf, compressed.
    OtherFraming,
    /// The id of its schema lies in a header, where it is not looked for.
    SchemaInHeader,
    /// An id of eight bytes stands before it, where four are read: Apicurio's own form.
    WideSchemaId,
    /// Several records in one value: a JSON array, or JSON lines.
    Array,
    /// JSON inside a JSON string.
    DoubleEncoded,
    /// A record inside a field of another object.
    Envelope,
}

impl Class {
    /// Every class.
    pub const ALL: [Self; 28] = [
        Self::NullValue,
        Self::EmptyValue,
        Self::TooLarge,
        Self::Malformed,
        Self::Truncated,
        Self::TrailingBytes,
        Self::DuplicateKey,
        Self::WrongType,
        Self::UnknownSymbol,
        Self::MissingField,
        Self::BadTimestamp,
        Self::TooDeep,
        Self::TooManyNodes,
        Self::BadUtf8,
        Self::WrongMagic,
        Self::UnknownSchema,
        Self::IncompatibleSchema,
        Self::InvalidValue,
        Self::InvalidAddress,
        Self::CloudEvent,
        Self::ChangeData,
        Self::SchemaFramedJson,
        Self::OtherFraming,
        Self::SchemaInHeader,
        Self::WideSchemaId,
        Self::Array,
        Self::DoubleEncoded,
        Self::Envelope,
    ];

    /// The public name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NullValue => "null_value",
            Self::EmptyValue => "empty_value",
            Self::TooLarge => "too_large",
            Self::Malformed => "malformed",
            Self::Truncated => "truncated",
            Self::TrailingBytes => "trailing_bytes",
            Self::DuplicateKey => "duplicate_key",
            Self::WrongType => "wrong_type",
            Self::UnknownSymbol => "unknown_symbol",
            Self::MissingField => "missing_field",
            Self::BadTimestamp => "bad_timestamp",
            Self::TooDeep => "too_deep",
            Self::TooManyNodes => "too_many_nodes",
            Self::BadUtf8 => "bad_utf8",
            Self::WrongMagic => "wrong_magic",
            Self::UnknownSchema => "unknown_schema",
            Self::IncompatibleSchema => "incompatible_schema",
            Self::InvalidValue => "invalid_value",
            Self::InvalidAddress => "invalid_address",
            Self::CloudEvent => "cloud_event",
            Self::ChangeData => "change_data",
            Self::SchemaFramedJson => "schema_framed_json",
            Self::OtherFraming => "other_framing",
            Self::SchemaInHeader => "schema_in_header",
            Self::WideSchemaId => "wide_schema_id",
            Self::Array => "array",
            Self::DoubleEncoded => "double_encoded",
            Self::Envelope => "envelope",
        }
    }

    /// What a record of this class is and what to do about it, in a sentence.
    #[must_use]
    pub const fn remedy(self) -> &'static str {
        match self {
            Self::NullValue => {
                "a record without value (a tombstone); stop whoever writes or compacts it"
            }
            Self::EmptyValue => "a value of no bytes; mend the producer",
            Self::TooLarge => {
                "larger than `limits.value_bytes_max` or 1 MiB; mend the producer or raise the limit"
            }
            Self::Malformed => {
                "not of the format in `formats`; compare the producer's serializer with it"
            }
            Self::Truncated => "ends too early; mend the producer or the copy it came by",
            Self::TrailingBytes => "goes on after its end; write one record a value",
            Self::DuplicateKey => "names a field twice; write it once",
            Self::WrongType => "a field holds another type than its own; compare with the schema",
            Self::UnknownSymbol => {
                "an action, channel, basis, kind or scope that is not in the schema; correct it"
            }
            Self::MissingField => "a required field is absent or blank; correct the producer",
            Self::BadTimestamp => {
                "no instant with an offset between 1900 and 2200; correct the producer"
            }
            Self::TooDeep => "nested deeper than 16; flatten it",
            Self::TooManyNodes => "more than 10,000 values in one record; make it smaller",
            Self::BadUtf8 => "text that is not UTF-8; correct the producer's encoding",
            Self::WrongMagic => {
                "does not begin as its framing must; compare the producer's serializer with `formats`"
            }
            Self::UnknownSchema => {
                "its schema id or fingerprint is unknown; register the schema, it is read again by itself"
            }
            Self::IncompatibleSchema => {
                "its schema cannot be resolved to ours; see `schemas/README.md`"
            }
            Self::InvalidValue => {
                "a value of the right type that is not possible; compare with the schema"
            }
            Self::InvalidAddress => {
                "an address (or `region`) nobody can use; correct it and publish the change again"
            }
            Self::CloudEvent => {
                "a CloudEvents structured envelope; write it in binary mode, or let a transform take out `data`"
            }
            Self::ChangeData => {
                "change data or a Connect envelope; add ExtractNewRecordState or set `schemas.enable=false`"
            }
            Self::SchemaFramedJson => {
                "JSON behind a registry's five bytes; use a plain JSON serializer, or Avro and `formats: avro`"
            }
            Self::OtherFraming => {
                "of another format than this topic's in `formats`; make producer and configuration agree"
            }
            Self::SchemaInHeader => {
                "its schema id lies in a header; let the serializer put it before the value (docs/senders.md, Avro)"
            }
            Self::WideSchemaId => {
                "a schema id of eight bytes stands before it; Apicurio writes four with `apicurio.registry.as-confluent=true`"
            }
            Self::Array => "several records in one value; split them, one record a value",
            Self::DoubleEncoded => "JSON inside a JSON string; let one converter encode it once",
            Self::Envelope => {
                "the record lies inside a field of another object; take it out before it is written"
            }
        }
    }
}

/// What a record of this class is and what to do about it, in a sentence for logs, `doctor` and operators; `None` for a
/// name that is no class.
#[must_use]
pub fn remedy(class: &str) -> Option<&'static str> {
    Class::ALL.into_iter().find(|known| known.as_str() == class).map(Class::remedy)
}

/// Why a value cannot be read, and which of its fields is to blame: two closed sets of names, never a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Unreadable {
    /// What is wrong with it; [`Class::as_str`] is the public name.
    pub class: Class,
    /// The path of a field of ours (`recipient.contact_id`), where one can be named.
    pub field: Option<&'static str>,
}

impl Unreadable {
    /// For what is no single field's fault.
    #[must_use]
    pub const fn whole(class: Class) -> Self {
        Self { class, field: None }
    }
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.field {
            Some(field) => write!(f, "{}: `{field}`", self.class.as_str()),
            None => f.write_str(self.class.as_str()),
        }
    }
}

impl Class {
    /// `field` is to blame.
    #[must_use]
    pub const fn in_field(self, field: &'static str) -> Unreadable {
        Unreadable { class: self, field: Some(field) }
    }
}

impl From<Class> for Unreadable {
    fn from(class: Class) -> Self {
        Self::whole(class)
    }
}

/// Names the field that a class is about.
pub(super) trait InField<T> {
    /// `field` is to blame.
    fn in_field(self, field: &'static str) -> Result<T, Unreadable>;
}

impl<T> InField<T> for Result<T, Class> {
    fn in_field(self, field: &'static str) -> Result<T, Unreadable> {
        self.map_err(|class| class.in_field(field))
    }
}

/// Why there is no decoded value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The value will never be readable: block the message, or treat the change as a possible opt-out.
    #[error("unreadable value ({0})")]
    Unreadable(Unreadable),
    /// It cannot be told now: hold, and try again.
    #[error("the schema registry cannot be asked now: {cause}")]
    Unavailable {
        /// What is wrong with the registry, one of a closed set.
        cause: &'static str,
    },
}

impl From<Class> for DecodeError {
    fn from(class: Class) -> Self {
        Self::Unreadable(class.into())
    }
}

impl From<Unreadable> for DecodeError {
    fn from(why: Unreadable) -> Self {
        Self::Unreadable(why)
    }
}

/// Why a codec cannot be made; configuration, so it is reported at start and by `doctor`.
#[derive(Debug, thiserror::Error)]
pub enum CodecError {
    /// Format `avro` without a registry.
    #[error("format `avro` needs `schema_registry.url`")]
    NoRegistry,
    /// The compiled-in schema is broken: a defect of this program.
    #[error("the compiled-in schema of {0} cannot be parsed")]
    OwnSchema(&'static str),
    /// Another part of the program used the Avro library before [`crate::init_limits`].
    #[error("decoding limits were set too late: call codec::init_limits first in main")]
    LimitsTooLate,
}

/// Why a record cannot be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// The record does not fit the schema: an unknown symbol or a missing required field.
    #[error("the record does not fit its schema; check its required fields and symbols")]
    Schema,
}

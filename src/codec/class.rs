//! Why a value cannot be read: a closed set of classes, used as metric label, in `detail.class` of a blocked
//! message and in the `gate-detail` header of a dead letter.
//!
//! Errors name a class and nothing else: no field value, no key, no parser message, because any of those
//! may quote a person's data (promise P6).

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
}

impl Class {
    /// Every class.
    pub const ALL: [Self; 18] = [
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
        }
    }
}

/// Why there is no decoded value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The value will never be readable: block the message, or treat the change as a possible opt-out.
    #[error("unreadable value ({class})")]
    Unreadable {
        /// The public name of its [`Class`].
        class: &'static str,
    },
    /// It cannot be told now: hold, and try again.
    #[error("the schema registry cannot be asked now: {cause}")]
    Unavailable {
        /// What is wrong with the registry, one of a closed set.
        cause: &'static str,
    },
}

impl From<Class> for DecodeError {
    fn from(class: Class) -> Self {
        Self::Unreadable { class: class.as_str() }
    }
}

/// Why a codec cannot be made; configuration, so it is reported at start and by `doctor`.
#[derive(Debug, thiserror::Error)]
pub enum CodecError {
    /// Format `avro` without a registry.
    #[error("format `avro` needs `schema_registry.url`")]
    NoRegistry,
    /// The registry's address cannot be used.
    #[error("`schema_registry.url` must be an http or https address without credentials in it")]
    RegistryUrl,
    /// The client cannot be made.
    #[error(
        "the schema registry client cannot start; check `schema_registry` and the machine's CA certificates"
    )]
    RegistryClient(#[source] reqwest::Error),
    /// The registry's thread cannot be made.
    #[error("the schema registry client cannot start its thread")]
    RegistryThread(#[source] std::io::Error),
    /// The compiled-in schema is broken: a defect of this program.
    #[error("the compiled-in schema of {0} cannot be parsed")]
    OwnSchema(&'static str),
    /// Another part of the program used the Avro library before [`super::init_limits`].
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

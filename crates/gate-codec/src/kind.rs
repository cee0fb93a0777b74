//! What a topic holds and in which format, with the schemas of `schemas/`, compiled in.

use serde::{Deserialize, Serialize};

/// The current schema of consent changes.
pub const CONSENT_CHANGE_SCHEMA: &str = include_str!("../../../schemas/consent-change.avsc");
/// The current schema of messages.
pub const OUTBOUND_MESSAGE_SCHEMA: &str = include_str!("../../../schemas/outbound-message.avsc");

/// The format of a topic's values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// JSON text.
    #[default]
    Json,
    /// Avro in the Confluent wire format; needs a registry.
    Avro,
    /// Avro in the single-object encoding.
    AvroSingleObject,
}

impl Format {
    /// The format of that name, as `formats` in the configuration has it.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "json" => Some(Self::Json),
            "avro" => Some(Self::Avro),
            "avro-single-object" => Some(Self::AvroSingleObject),
            _ => None,
        }
    }
}

/// What a topic holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Consent changes.
    ConsentChange,
    /// Candidate messages.
    OutboundMessage,
}

impl Kind {
    /// The name of its record in the schemas.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ConsentChange => "ConsentChange",
            Self::OutboundMessage => "OutboundMessage",
        }
    }

    /// Its current Avro schema, compiled in.
    #[must_use]
    pub const fn schema(self) -> &'static str {
        match self {
            Self::ConsentChange => CONSENT_CHANGE_SCHEMA,
            Self::OutboundMessage => OUTBOUND_MESSAGE_SCHEMA,
        }
    }
}

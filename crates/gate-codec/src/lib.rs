//! Bytes to the types of gate-core, and nothing back: values pass the gate unchanged.
//!
//! ```text
//! bytes ─ json | avro (own · cache · plan · datum) ─▶ record ─ convert ─▶ ConsentChange | OutboundMessage
//! ```
//! A topic has one configured format; it is never guessed. Invariants: every input gives a value or a
//! [`DecodeError`], within the budget of `limits.rs`; a truncated, trailing, repeated or misspelt input never
//! reads as a weaker refusal or a wider permission; errors carry no data. What unknown fields, blanks and
//! symbols mean is in `convert.rs`.
//!
//! Deliberately absent: Kafka, storage, HTTP (schemas come through [`Schemas`]), clocks of the law, and any change to
//! a value.

#![forbid(unsafe_code)]
#![deny(
    clippy::wildcard_enum_match_arm,
    clippy::match_wildcard_for_single_variants,
    reason = "what is added to an enum is looked at wherever its kinds are told apart"
)]

mod avro;
mod class;
mod codec;
mod convert;
mod encode;
mod envelope;
mod json;
mod key;
mod kind;
mod limits;
mod read;
mod record;
mod schemas;
#[cfg(test)]
mod tests;
mod time;

pub use avro::cache::PlanCache;
pub use avro::datum::walk_avro;
pub use avro::plan::parse_schema;
pub use class::{Class, CodecError, DecodeError, EncodeError, Unreadable, remedy};
pub use codec::{CAMPAIGN_ATTRIBUTE, Codec, Framing, Salvaged, schema_id, told_by_headers};
pub use convert::{consent as consent_of_record, message as message_of_record};
pub use encode::{Encoding, encode_consent, encode_message};
pub use key::{KEY_BYTES_MAX, named_by_key};
pub use kind::{CONSENT_CHANGE_SCHEMA, Format, Kind, OUTBOUND_MESSAGE_SCHEMA};
pub use limits::{
    AVRO_ALLOCATION_BYTES_MAX, CAMPAIGN_BYTES_MAX, DEPTH_MAX, ID_BYTES_MAX, NAME_BYTES_MAX,
    NODES_MAX, NUMBER_MAX, VALUE_BYTES_MAX, init_limits,
};
pub use read::field_paths;
pub use record::{
    ConsentChangeRecord, ContentRecord, ContextRecord, EvidenceRecord, OutboundMessageRecord,
    RecipientRecord,
};
pub use schemas::{FetchError, FetchedSchema, SCHEMA_BYTES_MAX, Schemas};
pub use time::{days, instant, parse_date, parse_instant};

//! Records to bytes, for the demo, `tap` and tests. The gate itself never rewrites a value.

use crate::avro::own;
use crate::class::EncodeError;
use crate::kind::Kind;
use crate::limits::Notation;
use crate::record::{
    ConsentChangeRecord, ContentRecord, ContextRecord, EvidenceRecord, OutboundMessageRecord,
    RecipientRecord,
};
use crate::time;
use gate_core::Timestamp;
use gate_core::flags::CONTEXT_NAMES;
use serde::ser::{Error, Serialize, SerializeMap, SerializeStruct, Serializer};
use std::borrow::Cow;

/// How to write a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// Compact JSON; absent fields are left out.
    Json,
    /// Avro under our schema, in the Confluent wire format.
    Avro {
        /// The id the registry gave our schema.
        schema_id: u32,
    },
    /// Avro under our schema, in the single-object encoding.
    AvroSingleObject,
}

/// Writes a consent change.
///
/// # Errors
/// When a required field is absent or a symbol is not in the schema.
pub fn encode_consent(
    record: &ConsentChangeRecord<'_>,
    encoding: Encoding,
) -> Result<Vec<u8>, EncodeError> {
    encode(record, Kind::ConsentChange, encoding)
}

/// Writes a message.
///
/// # Errors
/// When a required field is absent.
pub fn encode_message(
    record: &OutboundMessageRecord<'_>,
    encoding: Encoding,
) -> Result<Vec<u8>, EncodeError> {
    encode(record, Kind::OutboundMessage, encoding)
}

fn encode<T>(record: &T, kind: Kind, encoding: Encoding) -> Result<Vec<u8>, EncodeError>
where
    for<'n> Noted<'n, T>: Serialize,
{
    let numbers = Noted(record, Notation::Number);
    match encoding {
        Encoding::Json => {
            serde_json::to_vec(&Noted(record, Notation::Text)).map_err(|_| EncodeError::Schema)
        }
        Encoding::Avro { schema_id } => {
            let mut out = vec![0];
            out.extend_from_slice(&schema_id.to_be_bytes());
            own::append_datum(kind, &numbers, out)
        }
        Encoding::AvroSingleObject => {
            let mut out = vec![0xC3, 0x01];
            out.extend_from_slice(own::fingerprint(kind).ok_or(EncodeError::Schema)?);
            own::append_datum(kind, &numbers, out)
        }
    }
}

/// A value and how its instants and dates are written.
struct Noted<'n, T>(&'n T, Notation);

impl Serialize for Noted<'_, Timestamp> {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        match self.1 {
            Notation::Number => out.serialize_i64(self.0.as_micros()),
            Notation::Text => {
                let text = time::format_instant(*self.0);
                out.serialize_str(&text.ok_or_else(|| S::Error::custom("no such instant"))?)
            }
        }
    }
}

/// Days since 1970-01-01.
struct Days(i32);

impl Serialize for Noted<'_, Days> {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        match self.1 {
            Notation::Number => out.serialize_i32(self.0.0),
            Notation::Text => {
                let text = time::format_date(self.0.0);
                out.serialize_str(&text.ok_or_else(|| S::Error::custom("no such date"))?)
            }
        }
    }
}

/// Writes present fields only: both formats take an absent one for null.
struct Struct<S>(S);

impl<S: SerializeStruct> Struct<S> {
    fn field<T: Serialize>(
        &mut self,
        name: &'static str,
        value: Option<T>,
    ) -> Result<&mut Self, S::Error> {
        match value {
            Some(value) => self.0.serialize_field(name, &value)?,
            None => self.0.skip_field(name)?,
        }
        Ok(self)
    }
}

impl Serialize for Noted<'_, ConsentChangeRecord<'_>> {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        let Self(r, notation) = self;
        let birth_date = r.birth_date.map(Days);
        let mut s = Struct(out.serialize_struct("ConsentChange", 30)?);
        s.field("event_id", r.event_id.as_deref())?
            .field("occurred_at", r.occurred_at.as_ref().map(|at| Noted(at, *notation)))?
            .field("action", r.action.as_deref())?
            .field("contact_id", r.contact_id.as_deref())?
            .field("address", r.address.as_deref())?
            .field("region", r.region.as_deref())?
            .field("channel", r.channel.as_deref())?
            .field("purpose", r.purpose.as_deref())?
            .field("controller", r.controller.as_deref())?
            .field("brand", r.brand.as_deref())?
            .field("basis", r.basis.as_deref())?
            .field("kind", r.kind.as_deref())?
            .field("context", r.context.as_ref())?
            .field("evidence", r.evidence.as_ref())?
            .field("text", r.text.as_deref())?
            .field("to", r.to.as_deref())?
            .field("registry", r.registry.as_deref())?
            .field("listed", r.listed)?
            .field("smtp", r.smtp.as_deref())?
            .field("format", r.format.as_deref())?
            .field("scope", r.scope.as_deref())?
            .field("cause", r.cause.as_deref())?
            .field("keep_suppression", r.keep_suppression)?
            .field("birth_date", birth_date.as_ref().map(|days| Noted(days, *notation)))?
            .field("message_id", r.message_id.as_deref())?
            .field("source", r.source.as_deref())?
            .field("via", r.via.as_deref())?
            .field("expires_at", r.expires_at.as_ref().map(|at| Noted(at, *notation)))?
            .field("recipient_kind", r.recipient_kind.as_deref())?
            .field("new_address", r.new_address.as_deref())?;
        s.0.end()
    }
}

impl Serialize for ContextRecord<'_> {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        let mut s = Struct(out.serialize_struct("Context", CONTEXT_NAMES.len() + 1)?);
        for (name, flag) in CONTEXT_NAMES.iter().zip(self.flags) {
            s.field(name, flag)?;
        }
        s.field("product_group", self.product_group.as_deref())?;
        s.0.end()
    }
}

impl Serialize for EvidenceRecord<'_> {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        let named = [
            ("method", &self.method),
            ("notice_version", &self.notice_version),
            ("notice_text_sha256", &self.notice_text_sha256),
            ("source", &self.source),
            ("locale", &self.locale),
            ("template_id", &self.template_id),
            ("signature", &self.signature),
            ("number_named", &self.number_named),
            ("not_condition_of_purchase", &self.not_condition_of_purchase),
        ];
        let present: Vec<(&str, &str)> =
            named.iter().filter_map(|(name, text)| Some((*name, text.as_deref()?))).collect();
        let mut map = out.serialize_map(Some(present.len() + self.further.len()))?;
        for (name, text) in present {
            map.serialize_entry(name, text)?;
        }
        for (name, text) in &self.further {
            map.serialize_entry(name, text)?;
        }
        map.end()
    }
}

impl Serialize for Noted<'_, OutboundMessageRecord<'_>> {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        let Self(r, notation) = self;
        let attributes = Strings(&r.attributes);
        let mut s = Struct(out.serialize_struct("OutboundMessage", 14)?);
        s.field("message_id", r.message_id.as_deref())?
            .field("channel", r.channel.as_deref())?
            .field("category", r.category.as_deref())?
            .field("purpose", r.purpose.as_deref())?
            .field("controller", r.controller.as_deref())?
            .field("brand", r.brand.as_deref())?
            .field("sender_number", r.sender_number.as_deref())?
            .field("product_group", r.product_group.as_deref())?
            .field("sole_charitable_purpose", r.sole_charitable_purpose)?
            .field("expires_at", r.expires_at.as_ref().map(|at| Noted(at, *notation)))?
            .field("content", r.content.as_ref())?
            .field("recipient", r.recipient.as_ref().map(|to| Noted(to, *notation)))?
            .field("body", r.body.as_deref().map(|body| Body(body, *notation)))?
            .field("attributes", Some(&attributes))?;
        s.0.end()
    }
}

impl Serialize for ContentRecord {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        let mut s = Struct(out.serialize_struct("Content", 10)?);
        s.field("promotional", self.promotional)?
            .field("sender_identity", self.sender_identity)?
            .field("postal_address", self.postal_address)?
            .field("unsubscribe", self.unsubscribe)?
            .field("one_click", self.one_click)?
            .field("contact_address", self.contact_address)?
            .field("ad_label", self.ad_label)?
            .field("template_id", self.template_id)?
            .field("header_id", self.header_id)?
            .field("bulk", self.bulk)?;
        s.0.end()
    }
}

impl Serialize for Noted<'_, RecipientRecord<'_>> {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        let Self(r, notation) = self;
        let verified_at = r.jurisdiction_verified_at.as_ref().map(|at| Noted(at, *notation));
        let mut s = Struct(out.serialize_struct("Recipient", 8)?);
        s.field("contact_id", r.contact_id.as_deref())?
            .field("address", r.address.as_deref())?
            .field("region", r.region.as_deref())?
            .field("tz", r.tz.as_deref())?
            .field("jurisdiction", r.jurisdiction.as_deref())?
            .field("jurisdiction_verified", r.jurisdiction_verified)?
            .field("jurisdiction_verified_at", verified_at)?
            .field("kind", r.kind.as_deref())?;
        s.0.end()
    }
}

/// A flat object of strings.
struct Strings<'s>(&'s [(Cow<'s, str>, Cow<'s, str>)]);

impl Serialize for Strings<'_> {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        let mut map = out.serialize_map(Some(self.0.len()))?;
        for (name, text) in self.0 {
            map.serialize_entry(name, text)?;
        }
        map.end()
    }
}

/// Text in JSON, bytes in Avro.
struct Body<'s>(&'s str, Notation);

impl Serialize for Body<'_> {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        match self.1 {
            Notation::Text => out.serialize_str(self.0),
            Notation::Number => out.serialize_bytes(self.0.as_bytes()),
        }
    }
}

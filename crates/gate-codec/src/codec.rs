//! The codec of one topic: a value in, a type of gate-core out, or why not.

use crate::avro::cache::PlanCache;
use crate::avro::plan::Plan;
use crate::avro::{self, own};
use crate::class::{Class, CodecError, DecodeError, Unreadable};
use crate::kind::{Format, Kind};
use crate::limits::{VALUE_BYTES_MAX, init_limits};
use crate::read::{self, Fields};
use crate::record::{ConsentChangeRecord, OutboundMessageRecord};
use crate::schemas::{FetchedSchema, Schemas};
use crate::{convert, envelope, json};
use gate_core::{Address, ChannelScope, ConsentChange, ContactId, OutboundMessage};
use std::borrow::Cow;
use std::ffi::CStr;

/// What stands before a datum whose schema is known from elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// The Confluent wire format; the id in it is not looked up.
    Confluent,
    /// Nothing.
    Bare,
}

/// Reads the values of one topic. Shared by all lanes through an `Arc`.
pub struct Codec {
    kind: Kind,
    source: Source,
    /// The attribute of a message that names its campaign.
    campaign: Cow<'static, str>,
}

/// The attribute of a message that names its campaign, unless another is configured.
pub const CAMPAIGN_ATTRIBUTE: &str = "campaign";

enum Source {
    Json,
    Avro(Box<PlanCache<Plan>>),
    AvroSingleObject(Vec<own::KnownSchema>),
    /// All values by one schema, if ours can be read from it.
    OfSchema(Option<Box<Plan>>, Framing),
}

/// Who an unreadable consent change is about. At least one of contact and address is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Salvaged<'a> {
    /// The sender's id of the person.
    pub contact_id: Option<ContactId<'a>>,
    /// The address as written.
    pub address: Option<Address<'a>>,
    /// ISO country to read a national number with.
    pub region: Option<Cow<'a, str>>,
    /// The channel named, if it is one we know.
    pub channel: ChannelScope,
}

impl Codec {
    /// A codec for one topic. `schemas` explains the ids of format `avro`, the only one that names any.
    ///
    /// # Errors
    /// When format `avro` has no `schemas`, or [`init_limits`] came too late.
    pub fn new(
        format: Format,
        kind: Kind,
        schemas: Option<Box<dyn Schemas>>,
    ) -> Result<Self, CodecError> {
        init_limits()?;
        let source = match format {
            Format::Json => Source::Json,
            Format::Avro => {
                let schemas = schemas.ok_or(CodecError::NoRegistry)?;
                let reader = own::reader(kind).ok_or(CodecError::OwnSchema(kind.as_str()))?;
                let judge = |schema: &FetchedSchema| {
                    Plan::judge(reader, &schema.text, &schema.references).ok()
                };
                Source::Avro(Box::new(PlanCache::new(schemas, judge)))
            }
            Format::AvroSingleObject => Source::AvroSingleObject(own::known(kind)?),
        };
        Ok(Self::of_source(kind, source))
    }

    /// A codec for data of one writer schema, where there is no registry to ask. As with one, a schema that ours cannot be
    /// read from makes every value unreadable ([`Class::IncompatibleSchema`]).
    ///
    /// # Errors
    /// When [`init_limits`] came too late, or our own schema is broken.
    pub fn of_schema(kind: Kind, schema: &str, framing: Framing) -> Result<Self, CodecError> {
        init_limits()?;
        let reader = own::reader(kind).ok_or(CodecError::OwnSchema(kind.as_str()))?;
        let plan = Plan::judge(reader, schema, &[]).ok().map(Box::new);
        Ok(Self::of_source(kind, Source::OfSchema(plan, framing)))
    }

    fn of_source(kind: Kind, source: Source) -> Self {
        Self { kind, source, campaign: Cow::Borrowed(CAMPAIGN_ATTRIBUTE) }
    }

    /// The same, with another attribute of messages for their campaign.
    #[must_use]
    pub fn with_campaign(self, attribute: &str) -> Self {
        Self { campaign: Cow::Owned(attribute.to_owned()), ..self }
    }

    /// Reads a candidate message.
    ///
    /// # Errors
    /// Unreadable: block it as `invalid_message`. Unavailable: hold.
    pub fn decode_message<'a>(
        &self,
        value: Option<&'a [u8]>,
    ) -> Result<OutboundMessage<'a>, DecodeError> {
        let record = self.record(Kind::OutboundMessage, value);
        let message = record.and_then(|record| Ok(convert::message(record)?));
        message.map_err(|error| self.told(error, value))
    }

    /// Reads a consent change.
    ///
    /// # Errors
    /// Unreadable: a possible opt-out of whoever it is about. Unavailable: hold.
    pub fn decode_consent<'a>(
        &self,
        value: Option<&'a [u8]>,
    ) -> Result<ConsentChange<'a>, DecodeError> {
        Ok(self.decode_sourced_consent(value)?.0)
    }

    /// The same with the name of the system that says so, which the law does not look at.
    ///
    /// # Errors
    /// As [`Codec::decode_consent`].
    pub fn decode_sourced_consent<'a>(
        &self,
        value: Option<&'a [u8]>,
    ) -> Result<(ConsentChange<'a>, Option<Cow<'a, str>>), DecodeError> {
        let record = self.record(Kind::ConsentChange, value);
        let change = record.and_then(|mut record: ConsentChangeRecord<'a>| {
            let source = record.source.take();
            Ok((convert::consent(record)?, source))
        });
        change.map_err(|error| self.told(error, value))
    }

    /// Reads a consent change as it is written, for export.
    ///
    /// # Errors
    /// As [`Codec::decode_consent`], except that symbols and names are not judged.
    pub fn decode_consent_record<'a>(
        &self,
        value: Option<&'a [u8]>,
    ) -> Result<ConsentChangeRecord<'a>, DecodeError> {
        self.record(Kind::ConsentChange, value)
    }

    /// Reads a message as it is written.
    ///
    /// # Errors
    /// As [`Codec::decode_message`], except that symbols and names are not judged.
    pub fn decode_message_record<'a>(
        &self,
        value: Option<&'a [u8]>,
    ) -> Result<OutboundMessageRecord<'a>, DecodeError> {
        self.record(Kind::OutboundMessage, value)
    }

    /// Who an unreadable consent change is about, if that is certain: a JSON object that names contact and
    /// address at most once each, as strings, or an Avro datum that is intact and only means nothing (an
    /// impossible symbol, a blank event id).
    #[must_use]
    pub fn salvage<'a>(&self, value: Option<&'a [u8]>) -> Option<Salvaged<'a>> {
        let bytes = within_limits(value).ok()?;
        let who = match &self.source {
            Source::Json => json::who(bytes)?,
            Source::Avro(_) | Source::AvroSingleObject(_) | Source::OfSchema(..) => {
                let record: ConsentChangeRecord<'a> =
                    self.record(Kind::ConsentChange, value).ok()?;
                read::WhoRecord {
                    contact_id: record.contact_id,
                    address: record.address,
                    region: record.region,
                    channel: record.channel,
                }
            }
        };
        let contact_id = convert::id(who.contact_id).ok()?.and_then(ContactId::new);
        let address = convert::address(who.address).ok()?.and_then(Address::new);
        let channel = convert::plain(who.channel).ok().flatten();
        let channel = channel
            .as_deref()
            .and_then(|channel| convert::in_any_case(channel, convert::channel_scope));
        (contact_id.is_some() || address.is_some()).then_some(Salvaged {
            contact_id,
            address,
            region: convert::plain(who.region).ok()?,
            channel: channel.unwrap_or(ChannelScope::Any),
        })
    }

    /// Whether a value that cannot be read may speak about several people: its key names one of them, and who the
    /// others are nobody knows.
    #[must_use]
    pub fn may_be_several(value: Option<&[u8]>) -> bool {
        within_limits(value).is_ok_and(envelope::holds_several)
    }

    /// The error in the words of what the value is, where that can be told: an envelope, another framing.
    fn told(&self, error: DecodeError, value: Option<&[u8]>) -> DecodeError {
        let DecodeError::Unreadable(_) = error else { return error };
        let format = match self.source {
            Source::Json => Format::Json,
            Source::Avro(_) | Source::OfSchema(_, Framing::Confluent) => Format::Avro,
            // there is no framing to be wrong
            Source::OfSchema(_, Framing::Bare) => return error,
            Source::AvroSingleObject(_) => Format::AvroSingleObject,
        };
        let bytes = within_limits(value).ok();
        let class = bytes.and_then(|bytes| envelope::class_of(format, self.kind, bytes));
        class.map_or(error, DecodeError::from)
    }

    /// The contact id of [`Codec::salvage`].
    #[must_use]
    pub fn salvage_contact<'a>(&self, value: Option<&'a [u8]>) -> Option<ContactId<'a>> {
        self.salvage(value)?.contact_id
    }

    fn record<'a, T: Fields<'a>>(
        &self,
        kind: Kind,
        value: Option<&'a [u8]>,
    ) -> Result<T, DecodeError> {
        let bytes = within_limits(value)?;
        if kind != self.kind {
            return Err(Class::IncompatibleSchema.into());
        }
        let campaign = &*self.campaign;
        let record = match &self.source {
            Source::Json => json::read(bytes, campaign),
            Source::Avro(plans) => {
                let (id, datum) = avro::confluent(bytes)?;
                let plan = plans.plan(id)?;
                avro::datum::read(kind, &plan, datum, campaign)
            }
            Source::AvroSingleObject(plans) => {
                let (fingerprint, datum) = avro::single_object(bytes)?;
                let known = plans.iter().find(|known| known.has(fingerprint));
                let plan = &known.ok_or(Class::UnknownSchema)?.plan;
                avro::datum::read(kind, plan, datum, campaign)
            }
            Source::OfSchema(plan, framing) => {
                let datum = match framing {
                    Framing::Confluent => avro::confluent(bytes)?.1,
                    Framing::Bare => bytes,
                };
                let plan = plan.as_ref().ok_or(Class::IncompatibleSchema)?;
                avro::datum::read(kind, plan, datum, campaign)
            }
        };
        Ok(record?)
    }
}

/// The id of the schema that a value in the Confluent wire format was written with.
#[must_use]
pub fn schema_id(value: &[u8]) -> Option<u32> {
    avro::confluent(value).ok().map(|(id, _)| id)
}

/// Why a record is unreadable, given the headers it came with: an id of its schema there means that the value has
/// no framing of its own.
#[must_use]
pub fn told_by_headers(why: Unreadable, mut has: impl FnMut(&CStr) -> bool) -> Unreadable {
    let is_framing = [Class::Malformed, Class::BadUtf8, Class::WrongMagic, Class::OtherFraming]
        .into_iter()
        .chain([Class::Truncated, Class::UnknownSchema, Class::IncompatibleSchema])
        .any(|framing| framing == why.class);
    let has_id = is_framing && SCHEMA_ID_HEADERS.iter().any(|name| has(name));
    if has_id { Class::SchemaInHeader.into() } else { why }
}

/// Where serializers put the id of a value's schema when not before the value: Confluent, Apicurio, Solace.
const SCHEMA_ID_HEADERS: [&CStr; 5] = [
    c"__value_schema_id",
    c"apicurio.value.globalId",
    c"apicurio.value.contentId",
    c"solace.schema.schema-id",
    c"solace.schema.schema-id-string",
];

/// The bytes of a value, if there are any and not too many.
fn within_limits(value: Option<&[u8]>) -> Result<&[u8], Class> {
    match value {
        None => Err(Class::NullValue),
        Some([]) => Err(Class::EmptyValue),
        Some(bytes) if bytes.len() > VALUE_BYTES_MAX => Err(Class::TooLarge),
        Some(bytes) => Ok(bytes),
    }
}

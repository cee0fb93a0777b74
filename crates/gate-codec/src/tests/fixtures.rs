//! Records, codecs, and schemas whose answers a test chooses.

use super::super::avro::plan::Plan;
use super::super::*;
use gate_core::Timestamp;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};

/// The class alone, for tests that do not ask for the field.
pub(super) fn classed<T>(result: Result<T, DecodeError>) -> Result<T, DecodeError> {
    result.map_err(|error| match error {
        DecodeError::Unreadable(why) => Unreadable::whole(why.class).into(),
        unavailable @ DecodeError::Unavailable { .. } => unavailable,
    })
}

/// The plan of a writer schema.
pub(super) fn judge(kind: Kind, schema: &str, references: &[String]) -> Result<Plan, Class> {
    Plan::judge(avro::own::reader(kind).unwrap(), schema, references)
}

pub(super) fn at(text: &str) -> Option<Timestamp> {
    Some(time::parse_instant(text).unwrap())
}

/// A consent change with every field set.
pub(super) fn consent() -> ConsentChangeRecord<'static> {
    let mut context = ContextRecord::default();
    for (name, value) in [
        ("details_obtained_directly", true),
        ("refusal_offered_at_collection", true),
        ("refused", false),
        ("no_spam_notice", false),
    ] {
        assert!(context.set(name, value));
    }
    context.product_group = Some("tents".into());
    ConsentChangeRecord {
        event_id: Some("e-1".into()),
        occurred_at: at("2026-02-01T08:00:00.5+01:00"),
        action: Some("opt_in".into()),
        contact_id: Some("ben".into()),
        address: Some("+447700900456".into()),
        region: Some("GB".into()),
        channel: Some("sms".into()),
        purpose: Some("marketing.offers".into()),
        controller: Some("acme-ltd".into()),
        brand: Some("acme".into()),
        basis: Some("express_written".into()),
        kind: Some("purchase".into()),
        context: Some(context),
        evidence: Some(EvidenceRecord {
            method: Some("web_form".into()),
            notice_version: Some("n-1".into()),
            signature: Some("true".into()),
            number_named: Some("true".into()),
            not_condition_of_purchase: Some("false".into()),
            notice_text_sha256: Some("9c1f".into()),
            source: Some("https://shop.example".into()),
            locale: Some("en".into()),
            template_id: None,
            further: vec![("campaign".into(), "spring".into())],
        }),
        text: Some("stop \u{1f600}".into()),
        to: Some("+18005550199".into()),
        registry: Some("us-dnc".into()),
        listed: Some(true),
        smtp: Some("5.1.1".into()),
        format: Some("arf".into()),
        scope: Some("marketing".into()),
        cause: Some("legal hold".into()),
        keep_suppression: Some(false),
        birth_date: Some(13_938),
        message_id: Some("m-0".into()),
        source: Some("crm".into()),
        via: Some("import".into()),
        expires_at: at("2027-02-01T08:00:00Z"),
        recipient_kind: Some("business".into()),
        new_address: Some("+447700900457".into()),
    }
}

/// The smallest consent change.
pub(super) fn opt_out() -> ConsentChangeRecord<'static> {
    ConsentChangeRecord {
        event_id: Some("e-2".into()),
        occurred_at: at("2026-02-01T08:00:00Z"),
        action: Some("opt_out".into()),
        contact_id: Some("ben".into()),
        ..ConsentChangeRecord::default()
    }
}

/// A message with every field set.
pub(super) fn message() -> OutboundMessageRecord<'static> {
    OutboundMessageRecord {
        message_id: Some("m-1".into()),
        channel: Some("sms".into()),
        category: Some("service".into()),
        purpose: Some("marketing.offers".into()),
        controller: Some("acme-ltd".into()),
        brand: Some("acme".into()),
        sender_number: Some("+18005550199".into()),
        product_group: Some("tents".into()),
        sole_charitable_purpose: Some(true),
        expires_at: at("2026-03-02T12:00:00Z"),
        content: Some(ContentRecord {
            promotional: Some(false),
            sender_identity: Some(true),
            postal_address: Some(true),
            unsubscribe: Some(true),
            one_click: None,
            contact_address: None,
            ad_label: None,
            template_id: None,
            header_id: None,
            bulk: Some(true),
        }),
        recipient: Some(RecipientRecord {
            contact_id: Some("ben".into()),
            address: Some("+447700900456".into()),
            region: Some("GB".into()),
            tz: Some("Europe/London".into()),
            jurisdiction: Some("GB".into()),
            jurisdiction_verified: Some(true),
            jurisdiction_verified_at: at("2026-01-02T12:00:00Z"),
            kind: Some("sole_trader".into()),
        }),
        body: Some("Hello Ben".into()),
        campaign: None,
        attributes: vec![("campaign".into(), "spring".into())],
    }
}

/// A codec whose registry, if it needs one, knows our schemas as 7 (consent) and 8 (messages).
pub(super) fn codec(format: Format, kind: Kind) -> Codec {
    let schemas = (format == Format::Avro).then(|| {
        let schemas = FakeSchemas::default();
        schemas.answer(7, CONSENT_CHANGE_SCHEMA);
        schemas.answer(8, OUTBOUND_MESSAGE_SCHEMA);
        schemas.boxed()
    });
    Codec::new(format, kind, schemas).unwrap()
}

pub(super) fn encoding(format: Format, kind: Kind) -> Encoding {
    match (format, kind) {
        (Format::Json, _) => Encoding::Json,
        (Format::Avro, Kind::ConsentChange) => Encoding::Avro { schema_id: 7 },
        (Format::Avro, Kind::OutboundMessage) => Encoding::Avro { schema_id: 8 },
        (Format::AvroSingleObject, _) => Encoding::AvroSingleObject,
    }
}

/// Answers as it was told, and remembers what it was asked. An id that it was told nothing about is unknown.
#[derive(Clone, Default)]
pub(super) struct FakeSchemas {
    answers: Arc<Mutex<HashMap<u32, Result<FetchedSchema, FetchError>>>>,
    asked: Arc<Mutex<Vec<u32>>>,
}

impl FakeSchemas {
    pub(super) fn answer(&self, id: u32, text: &str) {
        self.refer(id, text, &[]);
    }

    pub(super) fn refer(&self, id: u32, text: &str, references: &[&str]) {
        let references = references.iter().map(|&text| text.to_owned()).collect();
        self.tell(id, Ok(FetchedSchema { text: text.to_owned(), references }));
    }

    pub(super) fn fail(&self, id: u32, why: FetchError) {
        self.tell(id, Err(why));
    }

    fn tell(&self, id: u32, answer: Result<FetchedSchema, FetchError>) {
        self.answers.lock().unwrap().insert(id, answer);
    }

    pub(super) fn asked(&self) -> Vec<u32> {
        self.asked.lock().unwrap().clone()
    }

    pub(super) fn boxed(&self) -> Box<dyn Schemas> {
        Box::new(self.clone())
    }
}

impl Schemas for FakeSchemas {
    fn fetch(&self, id: u32) -> Result<FetchedSchema, FetchError> {
        self.asked.lock().unwrap().push(id);
        self.answers.lock().unwrap().get(&id).cloned().unwrap_or(Err(FetchError::Unknown))
    }
}

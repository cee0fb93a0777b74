//! The records in other schema languages, generated from the Avro schemas so that they cannot drift: Protobuf and JSON Schema.
//!
//! `cargo run -p gate-mapping --example schemas` writes them into `schemas/`; a test compares.

mod json;
mod log_json;
mod numbers;
mod patterns;
mod proto;

use self::numbers::Numbers;
use apache_avro::Schema;
use gate_codec::Kind;

const DECISION_BATCH: &str = include_str!("../../../../schemas/decision-batch.avsc");
const NUMBERS: &str = include_str!("../../../../schemas/consent-gate.numbers");

/// A generated file: its name in `schemas/` and its text; `None` when our own schemas or the record of numbers cannot be read.
#[must_use]
pub fn forms() -> Option<Vec<(&'static str, String)>> {
    let parse = |text: &str| gate_codec::parse_schema(text, &[]);
    let consent = parse(Kind::ConsentChange.schema())?;
    let message = parse(Kind::OutboundMessage.schema())?;
    let batch = parse(DECISION_BATCH)?;
    let mut numbers = Numbers::read(NUMBERS)?;
    Some(vec![
        ("consent-gate.proto", proto::file(&[&consent, &message], &batch, &mut numbers)),
        ("consent-gate.numbers", numbers.text()),
        ("consent-change.schema.json", json::consent_change(&consent)?),
        ("outbound-message.schema.json", json::outbound_message(&message)?),
        ("decision-batch.schema.json", log_json::decision_batch(&batch)?),
    ])
}

/// The type inside of an optional one.
fn solid(schema: &Schema) -> &Schema {
    match schema {
        Schema::Union(union) => {
            union.variants().iter().find(|it| !matches!(it, Schema::Null)).unwrap_or(schema)
        }
        schema => schema,
    }
}

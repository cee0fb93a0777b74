//! Mappings for tests, compiled from text.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::panic,
    reason = "shared by tests that use parts of it"
)]

use gate_mapping::{Given, Mapping, Problem, compile};
use jiff::tz::TimeZoneDatabase;

pub(crate) fn check(
    text: &str,
    files: &dyn Fn(&str) -> Option<Vec<u8>>,
) -> Result<Mapping, Vec<Problem>> {
    compile(text, &Given { file: "m.yaml", files, zones: &TimeZoneDatabase::bundled() })
}

pub(crate) fn compiled_with(text: &str, files: &dyn Fn(&str) -> Option<Vec<u8>>) -> Mapping {
    check(text, files).unwrap_or_else(|problems| {
        let lines: Vec<_> = problems.iter().map(ToString::to_string).collect();
        panic!("{}", lines.join("\n"))
    })
}

pub(crate) fn compiled(text: &str) -> Mapping {
    compiled_with(text, &|_| None)
}

/// A mapping of consent changes with these fields besides id, time and contact.
pub(crate) fn consent(fields: &str) -> String {
    format!(
        "format: json\nrecord: consent_change\nfields:\n  event_id: $.id\n  occurred_at: $.at\n  contact_id: $.who\n{fields}"
    )
}

/// The shop's own message, as a mapping and as a record.
pub(crate) const MESSAGE: &str = r#"
format: json
record: outbound_message
fields:
  message_id: $.id
  channel: {path: $.medium, values: {EMAIL: email, SMS: sms}}
  category: {path: $.type, values: {PROMO: marketing, ORDER: transactional}, otherwise: marketing}
  purpose: $.topic
  controller: {constant: Example Ltd}
  expires_at: {path: $.until, time: epoch_s}
  campaign: $.meta.campaign
  content.unsubscribe: {path: $.flags.unsubscribe, values: {"Y": true, "N": false}}
  recipient.contact_id: $.customer.number
  recipient.address: {path: $.customer.mail, split: {by: ";", take: first}}
  recipient.jurisdiction: $.customer.country
"#;

pub(crate) const RECORD: &str = r#"{"id":"m-1","medium":"EMAIL","type":"PROMO","topic":"marketing.newsletter","until":1793700000,
"flags":{"unsubscribe":"Y"},"customer":{"number":"c-1","mail":"ana@example.net;x","country":"DE"},"meta":{"campaign":"spring"},
"body":{"deep":[1,2,{"x":null}]}}"#;

//! What a mapping costs over the plain form: `cargo run --release -p gate-mapping --example speed`.
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a program that prints figures")]

use gate_codec::{Codec, Format, Kind, message_of_record};
use gate_mapping::{Given, Origin, compile};
use jiff::tz::TimeZoneDatabase;
use std::hint::black_box;
use std::time::Instant;

const N: u32 = 500_000;
const ROUNDS: usize = 5;

const PLAIN: &[u8] = br#"{"message_id":"m-000001","channel":"email","category":"marketing","purpose":"marketing.newsletter",
"controller":"Example Ltd","brand":"Example","content":{"sender_identity":true,"postal_address":true,"unsubscribe":true,
"one_click":true},"recipient":{"contact_id":"c-4711","address":"ana@example.net","jurisdiction":"DE","tz":"Europe/Berlin"},
"body":{"subject":"Hello","html":"<p>Hello</p>"},"attributes":{"campaign":"spring"}}"#;

const OWN: &[u8] = br#"{"id":"m-000001","medium":"EMAIL","type":"PROMO","topic":"marketing.newsletter",
"company":"Example Ltd","shop":"Example","flags":{"imprint":true,"address":true,"unsubscribe":true,
"oneClick":true},"customer":{"number":"c-4711","mail":"ana@example.net","country":"DE","zone":"Europe/Berlin"},
"body":{"subject":"Hello","html":"<p>Hello</p>"},"meta":{"campaign":"spring"}}"#;

const MAPPING: &str = r#"
format: json
record: outbound_message
fields:
  message_id: $.id
  channel: {path: $.medium, values: {EMAIL: email, SMS: sms, PUSH: push}}
  category: {path: $.type, values: {PROMO: marketing, ORDER: transactional}}
  purpose: $.topic
  controller: $.company
  brand: $.shop
  campaign: $.meta.campaign
  content.sender_identity: $.flags.imprint
  content.postal_address: $.flags.address
  content.unsubscribe: $.flags.unsubscribe
  content.one_click: $.flags.oneClick
  recipient.contact_id: $.customer.number
  recipient.address: $.customer.mail
  recipient.jurisdiction: $.customer.country
  recipient.tz: $.customer.zone
"#;

fn nanos(mut work: impl FnMut()) -> f64 {
    let mut best = f64::MAX;
    for _ in 0..ROUNDS {
        let since = Instant::now();
        for _ in 0..N {
            work();
        }
        best = best.min(since.elapsed().as_secs_f64() * 1e9 / f64::from(N));
    }
    best
}

fn main() {
    let codec = Codec::new(Format::Json, Kind::OutboundMessage, None).unwrap();
    let given = Given { file: "speed", files: &|_| None, zones: &TimeZoneDatabase::bundled() };
    let mapping = compile(MAPPING, &given).unwrap();
    let plain = nanos(|| {
        black_box(codec.decode_message(Some(black_box(PLAIN))).unwrap());
    });
    let mapped = nanos(|| {
        let record = mapping.map_message(Some(black_box(OWN)), Origin::of_key(None)).unwrap();
        black_box(message_of_record(record).unwrap());
    });
    println!("plain JSON   {plain:6.0} ns a message, {} bytes", PLAIN.len());
    println!("mapped JSON  {mapped:6.0} ns a message, {} bytes", OWN.len());
    println!("difference   {:6.0} ns", mapped - plain);
}

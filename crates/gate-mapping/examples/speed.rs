//! What a mapping costs over the plain form: `cargo run --release -p gate-mapping --example speed`.
//!
//! One message in six forms of producers, beside the same message in our own JSON and our own Avro. Rounds take turns, so that a
//! busy moment of the machine meets all of them; medians are printed.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a program that prints figures"
)]

use apache_avro::types::Value;
use apache_avro::{Schema, writer::datum::GenericDatumWriter};
use gate_codec::{Codec, Encoding, Format, Kind, encode_message, message_of_record};
use gate_mapping::{Given, Mapping, Origin, compile};
use jiff::tz::TimeZoneDatabase;
use prost_reflect::{DescriptorPool, DynamicMessage, prost::Message as _};
use std::hint::black_box;
use std::time::Instant;

/// Messages of a round.
const N: u32 = 50_000;
const ROUNDS: usize = 21;
/// What a mapping may cost over the plain form.
const WANTED_NS: f64 = 1_000.0;

const PLAIN: &[u8] = br#"{"message_id":"m-000001","channel":"email","category":"marketing","purpose":"marketing.newsletter",
"controller":"Example Ltd","brand":"Example","content":{"sender_identity":true,"postal_address":true,"unsubscribe":true,
"one_click":true},"recipient":{"contact_id":"c-4711","address":"ana@example.net","jurisdiction":"DE","tz":"Europe/Berlin"},
"body":{"subject":"Hello","html":"<p>Hello</p>"},"attributes":{"campaign":"spring"}}"#;

const OWN: &[u8] = br#"{"id":"m-000001","medium":"EMAIL","type":"PROMO","topic":"marketing.newsletter",
"company":"Example Ltd","shop":"Example","flags":{"imprint":true,"address":true,"unsubscribe":true,
"oneClick":true},"customer":{"number":"c-4711","mail":"ana@example.net","country":"DE","zone":"Europe/Berlin"},
"body":{"subject":"Hello","html":"<p>Hello</p>"},"meta":{"campaign":"spring"}}"#;

/// Fields of the shop's own record, from below this path.
fn fields(at: &str) -> String {
    let plain = [
        ("message_id", "id"),
        ("purpose", "topic"),
        ("controller", "company"),
        ("brand", "shop"),
        ("campaign", "meta.campaign"),
        ("content.sender_identity", "flags.imprint"),
        ("content.postal_address", "flags.address"),
        ("content.unsubscribe", "flags.unsubscribe"),
        ("content.one_click", "flags.oneClick"),
        ("recipient.contact_id", "customer.number"),
        ("recipient.address", "customer.mail"),
        ("recipient.jurisdiction", "customer.country"),
        ("recipient.tz", "customer.zone"),
    ];
    let mut text = format!(
        "record: outbound_message\nfields:\n  \
         channel: {{path: {at}.medium, values: {{EMAIL: email, SMS: sms, PUSH: push}}, otherwise: null}}\n  \
         category: {{path: {at}.type, values: {{PROMO: marketing, ORDER: transactional}}}}\n"
    );
    for (field, path) in plain {
        text.push_str(&format!("  {field}: {at}.{path}\n"));
    }
    text
}

const AVRO: &str = r#"{"type":"record","name":"Mail","fields":[
 {"name":"id","type":"string"},{"name":"medium","type":{"type":"enum","name":"Medium","symbols":["SMS","EMAIL","PUSH"]}},
 {"name":"type","type":"string"},{"name":"topic","type":"string"},{"name":"company","type":"string"},{"name":"shop","type":"string"},
 {"name":"flags","type":{"type":"record","name":"Flags","fields":[{"name":"imprint","type":"boolean"},
  {"name":"address","type":"boolean"},{"name":"unsubscribe","type":"boolean"},{"name":"oneClick","type":"boolean"}]}},
 {"name":"customer","type":{"type":"record","name":"Customer","fields":[{"name":"number","type":"string"},
  {"name":"mail","type":["null","string"]},{"name":"country","type":"string"},{"name":"zone","type":"string"}]}},
 {"name":"subject","type":"string"},{"name":"html","type":"string"},
 {"name":"meta","type":{"type":"record","name":"Meta","fields":[{"name":"campaign","type":"string"}]}}]}"#;

const PROTO: &str = r#"syntax = "proto3"; package shop;
enum Medium { NONE = 0; SMS = 1; EMAIL = 2; PUSH = 3; }
message Mail { string id = 1; Medium medium = 2; string type = 3; string topic = 4; string company = 5; string shop = 6;
 Flags flags = 7; Customer customer = 8; string subject = 9; string html = 10; Meta meta = 11; }
message Flags { bool imprint = 1; bool address = 2; bool unsubscribe = 3; bool oneClick = 4 [json_name = "oneClick"]; }
message Customer { string number = 1; string mail = 2; string country = 3; string zone = 4; }
message Meta { string campaign = 1; }"#;

fn text(text: &str) -> Value {
    Value::String(text.to_owned())
}

fn record(fields: Vec<(&str, Value)>) -> Value {
    Value::Record(fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

/// The shop's record in Avro.
fn avro() -> Vec<u8> {
    let schema = Schema::parse_str(AVRO).unwrap();
    let yes = || Value::Boolean(true);
    let flags =
        [("imprint", yes()), ("address", yes()), ("unsubscribe", yes()), ("oneClick", yes())];
    let customer = [
        ("number", text("c-4711")),
        ("mail", text("ana@example.net")),
        ("country", text("DE")),
        ("zone", text("Europe/Berlin")),
    ];
    let value = record(vec![
        ("id", text("m-000001")),
        ("medium", text("EMAIL")),
        ("type", text("PROMO")),
        ("topic", text("marketing.newsletter")),
        ("company", text("Example Ltd")),
        ("shop", text("Example")),
        ("flags", record(flags.into())),
        ("customer", record(customer.into())),
        ("subject", text("Hello")),
        ("html", text("<p>Hello</p>")),
        ("meta", record(vec![("campaign", text("spring"))])),
    ]);
    let writer = GenericDatumWriter::builder(&schema).build().unwrap();
    writer.write_value_to_vec(value.resolve(&schema).unwrap()).unwrap()
}

/// Its descriptors and the shop's record in Protobuf.
fn protobuf() -> (Vec<u8>, Vec<u8>) {
    let folder = std::env::temp_dir().join(format!("gate-mapping-speed-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("shop.proto"), PROTO).unwrap();
    let set = protox::compile(["shop.proto"], [&folder]).unwrap().encode_to_vec();
    std::fs::remove_dir_all(&folder).unwrap();
    let pool = DescriptorPool::decode(set.as_slice()).unwrap();
    let json = serde_json::json!({
        "id": "m-000001", "medium": "EMAIL", "type": "PROMO", "topic": "marketing.newsletter", "company": "Example Ltd",
        "shop": "Example", "subject": "Hello", "html": "<p>Hello</p>", "meta": {"campaign": "spring"},
        "flags": {"imprint": true, "address": true, "unsubscribe": true, "oneClick": true},
        "customer": {"number": "c-4711", "mail": "ana@example.net", "country": "DE", "zone": "Europe/Berlin"},
    });
    let of = pool.get_message_by_name("shop.Mail").unwrap();
    (set, DynamicMessage::deserialize(of, json).unwrap().encode_to_vec())
}

/// What Debezium writes of a row, with the schema that it writes into each record.
fn debezium(with_schema: bool) -> String {
    let own = std::str::from_utf8(OWN).unwrap();
    let source = r#"{"version":"3.1","connector":"postgresql","name":"shop","ts_ms":1793700000000,"db":"shop","table":"mail","lsn":24023128}"#;
    let row = format!(
        r#"{{"before":null,"after":{own},"op":"c","ts_ms":1793700000001,"source":{source}}}"#
    );
    if !with_schema {
        return row;
    }
    let field = |n: usize| format!(r#"{{"type":"string","optional":true,"field":"column_{n}"}}"#);
    let fields: Vec<String> = (0..40).map(field).collect();
    let fields = fields.join(",");
    format!(
        r#"{{"schema":{{"type":"struct","fields":[{{"type":"struct","fields":[{fields}],"optional":true,"field":"after"}}],"name":"shop.Envelope"}},"payload":{row}}}"#
    )
}

fn mapping(text: &str, file: Option<Vec<u8>>) -> Mapping {
    let files = |_: &str| file.clone();
    let given = Given { file: "speed", files: &files, zones: &TimeZoneDatabase::bundled() };
    compile(text, &given).unwrap_or_else(|problems| {
        let lines: Vec<_> = problems.iter().map(ToString::to_string).collect();
        panic!("{}", lines.join("\n"))
    })
}

struct Form {
    name: &'static str,
    bytes: usize,
    read: Box<dyn Fn()>,
    nanos: Vec<f64>,
}

impl Form {
    fn plain(name: &'static str, format: Format, value: Vec<u8>) -> Self {
        let codec = Codec::new(format, Kind::OutboundMessage, None).unwrap();
        let bytes = value.len();
        let read = move || {
            black_box(codec.decode_message(Some(black_box(&value))).unwrap());
        };
        Self { name, bytes, read: Box::new(read), nanos: Vec::new() }
    }

    fn mapped(name: &'static str, mapping: Mapping, value: Vec<u8>) -> Self {
        let bytes = value.len();
        let read = move || {
            let mapped = mapping.map_message(Some(black_box(&value)), Origin::of_key(None));
            black_box(message_of_record(mapped.unwrap()).unwrap());
        };
        Self { name, bytes, read: Box::new(read), nanos: Vec::new() }
    }

    fn round(&mut self) {
        let since = Instant::now();
        (0..N).for_each(|_| (self.read)());
        self.nanos.push(since.elapsed().as_secs_f64() * 1e9 / f64::from(N));
    }

    fn median(&mut self) -> f64 {
        self.nanos.sort_by(f64::total_cmp);
        self.nanos[self.nanos.len() / 2]
    }
}

fn main() {
    let json = |at: &str| mapping(&format!("format: json\n{}", fields(at)), None);
    let own = json("$");
    let ours = own.map_message(Some(OWN), Origin::of_key(None)).unwrap();
    let plain_avro = encode_message(&ours, Encoding::AvroSingleObject).unwrap();
    let event = format!(
        r#"{{"specversion":"1.0","id":"7","source":"/shop","type":"mail.due","time":"2026-11-03T10:00:00Z","data":{}}}"#,
        std::str::from_utf8(OWN).unwrap()
    );
    let (descriptors, wire) = protobuf();
    let avro_text = format!("format: avro\nschema: mail.avsc\nframing: none\n{}", fields("$"));
    let proto_text = format!(
        "format: protobuf\nschema: shop.binpb\nmessage: shop.Mail\nframing: none\n{}",
        fields("$")
    );
    let mut plain = [
        Form::plain("our JSON", Format::Json, PLAIN.to_vec()),
        Form::plain("our Avro", Format::AvroSingleObject, plain_avro),
    ];
    let mut mapped = [
        (0, Form::mapped("own JSON", own, OWN.to_vec())),
        (0, Form::mapped("CloudEvents around it", json("$.data"), event.into_bytes())),
        (0, Form::mapped("Debezium's row of it", json("$.after"), debezium(false).into_bytes())),
        (
            0,
            Form::mapped(
                "the same with schema",
                json("$.payload.after"),
                debezium(true).into_bytes(),
            ),
        ),
        (1, Form::mapped("own Avro", mapping(&avro_text, Some(AVRO.into())), avro())),
        (1, Form::mapped("own Protobuf", mapping(&proto_text, Some(descriptors)), wire)),
    ];
    for _ in 0..ROUNDS {
        plain.iter_mut().for_each(Form::round);
        mapped.iter_mut().for_each(|(_, form)| form.round());
    }
    let base = [plain[0].median(), plain[1].median()];
    for (form, base) in plain.iter().zip(base) {
        println!("{:<22} {:>6} bytes {base:>6.0} ns", form.name, form.bytes);
    }
    for (over, form) in &mut mapped {
        let (median, name, bytes) = (form.median(), form.name, form.bytes);
        let more = median - base[*over];
        let over = plain[*over].name;
        let verdict = if more <= WANTED_NS { "met" } else { "MISSED" };
        println!(
            "{name:<22} {bytes:>6} bytes {median:>6.0} ns  {more:>+6.0} ns over {over}  {verdict}"
        );
    }
}

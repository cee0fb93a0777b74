//! Protobuf: what the walk over the wire reads is what the library wrote, and what it refuses.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that meets the unexpected must fail"
)]

mod common;

use gate_codec::{ConsentChangeRecord, DecodeError};
use gate_mapping::{Changes, Mapping, Origin, run_cases};
use proptest::prelude::*;
use prost_reflect::{DescriptorPool, DynamicMessage, Value, prost::Message as _};
use std::sync::LazyLock;

const PROTO: &str = r#"
syntax = "proto3";
package shop;
import "google/protobuf/timestamp.proto";
import "google/protobuf/wrappers.proto";
message Other { string a = 1; }
message Consent {
  string id = 1;
  google.protobuf.Timestamp at = 2;
  enum Status { UNKNOWN = 0; IN = 1; OUT = 2; NEGATIVE = -3; }
  Status status = 3;
  Person person = 4;
  sint64 version = 5;
  optional bool listed = 6;
  bool listed_plainly = 7;
  google.protobuf.StringValue campaign = 8;
  oneof where { string email = 9; string phone = 10; int32 other = 11; }
  repeated string tags = 12;
  repeated int32 numbers = 13;
  map<string, bool> topics = 14;
  fixed64 until = 15;
  double ratio = 16;
  bytes blob = 17;
  repeated Person people = 18;
  int64 seconds = 19;
  enum Level { LEVEL_UNSPECIFIED = 0; LEVEL_LOW = 1; }
  Level level = 20;
  optional Level stated_level = 21;
}
message Person { string number = 1; string name = 2; Consent nested = 3; uint64 account = 4; }
"#;

static DESCRIPTORS: LazyLock<Vec<u8>> = LazyLock::new(compile);
static PLAIN: LazyLock<Mapping> = LazyLock::new(|| mapping("none", FIELDS));

fn descriptors() -> Vec<u8> {
    DESCRIPTORS.clone()
}

fn compile() -> Vec<u8> {
    let folder = std::env::temp_dir().join(format!(
        "gate-mapping-{}-{:?}",
        std::process::id(),
        std::thread::current().id()
    ));
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("shop.proto"), PROTO).unwrap();
    let set = protox::compile(["shop.proto"], [&folder]).unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
    set.encode_to_vec()
}

const FIELDS: &str = r#"
  event_id: $.id
  occurred_at: $.at
  action: {path: $.status, values: {IN: opt_in, OUT: opt_out, UNKNOWN: complaint, NEGATIVE: object}}
  contact_id: $.person.number
  address: {first_of: [$.email, $.phone]}
  message_id: $.person.account
  listed: $.listed
  keep_suppression: {path: $.listed_plainly}
  via: $.campaign
  source: $.tags[0]
  cause: {path: "$.numbers[1]", digits: true}
  registry: {path: $.topics.news, values: {"true": yes-list, "false": no-list}}
  evidence.notice_version: $.version
  expires_at: {path: $.until, time: epoch_us}
"#;

fn text(framing: &str, fields: &str) -> String {
    format!(
        "format: protobuf\nschema: shop.binpb\nmessage: shop.Consent\nframing: {framing}\nrecord: consent_change\nfields:\n{fields}"
    )
}

fn mapping(framing: &str, fields: &str) -> Mapping {
    let bytes = descriptors();
    common::compiled_with(&text(framing, fields), &|_| Some(bytes.clone()))
}

fn one<'a>(mapping: &'a Mapping, value: &'a [u8]) -> Result<ConsentChangeRecord<'a>, DecodeError> {
    match mapping.map_consent(Some(value), Origin::of_key(None))? {
        Changes::One(record) => Ok(record),
        other => panic!("{other:?}"),
    }
}

fn message(json: &serde_json::Value) -> DynamicMessage {
    let pool = DescriptorPool::decode(descriptors().as_slice()).unwrap();
    DynamicMessage::deserialize(pool.get_message_by_name("shop.Consent").unwrap(), json.clone())
        .unwrap()
}

const CASES: &str = r#"
- name: everything
  in:
    id: "1"
    at: "2026-11-03T10:00:00.5Z"
    status: OUT
    person: {number: ana, name: Ana, account: "77"}
    version: "-4"
    listed: false
    listedPlainly: true
    campaign: spring
    phone: "+4930123456"
    tags: [one, two]
    numbers: [5, 6]
    topics: {news: true, other: false}
    until: "1793700000000000"
    ratio: 1.5
    blob: AAAA
    people: [{number: ben}]
  error: "wrong_type: evidence.notice_version"
  who: {contact_id: ana, address: "+4930123456"}
- name: most of it
  in: {id: "1", at: "2026-11-03T10:00:00.5Z", status: OUT, person: {number: ana, account: "77"}, version: "4", listed: false,
       listedPlainly: true, campaign: spring, email: a@example.net, tags: [one], numbers: [5, 6], topics: {news: true}, until: "1793700000000000"}
  expect: {event_id: "1", occurred_at: "2026-11-03T10:00:00.5Z", action: opt_out, contact_id: ana, message_id: "77", listed: false,
       keep_suppression: true, via: spring, address: a@example.net, source: one, cause: "6", registry: yes-list,
       evidence: {notice_version: "4"}, expires_at: "2026-11-03T10:00:00Z"}
- name: what is not written stands for its zero
  in: {id: "1", at: "2026-11-03T10:00:00Z", person: {number: ana}}
  expect: {event_id: "1", occurred_at: "2026-11-03T10:00:00Z", action: complaint, contact_id: ana, keep_suppression: false}
- name: without an id
  in: {at: "2026-11-03T10:00:00Z", status: IN, person: {number: ana}}
  error: "missing_field: event_id"
  who: {contact_id: ana}
"#;

#[test]
fn cases_in_json_are_encoded_by_the_library() {
    for framing in ["none", "confluent"] {
        let report = run_cases(&mapping(framing, FIELDS), "cases", CASES).unwrap();
        assert!(report.mismatches.is_empty(), "{report}");
        assert_eq!(report.n_passed, 4);
    }
}

#[test]
fn a_list_and_a_map_go_through_each() {
    let people = "  event_id: {join: [$.id, '-', index]}\n  occurred_at: $.at\n  action: {constant: opt_out}\n  contact_id: '@.number'\n";
    let topics = "  event_id: {join: [$.id, '-', '@key']}\n  occurred_at: $.at\n  action: {path: '@', values: {'true': opt_in, 'false': opt_out}}\n  contact_id: $.person.number\n  purpose: '@key'\n";
    let value = message(&serde_json::json!({
        "id": "1", "at": "2026-11-03T10:00:00Z", "person": {"number": "ana"},
        "people": [{"number": "a"}, {"number": "b", "nested": {"id": "x"}}], "topics": {"news": true, "ads": false}
    }))
    .encode_to_vec();
    for (each, fields, n) in [("$.people", people, 2), ("$.topics", topics, 2)] {
        let mapping = mapping(&format!("none\neach: {each}"), fields);
        let changes = mapping.map_consent(Some(&value), Origin::of_key(None)).unwrap();
        let ids: Vec<_> = changes
            .into_records()
            .map(|it| (it.contact_id.unwrap().into_owned(), it.action.unwrap().into_owned()))
            .collect();
        assert_eq!(ids.len(), n, "{ids:?}");
        assert!(ids.iter().all(|(id, _)| ["a", "b", "ana"].contains(&id.as_str())), "{ids:?}");
    }
}

#[test]
fn framings_are_what_they_say() {
    let bare = message(&serde_json::json!({"id": "1", "at": "2026-11-03T10:00:00Z", "status": "OUT", "person": {"number": "ana"}})).encode_to_vec();
    let mapping = mapping("confluent", FIELDS);
    // Consent is the second message of its file
    let framed = |index: &[u8]| [&[0, 0, 0, 0, 7][..], index, &bare].concat();
    assert_eq!(one(&mapping, &framed(&[2, 2])).unwrap().contact_id.as_deref(), Some("ana"));
    for (index, class) in [
        (&[0][..], "incompatible_schema"),
        (&[2, 4], "incompatible_schema"),
        (&[4, 2, 0], "incompatible_schema"),
    ] {
        assert!(one(&mapping, &framed(index)).unwrap_err().to_string().contains(class));
    }
    assert!(one(&mapping, &bare).unwrap_err().to_string().contains("wrong_magic"));
    assert!(one(&mapping, &[0, 0]).unwrap_err().to_string().contains("truncated"));
}

#[test]
fn what_could_override_a_refusal_is_refused() {
    let mapping = mapping("none", FIELDS);
    let base = message(&serde_json::json!({"id": "1", "at": "2026-11-03T10:00:00Z", "status": "OUT", "person": {"number": "ana"}, "email": "a@example.net"})).encode_to_vec();
    assert!(one(&mapping, &base).is_ok());
    for (more, class) in [
        (&[0x18, 1][..], "duplicate_key"), // status again
        (&[0x22, 5, 0x0A, 3, b'b', b'e', b'n'], "duplicate_key"), // person again
        (&[0x52, 1, b'1'], "duplicate_key"), // phone beside email
        (&[0x58, 1], "duplicate_key"),     // other, which nobody reads, beside email
        (&[0x28, 0x80], "truncated"),
        (&[0x28, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1], "malformed"),
        (&[0x2D, 1, 2, 3, 4], "wrong_type"), // version as fixed32
        (&[0x38, 2], "invalid_value"),       // a boolean of 2
        (&[0x62, 2, 0xFF, 0xFF], "bad_utf8"),
        (&[0x00, 1], "malformed"), // field 0
        (&[0x9E, 6], "malformed"), // wire type 6
        (&[0x9C, 6], "malformed"), // a group that ends before it begins
        (&[0x9B, 6], "truncated"), // a group that never ends
    ] {
        let value = [&base[..], more].concat();
        let error = one(&mapping, &value).unwrap_err().to_string();
        assert!(error.contains(class), "{more:x?}: {error}");
    }
    // what nobody looks at is passed over, groups too
    for more in [&[0x9B, 6, 0x08, 1, 0x9C, 6][..], &[0xA2, 6, 1, 9], &[0xA8, 6, 9]] {
        assert!(one(&mapping, &[&base[..], more].concat()).is_ok(), "{more:x?}");
    }
    let deep: Vec<u8> = [&base[..], &[0x9B, 6].repeat(40)].concat();
    assert!(one(&mapping, &deep).unwrap_err().to_string().contains("too_deep"));
    // an enum's number that has no name is no row
    let unknown = message(&serde_json::json!({"id": "1", "at": "2026-11-03T10:00:00Z", "status": 9, "person": {"number": "ana"}})).encode_to_vec();
    assert!(one(&mapping, &unknown).unwrap_err().to_string().contains("unknown_symbol: `action`"));
}

#[test]
fn the_descriptor_is_looked_at() {
    let bytes = descriptors();
    let files = |_: &str| Some(bytes.clone());
    for (fields, says) in [
        (FIELDS.replace("$.person.number", "$.person.numbr"), "did you mean `number`?"),
        (FIELDS.replace(", NEGATIVE: object", ""), "the schema's value `NEGATIVE` has no row"),
        (FIELDS.replace("$.person.number", "$.person"), "this is an object"),
        (FIELDS.replace("$.person.number", "$.blob"), "this is bytes"),
        (FIELDS.replace("{path: $.until, time: epoch_us}", "$.seconds"), "does not say its unit"),
    ] {
        let problems = common::check(&text("none", &fields), &files).map(|_| ()).unwrap_err();
        assert!(problems.iter().any(|it| it.to_string().contains(says)), "{problems:?}");
    }
    let wrong = text("none", FIELDS).replace("shop.Consent", "shop.Consnt");
    let problems = common::check(&wrong, &files).map(|_| ()).unwrap_err();
    assert!(problems[0].fix.contains("did you mean `shop.Consent`?"), "{problems:?}");
    assert!(common::check(&text("none", FIELDS), &|_| Some(vec![1, 2, 3])).is_err());
    assert!(common::check(&text("single-object", FIELDS), &files).is_err());
}

/// A zero that says nothing needs no row where it can only be read when somebody wrote it, and is no value then.
#[test]
fn what_is_unspecified_needs_a_row_where_it_is_what_nobody_wrote() {
    let bytes = descriptors();
    let files = |_: &str| Some(bytes.clone());
    let basis = |path: &str| {
        let row =
            format!("  basis: {{path: $.{path}, lower: true, values: {{level_low: implied}}}}\n");
        text("none", &(FIELDS.to_owned() + &row))
    };
    let problems = common::check(&basis("level"), &files).map(|_| ()).unwrap_err();
    let says = "the schema's value `level_unspecified` has no row";
    assert!(problems.iter().any(|it| it.to_string().contains(says)), "{problems:?}");
    let mapping = common::compiled_with(&basis("stated_level"), &files);
    let record = |more: serde_json::Value| {
        let mut record = serde_json::json!({"id": "1", "at": "2026-11-03T10:00:00Z", "status": "IN",
            "person": {"number": "ana"}});
        record.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        message(&record).encode_to_vec()
    };
    let low = record(serde_json::json!({"statedLevel": "LEVEL_LOW"}));
    assert_eq!(one(&mapping, &low).unwrap().basis.as_deref(), Some("implied"));
    let unset = record(serde_json::json!({}));
    assert_eq!(one(&mapping, &unset).unwrap().basis, None);
    let unspecified = record(serde_json::json!({"statedLevel": "LEVEL_UNSPECIFIED"}));
    let error = one(&mapping, &unspecified).unwrap_err().to_string();
    assert!(error.contains("unknown_symbol: `basis`"), "{error}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    /// Whatever the library writes is read as the library reads it.
    #[test]
    fn the_walk_reads_what_the_library_writes(
        id in "[a-z]{1,9}", seconds in 0_i64..4_000_000_000, nanos in 0_i32..1_000_000_000, status in 0_i32..3,
        number in ".{1,12}", version in 1_i64..1 << 50, listed in prop::option::of(any::<bool>()),
        email in prop::option::of("[a-z]{1,8}@example.net"), tags in prop::collection::vec("[a-z]{1,5}", 0..3),
        numbers in prop::collection::vec(1_i32..1000, 0..4), name in ".{0,20}",
    ) {
        let pool = DescriptorPool::decode(descriptors().as_slice()).unwrap();
        let mut message = DynamicMessage::new(pool.get_message_by_name("shop.Consent").unwrap());
        let mut at = DynamicMessage::new(pool.get_message_by_name("google.protobuf.Timestamp").unwrap());
        at.set_field_by_name("seconds", Value::I64(seconds));
        at.set_field_by_name("nanos", Value::I32(nanos));
        let mut person = DynamicMessage::new(pool.get_message_by_name("shop.Person").unwrap());
        person.set_field_by_name("number", Value::String(number.clone()));
        person.set_field_by_name("name", Value::String(name));
        message.set_field_by_name("id", Value::String(id.clone()));
        message.set_field_by_name("at", Value::Message(at));
        message.set_field_by_name("person", Value::Message(person));
        message.set_field_by_name("status", Value::EnumNumber(status));
        message.set_field_by_name("version", Value::I64(version));
        listed.into_iter().for_each(|it| message.set_field_by_name("listed", Value::Bool(it)));
        email.iter().for_each(|it| message.set_field_by_name("email", Value::String(it.clone())));
        message.set_field_by_name("tags", Value::List(tags.iter().cloned().map(Value::String).collect()));
        message.set_field_by_name("numbers", Value::List(numbers.iter().copied().map(Value::I32).collect()));
        let bytes = message.encode_to_vec();
        let mapping = &*PLAIN;
        let read = one(mapping, &bytes);
        if gate_core::canonical::is_blank(&number) {
            return Ok(());
        }
        let record = read.unwrap();
        prop_assert_eq!(record.event_id.as_deref(), Some(&*id));
        prop_assert_eq!(record.occurred_at.unwrap().as_micros(), seconds * 1_000_000 + i64::from(nanos) / 1_000);
        prop_assert_eq!(record.action.as_deref(), ["complaint", "opt_in", "opt_out"].get(status as usize).copied());
        prop_assert_eq!(record.contact_id.as_deref(), Some(&*number));
        prop_assert_eq!(record.listed, listed);
        prop_assert_eq!(record.address.as_deref(), email.as_deref());
        prop_assert_eq!(record.source.as_deref(), tags.first().map(String::as_str));
        prop_assert_eq!(record.cause.map(std::borrow::Cow::into_owned), numbers.get(1).map(ToString::to_string));
        prop_assert_eq!(record.evidence.unwrap().notice_version, Some(version.to_string().into()));
        // and no prefix of it reads as something else that refuses less
        for cut in 1..bytes.len() {
            if let Ok(shorter) = one(mapping, &bytes[..cut]) {
                prop_assert_eq!(shorter.contact_id.as_deref(), Some(&*number));
            }
        }
    }

    #[test]
    fn bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..120)) {
        let mapping = &*PLAIN;
        let _read = one(mapping, &bytes).is_ok();
        let _who = mapping.salvage(Some(&bytes), Origin::of_key(None)).is_some();
    }
}

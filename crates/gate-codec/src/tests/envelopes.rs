//! Envelopes and other framings: each is told by its own class, on both topics, and no record of ours is taken for one.

use super::super::*;
use super::fixtures;
use std::ffi::CStr;

const RECORD: &str = r#"{"event_id":"e","occurred_at":"2026-01-01T00:00:00Z","action":"opt_out","contact_id":"ana"}"#;

fn class(format: Format, kind: Kind, value: &[u8]) -> &'static str {
    let codec = fixtures::codec(format, kind);
    let error = match kind {
        Kind::ConsentChange => codec.decode_consent(Some(value)).unwrap_err(),
        Kind::OutboundMessage => codec.decode_message(Some(value)).unwrap_err(),
    };
    match error {
        DecodeError::Unreadable(why) => why.class.as_str(),
        DecodeError::Unavailable { .. } => "unavailable",
    }
}

fn framed(head: &[u8], rest: &str) -> Vec<u8> {
    [head, rest.as_bytes()].concat()
}

#[test]
fn each_envelope_has_its_class() {
    let envelopes = [
        (format!(r#"{{"specversion":"1.0","id":"1","source":"crm","type":"consent","data":{RECORD}}}"#), "cloud_event"),
        (r#"{"specversion":"1.0","id":"1","source":"crm","type":"consent","data_base64":"e30="}"#.to_owned(), "cloud_event"),
        (format!(r#"{{"before":null,"after":{RECORD},"op":"c","source":{{}},"ts_ms":1}}"#), "change_data"),
        (format!(r#"{{"before":{RECORD},"after":null,"op":"d"}}"#), "change_data"),
        (format!(r#"{{"schema":{{"type":"struct","fields":[{{"a":1}},{{"b":2}}]}},"payload":{RECORD}}}"#), "change_data"),
        (format!(r#"{{"database":"crm","table":"consent","type":"insert","data":{RECORD}}}"#), "change_data"),
        (format!(r#"{{"data":{RECORD},"metadata":{{"operation":"insert"}}}}"#), "change_data"),
        (format!(r#"{{"data":{RECORD}}}"#), "envelope"),
        (format!(r#"{{"event":{{"body":{RECORD}}},"version":3}}"#), "envelope"),
        (format!("[{RECORD}]"), "array"),
        (format!(" [{RECORD},\n{RECORD}] "), "array"),
        (format!("{RECORD}\n{RECORD}\n"), "array"),
        (format!("{RECORD}\r\n{RECORD}"), "array"),
        (serde_json::to_string(RECORD).unwrap(), "double_encoded"),
    ];
    for (json, expected) in envelopes {
        for kind in [Kind::ConsentChange, Kind::OutboundMessage] {
            assert_eq!(class(Format::Json, kind, json.as_bytes()), expected, "{kind:?} {json}");
        }
        let avro = class(Format::AvroSingleObject, Kind::ConsentChange, json.as_bytes());
        let is_structure = expected != "double_encoded";
        assert_eq!(avro, if is_structure { "other_framing" } else { "wrong_magic" }, "{json}");
    }
}

#[test]
fn each_framing_has_its_class() {
    let glue = framed(&[3, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16], "x");
    let single = framed(&[0xC3, 1, 1, 2, 3, 4, 5, 6, 7, 8], "x");
    for (value, json, single_object) in [
        (framed(&[0, 0, 0, 0, 7], RECORD), "schema_framed_json", "schema_framed_json"),
        (
            framed(&[0, 0, 0, 0, 7], &format!(" [{RECORD}]")),
            "schema_framed_json",
            "schema_framed_json",
        ),
        (framed(&[0, 0, 0, 0, 7], "\u{2}e{"), "other_framing", "other_framing"),
        (framed(&[0, 0, 0, 0, 7], "{ no JSON"), "other_framing", "other_framing"),
        (single, "other_framing", "unknown_schema"),
        (glue, "other_framing", "other_framing"),
        (framed(b"Obj\x01", "avro.schema"), "other_framing", "other_framing"),
        (framed(&[0x1F, 0x8B, 8, 0], "x"), "other_framing", "other_framing"),
        (framed(&[0x28, 0xB5, 0x2F, 0xFD], "x"), "other_framing", "other_framing"),
        (framed(b"<?xml ", "version?>"), "malformed", "wrong_magic"),
    ] {
        assert_eq!(class(Format::Json, Kind::ConsentChange, &value), json, "{value:?}");
        assert_eq!(class(Format::Json, Kind::OutboundMessage, &value), json, "{value:?}");
        let of_avro = class(Format::AvroSingleObject, Kind::ConsentChange, &value);
        assert_eq!(of_avro, single_object, "{value:?}");
    }
}

/// Eight bytes of id where four are read: no record of that begins with an id that a registry gives.
#[test]
fn an_id_of_eight_bytes_has_its_class() {
    let framing = |kind| Codec::of_schema(kind, kind.schema(), Framing::Confluent).unwrap();
    let kind = Kind::ConsentChange;
    let good = encode_consent(&fixtures::consent(), Encoding::Avro { schema_id: 7 }).unwrap();
    let class = |value: &[u8]| match framing(kind).decode_consent(Some(value)) {
        Err(DecodeError::Unreadable(why)) => why.class.as_str(),
        _ => "none",
    };
    assert_eq!(class(&good), "none");
    let datum = good.split_at(5).1;
    for id in [1_u64, 7, 70_000, u64::from(u32::MAX)] {
        let wide = [&[0][..], &id.to_be_bytes(), datum].concat();
        assert_eq!(class(&wide), "wide_schema_id", "{id}");
    }
    assert_ne!(class(&[&[0, 0, 0, 0, 7][..], &[0; 4], datum].concat()), "wide_schema_id");
}

/// The other way round: what is wrong with a record of ours is told by its own class.
#[test]
fn a_record_of_ours_is_no_envelope() {
    for (json, expected) in [
        (RECORD.replace('}', r#","data":{},"metadata":{},"occurred_at":"x"}"#), "duplicate_key"),
        (
            RECORD.replace("opt_out", "opt_ouch").replace('}', r#","data":{},"table":"x"}"#),
            "unknown_symbol",
        ),
        (RECORD.replace("2026", "1726").replace('}', r#","op":"c","after":{}}"#), "bad_timestamp"),
        (
            RECORD.replace(r#""event_id":"e","#, "").replace('}', r#","payload":{},"schema":{}}"#),
            "missing_field",
        ),
        (r#"{"data":{"x":1}}"#.to_owned(), "missing_field"),
        ("[]".to_owned(), "wrong_type"),
        (format!("{RECORD}{RECORD}"), "trailing_bytes"),
        (format!("[{RECORD}"), "wrong_type"),
        ("\"opt_out\"".to_owned(), "wrong_type"),
    ] {
        assert_eq!(class(Format::Json, Kind::ConsentChange, json.as_bytes()), expected, "{json}");
    }
}

#[test]
fn a_value_that_may_speak_about_several_people_is_told() {
    let several = [
        format!("[{RECORD},{RECORD}]"),
        format!("{RECORD}\n{RECORD}"),
        format!("{RECORD}{RECORD}"),
        format!(r#"{{"changes":[{RECORD},{RECORD}]}}"#),
        format!(r#"{{"specversion":"1.0","data":[{RECORD},{RECORD}]}}"#),
    ];
    for json in several {
        assert!(Codec::may_be_several(Some(json.as_bytes())), "{json}");
        let framed = framed(&[0, 0, 0, 0, 7], &json);
        assert!(Codec::may_be_several(Some(&framed)), "{json}");
    }
    let one = [
        RECORD.to_owned(),
        format!("[{RECORD}]"),
        format!("{RECORD}{{}}"),
        format!(r#"{{"data":{RECORD}}}"#),
        format!(r#"{{"schema":{{"fields":[{{"a":1}},{{"b":2}}]}},"payload":{RECORD}}}"#),
        format!(r#"{{"data":{}}}"#, RECORD.replace('}', r#","items":[{"a":1},{"b":2}]}"#)),
        RECORD.replace('}', r#","items":[{"a":1},{"b":2}]}"#),
        "[]".to_owned(),
        "[1,2]".to_owned(),
        "nobody can read this".to_owned(),
    ];
    for json in one {
        assert!(!Codec::may_be_several(Some(json.as_bytes())), "{json}");
    }
    assert!(!Codec::may_be_several(None) && !Codec::may_be_several(Some(&[])));
}

#[test]
fn a_schema_id_in_a_header_is_told_when_the_framing_is_missing() {
    let has = |name: &'static CStr| move |wanted: &CStr| wanted == name;
    for name in [c"__value_schema_id", c"apicurio.value.globalId"] {
        let framing = told_by_headers(Class::WrongMagic.into(), has(name));
        assert_eq!(framing, Class::SchemaInHeader.into());
        let field = told_by_headers(Class::MissingField.into(), has(name));
        assert_eq!(field, Class::MissingField.into());
    }
    let other = told_by_headers(Class::WrongMagic.into(), has(c"traceparent"));
    assert_eq!(other, Class::WrongMagic.into());
}

/// Millions of values in a value are walked over once, and deep ones are given up.
#[test]
fn bombs_are_no_envelopes() {
    let deep = "[".repeat(VALUE_BYTES_MAX);
    let wide = format!("[{}0]", "0,".repeat(VALUE_BYTES_MAX / 2 - 2));
    assert_eq!(class(Format::Json, Kind::ConsentChange, deep.as_bytes()), "wrong_type");
    assert_eq!(class(Format::Json, Kind::ConsentChange, wide.as_bytes()), "array");
    assert!(!Codec::may_be_several(Some(deep.as_bytes())));
}

//! Few bytes that ask for much. All of them end at once, as errors, on both Avro plans.

use super::super::avro::datum;
use super::super::*;
use super::fixtures;
use std::time::{Duration, Instant};

/// Zigzag varint.
fn long(number: i64) -> Vec<u8> {
    let mut rest = ((number << 1) ^ (number >> 63)).cast_unsigned();
    let mut out = Vec::new();
    while rest > 0x7F {
        out.push((rest & 0x7F) as u8 | 0x80);
        rest >>= 7;
    }
    out.push(rest as u8);
    out
}

/// A message schema with one more field of this type, first.
fn with_field(field_type: &str) -> String {
    let fields = r#""fields": ["#;
    let extra = format!(r#"{fields} {{"name": "extra", "type": {field_type}}},"#);
    OUTBOUND_MESSAGE_SCHEMA.replacen(fields, &extra, 1)
}

/// The same schema, so that only resolution can read it.
fn only_resolvable(schema: &str) -> String {
    let changed = schema.replacen(
        r#"{"name": "message_id", "type": "string""#,
        r#"{"name": "message_id", "type": "bytes""#,
        1,
    );
    assert_ne!(changed, schema);
    changed
}

fn rest_of_message() -> Vec<u8> {
    let encoding = Encoding::Avro { schema_id: 0 };
    encode_message(&fixtures::message(), encoding).unwrap()[5..].to_vec()
}

fn read(schema: &str, datum: &[u8]) -> Result<(), Class> {
    init_limits().unwrap();
    let plan = fixtures::judge(Kind::OutboundMessage, schema, &[])?;
    datum::read::<OutboundMessageRecord<'_>>(Kind::OutboundMessage, &plan, datum, "")
        .map(drop)
        .map_err(|why| why.class)
}

fn check(field_type: &str, field: &[u8], expected: Result<(), Class>) {
    let datum = [field, &rest_of_message()].concat();
    let schema = with_field(field_type);
    for schema in [schema.clone(), only_resolvable(&schema)] {
        let start = Instant::now();
        assert_eq!(read(&schema, &datum), expected, "{field_type} {field:02x?}");
        assert!(start.elapsed() < Duration::from_secs(2), "{field_type} {field:02x?}");
    }
}

#[test]
fn extra_fields_are_walked_over() {
    check(r#""null""#, &[], Ok(()));
    check(r#"{"type":"array","items":"long"}"#, &[4, 2, 4, 0], Ok(()));
    check(r#"{"type":"map","values":"double"}"#, &[2, 2, b'a', 0, 0, 0, 0, 0, 0, 0, 0, 0], Ok(()));
    check(
        r#"{"type":"bytes","logicalType":"decimal","precision":60,"scale":2}"#,
        &[42, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21],
        Ok(()),
    );
    check(r#"{"type":"fixed","name":"D","size":12,"logicalType":"duration"}"#, &[0; 12], Ok(()));
    check(r#"{"type":"fixed","name":"U","size":16,"logicalType":"uuid"}"#, &[7; 16], Ok(()));
    check(r#"{"type":"long","logicalType":"timestamp-millis"}"#, &[2], Ok(()));
    check(r#"["null",{"type":"enum","name":"E","symbols":["A","B"]}]"#, &[2, 2], Ok(()));
}

#[test]
fn lengths_without_bytes() {
    for length in [1 << 20, 1 << 30, i64::from(i32::MAX), i64::MAX] {
        check(r#""bytes""#, &long(length), Err(Class::Truncated));
        check(r#""string""#, &long(length), Err(Class::Truncated));
    }
    check(r#""string""#, &long(-1), Err(Class::Malformed));
    check(r#""string""#, &long(i64::MIN), Err(Class::Malformed));
    check(r#"{"type":"fixed","name":"F","size":1073741824}"#, &[], Err(Class::Truncated));
}

#[test]
fn items_without_bytes() {
    for n in [NODES_MAX as i64 + 1, 1 << 30, i64::MAX] {
        let mut backwards = long(-n);
        backwards.extend(long(0));
        for count in [long(n), backwards] {
            check(r#"{"type":"array","items":"null"}"#, &count, Err(Class::TooManyNodes));
            check(r#"{"type":"map","values":"null"}"#, &count, Err(Class::TooManyNodes));
        }
    }
    let blocks = [long(9_000), long(9_000), vec![0]].concat();
    check(r#"{"type":"array","items":"null"}"#, &blocks, Err(Class::TooManyNodes));
    let inner = r#"{"type":"array","items":"null"}"#;
    let nested = format!(r#"{{"type":"array","items":{inner}}}"#);
    let lists = [long(2), long(6_000), vec![0], long(6_000), vec![0, 0]].concat();
    check(&nested, &lists, Err(Class::TooManyNodes));
}

#[test]
fn recursion() {
    let list = r#"["null",{"type":"record","name":"List","fields":[{"name":"next","type":["null","List"]}]}]"#;
    check(list, &[2, 2, 0], Ok(()));
    check(list, &[2; 40], Err(Class::TooDeep));
    check(list, &[2; 1000], Err(Class::TooDeep));
    let endless = r#"{"type":"record","name":"Self","fields":[{"name":"self","type":"Self"}]}"#;
    assert_eq!(read(&with_field(endless), &[]), Err(Class::IncompatibleSchema));
}

#[test]
fn text_that_is_no_text() {
    check(r#""string""#, &[4, 0xC3, 0x28], Err(Class::BadUtf8));
    check(r#"{"type":"map","values":"null"}"#, &[2, 2, 0xFF, 0], Err(Class::BadUtf8));
    check(r#""boolean""#, &[2], Err(Class::Malformed));
    check(r#"["null","string"]"#, &long(7), Err(Class::Malformed));
    check(r#"["null","string"]"#, &long(-1), Err(Class::Malformed));
    // longer than any integer; the reader calls it an early end
    check(r#""long""#, &[0xFF; 12], Err(Class::Truncated));
    let symbols = r#"{"type":"enum","name":"E","symbols":["A","B"]}"#;
    check(symbols, &long(2), Err(Class::UnknownSymbol));
}

#[test]
fn schemas_that_are_bombs() {
    let judge = |schema: &str| fixtures::judge(Kind::OutboundMessage, schema, &[]).map(drop);
    let refused = Err(Class::IncompatibleSchema);
    let deep = format!("{}\"null\"{}", r#"{"type":"array","items":"#.repeat(65), "}".repeat(65));
    assert_eq!(judge(&deep), refused);
    assert_eq!(judge(&"[".repeat(100_000)), refused);
    assert_eq!(judge(&with_field(&deep)), refused);
    let long = format!("{OUTBOUND_MESSAGE_SCHEMA}{}", " ".repeat(256 * 1024));
    assert_eq!(judge(&long), refused);
    for text in ["", "{}", "\"Nowhere\"", "null", "\"string\"", "[]", "{\"type\":\"record\"}"] {
        assert_eq!(judge(text), refused, "{text}");
    }
}

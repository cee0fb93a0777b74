//! Schemas by id: what is asked, how often, and what becomes of each answer. No schema and no answer are never mixed up.

use super::super::*;
use super::fixtures::{self, FakeSchemas};
use std::time::Duration;

fn value(schema_id: u32) -> Vec<u8> {
    encode_consent(&fixtures::opt_out(), Encoding::Avro { schema_id }).unwrap()
}

fn codec(schemas: &FakeSchemas) -> Codec {
    Codec::new(Format::Avro, Kind::ConsentChange, Some(schemas.boxed())).unwrap()
}

#[test]
fn a_known_schema_is_asked_for_once() {
    let schemas = FakeSchemas::default();
    schemas.answer(5, CONSENT_CHANGE_SCHEMA);
    let codec = codec(&schemas);
    std::thread::scope(|threads| {
        for _ in 0..4 {
            threads.spawn(|| {
                for _ in 0..100 {
                    codec.decode_consent(Some(&value(5))).unwrap();
                }
            });
        }
    });
    assert_eq!(schemas.asked(), [5]);
}

#[test]
fn an_unknown_schema_is_unreadable_and_not_asked_for_again_at_once() {
    let schemas = FakeSchemas::default();
    let codec = codec(&schemas);
    for _ in 0..3 {
        assert_eq!(codec.decode_consent(Some(&value(9))), Err(Class::UnknownSchema.into()));
    }
    assert_eq!(schemas.asked(), [9]);
    schemas.answer(10, CONSENT_CHANGE_SCHEMA);
    codec.decode_consent(Some(&value(10))).unwrap();
}

#[test]
fn what_can_never_be_used_is_unreadable() {
    let schemas = FakeSchemas::default();
    schemas.fail(5, FetchError::Unusable);
    schemas.answer(6, r#""string""#);
    schemas.answer(7, &" ".repeat(SCHEMA_BYTES_MAX + 1));
    let codec = codec(&schemas);
    for id in [5, 6, 7] {
        for _ in 0..2 {
            let value = value(id);
            let read = codec.decode_consent(Some(&value));
            assert_eq!(read, Err(Class::IncompatibleSchema.into()), "{id}");
        }
    }
    assert_eq!(schemas.asked(), [5, 6, 7]);
}

/// Not the same as an unknown schema: the record may be readable, so whoever asks must wait.
#[test]
fn no_answer_holds_and_the_registry_is_left_alone_for_a_moment() {
    let schemas = FakeSchemas::default();
    schemas.fail(5, FetchError::Unavailable("it is away"));
    let codec = codec(&schemas);
    for _ in 0..10 {
        for id in [5, 9] {
            let value = value(id);
            let read = codec.decode_consent(Some(&value));
            assert_eq!(read, Err(DecodeError::Unavailable { cause: "it is away" }));
        }
        assert_eq!(codec.salvage(Some(&value(5))), None);
    }
    assert_eq!(schemas.asked(), [5]);
    schemas.answer(5, CONSENT_CHANGE_SCHEMA);
    std::thread::sleep(Duration::from_millis(1_050));
    codec.decode_consent(Some(&value(5))).unwrap();
    assert_eq!(schemas.asked(), [5, 5]);
}

#[test]
fn references_are_taken_up() {
    let schemas = FakeSchemas::default();
    let event_id = r#"{"name": "event_id", "type": "string""#;
    let origin_field = format!(r#"{{"name": "origin", "type": "elsewhere.Origin"}}, {event_id}"#);
    let schema = CONSENT_CHANGE_SCHEMA.replacen(event_id, &origin_field, 1);
    let origin = r#"{"type":"record","name":"Origin","namespace":"elsewhere","fields":[{"name":"host","type":"string"}]}"#;
    schemas.refer(5, &schema, &[origin]);
    schemas.answer(6, &schema);
    let codec = codec(&schemas);
    let written = |id| {
        let own = value(id);
        [&own[..5], &[4, b'h', b'i'], &own[5..]].concat()
    };
    codec.decode_consent(Some(&written(5))).unwrap();
    let alone = written(6);
    assert_eq!(codec.decode_consent(Some(&alone)), Err(Class::IncompatibleSchema.into()));
}

//! Tests of the codec: what it accepts, what it refuses and as which class, and that its three readers agree.

mod avro;
mod bombs;
mod cache;
mod envelopes;
mod fields;
mod fixtures;
mod json;
mod json_messages;
mod plans;
mod properties;

use super::*;

#[test]
fn classes_are_distinct_names() {
    let mut names: Vec<_> = Class::ALL.iter().map(|class| class.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), Class::ALL.len());
    assert!(names.iter().all(|name| {
        name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
    }));
}

#[test]
fn every_class_says_what_to_do() {
    for class in Class::ALL {
        let remedy = remedy(class.as_str()).unwrap();
        // a hold's detail has room for 300 characters
        assert!((20..=120).contains(&remedy.len()), "{class:?}: {} bytes", remedy.len());
    }
    assert_eq!(remedy("ana"), None);
}

#[test]
fn records_show_no_data() {
    let consent = format!("{:?}", fixtures::consent());
    let message = format!("{:?}", fixtures::message());
    for text in [consent, message] {
        for secret in ["ben", "acme", "stop"] {
            assert!(!text.contains(secret), "{text}");
        }
    }
}

#[test]
fn a_codec_reads_its_own_kind_only() {
    let codec = fixtures::codec(Format::Json, Kind::OutboundMessage);
    let value = encode_consent(&fixtures::consent(), Encoding::Json).unwrap();
    assert_eq!(codec.decode_consent(Some(&value)), Err(Class::IncompatibleSchema.into()));
}

#[test]
fn avro_needs_a_registry() {
    let made = Codec::new(Format::Avro, Kind::ConsentChange, None);
    assert!(matches!(made, Err(CodecError::NoRegistry)));
}

#[test]
fn no_value_and_too_much_value() {
    let big = vec![b' '; VALUE_BYTES_MAX + 1];
    for format in [Format::Json, Format::AvroSingleObject] {
        let codec = fixtures::codec(format, Kind::ConsentChange);
        for (value, class) in [
            (None, Class::NullValue),
            (Some(&b""[..]), Class::EmptyValue),
            (Some(&big[..]), Class::TooLarge),
        ] {
            assert_eq!(codec.decode_consent(value), Err(class.into()));
            assert_eq!(codec.salvage(value), None);
        }
    }
}

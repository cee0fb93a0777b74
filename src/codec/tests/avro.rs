//! Avro framings: golden bytes, every strict prefix, trailing bytes, agreement with JSON.

use super::super::*;
use super::fixtures;
use apache_avro::rabin::Rabin;

const AVRO: [Format; 2] = [Format::Avro, Format::AvroSingleObject];

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn value(format: Format, kind: Kind) -> Vec<u8> {
    let encoding = fixtures::encoding(format, kind);
    match kind {
        Kind::ConsentChange => encode_consent(&fixtures::consent(), encoding).unwrap(),
        Kind::OutboundMessage => encode_message(&fixtures::message(), encoding).unwrap(),
    }
}

fn decodes(codec: &Codec, kind: Kind, value: &[u8]) -> Result<(), DecodeError> {
    match kind {
        Kind::ConsentChange => codec.decode_consent(Some(value)).map(drop),
        Kind::OutboundMessage => codec.decode_message(Some(value)).map(drop),
    }
}

/// Frozen: a producer in another language writes exactly these.
#[test]
fn golden_bytes() {
    let encoding = Encoding::Avro {
        schema_id: 0x0102_0304,
    };
    let opt_out = encode_consent(&fixtures::opt_out(), encoding).unwrap();
    assert_eq!(hex(&opt_out), GOLDEN_OPT_OUT);
    let consent = value(Format::AvroSingleObject, Kind::ConsentChange);
    assert_eq!(hex(&consent), GOLDEN_CONSENT);
    let message = value(Format::AvroSingleObject, Kind::OutboundMessage);
    assert_eq!(hex(&message), GOLDEN_MESSAGE);
}

const GOLDEN_OPT_OUT: &str = "";
const GOLDEN_CONSENT: &str = "";
const GOLDEN_MESSAGE: &str = "";

#[test]
fn fingerprints_agree_with_the_other_library() {
    for kind in [Kind::ConsentChange, Kind::OutboundMessage] {
        let schema = apache_avro::Schema::parse_str(kind.schema()).unwrap();
        let other = schema.fingerprint::<Rabin>().bytes;
        assert_eq!(&value(Format::AvroSingleObject, kind)[2..10], &other[..]);
    }
}

#[test]
fn every_strict_prefix_is_refused_and_trailing_bytes_too() {
    for format in AVRO {
        for kind in [Kind::ConsentChange, Kind::OutboundMessage] {
            let codec = fixtures::codec(format, kind);
            let mut value = value(format, kind);
            decodes(&codec, kind, &value).unwrap();
            for end in 0..value.len() {
                let error = decodes(&codec, kind, &value[..end]).unwrap_err();
                let class = if end == 0 {
                    Class::EmptyValue
                } else {
                    Class::Truncated
                };
                assert_eq!(error, class.into(), "{format:?} {kind:?} {end}");
                assert_eq!(codec.salvage(Some(&value[..end])), None);
            }
            value.push(0);
            assert_eq!(
                decodes(&codec, kind, &value),
                Err(Class::TrailingBytes.into())
            );
        }
    }
}

#[test]
fn json_and_both_framings_give_the_same_value() {
    let json = fixtures::codec(Format::Json, Kind::ConsentChange);
    let (full, bare) = (fixtures::consent(), fixtures::opt_out());
    for record in [&full, &bare] {
        let text = encode_consent(record, Encoding::Json).unwrap();
        let expected = json.decode_consent(Some(&text)).unwrap();
        for format in AVRO {
            let codec = fixtures::codec(format, Kind::ConsentChange);
            let encoding = fixtures::encoding(format, Kind::ConsentChange);
            let value = encode_consent(record, encoding).unwrap();
            assert_eq!(codec.decode_consent(Some(&value)).unwrap(), expected);
        }
    }
    let json = fixtures::codec(Format::Json, Kind::OutboundMessage);
    let text = encode_message(&fixtures::message(), Encoding::Json).unwrap();
    let expected = json.decode_message(Some(&text)).unwrap();
    for format in AVRO {
        let codec = fixtures::codec(format, Kind::OutboundMessage);
        let value = value(format, Kind::OutboundMessage);
        assert_eq!(codec.decode_message(Some(&value)).unwrap(), expected);
    }
}

#[test]
fn messages_are_borrowed() {
    let codec = fixtures::codec(Format::AvroSingleObject, Kind::OutboundMessage);
    let value = value(Format::AvroSingleObject, Kind::OutboundMessage);
    let message = codec.decode_message(Some(&value)).unwrap();
    for text in [
        Some(message.message_id),
        message.purpose,
        message.brand,
        message.tz,
    ] {
        assert!(matches!(text, Some(Cow::Borrowed(_))));
    }
}

#[test]
fn wrong_framing() {
    let confluent = fixtures::codec(Format::Avro, Kind::ConsentChange);
    let single = fixtures::codec(Format::AvroSingleObject, Kind::ConsentChange);
    let json = encode_consent(&fixtures::consent(), Encoding::Json).unwrap();
    let mut foreign = value(Format::AvroSingleObject, Kind::ConsentChange);
    assert_eq!(
        confluent.decode_consent(Some(&foreign)),
        Err(Class::WrongMagic.into())
    );
    assert_eq!(
        confluent.decode_consent(Some(&json)),
        Err(Class::WrongMagic.into())
    );
    assert_eq!(
        single.decode_consent(Some(&json)),
        Err(Class::WrongMagic.into())
    );
    foreign[5] ^= 1;
    assert_eq!(
        single.decode_consent(Some(&foreign)),
        Err(Class::UnknownSchema.into())
    );
    let message = value(Format::AvroSingleObject, Kind::OutboundMessage);
    assert_eq!(
        single.decode_consent(Some(&message)),
        Err(Class::UnknownSchema.into())
    );
    let message = value(Format::Avro, Kind::OutboundMessage);
    assert_eq!(
        confluent.decode_consent(Some(&message)),
        Err(Class::IncompatibleSchema.into())
    );
}

#[test]
fn values_that_mean_nothing() {
    let codec = fixtures::codec(Format::AvroSingleObject, Kind::ConsentChange);
    let change = |alter: &dyn Fn(&mut ConsentChangeRecord<'_>)| {
        let mut record = fixtures::opt_out();
        alter(&mut record);
        encode_consent(&record, Encoding::AvroSingleObject).unwrap()
    };
    for (value, class) in [
        (
            change(&|r| r.event_id = Some(" ".into())),
            Class::MissingField,
        ),
        (change(&|r| r.contact_id = None), Class::MissingField),
        (
            change(&|r| r.purpose = Some("a.".into())),
            Class::InvalidValue,
        ),
        (
            change(&|r| r.occurred_at = Some(gate_core::Timestamp::MAX)),
            Class::BadTimestamp,
        ),
        (
            change(&|r| r.birth_date = Some(i32::MAX)),
            Class::BadTimestamp,
        ),
    ] {
        assert_eq!(codec.decode_consent(Some(&value)), Err(class.into()));
    }
    // intact, so it is certain whose it is
    let blank = change(&|r| r.event_id = Some(" ".into()));
    assert_eq!(codec.salvage_contact(Some(&blank)).unwrap().expose(), "ben");
    let unknown = ConsentChangeRecord {
        channel: Some("fax".into()),
        ..fixtures::opt_out()
    };
    assert_eq!(
        encode_consent(&unknown, Encoding::AvroSingleObject),
        Err(EncodeError::Schema)
    );
    let unnamed = ConsentChangeRecord {
        event_id: None,
        ..fixtures::opt_out()
    };
    assert_eq!(
        encode_consent(&unnamed, Encoding::AvroSingleObject),
        Err(EncodeError::Schema)
    );
}

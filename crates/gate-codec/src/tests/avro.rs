//! Avro framings: golden bytes, every strict prefix, trailing bytes, agreement with JSON.

use super::super::*;
use super::fixtures;
use apache_avro::rabin::Rabin;
use gate_core::Name;
use std::borrow::Cow;

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
    let encoding = Encoding::Avro { schema_id: 0x0102_0304 };
    let opt_out = encode_consent(&fixtures::opt_out(), encoding).unwrap();
    assert_eq!(hex(&opt_out), GOLDEN_OPT_OUT);
    let consent = value(Format::AvroSingleObject, Kind::ConsentChange);
    assert_eq!(hex(&consent), GOLDEN_CONSENT);
    let message = value(Format::AvroSingleObject, Kind::OutboundMessage);
    assert_eq!(hex(&message), GOLDEN_MESSAGE);
}

/// Written with the first released schema, whose `content` had five fields.
const GOLDEN_MESSAGE_1: &str = "c3017ebc3699cb730f08066d2d3106736d73020e7365727669636502206d61726b6574696e672e6f6666657273021061636d652d6c7464020861636d6502182b3138303035353530313939020a74656e747302010280c0b3b8aa82a60602020002010201020100020662656e021a2b34343737303039303034353602044742021a4575726f70652f4c6f6e646f6e020447420201021248656c6c6f2042656e021063616d706169676e0c737072696e6700";
const GOLDEN_OPT_OUT: &str = "000102030406652d32808090fdd2efa40606020662656e0000000000000000000000000000000000000000000000000000";
/// Written before `expires_at`, `recipient_kind` and `new_address`.
const GOLDEN_CONSENT_1: &str = "c301886f2ceff7f0804306652d31c0f4af94b8efa40602020662656e021a2b34343737303039303034353602044742020202206d61726b6574696e672e6f6666657273021061636d652d6c7464020861636d650202020002020102010200000000000002000000000000020a74656e747302120c6d6574686f64107765625f666f726d1c6e6f746963655f76657273696f6e066e2d31246e6f746963655f746578745f73686132353608396331660c736f757263652868747470733a2f2f73686f702e6578616d706c650c6c6f63616c6504656e127369676e61747572650874727565186e756d6265725f6e616d65640874727565326e6f745f636f6e646974696f6e5f6f665f70757263686173650a66616c73651063616d706169676e0c737072696e6700021273746f7020f09f988002182b3138303035353530313939020c75732d646e630201020a352e312e310206617266020202146c6567616c20686f6c64020002e4d90102066d2d30020663726d020c696d706f7274";
/// Written before `content.bulk`, `recipient.kind` and `recipient.jurisdiction_verified_at`.
const GOLDEN_MESSAGE_2: &str = "c3011f77b6100b8e619b066d2d3106736d73020e7365727669636502206d61726b6574696e672e6f6666657273021061636d652d6c7464020861636d6502182b3138303035353530313939020a74656e747302010280c0b3b8aa82a6060202000201020102010000000000020662656e021a2b34343737303039303034353602044742021a4575726f70652f4c6f6e646f6e020447420201021248656c6c6f2042656e021063616d706169676e0c737072696e6700";

const GOLDEN_CONSENT: &str = "c30118762669467e8eed06652d31c0f4af94b8efa40602020662656e021a2b34343737303039303034353602044742020202206d61726b6574696e672e6f6666657273021061636d652d6c7464020861636d650202020002020102010200000000000002000000000000020a74656e747302120c6d6574686f64107765625f666f726d1c6e6f746963655f76657273696f6e066e2d31246e6f746963655f746578745f73686132353608396331660c736f757263652868747470733a2f2f73686f702e6578616d706c650c6c6f63616c6504656e127369676e61747572650874727565186e756d6265725f6e616d65640874727565326e6f745f636f6e646974696f6e5f6f665f70757263686173650a66616c73651063616d706169676e0c737072696e6700021273746f7020f09f988002182b3138303035353530313939020c75732d646e630201020a352e312e310206617266020202146c6567616c20686f6c64020002e4d90102066d2d30020663726d020c696d706f7274028080afbea49bb3060210627573696e657373021a2b343437373030393030343537";
const GOLDEN_MESSAGE: &str = "c301e4044949c3bae80c066d2d3106736d73020e7365727669636502206d61726b6574696e672e6f6666657273021061636d652d6c7464020861636d6502182b3138303035353530313939020a74656e747302010280c0b3b8aa82a60602020002010201020100000000000201020662656e021a2b34343737303039303034353602044742021a4575726f70652f4c6f6e646f6e0204474202010280c09aaeced9a3060216736f6c655f747261646572021248656c6c6f2042656e021063616d706169676e0c737072696e6700";

fn bytes(golden: &str) -> Vec<u8> {
    let digits = (0..golden.len()).step_by(2);
    digits.map(|at| u8::from_str_radix(&golden[at..at + 2], 16).unwrap()).collect()
}

/// What producers wrote with an older released schema stays readable, and means the same.
#[test]
fn older_schemas_stay_readable() {
    let single = Encoding::AvroSingleObject;
    let codec = fixtures::codec(Format::AvroSingleObject, Kind::OutboundMessage);
    let mut record = fixtures::message();
    let (Some(content), Some(recipient)) = (&mut record.content, &mut record.recipient) else {
        unreachable!("the fixture has both")
    };
    content.bulk = None;
    (recipient.kind, recipient.jurisdiction_verified_at) = (None, None);
    let now = encode_message(&record, single).unwrap();
    for golden in [GOLDEN_MESSAGE_1, GOLDEN_MESSAGE_2] {
        let old = bytes(golden);
        let (old, new) = (codec.decode_message(Some(&old)), codec.decode_message(Some(&now)));
        assert_eq!(old.unwrap(), new.unwrap());
    }
    let codec = fixtures::codec(Format::AvroSingleObject, Kind::ConsentChange);
    let record = ConsentChangeRecord {
        expires_at: None,
        recipient_kind: None,
        new_address: None,
        ..fixtures::consent()
    };
    let now = encode_consent(&record, single).unwrap();
    let old = bytes(GOLDEN_CONSENT_1);
    let (old, new) = (codec.decode_consent(Some(&old)), codec.decode_consent(Some(&now)));
    assert_eq!(old.unwrap(), new.unwrap());
}

/// Whoever has not updated yet reads what is written now, and the other way round.
#[test]
fn every_released_schema_is_compatible_in_both_directions() {
    let released = [
        (CONSENT_CHANGE_SCHEMA, include_str!("../../../../schemas/released/consent-change-1.avsc")),
        (
            OUTBOUND_MESSAGE_SCHEMA,
            include_str!("../../../../schemas/released/outbound-message-1.avsc"),
        ),
        (
            OUTBOUND_MESSAGE_SCHEMA,
            include_str!("../../../../schemas/released/outbound-message-2.avsc"),
        ),
    ];
    for (now, then) in released {
        let parse = |text| apache_avro::Schema::parse_str(text).unwrap();
        let (now, then) = (parse(now), parse(then));
        let can_read = apache_avro::schema_compatibility::SchemaCompatibility::can_read;
        assert!(can_read(&then, &now).is_ok(), "old records by the new schema");
        assert!(can_read(&now, &then).is_ok(), "new records by the old schema");
    }
}

/// As computed by a hand-written canonical form (those of the released ones by fastavro 1.12 too); apache-avro's own differ.
#[test]
fn fingerprints_are_those_of_the_specification() {
    for (kind, fingerprint) in
        [(Kind::ConsentChange, "18762669467e8eed"), (Kind::OutboundMessage, "e4044949c3bae80c")]
    {
        let mut value = value(Format::AvroSingleObject, kind);
        assert_eq!(hex(&value[2..10]), fingerprint);
        let schema = apache_avro::Schema::parse_str(kind.schema()).unwrap();
        let of_apache = schema.fingerprint::<Rabin>().bytes;
        assert_ne!(hex(&of_apache), fingerprint, "fixed upstream: accept only one");
        value[2..10].copy_from_slice(&of_apache);
        let codec = fixtures::codec(Format::AvroSingleObject, kind);
        decodes(&codec, kind, &value).unwrap();
    }
}

/// Whichever field it names.
fn class_of(error: DecodeError) -> Class {
    match error {
        DecodeError::Unreadable(why) => why.class,
        DecodeError::Unavailable { cause } => panic!("{cause}"),
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
                let class = if end == 0 { Class::EmptyValue } else { Class::Truncated };
                assert_eq!(class_of(error), class, "{format:?} {kind:?} {end}");
                assert_eq!(codec.salvage(Some(&value[..end])), None);
            }
            value.push(0);
            assert_eq!(decodes(&codec, kind, &value), Err(Class::TrailingBytes.into()));
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
    let [purpose, brand] = [message.purpose, message.brand].map(|name| name.map(Name::into_text));
    for text in [Some(message.message_id), purpose, brand, message.tz] {
        assert!(matches!(text, Some(Cow::Borrowed(_))));
    }
}

#[test]
fn wrong_framing() {
    let confluent = fixtures::codec(Format::Avro, Kind::ConsentChange);
    let single = fixtures::codec(Format::AvroSingleObject, Kind::ConsentChange);
    let json = encode_consent(&fixtures::consent(), Encoding::Json).unwrap();
    let mut foreign = value(Format::AvroSingleObject, Kind::ConsentChange);
    assert_eq!(confluent.decode_consent(Some(&foreign)), Err(Class::OtherFraming.into()));
    assert_eq!(confluent.decode_consent(Some(&json)), Err(Class::OtherFraming.into()));
    assert_eq!(confluent.decode_consent(Some(b"ana")), Err(Class::WrongMagic.into()));
    assert_eq!(single.decode_consent(Some(&json)), Err(Class::OtherFraming.into()));
    foreign[5] ^= 1;
    assert_eq!(single.decode_consent(Some(&foreign)), Err(Class::UnknownSchema.into()));
    let message = value(Format::AvroSingleObject, Kind::OutboundMessage);
    assert_eq!(single.decode_consent(Some(&message)), Err(Class::UnknownSchema.into()));
    let message = value(Format::Avro, Kind::OutboundMessage);
    assert_eq!(confluent.decode_consent(Some(&message)), Err(Class::IncompatibleSchema.into()));
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
        (change(&|r| r.event_id = Some(" ".into())), Class::MissingField),
        (change(&|r| r.contact_id = None), Class::MissingField),
        (change(&|r| r.purpose = Some("a.".into())), Class::InvalidValue),
        (change(&|r| r.occurred_at = Some(gate_core::Timestamp::MAX)), Class::BadTimestamp),
        (change(&|r| r.birth_date = Some(i32::MAX)), Class::BadTimestamp),
    ] {
        assert_eq!(class_of(codec.decode_consent(Some(&value)).unwrap_err()), class);
    }
    // intact, so it is certain whose it is
    let blank = change(&|r| r.event_id = Some(" ".into()));
    assert_eq!(codec.salvage_contact(Some(&blank)).unwrap().expose(), "ben");
    let unknown = ConsentChangeRecord { channel: Some("fax".into()), ..fixtures::opt_out() };
    assert_eq!(encode_consent(&unknown, Encoding::AvroSingleObject), Err(EncodeError::Schema));
    let unnamed = ConsentChangeRecord { event_id: None, ..fixtures::opt_out() };
    assert_eq!(encode_consent(&unnamed, Encoding::AvroSingleObject), Err(EncodeError::Schema));
}

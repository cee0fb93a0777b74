//! What is said of records, as a sender would try them.

use super::*;
use gate_codec::{
    ConsentChangeRecord, Encoding, OutboundMessageRecord, encode_consent, encode_message,
};
use std::path::Path;

fn answers(kind: Kind, input: &str) -> Vec<Answer> {
    answers_to(kind, Format::Json, None, input.as_bytes())
}

fn answers_to(kind: Kind, format: Format, schema: Option<&Path>, input: &[u8]) -> Vec<Answer> {
    let policies = policy::load(None, None).unwrap();
    let written = Written::new(format, schema).unwrap();
    let checker = Checker::new(&policies, kind, written).unwrap();
    let records = Records::of(format, input).unwrap();
    records.iter().map(|record| checker.check(record).unwrap()).collect()
}

fn one(kind: Kind, input: &str) -> Answer {
    let mut all = answers(kind, input);
    assert_eq!(all.len(), 1, "{input}");
    all.remove(0)
}

const MESSAGE: &str = r#"{"message_id":"m","channel":"email","category":"marketing","purpose":"marketing.news",
    "controller":"tents-ltd","brand":"tents","content":{"promotional":true,"sender_identity":true,
    "postal_address":true,"unsubscribe":true,"one_click":true,"contact_address":true},
    "recipient":{"contact_id":"ana","address":"ana@example.net","jurisdiction":"GB","tz":"Europe/London"}}"#;

const OPT_IN: &str = r#"{"event_id":"e","occurred_at":"2026-11-02T10:15:00+01:00","action":"opt_in",
    "contact_id":"ana","address":"ana@example.net","channel":"email","purpose":"marketing","controller":"tents-ltd",
    "brand":"tents","basis":"express","evidence":{"method":"web_form","notice_version":"2026-05"}}"#;

#[test]
fn a_whole_message_lacks_nothing_but_consent() {
    let answer = one(Kind::OutboundMessage, MESSAGE);
    assert!(answer.is_good, "{}", answer.json);
    assert_eq!(answer.json["with_nothing_on_file"]["reason"], "blocked.no_consent");
    assert_eq!(answer.json["with_full_consent"]["reason"], "approved.express_consent");
}

#[test]
fn what_a_message_lacks_is_named() {
    let without = |part: &str| one(Kind::OutboundMessage, &MESSAGE.replace(part, ""));
    let answer = without(r#""brand":"tents","#);
    assert!(!answer.is_good);
    assert_eq!(answer.json["with_full_consent"]["detail"]["missing"][0], "brand");
    let answer = without(r#""unsubscribe":true,"#);
    assert_eq!(answer.json["with_full_consent"]["reason"], "blocked.content_requirement");
    assert!(answer.as_text(1).contains("unsubscribe"), "{}", answer.as_text(1));
    let answer = without(r#""channel":"email","#);
    assert_eq!(
        (&answer.json["class"], &answer.json["field"]),
        (&"missing_field".into(), &"channel".into())
    );
    let shouted =
        MESSAGE.replace(r#""category":"marketing""#, r#""category":"Transactional","brnad":1"#);
    let text = one(Kind::OutboundMessage, &shouted).as_text(1);
    assert!(text.contains("counts as marketing") && text.contains("brnad"), "{text}");
}

/// What it is tried with must not stand in the way: a recipient nobody understands, a field that means something in cases.
#[test]
fn odd_records_are_answers_too() {
    let junk = MESSAGE
        .replace("ana@example.net", "junk")
        .replace(r#""contact_id":"ana","#, r#""contact_id":"\u200b","#);
    let answer = one(Kind::OutboundMessage, &junk);
    assert_eq!(answer.json["with_full_consent"]["reason"], "blocked.invalid_address");
    assert_eq!(answer.json["with_full_consent"]["detail"]["field"], "recipient.address");
    let dated = OPT_IN.replace(r#""basis""#, r#""received_at":"soon","basis""#);
    assert!(one(Kind::ConsentChange, &dated).is_good);
}

#[test]
fn where_an_opt_in_counts() {
    let answer = one(Kind::ConsentChange, OPT_IN);
    let text = answer.as_text(1);
    assert!(answer.is_good, "{text}");
    let permits = answer.json["permits"].as_array().unwrap();
    let of = |land: &str| {
        let has = |it: &&Value| it["jurisdictions"].as_array().unwrap().contains(&land.into());
        permits.iter().find(has).unwrap()["verdict"].as_str().unwrap().to_owned()
    };
    let missing = of("STRICT");
    assert!(missing.contains("evidence.notice_text_sha256, evidence."), "{missing}");
    assert!(missing.ends_with("asked for by STRICT"), "{missing}");
    assert!(
        of("GB").starts_with("approved.express_consent") || of("GB").starts_with("outside"),
        "{text}"
    );
    let nowhere = OPT_IN.replace(r#""controller":"tents-ltd","#, "");
    assert!(!one(Kind::ConsentChange, &nowhere).is_good);
}

#[test]
fn what_cannot_be_read_says_where_and_what_follows() {
    let unknown = OPT_IN.replace("opt_in", "optin");
    let answer = one(Kind::ConsentChange, &unknown);
    assert_eq!(answer.head, "not readable: unknown_symbol: `action`");
    assert!(answer.as_text(1).contains("no marketing until"), "{}", answer.as_text(1));
    let answer = one(Kind::ConsentChange, MESSAGE);
    assert!(answer.as_text(1).contains("check message"), "{}", answer.as_text(1));
    assert!(!answer.as_text(1).contains("ana"), "no value is repeated");
    let nobody = OPT_IN.replace("ana@example.net", "ana").replace(r#""contact_id":"ana","#, "");
    assert_eq!(one(Kind::ConsentChange, &nobody).json["field"], "address");
    let refusal =
        r#"{"event_id":"e","occurred_at":1772452800000,"action":"OPT_OUT","contact_id":7}"#;
    assert!(one(Kind::ConsentChange, refusal).is_good);
}

#[test]
fn several_records_and_what_is_none() {
    let line = |text: &str| text.replace('\n', " ");
    let all = format!("{}\n{{broken\n{}\n", line(MESSAGE), line(MESSAGE));
    let good: Vec<bool> =
        answers(Kind::OutboundMessage, &all).iter().map(|answer| answer.is_good).collect();
    assert_eq!(good, [true, false, true]);
    assert_eq!(answers(Kind::OutboundMessage, &format!("{MESSAGE}{MESSAGE}")).len(), 2);
    assert_eq!(one(Kind::OutboundMessage, &format!("[{MESSAGE}]")).json["class"], "array");
    assert_eq!(one(Kind::OutboundMessage, "{\"a\":\n1").json["class"], "truncated");
    assert!(Records::of(Format::Json, b" \n ").is_err());
    assert!(Records::of(Format::Avro, b"").is_err());
}

/// A record of JSON as Avro of ours, as the codec reads and writes both.
fn as_avro(kind: Kind, json: &str, encoding: Encoding) -> Vec<u8> {
    let codec = Codec::new(gate_codec::Format::Json, kind, None).unwrap();
    let json = Some(json.as_bytes());
    match kind {
        Kind::ConsentChange => {
            let record: ConsentChangeRecord<'_> = codec.decode_consent_record(json).unwrap();
            encode_consent(&record, encoding).unwrap()
        }
        Kind::OutboundMessage => {
            let record: OutboundMessageRecord<'_> = codec.decode_message_record(json).unwrap();
            encode_message(&record, encoding).unwrap()
        }
    }
}

/// What lies behind the five bytes of [`FRAMED`].
fn datum(framed: &[u8]) -> &[u8] {
    framed.split_at(5).1
}

const FRAMED: Encoding = Encoding::Avro { schema_id: 7 };

/// The same record gets the same answer in each format, beside the line that says how it was read.
#[test]
fn avro_is_answered_as_json_is() {
    for (kind, json) in [(Kind::OutboundMessage, MESSAGE), (Kind::ConsentChange, OPT_IN)] {
        let expected = one(kind, json);
        let framed = as_avro(kind, json, FRAMED);
        let single = as_avro(kind, json, Encoding::AvroSingleObject);
        for (format, bytes, note) in [
            (Format::Avro, framed.as_slice(), Some("`schema_registry.url` has under id 7")),
            (Format::AvroDatum, datum(&framed), Some("the gate does not read it")),
            (Format::AvroSingleObject, &single, None),
        ] {
            let mut answer = answers_to(kind, format, None, bytes).remove(0);
            let said = answer.json.as_object_mut().unwrap().remove("schema");
            assert_eq!(said.is_some(), note.is_some(), "{format:?}");
            assert!(
                note.is_none_or(|note| answer.as_text(1).contains(note)),
                "{}",
                answer.as_text(1)
            );
            assert_eq!(
                (answer.json, answer.head),
                (expected.json.clone(), expected.head.clone()),
                "{format:?}"
            );
        }
    }
}

#[test]
fn what_is_wrong_with_avro_is_named() {
    let framed = as_avro(Kind::ConsentChange, OPT_IN, FRAMED);
    let class = |kind, format, bytes: &[u8]| {
        answers_to(kind, format, None, bytes).remove(0).json["class"]
            .as_str()
            .unwrap_or("none")
            .to_owned()
    };
    let of = |format, bytes: &[u8]| class(Kind::ConsentChange, format, bytes);
    assert_eq!(of(Format::Avro, &framed), "none");
    assert_eq!(of(Format::Avro, OPT_IN.as_bytes()), "other_framing");
    assert_eq!(of(Format::Avro, datum(&framed)), "wrong_magic");
    assert_eq!(of(Format::AvroSingleObject, &framed), "other_framing");
    let half = framed.get(..framed.len() / 2).unwrap();
    assert_eq!(of(Format::Avro, half), "truncated");
    assert_eq!(of(Format::Avro, &[&framed[..], b"\n"].concat()), "trailing_bytes");
    assert_ne!(class(Kind::OutboundMessage, Format::Avro, &framed), "none");
    // Apicurio's eight-byte ids
    let wide = [&[0_u8; 8][..], &[7], datum(&framed)].concat();
    assert_eq!(of(Format::Avro, &wide), "wide_schema_id");
}

/// A schema of the sender's own: one field more is carried and said, one that ours cannot be read from is refused.
#[test]
fn a_schema_of_ones_own() {
    let dir = tempfile::tempdir().unwrap();
    let file = |name: &str, from: &str, to: &str| {
        let ours = Kind::ConsentChange.schema();
        assert!(ours.contains(from), "{from}");
        let path = dir.path().join(name);
        std::fs::write(&path, ours.replacen(from, to, 1)).unwrap();
        path
    };
    let framed = as_avro(Kind::ConsentChange, OPT_IN, FRAMED);
    let longer =
        file("more", r#""fields": ["#, r#""fields": [{"name": "shop", "type": "string"},"#);
    let answer = |schema: &Path, bytes: &[u8]| {
        answers_to(Kind::ConsentChange, Format::AvroDatum, Some(schema), bytes).remove(0)
    };
    let found = answer(&longer, &[b"\x04uk", datum(&framed)].concat());
    assert!(found.is_good, "{}", found.json);
    assert_eq!(found.json["not_read"], serde_json::json!(["shop"]));
    assert!(found.json["schema"].as_str().unwrap().contains("more`"));
    let bare = file("bare", "timestamp-micros", "timestamp-millis");
    let refused = answer(&bare, datum(&framed));
    assert_eq!(refused.json["class"], "incompatible_schema");
    let written = |format, schema: &Path| Written::new(format, Some(schema)).is_err();
    assert!(written(Format::Json, &longer) && written(Format::AvroSingleObject, &longer));
    assert!(written(Format::Avro, dir.path()) && written(Format::Avro, &dir.path().join("none")));
}

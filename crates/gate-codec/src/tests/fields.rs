//! Which field is to blame: its path, and never what stands in it.

use super::super::*;
use super::fixtures;

fn why<T>(read: Result<T, DecodeError>) -> String {
    match read {
        Err(DecodeError::Unreadable(why)) => why.to_string(),
        Err(error @ DecodeError::Unavailable { .. }) => error.to_string(),
        Ok(_) => "read".to_owned(),
    }
}

fn consent(rest: &str) -> String {
    let json = format!(r#"{{"event_id":"e","occurred_at":"2026-01-01T00:00:00Z",{rest}}}"#);
    why(fixtures::codec(Format::Json, Kind::ConsentChange).decode_consent(Some(json.as_bytes())))
}

fn message(rest: &str) -> String {
    let json = format!(r#"{{"message_id":"m",{rest}}}"#);
    why(fixtures::codec(Format::Json, Kind::OutboundMessage).decode_message(Some(json.as_bytes())))
}

#[test]
fn of_a_consent_change() {
    for (rest, expected) in [
        (r#""action":"opt_out""#, "missing_field: `contact_id`"),
        (r#""contact_id":"ben""#, "missing_field: `action`"),
        (r#""action":"opt_owt","contact_id":"ben""#, "unknown_symbol: `action`"),
        (r#""action":"opt_out","contact_id":"ben","channel":"fax""#, "unknown_symbol: `channel`"),
        (r#""action":"opt_out","contact_id":["ben"]"#, "wrong_type: `contact_id`"),
        (r#""action":"opt_out","contact_id":"a","contact_id":"b""#, "duplicate_key: `contact_id`"),
        (r#""action":"opt_out","contact_id":"ben","purpose":"a..b""#, "invalid_value: `purpose`"),
        (
            r#""action":"opt_out","contact_id":"ben","birth_date":"2007-02-29""#,
            "bad_timestamp: `birth_date`",
        ),
        (
            r#""action":"opt_in","contact_id":"ben","evidence":{"notice_version":["x"]}"#,
            "wrong_type: `evidence.notice_version`",
        ),
        (r#""action":"opt_in","contact_id":"ben","evidence":7"#, "wrong_type: `evidence`"),
        (
            r#""action":"relationship","contact_id":"ben","context":{"refused":"no"}"#,
            "wrong_type: `context.refused`",
        ),
        (
            r#""action":"relationship","contact_id":"ben","context":{"product_group":7}"#,
            "wrong_type: `context.product_group`",
        ),
        // what is carried has names that are not ours to repeat
        (r#""action":"opt_out","contact_id":"ben","ben@example.net":1e999"#, "malformed"),
    ] {
        assert_eq!(consent(rest), expected, "{rest}");
    }
}

#[test]
fn of_a_message() {
    for (rest, expected) in [
        (r#""channel":"sms""#, "missing_field: `recipient`"),
        (r#""recipient":{}"#, "missing_field: `channel`"),
        (
            r#""channel":"sms","recipient":{"contact_id":true}"#,
            "wrong_type: `recipient.contact_id`",
        ),
        (
            r#""channel":"sms","recipient":{},"content":{"unsubscribe":"yes"}"#,
            "wrong_type: `content.unsubscribe`",
        ),
        (
            r#""channel":"sms","recipient":{"jurisdiction_verified_at":"today"}"#,
            "bad_timestamp: `recipient.jurisdiction_verified_at`",
        ),
        (r#""channel":"sms","recipient":{},"expires_at":"soon""#, "bad_timestamp: `expires_at`"),
    ] {
        assert_eq!(message(rest), expected, "{rest}");
    }
    let bare = fixtures::codec(Format::Json, Kind::OutboundMessage);
    assert_eq!(why(bare.decode_message(Some(b"{}"))), "missing_field: `message_id`");
}

/// In Avro the same, where a field can be told.
#[test]
fn of_a_datum() {
    let codec = fixtures::codec(Format::AvroSingleObject, Kind::ConsentChange);
    let read = |record: ConsentChangeRecord<'_>| {
        let value = encode_consent(&record, Encoding::AvroSingleObject).unwrap();
        why(codec.decode_consent(Some(&value)))
    };
    let nobody = ConsentChangeRecord { contact_id: None, ..fixtures::opt_out() };
    assert_eq!(read(nobody), "missing_field: `contact_id`");
    let never = ConsentChangeRecord { birth_date: Some(i32::MAX), ..fixtures::opt_out() };
    assert_eq!(read(never), "bad_timestamp: `birth_date`");
}

/// An envelope is told by what it is; a field inside of it is nobody's fault.
#[test]
fn an_envelope_has_no_field() {
    let event = br#"{"specversion":"1.0","type":"t","data":{"event_id":"e"},"channel":7}"#;
    let codec = fixtures::codec(Format::Json, Kind::ConsentChange);
    assert_eq!(why(codec.decode_consent(Some(event))), "cloud_event");
}

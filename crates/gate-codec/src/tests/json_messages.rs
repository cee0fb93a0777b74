//! JSON: messages, and whose an unreadable change is.

use super::super::*;
use super::fixtures;
use gate_core::{Address, Category, ContactId, OutboundMessage};

fn message(json: &str) -> Result<OutboundMessage<'_>, DecodeError> {
    let codec = fixtures::codec(Format::Json, Kind::OutboundMessage);
    fixtures::classed(codec.decode_message(Some(json.as_bytes())))
}

#[test]
fn messages() {
    let head = r#""message_id":"m","recipient":{"contact_id":"ben"}"#;
    let read = format!(r#"{{{head},"channel":"carrier_pigeon","category":"gossip"}}"#);
    let read = message(&read).unwrap();
    assert_eq!((read.channel, read.category), (None, Category::Marketing));
    assert_eq!(read.content, gate_core::Content::default());

    let carried = format!(
        r#"{{{head},"channel":"sms","body":{{"text":[1,2.5,null]}},"attributes":{{"a":1}},
            "content":{{"promotional":true,"emoji":"\u2603"}},"x":"y","x":"z"}}"#
    );
    assert_eq!(message(&carried).unwrap().content.promotional, Some(true));
    let blank = format!(
        r#"{{{head},"channel":"sms","category":" ","expires_at":"","content":{{"promotional":"\u200b"}},
            "sole_charitable_purpose":"","sender_number":"-","brand":"\ufeff"}}"#
    );
    let blank = message(&blank).unwrap();
    assert_eq!((blank.category, blank.expires_at), (Category::Marketing, None));
    assert_eq!((blank.content.promotional, blank.sole_charitable_purpose), (None, None));
    assert_eq!((blank.sender_number, blank.brand), (None, None));

    for (json, class) in [
        (r#"{"channel":"sms","recipient":{}}"#, Class::MissingField),
        (r#"{"message_id":"","channel":"sms","recipient":{}}"#, Class::MissingField),
        (r#"{"message_id":"m","recipient":{}}"#, Class::MissingField),
        (r#"{"message_id":"m","channel":" ","recipient":{}}"#, Class::MissingField),
        (r#"{"message_id":"m","channel":"sms","recipient":""}"#, Class::MissingField),
        (r#"{"message_id":"m","channel":"sms"}"#, Class::MissingField),
        (r#"{"message_id":"m","channel":"sms","recipient":null}"#, Class::MissingField),
        (r#"{"message_id":"m","channel":"sms","recipient":[]}"#, Class::WrongType),
        (r#"{"message_id":"m","channel":2,"recipient":{}}"#, Class::WrongType),
        (
            r#"{"message_id":"m","channel":"sms","recipient":{"contact_id":"a","contact_id":"b"}}"#,
            Class::DuplicateKey,
        ),
        (
            r#"{"message_id":"m","channel":"sms","recipient":{},"content":{"promotional":"no"}}"#,
            Class::WrongType,
        ),
        (
            r#"{"message_id":"m","channel":"sms","recipient":{},"expires_at":"2026-01-01"}"#,
            Class::BadTimestamp,
        ),
        (
            r#"{"message_id":"m","channel":"sms","recipient":{},"purpose":"a..b"}"#,
            Class::InvalidValue,
        ),
    ] {
        assert_eq!(message(json), Err(class.into()), "{json}");
    }
}

#[test]
fn salvage_only_what_is_certain() {
    let codec = fixtures::codec(Format::Json, Kind::ConsentChange);
    let contact = |json: &'static str| {
        let salvaged = codec.salvage(Some(json.as_bytes()))?;
        let text = |who: Option<&str>| who.unwrap_or("-").to_owned();
        Some(format!(
            "{} {}",
            text(salvaged.contact_id.as_ref().map(ContactId::expose)),
            text(salvaged.address.as_ref().map(Address::expose))
        ))
    };
    for (json, expected) in [
        (r#"{"contact_id":"ben","action":"opt_owt"}"#, Some("ben -")),
        (
            r#"{"action":{"contact_id":"eve"},"address":"a@b.example","contact_id":"ben"}"#,
            Some("ben a@b.example"),
        ),
        (r#"{"address":"a@b.example","occurred_at":5}"#, Some("- a@b.example")),
        (r#"{"contact_id":"ben","contact_id":"eve"}"#, None),
        (r#"{"contact_id":"ben","contact_id":"ben"}"#, None),
        (r#"{"contact_id":5,"address":"a@b.example"}"#, Some("5 a@b.example")),
        (r#"{"contact_id":5.5,"address":"a@b.example"}"#, None),
        (r#"{"contact_id":" "}"#, None),
        (r#"{"nested":{"contact_id":"ben"}}"#, None),
        (r#"{"contact_id":"ben""#, None),
        (r#"{"contact_id":"ben"}}"#, None),
        (r#"[{"contact_id":"ben"}]"#, None),
        (r#""contact_id""#, None),
    ] {
        assert_eq!(contact(json).as_deref(), expected, "{json}");
    }
    let value = br#"{"contact_id":"ben","action":"opt_owt"}"#;
    assert_eq!(codec.salvage_contact(Some(value)).unwrap().expose(), "ben");
}

#[test]
fn the_campaign_is_the_attribute_that_is_configured_and_never_makes_a_message_unreadable() {
    let of = |codec: &Codec, attributes: &str| {
        let text = format!(
            r#"{{"message_id":"m","channel":"sms","attributes":{attributes},"recipient":{{"contact_id":"c"}}}}"#
        );
        let message = codec.decode_message(Some(text.as_bytes())).unwrap();
        message.campaign.map(|campaign| campaign.into_owned())
    };
    let codec = || Codec::new(Format::Json, Kind::OutboundMessage, None).unwrap();
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(of(&codec(), r#"{"a":[1,{"campaign":"x"}],"campaign":" winter "}"#), some("winter"));
    assert_eq!(of(&codec(), r#"{"campaign":"a\u0062"}"#), some("ab"));
    let other = codec().with_campaign("utm_campaign");
    assert_eq!(of(&other, r#"{"campaign":"x","utm_campaign":"y"}"#), some("y"));
    let long = format!(r#"{{"campaign":"{}"}}"#, "x".repeat(257));
    for none in [
        "null",
        "7",
        "[1]",
        r#""winter""#,
        "{}",
        r#"{"campaign":7}"#,
        r#"{"campaign":" "}"#,
        r#"{"campaign":{"campaign":"x"}}"#,
        r#"{"campaign":"x","campaign":"y"}"#,
        &long,
    ] {
        assert_eq!(of(&codec(), none), None, "{none}");
    }
}

//! JSON: the sample cases, every class, and what blanks and unknown fields mean.

use super::super::*;
use super::fixtures;
use gate_core::{
    Action, Basis, Category, Channel, ChannelScope, ConsentChange, Name, OutboundMessage,
    RecipientKind, RelationshipKind, SuppressionScope, flags,
};
use serde_json::value::RawValue;
use std::borrow::Cow;

fn consent(json: &str) -> Result<ConsentChange<'_>, DecodeError> {
    let codec = fixtures::codec(Format::Json, Kind::ConsentChange);
    fixtures::classed(codec.decode_consent(Some(json.as_bytes())))
}

fn message(json: &str) -> Result<OutboundMessage<'_>, DecodeError> {
    let codec = fixtures::codec(Format::Json, Kind::OutboundMessage);
    fixtures::classed(codec.decode_message(Some(json.as_bytes())))
}

#[derive(serde::Deserialize)]
struct Case<'a> {
    #[serde(borrow)]
    history: Vec<&'a RawValue>,
    #[serde(borrow)]
    message: &'a RawValue,
}

#[test]
fn every_sample_case_decodes() {
    let mut n_changes = 0;
    for line in include_str!("sample-cases.jsonl").lines() {
        let case: Case<'_> = serde_json::from_str(line).unwrap();
        for change in &case.history {
            let change = consent(change.get()).unwrap();
            assert_eq!(change.contact_id.unwrap().expose(), "ben");
            n_changes += 1;
        }
        let message = message(case.message.get()).unwrap();
        assert!(message.channel.is_some() && message.address.is_some());
    }
    assert!(n_changes > 10);
}

#[test]
fn every_field_arrives() {
    let json = encode_consent(&fixtures::consent(), Encoding::Json).unwrap();
    let change = consent(std::str::from_utf8(&json).unwrap()).unwrap();
    let text = |text: &'static str| Some(Cow::Borrowed(text));
    assert_eq!(change.event_id, "e-1");
    assert_eq!(change.occurred_at.as_micros(), 1_769_929_200_500_000);
    assert_eq!(change.action, Action::OptIn);
    assert_eq!(change.contact_id.as_ref().unwrap().expose(), "ben");
    assert_eq!(change.address.as_ref().unwrap().expose(), "+447700900456");
    assert_eq!(change.region, text("GB"));
    assert_eq!(change.channel, ChannelScope::One(Channel::Sms));
    assert_eq!(change.purpose.as_deref(), Some("marketing.offers"));
    assert_eq!(change.controller.as_deref(), Some("acme-ltd"));
    assert_eq!(change.brand.as_deref(), Some("acme"));
    assert_eq!(change.basis, Some(Basis::ExpressWritten));
    assert_eq!(change.kind, Some(RelationshipKind::Purchase));
    assert_eq!(
        change.context_flags,
        flags::DETAILS_OBTAINED_DIRECTLY
            | flags::REFUSAL_OFFERED_AT_COLLECTION
            | flags::NOT_REFUSED
    );
    assert_eq!(change.product_group.as_deref(), Some("tents"));
    let evidence = change.evidence.unwrap();
    assert_eq!(evidence.method, text("web_form"));
    assert_eq!(evidence.notice_version, text("n-1"));
    assert!(evidence.signature && evidence.number_named && !evidence.not_condition_of_purchase);
    assert_eq!(change.text, text("stop \u{1f600}"));
    assert_eq!(change.to.as_deref(), Some("18005550199"));
    assert_eq!(change.registry.as_deref(), Some("us-dnc"));
    assert_eq!(change.listed, Some(true));
    assert_eq!(change.smtp, text("5.1.1"));
    assert_eq!(change.format, text("arf"));
    assert_eq!(change.scope, Some(SuppressionScope::Marketing));
    assert!(!change.keep_suppression);
    assert_eq!(change.birth_date_days, Some(13_938));
}

#[test]
fn every_field_of_a_message_arrives() {
    let json = encode_message(&fixtures::message(), Encoding::Json).unwrap();
    let read = message(std::str::from_utf8(&json).unwrap()).unwrap();
    assert_eq!(read.message_id, "m-1");
    assert_eq!(read.channel, Some(Channel::Sms));
    assert_eq!(read.category, Category::Service);
    assert_eq!(read.expires_at.unwrap().as_micros(), 1_772_452_800_000_000);
    assert_eq!(read.content.promotional, Some(false));
    assert_eq!(read.content.one_click, None);
    assert_eq!(read.tz.as_deref(), Some("Europe/London"));
    assert!(read.jurisdiction_verified && read.sole_charitable_purpose == Some(true));
}

const HEAD: &str = r#""event_id":"e","occurred_at":"2026-01-01T00:00:00Z""#;

fn change(rest: &str) -> String {
    format!("{{{HEAD},{rest}}}")
}

#[test]
fn refused_consent_changes() {
    let opt_out = r#""action":"opt_out","contact_id":"ben""#;
    let deep = format!(r#"{opt_out},"x":{}{}"#, "[".repeat(16), "]".repeat(16));
    let wide = format!(r#"{opt_out},"x":[{}0]"#, "0,".repeat(NODES_MAX));
    let long = "x".repeat(gate_core::ADDRESS_BYTES_MAX + 1);
    let with = |field: &str| change(&format!("{opt_out},{field}"));
    for (json, class) in [
        ("null".to_owned(), Class::WrongType),
        ("[]".to_owned(), Class::WrongType),
        ("\"x\"".to_owned(), Class::WrongType),
        ("{}".to_owned(), Class::MissingField),
        ("{".to_owned(), Class::Truncated),
        ("nul".to_owned(), Class::Truncated),
        ("{,}".to_owned(), Class::Malformed),
        (format!("\u{feff}{}", change(opt_out)), Class::Malformed),
        (format!("{} x", change(opt_out)), Class::TrailingBytes),
        (format!("{0}{0}", change(opt_out)), Class::TrailingBytes),
        (format!("{}\0", change(opt_out)), Class::TrailingBytes),
        (change(r#""action":"opt_out""#), Class::MissingField),
        (change(r#""action":"opt_out","contact_id":" ","address":"""#), Class::MissingField),
        (change(r#""contact_id":"ben""#), Class::MissingField),
        (change(r#""action":null,"contact_id":"ben""#), Class::MissingField),
        (change(r#""action":"OPT-OUT","contact_id":"ben""#), Class::UnknownSymbol),
        (change(r#""action":"opt_out","contact_id":0"#), Class::InvalidValue),
        (change(r#""action":"opt_out","contact_id":9007199254740992"#), Class::InvalidValue),
        (change(r#""action":"opt_out","contact_id":5.5"#), Class::WrongType),
        (change(r#""action":"opt_out","contact_id":5e1"#), Class::WrongType),
        (with(r#""evidence":{"notice_version":1.1}"#), Class::WrongType),
        (with(r#""evidence":{"method":1}"#), Class::WrongType),
        (with(r#""address":447700900456"#), Class::WrongType),
        (change(r#""action":"","contact_id":"ben""#), Class::MissingField),
        (change(r#""action":3,"contact_id":"ben""#), Class::WrongType),
        (change(r#""action":"opt_out","contact_id":-5"#), Class::WrongType),
        (with(r#""channel":"fax""#), Class::UnknownSymbol),
        (with(r#""channel":["sms"]"#), Class::WrongType),
        (with(r#""basis":"vibes""#), Class::UnknownSymbol),
        (with(r#""kind":"friend""#), Class::UnknownSymbol),
        (with(r#""scope":"some""#), Class::UnknownSymbol),
        (with(r#""event_id":"e""#), Class::DuplicateKey),
        (with(r#""contact_\u0069d":"eve""#), Class::DuplicateKey),
        (with(r#""purpose":null,"purpose":"marketing""#), Class::DuplicateKey),
        (with(r#""context":{"refused":true,"refused":false}"#), Class::DuplicateKey),
        (with(r#""evidence":{"method":"a","method":"b"}"#), Class::DuplicateKey),
        (with(r#""context":{"refused":"no"}"#), Class::WrongType),
        (with(r#""context":[]"#), Class::WrongType),
        (with(r#""listed":"true""#), Class::WrongType),
        (with(r#""keep_suppression":0"#), Class::WrongType),
        (with(r#""purpose":"marketing.""#), Class::InvalidValue),
        (with(r#""purpose":".""#), Class::InvalidValue),
        (with(r#""purpose":"marketing. offers""#), Class::InvalidValue),
        (with(&format!(r#""brand":"{long}""#)), Class::InvalidValue),
        (with(&format!(r#""address":"{long}""#)), Class::InvalidValue),
        (with(r#""birth_date":"2007-02-29""#), Class::BadTimestamp),
        (with(r#""birth_date":13938"#), Class::WrongType),
        (with(r#""x":"\ud800""#), Class::Malformed),
        (with(r#""x":1e999"#), Class::Malformed),
        (with(r#""x":NaN"#), Class::Malformed),
        (change(&deep), Class::TooDeep),
        (change(&wide), Class::TooManyNodes),
        (
            format!(r#"{{"event_id":" ",{}}}"#, &change(opt_out)[16..change(opt_out).len() - 1]),
            Class::MissingField,
        ),
    ] {
        assert_eq!(consent(&json), Err(class.into()), "{}", &json[..json.len().min(200)]);
    }
    // seconds, microseconds, years nobody means
    for time in ["0", "1767225600", "1767225600000000", "-5", "253402300799000"] {
        let json = format!(r#"{{"event_id":"e","occurred_at":{time},{opt_out}}}"#);
        assert_eq!(consent(&json), Err(Class::BadTimestamp.into()), "{time}");
    }
    for time in ["1.5", "1767225600000.0", "true", "{}"] {
        let json = format!(r#"{{"event_id":"e","occurred_at":{time},{opt_out}}}"#);
        assert_eq!(consent(&json), Err(Class::WrongType.into()), "{time}");
    }
    let blank = format!(r#"{{"event_id":"e","occurred_at":" ",{opt_out}}}"#);
    assert_eq!(consent(&blank), Err(Class::MissingField.into()));
    for time in ["2026-01-01T00:00:00", "yesterday", "1800-01-01T00:00:00Z"] {
        let json = format!(r#"{{"event_id":"e","occurred_at":"{time}",{opt_out}}}"#);
        assert_eq!(consent(&json), Err(Class::BadTimestamp.into()), "{time}");
    }
}

/// What other systems write for the same thing.
#[test]
fn numbers_cases_and_times_that_can_mean_one_thing_only() {
    let plain = r#"{"event_id":"7","occurred_at":"2026-01-01T00:00:00Z","action":"opt_in","contact_id":"42",
        "channel":"sms","basis":"express_written","scope":"all","kind":"purchase","expires_at":"2030-01-01T00:00:00Z",
        "evidence":{"method":"web_form","notice_version":"3"}}"#;
    let wide = r#"{"event_id":7,"occurred_at":1767225600000,"action":"OPT_IN","contact_id":42,
        "channel":"Sms","basis":"EXPRESS_WRITTEN","scope":"ALL","kind":"Purchase","expires_at":"2030-01-01T01:00:00+0100",
        "evidence":{"method":"web_form","notice_version":3}}"#;
    assert_eq!(consent(wide).unwrap(), consent(plain).unwrap());
    let evidence = |rest: &str| {
        let json =
            change(&format!(r#""action":"opt_in","contact_id":"ben","evidence":{{{rest}}}"#));
        let evidence = consent(&json).unwrap().evidence.unwrap();
        (evidence.notice_version.map(Cow::into_owned), evidence.has_template_id)
    };
    // the zero of a program that knows none
    assert_eq!(evidence(r#""notice_version":0"#).0, None);
    assert_eq!(evidence(r#""notice_version":12"#).0.as_deref(), Some("12"));
    for (denied, is_there) in
        [("false", false), ("true", true), (r#""no""#, false), (r#""T1""#, true)]
    {
        let read = evidence(&format!(r#""template_id":{denied}"#));
        assert_eq!(read.1, is_there, "{denied}");
    }
    let plain = r#"{"message_id":"9","channel":"email","recipient":{"contact_id":"42","address":"a@b.example"}}"#;
    let wide = r#"{"message_id":9,"channel":"EMAIL","recipient":{"contact_id":42,"address":"a@b.example"}}"#;
    assert_eq!(message(wide).unwrap(), message(plain).unwrap());
    // an unknown word is the strict one here, so more words would only permit more
    let json = r#"{"message_id":"m","channel":"email","category":"TRANSACTIONAL","recipient":{"kind":"BUSINESS"}}"#;
    let read = message(json).unwrap();
    assert_eq!((read.category, read.kind), (Category::Marketing, Some(RecipientKind::Person)));
    // whose it is, when the rest cannot be read
    let codec = fixtures::codec(Format::Json, Kind::ConsentChange);
    let salvaged =
        codec.salvage(Some(br#"{"contact_id":42,"action":"opt_owt","channel":"SMS"}"#)).unwrap();
    assert_eq!(salvaged.contact_id.unwrap().expose(), "42");
    assert_eq!(salvaged.channel, ChannelScope::One(Channel::Sms));
    assert_eq!(codec.salvage(Some(br#"{"contact_id":0,"action":"opt_out"}"#)), None);
}

#[test]
fn invalid_utf8_is_refused_wherever_it_stands() {
    let codec = fixtures::codec(Format::Json, Kind::ConsentChange);
    let json = change(r#""action":"opt_out","contact_id":"ben","x":"y""#).into_bytes();
    for at in 0..json.len() {
        let mut bad = json.clone();
        bad[at] = 0xFF;
        assert_eq!(codec.decode_consent(Some(&bad)), Err(Class::BadUtf8.into()));
        assert_eq!(codec.salvage(Some(&bad)), None);
    }
}

#[test]
fn every_strict_prefix_is_refused() {
    for kind in [Kind::ConsentChange, Kind::OutboundMessage] {
        let codec = fixtures::codec(Format::Json, kind);
        let value = match kind {
            Kind::ConsentChange => encode_consent(&fixtures::consent(), Encoding::Json),
            Kind::OutboundMessage => encode_message(&fixtures::message(), Encoding::Json),
        }
        .unwrap();
        for end in 0..value.len() {
            let prefix = Some(&value[..end]);
            assert!(codec.decode_consent(prefix).is_err() && codec.decode_message(prefix).is_err());
            assert_eq!(codec.salvage(prefix), None);
        }
    }
}

#[test]
fn absent_blank_null_and_unknown_read_as_nothing() {
    let bare = change(r#""action":"opt_out","contact_id":"ben""#);
    let padded = change(
        r#""action":"opt_out","contact_id":"ben","address":" ","purpose":"","brand":"  ","channel":null,
           "controller":"\t","evidence":null,"context":null,"received_at":"x","porpose":{"a":[1,null,{}]}"#,
    );
    let bare = consent(&bare).unwrap();
    assert_eq!(consent(&padded).unwrap(), bare);
    for blank in ["", " ", "\\t", "\\u200b", "\\ufeff\\u00a0"] {
        let fields = [
            "channel",
            "basis",
            "kind",
            "scope",
            "listed",
            "keep_suppression",
            "birth_date",
            "context",
            "evidence",
            "registry",
            "smtp",
            "to",
            "region",
            "address",
            "message_id",
            "product_group",
        ];
        let blanks: String =
            fields.iter().map(|field| format!(r#","{field}":"{blank}""#)).collect();
        let json = change(&format!(r#""action":"opt_out","contact_id":"ben"{blanks}"#));
        assert_eq!(consent(&json).as_ref(), Ok(&bare), "{blank}");
        let context = r#""context":{"refused":"BLANK"},"evidence":{"method":"BLANK"}"#;
        let inner = context.replace("BLANK", blank);
        let json = change(&format!(r#""action":"opt_out","contact_id":"ben",{inner}"#));
        let read = consent(&json).unwrap();
        assert_eq!((read.context_flags, read.evidence.unwrap().method), (0, None), "{blank}");
    }
    assert_eq!(bare.channel, ChannelScope::Any);
    assert!(bare.keep_suppression);
    let spaced = change(
        r#""action":"opt_out","contact_id":" ben ","purpose":" marketing ","brand":"acme ","channel":"any""#,
    );
    let spaced = consent(&spaced).unwrap();
    assert_eq!(spaced.purpose.as_deref(), Some("marketing"));
    assert_eq!(spaced.brand.as_deref(), Some("acme"));
    assert_eq!(spaced.contact_id.unwrap().expose(), "ben");
}

#[test]
fn the_source_is_read_and_never_makes_a_refusal_unreadable() {
    let source = |rest: &str| {
        let json = change(&format!(r#""action":"opt_out","contact_id":"ben"{rest}"#));
        let codec = fixtures::codec(Format::Json, Kind::ConsentChange);
        let (change, source) = codec.decode_sourced_consent(Some(json.as_bytes())).unwrap();
        assert_eq!(change.action, Action::OptOut);
        source.map(Cow::into_owned)
    };
    assert_eq!(source(r#","source":"crm""#).as_deref(), Some("crm"));
    for other in ["7", "-7", "0.5", "true", "null", r#"["crm"]"#, r#"{"name":"crm"}"#] {
        assert_eq!(source(&format!(r#","source":{other}"#)), None, "{other}");
    }
    assert_eq!(source(""), None);
}

/// What other systems say is long and of any shape; it must not make the record unreadable.
#[test]
fn what_a_mail_server_said_is_taken_at_any_length() {
    let long = format!("550-5.1.1 {}", "no such user ".repeat(400));
    let json =
        change(&format!(r#""action":"hard_bounce","contact_id":"ben","smtp":"{long}","format":7"#));
    let read = consent(&json).unwrap();
    assert_eq!((read.smtp.as_deref(), read.format), (Some(long.as_str()), None));
    let blank = change(r#""action":"complaint","contact_id":"ben","smtp":" ","format":"\t""#);
    let blank = consent(&blank).unwrap();
    assert_eq!((blank.smtp, blank.format), (None, None));
}

#[test]
fn evidence_takes_true_and_the_string_true() {
    let json = change(
        r#""action":"opt_in","contact_id":"ben","evidence":{"signature":true,"number_named":"true",
           "not_condition_of_purchase":"TRUE","x":{"y":[]},"method":"web_form"}"#,
    );
    let evidence = consent(&json).unwrap().evidence.unwrap();
    assert!(evidence.signature && evidence.number_named && !evidence.not_condition_of_purchase);
    assert_eq!(evidence.notice_version, None);
}

#[test]
fn strings_are_borrowed() {
    let json = change(r#""action":"opt_out","contact_id":"ben","brand":" acme ","text":"a\u0062""#);
    let change = consent(&json).unwrap();
    assert!(matches!(change.event_id, Cow::Borrowed(_)));
    assert!(matches!(change.brand.map(Name::into_text), Some(Cow::Borrowed("acme"))));
    assert_eq!(change.text.as_deref(), Some("ab"));
}

/// `kind` of a profile is what the recipient is; elsewhere it is the kind of a relationship. Other text is a person.
#[test]
fn a_recipients_kind() {
    let codec = fixtures::codec(Format::Json, Kind::ConsentChange);
    let profile = |fields: &str| {
        let text = format!(
            r#"{{"event_id":"e","occurred_at":"2026-02-01T08:00:00Z","action":"profile","contact_id":"ben"{fields}}}"#
        );
        codec.decode_consent(Some(text.as_bytes())).unwrap().recipient_kind
    };
    for (fields, expected) in [
        ("", None),
        (r#","kind":" ""#, None),
        (r#","kind":"business""#, Some(RecipientKind::Business)),
        (r#","kind":"sole_trader""#, Some(RecipientKind::SoleTrader)),
        (r#","kind":"Business""#, Some(RecipientKind::Person)),
        (r#","kind":"firm""#, Some(RecipientKind::Person)),
        (r#","recipient_kind":"business""#, Some(RecipientKind::Business)),
        (r#","recipient_kind":"business","kind":"business""#, Some(RecipientKind::Business)),
        (r#","recipient_kind":"business","kind":"sole_trader""#, Some(RecipientKind::Person)),
    ] {
        assert_eq!(profile(fields), expected, "{fields}");
    }
    let codec = fixtures::codec(Format::Json, Kind::OutboundMessage);
    let message = |kind: &str| {
        let text = format!(
            r#"{{"message_id":"m","channel":"email","recipient":{{"address":"b@example.net"{kind}}},"content":{{"bulk":true}}}}"#
        );
        let read = codec.decode_message(Some(text.as_bytes())).unwrap();
        assert_eq!(read.content.bulk, Some(true));
        (read.kind, read.jurisdiction_verified_at)
    };
    assert_eq!(message(""), (None, None));
    assert_eq!(message(r#","kind":"business""#).0, Some(RecipientKind::Business));
    assert_eq!(message(r#","kind":"company""#).0, Some(RecipientKind::Person));
    assert_eq!(message(r#","kind":7"#).0, None);
    let at = r#","jurisdiction_verified_at":"2026-01-02T12:00:00Z""#;
    assert_eq!(message(at).1, fixtures::at("2026-01-02T12:00:00Z"));
}

/// A change of address says of which address to which, or nobody knows what was refused where.
#[test]
fn a_change_of_address_names_both() {
    for action in ["address_changed", "profile"] {
        let change = |rest: &str| {
            let json = format!(
                r#"{{"event_id":"e","occurred_at":"2026-02-01T08:00:00Z","action":"{action}","contact_id":"ben"{rest}}}"#
            );
            let codec = fixtures::codec(Format::Json, Kind::ConsentChange);
            let read =
                codec.decode_consent(Some(json.as_bytes())).map_err(|error| error.to_string());
            read.map(|change| change.new_address.map(|new| new.expose().to_owned()))
        };
        let both = r#","address":"ben@example.org","new_address":"ben@example.net""#;
        assert_eq!(change(both).unwrap().as_deref(), Some("ben@example.net"));
        let missing = |field: &str| Err(format!("unreadable value (missing_field: `{field}`)"));
        assert_eq!(change(r#","new_address":"ben@example.net""#), missing("address"));
        let old_alone = change(r#","address":"ben@example.org","new_address":" ""#);
        let expected = if action == "profile" { Ok(None) } else { missing("new_address") };
        assert_eq!(old_alone, expected);
    }
    let elsewhere = r#"{"event_id":"e","occurred_at":"2026-02-01T08:00:00Z","action":"opt_in","contact_id":"ben",
        "address":"ben@example.org","new_address":"ben@example.net"}"#;
    assert!(consent(elsewhere).unwrap().new_address.is_none(), "an opt-in moves nothing");
}

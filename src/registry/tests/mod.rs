//! The registry client, behind a codec as in the gate, against a server whose answers we choose.

mod server;

use super::*;
use gate_codec::{
    CONSENT_CHANGE_SCHEMA, Class, Codec, ConsentChangeRecord, DecodeError, Encoding, Format, Kind,
    encode_consent,
};
use server::FakeRegistry;
use std::time::{Duration, Instant};

/// The smallest consent change, written with this schema.
fn value(schema_id: u32) -> Vec<u8> {
    let opt_out = ConsentChangeRecord {
        event_id: Some("e-2".into()),
        occurred_at: Some(gate_core::Timestamp::from_millis(1_769_932_800_000)),
        action: Some("opt_out".into()),
        contact_id: Some("ben".into()),
        ..ConsentChangeRecord::default()
    };
    encode_consent(&opt_out, Encoding::Avro { schema_id }).unwrap()
}

fn codec(server: &FakeRegistry) -> Codec {
    Codec::new(Format::Avro, Kind::ConsentChange, Some(server.client().boxed())).unwrap()
}

fn unavailable<T>(result: Result<T, DecodeError>) -> bool {
    matches!(result, Err(DecodeError::Unavailable { .. }))
}

#[test]
fn a_known_schema_is_asked_for_once() {
    let server = FakeRegistry::start();
    server.schema("/schemas/ids/5", CONSENT_CHANGE_SCHEMA);
    let codec = codec(&server);
    std::thread::scope(|threads| {
        for _ in 0..4 {
            threads.spawn(|| {
                for _ in 0..100 {
                    codec.decode_consent(Some(&value(5))).unwrap();
                }
            });
        }
    });
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn an_unknown_schema_is_unreadable_and_not_asked_for_again_at_once() {
    let server = FakeRegistry::start();
    let codec = codec(&server);
    for _ in 0..3 {
        assert_eq!(codec.decode_consent(Some(&value(9))), Err(Class::UnknownSchema.into()));
    }
    assert_eq!(server.requests().len(), 1);
    server.schema("/schemas/ids/10", CONSENT_CHANGE_SCHEMA);
    codec.decode_consent(Some(&value(10))).unwrap();
}

#[test]
fn what_is_no_answer_holds() {
    for (status, body) in [
        (404, "<html>not found</html>"),
        (404, "{}"),
        (404, r#"{"error_code":404,"message":"could not find resource"}"#),
        (404, ""),
        (500, r#"{"error_code":50001}"#),
        (503, ""),
        (401, ""),
        (403, ""),
        (429, ""),
        (302, ""),
        (200, ""),
        (200, "<html>login</html>"),
        (200, "[]"),
        (200, r#"{"schema":5}"#),
    ] {
        let server = FakeRegistry::start();
        server.reply("/schemas/ids/5", status, body);
        server.schema("/there", CONSENT_CHANGE_SCHEMA);
        let codec = codec(&server);
        assert!(unavailable(codec.decode_consent(Some(&value(5)))), "{status} {body}");
        assert_eq!(codec.salvage(Some(&value(5))), None);
        let asked = server.requests();
        assert!(asked.iter().all(|request| !request.contains("/there")), "followed a redirect");
    }
}

#[test]
fn a_registry_that_recovers_is_used_again() {
    let server = FakeRegistry::start();
    server.reply("/schemas/ids/5", 500, "");
    let codec = codec(&server);
    for _ in 0..10 {
        assert!(unavailable(codec.decode_consent(Some(&value(5)))));
    }
    assert_eq!(server.requests().len(), 1, "left alone for a moment");
    server.schema("/schemas/ids/5", CONSENT_CHANGE_SCHEMA);
    std::thread::sleep(Duration::from_millis(1_050));
    codec.decode_consent(Some(&value(5))).unwrap();
}

#[test]
fn an_answer_that_can_never_be_used_is_unreadable() {
    let huge = serde_json::json!({ "schema": " ".repeat(600_000) }).to_string();
    let json = serde_json::json!({ "schema": CONSENT_CHANGE_SCHEMA, "schemaType": "JSON" });
    for body in [huge, json.to_string(), r#"{"schema":"\"string\""}"#.to_owned()] {
        let server = FakeRegistry::start();
        server.reply("/schemas/ids/5", 200, &body);
        let codec = codec(&server);
        let value = value(5);
        let read = codec.decode_consent(Some(&value));
        assert_eq!(read, Err(Class::IncompatibleSchema.into()));
        assert_eq!(codec.decode_consent(Some(&value)), read);
        assert_eq!(server.requests().len(), 1);
    }
}

#[test]
fn references_are_fetched() {
    let server = FakeRegistry::start();
    let event_id = r#"{"name": "event_id", "type": "string""#;
    let origin_field = format!(r#"{{"name": "origin", "type": "elsewhere.Origin"}}, {event_id}"#);
    let schema = CONSENT_CHANGE_SCHEMA.replacen(event_id, &origin_field, 1);
    let origin = r#"{"type":"record","name":"Origin","namespace":"elsewhere","fields":[{"name":"host","type":"string"}]}"#;
    let reference =
        |subject: &str| serde_json::json!({"name": "x", "subject": subject, "version": 3});
    let body = serde_json::json!({"schema": schema, "references": [reference("a b/c")]});
    server.reply("/schemas/ids/5", 200, &body.to_string());
    let body = serde_json::json!({"schema": origin, "references": [reference("a b/c")]});
    server.reply("/subjects/a%20b%2Fc/versions/3", 200, &body.to_string());
    let own = value(5);
    let referring = [&own[..5], &[4, b'h', b'i'], &own[5..]].concat();
    codec(&server).decode_consent(Some(&referring)).unwrap();
    assert_eq!(server.requests().len(), 2);
}

#[test]
fn a_silent_registry_times_out_and_an_absent_one_does_not_wait() {
    let server = FakeRegistry::start();
    server.reply("/schemas/ids/5", 0, "");
    let start = Instant::now();
    assert!(unavailable(codec(&server).decode_consent(Some(&value(5)))));
    assert!(start.elapsed() < REGISTRY_TIMEOUT + Duration::from_secs(2));

    let settings =
        RegistrySettings { url: "http://127.0.0.1:1".to_owned(), ..RegistrySettings::default() };
    let registry = Registry::new(settings).unwrap();
    assert!(registry.check().is_err());
    let codec = Codec::new(Format::Avro, Kind::ConsentChange, Some(registry.boxed())).unwrap();
    assert!(unavailable(codec.decode_consent(Some(&value(5)))));
}

#[test]
fn credentials_and_base_path_are_sent() {
    let server = FakeRegistry::start();
    server.schema("/apis/ccompat/v7/schemas/ids/5", CONSENT_CHANGE_SCHEMA);
    server.reply("/apis/ccompat/v7/schemas/types", 200, r#"["AVRO"]"#);
    for url in
        [format!("{}/apis/ccompat/v7", server.url), format!("{}/apis/ccompat/v7/", server.url)]
    {
        let registry = Registry::new(RegistrySettings {
            url,
            username: Some("gate".to_owned()),
            password: Some("secret".to_owned()),
            ca_pem: None,
            timeout: None,
        })
        .unwrap();
        registry.check().unwrap();
        let codec = Codec::new(Format::Avro, Kind::ConsentChange, Some(registry.boxed())).unwrap();
        codec.decode_consent(Some(&value(5))).unwrap();
    }
    let basic = "Basic Z2F0ZTpzZWNyZXQ=";
    assert!(server.requests().iter().all(|request| request.contains(basic)));
}

#[test]
fn our_own_schema_is_looked_up_and_never_registered() {
    let server = FakeRegistry::start();
    let subject = "outbound-message-value";
    let told = server.client().id_of(subject, Kind::OutboundMessage).unwrap_err();
    assert!(told.contains(subject) && told.contains("register"), "{told}");
    server.reply(&format!("/subjects/{subject}"), 200, r#"{"subject":"x","id":7,"version":2}"#);
    assert_eq!(server.client().id_of(subject, Kind::OutboundMessage), Ok(7));
    for request in server.requests() {
        assert!(request.starts_with(&format!("POST /subjects/{subject} ")), "{request}");
        assert!(request.contains("OutboundMessage"), "{request}");
    }
    server.reply(&format!("/subjects/{subject}"), 503, "");
    let told = server.client().id_of(subject, Kind::OutboundMessage).unwrap_err();
    assert!(!told.contains("register "), "an answer that is none says nothing: {told}");
}

#[test]
fn addresses_that_are_none() {
    for url in [
        "",
        "registry",
        "ftp://x",
        "http://",
        "http://user:pw@host",
        "http://host/?a=b",
        "file:///x",
    ] {
        let settings = RegistrySettings { url: url.to_owned(), ..RegistrySettings::default() };
        assert!(matches!(Registry::new(settings), Err(RegistryError::Url)), "{url}");
    }
}

/// Lanes are plain threads, but nothing breaks if a task calls.
#[test]
fn callable_from_inside_a_runtime() {
    let server = FakeRegistry::start();
    server.schema("/schemas/ids/5", CONSENT_CHANGE_SCHEMA);
    let codec = codec(&server);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async { codec.decode_consent(Some(&value(5))).map(drop).unwrap() });
}

#[test]
fn settings_show_no_password() {
    let settings =
        RegistrySettings { password: Some("hunter2".to_owned()), ..RegistrySettings::default() };
    assert!(!format!("{settings:?}").contains("hunter2"));
}

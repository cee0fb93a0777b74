//! Sources: what is wrong with one is said at once, with key, reason and fix, and without a secret.

use crate::door::source;
use gate_intake::{
    Certificates, Context, IdKey, MAPPED_PROVIDERS, Mapping, Request, Source, SourceSpec, Step,
    TokenKeys, receive,
};
use serde_json::{Value, json};
use std::collections::HashSet;

fn problems(json: Value) -> Vec<String> {
    let spec: SourceSpec = serde_json::from_value(json).unwrap();
    let found = Source::new(spec, &|path| {
        if path == "/k" { Ok("k\n".to_owned()) } else { Err("cannot be read".to_owned()) }
    });
    found.err().unwrap_or_default().iter().map(ToString::to_string).collect()
}

#[test]
fn every_fault_is_named() {
    for (json, key) in [
        (json!({"name": "a b", "provider": "shopify", "secret": "k"}), "`name`"),
        (json!({"name": "s", "provider": "shopifi", "secret": "k"}), "`provider`"),
        (json!({"name": "s", "provider": "shopify"}), "`secrets`"),
        (json!({"name": "s", "provider": "shopify", "secret": ""}), "`secrets`"),
        (json!({"name": "s", "provider": "shopify", "secrets": ["a", "b", "c"]}), "`secrets`"),
        (json!({"name": "s", "provider": "shopify", "secret": {"file": "/none"}}), "`secrets`"),
        (json!({"name": "s", "provider": "twilio", "auth_token": "k"}), "`public_url`"),
        (json!({"name": "s", "provider": "twilio", "public_url": "https://x"}), "`auth_token`"),
        (
            json!({"name": "s", "provider": "hubspot", "client_secret": "k", "public_url": "x"}),
            "`public_url`",
        ),
        (json!({"name": "s", "provider": "hubspot", "client_secret": "k"}), "`public_url`"),
        (json!({"name": "s", "provider": "sendgrid"}), "`public_key`"),
        (json!({"name": "s", "provider": "mailgun"}), "`signing_key`"),
        (json!({"name": "s", "provider": "ses", "trust_fetch": true}), "`topic_arns`"),
        (
            json!({"name": "s", "provider": "ses", "topic_arns": "arn:aws:sns:eu-west-1:1:x"}),
            "`trust_anchor`",
        ),
        (
            json!({"name": "s", "provider": "standard-webhooks", "secret": "whsec_c2hvcnQ="}),
            "`secrets`",
        ),
        (
            json!({"name": "s", "provider": "standard-webhooks", "public_key": "whpk_AAAA"}),
            "`public_keys`",
        ),
        (json!({"name": "s", "provider": "standard-webhooks"}), "`secrets`"),
        (json!({"name": "s", "provider": "mime"}), "`tokens`"),
        (
            json!({"name": "s", "provider": "shopify", "secret": "k", "actions": ["opt-out"]}),
            "`actions`",
        ),
        (
            json!({"name": "s", "provider": "shopify", "secret": "k", "purpose": "a..b"}),
            "`purpose`",
        ),
        (json!({"name": "s", "provider": "shopify", "secret": "k", "basis": "maybe"}), "`basis`"),
        (
            json!({"name": "s", "provider": "shopify", "secret": "k", "evidence": {"method": "form"}}),
            "`evidence`",
        ),
        (
            json!({"name": "s", "provider": "shopify", "secret": "k", "tolerance_seconds": 0}),
            "`tolerance_seconds`",
        ),
        (json!({"name": "s", "provider": "shopify", "secret": "k", "scheme": "md5"}), "`scheme`"),
        (
            json!({"name": "s", "provider": "sendgrid", "public_key": "k", "groups": {"1": {"channel": "fax"}}}),
            "`channel`",
        ),
    ] {
        let found = problems(json.clone());
        assert!(found.iter().any(|line| line.starts_with(key)), "{json}: {found:?}");
    }
    assert_eq!(
        problems(json!({"name": "s", "provider": "shopify", "secret": {"file": "/k"}})),
        [""; 0]
    );
}

#[test]
fn unknown_keys_are_errors_and_secrets_are_not_quoted() {
    for json in [
        json!({"name": "s", "provider": "shopify", "secrit": "k"}),
        json!({"name": "s", "provider": "shopify", "secret": 83_411_997}),
        json!({"name": "s", "provider": "shopify", "secret": ["x", 83_411_997]}),
        json!({"name": "s", "provider": "postmark", "basic_auth": "user:83411997"}),
        json!({"name": "s", "provider": "shopify", "secret": {"path": "83411997"}}),
        json!({"name": "s", "provider": "sendgrid", "groups": {"1": {"purposes": "x"}}}),
        json!({"name": "s", "provider": "shopify", "secret": "a", "client_secret": "b"}),
    ] {
        let error = serde_json::from_value::<SourceSpec>(json.clone()).unwrap_err().to_string();
        assert!(!error.contains("83411997"), "{json}: {error}");
    }
    let printed =
        format!("{:?}", source(json!({"name": "s", "provider": "shopify", "secret": "83411997"})));
    assert!(!printed.contains("83411997"));
    let spec: SourceSpec =
        serde_json::from_value(json!({"name": "s", "provider": "shopify", "secret": "83411997"}))
            .unwrap();
    assert!(!format!("{spec:?}").contains("83411997"));
}

#[test]
fn a_source_reads_the_same_from_yaml() {
    let yaml = "name: s\nprovider: standard-webhooks\nsecrets:\n  - {file: /k}\n  - whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\nactions: [refusals]\n";
    let spec = SourceSpec::from_yaml(yaml).unwrap();
    assert!(
        Source::new(spec, &|_| Ok("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_owned())).is_ok()
    );
    for wrong in [
        "secret: 83411997",
        "secret: {path: 83411997}",
        "basic_auth: 'user:83411997'",
        "83411997: x",
    ] {
        let error = SourceSpec::from_yaml(&format!("name: s\nprovider: x\n{wrong}\n")).unwrap_err();
        assert!(wrong.starts_with('8') || !error.contains("83411997"), "{error}");
    }
}

#[test]
fn what_is_weak_is_remarked() {
    let long = "a-word-of-more-than-sixteen-bytes";
    for (spec, says) in [
        (json!({"provider": "shopify", "secret": long}), &[][..]),
        (json!({"provider": "shopify", "secret": "k"}), &["fewer than 16 bytes"]),
        (json!({"provider": "shopify", "secrets": [long, long]}), &["two keys"]),
        (json!({"provider": "brevo", "token": long}), &["only a secret word"]),
        (
            json!({"provider": "postmark", "basic_auth": {"user": "a-user-with-a-long-name", "password": "k"}}),
            &["only a secret word", "fewer than 16 bytes"],
        ),
        (json!({"provider": "mailgun", "signing_key": long}), &["Mailgun signs a word"]),
        (
            json!({"provider": "cloudevents", "token": long}),
            &["only a secret word", "no `controller`"],
        ),
        (json!({"provider": "vonage", "secret": long, "get": true}), &["`get: true`"]),
    ] {
        let mut spec = spec;
        spec["name"] = json!("s");
        let source = source(spec.clone());
        let remarks = source.remarks();
        assert_eq!(remarks.len(), says.len(), "{spec} {remarks:?}");
        for (remark, says) in remarks.iter().zip(says) {
            assert!(remark.text.starts_with(says) || remark.text.contains(says), "{remark:?}");
            assert!(!remark.fix.is_empty());
        }
    }
}

#[test]
fn mappings_that_come_with_the_program_are_read() {
    let mut weak = Vec::new();
    for name in MAPPED_PROVIDERS {
        let found = problems(json!({
            "name": "s", "provider": name, "secret": "k", "token": "t", "path_secret": "p",
            "basic_auth": {"user": "u", "password": "p"}, "public_url": "https://x/hooks/s",
        }));
        weak.extend(found);
    }
    assert_eq!(weak, [""; 0]);
}

#[test]
fn a_mapping_of_ones_own_needs_no_code() {
    let yaml = "name: acme-sms\nschemes: [{signature: {headers: [{signature: x-acme}], template: '{body}', encoding: hex}}]\n\
                address: [/from]\nchannel: sms\noccurred_at: [{path: /at, unit: rfc3339}]\ntext: [/text]\n\
                rules: [{when: {/kind: [mo]}, action: inbound_sms}]\n";
    let source =
        source(json!({"name": "own", "provider": "acme-sms", "mapping": yaml, "secret": "k"}));
    let body = r#"{"kind":"mo","from":"+447700900123","text":"stop","at":"2026-11-24T09:59:50Z"}"#;
    let tag = crate::door::hmac(aws_lc_rs::hmac::HMAC_SHA256, b"k", body.as_bytes());
    let tag: String = tag.iter().map(|byte| format!("{byte:02x}")).collect();
    let outcome = crate::door::run(&source, &crate::door::post(&[("x-acme", &tag)], body));
    assert_eq!(outcome.records[0].record.text.as_deref(), Some("stop"));
}

#[test]
fn what_is_wrong_with_a_mapping_is_said() {
    let good = "name: x\nschemes: [bearer]\naddress: [/a]\nrules: []\n";
    assert!(Mapping::parse(good).is_ok());
    for (from, to, word) in [
        ("bearer", "md5", "md5"),
        ("[bearer]", "[]", "schemes"),
        ("/a", "a", "pointer"),
        ("[/a]", "[]", "address"),
        ("rules: []", "rules: [{action: opt-out}]", "opt-out"),
        ("rules: []", "rules: [{when: {/e: [x]}, actoin: opt_out}]", "actoin"),
        ("rules: []", "rules: []\nbody: json_in_form", "form_field"),
        ("rules: []", "rules: []\nchannel: fax", "fax"),
    ] {
        let why = Mapping::parse(&good.replace(from, to)).unwrap_err();
        assert!(why.contains(word), "{to}: {why}");
    }
}

/// A source of which only lists are read needs no proof, and no request gets in by it.
#[test]
fn a_source_for_lists_lets_nothing_in() {
    let tokens = TokenKeys::new(&[(1, [1; 32])], 1).unwrap();
    let ids = IdKey::new([1; 32]);
    let window = HashSet::new();
    let certificates = Certificates::default();
    let context = Context {
        now: gate_core::Timestamp::from_millis(1_796_040_000_000),
        certificates: &certificates,
        tokens: &tokens,
        ids: &ids,
        window: &window,
    };
    let own =
        ["twilio", "sendgrid", "ses", "mailgun", "postmark", "hubspot", "shopify", "json", "mime"];
    for provider in own.into_iter().chain(MAPPED_PROVIDERS) {
        let spec = SourceSpec {
            name: "s".to_owned(),
            provider: provider.to_owned(),
            ..SourceSpec::default()
        };
        let source = Source::for_lists(spec, &|_| Err(String::new())).unwrap();
        let request = Request {
            method: "POST".to_owned(),
            path_and_query: "/hooks/s".to_owned(),
            headers: vec![("content-type".to_owned(), b"application/json".to_vec())],
            body: br#"{"event_id":"1","action":"opt_out","occurred_at":"2026-11-24T10:00:00Z"}"#
                .to_vec(),
        };
        let Step::Done(outcome) = receive(&source, &request, &context) else {
            panic!("{provider}")
        };
        assert!(outcome.records.is_empty() && outcome.refused.is_some(), "{provider}");
        assert!(outcome.answer.status >= 400, "{provider}");
    }
    let spec = SourceSpec {
        name: "s".to_owned(),
        provider: "shopifi".to_owned(),
        ..SourceSpec::default()
    };
    assert_eq!(Source::for_lists(spec, &|_| Err(String::new())).unwrap_err()[0].key, "provider");
}

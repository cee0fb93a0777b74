//! Schemes by name that no sample file shows: each takes what it should and nothing that differs in one respect.

use crate::door::{NOW, base64, hmac, post, run, run_at, source};
use aws_lc_rs::digest;
use aws_lc_rs::hmac::{HMAC_SHA256, HMAC_SHA512};
use base64::Engine as _;
use gate_intake::{Request, Source};
use serde_json::{Value, json};
use std::collections::HashSet;

const BODY: &str = "[]";
const KEY: &str = "whsec_text_is_the_key";

fn with(scheme: &Value) -> Source {
    source(json!({
        "name": "s", "provider": "consent-changes", "scheme": scheme, "secret": KEY,
        "public_url": "https://consent.acme.example/hooks/s",
    }))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn tag(message: &str) -> String {
    hex(&hmac(HMAC_SHA256, KEY.as_bytes(), message.as_bytes()))
}

fn status(source: &Source, request: &Request) -> u16 {
    run(source, request).answer.status
}

#[test]
fn stripe() {
    let source = with(&json!("stripe"));
    let good = tag(&format!("{NOW}.{BODY}"));
    let old = NOW - 301;
    for (header, expected) in [
        (format!("t={NOW},v1={good}"), 200),
        (format!("t={NOW},v1={},v1={good},v0=x", "0".repeat(64)), 200),
        (format!("t={NOW},v1={}", good.to_uppercase()), 200),
        (format!("t={NOW},v1={}", &good[..62]), 401),
        (format!("t={NOW},v1="), 401),
        (format!("t={NOW},v0={good}"), 401),
        (format!("v1={good}"), 401),
        (format!("t={NOW},t={NOW},v1={good}"), 401),
        (format!("t={old},v1={}", tag(&format!("{old}.{BODY}"))), 401),
        (format!("t=+{NOW},v1={}", tag(&format!("+{NOW}.{BODY}"))), 401),
        (String::new(), 401),
    ] {
        let request = post(&[("stripe-signature", &header)], BODY);
        assert_eq!(status(&source, &request), expected, "{header}");
    }
}

#[test]
fn klaviyo_in_both_encodings() {
    let message = format!("{BODY}{NOW}");
    let bytes = hmac(HMAC_SHA256, KEY.as_bytes(), message.as_bytes());
    for (name, text) in [("klaviyo", hex(&bytes)), ("klaviyo-base64", base64(&bytes))] {
        let stamp = NOW.to_string();
        let headers = [("klaviyo-signature", text.as_str()), ("klaviyo-timestamp", stamp.as_str())];
        assert_eq!(status(&with(&json!(name)), &post(&headers, BODY)), 200, "{name}");
        assert_eq!(status(&with(&json!(name)), &post(&headers, "[ ]")), 401, "{name}");
    }
}

fn sha256(bytes: &[u8]) -> String {
    hex(digest::digest(&digest::SHA256, bytes).as_ref())
}

fn jwt(head: &Value, claims: &Value) -> String {
    let engine = base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let signed =
        format!("{}.{}", engine.encode(head.to_string()), engine.encode(claims.to_string()));
    let algorithm = if head["alg"] == "HS512" { HMAC_SHA512 } else { HMAC_SHA256 };
    format!("{signed}.{}", engine.encode(hmac(algorithm, KEY.as_bytes(), signed.as_bytes())))
}

#[test]
fn messagebird() {
    let source = with(&json!("messagebird-jwt"));
    let url = "https://consent.acme.example/hooks/s?a=%2F";
    let claims = json!({
        "iss": "MessageBird", "nbf": NOW - 1, "iat": NOW - 1, "exp": NOW + 60, "jti": "1",
        "url_hash": sha256(url.as_bytes()), "payload_hash": sha256(BODY.as_bytes()),
    });
    let send = |source: &Source, token: &str, now: i64| {
        let mut request = post(&[("messagebird-signature-jwt", token)], BODY);
        request.path_and_query = "/hooks/s?a=%2F".to_owned();
        run_at(source, &request, now, &HashSet::new()).answer.status
    };
    for alg in ["HS256", "HS512"] {
        assert_eq!(send(&source, &jwt(&json!({"alg": alg}), &claims), NOW), 200, "{alg}");
    }
    let good = jwt(&json!({"alg": "HS256"}), &claims);
    assert_eq!((send(&source, &good, NOW + 65), send(&source, &good, NOW + 66)), (200, 401));
    for (name, value) in [
        ("iss", json!("Bird")),
        ("url_hash", json!(sha256(b"x"))),
        ("url_hash", Value::Null),
        ("payload_hash", json!(sha256(b"x"))),
        ("payload_hash", Value::Null),
        ("exp", Value::Null),
        ("nbf", json!(NOW + 60)),
    ] {
        let mut claims = claims.clone();
        claims[name] = value.clone();
        assert_eq!(
            send(&source, &jwt(&json!({"alg": "HS256"}), &claims), NOW),
            401,
            "{name} {value}"
        );
    }
    for token in [
        "",
        ".",
        "..",
        "a.b.c",
        &good[..good.len() - 1],
        &format!("{good}A"),
        &good.replace('.', ""),
    ] {
        assert_eq!(send(&source, token, NOW), 401, "{token}");
    }
    let unsigned = good.rsplit_once('.').unwrap().0;
    assert_eq!(send(&source, &format!("{unsigned}."), NOW), 401);
}

#[test]
fn parts_spelled_out() {
    let scheme = json!({"signature": {
        "headers": [{"signature": "x-sig", "timestamp": "x-at", "id": "x-id", "nonce": "x-nonce"}],
        "template": "v0:{id}:{nonce}:{timestamp}:{method}:{url}:{body}",
        "encoding": "hex", "timestamp": {"unit": "milliseconds", "tolerance_seconds": 10}, "demand": {"x-kind": "a"},
    }});
    let source = with(&scheme);
    let at = (NOW * 1_000).to_string();
    let sign = tag(&format!("v0:1:2:{at}:POST:https://consent.acme.example/hooks/s:{BODY}"));
    let headers =
        [("x-sig", sign.as_str()), ("x-at", &at), ("x-id", "1"), ("x-nonce", "2"), ("x-kind", "A")];
    assert_eq!(status(&source, &post(&headers, BODY)), 200);
    for missing in 0..headers.len() {
        let some: Vec<_> = headers
            .iter()
            .enumerate()
            .filter(|(at, _)| *at != missing)
            .map(|(_, one)| *one)
            .collect();
        assert_eq!(status(&source, &post(&some, BODY)), 401, "{missing}");
    }
    let request = post(&headers, BODY);
    assert_eq!(run_at(&source, &request, NOW + 11, &HashSet::new()).answer.status, 401);
}

#[test]
fn a_template_covers_the_body_and_names_what_there_is() {
    for template in ["{timestamp}", "{boddy}", "{body", "", "{url}{id}"] {
        let scheme = json!({"signature": {"headers": [{"signature": "x"}], "template": template}});
        let spec = serde_json::from_value::<gate_intake::SchemeSpec>(scheme);
        assert!(spec.is_err(), "{template}");
    }
}

#[test]
fn secrets_in_the_path_and_in_the_query() {
    let source = source(json!({"name": "s", "provider": "brevo", "path_secrets": ["old", "new"]}));
    for (path, expected) in [
        ("/hooks/s/old", 200),
        ("/hooks/s/new", 200),
        ("/hooks/s?secret=new", 200),
        ("/hooks/s?key=old", 200),
        ("/hooks/s/old?secret=guess", 401),
        ("/hooks/s/", 401),
        ("/hooks/s/older", 401),
        ("/hooks/s", 401),
    ] {
        let request = Request { path_and_query: path.to_owned(), ..post(&[], "{}") };
        assert_eq!(status(&source, &request), expected, "{path}");
    }
}

//! A door for tests: fixed keys, a fixed clock, nothing remembered unless a test says so.

use gate_core::Timestamp;
use gate_intake::{
    Certificates, Context, IdKey, Outcome, Request, Source, SourceSpec, Step, TokenKeys, receive,
};
use std::collections::HashSet;

/// Seconds since 1970.
pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros(seconds * 1_000_000)
}

/// 2026-11-24T10:00:05Z.
pub(crate) const NOW: i64 = 1_795_514_405;

pub(crate) fn source(json: serde_json::Value) -> Source {
    let spec: SourceSpec = serde_json::from_value(json).unwrap();
    Source::new(spec, &|_| Err("no files in tests".to_owned())).unwrap()
}

pub(crate) fn tokens() -> TokenKeys {
    TokenKeys::new(&[(1, [7; 32])], 1).unwrap()
}

pub(crate) fn post(headers: &[(&str, &str)], body: impl Into<Vec<u8>>) -> Request {
    Request {
        method: "POST".to_owned(),
        path_and_query: "/hooks/x".to_owned(),
        headers: headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec()))
            .collect(),
        body: body.into(),
    }
}

pub(crate) fn run_at(
    source: &Source,
    request: &Request,
    now: i64,
    window: &HashSet<String>,
) -> Outcome {
    let (certificates, tokens, ids) = (Certificates::default(), tokens(), IdKey::new([7; 32]));
    let context =
        Context { now: at(now), certificates: &certificates, tokens: &tokens, ids: &ids, window };
    match receive(source, request, &context) {
        Step::Done(outcome) => outcome,
        Step::Needs(url) => panic!("a certificate at {}", url.0),
    }
}

pub(crate) fn run(source: &Source, request: &Request) -> Outcome {
    run_at(source, request, NOW, &HashSet::new())
}

pub(crate) fn hmac(algorithm: aws_lc_rs::hmac::Algorithm, key: &[u8], message: &[u8]) -> Vec<u8> {
    aws_lc_rs::hmac::sign(&aws_lc_rs::hmac::Key::new(algorithm, key), message).as_ref().to_vec()
}

pub(crate) fn base64(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

pub(crate) fn unbase64(text: &str) -> Vec<u8> {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.decode(text).unwrap()
}

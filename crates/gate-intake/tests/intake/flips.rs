//! Each signature with one bit flipped is refused, every bit of each: of the signature, and of what it covers.

use crate::door::{base64, run_at, source, unbase64};
use gate_intake::{Outcome, Request, Source};
use serde_json::Value;
use std::collections::HashSet;
use std::fs;
use std::path::Path;

/// A sample file's source, and its requests that are accepted, as the door sees them.
fn accepted(name: &str) -> (Source, Vec<Request>) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(name);
    let whole: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let requests = whole["requests"].as_array().unwrap().iter().filter(|request| {
        request["verdict"] == "accept"
            && request["method"] == "POST"
            && request.get("public_url").is_none()
    });
    let requests = requests.map(|request| Request {
        method: "POST".to_owned(),
        path_and_query: request["url"]
            .as_str()
            .unwrap()
            .split_once(".example")
            .unwrap()
            .1
            .to_owned(),
        headers: request["headers"]
            .as_object()
            .unwrap()
            .iter()
            .map(|(name, value)| (name.clone(), value.as_str().unwrap().as_bytes().to_vec()))
            .collect(),
        body: request["body"].as_str().unwrap().as_bytes().to_vec(),
    });
    (source(whole["source"].clone()), requests.collect())
}

fn now() -> i64 {
    crate::door::NOW
}

fn play(source: &Source, request: &Request) -> Outcome {
    run_at(source, request, now(), &HashSet::new())
}

/// Refused, without a record and without a word.
fn is_refused(outcome: &Outcome) -> bool {
    (400..500).contains(&outcome.answer.status)
        && outcome.records.is_empty()
        && outcome.problems.is_empty()
}

/// Flips each bit of the bytes that a header's text stands for.
fn flip_header(name: &str, request: &Request, source: &Source, prefix: &str) {
    let text = request.text(name).unwrap().to_owned();
    let (_, tail) = text.rsplit_once(prefix).unwrap_or(("", &text));
    let signature = unbase64(tail);
    for bit in 0..signature.len() * 8 {
        let mut flipped = signature.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        let mut request = request.clone();
        for (known, value) in &mut request.headers {
            if known == name {
                *value = format!("{prefix}{}", base64(&flipped)).into_bytes();
            }
        }
        assert!(is_refused(&play(source, &request)), "{name}: bit {bit}");
    }
}

/// Flips a bit of each byte of the body.
fn flip_body(request: &Request, source: &Source) {
    for at in 0..request.body.len() {
        let mut request = request.clone();
        let before = form_urlencoded::parse(&request.body).into_owned().collect::<Vec<_>>();
        request.body[at] ^= 1 << (at % 8);
        // `%5B` and `%5b` are the same field
        let is_form = request.media_type() == "application/x-www-form-urlencoded";
        if is_form && form_urlencoded::parse(&request.body).into_owned().eq(before) {
            continue;
        }
        let outcome = play(source, &request);
        assert!(is_refused(&outcome), "byte {at}: {:?}", outcome.refused);
    }
}

#[test]
fn every_bit_of_every_signature_counts() {
    let cases = [
        ("webhooks/sendgrid.json", "x-twilio-email-event-webhook-signature", ""),
        ("webhooks/hubspot.json", "x-hubspot-signature-v3", ""),
        ("webhooks/shopify.json", "x-shopify-hmac-sha256", ""),
        ("webhooks/twilio.json", "x-twilio-signature", ""),
        ("webhooks/standard-webhooks.json", "webhook-signature", "v1,"),
        ("mapped/mandrill.json", "x-mandrill-signature", ""),
        ("mapped/sinch.json", "x-sinch-webhook-signature", ""),
        ("mapped/salesforce-ens.json", "x-sfmc-ens-signature", ""),
    ];
    for (file, header, prefix) in cases {
        let (source, requests) = accepted(file);
        let request = requests.first().unwrap();
        assert_eq!(play(&source, request).answer.status, 200, "{file}");
        flip_header(header, request, &source, prefix);
        flip_body(request, &source);
    }
}

#[test]
fn every_bit_of_an_sns_signature_counts() {
    let (source, requests) = accepted("webhooks/ses.json");
    let request = requests.get(2).unwrap();
    assert_eq!(play(&source, request).records.len(), 2);
    let body: Value = serde_json::from_slice(&request.body).unwrap();
    let signature = unbase64(body["Signature"].as_str().unwrap());
    for bit in 0..signature.len() * 8 {
        let mut flipped = signature.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        let mut body = body.clone();
        body["Signature"] = base64(&flipped).into();
        let request = Request { body: body.to_string().into_bytes(), ..request.clone() };
        assert!(is_refused(&play(&source, &request)), "bit {bit}");
    }
    for name in [
        "Message",
        "MessageId",
        "Timestamp",
        "TopicArn",
        "Type",
        "SigningCertURL",
        "SignatureVersion",
    ] {
        let mut body = body.clone();
        body[name] = format!("{}x", body[name].as_str().unwrap()).into();
        let request = Request { body: body.to_string().into_bytes(), ..request.clone() };
        assert!(is_refused(&play(&source, &request)), "{name}");
    }
}

#[test]
fn every_bit_of_a_mailgun_signature_counts() {
    let (source, requests) = accepted("webhooks/mailgun.json");
    let request = requests.first().unwrap();
    let body: Value = serde_json::from_slice(&request.body).unwrap();
    let signature = body["signature"]["signature"].as_str().unwrap().as_bytes().to_vec();
    for (at, digit) in signature.iter().enumerate() {
        for bit in 0..4 {
            let number = char::from(*digit).to_digit(16).unwrap() ^ (1 << bit);
            let mut flipped = signature.clone();
            flipped[at] = u8::try_from(char::from_digit(number, 16).unwrap()).unwrap();
            let mut body = body.clone();
            body["signature"]["signature"] = String::from_utf8(flipped).unwrap().into();
            let request = Request { body: body.to_string().into_bytes(), ..request.clone() };
            assert!(is_refused(&play(&source, &request)), "digit {at}");
        }
    }
}

#[test]
fn clocks_that_differ() {
    let (source, requests) = accepted("webhooks/hubspot.json");
    let request = requests.first().unwrap();
    let signed_at = 1_795_514_403;
    for (offset, status) in
        [(0, 200), (299, 200), (300, 200), (301, 401), (-300, 200), (-301, 401), (86_400, 401)]
    {
        let outcome = run_at(&source, request, signed_at + offset, &HashSet::new());
        assert_eq!(outcome.answer.status, status, "{offset} s");
    }
}

#[test]
fn a_mailgun_word_counts_for_one_body() {
    let (source, requests) = accepted("webhooks/mailgun.json");
    let request = requests.first().unwrap();
    let mut window: HashSet<String> = HashSet::new();
    let first = run_at(&source, request, now(), &window);
    assert_eq!((first.records.len(), first.remember.len()), (1, 2));
    window.extend(first.remember);
    let again = run_at(&source, request, now() + 600, &window);
    assert_eq!((again.answer.status, again.records.len()), (406, 0), "which ends the retries");
    // the word of one request put into another, by which a retry after our 503 is not meant
    assert_eq!(run_at(&source, request, now() + 600, &HashSet::new()).records.len(), 1);
    let other = String::from_utf8(request.body.clone())
        .unwrap()
        .replace("ana@example.com", "eva@example.com");
    let forged = Request { body: other.into_bytes(), ..request.clone() };
    assert!(is_refused(&run_at(&source, &forged, now(), &window)));
}

#[test]
fn a_replayed_text_message_is_known() {
    let (source, requests) = accepted("webhooks/twilio.json");
    let mut window: HashSet<String> = HashSet::new();
    let first = run_at(&source, &requests[1], now(), &window);
    assert_eq!(first.records.len(), 2);
    window.extend(first.remember);
    let again = run_at(&source, &requests[1], now() + 3_600, &window);
    assert_eq!((again.answer.status, again.records.len(), again.repeated.len()), (200, 0, 2));
}

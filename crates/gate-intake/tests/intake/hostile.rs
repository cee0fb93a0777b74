//! Whatever comes: nothing panics, bounds hold, one bad item stops no other.

use crate::door::{NOW, base64, hmac, post, run, source, tokens};
use aws_lc_rs::hmac::HMAC_SHA256;
use gate_intake::{
    BODY_BYTES_MAX, Certificates, Context, IdKey, ProblemClass, Refusal, Request, Skip, Source,
    Step, receive, receive_mail, run_sample,
};
use proptest::prelude::*;
use serde_json::json;
use std::collections::HashSet;

fn shopify() -> Source {
    source(json!({"name": "s", "provider": "shopify", "client_secret": "k"}))
}

fn token_source(provider: &str) -> Source {
    source(
        json!({"name": "s", "provider": provider, "token": "word", "controller": "acme", "brand": "acme"}),
    )
}

fn signed(body: &str) -> Request {
    let tag = base64(&hmac(HMAC_SHA256, b"k", body.as_bytes()));
    post(
        &[
            ("x-shopify-hmac-sha256", &tag),
            ("x-shopify-topic", "customers_email_marketing_consent/update"),
        ],
        body,
    )
}

fn bearer(body: &str) -> Request {
    post(&[("authorization", "Bearer word"), ("content-type", "application/json")], body)
}

#[test]
fn bounds_hold() {
    let source = token_source("consent-changes");
    let large = "x".repeat(BODY_BYTES_MAX + 1);
    assert_eq!(run(&source, &bearer(&large)).refused, Some(Refusal::TooLarge));
    let many = format!("[{}]", vec!["{}"; 1_001].join(","));
    assert_eq!(run(&source, &bearer(&many)).refused, Some(Refusal::TooLarge));
    let full = format!("[{}]", vec!["{}"; 1_000].join(","));
    assert_eq!(run(&source, &bearer(&full)).problems.len(), 1_000);
    let deep = format!("{}{}", "[".repeat(33), "]".repeat(33));
    assert_eq!(run(&source, &bearer(&deep)).refused, Some(Refusal::Unreadable));
    let bomb = "[".repeat(BODY_BYTES_MAX);
    assert_eq!(run(&source, &bearer(&bomb)).refused, Some(Refusal::Unreadable));
    let lines = "{}\n".repeat(1_001);
    let request =
        post(&[("authorization", "Bearer word"), ("content-type", "application/x-ndjson")], lines);
    assert_eq!(run(&source, &request).refused, Some(Refusal::TooLarge));
    let body_of_a_megabyte =
        format!("{}{}", signed("{}").body.len(), " ".repeat(BODY_BYTES_MAX - 1));
    assert_eq!(run(&shopify(), &signed(&body_of_a_megabyte)).problems.len(), 0);
}

#[test]
fn a_header_that_stands_twice_proves_nothing() {
    let mut request = signed("{}");
    assert_eq!(run(&shopify(), &request).answer.status, 200);
    let again = request.headers[0].clone();
    request.headers.push(again);
    assert_eq!(run(&shopify(), &request).refused, Some(Refusal::Unauthentic));
}

#[test]
fn methods_and_silence() {
    let mut request = signed("{}");
    request.method = "GET".to_owned();
    assert_eq!(run(&shopify(), &request).answer.status, 405);
    let refused = run(&shopify(), &post(&[], "{}"));
    assert_eq!(
        (refused.answer.status, refused.answer.body.as_slice()),
        (401, b"unauthorized\n".as_slice())
    );
}

#[test]
fn a_bad_item_stops_no_other() {
    let source = source(json!({"name": "s", "provider": "brevo", "token": "word"}));
    let body = concat!(
        r#"[{"event":"spam","email":"a@example.com","ts_epoch":1795514345250},"#,
        r#"{"event":"spam","email":"b@example.com","email":"c@example.com","ts_epoch":1795514345250},"#,
        r#"{"event":"spam","ts_epoch":1795514345250},"#,
        r#"{"event":"spam","email":"d@example.com","ts_epoch":"soon"},"#,
        r#"{"event":"spam","email":"no address","ts_epoch":1795514345250},"#,
        r#"7,{"event":"spam","email":"e@example.com","ts_epoch":1795514345250},{"event":"new"}]"#
    );
    let outcome = run(&source, &bearer(body));
    assert_eq!(outcome.answer.status, 200);
    assert_eq!(outcome.records.iter().map(|one| one.index).collect::<Vec<_>>(), [0, 6]);
    let problems: Vec<_> =
        outcome.problems.iter().map(|one| (one.index, one.pointer.as_str(), one.class)).collect();
    assert_eq!(
        problems,
        [
            (1, "/1", ProblemClass::DuplicateKey),
            (2, "/2", ProblemClass::MissingField),
            (3, "/3/ts_epoch", ProblemClass::InvalidValue),
            (4, "/4/address", ProblemClass::RefusedByReader),
        ]
    );
    assert_eq!(
        outcome.problems[3].raw,
        br#"{"event":"spam","email":"no address","ts_epoch":1795514345250}"#
    );
    assert_eq!(outcome.skipped[&Skip::UnknownEvent], 2);
}

#[test]
fn a_body_that_is_proven_and_unreadable_is_kept() {
    let outcome = run(&shopify(), &signed("no json"));
    assert_eq!(
        (outcome.answer.status, outcome.problems[0].raw.as_slice()),
        (400, b"no json".as_slice())
    );
}

#[test]
fn a_switched_topic_erases_nobody() {
    let asked =
        r#"{"shop_id":1,"customer":{"id":5,"email":"ana@example.com"},"orders_requested":[]}"#;
    let mut request = signed(asked);
    request.headers[1].1 = b"customers/redact".to_vec();
    let outcome = run(&shopify(), &request);
    assert_eq!((outcome.records.len(), outcome.problems.len()), (0, 1));
    let mut request = signed(&asked.replace("orders_requested", "orders_to_redact"));
    request.headers[1].1 = b"customers/redact".to_vec();
    assert_eq!(run(&shopify(), &request).records[0].record.action.as_deref(), Some("erase"));
}

fn anything() -> impl Strategy<Value = Request> {
    let name = prop_oneof![
        Just("content-type".to_owned()),
        Just("authorization".to_owned()),
        Just("x-twilio-signature".to_owned()),
        Just("webhook-signature".to_owned()),
        Just("messagebird-signature-jwt".to_owned()),
        Just("ce-specversion".to_owned()),
        "[a-z-]{1,20}",
    ];
    let value = prop_oneof![
        Just(b"Bearer word".to_vec()),
        Just(b"multipart/form-data; boundary=x".to_vec()),
        Just(b"application/cloudevents+json".to_vec()),
        proptest::collection::vec(any::<u8>(), 0..40),
    ];
    let method = prop_oneof![Just("POST"), Just("GET"), Just("HEAD"), Just("PUT")];
    let body = prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..300),
        "[ -~\r\n]{0,200}".prop_map(String::into_bytes),
        r#"[\[\]{}",:a-z0-9]{0,80}"#.prop_map(String::into_bytes),
    ];
    (method, ".{0,60}", proptest::collection::vec((name, value), 0..6), body).prop_map(
        |(method, path_and_query, headers, body)| Request {
            method: method.to_owned(),
            path_and_query,
            headers,
            body,
        },
    )
}

fn every_source() -> Vec<Source> {
    let open =
        ["consent-changes", "mime", "postmark", "brevo", "infobip"].map(token_source).to_vec();
    let url = "https://consent.acme.example/hooks/x";
    let more = [
        json!({"name": "s", "provider": "twilio", "auth_token": "k", "public_url": url}),
        json!({"name": "s", "provider": "mailgun", "signing_key": "k"}),
        json!({"name": "s", "provider": "ses", "topic_arns": ["arn:aws:sns:eu-west-1:1:x"], "trust_fetch": true}),
        json!({"name": "s", "provider": "vonage", "secret": "k", "get": true}),
        json!({"name": "s", "provider": "mandrill", "webhook_key": "k", "public_url": url}),
        json!({"name": "s", "provider": "mailchimp", "path_secret": "k"}),
        json!({"name": "s", "provider": "rfc8058"}),
        json!({"name": "s", "provider": "shopify", "client_secret": "k"}),
    ];
    open.into_iter().chain(more.map(source)).collect()
}

proptest! {
    #[test]
    fn no_request_panics(request in anything()) {
        let (certificates, tokens, ids) = (Certificates::default(), tokens(), IdKey::new([7; 32]));
        let window = HashSet::new();
        for source in every_source() {
            let now = crate::door::at(NOW);
            let context = Context { now, certificates: &certificates, tokens: &tokens, ids: &ids, window: &window };
            if let Step::Done(outcome) = receive(&source, &request, &context) {
                prop_assert!(outcome.answer.status >= 200);
            }
        }
    }

    #[test]
    fn no_mail_panics(bytes in proptest::collection::vec(any::<u8>(), 0..400), text in "[ -~\r\n]{0,300}") {
        let source = token_source("mime");
        let head = "Content-Type: multipart/report; report-type=feedback-report; boundary=x\r\n\r\n--x\r\n\
                    Content-Type: message/feedback-report\r\n\r\n";
        for mail in [bytes, text.clone().into_bytes(), format!("{head}{text}").into_bytes()] {
            let window = HashSet::new();
            let (keys, ids) = (tokens(), IdKey::new([7; 32]));
            let outcome = receive_mail(&source, &mail, &keys, &ids, &window, crate::door::at(NOW));
            prop_assert!(outcome.answer.status >= 200);
        }
    }

    #[test]
    fn no_signed_item_panics(text in r#"[\[\]{}",:a-z_0-9 ]{0,120}"#) {
        let _ = run(&shopify(), &signed(&text));
        let _ = run(&token_source("consent-changes"), &bearer(&text));
    }

    #[test]
    fn no_sample_file_panics(text in ".{0,200}") {
        prop_assert_eq!(run_sample(&text).n_passed(), 0);
    }
}

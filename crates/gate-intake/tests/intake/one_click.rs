//! One-click unsubscribe beyond the samples.

use crate::door::{NOW, at, source, tokens};
use gate_intake::{
    IdKey, Outcome, PAGE_FIELD, Refusal, Request, TokenContent, TokenKind, one_click,
};
use serde_json::json;

fn token(kind: TokenKind) -> String {
    let content = TokenContent {
        contact_id: Some("c-77".to_owned()),
        controller: Some("acme-ltd".to_owned()),
        brand: Some("acme".to_owned()),
        purpose: Some("marketing.newsletter".to_owned()),
        message_id: Some("m-1".to_owned()),
        ..TokenContent::default()
    };
    tokens().mint(kind, &content).unwrap()
}

fn request(method: &str, token: &str, content_type: &str, body: &str) -> Request {
    Request {
        method: method.to_owned(),
        path_and_query: format!("/u/{token}"),
        headers: vec![("Content-Type".to_owned(), content_type.as_bytes().to_vec())],
        body: body.as_bytes().to_vec(),
    }
}

fn run(request: &Request, now: i64) -> Outcome {
    let source = source(json!({"name": "one-click", "provider": "rfc8058"}));
    one_click(&source, request, &tokens(), &IdKey::new([7; 32]), at(now))
}

const FORM: &str = "application/x-www-form-urlencoded";

#[test]
fn the_token_says_who_and_what() {
    let outcome = run(
        &request("POST", &token(TokenKind::Unsubscribe), FORM, "List-Unsubscribe=One-Click"),
        NOW,
    );
    let record = &outcome.records[0].record;
    assert_eq!(record.contact_id.as_deref(), Some("c-77"));
    assert_eq!(record.purpose.as_deref(), Some("marketing.newsletter"));
    assert_eq!(
        (record.controller.as_deref(), record.brand.as_deref()),
        (Some("acme-ltd"), Some("acme"))
    );
    assert_eq!(record.evidence.as_ref().unwrap().method.as_deref(), Some("one_click"));
    assert_eq!(record.via.as_deref(), Some("one_click of m-1"));
}

#[test]
fn a_later_click_refuses_again_under_the_same_id() {
    let request =
        request("POST", &token(TokenKind::Unsubscribe), FORM, "List-Unsubscribe=One-Click");
    let (first, again) = (run(&request, NOW), run(&request, NOW + 86_400));
    assert_eq!(first.records[0].record.event_id, again.records[0].record.event_id);
    assert!(first.records[0].record.occurred_at < again.records[0].record.occurred_at);
}

#[test]
fn forms_as_programs_write_them() {
    let token = token(TokenKind::Unsubscribe);
    let (name, value) = PAGE_FIELD;
    let multipart = "multipart/form-data; boundary=\"a b\"";
    for (kind, body) in [
        (FORM, "list-unsubscribe=one-click".to_owned()),
        (FORM, "x=1&List-Unsubscribe=One-Click&y=2".to_owned()),
        ("", "List-Unsubscribe=One-Click".to_owned()),
        (FORM, format!("{name}={value}")),
        (
            multipart,
            "--a b\nContent-Disposition: form-data; name=List-Unsubscribe\n\nOne-Click\n--a b--"
                .to_owned(),
        ),
    ] {
        assert_eq!(
            run(&request("POST", &token, kind, &body), NOW).answer.status,
            200,
            "{kind} {body}"
        );
    }
    for body in ["", "List-Unsubscribe=", "List-Unsubscribe", "One-Click", "confirm=no"] {
        let outcome = run(&request("POST", &token, FORM, body), NOW);
        assert_eq!(
            (outcome.answer.status, outcome.refused),
            (400, Some(Refusal::NotAsked)),
            "{body}"
        );
    }
}

#[test]
fn other_tokens_and_other_methods_unsubscribe_nobody() {
    let pair = "List-Unsubscribe=One-Click";
    for text in
        [token(TokenKind::Preferences), token(TokenKind::Confirm), String::new(), "x".repeat(9_000)]
    {
        let outcome = run(&request("POST", &text, FORM, pair), NOW);
        assert_eq!((outcome.answer.status, outcome.records.len()), (404, 0));
    }
    let token = token(TokenKind::Unsubscribe);
    for (method, status) in
        [("GET", 200), ("HEAD", 200), ("PUT", 405), ("DELETE", 405), ("OPTIONS", 405)]
    {
        let outcome = run(&request(method, &token, FORM, pair), NOW);
        assert_eq!((outcome.answer.status, outcome.records.len()), (status, 0), "{method}");
    }
    let head = run(&request("HEAD", &token, FORM, ""), NOW);
    assert!(head.answer.body.is_empty());
    let page = run(&request("GET", &token, FORM, ""), NOW);
    assert!(String::from_utf8(page.answer.body).unwrap().contains("<button>"));
    let large = run(&request("POST", &token, FORM, &"x".repeat(20_000)), NOW);
    assert_eq!(large.answer.status, 413);
}

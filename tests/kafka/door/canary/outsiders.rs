//! Whoever knows no routes, asks a gate as a machine, or looks for people at the desk.

use super::requests::{Sent, raw, with_canary};
use super::song::{NUMBER, Song, WORD};
use super::{Cast, Heard};
use crate::harness::http;
use serde_json::{Value, json};

/// Whoever knows neither routes nor HTTP.
pub(super) fn strangers(cast: &Cast, song: &Song, heard: &mut Heard) {
    let word = WORD;
    for port in [cast.door_port, cast.setup.port, cast.desk_port] {
        for path in [
            format!("/{word}"),
            format!("/hooks/{word}"),
            format!("/hooks/crm/{word}"),
            format!("/u/{word}"),
            format!("/p/{word}"),
            format!("/s/{word}"),
            format!("/c/{word}"),
            format!("/assets/{word}"),
            format!("/brand/{word}.css"),
            format!("/v1/{word}"),
            format!("/metrics?{word}={word}"),
            format!("/status?{word}"),
            format!("/readyz?verbose={word}"),
            format!("/people/{word}"),
        ] {
            for sent in [
                Sent::get(&path).told(),
                Sent::post(&path, word, word).told(),
                Sent::form(&path, &format!("{word}={word}")),
            ] {
                // a browser that is to sign in is sent back to where it wanted to go
                heard.of(song, "a stranger", sent.answer(port));
            }
        }
        let long = format!("GET / HTTP/1.1\r\nx: {}\r\n\r\n", word.repeat(4_000));
        for text in [
            format!("{word}\r\n\r\n"),
            format!("{word} /{word} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"),
            format!("GET /{word} {word}\r\nhost: x\r\n\r\n"),
            format!("GET / HTTP/1.1\r\n{word}\r\n\r\n"),
            format!(
                "POST /v1/consent-changes HTTP/1.1\r\nhost: x\r\ncontent-length: {word}\r\n\r\n"
            ),
            format!(
                "POST /v1/consent-changes HTTP/1.1\r\nhost: x\r\ntransfer-encoding: {word}\r\n\r\n{word}"
            ),
            format!(
                "POST /v1/consent-changes HTTP/1.1\r\nhost: x\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n{word}\r\n"
            ),
            long,
        ] {
            heard.of(song, "nonsense", raw(port, text.as_bytes()));
        }
    }
}

/// What machines ask a gate.
pub(super) fn questions(cast: &Cast, song: &Song, heard: &mut Heard) {
    let message = json!({"message_id": WORD, "channel": "email", "category": "marketing", "purpose": "marketing.newsletter",
        "controller": "acme-ltd", "brand": "acme", "content": {"promotional": true},
        "recipient": {"contact_id": format!("{WORD}-1"), "address": format!("{WORD}-1@example.com"), "jurisdiction": "GB"}});
    let whole = json!({"messages": [message], WORD: WORD});
    for body in with_canary(&whole).iter().chain([&json!({"messages": [message]})]) {
        for (path, token) in
            [("/v1/check", cast.token.as_str()), ("/v1/subject", &cast.token), ("/v1/check", WORD)]
        {
            let answer = Sent::post(path, token, body.to_string()).answer(cast.setup.port);
            heard.of(song, "a question", answer);
        }
    }
}

/// Whom an officer looks for.
pub(super) fn looked_up(cast: &Cast, song: &Song, heard: &mut Heard) {
    let ask = |path: &str, body: &Value| Sent::post(path, &cast.officer, body.to_string()).told();
    for who in [
        format!("{WORD}-1"),
        format!("{WORD}-1@example.com"),
        format!("+44{NUMBER}"),
        WORD.to_owned(),
    ] {
        for body in [
            json!({"who": who, "reason": "complaint", "ticket": WORD}),
            json!({"who": who, "reason": WORD, WORD: WORD}),
        ] {
            heard.of(song, "a look-up", ask("/v1/people", &body).answer(cast.desk_port));
        }
        for path in [
            format!("/v1/decisions/by-message?id={WORD}"),
            format!("/v1/people/{WORD}"),
            format!("/v1/decisions?{WORD}={WORD}"),
        ] {
            let token = format!("Bearer {}", cast.officer);
            let sent = Sent::get(&path).told().with(("authorization", &token));
            heard.of(song, "a look-up", sent.answer(cast.desk_port));
        }
    }
    // whatever is looked up is found by the desk, which asks the gate
    let body = json!({"who": format!("{WORD}-1"), "reason": "complaint"}).to_string();
    let (code, found) =
        http::ask(cast.desk_port, "/v1/people", &cast.officer, &body).expect("an answer");
    assert_eq!(code, 200, "{found}");
    let found: Value = serde_json::from_str(&found).expect("an object");
    for person in found["people"].as_array().into_iter().flatten() {
        let path = format!("/v1/people/{}", person["handle"].as_str().expect("a handle"));
        assert_eq!(http::look(cast.desk_port, &path, &cast.officer).expect("an answer").0, 200);
    }
}

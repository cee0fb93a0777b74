//! Requests to a door with a canary in every place: fields, names of fields, headers, paths, queries; good and bad ones.

use super::song::{NUMBER, WORD};
use crate::harness::environment;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

/// Longer than a door waits for anything.
const ANSWER_MAX: Duration = Duration::from_secs(30);

/// A request.
pub(super) struct Sent {
    pub(super) head: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

impl Sent {
    pub(super) fn post(path: &str, token: &str, body: impl Into<Vec<u8>>) -> Self {
        let token = ("authorization".to_owned(), format!("Bearer {token}"));
        Self { head: format!("POST {path}"), headers: vec![token], body: body.into() }
    }

    pub(super) fn form(path: &str, body: &str) -> Self {
        let kind = ("content-type", "application/x-www-form-urlencoded");
        Self { head: format!("POST {path}"), headers: Vec::new(), body: body.into() }.with(kind)
    }

    pub(super) fn get(path: &str) -> Self {
        Self { head: format!("GET {path}"), headers: Vec::new(), body: Vec::new() }
    }

    pub(super) fn with(mut self, (name, value): (&str, &str)) -> Self {
        self.headers.retain(|(known, _)| known != name);
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// What a browser or a program says of itself.
    pub(super) fn told(self) -> Self {
        let headers = [
            ("user-agent", format!("{WORD}/1.0 (+447700900123)")),
            ("cookie", format!("session={WORD}; {WORD}=x")),
            ("referer", format!("https://example.com/?q={WORD}")),
            ("x-forwarded-for", WORD.to_owned()),
            ("accept-language", WORD.to_owned()),
            ("x-request-id", WORD.to_owned()),
            ("x-kanarienvogel", WORD.to_owned()),
        ];
        headers.iter().fold(self, |sent, (name, value)| sent.with((name, value)))
    }

    /// Status and the whole answer; `None` when the door hung up.
    pub(super) fn answer(&self, port: u16) -> Option<(u16, String)> {
        let mut text = format!(
            "{} HTTP/1.1\r\nhost: {WORD}.example\r\nconnection: close\r\ncontent-length: {}\r\n",
            self.head,
            self.body.len()
        );
        for (name, value) in &self.headers {
            text += &format!("{name}: {value}\r\n");
        }
        raw(port, &[text.as_bytes(), b"\r\n", &self.body].concat())
    }
}

/// Bytes as they are, HTTP or not.
pub(super) fn raw(port: u16, bytes: &[u8]) -> Option<(u16, String)> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    stream.set_read_timeout(Some(ANSWER_MAX)).ok()?;
    stream.write_all(bytes).ok()?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).ok()?;
    let answer = String::from_utf8_lossy(&answer).into_owned();
    Some((answer.split(' ').nth(1)?.parse().ok()?, answer))
}

/// The same JSON with the canary in place of one leaf after the other, in one more field of each object, and as a whole.
pub(super) fn with_canary(value: &Value) -> Vec<Value> {
    let mut all = Vec::new();
    match value {
        Value::Object(members) => {
            for (name, inner) in members {
                for changed in with_canary(inner) {
                    let mut copy = members.clone();
                    copy.insert(name.clone(), changed);
                    all.push(copy.into());
                }
            }
            let mut copy = members.clone();
            copy.insert(WORD.to_owned(), WORD.into());
            all.push(copy.into());
        }
        Value::Array(items) => {
            for (n, inner) in items.iter().enumerate() {
                for changed in with_canary(inner) {
                    let mut copy = items.clone();
                    copy[n] = changed;
                    all.push(copy.into());
                }
            }
        }
        _ => all.extend([
            format!("{WORD}@example.com").into(),
            format!("+44{NUMBER}").into(),
            json!({ WORD: [WORD] }),
            WORD.into(),
        ]),
    }
    all
}

/// A change with something in every field, so that each of them can be replaced.
pub(super) fn whole_change() -> Value {
    json!({
        "event_id": WORD, "occurred_at": "2026-01-24T09:59:50Z", "action": "opt_out", "contact_id": format!("{WORD}-c"),
        "address": format!("{WORD}@example.com"), "region": "GB", "channel": "email", "purpose": "marketing.newsletter",
        "controller": "acme-ltd", "brand": "acme", "basis": "express", "kind": "purchase",
        "context": {"refused": true, "product_group": format!("{WORD} shoes")},
        "evidence": {"method": "web_form", "notice_version": "1", "source": format!("https://example.com/{WORD}"), WORD: WORD},
        "text": format!("stop it, {WORD}"), "to": format!("+44{NUMBER}"), "registry": WORD, "listed": true,
        "smtp": format!("550 5.1.1 <{WORD}@example.com> unknown"), "format": "x", "scope": "all", "cause": WORD,
        "keep_suppression": true, "message_id": format!("<{WORD}@example.com>"), "source": WORD, "via": WORD,
        "expires_at": "2030-01-01T00:00:00Z", "recipient_kind": "consumer", "new_address": format!("{WORD}2@example.com"),
    })
}

/// A small one that is good.
pub(super) fn good_change(n: usize, action: &str) -> Value {
    json!({
        "event_id": format!("{WORD}-{action}-{n}"), "occurred_at": "2026-01-24T09:59:50Z", "action": action,
        "contact_id": format!("{WORD}-{n}"), "address": format!("{WORD}-{n}@example.com"), "channel": "email",
        "purpose": "marketing.newsletter", "controller": "acme-ltd", "brand": "acme",
        "evidence": {"method": "web_form", "notice_version": "1", "note": format!("said {WORD}")},
    })
}

/// The sample requests of every provider, and the sources that take them.
pub(super) fn samples() -> (Vec<Value>, Vec<Sent>) {
    let (mut sources, mut requests) = (Vec::new(), Vec::new());
    let tests = environment::repository().join("crates/gate-intake/tests");
    for dir in ["webhooks", "mapped"] {
        let files = std::fs::read_dir(tests.join(dir)).expect("there are samples");
        for file in files.map(|it| it.expect("a file").path()) {
            if file.extension().is_none_or(|it| it != "json") {
                continue;
            }
            let text = std::fs::read_to_string(&file).expect("it can be read");
            let sample: Value = serde_json::from_str(&text).expect("it is JSON");
            let mut source = sample["source"].clone();
            match source["provider"].as_str() {
                // the door has these itself
                Some("rfc8058") => continue,
                Some("mime") => source["tokens"] = json!(["a-word-of-the-mail-server"]),
                _ => {}
            }
            // the test has a `crm` of its own
            if source["name"] == "crm" {
                source["name"] = json!("crm-of-samples");
            }
            let path = format!("/hooks/{}", source["name"].as_str().unwrap_or_default());
            for request in sample["requests"].as_array().into_iter().flatten() {
                for mut sent in of_sample(request) {
                    sent.head = sent.head.replace("/hooks/crm", &path);
                    requests.push(sent);
                }
            }
            sources.push(source);
        }
    }
    (sources, requests)
}

/// A provider's request as it is, and with canaries.
fn of_sample(sample: &Value) -> Vec<Sent> {
    let text = |name: &str| sample[name].as_str().unwrap_or_default();
    let path = text("url").splitn(4, '/').nth(3).unwrap_or_default();
    let is_bytes = text("body_encoding") == "base64";
    let body = match is_bytes {
        true => STANDARD.decode(text("body")).expect("it is base64"),
        false => text("body").as_bytes().to_vec(),
    };
    let none = Map::new();
    let headers = sample["headers"].as_object().unwrap_or(&none).iter();
    let headers = headers.map(|(name, value)| (name.clone(), value.as_str().unwrap_or_default()));
    let headers: Vec<(String, String)> = headers
        .map(|(name, value)| (name, value.replace("{INTAKE_TOKEN}", "a-word-of-the-mail-server")))
        .collect();
    let method = sample["method"].as_str().unwrap_or("POST");
    let sent =
        |body: Vec<u8>| Sent { head: format!("{method} /{path}"), headers: headers.clone(), body };
    let mut all = vec![sent(body.clone()), sent(body.clone()).told()];
    for (name, _) in &headers {
        all.push(sent(body.clone()).with((name, WORD)));
    }
    all.push(sent(body[..body.len() / 2].to_vec()));
    if let Ok(json) = serde_json::from_slice::<Value>(&body) {
        all.extend(with_canary(&json).iter().map(|json| sent(json.to_string().into_bytes())));
    } else {
        // the lines of a mail, the fields of a form
        let text = String::from_utf8_lossy(&body).into_owned();
        let (between, mark) = if text.contains('\n') { ('\n', ": ") } else { ('&', "=") };
        let parts: Vec<&str> = text.split(between).collect();
        for (n, part) in parts.iter().enumerate() {
            let Some((name, _)) = part.split_once(mark.trim_end()) else { continue };
            let changed = format!("{name}{mark}{WORD}@example.com");
            let mut copy = parts.clone();
            copy[n] = &changed;
            all.push(sent(copy.join(&between.to_string()).into_bytes()));
        }
    }
    all
}

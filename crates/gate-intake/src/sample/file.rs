//! A sample file as read: unknown keys of the sample are passed over, of its source they are errors.

use crate::crypto;
use crate::time;
use gate_core::Timestamp;
use serde_json::{Map, Value};

/// A file.
pub(super) struct File {
    pub(super) received_at: Timestamp,
    /// As written; a request may override members.
    pub(super) source: Map<String, Value>,
    /// Certificates beside the source.
    pub(super) certificates: Map<String, Value>,
    pub(super) cases: Vec<Case>,
}

/// A request and what is expected of it.
pub(super) struct Case {
    pub(super) name: String,
    pub(super) received_at: Option<Timestamp>,
    pub(super) source: Map<String, Value>,
    pub(super) method: String,
    pub(super) url: String,
    pub(super) url_behind_proxy: Option<String>,
    pub(super) public_url: Option<String>,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
    pub(super) whole: Value,
}

/// Reads a file.
pub(super) fn parse(text: &str) -> Result<File, String> {
    let whole: Value =
        serde_json::from_str(text).map_err(|error| format!("no JSON: line {}", error.line()))?;
    let received_at = whole.get("received_at").and_then(Value::as_str).and_then(time::rfc3339);
    let source =
        whole.get("source").and_then(Value::as_object).cloned().ok_or("`source` is no object")?;
    let requests =
        whole.get("requests").and_then(Value::as_array).ok_or("`requests` is no list")?;
    let cases = requests.iter().enumerate().map(|(at, request)| case(at, request));
    Ok(File {
        received_at: received_at.ok_or("`received_at` is no time with an offset")?,
        source,
        certificates: whole
            .get("certificates")
            .and_then(Value::as_object)
            .cloned()
            .unwrap_or_default(),
        cases: cases.collect::<Result<_, _>>()?,
    })
}

fn case(at: usize, request: &Value) -> Result<Case, String> {
    let text = |name: &str| request.get(name).and_then(Value::as_str).map(str::to_owned);
    let name = text("case").unwrap_or_else(|| format!("request {}", at + 1));
    let body = text("body").unwrap_or_default();
    let body = match text("body_encoding").as_deref() {
        None | Some("utf-8" | "utf8" | "text") => body.into_bytes(),
        Some("base64") => {
            crypto::base64(body.as_bytes()).ok_or_else(|| format!("{name}: `body` is no base64"))?
        }
        Some(other) => {
            return Err(format!("{name}: `body_encoding` {other} is neither utf-8 nor base64"));
        }
    };
    let mut headers = Vec::new();
    for (header, value) in request.get("headers").and_then(Value::as_object).into_iter().flatten() {
        let values = value.as_array().map_or_else(|| vec![value.clone()], Clone::clone);
        for value in values {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            headers.push((header.clone(), value));
        }
    }
    Ok(Case {
        received_at: text("received_at").as_deref().and_then(time::rfc3339),
        source: request.get("source").and_then(Value::as_object).cloned().unwrap_or_default(),
        method: text("method").unwrap_or_else(|| "POST".to_owned()),
        url: text("url").unwrap_or_default(),
        url_behind_proxy: text("url_behind_proxy"),
        public_url: text("public_url"),
        headers,
        body,
        whole: request.clone(),
        name,
    })
}

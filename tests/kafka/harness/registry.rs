//! A real Schema Registry (Apicurio, Confluent-compatible API), started by `scripts/registry`.
//!
//! `CONSENT_GATE_TEST_REGISTRY=url` uses a running one instead.

use crate::harness::{environment, http};
use serde_json::{Value, json};
use std::process::Command;
use std::sync::OnceLock;

/// The registry's URL, or `None` after saying why `test` is skipped.
pub(crate) fn shared(test: &str) -> Option<&'static str> {
    static SHARED: OnceLock<Result<String, String>> = OnceLock::new();
    let shared = SHARED.get_or_init(|| match std::env::var("CONSENT_GATE_TEST_REGISTRY") {
        Ok(url) => Ok(url),
        Err(_) => start(),
    });
    match shared {
        Ok(url) => Some(url),
        Err(why) => {
            environment::skip(test, why);
            None
        }
    }
}

fn start() -> Result<String, String> {
    let run = |arguments: &[&str]| {
        let output = Command::new(environment::script("registry"))
            .args(arguments)
            .output()
            .map_err(|error| format!("scripts/registry: {error}"))?;
        if output.status.success() {
            Ok(String::from_utf8_lossy(&output.stdout).into_owned())
        } else {
            let text = String::from_utf8_lossy(&output.stderr);
            Err(text.trim().replace('\n', "; "))
        }
    };
    run(&["fetch"])?;
    let dir = environment::new_dir("registry");
    let dir = dir.to_str().expect("the target directory has a plain name");
    let owner = std::process::id().to_string();
    // from here on it is not "absent" any more: a registry that does not start is a failure
    let start = || run(&["start", "--dir", dir, "--owner", &owner]);
    let printed = start().or_else(|_| start()).expect("the registry starts");
    let url = printed.lines().find_map(|line| line.strip_prefix("url="));
    Ok(url.expect("scripts/registry prints url=").to_owned())
}

/// Registers a schema under `subject` and returns its id.
pub(crate) fn register(url: &str, subject: &str, schema: &str) -> u32 {
    let body = json!({ "schema": schema }).to_string();
    let (port, path) = split(url);
    let head = format!("POST {path}/subjects/{subject}/versions");
    let (status, answer) = http::request(port, &head, &body).expect("the registry answers");
    assert_eq!(status, 200, "the registry refuses the schema: {answer}");
    let answer: Value = serde_json::from_str(&answer).expect("the registry answers in JSON");
    let id = answer.get("id").and_then(Value::as_u64);
    u32::try_from(id.expect("the registry names an id")).expect("ids have 32 bits")
}

/// Port and path of `http://127.0.0.1:PORT/path`.
fn split(url: &str) -> (u16, &str) {
    let rest =
        url.strip_prefix("http://127.0.0.1:").or_else(|| url.strip_prefix("http://localhost:"));
    let rest = rest.expect("the test registry is on this machine");
    let (port, path) = rest.split_once('/').unwrap_or((rest, ""));
    let path = &rest[rest.len() - path.len() - usize::from(!path.is_empty())..];
    (port.parse().expect("a port"), path.trim_end_matches('/'))
}

//! What would be decided, in words and as JSON.

use crate::headers::detail_json;
use gate_core::{Decision, PolicySet};
use serde_json::{Value, json};

/// `blocked.content_requirement: a required element is missing from the message; missing unsubscribe`.
pub(super) fn in_words(decision: &Decision, policies: &PolicySet) -> String {
    let reason = decision.reason();
    let mut text = format!("{}: {}{}", reason.code(), reason.meaning(), detail(decision, policies));
    let others: Vec<&str> =
        decision.reasons().iter().filter(|it| *it != reason).map(|it| it.code()).collect();
    if !others.is_empty() {
        text.push_str(&format!("\nalso {}", others.join(", ")));
    }
    text
}

/// The fields behind the reason.
pub(super) fn detail(decision: &Decision, policies: &PolicySet) -> String {
    let Some(detail) = detail_json(decision.detail(), policies) else { return String::new() };
    let text = |name: &str| detail.get(name).and_then(Value::as_str);
    let mut words = String::new();
    let missing = detail.get("missing").and_then(Value::as_array);
    let missing: Vec<&str> = missing.into_iter().flatten().filter_map(Value::as_str).collect();
    if !missing.is_empty() {
        words.push_str(&format!("; missing {}", missing.join(", ")));
    }
    if let Some(pack) = text("asked_by") {
        words.push_str(&format!(", asked for by {pack}"));
    }
    for name in ["field", "class", "flag", "scope"] {
        if let Some(value) = text(name) {
            words.push_str(&format!("; {name} {value}"));
        }
    }
    words
}

pub(super) fn as_json(decision: &Decision, policies: &PolicySet) -> Value {
    json!({
        "outcome": decision.outcome().as_str(),
        "reason": decision.reason().code(),
        "reasons": decision.reasons().iter().map(|it| it.code()).collect::<Vec<_>>(),
        "detail": detail_json(decision.detail(), policies),
    })
}

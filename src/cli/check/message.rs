//! A message: how it is understood, and what would be decided with nothing on file and with the best consent there is.

use super::{Answer, Checker, verdict};
use crate::cli::{ExitCode, Failure};
use gate_core::{Category, Decision, OutboundMessage, Outcome, RecipientKind};
use gate_engine::CaseError;
use gate_policy::RawCase;
use serde_json::{Map, Value, json};

impl Checker<'_> {
    pub(super) fn message(
        &self,
        message: &OutboundMessage<'_>,
        value: &Value,
    ) -> Result<Answer, Failure> {
        let nothing = self.decided(vec![], value)?;
        // a recipient whom nobody understands cannot have agreed either
        let consented =
            self.decided(full_consent(value), value).or_else(|_| self.decided(vec![], value))?;
        let is_good = [&nothing, &consented].iter().any(|it| it.outcome() != Outcome::Blocked);
        let channel = message.channel.map_or("no channel of ours", gate_core::Channel::as_str);
        let judged = if message.is_marketing() { "marketing" } else { "a service message" };
        let mut lines = vec![
            ("with nothing on file", verdict::in_words(&nothing, self.policies)),
            ("with full consent", verdict::in_words(&consented, self.policies)),
        ];
        let notes = notes(message, value);
        lines.extend(notes.iter().map(|note| ("note", note.clone())));
        let not_read = self.not_read(value);
        if !not_read.is_empty() {
            lines.push(("not read", not_read.join(", ")));
        }
        let json = json!({
            "kind": self.kind.as_str(), "readable": true, "channel": message.channel.map(gate_core::Channel::as_str),
            "judged_as_marketing": message.is_marketing(),
            "with_nothing_on_file": verdict::as_json(&nothing, self.policies),
            "with_full_consent": verdict::as_json(&consented, self.policies),
            "notes": notes, "not_read": not_read,
        });
        let head = format!("readable as a message: {channel}, judged as {judged}");
        Ok(Answer { head, lines, json, is_good })
    }

    /// What is decided now about a message behind these changes.
    pub(super) fn decided(
        &self,
        history: Vec<Value>,
        message: &Value,
    ) -> Result<Decision, Failure> {
        let mut fields = Map::new();
        fields.insert("now".to_owned(), jiff::Timestamp::now().to_string().into());
        fields.insert("history".to_owned(), history.into());
        fields.insert("message".to_owned(), message.clone());
        let internal = |error: CaseError| Failure::new(ExitCode::Internal, error);
        let verdicts = self.runner.run(&RawCase { line: 1, fields }).map_err(internal)?;
        let verdict = verdicts.into_iter().next();
        verdict
            .map(|verdict| verdict.decision)
            .ok_or_else(|| Failure::new(ExitCode::Internal, "the message was not judged"))
    }
}

/// A confirmed consent in writing with all evidence, of the recipient, for just this message.
fn full_consent(message: &Value) -> Vec<Value> {
    let of = |name: &str| message.get(name).cloned().unwrap_or_default();
    let recipient =
        |name: &str| message.pointer(&format!("/recipient/{name}")).cloned().unwrap_or_default();
    let change = |action: &str, days: i64| {
        let at = jiff::Timestamp::now().saturating_sub(jiff::SignedDuration::from_hours(24 * days));
        let at = at.map_or_else(|_| String::new(), |at| at.to_string());
        json!({
            "event_id": format!("check-{action}"), "occurred_at": at, "action": action,
            "contact_id": recipient("contact_id"), "address": recipient("address"), "region": recipient("region"),
            "channel": of("channel"), "purpose": of("purpose"), "controller": of("controller"), "brand": of("brand"),
            "basis": "express_written",
            "evidence": {
                "method": "check", "notice_version": "1", "notice_text_sha256": "0", "source": "check", "locale": "en",
                "signature": "true", "number_named": "true", "not_condition_of_purchase": "true", "template_id": "1",
            },
        })
    };
    let is_known = |name| !recipient(name).is_null();
    if is_known("contact_id") || is_known("address") {
        vec![change("opt_in_requested", 2), change("opt_in_confirmed", 1)]
    } else {
        vec![]
    }
}

/// Where the gate read something else than the sender may have meant.
fn notes(message: &OutboundMessage<'_>, value: &Value) -> Vec<String> {
    let mut notes = Vec::new();
    let word = |path: &str| value.pointer(path).and_then(Value::as_str).map(str::trim);
    if word("/category").is_some_and(|it| it != "marketing" && !it.is_empty())
        && message.category == Category::Marketing
    {
        notes
            .push("`category` is none of its words, so the message counts as marketing".to_owned());
    } else if message.category != Category::Marketing && message.is_marketing() {
        let note = "`category` says no marketing, but `content.promotional` is not false: judged as marketing";
        notes.push(note.to_owned());
    }
    if word("/recipient/kind").is_some_and(|it| it != "person" && !it.is_empty())
        && message.kind == Some(RecipientKind::Person)
    {
        notes.push(
            "`recipient.kind` is none of its words, so the recipient counts as a person".to_owned(),
        );
    }
    if message.contact_id.is_none() {
        notes.push(
            "without `recipient.contact_id` a refusal that names only the contact is not found"
                .to_owned(),
        );
    }
    notes
}

//! Postmark: one record a request, no signature (docs/providers/postmark.md). 403 would end its retries, so it is never sent.

use crate::batch::{At, Batch};
use crate::draft::{Draft, Id};
use crate::json;
use crate::outcome::{ProblemClass, Refusal, Skip};
use crate::time;
use gate_core::{Action, Timestamp};
use serde_json::Value;

/// What the record says.
pub(crate) fn handle(batch: &mut Batch<'_>, body: &[u8]) -> Result<(), Refusal> {
    for item in json::items(body)? {
        let at = At { index: item.index, pointer: &item.pointer, raw: &item.raw };
        match item.value {
            Ok(record) => one(batch, &at, &record),
            Err(class) => batch.problem(&at, "", class, "the record cannot be read"),
        }
    }
    Ok(())
}

fn one(batch: &mut Batch<'_>, at: &At<'_>, record: &Value) {
    match json::text(record, "/RecordType") {
        Some("Bounce") => {
            bounce(batch, at, record, "bounce", json::text(record, "/Type").unwrap_or_default())
        }
        Some("SpamComplaint") => bounce(batch, at, record, "complaint", "SpamComplaint"),
        Some("SubscriptionChange") => subscription(batch, at, record),
        Some("Delivery" | "Open" | "Click" | "Inbound") => batch.skip(Skip::NotAChange),
        Some(_) => batch.skip(Skip::UnknownEvent),
        None => batch.problem(at, "/RecordType", ProblemClass::MissingField, "it says no type"),
    }
}

/// The act's time, or a problem.
fn when(batch: &mut Batch<'_>, at: &At<'_>, record: &Value, field: &str) -> Option<Timestamp> {
    let found = json::text(record, field).and_then(time::rfc3339);
    if found.is_none() {
        batch.problem(at, field, ProblemClass::InvalidValue, "it says no time with a zone");
    }
    found
}

fn bounce(batch: &mut Batch<'_>, at: &At<'_>, record: &Value, kind: &str, what: &str) {
    let action = match what {
        "HardBounce" | "BadEmailAddress" => Action::HardBounce,
        "SpamComplaint" | "SpamNotification" => Action::Complaint,
        "Unsubscribe" | "ManualSuppression" => Action::OptOut,
        _ => return batch.skip(Skip::NotAChange),
    };
    let Some(address) = json::text(record, "/Email") else {
        return batch.problem(at, "/Email", ProblemClass::MissingField, "it names nobody");
    };
    let Some(occurred_at) = when(batch, at, record, "/BouncedAt") else { return };
    let id = match json::scalar(record, "/ID") {
        Some(id) => Id::Own(vec![kind.to_owned(), id]),
        None => Id::Hashed(vec![
            kind.to_owned(),
            address.to_owned(),
            occurred_at.as_micros().to_string(),
        ]),
    };
    let mut draft = Draft::new(action, id, occurred_at)
        .on("email")
        .about(address)
        .via(format!("postmark:{what}"));
    if action == Action::OptOut {
        let stream =
            json::text(record, "/MessageStream").and_then(|stream| batch.source.scopes.get(stream));
        draft = draft.refused_in(stream);
    }
    batch.push(at, draft);
}

fn subscription(batch: &mut Batch<'_>, at: &At<'_>, record: &Value) {
    let Some(address) = json::text(record, "/Recipient") else {
        return batch.problem(at, "/Recipient", ProblemClass::MissingField, "it names nobody");
    };
    let Some(suppresses) = json::at(record, "/SuppressSending").and_then(Value::as_bool) else {
        return batch.problem(
            at,
            "/SuppressSending",
            ProblemClass::MissingField,
            "it says neither yes nor no",
        );
    };
    let Some(occurred_at) = when(batch, at, record, "/ChangedAt") else { return };
    let stream_name = json::text(record, "/MessageStream").unwrap_or_default();
    let stream = batch.source.scopes.get(stream_name).cloned();
    let by_person = json::text(record, "/Origin") == Some("Recipient");
    let reason = json::text(record, "/SuppressionReason").unwrap_or_default();
    let id = Id::Hashed(vec![
        "SubscriptionChange".to_owned(),
        json::scalar(record, "/ServerID").unwrap_or_default(),
        stream_name.to_owned(),
        address.to_owned(),
        occurred_at.as_micros().to_string(),
        suppresses.to_string(),
    ]);
    let draft = |action| {
        Draft::new(action, id.clone(), occurred_at)
            .on("email")
            .about(address)
            .via("postmark:SubscriptionChange")
    };
    let draft = match (suppresses, reason, by_person) {
        (true, "HardBounce", _) => draft(Action::HardBounce),
        (true, "SpamComplaint", _) => draft(Action::Complaint),
        // a reason or an origin nobody knows is taken as the person's
        (true, _, true) => draft(Action::OptOut).refused_in(stream.as_ref()),
        (true, _, false) if is_operator(record) => {
            let mut draft = draft(Action::Suppress);
            draft.scope = Some("marketing");
            draft.cause = Some("suppressed by an operator at Postmark".to_owned());
            draft
        }
        (true, _, false) => draft(Action::OptOut).refused_in(stream.as_ref()),
        (false, _, true) => {
            let grant = stream.as_ref().and_then(|scope| batch.source.grant(Some(scope)));
            let Some(grant) = grant else { return batch.skip(Skip::NoEvidence) };
            draft(Action::OptIn).granted_in(grant, stream.as_ref())
        }
        (false, "ManualSuppression", false) if is_operator(record) => {
            let mut draft = draft(Action::Unsuppress);
            draft.scope = Some("marketing");
            draft.cause = Some("lifted by an operator at Postmark".to_owned());
            draft
        }
        (false, _, false) => return batch.skip(Skip::NotAChange),
    };
    batch.push(at, draft);
}

fn is_operator(record: &Value) -> bool {
    matches!(json::text(record, "/Origin"), Some("Customer" | "Admin"))
}

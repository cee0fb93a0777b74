//! Consent changes as they are: one object, an array, or lines; bare, in the wrapper of Standard Webhooks, or as CloudEvents
//! (binary, structured, batch).
//!
//! The source fixes controller and brand: an item that names another is refused, one that names none gets them. It fixes who may
//! say what. Each item is answered for itself, and the good ones are kept.

use crate::batch::{self, At, Batch, evidence};
use crate::crypto;
use crate::json::{self, Item};
use crate::outcome::{Answer, Outcome, ProblemClass, Refusal};
use crate::request::Request;
use gate_codec::{ConsentChangeRecord, ContextRecord, DecodeError, EvidenceRecord};
use gate_core::Action;
use serde_json::Value;
use serde_json::json;
use std::borrow::Cow;

/// What the items say, and an answer for each.
pub(crate) fn handle(batch: &mut Batch<'_>, request: &Request) -> Result<(), Refusal> {
    let items = items(request)?;
    let n_items = items.len();
    for item in items {
        let at = At { index: item.index, pointer: &item.pointer, raw: &item.raw };
        match item.value {
            Ok(value) => one(batch, &at, &value, request),
            Err(class) => batch.problem(&at, "", class, "the item cannot be read"),
        }
    }
    batch.outcome.answer = answer(&batch.outcome, n_items);
    Ok(())
}

fn items(request: &Request) -> Result<Vec<Item>, Refusal> {
    match request.media_type().as_str() {
        "application/x-ndjson"
        | "application/ndjson"
        | "application/jsonl"
        | "application/json-lines" => json::lines(&request.body),
        _ => json::items(&request.body),
    }
}

/// One item: out of its envelope, then as a record.
fn one(batch: &mut Batch<'_>, at: &At<'_>, value: &Value, request: &Request) {
    let is_change = |value: &Value| value.get("action").is_some();
    if value.get("specversion").is_some() && !is_change(value) {
        let id = event_id(batch, json::text(value, "/source"), json::text(value, "/id"));
        return cloud_event(batch, at, value, id);
    }
    if let Some(data) = value.get("data").filter(|data| data.is_object() && !is_change(value)) {
        return change(batch, at, "/data", data, None);
    }
    let id = request.has("ce-specversion").then(|| {
        let header = |name: &str| request.text(name).map(unescaped);
        event_id(batch, header("ce-source").as_deref(), header("ce-id").as_deref())
    });
    change(batch, at, "", value, id.flatten());
}

/// The percent-encoded value of a `ce-` header.
fn unescaped(text: &str) -> String {
    let plain = text.replace('+', "%2B");
    form_urlencoded::parse(plain.as_bytes())
        .next()
        .map(|(name, _)| name.into_owned())
        .unwrap_or_default()
}

/// A CloudEvent's source and id together are unique; the hash keeps names out of ours.
fn event_id(batch: &Batch<'_>, source: Option<&str>, id: Option<&str>) -> Option<String> {
    let hash = batch.ids.hash(&[source?, id?]);
    Some(format!("{}:ce:{hash}", batch.source.name))
}

fn cloud_event(batch: &mut Batch<'_>, at: &At<'_>, event: &Value, id: Option<String>) {
    if let Some(data) = event.get("data") {
        return change(batch, at, "/data", data, id);
    }
    let bytes = json::text(event, "/data_base64").and_then(|text| crypto::base64(text.as_bytes()));
    match bytes.map(|bytes| json::value(&bytes)) {
        Some(Ok(data)) => change(batch, at, "/data_base64", &data, id),
        Some(Err(class)) => batch.problem(at, "/data_base64", class, "it is not JSON"),
        None => batch.problem(at, "/data", ProblemClass::MissingField, "an event without data"),
    }
}

/// One consent change, as the gate's reader takes it.
fn change(batch: &mut Batch<'_>, at: &At<'_>, below: &str, value: &Value, id: Option<String>) {
    let problem = |batch: &mut Batch<'_>, field: Option<&str>, class, reason| {
        let field = field.map(|field| format!("/{}", field.replace('.', "/"))).unwrap_or_default();
        batch.problem(at, &format!("{below}{field}"), class, reason);
    };
    if !value.is_object() {
        return problem(batch, None, ProblemClass::Unreadable, "it is no JSON object");
    }
    let bytes = value.to_string().into_bytes();
    let Some(reader) = batch::reader() else {
        return problem(batch, None, ProblemClass::RefusedByReader, "the reader could not be made");
    };
    let read = match reader.decode_consent_record(Some(&bytes)) {
        Ok(record) => record,
        Err(DecodeError::Unreadable(why)) => {
            return problem(batch, why.field, ProblemClass::RefusedByReader, why.class.remedy());
        }
        Err(DecodeError::Unavailable { .. }) => {
            return problem(batch, None, ProblemClass::RefusedByReader, "it cannot be read now");
        }
    };
    let mut record = owned(read);
    carried(&mut record, value);
    let source = batch.source;
    if record.event_id.as_deref().is_none_or(|id| id.trim().is_empty()) {
        record.event_id = id.map(Cow::Owned);
    }
    for (field, own, said) in [
        ("controller", &source.controller, &mut record.controller),
        ("brand", &source.brand, &mut record.brand),
    ] {
        let Some(own) = own else { continue };
        if said.as_deref().is_some_and(|said| !said.trim().is_empty() && said.trim() != own) {
            return problem(
                batch,
                Some(field),
                ProblemClass::ForeignScope,
                "it is not the source's",
            );
        }
        *said = Some(Cow::Owned(own.clone()));
    }
    let action = record.action.as_deref().map(|name| name.trim().to_ascii_lowercase());
    let Some(action) = action.as_deref().and_then(Action::parse) else {
        return problem(
            batch,
            Some("action"),
            ProblemClass::InvalidValue,
            "no action of the contract",
        );
    };
    if !source.may(action) {
        return problem(
            batch,
            Some("action"),
            ProblemClass::ActionNotAllowed,
            "the source may not say this",
        );
    }
    // as the contract writes it, however it was written
    record.action = Some(Cow::Borrowed(action.as_str()));
    if record.region.is_none() {
        record.region = source.region.clone().map(Cow::Owned);
    }
    if matches!(action, Action::OptIn | Action::OptInConfirmed | Action::OptInRequested) {
        record.purpose = record.purpose.take().or_else(|| source.purpose.clone().map(Cow::Owned));
        record.basis = record.basis.take().or_else(|| source.basis.clone().map(Cow::Owned));
        record.evidence = record.evidence.take().or_else(|| source.evidence.as_ref().map(evidence));
    }
    record.source = Some(Cow::Owned(source.name.clone()));
    let before = batch.outcome.problems.len();
    batch.finish(at, record, false);
    for found in batch.outcome.problems.iter_mut().skip(before) {
        let field = found.pointer.strip_prefix(at.pointer).unwrap_or_default();
        found.pointer = format!("{}{below}{field}", at.pointer);
    }
}

/// What the reader only carries and leaves out: texts that say where a change came by, and further evidence.
fn carried(record: &mut ConsentChangeRecord<'_>, value: &Value) {
    let text = |name: &str| json::text(value, name).map(|text| Cow::Owned(text.to_owned()));
    record.cause = text("/cause");
    record.via = text("/via");
    let known = [
        "method",
        "notice_version",
        "notice_text_sha256",
        "source",
        "locale",
        "template_id",
        "signature",
        "number_named",
        "not_condition_of_purchase",
    ];
    let Some(evidence) = record.evidence.as_mut() else { return };
    let further = json::at(value, "/evidence").and_then(Value::as_object).into_iter().flatten();
    evidence.further = further
        .filter(|(name, _)| !known.contains(&name.as_str()))
        .filter_map(|(name, text)| {
            Some((Cow::Owned(name.clone()), Cow::Owned(text.as_str()?.to_owned())))
        })
        .collect();
}

type Text<'a> = Option<Cow<'a, str>>;

fn own(text: Text<'_>) -> Text<'static> {
    text.map(|text| Cow::Owned(text.into_owned()))
}

fn owned(r: ConsentChangeRecord<'_>) -> ConsentChangeRecord<'static> {
    ConsentChangeRecord {
        event_id: own(r.event_id),
        occurred_at: r.occurred_at,
        action: own(r.action),
        contact_id: own(r.contact_id),
        address: own(r.address),
        region: own(r.region),
        channel: own(r.channel),
        purpose: own(r.purpose),
        controller: own(r.controller),
        brand: own(r.brand),
        basis: own(r.basis),
        kind: own(r.kind),
        context: r
            .context
            .map(|c| ContextRecord { flags: c.flags, product_group: own(c.product_group) }),
        evidence: r.evidence.map(|e| EvidenceRecord {
            method: own(e.method),
            notice_version: own(e.notice_version),
            notice_text_sha256: own(e.notice_text_sha256),
            source: own(e.source),
            locale: own(e.locale),
            template_id: own(e.template_id),
            signature: own(e.signature),
            number_named: own(e.number_named),
            not_condition_of_purchase: own(e.not_condition_of_purchase),
            further: Vec::new(),
        }),
        text: own(r.text),
        to: own(r.to),
        registry: own(r.registry),
        listed: r.listed,
        smtp: own(r.smtp),
        format: own(r.format),
        scope: own(r.scope),
        cause: None,
        keep_suppression: r.keep_suppression,
        birth_date: r.birth_date,
        message_id: own(r.message_id),
        source: None,
        via: None,
        expires_at: r.expires_at,
        recipient_kind: own(r.recipient_kind),
        new_address: own(r.new_address),
    }
}

/// An answer for each item: the caller may add topic, partition and offset to the accepted ones.
fn answer(outcome: &Outcome, n_items: usize) -> Answer {
    let mut results: Vec<(usize, Value)> = Vec::new();
    for accepted in &outcome.records {
        let id = accepted.record.event_id.as_deref();
        results.push((
            accepted.index,
            json!({"index": accepted.index, "status": "accepted", "event_id": id}),
        ));
    }
    for problem in &outcome.problems {
        results.push((
            problem.index,
            json!({
                "index": problem.index, "status": "refused", "pointer": problem.pointer,
                "class": problem.class.as_str(), "reason": problem.reason, "fix": problem.fix,
            }),
        ));
    }
    results.sort_by_key(|(index, _)| *index);
    let results: Vec<Value> = results.into_iter().map(|(_, result)| result).collect();
    let status = match (outcome.problems.len(), outcome.records.len()) {
        (0, _) => 200,
        (_, 0) => 422,
        _ => 207,
    };
    let (accepted, refused) = (outcome.records.len(), outcome.problems.len());
    let body =
        json!({"items": n_items, "accepted": accepted, "refused": refused, "results": results});
    Answer {
        status,
        headers: Vec::new(),
        content_type: "application/json",
        body: body.to_string().into_bytes(),
    }
}

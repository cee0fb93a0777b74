//! Consent changes as they are: shapes, envelopes, and what a source may say.

use crate::door::{post, run, source};
use gate_intake::{Outcome, ProblemClass, Request, Source};
use serde_json::{Value, json};

fn crm(more: Value) -> Source {
    let mut whole = json!({"name": "crm", "provider": "consent-changes", "token": "word", "controller": "acme-ltd"});
    whole.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    source(whole)
}

fn send(content_type: &str, body: &str) -> Request {
    post(&[("authorization", "Bearer word"), ("content-type", content_type)], body)
}

fn change(id: &str) -> Value {
    json!({"event_id": id, "occurred_at": "2026-11-24T09:59:50Z", "action": "opt_out", "contact_id": "c-1", "channel": "email"})
}

fn ids(outcome: &Outcome) -> Vec<String> {
    outcome.records.iter().map(|one| one.record.event_id.clone().unwrap().into_owned()).collect()
}

fn answer(outcome: &Outcome) -> Value {
    serde_json::from_slice(&outcome.answer.body).unwrap()
}

#[test]
fn one_many_and_lines() {
    let source = crm(json!({}));
    let one = run(&source, &send("application/json", &change("a").to_string()));
    assert_eq!((ids(&one), one.answer.status), (vec!["a".to_owned()], 200));
    assert_eq!(one.records[0].record.controller.as_deref(), Some("acme-ltd"));
    assert_eq!(one.records[0].record.source.as_deref(), Some("crm"));
    let many = run(
        &source,
        &send("application/json; charset=utf-8", &json!([change("a"), change("b")]).to_string()),
    );
    assert_eq!(ids(&many), ["a", "b"]);
    let lines = format!("{}\n\n{}\r\n", change("a"), change("b"));
    assert_eq!(ids(&run(&source, &send("application/x-ndjson", &lines))), ["a", "b"]);
    assert_eq!(run(&source, &send("application/json", "[]")).answer.status, 200);
}

#[test]
fn each_item_is_answered() {
    let source = crm(json!({"brand": "acme"}));
    let mut other = change("b");
    other["brand"] = "rival".into();
    let mut late = change("c");
    late["occurred_at"] = "yesterday".into();
    let body = json!([change("a"), other, late, change("d")]).to_string();
    let outcome = run(&source, &send("application/json", &body));
    assert_eq!((outcome.answer.status, ids(&outcome)), (207, vec!["a".to_owned(), "d".to_owned()]));
    let told = answer(&outcome);
    assert_eq!((&told["accepted"], &told["refused"]), (&json!(2), &json!(2)));
    assert_eq!(told["results"][1]["pointer"], "/1/brand");
    assert_eq!(told["results"][1]["class"], "foreign_scope");
    assert_eq!(told["results"][2]["pointer"], "/2/occurred_at");
    assert!(told["results"][2]["fix"].as_str().unwrap().len() > 10);
    let none = run(&source, &send("application/json", "{}"));
    assert_eq!(none.answer.status, 422);
}

#[test]
fn a_source_that_may_only_refuse_cannot_grant() {
    let source = crm(json!({"actions": ["refusals"]}));
    let mut grant = change("a");
    grant["action"] = "opt_in".into();
    let body = json!([grant, change("b")]).to_string();
    let outcome = run(&source, &send("application/json", &body));
    assert_eq!(ids(&outcome), ["b"]);
    assert_eq!(outcome.problems[0].class, ProblemClass::ActionNotAllowed);
    // in whatever case: the gate reads both
    let shouted = body.replace("opt_in", "OPT_IN");
    assert_eq!(ids(&run(&source, &send("application/json", &shouted))), ["b"]);
    for action in ["unsuppress", "erase", "sent"] {
        let body = json!([{"event_id": "x", "occurred_at": "2026-11-24T09:59:50Z", "action": action, "contact_id": "c"}]);
        let outcome = run(&crm(json!({})), &send("application/json", &body.to_string()));
        assert_eq!(outcome.problems[0].class, ProblemClass::ActionNotAllowed, "{action}");
        let named = crm(json!({"actions": ["all"]}));
        assert_eq!(
            run(&named, &send("application/json", &body.to_string())).problems.len(),
            0,
            "{action}"
        );
    }
}

#[test]
fn permissions_get_what_the_source_says_and_refusals_do_not() {
    let evidence = json!({"method": "form", "notice_version": "v1", "campaign": "spring"});
    let source = crm(json!({"purpose": "marketing", "evidence": evidence, "basis": "express"}));
    let mut grant = change("a");
    grant["action"] = "opt_in".into();
    let outcome = run(&source, &send("application/json", &json!([grant, change("b")]).to_string()));
    let (grant, refusal) = (&outcome.records[0].record, &outcome.records[1].record);
    assert_eq!(grant.purpose.as_deref(), Some("marketing"));
    assert_eq!(grant.evidence.as_ref().unwrap().notice_version.as_deref(), Some("v1"));
    assert_eq!(grant.evidence.as_ref().unwrap().further[0].1, "spring");
    assert_eq!((refusal.purpose.as_deref(), refusal.evidence.is_some()), (None, false));
}

#[test]
fn what_is_only_carried_is_carried() {
    let mut one = change("a");
    one["via"] = "form 7".into();
    one["cause"] = "asked".into();
    one["evidence"] = json!({"method": "form", "seen_by": "Ana"});
    one["context"] = json!({"refused": false});
    let outcome = run(&crm(json!({})), &send("application/json", &one.to_string()));
    let json: Value = serde_json::from_slice(&outcome.records[0].json).unwrap();
    assert_eq!(
        (&json["via"], &json["cause"], &json["evidence"]["seen_by"]),
        (&json!("form 7"), &json!("asked"), &json!("Ana"))
    );
}

#[test]
fn cloud_events() {
    let source = crm(json!({}));
    let mut bare = change("x");
    bare.as_object_mut().unwrap().remove("event_id");
    let event = |id: &str| json!({"specversion": "1.0", "id": id, "source": "/crm/ana@example.com", "type": "t", "data": bare});
    let structured = run(&source, &send("application/cloudevents+json", &event("1").to_string()));
    let batch = run(
        &source,
        &send("application/cloudevents-batch+json", &json!([event("1"), event("2")]).to_string()),
    );
    assert_eq!(batch.records.len(), 2);
    assert_eq!(ids(&structured)[0], ids(&batch)[0], "source and id make the event id");
    assert_ne!(ids(&batch)[0], ids(&batch)[1]);
    assert!(!ids(&batch)[0].contains('@'));
    let headers = [
        ("authorization", "Bearer word"),
        ("content-type", "application/json"),
        ("ce-specversion", "1.0"),
        ("ce-id", "1"),
        ("ce-source", "/crm/ana%40example.com"),
        ("ce-type", "t"),
    ];
    let binary = run(&source, &post(&headers, bare.to_string()));
    assert_eq!(ids(&binary), ids(&structured));
    use base64::Engine as _;
    let data = base64::engine::general_purpose::STANDARD.encode(bare.to_string());
    let encoded = json!({"specversion": "1.0", "id": "1", "source": "/crm/ana@example.com", "type": "t", "data_base64": data});
    assert_eq!(
        ids(&run(&source, &send("application/cloudevents+json", &encoded.to_string()))),
        ids(&structured)
    );
    let empty = json!({"specversion": "1.0", "id": "1", "source": "/s", "type": "t"});
    let outcome = run(&source, &send("application/cloudevents+json", &empty.to_string()));
    assert_eq!(outcome.problems[0].pointer, "/data");
}

#[test]
fn a_token_of_another_source_opens_nothing() {
    let outcome = run(&crm(json!({"token": "other"})), &send("application/json", "[]"));
    assert_eq!(outcome.answer.status, 401);
    let two = crm(json!({"token": ["new", "word"]}));
    assert_eq!(run(&two, &send("application/json", "[]")).answer.status, 200);
}

#[test]
fn what_the_gate_would_not_read_is_told_here() {
    for (field, value) in [
        ("purpose", json!("marketing..news")),
        ("channel", json!("fax")),
        ("basis", json!("maybe")),
        ("event_id", json!("x".repeat(2_000))),
        ("occurred_at", json!("2026-11-24T09:59:50")),
        ("evidence", json!("none")),
    ] {
        let mut one = change("a");
        one[field] = value;
        let body = json!({"type": "t", "timestamp": "x", "data": one}).to_string();
        let outcome = run(&crm(json!({})), &send("application/json", &body));
        let told: Vec<_> =
            outcome.problems.iter().map(|one| (one.pointer.as_str(), one.class)).collect();
        let pointer = format!("/data/{field}");
        assert_eq!(told, [(pointer.as_str(), ProblemClass::RefusedByReader)]);
    }
    let mut nobody = change("a");
    nobody["contact_id"] = Value::Null;
    nobody["address"] = "no address".into();
    let outcome = run(&crm(json!({})), &send("application/json", &nobody.to_string()));
    assert_eq!(outcome.problems[0].pointer, "/address");
}

#[test]
fn a_page_of_ours_has_its_records_read_back_too() {
    let outcome = run(&crm(json!({})), &send("application/json", &change("a").to_string()));
    let record = outcome.records[0].record.clone();
    assert_eq!(gate_intake::accept(0, record.clone(), b"").unwrap().json, outcome.records[0].json);
    let broken = gate_codec::ConsentChangeRecord { channel: Some("fax".into()), ..record };
    assert_eq!(gate_intake::accept(0, broken, b"").unwrap_err().pointer, "/channel");
}

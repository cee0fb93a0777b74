//! Decision cases with one message and with several: what the gate approved before counts.

use crate::people::{Plain, policies};
use gate_engine::{CaseError, CaseRunner, Verdict};
use gate_policy::RawCase;
use serde_json::{Value, json};

pub(crate) fn consent() -> Value {
    json!({
        "event_id": "e1", "occurred_at": "2026-01-10T10:00:00Z", "action": "opt_in", "channel": "email",
        "contact_id": "ben", "address": "ben@example.net", "controller": "acme-ltd", "brand": "acme",
        "purpose": "marketing", "basis": "express",
        "evidence": {
            "method": "web_form", "notice_version": "n-1", "notice_text_sha256": "9c1f",
            "source": "https://shop.example/newsletter", "locale": "en",
        },
    })
}

/// To somebody whose jurisdiction nobody knows: one a day.
pub(crate) fn message(id: &str) -> Value {
    json!({
        "message_id": id, "channel": "email", "category": "marketing", "purpose": "marketing.offers",
        "controller": "acme-ltd", "brand": "acme", "product_group": "tents",
        "content": {
            "sender_identity": true, "postal_address": true, "unsubscribe": true, "promotional": true,
        },
        "recipient": {"contact_id": "ben", "address": "ben@example.net"},
    })
}

fn said(at: &str, id: &str, event: Value) -> Value {
    let mut all = json!({
        "event_id": id, "occurred_at": at, "channel": "email", "contact_id": "ben",
        "address": "ben@example.net", "controller": "acme-ltd", "brand": "acme", "purpose": "marketing",
    });
    let fields = event.as_object().unwrap().clone();
    all.as_object_mut().unwrap().extend(fields);
    all
}

fn case(fields: Value) -> RawCase {
    RawCase { line: 1, fields: fields.as_object().unwrap().clone() }
}

fn run(fields: Value) -> Result<Vec<Verdict>, CaseError> {
    CaseRunner::new(policies(), Plain).unwrap().run(&case(fields))
}

fn reasons(fields: Value) -> Vec<&'static str> {
    run(fields).unwrap().iter().map(|verdict| verdict.decision.reason().code()).collect()
}

fn several(history: Value, messages: &[(&str, Value)]) -> Value {
    let messages: Vec<Value> = messages
        .iter()
        .map(|(at, message)| json!({"at": at, "message": message, "expected": "approved"}))
        .collect();
    json!({"history": history, "messages": messages})
}

const APPROVED: &str = "approved.express_consent";
const CAP: &str = "blocked.frequency_cap";

#[test]
fn what_was_approved_before_counts() {
    let sequence = several(
        json!([consent()]),
        &[
            ("2026-03-02T12:00:00Z", message("m1")),
            ("2026-03-02T18:00:00Z", message("m2")),
            // once more: it is not counted against itself
            ("2026-03-02T18:00:01Z", message("m1")),
            ("2026-03-03T11:59:59Z", message("m3")),
            ("2026-03-03T18:00:01Z", message("m4")),
        ],
    );
    assert_eq!(reasons(sequence), [APPROVED, CAP, APPROVED, CAP, APPROVED]);
    // approved again it counts from then on
    let sequence = several(
        json!([consent()]),
        &[
            ("2026-03-02T12:00:00Z", message("m1")),
            ("2026-03-02T18:00:00Z", message("m1")),
            ("2026-03-03T12:00:00Z", message("m2")),
            ("2026-03-03T18:00:00Z", message("m2")),
        ],
    );
    assert_eq!(reasons(sequence), [APPROVED, APPROVED, CAP, APPROVED]);
}

/// An event counts from its receipt, else from when it happened; a case with one message has received all of it.
#[test]
fn events_arrive_between_messages() {
    let stop = |at, more: Value| {
        let mut event = said(at, "e2", json!({"action": "opt_out"}));
        event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        event
    };
    let at_noon = |history: Value| {
        several(
            history,
            &[("2026-03-02T12:00:00Z", message("m1")), ("2026-03-04T12:00:00Z", message("m2"))],
        )
    };
    let out = "blocked.opted_out";
    assert_eq!(
        reasons(at_noon(json!([consent(), stop("2026-03-03T12:00:00Z", json!({}))]))),
        [APPROVED, out]
    );
    assert_eq!(
        reasons(at_noon(json!([consent(), stop("2026-03-02T12:00:00Z", json!({}))]))),
        [out, out]
    );
    let late = json!({"received_at": "2026-03-02T12:00:01Z"});
    assert_eq!(
        reasons(at_noon(json!([consent(), stop("2026-03-01T12:00:00Z", late)]))),
        [APPROVED, out]
    );
    let never =
        run(at_noon(json!([consent(), stop("2026-03-05T12:00:00Z", json!({}))]))).unwrap_err();
    assert!(never.to_string().starts_with("history[1] arrives after the last message"), "{never}");
    let one = json!({
        "now": "2026-03-02T12:00:00Z", "message": message("m1"),
        "history": [consent(), stop("2026-03-02T12:03:00Z", json!({}))],
    });
    assert_eq!(reasons(one), [out]);
}

#[test]
fn a_confirmation_and_a_request_go_out_once() {
    let confirmation = |id| {
        let mut message = message(id);
        message["category"] = "optout_confirmation".into();
        message["content"]["promotional"] = false.into();
        message
    };
    let stop = said("2026-03-02T11:59:00Z", "e2", json!({"action": "opt_out"}));
    let sequence = several(
        json!([consent(), stop]),
        &[
            ("2026-03-02T12:00:00Z", confirmation("c1")),
            ("2026-03-02T12:00:30Z", confirmation("c2")),
            ("2026-03-02T12:01:00Z", confirmation("c1")),
        ],
    );
    let confirmed = "approved.optout_confirmation";
    assert_eq!(reasons(sequence), [confirmed, "blocked.confirmation_duplicate", confirmed]);
}

#[test]
fn what_is_no_case_says_why() {
    let at = "2026-03-02T12:00:00Z";
    let item = || json!({"at": at, "message": message("m1"), "expected": "approved"});
    for (fields, says) in [
        (json!({"message": message("m1")}), "`now` must be RFC 3339 with an offset"),
        (json!({"now": at}), "`message` must be an object"),
        (json!({"now": at, "message": message("m1"), "history": 1}), "`history` must be a list"),
        (json!({"messages": []}), "at least one message"),
        (json!({"messages": {}}), "must be a list"),
        (json!({"messages": [item()], "now": at}), "not both"),
        (json!({"messages": [item()], "expected": "approved"}), "not both"),
        (json!({"messages": [1]}), "messages[0]: must be an object"),
        (json!({"messages": [item(), {"at": "noon"}]}), "messages[1]: `at` must be RFC 3339"),
        (json!({"messages": [item(), {"at": at}]}), "messages[1]: `message` must be an object"),
        (
            json!({"messages": [item(), {"at": "2026-03-02T11:59:59Z", "message": message("m2")}]}),
            "messages[1]: `at` is before that of the message before it",
        ),
        (
            json!({"now": at, "message": message("m1"), "history": [{"received_at": "soon"}]}),
            "history[0]: `received_at` must be RFC 3339",
        ),
        (
            json!({"now": at, "message": message("m1"), "history": [{"action": "opt_ouch"}]}),
            "history[0] cannot be read, nor whose it is",
        ),
    ] {
        let error = run(fields).unwrap_err().to_string();
        assert!(error.contains(says), "{error}");
    }
    let runner = CaseRunner::new(policies(), Plain).unwrap();
    for (field, value, says) in [
        ("expected", json!("sent"), "messages[0]: `expected` must be"),
        ("not_before", json!("soon"), "messages[0]: `not_before` must be"),
    ] {
        let mut item = item();
        item[field] = value;
        let error = runner.expected(&case(json!({"messages": [item]}))).unwrap_err().to_string();
        assert!(error.contains(says), "{error}");
    }
    // a message that cannot be read is an answer, and says of what class it is
    let mut unread = message("m1");
    unread["channel"] = 7.into();
    let verdict = run(json!({"now": at, "message": unread})).unwrap().remove(0);
    assert_eq!(verdict.decision.reason().code(), "blocked.invalid_message");
    assert!(verdict.remarks[0].starts_with("the message cannot be read"), "{:?}", verdict.remarks);
}

#[test]
fn every_record_that_is_odd_is_remarked_on() {
    let remarks = |history: Value| {
        let fields = json!({
            "now": "2026-03-02T12:00:00Z", "message": message("m1"), "history": history,
        });
        let verdict = run(fields).unwrap().remove(0);
        (verdict.decision.reason().code(), verdict.remarks.join("; "))
    };
    let unread = json!({"contact_id": "ben", "action": "opt_ouch"});
    let (reason, remark) = remarks(json!([consent(), unread]));
    assert_eq!(reason, "blocked.consent_unreadable");
    assert!(remark.starts_with("history[1] cannot be read"), "{remark}");
    let half =
        said("2026-03-01T12:00:00Z", "e2", json!({"action": "opt_out", "address": "no address"}));
    let (reason, remark) = remarks(json!([consent(), half]));
    assert_eq!(reason, "blocked.opted_out");
    assert!(remark.contains("applied to its contact alone"), "{remark}");
}

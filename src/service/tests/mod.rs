//! The whole gate against librdkafka's mock cluster: reader, barrier, lanes and their threads in seconds and without a
//! JVM. The mock shows what an aborted transaction wrote, and does not keep the offsets of one (a gate that starts decides
//! all over again, with the same answers): what only real brokers do is in `tests/kafka`.

mod answers;
mod cluster;
mod lane;
mod reader;

use cluster::{Cluster, Gate};
use serde_json::{Value, json};

/// A service message to somebody, which needs no consent and is stopped by nothing but doubt.
fn service(id: &str, contact: &str) -> Value {
    json!({
        "message_id": id, "channel": "email", "category": "transactional",
        "purpose": "service.order", "controller": "shop",
        "content": {"promotional": false, "sender_identity": true},
        "recipient": {"contact_id": contact, "address": address(contact), "jurisdiction": "GB"},
    })
}

/// A newsletter to somebody.
fn newsletter(id: &str, contact: &str) -> Value {
    json!({
        "message_id": id, "channel": "email", "category": "marketing",
        "purpose": "marketing.newsletter", "controller": "shop", "brand": "tents",
        "content": {
            "promotional": true, "sender_identity": true, "postal_address": true, "unsubscribe": true,
            "one_click": true,
        },
        "recipient": {"contact_id": contact, "address": address(contact), "jurisdiction": "GB"},
    })
}

fn change(id: &str, contact: &str, action: &str) -> Value {
    json!({
        "event_id": id, "occurred_at": jiff::Timestamp::now().to_string(), "action": action,
        "contact_id": contact, "controller": "shop", "brand": "tents", "channel": "email",
        "address": address(contact),
    })
}

fn opt_in(id: &str, contact: &str) -> Value {
    let mut change = change(id, contact, "opt_in");
    change["purpose"] = json!("marketing");
    change["basis"] = json!("express");
    change["evidence"] = json!({"method": "web_form", "notice_version": "2026-05", "locale": "en"});
    change
}

fn address(contact: &str) -> String {
    format!("{contact}@example.com")
}

//! The cast: who they are, what they did, and what the gate must decide.

use serde_json::{Value, json};

const CONTROLLER: &str = "tents-ltd";
const BRAND: &str = "tents";

/// One message with the history that decides it.
pub(super) struct Scene {
    pub(super) who: &'static str,
    pub(super) story: &'static str,
    pub(super) message_label: &'static str,
    pub(super) expected: &'static str,
    /// Consent changes before the message.
    pub(super) before: Vec<Value>,
    pub(super) message: Value,
    /// Consent changes while the message waits in the queue.
    pub(super) while_queued: Vec<Value>,
}

impl Scene {
    /// The message's id.
    pub(super) fn message_id(&self) -> &str {
        self.message.get("message_id").and_then(Value::as_str).unwrap_or_default()
    }
}

fn now(seconds_ago: i64) -> String {
    let at = jiff::Timestamp::now();
    at.checked_sub(jiff::SignedDuration::from_secs(seconds_ago)).unwrap_or(at).to_string()
}

fn email_of(who: &str) -> String {
    format!("{who}@example.com")
}

fn change(who: &str, action: &str, seconds_ago: i64, more: &Value) -> Value {
    let mut change = json!({
        "event_id": format!("demo-{who}-{action}-{seconds_ago}"),
        "occurred_at": now(seconds_ago),
        "action": action,
        "contact_id": who,
        "controller": CONTROLLER,
        "brand": BRAND,
    });
    if let (Some(change), Some(more)) = (change.as_object_mut(), more.as_object()) {
        change.extend(more.clone());
    }
    change
}

fn opt_in(who: &str, channel: &str, address: &str) -> Value {
    let evidence = json!({"method": "web_form", "notice_version": "2026-05", "locale": "en"});
    let more = json!({
        "event_id": format!("demo-{who}-opt-in-{channel}"),
        "channel": channel, "address": address, "purpose": "marketing", "basis": "express",
        "evidence": evidence,
    });
    change(who, "opt_in", 86_400, &more)
}

fn newsletter(who: &str, channel: &str, address: &str) -> Value {
    json!({
        "message_id": format!("demo-{who}-{channel}"),
        "channel": channel,
        "category": "marketing",
        "purpose": "marketing.newsletter",
        "controller": CONTROLLER,
        "brand": BRAND,
        "product_group": "tents",
        "sender_number": "+447700900001",
        "content": {
            "promotional": true, "sender_identity": true, "postal_address": true, "unsubscribe": true
        },
        "recipient": {"contact_id": who, "address": address, "jurisdiction": "GB"},
    })
}

/// Everybody, in the order of the table.
pub(super) fn scenes() -> Vec<Scene> {
    let ana = email_of("ana");
    let ana_phone = "+447700900101";
    let ana_history = vec![
        opt_in("ana", "email", &ana),
        opt_in("ana", "sms", ana_phone),
        change("ana", "opt_out", 3_600, &json!({"channel": "sms", "address": ana_phone})),
    ];
    let chloe = email_of("chloe");
    let dev = email_of("dev");
    let eve = email_of("eve");
    let farid_phone = "+447700900106";
    let purchase = json!({
        "address": chloe, "kind": "purchase",
        "context": {
            "details_obtained_directly": true, "refusal_offered_at_collection": true,
            "refused": false, "product_group": "tents"
        },
    });
    let mut receipt = newsletter("eve", "email", &eve);
    if let Some(receipt) = receipt.as_object_mut() {
        receipt.insert("message_id".into(), "demo-eve-receipt".into());
        receipt.insert("category".into(), "transactional".into());
        receipt.insert("purpose".into(), "service.order".into());
        receipt.insert("content".into(), json!({"promotional": false, "sender_identity": true}));
    }
    let scene = |who, story, message_label, expected, before, message| Scene {
        who,
        story,
        message_label,
        expected,
        before,
        message,
        while_queued: Vec::new(),
    };
    let mut scenes = vec![
        scene(
            "Ana",
            "agreed to e-mail and SMS, then opted out of SMS only",
            "newsletter by e-mail",
            "approved.express_consent",
            ana_history,
            newsletter("ana", "email", &ana),
        ),
        scene(
            "Ana",
            "the same",
            "newsletter by SMS",
            "blocked.opted_out",
            vec![],
            newsletter("ana", "sms", ana_phone),
        ),
        scene(
            "Ben",
            "was never asked",
            "newsletter",
            "blocked.no_consent",
            vec![],
            newsletter("ben", "email", &email_of("ben")),
        ),
        scene(
            "Chloé",
            "bought a tent, was offered a refusal and did not refuse: soft opt-in",
            "newsletter",
            "approved.soft_opt_in",
            vec![change("chloe", "relationship", 86_400, &purchase)],
            newsletter("chloe", "email", &chloe),
        ),
        scene(
            "Dev",
            "was erased; an old list brings his address back under a new id",
            "newsletter",
            "blocked.suppressed_address",
            vec![
                opt_in("dev", "email", &dev),
                change("dev", "erase", 7_200, &json!({"address": dev})),
                change(
                    "dev-import",
                    "relationship",
                    3_600,
                    &json!({"address": dev, "kind": "interest"}),
                ),
            ],
            newsletter("dev-import", "email", &dev),
        ),
        scene(
            "Eve",
            "agreed, then reported spam",
            "newsletter",
            "blocked.complaint",
            vec![
                opt_in("eve", "email", &eve),
                change("eve", "complaint", 1_800, &json!({"address": eve, "channel": "email"})),
            ],
            newsletter("eve", "email", &eve),
        ),
        scene("Eve", "the same", "order receipt", "approved.transactional", vec![], receipt),
        scene(
            "Farid",
            "agreed, then texted STOP while his message was queued",
            "newsletter by SMS",
            "blocked.opted_out",
            vec![opt_in("farid", "sms", farid_phone)],
            newsletter("farid", "sms", farid_phone),
        ),
    ];
    let stop = json!({"address": farid_phone, "text": "Stop!", "to": "+447700900001"});
    if let Some(farid) = scenes.last_mut() {
        farid.while_queued.push(change("farid", "inbound_sms", 0, &stop));
    }
    scenes
}

/// Somebody who can change their mind while the demo runs.
#[derive(Clone, Debug)]
pub(super) struct Person {
    /// The key that does it.
    pub(super) key: char,
    /// As it is shown.
    pub(super) name: &'static str,
    /// The contact id.
    contact: &'static str,
    /// Whether newsletters are approved after the scenes.
    pub(super) is_in: bool,
}

/// Those with a key of their own.
pub(super) fn people() -> Vec<Person> {
    let person = |key, name, contact, is_in| Person { key, name, contact, is_in };
    vec![
        person('a', "Ana", "ana", true),
        person('b', "Ben", "ben", false),
        person('c', "Chloé", "chloe", true),
    ]
}

impl Person {
    /// What the ids of messages begin with that are sent again.
    pub(super) fn message_prefix(&self) -> String {
        format!("demo-{}-again-", self.contact)
    }

    /// The `n`th change of mind: an opt-in or an opt-out of e-mail.
    pub(super) fn change(&self, n: usize, is_in: bool) -> Value {
        let address = email_of(self.contact);
        let mut change = if is_in {
            opt_in(self.contact, "email", &address)
        } else {
            let more = json!({"channel": "email", "address": address});
            change(self.contact, "opt_out", 0, &more)
        };
        if let Some(change) = change.as_object_mut() {
            change.insert("event_id".into(), format!("demo-{}-change-{n}", self.contact).into());
            change.insert("occurred_at".into(), now(0).into());
        }
        change
    }

    /// The newsletter once more, under an id of its own.
    pub(super) fn newsletter(&self, n: usize) -> Value {
        let mut message = newsletter(self.contact, "email", &email_of(self.contact));
        if let Some(message) = message.as_object_mut() {
            message.insert("message_id".into(), format!("{}{n}", self.message_prefix()).into());
        }
        message
    }
}

/// A message for whoever tries a producer of their own.
pub(super) fn sample() -> Value {
    let mut message = newsletter("zoe", "email", &email_of("zoe"));
    if let Some(message) = message.as_object_mut() {
        message.insert("message_id".into(), "mine-1".into());
    }
    message
}

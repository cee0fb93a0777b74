//! People, consent changes and messages, built by hand from the public contract (sections 2 and 3).
//!
//! Nothing here uses the gate's own types: if the gate and the contract part, the tests must notice.

use serde_json::{Map, Value, json};

/// A person with one e-mail address.
#[derive(Clone, Debug)]
pub(crate) struct Contact {
    pub(crate) id: String,
    pub(crate) address: String,
}

/// `n` people whose ids start with `prefix`.
pub(crate) fn contacts(prefix: &str, n: usize) -> Vec<Contact> {
    (0..n).map(|i| Contact::new(&format!("{prefix}-{i}"))).collect()
}

impl Contact {
    /// A person of that id.
    pub(crate) fn new(id: &str) -> Self {
        Self { id: id.to_owned(), address: format!("{id}@mail.example.org") }
    }

    /// An express opt-in to the newsletter by e-mail, with complete evidence.
    pub(crate) fn opt_in(&self, event_id: &str, occurred_at: jiff::Timestamp) -> Value {
        json!({
            "event_id": event_id,
            "occurred_at": occurred_at.to_string(),
            "action": "opt_in",
            "contact_id": self.id,
            "address": self.address,
            "channel": "email",
            "purpose": "marketing.newsletter",
            "controller": "acme-ltd",
            "brand": "acme",
            "basis": "express",
            "evidence": { "method": "web_form", "notice_version": "2026-01" },
        })
    }

    /// A refusal in one of the forms it comes in.
    pub(crate) fn refusal(&self, form: Refusal, event_id: &str, at: jiff::Timestamp) -> Value {
        let mut change = Map::new();
        change.insert("event_id".to_owned(), event_id.into());
        change.insert("occurred_at".to_owned(), at.to_string().into());
        change.insert("action".to_owned(), form.action().into());
        if form != Refusal::AddressOnly {
            change.insert("contact_id".to_owned(), self.id.as_str().into());
        }
        if matches!(form, Refusal::Full | Refusal::AddressOnly) {
            change.insert("address".to_owned(), self.address.as_str().into());
            change.insert("channel".to_owned(), "email".into());
        }
        if form == Refusal::Full {
            change.insert("purpose".to_owned(), "marketing".into());
            change.insert("controller".to_owned(), "acme-ltd".into());
            change.insert("brand".to_owned(), "acme".into());
        }
        Value::Object(change)
    }

    /// A newsletter with all required elements; `padding` bytes of content that the gate never reads.
    pub(crate) fn message(&self, message_id: &str, padding: usize) -> Value {
        let mut message = json!({
            "message_id": message_id,
            "channel": "email",
            "category": "marketing",
            "purpose": "marketing.newsletter",
            "controller": "acme-ltd",
            "brand": "acme",
            "content": {
                "promotional": true,
                "sender_identity": true,
                "postal_address": true,
                "unsubscribe": true,
            },
            "recipient": { "contact_id": self.id, "address": self.address, "jurisdiction": "GB" },
        });
        if padding > 0 {
            message["body"] = "x".repeat(padding).into();
        }
        message
    }
}

/// How a refusal is stated. Every form forbids the newsletter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// Contact, address, channel, parent purpose, controller, brand.
    Full,
    /// Only the contact id: a missing scope means everything.
    ContactOnly,
    /// Only the address, in a record whose key says nothing about the contact.
    AddressOnly,
    /// An objection to direct marketing.
    Objection,
    /// A spam report.
    Complaint,
}

impl Refusal {
    /// Every form.
    pub(crate) const ALL: [Self; 5] =
        [Self::Full, Self::ContactOnly, Self::AddressOnly, Self::Objection, Self::Complaint];

    /// One of the forms, in turn.
    pub(crate) fn nth(n: usize) -> Self {
        Self::ALL[n % Self::ALL.len()]
    }

    fn action(self) -> &'static str {
        match self {
            Self::Full | Self::ContactOnly | Self::AddressOnly => "opt_out",
            Self::Objection => "object",
            Self::Complaint => "complaint",
        }
    }

    /// The record key it is produced with.
    pub(crate) fn key(self, contact: &Contact, n: usize) -> Vec<u8> {
        match self {
            Self::AddressOnly => format!("preference-page-{n}").into_bytes(),
            _ => contact.id.clone().into_bytes(),
        }
    }
}

/// A day ago: when the opt-ins happened.
pub(crate) fn yesterday() -> jiff::Timestamp {
    let day = jiff::SignedDuration::from_hours(24);
    jiff::Timestamp::now().checked_sub(day).expect("there was a yesterday")
}

/// JSON bytes.
pub(crate) fn bytes(value: &Value) -> Vec<u8> {
    serde_json::to_vec(value).expect("a JSON value can be written")
}

//! From a record of Kafka to its leaves: one for each decision of a record of the decision log, one for a consent change.
//!
//! What a leaf of a decision commits to is the JSON that `tap --json` and the header `gate-decision` say of it, with the keyed
//! hashes of contact and address. That of a consent change is its time and the hashes of its key and value: whoever checks it
//! has the record. Both are written in one form (`canonical_json`), and a test pins them down: they must never change for
//! records that are there already.

use gate_ledger::{Entry, Hash, Kind, Place, Salt, canonical_json, commitment, sha256};
use gate_log::{DecisionBatch, hex};
use serde_json::{Value, json};

/// A record as Kafka has it.
#[derive(Clone, Copy, Debug)]
pub struct Raw<'r> {
    /// Topic.
    pub topic: &'r str,
    /// Partition.
    pub partition: i32,
    /// Offset.
    pub offset: i64,
    /// Record time.
    pub timestamp_ms: i64,
    /// Key.
    pub key: Option<&'r [u8]>,
    /// Value.
    pub value: Option<&'r [u8]>,
}

/// What will be an entry once it has a salt.
#[derive(Clone, Debug, PartialEq)]
pub struct Leaf {
    /// What it is about.
    pub kind: Kind,
    /// Where that stands.
    pub place: Place,
    /// Of a decision: where its message stands.
    pub about: Option<String>,
    /// What it says, in its one form.
    pub content: Vec<u8>,
}

impl Leaf {
    /// Its entry with this salt.
    #[must_use]
    pub fn entry(&self, salt: &Salt) -> Entry {
        let Self { kind, place, about, content } = self;
        let (place, about) = (place.clone(), about.clone());
        Entry { kind: *kind, place, about, commitment: commitment(salt, content) }
    }

    /// Whether this entry commits to it, wherever it stands.
    #[must_use]
    pub fn is_said_by(&self, entry: &Entry, salt: &Salt) -> bool {
        self.kind == entry.kind
            && self.about == entry.about
            && commitment(salt, &self.content) == entry.commitment
    }
}

/// Of a record of the decision log: a leaf for each of its decisions, or one for the record if it is none.
#[must_use]
pub fn of_decisions(raw: &Raw<'_>) -> Vec<Leaf> {
    let batch = raw.value.and_then(|value| DecisionBatch::decode(value).ok());
    let Some(batch) = batch.filter(|batch| !batch.is_empty()) else {
        return vec![of_record(raw, Kind::Record)];
    };
    let leaves = batch.entries().zip(0u32..).map(|(entry, nth)| {
        let mut content = entry.to_json();
        if let Value::Object(members) = &mut content {
            for (name, key) in [("contact_key", entry.contact), ("address_key", entry.address)] {
                members.extend(key.map(|key| (name.to_owned(), Value::String(hex(key)))));
            }
        }
        Leaf {
            kind: Kind::Decision,
            place: place(raw, nth),
            about: Some(entry.source().to_string()),
            content: canonical_json(&content),
        }
    });
    leaves.collect()
}

/// Of a consent change, or of a record of the decision log that is none.
#[must_use]
pub fn of_record(raw: &Raw<'_>, kind: Kind) -> Leaf {
    let hash = |bytes: Option<&[u8]>| bytes.map(|bytes| sha256(&[bytes]).to_hex());
    let content = json!({
        "key": hash(raw.key), "timestamp_ms": raw.timestamp_ms, "value": hash(raw.value),
    });
    Leaf { kind, place: place(raw, 0), about: None, content: canonical_json(&content) }
}

/// That records were gone before the ledger came to them.
#[must_use]
pub fn of_gap(topic: &str, partition: i32, from: i64, to: i64) -> Leaf {
    let place = Place { topic: topic.to_owned(), partition, offset: from, nth: 0 };
    let content = canonical_json(&json!({"from": from, "to": to}));
    Leaf { kind: Kind::Gap, place, about: Some(to.to_string()), content }
}

fn place(raw: &Raw<'_>, nth: u32) -> Place {
    Place { topic: raw.topic.to_owned(), partition: raw.partition, offset: raw.offset, nth }
}

/// A salt from the system's randomness; `None` when it has none.
#[must_use]
pub fn salt() -> Option<Salt> {
    let mut salt = [0; 32];
    aws_lc_rs::rand::fill(&mut salt).ok()?;
    Some(Salt(salt))
}

/// What an entry commits to, when that is this record.
#[must_use]
pub fn content_of(entry: &Entry, raw: &Raw<'_>) -> Option<Leaf> {
    match entry.kind {
        Kind::Decision => of_decisions(raw).into_iter().find(|leaf| leaf.place == entry.place),
        Kind::Change | Kind::Record => Some(of_record(raw, entry.kind)),
        Kind::Gap => None,
    }
}

/// Hash of a leaf's content, for tests that pin it down.
#[must_use]
pub fn digest(leaf: &Leaf) -> Hash {
    sha256(&[&leaf.content])
}

#[cfg(test)]
#[path = "leaf_tests.rs"]
mod tests;

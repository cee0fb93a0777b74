//! What several pages show: outcomes with their reason, places in Kafka, rows of decisions, errors of fields.

use serde::{Deserialize, Serialize};

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// It may go out.
    Approved,
    /// It may not.
    Blocked,
    /// Not yet.
    Deferred,
}

impl Outcome {
    /// The word in addresses and filters: `approved`.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Approved => "approved",
            Self::Blocked => "blocked",
            Self::Deferred => "deferred",
        }
    }

    /// The mark's name, which is the colour's class too.
    pub(crate) fn mark(self) -> &'static str {
        match self {
            Self::Approved => "ok",
            Self::Blocked => "no",
            Self::Deferred => "later",
        }
    }

    /// The id of the word on pages.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Approved => "outcome-approved",
            Self::Blocked => "outcome-blocked",
            Self::Deferred => "outcome-deferred",
        }
    }

    /// The id of the short answer to "may we?".
    pub(crate) fn answer(self) -> &'static str {
        match self {
            Self::Approved => "answer-yes",
            Self::Blocked => "answer-no",
            Self::Deferred => "answer-later",
        }
    }
}

/// Why a message got its outcome.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// What became of the message.
    pub outcome: Outcome,
    /// The code: `blocked.opted_out`.
    pub code: String,
    /// The code's meaning, one sentence in the page's language: "An opt-out covers the message."
    pub sentence: String,
    /// Whether somebody of the senders should mend something (a missing element, a stale register).
    pub fix_me: bool,
}

/// A record in Kafka.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// Its topic.
    pub topic: String,
    /// Its partition.
    pub partition: u32,
    /// Its offset.
    pub offset: u64,
}

impl Place {
    /// The address of the decision about this record.
    pub(crate) fn decision_href(&self) -> String {
        format!("/decisions/{}/{}/{}", encoded(&self.topic), self.partition, self.offset)
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}/{}", self.topic, self.partition, self.offset)
    }
}

/// One decision in a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DecisionRow {
    /// The message, which names its decision.
    pub place: Place,
    /// When the gate decided, RFC 3339.
    pub decided_at: String,
    /// Code of the channel: `sms`.
    pub channel: String,
    /// What the message is for: `marketing.newsletter`, or in words; may be empty.
    pub purpose: String,
    /// The campaign, if messages name one.
    pub campaign: Option<String>,
    /// The brand, if messages name one.
    pub brand: Option<String>,
    /// Whose law was applied: `GB`.
    pub jurisdictions: Vec<String>,
    /// Outcome and why.
    pub reason: Reason,
    /// Deferred: not before this instant, RFC 3339.
    pub not_before: Option<String>,
}

impl DecisionRow {
    /// "winter-news · tents"
    pub(crate) fn about(&self) -> String {
        let both = [self.campaign.as_deref(), self.brand.as_deref()];
        both.into_iter().flatten().collect::<Vec<_>>().join(" · ")
    }

    /// "GB, FR"
    pub(crate) fn laws(&self) -> String {
        self.jurisdictions.join(", ")
    }
}

/// What is wrong with a field of a form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldError {
    /// The field's name in the form: `who`.
    pub field: String,
    /// What to do about it, one sentence in the page's language.
    pub sentence: String,
}

/// The sentence about a field, if something is wrong with it.
pub(crate) fn wrong<'e>(errors: &'e [FieldError], field: &str) -> Option<&'e str> {
    errors.iter().find(|e| e.field == field).map(|e| e.sentence.as_str())
}

/// A value to choose, with the words for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    /// What the form sends.
    pub value: String,
    /// What one reads.
    pub label: String,
}

/// The gate decides nothing: the banner of overview and intake.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// Why, one sentence in the page's language: "One consent record cannot be read, and nobody can tell whose it is."
    pub sentence: String,
    /// The code: `consent_poison`.
    pub code: String,
    /// Since when, RFC 3339.
    pub since: String,
    /// How many partitions are held.
    pub partitions: u32,
    /// How many there are.
    pub partitions_all: u32,
    /// Messages that wait, if known.
    pub waiting: Option<u64>,
    /// How long the oldest of them waits, in seconds.
    pub oldest_seconds: Option<u64>,
    /// The record that holds, if one does; linked for whoever may look at it.
    pub record: Option<Place>,
}

/// Text as one segment of a path or one value of a query: everything but letters, digits and `-._~` in percent.
pub(crate) fn encoded(text: &str) -> String {
    use std::fmt::Write as _;
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _never_fails = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// A query of the fields that are not empty: `?brand=tents&cursor=x`, or nothing.
pub(crate) fn query(fields: &[(&str, &str)]) -> String {
    let mut out = String::new();
    for (name, value) in fields.iter().filter(|(_, value)| !value.is_empty()) {
        out.push(if out.is_empty() { '?' } else { '&' });
        out.push_str(name);
        out.push('=');
        out.push_str(&encoded(value));
    }
    out
}

//! The two records as they are written: names, types and optionality of `schemas/*.avsc` and of JSON alike.
//!
//! Reading goes bytes → record (`read/mod.rs`) → core type (`convert.rs`); writing starts from a record built by
//! the demo or a test (`encode.rs`). Reading leaves out what the gate only carries. `Debug` is redacted.

use gate_core::Timestamp;
use gate_core::flags::CONTEXT_NAMES;
use std::borrow::Cow;
use std::fmt;

type Text<'a> = Option<Cow<'a, str>>;

/// A consent change as written. Fields as in `schemas/consent-change.avsc`.
#[derive(Clone, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "each field is documented in the schema of the same name")]
pub struct ConsentChangeRecord<'a> {
    pub event_id: Text<'a>,
    pub occurred_at: Option<Timestamp>,
    pub action: Text<'a>,
    pub contact_id: Text<'a>,
    pub address: Text<'a>,
    pub region: Text<'a>,
    pub channel: Text<'a>,
    pub purpose: Text<'a>,
    pub controller: Text<'a>,
    pub brand: Text<'a>,
    pub basis: Text<'a>,
    pub kind: Text<'a>,
    pub context: Option<ContextRecord<'a>>,
    pub evidence: Option<EvidenceRecord<'a>>,
    pub text: Text<'a>,
    pub to: Text<'a>,
    pub registry: Text<'a>,
    pub listed: Option<bool>,
    pub smtp: Text<'a>,
    /// For `complaint`: the feedback type. What is no text counts as absent.
    pub format: Text<'a>,
    pub scope: Text<'a>,
    /// Carried: written, never read.
    pub cause: Text<'a>,
    pub keep_suppression: Option<bool>,
    /// Days since 1970-01-01.
    pub birth_date: Option<i32>,
    /// For `sent`: the message that went out.
    pub message_id: Text<'a>,
    /// The system that says so: counted, never judged by.
    pub source: Text<'a>,
    /// Carried: written, never read.
    pub via: Text<'a>,
    pub expires_at: Option<Timestamp>,
    /// For `profile`: `person`, `business` or `sole_trader`.
    pub recipient_kind: Text<'a>,
    /// For `profile` and, in JSON, `address_changed`: what takes the place of `address`.
    pub new_address: Text<'a>,
}

/// What is known about a relationship.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct ContextRecord<'a> {
    /// Each of [`CONTEXT_NAMES`] in that order; `None` is unknown.
    pub flags: [Option<bool>; CONTEXT_NAMES.len()],
    /// What was bought.
    pub product_group: Text<'a>,
}

impl ContextRecord<'_> {
    /// Sets a flag by its name; `false` when there is none of that name.
    pub fn set(&mut self, name: &str, value: bool) -> bool {
        let at = CONTEXT_NAMES.iter().position(|flag| *flag == name);
        let slot = at.and_then(|at| self.flags.get_mut(at));
        slot.map(|flag| *flag = Some(value)).is_some()
    }
}

/// Proof of consent: a flat object of strings.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct EvidenceRecord<'a> {
    /// How consent was given.
    pub method: Text<'a>,
    /// The version of the text the person saw.
    pub notice_version: Text<'a>,
    /// A hash of that text.
    pub notice_text_sha256: Text<'a>,
    /// Where consent was given.
    pub source: Text<'a>,
    /// The language of the text.
    pub locale: Text<'a>,
    /// The registered template it was given for (India).
    pub template_id: Text<'a>,
    /// How it was signed (`e-sign` …); `"false"` is not.
    pub signature: Text<'a>,
    /// `"true"`: the number was named.
    pub number_named: Text<'a>,
    /// `"true"`: no condition of purchase.
    pub not_condition_of_purchase: Text<'a>,
    /// Further strings. Carried: written, never read.
    pub further: Vec<(Cow<'a, str>, Cow<'a, str>)>,
}

/// A candidate message as written. Fields as in `schemas/outbound-message.avsc`.
#[derive(Clone, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "each field is documented in the schema of the same name")]
pub struct OutboundMessageRecord<'a> {
    pub message_id: Text<'a>,
    pub channel: Text<'a>,
    pub category: Text<'a>,
    pub purpose: Text<'a>,
    pub controller: Text<'a>,
    pub brand: Text<'a>,
    pub sender_number: Text<'a>,
    pub product_group: Text<'a>,
    pub sole_charitable_purpose: Option<bool>,
    pub expires_at: Option<Timestamp>,
    pub content: Option<ContentRecord>,
    pub recipient: Option<RecipientRecord<'a>>,
    /// Carried: written, never read. Text, so that JSON and Avro can both carry it.
    pub body: Text<'a>,
    /// The attribute that names the campaign, as it was read; written among the others.
    pub campaign: Text<'a>,
    /// Carried: written, and read only for the campaign.
    pub attributes: Vec<(Cow<'a, str>, Cow<'a, str>)>,
}

/// What the sender declares about the content.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "each field is documented in the schema of the same name")]
pub struct ContentRecord {
    pub promotional: Option<bool>,
    pub sender_identity: Option<bool>,
    pub postal_address: Option<bool>,
    pub unsubscribe: Option<bool>,
    pub one_click: Option<bool>,
    pub contact_address: Option<bool>,
    pub ad_label: Option<bool>,
    pub template_id: Option<bool>,
    pub header_id: Option<bool>,
    pub bulk: Option<bool>,
}

/// Who it is for.
#[derive(Clone, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "each field is documented in the schema of the same name")]
pub struct RecipientRecord<'a> {
    pub contact_id: Text<'a>,
    pub address: Text<'a>,
    pub region: Text<'a>,
    pub tz: Text<'a>,
    pub jurisdiction: Text<'a>,
    pub jurisdiction_verified: Option<bool>,
    pub jurisdiction_verified_at: Option<Timestamp>,
    pub kind: Text<'a>,
}

macro_rules! redacted {
    ($($name:ident),*) => {$(
        impl fmt::Debug for $name<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(redacted)"))
            }
        }
    )*};
}
redacted!(
    ConsentChangeRecord,
    ContextRecord,
    EvidenceRecord,
    OutboundMessageRecord,
    RecipientRecord
);

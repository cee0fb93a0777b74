//! One decision of a record, and the JSON that its header would have said.

use crate::batch::{ADDRESS_BYTES, CONTACT_BYTES, Context, DecisionBatch, EVIDENCE_BYTES, Instant};
use crate::header::BatchJson;
use crate::instant::{hex, rfc3339};
use crate::shape::Shape;
use crate::source::SourceRef;
use gate_core::{SubjectKey, Timestamp};
use serde::Serialize;
use serde_json::{Map, Value};

/// One decision of a record.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'b> {
    batch: &'b DecisionBatch<'b>,
    /// Offset of its message.
    pub offset: i64,
    /// Id of its message.
    pub message_id: Option<&'b str>,
    /// What it says.
    pub shape: &'b Shape<'b>,
    /// Whom the message was for.
    pub context: &'b Context<'b>,
    /// Beginning of the contact's key.
    pub contact: Option<&'b [u8]>,
    /// Beginning of the address's key.
    pub address: Option<&'b [u8]>,
    /// Beginning of the proving event's key.
    pub evidence: Option<&'b [u8]>,
    /// When the message may go out, if it is deferred.
    pub not_before: Option<Timestamp>,
    /// When the registry was asked whose answer has allowed it.
    pub registry_checked_at: Option<Timestamp>,
}

impl DecisionBatch<'_> {
    /// The decisions, in the order of the columns.
    pub fn entries(&self) -> impl Iterator<Item = Entry<'_>> {
        let mut offset = self.first_offset;
        // sorted by place, and hardly ever any: walked along
        let mut not_before = self.not_before.iter().peekable();
        let mut checked = self.registry_checked_at.iter().peekable();
        (0..self.len()).filter_map(move |nth| {
            offset += i64::from(*self.offsets.get(nth)?);
            let at = |of: &mut std::iter::Peekable<std::slice::Iter<'_, Instant>>| {
                let is_it = |it: &&Instant| usize::try_from(it.nth) == Ok(nth);
                of.next_if(is_it).map(|it| Timestamp::from_micros(it.at))
            };
            Some(Entry {
                batch: self,
                offset,
                message_id: self.message_ids.get(nth)?.as_deref(),
                shape: self.shapes.get(usize::try_from(*self.shape.get(nth)?).ok()?)?,
                context: self.contexts.get(usize::try_from(*self.context.get(nth)?).ok()?)?,
                contact: cell(&self.contacts, nth, CONTACT_BYTES),
                address: cell(&self.addresses, nth, ADDRESS_BYTES),
                evidence: cell(&self.evidence, nth, EVIDENCE_BYTES),
                not_before: at(&mut not_before),
                registry_checked_at: at(&mut checked),
            })
        })
    }
}

/// The `nth` of a column of keys; zeros stand for none.
fn cell(column: &[u8], nth: usize, len: usize) -> Option<&[u8]> {
    let key = column.get(nth * len..(nth + 1) * len)?;
    key.iter().any(|byte| *byte != 0).then_some(key)
}

impl<'b> Entry<'b> {
    /// The record it stands in.
    #[must_use]
    pub fn batch(&self) -> &'b DecisionBatch<'b> {
        self.batch
    }

    /// Where its message stands; also its id.
    #[must_use]
    pub fn source(&self) -> SourceRef<'b> {
        SourceRef {
            topic: &self.batch.source_topic,
            partition: self.batch.source_partition,
            record_offset: self.offset,
        }
    }

    /// Whether it is about this contact.
    #[must_use]
    pub fn is_of_contact(&self, key: SubjectKey) -> bool {
        self.contact.is_some_and(|prefix| key.0.starts_with(prefix))
    }

    /// Whether it is about this address.
    #[must_use]
    pub fn is_of_address(&self, key: SubjectKey) -> bool {
        self.address.is_some_and(|prefix| key.0.starts_with(prefix))
    }

    /// What `gate-decision` says of it with `decisions.header: full`, but for `evidence`, which is shorter here, and with what
    /// the header has no place for: purpose, brand, controller, campaign, instance and version.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut out = Map::new();
        let mut put = |name: &str, value: Option<Value>| {
            if let Some(value) = value {
                out.insert(name.to_owned(), value);
            }
        };
        let text = |text: Option<&str>| text.map(|text| Value::String(text.to_owned()));
        put("decision_id", text(Some(&self.source().to_string())));
        put("message_id", Some(text(self.message_id).unwrap_or(Value::Null)));
        flatten(&self.shape.verdict(), &mut put);
        put("evidence", text(self.evidence.map(hex).as_deref()));
        put("not_before", text(self.not_before.map(rfc3339).as_deref()));
        flatten(&self.shape.considered(), &mut put);
        put("registry_checked_at", text(self.registry_checked_at.map(rfc3339).as_deref()));
        flatten(
            &BatchJson {
                policy_revision: &self.batch.policy_revision,
                tz_version: &self.batch.tz_version,
                consent_topic: &self.batch.consent_topic,
                consent_position: &self.batch.consent_position,
                evaluated_at: rfc3339(Timestamp::from_micros(self.batch.evaluated_at)),
            },
            &mut put,
        );
        let Context { purpose, brand, controller, campaign, probe } = self.context;
        put("purpose", text(purpose.as_deref()));
        put("brand", text(brand.as_deref()));
        put("controller", text(controller.as_deref()));
        put("campaign", text(campaign.as_deref()));
        put("instance", text(Some(&self.batch.instance)));
        put("gate_version", text(Some(&self.batch.gate_version)));
        put("probe", probe.then_some(Value::Bool(true)));
        put("reconstructed", self.shape.is_reconstructed.then_some(Value::Bool(true)));
        Value::Object(out)
    }
}

fn flatten(object: &impl Serialize, put: &mut impl FnMut(&str, Option<Value>)) {
    // structs of strings and numbers always become objects
    if let Ok(Value::Object(object)) = serde_json::to_value(object) {
        for (name, value) in object {
            put(&name, Some(value));
        }
    }
}

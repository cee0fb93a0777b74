//! Who the probe's contacts are, and what they say.
//!
//! A contact belongs to one message partition, so that its messages always carry the same key there (counting per
//! recipient relies on it, `doctor` looks at it). After [`ROUNDS_MAX`] rounds it is erased and another takes its
//! place: an erased contact id stays erased for good, but its timeline is deleted and two small rows are all that
//! is left of it. Without that, states would fill up to their bounds and timelines would grow for ever.
//!
//! INVARIANT: nobody can be reached: addresses lie in `probe.invalid` (RFC 2606). Instants never repeat or go back
//! within a contact, whatever the clock does, so that the later of two changes always counts.

use crate::headers::{PROBE_CONTACTS, PROBE_DOMAIN, hex};
use aws_lc_rs::digest;
use gate_codec::{
    ConsentChangeRecord, ContentRecord, EvidenceRecord, OutboundMessageRecord, RecipientRecord,
};
use gate_core::Timestamp;
use std::borrow::Cow;
use std::time::Duration;

/// Rounds of one contact. Two changes each: far below the facts a state keeps (512).
pub(super) const ROUNDS_MAX: u32 = 128;

/// The synthetic controller, brand and source of everything the probe writes.
const NAME: &str = "consent-gate-probe";
/// A purpose of its own below `marketing`, the class that needs consent.
const PURPOSE: &str = "marketing.probe";
/// The only channel with addresses that are reserved never to exist.
const CHANNEL: &str = "email";
/// Bytes of the instance's hash in an address; the instance's name may be too long for one.
const INSTANCE_HASH_BYTES: usize = 8;

/// Makes contacts that no other process makes.
pub(super) struct Cast {
    instance_id: String,
    instance_hash: String,
    /// When the process's probe began, Unix milliseconds.
    began_ms: i64,
    jurisdiction: String,
    n_contacts: u32,
}

/// One synthetic person.
pub(super) struct Contact {
    /// The contact id, also the record key.
    pub(super) id: String,
    address: String,
    jurisdiction: String,
    n_rounds: u32,
    n_records: u32,
    last_at: Timestamp,
}

impl Cast {
    /// For an instance whose probe begins now.
    pub(super) fn new(instance_id: &str, jurisdiction: &str, now: Timestamp) -> Self {
        let hash = digest::digest(&digest::SHA256, instance_id.as_bytes());
        let hash = hash.as_ref().get(..INSTANCE_HASH_BYTES).unwrap_or_default();
        Self {
            instance_id: instance_id.to_owned(),
            instance_hash: hex(hash),
            began_ms: now.as_micros() / 1_000,
            jurisdiction: jurisdiction.to_owned(),
            n_contacts: 0,
        }
    }

    /// A new contact for messages in this partition.
    pub(super) fn contact(&mut self, partition: i32) -> Contact {
        self.n_contacts = self.n_contacts.wrapping_add(1);
        let Self { instance_id, instance_hash, began_ms, n_contacts, .. } = self;
        let name = format!("{partition}-{began_ms:x}-{n_contacts}");
        Contact {
            id: format!("{PROBE_CONTACTS}{instance_id}/{name}"),
            address: format!("{instance_hash}-{name}{PROBE_DOMAIN}"),
            jurisdiction: self.jurisdiction.clone(),
            n_rounds: 0,
            n_records: 0,
            last_at: Timestamp::default(),
        }
    }
}

impl Contact {
    /// A round begins.
    pub(super) fn begin_round(&mut self) {
        self.n_rounds += 1;
    }

    /// Whether it has played its part and is to be erased.
    pub(super) fn is_worn(&self) -> bool {
        self.n_rounds >= ROUNDS_MAX
    }

    /// The next record's id.
    fn next_id(&mut self, what: &str) -> String {
        self.n_records = self.n_records.wrapping_add(1);
        format!("{}/{}-{what}", self.id, self.n_records)
    }

    /// Now, but later than before.
    fn next_instant(&mut self, now: Timestamp) -> Timestamp {
        self.last_at = now.max(self.last_at.saturating_add(Duration::from_micros(1)));
        self.last_at
    }

    fn change(&mut self, action: &'static str, now: Timestamp) -> ConsentChangeRecord<'_> {
        let (event_id, occurred_at) = (self.next_id(action), self.next_instant(now));
        ConsentChangeRecord {
            event_id: Some(event_id.into()),
            occurred_at: Some(occurred_at),
            action: Some(action.into()),
            contact_id: text(&self.id),
            address: text(&self.address),
            source: text(NAME),
            ..ConsentChangeRecord::default()
        }
    }

    /// The contact agrees, with complete evidence.
    pub(super) fn opt_in(&mut self, now: Timestamp) -> ConsentChangeRecord<'_> {
        ConsentChangeRecord {
            basis: text("express"),
            evidence: Some(EvidenceRecord {
                method: text("synthetic_probe"),
                notice_version: text("1"),
                source: text(NAME),
                locale: text("en"),
                ..EvidenceRecord::default()
            }),
            ..scoped(self.change("opt_in", now))
        }
    }

    /// The contact refuses exactly what it agreed to, so that its refusals collapse into the latest.
    pub(super) fn opt_out(&mut self, now: Timestamp) -> ConsentChangeRecord<'_> {
        scoped(self.change("opt_out", now))
    }

    /// The contact is forgotten, with its timeline.
    pub(super) fn erase(&mut self, now: Timestamp) -> ConsentChangeRecord<'_> {
        self.change("erase", now)
    }

    /// A message that needs consent and has everything else.
    pub(super) fn message(&mut self, what: &str) -> OutboundMessageRecord<'_> {
        let message_id = self.next_id(what);
        OutboundMessageRecord {
            message_id: Some(message_id.into()),
            channel: text(CHANNEL),
            category: text("marketing"),
            purpose: text(PURPOSE),
            controller: text(NAME),
            brand: text(NAME),
            content: Some(ContentRecord {
                promotional: Some(true),
                sender_identity: Some(true),
                postal_address: Some(true),
                unsubscribe: Some(true),
                one_click: Some(true),
                contact_address: Some(true),
                ad_label: Some(true),
                ..ContentRecord::default()
            }),
            recipient: Some(RecipientRecord {
                contact_id: text(&self.id),
                address: text(&self.address),
                jurisdiction: text(&self.jurisdiction),
                jurisdiction_verified: Some(true),
                ..RecipientRecord::default()
            }),
            body: text("A synthetic probe of the consent gate: a message to nobody."),
            ..OutboundMessageRecord::default()
        }
    }
}

fn text(text: &str) -> Option<Cow<'_, str>> {
    Some(Cow::Borrowed(text))
}

/// What the probe's consent is about.
fn scoped(change: ConsentChangeRecord<'_>) -> ConsentChangeRecord<'_> {
    ConsentChangeRecord {
        channel: text(CHANNEL),
        purpose: text(PURPOSE),
        controller: text(NAME),
        brand: text(NAME),
        ..change
    }
}

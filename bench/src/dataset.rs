//! The data set: the formulas of the Kafka Streams peer (`Data.java`), our field names.
//!
//! Every value is a pure function of a seed and an index, so the peer's data and ours describe the same people,
//! the same consent and the same messages. JSON is written by hand, 600 bytes a message as the peer's; Avro is
//! the same content under the gate's own schemas.
//!
//! Three differences, because the gate judges what the peer does not, and both should come to the same decisions: a
//! message declares what its content holds; the recipient's time zone is one where it is day now, or text messages
//! would be deferred by night; and numbers begin with +44 79 instead of +44 77, which is Jersey's in places.

use anyhow::Result;
use gate_codec::{
    ConsentChangeRecord, ContentRecord, Encoding, EvidenceRecord, OutboundMessageRecord,
    RecipientRecord, encode_consent, encode_message,
};
use gate_core::Timestamp;
use std::sync::LazyLock;

const SEED: u64 = 20_261_124;
const BASE_MS: i64 = 1_764_000_000_000;
const OPT_OUT_LATER_MS: i64 = 10_000_000;
const MESSAGE_BYTES: usize = 600;
const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz      ";
const PURPOSE: &str = "marketing.newsletter";

/// A zone where it is between 8:00 and 17:00, which leaves hours for a long run.
fn daytime_zone() -> &'static str {
    static ZONE: LazyLock<&str> = LazyLock::new(|| {
        let hour = jiff::Timestamp::now().as_second().rem_euclid(86_400) / 3_600;
        match hour {
            0..8 => "Asia/Tokyo",
            8..16 => "Europe/London",
            _ => "America/Los_Angeles",
        }
    });
    *ZONE
}

/// How values are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    /// JSON text.
    Json,
    /// Avro in the single-object encoding: no registry takes part.
    Avro,
}

impl Format {
    /// The word of the configuration.
    pub(crate) const fn configured(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Avro => "avro-single-object",
        }
    }

    /// The word of the figures.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Avro => "avro",
        }
    }
}

/// The output function of SplitMix64.
fn mix(x: u64) -> u64 {
    let mut z = x.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

fn hash(stream: u64, i: u64) -> u64 {
    mix(mix(SEED.wrapping_add(stream)).wrapping_add(i))
}

fn bounded(stream: u64, i: u64, n: u64) -> u64 {
    hash(stream, i) % n
}

/// One person.
#[derive(Clone, Debug)]
pub(crate) struct Contact {
    /// The sender's id.
    pub(crate) id: String,
    number: u64,
    /// The channel consent is about.
    channel: &'static str,
}

impl Contact {
    /// The person of that number in the data set.
    pub(crate) fn nth(number: u64) -> Self {
        let channel = if bounded(1, number, 10) < 7 { "email" } else { "sms" };
        Self { id: format!("c{number:09}"), number, channel }
    }

    /// A person beside the data set, with e-mail.
    pub(crate) fn named(id: String) -> Self {
        Self { id, number: 0, channel: "email" }
    }

    /// Whether the data set holds an opt-out.
    pub(crate) fn opts_out(&self) -> bool {
        bounded(2, self.number, 5) == 0
    }

    /// One of many events of a person beside the data set, each later than the one before: agreed, opted out, agreed again.
    pub(crate) fn nth_event(&self, nth: u64) -> Result<String> {
        let is_opt_out = nth % 2 == 1;
        let consent =
            Consent { contact: self, is_opt_out, at_ms: BASE_MS + nth.cast_signed() * 1_000 };
        let (kind, _) = consent.words();
        // ids of the data set are of one event a kind
        let (own, another) = (format!("e-{kind}-"), format!("e-{kind}-{nth}-"));
        Ok(consent.json()?.replacen(&own, &another, 1))
    }

    fn address(&self, channel: &str) -> String {
        if channel == "email" {
            format!("{}@example.com", self.id)
        } else {
            format!("+4479{:08}", self.number)
        }
    }

    /// The opt-in of the data set.
    pub(crate) fn opt_in(&self) -> Consent<'_> {
        Consent { contact: self, is_opt_out: false, at_ms: BASE_MS + self.number.cast_signed() }
    }

    /// The opt-out of the data set.
    pub(crate) fn opt_out(&self) -> Consent<'_> {
        let at_ms = BASE_MS + OPT_OUT_LATER_MS + self.number.cast_signed();
        Consent { contact: self, is_opt_out: true, at_ms }
    }
}

/// A consent change.
#[derive(Clone, Copy)]
pub(crate) struct Consent<'a> {
    contact: &'a Contact,
    is_opt_out: bool,
    at_ms: i64,
}

impl Consent<'_> {
    /// The value of its record.
    pub(crate) fn value(self, format: Format) -> Result<Vec<u8>> {
        match format {
            Format::Json => Ok(self.json()?.into_bytes()),
            Format::Avro => Ok(encode_consent(&self.record(), Encoding::AvroSingleObject)?),
        }
    }

    const fn words(self) -> (&'static str, &'static str) {
        if self.is_opt_out { ("out", "opt_out") } else { ("in", "opt_in") }
    }

    fn json(self) -> Result<String> {
        let Contact { id, channel, .. } = self.contact;
        let (kind, action) = self.words();
        let at = jiff::Timestamp::from_millisecond(self.at_ms)?;
        let evidence = if self.is_opt_out {
            ""
        } else {
            ",\"basis\":\"express\",\"evidence\":{\"method\":\"web_form\",\"notice_version\":\"n1\"}"
        };
        Ok(format!(
            "{{\"event_id\":\"e-{kind}-{id}\",\"contact_id\":\"{id}\",\"address\":\"{}\",\"occurred_at\":\"{at}\",\
             \"action\":\"{action}\",\"channel\":\"{channel}\",\"purpose\":\"{PURPOSE}\",\"controller\":\"acme\",\
             \"brand\":\"acme\"{evidence}}}",
            self.contact.address(channel),
        ))
    }

    fn record(self) -> ConsentChangeRecord<'static> {
        let (kind, action) = self.words();
        let contact = self.contact;
        let evidence = EvidenceRecord {
            method: text("web_form"),
            notice_version: text("n1"),
            ..EvidenceRecord::default()
        };
        ConsentChangeRecord {
            event_id: text(format!("e-{kind}-{}", contact.id)),
            contact_id: text(contact.id.clone()),
            address: text(contact.address(contact.channel)),
            occurred_at: Some(Timestamp::from_millis(self.at_ms)),
            action: text(action),
            channel: text(contact.channel),
            purpose: text(PURPOSE),
            controller: text("acme"),
            brand: text("acme"),
            basis: if self.is_opt_out { None } else { text("express") },
            evidence: (!self.is_opt_out).then_some(evidence),
            ..ConsentChangeRecord::default()
        }
    }
}

fn text<'a>(text: impl Into<std::borrow::Cow<'a, str>>) -> Option<std::borrow::Cow<'a, str>> {
    Some(text.into())
}

/// What a correct gate answers for a message of the data set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expected {
    /// There is consent.
    Approved,
    /// It was withdrawn, or given for another channel.
    Blocked,
}

/// A candidate message.
pub(crate) struct Message {
    /// Who it is for.
    pub(crate) contact: Contact,
    id: String,
    channel: &'static str,
    body_index: u64,
}

impl Message {
    /// Message `n` of the backlog: one in twenty goes to a channel nobody consented to.
    pub(crate) fn backlog(n: u64, contacts: u64) -> Self {
        let contact = Contact::nth(bounded(3, n, contacts));
        let other = if contact.channel == "email" { "sms" } else { "email" };
        let channel = if bounded(4, n, 20) == 0 { other } else { contact.channel };
        Self { contact, id: format!("m-{n:09}"), channel, body_index: n }
    }

    /// Message `n` of a paced load: always on the channel of the consent.
    pub(crate) fn paced(n: u64, contacts: u64) -> Self {
        Self::to(Contact::nth(bounded(6, n, contacts)), n)
    }

    /// Message `n`, to somebody.
    pub(crate) fn to(contact: Contact, n: u64) -> Self {
        let channel = contact.channel;
        Self { contact, id: format!("l-{n:09}"), channel, body_index: n }
    }

    /// The decision the data set calls for.
    pub(crate) fn expected(&self) -> Expected {
        if self.channel == self.contact.channel && !self.contact.opts_out() {
            Expected::Approved
        } else {
            Expected::Blocked
        }
    }

    /// The value of its record.
    pub(crate) fn value(&self, format: Format) -> Result<Vec<u8>> {
        let head = self.json_head();
        let body_bytes = MESSAGE_BYTES.saturating_sub(head.len() + 2);
        match format {
            Format::Json => {
                let mut json = head;
                push_body(&mut json, self.body_index, body_bytes);
                json.push_str("\"}");
                Ok(json.into_bytes())
            }
            Format::Avro => {
                let mut body = String::with_capacity(body_bytes);
                push_body(&mut body, self.body_index, body_bytes);
                Ok(encode_message(&self.record(body), Encoding::AvroSingleObject)?)
            }
        }
    }

    fn json_head(&self) -> String {
        format!(
            "{{\"message_id\":\"{}\",\"channel\":\"{}\",\"category\":\"marketing\",\"purpose\":\"{PURPOSE}\",\
             \"controller\":\"acme\",\"brand\":\"acme\",\"sender_number\":\"+447700900000\",\
             \"content\":{{\"promotional\":true,\"sender_identity\":true,\"postal_address\":true,\"unsubscribe\":true}},\
             \"recipient\":{{\"contact_id\":\"{}\",\"address\":\"{}\",\"jurisdiction\":\"GB\",\"tz\":\"{}\"}},\"body\":\"",
            self.id,
            self.channel,
            self.contact.id,
            self.contact.address(self.channel),
            daytime_zone()
        )
    }

    fn record(&self, body: String) -> OutboundMessageRecord<'static> {
        OutboundMessageRecord {
            message_id: text(self.id.clone()),
            channel: text(self.channel),
            category: text("marketing"),
            purpose: text(PURPOSE),
            controller: text("acme"),
            brand: text("acme"),
            sender_number: text("+447700900000"),
            content: Some(ContentRecord {
                promotional: Some(true),
                sender_identity: Some(true),
                postal_address: Some(true),
                unsubscribe: Some(true),
                ..ContentRecord::default()
            }),
            recipient: Some(RecipientRecord {
                contact_id: text(self.contact.id.clone()),
                address: text(self.contact.address(self.channel)),
                jurisdiction: text("GB"),
                tz: text(daytime_zone()),
                ..RecipientRecord::default()
            }),
            body: text(body),
            ..OutboundMessageRecord::default()
        }
    }
}

/// The number in the id of a message of a paced load, from the bytes of its JSON.
pub(crate) fn paced_number(value: &[u8]) -> Option<u64> {
    let rest = value.strip_prefix(b"{\"message_id\":\"l-")?;
    std::str::from_utf8(rest.get(..9)?).ok()?.parse().ok()
}

fn push_body(out: &mut String, index: u64, n_bytes: usize) {
    let seed = hash(5, index);
    let mut word = 0;
    for used in 0..n_bytes {
        if used % 8 == 0 {
            word = mix(seed.wrapping_add(used as u64 / 8));
        }
        let letter = ALPHABET.get((word & 31) as usize).copied().unwrap_or(b' ');
        out.push(char::from(letter));
        word >>= 8;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gate_codec::{Codec, Format as Wire, Kind};

    #[test]
    fn a_message_has_600_bytes_and_reads_the_same_in_both_formats() {
        let codec = |format| Codec::new(format, Kind::OutboundMessage, None).unwrap();
        let (json, avro) = (codec(Wire::Json), codec(Wire::AvroSingleObject));
        for n in 0..200 {
            let message = Message::backlog(n, 1_000);
            let text = message.value(Format::Json).unwrap();
            assert_eq!(text.len(), MESSAGE_BYTES, "{}", String::from_utf8_lossy(&text));
            let bytes = message.value(Format::Avro).unwrap();
            let read = json.decode_message(Some(&text)).unwrap();
            assert_eq!(read, avro.decode_message(Some(&bytes)).unwrap());
        }
    }

    #[test]
    fn a_consent_change_reads_the_same_in_both_formats() {
        let codec = |format| Codec::new(format, Kind::ConsentChange, None).unwrap();
        let (json, avro) = (codec(Wire::Json), codec(Wire::AvroSingleObject));
        for n in 0..200 {
            let contact = Contact::nth(n);
            for consent in [contact.opt_in(), contact.opt_out()] {
                let text = consent.value(Format::Json).unwrap();
                let bytes = consent.value(Format::Avro).unwrap();
                let read = json.decode_consent(Some(&text)).unwrap();
                assert_eq!(read, avro.decode_consent(Some(&bytes)).unwrap());
            }
        }
    }

    #[test]
    fn events_of_a_busy_person_are_many() {
        let codec = Codec::new(Wire::Json, Kind::ConsentChange, None).unwrap();
        let ana = Contact::named("ana".to_owned());
        let mut ids = std::collections::BTreeSet::new();
        for nth in 0..10 {
            let text = ana.nth_event(nth).unwrap();
            let change = codec.decode_consent(Some(text.as_bytes())).unwrap();
            assert!(ids.insert(change.event_id.to_string()), "{text}");
        }
    }

    #[test]
    fn a_paced_message_carries_its_number_in_front() {
        let value = Message::paced(42, 100).value(Format::Json).unwrap();
        assert_eq!(paced_number(&value), Some(42));
        assert_eq!(paced_number(&Message::backlog(42, 100).value(Format::Json).unwrap()), None);
    }
}

//! What the gate writes beside a message: the headers of a decision.
//!
//! The value and the key pass through untouched; incoming headers keep their order, except those that carry
//! our names: nobody may pretend that the gate has decided. No address, no contact id, no content.

mod decision;

pub use decision::{BatchContext, DecisionWriter, Written};

use gate_core::{ContactId, Timestamp};

/// Header: `approved`, `blocked` or `deferred`.
pub const OUTCOME: &str = "gate-outcome";
/// Header: the reason's code with its prefix.
pub const REASON: &str = "gate-reason";
/// Header: `topic/partition/offset` of the input record.
pub const SOURCE: &str = "gate-source";
/// Header: RFC 3339 instant, with deferrals only.
pub const NOT_BEFORE: &str = "gate-not-before";
/// Header: the decision as compact JSON.
pub const DECISION: &str = "gate-decision";
/// Header: `1` on every decision about a contact of the synthetic probe. Senders leave those out.
pub const PROBE: &str = "gate-probe";
/// Header of a dead letter: why it could not be read.
pub const DETAIL: &str = "gate-detail";
/// Header of an audited release of an unreadable consent change.
pub const RELEASE: &str = "gate-release";
/// Header of dead letters and releases: Kafka's own id of the consent topic, in the form Kafka's tools show. A topic that
/// was deleted and made again has another one, so what was written about the old one says nothing about it.
pub const TOPIC_ID: &str = "gate-topic-id";
/// Header of dead letters, and of releases whose writer can read the pepper: a keyed tag in hexadecimal, which says that
/// somebody with the pepper of this gate wrote the record ([`crate::dead_letter`]).
pub const TAG: &str = "gate-tag";

/// The names that an incoming record may not bring along.
pub const RESERVED: [&str; 6] = [OUTCOME, REASON, SOURCE, NOT_BEFORE, DECISION, PROBE];

/// How the contact ids of the synthetic probe begin. Reserved: whoever else uses it is judged as usual, but marked
/// with [`PROBE`] and left out of the counts of messages and consent.
pub const PROBE_CONTACTS: &str = "consent-gate-probe/";

/// Whether a record is the probe's, by the contact id it names. It has no part in any decision.
#[must_use]
pub fn is_probe(contact: Option<&ContactId<'_>>) -> bool {
    contact.is_some_and(|contact| contact.expose().starts_with(PROBE_CONTACTS))
}

/// Where a record came from.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SourceRef<'a> {
    /// Topic.
    pub topic: &'a str,
    /// Partition.
    pub partition: i32,
    /// Offset of this record.
    pub record_offset: i64,
}

impl std::fmt::Display for SourceRef<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}/{}", self.topic, self.partition, self.record_offset)
    }
}

impl<'a> SourceRef<'a> {
    /// Reads the header's text; `None` when it is no such reference.
    #[must_use]
    pub fn parse(text: &'a str) -> Option<Self> {
        let (rest, offset) = text.rsplit_once('/')?;
        let (topic, partition) = rest.rsplit_once('/')?;
        let record_offset: i64 = offset.parse().ok().filter(|offset| *offset >= 0)?;
        let partition: i32 = partition.parse().ok().filter(|partition| *partition >= 0)?;
        (!topic.is_empty()).then_some(Self { topic, partition, record_offset })
    }
}

/// RFC 3339 in UTC with microseconds.
#[must_use]
pub fn rfc3339(at: Timestamp) -> String {
    jiff::Timestamp::from_microsecond(at.as_micros())
        .map_or_else(|_| String::from("out-of-range"), |at| at.to_string())
}

/// Lower-case hexadecimal.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, byte| {
        // writing to a String cannot fail
        write!(out, "{byte:02x}").unwrap_or_default();
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_reserved_prefix_is_the_probe() {
        let is = |text: &str| is_probe(ContactId::new(text.into()).as_ref());
        assert!(is("consent-gate-probe/gate-1/0/1") && is(" consent-gate-probe/x"));
        for other in ["consent-gate-probe", "Consent-Gate-Probe/1", "x/consent-gate-probe/1", "ben"]
        {
            assert!(!is(other), "{other}");
        }
        assert!(!is_probe(None));
    }

    #[test]
    fn a_source_reads_back() {
        let source = SourceRef { topic: "outbound-message", partition: 3, record_offset: 42 };
        assert_eq!(source.to_string(), "outbound-message/3/42");
        assert_eq!(SourceRef::parse("outbound-message/3/42"), Some(source));
        for bad in ["", "a", "a/1", "/1/2", "a/x/2", "a/1/-2", "a/-1/2"] {
            assert_eq!(SourceRef::parse(bad), None, "{bad}");
        }
    }
}

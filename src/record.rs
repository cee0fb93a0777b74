//! What the gate writes beside a message: the headers of a decision.
//!
//! The value and the key pass through untouched; incoming headers keep their order, except those that carry
//! our names: nobody may pretend that the gate has decided. No address, no contact id, no content.

use gate_core::policy::Element;
use gate_core::{Channel, Decision, Detail, PolicySet, Reason, Timestamp, Warning};
use serde::Serialize;

/// Zones a header names at most.
const ZONES_MAX: usize = 8;

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
/// Header of a dead letter: why it could not be read.
pub const DETAIL: &str = "gate-detail";
/// Header of an audited release of an unreadable consent change.
pub const RELEASE: &str = "gate-release";

/// The names that an incoming record may not bring along.
pub const RESERVED: [&str; 5] = [OUTCOME, REASON, SOURCE, NOT_BEFORE, DECISION];

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

/// What a batch's decisions share.
pub struct BatchContext<'a> {
    /// The policies in force.
    pub policies: &'a PolicySet,
    /// The consent topic.
    pub consent_topic: &'a str,
    /// The consent position of the snapshot: next offset per partition.
    pub consent_positions: &'a [i64],
    /// The gate's clock when the batch was judged.
    pub evaluated_at: Timestamp,
}

#[derive(Serialize)]
struct DecisionJson<'a> {
    decision_id: &'a str,
    message_id: Option<&'a str>,
    channel: Option<&'static str>,
    outcome: &'static str,
    reason: &'static str,
    reasons: Vec<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<DetailJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    basis: Option<&'static str>,
    /// Hash of the event that proves the basis; the key of its entry in the contact's timeline.
    #[serde(skip_serializing_if = "Option::is_none")]
    evidence: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    not_before: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<&'static str>,
    /// Candidate jurisdictions, then the packs of their rules and the rules themselves.
    jurisdictions: Vec<&'a str>,
    packs: Vec<String>,
    rules: Vec<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    zones: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    registry_checked_at: Option<String>,
    policy_revision: &'a str,
    tz_version: &'a str,
    consent_topic: &'a str,
    consent_position: &'a [i64],
    evaluated_at: String,
}

#[derive(Serialize)]
struct DetailJson {
    #[serde(skip_serializing_if = "Option::is_none")]
    class: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    flag: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    missing: Option<Vec<&'static str>>,
}

impl DetailJson {
    fn of(detail: Detail) -> Option<Self> {
        let nothing = Self { class: None, scope: None, flag: None, missing: None };
        Some(match detail {
            Detail::None => return None,
            Detail::Class(class) => Self { class: Some(class), ..nothing },
            Detail::Scope(scope) => Self { scope: Some(scope), ..nothing },
            Detail::Flag(flag) => Self { flag: Some(flag), ..nothing },
            Detail::Missing(content) => {
                let missing = content.iter().map(Element::as_str).collect();
                Self { missing: Some(missing), ..nothing }
            }
        })
    }
}

/// Writes the `gate-decision` header. `message_id` is `None` when the record could not be read.
///
/// The decision id is the source itself: the same on every replay, and it leads back to the input.
#[must_use]
pub fn decision_json(
    decision: &Decision,
    source: &str,
    message_id: Option<&str>,
    channel: Option<Channel>,
    context: &BatchContext<'_>,
) -> Vec<u8> {
    let policies = context.policies;
    let considered = decision.considered();
    let mut packs: Vec<u16> = considered.rules(policies).map(|rule| rule.pack).collect();
    packs.dedup();
    let packs = packs.into_iter().filter_map(|index| policies.pack(index));
    let mut zones: Vec<&str> = considered.zones(policies).map(|zone| zone.name.as_str()).collect();
    zones.dedup();
    // zones matter where hours were asked; a whole continent of them explains nothing more
    let asks_hours = considered.rules(policies).any(|rule| rule.hours.is_some());
    zones.truncate(if asks_hours { ZONES_MAX } else { 0 });
    let json = DecisionJson {
        decision_id: source,
        message_id,
        channel: channel.map(Channel::as_str),
        outcome: decision.outcome().as_str(),
        reason: decision.reason().code(),
        reasons: decision.reasons().iter().map(Reason::code).collect(),
        detail: DetailJson::of(decision.detail()),
        basis: decision.basis().map(|(basis, _)| basis.as_str()),
        evidence: decision.basis().map(|(_, event)| hex(&event.0)),
        not_before: decision.not_before().map(rfc3339),
        warnings: decision.warnings().iter().map(Warning::code).collect(),
        jurisdictions: considered
            .jurisdictions(policies)
            .map(|jurisdiction| jurisdiction.code.as_str())
            .collect(),
        packs: packs.map(|pack| format!("{}@{}", pack.code.as_str(), pack.version)).collect(),
        rules: considered.rules(policies).map(|rule| rule.label.as_str()).collect(),
        zones,
        registry_checked_at: decision.registry_checked().map(rfc3339),
        policy_revision: policies.revision(),
        tz_version: policies.tz_version(),
        consent_topic: context.consent_topic,
        consent_position: context.consent_positions,
        evaluated_at: rfc3339(context.evaluated_at),
    };
    // a struct of strings and numbers always serialises; an empty header would only lose the explanation
    serde_json::to_vec(&json).unwrap_or_default()
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
    fn a_source_reads_back() {
        let source = SourceRef { topic: "outbound-message", partition: 3, record_offset: 42 };
        assert_eq!(source.to_string(), "outbound-message/3/42");
        assert_eq!(SourceRef::parse("outbound-message/3/42"), Some(source));
        for bad in ["", "a", "a/1", "/1/2", "a/x/2", "a/1/-2", "a/-1/2"] {
            assert_eq!(SourceRef::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn the_decision_header_explains() {
        let context = BatchContext {
            policies: &PolicySet::express_only(),
            consent_topic: "consent-change",
            consent_positions: &[4, 0],
            evaluated_at: Timestamp::from_millis(1_772_452_800_000),
        };
        let decision = Decision::invalid("truncated");
        let json = decision_json(&decision, "outbound-message/0/7", None, None, &context);
        assert_eq!(
            String::from_utf8(json).unwrap(),
            "{\"decision_id\":\"outbound-message/0/7\",\"message_id\":null,\"channel\":null,\"outcome\":\"blocked\",\
             \"reason\":\"blocked.invalid_message\",\"reasons\":[\"blocked.invalid_message\"],\
             \"detail\":{\"class\":\"truncated\"},\"jurisdictions\":[],\"packs\":[],\"rules\":[],\
             \"policy_revision\":\"express-only\",\"tz_version\":\"none\",\
             \"consent_topic\":\"consent-change\",\"consent_position\":[4,0],\
             \"evaluated_at\":\"2026-03-02T12:00:00Z\"}"
        );
    }
}

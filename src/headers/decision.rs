//! The `gate-decision` headers of a batch, as compact JSON.
//!
//! Of the some eight hundred bytes of a header only the source, the message id, the proving event and instants
//! are a message's own. The rest is the same for all decisions of one shape, and its end for the whole batch;
//! those parts are rendered once.

use super::{SourceRef, rfc3339};
use gate_core::policy::Element;
use gate_core::{Channel, Decision, Detail, PolicySet, Reason, Timestamp, Warning};
use rustc_hash::FxHashMap;
use serde::Serialize;
use std::io::Write as _;
use std::ops::Range;

/// Zones a header names at most.
const ZONES_MAX: usize = 8;
/// Shapes kept for one batch; more are rendered each time.
const SHAPES_MAX: usize = 1_024;

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

/// Where a header stands in [`DecisionWriter::finish`]'s bytes.
#[derive(Clone, Debug)]
pub struct Written {
    /// The whole JSON object.
    pub json: Range<usize>,
    /// The text of the source within it, which is also the decision's id.
    pub source: Range<usize>,
}

/// Writes the decision headers of one batch behind each other.
///
/// The decision id is the source itself: the same on every replay, and it leads back to the input.
pub struct DecisionWriter<'a> {
    context: &'a BatchContext<'a>,
    out: Vec<u8>,
    shapes: FxHashMap<(Option<Channel>, Decision), Rendered>,
    end: Vec<u8>,
}

/// The parts of a header that decisions of one shape share: members, without braces.
#[derive(Default)]
struct Rendered {
    verdict: Vec<u8>,
    considered: Vec<u8>,
}

#[derive(Serialize)]
struct Verdict {
    channel: Option<&'static str>,
    outcome: &'static str,
    reason: &'static str,
    reasons: Vec<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<DetailJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    basis: Option<&'static str>,
}

#[derive(Serialize)]
struct ConsideredJson<'a> {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<&'static str>,
    /// Candidate jurisdictions, then the packs of their rules and the rules themselves.
    jurisdictions: Vec<&'a str>,
    packs: Vec<String>,
    rules: Vec<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    zones: Vec<&'a str>,
}

#[derive(Serialize)]
struct BatchJson<'a> {
    policy_revision: &'a str,
    tz_version: &'a str,
    consent_topic: &'a str,
    consent_position: &'a [i64],
    evaluated_at: String,
}

#[derive(Default, Serialize)]
struct DetailJson {
    #[serde(skip_serializing_if = "Option::is_none")]
    class: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    flag: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    missing: Option<Vec<&'static str>>,
    /// The pack that asks for what is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    asked_by: Option<String>,
}

impl DetailJson {
    fn of(detail: Detail, policies: &PolicySet) -> Option<Self> {
        let nothing = Self::default();
        Some(match detail {
            Detail::None => return None,
            Detail::Class(class) => Self { class: Some(class), ..nothing },
            Detail::Scope(scope) => Self { scope: Some(scope), ..nothing },
            Detail::Flag(flag) => Self { flag: Some(flag), ..nothing },
            Detail::Missing(content) => {
                let missing = content.iter().map(Element::as_str).collect();
                Self { missing: Some(missing), ..nothing }
            }
            Detail::Unreadable(class, field) => {
                Self { class: Some(class), field: Some(field), ..nothing }
            }
            Detail::Field(field) => Self { field: Some(field), ..nothing },
            Detail::Absent(field) => Self { missing: Some(vec![field]), ..nothing },
            Detail::Evidence(lacks) => Self {
                missing: Some(lacks.paths().collect()),
                asked_by: policies.pack(lacks.pack).map(|pack| pack.code.as_str().to_owned()),
                ..nothing
            },
        })
    }
}

/// The `detail` of a decision as its header says it.
#[must_use]
pub fn detail_json(detail: Detail, policies: &PolicySet) -> Option<serde_json::Value> {
    serde_json::to_value(DetailJson::of(detail, policies)?).ok()
}

impl<'a> DecisionWriter<'a> {
    /// For a batch of about `n_messages`.
    #[must_use]
    pub fn new(context: &'a BatchContext<'a>, n_messages: usize) -> Self {
        let end = members(&BatchJson {
            policy_revision: context.policies.revision(),
            tz_version: context.policies.tz_version(),
            consent_topic: context.consent_topic,
            consent_position: context.consent_positions,
            evaluated_at: rfc3339(context.evaluated_at),
        });
        let out = Vec::with_capacity(n_messages * (end.len() + 768));
        Self { context, out, shapes: FxHashMap::default(), end }
    }

    /// Writes one header. `message_id` is `None` when the record could not be read.
    pub fn write(
        &mut self,
        decision: &Decision,
        source: &SourceRef<'_>,
        message_id: Option<&str>,
        channel: Option<Channel>,
    ) -> Written {
        let Self { context, out, shapes, end } = self;
        let begin = out.len();
        // topic names need no escaping: letters, digits, `.`, `_` and `-`
        out.extend_from_slice(b"{\"decision_id\":\"");
        let source_begin = out.len();
        // writing to a vector cannot fail, here and below
        write!(out, "{source}").unwrap_or_default();
        let source = source_begin..out.len();
        out.extend_from_slice(b"\",\"message_id\":");
        serde_json::to_writer(&mut *out, &message_id).unwrap_or_default();
        let key = (channel, decision.shape());
        let once;
        let rendered = if shapes.len() < SHAPES_MAX || shapes.contains_key(&key) {
            shapes.entry(key).or_insert_with(|| Rendered::of(decision, channel, context.policies))
        } else {
            once = Rendered::of(decision, channel, context.policies);
            &once
        };
        append(out, &rendered.verdict);
        if let Some((_, event)) = decision.basis() {
            // the key of its entry in the contact's timeline
            append_text(out, "evidence", &event_hex(&event.0));
        }
        if let Some(at) = decision.not_before() {
            append_text(out, "not_before", rfc3339(at).as_bytes());
        }
        append(out, &rendered.considered);
        if let Some(at) = decision.registry_checked() {
            append_text(out, "registry_checked_at", rfc3339(at).as_bytes());
        }
        append(out, end);
        out.push(b'}');
        Written { json: begin..out.len(), source }
    }

    /// All headers.
    #[must_use]
    pub fn finish(self) -> Vec<u8> {
        self.out
    }
}

impl Rendered {
    fn of(decision: &Decision, channel: Option<Channel>, policies: &PolicySet) -> Self {
        let considered = decision.considered();
        let mut packs: Vec<u16> = considered.rules(policies).map(|rule| rule.pack).collect();
        packs.dedup();
        let packs = packs.into_iter().filter_map(|index| policies.pack(index));
        let mut zones: Vec<&str> =
            considered.zones(policies).map(|zone| zone.name.as_str()).collect();
        zones.dedup();
        // zones matter where hours were asked; a whole continent of them explains nothing more
        let asks_hours = considered.rules(policies).any(|rule| rule.hours.is_some());
        zones.truncate(if asks_hours { ZONES_MAX } else { 0 });
        let verdict = Verdict {
            channel: channel.map(Channel::as_str),
            outcome: decision.outcome().as_str(),
            reason: decision.reason().code(),
            reasons: decision.reasons().iter().map(Reason::code).collect(),
            detail: DetailJson::of(decision.detail(), policies),
            basis: decision.basis().map(|(basis, _)| basis.as_str()),
        };
        let considered = ConsideredJson {
            warnings: decision.warnings().iter().map(Warning::code).collect(),
            jurisdictions: considered
                .jurisdictions(policies)
                .map(|jurisdiction| jurisdiction.code.as_str())
                .collect(),
            packs: packs.map(|pack| format!("{}@{}", pack.code.as_str(), pack.version)).collect(),
            rules: considered.rules(policies).map(|rule| rule.label.as_str()).collect(),
            zones,
        };
        Self { verdict: members(&verdict), considered: members(&considered) }
    }
}

/// The members of an object, without its braces.
fn members(object: &impl Serialize) -> Vec<u8> {
    // structs of strings and numbers always serialise; a missing part would only shorten the explanation
    let json = serde_json::to_vec(object).unwrap_or_default();
    json.strip_prefix(b"{").and_then(|rest| rest.strip_suffix(b"}")).unwrap_or_default().to_vec()
}

fn append(out: &mut Vec<u8>, members: &[u8]) {
    if !members.is_empty() {
        out.push(b',');
        out.extend_from_slice(members);
    }
}

/// Appends a text that needs no escaping.
fn append_text(out: &mut Vec<u8>, name: &str, text: &[u8]) {
    for part in [b",\"", name.as_bytes(), b"\":\"", text, b"\""] {
        out.extend_from_slice(part);
    }
}

/// Lower-case hexadecimal.
fn event_hex(bytes: &[u8; 8]) -> [u8; 16] {
    let digit = |nibble: u8| if nibble < 10 { b'0' + nibble } else { b'a' + (nibble - 10) };
    let mut out = [0; 16];
    for (pair, byte) in out.chunks_exact_mut(2).zip(bytes) {
        pair.copy_from_slice(&[digit(byte >> 4), digit(byte & 15)]);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn context(policies: &PolicySet) -> BatchContext<'_> {
        BatchContext {
            policies,
            consent_topic: "consent-change",
            consent_positions: &[4, 0],
            evaluated_at: Timestamp::from_millis(1_772_452_800_000),
        }
    }

    #[test]
    fn the_decision_header_explains() {
        let policies = PolicySet::express_only();
        let context = context(&policies);
        let mut writer = DecisionWriter::new(&context, 2);
        let source =
            |record_offset| SourceRef { topic: "outbound-message", partition: 0, record_offset };
        let decision = Decision::invalid("truncated");
        let first = writer.write(&decision, &source(7), None, None);
        let second = writer.write(&decision, &source(8), Some("m\"1"), Some(Channel::Email));
        let bytes = writer.finish();
        let text = |range: Range<usize>| std::str::from_utf8(&bytes[range]).unwrap();
        assert_eq!(
            text(first.json),
            "{\"decision_id\":\"outbound-message/0/7\",\"message_id\":null,\"channel\":null,\"outcome\":\"blocked\",\
             \"reason\":\"blocked.invalid_message\",\"reasons\":[\"blocked.invalid_message\"],\
             \"detail\":{\"class\":\"truncated\"},\"jurisdictions\":[],\"packs\":[],\"rules\":[],\
             \"policy_revision\":\"express-only\",\"tz_version\":\"none\",\
             \"consent_topic\":\"consent-change\",\"consent_position\":[4,0],\
             \"evaluated_at\":\"2026-03-02T12:00:00Z\"}"
        );
        assert_eq!(text(first.source), "outbound-message/0/7");
        assert_eq!(text(second.source), "outbound-message/0/8");
        let second: serde_json::Value = serde_json::from_str(text(second.json)).unwrap();
        assert_eq!(second["message_id"], "m\"1");
        assert_eq!(second["channel"], "email");
        assert_eq!(second["detail"]["class"], "truncated");
    }

    #[test]
    fn a_detail_names_the_field_and_who_asks_for_it() {
        let source = crate::policies::PolicySource { dir: None, tz_dir: None };
        let policies = source.load().unwrap();
        let strict = (0..).map_while(|at| Some((at, policies.pack(at)?)));
        let (strict, _) = strict.into_iter().find(|(_, it)| it.code.as_str() == "STRICT").unwrap();
        let flags = gate_core::flags::NOTICE_TEXT | gate_core::flags::SOURCE;
        let detail = |detail| DetailJson::of(detail, &policies).map(|it| members(&it));
        let evidence = gate_core::MissingEvidence { flags, pack: strict };
        for (said, expected) in [
            (
                Detail::Evidence(evidence),
                r#""missing":["evidence.notice_text_sha256","evidence.source"],"asked_by":"STRICT""#,
            ),
            (Detail::Absent("recipient.address"), r#""missing":["recipient.address"]"#),
            (Detail::Field("brand"), r#""field":"brand""#),
            (
                Detail::Unreadable("wrong_type", "recipient.contact_id"),
                r#""class":"wrong_type","field":"recipient.contact_id""#,
            ),
        ] {
            let written = detail(said).unwrap();
            assert_eq!(std::str::from_utf8(&written).unwrap(), expected);
        }
    }

    #[test]
    fn hexadecimal() {
        assert_eq!(&event_hex(&[0, 1, 0x9a, 0xff, 0x10, 0, 0xab, 0xcd]), b"00019aff1000abcd");
    }
}

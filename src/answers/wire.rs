//! What is asked and what is answered: the bodies of `/v1/check` and `/v1/subject`, all in one place.
//!
//! Names are public API: add, never rename. Requests are read strictly (`members.rs`); a message itself is read by the codec
//! of messages, which carries fields it does not know, as everywhere.

use super::members::{Members, whole};
use super::problem::{Problem, ProblemKind};
use crate::headers::unhex;
use gate_core::{ADDRESS_BYTES_MAX, SubjectKey};
use serde::Serialize;
use serde_json::value::RawValue;

/// Messages of one question.
pub const MESSAGES_MAX: usize = 1_000;
/// Partitions a caller may name a position of; more than a consent topic has.
const POSITIONS_MAX: usize = 10_000;
/// Timeline entries of one answer, of each subject.
pub const TIMELINE_MAX: usize = 500;
/// Timeline entries when nobody says how many.
const TIMELINE_PRESET: usize = 100;

/// `POST /v1/check`: would these messages pass now?
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CheckRequest {
    /// Each as it would stand in `outbound-message`, in JSON.
    pub messages: Vec<Box<str>>,
    /// Next offset of each consent partition that the answer must reflect, in the order of partitions.
    pub at_least: Vec<i64>,
}

impl CheckRequest {
    /// Reads a body.
    ///
    /// # Errors
    /// What is wrong with it, and where.
    pub fn read(body: &[u8]) -> Result<Self, Problem> {
        let members = Members::of_body(body, &["messages", "at_least"])?;
        let messages = members.list("messages", MESSAGES_MAX)?.unwrap_or_default();
        if messages.is_empty() {
            let detail = format!("must be a list of 1 to {MESSAGES_MAX} messages");
            return Err(Problem::malformed(members.pointer("messages"), detail));
        }
        let messages = messages.into_iter().map(|message| message.get().into()).collect();
        Ok(Self { messages, at_least: at_least(&members)? })
    }
}

/// `POST /v1/subject`: what is on record about this person?
#[derive(Clone, PartialEq, Eq)]
pub struct SubjectRequest {
    /// The person as the recipient of a message, in JSON: read as messages are, so that both mean the same person.
    pub(super) recipient: Box<str>,
    /// Whether a channel is named; without one an address is read by what it looks like.
    pub(super) names_channel: bool,
    /// The keyed hashes the gate knows the person by, for whoever has them from another answer.
    pub(super) keys: [Option<SubjectKey>; 2],
    /// Next offset of each consent partition that the answer must reflect.
    pub at_least: Vec<i64>,
    /// Timeline entries of each subject, the newest.
    pub(super) timeline_max: usize,
    /// Where the last answer ended.
    pub(super) contact_before: Option<String>,
    pub(super) address_before: Option<String>,
}

impl SubjectRequest {
    /// Reads a body.
    ///
    /// # Errors
    /// What is wrong with it, and where.
    pub fn read(body: &[u8]) -> Result<Self, Problem> {
        const PERSON: [&str; 4] = ["contact_id", "address", "region", "channel"];
        const KNOWN: [&str; 9] = [
            "contact_id",
            "address",
            "region",
            "channel",
            "contact_key",
            "address_key",
            "timeline_max",
            "before",
            "at_least",
        ];
        let members = Members::of_body(body, &KNOWN)?;
        let keys =
            [key(&members, "contact_key", "contact_id")?, key(&members, "address_key", "address")?];
        let is_named = members.get("contact_id").or(members.get("address")).is_some();
        if !is_named && keys.iter().all(Option::is_none) {
            let detail = "name `contact_id` or `contact_key`, `address` or `address_key`, or both";
            return Err(Problem::malformed("", detail));
        }
        for name in PERSON {
            if members.text(name)?.is_some_and(|text| text.len() > ADDRESS_BYTES_MAX) {
                return Err(Problem::malformed(members.pointer(name), "is too long"));
            }
        }
        let number = |value: &RawValue| whole(value, || members.pointer("timeline_max"));
        let timeline_max = members.get("timeline_max").map(number).transpose()?;
        let timeline_max = timeline_max.and_then(|number| usize::try_from(number).ok());
        let before = members.within("before", &["contact", "address"])?;
        let cursor = |name: &str| {
            let text = before.as_ref().map(|before| before.text(name)).transpose()?.flatten();
            Ok::<_, Problem>(text.map(std::borrow::Cow::into_owned))
        };
        Ok(Self {
            recipient: if is_named { recipient(&members).into() } else { Box::default() },
            keys,
            names_channel: members.get("channel").is_some(),
            at_least: at_least(&members)?,
            timeline_max: timeline_max.unwrap_or(TIMELINE_PRESET).min(TIMELINE_MAX),
            contact_before: cursor("contact")?,
            address_before: cursor("address")?,
        })
    }
}

/// The key of that name, unless the person is named as well.
fn key(members: &Members<'_>, name: &str, instead: &str) -> Result<Option<SubjectKey>, Problem> {
    let Some(text) = members.text(name)? else { return Ok(None) };
    if members.get(instead).is_some() {
        let detail = format!("name `{instead}` or `{name}`, not both");
        return Err(Problem::malformed(members.pointer(name), detail));
    }
    let key = unhex(&text).map(SubjectKey);
    let none = || Problem::malformed(members.pointer(name), "is no key: 32 hexadecimal digits");
    key.ok_or_else(none).map(Some)
}

/// A message to that person, which says nothing else.
fn recipient(members: &Members<'_>) -> String {
    let member = |name: &str| members.get(name).map(|value| format!("\"{name}\":{}", value.get()));
    let person: Vec<String> =
        ["contact_id", "address", "region"].into_iter().filter_map(member).collect();
    // a message must name one; whoever does not know it is as good as none
    let channel = members.get("channel").map_or("\"-\"", RawValue::get);
    format!(r#"{{"message_id":"-","channel":{channel},"recipient":{{{}}}}}"#, person.join(","))
}

fn at_least(members: &Members<'_>) -> Result<Vec<i64>, Problem> {
    let items = members.list("at_least", POSITIONS_MAX)?.unwrap_or_default();
    let read = |(nth, item): (usize, &RawValue)| {
        whole(item, || format!("{}/{nth}", members.pointer("at_least")))
    };
    items.into_iter().enumerate().map(read).collect()
}

/// The moment an answer is true of.
#[derive(Clone, Debug, Serialize)]
pub struct MomentAnswer {
    /// The gate's clock.
    pub evaluated_at: String,
    /// The policies in force.
    pub policy_revision: String,
    /// The zones they reckon with.
    pub tz_version: String,
    /// The consent topic.
    pub consent_topic: String,
    /// Next offset of each of its partitions: everything before it is part of the answer.
    pub consent_position: Vec<i64>,
    /// `barrier`: all consent is part of it that was acknowledged before the question came. `stale`: what was applied.
    pub consent: &'static str,
}

/// The answer of `/v1/check`.
#[derive(Clone, Debug, Serialize)]
pub struct CheckAnswer<'a> {
    /// When.
    #[serde(flatten)]
    pub moment: MomentAnswer,
    /// Partitions of `outbound-message` whose approvals this instance knows, and how many there are: caps count these.
    pub approvals_known: usize,
    /// How many there are.
    pub approvals_partitions: usize,
    /// One for each message, in their order. Each is judged for itself, as if no other were asked about.
    pub messages: Vec<MessageAnswer<'a>>,
}

/// What would become of one message.
#[derive(Clone, Debug, Serialize)]
pub struct MessageAnswer<'a> {
    /// Its id; `null` when it cannot be read.
    pub message_id: Option<&'a str>,
    /// `approved`, `blocked` or `deferred`.
    pub outcome: &'static str,
    /// Why.
    pub reason: &'static str,
    /// Every failing reason.
    pub reasons: Vec<&'static str>,
    /// More about the reason, as in `gate-decision`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<serde_json::Value>,
    /// What an approval rests on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub basis: Option<&'static str>,
    /// The keyed hash of the event that proves it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub evidence: Option<String>,
    /// With a deferral: the earliest instant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_before: Option<String>,
    /// When the registry was asked whose answer allows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub registry_checked_at: Option<String>,
    /// Where the recipient may be.
    pub jurisdictions: Vec<&'a str>,
    /// The rules that were asked.
    pub rules: Vec<&'a str>,
    /// What is worth a look and has not decided.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<&'static str>,
    /// Whether frequency caps and "once" were looked at: `none` (no rule counts here), `counted`, `partly` (approvals of
    /// some partitions are known to other instances), `not_counted`.
    pub caps: &'static str,
}

/// The answer of `/v1/subject`.
#[derive(Clone, Debug, Serialize)]
pub struct SubjectAnswer {
    /// When.
    #[serde(flatten)]
    pub moment: MomentAnswer,
    /// The contact, if one was named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contact: Option<SubjectState>,
    /// The address, if one was named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<SubjectState>,
}

/// What is on record about a contact or an address.
#[derive(Clone, Debug, Serialize)]
pub struct SubjectState {
    /// The keyed hash it is known by.
    pub key: String,
    /// Whether anything was ever said about it.
    pub is_known: bool,
    /// Whether it is a contact that was erased.
    pub is_erased: bool,
    /// Whether so much was refused that it cannot be judged any more, and stays blocked.
    pub is_saturated: bool,
    /// The same in words.
    pub words: Vec<String>,
    /// What it is made of.
    pub facts: Vec<FactAnswer>,
    /// The events behind it.
    pub timeline: TimelinePage,
}

/// One thing that is known.
#[derive(Clone, Debug, Serialize)]
pub struct FactAnswer {
    /// What it says.
    pub kind: &'static str,
    /// The same in words.
    pub words: String,
    /// `refuses`, `permits` or `notes`.
    pub effect: &'static str,
    /// `any`, or a channel.
    pub channel: &'static str,
    /// Legal entity.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub controller: Option<String>,
    /// Trade name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub brand: Option<String>,
    /// Purpose.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub purpose: Option<String>,
    /// Sending number, registry or product group, by kind.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// The basis of an agreement.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub basis: Option<&'static str>,
    /// The kind of a relationship.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub relationship: Option<&'static str>,
    /// What the evidence of an agreement holds.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<&'static str>,
    /// Birth date, of a profile.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub birth_date: Option<String>,
    /// When the person acted; absent where that has no time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
    /// When the broker received it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub received_at: Option<String>,
    /// When a permission ends by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ends_at: Option<String>,
    /// The keyed hash of the event.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event: Option<String>,
    /// The keyed hash of the contact or address it leads to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub other: Option<String>,
    /// Its time is not believed: kept aside, and used for nothing.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub is_quarantined: bool,
}

/// Events, oldest first.
#[derive(Clone, Debug, Serialize)]
pub struct TimelinePage {
    /// The newest of them, or those before the cursor.
    pub entries: Vec<TimelineAnswer>,
    /// Asks for those before these, as `before`; absent when there are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
}

/// One event of a timeline.
#[derive(Clone, Debug, Serialize)]
pub struct TimelineAnswer {
    /// When it takes effect.
    pub at: String,
    /// Where it stands: `topic/partition/offset`.
    pub source: String,
    /// The keyed hash of its id.
    pub event: String,
    /// What it said.
    pub facts: Vec<FactAnswer>,
}

/// An answer as bytes.
pub(super) fn json(answer: &impl Serialize) -> Result<Vec<u8>, Problem> {
    serde_json::to_vec(answer).map_err(|error| {
        tracing::error!(%error, "an answer cannot be written");
        Problem::new(ProblemKind::Unavailable, "the answer cannot be written; see the gate's log")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_read_as_it_is_written_or_refused_where_it_is_wrong() {
        let read = CheckRequest::read(br#"{"messages": [{"a": 1}], "at_least": [3, 0]}"#).unwrap();
        assert_eq!(
            (&*read.messages[0], read.at_least.as_slice()),
            (r#"{"a": 1}"#, [3, 0].as_slice())
        );
        let many = format!("{{\"messages\": [{}1]}}", "1,".repeat(MESSAGES_MAX));
        for (body, at) in [
            ("{}", "/messages"),
            (r#"{"messages": []}"#, "/messages"),
            (many.as_str(), "/messages"),
            (r#"{"messages": {}}"#, "/messages"),
            (r#"{"messages": [1], "at_least": [1, -1]}"#, "/at_least/1"),
            (r#"{"messages": [1], "at_least": [1.5]}"#, "/at_least/0"),
            (r#"{"message": {}}"#, "/message"),
        ] {
            let problem = CheckRequest::read(body.as_bytes()).unwrap_err();
            assert_eq!(problem.pointer.as_deref(), Some(at), "{body}");
        }
    }

    #[test]
    fn a_person_is_read_as_a_recipient_is() {
        let read =
            SubjectRequest::read(br#"{"contact_id": "ana\u0021", "channel": "sms"}"#).ok().unwrap();
        let asks = r#"{"message_id":"-","channel":"sms","recipient":{"contact_id":"ana\u0021"}}"#;
        assert_eq!((&*read.recipient, read.timeline_max), (asks, TIMELINE_PRESET));
        let read = SubjectRequest::read(
            br#"{"address": "a@b.example", "timeline_max": 9999, "before": {"address": "00"}}"#,
        );
        let read = read.ok().unwrap();
        assert_eq!((read.timeline_max, read.address_before.as_deref()), (TIMELINE_MAX, Some("00")));
        let read = SubjectRequest::read(
            br#"{"contact_id": "a", "address_key": "000102030405060708090a0b0c0d0e0f"}"#,
        );
        let last = std::array::from_fn(|at| u8::try_from(at).unwrap());
        assert_eq!(read.ok().unwrap().keys, [None, Some(SubjectKey(last))]);
        let long = format!("{{\"address\": \"{}\"}}", "a".repeat(ADDRESS_BYTES_MAX + 1));
        for (body, at) in [
            ("{}", ""),
            (r#"{"contact_id": null}"#, ""),
            (r#"{"contact_key": "00"}"#, "/contact_key"),
            (
                r#"{"address": "x", "address_key": "000102030405060708090a0b0c0d0e0f"}"#,
                "/address_key",
            ),
            (r#"{"contact_id": 1}"#, "/contact_id"),
            (r#"{"contact": "ana"}"#, "/contact"),
            (r#"{"address": "x", "timeline_max": -1}"#, "/timeline_max"),
            (r#"{"address": "x", "before": {"ana": "x"}}"#, "/before/ana"),
            (r#"{"address": "x", "before": "x"}"#, "/before"),
            (long.as_str(), "/address"),
        ] {
            let problem = SubjectRequest::read(body.as_bytes()).err().unwrap();
            assert_eq!(problem.pointer.as_deref(), Some(at), "{body}");
        }
    }
}

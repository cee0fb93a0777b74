//! What a dead letter and a release say, for those who write them and those who read them.
//!
//! Both name their record by topic, Kafka's own id of that topic, partition and offset ([`Origin`]): what was written
//! about a topic that was deleted says nothing about the one that took its name. A dead letter carries a keyed tag over
//! all it says and all it keeps, so nobody without the pepper can make one, and none can be altered. A release may be
//! written by somebody who cannot read the pepper; what makes it count is that it stands behind the genuine dead letter
//! in the same partition (`mod.rs`). A tag that a release does carry must be right.

use super::DeadLetter;
use crate::headers::{SourceRef, hex};
use crate::identity::Pepper;
use crate::kafka::native::Record;
use aws_lc_rs::constant_time::verify_slices_are_equal;
use std::ffi::CStr;

/// The names of `headers/` as librdkafka takes them.
pub(super) const SOURCE_HEADER: &CStr = c"gate-source";
pub(super) const RELEASE_HEADER: &CStr = c"gate-release";
const DETAIL_HEADER: &CStr = c"gate-detail";
const TOPIC_ID_HEADER: &CStr = c"gate-topic-id";
const TAG_HEADER: &CStr = c"gate-tag";

/// Characters of an operator's name that are repeated in logs.
const OPERATOR_CHARS_MAX: usize = 100;

/// A record of the consent topic, and of which topic of that name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin<'a> {
    /// Topic, partition, offset.
    pub source: SourceRef<'a>,
    /// Kafka's id of the topic; empty when the brokers tell none.
    pub topic_id: &'a str,
}

impl<'a> Origin<'a> {
    /// What a dead letter is about; `None` when the record is none.
    #[must_use]
    pub fn of_letter(record: &Record<'a>) -> Option<Self> {
        Self::read(record, SOURCE_HEADER)
    }

    /// What a release is about; `None` when the record is none.
    #[must_use]
    pub fn of_release(record: &Record<'a>) -> Option<Self> {
        Self::read(record, RELEASE_HEADER)
    }

    fn read(record: &Record<'a>, header: &CStr) -> Option<Self> {
        let source = SourceRef::parse(text(record, header)?)?;
        Some(Self { source, topic_id: text(record, TOPIC_ID_HEADER).unwrap_or_default() })
    }
}

/// The `gate-detail` of a dead letter.
#[must_use]
pub fn letter_detail(letter: &DeadLetter<'_>) -> String {
    let DeadLetter { class, owner, is_applied, .. } = letter;
    let owner = owner.as_str();
    // names of ours, which need no escaping
    let field = letter.field.map_or_else(String::new, |field| format!(",\"field\":\"{field}\""));
    format!("{{\"class\":\"{class}\"{field},\"owner\":\"{owner}\",\"applied\":{is_applied}}}")
}

/// The `gate-tag` of a dead letter with this detail, key and value.
#[must_use]
pub fn letter_tag(
    pepper: &Pepper,
    origin: &Origin<'_>,
    detail: &str,
    key: Option<&[u8]>,
    value: Option<&[u8]>,
) -> String {
    let source = origin.source.to_string();
    let said = [origin.topic_id, &source, detail].map(|text| Some(text.as_bytes()));
    let [topic_id, source, detail] = said;
    hex(&pepper.tag("dead-letter", &[topic_id, source, detail, key, value]))
}

/// The `gate-tag` of a release with this detail.
#[must_use]
pub fn release_tag(pepper: &Pepper, origin: &Origin<'_>, detail: &str) -> String {
    let source = origin.source.to_string();
    let said = [origin.topic_id, &source, detail].map(|text| Some(text.as_bytes()));
    hex(&pepper.tag("release", &said))
}

/// Whether a dead letter was written with this pepper, just as it is.
#[must_use]
pub fn is_genuine(pepper: &Pepper, record: &Record<'_>) -> bool {
    let Some(origin) = Origin::of_letter(record) else { return false };
    let detail = text(record, DETAIL_HEADER).unwrap_or_default();
    has_tag(record, &letter_tag(pepper, &origin, detail, record.key, record.value))
}

/// Whether a release was written with this pepper; `None` when it carries no tag.
#[must_use]
pub fn is_signed(pepper: &Pepper, record: &Record<'_>) -> Option<bool> {
    let origin = Origin::of_release(record)?;
    record.header(TAG_HEADER)?;
    let detail = text(record, DETAIL_HEADER).unwrap_or_default();
    Some(has_tag(record, &release_tag(pepper, &origin, detail)))
}

/// Who answers for a release, as it says; for logs.
#[must_use]
pub fn operator(record: &Record<'_>) -> String {
    let detail = text(record, DETAIL_HEADER).unwrap_or_default();
    let detail: Option<serde_json::Value> = serde_json::from_str(detail).ok();
    let named = detail.as_ref().and_then(|detail| detail.get("operator")?.as_str());
    let plain = named.unwrap_or("unnamed").chars().filter(|it| !it.is_control());
    plain.take(OPERATOR_CHARS_MAX).collect()
}

fn has_tag(record: &Record<'_>, expected: &str) -> bool {
    record
        .header(TAG_HEADER)
        .is_some_and(|tag| verify_slices_are_equal(tag, expected.as_bytes()).is_ok())
}

fn text<'a>(record: &Record<'a>, header: &CStr) -> Option<&'a str> {
    std::str::from_utf8(record.header(header)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::headers::{DETAIL, RELEASE, SOURCE, TAG, TOPIC_ID};
    use gate_engine::Owner;

    #[test]
    fn headers_are_read_under_the_names_they_are_written_under() {
        let read = [SOURCE_HEADER, RELEASE_HEADER, DETAIL_HEADER, TOPIC_ID_HEADER, TAG_HEADER];
        let written = [SOURCE, RELEASE, DETAIL, TOPIC_ID, TAG];
        assert_eq!(read.map(CStr::to_bytes), written.map(str::as_bytes));
    }

    #[test]
    fn a_detail_is_json() {
        let mut letter = DeadLetter {
            place: (0, 0),
            key: None,
            value: None,
            class: "array",
            field: None,
            owner: Owner::Unknown,
            is_applied: false,
            is_plain: false,
        };
        let read: serde_json::Value = serde_json::from_str(&letter_detail(&letter)).unwrap();
        assert_eq!(
            read,
            serde_json::json!({"class": "array", "owner": "unknown", "applied": false})
        );
        letter.field = Some("evidence.method");
        let read: serde_json::Value = serde_json::from_str(&letter_detail(&letter)).unwrap();
        assert_eq!(read["field"], "evidence.method");
    }

    #[test]
    fn a_tag_covers_all_that_is_said_and_kept() {
        let source = SourceRef { topic: "consent-change", partition: 3, record_offset: 7 };
        let origin = |topic_id| Origin { source, topic_id };
        let pepper = Pepper::new(&[7; crate::identity::PEPPER_BYTES]);
        let tag =
            |id, detail: &str, key, value| letter_tag(&pepper, &origin(id), detail, key, value);
        let whole = tag("id", "d", Some(b"k".as_slice()), Some(b"v".as_slice()));
        let other_place =
            Origin { source: SourceRef { record_offset: 8, ..source }, topic_id: "id" };
        let others = [
            tag("di", "d", Some(b"k"), Some(b"v")),
            tag("id", "e", Some(b"k"), Some(b"v")),
            tag("id", "d", None, Some(b"v")),
            tag("id", "d", Some(b""), Some(b"v")),
            tag("id", "d", Some(b"kv"), Some(b"")),
            tag("id", "d", Some(b"k"), None),
            letter_tag(&pepper, &other_place, "d", Some(b"k"), Some(b"v")),
            release_tag(&pepper, &origin("id"), "d"),
            letter_tag(
                &Pepper::new(&[8; crate::identity::PEPPER_BYTES]),
                &origin("id"),
                "d",
                Some(b"k"),
                Some(b"v"),
            ),
        ];
        for other in others {
            assert_ne!(other, whole);
        }
    }
}

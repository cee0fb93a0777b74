//! Values of ours that stand in a mapping: constants, rows of tables, defaults.

use super::reader::{Reader, suggestion};
use crate::table::Given;
use crate::target::{Record, Slot, Takes, Target, Unsaid, targets};
use gate_codec::{
    ConsentChangeRecord, Kind, OutboundMessageRecord, consent_of_record, message_of_record,
};
use gate_core::Timestamp;
use gate_located::{Node, Value};
use std::borrow::Cow;

/// Reads a value of ours for a field.
pub(super) fn given(
    reader: &mut Reader<'_>,
    node: &Node,
    target: &Target,
    kind: Kind,
) -> Option<Given> {
    let wrong = |reader: &mut Reader<'_>, fix: String| {
        let reason = format!("`{}` cannot be {}", target.name, node.value.kind());
        reader.problem(node.place, reason, fix);
        None
    };
    match (target.takes, &node.value) {
        (Takes::Instant | Takes::Date, _) => {
            let reason = format!("`{}` cannot be a fixed value", target.name);
            reader.problem(node.place, reason, "name where the record says it");
            None
        }
        (_, Value::Null) => Some(Given::Absent),
        (Takes::Flag, Value::Boolean(flag)) => Some(Given::Flag(*flag)),
        (Takes::Flag, _) => wrong(reader, "write `true` or `false`".to_owned()),
        (Takes::TextOrFlag, Value::Boolean(flag)) => {
            Some(Given::Text(if *flag { "true" } else { "false" }.into()))
        }
        (Takes::Symbol(set), Value::Text(text)) => {
            if set.names().contains(&text.as_str()) {
                return Some(Given::Text(text.as_str().into()));
            }
            let fix = suggestion(text, set.names().iter().copied());
            reader.problem(node.place, format!("`{text}` is no value of `{}`", target.name), fix);
            None
        }
        (Takes::Symbol(set), _) => wrong(reader, format!("use one of: {}", set.names().join(", "))),
        (_, Value::Text(text)) => text_of(reader, node, target, kind, text.clone()),
        (_, Value::Integer(number)) => text_of(reader, node, target, kind, number.to_string()),
        (_, Value::Boolean(_) | Value::Float(_) | Value::List(_) | Value::Map(_)) => {
            wrong(reader, "write a text".to_owned())
        }
    }
}

/// A text, if the gate could read it in this field.
fn text_of(
    reader: &mut Reader<'_>,
    node: &Node,
    target: &Target,
    kind: Kind,
    text: String,
) -> Option<Given> {
    let is_readable = !text.trim().is_empty() && is_readable(kind, target, &text);
    if !is_readable {
        let reason = format!("this text is no value of `{}`", target.name);
        reader.problem(node.place, reason, "see the field in docs/schemas.md");
        return None;
    }
    Some(Given::Text(text.into()))
}

/// Asks the reader of plain records.
fn is_readable(kind: Kind, target: &Target, text: &str) -> bool {
    let Some(index) = targets(kind).iter().position(|known| known.name == target.name) else {
        return false;
    };
    let why = match kind {
        Kind::ConsentChange => {
            let mut record = ConsentChangeRecord {
                event_id: Some("1".into()),
                occurred_at: Some(Timestamp::from_micros(0)),
                action: Some("opt_out".into()),
                contact_id: Some("1".into()),
                ..Default::default()
            };
            put(&mut record, index, text);
            consent_of_record(record).err()
        }
        Kind::OutboundMessage => {
            let mut record = OutboundMessageRecord {
                message_id: Some("1".into()),
                channel: Some("email".into()),
                recipient: Some(Default::default()),
                ..Default::default()
            };
            put(&mut record, index, text);
            message_of_record(record).err()
        }
    };
    why.is_none()
}

fn put<'a, R: Record<'a>>(record: &mut R, index: usize, text: &'a str) {
    if let Some(Slot::Text(slot)) = record.slot(index) {
        *slot = Some(Cow::Borrowed(text));
    }
}

/// Complains when a field cannot have this value where the producer says nothing, or something that is in no table: it
/// would permit what nobody permitted, or narrow what somebody refused.
pub(super) fn unsaid(reader: &mut Reader<'_>, node: &Node, target: &Target, given: &Given) {
    let (is_strict, may) = match target.unsaid {
        Unsaid::Anything => (true, String::new()),
        Unsaid::Absent => (*given == Given::Absent, "only `null` (absent)".to_owned()),
        Unsaid::OneOf(names) => (
            match given {
                Given::Text(text) => names.contains(&&**text),
                Given::Absent => true,
                Given::Flag(_) => false,
            },
            format!("only {}", names.join(", ")),
        ),
        Unsaid::Only(flag) => (
            matches!(given, Given::Absent) || *given == Given::Flag(flag),
            format!("only `{flag}`"),
        ),
    };
    if !is_strict {
        let reason = format!(
            "`{}` would say this where the record does not: it may permit what nobody permitted, or narrow a refusal",
            target.name
        );
        reader.problem(
            node.place,
            reason,
            format!("write a row for each value that means it; without one, {may} may stand here"),
        );
    }
}

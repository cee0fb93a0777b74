//! The `gate-decision` headers of a batch, as compact JSON.

use crate::context::BatchContext;
use crate::instant::rfc3339;
use crate::shape::Shape;
use crate::source::SourceRef;
use gate_core::{Channel, Decision};
use rustc_hash::FxHashMap;
use serde::Serialize;
use std::io::Write as _;
use std::ops::Range;

/// Shapes kept for one batch; more are rendered each time.
const SHAPES_MAX: usize = 1_024;

/// Where a header stands in [`HeaderWriter::finish`]'s bytes.
#[derive(Clone, Debug)]
pub struct Written {
    /// The whole JSON object.
    pub json: Range<usize>,
}

/// Writes the decision headers of one batch behind each other.
///
/// The decision id is the source itself: the same on every replay, and it leads back to the input.
pub struct HeaderWriter<'a> {
    context: BatchContext<'a>,
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

/// What decisions of a batch share, as their JSON ends.
#[derive(Serialize)]
pub(crate) struct BatchJson<'a> {
    pub(crate) policy_revision: &'a str,
    pub(crate) tz_version: &'a str,
    pub(crate) consent_topic: &'a str,
    pub(crate) consent_position: &'a [i64],
    pub(crate) evaluated_at: String,
}

impl<'a> HeaderWriter<'a> {
    /// For a batch of about `n_messages`.
    #[must_use]
    pub fn new(context: BatchContext<'a>, n_messages: usize) -> Self {
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
        // topic names need no escaping: letters, digits, `.`, `_` and `-`;
        // writing to a vector cannot fail, here and below
        write!(out, "{{\"decision_id\":\"{source}\",\"message_id\":").unwrap_or_default();
        serde_json::to_writer(&mut *out, &message_id).unwrap_or_default();
        let key = (channel, decision.shape());
        let once;
        let rendered = if shapes.len() < SHAPES_MAX || shapes.contains_key(&key) {
            shapes.entry(key).or_insert_with(|| Rendered::of(decision, channel, context))
        } else {
            once = Rendered::of(decision, channel, context);
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
        Written { json: begin..out.len() }
    }

    /// All headers.
    #[must_use]
    pub fn finish(self) -> Vec<u8> {
        self.out
    }
}

impl Rendered {
    fn of(decision: &Decision, channel: Option<Channel>, context: &BatchContext<'_>) -> Self {
        let shape = Shape::of(decision, channel, context.policies);
        Self { verdict: members(&shape.verdict()), considered: members(&shape.considered()) }
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

    #[test]
    fn hexadecimal() {
        assert_eq!(&event_hex(&[0, 1, 0x9a, 0xff, 0x10, 0, 0xab, 0xcd]), b"00019aff1000abcd");
    }
}

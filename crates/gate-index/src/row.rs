//! A decision as it is kept, and as it is given out.

use crate::IndexError;
use crate::Inner;
use crate::bucket::Exactness;
use crate::key::{PREFIX_BYTES, Place, Prefix, RowKey, Source};
use crate::wire::{Wire, put_number, put_signed, put_text};
use crate::word::{Context, Shape, Verdict};
use gate_core::Timestamp;
use std::sync::Arc;

const HAS_CONTACT: u8 = 1;
const HAS_ADDRESS: u8 = 2;
const HAS_NOT_BEFORE: u8 = 4;
const HAS_MESSAGE_ID: u8 = 8;
/// The record stands in a partition of another number than the message's.
const IS_ELSEWHERE: u8 = 16;
const EXACTNESS_SHIFT: u8 = 5;
const EXACTNESS_BITS: u8 = 3;
const IS_RECONSTRUCTED: u8 = 128;

/// What is a decision's own. INVARIANT: what a filter asks for stands in front.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Row<'a> {
    pub(crate) exactness: Exactness,
    pub(crate) is_reconstructed: bool,
    pub(crate) shape: u32,
    pub(crate) context: u32,
    pub(crate) revision: u32,
    /// Of the record in the log.
    pub(crate) place: Place,
    pub(crate) not_before: Option<i64>,
    pub(crate) contact: Option<Prefix>,
    pub(crate) address: Option<Prefix>,
    pub(crate) message_id: Option<&'a str>,
}

impl<'a> Row<'a> {
    pub(crate) fn encode(&self, key: RowKey, out: &mut Vec<u8>) {
        out.clear();
        let is_elsewhere = self.place.partition != key.source.partition;
        let sign = |is: bool, sign: u8| if is { sign } else { 0 };
        out.push(
            sign(self.contact.is_some(), HAS_CONTACT)
                | sign(self.address.is_some(), HAS_ADDRESS)
                | sign(self.not_before.is_some(), HAS_NOT_BEFORE)
                | sign(self.message_id.is_some(), HAS_MESSAGE_ID)
                | sign(is_elsewhere, IS_ELSEWHERE)
                | sign(self.is_reconstructed, IS_RECONSTRUCTED)
                | self.exactness.code() << EXACTNESS_SHIFT,
        );
        for number in [self.shape, self.context, self.revision] {
            put_number(out, number.into());
        }
        if is_elsewhere {
            put_signed(out, self.place.partition.into());
        }
        put_signed(out, self.place.offset);
        if let Some(at) = self.not_before {
            // of the same magnitude as the decision's time; wraps, and wraps back
            put_signed(out, at.wrapping_sub(key.at.as_micros()));
        }
        for person in [self.contact, self.address].into_iter().flatten() {
            out.extend_from_slice(person.expose());
        }
        if self.message_id.is_some() {
            put_text(out, self.message_id);
        }
    }

    pub(crate) fn decode(key: RowKey, value: &'a [u8]) -> Option<Self> {
        let mut wire = Wire(value);
        let signs = wire.byte()?;
        let has = |sign: u8| signs & sign != 0;
        let exactness = Exactness::of_code(signs >> EXACTNESS_SHIFT & EXACTNESS_BITS)?;
        let (shape, context, revision) = (wire.small()?, wire.small()?, wire.small()?);
        let partition =
            if has(IS_ELSEWHERE) { wire.signed()?.try_into().ok()? } else { key.source.partition };
        let place = Place { partition, offset: wire.signed()? };
        let not_before = match has(HAS_NOT_BEFORE) {
            true => Some(wire.signed()?.wrapping_add(key.at.as_micros())),
            false => None,
        };
        let mut person = |sign: u8| match has(sign) {
            true => Some(Some(Prefix::new(wire.array::<PREFIX_BYTES>()?)?)),
            false => Some(None),
        };
        let (contact, address) = (person(HAS_CONTACT)?, person(HAS_ADDRESS)?);
        let message_id = match has(HAS_MESSAGE_ID) {
            true => Some(wire.text()??),
            false => None,
        };
        wire.end()?;
        Some(Self {
            exactness,
            is_reconstructed: has(IS_RECONSTRUCTED),
            shape,
            context,
            revision,
            place,
            not_before,
            contact,
            address,
            message_id,
        })
    }

    /// Shape and context, which is all that most filters ask for.
    pub(crate) fn peek(value: &[u8]) -> Option<(u32, u32)> {
        let mut wire = Wire(value);
        wire.byte()?;
        Some((wire.small()?, wire.small()?))
    }
}

/// A decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecisionRow {
    /// Where its message stands; also its id.
    pub source: Source,
    /// Where its record stands in the decision log.
    pub place: Place,
    /// The gate's clock when it was made.
    pub evaluated_at: Timestamp,
    /// Id of its message; `None` when it could not be read.
    pub message_id: Option<Box<str>>,
    /// Outcome, reason, channel, jurisdictions.
    pub verdict: Arc<Verdict>,
    /// All reasons.
    pub shape: Arc<Shape>,
    /// Purpose, brand, controller, campaign, and whether it is the probe's.
    pub context: Arc<Context>,
    /// The policies in force.
    pub policy_revision: Arc<str>,
    /// When the message may go out, if it is deferred.
    pub not_before: Option<Timestamp>,
    /// Whom it was for.
    pub contact: Option<Prefix>,
    /// Where it was to go.
    pub address: Option<Prefix>,
    pub(crate) is_reconstructed: bool,
}

impl DecisionRow {
    pub(crate) fn read(inner: &Inner, key: RowKey, value: &[u8]) -> Result<Self, IndexError> {
        let row = Row::decode(key, value);
        let row = row.ok_or_else(|| inner.damaged("a row cannot be read"))?;
        let words = &inner.words;
        let shape = words.shapes.get(inner, row.shape)?;
        Ok(Self {
            source: inner.source(key.source)?,
            place: row.place,
            evaluated_at: key.at,
            message_id: row.message_id.map(Box::from),
            verdict: words.verdicts.get(inner, shape.verdict)?,
            shape,
            context: words.contexts.get(inner, row.context)?,
            policy_revision: Arc::clone(&words.revisions.get(inner, row.revision)?.0),
            not_before: row.not_before.map(Timestamp::from_micros),
            contact: row.contact,
            address: row.address,
            is_reconstructed: row.is_reconstructed,
        })
    }

    /// `approved`, `blocked` or `deferred`.
    #[must_use]
    pub fn outcome(&self) -> &str {
        &self.verdict.outcome
    }

    /// The code with its prefix.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.verdict.reason
    }

    /// Codes of every failing step.
    #[must_use]
    pub fn reasons(&self) -> &[Box<str>] {
        &self.shape.reasons
    }

    /// The channel, where it is known.
    #[must_use]
    pub fn channel(&self) -> Option<&str> {
        self.verdict.channel.as_deref()
    }

    /// Candidates.
    #[must_use]
    pub fn jurisdictions(&self) -> &[Box<str>] {
        &self.verdict.jurisdictions
    }

    /// The synthetic probe: nobody is behind it.
    #[must_use]
    pub fn is_probe(&self) -> bool {
        self.context.is_probe
    }

    /// Only outcome and reason are known, and perhaps whom: the log's own record was lost.
    #[must_use]
    pub fn is_reconstructed(&self) -> bool {
        self.is_reconstructed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::SourceKey;

    #[test]
    fn rows_read_back() {
        let source = SourceKey { topic: 1, partition: 3, offset: 42 };
        let key = RowKey { at: Timestamp::from_micros(1_700_000_000_000_000), source };
        let bare = Row {
            exactness: Exactness::AmongAll,
            is_reconstructed: true,
            shape: 0,
            context: 0,
            revision: 1,
            place: Place { partition: 4, offset: 0 },
            not_before: None,
            contact: None,
            address: None,
            message_id: None,
        };
        let full = Row {
            exactness: Exactness::Whole,
            is_reconstructed: false,
            shape: 300,
            place: Place { partition: 3, offset: i64::MAX },
            not_before: Some(i64::MAX),
            contact: Prefix::new([1; 6]),
            address: Prefix::new([0x80; 6]),
            message_id: Some(""),
            ..bare
        };
        for row in [bare, full] {
            let mut bytes = Vec::new();
            row.encode(key, &mut bytes);
            assert_eq!(Row::decode(key, &bytes), Some(row));
            assert_eq!(Row::peek(&bytes), Some((row.shape, row.context)));
            assert!((0..bytes.len()).all(|end| Row::decode(key, &bytes[..end]).is_none()));
        }
    }
}

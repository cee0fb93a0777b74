//! What many decisions have in common, and is kept once.

use crate::wire::{Wire, put_bytes, put_number, put_text};

/// Bytes of a text that are kept; what comes behind them does not tell two apart.
pub const WORD_BYTES_MAX: usize = 1_024;
/// Reasons or jurisdictions of one decision that are kept.
const LIST_MAX: usize = 64;

/// The kinds of what is kept once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Topic,
    Revision,
    Verdict,
    Shape,
    Context,
    Action,
}

impl Kind {
    pub(crate) const N: usize = 6;

    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Topic => 0,
            Self::Revision => 1,
            Self::Verdict => 2,
            Self::Shape => 3,
            Self::Context => 4,
            Self::Action => 5,
        }
    }
}

/// Something that is kept once, under a number.
pub(crate) trait Word: Sized {
    const KIND: Kind;
    /// What number 0 stands for: all that came when there was no room for another.
    fn others() -> Self;
    fn decode(bytes: &[u8]) -> Option<Self>;
}

/// What decisions are counted by, of what the gate has found.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Verdict {
    /// `approved`, `blocked` or `deferred`; `unknown` where a record was lost and its output names no reason of this version.
    pub outcome: Box<str>,
    /// The code with its prefix.
    pub reason: Box<str>,
    /// The channel; `None` when the message could not be read or names another.
    pub channel: Option<Box<str>>,
    /// Candidates.
    pub jurisdictions: Vec<Box<str>>,
    /// Stands for all verdicts that came when there was no room for another.
    pub is_other: bool,
}

/// A decision without what belongs to one message alone.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Shape {
    pub(crate) verdict: u32,
    /// Codes of every failing step.
    pub reasons: Vec<Box<str>>,
}

/// Whom a message was for, by its own words.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Context {
    /// Its purpose.
    pub purpose: Option<Box<str>>,
    /// Its brand.
    pub brand: Option<Box<str>>,
    /// Its controller.
    pub controller: Option<Box<str>>,
    /// Its campaign.
    pub campaign: Option<Box<str>>,
    /// The synthetic probe: nobody is behind it.
    pub is_probe: bool,
    /// Stands for all contexts that came when there was no room for another.
    pub is_other: bool,
}

const OTHERS: &str = "(others)";

/// At most [`WORD_BYTES_MAX`] bytes of a text, whole characters.
pub(crate) fn cut(text: &str) -> &str {
    text.get(..text.floor_char_boundary(WORD_BYTES_MAX)).unwrap_or(text)
}

fn put_list<'t>(out: &mut Vec<u8>, list: impl ExactSizeIterator<Item = &'t str>) {
    put_number(out, list.len().min(LIST_MAX) as u64);
    list.take(LIST_MAX).for_each(|text| put_bytes(out, cut(text).as_bytes()));
}

fn list(wire: &mut Wire<'_>) -> Option<Vec<Box<str>>> {
    let len = usize::try_from(wire.number()?).ok().filter(|len| *len <= LIST_MAX)?;
    let text = |wire: &mut Wire<'_>| Some(Box::from(std::str::from_utf8(wire.bytes()?).ok()?));
    (0..len).map(|_| text(wire)).collect()
}

fn owned(text: Option<&str>) -> Option<Box<str>> {
    text.map(Box::from)
}

/// The bytes of a verdict, from the words of the log.
pub(crate) fn verdict_bytes(shape: &gate_log::Shape<'_>) -> Vec<u8> {
    let mut out = Vec::with_capacity(64);
    put_text(&mut out, Some(cut(&shape.outcome)));
    put_text(&mut out, Some(cut(&shape.reason)));
    put_text(&mut out, shape.channel.as_deref().map(cut));
    put_list(&mut out, shape.jurisdictions.iter().map(|text| &**text));
    out
}

/// The bytes of a shape, from the words of the log.
pub(crate) fn shape_bytes(shape: &gate_log::Shape<'_>, verdict: u32) -> Vec<u8> {
    let mut out = Vec::with_capacity(64);
    put_number(&mut out, u64::from(verdict));
    put_list(&mut out, shape.reasons.iter().map(|text| &**text));
    out
}

/// The bytes of a context, from the words of the log.
pub(crate) fn context_bytes(context: &gate_log::Context<'_>) -> Vec<u8> {
    let gate_log::Context { purpose, brand, controller, campaign, probe } = context;
    let mut out = Vec::with_capacity(64);
    for text in [purpose, brand, controller, campaign] {
        put_text(&mut out, text.as_deref().map(cut));
    }
    out.push(u8::from(*probe));
    out
}

fn flag(byte: u8) -> Option<bool> {
    match byte {
        0 => Some(false),
        1 => Some(true),
        _ => None,
    }
}

impl Word for Verdict {
    const KIND: Kind = Kind::Verdict;

    fn others() -> Self {
        Self {
            outcome: OTHERS.into(),
            reason: OTHERS.into(),
            channel: None,
            jurisdictions: Vec::new(),
            is_other: true,
        }
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let mut wire = Wire(bytes);
        let (outcome, reason) = (owned(wire.text()??.into())?, owned(wire.text()??.into())?);
        let channel = owned(wire.text()?);
        let jurisdictions = list(&mut wire)?;
        wire.end()?;
        Some(Self { outcome, reason, channel, jurisdictions, is_other: false })
    }
}

impl Word for Shape {
    const KIND: Kind = Kind::Shape;

    fn others() -> Self {
        Self { verdict: 0, reasons: Vec::new() }
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let mut wire = Wire(bytes);
        let verdict = wire.small()?;
        let reasons = list(&mut wire)?;
        wire.end()?;
        Some(Self { verdict, reasons })
    }
}

impl Word for Context {
    const KIND: Kind = Kind::Context;

    fn others() -> Self {
        Self { is_other: true, ..Self::default() }
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let mut wire = Wire(bytes);
        let mut text = || wire.text().map(owned);
        let (purpose, brand, controller, campaign) = (text()?, text()?, text()?, text()?);
        let is_probe = flag(wire.byte()?)?;
        wire.end()?;
        Some(Self { purpose, brand, controller, campaign, is_probe, is_other: false })
    }
}

/// A name that stands for itself.
pub(crate) struct Name<const KIND: u8>(pub(crate) std::sync::Arc<str>);

/// The topic of messages.
pub(crate) type TopicName = Name<{ Kind::Topic.code() }>;
/// A revision of the policies.
pub(crate) type Revision = Name<{ Kind::Revision.code() }>;
/// What a consent change does.
pub(crate) type ActionName = Name<{ Kind::Action.code() }>;

impl<const KIND: u8> Word for Name<KIND> {
    const KIND: Kind = match KIND {
        0 => Kind::Topic,
        1 => Kind::Revision,
        _ => Kind::Action,
    };

    fn others() -> Self {
        Self(OTHERS.into())
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        Some(Self(std::str::from_utf8(bytes).ok()?.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::borrow::Cow;

    #[test]
    fn words_of_the_log_read_back() {
        let text = |text: &'static str| Cow::Borrowed(text);
        let shape = gate_log::Shape {
            channel: Some(text("email")),
            outcome: text("blocked"),
            reason: text("blocked.opted_out"),
            reasons: vec![text("blocked.opted_out"), text("blocked.no_consent")],
            jurisdictions: vec![text("GB"), text("FR")],
            ..gate_log::Shape::default()
        };
        let bytes = verdict_bytes(&shape);
        let verdict = Verdict::decode(&bytes).unwrap();
        assert_eq!((&*verdict.outcome, verdict.jurisdictions.len()), ("blocked", 2));
        let bytes = shape_bytes(&shape, 7);
        let read = Shape::decode(&bytes).unwrap();
        assert_eq!((read.verdict, &*read.reasons[1]), (7, "blocked.no_consent"));
        let long = "é".repeat(WORD_BYTES_MAX);
        let context = gate_log::Context {
            brand: Some(text("tents")),
            campaign: Some(Cow::Owned(long)),
            probe: true,
            ..gate_log::Context::default()
        };
        let bytes = context_bytes(&context);
        let read = Context::decode(&bytes).unwrap();
        assert_eq!((read.brand.as_deref(), read.purpose.as_deref()), (Some("tents"), None));
        assert_eq!(read.campaign.as_ref().map(|text| text.len()), Some(WORD_BYTES_MAX));
        assert!((0..bytes.len()).all(|end| Context::decode(&bytes[..end]).is_none()));
    }
}

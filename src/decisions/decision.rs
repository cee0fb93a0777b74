//! What an entry of the decision log says, and which decisions are meant.
//!
//! Whoever may write the log may write there what they like; nothing is believed that the gate would not have written,
//! and a record that cannot be read is named, never left out: it may be somebody who was written to.

use std::fmt::Write as _;

use gate_core::policy::Code;
use gate_core::{Channel, Reason, Timestamp};
use gate_log::{BatchError, Entry};

use super::Outcome;
use crate::headers::{hex, rfc3339};

/// Why a record, or an entry of it, cannot be counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Unreadable {
    NoRecord,
    NewerSchema,
    Damaged,
    StrangeNames,
    LostInPart,
}

impl Unreadable {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::NoRecord => "no_record_of_the_log",
            Self::NewerSchema => "unknown_schema",
            Self::Damaged => "damaged",
            Self::StrangeNames => "unknown_names",
            Self::LostInPart => "lost_in_part",
        }
    }

    pub(crate) const fn meaning(self) -> &'static str {
        match self {
            Self::NoRecord => "it is no record of the decision log: something else has written it",
            Self::NewerSchema => {
                "its schema is none that this version knows: a newer gate, or something else, has written it"
            }
            Self::Damaged => "it does not read as its schema says",
            Self::StrangeNames => {
                "it names a channel, jurisdiction, outcome or reason that this version does not know"
            }
            Self::LostInPart => {
                "the brokers have lost its first record, and its output says no reason that this version knows"
            }
        }
    }

    pub(crate) const fn of(error: BatchError) -> Self {
        match error {
            BatchError::Framing => Self::NoRecord,
            BatchError::Schema | BatchError::OwnSchema => Self::NewerSchema,
            BatchError::Damaged | BatchError::Columns => Self::Damaged,
        }
    }
}

/// A decision as the log tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Decision {
    pub(crate) source: String,
    pub(crate) message_id: Option<String>,
    pub(crate) channel: Option<Channel>,
    pub(crate) outcome: Outcome,
    pub(crate) reason: String,
    pub(crate) jurisdictions: Vec<Code>,
    /// With versions: `GB@2026.11`.
    pub(crate) packs: Vec<String>,
    /// With packs: `GB/electronic-mail`.
    pub(crate) rules: Vec<String>,
    pub(crate) evaluated_at: String,
    pub(crate) purpose: Option<String>,
    pub(crate) brand: Option<String>,
    pub(crate) campaign: Option<String>,
    /// Beginning of the contact's keyed hash.
    pub(crate) contact: Option<String>,
    /// Beginning of the address's keyed hash.
    pub(crate) address: Option<String>,
}

impl Decision {
    /// Reads an entry.
    pub(crate) fn of(entry: &Entry<'_>) -> Result<Self, Unreadable> {
        let (shape, context) = (entry.shape, entry.context);
        if shape.is_reconstructed && shape.reason == "unknown" {
            return Err(Unreadable::LostInPart);
        }
        let strange = Unreadable::StrangeNames;
        let outcome = Outcome::parse(&shape.outcome).ok_or(strange)?;
        let reason = Reason::parse(&shape.reason).ok_or(strange)?;
        if reason.outcome().as_str() != outcome.as_str() {
            return Err(strange);
        }
        let channel = match shape.channel.as_deref() {
            None => None,
            Some(name) => Some(Channel::parse(name).ok_or(strange)?),
        };
        let jurisdictions: Option<Vec<Code>> =
            shape.jurisdictions.iter().map(|code| Code::parse(code)).collect();
        let texts = |texts: &[std::borrow::Cow<'_, str>]| -> Vec<String> {
            texts.iter().map(|text| text.to_string()).collect()
        };
        Ok(Self {
            source: entry.source().to_string(),
            message_id: entry.message_id.map(str::to_owned),
            channel,
            outcome,
            reason: shape.reason.to_string(),
            jurisdictions: jurisdictions.ok_or(strange)?,
            packs: texts(&shape.packs),
            rules: texts(&shape.rules),
            evaluated_at: rfc3339(Timestamp::from_micros(entry.batch().evaluated_at)),
            purpose: context.purpose.as_deref().map(str::to_owned),
            brand: context.brand.as_deref().map(str::to_owned),
            campaign: context.campaign.as_deref().map(str::to_owned),
            contact: entry.contact.map(hex),
            address: entry.address.map(hex),
        })
    }

    /// Whom to count: an address is one recipient, whatever ids it goes by.
    pub(crate) fn person(&self) -> Option<&str> {
        self.address.as_deref().or(self.contact.as_deref())
    }
}

/// Which decisions are meant; all of these at once.
#[derive(Debug, Clone, Default)]
pub(crate) struct Filter {
    /// `GB/electronic-mail`, or `electronic-mail` for the rules of that id in every pack.
    pub(crate) rule: Option<String>,
    /// `GB`, or `GB@2026.11` for that version alone.
    pub(crate) pack: Option<String>,
    pub(crate) reason: Option<String>,
    pub(crate) channel: Option<Channel>,
}

impl Filter {
    pub(crate) fn is_met_by(&self, decision: &Decision) -> bool {
        let has_rule = |wanted: &String| {
            let is_it = |rule: &String| {
                rule == wanted || rule.split_once('/').is_some_and(|(_, id)| id == wanted)
            };
            decision.rules.iter().any(is_it)
        };
        let has_pack = |wanted: &String| {
            let is_it = |pack: &String| {
                let code = pack.split_once('@').map_or(pack.as_str(), |(code, _)| code);
                pack.eq_ignore_ascii_case(wanted) || code.eq_ignore_ascii_case(wanted)
            };
            decision.packs.iter().any(is_it)
        };
        self.rule.as_ref().is_none_or(has_rule)
            && self.pack.as_ref().is_none_or(has_pack)
            && self.reason.as_ref().is_none_or(|reason| decision.reason == *reason)
            && self.channel.is_none_or(|channel| decision.channel == Some(channel))
    }

    /// For people; empty when everything is meant.
    pub(crate) fn describe(&self) -> String {
        let mut out = String::new();
        let mut add = |what: &str, value: Option<&str>| {
            if let Some(value) = value {
                let comma = if out.is_empty() { "" } else { ", " };
                // writing to a String cannot fail
                write!(out, "{comma}{what} {value}").ok();
            }
        };
        add("rule", self.rule.as_deref());
        add("pack", self.pack.as_deref());
        add("reason", self.reason.as_deref());
        add("channel", self.channel.map(Channel::as_str));
        out
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use gate_log::{Context, DecisionBatch, Shape};
    use std::borrow::Cow;

    /// A record with one decision.
    pub(crate) fn batch() -> DecisionBatch<'static> {
        let text = |text: &'static str| Cow::Borrowed(text);
        DecisionBatch {
            source_topic: text("outbound-message"),
            first_offset: 7,
            evaluated_at: 1_795_757_743_000_000,
            consent_topic: text("consent-change"),
            consent_position: vec![1].into(),
            shapes: vec![Shape {
                channel: Some(text("email")),
                outcome: text("approved"),
                reason: text("approved.express_consent"),
                jurisdictions: vec![text("GB"), text("US-FL")],
                packs: vec![text("GB@2026.11"), text("US@2026.10")],
                rules: vec![text("GB/electronic-mail"), text("US/hours")],
                ..Shape::default()
            }],
            contexts: vec![Context { brand: Some(text("harbour")), ..Context::default() }],
            offsets: vec![0],
            message_ids: vec![Some(text("m-1"))],
            shape: vec![0],
            context: vec![0],
            contacts: vec![1, 2, 3, 4, 5, 6],
            addresses: vec![0; 6],
            evidence: vec![0; 4],
            ..DecisionBatch::default()
        }
    }

    fn read(batch: &DecisionBatch<'_>) -> Result<Decision, Unreadable> {
        Decision::of(&batch.entries().next().unwrap())
    }

    #[test]
    fn an_entry_of_the_gate_is_read() {
        let decision = read(&batch()).unwrap();
        assert_eq!(decision.source, "outbound-message/0/7");
        assert_eq!(decision.message_id.as_deref(), Some("m-1"));
        assert_eq!((decision.channel, decision.outcome), (Some(Channel::Email), Outcome::Approved));
        let codes: Vec<&str> = decision.jurisdictions.iter().map(Code::as_str).collect();
        assert_eq!(codes, ["GB", "US-FL"]);
        assert_eq!((decision.person(), &decision.address), (Some("010203040506"), &None));
        let mut unnamed = batch();
        unnamed.message_ids[0] = None;
        unnamed.shapes[0].channel = None;
        let unnamed = read(&unnamed).unwrap();
        assert_eq!((unnamed.message_id, unnamed.channel), (None, None));
    }

    #[test]
    fn what_the_gate_has_not_written_is_named() {
        let breaks: [fn(&mut Shape<'_>); 5] = [
            |it| it.channel = Some("pigeon".into()),
            |it| it.jurisdictions[1] = "not a code".into(),
            |it| it.outcome = "blocked".into(),
            |it| it.outcome = "lost".into(),
            |it| it.reason = "approved.no_such_reason".into(),
        ];
        for break_it in breaks {
            let mut broken = batch();
            break_it(&mut broken.shapes[0]);
            assert_eq!(read(&broken), Err(Unreadable::StrangeNames), "{:?}", broken.shapes[0]);
        }
        let mut lost = batch();
        lost.shapes[0] =
            Shape { reason: "unknown".into(), is_reconstructed: true, ..Shape::default() };
        assert_eq!(read(&lost), Err(Unreadable::LostInPart));
    }

    #[test]
    fn every_condition_must_hold() {
        let decision = read(&batch()).unwrap();
        let of = |rule: &str, pack: &str, reason: &str, channel: &str| {
            let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
            let filter = Filter {
                rule: some(rule),
                pack: some(pack),
                reason: some(reason),
                channel: Channel::parse(channel),
            };
            filter.is_met_by(&decision)
        };
        assert!(of("", "", "", ""), "everything is meant");
        assert!(of("GB/electronic-mail", "", "", "") && of("electronic-mail", "", "", ""));
        assert!(!of("US/electronic-mail", "", "", "") && !of("electronic", "", "", ""));
        assert!(!of("GB", "", "", ""), "a pack is no rule");
        assert!(of("", "GB", "", "") && of("", "us@2026.10", "", "") && of("", "gb", "", ""));
        assert!(!of("", "GB@2026.10", "", "") && !of("", "G", "", "") && !of("", "FL", "", ""));
        assert!(of("", "", "approved.express_consent", ""));
        assert!(!of("", "", "express_consent", ""));
        assert!(of("", "", "", "email") && !of("", "", "", "sms"));
        assert!(of("hours", "US", "approved.express_consent", "email"));
        assert!(!of("hours", "US", "approved.express_consent", "sms"));
        assert!(!of("hours", "FR", "approved.express_consent", "email"));
    }

    #[test]
    fn a_filter_says_what_it_is() {
        assert_eq!(Filter::default().describe(), "");
        let filter = Filter {
            pack: Some("GB".to_owned()),
            channel: Some(Channel::Sms),
            ..Filter::default()
        };
        assert_eq!(filter.describe(), "pack GB, channel sms");
    }
}

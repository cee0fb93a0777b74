//! What a record of the outputs says about its decision, and which decisions are meant.
//!
//! Whoever may write an output may write there what they like; nothing is believed that the gate would not have written,
//! and a record that cannot be read is named, never left out: it may be somebody who was written to.

use std::fmt::Write as _;

use gate_core::Channel;
use gate_core::policy::Code;
use serde::Deserialize;

use super::Outcome;

/// Why a record cannot be counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::cli) enum Unreadable {
    NoHeader,
    NoDecision,
    StrangeNames,
    OtherTopic,
}

impl Unreadable {
    pub(in crate::cli) const fn as_str(self) -> &'static str {
        match self {
            Self::NoHeader => "no_decision_header",
            Self::NoDecision => "malformed_decision_header",
            Self::StrangeNames => "unknown_names",
            Self::OtherTopic => "outcome_of_another_topic",
        }
    }

    pub(in crate::cli) const fn meaning(self) -> &'static str {
        match self {
            Self::NoHeader => "it has no `gate-decision`: something else has written it",
            Self::NoDecision => "its `gate-decision` is no JSON of a decision",
            Self::StrangeNames => {
                "its `gate-decision` names a channel, jurisdiction or outcome that this version does not know"
            }
            Self::OtherTopic => {
                "its `gate-decision` names another outcome than its topic stands for"
            }
        }
    }
}

/// The members of `gate-decision` that a report needs (`docs/schemas.md`).
#[derive(Debug, Deserialize)]
struct Header {
    decision_id: String,
    message_id: Option<String>,
    channel: Option<String>,
    outcome: String,
    reason: String,
    jurisdictions: Vec<String>,
    packs: Vec<String>,
    rules: Vec<String>,
    evaluated_at: String,
}

/// A decision as its header tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::cli) struct Decision {
    pub(in crate::cli) source: String,
    pub(in crate::cli) message_id: Option<String>,
    pub(in crate::cli) channel: Option<Channel>,
    pub(in crate::cli) reason: String,
    pub(in crate::cli) jurisdictions: Vec<Code>,
    /// With versions: `GB@2026.11`.
    pub(in crate::cli) packs: Vec<String>,
    /// With packs: `GB/electronic-mail`.
    pub(in crate::cli) rules: Vec<String>,
    pub(in crate::cli) evaluated_at: String,
}

impl Decision {
    /// Reads the header of a record that lies in the topic of `outcome`.
    pub(in crate::cli) fn read(
        header: Option<&[u8]>,
        outcome: Outcome,
    ) -> Result<Self, Unreadable> {
        let bytes = header.ok_or(Unreadable::NoHeader)?;
        let header: Header = serde_json::from_slice(bytes).map_err(|_| Unreadable::NoDecision)?;
        if header.outcome != outcome.as_str() {
            return Err(Unreadable::OtherTopic);
        }
        let channel = match header.channel.as_deref().map(Channel::parse) {
            None => None,
            Some(Some(channel)) => Some(channel),
            Some(None) => return Err(Unreadable::StrangeNames),
        };
        let jurisdictions: Option<Vec<Code>> =
            header.jurisdictions.iter().map(|code| Code::parse(code)).collect();
        Ok(Self {
            source: header.decision_id,
            message_id: header.message_id,
            channel,
            reason: header.reason,
            jurisdictions: jurisdictions.ok_or(Unreadable::StrangeNames)?,
            packs: header.packs,
            rules: header.rules,
            evaluated_at: header.evaluated_at,
        })
    }
}

/// Which decisions are meant; all of these at once.
#[derive(Debug, Clone, Default)]
pub(in crate::cli) struct Filter {
    /// `GB/electronic-mail`, or `electronic-mail` for the rules of that id in every pack.
    pub(in crate::cli) rule: Option<String>,
    /// `GB`, or `GB@2026.11` for that version alone.
    pub(in crate::cli) pack: Option<String>,
    pub(in crate::cli) reason: Option<String>,
    pub(in crate::cli) channel: Option<Channel>,
}

impl Filter {
    pub(in crate::cli) fn is_met_by(&self, decision: &Decision) -> bool {
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
    pub(in crate::cli) fn describe(&self) -> String {
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
mod tests {
    use super::*;

    const HEADER: &str = r#"{"decision_id":"outbound-message/0/7","message_id":"m-1","channel":"email",
        "outcome":"approved","reason":"approved.express_consent","reasons":[],"basis":"express",
        "jurisdictions":["GB","US-FL"],"packs":["GB@2026.11","US@2026.10"],
        "rules":["GB/electronic-mail","US/hours"],"policy_revision":"r","tz_version":"t",
        "consent_topic":"c","consent_position":[1],"evaluated_at":"2026-11-27T05:35:43Z"}"#;

    fn read(header: &str) -> Result<Decision, Unreadable> {
        Decision::read(Some(header.as_bytes()), Outcome::Approved)
    }

    #[test]
    fn a_header_of_the_gate_is_read() {
        let decision = read(HEADER).unwrap();
        assert_eq!(decision.source, "outbound-message/0/7");
        assert_eq!(decision.message_id.as_deref(), Some("m-1"));
        assert_eq!(decision.channel, Some(Channel::Email));
        let codes: Vec<&str> = decision.jurisdictions.iter().map(Code::as_str).collect();
        assert_eq!(codes, ["GB", "US-FL"]);
        let unnamed = HEADER.replace("\"m-1\"", "null").replace("\"email\"", "null");
        let unnamed = read(&unnamed).unwrap();
        assert_eq!((unnamed.message_id, unnamed.channel), (None, None));
    }

    #[test]
    fn what_the_gate_has_not_written_is_named() {
        assert_eq!(Decision::read(None, Outcome::Approved), Err(Unreadable::NoHeader));
        for broken in ["", "{", "null", "[]", "{\"outcome\":\"approved\"}", "\u{0}"] {
            assert_eq!(read(broken), Err(Unreadable::NoDecision), "{broken:?}");
        }
        let other = HEADER.replace("\"outcome\":\"approved\"", "\"outcome\":\"blocked\"");
        assert_eq!(read(&other), Err(Unreadable::OtherTopic));
        for (from, to) in [("\"email\"", "\"pigeon\""), ("US-FL", "not a code")] {
            assert_eq!(read(&HEADER.replace(from, to)), Err(Unreadable::StrangeNames), "{to}");
        }
    }

    #[test]
    fn every_condition_must_hold() {
        let decision = read(HEADER).unwrap();
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

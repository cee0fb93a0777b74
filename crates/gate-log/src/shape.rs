//! What decisions of one shape have in common, in words.
//!
//! Of the some eight hundred bytes that explain a decision only the source, the message id, the proving event and instants are
//! its own. The rest is the same for all decisions of one shape, and is put into words once a batch.

use gate_core::policy::Element;
use gate_core::{Channel, Decision, Detail, PolicySet, Reason, Warning};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// Zones that are named at most.
const ZONES_MAX: usize = 8;

/// A text that is borrowed when written, and owned when read.
type Text<'a> = Cow<'a, str>;

/// A decision without what belongs to one message alone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shape<'a> {
    /// The channel; `None` when the record could not be read or names another.
    pub channel: Option<Text<'a>>,
    /// `approved`, `blocked` or `deferred`.
    pub outcome: Text<'a>,
    /// The code with its prefix, such as `blocked.opted_out`.
    pub reason: Text<'a>,
    /// The codes of every failing step.
    pub reasons: Vec<Text<'a>>,
    /// More about the reason.
    pub detail: Option<DetailWords<'a>>,
    /// The basis of an approval.
    pub basis: Option<Text<'a>>,
    /// The codes of its warnings.
    pub warnings: Vec<Text<'a>>,
    /// Candidate jurisdictions.
    pub jurisdictions: Vec<Text<'a>>,
    /// The packs of their rules, with versions.
    pub packs: Vec<Text<'a>>,
    /// The rules themselves.
    pub rules: Vec<Text<'a>>,
    /// Zones whose hours were asked.
    pub zones: Vec<Text<'a>>,
    /// Only outcome and reason are known: the transaction that held the log's record was committed in part.
    #[serde(rename = "reconstructed")]
    pub is_reconstructed: bool,
}

/// More about a reason; never personal data.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DetailWords<'a> {
    /// Why the message could not be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class: Option<Text<'a>>,
    /// How far the opt-out reaches.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<Text<'a>>,
    /// The condition that is false or unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flag: Option<Text<'a>>,
    /// The path of the field that is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<Text<'a>>,
    /// What is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub missing: Option<Vec<Text<'a>>>,
    /// The pack that asks for what is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub asked_by: Option<Text<'a>>,
}

impl<'a> DetailWords<'a> {
    pub(crate) fn of(detail: Detail, policies: &'a PolicySet) -> Option<Self> {
        let nothing = Self::default();
        let text = |text: &'static str| Some(Cow::Borrowed(text));
        Some(match detail {
            Detail::None => return None,
            Detail::Class(class) => Self { class: text(class), ..nothing },
            Detail::Scope(scope) => Self { scope: text(scope), ..nothing },
            Detail::Flag(flag) => Self { flag: text(flag), ..nothing },
            Detail::Missing(content) => {
                let missing = content.iter().map(Element::as_str).map(Cow::Borrowed).collect();
                Self { missing: Some(missing), ..nothing }
            }
            Detail::Unreadable(class, field) => {
                Self { class: text(class), field: text(field), ..nothing }
            }
            Detail::Field(field) => Self { field: text(field), ..nothing },
            Detail::Absent(field) => Self { missing: Some(vec![Cow::Borrowed(field)]), ..nothing },
            Detail::Evidence(lacks) => Self {
                missing: Some(lacks.paths().map(Cow::Borrowed).collect()),
                asked_by: policies.pack(lacks.pack).map(|pack| Cow::Borrowed(pack.code.as_str())),
                ..nothing
            },
        })
    }
}

/// The `detail` of a decision as its header says it.
#[must_use]
pub fn detail_json(detail: Detail, policies: &PolicySet) -> Option<serde_json::Value> {
    serde_json::to_value(DetailWords::of(detail, policies)?).ok()
}

impl<'a> Shape<'a> {
    pub(crate) fn of(
        decision: &Decision,
        channel: Option<Channel>,
        policies: &'a PolicySet,
    ) -> Self {
        let considered = decision.considered();
        let mut packs: Vec<u16> = considered.rules(policies).map(|rule| rule.pack).collect();
        packs.dedup();
        let packs = packs.into_iter().filter_map(|index| policies.pack(index));
        let mut zones: Vec<Text<'_>> = considered
            .zones(policies)
            .map(|zone| Cow::Owned(zone.name.as_str().to_owned()))
            .collect();
        zones.dedup();
        // zones matter where hours were asked; a whole continent of them explains nothing more
        let asks_hours = considered.rules(policies).any(|rule| rule.hours.is_some());
        zones.truncate(if asks_hours { ZONES_MAX } else { 0 });
        let owned = |text: &str| Cow::Owned(text.to_owned());
        Self {
            channel: channel.map(Channel::as_str).map(Cow::Borrowed),
            outcome: Cow::Borrowed(decision.outcome().as_str()),
            reason: Cow::Borrowed(decision.reason().code()),
            reasons: decision.reasons().iter().map(Reason::code).map(Cow::Borrowed).collect(),
            detail: DetailWords::of(decision.detail(), policies),
            basis: decision.basis().map(|(basis, _)| Cow::Borrowed(basis.as_str())),
            warnings: decision.warnings().iter().map(Warning::code).map(Cow::Borrowed).collect(),
            jurisdictions: considered
                .jurisdictions(policies)
                .map(|jurisdiction| owned(jurisdiction.code.as_str()))
                .collect(),
            packs: packs
                .map(|pack| Cow::Owned(format!("{}@{}", pack.code.as_str(), pack.version)))
                .collect(),
            rules: considered.rules(policies).map(|rule| owned(rule.label.as_str())).collect(),
            zones,
            is_reconstructed: false,
        }
    }

    /// The members of the JSON that stand before what is the message's own.
    pub(crate) fn verdict(&self) -> impl Serialize {
        Verdict {
            channel: self.channel.as_deref(),
            outcome: &self.outcome,
            reason: &self.reason,
            reasons: &self.reasons,
            detail: self.detail.as_ref(),
            basis: self.basis.as_deref(),
        }
    }

    /// Those behind it.
    pub(crate) fn considered(&self) -> impl Serialize {
        Considered {
            warnings: &self.warnings,
            jurisdictions: &self.jurisdictions,
            packs: &self.packs,
            rules: &self.rules,
            zones: &self.zones,
        }
    }
}

#[derive(Serialize)]
struct Verdict<'s, 'a> {
    channel: Option<&'s str>,
    outcome: &'s str,
    reason: &'s str,
    reasons: &'s [Text<'a>],
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'s DetailWords<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    basis: Option<&'s str>,
}

#[derive(Serialize)]
struct Considered<'s, 'a> {
    #[serde(skip_serializing_if = "is_empty")]
    warnings: &'s [Text<'a>],
    jurisdictions: &'s [Text<'a>],
    packs: &'s [Text<'a>],
    rules: &'s [Text<'a>],
    #[serde(skip_serializing_if = "is_empty")]
    zones: &'s [Text<'a>],
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
fn is_empty(list: &&[Text<'_>]) -> bool {
    list.is_empty()
}

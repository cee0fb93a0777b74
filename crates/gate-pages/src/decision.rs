//! The page of one decision.

use serde::{Deserialize, Serialize};

use crate::frame::Frame;
use crate::parts::{DecisionRow, FieldError, Place, Reason, encoded, query, wrong};
use crate::people::LookUpReason;
use crate::person::EventKind;

/// `GET /decisions/{topic}/{partition}/{offset}`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DecisionPage {
    /// The decision as it stands in tables.
    pub row: DecisionRow,
    /// The message's id; may be empty.
    pub message_id: String,
    /// What an officer says to go on to the person; `None` when the message names nobody.
    pub person: Option<ToPerson>,
    /// What happened, as one sentence: "This person had opted out of e-mail 64 seconds before." Empty takes the reason's.
    pub verdict: String,
    /// What to do about it, one sentence; may be empty.
    pub remedy: String,
    /// Whether it was decided again, and how that ended.
    pub recomputed: Recomputed,
    /// Every step, in order.
    pub steps: Vec<Step>,
    /// What permits it or stands against it.
    pub evidence: Vec<Evidence>,
    /// What the gate saw.
    pub seen: Seen,
    /// The decision as JSON, laid out.
    pub json: String,
    /// Decisions about the same person before and after, newest first, with this one; empty shows none.
    pub neighbours: Vec<DecisionRow>,
    /// How many were decided in the same batch.
    pub batch: Option<u64>,
    /// Approved and all decisions of the same campaign.
    pub campaign: Option<(u64, u64)>,
    /// Deferred: what was decided later about the same message, oldest first.
    pub later: Vec<DecisionRow>,
    /// Whether the ledger holds it.
    pub ledger: Ledger,
    /// Why one looked the person up, for print; may be empty.
    pub looked_up: String,
}

/// From a decision to its person: `POST /decisions/{topic}/{partition}/{offset}/person`. Fields: `reason`, `ticket`, `csrf`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToPerson {
    /// Why one looks.
    pub reason: Option<LookUpReason>,
    /// Free text, optional.
    pub ticket: String,
    /// What is wrong with it.
    pub errors: Vec<FieldError>,
}

impl ToPerson {
    pub(crate) fn wrong(&self, field: &str) -> Option<&str> {
        wrong(&self.errors, field)
    }

    pub(crate) fn is_reason(&self, reason: &LookUpReason) -> bool {
        self.reason == Some(*reason)
    }
}

/// Decided again, with the consent and the rules of that moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Recomputed {
    /// With the same end.
    Same,
    /// With another end: something is wrong.
    Different {
        /// How it ended now.
        reason: Reason,
        /// The first step that differs.
        step: Option<u32>,
        /// What differs, one sentence; may be empty.
        sentence: String,
    },
    /// Not possible.
    Impossible {
        /// Why, one sentence: "The timeline is older than what is kept."
        sentence: String,
    },
    /// Not asked for.
    NotAsked,
}

/// How a step ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum StepStatus {
    /// Nothing against the message.
    Passed,
    /// The step did not apply.
    NotAsked,
    /// Blocks.
    Failed,
    /// Defers.
    Deferred,
}

/// One step of the decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Its number, from 1.
    pub number: u32,
    /// Its name in words: "Refusals".
    pub name: String,
    /// How it ended.
    pub status: StepStatus,
    /// Whether it gave the reason.
    pub decides: bool,
    /// What was found: "Opted out of e-mail on 20 November, 18:30:00."
    pub sentence: String,
    /// Its code, if it stands against the message; empty for the step that only sums up.
    pub code: String,
    /// The rule: `GB/electronic-mail`; may be empty.
    pub rule: String,
    /// The law: "PECR reg. 22(2)"; may be empty.
    pub law: String,
    /// How sure the rule is: "law read, guide read"; may be empty.
    pub source: String,
}

impl Step {
    /// Class of the line.
    pub(crate) fn class(&self) -> &'static str {
        match self.status {
            StepStatus::Passed | StepStatus::NotAsked => "pass",
            StepStatus::Failed if self.decides => "decides",
            StepStatus::Deferred if self.decides => "decides wait",
            StepStatus::Failed | StepStatus::Deferred => "fails",
        }
    }

    /// Colour and shape of the mark, and the id of the word for whoever does not see it.
    pub(crate) fn mark(&self) -> (&'static str, &'static str, &'static str) {
        match self.status {
            StepStatus::Passed => ("ok", "m-pass", "step-passed"),
            StepStatus::NotAsked => ("none", "m-skip", "step-not-asked"),
            StepStatus::Failed => ("no", "m-no", "step-failed"),
            StepStatus::Deferred => ("later", "m-later", "step-waits"),
        }
    }

    /// Whether nothing stands beside it.
    pub(crate) fn alone(&self) -> bool {
        self.rule.is_empty() && self.law.is_empty() && self.source.is_empty()
    }

    /// Where the rule is shown: the page of its pack.
    pub(crate) fn rule_href(&self) -> Option<String> {
        let (pack, rule) = self.rule.split_once('/')?;
        Some(format!("/policies/{}#rule-{}", encoded(pack), encoded(rule)))
    }
}

/// Something that permits a message or stands against it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// What kind.
    pub kind: EventKind,
    /// In words: "Opted out of e-mail".
    pub title: String,
    /// When, RFC 3339.
    pub at: String,
    /// What it covers: "all purposes of tents-ltd"; may be empty.
    pub covers: String,
    /// How it was given: "Preference page, notice 2026-11"; may be empty.
    pub proof: String,
    /// Where it stands, if its record is still there.
    pub place: Option<Place>,
    /// Its event id; may be empty.
    pub event_id: String,
    /// It no longer counted.
    pub ended: bool,
}

/// What the gate saw.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// Which instance.
    pub gate: String,
    /// Which version of the program.
    pub version: String,
    /// Consent positions: `[52, 994]`.
    pub positions: String,
    /// Policy revision.
    pub revision: String,
    /// Packs: `GB@2026.11`.
    pub packs: Vec<String>,
    /// Time zone data: `2026f`.
    pub zones: String,
    /// How long it took, in milliseconds, if known.
    pub took_ms: Option<u64>,
    /// Warnings, in words.
    pub warnings: Vec<String>,
}

/// Whether the ledger holds the decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ledger {
    /// There is no ledger, or the desk cannot see it.
    Unknown,
    /// Not yet under a signed checkpoint.
    Pending,
    /// It does.
    Held {
        /// The leaf's number.
        leaf: u64,
        /// The checkpoint's time, RFC 3339.
        checkpoint: String,
    },
}

impl Evidence {
    /// What no longer counted has no colour.
    pub(crate) fn colour(&self) -> &'static str {
        if self.ended { "none" } else { self.kind.mark().0 }
    }
}

impl DecisionPage {
    /// How many steps passed, were not asked, and stand against the message (those have a code; the last one only sums up).
    pub(crate) fn counts(&self) -> (usize, usize, usize) {
        let count = |wanted: StepStatus| self.steps.iter().filter(|s| s.status == wanted).count();
        let against = self.steps.iter().filter(|s| !s.code.is_empty()).count();
        (count(StepStatus::Passed), count(StepStatus::NotAsked), against)
    }

    pub(crate) fn is_this(&self, row: &DecisionRow) -> bool {
        self.row.place == row.place
    }

    pub(crate) fn campaign_href(&self) -> String {
        format!(
            "/decisions{}",
            query(&[("campaign", self.row.campaign.as_deref().unwrap_or_default())])
        )
    }

    /// Where the form leads to; for whoever may not see people there is none.
    pub(crate) fn to_person(&self, frame: &Frame) -> Option<&ToPerson> {
        self.person.as_ref().filter(|_| frame.roles.officer)
    }

    pub(crate) fn errors(&self) -> &[FieldError] {
        self.person.as_ref().map_or(&[], |person| &person.errors)
    }
}

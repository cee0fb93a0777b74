//! The pages of the rules: packs in force, one pack, and what differs between two revisions.

use serde::{Deserialize, Serialize};

use crate::parts::{Reason, encoded, query};

/// `GET /policies` and `GET /policies/{code}` (with a pack opened)
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PoliciesPage {
    /// The revision in force.
    pub revision: String,
    /// Since when, RFC 3339, if known.
    pub since: Option<String>,
    /// Packs in force, by code.
    pub packs: Vec<Pack>,
    /// The opened pack.
    pub opened: Option<OpenedPack>,
    /// Revisions, newest first.
    pub revisions: Vec<Revision>,
    /// Two revisions worth comparing (from, to).
    pub compare: Option<(String, String)>,
}

/// A pack in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pack {
    /// `GB`
    pub code: String,
    /// In words: "United Kingdom".
    pub name: String,
    /// `2026.11`
    pub version: String,
    /// How many rules it has.
    pub rules: u64,
    /// Where its rules come from.
    pub sure: Vec<Sure>,
    /// Who answers for the law has read it, RFC 3339 or a date.
    pub signed_off: Option<String>,
}

/// Where a rule comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Sure {
    /// `L1`: the text of the law.
    Law,
    /// `L2`: a regulator's or lawyer's guide.
    Guide,
    /// `K`: from knowledge, to be checked.
    Knowledge,
    /// `P`: a rule of the product, stricter than the law asks.
    Product,
}

impl Sure {
    /// All of them, in the order of the legend.
    pub const ALL: [Self; 4] = [Self::Law, Self::Guide, Self::Knowledge, Self::Product];

    /// The status in pack files.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Law => "L1",
            Self::Guide => "L2",
            Self::Knowledge => "K",
            Self::Product => "P",
        }
    }

    /// The status with this code.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|sure| sure.code() == code)
    }

    pub(crate) fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Law => ("sure-law", "sure-law-say"),
            Self::Guide => ("sure-guide", "sure-guide-say"),
            Self::Knowledge => ("sure-knowledge", "sure-knowledge-say"),
            Self::Product => ("sure-product", "sure-product-say"),
        }
    }
}

/// A pack with its rules in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenedPack {
    /// `GB`
    pub code: String,
    /// In words.
    pub name: String,
    /// Its rules.
    pub rules: Vec<Rule>,
}

/// A rule in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// `electronic-mail`
    pub id: String,
    /// "E-mail"
    pub title: String,
    /// What it says in one sentence: "Marketing by e-mail needs a yes before."
    pub headline: String,
    /// The rest of that paragraph; may be empty.
    pub rest: String,
    /// What counts as a yes, what a message must carry, hours, caps …
    pub sections: Vec<RuleSection>,
    /// The law.
    pub law: String,
    /// Where the rule comes from.
    pub sure: Vec<Sure>,
    /// Sources, each a line.
    pub sources: Vec<String>,
    /// Note; may be empty.
    pub note: String,
    /// The rule as written.
    pub yaml: String,
}

/// A heading and what stands under it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleSection {
    /// "What counts as a yes"
    pub title: String,
    /// Points; one without a list mark if it is the only one.
    pub items: Vec<RuleItem>,
}

/// One point of a rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleItem {
    /// Said loud; may be empty.
    pub loud: String,
    /// The rest.
    pub text: String,
    /// The place in the law; may be empty.
    pub cite: String,
}

/// A revision of the rules.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revision {
    /// `5c0f55de85c5`
    pub id: String,
    /// What it is now.
    pub state: RevisionState,
    /// Since when, RFC 3339, if known.
    pub since: Option<String>,
    /// Until when, RFC 3339, if it is over.
    pub until: Option<String>,
    /// Packs that it changed.
    pub changed: Vec<String>,
    /// The revision before it, to compare with.
    pub before: Option<String>,
}

/// What a revision is now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RevisionState {
    /// It decides.
    InForce,
    /// It judges beside, and decides nothing.
    Trial,
    /// It was in force.
    Former,
}

impl RevisionState {
    pub(crate) fn word(self) -> (&'static str, &'static str) {
        match self {
            Self::InForce => ("revision-in-force", " ok"),
            Self::Trial => ("revision-trial", ""),
            Self::Former => ("revision-former", ""),
        }
    }
}

impl Revision {
    pub(crate) fn href(&self) -> Option<String> {
        let before = self.before.as_ref()?;
        Some(format!("/policies/diff{}", query(&[("from", before), ("to", &self.id)])))
    }
}

/// `GET /policies/diff?from=&to=`
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DiffPage {
    /// The older revision.
    pub from: String,
    /// The newer one.
    pub to: String,
    /// What the two are now.
    pub from_state: Option<RevisionState>,
    /// The same of the newer one.
    pub to_state: Option<RevisionState>,
    /// Revisions to choose from, newest first.
    pub revisions: Vec<String>,
    /// What differs.
    pub changes: Vec<RuleChange>,
    /// Codes of packs without a difference; empty leaves them out.
    pub unchanged: Vec<String>,
}

/// One rule that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleChange {
    /// What differs, as a headline: "Consent lapses sooner"; or the field's name.
    pub title: String,
    /// `DE/email`
    pub rule: String,
    /// More about it, one sentence; may be empty.
    pub sentence: String,
    /// The former words. If only one of the two is there, it stands alone.
    pub before: Vec<Stretch>,
    /// The new words.
    pub after: Vec<Stretch>,
    /// What it does to messages, if that is known.
    pub effect: Option<ChangeEffect>,
}

/// A stretch of words before or after a change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stretch {
    /// The words.
    pub text: String,
    /// Whether they are what differs.
    pub differs: bool,
}

/// What a change does to messages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeEffect {
    /// How many would go another way.
    pub messages: u64,
    /// How they would end.
    pub reason: Reason,
}

impl PoliciesPage {
    pub(crate) fn href(&self, code: &str) -> String {
        format!("/policies/{}", encoded(code))
    }

    /// Codes of packs that nobody has signed off.
    pub(crate) fn unsigned(&self) -> Vec<&str> {
        let unsigned = self.packs.iter().filter(|pack| pack.signed_off.is_none());
        unsigned.map(|pack| pack.code.as_str()).collect()
    }

    pub(crate) fn is_open(&self, pack: &Pack) -> bool {
        self.opened.as_ref().is_some_and(|opened| opened.code == pack.code)
    }
}

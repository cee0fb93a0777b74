//! The way back: what takes an import's changes back, as far as the contract has words for it, and never what people said since.
//!
//! - **What permits** (`opt_in…`, `relationship`) is written once more, under its own event id, with an end that lies at its
//!   beginning. Of several versions of one event the earliest end counts (`gate_core`, docs/law.md section 10, rules 3 and 10), so it
//!   permits nothing any more. Nothing is refused by that: what the person said before the import and since stands as it did, in
//!   whatever order the records are read, and whenever.
//! - **`suppress`** ends by an `unsuppress` of the same scope, a microsecond later, unless anybody else suppressed the same
//!   contact or address: that would be lifted as well.
//! - **A refusal** (`opt_out`, `object`, `complaint`, `hard_bounce`, …) stays. The contract has no word that takes one back:
//!   only a later, proven consent of the person ends it, and a consent that nobody gave then is none. To say it again with a later
//!   date would also outvote an opt-out that is dated between and comes late.
//!
//! What is left besides, such as a relationship that was said to run no more, is in docs/import.md (what cannot be undone).

use crate::ids::ImportId;
use crate::limits::SUPPRESSED_MAX;
use crate::plan::Nature;
use gate_codec::{ConsentChangeRecord, consent_of_record};
use gate_core::{Action, ConsentChange, Timestamp};
use rustc_hash::FxHashSet;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};

/// Why a change of the import stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Left {
    /// It refuses: only the person ends it.
    Refusal,
    /// Somebody else suppressed the same person too.
    SuppressedByOthers,
    /// The beginning of the topic is gone, so nobody knows who else did.
    OthersUnknown,
    /// More people are suppressed than can be told apart, so nobody knows who else did.
    TooManySuppressed,
    /// It cannot be read, or its time is the last there is.
    Unreadable,
}

/// What was undone, in numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct UndoReport {
    /// Changes of the import that were seen.
    pub n_seen: u64,
    /// Permissions that were ended.
    pub n_ended: u64,
    /// Permissions that an earlier undo had ended.
    pub n_ended_before: u64,
    /// Suppressions that were lifted.
    pub n_lifted: u64,
    /// Changes that stay, by action and reason.
    pub left: BTreeMap<String, u64>,
}

/// Undoes one import. First every record of the topic goes through [`Undo::look`], then once more through [`Undo::of`].
pub struct Undo {
    id: ImportId,
    via: String,
    /// Contacts and addresses that others suppressed, hashed.
    suppressed: FxHashSet<u64>,
    suppressed_max: usize,
    are_others_known: bool,
    report: UndoReport,
}

impl std::fmt::Debug for Undo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Undo")
            .field("id", &self.id)
            .field("report", &self.report)
            .finish_non_exhaustive()
    }
}

impl Undo {
    /// Of the import with this name.
    #[must_use]
    pub fn new(id: ImportId) -> Self {
        let via = format!("import undo {id}");
        Self {
            id,
            via,
            suppressed: FxHashSet::default(),
            suppressed_max: SUPPRESSED_MAX,
            are_others_known: true,
            report: UndoReport::default(),
        }
    }

    /// For a topic whose beginning was deleted: a gate still knows who else suppressed whom there, so no suppression is lifted.
    #[must_use]
    pub const fn of_cut_topic(mut self) -> Self {
        self.are_others_known = false;
        self
    }

    /// Whether a record is one of this import's.
    #[must_use]
    pub fn is_of_import(&self, record: &ConsentChangeRecord<'_>) -> bool {
        record.event_id.as_deref().is_some_and(|id| self.id.is_of(id))
    }

    /// Looks at a record of the topic, whosever it is: who else suppressed whom.
    pub fn look(&mut self, record: &ConsentChangeRecord<'_>) {
        // most records are something else, and told apart without being read whole
        let is_suppress = record
            .action
            .as_deref()
            .is_some_and(|name| name.trim().eq_ignore_ascii_case("suppress"));
        if !is_suppress || self.is_of_import(record) {
            return;
        }
        let Ok(change) = consent_of_record(record.clone()) else { return };
        for subject in subjects(&change).into_iter().flatten() {
            if self.suppressed.len() < self.suppressed_max {
                self.suppressed.insert(subject);
            }
        }
    }

    /// What undoes a record of the topic, to be written to it: nothing for what is not this import's; for what stays, why.
    ///
    /// # Errors
    /// Why a change of the import stays.
    pub fn of<'a>(
        &mut self,
        record: &ConsentChangeRecord<'a>,
    ) -> Result<Option<ConsentChangeRecord<'a>>, Left> {
        if !self.is_of_import(record) {
            return Ok(None);
        }
        self.report.n_seen += 1;
        let undone = self.undone(record);
        if let Err(left) = &undone {
            let action = record.action.as_deref().unwrap_or_default().trim().to_ascii_lowercase();
            // a closed set, whatever the record holds
            let action = Action::parse(&action).map_or("unreadable", Action::as_str);
            let why = match left {
                Left::Refusal => "refusal",
                Left::SuppressedByOthers => "suppressed_by_others",
                Left::OthersUnknown => "others_unknown",
                Left::TooManySuppressed => "too_many_suppressed",
                Left::Unreadable => "unreadable",
            };
            *self.report.left.entry(format!("{action}: {why}")).or_default() += 1;
        }
        undone
    }

    fn undone<'a>(
        &mut self,
        record: &ConsentChangeRecord<'a>,
    ) -> Result<Option<ConsentChangeRecord<'a>>, Left> {
        let change = consent_of_record(record.clone()).map_err(|_| Left::Unreadable)?;
        let own = || Some(Cow::Owned(self.via.clone()));
        match Nature::of(change.action) {
            Nature::Grant | Nature::Relationship => {
                if change.expires_at.is_some_and(|end| end <= change.occurred_at) {
                    self.report.n_ended_before += 1;
                    return Ok(None);
                }
                let ended = ConsentChangeRecord {
                    expires_at: Some(change.occurred_at),
                    via: own(),
                    ..record.clone()
                };
                self.report.n_ended += 1;
                Ok(Some(ended))
            }
            Nature::Refusal if change.action == Action::Suppress => {
                if !self.are_others_known {
                    return Err(Left::OthersUnknown);
                }
                if self.suppressed.len() >= self.suppressed_max {
                    return Err(Left::TooManySuppressed);
                }
                if subjects(&change).into_iter().flatten().any(|it| self.suppressed.contains(&it)) {
                    return Err(Left::SuppressedByOthers);
                }
                let later =
                    Timestamp::from_micros(change.occurred_at.as_micros().saturating_add(1));
                let event_id = record.event_id.as_deref().unwrap_or_default().replacen(
                    "import:",
                    "import-undo:",
                    1,
                );
                let scope = record.scope.clone().unwrap_or(Cow::Borrowed("all"));
                let lifted = ConsentChangeRecord {
                    event_id: Some(Cow::Owned(event_id)),
                    occurred_at: Some(later),
                    action: Some(Cow::Borrowed(Action::Unsuppress.as_str())),
                    scope: Some(scope),
                    via: own(),
                    ..record.clone()
                };
                self.report.n_lifted += 1;
                Ok(Some(lifted))
            }
            Nature::Refusal | Nature::NotAllowed => Err(Left::Refusal),
        }
    }

    /// What was undone so far.
    #[must_use]
    pub const fn report(&self) -> &UndoReport {
        &self.report
    }
}

/// The contact and the address of a change, hashed.
fn subjects(change: &ConsentChange<'_>) -> [Option<u64>; 2] {
    let hash = |kind: &str, text: &str| {
        let mut hasher = DefaultHasher::new();
        (kind, text).hash(&mut hasher);
        hasher.finish()
    };
    let contact = change.contact_id.as_ref().map(|id| hash("contact", id.expose()));
    let address = change.address.as_ref().and_then(|address| change.canonical(address));
    [contact, address.map(|address| hash(address.kind().as_str(), address.expose()))]
}

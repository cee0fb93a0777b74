//! A plan that can be used: columns by number, words by table, zones found.

use super::spec::Format;
use crate::input::Digest;
use crate::time::{Moment, TimeFormat};
use gate_core::{Action, Timestamp};
use jiff::tz::TimeZone;
use rustc_hash::FxHashMap;
use std::fmt;

/// A column of the plan: its place in [`Plan::columns`].
pub(crate) type Slot = usize;

/// A value for all rows, or a column.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Field {
    Constant(Box<str>),
    Column { slot: Slot, values: Option<Table<Box<str>>> },
}

/// What words mean; looked up without regard to blanks around them and to ASCII case.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Table<T>(pub(crate) FxHashMap<Box<str>, T>);

impl<T> Table<T> {
    pub(crate) fn find(&self, word: &str) -> Option<&T> {
        let word = word.trim();
        match self.0.get(word) {
            Some(found) => Some(found),
            None if word.bytes().any(|byte| byte.is_ascii_uppercase()) => {
                self.0.get(word.to_ascii_lowercase().as_str())
            }
            None => None,
        }
    }
}

/// Where the action comes from.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum ActionField {
    Constant(Action),
    /// `None`: the word says nothing.
    Column {
        slot: Slot,
        values: Table<Option<Action>>,
    },
}

/// Where a time comes from.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum TimeField {
    Constant(Moment),
    Column { slot: Slot, format: TimeFormat, zone: Option<TimeZone> },
}

/// A column that says who.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Who {
    pub(crate) slot: Slot,
    pub(crate) prefix: Option<Box<str>>,
}

/// One thing that a row says.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Statement {
    pub(crate) action: ActionField,
    pub(crate) channel: Option<Field>,
    pub(crate) purpose: Option<Field>,
    pub(crate) occurred_at: Option<TimeField>,
    pub(crate) expires_at: Option<TimeField>,
    pub(crate) basis: Option<Field>,
    pub(crate) evidence: Vec<(Box<str>, Field)>,
    pub(crate) kind: Option<Field>,
    pub(crate) context: Vec<(Box<str>, Field)>,
    pub(crate) smtp: Option<Field>,
    pub(crate) registry: Option<Field>,
    pub(crate) scope: Option<Field>,
    pub(crate) cause: Option<Field>,
}

/// What is done with the values of a row.
pub(crate) enum Reading {
    Statements(Vec<Statement>),
    /// A mapping file reads the row as a JSON object.
    Mapping(Box<gate_mapping::Mapping>),
}

/// A checked plan.
pub struct Plan {
    pub(crate) format: Option<Format>,
    pub(crate) delimiter: Option<u8>,
    pub(crate) encoding: Option<&'static encoding_rs::Encoding>,
    pub(crate) skip_lines: u32,
    pub(crate) as_of: Option<Timestamp>,
    pub(crate) source: Box<str>,
    pub(crate) controller: Option<Box<str>>,
    pub(crate) brand: Option<Box<str>>,
    pub(crate) region: Option<Field>,
    pub(crate) contact_id: Option<Who>,
    pub(crate) email: Option<Who>,
    pub(crate) phone: Option<Who>,
    pub(crate) address: Option<Who>,
    pub(crate) reading: Reading,
    /// The columns it names, each once.
    pub(crate) columns: Vec<String>,
    pub(crate) fingerprint: Digest,
}

impl Plan {
    /// What the plan says, as one number: another plan makes other events of the same rows.
    #[must_use]
    pub const fn fingerprint(&self) -> Digest {
        self.fingerprint
    }

    /// The columns it reads, in no order of the file. None with a mapping, which reads by paths.
    #[must_use]
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// The legal entity its changes are about.
    #[must_use]
    pub fn controller(&self) -> Option<&str> {
        self.controller.as_deref()
    }

    /// The trade name its changes are about.
    #[must_use]
    pub fn brand(&self) -> Option<&str> {
        self.brand.as_deref()
    }

    /// Whether a row that nobody can read may have been a refusal.
    pub(crate) fn may_refuse(&self) -> bool {
        let is_refusal = |action: &Action| Nature::of(*action) == Nature::Refusal;
        match &self.reading {
            Reading::Mapping(_) => true,
            Reading::Statements(all) => all.iter().any(|statement| match &statement.action {
                ActionField::Constant(action) => is_refusal(action),
                ActionField::Column { values, .. } => values.0.values().flatten().any(is_refusal),
            }),
        }
    }
}

impl fmt::Debug for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plan")
            .field("format", &self.format)
            .field("columns", &self.columns)
            .field("fingerprint", &self.fingerprint)
            .finish_non_exhaustive()
    }
}

/// What an action does, for an import.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Nature {
    /// It permits, and needs proof.
    Grant,
    /// It permits by what is known about a relationship.
    Relationship,
    /// It refuses or blocks.
    Refusal,
    /// A list may not say it: it undoes what others said, or is the gate's own.
    NotAllowed,
}

impl Nature {
    pub(crate) const fn of(action: Action) -> Self {
        match action {
            Action::OptInRequested | Action::OptIn | Action::OptInConfirmed => Self::Grant,
            Action::Relationship => Self::Relationship,
            Action::OptOut
            | Action::Object
            | Action::Complaint
            | Action::HardBounce
            | Action::AddressReassigned
            | Action::RegistryStatus
            | Action::Suppress => Self::Refusal,
            Action::InboundSms
            | Action::Unsuppress
            | Action::Erase
            | Action::Profile
            | Action::Sent
            | Action::AddressChanged => Self::NotAllowed,
        }
    }
}

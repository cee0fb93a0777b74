//! A line of the record of processing activities, and where it comes from.

use serde::Serialize;

/// Where a line of the record comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Origin {
    /// What this program does, whatever is configured.
    Program,
    Configuration,
    Pack(String),
    /// To be filled in by the controller: it cannot be known here.
    Controller,
}

impl Origin {
    pub(super) fn say(&self) -> String {
        match self {
            Self::Program => "the program".to_owned(),
            Self::Configuration => "configuration".to_owned(),
            Self::Pack(code) => format!("pack {code}"),
            Self::Controller => "to be filled in by the controller".to_owned(),
        }
    }
}

/// A line of the record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Item {
    pub(super) name: String,
    /// Empty where only the controller knows; else what is known, also that something is not switched on.
    pub(super) value: String,
    pub(super) from: Origin,
}

impl Item {
    pub(super) fn new(name: impl Into<String>, value: impl Into<String>, from: Origin) -> Self {
        Self { name: name.into(), value: value.into(), from }
    }

    pub(super) fn open(name: &str, hint: &str) -> Self {
        Self::new(name, hint, Origin::Controller)
    }
}

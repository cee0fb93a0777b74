//! The page of all decisions.

use serde::{Deserialize, Serialize};

use crate::parts::{DecisionRow, FieldError, query, wrong};

/// `GET /decisions`, and the answer of `GET /decisions/by-message` when there is no such message.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DecisionsPage {
    /// What was asked for, as entered.
    pub filters: Filters,
    /// What may be chosen.
    pub choices: Choices,
    /// What is wrong with what was entered.
    pub errors: Vec<FieldError>,
    /// The field `id` of the second form, as entered.
    pub message: String,
    /// The decisions, newest first.
    pub rows: Vec<DecisionRow>,
    /// How many there are in all.
    pub count: Count,
    /// Cursor of older ones.
    pub older: Option<String>,
    /// Nothing was found: the filter that leaves out most, as its field's name (`campaign`); may be empty.
    pub narrowest: String,
}

/// What was asked for; empty fields ask for all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Filters {
    /// `approved`, `blocked`, `deferred`.
    pub outcome: String,
    /// Code of a reason.
    pub reason: String,
    /// Code of a channel.
    pub channel: String,
    /// Brand.
    pub brand: String,
    /// Campaign.
    pub campaign: String,
    /// Jurisdiction: `GB`.
    pub jurisdiction: String,
    /// From this instant on, as entered (`2026-11-29T14:00`, UTC).
    pub since: String,
    /// Until this instant.
    pub until: String,
    /// Where the page begins: the cursor it was asked with; empty begins with the newest.
    pub cursor: String,
}

/// What may be chosen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choices {
    /// Codes of reasons.
    pub reasons: Vec<String>,
    /// Codes of channels.
    pub channels: Vec<String>,
    /// Brands; empty gives a text field.
    pub brands: Vec<String>,
    /// Jurisdictions.
    pub jurisdictions: Vec<String>,
}

/// How many decisions there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Count {
    /// Nobody has counted.
    #[default]
    Unknown,
    /// So many.
    Exactly(u64),
    /// About so many.
    About(u64),
}

impl DecisionsPage {
    pub(crate) fn wrong(&self, field: &str) -> Option<&str> {
        wrong(&self.errors, field)
    }

    pub(crate) fn older_href(&self, cursor: &str) -> String {
        self.href(cursor)
    }

    pub(crate) fn newest_href(&self) -> String {
        self.href("")
    }

    fn href(&self, cursor: &str) -> String {
        let f = &self.filters;
        let fields = [
            ("outcome", f.outcome.as_str()),
            ("reason", &f.reason),
            ("channel", &f.channel),
            ("brand", &f.brand),
            ("campaign", &f.campaign),
            ("jurisdiction", &f.jurisdiction),
            ("since", &f.since),
            ("until", &f.until),
            ("cursor", cursor),
        ];
        format!("/decisions{}", query(&fields))
    }

    /// A chosen value that is not among the choices stays chosen.
    pub(crate) fn unlisted(&self, choices: &[String], chosen: &str) -> bool {
        !chosen.is_empty() && !choices.iter().any(|choice| choice == chosen)
    }

    /// Whether anything is filtered.
    pub(crate) fn filtered(&self) -> bool {
        let plain = Filters { cursor: self.filters.cursor.clone(), ..Filters::default() };
        self.filters != plain
    }

    /// The id of the words for the filter that leaves out most.
    pub(crate) fn narrowest_word(&self) -> Option<&'static str> {
        let known = [
            ("outcome", "field-outcome"),
            ("reason", "field-reason"),
            ("channel", "field-channel"),
            ("brand", "field-brand"),
            ("campaign", "field-campaign"),
            ("jurisdiction", "field-jurisdiction"),
            ("since", "field-since"),
            ("until", "field-until"),
        ];
        known.into_iter().find(|(field, _)| *field == self.narrowest).map(|(_, word)| word)
    }
}

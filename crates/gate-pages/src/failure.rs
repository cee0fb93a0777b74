//! The page that says what does not work.

use serde::{Deserialize, Serialize};

use crate::frame::IndexBuilding;

/// Any answer that is not the page one asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorPage {
    /// The status of the answer.
    pub status: u16,
    /// What does not work.
    pub problem: Problem,
    /// For whoever runs the desk: "connection refused"; never personal. May be empty.
    pub detail: String,
    /// Finds it again in the log; may be empty.
    pub reference: String,
}

/// What does not work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Problem {
    /// 403: this role may not see it.
    Forbidden {
        /// Who may.
        needs: Needs,
    },
    /// 403: the form was too old or came from elsewhere.
    Form,
    /// 404: no such page.
    NoPage,
    /// 404: no such decision.
    NoDecision {
        /// How far the log goes back, RFC 3339.
        since: Option<String>,
    },
    /// 404: the handle is not, or no longer, known to this session.
    NoPerson,
    /// 404: no such record, pack or revision.
    NoThing,
    /// 405.
    Method,
    /// 409: somebody released it before.
    Released {
        /// Who.
        by: String,
        /// When, RFC 3339.
        at: String,
    },
    /// 413.
    TooLarge,
    /// 400: what was asked for cannot be read (a cursor, a date).
    BadRequest {
        /// What is wrong, one sentence; may be empty.
        sentence: String,
    },
    /// 429.
    TooMany {
        /// Again after so many seconds.
        seconds: u64,
    },
    /// 503: Kafka does not answer.
    KafkaAway {
        /// For how long, in seconds.
        seconds: u64,
        /// Decisions up to here are in the index, RFC 3339.
        index_until: Option<String>,
    },
    /// 503: no gate answers.
    GatesAway,
    /// 503: a look-up that cannot be recorded is not made.
    NotRecorded,
    /// 503: the index is being built.
    Building(IndexBuilding),
    /// 500.
    Internal,
}

/// Who may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Needs {
    /// Viewers.
    Viewer,
    /// Officers.
    Officer,
    /// Operators.
    Operator,
}

impl Needs {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Viewer => "needs-viewer",
            Self::Officer => "needs-officer",
            Self::Operator => "needs-operator",
        }
    }
}

impl ErrorPage {
    /// The ids of headline and sentence.
    pub(crate) fn words(&self) -> (&'static str, &'static str) {
        match &self.problem {
            Problem::Forbidden { .. } => ("error-forbidden", "error-forbidden-say"),
            Problem::Form => ("error-form", "error-form-say"),
            Problem::NoPage => ("error-no-page", "error-no-page-say"),
            Problem::NoDecision { since: Some(_) } => {
                ("error-no-decision", "error-no-decision-since")
            }
            Problem::NoDecision { since: None } => ("error-no-decision", "error-no-decision-say"),
            Problem::NoPerson => ("error-no-person", "error-no-person-say"),
            Problem::NoThing => ("error-no-thing", "error-no-thing-say"),
            Problem::Method => ("error-method", "error-method-say"),
            Problem::Released { .. } => ("error-released", "error-released-say"),
            Problem::TooLarge => ("error-too-large", "error-too-large-say"),
            Problem::BadRequest { .. } => ("error-bad-request", "error-bad-request-say"),
            Problem::TooMany { .. } => ("error-too-many", "error-too-many-say"),
            Problem::KafkaAway { .. } => ("error-kafka", "error-kafka-say"),
            Problem::GatesAway => ("error-gates", "error-gates-say"),
            Problem::NotRecorded => ("error-not-recorded", "error-not-recorded-say"),
            Problem::Building(IndexBuilding { since: Some(_), .. }) => {
                ("error-building", "error-building-since")
            }
            Problem::Building(IndexBuilding { since: None, .. }) => {
                ("error-building", "error-building-say")
            }
            Problem::Internal => ("error-internal", "error-internal-say"),
        }
    }

    /// Whether trying again may help.
    pub(crate) fn passes(&self) -> bool {
        self.status >= 500 || self.status == 429
    }
}

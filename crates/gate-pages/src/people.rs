//! The page that looks for a person.

use serde::{Deserialize, Serialize};

use crate::parts::{Choice, FieldError, Reason, encoded, wrong};

/// `GET /people`, and the answer to a POST that did not lead to exactly one person.
/// Fields: `kind`, `who`, `region`, `reason`, `ticket`, `csrf`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeoplePage {
    /// What was entered.
    pub form: PeopleForm,
    /// What is wrong with it.
    pub errors: Vec<FieldError>,
    /// Countries to read a national phone number by; the first is the default. Empty leaves the field away.
    pub regions: Vec<Choice>,
    /// What was found, after a POST.
    pub found: Option<Found>,
    /// One's own last look-ups, newest first.
    pub look_ups: Vec<LookUp>,
}

/// What was entered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeopleForm {
    /// What `who` is.
    pub kind: WhoKind,
    /// Contact id or address.
    pub who: String,
    /// The country of a national phone number: `GB`.
    pub region: String,
    /// Why one looks.
    pub reason: Option<LookUpReason>,
    /// Free text, optional.
    pub ticket: String,
}

/// What the entered text is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum WhoKind {
    /// `auto`: tell by its look.
    #[default]
    Auto,
    /// `contact`: an id.
    Contact,
    /// `address`: e-mail address or phone number.
    Address,
}

impl WhoKind {
    /// What the form sends.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Contact => "contact",
            Self::Address => "address",
        }
    }

    /// The kind with this code.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        [Self::Auto, Self::Contact, Self::Address].into_iter().find(|kind| kind.code() == code)
    }

    pub(crate) fn all(self) -> [(&'static str, &'static str, bool); 3] {
        [(Self::Auto, "who-auto"), (Self::Contact, "who-contact"), (Self::Address, "who-address")]
            .map(|(kind, word)| (kind.code(), word, kind == self))
    }
}

/// Why somebody looks a person up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum LookUpReason {
    /// `complaint`: the person asked or complained.
    Complaint,
    /// `access`: an access request (article 15).
    Access,
    /// `incident`: a fault is looked into.
    Incident,
    /// `audit`: an audit.
    Audit,
}

impl LookUpReason {
    /// All of them, in the order of the form.
    pub const ALL: [Self; 4] = [Self::Complaint, Self::Access, Self::Incident, Self::Audit];

    /// What the form sends and the access log keeps.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Complaint => "complaint",
            Self::Access => "access",
            Self::Incident => "incident",
            Self::Audit => "audit",
        }
    }

    /// The reason with this code.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.code() == code)
    }

    /// The id of its words.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Complaint => "look-complaint",
            Self::Access => "look-access",
            Self::Incident => "look-incident",
            Self::Audit => "look-audit",
        }
    }
}

/// What a look-up found, unless it was one person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Found {
    /// Nobody with this address or id has said anything, and nothing was sent.
    Nobody,
    /// Several contacts use this address.
    Several {
        /// They, newest event first.
        people: Vec<PersonMatch>,
    },
}

/// One of several contacts with an address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonMatch {
    /// Opaque handle, bound to the session: leads to `/people/{handle}`.
    pub handle: String,
    /// The contact, in clear if officers may see it.
    pub contact: String,
    /// Codes of the channels it was seen with.
    pub channels: Vec<String>,
    /// Its last event, RFC 3339.
    pub last_event: Option<String>,
    /// Whether anything may be sent; with a reason if nothing may.
    pub nothing_because: Option<Reason>,
}

/// One of one's own look-ups.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LookUp {
    /// Start of the keyed hash of whom.
    pub whom: String,
    /// When, RFC 3339.
    pub at: String,
    /// Why.
    pub reason: LookUpReason,
    /// The ticket, may be empty.
    pub ticket: String,
}

impl PersonMatch {
    pub(crate) fn href(&self) -> String {
        format!("/people/{}", encoded(&self.handle))
    }
}

impl PeoplePage {
    pub(crate) fn wrong(&self, field: &str) -> Option<&str> {
        wrong(&self.errors, field)
    }

    pub(crate) fn is_reason(&self, reason: &LookUpReason) -> bool {
        self.form.reason == Some(*reason)
    }
}

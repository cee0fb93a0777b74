//! The page of one person.

use serde::{Deserialize, Serialize};

use crate::chart::lanes::Lanes;
use crate::parts::{Choice, DecisionRow, FieldError, Place, Reason, encoded, query, wrong};

/// `GET /people/{handle}`, and the answer to `POST /people/{handle}/would-pass`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonPage {
    /// Opaque handle, bound to the session.
    pub handle: String,
    /// The contact id, or the start of its hash where it is not known in clear.
    pub name: String,
    /// Addresses in clear, read on demand; may be empty.
    pub addresses: Vec<String>,
    /// Where they live or whose law applies, in words; may be empty.
    pub region: String,
    /// Their first event, RFC 3339.
    pub known_since: Option<String>,
    /// Why one looks, for print: "This person asked or complained, HELP-2291".
    pub looked_up: String,
    /// Consent positions that the answer reflects: `[58, 993]`.
    pub positions: String,
    /// Their data were erased at this instant, RFC 3339: no events are shown.
    pub erased_at: Option<String>,
    /// Brands to choose from; fewer than two show no switch.
    pub brands: Vec<Choice>,
    /// The brand the answer is for; may be empty.
    pub brand: String,
    /// What may be sent now; `None`: the gates do not answer.
    pub state: Option<PersonState>,
    /// What the person said, newest first.
    pub events: Vec<Event>,
    /// How many events there are.
    pub events_total: u64,
    /// Cursor of older events (query `events`).
    pub events_older: Option<String>,
    /// Records about this person that nobody can read (they stop marketing).
    pub unreadable: Vec<Unreadable>,
    /// The same as bars over time; `None` shows none.
    pub lanes: Option<Lanes>,
    /// Decisions about messages, newest first.
    pub decisions: Vec<DecisionRow>,
    /// How many there are.
    pub decisions_total: u64,
    /// Cursor of older decisions (query `cursor`).
    pub decisions_older: Option<String>,
    /// "Would this pass?"; `None` leaves it out.
    pub would_pass: Option<WouldPass>,
    /// What is held: lines in words, in the page's language.
    pub holdings: Vec<Fact>,
    /// Whether the export is offered.
    pub export: bool,
}

/// What may be sent now.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonState {
    /// The answer, loud: "The newsletter and order updates by e-mail."
    pub answer: String,
    /// The rest of it.
    pub rest: String,
    /// When it was judged, RFC 3339.
    pub at: String,
    /// Packs it was judged by: `GB@2026.11`.
    pub packs: Vec<String>,
    /// The last consent record it reflects, RFC 3339.
    pub reflects: Option<String>,
    /// Purposes, the columns, in words.
    pub purposes: Vec<String>,
    /// Channels, the rows.
    pub channels: Vec<StateRow>,
}

/// One channel of the state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StateRow {
    /// Code of the channel.
    pub channel: String,
    /// One for each purpose, in their order.
    pub cells: Vec<StateCell>,
}

/// One answer: would a message pass now?
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StateCell {
    /// Outcome, code and meaning.
    pub reason: Reason,
    /// Why for this person: "Agreed on 22 November by web form." Empty takes the meaning of the code.
    pub sentence: String,
    /// Until when that holds (approved) or from when on it may go (deferred), RFC 3339.
    pub until: Option<String>,
}

impl PersonState {
    /// The name of a column.
    pub(crate) fn purpose(&self, at: &usize) -> &str {
        self.purposes.get(*at).map_or("", String::as_str)
    }
}

/// What kind of thing a person did, for the mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum EventKind {
    /// Agreed, confirmed, started again.
    Permission,
    /// Opted out, complained, objected, was suppressed.
    Refusal,
    /// Bought, asked, moved, bounced: neither.
    Other,
}

impl EventKind {
    pub(crate) fn mark(self) -> (&'static str, &'static str) {
        match self {
            Self::Permission => ("ok", "m-plus"),
            Self::Refusal => ("no", "m-no"),
            Self::Other => ("none", "m-dot"),
        }
    }
}

/// One thing a person said or did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// When it happened, RFC 3339.
    pub at: String,
    /// What kind.
    pub kind: EventKind,
    /// In words: "Opted out in the preference centre".
    pub title: String,
    /// What it covers, each in words: channel, purpose, brand.
    pub covers: Vec<String>,
    /// Whether it still counts.
    pub in_force: bool,
    /// What it does or what ended it: "Ended the consent of 2 November."; may be empty.
    pub effect: String,
    /// How it was given: facts with a label and a value each; empty shows none.
    pub proof: Vec<Fact>,
    /// Where it stands.
    pub place: Place,
    /// Its event id; may be empty.
    pub event_id: String,
}

/// A label and a value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fact {
    /// What it is, in the page's language.
    pub label: String,
    /// The value.
    pub value: String,
    /// Whether it is a code (shown as such).
    pub code: bool,
}

/// A record about this person that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unreadable {
    /// Where it stands.
    pub place: Place,
    /// When it came, RFC 3339.
    pub at: String,
    /// What is wrong: `bad_timestamp`.
    pub class: String,
}

/// "Would this pass?" Fields: `channel`, `purpose`, `category`, `brand`, `controller`, `jurisdiction`, `csrf`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WouldPass {
    /// Channels to choose from.
    pub channels: Vec<Choice>,
    /// Categories to choose from (marketing, transactional …).
    pub categories: Vec<Choice>,
    /// Jurisdictions to choose from; an empty value lets the gate find it.
    pub jurisdictions: Vec<Choice>,
    /// What was chosen or entered.
    pub form: WouldPassForm,
    /// What is wrong with it.
    pub errors: Vec<FieldError>,
    /// The answer, after a POST.
    pub answer: Option<StateCell>,
}

/// What was chosen or entered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WouldPassForm {
    /// Code of the channel.
    pub channel: String,
    /// Purpose.
    pub purpose: String,
    /// Category.
    pub category: String,
    /// Brand.
    pub brand: String,
    /// Controller.
    pub controller: String,
    /// Jurisdiction, or nothing.
    pub jurisdiction: String,
}

impl WouldPass {
    pub(crate) fn wrong(&self, field: &str) -> Option<&str> {
        wrong(&self.errors, field)
    }
}

impl PersonPage {
    /// `/people/{handle}`
    pub(crate) fn href(&self) -> String {
        format!("/people/{}", encoded(&self.handle))
    }

    /// This page for another brand.
    pub(crate) fn brand_href(&self, brand: &Choice) -> String {
        format!("{}{}", self.href(), query(&[("brand", &brand.value)]))
    }

    pub(crate) fn events_href(&self, cursor: &str) -> String {
        format!("{}{}#said", self.href(), query(&[("brand", &self.brand), ("events", cursor)]))
    }

    pub(crate) fn decisions_href(&self, cursor: &str) -> String {
        format!("{}{}#decided", self.href(), query(&[("brand", &self.brand), ("cursor", cursor)]))
    }

    /// The name of the brand in force.
    pub(crate) fn brand_label(&self) -> &str {
        let chosen = self.brands.iter().find(|brand| brand.value == self.brand);
        chosen.map_or(&self.brand, |brand| &brand.label)
    }
}

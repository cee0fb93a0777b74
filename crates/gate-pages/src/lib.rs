//! The pages of the desk: a view model and its frame go in, HTML comes out.
//!
//! ```text
//! PersonPage { … } ─┐
//! Frame { … } ──────┼─ render ─▶ templates/person.html ─▶ HTML
//! Language ─────────┘            words/en.ftl, words/de.ftl
//! ```
//! A view model is plain data: strings, numbers and small enums. Instants are RFC 3339 and shown in UTC. Sentences about the law
//! (what a reason means, what a rule says) are handed in, in the page's language; everything else stands in `words/`.
//!
//! Invariants: every value is escaped, whatever its type (`escape.rs`; no template uses `safe`); no page has inline style, script
//! or handlers, so `default-src 'none'` with own style and script holds; every form works without JavaScript and carries `csrf`;
//! what a role may not do is left out.
//!
//! Deliberately absent: I/O, clocks, Kafka, sessions, routes.

#![forbid(unsafe_code)]
#![deny(
    clippy::wildcard_enum_match_arm,
    clippy::match_wildcard_for_single_variants,
    reason = "what is added to an enum is looked at wherever its kinds are told apart"
)]

mod assets;
pub mod chart;
mod decision;
mod decisions;
mod escape;
mod failure;
mod frame;
mod intake;
mod language;
mod login;
mod overview;
mod parts;
mod people;
mod person;
mod policies;
mod probe;
mod render;
mod when;
mod words;

pub use assets::{Asset, CSS, JS};
pub use chart::lanes::{Lane, Lanes, Span, Tick};
pub use chart::rates::{Bin, Rates};
pub use chart::rounds::{Round, RoundEnd};
pub use decision::{DecisionPage, Evidence, Ledger, Recomputed, Seen, Step, StepStatus, ToPerson};
pub use decisions::{Choices, Count, DecisionsPage, Filters};
pub use failure::{ErrorPage, Needs, Problem};
pub use frame::{Corner, Frame, IndexBuilding, Roles};
pub use intake::{
    Blocks, ConfirmPage, DeadLetter, IntakePage, PoisonPage, ReleaseForm, Source, SourceState, What,
};
pub use language::Language;
pub use login::{LoginError, LoginPage};
pub use overview::{
    Checks, EmptyPage, OverviewPage, ProbeCheck, ProbeState, Promise, Range, ReasonCount,
    ShareChange, ShareOf, Trial, Waiting, WaitingKind,
};
pub use parts::{Choice, DecisionRow, FieldError, Hold, Outcome, Place, Reason};
pub use people::{Found, LookUp, LookUpReason, PeopleForm, PeoplePage, PersonMatch, WhoKind};
pub use person::{
    Event, EventKind, Fact, PersonPage, PersonState, StateCell, StateRow, Unreadable, WouldPass,
    WouldPassForm,
};
pub use policies::{
    ChangeEffect, DiffPage, OpenedPack, Pack, PoliciesPage, Revision, RevisionState, Rule,
    RuleChange, RuleItem, RuleSection, Stretch, Sure,
};
pub use probe::{LastRound, ProbeDay, ProbePage};
pub use render::RenderError;

//! The law of consent-gate: what a consent change means, and whether a message may go out.
//!
//! In: a [`ConsentChange`], folded into a [`ConsentState`]; an [`OutboundMessage`] with the state of
//! its recipient and the time. Out: a [`Decision`] that always names its reason.
//!
//! Read `decide/mod.rs` first, then `place.rs` (what a change leaves), `consent.rs` (the fold) and `fact/mod.rs`
//! (what state is made of).
//!
//! Deliberately absent: I/O, clocks, randomness, async, threads, `unsafe`, and keyed hashing (the
//! shell hashes identities and hands in [`SubjectKey`]s). The same inputs give the same answer.
#![forbid(unsafe_code)]
#![deny(
    clippy::wildcard_enum_match_arm,
    clippy::match_wildcard_for_single_variants,
    reason = "what is added to an enum is looked at wherever its kinds are told apart"
)]

mod bounce;
mod candidate;
pub mod canonical;
mod change;
mod channel;
mod code;
mod complaint;
mod consent;
mod contact;
mod decide;
mod decision;
mod fact;
pub mod invariants;
mod keyword;
mod listed;
mod message;
mod place;
pub mod policy;
mod purpose;
mod reach;
mod receipt;
mod sent;
mod timestamp;
mod trace;

pub use candidate::{Considered, Indices, ZoneSource, depends_on_history};
pub use canonical::{ADDRESS_BYTES_MAX, AddressError, AddressKind, CanonicalAddress, Name, Sender};
pub use change::{Action, Basis, ConsentChange, Evidence, RelationshipKind, SuppressionScope};
pub use channel::{Channel, ChannelScope, Family};
pub use consent::{ConsentState, StateError};
pub use contact::{Address, ContactId, EventKey, SubjectKey};
pub use decide::{AddressLookup, Recipient, decide, decide_traced};
pub use decision::{
    Decision, Detail, MissingEvidence, Outcome, Reason, Reasons, Warning, Warnings,
};
pub use fact::{Fact, FactKind, Scope, flags};
pub use keyword::{Keyword, classify};
pub use message::{Category, Content, OutboundMessage, RecipientKind};
pub use place::{Effect, Placement, Subjects, place, unreadable};
pub use policy::PolicySet;
pub use purpose::covers;
pub use receipt::Receipt;
pub use sent::{NameHash, SENT_MESSAGES_MAX, SentKind, SentMessage};
pub use timestamp::Timestamp;
pub use trace::{NoTrace, Notes, Step, Trace};

/// How far ahead of its receipt, or of the gate's clock, an event may claim to have happened (docs/law.md section 10,
/// state rule 4).
pub const CLOCK_SKEW_MAX: std::time::Duration = std::time::Duration::from_secs(300);

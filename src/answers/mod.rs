//! What machines ask a running gate: would this message pass now, what is on record about this person.
//!
//! ```text
//! src/http: token, role, body ─▶ Questions (bounded) ─▶ one thread: barrier ─▶ snapshot ─▶ judge, or look up ─▶ JSON
//!                                                    └▶ one thread: `?stale=ok`, no barrier
//! ```
//! A question is decided by what decides messages: the same codec, `gate_engine::judge`, policies and barrier, on a snapshot
//! of the same store. All questions that wait while the brokers are asked share the next asking, as the messages of a batch do.
//!
//! INVARIANT: nothing is remembered and no cap is used up. A lane waits for nothing here: questions have threads and
//! Kafka clients of their own, and more of them than [`QUESTIONS_MAX`] are sent away. Nobody's address, id or message
//! is in a log, a metric or a [`Problem`].
//!
//! Reading order: `wire.rs` (what is asked and answered), `questions.rs` (how it gets here), `clerk.rs` (a turn),
//! `check.rs` with `caps.rs`, `subject.rs` with `facts.rs`. Deliberately absent: HTTP, and who may ask.

mod caps;
mod check;
mod clerk;
mod error;
mod facts;
mod members;
mod moment;
mod problem;
mod questions;
mod subject;
#[cfg(test)]
mod tests;
mod wire;

pub use clerk::{Clerk, ClerkParts};
pub use error::ClerkError;
pub use problem::{Problem, ProblemKind};
pub use questions::{
    Desk, Freshness, QUESTIONS_MAX, Question, Questions, WAIT_MAX, Waiting, questions,
};
pub use wire::{
    CheckAnswer, CheckRequest, FactAnswer, MESSAGES_MAX, MessageAnswer, MomentAnswer,
    SubjectAnswer, SubjectRequest, SubjectState, TIMELINE_MAX, TimelineAnswer, TimelinePage,
};

//! Suppression lists of providers beside our consent state: who is refused only here or only there, and what would mend it.
//!
//! ```text
//! SuppressionApi (HTTP) ─┐
//! FileList (an export) ──┴▶ Entry ─ Row::there ─┐
//! ConsentState ─ standing ─▶ Row ───────────────┴▶ Sorter ─▶ Merge ─▶ Diff ─▶ Finding ─ Remedy ─┬▶ changes: consent changes here
//!                                                                              └▶ Report, lines  └▶ calls: requests there
//! ```
//! The caller owns network, files, Kafka, clock and the keys that people are hashed with. How it is run: docs/reconcile.md.
//!
//! Invariants: no bytes panic; a list that is not read to its end, or not as documented, is an error and compared with nothing;
//! nothing lifts a refusal, here or there; every statement is in exactly one class; no error, report or `Debug` names a person.

#![forbid(unsafe_code)]

mod api;
mod call;
mod diff;
mod entry;
mod file;
mod finding;
mod frame;
mod http;
mod json;
mod kind;
mod limits;
mod problem;
mod remedy;
mod report;
mod row;
mod sigv4;
mod sort;
mod standing;
mod time;

pub use api::{ApiSpec, MailgunSpec, Page, SendGridSpec, SesSpec, SuppressionApi, TwilioSpec};
pub use call::{Call, Written, calls};
pub use diff::Diff;
pub use entry::{Entry, Reason};
pub use file::{Columns, FileCounts, FileList, LineProblem, Word};
pub use finding::{Finding, There};
pub use frame::{Frame, Group, Lane};
pub use http::{Answer, Auth, Credentials, HttpRequest, Method};
pub use kind::{Class, Kind};
pub use limits::*;
pub use problem::ListProblem;
pub use remedy::{Allowed, Hindrance, Remedy, Wanted, changes};
pub use report::{Drift, Report};
pub use row::{Row, Rows, Said};
pub use sigv4::AwsKey;
pub use sort::{Merge, MergeError, Sorter};
pub use standing::standing;

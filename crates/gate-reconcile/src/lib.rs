//! Suppression lists of providers beside our consent state: who is refused only here or only there, and what would mend it.
//!
//! ```text
//! SuppressionApi (HTTP) ─┐
//! FileList (an export) ──┴▶ Entry ─ Row::there ─┐
//! ConsentState ─ standing ─▶ Row ───────────────┴▶ Sorter ─▶ Merge ─▶ Diff ─▶ Finding ─ Remedy ─┬▶ changes: consent changes here
//!                                                                              └▶ Report, lines  └▶ calls: requests there
//! ```
//! ```
//! use gate_core::{SubjectKey, Timestamp};
//! use gate_intake::{Source, SourceSpec};
//! use gate_reconcile::*;
//!
//! let yaml = "name: main\nprovider: sendgrid\ncontroller: acme-ltd\nbrand: acme";
//! let source = Source::for_lists(SourceSpec::from_yaml(yaml)?, &|_| Err(String::new())).unwrap();
//! let frame = Frame::of(&source)?;
//! let now = Timestamp::from_millis(1_796_040_000_000);
//! let spec = ApiSpec::SendGrid(SendGridSpec::default());
//! let mut api = SuppressionApi::new(&spec, now)?;
//! let mut sorter = Sorter::default();
//! while let Some(request) = api.request() {
//!     // request.headers(&credentials, now), request.url and .body to the HTTP client
//!     let is_first = request.url.contains("unsubscribes") && request.url.ends_with("offset=0");
//!     let body: &[u8] = if is_first { br#"[{"created":1443651141,"email":"a@example.com"}]"# } else { b"[]" };
//!     let page = api.next(&Answer { status: 200, retry_after: None, body })?;
//!     for entry in &page.entries {
//!         // the keyed hash of the gate's pepper
//!         let row = Row::there(&frame, entry, |_| SubjectKey([1; 16])).expect("an address");
//!         assert!(sorter.push(row)?.is_none(), "else: a run for a file");
//!     }
//! }
//! // for each address in the gate's store: standing(&state, &frame, key, now)
//! let runs = vec![sorter.finish().into_iter().map(Ok::<_, std::io::Error>)];
//! let mut report = Report::new(&frame, spec.provider(), now);
//! for finding in Diff::new(Merge::new(runs).unwrap(), &frame) {
//!     let finding = finding.unwrap();
//!     let remedy = Remedy::of(&finding, &frame, Some(&spec), Allowed::default());
//!     assert_eq!((finding.class, &remedy), (Class::OnlyThere, &Remedy::Here));
//!     report.add(&finding, &remedy);
//! }
//! assert_eq!(report.n(Class::OnlyThere), 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
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
mod writing;

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
pub use writing::Writing;

//! Decisions by hand-built policy sets (`harness/policies.rs`): the steps that packs fill in, one file a step or
//! two, and how their rules combine. The order of all steps with everything against a message is in `trace`.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::type_complexity,
    reason = "a test that meets the unexpected must fail"
)]
mod harness;

#[path = "packs/basis.rs"]
mod basis;
#[path = "packs/candidates.rs"]
mod candidates;
#[path = "packs/exemption.rs"]
mod exemption;
#[path = "packs/frequency.rs"]
mod frequency;
#[path = "packs/hours.rs"]
mod hours;
#[path = "packs/recipients.rs"]
mod recipients;
#[path = "packs/registry.rs"]
mod registry;
#[path = "packs/relationship.rs"]
mod relationship;
#[path = "packs/revocation.rs"]
mod revocation;
#[path = "packs/trace.rs"]
mod trace;
#[path = "packs/warnings.rs"]
mod warnings;

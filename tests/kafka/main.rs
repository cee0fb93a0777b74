//! The real program on a real Apache Kafka, judged by an oracle that shares no code with it.
//!
//! One binary, so that the tests share one broker and one link. `harness/` holds what they are made of;
//! every other file is one promise and how it could be broken. Without Java or Kafka each test says
//! `skipped: NAME: why`; `CONSENT_GATE_TESTS_NO_SKIP=1` makes that a failure. No test asserts a duration:
//! figures go to `target/test-figures/`.
//!
//! `CONSENT_GATE_TEST_<COUNT>` (REFUSALS, QUEUED, KILLS, …) makes a run smaller or larger than the issue asks.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test that meets the unexpected must fail, and what it prints is shown only then"
)]

mod apicurio;
mod batches;
mod broker_restarts;
mod checkpoint;
mod checks;
mod clients;
mod commands;
mod consent_desk;
mod consent_intake;
mod dashboards;
mod departed_members;
mod desk;
mod desk_index;
mod door;
mod foreign_transaction;
mod forgotten_offsets;
mod frequency_caps;
mod generate;
mod harness;
mod harness_works;
mod import;
mod kills;
mod late_end_txn;
mod live_refusals;
mod looking_in;
mod mapped;
mod object_storage;
mod oracle_turns_red;
mod peppers;
mod poison;
mod policy_archive;
mod probe;
mod queued_refusals;
mod reason_codes;
mod reconcile;
mod record_time;
mod report;
mod secure;
mod seen_and_proven;
mod several_topics;
mod sign_in;
mod state_loss;
mod stops_and_joins;
mod strangers;
mod tampering;
mod topic_surgery;
mod torn_transactions;
mod unknown_owners;
mod unreadable_batches;
mod unreadable_records;

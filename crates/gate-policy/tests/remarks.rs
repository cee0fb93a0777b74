//! What `policy check` says about packs that are valid: each remark from its day on.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    dead_code,
    reason = "a test that meets the unexpected must fail"
)]

mod hand;

use gate_core::Timestamp;
use gate_policy::{TimeZones, check};
use hand::*;

/// What is said about the pack and the data at that instant.
fn said(pack: &str, at: Timestamp) -> Vec<String> {
    let (_, remarks) = check(&files(pack), &TimeZones::bundled(), "test".into()).unwrap();
    let held = remarks.iter().filter(|remark| remark.holds_at(at));
    held.map(|remark| remark.problem.reason.clone()).collect()
}

#[track_caller]
fn begins(pack: &str, at: &str, reason: &str) {
    let at = utc(at);
    let before = Timestamp::from_micros(at.as_micros() - 1);
    let says = |at| said(pack, at).iter().any(|said| said.contains(reason));
    assert!(!says(before), "{reason}: too early");
    assert!(says(at), "{reason}: {:?}", said(pack, at));
}

const REVIEWED: &str = "review_by: 2027-05-31\nsigned_off: {by: me, on: 2026-11-30}\n";

fn plain(more: &str) -> String {
    pack(REVIEWED, &base(&format!("    regime: opt_out\n{more}")))
}

#[test]
fn a_pack_in_order_is_passed_in_silence() {
    assert_eq!(said(&plain(""), utc("2026-12-01T00:00:00Z")), [""; 0]);
}

#[test]
fn reviews_that_are_near_and_past() {
    // ninety days before, by the calendar of the law
    begins(&plain(""), "2027-03-01T23:00:00Z", "the review of `AA` is due by 2027-05-31");
    begins(&plain(""), "2027-05-31T22:00:00Z", "the review of `AA` is overdue since 2027-05-31");
    let overdue = said(&plain(""), utc("2027-06-01T00:00:00Z"));
    assert!(overdue.iter().all(|said| !said.contains("is due by")), "{overdue:?}");
}

#[test]
fn a_pack_without_review_or_sign_off() {
    let silent = pack("", &base("    regime: opt_out\n"));
    let (_, remarks) = check(&files(&silent), &TimeZones::bundled(), "test".into()).unwrap();
    let found: Vec<_> = remarks
        .iter()
        .filter(|remark| remark.problem.file == "AA.yaml")
        .filter(|remark| remark.holds_at(utc("2026-12-01T00:00:00Z")))
        .map(|remark| (remark.problem.reason.as_str(), remark.is_note))
        .collect();
    assert_eq!(
        found,
        [("`AA` is not signed off", true), ("`AA` names no day until which it is reviewed", false),]
    );
}

#[test]
fn rules_without_a_source() {
    let marked = |marks: &str, more: &str| plain(more).replace("[P]", marks);
    let now = utc("2026-12-01T00:00:00Z");
    let names_none = [String::from("`AA/base` names no source")];
    assert_eq!(said(&marked("[L2]", ""), now), names_none);
    assert_eq!(said(&marked("[K, P]", ""), now), names_none);
    assert_eq!(said(&marked("[L2]", "    source: [1]\n"), now), [""; 0]);
    assert_eq!(said(&marked("[P]", ""), now), [""; 0], "our own choice needs none");
}

#[test]
fn rules_that_have_had_their_time() {
    let rules = base("    regime: opt_out\n    until: 2027-01-01\n")
        + &base("    regime: opt_out\n    from: 2027-01-01\n").replace("id: base", "id: later");
    let pack = pack(REVIEWED, &rules);
    begins(&pack, "2026-12-31T23:00:00Z", "`AA/base` does not apply any more");
}

#[test]
fn announced_changes_whose_day_has_come() {
    let with = |date: &str| {
        plain(&format!("dated_changes:\n  - {{date: {date}, what: a waiver ends, status: [L2]}}\n"))
    };
    // the version is of November 2026
    begins(&with("2027-01-31"), "2027-01-30T23:00:00Z", "the change of 2027-01-31 has come");
    begins(&with("2026-11-01"), "2026-10-31T23:00:00Z", "the change of 2026-11-01 has come");
    let history = said(&with("2026-10-31"), utc("2027-01-01T00:00:00Z"));
    assert_eq!(history, [""; 0], "the version knows it");
}

#[test]
fn holidays_that_run_out() {
    begins(&plain(""), "2027-10-02T00:00:00Z", "the holidays run out on 2027-12-31");
}

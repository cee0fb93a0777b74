//! The law, case by case: every case file beside the packs must be decided as it says, by the program a
//! user runs. No broker, no state.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that meets the unexpected must fail"
)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn policies() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("policies")
}

fn gate(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_consent-gate")).args(arguments).output().unwrap()
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn case_files() -> Vec<String> {
    let mut files: Vec<String> = std::fs::read_dir(policies())
        .unwrap()
        .map(|entry| entry.unwrap().path().display().to_string())
        .filter(|path| path.contains(".cases."))
        .collect();
    files.sort();
    files
}

#[test]
fn every_case_is_decided_as_written() {
    let dir = policies().display().to_string();
    let files = case_files();
    let mut arguments = vec!["policy", "test", "--policies", &dir];
    arguments.extend(files.iter().map(String::as_str));
    let output = gate(&arguments);
    let shown = text(&output);
    let last = shown.lines().last().unwrap_or_default();
    assert_eq!(output.status.code(), Some(0), "{shown}");
    let n_passed: usize = last.split(' ').next().unwrap().parse().unwrap();
    assert!(last.ends_with("passed, 0 failed") && n_passed > 2_000, "{last}");
}

#[test]
fn every_pack_has_cases_and_all_packs_are_built_in() {
    let files = case_files();
    let mut n_packs = 0;
    for entry in std::fs::read_dir(policies()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let is_pack = name.ends_with(".yaml") && name.chars().next().unwrap().is_uppercase();
        if is_pack && !name.contains(".cases.") {
            n_packs += 1;
            let cases = name.replace(".yaml", ".cases.yaml");
            assert!(files.iter().any(|file| file.ends_with(&format!("/{cases}"))), "no {cases}");
        }
    }
    let check = text(&gate(&["policy", "check"]));
    assert!(check.contains(&format!("valid: {n_packs} packs")), "{check}");
}

/// A wrong expectation must be seen, explained and end with 1: the test above could otherwise not fail.
#[test]
fn a_mismatch_is_shown_with_its_trace() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("wrong.jsonl");
    let first = std::fs::read_to_string(policies().join("sample.cases.jsonl")).unwrap();
    let first = first.lines().next().unwrap();
    std::fs::write(&path, first.replace("\"expected\": \"approved\"", "\"expected\": \"blocked\""))
        .unwrap();
    let path = path.display().to_string();
    let output = gate(&["policy", "test", &path]);
    assert_eq!(output.status.code(), Some(1));
    let shown = text(&output);
    for part in [
        "- expected blocked",
        "+ actual   approved approved.express_consent",
        " 11 basis",
        "0 passed, 1 failed",
    ] {
        assert!(shown.contains(part), "{part} is not in: {shown}");
    }
    let json = gate(&["policy", "test", "--json", &path]);
    let line: serde_json::Value = serde_json::from_str(text(&json).trim()).unwrap();
    let expected = serde_json::json!({
        "id": "S01", "outcome": "approved", "reason": "approved.express_consent", "not_before": null, "pass": false
    });
    assert_eq!(line, expected);
    let explained = text(&gate(&["explain", "--case", &path, "--id", "S01"]));
    assert!(
        explained.contains("11 basis") && explained.contains("live express consent"),
        "{explained}"
    );
    std::fs::write(&path, "{\"id\": \"x\"}\nnonsense\n").unwrap();
    assert_eq!(gate(&["policy", "test", &path]).status.code(), Some(64));
}

/// What of a refusal nobody could read is said, also when the case comes out as expected.
#[test]
fn an_address_nobody_can_read_is_said() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("half.jsonl");
    let case = serde_json::json!({
        "id": "H1", "title": "an address that is none", "now": "2026-06-01T12:00:00Z",
        "history": [{
            "event_id": "1", "occurred_at": "2026-05-01T00:00:00Z", "action": "opt_out", "contact_id": "lead-1",
            "address": "ask at the front desk", "channel": "email",
        }],
        "message": {
            "message_id": "m-1", "channel": "email", "category": "marketing", "purpose": "marketing.newsletter",
            "controller": "acme-ltd", "brand": "acme",
            "recipient": {"contact_id": "lead-1", "address": "eva@example.com", "jurisdiction": "US"},
        },
        "expected": "blocked",
    });
    std::fs::write(&path, case.to_string()).unwrap();
    let path = path.display().to_string();
    let tested = gate(&["policy", "test", &path]);
    assert_eq!(tested.status.code(), Some(0));
    let note = String::from_utf8_lossy(&tested.stderr).into_owned();
    assert!(note.contains("H1") && note.contains("invalid_address"), "{note}");
    let json = gate(&["policy", "test", "--json", &path]);
    let line: serde_json::Value = serde_json::from_str(text(&json).trim()).unwrap();
    assert_eq!(line["notes"].as_array().map(Vec::len), Some(1), "{line}");
    let explained = text(&gate(&["explain", "--case", &path]));
    assert!(explained.contains("its contact alone"), "{explained}");
    for said in [note, line.to_string(), explained] {
        assert!(!said.contains("front desk"), "no personal data: {said}");
    }
}

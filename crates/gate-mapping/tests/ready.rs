//! The ready mappings: each compiles, and its cases come out as they say.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that meets the unexpected must fail"
)]

mod common;

use gate_mapping::{READY, run_cases};
use std::path::Path;

#[test]
fn ready_mappings_do_what_their_cases_say() {
    assert!(READY.len() >= 9);
    for ready in READY {
        let mapping = common::compiled(ready.mapping);
        let report =
            run_cases(&mapping, ready.name, ready.cases).unwrap_or_else(|it| panic!("{it:#?}"));
        assert!(report.mismatches.is_empty(), "{}:\n{report}", ready.name);
        assert!(report.n_passed >= 3, "{}", ready.name);
    }
}

#[test]
fn cases_can_fail() {
    let mapping =
        common::compiled(&common::consent("  action: {path: $.a, values: {OUT: opt_out}}\n"));
    let cases = r#"{"name":"one","in":{"id":"1","at":"2026-11-03T10:00:00Z","who":"ana","a":"OUT"},"expect":{"event_id":"1","occurred_at":"2026-11-03T11:00:00+01:00","action":"opt_in","contact_id":"ana"}}
{"name":"two","in":{"id":"1"},"error":"wrong_type"}
{"name":"three","in":{"id":"1","at":"2026-11-03T10:00:00Z","who":"ana","a":"OUT"},"expect":{"event_id":"1","occurred_at":"2026-11-03T11:00:00+01:00","action":"opt_out","contact_id":"ana"}}"#;
    let report = run_cases(&mapping, "c", cases).unwrap();
    assert_eq!(
        report.to_string(),
        "line 1: one: `action`: expected \"opt_in\", got \"opt_out\"\nline 2: two: expected wrong_type, got missing_field: occurred_at\n1 passed, 2 failed"
    );
    for broken in [
        "[]",
        "- {in: {}}",
        "- {expect: {}}",
        "- {in: {}, ecpect: {}}",
        "- {hex: 0x, error: x}",
        "{\"in\":",
        ": :",
    ] {
        assert!(run_cases(&mapping, "c", broken).is_err(), "{broken}");
    }
}

/// The example of the documentation is one that works.
#[test]
fn the_example_of_the_documentation_works() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/mapping.md");
    let page = std::fs::read_to_string(page).unwrap();
    let blocks: Vec<&str> = page.split("```").skip(1).step_by(2).collect();
    let [record, mapping, cases, ..] = blocks.as_slice() else { panic!("{} blocks", blocks.len()) };
    let body = |block: &str, language: &str| block.strip_prefix(language).unwrap().to_owned();
    let sample = body(record, "json");
    let files =
        |name: &str| (name == "preference.sample.json").then(|| sample.clone().into_bytes());
    let mapping = common::compiled_with(&body(mapping, "yaml"), &files);
    let report = run_cases(&mapping, "docs/mapping.md", &body(cases, "yaml")).unwrap();
    assert_eq!(report.to_string(), "1 passed, 0 failed");
}

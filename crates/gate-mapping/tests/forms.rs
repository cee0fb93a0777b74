//! The generated forms of our schemas are those committed, Protobuf keeps its numbers, and its mapping reads it.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that meets the unexpected must fail"
)]

mod common;

use gate_mapping::{Mapping, forms, run_cases};
use prost_reflect::DescriptorPool;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(name)
}

fn committed(name: &str) -> String {
    std::fs::read_to_string(folder("schemas").join(name)).unwrap()
}

#[test]
fn generated_forms_are_those_in_the_repository() {
    for (name, text) in forms().unwrap() {
        let committed = committed(name);
        // whether objects keep their order is for the whole workspace to say
        let parsed = |text: &str| serde_json::from_str::<serde_json::Value>(text).ok();
        let is_same = match parsed(&text) {
            Some(value) => parsed(&committed) == Some(value),
            None => committed == text,
        };
        assert!(is_same, "{name}: run cargo run -p gate-mapping --example schemas");
    }
}

fn compiled() -> DescriptorPool {
    let set = protox::compile(["consent-gate.proto"], [folder("schemas")]).unwrap();
    DescriptorPool::from_file_descriptor_set(set).unwrap()
}

/// What the record of numbers says is what the file says, and nothing else is in it.
#[test]
fn protobuf_keeps_its_numbers_and_no_enum_begins_with_a_value() {
    let pool = compiled();
    let mut found = BTreeSet::new();
    let in_package = |name: &str| name.strip_prefix("consentgate.").map(str::to_owned);
    for message in pool.all_messages() {
        let Some(owner) = in_package(message.full_name()) else { continue };
        let fields = message.fields().filter(|_| !message.is_map_entry());
        found.extend(fields.map(|it| format!("{owner}.{} = {}", it.name(), it.number())));
    }
    for symbols in pool.all_enums() {
        let Some(owner) = in_package(symbols.full_name()) else { continue };
        let zero = symbols.get_value(0).unwrap();
        let prefix = zero.name().strip_suffix("UNSPECIFIED").unwrap().to_owned();
        for value in symbols.values().filter(|it| it.number() != 0) {
            let symbol = value.name().strip_prefix(&prefix).unwrap().to_lowercase();
            found.insert(format!("{owner}.{symbol} = {}", value.number()));
        }
    }
    let recorded = committed("consent-gate.numbers");
    let recorded: BTreeSet<String> =
        recorded.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect();
    let difference: Vec<_> = recorded.symmetric_difference(&found).collect();
    assert!(difference.is_empty(), "{difference:#?}");
    // released on 2026-11-30: whoever renumbers must also change the past
    for line in ["ConsentChange.action = 3", "Action.opt_out = 4", "OutboundMessage.recipient = 12"]
    {
        assert!(found.contains(line), "{line}");
    }
}

/// The framing of a schema registry names a message by its place in the file.
#[test]
fn messages_keep_their_places_in_the_file() {
    let file = compiled().get_file_by_name("consent-gate.proto").unwrap();
    let names: Vec<String> = file.messages().map(|it| it.name().to_owned()).collect();
    let released = ["Context", "ConsentChange", "Content", "Recipient", "OutboundMessage"];
    assert_eq!(names, [&released[..], &["DecisionBatch"]].concat(), "a new one goes to the end");
}

fn mapping(name: &str) -> Mapping {
    let descriptors = compiled().encode_to_vec();
    let files = |file: &str| (file == "consent-gate.desc").then(|| descriptors.clone());
    let text = std::fs::read_to_string(folder("mappings").join(name)).unwrap();
    common::compiled_with(&text, &files)
}

/// Every field and every symbol that the gate reads is in the mapping, and its cases come out.
#[test]
fn the_mappings_of_our_protobuf_read_it() {
    for (kind, name) in [
        (gate_codec::Kind::ConsentChange, "consent-gate-consent"),
        (gate_codec::Kind::OutboundMessage, "consent-gate-message"),
    ] {
        let mapping = mapping(&format!("{name}.yaml"));
        let cases = folder("mappings").join(format!("{name}.cases.yaml"));
        let cases = std::fs::read_to_string(cases).unwrap();
        let report = run_cases(&mapping, name, &cases).unwrap_or_else(|it| panic!("{it:#?}"));
        assert!(report.mismatches.is_empty(), "{name}:\n{report}");
        let text =
            std::fs::read_to_string(folder("mappings").join(format!("{name}.yaml"))).unwrap();
        let named: BTreeSet<&str> = text
            .lines()
            .filter_map(|line| line.strip_prefix("  ")?.split_once(": "))
            .map(|it| it.0)
            .collect();
        let whole = ["context", "evidence", "content", "recipient", "attributes"];
        for path in gate_codec::field_paths(kind) {
            let is_named = named.contains(path) || whole.contains(&path);
            assert!(is_named, "{name}.yaml has nothing for {path}");
        }
    }
}

#[test]
fn the_decision_log_as_json_is_what_its_schema_says() {
    let schema = serde_json::from_str(&committed("decision-batch.schema.json")).unwrap();
    let schema = jsonschema::draft202012::new(&schema).unwrap();
    let batch = serde_json::json!({
        "source_topic": "outbound-message", "source_partition": 3, "first_offset": 17,
        "evaluated_at": "2026-11-30T10:00:00.123456Z", "policy_revision": "0123456789ab", "tz_version": "2026b",
        "consent_topic": "consent-change", "consent_position": [812, 790], "gate_version": "0.1.0", "instance": "gate-1",
        "shapes": [{"channel": "email", "outcome": "blocked", "reason": "blocked.opted_out", "reasons": ["blocked.opted_out"],
            "detail": {"scope": "any"}, "basis": null, "warnings": [], "jurisdictions": ["GB"], "packs": ["GB@2026.11"],
            "rules": ["GB/electronic-mail"], "zones": []}],
        "contexts": [{"purpose": "marketing", "brand": "tents"}],
        "offsets": [0], "message_ids": [null], "shape": [0], "context": [0],
        "contacts": "AAAAAAAA", "addresses": "AAAAAAAA", "evidence": "AAAAAA==",
        "not_before": [{"nth": 0, "at": "2026-12-01T08:00:00Z"}], "registry_checked_at": [],
    });
    assert!(schema.is_valid(&batch), "{:?}", schema.iter_errors(&batch).next());
    for (pointer, wrong) in [
        ("/first_offset", serde_json::json!("17")),
        ("/shapes/0/reason", serde_json::json!(null)),
        ("/shapes/0/detail", serde_json::json!("any")),
        ("/not_before/0/at", serde_json::json!(5)),
        ("/message_ids/0", serde_json::json!(5)),
    ] {
        let mut batch = batch.clone();
        *batch.pointer_mut(pointer).unwrap() = wrong;
        assert!(!schema.is_valid(&batch), "{pointer}");
    }
}

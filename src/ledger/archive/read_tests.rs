//! What was written is read back, by columns and whole.

use super::*;
use crate::ledger::archive::Rows;
use gate_log::{Context, DecisionBatch, Instant, Shape};
use std::io;

fn batch() -> DecisionBatch<'static> {
    let shape = |reason: &'static str, reasons: &[&'static str]| Shape {
        channel: Some("email".into()),
        outcome: "blocked".into(),
        reason: reason.into(),
        reasons: reasons.iter().map(|it| (*it).into()).collect(),
        ..Shape::default()
    };
    DecisionBatch {
        source_topic: "outbound-message".into(),
        source_partition: 3,
        first_offset: 42,
        evaluated_at: 1_764_500_000_123_456,
        consent_position: vec![7, 8].into(),
        shapes: vec![shape("one", &["one", "two"]), shape("two", &[])],
        contexts: vec![Context { campaign: Some("spring".into()), ..Context::default() }],
        offsets: vec![0, 1, 1],
        message_ids: vec![Some("m-1".into()), None, Some("m-3".into())],
        shape: vec![0, 1, 0],
        context: vec![0, 0, 0],
        contacts: [[1; 6], [2; 6], [0; 6]].concat(),
        addresses: [[0; 6], [0; 6], [9; 6]].concat(),
        evidence: vec![0; 12],
        not_before: vec![Instant { nth: 1, at: 5 }],
        ..DecisionBatch::default()
    }
}

fn written() -> (tempfile::TempDir, Files) {
    let dir = tempfile::tempdir().unwrap();
    let files = Files::open(dir.path()).unwrap();
    let mut rows = Rows::default();
    batch().entries().for_each(|entry| rows.add(&entry, 17));
    let stretch = Stretch { day: "2025-11-30".to_owned(), partition: 3, first: 17, last: 17 };
    files.put(&stretch, |file| rows.write(file).map(drop).map_err(io::Error::other)).unwrap();
    (dir, files)
}

#[test]
fn decisions_about_somebody() {
    let (_dir, files) = written();
    let found = |contact: &str, address: &str| {
        let mut found = HashSet::new();
        files.sources_of(contact, address, &mut found).unwrap();
        let mut found: Vec<String> = found.into_iter().collect();
        found.sort();
        found
    };
    assert_eq!(found(&"01".repeat(16), ""), ["outbound-message/3/42"]);
    assert_eq!(
        found(&"02".repeat(16), &"09".repeat(16)),
        ["outbound-message/3/43", "outbound-message/3/44"]
    );
    assert!(found("", "").is_empty());
    assert!(found(&"09".repeat(16), &"01".repeat(16)).is_empty());
}

#[test]
fn rows_say_what_was_decided() {
    let (_dir, files) = written();
    let Content::File(file) = files.read(&files.list().unwrap()[0]).unwrap() else {
        panic!("a file")
    };
    let reader = SerializedFileReader::new(file).unwrap();
    let rows: Vec<String> =
        reader.get_row_iter(None).unwrap().map(|row| row.unwrap().to_string()).collect();
    assert_eq!(rows.len(), 3);
    for said in [
        r#"decision_id: "outbound-message/3/42""#,
        r#"reasons: ["one", "two"]"#,
        "consent_position: [7, 8]",
        r#"campaign: "spring""#,
        r#"contact_key: "010101010101""#,
        "address_key: null",
        "log_offset: 17",
    ] {
        assert!(rows[0].contains(said), "{said}: {}", rows[0]);
    }
    assert!(rows[1].contains("reasons: []") && rows[1].contains("message_id: null"));
    assert!(rows[2].contains(r#"message_id: "m-3""#), "{}", rows[2]);
}

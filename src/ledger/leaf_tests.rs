//! What leaves commit to never changes for records that are there already.

use super::*;
use gate_log::{Context, Instant, Shape};

fn batch() -> DecisionBatch<'static> {
    let shape = Shape {
        channel: Some("email".into()),
        outcome: "deferred".into(),
        reason: "deferred.quiet_hours".into(),
        reasons: vec!["deferred.quiet_hours".into()],
        jurisdictions: vec!["GB".into()],
        packs: vec!["GB@2026.11".into()],
        rules: vec!["GB/electronic-mail".into()],
        ..Shape::default()
    };
    DecisionBatch {
        source_topic: "outbound-message".into(),
        source_partition: 3,
        first_offset: 42,
        evaluated_at: 1_764_500_000_123_456,
        policy_revision: "abc".into(),
        tz_version: "2026a".into(),
        consent_topic: "consent-change".into(),
        consent_position: vec![7, 8].into(),
        gate_version: "0.1.0".into(),
        instance: "gate-1".into(),
        shapes: vec![shape],
        contexts: vec![Context { campaign: Some("é".into()), ..Context::default() }],
        offsets: vec![0, 2],
        message_ids: vec![Some("m-1".into()), None],
        shape: vec![0, 0],
        context: vec![0, 0],
        contacts: vec![1, 2, 3, 4, 5, 6, 0, 0, 0, 0, 0, 0],
        addresses: vec![0; 12],
        evidence: vec![0; 8],
        not_before: vec![Instant { nth: 0, at: 1_764_500_100_000_000 }],
        registry_checked_at: Vec::new(),
    }
}

fn raw(value: &[u8]) -> Raw<'_> {
    let (key, value) = (Some(b"3".as_slice()), Some(value));
    Raw {
        topic: "decisions",
        partition: 3,
        offset: 17,
        timestamp_ms: 1_764_500_000_200,
        key,
        value,
    }
}

#[test]
fn a_decision_commits_to_what_is_said_of_it() {
    let value = batch().encode().unwrap();
    let leaves = of_decisions(&raw(&value));
    assert_eq!(leaves.len(), 2);
    let said = String::from_utf8(leaves[0].content.clone()).unwrap();
    assert_eq!(
        said,
        r#"{"campaign":"é","channel":"email","consent_position":[7,8],"consent_topic":"consent-change","contact_key":"010203040506","decision_id":"outbound-message/3/42","evaluated_at":"2025-11-30T10:53:20.123456Z","gate_version":"0.1.0","instance":"gate-1","jurisdictions":["GB"],"message_id":"m-1","not_before":"2025-11-30T10:55:00Z","outcome":"deferred","packs":["GB@2026.11"],"policy_revision":"abc","reason":"deferred.quiet_hours","reasons":["deferred.quiet_hours"],"rules":["GB/electronic-mail"],"tz_version":"2026a"}"#,
        "a change here makes every ledger that is out there fail to verify: add a kind of entry instead"
    );
    let entry = leaves[1].entry(&Salt([1; 32]));
    assert_eq!(entry.named(), "the decision about outbound-message/3/44 (decisions/3/17)");
    assert!(leaves[1].is_said_by(&entry, &Salt([1; 32])));
    assert!(!leaves[1].is_said_by(&entry, &Salt([2; 32])));
    assert!(!leaves[0].is_said_by(&entry, &Salt([1; 32])));
    assert_eq!(content_of(&entry, &raw(&value)).as_ref(), Some(&leaves[1]));
}

#[test]
fn a_change_commits_to_its_bytes_and_its_time() {
    let of = |raw: &Raw<'_>| of_record(raw, Kind::Change);
    let one = of(&raw(b"{}"));
    assert_eq!(
        String::from_utf8(one.content.clone()).unwrap(),
        r#"{"key":"4e07408562bedb8b60ce05c1decfe3ad16b72230967de01f640b7e4729b49fce","timestamp_ms":1764500000200,"value":"44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"}"#
    );
    let salt = Salt([1; 32]);
    let entry = one.entry(&salt);
    for other in [
        Raw { key: None, ..raw(b"{}") },
        Raw { key: Some(b""), ..raw(b"{}") },
        Raw { value: None, ..raw(b"{}") },
        Raw { timestamp_ms: 0, ..raw(b"{}") },
        raw(b"{ }"),
    ] {
        assert!(!of(&other).is_said_by(&entry, &salt), "{other:?}");
    }
    assert!(of(&Raw { offset: 18, ..raw(b"{}") }).is_said_by(&entry, &salt), "wherever it stands");
}

#[test]
fn what_is_no_decision_is_a_leaf_all_the_same() {
    for value in [b"nonsense".as_slice(), b""] {
        let leaves = of_decisions(&raw(value));
        assert_eq!(leaves.iter().map(|leaf| leaf.kind).collect::<Vec<_>>(), [Kind::Record]);
    }
    let gap = of_gap("t", 0, 3, 9).entry(&Salt([1; 32]));
    assert_eq!(gap.named(), "the gap t/0 from 3 to before 9");
}

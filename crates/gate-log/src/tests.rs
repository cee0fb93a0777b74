//! What is said of decisions, and read back.

use super::*;
use gate_core::policy::Code;
use gate_core::{
    Channel, Decision, Detail, OutboundMessage, PolicySet, Reason, Reasons, SubjectKey, Timestamp,
};
use gate_policy::TimeZones;

fn packs() -> PolicySet {
    let files = gate_policy::bundled();
    gate_policy::check(&files, &TimeZones::bundled(), "test".to_owned()).unwrap().0
}

fn context(policies: &PolicySet) -> BatchContext<'_> {
    BatchContext {
        policies,
        source_topic: "outbound-message",
        consent_topic: "consent-change",
        consent_positions: &[4, 0],
        evaluated_at: Timestamp::from_millis(1_772_452_800_000),
        gate_version: "0.1.0",
        instance: "gate-1",
    }
}

fn message(id: &str) -> OutboundMessage<'_> {
    OutboundMessage {
        purpose: gate_core::canonical::Name::new("marketing.news".into()),
        brand: gate_core::canonical::Name::new("Harbour".into()),
        campaign: Some("winter".into()),
        ..OutboundMessage::new(id, Some(Channel::Email))
    }
}

fn opted_out() -> Decision {
    let mut reasons = Reasons::default();
    reasons.insert(Reason::OptedOut);
    reasons.insert(Reason::NoConsent);
    Decision::block(reasons, Detail::Scope("brand"))
}

/// All decisions of these records, as JSON.
fn read(records: &[LogRecord]) -> Vec<serde_json::Value> {
    let batches: Vec<_> =
        records.iter().map(|record| DecisionBatch::decode(&record.value).unwrap()).collect();
    batches.iter().flat_map(|batch| batch.entries().map(|it| it.to_json())).collect()
}

#[test]
fn the_decision_header_explains() {
    let policies = PolicySet::express_only();
    let mut writer = HeaderWriter::new(context(&policies), 2);
    let source =
        |record_offset| SourceRef { topic: "outbound-message", partition: 0, record_offset };
    let decision = Decision::invalid("truncated");
    let first = writer.write(&decision, &source(7), None, None);
    let second = writer.write(&decision, &source(8), Some("m\"1"), Some(Channel::Email));
    let bytes = writer.finish();
    let text = |range: std::ops::Range<usize>| std::str::from_utf8(&bytes[range]).unwrap();
    assert_eq!(
        text(first.json),
        "{\"decision_id\":\"outbound-message/0/7\",\"message_id\":null,\"channel\":null,\"outcome\":\"blocked\",\
         \"reason\":\"blocked.invalid_message\",\"reasons\":[\"blocked.invalid_message\"],\
         \"detail\":{\"class\":\"truncated\"},\"jurisdictions\":[],\"packs\":[],\"rules\":[],\
         \"policy_revision\":\"express-only\",\"tz_version\":\"none\",\
         \"consent_topic\":\"consent-change\",\"consent_position\":[4,0],\
         \"evaluated_at\":\"2026-03-02T12:00:00Z\"}"
    );
    let second: serde_json::Value = serde_json::from_str(text(second.json)).unwrap();
    assert_eq!(second["message_id"], "m\"1");
    assert_eq!(second["channel"], "email");
    assert_eq!(second["detail"]["class"], "truncated");
}

#[test]
fn a_detail_names_the_field_and_who_asks_for_it() {
    let policies = packs();
    let strict = (0..).map_while(|at| Some((at, policies.pack(at)?)));
    let (strict, _) =
        strict.into_iter().find(|(_, it)| it.code == Code::parse("STRICT").unwrap()).unwrap();
    let flags = gate_core::flags::NOTICE_TEXT | gate_core::flags::SOURCE;
    let evidence = gate_core::MissingEvidence { flags, pack: strict };
    for (said, expected) in [
        (
            Detail::Evidence(evidence),
            r#"{"missing":["evidence.notice_text_sha256","evidence.source"],"asked_by":"STRICT"}"#,
        ),
        (Detail::Absent("recipient.address"), r#"{"missing":["recipient.address"]}"#),
        (Detail::Field("brand"), r#"{"field":"brand"}"#),
        (
            Detail::Unreadable("wrong_type", "recipient.contact_id"),
            r#"{"class":"wrong_type","field":"recipient.contact_id"}"#,
        ),
    ] {
        let expected: serde_json::Value = serde_json::from_str(expected).unwrap();
        assert_eq!(detail_json(said, &policies).unwrap(), expected);
    }
}

#[test]
fn a_source_reads_back() {
    let source = SourceRef { topic: "outbound-message", partition: 3, record_offset: 42 };
    assert_eq!(source.to_string(), "outbound-message/3/42");
    assert_eq!(SourceRef::parse("outbound-message/3/42"), Some(source));
    for bad in ["", "a", "a/1", "/1/2", "a/x/2", "a/1/-2", "a/-1/2"] {
        assert_eq!(SourceRef::parse(bad), None, "{bad}");
    }
}

#[test]
fn header_and_log_say_the_same() {
    let policies = PolicySet::express_only();
    let context = context(&policies);
    let (one, two) = (message("m-1"), message("m-2"));
    let decisions = [opted_out(), Decision::invalid("truncated"), opted_out()];
    let messages = [Some(&one), None, Some(&two)];
    let mut headers = HeaderWriter::new(context, 3);
    let mut log = LogWriter::new(context);
    let mut written = Vec::new();
    for ((decision, message), offset) in decisions.iter().zip(messages).zip([7, 9, 40]) {
        let source = SourceRef { topic: "outbound-message", partition: 3, record_offset: offset };
        let id = message.map(|it| &*it.message_id);
        let channel = message.and_then(|it| it.channel);
        written.push(headers.write(decision, &source, id, channel).json);
        log.add(&Decided {
            partition: 3,
            offset,
            message,
            decision,
            contact: message.map(|_| SubjectKey([7; 16])),
            address: None,
            is_probe: false,
        })
        .unwrap();
    }
    let headers = headers.finish();
    let records = log.finish().unwrap();
    let [record] = &records[..] else { panic!("{records:?}") };
    let at = (record.partition, record.first_offset, record.last_offset, record.n_decisions);
    assert_eq!(at, (3, 7, 40, 3));
    let logged = read(&records);
    for (range, logged) in written.into_iter().zip(&logged) {
        let header: serde_json::Value = serde_json::from_slice(&headers[range]).unwrap();
        for (name, value) in header.as_object().unwrap() {
            assert_eq!(&logged[name], value, "{name}");
        }
    }
    assert_eq!(logged[0]["brand"], "harbour");
    assert_eq!(logged[0]["campaign"], "winter");
    assert!(logged[1].get("brand").is_none());
    // two shapes, not three
    assert_eq!(DecisionBatch::decode(&record.value).unwrap().shapes.len(), 2);
}

#[test]
fn people_are_found_by_the_beginning_of_their_keys_alone() {
    let policies = PolicySet::express_only();
    let mut log = LogWriter::new(context(&policies));
    let text = message("m");
    let decision = opted_out();
    log.add(&Decided {
        partition: 0,
        offset: 0,
        message: Some(&text),
        decision: &decision,
        contact: Some(SubjectKey([7; 16])),
        address: Some(SubjectKey([9; 16])),
        is_probe: true,
    })
    .unwrap();
    let records = log.finish().unwrap();
    let batch = DecisionBatch::decode(&records[0].value).unwrap();
    let entry = batch.entries().next().unwrap();
    assert!(entry.is_of_contact(SubjectKey([7; 16])) && entry.is_of_address(SubjectKey([9; 16])));
    assert!(!entry.is_of_contact(SubjectKey([9; 16])) && !entry.is_of_address(SubjectKey([7; 16])));
    assert_eq!((entry.contact.unwrap().len(), entry.address.unwrap().len()), (6, 6));
    assert!(entry.context.probe && entry.evidence.is_none());
}

#[test]
fn what_the_outputs_say_stands_in_for_a_lost_record() {
    let policies = PolicySet::express_only();
    let mut log = LogWriter::new(context(&policies));
    for (offset, reason) in [(5, Some(Reason::ExpressConsent)), (3, None)] {
        log.add_reconstructed(&Reconstructed {
            partition: 1,
            offset,
            reason,
            ..Reconstructed::default()
        })
        .unwrap();
    }
    let records = log.finish().unwrap();
    assert_eq!((records[0].first_offset, records[0].last_offset), (3, 5));
    let logged = read(&records);
    assert_eq!(logged[0]["decision_id"], "outbound-message/1/5");
    assert_eq!(logged[1]["decision_id"], "outbound-message/1/3");
    assert_eq!(logged[0]["outcome"], "approved");
    assert_eq!(logged[0]["reason"], "approved.express_consent");
    assert_eq!(logged[1]["reason"], "unknown");
    assert_eq!(logged[0]["reconstructed"], true);
}

#[test]
fn a_record_is_bounded() {
    let policies = PolicySet::express_only();
    let mut log = LogWriter::new(context(&policies));
    let decision = opted_out();
    let long = "x".repeat(1_000);
    let texts = [message("m"), message(&long)];
    let mut offset = 0;
    for (text, n) in [(&texts[0], RECORD_DECISIONS_MAX + 1), (&texts[1], 1_500)] {
        for _ in 0..n {
            offset += 1;
            log.add(&Decided {
                partition: 0,
                offset,
                message: Some(text),
                decision: &decision,
                contact: None,
                address: None,
                is_probe: false,
            })
            .unwrap();
        }
    }
    // so far that no distance reaches it
    let far = offset + i64::from(i32::MAX) + 1;
    log.add_reconstructed(&Reconstructed { offset: far, ..Reconstructed::default() }).unwrap();
    let records = log.finish().unwrap();
    assert!(records.len() >= 4, "{}", records.len());
    assert!(records.iter().all(|it| it.value.len() < RECORD_BYTES_MAX + 2_048));
    let ends: Vec<_> = records.iter().map(|it| (it.first_offset, it.last_offset)).collect();
    assert!(ends.windows(2).all(|pair| pair[0].1 < pair[1].0), "{ends:?}");
    let n: usize = records.iter().map(|it| it.n_decisions).sum();
    assert_eq!((n, ends.last().unwrap().1), (RECORD_DECISIONS_MAX + 1 + 1_500 + 1, far));
    let last = DecisionBatch::decode(&records.last().unwrap().value).unwrap();
    assert_eq!(last.entries().next().unwrap().offset, far);
}

#[test]
fn what_is_no_record_is_refused() {
    let policies = PolicySet::express_only();
    let mut log = LogWriter::new(context(&policies));
    log.add_reconstructed(&Reconstructed { partition: 1, offset: 5, ..Reconstructed::default() })
        .unwrap();
    let value = log.finish().unwrap().remove(0).value;
    assert!(DecisionBatch::decode(&value).is_ok());
    for (broken, error) in [
        (Vec::new(), BatchError::Framing),
        (b"{}".to_vec(), BatchError::Framing),
        (value[..6].to_vec(), BatchError::Damaged),
        ([&value[..2], &[0; 8], &value[10..]].concat(), BatchError::Schema),
        ([&value[..], &[0]].concat(), BatchError::Damaged),
    ] {
        assert_eq!(DecisionBatch::decode(&broken), Err(error));
    }
    for end in 10..value.len() {
        assert!(DecisionBatch::decode(&value[..end]).is_err(), "{end}");
    }
    let batch = DecisionBatch::decode(&value).unwrap();
    let breaks: [fn(&mut DecisionBatch<'_>); 6] = [
        |it| it.shape[0] = 1,
        |it| it.context[0] = -1,
        |it| it.message_ids.clear(),
        |it| it.contacts.truncate(5),
        |it| it.evidence.push(0),
        |it| it.not_before.push(Instant { nth: 1, at: 0 }),
    ];
    for break_it in breaks {
        let mut broken = batch.clone();
        break_it(&mut broken);
        let value = broken.encode().unwrap();
        assert_eq!(DecisionBatch::decode(&value), Err(BatchError::Columns));
    }
}

/// What anybody reads with the file in `schemas/` and a library of their own.
#[test]
fn another_library_reads_the_same() {
    let policies = PolicySet::express_only();
    let mut log = LogWriter::new(context(&policies));
    let (text, decision) = (message("m-1"), opted_out());
    log.add(&Decided {
        partition: 2,
        offset: 11,
        message: Some(&text),
        decision: &decision,
        contact: Some(SubjectKey([7; 16])),
        address: None,
        is_probe: false,
    })
    .unwrap();
    let value = log.finish().unwrap().remove(0).value;
    let schema = apache_avro::Schema::parse_str(DECISION_BATCH_SCHEMA).unwrap();
    let reader = apache_avro::reader::datum::GenericDatumReader::builder(&schema).build().unwrap();
    let read = reader.read_value(&mut &value[10..]).unwrap();
    let apache_avro::types::Value::Record(fields) = read else { panic!("no record") };
    let field = |name: &str| fields.iter().find(|(it, _)| it == name).unwrap().1.clone();
    assert_eq!(field("source_partition"), apache_avro::types::Value::Int(2));
    assert_eq!(field("contacts"), apache_avro::types::Value::Bytes(vec![7; 6]));
    let batch = DecisionBatch::decode(&value).unwrap();
    assert_eq!(batch.first_offset, 11);
}

proptest::proptest! {
    #[test]
    fn no_bytes_are_too_strange(bytes: Vec<u8>) {
        let fingerprint = DecisionBatch::default().encode().unwrap();
        let value = [&fingerprint[..10], &bytes[..]].concat();
        proptest::prop_assert!(DecisionBatch::decode(&value).is_err() || !bytes.is_empty());
        proptest::prop_assert!(DecisionBatch::decode(&bytes).is_err());
    }
}

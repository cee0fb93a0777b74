//! The programs of `examples/` as they stand, each with the client library of its language: what is refused is not
//! sent, what is permitted is. kafkajs reads gzip only, so the gate writes that for it.

mod roles;

use crate::harness::gate::Setup;
use crate::harness::produce::{Outgoing, Plain};
use crate::harness::readers::read_all;
use crate::harness::topics::Topics;
use crate::harness::{broker, environment};
use std::collections::BTreeSet;
use std::process::{Command, Output};

/// What `scripts/clients` says when the language is not installed.
const NOT_HERE: i32 = 69;

/// All roles in one program, beside a gate that packs its outputs with snappy.
#[test]
fn a_sender_in_go() {
    let (test, language) = ("a_sender_in_go", "go");
    let Some(broker) = broker::shared(test) else { return };
    let bootstrap = &broker.bootstrap;
    let topics = Topics::create(bootstrap, language);
    let mut setup = Setup::new(language, bootstrap, &topics);
    let variable = "CONSENT_GATE__OUTPUTS__COMPRESSION".to_owned();
    setup.environment.push((variable, "snappy".to_owned()));
    let gate = setup.spawn_ready();
    let run = format!("{language}-run");
    let output = program(language, bootstrap, &topics).env("RUN", &run).output();
    let output: Output = output.expect("scripts/clients can be started");
    if output.status.code() == Some(NOT_HERE) {
        gate.stop();
        return environment::skip(test, String::from_utf8_lossy(&output.stderr).trim());
    }
    let said = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}{errors}");
    assert_eq!(said.trim(), format!("send {run}-m-ana"), "{errors}");
    gate.stop();
    let ids = |topic: &str| -> Vec<String> {
        let records = read_all(bootstrap, &[topic]);
        let id = |value: &[u8]| {
            let value: serde_json::Value = serde_json::from_slice(value).expect("JSON");
            value["message_id"].as_str().expect("an id").to_owned()
        };
        records.iter().map(|record| id(record.value.as_deref().expect("a value"))).collect()
    };
    assert_eq!(ids(&topics.approved), [format!("{run}-m-ana")]);
    assert_eq!(ids(&topics.blocked), [format!("{run}-m-ben")]);
}

fn program(language: &str, bootstrap: &str, topics: &Topics) -> Command {
    let mut program = Command::new(environment::script("clients"));
    program
        .args(["run", language])
        .env("BOOTSTRAP", bootstrap)
        .env("CONSENT_TOPIC", &topics.consent_change)
        .env("OUTBOUND_TOPIC", &topics.outbound)
        .env("APPROVED_TOPIC", &topics.approved)
        .env("DEFERRED_TOPIC", &topics.deferred);
    program
}

#[test]
fn pipeline_crm_and_sender_in_python() {
    roles::play("pipeline_crm_and_sender_in_python", "python", "lz4");
}

#[test]
fn pipeline_crm_and_sender_in_java() {
    roles::play("pipeline_crm_and_sender_in_java", "java", "zstd");
}

#[test]
fn pipeline_crm_and_sender_in_node_with_gzip() {
    roles::play("pipeline_crm_and_sender_in_node_with_gzip", "node", "gzip");
}

#[test]
fn a_crm_that_writes_avro_in_python() {
    roles::play_in_avro("a_crm_that_writes_avro_in_python", "python");
}

#[test]
fn a_crm_that_writes_avro_in_java() {
    roles::play_in_avro("a_crm_that_writes_avro_in_java", "java");
}

#[test]
fn a_crm_that_writes_avro_in_node() {
    roles::play_in_avro("a_crm_that_writes_avro_in_node", "node");
}

/// The recipe of docs/senders.md: what is due comes back as it was, what is not stays, and a restart loses nothing.
#[test]
fn what_was_deferred_comes_back_when_it_is_due() {
    let test = "what_was_deferred_comes_back_when_it_is_due";
    let Some(broker) = broker::shared(test) else { return };
    let bootstrap = &broker.bootstrap;
    let topics = Topics::create(bootstrap, "deferred");
    let in_seconds = |seconds| {
        let at = jiff::Timestamp::now().checked_add(jiff::SignedDuration::from_secs(seconds));
        at.expect("there is such a time").to_string()
    };
    let record = |id: &str, not_before: &str| {
        Outgoing::new(id, id.as_bytes().to_vec())
            .header("gate-not-before", not_before)
            .header("gate-outcome", "deferred")
            .header("trace", "t-1")
    };
    // the one that waits for long lies before the ones that are due
    let producer = Plain::new(bootstrap);
    for (id, seconds) in [("late", 3_600), ("due", -60), ("soon", 2)] {
        let record = Outgoing { partition: Some(0), ..record(id, &in_seconds(seconds)) };
        producer.send(&topics.deferred, &record);
    }
    for (run, expected) in [(1, 2), (2, 2)] {
        let mut program = program("deferred", bootstrap, &topics);
        let group = format!("again-{}", topics.deferred);
        let output = program.env("GROUP", group).env("SECONDS", "12").output();
        let output = output.expect("scripts/clients can be started");
        if output.status.code() == Some(NOT_HERE) {
            return environment::skip(test, String::from_utf8_lossy(&output.stderr).trim());
        }
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let back = read_all(bootstrap, &[&topics.outbound]);
        let ids: BTreeSet<&[u8]> = back.iter().filter_map(|it| it.value.as_deref()).collect();
        assert_eq!(ids.len(), expected, "run {run}: {back:?}");
        assert!(!ids.contains(b"late".as_slice()));
        for it in &back {
            assert_eq!((it.key.as_deref(), it.header("trace")), (it.value.as_deref(), Some("t-1")));
            assert_eq!(it.header("gate-not-before"), None);
        }
    }
}

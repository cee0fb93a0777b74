//! `report affected` counts what a careful reader of the outputs counts, names nobody in clear, and says when it may lack
//! something.

use crate::harness::data;
use crate::harness::drain::drained;
use crate::harness::gate::Setup;
use crate::harness::load::Stage;
use crate::harness::produce::Outgoing;
use crate::harness::readers::{During, Record, read_all};
use crate::harness::topics::Topics;
use crate::harness::{broker, environment};
use serde_json::Value;
use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Output;
use std::time::Duration;

fn minutes_from_now(minutes: i64) -> String {
    let span = jiff::SignedDuration::from_mins(minutes);
    jiff::Timestamp::now().checked_add(span).expect("there is such a time").to_string()
}

/// Runs the report on the last half hour; the code and the object it prints.
fn affected(setup: &Setup, more: &[&str]) -> (Option<i32>, Value) {
    let (from, to) = (minutes_from_now(-30), minutes_from_now(30));
    let mut arguments = vec!["report", "affected", "--from", &from, "--to", &to, "--json"];
    arguments.extend_from_slice(more);
    let output = setup.run(&arguments);
    let report = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("no report ({error}): {}", said(&output)));
    (output.status.code(), report)
}

fn said(output: &Output) -> String {
    let (out, err) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    format!("{out}{err}")
}

fn n_in(report: &Value, jurisdiction: &str) -> u64 {
    let counts = report["counts"].as_array().expect("counts");
    let of_it = counts.iter().filter(|row| row["jurisdiction"] == jurisdiction);
    of_it.map(|row| row["messages"].as_u64().expect("a number")).sum()
}

fn lines(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).expect("the file is there");
    text.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect()
}

#[test]
fn a_report_counts_what_the_outputs_hold_and_names_nobody() {
    let Some(broker) = broker::shared("a_report_counts_what_the_outputs_hold_and_names_nobody")
    else {
        return;
    };
    let bootstrap = &broker.bootstrap;
    let topics = Topics::create(bootstrap, "report");
    let stage = Stage::new(bootstrap, &topics);
    let during = During::follow(bootstrap, &topics.outputs());
    let setup = Setup::new("report", bootstrap, &topics);
    let people = data::contacts("affected", 20);
    stage.opt_in(&people);
    for (n, contact) in people.iter().take(5).enumerate() {
        stage.refuse(contact, n);
    }
    let gate = setup.spawn_ready();
    stage.message_all(&people);
    stage.message_all(&people[10..]);
    drained(&stage, &during);
    gate.stop();
    let approved = read_all(bootstrap, &[&topics.approved]);
    assert_eq!(approved.len(), 25, "15 people have agreed, 10 of them got two messages");

    let file = setup.dir.join("affected.jsonl");
    let path = file.display().to_string();
    let (code, report) = affected(&setup, &["--out", &path]);
    assert_eq!(code, Some(0), "{report}");
    assert_eq!(report["messages"], approved.len(), "{report}");
    assert_eq!(report["recipients"]["n"], 15, "{report}");
    assert_eq!(n_in(&report, "GB"), approved.len() as u64, "{report}");
    assert_eq!(report["is_complete"], true);
    let duties = report["duties"].as_array().expect("duties");
    let has_duty = duties.iter().any(|duty| duty["pack"] == "GB");
    let has_none = report["packs_without_duty"] == serde_json::json!(["GB"]);
    assert!(has_duty != has_none, "a pack has duties or is named as one without: {report}");
    let written = lines(&file);
    let places: BTreeSet<String> =
        written.iter().map(|line| line["source"].as_str().expect("a place").to_owned()).collect();
    let source = |record: &Record| record.header("gate-source").expect("a source").to_owned();
    let there: BTreeSet<String> = approved.iter().map(source).collect();
    assert_eq!(places, there);
    let hashes: BTreeSet<String> =
        written.iter().map(|line| line["recipient"]["address"].to_string()).collect();
    assert_eq!(hashes.len(), 15);
    let text = std::fs::read_to_string(&file).expect("the file is there");
    assert!(!text.contains("@mail.example.org") && !text.contains("affected-1"), "{text}");
    let mode = file.metadata().expect("the file is there").permissions().mode() & 0o777;
    assert_eq!(mode, 0o600);

    // nothing is written over
    let (from, to) = (minutes_from_now(-30), minutes_from_now(30));
    let again = setup.run(&["report", "affected", "--from", &from, "--to", &to, "--out", &path]);
    assert_eq!(again.status.code(), Some(64), "{}", said(&again));
    assert_eq!(lines(&file).len(), written.len());

    conditions(&setup);
    incomplete(bootstrap, &stage, &setup);
    // reading has neither joined the group nor moved its offsets: the gate goes on where it was
    let gate = setup.spawn_ready();
    stage.message_all(&people[..1]);
    environment::wait_until("the next message is decided", Duration::from_secs(60), || {
        gate.metric_sum("consent_gate_decisions_total") >= 1.0
    });
    assert!((gate.metric_sum("consent_gate_decisions_total") - 1.0).abs() < 0.5);
    gate.stop();
}

/// Filters, outcomes and windows take what they should and nothing else.
fn conditions(setup: &Setup) {
    let n = |more: &[&str]| {
        let (code, report) = affected(setup, more);
        assert_eq!(code, Some(0), "{more:?}: {report}");
        report["messages"].as_u64().expect("a number")
    };
    assert_eq!(n(&["--pack", "GB"]), 25);
    assert_eq!(n(&["--pack", "FR"]), 0);
    assert_eq!(n(&["--channel", "email"]), 25);
    assert_eq!(n(&["--channel", "sms"]), 0);
    assert_eq!(n(&["--reason", "approved.express_consent"]), 25);
    assert_eq!(n(&["--rule", "GB/electronic-mail", "--pack", "GB"]), 25);
    assert_eq!(n(&["--rule", "no-such-rule"]), 0);
    assert_eq!(n(&["--outcome", "blocked"]), 5);
    assert_eq!(n(&["--outcome", "approved,blocked"]), 30);
    let (early, late) = (minutes_from_now(-90), minutes_from_now(-60));
    let before = setup.run(&["report", "affected", "--from", &early, "--to", &late, "--json"]);
    let report: Value = serde_json::from_slice(&before.stdout).expect("a report");
    assert_eq!((before.status.code(), &report["messages"]), (Some(0), &Value::from(0)));
    for wrong in [
        &["--reason", "approved.no_such_reason"][..],
        &["--reason", "blocked.opted_out"],
        &["--channel", "pigeon"],
        &["--aware-at", "2999-01-01T00:00:00Z"],
    ] {
        let (from, to) = (minutes_from_now(-30), minutes_from_now(30));
        let mut arguments = vec!["report", "affected", "--from", &from, "--to", &to];
        arguments.extend_from_slice(wrong);
        let output = setup.run(&arguments);
        assert_eq!(output.status.code(), Some(64), "{wrong:?}: {}", said(&output));
    }
}

/// What the gate has not written is named and not left out.
fn incomplete(bootstrap: &str, stage: &Stage, setup: &Setup) {
    let topic = &stage.topics.decision_log;
    let foreign = stage.producer.send(topic, &Outgoing::new("stranger", b"{}".to_vec()));
    let place = format!("{topic}/{}/{}", foreign.partition, foreign.offset);
    let file = setup.dir.join("incomplete.jsonl");
    let (code, report) = affected(setup, &["--out", &file.display().to_string()]);
    assert_eq!(code, Some(1), "a report that may lack something does not end with 0: {report}");
    assert_eq!(report["messages"], 25, "{report}");
    assert_eq!(report["is_complete"], false);
    assert_eq!(report["unreadable"]["no_record_of_the_log"], 1, "{report}");
    assert_eq!(report["unreadable_at"][0], place.as_str(), "{report}");
    assert_eq!(lines(&file).len(), 26);
    assert_eq!(read_all(bootstrap, &[&stage.topics.approved]).len(), 25);
}

#[test]
fn a_window_that_is_older_than_the_log_is_said_to_be_cut_off() {
    let name = "a_window_that_is_older_than_the_log_is_said_to_be_cut_off";
    let Some(broker) = broker::shared(name) else {
        return;
    };
    let bootstrap = &broker.bootstrap;
    let topics = Topics::create(bootstrap, "cut-off");
    let stage = Stage::new(bootstrap, &topics);
    let during = During::follow(bootstrap, &topics.outputs());
    let setup = Setup::new("cut-off", bootstrap, &topics);
    let people = data::contacts("early", 8);
    stage.opt_in(&people);
    let gate = setup.spawn_ready();
    stage.message_all(&people);
    drained(&stage, &during);
    gate.stop();
    let approved = read_all(bootstrap, &[&topics.approved]);
    // the log stands beside the messages
    let source_partition = |record: &Record| {
        let source = record.header("gate-source").expect("a source");
        source.rsplit('/').nth(1).and_then(|it| it.parse::<i32>().ok()).expect("a partition")
    };
    let partition = source_partition(approved.first().expect("an approval"));
    let n_there = approved.iter().filter(|record| source_partition(record) == partition).count();
    let deleted = setup.dir.join("delete.json");
    let offsets = format!(
        r#"{{"partitions":[{{"topic":"{}","partition":{partition},"offset":-1}}],"version":1}}"#,
        topics.decision_log
    );
    std::fs::write(&deleted, offsets).expect("the file can be written");
    broker.tool("delete-records", &["--offset-json-file", &deleted.display().to_string()]);
    let (code, report) = affected(&setup, &[]);
    assert_eq!(code, Some(1), "{report}");
    assert_eq!(report["messages"], approved.len() - n_there, "{report}");
    let lacks = report["may_lack"][0].as_str().expect("why");
    let place = format!("`{}` partition {partition}", topics.decision_log);
    assert!(lacks.contains(&place) && lacks.contains("deleted"), "{lacks}");
}

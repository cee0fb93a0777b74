//! What was decided is found without a server: counted by what is asked for, listed by whom and when, explained by its
//! message, and what is not there any more is said. No address and no contact id is printed.

use crate::harness::data::{self, Contact};
use crate::harness::gate::Setup;
use crate::harness::load::Stage;
use crate::harness::produce::Outgoing;
use crate::harness::readers::{Record, read_all};
use crate::harness::topics::Topics;
use crate::harness::{broker, environment};
use serde_json::{Value, json};
use std::process::Output;
use std::time::Duration;

/// How many people; the first [`N_REFUSED`] of them have refused.
const N_PEOPLE: usize = 12;
const N_REFUSED: usize = 4;

fn said(output: &Output) -> String {
    let (out, err) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    format!("{out}{err}")
}

/// What a command says, which must end with `code` and name nobody.
fn run(setup: &Setup, code: i32, arguments: &[&str]) -> String {
    let output = setup.run(arguments);
    let text = said(&output);
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {text}");
    assert!(!text.contains("@mail.example.org"), "{arguments:?} shows an address: {text}");
    assert!(!text.contains("looked-at"), "{arguments:?} shows a contact id: {text}");
    text
}

fn counts(setup: &Setup, more: &[&str]) -> Value {
    let arguments = [&["report", "--since", "30m", "--json"], more].concat();
    let output = setup.run(&arguments);
    assert_eq!(output.status.code(), Some(0), "{more:?}: {}", said(&output));
    serde_json::from_slice(&output.stdout).expect("a report is JSON")
}

fn message_id(record: &Record) -> String {
    let value: Value = serde_json::from_slice(record.value.as_deref().expect("a value")).unwrap();
    value["message_id"].as_str().expect("an id").to_owned()
}

/// A newsletter of one of two campaigns.
fn send(stage: &Stage, contact: &Contact, n: usize) {
    let mut message = contact.message(&format!("letter-{n}"), 0);
    let campaign = if n.is_multiple_of(2) { "spring" } else { "autumn" };
    message["attributes"] = json!({ "campaign": campaign });
    stage
        .producer
        .send(&stage.topics.outbound, &Outgoing::new(contact.id.as_bytes(), data::bytes(&message)));
}

#[test]
fn what_was_decided_is_counted_listed_and_explained() {
    let name = "what_was_decided_is_counted_listed_and_explained";
    let Some(broker) = broker::shared(name) else { return };
    let bootstrap = &broker.bootstrap;
    let topics = Topics::create(bootstrap, "looking-in");
    let stage = Stage::new(bootstrap, &topics);
    // as it is unless somebody asks for more
    let setup = Setup { header: "reference", ..Setup::new("looking-in", bootstrap, &topics) };
    let people = data::contacts("looked-at", N_PEOPLE);
    stage.opt_in(&people);
    for (n, contact) in people.iter().take(N_REFUSED).enumerate() {
        stage.refuse(contact, n);
    }
    let began = jiff::Timestamp::now().to_string();
    let gate = setup.spawn_ready();
    for (n, contact) in people.iter().enumerate() {
        send(&stage, contact, n);
    }
    environment::wait_until("everybody is decided", Duration::from_secs(60), || {
        gate.metric_sum("consent_gate_decisions_total") >= N_PEOPLE as f64
    });
    gate.stop();
    let outputs = read_all(bootstrap, &topics.outputs());
    assert_eq!(outputs.len(), N_PEOPLE);

    counted(&setup);
    listed(&setup, &people, &began);
    explained(&setup, &people, &outputs);
    gone(broker, &setup, &topics, &outputs);
}

fn counted(setup: &Setup) {
    let report = counts(setup, &["--by", "brand,campaign,outcome"]);
    assert_eq!(report["messages"], N_PEOPLE, "{report}");
    let rows: Vec<String> =
        report["counts"].as_array().expect("rows").iter().map(Value::to_string).collect();
    let wanted = [
        ("autumn", "approved", 4),
        ("spring", "approved", 4),
        ("autumn", "blocked", 2),
        ("spring", "blocked", 2),
    ];
    for (campaign, outcome, n) in wanted {
        let row = json!({"brand": "acme", "campaign": campaign, "outcome": outcome, "messages": n});
        assert!(rows.contains(&row.to_string()), "{row} is not in {rows:?}");
    }
    assert_eq!(rows.len(), wanted.len());
    let all = "purpose,brand,campaign,reason,channel,jurisdiction";
    let report = counts(setup, &["--by", all]);
    let first = &report["counts"][0];
    assert_eq!(
        (&first["purpose"], &first["jurisdiction"]),
        (&json!("marketing.newsletter"), &json!("GB"))
    );
    assert_eq!(counts(setup, &["--by", "reason", "--outcome", "blocked"])["messages"], N_REFUSED);
    let later = ["report", "--since", "2h", "--until", "1h", "--json"];
    assert!(run(setup, 0, &later).contains("\"messages\":0"), "an empty window");
    let text = run(setup, 0, &["report", "--since", "30m", "--by", "brand", "--rows", "0"]);
    assert!(text.contains("… and 1 more rows with 12 in all"), "{text}");
    run(setup, 64, &["report"]);
    run(setup, 64, &["report", "--since", "yesterday"]);
}

fn listed(setup: &Setup, people: &[Contact], began: &str) {
    let until = jiff::Timestamp::now().to_string();
    let tap = |more: &[&str]| -> Vec<String> {
        let arguments = [&["tap", "--since", began, "--until", &until], more].concat();
        run(setup, 0, &arguments).lines().map(str::to_owned).collect()
    };
    assert_eq!(tap(&[]).len(), N_PEOPLE);
    assert_eq!(tap(&["blocked"]).len(), N_REFUSED);
    let of_one = tap(&["--contact", &people[5].id.to_uppercase()]);
    assert_eq!(of_one.len(), 1, "{of_one:?}");
    assert!(of_one[0].contains("letter-5") && of_one[0].contains("approved"), "{of_one:?}");
    assert_eq!(tap(&["--contact", &people[5].address]).len(), 0, "an address is no id");
    assert_eq!(tap(&["--message-id", "letter-0", "--reason", "approved.express_consent"]).len(), 0);
    assert_eq!(tap(&["--message-id", "letter-0"]).len(), 1);
    let before = run(setup, 0, &["tap", "--since", "2h", "--until", began]);
    assert_eq!(before, "", "nothing was decided before");
    run(setup, 64, &["tap", "--until", began]);
    run(setup, 64, &["tap", "--reason", "approved.no_such_reason"]);
}

fn explained(setup: &Setup, people: &[Contact], outputs: &[Record]) {
    let approved = run(setup, 0, &["explain", "--message-id", "letter-7"]);
    for wanted in [
        "approved.express_consent",
        "opt_in, email",
        "<- proves the decision",
        "recomputed: same",
        "consent evidence -c",
    ] {
        assert!(approved.contains(wanted), "{wanted}: {approved}");
    }
    let is_letter = |record: &&Record| message_id(record) == "letter-1";
    let blocked = outputs.iter().find(is_letter).expect("a decision");
    assert!(blocked.header("gate-decision").is_none(), "the log says it all");
    let source = blocked.header("gate-source").expect("a source");
    let said = run(setup, 0, &["explain", "--source", source]);
    assert!(said.contains("message               letter-1"), "{said}");
    let n_changes = said.matches(&setup.topics.consent_change).count();
    assert!(n_changes >= 2, "the opt-in and the refusal: {said}");
    assert!(said.contains("opt_out, any channel"), "{said}");
    assert!(said.contains("recomputed: same"), "{said}");
    let of_person = |option: &str, name: &str| run(setup, 0, &["explain", option, name]);
    for said in [
        of_person("--contact", &people[7].id.to_uppercase()),
        of_person("--address", &people[7].address),
    ] {
        assert!(said.contains("message               letter-7"), "{said}");
        assert_eq!(said.matches("recomputed: same").count(), 1, "only theirs: {said}");
    }
    let stranger = run(setup, 1, &["explain", "--contact", "nobody-at-all"]);
    assert!(stranger.contains("there is no decision about this contact"), "{stranger}");
    let nothing = run(setup, 1, &["explain", "--message-id", "m-no-such"]);
    assert!(nothing.contains("there is no decision about message `m-no-such`"), "{nothing}");
    let nowhere = format!("{}/0/999999", setup.topics.outbound);
    let nothing = run(setup, 1, &["explain", "--source", &nowhere]);
    assert!(nothing.contains("no committed message at that place"), "{nothing}");
    run(setup, 64, &["explain", "--source", "nonsense"]);
}

/// A decision that retention has deleted is not merely not found.
fn gone(broker: &broker::Broker, setup: &Setup, topics: &Topics, outputs: &[Record]) {
    let record =
        outputs.iter().find(|record| record.topic == topics.approved).expect("an approval");
    let source = record.header("gate-source").expect("a source");
    let partition = source.rsplit('/').nth(1).expect("a partition");
    let file = setup.dir.join("delete.json");
    let offsets = format!(
        r#"{{"partitions":[{{"topic":"{}","partition":{partition},"offset":-1}}],"version":1}}"#,
        topics.decision_log
    );
    std::fs::write(&file, offsets).expect("the file can be written");
    broker.tool("delete-records", &["--offset-json-file", &file.display().to_string()]);
    let nothing = run(setup, 1, &["explain", "--message-id", &message_id(record)]);
    assert!(nothing.contains("older decisions have been deleted"), "{nothing}");
    let nothing = run(setup, 1, &["explain", "--source", source]);
    assert!(nothing.contains("the message is there"), "{nothing}");
}

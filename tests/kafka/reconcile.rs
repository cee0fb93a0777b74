//! A provider's list beside the consent here: who is refused on one side alone is found, and written when it is asked for.

use crate::harness::data::{self, Contact, Refusal};
use crate::harness::gate::Setup;
use crate::harness::load::Stage;
use crate::harness::produce::Outgoing;
use crate::harness::readers::{During, read_all};
use crate::harness::topics::Topics;
use crate::harness::{broker, environment};
use serde_json::{Value, json};
use std::process::{Command, Output};
use std::time::Duration;

mod api;

const PATIENCE: Duration = Duration::from_secs(120);
const SPEC: &str = r#"
source: {name: sendgrid-main, provider: sendgrid, controller: acme-ltd, brand: acme}
columns: {address: email, at: created}
"#;

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&[&output.stdout[..], &output.stderr[..]].concat()).into_owned()
}

fn report(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", text(output)))
}

#[test]
fn what_only_a_provider_knows_is_found_and_written() {
    let test = "what_only_a_provider_knows_is_found_and_written";
    let Some(broker) = broker::shared(test) else { return };
    let bootstrap = &broker.bootstrap;
    let topics = Topics::create(bootstrap, "reconcile");
    let stage = Stage::new(bootstrap, &topics);
    let people = data::contacts("listed", 5);
    let [only_there, only_here, both, overtaken, nowhere] = &people[..] else { panic!("five") };
    let early: jiff::Timestamp = "2024-01-01T00:00:00Z".parse().expect("a time");
    let late: jiff::Timestamp = "2026-01-01T00:00:00Z".parse().expect("a time");
    let said = |contact: &Contact, at| stage.opt_in_record(contact, at);
    let refused = |contact: &Contact, id: &str| {
        // of everything, by its address
        let mut change = contact.refusal(Refusal::AddressOnly, id, late);
        change["contact_id"] = json!(contact.id);
        Outgoing::new(contact.id.as_bytes(), data::bytes(&change))
    };
    let records = [
        said(only_there, early),
        said(only_here, early),
        said(both, early),
        said(overtaken, late),
        said(nowhere, early),
        refused(only_here, "r-1"),
        refused(both, "r-2"),
    ];
    stage.producer.send_all(&topics.consent_change, &records);
    let mut setup = Setup::new("reconcile", bootstrap, &topics);
    let keys = setup.dir.join("keys");
    let made = Command::new(&setup.program).args(["unsubscribe", "key", "--id", "1"]).output();
    std::fs::write(&keys, made.expect("it runs").stdout).expect("it can be written");
    let set = ("CONSENT_GATE__DOOR__KEYS_FILE".to_owned(), keys.display().to_string());
    setup.environment.push(set);
    let gate = setup.spawn_ready(); // it makes the pepper
    let path = |name: &str| setup.dir.join(name).display().to_string();
    std::fs::write(path("spec.yaml"), SPEC).expect("it can be written");
    let mut list = String::from("email,created\n");
    for (contact, at) in
        [(only_there, "2025-05-01"), (both, "2026-02-01"), (overtaken, "2025-05-01")]
    {
        list += &format!("{},{at}T00:00:00Z\n", contact.address.to_uppercase());
    }
    std::fs::write(path("list.csv"), list).expect("it can be written");
    let (spec, export, details, metrics) =
        (path("spec.yaml"), path("list.csv"), path("details.ndjson"), path("drift.prom"));
    let run = |more: &[&str]| {
        let mut arguments = vec!["reconcile", spec.as_str(), "--list", export.as_str(), "--json"];
        arguments.extend(more);
        setup.run(&arguments)
    };
    let n_before = read_all(bootstrap, &[&topics.consent_change]).len();

    let found = run(&["--details", &details, "--metrics", &metrics]);
    assert_eq!(found.status.code(), Some(1), "{}", text(&found));
    assert!(!text(&found).to_lowercase().contains("@mail"), "{}", text(&found));
    let classes = &report(&found)["classes"];
    let n = |class: &str| classes[class]["unsubscribe"].as_u64().unwrap_or(0);
    assert_eq!(
        (n("only_there"), n("only_here"), n("both"), n("overtaken")),
        (1, 1, 1, 1),
        "{}",
        text(&found)
    );
    assert_eq!(read_all(bootstrap, &[&topics.consent_change]).len(), n_before, "a look");
    let lines = std::fs::read_to_string(&details).expect("details");
    assert!(lines.to_lowercase().contains(&only_there.address), "{lines}");
    let gauge = std::fs::read_to_string(&metrics).expect("the gauge");
    let series = r#"consent_gate_suppression_drift{source="sendgrid-main",direction="only_there",kind="unsubscribe"} 1"#;
    assert!(gauge.contains(series), "{gauge}");

    let written = run(&["--write-here"]);
    assert_eq!(report(&written)["n_written_here"], 1, "{}", text(&written));
    let again = run(&["--write-here"]);
    assert_eq!(report(&again)["n_written_here"], 0, "once: {}", text(&again));
    assert_eq!(report(&again)["classes"]["both"]["unsubscribe"], 2, "{}", text(&again));

    // what the gate decides is what was compared
    let during = During::follow(bootstrap, &topics.outputs());
    stage.message_all(&people);
    environment::wait_until("all are decided", PATIENCE, || during.count() >= people.len());
    for output in during.records() {
        let key = output.key.as_deref().expect("a key").to_vec();
        let is_refused = [only_there, only_here, both].iter().any(|it| it.id.as_bytes() == key);
        let reason = output.header("gate-reason").expect("a reason");
        assert_eq!(reason == "blocked.opted_out", is_refused, "{reason} {key:?}");
    }
    gate.stop();
}

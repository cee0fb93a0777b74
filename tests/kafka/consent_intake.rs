//! Consent changes as operators see them: which system they come from, and which texts a person should read.

use crate::harness::gate::{Gate, Setup};
use crate::harness::load::Stage;
use crate::harness::produce::Outgoing;
use crate::harness::topics::Topics;
use crate::harness::{broker, data, environment};
use serde_json::{Value, json};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(60);
const TEXT: &str = "cancel my order";

fn of_source(gate: &Gate, name: &str) -> f64 {
    let label = format!("{{source=\"{name}\"}}");
    let all = gate.metric("consent_gate_source_changes_total");
    all.iter().find(|(labels, _)| *labels == label).map_or(-1.0, |(_, n)| *n)
}

#[test]
fn sources_are_counted_and_texts_to_read_are_named() {
    let test = "sources_are_counted_and_texts_to_read_are_named";
    let Some(broker) = broker::shared(test) else { return };
    let topics = Topics::create(&broker.bootstrap, "intake");
    let stage = Stage::new(&broker.bootstrap, &topics);
    let mut setup = Setup::new("intake", &broker.bootstrap, &topics);
    let sources = ("CONSENT_GATE__METRICS__SOURCES".to_owned(), "crm, web shop".to_owned());
    setup.environment.push(sources);
    let gate = setup.spawn_ready();
    let send = |fields: Value| {
        let mut change = json!({
            "event_id": stage.event_id(), "occurred_at": jiff::Timestamp::now().to_string(),
            "action": "inbound_sms", "address": "+447700900458", "to": "+447700900999", "text": "STOP",
        });
        let fields = fields.as_object().expect("an object").clone();
        change.as_object_mut().expect("an object").extend(fields);
        stage
            .producer
            .send(&topics.consent_change, &Outgoing::new("+447700900458", data::bytes(&change)))
    };
    send(json!({"source": "crm"}));
    send(json!({"source": "crm", "action": "opt_out"}));
    send(json!({"source": "web shop"}));
    send(json!({"source": 7}));
    let to_read = send(json!({"source": "web shop", "text": TEXT}));
    environment::wait_until("everything is counted", PATIENCE, || {
        let all = ["crm", "web shop", "other"].map(|name| of_source(&gate, name));
        all == [2.0, 2.0, 1.0]
    });
    let results = gate.metric("consent_gate_consent_changes_total");
    let review: f64 =
        results.iter().filter(|(l, _)| l.contains("result=\"review\"")).map(|(_, n)| n).sum();
    assert_eq!(review, 1.0);
    let log = gate.log_text();
    gate.stop();
    let line = log.lines().find(|line| line.contains("a person should read it"));
    let line = line.expect("the log asks a person to read the text");
    for place in
        [&topics.consent_change, &to_read.partition.to_string(), &to_read.offset.to_string()]
    {
        assert!(line.contains(place.as_str()), "{place} in {line}");
    }
    assert!(!log.contains(TEXT) && !log.contains("900458"), "no personal data in the log");
}

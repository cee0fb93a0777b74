//! Consent changes as operators see them: which system they come from, which texts a person should read, and what of
//! a change nobody can understand.

use crate::harness::data::Contact;
use crate::harness::drain::drained;
use crate::harness::gate::{Gate, Setup};
use crate::harness::ledger::TEST_ID;
use crate::harness::load::Stage;
use crate::harness::produce::Outgoing;
use crate::harness::readers::{During, read_all};
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

/// An address that no reader can use, of two people: one who agrees and one who refuses.
#[test]
fn an_address_nobody_understands_is_not_dropped_silently() {
    let test = "an_address_nobody_understands_is_not_dropped_silently";
    let Some(broker) = broker::shared(test) else { return };
    let topics = Topics::create(&broker.bootstrap, "half");
    let stage = Stage::new(&broker.bootstrap, &topics);
    let during = During::follow(&broker.bootstrap, &topics.outputs());
    let setup = Setup::new(test, &broker.bootstrap, &topics);
    let mut gate = setup.spawn_ready();
    let [refuser, agreer] = ["refuser", "agreer"].map(Contact::new);
    stage.opt_in(std::slice::from_ref(&refuser));
    let half = |contact: &Contact, change: Value| {
        let mut change = change;
        change["address"] = "ask at the front desk".into();
        let sent = Outgoing::new(contact.id.as_bytes(), data::bytes(&change));
        stage.producer.send(&topics.consent_change, &sent)
    };
    let now = jiff::Timestamp::now();
    half(&agreer, agreer.opt_in(&stage.event_id(), data::yesterday()));
    let mut refusal = refuser.refusal(data::Refusal::Full, &stage.event_id(), now);
    let refused_at = half(&refuser, refusal.clone());
    // a region that is none is the same
    refusal["event_id"] = stage.event_id().into();
    refusal["channel"] = "sms".into();
    refusal["region"] = "Atlantis".into();
    refusal["address"] = "07700 900458".into();
    let by_region = Outgoing::new(refuser.id.as_bytes(), data::bytes(&refusal));
    stage.producer.send(&topics.consent_change, &by_region);

    let ids = stage.message_all(&[refuser, agreer]).into_iter().map(|id| id.to_string());
    drained(&stage, &during);
    let reasons: Vec<String> = ids
        .map(|id| {
            let answer =
                during.records().into_iter().find(|it| it.header(TEST_ID) == Some(id.as_str()));
            answer.and_then(|it| it.header("gate-reason").map(str::to_owned)).unwrap_or_default()
        })
        .collect();
    assert_eq!(reasons, ["blocked.opted_out", "blocked.scope_mismatch"]);
    gate.wait_ready();
    let partial: f64 = gate
        .metric("consent_gate_consent_changes_total")
        .iter()
        .filter(|(labels, _)| labels.contains("result=\"partial\""))
        .map(|(_, n)| n)
        .sum();
    assert_eq!(partial, 3.0);
    let log = gate.log_text();
    gate.stop();
    let line = log.lines().find(|line| line.contains("nobody can read the address"));
    let line = line.expect("the log says so");
    assert!(line.contains(&format!("\"offset\":{}", refused_at.offset)), "{line}");
    assert!(!log.contains("front desk") && !log.contains("900458"), "no personal data in the log");
    let letters = read_all(&broker.bootstrap, &[&topics.dead_letter]);
    assert_eq!(letters.len(), 2, "the refusals, and not the permission");
    for letter in letters {
        let detail: Value = serde_json::from_str(letter.header("gate-detail").unwrap()).unwrap();
        let expected = json!({"class": "invalid_address", "field": "address", "owner": "contact", "applied": true});
        assert_eq!(detail, expected);
    }
}

//! Whose an unreadable consent change is: its key names its owner only if that contact is known from records that can
//! be read; a release and a dead letter speak about one topic, and a release only behind its dead letter.

use crate::harness::data::{self, Contact};
use crate::harness::drain::drained;
use crate::harness::gate::{Gate, Setup};
use crate::harness::ledger::TEST_ID;
use crate::harness::load::Stage;
use crate::harness::produce::{Acked, Outgoing, Plain};
use crate::harness::readers::{During, Record, read_all};
use crate::harness::topics::{self, CONSENT_PARTITIONS, Topics};
use crate::harness::{broker, environment};
use serde_json::{Value, json};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(60);

/// An opt-out where the gate does not look for one.
fn nested(contact: &Contact) -> Vec<u8> {
    let opt_out = json!({
        "event_id": "nested", "occurred_at": jiff::Timestamp::now().to_string(), "action": "opt_out",
        "contact_id": contact.id,
    });
    data::bytes(&json!({ "version": 3, "data": opt_out }))
}

/// The reason of the only decision about the newest message to this contact.
fn reason(stage: &Stage, during: &During, contact: &Contact) -> String {
    let id = stage.message(contact).to_string();
    drained(stage, during);
    let answers: Vec<Record> = during
        .records()
        .into_iter()
        .filter(|answer| answer.header(TEST_ID) == Some(id.as_str()))
        .collect();
    assert_eq!(answers.len(), 1, "one decision");
    answers[0].header("gate-reason").unwrap_or("none").to_owned()
}

fn wait_held(gate: &Gate, places: &[Acked], words: &[&str]) {
    environment::wait_until(&format!("held at {places:?}, saying {words:?}"), PATIENCE, || {
        gate.get("/readyz?verbose").is_some_and(|(status, body)| {
            let is_named = |at: &Acked| {
                body.contains(&format!("partition {} offset {}", at.partition, at.offset))
            };
            status == 503
                && body.contains("consent_poison")
                && places.iter().all(is_named)
                && words.iter().all(|word| body.contains(word))
        })
    });
}

fn skip(setup: &Setup, topics: &Topics, poison: Acked) {
    let output = setup.run(&[
        "consent",
        "skip",
        "--topic",
        &topics.consent_change,
        "--partition",
        &poison.partition.to_string(),
        "--offset",
        &poison.offset.to_string(),
        "--reason",
        "test of release",
        "--operator",
        "casey",
    ]);
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "consent skip: {text}");
}

#[test]
fn a_key_names_its_owner_only_if_it_is_known() {
    let test = "a_key_names_its_owner_only_if_it_is_known";
    let Some(broker) = broker::shared(test) else { return };
    let topics = Topics::create(&broker.bootstrap, "owners");
    let stage = Stage::new(&broker.bootstrap, &topics);
    let during = During::follow(&broker.bootstrap, &topics.outputs());
    let setup = Setup::new(test, &broker.bootstrap, &topics);
    let people = data::contacts("known", 3);
    stage.opt_in(&people);
    let mut gate = setup.spawn_ready();
    std::thread::sleep(Duration::from_millis(20)); // receipt times have milliseconds

    // a key that is a known contact, bare or wrapped, blocks that contact, and nobody waits
    let keys = [
        people[0].id.clone(),
        format!("\"{}\"", people[1].id),
        format!("Struct{{contact_id={}}}", people[2].id),
    ];
    for (contact, key) in people.iter().zip(keys) {
        stage.producer.send(&topics.consent_change, &Outgoing::new(key, nested(contact)));
        assert_eq!(reason(&stage, &during, contact), "blocked.consent_unreadable");
    }
    gate.wait_ready();

    // one whom nobody knows yet: held until a readable record of that contact comes by another partition
    let late = Contact::new("latecomer-77");
    let in_partition =
        |partition, outgoing: Outgoing| Outgoing { partition: Some(partition), ..outgoing };
    let record = in_partition(0, Outgoing::new("\"latecomer-77\"", nested(&late)));
    let poison = stage.producer.send(&topics.consent_change, &record);
    wait_held(&gate, &[poison], &["envelope"]);
    // a report that something was sent names the contact and ends no block
    let sent = json!({
        "event_id": stage.event_id(), "occurred_at": data::yesterday().to_string(), "action": "sent",
        "contact_id": late.id, "message_id": "past-the-gate", "channel": "email",
    });
    let record = in_partition(1, Outgoing::new("row-17", data::bytes(&sent)));
    stage.producer.send(&topics.consent_change, &record);
    gate.wait_ready();
    assert_eq!(reason(&stage, &during, &late), "blocked.consent_unreadable");

    // keys that cannot be anybody's: each holds its partition until it is released
    let keys: [&[u8]; 3] =
        [br#"{"id":9}"#, b"7f3b6f0e-9f0c-4d63-9d58-0a8a0a5b2c11", &[0, 0, 0, 0, 0, 0, 0, 9]];
    let poisons: Vec<Acked> = (0..CONSENT_PARTITIONS)
        .zip(keys)
        .map(|(partition, key)| {
            let record = in_partition(partition, Outgoing::new(key, nested(&people[0])));
            stage.producer.send(&topics.consent_change, &record)
        })
        .collect();
    wait_held(&gate, &poisons, &["envelope"]);
    gate.stop();
    gate = setup.spawn();
    wait_held(&gate, &poisons, &[]);
    for poison in &poisons {
        skip(&setup, &topics, *poison);
    }
    gate.wait_ready();
    let log = gate.log_text();
    gate.stop();
    assert_eq!(log.matches("skipped: released by an operator").count(), poisons.len());

    let letters = read_all(&broker.bootstrap, &[&topics.dead_letter]);
    let owner = |letter: &Record| -> Option<String> {
        letter.header("gate-source")?;
        let detail: Value = serde_json::from_str(letter.header("gate-detail")?).ok()?;
        assert_eq!(detail["class"], "envelope");
        detail["owner"].as_str().map(str::to_owned)
    };
    let mut owners: Vec<String> = letters.iter().filter_map(owner).collect();
    owners.sort_unstable();
    let expected = ["key", "key", "key", "unknown", "unknown", "unknown", "unknown"];
    assert_eq!(owners, expected, "each dead letter once");
    for contact in people.iter().chain([&late]) {
        assert!(!log.contains(&contact.id), "no contact in the log");
    }
}

/// Kafka's id of a topic, as its tools show it.
fn topic_id(broker: &broker::Broker, topic: &str) -> String {
    let text = broker.tool("topics", &["--describe", "--topic", topic]);
    let id = text.split_whitespace().skip_while(|word| *word != "TopicId:").nth(1);
    id.unwrap_or_else(|| panic!("no topic id in: {text}")).to_owned()
}

#[test]
fn releases_and_dead_letters_speak_about_one_topic() {
    let test = "releases_and_dead_letters_speak_about_one_topic";
    let Some(broker) = broker::shared(test) else { return };
    let topics = Topics::create(&broker.bootstrap, "released");
    let stage = Stage::new(&broker.bootstrap, &topics);
    let setup = Setup::new(test, &broker.bootstrap, &topics);

    // a stranger lays both in wait for the first record of partition 2, in every partition
    let id = topic_id(broker, &topics.consent_change);
    let place = format!("{}/2/0", topics.consent_change);
    for partition in 0..topics::MESSAGE_PARTITIONS {
        for name in ["gate-source", "gate-release"] {
            let record = Outgoing {
                partition: Some(partition),
                value: Some(b"no dead letter".to_vec()),
                ..Outgoing::default()
            };
            let record = record
                .header(name, &place)
                .header("gate-topic-id", &id)
                .header("gate-detail", r#"{"operator":"stranger"}"#);
            stage.producer.send(&topics.dead_letter, &record);
        }
    }
    let poison = Outgoing {
        partition: Some(2),
        value: Some(b"nobody can read this".to_vec()),
        ..Outgoing::default()
    };
    let mut gate = setup.spawn_ready();
    let first = stage.producer.send(&topics.consent_change, &poison);
    assert_eq!((first.partition, first.offset), (2, 0));
    wait_held(&gate, &[first], &["malformed"]);
    skip(&setup, &topics, first);
    gate.wait_ready();
    gate.stop();

    // the release is remembered for this topic, and not for the one that takes its name
    let mut gate = setup.spawn_ready();
    assert!(gate.log_text().contains("skipped: released by an operator"));
    gate.terminate();
    topics::delete(&broker.bootstrap, &[&topics.consent_change]);
    topics::create(&broker.bootstrap, &[(&topics.consent_change, CONSENT_PARTITIONS)]);
    // an idempotent producer of before numbers on
    let second = Plain::new(&broker.bootstrap).send(&topics.consent_change, &poison);
    assert_eq!((second.partition, second.offset), (2, 0));
    gate = setup.spawn();
    wait_held(&gate, &[second], &["malformed"]);
    skip(&setup, &topics, second);
    gate.wait_ready();
    gate.stop();
    let letters = read_all(&broker.bootstrap, &[&topics.dead_letter]);
    let genuine = letters.iter().filter(|letter| letter.value == poison.value);
    let ids: Vec<Option<&str>> = genuine
        .map(|letter| {
            assert_eq!(letter.header("gate-source"), Some(place.as_str()));
            assert!(letter.header("gate-tag").is_some());
            letter.header("gate-topic-id")
        })
        .collect();
    let now = topic_id(broker, &topics.consent_change);
    assert_eq!(ids, [Some(id.as_str()), Some(now.as_str())], "each topic's record once");
}

//! Somebody who may write where only the gate should: to the changelog of approvals, or messages with our headers and
//! in the name of the probe. What he takes away counts against its recipient, what he brings along is dropped, and
//! both are counted.

use crate::frequency_caps::{CAP, Scene};
use crate::harness::produce::{Outgoing, Plain};
use crate::harness::readers::{Record, read_all};
use crate::harness::{broker, data, topics};
use crate::peppers::ANNOUNCEMENT;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

/// Writes a record of the changelog as a stranger would.
fn write(producer: &Plain, topic: &str, like: &Record, value: Option<Vec<u8>>) {
    let (partition, key) = (Some(like.partition), like.key.clone());
    producer.send(topic, &Outgoing { partition, key, value, ..Outgoing::default() });
}

#[test]
fn approvals_that_a_stranger_takes_away_count_against() {
    let test = "approvals_that_a_stranger_takes_away_count_against";
    let Some(broker) = broker::shared(test) else { return };
    let mut scene = Scene::new(&broker.bootstrap, "strangers");
    let people = scene.people("strangers", 24);
    let send_each = |scene: &Scene| {
        people.iter().for_each(|contact| {
            scene.send(contact).wait();
        });
        scene.drained();
    };
    let gate = scene.setup.spawn_ready();
    (0..CAP).for_each(|_| send_each(&scene));
    gate.stop();
    let topic = scene.setup.topics.sent_log.clone();
    let rows = read_all(&broker.bootstrap, &[&topic]);
    let producer = Plain::new(&broker.bootstrap);

    // every row is taken away; this instance still knows them
    let mut versions: BTreeMap<Vec<u8>, Vec<&Record>> = BTreeMap::new();
    for row in rows.iter().filter(|row| row.key.as_deref() != Some(ANNOUNCEMENT)) {
        versions.entry(row.key.clone().unwrap()).or_default().push(row);
    }
    assert_eq!(versions.len(), people.len());
    versions.values().for_each(|rows| write(&producer, &topic, rows[0], None));
    let gate = scene.setup.spawn_ready();
    send_each(&scene);
    let kinds = |gate: &crate::harness::gate::Gate| {
        let found = gate.metric("consent_gate_sent_foreign_records_total").into_iter();
        found.filter(|(_, n)| *n > 0.0).map(|(labels, _)| labels).collect::<BTreeSet<_>>()
    };
    assert_eq!(kinds(&gate), BTreeSet::from(["{kind=\"deleted\"}".to_owned()]));
    gate.stop();
    assert_eq!(scene.assert_capped(), people.len());

    // a changelog as compaction leaves it, read by an instance that knows nothing: of each recipient one record, of a
    // third ours, of a third nothing, of a third an old row written again
    let compacted = format!("{topic}-compacted");
    topics::create_compacted(&broker.bootstrap, &[(&compacted, topics::MESSAGE_PARTITIONS)]);
    let mut n_of: BTreeMap<i32, usize> = BTreeMap::new();
    let mut shares = [const { Vec::new() }; 3];
    for rows in versions.values() {
        let n = n_of.entry(rows[0].partition).or_default();
        shares[*n % 3].push(rows);
        *n += 1;
    }
    let [ours, deleted, replayed] = shares;
    assert!(!deleted.is_empty() && !replayed.is_empty());
    for rows in ours {
        write(&producer, &compacted, rows[0], rows[CAP - 1].value.clone());
    }
    deleted.into_iter().for_each(|rows| write(&producer, &compacted, rows[0], None));
    for rows in replayed {
        write(&producer, &compacted, rows[0], rows[0].value.clone());
    }
    scene.setup.topics.sent_log = compacted;
    for _ in 0..2 {
        let gate = scene.setup.spawn_ready();
        send_each(&scene);
        let found = kinds(&gate);
        assert!(found.contains("{kind=\"deleted\"}"), "{found:?}");
        assert!(found.contains("{kind=\"replayed\"}"), "{found:?}");
        gate.stop();
        assert_eq!(scene.assert_capped(), people.len());
        // and again: what was marked is in the changelog now
        std::fs::remove_dir_all(scene.setup.state_dir().join("sent")).unwrap();
    }
}

#[test]
fn nobody_speaks_in_the_name_of_the_gate_or_its_probe_unseen() {
    let test = "nobody_speaks_in_the_name_of_the_gate_or_its_probe_unseen";
    let Some(broker) = broker::shared(test) else { return };
    let scene = Scene::new(&broker.bootstrap, "headers");
    let people = scene.people("headers", 1);
    let gate = scene.setup.spawn_ready();
    let mut record = Outgoing::new("headers", data::bytes(&people[0].message("m-1", 0)));
    for name in ["Gate-Reason", "GATE-OUTCOME", "gAtE-pRoBe", "Gate-Release", "X-Theirs"] {
        record = record.header(name, "theirs");
    }
    scene.send_record(&record);
    let forged = json!({
        "message_id": "forged-1", "channel": "email", "category": "marketing", "purpose": "marketing",
        "controller": "acme-ltd", "brand": "acme",
        "recipient": { "contact_id": "consent-gate-probe/x", "address": "ana@example.com", "jurisdiction": "GB" },
    });
    scene.send_value("forged", &forged);
    scene.drained();
    let decided = read_all(&broker.bootstrap, &scene.setup.topics.outputs());
    let of =
        |key: &str| decided.iter().find(|record| record.key.as_deref() == Some(key.as_bytes()));
    let names: BTreeSet<&str> =
        of("headers").unwrap().headers.iter().map(|(name, _)| name.as_str()).collect();
    let ours = ["gate-decision", "gate-outcome", "gate-reason", "gate-source", "X-Theirs"];
    assert_eq!(names, BTreeSet::from(ours));
    assert_eq!(gate.metric_sum("consent_gate_dropped_headers_total"), 4.0);
    assert_eq!(of("forged").unwrap().header("gate-probe"), Some("1"));
    let other: Vec<(String, f64)> = gate
        .metric("consent_gate_probe_records_total")
        .into_iter()
        .filter(|(_, n)| *n > 0.0)
        .collect();
    assert_eq!(other.len(), 1, "{other:?}");
    assert!(other[0].0.contains("recipient=\"other\"") && other[0].1 == 1.0, "{other:?}");
    gate.stop();
}

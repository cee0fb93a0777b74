//! A transaction of somebody else stays open on `consent-change`, and refusals lie behind it.
//!
//! A `read_committed` reader cannot see them, the end offsets can: the gate must hold (or block), say on
//! which partition, approve nothing, and go on when the transaction ends, either way.

use crate::harness::data;
use crate::harness::drain::drained;
use crate::harness::gate::{Gate, Setup};
use crate::harness::load::Stage;
use crate::harness::oracle;
use crate::harness::produce::{Outgoing, Transactional};
use crate::harness::readers::During;
use crate::harness::topics::Topics;
use crate::harness::{broker, environment, figures};
use std::time::Duration;

const PARTITION: i32 = 2;
const REFUSING: usize = 200;
const STAYING: usize = 50;

#[test]
fn an_open_foreign_transaction_holds_the_gate() {
    let Some(broker) = broker::shared("an_open_foreign_transaction_holds_the_gate") else {
        return;
    };
    let bootstrap = &broker.bootstrap;
    let topics = Topics::create(bootstrap, "foreign");
    let stage = Stage::new(bootstrap, &topics);
    let during = During::follow(bootstrap, &topics.outputs());
    let gate = Setup::new("foreign", bootstrap, &topics).spawn_ready();
    let foreign = Transactional::new(
        bootstrap,
        &format!("foreign-{}", topics.consent_change),
        Duration::from_secs(240),
    );
    for commit in [true, false] {
        let round = if commit { "commit" } else { "abort" };
        let refusing = data::contacts(&format!("{round}-refusing"), REFUSING);
        let staying = data::contacts(&format!("{round}-staying"), STAYING);
        stage.opt_in(&refusing);
        stage.opt_in(&staying);
        let before = during.count();
        foreign.begin();
        let stranger = data::Contact::new(&format!("{round}-stranger"));
        let record = stage.opt_in_record(&stranger, data::yesterday());
        foreign.write(&topics.consent_change, &Outgoing { partition: Some(PARTITION), ..record });
        refuse_behind(&stage, &refusing);
        stage.message_all(&refusing);
        stage.message_all(&staying);

        assert_named(&gate, &topics);
        // long enough for a gate that gives up waiting to show it
        std::thread::sleep(Duration::from_secs(5));
        let approved =
            during.records()[before..].iter().filter(|r| r.topic == topics.approved).count();
        assert_eq!(approved, 0, "nothing may be approved while the transaction is open");
        assert_named(&gate, &topics);

        if commit {
            foreign.commit();
        } else {
            foreign.abort();
        }
        drained(&stage, &during);
        environment::wait_until("ready again", Duration::from_secs(60), || gate.is_ready());
    }
    gate.stop();
    let findings = oracle::examine_logs(bootstrap, &topics, &during, &stage.ledger);
    figures::record("foreign_transaction", findings.figures());
    findings.assert_clean();
}

/// Acknowledged refusals in the partition where the transaction is open.
fn refuse_behind(stage: &Stage, refusing: &[data::Contact]) {
    let sent = std::time::Instant::now();
    let records = refusing.iter().enumerate().map(|(n, contact)| {
        let record = stage.refusal_record(contact, n);
        Outgoing { partition: Some(PARTITION), ..record }
    });
    let records: Vec<_> = records.collect();
    let acked = stage.producer.send_all(&stage.topics.consent_change, &records);
    for (contact, acked) in refusing.iter().zip(acked) {
        assert_eq!(acked.partition, PARTITION);
        stage.ledger.refused(&contact.id, sent, acked.at);
    }
}

/// `/readyz` and a metric say which partition is in the way.
fn assert_named(gate: &Gate, topics: &Topics) {
    let mut answer = None;
    environment::wait_until("/readyz names the open transaction", Duration::from_secs(60), || {
        answer = gate.get("/readyz");
        answer
            .as_ref()
            .is_some_and(|(status, body)| *status == 503 && body.contains(&topics.consent_change))
    });
    let (_, body) = answer.unwrap_or_default();
    assert!(body.contains(&PARTITION.to_string()), "/readyz must name the partition: {body}");
    let held = gate.metric_sum("consent_gate_held_partitions");
    assert!(held > 0.0, "consent_gate_held_partitions must show the hold");
    let (_, metrics) = gate.get("/metrics").unwrap_or_default();
    let partition = format!("partition=\"{PARTITION}\"");
    let named = metrics.lines().any(|line| {
        line.contains(&partition) && line.contains(&topics.consent_change) && !line.ends_with(" 0")
    });
    assert!(
        named,
        "a metric must name the partition; metrics of holds: {:#?}",
        hold_lines(&metrics)
    );
}

fn hold_lines(metrics: &str) -> Vec<&str> {
    let lines = metrics.lines().filter(|line| !line.starts_with('#') && !line.ends_with(" 0"));
    lines.filter(|line| line.contains("held") || line.contains("partition=")).collect()
}

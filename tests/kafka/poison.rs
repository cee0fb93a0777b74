//! An unreadable consent change that nobody can attribute: it may be anybody's refusal, so the gate holds
//! everything, says where it is, survives a restart holding, and goes on when an operator releases it.

use crate::harness::data;
use crate::harness::drain::drained;
use crate::harness::gate::{Gate, Setup};
use crate::harness::load::Stage;
use crate::harness::oracle;
use crate::harness::produce::{Acked, Outgoing};
use crate::harness::readers::{During, read_all};
use crate::harness::topics::Topics;
use crate::harness::{broker, environment, figures};
use std::time::Duration;

#[test]
fn an_unattributable_consent_change_holds_until_released() {
    let Some(broker) = broker::shared("an_unattributable_consent_change_holds_until_released")
    else {
        return;
    };
    let bootstrap = &broker.bootstrap;
    let topics = Topics::create(bootstrap, "poison");
    let stage = Stage::new(bootstrap, &topics);
    let during = During::follow(bootstrap, &topics.outputs());
    let people = data::contacts("poisoned", 200);
    stage.opt_in(&people);
    let setup = Setup::new("poison", bootstrap, &topics);
    let mut gate = setup.spawn_ready();
    stage.message_all(&people);
    drained(&stage, &during);

    let keys = [None, Some(Vec::new()), Some(vec![0xff, 0xfe])];
    for (round, key) in keys.iter().enumerate() {
        let value = format!("nobody can read this, round {round}").into_bytes();
        let record = Outgoing { key: key.clone(), value: Some(value), ..Outgoing::default() };
        let poison = stage.producer.send(&topics.consent_change, &record);
        let before = during.count();
        stage.message_all(&people);
        assert_named(&gate, &topics, poison);
        std::thread::sleep(Duration::from_secs(2));
        assert_eq!(
            during.count(),
            before,
            "nothing is decided while the record may be anybody's refusal"
        );
        if round == 1 {
            gate.stop();
            assert_doctor_fails(&setup, "what waits");
            gate = setup.spawn();
            assert_named(&gate, &topics, poison);
            assert_doctor_fails(&setup, "the gate that runs here");
            assert_eq!(during.count(), before, "a restart releases nothing");
        }
        release(&setup, &topics, poison);
        drained(&stage, &during);
        environment::wait_until("ready again", Duration::from_secs(60), || gate.is_ready());
        // cleared a moment after readiness says so
        environment::wait_until("the alert is over", Duration::from_secs(60), || {
            gate.metric_sum("consent_gate_consent_poison") == 0.0
        });
    }
    gate.stop();

    // a release is remembered
    let gate = setup.spawn_ready();
    stage.message_all(&people);
    drained(&stage, &during);
    gate.stop();
    let findings = oracle::examine_logs(bootstrap, &topics, &during, &stage.ledger);
    figures::record("poison", findings.figures());
    findings.assert_clean();
    let letters = read_all(bootstrap, &[&topics.dead_letter]);
    let audited = letters.iter().filter_map(|letter| {
        let detail = letter.header("gate-detail")?;
        let names_both = detail.contains("casey") && detail.contains("test of release");
        names_both.then(|| letter.header("gate-release").map(str::to_owned))
    });
    assert_eq!(audited.count(), keys.len(), "each release is audited with operator and reason");
    for unread in read_all(bootstrap, &[&topics.consent_change]) {
        let is_poison = unread.value.as_deref().is_some_and(|v| v.starts_with(b"nobody"));
        let own: Vec<_> = letters.iter().filter(|letter| letter.value == unread.value).collect();
        assert_eq!(own.len(), usize::from(is_poison), "dead letters of {}", unread.place());
        assert!(own.iter().all(|letter| letter.key == unread.key), "the key is carried over");
    }
}

/// `doctor` finds what holds, wherever it looks from, and says what to type.
fn assert_doctor_fails(setup: &Setup, check: &str) {
    let doctor = setup.run(&["doctor"]);
    let said = String::from_utf8_lossy(&doctor.stdout).into_owned();
    assert_eq!(doctor.status.code(), Some(78), "{said}");
    let is_failed = |line: &str| line.starts_with("FAIL") && line.contains(check);
    assert!(said.lines().any(is_failed), "{check}: {said}");
    assert!(said.contains("consent-gate consent show -c "), "{said}");
}

/// `/readyz` and the alert metric name topic, partition and offset.
fn assert_named(gate: &Gate, topics: &Topics, poison: Acked) {
    let mut answer = None;
    environment::wait_until("/readyz names the record", Duration::from_secs(60), || {
        answer = gate.get("/readyz");
        answer
            .as_ref()
            .is_some_and(|(status, body)| *status == 503 && body.contains(&topics.consent_change))
    });
    let (_, body) = answer.unwrap_or_default();
    for number in [poison.partition.to_string(), poison.offset.to_string()] {
        assert!(
            body.contains(&number),
            "/readyz must name partition and offset of {poison:?}: {body}"
        );
    }
    let labels = [
        format!("topic=\"{}\"", topics.consent_change),
        format!("partition=\"{}\"", poison.partition),
        format!("offset=\"{}\"", poison.offset),
    ];
    // the lanes may hold before the reader has put the record aside
    let what = format!("the alert metric names {labels:?}");
    environment::wait_until(&what, Duration::from_secs(60), || {
        let samples = gate.metric("consent_gate_consent_poison");
        samples
            .iter()
            .any(|(text, value)| *value > 0.0 && labels.iter().all(|label| text.contains(label)))
    });
}

fn release(setup: &Setup, topics: &Topics, poison: Acked) {
    let (partition, offset) = (poison.partition.to_string(), poison.offset.to_string());
    let output = setup.run(&[
        "consent",
        "skip",
        "--topic",
        &topics.consent_change,
        "--partition",
        &partition,
        "--offset",
        &offset,
        "--reason",
        "test of release",
        "--operator",
        "casey",
    ]);
    let text = String::from_utf8_lossy(&output.stderr).into_owned()
        + &String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "consent skip: {text}");
}

//! What is done to `consent-change` while the gate runs: it is deleted and made again, and partitions are added.
//!
//! An opt-out that was acknowledged counts for the next message, in whichever topic of that name and in whichever
//! partition it stands.

use crate::harness::data::{self, Contact};
use crate::harness::drain::{drained, drained_while};
use crate::harness::gate::{Gate, Setup};
use crate::harness::load::Stage;
use crate::harness::produce::Plain;
use crate::harness::readers::During;
use crate::harness::topics::{self, CONSENT_PARTITIONS, Topics};
use crate::harness::{broker, environment, figures};
use serde_json::json;
use std::path::Path;
use std::time::{Duration, Instant};

const PEOPLE: usize = 200;
/// How often a partition is added.
const ROUNDS: usize = 5;
/// People who refuse in each added partition.
const REFUSING: usize = 20;

/// Messages that were approved so far.
fn approved(during: &During, topics: &Topics) -> usize {
    during.count_where(|record| record.topic == topics.approved)
}

fn quarantined(setup: &Setup) -> usize {
    std::fs::read_dir(setup.state_dir().join("quarantine")).map_or(0, Iterator::count)
}

#[test]
fn a_consent_topic_made_again_is_noticed_at_once() {
    let Some(broker) = broker::shared("a_consent_topic_made_again_is_noticed_at_once") else {
        return;
    };
    let bootstrap = &broker.bootstrap;
    let topics = Topics::create(bootstrap, "remade");
    let stage = Stage::new(bootstrap, &topics);
    let during = During::follow(bootstrap, &topics.outputs());
    let people = data::contacts("remade", PEOPLE);
    stage.opt_in(&people);
    let setup = Setup::new("remade", bootstrap, &topics);
    let mut gate = setup.spawn_ready();
    stage.message_all(&people);
    drained(&stage, &during);
    assert_eq!(approved(&during, &topics), PEOPLE);

    topics::delete(bootstrap, &[&topics.consent_change]);
    environment::wait_until("the topic is gone", Duration::from_secs(60), || {
        topics::partitions(bootstrap, &topics.consent_change).is_none()
    });
    topics::create(bootstrap, &[(&topics.consent_change, CONSENT_PARTITIONS)]);
    // refusals below the old position, and the new topic longer than the old one was
    stage.refuse_all(&people);
    stage.opt_in(&data::contacts("remade-later", 2 * PEOPLE));
    for contact in &people {
        stage.message(contact);
    }
    let mut codes = Vec::new();
    drained_while(&stage, &during, || supervise(&mut gate, &setup, &mut codes));
    let n_wrong = approved(&during, &topics) - PEOPLE;
    figures::record("topic_made_again", json!({ "wrong": n_wrong, "exit_codes": codes }));
    assert_eq!(n_wrong, 0, "approved although everybody had refused");
    environment::wait_until("the gate has ended", Duration::from_secs(60), || {
        supervise(&mut gate, &setup, &mut codes);
        !codes.is_empty()
    });
    assert_eq!(codes, [Some(75)], "{}", gate.log_text());
    gate.wait_ready();
    assert_eq!(quarantined(&setup), 1, "the state of the old topic is put aside");
    gate.stop();
}

fn supervise(gate: &mut Gate, setup: &Setup, codes: &mut Vec<Option<i32>>) {
    if let Some(code) = gate.exited() {
        codes.push(code);
        assert!(codes.len() < 5, "the gate ends again and again: {codes:?}");
        *gate = setup.spawn();
    }
}

#[test]
fn partitions_are_added_without_a_miss_or_a_restart() {
    let Some(broker) = broker::shared("partitions_are_added_without_a_miss_or_a_restart") else {
        return;
    };
    let bootstrap = &broker.bootstrap;
    let topics = Topics::create(bootstrap, "added");
    let stage = Stage::new(bootstrap, &topics);
    let during = During::follow(bootstrap, &topics.outputs());
    let (people, staying) =
        (data::contacts("added", ROUNDS * REFUSING), data::contacts("kept", 20));
    stage.opt_in(&people);
    stage.opt_in(&staying);
    let setup = Setup::new("added", bootstrap, &topics);
    let mut gate = setup.spawn_ready();
    stage.message_all(&people);
    drained(&stage, &during);
    let mut n_wrong = Vec::new();
    let rounds = (CONSENT_PARTITIONS..).zip(people.chunks(REFUSING));
    for (round, (partition, refusing)) in rounds.enumerate() {
        if round + 1 == ROUNDS {
            // this time while the gate is down
            gate.stop();
            grow(bootstrap, &topics, partition);
            gate = setup.spawn();
        } else {
            grow(bootstrap, &topics, partition);
        }
        let before = approved(&during, &topics);
        refuse_and_message(&stage, bootstrap, refusing, partition);
        drained(&stage, &during);
        n_wrong.push(approved(&during, &topics) - before);
        // it goes on
        stage.message_all(&staying);
        drained(&stage, &during);
        assert_eq!(gate.exited(), None, "no restart is needed\n{}", gate.log_text());
    }
    figures::record("partitions_added", json!({ "wrong": n_wrong }));
    assert_eq!(n_wrong, vec![0; ROUNDS], "of {REFUSING} in each round");
    let n_approved = approved(&during, &topics);
    assert_eq!(n_approved, people.len() + ROUNDS * staying.len(), "nobody else is blocked");
    gate.wait_ready();
    gate.stop();
    assert_eq!(quarantined(&setup), 0, "nothing is rebuilt");
    assert!(has_no_rebuild(&setup.log()), "see {}", setup.log().display());
}

/// So that `partition` exists.
fn grow(bootstrap: &str, topics: &Topics, partition: i32) {
    let n_partitions = usize::try_from(partition + 1).unwrap();
    topics::add_partitions(bootstrap, &topics.consent_change, n_partitions);
}

/// Each refuses in that partition and gets a message the moment the broker has acknowledged it.
fn refuse_and_message(stage: &Stage, bootstrap: &str, people: &[Contact], partition: i32) {
    // one that knows the new partition
    let producer = Plain::new(bootstrap);
    for (n, contact) in people.iter().enumerate() {
        let mut record = stage.refusal_record(contact, n);
        record.partition = Some(partition);
        let sent = Instant::now();
        let acked = producer.send(&stage.topics.consent_change, &record);
        stage.ledger.refused(&contact.id, sent, acked.at);
        stage.message(contact);
    }
}

fn has_no_rebuild(log: &Path) -> bool {
    !std::fs::read_to_string(log).unwrap().contains("is rebuilt")
}

//! The lane: brokers that refuse, go away and come back; partitions that move.

use super::{Cluster, Gate, change, newsletter, opt_in, service};
use rdkafka::types::{RDKafkaApiKey as Api, RDKafkaRespErr as Error};

/// Sends so many messages and says that all of them are decided, as approved.
fn all_approved(cluster: &Cluster, name: &str, n: usize) {
    let before = cluster.decisions(0).len();
    for i in 0..n {
        let partition = i32::try_from(i % 2).unwrap();
        cluster.send(partition, &service(&format!("{name}-{i}"), &format!("contact-{i}")));
    }
    let decided = cluster.decisions(before + n);
    for i in 0..n {
        let reason = &decided[&format!("{name}-{i}")];
        assert!(reason.starts_with("approved."), "{reason}");
    }
}

#[test]
fn messages_are_decided_and_their_place_is_named() {
    let cluster = Cluster::new();
    let gate = Gate::start(&cluster).ready();
    all_approved(&cluster, "m", 10);
    assert!(gate.stop().0.is_ok());
}

#[test]
fn a_restarted_gate_decides_what_came_meanwhile() {
    let cluster = Cluster::new();
    let gate = Gate::start(&cluster).ready();
    all_approved(&cluster, "first", 4);
    let (ended, dir) = gate.stop();
    assert!(ended.is_ok());
    for n in 0..4 {
        cluster.send(n % 2, &service(&format!("second-{n}"), "ana"));
    }
    let _gate = Gate::start_as(&cluster, "gate-1", dir).ready();
    // whatever it decides again gets the same answer, which `decisions` sees to
    assert_eq!(cluster.decisions(8).len(), 8);
}

#[test]
fn brokers_that_were_away_find_the_gate_waiting() {
    let cluster = Cluster::new();
    let gate = Gate::start(&cluster).ready();
    all_approved(&cluster, "before", 2);
    cluster.broker(false);
    gate.until("not ready", |reasons| !reasons.is_empty());
    cluster.broker(true);
    let gate = gate.ready();
    cluster.send(0, &service("after", "ana"));
    assert_eq!(cluster.decisions(3).len(), 3);
    drop(gate);
}

/// Whatever a broker answers to a step of a transaction, each message gets its decision and the gate goes on. The lane
/// waits for the ends of consent while messages are sent, so that the answers are for its requests and nobody else's.
fn survives(request: Api, errors: &[Error]) {
    let cluster = Cluster::new();
    let gate = Gate::start(&cluster).ready();
    cluster.answer(Api::ListOffsets, &[Error::RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE; 1_000]);
    for n in 0..6 {
        cluster.send(n % 2, &service(&format!("m-{n}"), "ana"));
    }
    gate.until("held", |reasons| !reasons.is_empty());
    cluster.answer(request, errors);
    cluster.answer_as_ever(Api::ListOffsets);
    assert_eq!(cluster.decisions(6).len(), 6);
    let gate = gate.ready();
    cluster.send(0, &service("afterwards", "ana"));
    assert_eq!(cluster.decisions(7).len(), 7);
    assert!(gate.stop().0.is_ok());
}

#[test]
fn offsets_that_are_refused_for_an_old_generation_are_sent_again() {
    survives(Api::TxnOffsetCommit, &[Error::RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION]);
}

#[test]
fn offsets_of_a_member_nobody_knows_are_sent_again() {
    survives(Api::TxnOffsetCommit, &[Error::RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID]);
}

#[test]
fn a_coordinator_of_the_group_that_moves_is_found_again() {
    let moved = Error::RD_KAFKA_RESP_ERR_NOT_COORDINATOR;
    survives(Api::TxnOffsetCommit, &[moved, moved]);
}

#[test]
fn a_coordinator_of_transactions_that_moves_is_found_again() {
    let moved = Error::RD_KAFKA_RESP_ERR_NOT_COORDINATOR;
    survives(Api::EndTxn, &[moved, Error::RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE]);
}

#[test]
fn an_end_that_is_refused_for_the_epoch_replaces_the_producer() {
    survives(Api::EndTxn, &[Error::RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH]);
}

#[test]
fn a_producer_that_was_fenced_is_replaced() {
    survives(Api::AddPartitionsToTxn, &[Error::RD_KAFKA_RESP_ERR_PRODUCER_FENCED]);
}

#[test]
fn outputs_that_are_refused_are_written_again() {
    let few = Error::RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS;
    survives(Api::Produce, &[few, few]);
}

#[test]
fn an_output_that_brokers_do_not_take_aborts_the_batch_and_is_tried_again() {
    survives(Api::Produce, &[Error::RD_KAFKA_RESP_ERR_INVALID_RECORD]);
}

#[test]
fn a_right_that_is_missing_ends_the_gate_with_its_name() {
    let cluster = Cluster::new();
    let gate = Gate::start(&cluster).ready();
    cluster.answer(
        Api::AddPartitionsToTxn,
        &[Error::RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED],
    );
    cluster.send(0, &service("m", "ana"));
    let error = gate.end().unwrap_err();
    assert_eq!(error.exit_code(), crate::exit::ExitCode::Credentials, "{error}");
}

#[test]
fn ends_of_consent_that_cannot_be_asked_hold_every_message() {
    let cluster = Cluster::new();
    cluster.consent(&opt_in("1", "ana"));
    let gate = Gate::start(&cluster).ready();
    cluster.answer(Api::ListOffsets, &[Error::RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE; 40]);
    cluster.send(0, &newsletter("waits", "ana"));
    gate.until("held", |reasons| !reasons.is_empty());
    cluster.consent(&change("2", "ana", "opt_out"));
    cluster.answer_as_ever(Api::ListOffsets);
    assert_eq!(cluster.decisions(1)["waits"], "blocked.opted_out");
}

#[test]
fn partitions_move_to_another_instance_and_back() {
    let cluster = Cluster::new();
    let first = Gate::start(&cluster).ready();
    all_approved(&cluster, "alone", 4);
    let dir = tempfile::tempdir().unwrap();
    // the pepper is the group's
    let state = dir.path().join("state");
    std::fs::create_dir_all(&state).unwrap();
    std::fs::copy(first.pepper_file(), state.join("pepper")).unwrap();
    let second = Gate::start_as(&cluster, "gate-2", dir);
    for n in 0..40 {
        cluster.send(n % 2, &service(&format!("moving-{n}"), "ana"));
    }
    let second = second.ready();
    assert_eq!(cluster.decisions(44).len(), 44);
    assert!(second.stop().0.is_ok());
    for n in 0..4 {
        cluster.send(n % 2, &service(&format!("back-{n}"), "ana"));
    }
    assert_eq!(cluster.decisions(48).len(), 48);
    first.ready();
}

#[test]
fn a_second_instance_with_another_pepper_does_not_start() {
    let cluster = Cluster::new();
    let _first = Gate::start(&cluster).ready();
    let refused = Gate::try_start(&cluster, "gate-2", tempfile::tempdir().unwrap());
    assert_eq!(refused.map(drop).unwrap_err().exit_code(), crate::exit::ExitCode::Config);
}

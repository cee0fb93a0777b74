//! Promise P2 against a group that forgets: offsets of acknowledged transactions are gone when a partition comes back.
//!
//! Kafka can lose the end marker of a transaction it has acknowledged (see `docs/failures.md`). Here a producer that names
//! no member sets the group back, which Kafka allows inside a transaction, and a stranger joins, so that the gate gives
//! its partitions away and takes them up again behind decisions that it has made.

use crate::harness::drain::drained;
use crate::harness::gate::{Gate, Setup};
use crate::harness::load::Stage;
use crate::harness::oracle;
use crate::harness::readers::During;
use crate::harness::topics::Topics;
use crate::harness::{broker, data, environment};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::producer::{BaseProducer, Producer};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};
use std::collections::BTreeMap;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(90);

fn stranger(bootstrap: &str, group: &str) -> BaseConsumer {
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", bootstrap)
        .set("group.id", group)
        .set("group.protocol", "classic")
        .set("partition.assignment.strategy", "range")
        .set("enable.auto.commit", "false");
    config.create().expect("a consumer can be made")
}

/// Sets each partition back to the half of what was committed.
fn set_back(bootstrap: &str, setup: &Setup) {
    let mut all = TopicPartitionList::new();
    let outbound = &setup.topics.outbound;
    let observer = stranger(bootstrap, &setup.group);
    let metadata = observer.fetch_metadata(Some(outbound), PATIENCE).expect("metadata");
    for partition in metadata.topics()[0].partitions() {
        all.add_partition(outbound, partition.id());
    }
    let committed = observer.committed_offsets(all, PATIENCE).expect("committed offsets");
    let half: BTreeMap<(String, i32), Offset> = committed
        .elements()
        .iter()
        .map(|it| {
            let offset = it.offset().to_raw().expect("an offset is committed");
            ((outbound.clone(), it.partition()), Offset::Offset(offset / 2))
        })
        .collect();
    let half = TopicPartitionList::from_topic_map(&half.into_iter().collect()).expect("a list");
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", bootstrap)
        .set("transactional.id", format!("{}-set-back", setup.group));
    let producer: BaseProducer = config.create().expect("a producer can be made");
    producer.init_transactions(PATIENCE).expect("transactions can be used");
    producer.begin_transaction().expect("a transaction can be opened");
    let nobody = observer.group_metadata().expect("a consumer knows its group");
    producer.send_offsets_to_transaction(&half, &nobody, PATIENCE).expect("no member is asked for");
    producer.commit_transaction(PATIENCE).expect("the transaction can be committed");
}

/// A stranger takes partitions and leaves again.
fn shake(bootstrap: &str, setup: &Setup, gate: &mut Gate) {
    let stranger = stranger(bootstrap, &setup.group);
    stranger.subscribe(&[&setup.topics.outbound]).expect("a topic can be subscribed to");
    environment::wait_until("the stranger has partitions", PATIENCE, || {
        assert_eq!(gate.exited(), None, "the gate ended by itself");
        drop(stranger.poll(Duration::from_millis(100)));
        stranger.assignment().is_ok_and(|all| all.count() > 0)
    });
}

#[test]
fn forgotten_offsets_decide_nothing_twice() {
    let Some(broker) = broker::shared("forgotten_offsets_decide_nothing_twice") else {
        return;
    };
    let bootstrap = &broker.bootstrap;
    let topics = Topics::create(bootstrap, "forgotten");
    let stage = Stage::new(bootstrap, &topics);
    let people = data::contacts("forgotten", 500);
    stage.opt_in(&people);
    let during = During::follow(bootstrap, &topics.outputs());
    let setup = Setup { lanes: 1, ..Setup::new("forgotten", bootstrap, &topics) };
    let mut gate = setup.spawn_ready();
    stage.message_all(&people);
    drained(&stage, &during);
    set_back(bootstrap, &setup);
    shake(bootstrap, &setup, &mut gate);
    stage.message_all(&people);
    drained(&stage, &during);
    environment::wait_until("the partitions come back", PATIENCE, || {
        gate.metric_sum("consent_gate_lag_records") == 0.0
    });
    let transactions = gate.metric("consent_gate_transactions_total");
    gate.stop();
    let n_torn: f64 =
        transactions.iter().filter(|(l, _)| l.contains("\"torn\"")).map(|(_, n)| n).sum();
    oracle::examine_logs(bootstrap, &topics, &during, &stage.ledger).assert_clean();
    assert!(n_torn > 0.0, "the group has not forgotten anything: the test tests nothing");
}

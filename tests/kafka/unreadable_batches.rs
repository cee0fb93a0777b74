//! Batches that no client can unpack: a bomb, and one that was damaged on the broker's disk.
//!
//! Nothing behind them may be decided as if they were not there, somebody must be told where they are, and the gate
//! goes on when they can be read or an operator takes the responsibility.

use crate::harness::broker::Broker;
use crate::harness::data::{self, Contact, Refusal};
use crate::harness::gate::{Gate, Setup};
use crate::harness::load::Stage;
use crate::harness::produce::{Acked, Outgoing, Plain};
use crate::harness::readers::During;
use crate::harness::topics::Topics;
use crate::harness::{broker, environment};
use rdkafka::ClientConfig;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use std::time::Duration;

/// Records of a mebibyte of zeros in one batch: a few kilobytes packed.
const BOMB_RECORDS: usize = 64;
const PATIENCE: Duration = Duration::from_secs(60);
/// Unpacks no more than this, so that the bomb of this test is too large for it. Less than what librdkafka fetches by
/// itself (50 MiB) no client can be made with.
pub(crate) const SMALL_CLIENT: (&str, &str) = ("receive.message.max.bytes", "60000000");

struct Scene {
    stage: Stage,
    during: During,
    setup: Setup,
    people: Vec<Contact>,
}

impl Scene {
    fn new(broker: &Broker, name: &str, n_people: usize) -> Self {
        let bootstrap = &broker.bootstrap;
        let topics = Topics::create(bootstrap, name);
        let stage = Stage::new(bootstrap, &topics);
        let during = During::follow(bootstrap, &topics.outputs());
        let setup = Setup::new(name, bootstrap, &topics);
        let people = data::contacts(name, n_people);
        stage.opt_in(&people);
        Self { stage, during, setup, people }
    }

    fn approved(&self) -> usize {
        self.during.count_where(|record| record.topic == self.stage.topics.approved)
    }

    fn await_decided(&self, n: usize) {
        let what = format!("{n} are decided");
        environment::wait_until(&what, PATIENCE, || self.during.count() >= n);
        assert_eq!(self.during.count(), n);
    }
}

/// One batch of zeros into partition 0.
pub(crate) fn plant_bomb(bootstrap: &str, topic: &str) {
    let mut config = ClientConfig::new();
    let producer: BaseProducer = config
        .set("bootstrap.servers", bootstrap)
        .set("compression.type", "zstd")
        .set("linger.ms", "60000")
        .set("batch.size", "200000000")
        .set("message.max.bytes", "200000000")
        .set("queue.buffering.max.kbytes", "400000")
        .create()
        .unwrap();
    let zeros = vec![0; 1 << 20];
    for _ in 0..BOMB_RECORDS {
        let record = BaseRecord::<(), [u8]>::to(topic).partition(0).payload(&zeros);
        producer.send(record).map_err(|(error, _)| error).unwrap();
    }
    producer.flush(PATIENCE).unwrap();
}

/// `/readyz` and the metric name it.
fn assert_named(gate: &Gate, topic: &str, partition: i32, offset: i64, code: &str) {
    let wanted = [
        "unreadable_batch".to_owned(),
        format!("{topic} partition {partition} offset {offset}"),
        code.to_owned(),
    ];
    let mut last = None;
    environment::wait_until("/readyz names the batch", PATIENCE, || {
        last = gate.get("/readyz");
        let is_named = |(status, body): &(u16, String)| {
            *status == 503 && wanted.iter().all(|it| body.contains(it))
        };
        last.as_ref().is_some_and(is_named)
    });
    let held = gate.metric("consent_gate_held_partitions");
    let is_counted =
        |(labels, value): &(String, f64)| labels.contains("unreadable_batch") && *value > 0.0;
    assert!(held.iter().any(is_counted), "{held:?}");
    assert!(gate.log_text().contains("cannot be unpacked"), "it is said once at least");
}

#[test]
fn a_bomb_among_messages_holds_its_partition_by_name() {
    let Some(broker) = broker::shared("a_bomb_among_messages_holds_its_partition_by_name") else {
        return;
    };
    let mut scene = Scene::new(broker, "bomb-message", 40);
    scene.setup.properties.push((SMALL_CLIENT.0.to_owned(), SMALL_CLIENT.1.to_owned()));
    let outbound = scene.stage.topics.outbound.clone();
    let gate = scene.setup.spawn_ready();
    plant_bomb(&broker.bootstrap, &outbound);
    assert_named(&gate, &outbound, 0, 0, "BadCompression");
    let partitions: Vec<i32> = scene
        .people
        .iter()
        .map(|contact| {
            let (_, record) = scene.stage.message_record(contact);
            scene.stage.producer.send(&outbound, &record).partition
        })
        .collect();
    let n_behind = partitions.iter().filter(|partition| **partition == 0).count();
    assert!(n_behind > 0, "some must stand behind it");
    scene.await_decided(scene.people.len() - n_behind);
    assert_named(&gate, &outbound, 0, 0, "BadCompression");
    gate.stop();

    // a client with the settings the gate has by itself reads it
    scene.setup.properties.clear();
    let mut gate = scene.setup.spawn();
    scene.await_decided(scene.people.len() + BOMB_RECORDS);
    assert_eq!(scene.approved(), scene.people.len());
    gate.wait_ready();
    gate.stop();
}

#[test]
fn a_bomb_among_consent_holds_until_released() {
    let Some(broker) = broker::shared("a_bomb_among_consent_holds_until_released") else {
        return;
    };
    let mut scene = Scene::new(broker, "bomb-consent", 40);
    scene.setup.properties.push((SMALL_CLIENT.0.to_owned(), SMALL_CLIENT.1.to_owned()));
    let topic = scene.stage.topics.consent_change.clone();
    let mut gate = scene.setup.spawn_ready();
    let marker = Outgoing { partition: Some(0), ..scene.stage.refusal_record(&scene.people[0], 0) };
    let before = scene.stage.producer.send(&topic, &marker).offset;
    plant_bomb(&broker.bootstrap, &topic);
    let refused =
        Outgoing { partition: Some(0), ..scene.stage.refusal_record(&scene.people[1], 0) };
    let behind = scene.stage.producer.send(&topic, &refused).offset;
    assert_eq!(behind, before + 1 + BOMB_RECORDS as i64);
    scene.stage.message_all(&scene.people);
    assert_named(&gate, &topic, 0, before + 1, "BadCompression");
    assert_eq!(scene.during.count(), 0, "an opt-out may stand in the batch");
    gate.stop();
    let mut restarted = scene.setup.spawn();
    assert_named(&restarted, &topic, 0, before + 1, "BadCompression");
    assert_eq!(scene.during.count(), 0, "a restart releases nothing");
    release(&scene.setup, &topic, before + 1);
    // all of the batch, and nothing behind it
    scene.await_decided(scene.people.len());
    assert_eq!(scene.approved(), scene.people.len() - 2);
    restarted.wait_ready();
    gate = restarted;
    gate.stop();
}

fn release(setup: &Setup, topic: &str, offset: i64) {
    let offset = offset.to_string();
    let output = setup.run(&[
        "consent",
        "skip",
        "--topic",
        topic,
        "--partition",
        "0",
        "--offset",
        &offset,
        "--reason",
        "test of release",
        "--operator",
        "casey",
    ]);
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "consent skip: {text}");
}

/// Changes one bit of the record in the only file that has it.
fn flip(broker: &Broker, topic: &str, acked: Acked, marker: &str) {
    let mut hits = Vec::new();
    for file in broker.segments(topic, acked.partition) {
        let bytes = std::fs::read(&file).unwrap();
        let found = bytes.windows(marker.len()).position(|window| window == marker.as_bytes());
        hits.extend(found.map(|at| (file, at)));
    }
    let [(file, at)] = &hits[..] else { panic!("{marker} stands in {} files", hits.len()) };
    use std::os::unix::fs::FileExt as _;
    let handle = std::fs::OpenOptions::new().read(true).write(true).open(file).unwrap();
    let mut byte = [0];
    handle.read_exact_at(&mut byte, *at as u64).unwrap();
    handle.write_all_at(&[byte[0] ^ 1], *at as u64).unwrap();
}

#[test]
fn a_damaged_batch_is_never_passed_over() {
    let Some(broker) = broker::shared("a_damaged_batch_is_never_passed_over") else {
        return;
    };
    if std::env::var("CONSENT_GATE_TEST_KAFKA").is_ok() {
        environment::skip("a_damaged_batch_is_never_passed_over", "the broker's disk is elsewhere");
        return;
    }
    let scene = Scene::new(broker, "damaged", 20);
    let topics = scene.stage.topics.clone();
    // a refusal, and a batch of its own behind it in the same partition
    let producer = Plain::new(&broker.bootstrap);
    let send = |topic: &str, record: Outgoing| {
        producer.send(topic, &Outgoing { partition: Some(1), ..record })
    };
    let refused = &scene.people[0];
    let marker = "event-damaged";
    let change = refused.refusal(Refusal::nth(0), marker, jiff::Timestamp::now());
    let refusal =
        send(&topics.consent_change, Outgoing::new(refused.id.as_bytes(), data::bytes(&change)));
    send(&topics.consent_change, scene.stage.opt_in_record(&scene.people[1], data::yesterday()));
    let (id, first) = scene.stage.message_record(&scene.people[2]);
    let message = send(&topics.outbound, first);
    for contact in [refused, &scene.people[3]] {
        let (_, record) = scene.stage.message_record(contact);
        send(&topics.outbound, record);
    }
    flip(broker, &topics.consent_change, refusal, marker);
    let of_message = format!("message-{id}\"");
    flip(broker, &topics.outbound, message, &of_message);
    let gate = scene.setup.spawn();
    assert_named(&gate, &topics.consent_change, 1, refusal.offset, "BadMessage");
    assert_named(&gate, &topics.outbound, 1, message.offset, "BadMessage");
    assert_eq!(scene.during.count(), 0);
    gate.stop();
    // another replica has it whole, so to say
    flip_back(broker, &topics.consent_change, refusal, marker);
    flip_back(broker, &topics.outbound, message, &of_message);
    let gate = scene.setup.spawn();
    scene.await_decided(3);
    assert_eq!(scene.approved(), 2, "the refusal counts");
    environment::wait_until("ready", PATIENCE, || gate.is_ready());
    gate.stop();
}

fn flip_back(broker: &Broker, topic: &str, acked: Acked, marker: &str) {
    let mut flipped = marker.as_bytes().to_vec();
    flipped[0] ^= 1;
    let flipped = String::from_utf8(flipped).unwrap();
    flip(broker, topic, acked, &flipped);
}

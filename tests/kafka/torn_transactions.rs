//! Promise P2 against brokers that commit a part of a transaction and abort the rest.
//!
//! Seen with Kafka 4.3 after a broker was killed: it came back before it was replaced, found the end of a transaction
//! in its own log that no replica had, and wrote commit markers; its successor as coordinator did not know of that end
//! and aborted. Here the gate's `EndTxn` is held back, markers are written by hand into some partitions, and the
//! gate's own fencing aborts the others.

use crate::harness::drain::drained;
use crate::harness::gate::Setup;
use crate::harness::load::{Load, Stage};
use crate::harness::markers::{self, Producer};
use crate::harness::oracle;
use crate::harness::proxy::{Plan, Stage as Progress};
use crate::harness::random::Random;
use crate::harness::readers::During;
use crate::harness::topics::Topics;
use crate::harness::{data, environment, figures};
use crate::late_end_txn::proxied;
use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use std::sync::Arc;
use std::time::Duration;

const OFFSETS: &str = "__consumer_offsets";
const PATIENCE: Duration = Duration::from_secs(120);
/// Which partitions of the approvals are committed, and whether the offsets are.
const TEARS: [(&[i32], bool); 4] =
    [(&[], true), (&[0, 1], false), (&[0, 1], true), (&[2, 3], true)];

fn partitions_of(bootstrap: &str, topic: &str) -> i32 {
    let client: BaseConsumer =
        ClientConfig::new().set("bootstrap.servers", bootstrap).create().expect("a client");
    let metadata = client.fetch_metadata(Some(topic), Duration::from_secs(30)).expect("metadata");
    metadata.topics()[0].partitions().len() as i32
}

#[test]
fn torn_transactions_are_mended() {
    let test = "torn_transactions_are_mended";
    let Some(proxied) = proxied(test) else {
        return;
    };
    let bootstrap = &proxied.broker.bootstrap;
    let mut random = Random::new(test);
    let topics = Topics::create(bootstrap, "torn-gate");
    let stage = Arc::new(Stage::new(bootstrap, &topics));
    let people = data::contacts("torn", 1000);
    stage.opt_in(&people);
    let during = During::follow(bootstrap, &topics.outputs());
    let mut setup = Setup::new("torn-gate", &proxied.bootstrap, &topics);
    setup.lanes = 1;
    let timeout = ("CONSENT_GATE__KAFKA__TRANSACTION_TIMEOUT_MS".to_owned(), "4000".to_owned());
    setup.environment.push(timeout);
    let mut gate = setup.spawn_ready();
    let load = Load::start(&stage, people, 400, Random::seeded(random.next()));
    environment::wait_until("decisions", PATIENCE, || during.count() > 0);
    let offsets_partition =
        markers::offsets_partition(&setup.group, partitions_of(bootstrap, OFFSETS));
    for (round, (approvals, with_offsets)) in TEARS.iter().enumerate() {
        proxied.proxy.arm(Plan { cut: false, steps: usize::MAX, pause: Duration::ZERO });
        environment::wait_until("an EndTxn to hold", PATIENCE, || {
            proxied.proxy.stage() == Progress::Held
        });
        let producer: Producer = proxied.proxy.held_producer().expect("one is held");
        let mut codes = Vec::new();
        if *with_offsets {
            codes.extend(markers::commit(bootstrap, producer, OFFSETS, &[offsets_partition]));
        }
        if !approvals.is_empty() {
            codes.extend(markers::commit(bootstrap, producer, &topics.approved, approvals));
        }
        assert!(codes.iter().all(|code| *code == 0), "markers were refused: {codes:?}");
        let seen = during.count();
        environment::wait_until(&format!("decisions after round {round}"), PATIENCE, || {
            assert_eq!(gate.exited(), None, "the gate ended in round {round}");
            during.count() > seen + 1000
        });
    }
    load.finish();
    drained(&stage, &during);
    let transactions = gate.metric("consent_gate_transactions_total");
    gate.stop();
    let n_torn: f64 =
        transactions.iter().filter(|(l, _)| l.contains("\"torn\"")).map(|(_, n)| n).sum();
    let findings = oracle::examine_logs(bootstrap, &topics, &during, &stage.ledger);
    let mut numbers = findings.figures();
    numbers["rounds"] = TEARS.len().into();
    numbers["torn"] = n_torn.into();
    figures::record("torn_transactions", numbers);
    findings.assert_clean();
    assert!(n_torn > 0.0, "nothing was torn: the test tests nothing");
}

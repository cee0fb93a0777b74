//! Batches follow the load: a single message is decided without waiting for others, a backlog in bulk.

use crate::harness::drain::drained;
use crate::harness::gate::Setup;
use crate::harness::load::Stage;
use crate::harness::oracle;
use crate::harness::readers::During;
use crate::harness::topics::Topics;
use crate::harness::{broker, data, environment, figures};
use serde_json::json;
use std::time::{Duration, Instant};

const SINGLE: usize = 50;
const BACKLOG: usize = 20_000;

#[test]
fn batches_follow_the_load() {
    let Some(broker) = broker::shared("batches_follow_the_load") else {
        return;
    };
    let bootstrap = &broker.bootstrap;
    let topics = Topics::create(bootstrap, "batches");
    let stage = Stage::new(bootstrap, &topics);
    let people = data::contacts("batched", BACKLOG);
    stage.opt_in(&people);
    let during = During::follow(bootstrap, &topics.outputs());
    let setup = Setup::new("batches", bootstrap, &topics);
    let gate = setup.spawn_ready();
    let mut latencies = Vec::new();
    for (n, contact) in people.iter().take(SINGLE).enumerate() {
        let sent = Instant::now();
        stage.message(contact);
        environment::wait_until("a single message decided", Duration::from_secs(30), || {
            during.count() > n
        });
        latencies.extend(during.seen_at(n).map(|at| at.saturating_duration_since(sent)));
    }
    // the markers of a commit are readable a moment before the gate has its answer and counts it
    environment::wait_until("a transaction for each message", Duration::from_secs(10), || {
        gate.metric_sum("consent_gate_transactions_total") >= SINGLE as f64
    });
    gate.stop();

    stage.message_all(&people);
    let gate = setup.spawn();
    drained(&stage, &during);
    let in_bulk = gate.metric_sum("consent_gate_transactions_total");
    assert!(
        in_bulk > 0.0 && in_bulk < BACKLOG as f64 / 50.0,
        "a backlog goes in bulk: {in_bulk} transactions"
    );
    gate.stop();
    let findings = oracle::examine_logs(bootstrap, &topics, &during, &stage.ledger);
    let mut numbers = findings.figures();
    numbers["single_message_latency"] = figures::percentiles(&latencies);
    numbers["transactions_for_the_backlog"] = json!(in_bulk);
    figures::record("batches_follow_the_load", numbers);
    findings.assert_clean();
}

//! Promise P2 across planned changes: SIGTERM ten times, a second instance that joins and leaves 20 times.

use crate::harness::drain::drained;
use crate::harness::gate::Setup;
use crate::harness::load::{Load, Stage};
use crate::harness::oracle;
use crate::harness::random::Random;
use crate::harness::readers::During;
use crate::harness::topics::Topics;
use crate::harness::{broker, data, environment, figures};
use std::sync::Arc;
use std::time::{Duration, Instant};

#[test]
fn terminated_under_load() {
    let Some(broker) = broker::shared("terminated_under_load") else {
        return;
    };
    let bootstrap = &broker.bootstrap;
    let n_stops = environment::count("STOPS", 10);
    let mut random = Random::new("terminated_under_load");
    let topics = Topics::create(bootstrap, "stops");
    let stage = Arc::new(Stage::new(bootstrap, &topics));
    let people = data::contacts("terminated", 1000);
    stage.opt_in(&people);
    let during = During::follow(bootstrap, &topics.outputs());
    let setup = Setup::new("stops", bootstrap, &topics);
    let mut gate = setup.spawn_ready();
    let load = Load::start(&stage, people, 400, Random::seeded(random.next()));
    let mut stops = Vec::new();
    for _ in 0..n_stops {
        std::thread::sleep(Duration::from_millis(random.range(0, 1500) as u64));
        let asked = Instant::now();
        gate.stop();
        stops.push(asked.elapsed());
        let seen = during.count();
        gate = setup.spawn();
        environment::wait_until("decisions after the restart", Duration::from_secs(90), || {
            assert_eq!(gate.exited(), None, "the gate ended by itself");
            during.count() > seen
        });
    }
    load.finish();
    drained(&stage, &during);
    gate.stop();
    let findings = oracle::examine_logs(bootstrap, &topics, &during, &stage.ledger);
    let mut numbers = findings.figures();
    numbers["stops"] = n_stops.into();
    numbers["time_to_stop"] = figures::percentiles(&stops);
    figures::record("terminated_under_load", numbers);
    findings.assert_clean();
}

#[test]
fn a_second_instance_joins_and_leaves() {
    let Some(broker) = broker::shared("a_second_instance_joins_and_leaves") else {
        return;
    };
    let bootstrap = &broker.bootstrap;
    let n_joins = environment::count("JOINS", 20);
    let mut random = Random::new("a_second_instance_joins_and_leaves");
    let topics = Topics::create(bootstrap, "joins");
    let stage = Arc::new(Stage::new(bootstrap, &topics));
    let people = data::contacts("joined", 1000);
    stage.opt_in(&people);
    let during = During::follow(bootstrap, &topics.outputs());
    let setup = Setup { lanes: 1, ..Setup::new("joins", bootstrap, &topics) };
    let gate = setup.spawn_ready();
    let sibling = setup.sibling("gate-2");
    let load = Load::start(&stage, people, 300, Random::seeded(random.next()));
    let mut joins = Vec::new();
    for round in 0..n_joins {
        let asked = Instant::now();
        let mut second = sibling.spawn();
        // it is in when it has decided something itself
        environment::wait_until(&format!("join {round} decides"), Duration::from_secs(90), || {
            assert_eq!(second.exited(), None, "the second instance ended by itself");
            second.metric_sum("consent_gate_decisions_total") > 0.0
        });
        joins.push(asked.elapsed());
        std::thread::sleep(Duration::from_millis(random.range(0, 500) as u64));
        second.stop();
        let seen = during.count();
        // all partitions are served again when as much came out as a quarter of the load could not explain
        environment::wait_until("the first instance goes on", Duration::from_secs(90), || {
            during.count() > seen
        });
    }
    load.finish();
    drained(&stage, &during);
    gate.stop();
    let findings = oracle::examine_logs(bootstrap, &topics, &during, &stage.ledger);
    let mut numbers = findings.figures();
    numbers["joins"] = n_joins.into();
    numbers["time_to_first_decision"] = figures::percentiles(&joins);
    figures::record("a_second_instance_joins_and_leaves", numbers);
    findings.assert_clean();
}

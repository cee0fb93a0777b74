//! Promise P2 across broker loss: brokers of a cluster are stopped or killed six times under load, one after the
//! other, and come back with their data.

use crate::harness::drain::drained;
use crate::harness::gate::Setup;
use crate::harness::load::{Load, Stage};
use crate::harness::oracle;
use crate::harness::random::Random;
use crate::harness::readers::During;
use crate::harness::topics::Topics;
use crate::harness::{broker, data, environment, figures};
use std::sync::Arc;
use std::time::Duration;

#[test]
fn the_broker_restarts_under_load() {
    let Some(broker) = broker::cluster("the_broker_restarts_under_load") else {
        return;
    };
    let bootstrap = &broker.bootstrap;
    let n_restarts = environment::count("BROKER_RESTARTS", 6);
    let mut random = Random::new("the_broker_restarts_under_load");
    let topics = Topics::create(bootstrap, "broker");
    let stage = Arc::new(Stage::new(bootstrap, &topics));
    let people = data::contacts("steady", 1000);
    stage.opt_in(&people);
    let during = During::follow(bootstrap, &topics.outputs());
    let setup = Setup::new("broker", bootstrap, &topics);
    let mut gate = setup.spawn_ready();
    let load = Load::start(&stage, people, 200, Random::seeded(random.next()));
    let mut n_respawned = 0;
    for round in 0..n_restarts {
        std::thread::sleep(Duration::from_millis(random.range(200, 2000) as u64));
        broker.restart(round % broker::CLUSTER + 1, round % 2 == 1);
        let seen = during.count();
        environment::wait_until(
            &format!("decisions after restart {round}"),
            Duration::from_secs(120),
            || {
                // 75 asks for a supervisor's restart; any other end is a fault
                if let Some(code) = gate.exited() {
                    assert_eq!(code, Some(75), "the gate ended by itself");
                    n_respawned += 1;
                    gate = setup.spawn();
                }
                during.count() > seen
            },
        );
    }
    load.finish();
    drained(&stage, &during);
    let log = gate.log_text();
    gate.stop();
    let findings = oracle::examine_logs(bootstrap, &topics, &during, &stage.ledger);
    let mut numbers = findings.figures();
    numbers["restarts"] = n_restarts.into();
    numbers["ended_with_75"] = n_respawned.into();
    figures::record("the_broker_restarts_under_load", numbers);
    if findings.faults().iter().any(|(_, faults)| !faults.is_empty()) {
        let told = ["WARN", "ERROR", "taken up", "given away", "reconciled"];
        let telling = log.lines().filter(|line| told.iter().any(|word| line.contains(word)));
        telling.for_each(|line| println!("{line}"));
    }
    findings.assert_clean();
}

//! Promise P2 across crashes: SIGKILL at random moments under load, 25 times.

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
fn killed_under_load() {
    let Some(broker) = broker::shared("killed_under_load") else {
        return;
    };
    let bootstrap = &broker.bootstrap;
    let n_kills = environment::count("KILLS", 25);
    let mut random = Random::new("killed_under_load");
    let topics = Topics::create(bootstrap, "kills");
    let stage = Arc::new(Stage::new(bootstrap, &topics));
    let people = data::contacts("killed", 2000);
    stage.opt_in(&people);
    let during = During::follow(bootstrap, &topics.outputs());
    // as it is unless somebody asks for more; the oracle compares with the decision log
    let setup = Setup { header: "reference", ..Setup::new("kills", bootstrap, &topics) };
    let mut gate = setup.spawn_ready();
    let load = Load::start(&stage, people, 400, Random::seeded(random.next()));

    let mut recoveries = Vec::new();
    for round in 0..n_kills {
        let moment = Duration::from_micros(random.range(0, 1_500_000) as u64);
        std::thread::sleep(moment);
        gate.kill();
        let seen = quiet(&during);
        let respawned = Instant::now();
        gate = setup.spawn();
        let mut back = None;
        environment::wait_until(
            &format!("decisions after kill {round}"),
            Duration::from_secs(90),
            || {
                assert_eq!(gate.exited(), None, "the gate ended by itself after kill {round}");
                back = during.seen_at(seen);
                back.is_some()
            },
        );
        recoveries.extend(back.map(|at| at.saturating_duration_since(respawned)));
    }

    load.finish();
    drained(&stage, &during);
    gate.stop();
    let findings = oracle::examine_logs(bootstrap, &topics, &during, &stage.ledger);
    let mut numbers = findings.figures();
    numbers["kills"] = n_kills.into();
    numbers["recovery"] = figures::percentiles(&recoveries);
    figures::record("killed_under_load", numbers);
    findings.assert_clean();
}

/// Waits until what was committed before the kill has been seen, so that it does not count as recovered.
fn quiet(during: &During) -> usize {
    let mut seen = during.count();
    loop {
        std::thread::sleep(Duration::from_millis(100));
        let now = during.count();
        if now == seen {
            return seen;
        }
        seen = now;
    }
}

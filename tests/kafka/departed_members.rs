//! Promise P2 when an instance is lost for good: what it left open must not stop readers and survivors.
//!
//! The broker of this test never ends a transaction by itself, so nothing but the survivor can: without it the
//! committed offsets stay unknown and readers of the outputs stand still.

use crate::harness::drain::drained;
use crate::harness::gate::Setup;
use crate::harness::load::{Load, Stage};
use crate::harness::oracle;
use crate::harness::proxy::{Plan, Stage as Progress};
use crate::harness::random::Random;
use crate::harness::readers::During;
use crate::harness::topics::Topics;
use crate::harness::{data, environment};
use crate::late_end_txn::proxied_with;
use std::sync::Arc;
use std::time::Duration;

const NEVER: &str = "transaction.abort.timed.out.transaction.cleanup.interval.ms=86400000";

#[test]
fn a_survivor_ends_what_a_killed_instance_left_open() {
    let test = "a_survivor_ends_what_a_killed_instance_left_open";
    let Some(proxied) = proxied_with(test, &[NEVER]) else {
        return;
    };
    let bootstrap = &proxied.broker.bootstrap;
    let topics = Topics::create(bootstrap, "departed");
    let stage = Arc::new(Stage::new(bootstrap, &topics));
    let people = data::contacts("departed", 1000);
    stage.opt_in(&people);
    let during = During::follow(bootstrap, &topics.outputs());
    // only the first goes through the proxy
    let setup = Setup { lanes: 1, ..Setup::new("departed", &proxied.bootstrap, &topics) };
    let first = setup.spawn_ready();
    let sibling = Setup { bootstrap: bootstrap.clone(), ..setup.sibling("gate-2") };
    let mut second = sibling.spawn_ready();
    let mut random = Random::new(test);
    let load = Load::start(&stage, people, 300, Random::seeded(random.next()));
    let has_decided =
        |gate: &crate::harness::gate::Gate| gate.metric_sum("consent_gate_decisions_total") > 0.0;
    environment::wait_until("both decide", Duration::from_secs(90), || {
        has_decided(&first) && has_decided(&second)
    });
    // the broker never gets the end of a transaction that has offsets and outputs in it
    proxied.proxy.arm(Plan { cut: false, steps: usize::MAX, pause: Duration::ZERO });
    environment::wait_until("a transaction is open", Duration::from_secs(60), || {
        proxied.proxy.stage() == Progress::Held
    });
    first.kill();
    let ended = "a member left the group: its transaction is ended";
    environment::wait_until("the survivor ends it", Duration::from_secs(90), || {
        assert_eq!(second.exited(), None, "the survivor ended by itself");
        second.log_text().contains(ended)
    });
    load.finish();
    drained(&stage, &during);
    second.stop();
    oracle::examine_logs(bootstrap, &topics, &during, &stage.ledger).assert_clean();
}

//! Promise P2 against KAFKA-17754: an `EndTxn` is held back, the client retries it, and the first one
//! arrives while the next transaction runs, 20 times. The broker then commits half of that transaction.
//!
//! First with a plain transactional producer, to prove that the proxy does the harm at all.

use crate::harness::broker::{self, Broker};
use crate::harness::drain::drained;
use crate::harness::gate::{Setup, free_port};
use crate::harness::load::{Load, Stage};
use crate::harness::oracle;
use crate::harness::produce::{Outgoing, Transactional};
use crate::harness::proxy::{Plan, Proxy, Stage as Progress};
use crate::harness::random::Random;
use crate::harness::readers::{During, read_all};
use crate::harness::topics::{self, Topics};
use crate::harness::{data, environment, figures};
use std::sync::Arc;
use std::time::Duration;

/// A broker with a second listener that clients only reach through a proxy.
pub(crate) struct Proxied {
    pub(crate) broker: Broker,
    pub(crate) proxy: Proxy,
    /// Where the clients under test connect.
    pub(crate) bootstrap: String,
}

pub(crate) fn proxied(test: &str) -> Option<Proxied> {
    proxied_with(test, &[])
}

/// The same with further settings of the broker.
pub(crate) fn proxied_with(test: &str, settings: &[&str]) -> Option<Proxied> {
    let [direct, controller, behind, front] = [(); 4].map(|()| free_port());
    let properties = [
        format!(
            "listeners=PLAINTEXT://127.0.0.1:{direct},CONTROLLER://127.0.0.1:{controller},PROXIED://127.0.0.1:{behind}"
        ),
        format!("advertised.listeners=PLAINTEXT://127.0.0.1:{direct},PROXIED://127.0.0.1:{front}"),
        "listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,PROXIED:PLAINTEXT"
            .to_owned(),
        format!("controller.quorum.voters=1@127.0.0.1:{controller}"),
    ];
    let port = direct.to_string();
    let mut options = vec!["--port", &port];
    for property in properties.iter().map(String::as_str).chain(settings.iter().copied()) {
        options.extend(["--property", property]);
    }
    let broker = broker::own(test, &options)?;
    let proxy = Proxy::start(front, ([127, 0, 0, 1], behind).into());
    Some(Proxied { broker, proxy, bootstrap: format!("127.0.0.1:{front}") })
}

/// Ten records, committed; five records, a late `EndTxn`, then an abort: the five are there for ever.
#[test]
fn a_late_end_txn_tears_a_plain_transaction() {
    let Some(proxied) = proxied("a_late_end_txn_tears_a_plain_transaction") else {
        return;
    };
    let topic = "torn";
    topics::create(&proxied.broker.bootstrap, &[(topic, 1)]);
    let producer = Transactional::new(&proxied.bootstrap, "torn", Duration::from_secs(60));
    let record = |text: &str| Outgoing::new("key", text.as_bytes().to_vec());
    producer.begin();
    (0..10).for_each(|n| producer.write(topic, &record(&format!("first-{n}"))));
    proxied.proxy.arm(Plan { cut: true, steps: usize::MAX, pause: Duration::ZERO });
    producer.commit();
    assert_eq!(
        proxied.proxy.stage(),
        Progress::Held,
        "the client retried and the first request is held"
    );
    producer.begin();
    (0..5).for_each(|n| producer.write(topic, &record(&format!("second-{n}"))));
    proxied.proxy.deliver_now();
    assert_eq!(proxied.proxy.stage(), Progress::Delivered(0), "the broker takes the late request");
    // the client believes that it aborts; what it is told is of no interest here
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| producer.abort())).ok();
    drop(producer);
    let values = read_all(&proxied.broker.bootstrap, &[topic]).into_iter().filter_map(|r| r.value);
    let aborted = values.filter(|value| value.starts_with(b"second-")).count();
    assert_eq!(aborted, 5, "the late request committed what the client aborted");
}

#[test]
fn a_late_end_txn_does_not_tear_the_gate() {
    let test = "a_late_end_txn_does_not_tear_the_gate";
    let Some(proxied) = proxied(test) else {
        return;
    };
    let bootstrap = &proxied.broker.bootstrap;
    let n_rounds = environment::count("LATE_END_TXN", 20);
    let mut random = Random::new(test);
    let topics = Topics::create(bootstrap, "late");
    let stage = Arc::new(Stage::new(bootstrap, &topics));
    let people = data::contacts("late", 1000);
    stage.opt_in(&people);
    let during = During::follow(bootstrap, &topics.outputs());
    let mut setup = Setup::new("late", &proxied.bootstrap, &topics);
    setup.lanes = 1;
    let mut gate = setup.spawn_ready();
    let load = Load::start(&stage, people, 300, Random::seeded(random.next()));
    let (mut codes, mut n_respawned, mut n_forced) = (Vec::new(), 0, 0);
    for round in 0..n_rounds {
        // one round without a cut: the client gets no answer until its own patience ends
        let cut = round != n_rounds / 2;
        let plan = Plan {
            cut,
            steps: random.range(1, 8),
            pause: Duration::from_micros(random.range(0, 4000) as u64),
        };
        println!("round {round}: {plan:?}");
        let seen = during.count();
        proxied.proxy.arm(plan);
        let mut waited = 0;
        environment::wait_until(
            &format!("round {round}: {plan:?}"),
            Duration::from_secs(120),
            || {
                if let Some(code) = gate.exited() {
                    assert_eq!(code, Some(75), "the gate ended by itself in round {round}");
                    n_respawned += 1;
                    gate = setup.spawn();
                }
                waited += 1;
                // the gate took a new producer whose id does not show the wanted steps: late is late
                if proxied.proxy.stage() == Progress::Held && waited > 600 && during.count() > seen
                {
                    n_forced += 1;
                    proxied.proxy.deliver_now();
                }
                matches!(proxied.proxy.stage(), Progress::Delivered(_))
            },
        );
        codes.push(proxied.proxy.stage());
        let seen = during.count();
        environment::wait_until(
            &format!("decisions after round {round}"),
            Duration::from_secs(120),
            || {
                if let Some(code) = gate.exited() {
                    assert_eq!(code, Some(75), "the gate ended by itself after round {round}");
                    n_respawned += 1;
                    gate = setup.spawn();
                }
                during.count() > seen
            },
        );
    }
    load.finish();
    drained(&stage, &during);
    gate.stop();
    let findings = oracle::examine_logs(bootstrap, &topics, &during, &stage.ledger);
    let mut numbers = findings.figures();
    numbers["rounds"] = n_rounds.into();
    numbers["accepted_by_the_broker"] =
        codes.iter().filter(|c| **c == Progress::Delivered(0)).count().into();
    numbers["delivered_by_the_clock"] = n_forced.into();
    numbers["ended_with_75"] = n_respawned.into();
    figures::record("late_end_txn", numbers);
    findings.assert_clean();
}

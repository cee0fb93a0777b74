//! All of it in one run: sample traffic through two gates that are killed again and again, beside a ledger that is killed too.
//! Every message is decided once and logged once, as its output says; what is drawn from the log is decided again the same; the
//! ledger has everything and names what is done to Kafka afterwards.
//!
//! `CONSENT_GATE_TEST_SHOWN` is how many messages, `CONSENT_GATE_TEST_DRAWN` how many are decided again.

use crate::desk::Desk;
use crate::harness::decision_log::Logged;
use crate::harness::random::Random;
use crate::harness::readers::{During, Record, read_all};
use crate::harness::topics::Topics;
use crate::harness::{broker, environment, figures};
use crate::tampering;
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashSet};
use std::time::{Duration, Instant};

/// How long the samples take to be sent: long enough to be killed in between.
const SENDING_S: usize = 20;
/// Kills, alternating between the gates, each third one the ledger's.
const N_KILLS: usize = 6;
/// Decisions that rest on what was approved before, among those drawn.
const N_CAPPED: usize = 20;
const PATIENCE: Duration = Duration::from_secs(300);

#[test]
fn every_decision_is_logged_once_made_again_the_same_and_signed() {
    let test = "every_decision_is_logged_once_made_again_the_same_and_signed";
    let Some(broker) = broker::shared(test) else { return };
    let bootstrap = &broker.bootstrap;
    let (n, n_drawn) =
        (environment::count("SHOWN", 6_000).max(1_000), environment::count("DRAWN", 150));
    let mut random = Random::new(test);
    let topics = Topics::create(bootstrap, "shown");
    let desk = Desk::start("shown", bootstrap, &topics);
    let setups = [desk.setup.clone(), desk.setup.sibling("shown-second")];
    let ledger_setup =
        tampering::with_ledger(&desk.setup, &desk.setup.dir, &desk.setup.dir.join("ledger-key"));
    let during = During::follow(bootstrap, &topics.outputs());
    let (desk, first) = desk.without_gate();
    let mut gates = [Some(first), Some(setups[1].spawn_ready())];
    let mut ledger = tampering::start(&ledger_setup);

    let sender = {
        let setup = desk.setup.clone();
        std::thread::spawn(move || {
            let text = |n: usize| n.to_string();
            let (rate, count, contacts) = (text(n / SENDING_S), text(n), text(n / 8));
            let arguments =
                ["generate", "--rate", &rate, "--count", &count, "--contacts", &contacts];
            setup.run(&arguments)
        })
    };
    for nth in 0..N_KILLS {
        let mark = n * (nth + 1) / (N_KILLS + 2);
        environment::wait_until("decisions go on", PATIENCE, || during.count() >= mark);
        std::thread::sleep(Duration::from_micros(random.range(0, 300_000) as u64));
        if nth % 3 == 2 {
            ledger.kill();
            ledger = tampering::start(&ledger_setup);
        } else {
            let of = nth % 2;
            gates[of].take().expect("it runs").kill();
            gates[of] = Some(setups[of].spawn());
        }
    }
    let sent = sender.join().expect("the samples are sent");
    assert!(sent.status.success(), "{}", String::from_utf8_lossy(&sent.stderr));
    environment::wait_until("everything is decided", PATIENCE, || during.count() >= n);
    desk.wait_for(n);
    gates.into_iter().flatten().for_each(crate::harness::gate::Gate::stop);

    let outputs = during.records();
    let log = read_all(bootstrap, &[&topics.decision_log]);
    logged_once(&outputs, &log, n);
    let again = made_again(&desk, &outputs, n_drawn, &mut random);
    let n_changes = read_all(bootstrap, &[&topics.consent_change]).len();
    environment::wait_until("the ledger covers everything", PATIENCE, || {
        ledger.metric_sum("consent_gate_ledger_leaves") >= (n + n_changes) as f64
    });
    ledger.stop();
    let report = tampering::verified(&ledger_setup, 0, &[]);
    assert_eq!(report["leaves"], n + n_changes, "each once: {report}");
    assert_eq!(report["compared"]["decisions"], n, "{report}");
    desk.stop();
    let began = Instant::now();
    tampering::of_kafka(bootstrap, &topics, &ledger_setup, &log);
    figures::record(
        test,
        json!({"messages": n, "kills": N_KILLS, "log_records": log.len(), "consent_changes": n_changes, "made_again": again,
            "tamperings_named_in_s": began.elapsed().as_secs()}),
    );
}

/// One output and one entry for each message, and both say the same.
fn logged_once(outputs: &[Record], log: &[Record], n: usize) {
    let sources: HashSet<&str> = outputs.iter().filter_map(|it| it.header("gate-source")).collect();
    assert_eq!((outputs.len(), sources.len()), (n, n), "each message has one output");
    let logged = Logged::read(log);
    assert_eq!((&logged.strange, &logged.repeated), (&Vec::new(), &Vec::new()));
    assert_eq!(logged.entries.len(), n, "each message has one entry");
    let faults: Vec<String> = outputs
        .iter()
        .filter_map(|output| Some(format!("{}: {}", output.place(), logged.fault(output)?)))
        .collect();
    assert!(faults.is_empty(), "{} of {n}: {:?}", faults.len(), faults.first());
}

/// Decides some of them again, among them some that rest on what was approved before.
fn made_again(desk: &Desk, outputs: &[Record], n_drawn: usize, random: &mut Random) -> Value {
    let is_capped =
        |output: &&Record| output.header("gate-reason") == Some("blocked.frequency_cap");
    let mut drawn: Vec<&Record> = outputs.iter().filter(is_capped).take(N_CAPPED).collect();
    // None at night: quiet hours come before caps, and the sample is judged by the hour it is sent at. The figures say how many.
    let n_capped = drawn.len();
    drawn.extend((0..n_drawn).map(|_| &outputs[random.range(0, outputs.len())]));
    let mut results = BTreeMap::<String, usize>::new();
    let mut took = Vec::new();
    let mut others = Vec::new();
    for output in &drawn {
        let source = output.header("gate-source").expect("it has a source");
        let began = Instant::now();
        let (code, answer) = desk.look(&format!("/v1/decisions/{source}"), &desk.viewer);
        took.push(began.elapsed());
        assert_eq!(code, 200, "{source}: {answer}");
        let result = answer["recomputed"]["result"].as_str().expect("a result").to_owned();
        if result != "same" {
            others.push(format!("{source} {}: {}", answer["reason"], answer["recomputed"]));
        }
        *results.entry(result).or_default() += 1;
    }
    assert!(others.is_empty(), "{results:?}, the first: {}", others[0]);
    json!({"drawn": drawn.len(), "by_caps": n_capped, "results": results, "took": figures::percentiles(&took)})
}

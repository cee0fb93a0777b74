//! The synthetic probe: green while opt-outs are enforced, red when they are not or when nothing is decided; marked
//! for senders, and no part of what the gate counts as its business.

use crate::harness::data::{self, Contact};
use crate::harness::gate::{Gate, Setup};
use crate::harness::load::Stage;
use crate::harness::produce::{Outgoing, Transactional};
use crate::harness::readers::{Record, read_all};
use crate::harness::topics::{CONSENT_PARTITIONS, MESSAGE_PARTITIONS, Topics};
use crate::harness::{broker, environment, figures, registry};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

const PREFIX: &str = "consent-gate-probe/";
/// How long a gate that has other things to do may take for some rounds.
const PATIENCE: Duration = Duration::from_secs(120);

fn probing(test: &str, bootstrap: &str, topics: &Topics, timeout_ms: u64) -> Setup {
    let mut setup = Setup::new(test, bootstrap, topics);
    let timeout_ms = timeout_ms.to_string();
    for (key, value) in [
        ("CONSENT_GATE__PROBE__ENABLED", "true"),
        ("CONSENT_GATE__PROBE__INTERVAL_MS", "100"),
        ("CONSENT_GATE__PROBE__TIMEOUT_MS", timeout_ms.as_str()),
    ] {
        setup.environment.push((key.to_owned(), value.to_owned()));
    }
    setup
}

fn rounds(gate: &Gate, result: &str) -> f64 {
    let label = format!("{{result=\"{result}\"}}");
    let all = gate.metric("consent_gate_probe_rounds_total");
    all.iter().find(|(labels, _)| *labels == label).map_or(0.0, |(_, n)| *n)
}

fn wait_for(gate: &Gate, result: &str, n_more: usize) {
    let wanted = rounds(gate, result) + n_more as f64;
    let what = format!("{n_more} rounds of the probe end as {result}");
    environment::wait_until(&what, PATIENCE, || rounds(gate, result) >= wanted);
}

fn key(record: &Record) -> String {
    String::from_utf8_lossy(record.key.as_deref().unwrap_or_default()).into_owned()
}

fn value(record: &Record) -> Value {
    serde_json::from_slice(record.value.as_deref().expect("a value")).expect("JSON")
}

fn is_probe(record: &Record) -> bool {
    key(record).starts_with(PREFIX)
}

#[test]
fn rounds_pass_are_marked_and_are_no_business() {
    let Some(broker) = broker::shared("rounds_pass_are_marked_and_are_no_business") else {
        return;
    };
    let bootstrap = &broker.bootstrap;
    let topics = Topics::create(bootstrap, "probe");
    let stage = Stage::new(bootstrap, &topics);
    let setup = probing("probe", bootstrap, &topics, 30_000);
    let doctor = setup.run(&["doctor"]);
    let report = String::from_utf8_lossy(&doctor.stdout).into_owned();
    assert_eq!(doctor.status.code(), Some(0), "{report}");
    for check in ["synthetic probe", &format!("write {}", topics.outbound)] {
        assert!(report.contains(check), "doctor looks at `{check}`: {report}");
    }

    let gate = setup.spawn_ready();
    let people = data::contacts("business", 20);
    stage.opt_in(&people);
    stage.message_all(&people);
    // every pair of partitions
    wait_for(&gate, "passed", (MESSAGE_PARTITIONS * CONSENT_PARTITIONS) as usize);
    environment::wait_until("the business is decided", PATIENCE, || {
        gate.metric_sum("consent_gate_decisions_total") >= people.len() as f64
    });
    assert_metrics(&gate, people.len());
    let n_rounds = rounds(&gate, "passed");
    let seconds = gate.metric_sum("consent_gate_probe_seconds_sum");
    let n_seconds = gate.metric_sum("consent_gate_probe_seconds_count");
    gate.stop();
    figures::record(
        "probe",
        serde_json::json!({"rounds": n_rounds, "mean_ms": 1e3 * seconds / n_seconds}),
    );
    assert_topics(bootstrap, &topics, n_rounds as usize);
}

/// What is counted, and what is not.
fn assert_metrics(gate: &Gate, n_people: usize) {
    let one = |name: &str| gate.metric_sum(name);
    assert_eq!(one("consent_gate_probe_enabled"), 1.0);
    assert_eq!(one("consent_gate_probe_up"), 1.0);
    for result in ["violated", "timed_out", "error"] {
        assert_eq!(rounds(gate, result), 0.0, "{result}\n{}", gate.log_text());
    }
    let now = jiff::Timestamp::now().as_millisecond() as f64 / 1e3;
    let passed_at = one("consent_gate_probe_last_success_timestamp_seconds");
    assert!((now - passed_at).abs() < 60.0, "{passed_at} is not about {now}");
    let n_people = n_people as f64;
    assert_eq!(one("consent_gate_decisions_total"), n_people, "messages of the probe are counted");
    assert_eq!(one("consent_gate_decision_latency_seconds_count"), n_people);
    assert_eq!(one("consent_gate_consent_changes_total"), n_people, "its changes are counted");
    assert_eq!(one("consent_gate_enforcement_latency_seconds_count"), n_people);
    assert_eq!(one("consent_gate_source_changes_total"), n_people);
    // the rest shows what is really there
    assert!(one("consent_gate_transactions_total") > n_people.min(1.0));
    assert!(one("consent_gate_commit_seconds_count") >= 1.0);
    assert!(one("consent_gate_disk_free_bytes") > 0.0);
    assert!(
        one("consent_gate_store_cache_hits_total") + one("consent_gate_store_cache_bytes") > 0.0
    );
    let lags = gate.metric("consent_gate_partition_lag_seconds");
    let expected = (MESSAGE_PARTITIONS + CONSENT_PARTITIONS) as usize;
    assert_eq!(lags.len(), expected, "one for each partition: {lags:?}");
}

/// What stands in the topics afterwards.
fn assert_topics(bootstrap: &str, topics: &Topics, n_rounds: usize) {
    let outputs = read_all(bootstrap, &topics.outputs());
    for output in &outputs {
        let mark = output.header("gate-probe");
        assert_eq!(mark, is_probe(output).then_some("1"), "{}", output.place());
    }
    let inputs = read_all(bootstrap, &[&topics.outbound]);
    let inputs: Vec<&Record> = inputs.iter().filter(|input| is_probe(input)).collect();
    assert!(inputs.len() >= 2 * n_rounds, "two messages a round");
    let mut partitions_of: BTreeMap<String, BTreeSet<i32>> = BTreeMap::new();
    let mut n_undecided = 0;
    for input in &inputs {
        let n_outputs = outputs
            .iter()
            .filter(|output| output.header("gate-source") == Some(input.place().as_str()));
        let n_outputs = n_outputs.count();
        assert!(n_outputs <= 1, "{} is decided {n_outputs} times", input.place());
        n_undecided += 1 - n_outputs;
        let address = value(input)["recipient"]["address"].as_str().map(str::to_owned);
        assert!(address.is_some_and(|address| address.ends_with("@probe.invalid")));
        partitions_of.entry(key(input)).or_default().insert(input.partition);
    }
    assert!(n_undecided <= 1, "{n_undecided} undecided: only the stop may cut a round off");
    assert!(partitions_of.values().all(|partitions| partitions.len() == 1), "{partitions_of:?}");
    let messages: BTreeSet<i32> = partitions_of.values().flatten().copied().collect();
    assert_eq!(messages.len(), MESSAGE_PARTITIONS as usize, "every message partition is proven");

    let changes = read_all(bootstrap, &[&topics.consent_change]);
    let changes: Vec<&Record> = changes.iter().filter(|change| is_probe(change)).collect();
    let used: BTreeSet<i32> = changes.iter().map(|change| change.partition).collect();
    assert_eq!(used.len(), CONSENT_PARTITIONS as usize, "every consent partition is proven");
    let erased = changes.iter().filter(|change| value(change)["action"] == "erase");
    let erased: BTreeSet<String> = erased.map(|change| key(change)).collect();
    // a round that the stop cut off keeps its contact
    assert!(erased.len() + 1 >= partitions_of.len(), "a clean stop erases: {erased:?}");
}

#[test]
fn a_gate_that_holds_turns_the_probe_red_until_it_goes_on() {
    let Some(broker) = broker::shared("a_gate_that_holds_turns_the_probe_red_until_it_goes_on")
    else {
        return;
    };
    let bootstrap = &broker.bootstrap;
    let topics = Topics::create(bootstrap, "probe-held");
    let stage = Stage::new(bootstrap, &topics);
    let gate = probing("probe-held", bootstrap, &topics, 2_000).spawn_ready();
    wait_for(&gate, "passed", 2);
    let foreign = Transactional::new(
        bootstrap,
        &format!("foreign-{}", topics.consent_change),
        Duration::from_secs(240),
    );
    foreign.begin();
    let stranger = stage.opt_in_record(&Contact::new("stranger"), data::yesterday());
    foreign.write(&topics.consent_change, &Outgoing { partition: Some(1), ..stranger });

    wait_for(&gate, "timed_out", 1);
    assert_eq!(gate.metric_sum("consent_gate_probe_up"), 0.0);
    let n_messages = || read_all(bootstrap, &[&topics.outbound]).len();
    let before = n_messages();
    wait_for(&gate, "timed_out", 2);
    assert_eq!(n_messages(), before, "nothing new is written while a message waits");
    let lag = gate.metric("consent_gate_partition_lag_records");
    assert!(lag.iter().any(|(_, records)| *records > 0.0), "what waits shows as lag: {lag:?}");

    foreign.abort();
    wait_for(&gate, "passed", 3);
    environment::wait_until("the probe is up again", PATIENCE, || {
        gate.metric_sum("consent_gate_probe_up") == 1.0
    });
    assert_eq!(rounds(&gate, "violated"), 0.0, "held is not violated");
    gate.stop();
}

/// A gate without its barrier goes on deciding while opt-outs lie behind an open transaction. Only a round whose
/// opt-in was applied and whose opt-out was not shows it, so the transaction is opened and given up until one is met.
#[test]
fn without_a_barrier_the_probe_sees_the_violation() {
    let test = "without_a_barrier_the_probe_sees_the_violation";
    let Some(broker) = broker::shared(test) else {
        return;
    };
    let Some(program) = environment::faults_program() else {
        let why = "consent-gate-faults is missing; cargo build --release --features fault-injection --bin consent-gate-faults";
        environment::skip(test, why);
        return;
    };
    let bootstrap = &broker.bootstrap;
    let topics = Topics::create(bootstrap, "probe-red");
    let stage = Stage::new(bootstrap, &topics);
    let mut setup = probing(test, bootstrap, &topics, 2_000);
    setup.program = program;
    setup.environment.push(("CONSENT_GATE_FAULT".to_owned(), "no_barrier".to_owned()));
    let gate = setup.spawn_ready();
    wait_for(&gate, "passed", 1);
    let foreign = Transactional::new(
        bootstrap,
        &format!("foreign-{}", topics.consent_change),
        Duration::from_secs(240),
    );
    environment::wait_until("the probe sees the violation", PATIENCE, || {
        foreign.begin();
        for partition in 0..CONSENT_PARTITIONS {
            let stranger = stage.opt_in_record(&Contact::new("stranger"), data::yesterday());
            let record = Outgoing { partition: Some(partition), ..stranger };
            foreign.write(&topics.consent_change, &record);
        }
        std::thread::sleep(Duration::from_millis(500));
        foreign.abort();
        rounds(&gate, "violated") > 0.0
    });
    assert!(gate.log_text().contains("after its opt-out was acknowledged"), "it is logged");
    gate.stop();
}

#[test]
fn rounds_pass_in_avro() {
    let test = "rounds_pass_in_avro";
    let (Some(broker), Some(url)) = (broker::shared(test), registry::shared(test)) else {
        return;
    };
    let bootstrap = &broker.bootstrap;
    let topics = Topics::create(bootstrap, "probe-avro");
    let mut setup = probing("probe-avro", bootstrap, &topics, 10_000);
    setup.formats = ("avro", "avro");
    setup.registry = Some(url.to_owned());
    let gate = setup.spawn_ready();
    wait_for(&gate, "error", 1);
    assert!(gate.log_text().contains("register the one in `schemas/`"), "{}", gate.log_text());
    for (topic, file) in [
        (&topics.consent_change, "consent-change.avsc"),
        (&topics.outbound, "outbound-message.avsc"),
    ] {
        let path = environment::repository().join("schemas").join(file);
        let schema = std::fs::read_to_string(path).expect("the schema can be read");
        registry::register(url, &format!("{topic}-value"), &schema);
    }
    wait_for(&gate, "passed", MESSAGE_PARTITIONS as usize);
    assert_eq!(gate.metric_sum("consent_gate_invalid_records_total"), 0.0);
    gate.stop();
}

#[test]
fn doctor_refuses_a_probe_that_cannot_pass() {
    let Some(broker) = broker::shared("doctor_refuses_a_probe_that_cannot_pass") else {
        return;
    };
    let topics = Topics::create(&broker.bootstrap, "probe-strict");
    let mut setup = probing("probe-strict", &broker.bootstrap, &topics, 30_000);
    let strict = ("CONSENT_GATE__PROBE__JURISDICTION".to_owned(), "STRICT".to_owned());
    setup.environment.push(strict);
    let doctor = setup.run(&["doctor"]);
    let report = String::from_utf8_lossy(&doctor.stdout).into_owned();
    assert_eq!(doctor.status.code(), Some(78), "{report}");
    assert!(report.contains("probe.jurisdiction"), "{report}");
}

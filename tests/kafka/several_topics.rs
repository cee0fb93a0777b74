//! Several topics with messages: each message decided once whatever dies, caps over all of them, each topic read by its own
//! mapping, and instances that do not agree on the topics.

use crate::frequency_caps::Scene;
use crate::harness::data::{self, Contact};
use crate::harness::drain::drained;
use crate::harness::gate::{Gate, Setup};
use crate::harness::load::{Load, Stage};
use crate::harness::produce::{Outgoing, Plain};
use crate::harness::random::Random;
use crate::harness::readers::{During, read_all};
use crate::harness::topics::Topics;
use crate::harness::{broker, environment, figures, oracle};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(90);

/// Explains the decision about this message, which is made again.
fn explained(setup: &Setup, source: &str) -> String {
    let output = setup.run(&["explain", "--source", source]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{source}: {said}{error}");
    said
}

/// The sources of the decisions in a topic that have this reason and came from that topic.
fn sources(bootstrap: &str, outputs: &str, from: &str, reason: &str) -> Vec<String> {
    let records = read_all(bootstrap, &[outputs]);
    let with = records.iter().filter(|record| record.header("gate-reason") == Some(reason));
    let sources = with.filter_map(|record| record.header("gate-source"));
    let is_from = |source: &&str| source.rsplitn(3, '/').nth(2) == Some(from);
    sources.filter(is_from).map(str::to_owned).collect()
}

#[test]
fn several_topics_survive_kills() {
    let test = "several_topics_survive_kills";
    let Some(broker) = broker::shared(test) else { return };
    let bootstrap = &broker.bootstrap;
    let n_kills = environment::count("TOPIC_KILLS", 6);
    let mut random = Random::new(test);
    let topics = Topics::create_several(bootstrap, "several", 3);
    let stage = Arc::new(Stage::new(bootstrap, &topics));
    let people = data::contacts("several", 1000);
    stage.opt_in(&people);
    let during = During::follow(bootstrap, &topics.outputs());
    let setup = Setup::new("several", bootstrap, &topics);
    let sibling = setup.sibling("gate-2");
    let mut gates = [setup.spawn_ready(), sibling.spawn_ready()].map(Some);
    let load = Load::start(&stage, people, 300, Random::seeded(random.next()));
    for round in 0..n_kills {
        std::thread::sleep(Duration::from_micros(random.range(0, 1_500_000) as u64));
        let place = round % 2;
        if let Some(gate) = gates[place].take() {
            gate.kill();
        }
        let seen = during.count();
        gates[place] = Some([&setup, &sibling][place].spawn());
        environment::wait_until("decisions after a kill", PATIENCE, || during.count() > seen);
    }
    load.finish();
    drained(&stage, &during);
    let lags = gates[0].as_ref().map(|gate| gate.metric("consent_gate_lag_records"));
    let lags = lags.unwrap_or_default();
    let labels: Vec<&str> = lags.iter().map(|(labels, _)| labels.as_str()).collect();
    for topic in topics.inputs() {
        let label = format!("topic=\"{topic}\"");
        assert!(labels.iter().any(|labels| labels.contains(&label)), "{label}: {labels:?}");
    }
    gates.into_iter().flatten().for_each(Gate::stop);
    let findings = oracle::examine_logs(bootstrap, &topics, &during, &stage.ledger);
    figures::record(test, findings.figures());
    findings.assert_clean();
    // found in the log between records about other topics
    for topic in topics.inputs() {
        let found = sources(bootstrap, &topics.approved, topic, "approved.express_consent");
        for source in [found.first(), found.get(found.len() / 2), found.last()] {
            let source = source.expect("something of each topic is approved");
            let said = explained(&setup, source);
            assert!(said.contains(source.as_str()) && said.contains("recomputed: same"), "{said}");
        }
    }
}

#[test]
fn frequency_is_capped_over_several_topics() {
    let test = "frequency_is_capped_over_several_topics";
    let Some(broker) = broker::shared(test) else { return };
    let bootstrap = &broker.bootstrap;
    let topics = Topics::create_several(bootstrap, "cap-topics", 2);
    let scene = Scene::on(topics.clone(), bootstrap, "cap-topics");
    let people = scene.people("cap-topics", 40);
    let send_each = || {
        let receipts: Vec<_> = people.iter().map(|contact| scene.send(contact)).collect();
        receipts.iter().for_each(|receipt| {
            receipt.wait();
        });
    };
    // of one topic and the other in one batch
    (0..2).for_each(|_| send_each());
    let first = scene.setup.spawn_ready();
    scene.drained();
    // and over a rebalance, a kill and a lost memory
    let second = scene.setup.sibling("gate-2").spawn_ready();
    // from here on everybody is written to by the other topic
    scene.send(&Contact::new("somebody-else")).wait();
    send_each();
    scene.drained();
    second.kill();
    send_each();
    scene.drained();
    first.stop();
    std::fs::remove_dir_all(scene.setup.state_dir().join("sent")).expect("it was kept");
    let gate = scene.setup.spawn_ready();
    scene.send(&Contact::new("somebody-else")).wait();
    send_each();
    scene.drained();
    gate.stop();
    assert_eq!(scene.assert_capped_of(&people), people.len());
    for topic in topics.inputs() {
        let capped = sources(bootstrap, &topics.blocked, topic, "blocked.frequency_cap");
        let source = capped.first().expect("something of each topic is over the cap");
        let said = explained(&scene.setup, source);
        assert!(said.contains("recomputed: same"), "{said}");
    }
}

#[test]
fn instances_that_do_not_agree_on_the_topics_hold() {
    let test = "instances_that_do_not_agree_on_the_topics_hold";
    let Some(broker) = broker::shared(test) else { return };
    let bootstrap = &broker.bootstrap;
    let topics = Topics::create_several(bootstrap, "apart", 2);
    let stage = Stage::new(bootstrap, &topics);
    let people = data::contacts("apart", 40);
    stage.opt_in(&people);
    let during = During::follow(bootstrap, &topics.outputs());
    let setup = Setup::new("apart", bootstrap, &topics);
    let mut alone = setup.sibling("gate-2");
    alone.topics.others.clear();
    let second = alone.spawn_ready();
    let mut first = setup.spawn_ready();
    let receipts: Vec<_> = (0..160)
        .map(|n| {
            let (_, record) = stage.message_record(&people[n / 2 % people.len()]);
            stage.producer.start(topics.input(n), &record)
        })
        .collect();
    receipts.iter().for_each(|receipt| {
        receipt.wait();
    });
    environment::wait_until("the first says what is wrong", PATIENCE, || {
        first.get("/readyz").is_some_and(|(status, text)| {
            status == 503 && text.contains("topics_apart") && text.contains(&topics.others[0])
        })
    });
    assert_eq!(first.exited(), None, "it waits");
    second.stop();
    drained(&stage, &during);
    first.wait_ready();
    first.stop();
    oracle::examine_logs(bootstrap, &topics, &during, &stage.ledger).assert_clean();
}

#[test]
fn each_topic_is_read_by_its_own_mapping() {
    let test = "each_topic_is_read_by_its_own_mapping";
    let Some(broker) = broker::shared(test) else { return };
    let bootstrap = &broker.bootstrap;
    let topics = Topics::create_several(bootstrap, "forms", 2);
    let shop = topics.others[0].clone();
    let mut setup = Setup::new("forms", bootstrap, &topics);
    let file = environment::repository().join("tests/kafka/mapped/message.yaml");
    setup.more = format!("mapping: {{outbound_message: {{{shop}: {}}}}}\n", file.display());
    let producer = Plain::new(bootstrap);
    let ana = Contact::new("ana");
    let change = ana.opt_in("1", data::yesterday());
    producer.send(&topics.consent_change, &Outgoing::new("ana", data::bytes(&change)));
    let gate = setup.spawn_ready();
    let during = During::follow(bootstrap, &topics.outputs());
    let ours = || Outgoing::new("ana", data::bytes(&ana.message("m-1", 0)));
    let to = json!({"mail": ana.address, "country": "GB"});
    let theirs = json!({"mid": 1, "via": "MAIL", "campaign": "autumn", "to": to, "html": "x"});
    let theirs = || Outgoing::new("ana", data::bytes(&theirs)).header("x-brand", "acme");
    for (topic, record, reason) in [
        (&topics.outbound, ours(), "approved.express_consent"),
        (&shop, theirs(), "approved.express_consent"),
        (&topics.outbound, theirs(), "blocked.invalid_message"),
        (&shop, ours(), "blocked.invalid_message"),
    ] {
        let before = during.count();
        let acked = producer.send(topic, &record);
        environment::wait_until("it is decided", PATIENCE, || during.count() > before);
        let source = format!("{topic}/{}/{}", acked.partition, acked.offset);
        let outputs = during.records();
        let output = outputs.iter().find(|it| it.header("gate-source") == Some(&source));
        let output = output.expect("its decision names it");
        assert_eq!(output.header("gate-reason"), Some(reason), "{source}");
        assert_eq!(output.value, record.value, "the value passes");
        assert!(explained(&setup, &source).contains("recomputed: same"), "{source}");
    }
    let invalid = gate.metric("consent_gate_invalid_records_total");
    let count = |topic: &str| {
        let label = format!("topic=\"{topic}\"");
        let of = invalid.iter().filter(|(labels, _)| labels.contains(&label));
        of.map(|(_, n)| n).sum::<f64>()
    };
    assert_eq!((count(&topics.outbound), count(&shop)), (1.0, 1.0));
    gate.stop();
}

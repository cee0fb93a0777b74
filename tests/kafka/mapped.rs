//! Producers that write records of their own, on both topics, read by mappings: opt-outs count, messages pass as they came,
//! and what the gate's own programs write into the same topics is read as what it is.

use crate::harness::data::Contact;
use crate::harness::gate::{Gate, Setup};
use crate::harness::produce::{Outgoing, Plain};
use crate::harness::readers::{During, Record, read_all};
use crate::harness::topics::Topics;
use crate::harness::{broker, data, environment};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(60);
/// How a record says that it is written in a form of ours.
const PLAIN: (&str, &str) = ("gate-form", "plain");

/// The mappings, copied so that one can be changed.
fn mappings(setup: &mut Setup) -> PathBuf {
    let dir = setup.dir.join("mappings");
    std::fs::create_dir_all(&dir).expect("a directory can be made");
    let from = environment::repository().join("tests/kafka/mapped");
    for entry in std::fs::read_dir(from).expect("the mappings are there").flatten() {
        std::fs::copy(entry.path(), dir.join(entry.file_name())).expect("a file can be copied");
    }
    for (topic, file) in [("CONSENT_CHANGE", "consent.yaml"), ("OUTBOUND_MESSAGE", "message.yaml")]
    {
        let path = dir.join(file).display().to_string();
        setup.environment.push((format!("CONSENT_GATE__MAPPING__{topic}"), path));
    }
    dir
}

/// What a preference centre writes: what people say, several at a time.
fn choices(id: &str, said: &[(&str, &Contact)]) -> Outgoing {
    let choices: Vec<Value> = said
        .iter()
        .map(|(say, who)| json!({"say": say, "customer": who.id, "mail": who.address}))
        .collect();
    let at = data::yesterday().as_millisecond();
    let value = json!({"kind": "choices", "id": id, "at": at, "choices": choices});
    // its key is an id of its own, which names nobody
    Outgoing::new(format!("choices/{id}"), data::bytes(&value))
}

/// What a shop writes.
fn order(number: u64, who: &Contact) -> Outgoing {
    let to = json!({"mail": who.address, "country": "GB"});
    let value =
        json!({"mid": number, "via": "MAIL", "campaign": "autumn", "to": to, "html": "<p>é</p>"});
    Outgoing::new(who.id.as_bytes(), data::bytes(&value)).header("x-brand", "acme")
}

struct Scene<'b> {
    bootstrap: &'b str,
    topics: Topics,
    producer: Plain,
    during: During,
    n_sent: u64,
}

impl Scene<'_> {
    /// Sends a message; what becomes of it.
    fn reason(&mut self, record: &Outgoing) -> Record {
        let before = self.during.count();
        let acked = self.producer.send(&self.topics.outbound, record);
        self.n_sent += 1;
        environment::wait_until("a message is decided", PATIENCE, || self.during.count() > before);
        let source = format!("{}/{}/{}", self.topics.outbound, acked.partition, acked.offset);
        let mut outputs = self.during.records().into_iter();
        outputs.find(|output| output.header("gate-source") == Some(&source)).expect("its decision")
    }

    fn assert(&mut self, number: u64, who: &Contact, reason: &str) -> Record {
        let record = order(number, who);
        let output = self.reason(&record);
        assert_eq!(output.header("gate-reason"), Some(reason), "{}", who.id);
        assert_eq!(output.value, record.value, "the value passes");
        output
    }

    fn say(&self, record: &Outgoing) {
        self.producer.send(&self.topics.consent_change, record);
    }
}

fn rebuilt(gate: &Gate) -> bool {
    gate.log_text().contains("other-mapping")
}

#[test]
fn records_of_their_producers_are_read_by_mappings() {
    let name = "records_of_their_producers_are_read_by_mappings";
    let Some(broker) = broker::shared(name) else { return };
    let bootstrap = &*broker.bootstrap;
    let topics = Topics::create(bootstrap, "mapped");
    let mut setup = Setup::new("mapped", bootstrap, &topics);
    let dir = mappings(&mut setup);
    let mut scene = Scene {
        bootstrap,
        producer: Plain::new(bootstrap),
        during: During::follow(bootstrap, &topics.outputs()),
        topics,
        n_sent: 0,
    };
    let gate = setup.spawn_ready();
    let [ana, ben, eve, zoe] = ["ana", "ben", "eve", "zoe"].map(Contact::new);

    // several people in one record, and records that say nothing
    scene.say(&choices("1", &[("YES", &ana), ("YES", &ben), ("YES", &eve), ("YES", &zoe)]));
    scene.say(&Outgoing::new("heartbeat", br#"{"kind":"heartbeat"}"#.to_vec()));
    let approved = scene.assert(1, &ana, "approved.express_consent");
    assert_eq!(approved.header("x-brand"), Some("acme"));
    scene.assert(2, &ben, "approved.express_consent");
    scene.say(&choices("2", &[("NO", &ana), ("YES", &ben)]));
    scene.assert(3, &ana, "blocked.opted_out");
    scene.assert(4, &ben, "approved.express_consent");
    let ignored = gate.metric("consent_gate_consent_changes_total");
    let ignored = ignored.iter().filter(|(labels, _)| labels.contains("result=\"ignored\""));
    assert_eq!(ignored.map(|(_, n)| n).sum::<f64>(), 1.0);

    // one of two cannot be read: nothing of it is applied, and both are blocked
    scene.say(&choices("3", &[("PERHAPS", &ben), ("YES", &ana)]));
    scene.assert(5, &ben, "blocked.consent_unreadable");
    scene.assert(6, &ana, "blocked.opted_out");
    scene.assert(7, &zoe, "approved.express_consent");

    // what our own programs write
    let refusal = eve.refusal(data::Refusal::ContactOnly, "door-1", jiff::Timestamp::now());
    let ours = Outgoing::new("eve", data::bytes(&refusal));
    scene.say(&ours.header(PLAIN.0, PLAIN.1));
    scene.assert(8, &eve, "blocked.opted_out");
    let plain = Outgoing::new("zoe", data::bytes(&zoe.message("plain-1", 0)));
    let output = scene.reason(&plain.header(PLAIN.0, PLAIN.1));
    assert_eq!(output.header("gate-reason"), Some("approved.express_consent"));
    assert_eq!(output.header(PLAIN.0), Some(PLAIN.1), "whoever reads the output knows as well");

    // a form nobody knows
    let output = scene.reason(&Outgoing::new("zoe", br#"{"via":"PIGEON"}"#.to_vec()));
    assert_eq!(output.header("gate-reason"), Some("blocked.invalid_message"));

    explained(&setup, &approved, "approved.express_consent");
    let doctor = setup.run(&["doctor"]);
    let report = String::from_utf8_lossy(&doctor.stdout).into_owned();
    assert!(report.contains("consent-change") && report.contains(": mapping"), "{report}");
    assert!(report.contains("cannot be read by it, the last in partition"), "{report}");
    assert!(!report.contains("PERHAPS"), "{report}");
    gate.stop();

    learned(&setup, &dir, &mut scene, &ben);
}

/// A mapping that knows more has the state built again: the record that was unreadable is none any more.
fn learned(setup: &Setup, dir: &Path, scene: &mut Scene<'_>, ben: &Contact) {
    let file = dir.join("consent.yaml");
    let text = std::fs::read_to_string(&file).expect("the mapping");
    std::fs::write(&file, text.replace("\"NO\": opt_out}", "\"NO\": opt_out, PERHAPS: opt_in}"))
        .expect("the mapping can be changed");
    let gate = setup.spawn_ready();
    environment::wait_until("the state is built again", PATIENCE, || rebuilt(&gate));
    // it says yes without the basis that a permission needs, so it permits nothing of its own; what was said before stands
    scene.assert(9, ben, "approved.express_consent");
    gate.stop();

    // a mapping that is none
    std::fs::write(&file, text.replace("opt_out", "opt_ouch")).expect("the mapping can be changed");
    let mut gate = setup.spawn();
    assert_eq!(gate.wait_exit(), Some(78), "{}", gate.log_text());
    assert!(gate.log_text().contains("mapping.consent_change"), "{}", gate.log_text());
    assert_eq!(scene.n_sent, scene.during.count() as u64, "exactly one answer each");
    let inputs = read_all(scene.bootstrap, &[&scene.topics.outbound]);
    assert_eq!(inputs.len() as u64, scene.n_sent);
}

fn explained(setup: &Setup, output: &Record, reason: &str) {
    let source = output.header("gate-source").expect("its source");
    let explained = setup.run(&["explain", "--source", source]);
    let text = String::from_utf8_lossy(&explained.stdout).into_owned();
    let errors = String::from_utf8_lossy(&explained.stderr).into_owned();
    assert_eq!(explained.status.code(), Some(0), "{text}{errors}");
    assert!(text.contains(reason) && text.contains("recomputed: same"), "{text}{errors}");
}

/// The probe and the commands write records of ours into mapped topics, and are understood.
#[test]
fn the_probe_is_understood_where_producers_write_records_of_their_own() {
    let name = "the_probe_is_understood_where_producers_write_records_of_their_own";
    let Some(broker) = broker::shared(name) else { return };
    let topics = Topics::create(&broker.bootstrap, "mapped-probe");
    let mut setup = Setup::new("mapped-probe", &broker.bootstrap, &topics);
    mappings(&mut setup);
    for (key, value) in [("ENABLED", "true"), ("INTERVAL_MS", "1000")] {
        setup.environment.push((format!("CONSENT_GATE__PROBE__{key}"), value.to_owned()));
    }
    let gate = setup.spawn_ready();
    let rounds = |result: &str| -> f64 {
        let all = gate.metric("consent_gate_probe_rounds_total");
        let is_it = |labels: &str| labels.contains(&format!("result=\"{result}\""));
        all.iter().filter(|(labels, _)| is_it(labels)).map(|(_, n)| n).sum()
    };
    environment::wait_until("the probe passes", PATIENCE, || rounds("passed") >= 1.0);
    assert_eq!(rounds("violated") + rounds("error"), 0.0, "{}", gate.log_text());
    gate.stop();
}

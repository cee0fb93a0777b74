//! Pipeline, CRM and sender of a language beside a gate: what the pipeline publishes is decided, what the CRM publishes, in each
//! of its three ways, blocks the next message, and the sender sends what may still go out.

use super::{NOT_HERE, program};
use crate::checks::asked_setup;
use crate::harness::data::{self, Contact};
use crate::harness::gate::Setup;
use crate::harness::produce::{Outgoing, Plain, Transactional};
use crate::harness::readers::{Record, read_all};
use crate::harness::topics::Topics;
use crate::harness::{broker, environment, registry};
use std::collections::BTreeSet;
use std::process::Stdio;
use std::time::{Duration, Instant};

/// How long a program or a decision may take on a machine that has other things to do.
const PATIENCE: Duration = Duration::from_secs(120);

/// The programs of a language, with the settings they share.
struct Roles<'a> {
    language: &'a str,
    bootstrap: &'a str,
    topics: &'a Topics,
    settings: Vec<(&'static str, String)>,
}

impl Roles<'_> {
    /// Runs a program to its end and returns the lines it printed; an error says why the language is not here.
    fn run(&self, settings: &[(&str, &str)], arguments: &[&str]) -> Result<Vec<String>, String> {
        let mut command = program(self.language, self.bootstrap, self.topics);
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.envs(self.settings.iter().map(|(key, value)| (key, value)));
        command.envs(settings.iter().copied());
        let mut child = command.spawn().expect("scripts/clients can be started");
        let began = Instant::now();
        while child.try_wait().expect("a child can be waited for").is_none() {
            if began.elapsed() > PATIENCE {
                child.kill().ok(); // what it has printed so far says more than that it was late
                break;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let output = child.wait_with_output().expect("its output can be read");
        let said = String::from_utf8_lossy(&output.stdout);
        let errors = String::from_utf8_lossy(&output.stderr);
        if output.status.code() == Some(NOT_HERE) {
            return Err(errors.trim().to_owned());
        }
        assert!(output.status.success(), "{arguments:?}: {said}{errors}");
        assert!(!said.contains('@'), "an address is printed: {said}");
        Ok(said.lines().map(str::to_owned).collect())
    }

    /// The records of the topics, once there are so many.
    fn decided(&self, n: usize) -> Vec<Record> {
        let mut records = Vec::new();
        environment::wait_until(&format!("{n} are decided"), PATIENCE, || {
            records = read_all(self.bootstrap, &self.topics.outputs());
            records.len() >= n
        });
        records
    }
}

/// What was decided of each message: its id and the reason.
fn verdicts(records: &[Record]) -> BTreeSet<(String, String)> {
    let verdict = |record: &Record| {
        let reason = record.header("gate-reason").expect("a reason");
        (message_id(record), reason.to_owned())
    };
    records.iter().map(verdict).collect()
}

fn message_id(record: &Record) -> String {
    let value = record.value.as_deref().expect("a value");
    let value: serde_json::Value = serde_json::from_slice(value).expect("JSON");
    value["message_id"].as_str().expect("an id").to_owned()
}

fn expected(verdicts: &[(&str, &str)]) -> BTreeSet<(String, String)> {
    verdicts.iter().map(|(id, reason)| ((*id).to_owned(), (*reason).to_owned())).collect()
}

/// What a sender must not send although it lies in the topic, in front of a record that it has read before: the probe, a
/// tombstone, a decision that was withdrawn.
fn strangers(bootstrap: &str, topic: &str, repeated: &Record) {
    let there = |outgoing: Outgoing| Outgoing { partition: Some(repeated.partition), ..outgoing };
    let message = |id: &str| {
        let value = data::bytes(&Contact::new("ana").message(id, 0));
        there(Outgoing::new("ana", value))
    };
    let producer = Plain::new(bootstrap);
    producer.send(topic, &message("probe").header("gate-probe", "1"));
    producer.send(topic, &there(Outgoing { key: Some(b"ana".to_vec()), ..Outgoing::default() }));
    let withdrawn = Transactional::new(bootstrap, &format!("withdrawn-{topic}"), PATIENCE);
    withdrawn.begin();
    withdrawn.write(topic, &message("withdrawn"));
    withdrawn.abort();
    let value = repeated.value.clone().expect("a value");
    producer.send(topic, &there(Outgoing::new("ana", value)));
}

/// JSON: the CRM refuses plainly and in a transaction, between the approval and the sending.
pub(super) fn play(test: &str, language: &str, compression: &str) {
    let Some(broker) = broker::shared(test) else { return };
    let bootstrap = &broker.bootstrap;
    let topics = Topics::create(bootstrap, language);
    let (mut setup, token) = asked_setup(language, bootstrap, &topics);
    let variable = "CONSENT_GATE__OUTPUTS__COMPRESSION".to_owned();
    setup.environment.push((variable, compression.to_owned()));
    let gate = setup.spawn_ready();
    let url = format!("http://127.0.0.1:{}", setup.port);
    let settings = vec![
        ("GATE_URL", url),
        ("GATE_TOKEN", token),
        ("GROUP", format!("sender-{}", topics.approved)),
    ];
    let roles = Roles { language, bootstrap, topics: &topics, settings };
    if let Err(why) = roles.run(&[("RUN", "1")], &["crm", "opt_in", "ana", "ben", "cal"]) {
        gate.stop();
        return environment::skip(test, &why);
    }
    let run = |settings: &[(&str, &str)], arguments: &[&str]| {
        roles.run(settings, arguments).expect("it is here")
    };
    let published = run(&[("RUN", "1")], &["pipeline", "ana", "ben", "cal"]);
    assert!(!published.is_empty(), "it says where");
    let approved = "approved.express_consent";
    let first = roles.decided(3);
    let consented = [("1-ana", approved), ("1-ben", approved), ("1-cal", approved)];
    assert_eq!(verdicts(&first), expected(&consented));
    assert_eq!(run(&[("RUN", "2")], &["crm", "opt_out", "ben"]), ["acknowledged 1 opt_out"]);
    run(&[("RUN", "2"), ("HOW", "transactional")], &["crm", "opt_out", "cal"]);
    run(&[("RUN", "2")], &["pipeline", "ana", "ben", "cal"]);
    let refused = "blocked.opted_out";
    let then = [("2-ana", approved), ("2-ben", refused), ("2-cal", refused)];
    assert_eq!(verdicts(&roles.decided(6)), expected(&[consented, then].concat()));

    let repeated = first.iter().find(|it| message_id(it) == "1-ana").expect("it is approved");
    strangers(bootstrap, &topics.approved, repeated);
    // four approvals and the repeated one
    let mut sent = run(&[("LAST_LOOK_AFTER", "0"), ("COUNT", "5")], &["sender"]);
    sent.sort();
    let held_back = |id: &str| format!("held back {id} {refused}");
    let sent_once = ["sent 1-ana", "sent 2-ana"].map(str::to_owned);
    assert_eq!(sent, [[held_back("1-ben"), held_back("1-cal")], sent_once].concat());
    gate.stop();

    run(&[("RUN", "3")], &["crm", "opt_out", "cal"]);
    assert!(was_in_a_transaction(bootstrap, &topics.consent_change, b"cal"));
}

/// Whether a marker lies between the second change of a contact and the third, which are the last of their partition.
fn was_in_a_transaction(bootstrap: &str, topic: &str, key: &[u8]) -> bool {
    let changes = read_all(bootstrap, &[topic]);
    let offsets = changes.iter().filter(|it| it.key.as_deref() == Some(key)).map(|it| it.offset);
    let offsets: Vec<i64> = offsets.collect();
    let [_, second, third] = offsets.as_slice() else { panic!("three: {offsets:?}") };
    third - second == 2
}

/// Avro with a registry: the CRM registers the gate's schema and writes in the wire format of Confluent.
pub(super) fn play_in_avro(test: &str, language: &str) {
    let Some(broker) = broker::shared(test) else { return };
    let Some(registry) = registry::shared(test) else { return };
    let bootstrap = &broker.bootstrap;
    let topics = Topics::create(bootstrap, &format!("{language}-avro"));
    let mut setup = Setup::new(&format!("{language}-avro"), bootstrap, &topics);
    (setup.formats, setup.registry) = (("avro", "json"), Some(registry.to_owned()));
    let gate = setup.spawn_ready();
    // Java writes with Apicurio's own serializer, which speaks to the other API of the same registry
    let url = match language {
        "java" => registry.replace("/apis/ccompat/v7", "/apis/registry/v2"),
        _ => registry.to_owned(),
    };
    let settings = vec![("REGISTRY_URL", url), ("HOW", "avro".to_owned())];
    let roles = Roles { language, bootstrap, topics: &topics, settings };
    if let Err(why) = roles.run(&[("RUN", "1")], &["crm", "opt_in", "ana", "ben"]) {
        gate.stop();
        return environment::skip(test, &why);
    }
    let run = |settings: &[(&str, &str)], arguments: &[&str]| {
        roles.run(settings, arguments).expect("it is here")
    };
    run(&[("RUN", "1")], &["pipeline", "ana", "ben"]);
    roles.decided(2);
    run(&[("RUN", "2")], &["crm", "opt_out", "ben"]);
    run(&[("RUN", "2")], &["pipeline", "ana", "ben"]);
    let verdicts = verdicts(&roles.decided(4));
    gate.stop();
    let (approved, refused) = ("approved.express_consent", "blocked.opted_out");
    let wanted =
        [("1-ana", approved), ("1-ben", approved), ("2-ana", approved), ("2-ben", refused)];
    assert_eq!(verdicts, expected(&wanted));
    let changes = read_all(bootstrap, &[&topics.consent_change]);
    assert_eq!(changes.len(), 3);
    for change in &changes {
        let value = change.value.as_deref().expect("a value");
        assert_eq!(value[0], 0, "a zero byte, four of the schema's id, the datum");
    }
}

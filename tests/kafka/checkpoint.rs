//! Checkpoints of the consent store: a gate that lost its state begins where one ends, and decides as if it had
//! folded the whole topic. One that the log does not continue, or that was made from another topic, is not used.

use crate::harness::drain::drained;
use crate::harness::gate::{Gate, Setup};
use crate::harness::load::Stage;
use crate::harness::readers::During;
use crate::harness::topics::{self, CONSENT_PARTITIONS, Topics};
use crate::harness::{broker, data, environment, figures, oracle};
use rdkafka::admin::{AdminClient, AdminOptions};
use rdkafka::client::DefaultClientContext;
use rdkafka::{ClientConfig, Offset, TopicPartitionList};
use serde_json::json;
use std::path::PathBuf;
use std::time::Duration;

/// People of each kind: enough that the store has more than one block a file.
const PEOPLE: usize = 1500;
const PATIENCE: Duration = Duration::from_secs(60);

/// A gate that makes checkpoints, and people who stay, refused, and will refuse.
struct Scene {
    stage: Stage,
    during: During,
    setup: Setup,
    bootstrap: String,
    staying: Vec<data::Contact>,
    refused: Vec<data::Contact>,
    refusing: Vec<data::Contact>,
}

impl Scene {
    fn set(bootstrap: &str, name: &str) -> Self {
        let topics = Topics::create(bootstrap, name);
        let people = |role: &str| data::contacts(&format!("{name}-{role}"), PEOPLE);
        let mut setup = Setup::new(name, bootstrap, &topics);
        let dir = setup.dir.join("checkpoints").display().to_string();
        for (key, value) in [("DIR", dir.as_str()), ("INTERVAL_MS", "1000")] {
            let key = format!("CONSENT_GATE__STATE__CHECKPOINTS__{key}");
            setup.environment.push((key, value.to_owned()));
        }
        let scene = Self {
            stage: Stage::new(bootstrap, &topics),
            during: During::follow(bootstrap, &topics.outputs()),
            setup,
            bootstrap: bootstrap.to_owned(),
            staying: people("staying"),
            refused: people("refused"),
            refusing: people("refusing"),
        };
        for group in [&scene.staying, &scene.refused, &scene.refusing] {
            scene.stage.opt_in(group);
        }
        scene.stage.refuse_all(&scene.refused);
        scene
    }

    fn message_all(&self) {
        for group in [&self.staying, &self.refused, &self.refusing] {
            self.stage.message_all(group);
        }
        drained(&self.stage, &self.during);
    }

    /// Runs until a checkpoint covers all consent there is, then dies and loses its state.
    fn live_and_die(&self) {
        let gate = self.setup.spawn_ready();
        self.message_all();
        let made = counted(&gate, "made");
        // the one that was being made meanwhile may stand earlier
        environment::wait_until("two more checkpoints", PATIENCE, || {
            counted(&gate, "made") >= made + 2.0
        });
        gate.kill();
        std::fs::remove_dir_all(self.setup.state_dir()).unwrap();
    }

    fn checkpoint_dirs(&self) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(self.setup.dir.join("checkpoints")).unwrap().flatten();
        entries.map(|entry| entry.path()).collect()
    }

    fn n_approved(&self) -> usize {
        let approved = &self.stage.topics.approved;
        self.during.count_where(|record| record.topic == *approved)
    }

    fn end(self, name: &str, figures: serde_json::Value) {
        let Self { stage, during, bootstrap, .. } = self;
        let findings = oracle::examine_logs(&bootstrap, &stage.topics, &during, &stage.ledger);
        let mut numbers = findings.figures();
        numbers["checkpoints"] = figures;
        figures::record(name, numbers);
        findings.assert_clean();
    }
}

fn counted(gate: &Gate, result: &str) -> f64 {
    let label = format!("result=\"{result}\"");
    let all = gate.metric("consent_gate_checkpoints_total");
    all.iter().filter(|(labels, _)| labels.contains(&label)).map(|(_, n)| n).sum()
}

/// Records folded since the start of the process.
fn folded(gate: &Gate) -> usize {
    gate.metric_sum("consent_gate_consent_changes_total") as usize
}

#[test]
fn a_killed_gate_without_its_state_goes_on_from_a_checkpoint() {
    let test = "a_killed_gate_without_its_state_goes_on_from_a_checkpoint";
    let Some(broker) = broker::shared(test) else {
        return;
    };
    let scene = Scene::set(&broker.bootstrap, "checkpoint");
    scene.live_and_die();
    // refusals from before the checkpoint are in it; these come from the log
    scene.stage.refuse_all(&scene.refusing);
    let gate = scene.setup.spawn_ready();
    let (used, rejected) = (counted(&gate, "used"), counted(&gate, "rejected"));
    assert_eq!((used, rejected), (1.0, 0.0), "{}", gate.log_text());
    assert_eq!(folded(&gate), PEOPLE, "only what came after the checkpoint is folded");
    scene.message_all();
    let listed = scene.setup.run(&["state", "checkpoints", "--json"]);
    let text = String::from_utf8_lossy(&listed.stdout).into_owned();
    assert_eq!(listed.status.code(), Some(0), "{text}");
    assert!(text.contains("\"valid\":true") && !text.contains("\"valid\":false"), "{text}");
    gate.kill();

    // another instance of the same gate begins with the checkpoint of the first
    let mut sibling = scene.setup.sibling("gate-2");
    sibling.environment = scene.setup.environment.clone();
    let gate = sibling.spawn_ready();
    assert_eq!(counted(&gate, "used"), 1.0, "{}", gate.log_text());
    scene.message_all();
    gate.stop();
    scene.end(test, json!({ "folded_after_restore": PEOPLE }));
}

#[test]
fn damaged_checkpoints_are_told_and_not_used() {
    let test = "damaged_checkpoints_are_told_and_not_used";
    let Some(broker) = broker::shared(test) else {
        return;
    };
    let scene = Scene::set(&broker.bootstrap, "damagedcheckpoint");
    scene.live_and_die();
    let mut n_damaged = 0;
    for dir in scene.checkpoint_dirs() {
        for entry in std::fs::read_dir(dir).unwrap().flatten() {
            if entry.path().extension().is_some_and(|end| end == "sst") {
                let mut bytes = std::fs::read(entry.path()).unwrap();
                let middle = bytes.len() / 2;
                bytes[middle] ^= 1;
                std::fs::remove_file(entry.path()).unwrap();
                std::fs::write(entry.path(), bytes).unwrap();
                n_damaged += 1;
            }
        }
    }
    assert!(n_damaged > 0);
    let listed = scene.setup.run(&["state", "checkpoints"]);
    let text = String::from_utf8_lossy(&listed.stdout).into_owned();
    assert_eq!(listed.status.code(), Some(74), "{text}");
    assert!(text.contains("not what the manifest says"), "{text}");
    scene.stage.refuse_all(&scene.refusing);
    let gate = scene.setup.spawn_ready();
    assert_eq!(counted(&gate, "used"), 0.0);
    assert!(counted(&gate, "rejected") >= 1.0);
    assert_eq!(folded(&gate), 5 * PEOPLE, "everything is folded again");
    scene.message_all();
    gate.stop();
    scene.end(test, json!({ "files_damaged": n_damaged }));
}

/// Refusals between the checkpoint and the beginning of the log are gone: who knows only the checkpoint would
/// approve what was refused.
#[test]
fn a_checkpoint_before_the_start_of_the_log_is_not_used() {
    let test = "a_checkpoint_before_the_start_of_the_log_is_not_used";
    let Some(broker) = broker::shared(test) else {
        return;
    };
    let scene = Scene::set(&broker.bootstrap, "truncated");
    scene.live_and_die();
    let n_approved = scene.n_approved();
    assert_eq!(n_approved, 2 * PEOPLE, "those who stay and those who had not refused yet");
    scene.stage.refuse_all(&scene.refusing);
    delete_records(&scene.bootstrap, &scene.stage.topics.consent_change);
    for group in [&scene.staying, &scene.refused, &scene.refusing] {
        scene.stage.message_all(group);
    }
    // a gate that knows nothing on a log that has forgotten does not decide at all
    let mut gate = scene.setup.spawn();
    assert_eq!(gate.wait_exit(), Some(74));
    let log = gate.log_text();
    assert!(log.contains("the log does not continue it: log-truncated"), "{log}");
    assert!(!log.contains("filled from a checkpoint"), "{log}");
    assert_eq!(scene.n_approved(), n_approved, "nothing is decided from what a checkpoint knew");
}

/// The broker forgets every record of the topic.
fn delete_records(bootstrap: &str, topic: &str) {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", bootstrap).set("log_level", "0");
    let admin: AdminClient<DefaultClientContext> = config.create().unwrap();
    let mut ends = TopicPartitionList::new();
    for partition in 0..CONSENT_PARTITIONS {
        ends.add_partition_offset(topic, partition, Offset::End).unwrap();
    }
    let options = AdminOptions::new().operation_timeout(Some(Duration::from_secs(30)));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let deleted = runtime.block_on(admin.delete_records(&ends, &options)).unwrap();
    for element in deleted.elements() {
        element.error().unwrap();
    }
    let ask = |partition| admin.inner().fetch_watermarks(topic, partition, PATIENCE).unwrap();
    environment::wait_until("the records are gone", PATIENCE, || {
        (0..CONSENT_PARTITIONS).map(ask).all(|(low, high)| low == high && low > 0)
    });
}

/// Same cluster, same name, and as many records at the same offsets: only the id of the topic tells them apart.
#[test]
fn a_checkpoint_of_a_topic_that_was_made_anew_is_not_used() {
    let test = "a_checkpoint_of_a_topic_that_was_made_anew_is_not_used";
    let Some(broker) = broker::shared(test) else {
        return;
    };
    let scene = Scene::set(&broker.bootstrap, "remade");
    scene.live_and_die();
    let consent = &scene.stage.topics.consent_change;
    topics::delete(&scene.bootstrap, &[consent]);
    environment::wait_until("the topic is gone", PATIENCE, || {
        topics::partitions(&scene.bootstrap, consent).is_none()
    });
    topics::create(&scene.bootstrap, &[(consent, CONSENT_PARTITIONS)]);
    // in the new topic everybody refuses before the positions of the checkpoint, and nobody afterwards
    for _ in 0..2 {
        for group in [&scene.staying, &scene.refused, &scene.refusing] {
            scene.stage.refuse_all(group);
        }
    }
    let n_approved = scene.n_approved();
    let gate = scene.setup.spawn_ready();
    assert_eq!(counted(&gate, "used"), 0.0, "{}", gate.log_text());
    assert!(gate.log_text().contains("topic-recreated"), "{}", gate.log_text());
    scene.message_all();
    assert_eq!(scene.n_approved(), n_approved, "everybody refused in the topic as it is now");
    gate.stop();
}

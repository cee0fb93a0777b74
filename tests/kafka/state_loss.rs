//! The state directory is a cache of `consent-change`: whatever happens to it, no decision may be wrong.
//!
//! Deleted, damaged, from another cluster, a day old, or of a topic that was made anew: the gate rebuilds
//! or replays. A gate that ends with 74 (storage) or 75 (try again) is started again, as a supervisor does.

use crate::harness::drain::{drained, drained_while};
use crate::harness::gate::{Gate, Setup};
use crate::harness::load::Stage;
use crate::harness::random::Random;
use crate::harness::readers::During;
use crate::harness::topics::{self, CONSENT_PARTITIONS, Topics};
use crate::harness::{broker, data, environment, figures, oracle};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// People on each side of every test: enough that the store has more than one block a file.
const PEOPLE: usize = 1500;
/// A supervisor's patience.
const RESTARTS_MAX: usize = 5;

/// A gate that has decided once and was stopped.
struct Life {
    stage: Stage,
    during: During,
    setup: Setup,
    bootstrap: String,
    staying: Vec<data::Contact>,
    refused: Vec<data::Contact>,
    refusing: Vec<data::Contact>,
    n_restarts: usize,
}

impl Life {
    fn begin(bootstrap: &str, name: &str, topics: &Topics) -> Self {
        let stage = Stage::new(bootstrap, topics);
        let during = During::follow(bootstrap, &topics.outputs());
        let people = |role: &str| data::contacts(&format!("{name}-{role}"), PEOPLE);
        let life = Self {
            staying: people("staying"),
            refused: people("refused"),
            refusing: people("refusing"),
            setup: Setup::new(name, bootstrap, topics),
            bootstrap: bootstrap.to_owned(),
            n_restarts: 0,
            during,
            stage,
        };
        for group in [&life.staying, &life.refused, &life.refusing] {
            life.stage.opt_in(group);
        }
        life.stage.refuse_all(&life.refused);
        life
    }

    /// Everybody gets a message; the gate decides them and stops.
    fn decide(&mut self) {
        let mut gate = self.setup.spawn();
        for group in [&self.staying, &self.refused, &self.refusing] {
            self.stage.message_all(group);
        }
        let mut n_restarts = 0;
        drained_while(&self.stage, &self.during, || {
            supervise(&mut gate, &self.setup, &mut n_restarts);
        });
        self.n_restarts += n_restarts;
        gate.stop();
    }

    /// While the gate is down, consent goes on.
    fn go_on(&mut self) {
        self.stage.refuse_all(&self.refusing);
        let newcomers = data::contacts(&format!("{}-new", self.setup.dir.display()), 100);
        self.stage.opt_in(&newcomers);
        self.staying.extend(newcomers);
    }

    fn end(self, name: &str) {
        let topics = &self.stage.topics;
        let findings =
            oracle::examine_logs(&self.bootstrap, topics, &self.during, &self.stage.ledger);
        let mut numbers = findings.figures();
        numbers["restarts_by_the_supervisor"] = self.n_restarts.into();
        numbers["quarantined"] = json!(quarantined(&self.setup.state_dir()));
        figures::record(name, numbers);
        findings.assert_clean();
    }
}

fn supervise(gate: &mut Gate, setup: &Setup, n_restarts: &mut usize) {
    if let Some(code) = gate.exited() {
        *n_restarts += 1;
        let may_restart = matches!(code, Some(74 | 75)) && *n_restarts <= RESTARTS_MAX;
        assert!(may_restart, "the gate ended with {code:?}");
        *gate = setup.spawn();
    }
}

/// Names of what was put aside.
fn quarantined(state: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(state.join("quarantine")).into_iter().flatten().flatten();
    entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

#[test]
fn state_deleted() {
    let Some(broker) = broker::shared("state_deleted") else {
        return;
    };
    let topics = Topics::create(&broker.bootstrap, "deleted");
    let mut life = Life::begin(&broker.bootstrap, "deleted", &topics);
    life.decide();
    std::fs::remove_dir_all(life.setup.state_dir()).unwrap();
    life.go_on();
    life.decide();
    life.end("state_deleted");
}

#[test]
fn state_damaged() {
    let Some(broker) = broker::shared("state_damaged") else {
        return;
    };
    let mut random = Random::new("state_damaged");
    let topics = Topics::create(&broker.bootstrap, "damaged");
    let mut life = Life::begin(&broker.bootstrap, "damaged", &topics);
    life.decide();
    let n_tables = flip(&life.setup.state_dir(), &mut random, |name| name.ends_with(".sst"));
    assert!(n_tables > 0, "a gate that stopped cleanly has flushed its state");
    life.go_on();
    life.decide();
    flip(&life.setup.state_dir(), &mut random, |name| name.starts_with("MANIFEST"));
    life.decide();
    flip(&life.setup.state_dir(), &mut random, |name| name.ends_with(".sst") || name == "CURRENT");
    life.decide();
    life.end("state_damaged");
}

/// Flips eight bits in each such file below `dir`, except what is in quarantine; how many files.
fn flip(dir: &Path, random: &mut Random, which: impl Fn(&str) -> bool + Copy) -> usize {
    let mut n_files = 0;
    for entry in std::fs::read_dir(dir).unwrap().flatten() {
        let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
        if path.is_dir() && name != "quarantine" {
            n_files += flip(&path, random, which);
        } else if path.is_file() && which(&name) {
            let mut bytes = std::fs::read(&path).unwrap();
            if bytes.is_empty() {
                continue;
            }
            for _ in 0..8 {
                let at = random.range(0, bytes.len());
                bytes[at] ^= 1 << random.range(0, 8);
            }
            std::fs::write(&path, bytes).unwrap();
            n_files += 1;
        }
    }
    n_files
}

#[test]
fn state_a_day_old() {
    let Some(broker) = broker::shared("state_a_day_old") else {
        return;
    };
    let topics = Topics::create(&broker.bootstrap, "dayold");
    let mut life = Life::begin(&broker.bootstrap, "dayold", &topics);
    life.decide();
    let backup = life.setup.dir.join("backup");
    copy(&life.setup.state_dir(), &backup);
    life.go_on();
    life.decide();
    std::fs::remove_dir_all(life.setup.state_dir()).unwrap();
    copy(&backup, &life.setup.state_dir());
    life.decide();
    life.end("state_a_day_old");
}

/// The other cluster has the same topic names and more consent, in which nobody ever refused.
#[test]
fn state_from_another_cluster() {
    let test = "state_from_another_cluster";
    let (Some(here), Some(there)) = (broker::shared(test), broker::own(test, &[])) else {
        return;
    };
    let topics = Topics::create(&here.bootstrap, "elsewhere");
    topics.make(&there.bootstrap);
    let mut life = Life::begin(&here.bootstrap, "elsewhere", &topics);
    let foreign_state = state_of_another_cluster(&there.bootstrap, &life);
    drop(there);
    life.decide();
    life.go_on();
    std::fs::remove_dir_all(life.setup.state_dir()).unwrap();
    copy(&foreign_state, &life.setup.state_dir());
    life.decide();
    assert!(
        !quarantined(&life.setup.state_dir()).is_empty(),
        "foreign state is put aside, not used"
    );
    life.end("state_from_another_cluster");
}

fn state_of_another_cluster(bootstrap: &str, life: &Life) -> PathBuf {
    let stage = Stage::new(bootstrap, &life.stage.topics);
    let during = During::follow(bootstrap, &stage.topics.outputs());
    for _ in 0..2 {
        for group in [&life.staying, &life.refused, &life.refusing] {
            stage.opt_in(group);
        }
    }
    let setup = Setup::new("elsewhere-foreign", bootstrap, &stage.topics);
    let gate = setup.spawn_ready();
    stage.message_all(&life.refused);
    drained(&stage, &during);
    gate.stop();
    let approved = during.count_where(|record| record.topic == stage.topics.approved);
    assert_eq!(approved, PEOPLE, "elsewhere nobody refused");
    setup.state_dir()
}

/// The topic was deleted and made anew: same cluster, same name, other records at the same offsets.
#[test]
fn state_of_a_topic_made_anew() {
    let Some(broker) = broker::shared("state_of_a_topic_made_anew") else {
        return;
    };
    let bootstrap = &broker.bootstrap;
    let topics = Topics::create(bootstrap, "anew");
    let mut life = Life::begin(bootstrap, "anew", &topics);
    life.decide();
    topics::delete(bootstrap, &[&topics.consent_change]);
    environment::wait_until("the topic is gone", Duration::from_secs(60), || {
        topics::partitions(bootstrap, &topics.consent_change).is_none()
    });
    topics::create(bootstrap, &[(&topics.consent_change, CONSENT_PARTITIONS)]);
    // the source publishes everything again, and this time those who stayed refuse first
    for group in [&life.staying, &life.refused, &life.refusing] {
        life.stage.opt_in(group);
    }
    life.stage.refuse_all(&life.refused);
    let (first, _) = life.staying.split_at(PEOPLE / 2);
    life.stage.refuse_all(first);
    life.decide();
    life.end("state_of_a_topic_made_anew");
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().flatten() {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

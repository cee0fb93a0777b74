//! Policy sets outlive the files they were written in: each that was in force is found again by its revision, from any
//! instance, and what is exported is that set.

use crate::harness::gate::{Gate, Setup};
use crate::harness::packs::Packs;
use crate::harness::readers::read_all;
use crate::harness::topics::{self, Topics};
use crate::harness::{broker, environment};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::process::{Command, Output};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(60);
const PACK: &str = "GB.yaml";

fn said(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stdout);
    format!("{text}{}", String::from_utf8_lossy(&output.stderr))
}

fn is_kept(gate: &Gate) -> bool {
    gate.metric_sum("consent_gate_policy_sets_unkept") == 0.0
}

/// Revision to where it is kept, as the command lists it.
fn listed(setup: &Setup) -> BTreeMap<String, BTreeSet<String>> {
    let output = setup.run(&["policy", "revisions", "--json"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let text = String::from_utf8(output.stdout).unwrap();
    let of = |line: &str| {
        let set: Value = serde_json::from_str(line).unwrap();
        let kept_in = set["kept_in"].as_array().unwrap().iter();
        let kept_in = kept_in.map(|home| home.as_str().unwrap().to_owned()).collect();
        assert!(set["packs"].as_array().unwrap().len() > 40, "{set}");
        (set["revision"].as_str().unwrap().to_owned(), kept_in)
    };
    text.lines().map(of).collect()
}

fn in_topic(setup: &Setup) -> Vec<String> {
    let records = read_all(&setup.bootstrap, &[&setup.topics.policy_sets]);
    let key = |key: Option<Vec<u8>>| String::from_utf8(key.unwrap()).unwrap();
    records.into_iter().map(|record| key(record.key)).collect()
}

#[test]
fn a_set_is_found_by_its_revision_when_its_files_are_gone() {
    let test = "a_set_is_found_by_its_revision_when_its_files_are_gone";
    let Some(broker) = broker::shared(test) else { return };
    let names = Topics::create(&broker.bootstrap, "policy-sets");
    let packs = Packs::export("policy-sets-packs");
    let mut setup = Setup::new("policy-sets", &broker.bootstrap, &names);
    setup.policies = Some(packs.0.clone());

    // the archive is a topic like the others: without it nobody starts
    topics::delete(&broker.bootstrap, &[&names.policy_sets]);
    environment::wait_until("the topic is gone", PATIENCE, || {
        topics::partitions(&broker.bootstrap, &names.policy_sets).is_none()
    });
    let mut refused = setup.spawn();
    assert_eq!(refused.wait_exit(), Some(78), "{}", refused.log_text());
    let log = refused.log_text();
    assert!(log.contains(&names.policy_sets) && log.contains("topics create"), "{log}");
    topics::create_compacted(&broker.bootstrap, &[(&names.policy_sets, 1)]);

    let first = packs.revision();
    let gate = setup.spawn_ready();
    environment::wait_until("the topic has the first", PATIENCE, || {
        in_topic(&setup) == [first.clone()]
    });
    packs.replace(PACK, &format!("{}# another year\n", packs.read(PACK)));
    let second = packs.revision();
    environment::wait_until("the topic has the second", PATIENCE, || {
        in_topic(&setup) == [first.clone(), second.clone()]
    });
    environment::wait_until("nothing waits", PATIENCE, || is_kept(&gate));

    // another instance has the same set in force, and no history
    let other = setup.sibling("gate-2");
    let beside = other.spawn_ready();
    environment::wait_until("nothing waits there", PATIENCE, || {
        is_kept(&beside) && beside.log_text().contains("policy set is kept")
    });
    beside.stop();
    gate.stop();
    assert_eq!(in_topic(&setup), [first.clone(), second.clone()], "each once");

    let homes = |homes: &[&str]| homes.iter().map(|home| (*home).to_owned()).collect();
    let here = listed(&setup);
    // exported and unchanged, the first is what the program brings along
    assert_eq!(here[&first], homes(&["built_in", "directory", "topic"]), "{here:?}");
    assert_eq!(here[&second], homes(&["configured", "directory", "topic"]), "{here:?}");
    std::fs::remove_dir_all(&packs.0).unwrap();
    let bare = Setup { policies: None, ..setup.sibling("gate-3") };
    let there = listed(&bare);
    assert_eq!(there[&second], homes(&["topic"]), "{there:?}");

    let dir = bare.dir.join("exported");
    let dir = dir.to_str().unwrap();
    let export = ["policy", "export", "--revision", &second, dir];
    let exported = bare.run(&export);
    assert_eq!(exported.status.code(), Some(0), "{}", said(&exported));
    assert_eq!(Packs(dir.into()).revision(), second, "the same files are the same set");
    let again = bare.run(&export);
    assert_eq!(again.status.code(), Some(64), "not into another set: {}", said(&again));

    let (old, new) = (format!("@{first}"), format!("@{second}"));
    let same = bare.run(&["policy", "diff", &old, &new]);
    assert_eq!(same.status.code(), Some(0), "a comment decides nothing: {}", said(&same));
    let unknown = bare.run(&["policy", "diff", &old, "@0123456789ab"]);
    assert_eq!(unknown.status.code(), Some(1), "{}", said(&unknown));
    assert!(said(&unknown).contains(&format!("topic `{}`: not there", names.policy_sets)));
    let mut without = Command::new(environment::gate_program());
    let without = without.args(["policy", "diff", &old, dir]).output().unwrap();
    assert_eq!(without.status.code(), Some(64), "{}", said(&without));
}

//! The ledger has every decision and every consent change once, over kills; what it has can be proven to a stranger, and
//! whatever is done to Kafka or to its files is named with its place.

use crate::harness::data::{self, Contact};
use crate::harness::decision_log::Logged;
use crate::harness::gate::{Gate, Setup, free_port};
use crate::harness::load::Stage;
use crate::harness::produce::{Outgoing, Plain};
use crate::harness::readers::{Record, read_all};
use crate::harness::topics::{self, MESSAGE_PARTITIONS, Topics};
use crate::harness::{broker, environment};
use gate_ledger::{Entry, Kind, Place, Salt, SigningKey, Store as _, Writer, sha256};
use gate_log::DecisionBatch;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

const N_PEOPLE: usize = 60;
const N_REFUSED: usize = 20;
/// Messages to each person; after each round but the last the ledger is killed.
const N_ROUNDS: usize = 5;
/// The record of a partition that is tampered with, at most.
const VICTIM_MAX: usize = 10;
const PATIENCE: Duration = Duration::from_secs(60);
/// What `scripts/clients` says when something is not installed.
const NOT_HERE: i32 = 69;

/// Changes a value.
type Edit = fn(&mut Value);

/// A setup of the same gate whose ledger lies in `<dir>/ledger`.
pub(crate) fn with_ledger(setup: &Setup, dir: &Path, key: &Path) -> Setup {
    let port = free_port();
    let mut ledger = Setup { port, ..setup.sibling("ledger") };
    for (key, value) in [
        ("DIR", dir.join("ledger").display().to_string()),
        ("KEY_FILE", key.display().to_string()),
        ("LISTEN", format!("127.0.0.1:{port}")),
        ("CHECKPOINT_INTERVAL_MS", "100".to_owned()),
        ("PARQUET_INTERVAL_MS", "1000".to_owned()),
    ] {
        ledger.environment.push((format!("CONSENT_GATE__LEDGER__{key}"), value));
    }
    ledger
}

pub(crate) fn start(ledger: &Setup) -> Gate {
    ledger.start(&["ledger", "run"], &ledger.dir.join("ledger.log"))
}

fn send(stage: &Stage, people: &[Contact], round: usize) {
    let record = |(n, contact): (usize, &Contact)| {
        let mut message = contact.message(&format!("letter-{round}-{n}"), 0);
        let campaign = if n.is_multiple_of(2) { "spring" } else { "autumn" };
        message["attributes"] = json!({ "campaign": campaign });
        Outgoing::new(contact.id.as_bytes(), data::bytes(&message))
    };
    let records: Vec<_> = people.iter().enumerate().map(record).collect();
    stage.producer.send_all(&stage.topics.outbound, &records);
}

/// The last offset of each partition that a file of the archive has, by their names.
fn archived(dir: &Path) -> BTreeMap<i32, i64> {
    let mut last = BTreeMap::new();
    for day in std::fs::read_dir(dir).into_iter().flatten().flatten() {
        for file in std::fs::read_dir(day.path()).into_iter().flatten().flatten() {
            let name = file.file_name().into_string().unwrap();
            let Some(stem) = name.strip_suffix(".parquet") else { continue };
            let numbers: Vec<i64> = stem.split('-').filter_map(|it| it.parse().ok()).collect();
            let known = last.entry(i32::try_from(numbers[0]).unwrap()).or_insert(0);
            *known = numbers[2].max(*known);
        }
    }
    last
}

fn said(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stdout);
    format!("{text}{}", String::from_utf8_lossy(&output.stderr))
}

pub(crate) fn verified(ledger: &Setup, code: i32, more: &[&str]) -> Value {
    let output = ledger.run(&[&["ledger", "verify", "--json"], more].concat());
    assert_eq!(output.status.code(), Some(code), "{}", said(&output));
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(!text.contains("tampered-with") && !text.contains("@mail"), "it names people: {text}");
    serde_json::from_str(&text).expect("JSON")
}

fn found(ledger: &Setup, more: &[&str]) -> (String, String) {
    let found = verified(ledger, 1, more)["finding"].clone();
    println!("{}", found["says"].as_str().expect("words"));
    (
        found["fault"].as_str().expect("a fault").to_owned(),
        found["says"].as_str().unwrap().to_owned(),
    )
}

#[test]
fn tampering_with_kafka_or_with_the_ledger_is_named() {
    let test = "tampering_with_kafka_or_with_the_ledger_is_named";
    let Some(broker) = broker::shared(test) else { return };
    let bootstrap = &broker.bootstrap;
    let topics = Topics::create(bootstrap, "tampering");
    let stage = Stage::new(bootstrap, &topics);
    let setup = Setup { header: "reference", ..Setup::new("tampering", bootstrap, &topics) };
    let ledger = with_ledger(&setup, &setup.dir, &setup.dir.join("ledger-key"));
    let people = data::contacts("tampered-with", N_PEOPLE);
    stage.opt_in(&people);
    stage.refuse_all(&people[..N_REFUSED]);

    let gate = setup.spawn_ready();
    for round in 0..N_ROUNDS {
        send(&stage, &people, round);
        let running = start(&ledger);
        if round + 1 == N_ROUNDS {
            let n_messages = (N_PEOPLE * N_ROUNDS) as f64;
            let n_changes = (N_PEOPLE + N_REFUSED) as f64;
            environment::wait_until("the ledger covers everything", PATIENCE, || {
                running.metric_sum("consent_gate_ledger_leaves") >= n_messages + n_changes
            });
            let log = read_all(bootstrap, &[&topics.decision_log]);
            let place = |record: &Record| (record.partition, record.offset);
            let newest = log.iter().map(place).collect::<BTreeMap<_, _>>();
            environment::wait_until("the archive has everything", PATIENCE, || {
                archived(&setup.dir.join("ledger/parquet")) == newest
            });
            running.stop();
        } else {
            // anywhere: before it has signed anything, or right when something new is signed and more is on its way
            if round > 0 {
                let n_before = running.metric_sum("consent_gate_ledger_leaves");
                environment::wait_until("something new is signed", PATIENCE, || {
                    running.metric_sum("consent_gate_ledger_leaves") > n_before
                });
            }
            running.kill();
        }
    }
    gate.stop();

    let log = read_all(bootstrap, &[&topics.decision_log]);
    let logged = Logged::read(&log);
    assert_eq!(logged.entries.len(), N_PEOPLE * N_ROUNDS);
    let n_changes = read_all(bootstrap, &[&topics.consent_change]).len();
    let report = verified(&ledger, 0, &[]);
    assert_eq!(report["compared"]["decisions"], logged.entries.len());
    assert_eq!(report["compared"]["changes"], n_changes);
    assert_eq!(report["leaves"], logged.entries.len() + n_changes, "each once: {report}");
    assert_eq!(report["not_covered_yet"], 0, "{report}");
    assert!(report["checkpoints"].as_u64() > Some(1), "{report}");
    let text = said(&ledger.run(&["ledger", "verify"]));
    assert!(text.contains("verified: nothing was changed"), "{text}");

    let doctor = said(&ledger.run(&["doctor"]));
    assert!(doctor.contains("decisions and changes are signed"), "{doctor}");
    proven(test, &ledger, &logged);
    queried(test, &setup, &logged);
    of_files(&setup, &ledger);
    forgotten(&ledger, &people[N_PEOPLE - 1], &logged);
    of_kafka(bootstrap, &topics, &ledger, &log);
}

/// A stranger checks a proof with Python.
fn proven(test: &str, ledger: &Setup, logged: &Logged) {
    let (source, entry) = logged.entries.iter().nth(42).expect("a decision");
    let file = ledger.dir.join("proof.json");
    let prove = |arguments: &[&str]| {
        let output = ledger.run(&[&["ledger", "prove"], arguments].concat());
        assert!(output.status.success(), "{}", said(&output));
        std::fs::write(&file, &output.stdout).unwrap();
        serde_json::from_slice::<Value>(&output.stdout).expect("JSON")
    };
    let key = String::from_utf8(ledger.run(&["ledger", "key"]).stdout).unwrap();
    let check = |key: &str| {
        let mut check = Command::new(environment::script("clients"));
        check.args(["run", "proof"]).arg(&file).arg(key.trim()).output().expect("it can be run")
    };
    let change = format!("{}/0/0", ledger.topics.consent_change);
    let of_change = prove(&["--change", &change]);
    assert!(of_change["entry"].as_str().unwrap().starts_with(&format!("change {change}/0 ")));
    let output = check(&key);
    if output.status.code() == Some(NOT_HERE) {
        return environment::skip(test, String::from_utf8_lossy(&output.stderr).trim());
    }
    assert!(output.status.success(), "{}", said(&output));

    let proof = prove(&["--source", source]);
    assert_eq!(proof["content"]["reason"], entry["reason"]);
    assert_eq!(proof["content"]["message_id"], entry["message_id"]);
    let output = check(&key);
    assert!(output.status.success() && said(&output).contains(source), "{}", said(&output));
    let edits: [(&str, Edit); 5] = [
        ("does not say that", |it| it["content"]["reason"] = "approved.express_consent!".into()),
        ("does not say that", |it| it["salt"] = "00".repeat(32).into()),
        ("is not in the tree", |it| it["index"] = (it["index"].as_u64().unwrap() + 1).into()),
        ("is not in the tree", |it| {
            let path = it["path"].as_array_mut().unwrap();
            path.swap(0, 1);
        }),
        ("InvalidSignature", |it| {
            let text = it["checkpoint"].as_str().unwrap().replace("\nordinal ", "\nordinal 1");
            it["checkpoint"] = text.into();
        }),
    ];
    for (says, edit) in edits {
        let mut forged = proof.clone();
        edit(&mut forged);
        std::fs::write(&file, forged.to_string()).unwrap();
        let output = check(&key);
        assert!(!output.status.success() && said(&output).contains(says), "{}", said(&output));
    }
    let nobodys = ledger.run(&["ledger", "prove", "--source", "outbound-message/0/9"]);
    assert_eq!(nobodys.status.code(), Some(1), "{}", said(&nobodys));
}

/// After an erasure nobody can test what was said about somebody, and the log is as valid as before.
fn forgotten(ledger: &Setup, person: &Contact, logged: &Logged) {
    let forget = || {
        let output = ledger.run(&["ledger", "forget", "--contact", &person.id]);
        assert!(output.status.success(), "{}", said(&output));
        assert!(!said(&output).contains(&person.id), "{}", said(&output));
        String::from_utf8(output.stdout).unwrap()
    };
    // each round's decision, and the opt-in
    let n = N_ROUNDS + 1;
    assert_eq!(forget(), format!("{n} salts deleted, 0 were deleted before\n"));
    assert_eq!(forget(), format!("0 salts deleted, {n} were deleted before\n"));
    let report = verified(ledger, 0, &[]);
    assert_eq!(report["salt_deleted"], n);
    assert_eq!(report["compared"]["decisions"], logged.entries.len() - N_ROUNDS);
    let id = format!("letter-0-{}", N_PEOPLE - 1);
    let is_theirs = |it: &(&String, &Value)| it.1["message_id"] == *id;
    let (source, _) = logged.entries.iter().find(is_theirs).expect("it was decided");
    let output = ledger.run(&["ledger", "prove", "--source", source]);
    let proof: Value = serde_json::from_slice(&output.stdout).expect("a proof of its place");
    assert_eq!((&proof["salt"], &proof["content"]), (&Value::Null, &Value::Null));
}

/// The queries of docs/ledger.md, by DuckDB.
fn queried(test: &str, setup: &Setup, logged: &Logged) {
    let page = std::fs::read_to_string(environment::repository().join("docs/ledger.md")).unwrap();
    let queries: Vec<&str> =
        page.split("```sql\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    let rows = |sql: &str| -> Option<Vec<Vec<Value>>> {
        let mut command = Command::new(environment::script("clients"));
        let output = command.args(["run", "duckdb", sql]).current_dir(&setup.dir).output().unwrap();
        if output.status.code() == Some(NOT_HERE) {
            environment::skip(test, String::from_utf8_lossy(&output.stderr).trim());
            return None;
        }
        assert!(output.status.success(), "{sql}: {}", said(&output));
        Some(serde_json::from_slice(&output.stdout).expect("rows"))
    };
    let [by_day, of_campaign, repeated] = queries[..] else {
        panic!("docs/ledger.md has other queries: {queries:?}")
    };
    let n_of = |wanted: &dyn Fn(&Value) -> bool| {
        logged.entries.values().filter(|entry| wanted(entry)).count() as u64
    };
    let Some(counts) = rows(by_day) else { return };
    let total: u64 = counts.iter().map(|row| row[2].as_u64().expect("a count")).sum();
    assert_eq!(total, logged.entries.len() as u64, "{counts:?}");
    let mut reasons: Vec<&str> = counts.iter().map(|row| row[1].as_str().unwrap()).collect();
    reasons.sort_unstable();
    reasons.dedup();
    for reason in reasons {
        let of_files = counts.iter().filter(|row| row[1] == reason).map(|row| row[2].as_u64());
        assert_eq!(
            of_files.sum::<Option<u64>>(),
            Some(n_of(&|it| it["reason"] == reason)),
            "{reason}"
        );
    }
    let spring = rows(of_campaign).expect("DuckDB is here");
    assert_eq!(spring.len() as u64, n_of(&|it| it["campaign"] == "spring"));
    let of_first = logged.entries.get(spring[0][1].as_str().expect("a place"));
    assert_eq!(of_first.expect("it was logged")["message_id"], spring[0][2]);
    assert_eq!(rows(repeated).expect("DuckDB is here"), Vec::<Vec<Value>>::new(), "each once");
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Whoever may write the ledger's files, with and without its key.
fn of_files(setup: &Setup, ledger: &Setup) {
    let key = setup.dir.join("ledger-key");
    let copied = || {
        let dir = environment::new_dir("tampered");
        copy(&setup.dir.join("ledger"), &dir.join("ledger"));
        (with_ledger(setup, &dir, &key), dir.join("ledger"))
    };
    let tile = |dir: &Path| dir.join("tile/entries/000");
    type Edit = fn(&mut Vec<Vec<u8>>);
    let edits: [(&str, Edit); 4] = [
        ("changed", |it| {
            let (line, _) = std::str::from_utf8(&it[100]).unwrap().rsplit_once(' ').unwrap();
            it[100] = format!("{line} {}", sha256(&[b"another"]).to_hex()).into_bytes();
        }),
        ("dropped", |it| drop(it.remove(100))),
        ("inserted", |it| it.insert(100, it[7].clone())),
        ("reordered", |it| it.swap(100, 101)),
    ];
    for (fault, edit) in edits {
        let (tampered, dir) = copied();
        let mut entries = entries(&std::fs::read(tile(&dir)).unwrap());
        let place = place_of(&entries[100]);
        let behind = place_of(&entries[99]);
        edit(&mut entries);
        std::fs::write(tile(&dir), bundle(&entries)).unwrap();
        let (is, says) = found(&tampered, &[]);
        assert_eq!(is, fault, "{says}");
        assert!(says.contains("leaf 100 ") && says.contains(&behind), "{behind}: {says}");
        assert!(fault != "changed" || says.contains(&place), "{place}: {says}");
    }

    // files are cut off, and with the key a shorter or another history is signed
    let (tampered, dir) = copied();
    let kept = dir.parent().unwrap().join("kept");
    std::fs::copy(dir.join("checkpoint"), &kept).unwrap();
    let kept = kept.display().to_string();
    verified(&tampered, 0, &["--kept", &kept]);
    std::fs::remove_dir_all(dir.join("tile/entries/001.p")).unwrap();
    let (is, says) = found(&tampered, &[]);
    assert!(is == "cut" && says.contains("leaf 256"), "{says}");

    let (forked, dir) = copied();
    let signing = SigningKey::parse(&std::fs::read_to_string(&key).unwrap()).unwrap();
    let store = consent_gate::ledger::Directory::at(&dir);
    let before = store.get("checkpoint").unwrap();
    std::fs::remove_dir_all(&dir).unwrap();
    let store = consent_gate::ledger::Directory::make(&dir).unwrap();
    let mut writer = Writer::open(store, signing).unwrap();
    for offset in 0..400 {
        let topic = ledger.topics.consent_change.clone();
        let place = Place { topic, partition: 0, offset, nth: 0 };
        let commitment = sha256(&[&offset.to_be_bytes()]);
        let entry = Entry { kind: Kind::Change, place, about: None, commitment };
        writer.append(&entry, Salt([1; 32])).unwrap();
    }
    writer.commit("2026-11-30T00:00:00Z").unwrap();
    assert_ne!(writer.store().get("checkpoint").unwrap(), before);
    let (is, says) = found(&forked, &["--offline", "--kept", &kept]);
    assert!(is == "forked" && says.contains("kept"), "{says}");
}

/// The entries of a tile, as C2SP tlog-tiles bundles them.
fn entries(mut bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut entries = Vec::new();
    while let [high, low, rest @ ..] = bytes {
        let (entry, rest) = rest.split_at(usize::from(u16::from_be_bytes([*high, *low])));
        entries.push(entry.to_vec());
        bytes = rest;
    }
    entries
}

fn bundle(entries: &[Vec<u8>]) -> Vec<u8> {
    let framed = |entry: &Vec<u8>| {
        [u16::try_from(entry.len()).unwrap().to_be_bytes().as_slice(), entry].concat()
    };
    entries.iter().flat_map(framed).collect()
}

/// `topic/partition/offset` of an entry.
fn place_of(entry: &[u8]) -> String {
    let text = std::str::from_utf8(entry).unwrap();
    let place = text.split(' ').nth(1).unwrap();
    place.rsplit_once('/').unwrap().0.to_owned()
}

/// Whoever may write Kafka: the decision log is deleted and written again, almost as it was.
pub(crate) fn of_kafka(bootstrap: &str, topics: &Topics, ledger: &Setup, log: &[Record]) {
    let mut sizes = BTreeMap::<i32, usize>::new();
    log.iter().for_each(|record| *sizes.entry(record.partition).or_default() += 1);
    let (partition, n) = sizes.into_iter().max_by_key(|(_, n)| *n).unwrap();
    assert!(n >= 4, "too few records of partition {partition} to do anything to: {n}");
    let of_partition: Vec<Record> =
        log.iter().filter(|record| record.partition == partition).cloned().collect();
    // the rewriting alone moves everything, and a comparison keeps so many records from there on and no more
    let middle = (n / 2).min(VICTIM_MAX);
    let source = |record: &Record| {
        let batch = DecisionBatch::decode(record.value.as_deref().unwrap()).unwrap();
        batch.entries().next().unwrap().source().to_string()
    };
    let victim = source(&of_partition[middle]);
    type Edit = fn(&mut Vec<Record>, usize);
    let edits: [(&str, Edit); 6] = [
        ("", |_, _| {}),
        ("changed", |it, at| {
            let mut batch = DecisionBatch::decode(it[at].value.as_deref().unwrap()).unwrap();
            batch.evaluated_at += 1;
            it[at].value = Some(batch.encode().unwrap());
        }),
        ("dropped", |it, at| drop(it.remove(at))),
        ("inserted", |it, at| it.insert(at, it[0].clone())),
        ("reordered", |it, at| it.swap(at, at + 1)),
        ("cut", |it, at| it.truncate(at)),
    ];
    for (fault, edit) in edits {
        let mut written = of_partition.clone();
        edit(&mut written, middle);
        written.extend(log.iter().filter(|record| record.partition != partition).cloned());
        topics::delete(bootstrap, &[&topics.decision_log]);
        environment::wait_until("the log is gone", PATIENCE, || {
            topics::partitions(bootstrap, &topics.decision_log).is_none()
        });
        topics::create(bootstrap, &[(&topics.decision_log, MESSAGE_PARTITIONS)]);
        let outgoing = |record: &Record| Outgoing {
            partition: Some(record.partition),
            key: record.key.clone(),
            value: record.value.clone(),
            headers: record.headers.clone(),
            timestamp_ms: None,
        };
        let records: Vec<_> = written.iter().map(outgoing).collect();
        Plain::new(bootstrap).send_all(&topics.decision_log, &records);
        let (is, says) = found(ledger, &[]);
        match fault {
            // without the markers of transactions everything stands elsewhere
            "" => assert!(says.contains("written anew"), "{says}"),
            "inserted" => assert!(is == fault && says.contains("in Kafka"), "{says}"),
            _ => assert!(is == fault && says.contains(&victim), "{victim}: {says}"),
        }
    }
    let output = ledger.run(&["ledger", "run"]);
    assert_eq!(output.status.code(), Some(78), "it does not go on: {}", said(&output));
    assert!(said(&output).contains("it was made anew"), "{}", said(&output));
}

//! `consent-gate generate`: samples that the gate decides, all of them, and nothing where they do not belong.

use crate::harness::gate::{Gate, Setup};
use crate::harness::load::Stage;
use crate::harness::readers::{During, Record, read_all};
use crate::harness::topics::{self, Topics};
use crate::harness::{broker, data, environment, registry};
use std::collections::{BTreeMap, HashSet};
use std::process::{Command, Output};
use std::time::Duration;

const MESSAGES: usize = 2_000;

fn text(output: &Output) -> String {
    let (out, err) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    format!("{out}{err}")
}

/// Sends two thousand messages with their histories, and lets the gate decide them all.
fn generated(mut setup: Setup, names: &Topics, registry: Option<&str>) {
    if let Some(url) = registry {
        (setup.formats, setup.registry) = (("avro", "avro"), Some(url.to_owned()));
    }
    let bootstrap = setup.bootstrap.clone();
    let count = MESSAGES.to_string();
    let arguments = ["generate", "--rate", "0", "--count", &count, "--contacts", "400"];
    let sent = setup.run(&arguments);
    assert_eq!(sent.status.code(), Some(0), "{}", text(&sent));
    assert!(text(&sent).contains(&format!("sent {MESSAGES} messages")), "{}", text(&sent));
    assert!(text(&sent).contains("failed or unknown 0"), "{}", text(&sent));
    let inputs = read_all(&bootstrap, &[&names.outbound]);
    assert_eq!(inputs.len(), MESSAGES);
    let during = During::follow(&bootstrap, &names.outputs());
    let gate = setup.spawn_ready();
    environment::wait_until("everything is decided", Duration::from_secs(120), || {
        during.count() >= MESSAGES
    });
    gate.stop();
    let outputs = during.records();
    let sources: HashSet<&str> = outputs.iter().filter_map(|r| r.header("gate-source")).collect();
    assert_eq!((outputs.len(), sources.len()), (MESSAGES, MESSAGES), "each once");
    is_lively(&outputs);
    // what is not real says so, before and after the gate
    let is_marked =
        |record: &Record| record.header("sample-traffic") == Some("consent-gate generate");
    assert!(inputs.iter().chain(&outputs).all(is_marked));
    // again into the same topics, which hold samples only: no `--force` needed
    let again = setup.run(&[
        "generate",
        "--rate",
        "0",
        "--count",
        "10",
        "--contacts",
        "400",
        "--seed",
        "1",
    ]);
    assert_eq!(again.status.code(), Some(0), "{}", text(&again));
}

#[track_caller]
fn is_lively(outputs: &[Record]) {
    let mut outcomes: BTreeMap<&str, usize> = BTreeMap::new();
    let mut reasons = HashSet::new();
    for record in outputs {
        *outcomes.entry(record.header("gate-outcome").unwrap()).or_default() += 1;
        reasons.insert(record.header("gate-reason").unwrap());
    }
    let share = |outcome| outcomes.get(outcome).copied().unwrap_or_default() * 100 / MESSAGES;
    assert!((35..80).contains(&share("approved")), "{outcomes:?}");
    assert!((15..60).contains(&share("blocked")), "{outcomes:?}");
    assert!(outcomes.contains_key("deferred"), "{outcomes:?}");
    assert!(reasons.len() >= 10, "{reasons:?}");
    assert!(reasons.contains("blocked.invalid_message"), "{reasons:?}");
}

#[test]
fn samples_in_json_are_decided() {
    let Some(broker) = broker::shared("samples_in_json_are_decided") else {
        return;
    };
    let names = Topics::create(&broker.bootstrap, "samples");
    generated(Setup::new("samples", &broker.bootstrap, &names), &names, None);
}

#[test]
fn samples_in_avro_are_decided() {
    let test = "samples_in_avro_are_decided";
    let (Some(broker), Some(url)) = (broker::shared(test), registry::shared(test)) else {
        return;
    };
    let names = Topics::create(&broker.bootstrap, "samples-avro");
    generated(Setup::new("samples-avro", &broker.bootstrap, &names), &names, Some(url));
}

/// The guard: a topic with anybody's records in it is left alone.
#[test]
fn samples_stay_out_of_topics_in_use() {
    let Some(broker) = broker::shared("samples_stay_out_of_topics_in_use") else {
        return;
    };
    let bootstrap = &broker.bootstrap;
    let names = Topics::create(bootstrap, "in-use");
    let setup = Setup::new("in-use", bootstrap, &names);
    let generate = |more: &[&str]| {
        let arguments = ["generate", "--rate", "0", "--count", "20", "--contacts", "10", "--quiet"];
        setup.run(&[&arguments, more].concat())
    };
    let fresh = generate(&[]);
    assert_eq!(fresh.status.code(), Some(0), "{}", text(&fresh));
    let stage = Stage::new(bootstrap, &names);
    stage.opt_in(&data::contacts("real", 1));
    let refused = generate(&[]);
    assert_eq!(refused.status.code(), Some(78), "{}", text(&refused));
    for says in [names.consent_change.as_str(), "no sample traffic", "--force"] {
        assert!(text(&refused).contains(says), "{says}: {}", text(&refused));
    }
    assert_eq!(read_all(bootstrap, &[&names.outbound]).len(), 20, "nothing was written");
    let forced = generate(&["--force"]);
    assert_eq!(forced.status.code(), Some(0), "{}", text(&forced));
    assert_eq!(read_all(bootstrap, &[&names.outbound]).len(), 40);
}

/// No topic is made by writing to it, and a broker that is away is said to be away.
#[test]
fn samples_need_topics_and_a_broker() {
    let Some(broker) = broker::shared("samples_need_topics_and_a_broker") else {
        return;
    };
    let names = Topics::named("nowhere");
    let arguments = ["generate", "--rate", "0", "--count", "5"];
    let missing = Setup::new("nowhere", &broker.bootstrap, &names).run(&arguments);
    assert_eq!(missing.status.code(), Some(78), "{}", text(&missing));
    assert!(text(&missing).contains("topics create"), "{}", text(&missing));
    assert!(topics::partitions(&broker.bootstrap, &names.outbound).is_none());
    let away = Setup::new("away", "127.0.0.1:1", &names).run(&arguments);
    assert_eq!(away.status.code(), Some(75), "{}", text(&away));
}

/// What a person at a terminal sees of it.
#[test]
fn top_shows_a_running_gate() {
    let Some(broker) = broker::shared("top_shows_a_running_gate") else {
        return;
    };
    let names = Topics::create(&broker.bootstrap, "top");
    let setup = Setup::new("top", &broker.bootstrap, &names);
    let gate = setup.spawn_ready();
    let file = setup.dir.join("generate.txt");
    let generate = setup.start(&["generate", "--rate", "50", "--contacts", "200"], &file);
    environment::wait_until("messages are decided", Duration::from_secs(60), || {
        gate.metric_sum("consent_gate_decisions_total") >= 100.0
    });
    let top = |urls: &[String]| {
        let urls = urls.iter().flat_map(|url| ["--url", url]);
        let mut command = Command::new(environment::gate_program());
        command.args(["top", "--once", "--interval", "1"]).args(urls).output().unwrap()
    };
    let here = format!("http://127.0.0.1:{}", setup.port);
    let shown = top(std::slice::from_ref(&here));
    assert_eq!(shown.status.code(), Some(0), "{}", text(&shown));
    for says in ["READY", "PROMISE", "opt-outs in force", "approved", "HOLDS", "none", "subjects"] {
        assert!(text(&shown).contains(says), "{says}: {}", text(&shown));
    }
    let decisions = text(&shown).lines().find(|l| l.starts_with("DECISIONS")).unwrap().to_owned();
    let per_second: f64 = decisions.split([' ', '/']).nth(1).unwrap().parse().unwrap();
    assert!(per_second > 1.0, "{decisions}");
    // one that is not there is named, and does not hide the other
    let nowhere = "http://127.0.0.1:1".to_owned();
    let both = top(&[here, nowhere.clone()]);
    assert_eq!(both.status.code(), Some(0), "{}", text(&both));
    assert!(text(&both).contains("1 ready, 1 UNREACHABLE"), "{}", text(&both));
    let none = top(&[nowhere]);
    assert_eq!(none.status.code(), Some(75), "{}", text(&none));
    assert!(text(&none).contains("connection refused"), "{}", text(&none));
    assert_eq!(generate.terminate(), Some(0));
    gate.stop();
}

/// Ends when it is told to, with a sum of what it did, and at the pace it was told.
#[test]
fn samples_stop_when_asked() {
    let Some(broker) = broker::shared("samples_stop_when_asked") else {
        return;
    };
    let names = Topics::create(&broker.bootstrap, "asked");
    let setup = Setup::new("asked", &broker.bootstrap, &names);
    let file = setup.dir.join("generate.txt");
    let generate: Gate = setup.start(&["generate", "--rate", "40", "--contacts", "50"], &file);
    environment::wait_until("three lines of progress", Duration::from_secs(60), || {
        generate.log_text().lines().filter(|line| line.contains("acknowledged")).count() >= 3
    });
    let code = generate.terminate();
    let said = std::fs::read_to_string(&file).unwrap();
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("failed or unknown 0"), "{said}");
    let sum: f64 = said.split(" s (").nth(1).unwrap().split(' ').next().unwrap().parse().unwrap();
    assert!((10.0..=60.0).contains(&sum), "{said}");
}

//! A list is looked at, written although the writer is killed, heeded by the gate, and taken back; what people say since stands.

use crate::harness::data::{self, Contact};
use crate::harness::gate::Setup;
use crate::harness::load::Stage;
use crate::harness::readers::{During, Record, read_all};
use crate::harness::topics::Topics;
use crate::harness::{broker, environment};
use std::collections::{BTreeMap, HashSet};
use std::path::Path;
use std::process::Output;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(120);

/// How the list of this test is read.
const FLAGS: [&str; 26] = [
    "--source",
    "old-crm",
    "--controller",
    "acme-ltd",
    "--brand",
    "acme",
    "--contact-id",
    "id",
    "--email",
    "mail",
    "--action-column",
    "status",
    "--action-value",
    "yes=opt_in",
    "--action-value",
    "no=opt_out",
    "--channel",
    "email",
    "--purpose",
    "marketing.newsletter",
    "--time-column",
    "when",
    "--evidence",
    "method=web_form",
    "--evidence",
    "notice_version=2019-04",
];

fn list(path: &Path, rows: &[(&Contact, &str)]) {
    let mut text = String::from("id;mail;status;when\n");
    for (contact, status) in rows {
        text += &format!("{};{};{status};2025-05-01T12:00:00Z\n", contact.id, contact.address);
    }
    std::fs::write(path, text).expect("the list can be written");
}

fn import(setup: &Setup, path: &Path, more: &[&str]) -> Output {
    let path = path.display().to_string();
    let mut arguments = vec!["import", path.as_str(), "--basis", "express"];
    arguments.extend(FLAGS);
    arguments.extend(more);
    setup.run(&arguments)
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&[&output.stdout[..], &output.stderr[..]].concat()).into_owned()
}

/// How often each reason was given, by the kind of contact.
fn reasons(records: &[Record]) -> BTreeMap<(String, String), usize> {
    let mut found = BTreeMap::new();
    for record in records {
        let key = String::from_utf8_lossy(record.key.as_deref().unwrap_or_default()).into_owned();
        let kind = key.rsplit_once('-').expect("a kind and a number").0.to_owned();
        let reason = record.header("gate-reason").expect("a reason").to_owned();
        *found.entry((kind, reason)).or_default() += 1;
    }
    found
}

#[test]
fn a_list_is_written_over_a_kill_heeded_and_taken_back() {
    let test = "a_list_is_written_over_a_kill_heeded_and_taken_back";
    let Some(broker) = broker::shared(test) else { return };
    let bootstrap = &broker.bootstrap;
    let topics = Topics::create(bootstrap, "import");
    let stage = Stage::new(bootstrap, &topics);
    let n = environment::count("IMPORTED", 1_000);
    let (agreeing, leaving) = (data::contacts("agreeing", n), data::contacts("leaving", n));
    // they agreed here; the list says that they left
    let before: Vec<_> = leaving
        .iter()
        .map(|contact| {
            stage.opt_in_record(contact, "2024-01-01T00:00:00Z".parse().expect("a time"))
        })
        .collect();
    stage.producer.send_all(&topics.consent_change, &before);
    let setup = Setup::new("import", bootstrap, &topics);
    let config = setup.write().display().to_string();
    let path = setup.dir.join("list.csv");
    let rows: Vec<(&Contact, &str)> = agreeing
        .iter()
        .map(|contact| (contact, "yes"))
        .chain(leaving.iter().map(|contact| (contact, "no")))
        .collect();
    list(&path, &rows);
    let n_before = read_all(bootstrap, &[&topics.consent_change]).len();

    // a look writes nothing; a refusal that nobody can read is an objection
    let looked = import(&setup, &path, &[]);
    assert_eq!(looked.status.code(), Some(0), "{}", text(&looked));
    assert!(!text(&looked).contains("@mail"), "{}", text(&looked));
    let broken = setup.dir.join("broken.csv");
    list(
        &broken,
        &[
            (&agreeing[0], "yes"),
            (&Contact { id: String::new(), address: "no-address".to_owned() }, "no"),
        ],
    );
    let objected = import(&setup, &broken, &["--write", "--id", "broken"]);
    assert_eq!(objected.status.code(), Some(1), "{}", text(&objected));
    assert!(text(&objected).contains("refusals could not be read"), "{}", text(&objected));
    assert_eq!(
        read_all(bootstrap, &[&topics.consent_change]).len(),
        n_before,
        "nothing is written"
    );

    // killed while it writes, and run again: each row is one event
    let mut command = std::process::Command::new(&setup.program);
    command.arg("import").arg(&path).args(["--basis", "express"]).args(FLAGS);
    command.args(["--write", "--id", "first", "-c", &config]);
    let mut child = command.stdout(std::process::Stdio::null()).spawn().expect("it runs");
    environment::wait_until("it writes", PATIENCE, || {
        child.try_wait().expect("a child").is_some()
            || read_all(bootstrap, &[&topics.consent_change]).len() > n_before
    });
    child.kill().ok();
    child.wait().expect("a child");
    let written = import(&setup, &path, &["--write", "--id", "first"]);
    assert_eq!(written.status.code(), Some(0), "{}", text(&written));
    let records = read_all(bootstrap, &[&topics.consent_change]);
    let ids: HashSet<String> = records
        .iter()
        .filter_map(|it| serde_json::from_slice::<serde_json::Value>(it.value.as_deref()?).ok())
        .filter_map(|it| {
            it["event_id"].as_str().filter(|id| id.starts_with("import:first:")).map(str::to_owned)
        })
        .collect();
    assert_eq!(ids.len(), 2 * n);
    let n_written = records.len();
    let again = import(&setup, &path, &["--write", "--id", "first"]);
    assert_eq!(again.status.code(), Some(0), "{}", text(&again));
    assert_eq!(
        read_all(bootstrap, &[&topics.consent_change]).len(),
        n_written,
        "it is whole already"
    );

    // the gate heeds it
    let gate = setup.spawn_ready();
    let during = During::follow(bootstrap, &topics.outputs());
    stage.message_all(&agreeing);
    stage.message_all(&leaving);
    environment::wait_until("all are decided", PATIENCE, || during.count() >= 2 * n);
    let of = |kind: &str, reason: &str| (kind.to_owned(), reason.to_owned());
    let expected =
        [(of("agreeing", "approved.express_consent"), n), (of("leaving", "blocked.opted_out"), n)];
    assert_eq!(reasons(&during.records()), BTreeMap::from(expected));

    // taken back: what it permitted is permitted no more, what it refused stays refused, and so does what was said since
    stage.refuse(&agreeing[0], 0);
    let undo = |more: &[&str]| {
        let mut arguments = vec!["import", "undo", "first"];
        arguments.extend(more);
        setup.run(&arguments)
    };
    let look = undo(&[]);
    assert_eq!(look.status.code(), Some(0), "{}", text(&look));
    assert_eq!(read_all(bootstrap, &[&topics.consent_change]).len(), n_written + 1, "a look");
    let undone = undo(&["--write"]);
    assert_eq!(undone.status.code(), Some(0), "{}", text(&undone));
    assert_eq!(undo(&["--write"]).status.code(), Some(0), "once more changes nothing");
    stage.message_all(&agreeing);
    stage.message_all(&leaving);
    environment::wait_until("all are decided", PATIENCE, || during.count() >= 4 * n);
    let later = reasons(&during.records()[2 * n..]);
    let expected = [
        (of("agreeing", "blocked.consent_expired"), n - 1),
        (of("agreeing", "blocked.opted_out"), 1),
        (of("leaving", "blocked.opted_out"), n),
    ];
    assert_eq!(later, BTreeMap::from(expected));
    gate.stop();
}

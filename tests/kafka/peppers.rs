//! All instances of a group have one pepper. Whoever comes with another one does not start, says so and what to do, and
//! what it says can be done.

use crate::frequency_caps::Scene;
use crate::harness::broker;
use crate::harness::gate::{Gate, Setup};
use crate::harness::produce::{Outgoing, Plain};
use crate::harness::readers::{Record, read_all};
use crate::harness::topics::{self, MESSAGE_PARTITIONS, Topics};
use std::os::unix::fs::PermissionsExt as _;
use std::process::Output;
use std::time::{Duration, Instant};

/// Under it lies what says which pepper is in force; part of what is in Kafka, so it does not change.
pub(crate) const ANNOUNCEMENT: &[u8] = b"pepper-in-force\0";
const PATIENCE: Duration = Duration::from_secs(90);

/// An instance of the same group with a pepper of its own.
fn stranger(setup: &Setup, instance_id: &str) -> Setup {
    let mut other = setup.sibling(instance_id);
    other.pepper = other.dir.join("pepper");
    other
}

/// Gives it this pepper before its first start.
fn give_pepper(setup: &Setup, byte: u8) {
    std::fs::write(&setup.pepper, [byte; 32]).unwrap();
    let only_me = std::fs::Permissions::from_mode(0o600);
    std::fs::set_permissions(&setup.pepper, only_me).unwrap();
}

fn text(output: &Output) -> String {
    let (out, err) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    format!("{out}{err}")
}

/// The line of `doctor` about the group's pepper.
fn verdict(setup: &Setup) -> (Option<i32>, String) {
    let said = setup.run(&["doctor"]);
    let all = text(&said);
    let line = all.lines().find(|line| line.contains("pepper of the group"));
    (said.status.code(), line.unwrap_or(&all).to_owned())
}

#[test]
fn of_two_peppers_that_start_together_one_is_heard() {
    let test = "of_two_peppers_that_start_together_one_is_heard";
    let Some(broker) = broker::shared(test) else { return };
    let topics = Topics::create(&broker.bootstrap, "peppers");
    let first = Setup::new("peppers", &broker.bootstrap, &topics);
    let setups = [first.clone(), stranger(&first, "gate-2")];
    give_pepper(&setups[0], 7);
    give_pepper(&setups[1], 8);
    let mut gates = setups.each_ref().map(Setup::spawn);
    let began = Instant::now();
    let (ready, refused) = loop {
        assert!(began.elapsed() < PATIENCE, "nobody gets ready and nobody refuses");
        let ended = gates.each_mut().map(Gate::exited);
        match (ended, gates.each_ref().map(Gate::is_ready)) {
            ([None, Some(code)], [true, _]) => break (0, (1, code)),
            ([Some(code), None], [_, true]) => break (1, (0, code)),
            ([Some(_), Some(_)], _) => panic!("both refuse"),
            _ => std::thread::sleep(Duration::from_millis(20)),
        }
    };
    let (loser, code) = refused;
    let log = gates[loser].log_text();
    assert_eq!(code, Some(78), "{log}");
    assert!(log.contains("is another pepper (fingerprint "), "{log}");
    assert!(log.contains("topics create"), "it says what can be done: {log}");
    let announced: Vec<Record> = read_all(&broker.bootstrap, &[&topics.sent_log]);
    assert_eq!(announced.len(), 1, "one of them was heard: {announced:?}");
    assert_eq!(announced[0].key.as_deref(), Some(ANNOUNCEMENT));
    let value = announced[0].value.as_deref().unwrap();
    let is_pepper = |part: &[u8]| part == [7; 8] || part == [8; 8];
    assert!(!value.windows(8).any(is_pepper), "no part of a pepper leaves the gate");
    assert_eq!(verdict(&setups[ready]).0, Some(0));
    let (code, line) = verdict(&setups[loser]);
    assert_eq!((code, line.starts_with("FAIL")), (Some(78), true), "{line}");

    // what it says can be done, with the pepper of the one that had to go
    let [mut a, mut b] = gates;
    let running = if ready == 0 { &mut a } else { &mut b };
    running.signal("TERM");
    assert_eq!(running.wait_exit(), Some(0));
    topics::delete(&broker.bootstrap, &[&topics.sent_log]);
    let made = setups[loser].run(&["topics", "create"]);
    assert_eq!(made.status.code(), Some(0), "{}", text(&made));
    setups[loser].spawn_ready().stop();
    let mut gate = setups[ready].spawn();
    assert_eq!(gate.wait_exit(), Some(78), "now it is the other way round: {}", gate.log_text());
}

#[test]
fn two_that_start_together_are_no_error() {
    let test = "two_that_start_together_are_no_error";
    let Some(broker) = broker::shared(test) else { return };
    let topics = Topics::create(&broker.bootstrap, "together");
    let first = Setup::new("together", &broker.bootstrap, &topics);
    give_pepper(&first, 7);
    let setups = [first.clone(), first.sibling("gate-2"), first.sibling("gate-3")];
    let mut gates = setups.map(|setup| setup.spawn());
    gates.iter_mut().for_each(Gate::wait_ready);
    for gate in gates {
        let log = gate.log_text();
        gate.stop();
        // who loses the race for the fence is told so by its client, which calls that an error; the gate goes on
        let is_fenced = |line: &str| {
            line.contains("\"target\":\"librdkafka\"")
                && (line.contains("fenced by a newer instance") || line.contains("an old epoch"))
        };
        let errors = log.lines().filter(|line| line.contains("\"ERROR\"") && !is_fenced(line));
        let errors: Vec<&str> = errors.collect();
        assert!(errors.is_empty(), "{errors:#?}");
        assert!(log.contains("\"INFO\""), "a log as it is looked for: {log}");
    }
}

#[test]
fn a_changelog_without_announcement_says_it_by_its_rows() {
    let test = "a_changelog_without_announcement_says_it_by_its_rows";
    let Some(broker) = broker::shared(test) else { return };
    let mut scene = Scene::new(&broker.bootstrap, "cap-pepper");
    let people = scene.people("cap-pepper", 20);
    let send_each = |scene: &Scene| {
        people.iter().for_each(|contact| {
            scene.send(contact).wait();
        });
    };
    let gate = scene.setup.spawn_ready();
    send_each(&scene);
    scene.drained();
    gate.stop();
    let (mine, theirs) = (scene.setup.clone(), stranger(&scene.setup, "gate-1"));
    let rows = read_all(&broker.bootstrap, &[&mine.topics.sent_log]);
    let rows: Vec<&Record> =
        rows.iter().filter(|row| row.key.as_deref() != Some(ANNOUNCEMENT)).collect();
    assert_eq!(rows.len(), people.len());
    let producer = Plain::new(&broker.bootstrap);
    let fill = |topic: &str| {
        for row in &rows {
            let Record { partition, key, value, .. } = (*row).clone();
            let partition = Some(partition);
            producer.send(topic, &Outgoing { partition, key, value, ..Outgoing::default() });
        }
    };

    // as a former version left it: refused, and no pepper is made for it
    let before = format!("{}-before", mine.topics.sent_log);
    topics::create_compacted(&broker.bootstrap, &[(&before, MESSAGE_PARTITIONS)]);
    fill(&before);
    let mut other = theirs.clone();
    other.topics.sent_log = before;
    let mut gate = other.spawn();
    assert_eq!(gate.wait_exit(), Some(78), "{}", gate.log_text());
    assert!(gate.log_text().contains("there is no pepper at"), "{}", gate.log_text());
    assert!(!other.pepper.exists(), "a new one would be another one");
    let (code, line) = verdict(&other);
    assert_eq!((code, line.starts_with("FAIL")), (Some(78), true), "{line}");

    // as two of a former version left it: whoever finds rows of its own holds where it cannot count
    let mixed = format!("{}-mixed", mine.topics.sent_log);
    topics::create_compacted(&broker.bootstrap, &[(&mixed, MESSAGE_PARTITIONS)]);
    other.topics.sent_log = mixed.clone();
    other.spawn_ready().stop();
    fill(&mixed);
    let gate = other.spawn();
    let seen = scene.count();
    send_each(&scene);
    let why = || gate.get("/readyz").map(|(_, body)| body).unwrap_or_default();
    crate::harness::environment::wait_until("it holds and says why", PATIENCE, || {
        why().contains("was written with another pepper")
    });
    assert!(why().contains("delete the topic"), "{}", why());
    assert_eq!(scene.count(), seen, "nothing is decided");
    let (code, line) = verdict(&other);
    assert_eq!((code, line.starts_with("FAIL")), (Some(78), true), "{line}");
    gate.stop();

    scene.setup = mine;
    let gate = scene.setup.spawn_ready();
    scene.drained();
    gate.stop();
    scene.assert_capped();
}

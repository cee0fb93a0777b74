//! The operators' desk: records nobody can read are shown, corrected and skipped; doubtful texts are worked off.
//! One gate for all of it, so that a hold of one chapter would be seen in the next.

use crate::harness::data::{self, Contact};
use crate::harness::drain::drained;
use crate::harness::gate::{Gate, Setup};
use crate::harness::load::Stage;
use crate::harness::produce::{Acked, Outgoing};
use crate::harness::readers::{During, read_all};
use crate::harness::topics::Topics;
use crate::harness::{broker, environment};
use serde_json::{Value, json};
use std::process::Output;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(60);
const WHO: [&str; 4] = ["--operator", "casey", "--reason", "test of the desk"];

struct Desk<'a> {
    setup: &'a Setup,
    stage: &'a Stage,
    during: &'a During,
    gate: &'a Gate,
}

#[test]
fn unreadable_changes_and_doubtful_texts_are_worked_off() {
    let Some(broker) = broker::shared("unreadable_changes_and_doubtful_texts_are_worked_off")
    else {
        return;
    };
    let bootstrap = &broker.bootstrap;
    let topics = Topics::create(bootstrap, "desk");
    let stage = Stage::new(bootstrap, &topics);
    let during = During::follow(bootstrap, &topics.outputs());
    let people = data::contacts("desk", 4);
    stage.opt_in(&people);
    let setup = Setup::new("desk", bootstrap, &topics);
    let gate = setup.spawn_ready();
    let desk = Desk { setup: &setup, stage: &stage, during: &during, gate: &gate };
    desk.a_correction_counts(&people[0], &people[1]);
    desk.a_class_is_skipped(&people[1]);
    desk.a_text_is_worked_off(&people[2], &people[3]);
    gate.stop();
    let log = std::fs::read_to_string(setup.log()).unwrap_or_default();
    assert!(!log.contains("mail.example.org"), "no address in the log");
}

impl Desk<'_> {
    fn run(&self, arguments: &[&str]) -> (Option<i32>, String) {
        let Output { status, stdout, stderr } = self.setup.run(arguments);
        let text = String::from_utf8_lossy(&stdout) + String::from_utf8_lossy(&stderr);
        let text = text.into_owned();
        println!("$ consent-gate {}\n{text}", arguments.join(" "));
        (status.code(), text)
    }

    fn lines(&self, arguments: &[&str]) -> Vec<Value> {
        let (_, text) = self.run(arguments);
        text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    /// What nobody can attribute, all of it into one partition.
    fn riddle(&self, value: &str) -> Acked {
        let record = Outgoing {
            partition: Some(0),
            value: Some(value.as_bytes().to_vec()),
            ..Outgoing::default()
        };
        self.stage.producer.send(&self.stage.topics.consent_change, &record)
    }

    fn open(&self) -> Vec<Value> {
        self.lines(&["consent", "show", "--open", "--json"])
    }

    fn wait_open(&self, n: usize) {
        environment::wait_until(&format!("{n} dead letters are open"), PATIENCE, || {
            self.open().len() == n
        });
    }

    fn reason_of(&self, contact: &Contact) -> String {
        let id = self.stage.message(contact);
        drained(self.stage, self.during);
        let all = self.during.records();
        let own = all.iter().find(|record| {
            record.header(crate::harness::ledger::TEST_ID) == Some(id.to_string().as_str())
        });
        own.and_then(|record| record.header("gate-reason")).unwrap_or("none").to_owned()
    }

    fn a_correction_counts(&self, refuser: &Contact, other: &Contact) {
        let broken =
            format!(r#"{{"event_id": "e", "action": "opt_out", "who": "{}"}}"#, refuser.id);
        let place = self.riddle(&broken);
        self.wait_open(1);
        let [partition, offset] = [place.partition.to_string(), place.offset.to_string()];
        let at = ["--partition", &partition, "--offset", &offset];
        let (code, text) = self.run(&[&["consent", "show"][..], &at].concat());
        assert_eq!(code, Some(0), "{text}");
        for says in ["everybody", "a JSON object", "consent correct"] {
            assert!(text.contains(says), "{says} is not in {text}");
        }
        assert!(!text.contains(&refuser.id), "what it says is not shown: {text}");
        let (_, value) = self.run(&[&["consent", "show", "--value"][..], &at].concat());
        assert!(value.contains(&broken) && value.contains("personal data"), "{value}");

        let file = self.setup.dir.join("corrected.json");
        let path = file.display().to_string();
        let correct = |change: &Value, further: &[&str]| {
            std::fs::write(&file, data::bytes(change)).expect("a file can be written");
            let base = ["consent", "correct", "--file", &path];
            self.run(&[&base[..], &at, &WHO, further].concat())
        };
        let permits = refuser.opt_in("corrected", jiff::Timestamp::now());
        let (code, text) = correct(&permits, &[]);
        assert!(code == Some(64) && text.contains("--grants"), "{text}");
        let form = crate::harness::data::Refusal::Full;
        let refusal = refuser.refusal(form, "corrected", jiff::Timestamp::now());
        let (code, text) = correct(&refusal, &["--dry-run"]);
        assert!(code == Some(0) && text.contains("nothing is written"), "{text}");
        assert_eq!(self.open().len(), 1, "a dry run releases nothing");
        let (code, text) = correct(&refusal, &[]);
        assert_eq!(code, Some(0), "{text}");
        let (code, text) = correct(&refusal, &[]);
        assert!(code == Some(64) && text.contains("released already"), "{text}");
        environment::wait_until("ready again", PATIENCE, || self.gate.is_ready());
        assert_eq!(self.reason_of(refuser), "blocked.opted_out");
        assert_eq!(self.reason_of(other), "approved.express_consent");
    }

    fn a_class_is_skipped(&self, other: &Contact) {
        let valid = self.stage.opt_in_record(other, data::yesterday());
        let valid = Outgoing { partition: Some(0), ..valid };
        let valid = self.stage.producer.send(&self.stage.topics.consent_change, &valid);
        self.riddle("no JSON at all");
        self.riddle("nor this");
        // the gate stands at the first and has put the second aside as well
        self.wait_open(2);
        let class = self.open()[0]["class"].as_str().expect("a class").to_owned();
        let skip = |which: &[&str]| self.run(&[&["consent", "skip"][..], which, &WHO].concat());
        let [partition, offset] = [valid.partition.to_string(), valid.offset.to_string()];
        let (code, text) = skip(&["--partition", &partition, "--offset", &offset]);
        assert!(code == Some(64) && text.contains("nothing to skip"), "a valid record: {text}");
        let (code, text) = skip(&["--class", &class, "--dry-run"]);
        assert!(code == Some(0) && text.contains("nothing is written"), "{text}");
        assert_eq!(self.open().len(), 2, "a dry run releases nothing");
        let (code, text) = skip(&["--class", &class]);
        assert!(code == Some(0) && text.contains("2 records released by casey"), "{text}");
        assert!(self.open().is_empty(), "both are released at once");
        environment::wait_until("ready again", PATIENCE, || self.gate.is_ready());
        assert_eq!(self.reason_of(other), "approved.express_consent");
        let letters = read_all(&self.stage.bootstrap, &[&self.stage.topics.dead_letter]);
        let releases = letters.iter().filter(|letter| letter.header("gate-release").is_some());
        assert_eq!(releases.count(), 3, "one release each, audited");
    }

    fn a_text_is_worked_off(&self, refuser: &Contact, other: &Contact) {
        let text = |contact: &Contact| {
            let change = json!({
                "event_id": self.stage.event_id(), "occurred_at": jiff::Timestamp::now().to_string(),
                "action": "inbound_sms", "contact_id": contact.id, "address": contact.address, "channel": "email",
                "to": "+447700900999", "controller": "acme-ltd", "brand": "acme", "text": "cancel my order",
            });
            let record = Outgoing::new(contact.id.as_bytes(), data::bytes(&change));
            self.stage.producer.send(&self.stage.topics.consent_change, &record)
        };
        let (asks, asks_not) = (text(refuser), text(other));
        let list = || self.lines(&["consent", "review", "--list", "--json"]);
        environment::wait_until("two texts wait", PATIENCE, || list().len() == 2);
        let (_, shown) = self.run(&["consent", "review", "--list"]);
        assert!(shown.contains("+447700900999"), "{shown}");
        assert!(!shown.contains(&refuser.address) && !shown.contains("cancel"), "{shown}");
        let resolve = |place: Acked, verdict: &str| {
            let [partition, offset] = [place.partition.to_string(), place.offset.to_string()];
            let which = ["--partition", &partition, "--offset", &offset, "--as", verdict];
            self.run(&[&["consent", "review"][..], &which, &WHO].concat())
        };
        let (code, said) = resolve(asks, "opt_out");
        assert_eq!(code, Some(0), "{said}");
        let (code, said) = resolve(asks_not, "none");
        assert_eq!(code, Some(0), "{said}");
        let (code, said) = resolve(asks, "opt_out");
        assert!(code == Some(64) && said.contains("already"), "{said}");
        assert_eq!(list().len(), 0);
        assert_eq!(self.reason_of(refuser), "blocked.opted_out");
        assert_eq!(self.reason_of(other), "approved.express_consent");
        let queue = read_all(&self.stage.bootstrap, &[&self.stage.topics.review]);
        assert_eq!(queue.len(), 4, "two texts and what was said about them");
    }
}

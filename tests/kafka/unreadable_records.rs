//! Records that nobody can read among 2,000 good ones, on both topics, in JSON and in Avro.
//!
//! A message: exactly one `blocked.invalid_message` with its class. A consent change: exactly one record
//! in `consent-dead-letter`, byte for byte, and its contact is blocked until a later valid event. Their
//! neighbours: as if nothing had happened.

use crate::harness::avro::Schema;
use crate::harness::broker::{self, Broker};
use crate::harness::data::{self, Contact};
use crate::harness::drain::drained;
use crate::harness::gate::Setup;
use crate::harness::ledger::TEST_ID;
use crate::harness::load::Stage;
use crate::harness::oracle;
use crate::harness::produce::Outgoing;
use crate::harness::random::Random;
use crate::harness::readers::{During, Record, read_all};
use crate::harness::topics::Topics;
use crate::harness::unreadable::{self, Avro, Kind, Unreadable};
use crate::harness::{environment, figures, registry};
use serde_json::Value;
use std::collections::HashMap;
use std::time::{Duration, Instant};

#[test]
fn unreadable_json() {
    let Some(broker) = broker::shared("unreadable_json") else {
        return;
    };
    run(broker, "unreadable_json", &Format::Json, None);
}

#[test]
fn unreadable_avro() {
    let test = "unreadable_avro";
    let (Some(broker), Some(url)) = (broker::shared(test), registry::shared(test)) else {
        return;
    };
    let schema = |name: &str| {
        let path = environment::repository().join("schemas").join(name);
        std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    };
    let texts = [schema("consent-change.avsc"), schema("outbound-message.avsc")];
    let other = r#"{"type":"record","name":"Other","fields":[{"name":"x","type":"long"}]}"#;
    let [consent_id, message_id] =
        [0, 1].map(|n| registry::register(url, &format!("{test}-{n}-value"), &texts[n]));
    let format = Format::Avro {
        consent: Schema::parse(&texts[0]),
        message: Schema::parse(&texts[1]),
        consent_id,
        message_id,
        other_id: registry::register(url, "other-value", other),
    };
    run(broker, test, &format, Some(url));
}

enum Format {
    Json,
    Avro { consent: Schema, message: Schema, consent_id: u32, message_id: u32, other_id: u32 },
}

impl Format {
    fn names(&self) -> (&'static str, &'static str) {
        match self {
            Self::Json => ("json", "json"),
            Self::Avro { .. } => ("avro", "avro"),
        }
    }

    fn consent(&self, change: &Value) -> Vec<u8> {
        match self {
            Self::Json => data::bytes(change),
            Self::Avro { consent, consent_id, .. } => consent.framed(*consent_id, change),
        }
    }

    fn message(&self, value: &Value) -> Vec<u8> {
        match self {
            Self::Json => data::bytes(value),
            Self::Avro { message, message_id, .. } => message.framed(*message_id, value),
        }
    }

    /// One of each kind, with a contact of its own.
    fn unreadable(&self, kind: Kind) -> Vec<(Contact, Unreadable)> {
        let mut n = 0;
        let contact = || {
            n += 1;
            Contact::new(&format!("{kind:?}-{n}").to_lowercase())
        };
        match self {
            Self::Json => unreadable::json(kind, contact),
            Self::Avro { consent, message, consent_id, message_id, other_id } => {
                let (schema, id, swapped_id) = match kind {
                    Kind::Consent => (consent, *consent_id, *message_id),
                    Kind::Message => (message, *message_id, *consent_id),
                };
                let avro = Avro { schema, id, other_id: *other_id, swapped_id };
                unreadable::avro(kind, &avro, contact)
            }
        }
    }
}

/// One test's people and helpers.
struct Scene<'a> {
    stage: Stage,
    format: &'a Format,
    good: Vec<Contact>,
    victims: Vec<(Contact, Unreadable)>,
    riddles: Vec<(Contact, Unreadable)>,
}

fn run(broker: &Broker, test: &str, format: &Format, registry: Option<&str>) {
    let bootstrap = &broker.bootstrap;
    let mut random = Random::new(test);
    let topics = Topics::create(bootstrap, test);
    let n_good = environment::count("GOOD", 2000);
    let scene = Scene {
        stage: Stage::new(bootstrap, &topics),
        format,
        good: data::contacts("good", n_good),
        victims: format.unreadable(Kind::Consent),
        riddles: format.unreadable(Kind::Message),
    };
    let during = During::follow(bootstrap, &topics.outputs());
    let mut setup = Setup::new(test, bootstrap, &topics);
    setup.formats = format.names();
    setup.registry = registry.map(str::to_owned);
    let gate = setup.spawn_ready();

    let victims: Vec<Contact> = scene.victims.iter().map(|(contact, _)| contact.clone()).collect();
    scene.opt_in(&victims, &mut random, Vec::new());
    // receipt times have milliseconds: what comes later must be later
    std::thread::sleep(Duration::from_millis(20));
    scene.opt_in(&scene.good, &mut random, scene.unreadable_consent());
    let blocked_ids = scene.messages(&mut random, &victims);
    drained(&scene.stage, &during);

    std::thread::sleep(Duration::from_millis(20));
    scene.opt_in(&victims, &mut random, Vec::new());
    let approved_ids = scene.send(victims.iter().map(|contact| scene.message(contact)).collect());
    drained(&scene.stage, &during);
    gate.stop();

    let findings = oracle::examine_logs(bootstrap, &topics, &during, &scene.stage.ledger);
    let mut numbers = findings.figures();
    numbers["unreadable_messages"] = scene.riddles.len().into();
    numbers["unreadable_consent_changes"] = scene.victims.len().into();
    figures::record(test, numbers);
    findings.assert_clean();
    let answers = by_test_id(during.records());
    scene.check_riddles(&answers);
    for id in blocked_ids {
        assert_eq!(reason(&answers, id), "blocked.consent_unreadable");
    }
    for id in approved_ids {
        assert_eq!(
            reason(&answers, id),
            "approved.express_consent",
            "a later valid event ends the block"
        );
    }
    scene.check_dead_letters(&read_all(bootstrap, &[&topics.dead_letter]));
}

fn by_test_id(records: Vec<Record>) -> HashMap<u64, Record> {
    let id = |record: &Record| record.header(TEST_ID).and_then(|id| id.parse().ok());
    records.into_iter().filter_map(|record| Some((id(&record)?, record))).collect()
}

fn reason(answers: &HashMap<u64, Record>, id: u64) -> &str {
    answers[&id].header("gate-reason").unwrap_or("no reason")
}

fn shuffle<T>(items: &mut [T], random: &mut Random) {
    for at in (1..items.len()).rev() {
        items.swap(at, random.range(0, at + 1));
    }
}

impl Scene<'_> {
    /// The unreadable consent changes; each is a possible refusal of the contact its key names.
    fn unreadable_consent(&self) -> Vec<Outgoing> {
        let records = self.victims.iter().map(|(contact, unreadable)| Outgoing {
            key: Some(contact.id.clone().into_bytes()),
            value: unreadable.value.clone(),
            ..Outgoing::default()
        });
        records.collect()
    }

    /// Opt-ins of `people` with other records strewn among them.
    fn opt_in(&self, people: &[Contact], random: &mut Random, strewn: Vec<Outgoing>) {
        let victims = !strewn.is_empty();
        let mut records: Vec<_> = people
            .iter()
            .map(|contact| {
                let change = contact.opt_in(&self.stage.event_id(), data::yesterday());
                Outgoing::new(contact.id.as_bytes(), self.format.consent(&change))
            })
            .collect();
        records.extend(strewn);
        shuffle(&mut records, random);
        let sent = Instant::now();
        self.stage.producer.send_all(&self.stage.topics.consent_change, &records);
        let acked = Instant::now();
        for contact in people {
            self.stage.ledger.permitted(&contact.id, sent, acked);
        }
        if victims {
            for (contact, _) in &self.victims {
                self.stage.ledger.refused(&contact.id, sent, acked);
            }
        }
    }

    fn message(&self, contact: &Contact) -> (u64, Outgoing) {
        let id = self.stage.ledger.message(&contact.id);
        let value = self.format.message(&contact.message(&format!("message-{id}"), 0));
        (id, Outgoing::new(contact.id.as_bytes(), value).header(TEST_ID, id.to_string()))
    }

    fn send(&self, messages: Vec<(u64, Outgoing)>) -> Vec<u64> {
        let (ids, records): (Vec<_>, Vec<_>) = messages.into_iter().unzip();
        self.stage.producer.send_all(&self.stage.topics.outbound, &records);
        ids
    }

    /// Good messages, unreadable ones and messages to victims, mixed; the ids of the last.
    fn messages(&self, random: &mut Random, victims: &[Contact]) -> Vec<u64> {
        let to_victims: Vec<_> = victims.iter().map(|contact| self.message(contact)).collect();
        let ids = to_victims.iter().map(|(id, _)| *id).collect();
        let mut all = to_victims;
        all.extend(self.good.iter().map(|contact| self.message(contact)));
        all.extend(self.riddles.iter().enumerate().map(|(n, (contact, unreadable))| {
            let id = self.stage.ledger.unreadable_message();
            let record = Outgoing {
                key: Some(contact.id.clone().into_bytes()),
                value: unreadable.value.clone(),
                ..Outgoing::default()
            };
            (id, record.header(TEST_ID, id.to_string()).header("riddle", n.to_string()))
        }));
        shuffle(&mut all, random);
        self.send(all);
        ids
    }

    fn check_riddles(&self, answers: &HashMap<u64, Record>) {
        let of_riddles = answers.values().filter_map(|record| {
            let n: usize = record.header("riddle")?.parse().ok()?;
            Some((n, record))
        });
        let of_riddles: HashMap<usize, &Record> = of_riddles.collect();
        for (n, (_, unreadable)) in self.riddles.iter().enumerate() {
            let name = &unreadable.name;
            let answer = of_riddles.get(&n).unwrap_or_else(|| panic!("{name}: no answer"));
            assert_eq!(answer.header("gate-reason"), Some("blocked.invalid_message"), "{name}");
            let decision: Value =
                serde_json::from_str(answer.header("gate-decision").unwrap_or("")).unwrap();
            let class = decision["detail"]["class"].as_str().unwrap_or("");
            assert!(!class.is_empty(), "{name}: the decision names no detail.class: {decision}");
        }
    }

    fn check_dead_letters(&self, letters: &[Record]) {
        let mut faults = Vec::new();
        for (contact, unreadable) in &self.victims {
            let key = Some(contact.id.as_bytes());
            let own: Vec<_> =
                letters.iter().filter(|letter| letter.key.as_deref() == key).collect();
            let name = &unreadable.name;
            match own.as_slice() {
                [letter] if letter.value != unreadable.value => {
                    faults.push(format!("{name}: other bytes"))
                }
                [letter] if letter.header("gate-detail").is_none() => {
                    faults.push(format!("{name}: no gate-detail"))
                }
                [_] => {}
                others => faults.push(format!("{name}: {} dead letters", others.len())),
            }
        }
        if letters.len() != self.victims.len() {
            faults.push(format!(
                "{} dead letters for {} records",
                letters.len(),
                self.victims.len()
            ));
        }
        assert!(faults.is_empty(), "{faults:#?}");
    }
}

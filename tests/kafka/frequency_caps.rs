//! Frequency caps and "once" rules are exact: concurrent candidates, crashes, rebalances and a lost local store
//! leave exactly as many approvals as the cap allows, never one more and never one less.
//!
//! The packs are the program's own with one addition: three e-mails of a sender a day in GB.

use crate::harness::data::{self, Contact};
use crate::harness::gate::{Gate, Setup};
use crate::harness::load::Stage;
use crate::harness::packs::Packs;
use crate::harness::produce::{Outgoing, Receipt};
use crate::harness::proxy::{Plan, Stage as Progress};
use crate::harness::random::Random;
use crate::harness::readers::{During, read_all};
use crate::harness::topics::Topics;
use crate::harness::{broker, environment, figures};
use crate::late_end_txn;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// E-mails a sender may send a day.
pub(crate) const CAP: usize = 3;
const PATIENCE: Duration = Duration::from_secs(90);

/// A copy of the packs with the cap.
fn policies() -> PathBuf {
    let packs = Packs::export("policies");
    let additions = "\nadditions:\n";
    let cap = format!(
        "{additions}  - id: test-cap\n    law: product rule\n    status: [P]\n    channels: [email]\n    frequency:\n      - {{count: {CAP}, window: PT24H, per: sender}}\n\n"
    );
    let pack = packs.read("GB.yaml");
    assert!(pack.contains(additions), "the pack has additions");
    packs.replace("GB.yaml", &pack.replacen(additions, &cap, 1));
    packs.0
}

/// Topics, a producer, a reader and the settings of a gate.
pub(crate) struct Scene {
    stage: Stage,
    during: During,
    pub(crate) setup: Setup,
    n_sent: AtomicUsize,
}

impl Scene {
    /// Its own topics on that broker, with the cap.
    pub(crate) fn new(bootstrap: &str, test: &str) -> Self {
        Self::on(Topics::create(bootstrap, test), bootstrap, test)
    }

    /// On these topics; messages go to each of them in turns.
    pub(crate) fn on(topics: Topics, bootstrap: &str, test: &str) -> Self {
        let stage = Stage::new(bootstrap, &topics);
        let during = During::follow(bootstrap, &topics.outputs());
        let mut setup = Setup::new(test, bootstrap, &topics);
        setup.policies = Some(policies());
        Self { stage, during, setup, n_sent: AtomicUsize::new(0) }
    }

    /// People who have opted in.
    pub(crate) fn people(&self, test: &str, n: usize) -> Vec<Contact> {
        let people = data::contacts(test, n);
        self.stage.opt_in(&people);
        people
    }

    /// A newsletter with an id of its own, not waited for.
    pub(crate) fn send(&self, contact: &Contact) -> Receipt {
        let n = self.n_sent.fetch_add(1, Ordering::Relaxed);
        let message = contact.message(&format!("message-{n}"), 0);
        let record = Outgoing::new(contact.id.as_bytes(), data::bytes(&message));
        self.stage.producer.start(self.stage.topics.input(n), &record)
    }

    /// A message under that key.
    pub(crate) fn send_value(&self, key: &str, message: &Value) {
        self.send_record(&Outgoing::new(key.as_bytes(), data::bytes(message)));
    }

    /// A message with whatever headers.
    pub(crate) fn send_record(&self, record: &Outgoing) {
        self.n_sent.fetch_add(1, Ordering::Relaxed);
        self.stage.producer.send(&self.stage.topics.outbound, record);
    }

    /// Waits until every message has its answer.
    pub(crate) fn drained(&self) {
        let wanted = self.n_sent.load(Ordering::Relaxed);
        let what = "every message is decided";
        environment::wait_for_progress(what, wanted, PATIENCE, || self.during.count());
    }

    /// How many decisions there are.
    pub(crate) fn count(&self) -> usize {
        self.during.count()
    }

    /// The reasons of the decisions, by record key; one decision for each message.
    fn reasons(&self) -> BTreeMap<String, Vec<String>> {
        let records = read_all(&self.stage.bootstrap, &self.stage.topics.outputs());
        let mut places: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for record in &records {
            let source = record.header("gate-source").expect("each decision names its source");
            let (place, decision) = (record.place(), record.header("gate-decision"));
            places.entry(source).or_default().push(format!("{place} {}", decision.unwrap_or("-")));
        }
        places.retain(|_, of_one| of_one.len() > 1);
        assert!(places.is_empty(), "{} messages were decided twice: {places:#?}", places.len());
        assert_eq!(records.len(), self.n_sent.load(Ordering::Relaxed), "a message has no decision");
        let mut reasons: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for record in &records {
            let key = String::from_utf8_lossy(record.key.as_deref().unwrap()).into_owned();
            reasons.entry(key).or_default().push(record.header("gate-reason").unwrap().to_owned());
        }
        reasons
    }

    /// As [`Scene::assert_capped`], for these people alone.
    pub(crate) fn assert_capped_of(&self, people: &[Contact]) -> usize {
        self.assert_capped_where(|key| people.iter().any(|contact| contact.id == key))
    }

    /// Each recipient got what the cap allows; how many were over it.
    pub(crate) fn assert_capped(&self) -> usize {
        self.assert_capped_where(|_| true)
    }

    fn assert_capped_where(&self, which: impl Fn(&str) -> bool) -> usize {
        let mut n_capped = 0;
        for (key, reasons) in self.reasons().into_iter().filter(|(key, _)| which(key)) {
            let count = |wanted: &str| reasons.iter().filter(|r| *r == wanted).count();
            let n_approved = count("approved.express_consent");
            let n_blocked = count("blocked.frequency_cap");
            assert_eq!(n_approved, reasons.len().min(CAP), "approvals of {key}: {reasons:?}");
            assert_eq!(n_approved + n_blocked, reasons.len(), "{key}: {reasons:?}");
            n_capped += usize::from(n_blocked > 0);
        }
        n_capped
    }
}

/// About 400 messages a second to a window of recipients that moves on: at any moment some twenty of them have
/// been counted in part.
struct Stream {
    stop: Arc<AtomicBool>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Stream {
    fn start(scene: &Arc<Scene>, people: Vec<Contact>, mut random: Random) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let thread = {
            let (scene, stop) = (Arc::clone(scene), Arc::clone(&stop));
            std::thread::spawn(move || {
                let began = Instant::now();
                let mut receipts = Vec::new();
                while !stop.load(Ordering::Relaxed) {
                    let first = receipts.len() / 8 % people.len();
                    let contact = &people[(first + random.range(0, 20)) % people.len()];
                    receipts.push(scene.send(contact));
                    let due = Duration::from_secs_f64(receipts.len() as f64 / 400.0);
                    std::thread::sleep(due.saturating_sub(began.elapsed()));
                }
                receipts.iter().for_each(|receipt| {
                    receipt.wait();
                });
            })
        };
        Self { stop, thread: Some(thread) }
    }

    fn finish(mut self) {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.take().unwrap().join().unwrap();
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

#[test]
fn frequency_of_concurrent_messages_is_capped_exactly() {
    let test = "frequency_of_concurrent_messages_is_capped_exactly";
    let Some(broker) = broker::shared(test) else { return };
    // one large batch, and many small ones
    for batch in ["10000", "7"] {
        let mut scene = Scene::new(&broker.bootstrap, "caps");
        let variable = ("CONSENT_GATE__BATCH__MESSAGES_MAX".to_owned(), batch.to_owned());
        scene.setup.environment.push(variable);
        let people = scene.people("capped", 6);
        for contact in &people {
            let receipts: Vec<_> = (0..100).map(|_| scene.send(contact)).collect();
            receipts.iter().for_each(|receipt| {
                receipt.wait();
            });
        }
        let gate = scene.setup.spawn_ready();
        scene.drained();
        // and across batches, while it runs
        people.iter().for_each(|contact| {
            scene.send(contact).wait();
        });
        scene.drained();
        gate.stop();
        assert_eq!(scene.assert_capped(), people.len());
    }
}

#[test]
fn frequency_caps_survive_kills() {
    let Some(broker) = broker::shared("frequency_caps_survive_kills") else { return };
    let n_kills = environment::count("CAP_KILLS", 6);
    let mut random = Random::new("frequency_caps_survive_kills");
    let scene = Arc::new(Scene::new(&broker.bootstrap, "cap-kills"));
    let people = scene.people("cap-killed", 3000);
    let mut gate = scene.setup.spawn_ready();
    let stream = Stream::start(&scene, people, Random::seeded(random.next()));
    let mut recoveries = Vec::new();
    for _ in 0..n_kills {
        std::thread::sleep(Duration::from_millis(random.range(200, 2_000) as u64));
        gate.kill();
        let (seen, began) = (scene.during.count(), Instant::now());
        gate = scene.setup.spawn();
        environment::wait_until("decisions after a kill", PATIENCE, || {
            assert_eq!(gate.exited(), None, "the gate ended by itself");
            scene.during.count() > seen
        });
        recoveries.push(began.elapsed());
    }
    stream.finish();
    scene.drained();
    gate.stop();
    let n_capped = scene.assert_capped();
    assert!(n_capped > 20, "only {n_capped} recipients reached the cap");
    figures::record(
        "frequency_caps_survive_kills",
        json!({
            "kills": n_kills,
            "messages": scene.n_sent.load(Ordering::Relaxed),
            "recipients_at_the_cap": n_capped,
            "recovery": figures::percentiles(&recoveries),
        }),
    );
}

#[test]
fn frequency_caps_survive_rebalances() {
    let Some(broker) = broker::shared("frequency_caps_survive_rebalances") else { return };
    let n_joins = environment::count("CAP_JOINS", 6);
    let mut random = Random::new("frequency_caps_survive_rebalances");
    let scene = Arc::new(Scene::new(&broker.bootstrap, "cap-joins"));
    let people = scene.people("cap-joined", 3000);
    let first = scene.setup.spawn_ready();
    let sibling = scene.setup.sibling("gate-2");
    let stream = Stream::start(&scene, people, Random::seeded(random.next()));
    for round in 0..n_joins {
        let mut second = sibling.spawn();
        environment::wait_until("the second instance decides", PATIENCE, || {
            assert_eq!(second.exited(), None, "the second instance ended by itself");
            second.metric_sum("consent_gate_decisions_total") > 0.0
        });
        std::thread::sleep(Duration::from_millis(random.range(0, 700) as u64));
        // one that is killed leaves its transaction open
        if round % 3 == 2 {
            second.kill()
        } else {
            second.stop()
        }
        let seen = scene.during.count();
        environment::wait_until("the first goes on", PATIENCE, || scene.during.count() > seen + 50);
    }
    stream.finish();
    scene.drained();
    let n_restored = first.metric_sum("consent_gate_sent_restored_records_total");
    first.stop();
    let n_capped = scene.assert_capped();
    assert!(n_capped > 20, "only {n_capped} recipients reached the cap");
    assert!(n_restored > 0.0, "what the other approved was read back");
    figures::record(
        "frequency_caps_survive_rebalances",
        json!({
            "joins": n_joins,
            "messages": scene.n_sent.load(Ordering::Relaxed),
            "recipients_at_the_cap": n_capped,
            "records_restored_by_the_first": n_restored,
        }),
    );
}

/// Transactions whose end nobody knows: what they committed is read back before anything else is decided.
#[test]
fn frequency_caps_survive_broker_restarts() {
    let test = "frequency_caps_survive_broker_restarts";
    let Some(broker) = broker::cluster(test) else { return };
    let n_restarts = environment::count("CAP_RESTARTS", 4);
    let mut random = Random::new(test);
    let scene = Arc::new(Scene::new(&broker.bootstrap, "cap-broker"));
    let people = scene.people("cap-broker", 3000);
    let mut gate = scene.setup.spawn_ready();
    let stream = Stream::start(&scene, people, Random::seeded(random.next()));
    for round in 0..n_restarts {
        std::thread::sleep(Duration::from_millis(random.range(300, 2_000) as u64));
        broker.restart(round % broker::CLUSTER + 1, round % 2 == 0);
        let seen = scene.during.count();
        environment::wait_until("decisions after a restart", PATIENCE, || {
            if let Some(code) = gate.exited() {
                assert_eq!(code, Some(75), "the gate ended by itself");
                gate = scene.setup.spawn(); // a supervisor's work
            }
            scene.during.count() > seen
        });
    }
    stream.finish();
    // a restarted broker may still fence the gate now: then it ends with 75, and a supervisor starts it again
    let wanted = scene.n_sent.load(Ordering::Relaxed);
    environment::wait_for_progress("every message is decided", wanted, PATIENCE, || {
        if let Some(code) = gate.exited() {
            assert_eq!(code, Some(75), "the gate ended by itself");
            gate = scene.setup.spawn();
        }
        scene.during.count()
    });
    gate.stop();
    let n_capped = scene.assert_capped();
    assert!(n_capped > 20, "only {n_capped} recipients reached the cap");
    figures::record(
        test,
        json!({
            "restarts": n_restarts,
            "messages": scene.n_sent.load(Ordering::Relaxed),
            "recipients_at_the_cap": n_capped,
        }),
    );
}

/// Ends of transactions that come late or without an answer: the producer is replaced, and what its last
/// transaction did is read back.
#[test]
fn frequency_caps_survive_late_end_txns() {
    let test = "frequency_caps_survive_late_end_txns";
    let Some(proxied) = late_end_txn::proxied(test) else { return };
    let n_rounds = environment::count("CAP_LATE", 8);
    let mut random = Random::new(test);
    let mut scene = Scene::new(&proxied.broker.bootstrap, "cap-late");
    scene.setup.bootstrap = proxied.bootstrap.clone();
    scene.setup.lanes = 1;
    let scene = Arc::new(scene);
    let people = scene.people("cap-late", 6000);
    let mut gate = scene.setup.spawn_ready();
    let stream = Stream::start(&scene, people, Random::seeded(random.next()));
    let mut n_recycled = 0.0;
    for round in 0..n_rounds {
        let plan = Plan {
            cut: round != n_rounds / 2,
            steps: random.range(1, 8),
            pause: Duration::from_micros(random.range(0, 4000) as u64),
        };
        let seen = scene.during.count();
        proxied.proxy.arm(plan);
        let mut waited = 0;
        environment::wait_until("the late request is delivered", PATIENCE, || {
            assert_eq!(gate.exited(), None, "the gate ended by itself in round {round}");
            waited += 1;
            let is_held = proxied.proxy.stage() == Progress::Held;
            if is_held && waited > 600 && scene.during.count() > seen {
                proxied.proxy.deliver_now();
            }
            matches!(proxied.proxy.stage(), Progress::Delivered(_))
        });
        let seen = scene.during.count();
        environment::wait_until("decisions afterwards", PATIENCE, || scene.during.count() > seen);
        n_recycled = gate.metric_sum("consent_gate_producer_recycles_total");
    }
    stream.finish();
    scene.drained();
    gate.stop();
    let n_capped = scene.assert_capped();
    assert!(n_capped > 20 && n_recycled > 0.0, "{n_capped} at the cap, {n_recycled} recycled");
    figures::record(
        test,
        json!({
            "rounds": n_rounds,
            "messages": scene.n_sent.load(Ordering::Relaxed),
            "recipients_at_the_cap": n_capped,
            "producers_recycled": n_recycled,
        }),
    );
}

#[test]
fn frequency_is_restored_from_the_changelog() {
    let Some(broker) = broker::shared("frequency_is_restored_from_the_changelog") else { return };
    let scene = Scene::new(&broker.bootstrap, "cap-lost");
    let people = scene.people("cap-lost", 50);
    let send_each = || {
        people.iter().for_each(|contact| {
            scene.send(contact).wait();
        });
        scene.drained();
    };
    let gate = scene.setup.spawn_ready();
    send_each();
    send_each();
    gate.stop();
    std::fs::remove_dir_all(scene.setup.state_dir().join("sent")).unwrap();
    let gate = scene.setup.spawn_ready();
    send_each();
    let n_restored = gate.metric_sum("consent_gate_sent_restored_records_total");
    assert!(n_restored >= people.len() as f64, "read back: {n_restored}");
    send_each();
    gate.stop();
    // the whole state, after the cap was reached
    std::fs::remove_dir_all(scene.setup.state_dir()).unwrap();
    let gate = scene.setup.spawn_ready();
    send_each();
    gate.stop();
    assert_eq!(scene.assert_capped(), people.len());
}

/// The test itself is tested: a gate that does not read back what was approved exceeds the cap after a kill.
#[test]
fn frequency_oracle_turns_red() {
    let test = "frequency_oracle_turns_red";
    let Some(program) = environment::faults_program() else {
        return environment::skip(test, "consent-gate-faults is missing");
    };
    let Some(broker) = broker::shared(test) else { return };
    let mut scene = Scene::new(&broker.bootstrap, "cap-red");
    scene.setup.program = program;
    let fault = ("CONSENT_GATE_FAULT".to_owned(), "no_sent_restore".to_owned());
    scene.setup.environment.push(fault);
    let people = scene.people("cap-red", 20);
    for _ in 0..2 {
        let gate = scene.setup.spawn_ready();
        for _ in 0..CAP {
            people.iter().for_each(|contact| {
                scene.send(contact).wait();
            });
        }
        scene.drained();
        gate.kill();
    }
    let approved =
        |reasons: &Vec<String>| reasons.iter().filter(|r| *r == "approved.express_consent").count();
    let n_over = scene.reasons().values().filter(|reasons| approved(reasons) > CAP).count();
    assert!(n_over > 0, "without a restore the cap must be exceeded");
}

fn text_to(number: &str, message_id: &str, category: &str) -> Value {
    json!({
        "message_id": message_id,
        "channel": "sms",
        "category": category,
        "controller": "acme-ltd",
        "brand": "acme",
        "sender_number": "+447700900999",
        "content": { "promotional": false, "sender_identity": true },
        "recipient": { "address": number, "jurisdiction": "GB" },
    })
}

fn consent(scene: &Scene, change: &Value) {
    let record = Outgoing::new("somebody", data::bytes(change));
    scene.stage.producer.send(&scene.stage.topics.consent_change, &record);
}

/// The reasons of `n` more messages of that category to a number.
fn reasons_of(scene: &Scene, number: &str, category: &str, n: usize) -> Vec<String> {
    static NEXT: Mutex<usize> = Mutex::new(0);
    for _ in 0..n {
        let mut next = NEXT.lock().unwrap();
        *next += 1;
        scene.send_value(number, &text_to(number, &format!("once-{next}"), category));
    }
    scene.drained();
    let mut reasons = scene.reasons().remove(number).unwrap_or_default();
    reasons.sort_unstable();
    reasons
}

fn restarted(scene: &Scene, gate: Gate) -> Gate {
    gate.kill();
    scene.setup.spawn_ready()
}

#[test]
fn frequency_of_confirmations_and_requests_is_once() {
    let test = "frequency_of_confirmations_and_requests_is_once";
    let Some(broker) = broker::shared(test) else { return };
    let scene = Scene::new(&broker.bootstrap, "once");
    let mut gate = scene.setup.spawn_ready();
    let (stopped, asked) = ("+447700900456", "+447700900457");
    let now = || jiff::Timestamp::now().to_string();
    consent(
        &scene,
        &json!({
            "event_id": "stop-1", "occurred_at": now(), "action": "inbound_sms", "address": stopped,
            "text": "STOP", "to": "+447700900999", "controller": "acme-ltd", "brand": "acme",
        }),
    );
    let (one, again) = ("approved.optout_confirmation", "blocked.confirmation_duplicate");
    let confirmations = |n| reasons_of(&scene, stopped, "optout_confirmation", n);
    assert_eq!(confirmations(1), [one]);
    assert_eq!(confirmations(2), [one, again, again]);
    gate = restarted(&scene, gate);
    assert_eq!(confirmations(1), [one, again, again, again]);

    consent(
        &scene,
        &json!({
            "event_id": "asked-1", "occurred_at": now(), "action": "opt_in_requested",
            "address": asked, "channel": "sms", "purpose": "marketing", "controller": "acme-ltd",
            "brand": "acme", "basis": "express",
            "evidence": { "method": "web_form", "notice_version": "2026-01" },
        }),
    );
    let (one, again) = ("approved.consent_request", "blocked.consent_request_repeated");
    let requests = |n| reasons_of(&scene, asked, "consent_request", n);
    assert_eq!(requests(2), [one, again]);
    gate = restarted(&scene, gate);
    assert_eq!(requests(1), [one, again, again]);
    gate.stop();
}

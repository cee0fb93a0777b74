//! Promise P1, gate live: a refusal is acknowledged, then the message is sent; it must never be approved.
//!
//! Once with a plain producer, once with one transaction per refusal. The message leaves the moment the
//! broker acknowledged, while bursts of other people's consent keep the gate's reader busy: a gate that
//! does not wait for it decides too early.

use crate::harness::data::{self, Contact};
use crate::harness::drain::drained;
use crate::harness::gate::Setup;
use crate::harness::load::Stage;
use crate::harness::oracle::{self, Findings};
use crate::harness::produce::Transactional;
use crate::harness::readers::During;
use crate::harness::topics::Topics;
use crate::harness::{broker, environment, figures};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Threads that refuse and send at the same time.
const WORKERS: usize = 6;

/// How the refusals are produced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Producer {
    Plain,
    Transactional,
}

#[test]
fn live_refusals_by_a_plain_producer() {
    let Some(broker) = broker::shared("live_refusals_by_a_plain_producer") else {
        return;
    };
    let n = environment::count("REFUSALS", 5000);
    let findings =
        run(&broker.bootstrap, "live-plain", Producer::Plain, n, environment::gate_program(), &[]);
    figures::record("live_refusals_plain", findings.figures());
    findings.assert_clean();
}

#[test]
fn live_refusals_by_a_transactional_producer() {
    let Some(broker) = broker::shared("live_refusals_by_a_transactional_producer") else {
        return;
    };
    let n = environment::count("REFUSALS", 5000);
    let findings = run(
        &broker.bootstrap,
        "live-txn",
        Producer::Transactional,
        n,
        environment::gate_program(),
        &[],
    );
    figures::record("live_refusals_transactional", findings.figures());
    findings.assert_clean();
}

/// `n` refusals, each followed at once by a message; every tenth with a message to somebody who stays.
pub(crate) fn run(
    bootstrap: &str,
    name: &str,
    how: Producer,
    n: usize,
    program: PathBuf,
    environment: &[(&str, &str)],
) -> Findings {
    let topics = Topics::create(bootstrap, name);
    let stage = Arc::new(Stage::new(bootstrap, &topics));
    let refusing = data::contacts("refusing", n);
    let staying = data::contacts("staying", n.div_ceil(10));
    stage.opt_in(&refusing);
    stage.opt_in(&staying);
    let during = During::follow(bootstrap, &topics.outputs());
    let mut setup = Setup::new(name, bootstrap, &topics);
    setup.program = program;
    setup.environment =
        environment.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    let gate = setup.spawn_ready();
    let bursts = Bursts::start(&stage);
    std::thread::scope(|scope| {
        for worker in 0..WORKERS {
            let (stage, refusing, staying) = (&stage, &refusing, &staying);
            scope.spawn(move || {
                let of_worker = refusing.iter().enumerate().skip(worker).step_by(WORKERS);
                match how {
                    Producer::Plain => plain(stage, of_worker, staying),
                    Producer::Transactional => {
                        transactional(bootstrap, stage, worker, of_worker, staying)
                    }
                }
            });
        }
    });
    drop(bursts);
    drained(&stage, &during);
    gate.stop();
    oracle::examine_logs(bootstrap, &topics, &during, &stage.ledger)
}

fn plain<'a>(
    stage: &Stage,
    refusing: impl Iterator<Item = (usize, &'a Contact)>,
    staying: &[Contact],
) {
    for (n, contact) in refusing {
        stage.refuse(contact, n);
        stage.message(contact);
        if n % 10 == 0 {
            stage.message(&staying[n / 10]);
        }
    }
}

fn transactional<'a>(
    bootstrap: &str,
    stage: &Stage,
    worker: usize,
    refusing: impl Iterator<Item = (usize, &'a Contact)>,
    staying: &[Contact],
) {
    let topic = &stage.topics.consent_change;
    let id = format!("crm-{topic}-{worker}");
    let producer = Transactional::new(bootstrap, &id, Duration::from_secs(30));
    for (n, contact) in refusing {
        let sent = Instant::now();
        producer.begin();
        producer.write(topic, &stage.refusal_record(contact, n));
        let acked = producer.commit();
        stage.ledger.refused(&contact.id, sent, acked);
        stage.message(contact);
        if n % 10 == 0 {
            stage.message(&staying[n / 10]);
        }
        if n % 100 == 0 {
            // a permission that was never committed permits nothing
            let stranger = Contact::new(&format!("stranger-{n}"));
            producer.begin();
            producer.write(topic, &stage.opt_in_record(&stranger, data::yesterday()));
            producer.abort();
            stage.message(&stranger);
        }
    }
}

/// People in one burst, and the pause between two bursts: up to 100,000 consent changes a second.
const BURST: usize = 2_500;
const BURST_PAUSE: Duration = Duration::from_millis(25);

/// Opt-ins of people who get no message, in bursts, until dropped.
struct Bursts {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Bursts {
    fn start(stage: &Arc<Stage>) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let (stage, of_thread) = (Arc::clone(stage), Arc::clone(&stop));
        let thread = std::thread::spawn(move || {
            for n in 0.. {
                if of_thread.load(Ordering::Relaxed) {
                    break;
                }
                let crowd = data::contacts(&format!("crowd-{n}"), BURST);
                let records = crowd.iter().map(|c| stage.opt_in_record(c, data::yesterday()));
                let records: Vec<_> = records.collect();
                stage.producer.send_all(&stage.topics.consent_change, &records);
                std::thread::sleep(BURST_PAUSE);
            }
        });
        Self { stop, thread: Some(thread) }
    }
}

impl Drop for Bursts {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.join().ok(); // what it sent does not matter
        }
    }
}

//! The people of a test and what is sent about them: bulk opt-ins, single refusals, messages, steady load.
//!
//! Everything goes through here so that nothing reaches the broker without standing in the ledger.

use crate::harness::data::{self, Contact, Refusal};
use crate::harness::ledger::{Ledger, TEST_ID};
use crate::harness::produce::{Outgoing, Plain};
use crate::harness::random::Random;
use crate::harness::topics::Topics;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Bytes of padding: the messages are about 600 bytes long.
const PADDING_BYTES: usize = 200;

/// One test's producer, topics and ledger.
pub(crate) struct Stage {
    pub(crate) bootstrap: String,
    pub(crate) producer: Plain,
    pub(crate) topics: Topics,
    pub(crate) ledger: Ledger,
    event: AtomicUsize,
}

impl Stage {
    /// Sets the stage.
    pub(crate) fn new(bootstrap: &str, topics: &Topics) -> Self {
        Self {
            bootstrap: bootstrap.to_owned(),
            producer: Plain::new(bootstrap),
            topics: topics.clone(),
            ledger: Ledger::default(),
            event: AtomicUsize::new(1),
        }
    }

    /// An event id that was not used before.
    pub(crate) fn event_id(&self) -> String {
        format!("event-{}", self.event.fetch_add(1, Ordering::Relaxed))
    }

    /// Everybody opts in, as of yesterday; returns when the broker has it all.
    pub(crate) fn opt_in(&self, contacts: &[Contact]) {
        let records: Vec<_> =
            contacts.iter().map(|c| self.opt_in_record(c, data::yesterday())).collect();
        let sent = Instant::now();
        let acked = self.producer.send_all(&self.topics.consent_change, &records);
        for (contact, acked) in contacts.iter().zip(acked) {
            self.ledger.permitted(&contact.id, sent, acked.at);
        }
    }

    /// An opt-in, not yet sent.
    pub(crate) fn opt_in_record(&self, contact: &Contact, at: jiff::Timestamp) -> Outgoing {
        let change = contact.opt_in(&self.event_id(), at);
        Outgoing::new(contact.id.as_bytes(), data::bytes(&change))
    }

    /// A refusal, not yet sent.
    pub(crate) fn refusal_record(&self, contact: &Contact, n: usize) -> Outgoing {
        let form = Refusal::nth(n);
        let change = contact.refusal(form, &self.event_id(), jiff::Timestamp::now());
        Outgoing::new(form.key(contact, n), data::bytes(&change))
    }

    /// One person refuses; returns when the broker has acknowledged it.
    pub(crate) fn refuse(&self, contact: &Contact, n: usize) {
        let record = self.refusal_record(contact, n);
        let sent = Instant::now();
        let acked = self.producer.send(&self.topics.consent_change, &record);
        self.ledger.refused(&contact.id, sent, acked.at);
    }

    /// Everybody refuses, in bulk; returns when the broker has it all.
    pub(crate) fn refuse_all(&self, contacts: &[Contact]) {
        let records: Vec<_> =
            contacts.iter().enumerate().map(|(n, c)| self.refusal_record(c, n)).collect();
        let sent = Instant::now();
        let acked = self.producer.send_all(&self.topics.consent_change, &records);
        for (contact, acked) in contacts.iter().zip(acked) {
            self.ledger.refused(&contact.id, sent, acked.at);
        }
    }

    /// A message, entered in the ledger, not yet sent. Some carry headers that only the gate may set.
    pub(crate) fn message_record(&self, contact: &Contact) -> (u64, Outgoing) {
        let id = self.ledger.message(&contact.id);
        let message = contact.message(&format!("message-{id}"), PADDING_BYTES);
        let mut record = Outgoing::new(contact.id.as_bytes(), data::bytes(&message))
            .header(TEST_ID, id.to_string())
            .header("x-campaign", "autumn")
            .header("x-campaign", "winter");
        record.headers.push(("x-empty".to_owned(), None));
        if id.is_multiple_of(7) {
            record =
                record.header("gate-reason", "approved.express_consent").header("x-last", "end");
        }
        (id, record)
    }

    /// Sends a message to one person without waiting; it counts as taken up from this moment.
    pub(crate) fn message(&self, contact: &Contact) -> u64 {
        let (id, record) = self.message_record(contact);
        self.producer.start(&self.topics.outbound, &record);
        id
    }

    /// Sends a message to everybody and waits for the broker; their ids.
    pub(crate) fn message_all(&self, contacts: &[Contact]) -> Vec<u64> {
        let (ids, records): (Vec<_>, Vec<_>) =
            contacts.iter().map(|c| self.message_record(c)).unzip();
        self.producer.send_all(&self.topics.outbound, &records);
        ids
    }
}

/// A steady stream of messages with refusals in between, until stopped.
pub(crate) struct Load {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Load {
    /// About `rate` messages a second to `contacts`, who have opted in; one in fifty refuses first.
    pub(crate) fn start(
        stage: &Arc<Stage>,
        contacts: Vec<Contact>,
        rate: usize,
        mut random: Random,
    ) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let thread = {
            let (stage, stop) = (Arc::clone(stage), Arc::clone(&stop));
            std::thread::spawn(move || {
                let began = Instant::now();
                let mut receipts = Vec::new();
                while !stop.load(Ordering::Relaxed) {
                    let n = receipts.len();
                    let contact = &contacts[random.range(0, contacts.len())];
                    if random.range(0, 50) == 0 {
                        stage.refuse(contact, n);
                    }
                    let (_, record) = stage.message_record(contact);
                    receipts.push(stage.producer.start(stage.topics.input(n), &record));
                    let due = Duration::from_secs_f64((n + 1) as f64 / rate as f64);
                    std::thread::sleep(due.saturating_sub(began.elapsed()));
                }
                for receipt in receipts {
                    receipt.wait();
                }
            })
        };
        Self { stop, thread: Some(thread) }
    }

    /// Stops, and waits until the broker has everything.
    pub(crate) fn finish(mut self) {
        self.stop.store(true, Ordering::Relaxed);
        let thread = self.thread.take().expect("a load is finished once");
        thread.join().expect("the load went through");
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.join().ok(); // the test has failed already
        }
    }
}

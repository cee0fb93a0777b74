//! Whether requests should come here: is Kafka to be written to, is the memory of what came lately whole, is nobody stopping us?
//!
//! A thread of its own looks now and then, so that whoever asks `/readyz` waits for nobody. What it says is what holds:
//! a door that could not take a refusal in says so before somebody sends one.
//!
//! INVARIANT: looking writes no record; nothing of a person is in a reason.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::thread;
use std::time::{Duration, Instant};

use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::RDKafkaErrorCode as Code;

use super::Door;
use super::topic::Topic;
use crate::config::Config;
use crate::exit::{ExitCode, Failure, OrFail as _};
use crate::kafka::failure::{KafkaFailure, Witness};
use crate::kafka::preflight::code_of;
use crate::shutdown::Shutdown;
use crate::status::{Check, Readiness};

/// Between two questions to the brokers.
const PAUSE: Duration = Duration::from_secs(2);
/// Longest wait for one answer.
const ANSWER_MAX: Duration = Duration::from_secs(3);
/// An answer older than that says nothing any more: whoever asks has stopped, or waits.
const STALE: Duration = Duration::from_secs(15);
/// How long a write that failed counts when none came after it: without requests nobody would try again.
const FAILED_WRITE: Duration = Duration::from_secs(15);
/// What a repeat is known by.
const MEMORY: &str = "memory of what came lately";
/// How often whoever asks looks whether to stop.
const STEP: Duration = Duration::from_millis(100);

/// How something stands, or why it does not work.
type Found = Result<String, String>;

/// What was found last.
#[derive(Default)]
pub(super) struct Watch(Mutex<Option<Look>>);

struct Look {
    at: Instant,
    /// By what was looked at: a topic, or [`MEMORY`].
    found: BTreeMap<String, Found>,
}

impl Watch {
    fn set(&self, found: BTreeMap<String, Found>) {
        let look = Look { at: Instant::now(), found };
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(look);
    }

    fn of(&self, what: &str, now: Instant) -> Found {
        let look = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(look) = look.as_ref() else { return Err("nobody has looked yet".to_owned()) };
        let age = now.duration_since(look.at);
        if age > STALE {
            return Err(format!("nobody could look for {} s", age.as_secs()));
        }
        look.found.get(what).cloned().unwrap_or_else(|| Err("nobody has looked".to_owned()))
    }
}

/// All that has to be in order.
pub(super) fn readiness(door: &Door, is_stopping: bool) -> Readiness {
    let mut checks = vec![check(
        "stopping",
        if is_stopping {
            Err("this door is stopping: what is sent now is still taken in".to_owned())
        } else {
            Ok("no".to_owned())
        },
    )];
    for topic in door.topics() {
        checks.push(check(&format!("topic {}", topic.name()), writable(topic, &door.watch)));
    }
    checks.push(check(MEMORY, door.watch.of(MEMORY, Instant::now())));
    let reasons: Vec<String> = checks
        .iter()
        .filter(|check| !check.is_ok)
        .map(|check| format!("{}: {}", check.name, check.detail))
        .collect();
    Readiness { ready: reasons.is_empty(), reasons, checks }
}

fn check(name: &str, found: Found) -> Check {
    let is_ok = found.is_ok();
    let detail = found.unwrap_or_else(|why| why);
    Check { name: name.to_owned(), is_ok, detail }
}

fn writable(topic: &Topic, watch: &Watch) -> Found {
    if topic.is_lost() {
        return Err("the Kafka client has given up: restart this door".to_owned());
    }
    if let Some(failure) = topic.failed_lately(FAILED_WRITE) {
        return Err(format!("the last record was not taken: {}; {}", failure.cause, failure.fix));
    }
    watch.of(topic.name(), Instant::now())
}

/// Asks until the door is gone or stops. Each question goes over a client of its own: it belongs to no group and creates no topic.
///
/// # Errors
/// The client or the thread cannot be made.
pub(super) fn watch(door: &Arc<Door>, shutdown: &Shutdown) -> Result<(), Failure> {
    let client = client(&door.config)?;
    let (door, shutdown) = (Arc::downgrade(door), shutdown.clone());
    let asking = thread::Builder::new().name("door-watch".to_owned());
    asking.spawn(move || ask_on(&door, &client, &shutdown)).or_fail(ExitCode::Internal)?;
    Ok(())
}

fn client(config: &Config) -> Result<BaseConsumer<Witness>, Failure> {
    let mut base = config.client_base();
    // for the witness: some causes are told at this level only
    base.set_log_level(RDKafkaLogLevel::Info);
    let client: Result<BaseConsumer<Witness>, _> = base.create_with_context(Witness::default());
    Ok(client.map_err(|error| KafkaFailure::new(&error, "preparing to ask the brokers"))?)
}

fn ask_on(door: &Weak<Door>, client: &BaseConsumer<Witness>, shutdown: &Shutdown) {
    while !shutdown.is_requested() {
        let Some(names) = door.upgrade().map(|door| names(&door)) else { return };
        let answers = names.into_iter().map(|name| {
            let answer = ask(client, &name);
            (name, answer)
        });
        let mut found: BTreeMap<String, Found> = answers.collect();
        let Some(door) = door.upgrade() else { return };
        let memory = door.seen.try_out().map(|()| "can be read and written".to_owned());
        found.insert(MEMORY.to_owned(), memory.map_err(|error| error.to_string()));
        door.watch.set(found);
        drop(door);
        let asked = Instant::now();
        while asked.elapsed() < PAUSE && !shutdown.is_requested() {
            thread::sleep(STEP);
        }
    }
}

fn names(door: &Door) -> Vec<String> {
    door.topics().map(|topic| topic.name().to_owned()).collect()
}

fn ask(client: &BaseConsumer<Witness>, topic: &str) -> Found {
    let doing = format!("looking for topic `{topic}`");
    let said = |failure: KafkaFailure| Err(format!("{}; {}", failure.cause, failure.fix));
    let metadata = match client.fetch_metadata(Some(topic), ANSWER_MAX) {
        Ok(metadata) => metadata,
        Err(error) => {
            // serving the queue is what calls the witness
            while client.poll(Duration::ZERO).is_some() {}
            let reported = client.context().failure(&doing);
            return said(reported.unwrap_or_else(|| KafkaFailure::new(&error, &doing)));
        }
    };
    let found = metadata.topics().iter().find(|found| found.name() == topic);
    let error = found.map_or(Some(Code::UnknownTopic), |found| found.error().map(code_of));
    if let Some(code) = error {
        return said(KafkaFailure::from_code(code, doing, None));
    }
    let partitions = found.map(|found| found.partitions()).unwrap_or_default();
    let n_led = partitions.iter().filter(|partition| partition.leader() >= 0).count();
    match (n_led, partitions.len()) {
        (0, _) => Err("no partition has a leader: brokers are away".to_owned()),
        (n_led, n) => Ok(format!("{n_led} of {n} partitions can be written to")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_said_lately_is_no_yes() {
        let watch = Watch::default();
        let now = Instant::now();
        assert!(watch.of("t", now).unwrap_err().contains("has looked yet"));
        watch.set(
            [("t".to_owned(), Ok("fine".to_owned())), ("u".to_owned(), Err("gone".to_owned()))]
                .into(),
        );
        let now = Instant::now();
        assert_eq!(watch.of("t", now), Ok("fine".to_owned()));
        assert_eq!(watch.of("u", now), Err("gone".to_owned()));
        assert!(watch.of("v", now).is_err());
        let later = now + STALE + Duration::from_secs(5);
        assert!(watch.of("t", later).unwrap_err().contains("for 20 s"), "an old yes is none");
    }
}

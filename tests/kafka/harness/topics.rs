//! The topics of one test: names of its own, so that tests share a broker without meeting.

use crate::harness::environment;
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewPartitions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// Partitions of `outbound-message` and the outputs.
pub(crate) const MESSAGE_PARTITIONS: i32 = 4;
/// Partitions of `consent-change`: another number on purpose, co-partitioning is not required.
pub(crate) const CONSENT_PARTITIONS: i32 = 3;
/// As many replicas as the cluster gives by itself: one on one broker, three on three.
const BROKERS_DEFAULT: TopicReplication<'static> = TopicReplication::Fixed(-1);
/// Large enough for the 1 MiB records of the unreadable-record tests.
const RECORD_BYTES_MAX: &str = "8388608";

/// The topics.
#[derive(Clone, Debug)]
pub(crate) struct Topics {
    pub(crate) consent_change: String,
    pub(crate) outbound: String,
    /// More topics with messages.
    pub(crate) others: Vec<String>,
    pub(crate) approved: String,
    pub(crate) blocked: String,
    pub(crate) deferred: String,
    pub(crate) dead_letter: String,
    pub(crate) review: String,
    pub(crate) decision_log: String,
    pub(crate) sent_log: String,
    pub(crate) policy_sets: String,
    pub(crate) access_log: String,
    pub(crate) door_dead_letter: String,
}

impl Topics {
    /// Names only.
    pub(crate) fn named(test: &str) -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(1);
        let n = NEXT.fetch_add(1, Ordering::Relaxed);
        let millis = jiff::Timestamp::now().as_millisecond();
        Self::with_suffix(&format!("{test}-{millis:x}-{n}"))
    }

    /// The contract's names with a suffix.
    pub(crate) fn with_suffix(suffix: &str) -> Self {
        let name = |topic: &str| format!("{topic}.{suffix}");
        Self {
            consent_change: name("consent-change"),
            outbound: name("outbound-message"),
            others: Vec::new(),
            approved: name("approved-message"),
            blocked: name("blocked-message"),
            deferred: name("deferred-message"),
            dead_letter: name("consent-dead-letter"),
            review: name("consent-gate-review"),
            decision_log: name("consent-gate-decisions"),
            sent_log: name("consent-gate-sent"),
            policy_sets: name("consent-gate-policies"),
            access_log: name("consent-gate-access"),
            door_dead_letter: name("consent-gate-door-dead-letter"),
        }
    }

    /// Made on the broker with the settings an operator would choose.
    pub(crate) fn create(bootstrap: &str, test: &str) -> Self {
        let topics = Self::named(test);
        topics.make(bootstrap);
        topics
    }

    /// The same with so many topics with messages.
    pub(crate) fn create_several(bootstrap: &str, test: &str, n_outbound: usize) -> Self {
        let mut topics = Self::named(test);
        topics.others = (1..n_outbound).map(|n| format!("{}.more-{n}", topics.outbound)).collect();
        topics.make(bootstrap);
        topics
    }

    /// All topics with messages.
    pub(crate) fn inputs(&self) -> Vec<&str> {
        std::iter::once(&self.outbound).chain(&self.others).map(String::as_str).collect()
    }

    /// They take turns.
    pub(crate) fn input(&self, n: usize) -> &str {
        let inputs = self.inputs();
        inputs[n % inputs.len()]
    }

    /// Makes them.
    pub(crate) fn make(&self, bootstrap: &str) {
        self.make_dated(bootstrap, "LogAppendTime");
    }

    /// Makes them; `dated_by` is the consent topic's `message.timestamp.type`.
    pub(crate) fn make_dated(&self, bootstrap: &str, dated_by: &str) {
        let own = [&self.dead_letter, &self.review, &self.decision_log];
        let rest = [&self.outbound, &self.approved, &self.blocked, &self.deferred];
        let rest = rest
            .into_iter()
            .chain(own)
            .chain(&self.others)
            .map(|name| (name.as_str(), MESSAGE_PARTITIONS));
        let rest = rest.chain([(self.access_log.as_str(), 1), (&self.door_dead_letter, 1)]);
        let rest: Vec<_> = rest.collect();
        let consent = [(self.consent_change.as_str(), CONSENT_PARTITIONS)];
        create_with(bootstrap, &consent, &[("message.timestamp.type", dated_by)]);
        create(bootstrap, &rest);
        let compacted = [(self.sent_log.as_str(), MESSAGE_PARTITIONS), (&self.policy_sets, 1)];
        create_compacted(bootstrap, &compacted);
    }

    /// The topics decisions go to.
    pub(crate) fn outputs(&self) -> [&str; 3] {
        [&self.approved, &self.blocked, &self.deferred]
    }
}

/// Makes topics of which the last record of each key stays.
pub(crate) fn create_compacted(bootstrap: &str, topics: &[(&str, i32)]) {
    create_with(bootstrap, topics, &[("cleanup.policy", "compact")]);
}

/// Makes topics that never lose a record to retention.
pub(crate) fn create(bootstrap: &str, topics: &[(&str, i32)]) {
    create_with(bootstrap, topics, &[]);
}

fn create_with(bootstrap: &str, topics: &[(&str, i32)], settings: &[(&str, &str)]) {
    let new = topics.iter().map(|(name, partitions)| {
        let new = NewTopic::new(name, *partitions, BROKERS_DEFAULT)
            .set("retention.ms", "-1")
            .set("retention.bytes", "-1")
            .set("max.message.bytes", RECORD_BYTES_MAX);
        settings.iter().fold(new, |new, (name, value)| new.set(name, value))
    });
    let new: Vec<_> = new.collect();
    let admin = admin(bootstrap);
    let options = AdminOptions::new().operation_timeout(Some(Duration::from_secs(30)));
    let results = block_on(admin.create_topics(new.iter(), &options)).expect("topics can be made");
    for result in results {
        result.expect("the topic can be made");
    }
    for (name, n_partitions) in topics {
        let what = format!("{name} is known to the broker");
        environment::wait_until(&what, Duration::from_secs(60), || {
            partitions(bootstrap, name) == Some(*n_partitions as usize)
        });
    }
}

/// Deletes topics.
pub(crate) fn delete(bootstrap: &str, topics: &[&str]) {
    let admin = admin(bootstrap);
    let options = AdminOptions::new().operation_timeout(Some(Duration::from_secs(30)));
    let results = block_on(admin.delete_topics(topics, &options)).expect("topics can be deleted");
    for result in results {
        result.expect("the topic can be deleted");
    }
}

/// Adds partitions to a topic, until there are `n_partitions`.
pub(crate) fn add_partitions(bootstrap: &str, topic: &str, n_partitions: usize) {
    let admin = admin(bootstrap);
    let options = AdminOptions::new().operation_timeout(Some(Duration::from_secs(30)));
    let wanted = NewPartitions::new(topic, n_partitions);
    let results =
        block_on(admin.create_partitions([&wanted], &options)).expect("partitions can be added");
    for result in results {
        result.expect("partitions can be added to the topic");
    }
    let what = format!("{topic} has {n_partitions} partitions");
    environment::wait_until(&what, Duration::from_secs(60), || {
        partitions(bootstrap, topic) == Some(n_partitions)
    });
}

/// How many partitions with a leader a topic has; `None` when there is no such topic.
pub(crate) fn partitions(bootstrap: &str, topic: &str) -> Option<usize> {
    let admin = admin(bootstrap);
    let metadata = admin.inner().fetch_metadata(Some(topic), Duration::from_secs(20));
    let metadata = metadata.expect("the broker answers");
    let topic = metadata.topics().first()?;
    let led = topic.partitions().iter().filter(|p| p.leader() >= 0);
    topic.error().is_none().then(|| led.count())
}

fn admin(bootstrap: &str) -> AdminClient<DefaultClientContext> {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", bootstrap).set("log_level", "0");
    config.create().expect("an admin client can be made")
}

fn block_on<F: Future>(future: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    runtime.expect("a tokio runtime can be made").block_on(future)
}

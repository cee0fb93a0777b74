//! The topics of one test: names of its own, so that tests share a broker without meeting.

use crate::harness::environment;
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
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

/// The seven topics.
#[derive(Clone, Debug)]
pub(crate) struct Topics {
    pub(crate) consent_change: String,
    pub(crate) outbound: String,
    pub(crate) approved: String,
    pub(crate) blocked: String,
    pub(crate) deferred: String,
    pub(crate) dead_letter: String,
    pub(crate) sent_log: String,
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
            approved: name("approved-message"),
            blocked: name("blocked-message"),
            deferred: name("deferred-message"),
            dead_letter: name("consent-dead-letter"),
            sent_log: name("consent-gate-sent"),
        }
    }

    /// Made on the broker with the settings an operator would choose.
    pub(crate) fn create(bootstrap: &str, test: &str) -> Self {
        let topics = Self::named(test);
        topics.make(bootstrap);
        topics
    }

    /// Makes them.
    pub(crate) fn make(&self, bootstrap: &str) {
        let mut wanted = vec![(self.consent_change.as_str(), CONSENT_PARTITIONS)];
        let rest =
            [&self.outbound, &self.approved, &self.blocked, &self.deferred, &self.dead_letter];
        wanted.extend(rest.map(|name| (name.as_str(), MESSAGE_PARTITIONS)));
        create(bootstrap, &wanted);
        create_compacted(bootstrap, &[(&self.sent_log, MESSAGE_PARTITIONS)]);
    }

    /// The topics decisions go to.
    pub(crate) fn outputs(&self) -> [&str; 3] {
        [&self.approved, &self.blocked, &self.deferred]
    }
}

/// Makes topics of which the last record of each key stays.
pub(crate) fn create_compacted(bootstrap: &str, topics: &[(&str, i32)]) {
    create_with(bootstrap, topics, "compact");
}

/// Makes topics that never lose a record to retention.
pub(crate) fn create(bootstrap: &str, topics: &[(&str, i32)]) {
    create_with(bootstrap, topics, "delete");
}

fn create_with(bootstrap: &str, topics: &[(&str, i32)], cleanup_policy: &str) {
    let new = topics.iter().map(|(name, partitions)| {
        NewTopic::new(name, *partitions, BROKERS_DEFAULT)
            .set("retention.ms", "-1")
            .set("retention.bytes", "-1")
            .set("cleanup.policy", cleanup_policy)
            .set("max.message.bytes", RECORD_BYTES_MAX)
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

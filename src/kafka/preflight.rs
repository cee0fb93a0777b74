//! The first conversation with Kafka: is it there, does it let us in, do the topics exist?
//!
//! Asked before anything else, because here a wrong password or certificate still has a precise cause; later it is a
//! time-out among many. Invariant: it ends within [`PREFLIGHT_MAX`], whatever Kafka does, and changes nothing.

use std::time::{Duration, Instant};

use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};
use rdkafka::types::RDKafkaRespErr;

use crate::config::Config;
use crate::kafka::failure::{Class, KafkaFailure, Witness};

/// Longest it may take, with room for tearing down connections.
pub const PREFLIGHT_MAX: Duration = Duration::from_secs(15);

/// Longest wait for an answer to all questions.
const ANSWERS_MAX: Duration = Duration::from_secs(12);
/// One attempt; short, so that what librdkafka reports on the side is looked at in between.
const ATTEMPT: Duration = Duration::from_millis(500);
/// A refusal by one broker counts only if no other lets us in meanwhile.
const REFUSED_GRACE: Duration = Duration::from_secs(1);

const ASKING: &str = "asking the brokers for metadata";

/// A Kafka cluster as it introduced itself.
#[derive(Debug, Clone)]
pub struct ClusterInfo {
    /// Kafka's own id of the cluster.
    pub cluster_id: String,
    /// The brokers, by id.
    pub brokers: Vec<Broker>,
    /// The topics of the configuration, in its order.
    pub topics: Vec<TopicInfo>,
}

/// One broker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broker {
    /// Its id.
    pub id: i32,
    /// `host:port` as it advertises itself.
    pub address: String,
}

/// One topic of the configuration.
#[derive(Debug, Clone)]
pub struct TopicInfo {
    /// Its name.
    pub name: String,
    /// How it is laid out, or why that is not known.
    pub layout: Result<Layout, KafkaFailure>,
}

/// How a topic is laid out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    /// Number of partitions.
    pub partitions: u32,
    /// Replicas of the partition that has fewest.
    pub replicas_min: usize,
    /// Replicas in sync, of the partition that has fewest.
    pub in_sync_min: usize,
    /// Partitions that have no leader just now.
    pub leaderless: usize,
}

impl ClusterInfo {
    /// The layout of a topic that must exist.
    ///
    /// # Errors
    /// It does not exist, or its existence is kept from us.
    pub fn require(&self, topic: &str) -> Result<&Layout, KafkaFailure> {
        match self.topics.iter().find(|info| info.name == topic) {
            Some(TopicInfo { layout: Ok(layout), .. }) => Ok(layout),
            Some(TopicInfo { layout: Err(failure), .. }) => Err(failure.clone()),
            None => Err(KafkaFailure::from_code(
                Code::UnknownTopic,
                format!("looking for topic `{topic}`"),
                None,
            )),
        }
    }

    /// That all topics of the configuration exist, but for `besides`. Of several reasons why not, missing rights come first.
    ///
    /// # Errors
    /// Topics do not exist, or their existence is kept from us; the failure names all of them.
    pub fn require_all(&self, besides: &[&str]) -> Result<(), KafkaFailure> {
        let wanted = || self.topics.iter().filter(|topic| !besides.contains(&topic.name.as_str()));
        let failed =
            || wanted().filter_map(|topic| Some((&topic.name, topic.layout.as_ref().err()?)));
        let Some(worst) = failed().map(|(_, failure)| failure.class).max() else {
            return Ok(());
        };
        let mut names = Vec::new();
        let mut first = None;
        for (name, failure) in failed().filter(|(_, failure)| failure.class == worst) {
            names.push(format!("`{name}`"));
            first.get_or_insert(failure);
        }
        let doing = format!("looking for {}", names.join(", "));
        first.map_or(Ok(()), |failure| Err(KafkaFailure { doing, ..failure.clone() }))
    }
}

/// Asks the cluster of the configuration who it is and for the topics. Topics that are missing are no error here.
///
/// # Errors
/// No broker lets us in; the failure has the precise cause.
pub fn preflight(config: &Config) -> Result<ClusterInfo, KafkaFailure> {
    let client = connect(config)?;
    match ask(config, &client) {
        Ok(info) => Ok(info),
        Err(failure) => {
            // Tearing it down may wait for a name server; the process is about to end anyway.
            std::mem::forget(client);
            Err(failure)
        }
    }
}

/// A consumer that belongs to no group: it can ask, and nothing else.
fn connect(config: &Config) -> Result<BaseConsumer<Witness>, KafkaFailure> {
    let mut client = config.client_base();
    // For the witness: some causes are told at this level only.
    client.set_log_level(RDKafkaLogLevel::Info);
    client
        .create_with_context(Witness::default())
        .map_err(|error| KafkaFailure::new(&error, "preparing to connect to Kafka"))
}

fn ask(config: &Config, client: &BaseConsumer<Witness>) -> Result<ClusterInfo, KafkaFailure> {
    let began = Instant::now();
    let topic_names = config.topics.all();
    let first_topic = config.topics.consent_change.as_str();
    // Metadata of one topic: asking for all would be a long answer on a large cluster.
    let brokers = loop {
        let error = match client.fetch_metadata(Some(first_topic), ATTEMPT) {
            Ok(metadata) => {
                break metadata
                    .brokers()
                    .iter()
                    .map(|broker| Broker {
                        id: broker.id(),
                        address: format!("{}:{}", broker.host(), broker.port()),
                    })
                    .collect::<Vec<_>>();
            }
            Err(error) => error,
        };
        // Serving the queue is what calls the witness.
        while client.poll(Duration::from_millis(10)).is_some() {}
        let reported = client.context().failure(ASKING);
        let refused = reported
            .as_ref()
            .is_some_and(|failure| matches!(failure.class, Class::Credentials | Class::Config));
        if began.elapsed() >= ANSWERS_MAX || (refused && began.elapsed() >= REFUSED_GRACE) {
            return Err(reported.unwrap_or_else(|| KafkaFailure::new(&error, ASKING)));
        }
    };
    let left = || ANSWERS_MAX.saturating_sub(began.elapsed()).max(ATTEMPT);
    let cluster_id = client.client().fetch_cluster_id(left()).ok_or_else(|| {
        KafkaFailure::from_code(
            Code::UnsupportedVersion,
            "asking for the id of the cluster",
            Some("the brokers tell none"),
        )
    })?;
    let topics = topic_names
        .into_iter()
        .map(|name| TopicInfo { name: name.to_owned(), layout: layout(client, name, left()) })
        .collect();
    let mut brokers = brokers;
    brokers.sort_by_key(|broker| broker.id);
    Ok(ClusterInfo { cluster_id, brokers, topics })
}

fn layout(
    client: &BaseConsumer<Witness>,
    topic: &str,
    patience: Duration,
) -> Result<Layout, KafkaFailure> {
    let doing = format!("looking for topic `{topic}`");
    let metadata = client
        .fetch_metadata(Some(topic), patience)
        .map_err(|error| KafkaFailure::new(&error, &doing))?;
    let found = metadata.topics().iter().find(|found| found.name() == topic);
    let Some(found) = found else {
        return Err(KafkaFailure::from_code(Code::UnknownTopic, doing, None));
    };
    if let Some(error) = found.error() {
        return Err(KafkaFailure::from_code(code_of(error), doing, None));
    }
    let partitions = found.partitions();
    Ok(Layout {
        partitions: u32::try_from(partitions.len()).unwrap_or(u32::MAX),
        replicas_min: partitions
            .iter()
            .map(|partition| partition.replicas().len())
            .min()
            .unwrap_or(0),
        in_sync_min: partitions.iter().map(|partition| partition.isr().len()).min().unwrap_or(0),
        leaderless: partitions.iter().filter(|partition| partition.leader() < 0).count(),
    })
}

pub(crate) fn code_of(error: RDKafkaRespErr) -> Code {
    KafkaError::Global(error.into()).rdkafka_error_code().unwrap_or(Code::Unknown)
}

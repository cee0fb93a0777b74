//! Opens what the gate keeps on disk, and decides what of it can be gone on with.

use super::RunError;
use crate::approvals::{self, SentIdentity, SentStore};
use crate::config::Config;
use crate::identity::Pepper;
use crate::kafka::native::TopicFacts;
use crate::kafka::preflight::ClusterInfo;
use crate::kafka::{self, GateContext};
use crate::metrics::{CheckpointResult, Metrics};
use crate::outputs::Output;
use crate::shutdown::Shutdown;
use crate::store::{
    Checkpoints, FillFrom, Identity, Opened, RebuildReason, Rejection, Seal, Store, Writer,
    mark_for_rebuild,
};
use rdkafka::consumer::{BaseConsumer, Consumer};
use std::time::{Duration, Instant};

/// How long the consent topic may be unknown at the start, or a partition of it without a leader.
const LEADER_TIMEOUT: Duration = Duration::from_secs(30);
/// Pause between two looks for a leader.
const LEADER_PAUSE: Duration = Duration::from_millis(200);

/// What the state is opened with.
pub(super) struct StateParts<'a> {
    pub(super) config: &'a Config,
    pub(super) identity: &'a Identity,
    /// Asks for the ends of the log.
    pub(super) client: &'a BaseConsumer<GateContext>,
    /// Where an empty store is filled from.
    pub(super) checkpoints: Option<&'a Checkpoints>,
    pub(super) metrics: &'a Metrics,
    pub(super) shutdown: &'a Shutdown,
}

/// First and next offset of each partition of the log.
struct Log<'a> {
    topic: &'a str,
    ends: Vec<(i64, i64)>,
}

/// Opens the state. State that the log cannot continue is rebuilt: a position before the log's start would
/// miss opt-outs, one behind its end belongs to another log. The same holds for what a checkpoint brings.
pub(super) fn open_store(parts: &StateParts<'_>) -> Result<(Store, Writer), RunError> {
    let state = &parts.config.state;
    let log = Log::ask(parts)?;
    let continues = |positions: &[i64]| log.continues(positions);
    let rejected = |name: &str, why: &Rejection| {
        parts.metrics.checkpoints.of(CheckpointResult::Rejected).inc();
        tracing::warn!(checkpoint = name, %why, "a checkpoint is not used");
    };
    let pace = |_: usize| !parts.shutdown.is_requested();
    let source = parts.checkpoints.map(|checkpoints| FillFrom {
        checkpoints,
        continues: &continues,
        rejected: &rejected,
        pace: &pace,
    });
    let open = || {
        let began = Instant::now();
        let opened =
            Store::open_from(&state.dir, parts.identity, state.memory_bytes, source.as_ref())?;
        if let (_, writer, Opened::Restored { .. }) = &opened {
            parts.metrics.checkpoints.of(CheckpointResult::Used).inc();
            let (seconds, positions) = (began.elapsed().as_secs_f64(), writer.positions());
            tracing::info!(seconds, ?positions, "the store was filled from a checkpoint");
        }
        log_opened(&opened.2);
        Ok::<_, RunError>(opened)
    };
    let (store, writer, _) = open()?;
    log.warn_of_loss(writer.positions());
    let Err(reason) = log.continues(writer.positions()) else {
        return Ok((store, writer));
    };
    tracing::error!(topic = log.topic, %reason, "the state ends outside the log and is rebuilt");
    drop((store, writer));
    mark_for_rebuild(&state.dir, reason)?;
    let (store, writer, _) = open()?;
    Ok((store, writer))
}

impl<'a> Log<'a> {
    fn ask(parts: &StateParts<'a>) -> Result<Self, RunError> {
        let topic = &parts.identity.topic;
        let partitions = 0..i32::try_from(parts.identity.partitions).unwrap_or(i32::MAX);
        let ends = partitions.map(|partition| watermarks(parts.client, topic, partition));
        Ok(Self { topic, ends: ends.collect::<Result<_, _>>()? })
    }

    /// Whether reading on from `positions` misses nothing.
    fn continues(&self, positions: &[i64]) -> Result<(), RebuildReason> {
        // partitions that were added since are read from their beginning
        if positions.len() > self.ends.len() {
            return Err(RebuildReason::PartitionsChanged);
        }
        for ((partition, position), (low, high)) in (0i32..).zip(positions).zip(&self.ends) {
            if *position == 0 || (low..=high).contains(&position) {
                continue;
            }
            let topic = self.topic;
            tracing::warn!(topic, partition, position, low, high, "a position outside the log");
            let is_ahead = position > high;
            return Err(if is_ahead {
                RebuildReason::AheadOfLog
            } else {
                RebuildReason::LogTruncated
            });
        }
        Ok(())
    }

    fn warn_of_loss(&self, positions: &[i64]) {
        for ((partition, position), (low, _)) in (0i32..).zip(positions).zip(&self.ends) {
            if *position == 0 && *low > 0 {
                tracing::warn!(
                    topic = self.topic,
                    partition,
                    low,
                    "the log begins behind offset 0: consent given before is unknown and blocks; \
                     opt-outs before it are lost. Give the topic unlimited retention"
                );
            }
        }
    }
}

/// The checkpoints of the configuration, if it has any.
pub(super) fn checkpoints(config: &Config, pepper: &Pepper) -> Option<Checkpoints> {
    let wanted = config.state.checkpoints.as_ref()?;
    if config.state.pepper_file.starts_with(&config.state.dir) {
        tracing::warn!(
            "`state.pepper_file` lies in `state.dir`: when that is lost, the pepper is too, and no checkpoint fits \
             another one. Keep the pepper elsewhere"
        );
    }
    let seal = Seal::new(&pepper.checkpoint_seal());
    let (interval, keep) = (wanted.interval, wanted.keep);
    Some(Checkpoints::new(&wanted.dir, &config.instance_id, keep, interval, seal))
}

/// What the brokers say about the consent topic. Without an answer nothing starts: state of another topic of the
/// same name would be gone on with.
pub(super) fn topic_facts(
    client: &BaseConsumer<GateContext>,
    topic: &str,
) -> Result<TopicFacts, RunError> {
    let deadline = Instant::now() + LEADER_TIMEOUT;
    let ask = || kafka::native::topic_facts_of_any(client.client(), topic, kafka::REQUEST_TIMEOUT);
    loop {
        match ask() {
            Ok(facts) => {
                if facts.id.is_none() {
                    tracing::warn!(
                        topic,
                        "the brokers know no ids of topics: a topic that was deleted and made anew is recognised by \
                         its offsets only, and no checkpoint is used"
                    );
                }
                return Ok(facts);
            }
            Err(error) if Instant::now() < deadline && !kafka::is_refused(&error) => {
                tracing::info!(topic, %error, "the id of the topic is not known yet");
                std::thread::sleep(LEADER_PAUSE);
            }
            Err(source) => return Err(RunError::TopicUnknown { topic: topic.to_owned(), source }),
        }
    }
}

/// Opens the store of approvals. The consent store has locked the directory.
pub(super) fn open_sent(
    config: &Config,
    cluster: &ClusterInfo,
    pepper: &Pepper,
) -> Result<SentStore, RunError> {
    let (outbound, wanted) = outbound_partitions(config, cluster)?;
    for output in Output::ALL.iter().filter(|output| output.row().is_beside_messages) {
        let topic = config.topics.outputs.of(*output);
        let found = cluster.require(topic)?.partitions;
        if found != wanted {
            let (topic, outbound) = (topic.clone(), outbound.to_owned());
            return Err(RunError::BesidePartitions { topic, found, outbound, wanted });
        }
    }
    let (topic, found) = (&config.topics.outputs.sent_log, wanted);
    let identity = SentIdentity {
        cluster_id: cluster.cluster_id.clone(),
        topic: topic.clone(),
        partitions: found,
        pepper_id: pepper.id(),
    };
    let (store, opened) = SentStore::open(&config.state.dir, &identity, config.state.memory_bytes)?;
    match opened {
        approvals::Opened::Fresh => tracing::info!("no approvals stored here yet"),
        approvals::Opened::Reused => {
            tracing::info!("approvals found: reading on from their checkpoints")
        }
        approvals::Opened::Discarded(why) => {
            tracing::warn!(
                why,
                "stored approvals are discarded and read again from their changelog"
            );
        }
    }
    Ok(store)
}

/// How many partitions the topics with messages have, and the first of them. All have as many: equally numbered ones share a
/// partition of the changelog of approvals.
pub(super) fn outbound_partitions<'c>(
    config: &'c Config,
    cluster: &ClusterInfo,
) -> Result<(&'c str, u32), RunError> {
    let first = config.topics.own_outbound();
    let wanted = cluster.require(first)?.partitions;
    for topic in &config.topics.outbound_messages {
        let found = cluster.require(topic)?.partitions;
        if found != wanted {
            let (topic, first) = (topic.clone(), first.to_owned());
            return Err(RunError::OutboundPartitions { topic, found, first, wanted });
        }
    }
    Ok((first, wanted))
}

/// First and next offset of a partition. Leaders move, above all right after a topic was created.
fn watermarks(
    client: &BaseConsumer<GateContext>,
    topic: &str,
    partition: i32,
) -> Result<(i64, i64), RunError> {
    let deadline = Instant::now() + LEADER_TIMEOUT;
    loop {
        match client.fetch_watermarks(topic, partition, kafka::REQUEST_TIMEOUT) {
            Ok(watermarks) => return Ok(watermarks),
            Err(error) if Instant::now() < deadline => {
                tracing::info!(topic, partition, %error, "no leader yet; trying again");
                std::thread::sleep(LEADER_PAUSE);
            }
            Err(error) => return Err(crate::reader::ReaderError::Kafka(error).into()),
        }
    }
}

fn log_opened(opened: &Opened) {
    match opened {
        Opened::Fresh => tracing::info!("no state yet: building it from the consent topic"),
        Opened::Reused => tracing::info!("state found: going on where it ends"),
        Opened::Restored { checkpoint, quarantined } => match quarantined {
            None => tracing::info!(checkpoint, "no state: going on where the checkpoint ends"),
            Some((reason, moved_to)) => tracing::warn!(
                checkpoint, %reason, moved_to = %moved_to.display(),
                "the state could not be trusted: going on where the checkpoint ends"
            ),
        },
        Opened::Quarantined { .. } => {
            tracing::warn!(
                ?opened,
                "the state could not be trusted and is rebuilt from the consent topic"
            );
        }
    }
}

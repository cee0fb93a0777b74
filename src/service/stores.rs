//! Opens what the gate keeps on disk, and decides what of it can be gone on with.

use super::RunError;
use crate::config::Config;
use crate::identity::Pepper;
use crate::kafka::{self, GateContext};
use crate::preflight::ClusterInfo;
use crate::sent::{self, SentIdentity, SentStore};
use crate::store::{Identity, Opened, RebuildReason, Store, Writer, mark_for_rebuild};
use rdkafka::consumer::{BaseConsumer, Consumer};
use std::time::{Duration, Instant};

/// How long a partition of the consent topic may be without a leader at the start.
const LEADER_TIMEOUT: Duration = Duration::from_secs(30);
/// Pause between two looks for a leader.
const LEADER_PAUSE: Duration = Duration::from_millis(200);

/// Opens the state. State that the log cannot continue is rebuilt: a position before the log's start would
/// miss opt-outs, one behind its end belongs to another log.
pub(super) fn open_store(
    config: &Config,
    identity: &Identity,
    client: &BaseConsumer<GateContext>,
) -> Result<(Store, Writer), RunError> {
    let open = || Store::open(&config.state.dir, identity, config.state.memory_bytes);
    let (store, writer, opened) = open()?;
    log_opened(&opened);
    let mut mismatch = None;
    for (partition, position) in (0i32..).zip(writer.positions()) {
        let (low, high) = watermarks(client, &identity.topic, partition)?;
        if *position > 0 && (*position < low || *position > high) {
            tracing::error!(
                topic = %identity.topic, partition, position, low, high,
                "the state ends outside the log and is rebuilt"
            );
            let is_ahead = *position > high;
            mismatch = Some(if is_ahead {
                RebuildReason::AheadOfLog
            } else {
                RebuildReason::LogTruncated
            });
        } else if *position == 0 && low > 0 {
            tracing::warn!(
                topic = %identity.topic, partition, low,
                "the log begins behind offset 0: consent given before is unknown and blocks; \
                 opt-outs before it are lost. Give the topic unlimited retention"
            );
        }
    }
    let Some(reason) = mismatch else {
        return Ok((store, writer));
    };
    drop((store, writer));
    mark_for_rebuild(&config.state.dir, reason)?;
    let (store, writer, opened) = open()?;
    log_opened(&opened);
    Ok((store, writer))
}

/// Opens the store of approvals. The consent store has locked the directory.
pub(super) fn open_sent(
    config: &Config,
    cluster: &ClusterInfo,
    pepper: &Pepper,
) -> Result<SentStore, RunError> {
    let (topic, outbound) = (&config.topics.sent_log, &config.topics.outbound_message);
    let found = cluster.require(topic)?.partitions;
    let wanted = cluster.require(outbound)?.partitions;
    if found != wanted {
        let (topic, outbound) = (topic.clone(), outbound.clone());
        return Err(RunError::SentPartitions { topic, found, outbound, wanted });
    }
    let identity = SentIdentity {
        cluster_id: cluster.cluster_id.clone(),
        topic: topic.clone(),
        partitions: found,
        pepper_id: pepper.id(),
    };
    let (store, opened) = SentStore::open(&config.state.dir, &identity, config.state.memory_bytes)?;
    match opened {
        sent::Opened::Fresh => tracing::info!("no approvals stored here yet"),
        sent::Opened::Reused => {
            tracing::info!("approvals found: reading on from their checkpoints")
        }
        sent::Opened::Discarded(why) => {
            tracing::warn!(
                why,
                "stored approvals are discarded and read again from their changelog"
            );
        }
    }
    Ok(store)
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
        Opened::Quarantined { .. } => {
            tracing::warn!(
                ?opened,
                "the state could not be trusted and is rebuilt from the consent topic"
            );
        }
    }
}

//! What a lane works with.

use super::{InDoubt, PRODUCER_SUFFIXES};
use crate::approvals::SentStore;
use crate::barrier::Barrier;
use crate::identity::Pepper;
use crate::kafka::GateContext;
use crate::kafka::source::SourceTopics;
use crate::links::Minter;
use crate::metrics::Metrics;
use crate::outputs::ByOutput;
use crate::policies::Policies;
use crate::records::MessageRecords;
use crate::shutdown::Shutdown;
use crate::status::{OutboundPositions, Status};
use crate::store::Store;
use rdkafka::consumer::BaseConsumer;
use rdkafka::{ClientConfig, Offset};
use std::sync::Arc;
use std::time::Duration;

/// All of it.
#[derive(Clone)]
pub struct LaneParts {
    /// What all lanes of a process share.
    pub shared: Shared,
    /// How it works.
    pub settings: Settings,
    /// Whom it asks, and what its own clients are made from.
    pub clients: Clients,
}

/// What all lanes of a process share.
#[derive(Clone)]
pub struct Shared {
    /// Reads messages, of each input topic its own.
    pub messages: Arc<[MessageRecords]>,
    /// Hashes identities.
    pub pepper: Arc<Pepper>,
    /// Consent state.
    pub store: Arc<Store>,
    /// What was approved before, as far as the changelog was read.
    pub sent: Arc<SentStore>,
    /// Consent caught up?
    pub barrier: Barrier,
    /// The law in force.
    pub policies: Arc<Policies>,
    /// Counts.
    pub metrics: Arc<Metrics>,
    /// Readiness.
    pub status: Arc<Status>,
    /// Transactions whose end is not known, for whoever takes their partitions up.
    pub in_doubt: Arc<InDoubt>,
    /// Where the lane has come to, for the lag.
    pub positions: Arc<OutboundPositions>,
    /// When to stop.
    pub shutdown: Shutdown,
}

/// How a lane works.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The input topics.
    pub topics: SourceTopics,
    /// The consumer group, for messages to people.
    pub group_id: String,
    /// The consent topic, named in each decision.
    pub consent_topic: String,
    /// `instance_id`, for the decision log.
    pub instance_id: String,
    /// Whether outputs carry their whole decision beside what refers to it.
    pub has_full_headers: bool,
    /// Makes an unsubscribe link for each approved e-mail, if that is wanted.
    pub(crate) links: Option<Arc<Minter>>,
    /// The output topics.
    pub outputs: ByOutput<String>,
    /// Most messages in one transaction.
    pub batch_messages_max: usize,
    /// Most value bytes in one transaction.
    pub batch_bytes_max: usize,
    /// Largest value that is read.
    pub value_bytes_max: usize,
    /// Limit of one transaction; also bounds how long readers of the outputs can be blocked by a crash.
    pub transaction_timeout: Duration,
    /// Where a group without committed offsets begins: the beginning or the end of the log.
    pub start_at: Offset,
    /// Leave the group when stopping, so that others take over at once.
    pub leave_on_shutdown: bool,
}

/// Whom a lane asks, and what its own clients are made from.
#[derive(Clone)]
pub struct Clients {
    /// Settings of its producers, transactional ids included.
    pub producer_configs: [ClientConfig; PRODUCER_SUFFIXES.len()],
    /// Settings for reading outputs and approvals.
    pub scan_config: ClientConfig,
    /// Asks where topics end, read uncommitted.
    pub ends: Arc<BaseConsumer<GateContext>>,
    /// Asks how far the input topic is committed.
    pub committed_ends: Arc<BaseConsumer<GateContext>>,
}

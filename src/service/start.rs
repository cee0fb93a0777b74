//! Builds the parts from the configuration and starts their threads.

use super::RunError;
use super::asking::Answering;
use super::checkpointer::{Checkpointer, CheckpointerParts};
use super::common_pepper::CommonPepper;
use super::monitor::{Monitor, MonitorParts};
use super::orphans::Orphans;
use super::registry::{consent_records_with, message_records_with, registry};
use super::stores::{
    StateParts, checkpoints, open_sent, open_store, outbound_partitions, topic_facts,
};
use crate::approvals::SentStore;
use crate::barrier::Applied;
use crate::barrier::ConsentTopic;
use crate::config::Config;
use crate::http::{self, Front};
use crate::identity::Pepper;
use crate::kafka::failure::Class;
use crate::kafka::preflight::{ClusterInfo, preflight};
use crate::kafka::source::SourceTopics;
use crate::kafka::{self, GateContext};
use crate::links::{Keys, Minter, short_senders};
use crate::metrics::{Metrics, Sources, TopicNames};
use crate::outputs::{Output, Writer as WrittenBy};
use crate::pipeline::InDoubt;
use crate::policies::archive::{Archive, Keeper};
use crate::policies::{Loaded, Policies, PolicySource, Watch, publish};
use crate::probe::{Probe, ProbeParts};
use crate::reader::dead_letter::{DeadLetterParts, DeadLetters};
use crate::reader::{Reader, ReaderParts};
use crate::records::{ConsentRecords, MessageRecords};
use crate::registry::Registry;
use crate::shutdown::Shutdown;
use crate::status::OutboundPositions;
use crate::status::Status;
use crate::store::{Checkpoints, Identity, Maker, Store, StoreError, Writer};
use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Pause between two looks at threads that should end.
const JOIN_PAUSE: Duration = Duration::from_millis(20);
/// Pause before a broker that is away is asked again at the start.
const START_RETRY: Duration = Duration::from_secs(1);

/// A thread of the service.
pub(super) struct Worker {
    name: String,
    handle: JoinHandle<Result<(), RunError>>,
}

/// The service while it runs.
pub struct Running {
    workers: Vec<Worker>,
    shutdown: Shutdown,
    shutdown_timeout: Duration,
    /// Where HTTP listens.
    pub http_address: SocketAddr,
    /// Readiness.
    pub status: Arc<Status>,
    /// Counts.
    pub metrics: Arc<Metrics>,
}

/// Shared by everything that talks to Kafka.
pub(super) struct Parts<'a> {
    pub(super) config: &'a Config,
    pub(super) base: ClientConfig,
    pub(super) metrics: Arc<Metrics>,
    pub(super) status: Arc<Status>,
    pub(super) shutdown: Shutdown,
    pub(super) pepper: Arc<Pepper>,
    pub(super) applied: Arc<Applied>,
    pub(super) positions: Arc<OutboundPositions>,
    pub(super) in_doubt: Arc<InDoubt>,
    pub(super) end_offsets: Arc<BaseConsumer<GateContext>>,
    pub(super) committed_ends: Arc<BaseConsumer<GateContext>>,
    pub(super) consent_topic: Arc<ConsentTopic>,
    pub(super) consent_topic_id: String,
    pub(super) registry: Option<Registry>,
    pub(super) consent: ConsentRecords,
    pub(super) messages: Arc<[MessageRecords]>,
    pub(super) sent: Arc<SentStore>,
    pub(super) links: Option<Arc<Minter>>,
}

/// Starts the service, with the pages of `front` at its address. `None` when it was asked to stop before it began.
///
/// # Errors
/// When anything it needs is refused, missing or damaged beyond a rebuild.
pub fn start(
    config: &Config,
    runtime: &tokio::runtime::Handle,
    shutdown: Shutdown,
    front: Option<Front>,
) -> Result<Option<Running>, RunError> {
    let metrics = Metrics::new(TopicNames {
        consent_change: config.topics.consent_change.clone(),
        outbound_messages: config.topics.outbound_messages.clone(),
    })?;
    metrics.count_by_name(&config.metrics.brands, &config.metrics.campaigns);
    let source = PolicySource::of(&config.policies);
    let Loaded { set: policies, files: policy_files, .. } = source.read()?;
    tracing::info!(
        revision = policies.revision(),
        tz = policies.tz_version(),
        numbering = policies.numbering().version(),
        n_packs = policies.packs().len(),
        is_built_in = source.dir.is_none(),
        "policies loaded"
    );
    publish(&metrics, &policies);
    let policies = Arc::new(Policies::new(policies));
    let links = minter(config)?;
    let registry = registry(config)?;
    let consent = consent_records_with(config, registry.clone())?;
    let topics = config.topics.outbound_messages.iter();
    let messages = topics.map(|topic| message_records_with(config, topic, registry.clone()));
    let messages: Arc<[MessageRecords]> = messages.collect::<Result<_, _>>()?;
    let status = Status::new(Arc::clone(&metrics), config.lanes);
    // health first: a liveness probe must get its answer while the broker is still away
    let token = config.http.token.as_ref().map(|token| token.expose().to_owned());
    let answering = Answering::of(config, &metrics)?;
    let server = runtime.block_on(http::serve(
        config.http.listen,
        Arc::clone(&status),
        Arc::clone(&metrics),
        token,
        front,
        answering.as_ref().map(Answering::machines),
        shutdown.token(),
    ))?;
    let Some(cluster) = await_cluster(config, &shutdown)? else {
        return Ok(None);
    };
    let base = config.client_base();
    let end_offsets: BaseConsumer<GateContext> = kafka::end_offset_query(&base)
        .create_with_context(GateContext::default())
        .map_err(crate::reader::ReaderError::Kafka)?;
    let committed_ends: BaseConsumer<GateContext> = kafka::committed_end_query(&base)
        .create_with_context(GateContext::default())
        .map_err(crate::reader::ReaderError::Kafka)?;
    for client in [&end_offsets, &committed_ends] {
        kafka::native::log_through(client.client());
    }
    cluster.require(&config.topics.consent_change)?;
    // id and partitions in one answer: the topic may have been made again since it was looked for
    let consent_facts = topic_facts(&end_offsets, &config.topics.consent_change)?;
    let brokers = cluster.brokers.iter().map(|broker| broker.id).collect();
    let consent_topic = Arc::new(ConsentTopic::new(
        &config.topics.consent_change,
        consent_facts.id.clone(),
        consent_facts.n_partitions,
        brokers,
    ));
    let in_force = policies.current();
    let common = CommonPepper {
        config,
        client: &end_offsets,
        n_partitions: cluster.require(&config.topics.outputs.sent_log)?.partitions,
        policies: &in_force,
    };
    let Some(pepper) = common.settle(&shutdown)? else { return Ok(None) };
    let pepper = Arc::new(pepper);
    let identity = Identity {
        cluster_id: cluster.cluster_id.clone(),
        topic: config.topics.consent_change.clone(),
        topic_id: consent_facts.id.unwrap_or_default(),
        partitions: u32::try_from(consent_facts.n_partitions).unwrap_or(u32::MAX),
        pepper_id: pepper.id(),
        mapping_id: consent.mapping_id(),
    };
    let checkpoints = checkpoints(config, &pepper);
    let opened = open_store(&StateParts {
        config,
        identity: &identity,
        client: &end_offsets,
        checkpoints: checkpoints.as_ref(),
        metrics: &metrics,
        shutdown: &shutdown,
    });
    let (store, writer) = match opened {
        Ok(opened) => opened,
        Err(RunError::Store(StoreError::Interrupted { .. })) => return Ok(None),
        Err(error) => return Err(error),
    };
    let sent = Arc::new(open_sent(config, &cluster, &pepper)?);
    let parts = Parts {
        config,
        base,
        metrics: Arc::clone(&metrics),
        status: Arc::clone(&status),
        shutdown: shutdown.clone(),
        pepper,
        applied: Arc::new(Applied::new(writer.positions())),
        positions: Arc::default(),
        in_doubt: Arc::default(),
        end_offsets: Arc::new(end_offsets),
        committed_ends: Arc::new(committed_ends),
        consent_topic,
        consent_topic_id: identity.topic_id,
        registry,
        consent,
        messages,
        sent: Arc::clone(&sent),
        links,
    };
    let store = Arc::new(store);
    let (archive, keeper) = Archive::new(config, &metrics, &shutdown);
    archive.keep(policy_files); // before the first decision
    let mut workers = vec![
        parts.start_reader(writer)?,
        parts.start_monitor(&store)?,
        parts.start_orphans()?,
        parts.start_policies(&policies, source, archive)?,
        parts.start_policy_keeper(keeper)?,
    ];
    if let Some(checkpoints) = checkpoints {
        workers.push(parts.start_checkpointer(&store, checkpoints)?);
    }
    for number in 0..config.lanes {
        workers.push(parts.start_lane(number, &store, &policies)?);
    }
    if config.probe.enabled {
        workers.push(parts.start_probe(&policies)?);
    }
    if let Some(answering) = answering {
        let (_, n_partitions) = outbound_partitions(config, &cluster)?;
        workers.extend(parts.start_answers(answering, &store, &policies, n_partitions)?);
    }
    Ok(Some(Running {
        workers,
        shutdown,
        shutdown_timeout: config.shutdown_timeout,
        http_address: server.address,
        status,
        metrics,
    }))
}

/// What makes a link for each approved e-mail. Read before anything else: without its keys nothing is decided.
fn minter(config: &Config) -> Result<Option<Arc<Minter>>, RunError> {
    let Some(unsubscribe) = &config.unsubscribe else { return Ok(None) };
    let keys = Keys::load(&unsubscribe.keys_file).map_err(RunError::Links)?;
    let minter = Minter::new(&unsubscribe.public_url, keys.tokens);
    Ok(Some(Arc::new(match &unsubscribe.short {
        Some((url, senders)) => minter.with_short(url, short_senders(senders)),
        None => minter,
    })))
}

/// Waits for brokers and topics as long as they are merely away; credentials, missing topics and configuration
/// end it at once.
fn await_cluster(config: &Config, shutdown: &Shutdown) -> Result<Option<ClusterInfo>, RunError> {
    while !shutdown.is_requested() {
        // those of desk and door, which the gate has no part in
        let is_beside =
            |output: &&Output| matches!(output.row().writer, WrittenBy::Desk | WrittenBy::Door);
        let besides = Output::ALL.iter().filter(is_beside);
        let besides: Vec<&str> =
            besides.map(|output| config.topics.outputs.of(*output).as_str()).collect();
        let asked =
            preflight(config).and_then(|cluster| cluster.require_all(&besides).map(|()| cluster));
        match asked {
            Ok(cluster) => return Ok(Some(cluster)),
            Err(failure) if failure.class == Class::TryAgain => {
                tracing::warn!(%failure, "Kafka cannot be reached; trying again");
                std::thread::sleep(START_RETRY);
            }
            Err(failure) => return Err(failure.into()),
        }
    }
    Ok(None)
}

impl Parts<'_> {
    pub(super) fn scan_config(&self) -> ClientConfig {
        kafka::scanner(&self.base, &self.config.kafka.group_id)
    }

    /// Copies of consent changes in one of our topics, each once; `role` tells their writers apart.
    fn letters(&self, topic: &str, role: &str) -> DeadLetters {
        let config = self.config;
        let transactional_id = format!("{}-{role}", config.kafka.group_id);
        let timeout = config.kafka.transaction_timeout;
        DeadLetters::new(DeadLetterParts {
            producer_config: kafka::lane_producer(
                &self.config.producer_base(),
                &transactional_id,
                timeout,
            ),
            scan_config: self.scan_config(),
            topic: topic.to_owned(),
            consent_topic: config.topics.consent_change.clone(),
            topic_id: self.consent_topic_id.clone(),
            pepper: Arc::clone(&self.pepper),
        })
    }

    fn start_reader(&self, writer: Writer) -> Result<Worker, RunError> {
        let config = self.config;
        let reader = Reader::new(ReaderParts {
            topic: config.topics.consent_change.clone(),
            consent_topic: Arc::clone(&self.consent_topic),
            barrier: self.barrier(),
            scan_config: self.scan_config(),
            records: self.consent.clone(),
            pepper: Arc::clone(&self.pepper),
            writer,
            applied: Arc::clone(&self.applied),
            dead_letters: self.letters(&config.topics.outputs.consent_dead_letter, "dead-letter"),
            review: self.letters(&config.topics.outputs.consent_review, "review"),
            metrics: Arc::clone(&self.metrics),
            sources: Sources::new(&self.metrics, &config.metrics.sources),
            status: Arc::clone(&self.status),
            shutdown: self.shutdown.clone(),
            value_bytes_max: config.limits.value_bytes_max,
            key_names_contact: config.consent.key_names_contact,
            checkpoint_interval: config.consent.checkpoint_interval,
        });
        let consumer: BaseConsumer<GateContext> =
            kafka::consent_reader(&self.base, &config.kafka.group_id)
                .create_with_context(GateContext::default())
                .map_err(crate::reader::ReaderError::Kafka)?;
        self.spawn("consent-reader", move || reader.run(consumer).map_err(RunError::from))
    }

    fn start_monitor(&self, store: &Arc<Store>) -> Result<Worker, RunError> {
        let monitor = Monitor::new(MonitorParts {
            barrier: self.barrier(),
            client: Arc::clone(&self.end_offsets),
            consent_topic: Arc::clone(&self.consent_topic),
            outbound_topics: SourceTopics::new(&self.config.topics.outbound_messages),
            positions: Arc::clone(&self.positions),
            store: Arc::clone(store),
            metrics: Arc::clone(&self.metrics),
            status: Arc::clone(&self.status),
            shutdown: self.shutdown.clone(),
        });
        self.spawn("monitor", move || monitor.run())
    }

    fn start_orphans(&self) -> Result<Worker, RunError> {
        let orphans = Orphans {
            client: Arc::clone(&self.end_offsets),
            base: self.base.clone(),
            group_id: self.config.kafka.group_id.clone(),
            instance_id: self.config.instance_id.clone(),
            transaction_timeout: self.config.kafka.transaction_timeout,
            metrics: Arc::clone(&self.metrics),
            status: Arc::clone(&self.status),
            shutdown: self.shutdown.clone(),
        };
        self.spawn("orphans", move || {
            orphans.run();
            Ok(())
        })
    }

    fn start_checkpointer(
        &self,
        store: &Arc<Store>,
        checkpoints: Checkpoints,
    ) -> Result<Worker, RunError> {
        let interval = self.config.state.checkpoints.as_ref().map(|wanted| wanted.interval);
        let checkpointer = Checkpointer::new(CheckpointerParts {
            maker: Maker::new(checkpoints),
            store: Arc::clone(store),
            interval: interval.unwrap_or(Duration::MAX),
            metrics: Arc::clone(&self.metrics),
            shutdown: self.shutdown.clone(),
        });
        self.spawn("checkpoints", move || {
            checkpointer.run();
            Ok(())
        })
    }

    fn start_policies(
        &self,
        policies: &Arc<Policies>,
        source: PolicySource,
        archive: Archive,
    ) -> Result<Worker, RunError> {
        let watch = Watch {
            policies: Arc::clone(policies),
            source,
            archive,
            is_asked: self.shutdown.reload_asked(),
            metrics: Arc::clone(&self.metrics),
            status: Arc::clone(&self.status),
            shutdown: self.shutdown.clone(),
        };
        self.spawn("policies", move || {
            watch.run();
            Ok(())
        })
    }

    fn start_policy_keeper(&self, keeper: Keeper) -> Result<Worker, RunError> {
        self.spawn("policy-keeper", move || {
            keeper.run();
            Ok(())
        })
    }

    fn start_probe(&self, policies: &Arc<Policies>) -> Result<Worker, RunError> {
        let config = self.config;
        let (topics, formats) = (&config.topics, &config.formats);
        let probe = Probe::new(ProbeParts {
            base: self.base.clone(),
            group_id: config.kafka.group_id.clone(),
            instance_id: config.instance_id.clone(),
            consent: (topics.consent_change.clone(), formats.consent_change),
            outbound: {
                let topic = topics.own_outbound();
                (topic.to_owned(), *formats.outbound_message.of(topic))
            },
            outputs: topics.decisions().map(str::to_owned),
            registry: self.registry.clone(),
            policies: Arc::clone(policies),
            interval: config.probe.interval,
            timeout: config.probe.timeout,
            jurisdiction: config.probe.jurisdiction.clone(),
            metrics: Arc::clone(&self.metrics),
            shutdown: self.shutdown.clone(),
        });
        self.spawn("probe", move || {
            probe.run();
            Ok(())
        })
    }

    /// A thread whose end, good or bad, ends the service.
    pub(super) fn spawn(
        &self,
        name: &str,
        work: impl FnOnce() -> Result<(), RunError> + Send + 'static,
    ) -> Result<Worker, RunError> {
        let shutdown = self.shutdown.clone();
        let handle = std::thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || {
                let result = work();
                shutdown.request();
                result
            })
            .map_err(RunError::Runtime)?;
        Ok(Worker { name: name.to_owned(), handle })
    }
}

impl Running {
    /// Waits for a request to stop or the first failure, then for everybody to end.
    ///
    /// # Errors
    /// The first failure, or who did not end in time.
    pub fn wait(self) -> Result<(), RunError> {
        while !self.shutdown.is_requested() {
            std::thread::sleep(JOIN_PAUSE);
        }
        self.status.stopping();
        let deadline = Instant::now() + self.shutdown_timeout;
        let mut first_failure = None;
        let mut overdue = Vec::new();
        for worker in self.workers {
            while !worker.handle.is_finished() && Instant::now() < deadline {
                std::thread::sleep(JOIN_PAUSE);
            }
            if !worker.handle.is_finished() {
                overdue.push(worker.name);
                continue;
            }
            // a panic ends the process in the panic hook; a join error cannot be seen here
            if let Ok(Err(error)) = worker.handle.join() {
                first_failure.get_or_insert(error);
            }
        }
        match (first_failure, overdue.is_empty()) {
            (Some(error), _) => Err(error),
            (None, true) => Ok(()),
            (None, false) => Err(RunError::Overdue {
                seconds: self.shutdown_timeout.as_secs(),
                threads: overdue.join(", "),
            }),
        }
    }

    /// Asks everything to stop.
    pub fn stop(&self) {
        self.shutdown.request();
    }
}

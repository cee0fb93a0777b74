//! Builds the desk from the configuration, starts its threads, and stops them.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use gate_index::{Identity, Index, Opened, Settings, Topic};

use super::access_log::AccessLog;
use super::handle::Handles;
use super::places::Readers;
use super::progress::Progress;
use super::session::{Cookies, Sessions, secret};
use super::work_account::WorkAccounts;
use super::{Desk, server};
use crate::access;
use crate::config::Config;
use crate::exit::{ExitCode, Failure, OrFail as _};
use crate::gates::Gates;
use crate::headers::hex;
use crate::http::{self, Limits};
use crate::identity::{Pepper, PepperFile};
use crate::kafka::observer::Observer;
use crate::kafka::preflight::preflight;
use crate::metrics::{DeskMetrics, Metrics, TopicNames};
use crate::policies::{Policies, PolicySource};
use crate::shutdown::Shutdown;
use crate::status::Status;

/// Questions that read Kafka or the index at a time.
const READERS_MAX: usize = 16;
/// Longest wait for the brokers' answer about a topic.
const ANSWER_MAX: Duration = Duration::from_secs(10);
/// Different combinations that are counted apart in a half hour.
const SERIES_MAX: usize = 10_000;
/// Different verdicts, shapes and contexts that are told apart.
const WORDS_MAX: u32 = 1_000_000;

/// The desk while it runs.
pub struct Running {
    /// Where it listens.
    pub address: std::net::SocketAddr,
    server: http::Server,
    threads: Vec<JoinHandle<()>>,
    shutdown: Shutdown,
}

impl Running {
    /// Waits for the wish to stop, and then for all parts.
    pub async fn wait(self) {
        let Self { server, threads, shutdown, .. } = self;
        shutdown.token().cancelled().await;
        server.stopped().await;
        for thread in threads {
            if tokio::task::spawn_blocking(move || thread.join()).await.is_err() {
                tracing::error!("a thread of the desk ended by itself");
            }
        }
    }
}

/// Starts it. With `is_open` whoever reaches the address may do everything: the demo, on loopback alone.
///
/// # Errors
/// Anything it needs is refused, missing or not valid.
pub async fn start(config: Config, shutdown: &Shutdown, is_open: bool) -> Result<Running, Failure> {
    let listen = config.desk.listen;
    if is_open && !listen.ip().is_loopback() {
        let reason = "a desk that asks nobody who they are listens on loopback only";
        return Err(Failure::new(ExitCode::Config, reason));
    }
    let metrics = Metrics::new(TopicNames::default()).or_fail(ExitCode::Internal)?;
    let status = Status::new(Arc::clone(&metrics), 0);
    let config = Arc::new(config);
    let parts = {
        let config = Arc::clone(&config);
        let built = tokio::task::spawn_blocking(move || build(config, is_open)).await;
        built.or_fail(ExitCode::Internal)??
    };
    let Parts { desk, writer } = parts;
    let mut threads = super::follower::start(&desk, writer, shutdown)?;
    if let Some(access) = &desk.access {
        let watch = access::Watch {
            access: Arc::clone(access),
            count: desk.metrics.count_tokens(),
            status: Arc::clone(&status),
            shutdown: shutdown.clone(),
        };
        let thread = std::thread::Builder::new().name("tokens".to_owned());
        threads.push(thread.spawn(move || watch.run()).or_fail(ExitCode::Internal)?);
    }
    let router = server::router(Arc::clone(&desk));
    let served = http::serve_router(
        ("desk.listen", listen),
        router,
        metrics,
        Limits { request: Duration::from_secs(30), ..Limits::default() },
        shutdown.token(),
    );
    let server = served.await.or_fail(ExitCode::Config)?;
    tracing::info!(address = %server.address, "the desk listens");
    Ok(Running { address: server.address, server, threads, shutdown: shutdown.clone() })
}

struct Parts {
    desk: Arc<Desk>,
    writer: gate_index::Writer,
}

/// Everything that asks Kafka and the disk.
fn build(config: Arc<Config>, is_open: bool) -> Result<Parts, Failure> {
    let tokens = config.desk.tokens_file.as_deref();
    let access = tokens.map(access::Access::load).transpose().or_fail(ExitCode::Config)?;
    if access.is_none() && config.oidc.is_none() && !is_open {
        let reason = "nobody can get in: name a file in `desk.tokens_file`, with lines that `consent-gate token new` makes, or an identity provider in `desk.oidc`";
        return Err(Failure::new(ExitCode::Config, reason));
    }
    let pepper = pepper(&config)?;
    let policies = PolicySource::of(&config.policies).load().or_fail(ExitCode::Config)?;
    let cluster = preflight(&config)?;
    cluster.require(&config.topics.consent_change)?;
    cluster.require(&config.topics.outputs.decision_log)?;
    cluster.require(&config.topics.outputs.access_log)?;
    let observer = Observer::of(&config);
    let topic = |name: &str| -> Result<Topic, Failure> {
        let facts = observer.facts(name, ANSWER_MAX, &format!("asking for topic `{name}`"))?;
        Ok(Topic { name: name.to_owned(), id: facts.id.unwrap_or_default() })
    };
    let mut consent_change = topic(&config.topics.consent_change)?;
    let mapping_id = crate::service::consent_records(&config)?.mapping_id();
    if mapping_id != [0; 8] {
        // read by another mapping, the same records may be about other people
        consent_change.id = format!("{}, mapping {}", consent_change.id, hex(&mapping_id));
    }
    let identity = Identity {
        cluster_id: cluster.cluster_id.clone(),
        decision_log: topic(&config.topics.outputs.decision_log)?,
        consent_change,
        pepper_id: pepper.id(),
    };
    let settings = Settings {
        keep_days: u32::try_from(config.desk.keep_days).unwrap_or(u32::MAX),
        keep_changes_days: None,
        memory_bytes: config.desk.memory_bytes,
        series_max: SERIES_MAX,
        words_max: WORDS_MAX,
    };
    let seal = super::cursor::seal(&pepper);
    let opened = Index::open_sealed(&config.desk.dir, &identity, &settings, seal)
        .or_fail(ExitCode::Storage)?;
    let Opened { index, writer, rebuilt } = opened;
    if let Some(why) = rebuilt {
        tracing::warn!(%why, "the index is built again from Kafka");
    }
    let public = config.desk.public_url.as_deref();
    let host = public.and_then(|url| url.split_once("://")).map(|(_, rest)| rest);
    let desk = Desk {
        access: access.map(Arc::new),
        visitors: is_open.then(secret).transpose().or_fail(ExitCode::Internal)?,
        cookies: Cookies { is_secure: public.is_some_and(|url| url.starts_with("https://")) },
        sessions: Sessions::new(config.desk.session),
        work_accounts: work_accounts(&config)?,
        handles: Handles::default(),
        public_host: host.map(|host| host.split('/').next().unwrap_or_default().to_owned()),
        access_log: AccessLog::open(&config)?,
        gates: Gates::new("desk", &config.desk.gates, config.desk.gate_token.as_ref())
            .or_fail(ExitCode::Internal)?,
        index,
        places: Readers::of(&config),
        pepper,
        policies: Arc::new(Policies::new(policies)),
        readers: tokio::sync::Semaphore::new(READERS_MAX),
        progress: Arc::new(Progress::default()),
        metrics: DeskMetrics::new().or_fail(ExitCode::Internal)?,
        config,
    };
    Ok(Parts { desk: Arc::new(desk), writer })
}

/// The identity provider sends browsers back to where they reach the desk.
fn work_accounts(config: &Config) -> Result<Option<WorkAccounts>, Failure> {
    let Some(oidc) = config.oidc.clone() else { return Ok(None) };
    let Some(public) = config.desk.public_url.as_deref() else {
        let reason =
            "`desk.oidc` needs `desk.public_url`: the identity provider sends browsers back there";
        return Err(Failure::new(ExitCode::Config, reason));
    };
    WorkAccounts::new(oidc, public).map(Some).or_fail(ExitCode::Internal)
}

/// The gates' own: without it nobody is found.
fn pepper(config: &Config) -> Result<Pepper, Failure> {
    let path = &config.state.pepper_file;
    let found = PepperFile::load(path).or_fail(ExitCode::Config)?;
    let pepper = found.map(|pepper| Pepper::new(pepper.expose()));
    pepper.ok_or_else(|| {
        let path = path.display();
        let reason = format!(
            "there is no pepper at `{path}`: the desk finds people by keyed hashes, with the gates' own pepper (`state.pepper_file`)"
        );
        Failure::new(ExitCode::Config, reason)
    })
}

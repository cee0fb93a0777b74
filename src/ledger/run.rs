//! `consent-gate ledger run`: follows until SIGTERM, with health and metrics of its own.

use super::archive::Archive;
use super::follow::Follow;
use super::key::key_of;
use super::storage::{self, Writing};
use super::{LedgerError, Storage};
use crate::config::Config;
use crate::http::{Answer, Pages, serve_pages};
use crate::metrics::{LedgerMetrics, Metrics, TopicNames};
use crate::shutdown::{Shutdown, on_signals};
use gate_ledger::Writer;
use gate_objects::{Lease, RENEW};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// From the end of a round to the next.
const ROUND_PAUSE: Duration = Duration::from_secs(1);
/// Looks at a wish to stop meanwhile.
const NAP: Duration = Duration::from_millis(50);
/// Longest pause before an answer of Kafka is waited for again.
const RETRY_MAX: Duration = Duration::from_secs(30);
/// A ledger that has not moved for so long hangs.
const STILL_MAX: Duration = Duration::from_secs(300);

/// Runs until a signal or a failure.
///
/// # Errors
/// What stopped it, with its exit code.
pub fn run(config: &Config, accepts_topics: bool) -> Result<(), LedgerError> {
    let dir = storage::local(&config.ledger)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .map_err(|source| LedgerError::Io {
            action: "start threads for",
            path: dir.clone(),
            source,
        })?;
    let shutdown = Shutdown::default();
    on_signals(&runtime, &shutdown).map_err(|source| LedgerError::Io {
        action: "listen for signals for",
        path: dir.clone(),
        source,
    })?;
    let metrics = Arc::new(LedgerMetrics::new()?);
    let is_ready = Arc::new(AtomicBool::new(false));
    // counts of connections; nobody scrapes them here
    let connections = Metrics::new(TopicNames::default())?;
    let pages = pages(&metrics, &is_ready);
    let server = runtime.block_on(serve_pages(
        ("ledger.listen", config.ledger.listen),
        pages,
        connections,
        shutdown.token(),
    ))?;
    let served = run_in(config, accepts_topics, &metrics, &is_ready, &shutdown);
    shutdown.request();
    runtime.block_on(server.stopped());
    match served {
        Err(LedgerError::Stopped) => Ok(()),
        ended => ended,
    }
}

fn run_in(
    config: &Config,
    accepts_topics: bool,
    metrics: &Arc<LedgerMetrics>,
    is_ready: &AtomicBool,
    shutdown: &Shutdown,
) -> Result<(), LedgerError> {
    let (store, writing) = Storage::to_write(&config.ledger, shutdown)?;
    let name = store.name();
    let renewing = writing.lease.clone().map(|lease| {
        let shutdown = shutdown.clone();
        std::thread::spawn(move || renew(&lease, &shutdown))
    });
    let written = write(config, store, &writing, accepts_topics, metrics, is_ready, shutdown);
    shutdown.request();
    if let Some(renewing) = renewing
        && renewing.join().is_err()
    {
        tracing::error!("the thread that renews the lease ended in a panic");
    }
    let is_sure = storage::is_sure(writing.lease.as_ref());
    writing.end();
    written.and_then(|()| is_sure.map_err(|_| LedgerError::LeaseLost(name)))
}

/// Holds on to the lease until shutdown; ends the process when somebody else has it.
fn renew(lease: &Lease, shutdown: &Shutdown) {
    while !shutdown.is_requested() {
        nap(RENEW, shutdown);
        match lease.renew(Instant::now()) {
            Ok(true) => {}
            Ok(false) => {
                tracing::error!(
                    "somebody else has taken the lease over: this ledger was silent for too long"
                );
                shutdown.request();
            }
            Err(error) => tracing::warn!(%error, "the lease cannot be renewed now"),
        }
    }
}

fn write(
    config: &Config,
    store: Storage,
    writing: &Writing,
    accepts_topics: bool,
    metrics: &Arc<LedgerMetrics>,
    is_ready: &AtomicBool,
    shutdown: &Shutdown,
) -> Result<(), LedgerError> {
    let (key, is_new) = key_of(config, &store)?;
    let name = store.name();
    let public = key.public().to_string();
    let writer = Writer::open(store, key)?;
    tracing::info!(
        store = name,
        public_key = public,
        is_new_key = is_new,
        size = writer.size(),
        "following; whoever checks the ledger needs the public key"
    );
    let archive = match config.ledger.parquet {
        true => Some(Archive::open(config, writing.lease.as_ref(), metrics, shutdown)?),
        false => None,
    };
    let archive = archive.map(|archive| std::thread::spawn(move || archive.run()));
    let followed = follow(config, writer, accepts_topics, metrics, is_ready, shutdown);
    shutdown.request();
    if let Some(archive) = archive
        && archive.join().is_err()
    {
        tracing::error!("the archive's thread ended in a panic");
    }
    followed
}

fn follow(
    config: &Config,
    writer: Writer<Storage>,
    accepts_topics: bool,
    metrics: &Arc<LedgerMetrics>,
    is_ready: &AtomicBool,
    shutdown: &Shutdown,
) -> Result<(), LedgerError> {
    let mut follow = Follow::new(config, writer, metrics, shutdown, accepts_topics);
    let mut pause = ROUND_PAUSE;
    while !shutdown.is_requested() {
        match follow.round() {
            Ok(()) => {
                is_ready.store(true, Ordering::Relaxed);
                pause = ROUND_PAUSE;
            }
            Err(LedgerError::Stopped) => break,
            Err(error) if error.is_passing() => {
                is_ready.store(false, Ordering::Relaxed);
                metrics.kafka_errors.inc();
                let seconds = pause.as_secs();
                tracing::warn!(%error, again_in_seconds = seconds, "Kafka cannot be read; trying again");
                follow.tick()?;
            }
            Err(error) => return Err(error),
        }
        metrics.beat();
        nap(pause, shutdown);
        if !is_ready.load(Ordering::Relaxed) {
            pause = (pause * 2).min(RETRY_MAX);
        }
    }
    follow.close()
}

fn nap(pause: Duration, shutdown: &Shutdown) {
    let began = Instant::now();
    while began.elapsed() < pause && !shutdown.is_requested() {
        std::thread::sleep(NAP);
    }
}

const TEXT: &str = "text/plain; charset=utf-8";

fn pages(metrics: &Arc<LedgerMetrics>, is_ready: &Arc<AtomicBool>) -> Pages {
    let (metrics, is_ready) = (Arc::clone(metrics), Arc::clone(is_ready));
    Arc::new(move |path| {
        let text =
            |status, body: &str| Answer { status, content_type: TEXT, body: body.to_owned() };
        Some(match path {
            "/livez" if metrics.still_for() > STILL_MAX => {
                text(503, "has not moved for five minutes\n")
            }
            "/livez" => text(200, "alive\n"),
            "/readyz" if is_ready.load(Ordering::Relaxed) => text(200, "ready\n"),
            "/readyz" => text(
                503,
                "has not read both topics to their end since the start or the last error\n",
            ),
            "/metrics" => match metrics.encode() {
                Ok(body) => Answer {
                    status: 200,
                    content_type: "text/plain; version=0.0.4; charset=utf-8",
                    body,
                },
                Err(error) => {
                    tracing::error!(%error, "the metrics cannot be served");
                    text(500, "see the log\n")
                }
            },
            "/" => text(
                200,
                "consent-gate ledger\n  /livez    it moves\n  /readyz   it has read what there is\n  /metrics  Prometheus text format\n",
            ),
            _ => return None,
        })
    })
}

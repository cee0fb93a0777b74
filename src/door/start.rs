//! Builds the door from the configuration, starts it, and stops it without losing what it has answered for.

use std::sync::Arc;
use std::time::Duration;

use gate_codec::Kind;
use gate_intake::can_be_mailed;
use tokio_util::sync::CancellationToken;

use super::brands::Brands;
use super::certificates::Certificates;
use super::origin::Proxies;
use super::ready::Watch;
use super::room::Room;
use super::seen::Seen;
use super::sources::Sources;
use super::throttle::Throttle;
use super::topic::Topic;
use super::{Door, Outbound, ready, server};
use crate::config::Config;
use crate::exit::{ExitCode, Failure, OrFail as _};
use crate::files;
use crate::gates::Gates;
use crate::http::{self, Limits};
use crate::kafka::preflight::preflight;
use crate::links::{Keys, short_senders};
use crate::metrics::{DoorMetrics, Metrics, TopicNames};
use crate::shutdown::Shutdown;

/// Simultaneous connections; for the next ones those are cut that have been silent for longest.
const CONNECTIONS_MAX: u32 = 4_096;
/// Longest time from the headers to the answer: more than Kafka and the gates may take together.
const REQUEST_MAX: Duration = Duration::from_secs(15);

/// The door while it runs.
pub struct Running {
    /// Where it listens.
    pub address: std::net::SocketAddr,
    server: http::Server,
    door: Arc<Door>,
    /// Cancelled when nobody may come any more.
    closing: CancellationToken,
}

impl Running {
    /// Waits for the wish to stop; says so at `/readyz` while whoever sends here finds another door; answers those who are being
    /// served, and waits for Kafka.
    pub async fn wait(self) {
        let Self { server, door, closing, .. } = self;
        door.shutdown.token().cancelled().await;
        tokio::time::sleep(door.config.door.drain).await;
        closing.cancel();
        server.stopped().await;
        // whoever has hung up is still being taken in
        let (programs, links) = tokio::join!(
            door.room.is_idle_within(REQUEST_MAX),
            door.links_room.is_idle_within(REQUEST_MAX)
        );
        if !(programs && links) {
            tracing::warn!("some requests were not finished; nobody was told that they were");
        }
        let flushed = tokio::task::spawn_blocking(move || {
            door.topics().for_each(Topic::flush);
        });
        if flushed.await.is_err() {
            tracing::error!("the last records were not waited for");
        }
    }
}

/// Starts it.
///
/// # Errors
/// Anything it needs is refused, missing or not valid.
pub async fn start(config: Config, shutdown: &Shutdown) -> Result<Running, Failure> {
    let listen = config.door.listen;
    let config = Arc::new(config);
    let building = {
        let (config, shutdown) = (Arc::clone(&config), shutdown.clone());
        tokio::task::spawn_blocking(move || build(config, shutdown))
    };
    let door = Arc::new(building.await.or_fail(ExitCode::Internal)??);
    ready::watch(&door, shutdown)?;
    let closing = CancellationToken::new();
    let metrics = Metrics::new(TopicNames::default()).or_fail(ExitCode::Internal)?;
    let limits = Limits {
        connections_max: http::room_for(CONNECTIONS_MAX),
        request: REQUEST_MAX,
        shutdown: REQUEST_MAX,
        ..Limits::default()
    };
    let router = server::router(Arc::clone(&door));
    let listening = ("door.listen", listen);
    let served = http::serve_router(listening, router, metrics, limits, closing.clone()).await;
    let server = served.or_fail(ExitCode::Config)?;
    tracing::info!(address = %server.address, sources = door.sources.all().count(), "the door listens");
    Ok(Running { address: server.address, server, door, closing })
}

/// Everything that asks Kafka and the disk.
fn build(config: Arc<Config>, shutdown: Shutdown) -> Result<Door, Failure> {
    let door = &config.door;
    files::private_dir(&door.dir)
        .or_fail_at(ExitCode::Storage, || format!("`door.dir`: `{}`", door.dir.display()))?;
    let sources = Sources::load(door.sources_file.as_deref(), door.public_url.as_deref())?;
    let knows_addresses = !door.trusted_proxies.is_empty();
    let brands = Brands::load(door.brands_file.as_deref(), knows_addresses)?;
    // a file that was named and is absent is a mount that is missing, not a first start
    let keys = match &door.keys_file {
        Some(path) => Keys::load(path)?,
        None => Keys::load_or_make(&door.dir.join("keys"))?,
    };
    links_in_mail(brands.have_sign_up(), door.public_url.as_deref())?;
    let cluster = preflight(&config)?;
    cluster.require(&config.topics.consent_change)?;
    cluster.require(&config.topics.outputs.door_dead_letter)?;
    let outbound = match brands.have_sign_up() {
        false => None,
        true => {
            let topic = config.topics.own_outbound();
            cluster.require(topic)?;
            let format = *config.formats.outbound_message.of(topic);
            let encoding = crate::service::encoding(&config, Kind::OutboundMessage, format)?;
            Some(Outbound { topic: Topic::open(&config, topic)?, encoding })
        }
    };
    let kept = Duration::from_secs(config.door.remember_days as u64 * 24 * 3600);
    let format = config.formats.consent_change;
    Ok(Door {
        sources,
        brands,
        links: super::links::source()?,
        encoding: crate::service::encoding(&config, Kind::ConsentChange, format)?,
        consent: Topic::open(&config, &config.topics.consent_change)?,
        dead_letters: Topic::open(&config, &config.topics.outputs.door_dead_letter)?,
        outbound,
        proxies: Proxies::new(config.door.trusted_proxies.clone()),
        throttle: Throttle::new(),
        keys,
        short_senders: match &config.door.short_url {
            Some(_) => short_senders(&config.door.short_senders),
            None => Vec::new(),
        },
        seen: Seen::open(&config.door.dir.join("seen"), kept).or_fail(ExitCode::Storage)?,
        gates: Gates::new("door", &config.door.gates, config.door.gate_token.as_ref())
            .or_fail(ExitCode::Internal)?,
        certificates: Certificates::new().or_fail(ExitCode::Internal)?,
        metrics: DoorMetrics::new().or_fail(ExitCode::Internal)?,
        watch: Watch::default(),
        shutdown,
        room: Room::of_programs(config.door.requests_max),
        links_room: Room::of_links(config.door.requests_max),
        config,
    })
}

/// Whether a form that sends mail can send links. Found out at the start, and not by whoever asks for a mail.
fn links_in_mail(has_form: bool, public_url: Option<&str>) -> Result<(), Failure> {
    let reason = match public_url {
        _ if !has_form => return Ok(()),
        Some(url) if can_be_mailed(url) => return Ok(()),
        Some(_) => {
            "`sign_up` in `door.brands_file` needs a `door.public_url` with `https://`: whoever reads a link on its way could agree with it"
        }
        None => {
            "`sign_up` in `door.brands_file` needs `door.public_url`: links in mail begin with it"
        }
    };
    Err(Failure::new(ExitCode::Config, reason))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_that_sends_mail_needs_an_address_for_its_links() {
        let why = |url| links_in_mail(true, url).err().map(|failure| failure.message());
        assert!(why(None).unwrap().contains("door.public_url"));
        assert!(why(Some("http://door.example")).unwrap().contains("https://"));
        assert_eq!(why(Some("https://door.example")), None);
        assert_eq!(why(Some("http://127.0.0.1:8090")), None);
        assert!(links_in_mail(false, Some("http://door.example")).is_ok());
    }
}

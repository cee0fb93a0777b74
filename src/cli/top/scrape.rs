//! Asks instances for their pages. Bounded: time, bytes; no redirects, no proxy of the environment.

use super::figures::{Answer, Scraped};
use crate::cli::{ExitCode, Failure};
use crate::exit::OrFail as _;
use crate::status::{Readiness, SNAPSHOT_BYTES_MAX, Snapshot};
use reqwest::header::ACCEPT;
use reqwest::{Client, StatusCode, Url};
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::{Duration, Instant};

/// How long one instance may take to answer.
const PATIENCE: Duration = Duration::from_secs(3);

/// Where the instances are.
#[derive(Clone)]
pub(super) struct Scraper {
    client: Client,
    urls: Vec<Url>,
}

impl Scraper {
    /// Checks the addresses; asks nobody yet.
    pub(super) fn new(urls: &[String]) -> Result<Self, Failure> {
        let usage = |text: String| Failure::new(ExitCode::Usage, text);
        let parse = |text: &String| {
            let whole = if text.contains("://") { text.clone() } else { format!("http://{text}") };
            let url = Url::parse(&whole).ok().filter(|url| {
                matches!(url.scheme(), "http" | "https")
                    && url.host().is_some()
                    && url.username().is_empty()
            });
            url.ok_or_else(|| usage("`--url` must be like http://127.0.0.1:8080".to_owned()))
        };
        let urls = urls.iter().map(parse).collect::<Result<Vec<Url>, Failure>>()?;
        let builder = Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .timeout(PATIENCE)
            .connect_timeout(PATIENCE);
        // a machine without authorities can still watch a gate that has no TLS
        let is_plain = urls.iter().all(|url| url.scheme() == "http");
        let builder = if is_plain { builder.tls_certs_only([]) } else { builder };
        let client = builder.build().map_err(|_| {
            usage("the HTTP client cannot start; check the machine's CA certificates".to_owned())
        })?;
        Ok(Self { client, urls })
    }

    /// What instances are called: host and port.
    pub(super) fn names(&self) -> Vec<String> {
        let name = |url: &Url| {
            let host = url.host_str().unwrap_or_default();
            url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
        };
        self.urls.iter().map(name).collect()
    }

    /// Asks all of them, once.
    pub(super) fn scrape(&self) -> Result<Vec<Scraped>, Failure> {
        Ok(crate::cli::runtime()?.block_on(self.all()))
    }

    /// Asks all of them again and again, on a thread that ends when nobody listens.
    pub(super) fn follow(self, interval: Duration) -> Result<Receiver<Vec<Scraped>>, Failure> {
        let runtime = crate::cli::runtime()?;
        let (sender, receiver) = sync_channel(1);
        let ask = move || {
            runtime.block_on(async {
                let mut beat = tokio::time::interval(interval);
                beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
                loop {
                    beat.tick().await;
                    if sender.send(self.all().await).is_err() {
                        break;
                    }
                }
            });
        };
        let thread = std::thread::Builder::new().name("scraper".to_owned());
        thread.spawn(ask).or_fail_at(ExitCode::TryAgain, || "cannot start a thread".to_owned())?;
        Ok(receiver)
    }

    /// All at the same time, in their order.
    async fn all(&self) -> Vec<Scraped> {
        let mut asked = tokio::task::JoinSet::new();
        for (index, url) in self.urls.iter().cloned().enumerate() {
            let client = self.client.clone();
            asked.spawn(async move { (index, one(&client, &url).await) });
        }
        let mut all = asked.join_all().await;
        all.sort_by_key(|(index, _)| *index);
        all.into_iter().map(|(_, scraped)| scraped).collect()
    }
}

async fn one(client: &Client, url: &Url) -> Scraped {
    let answer = ask(client, url).await;
    Scraped { at: Instant::now(), answer }
}

/// `/status`, or what a version that has none says of `/readyz`.
async fn ask(client: &Client, url: &Url) -> Result<Answer, String> {
    let (code, body) = get(client, url, "status").await?;
    if code == StatusCode::OK
        && let Ok(snapshot) = serde_json::from_slice::<Snapshot>(&body)
    {
        return Ok(Answer::Snapshot(Box::new(snapshot)));
    }
    let (_, body) = get(client, url, "readyz").await?;
    match serde_json::from_slice::<Readiness>(&body) {
        Ok(readiness) => Ok(Answer::Older(readiness)),
        Err(_) => Err("what answers there is no consent-gate".to_owned()),
    }
}

async fn get(client: &Client, url: &Url, page: &str) -> Result<(StatusCode, Vec<u8>), String> {
    let mut url = url.clone();
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.pop_if_empty().push(page);
    }
    let request = client.get(url).header(ACCEPT, "application/json");
    let mut reply = request.send().await.map_err(|error| why(&error))?;
    let mut body = Vec::new();
    while let Some(chunk) = reply.chunk().await.map_err(|error| why(&error))? {
        if body.len() + chunk.len() > SNAPSHOT_BYTES_MAX {
            return Err(format!("/{page} is longer than {} MiB", SNAPSHOT_BYTES_MAX >> 20));
        }
        body.extend_from_slice(&chunk);
    }
    Ok((reply.status(), body))
}

/// A closed set of sentences, with what the system says of a refused connection.
fn why(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return format!("no answer within {} s", PATIENCE.as_secs());
    }
    let mut source = std::error::Error::source(error);
    while let Some(inner) = source {
        if let Some(io) = inner.downcast_ref::<std::io::Error>() {
            return io.kind().to_string();
        }
        source = inner.source();
    }
    "it cannot be reached".to_owned()
}

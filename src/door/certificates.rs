//! Certificates that providers sign with, fetched from where gate-intake allows and kept while the door runs.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use gate_intake::{CertificateUrl, Certificates as Known};
use reqwest::Client;

/// Longest wait for one, within the time that a provider waits.
const FETCH_MAX: Duration = Duration::from_secs(2);
/// Bytes of one.
const BYTES_MAX: usize = 64 << 10;
/// How many are kept; Amazon has one a region and changes it once a year.
const KEPT_MAX: usize = 64;

/// After one that was not to be had: who sends forged requests must not make the door ask again and again.
const PAUSE: Duration = Duration::from_secs(5);
const BEGIN: &[u8] = b"-----BEGIN CERTIFICATE-----";
const END: &[u8] = b"-----END CERTIFICATE-----";

/// What was fetched.
pub(super) struct Certificates {
    client: Client,
    known: Mutex<Arc<Known>>,
    /// One is fetched at a time; when that failed last.
    failed: tokio::sync::Mutex<Option<Instant>>,
}

impl Certificates {
    /// # Errors
    /// TLS cannot be set up.
    pub(super) fn new() -> reqwest::Result<Self> {
        let client = Client::builder()
            .https_only(true)
            .timeout(FETCH_MAX)
            .redirect(reqwest::redirect::Policy::none())
            .build()?;
        Ok(Self { client, known: Mutex::default(), failed: tokio::sync::Mutex::default() })
    }

    /// Those at hand, by their URLs.
    pub(super) fn known(&self) -> Arc<Known> {
        Arc::clone(&self.known.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Fetches one; `None` when it is not to be had now.
    pub(super) async fn fetch(&self, url: &CertificateUrl) -> Option<()> {
        let mut failed = self.failed.lock().await;
        if self.known().0.contains_key(&url.0) {
            return Some(());
        }
        if failed.is_some_and(|at| at.elapsed() < PAUSE) {
            return None;
        }
        let found = self.read(&url.0).await.filter(|body| is_certificate(body));
        *failed = found.is_none().then(Instant::now);
        if found.is_none() {
            tracing::error!(
                "the certificate of a signature cannot be fetched: is HTTPS to Amazon SNS allowed from here?"
            );
        }
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let Known(known) = Arc::make_mut(&mut known);
        if known.len() >= KEPT_MAX {
            known.clear();
        }
        known.insert(url.0.clone(), found?);
        Some(())
    }

    /// Asks for a URL and looks no further than whether that went well.
    pub(super) async fn visit(&self, url: &str) -> bool {
        let answer = self.client.get(url).send().await;
        answer.is_ok_and(|answer| answer.status().is_success())
    }

    async fn read(&self, url: &str) -> Option<Vec<u8>> {
        let mut answer = self.client.get(url).send().await.ok()?;
        if !answer.status().is_success() {
            return None;
        }
        let mut body = Vec::new();
        while let Some(part) = answer.chunk().await.ok()? {
            if body.len() + part.len() > BYTES_MAX {
                return None;
            }
            body.extend_from_slice(&part);
        }
        Some(body)
    }
}

/// Whether it looks like one: an error page with status 200 would be kept as long as the door runs.
fn is_certificate(body: &[u8]) -> bool {
    let has = |mark: &[u8]| body.windows(mark.len()).any(|it| it == mark);
    has(BEGIN) && has(END)
}

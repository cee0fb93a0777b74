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
        let found = self.read(&url.0).await;
        let taken = found.is_some_and(|pem| self.keep(url, pem));
        *failed = (!taken).then(Instant::now);
        if !taken {
            tracing::error!(
                "the certificate of a signature cannot be fetched: is HTTPS to Amazon SNS allowed from here?"
            );
        }
        taken.then_some(())
    }

    /// Keeps it, where it is one.
    fn keep(&self, url: &CertificateUrl, pem: Vec<u8>) -> bool {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let known = Arc::make_mut(&mut known);
        if known.0.len() >= KEPT_MAX {
            known.0.clear();
        }
        known.take(url.clone(), pem).is_ok()
    }

    /// Forgets those that proved nothing: kept, they would have every later request refused, and refused requests do not come again.
    pub(super) fn forget(&self, urls: &[CertificateUrl]) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let known = Arc::make_mut(&mut known);
        known.0.retain(|known, _| urls.iter().all(|url| url.0 != *known));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_cannot_be_fetched_is_not_asked_for_again_at_once() {
        let certificates = Certificates::new().unwrap();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let url = CertificateUrl(format!("https://127.0.0.1:{port}/a.pem"));
        // whoever answers is no TLS server: the fetch fails, and so does everything but the certificate itself
        let answering = std::thread::spawn(move || listener.accept().map(drop).is_ok());
        assert_eq!(certificates.fetch(&url).await, None);
        assert!(answering.join().unwrap(), "it was asked for");
        assert_eq!(certificates.fetch(&url).await, None, "nobody listens there any more");
        assert!(certificates.failed.lock().await.is_some() && certificates.known().0.is_empty());
        let half = b"-----BEGIN CERTIFICATE-----\nMIIC\n".to_vec();
        assert!(!certificates.keep(&url, half) && certificates.known().0.is_empty());
    }
}

//! Certificates that providers sign with, fetched from where gate-intake allows and kept while the door runs.

use std::collections::VecDeque;
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

/// How long one that was not to be had is not asked for again.
const PAUSE: Duration = Duration::from_secs(5);
/// Fetches in vain in a [`PERIOD`], of whatever URLs: who sends forged requests, each with another address, must neither make the
/// door ask without end nor have everybody else's wait behind them. A new real one is fetched with the next period at the latest.
const IN_VAIN_MAX: usize = 10;
/// See there.
const PERIOD: Duration = Duration::from_secs(60);

/// What was fetched.
pub(super) struct Certificates {
    client: Client,
    known: Mutex<Kept>,
    /// One is fetched at a time.
    in_vain: tokio::sync::Mutex<InVain>,
}

/// What is at hand.
#[derive(Default)]
struct Kept {
    known: Arc<Known>,
    /// Their URLs, the one longest here first.
    order: VecDeque<String>,
}

/// Fetches that brought nothing, the oldest first.
#[derive(Default)]
struct InVain(VecDeque<(String, Instant)>);

impl InVain {
    /// Whether this one may be asked for now.
    fn admits(&mut self, url: &str, now: Instant) -> bool {
        let age = |at: &Instant| now.saturating_duration_since(*at);
        while self.0.front().is_some_and(|(_, at)| age(at) >= PERIOD) {
            self.0.pop_front();
        }
        let is_paused = self.0.iter().any(|(known, at)| known == url && age(at) < PAUSE);
        !is_paused && self.0.len() < IN_VAIN_MAX
    }

    fn note(&mut self, url: &str, now: Instant) {
        self.0.push_back((url.to_owned(), now));
    }
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
        Ok(Self { client, known: Mutex::default(), in_vain: tokio::sync::Mutex::default() })
    }

    /// Those at hand, by their URLs.
    pub(super) fn known(&self) -> Arc<Known> {
        Arc::clone(&self.known.lock().unwrap_or_else(PoisonError::into_inner).known)
    }

    /// Fetches one; `None` when it is not to be had now.
    pub(super) async fn fetch(&self, url: &CertificateUrl) -> Option<()> {
        let mut in_vain = self.in_vain.lock().await;
        if self.known().0.contains_key(&url.0) {
            return Some(());
        }
        if !in_vain.admits(&url.0, Instant::now()) {
            return None;
        }
        let found = self.read(&url.0).await;
        let taken = found.is_some_and(|pem| self.keep(url, pem));
        if !taken {
            in_vain.note(&url.0, Instant::now());
            tracing::error!(
                "the certificate of a signature cannot be fetched: is HTTPS to Amazon SNS allowed from here?"
            );
        }
        taken.then_some(())
    }

    /// Keeps it, where it is one; beyond [`KEPT_MAX`] the one longest here goes, and is fetched again when it is needed.
    fn keep(&self, url: &CertificateUrl, pem: Vec<u8>) -> bool {
        let mut kept = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let Kept { known, order } = &mut *kept;
        let known = Arc::make_mut(known);
        if known.take(url.clone(), pem).is_err() {
            return false;
        }
        order.retain(|one| *one != url.0);
        order.push_back(url.0.clone());
        while order.len() > KEPT_MAX {
            if let Some(oldest) = order.pop_front() {
                known.0.remove(&oldest);
            }
        }
        true
    }

    /// Forgets those that proved nothing: kept, they would have every later request refused, and refused requests do not come again.
    pub(super) fn forget(&self, urls: &[CertificateUrl]) {
        let mut kept = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let Kept { known, order } = &mut *kept;
        let is_one = |known: &String| urls.iter().any(|url| url.0 == *known);
        Arc::make_mut(known).0.retain(|known, _| !is_one(known));
        order.retain(|known| !is_one(known));
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

    #[test]
    fn forged_requests_delay_others_for_a_bounded_time() {
        let mut in_vain = InVain::default();
        let start = Instant::now();
        in_vain.note("forged", start);
        assert!(!in_vain.admits("forged", start), "not again at once");
        assert!(in_vain.admits("real", start), "another one is asked for");
        assert!(in_vain.admits("forged", start + PAUSE), "it may have been the network");
        (1..IN_VAIN_MAX).for_each(|n| in_vain.note(&format!("forged-{n}"), start));
        assert!(!in_vain.admits("real", start), "nobody is asked for without end");
        assert!(in_vain.admits("real", start + PERIOD), "for a minute at most");
        assert!(in_vain.0.is_empty(), "and no more is remembered");
    }

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
        assert_eq!(certificates.in_vain.lock().await.0.len(), 1, "asked for once");
        assert!(certificates.known().0.is_empty());
        let half = b"-----BEGIN CERTIFICATE-----\nMIIC\n".to_vec();
        assert!(!certificates.keep(&url, half) && certificates.known().0.is_empty());
    }
}

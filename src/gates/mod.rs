//! What other processes ask of the gates over HTTP: their consent state, whether a message would pass, and where they stand.
//!
//! The state has one home, the gate. INVARIANT: a person stands in bodies alone; nothing of a body or an answer is logged.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::Instant;

use gate_core::SubjectKey;
use reqwest::{Client, StatusCode};
use serde::Serialize;
use serde_json::Value;

use crate::config::Secret;

/// Longest wait for a connection.
const CONNECT_MAX: Duration = Duration::from_secs(2);
/// Longest wait for an answer: the gate itself says 503 after nine seconds.
const ANSWER_MAX: Duration = Duration::from_secs(10);
/// Longest wait for what the overview shows.
const STATUS_MAX: Duration = Duration::from_secs(2);
/// Bytes of an answer that are read.
const ANSWER_BYTES_MAX: usize = 32 << 20;

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum GatesError {
    /// None is configured.
    #[error("no gate is configured: name them in `{0}.gates`")]
    None(&'static str),
    /// None answers.
    #[error("no gate answers: {0}")]
    Away(String),
    /// A gate refuses us.
    #[error(
        "the gate refuses our token ({status}): `{section}.gate_token_file` must hold one of role `officer` of its `http.tokens_file`"
    )]
    Token {
        /// Whose it is.
        section: &'static str,
        /// What the gate says.
        status: u16,
    },
    /// A gate cannot read the question.
    #[error("the gate cannot read the question: {0}")]
    Question(String),
    /// A gate says something that nobody understands.
    #[error("the gate's answer cannot be understood; is it of this version?")]
    Answer,
}

/// The gates of a configuration.
pub(crate) struct Gates {
    /// The section of the configuration that names them.
    section: &'static str,
    client: Client,
    addresses: Vec<String>,
    token: Option<String>,
    /// The one to ask first: who did not answer last time is asked last.
    first: AtomicUsize,
}

impl Gates {
    /// # Errors
    /// TLS cannot be set up.
    pub(crate) fn new(
        section: &'static str,
        addresses: &[String],
        token: Option<&Secret>,
    ) -> reqwest::Result<Self> {
        let client = Client::builder()
            .connect_timeout(CONNECT_MAX)
            .timeout(ANSWER_MAX)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()?;
        let token = token.map(|token| token.expose().to_owned());
        Ok(Self {
            section,
            client,
            addresses: addresses.to_vec(),
            token,
            first: AtomicUsize::new(0),
        })
    }

    /// `POST /v1/subject`.
    ///
    /// # Errors
    /// No gate answers it.
    pub(crate) async fn subject(&self, question: &Value) -> Result<Value, GatesError> {
        self.ask("/v1/subject", question, ANSWER_MAX).await
    }

    /// `POST /v1/check`.
    ///
    /// # Errors
    /// No gate answers it.
    pub(crate) async fn check(&self, messages: &[Value]) -> Result<Value, GatesError> {
        self.check_within(messages, ANSWER_MAX).await
    }

    /// The same for whoever waits less.
    ///
    /// # Errors
    /// No gate answers it in that time.
    pub(crate) async fn check_within(
        &self,
        messages: &[Value],
        within: Duration,
    ) -> Result<Value, GatesError> {
        #[derive(Serialize)]
        struct Question<'q> {
            messages: &'q [Value],
        }
        self.ask("/v1/check", &Question { messages }, within).await
    }

    /// The first gate that answers; one that is busy, holds or starts leaves it to the next. Each has its share of the time that
    /// is left, so that one which hangs does not use up that of the others.
    async fn ask(
        &self,
        path: &str,
        question: &impl Serialize,
        within: Duration,
    ) -> Result<Value, GatesError> {
        let body = serde_json::to_vec(question).map_err(|_| GatesError::Answer)?;
        let until = Instant::now() + within;
        let mut last = GatesError::None(self.section);
        let n = self.addresses.len();
        let first = self.first.load(Ordering::Relaxed);
        for nth in 0..n {
            let at = (first + nth) % n;
            let Some(address) = self.addresses.get(at) else { break };
            let left = until.saturating_duration_since(Instant::now());
            let n_left = u32::try_from(n - nth).unwrap_or(u32::MAX);
            // noted before the answer: who asks may give up, and then nobody would note it
            self.first.store(at + 1, Ordering::Relaxed);
            let request = self.request(address, path, body.clone()).timeout(left / n_left);
            match answer(self.section, address, request).await {
                Ok(answer) => {
                    self.first.store(at, Ordering::Relaxed);
                    return Ok(answer);
                }
                Err(error @ GatesError::Question(_)) => return Err(error),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    /// Whether every gate has applied consent up to these next offsets, in the order of partitions. Waits as long as a gate
    /// would for its barrier; the first that does not say so is the answer.
    ///
    /// # Errors
    /// A gate does not answer, or not in time.
    pub(crate) async fn have_applied(&self, at_least: &[i64]) -> Result<(), GatesError> {
        if self.addresses.is_empty() {
            return Err(GatesError::None(self.section));
        }
        // nobody has this key: nothing about anybody is asked for
        let nobody = crate::headers::hex(&SubjectKey([0; 16]).0);
        let question =
            serde_json::json!({"contact_key": nobody, "timeline_max": 0, "at_least": at_least});
        let body = question.to_string().into_bytes();
        // ended with whoever asked: a wait that is over asks nobody
        let mut asked = JoinSet::new();
        for address in &self.addresses {
            let request = self.request(address, "/v1/subject", body.clone());
            let (address, section) = (address.clone(), self.section);
            asked.spawn(async move { answer(section, &address, request).await });
        }
        while let Some(answered) = asked.join_next().await {
            answered.map_err(|_| GatesError::Answer)??;
        }
        Ok(())
    }

    fn request(&self, address: &str, path: &str, body: Vec<u8>) -> reqwest::RequestBuilder {
        let mut request = self.client.post(format!("{address}{path}"));
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        request.header("content-type", "application/json").body(body)
    }

    /// Where each gate stands: `/status`, or why it says nothing.
    pub(crate) async fn status(&self) -> Vec<(String, Result<Value, String>)> {
        let mut found = Vec::with_capacity(self.addresses.len());
        let asked = self.addresses.iter().map(|address| {
            let request = self.client.get(format!("{address}/status")).timeout(STATUS_MAX);
            let address = address.clone();
            tokio::spawn(async move {
                let answer = match request.send().await {
                    Ok(response) if response.status().is_success() => {
                        read(response).await.ok_or_else(|| "says nothing readable".to_owned())
                    }
                    Ok(response) => Err(format!("says {}", response.status().as_u16())),
                    Err(error) => Err(away(&address, &error).to_string()),
                };
                (address, answer)
            })
        });
        // all at once: one that is away makes nobody wait for the others
        for task in asked.collect::<Vec<_>>() {
            found.extend(task.await);
        }
        found
    }
}

/// What a gate answers to that.
async fn answer(
    section: &'static str,
    address: &str,
    request: reqwest::RequestBuilder,
) -> Result<Value, GatesError> {
    let response = request.send().await.map_err(|error| away(address, &error))?;
    let status = response.status();
    let answer = read(response).await;
    if status.is_success() {
        return answer.ok_or(GatesError::Answer);
    }
    let detail = answer.as_ref().and_then(|it| it.get("detail")?.as_str()).unwrap_or_default();
    Err(match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            GatesError::Token { section, status: status.as_u16() }
        }
        StatusCode::BAD_REQUEST | StatusCode::PAYLOAD_TOO_LARGE => {
            GatesError::Question(detail.to_owned())
        }
        _ => GatesError::Away(format!("`{address}` says {}: {detail}", status.as_u16())),
    })
}

/// Without the error's own text: an address of a proxy may stand in it.
fn away(address: &str, error: &reqwest::Error) -> GatesError {
    let why = if error.is_timeout() {
        "does not answer in time"
    } else if error.is_connect() {
        "cannot be reached"
    } else {
        "breaks off"
    };
    GatesError::Away(format!("`{address}` {why}"))
}

/// The body as JSON, if it is some and not too long.
async fn read(mut response: reqwest::Response) -> Option<Value> {
    let mut body = Vec::new();
    while let Some(part) = response.chunk().await.ok()? {
        if body.len() + part.len() > ANSWER_BYTES_MAX {
            return None;
        }
        body.extend_from_slice(&part);
    }
    serde_json::from_slice(&body).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    /// A gate that takes connections and says nothing, or `{}`; with how many it took.
    async fn gate(says: bool) -> (String, std::sync::Arc<AtomicUsize>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let asked = std::sync::Arc::new(AtomicUsize::new(0));
        let count = std::sync::Arc::clone(&asked);
        tokio::spawn(async move {
            let mut open = Vec::new();
            while let Ok((mut connection, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::SeqCst);
                if says {
                    let mut read = [0; 4_096];
                    let n_read = connection.read(&mut read).await.unwrap_or(0);
                    assert!(n_read > 0, "a gate is asked something");
                    let answer =
                        b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}";
                    connection.write_all(answer).await.ok();
                }
                open.push(connection);
            }
        });
        (address, asked)
    }

    #[tokio::test]
    async fn a_gate_that_hangs_leaves_time_for_the_next_and_is_asked_last_afterwards() {
        let (hanging, n_hanging) = gate(false).await;
        let (fine, n_fine) = gate(true).await;
        let gates = Gates::new("door", &[hanging, fine], None).unwrap();
        let within = Duration::from_secs(4);
        let asked = tokio::time::timeout(within, gates.check_within(&[], within)).await;
        assert_eq!(asked.unwrap(), Ok(serde_json::json!({})));
        for _ in 0..3 {
            assert!(gates.check_within(&[], within).await.is_ok());
        }
        let n = (n_hanging.load(Ordering::SeqCst), n_fine.load(Ordering::SeqCst));
        assert_eq!(n, (1, 4), "the one that hangs was asked once");
    }

    #[tokio::test]
    async fn who_gives_up_asks_another_next_time() {
        let (hanging, _) = gate(false).await;
        let (fine, _) = gate(true).await;
        let gates = Gates::new("door", &[hanging, fine], None).unwrap();
        let given_up = Duration::from_millis(200);
        assert!(tokio::time::timeout(given_up, gates.check(&[])).await.is_err());
        assert!(gates.check(&[]).await.is_ok());
    }
}

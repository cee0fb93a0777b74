//! A request to a provider without its secret, the secret, and an answer: what the caller's HTTP client sends and gets.

use crate::limits::{WAIT_SECONDS_MAX, WAITS_MAX};
use crate::problem::ListProblem;
use crate::sigv4::{self, AwsKey, Signing};
use base64::Engine as _;
use gate_core::Timestamp;
use gate_intake::Secret;
use std::fmt;
use std::time::Duration;

/// How a request is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// It reads.
    Get,
    /// It reads, with a question in its body, or writes.
    Post,
    /// It writes.
    Put,
}

impl Method {
    /// As HTTP writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
        }
    }
}

/// Which secret a request wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Auth {
    /// A token in `authorization: Bearer`.
    Bearer,
    /// Name and password.
    Basic,
    /// AWS Signature Version 4.
    AwsSigV4 {
        /// The region, which is signed.
        region: String,
        /// The service, which is signed.
        service: &'static str,
    },
}

/// A secret. `Debug` shows none of it.
#[derive(Clone, Debug)]
pub enum Credentials {
    /// A token.
    Token(Secret),
    /// Name (Mailgun: `api`; Twilio: the account's or a key's SID) and password.
    Basic {
        /// The name.
        user: String,
        /// The password.
        password: Secret,
    },
    /// A key of AWS.
    Aws(AwsKey),
}

/// A request. `Debug` shows neither body nor what stands behind the host: both may name people.
#[derive(Clone, PartialEq, Eq)]
pub struct HttpRequest {
    /// How.
    pub method: Method,
    /// The whole URL, encoded. Follow no redirects: the secret is for this host.
    pub url: String,
    /// Headers besides the secret's: names in lower case.
    pub headers: Vec<(&'static str, String)>,
    /// Which secret it wants.
    pub auth: Auth,
    /// The body; empty when there is none.
    pub body: Vec<u8>,
    /// Longest answer to be read, in bytes. A longer one is an error and must not be cut.
    pub answer_bytes_max: usize,
}

impl fmt::Debug for HttpRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (scheme, host, _, _) = parts(&self.url);
        write!(f, "HttpRequest({} {scheme}://{host})", self.method.as_str())
    }
}

impl HttpRequest {
    /// All headers, with the secret's. Mark `authorization` and `x-amz-security-token` as sensitive in the client.
    ///
    /// # Errors
    /// When the secret is not of the kind that the provider wants.
    pub fn headers(
        &self,
        credentials: &Credentials,
        now: Timestamp,
    ) -> Result<Vec<(String, String)>, ListProblem> {
        let mut headers: Vec<(String, String)> =
            self.headers.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        match (&self.auth, credentials) {
            (Auth::Bearer, Credentials::Token(token)) => {
                headers.push(("authorization".to_owned(), format!("Bearer {}", token.expose())));
            }
            (Auth::Basic, Credentials::Basic { user, password }) => {
                let pair = format!("{user}:{}", password.expose());
                let pair = base64::engine::general_purpose::STANDARD.encode(pair);
                headers.push(("authorization".to_owned(), format!("Basic {pair}")));
            }
            (Auth::AwsSigV4 { region, service }, Credentials::Aws(key)) => {
                let (_, host, path, query) = parts(&self.url);
                let own: Vec<(&str, &str)> =
                    self.headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
                let signing = Signing {
                    method: self.method.as_str(),
                    host,
                    path,
                    query,
                    headers: &own,
                    body: &self.body,
                    region,
                    service,
                    names_hash: false,
                };
                headers.extend(sigv4::sign(&signing, key, now)?);
            }
            (auth, _) => {
                let (reason, fix) = match auth {
                    Auth::Bearer => ("the provider wants a token", "give an API key"),
                    Auth::Basic => ("the provider wants name and password", "give both"),
                    Auth::AwsSigV4 { .. } => {
                        ("the provider wants a key of AWS", "give id and secret")
                    }
                };
                return Err(ListProblem::new("credentials", "", reason, fix));
            }
        }
        Ok(headers)
    }
}

/// Scheme, host with port, path and query of a URL.
pub(crate) fn parts(url: &str) -> (&str, &str, &str, &str) {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    let rest = rest.split('#').next().unwrap_or_default();
    let (host, tail) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    let (path, query) = tail.split_once('?').unwrap_or((tail, ""));
    (scheme, host, path, query)
}

/// What came back.
#[derive(Clone, Copy)]
pub struct Answer<'a> {
    /// The status code.
    pub status: u16,
    /// The header `retry-after`, if there is one.
    pub retry_after: Option<&'a str>,
    /// The whole body.
    pub body: &'a [u8],
}

impl fmt::Debug for Answer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer").field("status", &self.status).finish_non_exhaustive()
    }
}

/// What an answer's status means.
pub(crate) enum Verdict {
    /// The body counts.
    Good,
    /// Ask again after that long.
    Later(Duration),
}

/// What the status means, when the provider said "later" `n_waits` times in a row before.
pub(crate) fn verdict(
    list: &str,
    answer: &Answer<'_>,
    n_waits: u32,
) -> Result<Verdict, ListProblem> {
    let reason = format!("the provider answered {}", answer.status);
    let wrong = |fix| Err(ListProblem::new(list, "", reason.clone(), fix));
    match answer.status {
        200..=299 => Ok(Verdict::Good),
        408 | 425 | 429 | 500..=599 if n_waits < WAITS_MAX => {
            let asked = answer.retry_after.and_then(|text| text.trim().parse::<u64>().ok());
            let seconds = asked.unwrap_or_else(|| 1_u64 << n_waits.min(9));
            Ok(Verdict::Later(Duration::from_secs(seconds.clamp(1, WAIT_SECONDS_MAX))))
        }
        408 | 425 | 429 | 500..=599 => wrong("it stays so: try again later"),
        401 => wrong("the token is not known there: give one that is"),
        403 => {
            wrong("the token may not do this: give it the right to read, or to write, suppressions")
        }
        404 => wrong("there is no such list: check region, domain, group or contact list"),
        300..=399 => {
            wrong("it sends elsewhere, where the secret must not go: check region and base URL")
        }
        _ => wrong("look the status up in the provider's documentation"),
    }
}

impl Credentials {
    /// Whether there is something in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Token(token) => token.is_empty(),
            Self::Basic { user, password } => user.is_empty() || password.is_empty(),
            Self::Aws(key) => key.access_key_id.is_empty() || key.secret_access_key.is_empty(),
        }
    }
}

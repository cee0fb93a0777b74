//! A client of the one schema registry call the gate needs: what is the schema with this id? (The probe, which
//! writes, asks the other way round.)
//!
//! Written on `reqwest` instead of `schema_registry_converter`, because the difference between "there is no
//! such schema" (the record is unreadable for good) and "the registry did not answer as one" (hold) decides
//! about messages, and must not be read from error texts. A bare 404, as a wrong path or a proxy gives, is
//! therefore no answer; a 404 with the registry's own error code is.
//!
//! It lives on its own thread with its own small runtime, so lanes call it like a function. Bounded: time,
//! reply size, references. No redirects, no proxy from the environment, no credentials in URLs or errors.

use super::error::RegistryError;
use gate_codec::{FetchError, FetchedSchema, Kind, SCHEMA_BYTES_MAX, Schemas};
use reqwest::header::{ACCEPT, CONTENT_TYPE};
use reqwest::{Client, RequestBuilder, StatusCode, Url};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::collections::HashSet;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::time::Duration;

/// How long one question may take, references included.
pub const REGISTRY_TIMEOUT: Duration = Duration::from_secs(5);
/// Longest reply, in bytes: a schema as a JSON string, escapes included.
const REPLY_BYTES_MAX: usize = 2 * SCHEMA_BYTES_MAX + 4096;
/// What a registry speaks.
const MEDIA_TYPE: &str = "application/vnd.schemaregistry.v1+json";
/// Most schemas that one schema may name from elsewhere.
const REFERENCES_MAX: usize = 16;

/// Where the registry is and who we are to it.
#[derive(Clone, Default)]
pub struct RegistrySettings {
    /// Base address, e.g. `http://127.0.0.1:8081`; a path in it is kept.
    pub url: String,
    /// Basic authentication: user name.
    pub username: Option<String>,
    /// Basic authentication: password.
    pub password: Option<String>,
    /// PEM certificates of the only authorities to trust; absent means the machine's.
    pub ca_pem: Option<Vec<u8>>,
    /// Longest wait for an answer; absent means [`REGISTRY_TIMEOUT`].
    pub timeout: Option<Duration>,
}

impl RegistrySettings {
    fn timeout(&self) -> Duration {
        self.timeout.unwrap_or(REGISTRY_TIMEOUT)
    }
}

impl std::fmt::Debug for RegistrySettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RegistrySettings").field("url", &self.url).finish_non_exhaustive()
    }
}

/// A handle on the client's thread. Cheap to clone; the thread ends with the last one.
#[derive(Clone)]
pub struct Registry {
    questions: Sender<Question>,
    timeout: Duration,
}

enum Question {
    Id(String, Kind, SyncSender<Result<u32, FetchError>>),
    Schema(u32, SyncSender<Result<FetchedSchema, FetchError>>),
    Alive(SyncSender<Result<(), FetchError>>),
}

impl Registry {
    /// Starts the client. Does not ask anything yet.
    ///
    /// # Errors
    /// When the address or the certificates cannot be used.
    pub fn new(settings: RegistrySettings) -> Result<Self, RegistryError> {
        let base = base_url(&settings.url).ok_or(RegistryError::Url)?;
        let client = client(&base, &settings).map_err(RegistryError::Client)?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(RegistryError::Thread)?;
        let timeout = settings.timeout();
        let asker = Asker { client, base, settings };
        let (questions, asked) = channel();
        std::thread::Builder::new()
            .name("schema-registry".to_owned())
            .spawn(move || asker.serve(&runtime, &asked))
            .map_err(RegistryError::Thread)?;
        Ok(Self { questions, timeout })
    }

    /// Whether it answers as a schema registry, for `doctor`.
    ///
    /// # Errors
    /// What is wrong, one of a closed set of texts.
    pub fn check(&self) -> Result<(), &'static str> {
        self.ask(Question::Alive).map_err(|error| match error {
            FetchError::Unavailable(cause) => cause,
            FetchError::Unknown | FetchError::Unusable => NOT_A_REGISTRY,
        })
    }

    /// The id under which this program's own schema of that kind is registered for a subject.
    ///
    /// # Errors
    /// What is wrong, and what to do when it is not registered.
    pub fn id_of(&self, subject: &str, kind: Kind) -> Result<u32, String> {
        let asked = self.ask(|reply| Question::Id(subject.to_owned(), kind, reply));
        asked.map_err(|error| match error {
            FetchError::Unavailable(cause) => format!("schema registry: {cause}"),
            FetchError::Unknown | FetchError::Unusable => format!(
                "the schema registry does not know this version's schema of {} for the subject `{subject}`; register the \
                 one in `schemas/`",
                kind.as_str()
            ),
        })
    }

    /// As a codec wants it.
    #[must_use]
    pub fn boxed(self) -> Box<dyn Schemas> {
        Box::new(self)
    }

    fn ask<T>(
        &self,
        question: impl FnOnce(SyncSender<Result<T, FetchError>>) -> Question,
    ) -> Result<T, FetchError> {
        let (reply, answer) = sync_channel(1);
        let gone = FetchError::Unavailable("its client thread has ended");
        self.questions.send(question(reply)).map_err(|_| gone)?;
        // twice: somebody else's question may be before ours
        match answer.recv_timeout(2 * self.timeout) {
            Ok(answer) => answer,
            Err(_) => Err(FetchError::Unavailable(TIMED_OUT)),
        }
    }
}

impl Schemas for Registry {
    fn fetch(&self, id: u32) -> Result<FetchedSchema, FetchError> {
        self.ask(|reply| Question::Schema(id, reply))
    }
}

const TIMED_OUT: &str = "it does not answer in time";
const UNREACHABLE: &str = "it cannot be reached";
const REFUSED: &str = "it refuses our credentials";
const FAILING: &str = "it answers with an error";
const NOT_A_REGISTRY: &str = "the address does not answer as a schema registry";

/// `http` or `https`, a host, no credentials; a trailing slash, so that paths append.
pub(super) fn base_url(text: &str) -> Option<Url> {
    let mut url = Url::parse(text).ok()?;
    let web = matches!(url.scheme(), "http" | "https") && url.host().is_some();
    let bare = url.username().is_empty() && url.password().is_none();
    let plain = url.query().is_none() && url.fragment().is_none();
    url.path_segments_mut().ok()?.pop_if_empty();
    (web && bare && plain).then_some(url)
}

pub(super) fn client(base: &Url, settings: &RegistrySettings) -> Result<Client, reqwest::Error> {
    let builder = Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .timeout(settings.timeout())
        .connect_timeout(settings.timeout());
    let builder = match &settings.ca_pem {
        Some(pem) => builder.tls_certs_only(reqwest::Certificate::from_pem_bundle(pem)?),
        // an image without CA certificates must not fail over a connection that has no TLS
        None if base.scheme() == "http" => builder.tls_certs_only([]),
        None => builder,
    };
    builder.build()
}

struct Asker {
    client: Client,
    base: Url,
    settings: RegistrySettings,
}

#[derive(Deserialize)]
struct SchemaReply {
    schema: String,
    #[serde(rename = "schemaType")]
    schema_type: Option<String>,
    #[serde(default)]
    references: Option<Vec<Reference>>,
}

#[derive(Deserialize)]
struct IdReply {
    id: u32,
}

#[derive(Deserialize)]
struct Reference {
    subject: String,
    version: u32,
}

#[derive(Deserialize)]
struct ErrorReply {
    error_code: u32,
}

impl Asker {
    fn serve(&self, runtime: &tokio::runtime::Runtime, asked: &Receiver<Question>) {
        while let Ok(question) = asked.recv() {
            match question {
                Question::Id(subject, kind, to) => {
                    let asked = within_time(self.settings.timeout(), self.id(&subject, kind));
                    reply(&to, runtime.block_on(asked));
                }
                Question::Schema(id, to) => {
                    reply(
                        &to,
                        runtime.block_on(within_time(self.settings.timeout(), self.schema(id))),
                    );
                }
                Question::Alive(to) => {
                    reply(
                        &to,
                        runtime.block_on(within_time(self.settings.timeout(), self.alive())),
                    );
                }
            }
        }
    }

    async fn alive(&self) -> Result<(), FetchError> {
        let types: Vec<String> = self.get(&["schemas", "types"]).await?;
        if types.iter().any(|name| name == "AVRO") {
            Ok(())
        } else {
            Err(FetchError::Unavailable(NOT_A_REGISTRY))
        }
    }

    /// Looks our schema up; nothing is registered by it.
    async fn id(&self, subject: &str, kind: Kind) -> Result<u32, FetchError> {
        let body = serde_json::json!({ "schema": kind.schema() }).to_string();
        let url = self.url(&["subjects", subject]);
        let request = self.client.post(url).header(CONTENT_TYPE, MEDIA_TYPE).body(body);
        let found: IdReply = self.answer(request).await?;
        Ok(found.id)
    }

    async fn schema(&self, id: u32) -> Result<FetchedSchema, FetchError> {
        let id = id.to_string();
        let root: SchemaReply = self.get(&["schemas", "ids", &id]).await?;
        let text = avro_text(&root)?;
        let mut references = Vec::new();
        let mut waiting = root.references.unwrap_or_default();
        let mut seen = HashSet::new();
        while let Some(Reference { subject, version }) = waiting.pop() {
            if !seen.insert((subject.clone(), version)) {
                continue;
            }
            if seen.len() > REFERENCES_MAX {
                return Err(FetchError::Unusable);
            }
            let version = version.to_string();
            let named: SchemaReply =
                self.get(&["subjects", &subject, "versions", &version]).await?;
            references.push(avro_text(&named)?);
            waiting.extend(named.references.unwrap_or_default());
        }
        Ok(FetchedSchema { text, references })
    }

    async fn get<T: DeserializeOwned>(&self, path: &[&str]) -> Result<T, FetchError> {
        self.answer(self.client.get(self.url(path))).await
    }

    fn url(&self, path: &[&str]) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.extend(path);
        }
        url
    }

    async fn answer<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<T, FetchError> {
        let accepted = format!("{MEDIA_TYPE}, application/json;q=0.9");
        let mut request = request.header(ACCEPT, accepted);
        if let Some(username) = &self.settings.username {
            request = request.basic_auth(username, self.settings.password.as_ref());
        }
        let mut reply = request.send().await.map_err(|error| unavailable(&error))?;
        let status = reply.status();
        let mut body = Vec::new();
        while let Some(chunk) = reply.chunk().await.map_err(|error| unavailable(&error))? {
            if body.len() + chunk.len() > REPLY_BYTES_MAX {
                return Err(FetchError::Unusable);
            }
            body.extend_from_slice(&chunk);
        }
        match status {
            StatusCode::OK => {
                serde_json::from_slice(&body).map_err(|_| FetchError::Unavailable(NOT_A_REGISTRY))
            }
            StatusCode::NOT_FOUND => Err(match serde_json::from_slice(&body) {
                // 40401 subject, 40402 version, 40403 schema. Apicurio answers a path that it does not
                // have with a plain 404 in the same shape: that is a wrong address, not a missing schema.
                Ok(ErrorReply { error_code: 40_401..=40_403 }) => FetchError::Unknown,
                _ => FetchError::Unavailable(NOT_A_REGISTRY),
            }),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                Err(FetchError::Unavailable(REFUSED))
            }
            _ => Err(FetchError::Unavailable(FAILING)),
        }
    }
}

fn reply<T>(to: &SyncSender<T>, answer: T) {
    if to.send(answer).is_err() {
        tracing::debug!("the schema registry answered after its asker had given up");
    }
}

fn avro_text(reply: &SchemaReply) -> Result<String, FetchError> {
    match reply.schema_type.as_deref() {
        None | Some("AVRO") => Ok(reply.schema.clone()),
        Some(_) => Err(FetchError::Unusable),
    }
}

async fn within_time<T>(
    limit: Duration,
    answer: impl Future<Output = Result<T, FetchError>>,
) -> Result<T, FetchError> {
    match tokio::time::timeout(limit, answer).await {
        Ok(answer) => answer,
        Err(_) => Err(FetchError::Unavailable(TIMED_OUT)),
    }
}

fn unavailable(error: &reqwest::Error) -> FetchError {
    FetchError::Unavailable(if error.is_timeout() { TIMED_OUT } else { UNREACHABLE })
}

//! Configuration: one YAML file and `CONSENT_GATE__SECTION__KEY` variables on top, read once at start.
//!
//! The way: `written.rs` (what stands where) → `keys.rs` (each key once; the sections as they are written) by way of
//! `reader.rs` (typed values) → `sections.rs` (rules over several keys) → [`Config`]. Everything wrong is reported at once, with key, line, reason and fix.
//!
//! Invariant: a [`Config`] exists only if every value passed; nobody downstream checks again. Secrets are read here,
//! and never shown. Absent: whether brokers, topics and rights are there: that is `doctor`'s and `preflight`'s.

mod by_topic;
mod declare;
mod kafka;
mod key;
mod keys;
mod machine;
mod network;
mod output_topics;
mod problem;
mod reader;
mod reference;
mod secret;
mod sections;
mod suggestion;
#[cfg(test)]
mod tests;
mod words;
mod written;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use gate_core::Outcome;
use rdkafka::ClientConfig;

use crate::outputs::{ByOutput, Output};

pub use by_topic::ByTopic;
pub use gate_codec::Format;
pub use kafka::{Properties, Secrets};
pub use key::{Key, Kind, Preset};
pub use keys::{
    Batch, Consent, Decisions, Desk, Door, Formats, Http, Kafka, Limits, Log, Mapping, Metrics,
    Policies, Probe,
};
pub use network::Network;
pub use problem::{Place, Problem};
pub use reader::Effective;
pub use reference::{example, markdown, plain};
pub use secret::{Secret, SecretError};
pub use words::{Compression, DecisionHeader, LogFormat, LogLevel, StartAt};

/// Bytes of a file of certificates.
pub const CA_FILE_BYTES_MAX: u64 = 4 << 20;

/// A configuration in which every value passed its checks. `Debug` shows no secret.
#[derive(Debug, Clone)]
pub struct Config {
    /// Name of this instance towards Kafka.
    pub instance_id: String,
    /// How many lanes to run.
    pub lanes: usize,
    /// Time for a clean stop.
    pub shutdown_timeout: Duration,
    /// Brokers, group, librdkafka.
    pub kafka: Kafka,
    /// The topics, all different.
    pub topics: Topics,
    /// How the two inputs are written.
    pub formats: Formats,
    /// How inputs are read that are written otherwise.
    pub mapping: Mapping,
    /// How outputs are written.
    pub outputs: Outputs,
    /// What is said of decisions, and where.
    pub decisions: Decisions,
    /// Set if a format needs it, or if somebody set it.
    pub schema_registry: Option<SchemaRegistry>,
    /// The consent store.
    pub state: State,
    /// The policy packs.
    pub policies: Policies,
    /// Health, metrics, console.
    pub http: Http,
    /// The desk, a process of its own.
    pub desk: Desk,
    /// With whose accounts people sign in there, beside tokens.
    pub oidc: Option<Oidc>,
    /// The people's door, a process of its own.
    pub door: Door,
    /// What unsubscribe links are made from, if they are wanted.
    pub unsubscribe: Option<Unsubscribe>,
    /// Consent reader and barrier.
    pub consent: Consent,
    /// How large a batch may grow.
    pub batch: Batch,
    /// Budgets for what comes in.
    pub limits: Limits,
    /// What is counted apart.
    pub metrics: Metrics,
    /// The synthetic probe.
    pub probe: Probe,
    /// The ledger.
    pub ledger: Ledger,
    /// What the log looks like.
    pub log: Log,
}

/// Section `unsubscribe`, with what it needs of the doors'.
#[derive(Debug, Clone)]
pub struct Unsubscribe {
    /// How people reach the door.
    pub public_url: String,
    /// The keys that seal links.
    pub keys_file: PathBuf,
    /// How people reach the door from a text message, and who may write it.
    pub short: Option<(String, Vec<String>)>,
}

/// Section `topics`; all different.
#[derive(Debug, Clone)]
pub struct Topics {
    /// What people consent to and refuse.
    pub consent_change: String,
    /// The messages to decide about.
    ///
    /// INVARIANT: at least one.
    pub outbound_messages: Vec<String>,
    /// What the gate writes.
    pub outputs: ByOutput<String>,
}

impl Topics {
    /// All of them with their keys, inputs first.
    fn by_key(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let consent = ("topics.consent_change", self.consent_change.as_str());
        let messages = self.outbound_messages.iter();
        let messages = messages.map(|topic| ("topics.outbound_message", topic.as_str()));
        let name = |output: &Output| (output.row().key, self.outputs.of(*output).as_str());
        std::iter::once(consent).chain(messages).chain(Output::ALL.iter().map(name))
    }

    /// All of them, inputs first.
    #[must_use]
    pub fn all(&self) -> Vec<&str> {
        self.by_key().map(|(_, name)| name).collect()
    }

    /// Those that carry decisions: approved, blocked, deferred.
    #[must_use]
    pub fn decisions(&self) -> [&str; 3] {
        [Outcome::Approved, Outcome::Blocked, Outcome::Deferred]
            .map(|outcome| self.outputs.of(Output::of(outcome)).as_str())
    }

    /// The output of this name.
    #[must_use]
    pub fn output(&self, name: &str) -> Option<Output> {
        Output::ALL.iter().copied().find(|output| self.outputs.of(*output) == name)
    }

    /// Whether it is one of the topics with messages to decide about.
    #[must_use]
    pub fn is_outbound(&self, name: &str) -> bool {
        self.outbound_messages.iter().any(|topic| topic == name)
    }

    /// Where this program itself publishes messages (probe, samples): the first of the topics.
    #[must_use]
    pub fn own_outbound(&self) -> &str {
        self.outbound_messages.first().map_or("", String::as_str)
    }
}

/// Section `outputs`.
#[derive(Debug, Clone, Copy)]
pub struct Outputs {
    /// Of what the gate writes; `None` where `kafka.properties` says it.
    pub compression: Option<Compression>,
}

/// Section `schema_registry`.
#[derive(Debug, Clone)]
pub struct SchemaRegistry {
    /// `http://` or `https://`, without credentials, without a slash at its end.
    pub url: String,
    /// User and password for basic authentication; both or none.
    pub credentials: Option<(String, Secret)>,
    /// PEM of the authorities to trust.
    pub ca_file: Option<PathBuf>,
    /// Longest wait for an answer.
    pub timeout: Duration,
}

/// Section `state`.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "each field is the key of the same name")]
pub struct State {
    pub dir: PathBuf,
    pub memory_bytes: usize,
    pub pepper_file: PathBuf,
    pub checkpoints: Option<Checkpoints>,
}

/// Section `state.checkpoints`, when there is a directory for them.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "each field is the key of the same name")]
pub struct Checkpoints {
    pub dir: PathBuf,
    pub interval: Duration,
    pub keep: usize,
}

impl From<ConfigError> for crate::exit::Failure {
    fn from(error: ConfigError) -> Self {
        // Problems begin with the file's name, which editors can jump to.
        Self::of(crate::exit::ExitCode::Config, error)
    }
}

/// Section `desk.oidc`.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "each field is the key of the same name")]
pub struct Oidc {
    pub issuer: String,
    pub client_id: String,
    pub client_secret: Option<Secret>,
    pub groups_claim: String,
    pub account_claim: String,
    /// Group and role.
    pub roles: Vec<(String, String)>,
    pub scopes: Vec<String>,
}

/// Section `ledger`.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "each field is the key of the same name")]
pub struct Ledger {
    pub dir: Option<PathBuf>,
    pub store: Option<String>,
    pub key_file: PathBuf,
    pub checkpoint_interval: Duration,
    pub parquet: bool,
    pub parquet_interval: Duration,
    pub listen: std::net::SocketAddr,
}

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file could not be read.
    #[error("cannot read the configuration `{}`: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// The file is too large to be meant.
    #[error("`{}` has more than {} bytes, which is not a configuration", path.display(), written::FILE_BYTES_MAX)]
    TooLarge {
        /// The file.
        path: PathBuf,
    },
    /// Everything wrong with it.
    #[error("{}", render(file, problems))]
    Invalid {
        /// How to call the file.
        file: String,
        /// At least one.
        problems: Vec<Problem>,
    },
}

fn render(file: &str, problems: &[Problem]) -> String {
    let mut text: Vec<String> = problems.iter().map(|problem| problem.render(file)).collect();
    text.push(match problems.len() {
        1 => "1 problem in the configuration".to_owned(),
        n => format!("{n} problems in the configuration"),
    });
    text.join("\n")
}

impl Config {
    /// Reads `path` and this process's environment.
    ///
    /// # Errors
    /// The file is unreadable, or anything in it or in a variable is wrong: all of it at once.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        Self::load_with_origins(path).map(|(config, _)| config)
    }

    /// As [`Config::load`], and what holds for each key and why, secrets redacted.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn load_with_origins(path: &Path) -> Result<(Self, Vec<Effective>), ConfigError> {
        use std::io::Read as _;
        let unreadable = |source| ConfigError::Unreadable { path: path.to_owned(), source };
        let mut text = String::new();
        std::fs::File::open(path)
            .map_err(unreadable)?
            .take(written::FILE_BYTES_MAX as u64 + 1)
            .read_to_string(&mut text)
            .map_err(unreadable)?;
        if text.len() > written::FILE_BYTES_MAX {
            return Err(ConfigError::TooLarge { path: path.to_owned() });
        }
        Self::read(&path.display().to_string(), &text, std::env::vars_os())
    }

    /// Reads `text` and the variables given; `file` is how problems call it.
    ///
    /// # Errors
    /// Anything is wrong: all of it at once.
    pub fn parse(
        file: &str,
        text: &str,
        variables: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Result<Self, ConfigError> {
        Self::read(file, text, variables).map(|(config, _)| config)
    }

    fn read(
        file: &str,
        text: &str,
        variables: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Result<(Self, Vec<Effective>), ConfigError> {
        let mut reader = reader::Reader::new(written::Written::read(keys::TABLE, text, variables));
        let config = sections::config(&mut reader);
        match reader.finish(keys::TABLE) {
            Ok(effective) => Ok((config, effective)),
            Err(problems) => Err(ConfigError::Invalid { file: file.to_owned(), problems }),
        }
    }

    /// What every Kafka client of this process has in common: brokers, pass-through, secrets, `client.id`. The role's
    /// own settings (isolation, idempotence, group …) are set by the caller, on top; the pass-through has none of them.
    #[must_use]
    pub fn client_base(&self) -> ClientConfig {
        let Kafka { bootstrap_servers, properties, secrets, .. } = &self.kafka;
        kafka::client_base(bootstrap_servers, properties, secrets, &self.instance_id)
    }

    /// The same for what writes outputs, dead letters and approvals: with their compression.
    #[must_use]
    pub fn producer_base(&self) -> ClientConfig {
        let mut client = self.client_base();
        if let Some(compression) = self.outputs.compression {
            client.set("compression.type", compression.as_str());
        }
        client
    }
}

/// Every key, in the order of the reference.
pub fn keys() -> impl Iterator<Item = &'static Key> {
    keys::TABLE.keys()
}

/// All refused librdkafka properties with the reason and what to do instead, for the reference.
#[must_use]
pub fn refused_properties() -> &'static [(&'static [&'static str], &'static str, &'static str)] {
    kafka::REFUSED
}

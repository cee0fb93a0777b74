//! What of librdkafka's configuration is the operator's, and what is ours because a promise depends on it.
//!
//! Invariant: a refused property cannot reach librdkafka, whatever its spelling or source; the lanes, the consent
//! reader and the barrier set those themselves. Every other name and value has been accepted by librdkafka at load.

use std::collections::BTreeMap;

use rdkafka::ClientConfig;
use rdkafka::error::KafkaError;

use super::key::{Key, VARIABLE_PREFIX};
use super::problem::Place;
use super::reader::{Reader, shortened};
use super::secret::Secret;

/// librdkafka's properties as the operator set them: none of them ours, all of them accepted by it.
#[derive(Debug, Clone)]
pub struct Properties(BTreeMap<String, String>);

impl Properties {
    /// The first of these names that is set.
    pub(super) fn first_of(&self, names: [&'static str; 2]) -> Option<&'static str> {
        names.into_iter().find(|name| self.0.contains_key(*name))
    }
}

/// librdkafka's secret properties; `Debug` shows none of them.
#[derive(Debug, Clone)]
pub struct Secrets(BTreeMap<String, Secret>);

/// Properties that are ours, with the reason. A name with `*` at its end stands for all that begin so.
pub(super) const REFUSED: &[(&[&str], &str, &str)] = &[
    (
        &["bootstrap.servers", "metadata.broker.list"],
        "two keys for one thing could disagree",
        "set `kafka.bootstrap_servers`",
    ),
    (&["group.id"], "two keys for one thing could disagree", "set `kafka.group_id`"),
    (
        &["session.timeout.ms"],
        "two keys for one thing could disagree",
        "set `kafka.session_timeout_ms`",
    ),
    (
        &["transaction.timeout.ms"],
        "above 10 s a dead instance would stop all readers of the outputs for too long",
        "set `kafka.transaction_timeout_ms`, at most 10000",
    ),
    (
        &["isolation.level"],
        "the gate must not decide on aborted records, and the barrier must see records of open transactions",
        "delete it; each reader sets its own",
    ),
    (
        &[
            "enable.idempotence",
            "acks",
            "request.required.acks",
            "max.in.flight",
            "max.in.flight.requests.per.connection",
            "retries",
            "message.send.max.retries",
            "enable.gapless.guarantee",
            "queuing.strategy",
            "message.timeout.ms",
            "delivery.timeout.ms",
        ],
        "exactly one output per message depends on it",
        "delete it; the producers set it",
    ),
    (
        &["transactional.id"],
        "a stable id per lane is what fences a forgotten instance",
        "delete it; it is made of `kafka.group_id`, `instance_id` and the lane",
    ),
    (
        &["group.instance.id"],
        "a stable id per lane is what makes a restart cheap",
        "set `instance_id`",
    ),
    (
        &["auto.offset.reset"],
        "a lost offset must be an error: a reset would skip or repeat messages silently",
        "set `kafka.start_at` for a group without offsets",
    ),
    (
        &[
            "enable.auto.commit",
            "auto.commit.enable",
            "auto.commit.interval.ms",
            "enable.auto.offset.store",
            "offset.store.method",
            "offset.store.path",
            "offset.store.sync.interval.ms",
        ],
        "offsets are committed with the outputs, in one transaction, or messages are lost or repeated",
        "delete it",
    ),
    (
        &[
            "group.protocol",
            "group.protocol.type",
            "group.remote.assignor",
            "partition.assignment.strategy",
        ],
        "taking over and giving up partitions is tested with one protocol only",
        "delete it",
    ),
    (&["partitioner"], "messages of one contact must stay on one partition, in order", "delete it"),
    (
        &["check.crcs"],
        "a record damaged on its way must not be decided on",
        "delete it; it is always on",
    ),
    (&["enable.partition.eof"], "the consent reader needs it on, the lanes off", "delete it"),
    (&["delivery.report.only.error"], "the lanes count their records in flight by it", "delete it"),
    (
        &["statistics.interval.ms"],
        "a repeated end of a transaction is seen in the statistics only",
        "delete it",
    ),
    (
        &["allow.auto.create.topics"],
        "the gate creates no topic unless asked",
        "run `consent-gate topics create`",
    ),
    (&["topic.blacklist"], "a hidden topic looks like an empty one", "delete it"),
    (
        &["plugin.library.paths", "interceptors"],
        "foreign code in the process could change or lose records",
        "delete it",
    ),
    (
        &["test.mock.*"],
        "a pretended cluster forgets everything at exit",
        "delete it; `consent-gate demo` has its own",
    ),
    (
        &["log.queue", "log_level", "enabled_events"],
        "the logs of librdkafka go through ours",
        "set `log.level`",
    ),
];

/// Values above this would keep the consent reader from seeing new partitions in time.
const METADATA_REFRESH_MS_MAX: u64 = 30_000;

/// Properties that hold a secret.
const SECRET: &[&str] = &[
    "sasl.password",
    "ssl.key.password",
    "ssl.key.pem",
    "ssl.keystore.password",
    "sasl.oauthbearer.config",
    "sasl.oauthbearer.client.secret",
    "sasl.oauthbearer.client.credentials.client.secret",
    "sasl.oauthbearer.assertion.private.key.passphrase",
    "sasl.oauthbearer.assertion.private.key.pem",
];

impl Reader {
    /// Reads librdkafka's own properties.
    pub(super) fn properties(&mut self, key: &Key) -> Properties {
        properties(self, key.path)
    }

    /// Reads librdkafka's secret properties.
    pub(super) fn secrets(&mut self, key: &Key) -> Secrets {
        secrets(self, key.path)
    }

    /// Reads addresses of brokers, with commas between.
    pub(super) fn brokers(&mut self, key: &Key) -> String {
        let text = self.text(key);
        brokers(self, key.path, &text)
    }
}

fn properties(reader: &mut Reader, section: &'static str) -> Properties {
    let mut accepted = BTreeMap::new();
    for (name, value, place) in reader.entries(section) {
        let key = format!("{section}.{name}");
        if let Some((reason, fix)) = refusal(&name) {
            reader.problem_at(&key, place, format!("is not yours to set: {reason}"), fix);
        } else if SECRET.contains(&name.as_str()) {
            reader.problem_at(&key, place, "is a secret and does not belong here", format!(
                "write it to a file and name that under `kafka.secrets`: `{name}: /path/to/file`; or set the variable {}",
                secret_variable(&name)));
        } else if name == "topic.metadata.refresh.interval.ms"
            && !value.parse().is_ok_and(|ms: u64| (1..=METADATA_REFRESH_MS_MAX).contains(&ms))
        {
            reader.problem_at(
                &key,
                place,
                "new partitions of `topics.consent_change` must be seen within half a minute",
                format!("write 1 to {METADATA_REFRESH_MS_MAX}"),
            );
        } else if let Err(reason) = accepted_by_librdkafka(&name, &value) {
            reader.problem_at(
                &key,
                place,
                format!("librdkafka refuses it: {reason}"),
                "see librdkafka's CONFIGURATION.md for names and values",
            );
        } else {
            reader.note_entry(key, value.clone(), place);
            accepted.insert(name, value);
        }
    }
    Properties(accepted)
}

/// From the file a path in the configuration, from the environment the secret itself.
fn secrets(reader: &mut Reader, section: &'static str) -> Secrets {
    let mut accepted = BTreeMap::new();
    for (name, value, place) in reader.entries(section) {
        let key = format!("{section}.{name}");
        if !SECRET.contains(&name.as_str()) {
            reader.problem_at(
                &key,
                place,
                "is not a secret of librdkafka",
                format!("put it under `kafka.properties`; secrets are: {}", SECRET.join(", ")),
            );
            continue;
        }
        let secret = match &place {
            Place::Variable(_) => Secret::new(value),
            Place::File | Place::Line { .. } | Place::Default => {
                Secret::from_file(std::path::Path::new(&value))
            }
        };
        match secret {
            Ok(secret) => {
                if accepted_by_librdkafka(&name, secret.expose()).is_err() {
                    reader.problem_at(
                        &key,
                        place,
                        "librdkafka refuses it",
                        "this build may not know it; see librdkafka's CONFIGURATION.md",
                    );
                    continue;
                }
                reader.note_entry(key, "[redacted]".to_owned(), place);
                accepted.insert(name, secret);
            }
            Err(error) => reader.problem_at(
                &key,
                place,
                error.to_string(),
                format!(
                    "let it name a readable file that holds the secret and nothing else, or set {}",
                    secret_variable(&name)
                ),
            ),
        }
    }
    Secrets(accepted)
}

fn brokers(reader: &mut Reader, path: &'static str, text: &str) -> String {
    let servers: Vec<&str> = text.split(',').map(str::trim).collect();
    for server in &servers {
        let (host, port) = match server.rsplit_once(':') {
            // `::1` has colons of its own; an address with a port stands in brackets.
            Some((host, port)) if !host.contains(':') || host.ends_with(']') => {
                (host, port.parse::<u16>().ok().filter(|port| *port > 0))
            }
            _ => (*server, None),
        };
        let host_is_plain =
            !host.is_empty() && !host.contains(|c: char| c.is_whitespace() || c == '/' || c == '@');
        if !host_is_plain || port.is_none() {
            reader.problem(path, format!("`{}` is not `host:port`", shortened(server)), "write `host:port`, several with commas between; the protocol is `security.protocol` under `kafka.properties`");
        }
    }
    servers.join(",")
}

/// What every client of this process has in common; the caller adds what its role needs.
pub(super) fn client_base(
    servers: &str,
    properties: &Properties,
    secrets: &Secrets,
    instance_id: &str,
) -> ClientConfig {
    let mut client = ClientConfig::new();
    client.set("client.id", format!("consent-gate-{instance_id}"));
    client.set("topic.metadata.refresh.interval.ms", METADATA_REFRESH_MS_MAX.to_string());
    client.extend(properties.0.iter().map(|(name, value)| (name.clone(), value.clone())));
    client
        .extend(secrets.0.iter().map(|(name, secret)| (name.clone(), secret.expose().to_owned())));
    client.set("bootstrap.servers", servers);
    client.set("allow.auto.create.topics", "false");
    client
}

fn refusal(name: &str) -> Option<(&'static str, &'static str)> {
    REFUSED
        .iter()
        .find(|(names, ..)| {
            names.iter().any(|refused| {
                refused.strip_suffix('*').map_or(*refused == name, |begin| name.starts_with(begin))
            })
        })
        .map(|(_, reason, fix)| (*reason, *fix))
}

/// librdkafka's own judgement of one name and value, without the value, which may be long or private.
fn accepted_by_librdkafka(name: &str, value: &str) -> Result<(), String> {
    let mut client = ClientConfig::new();
    client.set(name, value);
    match client.create_native_config() {
        Ok(_) => Ok(()),
        Err(KafkaError::ClientConfig(_, reason, ..)) => {
            Err(reason.to_lowercase().trim_end_matches('.').to_owned())
        }
        Err(_) => Err("name or value has a NUL byte".to_owned()),
    }
}

fn secret_variable(name: &str) -> String {
    format!(
        "{}{}",
        VARIABLE_PREFIX,
        format!("kafka__secrets__{name}").to_uppercase().replace('.', "_")
    )
}

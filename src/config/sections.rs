//! From typed values to the sections of [`Config`], with the rules that need more than one key.
//!
//! Every function asks for all of its keys, whatever went wrong before, so that one start shows every problem.

use super::problem::Place;
use super::reader::Reader;
use super::{
    Batch, Checkpoints, Compression, Config, Consent, Format, Formats, Http, Kafka, Limits, Log,
    LogFormat, LogLevel, Metrics, Outputs, Policies, Probe, SchemaRegistry, StartAt, State, Topics,
    kafka,
};
use crate::metrics::{NAMED_OTHER, SOURCE_OTHER};
use std::path::Path;

/// Asks for everything. The result counts only if the reader has no problem afterwards.
pub(super) fn config(reader: &mut Reader) -> Config {
    let instance_id = reader.name("instance_id", host_name);
    let cores = || std::thread::available_parallelism().map_or(1, |cores| cores.get() as u64);
    let lanes = usize::try_from(reader.integer_or("lanes", cores)).unwrap_or(1);
    let shutdown_timeout = reader.duration_ms("shutdown_timeout_ms");
    let kafka = kafka(reader);
    let topics = topics(reader);
    let formats = formats(reader);
    let outputs = outputs(reader, &kafka);
    let schema_registry = schema_registry(reader, formats);
    Config {
        instance_id,
        lanes,
        shutdown_timeout,
        kafka,
        topics,
        formats,
        outputs,
        schema_registry,
        state: state(reader),
        policies: Policies {
            dir: reader.optional_path("policies.dir"),
            tz_dir: reader.optional_path("policies.tz_dir"),
        },
        http: Http {
            listen: reader.socket("http.listen"),
            token: reader.secret("http.token", "http.token_file"),
        },
        consent: Consent {
            key_names_contact: reader.boolean("consent.key_names_contact"),
            barrier_timeout: reader.duration_ms("consent.barrier_timeout_ms"),
            checkpoint_interval: reader.duration_ms("consent.checkpoint_interval_ms"),
        },
        batch: Batch {
            messages_max: reader.size("batch.messages_max"),
            bytes_max: reader.size("batch.bytes_max"),
        },
        limits: Limits { value_bytes_max: reader.size("limits.value_bytes_max") },
        metrics: metrics(reader, formats.outbound_message),
        probe: Probe {
            enabled: reader.boolean("probe.enabled"),
            interval: reader.duration_ms("probe.interval_ms"),
            timeout: reader.duration_ms("probe.timeout_ms"),
            jurisdiction: reader.name("probe.jurisdiction", || None),
        },
        log: Log {
            format: reader.choice("log.format", LogFormat::from_name, LogFormat::Auto),
            level: reader.choice("log.level", LogLevel::from_name, LogLevel::Info),
        },
    }
}

fn kafka(reader: &mut Reader) -> Kafka {
    Kafka {
        bootstrap_servers: kafka::bootstrap_servers(reader),
        group_id: reader.text("kafka.group_id"),
        start_at: reader.choice("kafka.start_at", StartAt::from_name, StartAt::Earliest),
        session_timeout: reader.duration_ms("kafka.session_timeout_ms"),
        transaction_timeout: reader.duration_ms("kafka.transaction_timeout_ms"),
        leave_on_shutdown: reader.boolean("kafka.leave_on_shutdown"),
        properties: kafka::properties(reader),
        secrets: kafka::secrets(reader),
    }
}

/// What `kafka.properties` says of compression stands, unless both say something.
fn outputs(reader: &mut Reader, kafka: &Kafka) -> Outputs {
    const PATH: &str = "outputs.compression";
    let compression = reader.choice(PATH, Compression::from_name, Compression::Lz4);
    let names = ["compression.type", "compression.codec"];
    let passed = names.into_iter().find(|name| kafka.properties.contains_key(*name));
    let Some(passed) = passed else { return Outputs { compression: Some(compression) } };
    if !matches!(reader.place(PATH), Place::Default) {
        let fix = format!("delete `{passed}` under `kafka.properties`");
        reader.problem(PATH, format!("`kafka.properties.{passed}` says the same thing"), fix);
    }
    Outputs { compression: None }
}

fn topics(reader: &mut Reader) -> Topics {
    const PATHS: [&str; 8] = [
        "topics.consent_change",
        "topics.outbound_message",
        "topics.approved",
        "topics.blocked",
        "topics.deferred",
        "topics.consent_dead_letter",
        "topics.consent_review",
        "topics.sent_log",
    ];
    let names = PATHS.map(|path| reader.name(path, || None));
    let [
        consent_change,
        outbound_message,
        approved,
        blocked,
        deferred,
        consent_dead_letter,
        consent_review,
        sent_log,
    ] = names;
    let topics = Topics {
        consent_change,
        outbound_message,
        approved,
        blocked,
        deferred,
        consent_dead_letter,
        consent_review,
        sent_log,
    };
    let names = topics.all().map(str::to_owned);
    for (index, (path, name)) in PATHS.iter().zip(&names).enumerate() {
        if let Some((first, _)) =
            PATHS.iter().zip(&names).take(index).find(|(_, earlier)| *earlier == name)
        {
            // With one topic in two roles the gate would read its own outputs, or senders what was blocked.
            reader.problem(
                path,
                format!("`{name}` is also `{first}`"),
                "give each role its own topic",
            );
        }
    }
    topics
}

fn formats(reader: &mut Reader) -> Formats {
    Formats {
        consent_change: reader.choice("formats.consent_change", Format::parse, Format::Json),
        outbound_message: reader.choice("formats.outbound_message", Format::parse, Format::Json),
    }
}

fn schema_registry(reader: &mut Reader, formats: Formats) -> Option<SchemaRegistry> {
    let url = reader.optional_text("schema_registry.url");
    let username = reader.optional_text("schema_registry.username");
    let password = reader.secret("schema_registry.password", "schema_registry.password_file");
    let ca_file = reader.optional_path("schema_registry.ca_file");
    let timeout = reader.duration_ms("schema_registry.timeout_ms");
    if username.is_some() != password.is_some() {
        reader.problem(
            "schema_registry.username",
            "user and password go together, and only one is set",
            "set both `schema_registry.username` and `schema_registry.password_file`, or neither",
        );
    }
    let Some(url) = url else {
        for (path, format) in [
            ("formats.consent_change", formats.consent_change),
            ("formats.outbound_message", formats.outbound_message),
        ] {
            if format == Format::Avro {
                reader.problem(
                    path,
                    "`avro` needs a schema registry",
                    "set `schema_registry.url`, or use `avro-single-object`",
                );
            }
        }
        return None;
    };
    let after_scheme = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://"));
    match after_scheme {
        // Not quoted: it may hold a password.
        Some(rest) if rest.contains('@') => reader.problem(
            "schema_registry.url",
            "has credentials in it",
            "set `schema_registry.username` and `schema_registry.password_file`",
        ),
        Some(rest)
            if !rest.is_empty()
                && !rest.starts_with('/')
                && !rest.contains(char::is_whitespace) => {}
        _ => reader.problem(
            "schema_registry.url",
            "is not an address of HTTP",
            "write e.g. `http://127.0.0.1:8081`",
        ),
    }
    Some(SchemaRegistry {
        url: url.trim_end_matches('/').to_owned(),
        credentials: username.zip(password),
        ca_file,
        timeout,
    })
}

fn metrics(reader: &mut Reader, messages: Format) -> Metrics {
    const CAMPAIGNS: &str = "metrics.campaigns";
    let metrics = Metrics {
        sources: listed(reader, "metrics.sources", SOURCE_OTHER, "sources"),
        brands: listed(reader, "metrics.brands", NAMED_OTHER, "brands"),
        campaigns: listed(reader, CAMPAIGNS, NAMED_OTHER, "campaigns"),
    };
    if !metrics.campaigns.is_empty() && messages != Format::Json {
        reader.problem(
            CAMPAIGNS,
            "attributes of Avro messages are passed over",
            "delete the list, or write messages as JSON",
        );
    }
    metrics
}

/// Names that get series of their own; `other` is for those that are not listed.
fn listed(reader: &mut Reader, path: &'static str, other: &str, what: &str) -> Vec<String> {
    let names = reader.names(path);
    if names.iter().any(|name| name == other) {
        reader.problem(
            path,
            format!("`{other}` is what {what} that are not listed are counted as"),
            "delete it from the list",
        );
    }
    names
}

fn state(reader: &mut Reader) -> State {
    let dir = reader.path("state.dir");
    let pepper_file = reader.optional_path("state.pepper_file").unwrap_or_else(|| {
        let path = dir.join("pepper");
        reader.note("state.pepper_file", path.display().to_string());
        path
    });
    let checkpoints = checkpoints(reader, &dir);
    State { memory_bytes: reader.size("state.memory_bytes"), dir, pepper_file, checkpoints }
}

fn checkpoints(reader: &mut Reader, state_dir: &Path) -> Option<Checkpoints> {
    const DIR: &str = "state.checkpoints.dir";
    let interval = reader.duration_ms("state.checkpoints.interval_ms");
    let keep = reader.size("state.checkpoints.keep");
    let dir = reader.optional_path(DIR)?;
    if dir.starts_with(state_dir) {
        reader.problem(
            DIR,
            "lies in `state.dir` and would be lost with it",
            "name a directory beside it, better one on another disk",
        );
    }
    Some(Checkpoints { dir, interval, keep })
}

/// What `gethostname` would say, without C.
fn host_name() -> Option<String> {
    ["/proc/sys/kernel/hostname", "/etc/hostname"]
        .into_iter()
        .filter_map(|path| std::fs::read_to_string(path).ok())
        .map(|name| name.trim().to_owned())
        .find(|name| !name.is_empty())
}

impl StartAt {
    fn from_name(name: &str) -> Option<Self> {
        match name {
            "earliest" => Some(Self::Earliest),
            "latest" => Some(Self::Latest),
            _ => None,
        }
    }
}

impl LogFormat {
    fn from_name(name: &str) -> Option<Self> {
        match name {
            "auto" => Some(Self::Auto),
            "json" => Some(Self::Json),
            "text" => Some(Self::Text),
            _ => None,
        }
    }
}

impl LogLevel {
    fn from_name(name: &str) -> Option<Self> {
        [Self::Error, Self::Warn, Self::Info, Self::Debug, Self::Trace]
            .into_iter()
            .find(|level| level.name() == name)
    }
}

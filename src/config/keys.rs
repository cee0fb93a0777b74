//! Every key of the configuration, once: path, type, default, unit and effect.
//!
//! The reader, the environment overrides, `consent-gate config reference`, `docs/reference/config.md` and
//! `config.example.yaml` all come from this table, so none of them can know a key that another does not.
//!
//! Invariant: a default in this table passes the same checks as a value from the file; it is read by the same code.
//! Absent: rules over several keys, they stand with the section they belong to in `sections.rs`.

use crate::metrics::{NAMED_BYTES_MAX, NAMED_MAX, SOURCE_BYTES_MAX, SOURCES_MAX};

/// What a value must look like. Bounds are inclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Text without control characters.
    Text,
    /// `host:port`, several with commas between.
    Brokers,
    /// Letters, digits, `.`, `_` and `-`.
    Name {
        /// Longest allowed.
        chars_max: usize,
    },
    /// A whole number.
    Integer {
        /// Smallest allowed.
        min: u64,
        /// Largest allowed.
        max: u64,
    },
    /// `true` or `false`, no other spelling.
    Boolean,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// A path; a relative one counts from the working directory.
    Path,
    /// `http://` or `https://`, without user and password.
    Url,
    /// IP address and port.
    Socket,
    /// A list of different names without control characters; in a variable, with commas between.
    Names {
        /// Most of them.
        n_max: usize,
        /// Longest of them.
        bytes_max: usize,
    },
    /// A mapping of librdkafka's property names to values.
    Properties,
    /// A mapping of librdkafka's secret property names to files that hold them.
    Secrets,
    /// The secret itself; only the environment may carry it.
    EnvironmentOnly,
}

/// What holds when nobody sets the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Preset {
    /// This value, as it would stand in the file.
    Value(&'static str),
    /// Found out at start; the text says from what.
    Computed(&'static str),
    /// Nothing: the key is optional.
    Unset,
}

/// One line of the table.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// Where it stands, e.g. `kafka.group_id`.
    pub path: &'static str,
    /// What a value must look like.
    pub kind: Kind,
    /// What holds when nobody sets it.
    pub preset: Preset,
    /// Unit of a number, empty otherwise.
    pub unit: &'static str,
    /// What it does, in a sentence or two.
    pub effect: &'static str,
}

const fn key(
    path: &'static str,
    kind: Kind,
    preset: Preset,
    unit: &'static str,
    effect: &'static str,
) -> Key {
    Key { path, kind, preset, unit, effect }
}

const fn integer(
    path: &'static str,
    preset: &'static str,
    (min, max): (u64, u64),
    unit: &'static str,
    effect: &'static str,
) -> Key {
    key(path, Kind::Integer { min, max }, Preset::Value(preset), unit, effect)
}

/// Kafka's own limit for the name of a topic.
const TOPIC_CHARS_MAX: usize = 249;

const fn topic(path: &'static str, name: &'static str, effect: &'static str) -> Key {
    key(path, Kind::Name { chars_max: TOPIC_CHARS_MAX }, Preset::Value(name), "", effect)
}

/// The words of `formats.*`.
const FORMATS: &[&str] = &["json", "avro", "avro-single-object"];
/// Compression of records.
const COMPRESSIONS: &[&str] = &["none", "gzip", "snappy", "lz4", "zstd"];

/// The table, in the order of the reference.
pub const KEYS: &[Key] = &[
    key(
        "instance_id",
        Kind::Name { chars_max: 64 },
        Preset::Computed("host name"),
        "",
        "Names this instance towards Kafka (transactional ids, static membership). Stable over restarts, different for each running instance: two with one name fence each other off.",
    ),
    key(
        "lanes",
        Kind::Integer { min: 1, max: 256 },
        Preset::Computed("number of cores"),
        "threads",
        "Group members of this instance, each with its own consumer and transactional producer. More than partitions of `topics.outbound_message` are idle.",
    ),
    integer(
        "shutdown_timeout_ms",
        "15000",
        (1_000, 600_000),
        "ms",
        "After SIGTERM: the time to finish or abort the batch, leave the group and flush. Whatever is left then is aborted by the broker.",
    ),
    key(
        "kafka.bootstrap_servers",
        Kind::Brokers,
        Preset::Value("127.0.0.1:9092"),
        "",
        "Brokers to ask first, `host:port`, several with commas between.",
    ),
    key(
        "kafka.group_id",
        Kind::Text,
        Preset::Value("consent-gate"),
        "",
        "Consumer group of the lanes; also the beginning of the transactional ids. All instances of one gate share it.",
    ),
    key(
        "kafka.start_at",
        Kind::Choice(&["earliest", "latest"]),
        Preset::Value("earliest"),
        "",
        "Where a group without committed offsets begins on `topics.outbound_message`. A lost offset is an error, never a reset. A fresh store always reads `topics.consent_change` from its beginning.",
    ),
    integer(
        "kafka.session_timeout_ms",
        "8000",
        (1_000, 1_800_000),
        "ms",
        "A member silent for so long loses its partitions to the others. The broker sets the limits: `group.min.session.timeout.ms`, 6000 unless changed.",
    ),
    integer(
        "kafka.transaction_timeout_ms",
        "10000",
        (1_000, 10_000),
        "ms",
        "The broker aborts a batch of a dead instance after so long; until then readers of the outputs wait. Another instance of the group does it earlier, as soon as the dead one's session has timed out.",
    ),
    key(
        "kafka.leave_on_shutdown",
        Kind::Boolean,
        Preset::Value("true"),
        "",
        "Leave the group at a clean stop, so that others take over at once. `false` keeps the partitions for a quick restart, for `kafka.session_timeout_ms`.",
    ),
    key(
        "kafka.properties",
        Kind::Properties,
        Preset::Value("{}"),
        "",
        "Handed to librdkafka as they are, e.g. `security.protocol`, `sasl.mechanisms`, `sasl.username`, `ssl.ca.location`. Those a promise depends on are refused by name.",
    ),
    key(
        "kafka.secrets",
        Kind::Secrets,
        Preset::Value("{}"),
        "",
        "Secret librdkafka properties, each with the file that holds it, e.g. `sasl.password: /run/secrets/kafka`. In the environment the variable holds the secret itself.",
    ),
    topic(
        "topics.consent_change",
        "consent-change",
        "Input: what people consent to and refuse. Read whole, by every instance.",
    ),
    topic("topics.outbound_message", "outbound-message", "Input: the messages to decide about."),
    topic(
        "topics.approved",
        "approved-message",
        "Output: messages that may go out. Senders read this one, `read_committed`, and no other.",
    ),
    topic("topics.blocked", "blocked-message", "Output: messages that may not go out."),
    topic(
        "topics.deferred",
        "deferred-message",
        "Output: messages that may go out later; header `gate-not-before` says when.",
    ),
    topic(
        "topics.consent_dead_letter",
        "consent-dead-letter",
        "Output: consent changes that cannot be read, and what operators decided about them (`consent-gate consent skip`, `correct`).",
    ),
    topic(
        "topics.consent_review",
        "consent-gate-review",
        "Output: texts to us that may ask to stop and may not, for a person to read, and what was said about them with `consent-gate consent review`.",
    ),
    topic(
        "topics.sent_log",
        "consent-gate-sent",
        "The gate's own memory of what it approved, for frequency caps and \"once\" rules: hashes and times, no personal data. Compacted, with as many partitions as `topics.outbound_message`.",
    ),
    key(
        "formats.consent_change",
        Kind::Choice(FORMATS),
        Preset::Value("json"),
        "",
        "How values of `topics.consent_change` are written. `avro` is Confluent's wire format and needs `schema_registry.url`.",
    ),
    key(
        "formats.outbound_message",
        Kind::Choice(FORMATS),
        Preset::Value("json"),
        "",
        "How values of `topics.outbound_message` are written.",
    ),
    key(
        "outputs.compression",
        Kind::Choice(COMPRESSIONS),
        Preset::Value("lz4"),
        "",
        "How what the gate writes is compressed. kafkajs reads `gzip` and `none` only, and stops at anything else; every other client reads all of them. `compression.type` under `kafka.properties` is the same thing: set one of the two.",
    ),
    key(
        "schema_registry.url",
        Kind::Url,
        Preset::Unset,
        "",
        "Schema Registry to ask for writer schemas. Needed for `avro`.",
    ),
    key(
        "schema_registry.username",
        Kind::Text,
        Preset::Unset,
        "",
        "User for HTTP basic authentication.",
    ),
    key(
        "schema_registry.password_file",
        Kind::Path,
        Preset::Unset,
        "",
        "File that holds the password of `schema_registry.username`.",
    ),
    key(
        "schema_registry.password",
        Kind::EnvironmentOnly,
        Preset::Unset,
        "",
        "The password itself, instead of a file.",
    ),
    key(
        "schema_registry.ca_file",
        Kind::Path,
        Preset::Unset,
        "",
        "PEM file with the authorities to trust for `https`, instead of the built-in ones.",
    ),
    integer(
        "schema_registry.timeout_ms",
        "5000",
        (100, 60_000),
        "ms",
        "Longest wait for an answer. Then the partition is held and the question repeated.",
    ),
    key(
        "state.dir",
        Kind::Path,
        Preset::Value("./state"),
        "",
        "Consent store on local disk, one directory per instance. A cache of `topics.consent_change`: if lost, it is rebuilt before anything is decided.",
    ),
    integer(
        "state.memory_bytes",
        "268435456",
        (67_108_864, 1_099_511_627_776),
        "bytes",
        "Memory for caches and write buffers: seven eighths for the consent store, one for what was approved.",
    ),
    key(
        "state.pepper_file",
        Kind::Path,
        Preset::Computed("`pepper` in `state.dir`"),
        "",
        "32 random bytes that key the hashes of contacts and addresses. Made with mode 0600 if absent and no other instance has one. All instances of one gate need the same file: they share `topics.sent_log`, which says whose pepper is in force, and an instance with another one does not start (exit 78).",
    ),
    key(
        "state.checkpoints.dir",
        Kind::Path,
        Preset::Unset,
        "",
        "Directory for copies of the consent store; without it there are none. A gate without usable state begins with the best copy of the same topic and pepper in it, its own or another instance's, and reads only what came after it. On another disk than `state.dir` it survives that disk; on the same one it costs no space for what did not change. Hashes only, mode 0700. To fold the topic anew on purpose, remove the copies together with the state.",
    ),
    integer(
        "state.checkpoints.interval_ms",
        "900000",
        (1_000, 604_800_000),
        "ms",
        "How often a checkpoint is made. After an erasure, what was erased is gone from them after `interval_ms` times `keep`.",
    ),
    integer(
        "state.checkpoints.keep",
        "2",
        (1, 100),
        "checkpoints",
        "How many of its checkpoints an instance keeps. Those of instances that are gone are removed by the others after `interval_ms` times `keep` plus one, an hour at least.",
    ),
    key(
        "policies.dir",
        Kind::Path,
        Preset::Unset,
        "",
        "Directory of the policy packs (`docs/reference/packs.md`), watched for changes; SIGHUP reads it again at once. Without it the packs built into the program are used.",
    ),
    key(
        "policies.tz_dir",
        Kind::Path,
        Preset::Unset,
        "",
        "Directory of compiled time zones with their `tzdata.zi`, such as `/usr/share/zoneinfo`. Without it the zones built into the program are used; each decision names their version.",
    ),
    key(
        "http.listen",
        Kind::Socket,
        Preset::Value("127.0.0.1:8080"),
        "",
        "Address of `/livez`, `/readyz`, `/status`, `/metrics` and the console. Loopback unless something else protects it.",
    ),
    key(
        "http.token_file",
        Kind::Path,
        Preset::Unset,
        "",
        "File that holds the bearer token of everything but `/livez`, `/readyz`, `/status` and `/metrics`. Without a token those are closed.",
    ),
    key(
        "http.token",
        Kind::EnvironmentOnly,
        Preset::Unset,
        "",
        "The token itself, instead of a file.",
    ),
    key(
        "consent.key_names_contact",
        Kind::Boolean,
        Preset::Value("true"),
        "",
        "The record key of `topics.consent_change` is the contact id: an unreadable change then blocks that contact alone. `false`: nobody can tell whose it is, and the gate holds until an operator releases it.",
    ),
    integer(
        "consent.barrier_timeout_ms",
        "1000",
        (10, 600_000),
        "ms",
        "How long a batch waits until all consent acknowledged before it is applied. Then its partitions are held, never decided.",
    ),
    integer(
        "consent.checkpoint_interval_ms",
        "10000",
        (100, 3_600_000),
        "ms",
        "How often the store is flushed to disk. After a crash the consent read since then is read again.",
    ),
    integer(
        "batch.messages_max",
        "5000",
        (1, 100_000),
        "messages",
        "Most messages decided in one transaction.",
    ),
    integer(
        "batch.bytes_max",
        "16777216",
        (65_536, 268_435_456),
        "bytes",
        "Most bytes of keys and values in one transaction; a single larger message goes alone.",
    ),
    integer(
        "limits.value_bytes_max",
        "1048576",
        (1_024, 1_048_576),
        "bytes",
        "Largest value that is decoded. A larger message is `blocked.invalid_message`, a larger consent change unreadable.",
    ),
    key(
        "metrics.sources",
        Kind::Names { n_max: SOURCES_MAX, bytes_max: SOURCE_BYTES_MAX },
        Preset::Value("[]"),
        "",
        "Systems that write consent changes, by what their records name as `source`: each gets a series of its own in `consent_gate_source_changes_total` and `consent_gate_source_last_change_timestamp_seconds`, so that one that fell silent is seen. All others are `other`.",
    ),
    key(
        "metrics.brands",
        Kind::Names { n_max: NAMED_MAX, bytes_max: NAMED_BYTES_MAX },
        Preset::Value("[]"),
        "",
        "Brands of messages: each gets series of its own in `consent_gate_brand_decisions_total`. Compared as consent compares brands. All others are `other`; without a list there are no series.",
    ),
    key(
        "metrics.campaigns",
        Kind::Names { n_max: NAMED_MAX, bytes_max: NAMED_BYTES_MAX },
        Preset::Value("[]"),
        "",
        "Campaigns of messages, by `attributes.campaign`: each gets series of its own in `consent_gate_campaign_decisions_total`. Needs `formats.outbound_message: json`. All others are `other`; without a list there are no series.",
    ),
    key(
        "probe.enabled",
        Kind::Boolean,
        Preset::Value("false"),
        "",
        "Let this instance prove without pause, through the real topics, that messages are decided and opt-outs are enforced: a synthetic contact opts in, is sent a message, opts out, is sent another. Needs the right to write both input topics. Decisions about it carry the header `gate-probe`; senders leave those out. Contact ids that begin with `consent-gate-probe/` are reserved for it. One instance is enough.",
    ),
    integer(
        "probe.interval_ms",
        "10000",
        (100, 3_600_000),
        "ms",
        "From the beginning of one round to that of the next. Each round adds two records to both input topics, under 2 KiB together; consent records stay for good.",
    ),
    integer(
        "probe.timeout_ms",
        "30000",
        (1_000, 600_000),
        "ms",
        "How long a round waits for each acknowledgement and each decision. Then it has not passed; its message is still waited for, and nothing new is written before it is decided.",
    ),
    key(
        "probe.jurisdiction",
        Kind::Name { chars_max: 16 },
        Preset::Value("GB"),
        "",
        "Whose rules the probe's e-mails are judged by. An express opt-in must be enough there, at any hour and any number of times; `consent-gate doctor` tries it with the policies in force.",
    ),
    key(
        "log.format",
        Kind::Choice(&["auto", "json", "text"]),
        Preset::Value("auto"),
        "",
        "`auto` is text on a terminal and JSON elsewhere.",
    ),
    key(
        "log.level",
        Kind::Choice(&["error", "warn", "info", "debug", "trace"]),
        Preset::Value("info"),
        "",
        "Least important level to log.",
    ),
];

/// Stands in for a path that is not in the table; a test shows that this never happens.
const ABSENT: Key = key("", Kind::Text, Preset::Unset, "", "");

/// The line of this path.
pub(super) fn of(path: &str) -> &'static Key {
    KEYS.iter().find(|key| key.path == path).unwrap_or(&ABSENT)
}

/// Whether `path` is a section, e.g. `kafka`.
pub(super) fn is_section(path: &str) -> bool {
    KEYS.iter().any(|key| key.path.strip_prefix(path).is_some_and(|rest| rest.starts_with('.')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_stands_once_in_the_table() {
        let mut paths: Vec<_> = KEYS.iter().map(|key| key.path).collect();
        paths.sort_unstable();
        paths.dedup();
        assert_eq!(paths.len(), KEYS.len());
    }
}

//! Every key of the configuration, once: path, field, type, bounds, default, unit and effect.
//!
//! The sections of [`Config`](super::Config), the reader, the environment overrides, `consent-gate config reference`,
//! `docs/reference/config.md` and `config.example.yaml` all come from this table, so none of them can know a key that
//! another does not.
//!
//! Invariant: a default in this table passes the same checks as a value from the file; it is read by the same code.
//! Absent: rules over several keys, they stand in `sections.rs`; the grammar of a line, it stands in `declare.rs`.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use gate_codec::Format;
use gate_intake::SHORT_SENDERS_MAX;

use super::by_topic::ByTopic;
use super::declare::config;
use super::kafka::{Properties, Secrets};
use super::key::Preset::{Computed, Unset, Value};
use super::machine::{cores, host_name};
use super::network::Network;
use super::output_topics;
use super::secret::Secret;
use super::words::{Compression, DecisionHeader, LogFormat, LogLevel, StartAt, Word as _};
use crate::metrics::{
    NAMED_BYTES_MAX, NAMED_MAX, OUTBOUND_TOPICS_MAX, SOURCE_BYTES_MAX, SOURCES_MAX,
};

/// Most gates a desk or a door asks.
const GATES_MAX: usize = 32;
/// Longest address of one.
const GATE_BYTES_MAX: usize = 256;
/// Longest `CONTROLLER/BRAND`.
const SENDER_BYTES_MAX: usize = 400;
/// Most networks of proxies.
const NETWORKS_MAX: usize = 64;

config! {
    /// What stands in no section.
    pub(super) TopLevel {
        "instance_id" instance_id: String = name_or(64, host_name), Computed("host name"), "",
            "Names this instance towards Kafka (transactional ids, static membership). Stable over restarts, different for each running instance: two with one name fence each other off.";
        "lanes" lanes: usize = count_or(1, 256, cores), Computed("number of cores"), "threads",
            "Group members of this instance, each with its own consumer and transactional producer. More than partitions of `topics.outbound_message` are idle.";
        "shutdown_timeout_ms" shutdown_timeout: Duration = milliseconds(1_000, 600_000), Value("15000"), "ms",
            "After SIGTERM: the time to finish or abort the batch, leave the group and flush. Whatever is left then is aborted by the broker.";
    }

    /// Section `kafka`.
    pub Kafka {
        "kafka.bootstrap_servers" bootstrap_servers: String = brokers(), Value("127.0.0.1:9092"), "",
            "Brokers to ask first, `host:port`, several with commas between.";
        "kafka.group_id" group_id: String = text(), Value("consent-gate"), "",
            "Consumer group of the lanes; also the beginning of the transactional ids. All instances of one gate share it.";
        "kafka.start_at" start_at: StartAt = word(StartAt::WORDS), Value("earliest"), "",
            "Where a group without committed offsets begins on `topics.outbound_message`. A lost offset is an error, never a reset. A fresh store always reads `topics.consent_change` from its beginning.";
        "kafka.session_timeout_ms" session_timeout: Duration = milliseconds(1_000, 1_800_000), Value("8000"), "ms",
            "A member silent for so long loses its partitions to the others. The broker sets the limits: `group.min.session.timeout.ms`, 6000 unless changed.";
        "kafka.transaction_timeout_ms" transaction_timeout: Duration = milliseconds(1_000, 10_000), Value("10000"), "ms",
            "The broker aborts a batch of a dead instance after so long; until then readers of the outputs wait. Another instance of the group does it earlier, as soon as the dead one's session has timed out.";
        "kafka.leave_on_shutdown" leave_on_shutdown: bool = boolean(), Value("true"), "",
            "Leave the group at a clean stop, so that others take over at once. `false` keeps the partitions for a quick restart, for `kafka.session_timeout_ms`.";
        "kafka.properties" properties: Properties = properties(), Value("{}"), "",
            "Handed to librdkafka as they are, e.g. `security.protocol`, `sasl.mechanisms`, `sasl.username`, `ssl.ca.location`. Those a promise depends on are refused by name.";
        "kafka.secrets" secrets: Secrets = secrets(), Value("{}"), "",
            "Secret librdkafka properties, each with the file that holds it, e.g. `sasl.password: /run/secrets/kafka`. In the environment the variable holds the secret itself.";
    }

    /// Section `topics`, without the outputs.
    pub(super) InputTopics and output_topics::KEYS {
        "topics.consent_change" consent_change: String = topic(), Value("consent-change"), "",
            "Input: what people consent to and refuse. Read whole, by every instance.";
        "topics.outbound_message" outbound_messages: Vec<String> = topics(OUTBOUND_TOPICS_MAX), Value("outbound-message"), "",
            "Input: the messages to decide about; one topic, or a list of several with the same number of partitions each. What has one key in several of them is counted together by frequency caps, so key them alike.";
    }

    /// Section `formats`.
    pub Formats {
        "formats.consent_change" consent_change: Format = word(Format::WORDS), Value("json"), "",
            "How values of `topics.consent_change` are written. `avro` is Confluent's wire format and needs `schema_registry.url`.";
        "formats.outbound_message" outbound_message: ByTopic<Format> = word_by_topic(Format::WORDS), Value("json"), "",
            "How values of `topics.outbound_message` are written: a word for all, or `topic: word` lines; a topic without a line has the default.";
    }

    /// Section `mapping`.
    pub Mapping {
        "mapping.consent_change" consent_change: Option<PathBuf> = optional_path(), Unset, "",
            "Mapping file (`docs/mapping.md`) by which records of `topics.consent_change` are read that their producers write in a form of their own; those with header `gate-form: plain` are written as `formats.consent_change` says. A changed file has the state built again from the topic.";
        "mapping.outbound_message" outbound_message: ByTopic<Option<PathBuf>> = path_by_topic(), Unset, "",
            "The same for `topics.outbound_message`: a file for all, or `topic: file` lines. Values pass to the outputs as they came.";
    }

    /// Section `outputs` as it is written.
    pub(super) OutputKeys {
        "outputs.compression" compression: Compression = word(Compression::WORDS), Value("lz4"), "",
            "How what the gate writes is compressed. kafkajs reads `gzip` and `none` only, and stops at anything else; every other client reads all of them. `compression.type` under `kafka.properties` is the same thing: set one of the two.";
    }

    /// Section `decisions`.
    pub Decisions {
        "decisions.header" header: DecisionHeader = word(DecisionHeader::WORDS), Value("reference"), "",
            "What outputs carry of their decision. `reference`: outcome, reason, source and, if deferred, from when on; everything else stands in `topics.decision_log` alone. `full`: all of it as JSON in `gate-decision` too, some 800 bytes a message before compression.";
        "decisions.campaign" campaign: String = name(128), Value("campaign"), "",
            "The attribute of a message that names its campaign (`attributes.campaign`), for the decision log, `report --by campaign` and `metrics.campaigns`. Of at most 256 bytes; anything else is no campaign. No rule looks at it.";
    }

    /// Section `schema_registry` as it is written.
    pub(super) RegistryKeys {
        "schema_registry.url" url: Option<String> = url(), Unset, "",
            "Schema Registry to ask for writer schemas. Needed for `avro`.";
        "schema_registry.username" username: Option<String> = optional_text(), Unset, "",
            "User for HTTP basic authentication.";
        "schema_registry.password_file" password: Option<Secret> = secret_file(), Unset, "",
            "File that holds the password of `schema_registry.username`."
            or "schema_registry.password" "The password itself, instead of a file.";
        "schema_registry.ca_file" ca_file: Option<PathBuf> = optional_path(), Unset, "",
            "PEM file with the authorities to trust for `https`, instead of the built-in ones.";
        "schema_registry.timeout_ms" timeout: Duration = milliseconds(100, 60_000), Value("5000"), "ms",
            "Longest wait for an answer. Then the partition is held and the question repeated.";
    }

    /// Section `state` as it is written.
    pub(super) StateKeys {
        "state.dir" dir: PathBuf = path(), Value("./state"), "",
            "Consent store on local disk, one directory per instance. A cache of `topics.consent_change`: if lost, it is rebuilt before anything is decided.";
        "state.memory_bytes" memory_bytes: usize = count(67_108_864, 1_099_511_627_776), Value("268435456"), "bytes",
            "Memory for caches and write buffers: seven eighths for the consent store, one for what was approved.";
        "state.pepper_file" pepper_file: Option<PathBuf> = optional_path(), Computed("`pepper` in `state.dir`"), "",
            "32 random bytes that key the hashes of contacts and addresses. Made with mode 0600 if absent and no other instance has one. All instances of one gate need the same file: they share `topics.sent_log`, which says whose pepper is in force, and an instance with another one does not start (exit 78).";
    }

    /// Section `state.checkpoints` as it is written.
    pub(super) CheckpointKeys {
        "state.checkpoints.dir" dir: Option<PathBuf> = optional_path(), Unset, "",
            "Directory for copies of the consent store; without it there are none. A gate without usable state begins with the best copy of the same topic and pepper in it, its own or another instance's, and reads only what came after it. On another disk than `state.dir` it survives that disk; on the same one it costs no space for what did not change. Hashes only, mode 0700. To fold the topic anew on purpose, remove the copies together with the state.";
        "state.checkpoints.interval_ms" interval: Duration = milliseconds(1_000, 604_800_000), Value("900000"), "ms",
            "How often a checkpoint is made. After an erasure, what was erased is gone from them after `interval_ms` times `keep`.";
        "state.checkpoints.keep" keep: usize = count(1, 100), Value("2"), "checkpoints",
            "How many of its checkpoints an instance keeps. Those of instances that are gone are removed by the others after `interval_ms` times `keep` plus one, an hour at least.";
    }

    /// Section `policies`.
    pub Policies {
        "policies.dir" dir: Option<PathBuf> = optional_path(), Unset, "",
            "Directory of the policy packs (`docs/reference/packs.md`), watched for changes; SIGHUP reads it again at once. Without it the packs built into the program are used.";
        "policies.tz_dir" tz_dir: Option<PathBuf> = optional_path(), Unset, "",
            "Directory of compiled time zones with their `tzdata.zi`, such as `/usr/share/zoneinfo`. Without it the zones built into the program are used; each decision names their version.";
    }

    /// Section `http`.
    pub Http {
        "http.listen" listen: SocketAddr = socket(), Value("127.0.0.1:8080"), "",
            "Address of `/livez`, `/readyz`, `/status`, `/metrics` and the console. Loopback unless something else protects it.";
        "http.token_file" token: Option<Secret> = secret_file(), Unset, "",
            "File that holds the bearer token of everything but `/livez`, `/readyz`, `/status` and `/metrics`. Without a token those are closed."
            or "http.token" "The token itself, instead of a file.";
        "http.tokens_file" tokens_file: Option<PathBuf> = optional_path(), Unset, "",
            "File of the tokens and roles that may ask `/v1/check` and `/v1/subject` (`docs/reference/api.md`); it holds hashes, which `consent-gate token new` makes. Watched for changes; a file with a mistake is refused as a whole. Without it both are closed (401).";
    }

    /// Section `desk`.
    pub Desk {
        "desk.listen" listen: SocketAddr = socket(), Value("127.0.0.1:8090"), "",
            "Address of `consent-gate desk`: pages, `/v1`, `/livez`, `/readyz`, `/metrics`. Loopback unless a proxy with TLS stands in front of it.";
        "desk.dir" dir: PathBuf = path(), Value("./desk"), "",
            "Index over the decision log on local disk, hashes only; a directory of the desk's own. If lost, it is built again from Kafka.";
        "desk.keep_days" keep_days: usize = count(1, 4_000), Value("90"), "days",
            "How far back the index goes. Older decisions are found with `consent-gate explain` as long as Kafka keeps them.";
        "desk.memory_bytes" memory_bytes: usize = count(33_554_432, 1_099_511_627_776), Value("134217728"), "bytes",
            "Memory for the index's caches and write buffers.";
        "desk.tokens_file" tokens_file: Option<PathBuf> = optional_path(), Unset, "",
            "File of the tokens and roles that may use the desk (`viewer`, `officer`, `operator`), of the same form as `http.tokens_file`. Watched for changes. Without it nobody gets in.";
        "desk.gates" gates: Vec<String> = names(GATES_MAX, GATE_BYTES_MAX), Value("[]"), "",
            "Addresses of the gates, e.g. `[\"http://127.0.0.1:8080\"]`: the consent state is asked of the first that answers, where things stand of all. Without one the desk shows decisions and no state.";
        "desk.gate_token_file" gate_token: Option<Secret> = secret_file(), Unset, "",
            "File that holds a token of role `officer` in the gates' `http.tokens_file`."
            or "desk.gate_token" "The token itself, instead of a file.";
        "desk.public_url" public_url: Option<String> = url(), Unset, "",
            "How browsers reach the desk. With `https://` its cookies are sent over TLS only; without it the desk takes browsers from loopback addresses alone.";
        "desk.session_ms" session: Duration = milliseconds(60_000, 86_400_000), Value("28800000"), "ms",
            "How long a browser stays signed in.";
        "desk.contact" contact: Option<String> = optional_text(), Unset, "",
            "Whom to ask about this desk, shown on error pages: a name, a channel or an address.";
    }

    /// Section `desk.oidc` as it is written.
    pub(super) OidcKeys {
        "desk.oidc.issuer" issuer: Option<String> = url(), Unset, "",
            "Identity provider (OpenID Connect) with whose accounts people sign in at the desk, beside tokens; as it calls itself in `/.well-known/openid-configuration`. `desk.public_url` with `/login/oidc/callback` behind it must be registered there.";
        "desk.oidc.client_id" client_id: Option<String> = optional_text(), Unset, "",
            "The desk's id at that provider.";
        "desk.oidc.client_secret_file" client_secret: Option<Secret> = secret_file(), Unset, "",
            "File that holds its secret there; without one the provider must take the desk as a public client (PKCE is used in any case)."
            or "desk.oidc.client_secret" "The secret itself, instead of a file.";
        "desk.oidc.groups_claim" groups_claim: String = name(64), Value("groups"), "",
            "The claim of the identity token that names the account's groups.";
        "desk.oidc.account_claim" account_claim: String = name(64), Value("preferred_username"), "",
            "The claim that names the account in the access log; without it the subject does.";
        "desk.oidc.roles" roles: Vec<String> = names(64, 256), Value("[]"), "",
            "Which group has which role: `GROUP=ROLE`, e.g. `[\"privacy=officer\", \"on-call=operator\"]`. An account without one does not come in; who loses a group keeps its role until `desk.session_ms` is over.";
        "desk.oidc.scopes" scopes: Vec<String> = names(16, 64), Value("[\"profile\", \"groups\"]"), "",
            "What the provider is asked for beside `openid`.";
    }

    /// Section `door`.
    pub Door {
        "door.listen" listen: SocketAddr = socket(), Value("127.0.0.1:8091"), "",
            "Address of `consent-gate door`: `/hooks/{source}`, `/v1`, pages for people, `/livez`, `/readyz`, `/metrics`. A proxy with TLS stands in front of it.";
        "door.public_url" public_url: Option<String> = url(), Unset, "",
            "How the door is reached from outside. Links in mail begin with it, and signatures over an address are checked against it, never against `Host`.";
        "door.trusted_proxies" trusted_proxies: Vec<Network> = networks(NETWORKS_MAX), Value("[]"), "",
            "Networks of the proxies in front of the door, e.g. `10.0.0.0/8`. What such a proxy says in `X-Forwarded-For` counts, and nobody else's: the form that sends mail is then bounded by network too, and `keep_ip` of a brand is possible. A proxy of yours has to set that header, or to add to it.";
        "door.drain_ms" drain: Duration = milliseconds(0, 60_000), Value("2000"), "ms",
            "After SIGTERM: how long requests are still taken while `/readyz` says 503, so that whatever sends requests here notices first.";
        "door.sources_file" sources_file: Option<PathBuf> = optional_path(), Unset, "",
            "File of the sources that may send consent changes: provider, keys, controller, brand, what becomes of its events (`docs/door-sources.md`). Without it there is none.";
        "door.brands_file" brands_file: Option<PathBuf> = optional_path(), Unset, "",
            "File of the brands whose pages are shown: names, colours, languages, approved notices (`docs/door.md`). Without it there are no pages for people.";
        "door.keys_file" keys_file: Option<PathBuf> = optional_path(), Unset, "",
            "Without it `keys` in `door.dir`, made with mode 0600 at the first start. Keys that seal unsubscribe links, one line each, the last one for new links; `consent-gate unsubscribe key` prints one. All doors, and whoever mints links, need the same file, and a key is kept as long as somebody may still have a mail with its links.";
        "door.dir" dir: PathBuf = path(), Value("./door"), "",
            "What was taken in lately, on local disk, so that what a provider sends twice is taken in once. Hashes only; a directory of this door's own.";
        "door.remember_days" remember_days: usize = count(1, 90), Value("14"), "days",
            "How long that is remembered. Providers repeat for hours, some for a day.";
        "door.requests_max" requests_max: usize = count(1, 100_000), Value("2000"), "requests",
            "Requests at work at a time; the next ones are answered 503 with `Retry-After`.";
        "door.gates" gates: Vec<String> = names(GATES_MAX, GATE_BYTES_MAX), Value("[]"), "",
            "Addresses of the gates, e.g. `[\"http://127.0.0.1:8080\"]`: asked for what a page shows, and all of them for `?wait=enforced`.";
        "door.gate_token_file" gate_token: Option<Secret> = secret_file(), Unset, "",
            "File that holds a token of role `officer` in the gates' `http.tokens_file`."
            or "door.gate_token" "The token itself, instead of a file.";
        "door.short_url" short_url: Option<String> = url(), Unset, "",
            "How people reach the door from a text message, e.g. `https://s.example`: links are this, `/` and 22 characters. The proxy hands such paths to the door, which sends on to `door.public_url`. With `unsubscribe.enabled` each approved text that is marketing or service carries one (`gate-unsubscribe`), where `door.short_senders` lists who writes.";
        "door.short_senders" short_senders: Vec<String> = names(SHORT_SENDERS_MAX, SENDER_BYTES_MAX), Value("[]"), "",
            "Who short links may be of, as `CONTROLLER/BRAND`; either may be empty, where messages name none. The same for doors and gates. Do not take one away as long as somebody may have a text with its link: that link is dead then.";
        "door.enforced_wait_ms" enforced_wait: Duration = milliseconds(100, 4_000), Value("2000"), "ms",
            "Longest wait of `?wait=enforced` and of pages until all of `door.gates` have applied a change. After it the answer says that it is taken in and not applied yet.";
    }

    /// Section `unsubscribe` as it is written.
    pub(super) UnsubscribeKeys {
        "unsubscribe.enabled" enabled: bool = boolean(), Value("false"), "",
            "Put an unsubscribe link into each approved e-mail that is marketing or service: header `gate-unsubscribe`, for `List-Unsubscribe` (`docs/senders.md`). It leads to the door: `door.public_url` and `door.keys_file` must be those of the doors. Read at the start.";
    }

    /// Section `consent`: the consent reader and the barrier.
    pub Consent {
        "consent.key_names_contact" key_names_contact: bool = boolean(), Value("true"), "",
            "The record key of `topics.consent_change` is the contact id: an unreadable change then blocks that contact alone. `false`: nobody can tell whose it is, and the gate holds until an operator releases it.";
        "consent.barrier_timeout_ms" barrier_timeout: Duration = milliseconds(10, 600_000), Value("1000"), "ms",
            "How long a batch waits until all consent acknowledged before it is applied. Then its partitions are held, never decided.";
        "consent.checkpoint_interval_ms" checkpoint_interval: Duration = milliseconds(100, 3_600_000), Value("10000"), "ms",
            "How often the store is flushed to disk. After a crash the consent read since then is read again.";
    }

    /// Section `batch`.
    pub Batch {
        "batch.messages_max" messages_max: usize = count(1, 100_000), Value("5000"), "messages",
            "Most messages decided in one transaction.";
        "batch.bytes_max" bytes_max: usize = count(65_536, 268_435_456), Value("16777216"), "bytes",
            "Most bytes of keys and values in one transaction; a single larger message goes alone.";
    }

    /// Section `limits`.
    pub Limits {
        "limits.value_bytes_max" value_bytes_max: usize = count(1_024, 1_048_576), Value("1048576"), "bytes",
            "Largest value that is decoded. A larger message is `blocked.invalid_message`, a larger consent change unreadable.";
    }

    /// Section `metrics`.
    pub Metrics {
        "metrics.sources" sources: Vec<String> = names(SOURCES_MAX, SOURCE_BYTES_MAX), Value("[]"), "",
            "Systems that write consent changes, by what their records name as `source`: each gets a series of its own in `consent_gate_source_changes_total` and `consent_gate_source_last_change_timestamp_seconds`, so that one that fell silent is seen. All others are `other`.";
        "metrics.brands" brands: Vec<String> = names(NAMED_MAX, NAMED_BYTES_MAX), Value("[]"), "",
            "Brands of messages: each gets series of its own in `consent_gate_brand_decisions_total`. Compared as consent compares brands. All others are `other`; without a list there are no series.";
        "metrics.campaigns" campaigns: Vec<String> = names(NAMED_MAX, NAMED_BYTES_MAX), Value("[]"), "",
            "Campaigns of messages, by the attribute that `decisions.campaign` names: each gets series of its own in `consent_gate_campaign_decisions_total`. All others are `other`; without a list there are no series.";
    }

    /// Section `probe`.
    pub Probe {
        "probe.enabled" enabled: bool = boolean(), Value("false"), "",
            "Let this instance prove without pause, through the real topics, that messages are decided and opt-outs are enforced: a synthetic contact opts in, is sent a message, opts out, is sent another. Needs the right to write both input topics. Decisions about it carry the header `gate-probe`; senders leave those out. Contact ids that begin with `consent-gate-probe/` are reserved for it. One instance is enough.";
        "probe.interval_ms" interval: Duration = milliseconds(100, 3_600_000), Value("10000"), "ms",
            "From the beginning of one round to that of the next. Each round adds two records to both input topics, under 2 KiB together; consent records stay for good.";
        "probe.timeout_ms" timeout: Duration = milliseconds(1_000, 600_000), Value("30000"), "ms",
            "How long a round waits for each acknowledgement and each decision. Then it has not passed; its message is still waited for, and nothing new is written before it is decided.";
        "probe.jurisdiction" jurisdiction: String = name(16), Value("GB"), "",
            "Whose rules the probe's e-mails are judged by. An express opt-in must be enough there, at any hour and any number of times; `consent-gate doctor` tries it with the policies in force.";
    }

    /// Section `ledger` as it is written.
    pub(super) LedgerKeys {
        "ledger.dir" dir: Option<PathBuf> = optional_path(), Unset, "",
            "Directory in which `consent-gate ledger run` keeps tiles and signed checkpoints (`docs/ledger.md`); needed by `ledger` and by nothing else. No personal data. On another machine's disk, or copied there, it proves more.";
        "ledger.store" store: Option<String> = optional_text(), Unset, "",
            "Object storage in which tiles, checkpoints and Parquet files lie instead: `s3://BUCKET/PREFIX`, `gs://…` or `az://…`. Credentials and endpoint from the variables of the provider's own tools (`AWS_ACCESS_KEY_ID`, `AWS_ENDPOINT_URL` …). It must know conditional writes. `ledger.dir` then says who this writer is, and holds nothing of the ledger.";
        "ledger.key_file" key_file: Option<PathBuf> = optional_path(), Computed("`ledger-key` in `state.dir`"), "",
            "The key that signs checkpoints, mode 0600; made at the first start of a ledger. Whoever has it can sign another history: keep it off the machines that run Kafka.";
        "ledger.checkpoint_interval_ms" checkpoint_interval: Duration = milliseconds(100, 3_600_000), Value("60000"), "ms",
            "How long something new waits at most for a checkpoint. With nothing new there is none.";
        "ledger.parquet" parquet: bool = boolean(), Value("true"), "",
            "Keep the decisions as Parquet files by day too, in `parquet` below `ledger.dir`, for DuckDB, Spark or pandas.";
        "ledger.parquet_interval_ms" parquet_interval: Duration = milliseconds(1_000, 86_400_000), Value("3600000"), "ms",
            "How long a decision waits at most for its Parquet file. Fewer files are read faster.";
        "ledger.listen" listen: SocketAddr = socket(), Value("127.0.0.1:8082"), "",
            "Address of `/livez`, `/readyz` and `/metrics` of the ledger's process.";
    }

    /// Section `log`.
    pub Log {
        "log.format" format: LogFormat = word(LogFormat::WORDS), Value("auto"), "",
            "`auto` is text on a terminal and JSON elsewhere.";
        "log.level" level: LogLevel = word(LogLevel::WORDS), Value("info"), "",
            "Least important level to log.";
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_stands_once_in_the_table() {
        let paths = || TABLE.keys().flat_map(|key| std::iter::once(key.path).chain(key.formerly));
        let mut different: Vec<_> = paths().collect();
        different.sort_unstable();
        different.dedup();
        assert_eq!(different.len(), paths().count());
    }
}

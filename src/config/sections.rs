//! From typed values to the sections of [`Config`], with the rules that need more than one key.
//!
//! Every function asks for all of its keys, whatever went wrong before, so that one start shows every problem.

use std::collections::BTreeMap;
use std::path::Path;

use super::by_topic::ByTopic;
use super::keys::{
    Batch, CheckpointKeys, Consent, Decisions, Desk, Door, Formats, Http, InputTopics, Kafka,
    LedgerKeys, Limits, Log, Mapping, Metrics, OidcKeys, OutputKeys, Policies, Probe, RegistryKeys,
    StateKeys, TopLevel, UnsubscribeKeys,
};
use super::problem::Place;
use super::reader::{Reader, shortened};
use super::{
    Checkpoints, Config, Format, Ledger, Oidc, Outputs, SchemaRegistry, State, Topics, Unsubscribe,
    output_topics,
};
use crate::metrics::{NAMED_OTHER, SOURCE_OTHER};

/// Asks for everything. The result counts only if the reader has no problem afterwards.
pub(super) fn config(reader: &mut Reader) -> Config {
    let TopLevel { instance_id, lanes, shutdown_timeout } = TopLevel::read(reader);
    let kafka = Kafka::read(reader);
    let formats = Formats::read(reader);
    let topics = topics(reader);
    let mapping = Mapping::read(reader);
    of_known_topics(reader, &topics, "formats.outbound_message", &formats.outbound_message);
    of_known_topics(reader, &topics, "mapping.outbound_message", &mapping.outbound_message);
    let door = door(reader);
    let state = state(reader);
    let ledger = ledger(reader, &state);
    Config {
        instance_id,
        lanes,
        shutdown_timeout,
        topics,
        mapping,
        outputs: outputs(reader, &kafka),
        decisions: Decisions::read(reader),
        kafka,
        schema_registry: schema_registry(reader, &formats),
        state,
        policies: Policies::read(reader),
        http: Http::read(reader),
        desk: desk(reader),
        oidc: oidc(reader),
        unsubscribe: unsubscribe(reader, &door),
        door,
        consent: Consent::read(reader),
        batch: Batch::read(reader),
        limits: Limits::read(reader),
        metrics: metrics(reader),
        formats,
        probe: Probe::read(reader),
        ledger,
        log: Log::read(reader),
    }
}

/// What `kafka.properties` says of compression stands, unless both say something.
fn outputs(reader: &mut Reader, kafka: &Kafka) -> Outputs {
    const PATH: &str = "outputs.compression";
    let OutputKeys { compression } = OutputKeys::read(reader);
    let passed = kafka.properties.first_of(["compression.type", "compression.codec"]);
    let Some(passed) = passed else { return Outputs { compression: Some(compression) } };
    if !matches!(reader.place(PATH), Place::Default) {
        let fix = format!("delete `{passed}` under `kafka.properties`");
        reader.problem(PATH, format!("`kafka.properties.{passed}` says the same thing"), fix);
    }
    Outputs { compression: None }
}

fn topics(reader: &mut Reader) -> Topics {
    let InputTopics { consent_change, outbound_messages } = InputTopics::read(reader);
    let outputs = output_topics::read(reader);
    let topics = Topics { consent_change, outbound_messages, outputs };
    let mut first_of = BTreeMap::new();
    for (path, name) in topics.by_key() {
        if let Some(first) = first_of.get(name) {
            // With one topic in two roles the gate would read its own outputs, or senders what was blocked.
            reader.problem(
                path,
                format!("`{name}` is also `{first}`"),
                "give each role its own topic",
            );
        } else {
            first_of.insert(name, path);
        }
    }
    topics
}

/// What is said of a topic that is none of those of messages is meant for another, and would hold for none.
fn of_known_topics<T>(
    reader: &mut Reader,
    topics: &Topics,
    path: &'static str,
    by_topic: &ByTopic<T>,
) {
    for topic in by_topic.topics().filter(|topic| !topics.is_outbound(topic)) {
        let known = topics.outbound_messages.join("`, `");
        let entry = format!("{path}.{topic}");
        reader.problem_at(
            &entry,
            reader.place_of_entry(&entry),
            "is none of `topics.outbound_message`",
            format!("write one of `{known}`, or add the topic there"),
        );
    }
}

fn schema_registry(reader: &mut Reader, formats: &Formats) -> Option<SchemaRegistry> {
    let RegistryKeys { url, username, password, ca_file, timeout } = RegistryKeys::read(reader);
    if username.is_some() != password.is_some() {
        reader.problem(
            "schema_registry.username",
            "user and password go together, and only one is set",
            "set both `schema_registry.username` and `schema_registry.password_file`, or neither",
        );
    }
    let Some(url) = url else {
        let formats_of_messages = &formats.outbound_message;
        let of_messages = formats_of_messages.own.values().chain([&formats_of_messages.otherwise]);
        let is_of_messages = of_messages.copied().any(|format| format == Format::Avro);
        for (path, is_avro) in [
            ("formats.consent_change", formats.consent_change == Format::Avro),
            ("formats.outbound_message", is_of_messages),
        ] {
            if is_avro {
                reader.problem(
                    path,
                    "`avro` needs a schema registry",
                    "set `schema_registry.url`, or use `avro-single-object`",
                );
            }
        }
        return None;
    };
    let user = "set `schema_registry.username` and `schema_registry.password_file`";
    http_address(reader, "schema_registry.url", &url, user, "write e.g. `http://127.0.0.1:8081`");
    Some(SchemaRegistry {
        url: url.trim_end_matches('/').to_owned(),
        credentials: username.zip(password),
        ca_file,
        timeout,
    })
}

/// Notes what is no address of HTTP; `without_user` is what to do instead of naming a user in it.
fn http_address(reader: &mut Reader, path: &str, url: &str, without_user: &str, example: &str) {
    let after_scheme = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://"));
    match after_scheme {
        // Not quoted: it may hold a password.
        Some(rest) if rest.contains('@') => {
            reader.problem(path, "has credentials in it", without_user);
        }
        Some(rest)
            if !rest.is_empty()
                && !rest.starts_with('/')
                && !rest.contains(char::is_whitespace) => {}
        _ => reader.problem(path, "is not an address of HTTP", example),
    }
}

fn desk(reader: &mut Reader) -> Desk {
    let mut desk = Desk::read(reader);
    gates(reader, "desk", &mut desk.gates, desk.gate_token.is_some());
    let token = "delete them: browsers sign in at the desk";
    public_url(reader, "desk", desk.public_url.as_mut(), token);
    desk
}

/// Roles that people can have at the desk.
const DESK_ROLES: [&str; 3] = ["viewer", "officer", "operator"];

/// The identity provider, when one is named.
fn oidc(reader: &mut Reader) -> Option<Oidc> {
    let keys = OidcKeys::read(reader);
    let OidcKeys { client_secret, groups_claim, account_claim, scopes, .. } = keys;
    let mut roles = Vec::new();
    for row in &keys.roles {
        let parts = row.rsplit_once('=').map(|(group, role)| (group.trim(), role.trim()));
        match parts {
            Some((group, role)) if !group.is_empty() && DESK_ROLES.contains(&role) => {
                roles.push((group.to_owned(), role.to_owned()));
            }
            _ => reader.problem(
                "desk.oidc.roles",
                format!("`{row}` is no `GROUP=ROLE`"),
                "write e.g. `privacy=officer`; roles are viewer, officer, operator",
            ),
        }
    }
    let issuer = keys.issuer?;
    let token = "delete them, and set `desk.oidc.client_secret_file`";
    let example = "write e.g. `https://id.example.com/realms/staff`";
    http_address(reader, "desk.oidc.issuer", &issuer, token, example);
    let is_loopback = ["http://127.0.0.1", "http://localhost", "http://[::1]"];
    if issuer.starts_with("http://") && !is_loopback.iter().any(|own| issuer.starts_with(own)) {
        reader.problem(
            "desk.oidc.issuer",
            "is not reached by TLS: anybody in between could say who somebody is",
            "write its address with `https://`",
        );
    }
    for (is_missing, path, fix) in [
        (
            keys.client_id.is_none(),
            "desk.oidc.client_id",
            "write the id under which the desk is registered there",
        ),
        (
            roles.is_empty() && keys.roles.is_empty(),
            "desk.oidc.roles",
            "write which group has which role, or nobody comes in",
        ),
    ] {
        if is_missing {
            reader.problem(path, "is needed with `desk.oidc.issuer`", fix);
        }
    }
    let client_id = keys.client_id.unwrap_or_default();
    Some(Oidc { issuer, client_id, client_secret, groups_claim, account_claim, roles, scopes })
}

fn door(reader: &mut Reader) -> Door {
    let mut door = Door::read(reader);
    gates(reader, "door", &mut door.gates, door.gate_token.is_some());
    let token = "delete them: sources have keys of their own in `door.sources_file`";
    public_url(reader, "door", door.public_url.as_mut(), token);
    short_links(reader, &mut door);
    door
}

/// Short links lead to the long ones, and name senders that are listed.
fn short_links(reader: &mut Reader, door: &mut Door) {
    let path = "door.short_url";
    if let Some(url) = &mut door.short_url {
        let token = "delete them: whoever reads a text has none";
        http_address(reader, path, url, token, "write e.g. `https://s.example`");
        url.truncate(url.trim_end_matches('/').len());
        for (is_missing, key, fix) in [
            (door.public_url.is_none(), "door.public_url", "write where short links lead"),
            (
                door.short_senders.is_empty(),
                "door.short_senders",
                "list who writes, as `CONTROLLER/BRAND`",
            ),
        ] {
            if is_missing {
                reader.problem(path, format!("needs `{key}`"), fix);
            }
        }
    }
    for sender in door.short_senders.iter().filter(|sender| sender.matches('/').count() != 1) {
        reader.problem(
            "door.short_senders",
            format!("`{}` is no `CONTROLLER/BRAND`", shortened(sender)),
            "write e.g. `acme-ltd/acme`, or `acme-ltd/` where messages name no brand",
        );
    }
}

/// What links are made from, if they are wanted.
fn unsubscribe(reader: &mut Reader, door: &Door) -> Option<Unsubscribe> {
    if !UnsubscribeKeys::read(reader).enabled {
        return None;
    }
    for (is_missing, key, fix) in [
        (door.public_url.is_none(), "door.public_url", "write how people reach the door"),
        (
            door.keys_file.is_none(),
            "door.keys_file",
            "write where the doors' file of keys is; a copy of it for the gate will do",
        ),
    ] {
        if is_missing {
            reader.problem("unsubscribe.enabled", format!("needs `{key}`"), fix);
        }
    }
    let (public_url, keys_file) = (door.public_url.clone()?, door.keys_file.clone()?);
    let short = door.short_url.clone().map(|url| (url, door.short_senders.clone()));
    Some(Unsubscribe { public_url, keys_file, short })
}

/// The gates that a process asks, and that it has a token for them.
fn gates(reader: &mut Reader, section: &str, gates: &mut [String], has_token: bool) {
    let (path, file) = (format!("{section}.gates"), format!("{section}.gate_token_file"));
    for gate in gates.iter_mut() {
        let example = "write e.g. `[\"http://127.0.0.1:8080\"]`";
        http_address(reader, &path, gate, &format!("set `{file}`"), example);
        gate.truncate(gate.trim_end_matches('/').len());
    }
    if !gates.is_empty() && !has_token {
        reader.problem(
            &path,
            format!("needs a token of the gates, and `{file}` is not set"),
            "make one with `consent-gate token new --role officer`, put its line into the gates' `http.tokens_file` and the token into a file",
        );
    }
}

/// How a process is reached from outside.
fn public_url(reader: &mut Reader, section: &str, url: Option<&mut String>, token: &str) {
    let Some(url) = url else { return };
    let example = format!("write e.g. `https://{section}.example.com`");
    http_address(reader, &format!("{section}.public_url"), url, token, &example);
    url.truncate(url.trim_end_matches('/').len());
}

fn metrics(reader: &mut Reader) -> Metrics {
    let metrics = Metrics::read(reader);
    not_listed(reader, "metrics.sources", &metrics.sources, SOURCE_OTHER);
    not_listed(reader, "metrics.brands", &metrics.brands, NAMED_OTHER);
    not_listed(reader, "metrics.campaigns", &metrics.campaigns, NAMED_OTHER);
    metrics
}

/// Of names that get series of their own: `other` is for those that are not listed.
fn not_listed(reader: &mut Reader, path: &'static str, names: &[String], other: &str) {
    if names.iter().any(|name| name == other) {
        let what = path.rsplit('.').next().unwrap_or(path);
        reader.problem(
            path,
            format!("`{other}` is what {what} that are not listed are counted as"),
            "delete it from the list",
        );
    }
}

fn state(reader: &mut Reader) -> State {
    let StateKeys { dir, memory_bytes, pepper_file } = StateKeys::read(reader);
    let pepper_file = pepper_file.unwrap_or_else(|| {
        let path = dir.join("pepper");
        reader.note("state.pepper_file", path.display().to_string());
        path
    });
    State { checkpoints: checkpoints(reader, &dir), dir, memory_bytes, pepper_file }
}

fn ledger(reader: &mut Reader, state: &State) -> Ledger {
    let LedgerKeys { dir, store, key_file, checkpoint_interval, parquet, parquet_interval, listen } =
        LedgerKeys::read(reader);
    let key_file = key_file.unwrap_or_else(|| {
        let path = state.dir.join("ledger-key");
        reader.note("ledger.key_file", path.display().to_string());
        path
    });
    if dir.as_ref().is_some_and(|dir| key_file.starts_with(dir)) {
        reader.problem(
            "ledger.key_file",
            "lies in `ledger.dir`, which others may copy and read",
            "put the key elsewhere",
        );
    }
    if dir.is_none() && store.is_some() {
        reader.problem(
            "ledger.store",
            "needs a directory of this machine beside it, for a lock",
            "set `ledger.dir`",
        );
    }
    Ledger { dir, store, key_file, checkpoint_interval, parquet, parquet_interval, listen }
}

fn checkpoints(reader: &mut Reader, state_dir: &Path) -> Option<Checkpoints> {
    const DIR: &str = "state.checkpoints.dir";
    let CheckpointKeys { dir, interval, keep } = CheckpointKeys::read(reader);
    let dir = dir?;
    if dir.starts_with(state_dir) {
        reader.problem(
            DIR,
            "lies in `state.dir` and would be lost with it",
            "name a directory beside it, better one on another disk",
        );
    }
    Some(Checkpoints { dir, interval, keep })
}

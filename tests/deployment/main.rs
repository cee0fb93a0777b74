//! What deploy/ and docker-compose.yml say, held against the program: configurations load, command lines parse, probes
//! exist, grace periods outlast a stop, the image is built of all it needs and runs alone.
//!
//! Needs no Docker and no Kubernetes, and proves nothing about them: deploy/README.md says what was tried where.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that meets the unexpected must fail"
)]

mod compose;
mod dockerfile;
mod door;
mod image;
mod kubernetes;
mod packages;
mod rules;
mod systemd;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;
use std::time::Duration;

use consent_gate::config::Config;
use consent_gate::http;
use consent_gate::metrics::{Metrics, TopicNames};
use consent_gate::status::Status;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

/// Where every deployment has its configuration.
const CONFIG_FILE: &str = "/etc/consent-gate/config.yaml";
/// The user of the image.
const UID: u64 = 10_001;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(name: &str) -> String {
    std::fs::read_to_string(root().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Every document of a YAML file.
fn documents(name: &str) -> Vec<Value> {
    serde_saphyr::from_multiple(&read(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The one document of a YAML file.
fn yaml(name: &str) -> Value {
    let mut documents = documents(name);
    assert_eq!(documents.len(), 1, "{name} has one document");
    documents.remove(0)
}

fn strings(list: &Value) -> Vec<String> {
    list.as_array()
        .unwrap_or_else(|| panic!("not a list: {list}"))
        .iter()
        .map(|word| word.as_str().unwrap_or_else(|| panic!("not a string: {word}")).to_owned())
        .collect()
}

/// Every file below a directory, relative to the repository.
fn files_below(name: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(root().join(name)).unwrap_or_else(|e| panic!("{name}: {e}")) {
        let entry = entry.unwrap();
        let path = format!("{name}/{}", entry.file_name().to_str().unwrap());
        if entry.file_type().unwrap().is_dir() {
            found.extend(files_below(&path));
        } else {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// Loads a configuration as the program does, with the secrets it names there and readable.
fn load(name: &str, variables: &[(&str, &str)]) -> Config {
    let text = read(name);
    let secrets = tempfile::tempdir().unwrap();
    let entries = yaml(name)["kafka"]["secrets"].as_object().cloned().unwrap_or_default();
    let mut readable = text;
    for (number, path) in entries.values().map(|path| path.as_str().unwrap()).enumerate() {
        let here = secrets.path().join(number.to_string());
        std::fs::write(&here, "not a real secret").unwrap();
        readable = readable.replace(path, here.to_str().unwrap());
    }
    let variables = variables.iter().map(|(name, value)| (name.into(), value.into()));
    Config::parse(name, &readable, variables).unwrap_or_else(|error| panic!("{error}"))
}

/// Every file that a configuration expects to be mounted or installed.
fn files_wanted(name: &str) -> Vec<String> {
    let config = yaml(name);
    let mut wanted: Vec<String> = config["kafka"]["secrets"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(_, path)| path.as_str().unwrap().to_owned())
        .collect();
    let others =
        [&config["state"]["pepper_file"], &config["kafka"]["properties"]["ssl.ca.location"]];
    wanted.extend(others.iter().filter_map(|path| path.as_str()).map(str::to_owned));
    wanted
}

/// The least memory limit: a quarter above what a process takes by docs/sizing.md, when messages are small.
fn memory_needed(config: &Config) -> u64 {
    const MIB: u64 = 1024 * 1024;
    let rule = "process = state.memory_bytes + 35 MiB × lanes + 60 MiB ";
    assert!(read("docs/sizing.md").contains(rule), "docs/sizing.md has another rule now");
    let process = config.state.memory_bytes as u64 + (35 * config.lanes as u64 + 60) * MIB;
    process / 4 * 5
}

/// The longest a stop takes: an unanswered first question to Kafka or the clean stop, and then closing the store.
fn stop_max(config: &Config) -> Duration {
    let asking = consent_gate::kafka::preflight::PREFLIGHT_MAX + Duration::from_secs(1);
    asking.max(config.shutdown_timeout) + Duration::from_secs(15)
}

fn gate(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_consent-gate")).args(arguments).output().unwrap()
}

/// Does the program know this command and these options? It is run with a configuration that is not there.
fn assert_parses(arguments: &[String]) {
    let absent = tempfile::tempdir().unwrap().path().join("absent.yaml").display().to_string();
    let mut words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let expected = match words.iter().position(|word| *word == CONFIG_FILE) {
        Some(place) => {
            words[place] = &absent;
            78
        }
        // Nothing to leave out: the help is shown once everything before it is understood.
        None => {
            words.push("--help");
            0
        }
    };
    let output = gate(&words);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(expected), "{arguments:?}: {said}");
    assert!(expected == 0 || said.contains("absent.yaml"), "{arguments:?}: {said}");
}

/// The gate's own HTTP server, of a gate that has just started.
struct Served {
    _runtime: tokio::runtime::Runtime,
    server: http::Server,
    shutdown: CancellationToken,
}

impl Served {
    fn start() -> Self {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let metrics = Metrics::new(TopicNames::default()).unwrap();
        let status = Status::new(Arc::clone(&metrics), 1);
        let shutdown = CancellationToken::new();
        let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let server = runtime
            .block_on(http::serve(listen, status, metrics, None, None, None, shutdown.clone()))
            .unwrap();
        Self { _runtime: runtime, server, shutdown }
    }

    /// Exit code and complaint of `consent-gate health` about a path.
    fn health(&self, path: &str) -> (Option<i32>, String) {
        let url = format!("http://{}{path}", self.server.address);
        let output = gate(&["health", "--url", &url, "--timeout-ms", "20000"]);
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}

/// A probe asks what there is; what it says is another matter.
fn assert_served(paths: &[String]) {
    let served = Served::start();
    for path in paths {
        let (code, complaint) = served.health(path);
        let is_answer = code == Some(0) || complaint.contains("says 503");
        assert!(is_answer, "nothing is served at {path}: {complaint}");
    }
}

#[test]
fn liveness_is_not_readiness() {
    let served = Served::start();
    assert_eq!(served.health("/livez").0, Some(0), "a gate that waits for Kafka is alive");
    let (code, complaint) = served.health("/readyz");
    assert_eq!(code, Some(1), "and not ready");
    assert!(complaint.contains("says 503"), "{complaint}");
    let (code, complaint) = served.health("/healthz");
    assert_eq!(code, Some(1));
    assert!(complaint.contains("says 401"), "{complaint}");
}

/// `assert_parses` would be worth nothing if it took everything.
#[test]
fn wrong_command_lines_do_not_parse() {
    let wrong: [&[&str]; 4] = [
        &["start", "-c", CONFIG_FILE],
        &["run", "--config-file", CONFIG_FILE],
        &["topics", "create", "-c", CONFIG_FILE, "--partitions=0"],
        &["health", "--url", "gate:8080"],
    ];
    for words in wrong {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        let parsed = std::panic::catch_unwind(|| assert_parses(&words));
        assert!(parsed.is_err(), "{words:?} parses");
    }
}

/// Every file is named in deploy/README.md, by its name or its directory's, so that none is forgotten there.
#[test]
fn the_readme_knows_every_file() {
    let readme = read("deploy/README.md");
    for file in files_below("deploy").iter().filter(|file| *file != "deploy/README.md") {
        let path = PathBuf::from(file.strip_prefix("deploy/").unwrap());
        let is_known = path
            .ancestors()
            .filter(|part| !part.as_os_str().is_empty())
            .any(|part| readme.contains(&format!("`{}", part.display())));
        assert!(is_known, "deploy/README.md does not name {}", path.display());
    }
}

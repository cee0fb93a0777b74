//! A real Apache Kafka, started by `scripts/kafka` and ended with the test runner.
//!
//! Most tests share one broker and keep apart by topic names; a test that restarts or reconfigures a
//! broker starts its own. `CONSENT_GATE_TEST_KAFKA=host:port` replaces the shared one.

use crate::harness::environment;
use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::metadata::MetadataTopic;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

/// A running broker.
#[derive(Debug)]
pub(crate) struct Broker {
    /// Where clients connect without TLS.
    pub(crate) bootstrap: String,
    /// The listener that demands SASL, when started with `--secure`.
    pub(crate) sasl_ssl: Option<String>,
    /// The listener that demands a client certificate, when started with `--secure`.
    pub(crate) mtls: Option<String>,
    /// Set for a broker that this value stops when dropped.
    dir: Option<PathBuf>,
}

/// The broker that tests share, or `None` after saying why `test` is skipped.
pub(crate) fn shared(test: &str) -> Option<&'static Broker> {
    static SHARED: OnceLock<Result<Broker, String>> = OnceLock::new();
    let shared = SHARED.get_or_init(|| match std::env::var("CONSENT_GATE_TEST_KAFKA") {
        Ok(bootstrap) => Ok(Broker { bootstrap, sasl_ssl: None, mtls: None, dir: None }),
        Err(_) => available().map(|()| start("shared-broker", &[])),
    });
    match shared {
        Ok(broker) => Some(broker),
        Err(why) => {
            environment::skip(test, why);
            None
        }
    }
}

/// A broker for one test, stopped when dropped; `None` after saying why `test` is skipped.
pub(crate) fn own(test: &str, options: &[&str]) -> Option<Broker> {
    match available() {
        Ok(()) => Some(start(test, options)),
        Err(why) => {
            environment::skip(test, &why);
            None
        }
    }
}

/// Brokers of a cluster whose members are lost one at a time.
///
/// Three, not one, and the next is lost only when the last is back in sync: Kafka 4.3 drops the markers of transactions
/// whose commit it has acknowledged for a partition that has no leader at that moment ("Couldn't find leader endpoint
/// ... can be skipped": `KRaftMetadataCache.getPartitionLeaderEndpoint` tells it like a deleted topic). Outputs or
/// offsets of such a transaction stay undecided until the producer's next transaction decides them either way, and no
/// client can mend that. With a replica in sync there is a leader.
pub(crate) const CLUSTER: usize = 3;

/// A cluster for one test, as [`own`].
pub(crate) fn cluster(test: &str) -> Option<Broker> {
    own(test, &["--brokers", &CLUSTER.to_string()])
}

/// Whether Kafka can be started here. `fetch` is a no-op when the cache has it.
fn available() -> Result<(), String> {
    static AVAILABLE: OnceLock<Result<(), String>> = OnceLock::new();
    let fetch = || {
        let output = Command::new(environment::script("kafka"))
            .arg("fetch")
            .output()
            .map_err(|error| format!("scripts/kafka: {error}"))?;
        if !output.status.success() {
            let text = String::from_utf8_lossy(&output.stderr);
            return Err(text.trim().replace('\n', "; "));
        }
        let java = Command::new("java").arg("-version").output();
        java.map(|_| ()).map_err(|error| format!("java: {error}"))
    };
    AVAILABLE.get_or_init(fetch).clone()
}

/// Replicas of a restarted broker catch up within seconds, on a busy machine within ten.
const IN_SYNC_TIMEOUT: Duration = Duration::from_secs(120);
const METADATA_TIMEOUT: Duration = Duration::from_secs(5);
/// A failed start leaves the directory as it was, so it may be repeated.
const START_ATTEMPTS: usize = 3;

fn start(name: &str, options: &[&str]) -> Broker {
    let dir = environment::new_dir(name);
    let start = || {
        let mut start = kafka("start", &dir, options);
        start.args(["--owner", &std::process::id().to_string()]);
        start.output().expect("scripts/kafka can be run")
    };
    let mut output = start();
    for _ in 1..START_ATTEMPTS {
        if !output.status.success() {
            output = start(); // a machine with too much to do may need more than the script waits
        }
    }
    let printed = lines(&output);
    let value = |key: &str| {
        let line = printed.lines().find_map(|line| line.strip_prefix(key));
        line.map(str::to_owned)
    };
    Broker {
        bootstrap: value("bootstrap=").expect("scripts/kafka start prints bootstrap="),
        sasl_ssl: value("sasl_ssl="),
        mtls: value("mtls="),
        dir: Some(dir),
    }
}

fn kafka(command: &str, dir: &Path, options: &[&str]) -> Command {
    let mut kafka = Command::new(environment::script("kafka"));
    kafka.arg(command).arg("--dir").arg(dir).args(options);
    kafka
}

fn lines(output: &std::process::Output) -> String {
    assert!(
        output.status.success(),
        "scripts/kafka failed: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).into_owned()
}

impl Broker {
    /// The files in which the only broker keeps a partition; none when somebody else started it.
    pub(crate) fn segments(&self, topic: &str, partition: i32) -> Vec<PathBuf> {
        let wanted = format!("{topic}-{partition}");
        let (mut left, mut found) = (Vec::from_iter(self.dir.clone()), Vec::new());
        while let Some(dir) = left.pop() {
            let is_partition = dir.file_name().is_some_and(|name| *name == *wanted);
            for entry in std::fs::read_dir(&dir).into_iter().flatten().flatten() {
                let path = entry.path();
                if path.is_dir() {
                    left.push(path);
                } else if is_partition && path.extension().is_some_and(|it| it == "log") {
                    found.push(path);
                }
            }
        }
        found
    }

    /// Stops and starts one broker on the same port with the same data, once all replicas are in sync; `hard` kills it.
    pub(crate) fn restart(&self, number: usize, hard: bool) {
        environment::wait_until("all replicas in sync", IN_SYNC_TIMEOUT, || self.is_in_sync());
        let dir = self.dir.as_ref().expect("only a test's own broker restarts");
        let number = number.to_string();
        let mut options = vec!["--broker", &number];
        if hard {
            options.push("--hard");
        }
        let output = kafka("restart", dir, &options).output();
        lines(&output.expect("scripts/kafka can be run"));
    }

    fn is_in_sync(&self) -> bool {
        let client: Result<BaseConsumer, _> =
            ClientConfig::new().set("bootstrap.servers", &self.bootstrap).create();
        let client = client.expect("a client without settings can be made");
        let Ok(metadata) = client.fetch_metadata(None, METADATA_TIMEOUT) else { return false };
        let mut partitions = metadata.topics().iter().flat_map(MetadataTopic::partitions);
        partitions.all(|partition| partition.isr().len() == partition.replicas().len())
    }

    /// Runs one of Kafka's own tools against it.
    pub(crate) fn tool(&self, name: &str, arguments: &[&str]) -> String {
        let output = Command::new(environment::script("kafka"))
            .args(["tool", name, "--bootstrap-server", &self.bootstrap])
            .args(arguments)
            .output();
        lines(&output.expect("scripts/kafka can be run"))
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        if let Some(dir) = &self.dir {
            // a broker that will not stop is the watcher's business (`--owner`)
            kafka("stop", dir, &["--hard"]).output().ok();
        }
    }
}

//! Where and on what something was measured. Stands beside every section of the figures: a figure without its
//! machine, its load and its commit says nothing.

use crate::process;
use anyhow::Result;
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::process::Command;
use std::time::Instant;

/// The circumstances of one part.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Circumstances {
    /// When it began.
    pub(crate) began: String,
    /// The processor's name.
    pub(crate) processor: String,
    /// Processors this program may use.
    pub(crate) cores: usize,
    /// Memory of the machine.
    pub(crate) memory_mib: u64,
    /// The kernel's release.
    pub(crate) kernel: String,
    /// Load averages over 1, 5 and 15 minutes when it began.
    pub(crate) load_average: [f64; 3],
    /// The share of all processors that others used while it was measured.
    #[serde(default)]
    pub(crate) foreign_cpu_share: Option<f64>,
    /// The commit, with `+` when files differ from it.
    pub(crate) commit: String,
    /// Versions of what takes part.
    pub(crate) versions: Versions,
}

/// Versions of what takes part.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Versions {
    /// The gate.
    pub(crate) gate: String,
    /// The client library.
    pub(crate) librdkafka: String,
    /// The broker.
    pub(crate) kafka: String,
    /// The Java that runs broker and peer.
    pub(crate) java: String,
}

impl Circumstances {
    /// Here and now.
    pub(crate) fn now(repository: &Path) -> Result<Self> {
        let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
        let field = |text: &str, name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name));
            line.unwrap_or_default().trim_start_matches([' ', '\t', ':']).trim().to_owned()
        };
        let memory = field(&read("/proc/meminfo"), "MemTotal");
        let memory_kib = memory.trim_end_matches(" kB").parse().unwrap_or(0);
        let mut load_average = [0.0; 3];
        for (slot, text) in load_average.iter_mut().zip(read("/proc/loadavg").split(' ')) {
            *slot = text.parse().unwrap_or(0.0);
        }
        Ok(Self {
            began: jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            processor: field(&read("/proc/cpuinfo"), "model name"),
            cores: std::thread::available_parallelism()?.get(),
            memory_mib: memory_kib / 1024,
            kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
            load_average,
            foreign_cpu_share: None,
            commit: commit(repository),
            versions: Versions {
                gate: env!("CARGO_PKG_VERSION").to_owned(),
                librdkafka: rdkafka::util::get_rdkafka_version().1,
                kafka: kafka_version(repository),
                java: java_version(),
            },
        })
    }
}

/// Looks at who uses the processors while something is measured.
pub(crate) struct Watch {
    broker: u32,
    began: Instant,
    foreign_s: f64,
}

impl Watch {
    /// From now on. The broker is no child of ours; everything else we start is, and has ended by the time of a look.
    pub(crate) fn start(broker: u32) -> Result<Self> {
        Ok(Self { broker, began: Instant::now(), foreign_s: foreign_cpu_seconds(broker)? })
    }

    /// The share of all processors that others have used since.
    pub(crate) fn foreign_share(&self) -> Result<f64> {
        let cores = std::thread::available_parallelism()?.get() as f64;
        let foreign_s = foreign_cpu_seconds(self.broker)? - self.foreign_s;
        Ok((foreign_s / self.began.elapsed().as_secs_f64() / cores).max(0.0))
    }
}

fn foreign_cpu_seconds(broker: u32) -> Result<f64> {
    let own = process::cpu_seconds_with_children(std::process::id())?;
    Ok(process::machine_cpu_seconds()? - own - process::cpu_seconds(broker)?)
}

fn commit(repository: &Path) -> String {
    let git = |arguments: &[&str]| {
        let mut command = Command::new("git");
        command.arg("-C").arg(repository).args(arguments);
        process::output("git", &mut command).unwrap_or_default()
    };
    let mut commit = git(&["rev-parse", "--short=12", "HEAD"]).trim().to_owned();
    if !git(&["status", "--porcelain", "--untracked-files=no"]).trim().is_empty() {
        commit.push('+');
    }
    commit
}

/// As `scripts/kafka` says it.
fn kafka_version(repository: &Path) -> String {
    let script = std::fs::read_to_string(repository.join("scripts/kafka")).unwrap_or_default();
    let line = script.lines().find_map(|line| line.strip_prefix("kafka_version="));
    line.unwrap_or("unknown").to_owned()
}

fn java_version() -> String {
    let output = Command::new("java").arg("-version").output();
    let text = output.map(|output| output.stderr).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    text.split('"').nth(1).unwrap_or("unknown").to_owned()
}

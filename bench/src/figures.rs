//! Everything that was measured, run by run, as it goes to `figures.json`. A part that is measured again replaces
//! its section; the others stay. Medians are computed by whoever shows them.

use crate::machine::Circumstances;
use crate::window::Window;
use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;

/// All sections.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Figures {
    /// Messages a second, CPU, memory.
    pub(crate) throughput: Option<Section<Throughput>>,
    /// From due to decided, under paced loads.
    pub(crate) latency: Option<Section<Latency>>,
    /// From an acknowledged opt-out to its being applied.
    pub(crate) enforcement: Option<Section<Enforcement>>,
    /// Questions of machines.
    pub(crate) check: Option<Section<Check>>,
    /// The people's door under load.
    pub(crate) door: Option<Section<Door>>,
    /// Pages of the desk.
    pub(crate) desk: Option<Section<Desk>>,
    /// From an empty store to ready.
    pub(crate) restore: Option<Section<Restore>>,
    /// After `kill -9`.
    pub(crate) recovery: Option<Section<Recovery>>,
    /// What the barrier costs.
    pub(crate) barrier: Option<Section<Barrier>>,
    /// Over lanes and contacts.
    pub(crate) scaling: Option<Section<Scaling>>,
}

/// What was measured, and where.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Section<T> {
    /// Machine, load, versions, commit.
    pub(crate) circumstances: Circumstances,
    /// The runs.
    pub(crate) figures: T,
}

/// Who was measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Who {
    /// The gate on JSON.
    Gate,
    /// The gate on Avro.
    GateAvro,
    /// The pass-through of the client library.
    Floor,
    /// Kafka Streams.
    Peer,
    /// The gate with its barrier switched off: a broken gate, measured only for the difference.
    GateWithoutBarrier,
}

impl Who {
    /// As in tables and plots.
    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::Gate => "gate, JSON",
            Self::GateAvro => "gate, Avro",
            Self::Floor => "pass-through floor",
            Self::Peer => "Kafka Streams",
            Self::GateWithoutBarrier => "gate without barrier",
        }
    }
}

/// Throughput over a backlog.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Throughput {
    /// Contacts with consent.
    pub(crate) contacts: u64,
    /// Messages of the backlog.
    pub(crate) messages: u64,
    /// Lanes of gate and floor; threads of the peer.
    pub(crate) lanes: usize,
    /// `state.memory_bytes` of the gate.
    pub(crate) memory_bytes: u64,
    /// Every run, in the order they were made.
    pub(crate) runs: Vec<ThroughputRun>,
}

/// One run over the backlog.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ThroughputRun {
    /// Who ran.
    pub(crate) who: Who,
    /// The round.
    pub(crate) round: usize,
    /// First to last commit.
    pub(crate) window: Window,
    /// The most resident memory of the process.
    pub(crate) peak_rss_mib: f64,
    /// Records by outcome and reason, where the process says so.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) outcomes: BTreeMap<String, u64>,
    /// What the process says about itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) own_words: Option<String>,
}

impl Throughput {
    /// A figure of every run of somebody.
    pub(crate) fn of<'t>(
        &'t self,
        who: Who,
        figure: impl Fn(&ThroughputRun) -> f64 + 't,
    ) -> impl Iterator<Item = f64> + 't {
        self.runs.iter().filter(move |run| run.who == who).map(figure)
    }
}

impl Figures {
    /// Reads the file; nothing yet when there is none.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        match std::fs::read(path) {
            Ok(bytes) => serde_json::from_slice(&bytes).with_context(|| {
                format!("`{}` holds no figures of this version; delete it", path.display())
            }),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(error).with_context(|| path.display().to_string()),
        }
    }

    /// Writes it whole or not at all.
    pub(crate) fn write(&self, path: &Path) -> Result<()> {
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)?;
        }
        let mut text = serde_json::to_vec_pretty(self)?;
        text.push(b'\n');
        let new = path.with_extension("json.new");
        std::fs::write(&new, text)?;
        Ok(std::fs::rename(new, path)?)
    }
}

/// The shares whose latencies are kept; the last one is the maximum.
pub(crate) const SHARES: [f64; 5] = [0.5, 0.9, 0.99, 0.999, 1.0];

/// Latency under paced loads.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Latency {
    /// Contacts with consent.
    pub(crate) contacts: u64,
    /// Length of the load that counts.
    pub(crate) seconds: u64,
    /// Every run, in the order they were made.
    pub(crate) runs: Vec<LatencyRun>,
    /// Runs that came to nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) failures: Vec<String>,
}

/// One run at one rate.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct LatencyRun {
    /// Who ran.
    pub(crate) who: Who,
    /// Messages a second.
    pub(crate) rate: u64,
    /// The round.
    pub(crate) round: usize,
    /// Messages that count.
    pub(crate) messages: u64,
    /// How many of them never arrived.
    pub(crate) missing: u64,
    /// Milliseconds at [`SHARES`].
    pub(crate) percentiles_ms: [f64; SHARES.len()],
    /// What the process says about itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) own_words: Option<String>,
}

/// Enforcement under full message load.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Enforcement {
    /// Every round.
    pub(crate) rounds: Vec<EnforcementRound>,
}

/// One backlog with opt-outs in between.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct EnforcementRound {
    /// The round.
    pub(crate) round: usize,
    /// How fast messages were decided meanwhile.
    pub(crate) messages_per_s: f64,
    /// Acknowledged to applied, each opt-out.
    pub(crate) applied_ms: Vec<f64>,
    /// The gate's own histogram: upper bounds in seconds, and how many opt-outs lie below.
    pub(crate) own_buckets_s: Vec<(f64, u64)>,
}

/// `/v1/check` under full message load.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Check {
    /// Questions a second.
    pub(crate) checks_per_s: u32,
    /// Every round.
    pub(crate) rounds: Vec<CheckRound>,
}

/// One backlog with questions beside it.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct CheckRound {
    /// The round.
    pub(crate) round: usize,
    /// How fast messages were decided meanwhile.
    pub(crate) messages_per_s: f64,
    /// From due to answered, while there was load.
    pub(crate) answered_ms: Vec<f64>,
    /// The same after the backlog was done.
    pub(crate) idle_ms: Vec<f64>,
    /// Answers that are not what the data set calls for.
    pub(crate) wrong: u64,
    /// Questions that were sent away.
    pub(crate) refused: u64,
}

impl Check {
    /// All times under load, in order.
    pub(crate) fn sorted_ms(&self) -> Vec<f64> {
        let rounds = self.rounds.iter();
        let mut sorted: Vec<f64> =
            rounds.flat_map(|round| round.answered_ms.iter().copied()).collect();
        sorted.sort_by(f64::total_cmp);
        sorted
    }
}

/// Pages of the desk, one after the other.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Desk {
    /// What the person has said.
    pub(crate) events: u64,
    /// Decisions about messages to her.
    pub(crate) decisions: u64,
    /// Every round.
    pub(crate) runs: Vec<DeskRun>,
}

/// One round.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct DeskRun {
    /// The round.
    pub(crate) round: usize,
    /// By kind of page.
    pub(crate) pages: Vec<DeskPage>,
    /// The most resident memory of the desk.
    pub(crate) peak_rss_mib: f64,
}

/// A kind of page.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct DeskPage {
    /// Which.
    pub(crate) what: String,
    /// From the request to the last byte, page by page.
    pub(crate) ms: Vec<f64>,
}

impl Desk {
    /// All times of pages whose kind begins so, in order.
    pub(crate) fn sorted_ms(&self, what: &str) -> Vec<f64> {
        let pages = self.runs.iter().flat_map(|run| &run.pages);
        let pages = pages.filter(|page| page.what.starts_with(what));
        let mut sorted: Vec<f64> = pages.flat_map(|page| page.ms.iter().copied()).collect();
        sorted.sort_by(f64::total_cmp);
        sorted
    }
}

/// The people's door under load.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Door {
    /// Every run, in the order they were made.
    pub(crate) runs: Vec<DoorRun>,
    /// With nothing else going on: from a post to the answer that it is in force.
    pub(crate) enforced_ms: Vec<f64>,
}

/// Who else is at the door.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Crowd {
    /// Connections that say nothing.
    Idle,
    /// Connections that send a letter now and then.
    Slow,
}

/// One load at the door.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct DoorRun {
    /// The round.
    pub(crate) round: usize,
    /// Posts a second that were due; none: as fast as answers come.
    pub(crate) wanted_per_s: Option<u32>,
    /// Changes of a post.
    pub(crate) changes_each: u32,
    /// Who else is there.
    pub(crate) crowd: Option<Crowd>,
    /// How many connections those had at once.
    pub(crate) connections_held: u64,
    /// Posts that were answered with success.
    pub(crate) posts: u64,
    /// How long that took.
    pub(crate) seconds: f64,
    /// Milliseconds to the answer at [`SHARES`].
    pub(crate) percentiles_ms: [f64; SHARES.len()],
    /// Attempts without an answer of success, sent again.
    pub(crate) again: u64,
    /// Changes that were answered for.
    pub(crate) acknowledged: u64,
    /// Those of them that are not in Kafka.
    pub(crate) lost: u64,
    /// CPU of the door.
    pub(crate) door_cpu_s: f64,
    /// CPU of the gate, which applies them.
    pub(crate) gate_cpu_s: f64,
    /// The most memory of the door up to then.
    pub(crate) peak_rss_mib: f64,
}

impl DoorRun {
    /// Posts a second that were answered.
    pub(crate) fn posts_per_s(&self) -> f64 {
        self.posts as f64 / self.seconds
    }
}

/// Restore into an empty store.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Restore {
    /// Every run, in the order they were made.
    pub(crate) runs: Vec<RestoreRun>,
    /// The same with many contacts.
    pub(crate) large: Option<LargeRestore>,
}

/// Where a restored store comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Origin {
    /// From the records of its topic.
    #[default]
    Log,
    /// From a checkpoint on the same file system: files get a second name.
    Linked,
    /// From a checkpoint on another file system: files are copied.
    Copied,
}

/// One restore.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct RestoreRun {
    /// Who ran.
    pub(crate) who: Who,
    /// From what.
    #[serde(default)]
    pub(crate) origin: Origin,
    /// Bytes of the checkpoint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) checkpoint_bytes: Option<u64>,
    /// The round.
    pub(crate) round: usize,
    /// Records of the topic that the store stands for afterwards.
    pub(crate) changes: u64,
    /// Gate: start of the process to ready. Peer: start of Kafka Streams to RUNNING.
    pub(crate) seconds: f64,
    /// CPU of the process.
    pub(crate) cpu_s: f64,
    /// Resident memory at the end.
    pub(crate) rss_mib: f64,
    /// The most it had.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) peak_rss_mib: Option<f64>,
    /// Seconds, changes applied, resident MiB.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) course: Vec<[f64; 3]>,
    /// Peer: from `kill -9` to RUNNING with its store in place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) kill_to_running_s: Option<f64>,
    /// What the process says about itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) own_words: Option<String>,
}

impl Restore {
    /// The runs of somebody, restored from this.
    pub(crate) fn of(&self, who: Who, origin: Origin) -> impl Iterator<Item = &RestoreRun> {
        self.runs.iter().filter(move |run| run.who == who && run.origin == origin)
    }
}

impl RestoreRun {
    /// Changes a second.
    pub(crate) fn rate(&self) -> f64 {
        self.changes as f64 / self.seconds
    }
}

/// Many contacts under one cap.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct LargeRestore {
    /// Contacts with consent.
    pub(crate) contacts: u64,
    /// `state.memory_bytes`.
    pub(crate) memory_bytes: u64,
    /// The restore.
    pub(crate) restore: RestoreRun,
    /// The same from checkpoints.
    #[serde(default)]
    pub(crate) checkpoints: Vec<RestoreRun>,
    /// A backlog over all of them, afterwards.
    pub(crate) load: ThroughputRun,
}

/// Recovery after `kill -9`.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Recovery {
    /// Messages a second meanwhile.
    pub(crate) rate: u64,
    /// The same instance started at once: to the first new decision.
    pub(crate) again_ms: Vec<f64>,
    /// A second instance lives on.
    pub(crate) takeovers: Vec<Takeover>,
    /// Nobody restarts: until readers of the outputs go on.
    pub(crate) unblocked_ms: Vec<f64>,
}

/// One takeover.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Takeover {
    /// Until decisions are committed in every partition.
    pub(crate) decided_ms: f64,
    /// Until readers have every message of the second after the kill.
    pub(crate) visible_ms: f64,
}

/// The gate with and without its barrier.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Barrier {
    /// Messages a second of the latency runs.
    pub(crate) rate: u64,
    /// Over the backlog.
    pub(crate) throughput: Vec<ThroughputRun>,
    /// At that rate.
    pub(crate) latency: Vec<LatencyRun>,
}

/// Curves over lanes and contacts.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Scaling {
    /// Every run, in the order they were made.
    pub(crate) lanes: Vec<LanesRun>,
    /// Memory for caches and write buffers of the store.
    pub(crate) store_memory_bytes: u64,
    /// One store as it grows.
    pub(crate) store: Vec<StoreSize>,
}

/// One run with so many lanes.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct LanesRun {
    /// Lanes of the gate.
    pub(crate) lanes: usize,
    /// The run.
    pub(crate) run: ThroughputRun,
}

/// The store at one size.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct StoreSize {
    /// Contacts, each with two subjects.
    pub(crate) contacts: u64,
    /// How fast it grew to this size, flush included.
    pub(crate) changes_per_s: f64,
    /// A lookup of somebody, in a batch: time.
    pub(crate) known_us: f64,
    /// The same: CPU of the process.
    pub(crate) known_cpu_us: f64,
    /// A lookup of nobody: time.
    pub(crate) unknown_us: f64,
    /// The same: CPU of the process.
    pub(crate) unknown_cpu_us: f64,
    /// Resident memory.
    pub(crate) rss_mib: f64,
    /// Bytes of the store on disk.
    pub(crate) disk_bytes: u64,
}

impl Enforcement {
    /// The smallest bound of the gate's own histogram that at least `share` of all opt-outs do not exceed.
    pub(crate) fn own_bound_ms(&self, share: f64) -> Option<f64> {
        let n_probes: usize = self.rounds.iter().map(|round| round.applied_ms.len()).sum();
        let buckets = self.rounds.iter().flat_map(|round| round.own_buckets_s.iter());
        let mut below: BTreeMap<u64, u64> = BTreeMap::new();
        for (bound_s, n) in buckets {
            *below.entry((bound_s * 1e6) as u64).or_insert(0) += n;
        }
        let wanted = share * n_probes as f64;
        let found = below.into_iter().find(|(_, n)| *n as f64 >= wanted);
        found.map(|(bound_us, _)| bound_us as f64 / 1e3)
    }

    /// All opt-outs of all rounds.
    pub(crate) fn sorted_ms(&self) -> Vec<f64> {
        let mut sorted: Vec<f64> =
            self.rounds.iter().flat_map(|round| round.applied_ms.iter().copied()).collect();
        sorted.sort_by(f64::total_cmp);
        sorted
    }
}

impl Scaling {
    /// Which numbers of lanes were run.
    pub(crate) fn numbers_of_lanes(&self) -> Vec<usize> {
        let mut numbers: Vec<usize> = self.lanes.iter().map(|run| run.lanes).collect();
        numbers.sort_unstable();
        numbers.dedup();
        numbers
    }

    /// The runs with so many lanes.
    pub(crate) fn with_lanes(&self, lanes: usize) -> impl Iterator<Item = &ThroughputRun> {
        self.lanes.iter().filter(move |run| run.lanes == lanes).map(|run| &run.run)
    }
}

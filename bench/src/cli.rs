//! The command line: which parts, how large, how often.

use crate::figures::Who;
use crate::{floor, load, parts, store};
use anyhow::Result;
use clap::{Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Measures consent-gate beside a Kafka Streams peer and the pass-through floor of the client library, in one run
/// on one broker. Writes every figure to DIR/figures.json and prints a table of ratios and targets.
#[derive(Debug, Parser)]
#[command(name = "gate-bench", args_conflicts_with_subcommands = true)]
struct Cli {
    /// What to measure, in this order; `report` only writes the page from figures that are there
    #[arg(value_enum, default_value = "all")]
    parts: Vec<Part>,
    #[command(flatten)]
    options: Options,
    #[command(subcommand)]
    inner: Option<Inner>,
}

/// A part of the measurement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(crate) enum Part {
    /// Everything
    All,
    /// Messages/s, CPU and memory of gate, floor and peer
    Throughput,
    /// From due to decided, at 2,000 and 20,000 messages/s
    Latency,
    /// From an acknowledged opt-out to applied, under full message load
    Enforcement,
    /// `/v1/check` at 500 questions a second, beside full message load
    Check,
    /// The door: posts a second beside a gate, and beside strangers who hold connections
    Door,
    /// Pages of the desk: a person about whom much is known, decisions explained
    Desk,
    /// From an empty store to ready
    Restore,
    /// After kill -9: the same instance, a second one, the readers
    Recovery,
    /// The gate with and without its barrier
    Barrier,
    /// Lanes, and a growing store
    Scaling,
    /// The page, its plots and the copy of the figures for the repository
    Report,
}

impl Part {
    /// What can be measured, in this order.
    pub(crate) const MEASURED: [Self; 10] = [
        Self::Throughput,
        Self::Latency,
        Self::Enforcement,
        Self::Check,
        Self::Door,
        Self::Desk,
        Self::Restore,
        Self::Recovery,
        Self::Barrier,
        Self::Scaling,
    ];
}

/// Sizes and places.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Options {
    /// Rounds; medians are taken over them
    #[arg(long, default_value_t = 5)]
    pub(crate) runs: usize,
    /// Contacts with consent
    #[arg(long, default_value_t = 1_000_000)]
    pub(crate) contacts: u64,
    /// Messages of the backlog
    #[arg(long, default_value_t = 1_000_000)]
    pub(crate) messages: u64,
    /// Length of a paced load
    #[arg(long, default_value_t = 20)]
    pub(crate) seconds: u64,
    /// Lanes of the gate and of the floor
    #[arg(long, default_value_t = 2)]
    pub(crate) lanes: usize,
    /// Lanes of the floor, when they are to differ
    #[arg(long)]
    floor_lanes: Option<usize>,
    /// `state.memory_bytes` of the gate
    #[arg(long, default_value_t = 128 << 20)]
    pub(crate) memory_bytes: u64,
    /// Kills of the same instance
    #[arg(long, default_value_t = 12)]
    pub(crate) kills: u32,
    /// Contacts of the large restore; 0 leaves it out
    #[arg(long, default_value_t = 10_000_000)]
    pub(crate) large_contacts: u64,
    /// `state.memory_bytes` of the large restore
    #[arg(long, default_value_t = 256 << 20)]
    pub(crate) large_memory_bytes: u64,
    /// Sizes of the growing store, with commas between
    #[arg(long, value_delimiter = ',', default_value = "1000000,10000000,50000000")]
    pub(crate) store_contacts: Vec<u64>,
    /// Memory of the growing store
    #[arg(long, default_value_t = 256 << 20)]
    pub(crate) store_memory_bytes: u64,
    /// Only these contenders of the throughput, with commas between
    #[arg(long, value_delimiter = ',', value_parser = parse_who)]
    pub(crate) only: Option<Vec<Who>>,
    /// Where the peer's run.sh lies
    #[arg(long, default_value = "../shared/peer")]
    pub(crate) peer: PathBuf,
    /// Working files and figures.json
    #[arg(long, default_value = "target/bench")]
    pub(crate) dir: PathBuf,
    /// Measure the programs as they lie in target/release
    #[arg(long)]
    pub(crate) no_build: bool,
}

impl Options {
    /// Lanes of the floor.
    pub(crate) fn floor_lanes(&self) -> usize {
        self.floor_lanes.unwrap_or(self.lanes)
    }
}

#[derive(Debug, Subcommand)]
enum Inner {
    /// Pass records through, nothing else: the process that is measured as the floor
    #[command(hide = true)]
    Floor(floor::Arguments),
    /// Load the data set into a broker, to try things by hand
    Load(load::Arguments),
    /// Fill a store and read it: the process that is measured as the growing store
    #[command(hide = true)]
    Store(store::Arguments),
}

fn parse_who(text: &str) -> Result<Who, String> {
    serde_json::from_value(text.into()).map_err(|error| error.to_string())
}

/// Does what the arguments say.
pub(crate) fn run() -> Result<()> {
    let cli = Cli::parse();
    match &cli.inner {
        Some(Inner::Floor(arguments)) => floor::run(arguments),
        Some(Inner::Load(arguments)) => load::run(arguments),
        Some(Inner::Store(arguments)) => store::run(arguments),
        None => {
            let mut options = cli.options;
            // scripts and children have working directories of their own
            std::fs::create_dir_all(&options.dir)?;
            options.dir = options.dir.canonicalize()?;
            parts::run(&cli.parts, options)
        }
    }
}

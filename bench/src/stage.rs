//! What the parts of a measurement share: programs, directories, one broker, topics with the data set, the peer.
//! Everything is made when first needed, and nothing outlives this program but the figures.

use crate::broker::Broker;
use crate::cli::Options;
use crate::dataset::{Format, Message};
use crate::gate::{Setup, Topics};
use crate::load;
use crate::peer::Peer;
use crate::process;
use crate::progress::say;
use anyhow::{Context, Result};
use std::collections::HashSet;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Shared by all parts.
pub(crate) struct Stage {
    /// As asked for.
    pub(crate) options: Options,
    /// The broker.
    pub(crate) broker: Broker,
    /// The peer, when there is one.
    pub(crate) peer: Option<Peer>,
    /// Whether the broker has worked for a while.
    pub(crate) is_broker_warm: bool,
    programs: PathBuf,
    // after the broker, which writes there
    work: Work,
    filled: HashSet<String>,
    n_runs: usize,
    is_peer_filled: bool,
}

/// The root of the repository.
pub(crate) fn repository() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

impl Stage {
    /// Builds and copies the programs, so that a build meanwhile changes nothing, and starts the broker.
    pub(crate) fn set(options: Options) -> Result<Self> {
        remove_abandoned(&options.dir)?;
        let work = Work(options.dir.join(format!("run-{}", std::process::id())));
        let programs = work.0.join("programs");
        std::fs::create_dir_all(&programs)?;
        if !options.no_build {
            build()?;
        }
        let own = std::env::current_exe()?;
        let built = own.parent().context("this program lies nowhere")?;
        for name in ["consent-gate", "consent-gate-faults", "gate-bench"] {
            let from = built.join(name);
            std::fs::copy(&from, programs.join(name)).with_context(|| {
                format!("`{}` is missing; run without --no-build", from.display())
            })?;
        }
        say("starting Kafka");
        let broker = Broker::start(repository(), &work.0.join("kafka"))?;
        let peer_work = options.dir.join("peer");
        let peer = Peer::find(&options.peer, &peer_work, options.contacts, options.messages);
        if peer.is_none() {
            say(&format!("no peer at `{}`: its columns stay empty", options.peer.display()));
        }
        let (filled, n_runs) = (HashSet::new(), 0);
        let (is_broker_warm, is_peer_filled) = (false, false);
        Ok(Self {
            options,
            broker,
            peer,
            is_broker_warm,
            programs,
            work,
            filled,
            n_runs,
            is_peer_filled,
        })
    }

    /// One of the copied programs.
    pub(crate) fn program(&self, name: &str) -> PathBuf {
        self.programs.join(name)
    }

    /// A name that no run had before.
    pub(crate) fn next_run(&mut self, what: &str) -> String {
        self.n_runs += 1;
        format!("{what}-{}", self.n_runs)
    }

    /// The consent topic of the data set, filled.
    pub(crate) fn consent_topic(&mut self, format: Format, contacts: u64) -> Result<String> {
        let topic = format!("consent-change.{}.{contacts}", format.as_str());
        if self.filled.insert(topic.clone()) {
            say(&format!("filling {topic}"));
            self.broker.create(&[&topic])?;
            load::consent(&self.broker.client(), &topic, format, contacts)?;
        }
        Ok(topic)
    }

    /// The backlog of the data set, filled.
    pub(crate) fn backlog_topic(&mut self, format: Format, contacts: u64) -> Result<String> {
        let topic = format!("outbound-message.{}.{contacts}", format.as_str());
        if self.filled.insert(topic.clone()) {
            let messages = self.options.messages;
            say(&format!("filling {topic} with {messages} messages"));
            self.broker.create(&[&topic])?;
            let messages = (0..messages).map(|n| Message::backlog(n, contacts));
            load::messages(&self.broker.client(), &topic, format, messages)?;
        }
        Ok(topic)
    }

    /// A gate on these inputs with topics, group and files of its own for `run`; its state is that of all gates
    /// on the same consent topic.
    pub(crate) fn gate(
        &self,
        format: Format,
        consent: &str,
        outbound: &str,
        run: &str,
    ) -> Result<Setup> {
        Ok(Setup {
            program: self.program("consent-gate"),
            dir: self.work.0.join("gate"),
            state: self.work.0.join(format!("state-{consent}")),
            instance_id: "bench".to_owned(),
            bootstrap: self.broker.bootstrap.clone(),
            group: run.to_owned(),
            topics: Topics::new(consent, outbound, run),
            format,
            lanes: self.options.lanes,
            memory_bytes: self.options.memory_bytes,
            port: free_port()?,
            environment: Vec::new(),
        })
    }

    /// Lets a gate fold all consent once, so that runs over it begin with a filled store.
    pub(crate) fn warm(&mut self, format: Format, consent: &str) -> Result<()> {
        let run = self.next_run("warm");
        let outbound = format!("outbound-message.{run}");
        let setup = self.gate(format, consent, &outbound, &run)?;
        if setup.state.exists() {
            return Ok(());
        }
        say(&format!("folding {consent}"));
        setup.create_topics()?;
        setup.spawn_ready()?.stop()?;
        setup.delete_topics(&self.broker)?;
        self.broker.delete(&[&outbound])
    }

    /// Gives the disk of filled topics back.
    pub(crate) fn empty(&mut self, topics: &[String]) -> Result<()> {
        self.filled.retain(|topic| !topics.contains(topic));
        self.broker.delete(&topics.iter().map(String::as_str).collect::<Vec<_>>())
    }

    /// A directory that goes when this program ends.
    pub(crate) fn working_dir(&self, name: &str) -> PathBuf {
        self.work.0.join(name)
    }

    /// The peer with its data loaded; `None` when there is no peer.
    pub(crate) fn filled_peer(&mut self) -> Result<Option<&Peer>> {
        let Some(peer) = &self.peer else { return Ok(None) };
        if !self.is_peer_filled {
            say("the peer builds itself and fills its topics");
            peer.run(&self.broker, "generate", "")?;
            self.is_peer_filled = true;
        }
        Ok(Some(peer))
    }
}

/// The directory of this run, removed when dropped.
struct Work(PathBuf);

impl Drop for Work {
    fn drop(&mut self) {
        // the next run removes what stays
        std::fs::remove_dir_all(&self.0).ok();
    }
}

/// The programs that are measured, as they are in the tree now. Not one command: the one with switches is built
/// with another feature, which must not reach the gate.
fn build() -> Result<()> {
    say("building");
    let cargo = |arguments: &[&str]| {
        let mut command = Command::new("cargo");
        command.current_dir(repository()).args(["build", "--release"]).args(arguments);
        process::output("cargo build", &mut command)
    };
    cargo(&["--features", "fault-injection", "--bin", "consent-gate-faults"])?;
    cargo(&["--bin", "consent-gate"])?;
    Ok(())
}

/// Removes the directories of runs that are over.
fn remove_abandoned(dir: &Path) -> Result<()> {
    let Ok(entries) = std::fs::read_dir(dir) else { return Ok(()) };
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let pid = name.strip_prefix("run-").and_then(|pid| pid.parse().ok());
        if pid.is_some_and(|pid: u32| !Path::new(&format!("/proc/{pid}")).exists()) {
            std::fs::remove_dir_all(entry.path())?;
        }
    }
    Ok(())
}

/// A port nobody listens on now.
pub(crate) fn free_port() -> Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

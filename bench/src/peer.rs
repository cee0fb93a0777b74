//! The Kafka Streams peer, run through its own `run.sh`; its lines of figures are read, not interpreted anew.
//!
//! It is not part of this repository. When it is missing, its columns say so.

use crate::broker::Broker;
use crate::process::{self, Child};
use crate::window::Watched;
use anyhow::{Context, Result};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

/// The consumer group of the application.
pub(crate) const GROUP: &str = "consent-gate-streams";
/// Its topic of messages.
pub(crate) const OUTBOUND: &str = "outbound-messages";
/// Names its application among the processes.
const APPLICATION: &str = "gatepeer.GateApp";
/// Longest wait for one of its commands.
const COMMAND_MAX: Duration = Duration::from_secs(1_200);

/// The peer.
pub(crate) struct Peer {
    script: PathBuf,
    /// Build and state of the peer. The build is kept between runs.
    work: PathBuf,
    contacts: u64,
    messages: u64,
}

impl Peer {
    /// The peer in `dir`, if there is one.
    pub(crate) fn find(dir: &Path, work: &Path, contacts: u64, messages: u64) -> Option<Self> {
        let script = dir.join("run.sh").canonicalize().ok()?;
        Some(Self { script, work: work.to_owned(), contacts, messages })
    }

    /// Starts one of its commands; `options` are further system properties.
    pub(crate) fn start(&self, broker: &Broker, command: &str, options: &str) -> Result<Running> {
        std::fs::create_dir_all(&self.work)?;
        let path = self.work.join(format!("{command}.out"));
        let file = std::fs::File::create(&path)?;
        let log = std::fs::File::create(self.work.join(format!("{command}.err")))?;
        let mut run: Command = process::tied(&self.script);
        run.args([broker.bootstrap.as_str(), command]).env("BENCH_WORK", &self.work);
        let (contacts, messages) = (self.contacts, self.messages);
        let sizes = format!("-Dbench.contacts={contacts} -Dbench.messages={messages} {options}");
        run.env("BENCH_OPTS", sizes).stdin(Stdio::null()).stdout(file).stderr(log);
        let child = Child::spawn("the peer", &mut run)?;
        Ok(Running { child, path })
    }

    /// Runs one of its commands to the end and gives its lines.
    pub(crate) fn run(&self, broker: &Broker, command: &str, options: &str) -> Result<Vec<Line>> {
        self.start(broker, command, options)?.lines()
    }
}

/// A command of the peer while it runs.
pub(crate) struct Running {
    child: Child,
    path: PathBuf,
}

impl Watched for Running {
    /// The process of its application, not that of its harness.
    fn pid(&self) -> Option<u32> {
        process::descendant(self.child.pid(), APPLICATION)
    }

    fn must_run(&mut self) -> Result<()> {
        self.child
            .must_run()
            .with_context(|| format!("see {}", self.path.with_extension("err").display()))
    }
}

impl Running {
    /// Waits for its end.
    pub(crate) fn lines(mut self) -> Result<Vec<Line>> {
        let ended = self.child.wait_clean(COMMAND_MAX);
        ended.with_context(|| format!("see {}", self.path.with_extension("err").display()))?;
        let text = std::fs::read_to_string(&self.path)?;
        Ok(text.lines().map(|line| Line(line.to_owned())).collect())
    }
}

/// One line of figures: a word, then `name=value` pairs.
#[derive(Clone, Debug)]
pub(crate) struct Line(String);

impl Line {
    /// As printed.
    pub(crate) fn text(&self) -> &str {
        &self.0
    }

    /// A figure of the line.
    pub(crate) fn figure(&self, name: &str) -> Result<f64> {
        let pairs = self.0.split(' ').filter_map(|pair| pair.split_once('='));
        let found = pairs.filter(|(key, _)| *key == name).find_map(|(_, value)| value.parse().ok());
        found.with_context(|| format!("the peer's line has no number `{name}`: {}", self.0))
    }
}

/// The first line that begins with this word.
pub(crate) fn line<'l>(lines: &'l [Line], word: &str) -> Result<&'l Line> {
    let found = lines.iter().find(|line| line.0.split(' ').next() == Some(word));
    found.with_context(|| format!("the peer printed no line `{word} …`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_read_by_name() {
        let lines = [
            Line("warm seconds=1.5".into()),
            Line("throughput run=1 reasons={a=2, b=3} msgs_per_s=59000".into()),
        ];
        let line = line(&lines, "throughput").unwrap();
        assert_eq!(line.figure("msgs_per_s").unwrap(), 59_000.0);
        assert!(line.figure("seconds").is_err());
    }
}

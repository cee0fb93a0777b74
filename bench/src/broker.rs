//! A Kafka of our own, started by `scripts/kafka` and stopped when dropped; it also stops by itself when this
//! program is gone (`--owner`). And the clients that only ask it questions.

use crate::process;
use anyhow::{Context, Result};
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::{ClientContext, DefaultClientContext};
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, ConsumerContext};
use rdkafka::error::KafkaError;
use rdkafka::producer::{DeliveryResult, ProducerContext};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// Partitions of every topic, the peer's number.
pub(crate) const PARTITIONS: i32 = 4;
/// How long one answer of the broker may take.
pub(crate) const ANSWER_MAX: Duration = Duration::from_secs(30);

/// A running broker.
pub(crate) struct Broker {
    /// Where clients connect.
    pub(crate) bootstrap: String,
    /// Its process.
    pub(crate) pid: u32,
    script: PathBuf,
    dir: PathBuf,
}

impl Broker {
    /// Formats and starts one below `dir`.
    pub(crate) fn start(repository: &Path, dir: &Path) -> Result<Self> {
        let script = repository.join("scripts/kafka");
        let mut command = Command::new(&script);
        command.args(["start", "--dir"]).arg(dir);
        command.args(["--owner", &std::process::id().to_string()]);
        // the outputs of a run are deleted after it: give the disk back at once
        command.args(["--property", "log.segment.delete.delay.ms=1000"]);
        let printed = process::output("scripts/kafka start", &mut command)?;
        let value = |key: &str| {
            let found = printed.lines().find_map(|line| line.strip_prefix(key));
            found.with_context(|| format!("scripts/kafka start did not print {key}"))
        };
        let (bootstrap, pid) = (value("bootstrap=")?.to_owned(), value("pids=")?.parse()?);
        Ok(Self { bootstrap, pid, script, dir: dir.to_owned() })
    }

    /// Makes topics that keep every record.
    pub(crate) fn create(&self, topics: &[&str]) -> Result<()> {
        let new = topics.iter().map(|topic| {
            NewTopic::new(topic, PARTITIONS, TopicReplication::Fixed(1)).set("retention.ms", "-1")
        });
        let new: Vec<NewTopic<'_>> = new.collect();
        let admin = self.admin()?;
        for made in block_on(admin.create_topics(new.iter(), &options()))?? {
            made.map_err(|(topic, code)| anyhow::anyhow!("cannot make topic `{topic}`: {code}"))?;
        }
        Ok(())
    }

    /// Deletes topics, present or not.
    pub(crate) fn delete(&self, topics: &[&str]) -> Result<()> {
        let admin = self.admin()?;
        for gone in block_on(admin.delete_topics(topics, &options()))?? {
            if let Err((topic, code)) = gone
                && code != rdkafka::types::RDKafkaErrorCode::UnknownTopicOrPartition
            {
                anyhow::bail!("cannot delete topic `{topic}`: {code}");
            }
        }
        Ok(())
    }

    fn admin(&self) -> Result<AdminClient<DefaultClientContext>> {
        Ok(self.client().create()?)
    }

    /// Settings every client of ours shares.
    pub(crate) fn client(&self) -> ClientConfig {
        client(&self.bootstrap)
    }

    /// A handle that asks about offsets as a member of `group` would, without ever joining it. It sees offsets
    /// that are committed, not those in open transactions.
    pub(crate) fn observer(&self, group: &str) -> Result<BaseConsumer<Quiet>> {
        let mut config = self.client();
        config.set("group.id", group).set("enable.auto.commit", "false");
        config.set("isolation.level", "read_uncommitted");
        Ok(config.create_with_context(Quiet)?)
    }
}

/// Settings every client of ours shares.
pub(crate) fn client(bootstrap: &str) -> ClientConfig {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", bootstrap);
    config
}

impl Drop for Broker {
    fn drop(&mut self) {
        let mut command = Command::new(&self.script);
        command.args(["stop", "--hard", "--dir"]).arg(&self.dir);
        // a broker that does not stop is the owner watch's business
        process::output("scripts/kafka stop", &mut command).ok();
    }
}

fn options() -> AdminOptions {
    AdminOptions::new().operation_timeout(Some(ANSWER_MAX))
}

fn block_on<F: Future>(future: F) -> Result<F::Output> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    Ok(runtime.block_on(future))
}

/// A client that keeps librdkafka's log lines to itself: errors come back through the calls.
#[derive(Clone, Copy)]
pub(crate) struct Quiet;

impl ClientContext for Quiet {
    fn log(&self, _: RDKafkaLogLevel, _: &str, _: &str) {}
    fn error(&self, _: KafkaError, _: &str) {}
}

impl ConsumerContext for Quiet {}

impl ProducerContext for Quiet {
    type DeliveryOpaque = ();

    fn delivery(&self, _: &DeliveryResult<'_>, (): ()) {}
}

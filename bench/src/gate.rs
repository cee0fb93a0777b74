//! The gate under measurement: its configuration file, its process, its endpoints.
//!
//! The real program with nothing switched off; every key that is not set here has its default.

use crate::broker::Broker;
use crate::dataset::Format;
use crate::http;
use crate::process::{self, Child};
use crate::wait;
use crate::window::Watched;
use anyhow::{Context, Result, bail};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

/// How long a gate may take to get ready, which includes reading the whole consent topic.
const READY_MAX: Duration = Duration::from_secs(600);
/// How long a clean end may take.
const STOP_MAX: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(10);

/// The topics of one gate.
#[derive(Clone, Debug)]
pub(crate) struct Topics {
    /// What people consent to.
    pub(crate) consent: String,
    /// The messages.
    pub(crate) outbound: String,
    /// Marks everything the gate writes.
    run: String,
}

impl Topics {
    /// Inputs of these names, and outputs of a run.
    pub(crate) fn new(consent: &str, outbound: &str, run: &str) -> Self {
        Self { consent: consent.to_owned(), outbound: outbound.to_owned(), run: run.to_owned() }
    }

    /// Approved, blocked, deferred.
    pub(crate) fn outputs(&self) -> [String; 3] {
        ["approved-message", "blocked-message", "deferred-message"].map(|name| self.named(name))
    }

    /// Everything that is made for the run and deleted after it.
    pub(crate) fn of_run(&self) -> Vec<String> {
        let rest = [
            "consent-dead-letter",
            "consent-gate-review",
            "consent-gate-decisions",
            "consent-gate-sent",
            "consent-gate-policies",
            "consent-gate-door-dead-letter",
            "consent-gate-access",
        ];
        self.outputs().into_iter().chain(rest.map(|name| self.named(name))).collect()
    }

    fn named(&self, name: &str) -> String {
        format!("{name}.{}", self.run)
    }
}

/// How a gate is configured.
#[derive(Clone, Debug)]
pub(crate) struct Setup {
    /// Which program: the gate, or the one with switches.
    pub(crate) program: PathBuf,
    /// Where configuration, log and pepper lie.
    pub(crate) dir: PathBuf,
    /// Where the state lies.
    pub(crate) state: PathBuf,
    /// Names the instance.
    pub(crate) instance_id: String,
    /// Where Kafka is.
    pub(crate) bootstrap: String,
    /// The consumer group.
    pub(crate) group: String,
    /// Its topics.
    pub(crate) topics: Topics,
    /// How values are written.
    pub(crate) format: Format,
    /// Group members.
    pub(crate) lanes: usize,
    /// `state.memory_bytes`.
    pub(crate) memory_bytes: u64,
    /// Where HTTP listens.
    pub(crate) port: u16,
    /// Environment, for the program with switches.
    pub(crate) environment: Vec<(String, String)>,
}

impl Setup {
    fn yaml(&self) -> String {
        let [approved, blocked, deferred] = self.topics.outputs();
        let format = self.format.configured();
        format!(
            "instance_id: {}\nlanes: {}\n\
             kafka: {{bootstrap_servers: \"{}\", group_id: {}}}\n\
             topics:\n  consent_change: {}\n  outbound_message: {}\n  approved: {approved}\n  blocked: {blocked}\n  \
             deferred: {deferred}\n  consent_dead_letter: {}\n  consent_review: {}\n  \
             decision_log: {}\n  sent_log: {}\n  policy_sets: {}\n  door_dead_letter: {}\n  \
             access_log: {}\n\
             formats: {{consent_change: {format}, outbound_message: {format}}}\n\
             state: {{dir: \"{}\", memory_bytes: {}, pepper_file: \"{}\"}}\n\
             http: {{listen: \"127.0.0.1:{}\"}}\nlog: {{level: warn}}\n",
            self.instance_id,
            self.lanes,
            self.bootstrap,
            self.group,
            self.topics.consent,
            self.topics.outbound,
            self.topics.named("consent-dead-letter"),
            self.topics.named("consent-gate-review"),
            self.topics.named("consent-gate-decisions"),
            self.topics.named("consent-gate-sent"),
            self.topics.named("consent-gate-policies"),
            self.topics.named("consent-gate-door-dead-letter"),
            self.topics.named("consent-gate-access"),
            self.state.display(),
            self.memory_bytes,
            self.dir.join("pepper").display(),
            self.port,
        )
    }

    /// Writes the configuration file.
    pub(crate) fn config(&self) -> Result<PathBuf> {
        std::fs::create_dir_all(&self.dir)?;
        let path = self.dir.join(format!("{}.yaml", self.instance_id));
        std::fs::write(&path, self.yaml())?;
        Ok(path)
    }

    /// Makes the topics that are missing, as an operator would.
    pub(crate) fn create_topics(&self) -> Result<()> {
        let mut command = process::tied(&self.program);
        command.args(["topics", "create", "-c"]).arg(self.config()?);
        process::output("consent-gate topics create", &mut command).map(drop)
    }

    /// Deletes the topics of the run.
    pub(crate) fn delete_topics(&self, broker: &Broker) -> Result<()> {
        let topics = self.topics.of_run();
        broker.delete(&topics.iter().map(String::as_str).collect::<Vec<_>>())
    }

    /// Forgets all state.
    pub(crate) fn delete_state(&self) -> Result<()> {
        match std::fs::remove_dir_all(&self.state) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
            _ => Ok(()),
        }
    }

    /// Starts it.
    pub(crate) fn spawn(&self) -> Result<Gate> {
        let log = self.dir.join(format!("{}.log", self.instance_id));
        let config = self.config()?;
        let file = std::fs::OpenOptions::new().create(true).append(true).open(&log)?;
        let errors = file.try_clone()?;
        let mut command = process::tied(&self.program);
        command.args(["run", "-c"]).arg(config).envs(self.environment.iter().cloned());
        command.stdin(Stdio::null()).stdout(file).stderr(errors);
        let child = Child::spawn("consent-gate", &mut command)?;
        Ok(Gate { child, port: self.port, log })
    }

    /// Starts it and waits until it is ready.
    pub(crate) fn spawn_ready(&self) -> Result<Gate> {
        let mut gate = self.spawn()?;
        gate.wait_ready()?;
        Ok(gate)
    }
}

/// A running gate.
pub(crate) struct Gate {
    child: Child,
    port: u16,
    log: PathBuf,
}

impl Gate {
    /// Its process id.
    pub(crate) fn pid(&self) -> u32 {
        self.child.pid()
    }

    /// An error when it is not running any more.
    pub(crate) fn must_run(&mut self) -> Result<()> {
        self.child.must_run().with_context(|| format!("its log ends:\n{}", tail(&self.log)))
    }

    /// Whether `path` answers 200.
    pub(crate) fn answers(&self, path: &str) -> bool {
        http::get(self.port, path).is_ok_and(|(status, _)| status == 200)
    }

    /// Waits until `path` answers 200.
    pub(crate) fn wait_answer(&mut self, path: &str) -> Result<()> {
        wait::until(&format!("the gate answers 200 at {path}"), READY_MAX, PAUSE, || {
            self.must_run()?;
            Ok(self.answers(path).then_some(()))
        })
    }

    /// Waits until messages are being decided.
    pub(crate) fn wait_ready(&mut self) -> Result<()> {
        self.wait_answer("/readyz")
    }

    /// Its metrics.
    pub(crate) fn metrics(&self) -> Result<Samples> {
        let (status, body) = http::get(self.port, "/metrics")?;
        if status != 200 {
            bail!("/metrics answers {status}");
        }
        Ok(Samples(body))
    }

    /// Ends it cleanly.
    pub(crate) fn stop(self) -> Result<()> {
        let log = self.log.clone();
        let stopped = self.child.stop(STOP_MAX);
        stopped.with_context(|| format!("its log ends:\n{}", tail(&log)))
    }

    /// SIGKILL.
    pub(crate) fn kill(self) -> Result<()> {
        self.child.kill()
    }
}

impl Watched for Gate {
    fn pid(&self) -> Option<u32> {
        Some(self.child.pid())
    }

    fn must_run(&mut self) -> Result<()> {
        Self::must_run(self)
    }
}

/// One answer of `/metrics`.
pub(crate) struct Samples(String);

impl Samples {
    /// Labels and value of each series of a metric.
    pub(crate) fn of<'s>(&'s self, name: &'s str) -> impl Iterator<Item = (&'s str, f64)> {
        self.0.lines().filter_map(move |line| {
            let (labels, value) = line.strip_prefix(name)?.rsplit_once(' ')?;
            let is_whole = labels.is_empty() || labels.starts_with('{');
            Some((labels, value.parse().ok()?)).filter(|_| is_whole)
        })
    }

    /// The sum of a metric over its labels.
    pub(crate) fn sum(&self, name: &str) -> f64 {
        self.of(name).map(|(_, value)| value).sum()
    }

    /// Decisions by `outcome.reason`.
    pub(crate) fn decisions(&self) -> BTreeMap<String, u64> {
        let mut by_reason = BTreeMap::new();
        for (labels, n) in self.of("consent_gate_decisions_total") {
            if n > 0.0 {
                let reason = format!("{}.{}", label(labels, "outcome"), label(labels, "reason"));
                *by_reason.entry(reason).or_insert(0) += n as u64;
            }
        }
        by_reason
    }
}

/// The value of one label.
pub(crate) fn label<'l>(labels: &'l str, name: &str) -> &'l str {
    let pairs = labels.trim_start_matches('{').trim_end_matches('}').split(',');
    let found = pairs.filter_map(|pair| pair.split_once('=')).find(|(key, _)| *key == name);
    found.map_or("", |(_, value)| value.trim_matches('"'))
}

fn tail(log: &Path) -> String {
    let bytes = std::fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<&str> = text.lines().collect();
    lines.get(lines.len().saturating_sub(20)..).unwrap_or_default().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_are_read_by_name_and_label() {
        let text = "consent_gate_decisions_total{channel=\"email\",outcome=\"blocked\",reason=\"opted_out\"} 3\n\
                    consent_gate_decisions_total{channel=\"sms\",outcome=\"blocked\",reason=\"opted_out\"} 4\n\
                    consent_gate_decisions_total_more 9\n\
                    consent_gate_subjects 12\n";
        let samples = Samples(text.to_owned());
        assert_eq!(samples.sum("consent_gate_decisions_total"), 7.0);
        assert_eq!(samples.sum("consent_gate_subjects"), 12.0);
        assert_eq!(samples.decisions(), BTreeMap::from([("blocked.opted_out".to_owned(), 7)]));
    }
}

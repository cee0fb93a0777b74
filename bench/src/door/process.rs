//! A gate and the door beside it, each a process of its own with nothing switched off.

use super::client::Client;
use crate::broker::Broker;
use crate::gate::{Gate, Setup};
use crate::http;
use crate::process::{self, Child};
use crate::stage::{self, Stage};
use crate::wait;
use anyhow::{Context, Result};
use consent_gate::access::Token;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

const READY_MAX: Duration = Duration::from_secs(60);
const STOP_MAX: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(20);
/// Of the only source.
const TOKEN: &str = "a-word-that-the-bench-and-the-door-know";
const SOURCES: &str = "- {name: bench, provider: consent-changes, \
                       tokens: [\"a-word-that-the-bench-and-the-door-know\"], controller: acme-ltd, brand: acme}\n";

/// Both processes.
pub(super) struct Doorway {
    setup: Setup,
    gate: Gate,
    door: Child,
    port: u16,
}

/// CPU that both have used.
#[derive(Clone, Copy)]
pub(super) struct Cost {
    pub(super) door_s: f64,
    pub(super) gate_s: f64,
}

impl Cost {
    pub(super) fn since(self, before: Self) -> Self {
        Self { door_s: self.door_s - before.door_s, gate_s: self.gate_s - before.gate_s }
    }
}

impl Doorway {
    /// Starts the gate and the door, and waits until both are ready.
    pub(super) fn open(stage: &Stage, mut setup: Setup, run: &str) -> Result<Self> {
        setup.create_topics()?;
        let token = Token::random()?;
        let write = |name: &str, text: &str| -> Result<String> {
            let path = setup.dir.join(name);
            std::fs::write(&path, text).with_context(|| path.display().to_string())?;
            Ok(path.display().to_string())
        };
        let line = format!("- {{id: door, role: officer, hash: \"{}\"}}\n", token.digest().text());
        let tokens = write("gate-tokens.yaml", &line)?;
        let port = stage::free_port()?;
        let set = |key: &str, value: String| (format!("CONSENT_GATE__{key}"), value);
        let of_door = [
            set("DOOR__LISTEN", format!("127.0.0.1:{port}")),
            set("DOOR__DIR", stage.working_dir(&format!("door-{run}")).display().to_string()),
            set("DOOR__SOURCES_FILE", write("sources.yaml", SOURCES)?),
            set("DOOR__GATES", format!("http://127.0.0.1:{}", setup.port)),
            set("DOOR__GATE_TOKEN_FILE", write("gate.token", token.expose())?),
        ];
        setup.environment.push(set("HTTP__TOKENS_FILE", tokens));
        let gate = setup.spawn_ready()?;
        let log = std::fs::File::create(setup.dir.join("door.log"))?;
        let errors = log.try_clone()?;
        let mut command = process::tied(&setup.program);
        command.args(["door", "-c"]).arg(setup.config()?).envs(of_door);
        command.stdin(Stdio::null()).stdout(log).stderr(errors);
        let mut door = Child::spawn("consent-gate door", &mut command)?;
        let log = setup.dir.join("door.log");
        wait::until("the door answers 200 at /readyz", READY_MAX, PAUSE, || {
            door.must_run().with_context(|| tail(&log))?;
            let is_ready = http::get(port, "/readyz").is_ok_and(|(status, _)| status == 200);
            Ok(is_ready.then_some(()))
        })?;
        Ok(Self { setup, gate, door, port })
    }

    /// How it is asked.
    pub(super) fn client(&self) -> Client {
        Client { port: self.port, token: TOKEN }
    }

    /// The topic it writes to.
    pub(super) fn consent(&self) -> &str {
        &self.setup.topics.consent
    }

    /// What both have used so far; an error when one is gone.
    pub(super) fn cost(&mut self) -> Result<Cost> {
        self.gate.must_run()?;
        self.door.must_run().with_context(|| tail(&self.setup.dir.join("door.log")))?;
        let (door, gate) = (self.door.pid(), self.gate.pid());
        Ok(Cost { door_s: process::cpu_seconds(door)?, gate_s: process::cpu_seconds(gate)? })
    }

    /// The most memory the door ever had.
    pub(super) fn peak_rss_mib(&self) -> Result<f64> {
        process::peak_rss_mib(self.door.pid())
    }

    /// Ends both cleanly.
    pub(super) fn close(self, broker: &Broker) -> Result<()> {
        self.door.stop(STOP_MAX)?;
        self.gate.stop()?;
        self.setup.delete_topics(broker)
    }
}

fn tail(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines.get(lines.len().saturating_sub(20)..).unwrap_or_default().join("\n")
}

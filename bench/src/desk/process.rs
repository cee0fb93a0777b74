//! A gate and the desk beside it, each a process of its own with nothing switched off.

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

/// The account that looks.
pub(super) const OFFICER: &str = "olga";
const READY_MAX: Duration = Duration::from_secs(120);
const STOP_MAX: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(50);

/// Both processes.
pub(super) struct Office {
    setup: Setup,
    gate: Gate,
    desk: Child,
    port: u16,
    token: Token,
}

impl Office {
    /// Starts both, and waits until they are ready.
    pub(super) fn open(stage: &Stage, mut setup: Setup, run: &str) -> Result<Self> {
        setup.create_topics()?;
        let (token, of_gate) = (Token::random()?, Token::random()?);
        let write = |name: &str, text: &str| -> Result<String> {
            let path = setup.dir.join(name);
            std::fs::write(&path, text).with_context(|| path.display().to_string())?;
            Ok(path.display().to_string())
        };
        let line = |id: &str, token: &Token| {
            format!("- {{id: {id}, role: officer, hash: \"{}\"}}\n", token.digest().text())
        };
        let tokens = write("gate-tokens.yaml", &line("desk", &of_gate))?;
        let port = stage::free_port()?;
        let set = |key: &str, value: String| (format!("CONSENT_GATE__{key}"), value);
        let of_desk = [
            set("DESK__LISTEN", format!("127.0.0.1:{port}")),
            set("DESK__DIR", stage.working_dir(&format!("desk-{run}")).display().to_string()),
            set("DESK__TOKENS_FILE", write("desk-tokens.yaml", &line(OFFICER, &token))?),
            set("DESK__GATES", format!("http://127.0.0.1:{}", setup.port)),
            set("DESK__GATE_TOKEN_FILE", write("gate.token", of_gate.expose())?),
        ];
        setup.environment.push(set("HTTP__TOKENS_FILE", tokens));
        let gate = setup.spawn_ready()?;
        let log = setup.dir.join("desk.log");
        let file = std::fs::File::create(&log)?;
        let errors = file.try_clone()?;
        let mut command = process::tied(&setup.program);
        command.args(["desk", "-c"]).arg(setup.config()?).envs(of_desk);
        command.stdin(Stdio::null()).stdout(file).stderr(errors);
        let mut desk = Child::spawn("consent-gate desk", &mut command)?;
        wait::until("the desk answers 200 at /readyz", READY_MAX, PAUSE, || {
            desk.must_run().with_context(|| tail(&log))?;
            let is_ready = http::get(port, "/readyz").is_ok_and(|(status, _)| status == 200);
            Ok(is_ready.then_some(()))
        })?;
        Ok(Self { setup, gate, desk, port, token })
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// Of [`OFFICER`].
    pub(super) fn token(&self) -> &Token {
        &self.token
    }

    /// Waits until so many decisions are in the index.
    pub(super) fn wait_for(&mut self, n_decisions: u64) -> Result<()> {
        let bearer = format!("Authorization: Bearer {}", self.token.expose());
        wait::until("every decision is in the index", READY_MAX, PAUSE, || {
            self.gate.must_run()?;
            let log = self.setup.dir.join("desk.log");
            self.desk.must_run().with_context(|| tail(&log))?;
            let answer = http::send(self.port, "GET /v1/counts?by=outcome", &[&bearer], "");
            let Ok(answer) = answer else { return Ok(None) };
            let counts: serde_json::Value = serde_json::from_str(&answer.body).unwrap_or_default();
            let n = counts.get("n_decisions").and_then(serde_json::Value::as_u64);
            Ok((n == Some(n_decisions)).then_some(()))
        })
    }

    /// The most memory the desk ever had.
    pub(super) fn peak_rss_mib(&self) -> Result<f64> {
        process::peak_rss_mib(self.desk.pid())
    }

    /// Ends both cleanly.
    pub(super) fn close(self, broker: &Broker) -> Result<()> {
        self.desk.stop(STOP_MAX)?;
        self.gate.stop()?;
        self.setup.delete_state()?;
        self.setup.delete_topics(broker)
    }
}

fn tail(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines.get(lines.len().saturating_sub(20)..).unwrap_or_default().join("\n")
}

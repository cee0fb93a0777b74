//! `consent-gate demo`: the real pipeline against librdkafka's mock cluster inside this process.
//!
//! No broker, no Java, no Docker. A cast of people and what must be decided about them is in `cast.rs`; the
//! demo feeds them in, reads the decisions back from the output topics and compares. Then it opts somebody
//! out live and shows the same message blocked.
//!
//! The mock forgets everything at exit and has no real transactions: it exists only in here, and no
//! configuration file can reach it.
#![allow(clippy::print_stdout, reason = "the demo talks to a person")]

mod cast;
mod stage;

use crate::config::{Config, ConfigError};
use crate::service::{RunError, Shutdown, start};
use cast::Scene;
use comfy_table::{Table, presets};
use stage::{Seen, Stage, StageError};
use std::time::{Duration, Instant};

/// How long the decisions may take before the demo gives up.
const PATIENCE: Duration = Duration::from_secs(30);

/// The demo did not work.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// The mock cluster.
    #[error(transparent)]
    Stage(#[from] StageError),
    /// The built-in configuration.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The gate itself.
    #[error(transparent)]
    Run(#[from] RunError),
    /// A file or the runtime.
    #[error("demo: {0}")]
    Io(#[from] std::io::Error),
    /// Decisions differ from the table.
    #[error("{n_different} of {n_all} decisions differ from what is expected")]
    Different {
        /// How many.
        n_different: usize,
        /// Of how many.
        n_all: usize,
    },
}

impl DemoError {
    /// The process's exit code.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Run(error) => error.exit_code(),
            Self::Stage(_) | Self::Config(_) | Self::Io(_) | Self::Different { .. } => 70,
        }
    }
}

/// Plays the cast; with `once` ends there, otherwise serves until a signal.
///
/// # Errors
/// When something fails, or a decision differs from the table.
pub fn run(once: bool) -> Result<(), DemoError> {
    let began = Instant::now();
    println!(
        "consent-gate demo: a Kafka cluster inside this process, the real pipeline, six people.\n"
    );
    let home = Home::new()?;
    let stage = Stage::new()?;
    let config = Config::load(&home.write_config(stage.bootstrap())?)?;
    let scenes = cast::scenes();
    // everything is acknowledged before the gate starts: also Farid's STOP, sent after his message was queued
    for scene in &scenes {
        stage.play(scene)?;
    }
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let shutdown = Shutdown::default();
    crate::service::on_signals(&runtime, &shutdown)?;
    let Some(running) = start(&config, runtime.handle(), shutdown.clone())? else {
        return Ok(());
    };
    let address = running.http_address;
    let waiter =
        std::thread::Builder::new().name("demo-service".into()).spawn(|| running.wait())?;

    let mut audience = stage.audience()?;
    let seen = audience.wait_for(scenes.len(), PATIENCE, &shutdown);
    if let Some(first) = seen.iter().map(|seen| seen.at).min() {
        println!("first decision {:.1} s after the start\n", (first - began).as_secs_f64());
    }
    let mut n_different = show(&scenes, &seen);
    n_different += usize::from(!opt_out_live(&stage, &mut audience, &shutdown)?);
    let n_all = scenes.len() + 1;

    if !once && !shutdown.is_requested() {
        println!("\nThe gate keeps running; Ctrl-C ends it.");
        println!("  ready?    http://{address}/readyz");
        println!("  metrics   http://{address}/metrics");
        println!("  alive?    http://{address}/livez");
    } else {
        shutdown.request();
    }
    // a panic of the service ends the process in the panic hook
    if let Ok(result) = waiter.join() {
        result?;
    }
    if n_different > 0 {
        return Err(DemoError::Different { n_different, n_all });
    }
    println!("\nAll {n_all} decisions are as expected.");
    Ok(())
}

/// Prints the table and returns how many decisions differ.
fn show(scenes: &[Scene], seen: &[Seen]) -> usize {
    let mut table = Table::new();
    table.load_style(presets::UTF8_FULL_CONDENSED);
    table.set_header(["who", "what happened", "message", "expected", "decided", ""]);
    let mut n_different = 0;
    for scene in scenes {
        let decided = seen.iter().find(|seen| seen.message_id == scene.message_id());
        let decided = decided.map_or("nothing", |seen| seen.reason.as_str());
        let is_right = decided == scene.expected;
        n_different += usize::from(!is_right);
        let mark = if is_right { "ok" } else { "DIFFERENT" };
        table.add_row([scene.who, scene.story, scene.message_label, scene.expected, decided, mark]);
    }
    println!("{table}");
    n_different
}

/// Ana's newsletter was approved; she opts out and the very same message is sent again at once.
fn opt_out_live(
    stage: &Stage,
    audience: &mut stage::Audience,
    shutdown: &Shutdown,
) -> Result<bool, DemoError> {
    println!(
        "\nNow live: Ana opts out of e-mail, and the newsletter she got is sent again at once."
    );
    let (opt_out, resend) = cast::live();
    let n_before = audience.n_seen();
    let acknowledged = stage.consent(&opt_out)?;
    let sent = Instant::now();
    stage.message(&resend)?;
    let seen = audience.wait_for(n_before + 1, PATIENCE, shutdown);
    let Some(decided) = seen.get(n_before) else {
        println!("  no decision came");
        return Ok(false);
    };
    println!(
        "  opt-out acknowledged by the broker after {:.1} ms",
        acknowledged.as_secs_f64() * 1e3
    );
    println!(
        "  message decided {:.1} ms after it was sent: {}",
        (decided.at - sent).as_secs_f64() * 1e3,
        decided.reason
    );
    Ok(decided.reason == "blocked.opted_out")
}

/// A directory of the demo's own, removed at the end.
struct Home(std::path::PathBuf);

impl Home {
    fn new() -> std::io::Result<Self> {
        let dir = std::env::temp_dir().join(format!("consent-gate-demo-{}", std::process::id()));
        std::fs::create_dir_all(&dir)?;
        Ok(Self(dir))
    }

    /// The mock cluster answers a fetch only when its wait is over, also when data has come meanwhile: keep
    /// the wait short. (A real broker answers at once.)
    fn write_config(&self, bootstrap: &str) -> std::io::Result<std::path::PathBuf> {
        let path = self.0.join("demo.yaml");
        let state = self.0.join("state");
        let text = format!(
            "instance_id: demo\nlanes: 1\nkafka:\n  bootstrap_servers: {bootstrap}\n\
             \x20 properties: {{fetch.wait.max.ms: 10}}\n\
             state: {{dir: {}, memory_bytes: 67108864}}\nhttp: {{listen: \"127.0.0.1:0\"}}\nlog: {{level: error}}\n",
            state.display()
        );
        std::fs::write(&path, text)?;
        Ok(path)
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            tracing::debug!(%error, "the demo's directory stays");
        }
    }
}

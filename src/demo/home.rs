//! The demo's directory: its configuration, its state, a message to try; and the commands that use them.

use super::cast;
use crate::access::Token;
use std::fs::DirBuilder;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

/// Where `top` looks by itself; taken if nobody else has it.
const HTTP_PORT: u16 = 8080;
/// Names tried for the directory.
const NAMES_MAX: u32 = 16;
const CONFIG_FILE: &str = "demo.yaml";
const DESK_CONFIG_FILE: &str = "desk.yaml";
const TOKENS_FILE: &str = "tokens.yaml";
const TOKEN_FILE: &str = "desk.token";
const MESSAGE_FILE: &str = "message.json";

/// A directory of the demo's own, removed at the end.
pub(super) struct Home(PathBuf);

impl Home {
    /// Makes it, for this user alone.
    pub(super) fn new() -> io::Result<Self> {
        let pid = std::process::id();
        let mut last = io::Error::from(io::ErrorKind::AlreadyExists);
        // one that a killed demo with our number has left, or somebody planted, is left alone
        for n in 0..NAMES_MAX {
            let dir = std::env::temp_dir().join(format!("consent-gate-demo-{pid}-{n}"));
            match DirBuilder::new().mode(crate::files::DIR_MODE).create(&dir) {
                Ok(()) => return Ok(Self(dir)),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    /// The mock cluster answers a fetch only when its wait is over, also when data has come meanwhile: keep
    /// the wait short. (A real broker answers at once.)
    pub(super) fn write_config(&self, bootstrap: &str) -> io::Result<PathBuf> {
        let path = self.0.join(CONFIG_FILE);
        let tokens = self.0.join(TOKENS_FILE);
        let token = Token::random().map_err(io::Error::other)?;
        let line = format!("- {{id: desk, role: officer, hash: \"{}\"}}\n", token.digest().text());
        std::fs::write(&tokens, line)?;
        std::fs::write(self.0.join(TOKEN_FILE), token.expose())?;
        let http =
            format!("{{listen: \"127.0.0.1:{}\", tokens_file: {}}}", free_port(), tokens.display());
        std::fs::write(&path, self.settings(bootstrap) + &format!("http: {http}\n"))?;
        Ok(path)
    }

    /// The same Kafka and state for the desk, which asks the gate at this address.
    pub(super) fn write_desk_config(
        &self,
        bootstrap: &str,
        gate: SocketAddr,
    ) -> io::Result<PathBuf> {
        let path = self.0.join(DESK_CONFIG_FILE);
        let (dir, token) = (self.0.join("desk"), self.0.join(TOKEN_FILE));
        let desk = format!(
            "desk: {{listen: \"127.0.0.1:0\", dir: {}, gates: [\"http://{gate}\"], gate_token_file: {}}}\n",
            dir.display(),
            token.display()
        );
        std::fs::write(&path, self.settings(bootstrap) + &desk)?;
        Ok(path)
    }

    fn settings(&self, bootstrap: &str) -> String {
        let state = self.0.join("state");
        format!(
            "instance_id: demo\nlanes: 1\nkafka:\n  bootstrap_servers: \"{bootstrap}\"\n\
             \x20 properties: {{fetch.wait.max.ms: 10}}\n\
             state: {{dir: {}, memory_bytes: 67108864}}\nlog: {{level: error}}\n",
            state.display()
        )
    }

    /// What to do, and what to paste for it. Writes the message that is among them.
    pub(super) fn lines_to_paste(
        &self,
        bootstrap: &str,
        address: SocketAddr,
    ) -> io::Result<Vec<(&'static str, String)>> {
        let (config, message) = (self.0.join(CONFIG_FILE), self.0.join(MESSAGE_FILE));
        std::fs::write(&message, format!("{:#}\n", cast::sample()))?;
        let (program, config) = (program(), config.display());
        let url = match address.port() {
            HTTP_PORT => String::new(),
            _ => format!(" --url http://{address}"),
        };
        Ok(vec![
            (
                "Every decision as its senders see it, from the first on:",
                format!("{program} tap --from-beginning -c {config}"),
            ),
            ("Rates, reasons, lag and holds on one screen:", format!("{program} top{url}")),
            (
                "A message of your own, to somebody who was never asked, in Python (pip install confluent-kafka):",
                producer(bootstrap, &message),
            ),
        ])
    }
}

fn producer(bootstrap: &str, message: &Path) -> String {
    let message = message.display();
    format!(
        "python3 - <<'END'\n\
         from confluent_kafka import Producer\n\
         producer = Producer({{\"bootstrap.servers\": \"{bootstrap}\"}})\n\
         producer.produce(\"outbound-message\", key=\"zoe\", value=open(\"{message}\").read())\n\
         producer.flush()\n\
         END"
    )
}

/// As it was called, if that leads anywhere from here.
fn program() -> String {
    let called = std::env::args().next().filter(|called| called.contains('/'));
    called.unwrap_or_else(|| "consent-gate".to_owned())
}

fn free_port() -> u16 {
    let is_free = TcpListener::bind((Ipv4Addr::LOCALHOST, HTTP_PORT)).is_ok();
    if is_free { HTTP_PORT } else { 0 }
}

impl Drop for Home {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            tracing::debug!(%error, "the demo's directory stays");
        }
    }
}

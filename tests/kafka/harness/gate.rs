//! The real program: its configuration file, its process, its endpoints, its end.
//!
//! Nothing is known here but the public contract (sections 6, 7 and 9).

use crate::harness::topics::Topics;
use crate::harness::{environment, http, orphans};
use std::collections::HashSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// How long a gate may take to start or stop on a machine that has other things to do.
const PATIENCE: Duration = Duration::from_secs(90);

/// How a gate is configured.
#[derive(Clone, Debug)]
pub(crate) struct Setup {
    pub(crate) program: PathBuf,
    pub(crate) dir: PathBuf,
    pub(crate) instance_id: String,
    pub(crate) lanes: usize,
    pub(crate) bootstrap: String,
    pub(crate) group: String,
    pub(crate) topics: Topics,
    pub(crate) formats: (&'static str, &'static str),
    /// What outputs carry of their decision; all of it, so that it can be compared with the log.
    pub(crate) header: &'static str,
    pub(crate) registry: Option<String>,
    /// A directory of packs; without one the built-in packs.
    pub(crate) policies: Option<PathBuf>,
    pub(crate) properties: Vec<(String, String)>,
    /// Secret properties, each with the file that holds it.
    pub(crate) secrets: Vec<(String, PathBuf)>,
    pub(crate) environment: Vec<(String, String)>,
    /// Sections of the configuration that are not among these.
    pub(crate) more: String,
    /// One for all instances of a group: they share what was approved.
    pub(crate) pepper: PathBuf,
    pub(crate) port: u16,
}

impl Setup {
    /// One instance with two lanes that reads JSON.
    pub(crate) fn new(test: &str, bootstrap: &str, topics: &Topics) -> Self {
        let dir = environment::new_dir(test);
        Self {
            program: environment::gate_program(),
            pepper: dir.join("pepper"),
            policies: None,
            dir,
            instance_id: "gate-1".to_owned(),
            lanes: 2,
            bootstrap: bootstrap.to_owned(),
            group: environment::group_of(&topics.outbound),
            topics: topics.clone(),
            formats: ("json", "json"),
            header: "full",
            registry: None,
            properties: Vec::new(),
            secrets: Vec::new(),
            environment: Vec::new(),
            more: String::new(),
            port: free_port(),
        }
    }

    /// A second instance of the same group, with its own state.
    pub(crate) fn sibling(&self, instance_id: &str) -> Self {
        Self {
            dir: environment::new_dir(instance_id),
            instance_id: instance_id.to_owned(),
            port: free_port(),
            ..self.clone()
        }
    }

    /// Where the state lies.
    pub(crate) fn state_dir(&self) -> PathBuf {
        self.dir.join("state")
    }

    /// Where standard output and standard error go.
    pub(crate) fn log(&self) -> PathBuf {
        self.dir.join("gate.log")
    }

    fn yaml(&self) -> String {
        let t = &self.topics;
        let mut yaml = format!(
            "instance_id: {}\nlanes: {}\nkafka:\n  bootstrap_servers: \"{}\"\n  group_id: {}\n  start_at: earliest\n",
            self.instance_id, self.lanes, self.bootstrap, self.group
        );
        if !self.properties.is_empty() {
            yaml += "  properties:\n";
        }
        for (key, value) in &self.properties {
            writeln!(yaml, "    {key}: \"{value}\"").expect("a string can grow");
        }
        if !self.secrets.is_empty() {
            yaml += "  secrets:\n";
        }
        for (key, file) in &self.secrets {
            writeln!(yaml, "    {key}: \"{}\"", file.display()).expect("a string can grow");
        }
        write!(
            yaml,
            "topics:\n  consent_change: {}\n  outbound_message: {}\n  approved: {}\n  blocked: {}\n  deferred: {}\n  consent_dead_letter: {}\n  consent_review: {}\n  decision_log: {}\n  sent_log: {}\n  policy_sets: {}\n  access_log: {}\n  door_dead_letter: {}\n",
            t.consent_change,
            match t.others.is_empty() {
                true => t.outbound.clone(),
                false => format!("[{}]", t.inputs().join(", ")),
            },
            t.approved,
            t.blocked,
            t.deferred,
            t.dead_letter,
            t.review,
            t.decision_log,
            t.sent_log,
            t.policy_sets,
            t.access_log,
            t.door_dead_letter
        )
        .expect("a string can grow");
        let (consent, message) = self.formats;
        writeln!(yaml, "decisions: {{header: {}}}", self.header).expect("a string can grow");
        writeln!(yaml, "formats: {{consent_change: {consent}, outbound_message: {message}}}")
            .expect("a string can grow");
        if let Some(url) = &self.registry {
            writeln!(yaml, "schema_registry: {{url: \"{url}\"}}").expect("a string can grow");
        }
        if let Some(dir) = &self.policies {
            writeln!(yaml, "policies: {{dir: \"{}\"}}", dir.display()).expect("a string can grow");
        }
        let state = self.state_dir();
        write!(
            yaml,
            "state: {{dir: \"{}\", memory_bytes: 67108864, pepper_file: \"{}\"}}\nhttp: {{listen: \"127.0.0.1:{}\"}}\n",
            state.display(),
            self.pepper.display(),
            self.port
        )
        .expect("a string can grow");
        yaml + &self.more
    }

    /// Writes the configuration file and returns its path.
    pub(crate) fn write(&self) -> PathBuf {
        let path = self.dir.join("gate.yaml");
        std::fs::write(&path, self.yaml()).expect("the configuration can be written");
        path
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.args(arguments).arg("-c").arg(self.write());
        command.current_dir(&self.dir).stdin(Stdio::null());
        command.envs(self.environment.iter().map(|(key, value)| (key, value)));
        command
    }

    /// Runs a command that ends by itself: `doctor`, `topics create`, `consent skip`.
    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        let mut child = self
            .command(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program can be run");
        orphans::add(child.id());
        let pid = child.id();
        let began = Instant::now();
        while child.try_wait().expect("a child can be waited for").is_none() {
            if began.elapsed() > PATIENCE {
                child.kill().ok();
                orphans::remove(pid);
                panic!("`consent-gate {}` does not end", arguments.join(" "));
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        orphans::remove(pid);
        child.wait_with_output().expect("its output can be read")
    }

    /// Starts a command whose output goes to `file` until it is dropped: `tap`.
    pub(crate) fn start(&self, arguments: &[&str], file: &Path) -> Gate {
        let log = std::fs::OpenOptions::new().create(true).append(true).open(file);
        let log = log.expect("the log can be opened");
        let errors = log.try_clone().expect("a file can be shared");
        let child = self.command(arguments).stdout(log).stderr(errors).spawn();
        let child = child.expect("the program can be run");
        orphans::add(child.id());
        Gate { child, setup: self.clone(), log: file.to_owned(), over: false }
    }

    /// Starts the gate.
    pub(crate) fn spawn(&self) -> Gate {
        self.start(&["run"], &self.log())
    }

    /// Starts the gate and waits until `/readyz` says so.
    pub(crate) fn spawn_ready(&self) -> Gate {
        let mut gate = self.spawn();
        gate.wait_ready();
        gate
    }
}

/// A running process of the program.
#[derive(Debug)]
pub(crate) struct Gate {
    child: Child,
    setup: Setup,
    log: PathBuf,
    over: bool,
}

impl Gate {
    /// GET from its HTTP endpoint.
    pub(crate) fn get(&self, path: &str) -> Option<(u16, String)> {
        http::get(self.setup.port, path).ok()
    }

    /// Whether `/readyz` answers 200.
    pub(crate) fn is_ready(&self) -> bool {
        self.get("/readyz").is_some_and(|(status, _)| status == 200)
    }

    /// Waits for `/readyz` to answer 200.
    pub(crate) fn wait_ready(&mut self) {
        let began = Instant::now();
        while !self.is_ready() {
            if let Some(code) = self.exited() {
                panic!("the gate ended with {code:?} instead of getting ready");
            }
            let last = self.get("/readyz");
            assert!(began.elapsed() < PATIENCE, "the gate does not get ready: {last:?}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// The samples of one metric: label text and value.
    pub(crate) fn metric(&self, name: &str) -> Vec<(String, f64)> {
        let text = self.get("/metrics").map_or_else(String::new, |(_, body)| body);
        let samples = text.lines().filter_map(|line| {
            let rest = line.strip_prefix(name)?;
            let (labels, value) = rest.rsplit_once(' ')?;
            let whole_name = labels.is_empty() || labels.starts_with('{');
            Some((labels.to_owned(), value.parse().ok()?)).filter(|_| whole_name)
        });
        samples.collect()
    }

    /// The sum of a metric over its labels.
    pub(crate) fn metric_sum(&self, name: &str) -> f64 {
        self.metric(name).iter().map(|(_, value)| value).sum()
    }

    /// SIGKILL, and waits until the process is gone.
    pub(crate) fn kill(mut self) {
        self.child.kill().expect("a child can be killed");
        self.child.wait().expect("a child can be waited for");
        self.ended();
    }

    /// SIGTERM, and waits; the exit code, `None` when a signal ended it.
    pub(crate) fn terminate(mut self) -> Option<i32> {
        self.signal("TERM");
        self.wait_exit()
    }

    /// Like [`Gate::terminate`], and it must be a clean end.
    pub(crate) fn stop(self) {
        let code = self.terminate_keeping_log();
        assert_eq!(code.0, Some(0), "SIGTERM must end in exit code 0\n{}", code.1);
    }

    fn terminate_keeping_log(self) -> (Option<i32>, String) {
        let log = self.log.clone();
        let code = self.terminate();
        (code, tail(&log))
    }

    /// Waits for the process to end by itself; its exit code.
    pub(crate) fn wait_exit(&mut self) -> Option<i32> {
        let began = Instant::now();
        loop {
            if let Some(code) = self.exited() {
                return code;
            }
            assert!(began.elapsed() < PATIENCE, "the gate does not end");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Whether it has ended, and with which code.
    pub(crate) fn exited(&mut self) -> Option<Option<i32>> {
        let status = self.child.try_wait().expect("a child can be waited for")?;
        self.ended();
        Some(status.code())
    }

    /// Sends STOP, CONT, TERM or HUP.
    pub(crate) fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        let status = Command::new("kill").args(["-s", name, &pid]).status();
        assert!(status.expect("kill can be run").success(), "kill -s {name}");
    }

    /// What it has logged so far.
    pub(crate) fn log_text(&self) -> String {
        std::fs::read(&self.log)
            .map_or_else(|_| String::new(), |b| String::from_utf8_lossy(&b).into_owned())
    }

    fn ended(&mut self) {
        orphans::remove(self.child.id());
        self.over = true;
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        if !self.over && std::thread::panicking() {
            let ready = self.get("/readyz?verbose");
            println!("--- /readyz of {}: {ready:?}", self.setup.instance_id);
        }
        if !self.over {
            self.child.kill().ok();
            self.child.wait().ok();
            self.ended();
        }
        if std::thread::panicking() {
            println!("--- the end of {}\n{}", self.log.display(), tail(&self.log));
        }
    }
}

fn tail(log: &Path) -> String {
    let bytes = std::fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(40)..].join("\n")
}

/// A port that no other test of this process got and nobody listens on. It lies below the range from
/// which the kernel and `scripts/kafka` take theirs, so that it stays free while the gate is down.
pub(crate) fn free_port() -> u16 {
    static GIVEN: Mutex<Option<HashSet<u16>>> = Mutex::new(None);
    let mut given = GIVEN.lock().expect("nobody panics in here");
    let given = given.get_or_insert_with(HashSet::new);
    let start = 12_000 + (std::process::id() % 7_000) as u16;
    let range = (start..19_999).chain(12_000..start);
    for port in range {
        if !given.contains(&port) && std::net::TcpListener::bind(("127.0.0.1", port)).is_ok() {
            given.insert(port);
            return port;
        }
    }
    panic!("no free port between 12000 and 19999");
}

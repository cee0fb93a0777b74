//! Where things are, how large a run is, and how a test says that it cannot run.
//!
//! What a test tells the person in front of the terminal goes straight to standard error, past the
//! capture of the test runner: a skip that nobody sees is a test that nobody runs.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// The program under test.
pub(crate) fn gate_program() -> PathBuf {
    PathBuf::from(env!("CARGO_BIN_EXE_consent-gate"))
}

/// The same program with test-only switches; built with `--features fault-injection`, so it may be absent.
pub(crate) fn faults_program() -> Option<PathBuf> {
    let program = gate_program().with_file_name("consent-gate-faults");
    program.exists().then_some(program)
}

/// A script of the repository.
pub(crate) fn script(name: &str) -> PathBuf {
    repository().join("scripts").join(name)
}

/// The root of the repository.
pub(crate) fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Cargo's target directory: figures and working files go below it.
pub(crate) fn target() -> &'static Path {
    let tmp = Path::new(env!("CARGO_TARGET_TMPDIR"));
    tmp.parent().unwrap_or(tmp)
}

/// The directory of this run; those of runs that are over are removed first.
pub(crate) fn run_dir() -> &'static Path {
    static DIR: OnceLock<PathBuf> = OnceLock::new();
    DIR.get_or_init(|| {
        let parent = Path::new(env!("CARGO_TARGET_TMPDIR"));
        for entry in std::fs::read_dir(parent).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let pid = name.strip_prefix("kafka-").and_then(|p| p.parse().ok());
            if pid.is_some_and(|pid: u32| !Path::new(&format!("/proc/{pid}")).exists()) {
                std::fs::remove_dir_all(entry.path()).ok();
            }
        }
        let dir = parent.join(format!("kafka-{}", std::process::id()));
        std::fs::create_dir_all(&dir).expect("a directory below target/tmp can be made");
        dir
    })
}

/// A new directory for one process of one test.
pub(crate) fn new_dir(name: &str) -> PathBuf {
    static NEXT: AtomicUsize = AtomicUsize::new(1);
    let n = NEXT.fetch_add(1, Ordering::Relaxed);
    let dir = run_dir().join(format!("{n:03}-{name}"));
    std::fs::create_dir_all(&dir).expect("a directory below target/tmp can be made");
    dir
}

/// How many: the number the issue asks for unless `CONSENT_GATE_TEST_<NAME>` says otherwise.
pub(crate) fn count(name: &str, default: usize) -> usize {
    match std::env::var(format!("CONSENT_GATE_TEST_{name}")) {
        Ok(text) => text.parse().expect("CONSENT_GATE_TEST_… takes a number"),
        Err(_) => default,
    }
}

/// A line for the person in front of the terminal.
pub(crate) fn note(text: &str) {
    writeln!(std::io::stderr(), "{text}").ok();
}

/// The consumer group of the gates that read this topic.
pub(crate) fn group_of(outbound_topic: &str) -> String {
    format!("group-{outbound_topic}")
}

/// Says that `test` cannot run; where skipping is not allowed, fails.
pub(crate) fn skip(test: &str, why: &str) {
    note(&format!("skipped: {test}: {why}"));
    assert!(
        std::env::var_os("CONSENT_GATE_TESTS_NO_SKIP").is_none(),
        "skipping is not allowed here: {why}"
    );
}

/// Polls `condition` until it holds. The deadline only guards against waiting for ever: no test
/// passes or fails by how long something took.
pub(crate) fn wait_until(what: &str, deadline: Duration, mut condition: impl FnMut() -> bool) {
    let began = Instant::now();
    while !condition() {
        assert!(began.elapsed() < deadline, "still not so after {deadline:?}: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Waits for `total()` to reach `wanted`; gives up when it has not moved for `patience`.
pub(crate) fn wait_for_progress(
    what: &str,
    wanted: usize,
    patience: Duration,
    mut total: impl FnMut() -> usize,
) {
    let (mut last, mut moved) = (total(), Instant::now());
    while last < wanted {
        std::thread::sleep(Duration::from_millis(10));
        let now = total();
        if now != last {
            (last, moved) = (now, Instant::now());
        }
        assert!(moved.elapsed() < patience, "stuck for {patience:?} at {last} of {wanted}: {what}");
    }
}

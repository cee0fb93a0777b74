//! Processes that the tests start must not outlive them, even when the test runner is killed.
//!
//! A process started by a test is ended by its owner's `Drop`; that covers panics. For the rest one
//! watcher process waits for the test runner to be gone and ends what is still written down, by its id
//! and only while its command line still names this run's directory. Brokers have a watcher of their own
//! (`scripts/kafka start --owner`).

use crate::harness::environment;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

const WATCH: &str = r#"
while kill -0 "$0" 2>/dev/null; do sleep 1; done
for file in "$1"/*; do
  pid=${file##*/}
  case $(tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null) in *"$2"*) kill -9 "$pid" ;; esac
done
"#;

#[allow(clippy::zombie_processes, reason = "the watcher outlives this process, that is its job")]
fn dir() -> &'static PathBuf {
    static DIR: OnceLock<PathBuf> = OnceLock::new();
    DIR.get_or_init(|| {
        let dir = environment::run_dir().join("processes");
        std::fs::create_dir_all(&dir).expect("a directory below target/tmp can be made");
        let watcher = Command::new("setsid")
            .args(["bash", "-c", WATCH])
            .arg(std::process::id().to_string())
            .args([dir.as_path(), environment::run_dir()])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        watcher.expect("setsid and bash can be run");
        dir
    })
}

/// Writes the process down.
pub(crate) fn add(pid: u32) {
    std::fs::write(dir().join(pid.to_string()), "").expect("the process id can be written down");
}

/// The process has ended and was waited for.
pub(crate) fn remove(pid: u32) {
    std::fs::remove_file(dir().join(pid.to_string())).ok();
}

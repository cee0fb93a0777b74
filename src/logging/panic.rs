//! A panic is a broken invariant: it is told without its words, and it ends the process.
//!
//! A panic's message may hold anything, a contact's address included, so only the place in the source
//! is logged. And it must not end one thread only: a gate with a dead lane that still answers its
//! probes is worse than one that restarts from its last commit.

use super::LogFormat;
use crate::exit::ExitCode;
use std::backtrace::{Backtrace, BacktraceStatus};
use std::io::Write as _;
use std::panic::PanicHookInfo;
use std::time::Duration;

/// How long the C libraries' exit handlers may take before the process is aborted.
const EXIT_PATIENCE: Duration = Duration::from_secs(2);

const SENTENCE: &str = "an invariant is broken: the process ends here and starts again from its last commit; \
                        the message is withheld because it may hold personal data";

/// Makes every panic of every thread log its place and end the process with [`ExitCode::Internal`].
pub fn install_panic_hook(format: LogFormat) {
    std::panic::set_hook(Box::new(move |info| {
        // Written by hand: the panic may have come out of the logger itself.
        // If stderr is gone there is nobody left to tell.
        std::io::stderr().write_all(line(format, info).as_bytes()).ok();
        // Exit handlers of RocksDB and librdkafka run while our other threads do; if they hang, abort.
        let watchdog = std::thread::Builder::new().name("exit-watchdog".to_owned());
        watchdog
            .spawn(|| {
                std::thread::sleep(EXIT_PATIENCE);
                std::process::abort();
            })
            .ok();
        crate::exit::now(ExitCode::Internal);
    }));
}

fn line(format: LogFormat, info: &PanicHookInfo<'_>) -> String {
    let place = info.location().map_or_else(
        || "an unknown place".to_owned(),
        |at| format!("{}:{}:{}", at.file(), at.line(), at.column()),
    );
    let current = std::thread::current();
    let thread = current.name().unwrap_or("unnamed");
    // Names of functions and files only; captured when RUST_BACKTRACE asks for it.
    let backtrace = Backtrace::capture();
    let backtrace =
        (backtrace.status() == BacktraceStatus::Captured).then(|| backtrace.to_string());
    match format {
        LogFormat::Json => {
            let line = serde_json::json!({
                "level": "ERROR",
                "target": "consent_gate::panic",
                "message": SENTENCE,
                "place": place,
                "thread": thread,
                "backtrace": backtrace,
            });
            format!("{line}\n")
        }
        LogFormat::Text => {
            let backtrace = backtrace.unwrap_or_default();
            format!("panic at {place} in thread `{thread}`: {SENTENCE}\n{backtrace}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::{Command, Output};

    const CHILD: &str = "CONSENT_GATE_TEST_PANIC";
    const SECRET: &str = "ana@example.com";

    /// The child's half: panics in a thread while main would go on for ever. Alone it does nothing.
    #[test]
    fn child_panics_in_a_thread() {
        let Some(format) = std::env::var_os(CHILD) else {
            return;
        };
        let is_json = format == "json";
        install_panic_hook(if is_json { LogFormat::Json } else { LogFormat::Text });
        let lane = std::thread::Builder::new().name("lane 3".to_owned());
        lane.spawn(|| panic!("cannot send to {SECRET}")).unwrap();
        loop {
            std::thread::park();
        }
    }

    fn run_child(format: &str) -> Output {
        Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "logging::panic::tests::child_panics_in_a_thread", "--nocapture"])
            .env(CHILD, format)
            .env_remove("RUST_BACKTRACE")
            .output()
            .unwrap()
    }

    #[test]
    fn a_panic_in_any_thread_ends_the_process_and_keeps_its_words() {
        for format in ["json", "text"] {
            let output = run_child(format);
            let stderr = String::from_utf8(output.stderr).unwrap();
            assert_eq!(output.status.code(), Some(ExitCode::Internal as i32), "{stderr}");
            assert!(!stderr.contains(SECRET) && !stderr.contains("cannot send"), "{stderr}");
            assert!(stderr.contains("panic.rs:") && stderr.contains("lane 3"), "{stderr}");
            if format == "json" {
                let line: serde_json::Value = serde_json::from_str(stderr.trim()).unwrap();
                assert_eq!(line["thread"], "lane 3");
                assert_eq!(line["level"], "ERROR");
            }
        }
    }
}

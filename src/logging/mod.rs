//! Logs: JSON lines for machines, plain text for a person at a terminal, always on stderr.
//!
//! `RUST_LOG` decides when it is set, otherwise the configured level. Two targets cannot be opened by
//! either: `rdkafka` and `librdkafka` stay at warnings, because at finer levels they print what they
//! carry, and that is personal data.
//!
//! A panic ends the process (`panic.rs`); repeated warnings are thinned out ([`Limited`]).

mod limited;
mod panic;

pub use limited::Limited;
pub use panic::install_panic_hook;

use std::io::IsTerminal as _;
use tracing::{Level, Metadata, Subscriber};
use tracing_subscriber::filter::{EnvFilter, FilterExt as _, filter_fn};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};
use tracing_subscriber::registry::Registry;
use tracing_subscriber::util::SubscriberInitExt as _;

/// Libraries that print what they carry below warnings: records, and the telephone numbers that are read.
const PINNED_TARGETS: [&str; 3] = ["rdkafka", "librdkafka", "rlibphonenumber"];

/// Libraries that only distract below warnings; `RUST_LOG` may name them.
const QUIET: &str = "hyper=warn,hyper_util=warn,reqwest=warn,rustls=warn,h2=warn";

/// What a log line looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// One JSON object a line.
    Json,
    /// For eyes.
    Text,
}

impl LogFormat {
    /// Text when a person watches stderr, JSON otherwise.
    #[must_use]
    pub fn of_stderr() -> Self {
        if std::io::stderr().is_terminal() { Self::Text } else { Self::Json }
    }
}

/// Why logging cannot start.
#[derive(Debug, thiserror::Error)]
pub enum LoggingError {
    /// `RUST_LOG` or the configured level cannot be read.
    #[error(
        "`{directives}` is no log filter ({source}); use a level such as `info`, or `RUST_LOG` syntax"
    )]
    Filter {
        /// As written.
        directives: String,
        /// What is wrong.
        source: tracing_subscriber::filter::ParseError,
    },
    /// Logging was started before.
    #[error("logging is already running; start it once, in main")]
    AlreadyRunning,
}

/// Starts logging to stderr, in `format` or in what suits stderr, and makes panics end the process with
/// [`ExitCode::Internal`](crate::exit::ExitCode::Internal).
///
/// # Errors
/// A filter that cannot be read, or a second call.
pub fn init(configured_level: &str, format: Option<LogFormat>) -> Result<(), LoggingError> {
    let format = format.unwrap_or_else(LogFormat::of_stderr);
    let rust_log = std::env::var("RUST_LOG").ok();
    let subscriber = subscriber(rust_log.as_deref(), configured_level, format, std::io::stderr)?;
    subscriber.try_init().map_err(|_| LoggingError::AlreadyRunning)?;
    install_panic_hook(format);
    Ok(())
}

/// The subscriber, with its writer as a value for tests.
fn subscriber<W>(
    rust_log: Option<&str>,
    configured_level: &str,
    format: LogFormat,
    writer: W,
) -> Result<Box<dyn Subscriber + Send + Sync>, LoggingError>
where
    W: for<'writer> MakeWriter<'writer> + Send + Sync + 'static,
{
    let directives = match rust_log {
        Some(written) if !written.trim().is_empty() => written.to_owned(),
        _ => format!("{configured_level},{QUIET}"),
    };
    let filter = EnvFilter::builder()
        .parse(&directives)
        .map_err(|source| LoggingError::Filter { directives, source })?
        .and(filter_fn(is_allowed));
    let layer = tracing_subscriber::fmt::layer().with_writer(writer);
    Ok(match format {
        LogFormat::Json => {
            let layer = layer.json().flatten_event(true).with_current_span(false);
            Box::new(Registry::default().with(layer.with_span_list(false).with_filter(filter)))
        }
        LogFormat::Text => Box::new(Registry::default().with(layer.with_filter(filter))),
    })
}

/// INVARIANT: no filter setting opens a pinned target below warnings.
fn is_allowed(metadata: &Metadata<'_>) -> bool {
    let module = metadata.target().split("::").next().unwrap_or_default();
    !PINNED_TARGETS.contains(&module) || *metadata.level() <= Level::WARN
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{self, Write};
    use std::sync::{Arc, Mutex};

    #[derive(Clone, Default)]
    struct Captured(Arc<Mutex<Vec<u8>>>);

    impl Write for Captured {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// What is logged under these settings by `events`.
    fn logged(rust_log: Option<&str>, level: &str, format: LogFormat, events: fn()) -> String {
        let captured = Captured::default();
        let writer = captured.clone();
        let subscriber = subscriber(rust_log, level, format, move || writer.clone()).unwrap();
        tracing::subscriber::with_default(subscriber, events);
        let bytes = captured.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    fn kafka_events() {
        tracing::info!(target: "librdkafka", "kafka info");
        tracing::debug!(target: "rdkafka::client", "kafka debug");
        tracing::warn!(target: "librdkafka", "kafka warning");
        tracing::trace!(target: "rlibphonenumber::phonenumberutil", "a number");
        tracing::debug!(target: "rdkafka_lookalike", "not pinned");
    }

    #[test]
    fn no_setting_opens_the_kafka_clients_below_warnings() {
        for rust_log in [None, Some("trace"), Some("librdkafka=trace,rdkafka::client=trace,trace")]
        {
            let text = logged(rust_log, "trace", LogFormat::Json, kafka_events);
            assert!(!text.contains("kafka info") && !text.contains("kafka debug"), "{text}");
            assert!(!text.contains("a number"), "{text}");
            assert!(text.contains("kafka warning") && text.contains("not pinned"), "{text}");
        }
    }

    #[test]
    fn rust_log_stands_above_the_configured_level() {
        let events = || {
            tracing::info!("an info");
            tracing::warn!("a warning");
        };
        assert!(logged(None, "info", LogFormat::Text, events).contains("an info"));
        let text = logged(Some("warn"), "info", LogFormat::Text, events);
        assert!(!text.contains("an info") && text.contains("a warning"));
        assert!(logged(Some(" "), "info", LogFormat::Text, events).contains("an info"));
    }

    #[test]
    fn json_is_one_object_a_line_whatever_the_text_holds() {
        let text = logged(None, "info", LogFormat::Json, || {
            tracing::warn!(partition = 3, "two\nlines \u{1b}[31m and \"quotes\"");
        });
        assert_eq!(text.lines().count(), 1);
        assert!(!text.contains('\u{1b}'));
        let line: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(line["level"], "WARN");
        assert_eq!(line["partition"], 3);
        assert_eq!(line["message"], "two\nlines \u{1b}[31m and \"quotes\"");
        assert!(line["timestamp"].as_str().unwrap().ends_with('Z'));
    }

    #[test]
    fn a_filter_that_cannot_be_read_is_refused_with_its_text() {
        let result = subscriber(Some("info,=="), "info", LogFormat::Json, io::sink);
        let text = result.err().unwrap().to_string();
        assert!(text.contains("`info,==`"), "{text}");
    }
}

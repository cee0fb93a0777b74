//! The exit codes of the process and the one error type of the command line.
//!
//! Supervisors act on these codes (75: restart; 77, 78: do not, tell somebody), so they are public API.

use std::fmt::Display;
use std::io::{self, Write as _};

use crate::config::ConfigError;
use crate::kafka::failure::{Class, KafkaFailure};

/// How the process ends; the numbers are those of BSD's `sysexits.h`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum ExitCode {
    /// All done.
    Clean = 0,
    /// The question was answered, with no: a policy case is decided differently, a gate is not healthy.
    No = 1,
    /// Wrong arguments.
    Usage = 64,
    /// A state that must not occur.
    Internal = 70,
    /// The local disk failed.
    Storage = 74,
    /// Kafka is away, or another instance took over: start again.
    TryAgain = 75,
    /// A password, certificate or ACL.
    Credentials = 77,
    /// The configuration, or a topic that breaks a promise.
    Config = 78,
}

impl ExitCode {
    /// The code of that number; a number that is none of ours is a state that must not occur.
    #[must_use]
    pub fn of(number: u8) -> Self {
        [Self::Clean, Self::Usage, Self::Storage, Self::TryAgain, Self::Credentials, Self::Config]
            .into_iter()
            .find(|code| *code as u8 == number)
            .unwrap_or(Self::Internal)
    }
}

impl From<ExitCode> for std::process::ExitCode {
    fn from(code: ExitCode) -> Self {
        Self::from(code as u8)
    }
}

impl From<Class> for ExitCode {
    fn from(class: Class) -> Self {
        match class {
            Class::TryAgain => Self::TryAgain,
            Class::Internal => Self::Internal,
            Class::Config => Self::Config,
            Class::Credentials => Self::Credentials,
        }
    }
}

/// Why a command ended early.
#[derive(Debug)]
pub struct Failure {
    code: ExitCode,
    /// Empty: everything has been said already.
    message: String,
}

impl Failure {
    /// Ends with `code` and says why.
    pub fn new(code: ExitCode, message: impl Display) -> Self {
        Self { code, message: message.to_string() }
    }

    /// Ends with `code`; the output says everything.
    #[must_use]
    pub fn silent(code: ExitCode) -> Self {
        Self { code, message: String::new() }
    }

    /// The exit code.
    #[must_use]
    pub fn code(&self) -> ExitCode {
        self.code
    }

    /// What is wrong; empty when the output says everything.
    pub(super) fn message(&self) -> &str {
        &self.message
    }

    pub(super) fn report(&self) {
        if !self.message.is_empty() {
            // Nobody is left to tell if standard error is closed as well.
            drop(writeln!(io::stderr(), "consent-gate: {}", self.message));
        }
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        // Problems begin with the file's name, which editors can jump to.
        Self::new(ExitCode::Config, error)
    }
}

impl From<KafkaFailure> for Failure {
    fn from(failure: KafkaFailure) -> Self {
        Self::new(failure.class.into(), failure)
    }
}

impl From<io::Error> for Failure {
    /// Writing to standard output failed; a closed pipe (`consent-gate tap | head`) is a clean end.
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::silent(ExitCode::Clean),
            _ => Self::new(ExitCode::Storage, format!("cannot write to standard output: {error}")),
        }
    }
}

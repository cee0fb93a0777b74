//! The one error of whoever answers people's questions: what went wrong, in which attempt, and the exit code.
//!
//! Below them each error is a type of its own. Here they become [`anyhow::Error`], because nobody branches on them any
//! more: a person reads them, and wants to know what was being done.

use std::fmt::Display;
use std::io::{self, Write as _};

use anyhow::Error;

use super::ExitCode;

/// Why a command ended early.
#[derive(Debug)]
pub struct Failure {
    code: ExitCode,
    /// Nothing: everything has been said already.
    error: Option<Error>,
}

impl Failure {
    /// Ends with `code` and says why.
    pub fn new(code: ExitCode, message: impl Display) -> Self {
        Self { code, error: Some(Error::msg(message.to_string())) }
    }

    /// Ends with `code`; the output says everything.
    #[must_use]
    pub fn silent(code: ExitCode) -> Self {
        Self { code, error: None }
    }

    /// Ends with `code`, and what the error and its causes say.
    pub(crate) fn of(code: ExitCode, error: impl Into<Error>) -> Self {
        Self { code, error: Some(error.into()) }
    }

    /// What was being done when it went wrong.
    #[must_use]
    pub fn context(self, doing: impl Display) -> Self {
        let doing = doing.to_string();
        Self { error: self.error.map(|error| error.context(doing)), ..self }
    }

    /// The exit code.
    #[must_use]
    pub fn code(&self) -> ExitCode {
        self.code
    }

    /// What is wrong; empty when the output says everything.
    pub(crate) fn message(&self) -> String {
        self.error.as_ref().map(chain).unwrap_or_default()
    }

    pub(crate) fn report(&self) {
        if let Some(error) = &self.error {
            // Nobody is left to tell if standard error is closed as well.
            drop(writeln!(io::stderr(), "consent-gate: {}", chain(error)));
        }
    }
}

/// What was being done, and why it failed. An error of ours says its cause itself, which is not said again.
fn chain(error: &Error) -> String {
    let mut text = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if text.is_empty() {
            text = cause;
        } else if !text.contains(&cause) {
            text.push_str(": ");
            text.push_str(&cause);
        }
    }
    text
}

/// From somebody's error to the end of a command.
pub(crate) trait OrFail<T> {
    /// Ends with `code`, and what the error says.
    fn or_fail(self, code: ExitCode) -> Result<T, Failure>;

    /// The same, with what was being done in front.
    fn or_fail_at(self, code: ExitCode, doing: impl FnOnce() -> String) -> Result<T, Failure>;
}

impl<T, E: Into<Error>> OrFail<T> for Result<T, E> {
    fn or_fail(self, code: ExitCode) -> Result<T, Failure> {
        self.map_err(|error| Failure::of(code, error))
    }

    fn or_fail_at(self, code: ExitCode, doing: impl FnOnce() -> String) -> Result<T, Failure> {
        self.or_fail(code).map_err(|failure| failure.context(doing()))
    }
}

impl From<io::Error> for Failure {
    /// Writing to standard output failed; a closed pipe (`consent-gate tap | head`) is a clean end.
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::silent(ExitCode::Clean),
            _ => Self::of(ExitCode::Storage, error).context("cannot write to standard output"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_done_stands_before_why_it_failed() {
        let missing = || io::Error::new(io::ErrorKind::NotFound, "no such file");
        let failed =
            Err::<(), _>(missing()).or_fail_at(ExitCode::Usage, || "cannot read `a`".into());
        let failure = failed.unwrap_err().context("checking packs");
        assert_eq!(failure.message(), "checking packs: cannot read `a`: no such file");
        assert_eq!(failure.code(), ExitCode::Usage);
        // the exit code is that of the error, whatever was being done
        let failure = Failure::silent(ExitCode::No).context("looking");
        assert_eq!((failure.message(), failure.code()), (String::new(), ExitCode::No));
    }
}

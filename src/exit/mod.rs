//! How the process ends. Supervisors act on these codes (75: restart; 77, 78: do not, tell somebody), so they are public
//! API; every room may name one, and this room knows nobody.

mod failure;

pub use failure::Failure;
pub(crate) use failure::OrFail;

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

impl From<ExitCode> for std::process::ExitCode {
    fn from(code: ExitCode) -> Self {
        Self::from(code as u8)
    }
}

/// Ends the process at once, without unwinding.
pub fn now(code: ExitCode) -> ! {
    std::process::exit(i32::from(code as u8))
}

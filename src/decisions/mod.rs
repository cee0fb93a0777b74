//! The decision log as commands read it: which part of it, what an entry says of its decision, and whom it is about.
//!
//! Like any careful sender: committed records, assigned by hand, nothing committed, no group joined.

pub(crate) mod decision;
pub(crate) mod find;
pub(crate) mod lack;
pub(crate) mod place;
pub(crate) mod recipient;
pub(crate) mod stretch;
pub(crate) mod survey;
pub(crate) mod window;

use crate::exit::{ExitCode, Failure};
use crate::kafka::failure::KafkaFailure;
use crate::kafka::scan::ScanError;

/// Which decisions are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Outcome {
    Approved,
    Blocked,
    Deferred,
}

impl Outcome {
    pub(crate) const ALL: [Self; 3] = [Self::Approved, Self::Blocked, Self::Deferred];

    pub(crate) fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.as_str() == name)
    }

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Approved => "approved",
            Self::Blocked => "blocked",
            Self::Deferred => "deferred",
        }
    }
}

/// What came from outside must neither move the cursor nor break a table.
pub(crate) fn one_line(text: &str) -> String {
    const CHARS_MAX: usize = 200;
    text.chars().filter(|c| !c.is_control() && *c != '|').take(CHARS_MAX).collect()
}

/// How a command ends whose scan did not come to its end.
pub(crate) fn scan_failure(error: &ScanError, doing: &str) -> Failure {
    match error {
        ScanError::Kafka(error) => KafkaFailure::new(error, doing).into(),
        ScanError::Native(error) => {
            KafkaFailure::from_code(error.code, doing, Some(&error.text)).into()
        }
        ScanError::Timeout { .. }
        | ScanError::Stalled { .. }
        | ScanError::OffsetLost { .. }
        | ScanError::UnreadableBatch { .. } => {
            Failure::new(ExitCode::TryAgain, format!("{doing}: {error}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_from_outside_stays_in_its_cell() {
        assert_eq!(one_line("a\u{1b}[2J|b\nc"), "a[2Jbc");
        assert_eq!(one_line(&"x".repeat(300)).len(), 200);
    }

    #[test]
    fn a_missing_right_is_no_reason_to_try_again() {
        use crate::kafka::native::NativeError;
        use rdkafka::error::RDKafkaErrorCode as Code;
        let error = NativeError {
            operation: "consume",
            code: Code::TopicAuthorizationFailed,
            text: "said".to_owned(),
            is_fatal: false,
            requires_abort: false,
        };
        let failure = scan_failure(&error.into(), "reading topic `approved`");
        assert_eq!(failure.code(), ExitCode::Credentials);
        let lost = ScanError::OffsetLost { topic: "approved".to_owned(), partition: 3, next: 17 };
        let failure = scan_failure(&lost, "reading topic `approved`");
        assert_eq!(failure.code(), ExitCode::TryAgain);
        let said = format!("{failure:?}");
        assert!(said.contains("`approved` partition 3 offset 17"), "{said}");
    }
}

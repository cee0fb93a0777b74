//! The page of the probe: the made-up person that opts out all day.

use serde::{Deserialize, Serialize};

use crate::chart::rounds::{Plot, Round, plot};
use crate::overview::ProbeState;

/// `GET /probe`
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProbePage {
    /// How it does; `None`: there is no probe.
    pub state: Option<ProbeState>,
    /// What the gate says about it, one sentence; may be empty.
    pub sentence: String,
    /// How often it runs, in seconds.
    pub every_seconds: u64,
    /// How long ago its last answer was, in seconds.
    pub seconds: u64,
    /// Rounds in 24 hours.
    pub rounds: u64,
    /// How long it took from the opt-out to the blocked message in the last round, in milliseconds.
    pub took_ms: Option<u64>,
    /// Messages approved after an opt-out, as far back as days are shown.
    pub violations: u64,
    /// The last rounds, oldest first.
    pub last_rounds: Vec<Round>,
    /// Counts by day, newest first.
    pub days: Vec<ProbeDay>,
    /// The last round.
    pub last: Option<LastRound>,
}

impl ProbePage {
    pub(crate) fn plot(&self) -> Plot {
        plot(&self.last_rounds)
    }
}

/// One day of the probe.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProbeDay {
    /// The day: an instant of it, RFC 3339.
    pub day: String,
    /// Rounds.
    pub rounds: u64,
    /// Passed.
    pub passed: u64,
    /// Without an answer.
    pub unanswered: u64,
    /// Approved after an opt-out.
    pub violated: u64,
}

/// The last round, step by step; times in milliseconds, `None`: not (yet) done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastRound {
    /// When it began, RFC 3339.
    pub at: String,
    /// Into which partition it wrote.
    pub partition: u32,
    /// The opt-in was acknowledged after.
    pub opted_in_ms: Option<u64>,
    /// The first message was approved after.
    pub approved_ms: Option<u64>,
    /// The opt-out was acknowledged after.
    pub opted_out_ms: Option<u64>,
    /// The second message was blocked after.
    pub blocked_ms: Option<u64>,
}

impl LastRound {
    pub(crate) fn steps(&self) -> [(&'static str, &'static str, Option<u64>); 4] {
        [
            ("round-opt-in", "round-acknowledged", self.opted_in_ms),
            ("round-message", "round-approved", self.approved_ms),
            ("round-opt-out", "round-acknowledged", self.opted_out_ms),
            ("round-next", "round-blocked", self.blocked_ms),
        ]
    }
}

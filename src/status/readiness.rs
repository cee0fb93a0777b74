//! The words in which the gate says whether it decides, and if not, why not.

/// A lane's standing in the consumer group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Membership {
    /// Its clients are being made.
    #[default]
    Starting,
    /// It waits for the group to give it partitions.
    Joining,
    /// It knows its partitions.
    Member,
    /// It was put out of the group, or fenced, and starts over.
    Lost,
    /// It ended.
    Stopped,
}

impl Membership {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Joining => "waiting for the consumer group",
            Self::Member => "member of the consumer group",
            Self::Lost => "lost its place in the consumer group and starts over",
            Self::Stopped => "stopped",
        }
    }
}

/// One thing that has to be in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// What is checked: `consent`, `lane 0`, …
    pub name: String,
    /// Whether it is in order.
    pub is_ok: bool,
    /// How it stands.
    pub detail: String,
}

/// The answer of `/readyz`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Readiness {
    /// Everything is in order.
    pub ready: bool,
    /// What is not, one line each.
    pub reasons: Vec<String>,
    /// Everything that was looked at.
    pub checks: Vec<Check>,
}

//! A lane's standing in the consumer group, and the words for it.

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

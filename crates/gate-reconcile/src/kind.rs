//! Words for labels, reports and lines: closed sets, public names.

use crate::entry::Reason;
use crate::frame::Lane;

/// What a statement is, whichever side makes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Kind {
    /// Refused everything.
    Unsubscribe = 1,
    /// Refused a group; here, a purpose.
    Group = 2,
    /// Reported spam.
    Complaint = 3,
    /// The address takes no messages for good.
    HardBounce = 4,
    /// The address cannot exist.
    Invalid = 5,
    /// A message was turned away.
    Block = 6,
    /// Here: an objection (GDPR art. 21).
    Objection = 7,
    /// Here: the operator suppressed.
    Suppression = 8,
    /// Here: the address belonged to somebody who was erased.
    Erasure = 9,
    /// Here: the gate blocks because it cannot judge (a change that was not readable, too many refusals).
    Unjudged = 10,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Unsubscribe,
        Self::Group,
        Self::Complaint,
        Self::HardBounce,
        Self::Invalid,
        Self::Block,
        Self::Objection,
        Self::Suppression,
        Self::Erasure,
        Self::Unjudged,
    ];

    /// The public name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unsubscribe => "unsubscribe",
            Self::Group => "group",
            Self::Complaint => "complaint",
            Self::HardBounce => "hard_bounce",
            Self::Invalid => "invalid",
            Self::Block => "block",
            Self::Objection => "objection",
            Self::Suppression => "suppression",
            Self::Erasure => "erasure",
            Self::Unjudged => "unjudged",
        }
    }

    pub(crate) fn of_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| *kind as u8 == code)
    }

    /// Of an entry in its lane.
    pub(crate) const fn of(reason: Reason, lane: Lane) -> Self {
        match (reason, lane) {
            (Reason::Unsubscribe, Lane::Group(_)) => Self::Group,
            (Reason::Unsubscribe, _) => Self::Unsubscribe,
            (Reason::Complaint, _) => Self::Complaint,
            (Reason::HardBounce, _) => Self::HardBounce,
            (Reason::Invalid, _) => Self::Invalid,
            (Reason::Block, _) => Self::Block,
        }
    }

    /// The reason of an entry there.
    pub(crate) const fn reason(self) -> Option<Reason> {
        match self {
            Self::Unsubscribe | Self::Group => Some(Reason::Unsubscribe),
            Self::Complaint => Some(Reason::Complaint),
            Self::HardBounce => Some(Reason::HardBounce),
            Self::Invalid => Some(Reason::Invalid),
            Self::Block => Some(Reason::Block),
            Self::Objection | Self::Suppression | Self::Erasure | Self::Unjudged => None,
        }
    }
}

/// What became of a statement: each is in exactly one class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// Both sides say it, or the other says more.
    Both,
    /// Only we refuse: the provider would send.
    OnlyHere,
    /// Only the provider refuses: the gate would let pass.
    OnlyThere,
    /// The provider's entry is older than consent that was proven here since: drift, not a refusal.
    Overtaken,
    /// The provider's entry has no time, and consent was proven here: nobody can tell which came first.
    Undated,
    /// The provider's entry says nothing about consent.
    NoRefusal,
}

impl Class {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Both,
        Self::OnlyHere,
        Self::OnlyThere,
        Self::Overtaken,
        Self::Undated,
        Self::NoRefusal,
    ];

    /// The public name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Both => "both",
            Self::OnlyHere => "only_here",
            Self::OnlyThere => "only_there",
            Self::Overtaken => "overtaken",
            Self::Undated => "undated",
            Self::NoRefusal => "no_refusal",
        }
    }

    /// Whether the two sides differ in what may be sent.
    #[must_use]
    pub const fn is_drift(self) -> bool {
        match self {
            Self::Both | Self::NoRefusal => false,
            Self::OnlyHere | Self::OnlyThere | Self::Overtaken | Self::Undated => true,
        }
    }
}

//! An entry of a provider's list, whichever provider's.

use gate_core::Timestamp;
use gate_intake::ListedKind;
use std::fmt;

/// Why an address stands on a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// The person refused everything, or a group.
    Unsubscribe,
    /// The person reported spam.
    Complaint,
    /// The address takes no mail for good. Not a refusal of the person: it closes the address.
    HardBounce,
    /// The address cannot exist. It closes the address as a bounce does.
    Invalid,
    /// A message was turned away for its content or its sender. It says nothing about person or address.
    Block,
}

impl Reason {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Unsubscribe, Self::Complaint, Self::HardBounce, Self::Invalid, Self::Block];

    /// The consent change it is; `None` for what says nothing about consent.
    #[must_use]
    pub const fn listed(self) -> Option<ListedKind> {
        match self {
            Self::Unsubscribe => Some(ListedKind::Unsubscribe),
            Self::Complaint => Some(ListedKind::Complaint),
            Self::HardBounce | Self::Invalid => Some(ListedKind::HardBounce),
            Self::Block => None,
        }
    }
}

/// One entry. `Debug` shows no address.
#[derive(Clone, PartialEq, Eq)]
pub struct Entry {
    /// As the provider writes it. Personal data.
    pub address: Box<str>,
    /// Why it is there.
    pub reason: Reason,
    /// The provider's group, topic or tag; `None`: everything.
    pub group: Option<Box<str>>,
    /// When, as the provider says: of the act or of the report, which no provider tells apart.
    pub at: Option<Timestamp>,
    /// Of a bounce: what the mail server said. May quote the address.
    pub smtp: Option<Box<str>>,
}

impl Entry {
    /// An entry about everything.
    #[must_use]
    pub fn new(address: &str, reason: Reason, at: Option<Timestamp>) -> Self {
        Self { address: address.trim().into(), reason, group: None, at, smtp: None }
    }
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry")
            .field("reason", &self.reason)
            .field("group", &self.group)
            .field("at", &self.at)
            .finish_non_exhaustive()
    }
}

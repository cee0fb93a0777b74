//! What is compared: one source's channel, controller, brand and groups, and the lanes that a statement can be in.
//!
//! A lane is what a provider's list can say of a person: refused everything, refused a group, the address is closed. Both sides
//! are brought into lanes, so that a difference is one in what may be sent, whatever words stand behind it.

use crate::entry::{Entry, Reason};
use crate::limits::GROUPS_MAX;
use crate::problem::ListProblem;
use gate_core::canonical::fold;
use gate_core::{CanonicalAddress, Channel, covers};
use gate_intake::{Provider, Source};
use std::collections::BTreeMap;

/// What a statement is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lane {
    /// All marketing of the brand on the channel, or more.
    Everything,
    /// The address takes nothing.
    Closed,
    /// Refused here in a scope that no group of the provider's means.
    Partial,
    /// On a list that says nothing about consent.
    Blocked,
    /// The group of that number ([`Frame::group`]).
    Group(u16),
}

/// The number of group 0 in stored rows.
const GROUP_CODE: u16 = 16;

impl Lane {
    pub(crate) const fn code(self) -> u16 {
        match self {
            Self::Everything => 0,
            Self::Closed => 1,
            Self::Partial => 2,
            Self::Blocked => 3,
            Self::Group(number) => number.saturating_add(GROUP_CODE),
        }
    }

    /// The group's number, if it is one.
    #[must_use]
    pub const fn group(self) -> Option<u16> {
        match self {
            Self::Group(number) => Some(number),
            Self::Everything | Self::Closed | Self::Partial | Self::Blocked => None,
        }
    }

    pub(crate) fn of_code(code: u16) -> Option<Self> {
        Some(match code {
            0 => Self::Everything,
            1 => Self::Closed,
            2 => Self::Partial,
            3 => Self::Blocked,
            _ => Self::Group(code.checked_sub(GROUP_CODE)?),
        })
    }
}

/// A group, topic or tag of the provider's that means a purpose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// The provider's id.
    pub id: String,
    /// The purpose, canonical.
    pub purpose: String,
    /// Its brand, where it is not the source's; canonical.
    pub brand: Option<String>,
}

/// What is compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// The source's name: in the report and in labels.
    pub source: String,
    /// The channel.
    pub channel: Channel,
    /// The legal entity, canonical.
    pub controller: Option<String>,
    /// The trade name, canonical.
    pub brand: Option<String>,
    /// ISO country that national numbers are read with.
    pub region: Option<String>,
    groups: Vec<Group>,
    numbers: BTreeMap<String, u16>,
}

impl Frame {
    /// Of a source of the door. A provider of text messages is compared on `sms`, another on `email`, unless the source says a
    /// channel.
    ///
    /// # Errors
    /// When the channel is none, or there are too many groups.
    pub fn of(source: &Source) -> Result<Self, ListProblem> {
        let wrong = |key, reason, fix| Err(ListProblem::new(source.name(), key, reason, fix));
        let usual = if *source.provider() == Provider::Twilio { "sms" } else { "email" };
        let name = source.channel().unwrap_or(usual);
        let Some(channel) = Channel::ALL.into_iter().find(|channel| channel.as_str() == name)
        else {
            return wrong("channel", "one channel is compared at a time", "name it in the source");
        };
        let canonical = |text: Option<&str>| text.map(|text| fold(text).into_owned());
        let mut groups: Vec<Group> = Vec::new();
        let mut numbers = BTreeMap::new();
        for (id, scope) in source.groups() {
            // a group without a purpose, or on another channel, is everything of the brand when it is refused
            let is_here = scope.channel.as_deref().is_none_or(|named| named == name);
            let Some(purpose) = canonical(scope.purpose.as_deref()).filter(|_| is_here) else {
                continue;
            };
            let number = match u16::try_from(groups.len()) {
                Ok(number) if groups.len() < GROUPS_MAX => number,
                Ok(_) | Err(_) => {
                    return wrong("groups", "there are too many", "reconcile fewer at a time");
                }
            };
            let brand = canonical(scope.brand.as_deref());
            numbers.insert(id.clone(), number);
            groups.push(Group { id, purpose, brand });
        }
        Ok(Self {
            source: source.name().to_owned(),
            channel,
            controller: canonical(source.controller()),
            brand: canonical(source.brand()),
            region: source.region().map(str::to_owned),
            groups,
            numbers,
        })
    }

    /// The groups, by number.
    pub fn groups(&self) -> impl Iterator<Item = (u16, &Group)> {
        (0..).zip(&self.groups)
    }

    /// The group of that number.
    #[must_use]
    pub fn group(&self, number: u16) -> Option<&Group> {
        self.groups.get(usize::from(number))
    }

    /// Whether a group is of a brand of its own, so that a refusal of all of the source's brand says nothing about it.
    #[must_use]
    pub fn is_foreign(&self, number: u16) -> bool {
        self.group(number).is_some_and(|group| group.brand.is_some() && group.brand != self.brand)
    }

    /// The groups that together are all marketing of the source's brand.
    #[must_use]
    pub fn marketing_groups(&self) -> Vec<u16> {
        let meant = self.groups().filter(|(number, group)| {
            !self.is_foreign(*number) && covers("marketing", &group.purpose)
        });
        meant.map(|(number, _)| number).collect()
    }

    /// The lane of an entry. A group that is not configured is everything (rule 5: a refusal of an unknown scope).
    #[must_use]
    pub fn lane(&self, entry: &Entry) -> Lane {
        match entry.reason {
            Reason::HardBounce | Reason::Invalid => Lane::Closed,
            Reason::Block => Lane::Blocked,
            Reason::Complaint => Lane::Everything,
            Reason::Unsubscribe => {
                let number = entry.group.as_ref().and_then(|id| self.numbers.get(id.as_ref()));
                number.map_or(Lane::Everything, |number| Lane::Group(*number))
            }
        }
    }

    /// The address in the form that is hashed; `None` when it is none of the channel's, so that no person can be found by it.
    #[must_use]
    pub fn canonical(&self, address: &str) -> Option<CanonicalAddress> {
        CanonicalAddress::of_recipient(address, self.channel, self.region.as_deref()).ok()
    }
}

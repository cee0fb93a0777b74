//! The preference page: stop everything, or choose. Nothing is ticked that is not in force, and nothing is turned on here.

use serde::{Deserialize, Serialize};

use crate::channel::Channel;
use crate::effect::Effect;
use crate::link::Link;
use crate::masked::Who;
use crate::when::When;

/// The choices, as the gate sees them. Forms: `save` gets `shown` (every box that was there) and `keep` (those still ticked), and
/// perhaps `ask` (one to turn on by e-mail); `stop` gets `stop=everything`. All carry `csrf`. What was shown and is not kept is
/// refused, whichever button was pressed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PreferencesPage {
    /// Whom it is about.
    pub who: Who,
    /// One for each channel, in order.
    pub groups: Vec<ChoiceGroup>,
    /// Where "stop everything" posts to.
    pub stop: Link,
    /// Where choices post to.
    pub save: Link,
    /// After saving: from when it holds.
    pub saved: Option<Effect>,
}

/// The choices of one channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChoiceGroup {
    /// The channel.
    pub channel: Channel,
    /// One for each purpose, in order.
    pub choices: Vec<Choice>,
}

/// One purpose by one channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Choice {
    /// The purpose's code; its words come from the brand.
    pub purpose: String,
    /// What holds.
    pub state: ChoiceState,
    /// An e-mail can be sent that asks whether to turn it on. Without an approved notice the button is left out all the same.
    pub askable: bool,
}

/// What holds for a purpose by a channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ChoiceState {
    /// It may come: a ticked box.
    On,
    /// It may not: no box.
    Off {
        /// Since when, if anybody said so.
        since: Option<When>,
        /// How it was refused.
        by: OffBy,
    },
    /// Just refused, not in force yet.
    Stopping,
    /// Just refused, in force.
    Stopped,
}

/// How something came to be off, as far as its owner will know it again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum OffBy {
    /// Any way, or none: it was never on.
    Any,
    /// The person answered STOP.
    TextedStop,
}

/// What a box or button of the preference page sends: `email.marketing.newsletter`. Channels have no dot, purposes may.
#[must_use]
pub fn choice_value(channel: Channel, purpose: &str) -> String {
    format!("{}.{purpose}", channel.code())
}

/// Reads it back; `None` for anything else. Whether the brand has that purpose is for the caller to look up.
#[must_use]
pub fn read_choice(value: &str) -> Option<(Channel, &str)> {
    let (channel, purpose) = value.split_once('.')?;
    let channel = Channel::from_code(channel)?;
    (!purpose.is_empty()).then_some((channel, purpose))
}

impl PreferencesPage {
    /// Whether there is a box to clear.
    pub(crate) fn anything_on(&self) -> bool {
        let mut choices = self.groups.iter().flat_map(|group| &group.choices);
        choices.any(|choice| choice.state == ChoiceState::On)
    }
}

/// No gate answers, so nobody can tell what is on: refusing still works.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChoicesAwayPage {
    /// Whom it is about.
    pub who: Who,
    /// Where "stop everything" posts to.
    pub stop: Link,
    /// The page that stops one channel, where the token has one.
    pub unsubscribe: Option<ChannelLink>,
}

/// A channel and the page that stops it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChannelLink {
    /// The channel.
    pub channel: Channel,
    /// Its unsubscribe page.
    pub link: Link,
}

/// After "stop everything": one refusal without channel and purpose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoppedPage {
    /// Whom it is about.
    pub who: Who,
    /// From when.
    pub effect: Effect,
    /// Back to the choices.
    pub preferences: Option<Link>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_is_read_back() {
        for channel in Channel::ALL {
            let value = choice_value(*channel, "marketing.news.weekly");
            assert_eq!(read_choice(&value), Some((*channel, "marketing.news.weekly")));
        }
        for no in ["", "email", "email.", ".x", "fax.x", "Email.x"] {
            assert_eq!(read_choice(no), None, "{no}");
        }
    }
}

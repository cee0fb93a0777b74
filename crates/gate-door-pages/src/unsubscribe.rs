//! The pages behind the link of a message: the question, and the answer after the button (RFC 8058).

use serde::{Deserialize, Serialize};

use crate::channel::Channel;
use crate::effect::Effect;
use crate::link::Link;
use crate::masked::Who;

/// `GET` of the link: changes nothing and says so. Its one button sends `List-Unsubscribe=One-Click` to the same address, without
/// `csrf`, as mail clients do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UnsubscribePage {
    /// Whom the token is about.
    pub who: Who,
    /// The token's channel.
    pub channel: Channel,
    /// The token's purpose, if it names a list; else all marketing by this channel.
    pub purpose: Option<String>,
    /// The link itself: what the form posts to.
    pub action: Link,
    /// The preference page of the same person.
    pub preferences: Option<Link>,
}

/// The answer to the POST, status 200, no redirect; the same for a repeat.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UnsubscribeDonePage {
    /// Whom it is about.
    pub who: Who,
    /// The channel that is stopped.
    pub channel: Channel,
    /// The purpose that is stopped; else all marketing by this channel.
    pub purpose: Option<String>,
    /// From when.
    pub effect: Effect,
    /// The preference page of the same person.
    pub preferences: Option<Link>,
    /// Where "pressed by mistake" posts to (with `csrf`): it sends an e-mail to ask, and grants nothing.
    pub undo: Option<Link>,
}

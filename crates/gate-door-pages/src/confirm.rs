//! Double opt-in: the exact text, and a button. A scanner that opens the link confirms nothing.

use serde::{Deserialize, Serialize};

use crate::asked::AskedText;
use crate::channel::Channel;
use crate::link::Link;
use crate::masked::Who;
use crate::when::When;

/// `GET` of the link in the mail that asks. The button posts to `action` with `csrf`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConfirmPage {
    /// Who is asked.
    pub who: Who,
    /// The channel they would be written to or called on.
    pub channel: Channel,
    /// What for, with the texts of the versions that the request names.
    pub asked: Vec<AskedText>,
    /// When they asked.
    pub asked_at: When,
    /// Until when the link works.
    pub until: When,
    /// Where the button posts to.
    pub action: Link,
}

/// The answer to the POST; status 200, also for a repeat.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConfirmDonePage {
    /// Who has confirmed.
    pub who: Who,
    /// What for.
    pub purposes: Vec<String>,
    /// When.
    pub at: When,
    /// It was confirmed before: since then it may have been refused, so the page does not say what will come.
    pub repeated: bool,
    /// The preference page of the same person.
    pub preferences: Option<Link>,
}

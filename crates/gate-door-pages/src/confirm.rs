//! Double opt-in: the exact text, and a button. A scanner that opens the link confirms nothing.

use serde::{Deserialize, Serialize};

use crate::channel::Channel;
use crate::link::Link;
use crate::masked::Who;
use crate::notice::Notice;
use crate::when::When;

/// `GET` of the link in the mail that asks. The button posts to `action` with `csrf`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConfirmPage {
    /// Who is asked.
    pub who: Who,
    /// The channel they would be written to or called on.
    pub channel: Channel,
    /// What for.
    pub purpose: String,
    /// The approved text, of the version that the request names; shown to the letter.
    pub notice: Notice,
    /// When the form was filled in.
    pub asked: When,
    /// Until when the link works.
    pub until: When,
    /// Where the button posts to.
    pub action: Link,
}

/// The answer to the POST; the same for a repeat.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConfirmDonePage {
    /// Who has confirmed.
    pub who: Who,
    /// What for.
    pub purpose: String,
    /// When.
    pub at: When,
    /// The preference page of the same person.
    pub preferences: Option<Link>,
}

//! Links that do not work, and asking for a new one. Unknown, damaged and foreign tokens look alike; an old one of ours says what
//! it was about, since only its mailbox has it.

use serde::{Deserialize, Serialize};

use crate::asked::AskedText;
use crate::link::Link;
use crate::masked::Who;
use crate::sign_up::SignUpForm;

/// Status 404, whatever is wrong with the token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExpiredPage {
    /// For how many days links to confirm something work.
    pub days: u32,
    /// How to ask again.
    pub ask: AskAgain,
}

/// How one can ask again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum AskAgain {
    /// The link was ours, and its time is over: one button and a new mail to the same mailbox. It posts `again=yes`, `csrf`,
    /// `locale` and a `want` for each text ([`AskedText::value`]) to `action`, the link itself.
    SameMailbox {
        /// Where the button posts to.
        action: Link,
        /// Whose mailbox.
        who: Who,
        /// What for, with the texts that are approved now.
        asked: Vec<AskedText>,
    },
    /// Nobody knows whose link it was: the sign-up form.
    Form(SignUpForm),
    /// The brand has no form.
    No,
}

/// The answer to a form that sends an e-mail; the same whether the address is known or not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinkSentPage {
    /// Refusals of the same form were saved as well: pressing "turn on" beside a cleared box keeps the box cleared.
    pub saved: bool,
}

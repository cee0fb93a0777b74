//! The sign-up form: an address, and a box with its approved text for each purpose. No box is ticked before the person ticks it
//! (CJEU C-673/17, Planet49), and nothing is turned on by the form alone.

use serde::{Deserialize, Serialize};

use crate::asked::AskedText;
use crate::link::Link;

/// The page of the form: status 200, or 422 when something is to be corrected. What was ticked stays ticked; the address is not
/// given back, since pages show no address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignUpPage {
    /// The form.
    pub form: SignUpForm,
    /// What the person has to correct.
    pub wrong: Vec<Wrong>,
}

/// It posts `csrf`, `locale`, `address` and `want` (one for each ticked box, see [`AskedText::value`]) to `action`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignUpForm {
    /// Where the form posts to.
    pub action: Link,
    /// One for each purpose, in order; [`crate::Brand::sign_up_texts`] gives them.
    pub choices: Vec<SignUpChoice>,
}

/// A box of the form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignUpChoice {
    /// What for.
    pub asked: AskedText,
    /// The person has ticked it and something else was wrong.
    pub ticked: bool,
}

/// What a person has to correct.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Wrong {
    /// It is no e-mail address.
    Address,
    /// Nothing is ticked.
    Nothing,
    /// The text beside a box is not approved any more; the page shows the one that is.
    OldText,
}

impl SignUpPage {
    pub(crate) fn is(&self, wrong: Wrong) -> bool {
        self.wrong.contains(&wrong)
    }
}

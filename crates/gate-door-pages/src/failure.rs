//! What is said when something fails: never a false "done", and always a way to refuse that still works.

use serde::{Deserialize, Serialize};

use crate::channel::Channel;
use crate::link::Link;

/// Kafka has not acknowledged: status 503 with `Retry-After`. It says what is not so yet, and shows the same button again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NotSavedPage {
    /// What was not saved.
    pub what: Unsaved,
    /// Where the button posts to: the same address.
    pub action: Link,
    /// What a person can name and the log can find.
    pub reference: String,
}

/// What was not saved, with the fields of its form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Unsaved {
    /// The one-click refusal of a channel.
    OneClick {
        /// The channel.
        channel: Channel,
    },
    /// "Stop everything".
    Everything,
    /// Choices of the preference page.
    Choices {
        /// The boxes that were there.
        shown: Vec<String>,
        /// Those still ticked.
        keep: Vec<String>,
    },
    /// The wish to be asked by e-mail.
    Ask {
        /// The choice, as the button sends it.
        choice: String,
    },
    /// A confirmation.
    Confirmation,
    /// A sign-up form, or the wish for a new link. What was typed is not given back, so `action` leads to the page of the form.
    SignUp,
}

impl Unsaved {
    /// The last part of the id of the sentence that says what is not so yet.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Self::OneClick { channel } => channel.family().word(),
            Self::Everything | Self::Choices { .. } => "all",
            Self::Ask { .. } | Self::SignUp => "ask",
            Self::Confirmation => "confirm",
        }
    }

    /// Whether a letter to the contact address counts as well: it does for refusals.
    pub(crate) fn refuses(&self) -> bool {
        match self {
            Self::OneClick { .. } | Self::Everything | Self::Choices { .. } => true,
            Self::Ask { .. } | Self::Confirmation | Self::SignUp => false,
        }
    }
}

/// Anything else that does not go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ErrorPage {
    /// What.
    pub problem: Problem,
    /// Where one can go on, if there is such a page.
    pub again: Option<Link>,
    /// What a person can name and the log can find; may be empty.
    pub reference: String,
}

/// What does not go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Problem {
    /// The request cannot be read.
    BadRequest,
    /// The form is too old or comes from elsewhere (`csrf`).
    Form,
    /// There is no such page.
    NotFound,
    /// More was sent than any form of ours sends.
    TooLarge,
    /// Too many attempts.
    TooMany {
        /// After how many seconds to try again.
        seconds: u32,
    },
    /// A mistake of ours.
    Internal,
}

impl Problem {
    /// The status of the answer.
    #[must_use]
    pub fn status(self) -> u16 {
        match self {
            Self::BadRequest => 400,
            Self::Form => 403,
            Self::NotFound => 404,
            Self::TooLarge => 413,
            Self::TooMany { .. } => 429,
            Self::Internal => 500,
        }
    }

    /// The last part of the ids of its sentences.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::BadRequest => "request",
            Self::Form => "form",
            Self::NotFound => "page",
            Self::TooLarge => "large",
            Self::TooMany { .. } => "many",
            Self::Internal => "ours",
        }
    }
}

//! What the sign-up form sends, and the button of an expired link: an address, the purposes that were ticked with the texts that
//! stood beside them, the language.
//!
//! ```text
//! csrf=…&locale=en&address=ana%40example.com&want=marketing.newsletter+2026-11&want=marketing.offers+2026-11
//! ```
//! Which text somebody saw is what the form says, and not what the configuration holds now: the caller looks it up by its
//! version, and shows the form anew when it is gone.

use crate::form;
use crate::limits::{ASKED_MAX, SIGN_UP_BODY_BYTES_MAX, SIGN_UP_FIELD_BYTES_MAX};
use crate::mailbox::plain_address;
use crate::request::Request;
use crate::token::Asked;
use std::fmt;

/// A form as it was sent. `Debug` shows nothing of it.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct SignUp {
    /// The field against forged forms.
    pub csrf: String,
    /// The address as it was typed, without blanks around it.
    pub address: String,
    /// The language of the texts.
    pub locale: String,
    /// What was ticked, each once.
    pub asked: Vec<Asked>,
    /// The button of an expired link: another mail to the mailbox of that link, which no field names.
    pub again: bool,
}

impl fmt::Debug for SignUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SignUp(redacted)")
    }
}

/// A form that no page of ours sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignUpError {
    /// Too many bytes.
    #[error(
        "the form has more than {SIGN_UP_BODY_BYTES_MAX} bytes, or a field more than {SIGN_UP_FIELD_BYTES_MAX}"
    )]
    TooLarge,
    /// A field twice that stands there once, a wish without its text, or too many of them.
    #[error(
        "a field is there twice, or `want` is not a purpose, a blank and a version, or is there over {ASKED_MAX} times"
    )]
    Unreadable,
}

/// What the person corrects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignUpFault {
    /// It is no plain e-mail address.
    Address,
    /// Nothing is ticked.
    Nothing,
}

impl SignUp {
    /// Reads the form of a request.
    ///
    /// # Errors
    /// When it is none of ours.
    pub fn read(request: &Request) -> Result<Self, SignUpError> {
        if request.body.len() > SIGN_UP_BODY_BYTES_MAX {
            return Err(SignUpError::TooLarge);
        }
        let mut read = Self::default();
        let mut seen: Vec<String> = Vec::new();
        for (name, value) in form::of_request(request) {
            if value.len() > SIGN_UP_FIELD_BYTES_MAX {
                return Err(SignUpError::TooLarge);
            }
            let place = match name.as_str() {
                "want" => {
                    read.want(&value)?;
                    continue;
                }
                "again" => {
                    read.again = true;
                    continue;
                }
                "csrf" => &mut read.csrf,
                "address" => &mut read.address,
                "locale" => &mut read.locale,
                _ => continue,
            };
            if seen.contains(&name) {
                return Err(SignUpError::Unreadable);
            }
            value.trim().clone_into(place);
            seen.push(name);
        }
        Ok(read)
    }

    fn want(&mut self, value: &str) -> Result<(), SignUpError> {
        let (purpose, version) = value.split_once(' ').ok_or(SignUpError::Unreadable)?;
        let is_version = !version.is_empty() && !version.contains(char::is_whitespace);
        let is_known = self.asked.iter().any(|asked| asked.purpose == purpose);
        if purpose.is_empty() || !is_version || is_known || self.asked.len() == ASKED_MAX {
            return Err(SignUpError::Unreadable);
        }
        let (purpose, notice_version) = (purpose.to_owned(), version.to_owned());
        self.asked.push(Asked { purpose, notice_version, text_sha256: None });
        Ok(())
    }

    /// What the person has to correct, all at once.
    #[must_use]
    pub fn faults(&self) -> Vec<SignUpFault> {
        let address = plain_address(&self.address).is_none().then_some(SignUpFault::Address);
        let nothing = self.asked.is_empty().then_some(SignUpFault::Nothing);
        address.into_iter().chain(nothing).collect()
    }
}

//! Who a person is to the gate: a contact id, an address, and the keyed hashes that stand for them in state.
//!
//! `ContactId` and `Address` hold personal data: their `Debug` is redacted and they have no `Display`,
//! so neither can reach a log, a metric or a panic by accident. `tests/redaction.rs` keeps it so.

use crate::canonical::{fold, is_blank};
use std::borrow::Cow;
use std::fmt;

/// The sender's own identifier of a person, in its canonical form. Personal data.
#[derive(Clone, PartialEq, Eq)]
pub struct ContactId<'a>(Cow<'a, str>);

/// An e-mail address, a phone number, a user id or a push token as written by the source. Personal data.
#[derive(Clone, PartialEq, Eq)]
pub struct Address<'a>(Cow<'a, str>);

impl<'a> ContactId<'a> {
    /// The id in its canonical form ([`fold`]), so that every spelling of it is one person; `None` when nothing
    /// visible was written, which counts as absent.
    ///
    /// Case is folded too: one system writes a UUID in capitals, the next does not, and a refusal must be found by
    /// both. Ids that differ by case alone are one person here.
    #[must_use]
    pub fn new(text: Cow<'a, str>) -> Option<Self> {
        let id = match text {
            Cow::Borrowed(text) => fold(text),
            Cow::Owned(text) => Cow::Owned(fold(&text).into_owned()),
        };
        (!id.is_empty()).then_some(Self(id))
    }

    /// The canonical text, for hashing only.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl<'a> Address<'a> {
    /// Wraps the text as it was written; `None` when nothing visible was, which counts as absent.
    #[must_use]
    pub fn new(text: Cow<'a, str>) -> Option<Self> {
        (!is_blank(&text)).then_some(Self(text))
    }

    /// The text itself, for canonicalisation only.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

macro_rules! redacted {
    ($name:ident) => {
        impl fmt::Debug for $name<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(redacted)"))
            }
        }
    };
}
redacted!(ContactId);
redacted!(Address);

/// The keyed hash under which the state of one contact or one address is kept:
/// `HMAC-SHA256(pepper, kind ‖ canonical id)`, first 16 bytes. Made by the shell, which has the pepper.
/// Personal data for whoever has the pepper, so its `Debug` is redacted too.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SubjectKey(pub [u8; 16]);

impl fmt::Debug for SubjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SubjectKey(redacted)")
    }
}

/// The keyed hash of an event id. It only has to tell apart the events of one subject.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventKey(pub [u8; 8]);

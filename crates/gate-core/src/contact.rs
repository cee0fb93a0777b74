//! Who a person is to the gate: a contact id, an address, and the keyed hashes that stand for them in state.
//!
//! `ContactId` and `Address` hold personal data: their `Debug` is redacted and they have no `Display`,
//! so neither can reach a log, a metric or a panic by accident. `tests/redaction.rs` keeps it so.

use std::borrow::Cow;
use std::fmt;

/// The sender's own identifier of a person. Personal data.
#[derive(Clone, PartialEq, Eq)]
pub struct ContactId<'a>(Cow<'a, str>);

/// An e-mail address, a phone number or an app install id as written by the source. Personal data.
#[derive(Clone, PartialEq, Eq)]
pub struct Address<'a>(Cow<'a, str>);

macro_rules! personal {
    ($name:ident) => {
        impl<'a> $name<'a> {
            /// Wraps the text without surrounding white space, so that ` ben` and `ben` are one person;
            /// `None` when it is blank, which counts as absent.
            #[must_use]
            pub fn new(text: Cow<'a, str>) -> Option<Self> {
                let text = match text {
                    Cow::Borrowed(text) => Cow::Borrowed(text.trim()),
                    Cow::Owned(text) if text.trim().len() == text.len() => Cow::Owned(text),
                    Cow::Owned(text) => Cow::Owned(text.trim().to_owned()),
                };
                (!text.is_empty()).then_some(Self(text))
            }

            /// The text itself, for hashing and canonicalisation only.
            #[must_use]
            pub fn expose(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Debug for $name<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(redacted)"))
            }
        }
    };
}
personal!(ContactId);
personal!(Address);

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

//! Names of senders, purposes and products, and what a sender sends from.

use super::fold;
use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;

/// A controller, brand, purpose, product group or registry in its canonical form ([`fold`]), so that equality is
/// all there is to compare. One that says nothing visible is empty and counts as absent. `Debug` is redacted: a
/// source may put anything here.
#[derive(Clone, PartialEq, Eq)]
pub struct Name<'a>(Cow<'a, str>);

/// The number or name a message is sent from and an answer is sent to, reduced to what identifies it: the
/// letters and digits, in a number written internationally those of its E.164 form. `Debug` is redacted.
#[derive(Clone, PartialEq, Eq)]
pub struct Sender<'a>(Cow<'a, str>);

macro_rules! canonical {
    ($name:ident, $form:path) => {
        impl<'a> $name<'a> {
            /// The canonical form; `None` when nothing visible was written, which counts as absent.
            #[must_use]
            pub fn new(text: Cow<'a, str>) -> Option<Self> {
                let canonical = Self::from(text);
                (!canonical.0.is_empty()).then_some(canonical)
            }

            /// The canonical text.
            #[must_use]
            pub fn into_text(self) -> Cow<'a, str> {
                self.0
            }
        }

        impl<'a> From<Cow<'a, str>> for $name<'a> {
            fn from(text: Cow<'a, str>) -> Self {
                Self(match text {
                    Cow::Borrowed(text) => $form(text),
                    Cow::Owned(text) => {
                        let canonical = $form(&text);
                        if canonical == text.as_str() {
                            Cow::Owned(text)
                        } else {
                            Cow::Owned(canonical.into_owned())
                        }
                    }
                })
            }
        }

        impl<'a> From<&'a str> for $name<'a> {
            fn from(text: &'a str) -> Self {
                Self($form(text))
            }
        }

        impl From<String> for $name<'_> {
            fn from(text: String) -> Self {
                Self::from(Cow::Owned(text))
            }
        }

        impl Deref for $name<'_> {
            type Target = str;

            fn deref(&self) -> &str {
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
canonical!(Name, fold);
canonical!(Sender, super::address::sender);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_name_in_many_spellings() {
        let name = Name::from("Tents\tLtd");
        assert_eq!(name, Name::from(" TENTS\u{a0}Ltd\u{200d}"));
        assert_eq!(&*name, "tents ltd");
        assert_eq!(Name::from(&*name), name);
        assert_eq!(Name::new("\u{200b}".into()), None);
        assert!(matches!(Name::from("acme").0, Cow::Borrowed(_)));
        assert!(!format!("{name:?}").contains("tents"));
    }

    #[test]
    fn one_sender_in_many_spellings() {
        for (written, expected) in [
            ("whatsapp:+447700900002", "447700900002"),
            ("SMS:+44 (0)7700 900002", "447700900002"),
            ("<tel:0044-7700-900002;ext=1>", "447700900002"),
            ("447700900002@s.whatsapp.net", "447700900002"),
            ("\u{202d}07700 900002\u{202c}", "07700900002"),
            ("\u{660}\u{667}\u{667}\u{660}\u{660} 900002", "07700900002"),
            ("1 (800) 555-0199", "18005550199"),
            ("80123", "80123"),
            ("00447700900002", "447700900002"),
            // found by fuzzing
            ("\u{111}00%4*00\u{0}\u{0}0\u{1c}%06\u{0}\u{0}0\u{0}0", "\u{111}0040000600"),
            ("00%4*00 0 %06 0 0", "40000600"),
            ("A.C.M.E", "acme"),
            ("\u{ff21}cme", "acme"),
            ("rcs:acme_agent", "acmeagent"),
            ("- -", ""),
        ] {
            let sender = Sender::from(written);
            assert_eq!(&*sender, expected, "{written}");
            assert_eq!(Sender::from(&*sender), sender, "{written}");
        }
    }
}

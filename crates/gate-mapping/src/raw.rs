//! One value as a producer wrote it, before anybody knows what it means.

use gate_core::canonical::is_blank;
use std::borrow::Cow;
use std::fmt;

/// A value of the producer's record.
#[derive(Clone, Default)]
pub(crate) enum Raw<'a> {
    /// Not there, or null.
    #[default]
    Absent,
    /// Text, or the name of an enum's value.
    Text(Cow<'a, str>),
    /// True or false.
    Flag(bool),
    /// A whole number.
    Whole(i64),
    /// A whole number that no `i64` holds.
    Great(u64),
    /// Any other number.
    Fraction(f64),
    /// The number that a Protobuf field without presence stands for when nobody wrote it.
    Unwritten,
    /// An object or a list.
    Structure,
    /// Something is there, and it is not what the path goes through.
    Elsewhere,
}

impl Raw<'_> {
    /// Not there, null, or a text in which nobody sees anything.
    pub(crate) fn is_absent(&self) -> bool {
        match self {
            Self::Absent => true,
            Self::Text(text) => is_blank(text),
            _ => false,
        }
    }

    /// The same, of no other's bytes.
    pub(crate) fn into_owned<'b>(self) -> Raw<'b> {
        match self {
            Self::Text(text) => Raw::Text(Cow::Owned(text.into_owned())),
            Self::Absent => Raw::Absent,
            Self::Flag(flag) => Raw::Flag(flag),
            Self::Whole(number) => Raw::Whole(number),
            Self::Great(number) => Raw::Great(number),
            Self::Fraction(number) => Raw::Fraction(number),
            Self::Unwritten => Raw::Unwritten,
            Self::Structure => Raw::Structure,
            Self::Elsewhere => Raw::Elsewhere,
        }
    }
}

impl fmt::Debug for Raw<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Raw(redacted)")
    }
}

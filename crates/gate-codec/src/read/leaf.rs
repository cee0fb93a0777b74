//! The leaves: text, flags, instants, dates, keys, and what is only walked over.

use crate::class::Class;
use crate::limits::{At, NUMBER_MAX, Notation};
use crate::time;
use gate_core::Timestamp;
use gate_core::canonical::is_blank;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

/// An optional string, borrowed where the input allows it.
pub(super) struct Text<'p>(pub(super) At<'p>);
/// Like [`Text`]; a whole number of JSON stands for its digits. Zero does not: it is what programs write that know no
/// id, and one id for everybody would join people. Nor does what a double cannot tell from its neighbour.
pub(super) struct Id<'p>(pub(super) At<'p>);
/// Like [`Text`]; a whole number of JSON stands for its digits, and zero counts as absent.
pub(super) struct Version<'p>(pub(super) At<'p>);
/// Like [`Text`]; a boolean stands for `"true"` or `"false"`.
pub(super) struct TextOrFlag<'p>(pub(super) At<'p>);
/// Like [`Text`]; a value of any other type counts as absent: for what the law does not look
/// at, or where absent is the strict reading.
pub(super) struct TextIfAny<'p>(pub(super) At<'p>);
/// The campaign among the attributes of a message, an object of any values.
pub(super) struct Attributes<'p>(pub(super) At<'p>);
/// An optional boolean. Here as below a blank text counts as absent.
pub(super) struct Flag<'p>(pub(super) At<'p>);
/// An optional instant, in the notation of the format.
pub(super) struct Instant<'p>(pub(super) At<'p>);
/// An optional date, in the notation of the format.
pub(super) struct Date<'p>(pub(super) At<'p>);
/// Anything, walked over.
pub(super) struct Skip<'p>(pub(super) At<'p>);
/// A key: its place among these names, or none. Producers keep an order, so the next one is tried first.
pub(super) struct Key<'k> {
    pub(super) names: &'k [&'k str],
    pub(super) next: usize,
}

impl Key<'_> {
    /// A key nobody looks at.
    const CARRIED: Self = Self { names: &[], next: 0 };
}

macro_rules! counted {
    ($($name:ident => $value:ty),* $(,)?) => {$(
        impl<'de> DeserializeSeed<'de> for $name<'_> {
            type Value = $value;

            fn deserialize<D: Deserializer<'de>>(self, input: D) -> Result<$value, D::Error> {
                self.0.progress.enter(self.0.depth)?;
                input.deserialize_any(self)
            }
        }
    )*};
}
counted! {
    Text => Option<Cow<'de, str>>,
    Id => Option<Cow<'de, str>>,
    Version => Option<Cow<'de, str>>,
    TextOrFlag => Option<Cow<'de, str>>,
    TextIfAny => Option<Cow<'de, str>>,
    Attributes => Option<Cow<'de, str>>,
    Flag => Option<bool>,
    Instant => Option<Timestamp>,
    Date => Option<i32>,
    Skip => (),
}

macro_rules! optional {
    ($expecting:literal) => {
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str($expecting)
        }

        fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
            Ok(None)
        }
    };
}

impl<'de> Visitor<'de> for Text<'_> {
    type Value = Option<Cow<'de, str>>;

    optional!("a string");

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Some(Cow::Borrowed(text)))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Some(known(text)))
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Self::Value, E> {
        Ok(Some(Cow::Owned(text)))
    }
}

/// Text as [`Text`] reads it.
macro_rules! as_text {
    () => {
        fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
            Text(self.0).visit_borrowed_str(text)
        }

        fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
            Text(self.0).visit_str(text)
        }

        fn visit_string<E: Error>(self, text: String) -> Result<Self::Value, E> {
            Text(self.0).visit_string(text)
        }
    };
}

impl<'de> Visitor<'de> for Id<'_> {
    type Value = Option<Cow<'de, str>>;

    optional!("a string or a whole number");
    as_text!();

    fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
        match digits(self.0, number)? {
            None => Err(self.0.progress.fail(Class::InvalidValue)),
            id => Ok(id),
        }
    }
}

impl<'de> Visitor<'de> for Version<'_> {
    type Value = Option<Cow<'de, str>>;

    optional!("a string or a whole number");
    as_text!();

    fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
        digits(self.0, number)
    }
}

/// The digits of a number of JSON; `None` of zero.
fn digits<'a, E: Error>(at: At<'_>, number: u64) -> Result<Option<Cow<'a, str>>, E> {
    if at.progress.notation != Notation::Text {
        return Err(at.progress.fail(Class::WrongType));
    }
    if number > NUMBER_MAX {
        return Err(at.progress.fail(Class::InvalidValue));
    }
    Ok((number > 0).then(|| Cow::Owned(number.to_string())))
}

impl<'de> Visitor<'de> for TextOrFlag<'_> {
    type Value = Option<Cow<'de, str>>;

    optional!("a string or a boolean");

    fn visit_bool<E: Error>(self, flag: bool) -> Result<Self::Value, E> {
        Ok(Some(Cow::Borrowed(if flag { "true" } else { "false" })))
    }

    as_text!();
}

macro_rules! absent {
    ($($visit:ident: $value:ty),* $(,)?) => {$(
        fn $visit<E: Error>(self, _: $value) -> Result<Self::Value, E> {
            Ok(None)
        }
    )*};
}

impl<'de> Visitor<'de> for TextIfAny<'_> {
    type Value = Option<Cow<'de, str>>;

    optional!("any value");

    absent! {
        visit_bool: bool, visit_i64: i64, visit_i128: i128, visit_u64: u64, visit_u128: u128,
        visit_f64: f64, visit_bytes: &[u8],
    }

    as_text!();

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Self::Value, A::Error> {
        Skip(self.0).visit_seq(items).map(|()| None)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        Skip(self.0).visit_map(map).map(|()| None)
    }
}

/// Attributes are carried: only the campaign is looked for, and nothing in them makes a message unreadable. One that is
/// named twice is none.
impl<'de> Visitor<'de> for Attributes<'_> {
    type Value = Option<Cow<'de, str>>;

    optional!("any value");

    absent! {
        visit_bool: bool, visit_i64: i64, visit_i128: i128, visit_u64: u64, visit_u128: u128,
        visit_f64: f64, visit_bytes: &[u8], visit_str: &str,
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Self::Value, A::Error> {
        Skip(self.0).visit_seq(items).map(|()| None)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let at = self.0.inside();
        let names = &[at.progress.campaign];
        let (mut campaign, mut n_named) = (None, 0);
        while let Some(index) = map.next_key_seed(Key { names, next: 0 })? {
            match index {
                Some(_) => {
                    campaign = map.next_value_seed(TextIfAny(at))?;
                    n_named += 1;
                }
                None => map.next_value_seed(Skip(at))?,
            }
        }
        Ok(campaign.filter(|_| n_named == 1))
    }
}

impl<'de> Visitor<'de> for Flag<'_> {
    type Value = Option<bool>;

    optional!("a boolean");

    fn visit_bool<E: Error>(self, flag: bool) -> Result<Self::Value, E> {
        Ok(Some(flag))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        if is_blank(text) { Ok(None) } else { Err(self.0.progress.fail(Class::WrongType)) }
    }
}

/// A time as text, which only JSON writes; blank is none.
fn written<T, E: Error>(
    at: At<'_>,
    text: &str,
    read: impl FnOnce(&str) -> Option<T>,
) -> Result<Option<T>, E> {
    if is_blank(text) {
        return Ok(None);
    }
    if at.progress.notation != Notation::Text {
        return Err(at.progress.fail(Class::WrongType));
    }
    read(text).map(Some).ok_or_else(|| at.progress.fail(Class::BadTimestamp))
}

impl<'de> Visitor<'de> for Instant<'_> {
    type Value = Option<Timestamp>;

    optional!("an instant");

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        written(self.0, text, time::parse_instant)
    }

    /// Microseconds in Avro, where the schema says so; milliseconds in JSON, where only the size can.
    fn visit_i64<E: Error>(self, number: i64) -> Result<Self::Value, E> {
        let progress = self.0.progress;
        let read = match progress.notation {
            Notation::Number => time::instant(number),
            Notation::Text => time::epoch_millis(number),
        };
        read.map(Some).ok_or_else(|| progress.fail(Class::BadTimestamp))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
        self.visit_i64(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

impl<'de> Visitor<'de> for Date<'_> {
    type Value = Option<i32>;

    optional!("a date");

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        written(self.0, text, time::parse_date)
    }

    fn visit_i64<E: Error>(self, days: i64) -> Result<Self::Value, E> {
        let progress = self.0.progress;
        if progress.notation != Notation::Number {
            return Err(progress.fail(Class::WrongType));
        }
        let read = time::days(days).map(Some);
        read.ok_or_else(|| progress.fail(Class::BadTimestamp))
    }
}

impl<'de> DeserializeSeed<'de> for Key<'_> {
    type Value = Option<usize>;

    fn deserialize<D: Deserializer<'de>>(self, input: D) -> Result<Self::Value, D::Error> {
        input.deserialize_str(self)
    }
}

impl Visitor<'_> for Key<'_> {
    type Value = Option<usize>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a field name")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Self::Value, E> {
        if self.names.get(self.next) == Some(&name) {
            return Ok(Some(self.next));
        }
        Ok(self.names.iter().position(|known| *known == name))
    }
}

macro_rules! skipped {
    ($($visit:ident: $value:ty),* $(,)?) => {$(
        fn $visit<E: Error>(self, _: $value) -> Result<(), E> {
            Ok(())
        }
    )*};
}

impl<'de> Visitor<'de> for Skip<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    skipped! {
        visit_bool: bool, visit_i64: i64, visit_i128: i128, visit_u64: u64, visit_u128: u128,
        visit_f64: f64, visit_str: &str, visit_bytes: &[u8],
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        while items.next_element_seed(Skip(self.0.inside()))?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let progress = self.0.progress;
        if !progress.strict_maps {
            while map.next_key_seed(Key::CARRIED)?.is_some() {
                map.next_value_seed(Skip(self.0.inside()))?;
            }
            return Ok(());
        }
        let mut seen = HashSet::new();
        while let Some(key) = map.next_key::<String>()? {
            if !seen.insert(key) {
                return Err(progress.fail(Class::DuplicateKey));
            }
            map.next_value_seed(Skip(self.0.inside()))?;
        }
        Ok(())
    }
}

/// Text that cannot be borrowed from the input. Avro hands out the symbols of an enum this way; ours are
/// known, and cost no allocation.
fn known<'a>(text: &str) -> Cow<'a, str> {
    let symbol = gate_core::Action::parse(text)
        .map(gate_core::Action::as_str)
        .or_else(|| gate_core::Channel::parse(text).map(gate_core::Channel::as_str))
        .or_else(|| gate_core::Basis::parse(text).map(gate_core::Basis::as_str))
        .or_else(|| {
            gate_core::RelationshipKind::parse(text).map(gate_core::RelationshipKind::as_str)
        });
    symbol.map_or_else(|| Cow::Owned(text.to_owned()), Cow::Borrowed)
}

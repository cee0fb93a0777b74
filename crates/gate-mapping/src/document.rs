//! A value before anything is looked for in it: JSON text, the text of a key or a header, and their bounds.

use crate::budget::Budget;
use crate::capture::{Capture, Found, class_of_json};
use crate::raw::Raw;
use crate::tree::Tree;
use gate_codec::{Class, Unreadable, VALUE_BYTES_MAX};
use gate_core::canonical::is_blank;
use serde::de::DeserializeSeed;
use std::borrow::Cow;

/// Longest key or header that is looked at, in bytes.
pub(crate) const ORIGIN_BYTES_MAX: usize = gate_codec::KEY_BYTES_MAX;

/// Text of a key or a header; what is none is something else.
pub(crate) fn text_of(bytes: &[u8]) -> Raw<'_> {
    let text = Some(bytes).filter(|bytes| bytes.len() <= ORIGIN_BYTES_MAX);
    let text = text.and_then(|bytes| std::str::from_utf8(bytes).ok());
    match text {
        Some(text) if is_blank(text) => Raw::Absent,
        Some(text) if !text.contains(char::is_control) => Raw::Text(Cow::Borrowed(text)),
        _ => Raw::Elsewhere,
    }
}

/// Reads one JSON object, or the list an `each` goes through.
pub(crate) fn json<'a>(
    tree: &'a Tree,
    bytes: &'a [u8],
    found: &mut Found<'a>,
) -> Result<(), Unreadable> {
    let text = std::str::from_utf8(bytes).map_err(|_| Class::BadUtf8)?;
    let budget = Budget::default();
    let mut input = serde_json::Deserializer::from_str(text);
    let seed = Capture::root(tree, &budget, found);
    seed.deserialize(&mut input).map_err(|error| budget.why(|| class_of_json(&error)))?;
    input.end().map_err(|_| Class::TrailingBytes)?;
    match text.trim_ascii_start().as_bytes().first() {
        Some(b'{') => Ok(()),
        Some(b'[') if tree.each.is_some() => Ok(()),
        Some(b'[') => Err(Class::Array.into()),
        _ => Err(Class::WrongType.into()),
    }
}

/// The bytes of a value, if there are any and not too many.
pub(crate) fn within_limits(value: Option<&[u8]>) -> Result<&[u8], Class> {
    match value {
        None => Err(Class::NullValue),
        Some([]) => Err(Class::EmptyValue),
        Some(bytes) if bytes.len() > VALUE_BYTES_MAX => Err(Class::TooLarge),
        Some(bytes) => Ok(bytes),
    }
}

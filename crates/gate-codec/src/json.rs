//! JSON text to records. One pass, borrowing strings from the input.
//!
//! Refused: a byte order mark, invalid UTF-8 anywhere, anything after the value, a repeated key in an object
//! that is read, numbers no double can hold.

use crate::class::{Class, Unreadable};
use crate::limits::{Notation, Progress};
use crate::read::{Fields, Object, WhoRecord};
use serde::de::DeserializeSeed;
use serde_json::error::Category;

/// Reads one JSON object.
pub(super) fn read<'a, T: Fields<'a>>(value: &'a [u8], campaign: &str) -> Result<T, Unreadable> {
    let text = std::str::from_utf8(value).map_err(|_| Class::BadUtf8)?;
    let progress = Progress::new(Notation::Text, campaign);
    let why = |error: &serde_json::Error| {
        progress.why(|| match error.classify() {
            Category::Eof => Class::Truncated,
            Category::Data => Class::WrongType,
            Category::Syntax | Category::Io => Class::Malformed,
        })
    };
    let mut input = serde_json::Deserializer::from_str(text);
    let mut record = None;
    Object::root(&progress, &mut record).deserialize(&mut input).map_err(|error| why(&error))?;
    input.end().map_err(|_| Class::TrailingBytes)?;
    Ok(record.ok_or(Class::WrongType)?)
}

/// Who a change is about, although it cannot be read: only when the text is a whole JSON object that names
/// each of these fields at most once and as a string.
pub(super) fn who(value: &[u8]) -> Option<WhoRecord<'_>> {
    read(value, "").ok()
}

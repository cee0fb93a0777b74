//! Answers in JSON, read item by item. Errors name a pointer and never a value; serde's own would quote one.

use crate::problem::ListProblem;
use gate_core::Timestamp;
use serde_json::Value;
use serde_json::value::RawValue;

const SHAPE: &str = "the provider's format may have changed: nothing was compared; read the list from an export, and report it";

/// Part of an answer, and where it stands.
pub(crate) struct At<'l> {
    pub(crate) list: &'l str,
    pub(crate) pointer: String,
}

impl<'l> At<'l> {
    pub(crate) fn top(list: &'l str) -> Self {
        Self { list, pointer: String::new() }
    }

    pub(crate) fn below(&self, name: &str) -> Self {
        Self { list: self.list, pointer: format!("{}/{name}", self.pointer) }
    }

    pub(crate) fn wrong(&self, reason: &'static str) -> ListProblem {
        ListProblem::new(self.list, self.pointer.clone(), reason, SHAPE)
    }
}

/// The answer as one value.
pub(crate) fn value(at: &At<'_>, body: &[u8]) -> Result<Value, ListProblem> {
    serde_json::from_slice(body).map_err(|_| at.wrong("it is no JSON"))
}

/// The elements of a list, not yet read: a whole list of millions costs its bytes and two words an element.
pub(crate) fn elements<'b>(at: &At<'_>, body: &'b [u8]) -> Result<Vec<&'b RawValue>, ListProblem> {
    serde_json::from_slice(body).map_err(|_| at.wrong("it is no list in JSON"))
}

/// A member that is a list.
pub(crate) fn list<'v>(
    at: &At<'_>,
    value: &'v Value,
    name: &str,
) -> Result<&'v Vec<Value>, ListProblem> {
    value.get(name).and_then(Value::as_array).ok_or_else(|| at.below(name).wrong("it is no list"))
}

/// A member that is a text with something in it.
pub(crate) fn text<'v>(at: &At<'_>, value: &'v Value, name: &str) -> Result<&'v str, ListProblem> {
    let found = value.get(name).and_then(Value::as_str).map(str::trim);
    found.filter(|text| !text.is_empty()).ok_or_else(|| at.below(name).wrong("it is no text"))
}

/// A member that is a text, if it is there.
pub(crate) fn optional<'v>(value: &'v Value, name: &str) -> Option<&'v str> {
    value.get(name)?.as_str().map(str::trim).filter(|text| !text.is_empty())
}

/// A text, or a number as text.
pub(crate) fn scalar(value: &Value, name: &str) -> Option<String> {
    match value.get(name)? {
        Value::Number(number) => Some(number.to_string()),
        Value::String(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// A time. One that is missing is none; one that cannot be read is an error, for it decides what is overtaken.
pub(crate) fn time(
    at: &At<'_>,
    value: &Value,
    name: &str,
) -> Result<Option<Timestamp>, ListProblem> {
    match value.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(written) => match crate::time::value(written) {
            Some(time) => Ok(Some(time)),
            None => Err(at.below(name).wrong("it is no time")),
        },
    }
}

//! JSON from strangers: bounded in depth and number, each name once, and the bytes of every item kept for the dead letter.
//!
//! A name that stands twice makes its item unreadable and no other: custom arguments of SendGrid are merged into the top level
//! and can shadow `email` or `event`, and nobody knows which reader takes which.

use crate::limits::{ITEMS_MAX, JSON_DEPTH_MAX};
use crate::outcome::{ProblemClass, Refusal};
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Number, Value};
use std::fmt;

/// What stands where a name is written twice.
const DUPLICATE: &str = "duplicate name";

/// One item of a request.
pub(crate) struct Item {
    /// Its place, from 0.
    pub(crate) index: usize,
    /// JSON pointer to it.
    pub(crate) pointer: String,
    /// Its bytes.
    pub(crate) raw: Vec<u8>,
    /// What it says, or what is wrong with it.
    pub(crate) value: Result<Value, ProblemClass>,
}

/// The items of a body: those of an array, or the one value.
pub(crate) fn items(body: &[u8]) -> Result<Vec<Item>, Refusal> {
    let text = readable(body)?;
    if !text.trim_start().starts_with('[') {
        let raw: &RawValue = serde_json::from_str(text).map_err(|_| Refusal::Unreadable)?;
        return Ok(vec![item(0, String::new(), raw.get())]);
    }
    let Bounded(raws) = serde_json::from_str(text).map_err(|error| {
        let is_long = error.to_string().starts_with(TOO_MANY);
        if is_long { Refusal::TooLarge } else { Refusal::Unreadable }
    })?;
    Ok(raws.iter().enumerate().map(|(at, raw)| item(at, format!("/{at}"), raw.get())).collect())
}

/// The items of newline-delimited JSON; blank lines are none.
pub(crate) fn lines(body: &[u8]) -> Result<Vec<Item>, Refusal> {
    let text = std::str::from_utf8(body).map_err(|_| Refusal::Unreadable)?;
    let found: Vec<&str> =
        text.lines().map(str::trim).filter(|line| !line.is_empty()).take(ITEMS_MAX + 1).collect();
    if found.len() > ITEMS_MAX {
        return Err(Refusal::TooLarge);
    }
    let each = found.iter().enumerate();
    Ok(each.map(|(at, line)| item(at, format!("/{at}"), line)).collect())
}

/// One value, strictly.
pub(crate) fn value(body: &[u8]) -> Result<Value, ProblemClass> {
    let text = readable(body).map_err(|_| ProblemClass::Unreadable)?;
    strict(text)
}

fn item(index: usize, pointer: String, raw: &str) -> Item {
    let value = if is_deep(raw.as_bytes()) { Err(ProblemClass::Unreadable) } else { strict(raw) };
    Item { index, pointer, raw: raw.as_bytes().to_vec(), value }
}

fn readable(body: &[u8]) -> Result<&str, Refusal> {
    let text = std::str::from_utf8(body).map_err(|_| Refusal::Unreadable)?;
    if is_deep(body) { Err(Refusal::Unreadable) } else { Ok(text) }
}

fn strict(text: &str) -> Result<Value, ProblemClass> {
    let mut input = serde_json::Deserializer::from_str(text);
    let value = Strict.deserialize(&mut input).and_then(|value| input.end().map(|()| value));
    value.map_err(|error| {
        let is_twice = error.to_string().starts_with(DUPLICATE);
        if is_twice { ProblemClass::DuplicateKey } else { ProblemClass::Unreadable }
    })
}

/// Whether brackets nest deeper than the bound, without parsing.
fn is_deep(bytes: &[u8]) -> bool {
    let (mut depth, mut is_text, mut is_escaped) = (0_usize, false, false);
    for byte in bytes {
        if is_text {
            match byte {
                _ if is_escaped => is_escaped = false,
                b'\\' => is_escaped = true,
                b'"' => is_text = false,
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => is_text = true,
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > JSON_DEPTH_MAX {
            return true;
        }
    }
    false
}

const TOO_MANY: &str = "too many items";

/// The raw elements of an array, not more than the bound.
struct Bounded(Vec<Box<RawValue>>);

impl<'de> serde::Deserialize<'de> for Bounded {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        struct Elements;
        impl<'de> Visitor<'de> for Elements {
            type Value = Bounded;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Bounded, A::Error> {
                let mut raws = Vec::new();
                while let Some(raw) = seq.next_element()? {
                    if raws.len() == ITEMS_MAX {
                        return Err(A::Error::custom(TOO_MANY));
                    }
                    raws.push(raw);
                }
                Ok(Bounded(raws))
            }
        }
        input.deserialize_seq(Elements)
    }
}

/// Any value in which every object names each key once.
struct Strict;

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;
    fn deserialize<D: Deserializer<'de>>(self, input: D) -> Result<Value, D::Error> {
        input.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("no such number"))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Value, E> {
        Ok(text.into())
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Value, E> {
        Ok(text.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut all = Vec::new();
        while let Some(value) = seq.next_element_seed(Self)? {
            all.push(value);
        }
        Ok(Value::Array(all))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut all = Map::new();
        while let Some(key) = map.next_key::<String>()? {
            let value = map.next_value_seed(Self)?;
            if all.insert(key, value).is_some() {
                return Err(A::Error::custom(DUPLICATE));
            }
        }
        Ok(Value::Object(all))
    }
}

/// What stands at a JSON pointer.
pub(crate) fn at<'v>(value: &'v Value, pointer: &str) -> Option<&'v Value> {
    value.pointer(pointer).filter(|found| !found.is_null())
}

/// A text that is not blank.
pub(crate) fn text<'v>(value: &'v Value, pointer: &str) -> Option<&'v str> {
    at(value, pointer)?.as_str().map(str::trim).filter(|text| !text.is_empty())
}

/// A text, or a number or truth value as text.
pub(crate) fn scalar(value: &Value, pointer: &str) -> Option<String> {
    match at(value, pointer)? {
        Value::String(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

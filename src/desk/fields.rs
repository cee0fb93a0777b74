//! What somebody asks by: the fields of a form, of a query or of a JSON object, all texts, each once and each known.
//!
//! INVARIANT: no complaint repeats a value; a name is repeated only if it reads like one.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};

use crate::answers::{Problem, ProblemKind};

/// Longest text of a field, in bytes.
pub(super) const FIELD_BYTES_MAX: usize = 8_192;
/// Fields of one request.
const FIELDS_MAX: usize = 64;
/// Longest name that is repeated.
const NAME_BYTES_MAX: usize = 40;

/// The fields.
#[derive(Clone, Default, PartialEq, Eq)]
pub(super) struct Fields(BTreeMap<String, String>);

impl fmt::Debug for Fields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Fields([redacted])")
    }
}

impl Fields {
    /// Of a query or a form.
    ///
    /// # Errors
    /// One stands there twice, or is too long.
    pub(super) fn of_form(text: &[u8]) -> Result<Self, Problem> {
        let mut fields = Self::default();
        for (name, value) in form_urlencoded::parse(text) {
            fields.add(&name, value.into_owned())?;
        }
        Ok(fields)
    }

    /// Of a JSON object of texts.
    ///
    /// # Errors
    /// It is none.
    pub(super) fn of_json(body: &[u8]) -> Result<Self, Problem> {
        let Pairs(members) = serde_json::from_slice(body).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            let detail = format!("the body is no JSON object (line {line}, column {column})");
            Problem::new(ProblemKind::Malformed, detail)
        })?;
        let mut fields = Self::default();
        for (name, value) in members {
            let value = match value {
                serde_json::Value::String(text) => text,
                serde_json::Value::Null => continue,
                serde_json::Value::Number(number) => number.to_string(),
                serde_json::Value::Bool(_)
                | serde_json::Value::Array(_)
                | serde_json::Value::Object(_) => {
                    return Err(Problem::malformed(pointer(&name), "must be a text"));
                }
            };
            fields.add(&name, value)?;
        }
        Ok(fields)
    }

    fn add(&mut self, name: &str, value: String) -> Result<(), Problem> {
        if value.len() > FIELD_BYTES_MAX {
            let detail = format!("is longer than {FIELD_BYTES_MAX} bytes");
            return Err(Problem::malformed(pointer(name), detail));
        }
        if self.0.insert(name.to_owned(), value).is_some() {
            return Err(Problem::malformed(pointer(name), "stands there twice"));
        }
        if self.0.len() > FIELDS_MAX {
            let detail = format!("there are more than {FIELDS_MAX} fields");
            return Err(Problem::new(ProblemKind::Malformed, detail));
        }
        Ok(())
    }

    /// # Errors
    /// There is a field that nobody knows.
    pub(super) fn only(&self, known: &[&str]) -> Result<(), Problem> {
        match self.0.keys().find(|name| !known.contains(&name.as_str())) {
            None => Ok(()),
            Some(name) => {
                let known = known.join("`, `");
                let detail = format!("no such field; there are `{known}`");
                Err(Problem::malformed(pointer(name), detail))
            }
        }
    }

    /// The text of that field, without blanks around it; an empty one is none.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(|value| value.trim()).filter(|value| !value.is_empty())
    }

    /// The same, empty if there is none.
    pub(super) fn text(&self, name: &str) -> String {
        self.get(name).unwrap_or_default().to_owned()
    }

    /// The field as what it must be.
    ///
    /// # Errors
    /// It is something else; `what` says what it must be.
    pub(super) fn parse<T>(
        &self,
        name: &str,
        what: &str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, Problem> {
        let Some(text) = self.get(name) else { return Ok(None) };
        read(text).map(Some).ok_or_else(|| Problem::malformed(pointer(name), what))
    }
}

/// The members of an object in their order, also those that stand there twice.
struct Pairs(Vec<(String, serde_json::Value)>);

impl<'de> Deserialize<'de> for Pairs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OfObject;
        impl<'de> Visitor<'de> for OfObject {
            type Value = Pairs;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Pairs(pairs))
            }
        }
        deserializer.deserialize_map(OfObject)
    }
}

/// Where a field stands.
pub(super) fn pointer(name: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    if !name.is_empty() && name.len() <= NAME_BYTES_MAX && name.chars().all(is_plain) {
        format!("/{name}")
    } else {
        "/…".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_and_an_object_say_the_same() {
        let form = Fields::of_form(b"who=a%40b.example&reason=+audit+&empty=").unwrap();
        let json = Fields::of_json(br#"{"who": "a@b.example", "reason": " audit ", "empty": ""}"#)
            .unwrap();
        assert!(form.get("who") == Some("a@b.example") && json.get("who") == form.get("who"));
        assert_eq!((form.get("reason"), form.get("empty")), (Some("audit"), None));
        assert!(form.only(&["who", "reason", "empty"]).is_ok());
        assert_eq!(format!("{form:?}"), "Fields([redacted])");
    }

    #[test]
    fn what_is_wrong_is_said_without_repeating_it() {
        let at = |problem: Problem| problem.pointer.unwrap_or_default();
        assert_eq!(at(Fields::of_form(b"a=1&a=2").unwrap_err()), "/a");
        assert_eq!(at(Fields::of_json(br#"{"a": ["ana@b.example"]}"#).unwrap_err()), "/a");
        assert_eq!(at(Fields::of_json(br#"{"a": "1", "a": "2"}"#).unwrap_err()), "/a");
        let long = format!("a={}", "x".repeat(FIELD_BYTES_MAX + 1));
        assert_eq!(at(Fields::of_form(long.as_bytes()).unwrap_err()), "/a");
        let many: String = (0..=FIELDS_MAX).map(|n| format!("a{n}=&")).collect();
        assert!(Fields::of_form(many.as_bytes()).is_err());
        let unknown = Fields::of_form(b"ana%40b.example=1").unwrap().only(&["who"]).unwrap_err();
        assert_eq!(unknown.pointer.as_deref(), Some("/…"));
        assert!(Fields::of_json(b"[]").is_err() && Fields::of_json(b"{").is_err());
    }
}

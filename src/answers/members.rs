//! The members of a JSON object that somebody sends: each known, each once.
//!
//! By hand and not derived: serde quotes what it does not know, and a name or value that nobody knows may be somebody's
//! address. Values stay as they are written, for whoever reads them.

use super::problem::{Problem, ProblemKind};
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::error::Category;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;

/// Longest name that is repeated to whoever sent it.
const NAME_BYTES_MAX: usize = 40;

/// The members of an object, by their names.
pub(super) struct Members<'b> {
    at: String,
    found: Vec<(&'static str, &'b RawValue)>,
}

impl<'b> Members<'b> {
    /// The members of the object that is the whole body.
    pub(super) fn of_body(body: &'b [u8], known: &[&'static str]) -> Result<Self, Problem> {
        let text = std::str::from_utf8(body)
            .map_err(|_| Problem::malformed("", "the body is not UTF-8"))?;
        Self::read(text, String::new(), known)
    }

    /// Those of an object inside it.
    pub(super) fn within(
        &self,
        name: &str,
        known: &[&'static str],
    ) -> Result<Option<Self>, Problem> {
        let Some(value) = self.get(name) else { return Ok(None) };
        Self::read(value.get(), self.pointer(name), known).map(Some)
    }

    fn read(text: &'b str, at: String, known: &[&'static str]) -> Result<Self, Problem> {
        let Raw(members) = serde_json::from_str(text).map_err(|error| match error.classify() {
            Category::Data => Problem::malformed(at.clone(), "must be an object"),
            Category::Syntax | Category::Eof | Category::Io => {
                let detail = format!(
                    "the body is no JSON (line {}, column {})",
                    error.line(),
                    error.column()
                );
                Problem::new(ProblemKind::Malformed, detail)
            }
        })?;
        let mut found: Vec<(&'static str, &'b RawValue)> =
            Vec::with_capacity(members.len().min(known.len()));
        for (nth, (name, value)) in members.into_iter().enumerate() {
            let Some(name) = known.iter().find(|it| **it == name) else {
                let known = known.join("`, `");
                let detail = format!("no such field; there are `{known}`");
                return Err(Problem::malformed(format!("{at}/{}", shown(&name, nth)), detail));
            };
            if found.iter().any(|(before, _)| before == name) {
                return Err(Problem::malformed(format!("{at}/{name}"), "stands there twice"));
            }
            if value.get() != "null" {
                found.push((name, value));
            }
        }
        Ok(Self { at, found })
    }

    /// The value of that name, as written; `null` is none.
    pub(super) fn get(&self, name: &str) -> Option<&'b RawValue> {
        self.found.iter().find(|(found, _)| *found == name).map(|(_, value)| *value)
    }

    /// Where the value of that name stands.
    pub(super) fn pointer(&self, name: &str) -> String {
        format!("{}/{name}", self.at)
    }

    /// A list of anything, of at most so many.
    pub(super) fn list(
        &self,
        name: &str,
        n_max: usize,
    ) -> Result<Option<Vec<&'b RawValue>>, Problem> {
        let Some(value) = self.get(name) else { return Ok(None) };
        let items: Vec<&RawValue> = serde_json::from_str(value.get())
            .map_err(|_| Problem::malformed(self.pointer(name), "must be a list"))?;
        if items.len() > n_max {
            let detail = format!("has {} items, {n_max} are the most", items.len());
            return Err(Problem::malformed(self.pointer(name), detail));
        }
        Ok(Some(items))
    }

    /// A text.
    pub(super) fn text(&self, name: &str) -> Result<Option<Cow<'b, str>>, Problem> {
        let Some(value) = self.get(name) else { return Ok(None) };
        let Text(text) = serde_json::from_str(value.get())
            .map_err(|_| Problem::malformed(self.pointer(name), "must be a text"))?;
        Ok(Some(text))
    }
}

/// A whole number that is not negative.
pub(super) fn whole(value: &RawValue, pointer: impl FnOnce() -> String) -> Result<i64, Problem> {
    let number: Option<i64> = serde_json::from_str(value.get()).ok();
    number
        .filter(|number| *number >= 0)
        .ok_or_else(|| Problem::malformed(pointer(), "must be a whole number, 0 or more"))
}

/// A name that reads like one; of others only which member it is.
fn shown(name: &str, nth: usize) -> String {
    let is_name = (1..=NAME_BYTES_MAX).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    if is_name { name.to_owned() } else { format!("(member {})", nth + 1) }
}

#[derive(Deserialize)]
struct Text<'b>(#[serde(borrow)] Cow<'b, str>);

/// All members, as they stand there.
struct Raw<'b>(Vec<(Cow<'b, str>, &'b RawValue)>);

impl<'de> Deserialize<'de> for Raw<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Walk;

        impl<'de> Visitor<'de> for Walk {
            type Value = Raw<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Raw<'de>, A::Error> {
                let mut members = Vec::new();
                while let Some((Text(name), value)) = map.next_entry()? {
                    members.push((name, value));
                }
                Ok(Raw(members))
            }
        }

        deserializer.deserialize_map(Walk)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: [&str; 3] = ["messages", "at_least", "recipient"];

    fn problem(body: &str) -> (Option<String>, String) {
        let problem = Members::of_body(body.as_bytes(), &KNOWN).err().unwrap();
        assert_eq!(problem.status, 400);
        (problem.pointer, problem.detail)
    }

    #[test]
    fn what_is_unknown_or_said_twice_is_refused_where_it_stands() {
        let at = |body| problem(body).0.unwrap();
        assert_eq!(at(r#"{"mesages": []}"#), "/mesages");
        assert_eq!(at(r#"{"messages": [], "ana@example.com": 1}"#), "/(member 2)");
        assert_eq!(at(r#"{"messages": [], "messages": []}"#), "/messages");
        assert_eq!(at("[]"), "");
        let inside = Members::of_body(br#"{"recipient": {"adress": 1}}"#, &KNOWN).unwrap();
        let problem = inside.within("recipient", &["address"]).err().unwrap();
        assert_eq!(problem.pointer.as_deref(), Some("/recipient/adress"));
    }

    #[test]
    fn no_text_of_the_body_is_repeated() {
        const WHO: &str = "ana@example.com";
        for body in [
            format!("{{{WHO}"),
            format!("{{\"{WHO}\": 1}}"),
            format!("\"{WHO}\""),
            format!("{{\"messages\": \"{WHO}\" \"{WHO}\"}}"),
        ] {
            let (pointer, detail) = problem(&body);
            assert!(!format!("{pointer:?}{detail}").contains("ana"), "{pointer:?} {detail}");
        }
    }

    #[test]
    fn values_are_read_by_whoever_knows_them() {
        let body = br#"{"messages": [{"a":1}, 2], "at_least": "x\u0041", "recipient": null}"#;
        let members = Members::of_body(body, &KNOWN).unwrap();
        let list = members.list("messages", 2).unwrap().unwrap();
        assert_eq!(list.iter().map(|item| item.get()).collect::<Vec<_>>(), [r#"{"a":1}"#, "2"]);
        assert_eq!(members.list("messages", 1).err().unwrap().pointer.unwrap(), "/messages");
        assert_eq!(members.text("at_least").unwrap().unwrap(), "xA");
        assert!(members.text("messages").is_err());
        assert!(members.within("recipient", &[]).unwrap().is_none());
        assert_eq!(whole(list[1], String::new), Ok(2));
        assert!(whole(list[0], String::new).is_err());
    }
}

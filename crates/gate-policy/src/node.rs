//! A YAML document as a tree in which every value knows its place, so that all problems can be named at once.

use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::{DuplicateKeyPolicy, Spanned};
use std::fmt;

/// Deepest nesting.
const DEPTH_MAX: usize = 24;
/// Most values of a file, aliases spelt out.
const NODES_MAX: usize = 200_000;
/// Most aliases of a file.
const ALIASES_MAX: usize = 20_000;
/// Most scalar bytes of a file, aliases spelt out.
const SCALAR_BYTES_MAX: usize = 8 << 20;

/// Where something stands, from 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) line: usize,
    pub(crate) column: usize,
}

/// A value and its place.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) place: Place,
    pub(crate) value: Value,
}

/// A value.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    Null,
    Boolean(bool),
    Integer(i64),
    Float(f64),
    Text(String),
    List(Vec<Node>),
    Map(Vec<(Key, Node)>),
}

/// A key and its place.
#[derive(Clone, Debug)]
pub(crate) struct Key {
    pub(crate) place: Place,
    pub(crate) name: String,
}

impl Value {
    /// What it is, for people.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Null => "nothing",
            Self::Boolean(_) => "true or false",
            Self::Integer(_) => "a number",
            Self::Float(_) => "a fraction",
            Self::Text(_) => "a text",
            Self::List(_) => "a list",
            Self::Map(_) => "a mapping",
        }
    }
}

/// Parses a document.
///
/// # Errors
/// Where and why it is no YAML, or beyond the limits.
pub(crate) fn parse(text: &str) -> Result<Node, (Place, String)> {
    if text.len() > crate::FILE_BYTES_MAX {
        let limit = crate::FILE_BYTES_MAX;
        return Err((Place::default(), format!("is larger than {limit} bytes")));
    }
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_total_scalar_bytes: SCALAR_BYTES_MAX,
            max_nodes: NODES_MAX,
            max_depth: DEPTH_MAX,
            max_documents: 1,
            // a case file leans on few anchors hundreds of times; what they spell out is bounded above
            max_aliases: ALIASES_MAX,
            enforce_alias_anchor_ratio: false,
        },
        duplicate_keys: DuplicateKeyPolicy::Error,
        strict_booleans: true,
        reject_unsupported_tags: true,
        leading_zero_numbers_as_strings: true,
        underscored_numbers_as_strings: true,
        with_snippet: false,
    };
    serde_saphyr::from_str_with_options::<Spanned<Raw>>(text, options).map(Node::from).map_err(
        |error| {
            let place = error.location().map_or(Place::default(), |at| place_of(&at));
            (place, reason_of(&error))
        },
    )
}

/// The library's sentence without its own line numbers, which we print in front.
fn reason_of(error: &serde_saphyr::Error) -> String {
    let text = error.without_snippet().to_string();
    let end = text.find(" at line ").or_else(|| text.find(" (line ")).unwrap_or(text.len());
    let sentence = text.get(..end).unwrap_or(&text).lines().next().unwrap_or_default();
    sentence.trim_end_matches('.').to_owned()
}

fn place_of(location: &serde_saphyr::Location) -> Place {
    let number = |at: u64| usize::try_from(at).unwrap_or(usize::MAX);
    Place { line: number(location.line()), column: number(location.column()) }
}

#[derive(Clone, Debug)]
enum Raw {
    Scalar(Value),
    List(Vec<Spanned<Raw>>),
    Map(Vec<(Spanned<String>, Spanned<Raw>)>),
}

impl From<Spanned<Raw>> for Node {
    fn from(raw: Spanned<Raw>) -> Self {
        let value = match raw.value {
            Raw::Scalar(value) => value,
            Raw::List(items) => Value::List(items.into_iter().map(Self::from).collect()),
            Raw::Map(entries) => Value::Map(
                entries
                    .into_iter()
                    .map(|(key, value)| {
                        let place = place_of(&key.defined);
                        (Key { place, name: key.value }, Self::from(value))
                    })
                    .collect(),
            ),
        };
        Self { place: place_of(&raw.defined), value }
    }
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RawVisitor)
    }
}

struct RawVisitor;

impl<'de> Visitor<'de> for RawVisitor {
    type Value = Raw;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value, a mapping or a list")
    }

    fn visit_unit<E>(self) -> Result<Raw, E> {
        Ok(Raw::Scalar(Value::Null))
    }

    fn visit_none<E>(self) -> Result<Raw, E> {
        Ok(Raw::Scalar(Value::Null))
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Raw, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Raw, E> {
        Ok(Raw::Scalar(Value::Boolean(value)))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Raw, E> {
        Ok(Raw::Scalar(Value::Integer(value)))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Raw, E> {
        Ok(Raw::Scalar(i64::try_from(value).map_or(Value::Float(value as f64), Value::Integer)))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Raw, E> {
        Ok(Raw::Scalar(Value::Float(value)))
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Raw, E> {
        Ok(Raw::Scalar(Value::Text(value.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Raw, A::Error> {
        let mut out = Vec::new();
        while let Some(item) = items.next_element()? {
            out.push(item);
        }
        Ok(Raw::List(out))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Raw, A::Error> {
        let mut out = Vec::new();
        while let Some(entry) = map.next_entry()? {
            out.push(entry);
        }
        Ok(Raw::Map(out))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_know_their_places() {
        let node = parse("a: &x\n  b: [1, two]\nc: *x\n").unwrap();
        let Value::Map(entries) = &node.value else { panic!("no map") };
        let places: Vec<_> = entries.iter().map(|(k, v)| (k.name.as_str(), v.place.line)).collect();
        assert_eq!(places, [("a", 2), ("c", 2)], "an alias stands where its anchor does");
    }

    #[test]
    fn merge_keys_fill_in() {
        let node = parse("base: &b {x: 1, y: 2}\nd:\n  <<: *b\n  y: 3\n").unwrap();
        let Value::Map(entries) = &node.value else { panic!("no map") };
        let Value::Map(d) = &entries[1].1.value else { panic!("no map") };
        let mut got: Vec<String> =
            d.iter().map(|(k, v)| format!("{}={:?}", k.name, v.value)).collect();
        got.sort();
        assert_eq!(got, ["x=Integer(1)", "y=Integer(3)"]);
    }

    /// Aliases of aliases must not fill the memory.
    #[test]
    fn aliases_are_bounded_by_what_they_spell_out() {
        let mut text = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
        for level in 1..9 {
            let items = vec![format!("*a{}", level - 1); 10].join(", ");
            text.push_str(&format!("a{level}: &a{level} [{items}]\n"));
        }
        assert!(parse(&text).is_err());
    }

    #[test]
    fn what_is_no_yaml_says_where() {
        let (place, reason) = parse("a: 1\nb: [1,\nc: 2\n").unwrap_err();
        assert!(place.line >= 2 && !reason.is_empty(), "{place:?} {reason}");
        assert!(parse("a: 1\na: 2\n").is_err(), "a repeated key hides a line");
    }
}

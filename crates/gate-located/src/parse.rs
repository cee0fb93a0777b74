//! From text to the tree, within bounds: what a document spells out by aliases of aliases counts in full.

use crate::node::{Key, Node, Place, Value};
use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::{DuplicateKeyPolicy, MergeKeyPolicy, Spanned};
use std::fmt;

/// What a kind of document may look like.
#[derive(Clone, Copy, Debug)]
pub struct Manner {
    /// Most bytes of the text.
    pub bytes_max: usize,
    /// Most scalar bytes, aliases spelt out.
    pub scalar_bytes_max: usize,
    /// Most values, aliases spelt out.
    pub nodes_max: usize,
    /// Deepest nesting.
    pub depth_max: usize,
    /// Most aliases.
    pub aliases_max: usize,
    /// Whether few anchors may be leaned on hundreds of times.
    pub leans_on_anchors: bool,
    /// Whether a key that stands twice in a mapping is left to the caller; otherwise the document is malformed.
    pub keeps_repeated_keys: bool,
    /// Whether `<<` fills a mapping in from another one; otherwise the document is malformed.
    pub merges: bool,
}

/// Why a text is no tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// Where.
    pub place: Place,
    /// Why, in a few words without a place.
    pub reason: String,
}

/// Parses a document; one that is empty, or only comments, is [`Value::Null`].
///
/// # Errors
/// Where and why it is no YAML, or not of this manner.
pub fn parse(text: &str, manner: &Manner) -> Result<Node, Malformed> {
    if text.len() > manner.bytes_max {
        let reason = format!("is larger than {} bytes", manner.bytes_max);
        return Err(Malformed { place: Place::default(), reason });
    }
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_total_scalar_bytes: manner.scalar_bytes_max,
            max_nodes: manner.nodes_max,
            max_depth: manner.depth_max,
            max_documents: 1,
            max_aliases: manner.aliases_max,
            enforce_alias_anchor_ratio: !manner.leans_on_anchors,
        },
        duplicate_keys: if manner.keeps_repeated_keys {
            DuplicateKeyPolicy::PassThrough
        } else {
            DuplicateKeyPolicy::Error
        },
        merge_keys: if manner.merges { MergeKeyPolicy::Merge } else { MergeKeyPolicy::Error },
        strict_booleans: true,
        reject_unsupported_tags: true,
        // they stay what was written; whoever asks for a number decides whether they are one
        leading_zero_numbers_as_strings: true,
        underscored_numbers_as_strings: true,
        with_snippet: false,
    };
    serde_saphyr::from_str_with_options::<Spanned<Raw>>(text, options).map(Node::from).map_err(
        |error| {
            let place = error.location().map_or(Place::default(), |at| place_of(&at));
            Malformed { place, reason: reason_of(&error) }
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
        Self { place: place_of(&raw.defined), used: place_of(&raw.referenced), value }
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
        Ok(Raw::Scalar(Value::Integer(value.into())))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Raw, E> {
        Ok(Raw::Scalar(Value::Integer(value.into())))
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

    const MANNER: Manner = Manner {
        bytes_max: 1 << 20,
        scalar_bytes_max: 8 << 20,
        nodes_max: 200_000,
        depth_max: 24,
        aliases_max: 20_000,
        leans_on_anchors: true,
        keeps_repeated_keys: false,
        merges: true,
    };

    fn parse(text: &str) -> Result<Node, Malformed> {
        super::parse(text, &MANNER)
    }

    #[test]
    fn values_know_their_places() {
        let node = parse("a: &x\n  b: [1, two]\nc: *x\n").unwrap();
        let Value::Map(entries) = &node.value else { panic!("no map") };
        let places: Vec<_> = entries.iter().map(|(k, v)| (k.name.as_str(), v.place.line)).collect();
        assert_eq!(places, [("a", 2), ("c", 2)], "an alias stands where its anchor does");
        let used: Vec<_> = entries.iter().map(|(_, value)| value.used.line).collect();
        assert_eq!(used, [2, 3], "and is used where it is used");
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
        let Malformed { place, reason } = parse("a: 1\nb: [1,\nc: 2\n").unwrap_err();
        assert!(place.line >= 2 && !reason.is_empty(), "{place:?} {reason}");
        assert!(parse("a: 1\na: 2\n").is_err(), "a repeated key hides a line");
    }

    #[test]
    fn an_empty_document_is_nothing() {
        for text in ["", "# nothing\n", "---\n"] {
            assert!(matches!(parse(text).unwrap().value, Value::Null), "{text:?}");
        }
    }

    #[test]
    fn a_manner_keeps_repeated_keys_and_refuses_merging() {
        let plain = Manner { keeps_repeated_keys: true, merges: false, ..MANNER };
        let node = super::parse("a: 1\na: 2\n", &plain).unwrap();
        let Value::Map(entries) = &node.value else { panic!("no map") };
        assert_eq!(entries.len(), 2);
        let merged = super::parse("a: &a {b: 1}\nc:\n  <<: *a\n", &plain).unwrap_err();
        assert_eq!(merged.place.line, 3);
        let long = "a".repeat(MANNER.bytes_max + 1);
        assert_eq!(parse(&long).unwrap_err().place, Place::default());
    }

    #[test]
    fn numbers_that_yaml_would_change_stay_text() {
        for (text, is_text) in [("007", true), ("1_000", true), ("18446744073709551615", false)] {
            let value = parse(text).unwrap().value;
            assert_eq!(matches!(value, Value::Text(_)), is_text, "{text}: {value:?}");
            assert!(is_text || matches!(value, Value::Integer(_)), "{text}: {value:?}");
        }
    }
}

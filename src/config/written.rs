//! The configuration as written: a YAML file, then the environment on top of it, each value with its place.
//!
//! A tree instead of derived structs, because serde stops at the first wrong value and people want to hear of all.
//! What stands here is only flat: path, value, place. Whether a value makes sense is for `reader.rs`.
//!
//! Invariant: nothing written is dropped. A key is known, or it is a problem; the same key twice is a problem.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::{DuplicateKeyPolicy, Location, MergeKeyPolicy, Spanned};

use super::key::{Key, Kind, Table, VARIABLE_PREFIX, variable_of};
use super::problem::{Place, Problem};
use super::suggestion;

/// More is not a configuration.
pub(super) const FILE_BYTES_MAX: usize = 1024 * 1024;
const NODES_MAX: usize = 20_000;
const DEPTH_MAX: usize = 16;

/// A value without structure.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Scalar {
    Null,
    Boolean(bool),
    Integer(i128),
    Float,
    Text(String),
    /// From the environment, where everything is text and the key decides what it means.
    Untyped(String),
}

/// A value and where it was written.
#[derive(Debug, Clone)]
pub(super) struct Setting {
    pub(super) value: Scalar,
    pub(super) place: Place,
}

/// Everything written, by path. `entries` holds the two mappings with names that are not ours,
/// `lists` what has more than one value.
#[derive(Debug)]
pub(super) struct Written {
    table: Table,
    pub(super) settings: BTreeMap<&'static str, Setting>,
    pub(super) entries: BTreeMap<&'static str, BTreeMap<String, Setting>>,
    /// Lists of names, with the place of each; a variable has one place for all.
    pub(super) lists: BTreeMap<&'static str, Vec<Setting>>,
    /// Keys that were set by the path they had before.
    pub(super) renamed: BTreeMap<&'static str, &'static str>,
    pub(super) problems: Vec<Problem>,
}

impl Written {
    /// Reads the file, then lays the variables over it; `table` says which keys there are.
    pub(super) fn read(
        table: Table,
        text: &str,
        variables: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Self {
        let mut written = Self {
            table,
            settings: BTreeMap::new(),
            entries: BTreeMap::new(),
            lists: BTreeMap::new(),
            renamed: BTreeMap::new(),
            problems: Vec::new(),
        };
        match parse(text) {
            Ok(Some(root)) => written.section("", root),
            Ok(None) => {}
            Err(problem) => written.problems.push(problem),
        }
        for (name, value) in variables {
            written.variable(&name, &value);
        }
        written
    }

    fn section(&mut self, path: &str, node: Located) {
        let place = Place::of(node.referenced);
        match node.value {
            Node::Map(entries) => {
                let mut seen = BTreeMap::new();
                for (name, value) in entries {
                    let full = if path.is_empty() {
                        name.value.clone()
                    } else {
                        format!("{path}.{}", name.value)
                    };
                    let place = Place::of(name.referenced);
                    if self.is_first(&mut seen, &full, &place) {
                        self.entry(&full, &place, value);
                    }
                }
            }
            // `kafka:` with every line below it commented out.
            Node::Scalar(Scalar::Null) => {}
            Node::Scalar(_) | Node::List(_) if path.is_empty() => self.problems.push(Problem::new(
                "",
                place,
                "the file is not a mapping",
                "begin with `kafka:` and a line for each key below it",
            )),
            Node::Scalar(_) | Node::List(_) => self.problems.push(Problem::new(
                path,
                place,
                "is a section and has no value of its own",
                "put its keys below it, each on its own line, indented",
            )),
        }
    }

    /// Whether this is the first of its name in its mapping; the second is a problem.
    fn is_first(&mut self, seen: &mut BTreeMap<String, Place>, full: &str, place: &Place) -> bool {
        match seen.insert(full.to_owned(), place.clone()) {
            None => true,
            Some(first) => {
                self.problems.push(Problem::new(
                    full,
                    place.clone(),
                    format!("stands here a second time; first at {first}"),
                    "delete one of the two",
                ));
                false
            }
        }
    }

    fn entry(&mut self, full: &str, place: &Place, node: Located) {
        let Some(key) = self.table.find(full) else {
            if self.table.is_section(full) {
                self.section(full, node);
            } else {
                self.unknown(full, place.clone());
            }
            return;
        };
        if self.is_written(key.path) {
            self.both_names(key, full, place.clone());
            return;
        }
        self.note_name(key, full);
        match (key.kind, node.value) {
            (Kind::Properties | Kind::Secrets, Node::Map(entries)) => {
                let mut seen = BTreeMap::new();
                for (name, value) in entries {
                    let full = format!("{full}.{}", name.value);
                    let place = Place::of(name.referenced);
                    if !self.is_first(&mut seen, &full, &place) {
                        continue;
                    }
                    match value.value {
                        Node::Scalar(value) => {
                            self.entries
                                .entry(key.path)
                                .or_default()
                                .insert(name.value, Setting { value, place });
                        }
                        Node::Map(_) | Node::List(_) => self.problems.push(Problem::new(
                            full,
                            place,
                            "is not a single value",
                            "write the whole name on one line, e.g. `sasl.username: gate`",
                        )),
                    }
                }
            }
            (Kind::Properties | Kind::Secrets, Node::Scalar(Scalar::Null)) => {}
            (Kind::Properties | Kind::Secrets, _) => self.problems.push(Problem::new(
                full,
                place.clone(),
                "is not a mapping of names to values",
                "write one `name: value` a line below it",
            )),
            (Kind::Names { .. }, Node::List(items)) => self.list(key.path, items),
            (Kind::Names { .. }, Node::Scalar(Scalar::Null)) => {}
            (Kind::Names { .. }, _) => self.problems.push(Problem::new(
                full,
                place.clone(),
                "is not a list",
                "write `[one, another]`, or one `- name` a line below it",
            )),
            (Kind::EnvironmentOnly, _) => self.problems.push(Problem::new(
                full,
                place.clone(),
                "is a secret and does not belong into the file",
                format!(
                    "name a file with `{full}_file`, or set the variable {}",
                    variable_of(full)
                ),
            )),
            (_, Node::Scalar(value)) => {
                self.settings
                    .insert(key.path, Setting { value, place: Place::of(node.referenced) });
            }
            (_, Node::Map(_) | Node::List(_)) => {
                self.problems.push(Problem::new(
                    full,
                    place.clone(),
                    "takes a single value",
                    "write it behind the colon, on the same line",
                ));
            }
        }
    }

    fn list(&mut self, path: &'static str, items: Vec<Located>) {
        let list = self.lists.entry(path).or_default();
        for item in items {
            let place = Place::of(item.referenced);
            match item.value {
                Node::Scalar(value) => list.push(Setting { value, place }),
                Node::Map(_) | Node::List(_) => self.problems.push(Problem::new(
                    path,
                    place,
                    "holds something that is not a single value",
                    "write one name for each item",
                )),
            }
        }
    }

    fn variable(&mut self, name: &OsString, value: &OsString) {
        let Some(written) = name.to_string_lossy().strip_prefix(VARIABLE_PREFIX).map(str::to_owned)
        else {
            return;
        };
        let place = Place::Variable(name.to_string_lossy().into_owned());
        let path = written.to_lowercase().replace("__", ".");
        let Some(value) = value.to_str() else {
            self.problems.push(Problem::new(path, place, "is not UTF-8", "set it to plain text"));
            return;
        };
        let setting = Setting { value: Scalar::Untyped(value.to_owned()), place: place.clone() };
        if let Some((key, name)) = self.table.find_mapping(&path) {
            // librdkafka's names have dots where a variable can only have underscores.
            self.entries.entry(key.path).or_default().insert(name.replace('_', "."), setting);
            return;
        }
        let Some(key) = self.table.find(&path).filter(|key| !key.kind.is_mapping()) else {
            self.unknown(&path, place);
            return;
        };
        let earlier = self.settings.get(key.path).map(|setting| &setting.place);
        if matches!(earlier, Some(Place::Variable(_))) {
            self.both_names(key, &path, place);
            return;
        }
        self.note_name(key, &path);
        if let Kind::Names { .. } = key.kind {
            // the whole list at once; an empty variable is an empty list
            let names = value.split(',').map(str::trim).filter(|name| !name.is_empty());
            let setting = |name: &str| Setting {
                value: Scalar::Untyped(name.to_owned()),
                place: place.clone(),
            };
            self.lists.insert(key.path, names.map(setting).collect());
        } else {
            self.settings.insert(key.path, setting);
        }
    }

    /// Whether the file has said something about this key already.
    fn is_written(&self, path: &str) -> bool {
        self.settings.contains_key(path)
            || self.entries.contains_key(path)
            || self.lists.contains_key(path)
    }

    /// Remembers which name a key was set by; what is read last holds.
    fn note_name(&mut self, key: &Key, written: &str) {
        match key.formerly {
            Some(former) if former == written => self.renamed.insert(key.path, former),
            Some(_) | None => self.renamed.remove(key.path),
        };
    }

    /// The name of today and the one before, both set: neither is the one that is meant.
    fn both_names(&mut self, key: &Key, written: &str, place: Place) {
        let other = if written == key.path { key.formerly.unwrap_or_default() } else { key.path };
        self.problems.push(Problem::new(
            written,
            place,
            format!("is the same as `{other}`, which is set as well"),
            format!("keep `{}`", key.path),
        ));
    }

    fn unknown(&mut self, path: &str, place: Place) {
        let fix = match (suggestion::nearest(self.table, path), &place) {
            (Some(near), Place::Variable(_)) => format!("did you mean {}?", variable_of(near)),
            (Some(near), _) => format!("did you mean `{near}`?"),
            (None, _) => "delete it; `consent-gate config reference` lists all keys".to_owned(),
        };
        self.problems.push(Problem::new(path, place, "there is no such key", fix));
    }
}

fn parse(text: &str) -> Result<Option<Located>, Problem> {
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_reader_input_bytes: Some(FILE_BYTES_MAX),
            max_total_scalar_bytes: FILE_BYTES_MAX,
            max_nodes: NODES_MAX,
            max_depth: DEPTH_MAX,
            max_documents: 1,
        },
        // Both would hide a line from the reader of the file: we report them ourselves, with the first place.
        duplicate_keys: DuplicateKeyPolicy::PassThrough,
        merge_keys: MergeKeyPolicy::Error,
        strict_booleans: true,
        reject_unsupported_tags: true,
        // `007` and `1_000` stay what was written; the key decides whether that is a number.
        leading_zero_numbers_as_strings: true,
        underscored_numbers_as_strings: true,
        with_snippet: false,
    };
    serde_saphyr::from_str_with_options::<Option<Located>>(text, options).map_err(|error| {
        let place = error.location().map_or(Place::File, Place::of);
        let fix = "correct the YAML; nothing below this line was checked";
        Problem::new("", place, format!("is not YAML: {}", reason_of(&error)), fix)
    })
}

/// The library's sentence without its own line numbers, which we print in front.
fn reason_of(error: &serde_saphyr::Error) -> String {
    let text = error.without_snippet().to_string();
    let end = text.find(" at line ").or_else(|| text.find(" (line ")).unwrap_or(text.len());
    text.get(..end)
        .unwrap_or(&text)
        .lines()
        .next()
        .unwrap_or_default()
        .trim_end_matches('.')
        .to_owned()
}

type Located = Spanned<Node>;

#[derive(Debug, Clone)]
enum Node {
    Scalar(Scalar),
    List(Vec<Located>),
    Map(Vec<(Spanned<String>, Located)>),
}

impl Place {
    fn of(location: Location) -> Self {
        Self::Line { line: location.line(), column: location.column() }
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value, a mapping or a list")
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Scalar(Scalar::Null))
    }

    fn visit_none<E>(self) -> Result<Node, E> {
        Ok(Node::Scalar(Scalar::Null))
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Node, E> {
        Ok(Node::Scalar(Scalar::Boolean(value)))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Node, E> {
        Ok(Node::Scalar(Scalar::Integer(value.into())))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Node, E> {
        Ok(Node::Scalar(Scalar::Integer(value.into())))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Node, E> {
        Ok(Node::Scalar(Scalar::Float))
    }

    fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<Node, E> {
        Ok(Node::Scalar(Scalar::Text(value.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Node, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Node::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(Node::Map(entries))
    }
}

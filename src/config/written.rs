//! The configuration as written: a YAML file, then the environment on top of it, each value with its place.
//!
//! The tree is `gate-located`'s. What stands here is only flat: path, value, place. Whether a value makes sense is for
//! `reader.rs`.
//!
//! Invariant: nothing written is dropped. A key is known, or it is a problem; the same key twice is a problem.

use std::collections::BTreeMap;
use std::ffi::OsString;

use gate_located::{Key as YamlKey, Malformed, Manner, Node, Value};

use super::key::{Key, Kind, Table, VARIABLE_PREFIX, variable_of};
use super::problem::{Place, Problem};
use super::suggestion;

/// More is not a configuration.
pub(super) const FILE_BYTES_MAX: usize = 1024 * 1024;

const MANNER: Manner = Manner {
    bytes_max: FILE_BYTES_MAX,
    scalar_bytes_max: FILE_BYTES_MAX,
    nodes_max: 20_000,
    depth_max: 16,
    aliases_max: 20_000,
    leans_on_anchors: false,
    // both would hide a line from the reader of the file: repeated keys are reported here, with the first place
    keeps_repeated_keys: true,
    merges: false,
};

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

impl Scalar {
    /// Unless it has a structure.
    fn of(value: Value) -> Option<Self> {
        Some(match value {
            Value::Null => Self::Null,
            Value::Boolean(value) => Self::Boolean(value),
            Value::Integer(number) => Self::Integer(number),
            Value::Float(_) => Self::Float,
            Value::Text(text) => Self::Text(text),
            Value::List(_) | Value::Map(_) => return None,
        })
    }
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
            Ok(root) => written.section("", root),
            Err(problem) => written.problems.push(problem),
        }
        for (name, value) in variables {
            written.variable(&name, &value);
        }
        written
    }

    fn section(&mut self, path: &str, node: Node) {
        let place = Place::of(node.used);
        match node.value {
            Value::Map(entries) => {
                let mut seen = BTreeMap::new();
                for (name, value) in entries {
                    let full = if path.is_empty() {
                        name.name.clone()
                    } else {
                        format!("{path}.{}", name.name)
                    };
                    let place = Place::of(name.place);
                    if self.is_first(&mut seen, &full, &place) {
                        self.entry(&full, &place, value);
                    }
                }
            }
            // `kafka:` with every line below it commented out.
            Value::Null => {}
            _ if path.is_empty() => self.problems.push(Problem::new(
                "",
                place,
                "the file is not a mapping",
                "begin with `kafka:` and a line for each key below it",
            )),
            _ => self.problems.push(Problem::new(
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

    fn entry(&mut self, full: &str, place: &Place, node: Node) {
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
            (Kind::Properties | Kind::Secrets, Value::Map(entries)) => {
                self.mapping(key.path, full, entries);
            }
            (Kind::Properties | Kind::Secrets, Value::Null) => {}
            (Kind::Properties | Kind::Secrets, _) => self.problems.push(Problem::new(
                full,
                place.clone(),
                "is not a mapping of names to values",
                "write one `name: value` a line below it",
            )),
            (kind, Value::Map(entries)) if kind.is_by_topic() => {
                self.mapping(key.path, full, entries);
            }
            (Kind::Names { .. } | Kind::Topics { .. }, Value::List(items)) => {
                self.list(key.path, items)
            }
            (Kind::Names { .. }, Value::Null) => {}
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
            (_, value) => match Scalar::of(value) {
                Some(value) => {
                    let place = Place::of(node.used);
                    self.settings.insert(key.path, Setting { value, place });
                }
                None => self.problems.push(Problem::new(
                    full,
                    place.clone(),
                    "takes a single value",
                    "write it behind the colon, on the same line",
                )),
            },
        }
    }

    /// A mapping whose names are not ours.
    fn mapping(&mut self, path: &'static str, full: &str, entries: Vec<(YamlKey, Node)>) {
        let mut seen = BTreeMap::new();
        for (name, node) in entries {
            let full = format!("{full}.{}", name.name);
            let place = Place::of(name.place);
            if !self.is_first(&mut seen, &full, &place) {
                continue;
            }
            match Scalar::of(node.value) {
                Some(value) => {
                    let entries = self.entries.entry(path).or_default();
                    entries.insert(name.name, Setting { value, place });
                }
                None => self.problems.push(Problem::new(
                    full,
                    place,
                    "is not a single value",
                    "write the whole name on one line, e.g. `sasl.username: gate`",
                )),
            }
        }
    }

    fn list(&mut self, path: &'static str, items: Vec<Node>) {
        let list = self.lists.entry(path).or_default();
        for item in items {
            let place = Place::of(item.used);
            match Scalar::of(item.value) {
                Some(value) => list.push(Setting { value, place }),
                None => self.problems.push(Problem::new(
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
        if key.kind.is_by_topic() {
            // what the file says of single topics does not stand behind a variable that means all
            self.entries.remove(key.path);
        }
        if let Kind::Names { .. } | Kind::Topics { .. } = key.kind {
            self.settings.remove(key.path);
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

/// Reads the file as a tree.
fn parse(text: &str) -> Result<Node, Problem> {
    gate_located::parse(text, &MANNER).map_err(|Malformed { place, reason }| {
        let fix = "correct the YAML; nothing below this line was checked";
        Problem::new("", Place::of(place), format!("is not YAML: {reason}"), fix)
    })
}

impl Place {
    fn of(place: gate_located::Place) -> Self {
        match place.line {
            0 => Self::File,
            line => Self::Line { line, column: place.column },
        }
    }
}

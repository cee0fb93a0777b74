//! What is said of a key, and the table of all of them as the others ask it.
//!
//! Absent: the keys themselves; they stand in `keys.rs`, which knows the reader, while `written.rs` and the reader know
//! only what stands here.

/// What a value must look like. Bounds are inclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Text without control characters.
    Text,
    /// `host:port`, several with commas between.
    Brokers,
    /// Letters, digits, `.`, `_` and `-`.
    Name {
        /// Longest allowed.
        chars_max: usize,
    },
    /// A whole number.
    Integer {
        /// Smallest allowed.
        min: u64,
        /// Largest allowed.
        max: u64,
    },
    /// `true` or `false`, no other spelling.
    Boolean,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// A path; a relative one counts from the working directory.
    Path,
    /// `http://` or `https://`, without user and password.
    Url,
    /// IP address and port.
    Socket,
    /// A list of different names without control characters; in a variable, with commas between.
    Names {
        /// Most of them.
        n_max: usize,
        /// Longest of them.
        bytes_max: usize,
    },
    /// The name of a topic, or a list of several.
    Topics {
        /// Most of them.
        n_max: usize,
    },
    /// One of these words, or for each of several topics its own.
    ChoiceByTopic(&'static [&'static str]),
    /// A path, or for each of several topics its own.
    PathByTopic,
    /// A mapping of librdkafka's property names to values.
    Properties,
    /// A mapping of librdkafka's secret property names to files that hold them.
    Secrets,
    /// The secret itself; only the environment may carry it.
    EnvironmentOnly,
}

impl Kind {
    /// Whether names that are not ours stand below the key.
    pub(super) fn is_mapping(self) -> bool {
        matches!(self, Self::Properties | Self::Secrets)
    }

    /// Whether it may be a value, or a mapping of topics to values.
    pub(super) fn is_by_topic(self) -> bool {
        matches!(self, Self::ChoiceByTopic(_) | Self::PathByTopic)
    }
}

/// What holds when nobody sets the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Preset {
    /// This value, as it would stand in the file.
    Value(&'static str),
    /// Found out at start; the text says from what.
    Computed(&'static str),
    /// Nothing: the key is optional.
    Unset,
}

impl Preset {
    /// The value that stands in the table.
    pub(super) fn value(self) -> Option<&'static str> {
        match self {
            Self::Value(text) => Some(text),
            Self::Computed(_) | Self::Unset => None,
        }
    }
}

/// One line of the table.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// Where it stands, e.g. `kafka.group_id`.
    pub path: &'static str,
    /// What a value must look like.
    pub kind: Kind,
    /// What holds when nobody sets it.
    pub preset: Preset,
    /// Unit of a number, empty otherwise.
    pub unit: &'static str,
    /// What it does, in a sentence or two.
    pub effect: &'static str,
    /// The path it had before; files and variables that still use it are understood.
    pub formerly: Option<&'static str>,
}

impl Key {
    /// Whether `path` is this key's, or was.
    fn is_called(&self, path: &str) -> bool {
        self.path == path || self.formerly == Some(path)
    }

    /// The section it stands in; empty at the top.
    #[must_use]
    pub fn section(&self) -> &'static str {
        self.path.split_once('.').map_or("", |(section, _)| section)
    }

    /// The variable that overrides it.
    #[must_use]
    pub fn variable(&self) -> String {
        variable_of(self.path)
    }
}

/// Kafka's own limit for the name of a topic.
pub(super) const TOPIC_CHARS_MAX: usize = 249;

/// What every variable of ours begins with; a single underscore (`CONSENT_GATE_TEST_KAFKA`) is not one of them.
pub(super) const VARIABLE_PREFIX: &str = "CONSENT_GATE__";

/// The variable that overrides `path`.
pub(super) fn variable_of(path: &str) -> String {
    format!("{VARIABLE_PREFIX}{}", path.to_uppercase().replace('.', "__"))
}

/// All keys, section by section, in the order of the reference.
#[derive(Debug, Clone, Copy)]
pub(super) struct Table(pub(super) &'static [&'static [Key]]);

impl Table {
    pub(super) fn keys(self) -> impl Iterator<Item = &'static Key> {
        self.0.iter().copied().flatten()
    }

    /// The key of this path, or that had it before.
    pub(super) fn find(self, path: &str) -> Option<&'static Key> {
        self.keys().find(|key| key.is_called(path))
    }

    /// The mapping that `path` is a name in, and that name.
    pub(super) fn find_mapping(self, path: &str) -> Option<(&'static Key, &str)> {
        let name = |key: &Key| path.strip_prefix(key.path).and_then(|rest| rest.strip_prefix('.'));
        self.keys().filter(|key| key.kind.is_mapping()).find_map(|key| Some((key, name(key)?)))
    }

    /// Whether `path` is a section, e.g. `kafka`.
    pub(super) fn is_section(self, path: &str) -> bool {
        let is_in = |key: &str| key.strip_prefix(path).is_some_and(|rest| rest.starts_with('.'));
        self.keys().any(|key| is_in(key.path) || key.formerly.is_some_and(is_in))
    }

    /// Which line of the table says something about `path`, a key or a name below one.
    pub(super) fn line_of(self, path: &str) -> usize {
        let is_below =
            |key: &Key| path.strip_prefix(key.path).is_some_and(|rest| rest.starts_with('.'));
        self.keys().position(|key| key.path == path || is_below(key)).unwrap_or(usize::MAX)
    }
}

//! From what is written to typed values: one question per key, every wrong answer noted, none of them final.
//!
//! A question with a wrong answer returns a stand-in, so that the next questions can still be asked; the caller
//! throws everything away if [`Reader::finish`] has problems. What each key demands stands in `keys.rs`, whose lines name
//! the methods here.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use super::by_topic::ByTopic;
use super::key::{Key, Preset, TOPIC_CHARS_MAX, Table};
use super::network::{NETWORK_BYTES_MAX, Network};
use super::problem::{Place, Problem};
use super::secret::Secret;
use super::words::Word;
use super::written::{Scalar, Setting, Written};

/// What holds for one key, for people to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effective {
    /// The key.
    pub key: String,
    /// Its value, redacted if secret.
    pub value: String,
    /// Where it comes from.
    pub place: Place,
    /// The path it was set by, if that is the one the key had before.
    pub renamed_from: Option<&'static str>,
}

pub(super) struct Reader {
    settings: BTreeMap<&'static str, Setting>,
    entries: BTreeMap<&'static str, BTreeMap<String, Setting>>,
    lists: BTreeMap<&'static str, Vec<Setting>>,
    renamed: BTreeMap<&'static str, &'static str>,
    problems: Vec<Problem>,
    effective: Vec<Effective>,
}

/// Stand-in for a text that is wrong.
const WRONG: &str = "wrong";

impl Reader {
    pub(super) fn new(written: Written) -> Self {
        Self {
            settings: written.settings,
            entries: written.entries,
            lists: written.lists,
            renamed: written.renamed,
            problems: written.problems,
            effective: Vec::new(),
        }
    }

    /// Everything wrong, in the order of the file, or what holds for each key, in the order of the table.
    pub(super) fn finish(mut self, table: Table) -> Result<Vec<Effective>, Vec<Problem>> {
        if self.problems.is_empty() {
            self.effective.sort_by_key(|line| table.line_of(&line.key));
            return Ok(self.effective);
        }
        self.problems.sort_by(|a, b| a.place.cmp(&b.place));
        Err(self.problems)
    }

    /// Where the value of this key was written.
    pub(super) fn place(&self, path: &str) -> Place {
        self.settings.get(path).map_or(Place::Default, |setting| setting.place.clone())
    }

    /// Where a name below a key was written that has been read.
    pub(super) fn place_of_entry(&self, entry: &str) -> Place {
        let noted = self.effective.iter().find(|effective| effective.key == entry);
        noted.map_or(Place::File, |effective| effective.place.clone())
    }

    pub(super) fn problem(
        &mut self,
        path: &str,
        reason: impl Into<String>,
        fix: impl Into<String>,
    ) {
        let place = self.place(path);
        self.problems.push(Problem::new(path, place, reason, fix));
    }

    pub(super) fn problem_at(
        &mut self,
        path: &str,
        place: Place,
        reason: impl Into<String>,
        fix: impl Into<String>,
    ) {
        self.problems.push(Problem::new(path, place, reason, fix));
    }

    /// A whole number; `computed` is asked if nobody set it and the table has no number either.
    fn integer(&mut self, key: &Key, min: u64, max: u64, computed: fn() -> u64) -> u64 {
        let path = key.path;
        let number = match self.settings.get(path).map(|setting| setting.value.clone()) {
            Some(Scalar::Integer(number)) => Some(number),
            Some(Scalar::Untyped(text)) => text.parse().ok(),
            Some(_) => None,
            None => match key.preset {
                Preset::Value(text) => text.parse().ok(),
                Preset::Computed(_) | Preset::Unset => Some(computed().clamp(min, max).into()),
            },
        };
        match number.and_then(|number| u64::try_from(number).ok()) {
            Some(number) if (min..=max).contains(&number) => {
                self.note(path, number.to_string());
                number
            }
            Some(number) => {
                self.problem(
                    path,
                    format!("{number} is out of range"),
                    format!("write a whole number from {min} to {max}"),
                );
                min
            }
            None => {
                self.problem(
                    path,
                    "is not a whole number",
                    format!("write digits only, without quotes, from {min} to {max}"),
                );
                min
            }
        }
    }

    /// A length of time, written in milliseconds.
    pub(super) fn milliseconds(&mut self, key: &Key, min: u64, max: u64) -> Duration {
        Duration::from_millis(self.integer(key, min, max, || 1))
    }

    /// A number of bytes or records that must fit this machine's memory.
    pub(super) fn count(&mut self, key: &Key, min: u64, max: u64) -> usize {
        self.count_or(key, min, max, || 1)
    }

    /// As [`Reader::count`]; what nobody set is found out.
    pub(super) fn count_or(
        &mut self,
        key: &Key,
        min: u64,
        max: u64,
        computed: fn() -> u64,
    ) -> usize {
        usize::try_from(self.integer(key, min, max, computed)).unwrap_or(usize::MAX)
    }

    pub(super) fn boolean(&mut self, key: &Key) -> bool {
        let path = key.path;
        let value = match self.settings.get(path).map(|setting| setting.value.clone()) {
            Some(Scalar::Boolean(value)) => Some(value),
            Some(Scalar::Untyped(text)) => text.parse().ok(),
            Some(_) => None,
            None => key.preset.value().and_then(|text| text.parse().ok()),
        };
        match value {
            Some(value) => {
                self.note(path, value.to_string());
                value
            }
            None => {
                self.problem(
                    path,
                    "is neither true nor false",
                    "write `true` or `false`, without quotes",
                );
                false
            }
        }
    }

    pub(super) fn word<T: Word>(&mut self, key: &Key, words: &[&str]) -> T {
        let text = self.text(key);
        T::of(&text).unwrap_or_else(|| {
            if text != WRONG {
                self.problem(
                    key.path,
                    format!("`{text}` is not one of the words it takes"),
                    format!("write one of: {}", words.join(", ")),
                );
            }
            T::STAND_IN
        })
    }

    pub(super) fn text(&mut self, key: &Key) -> String {
        self.optional_text(key).unwrap_or_default()
    }

    pub(super) fn path(&mut self, key: &Key) -> PathBuf {
        PathBuf::from(self.text(key))
    }

    pub(super) fn optional_path(&mut self, key: &Key) -> Option<PathBuf> {
        self.optional_text(key).map(PathBuf::from)
    }

    /// What it must begin with needs more than this key.
    pub(super) fn url(&mut self, key: &Key) -> Option<String> {
        self.optional_text(key)
    }

    /// The value as text, or what the table says, or nothing.
    pub(super) fn optional_text(&mut self, key: &Key) -> Option<String> {
        let path = key.path;
        let text = match self.settings.get(path).map(|setting| setting.value.clone()) {
            None => key.preset.value()?.to_owned(),
            Some(value) => match text_of(value) {
                Ok(text) => text,
                Err(reason) => {
                    self.problem(
                        path,
                        reason,
                        "write text; in quotes if it looks like something else",
                    );
                    return Some(WRONG.to_owned());
                }
            },
        };
        if text.is_empty() || text.trim() != text || text.chars().any(char::is_control) {
            self.problem(
                path,
                "is empty, or has spaces around it or control characters in it",
                "write plain text, or delete the line to get the default",
            );
            return Some(WRONG.to_owned());
        }
        self.note(path, text.clone());
        Some(text)
    }

    /// A name of letters, digits, `.`, `_` and `-`.
    pub(super) fn name(&mut self, key: &Key, chars_max: usize) -> String {
        self.name_or(key, chars_max, || None)
    }

    /// The name of a topic.
    pub(super) fn topic(&mut self, key: &Key) -> String {
        self.name(key, TOPIC_CHARS_MAX)
    }

    /// The names of one topic or several; at least one, whatever was written.
    pub(super) fn topics(&mut self, key: &Key, n_max: usize) -> Vec<String> {
        let path = key.path;
        let Some(listed) = self.lists.get(path) else { return vec![self.topic(key)] };
        if listed.is_empty() {
            let fix = "name at least one topic, or delete the line to get the default";
            self.problem(path, "is an empty list", fix);
            return vec![WRONG.to_owned()];
        }
        let places: Vec<Place> = listed.iter().map(|setting| setting.place.clone()).collect();
        let names = self.names(key, n_max, TOPIC_CHARS_MAX);
        for (name, place) in names.iter().zip(places) {
            if !is_name(name, TOPIC_CHARS_MAX) {
                let reason = format!("`{}` is not a name it takes", shortened(name));
                self.problem_at(path, place, reason, name_fix(TOPIC_CHARS_MAX));
            }
        }
        if names.is_empty() { vec![WRONG.to_owned()] } else { names }
    }

    /// A word for all topics, or a word for each of some.
    pub(super) fn word_by_topic<T: Word>(&mut self, key: &Key, words: &[&str]) -> ByTopic<T> {
        let mut own = BTreeMap::new();
        for (topic, text, place) in self.entries(key.path) {
            let name = format!("{}.{topic}", key.path);
            match T::of(&text) {
                Some(word) => {
                    self.note_entry(name, text, place);
                    own.insert(topic, word);
                }
                None => {
                    let reason = format!("`{}` is not one of the words it takes", shortened(&text));
                    self.problem_at(
                        &name,
                        place,
                        reason,
                        format!("write one of: {}", words.join(", ")),
                    );
                }
            }
        }
        ByTopic { otherwise: self.word(key, words), own }
    }

    /// A path for all topics, or one for each of some.
    pub(super) fn path_by_topic(&mut self, key: &Key) -> ByTopic<Option<PathBuf>> {
        let mut own = BTreeMap::new();
        for (topic, text, place) in self.entries(key.path) {
            let name = format!("{}.{topic}", key.path);
            if text.trim().is_empty() || text.chars().any(char::is_control) {
                let fix = "write a path, or delete the line to read the topic in our own form";
                self.problem_at(&name, place, "is empty or has control characters in it", fix);
                continue;
            }
            self.note_entry(name, text.clone(), place);
            own.insert(topic, Some(PathBuf::from(text)));
        }
        ByTopic { otherwise: self.optional_path(key), own }
    }

    /// As [`Reader::name`]; what nobody set is found out.
    pub(super) fn name_or(
        &mut self,
        key: &Key,
        chars_max: usize,
        computed: fn() -> Option<String>,
    ) -> String {
        let path = key.path;
        let Some(name) = self.optional_text(key).or_else(|| {
            let name = computed()?;
            self.note(path, name.clone());
            Some(name)
        }) else {
            self.problem(
                path,
                "is not set, and this machine does not tell its own name",
                "set it to a name of your choice, different for each instance",
            );
            return WRONG.to_owned();
        };
        if !is_name(&name, chars_max) {
            let reason = format!("`{}` is not a name it takes", shortened(&name));
            self.problem(path, reason, name_fix(chars_max));
        }
        name
    }

    /// Different names, as many and as long as the table allows.
    pub(super) fn names(&mut self, key: &Key, n_max: usize, bytes_max: usize) -> Vec<String> {
        let path = key.path;
        let Some(list) = self.lists.remove(path) else {
            // a list of the table is written as it stands in a file, which JSON reads as well
            let Preset::Value(text) = key.preset else { return Vec::new() };
            let names: Vec<String> = serde_json::from_str(text).unwrap_or_default();
            self.note_entry(path.to_owned(), format!("[{}]", names.join(", ")), Place::Default);
            return names;
        };
        let place = list.first().map_or(Place::Default, |setting| setting.place.clone());
        if list.len() > n_max {
            self.problem_at(
                path,
                place.clone(),
                format!("holds {} names", list.len()),
                format!("write at most {n_max}"),
            );
        }
        let mut names: Vec<String> = Vec::new();
        for setting in list {
            let name = match text_of(setting.value) {
                Ok(name) => name,
                Err(reason) => {
                    self.problem_at(path, setting.place, reason, "write each name in quotes");
                    continue;
                }
            };
            let is_plain = name.trim() == name && !name.chars().any(char::is_control);
            if name.is_empty() || name.len() > bytes_max || !is_plain {
                self.problem_at(
                    path,
                    setting.place,
                    format!("`{}` is not a name it takes", shortened(&name.escape_debug().to_string())),
                    format!(
                        "use 1 to {bytes_max} bytes without control characters, and no spaces around them"
                    ),
                );
            } else if names.contains(&name) {
                let reason = format!("`{}` stands in it a second time", shortened(&name));
                self.problem_at(path, setting.place, reason, "delete one of the two");
            } else {
                names.push(name);
            }
        }
        self.note_entry(path.to_owned(), format!("[{}]", names.join(", ")), place);
        names
    }

    /// Networks, each in its own form.
    pub(super) fn networks(&mut self, key: &Key, n_max: usize) -> Vec<Network> {
        let names = self.names(key, n_max, NETWORK_BYTES_MAX);
        let mut networks = Vec::new();
        for name in names {
            match Network::parse(&name) {
                Ok(network) => networks.push(network),
                Err(fix) => {
                    let reason = format!("`{}` is not a network it takes", shortened(&name));
                    self.problem(key.path, reason, fix);
                }
            }
        }
        networks
    }

    pub(super) fn socket(&mut self, key: &Key) -> SocketAddr {
        let text = self.text(key);
        text.parse().unwrap_or_else(|_| {
            if text != WRONG {
                self.problem(
                    key.path,
                    format!("`{}` is not an IP address with a port", shortened(&text)),
                    "write e.g. `127.0.0.1:8080`, or `0.0.0.0:8080` for all interfaces",
                );
            }
            SocketAddr::from(([127, 0, 0, 1], 0))
        })
    }

    /// The secret whose file the key names, or that the environment carries as `own_path`.
    pub(super) fn secret_file(&mut self, key: &Key, own_path: &'static str) -> Option<Secret> {
        if let Some(Setting { value: Scalar::Untyped(text), .. }) = self.settings.get(own_path) {
            let secret = Secret::new(text.clone());
            return self.secret_or_problem(own_path, secret);
        }
        let file = self.optional_path(key)?;
        let secret = Secret::from_file(&file);
        let secret = self.secret_or_problem(key.path, secret)?;
        self.note(own_path, "[redacted]".to_owned());
        Some(secret)
    }

    fn secret_or_problem(
        &mut self,
        path: &'static str,
        secret: Result<Secret, super::secret::SecretError>,
    ) -> Option<Secret> {
        match secret {
            Ok(secret) => {
                if path.ends_with("_file") {
                    return Some(secret);
                }
                self.note(path, "[redacted]".to_owned());
                Some(secret)
            }
            Err(error) => {
                self.problem(
                    path,
                    error.to_string(),
                    "let it name a readable file that holds the secret and nothing else",
                );
                None
            }
        }
    }

    /// The names below `kafka.properties` or `kafka.secrets`, as written.
    pub(super) fn entries(&mut self, path: &'static str) -> Vec<(String, String, Place)> {
        let mut entries = Vec::new();
        for (name, setting) in self.entries.remove(path).unwrap_or_default() {
            match text_of(setting.value) {
                Ok(text) => entries.push((name, text, setting.place)),
                Err(reason) => self.problems.push(Problem::new(
                    format!("{path}.{name}"),
                    setting.place,
                    reason,
                    "write it in quotes",
                )),
            }
        }
        entries
    }

    pub(super) fn note_entry(&mut self, path: String, value: String, place: Place) {
        let renamed_from = self.renamed.get(path.as_str()).copied();
        self.effective.push(Effective { key: path, value, place, renamed_from });
    }

    pub(super) fn note(&mut self, path: &'static str, value: String) {
        let place = self.place(path);
        self.note_entry(path.to_owned(), value, place);
    }
}

/// Whole numbers and booleans are text where text is asked for, e.g. `linger.ms: 5`; what YAML would change is not.
fn text_of(value: Scalar) -> Result<String, &'static str> {
    match value {
        Scalar::Text(text) | Scalar::Untyped(text) => Ok(text),
        Scalar::Integer(number) => Ok(number.to_string()),
        Scalar::Boolean(value) => Ok(value.to_string()),
        Scalar::Null => Err("has no value"),
        Scalar::Float => Err("is a number with a fraction, which YAML may write differently"),
    }
}

/// Whether Kafka would take it for a topic or a client.
fn is_name(name: &str, chars_max: usize) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    name.len() <= chars_max && name.chars().all(allowed) && name != "." && name != ".."
}

fn name_fix(chars_max: usize) -> String {
    format!("use 1 to {chars_max} letters, digits, `.`, `_` and `-`")
}

/// Enough of a value to recognise it.
pub(super) fn shortened(text: &str) -> String {
    const SHOWN_CHARS_MAX: usize = 60;
    match text.char_indices().nth(SHOWN_CHARS_MAX) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

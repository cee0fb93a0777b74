//! Walks over a YAML tree and collects every problem instead of stopping at the first.

use crate::problem::Problem;
use gate_located::{Key, Malformed, Manner, Node, Place, Value, nearest};

/// Largest mapping or file of cases, in bytes.
pub const FILE_BYTES_MAX: usize = 4 << 20;
/// Edits between a word and the one that may have been meant.
const EDITS_MAX: usize = 3;

const MANNER: Manner = Manner {
    bytes_max: FILE_BYTES_MAX,
    scalar_bytes_max: 2 * FILE_BYTES_MAX,
    nodes_max: 400_000,
    depth_max: 24,
    aliases_max: 2_000,
    leans_on_anchors: true,
    keeps_repeated_keys: false,
    merges: true,
};

/// Reads one file.
pub(crate) struct Reader<'a> {
    file: &'a str,
    problems: Vec<Problem>,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(file: &'a str) -> Self {
        Self { file, problems: Vec::new() }
    }

    /// The file as a tree, unless it is none, which is a problem.
    pub(crate) fn document(&mut self, text: &str) -> Option<Node> {
        match gate_located::parse(text, &MANNER) {
            Ok(node) => Some(node),
            Err(Malformed { place, reason }) => {
                let fix = "correct the YAML; nothing else of this file was checked";
                self.problem(place, format!("is not YAML: {reason}"), fix);
                None
            }
        }
    }

    pub(crate) fn finish(mut self) -> Vec<Problem> {
        self.problems.sort();
        self.problems
    }

    pub(crate) fn is_sound(&self) -> bool {
        self.problems.is_empty()
    }

    pub(crate) fn problem(&mut self, at: Place, reason: impl Into<String>, fix: impl Into<String>) {
        let problem = Problem {
            file: self.file.to_owned(),
            line: at.line,
            column: at.column,
            reason: reason.into(),
            fix: fix.into(),
        };
        if !self.problems.contains(&problem) {
            self.problems.push(problem); // an alias is read wherever it is used, its problem named once
        }
    }

    /// The entries of a mapping, each with a known key; anything else is a problem.
    pub(crate) fn entries<'n>(
        &mut self,
        node: &'n Node,
        what: &str,
        known: &[&str],
    ) -> Vec<(&'n Key, &'n Node)> {
        let Value::Map(entries) = &node.value else {
            let reason = format!("{what} must be a mapping, this is {}", node.value.kind());
            self.problem(node.place, reason, "write it as `key: value` lines");
            return Vec::new();
        };
        let mut found = Vec::new();
        for (key, value) in entries {
            if known.contains(&key.name.as_str()) {
                found.push((key, value));
            } else {
                let fix = suggestion(&key.name, known.iter().copied());
                self.problem(key.place, format!("{what} has no key `{}`", key.name), fix);
            }
        }
        found
    }

    /// The items of a list; a single value counts as a list of one.
    pub(crate) fn items<'n>(&mut self, node: &'n Node) -> &'n [Node] {
        match &node.value {
            Value::List(items) => items,
            _ => std::slice::from_ref(node),
        }
    }

    /// A text.
    pub(crate) fn text<'n>(&mut self, node: &'n Node, what: &str) -> Option<&'n str> {
        if let Value::Text(text) = &node.value {
            return Some(text);
        }
        let reason = format!("{what} must be a text, this is {}", node.value.kind());
        self.problem(node.place, reason, "write it in quotes");
        None
    }

    /// A word of a closed set.
    pub(crate) fn word<T: Copy>(
        &mut self,
        node: &Node,
        what: &str,
        words: &[(&str, T)],
    ) -> Option<T> {
        let text = self.text(node, what)?;
        let found = words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value);
        if found.is_none() {
            let fix = suggestion(text, words.iter().map(|(word, _)| *word));
            self.problem(node.place, format!("`{text}` is no {what}"), fix);
        }
        found
    }
}

/// What may have been meant, or everything that is known.
pub(crate) fn suggestion<'w>(word: &str, known: impl Iterator<Item = &'w str> + Clone) -> String {
    match nearest(word, known.clone(), EDITS_MAX) {
        Some(near) => format!("did you mean `{near}`?"),
        None => {
            let list: Vec<&str> = known.take(20).collect();
            if list.is_empty() {
                "nothing is known here".to_owned()
            } else {
                format!("use one of: {}", list.join(", "))
            }
        }
    }
}

//! Paths: `$.order.customer['e.mail']`, `$.lines[0].id`, `$.payload(json).id`; `@` begins at the item of an `each`.

use std::fmt;

/// Most steps of a path; nothing deeper is read anyway.
pub(crate) const STEPS_MAX: usize = gate_codec::DEPTH_MAX;
/// Longest path, in bytes.
const PATH_BYTES_MAX: usize = 512;
/// Greatest index in a list.
const INDEX_MAX: usize = 999;

/// Where a path begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Root {
    /// `$`: the record.
    Record,
    /// `@`: the item of `each`.
    Item,
    /// `key:$`: the record's key, as JSON.
    Key,
}

/// One step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// The field of this name.
    Name(Box<str>),
    /// The item with this number, from 0.
    Index(usize),
    /// The JSON in this text.
    Json,
}

/// A path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Path {
    pub(crate) root: Root,
    pub(crate) steps: Vec<Step>,
}

impl Path {
    /// Reads a path; the error says what is wrong with it.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        if text.len() > PATH_BYTES_MAX {
            return Err(format!("is longer than {PATH_BYTES_MAX} bytes"));
        }
        let (root, mut rest) = if let Some(rest) = text.strip_prefix("key:$") {
            (Root::Key, rest)
        } else if let Some(rest) = text.strip_prefix('$') {
            (Root::Record, rest)
        } else if let Some(rest) = text.strip_prefix('@') {
            (Root::Item, rest)
        } else {
            return Err("does not begin with `$`, `@` or `key:$`".to_owned());
        };
        let mut steps = Vec::new();
        while !rest.is_empty() {
            let (step, after) = step(rest)?;
            steps.push(step);
            rest = after;
            if steps.len() > STEPS_MAX {
                return Err(format!("has more than {STEPS_MAX} steps"));
            }
        }
        Ok(Self { root, steps })
    }
}

/// The first step and what follows it.
fn step(text: &str) -> Result<(Step, &str), String> {
    let unfinished = || "has a bracket without an end".to_owned();
    if let Some(rest) = text.strip_prefix("(json)") {
        return Ok((Step::Json, rest));
    }
    if let Some(rest) = text.strip_prefix("['") {
        let (name, rest) = rest.split_once("']").ok_or_else(unfinished)?;
        return named(name, rest);
    }
    if let Some(rest) = text.strip_prefix('[') {
        let (index, rest) = rest.split_once(']').ok_or_else(unfinished)?;
        let number = index.parse().ok().filter(|index| *index <= INDEX_MAX);
        let number = number.ok_or_else(|| {
            format!("has `[{index}]`, which is no number up to {INDEX_MAX} and no name in quotes")
        })?;
        return Ok((Step::Index(number), rest));
    }
    if let Some(rest) = text.strip_prefix('.') {
        let end = rest.find(['.', '[', '(']).unwrap_or(rest.len());
        let (name, rest) = rest.split_at_checked(end).unwrap_or((rest, ""));
        if name.contains([']', ')', '\'', '"', '*', '?', '@', '$'])
            || name.contains(char::is_whitespace)
        {
            return Err(format!("has `.{name}`; write an unusual name as `['{name}']`"));
        }
        return named(name, rest);
    }
    Err("has a step that begins with none of `.`, `[` and `(json)`".to_owned())
}

fn named<'t>(name: &str, rest: &'t str) -> Result<(Step, &'t str), String> {
    if name.is_empty() {
        return Err("has a step without a name".to_owned());
    }
    Ok((Step::Name(name.into()), rest))
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.root {
            Root::Record => "$",
            Root::Item => "@",
            Root::Key => "key:$",
        })?;
        for step in &self.steps {
            match step {
                Step::Name(name) if name.contains(['.', '[', '(']) => write!(f, "['{name}']")?,
                Step::Name(name) => write!(f, ".{name}")?,
                Step::Index(index) => write!(f, "[{index}]")?,
                Step::Json => f.write_str("(json)")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_read_as_they_are_written() {
        for text in ["$", "$.a", "$.a.b[0].c", "@", "@.x", "key:$.id", "$['a.b'].c", "$.p(json).id"]
        {
            assert_eq!(Path::parse(text).map(|path| path.to_string()).as_deref(), Ok(text));
        }
        assert_eq!(Path::parse("$['a']"), Path::parse("$.a"));
    }

    #[test]
    fn what_is_no_path_says_why() {
        for text in [
            "",
            "a.b",
            "$a",
            "$.",
            "$.a..b",
            "$.a[",
            "$.a[-1]",
            "$.a[*]",
            "$.a[1000]",
            "$['a",
            "$.a b",
        ] {
            assert!(Path::parse(text).is_err(), "{text}");
        }
        assert!(Path::parse(&format!("${}", ".a".repeat(STEPS_MAX + 1))).is_err());
        assert!(Path::parse(&format!("$.{}", "a".repeat(PATH_BYTES_MAX))).is_err());
    }
}

//! Texts and templates fit together: every text exists in both languages with the same values, none is asked for that is missing,
//! none stands there unused, and no template lets a value past the escaper.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use fluent_syntax::ast::{Entry, Expression, InlineExpression, Pattern, PatternElement};
use fluent_syntax::parser::parse;

/// Ids that are put together from a code.
const COMPOSED: [&str; 5] = ["channel-", "month-", "reason-", "remedy-", "weekday-"];

type Texts = BTreeMap<String, BTreeSet<String>>;

fn texts(file: &str) -> Texts {
    let source =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("words").join(file)).unwrap();
    let resource =
        parse(source.as_str()).unwrap_or_else(|(_, errors)| panic!("{file}: {errors:?}"));
    let mut texts = Texts::new();
    for entry in resource.body {
        let Entry::Message(message) = entry else { continue };
        let mut values = BTreeSet::new();
        let pattern =
            message.value.unwrap_or_else(|| panic!("{file}: {} is empty", message.id.name));
        values_of(&pattern, &mut values);
        let before = texts.insert(message.id.name.to_owned(), values);
        assert!(before.is_none(), "{file}: {} twice", message.id.name);
    }
    texts
}

fn values_of(pattern: &Pattern<&str>, values: &mut BTreeSet<String>) {
    for element in &pattern.elements {
        let PatternElement::Placeable { expression } = element else { continue };
        let (selector, variants) = match expression {
            Expression::Inline(inline) => (inline, &Vec::new()),
            Expression::Select { selector, variants } => (selector, variants),
        };
        let InlineExpression::VariableReference { id } = selector else { panic!("{selector:?}") };
        values.insert(id.name.to_owned());
        for variant in variants {
            values_of(&variant.value, values);
        }
    }
}

/// Templates and sources, by name.
fn sources() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    for directory in ["templates", "src", "src/chart"] {
        for entry in fs::read_dir(root.join(directory)).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() {
                found.push((path.display().to_string(), fs::read_to_string(&path).unwrap()));
            }
        }
    }
    assert!(found.len() > 40, "the walk found too little");
    found
}

/// Every `"word-word"` of a text.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    let inner = text.split('"').skip(1);
    inner.filter(|word| {
        word.starts_with(|c: char| c.is_ascii_lowercase())
            && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    })
}

#[test]
fn every_text_is_there_in_both_languages() {
    let (english, german) = (texts("en.ftl"), texts("de.ftl"));
    assert!(english.len() > 300);
    let ids = |texts: &Texts| texts.keys().cloned().collect::<Vec<_>>();
    assert_eq!(ids(&english), ids(&german));
    for (id, values) in &english {
        assert_eq!(values, &german[id], "values of {id}");
    }
}

/// What the gate says in English, the page says in German.
#[test]
fn every_reason_has_its_german_sentences() {
    let german = texts("reasons.de.ftl");
    let id = |prefix: &str, reason: &gate_core::Reason| {
        format!("{prefix}-{}", reason.code().replace(['.', '_'], "-"))
    };
    for reason in gate_core::Reason::ALL {
        for prefix in ["reason", "remedy"] {
            assert!(german.contains_key(&id(prefix, reason)), "{}", id(prefix, reason));
        }
    }
    assert_eq!(german.len(), 2 * gate_core::Reason::ALL.len(), "no sentence is left over");
}

#[test]
fn every_text_that_is_asked_for_exists() {
    let english = texts("en.ftl");
    let mut asked = 0;
    for (file, source) in sources() {
        for (at, _) in source.match_indices(".say(\"") {
            let id = source[at + 6..].split('"').next().unwrap();
            assert!(english.contains_key(id), "{file}: {id} is missing");
            asked += 1;
        }
        // ids that enums hand out
        if file.ends_with(".rs") && !file.ends_with("escape.rs") {
            let code = source.split("#[cfg(test)]").next().unwrap();
            for word in quoted(code).filter(|word| word.contains('-') && !word.starts_with("m-")) {
                assert!(
                    english.contains_key(word) || COMPOSED.contains(&word),
                    "{file}: {word} is missing"
                );
            }
        }
    }
    assert!(asked > 300, "{asked}");
}

#[test]
fn no_text_is_unused() {
    let all: String = sources().into_iter().map(|(_, source)| source).collect();
    let used: BTreeSet<&str> = quoted(&all).collect();
    let unused: Vec<_> = texts("en.ftl").into_keys().collect();
    let unused: Vec<_> = unused
        .iter()
        .filter(|id| {
            !used.contains(id.as_str()) && !COMPOSED.iter().any(|start| id.starts_with(start))
        })
        .collect();
    assert!(unused.is_empty(), "{unused:?}");
}

#[test]
fn the_same_values_are_given_as_are_asked_for() {
    let english = texts("en.ftl");
    for (file, source) in sources().into_iter().filter(|(file, _)| file.ends_with(".html")) {
        for (at, _) in source.match_indices("t.say(\"") {
            let rest = &source[at + 7..];
            let id = rest.split('"').next().unwrap();
            // up to the end of the expression, which holds no `}}` and no `%}`
            let end =
                rest.find("}}").unwrap_or(rest.len()).min(rest.find("%}").unwrap_or(rest.len()));
            let call = rest[..end].split("t.say(\"").next().unwrap();
            let given: BTreeSet<String> = [".n(\"", ".s(\""]
                .iter()
                .flat_map(|how| call.split(how).skip(1))
                .map(|value| value.split('"').next().unwrap().to_owned())
                .collect();
            // a text inside the values of another one takes over the rest of the call
            if rest[..end].matches("t.say(\"").count() == 0 {
                assert_eq!(&given, &english[id], "{file}: {id}");
            }
        }
    }
}

#[test]
fn no_template_lets_a_value_past_the_escaper() {
    for (file, source) in sources().into_iter().filter(|(file, _)| file.ends_with(".html")) {
        let tight: String = source.chars().filter(|c| !c.is_whitespace()).collect();
        for way in [
            "|safe",
            "|escape",
            "|e(",
            "|e}",
            "autoescape",
            "|json",
            "|linebreaks",
            "<style",
            "style=",
            "<script>",
        ] {
            assert!(!tight.contains(way), "{file}: {way}");
        }
    }
    let settings =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("askama.toml")).unwrap();
    assert!(settings.contains("path = \"crate::escape::Page\""));
}

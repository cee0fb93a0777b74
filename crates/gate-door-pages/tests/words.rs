//! Texts and templates fit together: every text exists in all languages with the same values, none is asked for that is missing,
//! none stands there unused, and no template lets a value past the escaper.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use fluent_syntax::ast::{Entry, Expression, InlineExpression, Pattern, PatternElement};
use fluent_syntax::parser::parse;

/// Ids that are put together from a code.
const COMPOSED: [&str; 11] = [
    "button-",
    "channel-",
    "confirm-by-",
    "month-",
    "not-yet-",
    "problem-say-",
    "problem-title-",
    "stopped-",
    "what-",
    "what-purpose-",
    "who-",
];

type Texts = BTreeMap<String, BTreeSet<String>>;

fn texts(language: &str) -> Texts {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("words/{language}.ftl"));
    let source = fs::read_to_string(file).unwrap();
    let resource =
        parse(source.as_str()).unwrap_or_else(|(_, errors)| panic!("{language}: {errors:?}"));
    let mut texts = Texts::new();
    for entry in resource.body {
        let Entry::Message(message) = entry else { continue };
        let mut values = BTreeSet::new();
        let pattern =
            message.value.unwrap_or_else(|| panic!("{language}: {} is empty", message.id.name));
        values_of(&pattern, &mut values);
        let before = texts.insert(message.id.name.to_owned(), values);
        assert!(before.is_none(), "{language}: {} twice", message.id.name);
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
    for directory in ["templates", "src"] {
        for entry in fs::read_dir(root.join(directory)).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() {
                found.push((path.display().to_string(), fs::read_to_string(&path).unwrap()));
            }
        }
    }
    assert!(found.len() > 30, "the walk found too little");
    found
}

/// Every text in quotes that could be an id.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('"').filter(|word| {
        word.starts_with(|c: char| c.is_ascii_lowercase())
            && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    })
}

#[test]
fn every_text_is_there_in_all_languages() {
    let english = texts("en");
    assert!(english.len() > 120, "{}", english.len());
    for language in ["de", "ar"] {
        let other = texts(language);
        let ids = |texts: &Texts| texts.keys().cloned().collect::<Vec<_>>();
        assert_eq!(ids(&english), ids(&other), "{language}");
        for (id, values) in &english {
            assert_eq!(values, &other[id], "values of {id} in {language}");
        }
    }
}

#[test]
fn what_is_loud_is_loud_in_all_languages() {
    let loud = |language: &str| {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("words/{language}.ftl"));
        let source = fs::read_to_string(file).unwrap();
        let lines = source.lines().filter(|line| !line.starts_with('#') && line.contains("**"));
        let ids = lines.map(|line| {
            assert_eq!(line.matches("**").count(), 2, "{line}");
            line.split(" = ").next().unwrap().to_owned()
        });
        ids.collect::<Vec<_>>()
    };
    assert!(loud("en").len() > 5);
    assert_eq!(loud("en"), loud("de"));
    assert_eq!(loud("en"), loud("ar"));
}

#[test]
fn every_text_that_is_asked_for_exists() {
    let english = texts("en");
    let mut asked = 0;
    for (file, source) in sources() {
        for (at, _) in source.match_indices(".say(\"") {
            let id = source[at + 6..].split('"').next().unwrap();
            assert!(english.contains_key(id), "{file}: {id} is missing");
            asked += 1;
        }
        for start in [".say_of(\"", "self.who(\""] {
            for (at, _) in source.match_indices(start) {
                let id = source[at + start.len()..].split('"').next().unwrap();
                assert!(COMPOSED.contains(&id), "{file}: {id} is no beginning");
                asked += 1;
            }
        }
    }
    assert!(asked > 90, "{asked}");
}

#[test]
fn every_code_has_its_texts() {
    let english = texts("en");
    let has = |id: String| assert!(english.contains_key(&id), "{id} is missing");
    for channel in gate_door_pages::Channel::ALL {
        has(format!("channel-{}", channel.code().replace('_', "-")));
    }
    for family in ["email", "text", "whatsapp", "push", "call"] {
        for start in ["what-", "what-purpose-", "button-", "not-yet-", "confirm-by-"] {
            has(format!("{start}{family}"));
        }
    }
    for month in 1..=12 {
        has(format!("month-{month}"));
    }
    for (start, ends) in [
        ("not-yet-", &["all", "ask", "confirm"][..]),
        ("who-", &["email", "phone", "both"]),
        ("stopped-", &["email", "phone", "both"]),
        ("problem-title-", &["request", "form", "page", "large", "many", "ours"]),
        ("problem-say-", &["request", "form", "page", "large", "many", "ours"]),
    ] {
        for end in ends {
            has(format!("{start}{end}"));
        }
    }
}

#[test]
fn no_text_is_unused() {
    let all: String = sources().into_iter().map(|(_, source)| source).collect();
    let used: BTreeSet<&str> = quoted(&all).collect();
    let all = texts("en");
    let unused: Vec<_> = all
        .keys()
        .filter(|id| {
            !used.contains(id.as_str()) && !COMPOSED.iter().any(|start| id.starts_with(start))
        })
        .collect();
    assert!(unused.is_empty(), "{unused:?}");
}

#[test]
fn the_same_values_are_given_as_are_asked_for() {
    let english = texts("en");
    for (file, source) in sources().into_iter().filter(|(file, _)| file.ends_with(".html")) {
        for (at, _) in source.match_indices("t.say(\"") {
            let rest = &source[at + 7..];
            let id = rest.split('"').next().unwrap();
            let ends = ["}}", "%}"].map(|end| rest.find(end).unwrap_or(rest.len()));
            let call = &rest[..ends[0].min(ends[1])];
            let given: BTreeSet<String> = [".n(\"", ".s(\"", ".w(\"", ".link(\""]
                .iter()
                .flat_map(|how| call.split(how).skip(1))
                .map(|value| value.split('"').next().unwrap().to_owned())
                .collect();
            assert_eq!(&given, &english[id], "{file}: {id}");
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
    let settings = Path::new(env!("CARGO_MANIFEST_DIR")).join("askama.toml");
    assert!(fs::read_to_string(settings).unwrap().contains("path = \"crate::escape::Page\""));
}

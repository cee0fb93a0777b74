//! Every page in every state and both languages: markup is whole, nothing breaks the content security policy, no value gets out of
//! its place, and nobody sees what their role may not.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test"
)]

mod markup;
#[path = "../examples/samples/mod.rs"]
mod samples;

use std::collections::{BTreeMap, BTreeSet};

use gate_pages::{Frame, Language, Roles};
use markup::{breaches, dangling, shape, tags};
use samples::Sample;
use serde_json::Value;

#[test]
fn every_page_is_whole_and_keeps_the_policy() {
    for sample in samples::all() {
        for language in Language::ALL {
            let page = sample.html(language);
            let found = [breaches(&page), dangling(&page)].concat();
            assert!(found.is_empty(), "{} in {}: {}", sample.name, language.code(), short(&found));
        }
    }
}

#[test]
fn the_rules_can_be_broken() {
    for (page, breach) in [
        ("<p style=\"x\"></p>", "style of <p>"),
        ("<p onclick=\"x\"></p>", "onclick of <p>"),
        ("<script>x</script>", "inline script"),
        ("<a href=\"javascript:x\"></a>", "href=javascript:x"),
        ("<a href=\"//evil\"></a>", "href=//evil"),
        ("<p></b>", "</b> closes Some(\"p\")"),
        ("<p id=\"a\"></p><p id=\"a\"></p>", "id a twice"),
        ("<p aria-labelledby=\"a\"></p>", "aria-labelledby=a leads nowhere"),
        ("<form method=\"post\"></form>", "a POST without csrf"),
        ("<input name=\"a\">", "no label: Some(\"a\")"),
        ("<!-- x -->", "a comment or declaration: -- x --"),
    ] {
        assert_eq!(breaches(page), [breach], "{page}");
    }
}

/// What people write into fields, and what of it may be seen on the page.
const HOSTILE: [(&str, &str); 6] = [
    ("\"><script>alert(1)</script>", "&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;"),
    ("' onmouseover=alert(1) x='", "&#39; onmouseover=alert(1) x=&#39;"),
    (
        "</title></textarea></pre>{{7*7}}{%x%}&amp;",
        "&lt;/title&gt;&lt;/textarea&gt;&lt;/pre&gt;{{7*7}}{%x%}&amp;amp;",
    ),
    ("\r\nSet-Cookie: a=b\r\n\r\n<b>", "[U+000D]\nSet-Cookie: a=b[U+000D]\n[U+000D]\n&lt;b&gt;"),
    ("\u{202e}moc.elpmaxe\u{2066}\0", "[U+202E]moc.elpmaxe[U+2066][U+0000]"),
    ("👩‍🚀 שלום Zoë", "👩‍🚀 שלום Zoë"),
];

#[test]
fn no_value_gets_out_of_its_place() {
    let mut unseen = BTreeSet::new();
    let mut fields = 0;
    for (path, sample, in_frame) in every_string() {
        fields += 1;
        let mut seen = false;
        for (text, escaped) in HOSTILE {
            let Some(page) = with(sample, &path, in_frame, &Value::from(text)) else {
                // no string: the name of an enum's variant
                assert!(
                    original(sample, &path, in_frame).starts_with(char::is_uppercase),
                    "{path}"
                );
                seen = true;
                break;
            };
            let found = breaches(&page);
            assert!(found.is_empty(), "{} {path} {text:?}: {}", sample.name, short(&found));
            assert!(!page.contains("<script>"), "{} {path}", sample.name);
            seen |= page.contains(escaped) || page.contains(&percent(text));
        }
        if !seen {
            unseen.insert(generic(&path));
        }
    }
    assert!(fields > 250, "the walk found too little: {fields}");
    assert_eq!(
        unseen,
        UNSEEN.into_iter().map(str::to_owned).collect(),
        "fields that no page shows"
    );
}

/// Fields that choose, compare, sort or stand on another page, and such that something else takes the place of.
const UNSEEN: [&str; 24] = [
    "/checks/last_hold_record/topic",
    "/decisions/*/jurisdictions/*",
    "/filters/cursor",
    "/form/region",
    "/hold/record/topic",
    "/just_stopped/*/brand",
    "/just_stopped/*/jurisdictions/*",
    "/just_stopped/*/not_before",
    "/lanes/lanes/*/messages/*/at",
    "/lanes/until",
    "/later/*/brand",
    "/later/*/campaign",
    "/later/*/channel",
    "/later/*/jurisdictions/*",
    "/later/*/purpose",
    "/narrowest",
    "/neighbours/*/jurisdictions/*",
    "/path",
    "/recomputed/Different/reason/sentence",
    "/state/channels/*/cells/*/reason/sentence",
    "/would_pass/answer/reason/sentence",
    "/would_pass/form/category",
    "/would_pass/form/channel",
    "/would_pass/form/jurisdiction",
];

#[test]
fn a_value_of_any_length_leaves_the_page_as_it_is() {
    let long = "x".repeat(20_000);
    for (path, sample, in_frame) in every_string() {
        let Some(page) = with(sample, &path, in_frame, &Value::from(long.as_str())) else {
            continue;
        };
        let found = breaches(&page);
        assert!(found.is_empty(), "{} {path}: {}", sample.name, short(&found));
        if let Some(short) = with(sample, &path, in_frame, &Value::from("y")) {
            assert_eq!(shape(&page), shape(&short), "{} {path}", sample.name);
        }
    }
}

#[test]
fn no_number_breaks_a_page() {
    for sample in samples::all().iter().filter(|sample| !sample.name.ends_with("-stretched")) {
        let mut paths = Vec::new();
        walk(&sample.model, "", &mut |path, value| {
            if value.is_number() {
                paths.push(path.to_owned());
            }
        });
        for path in one_of_each(paths) {
            for number in [
                Value::from(0),
                Value::from(u64::MAX),
                Value::from(255),
                Value::from(1e300),
                Value::from(-1),
            ] {
                let Some(page) = with(sample, &path, false, &number) else { continue };
                let found = breaches(&page);
                assert!(found.is_empty(), "{} {path} {number}: {}", sample.name, short(&found));
                assert!(
                    !page.contains("NaN") && !page.contains("inf%"),
                    "{} {path} {number}",
                    sample.name
                );
            }
        }
    }
}

#[test]
fn what_a_role_may_not_do_is_left_out() {
    let viewer = Roles { viewer: true, ..Roles::default() };
    let of_people = ["people", "person"];
    let of_intake = ["intake", "poison"];
    for sample in samples::all() {
        let begins = |names: &[&str]| names.iter().any(|name| sample.name.starts_with(name));
        for (roles, may_people, may_intake) in [
            (viewer, false, false),
            (Roles { officer: true, ..viewer }, true, true),
            (Roles { operator: true, ..viewer }, false, true),
        ] {
            let frame = Frame { roles, path: "/".to_owned(), ..sample.frame.clone() };
            let page = sample.render_model(&sample.model, &frame, Language::English).unwrap();
            for tag in tags(&page).unwrap() {
                let link = tag.get("href").or_else(|| tag.get("action")).unwrap_or_default();
                if link.starts_with("/people") && !begins(&of_people) {
                    assert!(may_people, "{}: {link}", sample.name);
                }
                if tag.get("action").is_some_and(|to| to.ends_with("/person")) {
                    assert!(may_people, "{}: {link}", sample.name);
                }
                if link.starts_with("/intake") && !begins(&of_intake) {
                    assert!(may_intake, "{}: {link}", sample.name);
                }
            }
        }
    }
}

#[test]
fn a_page_speaks_one_language() {
    for sample in samples::all() {
        let (english, german) = (sample.html(Language::English), sample.html(Language::German));
        assert!(english.contains("<html lang=\"en\">") && german.contains("<html lang=\"de\">"));
        assert_ne!(english, german, "{}", sample.name);
        // placeables that got no value show as {$name}
        for page in [english, german] {
            assert!(!page.contains("{$"), "{}: {}", sample.name, around(&page, "{$"));
        }
    }
}

#[test]
fn instants_are_for_people_and_for_machines() {
    let person = samples::all().into_iter().find(|sample| sample.name == "person").unwrap();
    let (english, german) = (person.html(Language::English), person.html(Language::German));
    assert!(
        english.contains("<time datetime=\"2026-11-20T18:31:04Z\">20 November, 18:31:04</time>")
    );
    assert!(
        english
            .contains("<time datetime=\"2025-11-20T09:30:02Z\">20 November 2025, 09:30:02</time>")
    );
    assert!(
        german.contains("<time datetime=\"2026-11-20T18:31:04Z\">20. November, 18:31:04</time>")
    );
}

#[test]
fn what_was_entered_is_kept() {
    let all = samples::all();
    let page = |name: &str| all.iter().find(|s| s.name == name).unwrap().html(Language::English);
    let people = page("people-wrong");
    assert!(people.contains("<title>Error: Find a person"));
    assert!(people.contains(
        "value=\"ana@\" required aria-invalid=\"true\" aria-describedby=\"f-who-h f-who-w\""
    ));
    assert!(people.contains("<option value=\"address\" selected>"));
    assert!(page("login-wrong").contains("name=\"account\" value=\"kim\""));
    assert!(page("decisions-filtered").contains("<option value=\"boots &amp; more\" selected>"));
    assert!(
        page("poison-wrong").contains("\n\nshort</textarea>"),
        "a leading newline of a text field"
    );
    assert!(page("poison-confirm-wrong").contains("value=\"48102\""));
}

/// One path of each kind of string in view models and frames, with a sample that has it.
fn every_string() -> Vec<(String, &'static Sample, bool)> {
    let all: &'static [Sample] = Box::leak(samples::all().into_boxed_slice());
    let mut strings: BTreeMap<String, (String, &Sample, bool)> = BTreeMap::new();
    for sample in all.iter().filter(|sample| !sample.name.ends_with("-stretched")) {
        // states of one page share a view model: `person-erased` has that of `person`
        let page = sample.name.split('-').next().unwrap();
        walk(&sample.model, "", &mut |path, value| {
            if value.as_str().is_some_and(|text| !text.is_empty()) {
                let kind = format!("{page}{}", generic(path));
                strings.entry(kind).or_insert_with(|| (path.to_owned(), sample, false));
            }
        });
        // signing in has no frame but tells the version; the first page shows the rest
        walk(&serde_json::to_value(&sample.frame).unwrap(), "", &mut |path, value| {
            if value.is_string() && (page == "overview" || path == "/version") {
                let kind = format!("frame{}", generic(path));
                strings.entry(kind).or_insert_with(|| (path.to_owned(), sample, true));
            }
        });
    }
    strings.into_values().collect()
}

fn walk(value: &Value, path: &str, see: &mut impl FnMut(&str, &Value)) {
    match value {
        Value::Array(values) => {
            for (at, value) in values.iter().enumerate() {
                walk(value, &format!("{path}/{at}"), see);
            }
        }
        Value::Object(values) => {
            for (name, value) in values {
                walk(value, &format!("{path}/{name}"), see);
            }
        }
        leaf => see(path, leaf),
    }
}

/// The page with one value replaced; `None` if it does not fit there.
fn with(sample: &Sample, path: &str, in_frame: bool, value: &Value) -> Option<String> {
    if in_frame {
        let mut frame = serde_json::to_value(&sample.frame).unwrap();
        *frame.pointer_mut(path).unwrap() = value.clone();
        let frame: Frame = serde_json::from_value(frame).ok()?;
        return sample.render_model(&sample.model, &frame, Language::English);
    }
    let mut model = sample.model.clone();
    *model.pointer_mut(path).unwrap() = value.clone();
    sample.render_model(&model, &sample.frame, Language::English)
}

fn original(sample: &Sample, path: &str, in_frame: bool) -> String {
    let frame = serde_json::to_value(&sample.frame).unwrap();
    let root = if in_frame { &frame } else { &sample.model };
    root.pointer(path).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// A path without the numbers of its lists.
fn generic(path: &str) -> String {
    let parts = path.split('/').map(|part| if part.parse::<usize>().is_ok() { "*" } else { part });
    parts.collect::<Vec<_>>().join("/")
}

fn one_of_each(paths: Vec<String>) -> Vec<String> {
    let mut kinds = BTreeSet::new();
    paths.into_iter().filter(|path| kinds.insert(generic(path))).collect()
}

fn percent(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        let plain = byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        out.push_str(&if plain { char::from(byte).to_string() } else { format!("%{byte:02X}") });
    }
    out
}

fn around<'p>(page: &'p str, what: &str) -> &'p str {
    let at = page.find(what).unwrap();
    let (from, to) =
        (page.floor_char_boundary(at.saturating_sub(60)), page.floor_char_boundary(at + 60));
    &page[from..to]
}

/// The first breaches, none longer than a line.
fn short(found: &[String]) -> String {
    found
        .iter()
        .take(5)
        .map(|b| b.chars().take(160).collect::<String>())
        .collect::<Vec<_>>()
        .join("; ")
}

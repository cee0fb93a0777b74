//! What pages and comments refer to: source files, documents, numbered promises, state rules and sections of the law sheet.
//! Whoever reads a comment must find what it cites in this repository.

use crate::assert_none;
use crate::page::{code_spans, pages, read, root};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Where sources are.
const SOURCES: [&str; 6] = ["src", "crates", "tests", "bench", "fuzz", "examples"];
/// Notes that only their writers had; what they said stands in `docs/`.
const NOBODY_HAS: [&str; 6] = [
    "contracts section",
    "contract section",
    "contracts, section",
    "rules section",
    "law-findings",
    "field-cases",
];

/// A comment, as far as it stands in one line.
struct Comment {
    file: String,
    line: usize,
    text: String,
}

impl Comment {
    fn place(&self) -> String {
        format!("{}:{}", self.file, self.line)
    }
}

/// Every file of the repository that is not made by a build.
fn files() -> BTreeSet<String> {
    fn walk(dir: &Path, into: &mut BTreeSet<String>) {
        for entry in fs::read_dir(dir).unwrap() {
            let path: PathBuf = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let is_ours = !["target", ".git", "state"].contains(&name.as_str());
            if path.is_dir() && is_ours {
                walk(&path, into);
            } else if path.is_file() {
                into.insert(path.strip_prefix(root()).unwrap().display().to_string());
            }
        }
    }
    let mut all = BTreeSet::new();
    walk(root(), &mut all);
    all
}

/// The comments of all sources and scripts. A `//` within a text is taken for one as well, which does no harm.
fn comments(files: &BTreeSet<String>) -> Vec<Comment> {
    let mut comments = Vec::new();
    for file in files {
        let is_source = SOURCES.iter().any(|dir| file.starts_with(&format!("{dir}/")));
        let mark = match file.rsplit('.').next() {
            Some("rs") if is_source => "//",
            _ if file.starts_with("scripts/") => "#",
            _ => continue,
        };
        let Ok(text) = fs::read_to_string(root().join(file)) else { continue };
        for (at, line) in text.lines().enumerate() {
            if let Some((_, text)) = line.split_once(mark) {
                comments.push(Comment { file: file.clone(), line: at + 1, text: text.to_owned() });
            }
        }
    }
    assert!(comments.len() > 8_000, "found only {} lines of comments", comments.len());
    comments
}

/// Braces as a shell takes them: one name for each word between them.
fn spelled_out(span: &str) -> Vec<String> {
    let Some((before, rest)) = span.split_once('{') else { return vec![span.to_owned()] };
    let Some((names, after)) = rest.split_once('}') else { return Vec::new() };
    names.split(',').map(|name| format!("{before}{name}{after}")).collect()
}

/// The source files that a text names in backticks.
fn named_sources(text: &str) -> Vec<String> {
    let is_path = |span: &&str| {
        let is_part = |c: char| c.is_ascii_alphanumeric() || "_-./{},".contains(c);
        span.len() > 3 && span.ends_with(".rs") && span.chars().all(is_part)
    };
    code_spans(text).filter(is_path).flat_map(spelled_out).collect()
}

/// Whether a source file of that name is there: as written from the repository, `src/` or `crates/`, or one of `more`;
/// a bare name is that of any.
fn is_there(files: &BTreeSet<String>, name: &str, more: &[String]) -> bool {
    if !name.contains('/') {
        let end = format!("/{name}");
        return files.iter().any(|file| file.ends_with(&end) && file.ends_with(".rs"));
    }
    let from = [String::new(), "src/".to_owned(), "crates/".to_owned()];
    from.iter().chain(more).any(|from| files.contains(&format!("{from}{name}")))
}

#[test]
fn every_source_file_that_a_page_names_exists() {
    let files = files();
    let (mut complaints, mut n_names) = (Vec::new(), 0);
    for page in pages() {
        for (line, text) in page.prose() {
            for name in named_sources(text) {
                n_names += 1;
                if !is_there(&files, &name, &[]) {
                    complaints.push(format!("{}:{line}: there is no `{name}`", page.name));
                }
            }
        }
    }
    assert!(n_names > 60, "found only {n_names} names: the test looks at the wrong thing");
    assert_none(&complaints);
}

/// The code map has every room there is, and none that is not.
#[test]
fn every_room_stands_in_the_code_map() {
    let architecture = read("ARCHITECTURE.md");
    let (_, map) = architecture.split_once("## Code map").unwrap();
    let (map, _) = map.split_once("\n## ").unwrap();
    let places: BTreeSet<&str> = map.lines().flat_map(code_spans).collect();
    let has = |place: &str| places.contains(place) || places.contains(format!("{place}/").as_str());
    let (mut complaints, mut n_rooms) = (Vec::new(), 0);
    for dir in ["src", "src/cli", "crates"] {
        for entry in fs::read_dir(root().join(dir)).unwrap() {
            let entry = entry.unwrap();
            let name = format!("{dir}/{}", entry.file_name().to_string_lossy());
            // of the commands, folders alone; `lib.rs` is the list of rooms
            let is_room = entry.path().is_dir() || (dir == "src" && !name.ends_with("lib.rs"));
            n_rooms += usize::from(is_room);
            if is_room && !has(&name) {
                complaints.push(format!("ARCHITECTURE.md: the code map has no row of `{name}`"));
            }
        }
    }
    for place in places.iter().filter(|place| place.ends_with('/')) {
        let is_part_of_a_row = !place.contains('/') || map.contains(&format!("| `{place}`"));
        if is_part_of_a_row && !root().join(place).is_dir() {
            complaints.push(format!("ARCHITECTURE.md: there is no `{place}`"));
        }
    }
    assert!(n_rooms > 35, "found only {n_rooms} rooms: the test looks at the wrong thing");
    assert_none(&complaints);
}

#[test]
fn every_source_file_that_a_comment_names_exists() {
    let files = files();
    let (mut complaints, mut n_names) = (Vec::new(), 0);
    for comment in comments(&files) {
        // as written from the file's own folder or its crate
        let dirs: Vec<String> =
            comment.file.match_indices('/').map(|(at, _)| comment.file[..=at].to_owned()).collect();
        let near = [dirs.last().cloned(), dirs.get(1).cloned(), dirs.get(2).cloned()];
        let near: Vec<String> = near.into_iter().flatten().collect();
        for name in named_sources(&comment.text) {
            n_names += 1;
            if !is_there(&files, &name, &near) {
                complaints.push(format!("{}: there is no `{name}`", comment.place()));
            }
        }
    }
    assert!(n_names > 90, "found only {n_names} names: the test looks at the wrong thing");
    assert_none(&complaints);
}

#[test]
fn every_document_that_a_comment_names_exists() {
    let files = files();
    let (mut complaints, mut n_names) = (Vec::new(), 0);
    for comment in comments(&files) {
        let is_part = |c: char| c.is_ascii_alphanumeric() || "_-./".contains(c);
        let words = comment.text.split(|c| !is_part(c)).map(|word| word.trim_end_matches('.'));
        for name in words.filter(|word| word.len() > 3 && word.ends_with(".md")) {
            n_names += 1;
            if !files.contains(name) {
                complaints.push(format!("{}: there is no `{name}`", comment.place()));
            }
        }
        let text = comment.text.to_lowercase();
        if let Some(words) = NOBODY_HAS.iter().find(|words| text.contains(*words)) {
            let place = comment.place();
            complaints
                .push(format!("{place}: `{words}` is nowhere in the repository; cite `docs/`"));
        }
    }
    assert!(n_names > 40, "found only {n_names} names: the test looks at the wrong thing");
    // this file names what nobody has
    complaints.retain(|complaint| !complaint.starts_with("tests/docs/cited.rs"));
    assert_none(&complaints);
}

/// The first words of the lines of a page that begin with `begin`, up to `end`.
fn marks(page: &str, begin: &str, end: &str) -> BTreeSet<String> {
    let lines = page.lines().filter_map(|line| line.strip_prefix(begin)?.split(end).next());
    lines.map(str::to_owned).collect()
}

/// Words that follow `lead` in a text: `state rules 1 and 2` has `1` and `2`.
fn cited<'t>(text: &'t str, lead: &str) -> Vec<&'t str> {
    let mut found = Vec::new();
    for (at, _) in text.match_indices(lead) {
        let rest = text[at + lead.len()..].trim_start_matches('s');
        let words = rest.split([' ', ',', '(', ')', ':', ';', '.', '`', '"', '–']);
        let words = words.filter(|word| !word.is_empty());
        let joins = ["and", "to", "or"];
        let is_number = |word: &str| {
            let digits = word.trim_start_matches('P');
            let digits = digits.trim_end_matches(|c: char| c.is_ascii_lowercase());
            !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
        };
        let these = words.take_while(|word| joins.contains(word) || is_number(word));
        found.extend(these.filter(|word| !joins.contains(word)));
    }
    found
}

#[test]
fn every_number_that_a_comment_cites_is_given_out() {
    let law = read("docs/law.md");
    let promises = marks(&read("docs/promises.md"), "| **", " ");
    let mut sections = marks(&law, "## ", ".");
    sections.extend(marks(&law, "### ", "."));
    let (_, rules) = law.split_once("**State rules**").unwrap();
    let (rules, _) = rules.split_once("**Evaluation order**").unwrap();
    let rules = (1..20).filter(|n| rules.contains(&format!("\n{n}. *"))).map(|n| n.to_string());
    let rules: BTreeSet<String> = rules.collect();
    assert_eq!((promises.len(), rules.len(), sections.len() > 15), (9, 11, true));
    let kinds = [
        ("romise", "a promise of docs/promises.md", &promises),
        ("tate rule", "a state rule of docs/law.md", &rules),
        ("docs/law.md section", "a section of docs/law.md", &sections),
        ("docs/law.md` section", "a section of docs/law.md", &sections),
    ];
    let (mut complaints, mut n_cited) = (Vec::new(), 0);
    for comment in comments(&files()) {
        for (lead, what, known) in kinds {
            for number in cited(&comment.text, lead) {
                n_cited += 1;
                if !known.contains(number) {
                    complaints.push(format!("{}: `{number}` is not {what}", comment.place()));
                }
            }
        }
    }
    assert!(n_cited > 60, "found only {n_cited} citations: the test looks at the wrong thing");
    assert_none(&complaints);
}

/// README gives promises the numbers of their page, in its order.
#[test]
fn the_readme_numbers_promises_as_their_page_does() {
    let numbers = |page: &str| -> Vec<String> {
        let rows = read(page);
        let rows = rows.lines().filter_map(|line| line.strip_prefix("| **P")?.split(' ').next());
        rows.map(str::to_owned).collect()
    };
    let of_page = numbers("docs/promises.md");
    assert_eq!(of_page, (1..=9).map(|n| n.to_string()).collect::<Vec<_>>());
    assert_eq!(numbers("README.md"), of_page);
}

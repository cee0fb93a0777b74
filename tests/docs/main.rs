//! The documentation as a test: links lead somewhere, commands parse, names exist, examples can be read, and what
//! a page says the program prints is what it prints. No Kafka.
//!
//! Marks in the pages, as HTML comments before a fenced block, say what it is:
//!
//! - `decodes as: consent` or `message`: each object in it is read by the product's codec;
//! - `unreadable consent: CLASS` (or `message`): it is refused with that class;
//! - `single-object of: EVENT_ID`: hexadecimal, and the same change as the JSON one with that id;
//! - `prints: ARGUMENTS`: standard output of `consent-gate ARGUMENTS`; `prints some:` leaves out lines, and figures differ.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that meets the unexpected must fail"
)]

mod cited;
mod command_line;
mod page;
mod questions;

use command_line::{own_arguments, words};
use consent_gate::metrics::HoldCause;
use gate_codec::{Class, Codec, DecodeError, Format, Kind};
use gate_core::Action;
use page::{Page, code_spans, link_targets, pages, read, root};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;

/// Longest line of prose; tables, links and fenced blocks cannot be wrapped.
const CHARS_MAX: usize = 140;

/// Fails with all complaints at once.
fn assert_none(complaints: &[String]) {
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
}

#[test]
fn every_link_leads_somewhere() {
    let pages = pages();
    let anchors: BTreeMap<&str, BTreeSet<String>> =
        pages.iter().map(|page| (page.name.as_str(), page.anchors())).collect();
    let (mut complaints, mut n_links) = (Vec::new(), 0);
    for page in &pages {
        let dir = Path::new(&page.name).parent().unwrap();
        for (line, text) in page.prose() {
            for target in link_targets(text) {
                if target.contains("://") {
                    continue;
                }
                n_links += 1;
                let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
                let file = if file.is_empty() { page.name.clone() } else { joined(dir, file) };
                if !root().join(&file).exists() {
                    complaints.push(format!("{}:{line}: `{target}` leads nowhere", page.name));
                } else if !anchor.is_empty()
                    && !anchors.get(file.as_str()).is_some_and(|known| known.contains(anchor))
                {
                    complaints.push(format!("{}:{line}: `{target}`: no such heading", page.name));
                }
            }
        }
    }
    assert!(n_links > 150, "found only {n_links} links: the test looks at the wrong thing");
    assert_none(&complaints);
}

/// `dir/target` without `..`.
fn joined(dir: &Path, target: &str) -> String {
    let mut parts: Vec<&str> = dir.iter().map(|part| part.to_str().unwrap()).collect();
    for part in target.split('/') {
        match part {
            ".." => assert!(parts.pop().is_some(), "`{target}` leaves the repository"),
            "" | "." => {}
            part => parts.push(part),
        }
    }
    parts.join("/")
}

#[test]
fn every_promise_in_the_readme_names_tests_that_exist() {
    let readme = read("README.md");
    let (_, section) = readme.split_once("## What it promises").unwrap();
    let rows = section.lines().skip_while(|line| !line.starts_with("|---"));
    let rows: Vec<&str> = rows.skip(1).take_while(|line| line.starts_with('|')).collect();
    assert!(rows.len() >= 8, "the table of promises has only {} rows", rows.len());
    let modules = read("tests/kafka/main.rs");
    let mut complaints = Vec::new();
    for row in rows {
        let mut cells = row.split('|').skip(1).map(str::trim);
        let (promise, cell) = (cells.next().unwrap(), cells.next().unwrap());
        let files: Vec<&str> =
            link_targets(cell).into_iter().filter(|it| it.ends_with(".rs")).collect();
        if files.is_empty() {
            complaints.push(format!("no test file is linked for: {promise}"));
        }
        let mut tests = BTreeSet::new();
        for file in files {
            let text = fs::read_to_string(root().join(file)).unwrap_or_default();
            let found = test_names(&text);
            if found.is_empty() {
                complaints.push(format!("`{file}` holds no test, for: {promise}"));
            }
            tests.extend(found);
            let module = Path::new(file).file_stem().and_then(|stem| stem.to_str()).unwrap();
            if file.starts_with("tests/kafka/") && !modules.contains(&format!("mod {module};")) {
                complaints.push(format!("`{file}` is no module of tests/kafka/main.rs"));
            }
        }
        let is_name = |span: &&str| span.contains('_') && !span.contains(['/', '.', ' ']);
        for name in code_spans(cell).filter(is_name) {
            if !tests.contains(name) {
                complaints.push(format!("there is no test `{name}` in the files of: {promise}"));
            }
        }
    }
    assert_none(&complaints);
}

/// Functions behind `#[test]`, and those of `proptest!`, which writes it inside.
fn test_names(source: &str) -> BTreeSet<String> {
    let mut is_test = false;
    let mut names = BTreeSet::new();
    for line in source.lines().map(str::trim_start) {
        is_test |= line.starts_with("#[test]");
        if let Some(rest) = line.strip_prefix("fn ")
            && std::mem::take(&mut is_test)
        {
            names.insert(rest.split(['(', '<']).next().unwrap_or_default().to_owned());
        }
    }
    names
}

#[test]
fn every_command_is_understood() {
    let makefile = read("Makefile");
    let (mut complaints, mut n_commands) = (Vec::new(), 0);
    for page in &pages() {
        for block in page.blocks() {
            if !matches!(block.language, "sh" | "bash" | "text" | "") {
                continue;
            }
            for line in block.text.replace("\\\n", " ").lines() {
                let words = words(line);
                let place = format!("{}:{}: {}", block.page, block.line, line.trim());
                if let Some(arguments) = own_arguments(&words) {
                    n_commands += 1;
                    if let Err(error) = consent_gate::cli::check_arguments(arguments) {
                        complaints.push(format!("{place}\n  {error}"));
                    }
                }
                let [program, first, ..] = words.as_slice() else { continue };
                let is_target = |name: &str| makefile.contains(&format!("\n{name}:"));
                if program == "make" && !first.contains('=') && !is_target(first) {
                    complaints.push(format!("{place}\n  the Makefile has no such target"));
                }
                if program.starts_with("scripts/") && !root().join(program).exists() {
                    complaints.push(format!("{place}\n  there is no such script"));
                }
            }
        }
    }
    assert!(n_commands > 12, "found only {n_commands} commands: the test looks at the wrong thing");
    assert_none(&complaints);
}

/// Words made of these characters that contain `begin`.
fn names_with<'t>(text: &'t str, begin: &str) -> BTreeSet<&'t str> {
    let is_part = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '.');
    let words = text.split(|c| !is_part(c)).map(|word| word.trim_end_matches('.'));
    words.filter(|word| word.starts_with(begin) && word.len() > begin.len()).collect()
}

#[test]
fn every_name_exists() {
    let reasons = read("docs/reference/reasons.md");
    let metrics = read("docs/reference/metrics.md");
    let config = read("docs/reference/config.md");
    let is_in = |reference: &str, name: &str| reference.contains(&format!("`{name}`"));
    // behind our own keys stand librdkafka's, those that are refused
    let own = |text: &str| text.split("## Refused librdkafka").next().unwrap().to_owned();
    let config = own(&config);
    let keys: BTreeSet<&str> =
        config.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect();
    let sections: BTreeSet<&str> =
        keys.iter().filter_map(|key| Some(key.split_once('.')?.0)).collect();
    assert!(keys.len() > 40 && sections.contains("kafka"), "{sections:?}");
    let (mut complaints, mut n_names) = (Vec::new(), 0);
    for page in pages() {
        for (at, line) in own(&page.text).lines().enumerate() {
            let mut check = |is_known: bool, name: &str, what: &str| {
                n_names += 1;
                if !is_known {
                    complaints.push(format!("{}:{}: no {what} `{name}`", page.name, at + 1));
                }
            };
            for begin in ["approved.", "blocked.", "deferred.", "warning."] {
                for name in names_with(line, begin) {
                    check(is_in(&reasons, name), name, "reason");
                }
            }
            for name in names_with(line, "consent_gate_") {
                let series = ["_bucket", "_sum", "_count"];
                let base = series.iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name);
                // what a line greps for is the beginning of several
                let begins_several = line.contains("grep") && metrics.contains(&format!("`{name}"));
                // what a command writes into a file for a collector is no series of a process
                let is_written = read("src/cli/reconcile/mod.rs").contains(&format!("{name}{{{{"));
                let is_known =
                    is_in(&metrics, name) || is_in(&metrics, base) || begins_several || is_written;
                check(is_known, name, "metric");
            }
            for value in line.split("=\"").skip(1).filter(|_| line.contains("consent_gate_")) {
                let value = value.split('"').next().unwrap_or_default();
                check(is_in(&metrics, value), value, "label value");
            }
            for span in code_spans(line) {
                let Some((section, rest)) = span.split_once('.') else { continue };
                // fields of the status have their names from it, and a test of their own
                let is_field = page.name == "docs/reference/status.md" && line.starts_with("| `");
                let is_key = !is_field
                    && rest.chars().all(|c| c.is_ascii_lowercase() || matches!(c, '_' | '.'));
                let is_file = ["rs", "md", "yaml", "toml", "sh"].contains(&rest);
                if sections.contains(section) && is_key && !is_file && !rest.is_empty() {
                    let passes = ["kafka.properties.", "kafka.secrets."]
                        .iter()
                        .any(|it| span.starts_with(it));
                    check(passes || keys.contains(span), span, "configuration key");
                }
            }
        }
    }
    assert!(n_names > 150, "found only {n_names} names: the test looks at the wrong thing");
    assert_none(&complaints);
}

#[test]
fn everything_that_can_happen_is_explained() {
    let (failures, records) = (read("docs/failures.md"), read("docs/schemas.md"));
    let mut missing = Vec::new();
    let (_, causes) = failures.split_once("## Causes of a hold").unwrap();
    for cause in HoldCause::ALL {
        if !causes.contains(&format!("| `{}` |", cause.as_str())) {
            missing.push(format!("docs/failures.md: cause of a hold `{}`", cause.as_str()));
        }
    }
    for class in Class::ALL {
        if !records.contains(&format!("`{}`", class.as_str())) {
            missing.push(format!("docs/schemas.md: class `{}`", class.as_str()));
        }
    }
    for action in Action::ALL {
        if !records.contains(&format!("`{}`", action.as_str())) {
            missing.push(format!("docs/schemas.md: action `{}`", action.as_str()));
        }
    }
    for code in [0, 64, 70, 74, 75, 77, 78] {
        if !failures.contains(&format!("\n| {code} |")) {
            missing.push(format!("docs/failures.md: exit code {code}"));
        }
    }
    assert_none(&missing);
}

/// Reads a value as the gate would.
fn decode(kind: Kind, format: Format, value: &[u8]) -> Result<String, DecodeError> {
    let codec = Codec::new(format, kind, None).unwrap();
    match kind {
        Kind::ConsentChange => codec.decode_consent(Some(value)).map(|it| it.event_id.into_owned()),
        Kind::OutboundMessage => {
            codec.decode_message(Some(value)).map(|it| it.message_id.into_owned())
        }
    }
}

fn kind_of(word: &str) -> Kind {
    match word {
        "consent" => Kind::ConsentChange,
        "message" => Kind::OutboundMessage,
        other => panic!("`{other}` is neither `consent` nor `message`"),
    }
}

#[test]
fn every_example_record_is_read_as_the_page_says() {
    let (mut complaints, mut n_read) = (Vec::new(), 0);
    for page in pages() {
        let mut changes: BTreeMap<String, Vec<u8>> = BTreeMap::new();
        for block in page.blocks() {
            let place = format!("{}:{}", block.page, block.line);
            let value = block.text.trim().as_bytes();
            if let Some(kind) = block.mark.strip_prefix("decodes as: ").map(kind_of) {
                n_read += 1;
                match decode(kind, Format::Json, value) {
                    Ok(id) => drop(changes.insert(id, value.to_vec())),
                    Err(error) => complaints.push(format!("{place}: {error}")),
                }
            } else if let Some(rest) = block.mark.strip_prefix("unreadable ") {
                n_read += 1;
                let (kind, class) = rest.split_once(": ").unwrap();
                let found = decode(kind_of(kind), Format::Json, value);
                if !matches!(found, Err(DecodeError::Unreadable(why)) if why.class.as_str() == class)
                {
                    complaints.push(format!("{place}: not unreadable as `{class}`: {found:?}"));
                }
            } else if let Some(id) = block.mark.strip_prefix("single-object of: ") {
                n_read += 1;
                let json = Codec::new(Format::Json, Kind::ConsentChange, None).unwrap();
                let avro = Codec::new(Format::AvroSingleObject, Kind::ConsentChange, None).unwrap();
                let bytes = from_hex(&block.text);
                let written = changes.get(id).and_then(|it| json.decode_consent(Some(it)).ok());
                let is_same =
                    written.is_some() && avro.decode_consent(Some(&bytes)).ok() == written;
                if !is_same {
                    complaints.push(format!("{place}: is not the change `{id}` in Avro"));
                }
            } else if block.language == "json" {
                let parsed: Result<serde_json::Value, _> = serde_json::from_slice(value);
                if let Err(error) = parsed {
                    complaints.push(format!("{place}: no JSON: {error}"));
                }
            }
        }
    }
    assert!(n_read > 10, "found only {n_read} examples: the test looks at the wrong thing");
    assert_none(&complaints);
}

fn from_hex(text: &str) -> Vec<u8> {
    let digits: String = text.split_whitespace().collect();
    let pairs = digits.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).unwrap());
    pairs.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect()
}

#[test]
fn the_program_prints_what_the_pages_show() {
    let (mut complaints, mut n_compared) = (Vec::new(), 0);
    for page in pages() {
        for block in page.blocks() {
            let (arguments, is_whole) = match block.mark.split_once(": ") {
                Some(("prints", arguments)) => (arguments, true),
                Some(("prints some", arguments)) => (arguments, false),
                _ => continue,
            };
            n_compared += 1;
            let program = env!("CARGO_BIN_EXE_consent-gate");
            let run = Command::new(program).args(words(arguments)).current_dir(root()).output();
            let printed = String::from_utf8(run.unwrap().stdout).unwrap();
            let place = format!("{}:{}: `{arguments}`", block.page, block.line);
            let shown = block.text.lines().map(str::trim_end);
            if is_whole && !printed.lines().map(str::trim_end).eq(shown) {
                complaints.push(format!("{place} prints\n{printed}"));
            }
            let printed: Vec<String> = printed.lines().map(without_figures).collect();
            for line in block.text.lines().filter(|line| !is_whole && !line.trim().is_empty()) {
                if !printed.contains(&without_figures(line)) {
                    complaints.push(format!("{place} does not print: {line}"));
                }
            }
        }
    }
    assert!(n_compared >= 2, "found only {n_compared} outputs: the test looks at the wrong thing");
    assert_none(&complaints);
}

#[test]
fn every_example_case_is_decided_as_it_says() {
    let mut n_files = 0;
    for entry in fs::read_dir(root().join("docs/examples")).unwrap() {
        n_files += 1;
        let program = env!("CARGO_BIN_EXE_consent-gate");
        let run =
            Command::new(program).args(["policy", "test"]).arg(entry.unwrap().path()).output();
        let run = run.unwrap();
        assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stdout));
    }
    assert!(n_files >= 2, "found only {n_files} files of cases");
}

/// The line with each number as `0`.
fn without_figures(line: &str) -> String {
    let mut out = String::new();
    for c in line.trim_end().chars() {
        match c {
            '0'..='9' | '.' if out.ends_with('0') => {}
            '0'..='9' => out.push('0'),
            c => out.push(c),
        }
    }
    out
}

#[test]
fn prose_is_wrapped() {
    let mut complaints = Vec::new();
    // written by programs, which wrap by other rules
    let is_generated = |page: &Page| {
        page.name.starts_with("docs/reference/") || page.name.starts_with("docs/performance")
    };
    for page in pages().iter().filter(|page| !is_generated(page)) {
        for (line, text) in page.prose().filter(|(_, text)| !text.starts_with('|')) {
            let n_chars = text.chars().count();
            if n_chars > CHARS_MAX {
                complaints.push(format!("{}:{line}: {n_chars} characters", page.name));
            }
        }
    }
    assert_none(&complaints);
}

//! House rules as a test: who may import whom, where `unsafe` may live, how files open and how long they get.
//! Prints `file:line: rule` for every breach.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test")]

use std::fs;
use std::path::{Path, PathBuf};

/// Longest source file without its tests.
const LINES_MAX: usize = 520;

fn sources(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
}

fn all_sources() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    sources(&root.join("src"), &mut found);
    sources(&root.join("crates"), &mut found);
    found.sort();
    assert!(found.len() > 40, "the walk found too little: {}", found.len());
    found
}

fn relative(path: &Path) -> String {
    path.strip_prefix(env!("CARGO_MANIFEST_DIR")).unwrap().display().to_string()
}

/// Crates that only the named places may use.
const CRATES: &[(&str, &[&str])] = &[
    ("rocksdb::", &["src/store/", "src/approvals/", "src/cli/", "src/door/seen.rs"]),
    ("apache_avro::", &["crates/gate-codec/"]),
    ("serde_avro_fast::", &["crates/gate-codec/"]),
    ("prometheus::", &["src/metrics/"]),
    ("axum::", &["src/http/", "src/desk/", "src/door/"]),
    ("clap::", &["src/cli", "src/main.rs"]),
    ("ratatui::", &["src/cli/top"]),
    ("anyhow::", &["src/exit/failure.rs", "src/cli", "src/main.rs"]),
    (
        "SystemTime::now",
        &["src/clock.rs", "src/metrics/", "src/status/", "src/store/", "src/cli/", "src/logging/"],
    ),
];

/// What a crate without I/O, threads and clocks does not use; keys are hashed by whoever calls it.
const PURE: &[&str] = &[
    "std::fs",
    "std::net",
    "std::env",
    "std::thread",
    "tokio",
    "rdkafka",
    "rocksdb",
    "aws_lc_rs",
    "SystemTime",
    "Instant::now",
    "Timestamp::now",
];

/// Our own modules that a place must not use: arrows point towards gate-core.
const ARROWS: &[(&str, &[&str])] = &[
    (
        "src/registry/",
        &[
            "crate::store",
            "crate::kafka",
            "crate::pipeline",
            "crate::service",
            "crate::http",
            "rdkafka",
        ],
    ),
    (
        "src/store/",
        &[
            "gate_codec",
            "crate::kafka",
            "crate::pipeline",
            "crate::service",
            "crate::http",
            "rdkafka",
        ],
    ),
    (
        "src/approvals/",
        &[
            "gate_codec",
            "crate::kafka",
            "crate::pipeline",
            "crate::service",
            "crate::http",
            "rdkafka",
        ],
    ),
    (
        "src/kafka/",
        &["gate_codec", "crate::store", "crate::pipeline", "crate::service", "crate::http"],
    ),
    (
        "src/metrics/",
        &[
            "gate_codec",
            "crate::store",
            "crate::kafka",
            "crate::pipeline",
            "crate::service",
            "crate::http",
        ],
    ),
    (
        "src/http/",
        &[
            "gate_codec",
            "crate::store",
            "crate::kafka",
            "crate::pipeline",
            "crate::service",
            "rdkafka",
        ],
    ),
    (
        "src/generate",
        &[
            "crate::cli",
            "crate::config",
            "crate::kafka",
            "crate::store",
            "rdkafka",
            "std::fs",
            "std::net",
            "std::thread",
            "SystemTime",
            "Instant::now",
            "Timestamp::now",
        ],
    ),
    ("src/pipeline", &["crate::cli", "crate::demo", "crate::config"]),
    ("crates/gate-core/src/", PURE),
    ("crates/gate-engine/src/", PURE),
    ("crates/gate-import/src/", PURE),
    ("crates/gate-log/src/", PURE),
    ("crates/gate-mapping/src/", PURE),
    // it keeps files, and is told the time
    (
        "crates/gate-index/src/",
        &[
            "std::net",
            "std::env",
            "std::thread",
            "async ",
            ".await",
            "tokio",
            "rdkafka",
            "aws_lc_rs",
            "gate_codec",
            "gate_engine",
            "SystemTime",
            "Instant::now",
            "Timestamp::now",
        ],
    ),
    // the one pure crate that hashes and signs by itself: that is what it is for
    (
        "crates/gate-ledger/src/",
        &[
            "std::fs",
            "std::net",
            "std::env",
            "std::thread",
            "async ",
            ".await",
            "tokio",
            "rdkafka",
            "rocksdb",
            "aws_lc_rs::rand",
            "SystemTime",
            "Instant::now",
            "Timestamp::now",
        ],
    ),
    ("crates/gate-pages/src/", PURE),
    // it verifies signatures and seals tokens; randomness, clock and network are its caller's
    (
        "crates/gate-intake/src/",
        &[
            "std::fs",
            "std::net",
            "std::env",
            "std::thread",
            "async ",
            ".await",
            "tokio",
            "rdkafka",
            "rocksdb",
            "aws_lc_rs::rand",
            "gate_engine",
            "SystemTime",
            "Instant::now",
            "Timestamp::now",
        ],
    ),
    // it signs what Amazon is asked; clock and network are its caller's
    (
        "crates/gate-reconcile/src/",
        &[
            "std::fs",
            "std::net",
            "std::env",
            "std::thread",
            "async ",
            ".await",
            "tokio",
            "rdkafka",
            "rocksdb",
            "reqwest",
            "aws_lc_rs::rand",
            "gate_engine",
            "SystemTime",
            "Instant::now",
            "Timestamp::now",
        ],
    ),
    // it hashes what is shown, for evidence, and knows nothing of the gate
    (
        "crates/gate-door-pages/src/",
        &[
            "std::fs",
            "std::net",
            "std::env",
            "std::thread",
            "async ",
            ".await",
            "tokio",
            "rdkafka",
            "rocksdb",
            "gate_",
            "aws_lc_rs::rand",
            "SystemTime",
            "Instant::now",
            "Timestamp::now",
        ],
    ),
    (
        "crates/gate-located/src/",
        &["std::fs", "std::net", "std::env", "std::thread", "gate_", "rdkafka", "rocksdb"],
    ),
    // it times how long an answer is believed, so it has a monotonic clock
    (
        "crates/gate-codec/src/",
        &[
            "std::fs",
            "std::net",
            "std::env",
            "thread::spawn",
            "thread::Builder",
            "tokio",
            "reqwest",
            "rdkafka",
            "rocksdb",
            "SystemTime",
            "Timestamp::now",
        ],
    ),
];

#[test]
fn house_rules_hold() {
    let mut breaches = Vec::new();
    for path in all_sources() {
        let name = relative(&path);
        let text = fs::read_to_string(&path).unwrap();
        if !text.starts_with("//!") {
            breaches
                .push(format!("{name}:1: a file opens with `//!`: its job, why, what is absent"));
        }
        let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
        let n_lines = code.lines().count();
        if n_lines > LINES_MAX && !name.contains("tests") {
            breaches.push(format!(
                "{name}:{n_lines}: more than {LINES_MAX} lines; look for the second noun"
            ));
        }
        for (number, line) in code.lines().enumerate() {
            let at = number + 1;
            let line = line.trim_start();
            if line.starts_with("//") {
                continue;
            }
            if (line.contains("unsafe {")
                || line.contains("unsafe extern")
                || line.contains("unsafe impl"))
                && !name.starts_with("src/kafka/native/")
            {
                breaches.push(format!("{name}:{at}: unsafe lives in src/kafka/native"));
            }
            for (import, places) in CRATES {
                if line.contains(import)
                    && name.starts_with("src/")
                    && !places.iter().any(|place| name.starts_with(place))
                    && !name.contains("tests")
                {
                    breaches.push(format!("{name}:{at}: `{import}` belongs to {places:?}"));
                }
            }
            for (place, forbidden) in ARROWS {
                if name.starts_with(place)
                    && !name.contains("/tests/")
                    && let Some(import) = forbidden.iter().find(|import| line.contains(*import))
                {
                    breaches.push(format!("{name}:{at}: {place} does not know `{import}`"));
                }
            }
        }
    }
    assert!(breaches.is_empty(), "\n{}", breaches.join("\n"));
}

/// What a promise of reading depends on is said once, by role; a command that builds a consumer of its own forgets half.
#[test]
fn consumers_are_set_up_by_their_role() {
    const SETTINGS: [&str; 5] = [
        "\"group.id\"",
        "\"isolation.level\"",
        "\"enable.auto.commit\"",
        "\"auto.offset.reset\"",
        "\"enable.partition.eof\"",
    ];
    // the settings themselves, those an operator may not touch, the demo's mock cluster, and a group that is only named
    const PLACES: [&str; 4] =
        ["src/kafka/", "src/config/", "src/demo/stage.rs", "src/cli/doctor/rights.rs"];
    let mut breaches = Vec::new();
    for path in all_sources() {
        let name = relative(&path);
        let text = fs::read_to_string(&path).unwrap();
        let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
        let is_free = !name.starts_with("src/")
            || name.contains("tests")
            || PLACES.iter().any(|it| name.starts_with(it));
        for (number, line) in code.lines().enumerate().filter(|_| !is_free) {
            if let Some(setting) = SETTINGS.iter().find(|setting| line.contains(*setting)) {
                let at = number + 1;
                breaches.push(format!("{name}:{at}: {setting} is set by `src/kafka`, by role"));
            }
        }
    }
    assert!(breaches.is_empty(), "\n{}", breaches.join("\n"));
}

#[test]
fn every_unsafe_block_says_why_it_is_sound() {
    let mut n_blocks = 0;
    for path in all_sources().iter().filter(|path| relative(path).starts_with("src/kafka/native/"))
    {
        let text = fs::read_to_string(path).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        for (number, line) in lines.iter().enumerate() {
            let is_block = line.contains("unsafe {") || line.contains("unsafe impl");
            if line.trim_start().starts_with("//") || !is_block {
                continue;
            }
            n_blocks += 1;
            let before = &lines[number.saturating_sub(6)..number];
            assert!(
                before.iter().any(|line| line.contains("SAFETY:")),
                "{}:{}: no SAFETY comment",
                relative(path),
                number + 1
            );
        }
    }
    assert!(
        n_blocks > 10,
        "found only {n_blocks} unsafe blocks: the test looks at the wrong thing"
    );
}

/// A law is data: the crates that judge name no jurisdiction. `STRICT` is the one word they must know, and `NO`
/// is what YAML makes of Norway.
#[test]
fn no_jurisdiction_is_named_in_the_law() {
    let is_code = |text: &str| {
        let country = text.split('-').next().unwrap_or_default();
        country.len() == 2
            && text.len() <= 6
            && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'-')
    };
    let mut n_files = 0;
    for path in all_sources() {
        let name = relative(&path);
        let is_test = name.contains("/src/tests/");
        let is_law = name.starts_with("crates/") && name.contains("/src/") && !is_test;
        // other spellings of a region's name are how addresses are read, not law
        if !is_law || name.ends_with("bundle.rs") || name.ends_with("canonical/region.rs") {
            continue;
        }
        n_files += 1;
        let text = fs::read_to_string(&path).unwrap();
        let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
        for (number, line) in code.lines().enumerate() {
            let is_comment = line.trim_start().starts_with("//");
            let quoted = line.split('"').skip(1).step_by(2);
            let named = quoted.filter(|text| is_code(text) && *text != "NO").collect::<Vec<_>>();
            let is_mark = line.contains("(\"L1\", ())"); // marks of provenance, not countries
            assert!(is_comment || is_mark || named.is_empty(), "{name}:{}: {named:?}", number + 1);
        }
    }
    assert!(n_files > 30, "looked at {n_files} files only");
}

//! The files operators load: dashboards, rules, runbooks. Do they name what the gate serves, and each other?
//!
//! Fast, and without Kafka. Whether the queries return data is for `tests/kafka/dashboards.rs`: it asks a real
//! Prometheus that scrapes a real gate. Without `promtool` (`scripts/setup --tests`) its checks say
//! `skipped: NAME: why`; `CONSENT_GATE_TESTS_NO_SKIP=1` makes that a failure.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that meets the unexpected must fail"
)]

mod dashboards;
mod names;
mod promql;
mod promtool;
mod rules;
mod runbooks;
mod source;

use std::path::{Path, PathBuf};

/// A file or folder of the repository.
fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// The text of a file of the repository.
fn read(name: &Path) -> String {
    std::fs::read_to_string(name).unwrap_or_else(|error| panic!("{}: {error}", name.display()))
}

/// The files of a folder with that ending, in order.
fn files(folder: &str, ending: &str) -> Vec<PathBuf> {
    let entries =
        std::fs::read_dir(path(folder)).unwrap_or_else(|error| panic!("{folder}: {error}"));
    let paths = entries.map(|entry| entry.unwrap().path());
    let mut found: Vec<PathBuf> =
        paths.filter(|path| path.extension().is_some_and(|own| own == ending)).collect();
    found.sort();
    assert!(!found.is_empty(), "no .{ending} in {folder}");
    found
}

/// The file's name without its ending.
fn stem(path: &Path) -> String {
    path.file_stem().unwrap().to_string_lossy().into_owned()
}

/// What queries may ask for.
fn names() -> names::Names {
    let recorded = rules::all().into_iter().filter(|rule| rule.alert.is_none());
    names::Names::new(
        &read(&path("docs/reference/metrics.md")),
        recorded.map(|rule| rule.name().to_owned()).collect(),
    )
}

/// Fails with everything that is wrong.
fn assert_none(faults: &[String]) {
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

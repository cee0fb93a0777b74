//! The pages in a real Chromium: axe-core finds nothing, nothing scrolls sideways, the policy blocks nothing. `scripts/pages` looks.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test"
)]

#[path = "../examples/samples/mod.rs"]
mod samples;

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use gate_pages::{CSS, JS, Language};

/// What `scripts/pages` says when Chromium, Python or axe-core is not there.
const NOT_HERE: i32 = 69;

fn directory(name: &str) -> PathBuf {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _not_there = fs::remove_dir_all(&directory);
    fs::create_dir_all(directory.join("assets")).unwrap();
    for asset in [CSS, JS] {
        fs::write(directory.join(asset.path.trim_start_matches('/')), asset.body).unwrap();
    }
    directory
}

/// What the browser finds; `None` if there is none.
fn look(test: &str, directory: &Path) -> Option<String> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/pages");
    let output = Command::new(script).arg("check").arg(directory).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    match output.status.code() {
        Some(0 | 1) => Some(said),
        Some(NOT_HERE) => {
            // past the capture of the test runner: silence is not success
            let _closed = writeln!(
                std::io::stderr(),
                "skipped: {test}: {}",
                errors.trim().replace('\n', " ")
            );
            None
        }
        other => panic!("{other:?}: {said}{errors}"),
    }
}

#[test]
fn a_browser_finds_nothing_wrong_with_any_page() {
    let directory = directory("gallery");
    let mut pages = 0;
    for sample in samples::all() {
        for language in Language::ALL {
            let file = format!("{}.{}.html", sample.name, language.code());
            fs::write(directory.join(file), sample.html(language)).unwrap();
            pages += 1;
        }
    }
    let Some(said) = look("a_browser_finds_nothing_wrong_with_any_page", &directory) else {
        return;
    };
    assert!(
        said.starts_with(&format!("{pages} pages, ")) && said.contains(" looks, 0 found"),
        "{said}"
    );
}

#[test]
fn a_browser_finds_what_is_wrong() {
    let directory = directory("broken");
    let page = samples::all().into_iter().find(|sample| sample.name == "people").unwrap();
    let broken = page
        .html(Language::English)
        .replace("<label for=\"f-who\">", "<label>")
        .replace("<h1>", "<p style=\"color: red\">x</p><h1>")
        .replace("</main>", "<svg width=\"400\" height=\"9\"></svg></main>");
    fs::write(directory.join("people.en.html"), broken).unwrap();
    let faint = CSS.body.replacen("--ink-3: #5f6572;", "--ink-3: #b0b4bc;", 1);
    fs::write(directory.join("assets/desk.css"), faint).unwrap();
    let Some(said) = look("a_browser_finds_what_is_wrong", &directory) else { return };
    for wrong in [
        "320 light: label: #f-who ",
        "1280 light: label: #f-who ",
        "1280 light: color-contrast: ",
        "320 light: scrolls sideways: ",
        "Content Security Policy directive",
    ] {
        assert!(said.contains(wrong), "{wrong}: {said}");
    }
    assert!(!said.contains("320 dark: color-contrast: "), "dark was left as it is: {said}");
}

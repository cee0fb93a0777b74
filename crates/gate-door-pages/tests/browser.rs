//! The pages in a real Chromium: axe-core finds nothing, nothing scrolls sideways, the policy blocks nothing, Tab reaches
//! everything, the script tells when something is in force. `scripts/pages` looks.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test"
)]
#![allow(dead_code, unused_imports, reason = "pages.rs uses the rest of the samples")]

#[path = "../examples/samples/mod.rs"]
mod samples;

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use gate_door_pages::{CSS, JS, Language};

/// What `scripts/pages` says when Chromium, Python or axe-core is not there.
const NOT_HERE: i32 = 69;

fn directory(name: &str) -> PathBuf {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _not_there = fs::remove_dir_all(&directory);
    for asset in [CSS, JS] {
        put(&directory, asset.path, asset.body);
    }
    let brand = samples::tents();
    put(&directory, "/brand/tents.css", brand.css().unwrap());
    directory
}

fn put(directory: &Path, path: &str, text: &str) {
    let path = directory.join(path.trim_start_matches('/'));
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
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
            let why = errors.trim().replace('\n', " ");
            let _closed = writeln!(std::io::stderr(), "skipped: {test}: {why}");
            None
        }
        other => panic!("{other:?}: {said}{errors}"),
    }
}

#[test]
fn a_browser_finds_nothing_wrong_with_any_page() {
    let directory = directory("door-gallery");
    let mut pages = 0;
    for sample in samples::all() {
        for language in sample.languages() {
            let file = format!("{}.{}.html", sample.name, language.code());
            put(&directory, &file, &sample.html(language));
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
    let directory = directory("door-broken");
    let page = samples::all().into_iter().find(|s| s.name == "door-preferences-saving").unwrap();
    let broken = page
        .html(Language::English)
        .replace("<label class=\"pick\"", "<p class=\"pick\"")
        .replace("</label>", "</p>")
        .replace("value=\"everything\"", "value=\"everything\" tabindex=\"-1\"")
        .replace("</main>", "<svg width=\"400\" height=\"9\"></svg></main>");
    put(&directory, "door-preferences-saving.en.html", &broken);
    // the script waits for a page that is not there
    let faint = CSS.body.replacen("--ink-2: #475154", "--ink-2: #a9b2b4", 1);
    put(
        &directory,
        CSS.path,
        &faint.replace(":focus-visible { outline: 3px", ":focus-visible { outline: 0px"),
    );
    let Some(said) = look("a_browser_finds_what_is_wrong", &directory) else { return };
    for wrong in [
        "320 light: label: ",
        "1280 light: color-contrast: ",
        "320 light: scrolls sideways: ",
        "Tab does not reach <button name=\"stop\"",
        "no ring around <a class=\"skip\"",
        "the script does not tell that it is in force",
    ] {
        assert!(said.contains(wrong), "{wrong}: {said}");
    }
    assert!(!said.contains("320 dark: color-contrast: "), "dark was left as it is: {said}");
}

//! Every sample request of `webhooks/` gives the stated answer and the stated records, through the same code that `door try` runs.

use gate_intake::run_sample;
use std::fs;
use std::path::Path;

fn run_all(dir: &str) -> usize {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(dir);
    let mut lines = Vec::new();
    let mut n_passed = 0;
    let mut paths: Vec<_> =
        fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    for path in paths.iter().filter(|path| path.extension().is_some_and(|ending| ending == "json"))
    {
        let report = run_sample(&fs::read_to_string(path).unwrap());
        assert!(!report.results.is_empty(), "{}: no case", path.display());
        n_passed += report.n_passed();
        for result in report.results {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            lines.extend(
                result.mismatches.iter().map(|line| format!("{name}: {}: {line}", result.case)),
            );
        }
    }
    assert!(lines.is_empty(), "{n_passed} passed, and\n{}", lines.join("\n"));
    n_passed
}

#[test]
fn every_sample_request_gives_the_stated_records() {
    assert!(run_all("tests/webhooks") >= 70, "some file was not read");
}

//! Every sample request of `tests/webhooks` and `tests/mapped` gives the stated answer and the stated records, through the same code that `door try` runs.

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

#[test]
fn every_mapping_file_does_what_its_samples_say() {
    assert!(run_all("tests/mapped") >= 40, "some file was not read");
}

#[test]
fn a_mismatch_is_told_and_a_broken_file_too() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/webhooks/twilio.json");
    let text = fs::read_to_string(path).unwrap();
    let other = text.replacen("\"text\": \"STOP\"", "\"text\": \"START\"", 1);
    let report = run_sample(&other);
    assert_eq!(report.n_failed(), 1);
    assert!(report.results[0].mismatches[0].contains("`text`: expected \"START\", got \"STOP\""));
    let accepted = text.replacen("\"verdict\": \"reject\"", "\"verdict\": \"accept\"", 1);
    assert_eq!(run_sample(&accepted).n_failed(), 1);
    let unexpected = text.replacen("\"expected\": [", "\"expected\": [{\"action\": \"erase\"},", 1);
    assert_eq!(run_sample(&unexpected).n_failed(), 1);
    let unknown = text.replacen("\"auth_token\"", "\"auth_tokem\"", 1);
    assert_eq!(run_sample(&unknown).n_passed(), 0, "an unknown key of a source is an error");
    assert_eq!(run_sample("{").n_failed(), 1);
}

#[test]
fn so_does_everything_else_that_providers_send() {
    assert!(run_all("tests/further") >= 66, "some file was not read");
}

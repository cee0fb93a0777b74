//! A case file of any text is either cases or problems.
#![no_main]

use gate_policy::read_cases;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    for name in ["fuzz.cases.yaml", "fuzz.cases.jsonl"] {
        match read_cases(name, text) {
            Ok(file) => assert!(file.cases.iter().all(|case| case.line > 0 || text.is_empty())),
            Err(problems) => assert!(problems.0.iter().all(|problem| !problem.reason.is_empty())),
        }
    }
});

//! Any text has one meaning, and dressing it up does not change a whole-text keyword.
#![no_main]

use gate_core::{Keyword, classify};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let meaning = classify(text);
    assert_eq!(classify(text), meaning, "not a function of its text");
    if text.chars().count() < 1_000 && matches!(meaning, Keyword::Stop | Keyword::StopAll) {
        let padded = format!("  {text}  ");
        assert_eq!(classify(&padded), meaning, "white space around a refusal makes it void");
    }
});

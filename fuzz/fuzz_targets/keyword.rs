//! Any text has one meaning; dressing it up does not change it, and nothing but the very word permits.
#![no_main]

use gate_core::{Keyword, classify};
use libfuzzer_sys::fuzz_target;

/// Texts this short keep all of their dress within the bound.
const CHARS_MAX: usize = 1_000;

fuzz_target!(|text: &str| {
    let meaning = classify(text);
    assert_eq!(classify(text), meaning, "not a function of its text");
    let is_permission = |meaning| matches!(meaning, Keyword::Start | Keyword::Yes);
    if is_permission(meaning) {
        let word: String = text.chars().filter(|c| c.is_alphanumeric()).collect();
        assert!(word.chars().count() <= 6, "a permission in many letters");
    }
    if text.chars().count() >= CHARS_MAX || text.contains(['>', '"', '\n', '\r', '-', ':']) {
        return;
    }
    if matches!(meaning, Keyword::Stop | Keyword::StopAll) {
        let padded = format!("  {text}  ");
        assert_eq!(classify(&padded), meaning, "white space around a refusal makes it void");
    }
    // whatever else is said, a word of the legal list on a line of its own is not lost to a permission
    let asked = classify(&format!("unsubscribe\n{text}"));
    assert!(!is_permission(asked) && asked != Keyword::Help, "a refusal read as {asked:?}");
});

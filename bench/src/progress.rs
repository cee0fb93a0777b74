//! What the person in front of the terminal hears while it takes its time: one line a step, on standard error.

use std::sync::OnceLock;
use std::time::Instant;

/// A line with the seconds since the first one.
pub(crate) fn say(text: &str) {
    static BEGAN: OnceLock<Instant> = OnceLock::new();
    let seconds = BEGAN.get_or_init(Instant::now).elapsed().as_secs();
    eprintln!("[{seconds:>5} s] {text}");
}

//! What a test counted and measured: one file below `target/test-figures/`, one line on the terminal.
//!
//! Figures are reported, not asserted: a busy machine must not turn a test red.

use crate::harness::environment;
use serde_json::{Map, Value};
use std::time::Duration;

/// Writes the figures of one test.
pub(crate) fn record(test: &str, figures: Value) {
    let dir = environment::target().join("test-figures");
    std::fs::create_dir_all(&dir).expect("target/test-figures can be made");
    let text = serde_json::to_string_pretty(&figures).expect("figures are plain JSON");
    std::fs::write(dir.join(format!("{test}.json")), text + "\n").expect("figures can be written");
    environment::note(&format!("figures: {test}: {figures}"));
}

/// p50, p99 and maximum, in milliseconds.
pub(crate) fn percentiles(times: &[Duration]) -> Value {
    let mut ms: Vec<f64> = times.iter().map(|t| t.as_secs_f64() * 1000.0).collect();
    ms.sort_by(f64::total_cmp);
    let at = |share: f64| {
        let index = ((ms.len() as f64 * share).ceil() as usize).clamp(1, ms.len().max(1)) - 1;
        Value::from(ms.get(index).copied().unwrap_or(f64::NAN).round())
    };
    Value::Object(Map::from_iter([
        ("n".to_owned(), Value::from(ms.len())),
        ("p50_ms".to_owned(), at(0.5)),
        ("p99_ms".to_owned(), at(0.99)),
        ("max_ms".to_owned(), at(1.0)),
    ]))
}

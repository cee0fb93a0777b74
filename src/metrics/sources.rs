//! Consent changes by the system they come from, so that a source that fell silent is seen.
//!
//! The label is never taken from a record: a record's `source` only picks one of the names the configuration
//! lists, or `other`. Silence is `time() - consent_gate_source_last_change_timestamp_seconds`, where that is not 0.

use super::{Metrics, now_ms};
use prometheus::{Gauge, IntCounter};
use rustc_hash::FxHashMap;

/// Sources with a series of their own.
pub const SOURCES_MAX: usize = 64;
/// Longest name of a source.
pub const SOURCE_BYTES_MAX: usize = 64;
/// What all other sources, and changes without one, are counted as.
pub const SOURCE_OTHER: &str = "other";

/// The series of the configured sources; owned by the one thread that applies consent.
pub struct Sources {
    places: FxHashMap<Box<str>, usize>,
    /// One for each name, and the last for the others.
    series: Vec<(IntCounter, Gauge)>,
}

impl Sources {
    /// Makes the series of these names and of `other`. Names beyond [`SOURCES_MAX`] have none; the configuration
    /// refuses them.
    #[must_use]
    pub fn new(metrics: &Metrics, names: &[String]) -> Self {
        let mut sources = Self { places: FxHashMap::default(), series: Vec::new() };
        for name in names.iter().take(SOURCES_MAX) {
            if let Some(series) = series(metrics, name) {
                sources.places.insert(name.as_str().into(), sources.series.len());
                sources.series.push(series);
            }
        }
        sources.series.extend(series(metrics, SOURCE_OTHER));
        sources
    }

    /// Counts a change that names `source` and was appended at `record_ms`.
    ///
    /// The record's time and not ours: while state is rebuilt, a source that has been silent for months would look
    /// alive. A clock ahead of ours counts as now.
    pub fn changed(&self, source: Option<&str>, record_ms: i64) {
        let place = source.and_then(|source| self.places.get(source.trim()).copied());
        let series = place.map_or_else(|| self.series.last(), |place| self.series.get(place));
        let Some((changes, last)) = series else { return };
        changes.inc();
        let record_ms = record_ms.clamp(0, now_ms());
        let at = std::time::Duration::from_millis(record_ms.unsigned_abs()).as_secs_f64();
        if at > last.get() {
            last.set(at);
        }
    }
}

fn series(metrics: &Metrics, name: &str) -> Option<(IntCounter, Gauge)> {
    // the number of labels is right by construction (tested)
    let changes = metrics.source_changes.get_metric_with_label_values(&[name]).ok()?;
    let last = metrics.source_last_change.get_metric_with_label_values(&[name]).ok()?;
    Some((changes, last))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::TopicNames;

    #[test]
    fn a_record_picks_a_configured_name_or_other_and_never_makes_one() {
        let metrics = Metrics::new(TopicNames::default()).unwrap();
        let sources = Sources::new(&metrics, &["crm".to_owned(), "web shop".to_owned()]);
        let text = metrics.encode().unwrap();
        for name in ["crm", "web shop", "other"] {
            let series = format!("consent_gate_source_changes_total{{source=\"{name}\"}} 0");
            assert!(text.contains(&series), "{name}: there from the start");
        }
        sources.changed(Some(" crm"), 1_700_000_000_500);
        sources.changed(Some("crm"), 1_600_000_000_000);
        sources.changed(Some("ana@example.net"), 1_700_000_000_000);
        sources.changed(None, i64::MAX);
        sources.changed(Some("web shop"), -1);
        let text = metrics.encode().unwrap();
        for line in [
            "consent_gate_source_changes_total{source=\"crm\"} 2",
            "consent_gate_source_last_change_timestamp_seconds{source=\"crm\"} 1700000000.5",
            "consent_gate_source_changes_total{source=\"other\"} 2",
            "consent_gate_source_last_change_timestamp_seconds{source=\"web shop\"} 0",
        ] {
            assert!(text.contains(line), "{line}\n{text}");
        }
        assert!(!text.contains("ana@"), "nothing out of a record");
        let other = metrics.source_last_change.get_metric_with_label_values(&["other"]).unwrap();
        assert!(other.get() * 1e3 <= now_ms() as f64, "a clock ahead of ours counts as now");
    }
}

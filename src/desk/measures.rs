//! What the desk counts of itself, in Prometheus' text format. Names are public API.

use gate_index::{Index, Log};
use prometheus::{Encoder as _, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry, TextEncoder};

use super::progress::Progress;

/// The desk's own metrics.
pub(super) struct Measures {
    registry: Registry,
    /// Answers, by kind of reader and class of status.
    pub(super) answers: IntCounterVec,
    /// Look-ups of people, by act.
    pub(super) look_ups: IntCounterVec,
    decisions: IntGauge,
    changes: IntGauge,
    disk_bytes: IntGauge,
    others: IntGauge,
    unread: IntGaugeVec,
    behind: IntGaugeVec,
}

impl Measures {
    /// # Errors
    /// A name is not valid: a mistake in this program.
    pub(super) fn new() -> prometheus::Result<Self> {
        let registry = Registry::new();
        let counters =
            |name: &str, help: &str, labels: &[&str]| -> prometheus::Result<IntCounterVec> {
                let counters = IntCounterVec::new(Opts::new(name, help), labels)?;
                registry.register(Box::new(counters.clone()))?;
                Ok(counters)
            };
        let gauge = |name: &str, help: &str| -> prometheus::Result<IntGauge> {
            let gauge = IntGauge::new(name, help)?;
            registry.register(Box::new(gauge.clone()))?;
            Ok(gauge)
        };
        let gauges = |name: &str, help: &str| -> prometheus::Result<IntGaugeVec> {
            let gauges = IntGaugeVec::new(Opts::new(name, help), &["topic"])?;
            registry.register(Box::new(gauges.clone()))?;
            Ok(gauges)
        };
        Ok(Self {
            answers: counters(
                "consent_gate_desk_answers_total",
                "Answers of the desk, by reader (programs, people, watchers) and class of status (2xx, 3xx, 4xx, 5xx).",
                &["reader", "class"],
            )?,
            look_ups: counters(
                "consent_gate_desk_look_ups_total",
                "Looks at people that were recorded in the access log, by act.",
                &["act"],
            )?,
            decisions: gauge("consent_gate_desk_index_decisions", "Decisions in the index.")?,
            changes: gauge(
                "consent_gate_desk_index_changes",
                "Consent changes that the index has taken in.",
            )?,
            disk_bytes: gauge("consent_gate_desk_index_bytes", "Bytes of the index on disk.")?,
            others: gauge(
                "consent_gate_desk_index_others",
                "Decisions counted as \"other\" because a bound of the index was reached.",
            )?,
            unread: gauges(
                "consent_gate_desk_index_unread_records",
                "Offsets of a topic that the index has not read yet.",
            )?,
            behind: gauges(
                "consent_gate_desk_index_behind_seconds",
                "Age of the newest record of a topic that the index has read while more is there; 0: nothing waits.",
            )?,
            registry,
        })
    }

    /// All of them as text, with the index's figures of this moment.
    pub(super) fn text(&self, index: &Index, progress: &Progress) -> String {
        let signed = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
        match index.figures() {
            Ok(figures) => {
                self.decisions.set(signed(figures.n_decisions));
                self.changes.set(signed(figures.n_changes));
                self.disk_bytes.set(signed(figures.disk_bytes));
                self.others.set(signed(figures.n_counted_as_other + figures.n_kept_as_other));
            }
            Err(error) => tracing::error!(%error, "the index's figures cannot be read"),
        }
        for (name, log) in [("decisions", Log::Decisions), ("consent", Log::Consent)] {
            let reach = progress.of(log);
            self.unread.with_label_values(&[name]).set((reach.total - reach.read).max(0));
            // whole seconds are enough for an alert
            self.behind.with_label_values(&[name]).set(reach.behind_s as i64);
        }
        let mut out = Vec::new();
        if let Err(error) = TextEncoder::new().encode(&self.registry.gather(), &mut out) {
            tracing::error!(%error, "metrics cannot be written");
        }
        String::from_utf8_lossy(&out).into_owned()
    }
}

//! What the desk counts of itself, in Prometheus' text format. Names are public API.

use gate_index::{Index, Log};
use prometheus::{Encoder as _, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry, TextEncoder};

use super::progress::Progress;
use crate::metrics::Declaration;

/// What is said of a metric, on its page and in the reference.
struct About {
    name: &'static str,
    kind: &'static str,
    unit: &'static str,
    /// Names, each with its values.
    labels: &'static [(&'static str, &'static [&'static str])],
    help: &'static str,
}

const TOPICS: (&str, &[&str]) = ("topic", &["decisions", "consent"]);

const ANSWERS: About = About {
    name: "consent_gate_desk_answers_total",
    kind: "counter",
    unit: "answers",
    labels: &[
        ("reader", &["programs", "people", "watchers"]),
        ("class", &["2xx", "3xx", "4xx", "5xx"]),
    ],
    help: "Answers of the desk, by reader and class of status.",
};
const LOOK_UPS: About = About {
    name: "consent_gate_desk_look_ups_total",
    kind: "counter",
    unit: "look-ups",
    labels: &[("act", &["look_up", "export", "read_record"])],
    help: "Looks at people that were recorded in the access log, by act.",
};
const DECISIONS: About = About {
    name: "consent_gate_desk_index_decisions",
    kind: "gauge",
    unit: "decisions",
    labels: &[],
    help: "Decisions in the index.",
};
const CHANGES: About = About {
    name: "consent_gate_desk_index_changes",
    kind: "gauge",
    unit: "changes",
    labels: &[],
    help: "Consent changes that the index has taken in.",
};
const DISK_BYTES: About = About {
    name: "consent_gate_desk_index_bytes",
    kind: "gauge",
    unit: "bytes",
    labels: &[],
    help: "Bytes of the index on disk.",
};
const OTHERS: About = About {
    name: "consent_gate_desk_index_others",
    kind: "gauge",
    unit: "decisions",
    labels: &[],
    help: "Decisions counted as \"other\" because a bound of the index was reached.",
};
const UNREAD: About = About {
    name: "consent_gate_desk_index_unread_records",
    kind: "gauge",
    unit: "records",
    labels: &[TOPICS],
    help: "Offsets of a topic that the index has not read yet.",
};
const BEHIND: About = About {
    name: "consent_gate_desk_index_behind_seconds",
    kind: "gauge",
    unit: "seconds",
    labels: &[TOPICS],
    help: "Age of the newest record of a topic that the index has read while more is there, or for how long the topic could not be read; 0: nothing waits.",
};

/// For the reference page.
#[must_use]
pub fn declarations() -> Vec<Declaration> {
    let all =
        [ANSWERS, LOOK_UPS, DECISIONS, CHANGES, DISK_BYTES, OTHERS, UNREAD, BEHIND].into_iter();
    all.map(|About { name, kind, unit, labels, help }| {
        let values = |values: &[&str]| values.iter().map(|it| (*it).to_owned()).collect();
        let labels = labels.iter().map(|(name, its)| (*name, values(its))).collect();
        Declaration { name, kind, unit, help, labels }
    })
    .collect()
}

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
        let opts = |about: &About| Opts::new(about.name, about.help);
        let names = |about: &About| about.labels.iter().map(|(name, _)| *name).collect::<Vec<_>>();
        let counters = |about: &About| -> prometheus::Result<IntCounterVec> {
            let counters = IntCounterVec::new(opts(about), &names(about))?;
            registry.register(Box::new(counters.clone()))?;
            Ok(counters)
        };
        let gauge = |about: &About| -> prometheus::Result<IntGauge> {
            let gauge = IntGauge::with_opts(opts(about))?;
            registry.register(Box::new(gauge.clone()))?;
            Ok(gauge)
        };
        let gauges = |about: &About| -> prometheus::Result<IntGaugeVec> {
            let gauges = IntGaugeVec::new(opts(about), &names(about))?;
            registry.register(Box::new(gauges.clone()))?;
            Ok(gauges)
        };
        Ok(Self {
            answers: counters(&ANSWERS)?,
            look_ups: counters(&LOOK_UPS)?,
            decisions: gauge(&DECISIONS)?,
            changes: gauge(&CHANGES)?,
            disk_bytes: gauge(&DISK_BYTES)?,
            others: gauge(&OTHERS)?,
            unread: gauges(&UNREAD)?,
            behind: gauges(&BEHIND)?,
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

//! The desk's figures of this moment, into its metrics.

use gate_index::{Index, Log};

use super::progress::Progress;
use crate::metrics::{DeskMetrics, DeskTopic};

/// All metrics as text.
pub(super) fn text(metrics: &DeskMetrics, index: &Index, progress: &Progress) -> String {
    let signed = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    match index.figures() {
        Ok(figures) => {
            metrics.index_decisions.set(signed(figures.n_decisions));
            metrics.index_changes.set(signed(figures.n_changes));
            metrics.index_bytes.set(signed(figures.disk_bytes));
            metrics.index_others.set(signed(figures.n_counted_as_other + figures.n_kept_as_other));
        }
        Err(error) => tracing::error!(%error, "the index's figures cannot be read"),
    }
    for (topic, log) in [(DeskTopic::Decisions, Log::Decisions), (DeskTopic::Consent, Log::Consent)]
    {
        let reach = progress.of(log);
        metrics.index_unread.of(topic).set((reach.total - reach.read).max(0));
        metrics.index_behind.of(topic).set(reach.behind_s);
    }
    metrics.encode().unwrap_or_else(|error| {
        tracing::error!(%error, "metrics cannot be written");
        String::new()
    })
}

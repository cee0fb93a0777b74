//! What one lane counts while it decides a batch.
//!
//! Nothing reaches the metrics before the transaction is committed: an aborted batch is decided
//! again, and would otherwise be counted twice. Counting a message is two plain array writes; the
//! shared atomics are touched once per batch, so lanes do not fight over cache lines.
//!
//! INVARIANT: it holds as much as the batch it counts; whoever bounds the batch bounds this.

use super::{Decided, Labels, Metrics, now_ms, seconds_between};
use gate_core::{Channel, Reason};
use prometheus::local::LocalHistogram;
use std::sync::Arc;

/// Counts the batch in hand; owned by one lane.
pub struct Tally {
    metrics: Arc<Metrics>,
    decisions: Vec<(Decided, u64)>,
    /// Record timestamps in Unix milliseconds, of the messages that have one.
    record_ms: Vec<i64>,
    n_messages: u32,
    latency: LocalHistogram,
}

impl Tally {
    /// An empty tally.
    #[must_use]
    pub fn new(metrics: Arc<Metrics>) -> Self {
        let latency = metrics.decision_latency.local();
        let decisions = Decided::all().into_iter().map(|member| (member, 0)).collect();
        Self { metrics, decisions, record_ms: Vec::new(), n_messages: 0, latency }
    }

    /// Counts a decision of the batch in hand; `record_ms` is the message's record timestamp.
    pub fn decided(&mut self, reason: Reason, channel: Option<Channel>, record_ms: Option<i64>) {
        if let Some((_, count)) = self.decisions.get_mut(Decided(reason, channel).index()) {
            *count += 1;
        }
        self.record_ms.extend(record_ms);
        self.n_messages += 1;
    }

    /// The transaction is committed: publishes the batch and starts the next.
    pub fn committed(&mut self) {
        if self.n_messages == 0 {
            return;
        }
        let now_ms = now_ms();
        for record_ms in self.record_ms.drain(..) {
            self.latency.observe(seconds_between(record_ms, now_ms));
        }
        self.latency.flush();
        for (member, count) in &mut self.decisions {
            if *count > 0 {
                self.metrics.decisions.of(*member).inc_by(std::mem::take(count));
            }
        }
        self.metrics.batch_records.observe(f64::from(std::mem::take(&mut self.n_messages)));
    }

    /// The transaction is not committed: forgets the batch.
    pub fn forget(&mut self) {
        for (_, count) in &mut self.decisions {
            *count = 0;
        }
        self.record_ms.clear();
        self.n_messages = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::TopicNames;

    #[test]
    fn an_aborted_batch_is_not_counted_and_a_committed_one_once() {
        let metrics = Metrics::new(TopicNames::default()).unwrap();
        let mut tally = Tally::new(Arc::clone(&metrics));
        let approved = Decided(Reason::ExpressConsent, Some(Channel::Sms));
        let invalid = Decided(Reason::InvalidMessage, None);

        tally.decided(approved.0, approved.1, Some(now_ms() - 3_000));
        tally.decided(invalid.0, invalid.1, None);
        tally.forget();
        assert_eq!(metrics.decisions.of(approved).get(), 0);
        assert_eq!(metrics.batch_records.get_sample_count(), 0);

        tally.decided(approved.0, approved.1, Some(now_ms() - 3_000));
        tally.decided(approved.0, approved.1, Some(now_ms() + 60_000));
        tally.decided(invalid.0, invalid.1, None);
        assert_eq!(metrics.decisions.of(approved).get(), 0, "not before the commit");
        tally.committed();
        assert_eq!(metrics.decisions.of(approved).get(), 2);
        assert_eq!(metrics.decisions.of(invalid).get(), 1);
        assert_eq!(metrics.decision_latency.get_sample_count(), 2, "no timestamp, no latency");
        let sum = metrics.decision_latency.get_sample_sum();
        assert!((3.0..4.0).contains(&sum), "a clock ahead of ours counts as 0: {sum}");
        assert_eq!(metrics.batch_records.get_sample_count(), 1);

        tally.committed();
        assert_eq!(metrics.decisions.of(approved).get(), 2, "nothing is counted twice");
        assert_eq!(metrics.batch_records.get_sample_count(), 1, "offsets alone are no batch");
    }
}

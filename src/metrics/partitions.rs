//! Lag by partition: series that come and go with the partitions of this instance.
//!
//! INVARIANT: at most [`PARTITION_SERIES_MAX`] partitions of a topic have series; a partition that was given away
//! loses them at the next publication, so that nobody adds up what two instances say.

use super::{Bound, Metrics, PARTITION_SERIES_MAX, Topic, lock, set};
use serde::{Deserialize, Serialize};

/// How far one partition is behind, as the gauges and the status snapshot say it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PartitionLag {
    /// Partition.
    pub partition: i32,
    /// Records that wait.
    pub records: i64,
    /// Age of the oldest of them, 0 when none waits.
    pub seconds: f64,
}

impl Metrics {
    /// Publishes the lag of a topic's partitions, in ascending order, and of the whole topic: the sum of records and the worst age.
    pub fn set_lags(&self, topic: Topic, lags: &[PartitionLag]) {
        let records = lags.iter().map(|lag| lag.records).fold(0, i64::saturating_add);
        self.lag_records.of(topic).set(records);
        self.lag_seconds.of(topic).set(lags.iter().map(|lag| lag.seconds).fold(0.0, f64::max));

        let name = self.topics.name(topic);
        let mut lagging = lock(&self.lagging);
        let shown = lags.get(..PARTITION_SERIES_MAX).unwrap_or(lags);
        let is_shown = |of| shown.binary_search_by_key(&of, |lag| lag.partition).is_ok();
        lagging.retain(|&(of, partition)| {
            let stays = of != topic || is_shown(partition);
            if !stays {
                let place = [name, &partition.to_string()];
                // only this map adds series; were one gone already, that is what we want
                self.partition_lag_records.remove_label_values(&place).ok();
                self.partition_lag_seconds.remove_label_values(&place).ok();
            }
            stays
        });
        let mut n_new = 0;
        for lag in shown {
            let place = [name, &lag.partition.to_string()];
            set(&self.partition_lag_records, &place, lag.records);
            if let Ok(child) = self.partition_lag_seconds.get_metric_with_label_values(&place) {
                child.set(lag.seconds);
            }
            n_new += usize::from(lagging.insert((topic, lag.partition)));
        }
        if n_new > 0 && lags.len() > shown.len() {
            self.bound_reached(Bound::PartitionSeries);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::TopicNames;

    fn lag(partition: i32, records: i64, seconds: f64) -> PartitionLag {
        PartitionLag { partition, records, seconds }
    }

    #[test]
    fn series_come_and_go_with_the_partitions() {
        let metrics = Metrics::new(TopicNames::default()).unwrap();
        metrics.set_lags(Topic::Outbound(0), &[lag(0, 5, 1.5), lag(7, 2, 9.0)]);
        metrics.set_lags(Topic::ConsentChange, &[lag(0, 0, 0.0)]);
        let text = metrics.encode().unwrap();
        for line in [
            "consent_gate_partition_lag_records{partition=\"7\",topic=\"outbound-message\"} 2",
            "consent_gate_partition_lag_seconds{partition=\"0\",topic=\"outbound-message\"} 1.5",
            "consent_gate_partition_lag_records{partition=\"0\",topic=\"consent-change\"} 0",
            "consent_gate_lag_records{topic=\"outbound-message\"} 7",
            "consent_gate_lag_seconds{topic=\"outbound-message\"} 9",
        ] {
            assert!(text.contains(line), "{line}\n{text}");
        }
        metrics.set_lags(Topic::Outbound(0), &[lag(7, 0, 0.0)]);
        let text = metrics.encode().unwrap();
        assert!(!text.contains("partition=\"0\",topic=\"outbound-message\""), "given away");
        assert!(text.contains("partition=\"0\",topic=\"consent-change\""), "another topic's");
        assert!(text.contains("consent_gate_lag_records{topic=\"outbound-message\"} 0"));
    }

    #[test]
    fn each_topic_with_messages_has_series_of_its_own_and_topics_that_are_not_there_have_none() {
        let outbound_messages = ["a", "b"].map(str::to_owned).to_vec();
        let names = TopicNames { outbound_messages, ..TopicNames::default() };
        let metrics = Metrics::new(names).unwrap();
        metrics.set_lags(Topic::Outbound(0), &[lag(0, 5, 1.5)]);
        metrics.set_lags(Topic::Outbound(1), &[lag(0, 7, 2.5)]);
        metrics.invalid(Topic::Outbound(1), "truncated");
        metrics.invalid(Topic::Outbound(2), "truncated");
        let text = metrics.encode().unwrap();
        for line in [
            "consent_gate_partition_lag_records{partition=\"0\",topic=\"a\"} 5",
            "consent_gate_partition_lag_records{partition=\"0\",topic=\"b\"} 7",
            "consent_gate_lag_records{topic=\"b\"} 7",
            "consent_gate_invalid_records_total{class=\"truncated\",topic=\"a\"} 0",
            "consent_gate_invalid_records_total{class=\"truncated\",topic=\"b\"} 1",
        ] {
            assert!(text.contains(line), "{line}\n{text}");
        }
        assert!(!text.contains("topic=\"\""), "a topic without a name");
        metrics.set_lags(Topic::Outbound(1), &[]);
        let text = metrics.encode().unwrap();
        assert!(text.contains("consent_gate_partition_lag_records{partition=\"0\",topic=\"a\"} 5"));
        assert!(!text.contains("partition=\"0\",topic=\"b\""), "given away");
    }

    #[test]
    fn series_are_bounded_and_the_topic_still_counts_all() {
        let metrics = Metrics::new(TopicNames::default()).unwrap();
        let n_lags = i32::try_from(PARTITION_SERIES_MAX).unwrap() + 5;
        let mut lags: Vec<PartitionLag> = (0..n_lags).map(|n| lag(n, 1, 0.5)).collect();
        if let Some(last) = lags.last_mut() {
            last.seconds = 30.0;
        }
        metrics.set_lags(Topic::Outbound(0), &lags);
        metrics.set_lags(Topic::Outbound(0), &lags);
        let text = metrics.encode().unwrap();
        let n_series = text.matches("consent_gate_partition_lag_records{").count();
        assert_eq!(n_series, PARTITION_SERIES_MAX);
        assert_eq!(metrics.lag_records.of(Topic::Outbound(0)).get(), i64::from(n_lags));
        assert_eq!(metrics.lag_seconds.of(Topic::Outbound(0)).get(), 30.0);
        assert_eq!(metrics.bounds_reached.of(Bound::PartitionSeries).get(), 1, "said once");
    }
}

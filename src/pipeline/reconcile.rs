//! After a transaction with an unknown end: what of the batch is decided already?
//!
//! The fresh producer has fenced the old one, so the old transaction is now committed or aborted. Committed
//! offsets say which. They cannot say it when a late `EndTxn` has committed outputs without their offsets
//! (KAFKA-17754): those are found in the tails of the output topics by their `gate-source`.

use super::{Batch, Lane, LaneError};
use crate::kafka::REQUEST_TIMEOUT;
use crate::kafka::scan::{ScanError, positions_since, scan};
use crate::metrics::HoldCause;
use crate::record::SourceRef;
use rdkafka::consumer::Consumer;
use rdkafka::error::KafkaError;
use rdkafka::{Offset, TopicPartitionList};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

/// How far before the batch's first attempt the tails are read, for clocks that were set meanwhile.
const TAIL_MARGIN: Duration = Duration::from_secs(30);
/// Limit of one attempt.
const TAIL_TIMEOUT: Duration = Duration::from_secs(30);

impl<'c> Lane<'c> {
    /// Takes out of the batch what is decided already. Repeats until it is known, or the process stops.
    pub(super) fn reconcile(&mut self, batch: &mut Batch<'c>) -> Result<(), LaneError> {
        while !batch.is_done() && !self.parts.shutdown.is_requested() {
            match self.find_decided(batch) {
                Ok((committed, emitted)) => {
                    let n_before = batch.len();
                    batch.drop_committed(&committed);
                    batch.drop_emitted(&emitted);
                    let n_decided = n_before - batch.len();
                    tracing::info!(
                        lane = self.number,
                        n_decided,
                        n_left = batch.len(),
                        "reconciled"
                    );
                    return Ok(());
                }
                Err(error) => {
                    let detail = format!("reconciling with the outputs: {error}");
                    self.hold(HoldCause::Recovering, &detail, batch);
                }
            }
            self.poll_held(batch)?;
        }
        Ok(())
    }

    #[allow(clippy::type_complexity, reason = "two results of one question")]
    fn find_decided(
        &self,
        batch: &Batch<'c>,
    ) -> Result<(BTreeMap<i32, i64>, HashMap<(i32, i64), bool>), ScanError> {
        let committed = self.committed(batch)?;
        let margin_ms = i64::try_from(TAIL_MARGIN.as_millis()).unwrap_or(0);
        let since_ms = batch.attempted_at_ms().unwrap_or(0).saturating_sub(margin_ms).max(0);
        let topics: Vec<&str> = self.parts.output_topics.iter().map(String::as_str).collect();
        let config = &self.parts.scan_config;
        let from = positions_since(config, &topics, Some(since_ms), REQUEST_TIMEOUT)?;
        let in_hand: HashSet<(i32, i64)> =
            batch.messages().iter().map(|m| (m.partition(), m.offset())).collect();
        let mut emitted = HashMap::new();
        let [approved, ..] = &self.parts.output_topics;
        scan(config, &from, TAIL_TIMEOUT, &mut |record| {
            let source =
                record.header(c"gate-source").and_then(|text| std::str::from_utf8(text).ok());
            if let Some(source) = source.and_then(SourceRef::parse)
                && source.topic == self.parts.outbound_topic
                && in_hand.contains(&(source.partition, source.record_offset))
            {
                let place = (source.partition, source.record_offset);
                emitted.insert(place, record.topic == approved);
            }
        })?;
        Ok((committed, emitted))
    }

    fn committed(&self, batch: &Batch<'c>) -> Result<BTreeMap<i32, i64>, KafkaError> {
        let mut query = TopicPartitionList::new();
        for partition in batch.next_offsets().keys() {
            query.add_partition(&self.parts.outbound_topic, *partition);
        }
        let answer = self.consumer.committed_offsets(query, REQUEST_TIMEOUT)?;
        let mut committed = BTreeMap::new();
        for element in answer.elements() {
            element.error()?;
            if let Offset::Offset(next_offset) = element.offset() {
                committed.insert(element.partition(), next_offset);
            }
        }
        Ok(committed)
    }
}

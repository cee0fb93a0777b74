//! After a transaction with an unknown end: what of it is decided?
//!
//! The fresh producer has fenced the old one, so the old transaction is now committed or aborted, but not always as a
//! whole. A late `EndTxn` commits outputs without their offsets (KAFKA-17754). A coordinator that was killed and is
//! back before it is replaced writes commit markers for an end that only it has in its log, and its successor aborts
//! the rest (Kafka 4.3: outputs in one partition, offsets, and no outputs in another). So neither offsets nor a part
//! of the outputs says what happened: a message is decided when its output is there, found in the tails of the
//! output topics by its `gate-source`.
//!
//! What a lane could not find out itself, because it lost its place meanwhile, waits in `doubt.rs` for whoever of
//! this process takes the partition up.

use super::doubt::Wanted;
use super::{Batch, Lane, LaneError, Setback};
use crate::barrier::Hold;
use crate::headers::SourceRef;
use crate::kafka::REQUEST_TIMEOUT;
use crate::kafka::offsets::offsets;
use crate::kafka::scan::{Positions, ScanError, scan_up_to};
use crate::metrics::{HoldCause, TransactionResult};
use rdkafka::consumer::Consumer;
use rdkafka::error::KafkaError;
use rdkafka::{Offset, TopicPartitionList};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How often the ends of the outputs are asked for: so much at most is read to look for one batch.
const ENDS_INTERVAL: Duration = Duration::from_secs(10);
/// Limit of one attempt.
const TAIL_TIMEOUT: Duration = Duration::from_secs(30);
/// Limit of all attempts when a partition is taken up.
const TAKE_UP_TIMEOUT: Duration = Duration::from_secs(90);

/// Sources whose output is there, and whether it is an approval.
pub(super) type Emitted = HashMap<(i32, i64), bool>;

/// Where the outputs ended before anything of the batch in hand could stand there.
pub(super) struct OutputEnds {
    asked_at: Instant,
    positions: Arc<Positions>,
}

impl<'c> Lane<'c> {
    /// Now and then asks where the outputs end, before a batch is tried for the first time.
    ///
    /// # Errors
    /// A hold while that was never known.
    pub(super) fn note_output_ends(&mut self, batch: &Batch<'c>) -> Result<(), Setback> {
        let known = self.output_ends.as_ref();
        if batch.is_attempted() || known.is_some_and(|it| it.asked_at.elapsed() < ENDS_INTERVAL) {
            return Ok(());
        }
        match (self.ask_output_ends(), &mut self.output_ends) {
            (Ok(positions), ends) => {
                let positions = Arc::new(positions);
                *ends = Some(OutputEnds { asked_at: Instant::now(), positions });
                Ok(())
            }
            // the former ends are as good, only further away
            (Err(_), Some(former)) => {
                former.asked_at = Instant::now();
                Ok(())
            }
            (Err(error), None) => Err(Setback::Hold(Hold {
                cause: HoldCause::BrokerUnavailable,
                detail: format!("ends of the outputs: {error}"),
                consent_partition: None,
            })),
        }
    }

    /// Read uncommitted: what is asked for after a transaction has ended includes its markers.
    fn ask_output_ends(&self) -> Result<Positions, KafkaError> {
        let client = &self.parts.sent_ends;
        let mut ends = Positions::new();
        for topic in &self.parts.output_topics {
            let metadata = client.fetch_metadata(Some(topic), REQUEST_TIMEOUT)?;
            let partitions = metadata.topics().iter().flat_map(|t| t.partitions()).map(|p| p.id());
            let found = offsets(client, topic, partitions, Offset::End, REQUEST_TIMEOUT);
            let found = found.map_err(|(_, error)| error)?;
            ends.extend(
                found.into_iter().map(|(partition, end)| ((topic.clone(), partition), end)),
            );
        }
        Ok(ends)
    }

    /// To be called when a commit was acknowledged.
    pub(super) fn note_acknowledged(&self, batch: &Batch<'c>) {
        if let Some(ends) = &self.output_ends {
            self.parts.in_doubt.acknowledged(batch, &ends.positions);
        }
    }

    /// To be called before the producer is replaced.
    pub(super) fn note_doubt(&self, batch: &Batch<'c>) {
        if let Some(ends) = &self.output_ends {
            self.parts.in_doubt.note(batch, &ends.positions);
        }
    }

    /// Takes out of the batch what is decided already. Repeats until it is known, or the process stops.
    pub(super) fn reconcile(&mut self, batch: &mut Batch<'c>) -> Result<(), LaneError> {
        while !batch.is_done() && !self.parts.shutdown.is_requested() {
            match self.find_decided(batch) {
                Ok((committed, emitted)) => {
                    for partition in batch.next_offsets().keys() {
                        self.parts.in_doubt.settled(*partition);
                    }
                    let n_before = batch.len();
                    if batch.keep_undecided(&committed, &emitted) {
                        self.tell_torn(batch.next_offsets().keys());
                    }
                    let (n_decided, n_left) = (n_before - batch.len(), batch.len());
                    tracing::info!(lane = self.number, n_decided, n_left, "reconciled");
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

    fn tell_torn<'p>(&self, partitions: impl Iterator<Item = &'p i32>) {
        self.parts.metrics.transactions.of(TransactionResult::Torn).inc();
        let partitions: Vec<&i32> = partitions.collect();
        tracing::error!(
            lane = self.number,
            ?partitions,
            "the brokers have committed a part of a transaction and aborted the rest; each message gets its one decision"
        );
    }

    fn find_decided(&self, batch: &Batch<'c>) -> Result<(BTreeMap<i32, i64>, Emitted), ScanError> {
        let committed = self.committed(batch)?;
        let Some(ends) = &self.output_ends else { return Ok((committed, Emitted::new())) };
        let open: BTreeSet<(i32, i64)> =
            batch.messages().iter().map(|m| (m.partition(), m.offset())).collect();
        let emitted = self.emitted(&ends.positions, |place| open.contains(&place))?;
        Ok((committed, emitted))
    }

    /// Outputs that came after these positions.
    fn emitted(
        &self,
        from: &Positions,
        is_wanted: impl Fn((i32, i64)) -> bool,
    ) -> Result<Emitted, ScanError> {
        let ends = self.ask_output_ends()?;
        let begin = |place: &(String, i32)| from.get(place).copied().unwrap_or(0);
        let grown = ends.iter().filter(|(place, end)| begin(place) < **end);
        let from: Positions = grown.map(|(place, _)| (place.clone(), begin(place))).collect();
        let mut emitted = Emitted::new();
        let [approved, ..] = &self.parts.output_topics;
        scan_up_to(&self.parts.scan_config, &from, &ends, TAIL_TIMEOUT, &mut |record| {
            let source =
                record.header(c"gate-source").and_then(|text| std::str::from_utf8(text).ok());
            if let Some(source) = source.and_then(SourceRef::parse)
                && source.topic == self.parts.outbound_topic
                && is_wanted((source.partition, source.record_offset))
            {
                let place = (source.partition, source.record_offset);
                emitted.insert(place, record.topic == approved);
            }
        })?;
        Ok(emitted)
    }

    /// A partition is taken up behind what the group has as committed, unless a transaction of this process was left
    /// in doubt there: then at the first message without an output, and what has one is remembered. So is what has an
    /// output because its commit was acknowledged to this process, although the group does not know of it.
    ///
    /// # Errors
    /// When the outputs cannot be read for a long time.
    pub(super) fn settle_doubts(&mut self, from: &mut TopicPartitionList) -> Result<(), LaneError> {
        for element in from.clone().elements() {
            let partition = element.partition();
            let committed = element.offset().to_raw().filter(|offset| *offset >= 0).unwrap_or(0);
            self.already_out.retain(|(of, offset), _| *of != partition || *offset >= committed);
            let Some(wanted) = self.parts.in_doubt.wanted(partition, committed) else {
                self.parts.in_doubt.settled(partition);
                continue;
            };
            let Some(emitted) = self.emitted_of(partition, &wanted)? else { return Ok(()) };
            let is_out = |offset: &i64| emitted.contains_key(&(partition, *offset));
            let first_missing = wanted.offsets.iter().find(|offset| !is_out(offset)).copied();
            let start = first_missing.unwrap_or(committed).min(committed);
            if start < committed || emitted.keys().any(|(_, offset)| *offset >= committed) {
                self.tell_torn(std::iter::once(&partition));
            }
            if start < committed {
                let next = Offset::Offset(start);
                from.set_partition_offset(element.topic(), partition, next)
                    .map_err(LaneError::Consumer)?;
            }
            self.already_out.extend(emitted.into_iter().filter(|((_, at), _)| *at >= start));
            self.parts.in_doubt.settled(partition);
        }
        Ok(())
    }

    /// `None` when the process stops meanwhile.
    fn emitted_of(&self, partition: i32, wanted: &Wanted) -> Result<Option<Emitted>, LaneError> {
        let began = Instant::now();
        while !self.parts.shutdown.is_requested() {
            self.heart.beat();
            let is_wanted = |(of, offset)| of == partition && wanted.contains(offset);
            match self.emitted(&wanted.outputs_from, is_wanted) {
                Ok(emitted) => return Ok(Some(emitted)),
                Err(_) if began.elapsed() > TAKE_UP_TIMEOUT => {
                    return Err(LaneError::NoStartingPoint);
                }
                Err(error) => {
                    tracing::warn!(lane = self.number, partition, %error, "cannot tell yet what is decided");
                    std::thread::sleep(super::HELD_WAIT);
                }
            }
        }
        Ok(None)
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

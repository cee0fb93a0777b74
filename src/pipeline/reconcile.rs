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

use super::batch::{Batch, Emitted, Incoming, Out};
use super::doubt::InDoubt;
use super::{Lane, LaneBatch, LaneError, Setback};
use crate::headers::SourceRef;
use crate::kafka::scan::{Positions, ScanError};
use crate::kafka::source::{SourcePartition, SourceTopics};
use crate::metrics::{HoldCause, TransactionResult};
use gate_core::Reason;
use gate_log::DecisionBatch;
use rdkafka::Offset;
use rdkafka::TopicPartitionList;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How often the ends of the outputs are asked for: so much at most is read to look for one batch.
const ENDS_INTERVAL: Duration = Duration::from_secs(10);
/// Limit of all attempts when a partition is taken up.
const TAKE_UP_TIMEOUT: Duration = Duration::from_secs(90);

/// A committed record behind a lane's last known ends.
#[derive(Clone, Copy)]
pub(super) enum Tail<'r> {
    /// Of an output of decisions.
    Output {
        topic: &'r str,
        /// `gate-source`.
        source: Option<&'r str>,
        /// `gate-reason`.
        reason: Option<&'r str>,
    },
    /// Of the decision log.
    Log {
        /// Its value.
        value: &'r [u8],
    },
}

/// The outputs, as far as a lane looks back into them.
pub(super) trait Tails {
    /// Where they end, read uncommitted: what is asked for after a transaction has ended includes its markers.
    fn ends(&self) -> Result<Positions, ScanError>;
    /// The committed records from here to there.
    fn read(
        &self,
        from: &Positions,
        to: &Positions,
        take: &mut dyn FnMut(Tail<'_>),
    ) -> Result<(), ScanError>;
}

/// Finds out what is decided already.
pub(super) struct Reconciler {
    topics: SourceTopics,
    approved_topic: String,
    in_doubt: Arc<InDoubt>,
    ends: Option<OutputEnds>,
    /// Messages yet to come that a transaction committed in part has decided.
    already_out: Emitted,
}

/// Where the outputs ended before anything of the batch in hand could stand there.
struct OutputEnds {
    asked_at: Instant,
    positions: Arc<Positions>,
}

/// Where a partition is taken up.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct StartingPoint {
    /// The first message that is to be decided.
    pub(super) offset: i64,
    /// Outputs and committed offsets contradict each other.
    pub(super) is_torn: bool,
}

impl Reconciler {
    /// Nothing is known yet.
    pub(super) fn new(topics: &SourceTopics, approved_topic: &str, in_doubt: Arc<InDoubt>) -> Self {
        Self {
            topics: topics.clone(),
            approved_topic: approved_topic.to_owned(),
            in_doubt,
            ends: None,
            already_out: Emitted::new(),
        }
    }

    /// Now and then asks where the outputs end, before a batch is tried for the first time.
    ///
    /// # Errors
    /// While that was never known.
    pub(super) fn note_ends<M: Incoming>(
        &mut self,
        batch: &Batch<M>,
        tails: &impl Tails,
        now: Instant,
    ) -> Result<(), ScanError> {
        let is_fresh = |it: &OutputEnds| now.saturating_duration_since(it.asked_at) < ENDS_INTERVAL;
        if batch.is_attempted() || self.ends.as_ref().is_some_and(is_fresh) {
            return Ok(());
        }
        match (tails.ends(), &mut self.ends) {
            (Ok(positions), ends) => {
                *ends = Some(OutputEnds { asked_at: now, positions: Arc::new(positions) });
                Ok(())
            }
            // the former ends are as good, only further away
            (Err(_), Some(former)) => {
                former.asked_at = now;
                Ok(())
            }
            (Err(error), None) => Err(error),
        }
    }

    /// A commit was acknowledged.
    pub(super) fn acknowledged(&self, batch: &Batch<impl Incoming>) {
        if let Some(ends) = &self.ends {
            self.in_doubt.acknowledged(batch, &ends.positions);
        }
    }

    /// The end of the batch's transaction is not known, and its producer is about to be replaced.
    pub(super) fn doubt(&self, batch: &Batch<impl Incoming>) {
        if let Some(ends) = &self.ends {
            self.in_doubt.note(batch, &ends.positions);
        }
    }

    /// Takes out of the batch what is decided already; `committed` says how far the group has each partition. Returns
    /// whether a transaction was committed in part.
    ///
    /// # Errors
    /// When the outputs cannot be read now; the batch is as it was.
    pub(super) fn keep_undecided<M: Incoming>(
        &self,
        batch: &mut Batch<M>,
        committed: &BTreeMap<SourcePartition, i64>,
        tails: &impl Tails,
    ) -> Result<bool, ScanError> {
        let open: BTreeSet<(SourcePartition, i64)> =
            batch.messages().iter().map(|m| (m.source(), m.offset())).collect();
        let emitted = match &self.ends {
            Some(ends) => self.emitted(&ends.positions, |place| open.contains(&place), tails)?,
            None => Emitted::new(),
        };
        for partition in batch.next_offsets().keys() {
            self.in_doubt.settled(*partition);
        }
        Ok(batch.keep_undecided(committed, &emitted))
    }

    /// Drops messages just taken that a transaction committed in part has decided.
    pub(super) fn drop_decided<M: Incoming>(&self, batch: &mut Batch<M>) {
        if !self.already_out.is_empty() {
            batch.drop_emitted(&self.already_out);
        }
    }

    /// A partition is taken up behind what the group has as committed, unless a transaction of this process was left
    /// in doubt there: then at the first message without an output or without its entry in the decision log, and what has
    /// an output is remembered. So is what has an
    /// output because its commit was acknowledged to this process, although the group does not know of it.
    ///
    /// # Errors
    /// When the outputs cannot be read now.
    pub(super) fn take_up(
        &mut self,
        partition: SourcePartition,
        committed: i64,
        tails: &impl Tails,
    ) -> Result<StartingPoint, ScanError> {
        self.already_out.retain(|(of, offset), _| *of != partition || *offset >= committed);
        let Some(wanted) = self.in_doubt.wanted(partition, committed) else {
            self.in_doubt.settled(partition);
            return Ok(StartingPoint { offset: committed, is_torn: false });
        };
        let is_wanted = |(of, offset)| of == partition && wanted.contains(offset);
        let emitted = self.emitted(&wanted.outputs_from, is_wanted, tails)?;
        let is_out =
            |offset: &i64| emitted.get(&(partition, *offset)).is_some_and(|out| out.is_logged);
        let first_missing = wanted.offsets.iter().find(|offset| !is_out(offset)).copied();
        let offset = first_missing.unwrap_or(committed).min(committed);
        let is_torn = offset < committed
            || emitted.iter().any(|((_, at), out)| *at >= committed || !out.is_logged);
        self.already_out.extend(emitted.into_iter().filter(|((_, at), _)| *at >= offset));
        self.in_doubt.settled(partition);
        Ok(StartingPoint { offset, is_torn })
    }

    /// Outputs that came after these positions.
    fn emitted(
        &self,
        from: &Positions,
        is_wanted: impl Fn((SourcePartition, i64)) -> bool,
        tails: &impl Tails,
    ) -> Result<Emitted, ScanError> {
        let ends = tails.ends()?;
        let begin = |place: &(String, i32)| from.get(place).copied().unwrap_or(0);
        let grown = ends.iter().filter(|(place, end)| begin(place) < **end);
        let from: Positions = grown.map(|(place, _)| (place.clone(), begin(place))).collect();
        let mut emitted = Emitted::new();
        let mut logged = BTreeSet::new();
        tails.read(&from, &ends, &mut |tail| match tail {
            Tail::Output { topic, source, reason } => {
                if let Some(source) = source.and_then(SourceRef::parse)
                    && let Some(partition) = self.topics.find(source.topic, source.partition)
                    && is_wanted((partition, source.record_offset))
                {
                    let is_approval = topic == self.approved_topic;
                    let reason = reason.and_then(Reason::parse);
                    let place = (partition, source.record_offset);
                    emitted.insert(place, Out { is_approval, is_logged: false, reason });
                }
            }
            // what cannot be read there is nobody's entry
            Tail::Log { value } => {
                if let Ok(batch) = DecisionBatch::decode(value)
                    && let Some(partition) =
                        self.topics.find(&batch.source_topic, batch.source_partition)
                {
                    logged.extend(batch.entries().map(|entry| (partition, entry.offset)));
                }
            }
        })?;
        for (place, out) in &mut emitted {
            out.is_logged = logged.contains(place);
        }
        Ok(emitted)
    }
}

impl<'c> Lane<'c> {
    /// As [`Reconciler::note_ends`].
    ///
    /// # Errors
    /// A hold.
    pub(super) fn note_output_ends(&mut self, batch: &LaneBatch<'c>) -> Result<(), Setback> {
        let noted = self.reconciler.note_ends(batch, &self.outside(), Instant::now());
        noted.map_err(|error| {
            Setback::hold(HoldCause::BrokerUnavailable, format!("ends of the outputs: {error}"))
        })
    }

    /// Takes out of the batch what is decided already. Repeats until it is known, or the process stops.
    pub(super) fn reconcile(&mut self, batch: &mut LaneBatch<'c>) -> Result<(), LaneError> {
        while !batch.is_done() && !self.shared.shutdown.is_requested() {
            let n_before = batch.len();
            let partitions: Vec<SourcePartition> = batch.next_offsets().keys().copied().collect();
            match self.find_decided(batch) {
                Ok(is_torn) => {
                    if is_torn {
                        self.tell_torn(&partitions);
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

    fn find_decided(&self, batch: &mut LaneBatch<'c>) -> Result<bool, ScanError> {
        let outside = self.outside();
        let committed = outside.committed(self.consumer, batch.next_offsets().keys().copied())?;
        self.reconciler.keep_undecided(batch, &committed, &outside)
    }

    fn tell_torn(&self, partitions: &[SourcePartition]) {
        self.shared.metrics.transactions.of(TransactionResult::Torn).inc();
        tracing::error!(
            lane = self.number,
            ?partitions,
            "the brokers have committed a part of a transaction and aborted the rest; each message gets its one decision"
        );
    }

    /// Moves starting points to where decisions are missing.
    ///
    /// # Errors
    /// When the outputs cannot be read for a long time.
    pub(super) fn settle_doubts(&mut self, from: &mut TopicPartitionList) -> Result<(), LaneError> {
        for element in from.clone().elements() {
            let topics = &self.settings.topics;
            let Some(partition) = topics.find(element.topic(), element.partition()) else {
                continue;
            };
            let committed = element.offset().to_raw().filter(|offset| *offset >= 0).unwrap_or(0);
            let Some(start) = self.starting_point(partition, committed)? else { return Ok(()) };
            if start.is_torn {
                self.tell_torn(&[partition]);
            }
            if start.offset < committed {
                let next = Offset::Offset(start.offset);
                from.set_partition_offset(element.topic(), element.partition(), next)
                    .map_err(LaneError::Consumer)?;
            }
        }
        Ok(())
    }

    /// `None` when the process stops meanwhile.
    fn starting_point(
        &mut self,
        partition: SourcePartition,
        committed: i64,
    ) -> Result<Option<StartingPoint>, LaneError> {
        let began = Instant::now();
        while !self.shared.shutdown.is_requested() {
            self.heart.beat();
            let outside = self.outside();
            match self.reconciler.take_up(partition, committed, &outside) {
                Ok(start) => return Ok(Some(start)),
                Err(_) if began.elapsed() > TAKE_UP_TIMEOUT => {
                    return Err(LaneError::NoStartingPoint);
                }
                Err(error) => {
                    let place = self.settings.topics.told(partition);
                    tracing::warn!(lane = self.number, %place, %error, "cannot tell yet what is decided");
                    std::thread::sleep(super::HELD_WAIT);
                }
            }
        }
        Ok(None)
    }
}

//! Commits a judged batch: outputs, what is remembered of them, and source offsets in one transaction.

use super::LARGE_BATCH;
use super::judge::{Judged, Verdicts};
use super::{Lane, LaneBatch, LaneError, Setback};
use crate::headers::{
    DECISION, LOG_FIRST, LOG_LAST, NOT_BEFORE, OUTCOME, PROBE, REASON, RESERVED, SOURCE, SourceRef,
    UNSUBSCRIBE, is_reserved, rfc3339,
};
use crate::kafka::native::{
    GroupMembership, Message, NativeError, NativeHeaders, OffsetsOnTheirWay, TopicIndex,
};
use crate::kafka::source::SourcePartition;
use crate::links::Minted;
use crate::metrics::{Bound, LinkResult, RecycleCause, Topic, TransactionResult};
use crate::outputs::{ByOutput, Output};
use gate_log::LogRecord;
use rdkafka::error::RDKafkaErrorCode;
use rdkafka::{Offset, TopicPartitionList};
use std::collections::BTreeMap;
use std::time::Instant;

/// A transaction that holds nothing but the offsets of its batch, which are still on their way.
pub(super) struct Open {
    offsets: OffsetsOnTheirWay,
    deadline: Instant,
    end_txn_sent_before: u64,
}

impl<'c> Lane<'c> {
    /// Begins the transaction for the batch with its offsets: two round trips that are over when it is judged.
    ///
    /// Partitions join a transaction one after the other, offsets too. Who asks in between is sent back and waits longer
    /// than it would have taken, so outputs are produced when the offsets are in.
    pub(super) fn open(&self, batch: &mut LaneBatch<'c>) -> Result<Open, Setback> {
        let Some(producer) = self.producers.current() else {
            return Err(Setback::NotMember);
        };
        let Some(membership) = GroupMembership::of(self.consumer) else {
            return Err(Setback::NotMember);
        };
        let deadline = Instant::now() + self.settings.transaction_timeout;
        let end_txn_sent_before = producer.end_txn_sent();
        producer.drain_reports();
        batch.attempted();
        producer.begin().map_err(|error| classify(error, RecycleCause::Fatal))?;
        let offsets = self
            .offsets(batch)
            .and_then(|offsets| producer.send_offsets(offsets, membership, deadline))
            .map_err(|error| classify(error, RecycleCause::Fatal))?;
        Ok(Open { offsets, deadline, end_txn_sent_before })
    }

    /// The batch cannot be decided now: nothing of it stays open while the lane waits.
    pub(super) fn withdraw(&self, open: Open, setback: Setback) -> Setback {
        if matches!(setback, Setback::Stop(_)) {
            return setback;
        }
        match open.offsets.wait() {
            Err(error) if !is_answer(&error) => classify(error, RecycleCause::TimedOut),
            Ok(()) | Err(_) => self.abort().err().unwrap_or(setback),
        }
    }

    /// Outputs and the end of the transaction; on success the batch is empty.
    pub(super) fn settle(
        &mut self,
        batch: &mut LaneBatch<'c>,
        verdicts: &Verdicts,
        open: Open,
    ) -> Result<(), Setback> {
        let deadline = open.deadline;
        let produced = open.offsets.wait().and_then(|()| self.produce_all(batch, verdicts));
        if let Err(error) = produced {
            return Err(if is_answer(&error) {
                self.give_up(error)
            } else {
                // A request may still be on its way. Offsets that arrive behind the marker of an abort belong to
                // no transaction that anybody will end, and the group waits for them for ever: seen after a
                // broker's crash. A new epoch fences them.
                classify(error, RecycleCause::TimedOut)
            });
        }
        self.compare_clocks(deadline)?;
        let Some(producer) = self.producers.current() else {
            return Err(Setback::NotMember);
        };
        let committed = producer.commit(deadline);
        let n_sent = producer.end_txn_sent().saturating_sub(open.end_txn_sent_before);
        match committed {
            Ok(()) => {
                if let Some(took) = producer.since_end_txn() {
                    self.shared.metrics.commit.observe(took.as_secs_f64());
                }
                self.count(batch, &verdicts.judged);
                self.count_logged(batch, &verdicts.log);
                let n_messages = batch.len();
                self.reconciler.acknowledged(batch);
                batch.clear();
                self.approvals.write_rows(&verdicts.rows)?;
                if n_sent > 1 {
                    // committed, but the repeated request may still be on its way and would hit whatever
                    // this producer does next: it must not do anything next
                    self.shared.metrics.end_txn_retries.inc_by(n_sent - 1);
                    self.renew_after_retry(batch)?;
                }
                // While a large batch is judged the markers get written. It stays with one producer, whose buffers
                // grow with it.
                if n_messages < LARGE_BATCH {
                    self.producers.take_turns();
                }
                Ok(())
            }
            // the broker was not asked to end it yet
            Err(error) if error.requires_abort && n_sent == 0 => Err(self.give_up(error)),
            // It was, so it may be committed, whatever librdkafka makes of the answer it did not get: after a
            // broker's crash it offers an abort that succeeds although the commit has succeeded before.
            Err(error) => Err(classify(error, RecycleCause::TimedOut)),
        }
    }

    fn produce_all(&self, batch: &LaneBatch<'c>, verdicts: &Verdicts) -> Result<(), NativeError> {
        let Some(producer) = self.producers.current() else {
            return Ok(());
        };
        // found once: the table is searched for each
        let topics = ByOutput::new(|output| TopicIndex(output.place_of_lane()));
        for (message, judged) in batch.messages().iter().zip(&verdicts.judged) {
            let topic = *topics.of(Output::of(judged.decision.outcome()));
            let headers = self.headers(message, judged, &verdicts.headers);
            producer.produce(topic, message.key(), message.payload(), headers)?;
        }
        let log = *topics.of(Output::DecisionLog);
        for record in &verdicts.log {
            let mut headers = NativeHeaders::with_capacity(2);
            let offsets = [(LOG_FIRST, record.first_offset), (LOG_LAST, record.last_offset)];
            for (name, offset) in offsets {
                headers.push(name.as_bytes(), Some(offset.to_string().as_bytes()));
            }
            let key = record.partition.to_string();
            let (key, value) = (Some(key.as_bytes()), Some(record.value.as_slice()));
            producer.produce_to(log, record.partition, key, value, headers)?;
        }
        let sent_log = *topics.of(Output::SentLog);
        for (key, row) in &verdicts.rows {
            let headers = NativeHeaders::with_capacity(0);
            let (recipient, value) = (Some(&key.subject.0[..]), Some(row.as_slice()));
            producer.produce_to(sent_log, key.partition, recipient, value, headers)?;
        }
        Ok(())
    }

    fn headers(&self, message: &Message<'c>, judged: &Judged, written: &[u8]) -> NativeHeaders {
        let mut headers = NativeHeaders::with_capacity(RESERVED.len());
        for (name, value) in message.headers() {
            if is_reserved(name) {
                self.shared.metrics.dropped_headers.inc();
            } else {
                headers.push(name, value);
            }
        }
        let decision = &judged.decision;
        headers.push(OUTCOME.as_bytes(), Some(decision.outcome().as_str().as_bytes()));
        headers.push(REASON.as_bytes(), Some(decision.reason().code().as_bytes()));
        let source = SourceRef {
            topic: self.settings.topics.name(message.source().topic),
            partition: message.source().partition,
            record_offset: message.offset(),
        };
        headers.push(SOURCE.as_bytes(), Some(source.to_string().as_bytes()));
        if let Some(at) = decision.not_before() {
            headers.push(NOT_BEFORE.as_bytes(), Some(rfc3339(at).as_bytes()));
        }
        if let Some(header) = &judged.header {
            headers.push(DECISION.as_bytes(), written.get(header.json.clone()));
        }
        if judged.probe.is_some() {
            headers.push(PROBE.as_bytes(), Some(b"1"));
        }
        if let Minted::Link(link) = &judged.link {
            headers.push(UNSUBSCRIBE.as_bytes(), Some(link.as_bytes()));
        }
        headers
    }

    fn offsets(&self, batch: &LaneBatch<'c>) -> Result<TopicPartitionList, NativeError> {
        let mut offsets = TopicPartitionList::with_capacity(batch.n_partitions());
        for (source, next_offset) in batch.next_offsets() {
            let next_offset = Offset::Offset(*next_offset);
            let topic = self.settings.topics.name(source.topic);
            // refused only for offsets below zero, which the broker never hands out
            if let Err(error) = offsets.add_partition_offset(topic, source.partition, next_offset) {
                tracing::error!(topic, partition = source.partition, %error, "an offset cannot be committed");
            }
        }
        Ok(offsets)
    }

    /// Aborts the open transaction and says what to do with the batch.
    fn give_up(&self, error: NativeError) -> Setback {
        if error.is_fatal || crate::kafka::is_refused(&error) {
            return classify(error, RecycleCause::Fatal);
        }
        match self.abort() {
            Ok(()) => {
                self.shared.metrics.transactions.of(TransactionResult::Aborted).inc();
                Setback::Aborted(error)
            }
            Err(setback) => setback,
        }
    }

    pub(super) fn abort(&self) -> Result<(), Setback> {
        let Some(producer) = self.producers.current() else {
            return Err(Setback::NotMember);
        };
        let sent_before = producer.end_txn_sent();
        let aborted = producer.abort(self.settings.transaction_timeout);
        aborted.map_err(|error| classify(error, RecycleCause::TimedOut))?;
        let n_sent = producer.end_txn_sent().saturating_sub(sent_before);
        if n_sent > 1 {
            // as after a commit: the repeated request would abort a part of what comes next
            self.shared.metrics.end_txn_retries.inc_by(n_sent - 1);
            let error = NativeError::end_txn_repeated();
            return Err(Setback::Recycle(RecycleCause::EndTxnRetried, error));
        }
        Ok(())
    }

    fn count(&mut self, batch: &LaneBatch<'c>, judged: &[Judged]) {
        self.shared.metrics.transactions.of(TransactionResult::Committed).inc();
        let links = &self.shared.metrics.unsubscribe_links;
        let decided = batch.messages().iter().zip(judged);
        for (message, judged) in decided {
            // the probe is no business, and whoever uses its name does not vanish
            if let Some(recipient) = judged.probe {
                let topic = Topic::Outbound(message.source().topic);
                self.shared.metrics.probe_record(topic, recipient);
                continue;
            }
            match judged.link {
                Minted::Link(_) => links.of(LinkResult::Minted).inc(),
                Minted::TooLong => links.of(LinkResult::TooLong).inc(),
                Minted::NotWanted => {}
            }
            let record_ms = message.timestamp_ms();
            self.tally.decided(judged.decision.reason(), judged.channel, record_ms);
            if let Some(named) = self.shared.metrics.named() {
                named.decided(judged.named, judged.decision.outcome());
            }
        }
        self.tally.committed();
        let newest_ms = newest_ms(batch.messages());
        for (source, next_offset) in batch.next_offsets() {
            let record_ms = newest_ms.get(source).copied();
            self.shared.positions.set(*source, *next_offset, record_ms);
        }
    }

    fn count_logged(&self, batch: &LaneBatch<'c>, log: &[LogRecord]) {
        let metrics = &self.shared.metrics;
        metrics.logged_records.inc_by(log.len() as u64);
        metrics.logged_bytes.inc_by(log.iter().map(|record| record.value.len() as u64).sum());
        metrics.logged_reconstructed.inc_by(batch.unlogged().len() as u64);
        if log.len() > batch.n_partitions() {
            metrics.bound_reached(Bound::DecisionRecord);
        }
    }

    fn renew_after_retry(&mut self, batch: &mut LaneBatch<'c>) -> Result<(), Setback> {
        self.shared.metrics.producer_recycles.of(RecycleCause::EndTxnRetried).inc();
        tracing::warn!(
            lane = self.number,
            "EndTxn was sent more than once; replacing the producer"
        );
        self.renew_producer(batch).map_err(Setback::Stop)
    }

    /// Replaces a lost producer and finds out what its last transaction did.
    pub(super) fn recycle(
        &mut self,
        cause: RecycleCause,
        error: &NativeError,
        batch: &mut LaneBatch<'c>,
    ) -> Result<(), LaneError> {
        let metrics = &self.shared.metrics;
        metrics.producer_recycles.of(cause).inc();
        let is_fenced = error.code == RDKafkaErrorCode::Fenced;
        metrics
            .transactions
            .of(if is_fenced {
                TransactionResult::Fenced
            } else {
                TransactionResult::Indeterminate
            })
            .inc();
        // what it has committed is in the changelog, not in the store
        self.approvals.forget_all();
        if error.is_fatal && self.fencings.note(Instant::now()) {
            return Err(LaneError::Fenced(error.to_string()));
        }
        self.reconciler.doubt(batch);
        self.renew_producer(batch)?;
        self.reconcile(batch)
    }
}

/// The newest record timestamp of each partition. A partition's messages come in runs.
fn newest_ms(messages: &[Message<'_>]) -> BTreeMap<SourcePartition, i64> {
    let mut newest = BTreeMap::new();
    for run in messages.chunk_by(|a, b| a.source() == b.source()) {
        let source = run.first().map(Message::source);
        let run_ms = run.iter().filter_map(Message::timestamp_ms).max();
        if let (Some(source), Some(run_ms)) = (source, run_ms) {
            let known: &mut i64 = newest.entry(source).or_insert(run_ms);
            *known = run_ms.max(*known);
        }
    }
    newest
}

/// Whether the group itself has refused: then nothing of the transaction is on its way any more.
fn is_answer(error: &NativeError) -> bool {
    use RDKafkaErrorCode as Code;
    matches!(
        error.code,
        Code::UnknownMemberId
            | Code::IllegalGeneration
            | Code::FencedInstanceId
            | Code::RebalanceInProgress
            | Code::QueueFull
            | Code::MessageSizeTooLarge
    )
}

/// What a failed call means for the batch; an answer that never came is indeterminate.
fn classify(error: NativeError, otherwise: RecycleCause) -> Setback {
    if crate::kafka::is_refused(&error) {
        return Setback::Stop(LaneError::Producer(error));
    }
    let cause = if error.is_fatal { RecycleCause::Fatal } else { otherwise };
    Setback::Recycle(cause, error)
}

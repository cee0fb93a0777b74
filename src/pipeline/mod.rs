//! The main path: messages in, decisions out, one transaction per batch.
//!
//! ```text
//! take up: committed offsets ─▶ doubts settled ─▶ read on from there
//! dequeue: what is next of each partition (nothing behind a batch nobody can unpack) ─▶ batch
//! attempt: clock ─▶ approvals read back ─▶ ends of the outputs noted ─▶ begin + offsets
//!          ─▶ decode, meanwhile where consent ends ─▶ barrier ─▶ snapshot ─▶ decide ─▶ is it still the same topic?
//!          ─▶ produce (outputs, decision log, approvals) ─▶ brokers' clock ─▶ commit ─▶ rows of approvals kept
//! else:    hold and try again │ abort │ replace the producer and look what was committed │ stop
//! idle:    read batches again that could not be unpacked │ does a partition stand still?
//! ```
//!
//! A lane is one thread with one group member and three transactional producers in turns. It takes what is queued, at
//! once when little is, in thousands when much is, and does not let go of a batch before it is committed,
//! or its partitions are taken away, or the process stops. What cannot be decided now is held: the
//! partitions are paused, polling goes on so that the membership lives, and the batch is tried again.
//!
//! INVARIANT: no transaction is open while the consumer is polled, so a rebalance never meets a half-done
//! batch.
//!
//! Steps that need no broker to be understood are types and functions of what they need: `upcoming.rs`, `batch.rs`,
//! `judge.rs`, `restore/`, `reconcile.rs` with `doubt.rs`, `standstill.rs`, `clock.rs`, `fencing.rs`. `outside.rs` asks the
//! brokers for them; `settle.rs`, `producers.rs`, `membership.rs` and `unreadable.rs` are the lane at work.

mod batch;
mod clock;
mod doubt;
mod error;
mod fencing;
mod judge;
mod membership;
mod outside;
mod parts;
mod producers;
mod reconcile;
mod restore;
mod settle;
mod standstill;
#[cfg(test)]
mod tests;
mod unreadable;
mod upcoming;

pub use doubt::InDoubt;
pub use error::LaneError;
pub(crate) use outside::log_record;
pub use parts::{Clients, LaneParts, Settings, Shared};
pub use producers::SUFFIXES as PRODUCER_SUFFIXES;

use crate::approvals::{Horizon, RowSeal, SentError};
use crate::barrier::{Barrier, Hold, TopicCheck};
use crate::clock::now;
use crate::kafka::GateContext;
use crate::kafka::native::{BatchReader, Inbox, Message, NativeError};
use crate::logging::Limited;
use crate::metrics::{Bound, HoldCause, RebalanceEvent, RecycleCause, Tally};
use crate::status::{Heart, Holder, Membership, Place};
use crate::store::StoreError;
use batch::Batch;
use clock::ClockCheck;
use fencing::Fencings;
use gate_engine::Decoded;
use judge::Judge;
use outside::Outside;
use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use reconcile::Reconciler;
use restore::{Approvals, ApprovalsParts};
use standstill::{Standstill, Still};
use std::sync::Arc;
use std::time::{Duration, Instant};
use upcoming::{Arrivals, Upcoming};

/// How long an idle lane waits for a message before it looks at the clock and for news of the group.
const IDLE_WAIT: Duration = Duration::from_millis(50);
/// Messages taken at once, between two looks at the bytes in hand.
const CHUNK_MESSAGES: usize = 512;
/// How long a held lane polls between attempts.
const HELD_WAIT: Duration = Duration::from_millis(50);
/// From so many messages on two things are done at a time: their work takes longer than a thread takes to start.
const LARGE_BATCH: usize = 256;

/// What a lane has in hand.
type LaneBatch<'c> = Batch<Message<'c>>;

/// Why a batch is not committed yet.
pub(crate) enum Setback {
    /// It must wait for something outside.
    Hold(Hold),
    /// The transaction was given up; the producer lives.
    Aborted(NativeError),
    /// The outcome is unknown or the producer is lost: replace it and look what was committed.
    Recycle(RecycleCause, NativeError),
    /// We are no member of the group right now.
    NotMember,
    /// The process must stop.
    Stop(LaneError),
}

impl Setback {
    fn hold(cause: HoldCause, detail: String) -> Self {
        Self::Hold(Hold::new(cause, detail))
    }
}

impl From<StoreError> for Setback {
    fn from(error: StoreError) -> Self {
        Self::Stop(error.into())
    }
}

impl From<SentError> for Setback {
    fn from(error: SentError) -> Self {
        Self::Stop(error.into())
    }
}

/// Runs a lane until shutdown, with a new consumer when the old one is of no use any more: the group has given our
/// place away, which after an outage of the brokers may be our own repeated attempt to join, or nothing comes of a
/// partition. What was in hand is not committed, and is taken up again.
///
/// # Errors
/// As [`Lane::run`]; also what a new consumer would mend, when it comes again and again: two instances with one id
/// would take turns for ever.
pub fn run_lane(
    number: usize,
    parts: &LaneParts,
    consumer_config: &ClientConfig,
) -> Result<(), LaneError> {
    let mut joined = Fencings::default();
    loop {
        let consumer: BaseConsumer<GateContext> = consumer_config
            .create_with_context(GateContext::default())
            .map_err(LaneError::Consumer)?;
        let result = Lane::new(number, parts.clone(), &consumer).and_then(Lane::run);
        consumer.context().close(&consumer);
        match result {
            Err(error @ (LaneError::MemberFenced(_) | LaneError::StandsStill { .. }))
                if !joined.note(Instant::now()) =>
            {
                tracing::warn!(lane = number, %error, "joining anew");
                parts.shared.metrics.rebalances.of(RebalanceEvent::Lost).inc();
                parts.shared.status.lane_assigned(number, &[]);
            }
            result => return result,
        }
    }
}

/// One lane's thread.
pub struct Lane<'c> {
    number: usize,
    shared: Shared,
    settings: Arc<Settings>,
    clients: Arc<Clients>,
    heart: Heart,
    tally: Tally,
    warnings: Limited,
    consumer: &'c BaseConsumer<GateContext>,
    inbox: Inbox<'c>,
    is_paused: bool,
    /// What to take up next of each partition in hand.
    upcoming: Upcoming,
    producers: producers::Producers,
    fencings: Fencings,
    approvals: Approvals<BatchReader<GateContext>>,
    reconciler: Reconciler,
    standstill: Standstill,
    clock: ClockCheck,
}

impl<'c> Lane<'c> {
    /// A lane over a consumer that is not subscribed yet.
    ///
    /// # Errors
    /// When librdkafka gives it no queue.
    pub fn new(
        number: usize,
        parts: LaneParts,
        consumer: &'c BaseConsumer<GateContext>,
    ) -> Result<Self, LaneError> {
        let LaneParts { shared, settings, clients } = parts;
        let inbox = Inbox::new(consumer, &settings.topics).map_err(LaneError::Inbox)?;
        let approved_topic = &settings.outputs.approved;
        let in_doubt = Arc::clone(&shared.in_doubt);
        let approvals = Approvals::new(ApprovalsParts {
            lane: number,
            sent: Arc::clone(&shared.sent),
            seal: RowSeal::of(&shared.pepper),
            topic: settings.outputs.sent_log.clone(),
            transaction_timeout: settings.transaction_timeout,
            metrics: Arc::clone(&shared.metrics),
        });
        Ok(Self {
            number,
            heart: shared.status.heart(format!("lane {number}")),
            tally: Tally::new(Arc::clone(&shared.metrics)),
            warnings: Limited::new(),
            consumer,
            inbox,
            is_paused: false,
            upcoming: Upcoming::default(),
            producers: producers::Producers::default(),
            fencings: Fencings::default(),
            approvals,
            reconciler: Reconciler::new(&settings.topics, approved_topic, in_doubt),
            standstill: Standstill::default(),
            clock: ClockCheck::default(),
            shared,
            settings: Arc::new(settings),
            clients: Arc::new(clients),
        })
    }

    /// The brokers, past the lane's own consumer and producers.
    fn outside(&self) -> Outside {
        Outside { clients: Arc::clone(&self.clients), settings: Arc::clone(&self.settings) }
    }

    /// Decides messages until shutdown, then finishes or drops what is in hand and leaves the group.
    ///
    /// # Errors
    /// When something is lost that only a restart or an operator can mend.
    pub fn run(mut self) -> Result<(), LaneError> {
        let mut nothing = LaneBatch::default();
        // fences an earlier process with our id, and finishes what it left open, before we take part
        self.start_producers(&mut nothing)?;
        // nothing is assigned yet: the wait for the coordinator must not pause what the group will give us
        self.release();
        self.is_paused = false;
        self.shared.status.lane(self.number, Membership::Joining);
        let topics: Vec<&str> = self.settings.topics.names().collect();
        self.consumer.subscribe(&topics).map_err(LaneError::Consumer)?;
        while !self.shared.shutdown.is_requested() {
            self.heart.beat();
            self.retry_unreadable();
            let mut batch = self.dequeue()?;
            if batch.is_done() || self.shared.shutdown.is_requested() {
                self.look_for_standstill()?;
            } else {
                self.work_off(&mut batch)?;
            }
        }
        self.leave();
        self.shared.status.lane(self.number, Membership::Stopped);
        Ok(())
    }

    /// Takes what is queued, up to the bounds; never waits once there is something.
    fn dequeue(&mut self) -> Result<LaneBatch<'c>, LaneError> {
        let mut batch = LaneBatch::default();
        let has_partitions = !self.upcoming.is_empty();
        let (group_wait, mut wait) =
            if has_partitions { (Duration::ZERO, IDLE_WAIT) } else { (IDLE_WAIT, Duration::ZERO) };
        self.poll_group(group_wait, &mut batch)?;
        while batch.len() < self.settings.batch_messages_max
            && batch.value_bytes() < self.settings.batch_bytes_max
        {
            let room = self.settings.batch_messages_max - batch.len();
            if self.take(wait, room.min(CHUNK_MESSAGES), &mut batch)? == 0 {
                break;
            }
            wait = Duration::ZERO;
        }
        self.reconciler.drop_decided(&mut batch);
        batch.order_by_topic();
        if !batch.is_done() {
            let (n_messages, next_offsets) = (batch.len(), batch.next_offsets());
            tracing::debug!(lane = self.number, n_messages, ?next_offsets, "dequeued");
        }
        if batch.len() >= self.settings.batch_messages_max {
            self.shared.metrics.bound_reached(Bound::BatchRecords);
        } else if batch.value_bytes() >= self.settings.batch_bytes_max {
            self.shared.metrics.bound_reached(Bound::BatchBytes);
        }
        Ok(batch)
    }

    /// Does not return before the batch is committed, revoked, or the process stops.
    fn work_off(&mut self, batch: &mut LaneBatch<'c>) -> Result<(), LaneError> {
        self.commit_all(batch)?;
        while self.is_paused && !self.shared.shutdown.is_requested() {
            self.release();
            if !self.resume() {
                self.poll_held(batch)?;
            }
            self.commit_all(batch)?;
        }
        Ok(())
    }

    fn commit_all(&mut self, batch: &mut LaneBatch<'c>) -> Result<(), LaneError> {
        while !batch.is_done() && !self.shared.shutdown.is_requested() {
            match self.attempt(batch) {
                Ok(()) => continue,
                Err(Setback::Hold(hold)) => {
                    if let Some(partition) = hold.consent_partition {
                        self.shared.metrics.set_consent_held(partition, hold.cause);
                    }
                    self.hold(hold.cause, &hold.detail, batch);
                }
                Err(Setback::NotMember) => {
                    self.hold(HoldCause::NotMember, "waiting for the consumer group", batch);
                }
                Err(Setback::Aborted(error)) => {
                    let hold = self.clock.hold_of(&error);
                    self.hold(hold.cause, &hold.detail, batch);
                }
                Err(Setback::Recycle(cause, error)) => {
                    tracing::warn!(lane = self.number, %error, cause = cause.as_str(), "replacing the producer");
                    self.recycle(cause, &error, batch)?;
                }
                Err(Setback::Stop(error)) => return Err(error),
            }
            self.poll_held(batch)?;
        }
        Ok(())
    }

    fn attempt(&mut self, batch: &mut LaneBatch<'c>) -> Result<(), Setback> {
        self.clock.wait(Instant::now()).map_err(Setback::Hold)?;
        self.stay_together()?;
        self.restore(batch)?;
        self.approvals.ask_ends(&self.outside());
        self.note_output_ends(batch)?;
        // who is held looks first whether that is over: nothing is begun in vain
        let begun = if self.is_paused { None } else { Some(self.open(batch)?) };
        let barrier = self.shared.barrier.clone();
        let (verdicts, checked) = match self.consider(batch, &barrier) {
            Ok(considered) => considered,
            Err(setback) => {
                return Err(match begun {
                    Some(open) => self.withdraw(open, setback),
                    None => setback,
                });
            }
        };
        let open = match begun {
            Some(open) => open,
            None => self.open(batch)?,
        };
        if let Err(hold) = checked.finish() {
            return Err(self.withdraw(open, Setback::Hold(hold)));
        }
        let settled = self.settle(batch, &verdicts, open);
        self.tally.forget();
        settled
    }

    /// Reads back what was approved in partitions taken up, all that are in hand, so that the next batch need not wait
    /// again.
    fn restore(&mut self, batch: &LaneBatch<'c>) -> Result<(), Setback> {
        let in_batch = || batch.next_offsets().keys().map(|source| source.partition);
        if self.approvals.knows(in_batch()) {
            return Ok(());
        }
        let in_hand = self.upcoming.iter().map(|(source, _)| source.partition).chain(in_batch());
        let horizon = Horizon::of(&self.shared.policies.current(), now());
        let outside = self.outside();
        self.approvals.restore(in_hand, &outside, horizon)
    }

    /// What batches are judged with.
    fn judge(&self) -> Judge<'_> {
        Judge {
            messages: &self.shared.messages,
            pepper: &self.shared.pepper,
            store: &self.shared.store,
            policies: &self.shared.policies,
            metrics: &self.shared.metrics,
            settings: &self.settings,
        }
    }

    fn decode<'m>(&'m self, messages: &'m [Message<'c>]) -> Result<Vec<Decoded<'m>>, Hold> {
        self.judge().decode(messages)
    }

    /// Carries out what came of a look into the inbox.
    fn take(
        &mut self,
        wait: Duration,
        n_max: usize,
        batch: &mut LaneBatch<'c>,
    ) -> Result<usize, LaneError> {
        let (upcoming, mut arrivals) = (&mut self.upcoming, Arrivals::default());
        let n_taken = self.inbox.poll(wait, n_max, |taken| match taken {
            Ok(message) => {
                if upcoming.admit(message.source(), message.offset(), &mut arrivals) {
                    batch.push(message);
                }
            }
            Err(trouble) => upcoming.meet(trouble, &mut arrivals),
        });
        let Arrivals { n_stale, read, unreadable, errors } = arrivals;
        if n_stale > 0 {
            self.shared.metrics.stale_messages.inc_by(n_stale);
            tracing::debug!(lane = self.number, n_stale, "messages that are not next are dropped");
        }
        read.into_iter().for_each(|partition| self.is_read_after_all(partition));
        self.stand_before(&unreadable);
        for error in errors {
            self.consumer_error(KafkaError::MessageConsumption(error.code))?;
        }
        Ok(n_taken)
    }

    /// A consumer that does not bring what lies in a partition is of no use any more.
    fn look_for_standstill(&mut self) -> Result<(), LaneError> {
        if self.is_paused {
            return Ok(());
        }
        let still = self.standstill.look(&self.upcoming, &self.outside(), Instant::now());
        let Some(Still { partition: source, next_offset, found }) = still else { return Ok(()) };
        let place = self.settings.topics.told(source);
        tracing::warn!(lane = self.number, %place, next_offset, ?found, "nothing comes of a partition");
        let topic = self.settings.topics.name(source.topic).to_owned();
        let partition = source.partition;
        Err(LaneError::StandsStill { topic, partition, next_offset })
    }

    /// Decodes, waits for consent, judges. What comes with the verdicts is to be finished before they are committed.
    fn consider<'b>(
        &mut self,
        batch: &LaneBatch<'c>,
        barrier: &'b Barrier,
    ) -> Result<(judge::Verdicts, TopicCheck<'b>), Setback> {
        let (end_offsets, messages) = self.decode_and_ask(batch);
        // its answer comes while offsets are on their way into the transaction
        let end_offsets = end_offsets.map(|ends| (barrier.check_topic(&ends), ends));
        let messages = messages.map_err(Setback::Hold)?;
        let approved_before = self.decode(batch.approved_before()).map_err(Setback::Hold)?;
        let began = Instant::now();
        let (checked, end_offsets) = end_offsets.map_err(Setback::Hold)?;
        barrier.wait_for(&end_offsets).map_err(Setback::Hold)?;
        self.shared.metrics.barrier.observe(began.elapsed().as_secs_f64());
        let verdicts = self.judge().judge(&self.approvals, batch, &messages, &approved_before);
        let verdicts = verdicts.map_err(|error| {
            self.shared.metrics.store_read_errors.inc();
            Setback::Stop(error)
        })?;
        Ok((verdicts, checked))
    }

    /// Reads the messages while the broker is asked where consent ends. The question comes after the batch was
    /// taken up, so every change acknowledged before that is within the answer.
    #[allow(clippy::type_complexity, reason = "the results of two things done at a time")]
    fn decode_and_ask<'m>(
        &'m self,
        batch: &'m LaneBatch<'c>,
    ) -> (Result<Vec<i64>, Hold>, Result<Vec<Decoded<'m>>, Hold>) {
        let barrier = &self.shared.barrier;
        if batch.len() < LARGE_BATCH {
            return (barrier.ends_to_wait_for(), self.decode(batch.messages()));
        }
        std::thread::scope(|scope| {
            let asked = scope.spawn(|| barrier.ends_to_wait_for());
            let messages = self.decode(batch.messages());
            let died = |_| {
                let detail = "the question for the ends of consent died; see the log";
                Hold::new(HoldCause::BrokerUnavailable, detail.to_owned())
            };
            (asked.join().map_err(died).flatten(), messages)
        })
    }

    fn hold(&self, cause: HoldCause, detail: &str, batch: &LaneBatch<'_>) {
        let places: Vec<Place> =
            batch.next_offsets().keys().map(|source| Place::of(*source, None)).collect();
        self.shared.status.hold(Holder::Lane(self.number), cause, &places, detail);
    }

    fn release(&self) {
        self.shared.metrics.clear_consent_held();
        for cause in HoldCause::ALL {
            self.release_cause(*cause);
        }
    }

    /// Keeps the membership alive while nothing may be taken up.
    fn poll_held(&mut self, batch: &mut LaneBatch<'c>) -> Result<(), LaneError> {
        self.heart.beat();
        self.pause();
        self.poll_group(HELD_WAIT, batch)
    }
}

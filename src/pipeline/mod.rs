//! The main path: messages in, decisions out, one transaction per batch.
//!
//! ```text
//! dequeue ─▶ begin + offsets ─▶ decode ─▶ barrier ─▶ snapshot ─▶ decide ─▶ produce ─▶ commit
//! ```
//!
//! A lane is one thread with one group member and three transactional producers in turns. It takes what is queued, at
//! once when little is, in thousands when much is, and does not let go of a batch before it is committed,
//! or its partitions are taken away, or the process stops. What cannot be decided now is held: the
//! partitions are paused, polling goes on so that the membership lives, and the batch is tried again.
//!
//! INVARIANT: no transaction is open while the consumer is polled, so a rebalance never meets a half-done
//! batch. `restore.rs` reads back what was approved before, `judge.rs` has the engine decide (`gate-engine`), `settle.rs` commits,
//! `membership.rs` follows the group.

mod batch;
mod clock;
mod doubt;
mod error;
mod intake;
mod judge;
mod membership;
mod producers;
mod reconcile;
mod restore;
mod settle;
mod standstill;
mod unreadable;

pub use batch::Batch;
pub use doubt::InDoubt;
pub use error::LaneError;
pub use producers::SUFFIXES as PRODUCER_SUFFIXES;
pub(crate) use restore::log_record;

use crate::approvals::{RowSeal, SentError, SentStore};
use crate::barrier::TopicCheck;
use crate::barrier::{Barrier, Hold};
use crate::identity::Pepper;
use crate::kafka::GateContext;
use crate::kafka::native::{Inbox, NativeError};
use crate::logging::Limited;
use crate::metrics::{Bound, HoldCause, Metrics, RebalanceEvent, RecycleCause, Tally, Topic};
use crate::policies::Policies;
use crate::shutdown::Shutdown;
use crate::status::OutboundPositions;
use crate::status::{Heart, Holder, Membership, Place, Status};
use crate::store::{Store, StoreError};
use gate_codec::Codec;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::{ClientConfig, Offset};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long an idle lane waits for a message before it looks at the clock and for news of the group.
const IDLE_WAIT: Duration = Duration::from_millis(50);
/// Events of the group and errors of the client taken at once.
const GROUP_EVENTS_MAX: usize = 1_000;
/// Messages taken at once, between two looks at the bytes in hand.
const CHUNK_MESSAGES: usize = 512;
/// How long a held lane polls between attempts.
const HELD_WAIT: Duration = Duration::from_millis(50);
/// From so many messages on two things are done at a time: their work takes longer than a thread takes to start.
const LARGE_BATCH: usize = 256;
/// Fatal producer errors tolerated within [`FATAL_WINDOW`] before the lane gives up: two instances with one
/// id would fence each other for ever.
const FATAL_MAX: usize = 5;
/// See [`FATAL_MAX`].
const FATAL_WINDOW: Duration = Duration::from_secs(60);

/// What a lane works with; all lanes of a process share the same.
#[derive(Clone)]
pub struct LaneParts {
    /// Settings of the lane's producers, transactional ids included.
    pub producer_configs: [ClientConfig; PRODUCER_SUFFIXES.len()],
    /// Settings for scanning output tails.
    pub scan_config: ClientConfig,
    /// The input topic.
    pub outbound_topic: String,
    /// The consumer group, for messages to people.
    pub group_id: String,
    /// The consent topic, named in each decision.
    pub consent_topic: String,
    /// Output topics in the order approved, blocked, deferred.
    pub output_topics: [String; 3],
    /// Reads messages.
    pub codec: Arc<Codec>,
    /// Hashes identities.
    pub pepper: Arc<Pepper>,
    /// Consent state.
    pub store: Arc<Store>,
    /// What was approved before, as far as the changelog was read.
    pub sent: Arc<SentStore>,
    /// The changelog of approvals.
    pub sent_topic: String,
    /// Asks where it ends, read uncommitted.
    pub sent_ends: Arc<BaseConsumer<GateContext>>,
    /// Asks how far the input topic is committed.
    pub committed_ends: Arc<BaseConsumer<GateContext>>,
    /// Consent caught up?
    pub barrier: Barrier,
    /// The law in force.
    pub policies: Arc<Policies>,
    /// Counts.
    pub metrics: Arc<Metrics>,
    /// Readiness.
    pub status: Arc<Status>,
    /// Transactions whose end is not known, for whoever takes their partitions up.
    pub in_doubt: Arc<InDoubt>,
    /// Where the lane has come to, for the lag.
    pub positions: Arc<OutboundPositions>,
    /// When to stop.
    pub shutdown: Shutdown,
    /// Most messages in one transaction.
    pub batch_messages_max: usize,
    /// Most value bytes in one transaction.
    pub batch_bytes_max: usize,
    /// Largest value that is read.
    pub value_bytes_max: usize,
    /// Limit of one transaction; also bounds how long readers of the outputs can be blocked by a crash.
    pub transaction_timeout: Duration,
    /// Where a group without committed offsets begins: the beginning or the end of the log.
    pub start_at: Offset,
    /// Leave the group when stopping, so that others take over at once.
    pub leave_on_shutdown: bool,
}

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
/// As [`Lane::run`]; also what a new consumer would mend, when it comes more than [`FATAL_MAX`] times within
/// [`FATAL_WINDOW`]: two instances with one id would take turns for ever.
pub fn run_lane(
    number: usize,
    parts: &LaneParts,
    consumer_config: &ClientConfig,
) -> Result<(), LaneError> {
    let mut joined_at: VecDeque<Instant> = VecDeque::with_capacity(FATAL_MAX);
    loop {
        let consumer: BaseConsumer<GateContext> = consumer_config
            .create_with_context(GateContext::default())
            .map_err(LaneError::Consumer)?;
        let result = Lane::new(number, parts.clone(), &consumer).and_then(Lane::run);
        consumer.context().close(&consumer);
        joined_at.retain(|at| at.elapsed() < FATAL_WINDOW);
        match result {
            Err(error @ (LaneError::MemberFenced(_) | LaneError::StandsStill { .. }))
                if joined_at.len() < FATAL_MAX =>
            {
                tracing::warn!(lane = number, %error, "joining anew");
                parts.metrics.rebalances.of(RebalanceEvent::Lost).inc();
                parts.status.lane_assigned(number, &[]);
                joined_at.push_back(Instant::now());
            }
            result => return result,
        }
    }
}

/// One lane's thread.
pub struct Lane<'c> {
    parts: LaneParts,
    number: usize,
    heart: Heart,
    tally: Tally,
    consumer: &'c BaseConsumer<GateContext>,
    inbox: Inbox<'c>,
    producers: producers::Producers,
    fatal_at: VecDeque<Instant>,
    is_paused: bool,
    /// What to take up next, per partition in hand: the starting point, then behind the last message.
    next_up: BTreeMap<i32, Offset>,
    approvals: restore::Approvals,
    /// Makes and checks the tags of rows of approvals.
    seal: RowSeal,
    strangers: Limited,
    clock_was_wrong: Option<(Instant, Hold)>,
    standstill: standstill::Standstill,
    output_ends: Option<reconcile::OutputEnds>,
    /// Partitions that stand before a batch nobody can unpack.
    unreadable: BTreeMap<i32, unreadable::Standing>,
    warnings: Limited,
    /// Messages yet to come that a transaction committed in part has decided.
    already_out: reconcile::Emitted,
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
        let inbox = Inbox::new(consumer, &parts.outbound_topic).map_err(LaneError::Inbox)?;
        Ok(Self {
            heart: parts.status.heart(format!("lane {number}")),
            tally: Tally::new(Arc::clone(&parts.metrics)),
            seal: RowSeal::of(&parts.pepper),
            strangers: Limited::new(),
            clock_was_wrong: None,
            parts,
            number,
            consumer,
            inbox,
            producers: producers::Producers::default(),
            fatal_at: VecDeque::with_capacity(FATAL_MAX),
            is_paused: false,
            next_up: BTreeMap::new(),
            approvals: restore::Approvals::default(),
            standstill: standstill::Standstill::default(),
            unreadable: BTreeMap::new(),
            warnings: Limited::new(),
            output_ends: None,
            already_out: reconcile::Emitted::default(),
        })
    }

    /// Decides messages until shutdown, then finishes or drops what is in hand and leaves the group.
    ///
    /// # Errors
    /// When something is lost that only a restart or an operator can mend.
    pub fn run(mut self) -> Result<(), LaneError> {
        let mut nothing = Batch::default();
        // fences an earlier process with our id, and finishes what it left open, before we take part
        self.start_producers(&mut nothing)?;
        // nothing is assigned yet: the wait for the coordinator must not pause what the group will give us
        self.release();
        self.is_paused = false;
        self.parts.status.lane(self.number, Membership::Joining);
        self.consumer.subscribe(&[&self.parts.outbound_topic]).map_err(LaneError::Consumer)?;
        while !self.parts.shutdown.is_requested() {
            self.heart.beat();
            self.retry_unreadable();
            let mut batch = self.dequeue()?;
            if batch.is_done() || self.parts.shutdown.is_requested() {
                self.look_for_standstill()?;
            } else {
                self.work_off(&mut batch)?;
            }
        }
        self.leave();
        self.parts.status.lane(self.number, Membership::Stopped);
        Ok(())
    }

    /// Takes what is queued, up to the bounds; never waits once there is something.
    fn dequeue(&mut self) -> Result<Batch<'c>, LaneError> {
        let mut batch = Batch::default();
        let has_partitions = !self.next_up.is_empty();
        let (group_wait, mut wait) =
            if has_partitions { (Duration::ZERO, IDLE_WAIT) } else { (IDLE_WAIT, Duration::ZERO) };
        self.poll_group(group_wait, &mut batch)?;
        while batch.len() < self.parts.batch_messages_max
            && batch.value_bytes() < self.parts.batch_bytes_max
        {
            let room = self.parts.batch_messages_max - batch.len();
            if self.take(wait, room.min(CHUNK_MESSAGES), &mut batch)? == 0 {
                break;
            }
            wait = Duration::ZERO;
        }
        if !self.already_out.is_empty() {
            batch.drop_emitted(&self.already_out);
        }
        if !batch.is_done() {
            let (n_messages, next_offsets) = (batch.len(), batch.next_offsets());
            tracing::debug!(lane = self.number, n_messages, ?next_offsets, "dequeued");
        }
        if batch.len() >= self.parts.batch_messages_max {
            self.parts.metrics.bound_reached(Bound::BatchRecords);
        } else if batch.value_bytes() >= self.parts.batch_bytes_max {
            self.parts.metrics.bound_reached(Bound::BatchBytes);
        }
        Ok(batch)
    }

    /// Carries out what the group wants, all of it: while a broker is away errors queue up by the hundred, and
    /// the end of the membership may stand behind them. Messages come through the inbox.
    fn poll_group(&mut self, wait: Duration, batch: &mut Batch<'c>) -> Result<(), LaneError> {
        let mut wait = wait;
        for _ in 0..GROUP_EVENTS_MAX {
            let polled = self.consumer.poll(wait);
            let has_followed = self.follow_group(batch)?;
            match polled {
                None if has_followed => {}
                None => return Ok(()),
                Some(Err(error)) => self.consumer_error(error)?,
                Some(Ok(_)) => {
                    // its partition feeds the inbox since before it was assigned; taken up again it does
                    tracing::error!(lane = self.number, "a message came past the inbox");
                    self.pause();
                    self.resume();
                }
            }
            wait = Duration::ZERO;
        }
        Ok(())
    }

    /// Does not return before the batch is committed, revoked, or the process stops.
    fn work_off(&mut self, batch: &mut Batch<'c>) -> Result<(), LaneError> {
        self.commit_all(batch)?;
        while self.is_paused && !self.parts.shutdown.is_requested() {
            self.release();
            if !self.resume() {
                self.poll_held(batch)?;
            }
            self.commit_all(batch)?;
        }
        Ok(())
    }

    fn commit_all(&mut self, batch: &mut Batch<'c>) -> Result<(), LaneError> {
        while !batch.is_done() && !self.parts.shutdown.is_requested() {
            match self.attempt(batch) {
                Ok(()) => continue,
                Err(Setback::Hold(hold)) => {
                    if let Some(partition) = hold.consent_partition {
                        self.parts.metrics.set_consent_held(partition, hold.cause);
                    }
                    self.hold(hold.cause, &hold.detail, batch);
                }
                Err(Setback::NotMember) => {
                    self.hold(HoldCause::NotMember, "waiting for the consumer group", batch);
                }
                Err(Setback::Aborted(error)) => {
                    let hold = self.hold_of(&error);
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

    fn attempt(&mut self, batch: &mut Batch<'c>) -> Result<(), Setback> {
        self.wait_for_clock()?;
        self.restore(batch)?;
        self.ask_ends();
        self.note_output_ends(batch)?;
        // who is held looks first whether that is over: nothing is begun in vain
        let begun = if self.is_paused { None } else { Some(self.open(batch)?) };
        let barrier = self.parts.barrier.clone();
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

    /// Decodes, waits for consent, judges. What comes with the verdicts is to be finished before they are committed.
    fn consider<'b>(
        &mut self,
        batch: &Batch<'c>,
        barrier: &'b Barrier,
    ) -> Result<(judge::Verdicts, TopicCheck<'b>), Setback> {
        let (end_offsets, messages) = self.decode_and_ask(batch);
        // its answer comes while offsets are on their way into the transaction
        let end_offsets = end_offsets.map(|ends| (barrier.check_topic(&ends), ends));
        let messages = messages?;
        let approved_before = self.decode(batch.approved_before())?;
        let began = Instant::now();
        let (checked, end_offsets) = end_offsets.map_err(Setback::Hold)?;
        barrier.wait_for(&end_offsets).map_err(Setback::Hold)?;
        self.parts.metrics.barrier.observe(began.elapsed().as_secs_f64());
        let verdicts = self.judge(batch, &messages, &approved_before).map_err(|error| {
            self.parts.metrics.store_read_errors.inc();
            Setback::Stop(error)
        })?;
        Ok((verdicts, checked))
    }

    /// Reads the messages while the broker is asked where consent ends. The question comes after the batch was
    /// taken up, so every change acknowledged before that is within the answer.
    #[allow(clippy::type_complexity, reason = "the results of two things done at a time")]
    fn decode_and_ask<'m>(
        &self,
        batch: &'m Batch<'c>,
    ) -> (Result<Vec<i64>, Hold>, Result<Vec<gate_engine::Decoded<'m>>, Setback>) {
        let barrier = &self.parts.barrier;
        if batch.len() < LARGE_BATCH {
            return (barrier.ends_to_wait_for(), self.decode(batch.messages()));
        }
        std::thread::scope(|scope| {
            let asked = scope.spawn(|| barrier.ends_to_wait_for());
            let messages = self.decode(batch.messages());
            let died = |_| Hold {
                cause: HoldCause::BrokerUnavailable,
                detail: String::from("the question for the ends of consent died; see the log"),
                consent_partition: None,
            };
            (asked.join().map_err(died).flatten(), messages)
        })
    }

    fn hold(&self, cause: HoldCause, detail: &str, batch: &Batch<'_>) {
        let places: Vec<Place> = batch
            .next_offsets()
            .keys()
            .map(|partition| Place {
                topic: Topic::OutboundMessage,
                partition: *partition,
                offset: None,
            })
            .collect();
        self.parts.status.hold(Holder::Lane(self.number), cause, &places, detail);
    }

    fn release(&self) {
        self.parts.metrics.clear_consent_held();
        for cause in HoldCause::ALL {
            self.release_cause(*cause);
        }
    }

    /// Keeps the membership alive while nothing may be taken up.
    fn poll_held(&mut self, batch: &mut Batch<'c>) -> Result<(), LaneError> {
        self.heart.beat();
        self.pause();
        self.poll_group(HELD_WAIT, batch)
    }
}

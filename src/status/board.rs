//! Where the gate stands: written by lanes and the consent reader, read by HTTP.
//!
//! Ready means: every lane is a member of the group and knows its partitions (none is fine: it stands
//! by), consent has caught up, nothing is held, and the process is not shutting down. Everything that
//! is missing is named in a line of its own.
//!
//! INVARIANT: reading the status asks nobody. One short lock guards it; heartbeats need none.

use super::consent::{Consent, age};
use super::gather;
use super::heart::{Heart, Hearts, lock};
use super::holds::{Hold, Holder, Holds, Place};
use super::membership::Membership;
use super::snapshot::{Check, Lag, Readiness, Snapshot};
use crate::kafka::source::SourcePartition;
use crate::metrics::{Bound, HoldCause, Labels as _, Metrics, PartitionLag, Topic};
use crate::status::Waiting;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

#[derive(Default)]
struct Lane {
    membership: Membership,
    partitions: Vec<SourcePartition>,
}

#[derive(Default)]
struct State {
    lanes: Vec<Lane>,
    consent: Consent,
    holds: Holds,
    /// What waits in the message partitions of all lanes, in ascending order.
    outbound: Vec<Waiting>,
}

impl State {
    /// What waits in each partition of this topic with messages that this instance has, by the wall clock and the monotonic one.
    fn message_lags(&self, topic: usize, now_ms: i64, now: Instant) -> Vec<PartitionLag> {
        let lag = |waiting: &Waiting| {
            let record_age = waiting.record_ms.map(|at| age(at, now_ms));
            PartitionLag {
                partition: waiting.source.partition,
                records: waiting.ends.waiting(waiting.next_offset),
                seconds: waiting.ends.age(waiting.next_offset, record_age, now).as_secs_f64(),
            }
        };
        self.outbound.iter().filter(|waiting| waiting.source.topic == topic).map(lag).collect()
    }
}

/// Where the gate stands; shared as `Arc<Status>`.
pub struct Status {
    metrics: Arc<Metrics>,
    hearts: Hearts,
    state: Mutex<State>,
    is_stopping: AtomicBool,
}

impl Status {
    /// Nothing has started yet; `n_lanes` will.
    #[must_use]
    pub fn new(metrics: Arc<Metrics>, n_lanes: usize) -> Arc<Self> {
        let lanes = (0..n_lanes).map(|_| Lane::default()).collect();
        Arc::new(Self {
            metrics,
            hearts: Hearts::default(),
            state: Mutex::new(State { lanes, ..State::default() }),
            is_stopping: AtomicBool::new(false),
        })
    }

    /// Registers the calling thread's heart; it must beat every turn of its loop from now on.
    #[must_use]
    pub fn heart(&self, name: impl Into<String>) -> Heart {
        self.hearts.register(name.into(), &self.metrics)
    }

    /// A lane's standing in the group changed. Without a membership it holds no partitions.
    pub fn lane(&self, lane: usize, membership: Membership) {
        let mut state = lock(&self.state);
        if let Some(its) = state.lanes.get_mut(lane) {
            *its = Lane { membership, partitions: Vec::new() };
            state.holds.keep_assigned(lane, &[]);
        }
        self.publish_holds(&state.holds);
    }

    /// A lane is a member and owns exactly these message partitions; its holds of others end.
    pub fn lane_assigned(&self, lane: usize, partitions: &[SourcePartition]) {
        let mut state = lock(&self.state);
        if let Some(its) = state.lanes.get_mut(lane) {
            let partitions = partitions.to_vec();
            *its = Lane { membership: Membership::Member, partitions };
        }
        state.holds.keep_assigned(lane, partitions);
        self.publish_holds(&state.holds);
    }

    /// What waits in the message partitions of this instance, in ascending order.
    pub fn outbound_waiting(&self, waiting: Vec<Waiting>) {
        lock(&self.state).outbound = waiting;
    }

    /// The consent reader knows its partitions and goes on at these offsets.
    pub fn consent_start(&self, next_offsets: &[i64]) {
        lock(&self.state).consent.start(next_offsets);
    }

    /// Partitions were added to the consent topic: now there are this many, and the new ones begin at 0.
    pub fn consent_added(&self, n_partitions: usize) {
        lock(&self.state).consent.added(n_partitions);
    }

    /// Consent before `next_offset` is applied; `record_ms` is the last record's timestamp.
    pub fn consent_applied(&self, partition: i32, next_offset: i64, record_ms: Option<i64>) {
        lock(&self.state).consent.applied(partition, next_offset, record_ms, Instant::now());
    }

    /// The broker says that a consent partition ends here (read uncommitted).
    pub fn consent_end(&self, partition: i32, end_offset: i64) {
        lock(&self.state).consent.end(partition, end_offset, Instant::now());
    }

    /// Something waits: the beginning is logged, repeats add places and renew the detail.
    ///
    /// `detail` is shown in `/readyz` and logs: topic names, partitions, offsets and classes, nothing
    /// that was read from a record.
    pub fn hold(&self, holder: Holder, cause: HoldCause, places: &[Place], detail: &str) {
        let mut state = lock(&self.state);
        let held = state.holds.hold((holder, cause), places, detail, Instant::now());
        self.publish_holds(&state.holds);
        drop(state);
        for place in poisoned(cause, places.iter().copied()) {
            self.metrics.set_poison(place.partition, place.offset.unwrap_or(-1));
        }
        if held.is_full {
            self.metrics.bound_reached(Bound::HeldPlaces);
        }
        if held.is_new {
            let n_partitions = places.len();
            tracing::warn!(%holder, cause = cause.as_str(), n_partitions, detail, "held");
        }
    }

    /// It goes on, everywhere. Without such a hold nothing happens.
    pub fn release(&self, holder: Holder, cause: HoldCause) {
        let mut state = lock(&self.state);
        let released = state.holds.release(holder, cause);
        self.publish_holds(&state.holds);
        drop(state);
        let Some(hold) = released else { return };
        for place in poisoned(cause, hold.places()) {
            self.metrics.clear_poison(place.partition);
        }
        log_release(holder, cause, &hold);
    }

    /// It goes on in one partition.
    pub fn release_place(&self, holder: Holder, cause: HoldCause, topic: Topic, partition: i32) {
        let mut state = lock(&self.state);
        let ended = state.holds.release_place((holder, cause), topic, partition);
        self.publish_holds(&state.holds);
        drop(state);
        if cause == HoldCause::ConsentPoison && topic == Topic::ConsentChange {
            self.metrics.clear_poison(partition);
        }
        if let Some(hold) = ended {
            log_release(holder, cause, &hold);
        }
    }

    /// The process shuts down: not ready any more, for good.
    pub fn stopping(&self) {
        self.is_stopping.store(true, Ordering::Relaxed);
    }

    /// Whether messages are being decided, and if not, why not.
    #[must_use]
    pub fn ready(&self) -> Readiness {
        self.ready_at(Instant::now())
    }

    fn ready_at(&self, now: Instant) -> Readiness {
        let mut checks = Vec::new();
        let mut check = |name: String, is_ok, detail| checks.push(Check { name, is_ok, detail });
        let is_stopping = self.is_stopping.load(Ordering::Relaxed);
        let process = if is_stopping { "shutting down" } else { "running" };
        check("process".to_owned(), !is_stopping, process.to_owned());

        let state = lock(&self.state);
        match state.consent.caught_up(now) {
            Ok(n_partitions) => {
                check(
                    "consent".to_owned(),
                    true,
                    format!("caught up in {n_partitions} partitions"),
                );
            }
            Err(why) => check("consent".to_owned(), false, format!("not caught up: {why}")),
        }
        for (number, lane) in state.lanes.iter().enumerate() {
            let is_member = lane.membership == Membership::Member;
            let (standing, n_partitions) = (lane.membership.as_str(), lane.partitions.len());
            check(
                format!("lane {number}"),
                is_member,
                format!("{standing}, {n_partitions} partitions"),
            );
        }
        for (holder, text) in state.holds.describe(self.metrics.topics(), now) {
            check(holder.to_string(), false, text);
        }
        drop(state);

        let failing = checks.iter().filter(|check| !check.is_ok);
        let reasons: Vec<String> =
            failing.map(|check| format!("{}: {}", check.name, check.detail)).collect();
        Readiness { ready: reasons.is_empty(), reasons, checks }
    }

    /// The threads that do not move, one line each; none means the process is alive.
    #[must_use]
    pub fn stuck(&self) -> Vec<String> {
        let stuck = self.hearts.stuck(Instant::now()).into_iter();
        stuck.map(|(name, silence)| format!("{name}: silent for {} s", silence.as_secs())).collect()
    }

    /// Writes the gauges that describe positions; called before `/metrics` is written.
    pub fn publish(&self) {
        let metrics = &self.metrics;
        let state = lock(&self.state);
        for (partition, next_offset) in state.consent.next_offsets().enumerate() {
            metrics.set_applied_offset(partition, next_offset);
        }
        metrics.restore_remaining.set(state.consent.restore_remaining());
        let (now_ms, now) = (now_ms(), Instant::now());
        // under the lock: two publications at a time must not leave an older one's series behind
        metrics.set_lags(Topic::ConsentChange, &state.consent.lags(now_ms, now));
        for topic in 0..metrics.topics().outbound_messages.len() {
            metrics.set_lags(Topic::Outbound(topic), &state.message_lags(topic, now_ms, now));
        }
    }

    /// Where this instance stands, as one value.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        let (now_ms, now) = (now_ms(), Instant::now());
        let readiness = self.ready_at(now);
        let topics = self.metrics.topics();
        let state = lock(&self.state);
        let outbound = topics.outbound_messages.iter();
        let lag = |name: &str, topic| Lag::of(name, &state.message_lags(topic, now_ms, now));
        let standing = gather::Standing {
            readiness,
            consent: Lag::of(&topics.consent_change, &state.consent.lags(now_ms, now)),
            restore_remaining: state.consent.restore_remaining(),
            messages: outbound.enumerate().map(|(topic, name)| lag(name, topic)).collect(),
            holds: state.holds.all(topics, now),
            now_ms,
        };
        drop(state);
        gather::snapshot(&self.metrics, standing)
    }

    fn publish_holds(&self, holds: &Holds) {
        for cause in HoldCause::all() {
            let n_held = i64::try_from(holds.n_held(cause)).unwrap_or(i64::MAX);
            self.metrics.held_partitions.of(cause).set(n_held);
        }
    }
}

/// The records that a hold names as nobody's. Lanes wait for the same cause, at partitions of the messages.
fn poisoned(cause: HoldCause, places: impl Iterator<Item = Place>) -> impl Iterator<Item = Place> {
    places.filter(move |place| {
        cause == HoldCause::ConsentPoison && place.topic == Topic::ConsentChange
    })
}

/// The wall clock in Unix milliseconds.
fn now_ms() -> i64 {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(elapsed.as_millis()).unwrap_or(i64::MAX)
}

fn log_release(holder: Holder, cause: HoldCause, hold: &Hold) {
    let held_seconds = hold.lasted(Instant::now()).as_secs();
    tracing::info!(%holder, cause = cause.as_str(), held_seconds, "released");
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;

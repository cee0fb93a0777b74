//! Reads the decision log and the consent changes into the index, round by round: what has been committed since the last
//! one, to its end.
//!
//! Positions are the index's own, written with what was read, so a kill at any moment reads nothing twice and loses nothing.
//! What cannot be read is noted and never ends it; brokers that are away are asked again.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use gate_codec::DecodeError;
use gate_core::{ConsentChange, Receipt, SubjectKey, Subjects};
use gate_engine::{Keys as _, understand};
use gate_index::{Applied, IndexError, Log, Place, Prefix, Writer};
use gate_log::DecisionBatch;
use rdkafka::Offset;

use super::Desk;
use super::progress::Reach;
use crate::clock::now;
use crate::decisions::scan_failure;
use crate::exit::{ExitCode, Failure, OrFail as _};
use crate::kafka::native::Record;
use crate::kafka::observer::Observer;
use crate::kafka::scan::{First, Patience, Positions, ScanError};
use crate::records::{ConsentRecords, origin_of};
use crate::shutdown::Shutdown;

/// Longest wait for an answer of the brokers.
const ANSWER_MAX: Duration = Duration::from_secs(15);
/// Longest silence while something is to be read: a transaction may be open so long.
const SILENCE_MAX: Duration = Duration::from_secs(60);
/// Pause when nothing is new.
const PAUSE: Duration = Duration::from_millis(500);
/// Pause after brokers or disk have refused.
const RETRY: Duration = Duration::from_secs(3);
/// After which the wish to stop is looked at.
const NAP: Duration = Duration::from_millis(100);
/// How often older entries than are kept are removed.
const EXPIRY_INTERVAL: Duration = Duration::from_secs(3_600);
/// How often readers are told how far it is while much is read.
const TOLD_INTERVAL: Duration = Duration::from_secs(1);

/// Starts the thread that reads.
///
/// # Errors
/// The codec cannot be made, or there is no thread.
pub(super) fn start(
    desk: &Arc<Desk>,
    writer: Writer,
    shutdown: &Shutdown,
) -> Result<Vec<JoinHandle<()>>, Failure> {
    let follower = Follower {
        desk: Arc::clone(desk),
        observer: Observer::of(&desk.config),
        records: crate::service::consent_records(&desk.config)?,
        writer,
        shutdown: shutdown.clone(),
        ends: BTreeMap::new(),
        newest_ms: BTreeMap::new(),
        was_whole: BTreeMap::new(),
        read_at: BTreeMap::new(),
        began: Instant::now(),
        told: Instant::now(),
    };
    let thread = std::thread::Builder::new().name("follower".to_owned());
    let thread = thread.spawn(move || follower.run()).or_fail(ExitCode::Internal)?;
    Ok(vec![thread])
}

struct Follower {
    desk: Arc<Desk>,
    observer: Observer,
    records: ConsentRecords,
    writer: Writer,
    shutdown: Shutdown,
    /// Where each partition began and ended when the round began.
    ends: BTreeMap<(Log, i32), (i64, i64)>,
    /// Time of the newest record read.
    newest_ms: BTreeMap<Log, i64>,
    was_whole: BTreeMap<Log, bool>,
    /// When each was last read to its end; before that, when this began.
    read_at: BTreeMap<Log, Instant>,
    began: Instant,
    told: Instant,
}

/// Why a round ended before its end.
enum Stop {
    Scan(ScanError),
    Index(IndexError),
    Failed(Failure),
    Asked,
}

impl From<ScanError> for Stop {
    fn from(error: ScanError) -> Self {
        Self::Scan(error)
    }
}

impl From<IndexError> for Stop {
    fn from(error: IndexError) -> Self {
        Self::Index(error)
    }
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

const LOGS: [Log; 2] = [Log::Consent, Log::Decisions];

impl Follower {
    fn run(mut self) {
        let mut expired: Option<Instant> = None;
        while !self.shutdown.is_requested() {
            // before the first round: what is older than is kept is then not taken in at all
            if expired.is_none_or(|at| at.elapsed() >= EXPIRY_INTERVAL) {
                expired = Some(Instant::now());
                if let Err(error) = self.writer.expire(now()) {
                    tracing::error!(%error, "old entries of the index cannot be removed");
                }
            }
            let pause = match self.round() {
                Ok(()) => PAUSE,
                Err(Stop::Asked) => break,
                Err(stop) => {
                    self.trouble(&stop);
                    RETRY
                }
            };
            let until = Instant::now() + pause;
            while Instant::now() < until && !self.shutdown.is_requested() {
                std::thread::sleep(NAP);
            }
        }
        if let Err(error) = self.writer.flush() {
            tracing::error!(%error, "the index cannot be flushed");
        }
    }

    fn topic(&self, log: Log) -> String {
        match log {
            Log::Decisions => self.desk.config.topics.outputs.decision_log.clone(),
            Log::Consent => self.desk.config.topics.consent_change.clone(),
        }
    }

    /// Reads what is new to its present end: consent first, so that a decision's evidence is found when the decision is.
    fn round(&mut self) -> Result<(), Stop> {
        for log in LOGS {
            let from = self.due(log)?;
            if !from.is_empty() {
                self.read_through(log, &from)?;
            }
            self.was_whole.insert(log, true);
            self.read_at.insert(log, Instant::now());
            self.tell(log, None);
        }
        Ok(())
    }

    /// Where each partition with something new goes on.
    fn due(&mut self, log: Log) -> Result<Positions, Stop> {
        let topic = self.topic(log);
        let doing = format!("looking at topic `{topic}`");
        let facts = self.observer.facts(&topic, ANSWER_MAX, &doing).map_err(Failure::from)?;
        let partitions: Vec<i32> = (0..facts.n_partitions).collect();
        let edges = |place| {
            let found = self.observer.edges(&topic, &partitions, place, ANSWER_MAX, &doing);
            found.map_err(Failure::from)
        };
        let (begins, ends) = (edges(Offset::Beginning)?, edges(Offset::End)?);
        let mut from = Positions::new();
        for (partition, end) in ends {
            let begin = begins.get(&partition).copied().unwrap_or(0);
            self.ends.insert((log, partition), (begin, end));
            let next = self.writer.position(log, partition);
            if next < begin {
                // before the first record was read nothing is missing that was ever promised
                let applied = if next > 0 {
                    Applied::Lost { log, partition, to: begin }
                } else {
                    Applied::Position { log, partition, next: begin }
                };
                self.writer.apply(&[applied])?;
            }
            let next = next.max(begin);
            if next < end {
                from.insert((topic.clone(), partition), next);
            }
        }
        Ok(from)
    }

    /// Reads on, behind batches that cannot be unpacked as well: those are noted, and looked behind once each.
    fn read_through(&mut self, log: Log, from: &Positions) -> Result<(), Stop> {
        let (partition, begin) = match self.read(log, from) {
            Err(Stop::Scan(ScanError::UnreadableBatch { partition, offset, .. })) => {
                (partition, offset.max(self.writer.position(log, partition)))
            }
            done => return done,
        };
        let next = self.behind(log, partition, begin)?;
        tracing::warn!(
            topic = self.topic(log),
            partition,
            from = begin,
            to = next,
            "a batch cannot be unpacked, and what stands in it is not in the index; the runbook UnreadableBatch says what to do"
        );
        let place = Place { partition, offset: begin };
        let class = "unreadable_batch";
        let noted = Applied::Unreadable { log, place, class };
        Ok(self.writer.apply(&[noted, Applied::Position { log, partition, next }])?)
    }

    /// The first offset behind a batch that cannot be unpacked: each offset in it is answered with all of it.
    fn behind(&self, log: Log, partition: i32, begin: i64) -> Result<i64, Stop> {
        let topic = self.topic(log);
        let is_in_it = |at: i64| -> Result<bool, Stop> {
            let first = self.observer.first(&topic, partition, at, ANSWER_MAX)?;
            Ok(matches!(first, First::UnreadableBatch { .. }))
        };
        let end = self.ends.get(&(log, partition)).map_or(begin, |(_, end)| *end);
        let (mut inside, mut step) = (begin, 1);
        let mut outside = loop {
            let at = begin.saturating_add(step).min(end);
            if at >= end || !is_in_it(at)? {
                break at;
            }
            (inside, step) = (at, step.saturating_mul(2));
        };
        while outside - inside > 1 {
            let middle = inside + (outside - inside) / 2;
            if is_in_it(middle)? {
                inside = middle;
            } else {
                outside = middle;
            }
        }
        Ok(outside.max(begin.saturating_add(1)))
    }

    fn read(&mut self, log: Log, from: &Positions) -> Result<(), Stop> {
        let observer = self.observer.clone();
        let patience = Patience::Silence(SILENCE_MAX);
        let read = observer.read(from, &Positions::new(), patience, &mut |record| {
            if self.shutdown.is_requested() {
                return Err(Stop::Asked);
            }
            self.take(log, record)
        })?;
        let moved: Vec<Applied<'_>> = read
            .iter()
            .map(|((_, partition), next)| Applied::Position {
                log,
                partition: *partition,
                next: *next,
            })
            .collect();
        Ok(self.writer.apply(&moved)?)
    }

    fn take(&mut self, log: Log, record: &Record<'_>) -> Result<(), Stop> {
        let place = Place { partition: record.partition, offset: record.offset };
        match log {
            Log::Decisions => match DecisionBatch::decode(record.value.unwrap_or_default()) {
                Ok(batch) => self.writer.apply(&[Applied::Decisions { place, batch: &batch }])?,
                Err(error) => {
                    let class = crate::decisions::decision::Unreadable::of(error).as_str();
                    self.writer.apply(&[Applied::Unreadable { log, place, class }])?;
                }
            },
            Log::Consent => self.change(place, record)?,
        }
        let newest = self.newest_ms.entry(log).or_insert(record.timestamp_ms);
        *newest = record.timestamp_ms.max(*newest);
        if self.told.elapsed() >= TOLD_INTERVAL {
            self.told = Instant::now();
            self.tell(log, None);
        }
        Ok(())
    }

    fn change(&mut self, place: Place, record: &Record<'_>) -> Result<(), Stop> {
        let received_ms = record.timestamp_ms;
        let changes = self.records.read(record.value, origin_of(record));
        let changes = match &changes {
            Ok(changes) => changes.all(),
            Err(DecodeError::Unreadable(why)) => {
                let people = self.suspects(record);
                let class = why.class.as_str();
                let applied =
                    Applied::UnreadableChange { place, received_ms, class, people: &people };
                return Ok(self.writer.apply(&[applied])?);
            }
            Err(error @ DecodeError::Unavailable { .. }) => {
                return Err(Failure::new(ExitCode::TryAgain, error).into());
            }
        };
        // a record that is no change has no place in the index
        let Some(first) = changes.first() else { return Ok(()) };
        let named = changes.iter().map(|it| self.named(&it.change)).collect::<Option<Vec<_>>>();
        let people: Vec<Prefix> = match named {
            Some(keys) => keys.into_iter().flatten().filter_map(Prefix::of).collect(),
            None => self.suspects(record),
        };
        let action = first.change.action.as_str();
        Ok(self.writer.apply(&[Applied::Change { place, received_ms, action, people: &people }])?)
    }

    /// Everybody whom a change names; `None` when one of them is understood by nobody.
    fn named(&self, change: &ConsentChange<'_>) -> Option<Vec<SubjectKey>> {
        let pepper = &self.desk.pepper;
        let understood = understand(pepper, change, Receipt::default()).ok()?;
        let mut keys = of(&understood.subjects);
        let new = change.new_address.as_ref().and_then(|address| change.canonical(address));
        keys.extend(new.map(|address| pepper.address(&address)));
        Some(keys)
    }

    /// Whom a record that nobody can read may be about.
    fn suspects(&self, record: &Record<'_>) -> Vec<Prefix> {
        let origin = origin_of(record);
        let origin = (origin, self.desk.config.consent.key_names_contact);
        let all = |_| Ok::<_, std::convert::Infallible>(true);
        let Ok(found) = self.records.suspects(&self.desk.pepper, record.value, origin, all);
        found.subjects.iter().flat_map(of).filter_map(Prefix::of).collect()
    }

    /// Tells readers how far a topic was read.
    fn tell(&self, log: Log, trouble: Option<String>) {
        let (mut read, mut total) = (0, 0);
        for ((of, partition), (begin, end)) in &self.ends {
            if *of == log {
                read += (self.writer.position(log, *partition) - begin).max(0);
                total += end - begin;
            }
        }
        let was_whole = self.was_whole.get(&log).copied().unwrap_or_default();
        let newest = self.newest_ms.get(&log).copied();
        let age = newest.map(|at| now().as_micros() / 1_000 - at).filter(|_| read < total);
        // for people and an alert
        let behind_s = age.map_or(0.0, |age| age.max(0) as f64 / 1_000.0);
        // nobody knows what is there while the topic cannot be read
        let read_at = self.read_at.get(&log).unwrap_or(&self.began);
        let unread_s = trouble.as_ref().map_or(0.0, |_| read_at.elapsed().as_secs_f64());
        let behind_s = behind_s.max(unread_s);
        self.desk.progress.set(log, Reach { read, total, behind_s, was_whole, trouble });
    }

    fn trouble(&self, stop: &Stop) {
        let why = match stop {
            Stop::Scan(error) => scan_failure(error, "reading for the index").message(),
            Stop::Index(error) => error.to_string(),
            Stop::Failed(failure) => failure.message(),
            Stop::Asked => return,
        };
        tracing::warn!(reason = why, "the index does not go on; trying again");
        LOGS.into_iter().for_each(|log| self.tell(log, Some(why.clone())));
    }
}

fn of(subjects: &Subjects) -> Vec<SubjectKey> {
    [subjects.contact, subjects.address].into_iter().flatten().collect()
}

//! From Kafka into the log, round by round: what has been committed since the last one is read to its end and appended.

use super::leaf::{self, Leaf, Raw};
use super::{LedgerError, Storage};
use crate::config::Config;
use crate::kafka::failure::{Class, KafkaFailure};
use crate::kafka::native::Record;
use crate::kafka::observer::Observer;
use crate::kafka::scan::{Patience, Positions, ScanError};
use crate::metrics::LedgerMetrics;
use crate::outputs::Output;
use crate::shutdown::Shutdown;
use gate_ledger::{Kind, Signed, Writer};
use rdkafka::Offset;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Leaves that wait for a checkpoint, by about one record more: a killed ledger reads them again, and `verify` holds them in memory.
const UNCOVERED_MAX: u64 = 100_000;
/// Longest wait for an answer of the brokers.
const ANSWER_MAX: Duration = Duration::from_secs(15);
/// Longest silence while something is to be read.
const SILENCE_MAX: Duration = Duration::from_secs(30);

/// Whoever follows.
pub(super) struct Follow<'f> {
    observer: Observer,
    topics: [(String, Source); 2],
    writer: Writer<Storage>,
    metrics: &'f LedgerMetrics,
    shutdown: &'f Shutdown,
    /// Something waits for a checkpoint since then.
    waiting_since: Option<Instant>,
    /// What was committed before then has been read.
    read_up_to: Option<Instant>,
    interval: Duration,
    accepts_topics: bool,
}

/// What a topic has in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    Decisions,
    Changes,
}

impl<'f> Follow<'f> {
    pub(super) fn new(
        config: &Config,
        writer: Writer<Storage>,
        metrics: &'f Arc<LedgerMetrics>,
        shutdown: &'f Shutdown,
        accepts_topics: bool,
    ) -> Self {
        let topics = [
            (config.topics.outputs.of(Output::DecisionLog).clone(), Source::Decisions),
            (config.topics.consent_change.clone(), Source::Changes),
        ];
        let follow = Self {
            observer: Observer::of(config),
            topics,
            writer,
            metrics,
            shutdown,
            waiting_since: None,
            read_up_to: None,
            interval: config.ledger.checkpoint_interval,
            accepts_topics,
        };
        follow.publish();
        follow
    }

    /// Reads what is new to its present end.
    ///
    /// # Errors
    /// What ends the process, and what passes: Kafka is away ([`LedgerError::is_passing`]).
    pub(super) fn round(&mut self) -> Result<(), LedgerError> {
        let began = Instant::now();
        let from = self.due()?;
        if !from.is_empty() {
            let observer = self.observer.clone();
            let read = observer.read(
                &from,
                &Positions::new(),
                Patience::Silence(SILENCE_MAX),
                &mut |record| self.take(record),
            )?;
            for ((topic, partition), next) in read {
                self.writer.set_position(&topic, partition, next);
            }
            self.metrics.set_lag(0);
        }
        self.read_up_to = Some(began);
        self.commit_if_due(false)
    }

    /// What was read is covered in time, also while Kafka is away.
    pub(super) fn tick(&mut self) -> Result<(), LedgerError> {
        self.commit_if_due(false)
    }

    /// Commits what is there, at the end.
    pub(super) fn close(&mut self) -> Result<(), LedgerError> {
        self.commit_if_due(true)
    }

    /// Where each partition with something new goes on.
    fn due(&mut self) -> Result<Positions, LedgerError> {
        let mut from = Positions::new();
        let mut lag = 0;
        for (topic, _) in self.topics.clone() {
            let doing = format!("looking at topic `{topic}`");
            let facts = self.observer.facts(&topic, ANSWER_MAX, &doing)?;
            self.check_id(&topic, facts.id)?;
            let partitions: Vec<i32> = (0..facts.n_partitions).collect();
            let edges = |place| self.observer.edges(&topic, &partitions, place, ANSWER_MAX, &doing);
            let (begins, ends) = (edges(Offset::Beginning)?, edges(Offset::End)?);
            for (partition, end) in ends {
                let begin = begins.get(&partition).copied().unwrap_or(0);
                let next = self.next(&topic, partition);
                if next > end {
                    return Err(LedgerError::KafkaCut { topic, partition, end, next });
                }
                let next =
                    if next < begin { self.gap(&topic, partition, next, begin)? } else { next };
                if next < end {
                    lag += end - next;
                    from.insert((topic.clone(), partition), next);
                }
            }
        }
        self.metrics.set_lag(lag);
        Ok(from)
    }

    fn next(&self, topic: &str, partition: i32) -> i64 {
        self.writer.positions().get(&(topic.to_owned(), partition)).copied().unwrap_or(0)
    }

    /// Offsets belong to a topic, not to a name.
    fn check_id(&mut self, topic: &str, id: Option<String>) -> Result<(), LedgerError> {
        let Some(is) = id else { return Ok(()) };
        match self.writer.topics().get(topic) {
            Some(was) if *was != is && !self.accepts_topics => {
                Err(LedgerError::OtherTopic { topic: topic.to_owned(), was: was.clone(), is })
            }
            _ => {
                self.writer.set_topic(topic, &is);
                Ok(())
            }
        }
    }

    /// Retention was faster: that records are missing stands in the log, too.
    fn gap(&mut self, topic: &str, partition: i32, from: i64, to: i64) -> Result<i64, LedgerError> {
        tracing::warn!(
            topic,
            partition,
            from,
            to,
            "records were deleted before the ledger came to them; their place in it says so"
        );
        self.metrics.gap_records.inc_by(u64::try_from(to - from).unwrap_or(0));
        self.append(&leaf::of_gap(topic, partition, from, to))?;
        self.writer.set_position(topic, partition, to);
        Ok(to)
    }

    fn take(&mut self, record: &Record<'_>) -> Result<(), LedgerError> {
        if self.shutdown.is_requested() {
            return Err(LedgerError::Stopped);
        }
        let raw = raw(record);
        match self.topics.iter().find(|(topic, _)| topic == raw.topic) {
            Some((_, Source::Decisions)) => {
                for leaf in leaf::of_decisions(&raw) {
                    if leaf.kind == Kind::Record {
                        self.metrics.unreadable_records.inc();
                        let (partition, offset) = (raw.partition, raw.offset);
                        tracing::warn!(partition, offset, "a record of the decision log is none");
                    }
                    self.append(&leaf)?;
                }
            }
            Some((_, Source::Changes)) => self.append(&leaf::of_record(&raw, Kind::Change))?,
            None => return Ok(()),
        }
        self.writer.set_position(raw.topic, raw.partition, raw.offset.saturating_add(1));
        self.metrics.beat();
        self.commit_if_due(false)
    }

    fn append(&mut self, leaf: &Leaf) -> Result<(), LedgerError> {
        let salt = leaf::salt().ok_or(LedgerError::NoRandomness)?;
        self.waiting_since.get_or_insert_with(Instant::now);
        Ok(self.writer.append(&leaf.entry(&salt), salt)?)
    }

    /// INVARIANT: called between records only, so that a checkpoint covers whole ones.
    fn commit_if_due(&mut self, is_end: bool) -> Result<(), LedgerError> {
        let waits = self.waiting_since.map(|since| since.elapsed());
        let is_due = is_end
            || self.writer.n_uncovered() >= UNCOVERED_MAX
            || waits.is_some_and(|waits| waits >= self.interval);
        if !is_due {
            if self.writer.n_uncovered() == 0 {
                self.covered();
            }
            return Ok(());
        }
        let time = jiff::Timestamp::now().to_string();
        if let Some(Signed { checkpoint, .. }) = self.writer.commit(&time)? {
            // whoever keeps the log of the process keeps a witness with it
            tracing::info!(
                ordinal = checkpoint.ordinal, size = checkpoint.size, root = %checkpoint.root.to_base64(),
                "checkpoint"
            );
            self.metrics.checkpoints.inc();
        }
        self.waiting_since = None;
        self.covered();
        self.publish();
        Ok(())
    }

    fn covered(&self) {
        if let Some(at) = self.read_up_to {
            self.metrics.set_covered(at);
        }
    }

    fn publish(&self) {
        let covered = self.writer.size() - self.writer.n_uncovered();
        self.metrics.set_leaves(covered);
        if let Some(Signed { checkpoint, .. }) = self.writer.last()
            && let Ok(time) = checkpoint.time.parse::<jiff::Timestamp>()
        {
            self.metrics.set_last_checkpoint(time.as_second());
        }
    }
}

/// What the ledger sees of a record.
pub(super) fn raw<'r>(record: &Record<'r>) -> Raw<'r> {
    let Record { topic, partition, offset, timestamp_ms, key, value, .. } = *record;
    Raw { topic, partition, offset, timestamp_ms, key, value }
}

impl LedgerError {
    /// Whether waiting helps: brokers come back. Storage is opened anew by the next start.
    pub(super) fn is_passing(&self) -> bool {
        match self {
            Self::Kafka(KafkaFailure { class, .. }) => *class == Class::TryAgain,
            Self::Scan(ScanError::Kafka(error)) => {
                KafkaFailure::new(error, "reading").class == Class::TryAgain
            }
            Self::Scan(ScanError::Native(error)) => {
                KafkaFailure::from_code(error.code, "reading", None).class == Class::TryAgain
            }
            Self::Scan(
                ScanError::Timeout { .. }
                | ScanError::Stalled { .. }
                | ScanError::OffsetLost { .. }
                | ScanError::UnreadableBatch { .. },
            ) => true,
            _ => false,
        }
    }
}

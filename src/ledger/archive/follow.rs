//! From the decision log into files.

use super::ROWS_MAX;
use super::columns::Rows;
use super::files::{Files, Stretch};
use crate::config::Config;
use crate::kafka::native::Record;
use crate::kafka::observer::Observer;
use crate::kafka::scan::{Patience, Positions};
use crate::ledger::LedgerError;
use crate::metrics::LedgerMetrics;
use crate::outputs::Output;
use crate::shutdown::Shutdown;
use gate_log::DecisionBatch;
use gate_objects::Lease;
use rdkafka::Offset;
use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Longest wait for an answer of the brokers.
const ANSWER_MAX: Duration = Duration::from_secs(15);
/// Longest silence while something is to be read.
const SILENCE_MAX: Duration = Duration::from_secs(30);
/// From the end of a round to the next.
const ROUND_PAUSE: Duration = Duration::from_secs(2);
/// Longest pause behind an error.
const RETRY_MAX: Duration = Duration::from_secs(60);
/// Looks at a wish to stop meanwhile.
const NAP: Duration = Duration::from_millis(50);

/// The file of a partition that is being filled.
struct Open {
    stretch: Stretch,
    rows: Rows,
    since: Instant,
}

/// Whoever writes the files.
pub(in crate::ledger) struct Archive {
    observer: Observer,
    topic: String,
    files: Files,
    interval: Duration,
    metrics: Arc<LedgerMetrics>,
    shutdown: Shutdown,
    /// Next offset of each partition: behind its files, and behind what is in memory.
    next: BTreeMap<i32, i64>,
    open: BTreeMap<i32, Open>,
}

impl Archive {
    /// Goes on behind the files that are there.
    ///
    /// # Errors
    /// The directory cannot be made or read.
    pub(in crate::ledger) fn open(
        config: &Config,
        lease: Option<&Arc<Lease>>,
        metrics: &Arc<LedgerMetrics>,
        shutdown: &Shutdown,
    ) -> Result<Self, LedgerError> {
        let files = Files::to_write(&config.ledger, lease)?;
        let next = files.next().map_err(|source| LedgerError::Io {
            action: "read the archive",
            path: files.name().into(),
            source,
        })?;
        Ok(Self {
            observer: Observer::of(config),
            topic: config.topics.outputs.of(Output::DecisionLog).clone(),
            files,
            interval: config.ledger.parquet_interval,
            metrics: Arc::clone(metrics),
            shutdown: shutdown.clone(),
            next,
            open: BTreeMap::new(),
        })
    }

    /// Writes files until shutdown. What fails is tried again: the ledger itself does not wait for its archive.
    pub(in crate::ledger) fn run(mut self) {
        let mut pause = ROUND_PAUSE;
        while !self.shutdown.is_requested() {
            match self.round() {
                Ok(()) => pause = ROUND_PAUSE,
                Err(LedgerError::Stopped) => break,
                Err(error) => {
                    self.metrics.archive_errors.inc();
                    pause = (pause * 2).min(RETRY_MAX);
                    let seconds = pause.as_secs();
                    tracing::warn!(%error, again_in_seconds = seconds, "the archive of decisions waits");
                }
            }
            let began = Instant::now();
            while began.elapsed() < pause && !self.shutdown.is_requested() {
                std::thread::sleep(NAP);
            }
        }
        // what is not written is read again by the next start
        if let Err(error) = self.close_due(true) {
            tracing::warn!(%error, "decisions in memory are read again by the next start");
        }
    }

    fn round(&mut self) -> Result<(), LedgerError> {
        let doing = format!("looking at topic `{}`", self.topic);
        let facts = self.observer.facts(&self.topic, ANSWER_MAX, &doing)?;
        let partitions: Vec<i32> = (0..facts.n_partitions).collect();
        let edges =
            |place| self.observer.edges(&self.topic, &partitions, place, ANSWER_MAX, &doing);
        let (begins, ends) = (edges(Offset::Beginning)?, edges(Offset::End)?);
        let mut from = Positions::new();
        for (partition, end) in ends {
            let begin = begins.get(&partition).copied().unwrap_or(0);
            let next = self.next.entry(partition).or_insert(begin);
            if *next < begin {
                let topic = &self.topic;
                tracing::warn!(
                    topic,
                    partition,
                    from = *next,
                    to = begin,
                    "records were deleted before they were archived"
                );
                *next = begin;
            }
            if *next < end {
                from.insert((self.topic.clone(), partition), *next);
            }
        }
        if !from.is_empty() {
            let observer = self.observer.clone();
            let patience = Patience::Silence(SILENCE_MAX);
            let ended =
                observer.read(&from, &Positions::new(), patience, &mut |it| self.take(it))?;
            for ((_, partition), next) in ended {
                self.next.insert(partition, next);
            }
        }
        self.close_due(false)
    }

    fn take(&mut self, record: &Record<'_>) -> Result<(), LedgerError> {
        if self.shutdown.is_requested() {
            return Err(LedgerError::Stopped);
        }
        let (partition, offset) = (record.partition, record.offset);
        // what is none stands in the ledger, by its bytes
        let batch = record.value.and_then(|value| DecisionBatch::decode(value).ok());
        if let Some(batch) = batch.filter(|batch| !batch.is_empty()) {
            let day = day(batch.evaluated_at);
            if self.open.get(&partition).is_some_and(|open| open.stretch.day != day) {
                self.close(partition)?;
            }
            let open = self.open.entry(partition).or_insert_with(|| Open {
                stretch: Stretch { day, partition, first: offset, last: offset },
                rows: Rows::default(),
                since: Instant::now(),
            });
            open.stretch.last = offset;
            batch.entries().for_each(|entry| open.rows.add(&entry, offset));
        }
        self.next.insert(partition, offset.saturating_add(1));
        if self.open.values().map(|open| open.rows.len()).sum::<usize>() >= ROWS_MAX {
            let largest = self.open.iter().max_by_key(|(_, open)| open.rows.len());
            if let Some(partition) = largest.map(|(partition, _)| *partition) {
                self.close(partition)?;
            }
        }
        Ok(())
    }

    fn close_due(&mut self, is_end: bool) -> Result<(), LedgerError> {
        let today = day(crate::clock::now().as_micros());
        let is_due = |open: &Open| {
            is_end || open.since.elapsed() >= self.interval || open.stretch.day != today
        };
        let due: Vec<i32> =
            self.open.iter().filter(|(_, open)| is_due(open)).map(|(it, _)| *it).collect();
        for partition in due {
            self.close(partition)?;
        }
        let oldest = self.open.values().map(|open| open.since.elapsed()).max();
        self.metrics.archive_waiting.set(oldest.unwrap_or_default().as_secs_f64());
        Ok(())
    }

    /// Writes the file of a partition; it stays in memory if that fails.
    fn close(&mut self, partition: i32) -> Result<(), LedgerError> {
        let Some(Open { stretch, rows, .. }) = self.open.get(&partition) else { return Ok(()) };
        let write =
            |to: &mut (dyn io::Write + Send)| rows.write(to).map(drop).map_err(io::Error::other);
        self.files.put(stretch, write).map_err(|error| {
            let Stretch { first, last, .. } = stretch;
            LedgerError::Archive(format!(
                "partition {partition}, offsets {first} to {last}: {error}"
            ))
        })?;
        self.metrics.archive_files.inc();
        self.metrics.archive_rows.inc_by(rows.len() as u64);
        self.open.remove(&partition);
        Ok(())
    }
}

/// The day of an instant in UTC.
fn day(micros: i64) -> String {
    jiff::Timestamp::from_microsecond(micros)
        .map_or_else(|_| "0000-00-00".to_owned(), |at| at.strftime("%F").to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_those_of_utc() {
        assert_eq!(day(0), "1970-01-01");
        assert_eq!(day(1_764_547_199_999_999), "2025-11-30");
        assert_eq!(day(1_764_547_200_000_000), "2025-12-01");
    }
}

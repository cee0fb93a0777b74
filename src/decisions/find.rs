//! The decisions about one message, by where the message stands.
//!
//! Records of a partition of the log stand in the order of their messages, topic by topic, so the place is found by binary
//! search: some twenty reads among a million records. Where a record of another topic stands, the next one of this topic is
//! looked for behind it. A transaction that the brokers have committed in part is decided again at once, so what
//! follows is looked at as well, as long as it is about the same message.

use std::time::Duration;

use gate_log::DecisionBatch;
use rdkafka::Offset;

use super::decision::Unreadable;
use super::lack::Lack;
use super::place::MessagePlace;
use super::scan_failure;
use crate::config::Config;
use crate::exit::Failure;
use crate::kafka::native::Record;
use crate::kafka::observer::Observer;
use crate::kafka::scan::{First, Patience, Positions, ScanError};
use crate::records::{KeptRecord, origin_of};

/// Longest wait for one record.
const READ_MAX: Duration = Duration::from_secs(30);
/// Records about one message that are looked at.
const RECORDS_MAX: usize = 8;

/// A record of the log.
pub(crate) struct Found {
    pub(crate) batch: DecisionBatch<'static>,
    pub(crate) offset: i64,
    pub(crate) timestamp_ms: i64,
}

impl Found {
    fn ends(&self) -> (i64, i64) {
        let offsets = || self.batch.entries().map(|entry| entry.offset);
        (offsets().min().unwrap_or(i64::MAX), offsets().max().unwrap_or(i64::MIN))
    }
}

/// Why reading ended early.
enum Stop {
    Scan(ScanError),
    Found,
}

impl From<ScanError> for Stop {
    fn from(error: ScanError) -> Self {
        Self::Scan(error)
    }
}

/// A partition of the log, read here and there.
struct Log<'l> {
    observer: Observer,
    topic: &'l str,
    partition: i32,
    /// The topic of the message.
    source: &'l str,
    /// Where its records may be, and no further.
    end: i64,
    lack: &'l mut Lack,
}

impl Log<'_> {
    /// The first record about the topic at `from` or behind it.
    fn at(&mut self, from: i64) -> Result<Option<Found>, Failure> {
        match self.any_at(from)? {
            Some(found) if found.batch.source_topic != self.source => self.behind(found.offset),
            found => Ok(found),
        }
    }

    /// The same behind a record of another topic: read on, however far that is.
    fn behind(&mut self, offset: i64) -> Result<Option<Found>, Failure> {
        let place = (self.topic.to_owned(), self.partition);
        let from = Positions::from([(place.clone(), offset.saturating_add(1))]);
        let to = Positions::from([(place, self.end)]);
        let mut found = None;
        let read = self.observer.read(&from, &to, Patience::Silence(READ_MAX), &mut |record| {
            match DecisionBatch::decode(record.value.unwrap_or_default()) {
                Ok(batch) if batch.source_topic == self.source => {
                    let (offset, timestamp_ms) = (record.offset, record.timestamp_ms);
                    found = Some(Found { batch, offset, timestamp_ms });
                    Err(Stop::Found)
                }
                Ok(_) => Ok(()),
                Err(error) => {
                    let place = format!("{}/{}/{}", self.topic, self.partition, record.offset);
                    self.lack.unreadable(Unreadable::of(error), place);
                    Ok(())
                }
            }
        });
        match read {
            Ok(_) | Err(Stop::Found) => Ok(found),
            Err(Stop::Scan(error)) => {
                Err(scan_failure(&error, &format!("reading topic `{}`", self.topic)))
            }
        }
    }

    /// The first record at `from` or behind it that can be read.
    fn any_at(&mut self, mut from: i64) -> Result<Option<Found>, Failure> {
        loop {
            let mut found = None;
            let mut take = |record: &Record<'_>| {
                found = Some((
                    DecisionBatch::decode(record.value.unwrap_or_default()),
                    record.offset,
                    record.timestamp_ms,
                ));
            };
            let doing = format!("reading topic `{}`", self.topic);
            let first = self
                .observer
                .first_shown(self.topic, self.partition, from, READ_MAX, &mut take)
                .map_err(|error| scan_failure(&error, &doing))?;
            match (first, found) {
                (First::Record { .. }, Some((Ok(batch), offset, timestamp_ms))) => {
                    return Ok(Some(Found { batch, offset, timestamp_ms }));
                }
                (First::Record { .. }, Some((Err(error), offset, _))) => {
                    let place = format!("{}/{}/{offset}", self.topic, self.partition);
                    self.lack.unreadable(Unreadable::of(error), place);
                    from = offset.saturating_add(1);
                }
                (First::UnreadableBatch { offset }, _) => {
                    let place = format!("{}/{}/{offset}", self.topic, self.partition);
                    self.lack.unreadable(Unreadable::Damaged, place);
                    return Ok(None);
                }
                (First::Record { .. } | First::End | First::Outside, _) => return Ok(None),
            }
        }
    }
}

/// The records of the log that are about the message at this place, oldest first.
///
/// # Errors
/// The log cannot be read now.
pub(crate) fn of_source(
    config: &Config,
    source: &MessagePlace,
    lack: &mut Lack,
) -> Result<Vec<Found>, Failure> {
    let topic = config.topics.outputs.decision_log.as_str();
    let MessagePlace { topic: source, partition, offset: wanted } = source;
    let (partition, wanted) = (*partition, *wanted);
    let observer = Observer::of(config);
    let edge = |place| {
        let doing = format!("asking for the ends of topic `{topic}`");
        let found = observer.edges(topic, &[partition], place, READ_MAX, &doing)?;
        Ok::<_, Failure>(found.get(&partition).copied().unwrap_or(0))
    };
    let (mut low, mut high) = (edge(Offset::Beginning)?, edge(Offset::End)?);
    let mut log = Log { observer: observer.clone(), topic, partition, source, end: high, lack };
    // the first record whose messages do not all stand before the one wanted
    while low < high {
        let middle = low + (high - low) / 2;
        match log.at(middle)? {
            Some(found) if found.ends().1 < wanted => low = found.offset.saturating_add(1),
            Some(_) | None => high = middle,
        }
    }
    let mut founds = Vec::new();
    while founds.len() < RECORDS_MAX {
        let Some(found) = log.at(low)?.filter(|found| found.ends().0 <= wanted) else { break };
        low = found.offset.saturating_add(1);
        if found.batch.entries().any(|entry| entry.offset == wanted) {
            founds.push(found);
        }
    }
    Ok(founds)
}

/// The message at this place; `None` when it is not there any more.
///
/// # Errors
/// The topic cannot be read now.
pub(crate) fn message(
    config: &Config,
    place: &MessagePlace,
) -> Result<Option<KeptRecord>, Failure> {
    let MessagePlace { topic, partition, offset } = place;
    let mut found = None;
    let mut take = |record: &Record<'_>| {
        if record.offset == *offset {
            let origin = origin_of(record);
            found = Some(KeptRecord::of(record.value, origin));
        }
    };
    Observer::of(config)
        .first_shown(topic, *partition, *offset, READ_MAX, &mut take)
        .map_err(|error| scan_failure(&error, &format!("reading topic `{topic}`")))?;
    Ok(found)
}

//! The decisions about one message, by where the message stands.
//!
//! Records of a partition of the log stand in the order of their messages, so the place is found by binary search: some twenty
//! reads among a million records. A transaction that the brokers have committed in part is decided again at once, so what
//! follows is looked at as well, as long as it is about the same message.

use std::time::Duration;

use gate_log::DecisionBatch;
use rdkafka::Offset;

use super::decision::Unreadable;
use super::lack::Lack;
use super::scan_failure;
use crate::config::Config;
use crate::exit::Failure;
use crate::kafka::native::Record;
use crate::kafka::observer::Observer;
use crate::kafka::scan::First;
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

/// A partition of the log, read here and there.
struct Log<'l> {
    observer: Observer,
    topic: &'l str,
    partition: i32,
    lack: &'l mut Lack,
}

impl Log<'_> {
    /// The first record at `from` or behind it that can be read.
    fn at(&mut self, mut from: i64) -> Result<Option<Found>, Failure> {
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

/// The records of the log that are about the message at this offset of `topics.outbound_message`, oldest first.
///
/// # Errors
/// The log cannot be read now.
pub(crate) fn of_source(
    config: &Config,
    partition: i32,
    wanted: i64,
    lack: &mut Lack,
) -> Result<Vec<Found>, Failure> {
    let topic = config.topics.outputs.decision_log.as_str();
    let observer = Observer::of(config);
    let edge = |place| {
        let doing = format!("asking for the ends of topic `{topic}`");
        let found = observer.edges(topic, &[partition], place, READ_MAX, &doing)?;
        Ok::<_, Failure>(found.get(&partition).copied().unwrap_or(0))
    };
    let (mut low, mut high) = (edge(Offset::Beginning)?, edge(Offset::End)?);
    let mut log = Log { observer: observer.clone(), topic, partition, lack };
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

/// The message at this place of `topics.outbound_message`; `None` when it is not there any more.
///
/// # Errors
/// The topic cannot be read now.
pub(crate) fn message(
    config: &Config,
    (partition, offset): (i32, i64),
) -> Result<Option<KeptRecord>, Failure> {
    let topic = &config.topics.outbound_message;
    let mut found = None;
    let mut take = |record: &Record<'_>| {
        if record.offset == offset {
            let origin = origin_of(record);
            found = Some(KeptRecord::of(record.value, origin));
        }
    };
    Observer::of(config)
        .first_shown(topic, partition, offset, READ_MAX, &mut take)
        .map_err(|error| scan_failure(&error, &format!("reading topic `{topic}`")))?;
    Ok(found)
}

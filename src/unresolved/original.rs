//! The records that operators decide about, read where they lie in `topics.consent_change`.
//!
//! A dead letter is a copy, and whoever may write its topic may forge one; what is skipped or corrected is looked at
//! in the original. Nothing is committed, no group is joined.

use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::KafkaError;
use rdkafka::message::{BorrowedMessage, Message as _};
use rdkafka::{Offset, TopicPartitionList};

use super::Place;
use crate::config::Config;
use crate::exit::{ExitCode, Failure};
use crate::kafka::failure::{KafkaFailure, Witness};
use crate::kafka::observer::Observer;
use crate::kafka::scan::First;
use crate::kafka::{is_offset_lost, is_unreadable_code};
use crate::records::KeptRecord;

/// Longest wait for one record.
const READ_MAX: Duration = Duration::from_secs(15);
const STEP: Duration = Duration::from_millis(200);
/// So many records ahead it is quicker to read on than to begin anew.
const NEAR: i64 = 1_000;
const DOING: &str = "reading the consent change";

/// What lies at a place.
pub(crate) enum Original {
    /// A committed record.
    Record(Box<Found>),
    /// None, or none any more.
    Gone,
    /// A batch that cannot be unpacked; the place names all of it.
    Batch,
}

/// A committed record.
pub(crate) struct Found {
    pub(crate) record: KeptRecord,
    /// Its record time.
    pub(crate) timestamp_ms: Option<i64>,
}

impl Found {
    fn of(message: &BorrowedMessage<'_>) -> Self {
        let timestamp_ms = message.timestamp().to_millis();
        Self { record: KeptRecord::of_message(message), timestamp_ms }
    }

    pub(crate) fn key(&self) -> Option<&[u8]> {
        self.record.key.as_deref()
    }

    pub(crate) fn payload(&self) -> Option<&[u8]> {
        self.record.value.as_deref()
    }
}

/// Reads single records; quick when they are asked for in order.
pub(crate) struct Originals {
    consumer: BaseConsumer<Witness>,
    observer: Observer,
    topic: String,
    /// What comes next by itself.
    next: Option<Place>,
}

impl Originals {
    pub(crate) fn new(config: &Config) -> Result<Self, Failure> {
        // as the gate reads, with checksums and within its bounds
        let observer = Observer::of(config);
        let consumer = observer.consumer(DOING)?;
        let topic = config.topics.consent_change.clone();
        Ok(Self { consumer, observer, topic, next: None })
    }

    /// What lies at a place.
    pub(crate) fn read(&mut self, place: Place) -> Result<Original, Failure> {
        let is_near = self.next.is_some_and(|next| {
            next.partition == place.partition
                && (next.offset..next.offset.saturating_add(NEAR)).contains(&place.offset)
        });
        if !is_near {
            self.move_to(place)?;
        }
        let deadline = Instant::now() + READ_MAX;
        while Instant::now() < deadline {
            match self.consumer.poll(STEP) {
                Some(Ok(message)) if message.partition() == place.partition => {
                    let offset = message.offset();
                    self.next = Some(Place { offset: offset.saturating_add(1), ..place });
                    if offset > place.offset {
                        return Ok(Original::Gone);
                    }
                    if offset == place.offset {
                        return Ok(Original::Record(Box::new(Found::of(&message))));
                    }
                }
                Some(Err(KafkaError::PartitionEOF(partition))) if partition == place.partition => {
                    return Ok(self.begin_anew(Original::Gone));
                }
                Some(Err(KafkaError::MessageConsumption(code))) if is_offset_lost(code) => {
                    return Ok(self.begin_anew(Original::Gone));
                }
                // what comes behind it would look as if there were nothing
                Some(Err(KafkaError::MessageConsumption(code))) if is_unreadable_code(code) => {
                    return Ok(self.begin_anew(Original::Batch));
                }
                Some(Ok(_) | Err(_)) | None => {}
            }
        }
        Err(self.consumer.context().failure(DOING).map_or_else(
            || Failure::new(ExitCode::TryAgain, "the broker did not answer in time"),
            Failure::from,
        ))
    }

    /// Whether a batch stands at a place that this configuration cannot unpack: there is no record to look at then.
    pub(crate) fn is_unreadable_batch(&self, place: Place) -> Result<bool, Failure> {
        let Place { partition, offset } = place;
        match self.observer.first(&self.topic, partition, offset, READ_MAX) {
            Ok(First::UnreadableBatch { .. }) => Ok(true),
            Ok(First::Record { .. } | First::End | First::Outside) => Ok(false),
            Err(error) => Err(Failure::new(ExitCode::TryAgain, format!("{DOING}: {error}"))),
        }
    }

    /// Where the consumer stands now is not known.
    fn begin_anew(&mut self, found: Original) -> Original {
        self.next = None;
        found
    }

    fn move_to(&mut self, place: Place) -> Result<(), Failure> {
        let mut assignment = TopicPartitionList::new();
        assignment
            .add_partition_offset(&self.topic, place.partition, Offset::Offset(place.offset))
            .and_then(|()| self.consumer.assign(&assignment))
            .map_err(|error| KafkaFailure::new(&error, DOING))?;
        self.next = Some(place);
        Ok(())
    }
}

//! Unreadable consent changes go to `consent-dead-letter`, each exactly once, however many instances read it
//! and however often state is rebuilt.
//!
//! All instances share one transactional id. Who wants to write fences the others, reads the topic to its
//! committed end, and writes only what is not there yet. While its epoch lives nobody else can have written
//! since, so the known set stays true; a fenced writer starts over. What one batch of the reader puts aside is one
//! transaction: a burst costs one commit, not one for each record.
//!
//! The same topic carries the operators' releases (`consent-gate consent skip`): an audited record with
//! `gate-release` that every instance sees, also after a rebuild.
//!
//! Whoever may write to this topic must not be able to hide a refusal, so
//! - a dead letter counts only with the gate's keyed tag, and for the topic with the id it names (`letter.rs`);
//! - a release counts only behind the genuine dead letter of the same record, in the same partition of this topic. That
//!   order is the broker's and nobody can forge it: a release cannot be laid in wait for a record to come.
//!
//! Dead letters lie in the partition with the number of the record's own, modulo how many there are.

mod letter;

pub use letter::{Origin, is_genuine, is_signed, letter_detail, letter_tag, operator, release_tag};

use crate::headers::{DETAIL, SOURCE, SourceRef, TAG, TOPIC_ID};
use crate::identity::Pepper;
use crate::kafka::native::{
    NativeError, NativeHeaders, Record, TopicIndex, TransactionalProducer, WrittenTopic,
};
use crate::kafka::scan::{Positions, ScanError, positions_since, scan_up_to};
use crate::logging::Limited;
use crate::records::{FORM, PLAIN};
use gate_engine::Owner;
use rdkafka::ClientConfig;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The class of the dead letter of a batch, which has neither key nor value: nobody could unpack them.
pub const UNREADABLE_BATCH: &str = "unreadable_batch";

/// How long one attempt may take.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(20);
/// Dead letters remembered to avoid writing one twice; the topic should hold handfuls.
const KNOWN_MAX: usize = 1_000_000;
/// Dead letters of one transaction.
const STAGED_MAX: usize = 1_000;
/// Bytes of keys and values in one transaction: they are copied until it is committed.
const STAGED_BYTES_MAX: usize = 8 << 20;

/// A dead letter could not be written or read now; try again.
#[derive(Debug, thiserror::Error)]
pub enum DeadLetterError {
    /// The producer.
    #[error("dead letter: {0}")]
    Producer(#[from] NativeError),
    /// The scan.
    #[error("dead letter: {0}")]
    Scan(#[from] ScanError),
    /// Too many to remember.
    #[error(
        "dead letter: the topic holds more than {KNOWN_MAX} records; find out which source writes unreadable changes"
    )]
    TooMany,
    /// The transaction they were in was given up.
    #[error("dead letter: the transaction was given up")]
    GivenUp,
}

/// The place of a consent record: partition and offset.
pub type Place = (i32, i64);

/// Dead letters that were staged and are not written: their records must be read again.
#[derive(Debug)]
pub struct Lost {
    /// The records.
    pub places: Vec<Place>,
    /// Why.
    pub error: DeadLetterError,
}

/// A consent change that is put aside.
#[derive(Clone, Copy)]
pub struct DeadLetter<'r> {
    /// Where it stands in the consent topic.
    pub place: Place,
    /// Its key.
    pub key: Option<&'r [u8]>,
    /// Its value.
    pub value: Option<&'r [u8]>,
    /// Why it cannot be read.
    pub class: &'r str,
    /// The path of the field that is to blame, where one can be named.
    pub field: Option<&'r str>,
    /// Whose it is.
    pub owner: Owner,
    /// Whether a part of what it says is applied.
    pub is_applied: bool,
    /// Whether it says of itself that it is written in a form of ours ([`crate::records::FORM`]).
    pub is_plain: bool,
}

/// Whether a dead letter had to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Staged {
    /// It will be there when [`DeadLetters::commit`] returns.
    New,
    /// It is there already.
    Known,
}

/// What is known about the dead letter of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Known {
    /// This writer wrote it and has not read it back: what lies before it is not known either.
    Written,
    /// It was read in this partition of the dead letter topic.
    Read(i32),
    /// Behind it lies a release, by this operator.
    Released(String),
}

/// Access to the dead-letter topic.
pub struct DeadLetters {
    producer_config: ClientConfig,
    topic: String,
    index: Index,
    producer: Option<TransactionalProducer>,
    scan_config: ClientConfig,
    positions: Option<Positions>,
    /// In the open transaction.
    staged: Vec<Place>,
    staged_bytes: usize,
    /// Committed since [`DeadLetters::take_written`].
    n_written: u64,
}

/// What the topic says about the records of one consent topic.
struct Index {
    consent_topic: String,
    topic_id: String,
    pepper: Arc<Pepper>,
    known: HashMap<Place, Known>,
    warnings: Limited,
}

/// What dead letters are made with.
pub struct DeadLetterParts {
    /// Carries the transactional id shared by all instances.
    pub producer_config: ClientConfig,
    /// Reads the topic.
    pub scan_config: ClientConfig,
    /// The dead letter topic.
    pub topic: String,
    /// The consent topic.
    pub consent_topic: String,
    /// Kafka's id of the consent topic; empty when the brokers tell none.
    pub topic_id: String,
    /// Makes and checks tags.
    pub pepper: Arc<Pepper>,
}

impl DeadLetters {
    /// Nothing is asked or written yet.
    #[must_use]
    pub fn new(parts: DeadLetterParts) -> Self {
        Self {
            producer_config: parts.producer_config,
            topic: parts.topic,
            index: Index {
                consent_topic: parts.consent_topic,
                topic_id: parts.topic_id,
                pepper: parts.pepper,
                known: HashMap::new(),
                warnings: Limited::new(),
            },
            producer: None,
            scan_config: parts.scan_config,
            positions: None,
            staged: Vec::new(),
            staged_bytes: 0,
            n_written: 0,
        }
    }

    /// Puts the record into the open transaction unless it is in the topic already.
    ///
    /// # Errors
    /// When another instance took over meanwhile or the broker does not answer: what was staged before is lost with it,
    /// as [`DeadLetters::commit`] will say; stage it again.
    pub fn stage(&mut self, letter: &DeadLetter<'_>) -> Result<Staged, DeadLetterError> {
        let result = self.try_stage(letter);
        if result.is_err() {
            self.producer = None;
        }
        result
    }

    fn try_stage(&mut self, letter: &DeadLetter<'_>) -> Result<Staged, DeadLetterError> {
        if self.producer.is_none() {
            if !self.staged.is_empty() {
                return Err(DeadLetterError::GivenUp);
            }
            self.open()?;
        }
        if self.index.known.contains_key(&letter.place) {
            return Ok(Staged::Known);
        }
        if self.index.known.len() + self.staged.len() >= KNOWN_MAX {
            return Err(DeadLetterError::TooMany);
        }
        let bytes = letter.key.map_or(0, <[u8]>::len) + letter.value.map_or(0, <[u8]>::len);
        if self.staged.len() >= STAGED_MAX || self.staged_bytes + bytes > STAGED_BYTES_MAX {
            self.try_commit()?;
        }
        let Some(producer) = &self.producer else { return Err(DeadLetterError::GivenUp) };
        if self.staged.is_empty() {
            producer.begin()?;
        }
        let to = self.partition_for(letter.place.0);
        let headers = self.index.headers(letter);
        producer.produce_to(TopicIndex(0), to, letter.key, letter.value, headers)?;
        self.staged.push(letter.place);
        self.staged_bytes += bytes;
        Ok(Staged::New)
    }

    /// Fences other instances and reads what they wrote.
    fn open(&mut self) -> Result<(), DeadLetterError> {
        let producer =
            TransactionalProducer::new(&self.producer_config, &[WrittenTopic::named(&self.topic)])?;
        producer.init_transactions(ATTEMPT_TIMEOUT)?;
        // after the fence, so that nothing of an older writer can follow
        self.refresh()?;
        self.producer = Some(producer);
        Ok(())
    }

    /// The same for every instance, so that a record's letter is found where it is looked for.
    fn partition_for(&self, consent_partition: i32) -> i32 {
        let n_partitions = self.positions.as_ref().map_or(1, Positions::len);
        let n_partitions = i32::try_from(n_partitions).unwrap_or(i32::MAX).max(1);
        consent_partition.rem_euclid(n_partitions)
    }

    /// Commits what is staged.
    ///
    /// # Errors
    /// When what was staged is not written.
    pub fn commit(&mut self) -> Result<(), Lost> {
        self.try_commit().map_err(|error| {
            self.producer = None;
            self.staged_bytes = 0;
            Lost { places: std::mem::take(&mut self.staged), error }
        })
    }

    /// How many were written since the last call.
    pub fn take_written(&mut self) -> u64 {
        std::mem::take(&mut self.n_written)
    }

    fn try_commit(&mut self) -> Result<(), DeadLetterError> {
        if self.staged.is_empty() {
            return Ok(());
        }
        let Some(producer) = &self.producer else { return Err(DeadLetterError::GivenUp) };
        producer.commit(Instant::now() + ATTEMPT_TIMEOUT)?;
        self.n_written += self.staged.len() as u64;
        self.staged_bytes = 0;
        let known = &mut self.index.known;
        known.extend(self.staged.drain(..).map(|place| (place, Known::Written)));
        Ok(())
    }

    /// The operator who released this consent record, if somebody did; reads what is new in the topic.
    ///
    /// # Errors
    /// When the broker does not answer.
    pub fn release_of(&mut self, place: Place) -> Result<Option<&str>, DeadLetterError> {
        if !matches!(self.index.known.get(&place), Some(Known::Released(_))) {
            self.refresh()?;
        }
        Ok(match self.index.known.get(&place) {
            Some(Known::Released(operator)) => Some(operator),
            Some(Known::Written | Known::Read(_)) | None => None,
        })
    }

    fn refresh(&mut self) -> Result<(), ScanError> {
        let from = match self.positions.take() {
            Some(positions) => positions,
            None => positions_since(&self.scan_config, &[&self.topic], None, ATTEMPT_TIMEOUT)?,
        };
        let index = &mut self.index;
        let (config, present) = (&self.scan_config, Positions::new());
        let ends = scan_up_to(config, &from, &present, ATTEMPT_TIMEOUT, &mut |record| {
            index.read(record);
        })?;
        self.positions = Some(ends);
        Ok(())
    }
}

impl Index {
    fn origin(&self, (partition, record_offset): Place) -> Origin<'_> {
        let source = SourceRef { topic: &self.consent_topic, partition, record_offset };
        Origin { source, topic_id: &self.topic_id }
    }

    fn headers(&self, letter: &DeadLetter<'_>) -> NativeHeaders {
        let origin = self.origin(letter.place);
        let detail = letter_detail(letter);
        let tag = letter_tag(&self.pepper, &origin, &detail, letter.key, letter.value);
        let source = origin.source.to_string();
        let mut headers = NativeHeaders::with_capacity(5);
        for (name, value) in
            [(SOURCE, &source), (TOPIC_ID, &self.topic_id), (DETAIL, &detail), (TAG, &tag)]
        {
            headers.push(name.as_bytes(), Some(value.as_bytes()));
        }
        if letter.is_plain {
            headers.push(FORM.as_bytes(), Some(PLAIN.as_bytes()));
        }
        headers
    }

    /// The record of this consent topic that is meant; `None` for those of others.
    fn place(&self, origin: &Origin<'_>) -> Option<Place> {
        let is_ours = origin.source.topic == self.consent_topic && origin.topic_id == self.topic_id;
        is_ours.then_some((origin.source.partition, origin.source.record_offset))
    }

    /// Takes note of a record of the dead letter topic.
    fn read(&mut self, record: &Record<'_>) {
        if let Some(place) = Origin::of_letter(record).and_then(|origin| self.place(&origin)) {
            self.read_letter(place, record);
        }
        if let Some(place) = Origin::of_release(record).and_then(|origin| self.place(&origin)) {
            self.read_release(place, record);
        }
    }

    fn read_letter(&mut self, place: Place, record: &Record<'_>) {
        if is_genuine(&self.pepper, record) {
            self.note_letter(place, record.partition);
        } else if let Some(n_suppressed) =
            self.warnings.admit("dead-letter", i64::from(record.partition))
        {
            tracing::warn!(
                partition = record.partition,
                offset = record.offset,
                n_suppressed,
                "a record in the dead letter topic claims to be a dead letter and was not written by this gate: ignored"
            );
        }
    }

    fn read_release(&mut self, place: Place, record: &Record<'_>) {
        let is_forged = is_signed(&self.pepper, record) == Some(false);
        if !is_forged && self.note_release(place, record.partition, || operator(record)) {
            return;
        }
        if let Some(n_suppressed) = self.warnings.admit("release", i64::from(record.partition)) {
            tracing::warn!(
                partition = record.partition,
                offset = record.offset,
                is_forged,
                n_suppressed,
                "a release in the dead letter topic does not count: it does not stand behind the dead letter of its record"
            );
        }
    }

    fn note_letter(&mut self, place: Place, partition: i32) {
        let known = self.known.entry(place).or_insert(Known::Written);
        if *known == Known::Written {
            *known = Known::Read(partition);
        }
    }

    /// Whether it counts.
    fn note_release(
        &mut self,
        place: Place,
        partition: i32,
        operator: impl FnOnce() -> String,
    ) -> bool {
        match self.known.get_mut(&place) {
            Some(known) if *known == Known::Read(partition) => {
                *known = Known::Released(operator());
                true
            }
            // once more does no harm
            Some(Known::Released(_)) => true,
            Some(Known::Written | Known::Read(_)) | None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index() -> Index {
        Index {
            consent_topic: "consent-change".to_owned(),
            topic_id: "one".to_owned(),
            pepper: Arc::new(Pepper::new(&[7; crate::identity::PEPPER_BYTES])),
            known: HashMap::new(),
            warnings: Limited::new(),
        }
    }

    const PLACE: Place = (3, 17);

    #[test]
    fn a_release_counts_behind_its_dead_letter_in_the_same_partition_only() {
        let release = |index: &mut Index, partition| {
            index.note_release(PLACE, partition, || String::from("casey"))
        };
        let mut index = index();
        assert!(!release(&mut index, 0), "no dead letter yet");
        // written by this instance: what was read so far lies before it
        index.known.insert(PLACE, Known::Written);
        assert!(!release(&mut index, 0), "laid in wait");
        index.note_letter(PLACE, 0);
        assert!(!release(&mut index, 1), "another partition: nobody knows which came first");
        assert!(release(&mut index, 0) && release(&mut index, 0), "a second one does no harm");
        index.note_letter(PLACE, 1);
        assert_eq!(index.known.get(&PLACE), Some(&Known::Released("casey".to_owned())));
    }

    #[test]
    fn what_is_said_about_another_topic_of_the_same_name_is_about_none_of_our_records() {
        let index = index();
        let source = SourceRef { topic: "consent-change", partition: 3, record_offset: 17 };
        let origin = |topic_id| Origin { source, topic_id };
        assert_eq!(index.place(&origin("one")), Some(PLACE));
        assert_eq!(index.place(&origin("two")), None);
        assert_eq!(index.place(&origin("")), None, "written before there were ids");
        let other = SourceRef { topic: "consent", ..source };
        assert_eq!(index.place(&Origin { source: other, topic_id: "one" }), None);
    }
}

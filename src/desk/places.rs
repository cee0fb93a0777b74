//! What stands in Kafka at places that the index names.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use gate_core::{SubjectKey, Timestamp};
use gate_index::{DecisionRow, Index, Person as Whom, Prefix};
use gate_log::DecisionBatch;

use crate::config::Config;
use crate::decisions::place::MessagePlace;
use crate::decisions::scan_failure;
use crate::exit::{ExitCode, Failure};
use crate::explanation::approved::{Approved, Question};
use crate::explanation::consent::{Inputs, Lying, WholeTopic};
use crate::headers::SourceRef;
use crate::kafka::observer::Observer;
use crate::kafka::scan::{PlaceReader, ScanError};
use crate::records::{KeptRecord, origin_of};

/// Longest wait for records at known places.
const READ_MAX: Duration = Duration::from_secs(8);
/// Clients that are kept.
const KEPT_MAX: usize = 4;
/// Changes about one person that are read to decide again.
const CHANGES_MAX: usize = 5_000;
/// Decisions about one address that are looked through for what was approved before.
const DECISIONS_MAX: usize = 10_000;
/// Approvals among them; the gate itself counts no further than a part of these.
const APPROVALS_MAX: usize = 1_000;

/// A record, owned.
#[derive(Clone)]
pub(super) struct Found {
    pub(super) at_ms: i64,
    pub(super) is_dated_by_broker: bool,
    pub(super) record: KeptRecord,
}

/// Clients that are kept for the next question: a new one takes longer to connect than to read.
pub(super) struct Readers {
    observer: Observer,
    kept: Mutex<Vec<PlaceReader>>,
}

impl Readers {
    pub(super) fn of(config: &Config) -> Self {
        Self { observer: Observer::of(config), kept: Mutex::default() }
    }

    /// The records at these places; those that are gone are absent.
    ///
    /// # Errors
    /// They cannot be read now.
    pub(super) fn read(
        &self,
        topic: &str,
        places: &BTreeSet<(i32, i64)>,
    ) -> Result<BTreeMap<(i32, i64), Found>, Failure> {
        let mut found = BTreeMap::new();
        if places.is_empty() {
            return Ok(found);
        }
        let failed = |error: &ScanError| scan_failure(error, &format!("reading topic `{topic}`"));
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut reader = match kept {
            Some(reader) => reader,
            None => self.observer.place_reader().map_err(|error| failed(&error))?,
        };
        let read = reader.show(topic, places, READ_MAX, &mut |record| {
            let one = Found {
                at_ms: record.timestamp_ms,
                is_dated_by_broker: record.is_dated_by_broker,
                record: KeptRecord::of(record.value, origin_of(record)),
            };
            found.insert((record.partition, record.offset), one);
        });
        // one that failed is not trusted with the next question
        read.map_err(|error| failed(&error))?;
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() < KEPT_MAX {
            kept.push(reader);
        }
        Ok(found)
    }
}

/// The consent topic by the index: only what is about the people in question.
pub(super) struct Indexed<'d> {
    pub(super) config: &'d Config,
    pub(super) index: &'d Index,
    pub(super) readers: &'d Readers,
}

impl Indexed<'_> {
    fn places(&self, people: &BTreeSet<SubjectKey>) -> Result<BTreeSet<(i32, i64)>, Failure> {
        let mut places = BTreeSet::new();
        for key in people {
            // whether it is a contact's or an address's shows in the key itself: the other finds nothing
            let whom = Whom { contact: Prefix::of(*key), address: Prefix::of(*key) };
            let mut cursor = None;
            loop {
                let page = self
                    .index
                    .changes_of(&whom, cursor.as_deref(), gate_index::LIMIT_MAX)
                    .map_err(|error| Failure::of(ExitCode::Storage, error))?;
                places.extend(page.items.iter().map(|it| (it.place.partition, it.place.offset)));
                cursor = page.next;
                if places.len() > CHANGES_MAX {
                    let reason =
                        format!("there are more than {CHANGES_MAX} changes about this person");
                    return Err(Failure::new(ExitCode::No, reason));
                }
                if cursor.is_none() {
                    break;
                }
            }
        }
        Ok(places)
    }

    /// Where the log has what was approved before; `None` when the index is not enough.
    fn approvals(&self, question: &Question) -> Result<Option<BTreeSet<(i32, i64)>>, Failure> {
        let kept = Duration::from_secs(self.config.desk.keep_days as u64 * 24 * 3600);
        if question.since < crate::clock::now().saturating_sub(kept) {
            return Ok(None);
        }
        let is_earlier = |row: &DecisionRow| {
            let source = &row.source;
            let (topic, partition, record_offset) =
                (&*source.topic, source.partition, source.offset);
            let source = SourceRef { topic, partition, record_offset };
            row.outcome() == "approved" && question.is_behind(&source, row.place.offset)
        };
        let (mut places, mut n_seen) = (BTreeSet::new(), 0usize);
        for key in &question.recipient {
            let whom = Whom { contact: None, address: Prefix::of(*key) };
            let mut cursor = None;
            loop {
                let page = self
                    .index
                    .of_person(&whom, cursor.as_deref(), gate_index::LIMIT_MAX)
                    .map_err(|error| Failure::of(ExitCode::Storage, error))?;
                n_seen += page.items.len();
                let of_window = |row: &&DecisionRow| row.evaluated_at >= question.since;
                let n_of_window = page.items.iter().filter(of_window).count();
                let rows = page.items.iter().filter(of_window).filter(|row| is_earlier(row));
                places.extend(rows.map(|row| (row.place.partition, row.place.offset)));
                cursor = page.next;
                if n_seen > DECISIONS_MAX || places.len() > APPROVALS_MAX {
                    return Ok(None);
                }
                if cursor.is_none() || n_of_window < page.items.len() {
                    break;
                }
            }
        }
        Ok(Some(places))
    }
}

impl Inputs for Indexed<'_> {
    fn message(&self, place: &MessagePlace) -> Result<Option<KeptRecord>, Failure> {
        let at = (place.partition, place.offset);
        let mut found = self.readers.read(&place.topic, &BTreeSet::from([at]))?;
        Ok(found.remove(&at).map(|found| found.record))
    }

    fn show(
        &self,
        people: &BTreeSet<SubjectKey>,
        positions: &BTreeMap<i32, i64>,
        take: &mut dyn FnMut(&Lying<'_>),
    ) -> Result<(), Failure> {
        let was_known = |(partition, offset): &(i32, i64)| {
            positions.get(partition).is_some_and(|next| offset < next)
        };
        let places = self.places(people)?.into_iter().filter(was_known).collect();
        let found = self.readers.read(&self.config.topics.consent_change, &places)?;
        if found.values().any(|record| !record.is_dated_by_broker) {
            // how far such a partition's times had come stands in the records between
            return WholeTopic(self.config).show(people, positions, take);
        }
        for (place, found) in &found {
            let at = Timestamp::from_millis(found.at_ms);
            let is_dated_by_broker = found.is_dated_by_broker;
            found.record.read(|value, origin| {
                take(&Lying { place: *place, at, log: at, is_dated_by_broker, value, origin });
            });
        }
        Ok(())
    }

    fn approved(&self, questions: &[Question]) -> Result<Vec<Option<Vec<Approved>>>, Failure> {
        let topic = &self.config.topics.outputs.decision_log;
        let mut answers = Vec::with_capacity(questions.len());
        for question in questions {
            let Some(places) = self.approvals(question)? else {
                answers.extend(WholeTopic(self.config).approved(std::slice::from_ref(question))?);
                continue;
            };
            let found = self.readers.read(topic, &places)?;
            let is_whole = found.len() == places.len();
            let mut approved = Vec::new();
            for ((_, at), found) in &found {
                let Some(value) = found.record.value.as_deref() else { continue };
                // what the index has read can be read again
                let Ok(batch) = DecisionBatch::decode(value) else { continue };
                let entries = batch.entries().filter(|entry| question.is_answered_by(entry, *at));
                approved.extend(entries.map(|entry| Approved::of(&entry, *at)));
            }
            answers.push(is_whole.then_some(approved));
        }
        Ok(answers)
    }
}

//! What whoever recomputes decisions reads: the two input topics, and the decisions before.

use std::collections::{BTreeMap, BTreeSet};

use gate_core::{SubjectKey, Timestamp};
use gate_log::DecisionBatch;

use super::approved::{Approved, Question};
use crate::config::Config;
use crate::decisions::find;
use crate::decisions::place::MessagePlace;
use crate::decisions::stretch::{self, Marks};
use crate::decisions::window::Window;
use crate::exit::Failure;
use crate::records::{KeptRecord, Origin, origin_of};

/// A record as it lies there.
pub(crate) struct Lying<'r> {
    /// Partition and offset.
    pub(crate) place: (i32, i64),
    /// Its record time.
    pub(crate) at: Timestamp,
    /// How far the times of its partition had come, its own included.
    pub(crate) log: Timestamp,
    /// Whether a broker has dated it.
    pub(crate) is_dated_by_broker: bool,
    pub(crate) value: Option<&'r [u8]>,
    /// What it came with.
    pub(crate) origin: Origin<'r>,
}

/// Shows records, each partition in its order.
pub(crate) trait Inputs {
    /// The message at this place; `None` when it is not there any more.
    ///
    /// # Errors
    /// It cannot be read now.
    fn message(&self, place: &MessagePlace) -> Result<Option<KeptRecord>, Failure>;

    /// Every record before these positions that may be about one of these people, and maybe others.
    ///
    /// # Errors
    /// It cannot be read now.
    fn show(
        &self,
        people: &BTreeSet<SubjectKey>,
        positions: &BTreeMap<i32, i64>,
        take: &mut dyn FnMut(&Lying<'_>),
    ) -> Result<(), Failure>;

    /// What was approved before for each of these recipients; `None` when the log does not reach back that far.
    ///
    /// # Errors
    /// It cannot be read now.
    fn approved(&self, questions: &[Question]) -> Result<Vec<Option<Vec<Approved>>>, Failure>;
}

/// All of the topic, for whoever has no index.
pub(crate) struct WholeTopic<'c>(pub(crate) &'c Config);

impl Inputs for WholeTopic<'_> {
    fn message(&self, place: &MessagePlace) -> Result<Option<KeptRecord>, Failure> {
        find::message(self.0, place)
    }

    fn show(
        &self,
        _people: &BTreeSet<SubjectKey>,
        positions: &BTreeMap<i32, i64>,
        take: &mut dyn FnMut(&Lying<'_>),
    ) -> Result<(), Failure> {
        let topic = &self.0.topics.consent_change;
        let all = Window::new(jiff::Timestamp::UNIX_EPOCH, jiff::Timestamp::MAX)?;
        let mut stretch = stretch::stretch(self.0, topic, &all)?;
        for (partition, marks) in &mut stretch {
            let known = positions.get(partition).copied().unwrap_or(0);
            *marks = Marks { from: Some(marks.begin), end: marks.end.min(known), ..*marks };
        }
        let mut received: BTreeMap<i32, Timestamp> = BTreeMap::new();
        stretch::read(self.0, topic, &stretch, &mut |record| {
            let at = Timestamp::from_millis(record.timestamp_ms);
            let log = received.entry(record.partition).or_insert(at);
            *log = at.max(*log);
            take(&Lying {
                place: (record.partition, record.offset),
                at,
                log: *log,
                is_dated_by_broker: record.is_dated_by_broker,
                value: record.value,
                origin: origin_of(record),
            });
            Ok(())
        })
        .map(drop)
    }

    fn approved(&self, questions: &[Question]) -> Result<Vec<Option<Vec<Approved>>>, Failure> {
        let mut answers: Vec<Option<Vec<Approved>>> = vec![Some(Vec::new()); questions.len()];
        let Some(since) = questions.iter().map(|question| question.since).min() else {
            return Ok(answers);
        };
        let topic = &self.0.topics.outputs.decision_log;
        let from = jiff::Timestamp::from_microsecond(since.as_micros());
        let from = from.unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        let mut stretch =
            stretch::stretch(self.0, topic, &Window::new(from, jiff::Timestamp::MAX)?)?;
        // a partition of the log holds the decisions of the partition of that number
        stretch.retain(|partition, _| questions.iter().any(|it| it.before.partition == *partition));
        for (question, answer) in questions.iter().zip(&mut answers) {
            if stretch.get(&question.before.partition).is_none_or(Marks::is_cut_off) {
                *answer = None;
            }
        }
        stretch::read(self.0, topic, &stretch, &mut |record| {
            // what cannot be read is said by whoever looks for decisions
            let Ok(batch) = DecisionBatch::decode(record.value.unwrap_or_default()) else {
                return Ok(());
            };
            for (question, answer) in questions.iter().zip(&mut answers) {
                if let Some(answer) = answer {
                    let at = record.offset;
                    let found = batch.entries();
                    let found = found.filter(|entry| question.is_answered_by(entry, at));
                    answer.extend(found.map(|entry| Approved::of(&entry, at)));
                }
            }
            Ok(())
        })
        .map(|_| answers)
    }
}

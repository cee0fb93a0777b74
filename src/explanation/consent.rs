//! The two input topics as whoever recomputes decisions reads them.

use std::collections::{BTreeMap, BTreeSet};

use gate_core::{SubjectKey, Timestamp};

use crate::config::Config;
use crate::decisions::find;
use crate::decisions::stretch::{self, Marks};
use crate::decisions::window::Window;
use crate::exit::Failure;

/// A record as it lies there.
#[derive(Clone, Copy)]
pub(crate) struct Lying<'r> {
    /// Partition and offset.
    pub(crate) place: (i32, i64),
    /// Its record time.
    pub(crate) at: Timestamp,
    /// How far the times of its partition had come, its own included.
    pub(crate) log: Timestamp,
    /// Whether a broker has dated it.
    pub(crate) is_dated_by_broker: bool,
    pub(crate) key: Option<&'r [u8]>,
    pub(crate) value: Option<&'r [u8]>,
}

/// Shows records, each partition in its order.
pub(crate) trait Inputs {
    /// The value of the message at this place; the outer `None` when it is not there any more.
    ///
    /// # Errors
    /// It cannot be read now.
    fn message(&self, place: (i32, i64)) -> Result<Option<Option<Vec<u8>>>, Failure>;

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
}

/// All of the topic, for whoever has no index.
pub(crate) struct WholeTopic<'c>(pub(crate) &'c Config);

impl Inputs for WholeTopic<'_> {
    fn message(&self, place: (i32, i64)) -> Result<Option<Option<Vec<u8>>>, Failure> {
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
                key: record.key,
                value: record.value,
            });
            Ok(())
        })
        .map(drop)
    }
}

//! One look at a window of the decision log, up to its ends as they were at the start.

use std::collections::BTreeMap;

use gate_log::{DecisionBatch, Entry};
use indicatif::ProgressBar;

use super::decision::Unreadable;
use super::lack::Lack;
use super::stretch::{self, Stretch};
use super::window::Window;
use crate::config::Config;
use crate::exit::Failure;
use crate::kafka::native::Record;

/// Records between two signs of life; each holds many decisions.
const SIGN_OF_LIFE: u64 = 1_000;

/// What is looked at.
pub(crate) struct Survey<'s> {
    pub(crate) config: &'s Config,
    pub(crate) window: Window,
    /// Says how far it is.
    pub(crate) spinner: &'s ProgressBar,
}

/// An entry, and where it stands.
#[derive(Clone, Copy)]
pub(crate) struct Logged<'r> {
    pub(crate) entry: Entry<'r>,
    /// Record time.
    pub(crate) timestamp_ms: i64,
    pub(crate) topic: &'r str,
    pub(crate) partition: i32,
    pub(crate) offset: i64,
}

impl Logged<'_> {
    /// The record of the log: `consent-gate-decisions/3/17`.
    pub(crate) fn place(&self) -> String {
        place(self.topic, self.partition, self.offset)
    }
}

fn place(topic: &str, partition: i32, offset: i64) -> String {
    format!("{topic}/{partition}/{offset}")
}

/// What is visited.
pub(crate) enum Seen<'r> {
    Entry(Logged<'r>),
    /// A record that cannot be read, which is noted already; the class, and its place.
    Unreadable(Unreadable, String),
}

/// Visits the entries of a record; one that cannot be read is noted.
pub(crate) fn entries(
    record: &Record<'_>,
    lack: &mut Lack,
    visit: &mut dyn FnMut(&Seen<'_>, &mut Lack) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let Record { topic, partition, offset, timestamp_ms, .. } = *record;
    let batch = match DecisionBatch::decode(record.value.unwrap_or_default()) {
        Ok(batch) => batch,
        Err(error) => {
            let (class, place) = (Unreadable::of(error), place(topic, partition, offset));
            lack.unreadable(class, place.clone());
            return visit(&Seen::Unreadable(class, place), lack);
        }
    };
    for entry in batch.entries() {
        visit(&Seen::Entry(Logged { entry, timestamp_ms, topic, partition, offset }), lack)?;
    }
    Ok(())
}

impl Survey<'_> {
    /// Visits every entry of the window; what is not there any more is noted.
    pub(crate) fn visit(
        &self,
        lack: &mut Lack,
        visit: &mut dyn FnMut(&Seen<'_>, &mut Lack) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let topic = &self.config.topics.outputs.decision_log;
        let stretch: Stretch = stretch::stretch(self.config, topic, &self.window)?;
        // markers of transactions take offsets as well
        let n_about = stretch::n_offsets(&stretch);
        let mut n_read = 0u64;
        let mut oldest: BTreeMap<i32, i64> = BTreeMap::new();
        stretch::read(self.config, topic, &stretch, &mut |record| {
            n_read += 1;
            if n_read.is_multiple_of(SIGN_OF_LIFE) {
                let progress = format!("reading decisions: {n_read} records of at most {n_about}");
                self.spinner.set_message(progress);
            }
            oldest.entry(record.partition).or_insert(record.timestamp_ms);
            if !self.window.contains(record.timestamp_ms) {
                return Ok(());
            }
            entries(record, lack, visit)
        })?;
        for (partition, _) in stretch.iter().filter(|(_, marks)| marks.is_cut_off()) {
            lack.cut_off(topic, *partition, oldest.get(partition).copied());
        }
        Ok(())
    }
}

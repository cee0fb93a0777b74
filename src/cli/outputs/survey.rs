//! One look at a window of the outputs, topic after topic, up to their ends as they were at the start.

use std::collections::BTreeMap;

use indicatif::ProgressBar;

use super::lack::Lack;
use super::stretch::{self, Stretch};
use super::window::Window;
use super::{Failure, Outcome};
use crate::config::Config;
use crate::kafka::native::Record;

/// Records between two signs of life.
const SIGN_OF_LIFE: u64 = 10_000;

/// What is looked at.
pub(in crate::cli) struct Survey<'s> {
    pub(in crate::cli) config: &'s Config,
    pub(in crate::cli) outcomes: &'s [Outcome],
    pub(in crate::cli) window: Window,
    /// Says how far it is.
    pub(in crate::cli) spinner: &'s ProgressBar,
}

impl Survey<'_> {
    /// Visits every committed record of the window; what is not there any more is noted.
    pub(in crate::cli) fn visit(
        &self,
        lack: &mut Lack,
        visit: &mut dyn FnMut(Outcome, &Record<'_>, &mut Lack) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let mut stretches: Vec<(Outcome, Stretch)> = Vec::new();
        // all ends are those of the start
        for outcome in self.outcomes {
            let topic = outcome.topic(&self.config.topics);
            stretches.push((*outcome, stretch::stretch(self.config, topic, &self.window)?));
        }
        // markers of transactions take offsets as well
        let n_about: u64 = stretches.iter().map(|(_, stretch)| stretch::n_offsets(stretch)).sum();
        let mut n_read = 0u64;
        for (outcome, stretch) in &stretches {
            let topic = outcome.topic(&self.config.topics);
            let mut oldest: BTreeMap<i32, i64> = BTreeMap::new();
            stretch::read(self.config, topic, stretch, &mut |record| {
                n_read += 1;
                if n_read.is_multiple_of(SIGN_OF_LIFE) {
                    let progress = format!("reading decisions: {n_read} of at most {n_about}");
                    self.spinner.set_message(progress);
                }
                oldest.entry(record.partition).or_insert(record.timestamp_ms);
                if !self.window.contains(record.timestamp_ms) {
                    return Ok(());
                }
                visit(*outcome, record, lack)
            })?;
            for (partition, _) in stretch.iter().filter(|(_, marks)| marks.is_cut_off()) {
                lack.cut_off(topic, *partition, oldest.get(partition).copied());
            }
        }
        Ok(())
    }
}

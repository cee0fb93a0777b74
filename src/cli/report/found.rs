//! What a report of affected messages found.

use super::Failure;
use super::decision::{Decision, Unreadable};
use super::lines::{Lines, line};
use super::question::Question;
use super::tally::{Cell, Names, Recipients, Tally};
use crate::decisions::lack::Lack;
use crate::decisions::survey::Seen;
use gate_core::{Channel, Reason};
use serde_json::{Value, json};

/// What was found. Of bounded size.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) tally: Tally,
    pub(super) recipients: Recipients,
    /// Packs of the decisions that are meant.
    pub(super) packs: Names,
    /// Of all decisions in the window, to tell a typing error from an answer.
    pub(super) met: Met,
    pub(super) n_probe: u64,
    /// All unreadable records are in the file, a few places here.
    pub(super) lack: Lack,
    pub(super) n_without_recipient: u64,
}

#[derive(Debug, Default)]
pub(super) struct Met {
    pub(super) rules: Names,
    pub(super) packs: Names,
    pub(super) n: u64,
}

impl Found {
    /// Counts an entry of the window, and writes its line if it is meant.
    pub(super) fn take(
        &mut self,
        question: &Question,
        seen: &Seen<'_>,
        lack: &mut Lack,
        lines: Option<&mut Lines>,
    ) -> Result<(), Failure> {
        // made only for a file
        let write = |line: &dyn Fn() -> Value| lines.map_or(Ok(()), |lines| lines.write(&line()));
        let unreadable =
            |class: &Unreadable, place: &str| json!({"unreadable": class.as_str(), "log": place});
        let logged = match seen {
            Seen::Entry(logged) => logged,
            Seen::Unreadable(class, place) => return write(&|| unreadable(class, place)),
        };
        let decision = match Decision::of(&logged.entry) {
            Ok(decision) => decision,
            Err(class) => {
                lack.unreadable(class, logged.place());
                return write(&|| unreadable(&class, &logged.place()));
            }
        };
        if !question.outcomes.contains(&decision.outcome) {
            return Ok(());
        }
        if logged.entry.context.probe {
            self.n_probe += 1;
            return Ok(());
        }
        self.met.add(&decision);
        if !question.filter.is_met_by(&decision) {
            return Ok(());
        }
        self.count(logged.timestamp_ms, &decision);
        write(&|| line(logged.timestamp_ms, &logged.place(), &decision))
    }

    fn count(&mut self, record_ms: i64, decision: &Decision) {
        let at = jiff::Timestamp::from_millisecond(record_ms).unwrap_or_default();
        let cell = Cell {
            day: jiff::tz::TimeZone::UTC.to_datetime(at).date(),
            jurisdiction: None,
            channel: decision.channel.map(Channel::as_str),
            outcome: decision.outcome.as_str(),
        };
        self.tally.count(cell, &decision.jurisdictions);
        self.packs.add(&decision.packs);
        match decision.person() {
            Some(person) => self.recipients.add(person),
            // it was blocked because nobody could read it, and nobody was written to
            None if decision.reason == Reason::InvalidMessage.code() => {}
            None => self.n_without_recipient += 1,
        }
    }
}

impl Met {
    fn add(&mut self, decision: &Decision) {
        self.n += 1;
        self.rules.add(&decision.rules);
        self.packs.add(&decision.packs);
    }
}

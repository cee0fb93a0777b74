//! What a report of affected messages found.

use super::Outcome;
use super::decision::Decision;
use super::lines::{Lines, line};
use super::question::Question;
use super::recipient::{Reader, Recipient};
use super::tally::{Cell, Names, Recipients, Tally};
use super::{ExitCode, Failure};
use crate::cli::outputs::lack::Lack;
use crate::kafka::native::Record;
use gate_core::{Channel, Reason};
use serde_json::json;

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
    /// Counts a record of the window, and writes its line if it is meant.
    pub(super) fn take(
        &mut self,
        question: &Question,
        outcome: Outcome,
        record: &Record<'_>,
        reader: &Reader,
        lack: &mut Lack,
        lines: Option<&mut Lines>,
    ) -> Result<(), Failure> {
        let place = format!("{}/{}/{}", record.topic, record.partition, record.offset);
        let recipient = reader.read(record.value).map_err(|cause| {
            let reason = format!("`{place}`: the schema registry cannot be asked now: {cause}");
            Failure::new(ExitCode::TryAgain, reason)
        })?;
        if recipient == Recipient::Probe {
            self.n_probe += 1;
            return Ok(());
        }
        let decision = match Decision::read(record.header(c"gate-decision"), outcome) {
            Ok(decision) => decision,
            Err(class) => {
                let line = json!({"unreadable": class.as_str(), "output": place});
                lack.unreadable(class, place);
                return lines.map_or(Ok(()), |lines| lines.write(&line));
            }
        };
        self.met.add(&decision);
        if !question.filter.is_met_by(&decision) {
            return Ok(());
        }
        self.count(outcome, record.timestamp_ms, &decision, &recipient);
        let line = || line(outcome, record.timestamp_ms, &place, &decision, &recipient);
        lines.map_or(Ok(()), |lines| lines.write(&line()))
    }

    fn count(
        &mut self,
        outcome: Outcome,
        record_ms: i64,
        decision: &Decision,
        recipient: &Recipient,
    ) {
        let at = jiff::Timestamp::from_millisecond(record_ms).unwrap_or_default();
        let cell = Cell {
            day: jiff::tz::TimeZone::UTC.to_datetime(at).date(),
            jurisdiction: None,
            channel: decision.channel.map(Channel::as_str),
            outcome: outcome.as_str(),
        };
        self.tally.count(cell, &decision.jurisdictions);
        self.packs.add(&decision.packs);
        match recipient {
            Recipient::Known(keys) => {
                keys.person().into_iter().for_each(|key| self.recipients.add(key))
            }
            // it was blocked because nobody could read it, and nobody was written to
            Recipient::Unreadable(_) if decision.reason == Reason::InvalidMessage.code() => {}
            Recipient::Unreadable(_) => self.n_without_recipient += 1,
            Recipient::Probe => {}
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

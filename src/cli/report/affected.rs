//! `consent-gate report affected`: who was written to under a rule that turned out wrong, or inside a breach window.
//!
//! Counts go to standard output, a line for each message with hashed recipients to a file, the duties to notify below. Nothing
//! grows with the number of messages but that file.

use std::path::PathBuf;

use clap::Args;
use gate_core::{Channel, Reason, Timestamp};
use indicatif::ProgressBar;
use serde_json::json;

use super::account::Account;
use super::decision::{Decision, Filter};
use super::duty::Clock;
use super::lines::{Lines, line};
use super::recipient::{Reader, Recipient};
use super::tally::{Cell, Names, Recipients, Tally};
use super::window::Window;
use super::{ConfigFile, ExitCode, Failure, Outcome, instant, output};
use crate::cli::outputs::lack::Lack;
use crate::cli::outputs::survey::Survey;
use crate::config::Config;
use crate::kafka::native::Record;
use crate::policies::PolicySource;
use crate::preflight::preflight;

#[derive(Debug, Args)]
pub(in crate::cli) struct Arguments {
    #[command(flatten)]
    file: ConfigFile,
    /// Beginning of the window, in record time of the outputs
    #[arg(long, value_name = "RFC3339", value_parser = instant)]
    from: jiff::Timestamp,
    /// End of the window, which is not part of it
    #[arg(long, value_name = "RFC3339", value_parser = instant)]
    to: jiff::Timestamp,
    /// Only decisions this rule took part in: PACK/ID, or ID in every pack
    #[arg(long, value_name = "ID")]
    rule: Option<String>,
    /// Only decisions this pack took part in: CODE, or CODE@VERSION
    #[arg(long, value_name = "CODE")]
    pack: Option<String>,
    /// Only decisions with this reason, such as approved.soft_opt_in
    #[arg(long, value_name = "CODE")]
    reason: Option<String>,
    /// Only this channel
    #[arg(long, value_name = "NAME")]
    channel: Option<String>,
    /// Which decisions; several with commas between
    #[arg(long, value_enum, value_delimiter = ',', default_value = "approved")]
    outcome: Vec<Outcome>,
    /// When somebody in the organisation came to know of it: the clock of the duties begins [default: now]
    #[arg(long, value_name = "RFC3339", value_parser = instant)]
    aware_at: Option<jiff::Timestamp>,
    /// Write a line of JSON for each message into a new file: ids and keyed hashes, no address
    #[arg(long, value_name = "FILE")]
    pub(super) out: Option<PathBuf>,
    /// One JSON object
    #[arg(long)]
    pub(super) json: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let question = Question::of(arguments)?;
    let config = arguments.file.load()?;
    let policies = PolicySource::of(&config.policies)
        .load()
        .map_err(|error| Failure::new(ExitCode::Config, error))?;
    let reader = Reader::new(&config, arguments.out.is_some())?;
    let cluster = preflight(&config)?;
    for outcome in &question.outcomes {
        cluster.require(outcome.topic(&config.topics))?;
    }
    let mut lines = arguments.out.as_deref().map(Lines::create).transpose()?;
    let spinner = output::spinner("reading decisions");
    let found = collect(&config, &question, &reader, lines.as_mut(), &spinner)
        .and_then(|found| lines.as_mut().map_or(Ok(()), Lines::finish).map(|()| found));
    spinner.finish_and_clear();
    let found = match found {
        Ok(found) => found,
        Err(failure) => {
            lines.iter().for_each(Lines::remove);
            return Err(failure);
        }
    };
    let account = Account { question: &question, config: &config, found: &found, reader: &reader };
    account.print(arguments, &policies)
}

/// What is asked.
pub(super) struct Question {
    pub(super) window: Window,
    pub(super) filter: Filter,
    pub(super) outcomes: Vec<Outcome>,
    pub(super) clock: Clock,
}

impl Question {
    fn of(arguments: &Arguments) -> Result<Self, Failure> {
        let usage = |reason: String| Err(Failure::new(ExitCode::Usage, reason));
        let mut outcomes = arguments.outcome.clone();
        outcomes.sort_unstable();
        outcomes.dedup();
        if let Some(code) = &arguments.reason {
            let Some(reason) = Reason::ALL.iter().find(|reason| reason.code() == code) else {
                return usage(format!(
                    "there is no reason `{code}`; `consent-gate policy reasons` lists them"
                ));
            };
            let outcome = reason.outcome().as_str();
            if !outcomes.iter().any(|wanted| wanted.as_str() == outcome) {
                return usage(format!(
                    "`{code}` is a reason of other decisions: add --outcome {outcome}"
                ));
            }
        }
        let channel = match arguments.channel.as_deref().map(|name| (name, Channel::parse(name))) {
            None => None,
            Some((_, Some(channel))) => Some(channel),
            Some((name, None)) => {
                let names = Channel::ALL.map(Channel::as_str).join(", ");
                return usage(format!("there is no channel `{name}`; there are {names}"));
            }
        };
        let now = jiff::Timestamp::now();
        let aware_at = arguments.aware_at.unwrap_or(now);
        if aware_at > now {
            return usage(format!("--aware-at {aware_at} is in the future"));
        }
        let instant = |at: jiff::Timestamp| Timestamp::from_micros(at.as_microsecond());
        Ok(Self {
            window: Window::new(arguments.from, arguments.to)?,
            filter: Filter {
                rule: arguments.rule.clone(),
                pack: arguments.pack.clone(),
                reason: arguments.reason.clone(),
                channel,
            },
            outcomes,
            clock: Clock { aware_at: instant(aware_at), now: instant(now) },
        })
    }
}

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

fn collect(
    config: &Config,
    question: &Question,
    reader: &Reader,
    mut lines: Option<&mut Lines>,
    spinner: &ProgressBar,
) -> Result<Found, Failure> {
    let (mut found, mut lack) = (Found::default(), Lack::default());
    let survey = Survey { config, outcomes: &question.outcomes, window: question.window, spinner };
    survey.visit(&mut lack, &mut |outcome, record, lack| {
        found.take(question, outcome, record, reader, lack, lines.as_deref_mut())
    })?;
    found.lack = lack;
    Ok(found)
}

impl Found {
    /// Counts a record of the window, and writes its line if it is meant.
    fn take(
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

//! `consent-gate consent`: the operators' desk for what the gate cannot decide by itself.
//!
//! Consent changes that nobody can read wait in `topics.consent_dead_letter`, texts that may ask to stop in
//! `topics.consent_review`. `show` and `review` say what waits; `correct`, `skip` and `review` write what a person
//! decided: into the consent topic first, then the release, so that a refusal is never lost in between.
//!
//! INVARIANT: what people said is printed only where it is asked for by name (`show --value`, `review`), to the one who
//! typed the command; nothing here logs it.

mod correct;
mod evidence;
mod record;
mod review;
mod show;
mod skip;

use std::time::{Duration, Instant};

use clap::Subcommand;

pub(super) use self::correct::Meaning;
use super::{ExitCode, Failure};
use crate::config::Config;
use crate::kafka::preflight::{ClusterInfo, preflight};
use crate::reader::dead_letter::UNREADABLE_BATCH;
use crate::unresolved::Place;
use crate::unresolved::original::{Original, Originals};
use crate::unresolved::queue::Queue;
use crate::unresolved::reading::Reader;

/// How long the dead letter of a record that cannot be read may take: the gate says where it stands before that is written.
const LETTER_MAX: Duration = Duration::from_secs(15);
const LETTER_PAUSE: Duration = Duration::from_millis(500);

#[derive(Debug, Subcommand)]
pub(super) enum Consent {
    /// List the consent changes the gate cannot read, or look at one of them
    Show(show::Arguments),
    /// Publish a corrected record in place of an unreadable one, then release the gate from that
    Correct(correct::Arguments),
    /// Let the gate go on past unreadable consent changes; recorded in the dead-letter topic
    Skip(skip::Arguments),
    /// Work off the texts that may ask to stop: a person reads them and says what they mean
    Review(review::Arguments),
    /// Print a consent change as an ISO/IEC TS 27560 consent record
    Evidence(evidence::Arguments),
}

pub(super) fn run(command: &Consent) -> Result<(), Failure> {
    match command {
        Consent::Show(arguments) => show::run(arguments),
        Consent::Correct(arguments) => correct::run(arguments),
        Consent::Skip(arguments) => skip::run(arguments),
        Consent::Review(arguments) => review::run(arguments),
        Consent::Evidence(arguments) => evidence::run(arguments),
    }
}

/// What the dead letter topic says is still open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct OpenLetters {
    /// Unreadable consent changes that nobody has released.
    pub(super) n_open: usize,
    /// Those whose owner is not known: nothing is decided for anybody while one is open.
    pub(super) n_holding: usize,
    /// The first of those, as `topic/partition/offset`.
    pub(super) first_holding: Option<String>,
}

/// Reads the dead letter topic.
///
/// # Errors
/// It cannot be read to its end.
pub(super) fn open_letters(config: &Config) -> Result<OpenLetters, Failure> {
    let queue = Queue::read(config, &config.topics.outputs.consent_dead_letter, &mut |_| ())?;
    let holding = || queue.open().filter(|letter| letter.holds_everybody());
    let topic = &config.topics.consent_change;
    let first = holding().next();
    Ok(OpenLetters {
        n_open: queue.open().count(),
        n_holding: holding().count(),
        first_holding: first.map(|letter| {
            let Place { partition, offset } = letter.place;
            format!("{topic}/{partition}/{offset}")
        }),
    })
}

/// What a record of this class is and what to do about it.
fn remedy(class: &str) -> &'static str {
    if class == UNREADABLE_BATCH {
        return "a batch that cannot be unpacked; the runbook UnreadableBatch says what to do";
    }
    gate_codec::remedy(class).unwrap_or("compare the producer with the schema")
}

/// Asks the brokers, and that the consent topic and the queue of the desk are there.
fn cluster(config: &Config, queue_topic: &str) -> Result<ClusterInfo, Failure> {
    let cluster = preflight(config)?;
    cluster.require(&config.topics.consent_change)?;
    cluster.require(queue_topic)?;
    Ok(cluster)
}

/// The dead letters. When one is asked for that has to come, because its record cannot be read, it is waited for.
fn dead_letters(config: &Config, place: Option<Place>) -> Result<Queue<()>, Failure> {
    let topic = &config.topics.outputs.consent_dead_letter;
    cluster(config, topic)?;
    let read = || Queue::read(config, topic, &mut |_| ());
    let queue = read()?;
    let Some(place) = place.filter(|place| queue.get(*place).is_none()) else {
        return Ok(queue);
    };
    let will_come = match Originals::new(config)?.read(place)? {
        Original::Record(record) => Reader::new(config)?.why_unreadable(&record.record)?.is_some(),
        Original::Batch => true,
        Original::Gone => false,
    };
    if !will_come {
        return Ok(queue);
    }
    let began = Instant::now();
    loop {
        std::thread::sleep(LETTER_PAUSE);
        let queue = read()?;
        if queue.get(place).is_some() || began.elapsed() > LETTER_MAX {
            return Ok(queue);
        }
    }
}

/// Only records of the configured consent topic can be decided about; whoever names another one is mistaken.
fn check_topic(config: &Config, named: Option<&str>) -> Result<(), Failure> {
    let topic = &config.topics.consent_change;
    if named.is_none_or(|named| named == topic) {
        return Ok(());
    }
    Err(Failure::new(
        ExitCode::Usage,
        format!("`--topic` must be `{topic}`, the `topics.consent_change` of this configuration"),
    ))
}

/// Names and reasons are kept for auditors.
fn plain_text(text: &str) -> Result<String, String> {
    const CHARS_MAX: usize = 500;
    let text = text.trim();
    match text.chars().count() {
        0 => Err("must not be empty: it is kept for auditors".to_owned()),
        n if n > CHARS_MAX => Err(format!("must have at most {CHARS_MAX} characters")),
        _ if text.chars().any(char::is_control) => Err("must be one line of plain text".to_owned()),
        _ => Ok(text.to_owned()),
    }
}

/// `1 record`, `2 records`.
fn counted(n: usize, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operator_and_reason_are_one_line_of_text() {
        assert_eq!(plain_text(" Ana Ops "), Ok("Ana Ops".to_owned()));
        for wrong in ["", "  ", "a\nb", "a\u{1b}[31m", &"a".repeat(501)] {
            assert!(plain_text(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn places_and_numbers_read_well() {
        assert_eq!(Place { partition: 3, offset: 17 }.of("consent-change"), "consent-change/3/17");
        assert_eq!([counted(1, "record"), counted(2, "record")], ["1 record", "2 records"]);
    }
}

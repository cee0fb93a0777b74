//! From a message to its decisions in the log, and on to the consent changes that were known then.
//!
//! Everything is read where it lies; what is not there any more is said. No address, no contact id and no content is shown.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use gate_core::{Notes, PolicySet, SubjectKey};
use gate_log::Entry;
use indicatif::ProgressBar;
use serde_json::Value;
use std::fmt::Write as _;

use super::explanation;
use crate::cli::{ExitCode, Failure, output};
use crate::config::Config;
use crate::decisions::lack::Lack;
use crate::decisions::place::MessagePlace;
use crate::decisions::recipient::{Reader, Recipient};
use crate::decisions::survey::{Seen, Survey};
use crate::decisions::window::Window;
use crate::decisions::{find, one_line};
use crate::explanation::consent::WholeTopic;
use crate::explanation::events::{Asked, Events, Who};
use crate::explanation::recompute::{Logged, Recomputer};
use crate::headers::SourceRef;
use crate::kafka::observer::Observer;
use crate::kafka::preflight::preflight;
use crate::kafka::scan::First;

/// Decisions that are explained; a message id that is used for everything has more.
const FOUND_MAX: usize = 20;
/// Longest wait for one record.
const READ_MAX: Duration = Duration::from_secs(30);

/// Which decisions are meant.
pub(super) enum Wanted {
    MessageId(String),
    Source(MessagePlace),
    Contact(SubjectKey),
    Address(SubjectKey),
}

impl Wanted {
    pub(super) fn source(text: &str) -> Result<Self, Failure> {
        let source = SourceRef::parse(text).ok_or_else(|| {
            let reason = "--source must be TOPIC/PARTITION/OFFSET, such as outbound-message/3/42";
            Failure::new(ExitCode::Usage, reason)
        })?;
        Ok(Self::Source(MessagePlace::of(&source)))
    }

    fn describe(&self) -> String {
        match self {
            Self::MessageId(id) => format!("message `{}`", one_line(id)),
            Self::Source(place) => format!("`{}`", place.source()),
            Self::Contact(_) => "this contact".to_owned(),
            Self::Address(_) => "this address".to_owned(),
        }
    }
}

/// A decision that was found.
struct Found {
    /// Of the record of the log.
    place: String,
    timestamp_ms: i64,
    decision: Value,
    source: MessagePlace,
    /// Offset of the record of the log.
    logged_at: i64,
    who: Who,
}

pub(super) fn follow(
    config: &Config,
    wanted: &Wanted,
    since: Option<jiff::Timestamp>,
    set: &PolicySet,
) -> Result<(), Failure> {
    let cluster = preflight(config)?;
    cluster.require(&config.topics.outputs.decision_log)?;
    cluster.require(&config.topics.consent_change)?;
    let reader = Reader::comparing(config)?;
    let from = since.unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    let mut lack = Lack::default();
    let spinner = output::spinner("looking for the decision");
    let found = match wanted {
        Wanted::MessageId(id) => {
            let is_it = |entry: &Entry<'_>| entry.message_id == Some(id);
            newest(config, &is_it, from, &spinner, &mut lack)
        }
        Wanted::Contact(key) => {
            newest(config, &|entry| entry.is_of_contact(*key), from, &spinner, &mut lack)
        }
        Wanted::Address(key) => {
            newest(config, &|entry| entry.is_of_address(*key), from, &spinner, &mut lack)
        }
        Wanted::Source(place) => by_source(config, place, from, &mut lack),
    };
    let (founds, n_found) = found?;
    if founds.is_empty() {
        return Err(nothing(config, wanted, from, &lack));
    }
    let asked = founds.iter().map(|found| asked(config, found, &reader));
    let asked = asked.collect::<Result<Vec<Asked>, Failure>>()?;
    let events = Events::read(config, &reader, &asked, &spinner)?;
    spinner.finish_and_clear();
    let logged = |(found, asked)| {
        let (found, asked): (&Found, &Asked) = (found, asked);
        Logged {
            decision: &found.decision,
            source: &found.source,
            logged_at: found.logged_at,
            positions: &asked.positions,
        }
    };
    let logged: Vec<Logged<'_>> = founds.iter().zip(&asked).map(logged).collect();
    let again = Recomputer::new(config)?.recompute(set, &logged, &WholeTopic(config))?;
    for (nth, ((found, asked), again)) in founds.iter().zip(&asked).zip(&again).enumerate() {
        let place = &found.place;
        let at = output::utc(found.timestamp_ms);
        output::print(&format!(
            "{:<22}{place}, written {at}\n{}",
            "logged",
            explanation(&found.decision, set)
        ))?;
        output::print(&events.text(nth, asked))?;
        output::print(&format!("\n{}{}", steps(&again.notes), again.answer.say()))?;
    }
    if n_found > founds.len() {
        output::note(&format!("… and {} older decisions", n_found - founds.len()));
    } else if n_found > 1 && matches!(wanted, Wanted::MessageId(_) | Wanted::Source(_)) {
        output::note(&format!(
            "{n_found} decisions: a message that was sent again is decided again"
        ));
    }
    Ok(())
}

/// What each step looked at when the decision was made again.
fn steps(notes: &Notes) -> String {
    let mut out = String::new();
    for (step, note) in &notes.0 {
        let head = if out.is_empty() { "steps, as recomputed\n" } else { "" };
        // writing to a String cannot fail
        writeln!(out, "{head}  {:>2} {:<21} {}", *step as u8, step.as_str(), one_line(note)).ok();
    }
    out
}

/// The newest entries that are meant, newest first, and how many there are.
fn newest(
    config: &Config,
    is_meant: &dyn Fn(&Entry<'_>) -> bool,
    from: jiff::Timestamp,
    spinner: &ProgressBar,
    lack: &mut Lack,
) -> Result<(Vec<Found>, usize), Failure> {
    let (mut founds, mut n_found) = (VecDeque::new(), 0usize);
    let window = Window::new(from, jiff::Timestamp::MAX)?;
    Survey { config, window, spinner }.visit(lack, &mut |seen, _| {
        if let Seen::Entry(logged) = seen
            && is_meant(&logged.entry)
        {
            n_found += 1;
            let found =
                Found::of(&logged.entry, logged.place(), (logged.offset, logged.timestamp_ms));
            // partitions come one after the other, each in its order
            let at = founds.partition_point(|it: &Found| it.timestamp_ms > found.timestamp_ms);
            founds.insert(at, found);
            founds.truncate(FOUND_MAX);
        }
        Ok(())
    })?;
    Ok((founds.into(), n_found))
}

/// The entries about the message at this place. Of one that was lost in part and written again, the whole one counts.
fn by_source(
    config: &Config,
    wanted: &MessagePlace,
    from: jiff::Timestamp,
    lack: &mut Lack,
) -> Result<(Vec<Found>, usize), Failure> {
    let records = find::of_source(config, wanted, lack)?;
    let log = &config.topics.outputs.decision_log;
    let mut founds = Vec::new();
    let is_since = |record: &&find::Found| record.timestamp_ms >= from.as_millisecond();
    for record in records.iter().filter(is_since) {
        let is_it = |entry: &Entry<'_>| MessagePlace::of(&entry.source()) == *wanted;
        for entry in record.batch.entries().filter(is_it) {
            let place = format!("{log}/{}/{}", wanted.partition, record.offset);
            founds.push(Found::of(&entry, place, (record.offset, record.timestamp_ms)));
        }
    }
    let n_found = founds.len();
    Ok((founds, n_found))
}

impl Found {
    fn of(entry: &Entry<'_>, place: String, (logged_at, timestamp_ms): (i64, i64)) -> Self {
        let key = |prefix: Option<&[u8]>| prefix.map(<[u8]>::to_vec);
        Self {
            place,
            timestamp_ms,
            decision: entry.to_json(),
            source: MessagePlace::of(&entry.source()),
            logged_at,
            who: Who { contact: key(entry.contact), address: key(entry.address) },
        }
    }

    /// Whom the message names, by another pepper than the gate's.
    fn who_by(&self, config: &Config, reader: &Reader) -> Result<Who, Failure> {
        let record = find::message(config, &self.source)?;
        let topic = &self.source.topic;
        let read =
            record.map(|record| record.read(|value, origin| reader.read(topic, value, origin)));
        Ok(match read {
            Some(Ok(Recipient::Known(keys))) => Who::of(&keys),
            Some(Ok(Recipient::Probe | Recipient::Unreadable(_)) | Err(_)) | None => Who::default(),
        })
    }
}

/// What is to be found about a decision's recipient.
fn asked(config: &Config, found: &Found, reader: &Reader) -> Result<Asked, Failure> {
    let text = |name: &str| found.decision.get(name).and_then(Value::as_str);
    let positions = found.decision.get("consent_position").and_then(Value::as_array);
    let positions: BTreeMap<i32, i64> = positions
        .into_iter()
        .flatten()
        .enumerate()
        .filter_map(|(partition, next)| Some((i32::try_from(partition).ok()?, next.as_i64()?)))
        .collect();
    let who = if reader.tells_people_apart() {
        found.who.clone()
    } else {
        found.who_by(config, reader)?
    };
    let class = found.decision.get("detail").and_then(|detail| detail.get("class")?.as_str());
    Ok(Asked {
        who,
        unreadable: class.map(str::to_owned),
        evidence: text("evidence").map(str::to_owned),
        is_of_this_topic: text("consent_topic") == Some(config.topics.consent_change.as_str()),
        positions,
    })
}

/// Why there is no decision to explain, as far as the log tells.
fn nothing(config: &Config, wanted: &Wanted, from: jiff::Timestamp, lack: &Lack) -> Failure {
    let topic = &config.topics.outputs.decision_log;
    let mut reason = format!("there is no decision about {} in `{topic}`", wanted.describe());
    if from > jiff::Timestamp::UNIX_EPOCH {
        reason
            .push_str(&format!(" since {from}; without --since older ones are looked at as well"));
    }
    for missing in lack.say(from) {
        reason.push_str(&format!("\n  {missing}"));
    }
    if let Wanted::Source(MessagePlace { topic, partition, offset }) = wanted {
        let there = match Observer::of(config).first(topic, *partition, *offset, READ_MAX) {
            Ok(First::Record { offset: at }) if at == *offset => {
                "the message is there: it is not decided yet (`consent-gate top` shows what is held), or its decision has been deleted"
                    .to_owned()
            }
            Ok(First::Record { .. } | First::End | First::Outside) => {
                "there is no committed message at that place, or none any more: retention deletes them".to_owned()
            }
            Ok(First::UnreadableBatch { .. }) => "a batch that cannot be unpacked stands there".to_owned(),
            Err(error) => format!("the message itself cannot be looked for: {error}"),
        };
        reason.push_str(&format!("\n  {there}"));
    }
    Failure::new(ExitCode::No, reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_read_or_refused() {
        let Ok(Wanted::Source(place)) = Wanted::source("outbound-message/0/7") else {
            panic!("a place");
        };
        let MessagePlace { topic, partition, offset } = place;
        assert_eq!((topic.as_str(), partition, offset), ("outbound-message", 0, 7));
        let wrong = Wanted::source("outbound-message/0").err().unwrap();
        assert_eq!(wrong.code(), ExitCode::Usage);
    }
}
